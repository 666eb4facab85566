/*
 * vm_pager.c - see vm_pager.h
 *
 * A request holds a reference on the object, and the page it is about is busy meanwhile. Whoever
 * faults on that page sleeps; whoever holds a lock and must have it fills it in the pager's place
 * (vm_pager_finish), so after the wait the asker may find nothing left to do.
 */
#include "vm/vm_pager.h"

#include <string.h>

#include "vm/vm_digest.h"
#include "vm/vm_map_behavior.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_store.h"

enum {
    VM_CLUSTER_PAGES = 8,     /* GUESS: 32 KiB of 4 KiB pages */
    VM_CLUSTER_STREAM = 32,   /* GUESS: a mapping that says it is read in order */
    VM_READ_AHEAD_SPARES = 16 /* frames that read-ahead leaves free */
};

struct vm_pager {
    struct vm_store store;
    struct vmm_radix slots; /* by page index; none: zeroes */
    uint32_t turns;         /* of others, while a request is under way */
    vmm_off fail_start;
    vmm_off fail_end;
    enum vmm_status fail_status;
};

/* ---- the file ---- */

enum vmm_status
vm_object_create_file(struct vm_system *system, vmm_size size, struct vm_object **object)
{
    struct vm_pager *pager = vmm_take_array(system->alloc, 1, sizeof(*pager));
    enum vmm_status status;

    if (pager == NULL)
        return VMM_MODEL_NO_MEMORY;
    status = vm_object_create(system, size, object);
    if (status != VMM_OK) {
        vmm_give_array(system->alloc, pager, 1, sizeof(*pager));
        return status;
    }
    pager->store.limit = UINT64_MAX;
    pager->turns = 1;
    vmm_radix_init(&pager->slots, &system->radix_store);
    (*object)->pager = pager;
    (*object)->copy_strategy = VM_COPY_DELAY;
    return VMM_OK;
}

void
vm_pager_free(struct vm_object *object)
{
    struct vm_pager *pager = object->pager;

    if (pager == NULL)
        return;
    object->pager = NULL;
    vm_store_destroy(object->system, &pager->store);
    vmm_radix_destroy(&pager->slots);
    vmm_give_array(object->system->alloc, pager, 1, sizeof(*pager));
}

static enum vmm_status
vm_pager_write_page(struct vm_object *object, vmm_off offset, const uint8_t *from, uint32_t length)
{
    struct vm_system *system = object->system;
    struct vm_pager *pager = object->pager;
    uint64_t index = offset >> system->page_shift;
    uint32_t before = vmm_radix_get(&pager->slots, index);
    uint32_t slot = before;
    enum vmm_status status = vm_store_write(
        system, &pager->store, &slot, (uint32_t)(offset & (system->page_bytes - 1)), from, length);

    if (status == VMM_OK && slot != before && !vmm_radix_set(&pager->slots, index, slot))
        status = VMM_MODEL_NO_MEMORY;
    if (status != VMM_OK && slot != before)
        vm_store_drop(system, &pager->store, slot);
    return status;
}

enum vmm_status
vm_pager_write(struct vm_object *object, vmm_off offset, const void *from, vmm_size length)
{
    enum vmm_status status = VMM_OK;
    const uint8_t *in = from;

    while (status == VMM_OK && length > 0) {
        uint32_t run = vm_system_page_run(object->system, offset, length);

        status = vm_pager_write_page(object, offset, in, run);
        in += run;
        offset += run;
        length -= run;
    }
    return status;
}

void
vm_pager_read(const struct vm_object *object, vmm_off offset, void *to, vmm_size length)
{
    const struct vm_system *system = object->system;
    const struct vm_pager *pager = object->pager;
    uint8_t *out = to;

    while (length > 0) {
        uint32_t run = vm_system_page_run(system, offset, length);
        uint32_t slot = vmm_radix_get(&pager->slots, offset >> system->page_shift);
        const uint8_t *bytes = slot == 0 ? NULL : vm_store_bytes(system, &pager->store, slot);

        if (bytes == NULL)
            memset(out, 0, run);
        else
            memcpy(out, bytes + (offset & (system->page_bytes - 1)), run);
        out += run;
        offset += run;
        length -= run;
    }
}

uint64_t
vm_pager_digest(const struct vm_object *object, uint64_t digest)
{
    const struct vm_pager *pager = object->pager;
    uint64_t index = 0;
    uint32_t slot;

    digest = vm_digest_mix(digest, pager->turns);
    if (pager->fail_status != VMM_OK) {
        digest = vm_digest_mix(digest, pager->fail_start);
        digest = vm_digest_mix(digest, pager->fail_end);
        digest = vm_digest_mix(digest, (uint64_t)pager->fail_status);
    }
    for (; vmm_radix_next(&pager->slots, &index, &slot); index++) {
        const uint8_t *bytes = vm_store_bytes(object->system, &pager->store, slot);

        if (bytes != NULL)
            digest =
                vm_digest_bytes(bytes, object->system->page_bytes, vm_digest_mix(digest, index));
    }
    return digest;
}

void
vm_pager_fail(struct vm_object *object, vmm_off start, vmm_off end, enum vmm_status status)
{
    object->pager->fail_start = start;
    object->pager->fail_end = end;
    object->pager->fail_status = status;
}

void
vm_pager_set_latency(struct vm_object *object, uint32_t turns)
{
    object->pager->turns = turns;
}

/* ---- pages from the file, and back ---- */

/* What the pager answers for a page. */
static enum vmm_status
vm_pager_answer(const struct vm_object *object, vmm_off offset)
{
    const struct vm_pager *pager = object->pager;

    return offset >= pager->fail_start && offset < pager->fail_end ? pager->fail_status : VMM_OK;
}

/* A page's bytes from the file. */
static enum vmm_status
vm_pager_get(struct vm_page *page)
{
    const struct vm_object *object = vm_page_object(page);
    struct vm_system *system = object->system;
    uint32_t slot =
        vmm_radix_get(&object->pager->slots, vm_page_offset(page) >> system->page_shift);
    enum vmm_status status = vm_system_call_fails(system, VMM_CALL_PAGER)
                                 ? VMM_MEMORY_ERROR
                                 : vm_pager_answer(object, vm_page_offset(page));

    if (status != VMM_OK || slot == 0)
        return status;
    return vm_store_get(system, &object->pager->store, slot, vm_page_ppn(page));
}

enum vmm_status
vm_pager_put(const struct vm_page *page)
{
    struct vm_object *object = vm_page_object(page);
    struct vm_system *system = object->system;
    const uint64_t *words = hw_frame_words(&system->machine->frames, vm_page_ppn(page));
    enum vmm_status status = vm_pager_answer(object, vm_page_offset(page));

    if (status != VMM_OK)
        return status;
    if (words == NULL)
        return VMM_MODEL_NO_MEMORY;
    return vm_pager_write_page(object, vm_page_offset(page), (const uint8_t *)words,
                               (uint32_t)system->page_bytes);
}

/* ---- requests ---- */

/* Others run while the pager works, until it is done or somebody had it done at once. */
static void
vm_pager_work(struct vm_object *object, vmm_off offset, bool may_yield)
{
    struct vm_sched *sched = object->system->sched;
    const struct vm_page *page = vm_page_lookup(object, offset);

    for (uint32_t turn = 0; may_yield && sched != NULL && turn < object->pager->turns; turn++) {
        if (page == NULL || !(page->busy || page->laundry))
            return;
        sched->yield(sched);
        page = vm_page_lookup(object, offset);
    }
}

/* The pager has no such page. Reclaim takes it first; who meets it before has the error. */
static void
vm_pager_mark_error(struct vm_page *page)
{
    page->error = true;
    vm_page_enqueue(page, VM_PAGE_INACTIVE);
}

/* The pager's answer for a placeholder. */
static enum vmm_status
vm_pager_fill(struct vm_page *page)
{
    struct vm_system *system = vm_page_system(page);
    enum vmm_status status = vm_pager_get(page);

    page->busy = false;
    if (status == VMM_OK)
        vm_page_activate(page);
    else
        vm_pager_mark_error(page);
    if (system->sched != NULL)
        system->sched->wakeup(system->sched, VM_SCHED_PAGE_BUSY, page);
    return status;
}

enum vmm_status
vm_pager_finish(struct vm_page *page)
{
    enum vmm_status status = page->busy ? vm_pager_fill(page) : VMM_OK;

    if (!page->error)
        return status;
    vm_page_free(page);
    return status != VMM_OK ? status : VMM_MEMORY_ERROR;
}

/*
 * A neighbour comes along if a frame is to spare, and nobody misses it otherwise. One that the pager
 * does not have stands there in error.
 */
static bool
vm_pager_read_ahead(struct vm_object *object, vmm_off offset)
{
    const struct hw_frames *frames = &object->system->machine->frames;
    struct vm_page *page;
    enum vmm_status status;

    if (offset >= object->size || frames->free_count <= VM_READ_AHEAD_SPARES ||
        vm_page_lookup(object, offset) != NULL || vm_page_alloc(object, offset, &page) != VMM_OK)
        return false;
    status = vm_pager_get(page);
    if (status == VMM_MODEL_NO_MEMORY) {
        vm_page_free(page);
        return false;
    }
    if (status != VMM_OK) {
        vm_pager_mark_error(page);
        return true;
    }
    page->clustered = true;
    vm_page_speculate(page);
    return true;
}

/* Reads on from the page at `offset` as the mapping's behaviour says; how many pages came. */
static uint64_t
vm_pager_cluster(struct vm_object *object, vmm_off offset, uint32_t behavior)
{
    bool is_stream = behavior == VM_BEHAVIOR_SEQUENTIAL || behavior == VM_BEHAVIOR_RSEQNTL;
    uint64_t most = is_stream ? VM_CLUSTER_STREAM : VM_CLUSTER_PAGES;
    vmm_off step = object->system->page_bytes;
    uint64_t came = 1;

    if (behavior == VM_BEHAVIOR_RANDOM)
        return came;
    if (behavior == VM_BEHAVIOR_RSEQNTL)
        step = 0 - step; /* below the first page the offset wraps beyond any size */
    while (came < most && vm_pager_read_ahead(object, offset + came * step))
        came++;
    return came;
}

/* What is there when the pager is done: somebody else may have had it filled, or taken it away. */
static enum vmm_status
vm_pager_take(struct vm_object *object, const struct vm_pager_ask *ask)
{
    struct vm_page *page = vm_page_lookup(object, ask->offset);
    enum vmm_status status;

    if (page == NULL)
        return VMM_OK;
    if (!ask->is_ahead || !page->busy)
        return vm_pager_finish(page);
    status = vm_pager_fill(page);
    if (status == VMM_MODEL_NO_MEMORY)
        vm_page_free(page);
    return status;
}

enum vmm_status
vm_pager_request(struct vm_object *object, const struct vm_pager_ask *ask)
{
    struct vm_system *system = object->system;
    struct vm_object *hold = object;
    struct vm_page *page;
    uint64_t pages = 1;
    enum vmm_status status = vm_page_alloc(object, ask->offset, &page);

    if (status != VMM_OK)
        return status;
    vm_page_hold(page);
    vm_object_reference(object);
    object->paging_in_progress++;
    trace_emit(&system->trace, EV_PAGE_ASK, .object = object->id, .va = ask->offset,
               .ppn = vm_page_ppn(page), .count = object->pager->turns);
    vm_pager_work(object, ask->offset, ask->may_yield);
    status = vm_pager_take(object, ask);
    if (status == VMM_OK) {
        system->counts.pageins++;
        pages = vm_pager_cluster(object, ask->offset, ask->behavior);
    }
    trace_emit(&system->trace, EV_PAGE_IN, .object = object->id, .va = ask->offset,
               .length = pages << system->page_shift, .status = status);
    object->paging_in_progress--;
    vm_object_release(&hold);
    return status;
}

/* ---- writing back ---- */

enum vmm_status
vm_pager_clean(struct vm_page *page, bool may_yield)
{
    struct vm_object *object = vm_page_object(page);
    vmm_off offset = vm_page_offset(page);
    uint8_t queue = page->queue;
    enum vmm_status status;

    if (!vm_page_is_dirty(page) || page->busy || page->laundry)
        return VMM_OK;
    vm_page_launder(page);
    object->paging_in_progress++;
    vm_pager_work(object, offset, may_yield);
    object->paging_in_progress--;
    page = vm_page_lookup(object, offset);
    if (page == NULL || page->busy || page->error)
        return VMM_OK; /* thrown away meanwhile, and asked for again */
    status = vm_pager_put(page);
    vm_page_end_laundry(page, (enum vm_page_queue)queue);
    if (status != VMM_OK) {
        page->is_dirty = true;
        return status;
    }
    object->system->counts.pageouts++;
    trace_emit(&object->system->trace, EV_PAGE_CLEAN, .object = object->id, .va = offset,
               .ppn = vm_page_ppn(page));
    return VMM_OK;
}
