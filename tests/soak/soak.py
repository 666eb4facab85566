"""soak.py BUILD ROOT [MINUTES] - random calls with every check, for as long as you like, in flat memory

The property tests run with a new seed each time, and schedules of the shipped scenarios with threads
are drawn. Of each long run the memory is sampled: the last third must not need more than the first.
"""
import os
import subprocess
import sys
import time

build, root = sys.argv[1:3]
minutes = float(sys.argv[3]) if len(sys.argv) > 3 else 10
OPERATIONS = 200000
SLACK = 1.10  # the heap breathes


def pages_of(pid):
    try:
        return int(open(f"/proc/{pid}/statm", encoding="ascii").read().split()[1])
    except (OSError, IndexError):
        return 0  # it has just ended


def watch(words, expected):
    """Runs a program; returns how it failed, or None."""
    samples = []
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        while child.poll() is None:
            samples.append(pages_of(child.pid))
            try:
                child.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        said = child.stdout.read().decode(errors="replace")
    if child.returncode not in expected:
        return f"{' '.join(words)}: exit {child.returncode}\n{said[-2000:]}"
    samples = [one for one in samples if one > 0]
    third = len(samples) // 3
    if third >= 5 and max(samples[-third:]) > SLACK * max(samples[third:2 * third]):
        return f"{' '.join(words)}: memory grows: {max(samples[third:2 * third])} to {max(samples[-third:])} pages"
    return None


def main():
    end = time.monotonic() + 60 * minutes
    seed = 1
    runs = 0
    while time.monotonic() < end:
        for words, expected in [
            ([f"{build}/tests/property.test_property_vm", str(OPERATIONS), str(seed)], [0]),
            ([f"{build}/tests/property.test_property_memory", str(OPERATIONS), str(seed)], [0]),
            ([f"{build}/sim/faultline", "explore", "--limit", "1", "--draw", "500", "--seed", str(seed),
              "sim/scenarios/global_lock_hang.scn"], [1]),
        ]:
            wrong = watch(words, expected)
            runs += 1
            if wrong is not None:
                sys.exit(f"soak: {wrong}")
            if time.monotonic() > end:
                break
        seed += 1
    print(f"{runs} runs, seeds 1 to {seed}, {OPERATIONS} operations each: no failure, memory flat")


main()
