/*
 * memtrace_binary.c - ChampSim's records, and our own blocks
 *
 * A block is decoded when it is there whole. No code is longer than MEMTRACE_CODE_MOST, and as many bytes
 * may be read behind what is held, so the decoder looks at the block's end once a code; one that passes
 * the end is none.
 */
#include "memtrace_internal.h"
#include "memtrace_own.h"

#include <string.h>

static uint64_t
load(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* ---- ChampSim ---- */

enum {
    CHAMPSIM_RECORD = 64,
    CHAMPSIM_STORES = 16, /* two addresses that the instruction writes */
    CHAMPSIM_LOADS = 32,  /* four that it reads */
    CHAMPSIM_SIZE = 4,    /* records have no sizes */
};

static void
champsim_record(struct memtrace_reader *reader, const uint8_t *record)
{
    reader->line++;
    if (record[8] > 1 || record[9] > 1) { /* is a branch, was taken */
        memtrace_bad(reader, record, 0);
        return;
    }
    memtrace_reference(reader, load(record, 8), MEMTRACE_HOW(MEMTRACE_FETCH, CHAMPSIM_SIZE));
    for (int i = 0; i < 4; i++) {
        uint64_t va = load(record + CHAMPSIM_LOADS + 8 * i, 8);

        if (va != 0)
            memtrace_reference(reader, va, MEMTRACE_HOW(MEMTRACE_LOAD, CHAMPSIM_SIZE));
    }
    for (int i = 0; i < 2; i++) {
        uint64_t va = load(record + CHAMPSIM_STORES + 8 * i, 8);

        if (va != 0)
            memtrace_reference(reader, va, MEMTRACE_HOW(MEMTRACE_STORE, CHAMPSIM_SIZE));
    }
}

size_t
memtrace_champsim(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    size_t used = 0;

    for (; length - used >= CHAMPSIM_RECORD && !reader->is_stopped; used += CHAMPSIM_RECORD)
        champsim_record(reader, bytes + used);
    return reader->is_stopped ? length : used;
}

size_t
memtrace_champsim_wants(size_t length)
{
    return CHAMPSIM_RECORD - length;
}

/* ---- our own ---- */

/* memtrace_get_difference(). One byte is foretold; whether there are two, three or four is not, so no branch asks. */
static inline const uint8_t *
get_near(const uint8_t *at, uint64_t *va)
{
    uint32_t bytes, last, value;

    if (*at < 0x80) {
        *va += (uint64_t)(*at >> 1) ^ (0 - (uint64_t)(*at & 1));
        return at + 1;
    }
    memcpy(&bytes, at, sizeof bytes);
    last = ~bytes & 0x80808080;
    if (last == 0)
        return memtrace_get_difference(at, va);
    bytes &= last ^ (last - 1);
    value = (bytes & 0x7f) | (bytes & 0x7f00) >> 1 | (bytes & 0x7f0000) >> 2 |
            (bytes & 0x7f000000) >> 3;
    *va += (uint64_t)(value >> 1) ^ (0 - (uint64_t)(value & 1));
    return at + 1 + __builtin_ctz(last) / 8;
}

const uint8_t *
memtrace_own_event(struct memtrace_reader *reader, const uint8_t *at, const uint8_t *end,
                   uint32_t *events)
{
    struct memtrace_event event = { .verb = (enum memtrace_verb) * at };
    uint64_t value = 0;

    if (*at++ >= MEMTRACE_VERBS)
        return NULL;
    if (memtrace_verb_has_range(event.verb)) {
        at = memtrace_get_varint(at, &event.va);
        at = memtrace_get_varint(at, &event.length);
        if (event.length == 0 || event.va + (event.length - 1) < event.va)
            return NULL;
    }
    if (memtrace_verb_has_value(event.verb))
        at = memtrace_get_varint(at, &value);
    if ((event.verb == MEMTRACE_CPU && value >= MEMTRACE_CPUS) ||
        (event.verb >= MEMTRACE_FORK && value >= MEMTRACE_SPACES) || value > 0xff || at > end)
        return NULL;
    event.value = (uint32_t)value;
    ++*events;
    memtrace_event_out(reader, &event);
    return at;
}

/* Behind a 0 that is no event's. NULL: it is none either. */
static const uint8_t *
own_large_fetch(struct memtrace_reader *reader, struct memtrace_near *near, const uint8_t *at,
                const uint8_t *end)
{
    uint64_t size;

    at = memtrace_get_varint(at + 1, &size);
    at = memtrace_get_difference(at, &near->at[0]);
    if (at > end || size == 0 || size > MEMTRACE_SIZE_MAX)
        return NULL;
    memtrace_reference(reader, near->at[0], MEMTRACE_HOW(MEMTRACE_FETCH, size));
    near->at[0] += size;
    return at;
}

/* What each byte that begins a code means; see memtrace_own.h. Odd ones are left to own_odd(). */
void
memtrace_codes(struct memtrace_code codes[256])
{
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned kind = byte & 3, size = kind == MEMTRACE_FETCH ? byte >> 3 : 1u << (byte >> 2 & 7);

        codes[byte] = (struct memtrace_code){
            .how = MEMTRACE_HOW(kind, size),
            .slot = kind == MEMTRACE_FETCH ? 0 : (uint8_t)(1 + (byte >> 5 & 3)),
            .advance = kind == MEMTRACE_FETCH ? (uint8_t)size : 0,
            .has_difference = kind == MEMTRACE_FETCH ? (byte & 4) != 0 : byte < 0x80,
            .is_odd = kind == MEMTRACE_FETCH ? byte < 8 : (byte & 0x1c) == 0x1c,
        };
    }
}

/* Codes with a size of their own, and events. NULL: there is no such code. */
static const uint8_t *
own_odd(struct memtrace_reader *reader, struct memtrace_near *near, const uint8_t *at,
        const uint8_t *end, uint32_t *events)
{
    unsigned byte = *at++;
    uint64_t size, *slot = &near->at[reader->codes[byte].slot];

    if ((byte & 3) == MEMTRACE_FETCH && byte != 0)
        return NULL;
    if (byte == 0)
        return *at == MEMTRACE_VERBS ? own_large_fetch(reader, near, at, end)
                                     : memtrace_own_event(reader, at, end, events);
    at = memtrace_get_varint(at, &size);
    if (size == 0 || size > MEMTRACE_SIZE_MAX)
        return NULL;
    if (reader->codes[byte].has_difference)
        at = memtrace_get_difference(at, slot);
    if (at > end)
        return NULL;
    memtrace_reference(reader, *slot, MEMTRACE_HOW(byte & 3, size));
    return at;
}

/* Ordinary codes, until an odd one, the end, or a full batch. Returns where it stopped. */
static const uint8_t *
own_run(struct memtrace_reader *reader, struct memtrace_near *near, const uint8_t *at,
        const uint8_t *end)
{
    struct memtrace_batch *batch = &reader->batch;
    size_t count = batch->count;

    for (; at < end && count < MEMTRACE_BATCH; count++) {
        struct memtrace_code code = reader->codes[*at];
        uint64_t *slot = &near->at[code.slot];
        uint64_t va = *slot;

        if (code.is_odd)
            break;
        at++;
        if (code.has_difference)
            at = get_near(at, &va);
        batch->va[count] = va;
        batch->how[count] = code.how;
        *slot = va + code.advance;
    }
    batch->count = at > end ? count - 1 : count;
    return at;
}

/* One block's codes, handed out to its end. False: they are none, or are not as many as it says. */
static bool
own_block(struct memtrace_reader *reader, const uint8_t *at, const uint8_t *end,
          uint32_t references, uint32_t events)
{
    struct memtrace_near near = { { 0 } };
    uint64_t before = reader->references;
    uint32_t seen_events = 0;

    while (at < end && !reader->is_stopped) {
        at = own_run(reader, &near, at, end);
        if (reader->batch.count == MEMTRACE_BATCH)
            memtrace_flush(reader);
        else if (at < end)
            at = own_odd(reader, &near, at, end, &seen_events);
        if (at == NULL)
            return false;
    }
    memtrace_flush(reader);
    return reader->is_stopped ||
           (at == end && seen_events == events && reader->references - before == references);
}

/* Codes, and what stands for them. The sink may want to see only the latter. */
static bool
own_block_twice(struct memtrace_reader *reader, const uint8_t *at, const uint8_t *end,
                uint32_t references, uint32_t events)
{
    size_t length = (size_t)(end - at), codes = length < MEMTRACE_HEAD ? 0 : (size_t)load(at, 4);

    if (length < MEMTRACE_HEAD || codes > length - MEMTRACE_HEAD)
        return false;
    reader->block.references = references;
    reader->block.word_count = (size_t)load(at + 4, 4);
    at += MEMTRACE_HEAD;
    switch (memtrace_own_visits(reader, at + codes, end, events)) {
    case MEMTRACE_VISITED:
        return true;
    case MEMTRACE_DAMAGED:
        return false;
    default:
        return own_block(reader, at, at + codes, references, events);
    }
}

/* "END1" says how much there was in all. */
static void
own_end(struct memtrace_reader *reader, const uint8_t *payload)
{
    memtrace_flush(reader);
    if (load(payload + 8, 8) != reader->references || load(payload + 16, 8) != reader->events)
        memtrace_end(reader, "is damaged: it does not have the references that its end tells of");
    reader->is_complete = true;
}

/* One record when it is whole; 0: more bytes are wanted. */
static size_t
own_record(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    size_t payload;

    if (length < MEMTRACE_RECORD)
        return 0;
    payload = (size_t)load(bytes + 4, 4);
    if (payload > MEMTRACE_BLOCK - MEMTRACE_RECORD) {
        memtrace_end(reader, "is damaged: a block is too large");
        return length;
    }
    if (length < MEMTRACE_RECORD + payload)
        return 0;
    reader->line++;
    if (memcmp(bytes, "BLK", 3) == 0 && (bytes[3] == '1' || bytes[3] == '2')) {
        if (!(bytes[3] == '1' ? own_block : own_block_twice)(
                reader, bytes + MEMTRACE_RECORD, bytes + MEMTRACE_RECORD + payload,
                (uint32_t)load(bytes + 8, 4), (uint32_t)load(bytes + 12, 4)))
            memtrace_end(reader, "is damaged: a block does not have what its head says");
        reader->blocks++;
    } else if (memcmp(bytes, "END1", 4) == 0 && payload == MEMTRACE_ENTRY) {
        own_end(reader, bytes + MEMTRACE_RECORD);
    } else if (memcmp(bytes, "IDX1", 4) != 0) {
        memtrace_end(reader, "is damaged: no block begins where one should");
    }
    return MEMTRACE_RECORD + payload;
}

size_t
memtrace_own(struct memtrace_reader *reader, const uint8_t *bytes, size_t length)
{
    size_t used = 0, part = 1;

    if (!reader->has_magic) {
        if (length < 8)
            return 0;
        if (!memtrace_own_begins(bytes)) {
            memtrace_end(reader, "is a trace of a version that this program does not know");
            return length;
        }
        reader->has_magic = true;
        used = 8;
    }
    while (part > 0 && used < length && !reader->is_stopped) {
        if (reader->is_complete) {
            memtrace_end(reader, "has bytes behind its end");
            break;
        }
        part = own_record(reader, bytes + used, length - used);
        used += part;
    }
    return reader->is_stopped ? length : used;
}

/* The file's first eight bytes are none of a record's. */
size_t
memtrace_own_wants(const uint8_t *held, size_t length)
{
    size_t payload;

    if (length < MEMTRACE_RECORD)
        return length < 8 ? 8 - length : MEMTRACE_RECORD - length;
    payload = (size_t)load(held + 4, 4);
    return payload > MEMTRACE_BLOCK - MEMTRACE_RECORD ? 1 : MEMTRACE_RECORD + payload - length;
}
