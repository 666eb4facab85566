/*
 * memtrace_internal.h - what the readers share
 *
 * PURPOSE     Putting a reference or an event out; one function a format.
 * INVARIANTS  see memtrace.h
 * UNITS       see memtrace.h
 * OWNERSHIP   everything is the reader's
 * ERRORS      see memtrace.h
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_MEMTRACE_INTERNAL_H
#define CORE_MEMTRACE_INTERNAL_H

#include "memtrace.h"

void memtrace_flush(struct memtrace_reader *reader);
void memtrace_event_out(struct memtrace_reader *reader, const struct memtrace_event *event);
void memtrace_bad(struct memtrace_reader *reader, const uint8_t *text, size_t length);
void memtrace_end(struct memtrace_reader *reader, const char *why);

static inline void
memtrace_reference(struct memtrace_reader *reader, uint64_t va, uint32_t how)
{
    struct memtrace_batch *batch = &reader->batch;

    batch->va[batch->count] = va;
    batch->how[batch->count] = how;
    if (++batch->count == MEMTRACE_BATCH)
        memtrace_flush(reader);
}

/* One line without its end. False: it is none of the format's. */
bool memtrace_line_lackey(struct memtrace_reader *reader, const uint8_t *line, size_t length);
bool memtrace_line_din(struct memtrace_reader *reader, const uint8_t *line, size_t length);
bool memtrace_line_view(struct memtrace_reader *reader, const uint8_t *line, size_t length);
bool memtrace_line_plain(struct memtrace_reader *reader, const uint8_t *line, size_t length);

/* Reads lines as long as they are ordinary ones and `end` is far; returns where it stopped. */
const uint8_t *memtrace_lackey_run(struct memtrace_reader *reader, const uint8_t *at,
                                   const uint8_t *end);

/* Whole records or blocks of `bytes`; returns how many bytes were used. */
size_t memtrace_champsim(struct memtrace_reader *reader, const uint8_t *bytes, size_t length);
size_t memtrace_own(struct memtrace_reader *reader, const uint8_t *bytes, size_t length);

/* How many bytes more the record or block that is held wants before anything can be done with it; at least one. */
size_t memtrace_champsim_wants(size_t length);
size_t memtrace_own_wants(const uint8_t *held, size_t length);

void memtrace_codes(struct memtrace_code codes[256]);

/* Puts the event out whose verb is at `at`; NULL: there is none. */
const uint8_t *memtrace_own_event(struct memtrace_reader *reader, const uint8_t *at,
                                  const uint8_t *end, uint32_t *events);

enum memtrace_visited { MEMTRACE_VISITED, MEMTRACE_UNWANTED, MEMTRACE_DAMAGED };

/* A block's words and visits, to a sink that takes them. */
enum memtrace_visited memtrace_own_visits(struct memtrace_reader *reader, const uint8_t *at,
                                          const uint8_t *end, uint32_t events);

/* ---- LEB128 and zigzag ---- */

static inline const uint8_t *
memtrace_get_varint(const uint8_t *at, uint64_t *value)
{
    uint64_t byte = *at++;

    *value = byte & 0x7f;
    for (unsigned shift = 7; byte >= 0x80 && shift < 64; shift += 7) {
        byte = *at++;
        *value |= (byte & 0x7f) << shift;
    }
    return at;
}

/* A difference modulo 2^64 as a number that is small when it is near 0, and back. */
static inline uint64_t
memtrace_zigzag(uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t
memtrace_unzigzag(uint64_t value)
{
    return value >> 1 ^ (0 - (value & 1));
}

/* What is there is a difference to *value. */
static inline const uint8_t *
memtrace_get_difference(const uint8_t *at, uint64_t *value)
{
    uint64_t difference;

    at = memtrace_get_varint(at, &difference);
    *value += memtrace_unzigzag(difference);
    return at;
}

static inline uint8_t *
memtrace_put_varint(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value & 0x7f) | 0x80;
    *at++ = (uint8_t)value;
    return at;
}

static inline uint8_t *
memtrace_put_difference(uint8_t *at, uint64_t from, uint64_t to)
{
    return memtrace_put_varint(at, memtrace_zigzag(to - from));
}

/* ---- words of a line ---- */
struct memtrace_words {
    const uint8_t *at, *end;
};

void memtrace_skip_blanks(struct memtrace_words *words);
bool memtrace_at_end(struct memtrace_words *words);
/* A number up to a blank, a comma or the end; false: there is none, or it does not fit. */
bool memtrace_read_hex(struct memtrace_words *words, uint64_t *value);
bool memtrace_read_decimal(struct memtrace_words *words, uint64_t *value);
/* The next word is this one. */
bool memtrace_read_word(struct memtrace_words *words, const char *word);

#endif
