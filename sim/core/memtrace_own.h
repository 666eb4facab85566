/*
 * memtrace_own.h - our own form of a trace: a byte or two a reference, events, an index
 *
 * PURPOSE     What other forms take 10 to 64 bytes for. A fetch that follows the one before is its size and
 *             no address; data is near one of four addresses of lately. Blocks stand alone, so that one
 *             can begin anywhere the index names. Each says everything twice: as codes, and as visits
 *             (memtrace.h), which are a tenth of it and all that most TLBs need.
 *
 *             file    "FLTRACE\2", blocks, index records, the end
 *             record  4 letters, then length of the payload, references, events: 32 bits each, little end
 *                     first. "BLK2": length of the codes, number of words, 32 bits each; codes; words;
 *                     visits. "BLK1": codes; a block with too many words, and each in files of version 1.
 *                     "IDX1": offset, references, events before each block, 64 bits each. "END1": offset
 *                     of the first index record, references, events in all.
 *             code    varints are LEB128, differences zigzag
 *               ......00  fetch: bits 3-7 size 1..31, bit 2 set: a difference to where it was expected
 *               00000000  an event or a large reference: a byte says which, operands follow
 *               ......kk  kk load 1, store 2, modify 3: bits 2-4 size 1 << n, 7: a varint follows;
 *                         bits 5-6 which address; bit 7 set: that very one, else a difference follows
 *             word    difference to the page before << 2 | kind; how many references: two varints
 *             visit   a byte: which word. 255: something else, and another byte:
 *               0     an event, as in codes behind the 0; none of CPU or space behind a visit
 *               1-4   1 + kind: a reference to more than a page: address and size, two varints
 *                     Both empty the slots.
 *             The index is read from behind: the end says where it begins.
 * INVARIANTS  N1  what is written and read again is the same references and events
 *             N2  the visits of a block are those of its codes
 * UNITS       bytes
 * OWNERSHIP   memtrace_writer_free() gives the index back
 * ERRORS      false: memory ran out
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_MEMTRACE_OWN_H
#define CORE_MEMTRACE_OWN_H

#include <string.h>

#include "memtrace.h"
#include "scn.h"

enum { MEMTRACE_NEAR = 4, MEMTRACE_RECORD = 16, MEMTRACE_CODE_MOST = 32, MEMTRACE_ENTRY = 24 };

enum { MEMTRACE_HEAD = 8 /* of "BLK2" */, MEMTRACE_OTHER = 255 };

/* What a code is relative to; zero at the start of a block. 0: where the next fetch is expected. */
struct memtrace_near {
    uint64_t at[1 + MEMTRACE_NEAR];
};

struct memtrace_entry {
    uint64_t offset, references, events;
};

/* Whether the first eight bytes of a file are those of a version that we know. */
static inline bool
memtrace_own_begins(const uint8_t bytes[8])
{
    return memcmp(bytes, "FLTRACE", 7) == 0 && (bytes[7] == 1 || bytes[7] == 2);
}

/* A whole file, to look into. `read` gives exactly so many bytes, or false. */
struct memtrace_file {
    void *context;
    uint64_t bytes;
    bool (*read)(void *context, uint64_t offset, uint8_t *bytes, size_t length);
};

/*
 * The last block that begins at or before reference `wanted`, by the file's index. False: it is none of ours, or
 * its end is damaged; reading it from the start says which.
 */
bool memtrace_find_block(const struct memtrace_file *file, uint64_t wanted,
                         struct memtrace_entry *block);

/* The reader's next bytes are those of a block's start. */
void memtrace_begin_at(struct memtrace_reader *reader, const struct memtrace_entry *block);

/* A block's references on their way to visits. */
struct memtrace_condenser {
    struct memtrace_slots slots;
    struct memtrace_block block;
    uint8_t hint[256]; /* where a word was last; by its lowest bits */
    bool is_void;      /* too many words: the block has none */
    size_t length;
    uint8_t bytes[MEMTRACE_BLOCK];
};

/* False: there are too many words. */
bool memtrace_condense(struct memtrace_condenser *condenser, uint64_t va, uint32_t how);
/* `code`: what stands in the codes behind the 0. */
void memtrace_condense_event(struct memtrace_condenser *condenser, const uint8_t *code,
                             size_t length);
/* The words as they are written; returns how many bytes. */
size_t memtrace_condense_words(const struct memtrace_condenser *condenser,
                               uint8_t bytes[MEMTRACE_WORDS * MEMTRACE_CODE_MOST]);

struct memtrace_writer {
    struct core_out out;
    const struct vmm_alloc *alloc;
    struct memtrace_near near;
    struct memtrace_condenser condenser;
    uint32_t used[MEMTRACE_NEAR]; /* when; for choosing the one to give up */
    uint32_t turn;
    uint64_t offset, references, events; /* written and begun */
    uint32_t block_references, block_events;
    struct memtrace_entry *index;
    size_t blocks, room;
    bool is_short;
    size_t length;
    uint8_t block[MEMTRACE_BLOCK];
};

void memtrace_writer_init(struct memtrace_writer *writer, const struct vmm_alloc *alloc,
                          const struct core_out *out);
void memtrace_write(struct memtrace_writer *writer, const struct memtrace_batch *batch);
void memtrace_write_event(struct memtrace_writer *writer, const struct memtrace_event *event);
bool memtrace_writer_finish(struct memtrace_writer *writer);
void memtrace_writer_free(struct memtrace_writer *writer);

#endif
