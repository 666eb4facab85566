/* test_kpi.c - the table of symbols, nm's text, property lists, and the verdict over all of it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kpi/kpi_audit.h"
#include "kpi/kpi_nm.h"

#define WIRE_RANGE "__ZN11IOMemoryMap9wireRangeEjyy"

/* ---- the table ---- */

static void
k1_the_table_is_sorted_and_every_history_is_well_formed(void **state)
{
    struct kpi_span spans[KPI_MAX_SPANS];

    (void)state;
    for (size_t i = 0; i < kpi_symbol_count(); i++) {
        const struct kpi_symbol *symbol = kpi_symbol_at(i);
        size_t count = kpi_symbol_spans(symbol, spans);

        if (i > 0)
            assert_true(strcmp(kpi_symbol_at(i - 1)->name, symbol->name) < 0);
        assert_ptr_equal(kpi_symbol_find(symbol->name, strlen(symbol->name)), symbol);
        assert_in_range(count, 1, KPI_MAX_SPANS);
        for (size_t n = 0; n < count; n++)
            assert_int_not_equal(spans[n].list, KPI_UNKNOWN);
        assert_string_equal(spans[count - 1].to, "15.4");
    }
}

/*  10.7   10.8.2 ......... 15.4
 *  -      unsupported            iokit.md 4.5 */
static void
wire_range_is_unsupported_from_10_8_2_on(void **state)
{
    const struct kpi_symbol *symbol = kpi_symbol_find(WIRE_RANGE, strlen(WIRE_RANGE));
    struct kpi_span spans[KPI_MAX_SPANS];
    size_t release;

    (void)state;
    assert_non_null(symbol);
    assert_int_equal(kpi_symbol_spans(symbol, spans), 2);
    assert_int_equal(spans[0].list, KPI_IN_NO_LIST);
    assert_int_equal(spans[1].list, KPI_UNSUPPORTED);
    assert_string_equal(spans[1].from, "10.8.2");
    assert_string_equal(spans[1].to, "15.4");
    assert_true(kpi_release_find("10.7", &release));
    assert_int_equal(kpi_symbol_list(symbol, release), KPI_IN_NO_LIST);
    assert_true(kpi_release_find("macos-10.11", &release));
    assert_int_equal(kpi_symbol_list(symbol, release), KPI_UNSUPPORTED);
}

static void
a_symbol_may_come_later(void **state)
{
    const char *name = "_IOLockSleep_darwin14";
    const struct kpi_symbol *symbol = kpi_symbol_find(name, strlen(name));
    size_t before = 0, after = 0;

    (void)state;
    assert_true(kpi_release_find("10.9", &before) && kpi_release_find("10.10", &after));
    assert_int_equal(kpi_symbol_list(symbol, before), KPI_IN_NO_LIST);
    assert_int_equal(kpi_symbol_list(symbol, after), KPI_IOKIT);
}

static void
a_name_that_only_begins_like_one_is_unknown(void **state)
{
    (void)state;
    assert_non_null(kpi_symbol_find("_IOLogv", 7));
    assert_non_null(kpi_symbol_find("_IOLogv", 6)); /* _IOLog */
    assert_null(kpi_symbol_find("_IOLogv", 5));
    assert_null(kpi_symbol_find("_IOLogvx", 8));
    assert_null(kpi_symbol_find("", 0));
    assert_int_equal(kpi_symbol_list(NULL, 0), KPI_UNKNOWN);
}

/* ---- nm ---- */

static struct kpi_audit
audit_of(const char *text)
{
    struct kpi_audit audit = { .kind = "symbol list", .release = kpi_release_count() - 1 };
    struct kpi_nm_error error;

    assert_true(kpi_nm_read(text, strlen(text), kpi_audit_take, &audit, &error));
    kpi_audit_finish(&audit);
    return audit;
}

static void
every_dialect_of_nm_is_read(void **state)
{
    static const char *const dialects[] = {
        "                 U _IOLog\n                 U _vm_fault\n0000000000000000 T _start\n",
        "_IOLog\n_vm_fault\n",
        ("driver.o:\n                 (undefined) external _IOLog (from libSystem)\r\n"
         "                 (undefined) weak external _vm_fault\n0000 (__TEXT,__text) external "
         "_x\n"),
        "---------------- U _vm_fault\n---------------- U _IOLog\n\n---------------- U _IOLog",
        "driver.o: U _IOLog\ndriver.o: U _vm_fault\ndriver.o:00000000000000a0 T _start\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        struct kpi_audit audit = audit_of(dialects[i]);

        assert_int_equal(audit.count, 2);
        assert_int_equal(audit.imports[0].list, KPI_IOKIT);
        assert_int_equal(audit.imports[1].list, KPI_PRIVATE);
        assert_false(kpi_audit_is_clean(&audit));
        kpi_audit_destroy(&audit);
    }
}

static void
what_no_nm_prints_is_refused_where_it_begins(void **state)
{
    static const char *const texts[] = { "_IOLog\n  \x01\x02\n", "_IOLog\n  app = task\n",
                                         "_IOLog\n  title \"a scenario\"\n" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct kpi_audit audit = { .kind = "symbol list" };
        struct kpi_nm_error error;

        assert_false(kpi_nm_read(texts[i], strlen(texts[i]), kpi_audit_take, &audit, &error));
        assert_int_equal(error.line, 2);
        assert_int_equal(error.column, 3);
        kpi_audit_destroy(&audit);
    }
}

/* ---- property lists ---- */

#define PLIST(inside) \
    "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>" inside "</dict></plist>"

static void
libraries_cover_the_lists_that_they_name(void **state)
{
    static const char text[] =
        PLIST("<key>CFBundleExecutable</key><string>Driver</string>"
              "<key>IOKitPersonalities</key><dict><key>com.apple.kpi.mach</key><string/></dict>"
              "<key>OSBundleLibraries</key><dict><key>com.apple.kpi.iokit</key>"
              "<string>8.0</string></dict>"
              "<key>Other</key><dict><key>com.apple.kpi.bsd</key><string/></dict>");
    struct kpi_audit audit = audit_of("_IOLog\n_IOFree\n");
    char why[KPI_PLIST_WHY_BYTES];
    struct kpi_plist plist;

    (void)state;
    assert_true(kpi_plist_read(text, sizeof(text) - 1, &plist, why));
    assert_true(plist.has_libraries && plist.covers[KPI_IOKIT]);
    assert_false(plist.covers[KPI_MACH] || plist.covers[KPI_BSD]);
    assert_string_equal(plist.executable, "Driver");
    audit.plist = &plist;
    assert_true(kpi_audit_is_clean(&audit));
    plist.covers[KPI_IOKIT] = false;
    assert_true(kpi_audit_is_uncovered(&audit, KPI_IOKIT));
    assert_false(kpi_audit_is_clean(&audit));
    kpi_audit_destroy(&audit);
}

static void
a_broken_property_list_is_refused_with_its_line(void **state)
{
    static const char broken[] = "<plist>\n<dict>\n</plist>";
    static const char binary[] = "bplist00\x01\x02";
    char why[KPI_PLIST_WHY_BYTES];
    struct kpi_plist plist;

    (void)state;
    assert_false(kpi_plist_read(broken, sizeof(broken) - 1, &plist, why));
    assert_non_null(strstr(why, "line 3"));
    assert_false(kpi_plist_read(binary, sizeof(binary) - 1, &plist, why));
    assert_non_null(strstr(why, "plutil"));
    assert_false(kpi_plist_read("", 0, &plist, why));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k1_the_table_is_sorted_and_every_history_is_well_formed),
        cmocka_unit_test(wire_range_is_unsupported_from_10_8_2_on),
        cmocka_unit_test(a_symbol_may_come_later),
        cmocka_unit_test(a_name_that_only_begins_like_one_is_unknown),
        cmocka_unit_test(every_dialect_of_nm_is_read),
        cmocka_unit_test(what_no_nm_prints_is_refused_where_it_begins),
        cmocka_unit_test(libraries_cover_the_lists_that_they_name),
        cmocka_unit_test(a_broken_property_list_is_refused_with_its_line),
    };

    return cmocka_run_group_tests_name("kpi", tests, NULL, NULL);
}
