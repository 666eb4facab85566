/*
 * memtrace_write.c - see memtrace_own.h
 */
#include "memtrace_own.h"

#include <string.h>

#include "memtrace_internal.h"

enum {
    FAR = 1 << 13,  /* a difference of three bytes: rather give another address up */
    SMALL = 1 << 14 /* codes for less than a block */
};

/* ---- bytes ---- */

static void
put_byte(struct memtrace_writer *writer, unsigned byte)
{
    writer->block[writer->length++] = (uint8_t)byte;
}

static void
put_varint(struct memtrace_writer *writer, uint64_t value)
{
    uint8_t *at = writer->block + writer->length;

    writer->length += (size_t)(memtrace_put_varint(at, value) - at);
}

static void
put_difference(struct memtrace_writer *writer, uint64_t from, uint64_t to)
{
    uint8_t *at = writer->block + writer->length;

    writer->length += (size_t)(memtrace_put_difference(at, from, to) - at);
}

static void
store(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static void
out(struct memtrace_writer *writer, const void *bytes, size_t length)
{
    writer->out.put(writer->out.context, bytes, length);
    writer->offset += length;
}

static void
out_record(struct memtrace_writer *writer, const char *name, size_t length, uint32_t references,
           uint32_t events)
{
    uint8_t head[MEMTRACE_RECORD];

    memcpy(head, name, 4);
    store(head + 4, length, 4);
    store(head + 8, references, 4);
    store(head + 12, events, 4);
    out(writer, head, sizeof head);
}

/* ---- blocks ---- */

static void
note_block(struct memtrace_writer *writer)
{
    if (writer->blocks == writer->room) {
        size_t room = writer->room * 2 + 64;
        struct memtrace_entry *grown = vmm_take_array(writer->alloc, room, sizeof *grown);

        writer->is_short |= grown == NULL;
        if (grown == NULL)
            return;
        if (writer->blocks > 0)
            memcpy(grown, writer->index, writer->blocks * sizeof *grown);
        vmm_give_array(writer->alloc, writer->index, writer->room, sizeof *grown);
        writer->index = grown;
        writer->room = room;
    }
    writer->index[writer->blocks++] =
        (struct memtrace_entry){ writer->offset, writer->references, writer->events };
}

static void
out_codes(struct memtrace_writer *writer)
{
    out_record(writer, "BLK1", writer->length, writer->block_references, writer->block_events);
    out(writer, writer->block, writer->length);
}

static void
out_codes_and_visits(struct memtrace_writer *writer)
{
    const struct memtrace_condenser *condenser = &writer->condenser;
    uint8_t head[MEMTRACE_HEAD], words[MEMTRACE_WORDS * MEMTRACE_CODE_MOST];
    size_t words_length = memtrace_condense_words(condenser, words);

    store(head, writer->length, 4);
    store(head + 4, condenser->block.word_count, 4);
    out_record(writer, "BLK2", sizeof head + writer->length + words_length + condenser->length,
               writer->block_references, writer->block_events);
    out(writer, head, sizeof head);
    out(writer, writer->block, writer->length);
    out(writer, words, words_length);
    out(writer, condenser->bytes, condenser->length);
}

static void
end_block(struct memtrace_writer *writer)
{
    struct memtrace_condenser *condenser = &writer->condenser;

    if (writer->length == 0)
        return;
    note_block(writer);
    if (condenser->is_void)
        out_codes(writer);
    else
        out_codes_and_visits(writer);
    writer->references += writer->block_references;
    writer->events += writer->block_events;
    writer->block_references = writer->block_events = 0;
    writer->length = 0;
    writer->turn = 0;
    memset(writer->used, 0, sizeof writer->used);
    memset(&writer->near, 0, sizeof writer->near);
    memset(condenser, 0, offsetof(struct memtrace_condenser, bytes));
}

/* For a code and a visit, and at the end for the words. */
static void
make_room(struct memtrace_writer *writer)
{
    size_t words = (writer->condenser.block.word_count + 1) * MEMTRACE_CODE_MOST;

    if (writer->length + writer->condenser.length + words + 2 * MEMTRACE_CODE_MOST >
        MEMTRACE_BLOCK - MEMTRACE_RECORD - MEMTRACE_HEAD)
        end_block(writer);
}

/* ---- references ---- */

static uint64_t
distance(uint64_t from, uint64_t to)
{
    return from < to ? to - from : from - to;
}

/* The nearest address; if it is far, the one that was not used for longest. */
static unsigned
choose_slot(const struct memtrace_writer *writer, uint64_t va)
{
    unsigned nearest = 0, oldest = 0;

    for (unsigned i = 1; i < MEMTRACE_NEAR; i++) {
        if (distance(writer->near.at[1 + i], va) < distance(writer->near.at[1 + nearest], va))
            nearest = i;
        if (writer->used[i] < writer->used[oldest])
            oldest = i;
    }
    return distance(writer->near.at[1 + nearest], va) < FAR ? nearest : oldest;
}

static void
write_data(struct memtrace_writer *writer, uint64_t va, enum memtrace_kind kind, uint32_t size)
{
    unsigned slot = choose_slot(writer, va);
    unsigned log = 7, is_same = writer->near.at[1 + slot] == va;

    if ((size & (size - 1)) == 0 && size <= 64)
        log = (unsigned)__builtin_ctz(size);
    put_byte(writer, (unsigned)kind | log << 2 | slot << 5 | is_same << 7);
    if (log == 7)
        put_varint(writer, size);
    if (!is_same)
        put_difference(writer, writer->near.at[1 + slot], va);
    writer->near.at[1 + slot] = va;
    writer->used[slot] = ++writer->turn;
}

static void
write_fetch(struct memtrace_writer *writer, uint64_t va, uint32_t size)
{
    bool jumps = va != writer->near.at[0];

    if (size > 31) {
        put_byte(writer, 0);
        put_byte(writer, MEMTRACE_VERBS);
        put_varint(writer, size);
        put_difference(writer, writer->near.at[0], va);
    } else {
        put_byte(writer, size << 3 | (jumps ? 4u : 0u));
        if (jumps)
            put_difference(writer, writer->near.at[0], va);
    }
    writer->near.at[0] = va + size;
}

/* Too many words for the block: it ends, or, if that would leave blocks that are small, it goes on without. */
static void
condense(struct memtrace_writer *writer, uint64_t va, uint32_t how)
{
    struct memtrace_condenser *condenser = &writer->condenser;

    if (memtrace_condense(condenser, va, how))
        return;
    if (writer->length < SMALL) {
        condenser->is_void = true;
        condenser->length = condenser->block.word_count = 0; /* they need no room */
    } else {
        end_block(writer);
        (void)memtrace_condense(condenser, va, how);
    }
}

void
memtrace_write(struct memtrace_writer *writer, const struct memtrace_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        uint32_t how = batch->how[i];

        make_room(writer);
        condense(writer, batch->va[i], how);
        if (MEMTRACE_KIND(how) == MEMTRACE_FETCH)
            write_fetch(writer, batch->va[i], MEMTRACE_SIZE(how));
        else
            write_data(writer, batch->va[i], MEMTRACE_KIND(how), MEMTRACE_SIZE(how));
        writer->block_references++;
    }
}

void
memtrace_write_event(struct memtrace_writer *writer, const struct memtrace_event *event)
{
    size_t start;

    if (event->verb == MEMTRACE_CPU || event->verb == MEMTRACE_SPACE)
        end_block(writer); /* its words are of one space */
    make_room(writer);
    put_byte(writer, 0);
    start = writer->length;
    put_byte(writer, event->verb);
    if (memtrace_verb_has_range(event->verb)) {
        put_varint(writer, event->va);
        put_varint(writer, event->length);
    }
    if (memtrace_verb_has_value(event->verb))
        put_varint(writer, event->value);
    memtrace_condense_event(&writer->condenser, writer->block + start, writer->length - start);
    writer->block_events++;
}

/* ---- the file ---- */

void
memtrace_writer_init(struct memtrace_writer *writer, const struct vmm_alloc *alloc,
                     const struct core_out *to)
{
    memset(writer, 0, sizeof *writer);
    writer->alloc = alloc;
    writer->out = *to;
    out(writer, "FLTRACE\2", 8);
}

static void
write_index(struct memtrace_writer *writer)
{
    enum { MOST = (MEMTRACE_BLOCK - MEMTRACE_RECORD) / MEMTRACE_ENTRY };

    for (size_t first = 0; first < writer->blocks; first += MOST) {
        size_t count = writer->blocks - first < MOST ? writer->blocks - first : MOST;

        for (size_t i = 0; i < count; i++) {
            const struct memtrace_entry *entry = &writer->index[first + i];

            store(writer->block + i * MEMTRACE_ENTRY, entry->offset, 8);
            store(writer->block + i * MEMTRACE_ENTRY + 8, entry->references, 8);
            store(writer->block + i * MEMTRACE_ENTRY + 16, entry->events, 8);
        }
        out_record(writer, "IDX1", count * MEMTRACE_ENTRY, 0, 0);
        out(writer, writer->block, count * MEMTRACE_ENTRY);
    }
}

bool
memtrace_writer_finish(struct memtrace_writer *writer)
{
    uint8_t end[MEMTRACE_ENTRY];

    end_block(writer);
    store(end, writer->offset, 8);
    store(end + 8, writer->references, 8);
    store(end + 16, writer->events, 8);
    write_index(writer);
    out_record(writer, "END1", sizeof end, 0, 0);
    out(writer, end, sizeof end);
    return !writer->is_short;
}

void
memtrace_writer_free(struct memtrace_writer *writer)
{
    vmm_give_array(writer->alloc, writer->index, writer->room, sizeof *writer->index);
    writer->index = NULL;
}
