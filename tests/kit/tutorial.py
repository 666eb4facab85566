"""tutorial.py PAGE - docs/tutorial-driver.md, block after block, in an empty folder

    ```sh           commands; `# exit N` behind one is its exit code (else 0)
    ```sh checkout  commands in a checkout. Its build is there: what installs from build/release is run, from BUILD.
    ```c FILE       becomes that file
    ```text         behind commands: pieces that their output has, line by line in this order; `...` stands for anything.
                    Behind anything else it is only read.

BUILD is the build, GCOV what reads the compiler's coverage as gcov does. HOME is the folder.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(sh|c|text)([^\n]*)\n(.*?)^```$", re.M | re.S)


def statements(block):
    """Commands of a block; a here-document belongs to its command."""
    lines, found = block.splitlines(), []
    while lines:
        command = lines.pop(0)
        mark = re.search(r"<<'(\w+)'", command)
        while mark and not command.endswith("\n" + mark[1]):
            command += "\n" + lines.pop(0)
        found.append(command)
    return found


def in_checkout(block):
    """What of a block in a checkout is run here."""
    lines = [line.replace("build/release", os.environ["BUILD"]) for line in block.splitlines() if "--install" in line]
    if len(lines) != 1 or len(block.splitlines()) != 3:
        sys.exit("the page installs in another way")
    return lines[0]


def run(block, folder):
    said = ""
    for command in statements(block):
        wanted = int((re.search(r"# exit (\d+)$", command) or [0, 0])[1])
        made = subprocess.run(["sh", "-c", command], cwd=folder, text=True, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        said += made.stdout
        if made.returncode != wanted:
            sys.exit(f"{command}\nends with {made.returncode}, not {wanted}:\n{made.stdout}")
    return said


def holds(text, said):
    at = 0
    for line in text.splitlines():
        found = re.compile(".*?".join(re.escape(part) for part in line.strip().split("..."))).search(said, at)
        if found is None:
            sys.exit(f"this is not in the output, or not there:\n{line}\n\n{said}")
        at = found.end()


def put_gcov(folder):
    """The folder is HOME, and its bin comes first: there `gcov` is the compiler's."""
    script = pathlib.Path(folder, "bin", "gcov")
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {os.environ["GCOV"]} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    os.environ.update(HOME=folder, PATH=f"{script.parent}:{os.environ['PATH']}")


def main():
    said, count = "", 0
    with tempfile.TemporaryDirectory() as folder:
        put_gcov(folder)
        for kind, words, block in BLOCK.findall(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")):
            if words.strip() == "checkout":
                run(in_checkout(block), folder)
                said = ""
            elif kind == "sh":
                said = run(block, folder)
                count += len(statements(block))
            elif kind == "c":
                pathlib.Path(folder, words.strip()).write_text(block, encoding="utf-8")
                said = ""
            elif said:
                holds(block, said)
                said = ""
    print(f"{count} commands")
    if count < 15:
        sys.exit("the page has lost its commands")


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    main()
