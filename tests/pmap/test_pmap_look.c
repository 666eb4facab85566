/* test_pmap_look.c - what a display is told of a TLB */
#include "pmap/pmap_look.h"

#include "pmap/pmap_internal.h"
#include "pmap_fixture.h"

enum { FRAME = 0x80000, LINES = 16 };

struct seen {
    size_t count;
    struct pmap_look_line lines[LINES];
};

static void
see(void *context, const struct pmap_look_line *line)
{
    struct seen *seen = context;

    assert_true(seen->count < LINES);
    seen->lines[seen->count++] = *line;
}

/*  L1 has room for four of these five pages of one set, L2 for all: the first page is told last         */
static void
each_remembered_translation_is_told_once(void **state)
{
    struct pmap_fixture *f = *state;
    const struct hw_tlb_level *l1 = &f->machine->cpus[0].tlb.l1;
    struct seen seen = { 0 };

    for (unsigned i = 0; i <= l1->ways; i++) {
        assert_int_equal(pmap_enter(f->user, pmap_fixture_va(f, f->user, i * l1->sets), FRAME + i,
                                    VMM_PROT_READ, 0),
                         VMM_OK);
        assert_int_equal(fixture_access(f, 0, f->user, i * l1->sets, HW_READ), HW_OK);
    }
    pmap_look_tlb(f->pmaps, 0, see, &seen);
    assert_int_equal(seen.count, l1->ways + 1);
    for (size_t i = 0; i < seen.count; i++) {
        assert_int_equal(seen.lines[i].in_l1, i < l1->ways);
        assert_true(seen.lines[i].in_l2);
        assert_false(seen.lines[i].is_stale);
        assert_int_equal(seen.lines[i].space, f->user->space);
    }
    assert_int_equal(seen.lines[l1->ways].va, pmap_fixture_va(f, f->user, 0));
    assert_int_equal(seen.lines[l1->ways].translation.ppn, FRAME);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(each_remembered_translation_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
