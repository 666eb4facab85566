/*
 * memtrace.c - from chunks to lines, records and blocks
 *
 * A chunk's whole lines are read where they lie. Only what is cut off at its end is kept, and a line that
 * does not fit what we keep is one bad line, however long it becomes.
 */
#include "memtrace_internal.h"

#include <string.h>

enum { SHOWN = 80 /* bytes of a bad line */, GUESSED = 4096 };

static const char *const format_names[MEMTRACE_FORMATS] = { "unknown",  "lackey", "din", "view",
                                                            "champsim", "plain",  "own" };
static const char *const verb_names[MEMTRACE_VERBS] = { "map",  "unmap",  "protect",
                                                        "wire", "unwire", "advise",
                                                        "fork", "cpu",    "space" };

const char *
memtrace_format_name(enum memtrace_format format)
{
    return format_names[format];
}

bool
memtrace_format_find(const char *name, enum memtrace_format *format)
{
    for (int i = MEMTRACE_LACKEY; i < MEMTRACE_FORMATS; i++) {
        if (strcmp(format_names[i], name) == 0) {
            *format = (enum memtrace_format)i;
            return true;
        }
    }
    return false;
}

const char *
memtrace_verb_name(enum memtrace_verb verb)
{
    return verb_names[verb];
}

bool
memtrace_verb_has_range(enum memtrace_verb verb)
{
    return verb <= MEMTRACE_ADVISE;
}

bool
memtrace_verb_has_value(enum memtrace_verb verb)
{
    return verb == MEMTRACE_MAP || verb == MEMTRACE_PROTECT || verb >= MEMTRACE_ADVISE;
}

/* ---- out ---- */

void
memtrace_flush(struct memtrace_reader *reader)
{
    if (reader->batch.count > 0 && !reader->is_stopped) {
        reader->references += reader->batch.count;
        reader->is_stopped = !reader->sink.references(reader->sink.context, &reader->batch);
    }
    reader->batch.count = 0;
}

void
memtrace_event_out(struct memtrace_reader *reader, const struct memtrace_event *event)
{
    memtrace_flush(reader);
    if (reader->is_stopped)
        return;
    reader->events++;
    reader->is_stopped = !reader->sink.event(reader->sink.context, event);
}

void
memtrace_bad(struct memtrace_reader *reader, const uint8_t *text, size_t length)
{
    memtrace_flush(reader);
    if (reader->is_stopped)
        return;
    reader->bad++;
    reader->is_stopped = !reader->sink.bad(reader->sink.context, reader->line, (const char *)text,
                                           length > SHOWN ? SHOWN : length);
}

void
memtrace_end(struct memtrace_reader *reader, const char *why)
{
    memtrace_flush(reader);
    reader->is_stopped = true;
    reader->why = why;
}

/* ---- lines ---- */

static void
memtrace_line(struct memtrace_reader *reader, const uint8_t *line, size_t length)
{
    bool is_good = false;

    reader->line++;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    switch (reader->format) {
    case MEMTRACE_LACKEY:
        is_good = memtrace_line_lackey(reader, line, length);
        break;
    case MEMTRACE_DIN:
        is_good = memtrace_line_din(reader, line, length);
        break;
    case MEMTRACE_VIEW:
        is_good = memtrace_line_view(reader, line, length);
        break;
    default:
        is_good = memtrace_line_plain(reader, line, length);
    }
    if (!is_good)
        memtrace_bad(reader, line, length);
}

/* Completes the line that the last chunk began; returns how many bytes of this one it took. */
static size_t
memtrace_complete_line(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = memchr(bytes, '\n', length);
    size_t part = end == NULL ? length : (size_t)(end - bytes);

    if (reader->skips_line) {
        reader->skips_line = end == NULL;
        return end == NULL ? length : part + 1;
    }
    if (part > MEMTRACE_LINE - reader->held_length) {
        reader->line++;
        memtrace_bad(reader, reader->held_length > 0 ? reader->held : bytes,
                     reader->held_length > 0 ? reader->held_length : part);
        reader->held_length = 0;
        reader->skips_line = end == NULL;
        return end == NULL ? length : part + 1;
    }
    memcpy(reader->held + reader->held_length, bytes, part);
    reader->held_length += part;
    if (end == NULL)
        return length;
    memtrace_line(reader, reader->held, reader->held_length);
    reader->held_length = 0;
    return part + 1;
}

static void
memtrace_feed_lines(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    const uint8_t *at = bytes, *end = bytes + length;

    if (reader->held_length > 0 || reader->skips_line)
        at += memtrace_complete_line(reader, at, length);
    while (at < end && !reader->is_stopped) {
        const uint8_t *newline;

        if (reader->format == MEMTRACE_LACKEY)
            at = memtrace_lackey_run(reader, at, end);
        newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL || newline - at > MEMTRACE_LINE) {
            at += memtrace_complete_line(reader, at, (size_t)(end - at));
            continue;
        }
        memtrace_line(reader, at, (size_t)(newline - at));
        at = newline + 1;
    }
}

/* ---- binaries ---- */

static size_t
memtrace_pieces(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    return reader->format == MEMTRACE_OWN ? memtrace_own(reader, bytes, length)
                                          : memtrace_champsim(reader, bytes, length);
}

/* Completes the piece that the last chunk began; returns how many bytes of this one it took. */
static size_t
memtrace_complete_piece(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    size_t wanted = reader->format == MEMTRACE_OWN
                        ? memtrace_own_wants(reader->held, reader->held_length)
                        : memtrace_champsim_wants(reader->held_length);
    size_t part = length < wanted ? length : wanted, used;

    memcpy(reader->held + reader->held_length, bytes, part);
    reader->held_length += part;
    used = memtrace_pieces(reader, reader->held, reader->held_length);
    memmove(reader->held, reader->held + used, reader->held_length - used);
    reader->held_length -= used;
    return part;
}

/* Whole pieces are read where they lie, if as much follows as may be read behind one. Others are held first. */
static void
memtrace_feed_binary(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    while (length > 0 && !reader->is_stopped) {
        size_t used = 0;

        if (reader->held_length == 0 && length > MEMTRACE_BEHIND)
            used = memtrace_pieces(reader, bytes, length - MEMTRACE_BEHIND);
        if (used == 0)
            used = memtrace_complete_piece(reader, bytes, length);
        bytes += used;
        length -= used;
    }
}

/* ---- what it is ---- */

static bool
is_hex(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

static enum memtrace_format
memtrace_guess_line(const uint8_t *line, size_t length)
{
    bool is_reference = length > 3 && line[2] == ' ' && is_hex(line[3]);

    if (length > 2 && line[0] == '=' && line[1] == '=')
        return MEMTRACE_LACKEY;
    if (is_reference && ((line[0] == 'I' && line[1] == ' ') ||
                         (line[0] == ' ' && memchr("LSM", line[1], 3) != NULL)))
        return MEMTRACE_LACKEY;
    if (length > 2 && line[0] >= '0' && line[0] <= '4' && line[1] == ' ' && is_hex(line[2]))
        return MEMTRACE_DIN;
    if ((length > 14 && memcmp(line, "Output format:", 14) == 0) ||
        (length > 9 && memcmp(line, "<--record", 9) == 0))
        return MEMTRACE_VIEW;
    for (size_t i = 0; i + 9 < length; i++) {
        if (memcmp(line + i, "byte(s) @", 9) == 0 || memcmp(line + i, "<marker: ", 9) == 0)
            return MEMTRACE_VIEW;
    }
    return MEMTRACE_UNKNOWN;
}

enum memtrace_format
memtrace_guess(const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length;

    if (length >= 8 && memcmp(bytes, "FLTRACE", 7) == 0)
        return MEMTRACE_OWN;
    while (bytes < end) {
        const uint8_t *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t line = newline == NULL ? (size_t)(end - bytes) : (size_t)(newline - bytes);
        enum memtrace_format format = memtrace_guess_line(bytes, line);

        if (format != MEMTRACE_UNKNOWN)
            return format;
        bytes += newline == NULL ? line : line + 1;
    }
    return MEMTRACE_PLAIN;
}

/* ---- the reader ---- */

void
memtrace_reader_init(struct memtrace_reader *reader, enum memtrace_format format,
                     const struct memtrace_sink *sink)
{
    memset(reader, 0, sizeof *reader);
    reader->format = format;
    reader->sink = *sink;
    memtrace_codes(reader->codes);
}

static void
memtrace_feed_known(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    if (reader->format == MEMTRACE_OWN || reader->format == MEMTRACE_CHAMPSIM)
        memtrace_feed_binary(reader, bytes, length);
    else
        memtrace_feed_lines(reader, bytes, length);
}

/* The first bytes are held until there are enough of them to tell, then read as any others. */
static void
memtrace_decide(struct memtrace_reader *reader)
{
    uint8_t first[GUESSED];
    size_t length = reader->held_length;

    memcpy(first, reader->held, length);
    reader->held_length = 0;
    reader->format = memtrace_guess(first, length);
    memtrace_feed_known(reader, first, length);
}

bool
memtrace_feed(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    while (reader->format == MEMTRACE_UNKNOWN && length > 0) {
        size_t room = GUESSED - reader->held_length;
        size_t part = length < room ? length : room;

        memcpy(reader->held + reader->held_length, bytes, part);
        reader->held_length += part;
        bytes += part;
        length -= part;
        if (reader->held_length == GUESSED)
            memtrace_decide(reader);
    }
    if (length > 0)
        memtrace_feed_known(reader, bytes, length);
    return !reader->is_stopped;
}

bool
memtrace_finish(struct memtrace_reader *reader)
{
    if (reader->format == MEMTRACE_UNKNOWN)
        memtrace_decide(reader);
    if (!reader->is_stopped && reader->format == MEMTRACE_OWN) {
        if (!reader->is_complete)
            memtrace_end(reader, "ends early: its index is missing");
    } else if (!reader->is_stopped && reader->held_length > 0) {
        if (reader->format == MEMTRACE_CHAMPSIM)
            memtrace_end(reader, "ends in the middle of a 64-byte record");
        else
            memtrace_line(reader, reader->held, reader->held_length);
    }
    reader->held_length = 0;
    memtrace_flush(reader);
    if (reader->why == NULL && reader->references + reader->events == 0)
        reader->why = reader->bad > 0 ? "has no line that is a reference" : "has no reference";
    return reader->why == NULL;
}

const char *
memtrace_why(const struct memtrace_reader *reader)
{
    return reader->why;
}
