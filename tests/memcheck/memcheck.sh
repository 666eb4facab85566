# memcheck.sh BUILD [PATTERN] - every unit test under valgrind: no bad access, nothing undefined used, nothing lost
#
# PATTERN chooses among the programs (default: all). Left out are those that valgrind cannot run: the
# kit's native memory, whose pointers trap on purpose, the heap of checkpoints, which reserves more address
# space than valgrind has, and searches that would take an hour.
set -eu
build=$1
pattern=${2:-*}
failed=0
count=0
for program in "$build"/tests/*.test_*; do
    name=${program##*/}
    # shellcheck disable=SC2254 # a pattern is meant
    case $name in $pattern) ;; *) continue ;; esac
    case $name in
    kit.test_native* | kit.test_mach_host | io.test_io_checkpoint | kit.kext* | property.* | vm.test_vm_bad_input | sim.test_scn_run) continue ;;
    esac
    [ -x "$program" ] || continue
    count=$((count + 1))
    valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
        "$program" >"$build/memcheck.log" 2>&1 ||
        { printf 'FAILED: %s\n' "$name"; grep -E '^(==|\[  FAILED)' "$build/memcheck.log" | head -40; failed=1; }
done
printf '%d programs under valgrind%s\n' "$count" "$([ $failed = 0 ] && echo ', all clean')"
exit $failed
