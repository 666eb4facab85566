/*
 * io_limit.h - the time limit of a loop
 *
 * PURPOSE     io_limit_time() (io_loop.h) is for whoever asks; here loops start the clock that ends the process.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   the timer is the caller's, which closes it with the loop's other handles
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_LIMIT_H
#define IO_IO_LIMIT_H

#include <uv.h>

/* `program` begins the line that says that the time is over; it must outlive the loop. */
void io_limit_start(uv_loop_t *loop, uv_timer_t *timer, const char *program);

#endif
