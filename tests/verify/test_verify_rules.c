/*
 * test_verify_rules.c - the rules that need more than one event, each broken by one run and kept by
 * its neighbour
 */
#include "iokit_fixture.h"

#include "base/status.h"
#include "verify/verify.h"

enum { ROOM = 64 };

typedef void run_of_a_driver(struct iokit_fixture *f);

/* How often the rule was found while the driver ran in a fresh world, contract findings included. */
static unsigned
count_found(struct iokit_fixture *f, const char *profile, const char *id, run_of_a_driver *run)
{
    struct verify_finding findings[ROOM];
    struct verify verify;
    unsigned found = 0;

    iokit_restart(f, profile);
    verify_init(&verify, findings, ROOM);
    verify.is_strict = true;
    trace_attach(vm_system_trace(vmk_sim_system()), &verify.sink);
    run(f);
    trace_detach(vm_system_trace(vmk_sim_system()), &verify.sink);
    assert_int_equal(verify.dropped, 0);
    for (size_t i = 0; i < verify.count; i++)
        found += verify.findings[i].rule == verify_rule_find(id, strlen(id));
    return found;
}

static vmk_map_t
map_all(struct iokit_fixture *f, vmk_options_t direction)
{
    return map_in_kernel(f, describe(f, 0, 4, direction), 0);
}

static void
let_go(vmk_map_t m)
{
    vmk_desc_t md = vmk_map_desc(m);

    vmk_map_release(m);
    vmk_desc_release(md);
}

/* ---- faults where none may be ---- */

static void
store_after_a_load(struct iokit_fixture *f)
{
    vmk_map_t m = map_all(f, IO_DIRECTION_OUT_IN);

    assert_true(io_load(f->kernel, vmk_map_address(m)));
    assert_false(io_store_locked(f->kernel, vmk_map_address(m), 1));
}

static void
store_after_a_store(struct iokit_fixture *f)
{
    vmk_map_t m = map_all(f, IO_DIRECTION_OUT_IN);

    assert_true(io_store(f->kernel, vmk_map_address(m), 1));
    assert_true(io_store_locked(f->kernel, vmk_map_address(m), 1));
}

static void
load_of_a_prepared_mapping(struct iokit_fixture *f)
{
    vmk_map_t m = map_all(f, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(vmk_map_desc(m), IO_DIRECTION_NONE), VMM_OK);
    assert_false(io_load_locked(f->kernel, vmk_map_address(m)));
}

static void
load_of_a_wired_mapping(struct iokit_fixture *f)
{
    vmk_map_t m = map_all(f, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(vmk_map_desc(m), IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 4 * IO_PAGE), VMM_OK);
    assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, 4 * IO_PAGE), VMM_OK);
}

static void
load_of_a_touched_mapping(struct iokit_fixture *f)
{
    vmk_map_t m = map_all(f, IO_DIRECTION_OUT);

    assert_true(io_load(f->kernel, vmk_map_address(m)));
    assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
}

static void
load_after_complete(struct iokit_fixture *f)
{
    vmk_map_t m = map_all(f, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(vmk_map_desc(m), IO_DIRECTION_NONE), VMM_OK);
    assert_true(io_load(f->kernel, vmk_map_address(m)));
    assert_int_equal(vmk_desc_complete(vmk_map_desc(m), IO_DIRECTION_NONE), VMM_OK);
    assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
}

/* What was never prepared is not taken for what was completed too early. */
static void
load_after_a_stray_complete(struct iokit_fixture *f)
{
    vmk_map_t m = map_all(f, IO_DIRECTION_OUT);

    assert_true(io_load(f->kernel, vmk_map_address(m)));
    assert_int_equal(vmk_desc_complete(vmk_map_desc(m), IO_DIRECTION_NONE), VMM_OK);
    assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
}

static void
load_after_unmap(struct iokit_fixture *f)
{
    vmk_map_t m = map_all(f, IO_DIRECTION_OUT);
    uint64_t address = vmk_map_address(m);

    assert_int_equal(vmk_map_unmap(m), VMM_OK);
    assert_false(io_load(f->kernel, address));
}

/* ---- balance ---- */

static void
complete_twice(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
}

static void
release_prepared(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    vmk_desc_release(md);
}

static void
release_completed(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    vmk_desc_release(md);
}

/* What is born prepared owes nobody a complete(). */
static void
release_born_prepared(struct iokit_fixture *f)
{
    vmk_desc_t buffer = vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT, IO_PAGE, 0, 0);
    vmk_desc_t bytes =
        vmk_desc_address((uint64_t)(uintptr_t)vmk_desc_bytes(buffer), 64, IO_DIRECTION_OUT);
    vmk_desc_t device = vmk_desc_physical(0x80000000, IO_PAGE, IO_DIRECTION_OUT);

    vmk_desc_release(device);
    vmk_desc_release(bytes);
    vmk_desc_release(buffer);
}

static void
release_a_map_twice(struct iokit_fixture *f)
{
    vmk_map_t m = map_all(f, IO_DIRECTION_OUT);

    vmk_map_release(m);
    vmk_map_release(m);
}

static void
release_a_map_once(struct iokit_fixture *f)
{
    let_go(map_all(f, IO_DIRECTION_OUT));
}

/* ---- wireRange ---- */

static void
wire_past_the_end(struct iokit_fixture *f)
{
    vmk_map_t first = map_all(f, IO_DIRECTION_OUT);
    vmk_map_t second = map_in_kernel(f, describe(f, 4, 8, IO_DIRECTION_OUT), 0);

    assert_int_equal(vmk_map_address(second), vmk_map_address(first) + 4 * IO_PAGE);
    assert_int_equal(vmk_map_wire(first, IO_DIRECTION_IN, IO_PAGE, 4 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(first, IO_DIRECTION_NONE, IO_PAGE, 4 * IO_PAGE), VMM_OK);
}

/*  The offset is one page before the mapping: it begins in the neighbour in front                     */
static void
wire_from_before(struct iokit_fixture *f)
{
    vmk_map_t first = map_all(f, IO_DIRECTION_OUT);
    vmk_map_t second = map_in_kernel(f, describe(f, 4, 8, IO_DIRECTION_OUT), 0);
    uint64_t before = 0 - (uint64_t)IO_PAGE;

    assert_int_equal(vmk_map_address(second), vmk_map_address(first) + 4 * IO_PAGE);
    assert_int_equal(vmk_map_wire(second, IO_DIRECTION_IN, before, 2 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_map_wire(second, IO_DIRECTION_NONE, before, 2 * IO_PAGE), VMM_OK);
}

static void
wire_nothing(struct iokit_fixture *f)
{
    assert_int_equal(vmk_map_wire(map_all(f, IO_DIRECTION_OUT), IO_DIRECTION_IN, 0, 0), VMM_OK);
}

/* ---- shared mappings ---- */

static void
unmap_what_two_hold(struct iokit_fixture *f)
{
    vmk_map_t first = map_all(f, IO_DIRECTION_OUT);

    assert_ptr_equal(map_in_kernel(f, vmk_map_desc(first), 0), first);
    assert_int_equal(vmk_map_unmap(first), VMM_OK);
}

static void
unmap_what_one_still_holds(struct iokit_fixture *f)
{
    vmk_map_t first = map_all(f, IO_DIRECTION_OUT);

    assert_ptr_equal(map_in_kernel(f, vmk_map_desc(first), 0), first);
    vmk_map_release(first);
    assert_int_equal(vmk_map_unmap(first), VMM_OK);
}

static vmk_map_t
part_of(struct iokit_fixture *f, vmk_map_t whole)
{
    vmk_map_t part =
        vmk_map_create(vmk_map_desc(whole), f->kernel, 0, IO_MAP_ANYWHERE, IO_PAGE, IO_PAGE);

    assert_int_equal(vmk_map_address(part), vmk_map_address(whole) + IO_PAGE);
    return part;
}

static void
unmap_with_a_part(struct iokit_fixture *f)
{
    vmk_map_t whole = map_all(f, IO_DIRECTION_OUT);

    (void)part_of(f, whole);
    assert_int_equal(vmk_map_unmap(whole), VMM_OK);
}

static void
unmap_after_its_part(struct iokit_fixture *f)
{
    vmk_map_t whole = map_all(f, IO_DIRECTION_OUT);

    vmk_map_release(part_of(f, whole));
    assert_int_equal(vmk_map_unmap(whole), VMM_OK);
}

/* ---- the task's memory ---- */

static void
store_through_out(struct iokit_fixture *f)
{
    assert_true(io_store(f->kernel, vmk_map_address(map_all(f, IO_DIRECTION_OUT)), 1));
}

static void
store_through_in(struct iokit_fixture *f)
{
    assert_true(io_store(f->kernel, vmk_map_address(map_all(f, IO_DIRECTION_IN)), 1));
}

static void
free_the_source(struct iokit_fixture *f)
{
    (void)map_all(f, IO_DIRECTION_OUT);
    assert_int_equal(vmk_sim_deallocate(f->task, f->base, IO_PAGE), VMM_OK);
}

static void
free_the_source_afterwards(struct iokit_fixture *f)
{
    let_go(map_all(f, IO_DIRECTION_OUT));
    assert_int_equal(vmk_sim_deallocate(f->task, f->base, IO_PAGE), VMM_OK);
}

static void
store_under_a_snapshot(struct iokit_fixture *f)
{
    (void)map_all(f, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);
    assert_true(io_store(f->task, io_page(f, 2), 7));
}

static void
store_under_a_live_mapping(struct iokit_fixture *f)
{
    (void)map_all(f, IO_DIRECTION_OUT);
    assert_true(io_store(f->task, io_page(f, 2), 7));
}

/* ---- contexts and locks ---- */

static void
prepare_under_a_spin_lock(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    vmk_sim_enter(VM_SPIN_LOCK);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    vmk_sim_leave(VM_SPIN_LOCK);
}

static void
prepare_under_a_mutex(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    vmk_sim_enter(VM_MUTEX);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    vmk_sim_leave(VM_MUTEX);
}

static void
take_in_order(vmk_lock_t first, vmk_lock_t second)
{
    uint32_t outer = vmk_lock_acquire(first, VMK_EXCLUSIVE);
    uint32_t inner = vmk_lock_acquire(second, VMK_EXCLUSIVE);

    vmk_lock_release(second, VMK_EXCLUSIVE, inner);
    vmk_lock_release(first, VMK_EXCLUSIVE, outer);
}

/*  a b, b c, and at last `last` c-a or a-c  */
static void
take_three(struct iokit_fixture *f, bool inverted)
{
    vmk_lock_t a = vmk_lock_alloc(VMK_MUTEX);
    vmk_lock_t b = vmk_lock_alloc(VMK_MUTEX);
    vmk_lock_t c = vmk_lock_alloc(VMK_MUTEX);

    (void)f;
    take_in_order(a, b);
    take_in_order(b, c);
    if (inverted)
        take_in_order(c, a);
    else
        take_in_order(a, c);
    vmk_lock_free(a);
    vmk_lock_free(b);
    vmk_lock_free(c);
}

static void
take_in_a_circle(struct iokit_fixture *f)
{
    take_three(f, true);
}

static void
take_down_a_row(struct iokit_fixture *f)
{
    take_three(f, false);
}

/* A try never waits: against the order it is how a driver keeps out of the deadlock. */
static void
try_against_the_order(struct iokit_fixture *f)
{
    vmk_lock_t a = vmk_lock_alloc(VMK_MUTEX);
    vmk_lock_t b = vmk_lock_alloc(VMK_MUTEX);

    (void)f;
    take_in_order(a, b);
    (void)vmk_lock_acquire(b, VMK_EXCLUSIVE);
    assert_int_equal(vmk_lock_try(a), 1);
    vmk_lock_release(a, VMK_EXCLUSIVE, 1);
    vmk_lock_release(b, VMK_EXCLUSIVE, 1);
    take_in_order(a, b); /* nor is what the try took an order */
    vmk_lock_free(a);
    vmk_lock_free(b);
}

/* ---- devices ---- */

static uint64_t
segment_of(vmk_desc_t md)
{
    uint64_t length = 0;
    uint64_t physical = vmk_desc_segment(md, 0, &length, 0);

    assert_int_not_equal(physical, 0);
    return physical;
}

static void
transfer_while_prepared(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_IN);
    uint64_t physical;

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    physical = segment_of(md);
    assert_int_equal(vmk_sim_device_write(physical, 9, 16), VMM_OK);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    assert_io_byte(f->task, f->base, 9);
}

static void
transfer_after_complete(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_IN);
    uint64_t physical;

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    physical = segment_of(md);
    assert_int_equal(vmk_desc_complete(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_sim_device_write(physical, 9, 16), VMM_OK);
}

/* An address found some other way: the page is in memory, and nothing keeps it there. */
static void
transfer_unprepared(struct iokit_fixture *f)
{
    struct vm_page_view view;
    uint8_t byte;

    vmk_sim_probe(f->task, f->base, &view);
    assert_true(view.is_resident);
    assert_int_equal(vmk_sim_device_read((uint64_t)view.ppn * IO_PAGE, &byte, 1), VMM_OK);
}

/* ---- leaks ---- */

static void
unload_with_everything(struct iokit_fixture *f)
{
    const vmk_dma_spec_t spec = { .address_bits = 64 };

    (void)map_all(f, IO_DIRECTION_OUT); /* two: the descriptor too */
    assert_non_null(vmk_desc_buffer(f->kernel, IO_DIRECTION_OUT, IO_PAGE, 0, 0));
    assert_non_null(vmk_lock_alloc(VMK_SPIN));
    assert_non_null(vmk_dma_create(&spec));
    assert_int_equal(vmk_sim_unload(), 5);
}

static void
unload_with_nothing(struct iokit_fixture *f)
{
    let_go(map_all(f, IO_DIRECTION_OUT));
    assert_int_equal(vmk_sim_unload(), 0);
}

/* ---- the table ---- */

static const struct {
    const char *id;
    const char *profile;
    run_of_a_driver *breaks;
    run_of_a_driver *keeps;
} rows[] = {
    { "store-through-read-only-pte", "macos-10.11", store_after_a_load, store_after_a_store },
    { "prepare-taken-for-mapping", "macos-10.11", load_of_a_prepared_mapping,
      load_of_a_wired_mapping },
    { "translation-held-by-nothing", "macos-15.4", load_of_a_touched_mapping,
      load_of_a_wired_mapping },
    { "translation-held-by-nothing", "macos-15.4", load_after_a_stray_complete,
      load_after_complete },
    { "complete-before-last-use", "macos-15.4", load_after_complete, load_of_a_wired_mapping },
    { "complete-before-last-use", "macos-15.4", load_after_complete, load_after_a_stray_complete },
    { "access-after-unmap", "macos-15.4", load_after_unmap, load_of_a_touched_mapping },
    { "complete-beyond-prepare", "macos-15.4", complete_twice, release_completed },
    { "prepare-without-complete", "macos-15.4", release_prepared, release_completed },
    { "prepare-without-complete", "macos-15.4", release_prepared, release_born_prepared },
    { "use-after-release", "macos-15.4", release_a_map_twice, release_a_map_once },
    { "wire-of-a-neighbour", "macos-15.4", wire_past_the_end, load_of_a_wired_mapping },
    { "wire-of-a-neighbour", "macos-15.4", wire_from_before, load_of_a_wired_mapping },
    { "zero-length-wire", "macos-15.4", wire_nothing, load_of_a_wired_mapping },
    { "unsupported-kpi-used", "macos-15.4", load_of_a_wired_mapping, load_of_a_touched_mapping },
    { "unmap-of-shared-mapping", "macos-15.4", unmap_what_two_hold, unmap_what_one_still_holds },
    { "part-outlives-mapping", "macos-15.4", unmap_with_a_part, unmap_after_its_part },
    { "store-through-out-mapping", "macos-15.4", store_through_out, store_through_in },
    { "source-freed-while-mapped", "macos-15.4", free_the_source, free_the_source_afterwards },
    { "stale-snapshot", "macos-15.4", store_under_a_snapshot, store_under_a_live_mapping },
    { "blocking-call-in-atomic-section", "macos-15.4", prepare_under_a_spin_lock,
      prepare_under_a_mutex },
    { "lock-order-inversion", "macos-15.4", take_in_a_circle, take_down_a_row },
    { "lock-order-inversion", "macos-15.4", take_in_a_circle, try_against_the_order },
    { "segment-used-after-complete", "macos-15.4", transfer_after_complete,
      transfer_while_prepared },
    { "device-access-to-unprepared-page", "macos-15.4", transfer_unprepared,
      transfer_while_prepared },
    { "descriptor-leaked", "macos-15.4", unload_with_everything, unload_with_nothing },
    { "buffer-leaked", "macos-15.4", unload_with_everything, unload_with_nothing },
    { "mapping-leaked", "macos-15.4", unload_with_everything, unload_with_nothing },
    { "lock-leaked", "macos-15.4", unload_with_everything, unload_with_nothing },
    { "dma-command-leaked", "macos-15.4", unload_with_everything, unload_with_nothing },
};

static void
each_rule_is_found_where_it_is_broken_and_nowhere_else(void **state)
{
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        if (count_found(*state, rows[i].profile, rows[i].id, rows[i].breaks) != 1)
            fail_msg("%s is not found once", rows[i].id);
        if (count_found(*state, rows[i].profile, rows[i].id, rows[i].keeps) != 0)
            fail_msg("%s is found where nobody breaks it", rows[i].id);
    }
}

/* Contract findings are for those who ask. */
static void
a_fold_that_is_not_strict_makes_no_contract_finding(void **state)
{
    struct verify_finding findings[ROOM];
    struct verify verify;

    iokit_restart(*state, "macos-15.4");
    verify_init(&verify, findings, ROOM);
    trace_attach(vm_system_trace(vmk_sim_system()), &verify.sink);
    load_of_a_touched_mapping(*state);
    trace_detach(vm_system_trace(vmk_sim_system()), &verify.sink);
    assert_int_equal(verify.count, 0);
}

/* Objects without number: the tables are rings, and the youngest are known. */
static void
a_fold_outlives_more_objects_than_it_remembers(void **state)
{
    struct iokit_fixture *f = *state;
    struct verify_finding findings[ROOM];
    struct verify verify;

    iokit_restart(f, "macos-15.4");
    verify_init(&verify, findings, ROOM);
    trace_attach(vm_system_trace(vmk_sim_system()), &verify.sink);
    for (unsigned i = 0; i < 3 * VERIFY_ROOM; i++)
        let_go(map_all(f, IO_DIRECTION_OUT));
    load_of_a_prepared_mapping(f);
    trace_detach(vm_system_trace(vmk_sim_system()), &verify.sink);
    assert_int_equal(verify.count, 2);
    assert_string_equal(findings[1].rule->id, "prepare-taken-for-mapping");
}

/* Descriptors that nobody prepared leave no trace: one that was prepared stays known. */
static void
forgetting_what_was_never_known_forgets_nobody(void **state)
{
    struct iokit_fixture *f = *state;
    struct verify_finding findings[ROOM];
    struct verify verify;
    vmk_desc_t md;
    vmk_map_t m;

    iokit_restart(f, "macos-10.11");
    verify_init(&verify, findings, ROOM);
    trace_attach(vm_system_trace(vmk_sim_system()), &verify.sink);
    md = describe(f, 0, 4, IO_DIRECTION_OUT);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    m = map_in_kernel(f, md, 0);
    for (unsigned i = 0; i < 2 * VERIFY_ROOM; i++)
        vmk_desc_release(describe(f, 0, 1, IO_DIRECTION_OUT));
    assert_false(io_load_locked(f->kernel, vmk_map_address(m)));
    trace_detach(vm_system_trace(vmk_sim_system()), &verify.sink);
    assert_string_equal(findings[verify.count - 1].rule->id, "prepare-taken-for-mapping");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(each_rule_is_found_where_it_is_broken_and_nowhere_else),
        IOKIT_TEST(a_fold_that_is_not_strict_makes_no_contract_finding),
        IOKIT_TEST(forgetting_what_was_never_known_forgets_nobody),
        IOKIT_TEST(a_fold_outlives_more_objects_than_it_remembers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
