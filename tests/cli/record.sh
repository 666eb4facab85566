# record: a program's trace by valgrind, where it is installed; replay reads it; a limit ends the program.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }
refuse() {
    text=$1
    shift
    said=$("$FAULTLINE" record "$@" 2>&1)
    code=$?
    [ $code = 2 ] && [ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || complain "$*: exit $code: $said"
    case $said in *"$text"*) ;; *) complain "$*: no '$text' in: $said" ;; esac
}
refuse 'needs a program'
refuse 'needs a program' --
refuse '--limit' --limit none -- true
refuse 'cannot be written' -o /nonexistent/x -- true
said=$(PATH=/nonexistent "$FAULTLINE" record --quiet -o "$work/x" -- true 2>&1)
[ "$?.$said" = "2.faultline: valgrind cannot be run: install the package valgrind" ] || complain "said: $said"

command -v valgrind >/dev/null || {
    echo "valgrind is not installed: 'apt-get install valgrind' brings it"
    exit $failed
}
"$FAULTLINE" record --quiet -o "$work/true.flt" -- echo -o spoken >"$work/said" || complain "record: exit $?"
grep -qx -- '-o spoken' "$work/said" || complain "the program's own output: $(cat "$work/said")"
grep -q 'true.flt: [0-9]* references in [0-9]* bytes, [0-9.]* s$' "$work/said" || complain "$(cat "$work/said")"
"$FAULTLINE" replay "$work/true.flt" --json --quiet | python3 -c '
import json, sys
answer = json.load(sys.stdin)
assert answer["fetches"] > 50000 and answer["loads"] > 10000 and answer["refused"] == 0, answer
assert answer["pages"] == answer["faults"]["ZERO_FILL"], answer' || complain "the replay"
"$FAULTLINE" record --quiet -o "$work/cut.flt" --limit 1000 -- sleep 100 >"$work/said" || complain "limit: exit $?"
grep -q 'cut.flt: 1000 references .*, ended at the limit' "$work/said" || complain "$(cat "$work/said")"
"$FAULTLINE" replay "$work/cut.flt" --quiet >/dev/null || complain "what the limit cut is no trace"
# Valgrind says it too, so these are two lines.
said=$("$FAULTLINE" record --quiet -o "$work/x" -- /nonexistent/program 2>&1)
[ $? = 2 ] || complain "no program: exit $?"
case $said in *'made no trace of it'*) ;; *) complain "no program: $said" ;; esac
exit $failed
