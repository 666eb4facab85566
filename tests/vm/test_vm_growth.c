/*
 * test_vm_growth.c - how cost grows with size, counted in steps and bytes and never in time
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "vm/vm_fault.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_wire.h"

enum { PAGE = 4096 };

struct world {
    struct counting_alloc counting;
    struct vm_system *system;
    struct vm_map *map;
};

static void
world_make(struct world *world, vmm_ppn frames)
{
    struct vm_profile profile;
    struct vm_task *task;

    counting_alloc_init(&world->counting);
    vm_profile_at(vm_profile_count() - 2, &profile);
    world->system = vm_system_create(&(struct vm_config){ .alloc = &world->counting.alloc,
                                                          .profile = &profile,
                                                          .geometry = &hw_geometry_x86_64,
                                                          .cpu_count = 1,
                                                          .frame_count = frames });
    assert_non_null(world->system);
    assert_int_equal(vm_task_create(world->system, &task), VMM_OK);
    world->map = vm_task_map(task);
}

static void
world_end(struct world *world)
{
    assert_null(vm_system_check(world->system));
    vm_system_destroy(world->system);
    assert_int_equal(world->counting.live_bytes, 0);
}

/* ---- a map of many entries ---- */

/* Entries with a hole behind each, so that none merge. */
static void
fill(struct world *world, uint32_t entries)
{
    for (uint32_t i = 0; i < entries; i++) {
        vmm_va at = ((vmm_va)1 << 33) + (vmm_va)i * 2 * PAGE;

        assert_int_equal(vm_allocate(world->map, &at, PAGE, VM_MAP_FIXED), VMM_OK);
    }
}

/*  entries   1024 4096 ... 65536     so a look-up takes one step more for each 63 times as many  */
static void
a_lookup_takes_steps_as_the_logarithm_of_the_entries(void **state)
{
    (void)state;
    for (unsigned bits = 10; bits <= 16; bits += 2) {
        struct world world;

        world_make(&world, 1024);
        fill(&world, (uint32_t)1 << bits);
        assert_in_range(world.map->index.root->level + 1, 2, 1 + bits / 5);
        world_end(&world);
    }
}

static void
an_entry_takes_at_most_96_bytes(void **state)
{
    enum { ENTRIES = 1 << 15 };
    struct world world;
    uint64_t before;

    (void)state;
    world_make(&world, 1024);
    before = world.counting.live_bytes;
    fill(&world, ENTRIES);
    assert_in_range(world.counting.live_bytes - before, ENTRIES, 96 * ENTRIES);
    world_end(&world);
}

/* ---- many pages ---- */

static vmm_va
wire(struct world *world, uint64_t pages)
{
    vmm_va start = 0;

    assert_int_equal(vm_allocate(world->map, &start, pages * PAGE, VM_MAP_ANYWHERE), VMM_OK);
    assert_int_equal(vm_map_wire(world->map, start, start + pages * PAGE, VMM_PROT_DEFAULT, false),
                     VMM_OK);
    return start;
}

static void
wiring_announces_a_fixed_number_of_things_for_each_page(void **state)
{
    static const enum trace_kind kinds[] = { EV_PAGE_ZERO_FILL, EV_PAGE_WIRE, EV_PMAP_ENTER,
                                             EV_PAGE_UNWIRE, EV_PMAP_WIRING };

    (void)state;
    for (uint64_t pages = 256; pages <= 16384; pages *= 8) {
        struct world world;
        vmm_va start;

        world_make(&world, (vmm_ppn)(pages + 1024));
        start = wire(&world, pages);
        assert_int_equal(vm_map_unwire(world.map, start, start + pages * PAGE, false), VMM_OK);
        for (size_t i = 0; i < VMM_COUNT_OF(kinds); i++)
            assert_int_equal(vm_system_trace(world.system)->counters[kinds[i]], pages);
        assert_int_equal(vm_system_trace(world.system)->counters[EV_TLB_FLUSH], 0);
        world_end(&world);
    }
}

/* A GiB, and what its tables need. */
enum { RESIDENT = 1 << 18, FRAMES = RESIDENT + RESIDENT / 512 + 64 };

/* What a page takes, contents not included, with what is there once for all, which is little. */
static void
assert_bytes_a_page(const struct world *world, uint64_t limit)
{
    assert_in_range(world->counting.live_bytes / (RESIDENT / 16), 16, 16 * limit);
}

/* Eight of them are the translation. In order, which page an object has where is told by ranges. */
static void
a_wired_page_without_contents_takes_at_most_29_bytes(void **state)
{
    struct world world;

    (void)state;
    world_make(&world, FRAMES);
    wire(&world, RESIDENT);
    assert_bytes_a_page(&world, 29);
    world_end(&world);
}

/*  touched   2 7 0 5 3 6 1 4     each page once, by steps that are odd; no two frames in a row   */
static void
a_page_touched_out_of_order_takes_at_most_32_bytes(void **state)
{
    struct world world;
    vmm_va start = 0;

    (void)state;
    world_make(&world, FRAMES);
    assert_int_equal(vm_allocate(world.map, &start, (vmm_size)RESIDENT * PAGE, VM_MAP_ANYWHERE),
                     VMM_OK);
    for (uint32_t i = 0; i < RESIDENT; i++)
        assert_int_equal(
            vm_fault(world.map, start + (vmm_va)(i * 40503U % RESIDENT) * PAGE, VMM_PROT_WRITE),
            VMM_OK);
    assert_bytes_a_page(&world, 32);
    world_end(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lookup_takes_steps_as_the_logarithm_of_the_entries),
        cmocka_unit_test(an_entry_takes_at_most_96_bytes),
        cmocka_unit_test(wiring_announces_a_fixed_number_of_things_for_each_page),
        cmocka_unit_test(a_wired_page_without_contents_takes_at_most_29_bytes),
        cmocka_unit_test(a_page_touched_out_of_order_takes_at_most_32_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
