#!/bin/sh
# arm64.sh CMOCKA [PATTERN] - unit tests, built for arm64 by another machine and run under qemu
#
# CMOCKA is the folder of cmocka's source; docs/testing.md, Other machines, says how to get it and the
# rest. PATTERN is of tests' names, for the shell: 'hw.*'. Work is in build/arm64.
# Property tests are left out, as searches take an hour here.
# Exit: 0 when all pass, 1 when one does not, 2 when one cannot be built.
set -eu
cmocka=$(CDPATH='' cd -- "$1" && pwd -P) pattern=${2-*}
cd "$(dirname "$0")/../.."
out=build/arm64 tools=aarch64-linux-gnu
emulator=${FAULTLINE_EMULATOR-qemu-aarch64-static}
flags="-std=c11 -O2 -g -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -DSOURCE_DIR=\"$PWD\"
    -DHAVE_INTTYPES_H -DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_GETTIME -DHAVE_MALLOC_H -DHAVE_SIGNAL_H
    -Ivmmodel -Isim -Isim/core -Itests/support -I$cmocka/include"

# Everything that the tests link, one object each; cmocka is not ours to warn about.
mkdir -p "$out/objects" && rm -f "$out"/objects/*.o
{ ls vmmodel/*/*.c sim/core/*.c sim/fiber/*.c sim/small/*.c tests/support/*.c |
    grep -v host_mmu
    echo "$cmocka/src/cmocka.c"; } >"$out/sources"
# shellcheck disable=SC2016,SC2086 # the inner shell expands its own
xargs -P "$(nproc)" -I{} sh -c 'warn="-Wall -Wextra -Werror"
    case $1 in */cmocka.c) warn=-w ;; esac
    name=source$(printf .%s "$1" | tr / .)
    exec ${CC:-'$tools'-gcc} '"$(printf "'%s' " $flags)"' $warn -c "$1" -o "'$out'/objects/$name.o"' \
    sh {} <"$out/sources" || exit 2
rm -f $out/all.a && $tools-ar rc $out/all.a "$out"/objects/*.o

count=0 failed=0
for source in tests/base/test_*.c tests/trace/test_*.c tests/hw/test_*.c tests/pmap/test_*.c tests/vm/test_*.c \
    tests/cost/test_*.c tests/verify/test_*.c tests/iokit/test_*.c \
    tests/small/test_*.c tests/sim/test_*.c; do
    name=${source#tests/} name=${name%.c}
    name=${name%/*}.${name#*/}
    # shellcheck disable=SC2254 # a pattern is meant
    case $name in $pattern) ;; *) continue ;; esac
    count=$((count + 1))
    # shellcheck disable=SC2086
    ${CC:-$tools-gcc} $flags -static "$source" $out/all.a -lm -o "$out/$name" || exit 2
    $emulator "$out/$name" >"$out/$name.log" 2>&1 || {
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$name"
        grep -v '^\[ *\(OK\|RUN\)' "$out/$name.log" | head -20
    }
done
printf '%d programs for arm64, %d failed\n' $count $failed
[ $failed = 0 ]
