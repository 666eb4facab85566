/* io_limit.c - see io_limit.h */
#include "io/io_limit.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/io_loop.h"

static uint64_t io_limit_ms; /* of every loop; 0: none */

void
io_limit_time(uint64_t milliseconds)
{
    io_limit_ms = milliseconds;
}

/* As with Ctrl-C, there is nothing that would need cleaning. */
static void
io_limit_over(uv_timer_t *timer)
{
    const char *program = timer->data;

    fprintf(stderr, "%s: the time limit of %llu ms is over\n", program,
            (unsigned long long)io_limit_ms);
    _Exit(IO_EXIT_TIME);
}

void
io_limit_start(uv_loop_t *loop, uv_timer_t *timer, const char *program)
{
    uv_timer_init(loop, timer);
    timer->data = (void *)(uintptr_t)program;
    if (io_limit_ms > 0)
        uv_timer_start(timer, io_limit_over, io_limit_ms, 0);
}
