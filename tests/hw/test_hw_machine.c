/* test_hw_machine.c - one access by one CPU, over tables laid by hand */
#include "hw/hw_machine.h"
#include "test_alloc.h"

#define USER_VA ((vmm_va)0x200000)
#define KERNEL_VA ((vmm_va)0xffffff8000200000)

struct fixture {
    struct counting_alloc counting;
    struct hw_machine *machine;
    vmm_ppn user_root;
    vmm_ppn page;
};

static vmm_ppn
new_table(struct fixture *f)
{
    vmm_ppn ppn = hw_frame_alloc(&f->machine->frames);

    assert_non_null(hw_frame_words(&f->machine->frames, ppn));
    return ppn;
}

/* The leaf word for `va`, with the tables on the way. */
static uint64_t *
leaf(struct fixture *f, vmm_va va)
{
    struct hw_frames *frames = &f->machine->frames;
    vmm_ppn root = hw_is_kernel_va(va) ? f->machine->kernel_root : f->user_root;
    uint32_t missing;

    while (hw_pt_slot(frames, &hw_geometry_x86_64, root, va, 3, &missing) == NULL)
        *hw_pt_slot(frames, &hw_geometry_x86_64, root, va, missing, NULL) =
            hw_pte_make(new_table(f), HW_PTE_VALID | HW_PTE_WRITE | HW_PTE_USER);
    return hw_pt_slot(frames, &hw_geometry_x86_64, root, va, 3, NULL);
}

static int
setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;

    counting_alloc_init(&f->counting);
    f->machine = hw_machine_create(&f->counting.alloc, &hw_geometry_x86_64, 2, 32);
    assert_non_null(f->machine);
    f->machine->kernel_root = new_table(f);
    f->user_root = new_table(f);
    f->page = hw_frame_alloc(&f->machine->frames);
    hw_cpu_load(f->machine, 0, f->machine->geometry, f->user_root, 1);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    hw_machine_destroy(f->machine);
    test_alloc_assert_empty(&f->counting);
    return 0;
}

static enum hw_outcome
access_by(struct fixture *f, uint32_t cpu, vmm_va va, enum hw_access_kind kind, bool from_user)
{
    vmm_ppn ppn = VMM_NO_PAGE;
    enum hw_outcome outcome = hw_access(f->machine, cpu, va, kind, from_user, &ppn);

    assert_int_equal(ppn, outcome == HW_OK ? f->page : VMM_NO_PAGE);
    return outcome;
}

static void
cpus_start_with_one_awake(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->machine->cpus[0].mode, HW_CPU_KERNEL);
    assert_int_equal(f->machine->cpus[1].mode, HW_CPU_IDLE);
    for (uint32_t cpu = 0; cpu < 2; cpu++) {
        assert_int_equal(f->machine->cpus[cpu].id, cpu);
        assert_true(f->machine->cpus[cpu].interrupts_enabled);
    }
}

/*  bits 63..47 all alike or it is no address at all  */
static void
an_address_that_is_not_canonical_faults(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(access_by(f, 0, (vmm_va)1 << 47, HW_READ, false), HW_FAULT_ADDRESS);
    assert_int_equal(access_by(f, 0, (vmm_va)1 << 63, HW_READ, false), HW_FAULT_ADDRESS);
    assert_int_equal(access_by(f, 0, ((vmm_va)1 << 47) - 1, HW_READ, false), HW_FAULT_NOT_PRESENT);
    assert_int_equal(access_by(f, 0, ~(vmm_va)0 << 47, HW_READ, false), HW_FAULT_NOT_PRESENT);
}

static void
no_table_and_no_valid_word_are_not_present(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(access_by(f, 0, USER_VA, HW_READ, true), HW_FAULT_NOT_PRESENT);
    leaf(f, USER_VA);
    assert_int_equal(access_by(f, 0, USER_VA, HW_READ, true), HW_FAULT_NOT_PRESENT);
    assert_int_equal(access_by(f, 1, USER_VA, HW_READ, true), HW_FAULT_NOT_PRESENT); /* C1 */
}

/*  word            read  write  execute      by user, and by the kernel
 *  valid             -     -      -          ok, but not for the user
 *  user, NX          ok    -      -
 *  user, write, NX   ok    ok     -
 *  user              ok    -      ok                                                       */
static void
a_valid_word_gives_what_its_bits_say(void **state)
{
    static const struct {
        uint64_t bits;
        uint32_t user;
        uint32_t kernel;
    } rows[] = {
        { HW_PTE_VALID, 0, HW_READ | HW_EXECUTE },
        { HW_PTE_VALID | HW_PTE_USER | HW_PTE_NX, HW_READ, HW_READ },
        { HW_PTE_VALID | HW_PTE_USER | HW_PTE_WRITE | HW_PTE_NX, HW_READ | HW_WRITE,
          HW_READ | HW_WRITE },
        { HW_PTE_VALID | HW_PTE_USER, HW_READ | HW_EXECUTE, HW_READ | HW_EXECUTE },
    };
    static const enum hw_access_kind kinds[] = { HW_READ, HW_WRITE, HW_EXECUTE };
    struct fixture *f = *state;

    for (size_t row = 0; row < VMM_COUNT_OF(rows); row++) {
        *leaf(f, USER_VA) = hw_pte_make(f->page, rows[row].bits);
        hw_tlb_flush_all(&f->machine->cpus[0].tlb);
        for (size_t i = 0; i < VMM_COUNT_OF(kinds); i++) {
            assert_int_equal(access_by(f, 0, USER_VA, kinds[i], true),
                             rows[row].user & kinds[i] ? HW_OK : HW_FAULT_PROTECTION);
            assert_int_equal(access_by(f, 0, USER_VA, kinds[i], false),
                             rows[row].kernel & kinds[i] ? HW_OK : HW_FAULT_PROTECTION);
        }
    }
}

static void
accesses_set_reference_and_modify_bits(void **state)
{
    struct fixture *f = *state;
    uint64_t bits = HW_PTE_VALID | HW_PTE_WRITE;

    *leaf(f, KERNEL_VA) = hw_pte_make(f->page, bits);
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_READ, false), HW_OK);
    assert_true(*leaf(f, KERNEL_VA) == hw_pte_make(f->page, bits | HW_PTE_REF));
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_WRITE, false), HW_OK);
    assert_true(*leaf(f, KERNEL_VA) == hw_pte_make(f->page, bits | HW_PTE_REF | HW_PTE_MOD));
}

/*  walks:  read 1, read 1, write 2 (the modify bit is still missing), write 2, read 2  */
static void
a_hit_does_not_walk_again(void **state)
{
    static const enum hw_access_kind kinds[] = { HW_READ, HW_READ, HW_WRITE, HW_WRITE, HW_READ };
    static const uint64_t walks[] = { 1, 1, 2, 2, 2 };
    struct fixture *f = *state;

    *leaf(f, KERNEL_VA) = hw_pte_make(f->page, HW_PTE_VALID | HW_PTE_WRITE);
    for (size_t i = 0; i < VMM_COUNT_OF(kinds); i++) {
        assert_int_equal(access_by(f, 0, KERNEL_VA, kinds[i], false), HW_OK);
        assert_int_equal(f->machine->cpus[0].walks, walks[i]);
    }
}

/*  the word is gone, the TLB was not told: reads go on, as on the real thing  */
static void
a_stale_translation_is_used(void **state)
{
    struct fixture *f = *state;

    *leaf(f, KERNEL_VA) = hw_pte_make(f->page, HW_PTE_VALID);
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_READ, false), HW_OK);
    *leaf(f, KERNEL_VA) = 0;
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_READ, false), HW_OK);
    assert_int_equal(access_by(f, 1, KERNEL_VA, HW_READ, false), HW_FAULT_NOT_PRESENT);
}

/*  WRITE was added without a flush: the store is not refused (vm.md 5.4)  */
static void
a_right_that_was_added_is_seen_without_a_flush(void **state)
{
    struct fixture *f = *state;

    *leaf(f, KERNEL_VA) = hw_pte_make(f->page, HW_PTE_VALID);
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_READ, false), HW_OK);
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_WRITE, false), HW_FAULT_PROTECTION);
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_READ, false), HW_OK);
    *leaf(f, KERNEL_VA) |= HW_PTE_WRITE;
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_WRITE, false), HW_OK);
}

static void
a_fault_drops_what_the_tlb_had(void **state)
{
    struct fixture *f = *state;
    uint64_t vpn = hw_vpn(&hw_geometry_x86_64, KERNEL_VA);

    *leaf(f, KERNEL_VA) = hw_pte_make(f->page, HW_PTE_VALID);
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_READ, false), HW_OK);
    assert_int_not_equal(hw_tlb_peek(&f->machine->cpus[0].tlb, vpn, 0), 0);
    assert_int_equal(access_by(f, 0, KERNEL_VA, HW_WRITE, false), HW_FAULT_PROTECTION);
    assert_int_equal(hw_tlb_peek(&f->machine->cpus[0].tlb, vpn, 0), 0);
}

/*  two spaces at one address: loading the other shows its page, loading none shows nothing  */
static void
loading_a_space_changes_what_user_addresses_mean(void **state)
{
    struct fixture *f = *state;

    *leaf(f, USER_VA) = hw_pte_make(f->page, HW_PTE_VALID | HW_PTE_USER);
    assert_int_equal(access_by(f, 0, USER_VA, HW_READ, true), HW_OK);
    hw_cpu_load(f->machine, 0, f->machine->geometry, new_table(f), 2);
    assert_int_equal(access_by(f, 0, USER_VA, HW_READ, true), HW_FAULT_NOT_PRESENT);
    hw_cpu_load(f->machine, 0, f->machine->geometry, VMM_NO_PAGE, 0);
    assert_int_equal(access_by(f, 0, USER_VA, HW_READ, true), HW_FAULT_NOT_PRESENT);
    hw_cpu_load(f->machine, 0, f->machine->geometry, f->user_root, 1);
    assert_int_equal(access_by(f, 0, USER_VA, HW_READ, true), HW_OK);
    assert_int_equal(f->machine->cpus[0].tlb.l1_hits, 1); /* the asid kept it apart */
}

static bool
make_and_unmake(struct counting_alloc *counting)
{
    struct hw_machine *machine = hw_machine_create(&counting->alloc, &hw_geometry_x86_64, 3, 100);

    if (machine != NULL)
        hw_machine_destroy(machine);
    return machine != NULL;
}

static void
create_keeps_nothing_when_it_fails(void **state)
{
    (void)state;
    assert_int_equal(test_alloc_sweep(make_and_unmake), 5 + 3 * 6);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(cpus_start_with_one_awake),
        CASE(an_address_that_is_not_canonical_faults),
        CASE(no_table_and_no_valid_word_are_not_present),
        CASE(a_valid_word_gives_what_its_bits_say),
        CASE(accesses_set_reference_and_modify_bits),
        CASE(a_hit_does_not_walk_again),
        CASE(a_stale_translation_is_used),
        CASE(a_right_that_was_added_is_seen_without_a_flush),
        CASE(a_fault_drops_what_the_tlb_had),
        CASE(loading_a_space_changes_what_user_addresses_mean),
        cmocka_unit_test(create_keeps_nothing_when_it_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
