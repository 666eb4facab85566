/*
 * scn_words.h - the vocabulary of the scenario language
 *
 * PURPOSE     One table per kind of word, shared by the parser, by "did you mean" and by whoever
 *             documents the language.
 * INVARIANTS  W1  a word is unique in its table
 * UNITS       none
 * OWNERSHIP   all texts are constants
 * ERRORS      NULL or false for a word that no table has
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_SCN_WORDS_H
#define CORE_SCN_WORDS_H

#include "vmmodel.h"

/* What a name stands for. */
enum scn_type {
    SCN_NOTHING,
    SCN_TASK,
    SCN_BUFFER,
    SCN_DESCRIPTOR,
    SCN_MAP,
    SCN_CALL,
    SCN_MEMORY_ENTRY,
    SCN_LOCK,
    SCN_SEGMENT, /* bytes at a physical address */
    SCN_DMA,     /* an IODMACommand */
    SCN_TYPE_COUNT
};

/* Apple's numbers, as the seam passes them (iokit.md 1.1). */
enum {
    SCN_DIRECTION_NONE = 0,
    SCN_DIRECTION_IN = 1,
    SCN_DIRECTION_OUT = 2,
    SCN_DIRECTION_INOUT = 3,
    SCN_PREPARE_NO_FAULT = 0x8,
    SCN_PREPARE_NO_ZERO_FILL = 0x10,
    SCN_COMPLETE_DATA_VALID = 0x80,
    SCN_REMOTE = 0x40000,
    SCN_BUFFER_CONTIGUOUS = 0x10, /* kIOMemoryPhysicallyContiguous and its like */
    SCN_BUFFER_PAGEABLE = 0x20,
    SCN_BUFFER_SHARED = 0x10000,
    SCN_COPY_ON_WRITE = 0x20000,
    SCN_MAP_ANYWHERE = 0x1,
    SCN_MAP_READ_ONLY = 0x1000,
    SCN_MAP_PREFAULT = 0x10000000,
    SCN_MAP_UNIQUE = 0x04000000,
    SCN_MAP_GUARDED = 0x40000000,
    SCN_DMA_COPY = 0x01000000, /* IODMACommand::kForceDoubleBuffer */
};

enum {
    SCN_TAKES_OFFSET = 1 << 0,
    SCN_TAKES_LENGTH = 1 << 1,
    SCN_TAKES_AT = 1 << 2,
    SCN_TAKES_VALUE = 1 << 3,
    SCN_TAKES_DIRECTION = 1 << 4,
    SCN_TAKES_PATTERN = 1 << 5,
    SCN_TAKES_OUTPUT = 1 << 6,
    SCN_TAKES_ALIGN = 1 << 7,
    SCN_TAKES_COW = 1 << 8, /* from here on words without a value */
    SCN_TAKES_READ_ONLY = 1 << 9,
    SCN_TAKES_PREFAULT = 1 << 10,
    SCN_TAKES_NO_FAULT = 1 << 11,
    SCN_TAKES_OUT_OF_LINE = 1 << 12,
    SCN_TAKES_PAGEABLE = 1 << 13,
    SCN_TAKES_CONTIGUOUS = 1 << 14,
    SCN_TAKES_SHARED = 1 << 15,
    SCN_TAKES_UNIQUE = 1 << 16,
    SCN_TAKES_GUARDED = 1 << 17,
    SCN_TAKES_NO_ZERO_FILL = 1 << 18,
    SCN_TAKES_DATA_VALID = 1 << 19,
    SCN_TAKES_REMOTE = 1 << 20,
    SCN_TAKES_MAXIMUM = 1 << 21,
    SCN_TAKES_COPY = 1 << 22,
    SCN_TAKES_OVERWRITE = 1 << 23,
    SCN_TAKES_PERMANENT = 1 << 24,
    SCN_TAKES_SUPERPAGE = 1 << 25,
    SCN_TAKES_PURGABLE = 1 << 26,
    SCN_TAKES_INHERIT = 1 << 27,
    SCN_TAKES_BY_HAND = 1 << 28,
    SCN_TAKES_PAGES = 1 << 29,
    SCN_TAKES_VALUES = (SCN_TAKES_COW - 1) | SCN_TAKES_INHERIT | SCN_TAKES_PAGES, /* KEY=VALUE */
};

enum {
    SCN_SHOWS_RESULT = 1 << 0,     /* the translations of what the line binds */
    SCN_SHOWS_FIRST = 1 << 1,      /* the translations of the first operand */
    SCN_SHOWS_PMAP = 1 << 2,       /* "pmap: untouched" is worth a line */
    SCN_SHOWS_ACCESS = 1 << 3,     /* an access without a fault is worth a line */
    SCN_SHOWS_DESCRIPTOR = 1 << 4, /* the descriptor's wire count, or what it names */
    SCN_SHOWS_REFERENCES = 1 << 5,
    SCN_SHOWS_BYTES = 1 << 6,  /* how many bytes went through */
    SCN_SHOWS_REGION = 1 << 7, /* what the first operand's entry says now */
};

/* Numbers that an entry and the pages behind it are told by (vm.md 7.3). */
enum scn_region_fact {
    SCN_REGION_PAGES,
    SCN_REGION_WIRES,
    SCN_REGION_USER_WIRES,
    SCN_REGION_REFERENCES,
    SCN_REGION_DEPTH,
    SCN_REGION_RESIDENT,
    SCN_REGION_DIRTY,
    SCN_REGION_SWAPPED_OUT,
    SCN_REGION_REUSABLE,
    SCN_REGION_EXTERNAL_PAGER,
    SCN_REGION_SHARED,
    SCN_REGION_PERMANENT,
    SCN_REGION_SUBMAP,
    SCN_REGION_NEEDS_COPY,
    SCN_REGION_BEHAVIOR,
    SCN_REGION_TAG,
};

enum scn_operation_id {
#define SCN_OPERATION(id, function, word, gives, takes, options, shows, syntax, text) SCN_OP_##id,
#include "scn_operations.def"
#undef SCN_OPERATION
};

struct scn_operation {
    const char *word;
    enum scn_type gives;
    const char *takes;
    uint32_t options;
    uint32_t shows;
    const char *syntax;
    const char *text;
};

enum scn_subject_id {
#define SCN_SUBJECT(id, word, takes, unit, syntax, text) SCN_SUBJECT_##id,
#include "scn_subjects.def"
#undef SCN_SUBJECT
};

struct scn_subject {
    const char *word;
    const char *takes;
    const char *unit; /* NULL: not a number */
    const char *syntax;
    const char *text;
};

/* A word with a number: directions, rights, kinds of no-fault sections, options. */
struct scn_word {
    const char *word;
    uint32_t value;
};

struct scn_word_list {
    const struct scn_word *words;
    size_t count;
};

extern const struct scn_word_list scn_directions;
extern const struct scn_word_list scn_rights;
extern const struct scn_word_list scn_sections; /* enum vm_no_fault */
extern const struct scn_word_list scn_options_list;
extern const struct scn_word_list scn_lock_kinds; /* enum vmk_lock_kind */
extern const struct scn_word_list scn_calls;      /* enum vmm_call */

/* Of the vm floor; scn_words_vm.c. */
extern const struct scn_word_list scn_inheritances; /* VMM_INHERIT_* */
extern const struct scn_word_list scn_remap_kinds;  /* share 0, copy 1 */
extern const struct scn_word_list scn_behaviors;    /* enum vm_behavior */
extern const struct scn_word_list scn_syncs;        /* VM_SYNC_* */
extern const struct scn_word_list scn_purgables;    /* what vm_purgable_control() takes */
extern const struct scn_word_list scn_share_modes;  /* enum vm_share_mode */
extern const struct scn_word_list scn_region_facts; /* enum scn_region_fact */
extern const struct scn_word_list scn_page_bits;    /* VM_PAGE_QUERY_* */
extern const struct scn_word_list scn_advices;      /* Darwin's MADV_* */
extern const struct scn_word_list scn_bsd_syncs;    /* Darwin's MS_* */
extern const struct scn_word_list scn_mincore_bits; /* VM_MINCORE_* */
extern const struct scn_word_list scn_statistics;   /* the place in struct vm_statistics */

/* The word of a list that has this number, or "?". */
const char *scn_word_of(const struct scn_word_list *list, uint32_t value);

/* A counter of scn_statistics. */
uint64_t scn_statistic(const struct vm_statistics *statistics, uint32_t place);

const struct scn_operation *scn_operation_at(size_t index);
const struct scn_subject *scn_subject_at(size_t index);
bool scn_operation_find(const char *bytes, size_t length, enum scn_operation_id *id);
bool scn_subject_find(const char *bytes, size_t length, enum scn_subject_id *id);
const struct scn_word *scn_word_find(const struct scn_word_list *list, const char *bytes,
                                     size_t length);

/* "a buffer" */
const char *scn_type_phrase(enum scn_type type);

/* Whether `length` bytes are exactly `word`. */
bool scn_same(const char *bytes, size_t length, const char *word);

/*
 * The nearest of the words offered so far, if one is near enough to be a slip of the hand; of two that are
 * as near, the one that begins like what was written.
 */
struct scn_guess {
    const char *bytes; /* what was written */
    size_t length;
    const char *word; /* the best so far, or NULL */
    size_t distance;
    size_t shared; /* letters that both begin with */
};

void scn_guess_init(struct scn_guess *guess, const char *bytes, size_t length);
void scn_guess_offer(struct scn_guess *guess, const char *word);
void scn_guess_offer_list(struct scn_guess *guess, const struct scn_word_list *list);
void scn_guess_offer_operations(struct scn_guess *guess);
void scn_guess_offer_subjects(struct scn_guess *guess);
void scn_guess_offer_profiles(struct scn_guess *guess);

#endif
