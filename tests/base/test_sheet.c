/* test_sheet.c - rows say what differs from the row they are based on */
#include "base/sheet.h"
#include "test_alloc.h"
#include "test_trap.h"

#include <string.h>

static const struct sheet_field fields[] = {
    { "wheels", "wheels", "what it stands on", 1, 8 },
    { "doors", "doors", "how one gets in", 0, 5 },
};

static const struct sheet_line lines[] = {
    { .row = "car", .label = "a car" },
    { .field = 0, .value = { 4, 4, 4, "A: counted" } },
    { .field = 1, .value = { 4, 2, 5, "A: counted" } },
    { .row = "van", .label = "a van" },
    { .field = 1, .value = { 3, 3, 3, "GUESS" } },
    { .row = "truck", .label = "a truck", .base = "car" },
    { .field = 0, .value = { 6, 4, 8, "B: told" } },
};

static const struct sheet sheet = { fields, lines, VMM_COUNT_OF(fields), VMM_COUNT_OF(lines) };

static void
d1_a_row_has_its_own_values_and_those_of_its_base(void **state)
{
    static const struct {
        const char *name;
        uint64_t wheels, doors;
        const char *door_source;
    } rows[] = { { "car", 4, 4, "A: counted" },
                 { "van", 4, 3, "GUESS" },
                 { "truck", 6, 4, "A: counted" } };

    (void)state;
    assert_int_equal(sheet_row_count(&sheet), 3);
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        struct sheet_value values[2];
        size_t row;

        assert_true(sheet_row_find(&sheet, rows[i].name, strlen(rows[i].name), &row));
        assert_int_equal(row, i);
        assert_string_equal(sheet_row_name(&sheet, row), rows[i].name);
        sheet_row_values(&sheet, row, values);
        assert_int_equal(values[0].value, rows[i].wheels);
        assert_int_equal(values[1].value, rows[i].doors);
        assert_string_equal(values[1].source, rows[i].door_source);
    }
}

static void
names_that_nobody_has_are_not_found(void **state)
{
    size_t at = 7;

    (void)state;
    assert_false(sheet_row_find(&sheet, "cart", 4, &at));
    assert_false(sheet_row_find(&sheet, "ca", 2, &at));
    assert_false(sheet_field_find(&sheet, "windows", 7, &at));
    assert_int_equal(at, 7);
    assert_true(sheet_field_find(&sheet, "doors", 5, &at));
    assert_int_equal(at, 1);
}

static void
ask_for_a_row_that_is_not_there(void *context)
{
    (void)context;
    (void)sheet_row_name(&sheet, 3);
}

static void
a_row_beyond_the_last_is_our_own_bug(void **state)
{
    test_trap_assert(ask_for_a_row_that_is_not_there, *state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d1_a_row_has_its_own_values_and_those_of_its_base),
        cmocka_unit_test(names_that_nobody_has_are_not_found),
        cmocka_unit_test(a_row_beyond_the_last_is_our_own_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
