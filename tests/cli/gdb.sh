# faultline-gdb.py in a real gdb: loaded by itself, it shows maps and objects as `faultline vmmap` has them
set -eu
command -v gdb >/dev/null || { echo "gdb is not here"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >s.scn <<'S'
app = task
buf = allocate app 4p at=0x200000000
fill buf
child = fork app
store buf 1
src = allocate app 2p
fill src
md = descriptor src direction=out
m = map md kernel
wire m in
S
bin=$(dirname "$FAULTLINE")
gdb -q -batch -nx -iex "add-auto-load-safe-path $bin" -ex 'set debuginfod enabled off' -ex 'set breakpoint pending off' \
    -ex 'tbreak trace_emit_event' -ex 'run' -ex 'print *event' -ex 'break vmk_sim_check' -ex 'continue' -ex 'faultline-vmmap' -ex 'faultline-objects' \
    -ex 'set $s = vmk_model_current.world->system' -ex 'faultline-vmmap $s' \
    -ex 'print *$s->kernel_task' -ex 'print *$s->kernel_map' \
    --args "$FAULTLINE" run --quiet s.scn >out 2>&1 </dev/null || true
if grep -qE 'ptrace|Cannot trace|Operation not permitted|Could not trace' out; then
    echo "gdb may not run programs here"
    exit 77
fi
"$FAULTLINE" vmmap --json s.scn >maps.json
python3 - <<'P'
import json, re

said = open("out", encoding="utf-8", errors="replace").read()
run = json.load(open("maps.json"))["runs"][0]
shown = re.findall(r"^map of space (\d+), (\d+) entries, .*\n((?:  \[.*\n)*)", said, re.M)
assert shown, said
for task in run["maps"]:
    space, count, lines = next(one for one in shown if int(one[0]) == task["id"])
    entries = re.findall(r"\[0x([0-9a-f]+), 0x([0-9a-f]+)\) (\S+) wired (\d+)/(\d+)", lines)
    assert len(entries) == int(count), lines
    ranges = {(int(start, 16), int(end, 16)): (int(wired), int(user)) for start, end, _, wired, user in entries}
    for region in task["regions"]:
        key = int(region["start"], 16), int(region["end"], 16)
        assert ranges[key][0] >= region["wired_count"] or not region["wired_count"], (key, region)
        assert key in ranges, (key, lines)
wired = [line for line in said.splitlines() if re.match(r"  \[0x200000000,", line)]
assert any(re.search(r"object \d+ \+0x0", line) for line in wired), wired
assert re.search(r"^object \d+ refs \d+ size 0x4000 wired pages \d+ \w+ shadow \d+", said, re.M), said
assert said.count("map of space") >= 2 * len(run["maps"]) # the second time by its pointer
assert re.search(r"^\$\d+ = #\d+ [A-Z_]+ cpu \d+ space \d+ object \d+ va 0x", said, re.M), said
assert re.search(r"^\$\d+ = task \d+, \d+ faults, map of space 0,", said, re.M), said
assert re.search(r"^\$\d+ = map of space 0, \d+ entries", said, re.M), said
P
