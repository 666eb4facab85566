/* test_pmap_nest.c - leaf tables in common; vm.md 5.3, 5.5, 5.7 */
#include "pmap/pmap_internal.h"
#include "pmap_fixture.h"

static struct pmap *
nested(struct pmap_fixture *f)
{
    struct pmap *shared = pmap_create_shared(f->pmaps, 9);
    unsigned span = f->geometry->page_shift == 12 ? 512 : 2048;

    assert_non_null(shared);
    assert_int_equal(pmap_nest(f->user, shared, pmap_fixture_va(f, f->user, 0),
                               pmap_fixture_va(f, f->user, span)),
                     VMM_OK);
    assert_int_equal(pmap_nest(f->other, shared, pmap_fixture_va(f, f->user, 0),
                               pmap_fixture_va(f, f->user, span)),
                     VMM_OK);
    f->events_length = 0;
    return shared;
}

static void
unnest(struct pmap_fixture *f, struct pmap *pmap)
{
    unsigned span = f->geometry->page_shift == 12 ? 512 : 2048;

    pmap_unnest(pmap, pmap_fixture_va(f, pmap, 0), pmap_fixture_va(f, pmap, span));
}

static void
end(struct pmap_fixture *f, struct pmap *shared)
{
    pmap_remove(shared, pmap_fixture_va(f, f->user, 0), pmap_fixture_va(f, f->user, 16));
    assert_pmap_invariants(f);
    unnest(f, f->user);
    unnest(f, f->other);
    pmap_destroy(shared);
}

/*  what the sub-pmap enters, everybody sees, and nobody but the sub-pmap counts it  */
static void
a_shared_translation_is_everybodys(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap *shared = nested(f);
    struct pmap_statistics statistics;

    assert_int_equal(
        pmap_enter(shared, pmap_fixture_va(f, f->user, 2), f->data[2], VMM_PROT_READ, 0), VMM_OK);
    assert_picture(f, f->user, "--r-");
    assert_picture(f, f->other, "--r-");
    assert_int_equal(fixture_access(f, 0, f->user, 2, HW_READ), HW_OK);
    pmap_statistics(f->user, &statistics);
    assert_int_equal(statistics.resident_pages, 0);
    pmap_statistics(shared, &statistics);
    assert_int_equal(statistics.resident_pages, 1);
    end(f, shared);
}

/*  vm.md 5.5: every non-idle CPU is interrupted, whatever it runs; and it has forgotten  */
static void
a_shared_flush_reaches_every_awake_cpu(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap *shared = nested(f);

    assert_int_equal(
        pmap_enter(shared, pmap_fixture_va(f, f->user, 2), f->data[2], VMM_PROT_READ, 0), VMM_OK);
    pmap_switch(f->pmaps, 1, f->other);
    pmap_cpu_mode(f->pmaps, 1, HW_CPU_USER);
    assert_int_equal(fixture_access(f, 0, f->user, 2, HW_READ), HW_OK);
    assert_int_equal(fixture_access(f, 1, f->other, 2, HW_READ), HW_OK);
    f->events_length = 0;
    pmap_remove(shared, pmap_fixture_va(f, f->user, 2), pmap_fixture_va(f, f->user, 3));
    assert_events(f, f->geometry->has_broadcast_flush ? "REMOVE@2 FLUSH@2+1 SYNC"
                                                      : "REMOVE@2 FLUSH@2+1 SHOOTDOWN>1");
    assert_int_equal(fixture_access(f, 0, f->user, 2, HW_READ), HW_FAULT_NOT_PRESENT);
    assert_int_equal(fixture_access(f, 1, f->other, 2, HW_READ), HW_FAULT_NOT_PRESENT);
    end(f, shared);
}

/*  a range of a nesting pmap is unnested before it changes; unnesting flushes once, and only once  */
static void
unnesting_takes_the_tables_out_with_one_flush(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap *shared = nested(f);

    assert_int_equal(
        pmap_enter(shared, pmap_fixture_va(f, f->user, 0), f->data[0], VMM_PROT_READ, 0), VMM_OK);
    pmap_remove(f->user, pmap_fixture_va(f, f->user, 0), pmap_fixture_va(f, f->user, 9));
    assert_picture(f, f->user, "r"); /* it is not the user's to remove */
    f->events_length = 0;
    unnest(f, f->user);
    unnest(f, f->user);
    assert_events(f, f->geometry->has_broadcast_flush ? "FLUSH@0+2048 SYNC" : "FLUSH@0+512");
    assert_picture(f, f->user, "-");
    assert_picture(f, f->other, "r");
    enter_picture(f, f->user, "-w"); /* into a table of its own */
    assert_picture(f, f->other, "r-");
    end(f, shared);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_shared_translation_is_everybodys),
        BOTH(a_shared_flush_reaches_every_awake_cpu),
        BOTH(unnesting_takes_the_tables_out_with_one_flush),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
