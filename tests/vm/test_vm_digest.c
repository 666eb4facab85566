/*
 * test_vm_digest.c - which states are the same
 *
 * Each row makes two states that differ in one thing, and each of them twice, in kernels of their own.
 */
#include "vm/vm_digest.h"

#include "vm/vm_map_behavior.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_submap.h"
#include "vm/vm_user.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_purgeable.h"
#include "vm_inside.h"

enum { BYTES = 64 };

/* What a state needs to be taken apart again. */
struct parts {
    struct vm_memory_entry *entry;
    struct vm_map *submaps[2];
};

typedef void (*make_state)(struct vm_fixture *f, struct parts *parts, bool is_other);

static void
stored_page(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    (void)parts;
    f->system->store.limit = 8;
    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, is_other ? 2 : 1), VMM_OK);
    assert_int_equal(vm_system_reclaim(f->system, 1), 1);
}

static void
new_file(struct vm_fixture *f, struct parts *parts)
{
    vmm_va address = page(f, 0);

    assert_int_equal(vm_memory_entry_file(f->system, 4 * PAGE, VMM_PROT_DEFAULT, &parts->entry),
                     VMM_OK);
    assert_int_equal(vm_memory_entry_map(parts->entry, f->map, &address, 0, 4 * PAGE, VM_MAP_FIXED,
                                         VMM_PROT_DEFAULT),
                     VMM_OK);
}

static void
bytes_of_a_file(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    uint8_t bytes[BYTES] = { is_other };

    new_file(f, parts);
    assert_int_equal(vm_memory_entry_file_write(parts->entry, 2 * PAGE, bytes, BYTES), VMM_OK);
}

static void
place_in_a_file(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    uint8_t bytes[BYTES] = { 1 };

    new_file(f, parts);
    assert_int_equal(vm_memory_entry_file_write(parts->entry, is_other ? PAGE : 0, bytes, BYTES),
                     VMM_OK);
}

static void
refusal_of_a_file(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    new_file(f, parts);
    if (is_other)
        vm_memory_entry_file_fail(parts->entry, 0, PAGE, VMM_MEMORY_ERROR);
}

static void
delay_of_a_file(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    new_file(f, parts);
    vm_memory_entry_file_delay(parts->entry, is_other ? 3 : 2);
}

static void
blocked_memory(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    vmm_size size = PAGE;

    draw_pages(f, "x");
    assert_int_equal(
        vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_DEFAULT, &parts->entry), VMM_OK);
    vm_memory_entry_block(parts->entry, is_other);
}

static void
zeroes_at_unwire(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    (void)parts;
    draw_pages(f, "x");
    if (is_other)
        assert_int_equal(vm_behavior_set(f->map, page(f, 0), PAGE, VM_BEHAVIOR_ZERO_WIRED_PAGES),
                         VMM_OK);
}

static void
caching(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    vmm_va address = page(f, 0);

    (void)parts;
    assert_int_equal(vm_allocate(f->map, &address, PAGE,
                                 VM_MAP_FIXED | (is_other ? (uint32_t)VM_MAP_NO_CACHE : 0)),
                     VMM_OK);
}

static void
nesting(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    (void)parts;
    draw_pages(f, "x");
    /* A real nested entry has tables of its own, which are told apart by their frames already. */
    vm_map_first(f->map)->use_pmap = !is_other;
}

/*  two submaps, the second of which has an entry; one of them is shown                              */
static void
which_submap(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    vmm_va address = page(f, 0);
    vmm_va at = 0;
    struct vm_map_enter_args args = { .size = 4 * PAGE,
                                      .flags = VM_MAP_FIXED,
                                      .protection = VMM_PROT_DEFAULT,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = VMM_INHERIT_SHARE };

    for (unsigned n = 0; n < 2; n++)
        assert_int_equal(vm_map_create_submap(f->system, args.size, &parts->submaps[n]), VMM_OK);
    assert_int_equal(vm_allocate(parts->submaps[1], &at, PAGE, VM_MAP_FIXED), VMM_OK);
    args.submap = parts->submaps[is_other];
    vm_map_reference(args.submap);
    assert_int_equal(vm_map_enter_submap(f->map, &address, &args), VMM_OK);
}

/* The digest of a fresh kernel in that state. */
static uint64_t
digest_of(struct vm_fixture *f, make_state make, bool is_other, uint32_t flags)
{
    struct parts parts = { .entry = NULL };
    uint64_t digest;

    vm_fixture_restart(f, "macos-15.4");
    make(f, &parts, is_other);
    digest = vm_system_digest(f->system, flags);
    vm_memory_entry_release(&parts.entry);
    for (unsigned n = 0; n < VMM_COUNT_OF(parts.submaps) && parts.submaps[n] != NULL; n++)
        vm_map_release(&parts.submaps[n]);
    return digest;
}

static void
what_an_emptied_object_gives(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    vmm_va address = page(f, 0);
    int wanted = VM_PURGABLE_EMPTY | (is_other ? VM_PURGABLE_DEBUG_FAULT : 0);

    (void)parts;
    assert_int_equal(vm_allocate(f->map, &address, PAGE, VM_MAP_FIXED | VM_MAP_PURGABLE), VMM_OK);
    assert_int_equal(vm_purgable_set(entry_at(f, 0)->object, &wanted), VMM_OK);
}

static void
store_that_fails(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    (void)parts;
    vm_system_fail_store(f->system, is_other);
}

static void
throttled_task(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    (void)parts;
    vm_task_set_throttled(f->task, is_other);
}

static void
room_that_is_waited_for(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    (void)parts;
    f->map->wait_for_space = is_other;
}

static void
guard(struct vm_fixture *f, struct parts *parts, bool is_other)
{
    (void)parts;
    draw_and_touch(f, "x");
    vm_page_free(page_at(f, 0));
    entry_at(f, 0)->object->guard_last = is_other;
}

/*  which of two tasks a CPU runs says whom a flush must reach; who may swap tasks sees no difference */
static void
the_task_that_a_cpu_runs_counts(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_task *other;
    uint64_t plain;
    uint64_t symmetric;

    assert_int_equal(vm_task_create(f->system, &other), VMM_OK);
    vm_task_switch(f->task);
    plain = vm_system_digest(f->system, 0);
    symmetric = vm_system_digest(f->system, VM_DIGEST_SYMMETRIC);
    vm_task_switch(other);
    assert_int_not_equal(vm_system_digest(f->system, 0), plain);
    assert_int_equal(vm_system_digest(f->system, VM_DIGEST_SYMMETRIC), symmetric);
}

/*  Laundry ends before any operation does, but others look while it lasts                           */
static void
a_page_in_laundry_counts(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t digest;

    draw_and_touch(f, "x");
    digest = vm_system_digest(f->system, 0);
    page_at(f, 0)->laundry = true;
    assert_int_not_equal(vm_system_digest(f->system, 0), digest);
    page_at(f, 0)->laundry = false;
    assert_int_equal(vm_system_digest(f->system, 0), digest);
}

static void
states_that_differ_in_one_thing_differ(void **state)
{
    static const struct {
        const char *name;
        make_state make;
    } rows[] = {
        { "a stored page's bytes", stored_page },
        { "a file's bytes", bytes_of_a_file },
        { "where a file has bytes", place_in_a_file },
        { "what a file refuses", refusal_of_a_file },
        { "a file's delay", delay_of_a_file },
        { "memory that is blocked", blocked_memory },
        { "zeroes at unwire", zeroes_at_unwire },
        { "not to be cached", caching },
        { "nesting", nesting },
        { "which submap", which_submap },
        { "what an emptied object gives", what_an_emptied_object_gives },
        { "a store that fails", store_that_fails },
        { "a throttled task", throttled_task },
        { "room that is waited for", room_that_is_waited_for },
        { "a guard", guard },
    };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        for (uint32_t flags = 0; flags <= VM_DIGEST_SYMMETRIC; flags++) {
            uint64_t one = digest_of(f, rows[i].make, false, flags);

            if (digest_of(f, rows[i].make, false, flags) != one)
                fail_msg("%s: the same state twice is two", rows[i].name);
            if (digest_of(f, rows[i].make, true, flags) == one)
                fail_msg("%s does not count", rows[i].name);
        }
    }
}

/*  a page of zeroes in the file, and one that nobody ever wrote, are the same                       */
static void
zeroes_are_zeroes_however_they_came(void **state)
{
    struct vm_fixture *f = *state;
    struct parts parts = { .entry = NULL };
    uint8_t bytes[BYTES] = { 0 };
    uint64_t digest;

    new_file(f, &parts);
    digest = vm_system_digest(f->system, 0);
    assert_int_equal(vm_memory_entry_file_write(parts.entry, PAGE, bytes, BYTES), VMM_OK);
    assert_int_equal(vm_system_digest(f->system, 0), digest);
    vm_memory_entry_release(&parts.entry);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(states_that_differ_in_one_thing_differ),
        TEST(the_task_that_a_cpu_runs_counts),
        TEST(a_page_in_laundry_counts),
        TEST(zeroes_are_zeroes_however_they_came),
    };

    return cmocka_run_group_tests_name("vm_digest", tests, NULL, NULL);
}
