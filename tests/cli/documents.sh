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
page '```sh' 'faultline rules | rm -rf /' '```'
fails
page '```sh' 'faultline no-verb' '```'
fails
page '```sh' 'faultline rules   # what a finding can be' 'faultline no-verb   # nothing   # exit 2' '```'
holds
page '```scn' 'app = task' 'buf = allocate app 1p' 'expect resident buf 1' '```'
fails
page '```scn one.scn' 'app = task' '```' '```console' '$ faultline run --quiet one.scn' 'PASS one.scn...' '$ faultline no-verb # exit 2' '...' '```'
holds

# What is not modelled can be reached from every page, from the program, and from the page in a browser.
for page in "$SOURCE"/README.md "$SOURCE"/docs/*.md "$SOURCE"/docs/*/*.md; do
    [ "${page##*/}" = limits.md ] || grep -q 'limits\.md)' "$page" || { echo "$page does not lead to limits.md"; exit 1; }
done
"$FAULTLINE" --version | grep -qF docs/limits.md
grep -qF docs/limits.md "$SOURCE/sim/page/page.html"

# README's picture is the one that the program draws.
picture=$SOURCE/docs/pictures/reachable_under_the_lock
"$FAULTLINE" sweep "$picture.scn" -o "$folder/r.db" --quiet >/dev/null
"$FAULTLINE" results "$folder/r.db" --svg "$folder/p.svg" --plot heat --x macos --y how --value reachable
cmp "$folder/p.svg" "$picture.svg" || { echo "$picture.svg: make it again; its scenario says how"; exit 1; }

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
