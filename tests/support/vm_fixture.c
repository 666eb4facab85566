/* vm_fixture.c - see vm_fixture.h */
#include "vm_fixture.h"

#include <stdlib.h>
#include <string.h>

static uint64_t faults_before;

void
vm_fixture_start_on(struct vm_fixture *fixture, const char *profile,
                    const struct hw_geometry *geometry, vmm_ppn frame_count)
{
    size_t row = 0;

    counting_alloc_init(&fixture->counting);
    assert_true(vm_profile_find(profile, strlen(profile), &row));
    vm_profile_at(row, &fixture->profile);
    fixture->system = vm_system_create(&(struct vm_config){ .alloc = &fixture->counting.alloc,
                                                            .profile = &fixture->profile,
                                                            .geometry = geometry,
                                                            .cpu_count = 2,
                                                            .frame_count = frame_count });
    assert_non_null(fixture->system);
    assert_int_equal(vm_task_create(fixture->system, &fixture->task), VMM_OK);
    fixture->map = vm_task_map(fixture->task);
    fixture->kernel = vm_task_map(vm_task_kernel(fixture->system));
    fixture->base = (vmm_va)1 << 33;
    faults_before = 0;
}

void
vm_fixture_start(struct vm_fixture *fixture, const char *profile)
{
    vm_fixture_start_on(fixture, profile, &hw_geometry_x86_64, 512);
}

void
vm_fixture_end(struct vm_fixture *fixture)
{
    const char *broken = vm_system_check(fixture->system);

    if (broken != NULL)
        fail_msg("invariant: %s", broken);
    vm_system_destroy(fixture->system);
    assert_int_equal(fixture->counting.live_bytes, 0);
    assert_int_equal(fixture->counting.live_blocks, 0);
    assert_false(fixture->counting.size_mismatch);
}

int
vm_fixture_setup(void **state)
{
    struct vm_fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    vm_fixture_start(fixture, "macos-15.4");
    *state = fixture;
    return 0;
}

int
vm_fixture_teardown(void **state)
{
    vm_fixture_end(*state);
    free(*state);
    return 0;
}

void
vm_fixture_restart(struct vm_fixture *fixture, const char *profile)
{
    vm_fixture_end(fixture);
    vm_fixture_start(fixture, profile);
}

void
vm_fixture_restart_on(struct vm_fixture *fixture, const char *profile,
                      const struct hw_geometry *geometry, vmm_ppn frame_count)
{
    vm_fixture_end(fixture);
    vm_fixture_start_on(fixture, profile, geometry, frame_count);
}

vmm_va
page(const struct vm_fixture *fixture, unsigned n)
{
    return fixture->base + (vmm_va)n * PAGE;
}

void
draw_pages(struct vm_fixture *fixture, const char *picture)
{
    for (unsigned n = 0; picture[n] != '\0';) {
        size_t run = strspn(picture + n, "x");
        vmm_va address = page(fixture, n);

        if (run > 0)
            assert_int_equal(vm_allocate(fixture->map, &address, run * PAGE, VM_MAP_FIXED), VMM_OK);
        n += run > 0 ? (unsigned)run : 1;
    }
}

void
assert_wired(struct vm_fixture *fixture, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_region region;
        bool is_mapped = vm_map_region(fixture->map, page(fixture, n), &region) &&
                         region.start <= page(fixture, n);

        found[n] = is_mapped ? (char)('0' + region.wired_count) : '.';
    }
    assert_string_equal(found, picture);
}

static char
translation_of(struct vm_fixture *fixture, unsigned n)
{
    struct vm_page_view view;
    char letter;

    vm_map_probe(fixture->map, page(fixture, n), &view);
    if (!view.is_translated)
        return '-';
    letter = view.translation_prot & VMM_PROT_WRITE ? 'w' : 'r';
    return view.is_translation_wired ? (char)(letter - 'a' + 'A') : letter;
}

void
assert_translated(struct vm_fixture *fixture, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++)
        found[n] = translation_of(fixture, n);
    assert_string_equal(found, picture);
}

enum vmm_status
user_store(struct vm_fixture *fixture, unsigned n, uint8_t byte)
{
    return vm_access(fixture->system,
                     &(struct vm_access){ .task = fixture->task,
                                          .va = page(fixture, n),
                                          .length = PAGE,
                                          .kind = VM_ACCESS_WRITE,
                                          .fill = byte },
                     NULL);
}

enum vmm_status
user_load(struct vm_fixture *fixture, unsigned n, uint8_t *byte)
{
    return vm_access(fixture->system,
                     &(struct vm_access){ .task = fixture->task,
                                          .va = page(fixture, n),
                                          .length = 1,
                                          .kind = VM_ACCESS_READ,
                                          .to = byte },
                     NULL);
}

uint64_t
faults_since(struct vm_fixture *fixture)
{
    struct vm_statistics statistics;
    uint64_t since;

    vm_system_statistics(fixture->system, &statistics);
    since = statistics.faults - faults_before;
    faults_before = statistics.faults;
    return since;
}
