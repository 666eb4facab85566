/*
 * memtrace_fuzz.h - any bytes as a trace of one form
 *
 * PURPOSE     What each reader's fuzzer checks: how the bytes are cut makes no difference (memtrace.h M1),
 *             by references or by visits; what was read survives being written in our own form
 *             (memtrace_own.h N1), with visits that are those of its references (N2).
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   nothing is kept
 * ERRORS      abort()
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_MEMTRACE_FUZZ_H
#define SUPPORT_MEMTRACE_FUZZ_H

#include "memtrace.h"

void memtrace_fuzz(enum memtrace_format format, const uint8_t *data, size_t size);

#endif
