# faultline run --trace and --dot: what viewers are given is well-formed, says each fault once, and is
# whole or not there
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
run() { "$FAULTLINE" run --quiet "$@"; }
ends() { wanted=$1; shift; code=0; "$@" >out 2>err || code=$?; [ "$code" = "$wanted" ] || { echo "$*: $code, not $wanted"; cat out err; exit 1; }; }

cat >causes.scn <<'S'
profile macos-10.11
machine store=64
app = task
buf = allocate app 4p
store buf                        # because the entry is lazy
protect buf read
protect buf read-write
store buf+1p 1                   # because the right was taken away
page-out buf
load buf+2p 1                    # because it went
child = fork app
S
python3 - "$FAULTLINE" "$SOURCE" <<'P'
import collections, json, subprocess, sys

program, source = sys.argv[1:]
names = ["r25140509_prepare_leaves_mapping_lazy", "way1_touch_every_page_first", "vm_t02_a_push_drops_a_wired_translation",
         "wire_races_with_unmap", "interrupts_off"]


def of(file):
    made = subprocess.run([program, "run", "--json", "--events", "--trace", "t.json", file], stdout=subprocess.PIPE, check=False)
    assert made.returncode in (0, 1), (file, made)
    with open("t.json", encoding="utf-8") as trace:
        return json.loads(made.stdout)["runs"][0], json.load(trace)["traceEvents"]


def check(run, events):
    kinds = collections.Counter(event["event"] for event in run["events"])
    faults = [e for e in events if e["ph"] == "X" and e["cat"] == "fault"]
    for kind in "FAULT", "FAULT_REFUSED":
        assert sum(e["name"].split()[0] == kind for e in events if e["ph"] == "X") == kinds[kind]
    assert len(faults) == kinds["FAULT"] + kinds["FAULT_REFUSED"]
    end = collections.Counter()
    for fault in faults: # one behind the other, each ending with its own event
        assert fault["ts"] >= end[fault["tid"]]
        end[fault["tid"]] = fault["ts"] + fault["dur"]
        event = run["events"][end[fault["tid"]] - 1]
        assert event["event"] == fault["name"].split()[0] and event["cpu"] == fault["tid"] - 1
    slices = {(e["pid"], e["tid"], e["ts"]): e for e in events if e["ph"] == "X"}
    tracks = {(e["pid"], e["tid"]) for e in events if e["ph"] == "M"}
    assert all((pid, tid) in tracks for pid, tid, _ in slices)
    causes = {}
    starts = {e["id"]: e for e in events if e["ph"] == "s"}
    ends = {e["id"]: e for e in events if e["ph"] == "f"}
    assert starts.keys() == ends.keys()
    for flow, start in starts.items():
        fault, cause = ends[flow], slices[start["pid"], start["tid"], start["ts"]]
        assert start["ts"] < fault["ts"]
        fault = slices[fault["pid"], fault["tid"], fault["ts"]]
        assert fault["cat"] == "fault" and fault["args"]["space"] == cause["args"]["space"]
        base = int(cause["args"]["va"], 16)
        assert base <= int(fault["args"]["va"], 16) < base + cause["args"].get("length", 4096)
        causes.setdefault(cause["name"], []).append(fault)
    for name in {e["name"] for e in events if e["ph"] == "C"}:
        counts = [e["args"]["count"] for e in events if e["ph"] == "C" and e["name"] == name]
        assert counts == list(range(1, kinds[name.split()[0]] + 1)), name
    lines = [e for e in events if e["ph"] == "X" and e["cat"] == "line"]
    assert sum(e["dur"] for e in lines) == len(run["events"]) or len({e["tid"] for e in lines}) > 1
    return causes


for name in names:
    check(*of(f"{source}/sim/scenarios/{name}.scn"))
run, events = of("causes.scn")
causes = check(run, events)
assert {name: len(faults) for name, faults in causes.items()} == {"MAP_ENTER": 4, "PMAP_PROTECT": 1, "PMAP_REMOVE": 1}, causes
assert {"app", "kernel"} <= {e["args"]["name"] for e in events if e["ph"] == "M" and e["pid"] == 3}
P

# The graph: every name that an arrow has is there, whatever stands in titles.
printf 'title "a \\"b\\\\ c"\napp = task\nbuf = allocate app 4p\nfill buf\nchild = fork app\nstore buf 1\n' >g.scn
ends 0 run --dot g.dot g.scn
grep -qF 'label="a \"b\\ c' g.dot
grep -qE 'object_[0-9]+ -> object_[0-9]+ \[label="shadow' g.dot
sed -n 's/^  \([a-z_0-9]*\) -> \([a-z_0-9]*\) .*/\1\n\2/p' g.dot | sort -u >arrows
sed -n 's/^ *\([a-z_0-9]*\) \[shape=.*/\1/p' g.dot | sort -u >nodes
[ -s arrows ]
[ -z "$(comm -23 arrows nodes)" ]
[ "$(tail -n 1 g.dot)" = '}' ]
if command -v dot >/dev/null; then dot -Tsvg g.dot >g.svg && grep -q '</svg>' g.svg; fi

# The same twice; both at once; and the run's exit code is kept.
run --trace a.json --dot a.dot g.scn >out
run --trace b.json --dot b.dot g.scn >out
cmp a.json b.json
cmp a.dot b.dot
cmp a.dot g.dot
printf 'app = task\nexpect result 5\n' >wrong.scn
ends 1 run --trace w.pftrace wrong.scn
python3 -m json.tool w.pftrace >/dev/null

# What cannot be: one line, exit 2, no file and no part of one.
ends 2 run --trace nowhere/t.json g.scn
[ "$(wc -l <err)" = 1 ]
grep -qF 'nowhere/t.json: cannot be written: no such file or directory' err
printf 'app = tusk\n' >bad.scn
ends 2 run --trace bad.json bad.scn
[ ! -e bad.json ]
[ ! -e bad.json.part ]
ends 2 run --trace t.json - <g.scn
grep -qF 'need one file' err
ends 2 run --trace t.json g.scn wrong.scn
ends 2 run --trace - g.scn
ends 2 run --trace t.json --watch g.scn
echo old >old.json
(ulimit -f 1; trap '' XFSZ; ends 2 run --trace old.json g.scn)
[ "$(cat old.json)" = old ]
[ ! -e old.json.part ]
# The part that a killed run left is the next one's.
head -c 1000000 /dev/zero >old.json.part
ends 0 run --trace old.json g.scn
python3 -m json.tool old.json >/dev/null
[ ! -e old.json.part ]
[ ! -e /dev/full ] || ends 2 run --trace /dev/full g.scn

# A link stays a link to the file, which keeps the rights that it had.
mkdir -p far
echo old >far/real.json
chmod 600 far/real.json
ln -s far/real.json link.json
ends 0 run --quiet --trace link.json g.scn
[ -L link.json ]
python3 -m json.tool far/real.json >/dev/null
[ ! -e far/real.json.part ]
[ "$(stat -c %a far/real.json)" = 600 ]
# One that leads to nothing makes what it names.
ln -s far/new.json dangling.json
ends 0 run --quiet --dot dangling.json g.scn
[ -L dangling.json ]
grep -q digraph far/new.json
