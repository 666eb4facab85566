# What the story must say, whatever its layout: the cells are computed, so these lines are claims
# about XNU (iokit.md 3.5, 3.7, 4, 5).
set -eu
"$FAULTLINE" story --json | python3 -c '
import json, sys

story = json.load(sys.stdin)
cells = {(row["profile"], c["strategy"]): c for row in story["rows"] for c in row["cells"]}
releases = [row["profile"] for row in story["rows"] if row["is_release"]]
listed = [p["name"] for p in json.loads(sys.argv[1])["profiles"] if p["is_release"]]
assert releases == listed and len(releases) > 15, (releases, listed)

def cell(profile, strategy):
    return cells[profile, strategy]

def is_panic(c):
    return c["outcome"] == "panics" and c["page"] == 0

refused = cell("macos-10.11", "PREFAULT")
assert refused["outcome"] == "refused" and refused["code_name"] == "kIOReturnBadArgument", refused
silent = cell("macos-15.4", "PREFAULT")
assert is_panic(silent) and silent["translations"] == 0, silent
for release in releases:
    for strategy in ("MAP_ONLY", "PREPARE_MAP", "MAP_PREPARE"):
        c = cell(release, strategy)
        assert is_panic(c) and c["translations"] == 0 and c["faults"] == 0, c
    wired = cell(release, "WIRE_RANGE")
    if release in ("macos-10.7", "macos-10.8.0"):
        assert wired["outcome"] == "absent", wired
    else:
        assert wired["outcome"] == "clean" and wired["translations"] == 16, wired
    touched = cell(release, "TOUCH_LOAD")
    assert touched["outcome"] == "clean" and touched["faults"] == 16, touched
    assert cell(release, "READ_BYTES")["outcome"] == "clean"
eager = cell("seed-view", "MAP_ONLY")
assert eager["outcome"] == "clean" and eager["translations"] == 16, eager
print(len(cells), "cells,", len(releases), "releases")
' "$("$FAULTLINE" profiles --json)"
"$FAULTLINE" story | grep -q 'macos-10.11 .*refused kIOReturnBadArgument'
"$FAULTLINE" story | grep -q '^  Kernel trap at .*type = 14=page fault'
"$FAULTLINE" story | grep -q 'wireRange(kIODirection'
