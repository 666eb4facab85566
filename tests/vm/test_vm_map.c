/* test_vm_map.c - entries come, change and go, and what that costs; vm.md 1.6, 2.3, 3.6, 5.8, 7.3 */
#include "vm_fixture.h"

#include "vm/vm_bsd.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_user.h"

static const struct vm_map_enter_args one_page = { .size = PAGE,
                                                   .flags = VM_MAP_FIXED,
                                                   .protection = VMM_PROT_DEFAULT,
                                                   .max_protection = VMM_PROT_ALL,
                                                   .inheritance = VMM_INHERIT_COPY };

static uint64_t
count_of(struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

static struct vm_map_entry *
entry_at(const struct vm_fixture *f, unsigned n)
{
    struct vm_map_entry *entry;

    assert_true(vm_map_lookup_entry(f->map, page(f, n), &entry));
    return entry;
}

/* One picture of a window: a letter an entry, in order, '.' for a hole. */
static void
assert_entries(struct vm_fixture *f, const char *picture)
{
    char found[64] = "";
    char letter = 'a' - 1;
    vmm_va last = 0;

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_region region;
        bool is_mapped = vm_map_region(f->map, page(f, n), &region) && region.start <= page(f, n);

        letter = (char)(letter + (is_mapped && region.start != last));
        last = is_mapped ? region.start : last;
        found[n] = is_mapped ? letter : '.';
    }
    assert_string_equal(found, picture);
}

static void
touch(struct vm_fixture *f, unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++)
        assert_int_equal(user_store(f, n, (uint8_t)n), VMM_OK);
}

static enum vmm_status
remove_pages(struct vm_fixture *f, unsigned from, unsigned to)
{
    return vm_map_delete(f->map, page(f, from), page(f, to));
}

static enum vmm_status
protect(struct vm_fixture *f, unsigned from, unsigned to, vmm_prot prot)
{
    return vm_map_protect(f->map, page(f, from), page(f, to), prot, false);
}

/* ---- enter (vm.md 1.6) ---- */

static void
enter_says_what_it_was_told(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_enter_args args = one_page;
    struct vm_region region;
    vmm_va address = page(f, 1);

    args.size = 3 * PAGE;
    args.protection = VMM_PROT_READ;
    args.max_protection = VMM_PROT_DEFAULT;
    args.inheritance = VMM_INHERIT_SHARE;
    assert_int_equal(vm_map_enter(f->map, &address, &args), VMM_OK);
    assert_int_equal(address, page(f, 1));
    assert_true(vm_map_region(f->map, page(f, 2), &region));
    assert_int_equal(region.start, page(f, 1));
    assert_int_equal(region.end, page(f, 4));
    assert_int_equal(region.protection, VMM_PROT_READ);
    assert_int_equal(region.max_protection, VMM_PROT_DEFAULT);
    assert_int_equal(region.inheritance, VMM_INHERIT_SHARE);
    assert_int_equal(region.wired_count, 0);
    assert_false(region.needs_copy);
}

/*  vm.md 5.8, "allocate/map n pages": no fault, no page, no translation, no flush                */
static void
enter_makes_entries_only(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_statistics before, after;

    vm_system_statistics(f->system, &before);
    draw_pages(f, "xxxxxxxx");
    vm_system_statistics(f->system, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(count_of(f, EV_MAP_ENTER), 2); /* and the 4 GiB at 0 */
    assert_int_equal(count_of(f, EV_PMAP_ENTER), 0);
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 0);
}

static void
enter_takes_over_one_reference_of_the_object(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_enter_args args = one_page;
    vmm_va address = page(f, 0);

    assert_int_equal(vm_object_create(f->system, PAGE, &args.object), VMM_OK);
    assert_int_equal(vm_map_enter(f->map, &address, &args), VMM_OK);
    assert_int_equal(args.object->ref_count, 1);
    assert_int_equal(remove_pages(f, 0, 1), VMM_OK);
    assert_int_equal(count_of(f, EV_OBJECT_FREE), 1);
}

static void
enter_that_fails_leaves_the_reference_and_the_address(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_enter_args args = one_page;
    vmm_va address = page(f, 0);

    draw_pages(f, "x");
    assert_int_equal(vm_object_create(f->system, PAGE, &args.object), VMM_OK);
    assert_int_equal(vm_map_enter(f->map, &address, &args), VMM_NO_SPACE);
    assert_int_equal(address, page(f, 0));
    assert_int_equal(args.object->ref_count, 1);
    vm_object_release(&args.object);
}

/*  vm.md 1.7: fixed with (addr & mask) != 0 is code 3                                             */
static void
enter_fixed_off_its_alignment_is_code_3(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_enter_args args = one_page;
    vmm_va address = page(f, 1);

    args.mask = 4 * PAGE - 1;
    assert_int_equal(vm_map_enter(f->map, &address, &args), VMM_NO_SPACE);
    address = page(f, 4);
    assert_int_equal(vm_map_enter(f->map, &address, &args), VMM_OK);
    assert_entries(f, "....a");
}

static void
enter_outside_the_map_is_code_1(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = vm_map_max(f->map);

    assert_int_equal(vm_map_enter(f->map, &address, &one_page), VMM_INVALID_ADDRESS);
    address = vm_map_min(f->kernel) - PAGE;
    assert_int_equal(vm_map_enter(f->kernel, &address, &one_page), VMM_INVALID_ADDRESS);
}

static void
enter_anywhere_says_where(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_enter_args args = one_page;
    vmm_va address = page(f, 1);

    draw_pages(f, "xxx");
    args.flags = VM_MAP_ANYWHERE;
    assert_int_equal(vm_map_enter(f->map, &address, &args), VMM_OK);
    assert_int_equal(address, page(f, 3));
}

/*  entry   aaaa         overwrite [1, 3): what was there goes with its translations, the rest stays */
static void
enter_overwrite_replaces_just_its_range(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_enter_args args = one_page;
    vmm_va address = page(f, 1);

    draw_pages(f, "xxxx");
    touch(f, 0, 4);
    args.size = 2 * PAGE;
    args.flags = VM_MAP_OVERWRITE;
    args.protection = VMM_PROT_READ;
    assert_int_equal(vm_map_enter(f->map, &address, &args), VMM_OK);
    assert_entries(f, "abbc");
    assert_translated(f, "w--w");
    assert_int_equal(vm_map_size(f->map), ((vmm_size)1 << 32) + 4 * PAGE);
}

static void
enter_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 100; n++) {
        vmm_va address;

        vm_fixture_restart(f, "macos-15.4");
        f->counting.requests = 0;
        f->counting.fail_at = n;
        for (unsigned i = 0; i < 4096; i++) { /* more than the entries that are at hand */
            address = page(f, 2 * i);
            status = vm_map_enter(f->map, &address, &one_page);
            if (status != VMM_OK)
                break;
        }
        f->counting.fail_at = 0;
        if (status != VMM_OK)
            assert_int_equal(status, VMM_MODEL_NO_MEMORY);
        assert_null(vm_system_check(f->system));
    }
    assert_int_equal(status, VMM_OK);
}

/* ---- delete (vm.md 2.3, 3.6) ---- */

/*  entry   aaaaaa       delete [2, 4)                                                             */
static void
delete_clips_and_removes_just_its_range(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxxx");
    touch(f, 0, 6);
    assert_int_equal(remove_pages(f, 2, 4), VMM_OK);
    assert_entries(f, "aa..bb");
    assert_translated(f, "ww--ww");
    assert_int_equal(user_store(f, 2, 1), VMM_INVALID_ADDRESS);
    assert_int_equal(user_store(f, 4, 1), VMM_OK);
}

static void
delete_of_the_last_mapping_gives_the_pages_back(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_statistics before, after;

    vm_system_statistics(f->system, &before);
    draw_pages(f, "xxxx");
    touch(f, 0, 4);
    vm_system_statistics(f->system, &after);
    assert_int_equal(after.active_pages, before.active_pages + 4);
    assert_int_equal(remove_pages(f, 0, 4), VMM_OK);
    vm_system_statistics(f->system, &after);
    assert_int_equal(after.active_pages, before.active_pages);
}

/*  A part of an object's range goes; its pages stay as long as another entry names the object     */
static void
delete_of_a_part_keeps_the_object(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    draw_pages(f, "xx");
    touch(f, 0, 2);
    assert_int_equal(remove_pages(f, 0, 1), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 1), &region));
    assert_int_equal(region.object_references, 1);
    assert_int_equal(region.offset, PAGE);
    assert_int_equal(count_of(f, EV_PAGE_FREE), 0);
}

/*  vm.md 5.8: r translations of one entry in one 2 MiB chunk are one flush, whatever r is          */
static void
delete_flushes_once_an_entry(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx.xx");
    touch(f, 0, 4);
    touch(f, 5, 7);
    assert_int_equal(remove_pages(f, 0, 7), VMM_OK);
    assert_int_equal(count_of(f, EV_PMAP_REMOVE), 6);
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 2);
}

/*  pages 510..514 of one entry lie in two 2 MiB chunks                                             */
static void
delete_flushes_once_a_chunk(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address = page(f, 0);

    assert_int_equal(vm_allocate(f->map, &address, 1024 * PAGE, VM_MAP_FIXED), VMM_OK);
    touch(f, 510, 514);
    assert_int_equal(remove_pages(f, 0, 1024), VMM_OK);
    assert_int_equal(count_of(f, EV_PMAP_REMOVE), 4);
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 2);
}

static void
t21_delete_of_what_nobody_touched_flushes_nothing(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxxxxx");
    assert_int_equal(remove_pages(f, 0, 8), VMM_OK);
    assert_int_equal(count_of(f, EV_PMAP_REMOVE), 0);
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 0);
}

static void
delete_drops_all_user_wires_and_their_charge(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 4), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(f->map->user_wire_size, 4 * PAGE);
    assert_int_equal(remove_pages(f, 1, 3), VMM_OK);
    assert_wired(f, "1..1");
    assert_int_equal(f->map->user_wire_size, 2 * PAGE);
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 1), true), VMM_OK);
}

/*  entry   aabbcc       b is wired by the kernel: a goes, b and c stay, the thread waits for ever  */
static void
delete_goes_up_to_the_kernel_wired_entry(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxxx");
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 4), VMM_PROT_READ, false), VMM_OK);
    assert_int_equal(remove_pages(f, 0, 6), VMM_MODEL_HANG);
    assert_wired(f, "..1100");
    assert_int_equal(vm_system_stop(f->system)->kind, VM_HUNG);
    assert_int_equal(vm_system_stop(f->system)->reason, REASON_WIRED_AT_UNMAP);
    assert_int_equal(vm_system_stop(f->system)->va, page(f, 2));
}

/*  iokit.md 4.4: only kernels with assertions stop, and only for their own map                     */
static void
delete_of_wired_kernel_memory_asserts_on_a_development_kernel(void **state)
{
    struct vm_fixture *f = *state;

    for (unsigned asserts = 0; asserts < 2; asserts++) {
        vmm_va address = 0;

        vm_fixture_restart(f, "macos-15.4");
        f->system->kernel_asserts = asserts;
        assert_int_equal(vm_allocate(f->kernel, &address, PAGE, VM_MAP_ANYWHERE), VMM_OK);
        assert_int_equal(vm_map_wire(f->kernel, address, address + PAGE, VMM_PROT_READ, false),
                         VMM_OK);
        assert_int_equal(vm_map_delete(f->kernel, address, address + PAGE),
                         asserts ? VMM_MODEL_PANIC : VMM_MODEL_HANG);
        assert_int_equal(vm_system_stop(f->system)->reason, REASON_WIRED_AT_UNMAP);
    }
}

static void
delete_of_wired_user_memory_never_asserts(void **state)
{
    struct vm_fixture *f = *state;

    f->system->kernel_asserts = true;
    draw_pages(f, "x");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, false), VMM_OK);
    assert_int_equal(remove_pages(f, 0, 1), VMM_MODEL_HANG);
}

/* ---- requests of the kernel, and what a request that fails leaves (vm.md 1.6) ---- */

/* Enters anonymous memory at pages [from, to) with these flags. */
static enum vmm_status
enter_with(struct vm_fixture *f, unsigned from, unsigned to, uint32_t flags, uint32_t vmk_flags)
{
    vmm_va address = page(f, from);

    return vm_map_enter(f->map, &address,
                        &(struct vm_map_enter_args){ .size = (to - from) * (vmm_size)PAGE,
                                                     .flags = flags,
                                                     .vmk_flags = vmk_flags,
                                                     .protection = VMM_PROT_DEFAULT,
                                                     .max_protection = VMM_PROT_ALL,
                                                     .inheritance = VMM_INHERIT_COPY });
}

/*  entry   PPbbb.       allocate over [0, 5): P is permanent, so there is no room: code 3
 *  after   PPbbb.       b is back with its contents; P allows nothing any more                    */
static void
overwrite_that_fails_brings_back_what_it_removed(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte = 0;

    draw_pages(f, "..xxx.");
    assert_int_equal(enter_with(f, 0, 2, VM_MAP_FIXED | VM_MAP_PERMANENT, 0), VMM_OK);
    assert_int_equal(user_store(f, 3, 13), VMM_OK);
    assert_int_equal(enter_with(f, 0, 5, VM_MAP_FIXED | VM_MAP_OVERWRITE, 0), VMM_NO_SPACE);
    assert_wired(f, "00000."); /* all of it is mapped */
    assert_translated(f, "------");
    assert_int_equal(user_load(f, 3, &byte), VMM_OK);
    assert_int_equal(byte, 13);
    assert_int_equal(user_load(f, 1, &byte), VMM_PROTECTION_FAILURE);
}

/*  entry   PPbbbb  aaPPbb  ..aaPP   the same over [0, 4), [0, 6) and [2, 6)
 *  after   PP..bb  ..PP..  ....PP   something stands between or right behind: nothing comes back  */
static void
overwrite_that_fails_brings_nothing_back_when_the_coast_is_not_clear(void **state)
{
    static const struct {
        const char *before;
        unsigned permanent, start, end;
        const char *after;
    } rows[] = { { "..xxxx", 0, 0, 4, "00..00" },
                 { "xx..xx", 2, 0, 6, "..00.." },
                 { "..xx..", 4, 2, 6, "....00" } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        vm_fixture_restart(f, "macos-15.4");
        draw_pages(f, rows[i].before);
        assert_int_equal(enter_with(f, rows[i].permanent, rows[i].permanent + 2,
                                    VM_MAP_FIXED | VM_MAP_PERMANENT, 0),
                         VMM_OK);
        assert_int_equal(
            enter_with(f, rows[i].start, rows[i].end, VM_MAP_FIXED | VM_MAP_OVERWRITE, 0),
            VMM_NO_SPACE);
        assert_wired(f, rows[i].after);
    }
}

/*  wiring_required: the new memory cannot be wired, so the old is back                            */
static void
overwrite_whose_wiring_fails_brings_back_what_it_removed(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte = 0;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 1, 11), VMM_OK);
    f->map->wiring_required = true;
    vm_map_set_user_wire_limit(f->map, PAGE);
    assert_int_equal(enter_with(f, 0, 2, VM_MAP_FIXED | VM_MAP_OVERWRITE, 0),
                     VMM_RESOURCE_SHORTAGE);
    f->map->wiring_required = false;
    assert_wired(f, "00");
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(byte, 11);
}

static void
what_is_new_is_wired_where_the_map_requires_it(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    f->map->wiring_required = true;
    assert_int_equal(enter_with(f, 1, 3, VM_MAP_FIXED, 0), VMM_OK);
    assert_wired(f, "011");
    assert_translated(f, "-WW");
}

/*  VM_FLAGS_ALREADY: the very same mapping is code 23, any other one code 3                       */
static void
already_tells_the_same_mapping_from_another(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    assert_int_equal(enter_with(f, 0, 2, VM_MAP_FIXED, 0), VMM_NO_SPACE);
    assert_int_equal(enter_with(f, 0, 2, VM_MAP_FIXED, VMKF_ALREADY), VMM_MEMORY_PRESENT);
    assert_int_equal(enter_with(f, 0, 1, VM_MAP_FIXED, VMKF_ALREADY), VMM_NO_SPACE);
    assert_int_equal(enter_with(f, 1, 2, VM_MAP_FIXED, VMKF_ALREADY), VMM_NO_SPACE);
    assert_int_equal(enter_with(f, 0, 3, VM_MAP_FIXED, VMKF_ALREADY), VMM_NO_SPACE);
    assert_int_equal(enter_with(f, 0, 2, VM_MAP_FIXED | (uint32_t)9 << 24, VMKF_ALREADY),
                     VMM_NO_SPACE);
    assert_int_equal(vm_protect(f->map, page(f, 0), 2 * PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(enter_with(f, 0, 2, VM_MAP_FIXED, VMKF_ALREADY), VMM_NO_SPACE);
    assert_int_equal(enter_with(f, 2, 3, VM_MAP_FIXED, VMKF_ALREADY), VMM_OK); /* a free place */
}

/*  One a map; the address is not the first free one                                               */
static void
a_map_has_one_jit_entry(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_enter_args args = { .size = PAGE,
                                      .flags = VM_MAP_ANYWHERE,
                                      .vmk_flags = VMKF_JIT,
                                      .protection = VMM_PROT_ALL,
                                      .max_protection = VMM_PROT_ALL };
    vmm_va first = 0, second = 0;

    assert_int_equal(vm_map_enter(f->map, &first, &args), VMM_OK);
    assert_int_not_equal(first, (vmm_va)1 << 32);
    assert_int_equal(vm_map_enter(f->map, &second, &args), VMM_INVALID_ARGUMENT);
    args.vmk_flags = 0;
    assert_int_equal(vm_map_enter(f->map, &second, &args), VMM_OK);
    assert_int_equal(second, (vmm_va)1 << 32);
}

/*  mmap(MAP_JIT): private and where the system likes; nobody shares it by remap                   */
static void
mmap_of_jit_memory_is_private_and_anywhere(void **state)
{
    static const struct {
        uint32_t flags;
        int error;
    } cases[] = { { VM_BSD_PRIVATE | VM_BSD_FIXED, VM_EINVAL },
                  { VM_BSD_SHARED, VM_EINVAL },
                  { VM_BSD_PRIVATE, 0 },
                  { VM_BSD_PRIVATE, VM_EINVAL } };
    struct vm_fixture *f = *state;
    struct vm_remap_call call = { .size = PAGE,
                                  .flags = VM_MAP_ANYWHERE,
                                  .source_map = f->map,
                                  .inheritance = VMM_INHERIT_COPY };
    vmm_prot prot = 0, max_prot = 0;
    vmm_va to = 0;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vmm_va address = page(f, 0);

        assert_int_equal(vm_bsd_mmap(f->map, &address, PAGE, VMM_PROT_ALL,
                                     cases[i].flags | VM_BSD_ANON | VM_BSD_JIT, 0),
                         cases[i].error);
        call.source = cases[i].error == 0 ? address : call.source;
    }
    assert_int_equal(vm_remap(f->map, &to, &call, &prot, &max_prot), VMM_INVALID_ARGUMENT);
    call.copy = true;
    assert_int_equal(vm_remap(f->map, &to, &call, &prot, &max_prot), VMM_OK);
}

/*  entry   PP   deallocate: a panic up to 10.11 (vm.md 11), later it stays and allows nothing; the
 *               kernel's panics on every release                                                   */
static void
removing_a_permanent_entry_panics_or_closes_it(void **state)
{
    static const struct {
        const char *profile;
        bool is_kernels, panics;
    } cases[] = { { "macos-10.9", false, true },
                  { "macos-10.11", false, true },
                  { "macos-10.15", false, false },
                  { "macos-15.4", false, false },
                  { "macos-15.4", true, true } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vm_map *map;
        struct vm_region region;
        vmm_va at = 0;

        vm_fixture_restart(f, cases[i].profile);
        map = cases[i].is_kernels ? f->kernel : f->map;
        assert_int_equal(vm_allocate(map, &at, 2 * PAGE, VM_MAP_ANYWHERE | VM_MAP_PERMANENT),
                         VMM_OK);
        assert_int_equal(vm_deallocate(map, at, 2 * PAGE),
                         cases[i].panics ? VMM_MODEL_PANIC : VMM_OK);
        assert_int_equal(vm_system_stop(f->system)->reason,
                         cases[i].panics ? REASON_DELETE_PERMANENT : REASON_NONE);
        assert_true(vm_map_region(map, at, &region));
        assert_int_equal(region.start, at);
        assert_int_equal(region.protection, cases[i].panics ? VMM_PROT_DEFAULT : VMM_PROT_NONE);
    }
}

/*  entry   aaaa (atomic)     whole: fine; a part of it: a panic from 10.12 on, a cut before       */
static void
cutting_an_atomic_entry_panics(void **state)
{
    static const struct {
        const char *profile;
        bool panics;
    } cases[] = { { "macos-10.11", false }, { "macos-10.12", true }, { "macos-15.4", true } };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vm_fixture_restart(f, cases[i].profile);
        assert_int_equal(enter_with(f, 0, 4, VM_MAP_FIXED, VMKF_ATOMIC), VMM_OK);
        assert_int_equal(vm_protect(f->map, page(f, 0), 4 * PAGE, false, VMM_PROT_READ), VMM_OK);
        assert_int_equal(vm_protect(f->map, page(f, 1), PAGE, false, VMM_PROT_NONE),
                         cases[i].panics ? VMM_MODEL_PANIC : VMM_OK);
        assert_int_equal(vm_system_stop(f->system)->reason,
                         cases[i].panics ? REASON_CLIP_ATOMIC : REASON_NONE);
    }
}

/*  two alike, side by side: neither grows and neither merges                                      */
static void
atomic_entries_stay_apart(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    assert_int_equal(enter_with(f, 0, 1, VM_MAP_FIXED, VMKF_ATOMIC), VMM_OK);
    assert_int_equal(enter_with(f, 1, 2, VM_MAP_FIXED, VMKF_ATOMIC), VMM_OK);
    assert_int_equal(enter_with(f, 2, 3, VM_MAP_FIXED, 0), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 0), 3 * PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_equal(region.end, page(f, 1));
    assert_true(vm_map_region(f->map, page(f, 1), &region));
    assert_int_equal(region.end, page(f, 2));
}

/* A scheduler whose every wait is interrupted. */
struct interrupted {
    struct vm_sched sched;
    unsigned waits;
};

static void
interrupted_ignore(struct vm_sched *sched)
{
    (void)sched;
}

static enum vmm_status
interrupted_block(struct vm_sched *sched, enum vm_sched_event event, const void *object,
                  enum vm_sched_wait how)
{
    struct interrupted *here = VMM_CONTAINER(sched, struct interrupted, sched);

    (void)object;
    assert_int_equal(event, VM_SCHED_ENTRY_TRANSITION);
    assert_int_equal(how, VM_SCHED_INTERRUPTIBLE);
    here->waits++;
    return VMM_ABORTED;
}

static void
interrupted_wakeup(struct vm_sched *sched, enum vm_sched_event event, const void *object)
{
    (void)sched;
    (void)event;
    (void)object;
}

static void
delete_that_is_interrupted_in_its_wait_is_code_14(void **state)
{
    struct vm_fixture *f = *state;
    struct interrupted here = {
        { .yield = interrupted_ignore, .block = interrupted_block, .wakeup = interrupted_wakeup }, 0
    };

    draw_pages(f, "x");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, false), VMM_OK);
    f->system->sched = &here.sched;
    assert_int_equal(vm_map_remove(f->map, page(f, 0), page(f, 1), VM_MAP_REMOVE_INTERRUPTIBLE),
                     VMM_ABORTED);
    f->system->sched = NULL;
    assert_int_equal(here.waits, 1);
    assert_wired(f, "1");
    assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 1), false), VMM_OK);
}

/* ---- protect (vm.md 2.3, 5.8) ---- */

/*  entry   aaaa         protect [1, 3) to read: translations there lose WRITE, in one flush        */
static void
protect_takes_write_from_translations(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    touch(f, 0, 4);
    assert_int_equal(protect(f, 1, 3, VMM_PROT_READ), VMM_OK);
    assert_entries(f, "abbc");
    assert_translated(f, "wrrw");
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 1);
}

static void
protect_to_none_removes_translations(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    touch(f, 0, 2);
    assert_int_equal(protect(f, 0, 1, VMM_PROT_NONE), VMM_OK);
    assert_translated(f, "-w");
}

/*  R -> RW gives nothing back at once: the next store of each page faults                          */
static void
protect_never_gives_a_right_to_a_translation(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    touch(f, 0, 2);
    assert_int_equal(protect(f, 0, 2, VMM_PROT_READ), VMM_OK);
    faults_since(f);
    assert_int_equal(protect(f, 0, 2, VMM_PROT_DEFAULT), VMM_OK);
    assert_translated(f, "rr");
    assert_int_equal(faults_since(f), 0);
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 2); /* vm.md 5.8: one an entry, both ways */
    touch(f, 0, 2);
    assert_int_equal(faults_since(f), 2);
    assert_translated(f, "ww");
}

static void
protect_to_the_same_rights_does_nothing(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    touch(f, 0, 2);
    assert_int_equal(protect(f, 0, 2, VMM_PROT_DEFAULT), VMM_OK);
    assert_translated(f, "ww");
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 0);
    assert_int_equal(count_of(f, EV_MAP_PROTECT), 0);
}

static void
protect_of_what_nobody_touched_flushes_nothing(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    assert_int_equal(protect(f, 0, 4, VMM_PROT_READ), VMM_OK);
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 0);
}

static void
protect_flushes_once_an_entry(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    touch(f, 0, 4);
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 0), page(f, 2)), VMM_OK);
    assert_int_equal(protect(f, 0, 4, VMM_PROT_READ), VMM_OK);
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 2);
    assert_entries(f, "aaaa"); /* and what is alike again is one */
}

/*  Two passes: what cannot be done to all of the range is done to none of it                        */
static void
protect_that_fails_changes_nothing(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx.x");
    touch(f, 0, 4);
    assert_int_equal(vm_map_protect(f->map, page(f, 3), page(f, 4), VMM_PROT_DEFAULT, true),
                     VMM_OK);
    assert_entries(f, "aaab.c");
    assert_int_equal(protect(f, 1, 4, VMM_PROT_READ | VMM_PROT_EXECUTE), VMM_PROTECTION_FAILURE);
    assert_int_equal(protect(f, 1, 6, VMM_PROT_READ), VMM_INVALID_ADDRESS);
    assert_entries(f, "aaab.c");
    assert_translated(f, "wwww--");
}

static void
protect_and_back_leaves_one_entry(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxxx");
    assert_int_equal(protect(f, 1, 2, VMM_PROT_READ), VMM_OK);
    assert_int_equal(protect(f, 3, 4, VMM_PROT_READ), VMM_OK);
    assert_entries(f, "abcde");
    assert_int_equal(protect(f, 1, 4, VMM_PROT_DEFAULT), VMM_OK);
    assert_entries(f, "aaaaa");
}

static void
a_lower_maximum_lowers_the_current_rights(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    draw_pages(f, "x");
    touch(f, 0, 1);
    assert_int_equal(vm_map_protect(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, true), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_equal(region.max_protection, VMM_PROT_READ);
    assert_int_equal(region.protection, VMM_PROT_READ);
    assert_translated(f, "r");
}

static void
a_maximum_is_never_raised(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(vm_map_protect(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_map_protect(f->map, page(f, 0), page(f, 1), VMM_PROT_DEFAULT, true),
                     VMM_PROTECTION_FAILURE);
}

/*  Wire counts have no say (vm.md 3.6): the translation of a wired page loses WRITE as any other    */
static void
protect_leaves_wire_counts_alone(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, false), VMM_OK);
    assert_int_equal(protect(f, 0, 2, VMM_PROT_READ), VMM_OK);
    assert_translated(f, "RR");
    assert_wired(f, "11");
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 2), false), VMM_OK);
}

/* ---- the map itself ---- */

static void
i20_every_change_moves_the_timestamp(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t last = f->map->timestamp;

    draw_pages(f, "xxxx");
    assert_true(f->map->timestamp > last);
    last = f->map->timestamp;
    assert_int_equal(protect(f, 1, 2, VMM_PROT_READ), VMM_OK);
    assert_true(f->map->timestamp > last);
    last = f->map->timestamp;
    assert_int_equal(remove_pages(f, 0, 4), VMM_OK);
    assert_true(f->map->timestamp > last);
}

static void
addresses_round_to_the_page_of_the_map(void **state)
{
    struct vm_fixture *f = *state;

    assert_int_equal(vm_map_trunc_page(f->map, page(f, 1) + 1), page(f, 1));
    assert_int_equal(vm_map_trunc_page(f->map, page(f, 1)), page(f, 1));
    assert_int_equal(vm_map_round_page(f->map, page(f, 1) + 1), page(f, 2));
    assert_int_equal(vm_map_round_page(f->map, page(f, 1)), page(f, 1));
    assert_int_equal(vm_map_round_page(f->map, UINT64_MAX), 0);
}

/*  vm.md 1.8                                                                                         */
static void
maps_lie_where_x86_64_has_them(void **state)
{
    struct vm_fixture *f = *state;

    assert_int_equal(vm_map_min(f->map), 0);
    assert_int_equal(vm_map_max(f->map), 0x7FFFFFE00000);
    assert_int_equal(vm_map_min(f->kernel), 0xFFFFFF7F80000000);
    assert_true(vm_map_max(f->kernel) <= 0xFFFFFFFFFFFFEFFF);
    assert_true(vm_map_is_kernel(f->kernel));
    assert_false(vm_map_is_kernel(f->map));
    assert_int_equal(vm_map_space(f->kernel), 0);
    assert_ptr_equal(vm_map_system(f->map), f->system);
}

/* ---- looking (vm.md 7.3) ---- */

static void
region_at_a_hole_is_the_next_entry(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    draw_pages(f, "x..xx");
    assert_true(vm_map_region(f->map, page(f, 1), &region));
    assert_int_equal(region.start, page(f, 3));
    assert_false(vm_map_region(f->map, page(f, 5), &region));
}

static void
region_counts_resident_pages_of_its_own_part(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_region region;

    draw_pages(f, "xxxx");
    touch(f, 1, 4);
    assert_int_equal(protect(f, 0, 2, VMM_PROT_READ), VMM_OK);
    assert_true(vm_map_region(f->map, page(f, 0), &region));
    assert_int_equal(region.resident_pages, 1);
    assert_int_equal(region.object_references, 2);
    assert_true(vm_map_region(f->map, page(f, 2), &region));
    assert_int_equal(region.resident_pages, 2);
    assert_int_equal(region.shadow_depth, 0);
}

/*  T1: resident is not mapped                                                                         */
static void
t01_a_page_can_be_resident_without_a_translation(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page_view view;

    draw_pages(f, "x");
    touch(f, 0, 1);
    pmap_remove(f->map->pmap, page(f, 0), page(f, 1));
    vm_map_probe(f->map, page(f, 0) + 17, &view);
    assert_true(view.is_mapped);
    assert_true(view.is_resident);
    assert_false(view.is_translated);
    faults_since(f);
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(faults_since(f), 1);
}

static void
a_probe_disturbs_nothing(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t sequence;

    draw_pages(f, "xx");
    touch(f, 0, 1);
    sequence = vm_system_trace(f->system)->sequence;
    assert_translated(f, "w---");
    assert_int_equal(vm_system_trace(f->system)->sequence, sequence);
}

static void
translated_counts_pages_and_wired_ones(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t wired = 9;

    draw_pages(f, "xxxxxx");
    touch(f, 0, 1);
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 4), VMM_PROT_READ, false), VMM_OK);
    assert_int_equal(vm_map_translated(f->map, page(f, 0), page(f, 6), &wired), 3);
    assert_int_equal(wired, 2);
    assert_int_equal(vm_map_translated(f->map, page(f, 0), page(f, 1), NULL), 1);
    assert_int_equal(vm_map_unwire(f->map, page(f, 2), page(f, 4), false), VMM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(enter_says_what_it_was_told),
        TEST(enter_makes_entries_only),
        TEST(enter_takes_over_one_reference_of_the_object),
        TEST(enter_that_fails_leaves_the_reference_and_the_address),
        TEST(enter_fixed_off_its_alignment_is_code_3),
        TEST(enter_outside_the_map_is_code_1),
        TEST(enter_anywhere_says_where),
        TEST(enter_overwrite_replaces_just_its_range),
        TEST(enter_survives_every_failing_allocation),
        TEST(overwrite_that_fails_brings_back_what_it_removed),
        TEST(overwrite_that_fails_brings_nothing_back_when_the_coast_is_not_clear),
        TEST(overwrite_whose_wiring_fails_brings_back_what_it_removed),
        TEST(what_is_new_is_wired_where_the_map_requires_it),
        TEST(already_tells_the_same_mapping_from_another),
        TEST(a_map_has_one_jit_entry),
        TEST(mmap_of_jit_memory_is_private_and_anywhere),
        TEST(cutting_an_atomic_entry_panics),
        TEST(removing_a_permanent_entry_panics_or_closes_it),
        TEST(atomic_entries_stay_apart),
        TEST(delete_clips_and_removes_just_its_range),
        TEST(delete_of_the_last_mapping_gives_the_pages_back),
        TEST(delete_of_a_part_keeps_the_object),
        TEST(delete_flushes_once_an_entry),
        TEST(delete_flushes_once_a_chunk),
        TEST(t21_delete_of_what_nobody_touched_flushes_nothing),
        TEST(delete_drops_all_user_wires_and_their_charge),
        TEST(delete_goes_up_to_the_kernel_wired_entry),
        TEST(delete_of_wired_kernel_memory_asserts_on_a_development_kernel),
        TEST(delete_of_wired_user_memory_never_asserts),
        TEST(delete_that_is_interrupted_in_its_wait_is_code_14),
        TEST(protect_takes_write_from_translations),
        TEST(protect_to_none_removes_translations),
        TEST(protect_never_gives_a_right_to_a_translation),
        TEST(protect_to_the_same_rights_does_nothing),
        TEST(protect_of_what_nobody_touched_flushes_nothing),
        TEST(protect_flushes_once_an_entry),
        TEST(protect_that_fails_changes_nothing),
        TEST(protect_and_back_leaves_one_entry),
        TEST(a_lower_maximum_lowers_the_current_rights),
        TEST(a_maximum_is_never_raised),
        TEST(protect_leaves_wire_counts_alone),
        TEST(i20_every_change_moves_the_timestamp),
        TEST(addresses_round_to_the_page_of_the_map),
        TEST(maps_lie_where_x86_64_has_them),
        TEST(region_at_a_hole_is_the_next_entry),
        TEST(region_counts_resident_pages_of_its_own_part),
        TEST(t01_a_page_can_be_resident_without_a_translation),
        TEST(a_probe_disturbs_nothing),
        TEST(translated_counts_pages_and_wired_ones),
    };

    return cmocka_run_group_tests_name("vm_map", tests, NULL, NULL);
}
