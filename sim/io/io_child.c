/*
 * io_child.c - see io_child.h
 */
#include "io/io_child.h"

#include <signal.h>
#include <stdio.h>
#include <uv.h>

enum { IO_CHILD_CHUNK = 1 << 16 };

struct io_childhood {
    struct io_child *child;
    uv_loop_t loop;
    uv_process_t process;
    uv_pipe_t pipe;
    uv_signal_t interrupt;
    bool has_exited;
    char chunk[IO_CHILD_CHUNK];
};

static void
io_child_close(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void
io_child_end(struct io_childhood *life)
{
    if (life->has_exited || life->child->was_ended)
        return;
    life->child->was_ended = true;
    uv_process_kill(&life->process, SIGTERM);
}

static void
io_child_exited(uv_process_t *process, int64_t code, int number)
{
    struct io_childhood *life = process->data;

    life->has_exited = true;
    life->child->exit_code = code;
    life->child->signal = number;
    io_child_close((uv_handle_t *)process);
    io_child_close((uv_handle_t *)&life->interrupt);
}

static void
io_child_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    struct io_childhood *life = handle->data;

    (void)wanted;
    *buffer = uv_buf_init(life->chunk, sizeof life->chunk);
}

static void
io_child_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct io_childhood *life = stream->data;

    if (got < 0) {
        io_child_close((uv_handle_t *)stream);
        return;
    }
    if (got == 0 || life->child->was_ended)
        return;
    if (!life->child->take(life->child->context, (const uint8_t *)buffer->base, (size_t)got))
        io_child_end(life);
}

static void
io_child_interrupted(uv_signal_t *handle, int number)
{
    struct io_childhood *life = handle->data;

    (void)number;
    life->child->was_interrupted = true;
    io_child_end(life);
}

bool
io_child_run(struct io_child *child, char why[IO_WHY_BYTES])
{
    static struct io_childhood life;
    uv_stdio_container_t stdio[IO_CHILD_DESCRIPTOR + 1];
    uv_process_options_t options = { .file = child->words[0],
                                     .args = (char **)(uintptr_t)child->words,
                                     .exit_cb = io_child_exited,
                                     .stdio = stdio,
                                     .stdio_count = child->descriptor + 1 };
    int code = uv_loop_init(&life.loop);

    if (code == 0) {
        life.child = child;
        life.has_exited = false;
        uv_pipe_init(&life.loop, &life.pipe, 0);
        uv_signal_init(&life.loop, &life.interrupt);
        life.process.data = life.pipe.data = life.interrupt.data = &life;
        for (int i = 0; i < child->descriptor; i++)
            stdio[i] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = i };
        stdio[child->descriptor] =
            (uv_stdio_container_t){ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
                                    .data.stream = (uv_stream_t *)&life.pipe };
        code = uv_spawn(&life.loop, &life.process, &options);
        if (code == 0) {
            uv_signal_start(&life.interrupt, io_child_interrupted, SIGINT);
            uv_read_start((uv_stream_t *)&life.pipe, io_child_room, io_child_read);
        } else {
            io_child_close((uv_handle_t *)&life.process);
            io_child_close((uv_handle_t *)&life.pipe);
            io_child_close((uv_handle_t *)&life.interrupt);
        }
        uv_run(&life.loop, UV_RUN_DEFAULT);
        uv_loop_close(&life.loop);
    }
    if (code < 0)
        snprintf(why, IO_WHY_BYTES, "%s", uv_strerror(code));
    return code == 0;
}
