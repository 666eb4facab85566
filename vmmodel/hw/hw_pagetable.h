/*
 * hw_pagetable.h - the bits of a page-table entry and the walk from root to leaf
 *
 * PURPOSE     Reads tables that live in frames, exactly as a page walker does. Making tables and
 *             entries is pmap's. In the tables every machine's words have x86_64's layout;
 *             hw_pte_encode() gives the word as the machine itself would spell it.
 * INVARIANTS  P1  a table entry that is valid names a frame that holds a table
 * UNITS       pte: the 64-bit word of vm.md 5.2; va: bytes
 * OWNERSHIP   borrows frames
 * ERRORS      NULL where the walk ends early
 * EVENTS      none
 * XNU         osfmk/i386/pmap.h (x86_64 layout, software wired bit 0x200)
 */
#ifndef HW_HW_PAGETABLE_H
#define HW_HW_PAGETABLE_H

#include "hw/hw_frame.h"
#include "hw/hw_geometry.h"

#define HW_PTE_VALID ((uint64_t)1 << 0)
#define HW_PTE_WRITE ((uint64_t)1 << 1)
#define HW_PTE_USER ((uint64_t)1 << 2)
#define HW_PTE_REF ((uint64_t)1 << 5)
#define HW_PTE_MOD ((uint64_t)1 << 6)
#define HW_PTE_LARGE ((uint64_t)1 << 7)       /* a leaf above the last level: PS; arm64's block */
#define HW_PTE_GLOBAL ((uint64_t)1 << 8)      /* defined, and never set by pmap_enter() */
#define HW_PTE_WIRED ((uint64_t)1 << 9)       /* software bit */
#define HW_PTE_SOFT_WRITE ((uint64_t)1 << 10) /* arm64: read-only until the first store */
#define HW_PTE_NESTED ((uint64_t)1 << 11)     /* a table word: the table is a sub-pmap's */
#define HW_PTE_NX ((uint64_t)1 << 63)
#define HW_PTE_COMPRESSED ((uint64_t)1 << 5) /* alone, in an invalid word: the page is compressed */

/*
 * The entry for a frame with the given bits, and the frame an entry names. Leaves count in pages of
 * their space: frames, or parts of frames where those are larger.
 */
static inline uint64_t
hw_pte_make(vmm_ppn ppn, uint64_t bits)
{
    return ((uint64_t)ppn << 12) | bits;
}

static inline vmm_ppn
hw_pte_ppn(uint64_t pte)
{
    return (vmm_ppn)((pte >> 12) & 0xffffffffu);
}

/* How many pages a leaf at `level` covers: 1 at the last one. */
static inline uint64_t
hw_pt_pages(const struct hw_geometry *geometry, uint32_t level)
{
    return (uint64_t)1 << (geometry->levels - 1 - level) * geometry->index_bits;
}

/* The word that the page `vpn` would have, out of a leaf at `level`. */
static inline uint64_t
hw_pte_of_page(const struct hw_geometry *geometry, uint64_t leaf, uint32_t level, uint64_t vpn)
{
    return (leaf & ~HW_PTE_LARGE) + ((vpn & (hw_pt_pages(geometry, level) - 1)) << 12);
}

/*
 * A leaf word as the machine spells it (vm.md 5.2). x86_64: the word itself, without the bits that we
 * keep in places x86 leaves to software. arm64: type, AP[7:6], AF, nG, PNX, NX, wired 58, soft-write
 * 59, compressed 63. `geometry` is the space's, in whose pages the word counts.
 */
uint64_t hw_pte_encode(const struct hw_geometry *geometry, uint64_t pte);

/* The index of `va` in the table at `level` (0: root). */
uint32_t hw_pt_index(const struct hw_geometry *geometry, vmm_va va, uint32_t level);

/*
 * Walks from `root` towards the leaf for `va`, stopping at `level` (geometry->levels - 1: leaf).
 * Returns the slot there, or NULL when a table on the way is missing; then *missing_level (may be
 * NULL) is the level whose entry is invalid, or a large leaf.
 */
uint64_t *hw_pt_slot(struct hw_frames *frames, const struct hw_geometry *geometry, vmm_ppn root,
                     vmm_va va, uint32_t level, uint32_t *missing_level);

/* The large leaf for `va`, where a walk to the last level ended at `level`; NULL: a table is missing. */
uint64_t *hw_pt_large_leaf(struct hw_frames *frames, const struct hw_geometry *geometry,
                           vmm_ppn root, vmm_va va, uint32_t level);

/* The leaf word for `va`, large or not, and its level; NULL: a table is missing at *level. */
static inline uint64_t *
hw_pt_leaf(struct hw_frames *frames, const struct hw_geometry *geometry, vmm_ppn root, vmm_va va,
           uint32_t *level)
{
    uint32_t last = geometry->levels - 1;
    uint64_t *leaf = hw_pt_slot(frames, geometry, root, va, last, &last);

    *level = last;
    return leaf != NULL ? leaf : hw_pt_large_leaf(frames, geometry, root, va, last);
}

#endif
