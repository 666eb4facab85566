/* test_pmap_pv.c - from a frame back to everybody who maps it */
#include "pmap/pmap_pv.h"
#include "pmap/pmap_internal.h"
#include "pmap_fixture.h"
#include "test_trap.h"

/* The records of a data frame as text: u0 is page 0 of the user pmap, newest first. */
static const char *
records(const struct pmap_fixture *f, unsigned frame, char *text)
{
    size_t length = 0;
    struct pmap_mapping at;
    bool any = pmap_pv_first(f->pmaps, f->data[frame], &at);

    for (; any; any = pmap_pv_next(f->pmaps, &at)) {
        text[length++] = at.pmap == f->user ? 'u' : at.pmap == f->kernel ? 'k' : 'o';
        text[length++] = (char)('0' + (at.va >> 12 & 0xf));
    }
    text[length] = '\0';
    return text;
}

static void
add(struct pmap_fixture *f, struct pmap *pmap, unsigned n)
{
    assert_true(pmap_pv_add(f->pmaps, f->data[0], pmap, pmap_fixture_va(f, pmap, n)));
}

static void
take(struct pmap_fixture *f, struct pmap *pmap, unsigned n)
{
    pmap_pv_remove(f->pmaps, f->data[0], pmap, pmap_fixture_va(f, pmap, n));
}

/*  u0 u3 o0     the same address in another pmap is another record;
 *               out go the middle, the first and the last                                  */
static void
each_record_is_found_and_removed(void **state)
{
    struct pmap_fixture *f = *state;
    char text[16];

    add(f, f->user, 0);
    add(f, f->user, 3);
    add(f, f->other, 0);
    assert_string_equal(records(f, 0, text), "o0u3u0");
    assert_string_equal(records(f, 1, text), "");
    take(f, f->user, 3);
    assert_string_equal(records(f, 0, text), "o0u0");
    take(f, f->other, 0);
    take(f, f->user, 0);
    assert_string_equal(records(f, 0, text), "");
    assert_int_equal(f->pmaps->records.pieces_in_use, 0);
    assert_int_equal(f->pmaps->chunks.pieces_in_use, 0); /* V1 */
}

/*  k3 then u1 k3    the kernel's address comes back whole; what was harvested stays with the page  */
static void
one_mapping_stands_in_the_frames_word(void **state)
{
    struct pmap_fixture *f = *state;
    char text[16];

    add(f, f->kernel, 3);
    pmap_note_attributes(f->pmaps, f->data[0], PMAP_MODIFIED);
    assert_string_equal(records(f, 0, text), "k3");
    assert_int_equal(f->pmaps->records.pieces_in_use, 0);
    add(f, f->user, 1);
    assert_string_equal(records(f, 0, text), "u1k3");
    take(f, f->kernel, 3);
    take(f, f->user, 1);
    assert_int_equal(pmap_attributes(f->pmaps, f->data[0]), PMAP_MODIFIED);
}

static void
a_record_that_cannot_be_had_changes_nothing(void **state)
{
    struct pmap_fixture *f = *state;
    char text[16];

    test_alloc_fail_next(&f->counting, 1); /* of a chunk */
    assert_false(pmap_pv_add(f->pmaps, f->data[0], f->user, pmap_fixture_va(f, f->user, 0)));
    assert_string_equal(records(f, 0, text), "");
    add(f, f->user, 0);
    test_alloc_fail_next(&f->counting, 1); /* of a list */
    assert_false(pmap_pv_add(f->pmaps, f->data[0], f->user, pmap_fixture_va(f, f->user, 1)));
    assert_string_equal(records(f, 0, text), "u0");
    take(f, f->user, 0);
}

/* Leaves a pool so many numbers; none that was given back waits in it. */
static void
leave(struct vmm_pool *pool, uint32_t numbers)
{
    assert_int_equal(pool->free_list, 0);
    pool->limit = pool->fresh + numbers;
}

/* pmap_pv_add() is refused, and neither the frame's word nor the pools tell of it. */
static void
assert_refused(struct pmap_fixture *f, struct pmap *pmap, unsigned n)
{
    uint32_t word = f->machine->frames.words[f->data[0]];
    uint32_t chunks = f->pmaps->chunks.pieces_in_use;
    uint32_t records = f->pmaps->records.pieces_in_use;
    uint64_t own_chunks = pmap->chunks.count;

    assert_false(pmap_pv_add(f->pmaps, f->data[0], pmap, pmap_fixture_va(f, pmap, n)));
    assert_int_equal(f->machine->frames.words[f->data[0]], word);
    assert_int_equal(f->pmaps->chunks.pieces_in_use, chunks);
    assert_int_equal(f->pmaps->records.pieces_in_use, records);
    assert_int_equal(pmap->chunks.count, own_chunks);
}

/*  no number for a chunk: nothing is mapped; with one, what needs no second one still is              */
static void
a_chunk_beyond_the_limit_is_refused(void **state)
{
    struct pmap_fixture *f = *state;
    char text[16];

    leave(&f->pmaps->chunks, 0);
    assert_refused(f, f->user, 0);
    assert_string_equal(records(f, 0, text), "");
    leave(&f->pmaps->chunks, 1);
    add(f, f->user, 0);
    assert_refused(f, f->other, 0);
    add(f, f->user, 1);
    assert_string_equal(records(f, 0, text), "u1u0");
    take(f, f->user, 0);
    take(f, f->user, 1);
}

/*  u0      a second mapping takes two records, a third one; the chunk that was made for it goes again  */
static void
a_record_beyond_the_limit_is_refused(void **state)
{
    struct pmap_fixture *f = *state;
    char text[16];

    add(f, f->user, 0);
    leave(&f->pmaps->records, 0);
    assert_refused(f, f->user, 1);
    assert_refused(f, f->other, 0);
    leave(&f->pmaps->records, 1);
    assert_refused(f, f->user, 1);
    assert_string_equal(records(f, 0, text), "u0");
    f->pmaps->records.limit++;
    add(f, f->user, 1);
    leave(&f->pmaps->records, 0);
    assert_refused(f, f->user, 2);
    assert_refused(f, f->other, 0);
    assert_string_equal(records(f, 0, text), "u1u0");
    take(f, f->user, 0);
    take(f, f->user, 1);
}

static void
take_user_page_1(void *context)
{
    struct pmap_fixture *f = context;

    take(f, f->user, 1);
}

static void
i12_removing_a_record_that_is_not_there_traps(void **state)
{
    struct pmap_fixture *f = *state;

    add(f, f->user, 0);
    add(f, f->other, 1);
    test_trap_assert(take_user_page_1, f);
    take(f, f->user, 0);
    take(f, f->other, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, pmap_fixture_setup, pmap_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_record_is_found_and_removed),
        CASE(one_mapping_stands_in_the_frames_word),
        CASE(a_record_that_cannot_be_had_changes_nothing),
        CASE(a_chunk_beyond_the_limit_is_refused),
        CASE(a_record_beyond_the_limit_is_refused),
        CASE(i12_removing_a_record_that_is_not_there_traps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
