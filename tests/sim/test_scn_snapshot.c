/*
 * test_scn_snapshot.c - what vm_stat and vmmap show of a run, and that looking changes nothing
 */
#include "scn_fixture.h"
#include "scn_snapshot.h"

/* Names: app, buf (16 touched pages), md, m. Line numbers in the comments. */
static const char wired[] = "app = task\n"                        /* 1 */
                            "buf = allocate app 64K\n"            /* 2 */
                            "fill buf\n"                          /* 3 */
                            "md = descriptor buf direction=out\n" /* 4 */
                            "m = map md kernel\n"                 /* 5 */
                            "wire m in offset=2p length=3p\n"     /* 6 */
                            "unwire m offset=2p length=3p\n"      /* 7 */
                            "unmap m\n"                           /* 8 */
                            "terminate app\n";                    /* 9 */

static const struct scn_snapshot *
look(struct scn_fixture *fixture, const char *text, uint32_t line)
{
    struct scn_options options = { .snapshot_line = line };

    scn_fixture_reset(fixture);
    parse_ok(fixture, text);
    assert_true(scn_program_has_line(fixture->program, line));
    assert_int_equal(scn_run(fixture->program, &fixture->counting.alloc,
                             scn_program_profile_at(fixture->program, 0), &options,
                             &fixture->report),
                     SCN_OK);
    assert_non_null(fixture->report->snapshot);
    assert_int_equal(fixture->report->snapshot->line, line);
    return fixture->report->snapshot;
}

static const struct scn_space *
space_of(const struct scn_snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->space_count; i++) {
        if (strcmp(snapshot->spaces[i].name, name) == 0)
            return &snapshot->spaces[i];
    }
    return NULL;
}

/*  pages of m   0123456789abcdef
 *  wired        ..www...........     three entries, the middle one wired once              */
static void
a_partly_wired_mapping_has_three_regions_and_their_names(void **state)
{
    const struct scn_snapshot *snapshot = look(*state, wired, 6);
    const struct scn_space *kernel = space_of(snapshot, "kernel");

    assert_int_equal(kernel->id, 0);
    assert_int_equal(kernel->region_count, 3);
    assert_string_equal(kernel->regions[0].detail, "m");
    assert_string_equal(kernel->regions[1].detail, "m+0x2000");
    assert_string_equal(kernel->regions[2].detail, "m+0x5000");
    assert_int_equal(kernel->regions[0].region.wired_count, 0);
    assert_int_equal(kernel->regions[1].region.wired_count, 1);
    assert_int_equal(kernel->regions[0].translated, 0);
    assert_int_equal(kernel->regions[1].translated, 3);
    assert_int_equal(kernel->regions[1].wired_translations, 3);
    assert_int_equal(kernel->regions[1].pages.wired, 3);
    assert_int_equal(kernel->regions[2].pages.wired, 0);
}

static void
a_snapshot_is_of_its_own_line(void **state)
{
    const struct scn_snapshot *snapshot = look(*state, wired, 5);

    assert_int_equal(space_of(snapshot, "kernel")->region_count, 1);
    assert_int_equal(space_of(snapshot, "kernel")->regions[0].translated, 0);
    snapshot = look(*state, wired, 7);
    assert_int_equal(space_of(snapshot, "kernel")->region_count, 1);
    assert_int_equal(space_of(snapshot, "kernel")->regions[0].translated, 3);
    assert_int_equal(space_of(snapshot, "kernel")->regions[0].wired_translations, 0);
    snapshot = look(*state, wired, 8);
    assert_int_equal(space_of(snapshot, "kernel")->region_count, 0);
}

static void
a_terminated_task_has_no_map(void **state)
{
    assert_non_null(space_of(look(*state, wired, 8), "app"));
    assert_null(space_of(look(*state, wired, 9), "app"));
}

static void
the_state_at_a_panic_can_be_seen(void **state)
{
    static const char text[] = "app = task\nbuf = allocate app 2p\nfill buf\n"
                               "md = descriptor buf direction=out\nm = map md kernel\n"
                               "unwire m\nunmap m\n";
    const struct scn_snapshot *snapshot = look(*state, text, 7);
    const struct scn_fixture *fixture = *state;

    assert_int_equal(fixture->report->stop.kind, VM_PANICKED);
    assert_int_equal(space_of(snapshot, "kernel")->region_count, 1); /* unmap never ran */
}

static void
counters_are_those_of_the_line(void **state)
{
    uint64_t before = look(*state, wired, 2)->statistics.faults;

    assert_int_equal(look(*state, wired, 3)->statistics.faults, before + 16);
    assert_int_equal(look(*state, wired, 9)->statistics.faults, before + 16 + 3);
}

static void
Y1_taking_a_snapshot_changes_nothing(void **state)
{
    struct scn_fixture *fixture = *state;
    uint64_t plain;

    run_text(fixture, wired, SCN_CLEAN);
    assert_null(fixture->report->snapshot);
    plain = fixture->report->digest;
    for (uint32_t line = 1; line <= 9; line++) {
        look(fixture, wired, line);
        assert_int_equal(fixture->report->digest, plain);
        assert_null(fixture->report->broken_invariant);
    }
}

static void
a_line_without_a_statement_is_none(void **state)
{
    struct scn_fixture *fixture = *state;

    parse_ok(fixture, "\napp = task # one\n\nbuf = allocate app 1p\n");
    assert_false(scn_program_has_line(fixture->program, 1));
    assert_true(scn_program_has_line(fixture->program, 2));
    assert_false(scn_program_has_line(fixture->program, 3));
    assert_int_equal(scn_program_last_line(fixture->program), 4);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_partly_wired_mapping_has_three_regions_and_their_names),
        TEST(a_snapshot_is_of_its_own_line),
        TEST(a_terminated_task_has_no_map),
        TEST(the_state_at_a_panic_can_be_seen),
        TEST(counters_are_those_of_the_line),
        TEST(Y1_taking_a_snapshot_changes_nothing),
        TEST(a_line_without_a_statement_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
