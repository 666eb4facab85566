# README.md shows what the program prints, and its scenario does what it says
set -eu
FAULTLINE=$FAULTLINE python3 - "$SOURCE/README.md" <<'P'
import os, re, subprocess, sys

program = os.environ["FAULTLINE"]
page = open(sys.argv[1], encoding="utf-8").read()
story = subprocess.run([program], capture_output=True, text=True, check=True).stdout
shown = re.search(r"^```text\n(.*?)^```$", page, re.M | re.S).group(1)
assert story.startswith(shown), "README.md shows another story than the program tells"
assert "macos-10.11" in shown and len(shown.splitlines()) > 20
example = re.search(r"^```scn\n(.*?)^```$", page, re.M | re.S).group(1)


def run(text):
    return subprocess.run([program, "run", "-"], input=text, capture_output=True, text=True, check=False)


assert run(example).returncode == 0, run(example).stdout
without = "\n".join(line for line in example.splitlines() if not re.match("(un)?wire m", line)) + "\n"
assert without.count("wire") == 0 and run(without).returncode == 1
assert "fault-in-restricted-context, line 11" in run(without).stdout
for verb in re.findall(r"^\./run (profiles.*?|rules|story.*?|help)  +#|^\./run (help)$", page, re.M):
    words = (verb[0] or verb[1]).split()
    assert subprocess.run([program, *words], capture_output=True, check=False).returncode == 0, words
P
