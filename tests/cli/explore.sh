# explore.sh - faultline explore finds what the shipped scenarios hide, and runs a schedule again
set -u
cd "$SOURCE" || exit 2
failed=0

fail() {
    echo "FAILED: $*"
    failed=1
}

has() { # has TEXT PART
    case $1 in *"$2"*) ;; *) fail "'$2' is not in: $1" ;; esac
}

saved=$(mktemp) || exit 2
trap 'rm -f "$saved" "$saved.params"' EXIT
for name in wire_races_with_unmap global_lock_hang fault_in_some_orders_only; do
    file=sim/scenarios/$name.scn
    found=$("$FAULTLINE" explore "$file")
    [ $? = 1 ] || fail "$name: explore should exit with 1"
    id=$(printf '%s\n' "$found" | sed -n 's/.*--schedule \([0-9a-z.]*\) .*/\1/p' | head -1)
    [ -n "$id" ] || fail "$name: no schedule was printed"
    first=$("$FAULTLINE" explore --schedule "$id" "$file")
    [ $? = 1 ] || fail "$name: schedule $id should exit with 1"
    [ "$first" = "$("$FAULTLINE" explore --schedule "$id" "$file")" ] || fail "$name: $id differs"
    [ "$found" = "$("$FAULTLINE" explore "$file")" ] || fail "$name: two searches differ"
    "$FAULTLINE" explore --save "$saved" "$file" >/dev/null
    [ $? = 1 ] || fail "$name: --save should not change the exit code"
    has "$(cat "$saved")" "schedule \""
    "$FAULTLINE" run --quiet "$saved" >/dev/null
    [ $? = 1 ] || fail "$name: run does not repeat what explore saved"
    case $name in
    fault*) has "$found" "panic (fault-in-restricted-context) at line" ;;
    wire*) has "$found" "panic (use-after-unmap) at line" ;;
    global*) has "$found" "waits for I/O Kit's lock, which thread closer holds" ;;
    esac
done

"$FAULTLINE" explore --schedule 3z sim/scenarios/global_lock_hang.scn >/dev/null 2>&1
[ $? = 2 ] || fail "a bad id should exit with 2"
said=$("$FAULTLINE" explore --preemptions 17 sim/scenarios/global_lock_hang.scn 2>&1)
[ "$?.$said" = "2.faultline: --preemptions 17: at most 16" ] || fail "17 preemptions: $said"
"$FAULTLINE" explore --preemptions 16 --limit 50 --draw 1 sim/scenarios/global_lock_hang.scn >/dev/null
[ $? = 1 ] || fail "16 preemptions: exit $?"
"$FAULTLINE" explore sim/scenarios/fault_disable.scn >/dev/null 2>&1
[ $? = 2 ] || fail "a file without threads should exit with 2"

# Of a file with parameters the first point is explored and made shorter, as it is run.
sed '1i param n = 4 8' sim/scenarios/global_lock_hang.scn >"$saved.params"
"$FAULTLINE" explore --save "$saved" "$saved.params" >/dev/null
[ $? = 1 ] || fail "a file with parameters: explore --save"
"$FAULTLINE" run --quiet "$saved" >/dev/null
[ $? = 1 ] || fail "a file with parameters: run does not repeat what explore saved"
"$FAULTLINE" shrink "$saved.params" >"$saved" 2>/dev/null || fail "a file with parameters: shrink"
"$FAULTLINE" run --quiet "$saved" >/dev/null
[ $? = 1 ] || fail "a file with parameters: run does not repeat what shrink printed"
exit $failed
