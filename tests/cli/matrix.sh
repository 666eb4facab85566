# matrix on the radar's scenario: the table, and each change with its cause and its source
set -eu
FAULTLINE=$FAULTLINE FILE=$SOURCE/sim/scenarios/r25140509_on_every_release.scn python3 - <<'P'
import json, os, re, subprocess


def run(*words, text=None):
    made = subprocess.run([os.environ["FAULTLINE"], *words], input=text, capture_output=True, text=True, check=False)
    assert made.returncode == 0 and made.stderr == "", (words, made)
    return made.stdout


file = os.environ["FILE"]
text = run("matrix", file)
told = json.loads(run("matrix", "--json", file))
assert (told["verb"], told["schema"]) == ("matrix", 1)
listed = [p["name"] for p in json.loads(run("profiles", "--json"))["profiles"]]
assert [r["profile"]["name"] for r in told["rows"]] == listed

# What the sources say (iokit.md 5.2, 6.2, 3.7; vm.md 6.1), first release by first release.
CAUSES = {
    "macos-10.8.2": ("has_wire_range", "false", "true"),
    "macos-10.10": ("prefault", None, None),
    "macos-10.12.2": ("input_copy_on_write", "false", "true"),
    "macos-10.13": ("prefault", None, None),
    "macos-15.0": ("refuses_faults_interrupts_off", "false", "true"),
    "seed-view": ("eager_task_memory", "false", "true"),
}
assert [c["profile"] for c in told["changes"]] == list(CAUSES), [c["profile"] for c in told["changes"]]
for change in told["changes"]:
    [cause] = change["causes"]
    field, before, after = CAUSES[change["profile"]]
    assert cause["field"] == field and before in (None, cause["before"]) and after in (None, cause["after"]), change
    assert change["differences"] and re.match(r"(iokit|vm)\.md \d|the report's own belief", cause["source"]), cause
    section = text.split(f"\n{change['profile']}, against {change['against']}\n")[1].split("\n\n")[0]
    assert f"because {field}: " in section and f"source  {cause['source']}" in section, section

rows = {r["profile"]["name"]: r for r in told["rows"]}
assert rows["macos-10.7"]["release_kernel"]["metrics"] == {"lazy": 0, "prefaulted": 0, "wired": 0, "seen": 119}
assert rows["macos-10.11"]["release_kernel"]["metrics"] == {"lazy": 0, "prefaulted": None, "wired": 16, "seen": 119}
assert rows["macos-10.11"]["with_assertions"]["reason"] == "prefault-into-kernel-asserts"
assert rows["macos-15.4"]["release_kernel"]["metrics"] == {"lazy": 0, "prefaulted": 16, "wired": 16, "seen": 0}
assert rows["macos-15.0"]["release_kernel"]["outcome"] == "panic" and rows["macos-14"]["release_kernel"]["outcome"] == "clean"
assert len(rows["macos-14"]["release_kernel"]["facts"]) == len(told["facts"])
assert re.search(r"^macos-10\.10\.\.macos-10\.12\.0 +clean +panic, line \d+ +0 +- +16 +119$", text, re.M), text

assert "Nothing: every release and both kernels come to the same." in run("matrix", "-", text="app = task\n")
P
