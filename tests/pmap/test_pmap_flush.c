/* test_pmap_flush.c - who forgets now, who later, and who is interrupted; vm.md 5.5 */
#include "pmap/pmap_flush.h"
#include "pmap_fixture.h"

/* Page 0 is in the TLB of every CPU that runs the pmap. Returns nothing was announced. */
static void
warm(struct pmap_fixture *f, struct pmap *pmap)
{
    enter_picture(f, pmap, "w");
    for (uint32_t cpu = 0; cpu < 3; cpu++) {
        if (pmap != f->kernel)
            pmap_switch(f->pmaps, cpu, pmap);
        assert_int_equal(fixture_access(f, cpu, pmap, 0, HW_READ), HW_OK);
    }
    f->events_length = 0;
}

static void
flush(struct pmap_fixture *f, struct pmap *pmap)
{
    pmap_flush_range(pmap, pmap_fixture_va(f, pmap, 0), pmap_fixture_va(f, pmap, 1));
}

/* Whether the CPU still has page 0 in its TLB. */
static bool
remembers(const struct pmap_fixture *f, uint32_t cpu, const struct pmap *pmap)
{
    uint64_t vpn = hw_vpn(f->machine->geometry, pmap_fixture_va(f, pmap, 0));
    uint32_t asid = pmap == f->kernel ? 0 : f->machine->cpus[cpu].user_asid;

    return hw_tlb_peek(&f->machine->cpus[cpu].tlb, vpn, asid) != 0;
}

/*  CPU 0 flushes; CPU 1 is in each mode, CPU 2 sleeps
 *
 *               kernel pmap      user pmap, loaded on CPU 1
 *  kernel       interrupt        interrupt
 *  user         mark             interrupt
 *  idle         mark             mark                                                      */
static void
a_cpu_is_interrupted_or_marked_as_5_5_says(void **state)
{
    static const struct {
        bool is_kernel;
        enum hw_cpu_mode mode;
        bool is_interrupted;
    } rows[] = {
        { true, HW_CPU_KERNEL, true },  { true, HW_CPU_USER, false }, { true, HW_CPU_IDLE, false },
        { false, HW_CPU_KERNEL, true }, { false, HW_CPU_USER, true }, { false, HW_CPU_IDLE, false },
    };
    struct pmap_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        struct pmap *pmap = rows[i].is_kernel ? f->kernel : f->user;

        warm(f, pmap);
        pmap_cpu_mode(f->pmaps, 1, rows[i].mode);
        flush(f, pmap);
        assert_events(f, rows[i].is_interrupted ? "FLUSH@0+1 SHOOTDOWN>1" : "FLUSH@0+1");
        assert_false(remembers(f, 0, pmap));
        assert_int_equal(remembers(f, 1, pmap), !rows[i].is_interrupted);
        assert_int_equal(pmap_is_flush_pending(f->pmaps, 1), !rows[i].is_interrupted);
        assert_false(pmap_is_flush_pending(f->pmaps, 0));
        assert_true(pmap_is_flush_pending(f->pmaps, 2));
        for (uint32_t cpu = 1; cpu < 3; cpu++) {
            pmap_cpu_mode(f->pmaps, cpu, HW_CPU_KERNEL);
            assert_false(remembers(f, cpu, pmap));
            pmap_cpu_mode(f->pmaps, cpu, HW_CPU_IDLE);
        }
    }
}

/*  CPU 1 ran the user pmap and now runs the other: it forgets, nobody is told, no mark  */
static void
a_cpu_that_runs_another_space_is_left_alone(void **state)
{
    struct pmap_fixture *f = *state;

    warm(f, f->user);
    pmap_switch(f->pmaps, 2, NULL);
    pmap_switch(f->pmaps, 1, f->other);
    pmap_cpu_mode(f->pmaps, 1, HW_CPU_USER);
    flush(f, f->user);
    assert_events(f, "FLUSH@0+1");
    for (uint32_t cpu = 1; cpu < 3; cpu++) {
        pmap_switch(f->pmaps, cpu, f->user);
        assert_false(remembers(f, cpu, f->user));
        assert_false(pmap_is_flush_pending(f->pmaps, cpu));
    }
}

/*  the flush of one space leaves the others' translations on every CPU  */
static void
a_flush_spares_other_spaces(void **state)
{
    struct pmap_fixture *f = *state;

    warm(f, f->kernel);
    warm(f, f->user);
    pmap_cpu_mode(f->pmaps, 1, HW_CPU_KERNEL);
    flush(f, f->user);
    assert_true(remembers(f, 0, f->kernel));
    assert_true(remembers(f, 1, f->kernel));
}

/*  the operation runs on CPU 2: it forgets itself, and CPU 0, in the kernel, is interrupted  */
static void
the_cpu_of_the_operation_is_never_interrupted(void **state)
{
    struct pmap_fixture *f = *state;

    warm(f, f->kernel);
    f->trace.cpu = 2;
    flush(f, f->kernel);
    assert_events(f, "FLUSH@0+1 SHOOTDOWN>0");
    assert_false(remembers(f, 2, f->kernel));
    assert_false(pmap_is_flush_pending(f->pmaps, 2));
}

/*  idle -> user, idle -> kernel, user -> kernel take it; user -> idle, idle -> idle do not  */
static void
a_mark_is_taken_when_a_cpu_wakes_or_enters_the_kernel(void **state)
{
    static const struct {
        enum hw_cpu_mode from, to;
        bool takes;
    } rows[] = {
        { HW_CPU_IDLE, HW_CPU_USER, true },   { HW_CPU_IDLE, HW_CPU_KERNEL, true },
        { HW_CPU_USER, HW_CPU_KERNEL, true }, { HW_CPU_USER, HW_CPU_IDLE, false },
        { HW_CPU_IDLE, HW_CPU_IDLE, false },  { HW_CPU_USER, HW_CPU_USER, false },
    };
    struct pmap_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        pmap_cpu_mode(f->pmaps, 1, HW_CPU_KERNEL);
        warm(f, f->kernel);
        pmap_cpu_mode(f->pmaps, 1, rows[i].from);
        flush(f, f->kernel);
        assert_true(pmap_is_flush_pending(f->pmaps, 1));
        pmap_cpu_mode(f->pmaps, 1, rows[i].to);
        assert_int_equal(pmap_is_flush_pending(f->pmaps, 1), !rows[i].takes);
        assert_int_equal(remembers(f, 1, f->kernel), !rows[i].takes);
        assert_int_equal(f->machine->cpus[1].mode, rows[i].to);
    }
}

static void
a_mark_is_taken_at_a_switch(void **state)
{
    struct pmap_fixture *f = *state;

    warm(f, f->user);
    flush(f, f->user);
    assert_true(pmap_is_flush_pending(f->pmaps, 1));
    pmap_switch(f->pmaps, 1, f->user);
    assert_false(pmap_is_flush_pending(f->pmaps, 1));
    assert_false(remembers(f, 1, f->user));
}

/*  CPU 1 sleeps while the translation goes: what it remembers is wrong, and allowed (I18)  */
static void
i18_a_marked_cpu_may_remember_what_is_gone(void **state)
{
    struct pmap_fixture *f = *state;

    warm(f, f->kernel);
    pmap_remove(f->kernel, pmap_fixture_va(f, f->kernel, 0), pmap_fixture_va(f, f->kernel, 1));
    assert_true(remembers(f, 1, f->kernel));
    assert_pmap_invariants(f);
    pmap_cpu_mode(f->pmaps, 1, HW_CPU_KERNEL);
    assert_int_equal(fixture_access(f, 1, f->kernel, 0, HW_READ), HW_FAULT_NOT_PRESENT);
}

/*  vm.md 5.6: 256 pages behind page 0 are named one by one; of 257 the whole space is forgotten        */
static void
a_broadcast_names_up_to_256_pages(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va from = pmap_fixture_va(f, f->user, 1);

    warm(f, f->user);
    pmap_flush_range(f->user, from, pmap_fixture_va(f, f->user, 257));
    assert_true(remembers(f, 0, f->user));
    pmap_flush_range(f->user, from, pmap_fixture_va(f, f->user, 258));
    assert_false(remembers(f, 0, f->user));
}

/*  vm.md 5.6: for the kernel, and for a pmap in common, "the whole space" is everything there is         */
static void
a_large_broadcast_for_all_spaces_forgets_everything(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap *shared = pmap_create_shared(f->pmaps, 9);
    struct pmap *pmaps[] = { f->kernel, shared };

    assert_non_null(shared);
    for (size_t i = 0; i < VMM_COUNT_OF(pmaps); i++) {
        warm(f, f->user);
        pmap_flush_range(pmaps[i], pmap_fixture_va(f, pmaps[i], 0),
                         pmap_fixture_va(f, pmaps[i], 256));
        assert_true(remembers(f, 1, f->user));
        pmap_flush_range(pmaps[i], pmap_fixture_va(f, pmaps[i], 0),
                         pmap_fixture_va(f, pmaps[i], 257));
        assert_false(remembers(f, 1, f->user));
    }
    pmap_destroy(shared);
}

/*  a pmap in common is never run, so no CPU owes it anything for ever: marks say who must forget        */
static void
a_flush_in_common_is_owed_by_nobody_who_was_told(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap *shared = pmap_create_shared(f->pmaps, 9);

    assert_non_null(shared);
    pmap_cpu_mode(f->pmaps, 1, HW_CPU_USER);
    flush(f, shared);
    assert_int_equal(pmap_cpu_owes(f->pmaps, 0), 0);
    assert_int_equal(pmap_cpu_owes(f->pmaps, 1), 0);
    assert_int_equal(pmap_cpu_owes(f->pmaps, 2), 2); /* it sleeps: everything, when it wakes */
    pmap_destroy(shared);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, pmap_fixture_setup, pmap_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_cpu_is_interrupted_or_marked_as_5_5_says),
        CASE(a_cpu_that_runs_another_space_is_left_alone),
        CASE(a_flush_spares_other_spaces),
        CASE(the_cpu_of_the_operation_is_never_interrupted),
        CASE(a_mark_is_taken_when_a_cpu_wakes_or_enters_the_kernel),
        CASE(a_mark_is_taken_at_a_switch),
        CASE(i18_a_marked_cpu_may_remember_what_is_gone),
        CASE(a_flush_in_common_is_owed_by_nobody_who_was_told),
        cmocka_unit_test_setup_teardown(a_large_broadcast_for_all_spaces_forgets_everything,
                                        pmap_fixture_setup_arm64, pmap_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_broadcast_names_up_to_256_pages, pmap_fixture_setup_arm64,
                                        pmap_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
