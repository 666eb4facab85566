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

void memtrace_codes(struct memtrace_code codes[256]);

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
