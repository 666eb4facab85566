/* test_pmap_enter_run.c - many translations at once: what is done, and where it stops */
#include "pmap/pmap_enter_run.h"
#include "pmap/pmap_internal.h"
#include "pmap_fixture.h"

/*
 * pmap_row_enter() of data frames `first` and following at pages `first` and following, unwatched: the
 * fixture takes them in a row. Their row begins at the page before.
 */
static uint32_t
enter_run(struct pmap_fixture *f, unsigned first, uint32_t count)
{
    struct trace_sink *sinks = f->trace.sinks;
    struct pmap_row row;
    uint32_t done;

    f->trace.sinks = NULL;
    assert_int_equal(f->data[first + count - 1], f->data[first] + count - 1);
    assert_true(pmap_row_find(f->user, pmap_fixture_va(f, f->user, first - 1), count + 1, &row));
    done = pmap_row_enter(&row, 1, f->data[first], count, VMM_PROT_READ | VMM_PROT_WRITE,
                          PMAP_ENTER_STORE);
    f->trace.sinks = sinks;
    return done;
}

/*  pages 0..4    0 makes the chunk; 1 and 2 are entered, 3's frame is mapped elsewhere: x86 and arm64 stop  */
static void
a_run_ends_at_a_frame_that_is_mapped(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "r");
    enter_picture(f, f->other, "---r");
    assert_int_equal(enter_run(f, 1, 4), 2);
    assert_picture(f, f->user, "rww--");
    assert_pmap_invariants(f);
}

/*  A page that could not be entered was not stored to: by frame (3 above), and by word (1 has one)      */
static void
a_page_that_is_not_entered_is_not_modified(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "rr");
    enter_picture(f, f->other, "---r");
    for (unsigned n = 0; n < 4; n++)
        pmap_clear_refmod(f->pmaps, f->data[n], PMAP_MODIFIED);
    assert_int_equal(enter_run(f, 2, 2), 1);
    assert_true(pmap_refmod(f->pmaps, f->data[2]) & PMAP_MODIFIED ||
                f->geometry->page_shift == 12); /* there the hardware notes it */
    assert_false(pmap_refmod(f->pmaps, f->data[3]) & PMAP_MODIFIED);
    assert_int_equal(enter_run(f, 1, 1), 0);
    assert_false(pmap_refmod(f->pmaps, f->data[1]) & PMAP_MODIFIED);
    assert_pmap_invariants(f);
}

/*  page 0 mapped: the others have room. None mapped: the first needs a record of where that is.     */
static void
room_is_where_no_record_is_needed(void **state)
{
    struct pmap_fixture *f = *state;
    struct trace_sink *sinks = f->trace.sinks;
    vmm_va page = pmap_fixture_va(f, f->user, 0);
    struct pmap_row row;

    enter_picture(f, f->user, "r-r");
    f->trace.sinks = NULL;
    assert_true(pmap_row_find(f->user, pmap_fixture_va(f, f->user, 1), 9, &row));
    assert_int_equal(pmap_row_room(&row), 1);
    pmap_remove(f->user, page, pmap_fixture_va(f, f->user, 3));
    if (pmap_row_find(f->user, page, 9, &row)) {
        assert_int_equal(pmap_row_room(&row), 0);
        assert_int_equal(pmap_row_enter(&row, 0, f->data[0], 1, VMM_PROT_READ, 0), 1);
        assert_int_equal(pmap_row_room(&row), 0);
        assert_true(pmap_row_find(f->user, pmap_fixture_va(f, f->user, 1), 9, &row));
        assert_int_equal(pmap_row_room(&row), 9);
    }
    f->trace.sinks = sinks;
    assert_pmap_invariants(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_run_ends_at_a_frame_that_is_mapped),
        BOTH(a_page_that_is_not_entered_is_not_modified),
        BOTH(room_is_where_no_record_is_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
