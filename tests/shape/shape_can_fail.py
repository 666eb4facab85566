#!/usr/bin/env python3
"""Each shape check finds what it is there to find: small bad trees, one fault each."""
import argparse
import pathlib
import subprocess
import sys
import tempfile

SHAPE = pathlib.Path(__file__).with_name("shape.py")


def run(check, root, tools, *more):
    done = subprocess.run([sys.executable, str(SHAPE), check, str(root), *tools, *more],
                          capture_output=True, text=True)
    return done.returncode, done.stdout


def tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


EVENT = {"vmmodel/trace/event.def": 'TRACE_EVENT(EV_FAULT, "FAULT", "", "", "")\n'}
PAGE = """/*
 * a.h - a page
 *
 * PURPOSE     To be read.
 * INVARIANTS  A1  one
 *             A2  two
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      FAULT
 * XNU         none
 *             Differs: in nothing
 */
"""

CASES = [
    ("includes", {"vmmodel/hw/a.c": '#include "vm/vm_map.h"\n'}, "hw reaches up to vm"),
    ("includes", {"vmmodel/iokit/a.c": '#include "pmap/pmap.h"\n'}, "iokit may not see pmap"),
    ("includes", {"vmmodel/vm/a.c": "#include <stdlib.h>\n"}, "<stdlib.h> is not for the model"),
    ("includes", {"vmmodel/verify/a.c": '#include "vm/vm_map.h"\n'}, "verify may not see vm"),
    ("includes", {"vmmodel/vm/a.c": '#include "pmap/pmap_internal.h"\n'}, "belongs to pmap alone"),
    ("includes", {"sim/core/a.c": "#include <uv.h>\n"}, "<uv.h> is not for sim/core"),
    ("includes", {"sim/io/a.c": '#include "vmmodel.h"\n'}, "may not see the model"),
    ("includes", {"vmmodel/vm/a.c": '#include "b.h"\n'}, "needs its floor"),
    ("includes", {"vmmodel/vm/a.c": '#include "verify/verify.h"\n'}, "verify is no floor"),
    ("includes", {"sim/core/a.c": "#include <stdio.h>\n"}, "<stdio.h> is not for sim/core"),
    ("includes", {"sim/core/a.c": '#include "vm/vm_internal.h"\n'}, "belongs to its floor alone"),
    ("includes", {"sim/cmd/a.c": "#include <uv.h>\n"}, "libuv stays in sim/io"),
    ("headers", {"vmmodel/hw/a.h": "typedef uint32_t lonely;\n"}, "vmmodel/hw/a.h"),
    ("headers", {"sim/core/a.h": "struct unguarded { int a; };\n"}, "redefinition"),
    ("headers", {"vmmodel/hooks/vmk.h": "enum { class = 1 };\n"}, "(c++)"),
    ("parts", {**EVENT, "vmmodel/vm/a.h": "#define A 1\n"}, "does not open with"),
    ("parts", {**EVENT, "sim/core/b.h": PAGE}, 'does not open with " * b.h'),
    ("parts", {**EVENT, "vmmodel/vm/a.h": PAGE.replace(" * UNITS       none\n", "")}, "its parts are"),
    ("parts", {**EVENT, "vmmodel/vm/a.h": PAGE.replace("FAULT", "FAULT PAGE_LOST")},
     "no event PAGE_LOST"),
    ("scripts", {"tests/cli/a.sh": "set -eu\n! grep -q bad out\n"}, "a.sh:2: set -e passes over"),
    ("scripts", {"tests/cli/a.sh": "set -eu\n[ -s out ] && grep -q good out\n"}, "a.sh:2: set -e"),
    ("paths", {"README.md": "see `docs/nowhere.md`\n"}, "does not exist"),
    ("paths", {"README.md": "see [this](docs/nowhere.md)\n"}, "leads nowhere"),
    ("paths", {"README.md": "# One\n[two](#two)\n"}, "no heading for #two"),
    ("paths", {"README.md": "[one](#one-and-2)\n# One, and `2`\n[two](a.md#two)\n", "a.md": "## Too\n"}, "no heading for #two"),
    ("paths", {"README.md": "see `vm/gone.c`\n", "vmmodel/vm/here.c": ""}, "does not exist"),
    ("paths", {"README.md": "```\n./run sim/a.scn\n```\n", "sim/b.scn": ""}, "does not exist"),
    ("paths", {"vmmodel/a.h": ""}, "0 looked at"),
]

GOOD = {
    **EVENT,
    "vmmodel/vm/a.h": PAGE + "#ifndef A\n#define A\n#include <stdint.h>\ntypedef uint32_t fine;\n#endif\n",
    "vmmodel/hooks/vmk.h": PAGE.replace("a.h", "vmk.h") + "#ifndef V\n#define V\nenum vmk { VMK_OK };\n#endif\n",
    "vmmodel/vm/a.c": '#include "vm/a.h"\n#include "base/types.h"\n',
    "tests/cli/a.sh": "set -eu\nif ! grep a b && true; then exit 1; fi\n[ a = b ] || exit 1\n",
    "README.md": "`vm/a.h`, `osfmk/vm/vm_map.c`, `vmmodel/vm/`, `a/b`, [model](vmmodel/vm/a.c#x)\n",
}

BAD_SOURCE = """
extern void *malloc(unsigned long);
extern void __assert_fail(void);
static int counter;
int mutable = 1;
const char *const words[] = { "a constant", "table" };
void *f(void);
void *f(void) { mutable++; __assert_fail(); return malloc((unsigned long)counter++); }
"""
GOOD_SOURCE = """
#include <string.h>
const char *const words[] = { "a constant", "table" };
unsigned long f(char *to);
unsigned long f(char *to) { memcpy(to, words[1], 5); return strlen(to); }
"""


def library(root, compiler, source):
    (root / "a.c").write_text(source, encoding="utf-8")
    subprocess.run([compiler, "-O1", "-fPIC", "-c", "a.c", "-o", "a.o"], cwd=root, check=True)
    subprocess.run(["ar", "rc", "a.a", "a.o"], cwd=root, check=True)
    return str(root / "a.a")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--nm", default="nm")
    options = parser.parse_args()
    tools = ["--cc", options.cc, "--cxx", options.cxx, "--nm", options.nm]
    failures = []

    def expect(check, root, code, words, *more):
        actual, output = run(check, root, tools, *more)
        if actual != code or not all(word in output for word in words):
            failures.append(f"{check}: expected exit {code} and {words}, got {actual}:\n{output}")

    for check, files, expected in CASES:
        with tempfile.TemporaryDirectory() as name:
            tree(pathlib.Path(name), files)
            expect(check, name, 1, [expected])
    with tempfile.TemporaryDirectory() as name:
        tree(pathlib.Path(name), GOOD)
        for check in "includes", "headers", "parts", "scripts", "paths":
            expect(check, name, 0, [])
        bad = library(pathlib.Path(name), options.cc, BAD_SOURCE)
        words = ["imports malloc", "imports __assert_fail", "mutable is a global",
                 "counter is a global", "4 wrong"]
        expect("imports", name, 1, words, "--library", bad)
    with tempfile.TemporaryDirectory() as name:
        good = library(pathlib.Path(name), options.cc, GOOD_SOURCE)
        expect("imports", name, 0, [], "--library", good)
    for failure in failures:
        print(failure)
    print(f"{len(CASES)} faulty trees and 2 libraries, {len(failures)} surprises")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
