/*
 * test_pmap_shootdown.c - every row of vm.md 5.4 with the CPUs that are interrupted; vm.md 5.5, 5.6
 *
 * Three CPUs run the pmap; CPU 0 makes the change. Each row is tried with CPU 1 in every state it can
 * be in, while CPU 2 sleeps, and for each release's way to flush.
 */
#include "pmap/pmap_flush.h"
#include "pmap/pmap_internal.h"
#include "pmap_fixture.h"

/* ---- CPUs ---- */

enum cpu_state { IN_USER, IN_KERNEL, IN_KERNEL_INTERRUPTS_OFF, ASLEEP, CPU_STATES };

static void
put_cpu(struct pmap_fixture *f, uint32_t cpu, enum cpu_state state)
{
    static const enum hw_cpu_mode modes[] = {
        [IN_USER] = HW_CPU_USER,
        [IN_KERNEL] = HW_CPU_KERNEL,
        [IN_KERNEL_INTERRUPTS_OFF] = HW_CPU_KERNEL,
        [ASLEEP] = HW_CPU_IDLE,
    };

    pmap_cpu_mode(f->pmaps, cpu, HW_CPU_KERNEL); /* takes what is pending */
    pmap_cpu_mode(f->pmaps, cpu, modes[state]);
    f->machine->cpus[cpu].interrupts_enabled = state != IN_KERNEL_INTERRUPTS_OFF;
}

/* Who was interrupted since, and how many of them had interrupts off. */
struct told {
    struct trace_sink sink;
    uint64_t cpus;
    unsigned waits;
    unsigned flushes;
    enum pmap_flush_scope scope;
    uint32_t invalidations;
};

static void
see_told(struct trace_sink *sink, const struct trace_event *event)
{
    struct told *told = VMM_CONTAINER(sink, struct told, sink);

    if (event->kind == EV_TLB_SHOOTDOWN) {
        assert_int_equal(told->cpus >> event->count & 1, 0); /* nobody twice */
        told->cpus |= (uint64_t)1 << event->count;
        told->waits += event->detail;
    }
    if (event->kind == EV_TLB_FLUSH) {
        told->flushes++;
        told->scope = event->detail;
        told->invalidations = event->count;
    }
}

/* ---- the rows of 5.4 ---- */

static void
enter_page(struct pmap_fixture *f, struct pmap *pmap, unsigned frame, char letter)
{
    assert_int_equal(pmap_enter(pmap, pmap_fixture_va(f, pmap, 0), f->data[frame],
                                picture_prot(letter), picture_flags(letter)),
                     VMM_OK);
}

static void
to_other_page(struct pmap_fixture *f, struct pmap *pmap)
{
    enter_page(f, pmap, 1, 'r');
}

static void
to_wired(struct pmap_fixture *f, struct pmap *pmap)
{
    enter_page(f, pmap, 0, 'R');
}

static void
to_writable(struct pmap_fixture *f, struct pmap *pmap)
{
    enter_page(f, pmap, 0, 'w');
}

static void
to_writable_and_wired(struct pmap_fixture *f, struct pmap *pmap)
{
    enter_page(f, pmap, 0, 'W');
}

static void
to_executable(struct pmap_fixture *f, struct pmap *pmap)
{
    enter_page(f, pmap, 0, 'x');
}

static void
wiring_changed(struct pmap_fixture *f, struct pmap *pmap)
{
    assert_true(pmap_change_wiring(pmap, pmap_fixture_va(f, pmap, 0), true));
}

static void
removed(struct pmap_fixture *f, struct pmap *pmap)
{
    pmap_remove(pmap, pmap_fixture_va(f, pmap, 0), pmap_fixture_va(f, pmap, 1));
}

static void protected(struct pmap_fixture *f, struct pmap *pmap)
{
    pmap_protect(pmap, pmap_fixture_va(f, pmap, 0), pmap_fixture_va(f, pmap, 1), VMM_PROT_READ);
}

static void
disconnected(struct pmap_fixture *f, struct pmap *pmap)
{
    (void)pmap;
    pmap_page_protect(f->pmaps, f->data[0], VMM_PROT_NONE);
}

static void
invalid_to_valid(struct pmap_fixture *f, struct pmap *pmap)
{
    assert_int_equal(pmap_enter(pmap, pmap_fixture_va(f, pmap, 1), f->data[1], VMM_PROT_READ, 0),
                     VMM_OK);
}

static void
compressed_to_valid(struct pmap_fixture *f, struct pmap *pmap)
{
    enter_page(f, pmap, 0, 'r');
}

struct row {
    const char *name;
    char before; /* page 0, in letters of a picture; 'c': the compressed marker */
    void (*change)(struct pmap_fixture *f, struct pmap *pmap);
    bool flushes_x86;
    bool flushes_arm64;
};

static const struct row rows[] = {
    { "invalid to valid", 'r', invalid_to_valid, false, false },
    { "only the wired bit, by enter", 'r', to_wired, false, true },
    { "only the wired bit, by change_wiring", 'r', wiring_changed, false, false },
    { "adds WRITE only", 'r', to_writable, false, true },
    { "adds WRITE and flips the wired bit", 'r', to_writable_and_wired, true, true },
    { "another attribute", 'r', to_executable, true, true },
    { "another page", 'r', to_other_page, true, true },
    { "removed", 'r', removed, true, true },
    { "protected", 'a', protected, true, true },
    { "disconnected", 'r', disconnected, true, true },
    { "compressed marker to valid", 'c', compressed_to_valid, false, false },
};

static void
prepare(struct pmap_fixture *f, const struct row *row, struct pmap *pmap, enum cpu_state state)
{
    char letter = row->before == 'c' ? 'r' : row->before;

    f->trace.cpu = 0;
    for (uint32_t cpu = 0; cpu < 3; cpu++)
        pmap_switch(f->pmaps, cpu, f->user);
    enter_page(f, pmap, 0, letter);
    if (row->before == 'c')
        pmap_page_compress(f->pmaps, f->data[0]);
    put_cpu(f, 0, IN_KERNEL);
    put_cpu(f, 1, state);
    put_cpu(f, 2, ASLEEP);
}

static void
clean(struct pmap_fixture *f, struct pmap *pmap)
{
    pmap_remove(pmap, pmap_fixture_va(f, pmap, 0), pmap_fixture_va(f, pmap, 2));
}

/* Makes the change of a row and tells who was interrupted. */
static struct told
watch(struct pmap_fixture *f, const struct row *row, struct pmap *pmap, enum cpu_state state)
{
    struct told told = { .sink = { see_told, NULL } };

    prepare(f, row, pmap, state);
    trace_attach(&f->trace, &told.sink);
    row->change(f, pmap);
    trace_detach(&f->trace, &told.sink);
    assert_pmap_invariants(f);
    return told;
}

/*  CPU 1:                user    kernel    kernel, interrupts off    asleep
 *  kernel pmap           mark    told      told, sender spins        mark
 *  user pmap, running    told    told      told, sender spins        mark                  */
static void
assert_row_x86(struct pmap_fixture *f, const struct row *row, bool is_kernel)
{
    static const bool reached[2][CPU_STATES] = {
        { [IN_USER] = true, [IN_KERNEL] = true, [IN_KERNEL_INTERRUPTS_OFF] = true },
        { [IN_KERNEL] = true, [IN_KERNEL_INTERRUPTS_OFF] = true },
    };
    struct pmap *pmap = is_kernel ? f->kernel : f->user;

    for (enum cpu_state state = IN_USER; state < CPU_STATES; state++) {
        struct told told = watch(f, row, pmap, state);
        bool is_told = row->flushes_x86 && reached[is_kernel][state];

        if (told.cpus != (is_told ? 2u : 0u) || told.flushes != row->flushes_x86)
            fail_msg("%s, %s pmap, state %d: %u flushes, CPUs %#x", row->name,
                     is_kernel ? "kernel" : "user", state, told.flushes, (unsigned)told.cpus);
        assert_int_equal(told.waits, is_told && state == IN_KERNEL_INTERRUPTS_OFF);
        assert_int_equal(pmap_is_flush_pending(f->pmaps, 1), row->flushes_x86 && !is_told);
        assert_int_equal(pmap_is_flush_pending(f->pmaps, 2), row->flushes_x86);
        clean(f, pmap);
    }
}

static void
each_row_of_5_4_interrupts_whom_5_5_says(void **state)
{
    struct pmap_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        assert_row_x86(f, &rows[i], false);
        assert_row_x86(f, &rows[i], true);
    }
}

/*  arm64: nobody is ever interrupted or marked, and every CPU has forgotten  */
static void
each_row_of_5_4_broadcasts_on_arm64(void **state)
{
    struct pmap_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        for (enum cpu_state at = IN_USER; at < CPU_STATES; at++) {
            struct told told = watch(f, &rows[i], f->user, at);

            if (told.cpus != 0 || told.flushes != rows[i].flushes_arm64)
                fail_msg("%s: %u flushes, CPUs %#x", rows[i].name, told.flushes,
                         (unsigned)told.cpus);
            assert_false(pmap_is_flush_pending(f->pmaps, 1));
            assert_false(pmap_is_flush_pending(f->pmaps, 2));
            clean(f, f->user);
        }
    }
}

/*  vm.md 5.5: a CPU that runs another task, or none, is not told; it forgets before it runs ours again  */
static void
a_cpu_that_runs_another_space_forgets_before_it_runs_ours(void **state)
{
    struct pmap_fixture *f = *state;
    struct told told = { .sink = { see_told, NULL } };

    prepare(f, &rows[0], f->user, IN_USER);
    assert_int_equal(fixture_access(f, 1, f->user, 0, HW_READ), HW_OK);
    pmap_switch(f->pmaps, 1, f->other);
    trace_attach(&f->trace, &told.sink);
    removed(f, f->user);
    trace_detach(&f->trace, &told.sink);
    assert_int_equal(told.cpus, 0);
    assert_false(pmap_is_flush_pending(f->pmaps, 1));
    assert_int_equal(f->user->incoherent_cpus >> 1 & 1, 1);
    assert_pmap_invariants(f); /* what CPU 1 remembers is stale, and allowed */
    pmap_switch(f->pmaps, 1, f->user);
    assert_int_equal(f->user->incoherent_cpus >> 1 & 1, 0);
    assert_int_equal(fixture_access(f, 1, f->user, 0, HW_READ), HW_FAULT_NOT_PRESENT);
}

/* Whether CPU 1 still remembers page 2 of a pmap. */
static bool
remembers(const struct pmap_fixture *f, const struct pmap *pmap)
{
    return hw_tlb_peek(&f->machine->cpus[1].tlb,
                       hw_vpn(f->machine->geometry, pmap_fixture_va(f, pmap, 2)), pmap->asid) != 0;
}

/*  What a told CPU forgets:      that space    the kernel's translations
 *  up to 10.14, user pmap        yes           no
 *  10.15 and later, user pmap    yes           yes                        (INVPCID, all contexts)  */
static void
from_10_15_on_a_told_cpu_forgets_everything(void **state)
{
    struct pmap_fixture *f = *state;

    assert_int_equal(
        pmap_enter(f->user, pmap_fixture_va(f, f->user, 2), f->data[2], VMM_PROT_READ, 0), VMM_OK);
    assert_int_equal(
        pmap_enter(f->kernel, pmap_fixture_va(f, f->kernel, 2), f->data[3], VMM_PROT_READ, 0),
        VMM_OK);
    for (unsigned is_new = 0; is_new < 2; is_new++) {
        struct told told = { .sink = { see_told, NULL } };

        f->pmaps->behavior.flushes_remote_globally = is_new;
        prepare(f, &rows[0], f->user, IN_USER);
        assert_int_equal(fixture_access(f, 1, f->user, 2, HW_READ), HW_OK);
        assert_int_equal(fixture_access(f, 1, f->kernel, 2, HW_READ), HW_OK);
        trace_attach(&f->trace, &told.sink);
        removed(f, f->user);
        trace_detach(&f->trace, &told.sink);
        assert_int_equal(told.cpus, 2);
        assert_int_equal(told.scope, PMAP_FLUSH_SPACE); /* what the sender itself forgets */
        assert_false(remembers(f, f->user));
        assert_int_equal(remembers(f, f->kernel), !is_new);
    }
}

/*  the kernel's own flush forgets every context, on every release  */
static void
a_kernel_flush_forgets_every_context(void **state)
{
    struct pmap_fixture *f = *state;
    struct told told = { .sink = { see_told, NULL } };

    assert_int_equal(
        pmap_enter(f->user, pmap_fixture_va(f, f->user, 2), f->data[2], VMM_PROT_READ, 0), VMM_OK);
    prepare(f, &rows[0], f->kernel, IN_KERNEL);
    assert_int_equal(fixture_access(f, 1, f->user, 2, HW_READ), HW_OK);
    trace_attach(&f->trace, &told.sink);
    removed(f, f->kernel);
    trace_detach(&f->trace, &told.sink);
    assert_int_equal(told.scope, PMAP_FLUSH_ALL);
    assert_false(remembers(f, f->user));
}

/*  T22: pmap_inp_max is 0, so one page costs the whole space; 3 lets ranges of 1 and 2 go page by page.
 *  KPTI doubles each.                                                                              */
static void
t22_the_range_does_not_matter_unless_inp_max_says_so(void **state)
{
    static const struct {
        uint32_t limit;
        unsigned pages;
        bool has_two_views;
        enum pmap_flush_scope scope;
        uint32_t invalidations;
    } cases[] = {
        { 0, 1, false, PMAP_FLUSH_SPACE, 1 }, { 0, 1, true, PMAP_FLUSH_SPACE, 2 },
        { 3, 2, false, PMAP_FLUSH_PAGES, 2 }, { 3, 2, true, PMAP_FLUSH_PAGES, 4 },
        { 3, 3, false, PMAP_FLUSH_SPACE, 1 },
    };
    struct pmap_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct told told = { .sink = { see_told, NULL } };
        vmm_va start = pmap_fixture_va(f, f->user, 0);

        f->pmaps->behavior.page_flush_limit = cases[i].limit;
        f->pmaps->behavior.has_two_views = cases[i].has_two_views;
        prepare(f, &rows[0], f->user, ASLEEP);
        assert_int_equal(fixture_access(f, 0, f->user, 0, HW_READ), HW_OK);
        trace_attach(&f->trace, &told.sink);
        pmap_remove(f->user, start, start + cases[i].pages * 4096);
        trace_detach(&f->trace, &told.sink);
        assert_int_equal(told.scope, cases[i].scope);
        assert_int_equal(told.invalidations, cases[i].invalidations);
        assert_int_equal(fixture_access(f, 0, f->user, 0, HW_READ), HW_FAULT_NOT_PRESENT);
        assert_pmap_invariants(f);
    }
}

/*  A put-off flush of two pages: nobody is told before pmap_flush(), then everybody who is awake, user
 *  code included, once. For the kernel's pmap that is more than an immediate flush reaches.        */
static void
a_delayed_flush_tells_every_awake_cpu_once(void **state)
{
    struct pmap_fixture *f = *state;

    for (unsigned is_kernel = 0; is_kernel < 2; is_kernel++) {
        struct pmap *pmap = is_kernel ? f->kernel : f->user;
        struct pmap_flush_context later = { .cpus = 0 };
        struct told told = { .sink = { see_told, NULL } };

        prepare(f, &rows[0], pmap, IN_USER);
        assert_int_equal(
            pmap_enter(pmap, pmap_fixture_va(f, pmap, 1), f->data[1], VMM_PROT_READ, 0), VMM_OK);
        assert_int_equal(fixture_access(f, 0, pmap, 1, HW_READ), HW_OK);
        trace_attach(&f->trace, &told.sink);
        pmap_page_protect_options(f->pmaps, f->data[0], VMM_PROT_NONE, &later);
        pmap_page_protect_options(f->pmaps, f->data[1], VMM_PROT_NONE, &later);
        assert_int_equal(told.flushes, 0);
        assert_int_equal(told.cpus, 0);
        pmap_flush(f->pmaps, &later);
        trace_detach(&f->trace, &told.sink);
        assert_int_equal(told.flushes, 1);
        assert_int_equal(told.cpus, 2);
        assert_true(pmap_is_flush_pending(f->pmaps, 2));
        assert_int_equal(later.cpus, 0);
        assert_int_equal(fixture_access(f, 0, pmap, 1, HW_READ), HW_FAULT_NOT_PRESENT);
        assert_pmap_invariants(f);
    }
}

static void
a_delayed_flush_of_nothing_is_none(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap_flush_context later = { .cpus = 0 };

    pmap_page_protect_options(f->pmaps, f->data[0], VMM_PROT_NONE, &later);
    pmap_flush(f->pmaps, &later);
    assert_events(f, "");
}

/*  a machine without PCIDs forgets everything at a switch of space, and nothing when it stays  */
static void
without_pcids_a_switch_forgets_everything(void **state)
{
    struct pmap_fixture *f = *state;
    struct hw_geometry old = hw_geometry_x86_64;

    old.has_asids = false;
    f->machine->geometry = &old;
    enter_picture(f, f->user, "r");
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_READ), HW_OK);
    pmap_switch(f->pmaps, 0, f->user);
    assert_int_equal(f->machine->cpus[0].tlb.asid_filter != 0, 1);
    pmap_switch(f->pmaps, 0, f->other);
    assert_int_equal(f->machine->cpus[0].tlb.asid_filter, 0);
    f->machine->geometry = &hw_geometry_x86_64;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, pmap_fixture_setup, pmap_fixture_teardown)
#define ARM64(test) \
    cmocka_unit_test_setup_teardown(test, pmap_fixture_setup_arm64, pmap_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_row_of_5_4_interrupts_whom_5_5_says),
        ARM64(each_row_of_5_4_broadcasts_on_arm64),
        CASE(a_cpu_that_runs_another_space_forgets_before_it_runs_ours),
        CASE(from_10_15_on_a_told_cpu_forgets_everything),
        CASE(a_kernel_flush_forgets_every_context),
        CASE(t22_the_range_does_not_matter_unless_inp_max_says_so),
        CASE(a_delayed_flush_tells_every_awake_cpu_once),
        CASE(a_delayed_flush_of_nothing_is_none),
        CASE(without_pcids_a_switch_forgets_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
