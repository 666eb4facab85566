/* test_hw_catalog.c - every machine is one, says where each number was read, and wrong ones are told */
#include "hw/hw_catalog.h"
#include "hw/hw_machine.h"
#include "test_alloc.h"

#include <string.h>

static void
row_values(const char *name, struct sheet_value *values)
{
    size_t row;

    assert_true(sheet_row_find(&hw_catalog, name, strlen(name), &row));
    sheet_row_values(&hw_catalog, row, values);
}

static void
d1_every_number_has_a_source_with_its_trust(void **state)
{
    (void)state;
    for (size_t row = 0; row < sheet_row_count(&hw_catalog); row++) {
        struct sheet_value values[HW_FIELD_COUNT] = { { .source = NULL } };

        sheet_row_values(&hw_catalog, row, values);
        for (size_t field = 0; field < HW_FIELD_COUNT; field++) {
            const char *source = values[field].source;

            assert_non_null(source);
            assert_true(strncmp(source, "GUESS", 5) == 0 ||
                        (strchr("ABC", source[0]) != NULL && source[1] == ':'));
        }
    }
}

/*  G1, G2, and the machine can be built and translates  */
static void
g2_every_machine_passes_its_own_check_and_runs(void **state)
{
    struct counting_alloc counting;
    char bytes[160];
    struct vmm_text why;

    (void)state;
    counting_alloc_init(&counting);
    for (size_t row = 0; row < sheet_row_count(&hw_catalog); row++) {
        struct sheet_value values[HW_FIELD_COUNT];
        struct hw_geometry geometry;
        struct hw_machine *machine;

        vmm_text_init(&why, bytes, sizeof(bytes));
        sheet_row_values(&hw_catalog, row, values);
        if (!hw_catalog_check(values, &why))
            fail_msg("%s: %s", sheet_row_name(&hw_catalog, row), bytes);
        hw_catalog_geometry(values, sheet_row_name(&hw_catalog, row), &geometry);
        assert_int_equal(geometry.l1.sets * geometry.l1.ways, values[HW_FIELD_l1d_entries].value);
        assert_int_equal(geometry.l2.sets * geometry.l2.ways, values[HW_FIELD_l2_entries].value);
        machine = hw_machine_create(&counting.alloc, &geometry, 2, 64);
        assert_non_null(machine);
        hw_machine_destroy(machine);
    }
    test_alloc_assert_empty(&counting);
}

static void
machines_have_the_numbers_of_their_sources(void **state)
{
    static const struct {
        const char *name;
        uint64_t l1d, l1d_ways, l1i, l2, l2_ways, asids, architecture;
    } rows[] = {
        { "nehalem", 64, 4, 128, 512, 4, 0, 0 },    { "sandy-bridge", 64, 4, 128, 512, 4, 1, 0 },
        { "haswell", 64, 4, 128, 1024, 8, 1, 0 },   { "skylake", 64, 4, 128, 1536, 12, 1, 0 },
        { "ice-lake", 64, 4, 128, 2048, 16, 1, 0 }, { "zen2", 64, 64, 64, 2048, 16, 0, 0 },
        { "zen3", 64, 64, 64, 2048, 16, 1, 0 },     { "m1", 160, 5, 192, 3072, 12, 1, 1 },
        { "m2", 160, 5, 192, 3072, 12, 1, 1 },
    };

    (void)state;
    assert_int_equal(sheet_row_count(&hw_catalog), VMM_COUNT_OF(rows));
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        struct sheet_value values[HW_FIELD_COUNT];

        row_values(rows[i].name, values);
        assert_int_equal(values[HW_FIELD_l1d_entries].value, rows[i].l1d);
        assert_int_equal(values[HW_FIELD_l1d_ways].value, rows[i].l1d_ways);
        assert_int_equal(values[HW_FIELD_l1i_entries].value, rows[i].l1i);
        assert_int_equal(values[HW_FIELD_l2_entries].value, rows[i].l2);
        assert_int_equal(values[HW_FIELD_l2_ways].value, rows[i].l2_ways);
        assert_int_equal(values[HW_FIELD_address_space_ids].value, rows[i].asids);
        assert_int_equal(values[HW_FIELD_architecture].value, rows[i].architecture);
    }
}

static void
a_wrong_number_is_told_with_what_is_allowed(void **state)
{
    static const struct {
        enum hw_field field;
        uint64_t value;
        uint64_t replacement;
        const char *why;
    } cases[] = {
        { HW_FIELD_l1d_ways, 0, 0, "l1d_ways is 0: from 1 to 65536 is allowed" },
        { HW_FIELD_l1i_ways, 0, 0, "l1i_ways is 0: from 1 to the 128 entries are allowed" },
        { HW_FIELD_l2_ways, 2000, 0, "l2_ways is 2000: from 1 to the 1536 entries are allowed" },
        { HW_FIELD_l2_ways, 7, 0, "l2_ways is 7: it must divide the 1536 entries" },
        { HW_FIELD_l2_ways, 128, 1, "l2_ways is 128: with PLRU at most 64 are allowed" },
        { HW_FIELD_l2_entries, 70000, 0, "l2_entries is 70000: from 0 to 65536 is allowed" },
        { HW_FIELD_replacement, 3, 3, "replacement is 3: from 0 to 2 is allowed" },
    };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct sheet_value values[HW_FIELD_COUNT];
        char bytes[160];
        struct vmm_text why;

        vmm_text_init(&why, bytes, sizeof(bytes));
        row_values("skylake", values);
        values[HW_FIELD_replacement].value = cases[i].replacement;
        values[cases[i].field].value = cases[i].value;
        assert_false(hw_catalog_check(values, &why));
        assert_string_equal(bytes, cases[i].why);
    }
}

/*  three levels of tables have no middle one; the leaf's is the last  */
static void
walk_entries_stand_where_the_machine_has_tables(void **state)
{
    struct sheet_value values[HW_FIELD_COUNT];
    struct hw_geometry geometry;

    (void)state;
    row_values("skylake", values);
    hw_catalog_geometry(values, "skylake", &geometry);
    assert_int_equal(geometry.walk_entries[1], 2);
    assert_int_equal(geometry.walk_entries[2], 4);
    assert_int_equal(geometry.walk_entries[3], 32);
    row_values("m1", values);
    hw_catalog_geometry(values, "m1", &geometry);
    assert_int_equal(geometry.walk_entries[1], 2);
    assert_int_equal(geometry.walk_entries[2], 32);
    assert_int_equal(geometry.walk_entries[3], 0);
    assert_true(geometry.has_broadcast_flush);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d1_every_number_has_a_source_with_its_trust),
        cmocka_unit_test(g2_every_machine_passes_its_own_check_and_runs),
        cmocka_unit_test(machines_have_the_numbers_of_their_sources),
        cmocka_unit_test(a_wrong_number_is_told_with_what_is_allowed),
        cmocka_unit_test(walk_entries_stand_where_the_machine_has_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
