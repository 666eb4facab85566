#!/bin/sh
# list.sh PROGRAM NAMES... - every trap of iokit.md 9 and every row of iokit.md 8 in reach has a test
#
# NAMES are what ctest knows. Rows 4, 14, 17 and 19 are out of reach. A name that nobody knows must not pass.
set -eu
program=$1
shift

fail() {
    printf 'list.sh: %s\n' "$1" >&2
    exit 1
}

known=$("$program" --list | sort)
[ "$known" = "$(printf '%s\n' "$@" | sort)" ] || fail "ctest and $program know different traps"
traps=$(printf '%s\n' "$@" | sed -n 's/^\(t[0-9][0-9]\)_.*/\1/p' | sort -u)
[ "$traps" = "$(seq -f 't%02.0f' 1 32)" ] || fail "not every trap from t01 to t32 is there"
rows=$(printf '%s\n' "$@" | sed -n 's/^\(row[0-9][0-9]\)_.*/\1/p' | sort)
[ "$rows" = "$(seq -f 'row%02.0f' 1 18 | grep -v -e 04 -e 14 -e 17)" ] || fail "not every row in reach is there"
status=0
"$program" t33_no_such_trap 2>/dev/null || status=$?
[ "$status" = 2 ] || fail "a name that nobody knows gave exit $status instead of 2"
