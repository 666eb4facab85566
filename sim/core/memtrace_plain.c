/*
 * memtrace_plain.c - the text that people write: references, and what happened to mappings
 *
 * A line is `I`, `L`, `S` or `M` with an address and a size, or a verb of memtrace.h with its operands.
 * Addresses are hexadecimal, lengths decimal or 0x; `#` begins a comment.
 */
#include "memtrace_internal.h"

#include <string.h>

static const char *const advices[] = {
    "default",    "random",   "sequential", "reverse",   "willneed", "dontneed", "free",
    "zero-wired", "reusable", "reuse",      "can-reuse", "pageout",  "zero",
};

/* "rwx", "r-x", "none". */
static bool
memtrace_read_rights(struct memtrace_words *words, uint32_t *rights)
{
    *rights = VMM_PROT_NONE;
    if (memtrace_at_end(words))
        return false;
    if (memtrace_read_word(words, "none"))
        return true;
    for (; words->at < words->end && *words->at != ' ' && *words->at != '\t'; words->at++) {
        switch (*words->at) {
        case 'r':
            *rights |= VMM_PROT_READ;
            break;
        case 'w':
            *rights |= VMM_PROT_WRITE;
            break;
        case 'x':
            *rights |= VMM_PROT_EXECUTE;
            break;
        case '-':
            break;
        default:
            return false;
        }
    }
    return true;
}

static bool
memtrace_read_value(struct memtrace_words *words, struct memtrace_event *event)
{
    uint64_t number;

    if (event->verb == MEMTRACE_MAP || event->verb == MEMTRACE_PROTECT)
        return memtrace_read_rights(words, &event->value);
    if (event->verb == MEMTRACE_ADVISE) {
        for (event->value = 0; event->value < VMM_COUNT_OF(advices); event->value++) {
            if (memtrace_read_word(words, advices[event->value]))
                return true;
        }
        return false;
    }
    if (!memtrace_read_decimal(words, &number) ||
        number >= (event->verb == MEMTRACE_CPU ? MEMTRACE_CPUS : MEMTRACE_SPACES))
        return false;
    event->value = (uint32_t)number;
    return true;
}

static bool
memtrace_read_event(struct memtrace_reader *reader, struct memtrace_words *words,
                    enum memtrace_verb verb)
{
    struct memtrace_event event = { .verb = verb };

    if (memtrace_verb_has_range(verb) &&
        (!memtrace_read_hex(words, &event.va) || !memtrace_read_decimal(words, &event.length) ||
         event.length == 0 || event.va + (event.length - 1) < event.va))
        return false;
    if (memtrace_verb_has_value(verb) && !memtrace_read_value(words, &event))
        return false;
    if (!memtrace_at_end(words))
        return false;
    memtrace_event_out(reader, &event);
    return true;
}

static bool
memtrace_read_reference(struct memtrace_reader *reader, struct memtrace_words *words)
{
    static const char letters[] = "ILSM";
    const char *letter = memchr(letters, *words->at, 4);
    uint64_t va, size = 1;

    words->at++;
    if (letter == NULL || words->at == words->end || *words->at != ' ' ||
        !memtrace_read_hex(words, &va))
        return false;
    if (!memtrace_at_end(words) && (!memtrace_read_decimal(words, &size) || size == 0 ||
                                    size > MEMTRACE_SIZE_MAX || !memtrace_at_end(words)))
        return false;
    memtrace_reference(reader, va, MEMTRACE_HOW(letter - letters, size));
    return true;
}

bool
memtrace_line_plain(struct memtrace_reader *reader, const uint8_t *line, size_t length)
{
    const uint8_t *comment = memchr(line, '#', length);
    struct memtrace_words words = { line, comment != NULL ? comment : line + length };

    if (memtrace_at_end(&words))
        return true;
    for (int verb = 0; verb < MEMTRACE_VERBS; verb++) {
        if (memtrace_read_word(&words, memtrace_verb_name((enum memtrace_verb)verb)))
            return memtrace_read_event(reader, &words, (enum memtrace_verb)verb);
    }
    return memtrace_read_reference(reader, &words);
}
