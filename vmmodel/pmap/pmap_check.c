/*
 * pmap_check.c - I12, I13, I17, I18 and V1, by walking everything once
 *
 * I12 says that two sets are the same: what the tables say (pmap, va, ppn) and what the pv records
 * say. Looking up each member of one in the other would take the square of a list's length for a
 * page that many map, and would not see a record that stands there twice. So each side is folded into
 * a sum that does not depend on order: the same sets give the same sums, and different ones do not
 * within any run we will see.
 */
#include "base/rng.h"
#include "pmap/pmap_internal.h"
#include "pmap/pmap_pv.h"

/* What the tables of one pmap hold. */
struct pmap_found {
    uint64_t resident;
    uint64_t large; /* pages behind large leaves, which have no pv records */
    uint64_t wired;
    uint64_t compressed;
    uint64_t tables;
    uint64_t free; /* translations of frames that are free */
    uint64_t sum;
};

/*
 * One member of the sets of I12, scrambled. Where each half of the address space has a root of its own
 * the tables do not know the topmost bit, so nobody's counts (G1).
 */
static uint64_t
pmap_check_fold(const struct pmap *pmap, uint64_t vpn, vmm_ppn ppn)
{
    const struct hw_geometry *geometry = pmap->geometry;
    uint64_t covered = ((uint64_t)1 << geometry->levels * geometry->index_bits) - 1;
    struct vmm_rng rng = { (vpn & covered) << 16 ^ pmap->asid }; /* a TLB tag without its top bit */

    rng.state = vmm_rng_next(&rng) ^ ppn;
    return vmm_rng_next(&rng);
}

/* ---- the tables ---- */

/* One word of a leaf table. */
static void
pmap_check_leaf(const struct pmap *pmap, uint64_t pte, uint64_t vpn, struct pmap_found *found)
{
    bool is_valid = (pte & HW_PTE_VALID) != 0;

    found->compressed += pte == HW_PTE_COMPRESSED;
    found->wired += is_valid && (pte & HW_PTE_WIRED) != 0;
    if (!is_valid || !pmap_is_managed(pmap->system, pmap_frame(pmap, pte)))
        return;
    found->resident++;
    found->free += !hw_frame_is_in_use(&pmap->system->machine->frames, pmap_frame(pmap, pte));
    found->sum += pmap_check_fold(pmap, vpn, pmap_frame(pmap, pte));
}

/* A leaf above the last level. */
static void
pmap_check_large(const struct pmap *pmap, uint64_t leaf, uint32_t level, struct pmap_found *found)
{
    uint64_t pages = hw_pt_pages(pmap->geometry, level);

    found->wired += leaf & HW_PTE_WIRED ? pages : 0;
    if (!pmap_is_managed(pmap->system, hw_pte_ppn(leaf)))
        return;
    found->large += pages;
    for (uint64_t n = 0; n < pages; n++)
        found->free +=
            !hw_frame_is_in_use(&pmap->system->machine->frames, hw_pte_ppn(leaf) + (vmm_ppn)n);
}

static void
pmap_check_table(const struct pmap *pmap, vmm_ppn table, uint32_t level, uint64_t first_vpn,
                 struct pmap_found *found)
{
    struct hw_machine *machine = pmap->system->machine;
    const struct hw_geometry *geometry = pmap->geometry;
    const uint64_t *words = hw_frame_words(&machine->frames, table);
    uint32_t shift = (geometry->levels - 1 - level) * geometry->index_bits;

    found->tables++;
    for (uint64_t i = 0; i < (uint64_t)1 << geometry->index_bits; i++) {
        uint64_t vpn = first_vpn + (i << shift);

        if (level + 1 == geometry->levels)
            pmap_check_leaf(pmap, words[i], vpn, found);
        else if (words[i] & HW_PTE_LARGE)
            pmap_check_large(pmap, words[i], level, found);
        else if ((words[i] & HW_PTE_VALID) && !(words[i] & HW_PTE_NESTED))
            pmap_check_table(pmap, hw_pte_ppn(words[i]), level + 1, vpn, found);
    }
}

/* The counts of one pmap; adds what its tables hold to *total. */
static const char *
pmap_check_counts(const struct pmap *pmap, struct pmap_found *total)
{
    struct pmap_found found = { .sum = 0 };

    pmap_check_table(pmap, pmap->root, 0, 0, &found);
    total->resident += found.resident;
    total->tables += found.tables;
    total->sum += found.sum;
    if (found.free > 0)
        return "I17 a free frame has a translation";
    if (found.resident + found.large != pmap->resident_pages)
        return "I13 resident_pages differs from the valid entries";
    if (found.wired != pmap->wired_pages)
        return "I13 wired_pages differs from the wired entries";
    if (found.compressed != pmap->compressed_pages)
        return "I13 compressed_pages differs from the markers";
    return found.tables == pmap->table_pages ? NULL : "I13 table_pages differs from the tables";
}

/* ---- the pv records ---- */

static const char *
pmap_check_pv(const struct pmap_system *system, const struct pmap_found *total)
{
    const struct hw_machine *machine = system->machine;
    uint64_t records = 0;
    uint64_t sum = 0;

    for (vmm_ppn ppn = 1; ppn < machine->frames.fresh; ppn++) {
        struct pmap_mapping at;

        if (!hw_frame_is_in_use(&machine->frames, ppn))
            continue; /* its word is not ours */
        for (bool any = pmap_pv_first(system, ppn, &at); any;
             any = pmap_pv_next(system, &at), records++)
            sum += pmap_check_fold(at.pmap, hw_vpn(at.pmap->geometry, at.va), ppn);
    }
    if (records < total->resident)
        return "I12 a valid entry has no pv record";
    if (records > total->resident)
        return "I12 a pv record has no valid entry";
    return sum == total->sum ? NULL : "I12 pv records and valid entries differ";
}

/* How many places the chunks of a pmap say that they have. */
static uint64_t
pmap_check_places(const struct pmap *pmap)
{
    uint64_t index = 0;
    uint64_t places = 0;
    uint32_t number;

    for (; vmm_radix_next(&pmap->chunks, &index, &number); index++)
        places += pmap_chunk_of(pmap->system, number << PMAP_CHUNK_PAGE_BITS)->count;
    return places;
}

static const char *
pmap_check_chunks(const struct pmap_system *system, const struct pmap_found *total)
{
    const struct vmm_list *at;
    uint64_t places = 0;

    for (at = system->pmaps.next; at != &system->pmaps; at = at->next)
        places += pmap_check_places(VMM_CONTAINER(at, struct pmap, link));
    return places == total->resident ? NULL : "V1 the chunks count other places than are in them";
}

/* ---- the TLBs ---- */

struct pmap_check_tlb {
    const struct pmap_system *system;
    const struct pmap *pmap; /* the one seen last: most neighbours are of one address space */
    uint32_t cpu;
    const char *broken;
};

/* The rights a word gives, as set bits. */
static uint64_t
pmap_check_rights(uint64_t pte)
{
    return (pte & (HW_PTE_WRITE | HW_PTE_USER)) | (~pte & HW_PTE_NX);
}

/* To remember less than the leaf gives is fine: rights are added without a flush (vm.md 5.4). */
static const char *
pmap_check_remembered(uint64_t leaf, uint64_t pte)
{
    if (!(leaf & HW_PTE_VALID) || hw_pte_ppn(leaf) != hw_pte_ppn(pte))
        return "I18 a TLB holds a translation that no table has";
    if (pmap_check_rights(pte) & ~pmap_check_rights(leaf))
        return "I18 a TLB holds a right that the table took away";
    return NULL;
}

static void
pmap_check_tlb_see(void *context, uint64_t vpn, uint32_t asid, uint64_t pte)
{
    struct pmap_check_tlb *check = context;
    struct hw_machine *machine = check->system->machine;
    const struct hw_geometry *geometry;
    const uint64_t *leaf;
    uint32_t level;

    if (check->pmap == NULL || check->pmap->asid != asid)
        check->pmap = pmap_by_asid(check->system, asid);
    if (check->pmap == NULL) {
        check->broken = "I18 a TLB holds a translation of no pmap";
        return;
    }
    if (check->pmap->incoherent_cpus >> check->cpu & 1)
        return; /* it forgets this space before it runs it */
    geometry = check->pmap->geometry;
    leaf = hw_pt_leaf(&machine->frames, geometry, check->pmap->root, vpn << geometry->page_shift,
                      &level);
    if (check->broken == NULL)
        check->broken = pmap_check_remembered(
            leaf == NULL ? 0 : hw_pte_of_page(geometry, *leaf, level, vpn), pte);
}

static const char *
pmap_check_tlbs(const struct pmap_system *system)
{
    struct pmap_check_tlb check = { .system = system };

    for (uint32_t cpu = 0; cpu < system->machine->cpu_count; cpu++) {
        check.cpu = cpu;
        if (!pmap_is_flush_pending(system, cpu))
            hw_tlb_each(&system->machine->cpus[cpu].tlb, pmap_check_tlb_see, &check);
    }
    return check.broken;
}

const char *
pmap_system_check(const struct pmap_system *system)
{
    struct pmap_found total = { .sum = 0 };
    const char *broken = NULL;
    const struct vmm_list *at;

    for (at = system->pmaps.next; at != &system->pmaps && broken == NULL; at = at->next)
        broken = pmap_check_counts(VMM_CONTAINER(at, struct pmap, link), &total);
    if (broken == NULL && total.tables != system->table_pages)
        broken = "I13 table_pages differs from the tables";
    if (broken == NULL)
        broken = pmap_check_pv(system, &total);
    if (broken == NULL)
        broken = pmap_check_chunks(system, &total);
    return broken != NULL ? broken : pmap_check_tlbs(system);
}
