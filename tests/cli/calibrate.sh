# calibrate: measures, fits, predicts, and what it writes is a machine and a picture. What the numbers are is
# this host's business and nobody's here.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }

"$FAULTLINE" calibrate --rounds 3 --quiet -o "$work/here.json" --svg "$work/check.svg" >"$work/said" 2>&1 ||
    complain "exit $?: $(cat "$work/said")"
for text in 'predicted: no part in the fit' 'lazy, 64 of 2048 pages' 'lock present, 512 pages' \
    'read-write, 512 pages' 'unmap, 512 of 2048 pages' 'fork, 4096 pages' 'protect, 512 pages, 2 CPUs' 'chase, 2048 pages' \
    'at the edge of the last cache' 'TLB reach: ' 'measurements were disturbed' 'flushed alone: measured' \
    'as 1024 pages: measured' 'a page made' \
    'lazy against mlock: measured' 'cases predicted: median error'; do
    grep -qF "$text" "$work/said" || complain "no '$text' in: $(cat "$work/said")"
done
# Each case is there: measured, or said to be beyond this host, as locking is where memory may not be locked.
measured=$(grep -c '^  .*, .*\(pages\|CPUs\|MiB\) .*%$' "$work/said")
other=$(awk '/^not measured: / { is_in = 1; next } /^$/ { is_in = 0 } is_in' "$work/said" | wc -l)
[ $((measured + other)) = 110 ] && [ "$measured" -gt 60 ] || complain "$measured and $other cases: $(cat "$work/said")"
python3 -c 'import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])' "$work/check.svg" || complain "no picture"
"$FAULTLINE" machines show "$work/here.json" >/dev/null || complain "the machine file is none"
printf 'S 10000 8\n' | "$FAULTLINE" replay - --machine "$work/here.json" --quiet | grep -q 'on calibrated' ||
    complain "the machine does not run"

for words in '--rounds 2' '--rounds 65' '--base z80' '-o /nonexistent/x.json --rounds 3' 'word'; do
    # shellcheck disable=SC2086
    said=$("$FAULTLINE" calibrate --quiet $words 2>&1)
    code=$?
    [ $code = 2 ] && [ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || complain "$words: exit $code: $said"
done
exit $failed
