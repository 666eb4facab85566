/* test_text.c - a small printf into a fixed buffer, against the large one */
#include "base/text.h"
#include "test_alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*  capacity 8 holds seven letters; the eighth is cut off  */
static void
x1_what_does_not_fit_is_cut_and_said(void **state)
{
    struct vmm_text text;
    char bytes[8];

    (void)state;
    vmm_text_init(&text, bytes, sizeof(bytes));
    assert_string_equal(bytes, "");
    vmm_text_put(&text, "abcd");
    vmm_text_put(&text, "efg");
    assert_false(text.is_cut);
    assert_string_equal(bytes, "abcdefg");
    vmm_text_format(&text, "%d", 1);
    assert_true(text.is_cut);
    assert_int_equal(text.length, 7);
    assert_string_equal(bytes, "abcdefg");
}

static void
a_buffer_of_one_byte_holds_the_empty_text(void **state)
{
    struct vmm_text text;
    char byte[1];

    (void)state;
    vmm_text_init(&text, byte, 1);
    vmm_text_put(&text, "x");
    assert_int_equal(byte[0], '\0');
    assert_true(text.is_cut);
}

#define SAME(...)                                            \
    do {                                                     \
        struct vmm_text text;                                \
        char ours[256];                                      \
        char theirs[256];                                    \
                                                             \
        vmm_text_init(&text, ours, sizeof(ours));            \
        vmm_text_format(&text, __VA_ARGS__);                 \
        (void)snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
        assert_string_equal(ours, theirs);                   \
    } while (0)

static void
directives_read_as_printf_has_them(void **state)
{
    (void)state;
    SAME("plain");
    SAME("%s and %c and %%", "text", 'c');
    SAME("%d %d %d", 0, INT32_MAX, INT32_MIN);
    SAME("%u %x %X", UINT32_MAX, 0xdeadbeefu, 0xdeadbeefu);
    SAME("%ld %lu %lx", -5L, 5UL, 0xabcUL);
    SAME("%lld %llu %llX", INT64_MIN + 0LL, UINT64_MAX + 0ULL, UINT64_MAX + 0ULL);
    SAME("%" PRIu64 " %" PRId64 " %" PRIx64, UINT64_MAX, INT64_MIN, UINT64_MAX);
    SAME("[%5u] [%05u] [%5d] [%05d] [%1u]", 42u, 42u, -42, -42, 12345u);
    SAME("0x%016" PRIx64, (uint64_t)0xffffff8000123000);
    SAME("%08x", 0u);
    SAME("%s%s", "", "x");
}

/*  what we do not know is copied as it stands, a lone % at the end too  */
static void
other_directives_are_copied(void **state)
{
    static const char *const formats[] = { "a %q b", "a %-5d b", "a %", "%l" };
    struct vmm_text text;
    char bytes[64];

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(formats); i++) {
        const char *volatile format = formats[i]; /* no compiler shall judge it */

        vmm_text_init(&text, bytes, sizeof(bytes));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
        vmm_text_format(&text, format);
#pragma GCC diagnostic pop
        assert_string_equal(bytes, formats[i]);
    }
}

static void
bytes_may_hold_anything(void **state)
{
    struct vmm_text text;
    char bytes[16];

    (void)state;
    vmm_text_init(&text, bytes, sizeof(bytes));
    vmm_text_put_bytes(&text, "a\0b", 3);
    vmm_text_put_bytes(&text, "", 0);
    assert_int_equal(text.length, 3);
    assert_memory_equal(bytes, "a\0b", 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x1_what_does_not_fit_is_cut_and_said),
        cmocka_unit_test(a_buffer_of_one_byte_holds_the_empty_text),
        cmocka_unit_test(directives_read_as_printf_has_them),
        cmocka_unit_test(other_directives_are_copied),
        cmocka_unit_test(bytes_may_hold_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
