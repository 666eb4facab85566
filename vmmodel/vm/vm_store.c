/* vm_store.c - see vm_store.h */
#include "vm/vm_store.h"

#include <string.h>

enum { VM_STORE_FIRST = 64 };

static bool
vm_store_grow(const struct vmm_alloc *alloc, struct vm_store *store)
{
    size_t capacity = store->capacity == 0 ? VM_STORE_FIRST : store->capacity * 2;
    uint8_t **slots = vmm_take_array(alloc, capacity, sizeof(*slots));
    uint32_t *free_slots = vmm_take_array(alloc, capacity, sizeof(*free_slots));

    if (slots == NULL || free_slots == NULL || capacity > UINT32_MAX / 2) {
        vmm_give_array(alloc, slots, capacity, sizeof(*slots));
        vmm_give_array(alloc, free_slots, capacity, sizeof(*free_slots));
        return false;
    }
    if (store->capacity > 0)
        memcpy(slots, store->slots, store->capacity * sizeof(*slots));
    vmm_give_array(alloc, store->slots, store->capacity, sizeof(*slots));
    vmm_give_array(alloc, store->free_slots, store->capacity, sizeof(*free_slots));
    for (size_t slot = capacity; slot > store->capacity; slot--)
        free_slots[store->free_count++] = (uint32_t)slot; /* the lowest is on top */
    store->slots = slots;
    store->free_slots = free_slots;
    store->capacity = capacity;
    return true;
}

static bool
vm_is_zero(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* A slot nobody has; its contents are all zero. */
static enum vmm_status
vm_store_take(struct vm_system *system, struct vm_store *store, uint32_t *slot)
{
    if (store->used >= store->limit)
        return VMM_RESOURCE_SHORTAGE;
    if (store->free_count == 0 && !vm_store_grow(system->alloc, store))
        return VMM_MODEL_NO_MEMORY;
    *slot = store->free_slots[--store->free_count];
    store->used++;
    return VMM_OK;
}

enum vmm_status
vm_store_put(struct vm_system *system, struct vm_store *store, vmm_ppn ppn, uint32_t *slot)
{
    enum vmm_status status;
    uint8_t *bytes;

    if (store->fails)
        return VMM_MEMORY_ERROR;
    if (store->used >= store->limit)
        return VMM_RESOURCE_SHORTAGE;
    bytes = vmm_take_array(system->alloc, system->page_bytes, 1);
    if (bytes == NULL)
        return VMM_MODEL_NO_MEMORY;
    hw_frame_read(&system->machine->frames, ppn, 0, bytes, (uint32_t)system->page_bytes);
    status = vm_store_take(system, store, slot);
    if (status != VMM_OK || vm_is_zero(bytes, (size_t)system->page_bytes)) {
        vmm_give_array(system->alloc, bytes, system->page_bytes, 1);
        bytes = NULL;
    }
    if (status == VMM_OK)
        store->slots[*slot - 1] = bytes;
    return status;
}

enum vmm_status
vm_store_write(struct vm_system *system, struct vm_store *store, uint32_t *slot, uint32_t offset,
               const void *from, uint32_t length)
{
    enum vmm_status status = *slot == 0 ? vm_store_take(system, store, slot) : VMM_OK;
    uint8_t **bytes;

    if (status != VMM_OK)
        return status;
    bytes = &store->slots[*slot - 1];
    if (*bytes == NULL)
        *bytes = vmm_take_array(system->alloc, system->page_bytes, 1);
    if (*bytes == NULL)
        return VMM_MODEL_NO_MEMORY;
    memcpy(*bytes + offset, from, length);
    return VMM_OK;
}

enum vmm_status
vm_store_get(struct vm_system *system, const struct vm_store *store, uint32_t slot, vmm_ppn ppn)
{
    const uint8_t *bytes = store->slots[slot - 1];

    if (store->fails)
        return VMM_MEMORY_ERROR;
    if (bytes != NULL &&
        !hw_frame_write(&system->machine->frames, ppn, 0, bytes, (uint32_t)system->page_bytes))
        return VMM_MODEL_NO_MEMORY;
    return VMM_OK;
}

const uint8_t *
vm_store_bytes(const struct vm_system *system, const struct vm_store *store, uint32_t slot)
{
    const uint8_t *bytes = store->slots[slot - 1];

    return bytes == NULL || vm_is_zero(bytes, (size_t)system->page_bytes) ? NULL : bytes;
}

void
vm_store_drop(struct vm_system *system, struct vm_store *store, uint32_t slot)
{
    vmm_give_array(system->alloc, store->slots[slot - 1], system->page_bytes, 1);
    store->slots[slot - 1] = NULL;
    store->free_slots[store->free_count++] = slot;
    store->used--;
}

void
vm_store_destroy(struct vm_system *system, struct vm_store *store)
{
    for (size_t i = 0; i < store->capacity; i++)
        vmm_give_array(system->alloc, store->slots[i], system->page_bytes, 1);
    vmm_give_array(system->alloc, store->slots, store->capacity, sizeof(*store->slots));
    vmm_give_array(system->alloc, store->free_slots, store->capacity, sizeof(*store->free_slots));
}

void
vm_system_fail_store(struct vm_system *system, bool fails)
{
    system->store.fails = fails;
}
