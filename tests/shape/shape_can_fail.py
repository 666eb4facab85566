#!/usr/bin/env python3
"""Each shape check finds what it is there to find: a small bad tree, one fault per check."""
import pathlib
import subprocess
import sys
import tempfile

SHAPE = pathlib.Path(__file__).with_name("shape.py")


def run(check, root, *more):
    done = subprocess.run([sys.executable, str(SHAPE), check, str(root), *more],
                          capture_output=True, text=True)
    return done.returncode, done.stdout


def tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


CASES = [
    ("includes", {"vmmodel/hw/a.c": '#include "vm/vm_map.h"\n'}, "hw reaches up to vm"),
    ("includes", {"vmmodel/iokit/a.c": '#include "pmap/pmap.h"\n'}, "iokit may not see pmap"),
    ("includes", {"vmmodel/vm/a.c": "#include <stdlib.h>\n"}, "<stdlib.h> is not for the model"),
    ("includes", {"vmmodel/verify/a.c": '#include "vm/vm_map.h"\n'}, "verify may not see vm"),
    ("includes", {"vmmodel/vm/a.c": '#include "pmap/pmap_internal.h"\n'}, "belongs to pmap alone"),
    ("includes", {"sim/core/a.c": "#include <uv.h>\n"}, "<uv.h> is not for sim/core"),
    ("includes", {"sim/io/a.c": '#include "vmmodel.h"\n'}, "may not see the model"),
    ("headers", {"vmmodel/hw/a.h": "typedef uint32_t lonely;\n"}, "vmmodel/hw/a.h"),
    ("headers", {"vmmodel/hooks/vmk.h": "enum { class = 1 };\n"}, "(c++)"),
    ("paths", {"README.md": "see `docs/nowhere.md`\n"}, "does not exist"),
    ("paths", {"README.md": "see [this](docs/nowhere.md)\n"}, "leads nowhere"),
]


def main():
    failures = 0
    for check, files, expected in CASES:
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            tree(root, files)
            code, output = run(check, root)
            if code != 1 or expected not in output:
                failures += 1
                print(f"{check} did not find {expected!r}: exit {code}\n{output}")
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        tree(root, {"a.c": "extern void *malloc(unsigned long); int mutable = 1;\n"
                           "void *f(void) { mutable++; return malloc(3); }\n"})
        subprocess.run(["cc", "-c", "a.c", "-o", "a.o"], cwd=root, check=True)
        subprocess.run(["ar", "rc", "a.a", "a.o"], cwd=root, check=True)
        code, output = run("imports", root, "--library", str(root / "a.a"))
        if code != 1 or "imports malloc" not in output or "mutable is a global" not in output:
            failures += 1
            print(f"imports found nothing: exit {code}\n{output}")
    print(f"{len(CASES) + 1} faulty trees, {failures} not found")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
