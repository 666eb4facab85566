/*
 * test_vm_event_counts.c - every row of vm.md 5.8, on x86_64, on arm64, and in a 4 KiB-paged task there
 *
 * A row prepares, then operates; only the operation is counted. N pages lie in one leaf table, in one
 * entry, in a user map. Each row is one test that runs on both machines.
 */
#include "vm_fixture.h"

#include <stdio.h>

#include "vm/vm_internal.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_user.h"

enum { N = 6, AWAY = 16, FRAMES = 4096 };

/* What is counted. `shootdowns` are none: one CPU runs. */
struct counts {
    uint64_t faults;
    uint64_t zero_fills;
    uint64_t copies;
    uint64_t enters;  /* words written by pmap_enter() */
    uint64_t removes; /* words cleared */
    uint64_t changes; /* words that lost rights or changed their wired bit in place */
    uint64_t flushes;
    uint64_t syncs;
    uint64_t fast_faults;
};

struct world {
    struct counting_alloc counting;
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *task;
    struct vm_task *child;
    struct vm_map *map;
    vmm_size page_bytes;
    struct vm_memory_entry *entry; /* what the window at AWAY shares, or NULL */
    struct counts before;
};

static void
world_start(struct world *w, const struct hw_geometry *geometry, const char *release, bool is_small)
{
    size_t row = 0;

    *w = (struct world){ .child = NULL };
    counting_alloc_init(&w->counting);
    assert_true(vm_profile_find(release, strlen(release), &row));
    vm_profile_at(row, &w->profile);
    w->system = vm_system_create(&(struct vm_config){ .alloc = &w->counting.alloc,
                                                      .profile = &w->profile,
                                                      .geometry = geometry,
                                                      .cpu_count = 1,
                                                      .frame_count = FRAMES });
    assert_non_null(w->system);
    assert_int_equal(is_small ? vm_task_create_small(w->system, &w->task)
                              : vm_task_create(w->system, &w->task),
                     VMM_OK);
    w->map = vm_task_map(w->task);
    w->page_bytes = vm_map_page_bytes(w->map);
}

static void
world_end(struct world *w)
{
    const char *broken = vm_system_check(w->system);

    if (broken != NULL)
        fail_msg("invariant: %s", broken);
    if (w->entry != NULL)
        vm_memory_entry_release(&w->entry);
    vm_system_destroy(w->system);
    assert_int_equal(w->counting.live_bytes, 0);
}

/* Page n of the window, which begins a leaf table on both machines. */
static vmm_va
at(const struct world *w, unsigned n)
{
    return ((vmm_va)1 << 36) + n * w->page_bytes;
}

static struct counts
read_counts(const struct world *w)
{
    const uint64_t *counters = vm_system_trace(w->system)->counters;
    struct vm_statistics statistics;

    vm_system_statistics(w->system, &statistics);
    return (struct counts){ .faults = statistics.faults,
                            .zero_fills = counters[EV_PAGE_ZERO_FILL],
                            .copies = counters[EV_PAGE_COPY],
                            .enters = counters[EV_PMAP_ENTER],
                            .removes = counters[EV_PMAP_REMOVE],
                            .changes = counters[EV_PMAP_PROTECT] + counters[EV_PMAP_WIRING],
                            .flushes = counters[EV_TLB_FLUSH],
                            .syncs = counters[EV_TLB_SYNC],
                            .fast_faults = counters[EV_FAST_FAULT] };
}

static void
assert_counts(const struct world *w, const struct counts *expected)
{
    struct counts now = read_counts(w);

    assert_int_equal(now.faults - w->before.faults, expected->faults);
    assert_int_equal(now.zero_fills - w->before.zero_fills, expected->zero_fills);
    assert_int_equal(now.copies - w->before.copies, expected->copies);
    assert_int_equal(now.enters - w->before.enters, expected->enters);
    assert_int_equal(now.removes - w->before.removes, expected->removes);
    assert_int_equal(now.changes - w->before.changes, expected->changes);
    assert_int_equal(now.flushes - w->before.flushes, expected->flushes);
    assert_int_equal(now.syncs - w->before.syncs, expected->syncs);
    assert_int_equal(now.fast_faults - w->before.fast_faults, expected->fast_faults);
}

/* ---- steps ---- */

static void
access_page(struct world *w, struct vm_task *task, unsigned n, enum vm_access_kind kind)
{
    assert_int_equal(
        vm_access(w->system,
                  &(struct vm_access){ .task = task, .va = at(w, n), .length = 1, .kind = kind },
                  NULL),
        VMM_OK);
}

static void
nothing(struct world *w)
{
    (void)w;
}

static void
allocate(struct world *w)
{
    vmm_va address = at(w, 0);

    assert_int_equal(vm_allocate(w->map, &address, N * w->page_bytes, VM_MAP_FIXED), VMM_OK);
}

static void
store_all(struct world *w)
{
    for (unsigned n = 0; n < N; n++)
        access_page(w, w->task, n, VM_ACCESS_WRITE);
}

static void
load_all(struct world *w)
{
    for (unsigned n = 0; n < N; n++)
        access_page(w, w->task, n, VM_ACCESS_READ);
}

static void
allocate_and_store(struct world *w)
{
    allocate(w);
    store_all(w);
}

static void
allocate_and_load(struct world *w)
{
    allocate(w);
    load_all(w);
}

/* The pages stay, their translations go: a pmap is a cache. */
static void
drop_translations(struct world *w)
{
    pmap_remove(w->map->pmap, at(w, 0), at(w, N));
}

static void
resident_only(struct world *w)
{
    allocate_and_store(w);
    drop_translations(w);
}

/* Page after page is read first and written later: mapped read-only before 10.12. */
static void
resident_and_read(struct world *w)
{
    resident_only(w);
    load_all(w);
}

static void
load_and_store_all(struct world *w)
{
    load_all(w);
    store_all(w);
}

static void
wire_all(struct world *w)
{
    assert_int_equal(vm_map_wire(w->map, at(w, 0), at(w, N), VMM_PROT_DEFAULT, true), VMM_OK);
}

static void
unwire_all(struct world *w)
{
    assert_int_equal(vm_map_unwire(w->map, at(w, 0), at(w, N), true), VMM_OK);
}

static void
allocate_and_wire(struct world *w)
{
    allocate(w);
    wire_all(w);
}

static void
allocate_and_wire_twice(struct world *w)
{
    allocate_and_wire(w);
    wire_all(w);
}

static void
protect_all(struct world *w, vmm_prot prot)
{
    assert_int_equal(vm_protect(w->map, at(w, 0), N * w->page_bytes, false, prot), VMM_OK);
}

static void
protect_read(struct world *w)
{
    protect_all(w, VMM_PROT_READ);
}

static void
protect_read_write(struct world *w)
{
    protect_all(w, VMM_PROT_READ | VMM_PROT_WRITE);
}

static void
written_and_narrowed(struct world *w)
{
    allocate_and_store(w);
    protect_read(w);
}

static void
written_narrowed_and_raised(struct world *w)
{
    written_and_narrowed(w);
    protect_read_write(w);
}

static void
fork_task(struct world *w)
{
    assert_int_equal(vm_task_fork(w->task, &w->child), VMM_OK);
}

static void
written_and_forked(struct world *w)
{
    allocate_and_store(w);
    fork_task(w);
}

static void
store_first(struct world *w)
{
    access_page(w, w->task, 0, VM_ACCESS_WRITE);
}

static void
child_stores_first(struct world *w)
{
    access_page(w, w->child, 0, VM_ACCESS_WRITE);
}

static void
deallocate(struct world *w)
{
    assert_int_equal(vm_deallocate(w->map, at(w, 0), N * w->page_bytes), VMM_OK);
}

/* One entry over two leaf tables (2 MiB or 32 MiB each), the first and the last page touched. */
static unsigned
two_tables(const struct world *w)
{
    return w->page_bytes == 4096 ? 2 * 512 : 2 * 2048;
}

static void
written_in_two_tables(struct world *w)
{
    vmm_va address = at(w, 0);

    assert_int_equal(vm_allocate(w->map, &address, two_tables(w) * w->page_bytes, VM_MAP_FIXED),
                     VMM_OK);
    access_page(w, w->task, 0, VM_ACCESS_WRITE);
    access_page(w, w->task, two_tables(w) - 1, VM_ACCESS_WRITE);
}

static void
deallocate_two_tables(struct world *w)
{
    assert_int_equal(vm_deallocate(w->map, at(w, 0), two_tables(w) * w->page_bytes), VMM_OK);
}

/* The object of the window is mapped a second time, at AWAY, and every page was stored to there. */
static void
written_elsewhere(struct world *w)
{
    vmm_size size = N * w->page_bytes;
    vmm_va address = at(w, AWAY);

    allocate(w);
    assert_int_equal(vm_memory_entry_create(w->map, at(w, 0), &size, VMM_PROT_DEFAULT, &w->entry),
                     VMM_OK);
    assert_int_equal(
        vm_memory_entry_map(w->entry, w->map, &address, 0, size, VM_MAP_FIXED, VMM_PROT_DEFAULT),
        VMM_OK);
    for (unsigned n = 0; n < N; n++)
        access_page(w, w->task, AWAY + n, VM_ACCESS_WRITE);
}

/*
 * A copy was taken of what is written at AWAY and in the window; storing pushes the page to the copy,
 * and both translations go.
 */
static void
written_twice_and_copied(struct world *w)
{
    struct vm_memory_entry *copy;
    vmm_va address = at(w, 2 * AWAY);

    written_elsewhere(w);
    store_all(w);
    assert_int_equal(vm_memory_entry_copy(w->map, at(w, 0), N * w->page_bytes, &copy), VMM_OK);
    assert_int_equal(vm_memory_entry_map(copy, w->map, &address, 0, N * w->page_bytes, VM_MAP_FIXED,
                                         VMM_PROT_DEFAULT),
                     VMM_OK);
    vm_memory_entry_release(&copy);
    load_all(w);
}

/*
 * Page 0 lies below an object that two tasks share, since the parent stored to page 1 only after its
 * first fork; three tasks have it mapped.
 */
static void
written_forked_and_shared(struct world *w)
{
    struct vm_task *sharer;

    allocate_and_store(w);
    fork_task(w);
    access_page(w, w->task, 1, VM_ACCESS_WRITE);
    assert_int_equal(vm_inherit(w->map, at(w, 0), N * w->page_bytes, VMM_INHERIT_SHARE), VMM_OK);
    assert_int_equal(vm_task_fork(w->task, &sharer), VMM_OK);
    access_page(w, w->task, 0, VM_ACCESS_READ);
    access_page(w, w->child, 0, VM_ACCESS_READ);
    access_page(w, sharer, 0, VM_ACCESS_READ);
}

/* ---- rows ---- */

struct row {
    const char *release;
    void (*prepare)(struct world *w);
    void (*operate)(struct world *w);
    struct counts on_x86;
    struct counts on_arm64;
};

static void
run(const struct row *row, const struct hw_geometry *geometry, bool is_small,
    const struct counts *expected)
{
    struct world w;

    world_start(&w, geometry, row->release, is_small);
    row->prepare(&w);
    w.before = read_counts(&w);
    row->operate(&w);
    assert_counts(&w, expected);
    world_end(&w);
}

#define SAME_FLUSHES(flush_count) .flushes = (flush_count), .syncs = (flush_count)
#define NOW "macos-15.4"

/*
 * ROW(name, release, prepare, operate, what both count, what x86 adds, what arm64 adds). arm64 counts a
 * TLBI and a DSB for each flush.
 */
#define ROWS                                                                                      \
    ROW(allocating_costs_nothing, NOW, nothing, allocate, (.faults = 0), (.flushes = 0),          \
        (SAME_FLUSHES(0)))                                                                        \
    ROW(first_touch_that_writes, NOW, allocate, store_all,                                        \
        (.faults = N, .zero_fills = N, .enters = N), (.flushes = 0), (SAME_FLUSHES(0)))           \
    ROW(first_touch_that_reads, NOW, allocate, load_all,                                          \
        (.faults = N, .zero_fills = N, .enters = N), (.flushes = 0), (SAME_FLUSHES(0)))           \
    ROW(first_write_after_a_reading_touch, NOW, allocate_and_load, store_all, (.faults = 0),      \
        (.flushes = 0), (SAME_FLUSHES(N), .fast_faults = N))                                      \
    ROW(read_then_write_of_resident_pages, "macos-10.11", resident_only, load_and_store_all,      \
        (.faults = 2 * N, .enters = 2 * N), (.flushes = 0), (SAME_FLUSHES(N)))                    \
    ROW(read_then_write_of_pages_written_elsewhere, NOW, written_elsewhere, load_and_store_all,   \
        (.faults = N, .enters = N), (.flushes = 0), (SAME_FLUSHES(0)))                            \
    ROW(wire_with_nothing_resident, NOW, allocate, wire_all,                                      \
        (.faults = 2 * N, .zero_fills = N, .enters = N), (.flushes = 0), (SAME_FLUSHES(0)))       \
    ROW(wire_of_resident_pages_without_translation, NOW, resident_only, wire_all,                 \
        (.faults = N, .enters = N), (.flushes = 0), (SAME_FLUSHES(0)))                            \
    ROW(wire_of_pages_mapped_with_the_same_rights, NOW, allocate_and_store, wire_all,             \
        (.faults = N, .enters = N), (.flushes = 0), (SAME_FLUSHES(N)))                            \
    ROW(t32_wire_of_pages_mapped_read_only, "macos-10.11", resident_and_read, wire_all,           \
        (.faults = N, .enters = N), (.flushes = N), (SAME_FLUSHES(N)))                            \
    ROW(wire_again, NOW, allocate_and_wire, wire_all, (.faults = 0), (.flushes = 0),              \
        (SAME_FLUSHES(0)))                                                                        \
    ROW(unwire_from_two_to_one, NOW, allocate_and_wire_twice, unwire_all, (.faults = 0),          \
        (.flushes = 0), (SAME_FLUSHES(0)))                                                        \
    ROW(unwire_from_one_to_none, NOW, allocate_and_wire, unwire_all, (.changes = N),              \
        (.flushes = 0), (SAME_FLUSHES(0)))                                                        \
    ROW(protect_to_read, NOW, allocate_and_store, protect_read, (.changes = N), (.flushes = 1),   \
        (SAME_FLUSHES(1)))                                                                        \
    ROW(protect_to_read_without_translations, NOW, allocate, protect_read, (.changes = 0),        \
        (.flushes = 0), (SAME_FLUSHES(0)))                                                        \
    ROW(protect_back_to_read_write, NOW, written_and_narrowed, protect_read_write,                \
        (.changes = 0 /* the bits stay as they are */), (.flushes = 1), (SAME_FLUSHES(1)))        \
    ROW(t3_writes_after_protecting_back, NOW, written_narrowed_and_raised, store_all,             \
        (.faults = N, .enters = N), (.flushes = 0), (SAME_FLUSHES(N)))                            \
    ROW(fork_of_a_written_entry, NOW, allocate_and_store, fork_task, (.changes = N),              \
        (.flushes = 1), (SAME_FLUSHES(1)))                                                        \
    ROW(deallocate_once, NOW, allocate_and_store, deallocate, (.removes = N), (.flushes = 1),     \
        (SAME_FLUSHES(1)))                                                                        \
    ROW(deallocate_over_two_tables, NOW, written_in_two_tables, deallocate_two_tables,            \
        (.removes = 2), (.flushes = 2), (SAME_FLUSHES(2)))                                        \
    ROW(t21_deallocate_never_touched, NOW, allocate, deallocate, (.removes = 0), (.flushes = 0),  \
        (SAME_FLUSHES(0)))                                                                        \
    ROW(copy_on_write_by_who_has_the_old_page_mapped, NOW, written_and_forked, store_first,       \
        (.faults = 1, .copies = 1, .enters = 1, .removes = 1), (.flushes = 1), (SAME_FLUSHES(1))) \
    ROW(copy_on_write_by_who_has_not, NOW, written_and_forked, child_stores_first,                \
        (.faults = 1, .copies = 1, .enters = 1), (.flushes = 0), (SAME_FLUSHES(0)))               \
    ROW(copy_on_write_below_a_shared_object, NOW, written_forked_and_shared, store_first,         \
        (.faults = 1, .copies = 1, .enters = 1, .removes = 3), (.flushes = 3),                    \
        (.flushes = 3, .syncs = 1))                                                               \
    ROW(push_to_a_copy_of_a_page_mapped_twice, NOW, written_twice_and_copied, store_first,        \
        (.faults = 1, .copies = 1, .enters = 1, .removes = 2), (.flushes = 2),                    \
        (.flushes = 2, .syncs = 1))

#define UNWRAP(...) __VA_ARGS__

#define ROW(name, release, prepare, operate, both, x86, arm64)                                    \
    static void name(void **state)                                                                \
    {                                                                                             \
        static const struct row row = {                                                           \
            release, prepare, operate, { UNWRAP both, UNWRAP x86 }, { UNWRAP both, UNWRAP arm64 } \
        };                                                                                        \
                                                                                                  \
        (void)state;                                                                              \
        run(&row, &hw_geometry_x86_64, false, &row.on_x86);                                       \
        run(&row, &hw_geometry_arm64_16k, false, &row.on_arm64);                                  \
    }
ROWS
#undef ROW

    /*
 * The same rows where a page of the task is a part of one of the machine: the N pages are FRAMES_OF_N of
 * an object, and what happens to one of those happens to the translations of all its parts.
 */
    enum {
        PARTS = 4,
        FRAMES_OF_N = (N + PARTS - 1) / PARTS
    };

#define SMALL_ROWS                                                                           \
    ROW(small_allocating_costs_nothing, NOW, nothing, allocate, (SAME_FLUSHES(0)))           \
    ROW(small_first_touch_that_writes, NOW, allocate, store_all,                             \
        (.faults = N, .zero_fills = FRAMES_OF_N, .enters = N))                               \
    ROW(small_first_touch_that_reads, NOW, allocate, load_all,                               \
        (.faults = N, .zero_fills = FRAMES_OF_N, .enters = N))                               \
    ROW(small_first_write_after_a_reading_touch, NOW, allocate_and_load, store_all,          \
        (.flushes = N, .syncs = FRAMES_OF_N, .fast_faults = FRAMES_OF_N))                    \
    ROW(small_wire_with_nothing_resident, NOW, allocate, wire_all,                           \
        (.faults = N + FRAMES_OF_N, .zero_fills = FRAMES_OF_N, .enters = N))                 \
    ROW(small_wire_of_resident_pages_without_translation, NOW, resident_only, wire_all,      \
        (.faults = N, .enters = N))                                                          \
    ROW(small_wire_of_pages_mapped_with_the_same_rights, NOW, allocate_and_store, wire_all,  \
        (.faults = N, .enters = N, SAME_FLUSHES(N)))                                         \
    ROW(small_wire_again, NOW, allocate_and_wire, wire_all, (.faults = 0))                   \
    ROW(small_unwire_from_one_to_none, NOW, allocate_and_wire, unwire_all, (.changes = N))   \
    ROW(small_protect_to_read, NOW, allocate_and_store, protect_read,                        \
        (.changes = N, SAME_FLUSHES(1)))                                                     \
    ROW(small_fork_of_a_written_entry, NOW, allocate_and_store, fork_task,                   \
        (.changes = N, SAME_FLUSHES(1)))                                                     \
    ROW(small_deallocate_once, NOW, allocate_and_store, deallocate,                          \
        (.removes = N, SAME_FLUSHES(1)))                                                     \
    ROW(small_deallocate_over_two_tables, NOW, written_in_two_tables, deallocate_two_tables, \
        (.removes = 2, SAME_FLUSHES(2)))                                                     \
    ROW(small_copy_on_write_drops_all_parts, NOW, written_and_forked, store_first,           \
        (.faults = 1, .copies = 1, .enters = 1, .removes = PARTS, .flushes = PARTS, .syncs = 1))

#define ROW(name, release, prepare, operate, counts)                                           \
    static void name(void **state)                                                             \
    {                                                                                          \
        static const struct row row = { release, prepare, operate, { 0 }, { UNWRAP counts } }; \
                                                                                               \
        (void)state;                                                                           \
        run(&row, &hw_geometry_arm64_16k, true, &row.on_arm64);                                \
    }
SMALL_ROWS
#undef ROW

/*  T24: a kernel's page needs no soft-write fault; a user's that is wired before its first store does  */
static void
t24_soft_writes_are_for_users(void **state)
{
    struct world w;
    vmm_va address = 0;
    vmm_size size;

    (void)state;
    world_start(&w, &hw_geometry_arm64_16k, NOW, false);
    size = w.page_bytes;
    allocate_and_wire(&w);
    store_first(&w);
    assert_int_equal(read_counts(&w).fast_faults, 1);
    assert_int_equal(vm_allocate(w.system->kernel_map, &address, size, VM_MAP_ANYWHERE), VMM_OK);
    assert_int_equal(
        vm_map_wire(w.system->kernel_map, address, address + size, VMM_PROT_DEFAULT, false),
        VMM_OK);
    assert_int_equal(vm_access(w.system,
                               &(struct vm_access){ .task = w.system->kernel_task,
                                                    .va = address,
                                                    .length = 1,
                                                    .kind = VM_ACCESS_WRITE },
                               NULL),
                     VMM_OK);
    assert_int_equal(read_counts(&w).fast_faults, 1);
    assert_int_equal(vm_map_unwire(w.system->kernel_map, address, address + size, false), VMM_OK);
    world_end(&w);
}

int
main(void)
{
#define ROW(name, ...) cmocka_unit_test(name),
    const struct CMUnitTest tests[] = { ROWS SMALL_ROWS cmocka_unit_test(
        t24_soft_writes_are_for_users) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
