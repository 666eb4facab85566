/*
 * step_screen.c - faultline step on a terminal
 *
 *     title, event, what it means       3 lines
 *     the view, scrolled                the rest
 *     what was said, or the keys        1 line
 */
#include <string.h>

#include "cmd/step.h"
#include "io/io_tty.h"

static const char screen_keys[] =
    "arrows: event, line  m o w t c: view  j k: scroll  : command  ? help  q: quit";

enum { SCREEN_HEAD = 4, SCREEN_FOOT = 1 };

struct screen {
    struct step *step;
    struct io_bytes said; /* by the last command */
    char typed[128];      /* behind ':' */
    size_t typed_length;
    bool is_typing;
    size_t scroll;
};

static size_t
screen_lines(const struct io_bytes *bytes)
{
    size_t lines = 0;

    for (size_t i = 0; i < bytes->length; i++)
        lines += bytes->data[i] == '\n';
    return lines;
}

/* `count` lines of the text from line `from` on; empty ones where it has ended. */
static void
screen_put_lines(const struct io_bytes *text, size_t from, size_t count, struct io_bytes *out)
{
    size_t line = 0;

    for (size_t i = 0; i < text->length && line < from + count; i++) {
        if (line >= from)
            io_bytes_put(out, &text->data[i], 1);
        line += text->data[i] == '\n';
    }
    for (line = line > from ? line - from : 0; line < count; line++)
        io_bytes_text(out, "\n");
}

static void
screen_draw(void *context, unsigned columns, unsigned rows, struct io_bytes *out)
{
    struct screen *screen = context;
    struct io_bytes body = { 0 };
    size_t room = rows > SCREEN_HEAD + SCREEN_FOOT ? rows - SCREEN_HEAD - SCREEN_FOOT : 1;
    struct io_bytes head = { 0 };

    (void)columns;
    io_bytes_format(&head, "%s  %s\n", screen->step->file,
                    step_view_name(screen->step->request.view));
    step_put_event(screen->step, &head);
    screen_put_lines(&head, 0, SCREEN_HEAD, out);
    if (screen_lines(&screen->said) > 1)
        io_bytes_put(&body, screen->said.data, screen->said.length);
    else
        step_put_view(screen->step, &body);
    if (screen->scroll >= screen_lines(&body))
        screen->scroll = screen_lines(&body) > 0 ? screen_lines(&body) - 1 : 0;
    screen_put_lines(&body, screen->scroll, room, out);
    if (screen->is_typing)
        io_bytes_format(out, ":%.*s_", (int)screen->typed_length, screen->typed);
    else if (screen_lines(&screen->said) == 1)
        io_bytes_put(out, screen->said.data, screen->said.length - 1);
    else
        io_bytes_text(out, screen_keys);
    io_bytes_free(&head);
    io_bytes_free(&body);
}

static void
screen_do(struct screen *screen, const char *command)
{
    io_bytes_free(&screen->said);
    screen->said = (struct io_bytes){ 0 };
    step_do(screen->step, command, &screen->said);
}

/* What a key says as a command; NULL: it is none. Escape sequences are keys as xterm sends them. */
static const char *
screen_command(const char *bytes, size_t length)
{
    static const struct {
        const char *key;
        const char *command;
    } keys[] = {
        { "\033[C", "next" },   { "\033[D", "back" },
        { "\033[B", "line" },   { "\033[A", "line-back" },
        { "\033[H", "first" },  { "\033[F", "last" },
        { "\033[1~", "first" }, { "\033[4~", "last" },
        { "\033OC", "next" },   { "\033OD", "back" },
        { "\033OB", "line" },   { "\033OA", "line-back" },
        { " ", "next" },        { "n", "next" },
        { "b", "back" },        { "m", "maps" },
        { "o", "objects" },     { "w", "walk" },
        { "t", "tlb" },         { "c", "counters" },
        { "s", "say" },         { "?", "help" },
        { "q", "quit" },        { "\003", "quit" },
        { "\004", "quit" },     { "\r", "next" },
    };

    for (size_t i = 0; i < VMM_COUNT_OF(keys); i++) {
        if (strlen(keys[i].key) == length && memcmp(keys[i].key, bytes, length) == 0)
            return keys[i].command;
    }
    return NULL;
}

static void
screen_begin_typing(struct screen *screen)
{
    screen->is_typing = true;
    screen->typed_length = 0;
}

/* A key while a command is typed. */
static void
screen_type(struct screen *screen, char key)
{
    if (key == '\r' || key == '\n') {
        screen->typed[screen->typed_length] = '\0';
        screen->is_typing = false;
        if (screen->typed_length > 0)
            screen_do(screen, screen->typed);
    } else if (key == '\033' || key == '\003') {
        screen->is_typing = false;
    } else if (key == '\177' || key == '\b') {
        screen->typed_length -= screen->typed_length > 0;
    } else if (key >= ' ' && screen->typed_length < sizeof(screen->typed) - 1) {
        screen->typed[screen->typed_length++] = key;
    }
}

/* Takes one key off the front; how many bytes it had. */
static size_t
screen_take(struct screen *screen, const char *bytes, size_t length)
{
    size_t taken = 1;
    const char *command;

    if (screen->is_typing) {
        screen_type(screen, bytes[0]);
        return 1;
    }
    if (bytes[0] == '\033' && length >= 3)
        taken = bytes[2] >= '0' && bytes[2] <= '9' && length >= 4 ? 4 : 3;
    command = screen_command(bytes, taken);
    if (command != NULL)
        screen_do(screen, command);
    else if (bytes[0] == ':')
        screen_begin_typing(screen);
    else if (bytes[0] == 'j')
        screen->scroll++;
    else if (bytes[0] == 'k')
        screen->scroll -= screen->scroll > 0;
    return taken;
}

static bool
screen_key(void *context, const char *bytes, size_t length)
{
    struct screen *screen = context;

    while (length > 0 && !screen->step->is_over) {
        size_t taken = screen_take(screen, bytes, length);

        bytes += taken;
        length -= taken;
    }
    return !screen->step->is_over;
}

int
step_screen(struct step *step)
{
    struct screen screen = { .step = step };
    const struct io_tty_user user = { &screen, screen_draw, screen_key };
    bool is_kept;

    screen_do(&screen, "first");
    is_kept = io_tty_run(&user);
    io_bytes_free(&screen.said);
    return is_kept ? CMD_CLEAN : cmd_trouble("the terminal went away");
}
