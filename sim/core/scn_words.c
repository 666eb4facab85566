/*
 * scn_words.c - the tables, and the nearest word
 */
#include "scn_words.h"

#include <string.h>

static const struct scn_operation operations[] = {
#define SCN_OPERATION(id, function, word, gives, takes, options, shows, syntax, text) \
    { word, gives, takes, options, shows, syntax, text },
#include "scn_operations.def"
#undef SCN_OPERATION
};

static const struct scn_subject subjects[] = {
#define SCN_SUBJECT(id, word, takes, unit, syntax, text) { word, takes, unit, syntax, text },
#include "scn_subjects.def"
#undef SCN_SUBJECT
};

static const struct scn_word direction_words[] = {
    { "none", SCN_DIRECTION_NONE },
    { "in", SCN_DIRECTION_IN },
    { "out", SCN_DIRECTION_OUT },
    { "inout", SCN_DIRECTION_INOUT },
};

static const struct scn_word right_words[] = {
    { "none", VMM_PROT_NONE },
    { "read", VMM_PROT_READ },
    { "write", VMM_PROT_WRITE },
    { "read-write", VMM_PROT_READ | VMM_PROT_WRITE },
    { "execute", VMM_PROT_EXECUTE },
    { "read-execute", VMM_PROT_READ | VMM_PROT_EXECUTE },
    { "write-execute", VMM_PROT_WRITE | VMM_PROT_EXECUTE },
    { "read-write-execute", VMM_PROT_ALL },
};

static const struct scn_word section_words[] = {
    { "preemption-off", VM_PREEMPTION_OFF },
    { "spin-lock", VM_SPIN_LOCK },
    { "interrupt", VM_INTERRUPT },
    { "interrupts-off", VM_INTERRUPTS_OFF },
    { "fault-disable", VM_FAULT_DISABLED },
    { "mutex", VM_MUTEX },
    { "io-simple-lock", VM_SPIN_LOCK },
    { "interrupt-filter", VM_INTERRUPT },
    { "io-lock", VM_MUTEX },
    { "work-loop", VM_MUTEX },
    { "command-gate", VM_MUTEX },
    { "interrupt-action", VM_MUTEX },
};

static const struct scn_word option_words[] = {
    { "offset", SCN_TAKES_OFFSET },
    { "length", SCN_TAKES_LENGTH },
    { "at", SCN_TAKES_AT },
    { "value", SCN_TAKES_VALUE },
    { "direction", SCN_TAKES_DIRECTION },
    { "pattern", SCN_TAKES_PATTERN },
    { "output", SCN_TAKES_OUTPUT },
    { "cow", SCN_TAKES_COW },
    { "read-only", SCN_TAKES_READ_ONLY },
    { "prefault", SCN_TAKES_PREFAULT },
    { "no-fault", SCN_TAKES_NO_FAULT },
    { "out-of-line", SCN_TAKES_OUT_OF_LINE },
    { "align", SCN_TAKES_ALIGN },
    { "pageable", SCN_TAKES_PAGEABLE },
    { "contiguous", SCN_TAKES_CONTIGUOUS },
    { "shared", SCN_TAKES_SHARED },
    { "unique", SCN_TAKES_UNIQUE },
    { "guarded", SCN_TAKES_GUARDED },
    { "no-zero-fill", SCN_TAKES_NO_ZERO_FILL },
    { "data-valid", SCN_TAKES_DATA_VALID },
    { "remote", SCN_TAKES_REMOTE },
    { "maximum", SCN_TAKES_MAXIMUM },
    { "copy", SCN_TAKES_COPY },
    { "overwrite", SCN_TAKES_OVERWRITE },
    { "permanent", SCN_TAKES_PERMANENT },
    { "superpage", SCN_TAKES_SUPERPAGE },
    { "purgable", SCN_TAKES_PURGABLE },
    { "inherit", SCN_TAKES_INHERIT },
    { "by-hand", SCN_TAKES_BY_HAND },
    { "pages", SCN_TAKES_PAGES },
};

static const struct scn_word lock_words[] = {
    { "mutex", VMK_MUTEX },
    { "spin", VMK_SPIN },
    { "recursive", VMK_RECURSIVE },
    { "rw", VMK_RW },
};

static const struct scn_word call_words[] = {
#define VMM_CALL(id, word) { word, VMM_CALL_##id },
#include "base/call.def"
#undef VMM_CALL
};

#define WORD_LIST(words)           \
    {                              \
        words, VMM_COUNT_OF(words) \
    }
const struct scn_word_list scn_directions = WORD_LIST(direction_words);
const struct scn_word_list scn_lock_kinds = WORD_LIST(lock_words);
const struct scn_word_list scn_calls = WORD_LIST(call_words);
const struct scn_word_list scn_rights = WORD_LIST(right_words);
const struct scn_word_list scn_sections = WORD_LIST(section_words);
const struct scn_word_list scn_options_list = WORD_LIST(option_words);

const struct scn_operation *
scn_operation_at(size_t index)
{
    return &operations[index];
}

const struct scn_subject *
scn_subject_at(size_t index)
{
    return &subjects[index];
}

bool
scn_same(const char *bytes, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(bytes, word, length) == 0;
}

bool
scn_operation_find(const char *bytes, size_t length, enum scn_operation_id *id)
{
    for (size_t i = 0; i < VMM_COUNT_OF(operations); i++) {
        if (scn_same(bytes, length, operations[i].word)) {
            *id = (enum scn_operation_id)i;
            return true;
        }
    }
    return false;
}

bool
scn_subject_find(const char *bytes, size_t length, enum scn_subject_id *id)
{
    for (size_t i = 0; i < VMM_COUNT_OF(subjects); i++) {
        if (scn_same(bytes, length, subjects[i].word)) {
            *id = (enum scn_subject_id)i;
            return true;
        }
    }
    return false;
}

const struct scn_word *
scn_word_find(const struct scn_word_list *list, const char *bytes, size_t length)
{
    for (size_t i = 0; i < list->count; i++) {
        if (scn_same(bytes, length, list->words[i].word))
            return &list->words[i];
    }
    return NULL;
}

const char *
scn_type_phrase(enum scn_type type)
{
    static const char *const phrases[SCN_TYPE_COUNT] = {
        [SCN_NOTHING] = "nothing",
        [SCN_TASK] = "a task",
        [SCN_BUFFER] = "a buffer",
        [SCN_DESCRIPTOR] = "a descriptor",
        [SCN_MAP] = "a map",
        [SCN_CALL] = "a call",
        [SCN_MEMORY_ENTRY] = "a memory entry",
        [SCN_LOCK] = "a lock",
        [SCN_SEGMENT] = "a segment",
        [SCN_DMA] = "a DMA command",
    };

    return phrases[type];
}

/* ---- the nearest word ---- */

enum { GUESS_LONGEST = 48 };

/*
 * Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
 * Three rows of the usual table are enough: a swap looks two rows back.
 */
static size_t
edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][GUESS_LONGEST + 1];

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);

            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_length % 3][b_length];
}

/* How many letters both begin with. */
static size_t
shared_beginning(const char *a, size_t a_length, const char *b)
{
    size_t shared = 0;

    while (shared < a_length && a[shared] == b[shared])
        shared++;
    return shared;
}

void
scn_guess_init(struct scn_guess *guess, const char *bytes, size_t length)
{
    size_t limit = 1 + length / 4; /* more changes than that is another word */

    *guess = (struct scn_guess){ .bytes = bytes, .length = length, .distance = limit + 1 };
    if (length > GUESS_LONGEST)
        guess->distance = 0;
}

void
scn_guess_offer(struct scn_guess *guess, const char *word)
{
    size_t length = strlen(word);
    size_t shared = shared_beginning(guess->bytes, guess->length, word);
    size_t distance;

    if (guess->distance == 0 || length > GUESS_LONGEST)
        return;
    distance = edit_distance(guess->bytes, guess->length, word, length);
    if (distance >= length || distance > guess->distance ||
        (distance == guess->distance && (guess->word == NULL || shared <= guess->shared)))
        return;
    guess->distance = distance;
    guess->shared = shared;
    guess->word = word;
}

void
scn_guess_offer_list(struct scn_guess *guess, const struct scn_word_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        scn_guess_offer(guess, list->words[i].word);
}

void
scn_guess_offer_operations(struct scn_guess *guess)
{
    for (size_t i = 0; i < VMM_COUNT_OF(operations); i++)
        scn_guess_offer(guess, operations[i].word);
}

void
scn_guess_offer_subjects(struct scn_guess *guess)
{
    for (size_t i = 0; i < VMM_COUNT_OF(subjects); i++)
        scn_guess_offer(guess, subjects[i].word);
}

void
scn_guess_offer_profiles(struct scn_guess *guess)
{
    struct vm_profile profile;

    for (size_t row = 0; row < vm_profile_count(); row++) {
        vm_profile_at(row, &profile);
        scn_guess_offer(guess, profile.name);
    }
}
