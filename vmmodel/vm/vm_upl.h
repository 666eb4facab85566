/*
 * vm_upl.h - the list of source pages that an I/O keeps in memory
 *
 * PURPOSE     "These bytes stay in memory": prepare()'s answer. Pages become resident and wired in
 *             their object; no map entry is wired and no pmap is touched.
 * INVARIANTS  I10 each page of the list carries one of its wire counts
 * UNITS       address, size: bytes; offset into a list: bytes from the start of its first page
 * OWNERSHIP   the caller owns the list and ends it with vm_upl_commit(); the list holds a reference
 *             on its object, so the pages outlive the mapping they came from
 * ERRORS      VMM_FAILURE: no entry there; VMM_PROTECTION_FAILURE: written to, and the entry forbids
 *             WRITE; VMM_INVALID_RIGHT: the same for a memory entry; VMM_MEMORY_ERROR: NoFault and a
 *             page is not resident, or nothing is behind it; VMM_MODEL_NO_MEMORY; want of frames is a
 *             hang. Nothing is wired then.
 * EVENTS      UPL_WIRE PAGE_WIRE PAGE_ZERO_FILL PAGE_COPY
 * XNU         vm_map_create_upl, vm_object_iopl_request, memory_object_iopl_request; iokit.md 2
 */
#ifndef VM_VM_UPL_H
#define VM_VM_UPL_H

#include "vm/vm_map.h"
#include "vm/vm_memory_entry.h"

struct vm_upl;

enum { VM_UPL_MAX_BYTES = 64 << 20 }; /* MAX_UPL_SIZE_BYTES; iokit.md 2.3 */

enum {
    VM_UPL_COPYOUT_FROM = 1, /* memory -> device: pages are only read */
    VM_UPL_NO_FAULT = 2,     /* a page that is not resident is an error */
    VM_UPL_NO_ZERO_FILL = 4, /* a page nobody has stays absent until vm_upl_set_valid() */
};

/*
 * Lists and wires the pages of [address, address + *size), which are rounded out to pages. One list
 * covers one map entry, and at most VM_UPL_MAX_BYTES: *size comes back as the bytes it covers from
 * `address` on.
 */
enum vmm_status vm_upl_create(struct vm_map *map, vmm_va address, vmm_size *size, uint32_t flags,
                              struct vm_upl **upl) VMM_MUST_USE;

/*
 * The same from a memory entry that is no copy: as much of [offset, offset + *size) as it names, however
 * much that is. `offset` lies inside the entry.
 */
enum vmm_status vm_upl_create_from_entry(struct vm_memory_entry *entry, vmm_off offset,
                                         vmm_size *size, uint32_t flags,
                                         struct vm_upl **upl) VMM_MUST_USE;

/* What the device wrote counts: absent pages hold data from now on. XNU: iopl_valid_data(). */
void vm_upl_set_valid(struct vm_upl *upl);

/* Unwires every page, frees those that are still absent, and ends the list. */
void vm_upl_commit(struct vm_upl **upl);

/* Where on the first page of the list the bytes that were asked for begin. */
uint64_t vm_upl_first_byte(const struct vm_upl *upl);

uint64_t vm_upl_page_count(const struct vm_upl *upl);
vmm_ppn vm_upl_page(const struct vm_upl *upl, uint64_t index);

/* The listed pages' bytes, through physical memory: no translation is used, none is made. */
void vm_upl_read(const struct vm_upl *upl, uint64_t offset, void *to, uint64_t length);
enum vmm_status vm_upl_write(struct vm_upl *upl, uint64_t offset, const void *from,
                             uint64_t length) VMM_MUST_USE;

#endif
