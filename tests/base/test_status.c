/* test_status.c - numbers, names and texts of every status */
#include "base/status.h"
#include "test_alloc.h"

#include <string.h>

static const enum vmm_status all[] = {
#define VMM_STATUS(id, number, name, text) id,
#include "base/status.def"
#undef VMM_STATUS
};

/*  a few rows as vm.md 0.1 and iokit.md 1.1 give them  */
static void
numbers_are_the_macs(void **state)
{
    (void)state;
    assert_int_equal(VMM_OK, 0);
    assert_int_equal(VMM_PROTECTION_FAILURE, 2);
    assert_int_equal(VMM_RESOURCE_SHORTAGE, 6);
    assert_int_equal((uint32_t)VMM_IO_NO_MEMORY, 0xE00002BDu);
    assert_int_equal((uint32_t)VMM_IO_CANNOT_WIRE, 0xE00002DEu);
    assert_true((int)VMM_IO_NO_MEMORY < 0);
}

static void
every_name_leads_back_to_its_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(all); i++) {
        const char *name = vmm_status_name(all[i]);
        enum vmm_status found = VMM_MODEL_RETRY;

        assert_non_null(name);
        assert_true(strlen(vmm_status_text(all[i])) > 0);
        assert_true(vmm_status_by_name(name, strlen(name), &found));
        assert_int_equal(found, all[i]);
    }
    assert_string_equal(vmm_status_name(VMM_PROTECTION_FAILURE), "KERN_PROTECTION_FAILURE");
    assert_string_equal(vmm_status_text(VMM_OK), "success");
}

static void
what_is_not_in_the_table_is_not_found(void **state)
{
    enum vmm_status found = VMM_ABORTED;

    (void)state;
    assert_null(vmm_status_name((enum vmm_status)12345));
    assert_null(vmm_status_text((enum vmm_status)12345));
    assert_false(vmm_status_by_name("KERN_SUCCES", 11, &found));
    assert_false(vmm_status_by_name("KERN_SUCCESSFUL", 15, &found));
    assert_false(vmm_status_by_name("", 0, &found));
    assert_int_equal(found, VMM_ABORTED);
    assert_true(vmm_status_by_name("KERN_SUCCESSFUL", 12, &found)); /* the length decides */
    assert_int_equal(found, VMM_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_the_macs),
        cmocka_unit_test(every_name_leads_back_to_its_status),
        cmocka_unit_test(what_is_not_in_the_table_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
