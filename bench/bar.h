/*
 * bar.h - what a ratio has to reach
 *
 * PURPOSE     One line a bar, `bar NAME ratio R needs B ok|short`, and one exit code for all of them.
 * INVARIANTS  a ratio is (the floor's time) / (ours): 1 is the floor, more is better
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef BENCH_BAR_H
#define BENCH_BAR_H

/* Prints a bar with what it compares: `ours` and `floor` in `unit`, lower is better. */
void bench_bar(const char *name, double ours, double floor, const char *unit, double needs);

/* 1 when any bar was short. */
int bench_bar_code(void);

#endif
