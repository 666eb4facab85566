/*
 * io_pool.h - many jobs on all cores
 *
 * PURPOSE     Runs numbered jobs on libuv's pool and hands each one's bytes to the loop's thread,
 *             where they can be stored without a lock. Ctrl-C lets the running jobs end.
 * INVARIANTS  P1  `done` and `tick` run on the loop's thread only, one at a time
 *             P2  every job that began is handed to `done`, unless `done` said to stop
 * UNITS       tick_ms: milliseconds
 * OWNERSHIP   the pool owns the bytes; `done` may keep none of them
 * ERRORS      enum io_end; io_loop.h
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_POOL_H
#define IO_IO_POOL_H

#include <stdint.h>

#include "io/io_loop.h"

struct io_pool {
    const char *program; /* begins a line that reports a failure */
    unsigned workers;    /* 0: as many as the machine has cores for us */
    uint64_t jobs;
    void *context;
    /* On a thread of the pool; several at once. */
    void (*job)(void *context, uint64_t job, struct io_bytes *bytes);
    /* On the loop's thread, in any order of jobs. False: start no more. */
    bool (*done)(void *context, uint64_t job, const struct io_bytes *bytes);
    /* On the loop's thread, every tick_ms; may be NULL. */
    void (*tick)(void *context);
    unsigned tick_ms;
};

/* IO_DONE: every job ran, or `done` said to stop. IO_INTERRUPTED: Ctrl-C. */
enum io_end io_pool_run(const struct io_pool *pool);

/* Milliseconds of a clock that only goes forward; for progress, never for results. */
uint64_t io_now_ms(void);

#endif
