# README.md and every page of docs/ show what the program prints, and their scenarios do what they say
set -eu
python3 "$SOURCE/tests/cli/documents.py" "$FAULTLINE" "$SOURCE" "$SOURCE"/README.md "$SOURCE"/docs/*.md "$SOURCE"/docs/labs/*.md

# The check can fail: other output, another exit code, a scenario that is not clean, no command.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
page() { printf '%s\n' "$@" >"$folder/page.md"; }
holds() { python3 "$SOURCE/tests/cli/documents.py" "$FAULTLINE" "$SOURCE" "$folder/page.md" >"$folder/out"; }
fails() { ! holds || { echo "passes, and should not:"; cat "$folder/page.md"; exit 1; }; }
page '```console' '$ faultline --version' 'faultline 0.0.7' '```'
fails
page '```console' '$ faultline --version   # exit 1' '...' '```'
fails
page '```console' '$ faultline help' 'faultline finds, on Linux' '...' '```'
fails
page '```console' '$ rm -rf /' '```'
fails
page '```scn' 'app = task' 'buf = allocate app 1p' 'expect resident buf 1' '```'
fails
page '```scn one.scn' 'app = task' '```' '```console' '$ faultline run --quiet one.scn' 'PASS one.scn...' '$ faultline no-verb # exit 2' '...' '```'
holds

# README's own claims: the story has a table, and its example panics without the line that wires.
python3 - "$FAULTLINE" "$SOURCE/README.md" <<'P'
import re, subprocess, sys

program, page = sys.argv[1], open(sys.argv[2], encoding="utf-8").read()
assert len(re.search(r"^```console\n\$ \./run\n(.*?)^```$", page, re.M | re.S).group(1).splitlines()) > 20
example = re.search(r"^```scn\n(.*?)^```$", page, re.M | re.S).group(1)
without = "\n".join(line for line in example.splitlines() if not re.match("(un)?wire m", line)) + "\n"
run = subprocess.run([program, "run", "-"], input=without, capture_output=True, text=True, check=False)
assert without.count("wire") == 0 and run.returncode == 1
assert "fault-in-restricted-context, line 11" in run.stdout
verbs = re.findall(r"^\./run (profiles.*?|explain.*?|rules|story.*?|help)  +#|^\./run (help)$", page, re.M)
assert len(verbs) >= 5, verbs
for verb in verbs:
    words = (verb[0] or verb[1]).split()
    assert subprocess.run([program, *words], capture_output=True, check=False).returncode == 0, words
P

# What architecture.md says to run, there is.
python3 - "$SOURCE" <<'P'
import pathlib, re, sys

source = pathlib.Path(sys.argv[1])
page = (source / "docs/architecture.md").read_text(encoding="utf-8").split("## To change something")[1].split("## ")[0]
named = re.findall(r"\| `([a-z_]+(?:\.\w+)?)` \|$", page, re.M)
built = (source / "tests/CMakeLists.txt").read_text(encoding="utf-8")
for name in named:
    floor, _, module = name.partition(".")
    there = (source / f"tests/{floor}/{module}.c").exists() or (source / f"tests/{floor}/{module}.sh").exists() or name in built
    assert there, f"architecture.md: no test {name}"
assert len(named) > 20, named
P
