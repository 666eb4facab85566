/* pmap_pv.c - see pmap_pv.h */
#include "pmap/pmap_pv.h"

void
pmap_pv_init(struct pmap_system *system)
{
    vmm_radix_store_init(&system->chunk_store, system->alloc);
    vmm_pool_init(&system->chunks, system->alloc, sizeof(struct pmap_chunk),
                  (uint32_t)1 << (PMAP_PV_PLACE_BITS - PMAP_CHUNK_PAGE_BITS));
    vmm_pool_init(&system->records, system->alloc, sizeof(struct pmap_pv),
                  (uint32_t)1 << PMAP_PV_PLACE_BITS);
}

void
pmap_pv_destroy(struct pmap_system *system)
{
    vmm_radix_store_destroy(&system->chunk_store);
    vmm_pool_destroy(&system->chunks);
    vmm_pool_destroy(&system->records);
}

/* ---- chunks ---- */

uint32_t
pmap_chunk_make(struct pmap_system *system, struct pmap *pmap, vmm_va va)
{
    uint32_t number = vmm_pool_take(&system->chunks);

    if (number == 0)
        return 0;
    if (!vmm_radix_set(&pmap->chunks, pmap_chunk_index(va), number)) {
        vmm_pool_give(&system->chunks, number);
        return 0;
    }
    *(struct pmap_chunk *)vmm_pool_at(&system->chunks, number) =
        (struct pmap_chunk){ .pmap = pmap, .number = va >> PMAP_CHUNK_SHIFT };
    return number;
}

bool
pmap_pv_has_chunk(const struct pmap *pmap, vmm_va va)
{
    return vmm_radix_get(&pmap->chunks, pmap_chunk_index(va)) != 0;
}

static vmm_va
pmap_place_va(const struct pmap_system *system, uint32_t place)
{
    return pmap_chunk_of(system, place)->number << PMAP_CHUNK_SHIFT |
           (vmm_va)(place & (((uint32_t)1 << PMAP_CHUNK_PAGE_BITS) - 1)) << PMAP_CHUNK_PAGE_SHIFT;
}

static bool
pmap_place_is(const struct pmap_system *system, uint32_t place, const struct pmap *pmap, vmm_va va)
{
    return pmap_chunk_of(system, place)->pmap == pmap && pmap_place_va(system, place) == va;
}

/* Forgets a chunk that nothing is in. V1 */
static void
pmap_chunk_end(struct pmap_system *system, uint32_t place)
{
    struct pmap_chunk *chunk = pmap_chunk_of(system, place);

    if (chunk->count > 0)
        return;
    vmm_radix_clear(&chunk->pmap->chunks, pmap_chunk_index(chunk->number << PMAP_CHUNK_SHIFT));
    vmm_pool_give(&system->chunks, place >> PMAP_CHUNK_PAGE_BITS);
}

void
pmap_pv_count(struct pmap_system *system, uint32_t place, uint32_t made)
{
    pmap_chunk_of(system, place)->count += made;
    pmap_chunk_end(system, place);
}

/* ---- records ---- */

static struct pmap_pv *
pmap_record(const struct pmap_system *system, uint32_t number)
{
    return vmm_pool_at(&system->records, number);
}

/* Puts a record in front of the list that begins with `next`; the new beginning, or 0. */
static uint32_t
pmap_record_push(struct pmap_system *system, uint32_t next, uint32_t place)
{
    uint32_t number = vmm_pool_take(&system->records);

    if (number != 0)
        *pmap_record(system, number) = (struct pmap_pv){ next, place };
    return number;
}

static void
pmap_word_set(struct pmap_system *system, vmm_ppn ppn, uint32_t place)
{
    uint32_t *word = &system->machine->frames.words[ppn];

    *word = (*word & ~(PMAP_PV_LIST | PMAP_PV_PLACE)) | place;
}

/* A second mapping, and each one after it. */
static bool
pmap_list_add(struct pmap_system *system, vmm_ppn ppn, uint32_t place)
{
    uint32_t word = system->machine->frames.words[ppn];
    uint32_t first = word & PMAP_PV_PLACE;
    uint32_t number;

    if (!(word & PMAP_PV_LIST))
        first = pmap_record_push(system, 0, first);
    number = first == 0 ? 0 : pmap_record_push(system, first, place);
    if (number == 0 && first != 0 && !(word & PMAP_PV_LIST))
        vmm_pool_give(&system->records, first);
    if (number == 0)
        return false;
    pmap_word_set(system, ppn, PMAP_PV_LIST | number);
    return true;
}

bool
pmap_pv_add_another(struct pmap_system *system, vmm_ppn ppn, uint32_t place)
{
    if (!pmap_list_add(system, ppn, place)) {
        pmap_chunk_end(system, place);
        return false;
    }
    pmap_chunk_of(system, place)->count++;
    return true;
}

/* Takes a mapping out of a page's list; its place. */
static uint32_t
pmap_list_remove(struct pmap_system *system, vmm_ppn ppn, const struct pmap *pmap, vmm_va va)
{
    uint32_t number = system->machine->frames.words[ppn] & PMAP_PV_PLACE;
    struct pmap_pv *before = NULL;
    struct pmap_pv *gone = pmap_record(system, number);
    uint32_t place;

    while (!pmap_place_is(system, gone->place, pmap, va)) {
        VMM_ASSERT(gone->next != 0); /* I12 */
        before = gone;
        number = gone->next;
        gone = pmap_record(system, number);
    }
    place = gone->place;
    if (before != NULL)
        before->next = gone->next;
    else
        pmap_word_set(system, ppn, gone->next == 0 ? 0 : PMAP_PV_LIST | gone->next);
    vmm_pool_give(&system->records, number);
    return place;
}

void
pmap_pv_remove(struct pmap_system *system, vmm_ppn ppn, struct pmap *pmap, vmm_va va)
{
    uint32_t place;

    if (!pmap_is_managed(system, ppn))
        return;
    VMM_ASSERT(pmap_pv_is_mapped(system, ppn)); /* I12 */
    if (system->machine->frames.words[ppn] & PMAP_PV_LIST) {
        place = pmap_list_remove(system, ppn, pmap, va);
    } else {
        place = system->machine->frames.words[ppn] & PMAP_PV_PLACE;
        VMM_ASSERT(pmap_place_is(system, place, pmap, va)); /* I12 */
        pmap_word_set(system, ppn, 0);
    }
    pmap_chunk_of(system, place)->count--;
    pmap_chunk_end(system, place);
}

/* ---- walks ---- */

static bool
pmap_mapping_at(const struct pmap_system *system, uint32_t place, uint32_t next,
                struct pmap_mapping *mapping)
{
    *mapping = (struct pmap_mapping){ pmap_chunk_of(system, place)->pmap,
                                      pmap_place_va(system, place), next };
    return true;
}

bool
pmap_pv_first(const struct pmap_system *system, vmm_ppn ppn, struct pmap_mapping *mapping)
{
    uint32_t word;

    if (!pmap_is_managed(system, ppn) || !pmap_pv_is_mapped(system, ppn))
        return false;
    word = system->machine->frames.words[ppn];
    if (!(word & PMAP_PV_LIST))
        return pmap_mapping_at(system, word & PMAP_PV_PLACE, 0, mapping);
    mapping->next = word & PMAP_PV_PLACE;
    return pmap_pv_next(system, mapping);
}

bool
pmap_pv_next(const struct pmap_system *system, struct pmap_mapping *mapping)
{
    const struct pmap_pv *record;

    if (mapping->next == 0)
        return false;
    record = pmap_record(system, mapping->next);
    return pmap_mapping_at(system, record->place, record->next, mapping);
}
