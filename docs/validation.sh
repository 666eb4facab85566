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
use too; what can be compared is the errors.

## A host predicted from half of its own measurements

`faultline calibrate` measures 101 cases, fits the prices of a machine and the reach of its TLB to every second one and predicts the
others: lives of memory lazy, populated, locked and in huge pages at touched shares that the fit has not seen, unmapping, locking what is
there, reading before writing, rights taken and given back with one CPU and two, forks and writes after them, chains through footprints
between those of the fit. Two chains are in neither half and only shown. The bars are a median error of 15 % and none above 50 %.

The host is Linux. Where it does something else than XNU the case says so in the model's verbs
(`sim/core/calibrate_case.c`): a page of zeros for readers, rights that come back without a fault, single flushes up to 33 pages.
PAGE
for run in 1 2; do
    printf '\nRun %d:\n\n```text\n' $run
    "$faultline" calibrate --quiet --seed $run | sed -n '/^predicted: /,$p'
    printf '```\n'
done
cat <<'PAGE'

Where the model is wrong, and why:

- *Chains of more than 6,144 pages*, which are shown and not counted. A walk has one price a table word. Once the words of the guest
  and of its host no longer fit the caches, each costs several times that; the model has no caches of data.
- *Small cases against large ones.* What was used a moment ago is in the caches: 128 pages are unmapped, or their rights changed, for
  less a page than 2,048, and 2 MiB are zeroed for a quarter of what they cost among 8. The model has one price a page. The busier the
  machine, the more this shows.
- *The knee of a TLB.* One rule says which entry makes room on both levels. Here the first level is sharper than chance and the second
  softer than any order, so one of them is off by a third close to its knee.
- *Single groups of prices.* Cases that rise together (a fault's trap, look-ups and zeroing) do not tell their prices apart, so a
  group's factor may be far from the truth while the sums are right. Use sums.

## Published numbers

PAGE
printf '| what | published | the model (%s) |\n|---|---|---|\n' "nanoseconds, low prices to high are in \`faultline machines show\`"
printf '| a shootdown of one other CPU, Haswell | +775 ns, +262 with concurrent flushes (Amit 2019) | %s |\n' "$(price haswell ipi_first)"
printf '| each further CPU | about +70 ns (Amit 2019) | %s |\n' "$(price haswell ipi_more)"
printf '| Mach on a 16-CPU Multimax | 430 us + 55 us a CPU (Black 1989, abstract): linear in the CPUs | linear: %s + %s a CPU |\n' \
    "$(price skylake ipi_first)" "$(price skylake ipi_more)"
printf '| one INVLPG, one CR3 reload, Haswell | 260 and 96 cycles (Molnar 2015) | %s and %s |\n' "$(price haswell flush_page)" "$(price haswell flush_space)"
printf '| page fault entry and return, Haswell | 715 + 330 cycles (Torvalds 2014) | %s |\n' "$(price haswell trap)"
printf '| first to second TLB level, Zen 3 | +2.2 ns (measured for this project) | %s |\n' "$(price zen3 tlb_l2_hit)"
cat <<'PAGE'

The linear law of the 1989 paper holds in the model by construction: a flush sends one interrupt to each CPU that may have the
translation, and the prices are one for the first and one for each further. Measurements up to 72 CPUs (van Riel 2025: 64 threads
take about 100 us a loop with interrupts and 58 us with broadcasts) bend upward where senders wait for each other; the model has no
such contention and is too cheap there. No source gives XNU's own times; its software prices are guesses and say so.
PAGE
