/* vmk_xnu_run.cpp - the kernel's own memory, and what a run asks of the kernel; see vmk_xnu.h, kext.h */
#include "kext/vmk_xnu.h"

extern "C" {
boolean_t ml_set_interrupts_enabled(boolean_t enable);
int copyin(const user_addr_t from, void *to, size_t count);
int copyout(const void *from, user_addr_t to, size_t count);
}

static_assert(KEXT_PAGE == 1 << PAGE_SHIFT, "the table counts in the kernel's pages");

/* ---- the kernel's own memory ---- */

void *
vmk_alloc(uint64_t length, uint64_t alignment)
{
    kext_entry *entry;
    void *memory;

    if (length == 0 || length > KEXT_OBJECT_MAX)
        return NULL;
    memory = IOMallocAligned((vm_size_t)length, alignment != 0 ? (vm_size_t)alignment : 16);
    entry = memory != NULL ? kext_table_add(KEXT_ALLOC, memory, NULL) : NULL;
    if (memory != NULL && entry == NULL)
        IOFreeAligned(memory, (vm_size_t)length);
    if (entry == NULL)
        return NULL;
    entry->flags = KEXT_IN_KERNEL | KEXT_WIRED;
    entry->address = (uint64_t)(uintptr_t)memory;
    entry->length = length;
    return memory;
}

/* The length is the table's: a wrong one would corrupt the kernel's heap. */
void
vmk_free(void *p, uint64_t, uint64_t)
{
    kext_entry *entry = kext_table_find(KEXT_ALLOC, p);
    uint64_t length = entry != NULL ? entry->length : 0;

    if (entry == NULL || must_stay(entry))
        return;
    kext_table_drop(entry);
    IOFreeAligned(p, (vm_size_t)length);
}

void *
vmk_alloc_pageable(uint64_t, uint64_t)
{
    return NULL; /* vmk_desc_buffer() has pageable memory */
}

void
vmk_free_pageable(void *, uint64_t)
{
}

/* ---- what kext.h asks of the kernel ---- */

void *
kext_take(size_t size)
{
    /* vmm_alloc promises 64 bytes of alignment. */
    return IOMallocAligned(size, 64);
}

void
kext_give(void *memory, size_t size)
{
    IOFreeAligned(memory, size);
}

int
kext_copy_in(uint64_t from, void *to, size_t length)
{
    return copyin((user_addr_t)from, to, length);
}

int
kext_copy_out(const void *from, uint64_t to, size_t length)
{
    return copyout(from, (user_addr_t)to, length);
}

/* Volatile, so that each byte is an access of its own, between the lock and the unlock. */
static void
copy_bytes(volatile uint8_t *to, const volatile uint8_t *from, size_t length)
{
    for (size_t i = 0; i < length; i++)
        to[i] = from[i];
}

static int
copy_in_section(enum kext_section section, volatile uint8_t *to, const volatile uint8_t *from,
                size_t length)
{
    IOSimpleLock *spin = section == KEXT_SPIN_SECTION ? IOSimpleLockAlloc() : NULL;
    boolean_t before = true;

    if (section == KEXT_SPIN_SECTION && spin == NULL)
        return kIOReturnNoMemory;
    if (spin != NULL)
        IOSimpleLockLock(spin);
    if (section == KEXT_INTERRUPTS_SECTION)
        before = ml_set_interrupts_enabled(false);
    copy_bytes(to, from, length);
    if (section == KEXT_INTERRUPTS_SECTION)
        ml_set_interrupts_enabled(before);
    if (spin != NULL) {
        IOSimpleLockUnlock(spin);
        IOSimpleLockFree(spin);
    }
    return kIOReturnSuccess;
}

int
kext_load(enum kext_section section, uint64_t from, void *to, size_t length)
{
    return copy_in_section(section, static_cast<uint8_t *>(to),
                           reinterpret_cast<const uint8_t *>((uintptr_t)from), length);
}

int
kext_store(enum kext_section section, const void *from, uint64_t to, size_t length)
{
    return copy_in_section(section, reinterpret_cast<uint8_t *>((uintptr_t)to),
                           static_cast<const uint8_t *>(from), length);
}

/* ---- behind a run ---- */

static void
undo_wires()
{
    uint64_t offset, length;
    kext_entry *map;

    while ((map = kext_table_wired_map(&offset, &length)) != NULL) {
        if (vmk_map_wire(static_cast<vmk_map_t>(map->object), 0, offset, length) !=
            kIOReturnSuccess) {
            IOLog("faultline: a mapping stays wired until the next start\n");
            return; /* rather than a machine that hangs */
        }
    }
}

/* Drops one reference of the entry's object. */
static void
undo_one(kext_entry *entry)
{
    void *object = entry->object;

    switch (entry->kind) {
    case KEXT_MAP:
        vmk_map_release(static_cast<vmk_map_t>(object));
        return;
    case KEXT_DMA:
        vmk_dma_release(static_cast<vmk_dma_t>(object));
        return;
    case KEXT_ALLOC:
        vmk_free(object, 0, 0);
        return;
    case KEXT_LOCK:
        vmk_lock_free(static_cast<vmk_lock_t>(object));
        return;
    default:
        while (entry->prepares > 0)
            vmk_desc_complete(static_cast<vmk_desc_t>(object), 0);
        vmk_desc_release(static_cast<vmk_desc_t>(object));
        return;
    }
}

void
kext_undo(void)
{
    kext_entry *entry;

    undo_wires();
    while ((entry = kext_table_any()) != NULL)
        undo_one(entry);
}
