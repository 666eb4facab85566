/* test_sweep.c - params, points and their texts */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "sweep.h"

enum { TEXT_BYTES = 4096 };

struct text {
    char bytes[TEXT_BYTES];
    size_t length;
};

static struct counting_alloc counting;

static int
setup(void **state)
{
    (void)state;
    counting_alloc_init(&counting);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    assert_int_equal(counting.live_bytes, 0);
    return 0;
}

static struct sweep *
parsed(const char *text, uint64_t seed)
{
    struct sweep *sweep = NULL;
    struct scn_error error = { 0 };

    assert_int_equal(sweep_parse(&counting.alloc, text, strlen(text), seed, &sweep, &error),
                     SCN_OK);
    return sweep;
}

static void
put(void *context, const char *bytes, size_t length)
{
    struct text *text = context;

    assert_true(text->length + length < TEXT_BYTES);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

static const char *
point_text(const struct sweep *sweep, uint64_t point)
{
    static struct text text;
    const struct core_out out = { put, &text };
    struct scn_error error;

    text.length = 0;
    assert_int_equal(sweep_point_text(sweep, point, &out, &error), SCN_OK);
    return text.bytes;
}

/* The values of the only parameter, joined. */
static const char *
values_of(const char *list)
{
    static struct text text;
    char line[512];
    struct sweep *sweep;

    snprintf(line, sizeof(line), "param x = %s\n", list);
    sweep = parsed(line, 7);
    text.length = 0;
    for (size_t i = 0; i < sweep_value_count(sweep, 0); i++) {
        const char *value = sweep_value_at(sweep, 0, i);

        put(&text, " ", i > 0);
        put(&text, value, strlen(value));
    }
    sweep_free(sweep);
    return text.bytes;
}

static void
lists_and_ranges_give_their_values(void **state)
{
    static const struct {
        const char *list;
        const char *values;
    } rows[] = {
        { "lazy wire   # a comment", "lazy wire" },
        { "1 .. 4", "1 2 3 4" },
        { "0 8 .. 20", "0 8 16" },
        { "1 4 16 .. 300", "1 4 16 64 256" },
        { "1 2 4 .. 16 100", "1 2 4 8 16 100" },
        { "4K 8K 16K .. 64K", "4K 8K 16K 32768 65536" },
        { "0% 25% .. 100%", "0% 25% 50% 75% 100%" },
        { "2p 4p .. 8p", "2p 4p 6p 8p" },
        { "5", "5" },
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++)
        assert_string_equal(values_of(rows[i].list), rows[i].values);
}

static void
samples_follow_from_the_seed(void **state)
{
    static const char text[] = "param x = random 5 10 .. 99\n";
    struct sweep *one = parsed(text, 1), *again = parsed(text, 1), *other = parsed(text, 2);
    unsigned differ = 0;

    (void)state;
    assert_int_equal(sweep_value_count(one, 0), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(sweep_value_at(one, 0, i), sweep_value_at(again, 0, i));
        assert_int_equal(strlen(sweep_value_at(one, 0, i)), 2);
        differ += strcmp(sweep_value_at(one, 0, i), sweep_value_at(other, 0, i)) != 0;
    }
    assert_true(differ > 0);
    assert_int_not_equal(sweep_identity(one), sweep_identity(other));
    sweep_free(one);
    sweep_free(again);
    sweep_free(other);
}

/*  a  b    point 0: 1 x   1: 1 y   2: 2 x   3: 2 y */
static void
the_last_parameter_runs_fastest(void **state)
{
    struct sweep *sweep = parsed("param a = 1 2\nparam b = x y\nf $a $b\n", 0);

    (void)state;
    assert_int_equal(sweep_point_count(sweep), 4);
    assert_string_equal(point_text(sweep, 1), "\n\nf 1 y\n");
    assert_string_equal(point_text(sweep, 2), "\n\nf 2 x\n");
    sweep_free(sweep);
}

static void
expressions_multiply_and_round_up(void **state)
{
    struct sweep *sweep =
        parsed("param p = 10\nparam t = 25%\n${p*t}p ${ p / 3 } ${2*p*50%} \"$p\"\n", 0);

    (void)state;
    assert_string_equal(point_text(sweep, 0), "\n\n3p 4 10 \"10\"\n");
    sweep_free(sweep);
}

static void
when_keeps_a_line_for_some_values(void **state)
{
    struct sweep *sweep =
        parsed("param how = lazy wire copy\n  when how is wire copy: do it # $nobody\nlast\n", 0);

    (void)state;
    assert_string_equal(point_text(sweep, 0), "\n\nlast\n");
    assert_string_equal(point_text(sweep, 1), "\n do it \nlast\n");
    assert_string_equal(point_text(sweep, 2), "\n do it \nlast\n");
    sweep_free(sweep);
}

static void
what_is_wrong_is_told_with_its_place(void **state)
{
    static const struct {
        const char *text;
        uint32_t line;
        uint32_t column;
        const char *what;
    } rows[] = {
        { "param\n", 1, 6, "a parameter's name is missing" },
        { "param x\n", 1, 8, "'=' is missing" },
        { "\nparam x =\n", 2, 10, "'x' has no value" },
        { "param x = 4 .. 2\n", 1, 16, "the range does not reach its end" },
        { "param x = 4 4 .. 9\n", 1, 18, "the range does not reach its end" },
        { "param x = a .. 2\n", 1, 16, "'..' goes on from numbers to a number" },
        { "param x = 1 .. 9999999\n", 1, 16, "'x' has more than 4096 values" },
        { "param x = random 5 1\n", 1, 21, "'random' needs three numbers" },
        { "param x = 1\nparam x = 2\n", 2, 7, "the parameter is there already" },
        { "param verdict = 1\n", 1, 7, "results have a column of this name" },
        { "param pages = 1\n$page\n", 2, 2, "no parameter is named here" },
        { "param x = 1\n${x\n", 2, 4, "'}' is missing" },
        { "param x = a\n${x}\n", 2, 4, "'x' is not a number" },
        { "param x = 1\n${x/0}\n", 2, 6, "the number does not fit 64 bits, or is divided by 0" },
        { "param x = 1\nwhen x 1: a\n", 2, 8, "'is' is missing" },
        { "param x = 1\nwhen x is 1 a\n", 2, 14, "':' is missing" },
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        struct sweep *sweep = NULL;
        struct scn_error error = { 0 };

        assert_int_equal(
            sweep_parse(&counting.alloc, rows[i].text, strlen(rows[i].text), 0, &sweep, &error),
            SCN_BAD_SOURCE);
        assert_string_equal(error.what, rows[i].what);
        assert_int_equal(error.line, rows[i].line);
        assert_int_equal(error.column, rows[i].column);
        assert_string_not_equal(error.how, "");
    }
}

/* 4096 * 4096 * 4096 points are too many, and the product must not wrap. */
static void
too_many_points_are_refused(void **state)
{
    static const char text[] = "param a = 1 .. 4096\nparam b = 1 .. 4096\nparam c = 1 .. 4096\n";
    struct sweep *sweep = NULL;
    struct scn_error error = { 0 };

    (void)state;
    assert_int_equal(sweep_parse(&counting.alloc, text, strlen(text), 0, &sweep, &error),
                     SCN_BAD_SOURCE);
    assert_int_equal(error.line, 3);
}

/* ---- running ---- */

static void
keep_row(void *context, const struct sweep_row *row)
{
    struct text *text = context;

    assert_string_equal(row->verdict, "clean");
    put(text, row->values, strlen(row->values));
}

static void
a_point_runs_on_each_of_its_releases(void **state)
{
    struct sweep *sweep = parsed("param n = 2 3\neach macos-10.11 macos-15.4\napp = task\n"
                                 "b = allocate app ${n}p\nfill b\nreport faults faults\n",
                                 0);
    struct text text = { .length = 0 };
    struct scn_error error;

    (void)state;
    assert_int_equal(sweep_run_point(sweep, &counting.alloc, NULL, 1, keep_row, &text, &error),
                     SCN_OK);
    assert_non_null(strstr(text.bytes, "{\"faults\": 3, "));
    assert_non_null(strstr(strstr(text.bytes, "{\"faults\": 3, ") + 1, "{\"faults\": 3, "));
    sweep_free(sweep);
}

/* x86 interrupts the other CPU, arm64 does not; what ran before `mark` is in neither price. */
static void
a_point_runs_on_its_machine_and_has_its_prices(void **state)
{
    struct sweep *sweep = parsed("param on = skylake m1\nmachine $on cpus=2\napp = task\n"
                                 "b = allocate app 1p\nstore b\non-cpu 1\nswitch-to app\nload b\n"
                                 "on-cpu 0\nmark\nprotect b read\n",
                                 0);
    struct text text[2] = { { .length = 0 }, { .length = 0 } };
    struct scn_error error;

    (void)state;
    for (uint64_t point = 0; point < 2; point++)
        assert_int_equal(
            sweep_run_point(sweep, &counting.alloc, NULL, point, keep_row, &text[point], &error),
            SCN_OK);
    /* lock, look-up, a table's word, a flush of a space, an interrupt: cost_prices.def */
    assert_non_null(strstr(text[0].bytes, "\"cost_ns\": 920, \"cost_low_ns\": 337, "));
    assert_non_null(strstr(text[0].bytes, "\"TLB_SHOOTDOWN\": 1"));
    assert_non_null(strstr(text[1].bytes, "\"cost_ns\": 255, "));
    assert_null(strstr(text[1].bytes, "TLB_SHOOTDOWN"));
    sweep_free(sweep);
}

static void
an_error_in_a_point_names_the_authors_line(void **state)
{
    struct sweep *sweep =
        parsed("param n = 2\napp = task\nwhen n is 2: b = allocat app ${n}p\n", 0);
    struct text text = { .length = 0 };
    struct scn_error error = { 0 };

    (void)state;
    assert_int_equal(sweep_run_point(sweep, &counting.alloc, NULL, 0, keep_row, &text, &error),
                     SCN_BAD_SOURCE);
    assert_int_equal(error.line, 3);
    assert_non_null(strstr(error.how, "allocate"));
    sweep_free(sweep);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_and_ranges_give_their_values),
        TEST(samples_follow_from_the_seed),
        TEST(the_last_parameter_runs_fastest),
        TEST(expressions_multiply_and_round_up),
        TEST(when_keeps_a_line_for_some_values),
        TEST(what_is_wrong_is_told_with_its_place),
        TEST(too_many_points_are_refused),
        TEST(a_point_runs_on_each_of_its_releases),
        TEST(a_point_runs_on_its_machine_and_has_its_prices),
        TEST(an_error_in_a_point_names_the_authors_line),
    };

    return cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
}
