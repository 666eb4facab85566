/* idtable.c - see idtable.h */
#include "base/idtable.h"

#include <string.h>

#include "base/assert.h"

enum { VMM_IDTABLE_FIRST = 16, VMM_IDTABLE_SLOT_BITS = 24 };

void
vmm_idtable_init(struct vmm_idtable *table, const struct vmm_alloc *alloc)
{
    *table = (struct vmm_idtable){ .alloc = alloc };
}

uint64_t
vmm_idtable_id_at(const struct vmm_idtable *table, size_t slot)
{
    return (uint64_t)table->slots[slot].generation << VMM_IDTABLE_SLOT_BITS | (slot + 1);
}

static bool
vmm_idtable_grow(struct vmm_idtable *table)
{
    size_t capacity = table->capacity == 0 ? VMM_IDTABLE_FIRST : table->capacity * 2;
    struct vmm_idtable_slot *slots;

    if (capacity >= (size_t)1 << VMM_IDTABLE_SLOT_BITS)
        return false;
    slots = vmm_take_array(table->alloc, capacity, sizeof(*slots));
    if (slots == NULL)
        return false;
    if (table->capacity > 0)
        memcpy(slots, table->slots, table->capacity * sizeof(*slots));
    vmm_give_array(table->alloc, table->slots, table->capacity, sizeof(*slots));
    table->slots = slots;
    table->capacity = capacity;
    return true;
}

uint64_t
vmm_idtable_add(struct vmm_idtable *table, void *object, uint32_t kind)
{
    size_t slot = table->first_free;

    VMM_ASSERT(object != NULL);
    if (table->live == table->capacity && !vmm_idtable_grow(table))
        return 0;
    while (table->slots[slot].object != NULL)
        slot++;
    table->first_free = slot;
    if (table->slots[slot].generation == UINT32_MAX)
        return 0; /* H1: this slot has no fresh id left */
    table->slots[slot].object = object;
    table->slots[slot].kind = kind;
    table->slots[slot].generation++;
    table->first_free = slot + 1;
    table->live++;
    return vmm_idtable_id_at(table, slot);
}

uint32_t
vmm_idtable_number(uint64_t id)
{
    return (uint32_t)(id & (((uint64_t)1 << VMM_IDTABLE_SLOT_BITS) - 1));
}

/* The slot an id names, whatever its generation; NULL when there is none. */
static struct vmm_idtable_slot *
vmm_idtable_slot(const struct vmm_idtable *table, uint64_t id)
{
    uint32_t number = vmm_idtable_number(id);

    return number == 0 || number > table->capacity ? NULL : &table->slots[number - 1];
}

void *
vmm_idtable_get(const struct vmm_idtable *table, uint64_t id, uint32_t kind)
{
    const struct vmm_idtable_slot *slot = vmm_idtable_slot(table, id);

    if (vmm_idtable_state(table, id) != VMM_ID_LIVE || slot->kind != kind)
        return NULL;
    return slot->object;
}

enum vmm_id_state
vmm_idtable_state(const struct vmm_idtable *table, uint64_t id)
{
    const struct vmm_idtable_slot *slot = vmm_idtable_slot(table, id);
    uint64_t generation = id >> VMM_IDTABLE_SLOT_BITS;

    if (slot == NULL || generation == 0 || generation > slot->generation)
        return VMM_ID_NEVER;
    return generation == slot->generation && slot->object != NULL ? VMM_ID_LIVE : VMM_ID_STALE;
}

void
vmm_idtable_remove(struct vmm_idtable *table, uint64_t id)
{
    struct vmm_idtable_slot *slot = vmm_idtable_slot(table, id);

    VMM_ASSERT(vmm_idtable_state(table, id) == VMM_ID_LIVE);
    slot->object = NULL;
    table->live--;
    if ((size_t)(slot - table->slots) < table->first_free)
        table->first_free = (size_t)(slot - table->slots);
}

void
vmm_idtable_destroy(struct vmm_idtable *table)
{
    vmm_give_array(table->alloc, table->slots, table->capacity, sizeof(*table->slots));
    *table = (struct vmm_idtable){ .alloc = table->alloc };
}
