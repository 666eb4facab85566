/*
 * test_plot.c - pictures: numbers as people read them, text as text, points where they belong
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_out.h"
#include "plot.h"

enum { PICTURE_BYTES = 65536 };

struct picture {
    char bytes[PICTURE_BYTES];
    size_t length;
};

static void
picture_put(void *context, const char *bytes, size_t length)
{
    struct picture *picture = context;

    assert_true(picture->length + length < PICTURE_BYTES);
    memcpy(picture->bytes + picture->length, bytes, length);
    picture->length += length;
    picture->bytes[picture->length] = '\0';
}

static void
numbers_have_three_digits_that_mean_something(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        { 0, "0" },        { 0.25, "0.25" }, { 1.5, "1.5" },   { 12, "12" },
        { 12.34, "12.3" }, { 999, "999" },   { 999.7, "1k" },  { 1024, "1.02k" },
        { 16e6, "16M" },   { -3, "-3" },     { 1e300, "inf" },
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct picture picture = { .length = 0 };
        const struct core_out out = { picture_put, &picture };

        plot_put_number(&out, cases[i].value);
        assert_string_equal(picture.bytes, cases[i].text);
    }
}

static void
logarithms_of_powers_are_whole(void **state)
{
    (void)state;
    for (int power = -30; power < 60; power++) {
        double value = 1;

        for (int i = 0; i < abs(power); i++)
            value *= power > 0 ? 2 : 0.5;
        assert_true(plot_log2(value) == power);
    }
    assert_true(plot_log2(10) > 3.3219280 && plot_log2(10) < 3.3219281);
}

static void
text_never_becomes_markup(void **state)
{
    static struct picture picture;
    const struct core_out out = { picture_put, &picture };
    const struct plot_point point = { 1, 1, 1, 1 };
    const struct plot_curve curve = { "<b>&\"", &point, 1, false };
    const struct plot_lines plot = {
        "</svg><script>", "", { "x", false, NULL, 0 }, { "y", false, NULL, 0 }, &curve, 1, NULL, 0
    };

    (void)state;
    picture.length = 0;
    plot_lines(&out, &plot);
    assert_null(strstr(picture.bytes, "<script"));
    assert_non_null(strstr(picture.bytes, "&lt;/svg&gt;&lt;script&gt;"));
    assert_non_null(strstr(picture.bytes, "&lt;b&gt;&amp;&quot;"));
}

/* A mark stands at its place, within its interval; pictures of a page stand below each other. */
static void
a_mark_and_named_ticks_stand_where_they_belong(void **state)
{
    static struct picture picture;
    const struct core_out out = { picture_put, &picture };
    const struct plot_point points[] = { { 1, 1e6, 1e6, 1e6 }, { 16, 1e9, 1e9, 1e9 } };
    const struct plot_curve curve = { "curve", points, 2, false };
    const struct plot_tick times[] = { { 1e6, "1 us" }, { 1e8, "100 us" }, { 1e12, "1 s" } };
    const struct plot_mark mark = { 4, 2, 8 };
    const struct plot_lines plot = {
        "t", "", { "x", true, NULL, 0 }, { "y", true, times, 3 }, &curve, 1, &mark, 1
    };
    int low, width, at;
    const char *found;

    (void)state;
    picture.length = 0;
    plot_begin_page(&out, 2);
    plot_lines(&out, &plot);
    plot_end_page(&out);
    assert_non_null(strstr(picture.bytes, "height=\"800\""));
    assert_non_null(strstr(picture.bytes, "y=\"400\""));
    assert_non_null(strstr(picture.bytes, ">100 us<"));
    assert_null(strstr(picture.bytes, ">1 s<"));                    /* beyond the axis */
    found = strstr(strstr(picture.bytes, "<rect") + 1, "<rect x="); /* the first is the paper */
    assert_non_null(found);
    assert_int_equal(sscanf(found, "<rect x=\"%d\" y=\"%*d\" width=\"%d\"", &low, &width), 2);
    found = strstr(found, "<line");
    assert_int_equal(sscanf(found, "<line x1=\"%d\"", &at), 1);
    assert_in_range(at, low + width / 2 - 1, low + width / 2 + 1); /* 4 lies amid 2 and 8 */
}

/* On a logarithmic axis each doubling is as far as the one before. */
static void
points_stand_where_the_axis_says(void **state)
{
    static struct picture picture;
    const struct core_out out = { picture_put, &picture };
    const struct plot_point points[] = { { 1, 1, 1, 1 }, { 4, 2, 2, 2 }, { 16, 3, 3, 3 } };
    const struct plot_curve curve = { "c", points, 3, true };
    const struct plot_lines plot = {
        "t", "", { "x", true, NULL, 0 }, { "y", false, NULL, 0 }, &curve, 1, NULL, 0
    };
    int x[3] = { 0 }, y[3] = { 0 };
    const char *at;

    (void)state;
    picture.length = 0;
    plot_lines(&out, &plot);
    at = picture.bytes;
    for (int i = 0; i < 3; i++) {
        at = strstr(at, "<circle");
        assert_non_null(at);
        assert_int_equal(sscanf(at, "<circle cx=\"%d\" cy=\"%d\"", &x[i], &y[i]), 2);
        at++;
    }
    assert_in_range(x[1] - x[0], x[2] - x[1] - 1, x[2] - x[1] + 1);
    assert_true(y[0] > y[1] && y[1] > y[2]);
    assert_in_range(y[0] - y[1], y[1] - y[2] - 1, y[1] - y[2] + 1);
    assert_true(x[2] < PLOT_WIDTH && y[2] > 0);
}

/* One is less on the left, the other on the right: the line stands between the two columns. */
static void
an_even_line_separates_the_two_sides(void **state)
{
    static struct picture picture;
    const struct core_out out = { picture_put, &picture };
    const char *const names[] = { "1", "2", "4" };
    const char *const row[] = { "" };
    const struct plot_cell cells[] = { { true, 0.5 }, { true, 0.9 }, { true, 3 } };
    const struct plot_map map = { "t", "", "x", "y", "v", names, row, 3, 1, cells, true };
    const char *line;

    (void)state;
    picture.length = 0;
    plot_map(&out, &map);
    line = strstr(picture.bytes, "stroke-width=\"3\"");
    assert_non_null(line);
    assert_null(strstr(line + 1, "stroke-width=\"3\""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_three_digits_that_mean_something),
        cmocka_unit_test(logarithms_of_powers_are_whole),
        cmocka_unit_test(text_never_becomes_markup),
        cmocka_unit_test(a_mark_and_named_ticks_stand_where_they_belong),
        cmocka_unit_test(points_stand_where_the_axis_says),
        cmocka_unit_test(an_even_line_separates_the_two_sides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
