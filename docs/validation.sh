#!/bin/sh
# validation.sh - makes docs/validation.md again: docs/validation.sh FAULTLINE > docs/validation.md
#
# Two runs of the calibration on this host, and the model's prices beside what others have published. Give it a
# quiet machine: what others do on it empties the caches that long pointer chains live from.
set -eu
faultline=$1
price() { # MACHINE ITEM: nanoseconds
    "$faultline" machines show "$1" | sed -n "s,^$2 = \([0-9.]* [a-z]*\).*,\1,p"
}
cat <<'PAGE'
# The model against reality

This page is made by `docs/validation.sh`. The absolute times are those of the host it was made on, a virtual machine that others
use too; what can be compared is the errors. [limits.md](limits.md) lists what the model leaves out, and what it infers.
PAGE
printf 'Its two CPUs had load averages of %s when the page was made; 2 is a quiet one.\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
cat <<'PAGE'

## A host predicted from half of its own measurements

`faultline calibrate` measures 110 cases, fits the prices of a machine and the reach of its TLB to every second one and predicts the
others: lives of memory lazy, populated, locked and in huge pages at touched shares that the fit has not seen, unmapping, locking what is
there, reading before writing, rights taken and given back with one CPU and two, forks and writes after them, chains through footprints
between those of the fit. Three chains are in neither half and only shown. The bars are a median error of 15 % and none above 50 %.

What disturbs a measurement makes it longer, never shorter. One that was interrupted, or whose other CPU was away, is made again; cases
come in an order of chance again and again, and the first decile of each counts. The chains of the TLB are gone through together, and the
calmest quarter of these sweeps counts: a guest next door takes a part of the TLB for some seconds, which moves the knee.

The host is Linux. Where it does something else than XNU the case says so in the model's verbs
(`sim/core/calibrate_case.c`): a page of zeros for readers, rights that come back without a fault, single flushes up to 33 pages.
PAGE
for run in 1 2; do
    printf '\nRun %d:\n\n```text\n' $run
    "$faultline" calibrate --quiet --seed $run | sed -n '1,/^$/p; /^predicted: /,$p'
    printf '```\n'
done
cat <<'PAGE'

Where the model is wrong, and why:

- *Chains of 12,288 to 24,576 pages*, which are shown and not counted. Whether the words of so many translations stay in the last cache
  is decided by those who share it: the same chain takes 50 ns an access in one minute and 300 ns in the next. Beyond that the
  fit has a price for a walk whose words are afar, and a number of pages from which on they are.
- *The largest case of a kind.* What was used a moment ago is in the caches: 128 pages are unmapped, or their rights changed, for
  less a page than 2,048. The fit has a price for a line from afar, but one size of the near cache, which a busy machine takes away.
- *Forks.* Large ones take more a page than small ones, by more than one price for distant lines explains.
- *The knee of a TLB.* Each level has its own order and reach, and the second may have a smaller one for a part of the time. Close
  to the knee this is still off by a fifth on a busy host.
- *Crossings.* Lazy memory crosses populated and locked memory at a flat angle: a few percent of time are several percent of pages.
- *Single groups of prices.* Cases that rise together (a fault's trap, look-ups and zeroing) do not tell their prices apart, so a
  group's factor may be far from the truth while the sums are right. Use sums.

## Published numbers

PAGE
# Nanoseconds, from a plain trace on stdin.
cost() { # MACHINE
    "$faultline" replay - --machine "$1" --region 4M --json --quiet | sed -n 's/.*"cost": {"low_ps": [0-9]*, "ps": \([0-9]*\)[0-9][0-9][0-9],.*/\1/p'
}
rounds() { # PAGES ROUNDS: loads of a chain without neighbours
    awk -v pages="$1" -v rounds="$2" 'BEGIN {
        for (i = 0; i < pages * rounds; i++) {
            printf "L %x 8\n", 268435456 + at * 4096
            at = (at + 37) % pages
        }
    }'
}
chain() { # MACHINE PAGES: ns an access, behind the first touches
    awk -v long="$(rounds "$2" 12 | cost "$1")" -v short="$(rounds "$2" 4 | cost "$1")" -v count="$(($2 * 8))" \
        'BEGIN { printf "%.1f", (long - short) / count }'
}
fault() { # MACHINE: ns of a first touch
    awk -v long="$(rounds 2001 1 | cost "$1")" -v short="$(rounds 1001 1 | cost "$1")" 'BEGIN { printf "%.0f", (long - short) / 1000 }'
}
ns() { # MACHINE ITEM: the number alone
    price "$1" "$2" | sed 's/ ns//'
}
flush_ns() { # MACHINE CPUS: what a flush costs beyond that of one CPU
    awk -v first="$(ns "$1" ipi_first)" -v more="$(ns "$1" ipi_more)" -v cpus="$2" \
        'BEGIN { print cpus < 2 ? 0 : first + more * (cpus - 2) }'
}
row() { # WHAT PUBLISHED MODEL UNIT SOURCE
    awk -v what="$1" -v published="$2" -v model="$3" -v unit="$4" -v source="$5" 'BEGIN {
        printf "| %s | %s %s | %s %s | %+.0f %% | %s |\n", what, published, unit, model, unit, 100 * (model - published) / published, source
    }'
}
head_of_table() {
    printf '\n### %s\n\n| what | published | the model | error | source |\n|---|---:|---:|---:|---|\n' "$1"
}

cat <<'PAGE'
The model's column is computed when this page is made: chains and first touches by `faultline replay`, flushes from the prices that
`faultline machines show` prints, with their ranges. Many prices were read in these sources, so a small error says that the sum is done right; a
large one says where the model is wrong.
PAGE
head_of_table "TLB reach and the cost of a miss"
row "a hit in the second level, Haswell, 512 pages" 3.4 "$(chain haswell 512)" ns "12 cycles, mynavi 2013"
row "a walk, Haswell, 4,096 pages" 9.1 "$(chain haswell 4096)" ns "20 cycles beyond that, mynavi 2013"
row "a walk, Sandy Bridge, 4,096 pages" 13.4 "$(chain sandy-bridge 4096)" ns "Hansen 2014"
for point in 64:0 128:2.2 512:2.9 1024:3.3 1536:6.7 2048:14 3072:28 4096:33 8192:33 16384:41; do
    pages=${point%:*} published=${point#*:}
    if [ "$published" = 0 ]; then
        printf '| Zen 3, a guest, %s pages | 0 ns | %s ns | | measured for this project, caches subtracted |\n' "$pages" "$(chain zen3 "$pages")"
    else
        row "Zen 3, a guest, $pages pages" "$published" "$(chain zen3 "$pages")" ns "the same"
    fi
done
cat <<'PAGE'

The knees are where they are published: 64 pages and about 2,000. The steps beyond the second one are not: the catalog's walk is that of a
Zen 3 without a host below, and a guest's walks read two sets of tables. `faultline calibrate` finds a factor of 3 to 5 for them here.
Least recently used is a guess of the catalog's; between the knees a real TLB misses a little, and the model not at all.
PAGE
head_of_table "A shootdown by the number of CPUs"
row "2 CPUs, Haswell" 775 "$(flush_ns haswell 2)" ns "Amit, LKML 2019"
row "4 CPUs, Haswell" 910 "$(flush_ns haswell 4)" ns "the same"
row "16 CPUs over 2, software shootdown on a Multimax" 2.43 "$(awk -v a="$(flush_ns skylake 16)" -v b="$(flush_ns skylake 2)" 'BEGIN { printf "%.2f", a / b }')" times "Black 1989: 430 us + 55 us a CPU (abstract)"
for point in 2:1.5 4:3.0 8:9.1 16:18.5 32:39 64:97; do
    cpus=${point%:*}
    row "$cpus CPUs that all flush, beyond one, Zen 3" "${point#*:}" "$(awk -v ns="$(flush_ns zen3 "$cpus")" 'BEGIN { printf "%.1f", ns / 1000 }')" us "van Riel 2025, threads over loops a second"
done
cat <<'PAGE'

The linear law of the 1989 paper holds in the model by construction: a flush sends one interrupt to each CPU that may have the
translation, and the prices are one for the first and one for each further. Where every CPU flushes at once (van Riel 2025), senders wait
for each other; the model has no such contention and is far too cheap there.
PAGE
head_of_table "Flushing pages and faults"
row "one more page flushed by itself, Sandy Bridge for Ivy Bridge" 87 "$(ns sandy-bridge flush_page)" ns "Hansen 2014: 1,276 to 8,534 cycles for 1 to 33 pages"
row "INVLPG, Haswell" 74 "$(ns haswell flush_page)" ns "260 cycles, Molnar 2015"
row "CR3 reload, Haswell" 27 "$(ns haswell flush_space)" ns "96 cycles, the same"
row "entry and return of a fault, Haswell" 299 "$(ns haswell trap)" ns "715 + 330 cycles, Torvalds 2014"
row "a first touch, Skylake, 4 KiB" 1013 "$(fault skylake)" ns "median of seventh to eleventh generation, Linux 6.6 (575 at least)"
row "a first touch, M1, of 4 KiB in a Linux guest" 119 "$(fault m1)" ns "elfuse issue 165, 2026; the model's page has 16 KiB"
cat <<'PAGE'

No source gives XNU's own times; its software prices are guesses and say so.
PAGE
