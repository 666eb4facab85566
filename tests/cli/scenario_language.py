"""scenario_language.py PROGRAM SOURCE - docs/scenario-language.md says what the program does

Every operation and subject of the tables stands in a block and
is listed with the syntax the program itself shows, and the lists name nothing else. That the blocks run is checked for all pages (documents.py).
"""
import re
import sys

program, source = sys.argv[1:]
page = open(source + "/docs/scenario-language.md", encoding="utf-8").read()
blocks = re.findall(r"^```scn\n(.*?)^```$", page, re.M | re.S)
errors = []


def table(name, macro):
    """word -> (syntax, text) of a .def table; C joins neighbouring strings."""
    text = open(f"{source}/sim/core/{name}", encoding="utf-8").read()
    rows = {}
    for body in re.findall(rf"^{macro}\((.*?)\)$", text, re.M | re.S):
        body = re.sub(r'"\s*\n\s*"', "", body)
        strings = re.findall(r'"((?:[^"\\]|\\.)*)"', body)
        rows[strings[0]] = [part.replace('\\"', '"') for part in strings[-2:]]
    return rows


def listed(rows):
    return {word: f"| `{syntax.replace('|', chr(92) + '|')}` | {text} |" for word, (syntax, text) in rows.items()}


operations = table("scn_operations.def", "SCN_OPERATION")
subjects = table("scn_subjects.def", "SCN_SUBJECT")
for word, line in {**listed(operations), **listed(subjects)}.items():
    if line not in page:
        errors.append(f"the page has no line\n{line}")

used = set()
for block in blocks:
    for line in block.splitlines():
        line = re.sub(r"#.*", "", line)
        line = re.sub(r"^\s*on (\S*\.\S*|macos-\S+|seed-view)\s", "", line)
        for part in re.split(r"[{}]", line):
            words = part.split()
            if words[1:2] == ["="]:
                words = words[2:]
            used.update([" ".join(words[:2])] if words[:1] in (["expect"], ["report"]) else words[:1])
for word in operations:
    if word not in used:
        errors.append(f"no example of the operation {word}")
for word in subjects:
    if "expect " + word not in used:
        errors.append(f"no example of expect {word}")

print(f"{len(blocks)} blocks, {len(operations)} operations, {len(subjects)} subjects")
print("\n".join(errors))
sys.exit(1 if errors or not blocks or not operations or not subjects else 0)
