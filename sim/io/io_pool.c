/*
 * io_pool.c - see io_pool.h
 *
 * A few slots, each with at most one job on the pool. A slot whose job is done takes the next number,
 * so no more than the slots' bytes wait in memory, whatever the number of jobs.
 */
#include "io/io_pool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "io/io_limit.h"

enum { IO_POOL_SLOTS = 128, IO_POOL_AHEAD = 2 };

struct io_pool_slot {
    uv_work_t request;
    struct io_pool_state *state;
    uint64_t job;
    struct io_bytes bytes;
};

struct io_pool_state {
    const struct io_pool *pool;
    uv_loop_t loop;
    uv_signal_t interrupt;
    uv_timer_t tick;
    uv_timer_t limit;
    uint64_t next;
    unsigned running;
    bool is_stopping;
    enum io_end end;
    struct io_pool_slot slots[IO_POOL_SLOTS];
};

static void
io_pool_close(struct io_pool_state *state)
{
    uv_close((uv_handle_t *)&state->interrupt, NULL);
    uv_close((uv_handle_t *)&state->tick, NULL);
    uv_close((uv_handle_t *)&state->limit, NULL);
}

static void
io_pool_do(uv_work_t *request)
{
    struct io_pool_slot *slot = request->data;

    slot->state->pool->job(slot->state->pool->context, slot->job, &slot->bytes);
}

static void io_pool_start(struct io_pool_slot *slot);

static void
io_pool_done(uv_work_t *request, int status)
{
    struct io_pool_slot *slot = request->data;
    struct io_pool_state *state = slot->state;
    const struct io_pool *pool = state->pool;

    state->running--;
    if (status < 0 || slot->bytes.is_short) {
        fprintf(stderr, "%s: %s\n", pool->program, uv_strerror(status < 0 ? status : UV_ENOMEM));
        state->end = IO_WRITE_FAILED;
        state->is_stopping = true;
    } else if (!pool->done(pool->context, slot->job, &slot->bytes)) {
        state->is_stopping = true;
    }
    slot->bytes.length = 0;
    io_pool_start(slot);
}

/* Gives a free slot its next job; the last slot without one ends the loop. */
static void
io_pool_start(struct io_pool_slot *slot)
{
    struct io_pool_state *state = slot->state;

    if (!state->is_stopping && state->next < state->pool->jobs) {
        slot->job = state->next++;
        if (uv_queue_work(&state->loop, &slot->request, io_pool_do, io_pool_done) == 0) {
            state->running++;
            return;
        }
        state->end = IO_WRITE_FAILED;
        state->is_stopping = true;
    }
    if (state->running == 0 && !uv_is_closing((uv_handle_t *)&state->tick))
        io_pool_close(state);
}

static void
io_pool_interrupted(uv_signal_t *handle, int number)
{
    struct io_pool_state *state = handle->data;

    (void)number;
    state->is_stopping = true;
    state->end = IO_INTERRUPTED;
}

static void
io_pool_tick(uv_timer_t *timer)
{
    struct io_pool_state *state = timer->data;

    state->pool->tick(state->pool->context);
}

/* libuv reads the pool's size when its first thread starts. */
static unsigned
io_pool_workers(const struct io_pool *pool)
{
    unsigned workers = pool->workers != 0 ? pool->workers : uv_available_parallelism();
    char number[16];

    workers = workers > IO_POOL_SLOTS / IO_POOL_AHEAD ? IO_POOL_SLOTS / IO_POOL_AHEAD : workers;
    snprintf(number, sizeof(number), "%u", workers);
    uv_os_setenv("UV_THREADPOOL_SIZE", number);
    return workers;
}

static void
io_pool_begin(struct io_pool_state *state)
{
    unsigned slots = IO_POOL_AHEAD * io_pool_workers(state->pool);

    uv_signal_init(&state->loop, &state->interrupt);
    state->interrupt.data = state;
    uv_signal_start(&state->interrupt, io_pool_interrupted, SIGINT);
    uv_timer_init(&state->loop, &state->tick);
    state->tick.data = state;
    if (state->pool->tick != NULL)
        uv_timer_start(&state->tick, io_pool_tick, state->pool->tick_ms, state->pool->tick_ms);
    io_limit_start(&state->loop, &state->limit, state->pool->program);
    for (unsigned i = 0; i < slots; i++) {
        state->slots[i].state = state;
        state->slots[i].request.data = &state->slots[i];
    }
    for (unsigned i = 0; i < slots; i++)
        io_pool_start(&state->slots[i]);
}

enum io_end
io_pool_run(const struct io_pool *pool)
{
    struct io_pool_state *state = calloc(1, sizeof(*state));
    enum io_end end = IO_WRITE_FAILED;

    if (state == NULL || uv_loop_init(&state->loop) < 0) {
        fprintf(stderr, "%s: cannot start\n", pool->program);
        free(state);
        return end;
    }
    state->pool = pool;
    io_pool_begin(state);
    uv_run(&state->loop, UV_RUN_DEFAULT);
    uv_loop_close(&state->loop);
    for (unsigned i = 0; i < IO_POOL_SLOTS; i++)
        io_bytes_free(&state->slots[i].bytes);
    end = state->end;
    free(state);
    return end;
}

uint64_t
io_now_ms(void)
{
    return uv_hrtime() / 1000000;
}
