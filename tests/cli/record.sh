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
refuse "--with takes lackey or dynamorio, not 'pin'" --with pin -- true
said=$(PATH=/nonexistent "$FAULTLINE" record --quiet --with dynamorio -o "$work/x" -- true 2>&1)
[ "$?.$said" = "2.faultline: drrun cannot be run: put the folder bin64 of DynamoRIO into PATH" ] || complain "said: $said"

# What makes no trace leaves the file that was there, and nothing beside it.
echo kept >"$work/x"
PATH=/nonexistent "$FAULTLINE" record --quiet -o "$work/x" -- true 2>/dev/null
mkdir "$work/mute"
printf '#!/bin/sh\nexit 0\n' >"$work/mute/drrun"
chmod +x "$work/mute/drrun"
PATH="$work/mute:$PATH" "$FAULTLINE" record --quiet --with dynamorio -o "$work/x" -- true 2>/dev/null
[ $? = 2 ] && [ "$(cat "$work/x")" = kept ] && [ ! -e "$work/x.part" ] || complain "what was there is gone"

# DynamoRIO is in no package: what runs here is a stand-in that says what its view tool says.
mkdir "$work/bin"
cat >"$work/bin/drrun" <<'DRRUN'
#!/bin/sh
[ "$*" = "-t drmemtrace -simulator_type view -- echo spoken" ] || exit 9
echo spoken
{
    echo 'Output format:'
    echo '<--record#-> <--instr#->: <---tid---> <record details>'
    for thread in 7 9; do
        echo "           1           0:        $thread <marker: timestamp 13>"
        echo "           2           1:        $thread ifetch       4 byte(s) @ 0x0000000000401000 non-branch"
        echo "           3           1:        $thread write        8 byte(s) @ 0x00007ffd00001000 by PC 0x401000"
    done
    echo 'View tool results:'
    echo '               4 : total instructions'
} >&2
DRRUN
chmod +x "$work/bin/drrun"
said=$(PATH="$work/bin:$PATH" "$FAULTLINE" record --quiet --with dynamorio -o "$work/view.flt" -- echo spoken 2>&1)
case $said in spoken*"view.flt: 4 references in "*) ;; *) complain "DynamoRIO: $said" ;; esac
"$FAULTLINE" replay "$work/view.flt" --json --quiet | grep -q '"fetches": 2, "loads": 0, "stores": 2.*"events": 1' ||
    complain "DynamoRIO's trace: $("$FAULTLINE" replay "$work/view.flt" --json --quiet)"

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
