/*
 * vm_user.h - the Mach calls on a map, as a user makes them
 *
 * PURPOSE     Each checks its arguments in the release's order, rounds them, and calls the floor
 *             below. Ports are the kit's business: a map is a map here.
 * INVARIANTS  U1  out-parameters are written on success only. Differs from XNU: vm.md 2.1 has kernel
 *                 functions that write them on failure, which no user sees of the trap
 *             U2  a kernel that has stopped answers VMM_MODEL_PANIC or VMM_MODEL_HANG to every call
 * UNITS       address, size, offset: bytes
 * OWNERSHIP   a memory entry handed in is borrowed; one handed out is the caller's
 * ERRORS      the KERN_* numbers of vm.md 2.1
 * EVENTS      those of the floors below
 * XNU         osfmk/vm/vm_user.c, vm_kern.c; vm.md 2. vm_allocate(), vm_deallocate() and
 *             vm_protect() are in vm_map.h
 */
#ifndef VM_VM_USER_H
#define VM_VM_USER_H

#include "vm/vm_map.h"
#include "vm/vm_memory_entry.h"

/* mach_vm_inherit */
enum vmm_status vm_inherit(struct vm_map *map, vmm_va address, vmm_size size,
                           uint32_t inheritance) VMM_MUST_USE;

/* mach_vm_wire without its host port: access NONE unwires. */
enum vmm_status vm_wire(struct vm_map *map, vmm_va address, vmm_size size,
                        vmm_prot access) VMM_MUST_USE;

/* mach_vm_behavior_set */
enum vmm_status vm_behavior_set(struct vm_map *map, vmm_va address, vmm_size size,
                                uint32_t behavior) VMM_MUST_USE;

/* VM_SYNC_* (vm.md 0.2) */
enum {
    VM_SYNC_ASYNCHRONOUS = 1,
    VM_SYNC_SYNCHRONOUS = 2,
    VM_SYNC_INVALIDATE = 4,
    VM_SYNC_KILLPAGES = 8,
    VM_SYNC_DEACTIVATE = 0x10,
    VM_SYNC_CONTIGUOUS = 0x20,
    VM_SYNC_REUSABLEPAGES = 0x40,
};

/* mach_vm_msync */
enum vmm_status vm_msync(struct vm_map *map, vmm_va address, vmm_size size,
                         uint32_t flags) VMM_MUST_USE;

/* mach_vm_read: the bytes as fresh memory of `to`, which is the caller's own map. */
enum vmm_status vm_read(struct vm_map *map, vmm_va address, vmm_size size, struct vm_map *to,
                        vmm_va *data) VMM_MUST_USE;

/* mach_vm_read_overwrite: into memory that `to` has; mach_vm_copy with both maps the same. */
enum vmm_status vm_read_overwrite(struct vm_map *map, vmm_va address, vmm_size size,
                                  struct vm_map *to, vmm_va data) VMM_MUST_USE;

/* mach_vm_write: `size` bytes of the caller's own map `from` over memory of `map`. */
enum vmm_status vm_write(struct vm_map *map, vmm_va address, struct vm_map *from, vmm_va data,
                         vmm_size size) VMM_MUST_USE;

/* mach_vm_copy */
enum vmm_status vm_copy(struct vm_map *map, vmm_va source, vmm_size size,
                        vmm_va target) VMM_MUST_USE;

struct vm_map_call {
    vmm_size size;
    vmm_va mask;
    uint32_t flags;
    uint32_t vmk_flags;            /* VMKF_*, for callers inside the kernel */
    struct vm_memory_entry *entry; /* NULL: anonymous memory */
    vmm_off offset;
    bool copy;
    vmm_prot protection;
    vmm_prot max_protection;
    uint32_t inheritance;
};

/* mach_vm_map */
enum vmm_status vm_map_call(struct vm_map *map, vmm_va *address,
                            const struct vm_map_call *call) VMM_MUST_USE;

struct vm_remap_call {
    vmm_size size;
    vmm_va mask;
    uint32_t flags;
    struct vm_map *source_map;
    vmm_va source;
    bool copy;
    uint32_t inheritance;
    bool is_new; /* mach_vm_remap_new: *cur and *max say what is wanted */
};

/* mach_vm_remap and mach_vm_remap_new; *protection and *max_protection as the entries had them. */
enum vmm_status vm_remap(struct vm_map *map, vmm_va *address, const struct vm_remap_call *call,
                         vmm_prot *protection, vmm_prot *max_protection) VMM_MUST_USE;

/* MAP_MEM_* (vm.md 0.2), beside the rights in `permission`. */
enum {
    VM_MEM_ONLY = 0x10000,
    VM_MEM_NAMED_CREATE = 0x20000,
    VM_MEM_PURGABLE = 0x40000,
    VM_MEM_NAMED_REUSE = 0x80000,
    VM_MEM_USE_DATA_ADDR = 0x100000,
    VM_MEM_VM_COPY = 0x200000,
    VM_MEM_VM_SHARE = 0x400000,
    VM_MEM_4K_DATA_ADDR = 0x800000,
    VM_MEM_UNKNOWN = 0x1F00, /* of the bits that could be flags, those that are none */
};

/* mach_make_memory_entry_64: `parent` may be NULL; *size is what the handle covers on success. */
enum vmm_status vm_make_memory_entry(struct vm_map *map, vmm_size *size, vmm_off offset,
                                     uint32_t permission, const struct vm_memory_entry *parent,
                                     struct vm_memory_entry **made) VMM_MUST_USE;

/* vm_purgable_t's calls and states */
enum {
    VM_PURGABLE_SET_STATE,
    VM_PURGABLE_GET_STATE,
    VM_PURGABLE_PURGE_ALL,
    /* the state, its order and group, how it ages, and what a debugger asks for */
    VM_PURGABLE_STATE_BITS = 0x3 | 0x10 | 0x20 | 0x40 | 0x700 | 0x3000 | 0x10000
};

/* mach_vm_purgable_control: *state goes in with SET and comes out with GET, and the old one with SET. */
enum vmm_status vm_purgable_control(struct vm_map *map, vmm_va address, uint32_t control,
                                    int *state) VMM_MUST_USE;

/*
 * The same for a memory entry's object, which a copy or a share has not (VMM_INVALID_ARGUMENT); nothing
 * is known of PURGE_ALL here. XNU: memory_entry_purgeable_control_internal().
 */
enum vmm_status vm_memory_entry_purgable(struct vm_memory_entry *entry, uint32_t control,
                                         int *state) VMM_MUST_USE;

/*
 * mach_vm_page_query: VM_PAGE_QUERY_* bits (vm.md 7.3) and how many know the object that has the page.
 * VMM_FAILURE: nothing is mapped there, and the release says so.
 */
enum {
    VM_PAGE_QUERY_PRESENT = 1,
    VM_PAGE_QUERY_FICTITIOUS = 2,
    VM_PAGE_QUERY_REF = 4,
    VM_PAGE_QUERY_DIRTY = 8,
    VM_PAGE_QUERY_PAGED_OUT = 0x10,
    VM_PAGE_QUERY_COPIED = 0x20,
    VM_PAGE_QUERY_SPECULATIVE = 0x40,
    VM_PAGE_QUERY_EXTERNAL = 0x80,
};

enum vmm_status vm_page_query(struct vm_map *map, vmm_va address, int *disposition,
                              int *references) VMM_MUST_USE;

#endif
