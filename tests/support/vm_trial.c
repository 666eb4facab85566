/*
 * vm_trial.c - see vm_trial.h
 */
#include "vm_trial.h"

#include <string.h>

#include "vm/vm_access.h"
#include "vm/vm_map.h"
#include "vm/vm_map_behavior.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_task.h"
#include "vm/vm_user.h"
#include "vm_story.h"
#include "vm_trial_internal.h"

/* What vm_purgable_control() takes and gives. */
enum {
    VM_PURGABLE_NONVOLATILE_STATE,
    VM_PURGABLE_VOLATILE_STATE,
    VM_PURGABLE_EMPTY_STATE,
};

bool
vm_trial_is_alive(const struct vm_trial *run, unsigned task)
{
    return run->plain.tasks[task].is_alive;
}

static bool
is_alive(const struct vm_trial *run, unsigned task)
{
    return vm_trial_is_alive(run, task);
}

static struct plain_range
range_of(const struct vm_operation *op)
{
    return (struct plain_range){ op->task, op->first, op->count };
}

/* ---- tasks ---- */

static void
do_task(struct vm_trial *run, const struct vm_operation *op)
{
    struct vm_task **made = &run->tasks[op->task];

    vm_trial_same_result(run, VMM_OK,
                         run->setting.is_small ? vm_task_create_small(run->system, made)
                                               : vm_task_create(run->system, made));
    plain_create(&run->plain, op->task);
}

static void
do_fork(struct vm_trial *run, const struct vm_operation *op)
{
    vm_trial_same_result(run, VMM_OK, vm_task_fork(run->tasks[op->task], &run->tasks[op->other]));
    plain_fork(&run->plain, op->task, op->other);
}

/* A task with kernel wires cannot end (vm.md 3.6). */
static void
do_terminate(struct vm_trial *run, const struct vm_operation *op)
{
    struct plain_range all = { op->task, 0, PAGES };

    if (!is_alive(run, op->task) || plain_has_kernel_wire(&run->plain, all))
        return;
    vm_trial_same_result(run, VMM_OK, vm_task_terminate(run->tasks[op->task]));
    plain_terminate(&run->plain, op->task);
    run->tasks[op->task] = NULL;
}

/* ---- entries ---- */

static void
do_allocate(struct vm_trial *run, const struct vm_operation *op)
{
    vmm_va address = vm_trial_va(op->first);
    uint32_t flags = op->flag ? VM_MAP_OVERWRITE : VM_MAP_FIXED;

    if (op->copies)
        flags |= VM_MAP_PURGABLE;
    vm_trial_same_result(
        run, plain_allocate(&run->plain, range_of(op), op->flag),
        vm_allocate(vm_trial_map(run, op->task), &address, (vmm_size)op->count * PAGE, flags));
}

static void
do_deallocate(struct vm_trial *run, const struct vm_operation *op)
{
    plain_deallocate(&run->plain, range_of(op));
    vm_trial_same_result(run, VMM_OK,
                         vm_deallocate(vm_trial_map(run, op->task), vm_trial_va(op->first),
                                       (vmm_size)op->count * PAGE));
}

static void
do_protect(struct vm_trial *run, const struct vm_operation *op)
{
    vm_trial_same_result(run, plain_protect(&run->plain, range_of(op), op->flag, op->prot),
                         vm_protect(vm_trial_map(run, op->task), vm_trial_va(op->first),
                                    (vmm_size)op->count * PAGE, op->flag, op->prot));
}

static void
do_inherit(struct vm_trial *run, const struct vm_operation *op)
{
    plain_inherit(&run->plain, range_of(op), op->value);
    vm_trial_same_result(run, VMM_OK,
                         vm_inherit(vm_trial_map(run, op->task), vm_trial_va(op->first),
                                    (vmm_size)op->count * PAGE, op->value));
}

/* ---- bytes ---- */

static void
do_load(struct vm_trial *run, const struct vm_operation *op)
{
    vm_trial_check_load(run, op->task, op->first);
}

static void
do_store(struct vm_trial *run, const struct vm_operation *op)
{
    enum vmm_status status = vm_trial_access_result(run, op->task, op->first, VMM_PROT_WRITE);

    if (status == VMM_OK)
        plain_store(&run->plain, op->task, op->first, op->value);
    vm_trial_same_result(
        run, status,
        vm_access(run->system,
                  &(struct vm_access){ .task = run->tasks[op->task],
                                       .va = vm_trial_va(op->first) + VM_TRIAL_BYTE_AT,
                                       .length = 1,
                                       .kind = VM_ACCESS_WRITE,
                                       .fill = op->value },
                  NULL));
}

static void
do_copy(struct vm_trial *run, const struct vm_operation *op)
{
    struct plain_range source = { op->other, op->source, op->count };
    vmm_size size = (vmm_size)op->count * PAGE - (op->flag ? PAGE / 2 : 0);
    struct vm_map *from = vm_trial_map(run, op->other);
    struct vm_map *to = vm_trial_map(run, op->task);
    vmm_va at = vm_trial_va(op->source);
    enum vmm_status found = from == to
                                ? vm_copy(from, at, size, vm_trial_va(op->first))
                                : vm_read_overwrite(from, at, size, to, vm_trial_va(op->first));

    vm_trial_same_result(run, plain_copy(&run->plain, source, size, op->task, op->first), found);
}

static void
do_remap(struct vm_trial *run, const struct vm_operation *op)
{
    struct plain_remap plain = { .source = { op->other, op->source, op->count },
                                 .task = op->task,
                                 .target = op->first,
                                 .copies = op->copies,
                                 .overwrites = op->flag,
                                 .inheritance = op->value };
    struct vm_remap_call call = { .size = (vmm_size)op->count * PAGE,
                                  .flags = op->flag ? VM_MAP_OVERWRITE : VM_MAP_FIXED,
                                  .source_map = vm_trial_map(run, op->other),
                                  .source = vm_trial_va(op->source),
                                  .copy = op->copies,
                                  .inheritance = op->value };
    vmm_prot expected[2] = { 0, 0 };
    vmm_prot found[2] = { 0, 0 };
    vmm_va address = vm_trial_va(op->first);

    vm_trial_same_result(
        run, plain_remap(&run->plain, &plain, &expected[0], &expected[1]),
        vm_remap(vm_trial_map(run, op->task), &address, &call, &found[0], &found[1]));
    vm_trial_same(run, "rights handed back", expected[0], found[0]);
    vm_trial_same(run, "maximum rights handed back", expected[1], found[1]);
}

/* ---- wires ---- */

/* Where the entries of a task end now; the plain model cannot know. */
static void
find_entries(const struct vm_trial *run, unsigned task, struct plain_entries *entries)
{
    vmm_va at = VM_TRIAL_WINDOW;
    struct vm_region region;

    memset(entries, 0, sizeof(*entries));
    while (vm_map_region(vm_trial_map(run, task), at, &region) &&
           region.start < vm_trial_va(PAGES)) {
        for (vmm_va va = region.start; va < region.end; va += PAGE)
            entries->ends[(va - VM_TRIAL_WINDOW) / PAGE] =
                (unsigned)((region.end - VM_TRIAL_WINDOW) / PAGE);
        at = region.end;
    }
}

/*
 * A kernel wire over a hole succeeds or panics when it is undone (vm.md T11), so none is tried where
 * a wired page stands in front of one.
 */
static bool
may_kernel_wire(const struct vm_trial *run, struct plain_range range)
{
    const struct plain_page *pages = &run->plain.tasks[range.task].pages[range.first];

    if (plain_is_all_mapped(&run->plain, range))
        return true;
    for (unsigned i = 0; i < range.count; i++) {
        if (plain_is_wired(&pages[i]))
            return false;
    }
    return true;
}

static void
do_wire(struct vm_trial *run, const struct vm_operation *op)
{
    bool user_wire = op->verb == USER_WIRE;
    struct plain_entries entries;
    enum vmm_status status;

    find_entries(run, op->task, &entries);
    status = plain_wire(&run->plain, range_of(op), op->prot, user_wire, &entries);
    vm_trial_same_result(run, status,
                         vm_map_wire(vm_trial_map(run, op->task), vm_trial_va(op->first),
                                     vm_trial_va(op->first + op->count), op->prot, user_wire));
    for (unsigned i = op->first; status == VMM_OK && i < op->first + op->count; i++)
        vm_trial_check_wired(run, op->task, i);
}

static void
do_unwire(struct vm_trial *run, const struct vm_operation *op)
{
    bool user_wire = op->verb == USER_UNWIRE;
    struct plain_entries entries;

    find_entries(run, op->task, &entries);
    vm_trial_same_result(run, plain_unwire(&run->plain, range_of(op), user_wire, &entries),
                         vm_map_unwire(vm_trial_map(run, op->task), vm_trial_va(op->first),
                                       vm_trial_va(op->first + op->count), user_wire));
}

/* ---- advice: changes no byte ---- */

static void
do_behavior(struct vm_trial *run, const struct vm_operation *op)
{
    bool is_whole = plain_is_all_mapped(&run->plain, range_of(op));
    enum vmm_status expected = is_whole ? VMM_OK : VMM_INVALID_ADDRESS;

    if (op->value == VM_BEHAVIOR_PAGEOUT && !run->plain.release.knows_pageout)
        expected = VMM_INVALID_ARGUMENT;
    vm_trial_same_result(run, expected,
                         vm_behavior_set(vm_trial_map(run, op->task), vm_trial_va(op->first),
                                         (vmm_size)op->count * PAGE, op->value));
}

static void
do_msync(struct vm_trial *run, const struct vm_operation *op)
{
    bool is_whole = plain_is_all_mapped(&run->plain, range_of(op));

    vm_trial_same_result(
        run, is_whole || !(op->value & VM_SYNC_CONTIGUOUS) ? VMM_OK : VMM_INVALID_ADDRESS,
        vm_msync(vm_trial_map(run, op->task), vm_trial_va(op->first), (vmm_size)op->count * PAGE,
                 op->value));
}

/* ---- pressure: changes no byte either ---- */

static void
do_page_out(struct vm_trial *run, const struct vm_operation *op)
{
    vm_trial_same_result(run, VMM_OK,
                         vm_map_page_out(vm_trial_map(run, op->task), vm_trial_va(op->first),
                                         vm_trial_va(op->first + op->count)));
}

static void
do_reclaim(struct vm_trial *run, const struct vm_operation *op)
{
    (void)vm_system_reclaim(run->system, op->count);
}

/*
 * For a moment the memory is volatile, and pressure comes by. Which entry is a whole purgable object
 * the plain model does not know; what was emptied is told by the state that comes back.
 */
static void
do_purgable(struct vm_trial *run, const struct vm_operation *op)
{
    const struct plain_page *page = &run->plain.tasks[op->task].pages[op->first];
    int state = VM_PURGABLE_VOLATILE_STATE;
    struct vm_region region;
    enum vmm_status status = vm_purgable_control(
        vm_trial_map(run, op->task), vm_trial_va(op->first), VM_PURGABLE_SET_STATE, &state);

    if (page->cell == NULL || !(page->prot & VMM_PROT_WRITE)) {
        vm_trial_same_result(run, page->cell == NULL ? VMM_INVALID_ADDRESS : VMM_PROTECTION_FAILURE,
                             status);
        return;
    }
    if (status != VMM_OK) {
        vm_trial_same_result(run, VMM_INVALID_ARGUMENT, status);
        return;
    }
    vm_story_pressure(run->story, op);
    if (op->flag)
        vm_trial_same_result(
            run, VMM_OK,
            vm_purgable_control(vm_trial_map(run, op->task), 0, VM_PURGABLE_PURGE_ALL, &state));
    else
        (void)vm_system_reclaim(run->system, op->count);
    state = VM_PURGABLE_NONVOLATILE_STATE;
    vm_trial_same_result(run, VMM_OK,
                         vm_purgable_control(vm_trial_map(run, op->task), vm_trial_va(op->first),
                                             VM_PURGABLE_SET_STATE, &state));
    (void)vm_map_region(vm_trial_map(run, op->task), vm_trial_va(op->first), &region);
    if (state == VM_PURGABLE_EMPTY_STATE)
        plain_empty(&run->plain, (struct plain_range){
                                     op->task, (unsigned)((region.start - VM_TRIAL_WINDOW) / PAGE),
                                     (unsigned)((region.end - region.start) / PAGE) });
    else
        vm_trial_same(run, "old state", VM_PURGABLE_VOLATILE_STATE, state);
}

/* ---- memory entries ---- */

static void
release_entry(struct vm_trial *run, unsigned entry)
{
    vm_memory_entry_release(&run->entries[entry]);
    plain_release_entry(&run->plain, entry);
}

static void
do_release_entry(struct vm_trial *run, const struct vm_operation *op)
{
    release_entry(run, op->entry);
}

static void
do_memory_entry(struct vm_trial *run, const struct vm_operation *op)
{
    vmm_size size = (vmm_size)op->count * PAGE;
    enum vmm_status status =
        vm_make_memory_entry(vm_trial_map(run, op->task), &size, vm_trial_va(op->first),
                             VMM_PROT_DEFAULT | (op->copies ? (uint32_t)VM_MEM_VM_COPY : 0u), NULL,
                             &run->entries[op->entry]);
    struct plain_range range = range_of(op);

    if (status == VMM_OK)
        range.count = (unsigned)(size / PAGE); /* a plain one covers one map entry */
    vm_trial_same_result(run, plain_memory_entry(&run->plain, range, op->entry, op->copies),
                         status);
}

static void
do_map_entry(struct vm_trial *run, const struct vm_operation *op)
{
    struct vm_map_call call = { .size = (vmm_size)op->count * PAGE,
                                .flags = op->flag ? VM_MAP_OVERWRITE : VM_MAP_FIXED,
                                .entry = run->entries[op->entry],
                                .offset = (vmm_off)op->source * PAGE,
                                .copy = op->copies,
                                .protection = VMM_PROT_DEFAULT,
                                .max_protection = VMM_PROT_ALL,
                                .inheritance = op->value };
    vmm_va address = vm_trial_va(op->first);
    struct plain_remap plain = { .task = op->task,
                                 .target = op->first,
                                 .source = { .first = op->source, .count = op->count },
                                 .copies = op->copies,
                                 .overwrites = op->flag,
                                 .inheritance = op->value,
                                 .max_prot = VMM_PROT_ALL };

    if (!vm_memory_entry_is_copy(call.entry))
        plain.max_prot = vm_memory_entry_prot(call.entry);
    vm_trial_same_result(run, plain_map_entry(&run->plain, op->entry, &plain),
                         vm_map_call(vm_trial_map(run, op->task), &address, &call));
}

/* ---- one operation ---- */

static void
look(struct vm_trial *run, const struct vm_operation *op)
{
    for (unsigned task = 0; task < TASKS; task++) {
        if (op->look[task] != NO_LOOK && is_alive(run, task))
            vm_trial_check_page(run, task, op->look[task]);
    }
    if (run->done % run->check_every == 0)
        vm_trial_check_system(run);
}

/* What makes no sense, or would stop the kernel, is not done. */
static bool
may_perform(const struct vm_trial *run, const struct vm_operation *op)
{
    struct plain_range range = range_of(op);

    if (op->verb == TASK)
        return !is_alive(run, op->task);
    if (op->verb == RECLAIM)
        return true;
    if (op->verb == RELEASE_ENTRY)
        return op->entry != 0 && run->entries[op->entry] != NULL;
    if (!is_alive(run, op->task))
        return false;
    switch (op->verb) {
    case FORK:
        return !is_alive(run, op->other);
    case TERMINATE: /* vm.md 3.6: it would wait for the kernel's wires */
        return !plain_has_kernel_wire(&run->plain, (struct plain_range){ op->task, 0, PAGES });
    case DEALLOCATE:
        return !plain_has_kernel_wire(&run->plain, range);
    case ALLOCATE:
        return !op->flag || !plain_has_kernel_wire(&run->plain, range);
    case REMAP:
        return is_alive(run, op->other) &&
               (!op->flag || !plain_has_kernel_wire(&run->plain, range));
    case MAP_ENTRY:
        return run->entries[op->entry] != NULL &&
               (!op->flag || !plain_has_kernel_wire(&run->plain, range));
    case COPY:
        return is_alive(run, op->other);
    case MEMORY_ENTRY:
        return op->entry != 0 && run->entries[op->entry] == NULL;
    case KERNEL_WIRE:
        return plain_wired_pages(&run->plain) + op->count <= run->wire_max &&
               may_kernel_wire(run, range);
    case USER_WIRE:
        return plain_wired_pages(&run->plain) + op->count <= run->wire_max;
    case KERNEL_UNWIRE: /* else a panic, vm.md T12 */
        return plain_has_kernel_wires(&run->plain, range);
    default:
        return true;
    }
}

/*
 * A handle on a copy is mapped as a copy: whether two mappings of it see each other depends on whether
 * the bytes were copied at once, which the plain model does not know.
 */
static struct vm_operation
what_it_does(const struct vm_trial *run, const struct vm_operation *op)
{
    struct vm_operation does = *op;

    if (op->verb == MAP_ENTRY)
        does.copies |= vm_memory_entry_is_copy(run->entries[op->entry]);
    return does;
}

void
vm_trial_perform(struct vm_trial *run, const struct vm_operation *op)
{
    static void (*const verbs[VERB_COUNT])(struct vm_trial *, const struct vm_operation *) = {
        [TASK] = do_task,
        [FORK] = do_fork,
        [TERMINATE] = do_terminate,
        [ALLOCATE] = do_allocate,
        [DEALLOCATE] = do_deallocate,
        [PROTECT] = do_protect,
        [INHERIT] = do_inherit,
        [LOAD] = do_load,
        [STORE] = do_store,
        [USER_WIRE] = do_wire,
        [USER_UNWIRE] = do_unwire,
        [KERNEL_WIRE] = do_wire,
        [KERNEL_UNWIRE] = do_unwire,
        [COPY] = do_copy,
        [REMAP] = do_remap,
        [BEHAVIOR] = do_behavior,
        [MSYNC] = do_msync,
        [PAGE_OUT] = do_page_out,
        [RECLAIM] = do_reclaim,
        [PURGABLE] = do_purgable,
        [MEMORY_ENTRY] = do_memory_entry,
        [MAP_ENTRY] = do_map_entry,
        [RELEASE_ENTRY] = do_release_entry,
        [PAGER_FAILS] = vm_trial_pager_fails,
    };

    run->done++;
    vm_system_set_cpu(run->system, op->cpu);
    vm_story_cpu(run->story, op->cpu);
    if (may_perform(run, op)) {
        struct vm_operation does = what_it_does(run, op);

        vm_story_operation(run->story, &does);
        verbs[op->verb](run, &does);
    }
    look(run, op);
}

/* ---- a round ---- */

void
vm_trial_start(struct vm_trial *run)
{
    const char *name = run->setting.profile;
    size_t row = 0;

    if (!vm_profile_find(name, strlen(name), &row))
        vm_trial_fail(run, "profile", 1, 0);
    vm_profile_at(row, &run->profile);
    memset(&run->plain, 0, sizeof(run->plain));
    memset(run->tasks, 0, sizeof(run->tasks));
    memset(run->entries, 0, sizeof(run->entries));
    run->plain.release = (struct plain_release){
        .unwire_skips_before_hole = run->profile.user_unwire_skips_before_hole,
        .copy_buffer_max = run->profile.copyin_buffer_max * (run->setting.is_small ? 4 : 1),
        .knows_pageout = run->profile.sanitizes_ranges,
    };
    /* Below every limit on user wires (vm.md 3.1), page tables and one window counted in. */
    run->wire_max = run->setting.frames * 7 / 10 - 20 - PAGES;
    run->done = 0;
    counting_alloc_init(&run->counting);
    run->system = vm_system_create(&(struct vm_config){
        .alloc = &run->counting.alloc,
        .profile = &run->profile,
        .geometry = run->setting.is_small ? &hw_geometry_arm64_16k : &hw_geometry_x86_64,
        .cpu_count = 2,
        .frame_count = run->setting.frames,
        .store_pages = 1 << 16 });
    if (run->system == NULL)
        vm_trial_fail(run, "system", 1, 0);
    if (run->digest != NULL)
        trace_attach(vm_system_trace(run->system), &run->digest->sink);
    vm_trial_same_result(run, VMM_OK,
                         vm_memory_entry_file(run->system, (vmm_size)PLAIN_FILE_PAGES * PAGE,
                                              VMM_PROT_ALL, &run->entries[0]));
    plain_make_file(&run->plain);
    vm_story_begin(run->story, &run->setting);
}

static void
same_statistic(struct vm_trial *run, const char *counter, uint64_t found)
{
    if (found != 0)
        vm_story_expect_none(run->story, counter);
    vm_trial_same(run, counter, 0, (int64_t)found);
}

void
vm_trial_finish(struct vm_trial *run)
{
    struct vm_statistics left;

    for (unsigned task = 0; task < TASKS; task++) {
        for (unsigned i = 0; i < PAGES && is_alive(run, task); i++) {
            vm_trial_check_page(run, task, i);
            for (unsigned n = run->plain.tasks[task].pages[i].kernel_wires; n > 0; n--) {
                struct vm_operation unwire = {
                    .verb = KERNEL_UNWIRE, .task = (uint8_t)task, .first = (uint8_t)i, .count = 1
                };

                vm_story_operation(run->story, &unwire);
                do_unwire(run, &unwire);
            }
        }
    }
    vm_trial_check_system(run);
    for (unsigned task = 0; task < TASKS; task++) {
        struct vm_operation end = { .verb = TERMINATE, .task = (uint8_t)task };

        if (is_alive(run, task))
            vm_story_operation(run->story, &end);
        do_terminate(run, &end);
    }
    for (unsigned i = 0; i < PLAIN_ENTRIES; i++) {
        struct vm_operation end = { .verb = RELEASE_ENTRY, .entry = (uint8_t)i };

        if (run->entries[i] != NULL)
            vm_story_operation(run->story, &end);
        release_entry(run, i);
    }
    vm_trial_check_system(run);
    vm_system_statistics(run->system, &left);
    same_statistic(run, "active", left.active_pages);
    same_statistic(run, "inactive", left.inactive_pages);
    same_statistic(run, "stored", left.stored_pages);
    vm_system_destroy(run->system);
    vm_trial_same(run, "bytes left", 0, (int64_t)run->counting.live_bytes);
    vm_trial_same(run, "sizes given back", false, run->counting.size_mismatch);
}
