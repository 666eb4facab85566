/* vm_system.c - see vm_system.h */
#include "vm/vm_system.h"

#include "vm/vm_device.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_pager.h"
#include "vm/vm_store.h"

/* ---- birth and death ---- */

static void
vm_system_init_zones(struct vm_system *system)
{
    vmm_zone_init(&system->entry_zone, system->alloc, sizeof(struct vm_map_entry));
    vmm_zone_init(&system->index_zone, system->alloc, sizeof(struct vmm_index_node));
    vmm_zone_init(&system->object_zone, system->alloc, sizeof(struct vm_object));
    vmm_radix_store_init(&system->radix_store, system->alloc);
    vmm_zone_init(&system->map_zone, system->alloc, sizeof(struct vm_map));
    vmm_zone_init(&system->task_zone, system->alloc, sizeof(struct vm_task));
    vmm_list_init(&system->objects);
    vmm_list_init(&system->maps);
    vmm_list_init(&system->tasks);
}

/* What the release does on the pmap floor, which knows no releases. */
static void
vm_system_set_pmap_behavior(struct vm_system *system)
{
    const struct vm_profile *profile = &system->profile;

    pmap_set_behavior(system->pmaps,
                      &(struct pmap_behavior){
                          .wired_statistic_drifts = profile->wired_statistic_drifts &&
                                                    !system->machine->geometry->has_software_refmod,
                          .flushes_remote_globally = profile->remote_flush_is_global,
                          .has_two_views = profile->has_two_views,
                          .page_flush_limit = profile->page_flush_limit });
}

/* One more than the frames take, so that there is an aligned place for them in any memory. */
static size_t
vm_system_page_chunks(const struct vm_system *system)
{
    return system->frame_count / VM_PAGE_CHUNK + 2;
}

static bool
vm_system_make_pages(struct vm_system *system)
{
    size_t chunks = vm_system_page_chunks(system);
    uintptr_t aligned;

    system->page_memory = vmm_take_array(system->alloc, chunks, VM_PAGE_CHUNK_BYTES);
    if (system->page_memory == NULL)
        return false;
    aligned = ((uintptr_t)system->page_memory + VM_PAGE_CHUNK_BYTES - 1) &
              ~(uintptr_t)(VM_PAGE_CHUNK_BYTES - 1);
    system->page_chunks = (struct vm_page_chunk *)aligned;
    for (size_t i = 0; i + 1 < chunks; i++) {
        system->page_chunks[i].system = system;
        system->page_chunks[i].first = (vmm_ppn)(i * VM_PAGE_CHUNK);
    }
    for (int kind = 0; kind < VM_ODD_WIRES; kind++)
        vmm_radix_init_stored(&system->odd_wires[kind], &system->radix_store);
    return true;
}

/* The machine, the pmap floor and the kernel's own task. */
static bool
vm_system_start(struct vm_system *system, const struct vm_config *config)
{
    system->machine =
        hw_machine_create(config->alloc, config->geometry, config->cpu_count, config->frame_count);
    if (system->machine == NULL ||
        (config->ram != NULL && !hw_frames_back(&system->machine->frames, config->ram)))
        return false;
    system->pmaps = pmap_system_create(config->alloc, system->machine, &system->trace);
    if (system->pmaps == NULL)
        return false;
    vm_system_set_pmap_behavior(system);
    pmap_system_watch(system->pmaps, config->watch);
    if (!vm_system_make_pages(system) || vm_task_create(system, &system->kernel_task) != VMM_OK)
        return false;
    system->kernel_map = system->kernel_task->map;
    return true;
}

struct vm_system *
vm_system_create(const struct vm_config *config)
{
    struct vm_system *system;

    if (config->cpu_count < 1 || config->cpu_count > HW_MAX_CPUS ||
        config->frame_count < VM_MIN_FRAMES)
        return NULL;
    system = vmm_take_array(config->alloc, 1, sizeof(*system));
    if (system == NULL)
        return NULL;
    system->alloc = config->alloc;
    system->profile = *config->profile;
    system->sched = config->sched;
    system->kernel_asserts = config->kernel_asserts;
    system->evicts_on_entry = config->evicts_on_entry;
    system->store.limit = config->store_pages;
    system->page_shift = config->geometry->page_shift;
    system->page_bytes = hw_page_bytes(config->geometry);
    system->frame_count = config->frame_count;
    system->next_object_id = 1;
    system->next_id = 1;
    trace_init(&system->trace);
    vm_system_init_zones(system);
    if (!vm_system_start(system, config)) {
        vm_system_destroy(system);
        return NULL;
    }
    return system;
}

/* What an object keeps outside the zones. */
static void
vm_system_end_object(struct vm_object *object)
{
    vm_device_free(object);
    vm_pager_free(object);
}

/*
 * Nothing of the kernel's manners applies here: wired, hung or panicked, everything goes. All
 * storage hangs off the zones, the pmap floor and the machine, but for what
 * the objects of devices and files keep.
 */
void
vm_system_destroy(struct vm_system *system)
{
    const struct vmm_alloc *alloc = system->alloc;

    for (struct vmm_list *at = system->objects.next; at != &system->objects; at = at->next)
        vm_system_end_object(VMM_CONTAINER(at, struct vm_object, link));
    if (system->pmaps != NULL)
        pmap_system_destroy(system->pmaps);
    vm_store_destroy(system, &system->store);
    vmm_give_array(alloc, system->page_memory, vm_system_page_chunks(system), VM_PAGE_CHUNK_BYTES);
    if (system->machine != NULL)
        hw_machine_destroy(system->machine);
    vmm_zone_destroy(&system->entry_zone);
    vmm_zone_destroy(&system->index_zone);
    vmm_zone_destroy(&system->object_zone);
    vmm_radix_store_destroy(&system->radix_store);
    vmm_zone_destroy(&system->map_zone);
    vmm_zone_destroy(&system->task_zone);
    vmm_give_array(alloc, system, 1, sizeof(*system));
}

/* ---- small answers ---- */

struct trace *
vm_system_trace(struct vm_system *system)
{
    return &system->trace;
}

const struct vm_profile *
vm_system_profile(const struct vm_system *system)
{
    return &system->profile;
}

vmm_size
vm_system_page_bytes(const struct vm_system *system)
{
    return system->page_bytes;
}

vmm_ppn
vm_system_frame_count(const struct vm_system *system)
{
    return system->frame_count;
}

uint32_t
vm_system_cpu_count(const struct vm_system *system)
{
    return system->machine->cpu_count;
}

bool
vm_system_kernel_asserts(const struct vm_system *system)
{
    return system->kernel_asserts;
}

void
vm_system_set_cpu(struct vm_system *system, uint32_t cpu)
{
    VMM_ASSERT(cpu < system->machine->cpu_count);
    system->cpu = cpu;
    system->trace.cpu = cpu;
    pmap_cpu_mode(system->pmaps, cpu, HW_CPU_KERNEL);
}

uint32_t
vm_system_next_id(struct vm_system *system)
{
    return system->next_id++;
}

const struct vmm_alloc *
vm_system_alloc(const struct vm_system *system)
{
    return system->alloc;
}

void
vm_system_set_sched(struct vm_system *system, struct vm_sched *sched)
{
    system->sched = sched;
}

void
vm_system_set_injector(struct vm_system *system, struct vmm_injector *injector)
{
    system->machine->frames.injector = injector;
}

bool
vm_system_call_fails(const struct vm_system *system, enum vmm_call call)
{
    return vmm_call_fails(system->machine->frames.injector, call);
}

void
vm_system_watch_tlbs(struct vm_system *system, bool watches)
{
    system->watches_tlbs = watches;
}

struct vm_lock *
vm_system_driver_lock(struct vm_system *system)
{
    return &system->driver_lock;
}

const struct vm_stop *
vm_system_stop(const struct vm_system *system)
{
    return &system->stop;
}

static uint64_t
vm_system_volatile_pages(const struct vm_system *system)
{
    uint64_t pages = 0;

    for (const struct vmm_list *at = system->objects.next;
         system->last_volatile > 0 && at != &system->objects; at = at->next) {
        const struct vm_object *object = VMM_CONTAINER(at, struct vm_object, link);

        pages += object->purgable == VM_PURGABLE_VOLATILE ? object->pages.count : 0;
    }
    return pages;
}

void
vm_system_statistics(const struct vm_system *system, struct vm_statistics *statistics)
{
    const struct hw_frames *frames = &system->machine->frames;

    *statistics = system->counts;
    statistics->wire_pages = system->wired_pages + pmap_table_pages(system->pmaps); /* I11 */
    statistics->speculative_pages = system->queues[VM_PAGE_SPECULATIVE].count;
    statistics->free_pages = frames->free_count + statistics->speculative_pages;
    statistics->active_pages = system->queues[VM_PAGE_ACTIVE].count;
    statistics->inactive_pages = system->queues[VM_PAGE_INACTIVE].count;
    statistics->stored_pages = system->store.used;
    statistics->external_pages = system->external_pages;
    statistics->internal_pages = statistics->active_pages + statistics->inactive_pages +
                                 statistics->speculative_pages - system->external_pages;
    statistics->purgeable_pages = vm_system_volatile_pages(system);
}

void
vm_system_access_counts(const struct vm_system *system, struct vm_access_counts *counts)
{
    *counts = (struct vm_access_counts){ .walks = 0 };
    for (uint32_t id = 0; id < system->machine->cpu_count; id++) {
        const struct hw_cpu *cpu = &system->machine->cpus[id];

        counts->l1_hits += cpu->tlb.l1_hits;
        counts->l2_hits += cpu->tlb.l2_hits;
        counts->walks += cpu->walks;
        counts->walk_reads += cpu->walk_reads;
    }
}
