"""arm64.py PROGRAM SCENARIO - a scenario holds on an M1 too, where pages are four times as large

Sizes and addresses in bytes are multiplied by four, so that they are as many pages as they were; bytes that
are stored, and what is written in pages, stay. A scenario that is about one machine is passed over.
"""
import re
import subprocess
import sys

program, scenario = sys.argv[1:]
ONE_MACHINE = re.compile(r"^machine .*\bm1\b|\bsuperpage\b", re.M)
# Not behind a letter, and not what is stored or loaded.
SIZE = re.compile(r"(?<![\w-])(?<!value=)(?<!loaded )(0x[0-9a-fA-F]+|\d+K)\b")


def four_times(match):
    word = match[1]
    return "0x%x" % (int(word, 16) * 4) if word.startswith("0x") else "%dK" % (int(word[:-1]) * 4)


def line_on_arm64(line):
    statement, hash_mark, comment = line.partition("#")
    return (statement if statement.startswith("title") else SIZE.sub(four_times, statement)) + hash_mark + comment


text = open(scenario, encoding="utf-8").read()
if ONE_MACHINE.search(text):
    sys.exit(0)
text = "".join(map(line_on_arm64, text.splitlines(keepends=True)))
sys.exit(subprocess.run([program, "run", "--quiet", "--machine", "m1", "-"], input=text.encode()).returncode)
