/* iokit_fixture.c - see iokit_fixture.h */
#include "iokit_fixture.h"

#include <stdlib.h>

#include "base/status.h"

static void
start_world(struct iokit_fixture *f, const char *profile, bool kernel_asserts, bool evicts_on_entry)
{
    size_t row = 0;

    counting_alloc_init(&f->counting);
    assert_true(vm_profile_find(profile, strlen(profile), &row));
    vm_profile_at(row, &f->profile);
    f->world = vmk_sim_create(&(struct vmk_sim_config){ .alloc = &f->counting.alloc,
                                                        .profile = &f->profile,
                                                        .frame_count = 512,
                                                        .kernel_asserts = kernel_asserts,
                                                        .evicts_on_entry = evicts_on_entry });
    assert_non_null(f->world);
    vmk_sim_make_current(f->world);
    f->kernel = vmk_kernel_task();
    f->task = vmk_sim_task_create();
    assert_non_null(f->task);
    f->base = (uint64_t)1 << 33;
    assert_int_equal(vmk_sim_allocate(f->task, &f->base, IO_PAGES * IO_PAGE), VMM_OK);
    for (unsigned n = 0; n < IO_PAGES; n++)
        assert_int_equal(
            vmk_sim_write(f->task, io_page(f, n), NULL, (uint8_t)(IO_FILL + n), IO_PAGE, NULL),
            VMM_OK);
}

void
iokit_fixture_start(struct iokit_fixture *f, const char *profile, bool kernel_asserts)
{
    start_world(f, profile, kernel_asserts, false);
}

void
iokit_fixture_start_evicting(struct iokit_fixture *f, const char *profile)
{
    start_world(f, profile, false, true);
}

void
iokit_fixture_end(struct iokit_fixture *f)
{
    const char *broken;

    vmk_sim_make_current(f->world);
    broken = vmk_sim_check();
    if (broken != NULL)
        fail_msg("invariant: %s", broken);
    vmk_sim_make_current(NULL);
    vmk_sim_destroy(f->world);
    assert_int_equal(f->counting.live_bytes, 0);
    assert_int_equal(f->counting.live_blocks, 0);
    assert_false(f->counting.size_mismatch);
}

int
iokit_fixture_setup(void **state)
{
    struct iokit_fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    iokit_fixture_start(f, "macos-15.4", false);
    *state = f;
    return 0;
}

int
iokit_fixture_teardown(void **state)
{
    iokit_fixture_end(*state);
    free(*state);
    return 0;
}

void
iokit_restart(struct iokit_fixture *f, const char *profile)
{
    iokit_fixture_end(f);
    iokit_fixture_start(f, profile, false);
}

void
iokit_restart_development(struct iokit_fixture *f, const char *profile)
{
    iokit_fixture_end(f);
    iokit_fixture_start(f, profile, true);
}

uint64_t
io_page(const struct iokit_fixture *f, unsigned n)
{
    return f->base + (uint64_t)n * IO_PAGE;
}

vmk_desc_t
describe(struct iokit_fixture *f, unsigned from, unsigned to, vmk_options_t options)
{
    vmk_desc_t md =
        vmk_desc_range(f->task, io_page(f, from), (uint64_t)(to - from) * IO_PAGE, options);

    assert_non_null(md);
    return md;
}

vmk_map_t
map_in_kernel(struct iokit_fixture *f, vmk_desc_t md, vmk_options_t options)
{
    vmk_map_t m = vmk_map_create(md, f->kernel, 0, IO_MAP_ANYWHERE | options, 0, 0);

    if (m == NULL)
        fail_msg("createMappingInTask gave NULL, hiding 0x%x", (unsigned)vmk_sim_hidden_status());
    return m;
}

vmk_map_t
map_part(vmk_desc_t md, vmk_task_t task, vmk_options_t options, uint64_t offset, uint64_t length)
{
    return vmk_map_create(md, task, 0, IO_MAP_ANYWHERE | options, offset, length);
}

uint64_t
free_kernel_address(struct iokit_fixture *f)
{
    uint64_t address = 0;

    assert_int_equal(vmk_sim_allocate(f->kernel, &address, 4 * IO_PAGES * IO_PAGE), VMM_OK);
    assert_int_equal(vmk_sim_deallocate(f->kernel, address, 4 * IO_PAGES * IO_PAGE), VMM_OK);
    return address;
}

void
assert_map_refused(vmk_desc_t md, vmk_task_t task, uint64_t at, vmk_options_t options,
                   vmk_return_t hidden)
{
    assert_null(vmk_map_create(md, task, at, options, 0, 0));
    assert_int_equal(vmk_sim_hidden_status(), hidden);
}

static char
io_translation_of(vmk_task_t task, uint64_t address)
{
    struct vm_page_view view;
    char letter;

    vmk_sim_probe(task, address, &view);
    if (!view.is_translated)
        return '-';
    letter = view.translation_prot & VMM_PROT_WRITE ? 'w' : 'r';
    return view.is_translation_wired ? (char)(letter - 'a' + 'A') : letter;
}

static char
io_wired_of(vmk_task_t task, uint64_t address)
{
    struct vm_region region;

    if (!vmk_sim_region(task, address, &region) || region.start > address)
        return '.';
    return (char)('0' + region.wired_count);
}

static char
io_held_of(vmk_task_t task, uint64_t address)
{
    struct vm_page_view view;

    vmk_sim_probe(task, address, &view);
    return view.is_resident ? (char)('0' + view.page_wire_count) : '.';
}

static void
assert_io_picture(vmk_task_t task, uint64_t address, const char *picture,
                  char (*letter_of)(vmk_task_t task, uint64_t address))
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++)
        found[n] = letter_of(task, (address & ~(uint64_t)(IO_PAGE - 1)) + (uint64_t)n * IO_PAGE);
    assert_string_equal(found, picture);
}

void
assert_io_translated(vmk_task_t task, uint64_t address, const char *picture)
{
    assert_io_picture(task, address, picture, io_translation_of);
}

void
assert_io_wired(vmk_task_t task, uint64_t address, const char *picture)
{
    assert_io_picture(task, address, picture, io_wired_of);
}

void
assert_io_held(vmk_task_t task, uint64_t address, const char *picture)
{
    assert_io_picture(task, address, picture, io_held_of);
}

void
assert_io_byte(vmk_task_t task, uint64_t address, uint8_t byte)
{
    uint8_t found = (uint8_t)~byte;

    assert_int_equal(vmk_sim_read(task, address, &found, 1, NULL), VMM_OK);
    assert_int_equal(found, byte);
}

bool
io_load(vmk_task_t task, uint64_t address)
{
    return vmk_sim_read(task, address, NULL, 1, NULL) == VMM_OK;
}

bool
io_store(vmk_task_t task, uint64_t address, uint8_t byte)
{
    return vmk_sim_write(task, address, NULL, byte, 1, NULL) == VMM_OK;
}

bool
io_load_locked(vmk_task_t task, uint64_t address)
{
    bool went;

    vmk_sim_enter(VM_SPIN_LOCK);
    went = io_load(task, address);
    vmk_sim_leave(VM_SPIN_LOCK);
    return went;
}

bool
io_store_locked(vmk_task_t task, uint64_t address, uint8_t byte)
{
    bool went;

    vmk_sim_enter(VM_SPIN_LOCK);
    went = io_store(task, address, byte);
    vmk_sim_leave(VM_SPIN_LOCK);
    return went;
}

void
assert_stopped(enum trace_reason reason)
{
    const struct vm_stop *stop = vm_system_stop(vmk_sim_system());

    assert_string_equal(trace_reason_name(stop->reason), trace_reason_name(reason));
    assert_true((stop->kind == VM_RUNNING) == (reason == REASON_NONE));
}

unsigned
io_regions(vmk_task_t task)
{
    struct vm_region region = { .end = 0 };
    unsigned count = 0;

    while (vmk_sim_region(task, region.end, &region))
        count++;
    return count;
}

uint64_t
io_events(enum trace_kind kind)
{
    return vm_system_trace(vmk_sim_system())->counters[kind];
}
