/*
 * vm_fault.c - deciding what an absent translation means
 *
 * A fault asks three questions. May this access be? (the map entry: vm_fault_lookup) Which page is
 * it? (the object chain: vm_fault_fast for what needs no waiting, vm_fault_page for the rest) With
 * which rights may the hardware use it? (vm_fault_enter). The answer to the third is often less than
 * the entry allows: a read leaves WRITE out so that the first store comes back here.
 */
#include "vm/vm_fault.h"

#include <inttypes.h>

#include "vm/vm_fault_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_pager.h"
#include "vm/vm_purgeable.h"
#include "vm/vm_submap.h"

void
vm_fault_count(struct vm_map *map)
{
    map->system->counts.faults++;
    if (map->task != NULL)
        map->task->faults++;
}

enum vmm_status
vm_fault_result(struct vm_map *map, vmm_va va, enum vmm_status status)
{
    if (status != VMM_MODEL_NO_FRAME)
        return status;
    return vm_hang(map->system, REASON_NO_FREE_PAGE, map->space, va,
                   "vm_page_wait: the fault at 0x%" PRIx64
                   " waits for a free page and nothing can be reclaimed",
                   va);
}

/* The page of a wired entry that an object put on top of its own puts at risk; NULL: none. */
static struct vm_page *
vm_fault_page_at_risk(const struct vm_map_entry *entry, vmm_va va)
{
    struct vm_object *object = entry->object;
    struct vm_page *page = vm_object_find_page(object, vm_entry_offset(entry, va));

    return page != NULL && (vm_page_object(page) == object || !object->is_under_wires) ? page
                                                                                       : NULL;
}

static void
vm_fault_unrisk_wires(const struct vm_map_entry *entry, vmm_va end)
{
    for (vmm_va va = entry->start; va < end; va += entry->object->system->page_bytes) {
        struct vm_page *page = vm_fault_page_at_risk(entry, va);

        if (page != NULL)
            vm_page_drop_odd_wire(page, VM_WIRES_AT_RISK);
    }
}

/*
 * A wired entry gets an object on top of the one whose pages it wired: copies into that object will
 * not be wired (T4). Pages that the entry saw through an earlier such object are at risk already.
 * All or nothing.
 */
static enum vmm_status
vm_fault_risk_wires(const struct vm_map_entry *entry)
{
    for (vmm_va va = entry->start; va < entry->end; va += entry->object->system->page_bytes) {
        struct vm_page *page = vm_fault_page_at_risk(entry, va);

        if (page != NULL && !vm_page_add_odd_wire(page, VM_WIRES_AT_RISK)) {
            vm_fault_unrisk_wires(entry, va);
            return VMM_MODEL_NO_MEMORY;
        }
    }
    return VMM_OK;
}

/* A copy was put off until now: the entry gets an object of its own. */
static enum vmm_status
vm_fault_shadow(struct vm_map_entry *entry)
{
    const struct vm_object *before = entry->object;
    bool is_wired = entry->wired_count > 0;
    enum vmm_status status = is_wired ? vm_fault_risk_wires(entry) : VMM_OK;

    if (status != VMM_OK)
        return status;
    if (!VMM_PLANTED(VMM_PLANTED_NO_SHADOW))
        status = vm_object_shadow(&entry->object, &entry->offset, vm_entry_size(entry));
    if (status == VMM_OK)
        entry->needs_copy = false;
    if (is_wired && entry->object == before)
        vm_fault_unrisk_wires(entry, entry->end);
    else if (is_wired)
        entry->object->is_under_wires = true;
    return status;
}

enum vmm_status
vm_fault_materialise(struct vm_map_entry *entry, struct vm_system *system)
{
    if (entry->object == NULL) {
        entry->offset = 0;
        return vm_object_create(system, vm_system_round_page(system, vm_entry_size(entry)),
                                &entry->object);
    }
    return entry->needs_copy ? vm_fault_shadow(entry) : VMM_OK;
}

/* What the map says about an access. */
struct vm_lookup {
    const struct vm_map_entry *entry;
    vmm_va address; /* in the map of that entry */
    struct vm_object *object;
    vmm_off offset;  /* of the page */
    uint32_t part;   /* of the page */
    vmm_prot prot;   /* rights the translation may get */
    vmm_prot access; /* the access, widened when the entry is wired */
    bool is_wired;
    bool is_shown;       /* to several maps, or in several parts: one reference stands for all */
    struct pmap *nested; /* where the translation goes; NULL: where the fault says */
    bool no_zero_fill;
};

/* vm_map_lookup_and_lock_object(), vm.md 4.2. */
static enum vmm_status
vm_fault_lookup(struct vm_map *map, vmm_va va, vmm_prot access, struct vm_lookup *found)
{
    struct vm_place place;
    struct vm_map_entry *entry;
    enum vmm_status status = vm_map_lookup_for(map, va, access, &place);

    if (status != VMM_OK)
        return status;
    entry = place.entry;
    found->is_wired = entry->wired_count > 0;
    found->no_zero_fill = map->no_zero_fill;
    found->prot = entry->protection;
    found->access = found->is_wired ? entry->protection | VMM_PROT_WRITE : access;
    if (entry->object == NULL || (entry->needs_copy && (found->access & VMM_PROT_WRITE)))
        status = vm_fault_materialise(entry, map->system);
    if (status != VMM_OK)
        return status;
    if (entry->needs_copy || place.needs_copy || place.nested != NULL) /* M4 */
        found->prot &= ~(vmm_prot)VMM_PROT_WRITE;
    found->nested = place.nested;
    found->is_shown = place.map->mapped_in_other_pmaps || vm_map_is_small(map);
    found->entry = entry;
    found->address = place.address;
    found->object = entry->object;
    found->offset = vm_entry_offset(entry, place.address);
    found->part = vm_map_part(map, found->offset);
    found->offset = vm_object_trunc_page(entry->object, found->offset);
    return VMM_OK;
}

/* A fresh page in the top object: of zeroes, unless the map promises that nobody looks. */
static inline enum vmm_status
vm_fault_zero_fill(struct vm_object *object, vmm_off offset, bool no_zero_fill,
                   struct vm_page **page, enum vm_fault_kind *kind)
{
    struct vm_system *system = object->system;
    enum vmm_status status = vm_page_alloc(object, offset, page);

    if (status != VMM_OK)
        return status;
    if (no_zero_fill) {
        *kind = VM_FAULT_NZF;
        return VMM_OK;
    }
    system->counts.zero_fill_faults++;
    *kind = VM_FAULT_ZERO_FILL;
    trace_emit(&system->trace, EV_PAGE_ZERO_FILL, .object = object->id, .va = offset,
               .ppn = vm_page_ppn(*page));
    return VMM_OK;
}

/*
 * The entry above wired the page that is copied, or misses what that was copied from, and shows the
 * copy from now on: a wire is lost, or misses another page (T4). False: no memory, nothing changed.
 */
static bool
vm_fault_lose_wire(struct vm_page *source, struct vm_page *copy)
{
    if (!vm_page_object(copy)->is_under_wires || vm_page_odd_wires(source, VM_WIRES_AT_RISK) == 0)
        return true;
    if (!vm_page_add_odd_wire(copy, VM_WIRES_MISSING))
        return false;
    if (vm_page_odd_wires(source, VM_WIRES_MISSING) > 0) {
        vm_page_drop_odd_wire(source, VM_WIRES_MISSING);
    } else if (!vm_page_add_odd_wire(source, VM_WIRES_LOST)) {
        vm_page_drop_odd_wire(copy, VM_WIRES_MISSING);
        return false;
    }
    vm_page_drop_odd_wire(source, VM_WIRES_AT_RISK);
    return true;
}

/* Copies a page from below into the top object. Who still maps the source loses the translation. */
static enum vmm_status
vm_fault_copy_up(struct vm_object *object, vmm_off offset, struct vm_page *source, bool disconnect,
                 struct vm_page **page, enum vm_fault_kind *kind)
{
    struct vm_system *system = object->system;
    enum vmm_status status = vm_page_alloc_copy(object, offset, source, page);

    if (status != VMM_OK)
        return status;
    if (!vm_fault_lose_wire(source, *page)) {
        vm_page_free(*page);
        return VMM_MODEL_NO_MEMORY;
    }
    if (disconnect && source->pmapped)
        pmap_page_protect(system->pmaps, vm_page_ppn(source), VMM_PROT_NONE);
    system->counts.cow_faults++;
    *kind = VM_FAULT_COW;
    return VMM_OK;
}

/* Whether the page that belongs there is in memory and good, or nobody has any. */
static bool
vm_fault_is_settled(const struct vm_spot *spot)
{
    if (spot->page != NULL)
        return !spot->page->busy && !spot->page->error;
    return spot->slot == 0 && spot->object->pager == NULL && !spot->object->shadow_severed;
}

/*
 * The page that the chain shows, wherever it was; NULL: nobody touched it yet. `spot` is where the chain
 * ends for it.
 */
static inline enum vmm_status
vm_fault_find(struct vm_object *object, vmm_off offset, const struct vm_spot *spot,
              struct vm_page **page, enum vm_fault_kind *kind)
{
    static const enum vm_fault_kind kinds[] = { [VM_PAGE_WAS_HERE] = VM_FAULT_CACHE_HIT,
                                                [VM_PAGE_WAS_STORED] = VM_FAULT_COMPRESSOR,
                                                [VM_PAGE_WAS_FILED] = VM_FAULT_PAGEINV };
    enum vm_page_origin origin;
    enum vmm_status status;

    *kind = VM_FAULT_GUARD;
    *page = NULL;
    if (vm_object_is_guard(object, offset))
        return VMM_MEMORY_ERROR;
    *kind = VM_FAULT_CACHE_HIT;
    *page = spot->page;
    if (vm_fault_is_settled(spot))
        return VMM_OK;
    status = vm_page_in(object, offset, &origin);
    *kind = kinds[origin];
    *page = vm_object_find_page(object, offset);
    return status;
}

/* A page that is held for a device is missing to who faults on it (vm.md 4.4 step 2). */
static void
vm_fault_fill_absent(struct vm_page *page, enum vm_fault_kind *kind)
{
    struct vm_system *system = vm_page_system(page);

    hw_frame_zero(&system->machine->frames, vm_page_ppn(page));
    page->is_absent = false;
    system->counts.zero_fill_faults++;
    *kind = VM_FAULT_ZERO_FILL;
    trace_emit(&system->trace, EV_PAGE_ZERO_FILL, .object = vm_page_object(page)->id,
               .va = vm_page_offset(page), .ppn = vm_page_ppn(page));
}

/*
 * The first touch of a page that came ahead of time is the pagein (vm.md 4.3, 7.2); and who is touched
 * is active.
 */
static void
vm_fault_touch(struct vm_page *page, enum vm_fault_kind *kind)
{
    vm_page_activate(page);
    if (page->is_absent)
        vm_fault_fill_absent(page, kind);
    if (!page->clustered)
        return;
    page->clustered = false;
    vm_page_system(page)->counts.pageins++;
    if (*kind == VM_FAULT_CACHE_HIT)
        *kind = vm_page_object(page)->pager != NULL ? VM_FAULT_PAGEINV : VM_FAULT_PAGEIND;
}

/* The path that never waits (vm.md 4.3). False: take the slow path. */
static bool
vm_fault_fast(const struct vm_lookup *found, const struct vm_spot *spot, struct vm_page **page,
              enum vm_fault_kind *kind, enum vmm_status *status)
{
    struct vm_object *object = found->object;
    bool is_write = (found->access & VMM_PROT_WRITE) != 0;

    if (is_write && object->copy != NULL)
        return false; /* the copy must be given the old page first */
    *status = vm_fault_find(object, found->offset, spot, page, kind);
    if (*status != VMM_OK)
        return true;
    if (*page == NULL)
        *status = vm_fault_zero_fill(object, found->offset, found->no_zero_fill, page, kind);
    else if (is_write && vm_page_object(*page) != object)
        *status = vm_fault_copy_up(object, found->offset, *page,
                                   object->ref_count > 1 || found->is_shown, page, kind);
    return true;
}

/*
 * Gives the object's copy the page as it is, before a write changes it (vm.md 4.4 step 4). Nothing
 * to do when the copy ends before the page or already has its own.
 */
static enum vmm_status
vm_fault_push(struct vm_object *object, vmm_off offset, struct vm_page *page)
{
    struct vm_object *copy = object->copy;
    struct vm_page *pushed;
    enum vmm_status status;

    if (!vm_object_is_unpushed(object, offset))
        return VMM_OK;
    status = vm_page_alloc_copy(copy, offset - copy->shadow_offset, page, &pushed);
    if (status == VMM_OK && page->pmapped)
        pmap_page_protect(object->system->pmaps, vm_page_ppn(page), VMM_PROT_NONE);
    return status;
}

enum vmm_status
vm_fault_page(struct vm_object *object, vmm_off offset, bool for_write, struct vm_page **page,
              enum vm_fault_kind *kind)
{
    struct vm_page *found;
    struct vm_spot spot;
    enum vmm_status status;

    vm_object_look(object, offset, &spot);
    status = vm_fault_find(object, offset, &spot, &found, kind);
    if (status != VMM_OK)
        return status;
    if (found == NULL)
        status = vm_fault_zero_fill(object, offset, false, &found, kind);
    else if (for_write && vm_page_object(found) != object)
        status = vm_fault_copy_up(object, offset, found, true, &found, kind);
    if (status == VMM_OK && for_write)
        status = vm_fault_push(object, offset, found);
    if (status == VMM_OK)
        *page = found;
    return status;
}

/*
 * The rights of the translation (vm.md 4.5, 3.4). A fault that did not write leaves WRITE out, so
 * that the first store faults again; each release has its own exceptions.
 */
vmm_prot
vm_fault_rights(const struct vm_profile *profile, const struct vm_fault_enter *how, bool wpmapped)
{
    bool is_write =
        (how->access & VMM_PROT_WRITE) != 0 || (how->is_wired && profile->wired_fault_is_write);
    bool keeps_write = is_write || how->kind == VM_FAULT_ZERO_FILL || how->kind == VM_FAULT_NZF ||
                       (how->change_wiring && profile->wiring_keeps_write) ||
                       (wpmapped && profile->read_fault_keeps_write_if_wpmapped);

    return keeps_write ? how->prot : how->prot & ~(vmm_prot)VMM_PROT_WRITE;
}

/* Enters the translation with these rights. All or nothing. */
static inline enum vmm_status
vm_fault_enter(const struct vm_fault_enter *how, struct vm_page *page)
{
    vmm_prot prot = vm_fault_rights(&vm_page_system(page)->profile, how, page->wpmapped);
    uint32_t flags = pmap_enter_part(how->part) | (how->is_wired ? (uint32_t)PMAP_ENTER_WIRED : 0) |
                     (how->access & VMM_PROT_WRITE ? (uint32_t)PMAP_ENTER_STORE : 0);
    enum vmm_status status = vm_page_enter(page, how->pmap, how->va, prot, flags);

    if (status != VMM_OK)
        return status;
    if (how->access & VMM_PROT_WRITE)
        page->is_dirty = true;
    if (how->change_wiring)
        vm_page_wire(page);
    return VMM_OK;
}

/* ---- one fault ---- */

struct vm_fault_work {
    struct vm_map *map;
    vmm_va va;       /* page aligned */
    vmm_prot access; /* NONE with change_wiring: the wiring path */
    bool change_wiring;
    struct pmap *pmap; /* where the translation goes, and at which address */
    vmm_va pmap_va;
    bool may_wait; /* the map is not locked: others may run */
    bool again;    /* something was waited for: everything may have changed */
    bool asked;    /* the page came from a file for this fault */
    enum vm_fault_kind kind;
};

/* Sleeps until an event of `object` may have come; `reason`: what a deadlock over that is. */
static enum vmm_status
vm_fault_sleep(const struct vm_fault_work *work, enum vm_sched_event event, const void *object,
               enum trace_reason reason)
{
    struct vm_system *system = work->map->system;

    system->sched->wait =
        (struct vm_wait){ .reason = reason, .space = work->map->space, .start = work->va };
    return system->sched->block(system->sched, event, object,
                                vm_map_is_kernel(work->map) ? VM_SCHED_UNINTERRUPTIBLE
                                                            : VM_SCHED_INTERRUPTIBLE);
}

/*
 * Waits for what must come before the page can be decided on: somebody else's busy page, or the answer
 * of a pager. Then the fault starts again from its lookup, as XNU's does unless nothing changed
 * (vm.md 4.3, 4.4 steps 2 and 6).
 */
static enum vmm_status
vm_fault_await(struct vm_fault_work *work, const struct vm_spot *spot, uint32_t behavior)
{
    enum vmm_status status;

    if (spot->page != NULL && spot->page->busy && work->may_wait) {
        work->again = true;
        return vm_fault_sleep(work, VM_SCHED_PAGE_BUSY, spot->page, REASON_NO_FREE_PAGE);
    }
    if (spot->page != NULL || spot->object->pager == NULL)
        return VMM_OK;
    status = vm_pager_request(spot->object, &(struct vm_pager_ask){ .offset = spot->offset,
                                                                    .behavior = behavior,
                                                                    .may_yield = work->may_wait });
    work->again = work->asked = status == VMM_OK;
    return status;
}

/* The translation that the lookup allows. */
static struct vm_fault_enter
vm_fault_how(const struct vm_fault_work *work, const struct vm_lookup *found)
{
    return (struct vm_fault_enter){ .pmap = found->nested != NULL ? found->nested : work->pmap,
                                    .va = work->pmap_va,
                                    .delta = work->pmap_va - found->address,
                                    .part = found->part,
                                    .prot = found->prot,
                                    .access = work->access,
                                    .is_wired = found->is_wired,
                                    .change_wiring = work->change_wiring };
}

/* Gives the page its translation, with no more than the objects allow. */
static enum vmm_status
vm_fault_finish(struct vm_fault_work *work, const struct vm_lookup *found, struct vm_page *page)
{
    struct vm_fault_enter how = vm_fault_how(work, found);
    enum vmm_status status;

    if (work->asked && work->kind == VM_FAULT_CACHE_HIT)
        work->kind = VM_FAULT_PAGEINV;
    vm_fault_touch(page, &work->kind);
    how.kind = work->kind;
    if (vm_page_object(page) != found->object ||
        (found->object->copy != NULL && !(found->access & VMM_PROT_WRITE)))
        how.prot &= ~(vmm_prot)VMM_PROT_WRITE; /* I15 */
    status = vm_fault_enter(&how, page);
    if (status == VMM_OK && found->entry->no_cache && vm_page_wire_count(page) == 0)
        vm_page_speculate(page); /* vm.md 4.5 */
    if (status == VMM_OK && work->kind == VM_FAULT_COW)
        vm_object_collapse(found->object, true);
    return status;
}

/* The owner of the memory keeps everybody out: the fault waits until he lets them in again. */
static enum vmm_status
vm_fault_on_blocked(struct vm_fault_work *work, const struct vm_lookup *found)
{
    if (work->may_wait) {
        work->again = true;
        return vm_fault_sleep(work, VM_SCHED_OBJECT_BLOCKED, found->object, REASON_ACCESS_BLOCKED);
    }
    return vm_hang(work->map->system, REASON_ACCESS_BLOCKED, work->map->space, work->va,
                   "the fault at 0x%" PRIx64 " waits for redirected memory, and nobody ends that",
                   work->va);
}

static enum vmm_status
vm_fault_on_device(struct vm_fault_work *work, const struct vm_lookup *found)
{
    struct vm_fault_enter how = vm_fault_how(work, found);

    work->kind = how.kind = VM_FAULT_CACHE_HIT;
    return vm_fault_device(work->map, found->entry, &how);
}

/* The first touch of any page maps all of them (vm.md 4.4 step 8), with one word if it may. */
static enum vmm_status
vm_fault_on_superpage(struct vm_fault_work *work, const struct vm_lookup *found)
{
    struct vm_fault_enter how = vm_fault_how(work, found);

    work->kind = how.kind = VM_FAULT_CACHE_HIT;
    return vm_fault_superpage(work->map, found->entry, &how);
}

/* One fault from lookup to translation, or to the first thing it had to wait for. */
static enum vmm_status
vm_fault_internal(struct vm_fault_work *work)
{
    struct vm_lookup found;
    struct vm_spot spot;
    struct vm_page *page;
    enum vmm_status status = vm_fault_lookup(work->map, work->va, work->access, &found);

    work->again = false;
    if (status != VMM_OK)
        return status;
    if (found.object->blocked_access)
        return vm_fault_on_blocked(work, &found);
    if (found.object->device != NULL)
        return vm_fault_on_device(work, &found);
    if (found.object->phys_contiguous)
        return vm_fault_on_superpage(work, &found);
    if (vm_object_is_purge_error(found.object))
        return VMM_MEMORY_ERROR;
    vm_object_look(found.object, found.offset, &spot);
    status = vm_fault_await(work, &spot, found.entry->behavior);
    if (status != VMM_OK || work->again)
        return status;
    if (!vm_fault_fast(&found, &spot, &page, &work->kind, &status))
        status = vm_fault_page(found.object, found.offset, true, &page, &work->kind);
    return status == VMM_OK ? vm_fault_finish(work, &found, page) : status;
}

/* Counts, services and announces one fault. Without a free page it waits, if there is who can wait. */
static enum vmm_status
vm_fault_run(struct vm_map *map, vmm_va va, vmm_prot access, bool change_wiring, struct pmap *pmap,
             vmm_va pmap_va)
{
    struct vm_fault_work work = { .map = map,
                                  .va = va,
                                  .access = access,
                                  .change_wiring = change_wiring,
                                  .pmap = pmap,
                                  .pmap_va = pmap_va,
                                  .may_wait = !map->is_locked && map->system->sched != NULL };
    enum vmm_status status;

    vm_fault_count(map);
    do {
        status = vm_fault_internal(&work);
        if (status == VMM_MODEL_NO_FRAME && work.may_wait) {
            map->system->waiting_for_pages++;
            status = vm_fault_sleep(&work, VM_SCHED_PAGE_FREE, map->system, REASON_NO_FREE_PAGE);
            map->system->waiting_for_pages--;
            work.again = true;
        }
    } while (status == VMM_OK && work.again);
    if (status != VMM_OK)
        status = vm_fault_result(map, va, status);
    trace_emit(&map->system->trace, EV_FAULT, .space = map->space, .va = va, .prot = access,
               .detail =
                   status == VMM_OK || work.kind == VM_FAULT_GUARD ? work.kind : VM_FAULT_NONE,
               .status = status);
    return status;
}

enum vmm_status
vm_fault_wire_slow(struct vm_map *map, vmm_va va, struct pmap *pmap, vmm_va pmap_va)
{
    return vm_fault_run(map, va, VMM_PROT_NONE, true, pmap, pmap_va);
}

/* What refuses a fault before anything is looked at (vm.md 4.1). */
static enum vmm_status
vm_fault_may_be(const struct vm_system *system)
{
    enum vmm_status status = vm_system_runs(system);

    if (status != VMM_OK)
        return status;
    return vm_context_preemption_level(system) > 0 || vm_context_faults_disabled(system)
               ? VMM_FAILURE
               : VMM_OK;
}

enum vmm_status
vm_fault(struct vm_map *map, vmm_va va, vmm_prot access)
{
    if (!vm_system_is_at_ease(map->system)) {
        enum vmm_status status = vm_fault_may_be(map->system);

        if (status != VMM_OK)
            return status;
    }
    va = vm_map_trunc_page(map, va);
    return vm_fault_run(map, va, access, false, map->pmap, va);
}
