/* memtrace_fuzz.c - see memtrace_fuzz.h */
#include "memtrace_fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "counting_alloc.h"
#include "memtrace_own.h"

struct listening {
    uint64_t digest;
    struct memtrace_writer *writer; /* or NULL */
};

struct growing {
    char *bytes;
    size_t length, room;
};

static void
mix(struct listening *listening, uint64_t value)
{
    listening->digest = (listening->digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    listening->digest ^= listening->digest >> 29;
}

static bool
hear_references(void *context, const struct memtrace_batch *batch)
{
    struct listening *listening = context;

    for (size_t i = 0; i < batch->count; i++) {
        mix(listening, batch->va[i]);
        mix(listening, batch->how[i]);
        if (MEMTRACE_SIZE(batch->how[i]) == 0 || MEMTRACE_SIZE(batch->how[i]) > MEMTRACE_SIZE_MAX)
            abort();
    }
    if (listening->writer != NULL)
        memtrace_write(listening->writer, batch);
    return true;
}

static bool
hear_event(void *context, const struct memtrace_event *event)
{
    struct listening *listening = context;

    mix(listening, event->verb);
    mix(listening, event->va);
    mix(listening, event->length);
    mix(listening, event->value);
    if (listening->writer != NULL)
        memtrace_write_event(listening->writer, event);
    return true;
}

static bool
hear_bad(void *context, uint64_t line, const char *text, size_t length)
{
    (void)context;
    (void)line;
    if (length > 0 && text[length - 1] == '\n')
        abort(); /* the text of one line */
    return true;
}

/* The digest of what is heard, and whether the trace was whole. */
static uint64_t
listen(enum memtrace_format format, const uint8_t *data, size_t size, size_t piece,
       struct memtrace_writer *writer, bool *is_whole)
{
    static struct memtrace_reader reader;
    struct listening listening = { 1, writer };
    const struct memtrace_sink sink = { &listening, hear_references, hear_event, hear_bad };

    memtrace_reader_init(&reader, format, &sink);
    for (size_t at = 0; at < size; at += piece) {
        if (!memtrace_feed(&reader, data + at, size - at < piece ? size - at : piece))
            break;
    }
    *is_whole = memtrace_finish(&reader);
    if (*is_whole == (memtrace_why(&reader) != NULL))
        abort();
    return listening.digest;
}

static void
grow(void *context, const char *bytes, size_t length)
{
    struct growing *file = context;

    if (length > file->room - file->length) {
        file->room = (file->length + length) * 2;
        file->bytes = realloc(file->bytes, file->room);
        if (file->bytes == NULL)
            abort();
    }
    memcpy(file->bytes + file->length, bytes, length);
    file->length += length;
}

void
memtrace_fuzz(enum memtrace_format format, const uint8_t *data, size_t size)
{
    static struct memtrace_writer writer;
    struct growing file = { 0 };
    const struct core_out out = { grow, &file };
    struct counting_alloc counting;
    bool is_whole, is_whole_too;
    uint64_t digest;

    counting_alloc_init(&counting);
    memtrace_writer_init(&writer, &counting.alloc, &out);
    digest = listen(format, data, size, size + 1, &writer, &is_whole);
    if (listen(format, data, size, 1 + size % 61, NULL, &is_whole_too) != digest ||
        is_whole != is_whole_too)
        abort();
    if (!memtrace_writer_finish(&writer))
        abort();
    memtrace_writer_free(&writer);
    if (is_whole && (listen(MEMTRACE_OWN, (const uint8_t *)file.bytes, file.length, 4096, NULL,
                            &is_whole_too) != digest ||
                     !is_whole_too))
        abort();
    free(file.bytes);
}
