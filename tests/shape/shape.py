#!/usr/bin/env python3
"""The shape of the tree: four checks that keep the floors apart.

shape.py CHECK ROOT [--library FILE] [--cc COMPILER]

includes  every #include goes downward or sideways (hooks -> iokit -> vm -> pmap -> hw -> trace -> base)
imports   libvmmodel.a imports memcpy and its like, and has one mutable global
headers   every header compiles alone; the seam also as C++
paths     every path named in the documents exists
Exit 0: holds. 1: says where it does not.
"""
import argparse
import pathlib
import re
import subprocess
import sys

FLOORS = ["base", "trace", "hw", "pmap", "vm", "iokit", "hooks"]
# A floor that may not see everything below it: a driver framework edits no page tables.
NOT_ALLOWED = {"iokit": {"pmap", "hw"}, "hooks": {"pmap"}}
ONLY_ALLOWED = {"cost": {"cost", "trace", "base"}, "verify": {"verify", "trace", "base"}}
MODEL_SYSTEM = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "stdalign.h", "limits.h",
                "inttypes.h", "string.h"}
IMPORTS = {"memcpy", "memmove", "memset", "memcmp", "strlen"}
MUTABLE = {"vmk_model_current"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def includes_of(path):
    for match in INCLUDE.finditer(path.read_text(encoding="utf-8")):
        yield match.group(1) == "<", match.group(2)


def model_include_error(floor, is_system, name):
    if is_system:
        return None if name in MODEL_SYSTEM else f"<{name}> is not for the model"
    if "/" not in name:
        return f'"{name}" needs its floor in the path'
    target = name.split("/")[0]
    if floor in ONLY_ALLOWED:
        return None if target in ONLY_ALLOWED[floor] else f"{floor} may not see {target}"
    if target not in FLOORS:
        return f"{target} is no floor of the model"
    if FLOORS.index(target) > FLOORS.index(floor):
        return f"{floor} reaches up to {target}"
    if target in NOT_ALLOWED.get(floor, ()):
        return f"{floor} may not see {target}"
    if name.endswith("_internal.h") and target != floor:
        return f"{name} belongs to {target} alone"
    return None


def sim_include_error(part, is_system, name):
    if part == "core":
        if is_system:
            return None if name in MODEL_SYSTEM else f"<{name}> is not for sim/core"
        if name.endswith("_internal.h"):
            return f"{name} belongs to its floor alone"
        return "sim/core may not see " + name if name.startswith(("io/", "cmd/")) else None
    if part == "io":
        if name == "vmmodel.h" or name.split("/")[0] in FLOORS + ["verify", "cost"]:
            return f"sim/io may not see the model ({name})"
        return "sim/io may not see " + name if name.startswith("cmd/") else None
    if name.endswith("_internal.h"):
        return f"{name} belongs to its floor alone"
    return "libuv stays in sim/io" if name == "uv.h" else None


def check_includes(root):
    errors, seen = [], 0
    for path in sorted((root / "vmmodel").glob("*/*.[ch]")):
        for is_system, name in includes_of(path):
            seen += 1
            error = model_include_error(path.parent.name, is_system, name)
            if error:
                errors.append(f"{path.relative_to(root)}: {error}")
    for path in sorted((root / "sim").glob("*/*.[ch]")):
        for is_system, name in includes_of(path):
            seen += 1
            error = sim_include_error(path.parent.name, is_system, name)
            if error:
                errors.append(f"{path.relative_to(root)}: {error}")
    return errors, seen


def check_imports(library):
    def nm(*flags):
        return subprocess.run(["nm", *flags, str(library)], check=True, capture_output=True,
                              text=True).stdout.splitlines()
    defined, undefined, mutable = set(), set(), set()
    for line in nm():
        fields = line.split()
        if len(fields) == 3:
            defined.add(fields[2])
            if fields[1] in "BbDdCGgSs":
                mutable.add(fields[2])
        elif len(fields) == 2 and fields[0] == "U":
            undefined.add(fields[1])
    errors = [f"imports {name}" for name in sorted(undefined - defined - IMPORTS)
              if not name.startswith("__")]
    errors += [f"{name} is a global that can change" for name in sorted(mutable - MUTABLE)]
    return errors, len(defined)


def check_headers(root, compiler):
    errors, seen = [], 0
    flags = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{root}/vmmodel", f"-I{root}/sim"]
    headers = sorted((root / "vmmodel").glob("**/*.h")) + sorted((root / "sim").glob("*/*.h"))
    for path in headers:
        if path.parent.name in ("io", "cmd"):
            continue
        languages = [["-x", "c", "-std=c11"]]
        if path.name == "vmk.h":
            languages.append(["-x", "c++", "-std=c++11"])
        for language in languages:
            seen += 1
            done = subprocess.run([compiler, *language, *flags, str(path)], capture_output=True,
                                  text=True)
            if done.returncode:
                errors.append(f"{path.relative_to(root)} ({language[1]}): {done.stderr.strip()}")
    return errors, seen


PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:md|scn|txt|json))`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def check_paths(root):
    errors, seen = [], 0
    for document in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("bench/*.md")]):
        text = document.read_text(encoding="utf-8")
        text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        for name in PATH.findall(text):
            seen += 1
            if name.startswith(("osfmk/", "iokit/Kernel", "iokit/IOKit", "bsd/", "build/")):
                continue
            if not any((base / name).exists() for base in (root, root / "vmmodel", document.parent)):
                errors.append(f"{document.relative_to(root)}: `{name}` does not exist")
        for name in LINK.findall(text):
            seen += 1
            if not (document.parent / name).exists():
                errors.append(f"{document.relative_to(root)}: link to {name} leads nowhere")
    return errors, seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("check", choices=["includes", "imports", "headers", "paths"])
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--library", type=pathlib.Path)
    parser.add_argument("--cc", default="cc")
    options = parser.parse_args()
    if options.check == "includes":
        errors, seen = check_includes(options.root)
    elif options.check == "imports":
        errors, seen = check_imports(options.library)
    elif options.check == "headers":
        errors, seen = check_headers(options.root, options.cc)
    else:
        errors, seen = check_paths(options.root)
    for error in errors:
        print(error)
    print(f"shape {options.check}: {seen} looked at, {len(errors)} wrong")
    return 1 if errors or seen == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
