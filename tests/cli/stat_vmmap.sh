# stat speaks as vm_stat does and vmmap as vmmap does; both tell the same in JSON
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >wire.scn <<'S'
title "a wired mapping"
each macos-10.11 macos-15.4
app = task
buf = allocate app 64K
fill buf
md = descriptor buf direction=out
m = map md kernel
wire m in
expect result ok
S
printf 'app = task\nbuf = allocate app 4p\nexpect resident buf 4\n' >false.scn
FAULTLINE=$FAULTLINE python3 - <<'P'
import json, os, re, subprocess


def run(*words, code=0):
    made = subprocess.run([os.environ["FAULTLINE"], *words], capture_output=True, text=True, check=False)
    assert made.returncode == code, (words, made.returncode, made.stdout, made.stderr)
    return made


LINES = """Pages free|Pages active|Pages inactive|Pages speculative|Pages throttled|Pages wired down
Pages purgeable|"Translation faults"|Pages copy-on-write|Pages zero filled|Pages reactivated|Pages purged
File-backed pages|Anonymous pages|Pages stored in compressor|Pages occupied by compressor|Decompressions
Compressions|Pageins|Pageouts|Swapins|Swapouts""".replace("\n", "|").split("|")

first = run("stat", "--profile", "macos-15.4", "wire.scn").stdout.splitlines()
assert first[0] == "wire.scn: a wired mapping  [macos-15.4: macOS 15.4]  behind line 9", first[0]
assert first[1] == "Mach Virtual Memory Statistics: (page size of 4096 bytes)"
shown = [re.fullmatch(r"(.*?): +(\d+)\.", line).groups() for line in first[2:]]
assert [label for label, _ in shown] == LINES, shown
values = {label: int(value) for label, value in shown}
told = json.loads(run("stat", "--json", "wire.scn").stdout)
assert [r["profile"]["name"] for r in told["runs"]] == ["macos-10.11", "macos-15.4"]
assert list(told["runs"][1]["vm_stat"].values()) == [int(value) for _, value in shown]
assert values['"Translation faults"'] == 32 and values["Pages zero filled"] == 16
before = json.loads(run("stat", "--at", "7", "--json", "wire.scn").stdout)["runs"][1]["vm_stat"]
assert before["faults"] == 16 and before["wire_count"] < values["Pages wired down"]

text = run("vmmap", "--profile", "macos-15.4", "wire.scn").stdout
assert re.search(r"^==== regions of app \[1\]$", text, re.M) and "==== regions of kernel [0]" in text
assert re.search(r"^REGION TYPE +START - END +\[  VSIZE  RSDNT  DIRTY   SWAP\] PRT/MAX SHRMOD PURGE ", text, re.M)
assert re.search(r"^__PAGEZERO +0-100000000 +\[   4.0G     0K     0K     0K\] ---/--- SM=NUL", text, re.M), text
assert re.search(r"^VM_ALLOCATE +\S+ +\[    64K    64K    64K     0K\] rw-/rwx SM=\w+ +0/0 +16 +16 +0  buf$", text, re.M), text
assert re.search(r"^VM_ALLOCATE +\S+ +\[.*\] rw-/rw- SM=\w+ +1/0 +16 +16 +16  m$", text, re.M), text
widths = {len(line.split("  m")[0].split("  buf")[0]) for line in text.splitlines() if line.startswith("VM_ALL")}
assert len(widths) == 1, text
kernel = json.loads(run("vmmap", "--at", "7", "--json", "wire.scn").stdout)["runs"][1]["maps"][-1]
assert kernel["task"] == "kernel" and len(kernel["regions"]) == 1
region = kernel["regions"][0]
assert (region["wired_count"], region["translated_pages"], region["detail"]) == (0, 0, "m"), region

# What run finds is its own business: the view is printed, one line warns, and the code says it.
for verb in ("stat", "vmmap"):
    made = run(verb, "false.scn", code=1)
    assert made.stdout and made.stderr.count("\n") == 1 and "'faultline run false.scn' says why" in made.stderr
    assert verb in run(verb, "--help").stdout
P
