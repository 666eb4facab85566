/*
 * io_loop.h - the one event loop: it runs pieces of work and writes what they say
 *
 * PURPOSE     The program is a row of pieces of work. Each runs on a thread of the pool and fills
 *             two byte buffers; the loop writes them and then starts the next piece. So the loop
 *             hears Ctrl-C at any time, output comes in order, and no more than one piece's output
 *             waits in memory.
 * INVARIANTS  L1  one piece runs at a time, and nothing runs while its output is being written
 * UNITS       none
 * OWNERSHIP   the loop owns the buffers; the work owns its context
 * ERRORS      enum io_end; IO_WRITE_FAILED has been reported on stderr already
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_LOOP_H
#define IO_IO_LOOP_H

#include <stdint.h>

#include "io/io_bytes.h"

/* One piece of work. `out` and `err` come empty. True: another piece follows. */
typedef bool (*io_work)(void *context, struct io_bytes *out, struct io_bytes *err);

enum io_end {
    IO_DONE,         /* everything ran and was written */
    IO_READER_GONE,  /* whoever read our output has seen enough */
    IO_WRITE_FAILED, /* output could not be written, or memory ran out */
    IO_INTERRUPTED   /* Ctrl-C while no piece was running; else the process has ended already */
};

enum { IO_EXIT_INTERRUPTED = 130, IO_EXIT_TIME = 124 /* as timeout(1) says it */ };

/*
 * From now on, whatever runs in a loop ends the process after so many milliseconds with IO_EXIT_TIME and a line
 * that says so: a piece of work cannot be called back. 0: no limit.
 */
void io_limit_time(uint64_t milliseconds);

/* Runs `work` until it returns false. `program` begins the line that reports a failure. */
enum io_end io_loop_run(const char *program, io_work work, void *context);

/* Gives descriptors 0 to 2 something to be, so that no file of ours is taken for one of them. */
void io_guard_standard(void);

/* Whether a person may be looking: of progress, colours and screens. */
bool io_is_terminal(int descriptor);

#endif
