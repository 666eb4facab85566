/* pmap_table.c - see pmap_table.h */
#include "pmap/pmap_table.h"

#include "pmap/pmap_internal.h"

/* ---- pages for tables ---- */

/* A frame that reads as an empty table. */
static enum vmm_status
pmap_table_alloc(struct pmap *pmap, vmm_ppn *made)
{
    struct hw_frames *frames = &pmap->system->machine->frames;
    vmm_ppn ppn =
        vmm_call_fails(frames->injector, VMM_CALL_TABLE) ? VMM_NO_PAGE : hw_frame_alloc(frames);

    if (ppn == VMM_NO_PAGE)
        return VMM_MODEL_NO_FRAME;
    hw_frame_zero(frames, ppn);
    if (hw_frame_words(frames, ppn) == NULL) {
        hw_frame_free(frames, ppn);
        return VMM_MODEL_NO_MEMORY;
    }
    pmap->table_pages++;
    pmap->system->table_pages++;
    *made = ppn;
    return VMM_OK;
}

enum vmm_status
pmap_table_make_root(struct pmap *pmap)
{
    return pmap_table_alloc(pmap, &pmap->root);
}

/* Frees the tables below and including `ppn`. */
static void
pmap_table_free(struct pmap *pmap, vmm_ppn ppn, uint32_t level)
{
    struct hw_machine *machine = pmap->system->machine;
    const uint64_t *words = hw_frame_words(&machine->frames, ppn);
    uint32_t entries = (uint32_t)1 << pmap->geometry->index_bits;

    for (uint32_t i = 0; level + 1 < pmap->geometry->levels && i < entries; i++) {
        if ((words[i] & (HW_PTE_VALID | HW_PTE_NESTED | HW_PTE_LARGE)) == HW_PTE_VALID)
            pmap_table_free(pmap, hw_pte_ppn(words[i]), level + 1);
    }
    hw_frame_free(&machine->frames, ppn);
    pmap->table_pages--;
    pmap->system->table_pages--;
}

void
pmap_table_free_all(struct pmap *pmap)
{
    pmap->last_leaf = NULL;
    hw_machine_forget_tables(pmap->system->machine);
    pmap_table_free(pmap, pmap->root, 0);
    pmap->root = VMM_NO_PAGE;
    VMM_ASSERT(pmap->table_pages == 0);
}

/* ---- one word ---- */

static uint64_t *
pmap_table_walk(const struct pmap *pmap, vmm_va va, uint32_t level, uint32_t *missing)
{
    struct hw_machine *machine = pmap->system->machine;

    return hw_pt_slot(&machine->frames, pmap->geometry, pmap->root, va, level, missing);
}

/* The index of the leaf word in its table. */
static inline uint32_t
pmap_table_leaf_index(const struct pmap *pmap, vmm_va va)
{
    const struct hw_geometry *geometry = pmap->geometry;

    return (uint32_t)(va >> geometry->page_shift) & (((uint32_t)1 << geometry->index_bits) - 1);
}

uint64_t *
pmap_table_slot(const struct pmap *pmap, vmm_va va)
{
    uint64_t *slot = pmap_table_at_hand(pmap, va);

    return slot != NULL ? slot : pmap_table_walk(pmap, va, pmap->geometry->levels - 1, NULL);
}

uint64_t
pmap_table_word(const struct pmap *pmap, vmm_va va)
{
    struct hw_machine *machine = pmap->system->machine;
    const uint64_t *word = pmap_table_slot(pmap, va);
    uint32_t level;

    if (word != NULL || !pmap->has_large)
        return word == NULL ? 0 : *word;
    word = hw_pt_leaf(&machine->frames, pmap->geometry, pmap->root, va, &level);
    return word == NULL ? 0
                        : hw_pte_of_page(pmap->geometry, *word, level, hw_vpn(pmap->geometry, va));
}

/* Hangs a new table into the word that is missing at `level`. */
static enum vmm_status
pmap_table_add(struct pmap *pmap, vmm_va va, uint32_t level)
{
    uint64_t *slot = pmap_table_walk(pmap, va, level, NULL);
    vmm_ppn ppn;
    enum vmm_status status = pmap_table_alloc(pmap, &ppn);

    VMM_ASSERT(!(*slot & HW_PTE_VALID)); /* a large leaf is removed before a part is entered */
    if (status != VMM_OK)
        return status;
    *slot = hw_pte_make(ppn, HW_PTE_VALID | HW_PTE_WRITE | HW_PTE_USER);
    trace_emit(pmap->system->trace, EV_PMAP_TABLE, .space = pmap->space, .va = va, .ppn = ppn,
               .count = level + 1);
    return VMM_OK;
}

enum vmm_status
pmap_table_make_way(struct pmap *pmap, vmm_va va, uint32_t level, uint64_t **slot)
{
    uint64_t *found = NULL;
    enum vmm_status status = VMM_OK;
    uint32_t missing;

    while (found == NULL && status == VMM_OK) {
        found = pmap_table_walk(pmap, va, level, &missing);
        if (found == NULL)
            status = pmap_table_add(pmap, va, missing);
    }
    if (status == VMM_OK)
        *slot = found;
    return status;
}

uint64_t *
pmap_table_parent(const struct pmap *pmap, vmm_va va)
{
    return pmap_table_walk(pmap, va, pmap->geometry->levels - 2, NULL);
}

enum vmm_status
pmap_table_expand_parent(struct pmap *pmap, vmm_va va, uint64_t **parent)
{
    return pmap_table_make_way(pmap, va, pmap->geometry->levels - 2, parent);
}

enum vmm_status
pmap_table_expand(struct pmap *pmap, vmm_va va, bool may_wait, uint64_t **slot)
{
    const struct hw_geometry *geometry = pmap->geometry;
    uint64_t *at_hand = pmap_table_at_hand(pmap, va);
    enum vmm_status status;

    if (at_hand != NULL) {
        *slot = at_hand;
        return VMM_OK;
    }
    status = pmap_table_make_way(pmap, va, geometry->levels - 1, slot);
    if (status != VMM_OK)
        return status == VMM_MODEL_NO_FRAME && !may_wait ? VMM_RESOURCE_SHORTAGE : status;
    VMM_ASSERT(!(*pmap_table_parent(pmap, va) & HW_PTE_NESTED)); /* unnested before it is changed */
    pmap->last_leaf = *slot - pmap_table_leaf_index(pmap, va);
    pmap->last_chunk = va >> geometry->page_shift >> geometry->index_bits;
    return VMM_OK;
}

static bool
pmap_table_is_empty(const uint64_t *words, uint32_t entries)
{
    uint32_t i = 0;

    while (i < entries && words[i] == 0)
        i++;
    return i == entries;
}

/* Makes every CPU's walker forget a table that went: its price is that of PMAP_TABLE_FREE. */
static void
pmap_table_forget(const struct pmap *pmap, vmm_va va)
{
    struct hw_machine *machine = pmap->system->machine;

    hw_machine_forget_tables(machine);
    for (uint32_t cpu = 0; cpu < machine->cpu_count; cpu++)
        hw_cpu_flush_page(&machine->cpus[cpu], hw_vpn(pmap->geometry, va), pmap->asid);
}

void
pmap_table_free_if_empty(struct pmap *pmap, vmm_va va)
{
    struct hw_machine *machine = pmap->system->machine;
    uint64_t *parent = pmap_table_parent(pmap, va);
    vmm_ppn ppn;

    if (parent == NULL || (*parent & (HW_PTE_VALID | HW_PTE_NESTED | HW_PTE_LARGE)) != HW_PTE_VALID)
        return;
    ppn = hw_pte_ppn(*parent);
    if (!pmap_table_is_empty(hw_frame_words(&machine->frames, ppn),
                             (uint32_t)1 << pmap->geometry->index_bits))
        return;
    *parent = 0;
    pmap->last_leaf = NULL;
    pmap_table_forget(pmap, va);
    pmap_table_free(pmap, ppn, pmap->geometry->levels - 1);
    trace_emit(pmap->system->trace, EV_PMAP_TABLE_FREE, .space = pmap->space, .va = va, .ppn = ppn,
               .count = pmap->geometry->levels - 1);
}

/* ---- ranges ---- */

/* The bytes of address space that one word at `level` covers. */
static vmm_size
pmap_table_span(const struct pmap *pmap, uint32_t level)
{
    const struct hw_geometry *geometry = pmap->geometry;

    return (vmm_size)1 << (geometry->page_shift +
                           (geometry->levels - 1 - level) * geometry->index_bits);
}

vmm_size
pmap_table_leaf_bytes(const struct pmap *pmap)
{
    return pmap_table_span(pmap, pmap->geometry->levels - 2);
}

/* The first byte behind the block of `span` bytes around `va`, or `end` if that comes first. */
static vmm_va
pmap_table_skip(vmm_va va, vmm_size span, vmm_va end)
{
    vmm_va last = va | (span - 1);

    return last >= end - 1 ? end : last + 1; /* end - 1: the block may be the topmost one */
}

/* Makes a run of a large leaf at `level`, if there is one. */
static bool
pmap_table_large_run(const struct pmap *pmap, vmm_va va, vmm_va end, uint32_t level,
                     struct pmap_run *run)
{
    run->slots = pmap_table_walk(pmap, va, level, NULL);
    if (!(*run->slots & HW_PTE_VALID))
        return false;
    run->large_bytes = pmap_table_span(pmap, level);
    run->is_nested = false;
    run->end = pmap_table_skip(va, run->large_bytes, end);
    return true;
}

bool
pmap_table_next_run(const struct pmap *pmap, vmm_va *va, vmm_va end, struct pmap_run *run)
{
    uint32_t leaf = pmap->geometry->levels - 1;
    uint32_t missing;

    while (*va < end) {
        run->start = *va;
        run->slots = pmap_table_walk(pmap, *va, leaf, &missing);
        if (run->slots != NULL) {
            run->large_bytes = 0;
            run->is_nested =
                pmap->has_nested && (*pmap_table_parent(pmap, *va) & HW_PTE_NESTED) != 0;
            run->end = *va = pmap_table_skip(*va, pmap_table_span(pmap, leaf - 1), end);
            return true;
        }
        if (pmap->has_large && pmap_table_large_run(pmap, *va, end, missing, run)) {
            *va = run->end;
            return true;
        }
        *va = pmap_table_skip(*va, pmap_table_span(pmap, missing), end);
    }
    return false;
}
