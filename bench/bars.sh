#!/bin/sh
# bars.sh - every bar, or those of one program
#
#   bars.sh BUILD [NAME]     BUILD: the build's folder; NAME: replay, shoot, wire, memory, map, fault, growth, trace, sweep;
#                            cachegrind, which takes minutes, is measured by its name alone
#   bars.sh BUILD --write    re-makes the end of docs/performance.md from two runs of each
#
# Exit 1 when a bar is short, 2 when a program fails or there is none of that name.
set -eu
programs=$1/bench name=${2-}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

# All programs that match, and the worst of their exit codes.
run_bars() {
    worst=2
    for program in "$programs"/bench_bar_*; do
        case $program in *.d | *"*") continue ;; *_cachegrind) [ -n "$1" ] || continue ;; esac
        [ -z "$1" ] || [ "${program##*/bench_bar_}" = "$1" ] || continue
        [ "$worst" != 2 ] || worst=0
        code=0
        "$program" || code=$?
        [ "$code" -le "$worst" ] || worst=$code
        [ "$code" != 2 ] || return 2
    done
    return "$worst"
}

[ "$name" = --write ] || { run_bars "$name"; exit; }
page="$root/docs/performance.md"
{
    sed '/^<!-- bars:/q' "$page"
    echo
    echo "## Bars"
    echo
    echo "Made by \`./run bench --write\`; two runs, one after the other. A ratio is the floor's time divided by ours, medians of"
    echo "turns in one process; absolute figures belong to the machine that made them and to its load."
    echo
    echo "The bars against cachegrind are above. Without Valgrind the two recorded traces (replay-compile, replay-gzip) have no line."
    for turn in first second; do
        printf '\n### The %s run\n\n```text\n' "$turn"
        run_bars "" || [ $? -eq 1 ] || { rm -f "$page.new"; exit 2; }
        echo '```'
    done
} >"$page.new"
mv "$page.new" "$page"
