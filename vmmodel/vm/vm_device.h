/*
 * vm_device.h - objects whose bytes are a device's, not the kernel's
 *
 * PURPOSE     What I/O Kit maps for a physical descriptor or a list of pages. No vm_page stands behind
 *             such an object: it knows its frames, and a fault maps them.
 *
 *                 one range      phys_contiguous: one fault maps the whole surrounding entry as a
 *                                block of wired translations; wiring enters nothing (vm.md T6)
 *                 several, or    a device pager: frames are bound page by page, one fault maps one
 *                 a page list    page; wiring enters them one by one
 *
 *             I/O Kit calls vm_memory_entry_device() (vm_memory_entry.h), maps the handle as any
 *             other, and calls vm_fault() once per segment where iokit.md 3.6 says so. The bytes
 *             themselves, without a translation, are vm_device_read() and vm_device_write().
 * INVARIANTS  D1  an object with a device has no page and nothing in the store
 * UNITS       first: page number; pages: count; address: physical bytes
 * OWNERSHIP   the object owns a copy of the ranges
 * ERRORS      VMM_MEMORY_ERROR from a fault: a frame of memory that nobody owns any more
 * EVENTS      DEVICE_ACCESS FAULT PMAP_ENTER
 * XNU         osfmk/vm/device_vm.c device_pager_setup, device_pager_populate_object; vm.md 4.4 step 8.
 *             Differs: frames beyond memory exist wherever a device says they are; a frame of memory
 *             may be named too, and then its pv records see the mapping
 */
#ifndef VM_VM_DEVICE_H
#define VM_VM_DEVICE_H

#include "base/status.h"
#include "base/types.h"

struct vm_system;
struct vm_object;

struct vm_device_range {
    vmm_ppn first;
    uint64_t pages; /* more than 0 */
};

enum vm_device_kind {
    VM_DEVICE_BLOCK, /* exactly one range */
    VM_DEVICE_PAGES,
};

struct vm_device_layout {
    enum vm_device_kind kind;
    const struct vm_device_range *ranges;
    size_t count;
};

/* An object over the ranges, one after the other. VMM_INVALID_ARGUMENT: the layout makes no sense. */
enum vmm_status vm_object_create_device(struct vm_system *system,
                                        const struct vm_device_layout *layout,
                                        struct vm_object **object) VMM_MUST_USE;

/* Ends the object's knowledge of its frames. For vm_object_terminate(). */
void vm_device_free(struct vm_object *object);

/* The frame behind `offset` of a device's object; VMM_NO_PAGE: beyond its ranges. */
vmm_ppn vm_device_frame(const struct vm_object *object, vmm_off offset);

/* Whether the frame can be mapped: a device's always, memory's as long as an object holds it. */
bool vm_device_frame_is_usable(const struct vm_system *system, vmm_ppn ppn);

/*
 * Copies bytes at a physical address, which need not be in one page. No translation is used. Page 0 and
 * what lies beyond all page numbers read as zeroes, and stores there go nowhere.
 */
void vm_device_read(const struct vm_system *system, uint64_t address, void *to, vmm_size length);
enum vmm_status vm_device_write(struct vm_system *system, uint64_t address, const void *from,
                                vmm_size length) VMM_MUST_USE;

/* What a device finds at a physical address. */
enum vm_device_page {
    VM_DEVICE_HELD,   /* wired memory, or a device's own */
    VM_DEVICE_LOOSE,  /* memory that may leave at any time */
    VM_DEVICE_NOBODYS /* no object has this page: what is there belongs to whoever gets it next */
};

/*
 * DMA: a device reads or stores (`fill` into every byte) at a physical address that it was given. It
 * asks nobody, so only the event says what it found. Pages that are nobody's keep their bytes here.
 */
void vm_device_dma_read(struct vm_system *system, uint64_t address, void *to, vmm_size length);
enum vmm_status vm_device_dma_write(struct vm_system *system, uint64_t address, uint8_t fill,
                                    vmm_size length) VMM_MUST_USE;

#endif
