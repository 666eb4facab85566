/* test_lab.c - a lab asks, the model answers, a grade says what differs */
#include <stdio.h>

#include "lab.h"
#include "scn_fixture.h"

static const char source[] = "#: Read this.\n"
                             "title \"t\"\n"
                             "param pages = 4 6 8 10 12 14 16 18\n"
                             "app = task\n"
                             "\n"
                             "\n"
                             "buf = allocate app ${pages}p\n"
                             "#? How many are in memory?\n"
                             "#! Who put them there?\n"
                             "#= Nobody did.\n"
                             "report before resident buf\n"
                             "mark\n"
                             "#$ price\n"
                             "#? What does it cost?\n"
                             "store buf\n"
                             "#? And now?\n"
                             "#? All of them?\n"
                             "report after resident buf\n"
                             "expect resident buf ${pages}p\n";

static struct lab *
open_lab(struct scn_fixture *f, const char *text, uint64_t variant)
{
    struct lab *lab = NULL;

    assert_int_equal(lab_open(&f->counting.alloc, text, strlen(text), variant, &lab, &f->error),
                     SCN_OK);
    return lab;
}

static void
a_question_belongs_to_the_line_behind_it(void **state)
{
    struct lab *lab = open_lab(*state, source, 0);

    assert_string_equal(lab->title, "t");
    assert_string_equal(lab->intro, "Read this.\n");
    assert_string_equal(lab->scenario, "title \"t\"\n\napp = task\n\nbuf = allocate app 4p\n"
                                       "report before resident buf\nmark\nstore buf\n"
                                       "report after resident buf\n");
    assert_int_equal(lab->question_count, 3);
    assert_string_equal(lab->questions[0].name, "before");
    assert_string_equal(lab->questions[0].hint, "Who put them there?\n");
    assert_string_equal(lab->questions[0].why, "Nobody did.\n");
    assert_int_equal(lab->questions[0].line, 6);
    assert_string_equal(lab->questions[1].name, "price");
    assert_string_equal(lab->questions[1].source, "store buf");
    assert_string_equal(lab->questions[1].hint, "");
    assert_string_equal(lab->questions[2].text, "And now?\nAll of them?\n");
    lab_free(lab);
}

static void
the_model_answers_every_variant(void **state)
{
    uint64_t seen = 0;

    for (uint64_t variant = 0; variant < 20; variant++) {
        struct lab *lab = open_lab(*state, source, variant);
        struct lab *again = open_lab(*state, source, variant);
        uint64_t pages = lab->questions[2].answer.value;
        char line[64];

        snprintf(line, sizeof line, "buf = allocate app %llup\n", (unsigned long long)pages);
        assert_has(lab->scenario, line);
        assert_int_equal(lab->questions[0].answer.value, 0);
        assert_true(lab->questions[1].answer.value > 100 * pages); /* a fault is dearer than that */
        assert_true(lab->questions[1].answer.low < lab->questions[1].answer.value);
        assert_string_equal(lab->scenario, again->scenario);
        assert_memory_equal(&lab->questions[1].answer, &again->questions[1].answer,
                            sizeof lab->questions[1].answer);
        seen |= (uint64_t)1 << pages;
        lab_free(lab);
        lab_free(again);
    }
    assert_true(__builtin_popcountll(seen) >= 4);
}

static void
refuses_lab(struct scn_fixture *f, const char *text, uint32_t line, const char *what)
{
    struct lab *lab = NULL;

    assert_int_equal(lab_open(&f->counting.alloc, text, strlen(text), 0, &lab, &f->error),
                     SCN_BAD_SOURCE);
    assert_null(lab);
    assert_int_equal(f->error.line, line);
    assert_has(f->error.what, what);
}

static void
a_lab_that_asks_wrongly_is_refused(void **state)
{
    refuses_lab(*state, "app = task\n", 0, "asks nothing");
    refuses_lab(*state, "#? How?\napp = task\n", 2, "answers none");
    refuses_lab(*state, "#? How?\nreport x frobs\n", 1, "frobs");
    refuses_lab(*state,
                "app = task\nbuf = allocate app 1p\n#? How?\non macos-10.9 report x resident buf\n",
                4, "answers none");
    refuses_lab(*state, "param a = \n", 1, "");
}

static struct lab_given given[LAB_QUESTIONS_MAX];

static void
refuses_answers(struct scn_fixture *f, const struct lab *lab, const char *text, uint32_t line,
                uint32_t column, const char *what, const char *how)
{
    assert_int_equal(lab_read_answers(lab, text, strlen(text), given, &f->error), SCN_BAD_SOURCE);
    assert_int_equal(f->error.line, line);
    assert_int_equal(f->error.column, column);
    assert_has(f->error.what, what);
    assert_has(f->error.how, how);
}

static void
answers_that_cannot_be_read_are_refused(void **state)
{
    struct lab *lab = open_lab(*state, source, 0);

    refuses_answers(*state, lab, "\n befor = 1\n", 2, 2, "'befor'", "did you mean 'before'?");
    refuses_answers(*state, lab, "xyz = 1\n", 1, 1, "'xyz'", "'before'");
    refuses_answers(*state, lab, "before 1\n", 1, 1, "'='", "NAME = NUMBER");
    refuses_answers(*state, lab, "= 1\n", 1, 1, "no answer", "NAME = NUMBER");
    refuses_answers(*state, lab, "before =\n", 1, 9, "whole number", "digits");
    refuses_answers(*state, lab, "before = 1K\n", 1, 10, "'1K'", "digits");
    refuses_answers(*state, lab, "before = -1\n", 1, 10, "'-1'", "digits");
    refuses_answers(*state, lab, "before = 18446744073709551616\n", 1, 10, "whole", "digits");
    refuses_answers(*state, lab, "before = 1 2\n", 1, 12, "'2'", "NAME = NUMBER");
    refuses_answers(*state, lab, "before = 1\nbefore = 1\n", 2, 1, "two answers", "keep one");
    refuses_answers(*state, lab, "before = \xff\n", 1, 10, "", "");
    lab_free(lab);
}

static size_t
grade(struct scn_fixture *f, const struct lab *lab, const char *text)
{
    assert_int_equal(lab_read_answers(lab, text, strlen(text), given, &f->error), SCN_OK);
    return lab_grade(lab, given);
}

static void
a_grade_counts_what_is_right_and_says_what_differs(void **state)
{
    struct scn_fixture *f = *state;
    struct lab *lab = open_lab(f, source, 0);
    const struct cost_time price = lab->questions[1].answer;
    char right[128];

    assert_int_equal(grade(f, lab, ""), 0);
    assert_int_equal(grade(f, lab, "before = 0\n"), 1);
    assert_int_equal(grade(f, lab, "after = 4\nbefore = 1"), 1);
    lab_grade_text(&f->out, lab, 9, given);
    assert_has(f->printed, "before: you say 1, the model says 0 (line 6: report before");
    assert_has(f->printed, "price: no answer, the model says ");
    assert_has(f->printed, "lab 9, variant 0: 1 of 3 right\n");
    assert_has_not(f->printed, "after");
    snprintf(right, sizeof right, "before = 0 # none\nafter=4\nprice = %llu\n",
             (unsigned long long)price.low);
    assert_int_equal(grade(f, lab, right), 3);
    snprintf(right, sizeof right, "price = %llu\n", (unsigned long long)price.high + 1);
    assert_int_equal(grade(f, lab, right), 0);
    lab_free(lab);
}

static void
no_memory_is_an_answer_and_no_leak(void **state)
{
    struct scn_fixture *f = *state;
    enum scn_outcome outcome = SCN_NO_MEMORY;
    uint64_t request = 1;

    while (outcome == SCN_NO_MEMORY) {
        struct lab *lab = NULL;

        f->counting.fail_at = f->counting.requests + request++;
        outcome = lab_open(&f->counting.alloc, source, sizeof source - 1, 0, &lab, &f->error);
        lab_free(lab);
    }
    assert_int_equal(outcome, SCN_OK);
    assert_true(request > 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_question_belongs_to_the_line_behind_it, scn_fixture_setup,
                                        scn_fixture_teardown),
        cmocka_unit_test_setup_teardown(the_model_answers_every_variant, scn_fixture_setup,
                                        scn_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_lab_that_asks_wrongly_is_refused, scn_fixture_setup,
                                        scn_fixture_teardown),
        cmocka_unit_test_setup_teardown(answers_that_cannot_be_read_are_refused, scn_fixture_setup,
                                        scn_fixture_teardown),
        cmocka_unit_test_setup_teardown(a_grade_counts_what_is_right_and_says_what_differs,
                                        scn_fixture_setup, scn_fixture_teardown),
        cmocka_unit_test_setup_teardown(no_memory_is_an_answer_and_no_leak, scn_fixture_setup,
                                        scn_fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
