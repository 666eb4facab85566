/*
 * memtrace_text.c - one line a reference: lackey, din, DynamoRIO's view tool
 *
 * Lackey's lines are where the time goes, so those that look as it writes them are read eight digits at
 * a time (memtrace_lackey_run); all others, and the last of a chunk, take the slow way.
 */
#include "memtrace_internal.h"

#include <string.h>

enum {
    RUN_ROOM = 40 /* the longest line that the fast way reads, and what it looks at behind it */
};

/* ---- words ---- */

void
memtrace_skip_blanks(struct memtrace_words *words)
{
    while (words->at < words->end && (*words->at == ' ' || *words->at == '\t'))
        words->at++;
}

bool
memtrace_at_end(struct memtrace_words *words)
{
    memtrace_skip_blanks(words);
    return words->at == words->end;
}

static bool
memtrace_is_break(const struct memtrace_words *words)
{
    return words->at == words->end || *words->at == ' ' || *words->at == '\t' ||
           *words->at == ',' || *words->at == ':';
}

static int
memtrace_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : 16;
}

static bool
memtrace_read_number(struct memtrace_words *words, unsigned base, uint64_t *value)
{
    const uint8_t *start = words->at;

    *value = 0;
    while (words->at < words->end && memtrace_digit(*words->at) < (int)base) {
        if (*value > (UINT64_MAX - 15) / base)
            return false;
        *value = *value * base + (unsigned)memtrace_digit(*words->at++);
    }
    return words->at > start && memtrace_is_break(words);
}

bool
memtrace_read_hex(struct memtrace_words *words, uint64_t *value)
{
    memtrace_skip_blanks(words);
    if (words->end - words->at > 2 && words->at[0] == '0' && (words->at[1] | 0x20) == 'x')
        words->at += 2;
    /* sixteen digits are a whole word: read without the test against overflow of the last one */
    *value = 0;
    for (int digits = 0; words->at < words->end && memtrace_digit(*words->at) < 16; digits++) {
        if (digits == 16)
            return false;
        *value = *value << 4 | (unsigned)memtrace_digit(*words->at++);
        if (words->at == words->end || memtrace_is_break(words))
            return true;
    }
    return false;
}

bool
memtrace_read_decimal(struct memtrace_words *words, uint64_t *value)
{
    memtrace_skip_blanks(words);
    if (words->end - words->at > 2 && words->at[0] == '0' && (words->at[1] | 0x20) == 'x')
        return memtrace_read_hex(words, value);
    return memtrace_read_number(words, 10, value);
}

bool
memtrace_read_word(struct memtrace_words *words, const char *word)
{
    size_t length = strlen(word);
    struct memtrace_words behind;

    memtrace_skip_blanks(words);
    if ((size_t)(words->end - words->at) < length || memcmp(words->at, word, length) != 0)
        return false;
    behind = (struct memtrace_words){ words->at + length, words->end };
    if (!memtrace_is_break(&behind))
        return false;
    words->at = behind.at;
    return true;
}

/* ---- lackey ---- */

static uint64_t
load_word(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static uint32_t
load_half(const uint8_t *at)
{
    uint32_t half;

    memcpy(&half, at, sizeof half);
    return half;
}

static const uint64_t ones = UINT64_C(0x0101010101010101);

/*
 * The number in eight lower-case hexadecimal digits, the first in the lowest byte. *wrong gets a bit when they
 * are none: 'a' is bit 6 and 0x31 more than '0'; what is left must be 0 to 9, of a letter 0 to 5, and 0x76 or
 * 0x7a more than that stays below 0x80.
 */
static inline uint64_t
eight_digits(uint64_t text, uint64_t *wrong)
{
    uint64_t letters = text >> 6 & ones;
    uint64_t left = text - 0x30 * ones - 0x31 * letters;
    uint64_t value = left + 10 * letters;

    *wrong |= (left | (left + 0x76 * ones + 4 * letters)) & 0x80 * ones;
    value = __builtin_bswap64(value);
    value = (value | value >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    value = (value | value >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (value | value >> 16) & UINT64_C(0xffffffff);
}

static const int8_t lackey_kinds[256] = { ['I'] = MEMTRACE_FETCH + 1,
                                          ['L'] = MEMTRACE_LOAD + 1,
                                          ['S'] = MEMTRACE_STORE + 1,
                                          ['M'] = MEMTRACE_MODIFY + 1 };

#define LACKEY_HEAD(first, second) ((first) | (second) << 8 | ' ' << 16)

/* A line's first three bytes, "I  " or " S ", and the kind above them, by the second byte. */
static const uint32_t lackey_heads[256] = {
    ['\0'] = LACKEY_HEAD(' ', ' '), /* of no line: three zeroes would be like what is not here */
    [' '] = LACKEY_HEAD('I', ' ') | MEMTRACE_FETCH << 24,
    ['L'] = LACKEY_HEAD(' ', 'L') | MEMTRACE_LOAD << 24,
    ['S'] = LACKEY_HEAD(' ', 'S') | MEMTRACE_STORE << 24,
    ['M'] = LACKEY_HEAD(' ', 'M') | MEMTRACE_MODIFY << 24,
};

static const uint8_t lower_digits[] = "0123456789abcdef";

/*
 * What is behind eight digits at `at`, and the newline: more digits, a comma, a size. Returns what is behind
 * them, or NULL: not as lackey writes it.
 */
static const uint8_t *
lackey_tail(const uint8_t *at, uint64_t *va, unsigned *size)
{
    const uint8_t *most = at + 8;

    for (; *at != ','; at++) {
        unsigned digit = (*at & 0xfu) + 9u * (*at >> 6 & 1u);

        if (lower_digits[digit & 15] != *at || at == most)
            return NULL;
        *va = *va << 4 | digit;
    }
    for (at++; *at != '\n'; at++) {
        unsigned digit = (unsigned)*at - '0';

        if (digit > 9 || *size > 999)
            return NULL;
        *size = *size * 10 + digit;
    }
    return *size == 0 ? NULL : at + 1;
}

/*
 * "I  0401ab70,3" and its newline; returns what is behind, or NULL: not as lackey writes it. What lines differ
 * in is left to branches, which are foretold; what is wrong is gathered and asked once.
 */
static inline const uint8_t *
lackey_ordinary(const uint8_t *at, uint64_t *va, uint32_t *how)
{
    uint32_t head = lackey_heads[at[1]], tail = load_half(at + 11);
    uint64_t wrong = (head ^ load_half(at)) & 0xffffff;
    unsigned size = 0;

    *va = eight_digits(load_word(at + 3), &wrong);
    if ((tail & 0xff00ff) == (',' | '\n' << 16)) {
        size = (tail >> 8 & 0xff) - '0';
        at += 14;
        wrong |= size - 1 > 8;
    } else {
        at = lackey_tail(at + 11, va, &size);
    }
    *how = MEMTRACE_HOW(head >> 24, size);
    return wrong != 0 ? NULL : at;
}

const uint8_t *
memtrace_lackey_run(struct memtrace_reader *reader, const uint8_t *at, const uint8_t *end)
{
    struct memtrace_batch *batch = &reader->batch;
    size_t count = batch->count, first = count;

    for (; end - at >= RUN_ROOM && count < MEMTRACE_BATCH; count++) {
        const uint8_t *next = lackey_ordinary(at, &batch->va[count], &batch->how[count]);

        if (next == NULL)
            break;
        at = next;
    }
    reader->line += count - first;
    batch->count = count;
    if (count == MEMTRACE_BATCH)
        memtrace_flush(reader);
    return at;
}

bool
memtrace_line_lackey(struct memtrace_reader *reader, const uint8_t *line, size_t length)
{
    struct memtrace_words words = { line, line + length };
    uint64_t va, size;
    int kind;

    if (length >= 2 && line[0] == '=' && line[1] == '=') /* what valgrind itself has to say */
        return true;
    if (memtrace_at_end(&words))
        return true;
    kind = lackey_kinds[*words.at++];
    if (kind == 0 || words.at == words.end || *words.at != ' ' || !memtrace_read_hex(&words, &va) ||
        words.at == words.end || *words.at++ != ',' || !memtrace_read_number(&words, 10, &size) ||
        !memtrace_at_end(&words) || size == 0 || size > MEMTRACE_SIZE_MAX)
        return false;
    memtrace_reference(reader, va, MEMTRACE_HOW(kind - 1, size));
    return true;
}

/* ---- din ---- */

/* "0 addr": a read, "1": a write, "2": a fetch; "3" and "4" say nothing about memory. */
bool
memtrace_line_din(struct memtrace_reader *reader, const uint8_t *line, size_t length)
{
    static const enum memtrace_kind kinds[] = { MEMTRACE_LOAD, MEMTRACE_STORE, MEMTRACE_FETCH };
    struct memtrace_words words = { line, line + length };
    uint64_t label, va;

    if (memtrace_at_end(&words))
        return true;
    if (!memtrace_read_number(&words, 10, &label) || !memtrace_read_hex(&words, &va) || label > 4)
        return false;
    if (label <=
        2) /* what follows the address is a comment; its size is the word of Dinero's time */
        memtrace_reference(reader, va, MEMTRACE_HOW(kinds[label], 4));
    return true;
}

/* ---- DynamoRIO's view tool ---- */

/* Threads take CPUs as they come. */
static void
memtrace_view_thread(struct memtrace_reader *reader, uint64_t thread)
{
    size_t index = 0;

    while (index < reader->thread_count && reader->thread[index] != thread)
        index++;
    if (index == reader->thread_count && index < MEMTRACE_THREADS)
        reader->thread[reader->thread_count++] = thread;
    index %= MEMTRACE_CPUS;
    if (index == reader->cpu)
        return;
    reader->cpu = (uint32_t)index;
    memtrace_event_out(reader,
                       &(struct memtrace_event){ .verb = MEMTRACE_CPU, .value = reader->cpu });
}

/* "read  8 byte(s) @ 0x7f..", behind the numbers at the line's head. */
static bool
memtrace_view_access(struct memtrace_reader *reader, struct memtrace_words *words)
{
    static const struct {
        const char *word;
        enum memtrace_kind kind;
    } kinds[] = { { "ifetch", MEMTRACE_FETCH },
                  { "read", MEMTRACE_LOAD },
                  { "write", MEMTRACE_STORE } };
    uint64_t va, size;

    for (size_t i = 0; i < VMM_COUNT_OF(kinds); i++) {
        if (!memtrace_read_word(words, kinds[i].word))
            continue;
        if (!memtrace_read_decimal(words, &size) || !memtrace_read_word(words, "byte(s)") ||
            !memtrace_read_word(words, "@") || !memtrace_read_hex(words, &va) || size == 0 ||
            size > MEMTRACE_SIZE_MAX)
            return false;
        memtrace_reference(reader, va, MEMTRACE_HOW(kinds[i].kind, size));
        return true;
    }
    /* prefetches and the like use no translation that we would know */
    return words->at < words->end && words->at[0] >= 'a' && words->at[0] <= 'z';
}

/* "12  4:  3256418 read ..", of older versions without the number before the colon. */
bool
memtrace_line_view(struct memtrace_reader *reader, const uint8_t *line, size_t length)
{
    struct memtrace_words words = { line, line + length };
    uint64_t number, thread;

    if (memtrace_at_end(&words))
        return true;
    if (!memtrace_read_decimal(&words, &number)) /* headings, and the counts at the end */
        return !reader->has_records || *line == '-' || memchr(line, ':', length) != NULL;
    memtrace_skip_blanks(&words);
    if (words.at < words.end && *words.at != ':' && !memtrace_read_decimal(&words, &number))
        return false;
    memtrace_skip_blanks(&words);
    if (words.at == words.end || *words.at++ != ':')
        return false;
    if (memtrace_read_decimal(&words, &thread))
        memtrace_view_thread(reader, thread);
    else if (reader->has_records && words.at < words.end && *words.at == 't')
        return true; /* " 5: total instructions" */
    reader->has_records = true;
    memtrace_skip_blanks(&words);
    if (words.at < words.end && *words.at == '<') /* "<marker: timestamp 13..>" */
        return true;
    return memtrace_view_access(reader, &words);
}
