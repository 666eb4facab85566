/*
 * memtrace_condense.c - a block's references as visits, for who writes it; see memtrace_own.h
 */
#include <string.h>

#include "memtrace_internal.h"
#include "memtrace_own.h"

/* Which of the block's words; as many as there are: none of them. The hint is nearly always right. */
static size_t
condense_find(struct memtrace_condenser *condenser, uint64_t word)
{
    const struct memtrace_block *block = &condenser->block;
    size_t at = condenser->hint[word % sizeof condenser->hint];

    if (at < block->word_count && block->words[at] == word)
        return at;
    for (at = 0; at < block->word_count && block->words[at] != word; at++)
        ;
    condenser->hint[word % sizeof condenser->hint] = (uint8_t)at;
    return at;
}

/* It stands for itself. */
static void
condense_crossing(struct memtrace_condenser *condenser, uint64_t va, uint32_t how)
{
    uint8_t *at = condenser->bytes + condenser->length;

    *at++ = MEMTRACE_OTHER;
    *at++ = (uint8_t)(1 + MEMTRACE_KIND(how));
    at = memtrace_put_varint(at, va);
    at = memtrace_put_varint(at, MEMTRACE_SIZE(how));
    condenser->length = (size_t)(at - condenser->bytes);
    condenser->slots = (struct memtrace_slots){ { 0 }, { 0 } };
}

bool
memtrace_condense(struct memtrace_condenser *condenser, uint64_t va, uint32_t how)
{
    struct memtrace_block *block = &condenser->block;
    uint64_t page = va >> MEMTRACE_PAGE_SHIFT, word = page << 2 | MEMTRACE_KIND(how);
    size_t at;

    if (condenser->is_void)
        return true;
    if (memtrace_crosses(va, how)) {
        condense_crossing(condenser, va, how);
        return true;
    }
    at = condense_find(condenser, word);
    if (at == MEMTRACE_WORDS)
        return false;
    if (at == block->word_count) {
        block->words[block->word_count++] = word;
        block->counts[at] = 0;
    }
    block->counts[at]++;
    if (!memtrace_stays(&condenser->slots, page, MEMTRACE_KIND(how)))
        condenser->bytes[condenser->length++] = (uint8_t)at;
    return true;
}

void
memtrace_condense_event(struct memtrace_condenser *condenser, const uint8_t *code, size_t length)
{
    if (condenser->is_void)
        return;
    condenser->bytes[condenser->length++] = MEMTRACE_OTHER;
    condenser->bytes[condenser->length++] = 0;
    memcpy(condenser->bytes + condenser->length, code, length);
    condenser->length += length;
    condenser->slots = (struct memtrace_slots){ { 0 }, { 0 } };
}

size_t
memtrace_condense_words(const struct memtrace_condenser *condenser,
                        uint8_t bytes[MEMTRACE_WORDS * MEMTRACE_CODE_MOST])
{
    const struct memtrace_block *block = &condenser->block;
    uint64_t page = 0;
    uint8_t *at = bytes;

    for (size_t i = 0; i < block->word_count; i++) {
        uint64_t difference = memtrace_zigzag((block->words[i] >> 2) - page);

        at = memtrace_put_varint(at, difference << 2 | (block->words[i] & 3));
        at = memtrace_put_varint(at, block->counts[i]);
        page = block->words[i] >> 2;
    }
    return (size_t)(at - bytes);
}
