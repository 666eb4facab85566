/* test_verify.c - each rule of verify/rules.def fires for a run that breaks it, and for no other */
#include "iokit_fixture.h"

#include "base/status.h"
#include "verify/verify.h"

enum { ROOM = 16 };

/* A fold that watches the current world. */
struct watch {
    struct verify verify;
    struct verify_finding findings[ROOM];
};

static void
watch_from_now(struct watch *watch)
{
    verify_init(&watch->verify, watch->findings, ROOM);
    trace_attach(vm_system_trace(vmk_sim_system()), &watch->verify.sink);
}

static void
stop_watching(struct watch *watch)
{
    trace_detach(vm_system_trace(vmk_sim_system()), &watch->verify.sink);
}

/* Exactly one finding was made, and it is this one. */
static void
assert_found(struct watch *watch, const char *id)
{
    stop_watching(watch);
    assert_int_equal(watch->verify.count, 1);
    assert_string_equal(watch->findings[0].rule->id, id);
}

/* A mapping of pages [0, 4) in the kernel with nothing mapped behind it. */
static vmk_map_t
map_before_a_hole(struct iokit_fixture *f, vmk_options_t options)
{
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
    uint64_t at = 0;

    assert_int_equal(vmk_sim_allocate(f->kernel, &at, 16 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_deallocate(f->kernel, at, 16 * IO_PAGE), VMM_OK);
    return vmk_map_create(md, f->kernel, at, options, 0, 0);
}

/* ---- each rule, by the run that breaks it ---- */

typedef void breaker(struct iokit_fixture *f);

static void
load_in_a_section(struct iokit_fixture *f)
{
    assert_false(io_load_locked(f->kernel, vmk_map_address(map_before_a_hole(f, 0))));
}

static void
store_through_a_read_only_mapping(struct iokit_fixture *f)
{
    assert_false(io_store(f->kernel, vmk_map_address(map_before_a_hole(f, IO_MAP_READ_ONLY)), 1));
}

static void
unwire_without_a_wire(struct iokit_fixture *f)
{
    (void)vmk_map_wire(map_before_a_hole(f, 0), IO_DIRECTION_NONE, 0, IO_PAGE);
}

static void
unwire_behind_the_mapping(struct iokit_fixture *f)
{
    (void)vmk_map_wire(map_before_a_hole(f, 0), IO_DIRECTION_NONE, 4 * IO_PAGE, IO_PAGE);
}

static void
unwire_more_than_the_mapping(struct iokit_fixture *f)
{
    vmk_map_t m = map_before_a_hole(f, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 4 * IO_PAGE), VMM_OK);
    (void)vmk_map_wire(m, IO_DIRECTION_NONE, 0, 5 * IO_PAGE);
}

static void
wire_65536_times(struct iokit_fixture *f)
{
    vmk_map_t m = map_before_a_hole(f, 0);

    for (unsigned i = 0; i < 65536; i++)
        (void)vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE);
}

static void
release_while_wired(struct iokit_fixture *f)
{
    vmk_map_t m = map_before_a_hole(f, 0);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    vmk_map_release(m);
}

static void
store_to_more_pages_than_there_are(struct iokit_fixture *f)
{
    uint64_t address = 0;

    assert_int_equal(vmk_sim_allocate(f->task, &address, 600 * IO_PAGE), VMM_OK);
    (void)vmk_sim_write(f->task, address, NULL, 1, 600 * IO_PAGE, NULL);
}

static void
read_bytes_unprepared(struct iokit_fixture *f)
{
    uint8_t byte;

    (void)vmk_desc_read(describe(f, 0, 1, IO_DIRECTION_OUT), 0, &byte, 1);
}

static void
prefault_on_a_development_kernel(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_PREFAULT, 0, 0));
}

static void
wire_after_unmap(struct iokit_fixture *f)
{
    vmk_map_t m = map_before_a_hole(f, 0);

    assert_int_equal(vmk_map_unmap(m), VMM_OK);
    (void)vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE);
}

static void
user_code_faults_in_a_section(struct iokit_fixture *f)
{
    assert_false(io_load_locked(f->task, io_page(f, IO_PAGES)));
}

static void
load_with_interrupts_off(struct iokit_fixture *f)
{
    vmk_map_t m = map_before_a_hole(f, 0);

    vmk_sim_enter(VM_INTERRUPTS_OFF);
    assert_true(io_load(f->kernel, vmk_map_address(m)));
    vmk_sim_leave(VM_INTERRUPTS_OFF);
}

static void
prefault_unprepared(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);

    assert_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_PREFAULT, 0, 0));
}

static void
prefault_a_snapshot(struct iokit_fixture *f)
{
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT | IO_MEMORY_MAP_COPY_ON_WRITE);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    (void)map_in_kernel(f, md, IO_MAP_PREFAULT);
}

static void
wire_out_of_a_read_only_mapping(struct iokit_fixture *f)
{
    vmk_map_t m = map_before_a_hole(f, IO_MAP_READ_ONLY);

    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE), VMM_PROTECTION_FAILURE);
}

/* Breaks one rule in a fresh world, and asserts that this rule alone is found. */
static void
assert_breaks(struct iokit_fixture *f, const char *id, const char *profile, breaker *act)
{
    struct watch watch;

    iokit_restart(f, profile);
    watch_from_now(&watch);
    act(f);
    assert_found(&watch, id);
}

#define BREAKS(name, id, profile, act)           \
    static void name(void **state)               \
    {                                            \
        assert_breaks(*state, id, profile, act); \
    }

BREAKS(a_load_in_a_section, "fault-in-restricted-context", "macos-10.11", load_in_a_section)
BREAKS(a_store_no_fault_can_serve, "unresolved-kernel-fault", "macos-10.11",
       store_through_a_read_only_mapping)
BREAKS(an_unwire_without_a_wire, "unwire-of-unwired", "macos-10.11", unwire_without_a_wire)
BREAKS(an_unwire_of_nothing, "unwire-of-unmapped", "macos-10.11", unwire_behind_the_mapping)
BREAKS(an_unwire_over_a_hole, "unwire-over-hole", "macos-10.11", unwire_more_than_the_mapping)
BREAKS(a_wire_too_many, "too-many-wires", "macos-10.11", wire_65536_times)
BREAKS(a_release_while_wired, "unmap-while-wired", "macos-10.11", release_while_wired)
BREAKS(a_store_without_a_free_page, "no-free-page", "macos-10.11",
       store_to_more_pages_than_there_are)
BREAKS(bytes_of_an_unprepared_descriptor, "descriptor-not-prepared", "macos-10.11",
       read_bytes_unprepared)
BREAKS(a_wire_after_unmap, "use-after-unmap", "macos-10.11", wire_after_unmap)
BREAKS(a_user_fault_in_a_section, "user-fault-in-restricted-context", "macos-11",
       user_code_faults_in_a_section)
BREAKS(a_fault_with_interrupts_off, "fault-with-interrupts-off", "macos-14",
       load_with_interrupts_off)
BREAKS(a_refused_prefault, "prefault-leaks-address-space", "macos-10.13", prefault_unprepared)
BREAKS(a_prefault_of_a_snapshot, "prefault-without-effect", "macos-10.13", prefault_a_snapshot)
BREAKS(a_wire_beyond_rights, "wire-beyond-rights", "macos-10.11", wire_out_of_a_read_only_mapping)

static void
a_prefault_on_a_development_kernel(void **state)
{
    struct iokit_fixture *f = *state;
    struct watch watch;

    iokit_restart_development(f, "macos-10.11");
    watch_from_now(&watch);
    prefault_on_a_development_kernel(f);
    assert_found(&watch, "prefault-into-kernel-asserts");
}

/* ---- a clean run ---- */

/*  The driver as iokit.md 6.3 would have it: prepare, map, wire, section, unwire, release, complete */
static void
run_the_right_driver(struct iokit_fixture *f)
{
    struct vmk_sim_call call = { .task = f->task, .input = f->base, .input_size = 4 * IO_PAGE };
    vmk_map_t m;

    assert_int_equal(vmk_sim_call_begin(&call), VMM_OK);
    assert_int_equal(vmk_desc_prepare(call.input_descriptor, IO_DIRECTION_NONE), VMM_OK);
    m = map_in_kernel(f, call.input_descriptor, 0);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, vmk_map_length(m)), VMM_OK);
    assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
    assert_true(io_store_locked(f->kernel, vmk_map_address(m) + 2 * IO_PAGE, 1));
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, vmk_map_length(m)), VMM_OK);
    vmk_map_release(m);
    assert_int_equal(vmk_desc_complete(call.input_descriptor, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
}

static void
the_right_driver_breaks_no_rule_in_any_release(void **state)
{
    struct iokit_fixture *f = *state;
    unsigned runs = 0;

    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;
        struct watch watch;

        vm_profile_at(row, &profile);
        if (!profile.has_wire_range)
            continue;
        iokit_restart(f, profile.name);
        watch_from_now(&watch);
        run_the_right_driver(f);
        stop_watching(&watch);
        assert_int_equal(watch.verify.count, 0);
        assert_int_equal(watch.verify.dropped, 0);
        runs++;
    }
    assert_true(runs > 10);
}

static void
a_prefault_that_works_breaks_no_rule(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
    struct watch watch;

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    watch_from_now(&watch);
    (void)map_in_kernel(f, md, IO_MAP_PREFAULT);
    stop_watching(&watch);
    assert_int_equal(watch.verify.count, 0);
}

/* ---- the fold ---- */

static void
watching_changes_nothing(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t sequences[2];

    for (unsigned watched = 0; watched < 2; watched++) {
        struct watch watch;

        iokit_restart(f, "macos-10.13");
        if (watched)
            watch_from_now(&watch);
        run_the_right_driver(f);
        if (watched)
            stop_watching(&watch);
        sequences[watched] = vm_system_trace(vmk_sim_system())->sequence;
    }
    assert_int_equal(sequences[0], sequences[1]);
}

static void
a_finding_carries_the_event_that_decided(void **state)
{
    struct iokit_fixture *f = *state;
    struct watch watch;
    vmk_map_t m;

    iokit_restart(f, "macos-10.11");
    watch_from_now(&watch);
    m = map_before_a_hole(f, 0);
    assert_false(io_load_locked(f->kernel, vmk_map_address(m) + 12));
    assert_found(&watch, "fault-in-restricted-context");
    assert_int_equal(watch.findings[0].event.kind, EV_PANIC);
    assert_int_equal(watch.findings[0].event.va, vmk_map_address(m) + 12);
    assert_int_equal(watch.findings[0].event.space, 0);
}

static void
findings_beyond_the_room_are_counted(void **state)
{
    struct iokit_fixture *f = *state;
    struct watch watch;
    vmk_map_t m;

    watch_from_now(&watch);
    m = map_before_a_hole(f, IO_MAP_READ_ONLY);
    for (unsigned i = 0; i < ROOM + 3; i++)
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, IO_PAGE), VMM_PROTECTION_FAILURE);
    stop_watching(&watch);
    assert_int_equal(watch.verify.count, ROOM);
    assert_int_equal(watch.verify.dropped, 3);
}

/*  Also those that one thread alone cannot provoke: unwire-in-transition, wait-for-transition      */
static void
every_reason_to_stop_has_its_rule(void **state)
{
    static const enum trace_kind kinds[] = { EV_PANIC, EV_HANG };

    (void)state;
    for (uint32_t reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
        struct watch watch;

        verify_init(&watch.verify, watch.findings, ROOM);
        for (size_t i = 0; i < VMM_COUNT_OF(kinds); i++)
            watch.verify.sink.see(&watch.verify.sink,
                                  &(struct trace_event){ .kind = kinds[i], .detail = reason });
        assert_int_equal(watch.verify.count, 2);
        assert_string_equal(watch.findings[0].rule->id,
                            trace_reason_name((enum trace_reason)reason));
        assert_ptr_equal(watch.findings[0].rule, watch.findings[1].rule);
    }
}

static void
events_without_a_fault_make_no_finding(void **state)
{
    struct watch watch;

    (void)state;
    verify_init(&watch.verify, watch.findings, ROOM);
    for (unsigned kind = 0; kind < EV_KIND_COUNT; kind++) {
        /* these six are findings whatever they carry */
        if (kind == EV_PANIC || kind == EV_HANG || kind == EV_IOMAP_LEAK ||
            kind == EV_FAULT_UNSAFE || kind == EV_STALE_HANDLE || kind == EV_TLB_STALE)
            continue;
        watch.verify.sink.see(&watch.verify.sink,
                              &(struct trace_event){ .kind = (enum trace_kind)kind, .count = 1 });
    }
    assert_int_equal(watch.verify.count, 0);
}

/*  of the changes before it, the latest of the same page of the same space   */
static void
a_stale_translation_names_the_change_that_left_it(void **state)
{
    static const struct trace_event events[] = {
        { .sequence = 1, .kind = EV_PMAP_ENTER, .space = 1, .va = 0x5000 },
        { .sequence = 2, .kind = EV_PMAP_REMOVE, .space = 1, .va = 0x5000 },
        { .sequence = 3, .kind = EV_PMAP_REMOVE, .space = 2, .va = 0x5000 },
        { .sequence = 4, .kind = EV_PMAP_REMOVE, .space = 1, .va = 0x6000 },
        { .sequence = 5, .kind = EV_TLB_STALE, .space = 1, .va = 0x5123 },
        { .sequence = 6, .kind = EV_TLB_STALE, .space = 3, .va = 0x5123 },
    };
    struct watch watch;

    (void)state;
    verify_init(&watch.verify, watch.findings, ROOM);
    for (size_t i = 0; i < VMM_COUNT_OF(events); i++)
        watch.verify.sink.see(&watch.verify.sink, &events[i]);
    assert_int_equal(watch.verify.count, 2);
    assert_string_equal(watch.findings[0].rule->id, "stale-translation");
    assert_int_equal(watch.findings[0].cause.sequence, 2);
    assert_int_equal(watch.findings[1].cause.sequence, 0);
}

/*  wireRange() gave 2: a finding for a wire, none for an unwire                                   */
static void
only_a_wire_can_go_beyond_rights(void **state)
{
    static const struct {
        int32_t status;
        vmm_prot prot;
        size_t count;
    } cases[] = { { 2, VMM_PROT_WRITE, 1 },
                  { 2, VMM_PROT_READ, 1 },
                  { 2, 0, 0 },
                  { 1, VMM_PROT_WRITE, 0 },
                  { 0, VMM_PROT_WRITE, 0 } };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct watch watch;

        verify_init(&watch.verify, watch.findings, ROOM);
        watch.verify.sink.see(&watch.verify.sink, &(struct trace_event){ .kind = EV_IOMAP_WIRE,
                                                                         .status = cases[i].status,
                                                                         .length = IO_PAGE,
                                                                         .prot = cases[i].prot });
        assert_int_equal(watch.verify.count, cases[i].count);
    }
}

static void
every_rule_says_what_why_and_where(void **state)
{
    (void)state;
    assert_true(verify_rule_count() > 0);
    for (size_t i = 0; i < verify_rule_count(); i++) {
        const struct verify_rule *rule = verify_rule_at(i);

        assert_true(strlen(rule->sentence) > 0 && strlen(rule->missing) > 0);
        assert_true(strlen(rule->fix) > 0);
        assert_true(strstr(rule->source, "iokit.md ") != NULL ||
                    strstr(rule->source, "vm.md ") != NULL);
        /* found under its own id, so no two rules share one */
        assert_ptr_equal(verify_rule_find(rule->id, strlen(rule->id)), rule);
    }
}

static void
a_rule_is_found_by_its_whole_id_only(void **state)
{
    (void)state;
    assert_null(verify_rule_find("no-such-rule", strlen("no-such-rule")));
    assert_null(verify_rule_find("unmap", strlen("unmap")));
    assert_null(verify_rule_find("", 0));
    assert_non_null(verify_rule_find("unmap-while-wired, and more", strlen("unmap-while-wired")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(a_load_in_a_section),
        IOKIT_TEST(a_store_no_fault_can_serve),
        IOKIT_TEST(an_unwire_without_a_wire),
        IOKIT_TEST(an_unwire_of_nothing),
        IOKIT_TEST(an_unwire_over_a_hole),
        IOKIT_TEST(a_wire_too_many),
        IOKIT_TEST(a_release_while_wired),
        IOKIT_TEST(a_store_without_a_free_page),
        IOKIT_TEST(bytes_of_an_unprepared_descriptor),
        IOKIT_TEST(a_wire_after_unmap),
        IOKIT_TEST(a_user_fault_in_a_section),
        IOKIT_TEST(a_fault_with_interrupts_off),
        IOKIT_TEST(a_refused_prefault),
        IOKIT_TEST(a_prefault_of_a_snapshot),
        IOKIT_TEST(a_wire_beyond_rights),
        IOKIT_TEST(a_prefault_on_a_development_kernel),
        IOKIT_TEST(the_right_driver_breaks_no_rule_in_any_release),
        IOKIT_TEST(a_prefault_that_works_breaks_no_rule),
        IOKIT_TEST(watching_changes_nothing),
        IOKIT_TEST(a_finding_carries_the_event_that_decided),
        IOKIT_TEST(findings_beyond_the_room_are_counted),
        IOKIT_TEST(every_reason_to_stop_has_its_rule),
        IOKIT_TEST(events_without_a_fault_make_no_finding),
        IOKIT_TEST(a_stale_translation_names_the_change_that_left_it),
        IOKIT_TEST(only_a_wire_can_go_beyond_rights),
        IOKIT_TEST(every_rule_says_what_why_and_where),
        IOKIT_TEST(a_rule_is_found_by_its_whole_id_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
