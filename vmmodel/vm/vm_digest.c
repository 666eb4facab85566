/*
 * vm_digest.c - see vm_digest.h
 *
 * An object is what it holds, so it has no number here, and neither has a submap: two entries that
 * name equal ones differ from two that share one by its references.
 */
#include "vm/vm_digest.h"

#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"
#include "vm/vm_store.h"

enum { VM_DIGEST_BYTES = 512, VM_DIGEST_DEPTH = 16 };

static uint64_t
vm_digest_frame(const struct vm_system *system, vmm_ppn ppn, uint64_t digest)
{
    uint8_t bytes[VM_DIGEST_BYTES];

    for (uint32_t at = 0; at < system->page_bytes; at += VM_DIGEST_BYTES) {
        hw_frame_read(&system->machine->frames, ppn, at, bytes, VM_DIGEST_BYTES);
        digest = vm_digest_bytes(bytes, VM_DIGEST_BYTES, digest);
    }
    return digest;
}

/* A page that the store has. */
static uint64_t
vm_digest_slot(const struct vm_system *system, uint64_t index, uint32_t slot, uint64_t digest)
{
    const uint8_t *bytes = vm_store_bytes(system, &system->store, slot);

    digest = vm_digest_mix(digest, ~index);
    return bytes == NULL ? digest : vm_digest_bytes(bytes, system->page_bytes, digest);
}

static uint64_t
vm_digest_page(const struct vm_system *system, const struct vm_page *page, uint64_t digest)
{
    digest = vm_digest_mix(digest, vm_page_offset(page));
    digest = vm_digest_mix(digest, (uint64_t)vm_page_wire_count(page) << 48 |
                                       (uint64_t)vm_page_odd_wires(page, VM_WIRES_LOST) << 32 |
                                       (uint64_t)vm_page_odd_wires(page, VM_WIRES_MISSING) << 16 |
                                       vm_page_odd_wires(page, VM_WIRES_AT_RISK));
    digest = vm_digest_mix(digest,
                           (uint64_t)page->queue << 9 | (uint64_t)page->laundry << 8 |
                               (uint64_t)page->error << 7 | (uint64_t)page->is_dirty << 6 |
                               (uint64_t)page->pmapped << 5 | (uint64_t)page->wpmapped << 4 |
                               (uint64_t)page->is_reusable << 3 | (uint64_t)page->is_absent << 2 |
                               (uint64_t)page->busy << 1 | page->clustered);
    return vm_digest_frame(system, vm_page_ppn(page), digest);
}

/* What an object is, besides its contents. */
static uint64_t
vm_digest_object_itself(const struct vm_object *object, uint64_t digest)
{
    digest = vm_digest_mix(digest, object->size);
    digest = vm_digest_mix(digest, object->volatile_state);
    return vm_digest_mix(
        digest, (uint64_t)object->ref_count << 32 | (uint64_t)object->copy_strategy << 8 |
                    (uint64_t)object->guard_first << 7 | (uint64_t)object->guard_last << 6 |
                    (uint64_t)object->purgable << 4 | (uint64_t)object->blocked_access << 3 |
                    (uint64_t)object->shadow_severed << 2 | (uint64_t)(object->copy != NULL) << 1 |
                    object->true_share);
}

/* The object and what lies below it. */
static uint64_t
vm_digest_object(const struct vm_object *object, uint64_t digest)
{
    for (uint32_t depth = 0; object != NULL && depth < VM_DIGEST_DEPTH; depth++) {
        uint64_t index = 0;
        uint32_t value;

        digest = vm_digest_object_itself(object, digest);
        for (; vmm_radix_next(&object->pages, &index, &value); index++)
            digest = vm_digest_page(object->system, vm_page_at(object->system, value), digest);
        for (index = 0; vmm_radix_next(&object->paged_out, &index, &value); index++)
            digest = vm_digest_slot(object->system, index, value, digest);
        if (object->pager != NULL)
            digest = vm_pager_digest(object, digest);
        digest = vm_digest_mix(digest, object->shadow_offset);
        object = object->shadow;
    }
    return digest;
}

static uint64_t vm_digest_map(const struct vm_map *map);

/* A submap is what it holds, like an object. */
static uint64_t
vm_digest_submap(const struct vm_map *submap, uint64_t digest)
{
    return vm_digest_mix(vm_digest_mix(digest, submap->ref_count), vm_digest_map(submap));
}

static uint64_t
vm_digest_entry(const struct vm_map_entry *entry, uint64_t digest)
{
    digest = vm_digest_mix(digest, entry->start);
    digest = vm_digest_mix(digest, entry->end);
    digest = vm_digest_mix(digest, entry->offset);
    digest = vm_digest_mix(
        digest, (uint64_t)entry->protection << 40 | (uint64_t)entry->max_protection << 32 |
                    (uint64_t)entry->inheritance << 24 | (uint64_t)entry->behavior << 16 |
                    (uint64_t)entry->no_cache << 8 | (uint64_t)entry->zero_wired_pages << 7 |
                    (uint64_t)entry->use_pmap << 6 | (uint64_t)entry->is_shared << 5 |
                    (uint64_t)entry->needs_copy << 4 | (uint64_t)entry->in_transition << 3 |
                    (uint64_t)entry->needs_wakeup << 2 | (uint64_t)entry->is_prefaulted << 1 |
                    entry->permanent);
    digest = vm_digest_mix(digest, (uint64_t)entry->wired_count << 16 | entry->user_wired_count);
    return entry->submap != NULL ? vm_digest_submap(entry->submap, digest)
                                 : vm_digest_object(entry->object, digest);
}

struct vm_digest_fold {
    const struct vm_system *system;
    uint64_t value;
};

static void
vm_digest_see(void *context, vmm_va va, const struct pmap_translation *found)
{
    struct vm_digest_fold *fold = context;
    const struct vm_page *page =
        found->ppn <= fold->system->frame_count ? vm_page_at(fold->system, found->ppn) : NULL;
    uint64_t digest = vm_digest_mix(fold->value, va);

    digest = vm_digest_mix(digest, (uint64_t)found->part << 32 | (uint64_t)found->prot << 1 |
                                       found->is_wired);
    if (page != NULL && vm_page_object(page) != NULL) {
        digest = vm_digest_mix(digest, vm_page_offset(page));
        digest = vm_digest_mix(digest, (uint64_t)vm_page_object(page)->ref_count << 32 |
                                           vm_page_wire_count(page));
    }
    fold->value = digest;
}

/* What a map is, besides its entries. */
static uint64_t
vm_digest_map_itself(const struct vm_map *map)
{
    bool is_throttled = map->task != NULL && map->task->is_throttled;
    uint64_t digest = vm_digest_mix(map->size, map->user_wire_size);

    digest = vm_digest_mix(digest, map->user_wire_limit);
    return vm_digest_mix(
        digest, (uint64_t)is_throttled << 6 | (uint64_t)map->wait_for_space << 5 |
                    (uint64_t)map->no_zero_fill << 4 | (uint64_t)map->wiring_required << 3 |
                    (uint64_t)map->disable_vmentry_reuse << 2 |
                    (uint64_t)map->jit_entry_exists << 1 | map->enforces_code_signing);
}

static uint64_t
vm_digest_map(const struct vm_map *map)
{
    struct vm_digest_fold fold = { map->system, vm_digest_map_itself(map) };

    for (const struct vm_map_entry *entry = vm_map_first(map); entry != NULL;
         entry = vm_map_next(map, entry))
        fold.value = vm_digest_entry(entry, fold.value);
    if (vm_map_is_small(map))
        fold.value = vm_digest_mix(fold.value, map->page_shift);
    if (map->pmap != NULL && map->owns_pmap)
        pmap_each(map->pmap, map->min, map->max, vm_digest_see, &fold);
    return fold.value;
}

/* What a TLB remembers, as a set: recency decides nothing until a set is full. */
static void
vm_digest_see_tlb(void *context, uint64_t vpn, uint32_t asid, uint64_t pte)
{
    uint64_t *sum = context;

    *sum += vm_digest_mix(vm_digest_mix(vpn, asid != 0), pte & (HW_PTE_WRITE | HW_PTE_MOD));
}

/* Whose user space a CPU has: somebody's, where tasks may be swapped. */
static uint64_t
vm_digest_loaded(const struct vm_task *task, uint32_t flags)
{
    if (task == NULL)
        return 0;
    return flags & VM_DIGEST_SYMMETRIC ? 1 : task->id;
}

static uint64_t
vm_digest_cpu(const struct vm_system *system, uint32_t id, uint32_t flags)
{
    const struct vm_cpu_context *context = &system->contexts[id];
    const struct hw_cpu *cpu = &system->machine->cpus[id];
    uint64_t digest = vm_digest_mix(context->depth, context->preemption_level);
    uint64_t tlb = 0;

    hw_tlb_each(&cpu->tlb, vm_digest_see_tlb, &tlb);
    digest = vm_digest_mix(digest, tlb);
    digest = vm_digest_mix(digest, (uint64_t)cpu->mode << 48 |
                                       (uint64_t)pmap_cpu_owes(system->pmaps, id) << 3 |
                                       (uint64_t)(system->cpu == id) << 1);
    digest = vm_digest_mix(digest, vm_digest_loaded(system->cpu_tasks[id], flags));
    for (uint32_t i = 0; i < context->depth; i++)
        digest = vm_digest_mix(digest, context->stack[i]);
    return digest;
}

/* Adds a part: in order, or so that the order of equals does not count. */
static uint64_t
vm_digest_add(uint64_t digest, uint64_t part, uint64_t number, uint32_t flags)
{
    if (flags & VM_DIGEST_SYMMETRIC)
        return digest + vm_digest_mix(part, UINT64_C(0xA5A5A5A5));
    return vm_digest_mix(vm_digest_mix(digest, number), part);
}

uint64_t
vm_system_digest(const struct vm_system *system, uint32_t flags)
{
    uint64_t digest = vm_digest_mix(system->stop.kind, system->stop.reason);

    digest = vm_digest_mix(digest, system->driver_lock.depth);
    digest = vm_digest_mix(digest, system->store.fails);
    digest = vm_digest_mix(digest, system->machine->frames.free_count);
    for (const struct vmm_list *at = system->maps.next; at != &system->maps; at = at->next) {
        const struct vm_map *map = VMM_CONTAINER(at, struct vm_map, link);
        bool is_kernel = map == system->kernel_map;

        digest =
            vm_digest_add(digest, vm_digest_mix(vm_digest_map(map), is_kernel), map->space, flags);
    }
    for (uint32_t cpu = 0; cpu < system->machine->cpu_count; cpu++)
        digest = vm_digest_add(digest, vm_digest_cpu(system, cpu, flags), cpu, flags);
    return digest;
}
