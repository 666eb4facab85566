# results: a condition that is misspelt gets a hint, and what cannot be had is said in one line.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
complain() { echo "$*" && failed=1; }

cat >grid.scn <<'GRID'
param pages = 1 2
param how   = lazy wire
app = task
b   = allocate app ${pages}p
fill b
md  = descriptor b direction=out
prepare md
m   = map md kernel
when how is wire: wire m in
report translations translated m
when how is wire: unwire m
GRID
"$FAULTLINE" sweep grid.scn -o r.db --quiet >/dev/null || complain "no sweep"

# refuse WHAT-STDERR-SAYS WORD...: one line, exit 2, nothing on stdout.
refuse() {
    text=$1
    shift
    "$FAULTLINE" "$@" >out 2>err
    code=$?
    { [ $code = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && grep -qF -- "$text" err; } ||
        complain "$*: exit $code, stderr should say: $text: $(cat out err)"
}
# keeps NUMBER WORD...: so many rows.
keeps() {
    want=$1
    shift
    "$FAULTLINE" results r.db --csv "$@" >out 2>err || complain "$*: exit $?"
    [ "$(wc -l <out)" = $((want + 1)) ] || complain "$*: not $want rows: $(cat out err)"
}

# The name of a condition: a parameter, a column, a counted value, or an event that none of the rows had.
keeps 2 how=wire && [ ! -s err ] || complain "a good condition: $(cat err)"
keeps 1 how=wire pages=2
keeps 4 verdict=clean
keeps 1 translations=2
keeps 0 PAGE_OUT=3
refuse "'haw' is no parameter and no value of this run: did you mean 'how'?" results r.db haw=wire
refuse "did you mean 'verdict'?" results r.db --json verdct=clean
refuse "did you mean 'translations'?" results r.db --svg p.svg translation=2
refuse "did you mean 'PAGE_OUT'?" results r.db PAGE_OT=3
refuse "'zzzzzzzz' is no parameter and no value of this run: its parameters are pages, how" results r.db zzzzzzzz=1
[ ! -e p.svg ] || complain "a refused condition made a file"

# Its value: rows may be none, and the reader is told why.
keeps 0 how=wyre
grep -qxF "r.db: no row has how=wyre: did you mean 'wire'?" err || complain "a misspelt value: $(cat err)"
keeps 0 pages=7
grep -qxF "r.db: no row has pages=7: the values are 1, 2" err || complain "a value that is not there: $(cat err)"
keeps 0 how=lazy translations=2
grep -qxF "r.db: no row has all of these at once" err || complain "conditions that exclude each other: $(cat err)"

# --run alone asks for that run's rows, and no other.
"$FAULTLINE" results r.db --csv >whole
"$FAULTLINE" results r.db --run 1 | cmp -s - whole || complain "--run 1 gives no rows"
refuse "there is no such run" results r.db --run 7

# A file cannot be merged into itself, whatever it is called.
ln -s r.db other.db
refuse "r.db: cannot be merged: it is the same file" results merge r.db r.db
refuse "other.db: cannot be merged: it is the same file" results merge r.db other.db

"$FAULTLINE" results r.db --html page.html how=lazy || complain "no page"
refuse "nowhere/page.html: cannot be written" results r.db --html nowhere/page.html
exit $failed
