/* core_set.c - see core_set.h */
#include "core_set.h"

#include <string.h>

enum { CORE_SET_FIRST = 1024 };

void
core_set_init(struct core_set *set, const struct vmm_alloc *alloc)
{
    *set = (struct core_set){ .alloc = alloc };
}

void
core_set_destroy(struct core_set *set)
{
    vmm_give_array(set->alloc, set->slots, set->capacity, sizeof *set->slots);
    core_set_init(set, set->alloc);
}

/* Where the digest is, or would be. */
static size_t
slot_of(const uint64_t *slots, size_t capacity, uint64_t digest)
{
    size_t at = (size_t)(digest ^ digest >> 32) & (capacity - 1);

    while (slots[at] != 0 && slots[at] != digest)
        at = (at + 1) & (capacity - 1);
    return at;
}

static bool
grow(struct core_set *set)
{
    size_t capacity = set->capacity == 0 ? CORE_SET_FIRST : 2 * set->capacity;
    uint64_t *slots = vmm_take_array(set->alloc, capacity, sizeof *slots);

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->slots[i] != 0)
            slots[slot_of(slots, capacity, set->slots[i])] = set->slots[i];
    }
    vmm_give_array(set->alloc, set->slots, set->capacity, sizeof *slots);
    set->slots = slots;
    set->capacity = capacity;
    return true;
}

bool
core_set_has(const struct core_set *set, uint64_t digest)
{
    digest = digest == 0 ? 1 : digest;
    return set->capacity > 0 && set->slots[slot_of(set->slots, set->capacity, digest)] == digest;
}

bool
core_set_add(struct core_set *set, uint64_t digest)
{
    digest = digest == 0 ? 1 : digest;
    if (core_set_has(set, digest))
        return false;
    if (2 * (set->count + 1) > set->capacity && !grow(set)) {
        set->is_exhausted = true;
        return true;
    }
    set->slots[slot_of(set->slots, set->capacity, digest)] = digest;
    set->count++;
    return true;
}

void
core_set_clear(struct core_set *set)
{
    if (set->capacity > 0)
        memset(set->slots, 0, set->capacity * sizeof *set->slots);
    set->count = 0;
}
