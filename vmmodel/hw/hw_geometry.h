/*
 * hw_geometry.h - the shape of a machine's address translation, as data
 *
 * PURPOSE     Page size, table levels and TLB sizes are numbers in a table, not code.
 * INVARIANTS  G1  the tables cover the address space: page_shift + levels * index_bits >= va_bits,
 *                 or va_bits - 1 where each half has a root of its own (arm64)
 *             G2  ways >= 1 wherever sets >= 1; sets of 0: there is no such TLB (never l1)
 *             G3  a space's pages are the machine's, or smaller (arm64: a granule for each root)
 *             G4  with PLRU no set has more than HW_PLRU_MAX_WAYS ways
 * UNITS       shifts and widths: bits; sets, ways: entries
 * OWNERSHIP   geometries are constants
 * ERRORS      none
 * EVENTS      none
 * XNU         vm.md 5.2
 */
#ifndef HW_HW_GEOMETRY_H
#define HW_HW_GEOMETRY_H

#include "base/types.h"

struct hw_tlb_geometry {
    uint32_t sets; /* any number: the set is the page number modulo sets */
    uint32_t ways;
};

/* Which way makes room. PLRU: one bit a way, as in "not recently used"; the first way without it goes. */
enum hw_replacement { HW_REPLACE_LRU, HW_REPLACE_PLRU, HW_REPLACE_RANDOM };

enum {
    HW_MAX_LEVELS = 4,
    HW_PLRU_MAX_WAYS = 64, /* a bit of one word each */
    HW_NAME_BYTES = 32,    /* a machine's name, its end included */
};

struct hw_geometry {
    char name[HW_NAME_BYTES];
    uint32_t page_shift;
    uint32_t levels;     /* root to leaf */
    uint32_t index_bits; /* per level */
    uint32_t va_bits;
    vmm_va user_max;   /* a user map is [0, user_max) */
    vmm_va kernel_min; /* the kernel's map is [kernel_min, kernel_max) */
    vmm_va kernel_max;
    bool has_software_refmod; /* arm64: the kernel sets AF and tracks stores by read-only words */
    bool has_broadcast_flush; /* arm64: TLBI reaches every CPU and interrupts none */
    bool has_asids;           /* PCID or ASID: a switch of space keeps the TLB */
    enum hw_replacement replacement;
    struct hw_tlb_geometry l1;    /* data, and instructions too without an l1i */
    struct hw_tlb_geometry l1i;   /* instructions */
    struct hw_tlb_geometry l2;    /* both, or data where there is an l2i */
    struct hw_tlb_geometry l2i;   /* instructions */
    struct hw_tlb_geometry large; /* leaves above the last level; none: page by page */
    /* How many tables of each level the walker remembers by address; [0], the root, is not one. */
    uint32_t walk_entries[HW_MAX_LEVELS];
    char source[80];
};

/* x86_64, 4 KiB pages, 4 levels; TLB 64 x 4-way and 1536 x 12-way as Haswell to Skylake class. */
extern const struct hw_geometry hw_geometry_x86_64;

/* arm64, 16 KiB pages, 3 levels, as Apple's: broadcast flushes, REF and MOD kept by software. */
extern const struct hw_geometry hw_geometry_arm64_16k;

/*
 * How a user space with pages of 4 KiB is translated by a machine with larger ones: four levels of 512
 * words; the TLBs are the machine's. XNU: pmap_pt_attr_4k.
 */
struct hw_geometry hw_geometry_small(const struct hw_geometry *machine);

static inline vmm_size
hw_page_bytes(const struct hw_geometry *geometry)
{
    return (vmm_size)1 << geometry->page_shift;
}

#endif
