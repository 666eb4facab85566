/*
 * io_watch.c - see io_watch.h
 */
#include "io/io_watch.h"

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

enum { IO_WATCH_MS = 150 };

struct io_watching {
    uv_loop_t loop;
    uv_signal_t interrupt;
    uv_fs_poll_t *files;
    int count;
    bool has_changed;
};

static void
io_watch_end(struct io_watching *watching)
{
    uv_close((uv_handle_t *)&watching->interrupt, NULL);
    for (int i = 0; i < watching->count; i++)
        uv_close((uv_handle_t *)&watching->files[i], NULL);
}

static void
io_watch_changed(uv_fs_poll_t *file, int status, const uv_stat_t *before, const uv_stat_t *after)
{
    struct io_watching *watching = file->data;

    (void)before;
    (void)after;
    /* A file that is just being replaced is not there for a moment. */
    if (status < 0 || watching->has_changed)
        return;
    watching->has_changed = true;
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
io_watch(char *const *paths, int count)
{
    struct io_watching watching = { .count = count,
                                    .files = calloc((size_t)count, sizeof(uv_fs_poll_t)) };

    if (watching.files == NULL || uv_loop_init(&watching.loop) < 0) {
        free(watching.files);
        return false;
    }
    uv_signal_init(&watching.loop, &watching.interrupt);
    watching.interrupt.data = &watching;
    uv_signal_start(&watching.interrupt, io_watch_interrupted, SIGINT);
    for (int i = 0; i < count; i++) {
        uv_fs_poll_init(&watching.loop, &watching.files[i]);
        watching.files[i].data = &watching;
        uv_fs_poll_start(&watching.files[i], io_watch_changed, paths[i], IO_WATCH_MS);
    }
    uv_run(&watching.loop, UV_RUN_DEFAULT);
    uv_loop_close(&watching.loop);
    free(watching.files);
    return watching.has_changed;
}
