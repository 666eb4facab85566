/*
 * memtrace_visit.c - a block's words and visits, for who reads it; see memtrace_own.h
 */
#include <string.h>

#include "memtrace_internal.h"
#include "memtrace_own.h"

struct visiting {
    struct memtrace_reader *reader;
    uint64_t visits, crossings; /* so far */
    uint32_t events;
    bool is_bad;
};

/* NULL: they are none, or more references than the block has. */
static const uint8_t *
visit_words(struct memtrace_block *block, const uint8_t *at, const uint8_t *end)
{
    uint64_t page = 0, all = 0;

    if (block->word_count > MEMTRACE_WORDS)
        return NULL;
    for (size_t i = 0; i < block->word_count; i++) {
        uint64_t word, count;

        at = memtrace_get_varint(at, &word);
        at = memtrace_get_varint(at, &count);
        page += memtrace_unzigzag(word >> 2);
        if (at > end || page >> (64 - MEMTRACE_PAGE_SHIFT) != 0 || count > block->references - all)
            return NULL;
        all += count;
        block->words[i] = page << 2 | (word & 3);
        block->counts[i] = (uint32_t)count;
    }
    return at;
}

/* NULL: it is neither an event nor a reference. */
static const uint8_t *
visit_other(struct visiting *visiting, const uint8_t *at, const uint8_t *end)
{
    struct memtrace_reader *reader = visiting->reader;
    unsigned which = *at++;
    uint64_t va, size;

    if (which == 0) {
        if (visiting->visits + visiting->crossings > 0 &&
            (*at == MEMTRACE_CPU || *at == MEMTRACE_SPACE))
            return NULL;
        return memtrace_own_event(reader, at, end, &visiting->events);
    }
    at = memtrace_get_varint(at, &va);
    at = memtrace_get_varint(at, &size);
    if (which > 4 || at > end || size == 0 || size > MEMTRACE_SIZE_MAX)
        return NULL;
    visiting->crossings++;
    memtrace_reference(reader, va, MEMTRACE_HOW(which - 1, size));
    memtrace_flush(reader);
    return at;
}

static bool
visit_names_words(const uint8_t *visits, size_t count, size_t words)
{
    uint8_t most = 0;

    for (size_t i = 0; i < count; i++)
        most = most < visits[i] ? visits[i] : most;
    return count == 0 || most < words;
}

/* Visits up to something else, and this. False: the sink wants the block again, or it is damaged. */
static bool
visit_step(struct visiting *visiting, const uint8_t **at, const uint8_t *end)
{
    struct memtrace_reader *reader = visiting->reader;
    const uint8_t *other = memchr(*at, MEMTRACE_OTHER, (size_t)(end - *at));
    size_t count = (size_t)((other == NULL ? end : other) - *at);

    visiting->is_bad = !visit_names_words(*at, count, reader->block.word_count);
    if (visiting->is_bad ||
        (count > 0 && !reader->sink.visitor->visits(reader->sink.context, *at, count)))
        return false;
    visiting->visits += count;
    *at += count;
    if (other != NULL)
        *at = visit_other(visiting, other + 1, end);
    visiting->is_bad = *at == NULL;
    return *at != NULL;
}

/* Whether all that came is all that there was to be. */
static bool
visit_is_whole(const struct visiting *visiting, uint32_t events)
{
    const struct memtrace_block *block = &visiting->reader->block;
    uint64_t all = visiting->crossings;

    for (size_t i = 0; i < block->word_count; i++)
        all += block->counts[i];
    return !visiting->is_bad && all == block->references && visiting->events == events &&
           visiting->visits + visiting->crossings <= block->references;
}

enum memtrace_visited
memtrace_own_visits(struct memtrace_reader *reader, const uint8_t *at, const uint8_t *end,
                    uint32_t events)
{
    const struct memtrace_visitor *visitor = reader->sink.visitor;
    struct visiting visiting = { .reader = reader };
    uint64_t references = reader->references, events_before = reader->events;
    bool goes_on = true;

    if (visitor == NULL || reader->is_stopped)
        return MEMTRACE_UNWANTED;
    at = visit_words(&reader->block, at, end);
    if (at == NULL)
        return MEMTRACE_DAMAGED;
    if (!visitor->begins(reader->sink.context, &reader->block))
        return MEMTRACE_UNWANTED;
    while (goes_on && at < end && !reader->is_stopped)
        goes_on = visit_step(&visiting, &at, end);
    if (reader->is_stopped)
        return MEMTRACE_VISITED;
    if (goes_on && !visit_is_whole(&visiting, events))
        visiting.is_bad = true;
    if (visiting.is_bad)
        return MEMTRACE_DAMAGED;
    goes_on = goes_on && visitor->ends(reader->sink.context);
    reader->references = references + (goes_on ? reader->block.references : 0);
    reader->events = events_before + (goes_on ? events : 0);
    return goes_on ? MEMTRACE_VISITED : MEMTRACE_UNWANTED;
}
