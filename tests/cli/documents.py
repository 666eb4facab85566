"""documents.py PROGRAM SOURCE PAGE... - what the pages show is what the program prints

A page's blocks are run in order, in a folder of the page's own that holds the tree's `sim` and `docs`:

    ```scn NAME.scn     is a file of that name for the commands behind it; without a name, a scenario.
                        Either runs clean, unless `exit=1` follows.
    ```text NAME        is a file of that name.
    ```console          `$ COMMAND`, and behind it what the command prints, on both channels; `# exit 1`
                        behind the command is its exit code (else 0). A line `...` stands for any lines,
                        `...` at the end of a line for its rest.
    ```sh               commands without their output; `# exit 1` as above, any other comment is the reader's.

A command is a line for sh, whose programs are `faultline`, `./run` (the same) and a few harmless ones. What
a page may only name is in STAND_INS: `FILE` is the page's first scenario. What is in ELSEWHERE builds, installs
or needs another machine: it is run where that says, or by hand.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(scn|console|text|sh)([^\n]*)\n(.*?)^```$", re.M | re.S)
EXIT = re.compile(r"# exit (\d+)$")
PROGRAMS = {"faultline", "./run", "ls", "cat", "printf", "grep", "valgrind"}
STAND_INS = {"FILE": "file.scn", "MyDriver.kext": "tests/cli/MyDriver.kext"}
# What calibrate would write.
HERE = '{ "name": "here", "base": "skylake" }'
# What builds, installs or takes long: the file that runs it, and how that says it; None: it is run by hand.
ELSEWHERE = {
    "./run test": (".ci/run", "./run test"), "./run check": (".ci/run", "./run check"), "./run kext": (".ci/run", "./run kext"),
    "./run page": (".ci/run", "./run page"), "./run bench": (".ci/run", "./run bench"),
    "./run packages": (".ci/run", "./run packages"),
    "./run calibrate": ("tests/cli/calibrate.sh", '"$FAULTLINE" calibrate'),
    "faultline calibrate": ("tests/cli/calibrate.sh", '"$FAULTLINE" calibrate'),
    "cmake --preset release": ("run", "cmake --preset"), "cmake --preset debug": None,
    "cmake --install": ("tests/kit/installed.sh", "cmake --install"), "cpack": ("tests/kit/package.sh", "cpack --config"),
    "apt-get install ./build": ("tests/kit/package.sh", "dpkg -x"),
    "docs/cluster/parallel.sh": ("tests/cli/cluster.sh", "docs/cluster/parallel.sh"),
    "build/release/bench/": ("tests/CMakeLists.txt", "bench_${bench}"), "sbatch": None,
    "faultline results merge /shared": None, "(cd /tmp && apt-get source": None, "sh tests/arm64/arm64.sh": None}
# Each page whose commands another test runs.
OTHERS_PAGES = {"tutorial-driver.md": "tests/kit/installed.sh"}
# What commands of a page would have made that were left out.
NOT_MADE = set()


def run(program, command, folder, text=None):
    """Runs a line of sh; a server is asked to end once it has said where it is."""
    path = os.path.dirname(program) + os.pathsep + os.environ["PATH"]
    line = command if "|" in command else f"exec {command}"
    process = subprocess.Popen(["sh", "-c", line], cwd=folder, text=True, start_new_session=True,
                               env={**os.environ, "NO_COLOR": "1", "PATH": path}, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = ""
    if re.search(r"(faultline|\./run) serve ", command):
        said = process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
    said += process.communicate(text)[0]
    return subprocess.CompletedProcess(command, process.returncode, said)


def left_out(program, folder, command):
    """Why a command is not run here, or nothing. Valgrind is no part of what a build needs."""
    missing = NOT_MADE.intersection(command.split())
    if missing:
        return f"no {', '.join(sorted(missing))}"
    if re.search("^valgrind|(faultline|./run) record", command) and shutil.which("valgrind") is None:
        return "no valgrind"
    if re.match("(faultline|./run) report ", command) and run(program, command, folder).stdout.startswith(
            "faultline: this build has no page in it"):
        return "no page in this build"
    return None


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
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
        else:
            found.append((line, []))
    return found


def programs(command):
    """The first word of each part of a pipe."""
    return [part.split()[0] for part in re.sub(r"'[^']*'", "X", command).split(" | ")]


def command_errors(program, folder, line, shown):
    """Runs a command; says what differs from the page. SHOWN is None where a page shows no output."""
    command, code = re.split(r" +# ", line)[0], EXIT.search(line)
    unknown = [word for word in programs(command) if word not in PROGRAMS]
    if unknown:
        return [f"no command that is run here: {line}"]
    why = left_out(program, folder, command)
    if why:
        print(f"left out, {why}: {command}")
        NOT_MADE.update(re.findall(r" -o (\S+)", command))
        return []
    made = run(program, command, folder)
    if made.returncode != int(code[1] if code else 0):
        return [f"{line}\nends with {made.returncode}:\n{made.stdout}"]
    if shown is not None and not re.fullmatch(pattern(shown), made.stdout):
        return [f"{line}\nprints\n{made.stdout}and not\n" + "\n".join(shown)]
    return []


def is_run_elsewhere(source, line):
    for start, place in ELSEWHERE.items():
        if line.startswith(start):
            assert place is None or place[1] in (source / place[0]).read_text(encoding="utf-8"), f"{place}: {line}"
            return True
    return False


def check_console(program, source, folder, block):
    for command, shown in commands(block):
        if not is_run_elsewhere(source, command):
            yield from command_errors(program, folder, command, shown)


def check_shell(program, source, folder, block):
    for line in block.splitlines():
        if is_run_elsewhere(source, line):
            continue
        for word, file in STAND_INS.items():
            line = re.sub(rf"(?<= ){re.escape(word)}(?= |$)", file, line)
        yield from command_errors(program, folder, line, None)


def check_scenario(program, folder, words, block):
    wanted = 1 if "exit=1" in words else 0
    for name in words:
        if name.endswith(".scn"):
            pathlib.Path(folder, name).write_text(block, encoding="utf-8")
    first = pathlib.Path(folder, STAND_INS["FILE"])
    if not first.exists():
        first.write_text(block, encoding="utf-8")
    made = run(program, "faultline run -", folder, block)
    if made.returncode != wanted:
        yield f"this ends with {made.returncode}, not {wanted}:\n{block}\n{made.stdout}"


def block_errors(program, source, folder, kind, words, block):
    if kind == "scn":
        return check_scenario(program, folder, words.split(), block)
    if kind == "console":
        return check_console(program, source, folder, block)
    if kind == "sh":
        return check_shell(program, source, folder, block)
    if words.strip():
        pathlib.Path(folder, words.strip()).write_text(block, encoding="utf-8")
    return []


def check_page(program, source, page):
    count = 0
    NOT_MADE.clear()
    with tempfile.TemporaryDirectory() as folder:
        for tree in "sim", "docs", "tests":
            os.symlink(source / tree, os.path.join(folder, tree))
        os.symlink(program, os.path.join(folder, "run"))
        pathlib.Path(folder, "here.json").write_text(HERE, encoding="utf-8")
        for kind, words, block in BLOCK.findall(page.read_text(encoding="utf-8")):
            if kind == "sh" and page.name in OTHERS_PAGES:
                continue
            for error in list(block_errors(program, source, folder, kind, words, block)):
                yield f"{page.name}: {error}"
            count += {"console": len(commands(block)), "sh": len(block.splitlines()), "scn": 1, "text": 0}[kind]
    print(f"{page.name}: {count} commands and scenarios")


def main():
    program, source = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    errors = [f"{page} is run by {script}, which does not name it" for page, script in OTHERS_PAGES.items()
              if page not in (source / script).read_text(encoding="utf-8")]
    errors += [error for page in sys.argv[3:] for error in check_page(program, source, pathlib.Path(page))]
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
