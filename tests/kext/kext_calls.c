/*
 * kext_calls.c - the kext itself on Linux: I/O Kit's names and the kernel are the kit's, over the model
 *
 * The kext's sources are compiled for the kit and linked as a library whose own vmk.h, vmk_sim.h and runner
 * are hidden. So a call of its user client walks the whole way: runner, table, seam, I/O Kit, model.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <faultline/cmocka.h>
#include <faultline/iokit.h>
#include <hooks/vmk_sim.h>

enum { PAGE = 4096, ARENA = 64 * PAGE, BELOW = 4 << 20, REPORT = 1 << 20 };

static char *report;

/* What the kext answers to a text, in `report`; the caller's memory has a hole behind it. */
static vmk_return_t
ask(const char *text, uint64_t flags)
{
    vmk_task_t app = vmk_sim_task_create();
    faultline_service_t *service = faultline_load("org_faultline_Faultline");
    faultline_client_t *client;
    uint64_t arena = 0;
    uint64_t length = 0;
    vmk_return_t status;

    /* The call's own buffers go below, where there is room first, and leave the hole behind alone. */
    assert_int_equal(vmk_sim_allocate(app, &arena, BELOW + ARENA), 0);
    assert_int_equal(vmk_sim_deallocate(app, arena, BELOW), 0);
    arena += BELOW;
    if (service == NULL)
        fail_msg("%s", faultline_iokit_trouble());
    faultline_set_property(service, "IOUserClientClass", "org_faultline_Client");
    client = faultline_open(service, app, 0);
    assert_non_null(client);
    struct faultline_call call = { .scalar_input = (uint64_t[]){ flags, arena, ARENA },
                                   .scalar_input_count = 3,
                                   .input = text,
                                   .input_size = strlen(text),
                                   .scalar_output = &length,
                                   .scalar_output_count = 1,
                                   .output = report,
                                   .output_size = REPORT - 1 };
    status = faultline_user_call(client, 0, &call);
    report[length] = '\0';
    faultline_close(client);
    faultline_unload(service);
    /* K4, and the kernel lives. */
    assert_null(vmk_sim_check());
    if (vm_system_stop(vmk_sim_system())->kind != VM_RUNNING)
        fail_msg("%s\n%s", vm_system_stop(vmk_sim_system())->text, text);
    return status;
}

static void
assert_said(const char *part)
{
    if (strstr(report, part) == NULL)
        fail_msg("not in the report: %s\n%s", part, report);
}

static void
assert_clean(const char *text)
{
    assert_int_equal(ask(text, 0), 0);
    assert_said("\"verdict\": \"clean\"");
}

#define BEGIN                                       \
    "app = task\nbuf = allocate app 4p\nfill buf\n" \
    "md = descriptor buf direction=inout\nprepare md\nm = map md kernel\n"

static void
it_keeps_the_contract(void **state)
{
    (void)state;
    assert_int_equal(ask("", 0), 0);
    assert_said("\"verb\": \"contract\"");
    assert_said("\"name\": \"kext\"");
    assert_said("\"state\": \"ok\"");
    if (strstr(report, "FAIL") != NULL)
        fail_msg("%s", strstr(report, "FAIL"));
    assert_null(strstr(report, "\"state\": \"skip\""));
}

static void
a_wired_mapping_is_read_and_written_in_a_section(void **state)
{
    (void)state;
    assert_clean(BEGIN "wire m out\nexpect result ok\n"
                       "nofault spin-lock {\n load m+2p 1\n store m 1 value=0x77\n}\n"
                       "expect loaded 2\nunwire m\nexpect result ok\n"
                       "load buf 1\nexpect loaded 0x77\nrelease m\ncomplete md\nrelease md\n");
}

/* The report's own panic: refused here, so the machine lives. */
static void
K3_the_fault_that_would_panic_is_refused(void **state)
{
    (void)state;
    assert_int_equal(ask(BEGIN "nofault spin-lock {\n load m 1\n}\nexpect result 0\n", 0), 0);
    assert_said("\"found\": \"kIOReturnNotPermitted\"");
    assert_clean(BEGIN "load m 1\nexpect result ok\n"); /* outside of a section it only faults */
}

/* The lines between run with preemption on: a spin lock of the text's is only marked. */
static void
K3_a_spin_lock_that_a_text_takes_is_a_section(void **state)
{
    (void)state;
    assert_clean(BEGIN "s = new-lock spin\nlock s\nload m 1\n"
                       "expect result kIOReturnNotPermitted\n"
                       "wire m out\nexpect result ok\nload m 1\nexpect result ok\n"
                       "unlock s\nunwire m\nexpect result ok\nload m 1\nexpect result ok\n"
                       "lock s\nlock s\nfree-lock s\nload m 1\nexpect result ok\n");
    assert_clean(BEGIN "s = new-lock spin\nlock s\nkb = buffer kernel 2p direction=out\n");
}

static void
K3_sections_end_in_any_order(void **state)
{
    (void)state;
    assert_clean(BEGIN "s = new-lock spin\nnofault mutex {\n lock s\n}\nload m 1\n"
                       "expect result kIOReturnNotPermitted\nunlock s\n"
                       "load m 1\nexpect result ok\n"
                       "lock s\nnofault mutex {\n unlock s\n load m 1\n expect result ok\n}\n");
}

static void
K1_a_handle_that_is_gone_is_refused(void **state)
{
    (void)state;
    assert_clean("app = task\nbuf = allocate app 1p\nmd = descriptor buf direction=out\n"
                 "release md\nprepare md\nexpect result 0x4D05\nrelease md\nprepare md\n");
}

static void
K2_bytes_outside_are_refused(void **state)
{
    (void)state;
    assert_clean(BEGIN "load m+4p 1\nexpect result kIOReturnNotPermitted\n"
                       "unwire m\nexpect result kIOReturnNotPermitted\n"
                       "complete md\ncomplete md\nexpect result kIOReturnNotPermitted\n");
}

static void
K4_what_a_scenario_forgets_is_undone(void **state)
{
    (void)state;
    assert_clean(BEGIN "wire m out\nwire m in length=1p\nunmap m\n"
                       "expect result kIOReturnNotPermitted\nkb = buffer kernel 2p direction=out\n"
                       "x = io-malloc 4K\n");
}

#define PART "part = map md kernel offset=1p length=1p\nload part 1\nexpect result ok\n"

/*  m     ####
 *  part  .W..   the same addresses: whoever unmaps m would wait for the wire for ever */
static void
K4_a_wire_through_a_part_keeps_the_whole(void **state)
{
    (void)state;
    assert_clean(BEGIN PART "wire part out\nexpect result ok\nunmap m\n"
                            "expect result kIOReturnNotPermitted\nrelease m\n"
                            "unwire part\nexpect result ok\nunmap m\nexpect result ok\n");
    assert_clean(BEGIN "s = sub md 1p 2p\npart = map s kernel\nwire part in\n"
                       "expect result ok\nunmap m\nexpect result kIOReturnNotPermitted\n");
    assert_clean(BEGIN PART "wire part out\nwire m in\n"); /* and forgets both */
}

/* A new mapping of the same bytes would be given the part's address, which nothing is behind. */
static void
K2_a_part_goes_with_the_whole(void **state)
{
    (void)state;
    assert_clean(BEGIN PART "unmap m\nexpect result ok\nload part 1\n"
                            "expect result kIOReturnNotPermitted\nwire part in\n"
                            "expect result kIOReturnNotPermitted\n"
                            "again = map md kernel offset=1p length=1p\nexpect result null\n"
                            "release part\nother = map md kernel offset=1p length=1p\n"
                            "load other 1\nexpect result ok\n");
    faultline_finding_expect("part-outlives-mapping");
    assert_clean(BEGIN PART "unmap part\nexpect result ok\nload m 1\nexpect result ok\n");
    assert_clean(BEGIN PART "release m\nload part 1\nexpect result ok\n");
}

#define OUT_ONLY "app = task\nbuf = allocate app 4p\nfill buf\nmd = descriptor buf direction=out\n"

#define IS_REFUSED "on macos-10.10.. expect result kIOReturnNotPermitted\n"

/* From 10.10 on: before, the second mapping is refused. */
static void
K2_rights_that_a_mapping_froze_hold_for_views_too(void **state)
{
    (void)state;
    assert_clean(OUT_ONLY "r = map md kernel read-only\ns = sub md 0 2p\nm = map s kernel\n"
                          "load m 1\non macos-10.10.. expect result ok\nstore m 1\n" IS_REFUSED);
    assert_clean(OUT_ONLY "s = sub md 0 2p\nr = map s kernel read-only\nm = map md kernel\n"
                          "store m 1\n" IS_REFUSED);
}

/* Kernel memory that another descriptor describes by its address stays for as long as that one. */
static void
K2_memory_that_is_described_again_stays(void **state)
{
    (void)state;
    assert_clean("kb = buffer kernel 2p direction=inout\nb = map kb kernel\n"
                 "d = address-descriptor b direction=inout\nm = map d kernel\n"
                 "release b\nrelease kb\nstore m 1\nexpect result ok\n"
                 "e = address-descriptor m direction=inout\nn = map e kernel\nrelease d\n"
                 "release e\nstore n 1\nexpect result ok\n");
    assert_clean(BEGIN "d = address-descriptor m direction=out\nunmap m\n"
                       "expect result kIOReturnNotPermitted\nrelease m\nload m 1\n"
                       "expect result ok\nrelease d\nunmap m\nexpect result ok\n");
}

/* Below Darwin 17 a development kernel asserts on it and every kernel leaks addresses: it is not asked. */
static void
K4_a_prefault_that_the_release_refuses_is_not_asked_for(void **state)
{
    (void)state;
    assert_clean(BEGIN "p = map md kernel prefault unique\n"
                       "on ..macos-10.12 expect result null\non macos-10.13.. expect result ok\n");
}

static void
the_run_is_on_the_kernels_release(void **state)
{
    (void)state;
    assert_clean(BEGIN);
    assert_said(faultline_profile());
}

static void
what_nobody_can_see_is_skipped(void **state)
{
    (void)state;
    assert_clean(BEGIN "expect translated m 99\nexpect faults 1234\nexpect length md 4p\n");
    assert_said("\"state\": \"skipped\"");
    assert_said("this backend cannot see it");
}

static void
a_bad_text_is_answered_with_its_place(void **state)
{
    (void)state;
    assert_int_equal(ask("app = tusk\n", 0), 0);
    assert_said("\"error\": { \"line\": 1, \"column\": 7");
}

/* Panics and hangs of the model are refusals here; whatever the text, the machine lives and is empty. */
static void
K4_every_shipped_scenario_leaves_the_machine_alive(void **state)
{
    static char text[1 << 16];
    glob_t files;

    (void)state;
    assert_int_equal(glob(SOURCE_DIR "/sim/scenarios/*.scn", 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 40);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        FILE *file = fopen(files.gl_pathv[i], "rb");

        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        assert_int_equal(ask(text, 0), 0);
    }
    globfree(&files);
    while (faultline_finding_expect("prefault-leaks-address-space"))
        continue; /* a scenario is about it */
}

static int
make_report(void **state)
{
    report = malloc(REPORT);
    (void)state;
    return report == NULL;
}

static int
free_report(void **state)
{
    (void)state;
    free(report);
    return 0;
}

static void
only_an_administrator_gets_a_client(void **state)
{
    vmk_task_t app = vmk_sim_task_create();
    faultline_service_t *service = faultline_load("org_faultline_Faultline");

    (void)state;
    assert_non_null(service);
    faultline_set_property(service, "IOUserClientClass", "org_faultline_Client");
    faultline_set_privileged(0);
    assert_null(faultline_open(service, app, 0));
    faultline_set_privileged(1);
    faultline_close(faultline_open(service, app, 0));
    faultline_unload(service);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        faultline_unit_test(it_keeps_the_contract),
        faultline_unit_test(a_wired_mapping_is_read_and_written_in_a_section),
        faultline_unit_test(K3_the_fault_that_would_panic_is_refused),
        faultline_unit_test(K3_a_spin_lock_that_a_text_takes_is_a_section),
        faultline_unit_test(K3_sections_end_in_any_order),
        faultline_unit_test(K1_a_handle_that_is_gone_is_refused),
        faultline_unit_test(K2_bytes_outside_are_refused),
        faultline_unit_test(K4_what_a_scenario_forgets_is_undone),
        faultline_unit_test(K4_a_wire_through_a_part_keeps_the_whole),
        faultline_unit_test(K2_a_part_goes_with_the_whole),
        faultline_unit_test(K2_rights_that_a_mapping_froze_hold_for_views_too),
        faultline_unit_test(K2_memory_that_is_described_again_stays),
        faultline_unit_test(K4_a_prefault_that_the_release_refuses_is_not_asked_for),
        faultline_unit_test(the_run_is_on_the_kernels_release),
        faultline_unit_test(what_nobody_can_see_is_skipped),
        faultline_unit_test(only_an_administrator_gets_a_client),
        faultline_unit_test(a_bad_text_is_answered_with_its_place),
        faultline_unit_test(K4_every_shipped_scenario_leaves_the_machine_alive),
    };

    return cmocka_run_group_tests(tests, make_report, free_report);
}
