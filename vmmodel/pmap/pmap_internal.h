/*
 * pmap_internal.h - the structs of the pmap floor
 *
 * PURPOSE     Shown to this floor and to tests.
 * INVARIANTS  as pmap.h; in sets of CPUs, bit n stands for CPU n
 * UNITS       va: bytes, page aligned
 * OWNERSHIP   the system owns pmaps and pv records
 * ERRORS      none of its own
 * EVENTS      none of its own
 * XNU         osfmk/i386/pmap.h, pmap_internal.h
 */
#ifndef PMAP_PMAP_INTERNAL_H
#define PMAP_PMAP_INTERNAL_H

#include "base/alloc.h"
#include "base/assert.h"
#include "base/list.h"
#include "base/radix.h"
#include "pmap/pmap.h"

enum { PMAP_MAX_ASID = 0xffff }; /* what a TLB tag can tell apart */

_Static_assert(HW_MAX_CPUS <= 64, "a set of CPUs is one word");

struct pmap {
    struct vmm_list link; /* on system->pmaps */
    struct pmap_system *system;
    const struct hw_geometry *geometry; /* the machine's, or of pages smaller than a frame */
    uint32_t part_bits; /* of the number of a page in its frame; 0: a page is a frame */
    uint32_t space;
    uint32_t asid; /* 0: the kernel's */
    vmm_ppn root;
    uint64_t *last_leaf; /* the leaf table that was entered into last, or NULL */
    vmm_va last_chunk;   /* which one that is: va >> (page_shift + index_bits) */
    uint64_t resident_pages;
    uint64_t wired_pages;
    uint64_t wired_drift;      /* how far XNU's wired statistic is above wired_pages (vm.md T9) */
    uint64_t compressed_pages; /* invalid words with the marker: resident, but compressed */
    uint64_t table_pages;      /* the root included */
    uint64_t loaded_cpus;      /* who has it as user space */
    uint64_t incoherent_cpus;  /* who must forget it before running it again (vm.md 5.5 step 1) */
    struct vmm_radix chunks;   /* numbers of chunks, by place (pmap_pv.h) */
    bool has_large;            /* leaves above the last level, or had */
    bool has_nested;           /* some of its words name a sub-pmap's leaf tables, or did */
    bool is_shared;            /* a sub-pmap: its translations are in use through others */
};

struct pmap_system {
    const struct vmm_alloc *alloc;
    struct hw_machine *machine;
    struct trace *trace;
    const struct pmap_watch *watch; /* NULL: nobody */
    struct pmap *kernel;
    struct vmm_list pmaps;
    struct vmm_zone pmap_zone;
    struct vmm_pool chunks;  /* of struct pmap_chunk; who maps a page stands in the frame's word */
    struct vmm_pool records; /* of struct pmap_pv */
    struct vmm_radix_store chunk_store;
    struct pmap_behavior behavior;
    uint64_t kernel_cpus;    /* in kernel mode */
    uint64_t idle_cpus;      /* asleep: their translations are not in use */
    uint64_t pending_local;  /* must forget the space they run when they next look (vm.md 5.5) */
    uint64_t pending_global; /* must forget everything then */
    uint64_t table_pages;
    uint32_t last_asid;
    struct pmap *loaded[HW_MAX_CPUS]; /* whose tables each CPU has as its user space */
};

static inline bool
pmap_is_kernel(const struct pmap *pmap)
{
    return pmap == pmap->system->kernel;
}

/* Whether the machine is one of those whose kernel tracks REF and MOD itself: arm64 (vm.md 5.2). */
static inline bool
pmap_tracks_refmod(const struct pmap_system *system)
{
    return system->machine->geometry->has_software_refmod;
}

static inline vmm_size
pmap_page_bytes(const struct pmap *pmap)
{
    return hw_page_bytes(pmap->geometry);
}

/* How many pages of a pmap a frame holds: 1, or 4. */
static inline uint32_t
pmap_frame_parts(const struct pmap *pmap)
{
    return 1u << pmap->part_bits;
}

/*
 * The number that a leaf of the pmap has for a part of a frame, named by pmap_enter()'s flags; and the frame
 * that a leaf names, and the part of it.
 */
static inline vmm_ppn
pmap_leaf_number(const struct pmap *pmap, vmm_ppn frame, uint32_t flags)
{
    return frame << pmap->part_bits | flags >> PMAP_ENTER_PART_SHIFT;
}

static inline vmm_ppn
pmap_frame(const struct pmap *pmap, uint64_t pte)
{
    return hw_pte_ppn(pte) >> pmap->part_bits;
}

static inline uint32_t
pmap_part(const struct pmap *pmap, uint64_t pte)
{
    return hw_pte_ppn(pte) & (pmap_frame_parts(pmap) - 1);
}

/* Frames of memory have records and attributes, those of devices have none (vm.md 5.1). */
static inline bool
pmap_is_managed(const struct pmap_system *system, vmm_ppn ppn)
{
    return !hw_frame_is_device(&system->machine->frames, ppn);
}

/* The rights that the hardware reads out of a word. */
static inline vmm_prot
pmap_rights(uint64_t pte)
{
    return VMM_PROT_READ | (pte & HW_PTE_WRITE ? (vmm_prot)VMM_PROT_WRITE : 0) |
           (pte & HW_PTE_NX ? 0 : (vmm_prot)VMM_PROT_EXECUTE);
}

/* What a valid word says. */
static inline void
pmap_decode(const struct pmap *pmap, uint64_t pte, struct pmap_translation *found)
{
    *found = (struct pmap_translation){ .ppn = pmap_frame(pmap, pte),
                                        .part = pmap_part(pmap, pte),
                                        .prot = pmap_rights(pte),
                                        .is_wired = (pte & HW_PTE_WIRED) != 0,
                                        .is_soft_write = (pte & HW_PTE_SOFT_WRITE) != 0 };
}

/* Whether the hardware uses a valid word; arm64's waits for the kernel where AF is not set. */
static inline bool
pmap_is_open(const struct pmap *pmap, uint64_t pte)
{
    return !pmap_tracks_refmod(pmap->system) || (pte & HW_PTE_REF) != 0;
}

/* Whether who watches must hear of a word that was narrowed: it was in use, and not only a mark went. */
static inline bool
pmap_is_less(const struct pmap *pmap, uint64_t before, uint64_t after)
{
    return pmap_is_open(pmap, before) && pmap_rights(before) != pmap_rights(after);
}

/* Who is told of a pmap's translations (struct pmap_watch), or NULL. */
static inline const struct pmap_watch *
pmap_watch_of(const struct pmap *pmap)
{
    return pmap_frame_parts(pmap) == 1 ? pmap->system->watch : NULL;
}

/* Tells the embedder of one word, or of neighbours, after the change. */
static inline void
pmap_tell_entered(const struct pmap *pmap, vmm_va va, uint64_t pte)
{
    const struct pmap_watch *watch = pmap_watch_of(pmap);

    if (watch != NULL)
        watch->entered(watch->context, pmap->space, va, hw_pte_ppn(pte), pmap_rights(pte));
}

static inline void
pmap_tell_removed(const struct pmap *pmap, vmm_va start, vmm_va end)
{
    const struct pmap_watch *watch = pmap_watch_of(pmap);

    if (watch != NULL)
        watch->removed(watch->context, pmap->space, start, end - start);
}

static inline void
pmap_tell_narrowed(const struct pmap *pmap, vmm_va start, vmm_va end, vmm_prot prot)
{
    const struct pmap_watch *watch = pmap_watch_of(pmap);

    if (watch != NULL && start < end)
        watch->narrowed(watch->context, pmap->space, start, end - start, prot);
}

/* Whose address space has a number, or NULL. */
const struct pmap *pmap_by_asid(const struct pmap_system *system, uint32_t asid);

/* The word that pmap_enter() makes; on arm64 MOD in it says that the page counts as modified from now on. */
uint64_t pmap_word(const struct pmap *pmap, vmm_ppn ppn, vmm_prot prot, uint32_t flags);

/*
 * Drops one valid word, its record and its counts, and leaves `instead` (0, or the compressed marker);
 * the caller flushes.
 */
void pmap_drop(struct pmap *pmap, vmm_va va, uint64_t *slot, uint64_t instead);

/* The same for one large leaf, which stands for the pages from `va` on. */
void pmap_drop_large(struct pmap *pmap, vmm_va va, uint64_t *slot, vmm_size bytes);

/* Narrows one valid word to `prot`; true, and announced, when it changed. The caller flushes. */
bool pmap_narrow(struct pmap *pmap, vmm_va va, uint64_t *slot, vmm_prot prot);

/* One flush: now without a context, else when the context is flushed. */
void pmap_flush_or_defer(struct pmap *pmap, vmm_va start, vmm_va end,
                         struct pmap_flush_context *later);

#endif
