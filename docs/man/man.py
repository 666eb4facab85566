"""man.py PROGRAM SOURCE OUT - the manual, in mdoc, from what says the same elsewhere

    man1/faultline.1             docs/man/faultline.1.in and the program's own help pages
    man5/faultline-scenario.5    docs/scenario-language.md, which a test holds to the language's tables
    man3/faultline-HEADER.3      each public header: what vmmodel.h names, and the kit's

Writes nothing when something is wrong.
"""
import pathlib
import re
import subprocess
import sys
import textwrap

DATE = "November 27, 2026"
KIT = ["sim/kit/include/faultline/native.h", "sim/kit/include/faultline/iokit.h",
       "sim/kit/include/faultline/cmocka.h", "sim/kit/mach/include/mach/mach.h", "sim/kit/mach/mach_kit.h"]


# ---- mdoc ----

def escape(text):
    """A text that means itself: no macro, no escape, and nothing that looks like a call without markup."""
    text = text.replace("\\", "\\e").replace("()", "\\&()").replace("--", "\\-\\-").replace(" - ", " \\- ")
    return "\\&" + text if text[:1] in (".", "'") else text


def prose(text):
    """Lines of a paragraph; a sentence begins on a line of its own, as mdoc wants it."""
    lines = []
    for sentence in re.split(r"(?<=[.!?:])\s+(?=\S)|(?<=[.!?]\))\s+(?=\S)", " ".join(text.split())):
        lines += [escape(line) for line in textwrap.wrap(sentence, 70, break_on_hyphens=False, break_long_words=False)]
    return lines


def literal(lines, indent="-offset indent "):
    return [f".Bd -literal {indent}".rstrip(), *[escape(line.rstrip()) for line in lines], ".Ed"]


def item(tag):
    """A list's tag; quotes keep its words one argument."""
    return '.It "' + escape(tag).replace('"', '""') + '"'


def tidy(lines):
    """No paragraph begins right behind a heading, or right before what is shown."""
    return [line for at, line in enumerate(lines) if line != ".Pp" or not (
        lines[at - 1].startswith((".Sh", ".Ss")) or lines[at + 1].startswith(".Bd"))]


def page(title, section, lines):
    return "\n".join([f".Dd {DATE}", f".Dt {title.upper()} {section}", ".Os", *lines]) + "\n"


# ---- section 1 ----

def help_page(verb, summary, text):
    """One verb's --help: lines at the margin are prose, "  -x  about" an option, other lines are shown."""
    head, _, example = text.rstrip("\n").partition("\nexample:\n")
    lines = [f".Ss {verb}", *prose(summary[:1].upper() + summary[1:] + ".")]
    shown, said, options = [], [], []

    def flush():
        if shown:
            lines.extend(literal(shown))
        if said:
            lines.extend([".Pp", *prose(" ".join(said))])
        if options:
            lines.append(".Bl -tag -width Ds")
            for tag, about in options:
                lines.extend([item(tag), *prose(about)])
            lines.append(".El")
        shown.clear(), said.clear(), options.clear()

    for line in head.splitlines():
        option = re.match(r"  (-\S+(?: \S+)?)  +(.*)", line)
        if option:
            if not options:
                flush()
            options.append([option[1], option[2]])
        elif options and line.startswith("     "):
            options[-1][1] += " " + line.strip()
        elif line.startswith(("  ", "usage:")):
            if not shown:
                flush()
            shown.append(line.removeprefix("usage:").strip() if line.startswith(("usage:", "       ")) else line)
        else:
            if not said or not line:
                flush()
            if line:
                said.append(line)
    flush()
    return tidy(lines) + [".Pp", "Example:", *literal([line.strip() for line in example.splitlines()])]


def section_1(program, source):
    def said(*words):
        return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout

    verbs = re.findall(r"^  ([a-z]+) +(.*)$", said("help").split("\nEvery verb")[0], re.M)
    table, pages = [], []
    for verb, summary in verbs:
        table += [item(verb), *prose(summary)]
        pages += help_page(verb, summary, said(verb, "--help"))
    frame = (source / "docs/man/faultline.1.in").read_text(encoding="utf-8").rstrip("\n")
    body = frame.replace("@VERBS@", "\n".join(table)).replace("@PAGES@", "\n".join(pages))
    return {"man1/faultline.1": page("faultline", 1, body.splitlines())}


# ---- section 5: the page of the language ----

def plain(text):
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text).replace("\\|", "|").replace("`", "").replace("*", "")


def markdown(text):
    """Headings, paragraphs, lists, tables and blocks of code."""
    lines, about = [], []

    def flush():
        if about:
            lines.extend([".Pp", *prose(plain(" ".join(about)))])
            about.clear()

    rows = iter(text.splitlines())
    for row in rows:
        if row.startswith("```"):
            flush()
            block = []
            for row in rows:
                if row.startswith("```"):
                    break
                block.append(row)
            lines.extend(literal(block))
        elif row.startswith("## ") or row.startswith("### "):
            flush()
            title = plain(row.lstrip("# "))
            lines.append(f".Sh {title.upper()}" if row.startswith("## ") else f".Ss {title}")
        elif row.startswith("|"):
            flush()
            cells = [plain(cell.strip()) for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
            if set(row) <= set("|- "):
                continue
            if lines[-1] != ".El": # the table's head
                lines += [".Bl -tag -width Ds", ".El"]
                continue
            lines[-1:] = [item(cells[0]), *prose("; ".join(cells[1:])), ".El"]
        elif re.match(r"- ", row):
            flush()
            about.append(row[2:])
        elif row:
            about.append(row.strip())
        else:
            flush()
    flush()
    return tidy(lines)


def section_5(source):
    text = (source / "docs/scenario-language.md").read_text(encoding="utf-8").split("\n", 1)[1]
    body = markdown("## Description\n" + text)
    head = [".Sh NAME", ".Nm faultline-scenario", ".Nd what a driver does, one operation a line, and what must hold"]
    tail = [".Sh SEE ALSO", ".Xr faultline 1"]
    return {"man5/faultline-scenario.5": page("faultline-scenario", 5, head + body + tail)}


# ---- section 3 ----

def header_parts(comment):
    """The opening comment: the phrase of its first line, and its parts by name."""
    lines = [re.sub(r"^ \* ?", "", line) for line in comment.splitlines()]
    phrase = lines[1].partition(" - ")[2]
    parts, name = {}, None
    for line in lines[2:]:
        start = re.match(r"([A-Z]{3,}) +(.*)", line)
        if start:
            name = start[1]
            parts[name] = [start[2]]
        elif name and line.strip():
            parts[name].append(line[12:] if line.startswith(" " * 12) else line.strip())
    return phrase, parts


def declarations(body):
    """What stands behind the opening comment, as mdoc: comments are prose, code is shown."""
    body = re.sub(r'^#ifdef __cplusplus\n(?:extern "C" \{|\})\n#endif\n', "", body, flags=re.M)
    body = re.sub(r"^#(?:ifndef|define) \w+_H$|^#include .*$|^#endif.*$\Z", "", body, flags=re.M)
    lines, code, comment = [], [], None

    def flush():
        while code and not code[-1].strip():
            code.pop()
        if code:
            lines.extend(literal(code, ""))
        code.clear()

    for line in body.splitlines():
        heading = re.match(r"/\* -+ (.*?) -+ \*/$", line)
        if heading:
            flush()
            lines.append(f".Ss {escape(heading[1][:1].upper() + heading[1][1:])}")
            continue
        if comment is None and line.startswith("/*") and (line.endswith("*/") or "*/" not in line):
            flush()
            comment = []
        if comment is None:
            if line.strip() or code:
                code.append(line)
            continue
        comment.append(re.sub(r"^/\*+ ?| ?\*/$|^ \* ?", "", line))
        if line.endswith("*/"):
            lines.extend([".Pp", *prose(" ".join(comment))])
            comment = None
    flush()
    return lines


def header_page(path, name):
    text = path.read_text(encoding="utf-8")
    comment, _, body = text.partition("*/")
    phrase, parts = header_parts(comment)
    title = "faultline-" + path.stem
    lines = [".Sh NAME", f".Nm {title}", f".Nd {escape(phrase)}", ".Sh SYNOPSIS", f".In {name}", ".Sh DESCRIPTION",
             *prose(" ".join(parts.pop("PURPOSE")))]
    lines += [".Ss Declarations", *declarations(body)]
    lines = tidy(lines)
    order = sorted(parts, key=lambda part: part == "ERRORS")
    for part in order:
        if " ".join(parts[part]) == "none":
            continue
        lines.append(f".Sh {part}")
        lines += literal(parts[part], "") if part == "INVARIANTS" else prose(" ".join(parts[part]))
    return page(title, 3, lines + [".Sh SEE ALSO", ".Xr faultline 1"])


def section_3(source):
    umbrella = source / "vmmodel/vmmodel.h"
    named = re.findall(r'^#include "(.*)"', umbrella.read_text(encoding="utf-8"), re.M)
    headers = {umbrella: "vmmodel.h", **{source / "vmmodel" / name: name for name in named}}
    for kit in KIT:
        headers[source / kit] = re.sub(r".*/(?=faultline/|mach/mach|mach_kit)", "", kit)
    return {f"man3/faultline-{path.stem}.3": header_page(path, name) for path, name in headers.items()}


def main():
    program, source, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    pages = {**section_1(program, source), **section_5(source), **section_3(source)}
    for name, text in pages.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")
    print(f"{len(pages)} pages")


if __name__ == "__main__":
    main()
