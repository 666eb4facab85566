# run --jobs, --watch, --time-limit, --memory-limit
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }
clean=$SOURCE/sim/scenarios/way3_wire_then_access.scn

# Several files at a time say what one after the other says, in the same order, and end with the same code.
printf 'app = tas\n' >"$work/bad.scn"
printf 'app = task\nexpect faults 7\n' >"$work/false.scn"
for words in '' --quiet --json --events; do
    for files in "$SOURCE/sim/scenarios/way*.scn $work/false.scn" "$work/false.scn $work/bad.scn $clean"; do
        # shellcheck disable=SC2086
        "$FAULTLINE" run $words $files >"$work/out1" 2>"$work/err1"
        one=$?
        # shellcheck disable=SC2086
        "$FAULTLINE" run $words --jobs 3 $files >"$work/out3" 2>"$work/err3"
        three=$?
        [ $one = $three ] && [ $one != 0 ] || complain "--jobs $words: exit $three, not $one"
        cmp "$work/out1" "$work/out3" && cmp "$work/err1" "$work/err3" || complain "--jobs $words: other words"
    done
done
for jobs in 0 65 x; do
    "$FAULTLINE" run --jobs $jobs "$clean" >/dev/null 2>"$work/said"
    [ "$?.$(wc -l <"$work/said")" = 2.1 ] || complain "--jobs $jobs: $(cat "$work/said")"
done

# A time limit that is long enough changes nothing; one that is not ends with 124 and one line.
"$FAULTLINE" run --quiet --time-limit 600 "$clean" >/dev/null || complain "a long limit: exit $?"
mkfifo "$work/never"
said=$("$FAULTLINE" run --quiet --time-limit 1 "$work/never" 2>&1)
code=$?
[ $code = 124 ] && [ "$said" = "faultline: the time limit of 1000 ms is over" ] || complain "time: exit $code: $said"
said=$("$FAULTLINE" run --quiet --jobs 2 --time-limit 1 "$work/never" "$work/never" 2>&1)
code=$?
[ $code = 124 ] && [ "$said" = "faultline: the time limit of 1000 ms is over" ] || complain "--jobs: exit $code: $said"

# With enough memory all is well; with too little it is trouble, and one line a release.
"$FAULTLINE" run --quiet --memory-limit 1G "$clean" >/dev/null || complain "a gigabyte: exit $?"
"$FAULTLINE" run --quiet --memory-limit 16K "$clean" >"$work/said" 2>&1
[ $? = 2 ] && grep -q 'memory ran out' "$work/said" || complain "memory: exit $?: $(cat "$work/said")"

# Watching: the first run, then one for each time the file is saved, also when it is replaced.
cp "$clean" "$work/w.scn"
: >"$work/waits"
"$FAULTLINE" run --watch --quiet "$work/w.scn" >"$work/runs" 2>"$work/waits" &
watcher=$!
waits() { # until the program has waited $1 times, however long its runs take
    while [ "$(grep -c waiting "$work/waits")" -lt "$1" ] && kill -0 $watcher; do sleep 0.1; done
    [ "$(grep -c waiting "$work/waits")" -ge "$1" ] || complain "it does not wait a ${1}th time"
}
waits 1
echo 'expect result 5' >>"$work/w.scn"
waits 2
cp "$clean" "$work/new" && mv "$work/new" "$work/w.scn"
waits 3
kill -INT $watcher
wait $watcher
code=$?
[ $code = 130 ] || complain "Ctrl-C: exit $code"
grep -q PASS "$work/runs" && tail -1 "$work/runs" | grep -q PASS || complain "runs: $(cat "$work/runs")"
[ "$(grep -c 'PASS\|FAIL\|w.scn' "$work/runs")" -ge 3 ] || complain "runs: $(cat "$work/runs")"

# What is saved while the run goes on is run too: the first file is done, the second takes a while.
printf 'each macos-12 macos-15.4\nmachine frames=262144\napp = task\nbuf = allocate app 500M\nfill buf\n' >"$work/long.scn"
: >"$work/waits"
: >"$work/runs" # what it held before is not to be taken for what comes
"$FAULTLINE" run --watch --quiet "$work/w.scn" "$work/long.scn" >"$work/runs" 2>"$work/waits" &
watcher=$!
until grep -q w.scn "$work/runs" || ! kill -0 $watcher; do sleep 0.01; done
echo 'expect result 5' >>"$work/w.scn"
grep -q waiting "$work/waits" && echo "the long run was over too soon: nothing is shown"
waits 2
kill -INT $watcher
wait $watcher
grep -q 'PASS .*w.scn' "$work/runs" && grep -q 'FAIL .*w.scn' "$work/runs" || complain "lost: $(cat "$work/runs")"

refuse() {
    text=$1
    shift
    said=$("$FAULTLINE" run "$@" 2>&1)
    code=$?
    [ $code = 2 ] && [ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || complain "$*: exit $code: $said"
    case $said in *"$text"*) ;; *) complain "$*: no '$text' in: $said" ;; esac
}
refuse '--time-limit' --time-limit 0 "$clean"
refuse '--memory-limit' --memory-limit much "$clean"
refuse 'exclude each other' --watch --json "$clean"
refuse 'standard input' --watch -
exit $failed
