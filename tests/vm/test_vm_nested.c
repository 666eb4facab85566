/*
 * test_vm_nested.c - leaf tables that several tasks' maps share: a shared region (vm.md 5.3, 5.5, 5.7)
 *
 * Two tasks show the same submap, nested, at the same place. A unit is what one leaf table covers:
 * 2 MiB on x86_64, 32 MiB on arm64. Every test runs on both machines.
 */
#include "vm/vm_submap.h"

#include <stdio.h>

#include "vm/vm_map_copy.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_user.h"
#include "vm_fixture.h"

enum { UNITS = 3, FRAMES = 4096 };

struct shown {
    struct vm_fixture f;
    struct vm_map *submap;
    struct vm_task *other;
    vmm_va base;
    vmm_size unit;
    vmm_size page;
};

static struct vm_map *
map_of(struct vm_task *task)
{
    return vm_task_map(task);
}

static enum vmm_status
show(struct shown *s, struct vm_map *map, vmm_size size, bool needs_copy)
{
    struct vm_map_enter_args args = { .size = size,
                                      .vmk_flags = VMKF_NESTED_PMAP,
                                      .submap = s->submap,
                                      .needs_copy = needs_copy,
                                      .protection = VMM_PROT_READ,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = VMM_INHERIT_SHARE };
    vmm_va at = s->base;
    enum vmm_status status;

    vm_map_reference(s->submap);
    status = vm_map_enter_submap(map, &at, &args);
    if (status != VMM_OK) {
        struct vm_map *submap = s->submap;

        vm_map_release(&submap);
    }
    return status;
}

/* A submap with one entry, not shown yet. */
static void
begin_empty(struct shown *s, const struct hw_geometry *geometry)
{
    vmm_va at = 0;

    vm_fixture_start_on(&s->f, "macos-15.4", geometry, FRAMES);
    s->base = (vmm_va)1 << 36;
    s->unit = vm_map_nesting_bytes(s->f.system);
    s->page = vm_system_page_bytes(s->f.system);
    assert_int_equal(vm_task_create(s->f.system, &s->other), VMM_OK);
    assert_int_equal(vm_map_create_submap(s->f.system, UNITS * s->unit, &s->submap), VMM_OK);
    assert_int_equal(vm_allocate(s->submap, &at, UNITS * s->unit, VM_MAP_FIXED), VMM_OK);
}

static void
begin(struct shown *s, const struct hw_geometry *geometry, bool needs_copy)
{
    begin_empty(s, geometry);
    assert_int_equal(show(s, s->f.map, UNITS * s->unit, needs_copy), VMM_OK);
    assert_int_equal(show(s, map_of(s->other), UNITS * s->unit, needs_copy), VMM_OK);
    (void)faults_since(&s->f);
}

static void
end(struct shown *s)
{
    vm_map_release(&s->submap);
    vm_fixture_end(&s->f);
}

static uint8_t
load(struct shown *s, struct vm_task *task, vmm_va va)
{
    uint8_t byte = 0xEE;

    assert_int_equal(
        vm_access(s->f.system,
                  &(struct vm_access){
                      .task = task, .va = va, .length = 1, .kind = VM_ACCESS_READ, .to = &byte },
                  NULL),
        VMM_OK);
    return byte;
}

static void
store(struct shown *s, struct vm_task *task, vmm_va va, uint8_t byte)
{
    assert_int_equal(
        vm_access(s->f.system,
                  &(struct vm_access){
                      .task = task, .va = va, .length = 1, .kind = VM_ACCESS_WRITE, .fill = byte },
                  NULL),
        VMM_OK);
}

/* Which units' first pages a map has a translation for: 'r', 'w', or '-'. */
static void
assert_units(struct shown *s, struct vm_task *task, const char *picture)
{
    char found[8] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_page_view view;

        vm_map_probe(map_of(task), s->base + n * s->unit, &view);
        found[n] = !view.is_translated ? '-' : view.translation_prot & VMM_PROT_WRITE ? 'w' : 'r';
    }
    assert_string_equal(found, picture);
}

static uint64_t
count_of(const struct shown *s, enum trace_kind kind)
{
    return vm_system_trace(s->f.system)->counters[kind];
}

/*  the first touch by one task makes the only fault; the other finds the translation there          */
static void
the_first_touch_by_one_task_serves_all(struct shown *s)
{
    (void)load(s, s->f.task, s->base);
    (void)load(s, s->f.task, s->base + s->unit);
    assert_int_equal(faults_since(&s->f), 2);
    assert_units(s, s->other, "rr-");
    (void)load(s, s->other, s->base);
    (void)load(s, s->other, s->base + s->unit);
    assert_int_equal(faults_since(&s->f), 0);
}

/*  the leaf tables of the shared tasks are the submap's: counted once, whoever nests them (I13)     */
static void
leaf_tables_are_counted_once(struct shown *s)
{
    uint64_t tables = pmap_table_pages(s->f.system->pmaps);
    struct vm_task *third;

    assert_int_equal(vm_task_create(s->f.system, &third), VMM_OK);
    tables = pmap_table_pages(s->f.system->pmaps);
    assert_int_equal(show(s, map_of(third), UNITS * s->unit, false), VMM_OK);
    /* what stands above the leaf tables is each task's own: 2 tables on x86_64, 1 on arm64 */
    assert_int_equal(pmap_table_pages(s->f.system->pmaps) - tables, s->page == 4096 ? 2 : 1);
    assert_int_equal(vm_task_terminate(third), VMM_OK);
}

/*  other   rr-      a store unnests its unit in the task that stores, and in no other; one flush
 *  task    r-w      the bytes stay in common: nothing waits to be copied                            */
static void
a_store_unnests_its_unit_in_one_task(struct shown *s)
{
    uint64_t flushes;

    for (unsigned n = 0; n < UNITS; n++)
        assert_int_equal(load(s, s->f.task, s->base + n * s->unit), 0);
    flushes = count_of(s, EV_TLB_FLUSH);
    store(s, s->f.task, s->base + 2 * s->unit, 7);
    assert_int_equal(count_of(s, EV_TLB_FLUSH) - flushes, 1);
    assert_units(s, s->f.task, "rrw");
    assert_units(s, s->other, "rrr");
    assert_int_equal(load(s, s->other, s->base + 2 * s->unit), 7);
    (void)faults_since(&s->f);
    (void)load(s, s->f.task, s->base + 2 * s->unit + s->page);
    (void)load(s, s->other, s->base + 2 * s->unit + s->page);
    assert_int_equal(faults_since(&s->f), 2); /* each for itself now */
}

/*  where the entry waits to be copied the unit becomes a private copy, the others stay nested       */
static void
a_store_that_copies_leaves_the_others_alone(struct shown *s)
{
    (void)load(s, s->other, s->base);
    (void)load(s, s->other, s->base + s->unit);
    store(s, s->f.task, s->base + s->unit, 9);
    assert_units(s, s->f.task, "rw-");
    assert_units(s, s->other, "rr-");
    assert_int_equal(load(s, s->other, s->base + s->unit), 0);
    assert_int_equal(load(s, s->f.task, s->base + s->unit), 9);
}

/*  a child that shares has the tables at once: it faults on nothing that was touched                */
static void
a_child_that_shares_is_nested_at_once(struct shown *s)
{
    struct vm_task *child;

    (void)load(s, s->f.task, s->base + s->unit);
    (void)faults_since(&s->f);
    assert_int_equal(vm_task_fork(s->f.task, &child), VMM_OK);
    assert_units(s, child, "-r-");
    (void)load(s, child, s->base + s->unit);
    assert_int_equal(faults_since(&s->f), 0);
    (void)load(s, child, s->base);
    assert_units(s, s->other, "rr-");
    assert_int_equal(vm_task_terminate(child), VMM_OK);
    assert_units(s, s->other, "rr-");
}

/*  a nested entry goes with one flush, and takes nothing away from the other task                   */
static void
removing_the_entry_unnests_it(struct shown *s)
{
    uint64_t flushes, removed;

    (void)load(s, s->f.task, s->base);
    flushes = count_of(s, EV_TLB_FLUSH);
    removed = count_of(s, EV_PMAP_REMOVE);
    assert_int_equal(vm_map_delete(s->f.map, s->base, s->base + UNITS * s->unit), VMM_OK);
    assert_int_equal(count_of(s, EV_TLB_FLUSH) - flushes, 1);
    assert_int_equal(count_of(s, EV_PMAP_REMOVE) - removed, 0);
    assert_units(s, s->f.task, "---");
    assert_units(s, s->other, "r--");
}

/*  a change of the submap itself reaches every map that shows it, and every CPU that is awake       */
static void
removal_from_the_submap_reaches_every_map(struct shown *s)
{
    struct vm_system *system = s->f.system;
    bool is_broadcast = system->machine->geometry->has_broadcast_flush;
    uint64_t interrupts;

    (void)load(s, s->f.task, s->base);
    assert_units(s, s->other, "r--");
    pmap_cpu_mode(system->pmaps, 1, HW_CPU_USER); /* in no address space at all */
    interrupts = count_of(s, EV_TLB_SHOOTDOWN);
    assert_int_equal(vm_map_delete(s->submap, 0, s->page), VMM_OK);
    assert_int_equal(count_of(s, EV_TLB_SHOOTDOWN) - interrupts, is_broadcast ? 0 : 1);
    assert_units(s, s->f.task, "---");
    assert_units(s, s->other, "---");
}

/*  protect cuts, so it unnests; the other task sees nothing of it                                   */
static void
protect_is_one_tasks_own(struct shown *s)
{
    (void)load(s, s->f.task, s->base);
    (void)load(s, s->f.task, s->base + s->unit);
    assert_int_equal(vm_map_protect(s->f.map, s->base, s->base + s->page, VMM_PROT_NONE, false),
                     VMM_OK);
    assert_units(s, s->f.task, "-r-");
    assert_units(s, s->other, "rr-");
}

/*  a wire needs private words: it unnests what it covers, and wires the task's own                  */
static void
a_wire_unnests_what_it_covers(struct shown *s)
{
    vmm_va start = s->base + s->unit;
    struct vm_page_view view;

    for (unsigned n = 0; n < UNITS; n++)
        (void)load(s, s->f.task, s->base + n * s->unit);
    assert_int_equal(vm_map_wire(s->f.map, start, start + s->page, VMM_PROT_READ, true), VMM_OK);
    vm_map_probe(s->f.map, start, &view);
    assert_true(view.is_translation_wired);
    assert_units(s, s->other, "r-r"); /* the wired page is a new one, in the submap too */
    (void)load(s, s->other, start);
    vm_map_probe(map_of(s->other), start, &view);
    assert_true(view.is_translated);
    assert_int_equal(vm_map_unwire(s->f.map, start, start + s->page, true), VMM_OK);
}

/*  what is copied under the feet of a map that shows it loses the old page's translation            */
static void
a_copy_of_what_is_shown_takes_the_old_page_from_all(struct shown *s)
{
    struct vm_object_copy copy;
    struct vm_map_entry *entry = vm_map_entry_at_or_after(s->submap, 0);

    store(s, s->f.task, s->base, 1); /* unnested: a word of its own */
    assert_int_equal(load(s, s->other, s->base), 1);
    assert_int_equal(vm_map_copy_object(s->submap, entry, &copy), VMM_OK);
    assert_true(copy.needs_copy);
    entry->needs_copy = true;
    assert_int_equal(load(s, s->other, s->base), 1);
    store(s, s->f.task, s->base, 2); /* the submap's entry gets a shadow, and the page a copy */
    assert_int_equal(load(s, s->other, s->base), 2);
    vm_object_release(&copy.object);
}

/*  room that a mapping had before has a leaf table of its own, which makes way                      */
static void
where_something_was_mapped_before_tables_make_way(struct shown *s)
{
    struct vm_task *third;
    vmm_va at = s->base;

    assert_int_equal(vm_task_create(s->f.system, &third), VMM_OK);
    assert_int_equal(vm_allocate(map_of(third), &at, s->page, VM_MAP_FIXED), VMM_OK);
    store(s, third, at, 3);
    assert_int_equal(vm_map_delete(map_of(third), at, at + s->page), VMM_OK);
    (void)load(s, s->f.task, s->base);
    assert_int_equal(show(s, map_of(third), UNITS * s->unit, false), VMM_OK);
    assert_units(s, third, "r--");
}

/*  a submap that lies elsewhere in another map has other tables there, of the same pmap             */
static void
another_address_has_tables_of_its_own(struct shown *s)
{
    struct vm_task *third;
    vmm_va base = s->base;

    assert_int_equal(vm_task_create(s->f.system, &third), VMM_OK);
    s->base += 8 * s->unit;
    assert_int_equal(show(s, map_of(third), UNITS * s->unit, false), VMM_OK);
    (void)load(s, third, s->base);
    assert_units(s, third, "r--");
    s->base = base;
    assert_units(s, s->other, "---");
}

/*  only a task's own map nests: code 4 for the kernel's and for a submap                            */
static void
only_a_tasks_map_nests(struct shown *s)
{
    struct vm_map *above;

    assert_int_equal(show(s, s->f.kernel, s->unit, false), VMM_INVALID_ARGUMENT);
    assert_int_equal(vm_map_create_submap(s->f.system, UNITS * s->unit, &above), VMM_OK);
    assert_int_equal(show(s, above, s->unit, false), VMM_INVALID_ARGUMENT);
    vm_map_release(&above);
}

struct refusal {
    struct vmm_injector injector;
    unsigned calls; /* to let pass */
};

static bool
refuse_table(struct vmm_injector *injector, enum vmm_call call)
{
    struct refusal *refusal = (struct refusal *)injector;

    return call == VMM_CALL_TABLE && refusal->calls-- == 0;
}

/*  without a frame for a table, wherever on the way, nothing is entered and nothing kept            */
static void
without_a_table_nothing_is_nested(const struct hw_geometry *geometry)
{
    enum vmm_status status = VMM_MODEL_NO_FRAME;
    struct shown s;
    unsigned calls = 0;
    vmm_size size;

    begin_empty(&s, geometry);
    size = vm_map_size(s.f.map);
    for (; status != VMM_OK; calls++) {
        struct refusal refusal = { { refuse_table }, calls };

        s.f.system->machine->frames.injector = &refusal.injector;
        status = show(&s, s.f.map, UNITS * s.unit, false);
        s.f.system->machine->frames.injector = NULL;
        if (status != VMM_OK)
            assert_int_equal(vm_map_size(s.f.map), size);
        assert_null(vm_system_check(s.f.system));
    }
    assert_true(calls > UNITS); /* a root, and a leaf table for each unit */
    end(&s);
}

static void
tables_that_cannot_be_had_are_an_error(void **state)
{
    (void)state;
    without_a_table_nothing_is_nested(&hw_geometry_x86_64);
    without_a_table_nothing_is_nested(&hw_geometry_arm64_16k);
}

/* NAME(test, whether the entries wait to be copied) */
#define TESTS                                                        \
    NAME(the_first_touch_by_one_task_serves_all, true)               \
    NAME(leaf_tables_are_counted_once, false)                        \
    NAME(a_store_unnests_its_unit_in_one_task, false)                \
    NAME(a_store_that_copies_leaves_the_others_alone, true)          \
    NAME(a_child_that_shares_is_nested_at_once, true)                \
    NAME(removing_the_entry_unnests_it, true)                        \
    NAME(removal_from_the_submap_reaches_every_map, true)            \
    NAME(protect_is_one_tasks_own, true)                             \
    NAME(a_wire_unnests_what_it_covers, false)                       \
    NAME(a_copy_of_what_is_shown_takes_the_old_page_from_all, false) \
    NAME(where_something_was_mapped_before_tables_make_way, false)   \
    NAME(another_address_has_tables_of_its_own, false)               \
    NAME(only_a_tasks_map_nests, false)

#define NAME(test, needs_copy)                         \
    static void test##_x86_64(void **state)            \
    {                                                  \
        struct shown s;                                \
                                                       \
        (void)state;                                   \
        begin(&s, &hw_geometry_x86_64, needs_copy);    \
        test(&s);                                      \
        end(&s);                                       \
    }                                                  \
    static void test##_arm64(void **state)             \
    {                                                  \
        struct shown s;                                \
                                                       \
        (void)state;                                   \
        begin(&s, &hw_geometry_arm64_16k, needs_copy); \
        test(&s);                                      \
        end(&s);                                       \
    }
TESTS
#undef NAME

int
main(void)
{
#define NAME(test, needs_copy) cmocka_unit_test(test##_x86_64), cmocka_unit_test(test##_arm64),
    const struct CMUnitTest tests[] = { TESTS cmocka_unit_test(
        tables_that_cannot_be_had_are_an_error) };

    return cmocka_run_group_tests_name("vm_nested", tests, NULL, NULL);
}
