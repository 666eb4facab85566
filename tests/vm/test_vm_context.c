/*
 * test_vm_context.c - where no fault may be taken, and what becomes of the access; vm.md 6
 *
 * The table of vm.md 6.4, for every release: where the CPU is, whether the translation is there,
 * whether a recovery handler stands ready.
 */
#include "vm_fixture.h"

#include "test_trap.h"
#include "vm/vm_context.h"
#include "vm/vm_fault.h"
#include "vm/vm_internal.h"

static uint64_t
count_of(struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

static enum vmm_status
kernel_access(struct vm_fixture *f, vmm_va va, enum vm_access_kind kind, bool has_recovery)
{
    return vm_access(f->system,
                     &(struct vm_access){ .task = vm_task_kernel(f->system),
                                          .va = va,
                                          .length = 1,
                                          .kind = kind,
                                          .has_recovery = has_recovery },
                     NULL);
}

/* A page of kernel memory without a translation. */
static vmm_va
kernel_page(struct vm_fixture *f)
{
    vmm_va address = 0;

    assert_int_equal(vm_allocate(f->kernel, &address, PAGE, VM_MAP_ANYWHERE), VMM_OK);
    return address;
}

static bool
start_row(struct vm_fixture *f, size_t row)
{
    struct vm_profile profile;

    vm_profile_at(row, &profile);
    vm_fixture_restart(f, profile.name);
    return profile.is_release;
}

static bool
is_15(const struct vm_fixture *f)
{
    return f->profile.xnu_major >= 11215;
}

/* Whether a fault in such a section is refused, by the table and not by the profile's fields. */
static bool
is_refused(const struct vm_fixture *f, enum vm_no_fault kind)
{
    switch (kind) {
    case VM_PREEMPTION_OFF:
    case VM_SPIN_LOCK:
    case VM_INTERRUPT:
        return true;
    case VM_INTERRUPTS_OFF:
    case VM_FAULT_DISABLED:
        return is_15(f); /* vm_fault_disable() is a word of 15.0 (vm.md 4.1) */
    case VM_FAULTS_ALLOWED:
    case VM_MUTEX:
        return false;
    }
    return false;
}

/* Every release and every section, with a fresh kernel inside that section. */
static void
for_each_section(struct vm_fixture *f,
                 void (*look)(struct vm_fixture *f, vmm_va va, enum vm_no_fault kind),
                 bool is_translated)
{
    for (size_t row = 0; row < vm_profile_count(); row++) {
        for (int kind = VM_PREEMPTION_OFF; kind <= VM_MUTEX; kind++) {
            vmm_va va;

            if (!start_row(f, row))
                continue;
            va = kernel_page(f);
            if (is_translated)
                assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, false), VMM_OK);
            faults_since(f);
            vm_context_enter(f->system, (enum vm_no_fault)kind);
            look(f, va, (enum vm_no_fault)kind);
            vm_context_leave(f->system, (enum vm_no_fault)kind);
        }
    }
}

/* ---- the table of vm.md 6.4 ---- */

static void
look_at_valid(struct vm_fixture *f, vmm_va va, enum vm_no_fault kind)
{
    (void)kind;
    assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, false), VMM_OK);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, false), VMM_OK);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, true), VMM_OK);
    assert_int_equal(faults_since(f), 0);
}

/*  A translation that permits the access is enough, wherever the CPU is                            */
static void
a_valid_translation_serves_in_every_section(void **state)
{
    for_each_section(*state, look_at_valid, true);
}

static void
look_at_recovery(struct vm_fixture *f, vmm_va va, enum vm_no_fault kind)
{
    bool is_no = is_refused(f, kind);

    assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, true),
                     is_no ? VMM_INVALID_ADDRESS : VMM_OK);
    assert_int_equal(faults_since(f), is_no ? 0 : 1); /* vm.md 4.1: no counter is touched */
    assert_int_equal(count_of(f, EV_FAULT_REFUSED), is_no);
    assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
}

/*  copyin and copyout get EFAULT where a fault is refused, and their bytes elsewhere               */
static void
a_missing_translation_with_recovery_is_efault_or_served(void **state)
{
    for_each_section(*state, look_at_recovery, false);
}

static void
look_at_plain(struct vm_fixture *f, vmm_va va, enum vm_no_fault kind)
{
    bool is_no = is_refused(f, kind);

    assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, false),
                     is_no ? VMM_MODEL_PANIC : VMM_OK);
    assert_int_equal(vm_system_stop(f->system)->kind, is_no ? VM_PANICKED : VM_RUNNING);
    if (!is_no)
        return;
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_FAULT_RESTRICTED);
    assert_int_equal(vm_system_stop(f->system)->va, va);
    assert_int_equal(faults_since(f), 0);
}

static void
a_missing_translation_without_recovery_panics_or_is_served(void **state)
{
    for_each_section(*state, look_at_plain, false);
}

/*  T20: the page is there, only its translation is not; it is refused all the same                */
static void
t20_a_resident_page_without_a_translation_is_refused_too(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page_view view;
    vmm_va va = kernel_page(f);

    assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, false), VMM_OK);
    pmap_remove(f->kernel->pmap, va, va + PAGE);
    vm_map_probe(f->kernel, va, &view);
    assert_true(view.is_resident);
    vm_context_enter(f->system, VM_PREEMPTION_OFF);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, true), VMM_INVALID_ADDRESS);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, false), VMM_MODEL_PANIC);
    vm_context_leave(f->system, VM_PREEMPTION_OFF);
}

/*  A store to a page that was only read needs a fault as a missing translation does               */
static void
a_translation_that_forbids_the_access_is_no_help(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va = kernel_page(f);

    assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, false), VMM_OK);
    pmap_protect(f->kernel->pmap, va, va + PAGE, VMM_PROT_READ);
    vm_context_enter(f->system, VM_SPIN_LOCK);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, false), VMM_OK);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, true), VMM_INVALID_ADDRESS);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, false), VMM_MODEL_PANIC);
    assert_non_null(strstr(vm_system_stop(f->system)->text, "Error code: 0x0000000000000003"));
    vm_context_leave(f->system, VM_SPIN_LOCK);
}

/*  Interrupts off and nothing else: up to 14 vm_fault is called anyway, and the run says "unsafe"  */
static void
interrupts_off_is_served_unsafely_up_to_14(void **state)
{
    struct vm_fixture *f = *state;

    for (size_t row = 0; row < vm_profile_count(); row++) {
        vmm_va va;

        if (!start_row(f, row) || is_15(f))
            continue;
        va = kernel_page(f);
        vm_context_enter(f->system, VM_INTERRUPTS_OFF);
        assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, false), VMM_OK);
        vm_context_leave(f->system, VM_INTERRUPTS_OFF);
        assert_int_equal(count_of(f, EV_FAULT_UNSAFE), 1);
    }
}

/*  An interrupt turns interrupts off and raises the level: the level decides, in every release     */
static void
an_interrupt_is_refused_by_its_preemption_level(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va;

    vm_fixture_restart(f, "macos-10.9");
    va = kernel_page(f);
    vm_context_enter(f->system, VM_INTERRUPT);
    assert_int_equal(vm_fault(f->kernel, va, VMM_PROT_READ), VMM_FAILURE);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, true), VMM_INVALID_ADDRESS);
    assert_int_equal(count_of(f, EV_FAULT_UNSAFE), 0);
    vm_context_leave(f->system, VM_INTERRUPT);
}

/*  The normal context still panics for what vm_fault cannot serve: code 1 and code 2               */
static void
an_unserved_kernel_fault_panics_in_the_normal_context(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va = kernel_page(f);

    assert_int_equal(kernel_access(f, va + PAGE, VM_ACCESS_READ, true), VMM_INVALID_ADDRESS);
    assert_int_equal(kernel_access(f, va + PAGE, VM_ACCESS_READ, false), VMM_MODEL_PANIC);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_FAULT_UNRESOLVED);
    assert_non_null(strstr(vm_system_stop(f->system)->text, "VF: 1"));
    vm_fixture_restart(f, "macos-15.4");
    va = kernel_page(f);
    assert_int_equal(vm_protect(f->kernel, va, PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_WRITE, false), VMM_MODEL_PANIC);
    assert_non_null(strstr(vm_system_stop(f->system)->text, "PL: 0, VF: 2"));
}

/*  vm.md 4.7: a user fault refused with 5 is an exception up to 10.15 and a panic from 11          */
static void
a_refused_user_fault_panics_from_11(void **state)
{
    struct vm_fixture *f = *state;

    for (size_t row = 0; row < vm_profile_count(); row++) {
        bool panics;

        if (!start_row(f, row))
            continue;
        panics = f->profile.darwin_major >= 20;
        draw_pages(f, "x");
        vm_context_enter(f->system, VM_PREEMPTION_OFF);
        assert_int_equal(user_store(f, 0, 1), panics ? VMM_MODEL_PANIC : VMM_FAILURE);
        vm_context_leave(f->system, VM_PREEMPTION_OFF);
        if (!panics)
            continue;
        assert_int_equal(vm_system_stop(f->system)->reason, REASON_USER_FAULT);
        assert_memory_equal(vm_system_stop(f->system)->text,
                            "vm_fault() KERN_FAILURE from user fault on thread", 49);
    }
}

/* ---- panic texts (vm.md 6.3) ---- */

/*  Every release: how the text begins, and how it ends for a spin lock and a fault refused         */
static void
panic_text_of_every_release(void **state)
{
    static const struct {
        uint32_t until_xnu; /* the last major number with this shape */
        const char *head;
        const char *tail;
    } shapes[] = {
        { 2782, "Kernel trap at ", "Fault CPU: 0x0" },
        { 3789, "Kernel trap at ", "Fault CPU: 0x0, PL: 1" },
        { 11215, "Kernel trap at ", "Fault CPU: 0x0, PL: 1, VF: 5" },
        { UINT32_MAX, "Kernel trap at ", "Fault CPU: 0x0, PL: 1, VF: 5" },
    };
    struct vm_fixture *f = *state;

    for (size_t row = 0; row < vm_profile_count(); row++) {
        const char *text;
        size_t shape = 0;
        vmm_va va;

        if (!start_row(f, row))
            continue;
        while (f->profile.xnu_major > shapes[shape].until_xnu)
            shape++;
        va = kernel_page(f);
        vm_context_enter(f->system, VM_SPIN_LOCK);
        assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, false), VMM_MODEL_PANIC);
        vm_context_leave(f->system, VM_SPIN_LOCK);
        text = vm_system_stop(f->system)->text;
        assert_memory_equal(text, shapes[shape].head, strlen(shapes[shape].head));
        assert_string_equal(text + strlen(text) - strlen(shapes[shape].tail), shapes[shape].tail);
        assert_non_null(strstr(text, shape == 3 ? ", type = 14=page fault, registers:"
                                                : ", type 14=page fault, registers:"));
    }
}

/*  x86's error code: PROT 1, WRITE 2 (vm.md 6.4)                                                   */
static void
panic_text_names_the_address_and_the_error_code(void **state)
{
    static const struct {
        enum vm_access_kind kind;
        const char *code;
    } cases[] = { { VM_ACCESS_READ, "Error code: 0x0000000000000000" },
                  { VM_ACCESS_WRITE, "Error code: 0x0000000000000002" } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmm_va va;

        vm_fixture_restart(f, "macos-10.15");
        va = kernel_page(f);
        assert_int_equal(va, 0xFFFFFF7F80000000);
        vm_context_enter(f->system, VM_SPIN_LOCK);
        assert_int_equal(kernel_access(f, va + 0x123, cases[i].kind, false), VMM_MODEL_PANIC);
        vm_context_leave(f->system, VM_SPIN_LOCK);
        assert_non_null(strstr(vm_system_stop(f->system)->text, "Fault CR2: 0xffffff7f80000123, "));
        assert_non_null(strstr(vm_system_stop(f->system)->text, cases[i].code));
    }
}

static void
panic_text_names_the_cpu_and_the_preemption_level(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va = kernel_page(f);

    vm_system_set_cpu(f->system, 1);
    vm_context_enter(f->system, VM_SPIN_LOCK);
    vm_context_enter(f->system, VM_SPIN_LOCK);
    vm_context_enter(f->system, VM_INTERRUPT);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, false), VMM_MODEL_PANIC);
    assert_non_null(strstr(vm_system_stop(f->system)->text, "Fault CPU: 0x1, PL: 3, VF: 5"));
    assert_int_equal(vm_system_stop(f->system)->cpu, 1);
    vm_context_leave(f->system, VM_INTERRUPT);
    vm_context_leave(f->system, VM_SPIN_LOCK);
    vm_context_leave(f->system, VM_SPIN_LOCK);
}

static void
the_first_panic_is_the_one_that_is_told(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va = kernel_page(f);
    char text[sizeof(vm_system_stop(f->system)->text)];

    vm_context_enter(f->system, VM_SPIN_LOCK);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, false), VMM_MODEL_PANIC);
    memcpy(text, vm_system_stop(f->system)->text, sizeof(text));
    assert_int_equal(kernel_access(f, va + 8, VM_ACCESS_WRITE, true), VMM_MODEL_PANIC);
    assert_string_equal(vm_system_stop(f->system)->text, text);
    assert_int_equal(count_of(f, EV_PANIC), 1);
    vm_context_leave(f->system, VM_SPIN_LOCK);
}

/* ---- the sections themselves ---- */

static void
each_section_counts_what_it_turns_off(void **state)
{
    static const struct {
        enum vm_no_fault kind;
        uint32_t level;
        bool interrupts;
        bool in_interrupt;
        bool faults_disabled;
    } cases[] = {
        { VM_PREEMPTION_OFF, 1, true, false, false }, { VM_SPIN_LOCK, 1, true, false, false },
        { VM_INTERRUPT, 1, false, true, false },      { VM_INTERRUPTS_OFF, 0, false, false, false },
        { VM_FAULT_DISABLED, 0, true, false, true },  { VM_MUTEX, 0, true, false, false },
        { VM_FAULTS_ALLOWED, 0, true, false, false },
    };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vm_context_enter(f->system, cases[i].kind);
        assert_int_equal(vm_context_preemption_level(f->system), cases[i].level);
        assert_int_equal(vm_context_interrupts_enabled(f->system), cases[i].interrupts);
        assert_int_equal(vm_context_in_interrupt(f->system), cases[i].in_interrupt);
        assert_int_equal(vm_context_faults_disabled(f->system), cases[i].faults_disabled);
        assert_int_equal(f->system->machine->cpus[0].interrupts_enabled, cases[i].interrupts);
        vm_context_leave(f->system, cases[i].kind);
        assert_int_equal(vm_context_preemption_level(f->system), 0);
        assert_true(vm_context_interrupts_enabled(f->system));
        assert_false(vm_context_in_interrupt(f->system));
        assert_false(vm_context_faults_disabled(f->system));
    }
}

/*  mutex { spin lock { mutex { spin lock } } }: the level goes 0 1 1 2, and back the same way       */
static void
x1_sections_nest_like_brackets(void **state)
{
    static const enum vm_no_fault nest[] = { VM_MUTEX, VM_SPIN_LOCK, VM_MUTEX, VM_SPIN_LOCK };
    static const uint32_t levels[] = { 0, 0, 1, 1, 2 };
    struct vm_fixture *f = *state;

    for (uint32_t depth = 0; depth < 4; depth++) {
        assert_int_equal(vm_context_preemption_level(f->system), levels[depth]);
        assert_int_equal(vm_context_depth(f->system), depth);
        vm_context_enter(f->system, nest[depth]);
    }
    for (uint32_t depth = 4; depth > 0; depth--) {
        assert_int_equal(vm_context_preemption_level(f->system), levels[depth]);
        assert_int_equal(vm_context_depth(f->system), depth);
        vm_context_leave(f->system, nest[depth - 1]);
    }
    assert_int_equal(vm_context_depth(f->system), 0);
}

static void
enter_too_many_sections(void *context)
{
    struct vm_fixture *f = context;

    for (unsigned i = 0; i <= VM_CONTEXT_DEPTH; i++)
        vm_context_enter(f->system, VM_MUTEX);
}

/*  mutex  |-----|           a driver may let the outer lock go first;
 *  spin      |-----|        what is left still forbids faults                              */
static void
x1_sections_may_end_in_any_order(void **state)
{
    struct vm_fixture *f = *state;

    vm_context_enter(f->system, VM_MUTEX);
    vm_context_enter(f->system, VM_SPIN_LOCK);
    vm_context_leave(f->system, VM_MUTEX);
    assert_int_equal(vm_context_depth(f->system), 1);
    assert_int_equal(vm_context_current(f->system), VM_SPIN_LOCK);
    assert_int_equal(vm_context_preemption_level(f->system), 1);
    vm_context_leave(f->system, VM_SPIN_LOCK);
    assert_int_equal(vm_context_current(f->system), VM_FAULTS_ALLOWED);
}

static void
x1_leaving_what_was_not_entered_changes_nothing(void **state)
{
    struct vm_fixture *f = *state;

    vm_context_leave(f->system, VM_SPIN_LOCK);
    vm_context_enter(f->system, VM_MUTEX);
    vm_context_leave(f->system, VM_INTERRUPTS_OFF);
    assert_int_equal(vm_context_depth(f->system), 1);
    assert_int_equal(vm_context_preemption_level(f->system), 0);
    assert_true(vm_context_interrupts_enabled(f->system));
    vm_context_leave(f->system, VM_MUTEX);
}

static void
more_sections_than_a_cpu_can_hold_are_our_own_bug(void **state)
{
    test_trap_assert(enter_too_many_sections, *state);
}

static void
the_innermost_section_that_forbids_faults_is_current(void **state)
{
    struct vm_fixture *f = *state;

    assert_int_equal(vm_context_current(f->system), VM_FAULTS_ALLOWED);
    vm_context_enter(f->system, VM_INTERRUPTS_OFF);
    vm_context_enter(f->system, VM_SPIN_LOCK);
    vm_context_enter(f->system, VM_MUTEX); /* forbids nothing: the lock below it does */
    assert_int_equal(vm_context_current(f->system), VM_SPIN_LOCK);
    vm_context_leave(f->system, VM_MUTEX);
    vm_context_leave(f->system, VM_SPIN_LOCK);
    assert_int_equal(vm_context_current(f->system), VM_INTERRUPTS_OFF);
    vm_context_leave(f->system, VM_INTERRUPTS_OFF);
}

/*  CPU 1 holds a spin lock; a thread on CPU 0 takes its faults as ever                               */
static void
a_section_belongs_to_its_cpu(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va = kernel_page(f);

    vm_system_set_cpu(f->system, 1);
    vm_context_enter(f->system, VM_SPIN_LOCK);
    vm_system_set_cpu(f->system, 0);
    assert_int_equal(vm_context_depth(f->system), 0);
    assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, false), VMM_OK);
    vm_system_set_cpu(f->system, 1);
    assert_int_equal(vm_context_preemption_level(f->system), 1);
    vm_context_leave(f->system, VM_SPIN_LOCK);
}

static void
a_section_that_ended_forbids_nothing(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va = kernel_page(f);

    for (int kind = VM_PREEMPTION_OFF; kind <= VM_MUTEX; kind++) {
        vm_context_enter(f->system, (enum vm_no_fault)kind);
        vm_context_leave(f->system, (enum vm_no_fault)kind);
    }
    assert_int_equal(kernel_access(f, va, VM_ACCESS_READ, false), VMM_OK);
}

static void
every_section_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = VM_FAULTS_ALLOWED; a <= VM_MUTEX; a++) {
        assert_non_null(vm_no_fault_name((enum vm_no_fault)a));
        for (int b = VM_FAULTS_ALLOWED; b < a; b++)
            assert_string_not_equal(vm_no_fault_name((enum vm_no_fault)a),
                                    vm_no_fault_name((enum vm_no_fault)b));
    }
    assert_string_equal(vm_no_fault_name(VM_SPIN_LOCK), "spin lock held");
    assert_string_equal(vm_no_fault_name((enum vm_no_fault)(VM_MUTEX + 1)), "faults allowed");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_valid_translation_serves_in_every_section),
        TEST(a_missing_translation_with_recovery_is_efault_or_served),
        TEST(a_missing_translation_without_recovery_panics_or_is_served),
        TEST(t20_a_resident_page_without_a_translation_is_refused_too),
        TEST(a_translation_that_forbids_the_access_is_no_help),
        TEST(interrupts_off_is_served_unsafely_up_to_14),
        TEST(an_interrupt_is_refused_by_its_preemption_level),
        TEST(an_unserved_kernel_fault_panics_in_the_normal_context),
        TEST(a_refused_user_fault_panics_from_11),
        TEST(panic_text_of_every_release),
        TEST(panic_text_names_the_address_and_the_error_code),
        TEST(panic_text_names_the_cpu_and_the_preemption_level),
        TEST(the_first_panic_is_the_one_that_is_told),
        TEST(each_section_counts_what_it_turns_off),
        TEST(x1_sections_nest_like_brackets),
        TEST(x1_sections_may_end_in_any_order),
        TEST(x1_leaving_what_was_not_entered_changes_nothing),
        TEST(more_sections_than_a_cpu_can_hold_are_our_own_bug),
        TEST(the_innermost_section_that_forbids_faults_is_current),
        TEST(a_section_belongs_to_its_cpu),
        TEST(a_section_that_ended_forbids_nothing),
        TEST(every_section_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests_name("vm_context", tests, NULL, NULL);
}
