# The manual can be made, names every verb, operation and public header, and mandoc has nothing to say about it
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "$*"; exit 1; }
python3 "$SOURCE/docs/man/man.py" "$FAULTLINE" "$SOURCE" "$folder"

for verb in $("$FAULTLINE" completion -- '' | cut -f1); do
    grep -qx ".Ss $verb" "$folder/man1/faultline.1" || fail "faultline(1) lacks $verb"
    for option in $("$FAULTLINE" completion -- "$verb" - | cut -f1); do
        grep -q "^.It \"$(echo "$option" | sed 's/--/.*/')" "$folder/man1/faultline.1" || fail "faultline(1) lacks $option"
    done
done
sed -n 's/^SCN_OPERATION([A-Z_]*, [a-z_]*, "\([a-z-]*\)".*/\1/p' "$SOURCE/sim/core/scn_operations.def" >"$folder/words"
[ "$(wc -l <"$folder/words")" -gt 80 ] || fail "no operations"
while read -r word; do
    grep -q -e "^.It .*\b$word\b" "$folder/man5/faultline-scenario.5" || fail "faultline-scenario(5) lacks $word"
done <"$folder/words"
for header in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$SOURCE/vmmodel/vmmodel.h") faultline/native.h mach/mach.h; do
    page=$folder/man3/faultline-$(basename "$header" .h).3
    grep -qxF ".In $header" "$page" || fail "no page of $header"
done
grep -q 'vmk_return_t vmk_map_wire(vmk_map_t m' "$folder/man3/faultline-vmk.3" || fail "vmk.h lacks a call"

command -v mandoc >/dev/null || exit 77
# mandoc looks for what a page refers to among the installed ones: that they are there, we say ourselves.
mandoc -Tlint "$folder"/man?/* >"$folder/lint" 2>&1 || :
! grep -v 'referenced manual not found: Xr faultline' "$folder/lint" || fail "mandoc complains"
sed -n 's/^\.Xr \(faultline[a-z_-]*\) \([0-9]\).*/man\2\/\1.\2/p' "$folder"/man?/* | sort -u | while read -r page; do
    [ -e "$folder/$page" ] || fail "no $page"
done
echo '.Dd' >"$folder/bad.1"
! mandoc -Tlint "$folder/bad.1" >/dev/null || fail "mandoc complains about nothing"
