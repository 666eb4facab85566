/* memtrace_fuzz.c - see memtrace_fuzz.h */
#include "memtrace_fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "counting_alloc.h"
#include "memtrace_own.h"

/* By visits, a reference that stays is only in `likes`: a sum, as nobody knows its place. */
enum ear { EAR_REFERENCES, EAR_VISITS, EAR_VISITS_OF_REFERENCES };

struct listening {
    uint64_t digest, likes;
    struct memtrace_writer *writer; /* or NULL */
    enum ear ear;
    struct memtrace_slots slots;
    const struct memtrace_block *block;
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

static uint64_t
like(uint64_t word)
{
    return (word + 1) * UINT64_C(0xd1342543de82ef95);
}

static void
break_slots(struct listening *listening)
{
    listening->slots = (struct memtrace_slots){ { 0 }, { 0 } };
}

static void
hear_reference(struct listening *listening, uint64_t va, uint32_t how)
{
    uint64_t page = va >> MEMTRACE_PAGE_SHIFT;
    bool crosses = memtrace_crosses(va, how);

    if (MEMTRACE_SIZE(how) == 0 || MEMTRACE_SIZE(how) > MEMTRACE_SIZE_MAX)
        abort();
    if (listening->ear == EAR_REFERENCES || crosses) {
        mix(listening, va);
        mix(listening, how);
        break_slots(listening);
        return;
    }
    listening->likes += like(page << 2 | MEMTRACE_KIND(how));
    if (!memtrace_stays(&listening->slots, page, MEMTRACE_KIND(how)))
        mix(listening, page << 2 | MEMTRACE_KIND(how));
}

static bool
hear_references(void *context, const struct memtrace_batch *batch)
{
    struct listening *listening = context;

    for (size_t i = 0; i < batch->count; i++)
        hear_reference(listening, batch->va[i], batch->how[i]);
    if (listening->writer != NULL)
        memtrace_write(listening->writer, batch);
    return true;
}

static bool
hear_begins(void *context, const struct memtrace_block *block)
{
    struct listening *listening = context;

    break_slots(listening);
    listening->block = block;
    return listening->ear == EAR_VISITS;
}

static bool
hear_visits(void *context, const uint8_t *visits, size_t count)
{
    struct listening *listening = context;

    for (size_t i = 0; i < count; i++) {
        uint64_t word;

        if (visits[i] >= listening->block->word_count)
            abort();
        word = listening->block->words[visits[i]];
        memtrace_stays(&listening->slots, word >> 2, MEMTRACE_KIND((uint32_t)word));
        mix(listening, word);
    }
    return true;
}

static bool
hear_ends(void *context)
{
    struct listening *listening = context;

    for (size_t i = 0; i < listening->block->word_count; i++)
        listening->likes += like(listening->block->words[i]) * listening->block->counts[i];
    return true;
}

static bool
hear_event(void *context, const struct memtrace_event *event)
{
    struct listening *listening = context;

    break_slots(listening);
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

struct bytes {
    const uint8_t *data;
    size_t size;
};

/* The digest of what is heard, and whether the trace was whole. */
static uint64_t
listen(enum memtrace_format format, struct bytes bytes, size_t piece, struct listening listening,
       bool *is_whole)
{
    static const struct memtrace_visitor visitor = { hear_begins, hear_visits, hear_ends };
    static struct memtrace_reader reader;
    const struct memtrace_sink sink = { &listening, hear_references, hear_event, hear_bad,
                                        listening.ear == EAR_REFERENCES ? NULL : &visitor };

    memtrace_reader_init(&reader, format, &sink);
    for (size_t at = 0; at < bytes.size; at += piece) {
        size_t left = bytes.size - at;

        if (!memtrace_feed(&reader, bytes.data + at, left < piece ? left : piece))
            break;
    }
    *is_whole = memtrace_finish(&reader);
    if (*is_whole == (memtrace_why(&reader) != NULL))
        abort();
    return listening.digest ^ listening.likes;
}

/* However it is cut, the same is heard; this. */
static uint64_t
listen_twice(enum memtrace_format format, struct bytes bytes, enum ear ear,
             struct memtrace_writer *writer, bool *is_whole)
{
    const struct listening listening = { .digest = 1, .ear = ear, .writer = writer };
    const struct listening again = { .digest = 1, .ear = ear };
    uint64_t digest = listen(format, bytes, bytes.size + 1, listening, is_whole);
    bool is_whole_too;

    if (listen(format, bytes, 1 + bytes.size % 61, again, &is_whole_too) != digest ||
        *is_whole != is_whole_too)
        abort();
    return digest;
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

/* What was written is what was heard, and its visits are those of its references. */
static void
check_written(const struct growing *file, uint64_t digest)
{
    const struct bytes bytes = { (const uint8_t *)file->bytes, file->length };
    bool is_whole, has_visits, has_references;
    uint64_t visits;

    if (listen_twice(MEMTRACE_OWN, bytes, EAR_REFERENCES, NULL, &is_whole) != digest || !is_whole)
        abort();
    visits = listen_twice(MEMTRACE_OWN, bytes, EAR_VISITS, NULL, &has_visits);
    if (listen_twice(MEMTRACE_OWN, bytes, EAR_VISITS_OF_REFERENCES, NULL, &has_references) !=
            visits ||
        !has_visits || !has_references)
        abort();
}

void
memtrace_fuzz(enum memtrace_format format, const uint8_t *data, size_t size)
{
    static struct memtrace_writer writer;
    struct growing file = { 0 };
    const struct core_out out = { grow, &file };
    const struct bytes bytes = { data, size };
    struct counting_alloc counting;
    bool is_whole, is_whole_too;
    uint64_t digest;

    counting_alloc_init(&counting);
    memtrace_writer_init(&writer, &counting.alloc, &out);
    digest = listen_twice(format, bytes, EAR_REFERENCES, &writer, &is_whole);
    if (format == MEMTRACE_OWN)
        listen_twice(format, bytes, EAR_VISITS, NULL, &is_whole_too);
    if (!memtrace_writer_finish(&writer))
        abort();
    memtrace_writer_free(&writer);
    if (is_whole)
        check_written(&file, digest);
    free(file.bytes);
}
