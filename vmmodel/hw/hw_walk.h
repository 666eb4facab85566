/*
 * hw_walk.h - the walk from a CPU's root to a leaf
 *
 * PURPOSE     What one access, and hw_run.c's many, do when a TLB has no answer. In a header because nearly
 *             every reference of a program that misses takes this way.
 * INVARIANTS  as hw_machine.h
 * UNITS       as hw_machine.h
 * OWNERSHIP   none
 * ERRORS      hw_outcome
 * EVENTS      none
 * XNU         none (hardware)
 */
#ifndef HW_HW_WALK_H
#define HW_HW_WALK_H

#include "hw/hw_machine.h"

/* The leaf word for `va`, or NULL where no leaf table is. */
static inline uint64_t *
hw_leaf_word(struct hw_machine *machine, const struct hw_geometry *geometry, vmm_ppn root,
             vmm_va va, uint64_t vpn)
{
    uint64_t place = vpn >> geometry->index_bits;
    uint64_t index = vpn & (((uint64_t)1 << geometry->index_bits) - 1);
    uint64_t name = (uint64_t)root << 32 | place;
    struct hw_known_table *known = &machine->known[place % HW_KNOWN_TABLES];
    uint64_t *word;

    if (known->name == name)
        return &known->words[index];
    word = hw_pt_slot(&machine->frames, geometry, root, va, geometry->levels - 1, NULL);
    if (word != NULL)
        *known = (struct hw_known_table){ name, word - index };
    return word;
}

/* One page that one CPU wants to use, and how the machine goes about it. */
struct hw_request {
    vmm_va va;
    uint64_t vpn;
    uint32_t asid;
    uint64_t wanted; /* what a leaf must have, NX turned around */
    bool is_store;
    bool missed; /* the TLB was asked, and has nothing */
    struct hw_tlb_level *first;
    uint64_t pte;  /* the answer: the page's word, */
    bool is_front; /* which stands in the first level now: with LRU in front of its set */
};

/* The leaf word that the walk ends at, or NULL; counts what the walker reads. */
static inline uint64_t *
hw_walk_to_leaf(struct hw_machine *machine, struct hw_cpu *cpu, const struct hw_request *request,
                uint32_t *level)
{
    const struct hw_geometry *geometry = hw_cpu_space(cpu, request->va);
    vmm_ppn root = hw_is_kernel_va(request->va) ? machine->kernel_root : cpu->user_root;
    uint64_t *leaf;

    if (root == VMM_NO_PAGE)
        return NULL;
    *level = geometry->levels - 1;
    leaf = hw_leaf_word(machine, geometry, root, request->va, request->vpn);
    if (leaf == NULL)
        leaf = hw_pt_leaf(&machine->frames, geometry, root, request->va, level);
    cpu->walk_reads +=
        hw_walk_cache_reads(&cpu->walk_cache, geometry, request->vpn, request->asid, *level + 1);
    return leaf;
}

/*
 * Walks the tables, and sets the reference and modify bits of the leaf, which is request->pte then, at
 * *level.
 */
static inline enum hw_outcome
hw_walk(struct hw_machine *machine, struct hw_cpu *cpu, struct hw_request *request, uint32_t *level)
{
    uint64_t *leaf;

    if (!hw_is_kernel_va(request->va) && request->asid == 0)
        return HW_FAULT_NOT_PRESENT; /* C1: no user space is loaded */
    leaf = hw_walk_to_leaf(machine, cpu, request, level);
    cpu->walks++;
    if (leaf == NULL || !(*leaf & HW_PTE_VALID))
        return HW_FAULT_NOT_PRESENT;
    if (((*leaf ^ HW_PTE_NX) & request->wanted) != request->wanted)
        return HW_FAULT_PROTECTION;
    if (machine->geometry->has_software_refmod && !(*leaf & HW_PTE_REF))
        return HW_FAULT_ACCESS_FLAG;
    *leaf |= HW_PTE_REF | (request->is_store ? HW_PTE_MOD : 0);
    request->pte = *leaf;
    return HW_OK;
}

/* A fault drops what the TLB had for the page. */
static inline void
hw_walk_failed(struct hw_cpu *cpu, const struct hw_request *request)
{
    if (!request->missed || !hw_tlb_is_joint(&cpu->tlb))
        hw_tlb_flush_page(&cpu->tlb, request->vpn, request->asid);
}

/*
 * What the TLB remembers of request->pte, a leaf above the last level: the leaf, or where it cannot the
 * page's word, which is request->pte then.
 */
void hw_remember_large(struct hw_cpu *cpu, struct hw_request *request, uint32_t level);

/* The TLB missed, or what it remembers does not do: looks for a large leaf, walks, and fills the TLB. */
enum hw_outcome hw_access_further(struct hw_machine *machine, struct hw_cpu *cpu,
                                  struct hw_request *request);

#endif
