/*
 * memtrace.h - traces of memory references: bytes in, references and events out
 *
 * PURPOSE     Reads what other programs write about the memory a program used, never more of it at a time
 *             than a chunk: Valgrind lackey, Dinero din, the text of DynamoRIO's view tool, ChampSim's
 *             records, a plain text that also says what happened to mappings, and a compact form of our
 *             own (memtrace_own.h).
 * INVARIANTS  M1  the references do not depend on how the bytes were cut into chunks
 *             M2  memory does not grow with the trace, nor with its longest line
 * UNITS       va, size, length: bytes
 * OWNERSHIP   the reader is plain memory of the caller's, large: see MEMTRACE_*
 * ERRORS      bad lines are told to the sink and skipped; what ends a trace is in memtrace_why()
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_MEMTRACE_H
#define CORE_MEMTRACE_H

#include "base/types.h"

enum memtrace_format {
    MEMTRACE_UNKNOWN, /* the first bytes will tell */
    MEMTRACE_LACKEY,
    MEMTRACE_DIN,
    MEMTRACE_VIEW,
    MEMTRACE_CHAMPSIM,
    MEMTRACE_PLAIN,
    MEMTRACE_OWN,
    MEMTRACE_FORMATS
};

/* "lackey", "din", "view", "champsim", "plain", "own". */
const char *memtrace_format_name(enum memtrace_format format);
bool memtrace_format_find(const char *name, enum memtrace_format *format);

enum memtrace_kind { MEMTRACE_FETCH, MEMTRACE_LOAD, MEMTRACE_STORE, MEMTRACE_MODIFY };

enum { MEMTRACE_BATCH = 2048, MEMTRACE_SIZE_MAX = 1 << 24 };

/* References in the order they were made. */
struct memtrace_batch {
    size_t count;
    uint64_t va[MEMTRACE_BATCH];
    uint32_t how[MEMTRACE_BATCH]; /* size << 2 | kind */
};

#define MEMTRACE_HOW(kind, size) ((uint32_t)(size) << 2 | (uint32_t)(kind))
#define MEMTRACE_KIND(how) ((enum memtrace_kind)((how)&3))
#define MEMTRACE_SIZE(how) ((how) >> 2)

enum { MEMTRACE_PAGE_SHIFT = 12, MEMTRACE_SLOTS = 8, MEMTRACE_WORDS = 255 };

/*
 * The last page of each class: fetches and data apart, pages apart by bits 2 and 3 of their number. A reference to
 * that page, of a kind that there was since the page came, stays; every other is a visit. In a TLB that keeps
 * the classes apart, what stays finds the page where the last visit left it.
 */
struct memtrace_slots {
    uint64_t page[MEMTRACE_SLOTS]; /* plus 1; 0: none */
    uint8_t kinds[MEMTRACE_SLOTS]; /* a bit each */
};

static inline uint32_t
memtrace_slot(uint64_t page, enum memtrace_kind kind)
{
    return (uint32_t)(page >> 2 & 3) | (kind == MEMTRACE_FETCH ? 0 : 4);
}

/* False: it is a visit. */
static inline bool
memtrace_stays(struct memtrace_slots *slots, uint64_t page, enum memtrace_kind kind)
{
    uint32_t slot = memtrace_slot(page, kind);
    uint32_t kinds = slots->page[slot] == page + 1 ? slots->kinds[slot] : 0;

    slots->page[slot] = page + 1;
    slots->kinds[slot] = (uint8_t)(kinds | 1u << kind);
    return (kinds >> kind & 1) != 0;
}

/* Whether it is to more than one page, so that it is neither. */
static inline bool
memtrace_crosses(uint64_t va, uint32_t how)
{
    return (va ^ (va + MEMTRACE_SIZE(how) - 1)) >> MEMTRACE_PAGE_SHIFT != 0;
}

/* What a block's references visit: page << 2 | kind, and how many references were like it. */
struct memtrace_block {
    uint64_t references; /* those that cross a page's end too */
    size_t word_count;
    uint64_t words[MEMTRACE_WORDS];
    uint32_t counts[MEMTRACE_WORDS];
};

/* Whoever asks about pages only can have a block by its visits; between them events and what crosses come as ever. */
struct memtrace_visitor {
    /* Whether it may come so. All of the block is of one CPU and space. */
    bool (*begins)(void *context, const struct memtrace_block *block);
    /* Visits by their place in `words`. False, here and at the end: it has to come again, by references and events. */
    bool (*visits)(void *context, const uint8_t *visits, size_t count);
    bool (*ends)(void *context);
};

/* What the program, or its kernel, did between two references. */
enum memtrace_verb {
    MEMTRACE_MAP,     /* va length value: VMM_PROT_* */
    MEMTRACE_UNMAP,   /* va length */
    MEMTRACE_PROTECT, /* va length value: VMM_PROT_* */
    MEMTRACE_WIRE,    /* va length */
    MEMTRACE_UNWIRE,  /* va length */
    MEMTRACE_ADVISE,  /* va length value: enum vm_behavior */
    MEMTRACE_FORK,    /* value: the child's space, a copy of this CPU's */
    MEMTRACE_CPU,     /* value: who makes the following references */
    MEMTRACE_SPACE,   /* value: which space this CPU runs from now on */
    MEMTRACE_VERBS
};

const char *memtrace_verb_name(enum memtrace_verb verb);
bool memtrace_verb_has_range(enum memtrace_verb verb);
bool memtrace_verb_has_value(enum memtrace_verb verb);

struct memtrace_event {
    enum memtrace_verb verb;
    uint64_t va, length;
    uint32_t value;
};

enum { MEMTRACE_CPUS = 64, MEMTRACE_SPACES = 256 };

/* Each says whether to go on. */
struct memtrace_sink {
    void *context;
    bool (*references)(void *context, const struct memtrace_batch *batch);
    bool (*event)(void *context, const struct memtrace_event *event);
    /* `line` from 1; of a binary, the record. `text` is cut. */
    bool (*bad)(void *context, uint64_t line, const char *text, size_t length);
    const struct memtrace_visitor *visitor; /* or NULL */
};

enum {
    MEMTRACE_LINE = 4096,
    MEMTRACE_BLOCK = 1 << 16,
    MEMTRACE_BEHIND = 64, /* bytes that may be read behind a binary's last */
    MEMTRACE_THREADS = 256
};

/* What a byte that begins a code of our own form means (memtrace_own.h). */
struct memtrace_code {
    uint32_t how;
    uint8_t slot, advance;
    bool has_difference, is_odd;
};

struct memtrace_reader {
    enum memtrace_format format;
    struct memtrace_sink sink;
    struct memtrace_batch batch;
    struct memtrace_block block;      /* own: what it visits */
    uint64_t references, events, bad; /* so far */
    uint64_t line;                    /* lines or records begun */
    bool is_stopped;                  /* the sink has had enough, or `why` */
    const char *why;                  /* what ended the trace early, or NULL */
    /* what of a line, record or block has come */
    uint8_t held[MEMTRACE_BLOCK + MEMTRACE_BEHIND];
    size_t held_length;
    bool skips_line; /* the rest of a line that is too long */
    /* view: threads become CPUs in the order they come */
    uint64_t thread[MEMTRACE_THREADS];
    size_t thread_count;
    uint32_t cpu;
    bool has_records;
    /* own: where the file is, memtrace_own.c */
    struct memtrace_code codes[256];
    uint64_t blocks;
    bool has_magic, is_complete;
};

void memtrace_reader_init(struct memtrace_reader *reader, enum memtrace_format format,
                          const struct memtrace_sink *sink);

/* The next bytes. False: no more are wanted. */
bool memtrace_feed(struct memtrace_reader *reader, const uint8_t *bytes, size_t length);

/* The end: what is still held goes out. False: memtrace_why() says what is missing. */
bool memtrace_finish(struct memtrace_reader *reader);

/* One phrase, or NULL when the trace is what it should be. */
const char *memtrace_why(const struct memtrace_reader *reader);

/* The format that the first bytes of a trace look like. */
enum memtrace_format memtrace_guess(const uint8_t *bytes, size_t length);

#endif
