/*
 * replay.c - see replay.h
 *
 * Each reference's page is looked up twice: here, in a small table of counts that also says whether the page is
 * mapped yet, and in the model's TLB. References collect until a page comes that was never used before, or
 * until something else happens than a reference; then they run in one go.
 */
#include <string.h>

#include "replay_internal.h"

#include "hw/hw_run.h"
#include "vm/vm_fault.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_user.h"

static const char *const way_names[REPLAY_WAYS] = { "lazy", "prefault", "wire" };

const char *
replay_way_name(enum replay_way way)
{
    return way_names[way];
}

/* ---- counts of pages ---- */

struct replay_page *
replay_find(const struct replay *replay, uint64_t key)
{
    uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> 20;

    for (;; at++) {
        struct replay_page *page = &replay->pages[at & (replay->room - 1)];

        if (page->key == key || page->key == 0)
            return page;
    }
}

static bool
replay_grow(struct replay *replay)
{
    struct replay_page *old = replay->pages;
    uint64_t old_room = replay->room;
    uint64_t room = old_room == 0 ? REPLAY_FIRST_ROOM : old_room * 2;
    struct replay_page *grown = vmm_take_array(replay->options.alloc, room, sizeof *grown);

    if (grown == NULL)
        return false;
    memset(grown, 0, (size_t)room * sizeof *grown);
    replay->pages = grown;
    replay->room = room;
    for (uint64_t i = 0; i < old_room; i++) {
        if (old[i].key != 0)
            *replay_find(replay, old[i].key) = old[i];
    }
    vmm_give_array(replay->options.alloc, old, old_room, sizeof *old);
    return true;
}

bool
replay_count(struct replay *replay, uint64_t key, uint64_t count, bool *is_new)
{
    struct replay_page *page;

    if (replay->result.pages * 2 >= replay->room && !replay_grow(replay)) {
        replay->result.is_short = true;
        return false;
    }
    page = replay_find(replay, key);
    *is_new = page->key == 0;
    replay->result.pages += *is_new;
    page->key = key;
    page->count += count;
    return true;
}

/* ---- the model ---- */

bool
replay_runs(const struct replay *replay)
{
    return !replay->result.is_short && vm_system_stop(replay->system)->kind == VM_RUNNING;
}

struct vm_task *
replay_task(const struct replay *replay)
{
    return replay->task[replay->space[replay->cpu]];
}

void
replay_flush(struct replay *replay)
{
    size_t at = 0;

    while (at < replay->word_count && replay_runs(replay)) {
        size_t done = 0;
        enum vmm_status status =
            vm_access_run(replay_task(replay), replay->words + at, replay->word_count - at, &done);

        at += done;
        replay->result.accesses += done;
        if (status == VMM_OK)
            continue;
        replay->result.refused++;
        at++;
    }
    replay->word_count = 0;
}

static void
replay_see_fault(struct trace_sink *sink, const struct trace_event *event)
{
    struct replay *replay = VMM_CONTAINER(sink, struct replay, faults);

    if (event->kind != EV_FAULT)
        return;
    if (event->status != VMM_OK)
        replay->result.failed_faults++;
    else if (event->detail < REPLAY_FAULT_KINDS)
        replay->result.faults[event->detail]++;
}

/* What the chosen way does with memory before it is used. */
static void
replay_prepare(struct replay *replay, vmm_va start, vmm_va end)
{
    struct vm_task *task = replay_task(replay);
    uint64_t page = (uint64_t)1 << replay->page_shift;

    if (replay->options.way == REPLAY_WIRE &&
        vm_map_wire(vm_task_map(task), start, end, VMM_PROT_DEFAULT, true) != VMM_OK)
        replay->result.refused_events++;
    if (replay->options.way != REPLAY_PREFAULT)
        return;
    for (vmm_va va = start; va < end; va += page) {
        const struct vm_access touch = {
            .task = task, .va = va, .length = 1, .kind = VM_ACCESS_WRITE, .only_translates = true
        };

        if (vm_access(replay->system, &touch, NULL) != VMM_OK)
            replay->result.refused_events++;
    }
}

static enum vmm_status
replay_enter(struct replay *replay, vmm_va start, vmm_size size, vmm_prot rights, uint32_t flags)
{
    const struct vm_map_enter_args args = { .size = size,
                                            .flags = VM_MAP_FIXED | flags,
                                            .protection = rights,
                                            .max_protection = VMM_PROT_ALL,
                                            .inheritance = VMM_INHERIT_COPY };
    enum vmm_status status = vm_map_enter(vm_task_map(replay_task(replay)), &start, &args);

    if (status == VMM_OK)
        replay_prepare(replay, start, start + size);
    return status;
}

void
replay_know(struct replay *replay, vmm_va va)
{
    uint64_t region = replay->options.region_bytes, page = (uint64_t)1 << replay->page_shift;
    vmm_va start = va & ~(region - 1);
    vmm_size size = region < replay->user_max - start ? region : replay->user_max - start;
    enum vmm_status status;

    replay_flush(replay);
    if (!replay_runs(replay))
        return;
    status = replay_enter(replay, start, size, VMM_PROT_ALL, 0);
    if (status == VMM_NO_SPACE)
        status = replay_enter(replay, va & ~(page - 1), page, VMM_PROT_ALL, 0);
    replay->result.regions += status == VMM_OK;
}

/* ---- references ---- */

/* The front holds another page, or none: its count moves to the table. */
static void
replay_miss(struct replay *replay, struct replay_page *front, uint64_t key, vmm_va va)
{
    bool is_new = false;

    if (front->key != 0)
        replay_count(replay, front->key, front->count, &is_new);
    if (!replay_count(replay, key, 0, &is_new))
        return;
    front->key = key;
    front->count = 0;
    if (is_new)
        replay_know(replay, va);
}

/* The page's count, and the page known. */
static inline struct replay_page *
replay_front(struct replay *replay, vmm_va va)
{
    uint64_t key = replay_key(replay, va);
    struct replay_page *front = &replay->front[(va >> replay->page_shift) % REPLAY_FRONT];

    if (front->key != key)
        replay_miss(replay, front, key, va);
    return front;
}

void
replay_count_only(struct replay *replay, vmm_va va)
{
    replay_front(replay, va)->count++;
}

static inline void
replay_touch(struct replay *replay, vmm_va va, uint64_t kind)
{
    replay_front(replay, va)->count++;
    replay->words[replay->word_count++] = (va & ~(uint64_t)HW_REFERENCE_KIND) | kind;
}

/* Its pages. One that no program has is counted and left out. */
static inline void
replay_reference(struct replay *replay, vmm_va va, uint32_t how)
{
    vmm_va last = va + MEMTRACE_SIZE(how) - 1;
    uint64_t kind = replay_hw_kind(MEMTRACE_KIND(how));

    if (last >= replay->user_max || last < va) {
        replay->result.outside++;
        return;
    }
    replay_touch(replay, va, kind);
    while (va >> replay->page_shift != last >> replay->page_shift) {
        va = ((va >> replay->page_shift) + 1) << replay->page_shift;
        if (replay->word_count == REPLAY_WORDS)
            replay_flush(replay);
        replay_touch(replay, va, kind);
    }
    if (replay->word_count >= MEMTRACE_BATCH)
        replay_flush(replay);
}

/* A batch is whole when it is left, so that a kernel that stops does so in the same one, whatever was passed. */
bool
replay_references(void *context, const struct memtrace_batch *batch)
{
    struct replay *replay = context;

    for (size_t i = 0; i < batch->count && !replay->result.is_short; i++) {
        uint32_t how = batch->how[i];

        if (replay->visiting.is_passing && replay_passes(replay, batch->va[i], how))
            continue;
        replay->result.references[MEMTRACE_KIND(how)]++;
        replay_reference(replay, batch->va[i], how);
    }
    replay_note_between(replay, batch->count, 0);
    replay_flush(replay);
    return replay_runs(replay) || replay_is_visiting(replay);
}

/* ---- events ---- */

/* Programs of other systems lie where a Mac's page zero is, so it goes. */
static enum vmm_status
replay_new_task(struct replay *replay, uint32_t space)
{
    enum vmm_status status = vm_task_create(replay->system, &replay->task[space]);
    struct vm_map *map;

    if (status != VMM_OK)
        return status;
    map = vm_task_map(replay->task[space]);
    return vm_map_remove(map, vm_map_min(map), REPLAY_PAGE_ZERO, 0);
}

static enum vmm_status
replay_fork(struct replay *replay, uint32_t child)
{
    if (replay->task[child] != NULL)
        return VMM_INVALID_ARGUMENT;
    return vm_task_fork(replay_task(replay), &replay->task[child]);
}

static enum vmm_status
replay_switch(struct replay *replay, uint32_t space)
{
    enum vmm_status status = VMM_OK;

    if (replay->task[space] == NULL)
        status = replay_new_task(replay, space);
    if (status == VMM_OK)
        replay->space[replay->cpu] = space;
    return status;
}

static enum vmm_status
replay_range(struct replay *replay, const struct memtrace_event *event)
{
    struct vm_map *map = vm_task_map(replay_task(replay));
    uint64_t page = (uint64_t)1 << replay->page_shift;
    vmm_va start = event->va & ~(page - 1), last = event->va + (event->length - 1);
    vmm_va end;

    if (last >= replay->user_max)
        return VMM_INVALID_ADDRESS;
    end = (last | (page - 1)) + 1;
    switch (event->verb) {
    case MEMTRACE_MAP:
        return replay_enter(replay, start, end - start, event->value, VM_MAP_OVERWRITE);
    case MEMTRACE_UNMAP:
        return vm_deallocate(map, start, end - start);
    case MEMTRACE_PROTECT:
        return vm_protect(map, start, end - start, false, event->value);
    case MEMTRACE_WIRE:
        return vm_map_wire(map, start, end, VMM_PROT_READ, true);
    case MEMTRACE_UNWIRE:
        return vm_map_unwire(map, start, end, true);
    default:
        return vm_behavior_set(map, start, end - start, event->value);
    }
}

bool
replay_event(void *context, const struct memtrace_event *event)
{
    struct replay *replay = context;
    enum vmm_status status = VMM_OK;

    if (replay_passes_event(replay)) /* the last that was made may have stopped the kernel */
        return replay_runs(replay) || replay_is_visiting(replay);
    replay_flush(replay);
    if (!replay_runs(replay))
        return replay_is_visiting(replay);
    replay_note_between(replay, 0, 1);
    replay->result.events++;
    switch (event->verb) {
    case MEMTRACE_CPU:
        replay->cpu = event->value % replay->options.cpus;
        vm_system_set_cpu(replay->system, replay->cpu);
        break;
    case MEMTRACE_SPACE:
        status = replay_switch(replay, event->value);
        break;
    case MEMTRACE_FORK:
        status = replay_fork(replay, event->value);
        break;
    default:
        status = replay_range(replay, event);
    }
    replay->result.refused_events += status != VMM_OK;
    return replay_runs(replay) || replay_is_visiting(replay);
}

/* ---- the whole ---- */

/* Whether pages of different classes (memtrace_slots) never meet in a set of the first level. */
static bool
replay_keeps_classes(const struct hw_geometry *geometry)
{
    uint32_t shift = geometry->page_shift - MEMTRACE_PAGE_SHIFT;

    return shift <= 2 && geometry->l1i.sets > 0 && geometry->l1i.sets % (16u >> shift) == 0 &&
           geometry->l1.sets % (16u >> shift) == 0;
}

static bool
replay_start(struct replay *replay, struct vmm_text *why)
{
    const struct replay_options *options = &replay->options;
    uint64_t frames = options->ram_bytes >> options->geometry.page_shift;
    struct vm_profile profile;

    vm_profile_at(options->profile, &profile);
    if (options->page_flush_limit > 0)
        profile.page_flush_limit = options->page_flush_limit;
    replay->system = vm_system_create(&(struct vm_config){ .alloc = options->alloc,
                                                           .profile = &profile,
                                                           .geometry = &options->geometry,
                                                           .cpu_count = options->cpus,
                                                           .frame_count = (vmm_ppn)frames,
                                                           .store_pages = frames });
    if (replay->system == NULL || replay_new_task(replay, 0) != VMM_OK || !replay_grow(replay)) {
        vmm_text_put(why, "there is no memory for this machine");
        return false;
    }
    replay->user_max = vm_map_max(vm_task_map(replay->task[0]));
    replay->page_shift = options->geometry.page_shift;
    replay->takes_visits = replay_keeps_classes(&options->geometry);
    cost_init(&replay->cost, hw_page_bytes(&options->geometry));
    replay->faults.see = replay_see_fault;
    trace_attach(vm_system_trace(replay->system), &replay->cost.sink);
    trace_attach(vm_system_trace(replay->system), &replay->faults);
    return true;
}

struct replay *
replay_create(const struct replay_options *options, struct vmm_text *why)
{
    struct replay *replay = vmm_take_array(options->alloc, 1, sizeof *replay);

    if (replay == NULL) {
        vmm_text_put(why, "memory ran out");
        return NULL;
    }
    memset(replay, 0, sizeof *replay);
    replay->options = *options;
    if (replay->options.region_bytes < hw_page_bytes(&options->geometry))
        replay->options.region_bytes = hw_page_bytes(&options->geometry);
    if (replay_start(replay, why))
        return replay;
    replay_destroy(replay);
    return NULL;
}

void
replay_destroy(struct replay *replay)
{
    const struct vmm_alloc *alloc = replay->options.alloc;

    vmm_give_array(alloc, replay->pages, replay->room, sizeof *replay->pages);
    if (replay->system != NULL)
        vm_system_destroy(replay->system);
    vmm_give_array(alloc, replay, 1, sizeof *replay);
}

/* The most used pages, by insertion: there are few places. */
static void
replay_find_hot(struct replay *replay)
{
    struct replay_result *result = &replay->result;

    result->hot_count = 0;
    for (uint64_t i = 0; i < replay->room; i++) {
        struct replay_page page = replay->pages[i];
        size_t at = result->hot_count;

        if (page.key == 0 || page.count == 0)
            continue;
        while (at > 0 &&
               (result->hot[at - 1].count < page.count ||
                (result->hot[at - 1].count == page.count && result->hot[at - 1].key > page.key))) {
            if (at < REPLAY_HOT)
                result->hot[at] = result->hot[at - 1];
            at--;
        }
        if (at < REPLAY_HOT) {
            result->hot[at] = page;
            result->hot_count += result->hot_count < REPLAY_HOT;
        }
    }
}

void
replay_result(struct replay *replay, struct replay_result *result)
{
    const struct trace *trace = vm_system_trace(replay->system);
    struct vm_statistics statistics;
    bool is_new;

    replay_flush(replay);
    for (size_t i = 0; i < REPLAY_FRONT; i++) {
        if (replay->front[i].key != 0)
            replay_count(replay, replay->front[i].key, replay->front[i].count, &is_new);
        replay->front[i] = (struct replay_page){ 0 };
    }
    replay_find_hot(replay);
    vm_system_access_counts(replay->system, &replay->result.tlb);
    replay->result.tlb.l1_hits += replay->stays;
    vm_system_statistics(replay->system, &statistics);
    replay->result.resident_pages =
        statistics.active_pages + statistics.inactive_pages + statistics.wire_pages;
    replay->result.wired_pages = statistics.wire_pages;
    replay->result.flushes = trace->counters[EV_TLB_FLUSH];
    replay->result.shootdowns = trace->counters[EV_TLB_SHOOTDOWN];
    replay->result.zero_fills = trace->counters[EV_PAGE_ZERO_FILL];
    replay->result.cost = replay->cost.sum;
    replay->result.cost.quantity[COST_tlb_l2_hit] += replay->result.tlb.l2_hits;
    replay->result.cost.quantity[COST_walk_read] += replay->result.tlb.walk_reads;
    replay->result.stop = vm_system_stop(replay->system);
    *result = replay->result;
}
