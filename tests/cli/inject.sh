# inject.sh - every call of every shipped scenario fails once: nothing leaks, every invariant holds
set -u
cd "$SOURCE" || exit 2
out=$("$FAULTLINE" inject sim/scenarios/*.scn) || { echo "FAILED: $out"; exit 1; }
printf '%s\n' "$out" | awk '
    /^[0-9]+ files: / { sum = $3; print; next }
    / calls failed,/ { files++; calls += $2 }
    / 0 leaks, 0 violations$/ { clean++ }
    END {
        printf "%d scenarios, %d calls failed, %d clean\n", files, calls, clean - 1
        exit files > 40 && files == clean - 1 && calls > 20 * files && sum == calls ? 0 : 1
    }' || exit 1
# Nothing was found, so nothing is written; a path that cannot be one is told before.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$FAULTLINE" inject --save "$folder/found.scn" sim/scenarios/way3_wire_then_access.scn >"$folder/out" || exit 1
[ ! -e "$folder/found.scn" ] || { echo "FAILED: a scenario of nothing was written"; exit 1; }
for kind in allocation frame table pager prepare wire map; do
    case ${out##*files: } in *"$kind "[1-9]*) ;; *) echo "FAILED: no $kind failed"; exit 1 ;; esac
done
