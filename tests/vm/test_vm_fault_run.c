/*
 * test_vm_fault_run.c - many pages at once are what they are one at a time
 *
 * Two kernels of the same release do the same random operations. Somebody watches one of them, so there
 * each page takes its own way; the other wires and unwires run by run. After each operation they say
 * the same, have counted the same events, and are in the same state; in the end they agree on each frame.
 */
#include "base/rng.h"
#include "vm/vm_digest.h"
#include "vm/vm_fault_internal.h"
#include "vm/vm_fault_run.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_page.h"
#include "vm/vm_submap.h"
#include "vm/vm_user.h"
#include "vm_fixture.h"

enum { WINDOW = 700, STEPS = 400, TASKS = 3 };

#define WINDOW_START ((vmm_va)1 << 33)

struct kernel {
    struct counting_alloc counting;
    struct vm_system *system;
    struct vm_task *tasks[TASKS];
    unsigned task_count;
    struct vm_map *submap; /* has something for each place of the window */
};

static void
see_nothing(struct trace_sink *sink, const struct trace_event *event)
{
    (void)sink, (void)event;
}

static void
kernel_start(struct kernel *kernel, const char *release, const struct hw_geometry *geometry)
{
    struct vm_profile profile;
    size_t row = 0;
    vmm_size size;
    vmm_va at = 0;

    counting_alloc_init(&kernel->counting);
    assert_true(vm_profile_find(release, strlen(release), &row));
    vm_profile_at(row, &profile);
    kernel->system = vm_system_create(&(struct vm_config){ .alloc = &kernel->counting.alloc,
                                                           .profile = &profile,
                                                           .geometry = geometry,
                                                           .cpu_count = 1,
                                                           .frame_count = 1200,
                                                           .store_pages = 300 });
    assert_non_null(kernel->system);
    assert_int_equal(vm_task_create(kernel->system, &kernel->tasks[0]), VMM_OK);
    kernel->task_count = 1;
    size = WINDOW * vm_system_page_bytes(kernel->system);
    assert_int_equal(vm_map_create_submap(kernel->system, size, &kernel->submap), VMM_OK);
    assert_int_equal(vm_allocate(kernel->submap, &at, size, VM_MAP_FIXED), VMM_OK);
}

static void
kernel_end(struct kernel *kernel)
{
    const char *broken = vm_system_check(kernel->system);

    if (broken != NULL)
        fail_msg("%s", broken);
    vm_map_release(&kernel->submap);
    vm_system_destroy(kernel->system);
    assert_int_equal(kernel->counting.live_bytes, 0);
}

/* One operation, as the numbers say. */
struct step {
    unsigned what;
    unsigned task;
    vmm_va start, end;
    vmm_prot prot;
};

static enum vmm_status
touch(struct kernel *kernel, const struct step *step, enum vm_access_kind kind)
{
    return vm_access(kernel->system,
                     &(struct vm_access){ .task = kernel->tasks[step->task],
                                          .va = step->start,
                                          .length = step->end - step->start,
                                          .kind = kind,
                                          .fill = 7 },
                     NULL);
}

static enum vmm_status
allocate(struct vm_map *map, const struct step *step)
{
    vmm_va at = step->start;

    return vm_allocate(map, &at, step->end - step->start, VM_MAP_FIXED);
}

/* A kernel's wire, and undone at once: without a wire to undo it would panic. */
static enum vmm_status
wire_and_unwire(struct vm_map *map, const struct step *step)
{
    enum vmm_status status = vm_map_wire(map, step->start, step->end, step->prot, false);

    return status == VMM_OK ? vm_map_unwire(map, step->start, step->end, false) : status;
}

static enum vmm_status
fork_task(struct kernel *kernel, const struct step *step)
{
    if (kernel->task_count == TASKS)
        return VMM_OK;
    return vm_task_fork(kernel->tasks[step->task], &kernel->tasks[kernel->task_count++]);
}

/* The same memory once more, where the window has its page that counts from the other end. */
static enum vmm_status
share(struct kernel *kernel, struct vm_map *map, const struct step *step)
{
    vmm_va end = WINDOW_START + WINDOW * vm_system_page_bytes(kernel->system);
    struct vm_remap_call call = { .size = step->end - step->start,
                                  .flags = VM_MAP_FIXED,
                                  .source_map = map,
                                  .source = step->start,
                                  .inheritance = VMM_INHERIT_COPY };
    vmm_va at = WINDOW_START + (end - step->end);
    vmm_prot prot, max_prot;

    return vm_remap(map, &at, &call, &prot, &max_prot);
}

static enum vmm_status
show_submap(struct kernel *kernel, struct vm_map *map, const struct step *step)
{
    struct vm_map_enter_args args = { .size = step->end - step->start,
                                      .flags = VM_MAP_FIXED,
                                      .submap = kernel->submap,
                                      .offset = step->start - WINDOW_START,
                                      .protection = VMM_PROT_DEFAULT,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = VMM_INHERIT_SHARE };
    struct vm_map *hold = kernel->submap;
    vmm_va at = step->start;
    enum vmm_status status;

    vm_map_reference(hold);
    status = vm_map_enter_submap(map, &at, &args);
    if (status != VMM_OK)
        vm_map_release(&hold);
    return status;
}

static enum vmm_status
do_step(struct kernel *kernel, const struct step *step)
{
    struct vm_map *map = vm_task_map(kernel->tasks[step->task]);

    switch (step->what) {
    case 0:
    case 1:
    case 2:
        return allocate(map, step);
    case 3:
        return vm_deallocate(map, step->start, step->end - step->start);
    case 4:
        return touch(kernel, step, VM_ACCESS_WRITE);
    case 5:
        return touch(kernel, step, VM_ACCESS_READ);
    case 6:
        return vm_protect(map, step->start, step->end - step->start, false, step->prot);
    case 7:
        return fork_task(kernel, step);
    case 8:
        return (enum vmm_status)vm_system_reclaim(kernel->system, step->start / PAGE % 8);
    case 9:
        return wire_and_unwire(map, step);
    case 10:
        return vm_protect(map, step->start, step->end - step->start, false,
                          VMM_PROT_DEFAULT | (vmm_prot)VMM_PROT_COPY);
    case 11:
        return share(kernel, map, step);
    case 12:
        return show_submap(kernel, map, step);
    case 13:
        return vm_behavior_set(map, step->start, step->end - step->start,
                               VM_BEHAVIOR_ZERO_WIRED_PAGES);
    case 14:
    case 15:
    case 16:
        return vm_map_wire(map, step->start, step->end, step->prot, true);
    default:
        return vm_map_unwire(map, step->start, step->end, true);
    }
}

static struct step
random_step(struct vmm_rng *rng, const struct kernel *kernel)
{
    static const vmm_prot prots[] = { VMM_PROT_NONE, VMM_PROT_READ, VMM_PROT_DEFAULT,
                                      VMM_PROT_DEFAULT };
    vmm_size page_bytes = vm_system_page_bytes(kernel->system);
    uint64_t first = vmm_rng_below(rng, WINDOW);
    uint64_t pages = 1 + vmm_rng_below(rng, vmm_rng_below(rng, 3) == 0 ? WINDOW - first : 20);

    return (struct step){ .what = (unsigned)vmm_rng_below(rng, 20),
                          .task = (unsigned)vmm_rng_below(rng, kernel->task_count),
                          .start = WINDOW_START + first * page_bytes,
                          .end = WINDOW_START + (first + pages) * page_bytes,
                          .prot = prots[vmm_rng_below(rng, VMM_COUNT_OF(prots))] };
}

static void
assert_same_counts(const struct kernel *one, const struct kernel *other)
{
    const struct trace *a = &one->system->trace, *b = &other->system->trace;
    struct vm_statistics first, second;

    for (int kind = 0; kind < EV_KIND_COUNT; kind++)
        assert_int_equal(a->counters[kind], b->counters[kind]);
    assert_int_equal(a->sequence, b->sequence);
    vm_system_statistics(one->system, &first);
    vm_system_statistics(other->system, &second);
    assert_memory_equal(&first, &second, sizeof(first));
    for (unsigned i = 0; i < one->task_count; i++)
        assert_int_equal(one->tasks[i]->faults, other->tasks[i]->faults);
}

/* The same page of the same object, on the same queue behind the same page. */
static void
assert_same_page(const struct vm_page *one, const struct vm_page *other)
{
    const struct vm_object *a = vm_page_object(one), *b = vm_page_object(other);

    assert_int_equal(a == NULL ? 0 : a->id, b == NULL ? 0 : b->id);
    if (one->queue != VM_PAGE_ON_NONE)
        assert_int_equal(vm_page_queue_next(&vm_page_system(one)->queues[one->queue], one),
                         vm_page_queue_next(&vm_page_system(other)->queues[other->queue], other));
    assert_int_equal(vm_page_wire_count(one), vm_page_wire_count(other));
    assert_int_equal(one->queue, other->queue);
    assert_int_equal(one->pmapped | one->wpmapped << 1 | one->is_dirty << 2 | one->reference << 3,
                     other->pmapped | other->wpmapped << 1 | other->is_dirty << 2 |
                         other->reference << 3);
    if (a != NULL)
        assert_int_equal(vm_page_offset(one), vm_page_offset(other));
}

static void
assert_same_frames(const struct kernel *one, const struct kernel *other)
{
    const struct hw_frames *a = &one->system->machine->frames;
    const struct hw_frames *b = &other->system->machine->frames;

    assert_int_equal(a->free_count, b->free_count);
    assert_int_equal(a->free_head, b->free_head);
    assert_memory_equal(a->words, b->words, (a->count + 1) * sizeof(*a->words));
    for (vmm_ppn ppn = 1; ppn <= a->count; ppn++)
        assert_same_page(vm_page_at(one->system, ppn), vm_page_at(other->system, ppn));
}

static void
compare(const char *release, const struct hw_geometry *geometry, uint64_t seed)
{
    static struct kernel watched, unwatched;
    struct trace_sink sink = { see_nothing, NULL };
    struct vmm_rng rng = { seed };

    kernel_start(&watched, release, geometry);
    kernel_start(&unwatched, release, geometry);
    trace_attach(&watched.system->trace, &sink);
    for (unsigned i = 0; i < STEPS; i++) {
        struct step step = random_step(&rng, &watched);

        assert_int_equal(do_step(&watched, &step), do_step(&unwatched, &step));
        assert_same_counts(&watched, &unwatched);
        if (vm_system_stop(watched.system)->kind != VM_RUNNING)
            break; /* out of memory, both */
    }
    assert_int_equal(vm_system_digest(watched.system, 0), vm_system_digest(unwatched.system, 0));
    assert_same_frames(&watched, &unwatched);
    kernel_end(&watched);
    kernel_end(&unwatched);
}

static void
random_operations_agree(void **state)
{
    static const char *const releases[] = { "macos-10.9", "macos-10.13", "macos-15.4" };

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        compare(releases[seed % VMM_COUNT_OF(releases)], &hw_geometry_x86_64, seed);
        compare("macos-15.4", &hw_geometry_arm64_16k, seed);
    }
}

/*  each page of the slow way counts two faults, and the last unwire puts each on a queue  */
static void
a_run_is_wired_and_unwired_whole(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va start = f->base;
    uint64_t before = f->task->faults;

    assert_int_equal(vm_allocate(f->map, &start, 300 * PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, start, start + 300 * PAGE, VMM_PROT_DEFAULT, true),
                     VMM_OK);
    assert_int_equal(f->system->wired_pages, 300);
    assert_int_equal(f->task->faults - before, 600); /* T17 */
    assert_int_equal(vm_map_unwire(f->map, start, start + 300 * PAGE, true), VMM_OK);
    assert_int_equal(f->system->wired_pages, 0);
    assert_int_equal(f->system->queues[VM_PAGE_ACTIVE].count, 300);
}

/* One of both ways over all pages; how many runs it took. */
static unsigned
runs_over(const struct vm_fault_wire *wire, bool is_wire)
{
    unsigned runs = 0;

    for (vmm_va va = wire->entry->start; va < wire->entry->end; runs++) {
        uint32_t pages =
            is_wire ? vm_fault_wire_run(wire, va) : vm_fault_unwire_run(wire, va, wire->entry->end);

        assert_true(pages > 1); /* or each page would go its own way */
        va += (vmm_va)pages * PAGE;
    }
    return runs;
}

/*  places that hold nothing, then pages that are there: neither is done one by one        */
static void
a_run_is_more_than_one_page(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va start = f->base;
    struct vm_fault_wire wire = { .map = f->map, .pmap = f->map->pmap };
    vmm_va beside = f->base + 301 * PAGE;

    assert_int_equal(vm_allocate(f->map, &beside, PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(user_store(f, 301, 1), VMM_OK); /* makes their leaf table */
    assert_int_equal(vm_allocate(f->map, &start, 300 * PAGE, VM_MAP_FIXED), VMM_OK);
    assert_true(vm_map_lookup_entry(f->map, start, &wire.entry));
    assert_int_equal(vm_fault_materialise(wire.entry, f->system), VMM_OK);
    wire.entry->wired_count = wire.entry->user_wired_count = 1; /* as who wires it leaves it */
    for (unsigned resident = 0; resident < 2; resident++) {
        unsigned runs = runs_over(&wire, true);

        assert_int_equal(f->system->wired_pages, 300);
        assert_in_range(runs, 1, resident ? 1 : 300 / VMM_RADIX_FANOUT + 2);
        assert_int_equal(runs_over(&wire, false), 1);
        assert_int_equal(f->system->wired_pages, 0);
    }
    wire.entry->wired_count = wire.entry->user_wired_count = 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree),
        cmocka_unit_test_setup_teardown(a_run_is_more_than_one_page, vm_fixture_setup,
                                        vm_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_run_is_wired_and_unwired_whole, vm_fixture_setup,
                                        vm_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
