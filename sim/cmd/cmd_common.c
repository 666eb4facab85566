/*
 * cmd_common.c - see cmd.h
 */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core_out.h"

enum { CMD_LINE_BYTES = 1024, CMD_ALIGNMENT = 64 };

/* One line: a name in it may carry line ends and worse, and be as long as it likes. */
static void
cmd_put_line(struct io_bytes *err, const char *format, va_list arguments)
{
    struct core_out to = cmd_out(err);
    char line[CMD_LINE_BYTES];

    vsnprintf(line, sizeof(line), format, arguments);
    core_put_clean(&to, line);
    core_put(&to, "\n");
}

int
cmd_trouble(const char *format, ...)
{
    struct io_bytes line = { 0 };
    va_list arguments;

    io_bytes_text(&line, "faultline: ");
    va_start(arguments, format);
    cmd_put_line(&line, format, arguments);
    va_end(arguments);
    fwrite(line.data, 1, line.length, stderr);
    io_bytes_free(&line);
    return CMD_TROUBLE;
}

int
cmd_complain(struct io_bytes *err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    cmd_put_line(err, format, arguments);
    va_end(arguments);
    return CMD_TROUBLE;
}

static bool
cmd_say_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    const char *const *text = context;

    (void)err;
    io_bytes_text(out, *text);
    return false;
}

int
cmd_say(const char *text)
{
    int code = CMD_CLEAN;

    return cmd_work(cmd_say_work, &text, &code);
}

int
cmd_work(io_work work, void *context, const int *code)
{
    switch (io_loop_run("faultline", work, context)) {
    case IO_INTERRUPTED:
        return IO_EXIT_INTERRUPTED;
    case IO_WRITE_FAILED:
        return CMD_TROUBLE;
    case IO_READER_GONE:
    case IO_DONE:
        break;
    }
    return *code;
}

struct core_out
cmd_out(struct io_bytes *bytes)
{
    return (struct core_out){ io_bytes_put, bytes };
}

bool
cmd_wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (no_colour != NULL && no_colour[0] != '\0')
        return false;
    return io_is_terminal(1) && term != NULL && strcmp(term, "dumb") != 0;
}

static void *
cmd_take(void *context, size_t size)
{
    (void)context;
    if (size > SIZE_MAX - CMD_ALIGNMENT)
        return NULL;
    return aligned_alloc(CMD_ALIGNMENT, (size + CMD_ALIGNMENT - 1) / CMD_ALIGNMENT * CMD_ALIGNMENT);
}

static void
cmd_give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

const struct vmm_alloc cmd_heap = { cmd_take, cmd_give, NULL };
