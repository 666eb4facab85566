# fuzz.sh BUILD [SECONDS] - every fuzzer for that long (default 15), with asan and ubsan; says how fast each was
#
# What a fuzzer finds new stays in build/corpus; a crash ends the run, its input stays in build/.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
seconds=${2:-15}
cd "$root"
mkdir -p build
targets=
for source in tests/fuzz/fuzz_*.c; do targets="$targets $(basename "$source" .c)"; done
# shellcheck disable=SC2086 # one word a target
{ cmake --preset fuzz && cmake --build --preset fuzz --target $targets; } >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 2; }
for name in $targets; do
    fuzzer=build/fuzz/tests/$name
    name=${name#fuzz_}
    mkdir -p "build/corpus/$name"
    folders="build/corpus/$name sim/scenarios"
    [ ! -d "tests/fuzz/corpus/$name" ] || folders="$folders tests/fuzz/corpus/$name"
    # shellcheck disable=SC2086 # folders have no spaces
    limit=-max_total_time=$seconds
    [ "$seconds" != 0 ] || limit=-runs=0 # the corpus alone: the same every time
    quiet=0
    [ "$name" != json ] || quiet=2 # each input is complained about
    "$fuzzer" "$limit" -close_fd_mask=$quiet -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix=build/ $folders >"build/fuzz-$name.log" 2>&1 ||
        { cat "build/fuzz-$name.log"; exit 1; }
    awk -v name="$name" '
        /number_of_executed_units/ { runs = $2 }
        /average_exec_per_sec/ { speed = $2 }
        END { printf "%-16s %10d runs, %7d a second, no crash\n", name, runs, speed }' \
        "build/fuzz-$name.log"
done
