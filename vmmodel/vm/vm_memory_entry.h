/*
 * vm_memory_entry.h - a handle on a run of memory that can be mapped elsewhere
 *
 * PURPOSE     What I/O Kit keeps of a source range so that it can map the same bytes into another
 *             task.
 * INVARIANTS  an entry's object is true_share and delayed-copy from then on
 * UNITS       address, size, offset: bytes
 * OWNERSHIP   the caller owns the entry; it holds references on its objects
 * ERRORS      VMM_INVALID_ADDRESS: not mapped, or a range to copy or share that is empty or wraps;
 *             VMM_PROTECTION_FAILURE: the source forbids `prot`; VMM_INVALID_RIGHT: the entry does;
 *             VMM_INVALID_ARGUMENT: a part that lies outside; those of vm_map_enter();
 *             VMM_MODEL_NO_MEMORY. No entry is made on failure.
 * EVENTS      OBJECT_CREATE OBJECT_SHADOW MAP_ENTER PMAP_PROTECT PAGE_COPY
 * XNU         mach_make_memory_entry_64 (plain and MAP_MEM_VM_COPY), vm_map_enter_mem_object;
 *             vm.md 2.3, iokit.md 3.2
 */
#ifndef VM_VM_MEMORY_ENTRY_H
#define VM_VM_MEMORY_ENTRY_H

#include "vm/vm_device.h"
#include "vm/vm_map.h"

struct vm_memory_entry;

/*
 * Names the memory at [address, address + *size) with rights `prot`, from the page that holds
 * `address`. Covers one map entry: *size comes back as the bytes covered from that page on.
 */
enum vmm_status vm_memory_entry_create(struct vm_map *map, vmm_va address, vmm_size *size,
                                       vmm_prot prot, struct vm_memory_entry **entry) VMM_MUST_USE;

/*
 * A virtual copy of [address, address + size), whole, rounded out to pages: contents as of now.
 * Pages that are wired are copied at once (vm.md 1.9, iokit.md 3.2); others when someone writes.
 */
enum vmm_status vm_memory_entry_copy(struct vm_map *map, vmm_va address, vmm_size size,
                                     struct vm_memory_entry **entry) VMM_MUST_USE;

/*
 * The entries of [address, address + size) themselves, to be mapped elsewhere as they are; they must
 * allow `prot`. XNU: MAP_MEM_VM_SHARE.
 */
enum vmm_status vm_memory_entry_share(struct vm_map *map, vmm_va address, vmm_size size,
                                      vmm_prot prot, struct vm_memory_entry **entry) VMM_MUST_USE;

/* Fresh memory of `size` bytes, page aligned, that no map has yet. XNU: MAP_MEM_NAMED_CREATE. */
enum vmm_status vm_memory_entry_anonymous(struct vm_system *system, vmm_size size, vmm_prot prot,
                                          bool is_purgable,
                                          struct vm_memory_entry **entry) VMM_MUST_USE;

/*
 * A handle on a device's memory: what I/O Kit maps for a descriptor made from physical addresses (one
 * range: VM_DEVICE_BLOCK; several: VM_DEVICE_PAGES) or from a list of pages (VM_DEVICE_PAGES).
 * VMM_INVALID_ARGUMENT: the layout makes no sense. XNU: device_pager_setup and
 * mach_memory_object_memory_entry_64; iokit.md 3.6.
 */
enum vmm_status vm_memory_entry_device(struct vm_system *system,
                                       const struct vm_device_layout *layout, vmm_prot prot,
                                       struct vm_memory_entry **entry) VMM_MUST_USE;

/*
 * A handle on a fresh file of `size` bytes, page aligned, and what a simulator does with the file
 * behind it (vm_pager.h). Mapped with needs_copy it is a private mapping, else a shared one.
 */
enum vmm_status vm_memory_entry_file(struct vm_system *system, vmm_size size, vmm_prot prot,
                                     struct vm_memory_entry **entry) VMM_MUST_USE;
bool vm_memory_entry_is_file(const struct vm_memory_entry *entry); /* NULL: no */
enum vmm_status vm_memory_entry_file_write(struct vm_memory_entry *entry, vmm_off offset,
                                           const void *from, vmm_size length) VMM_MUST_USE;
void vm_memory_entry_file_read(const struct vm_memory_entry *entry, vmm_off offset, void *to,
                               vmm_size length);
void vm_memory_entry_file_fail(struct vm_memory_entry *entry, vmm_off start, vmm_off end,
                               enum vmm_status status);
void vm_memory_entry_file_delay(struct vm_memory_entry *entry, uint32_t turns);

/* A part of a plain entry, with no more rights than it has. VMM_INVALID_ARGUMENT: it lies outside. */
enum vmm_status vm_memory_entry_part(const struct vm_memory_entry *parent, vmm_off offset,
                                     vmm_size size, vmm_prot prot,
                                     struct vm_memory_entry **entry) VMM_MUST_USE;

void vm_memory_entry_reference(struct vm_memory_entry *entry);
void vm_memory_entry_release(struct vm_memory_entry **entry);

vmm_size vm_memory_entry_size(const struct vm_memory_entry *entry);
vmm_prot vm_memory_entry_prot(const struct vm_memory_entry *entry);
bool vm_memory_entry_is_copy(const struct vm_memory_entry *entry);

/* Whether both name the same bytes of the same object with the same rights. */
bool vm_memory_entry_is_same(const struct vm_memory_entry *a, const struct vm_memory_entry *b);

/* Of the address it was made for, in its first page; bytes. */
vmm_off vm_memory_entry_data_offset(const struct vm_memory_entry *entry);

/*
 * Makes an entry reach to the bounds of its object's pages, which it may have parts of only where it was
 * made in a map with smaller pages; *before is how many bytes came in front. False: it is several pieces,
 * and they do not meet at such bounds. For I/O Kit, which lists and maps whole pages.
 */
bool vm_memory_entry_widen(struct vm_memory_entry *entry, vmm_off *before) VMM_MUST_USE;

/* Pages of the entry that are resident, in the objects it names. */
uint64_t vm_memory_entry_resident(const struct vm_memory_entry *entry);

/* Whether a fault on a plain entry's object waits from now on; when not, those that wait are let go. */
void vm_memory_entry_block(struct vm_memory_entry *entry, bool is_blocked);

/*
 * The objects behind two entries change their contents. Errors: those of vm_object_transpose();
 * VMM_INVALID_VALUE too when an entry is not the whole of one object. XNU: upl_transpose().
 */
enum vmm_status vm_memory_entry_transpose(struct vm_memory_entry *a,
                                          struct vm_memory_entry *b) VMM_MUST_USE;

/* Adds the pages of the entry that are resident, and those of them that were written, to both. */
void vm_memory_entry_count_pages(const struct vm_memory_entry *entry, uint64_t *resident,
                                 uint64_t *dirty);

/*
 * Maps [offset, offset + size) of the entry at *address; flags are VM_MAP_*. No page, no
 * translation. prot is both current and maximum. VMM_INVALID_RIGHT when prot exceeds the entry's,
 * VMM_INVALID_ARGUMENT when the range exceeds the entry.
 */
enum vmm_status vm_memory_entry_map(struct vm_memory_entry *entry, struct vm_map *map,
                                    vmm_va *address, vmm_off offset, vmm_size size, uint32_t flags,
                                    vmm_prot prot) VMM_MUST_USE;

/*
 * The same with all that an entry can say: rights, inheritance, tag, and whether a copy is wanted
 * (needs_copy). The pieces keep their references. Where an entry of several pieces fails, those before
 * stay mapped: who asked for them takes them away.
 */
enum vmm_status vm_memory_entry_enter(struct vm_memory_entry *entry, struct vm_map *map,
                                      vmm_va *address, vmm_off offset, vmm_size size,
                                      const struct vm_map_enter_args *like) VMM_MUST_USE;

#endif
