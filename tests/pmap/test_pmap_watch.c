/* test_pmap_watch.c - a mirror that only the watch feeds always equals the tables */
#include "base/rng.h"
#include "pmap/pmap_internal.h"
#include "pmap/pmap_table.h"
#include "pmap_fixture.h"
#include "test_trap.h"

enum { PAGES = 600 }; /* more than one leaf table */

/* What the watch said, and nothing else. */
struct mirror {
    struct pmap_watch watch;
    struct pmap_fixture *f;
    vmm_ppn ppn[3][PAGES]; /* by space */
    vmm_prot prot[3][PAGES];
    unsigned calls;
};

static struct mirror mirror;

static vmm_size
page_bytes(const struct pmap_fixture *f)
{
    return hw_page_bytes(f->machine->geometry);
}

static struct pmap *
pmap_of(const struct pmap_fixture *f, uint32_t space)
{
    return space == 0 ? f->kernel : space == 1 ? f->user : f->other;
}

static unsigned
page_of(const struct mirror *m, uint32_t space, vmm_va va)
{
    vmm_va base = pmap_fixture_va(m->f, pmap_of(m->f, space), 0);

    assert_true(va >= base && va % page_bytes(m->f) == 0 && (va - base) / page_bytes(m->f) < PAGES);
    return (unsigned)((va - base) / page_bytes(m->f));
}

static void
entered(void *context, uint32_t space, vmm_va va, vmm_ppn ppn, vmm_prot prot)
{
    struct mirror *m = context;

    m->ppn[space][page_of(m, space, va)] = ppn;
    m->prot[space][page_of(m, space, va)] = prot;
    m->calls++;
}

static void
removed(void *context, uint32_t space, vmm_va va, vmm_size bytes)
{
    struct mirror *m = context;

    assert_true(bytes > 0);
    for (vmm_va at = va; at < va + bytes; at += page_bytes(m->f))
        m->ppn[space][page_of(m, space, at)] = VMM_NO_PAGE;
    m->calls++;
}

static void
narrowed(void *context, uint32_t space, vmm_va va, vmm_size bytes, vmm_prot prot)
{
    struct mirror *m = context;

    assert_true(bytes > 0);
    for (vmm_va at = va; at < va + bytes; at += page_bytes(m->f)) {
        unsigned n = page_of(m, space, at);

        assert_int_not_equal(m->ppn[space][n], VMM_NO_PAGE);
        assert_int_equal(prot & ~m->prot[space][n], 0);
        assert_int_not_equal(prot, m->prot[space][n]);
        m->prot[space][n] = prot;
    }
    m->calls++;
}

static int
setup_on(void **state, const struct hw_geometry *geometry)
{
    int result = pmap_fixture_setup_on(state, geometry);

    mirror = (struct mirror){ .watch = { &mirror, entered, removed, narrowed }, .f = *state };
    pmap_system_watch(mirror.f->pmaps, &mirror.watch);
    return result;
}

static int
setup(void **state)
{
    return setup_on(state, &hw_geometry_x86_64);
}

static int
setup_arm64(void **state)
{
    return setup_on(state, &hw_geometry_arm64_16k);
}

static void
assert_mirror(const struct mirror *m)
{
    for (uint32_t space = 0; space < 3; space++)
        for (unsigned n = 0; n < PAGES; n++) {
            const struct pmap *pmap = pmap_of(m->f, space);
            struct pmap_translation found = { .ppn = VMM_NO_PAGE };
            bool is_closed = false; /* arm64: without AF the hardware uses no word */

            if (pmap_query(pmap, pmap_fixture_va(m->f, pmap, n), &found))
                is_closed = pmap_tracks_refmod(m->f->pmaps) &&
                            !(*pmap_table_slot(pmap, pmap_fixture_va(m->f, pmap, n)) & HW_PTE_REF);
            if (found.ppn != VMM_NO_PAGE && !is_closed)
                assert_int_equal(m->prot[space][n], found.prot);
            assert_int_equal(m->ppn[space][n], is_closed ? VMM_NO_PAGE : found.ppn);
        }
}

/*  before  rxwaw-W    protect to rw: x and the two a's lose EXECUTE; all become what they become
 *  told    one call for each stretch of neighbours that end with the same rights                 */
static void
neighbours_that_narrow_alike_are_told_together(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va from = pmap_fixture_va(f, f->user, 0);

    enter_picture(f, f->user, "rxxwaa-W");
    assert_mirror(&mirror);
    mirror.calls = 0;
    pmap_protect(f->user, from, from + 8 * page_bytes(f), VMM_PROT_DEFAULT);
    assert_picture(f, f->user, "rrrwww-W");
    assert_mirror(&mirror);
    assert_int_equal(mirror.calls, 2); /* pages 1 and 2, pages 4 and 5 */
}

static void
what_changes_nothing_is_not_told(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va from = pmap_fixture_va(f, f->user, 0);

    enter_picture(f, f->user, "rW");
    mirror.calls = 0;
    pmap_protect(f->user, from, from + 2 * page_bytes(f), VMM_PROT_DEFAULT);
    pmap_change_wiring(f->user, from, true);
    pmap_remove(f->user, from + 2 * page_bytes(f), from + 8 * page_bytes(f));
    pmap_page_protect(f->pmaps, f->data[0], VMM_PROT_READ);
    assert_int_equal(mirror.calls, 0);
}

/*  before  xw-      x loses AF, so it translates nothing; w waits for its first store, so it is read-only
 *  told    nothing  when x loses EXECUTE and w its mark: the embedder has both as they are              */
static void
what_the_hardware_does_not_use_is_not_narrowed(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va from = pmap_fixture_va(f, f->user, 0);

    enter_picture(f, f->user, "xw-");
    pmap_clear_refmod(f->pmaps, f->data[0], PMAP_REFERENCED);
    assert_mirror(&mirror);
    mirror.calls = 0;
    pmap_protect(f->user, from, from + 3 * page_bytes(f), VMM_PROT_READ);
    assert_mirror(&mirror);
    enter_picture(f, f->other, "xw-");
    pmap_clear_refmod(f->pmaps, f->data[1], PMAP_REFERENCED);
    mirror.calls = 0;
    pmap_page_protect(f->pmaps, f->data[1], VMM_PROT_READ);
    assert_mirror(&mirror);
    assert_int_equal(mirror.calls, 0);
}

static void
a_removed_range_is_told_once_a_table(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va from = pmap_fixture_va(f, f->user, 0);

    enter_picture(f, f->user, "rrrrWWWW");
    mirror.calls = 0;
    pmap_remove(f->user, from, from + 8 * page_bytes(f));
    assert_int_equal(mirror.calls, 1);
    assert_mirror(&mirror);
}

static void
nobody_watches_after_null(void **state)
{
    struct pmap_fixture *f = *state;

    pmap_system_watch(f->pmaps, NULL);
    enter_picture(f, f->user, "rW");
    assert_int_equal(mirror.calls, 0);
}

static void
random_step(struct pmap_fixture *f, struct vmm_rng *rng)
{
    static const vmm_prot rights[] = { 1, 3, 5, 7 };
    struct pmap *pmap = pmap_of(f, (uint32_t)vmm_rng_below(rng, 3));
    unsigned from = (unsigned)vmm_rng_below(rng, PAGES);
    unsigned pages = 1 + (unsigned)vmm_rng_below(rng, PAGES - from);
    vmm_ppn ppn = f->data[vmm_rng_below(rng, FIXTURE_DATA)];
    vmm_prot prot = rights[vmm_rng_below(rng, 4)];
    vmm_va start = pmap_fixture_va(f, pmap, from);

    switch (vmm_rng_below(rng, 10)) {
    case 0:
        pmap_remove(pmap, start, start + (vmm_size)(pages % 40) * page_bytes(f));
        break;
    case 1:
        pmap_protect(pmap, start, start + (vmm_size)pages * page_bytes(f), prot);
        break;
    case 2:
        pmap_page_protect(f->pmaps, ppn, prot);
        break;
    case 3:
        pmap_page_protect(f->pmaps, ppn, VMM_PROT_NONE);
        break;
    case 4:
        pmap_clear_refmod(f->pmaps, ppn, 1 + (uint32_t)vmm_rng_below(rng, 3));
        break;
    case 5:
        (void)pmap_fast_fault(pmap, start, prot);
        break;
    default:
        assert_int_equal(pmap_enter(pmap, start, ppn, prot, 0), VMM_OK);
    }
}

static void
the_mirror_equals_the_tables_whatever_happens(void **state)
{
    struct vmm_rng rng = { 7 };

    for (unsigned step = 0; step < 4000; step++) {
        random_step(*state, &rng);
        if (step % 8 == 0)
            assert_mirror(&mirror);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, pmap_fixture_teardown)
#define CASE_ARM64(test) cmocka_unit_test_setup_teardown(test, setup_arm64, pmap_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(neighbours_that_narrow_alike_are_told_together),
        CASE(what_changes_nothing_is_not_told),
        CASE(a_removed_range_is_told_once_a_table),
        CASE(nobody_watches_after_null),
        CASE(the_mirror_equals_the_tables_whatever_happens),
        CASE_ARM64(what_the_hardware_does_not_use_is_not_narrowed),
        CASE_ARM64(the_mirror_equals_the_tables_whatever_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
