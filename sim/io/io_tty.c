/* io_tty.c - see io_tty.h */
#include "io/io_tty.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct io_tty {
    uv_loop_t loop;
    uv_tty_t in, out;
    uv_signal_t resized;
    const struct io_tty_user *user;
    char keys[256];
    bool is_lost;
};

/* Writes what the terminal takes; drawing again makes up for what it does not. */
static void
io_tty_put(struct io_tty *tty, const struct io_bytes *bytes)
{
    size_t at = 0;

    while (at < bytes->length) {
        uv_buf_t buffer = uv_buf_init(bytes->data + at, (unsigned)(bytes->length - at));
        int put = uv_try_write((uv_stream_t *)&tty->out, &buffer, 1);

        if (put == UV_EAGAIN)
            continue;
        if (put < 0) {
            tty->is_lost = true;
            return;
        }
        at += (size_t)put;
    }
}

static void
io_tty_put_text(struct io_tty *tty, const char *text)
{
    struct io_bytes bytes = { 0 };

    io_bytes_text(&bytes, text);
    io_tty_put(tty, &bytes);
    io_bytes_free(&bytes);
}

/* The lines, each cut to the width, the rest of each line and of the screen cleared. */
static void
io_tty_frame(const struct io_bytes *lines, unsigned columns, unsigned rows, struct io_bytes *frame)
{
    const char *at = lines->data;
    const char *end = at != NULL ? at + lines->length : NULL;

    io_bytes_text(frame, "\033[H");
    for (unsigned row = 0; row < rows && at < end; row++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line_end != NULL ? line_end : end) - at);

        io_bytes_text(frame, row > 0 ? "\n" : "");
        io_bytes_put(frame, at, length < columns ? length : columns);
        io_bytes_text(frame, "\033[K");
        at = line_end != NULL ? line_end + 1 : end;
    }
    io_bytes_text(frame, "\033[J");
}

static void
io_tty_draw(struct io_tty *tty)
{
    struct io_bytes lines = { 0 }, frame = { 0 };
    int columns = 80, rows = 24;

    if (uv_tty_get_winsize(&tty->out, &columns, &rows) != 0 || columns < 1 || rows < 1) {
        columns = 80;
        rows = 24;
    }
    tty->user->draw(tty->user->context, (unsigned)columns, (unsigned)rows, &lines);
    io_tty_frame(&lines, (unsigned)columns, (unsigned)rows, &frame);
    io_tty_put(tty, &frame);
    io_bytes_free(&lines);
    io_bytes_free(&frame);
}

static void
io_tty_resized(uv_signal_t *signal, int number)
{
    (void)number;
    io_tty_draw(signal->data);
}

static void
io_tty_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct io_tty *tty = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(tty->keys, sizeof(tty->keys));
}

/* A handle that was never made has no data. */
static void
io_tty_close(uv_handle_t *handle)
{
    if (handle->data != NULL && !uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void
io_tty_typed(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct io_tty *tty = stream->data;

    tty->is_lost |= length < 0;
    if (length < 0 || !tty->user->key(tty->user->context, buffer->base, (size_t)length)) {
        io_tty_close((uv_handle_t *)&tty->in);
        io_tty_close((uv_handle_t *)&tty->resized);
        return;
    }
    io_tty_draw(tty);
}

static bool
io_tty_begin(struct io_tty *tty)
{
    if (uv_tty_init(&tty->loop, &tty->in, 0, 1) != 0)
        return false;
    tty->in.data = tty;
    if (uv_tty_init(&tty->loop, &tty->out, 1, 0) != 0)
        return false;
    tty->out.data = tty;
    if (uv_signal_init(&tty->loop, &tty->resized) != 0)
        return false;
    tty->resized.data = tty;
    return uv_tty_set_mode(&tty->in, UV_TTY_MODE_RAW) == 0;
}

bool
io_tty_run(const struct io_tty_user *user)
{
    struct io_tty *tty = calloc(1, sizeof(*tty));
    bool is_lost = true;

    if (tty == NULL || uv_loop_init(&tty->loop) != 0) {
        free(tty);
        return false;
    }
    tty->user = user;
    if (io_tty_begin(tty)) {
        io_tty_put_text(tty, "\033[?1049h\033[?25l"); /* another screen, no cursor */
        uv_signal_start(&tty->resized, io_tty_resized, SIGWINCH);
        uv_read_start((uv_stream_t *)&tty->in, io_tty_room, io_tty_typed);
        io_tty_draw(tty);
        uv_run(&tty->loop, UV_RUN_DEFAULT);
        io_tty_put_text(tty, "\033[?25h\033[?1049l");
        is_lost = tty->is_lost;
    }
    uv_tty_reset_mode();
    io_tty_close((uv_handle_t *)&tty->in);
    io_tty_close((uv_handle_t *)&tty->resized);
    io_tty_close((uv_handle_t *)&tty->out);
    uv_run(&tty->loop, UV_RUN_DEFAULT);
    uv_loop_close(&tty->loop);
    free(tty);
    return !is_lost;
}
