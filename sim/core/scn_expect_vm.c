/*
 * scn_expect_vm.c - what mach_vm_region, mach_vm_page_query and host_statistics64 would answer
 */
#include "scn_run.h"

/* The address a claim is about; false with the reason when nothing stands behind the name. */
static bool
address_of(const struct scn_run *run, const struct scn_claim *claim, struct vmm_text *why,
           struct scn_stretch *bytes)
{
    *bytes = scn_place_bytes(run, &claim->places[0], 1);
    return scn_claim_object(run, claim, 0, why) != NULL;
}

/* The map entry that holds the address. */
static bool
region_of(const struct scn_stretch *bytes, struct vmm_text *why, struct vm_region *region)
{
    if (vmk_sim_region(bytes->task, bytes->address, region) && region->start <= bytes->address)
        return true;
    vmm_text_put(why, "nothing is mapped there");
    return false;
}

/* What an entry says of itself. */
static uint64_t
region_fact(uint64_t page_bytes, const struct vm_region *region, uint32_t fact)
{
    switch (fact) {
    case SCN_REGION_PAGES:
        return (region->end - region->start) / page_bytes;
    case SCN_REGION_WIRES:
        return region->wired_count;
    case SCN_REGION_USER_WIRES:
        return region->user_wired_count;
    case SCN_REGION_SHARED:
        return region->is_shared;
    case SCN_REGION_PERMANENT:
        return region->is_permanent;
    case SCN_REGION_SUBMAP:
        return region->is_submap;
    case SCN_REGION_NEEDS_COPY:
        return region->needs_copy;
    case SCN_REGION_BEHAVIOR:
        return region->behavior;
    case SCN_REGION_TAG:
        return region->tag;
    case SCN_REGION_REFERENCES:
        return region->object_references;
    default: /* SCN_REGION_DEPTH */
        return region->shadow_depth;
    }
}

/* What the pages behind an entry say; false: the fact is the entry's own. */
static bool
pages_fact(const struct vm_region_pages *pages, uint32_t fact, uint64_t *value)
{
    switch (fact) {
    case SCN_REGION_RESIDENT:
        *value = pages->resident;
        return true;
    case SCN_REGION_DIRTY:
        *value = pages->dirty;
        return true;
    case SCN_REGION_SWAPPED_OUT:
        *value = pages->swapped_out;
        return true;
    case SCN_REGION_REUSABLE:
        *value = pages->reusable;
        return true;
    case SCN_REGION_EXTERNAL_PAGER:
        *value = pages->external_pager;
        return true;
    default:
        return false;
    }
}

bool
scn_look_vm(const struct scn_run *run, const struct scn_claim *claim, struct vmm_text *why,
            uint64_t *value)
{
    struct vm_statistics statistics;
    struct scn_stretch bytes;
    struct vm_region region;
    struct vm_region_pages pages = { 0 };

    if (claim->subject == SCN_SUBJECT_STATISTIC) {
        vm_system_statistics(run->system, &statistics);
        *value = scn_statistic(&statistics, claim->word);
        return true;
    }
    if (!address_of(run, claim, why, &bytes) || !region_of(&bytes, why, &region))
        return false;
    vmk_sim_region_pages(bytes.task, bytes.address, &pages);
    if (!pages_fact(&pages, claim->word, value))
        *value = region_fact(scn_page_bytes(run, bytes.task), &region, claim->word);
    return true;
}

/* ---- words ---- */

/* The words of a list that the bits stand for; true when they are those that were claimed. */
static bool
are_bits(const struct scn_word_list *list, uint32_t wanted, uint32_t bits, struct vmm_text *found)
{
    for (uint32_t bit = 1; bit <= bits; bit <<= 1) {
        if ((bits & bit) == 0)
            continue;
        vmm_text_put(found, found->length > 0 ? " " : "");
        vmm_text_put(found, scn_word_of(list, bit));
    }
    vmm_text_put(found, bits == 0 ? "none" : "");
    return bits == wanted;
}

static bool
holds_page_query(const struct scn_stretch *bytes, const struct scn_claim *claim,
                 struct vmm_text *found)
{
    struct vm_map *map = vmk_sim_task_map(bytes->task);
    int references = 0;
    int bits = 0;
    enum vmm_status status =
        map == NULL ? VMM_MODEL_BAD_HANDLE : vm_page_query(map, bytes->address, &bits, &references);

    if (status != VMM_OK) {
        scn_put_status(found, (int32_t)status);
        return false;
    }
    return are_bits(&scn_page_bits, claim->word, (uint32_t)bits, found);
}

static bool
holds_mincore(const struct scn_stretch *bytes, const struct scn_claim *claim,
              struct vmm_text *found)
{
    struct vm_map *map = vmk_sim_task_map(bytes->task);
    uint8_t flags = 0;
    int error;

    if (map == NULL) {
        scn_put_status(found, VMM_MODEL_BAD_HANDLE);
        return false;
    }
    error = vm_bsd_mincore(map, bytes->address, 1, &flags);
    if (error != 0) {
        scn_put_status(found, VMM_UNIX(error));
        return false;
    }
    return are_bits(&scn_mincore_bits, claim->word, flags, found);
}

static bool
is_word(const struct scn_word_list *list, uint32_t wanted, uint32_t value, struct vmm_text *found)
{
    vmm_text_put(found, scn_word_of(list, value));
    return wanted == value;
}

bool
scn_holds_vm(const struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found)
{
    struct scn_stretch bytes;
    struct vm_region region;
    struct vm_region_pages pages = { 0 };

    if (!address_of(run, claim, found, &bytes))
        return false;
    if (claim->subject == SCN_SUBJECT_PAGE_QUERY)
        return holds_page_query(&bytes, claim, found);
    if (claim->subject == SCN_SUBJECT_MINCORE)
        return holds_mincore(&bytes, claim, found);
    if (!region_of(&bytes, found, &region))
        return false;
    switch (claim->subject) {
    case SCN_SUBJECT_RIGHTS:
        return is_word(&scn_rights, claim->word, region.protection, found);
    case SCN_SUBJECT_MAXIMUM_RIGHTS:
        return is_word(&scn_rights, claim->word, region.max_protection, found);
    case SCN_SUBJECT_INHERITANCE:
        return is_word(&scn_inheritances, claim->word, region.inheritance, found);
    case SCN_SUBJECT_PURGABLE:
        return is_word(&scn_purgables, claim->word, region.purgable, found);
    default: /* SCN_SUBJECT_SHARE_MODE */
        vmk_sim_region_pages(bytes.task, bytes.address, &pages);
        return is_word(&scn_share_modes, claim->word, (uint32_t)pages.share_mode, found);
    }
}
