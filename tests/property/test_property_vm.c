/*
 * test_property_vm.c - random Mach calls of several tasks against a model made of plain arrays
 *
 * Each round makes a system with little memory and a large store, lets up to four tasks allocate,
 * protect, wire, copy, share, fork and touch the pages of a small window, and asks after every call
 * whether the real model (vm/) and the plain one (support/plain_vm.h) agree.
 *
 *      pages       0123456789..      the window of each task, across a 2 MiB boundary
 *      app0        rrwwww..WW        rights, wires
 *      app1          ====            the same cells as app0: shared
 *
 * A round's operations are recorded. When one fails, the round is run again with fewer and fewer of
 * them, each time in a child process, until none can be left out; what is left is printed in the
 * words of docs/scenario-language.md.
 *
 * Usage: test_property_vm [OPERATIONS [SEED]]
 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "counting_alloc.h"
#include "plain_vm.h"
#include "trace/trace_digest.h"
#include "vm/vm_access.h"
#include "vm/vm_map.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_task.h"
#include "vm/vm_user.h"

enum { TASKS = PLAIN_TASKS, PAGES = PLAIN_PAGES, PAGE = 4096, ROUND = 500, CHECK_EVERY = 64 };

/* Half of the window lies below a 2 MiB boundary, so that two page tables serve it. */
#define WINDOW (((vmm_va)1 << 33) + ((vmm_va)2 << 20) - (vmm_va)PAGES / 2 * PAGE)

/* Where in a page its one byte stands; within the first half, so that a copy can end in mid-page. */
enum { BYTE_AT = 0x200 };

enum verb {
    TASK,
    FORK,
    TERMINATE,
    ALLOCATE,
    DEALLOCATE,
    PROTECT,
    INHERIT,
    LOAD,
    STORE,
    USER_WIRE,
    USER_UNWIRE,
    KERNEL_WIRE,
    KERNEL_UNWIRE,
    COPY,
    REMAP,
    BEHAVIOR,
    MSYNC,
    VERB_COUNT
};

static const char *const verb_names[VERB_COUNT] = {
    "task",          "fork", "terminate", "allocate",  "deallocate",  "protect",
    "inherit",       "load", "store",     "user-wire", "user-unwire", "kernel-wire",
    "kernel-unwire", "copy", "remap",     "behavior",  "msync"
};

enum { NO_LOOK = 0xFF };

/* Everything an operation needs, so that it can be done again without the random numbers. */
struct operation {
    uint8_t verb;
    uint8_t cpu;
    uint8_t task;
    uint8_t first;
    uint8_t count;
    uint8_t other;  /* a second task: child, or source of a copy or remap */
    uint8_t source; /* a second page */
    uint8_t prot;
    uint8_t value; /* byte, inheritance, behavior, or msync's flags */
    bool flag;     /* protect: the maximum; allocate, remap: overwrite; copy: ends in mid-page */
    bool copies;   /* remap */
    uint8_t look[TASKS]; /* the page of each task that is looked at afterwards, or NO_LOOK */
};

/* What a round starts from. */
struct setting {
    const char *profile;
    vmm_ppn frames;
};

struct failure {
    const char *what;
    int64_t expected;
    int64_t found;
    bool is_real;
};

struct run {
    struct setting setting;
    struct counting_alloc counting;
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *tasks[TASKS];
    struct plain_vm plain;
    struct trace_digest *digest;
    unsigned wire_max; /* pages */
    size_t done;       /* operations of this round */
    size_t check_every;
    struct failure failure;
};

/* Where a failed comparison, or a trap of the model, goes back to. */
static sigjmp_buf escape;

static void
on_trap(int number)
{
    (void)number;
    siglongjmp(escape, 2);
}

static void
fail(struct run *run, const char *what, int64_t expected, int64_t found)
{
    /* A kernel that has stopped answers nothing else; why it stopped says more than that answer. */
    if (run->system != NULL && vm_system_stop(run->system)->kind != VM_RUNNING)
        what = vm_system_stop(run->system)->text;
    run->failure = (struct failure){ what, expected, found, true };
    siglongjmp(escape, 1);
}

static void
same(struct run *run, const char *what, int64_t expected, int64_t found)
{
    if (expected != found)
        fail(run, what, expected, found);
}

static vmm_va
va_of(unsigned page)
{
    return WINDOW + (vmm_va)page * PAGE;
}

static struct vm_map *
map_of(const struct run *run, unsigned task)
{
    return vm_task_map(run->tasks[task]);
}

static struct plain_range
range_of(const struct operation *op)
{
    return (struct plain_range){ op->task, op->first, op->count };
}

static bool
is_alive(const struct run *run, unsigned task)
{
    return run->plain.tasks[task].is_alive;
}

/* ---- looking ---- */

static enum vmm_status
real_load(const struct run *run, unsigned task, unsigned page, uint8_t *byte)
{
    return vm_access(run->system,
                     &(struct vm_access){ .task = run->tasks[task],
                                          .va = va_of(page) + BYTE_AT,
                                          .length = 1,
                                          .kind = VM_ACCESS_READ,
                                          .to = byte },
                     NULL);
}

/*
 * What a load or a store ends with. Rights without READ refuse the fault of either (vm.md 6.1 step 3),
 * but x86 has no translation that cannot be read: where a wiring, or a page that lost READ only, left
 * one, the hardware serves it without asking. Without any right there is none to be left.
 */
static enum vmm_status
result_of(const struct run *run, unsigned task, unsigned page, vmm_prot access)
{
    const struct plain_page *plain = &run->plain.tasks[task].pages[page];
    struct vm_page_view view;

    if (plain->cell == NULL)
        return VMM_INVALID_ADDRESS;
    if (!((VMM_PROT_READ | access) & ~plain->prot))
        return VMM_OK;
    vm_map_probe(map_of(run, task), va_of(page), &view);
    return plain->prot != VMM_PROT_NONE && view.is_translated && !(access & ~view.translation_prot)
               ? VMM_OK
               : VMM_PROTECTION_FAILURE;
}

static void
check_load(struct run *run, unsigned task, unsigned page)
{
    enum vmm_status status = result_of(run, task, page, VMM_PROT_READ);
    uint8_t expected = status == VMM_OK ? run->plain.tasks[task].pages[page].cell->byte : 0;
    uint8_t found = 0;

    same(run, "result of a load", status, real_load(run, task, page, &found));
    if (status == VMM_OK)
        same(run, "byte", expected, found);
}

static void
check_region(struct run *run, unsigned task, unsigned page)
{
    const struct plain_page *plain = &run->plain.tasks[task].pages[page];
    struct vm_region region;
    bool is_mapped =
        vm_map_region(map_of(run, task), va_of(page), &region) && region.start <= va_of(page);

    same(run, "mapped", plain->cell != NULL, is_mapped);
    if (!is_mapped)
        return;
    same(run, "rights", plain->prot, region.protection);
    same(run, "maximum rights", plain->max_prot, region.max_protection);
    same(run, "inheritance", plain->inheritance, region.inheritance);
    same(run, "user wires", plain->user_wires, region.user_wired_count);
    same(run, "wires", plain->kernel_wires + (plain->user_wires > 0), region.wired_count);
}

/*
 * A wired page stays in memory, and its translation says that it is wired. That the translation is
 * there at all holds until its rights change; for a page that may not be written another mapping's
 * store can take it away too (vm.md T2, T3), and of WRITE alone the slow path may leave nothing (T5).
 */
static void
check_wired(struct run *run, unsigned task, unsigned page)
{
    const struct plain_page *plain = &run->plain.tasks[task].pages[page];
    struct vm_page_view view;

    if (!plain_is_wired(plain))
        return;
    vm_map_probe(map_of(run, task), va_of(page), &view);
    same(run, "wired page resident", true, view.is_resident);
    same(run, "wired page has a wire", true, view.page_wire_count > 0);
    if (view.is_translated)
        same(run, "wired page's translation wired", true, view.is_translation_wired);
    if (!plain->lost_rights && (plain->prot & VMM_PROT_DEFAULT) == VMM_PROT_DEFAULT)
        same(run, "wired page translated", true, view.is_translated);
}

static void
check_page(struct run *run, unsigned task, unsigned page)
{
    check_region(run, task, page);
    check_wired(run, task, page);
    check_load(run, task, page);
}

static void
check_system(struct run *run)
{
    const char *broken = vm_system_check(run->system);

    if (broken != NULL)
        fail(run, broken, 0, 1);
    if (vm_system_stop(run->system)->kind != VM_RUNNING)
        fail(run, "stopped", 0, 1);
}

/* ---- tasks ---- */

static void
do_task(struct run *run, const struct operation *op)
{
    if (is_alive(run, op->task))
        return;
    same(run, "result", VMM_OK, vm_task_create(run->system, &run->tasks[op->task]));
    plain_create(&run->plain, op->task);
}

static void
do_fork(struct run *run, const struct operation *op)
{
    if (!is_alive(run, op->task) || is_alive(run, op->other))
        return;
    same(run, "result", VMM_OK, vm_task_fork(run->tasks[op->task], &run->tasks[op->other]));
    plain_fork(&run->plain, op->task, op->other);
}

/* A task with kernel wires cannot end (vm.md 3.6). */
static void
do_terminate(struct run *run, const struct operation *op)
{
    struct plain_range all = { op->task, 0, PAGES };

    if (!is_alive(run, op->task) || plain_has_kernel_wire(&run->plain, all))
        return;
    same(run, "result", VMM_OK, vm_task_terminate(run->tasks[op->task]));
    plain_terminate(&run->plain, op->task);
    run->tasks[op->task] = NULL;
}

/* ---- entries ---- */

static void
do_allocate(struct run *run, const struct operation *op)
{
    vmm_va address = va_of(op->first);
    uint32_t flags = op->flag ? VM_MAP_OVERWRITE : VM_MAP_FIXED;

    if (op->flag && plain_has_kernel_wire(&run->plain, range_of(op)))
        return;
    same(run, "result", plain_allocate(&run->plain, range_of(op), op->flag),
         vm_allocate(map_of(run, op->task), &address, (vmm_size)op->count * PAGE, flags));
}

static void
do_deallocate(struct run *run, const struct operation *op)
{
    if (plain_has_kernel_wire(&run->plain, range_of(op)))
        return;
    plain_deallocate(&run->plain, range_of(op));
    same(run, "result", VMM_OK,
         vm_deallocate(map_of(run, op->task), va_of(op->first), (vmm_size)op->count * PAGE));
}

static void
do_protect(struct run *run, const struct operation *op)
{
    same(run, "result", plain_protect(&run->plain, range_of(op), op->flag, op->prot),
         vm_protect(map_of(run, op->task), va_of(op->first), (vmm_size)op->count * PAGE, op->flag,
                    op->prot));
}

static void
do_inherit(struct run *run, const struct operation *op)
{
    plain_inherit(&run->plain, range_of(op), op->value);
    same(
        run, "result", VMM_OK,
        vm_inherit(map_of(run, op->task), va_of(op->first), (vmm_size)op->count * PAGE, op->value));
}

/* ---- bytes ---- */

static void
do_load(struct run *run, const struct operation *op)
{
    check_load(run, op->task, op->first);
}

static void
do_store(struct run *run, const struct operation *op)
{
    enum vmm_status status = result_of(run, op->task, op->first, VMM_PROT_WRITE);

    if (status == VMM_OK)
        plain_store(&run->plain, op->task, op->first, op->value);
    same(run, "result", status,
         vm_access(run->system,
                   &(struct vm_access){ .task = run->tasks[op->task],
                                        .va = va_of(op->first) + BYTE_AT,
                                        .length = 1,
                                        .kind = VM_ACCESS_WRITE,
                                        .fill = op->value },
                   NULL));
}

static void
do_copy(struct run *run, const struct operation *op)
{
    struct plain_range source = { op->other, op->source, op->count };
    vmm_size size = (vmm_size)op->count * PAGE - (op->flag ? PAGE / 2 : 0);
    struct vm_map *from = map_of(run, op->other);
    struct vm_map *to = map_of(run, op->task);
    vmm_va at = va_of(op->source);
    enum vmm_status found = from == to ? vm_copy(from, at, size, va_of(op->first))
                                       : vm_read_overwrite(from, at, size, to, va_of(op->first));

    same(run, "result", plain_copy(&run->plain, source, size, op->task, op->first), found);
}

static void
do_remap(struct run *run, const struct operation *op)
{
    struct plain_remap plain = { .source = { op->other, op->source, op->count },
                                 .task = op->task,
                                 .target = op->first,
                                 .copies = op->copies,
                                 .overwrites = op->flag,
                                 .inheritance = op->value };
    struct vm_remap_call call = { .size = (vmm_size)op->count * PAGE,
                                  .flags = op->flag ? VM_MAP_OVERWRITE : VM_MAP_FIXED,
                                  .source_map = map_of(run, op->other),
                                  .source = va_of(op->source),
                                  .copy = op->copies,
                                  .inheritance = op->value };
    vmm_prot expected[2] = { 0, 0 };
    vmm_prot found[2] = { 0, 0 };
    vmm_va address = va_of(op->first);

    if (op->flag && plain_has_kernel_wire(&run->plain, range_of(op)))
        return;
    same(run, "result", plain_remap(&run->plain, &plain, &expected[0], &expected[1]),
         vm_remap(map_of(run, op->task), &address, &call, &found[0], &found[1]));
    same(run, "rights handed back", expected[0], found[0]);
    same(run, "maximum rights handed back", expected[1], found[1]);
}

/* ---- wires ---- */

/* Where the entries of a task end now; the plain model cannot know. */
static void
find_entries(const struct run *run, unsigned task, struct plain_entries *entries)
{
    vmm_va at = WINDOW;
    struct vm_region region;

    memset(entries, 0, sizeof(*entries));
    while (vm_map_region(map_of(run, task), at, &region) && region.start < va_of(PAGES)) {
        for (vmm_va va = region.start; va < region.end; va += PAGE)
            entries->ends[(va - WINDOW) / PAGE] = (unsigned)((region.end - WINDOW) / PAGE);
        at = region.end;
    }
}

/*
 * A kernel wire over a hole succeeds or panics when it is undone (vm.md T11), so none is tried where
 * a wired page stands in front of one.
 */
static bool
may_kernel_wire(const struct run *run, struct plain_range range)
{
    const struct plain_page *pages = &run->plain.tasks[range.task].pages[range.first];

    if (plain_is_all_mapped(&run->plain, range))
        return true;
    for (unsigned i = 0; i < range.count; i++) {
        if (plain_is_wired(&pages[i]))
            return false;
    }
    return true;
}

static void
do_wire(struct run *run, const struct operation *op)
{
    bool user_wire = op->verb == USER_WIRE;
    struct plain_entries entries;
    enum vmm_status status;

    if (plain_wired_pages(&run->plain) + op->count > run->wire_max ||
        (!user_wire && !may_kernel_wire(run, range_of(op))))
        return;
    find_entries(run, op->task, &entries);
    status = plain_wire(&run->plain, range_of(op), op->prot, user_wire, &entries);
    same(run, "result", status,
         vm_map_wire(map_of(run, op->task), va_of(op->first), va_of(op->first + op->count),
                     op->prot, user_wire));
    for (unsigned i = op->first; status == VMM_OK && i < op->first + op->count; i++)
        check_wired(run, op->task, i);
}

static void
do_unwire(struct run *run, const struct operation *op)
{
    bool user_wire = op->verb == USER_UNWIRE;
    struct plain_entries entries;

    if (!user_wire && !plain_has_kernel_wires(&run->plain, range_of(op)))
        return; /* a panic, vm.md T12 */
    find_entries(run, op->task, &entries);
    same(run, "result", plain_unwire(&run->plain, range_of(op), user_wire, &entries),
         vm_map_unwire(map_of(run, op->task), va_of(op->first), va_of(op->first + op->count),
                       user_wire));
}

/* ---- advice: changes no byte ---- */

static void
do_behavior(struct run *run, const struct operation *op)
{
    bool is_whole = plain_is_all_mapped(&run->plain, range_of(op));
    enum vmm_status expected = is_whole ? VMM_OK : VMM_INVALID_ADDRESS;

    if (op->value == VM_BEHAVIOR_PAGEOUT && !run->plain.release.knows_pageout)
        expected = VMM_INVALID_ARGUMENT;
    same(run, "result", expected,
         vm_behavior_set(map_of(run, op->task), va_of(op->first), (vmm_size)op->count * PAGE,
                         op->value));
}

static void
do_msync(struct run *run, const struct operation *op)
{
    bool is_whole = plain_is_all_mapped(&run->plain, range_of(op));

    same(run, "result",
         is_whole || !(op->value & VM_SYNC_CONTIGUOUS) ? VMM_OK : VMM_INVALID_ADDRESS,
         vm_msync(map_of(run, op->task), va_of(op->first), (vmm_size)op->count * PAGE, op->value));
}

/* ---- one operation ---- */

static void
look(struct run *run, const struct operation *op)
{
    for (unsigned task = 0; task < TASKS; task++) {
        if (op->look[task] != NO_LOOK && is_alive(run, task))
            check_page(run, task, op->look[task]);
    }
    if (run->done % run->check_every == 0)
        check_system(run);
}

static void
perform(struct run *run, const struct operation *op)
{
    static void (*const verbs[VERB_COUNT])(struct run *, const struct operation *) = {
        [TASK] = do_task,
        [FORK] = do_fork,
        [TERMINATE] = do_terminate,
        [ALLOCATE] = do_allocate,
        [DEALLOCATE] = do_deallocate,
        [PROTECT] = do_protect,
        [INHERIT] = do_inherit,
        [LOAD] = do_load,
        [STORE] = do_store,
        [USER_WIRE] = do_wire,
        [USER_UNWIRE] = do_unwire,
        [KERNEL_WIRE] = do_wire,
        [KERNEL_UNWIRE] = do_unwire,
        [COPY] = do_copy,
        [REMAP] = do_remap,
        [BEHAVIOR] = do_behavior,
        [MSYNC] = do_msync,
    };
    bool needs_other = op->verb == COPY || op->verb == REMAP;

    run->done++;
    vm_system_set_cpu(run->system, op->cpu);
    if (op->verb <= TERMINATE ||
        (is_alive(run, op->task) && (!needs_other || is_alive(run, op->other))))
        verbs[op->verb](run, op);
    look(run, op);
}

/* ---- a round ---- */

static void
start(struct run *run)
{
    const char *name = run->setting.profile;
    size_t row = 0;

    if (!vm_profile_find(name, strlen(name), &row))
        fail(run, "profile", 1, 0);
    vm_profile_at(row, &run->profile);
    memset(&run->plain, 0, sizeof(run->plain));
    memset(run->tasks, 0, sizeof(run->tasks));
    run->plain.release = (struct plain_release){
        .unwire_skips_before_hole = run->profile.user_unwire_skips_before_hole,
        .copy_buffer_max = run->profile.copyin_buffer_max,
        .knows_pageout = run->profile.sanitizes_ranges,
    };
    /* Below every limit on user wires (vm.md 3.1), page tables and one window counted in. */
    run->wire_max = run->setting.frames * 7 / 10 - 20 - PAGES;
    run->done = 0;
    counting_alloc_init(&run->counting);
    run->system = vm_system_create(&(struct vm_config){ .alloc = &run->counting.alloc,
                                                        .profile = &run->profile,
                                                        .geometry = &hw_geometry_x86_64,
                                                        .cpu_count = 2,
                                                        .frame_count = run->setting.frames,
                                                        .store_pages = 1 << 16 });
    if (run->system == NULL)
        fail(run, "system", 1, 0);
    if (run->digest != NULL)
        trace_attach(vm_system_trace(run->system), &run->digest->sink);
}

/* Every page is looked at; then kernel wires go, then tasks, and nothing may be left. */
static void
finish(struct run *run)
{
    struct vm_statistics left;

    for (unsigned task = 0; task < TASKS; task++) {
        for (unsigned i = 0; i < PAGES && is_alive(run, task); i++) {
            check_page(run, task, i);
            for (unsigned n = run->plain.tasks[task].pages[i].kernel_wires; n > 0; n--)
                do_unwire(run, &(struct operation){ .verb = KERNEL_UNWIRE,
                                                    .task = (uint8_t)task,
                                                    .first = (uint8_t)i,
                                                    .count = 1 });
        }
    }
    check_system(run);
    for (unsigned task = 0; task < TASKS; task++)
        do_terminate(run, &(struct operation){ .task = (uint8_t)task });
    check_system(run);
    vm_system_statistics(run->system, &left);
    same(run, "pages left", 0, (int64_t)(left.active_pages + left.inactive_pages));
    same(run, "stored pages left", 0, (int64_t)left.stored_pages);
    vm_system_destroy(run->system);
    same(run, "bytes left", 0, (int64_t)run->counting.live_bytes);
    same(run, "sizes given back", false, run->counting.size_mismatch);
}

/* ---- what comes next ---- */

/* How often each verb comes, of their sum. */
static const uint8_t weights[VERB_COUNT] = {
    [TASK] = 3,        [FORK] = 3,        [TERMINATE] = 1,     [ALLOCATE] = 10, [DEALLOCATE] = 4,
    [PROTECT] = 8,     [INHERIT] = 4,     [LOAD] = 8,          [STORE] = 20,    [USER_WIRE] = 6,
    [USER_UNWIRE] = 6, [KERNEL_WIRE] = 4, [KERNEL_UNWIRE] = 6, [COPY] = 7,      [REMAP] = 6,
    [BEHAVIOR] = 5,    [MSYNC] = 2,
};

static uint8_t
below(struct vmm_rng *rng, unsigned bound)
{
    return (uint8_t)vmm_rng_below(rng, bound);
}

static uint8_t
draw_verb(struct vmm_rng *rng)
{
    unsigned sum = 0;
    unsigned at;

    for (unsigned i = 0; i < VERB_COUNT; i++)
        sum += weights[i];
    at = (unsigned)vmm_rng_below(rng, sum);
    for (uint8_t verb = 0;; verb++) {
        if (at < weights[verb])
            return verb;
        at -= weights[verb];
    }
}

/* A living task most of the time. */
static uint8_t
draw_task(struct vmm_rng *rng, const struct run *run)
{
    uint8_t task = below(rng, TASKS);

    for (unsigned i = 0; i < TASKS && !is_alive(run, task); i++)
        task = (uint8_t)((task + 1) % TASKS);
    return task;
}

static uint8_t
draw_value(struct vmm_rng *rng, uint8_t verb)
{
    static const uint8_t behaviors[] = { VM_BEHAVIOR_DEFAULT,    VM_BEHAVIOR_RANDOM,
                                         VM_BEHAVIOR_SEQUENTIAL, VM_BEHAVIOR_RSEQNTL,
                                         VM_BEHAVIOR_WILLNEED,   VM_BEHAVIOR_DONTNEED,
                                         VM_BEHAVIOR_PAGEOUT,    VM_BEHAVIOR_PAGEOUT };
    static const uint8_t syncs[] = { VM_SYNC_DEACTIVATE, VM_SYNC_DEACTIVATE | VM_SYNC_CONTIGUOUS,
                                     VM_SYNC_DEACTIVATE | VM_SYNC_SYNCHRONOUS };

    if (verb == INHERIT || verb == REMAP)
        return below(rng, VMM_INHERIT_NONE + 1);
    if (verb == BEHAVIOR)
        return behaviors[below(rng, VMM_COUNT_OF(behaviors))];
    if (verb == MSYNC)
        return syncs[below(rng, VMM_COUNT_OF(syncs))];
    return (uint8_t)(1 + below(rng, 255));
}

/* Rights without READ are drawn too: a fault refuses a load of such a page, the hardware does not. */
static uint8_t
draw_prot(struct vmm_rng *rng, uint8_t verb)
{
    static const uint8_t rights[] = { VMM_PROT_DEFAULT, VMM_PROT_READ,
                                      VMM_PROT_DEFAULT, VMM_PROT_NONE,
                                      VMM_PROT_ALL,     VMM_PROT_READ | VMM_PROT_EXECUTE,
                                      VMM_PROT_WRITE,   VMM_PROT_EXECUTE };
    static const uint8_t accesses[] = { VMM_PROT_READ, VMM_PROT_DEFAULT, VMM_PROT_NONE,
                                        VMM_PROT_READ };

    return verb == PROTECT ? rights[below(rng, VMM_COUNT_OF(rights))]
                           : accesses[below(rng, VMM_COUNT_OF(accesses))];
}

static struct operation
draw(struct vmm_rng *rng, const struct run *run)
{
    struct operation op = { .verb = run->done == 0 ? (uint8_t)TASK : draw_verb(rng) };
    unsigned limit = below(rng, 8) == 0 ? PAGES : 6;

    op.cpu = below(rng, 2);
    op.task = op.verb == TASK ? below(rng, TASKS) : draw_task(rng, run);
    op.count = (uint8_t)(1 + below(rng, limit));
    op.first = below(rng, PAGES + 1u - op.count);
    op.other = op.verb == FORK ? below(rng, TASKS) : draw_task(rng, run);
    op.source = below(rng, PAGES + 1u - op.count);
    op.prot = draw_prot(rng, op.verb);
    op.value = draw_value(rng, op.verb);
    op.flag = below(rng, op.verb == PROTECT ? 8 : 3) == 0;
    op.copies = below(rng, 2);
    for (unsigned i = 0; i < TASKS; i++) {
        op.look[i] = below(rng, 2 * PAGES);
        op.look[i] = op.look[i] < PAGES ? op.look[i] : (uint8_t)NO_LOOK;
    }
    return op;
}

/* ---- telling ---- */

static const char *
rights_name(unsigned prot)
{
    static const char *const names[] = { "none",          "read",
                                         "write",         "read-write",
                                         "execute",       "read-execute",
                                         "write-execute", "read-write-execute" };

    return names[prot & VMM_PROT_ALL];
}

static void
print_range(const struct operation *op)
{
    printf(" app%u+%up", op->task, op->first);
}

static void
print_rest(const struct operation *op)
{
    static const char *const inheritances[] = { "share", "copy", "none" };

    switch (op->verb) {
    case PROTECT:
        printf(" %s%s", rights_name(op->prot), op->flag ? " maximum" : "");
        break;
    case USER_WIRE:
    case KERNEL_WIRE:
        printf(" %s", rights_name(op->prot));
        break;
    case INHERIT:
        printf(" %s", inheritances[op->value]);
        break;
    case BEHAVIOR:
    case MSYNC:
        printf(" value=%u", op->value);
        break;
    case COPY:
        printf(" from=app%u+%up%s", op->other, op->source, op->flag ? " less-half-a-page" : "");
        break;
    case REMAP:
        printf(" from=app%u+%up %s inherit=%s%s", op->other, op->source,
               op->copies ? "copy" : "share", inheritances[op->value],
               op->flag ? " overwrite" : "");
        break;
    default:
        break;
    }
}

static void
print_operation(const struct operation *op)
{
    printf("    on-cpu %u  ", op->cpu);
    if (op->verb == TASK) {
        printf("app%u = task", op->task);
    } else if (op->verb == FORK) {
        printf("app%u = fork app%u", op->other, op->task);
    } else if (op->verb == TERMINATE) {
        printf("terminate app%u", op->task);
    } else if (op->verb == ALLOCATE) {
        printf("allocate app%u %up at=0x%" PRIx64 "%s", op->task, op->count, va_of(op->first),
               op->flag ? " overwrite" : "");
    } else if (op->verb == LOAD) {
        printf("load app%u+%up", op->task, op->first);
    } else if (op->verb == STORE) {
        printf("store app%u+%up value=%u", op->task, op->first, op->value);
    } else {
        printf("%s", verb_names[op->verb]);
        print_range(op);
        print_rest(op);
        printf(" length=%up", op->count);
    }
    for (unsigned task = 0; task < TASKS; task++) {
        if (op->look[task] != NO_LOOK)
            printf("; load app%u+%up", task, op->look[task]);
    }
    printf("\n");
}

/* ---- shrinking ---- */

struct round {
    struct setting setting;
    struct operation operations[ROUND];
    size_t count;
};

/* Does the round again; true when it goes wrong, and `run` says how far it came. */
static bool
replay(const struct round *round, struct run *run)
{
    memset(run, 0, sizeof(*run));
    run->setting = round->setting;
    run->check_every = 1;
    if (sigsetjmp(escape, 1) != 0)
        return true;
    start(run);
    while (run->done < round->count)
        perform(run, &round->operations[run->done]);
    finish(run);
    return false;
}

/* In a child, since a trap leaves the model in pieces and a failure leaks. */
static bool
still_fails(const struct round *round)
{
    struct rlimit none = { 0, 0 };
    static struct run run;
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &none);
        _exit(replay(round, &run) ? 1 : 0);
    }
    return child > 0 && waitpid(child, &status, 0) == child &&
           !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Leaves out [at, at + count) if the rest still fails. */
static bool
try_without(struct round *round, size_t at, size_t count)
{
    static struct round less;

    count = count < round->count - at ? count : round->count - at;
    less = *round;
    memmove(&less.operations[at], &less.operations[at + count],
            (less.count - at - count) * sizeof(less.operations[0]));
    less.count -= count;
    if (!still_fails(&less))
        return false;
    *round = less;
    return true;
}

/* Leaves out single looks, and makes ranges shorter, as long as it still fails. */
static bool
try_simpler(struct round *round, size_t at)
{
    struct operation before = round->operations[at];
    struct operation *op = &round->operations[at];
    bool shrunk = false;

    for (unsigned task = 0; task < TASKS; task++) {
        if (op->look[task] == NO_LOOK)
            continue;
        op->look[task] = NO_LOOK;
        if (still_fails(round))
            shrunk = true;
        else
            *op = before;
        before = *op;
    }
    while (op->count > 1) {
        op->count--;
        if (!still_fails(round)) {
            *op = before;
            break;
        }
        before = *op;
        shrunk = true;
    }
    if (op->cpu != 0) {
        op->cpu = 0;
        if (still_fails(round))
            shrunk = true;
        else
            *op = before;
    }
    return shrunk;
}

static void
shrink(struct round *round)
{
    bool shrunk = true;

    for (size_t part = round->count / 2; part > 1; part /= 2) {
        for (size_t at = 0; at < round->count;)
            at += try_without(round, at, part) ? 0 : part;
    }
    while (shrunk) {
        shrunk = false;
        for (size_t at = round->count; at-- > 0;)
            shrunk |= try_without(round, at, 1);
        for (size_t at = 0; at < round->count; at++)
            shrunk |= try_simpler(round, at);
    }
}

static void
print_failure(const struct failure *failure)
{
    if (failure->is_real)
        printf("%s: expected %" PRId64 ", found %" PRId64 "\n", failure->what, failure->expected,
               failure->found);
    else
        printf("an assertion of the model does not hold\n");
}

/* The shortest story of a failure. */
static void
tell(struct round *round)
{
    static struct run run;

    if (!still_fails(round)) {
        printf("property: the round does not fail when it is done again\n");
        return;
    }
    shrink(round);
    printf("property: %zu operations are enough, on %s with %u frames:\n", round->count,
           round->setting.profile, (unsigned)round->setting.frames);
    for (size_t i = 0; i < round->count; i++)
        print_operation(&round->operations[i]);
    fflush(stdout);
    if (replay(round, &run)) {
        printf("property: at operation %zu of these: ", run.done);
        print_failure(&run.failure);
    }
}

/* ---- the run ---- */

/* One round of random operations; false when it went wrong. */
static bool
run_round(struct run *run, struct round *round, struct vmm_rng *rng, uint64_t count)
{
    static const char *const profiles[] = { "macos-10.9",  "macos-10.11", "macos-10.13",
                                            "macos-10.15", "macos-13",    "macos-15.5" };
    static const vmm_ppn frames[] = { 96, 112, 128, 160 };

    round->count = 0;
    run->setting.profile = profiles[vmm_rng_below(rng, VMM_COUNT_OF(profiles))];
    run->setting.frames = frames[vmm_rng_below(rng, VMM_COUNT_OF(frames))];
    round->setting = run->setting;
    run->failure.is_real = false;
    if (sigsetjmp(escape, 1) != 0)
        return false;
    start(run);
    while (round->count < count) {
        round->operations[round->count] = draw(rng, run);
        round->count++;
        perform(run, &round->operations[round->count - 1]);
    }
    finish(run);
    return true;
}

int
main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 25140509;
    static const int traps[] = { SIGILL, SIGTRAP };
    static struct trace_digest digest;
    static struct round round;
    static struct run run;
    struct vmm_rng rng = { seed };

    printf("property: %" PRIu64 " operations, seed %" PRIu64 "\n", count, seed);
    fflush(stdout);
    for (size_t i = 0; i < VMM_COUNT_OF(traps); i++)
        (void)signal(traps[i], on_trap);
    trace_digest_init(&digest);
    run.digest = &digest;
    run.check_every = CHECK_EVERY;
    for (uint64_t done = 0; done < count; done += round.count) {
        uint64_t rest = count - done;

        if (run_round(&run, &round, &rng, rest < ROUND ? rest : ROUND))
            continue;
        printf("property: seed %" PRIu64 " operation %" PRIu64 " (%s): ", seed, done + round.count,
               verb_names[round.count == 0 ? 0 : round.operations[round.count - 1].verb]);
        print_failure(&run.failure);
        tell(&round);
        fflush(stdout);
        _exit(1);
    }
    printf("property: all held, digest 0x%016" PRIx64 "\n", digest.value);
    return 0;
}
