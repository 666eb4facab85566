/*
 * io_watch.c - see io_watch.h
 */
#include "io/io_watch.h"

#include <signal.h>
#include <uv.h>

enum { IO_WATCH_MS = 150 };

struct io_watching {
    uv_loop_t loop;
    uv_signal_t interrupt;
    uv_timer_t timer;
    char *const *paths;
    int count;
    const struct io_stamp *stamps;
    bool has_changed;
};

/* Of a file that is not there: zeros. */
static struct io_stamp
io_stamp_of(const char *path)
{
    struct io_stamp stamp = { 0 };
    uv_fs_t request;

    if (uv_fs_stat(NULL, &request, path, NULL) == 0) {
        const uv_stat_t *stat = &request.statbuf;

        stamp = (struct io_stamp){ .second = (uint64_t)stat->st_mtim.tv_sec,
                                   .nanosecond = (uint64_t)stat->st_mtim.tv_nsec,
                                   .bytes = stat->st_size,
                                   .inode = stat->st_ino };
    }
    uv_fs_req_cleanup(&request);
    return stamp;
}

void
io_stamps_take(char *const *paths, int count, struct io_stamp *stamps)
{
    for (int i = 0; i < count; i++)
        stamps[i] = io_stamp_of(paths[i]);
}

bool
io_stamp_differs(const struct io_stamp *before, const struct io_stamp *now)
{
    return now->inode != 0 &&
           (now->second != before->second || now->nanosecond != before->nanosecond ||
            now->bytes != before->bytes || now->inode != before->inode);
}

static void
io_watch_end(struct io_watching *watching)
{
    uv_close((uv_handle_t *)&watching->interrupt, NULL);
    uv_close((uv_handle_t *)&watching->timer, NULL);
}

static void
io_watch_look(uv_timer_t *timer)
{
    struct io_watching *watching = timer->data;

    for (int i = 0; i < watching->count && !watching->has_changed; i++) {
        struct io_stamp now = io_stamp_of(watching->paths[i]);

        watching->has_changed = io_stamp_differs(&watching->stamps[i], &now);
    }
    if (watching->has_changed)
        io_watch_end(watching);
}

static void
io_watch_interrupted(uv_signal_t *handle, int number)
{
    struct io_watching *watching = handle->data;

    (void)number;
    if (!watching->has_changed)
        io_watch_end(watching);
}

bool
io_watch(char *const *paths, int count, const struct io_stamp *stamps)
{
    struct io_watching watching = { .paths = paths, .count = count, .stamps = stamps };

    if (uv_loop_init(&watching.loop) < 0)
        return false;
    uv_signal_init(&watching.loop, &watching.interrupt);
    uv_timer_init(&watching.loop, &watching.timer);
    watching.interrupt.data = watching.timer.data = &watching;
    uv_signal_start(&watching.interrupt, io_watch_interrupted, SIGINT);
    uv_timer_start(&watching.timer, io_watch_look, 0, IO_WATCH_MS);
    uv_run(&watching.loop, UV_RUN_DEFAULT);
    uv_loop_close(&watching.loop);
    return watching.has_changed;
}
