/*
 * io_loop.c - see io_loop.h
 *
 *     start --> work (pool) --> write err --> write out --+--> end
 *                 ^                                       |
 *                 +------------- more work ---------------+
 *
 * Writes go through the pool too (uv_fs_write): a slow reader blocks a pool thread and not the loop.
 */
#include "io/io_loop.h"

#include "io/io_limit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { IO_RETRY_MS = 5 }; /* a descriptor that somebody made non-blocking is asked again */

struct io_stream {
    uv_file file;
    struct io_bytes bytes;
    size_t written;
};

struct io_loop {
    uv_loop_t loop;
    uv_work_t work_request;
    uv_fs_t write_request;
    uv_signal_t interrupt;
    uv_timer_t retry;
    uv_timer_t limit;
    const char *program;
    io_work work;
    void *context;
    bool is_working; /* a pool thread is inside `work` */
    bool has_more;
    struct io_stream err, out;
    enum io_end end;
};

static void io_loop_write(struct io_loop *io);

static void
io_loop_end(struct io_loop *io, enum io_end end)
{
    io->end = end;
    uv_close((uv_handle_t *)&io->interrupt, NULL);
    uv_close((uv_handle_t *)&io->retry, NULL);
    uv_close((uv_handle_t *)&io->limit, NULL);
}

static void
io_loop_fail(struct io_loop *io, const char *what)
{
    fprintf(stderr, "%s: cannot write the output: %s\n", io->program, what);
    io_loop_end(io, IO_WRITE_FAILED);
}

static void
io_loop_do_work(uv_work_t *request)
{
    struct io_loop *io = request->data;

    io->has_more = io->work(io->context, &io->out.bytes, &io->err.bytes);
}

static void
io_loop_work_done(uv_work_t *request, int status)
{
    struct io_loop *io = request->data;

    io->is_working = false;
    if (status < 0)
        io_loop_fail(io, uv_strerror(status));
    else if (io->out.bytes.is_short || io->err.bytes.is_short)
        io_loop_fail(io, uv_strerror(UV_ENOMEM));
    else
        io_loop_write(io);
}

static void
io_loop_start_work(struct io_loop *io)
{
    int code;

    io_bytes_free(&io->err.bytes);
    io_bytes_free(&io->out.bytes);
    io->err.written = 0;
    io->out.written = 0;
    io->is_working = true;
    code = uv_queue_work(&io->loop, &io->work_request, io_loop_do_work, io_loop_work_done);
    if (code < 0)
        io_loop_fail(io, uv_strerror(code));
}

/* What is not written yet: warnings before results. NULL: nothing. */
static struct io_stream *
io_loop_unwritten(struct io_loop *io)
{
    if (io->err.written < io->err.bytes.length)
        return &io->err;
    return io->out.written < io->out.bytes.length ? &io->out : NULL;
}

static void
io_loop_retry(uv_timer_t *timer)
{
    struct io_loop *io = timer->data;

    io_loop_write(io);
}

static void
io_loop_written(uv_fs_t *request)
{
    struct io_loop *io = request->data;
    struct io_stream *stream = io_loop_unwritten(io);
    ssize_t got = request->result;

    uv_fs_req_cleanup(request);
    if (uv_is_closing((uv_handle_t *)&io->retry))
        return;
    if (got == UV_EAGAIN) {
        uv_timer_start(&io->retry, io_loop_retry, IO_RETRY_MS, 0);
    } else if (got == UV_EPIPE) {
        io_loop_end(io, IO_READER_GONE);
    } else if (got < 0) {
        io_loop_fail(io, uv_strerror((int)got));
    } else {
        stream->written += (size_t)got;
        io_loop_write(io);
    }
}

/* Writes what is left; with nothing left, the next piece starts or the loop ends. */
static void
io_loop_write(struct io_loop *io)
{
    struct io_stream *stream = io_loop_unwritten(io);
    uv_buf_t buffer;
    size_t left;
    int code;

    if (stream == NULL) {
        if (io->has_more)
            io_loop_start_work(io);
        else
            io_loop_end(io, IO_DONE);
        return;
    }
    left = stream->bytes.length - stream->written;
    buffer = uv_buf_init(stream->bytes.data + stream->written,
                         (unsigned)(left < (1u << 20) ? left : (1u << 20)));
    code =
        uv_fs_write(&io->loop, &io->write_request, stream->file, &buffer, 1, -1, io_loop_written);
    if (code < 0)
        io_loop_fail(io, uv_strerror(code));
}

/*
 * Ctrl-C. A piece of work or a write that runs on the pool cannot be called back, and waiting for
 * it could take for ever, so the process ends here. It has made no file that would need cleaning.
 */
static void
io_loop_interrupted(uv_signal_t *handle, int number)
{
    struct io_loop *io = handle->data;

    (void)number;
    if (io->is_working || io_loop_unwritten(io) != NULL)
        _Exit(IO_EXIT_INTERRUPTED);
    io_loop_end(io, IO_INTERRUPTED);
}

static void
io_loop_begin(struct io_loop *io)
{
    io->work_request.data = io;
    io->write_request.data = io;
    uv_signal_init(&io->loop, &io->interrupt);
    io->interrupt.data = io;
    uv_signal_start(&io->interrupt, io_loop_interrupted, SIGINT);
    uv_timer_init(&io->loop, &io->retry);
    io->retry.data = io;
    io_limit_start(&io->loop, &io->limit, io->program);
    io_loop_start_work(io);
}

enum io_end
io_loop_run(const char *program, io_work work, void *context)
{
    struct io_loop io = { .program = program, .work = work, .context = context };
    int code = uv_loop_init(&io.loop);

    if (code < 0) {
        fprintf(stderr, "%s: cannot start: %s\n", program, uv_strerror(code));
        return IO_WRITE_FAILED;
    }
    signal(SIGPIPE, SIG_IGN);
    io.err.file = 2;
    io.out.file = 1;
    io_loop_begin(&io);
    uv_run(&io.loop, UV_RUN_DEFAULT);
    uv_loop_close(&io.loop);
    io_bytes_free(&io.err.bytes);
    io_bytes_free(&io.out.bytes);
    return io.end;
}

void
io_guard_standard(void)
{
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        /* The lowest free number is the missing one. Output that was closed must fail, so 1 is
         * opened for reading only. */
        int how = descriptor == 1 ? O_RDONLY : O_RDWR;

        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", how) != descriptor)
            _Exit(2);
    }
}

bool
io_is_terminal(int descriptor)
{
    return uv_guess_handle(descriptor) == UV_TTY;
}
