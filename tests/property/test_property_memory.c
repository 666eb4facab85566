/*
 * test_property_memory.c - random drivers against a model made of plain arrays
 *
 * The plain model knows cells: one byte per page that somebody allocated. A user page is a cell, a
 * mapping is a list of cells, a copy-on-write mapping is a list of cells of its own. It knows no
 * object, no shadow, no translation and no TLB. After every operation the two must agree on result
 * and contents, and vm_system_check() must hold.
 *
 *      user pages     0 1 2 3 4 5 6 7 8 9        cell numbers, or nothing
 *      descriptor         [2 3 4 5]               where, direction, prepares, snapshot?
 *      mapping             2 3 4 5                cells as of the mapping, wires per page
 *
 * Usage: test_property_memory [OPERATIONS [SEED]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iokit/io_types.h"
#include "vmmodel.h"

enum { PAGES = 12, DESCRIPTORS = 4, MAPPINGS = 6, PAGE = 4096, ROUND = 400 };

struct cell {
    unsigned references;
    uint8_t byte;
};

struct descriptor {
    vmk_desc_t handle;
    unsigned first, count;
    uint32_t direction;
    bool is_snapshot;
    bool has_entries; /* a mapping was made: rights are frozen, source cells are known */
    bool entries_writable;
    unsigned prepares;
    bool is_read_only;            /* prepared with pure Out */
    struct cell *source[PAGES];   /* once has_entries: what the entries name */
    struct cell *wired[PAGES];    /* while prepared: what was there, whatever is there now */
    struct cell *snapshot[PAGES]; /* the copy, when is_snapshot and has_entries */
    bool snapshot_is_shared;      /* pages were wired: one eager copy for all mappings */
};

struct mapping {
    vmk_map_t handle;
    struct descriptor *of;
    bool is_writable;
    struct cell *cells[PAGES];
    unsigned wires[PAGES];
};

struct plain {
    struct cell *user[PAGES];
    bool user_writable[PAGES];
    struct descriptor descriptors[DESCRIPTORS];
    struct mapping mappings[MAPPINGS];
};

struct run {
    struct vmm_rng rng;
    vmk_world_t world;
    vmk_task_t task;
    uint64_t base; /* of the user pages */
    struct vm_profile profile;
    struct plain plain;
    uint64_t operation;
    uint64_t seed;
    const char *verb;
};

static uint64_t taken_bytes;

static void *
take(void *context, size_t size)
{
    (void)context;
    taken_bytes += size;
    return aligned_alloc(64, (size + 63) / 64 * 64);
}

static void
give(void *context, void *memory, size_t size)
{
    (void)context;
    taken_bytes -= size;
    free(memory);
}

static const struct vmm_alloc alloc = { take, give, NULL };

static void
fail(const struct run *run, const char *what, int64_t expected, int64_t found)
{
    printf("property: seed %" PRIu64 " operation %" PRIu64 " (%s): %s: expected %" PRId64
           ", found %" PRId64 "\n",
           run->seed, run->operation, run->verb, what, expected, found);
    exit(1);
}

static void
same(const struct run *run, const char *what, int64_t expected, int64_t found)
{
    if (expected != found)
        fail(run, what, expected, found);
}

static unsigned
below(struct run *run, unsigned bound)
{
    return (unsigned)vmm_rng_below(&run->rng, bound);
}

/* ---- cells ---- */

static struct cell *
cell_new(uint8_t byte)
{
    struct cell *cell = malloc(sizeof(*cell));

    if (cell == NULL)
        abort();
    *cell = (struct cell){ 1, byte };
    return cell;
}

static struct cell *
cell_hold(struct cell *cell)
{
    cell->references++;
    return cell;
}

static void
cell_drop(struct cell **cell)
{
    if (*cell != NULL && --(*cell)->references == 0)
        free(*cell);
    *cell = NULL;
}

static uint64_t
user_va(const struct run *run, unsigned page)
{
    return run->base + (uint64_t)page * PAGE;
}

static bool
all_mapped(const struct run *run, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        if (run->plain.user[i] == NULL)
            return false;
    }
    return true;
}

static bool
all_writable(const struct run *run, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        if (!run->plain.user_writable[i])
            return false;
    }
    return true;
}

/* ---- user memory ---- */

static void
op_allocate(struct run *run)
{
    unsigned page = below(run, PAGES);
    uint64_t address = user_va(run, page);
    vmk_return_t got;

    run->verb = "allocate";
    got = vmk_sim_allocate(run->task, &address, PAGE);
    same(run, "result", run->plain.user[page] == NULL ? VMM_OK : VMM_NO_SPACE, got);
    if (got == VMM_OK) {
        run->plain.user[page] = cell_new(0);
        run->plain.user_writable[page] = true;
    }
}

static void
op_deallocate(struct run *run)
{
    unsigned page = below(run, PAGES);

    run->verb = "deallocate";
    same(run, "result", VMM_OK, vmk_sim_deallocate(run->task, user_va(run, page), PAGE));
    cell_drop(&run->plain.user[page]);
    run->plain.user_writable[page] = false;
}

static void
op_protect(struct run *run)
{
    unsigned page = below(run, PAGES);
    bool writable = below(run, 2);
    vmk_return_t got;

    run->verb = "protect";
    got = vmk_sim_protect(run->task, user_va(run, page), PAGE,
                          VMM_PROT_READ | (writable ? VMM_PROT_WRITE : 0));
    same(run, "result", run->plain.user[page] != NULL ? VMM_OK : VMM_INVALID_ADDRESS, got);
    if (got == VMM_OK)
        run->plain.user_writable[page] = writable;
}

static void
op_user_store(struct run *run)
{
    unsigned page = below(run, PAGES);
    uint8_t byte = (uint8_t)below(run, 256);
    struct cell *cell = run->plain.user[page];
    vmk_return_t want = cell == NULL                     ? VMM_INVALID_ADDRESS
                        : run->plain.user_writable[page] ? VMM_OK
                                                         : VMM_PROTECTION_FAILURE;

    run->verb = "user store";
    same(run, "result", want, vmk_sim_write(run->task, user_va(run, page), NULL, byte, PAGE, NULL));
    if (want == VMM_OK)
        cell->byte = byte;
}

static void
op_user_load(struct run *run)
{
    unsigned page = below(run, PAGES);
    struct cell *cell = run->plain.user[page];
    uint8_t byte = 0;

    run->verb = "user load";
    same(run, "result", cell == NULL ? VMM_INVALID_ADDRESS : VMM_OK,
         vmk_sim_read(run->task, user_va(run, page) + below(run, PAGE), &byte, 1, NULL));
    if (cell != NULL)
        same(run, "byte", cell->byte, byte);
}

/* ---- descriptors ---- */

static void
op_describe(struct run *run)
{
    struct descriptor *d = &run->plain.descriptors[below(run, DESCRIPTORS)];
    static const uint32_t directions[] = { IO_DIRECTION_IN, IO_DIRECTION_OUT, IO_DIRECTION_OUT_IN };

    run->verb = "describe";
    if (d->handle != NULL)
        return;
    *d = (struct descriptor){ .first = below(run, PAGES) };
    d->count = 1 + below(run, PAGES - d->first);
    d->direction = directions[below(run, 3)];
    d->is_snapshot = below(run, 3) == 0 && run->profile.input_copy_on_write;
    d->handle = vmk_desc_range(run->task, user_va(run, d->first), (uint64_t)d->count * PAGE,
                               d->direction | (d->is_snapshot ? IO_MEMORY_MAP_COPY_ON_WRITE : 0));
    same(run, "handle", true, d->handle != NULL);
}

static void
drop_cells(struct cell **cells, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        cell_drop(&cells[i]);
}

static void
hold_cells(struct cell **cells, struct cell *const *from, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        cells[i] = cell_hold(from[i]);
}

/* What prepare() answers from zero (iokit.md 2.4). */
static vmk_return_t
expected_prepare(const struct run *run, const struct descriptor *d)
{
    bool writes = d->direction != IO_DIRECTION_OUT;

    if (d->has_entries)
        return writes && !d->entries_writable ? VMM_INVALID_RIGHT : VMM_OK;
    for (unsigned i = d->first; i < d->first + d->count; i++) {
        if (run->plain.user[i] == NULL)
            return VMM_IO_CANNOT_WIRE;
        if (writes && !run->plain.user_writable[i])
            return VMM_PROTECTION_FAILURE;
    }
    return VMM_OK;
}

static void
op_prepare(struct run *run)
{
    struct descriptor *d = &run->plain.descriptors[below(run, DESCRIPTORS)];
    vmk_return_t want;

    run->verb = "prepare";
    if (d->handle == NULL)
        return;
    want = d->prepares > 0 ? VMM_OK : expected_prepare(run, d);
    same(run, "result", want, vmk_desc_prepare(d->handle, IO_DIRECTION_NONE));
    if (want == VMM_OK && d->prepares++ == 0)
        hold_cells(d->wired, d->has_entries ? d->source : &run->plain.user[d->first], d->count);
}

static void
op_complete(struct run *run)
{
    struct descriptor *d = &run->plain.descriptors[below(run, DESCRIPTORS)];

    run->verb = "complete";
    if (d->handle == NULL)
        return;
    same(run, "result", VMM_OK, vmk_desc_complete(d->handle, IO_DIRECTION_NONE));
    if (d->prepares > 0 && --d->prepares == 0)
        drop_cells(d->wired, d->count);
}

static void
op_read_bytes(struct run *run)
{
    struct descriptor *d = &run->plain.descriptors[below(run, DESCRIPTORS)];
    unsigned page;
    uint8_t byte = 0;

    run->verb = "readBytes";
    if (d->handle == NULL || d->prepares == 0)
        return;
    page = below(run, d->count);
    same(run, "bytes", 1, (int64_t)vmk_desc_read(d->handle, (uint64_t)page * PAGE + 7, &byte, 1));
    same(run, "byte", d->wired[page]->byte, byte);
}

static void
op_release_descriptor(struct run *run)
{
    struct descriptor *d = &run->plain.descriptors[below(run, DESCRIPTORS)];

    run->verb = "release descriptor";
    if (d->handle == NULL)
        return;
    for (unsigned i = 0; i < MAPPINGS; i++) {
        if (run->plain.mappings[i].handle != NULL && run->plain.mappings[i].of == d)
            return; /* kept alive by its mapping; the plain model lets mappings go first */
    }
    vmk_desc_release(d->handle);
    drop_cells(d->source, PAGES);
    drop_cells(d->wired, PAGES);
    drop_cells(d->snapshot, PAGES);
    d->handle = NULL;
}

/* ---- mappings ---- */

/* The entries that the first mapping makes (iokit.md 3.2); false: creation fails. */
static bool
make_entries(struct run *run, struct descriptor *d, bool read_only)
{
    bool writable = d->direction != IO_DIRECTION_OUT || !read_only;

    if (d->has_entries)
        return true;
    if (!all_mapped(run, d->first, d->count) ||
        (writable && !all_writable(run, d->first, d->count)))
        return false;
    hold_cells(d->source, &run->plain.user[d->first], d->count);
    d->has_entries = true;
    d->entries_writable = writable;
    for (unsigned i = 0; d->is_snapshot && i < d->count; i++)
        d->snapshot[i] = cell_new(d->source[i]->byte);
    return true;
}

/* Whether the snapshot's pages are one eager copy: asked of the kernel, since it is its choice. */
static void
fill_cells(struct run *run, struct mapping *m)
{
    struct descriptor *d = m->of;

    for (unsigned i = 0; i < d->count; i++) {
        struct vm_region region;

        if (!d->is_snapshot) {
            m->cells[i] = cell_hold(d->source[i]);
            continue;
        }
        same(run, "region", 1,
             vmk_sim_region(vmk_kernel_task(), vmk_map_address(m->handle) + (uint64_t)i * PAGE,
                            &region));
        m->cells[i] =
            region.needs_copy ? cell_new(d->snapshot[i]->byte) : cell_hold(d->snapshot[i]);
    }
}

/*
 * Up to 10.9 a source of several pieces is remapped and keeps no entries (iokit.md 5.1). Asked of the
 * kernel: what a piece is, the plain model does not know.
 */
static void
forget_entries(struct run *run, struct descriptor *d)
{
    uint64_t resident, dirty;

    if (vmk_desc_page_counts(d->handle, &resident, &dirty) != VMM_IO_NOT_READY)
        return;
    same(run, "pieces are remapped", true, run->profile.pieces_in_pageable_map);
    drop_cells(d->source, PAGES);
    d->has_entries = false;
}

static void
op_map(struct run *run)
{
    struct mapping *m = &run->plain.mappings[below(run, MAPPINGS)];
    struct descriptor *d = &run->plain.descriptors[below(run, DESCRIPTORS)];
    bool read_only = below(run, 2);
    bool works;

    run->verb = "map";
    if (m->handle != NULL || d->handle == NULL)
        return;
    for (unsigned i = 0; i < MAPPINGS; i++) {
        if (run->plain.mappings[i].handle != NULL && run->plain.mappings[i].of == d &&
            (vmk_map_options(run->plain.mappings[i].handle) & IO_MAP_READ_ONLY) ==
                (read_only ? IO_MAP_READ_ONLY : 0))
            return; /* would share the mapping (iokit.md 3.3), which has its own tests */
    }
    works = make_entries(run, d, read_only) &&
            (read_only || d->entries_writable || run->profile.masks_map_protection);
    *m = (struct mapping){ .of = d };
    m->handle = vmk_map_create(d->handle, vmk_kernel_task(), 0,
                               IO_MAP_ANYWHERE | (read_only ? IO_MAP_READ_ONLY : 0), 0, 0);
    same(run, "handle", works, m->handle != NULL);
    if (m->handle == NULL)
        return;
    m->is_writable = !read_only && d->entries_writable;
    fill_cells(run, m);
    forget_entries(run, d);
    same(run, "translated", 0,
         (int64_t)vmk_sim_translated(vmk_kernel_task(), vmk_map_address(m->handle),
                                     vmk_map_length(m->handle), NULL));
}

static struct mapping *
some_mapping(struct run *run)
{
    struct mapping *m = &run->plain.mappings[below(run, MAPPINGS)];

    return m->handle != NULL ? m : NULL;
}

static void
op_kernel_load(struct run *run)
{
    struct mapping *m = some_mapping(run);
    unsigned page;
    uint8_t byte = 0;

    run->verb = "kernel load";
    if (m == NULL)
        return;
    page = below(run, m->of->count);
    same(run, "result", VMM_OK,
         vmk_sim_read(vmk_kernel_task(), vmk_map_address(m->handle) + (uint64_t)page * PAGE, &byte,
                      1, NULL));
    same(run, "byte", m->cells[page]->byte, byte);
}

static void
op_kernel_store(struct run *run)
{
    struct mapping *m = some_mapping(run);
    unsigned page;
    uint8_t byte = (uint8_t)below(run, 256);

    run->verb = "kernel store";
    if (m == NULL || !m->is_writable)
        return;
    page = below(run, m->of->count);
    same(run, "result", VMM_OK,
         vmk_sim_write(vmk_kernel_task(), vmk_map_address(m->handle) + (uint64_t)page * PAGE, NULL,
                       byte, PAGE, NULL));
    m->cells[page]->byte = byte;
}

/*
 * What wiring for more than the mapping allows gives: what stands in a submap of the kernel's map
 * fails with the code of the lookup there, which older releases turn into 5 (vm.md 3.2).
 */
static vmk_return_t
refusal_of(const struct run *run, const struct mapping *m)
{
    struct vm_region region = { .is_submap = false };
    uint32_t depth = 0;

    vm_map_region_recurse(vmk_sim_task_map(vmk_kernel_task()), vmk_map_address(m->handle), &depth,
                          &region);
    return region.is_submap && !run->profile.wire_submap_own_code ? VMM_FAILURE
                                                                  : VMM_PROTECTION_FAILURE;
}

static void
op_wire(struct run *run)
{
    struct mapping *m = some_mapping(run);
    bool out = below(run, 2);
    bool is_wired = false;
    unsigned page, count;
    vmk_return_t want, got;

    run->verb = "wire";
    if (m == NULL)
        return;
    page = below(run, m->of->count);
    count = 1 + below(run, m->of->count - page);
    for (unsigned i = page; i < page + count; i++)
        is_wired |= m->wires[i] > 0;
    want = out && !m->is_writable ? refusal_of(run, m) : VMM_OK;
    got = vmk_map_wire(m->handle, out ? IO_DIRECTION_OUT : IO_DIRECTION_IN, (uint64_t)page * PAGE,
                       (uint64_t)count * PAGE);
    if (!is_wired)
        same(run, "result", want, got); /* a wired entry is not asked for its rights (T12) */
    for (unsigned i = page; got == VMM_OK && i < page + count; i++)
        m->wires[i]++;
}

static void
op_unwire(struct run *run)
{
    struct mapping *m = some_mapping(run);
    unsigned page;

    run->verb = "unwire";
    if (m == NULL)
        return;
    page = below(run, m->of->count);
    if (m->wires[page] == 0)
        return; /* would panic: unwire-of-unwired has its own scenario */
    same(run, "result", VMM_OK,
         vmk_map_wire(m->handle, IO_DIRECTION_NONE, (uint64_t)page * PAGE, PAGE));
    m->wires[page]--;
}

/* A wired page of a mapping that nobody else can disturb is read where no fault is allowed. */
static void
op_load_under_spin_lock(struct run *run)
{
    struct mapping *m = some_mapping(run);
    struct vm_page_view view;
    unsigned page;
    uint64_t address;
    uint8_t byte = 0;

    run->verb = "load under a spin lock";
    if (m == NULL)
        return;
    page = below(run, m->of->count);
    address = vmk_map_address(m->handle) + (uint64_t)page * PAGE;
    vmk_sim_probe(vmk_kernel_task(), address, &view);
    if (!view.is_translated)
        return; /* would panic: that is the radar's story */
    vmk_sim_enter(VM_SPIN_LOCK);
    same(run, "result", VMM_OK, vmk_sim_read(vmk_kernel_task(), address, &byte, 1, NULL));
    vmk_sim_leave(VM_SPIN_LOCK);
    same(run, "byte", m->cells[page]->byte, byte);
}

static void
unmap(struct run *run, struct mapping *m)
{
    for (unsigned i = 0; i < m->of->count; i++) {
        for (; m->wires[i] > 0; m->wires[i]--)
            same(run, "unwire", VMM_OK,
                 vmk_map_wire(m->handle, IO_DIRECTION_NONE, (uint64_t)i * PAGE, PAGE));
        cell_drop(&m->cells[i]);
    }
    vmk_map_release(m->handle);
    m->handle = NULL;
}

static void
op_unmap(struct run *run)
{
    struct mapping *m = some_mapping(run);

    run->verb = "unmap";
    if (m != NULL)
        unmap(run, m);
}

static void
op_set_cpu(struct run *run)
{
    run->verb = "set cpu";
    vmk_sim_set_cpu(below(run, 2));
}

/* ---- the run ---- */

static void (*const operations[])(struct run *) = {
    op_allocate,
    op_allocate,
    op_deallocate,
    op_protect,
    op_user_store,
    op_user_store,
    op_user_load,
    op_describe,
    op_prepare,
    op_complete,
    op_read_bytes,
    op_release_descriptor,
    op_map,
    op_map,
    op_kernel_load,
    op_kernel_store,
    op_wire,
    op_unwire,
    op_load_under_spin_lock,
    op_unmap,
    op_set_cpu,
};

static void
start(struct run *run)
{
    static const char *const names[] = {
        "macos-10.9",  "macos-10.10", "macos-10.11", "macos-10.12",
        "macos-10.13", "macos-11",    "macos-13",    "macos-15.5"
    };
    const char *name = names[below(run, VMM_COUNT_OF(names))];
    size_t row;

    run->verb = "start";
    if (!vm_profile_find(name, strlen(name), &row))
        fail(run, name, 1, 0);
    vm_profile_at(row, &run->profile);
    run->world = vmk_sim_create(&(struct vmk_sim_config){
        .alloc = &alloc, .profile = &run->profile, .cpu_count = 2, .frame_count = 512 });
    vmk_sim_make_current(run->world);
    run->task = vmk_sim_task_create();
    run->base = (uint64_t)1 << 33;
    memset(&run->plain, 0, sizeof(run->plain));
}

static void
finish(struct run *run)
{
    run->verb = "finish";
    for (unsigned i = 0; i < MAPPINGS; i++) {
        if (run->plain.mappings[i].handle != NULL)
            unmap(run, &run->plain.mappings[i]);
    }
    for (unsigned i = 0; i < DESCRIPTORS; i++) {
        struct descriptor *d = &run->plain.descriptors[i];

        if (d->handle != NULL)
            vmk_desc_release(d->handle);
        drop_cells(d->source, PAGES);
        drop_cells(d->wired, PAGES);
        drop_cells(d->snapshot, PAGES);
    }
    same(run, "terminate", VMM_OK, vmk_sim_task_terminate(run->task));
    if (vmk_sim_check() != NULL)
        fail(run, vmk_sim_check(), 0, 1);
    for (unsigned i = 0; i < PAGES; i++)
        cell_drop(&run->plain.user[i]);
    vmk_sim_make_current(NULL);
    vmk_sim_destroy(run->world);
    same(run, "bytes leaked", 0, (int64_t)taken_bytes);
}

int
main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 200000;
    struct run run = { .seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 25140509 };

    run.rng.state = run.seed;
    printf("property: %" PRIu64 " operations, seed %" PRIu64 "\n", count, run.seed);
    for (; run.operation < count; run.operation++) {
        const char *broken;

        if (run.operation % ROUND == 0) {
            if (run.operation > 0)
                finish(&run);
            start(&run);
        }
        operations[below(&run, VMM_COUNT_OF(operations))](&run);
        broken = vmk_sim_check();
        if (broken != NULL)
            fail(&run, broken, 0, 1);
    }
    finish(&run);
    printf("property: all held\n");
    return 0;
}
