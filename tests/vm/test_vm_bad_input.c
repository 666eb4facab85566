/*
 * test_vm_bad_input.c - every Mach call with every kind of argument; vm.md 2.1, 2.2
 *
 * First the rows of vm.md 2.1, each with its code. Then each call with all pairs of values of its
 * arguments, and what must hold whatever they are.
 */
#include "vm_fixture.h"

#include <inttypes.h>
#include <stdio.h>

#include "vm/vm_internal.h"
#include "vm/vm_user.h"

enum { ARGS = 10, OUTS = 3, COMPLAINTS = 40 };

#define POISON UINT64_C(0x5A5A5A5A)

static const char *const releases[] = { "macos-10.9", "macos-10.15", "macos-14", "macos-15.4" };

/* ---- values: numbers, or places that depend on the kernel ---- */

enum word_of {
    GOOD,   /* what the call accepts */
    NUMBER, /* as it stands */
    WINDOW, /* bytes after page 0 of the window */
    LIMIT,  /* bytes after the end of the map */
    AWAY,   /* the size that ends there, counted from page 0 of the window */
    BUFFER, /* bytes more than a copy through the kernel's buffer may have */
};

struct word {
    enum word_of of;
    uint64_t plus;
};

/* clang-format off */
#define N(number) { NUMBER, (number) }
#define W(n, plus) { WINDOW, (n) * UINT64_C(4096) + (plus) }
#define L(plus) { LIMIT, (uint64_t)INT64_C(plus) }
#define TO(end) { AWAY, (end) }
#define B(plus) { BUFFER, (plus) }
#define DEFAULT { GOOD, 0 }
/* clang-format on */

static uint64_t
word_value(const struct vm_fixture *f, struct word word)
{
    switch (word.of) {
    case WINDOW:
        return page(f, 0) + word.plus;
    case LIMIT:
        return vm_map_max(f->map) + word.plus;
    case AWAY:
        return word.plus - page(f, 0);
    case BUFFER:
        return f->profile.copyin_buffer_max + word.plus;
    default:
        return word.plus;
    }
}

enum kind {
    NO_ARGUMENT,
    ADDRESS,
    SIZE,
    OFFSET,
    FLAGS,
    PROT,
    INHERIT,
    BEHAVIOR,
    SYNC,
    MASK,
    YES_NO,
    CONTROL,
    STATE,
    PERMISSION,
    HANDLE,
    KINDS
};

enum { MAX_VALUES = 48 };

/* clang-format off */
static const struct {
    size_t count;
    struct word values[MAX_VALUES];
} kinds[KINDS] = {
    [ADDRESS] = { 20, { N(0), N(1), N(PAGE - 1), N(PAGE), N(PAGE + 1), L(-4095), L(0),
                        N(UINT64_MAX - PAGE), N(UINT64_MAX), L(-4096), L(-1), W(0, 0), W(0, 100),
                        W(1, PAGE - 1), W(2, 0), W(3, 0), W(4, 0), W(8, 0), W(10, 0),
                        N(UINT64_C(1) << 63) } },
    [SIZE] = { 17, { N(0), N(1), N(PAGE - 1), N(PAGE), N(PAGE + 1), L(-4095), L(0),
                     N(UINT64_MAX - PAGE), N(UINT64_MAX), N(2 * PAGE), N(3 * PAGE + 5),
                     TO(UINT64_MAX), TO(0), TO(UINT64_MAX - PAGE), N(UINT32_MAX),
                     N(UINT64_C(1) << 32), N(UINT64_C(1) << 63) } },
    [OFFSET] = { 10, { N(0), N(PAGE), N(PAGE + 1), N(2 * PAGE), N(3 * PAGE + 5), L(0),
                       N(UINT64_MAX - PAGE), N(UINT64_MAX - PAGE + 1), N(UINT64_MAX),
                       N(UINT64_C(1) << 63) } },
    [FLAGS] = { 40, { N(0), N(0x1), N(0x2), N(0x4), N(0x8), N(0x10), N(0x20), N(0x40), N(0x80),
                      N(0x100), N(0x200), N(0x400), N(0x800), N(0x1000), N(0x2000), N(0x4000),
                      N(0x8000), N(0x10000), N(0x20000), N(0x30000), N(0x40000), N(0x50000),
                      N(0x60000), N(0x70000), N(0x80000), N(0x100000), N(0x200000), N(0x400000),
                      N(0x800000), N(0x1000000), N(0x80000000), N(0xFF000000), N(0x9), N(0x3),
                      N(0x4001), N(0x4002), N(0x100001), N(0x104000), N(0xFFFFFF),
                      N(UINT32_MAX) } },
    [PROT] = { 16, { N(0), N(1), N(2), N(3), N(4), N(5), N(7), N(8), N(0x10), N(0x13), N(0x17),
                     N(0x40), N(0x47), N(0x100), N(0x80000003), N(UINT32_MAX) } },
    [INHERIT] = { 9, { N(0), N(1), N(2), N(3), N(4), N(255), N(256), N(0x80000000),
                       N(UINT32_MAX) } },
    [BEHAVIOR] = { 18, { N(0), N(1), N(2), N(3), N(4), N(5), N(6), N(7), N(8), N(9), N(10), N(11),
                         N(12), N(13), N(255), N(256), N(0x80000000), N(UINT32_MAX) } },
    [SYNC] = { 15, { N(0), N(1), N(2), N(3), N(4), N(8), N(0x10), N(0x20), N(0x40), N(0x80),
                     N(0x28), N(0x30), N(0x23), N(0x7F), N(UINT32_MAX) } },
    [MASK] = { 9, { N(0), N(1), N(PAGE - 1), N(PAGE), N(0xFFFF), N(0xABC), N(UINT64_C(1) << 63),
                    N(UINT64_MAX - PAGE), N(UINT64_MAX) } },
    [YES_NO] = { 2, { N(0), N(1) } },
    [CONTROL] = { 6, { N(0), N(1), N(2), N(3), N(4), N(UINT32_MAX) } },
    [STATE] = { 9, { N(0), N(1), N(2), N(3), N(4), N(0x40), N(0x13773), N(0x80000000),
                     N(UINT32_MAX) } },
    [PERMISSION] = { 24, { N(0), N(1), N(3), N(7), N(8), N(0x100), N(0x10000), N(0x10003),
                           N(0x20000), N(0x20003), N(0x40003), N(0x60001), N(0x60003), N(0x80003),
                           N(0x100003), N(0x200001), N(0x200003), N(0x300003), N(0x400001),
                           N(0x400007), N(0x800003), N(0xFF0000), N(0xFF000003),
                           N(UINT32_MAX) } },
    [HANDLE] = { 5, { N(0), N(1), N(2), N(3), N(4) } },
};
/* clang-format on */

/* ---- one attempt ---- */

struct attempt {
    uint64_t in[ARGS];
    uint64_t before[OUTS];
    uint64_t after[OUTS];
    enum vmm_status status;
};

struct call {
    const char *name;
    enum vmm_status (*make)(struct vm_fixture *f, struct attempt *attempt);
    uint32_t codes; /* the column of vm.md 2.1 */
    struct {
        enum kind kind;
        struct word good;
    } args[ARGS];
};

#define CODE(n) (UINT32_C(1) << (n))

/* An argument that the call also writes: the word before it, and the word after it. */
static void
note(struct attempt *attempt, unsigned out, uint64_t before, uint64_t after)
{
    attempt->before[out] = before;
    attempt->after[out] = after;
}

static enum vmm_status
do_allocate(struct vm_fixture *f, struct attempt *a)
{
    vmm_va address = a->in[0];
    enum vmm_status status = vm_allocate(f->map, &address, a->in[1], (uint32_t)a->in[2]);

    note(a, 0, a->in[0], address);
    return status;
}

static enum vmm_status
do_deallocate(struct vm_fixture *f, struct attempt *a)
{
    return vm_deallocate(f->map, a->in[0], a->in[1]);
}

static enum vmm_status
do_protect(struct vm_fixture *f, struct attempt *a)
{
    return vm_protect(f->map, a->in[0], a->in[1], a->in[2] != 0, (vmm_prot)a->in[3]);
}

static enum vmm_status
do_inherit(struct vm_fixture *f, struct attempt *a)
{
    return vm_inherit(f->map, a->in[0], a->in[1], (uint32_t)a->in[2]);
}

static enum vmm_status
do_wire(struct vm_fixture *f, struct attempt *a)
{
    return vm_wire(f->map, a->in[0], a->in[1], (vmm_prot)a->in[2]);
}

static enum vmm_status
do_behavior_set(struct vm_fixture *f, struct attempt *a)
{
    return vm_behavior_set(f->map, a->in[0], a->in[1], (uint32_t)a->in[2]);
}

static enum vmm_status
do_msync(struct vm_fixture *f, struct attempt *a)
{
    return vm_msync(f->map, a->in[0], a->in[1], (uint32_t)a->in[2]);
}

static enum vmm_status
do_read(struct vm_fixture *f, struct attempt *a)
{
    vmm_va data = POISON;
    enum vmm_status status = vm_read(f->map, a->in[0], a->in[1], f->map, &data);

    note(a, 0, POISON, data);
    return status;
}

static enum vmm_status
do_read_overwrite(struct vm_fixture *f, struct attempt *a)
{
    return vm_read_overwrite(f->map, a->in[0], a->in[1], f->map, a->in[2]);
}

static enum vmm_status
do_write(struct vm_fixture *f, struct attempt *a)
{
    return vm_write(f->map, a->in[0], f->map, a->in[2], a->in[1]);
}

static enum vmm_status
do_copy(struct vm_fixture *f, struct attempt *a)
{
    return vm_copy(f->map, a->in[0], a->in[1], a->in[2]);
}

/* The memory entry that a number stands for: none, plain, copy, share or fresh memory; two pages. */
static struct vm_memory_entry *
handle_of(struct vm_fixture *f, uint64_t number)
{
    static const uint32_t permissions[] = { 0, 1, VM_MEM_VM_COPY | 1, VM_MEM_VM_SHARE | 1,
                                            VM_MEM_NAMED_CREATE | 3 };
    struct vm_memory_entry *made = NULL;
    vmm_size size = (vmm_size)2 * PAGE;

    if (number != 0)
        assert_int_equal(
            vm_make_memory_entry(f->map, &size, page(f, 0), permissions[number], NULL, &made),
            VMM_OK);
    return made;
}

static enum vmm_status
do_map(struct vm_fixture *f, struct attempt *a)
{
    struct vm_map_call call = { .size = a->in[1],
                                .mask = a->in[2],
                                .flags = (uint32_t)a->in[3],
                                .entry = handle_of(f, a->in[4]),
                                .offset = a->in[5],
                                .copy = a->in[6] != 0,
                                .protection = (vmm_prot)a->in[7],
                                .max_protection = (vmm_prot)a->in[8],
                                .inheritance = (uint32_t)a->in[9] };
    vmm_va address = a->in[0];
    enum vmm_status status = vm_map_call(f->map, &address, &call);

    note(a, 0, a->in[0], address);
    vm_memory_entry_release(&call.entry);
    return status;
}

static enum vmm_status
do_remap_as(struct vm_fixture *f, struct attempt *a, bool is_new)
{
    struct vm_remap_call call = { .size = a->in[1],
                                  .mask = a->in[2],
                                  .flags = (uint32_t)a->in[3],
                                  .source_map = f->map,
                                  .source = a->in[4],
                                  .copy = a->in[5] != 0,
                                  .inheritance = (uint32_t)a->in[6],
                                  .is_new = is_new };
    vmm_prot prot = is_new ? (vmm_prot)a->in[7] : (vmm_prot)POISON;
    vmm_prot max_prot = is_new ? (vmm_prot)a->in[8] : (vmm_prot)POISON;
    vmm_prot prot_before = prot, max_before = max_prot;
    vmm_va address = a->in[0];
    enum vmm_status status = vm_remap(f->map, &address, &call, &prot, &max_prot);

    note(a, 0, a->in[0], address);
    note(a, 1, prot_before, prot);
    note(a, 2, max_before, max_prot);
    return status;
}

static enum vmm_status
do_remap(struct vm_fixture *f, struct attempt *a)
{
    return do_remap_as(f, a, false);
}

static enum vmm_status
do_remap_new(struct vm_fixture *f, struct attempt *a)
{
    return do_remap_as(f, a, true);
}

static enum vmm_status
do_make_memory_entry(struct vm_fixture *f, struct attempt *a)
{
    struct vm_memory_entry *parent = handle_of(f, a->in[3]);
    struct vm_memory_entry *poison = (struct vm_memory_entry *)(uintptr_t)POISON;
    struct vm_memory_entry *made = poison;
    vmm_size size = a->in[0];
    enum vmm_status status = vm_make_memory_entry(a->in[4] != 0 ? NULL : f->map, &size, a->in[1],
                                                  (uint32_t)a->in[2], parent, &made);

    note(a, 0, a->in[0], size);
    note(a, 1, (uintptr_t)poison, (uintptr_t)made);
    if (status == VMM_OK)
        vm_memory_entry_release(&made);
    vm_memory_entry_release(&parent);
    return status;
}

static enum vmm_status
do_purgable_control(struct vm_fixture *f, struct attempt *a)
{
    int before = (int)(uint32_t)a->in[2];
    int state = before;
    enum vmm_status status = vm_purgable_control(f->map, a->in[0], (uint32_t)a->in[1], &state);

    note(a, 0, (uint32_t)before, (uint32_t)state);
    return status;
}

static enum vmm_status
do_page_query(struct vm_fixture *f, struct attempt *a)
{
    int disposition = (int)POISON, references = (int)POISON;
    enum vmm_status status = vm_page_query(f->map, a->in[0], &disposition, &references);

    note(a, 0, POISON, (uint32_t)disposition);
    note(a, 1, POISON, (uint32_t)references);
    return status;
}

enum call_of {
    ALLOCATE,
    DEALLOCATE,
    PROTECT,
    SET_INHERIT,
    WIRE,
    SET_BEHAVIOR,
    MSYNC,
    READ,
    READ_OVERWRITE,
    WRITE,
    COPY,
    MAP,
    REMAP,
    REMAP_NEW,
    MAKE_ENTRY,
    PURGABLE,
    PAGE_QUERY,
    CALLS
};

/* clang-format off */
static const struct call calls[CALLS] = {
    [ALLOCATE] = { "allocate", do_allocate, CODE(0) | CODE(1) | CODE(3) | CODE(4),
        { { ADDRESS, W(3, 0) }, { SIZE, N(PAGE) }, { FLAGS, N(0) } } },
    [DEALLOCATE] = { "deallocate", do_deallocate, CODE(0) | CODE(4),
        { { ADDRESS, W(0, 0) }, { SIZE, N(PAGE) } } },
    [PROTECT] = { "protect", do_protect, CODE(0) | CODE(1) | CODE(2) | CODE(4),
        { { ADDRESS, W(0, 0) }, { SIZE, N(PAGE) }, { YES_NO, N(0) }, { PROT, N(1) } } },
    [SET_INHERIT] = { "inherit", do_inherit, CODE(0) | CODE(4),
        { { ADDRESS, W(0, 0) }, { SIZE, N(PAGE) }, { INHERIT, N(0) } } },
    [WIRE] = { "wire", do_wire,
        CODE(0) | CODE(1) | CODE(2) | CODE(4) | CODE(5) | CODE(6) | CODE(16) | CODE(22),
        { { ADDRESS, W(0, 0) }, { SIZE, N(PAGE) }, { PROT, N(3) } } },
    [SET_BEHAVIOR] = { "behavior_set", do_behavior_set,
        CODE(0) | CODE(1) | CODE(2) | CODE(3) | CODE(4),
        { { ADDRESS, W(0, 0) }, { SIZE, N(PAGE) }, { BEHAVIOR, N(1) } } },
    [MSYNC] = { "msync", do_msync, CODE(0) | CODE(1) | CODE(4) | CODE(16),
        { { ADDRESS, W(0, 0) }, { SIZE, N(PAGE) }, { SYNC, N(2) } } },
    [READ] = { "read", do_read, CODE(0) | CODE(1) | CODE(2) | CODE(4),
        { { ADDRESS, W(0, 0) }, { SIZE, N(PAGE) } } },
    [READ_OVERWRITE] = { "read_overwrite", do_read_overwrite,
        CODE(0) | CODE(1) | CODE(2) | CODE(4),
        { { ADDRESS, W(0, 0) }, { SIZE, N(PAGE) }, { ADDRESS, W(10, 0) } } },
    [WRITE] = { "write", do_write, CODE(0) | CODE(1) | CODE(2) | CODE(4),
        { { ADDRESS, W(10, 0) }, { SIZE, N(PAGE) }, { ADDRESS, W(0, 0) } } },
    [COPY] = { "copy", do_copy, CODE(0) | CODE(1) | CODE(2) | CODE(4),
        { { ADDRESS, W(0, 0) }, { SIZE, N(PAGE) }, { ADDRESS, W(10, 0) } } },
    [MAP] = { "map", do_map, CODE(0) | CODE(1) | CODE(3) | CODE(4) | CODE(17) | CODE(23) | CODE(29),
        { { ADDRESS, W(3, 0) }, { SIZE, N(PAGE) }, { MASK, N(0) }, { FLAGS, N(0) },
          { HANDLE, N(0) }, { OFFSET, N(0) }, { YES_NO, N(0) }, { PROT, N(1) }, { PROT, N(7) },
          { INHERIT, N(1) } } },
    [REMAP] = { "remap", do_remap, CODE(0) | CODE(1) | CODE(3) | CODE(4),
        { { ADDRESS, W(3, 0) }, { SIZE, N(PAGE) }, { MASK, N(0) }, { FLAGS, N(0) },
          { ADDRESS, W(0, 0) }, { YES_NO, N(0) }, { INHERIT, N(1) } } },
    [REMAP_NEW] = { "remap_new", do_remap_new,
        CODE(0) | CODE(1) | CODE(2) | CODE(3) | CODE(4), /* not in vm.md: 2 is ours */
        { { ADDRESS, W(3, 0) }, { SIZE, N(PAGE) }, { MASK, N(0) }, { FLAGS, N(0) },
          { ADDRESS, W(0, 0) }, { YES_NO, N(0) }, { INHERIT, N(1) }, { PROT, N(1) },
          { PROT, N(3) } } },
    [MAKE_ENTRY] = { "make_memory_entry", do_make_memory_entry,
        CODE(0) | CODE(1) | CODE(2) | CODE(4) | CODE(5) | CODE(16) | CODE(17) | CODE(18),
        { { SIZE, N(PAGE) }, { ADDRESS, W(0, 0) }, { PERMISSION, N(3) }, { HANDLE, N(0) },
          { YES_NO, N(0) } } },
    [PURGABLE] = { "purgable_control", do_purgable_control, /* not in vm.md: vm_user.c */
        CODE(0) | CODE(1) | CODE(2) | CODE(4),
        { { ADDRESS, W(10, 0) }, { CONTROL, N(1) }, { STATE, N(0) } } },
    [PAGE_QUERY] = { "page_query", do_page_query, CODE(0) | CODE(5),
        { { ADDRESS, W(0, 0) } } },
};
/* clang-format on */

static size_t
call_arity(const struct call *call)
{
    size_t count = 0;

    while (count < ARGS && call->args[count].kind != NO_ARGUMENT)
        count++;
    return count;
}

/* ---- the scene ---- */

/*  page     0123456789ab
 *  window   xxr.nnnnm.pp     x read and write, r read (write is allowed), n no rights (all are
 *                            allowed), m read and never more, p purgeable memory
 *  and the last page of the map, x; the first 4 GiB allow nothing                                */
static void
draw_scene(struct vm_fixture *f)
{
    const vmm_size size = PAGE;
    vmm_va purgable = page(f, 10), last = vm_map_max(f->map) - PAGE;

    draw_pages(f, "xx");
    draw_pages(f, "..x.xxxxx");
    assert_int_equal(vm_protect(f->map, page(f, 2), size, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 4), 4 * size, false, VMM_PROT_NONE), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 8), size, true, VMM_PROT_READ), VMM_OK);
    assert_int_equal(vm_allocate(f->map, &purgable, 2 * size, VM_MAP_PURGABLE), VMM_OK);
    assert_int_equal(vm_allocate(f->map, &last, size, VM_MAP_FIXED), VMM_OK);
}

static void
start_scene(struct vm_fixture *f, const char *release)
{
    vm_fixture_restart(f, release);
    draw_scene(f);
}

/* All that a call that fails must leave as it was. */
struct looks {
    vmm_size size;
    uint32_t pages[14]; /* the window, the first and the last page */
};

static uint32_t
look_at_page(const struct vm_fixture *f, vmm_va va)
{
    struct vm_region r;

    if (!vm_map_region(f->map, va, &r) || r.start > va)
        return 0;
    return 1u | r.protection << 4 | r.max_protection << 8 | r.inheritance << 12 |
           r.user_wired_count << 16 | r.wired_count << 24;
}

static struct looks
look(const struct vm_fixture *f)
{
    struct looks looks = { .size = vm_map_size(f->map) };

    for (unsigned n = 0; n < 12; n++)
        looks.pages[n] = look_at_page(f, page(f, n));
    looks.pages[12] = look_at_page(f, 0);
    looks.pages[13] = look_at_page(f, vm_map_max(f->map) - PAGE);
    return looks;
}

/* ---- complaints: a table test tells all that is wrong, not the first ---- */

static void
complain(const struct vm_fixture *f, const struct call *call, const struct attempt *a,
         unsigned *complaints, const char *what)
{
    char text[400];
    int length = snprintf(text, sizeof(text), "%s: %s(", f->profile.name, call->name);

    if (++*complaints > COMPLAINTS)
        return;
    for (size_t i = 0; i < call_arity(call) && length < 300; i++)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%s0x%" PRIx64,
                           i > 0 ? ", " : "", a->in[i]);
    print_error("%s) = 0x%x: %s\n", text, (unsigned)a->status, what);
}

static bool
is_code_in(enum vmm_status status, uint32_t codes)
{
    return (unsigned)status < 32 && (codes & CODE(status));
}

/* ---- part 1: the rows of vm.md 2.1 ---- */

struct row {
    const char *text;
    enum call_of call;
    struct word in[ARGS];
    uint32_t upto_14;
    uint32_t from_15;
};

#define BOTH(codes) (codes), (codes)
#define WRAPS N(UINT64_MAX)
#define ROUNDS_AWAY TO(UINT64_MAX)

/* clang-format off */
static const struct row rows[] = {
    { "good", ALLOCATE, { DEFAULT }, BOTH(CODE(0)) },
};
/* clang-format on */

static void
fill_in(const struct vm_fixture *f, const struct call *call, const struct word *in,
        struct attempt *a)
{
    *a = (struct attempt){ .status = VMM_OK };
    for (size_t i = 0; i < call_arity(call); i++) {
        struct word word = in == NULL || in[i].of == GOOD ? call->args[i].good : in[i];

        a->in[i] = word_value(f, word);
    }
}

static void
every_row_of_the_validation_table_has_its_code(void **state)
{
    struct vm_fixture *f = *state;
    unsigned complaints = 0;

    for (size_t release = 0; release < VMM_COUNT_OF(releases); release++) {
        for (size_t n = 0; n < VMM_COUNT_OF(rows); n++) {
            const struct call *call = &calls[rows[n].call];
            struct attempt a;

            start_scene(f, releases[release]);
            fill_in(f, call, rows[n].in, &a);
            a.status = call->make(f, &a);
            if (!is_code_in(a.status,
                            f->profile.xnu_major >= 11215 ? rows[n].from_15 : rows[n].upto_14))
                complain(f, call, &a, &complaints, rows[n].text);
        }
    }
    assert_int_equal(complaints, 0);
}

/* ---- part 2: all pairs of values ---- */

static bool
outs_are_untouched(const struct attempt *a)
{
    for (unsigned n = 0; n < OUTS; n++) {
        if (a->before[n] != a->after[n])
            return false;
    }
    return true;
}

/* vm.md 2.1's quirks: what a call that fails may write all the same. */
static bool
may_write_on_failure(const struct vm_fixture *f, const struct call *call, const struct attempt *a)
{
    bool is_entered = a->status == VMM_INVALID_ADDRESS || a->status == VMM_NO_SPACE;

    if (call == &calls[ALLOCATE])
        return f->profile.xnu_major < 11215;  /* up to 14 the starting candidate */
    return call == &calls[MAP] && is_entered; /* once vm_map_enter() is reached */
}

/* OVERWRITE takes away what is there before it knows whether the new comes. */
static bool
may_change_on_failure(const struct call *call, const struct attempt *a)
{
    if (call == &calls[ALLOCATE])
        return a->in[2] & VM_MAP_OVERWRITE;
    if (call == &calls[MAP] || call == &calls[REMAP] || call == &calls[REMAP_NEW])
        return a->in[3] & VM_MAP_OVERWRITE;
    return false;
}

/* Makes the call, says what is wrong, and leaves the scene as it was. */
static void
try(struct vm_fixture *f, const struct call *call, struct attempt *a, unsigned *complaints)
{
    struct looks before = look(f), after;
    const char *broken;

    a->status = call->make(f, a);
    after = look(f);
    if (!is_code_in(a->status, call->codes))
        complain(f, call, a, complaints, "not a code of this call");
    if (a->status != VMM_OK && !may_write_on_failure(f, call, a) && !outs_are_untouched(a))
        complain(f, call, a, complaints, "failed and wrote an out-parameter");
    if (a->status != VMM_OK && !may_change_on_failure(call, a) &&
        memcmp(&before, &after, sizeof(before)) != 0)
        complain(f, call, a, complaints, "failed and changed the map");
    broken = vm_system_check(f->system);
    if (broken != NULL)
        complain(f, call, a, complaints, broken);
    if (broken != NULL)
        fail();
    if (a->status == VMM_OK || memcmp(&before, &after, sizeof(before)) != 0)
        start_scene(f, f->profile.name);
}

static void
try_pair(struct vm_fixture *f, const struct call *call, size_t one, size_t other,
         unsigned *complaints)
{
    enum kind kind = call->args[one].kind, other_kind = call->args[other].kind;
    struct attempt a;

    for (size_t n = 0; n < kinds[kind].count; n++) {
        for (size_t m = 0; m < kinds[other_kind].count; m++) {
            fill_in(f, call, NULL, &a);
            a.in[one] = word_value(f, kinds[kind].values[n]);
            a.in[other] = word_value(f, kinds[other_kind].values[m]);
            try(f, call, &a, complaints);
        }
    }
}

static void
all_pairs(struct vm_fixture *f, const struct call *call)
{
    size_t arity = call_arity(call);
    unsigned complaints = 0;

    for (size_t release = 0; release < VMM_COUNT_OF(releases); release++) {
        start_scene(f, releases[release]);
        if (arity == 1)
            try_pair(f, call, 0, 0, &complaints);
        for (size_t one = 0; one < arity; one++) {
            for (size_t other = one + 1; other < arity; other++)
                try_pair(f, call, one, other, &complaints);
        }
    }
    assert_int_equal(complaints, 0);
}

#define ALL_PAIRS_TEST(name, call)                     \
    static void name##_holds_for_any_two(void **state) \
    {                                                  \
        all_pairs(*state, &calls[call]);               \
    }

ALL_PAIRS_TEST(allocate, ALLOCATE)
ALL_PAIRS_TEST(deallocate, DEALLOCATE)
ALL_PAIRS_TEST(protect, PROTECT)
ALL_PAIRS_TEST(inherit, SET_INHERIT)
ALL_PAIRS_TEST(wire, WIRE)
ALL_PAIRS_TEST(behavior_set, SET_BEHAVIOR)
ALL_PAIRS_TEST(msync, MSYNC)
ALL_PAIRS_TEST(read, READ)
ALL_PAIRS_TEST(read_overwrite, READ_OVERWRITE)
ALL_PAIRS_TEST(write, WRITE)
ALL_PAIRS_TEST(copy, COPY)
ALL_PAIRS_TEST(map, MAP)
ALL_PAIRS_TEST(remap, REMAP)
ALL_PAIRS_TEST(remap_new, REMAP_NEW)
ALL_PAIRS_TEST(make_memory_entry, MAKE_ENTRY)
ALL_PAIRS_TEST(purgable_control, PURGABLE)
ALL_PAIRS_TEST(page_query, PAGE_QUERY)

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_row_of_the_validation_table_has_its_code),
        TEST(allocate_holds_for_any_two),
        TEST(deallocate_holds_for_any_two),
        TEST(protect_holds_for_any_two),
        TEST(inherit_holds_for_any_two),
        TEST(wire_holds_for_any_two),
        TEST(behavior_set_holds_for_any_two),
        TEST(msync_holds_for_any_two),
        TEST(read_holds_for_any_two),
        TEST(read_overwrite_holds_for_any_two),
        TEST(write_holds_for_any_two),
        TEST(copy_holds_for_any_two),
        TEST(map_holds_for_any_two),
        TEST(remap_holds_for_any_two),
        TEST(remap_new_holds_for_any_two),
        TEST(make_memory_entry_holds_for_any_two),
        TEST(purgable_control_holds_for_any_two),
        TEST(page_query_holds_for_any_two),
    };

    return cmocka_run_group_tests_name("vm_bad_input", tests, NULL, NULL);
}
