#!/usr/bin/env python3
"""The shape of the tree: checks that keep the floors apart and the pages true.

shape.py CHECK ROOT [--library FILE] [--cc COMPILER] [--cxx COMPILER] [--nm PROGRAM]

includes  every #include goes downward or sideways
          (hooks -> iokit -> vm -> pmap -> hw -> trace -> base)
imports   libvmmodel.a imports memcpy and its like, and has one mutable global
headers   every header compiles alone; the seam also as C++
parts     every header begins with its fixed parts in their order, and names events that there are
scripts   no check of a shell test is one that `set -e` passes over
paths     every path named in the documents exists, or is a file that the page itself gives
Exit 0: holds. 1: says where it does not.
"""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

FLOORS = ["base", "trace", "hw", "pmap", "vm", "iokit", "hooks"]
# A floor that may not see everything below it: a driver framework edits no page tables.
NOT_ALLOWED = {"iokit": {"pmap", "hw"}}
# Two folds over events: they see what was traced, and only the front door sees them.
FOLDS = {"cost", "verify"}
ONLY_ALLOWED = {"cost": {"cost", "trace", "base"}, "verify": {"verify", "trace", "base"}}
# <inttypes.h> is here for its formats; its functions would show as imports.
MODEL_SYSTEM = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "stdalign.h", "limits.h",
                "inttypes.h", "string.h"}
CORE_SYSTEM = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "inttypes.h", "string.h"}
IMPORTS = {"memcpy", "memmove", "memset", "memcmp", "strlen"}
# What a compiler calls by itself: wide arithmetic, position independence, _FORTIFY_SOURCE.
RUNTIME = re.compile(r"__\w+[dt]i\d|_GLOBAL_OFFSET_TABLE_|__mem(cpy|move|set)_chk")
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
    if floor == "hooks" and target in FOLDS:
        return None
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
            return None if name in CORE_SYSTEM else f"<{name}> is not for sim/core"
        if name.endswith("_internal.h") and "/" in name and not name.startswith("core/"):
            return f"{name} belongs to its floor alone"
        return "sim/core may not see " + name if name.startswith(("io/", "cmd/")) else None
    if part == "io" and not is_system:
        if name.endswith("_internal.h") and name.startswith("core/"):
            return f"{name} belongs to its folder alone"
        if name == "vmmodel.h" or name.split("/")[0] in FLOORS + sorted(FOLDS):
            return f"sim/io may not see the model ({name})"
        return "sim/io may not see " + name if name.startswith("cmd/") else None
    if name.endswith("_internal.h"):
        return f"{name} belongs to its floor alone"
    if part == "io":
        return None
    return "libuv stays in sim/io" if name == "uv.h" else None


def check_includes(root):
    errors, seen = [], 0
    for top, rule in ("vmmodel", model_include_error), ("sim", sim_include_error):
        for path in sorted((root / top).glob("*/*")):
            if path.suffix not in (".c", ".h", ".def"):
                continue
            for is_system, name in includes_of(path):
                seen += 1
                error = rule(path.parent.name, is_system, name)
                if error:
                    errors.append(f"{path.relative_to(root)}: {error}")
    for path in sorted((root / "bench").glob("*.[ch]")):
        for is_system, name in includes_of(path):
            seen += 1
            if name.endswith("_internal.h"):
                errors.append(f"{path.relative_to(root)}: {name} belongs to its floor alone")
    return errors, seen


def symbols_of(library, nm):
    """Yields (name, class, section) of every symbol; nm's sysv format alone names the section."""
    done = subprocess.run([nm, "--format=sysv", str(library)], check=True, capture_output=True,
                          text=True)
    for line in done.stdout.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 7 and fields[0] != "Name":
            yield fields[0], fields[2], fields[6]


def check_imports(library, nm):
    defined, undefined, mutable = set(), set(), set()
    for name, kind, section in symbols_of(library, nm):
        if kind in "Uwv":
            undefined.add(name)
            continue
        defined.add(name)
        # A constant table of pointers is relocated once and then read only: it counts as const.
        if kind in "BbDdCGgSs" and not section.startswith(".data.rel.ro"):
            mutable.add(name.split(".")[0])
    errors = [f"imports {name}" for name in sorted(undefined - defined - IMPORTS)
              if not RUNTIME.fullmatch(name)]
    errors += [f"{name} is a global that can change" for name in sorted(mutable - MUTABLE)]
    return errors, len(defined)


def header_error(root, path, command):
    """Compiles a file that only includes the header, twice: alone, and guarded."""
    top = "vmmodel" if path.is_relative_to(root / "vmmodel") else "sim"
    line = f'#include "{path.relative_to(root / top)}"\n'
    flags = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{root}/vmmodel", f"-I{root}/sim"]
    done = subprocess.run([*command, *flags, "-"], input=line * 2, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    return f"{path.relative_to(root)} ({command[2]}): {done.stderr.strip()}"


def check_headers(root, cc, cxx):
    headers = sorted((root / "vmmodel").glob("**/*.h")) + sorted((root / "sim/core").glob("**/*.h"))
    work = [(path, [cc, "-x", "c", "-std=c11"]) for path in headers]
    work += [(path, [cxx, "-x", "c++", "-std=c++11"]) for path in headers if path.name == "vmk.h"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda item: header_error(root, *item), work))
    return [error for error in found if error], len(work)


PARTS = ["PURPOSE", "INVARIANTS", "UNITS", "OWNERSHIP", "ERRORS", "EVENTS", "XNU"]
# Headers with Apple's names, and of a library that a kext lacks: they are what others define.
BORROWED = ("sim/kit/kext/include/", "sim/kit/mach/include/", "sim/kext/include/",
            "sim/kext/freestanding/")
OPENING = re.compile(r"/\*\n \* ([\w/]+\.h) - .+?\n((?: \*.*\n)*) \*/")


def parts_errors(path, text, events):
    """What is wrong with the opening comment of a header."""
    opening = OPENING.match(text)
    if not opening or path.name != opening.group(1).split("/")[-1]:
        return [f'does not open with " * {path.name} - what it is"']
    rows = re.findall(r"^ \* ([A-Z]{3,})  +(.*(?:\n \*  .*)*)", opening.group(2), re.M)
    found = [name for name, _ in rows if name in PARTS]
    if found != PARTS:
        return ["its parts are " + " ".join(found) + ", not " + " ".join(PARTS)]
    named = re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b|\b(?:FAULT|STORE|LOCK|UNLOCK|LEAK|PANIC|HANG)\b",
                       dict(rows)["EVENTS"])
    return [f"there is no event {name}" for name in named if name not in events]


def check_parts(root):
    events = set(re.findall(r"TRACE_EVENT\(EV_(\w+)",
                            (root / "vmmodel/trace/event.def").read_text(encoding="utf-8")))
    errors, seen = [], 0
    for path in sorted([*(root / "vmmodel").glob("*/*.h"), *(root / "sim").glob("**/*.h")]):
        name = str(path.relative_to(root))
        if name.startswith(BORROWED):
            continue
        seen += 1
        errors += [f"{name}: {error}"
                   for error in parts_errors(path, path.read_text(encoding="utf-8"), events)]
    return errors, seen


# `! a`, and all but the last of `a && b`, end no script.
PASSED_OVER = re.compile(r"^\s*(?:! |(?!if |elif |while |until |#)[^|]*[^|&]&& )(?!.*\|\|)")


def check_scripts(root):
    errors, seen = [], 0
    for path in sorted((root / "tests" / "cli").glob("*.sh")):
        text = path.read_text(encoding="utf-8")
        if not re.search(r"^set -\w*e", text, re.M):
            continue
        seen += 1
        errors += [f"{path.relative_to(root)}:{number}: set -e passes over: {line.strip()}"
                   for number, line in enumerate(text.splitlines(), 1) if PASSED_OVER.match(line)]
    return errors, seen


SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^ *(```|~~~).*?^ *\1", re.M | re.S)
GIVEN = re.compile(r"^```\w+ ([\w./-]+)", re.M)
LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ +(.*)$", re.M)
PATH = re.compile(r"(?:\./)?((?:[\w.*+-]+/)+[\w.*+-]*|[\w*-]+\.(?:md|scn|def|json))(?::\d+)*")
EXTENSION = re.compile(r"\.(c|h|def|md|scn|sh|py|txt|json)$")
# Roots of other people's trees: XNU, the SDKs, the system. And what a build makes.
FOREIGN = re.compile(r"(osfmk|bsd|libkern|pexpert|san|security|xnu|EXTERNAL_HEADERS|IOKit|mach|"
                     r"kern|i386|x86_64|arm|arm64|machine|sys|usr|build)/|"
                     r"iokit/(Kernel|IOKit|Tests|bsddev)")
TOPS = ["vmmodel", "sim", "tests", "bench", "docs", ".ci"]


def named_paths(root, text):
    """Yields what the text calls a path of ours."""
    folders = [root, *(root / top for top in TOPS if (root / top).is_dir())]
    ours = {path.name for folder in folders for path in folder.iterdir() if path.is_dir()}
    spans = [(span, True) for span in SPAN.findall(FENCE.sub("", text))]
    spans += [(match.group(0), False) for match in FENCE.finditer(text)]
    for span, is_inline in spans:
        for word in re.split(r"[\s,;()=\"']+", span):
            match = PATH.fullmatch(word.rstrip(".:"))
            if not match or FOREIGN.match(match.group(1)):
                continue
            name = match.group(1)
            # In a sentence an extension makes a path; in a command only a folder of ours does, as
            # a reader's own files are named there too.
            first = name.split("/")[0]
            if "/" in name and first in ours or is_inline and EXTENSION.search(name):
                yield name


def path_exists(root, document, name):
    if "/" not in name:
        return any(root.glob(name)) or any(any(root.glob(f"{top}/**/{name}")) for top in TOPS)
    bases = [root, document.parent, root / "vmmodel", root / "sim", root / "tests"]
    return any(any(base.glob(name)) for base in bases)


def anchors_of(page):
    """The headings of a page, as links spell them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_paths(root):
    errors, seen = [], 0
    documents = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("bench/**/*.md")]
    for document in sorted(documents):
        seen += 1
        text = document.read_text(encoding="utf-8")
        given = set(GIVEN.findall(text))
        for name in set(named_paths(root, text)) - given:
            if not path_exists(root, document, name):
                errors.append(f"{document.relative_to(root)}: `{name}` does not exist")
        for name, anchor in LINK.findall(FENCE.sub("", text)):
            target = document.parent / name if name else document
            if not target.exists():
                errors.append(f"{document.relative_to(root)}: link to {name} leads nowhere")
            elif anchor and target.suffix == ".md" and anchor not in anchors_of(target):
                errors.append(f"{document.relative_to(root)}: {name} has no heading for #{anchor}")
    return errors, seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("check", choices=["includes", "imports", "headers", "parts", "scripts", "paths"])
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--library", type=pathlib.Path)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--nm", default="nm")
    options = parser.parse_args()
    if options.check == "includes":
        errors, seen = check_includes(options.root)
    elif options.check == "imports":
        errors, seen = check_imports(options.library, options.nm)
    elif options.check == "headers":
        errors, seen = check_headers(options.root, options.cc, options.cxx)
    elif options.check == "parts":
        errors, seen = check_parts(options.root)
    elif options.check == "scripts":
        errors, seen = check_scripts(options.root)
    else:
        errors, seen = check_paths(options.root)
    for error in errors:
        print(error)
    print(f"shape {options.check}: {seen} looked at, {len(errors)} wrong")
    return 1 if errors or seen == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
