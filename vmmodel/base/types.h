/*
 * types.h - the scalar words every floor shares
 *
 * PURPOSE     One spelling for addresses, offsets, page numbers and rights, so that a signature
 *             tells bytes from pages and virtual from physical.
 * INVARIANTS  none of its own
 * UNITS       vmm_va and vmm_size: bytes. vmm_off: bytes into an object. vmm_ppn: page number.
 * OWNERSHIP   values only
 * ERRORS      none
 * EVENTS      none
 * XNU         osfmk/mach/vm_types.h, osfmk/mach/vm_prot.h, vm.md 0.2
 */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t vmm_va;   /* a virtual address, bytes */
typedef uint64_t vmm_size; /* a length, bytes */
typedef uint64_t vmm_off;  /* an offset into an object, bytes */
typedef uint32_t vmm_ppn;  /* a physical page number; 0 is "no page" */
typedef uint32_t vmm_prot; /* VMM_PROT_* bits */

#define VMM_NO_PAGE ((vmm_ppn)0)

enum {
    VMM_PROT_NONE = 0,
    VMM_PROT_READ = 1,
    VMM_PROT_WRITE = 2,
    VMM_PROT_EXECUTE = 4,
    VMM_PROT_DEFAULT = 3,
    VMM_PROT_ALL = 7,
    VMM_PROT_COPY = 0x10,    /* protect: make a private copy of what may not be written */
    VMM_PROT_IS_MASK = 0x40, /* the rights are at most, not at least */
};

enum { VMM_INHERIT_SHARE = 0, VMM_INHERIT_COPY = 1, VMM_INHERIT_NONE = 2 };

#define VMM_MUST_USE __attribute__((warn_unused_result))

/* The structure that a member lives in; the list and the tree are intrusive. */
#define VMM_CONTAINER(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))

#define VMM_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
