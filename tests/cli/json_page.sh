# docs/json.md names the keys that the program prints, each at its place and in its order
set -eu
python3 - "$FAULTLINE" "$SOURCE" <<'P'
import json, re, subprocess, sys

program, source = sys.argv[1:]
page = open(source + "/docs/json.md", encoding="utf-8").read()
SCENARIOS = ["zero_length_wire", "r25140509_on_every_release", "way3_wire_then_access", "wire_direction_on_a_read_only_map",
             "prefault_refused_and_leaking", "release_with_wires_hangs"]
FILES = [f"{source}/sim/scenarios/{name}.scn" for name in SCENARIOS]
WORDS = {"run": FILES, "explain": ["vm-t5", "2", "PMAP_ENTER", "prefault", "over-release"],
         "step": [*FILES, FILES[2] + " --at 40"],
         "lab": ["1", "2 --hint", "4 --answer", "1 --grade -"]}
TEXTS = {"1 --grade -": "panics = 1\n"}


def answers(verb):
    for word in WORDS.get(verb, FILES):
        # A false expectation, so that a step has what was expected and found.
        text = "app = task\nexpect result 5\n" if word == FILES[0] and verb == "run" else TEXTS.get(word)
        extra = ["--events"] if verb == "run" and word == FILES[1] else []
        words = ["-"] if text and word in FILES else [word] if word in FILES else word.split()
        made = subprocess.run([program, verb, "--json", *extra, *words], input=text, text=True,
                              stdout=subprocess.PIPE, check=False)
        yield json.loads(made.stdout)


def at(value, path):
    """Every value at a place such as runs[].steps[]."""
    found = [value]
    for part in [] if path == "." else path.split("."):
        found = [v[part.removesuffix("[]")] for v in found if part.removesuffix("[]") in v]
        if part.endswith("[]"):
            found = [e for v in found for e in v]
    return found


looked = 0
for verb, block in re.findall(r"^## faultline (\w+) --json.*?\n```text\n(.*?)^```", page, re.M | re.S):
    told = list(answers(verb))
    for line in block.splitlines():
        path, keys = line.split(None, 1)
        always = re.sub(r"\(.*?\)", " ", keys).split()
        known = re.sub(r"[()]", " ", keys).split()
        objects = [v for answer in told for v in at(answer, path)]
        assert objects, (verb, path)
        seen = set()
        for v in objects:
            assert [k for k in known if k in v] == list(v), (verb, path, list(v))
            assert set(always) <= set(v), (verb, path, set(always) - set(v))
            seen |= set(v)
        assert seen == set(known), (verb, path, set(known) - seen)
        looked += 1
assert looked >= 20, looked
print(looked, "places")
P
