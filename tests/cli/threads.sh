# threads.sh - every verb that runs a scenario runs its threads in the order that `schedule` names, as run does
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
failed=0
complain() { echo "$*" && failed=1; }

# One after the other all is well. With 0b the reader comes before the toucher: nothing is mapped yet, and it
# panics. With 0a.1b it comes after the toucher's first line.
cat >orderly.scn <<'SCN'
profile macos-15.4
app = task
buf = allocate app 8K
md  = descriptor buf direction=out
prepare md
m   = map md kernel
thread toucher {
    load m 4K
    load m+4K
}
thread reader {
    nofault spin-lock { load m }
}
SCN
{ echo 'schedule "0b"' && cat orderly.scn; } >first.scn
{ echo 'schedule "0a.1b"' && cat orderly.scn; } >between.scn

for name in orderly first between; do
    "$FAULTLINE" run --json --events $name.scn >run.json
    wanted=$?
    [ "$name.$wanted" != first.0 ] || complain "first: run found nothing"
    for verb in stat vmmap price; do
        "$FAULTLINE" $verb --json $name.scn >$verb.json 2>err
        code=$?
        [ $code = $wanted ] || complain "$verb $name: exit $code, run: $wanted; $(cat err)"
    done
    "$FAULTLINE" step --json $name.scn >step.json || complain "step --json $name: exit $?"
    printf 'last\n' | "$FAULTLINE" step $name.scn >step.txt || complain "step $name: exit $?"
    "$FAULTLINE" sweep --quiet $name.scn -o $name.db >/dev/null || complain "sweep $name: exit $?"
    "$FAULTLINE" results $name.db --csv >sweep.csv || complain "results $name: exit $?"
    python3 - <<'PYTHON' || complain "$name: not what run says"
import csv, json, re

def read(name):
    with open(name + ".json", encoding="utf-8") as file:
        return json.load(file)

run = read("run")["runs"][0]
count = len(run["events"])
assert read("step")["event"] == count, (read("step")["event"], count)
with open("step.txt", encoding="utf-8") as file:
    found = re.search(rf"^{count}/{count} line \d+ (\w+)", file.read(), re.M)
assert found and found[1] == run["events"][-1]["event"], (found, run["events"][-1])
with open("sweep.csv", encoding="utf-8") as file:
    row = next(csv.DictReader(file))
assert row["verdict"] == run["verdict"] and int(row["digest"], 16) == int(run["digest"], 16), (row, run["digest"])
assert read("stat")["runs"][0]["vm_stat"]["faults"] == run["statistics"]["faults"]
PYTHON
    cp run.json "$name.json"
done
cmp -s orderly.json between.json && complain "the orders do not differ"

# The lines of threads, and those that begin and end them, can be looked behind.
for line in 7 8 9 10 11 12 13; do
    "$FAULTLINE" vmmap --at $line orderly.scn >said || complain "--at $line: exit $?"
    grep -q "behind line $line\$" said || complain "--at $line: $(head -1 said)"
done
exit $failed
