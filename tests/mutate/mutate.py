"""mutate.py ROOT [MINUTES] [--seed N] [--files GLOB] - do the tests notice small mistakes in vmmodel?

One mutation at a time (a negated condition, a comparison off by one, a dropped call, a swapped
constant) is made in a copy of the tree, the tests of that floor are built and run, and what no test
noticed is listed. Results are kept in build/mutate/results.tsv: the next call goes on where this one
stopped. A mutation that does not compile does not count.
"""
import argparse
import fnmatch
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

RULES = [  # name, pattern, replacement
    ("negate", re.compile(r"\bif \((.+)\)$"), r"if (!(\1))"),
    ("negate", re.compile(r"\bif \((.+)\) \{$"), r"if (!(\1)) {"),
    ("while", re.compile(r" && "), " || "),
    ("or", re.compile(r" \|\| "), " && "),
    ("bound", re.compile(r" < "), " <= "),
    ("bound", re.compile(r" <= "), " < "),
    ("bound", re.compile(r" >= "), " > "),
    ("bound", re.compile(r" > "), " >= "),
    ("equal", re.compile(r" == "), " != "),
    ("equal", re.compile(r" != "), " == "),
    ("one", re.compile(r" \+ 1\b"), " + 0"),
    ("one", re.compile(r" - 1\b"), " - 0"),
    ("constant", re.compile(r"\btrue\b"), "false"),
    ("constant", re.compile(r"\bfalse\b"), "true"),
    ("drop", re.compile(r"^    ( *)(?!return|VMM_ASSERT|trace_emit)[a-z_]+\(.*\);$"), r"    \1;"),
    ("drop", re.compile(r"^    ( *)[a-z_>.\-]+(\+\+|--);$"), r"    \1;"),
    ("drop", re.compile(r"^    ( *)[a-z_]+->[a-z_.>\-]+ [+-]?= .*;$"), r"    \1;"),
]
# Which tests look at a floor: its own, and those above it that exercise it most.
TESTS = {
    "base": "^base|^hw|^vm.test_vm_object",
    "hw": "^hw|^pmap|^vm.test_vm_fault",
    "pmap": "^pmap|^vm|^trap|^planted.none",
    "vm": "^vm|^iokit|^trap|^property|^planted.none",
    "iokit": "^iokit|^hooks|^trap",
    "hooks": "^hooks|^sim.test_scn_run",
    "trace": "^trace|^sim.test_scn_run|^verify",
    "verify": "^verify|^iokit",
    "cost": "^cost",
}


def mutations(path, text):
    """(line number, rule, new line) of everything that can be changed in a file."""
    in_comment = False
    for number, line in enumerate(text.split("\n")):
        in_comment = in_comment or "/*" in line
        code = not in_comment and not line.startswith("#") and '"' not in line
        in_comment = in_comment and "*/" not in line
        for rule, pattern, new in RULES if code else []:
            changed = pattern.sub(new, line, count=1)
            if changed != line:
                yield number, rule, changed


def run(words, cwd, limit):
    try:
        return subprocess.run(words, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=limit, check=False).returncode
    except subprocess.TimeoutExpired:
        return 1  # a mutation that never ends is noticed


def all_mutations(root, pattern, seed):
    found = []
    for folder, _, files in os.walk(os.path.join(root, "vmmodel")):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), root)
            if name.endswith(".c") and fnmatch.fnmatch(path, pattern):
                text = open(os.path.join(root, path), encoding="utf-8").read()
                found += [(path,) + one for one in mutations(path, text)]
    return sorted(found, key=lambda one: hashlib.sha256(f"{seed} {one}".encode()).digest())


def judge(tree, one):
    path, number, _, line = one
    file = os.path.join(tree, path)
    text = open(file, encoding="utf-8").read()
    lines = text.split("\n")
    lines[number] = line
    open(file, "w", encoding="utf-8").write("\n".join(lines))
    try:
        if run(["cmake", "--build", "build/release"], tree, 900) != 0:
            return "no build"
        tests = TESTS.get(path.split("/")[1], ".")
        words = ["ctest", "--test-dir", "build/release", "-R", tests, "--stop-on-failure",
                 "--timeout", "120"]
        return "survived" if run(words, tree, 1200) == 0 else "killed"
    finally:
        open(file, "w", encoding="utf-8").write(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    parser.add_argument("minutes", nargs="?", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", default="vmmodel/*")
    options = parser.parse_args()
    place = os.path.join(options.root, "build", "mutate")
    tree = os.path.join(place, "tree")
    results = os.path.join(place, "results.tsv")
    end = time.monotonic() + 60 * options.minutes
    os.makedirs(place, exist_ok=True)
    shutil.copytree(options.root, tree, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("build", ".git"))
    run(["cmake", "--preset", "release"], tree, 300)
    if run(["cmake", "--build", "build/release"], tree, 3600) != 0:
        sys.exit("mutate: the tree does not build as it is")
    done = {}
    if os.path.exists(results):
        for row in open(results, encoding="utf-8"):
            verdict, *key = row.rstrip("\n").split("\t")
            done["\t".join(key)] = verdict
    todo = all_mutations(options.root, options.files, options.seed)
    with open(results, "a", encoding="utf-8") as out:
        for one in todo:
            key = f"{one[0]}\t{one[1] + 1}\t{one[2]}\t{one[3].strip()}"
            if key in done:
                continue
            if time.monotonic() > end:
                break
            done[key] = judge(tree, one)
            print(f"{done[key]}\t{key}", file=out, flush=True)
    killed = sum(verdict == "killed" for verdict in done.values())
    survivors = sorted(key for key, verdict in done.items() if verdict == "survived")
    print(f"{len(todo)} mutations possible, {killed + len(survivors)} tried, {killed} killed "
          f"({100 * killed / max(1, killed + len(survivors)):.1f} %)")
    for key in survivors:
        print("survived: " + key.replace("\t", " "))


main()
