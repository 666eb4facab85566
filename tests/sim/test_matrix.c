/*
 * test_matrix.c - one scenario on every release: what changed, and which behaviour decides
 */
#include <stdio.h>

#include "matrix.h"
#include "scn_fixture.h"

static struct matrix *
make(struct scn_fixture *fixture, const char *text)
{
    struct matrix *matrix;
    enum matrix_progress progress;

    parse_ok(fixture, text);
    matrix = matrix_create(&fixture->counting.alloc, fixture->program);
    assert_non_null(matrix);
    do
        progress = matrix_step(matrix);
    while (progress == MATRIX_MORE);
    assert_int_equal(progress, MATRIX_FINISHED);
    assert_null(matrix_broken(matrix));
    return matrix;
}

static size_t
row_of(const char *name)
{
    size_t row = 0;

    assert_true(vm_profile_find(name, strlen(name), &row));
    return row;
}

static const char *
cause_name(const struct matrix_change *change, size_t row, size_t index)
{
    struct vm_profile_field field;

    vm_profile_field_at(row, change->causes[index].field, &field);
    return field.name;
}

/* Exactly these rows change, each for exactly this field. Ends with NULL. */
static void
assert_changes(const struct matrix *matrix, const char *const (*expected)[2])
{
    for (size_t row = 0; row < vm_profile_count(); row++) {
        const struct matrix_change *change = matrix_change_at(matrix, row);
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        if ((*expected)[0] == NULL || strcmp(profile.name, (*expected)[0]) != 0) {
            if (change->is_change)
                fail_msg("%s changes", profile.name);
            continue;
        }
        assert_true(change->is_change);
        assert_int_equal(change->cause_count, 1);
        assert_string_equal(cause_name(change, row, 0), (*expected)[1]);
        expected++;
    }
    assert_null((*expected)[0]);
}

static void
the_radars_scenario_changes_where_the_sources_say(void **state)
{
    static const char *const expected[][2] = {
        { "macos-10.8.2", "has_wire_range" },
        { "macos-10.10", "prefault" },
        { "macos-10.12.2", "input_copy_on_write" },
        { "macos-10.13", "prefault" },
        { "macos-15.0", "refuses_faults_interrupts_off" },
        { "seed-view", "eager_task_memory" },
        { NULL, NULL },
    };
    static char text[1 << 14];
    FILE *file = fopen(SOURCE_DIR "/sim/scenarios/r25140509_on_every_release.scn", "rb");
    struct matrix *matrix;

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    matrix = make(*state, text);
    assert_changes(matrix, expected);
    matrix_destroy(matrix);
}

static void
a_scenario_that_all_agree_on_has_no_change(void **state)
{
    static const char *const none[][2] = { { NULL, NULL } };
    struct matrix *matrix = make(*state, "app = task\nbuf = allocate app 4p\nfill buf\n"
                                         "report faults faults\n");
    const char *name = NULL;

    assert_changes(matrix, none);
    assert_true(matrix_fact_is_metric(matrix, 3, &name));
    assert_string_equal(name, "faults");
    assert_string_equal(matrix_cell_at(matrix, 0, MATRIX_ASSERTS)->facts[3].text, "4");
    matrix_destroy(matrix);
}

static void
a_line_for_some_releases_is_no_change(void **state)
{
    static const char *const none[][2] = { { NULL, NULL } };
    struct matrix *matrix = make(*state, "each all\napp = task\nbuf = allocate app 4p\n"
                                         "on macos-11.. fill buf\n"
                                         "on ..macos-10.9 expect resident buf 0\n");

    assert_changes(matrix, none);
    matrix_destroy(matrix);
}

/* complete() beyond balance: silent on a release kernel, a panic with assertions (iokit.md T19). */
static void
kernels_are_kept_apart_whatever_the_machine_line_says(void **state)
{
    static const char text[] = "machine asserts\napp = task\nbuf = allocate app 1p\nfill buf\n"
                               "md = descriptor buf direction=out\ncomplete md\n";
    struct matrix *matrix = make(*state, text);
    size_t row = row_of("macos-15.4");

    assert_int_equal(matrix_cell_at(matrix, row, MATRIX_RELEASE)->outcome, MATRIX_CLEAN);
    assert_int_equal(matrix_cell_at(matrix, row, MATRIX_ASSERTS)->outcome, MATRIX_PANICS);
    assert_int_equal(matrix_cell_at(matrix, row, MATRIX_ASSERTS)->line, 6);
    assert_string_equal(matrix_cell_at(matrix, row, MATRIX_ASSERTS)->reason,
                        "complete-without-prepare");
    matrix_destroy(matrix);
}

/* With the cause as it was before, the newer row comes to what the older one came to. */
static void
X2_undoing_the_cause_undoes_the_change(void **state)
{
    static const char text[] = "app = task\nbuf = allocate app 64K\nfill buf\n"
                               "call = user-call app buf\nmd = input-descriptor call\n"
                               "m = map md kernel\nstore buf 1 value=0x55\nload m 1\n"
                               "report seen loaded\n";
    struct scn_fixture *fixture = *state;
    struct matrix *matrix = make(fixture, text);
    size_t row = row_of("macos-10.12.2");
    const struct matrix_change *change = matrix_change_at(matrix, row);
    struct vm_profile mixed, before;
    struct scn_options options = { .behaviour = &mixed };

    assert_true(change->is_change);
    assert_int_equal(change->cause_count, 1);
    assert_string_equal(cause_name(change, row, 0), "input_copy_on_write");
    vm_profile_at(row, &mixed);
    vm_profile_at(change->base, &before);
    vm_profile_field_copy(&mixed, change->causes[0].field, &before);
    assert_false(mixed.input_copy_on_write);
    assert_true(mixed.partial_cow_map_refused); /* nothing else was copied */
    assert_int_equal(
        scn_run(fixture->program, &fixture->counting.alloc, row, &options, &fixture->report),
        SCN_OK);
    assert_int_equal(fixture->report->metrics[0].value, 0x55);
    matrix_destroy(matrix);
}

/*  requests  1 2 3 ... n       refused from the n-th on: no byte leaks, and the matrix says so  */
static void
memory_may_run_out_anywhere(void **state)
{
    static const char text[] = "app = task\nbuf = allocate app 2p\nfill buf\n"
                               "md = descriptor buf direction=out\nm = map md kernel\nwire m in\n";
    enum { STRIDE = 53 };
    struct scn_fixture *fixture = *state;
    bool finished = false;

    parse_ok(fixture, text);
    for (uint64_t at = 1; !finished; at += STRIDE) {
        struct counting_alloc counting;
        enum matrix_progress progress = MATRIX_NO_MEMORY;
        struct matrix *matrix;

        counting_alloc_init(&counting);
        counting.fail_at = at;
        counting.fails_from_then_on = true;
        matrix = matrix_create(&counting.alloc, fixture->program);
        do
            progress = matrix != NULL ? matrix_step(matrix) : MATRIX_NO_MEMORY;
        while (progress == MATRIX_MORE);
        finished = progress == MATRIX_FINISHED;
        assert_true(finished == (counting.requests < at));
        if (matrix != NULL)
            matrix_destroy(matrix);
        assert_int_equal(counting.live_bytes, 0);
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_radars_scenario_changes_where_the_sources_say),
        TEST(a_scenario_that_all_agree_on_has_no_change),
        TEST(a_line_for_some_releases_is_no_change),
        TEST(kernels_are_kept_apart_whatever_the_machine_line_says),
        TEST(X2_undoing_the_cause_undoes_the_change),
        TEST(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
