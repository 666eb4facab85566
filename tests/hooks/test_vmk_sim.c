/* test_vmk_sim.c - worlds, looking without touching, and contexts (vmk_sim.h) */
#include "iokit_fixture.h"

#include "base/status.h"

/* ---- worlds ---- */

/* A second world beside the fixture's; it counts its memory apart. */
static vmk_world_t
another_world(struct iokit_fixture *f, struct counting_alloc *counting)
{
    vmk_world_t world;

    counting_alloc_init(counting);
    world = vmk_sim_create(&(struct vmk_sim_config){
        .alloc = &counting->alloc, .profile = &f->profile, .frame_count = 128 });
    assert_non_null(world);
    return world;
}

static void
making_a_world_does_not_make_it_current(void **state)
{
    struct iokit_fixture *f = *state;
    struct counting_alloc counting;
    vmk_world_t world = another_world(f, &counting);

    assert_ptr_equal(vmk_kernel_task(), f->kernel);
    assert_ptr_equal(vmk_sim_make_current(world), f->world);
    assert_ptr_equal(vmk_sim_make_current(f->world), world);
    vmk_sim_destroy(world);
    assert_int_equal(counting.live_bytes, 0);
}

/*  world A  writes 1 at base, panics        world B  writes 2 at base, runs on                    */
static void
worlds_share_neither_memory_nor_fate(void **state)
{
    struct iokit_fixture *f = *state;
    struct counting_alloc counting;
    vmk_world_t world = another_world(f, &counting);
    uint64_t address = f->base;
    vmk_task_t task;

    vmk_sim_make_current(world);
    task = vmk_sim_task_create();
    assert_int_equal(vmk_sim_allocate(task, &address, IO_PAGE), VMM_OK);
    assert_true(io_store(task, address, 2));
    vmk_sim_make_current(f->world);
    assert_true(io_store(f->task, f->base, 1));
    assert_false(io_load_locked(f->kernel, 0x5000));
    assert_stopped(REASON_FAULT_RESTRICTED);
    vmk_sim_make_current(world);
    assert_stopped(REASON_NONE);
    assert_io_byte(task, address, 2);
    assert_null(vmk_sim_check());
    vmk_sim_destroy(world);
    assert_int_equal(counting.live_bytes, 0);
}

/*  A section that one world's CPU is in is not entered in the other                               */
static void
worlds_have_contexts_of_their_own(void **state)
{
    struct iokit_fixture *f = *state;
    struct counting_alloc counting;
    vmk_world_t world = another_world(f, &counting);

    vmk_sim_enter(VM_SPIN_LOCK);
    vmk_sim_make_current(world);
    assert_int_equal(vmk_context(), 0);
    vmk_sim_make_current(f->world);
    assert_int_equal(vmk_context(), VMK_CTX_PREEMPT_OFF);
    vmk_sim_leave(VM_SPIN_LOCK);
    vmk_sim_destroy(world);
}

static void
equal_steps_in_two_worlds_tell_the_same_story(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t sequence[2];
    uint64_t address[2];

    for (unsigned i = 0; i < 2; i++) {
        vmk_map_t m;

        iokit_restart(f, "macos-10.13");
        m = map_in_kernel(f, describe(f, 0, 4, IO_DIRECTION_OUT_IN), 0);
        assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, 3 * IO_PAGE), VMM_OK);
        address[i] = vmk_map_address(m);
        sequence[i] = vm_system_trace(vmk_sim_system())->sequence;
    }
    assert_int_equal(sequence[0], sequence[1]);
    assert_int_equal(address[0], address[1]);
}

static void
destroying_the_current_world_leaves_none(void **state)
{
    struct iokit_fixture *f = *state;
    struct counting_alloc counting;
    vmk_world_t world = another_world(f, &counting);

    vmk_sim_make_current(world);
    vmk_sim_destroy(world);
    assert_null(vmk_sim_system());
    assert_null(vmk_sim_check());
    assert_null(vmk_sim_make_current(f->world));
    vmk_sim_destroy(NULL);
    assert_ptr_equal(vmk_kernel_task(), f->kernel);
}

/*  Prepared, mapped, shared, wired, in a call, in a section, locks held: all of it comes back     */
static void
a_world_is_destroyed_with_everything_in_it(void **state)
{
    struct iokit_fixture *f = *state;
    struct vmk_sim_call call = { .task = f->task, .input = f->base, .input_size = 2 * IO_PAGE };
    vmk_desc_t md = describe(f, 0, 4, IO_DIRECTION_OUT_IN);
    vmk_map_t m = map_in_kernel(f, md, 0);

    assert_int_equal(vmk_desc_prepare(md, IO_DIRECTION_NONE), VMM_OK);
    assert_non_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, IO_PAGE, IO_PAGE));
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 0, IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_user_wire(f->task, f->base, IO_PAGE, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vmk_sim_call_begin(&call), VMM_OK);
    (void)vmk_lock_acquire(vmk_lock_alloc(VMK_SPIN), VMK_IRQ_OFF);
    /* teardown ends the world and finds every byte back */
}

static void
a_world_with_numbers_out_of_range_is_not_made(void **state)
{
    static const struct {
        uint32_t cpus, frames;
    } cases[] = { { 100000, 128 }, { 2, 1 }, { 2, VM_MIN_FRAMES - 1 } };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct counting_alloc counting;

        counting_alloc_init(&counting);
        assert_null(vmk_sim_create(&(struct vmk_sim_config){ .alloc = &counting.alloc,
                                                             .profile = &f->profile,
                                                             .cpu_count = cases[i].cpus,
                                                             .frame_count = cases[i].frames }));
        assert_int_equal(counting.live_bytes, 0);
        assert_ptr_equal(vmk_kernel_task(), f->kernel);
    }
}

static void
a_world_that_runs_out_of_memory_is_not_made(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_world_t world = NULL;
    uint64_t n;

    for (n = 1; n < 1000 && world == NULL; n++) {
        struct counting_alloc counting;

        counting_alloc_init(&counting);
        counting.fail_at = n;
        world = vmk_sim_create(&(struct vmk_sim_config){
            .alloc = &counting.alloc, .profile = &f->profile, .frame_count = 128 });
        vmk_sim_destroy(world);
        assert_int_equal(counting.live_bytes, 0);
        assert_int_equal(counting.live_blocks, 0);
    }
    assert_non_null(world);
    assert_true(n > 4);
}

/* ---- looking (V2) ---- */

/* Everything that could tell that somebody looked. */
struct trail {
    uint64_t sequence;
    uint64_t requests;
    uint64_t live_bytes;
    uint64_t task_faults;
    struct vm_statistics statistics;
};

static void
read_trail(struct iokit_fixture *f, struct trail *trail)
{
    memset(trail, 0, sizeof(*trail));
    trail->sequence = vm_system_trace(vmk_sim_system())->sequence;
    trail->requests = f->counting.requests;
    trail->live_bytes = f->counting.live_bytes;
    trail->task_faults = vmk_sim_task_faults(f->task);
    vm_system_statistics(vmk_sim_system(), &trail->statistics);
}

/* Every way to look, over a range. */
static void
look_everywhere(vmk_task_t task, uint64_t address, uint64_t length)
{
    struct vm_page_view view;
    struct vm_region region;
    uint64_t wired;

    for (uint64_t at = 0; at < length; at += IO_PAGE)
        vmk_sim_probe(task, address + at, &view);
    (void)vmk_sim_translated(task, address, length, &wired);
    (void)vmk_sim_resident(task, address, length, &wired);
    (void)vmk_sim_region(task, address, &region);
    (void)vmk_sim_task_faults(task);
    (void)vmk_sim_check();
}

static void
looking_leaves_no_trail(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 4, IO_DIRECTION_OUT_IN), 0);
    uint64_t fresh = 0;
    struct trail before, after;

    assert_int_equal(vmk_sim_allocate(f->task, &fresh, 2 * IO_PAGE), VMM_OK);
    assert_true(io_load(f->kernel, vmk_map_address(m)));
    read_trail(f, &before);
    look_everywhere(f->kernel, vmk_map_address(m), 8 * IO_PAGE);
    look_everywhere(f->task, f->base, IO_PAGES * IO_PAGE);
    look_everywhere(f->task, fresh, 2 * IO_PAGE);
    look_everywhere(f->task, 0, 4 * IO_PAGE);
    read_trail(f, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_io_translated(f->kernel, vmk_map_address(m), "w---");
    assert_io_held(f->task, fresh, "..");
}

/*  A probe does not rescue the load that follows it where no fault may be taken                   */
static void
looking_before_the_section_does_not_help(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 4, IO_DIRECTION_OUT_IN), 0);

    vmk_sim_enter(VM_SPIN_LOCK);
    look_everywhere(f->kernel, vmk_map_address(m), 4 * IO_PAGE);
    assert_stopped(REASON_NONE);
    assert_false(io_load(f->kernel, vmk_map_address(m)));
    vmk_sim_leave(VM_SPIN_LOCK);
    assert_stopped(REASON_FAULT_RESTRICTED);
}

/*  The next load needs a fault or not, as if nobody had looked                                    */
static void
looking_does_not_warm_what_it_sees(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 4, IO_DIRECTION_OUT_IN), 0);
    uint64_t faults;

    look_everywhere(f->kernel, vmk_map_address(m), 4 * IO_PAGE);
    faults = io_events(EV_FAULT);
    for (unsigned n = 0; n < 4; n++)
        assert_true(io_load(f->kernel, vmk_map_address(m) + (uint64_t)n * IO_PAGE));
    assert_int_equal(io_events(EV_FAULT), faults + 4);
}

static void
a_stopped_world_can_still_be_looked_at(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 4, IO_DIRECTION_OUT_IN), 0);

    assert_true(io_load(f->kernel, vmk_map_address(m) + IO_PAGE));
    assert_false(io_load_locked(f->kernel, vmk_map_address(m)));
    assert_stopped(REASON_FAULT_RESTRICTED);
    assert_io_translated(f->kernel, vmk_map_address(m), "-w--");
    assert_io_held(f->task, f->base, "00000000");
    assert_int_equal(vmk_map_length(m), 4 * IO_PAGE);
    assert_null(vmk_sim_check());
}

/*  PTEs   -w-W        resident and wired pages, counted over byte ranges                          */
static void
counts_of_a_range_agree_with_its_pages(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 4, IO_DIRECTION_OUT_IN), 0);
    uint64_t at = vmk_map_address(m);
    uint64_t wired = 99;

    assert_true(io_store(f->kernel, at + IO_PAGE, 1));
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_IN, 3 * IO_PAGE, IO_PAGE), VMM_OK);
    assert_io_translated(f->kernel, at, "-w-W");
    assert_int_equal(vmk_sim_translated(f->kernel, at, 4 * IO_PAGE, &wired), 2);
    assert_int_equal(wired, 1);
    assert_int_equal(vmk_sim_translated(f->kernel, at, 2 * IO_PAGE, &wired), 1);
    assert_int_equal(wired, 0);
    assert_int_equal(vmk_sim_translated(f->kernel, at, 0, &wired), 0);
    assert_int_equal(vmk_sim_resident(f->kernel, at, 4 * IO_PAGE, &wired), 4);
    assert_int_equal(wired, 1);
    assert_int_equal(vmk_sim_resident(f->kernel, at + 1, IO_PAGE, NULL), 2);
    assert_int_equal(vmk_sim_resident(f->kernel, UINT64_MAX, 2, NULL), 0);
    assert_int_equal(vmk_map_wire(m, IO_DIRECTION_NONE, 3 * IO_PAGE, IO_PAGE), VMM_OK);
}

/*  page zero (4 GiB that allow nothing), the fixture's buffer, and one page above it              */
static void
regions_come_in_order_and_end(void **state)
{
    struct iokit_fixture *f = *state;
    uint64_t above = f->base + ((uint64_t)1 << 20);
    struct vm_region region;

    assert_int_equal(vmk_sim_allocate(f->task, &above, IO_PAGE), VMM_OK);
    assert_true(vmk_sim_region(f->task, 0, &region));
    assert_int_equal(region.start, 0);
    assert_int_equal(region.max_protection, VMM_PROT_NONE);
    assert_true(vmk_sim_region(f->task, region.end, &region));
    assert_int_equal(region.start, f->base);
    assert_true(vmk_sim_region(f->task, region.end, &region));
    assert_int_equal(region.start, above);
    assert_false(vmk_sim_region(f->task, region.end, &region));
    assert_int_equal(io_regions(f->task), 3);
}

/* ---- tasks ---- */

static void
a_task_has_a_number_and_counts_its_faults(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_task_t other = vmk_sim_task_create();
    uint64_t mine = vmk_sim_task_faults(f->task);
    uint64_t fresh = 0;

    assert_int_equal(vmk_sim_task_id(f->kernel), 0);
    assert_int_not_equal(vmk_sim_task_id(f->task), 0);
    assert_int_not_equal(vmk_sim_task_id(f->task), vmk_sim_task_id(other));
    assert_int_equal(vmk_sim_allocate(other, &fresh, 2 * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_task_faults(other), 0);
    assert_int_equal(vmk_sim_write(other, fresh, NULL, 1, 2 * IO_PAGE, NULL), VMM_OK);
    assert_int_equal(vmk_sim_task_faults(other), 2);
    assert_int_equal(vmk_sim_task_faults(f->task), mine);
}

static void
a_task_that_ends_while_current_hands_over_to_the_kernel(void **state)
{
    struct iokit_fixture *f = *state;

    vmk_sim_task_switch(f->task);
    assert_ptr_equal(vmk_current_task(), f->task);
    assert_int_equal(vmk_sim_task_terminate(f->task), VMM_OK);
    assert_ptr_equal(vmk_current_task(), f->kernel);
}

/*  |0123|4567|   a load of 8 bytes that runs from page 7 into nothing: `done` says how far        */
static void
an_access_says_how_far_it_went(void **state)
{
    struct iokit_fixture *f = *state;
    uint8_t bytes[8] = { 0 };
    uint64_t done = 99;

    assert_int_equal(vmk_sim_read(f->task, io_page(f, 7) + IO_PAGE - 3, bytes, 8, &done),
                     VMM_INVALID_ADDRESS);
    assert_int_equal(done, 3);
    assert_int_equal(bytes[2], IO_FILL + 7);
    assert_int_equal(bytes[3], 0);
    assert_int_equal(vmk_sim_write(f->task, io_page(f, 0), "abc", 0, 3, &done), VMM_OK);
    assert_int_equal(done, 3);
    assert_io_byte(f->task, io_page(f, 0) + 2, 'c');
}

static void
user_wires_hold_pages_and_need_no_kernel(void **state)
{
    struct iokit_fixture *f = *state;

    assert_int_equal(vmk_sim_user_wire(f->task, io_page(f, 1) + 5, IO_PAGE, VMM_PROT_READ), VMM_OK);
    assert_io_wired(f->task, f->base, "01100000");
    assert_io_held(f->task, f->base, "01100000");
    assert_int_equal(vmk_sim_user_unwire(f->task, io_page(f, 1), 2 * IO_PAGE), VMM_OK);
    assert_io_held(f->task, f->base, "00000000");
    assert_int_equal(vmk_sim_user_wire(f->task, UINT64_MAX, 2, VMM_PROT_READ),
                     VMM_INVALID_ARGUMENT);
    assert_int_equal(vmk_sim_user_unwire(f->task, UINT64_MAX, 2), VMM_INVALID_ARGUMENT);
}

static void
the_hidden_status_is_the_last_creations(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    assert_int_equal(vmk_sim_hidden_status(), VMM_OK);
    assert_null(vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE, IO_PAGE, 1));
    assert_int_equal(vmk_sim_hidden_status(), VMM_IO_BAD_ARGUMENT);
    (void)map_in_kernel(f, md, 0);
    assert_int_equal(vmk_sim_hidden_status(), VMM_OK);
}

/* ---- contexts (X1) ---- */

/*  What each kind of section shows, and whether a fault in it is fatal (iokit.md 7)               */
static void
each_section_has_its_bits_and_its_fate(void **state)
{
    static const struct {
        enum vm_no_fault kind;
        uint32_t context;
        bool is_fatal;
    } cases[] = {
        { VM_PREEMPTION_OFF, VMK_CTX_PREEMPT_OFF, true },
        { VM_SPIN_LOCK, VMK_CTX_PREEMPT_OFF, true },
        { VM_INTERRUPT, VMK_CTX_PREEMPT_OFF | VMK_CTX_IRQ_OFF | VMK_CTX_INTERRUPT, true },
        { VM_INTERRUPTS_OFF, VMK_CTX_IRQ_OFF, true }, /* from 15 on */
        { VM_FAULT_DISABLED, 0, true },               /* from 15 on */
        { VM_MUTEX, 0, false },
    };
    struct iokit_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmk_map_t m;

        iokit_restart(f, "macos-15.4");
        m = map_in_kernel(f, describe(f, 0, 1, IO_DIRECTION_OUT), 0);
        vmk_sim_enter(cases[i].kind);
        assert_int_equal(vmk_context(), cases[i].context);
        assert_int_equal(io_load(f->kernel, vmk_map_address(m)), !cases[i].is_fatal);
        assert_stopped(cases[i].is_fatal ? REASON_FAULT_RESTRICTED : REASON_NONE);
        vmk_sim_leave(cases[i].kind);
        assert_int_equal(vmk_context(), 0);
    }
}

static void
sections_nest_and_the_outer_one_still_holds(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 1, IO_DIRECTION_OUT), 0);

    vmk_sim_enter(VM_SPIN_LOCK);
    vmk_sim_enter(VM_SPIN_LOCK);
    vmk_sim_enter(VM_MUTEX);
    vmk_sim_enter(VM_INTERRUPTS_OFF);
    assert_int_equal(vmk_context(), VMK_CTX_PREEMPT_OFF | VMK_CTX_IRQ_OFF);
    vmk_sim_leave(VM_INTERRUPTS_OFF);
    vmk_sim_leave(VM_MUTEX);
    vmk_sim_leave(VM_SPIN_LOCK);
    assert_int_equal(vmk_context(), VMK_CTX_PREEMPT_OFF);
    assert_false(io_load(f->kernel, vmk_map_address(m)));
    vmk_sim_leave(VM_SPIN_LOCK);
    assert_int_equal(vmk_context(), 0);
}

static void
sections_beyond_the_limit_and_leaves_beyond_the_start_are_ignored(void **state)
{
    (void)state;
    vmk_sim_leave(VM_SPIN_LOCK);
    for (unsigned i = 0; i < VM_CONTEXT_DEPTH + 5; i++)
        vmk_sim_enter(VM_SPIN_LOCK);
    assert_int_equal(vm_context_depth(vmk_sim_system()), VM_CONTEXT_DEPTH);
    for (unsigned i = 0; i < VM_CONTEXT_DEPTH + 5; i++)
        vmk_sim_leave(VM_SPIN_LOCK);
    assert_int_equal(vmk_context(), 0);
}

/*  CPU 0 holds a spin lock; CPU 1 may fault                                                       */
static void
a_section_belongs_to_one_cpu(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_map_t m = map_in_kernel(f, describe(f, 0, 2, IO_DIRECTION_OUT), 0);

    vmk_sim_enter(VM_SPIN_LOCK);
    vmk_sim_set_cpu(1);
    assert_int_equal(vmk_context(), 0);
    assert_true(io_load(f->kernel, vmk_map_address(m)));
    vmk_sim_set_cpu(0);
    assert_int_equal(vmk_context(), VMK_CTX_PREEMPT_OFF);
    assert_true(io_load(f->kernel, vmk_map_address(m))); /* the other CPU's fault serves both */
    assert_false(io_load(f->kernel, vmk_map_address(m) + IO_PAGE));
    vmk_sim_leave(VM_SPIN_LOCK);
}

static void
a_cpu_that_does_not_exist_is_not_switched_to(void **state)
{
    struct iokit_fixture *f = *state;

    vmk_sim_set_cpu(vm_system_cpu_count(vmk_sim_system()));
    vmk_sim_set_cpu(UINT32_MAX);
    assert_false(io_load_locked(f->kernel, 0x5000));
    assert_int_equal(vm_system_stop(vmk_sim_system())->cpu, 0);
}

/*  IOSleep() and its like                                                                        */
static void
a_call_that_may_wait_is_announced_in_a_section(void **state)
{
    struct iokit_fixture *f = *state;

    vmk_sim_may_block();
    assert_int_equal(io_events(EV_MAY_BLOCK), 0);
    vmk_sim_enter(VM_SPIN_LOCK);
    vmk_sim_may_block();
    vmk_sim_leave(VM_SPIN_LOCK);
    assert_int_equal(io_events(EV_MAY_BLOCK), 1);
    vmk_sim_make_current(NULL);
    vmk_sim_may_block(); /* nobody to tell */
    vmk_sim_make_current(f->world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(making_a_world_does_not_make_it_current),
        IOKIT_TEST(worlds_share_neither_memory_nor_fate),
        IOKIT_TEST(worlds_have_contexts_of_their_own),
        IOKIT_TEST(equal_steps_in_two_worlds_tell_the_same_story),
        IOKIT_TEST(destroying_the_current_world_leaves_none),
        IOKIT_TEST(a_world_is_destroyed_with_everything_in_it),
        IOKIT_TEST(a_world_with_numbers_out_of_range_is_not_made),
        IOKIT_TEST(a_world_that_runs_out_of_memory_is_not_made),
        IOKIT_TEST(looking_leaves_no_trail),
        IOKIT_TEST(looking_before_the_section_does_not_help),
        IOKIT_TEST(looking_does_not_warm_what_it_sees),
        IOKIT_TEST(a_stopped_world_can_still_be_looked_at),
        IOKIT_TEST(counts_of_a_range_agree_with_its_pages),
        IOKIT_TEST(regions_come_in_order_and_end),
        IOKIT_TEST(a_task_has_a_number_and_counts_its_faults),
        IOKIT_TEST(a_task_that_ends_while_current_hands_over_to_the_kernel),
        IOKIT_TEST(an_access_says_how_far_it_went),
        IOKIT_TEST(user_wires_hold_pages_and_need_no_kernel),
        IOKIT_TEST(the_hidden_status_is_the_last_creations),
        IOKIT_TEST(each_section_has_its_bits_and_its_fate),
        IOKIT_TEST(sections_nest_and_the_outer_one_still_holds),
        IOKIT_TEST(sections_beyond_the_limit_and_leaves_beyond_the_start_are_ignored),
        IOKIT_TEST(a_section_belongs_to_one_cpu),
        IOKIT_TEST(a_cpu_that_does_not_exist_is_not_switched_to),
        IOKIT_TEST(a_call_that_may_wait_is_announced_in_a_section),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
