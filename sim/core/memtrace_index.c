/*
 * memtrace_index.c - where in a file of ours a reference is
 *
 * The end names the first index record; their entries rise, so the one before the first that is too far is it.
 */
#include <string.h>

#include "memtrace_own.h"

static uint64_t
number_at(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static bool
find_index(const struct memtrace_file *file, uint64_t *offset)
{
    uint8_t end[MEMTRACE_RECORD + MEMTRACE_ENTRY];

    if (file->bytes < sizeof end || !file->read(file->context, 0, end, 8) ||
        !memtrace_own_begins(end) ||
        !file->read(file->context, file->bytes - sizeof end, end, sizeof end) ||
        memcmp(end, "END1", 4) != 0)
        return false;
    *offset = number_at(end + MEMTRACE_RECORD, 8);
    return true;
}

/* Looks through one index record. False: it is none; *is_past: the block is known. */
static bool
look_through(const struct memtrace_file *file, uint64_t *offset, uint64_t wanted,
             struct memtrace_entry *block, bool *is_past)
{
    uint8_t head[MEMTRACE_RECORD], entry[MEMTRACE_ENTRY];
    uint64_t length;

    if (!file->read(file->context, *offset, head, sizeof head) || memcmp(head, "IDX1", 4) != 0)
        return false;
    length = number_at(head + 4, 4);
    *offset += sizeof head;
    for (uint64_t at = 0; at < length && !*is_past; at += sizeof entry) {
        if (!file->read(file->context, *offset + at, entry, sizeof entry))
            return false;
        *is_past = number_at(entry + 8, 8) > wanted;
        if (!*is_past)
            *block = (struct memtrace_entry){ number_at(entry, 8), number_at(entry + 8, 8),
                                              number_at(entry + 16, 8) };
    }
    *offset += length;
    return true;
}

bool
memtrace_find_block(const struct memtrace_file *file, uint64_t wanted, struct memtrace_entry *block)
{
    uint64_t offset;
    bool is_past = false;

    *block = (struct memtrace_entry){ 0, 0, 0 };
    if (!find_index(file, &offset))
        return false;
    while (!is_past && look_through(file, &offset, wanted, block, &is_past))
        ;
    return block->offset > 0;
}

void
memtrace_begin_at(struct memtrace_reader *reader, const struct memtrace_entry *block)
{
    reader->format = MEMTRACE_OWN;
    reader->has_magic = true;
    reader->references = block->references;
    reader->events = block->events;
}
