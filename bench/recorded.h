/*
 * recorded.h - what a real program refers to, recorded when a bench runs
 *
 * PURPOSE     Runs a program under Valgrind's lackey and keeps a stretch of its references.
 * INVARIANTS  pages are numbered in the order in which they are first seen, from 0 on
 * UNITS       a reference is 4096 times the page's number, plus the offset, plus 1 for a store in the
 *             lowest bit; a fetch counts as a load, a modify as a store
 * OWNERSHIP   the caller's array
 * ERRORS      false without Valgrind, or when the program ends before enough was seen
 * EVENTS      none
 * XNU         none
 */
#ifndef BENCH_RECORDED_H
#define BENCH_RECORDED_H

#include <stdbool.h>
#include <stdint.h>

/* `command` for the shell, what lackey is told included: its lines come out of fd 1. */
bool bench_record(const char *command, uint64_t skip, uint64_t *references, uint32_t count,
                  uint32_t pages_max);

#endif
