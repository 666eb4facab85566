/*
 * vm_bsd.h - the BSD memory calls over the same map
 *
 * PURPOSE     mmap and its kin check what POSIX wants checked, call the Mach side, and turn its codes
 *             into errno numbers.
 * INVARIANTS  none of its own
 * UNITS       address, length: bytes
 * OWNERSHIP   none
 * ERRORS      0, or Darwin's errno number: VM_EACCES, VM_EAGAIN, VM_EINVAL, VM_ENOMEM, VM_EPERM, of
 *             mmap VM_EBADF, of msync VM_EIO, of madvise VM_ENOTSUP. A stopped kernel is VM_EINVAL, of
 *             mlock and munlock VM_ENOMEM; mincore finds no page in one. VM_EFAULT is for the kit.
 * EVENTS      those of the floors below
 * XNU         bsd/kern/kern_mman.c; vm.md 2.1 (mlock). Differs: anonymous memory only
 */
#ifndef VM_VM_BSD_H
#define VM_VM_BSD_H

#include "vm/vm_map.h"

enum {
    VM_EPERM = 1,
    VM_EIO = 5,
    VM_EBADF = 9,
    VM_ENOMEM = 12,
    VM_EACCES = 13,
    VM_EFAULT = 14,
    VM_EINVAL = 22,
    VM_EAGAIN = 35,
    VM_ENOTSUP = 45
};

/* Darwin's MAP_* */
enum {
    VM_BSD_SHARED = 1,
    VM_BSD_PRIVATE = 2,
    VM_BSD_FIXED = 0x10,
    VM_BSD_NOCACHE = 0x400,
    VM_BSD_JIT = 0x800, /* not with FIXED or SHARED */
    VM_BSD_ANON = 0x1000,
};

/* Darwin's MS_* */
enum {
    VM_BSD_ASYNC = 1,
    VM_BSD_INVALIDATE = 2,
    VM_BSD_KILLPAGES = 4,
    VM_BSD_DEACTIVATE = 8,
    VM_BSD_SYNC = 0x10,
};

/* Darwin's MINCORE_* */
enum {
    VM_MINCORE_INCORE = 1,
    VM_MINCORE_REFERENCED = 2,
    VM_MINCORE_MODIFIED = 4,
    VM_MINCORE_PAGED_OUT = 0x20,
    VM_MINCORE_COPIED = 0x40,
    VM_MINCORE_ANONYMOUS = 0x80,
};

/* `tag`: what a file descriptor of VM_MAKE_TAG() carries for anonymous memory; 0: none. */
int vm_bsd_mmap(struct vm_map *map, vmm_va *address, vmm_size length, vmm_prot prot, uint32_t flags,
                uint8_t tag);
int vm_bsd_munmap(struct vm_map *map, vmm_va address, vmm_size length);
int vm_bsd_mprotect(struct vm_map *map, vmm_va address, vmm_size length, vmm_prot prot);
int vm_bsd_minherit(struct vm_map *map, vmm_va address, vmm_size length, uint32_t inheritance);

/* `advice`: Darwin's MADV_*, whose numbers are not those of VM_BEHAVIOR_*. */
int vm_bsd_madvise(struct vm_map *map, vmm_va address, vmm_size length, uint32_t advice);

/* `flags`: VM_BSD_ASYNC and its kin. */
int vm_bsd_msync(struct vm_map *map, vmm_va address, vmm_size length, uint32_t flags);
int vm_bsd_mlock(struct vm_map *map, vmm_va address, vmm_size length);
int vm_bsd_munlock(struct vm_map *map, vmm_va address, vmm_size length);

/* One byte of VM_MINCORE_* a page. */
int vm_bsd_mincore(struct vm_map *map, vmm_va address, vmm_size length, uint8_t *pages);

#endif
