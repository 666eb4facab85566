/* test_io_user_client.c - how a user's struct input reaches the driver, iokit.md 6 */
#include "iokit_fixture.h"

#include "base/status.h"
#include "hooks/vmk_world.h"
#include "iokit/io_user_client.h"

enum { BIG = 2 * IO_PAGE }; /* bytes: out of line, and two pages of the buffer */

/* A call with `size` bytes of the buffer as its struct input. */
static struct vmk_sim_call
call_with_input(struct iokit_fixture *f, uint64_t size)
{
    return (struct vmk_sim_call){ .task = f->task, .input = f->base, .input_size = size };
}

/* Begins a call of BIG bytes that must come as a descriptor, and gives that. */
static vmk_desc_t
begin_big(struct iokit_fixture *f, struct vmk_sim_call *call)
{
    *call = call_with_input(f, BIG);
    assert_int_equal(vmk_sim_call_begin(call), VMM_OK);
    assert_non_null(call->input_descriptor);
    return call->input_descriptor;
}

/* ---- inline or not, iokit.md 6.1 ---- */

static void
sizes_up_to_4096_come_inline(void **state)
{
    static const struct {
        uint64_t size;
        bool is_inline;
    } cases[] = { { 1, true }, { 4095, true }, { 4096, true }, { 4097, false }, { BIG, false } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vmk_sim_call call = call_with_input(f, cases[i].size);

        assert_int_equal(vmk_sim_call_begin(&call), VMM_OK);
        assert_int_equal(call.inline_input != NULL, cases[i].is_inline);
        assert_int_equal(call.inline_input_size, cases[i].is_inline ? cases[i].size : 0);
        assert_int_equal(call.input_descriptor != NULL, !cases[i].is_inline);
        assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
    }
}

static void
inline_bytes_are_a_copy(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call = call_with_input(f, 100);

    assert_int_equal(vmk_sim_call_begin(&call), VMM_OK);
    assert_true(io_store(f->task, f->base, 1));
    assert_int_equal(call.inline_input[0], IO_FILL);
    assert_int_equal(call.inline_input[99], IO_FILL);
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
    assert_null(call.inline_input);
}

static void
a_call_without_input_has_neither(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call = call_with_input(f, 0);

    assert_int_equal(vmk_sim_call_begin(&call), VMM_OK);
    assert_null(call.inline_input);
    assert_null(call.input_descriptor);
    assert_null(call.output_descriptor);
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
}

static void
nothing_of_the_arguments_before_stays(void **state)
{
    struct iokit_fixture *f = *state;
    struct io_call call = { .task = vmk_task_of(f->task) };
    struct io_external_method_arguments arguments;

    memset(&arguments, 0xff, sizeof(arguments));
    assert_int_equal(io_user_client_begin(vmk_sim_system(), &call, &arguments), VMM_OK);
    assert_int_equal(arguments.structure_input_size, 0);
    assert_null(arguments.structure_input_descriptor);
    assert_null(arguments.structure_output_descriptor);
    assert_int_equal(arguments.structure_output_descriptor_size, 0);
}

static void
inline_bytes_that_are_not_there_fail_the_call(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call = call_with_input(f, 16);

    call.input = io_page(f, IO_PAGES);
    assert_int_equal(vmk_sim_call_begin(&call), VMM_IO_BAD_ARGUMENT);
    assert_null(call.state);
    assert_stopped(REASON_NONE);
}

/* ---- what the kernel makes of it, iokit.md 6.2 ---- */

/*  Step 1: 4096 bytes or less, out of line all the same                                          */
static void
small_out_of_line_input_is_refused_from_10_12_6_on(void **state)
{
    static const struct {
        const char *profile;
        vmk_return_t result;
    } cases[] = { { "macos-10.11", VMM_OK },
                  { "macos-10.12.2", VMM_OK },
                  { "macos-10.12.6", VMM_IO_IPC_ERROR },
                  { "macos-15.5", VMM_IO_IPC_ERROR } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vmk_sim_call call;

        iokit_restart(f, cases[i].profile);
        call = call_with_input(f, 4096);
        call.force_out_of_line = 1;
        assert_int_equal(vmk_sim_call_begin(&call), cases[i].result);
        assert_int_equal(call.state != NULL, cases[i].result == VMM_OK);
        if (call.state == NULL)
            continue;
        assert_non_null(call.input_descriptor);
        assert_null(call.inline_input);
        assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
    }
}

static void
small_out_of_line_output_is_refused_from_10_12_6_on(void **state)
{
    static const struct {
        const char *profile;
        vmk_return_t result;
    } cases[] = { { "macos-10.12.2", VMM_OK }, { "macos-10.12.6", VMM_IO_IPC_ERROR } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vmk_sim_call call;

        iokit_restart(f, cases[i].profile);
        call = (struct vmk_sim_call){
            .task = f->task, .output = f->base, .output_size = 8, .force_out_of_line = 1
        };
        assert_int_equal(vmk_sim_call_begin(&call), cases[i].result);
        if (cases[i].result == VMM_OK)
            assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
    }
}

/*  Step 2                                                                                        */
static void
the_input_descriptor_is_out_and_unprepared(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call;
    vmk_desc_t md = begin_big(f, &call);

    assert_int_equal(vmk_desc_length(md), BIG);
    assert_int_equal(vmk_desc_direction(md), IO_DIRECTION_OUT);
    assert_int_equal(vmk_sim_desc_wire_count(md), 0);
    assert_int_equal(vmk_sim_desc_references(md), 1);
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
}

static void
the_input_descriptor_is_a_snapshot_from_10_12_2_on(void **state)
{
    static const struct {
        const char *profile;
        bool is_snapshot;
    } cases[] = { { "macos-10.7", false },   { "macos-10.11", false }, { "macos-10.12.0", false },
                  { "macos-10.12.2", true }, { "macos-10.13", true },  { "macos-15.5", true } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vmk_sim_call call;
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        m = map_in_kernel(f, begin_big(f, &call), 0);
        assert_true(io_store(f->task, f->base, 1));
        assert_io_byte(f->kernel, vmk_map_address(m), cases[i].is_snapshot ? IO_FILL : 1);
        vmk_map_release(m);
        assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
    }
}

/*  Creation that fails is no error: the method finds NULL                                        */
static void
input_that_cannot_be_described_is_null_and_no_error(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call = call_with_input(f, BIG);

    call.input = UINT64_MAX - IO_PAGE;
    assert_int_equal(vmk_sim_call_begin(&call), VMM_OK);
    assert_null(call.input_descriptor);
    assert_null(call.inline_input);
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
}

/*  Step 4                                                                                        */
static void
the_output_descriptor_is_in_and_never_a_snapshot(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call = { .task = f->task, .output = f->base, .output_size = BIG };
    vmk_map_t m;

    assert_int_equal(vmk_sim_call_begin(&call), VMM_OK);
    assert_int_equal(vmk_desc_direction(call.output_descriptor), IO_DIRECTION_IN);
    assert_int_equal(vmk_desc_length(call.output_descriptor), BIG);
    m = map_in_kernel(f, call.output_descriptor, 0);
    assert_true(io_store(f->kernel, vmk_map_address(m), 5));
    assert_io_byte(f->task, f->base, 5);
    vmk_map_release(m);
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
}

static void
output_of_4096_bytes_has_no_descriptor(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call = { .task = f->task, .output = f->base, .output_size = 4096 };

    assert_int_equal(vmk_sim_call_begin(&call), VMM_OK);
    assert_null(call.output_descriptor);
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
}

static void
the_caller_is_the_current_task(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call;

    assert_ptr_equal(vmk_current_task(), f->kernel);
    (void)begin_big(f, &call);
    assert_ptr_equal(vmk_current_task(), f->task);
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
}

/*  Step 7                                                                                        */
static void
both_descriptors_end_with_the_call(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call = call_with_input(f, BIG);
    vmk_desc_t input, output;

    call.output = io_page(f, 4);
    call.output_size = BIG;
    assert_int_equal(vmk_sim_call_begin(&call), VMM_OK);
    input = call.input_descriptor;
    output = call.output_descriptor;
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
    assert_int_equal(vmk_desc_prepare(input, IO_DIRECTION_NONE), VMK_BAD_HANDLE);
    assert_int_equal(vmk_desc_prepare(output, IO_DIRECTION_NONE), VMK_BAD_HANDLE);
}

static void
a_driver_that_retains_keeps_the_descriptor(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call;
    vmk_desc_t md = begin_big(f, &call);

    vmk_desc_retain(md);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
    assert_int_equal(vmk_sim_desc_wire_count(md), 1);
    assert_io_held(f->task, f->base, "11000000");
    vmk_desc_release(md);
    assert_io_held(f->task, f->base, "00000000");
}

static void
a_mapping_keeps_the_descriptor_after_the_call(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call;
    vmk_desc_t md = begin_big(f, &call);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
    assert_ptr_equal(vmk_map_desc(m), md);
    assert_io_byte(f->kernel, vmk_map_address(m), IO_FILL);
    vmk_map_release(m);
    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMK_BAD_HANDLE);
}

static void
outstanding_prepares_are_completed_at_the_end_of_the_call(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call;

    assert_int_equal(vmk_desc_prepare(begin_big(f, &call), IO_DIRECTION_NONE), VMM_OK);
    assert_io_held(f->task, f->base, "11000000");
    assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
    assert_io_held(f->task, f->base, "00000000");
}

static void
calls_may_nest(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call outer, inner;

    (void)begin_big(f, &outer);
    (void)begin_big(f, &inner);
    assert_ptr_not_equal(outer.input_descriptor, inner.input_descriptor);
    assert_int_equal(vmk_sim_call_end(&outer), VMM_OK);
    assert_int_equal(vmk_desc_length(inner.input_descriptor), BIG);
    assert_int_equal(vmk_sim_call_end(&inner), VMM_OK);
    assert_int_equal(vmk_sim_call_end(&inner), VMK_BAD_HANDLE);
}

/* ---- the report's steps, iokit.md 6.3 ---- */

/* Where a release stands in the table of 6.3. */
static const struct {
    const char *profile;
    bool is_snapshot;
} columns[] = { { "macos-10.11", false }, { "macos-10.13", true }, { "macos-15.5", true } };

/* Steps 0 to 3: the call, prepare(), and the mapping with these options. */
static vmk_map_t
report_to_step_3(struct iokit_fixture *f, struct vmk_sim_call *call, vmk_options_t options)
{
    assert_int_equal(vmk_desc_prepare(begin_big(f, call), IO_DIRECTION_NONE), VMM_OK);
    return map_in_kernel(f, call->input_descriptor, options);
}

static void
report_step_3_maps_without_a_translation(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(columns); i++) {
        struct vmk_sim_call call;
        vmk_map_t m;

        iokit_restart(f, columns[i].profile);
        m = report_to_step_3(f, &call, 0);
        assert_io_translated(f->kernel, vmk_map_address(m), "--");
        /* a snapshot of wired pages is on pages of its own, which nobody wired */
        assert_io_held(f->kernel, vmk_map_address(m), columns[i].is_snapshot ? "00" : "11");
    }
}

static void
report_step_4_without_a_wire_is_fatal(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(columns); i++) {
        struct vmk_sim_call call;
        vmk_map_t m;

        iokit_restart(f, columns[i].profile);
        m = report_to_step_3(f, &call, 0);
        assert_false(io_load_locked(f->kernel, vmk_map_address(m) + 100));
        assert_stopped(REASON_FAULT_RESTRICTED);
        assert_int_equal(vm_system_stop(vmk_sim_system())->va, vmk_map_address(m) + 100);
    }
}

/*  Steps 5 to 8: wireRange() makes it work; undo, release, complete                              */
static void
report_steps_5_to_8_work_in_the_section(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(columns); i++) {
        struct vmk_sim_call call;
        vmk_map_t m;
        uint64_t at;

        iokit_restart(f, columns[i].profile);
        m = report_to_step_3(f, &call, 0);
        at = vmk_map_address(m);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, vmk_map_length(m)), VMM_OK);
        assert_io_translated(f->kernel, at, "WW");
        assert_io_held(f->kernel, at, columns[i].is_snapshot ? "11" : "22");
        assert_true(io_store(f->task, f->base, 1));
        assert_true(io_load_locked(f->kernel, at));
        assert_io_byte(f->kernel, at, columns[i].is_snapshot ? IO_FILL : 1);
        assert_true(io_store_locked(f->kernel, at + IO_PAGE, 2));
        assert_io_byte(f->task, io_page(f, 1), columns[i].is_snapshot ? IO_FILL + 1 : 2);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 0, vmk_map_length(m)), VMM_OK);
        vmk_map_release(m);
        assert_int_equal(vmk_desc_complete(call.input_descriptor, IO_DIRECTION_NONE), VMM_OK);
        assert_int_equal(vmk_sim_call_end(&call), VMM_OK);
        assert_stopped(REASON_NONE);
    }
}

/*  Step 3': Prefault is refused and leaks, then is accepted and does nothing                      */
static void
report_step_3_prefault_helps_in_no_release(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(columns); i++) {
        struct vmk_sim_call call;
        vmk_desc_t md;
        vmk_map_t m;

        iokit_restart(f, columns[i].profile);
        md = begin_big(f, &call);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE | IO_MAP_PREFAULT, 0, 0);
        assert_int_equal(m != NULL, columns[i].is_snapshot);
        assert_int_equal(io_events(EV_IOMAP_LEAK), !columns[i].is_snapshot);
        if (m != NULL)
            assert_io_translated(f->kernel, vmk_map_address(m), "--");
    }
}

/*  Step 7': no prepare(). Up to 10.15 a snapshot's fresh pages get read-only translations         */
static void
report_step_7_without_prepare(void **state)
{
    static const struct {
        const char *profile;
        const char *translated;
    } cases[] = { { "macos-10.11", "WW" },
                  { "macos-10.13", "RR" },
                  { "macos-10.15", "RR" },
                  { "macos-11", "WW" },
                  { "macos-15.5", "WW" } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        bool is_writable = cases[i].translated[0] == 'W';
        struct vmk_sim_call call;
        vmk_map_t m;

        iokit_restart(f, cases[i].profile);
        m = map_in_kernel(f, begin_big(f, &call), 0);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, BIG), VMM_OK);
        assert_io_translated(f->kernel, vmk_map_address(m), cases[i].translated);
        assert_true(io_load_locked(f->kernel, vmk_map_address(m)));
        assert_int_equal(io_store_locked(f->kernel, vmk_map_address(m), 1), is_writable);
        assert_stopped(is_writable ? REASON_NONE : REASON_FAULT_RESTRICTED);
    }
}

/*  Step 8x                                                                                        */
static void
report_step_8_release_before_unwire_hangs(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(columns); i++) {
        struct vmk_sim_call call;
        vmk_map_t m;

        iokit_restart(f, columns[i].profile);
        m = report_to_step_3(f, &call, 0);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, vmk_map_length(m)), VMM_OK);
        vmk_map_release(m);
        assert_stopped(REASON_WIRED_AT_UNMAP);
        assert_int_equal(vmk_sim_call_end(&call), VMK_HUNG);
    }
}

/*  Step 5'                                                                                        */
static void
report_step_5_wire_out_of_a_read_only_mapping_is_code_2(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(columns); i++) {
        struct vmk_sim_call call;
        vmk_map_t m;

        iokit_restart(f, columns[i].profile);
        m = report_to_step_3(f, &call, IO_MAP_READ_ONLY);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_OUT, 0, BIG), VMM_PROTECTION_FAILURE);
    }
}

/*  Step 0': the user's buffer may only be read                                                    */
static void
report_step_0_read_only_buffer_needs_a_read_only_mapping(void **state)
{
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(columns); i++) {
        struct vmk_sim_call call;
        vmk_desc_t md;

        iokit_restart(f, columns[i].profile);
        assert_int_equal(vmk_sim_protect(f->task, f->base, BIG, VMM_PROT_READ), VMM_OK);
        md = begin_big(f, &call);
        assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
        assert_map_refused(md, f->kernel, 0, IO_MAP_ANYWHERE, VMM_PROTECTION_FAILURE);
        assert_non_null(map_in_kernel(f, md, IO_MAP_READ_ONLY));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(sizes_up_to_4096_come_inline),
        IOKIT_TEST(inline_bytes_are_a_copy),
        IOKIT_TEST(a_call_without_input_has_neither),
        IOKIT_TEST(nothing_of_the_arguments_before_stays),
        IOKIT_TEST(inline_bytes_that_are_not_there_fail_the_call),
        IOKIT_TEST(small_out_of_line_input_is_refused_from_10_12_6_on),
        IOKIT_TEST(small_out_of_line_output_is_refused_from_10_12_6_on),
        IOKIT_TEST(the_input_descriptor_is_out_and_unprepared),
        IOKIT_TEST(the_input_descriptor_is_a_snapshot_from_10_12_2_on),
        IOKIT_TEST(input_that_cannot_be_described_is_null_and_no_error),
        IOKIT_TEST(the_output_descriptor_is_in_and_never_a_snapshot),
        IOKIT_TEST(output_of_4096_bytes_has_no_descriptor),
        IOKIT_TEST(the_caller_is_the_current_task),
        IOKIT_TEST(both_descriptors_end_with_the_call),
        IOKIT_TEST(a_driver_that_retains_keeps_the_descriptor),
        IOKIT_TEST(a_mapping_keeps_the_descriptor_after_the_call),
        IOKIT_TEST(outstanding_prepares_are_completed_at_the_end_of_the_call),
        IOKIT_TEST(calls_may_nest),
        IOKIT_TEST(report_step_3_maps_without_a_translation),
        IOKIT_TEST(report_step_4_without_a_wire_is_fatal),
        IOKIT_TEST(report_steps_5_to_8_work_in_the_section),
        IOKIT_TEST(report_step_3_prefault_helps_in_no_release),
        IOKIT_TEST(report_step_7_without_prepare),
        IOKIT_TEST(report_step_8_release_before_unwire_hangs),
        IOKIT_TEST(report_step_5_wire_out_of_a_read_only_mapping_is_code_2),
        IOKIT_TEST(report_step_0_read_only_buffer_needs_a_read_only_mapping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
