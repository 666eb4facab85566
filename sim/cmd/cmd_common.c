/*
 * cmd_common.c - see cmd.h
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
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

static void
cmd_put_on_stderr(const char *before, const char *format, va_list arguments)
{
    struct io_bytes line = { 0 };

    io_bytes_text(&line, before);
    cmd_put_line(&line, format, arguments);
    if (line.length > 0)
        fwrite(line.data, 1, line.length, stderr);
    io_bytes_free(&line);
}

int
cmd_trouble(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    cmd_put_on_stderr("faultline: ", format, arguments);
    va_end(arguments);
    return CMD_TROUBLE;
}

void
cmd_warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    cmd_put_on_stderr("", format, arguments);
    va_end(arguments);
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

int
cmd_no_memory(struct io_bytes *err, const char *what)
{
    return cmd_complain(err, "%s: memory ran out", what);
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

static int cmd_print_error; /* errno of the first write that failed, or 0 */

static bool
cmd_print_note(bool is_written)
{
    if (!is_written && cmd_print_error == 0)
        cmd_print_error = errno;
    return cmd_print_error == 0;
}

bool
cmd_print(const char *bytes, size_t length)
{
    return cmd_print_note((length == 0 || fwrite(bytes, 1, length, stdout) == length) &&
                          fflush(stdout) == 0);
}

bool
cmd_print_line(const char *format, ...)
{
    struct io_bytes line = { 0 };
    va_list arguments;
    bool goes_on;

    va_start(arguments, format);
    cmd_put_line(&line, format, arguments);
    va_end(arguments);
    goes_on = cmd_print(line.data, line.length);
    io_bytes_free(&line);
    return goes_on;
}

/* As in the loop: a reader who has seen enough is no trouble. */
int
cmd_print_end(int code)
{
    if (cmd_print_note(fflush(stdout) == 0) || cmd_print_error == EPIPE || code > CMD_FINDINGS)
        return code;
    return cmd_trouble("cannot write the output: %s", strerror(cmd_print_error));
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

/* ---- worlds ---- */

static vmk_world_t *
cmd_world_slot(void)
{
    static _Thread_local vmk_world_t current;

    return &current;
}

void
cmd_worlds_by_thread(void)
{
    vmk_sim_keep_current(cmd_world_slot);
}

/* ---- the heap ---- */

static uint64_t cmd_heap_most = UINT64_MAX;
static atomic_uint_fast64_t cmd_heap_used; /* counted only with a limit */

void
cmd_limit_memory(uint64_t bytes)
{
    cmd_heap_most = bytes;
}

/* False: that would be more than the limit. */
static bool
cmd_heap_count(size_t size)
{
    if (cmd_heap_most == UINT64_MAX)
        return true;
    if (atomic_fetch_add(&cmd_heap_used, size) + size <= cmd_heap_most)
        return true;
    atomic_fetch_sub(&cmd_heap_used, size);
    return false;
}

static void *
cmd_take(void *context, size_t size)
{
    void *memory;

    (void)context;
    if (size > SIZE_MAX - CMD_ALIGNMENT || !cmd_heap_count(size))
        return NULL;
    memory =
        aligned_alloc(CMD_ALIGNMENT, (size + CMD_ALIGNMENT - 1) / CMD_ALIGNMENT * CMD_ALIGNMENT);
    if (memory == NULL && cmd_heap_most != UINT64_MAX)
        atomic_fetch_sub(&cmd_heap_used, size);
    return memory;
}

static void
cmd_give(void *context, void *memory, size_t size)
{
    (void)context;
    if (memory != NULL && cmd_heap_most != UINT64_MAX)
        atomic_fetch_sub(&cmd_heap_used, size);
    free(memory);
}

const struct vmm_alloc cmd_heap = { cmd_take, cmd_give, NULL };

bool
cmd_size(const char *option, const char *text, uint64_t *bytes)
{
    char *end;
    uint64_t number, unit = 1;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (*end != '\0')
        unit = end[1] != '\0' ? 0
               : *end == 'K'  ? 1024
               : *end == 'M'  ? 1 << 20
               : *end == 'G'  ? 1 << 30
                              : 0;
    if (text[0] < '0' || text[0] > '9' || errno != 0 || unit == 0 || number == 0 ||
        number > (UINT64_C(1) << 42) / unit) {
        cmd_trouble("%s %s: a size as 64K or 4G is wanted", option, text);
        return false;
    }
    *bytes = number * unit;
    return true;
}
