/*
 * test_explain.c - every word has one meaning, a reason and a source
 */
#include "explain.h"
#include "scn_fixture.h"

static bool
knows(const char *word, struct explain *explain)
{
    struct scn_guess guess;

    return explain_find(word, explain, &guess);
}

static void
W1_every_status_is_explained(void **state)
{
    static const enum vmm_status statuses[] = {
#define VMM_STATUS(id, number, name, text) id,
#include "base/status.def"
#undef VMM_STATUS
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(statuses); i++) {
        struct explain explain;

        if (!knows(vmm_status_name(statuses[i]), &explain))
            fail_msg("explain_codes.def has no row for %s", vmm_status_name(statuses[i]));
        assert_int_equal(explain.kind, EXPLAIN_A_CODE);
        assert_int_equal(explain.code, statuses[i]);
    }
}

static void
every_trap_of_both_specs_is_there(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 32; i++) {
        struct explain explain;
        char name[16];
        struct vmm_text text;

        for (int spec = 0; spec < 2; spec++) {
            char cited[16];

            vmm_text_init(&text, name, sizeof name);
            vmm_text_format(&text, "%s-t%u", spec == 0 ? "vm" : "io", i);
            if (!knows(name, &explain) || explain.kind != EXPLAIN_A_TRAP)
                fail_msg("no trap %s", name);
            vmm_text_init(&text, cited, sizeof cited);
            vmm_text_format(&text, spec == 0 ? "vm.md 10 T%u" : "iokit.md 9 T%u", i);
            assert_int_equal(strncmp(explain.source, cited, strlen(cited)), 0);
            assert_true(explain.source[strlen(cited)] < '0' || explain.source[strlen(cited)] > '9');
        }
    }
}

static void
a_word_has_one_meaning_and_every_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < explain_count(); i++) {
        struct explain here, found;

        explain_at(i, &here);
        assert_true(knows(here.word, &found));
        if (found.kind != here.kind || found.index != here.index)
            fail_msg("%s means two things", here.word);
        assert_true(here.what[0] != '\0' && here.source[0] != '\0');
        if (here.kind == EXPLAIN_A_CODE || here.kind == EXPLAIN_A_TRAP ||
            here.kind == EXPLAIN_A_RULE)
            assert_true(here.why[0] != '\0' && here.fix[0] != '\0');
    }
}

static void
a_code_is_found_by_its_number_however_it_is_written(void **state)
{
    static const char *const bad_argument[] = { "0xE00002C2", "0xe00002c2", "-536870206",
                                                "3758097090", "KIORETURNBADARGUMENT" };
    struct explain explain;

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(bad_argument); i++) {
        assert_true(knows(bad_argument[i], &explain));
        assert_string_equal(explain.word, "kIOReturnBadArgument");
    }
    assert_true(knows("2", &explain));
    assert_string_equal(explain.word, "KERN_PROTECTION_FAILURE");
    assert_false(knows("0x1E00002C2", &explain));
    assert_false(knows("99", &explain));
    assert_false(knows("0x", &explain));
    assert_false(knows("-", &explain));
    assert_false(knows("", &explain));
}

static void
an_unknown_word_has_its_nearest(void **state)
{
    struct scn_guess guess;
    struct explain explain;

    (void)state;
    assert_false(explain_find("PMAP_ENTR", &explain, &guess));
    assert_string_equal(guess.word, "PMAP_ENTER");
    assert_false(explain_find("unwire-of-unwierd", &explain, &guess));
    assert_string_equal(guess.word, "unwire-of-unwired");
}

/* A long text is cut at spaces, and nothing of it is lost. */
static void
long_texts_are_folded(void **state)
{
    struct scn_fixture *fixture = *state;
    struct explain explain;
    const char *line;

    assert_true(knows("fault-in-restricted-context", &explain));
    explain_print_text(&fixture->out, &explain);
    for (line = fixture->printed; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');

        assert_non_null(end);
        assert_in_range(end - line, 1, 100);
        line = end + 1;
    }
    assert_has(fixture->printed, "prepare() and copy with");
    assert_has(fixture->printed, "  missing  a translation for this address");
}

static void
a_behaviour_shows_the_rows_that_set_it(void **state)
{
    struct scn_fixture *fixture = *state;
    struct explain explain;

    assert_true(knows("has_wire_range", &explain));
    explain_print_text(&fixture->out, &explain);
    assert_has(fixture->printed, "macos-10.7     false (");
    assert_has(fixture->printed, "macos-10.8.2   true (");
    assert_has_not(fixture->printed, "macos-10.9");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(W1_every_status_is_explained),
        TEST(every_trap_of_both_specs_is_there),
        TEST(a_word_has_one_meaning_and_every_part),
        TEST(a_code_is_found_by_its_number_however_it_is_written),
        TEST(an_unknown_word_has_its_nearest),
        TEST(long_texts_are_folded),
        TEST(a_behaviour_shows_the_rows_that_set_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
