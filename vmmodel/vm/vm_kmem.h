/*
 * vm_kmem.h - the kernel's own memory: wired and translated from birth
 *
 * PURPOSE     What IOMalloc, kalloc and a wired IOBufferMemoryDescriptor come to: kernel memory that
 *             never faults, because every page is entered when it is allocated.
 * INVARIANTS  an allocation is one entry of the kernel's map whose wire count begins at 1
 *             G1  a guard page has no frame and no translation
 * UNITS       address, size, mask: bytes; mask is alignment - 1
 * OWNERSHIP   the caller frees the whole allocation with vm_kmem_free()
 * ERRORS      VMM_INVALID_ARGUMENT: nothing but guards; VMM_NO_SPACE: no room;
 *             VMM_RESOURCE_SHORTAGE: no frames, or none in a row;
 *             VMM_MODEL_HANG: freed while somebody else has it wired
 * EVENTS      OBJECT_CREATE MAP_ENTER PAGE_WIRE PMAP_ENTER MAP_UNWIRE MAP_REMOVE
 * XNU         osfmk/vm/vm_kern.c kernel_memory_allocate, kmem_alloc_contig, kmem_free; iokit.md 1.3
 *             Differs: pages come zeroed; sizes below a page take a page
 */
#ifndef VM_VM_KMEM_H
#define VM_VM_KMEM_H

#include "vm/vm_map.h"

enum {
    VM_KMEM_CONTIGUOUS = 1,  /* the frames follow one another */
    VM_KMEM_GUARD_FIRST = 2, /* the first page refuses every touch; XNU: KMA_GUARD_FIRST */
    VM_KMEM_GUARD_LAST = 4,  /* so does the last */
};

/* Allocates `size` bytes, guards among them, rounded up to pages. */
enum vmm_status vm_kmem_alloc(struct vm_system *system, vmm_size size, vmm_va mask, uint32_t flags,
                              vmm_va *address) VMM_MUST_USE;

/* Drops the allocation's own wire and removes it. */
enum vmm_status vm_kmem_free(struct vm_system *system, vmm_va address, vmm_size size);

/*
 * Submaps of the kernel's map that the floor above makes as it needs them, and that stay. It looks for
 * room in the one that had some last (`hint`) first. XNU: gIOKitPageableSpace.
 */
enum { VM_KMEM_SUBMAPS = 8 };
struct vm_kmem_submaps {
    uint32_t count;
    uint32_t hint;
    struct vm_map *maps[VM_KMEM_SUBMAPS];
};
struct vm_kmem_submaps *vm_kmem_submaps(struct vm_system *system);

/*
 * Adds a submap of `size` bytes, and makes it the hint; there are fewer than VM_KMEM_SUBMAPS.
 * VMM_NO_SPACE: the kernel's map has no room. XNU: kmem_suballoc().
 */
enum vmm_status vm_kmem_suballoc(struct vm_system *system, vmm_size size) VMM_MUST_USE;

#endif
