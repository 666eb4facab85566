"""documents.py PROGRAM SOURCE PAGE... - what the pages show is what the program prints

A page's blocks are run in order, in a folder of the page's own that holds the tree's `sim` and `docs`:

    ```scn NAME.scn     is a file of that name for the commands behind it; without a name, a scenario.
                        Either runs clean, unless `exit=1` follows.
    ```text NAME        is a file of that name.
    ```console          `$ faultline WORDS` or `$ ./run WORDS`, and behind it what the command prints,
                        on both channels; `# exit 1` behind the command is its exit code (else 0). A
                        line `...` stands for any lines, `...` at the end of a line for its rest.

Other blocks are not looked at. `$ ls NAME...` is allowed too: those files exist.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(scn|console|text)([^\n]*)\n(.*?)^```$", re.M | re.S)
COMMAND = re.compile(r"\$ (?:faultline|\./run)(?: +(.*?))? *(?:# exit (\d+))?$")


def run(program, words, folder, text=None):
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run([program, *words], cwd=folder, input=text, text=True, check=False, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def pattern(lines):
    """The shown lines as an expression: `...` stands for lines, or for the rest of one."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        elif line.endswith("..."):
            parts.append(re.escape(line[:-3]) + r".*\n")
        else:
            parts.append(re.escape(line) + r"\n")
    return "".join(parts)


def commands(block):
    """(command, [shown line]) of a console block."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line, []))
        elif found:
            found[-1][1].append(line)
        else:
            found.append((line, []))
    return found


def check_console(program, folder, block):
    for command, shown in commands(block):
        match = COMMAND.match(command)
        if match is None:
            yield f"no command: {command}"
            continue
        made = run(program, (match[1] or "").split(), folder)
        if made.returncode != int(match[2] or 0):
            yield f"{command}\nends with {made.returncode}:\n{made.stdout}"
        elif not re.fullmatch(pattern(shown), made.stdout):
            yield f"{command}\nprints\n{made.stdout}and not\n" + "\n".join(shown)


def check_scenario(program, folder, words, block):
    wanted = 1 if "exit=1" in words else 0
    for name in words:
        if name.endswith(".scn"):
            pathlib.Path(folder, name).write_text(block, encoding="utf-8")
    made = run(program, ["run", "-"], folder, block)
    if made.returncode != wanted:
        yield f"this ends with {made.returncode}, not {wanted}:\n{block}\n{made.stdout}"


def check_page(program, source, page):
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for tree in "sim", "docs":
            os.symlink(source / tree, os.path.join(folder, tree))
        for kind, words, block in BLOCK.findall(page.read_text(encoding="utf-8")):
            if kind == "text":
                if words.strip():
                    pathlib.Path(folder, words.strip()).write_text(block, encoding="utf-8")
                continue
            check = check_console(program, folder, block) if kind == "console" else check_scenario(
                program, folder, words.split(), block)
            errors = list(check)
            count += len(commands(block)) if kind == "console" else 1
            for error in errors:
                yield f"{page.name}: {error}"
    print(f"{page.name}: {count} commands and scenarios")


def main():
    program, source = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    errors = [error for page in sys.argv[3:] for error in check_page(program, source, pathlib.Path(page))]
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
