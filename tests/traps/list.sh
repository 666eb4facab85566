#!/bin/sh
# list.sh PROGRAM NAMES... - every trap is a test of its own, and every number from 1 to 32 has one
#
# NAMES are the traps that ctest knows. A name that the program does not know must not pass.
set -eu
program=$1
shift

fail() {
    printf 'list.sh: %s\n' "$1" >&2
    exit 1
}

known=$("$program" --list | sort)
[ "$known" = "$(printf '%s\n' "$@" | sort)" ] || fail "ctest and $program know different traps"
numbers=$(printf "%s\n" "$@" | grep "^t" | cut -c1-3 | sort -u)
[ "$numbers" = "$(seq -f 't%02.0f' 1 32)" ] || fail "not every trap from t01 to t32 is there"
status=0
"$program" t33_no_such_trap 2>/dev/null || status=$?
[ "$status" = 2 ] || fail "a name that is no trap's gave exit $status instead of 2"
