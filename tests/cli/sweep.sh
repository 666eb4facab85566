# sweep and results: the same rows with any number of workers, in one go or in pieces, whatever stops
# them; and what is no results file stays as it is.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }

cat >"$work/grid.scn" <<'GRID'
title "$n pages, $how"
param n   = 1 .. 40
param how = lazy wire
param x   = random 5 1 .. 100
each macos-10.11 macos-15.4
app = task
b   = allocate app ${n}p
fill b
md  = descriptor b direction=out
prepare md
m   = map md kernel
when how is wire: wire m in
report translations translated m
when how is wire: unwire m
GRID

# sweep DB OPTIONS...
sweep() {
    db=$1
    shift
    "$FAULTLINE" sweep "$work/grid.scn" -o "$work/$db" --quiet "$@"
}
csv() { "$FAULTLINE" results "$work/$1" --csv >"$work/$1.csv" || complain "$1: no CSV"; }
same() { cmp -s "$work/whole.db.csv" "$work/$1.csv" || complain "$1 differs from the whole"; }

sweep whole.db --jobs 1 >"$work/said" || complain "a sweep failed"
grep -q '400 point(s) done now, 0 before, of 400' "$work/said" || complain "said: $(cat "$work/said")"
csv whole.db
[ "$(wc -l <"$work/whole.db.csv")" = 801 ] || complain "rows: $(wc -l <"$work/whole.db.csv")"

sweep many.db --jobs 5 >/dev/null && csv many.db && same many.db

# Two processes on one file.
sweep twice.db >/dev/null &
sweep twice.db >/dev/null || complain "the second process failed"
wait $! || complain "the first process failed"
csv twice.db && same twice.db

# Several that make one small file, at the same moment, many times.
sed 's/1 [.][.] 40/1 .. 2/; s/random 5.*/1/' "$work/grid.scn" >"$work/small.scn"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    pids=
    for process in 1 2 3 4; do
        "$FAULTLINE" sweep "$work/small.scn" -o "$work/at_once$i.db" --quiet >/dev/null &
        pids="$pids $!"
    done
    for pid in $pids; do wait "$pid" || complain "one of four at once failed"; done
done

# Four shards, joined, and joined again.
for i in 1 2 3 4; do sweep "shard$i.db" --shard $i/4 >/dev/null; done
for again in 1 2; do
    "$FAULTLINE" results merge "$work/joined.db" "$work"/shard[1-4].db >"$work/said" || complain "no merge"
done
grep -q ' 0 row(s)' "$work/said" || complain "the second merge added rows"
csv joined.db && same joined.db

# A changed scenario is another run, and says so.
sed -i 's/of 400//; s/each .*/each macos-15.4/' "$work/grid.scn"
"$FAULTLINE" sweep "$work/grid.scn" -o "$work/whole.db" 2>"$work/said" >/dev/null
grep -q 'a new run: the scenario' "$work/said" || complain "said: $(cat "$work/said")"
"$FAULTLINE" results "$work/whole.db" --run 1 --csv | cmp -s - "$work/whole.db.csv" ||
    complain "the old run changed"
{ [ ! -e "$work/whole.db-wal" ] && [ ! -e "$work/whole.db-shm" ]; } || complain "a reader leaves files behind"
"$FAULTLINE" results "$work/whole.db" --json n=3 how=wire | python3 -c '
import json, sys
rows = json.load(sys.stdin)["rows"]
assert len(rows) == 5 and all(row["values"]["translations"] == 3 for row in rows), rows' ||
    complain "the filter"

# Bad input: one line, exit 2, nothing touched.
refuse() {
    text=$1
    shift
    said=$("$FAULTLINE" "$@" 2>&1)
    code=$?
    [ $code = 2 ] && [ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || complain "$*: exit $code: $said"
    case $said in *"$text"*) ;; *) complain "$*: no '$text' in: $said" ;; esac
}
cp "$FAULTLINE" "$work/foreign"
echo text >"$work/text.db"
: >"$work/empty.scn"
printf 'param x = 1\n$y\n' >"$work/bad.scn"
refuse 'not a database' results "$work/foreign"
refuse 'not a database' sweep "$work/grid.scn" -o "$work/text.db"
[ "$(cat "$work/text.db")" = text ] || complain "text.db was touched"
# Foreign, damaged, cut: the file stays as it is.
python3 -c 'import sqlite3, sys; base = sqlite3.connect(sys.argv[1]); base.execute("create table x(y)"); base.commit()' "$work/other.db"
cp "$work/joined.db" "$work/torn.db"
python3 -c '
import sys
file = open(sys.argv[1], "r+b")
file.seek(8192)
file.write(bytes(range(256)) * 64)' "$work/torn.db"
head -c 5000 "$work/joined.db" >"$work/cut.db"
for base in other torn cut; do
    before=$(cksum <"$work/$base.db")
    case $base in other) why='not a results file' ;; *) why=malformed ;; esac
    refuse "$why" results "$work/$base.db" --csv
    refuse "$why" sweep "$work/grid.scn" -o "$work/$base.db" --quiet
    refuse "$why" results merge "$work/whole2.db" "$work/$base.db"
    [ "$base" != other ] || refuse "$why" results merge "$work/$base.db" "$work/joined.db"
    [ "$before" = "$(cksum <"$work/$base.db")" ] || complain "$base.db was touched"
done
# A file that we may only read is read, also in a folder that we may not write to. Root may write everywhere;
# nobody may not come to every folder of root's.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    mkdir "$work/fixed"
    cp "$work/joined.db" "$work/fixed/a?b%c.db"
    cp "$FAULTLINE" "$work/fixed/faultline"
    chmod 755 "$work" "$work/fixed" "$work/fixed/faultline"
    chmod 644 "$work/grid.scn" "$work/fixed/a?b%c.db"
    nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
    as_nobody() { nobody "$work/fixed/faultline" "$@"; }
    if nobody cat "$work/fixed/a?b%c.db" >/dev/null 2>&1 && as_nobody --version >/dev/null 2>&1; then
        as_nobody results "$work/fixed/a?b%c.db" --csv | cmp - "$work/whole.db.csv" || complain "a file to read only"
        said=$(as_nobody sweep "$work/grid.scn" -o "$work/fixed/a?b%c.db" --quiet 2>&1)
        [ $? = 2 ] && [ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || complain "writing what may be read only: $said"
    else
        echo "nobody cannot read or run what is in $work: reading a file of root's was not tried"
    fi
fi
refuse 'cannot be opened' results "$work/nowhere.db"
refuse 'cannot be opened' sweep "$work/grid.scn" -o /nonexistent/r.db
refuse 'cannot be read' sweep /nonexistent.scn -o "$work/x.db"
refuse 'bad.scn:2:2: no parameter' sweep "$work/bad.scn" -o "$work/x.db"
printf 'param x = 1\napp = tusk\n' >"$work/never.scn"
refuse "never.scn:2:7: unknown operation 'tusk'" sweep "$work/never.scn" -o "$work/x.db"
[ ! -e "$work/x.db" ] || complain "a sweep that cannot begin made a file"
refuse '--shard 5/4' sweep "$work/grid.scn" -o "$work/x.db" --shard 5/4
refuse '--shard 0/4' sweep "$work/grid.scn" -o "$work/x.db" --shard 0/4
refuse '--shard 1/0' sweep "$work/grid.scn" -o "$work/x.db" --shard 1/0
refuse '--shard 99999999999999999999/4' sweep "$work/grid.scn" -o "$work/x.db" --shard 99999999999999999999/4
refuse '--jobs x' sweep "$work/grid.scn" -o "$work/x.db" --jobs x
refuse 'no such run' results "$work/whole.db" --run 9 --csv
refuse 'NAME=VALUE' results "$work/whole.db" wire
refuse 'cannot be merged' results merge "$work/joined.db" "$work/text.db"
exit $failed
