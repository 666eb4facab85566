/* small_world.c - see small_world.h */
#include "small/small_world.h"

#include <stdarg.h>
#include <string.h>

#include "vm/vm_access.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_user.h"

enum { PAGE = 4096, FRAMES = 256 };

#define WINDOW ((vmm_va)1 << 33)

enum verb {
    ALLOCATE,
    DEALLOCATE,
    PROTECT,
    LOAD,
    STORE,
    USER_WIRE,
    USER_UNWIRE,
    KERNEL_WIRE,
    KERNEL_UNWIRE,
    COPY,
    SHARE,
    SNAPSHOT
};

struct call {
    enum verb verb;
    const char *word;
    uint8_t first;
    uint8_t count;
    vmm_prot prot;
    uint8_t to;   /* COPY, SHARE, SNAPSHOT: where in the other task */
    bool is_away; /* runs on the other CPU */
};

static const struct call alphabet[SMALL_ALPHABET] = {
    { ALLOCATE, "allocate", 0, 4, 0, 0, false },
    { DEALLOCATE, "deallocate", 1, 2, 0, 0, false },
    { PROTECT, "protect read", 0, 2, VMM_PROT_READ, 0, false },
    { PROTECT, "protect read-write", 0, 4, VMM_PROT_DEFAULT, 0, false },
    { LOAD, "load", 0, 1, VMM_PROT_READ, 0, false },
    { LOAD, "load on the other CPU", 1, 1, VMM_PROT_READ, 0, true },
    { STORE, "store", 1, 1, VMM_PROT_WRITE, 0, false },
    { STORE, "store on the other CPU", 2, 1, VMM_PROT_WRITE, 0, true },
    { USER_WIRE, "user-wire", 0, 2, VMM_PROT_READ, 0, false },
    { USER_WIRE, "user-wire read-write", 0, 4, VMM_PROT_DEFAULT, 0, false },
    { USER_UNWIRE, "user-unwire", 0, 2, 0, 0, false },
    { KERNEL_WIRE, "kernel-wire", 1, 2, VMM_PROT_READ, 0, false },
    { KERNEL_UNWIRE, "kernel-unwire", 1, 2, 0, 0, false },
    { COPY, "copy to the other task", 0, 2, 0, 1, false },
    { SHARE, "share with the other task", 0, 2, 0, 2, false },
    { SNAPSHOT, "remap a copy into the other task", 1, 2, 0, 0, false },
};

void
small_put_call(struct vmm_text *text, unsigned number)
{
    const struct call *call = &alphabet[number % SMALL_ALPHABET];

    vmm_text_format(text, "task %u: %s [%u, %u)", number / SMALL_ALPHABET, call->word,
                    (unsigned)call->first, (unsigned)call->first + call->count);
}

/* ---- the story ---- */

static void tell(struct small_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
tell(struct small_world *world, const char *format, ...)
{
    va_list arguments;

    if (world->story == NULL)
        return;
    va_start(arguments, format);
    vmm_text_vformat(world->story, format, arguments);
    va_end(arguments);
    vmm_text_put(world->story, "\n");
}

static void
set_cpu(struct small_world *world, unsigned cpu)
{
    if (cpu != world->cpu)
        tell(world, "on-cpu %u", cpu);
    world->cpu = cpu;
    vm_system_set_cpu(world->system, cpu);
}

/* VERB wN [WORD] offset=N length=N */
static void
tell_range(struct small_world *world, const char *verb, struct plain_range range, const char *word)
{
    tell(world, "%s w%u%s offset=%up length=%up", verb, range.task, word, range.first, range.count);
}

void
small_world_tell(struct small_world *world, struct vmm_text *story)
{
    world->story = story;
    tell(world, "profile %s\nmachine cpus=%u frames=%u", vm_system_profile(world->system)->name,
         (unsigned)SMALL_TASKS, (unsigned)FRAMES);
    for (unsigned task = 0; task < SMALL_TASKS; task++)
        tell(world, "t%u = task\nw%u = region t%u %up at=0x%llx", task, task, task,
             (unsigned)SMALL_PAGES, (unsigned long long)WINDOW);
}

/* ---- what is compared ---- */

static bool
same(struct small_world *world, const char *what, int64_t expected, int64_t found)
{
    struct vmm_text text;

    if (expected == found)
        return true;
    vmm_text_init(&text, world->what, sizeof world->what);
    if (vm_system_stop(world->system)->kind != VM_RUNNING)
        vmm_text_put(&text, vm_system_stop(world->system)->text);
    else
        vmm_text_format(&text, "%s: %lld expected, %lld found", what, (long long)expected,
                        (long long)found);
    return false;
}

static bool
same_result(struct small_world *world, const char *what, enum vmm_status expected,
            enum vmm_status found)
{
    if (expected != found)
        tell(world, "expect result %s", expected == VMM_OK ? "ok" : vmm_status_name(expected));
    return same(world, what, expected, found);
}

static vmm_va
va_of(unsigned page)
{
    return WINDOW + (vmm_va)page * PAGE;
}

static struct vm_map *
map_of(const struct small_world *world, unsigned task)
{
    return vm_task_map(world->tasks[task]);
}

/*
 * What a load or store ends with. Where a wiring left a translation, x86 serves an access that the
 * rights alone would refuse (vm.md 6.1 step 3).
 */
static enum vmm_status
access_result(const struct small_world *world, unsigned task, unsigned page, vmm_prot access)
{
    const struct plain_page *plain = &world->plain.tasks[task].pages[page];
    struct vm_page_view view;

    if (plain->cell == NULL)
        return VMM_INVALID_ADDRESS;
    if (((VMM_PROT_READ | access) & ~plain->prot) == 0)
        return VMM_OK;
    vm_map_probe(map_of(world, task), va_of(page), &view);
    return plain->prot != 0 && view.is_translated && (access & ~view.translation_prot) == 0
               ? VMM_OK
               : VMM_PROTECTION_FAILURE;
}

static bool
do_load(struct small_world *world, unsigned task, unsigned page)
{
    enum vmm_status expected = access_result(world, task, page, VMM_PROT_READ);
    uint8_t byte = 0;
    enum vmm_status found = vm_access(world->system,
                                      &(struct vm_access){ .task = world->tasks[task],
                                                           .va = va_of(page),
                                                           .length = 1,
                                                           .kind = VM_ACCESS_READ,
                                                           .to = &byte },
                                      NULL);
    unsigned right;

    tell(world, "load w%u+%up 1", task, page);
    if (!same_result(world, "result of a load", expected, found) || expected != VMM_OK)
        return expected == found;
    right = world->plain.tasks[task].pages[page].cell->byte;
    if (right != byte)
        tell(world, "expect loaded %u", right);
    return same(world, "byte", right, byte);
}

static bool
do_store(struct small_world *world, unsigned task, unsigned page)
{
    enum vmm_status expected = access_result(world, task, page, VMM_PROT_WRITE);
    uint8_t byte = (uint8_t)(task + 1);

    tell(world, "store w%u+%up 1 value=%u", task, page, (unsigned)byte);
    if (expected == VMM_OK)
        plain_store(&world->plain, task, page, byte);
    return same_result(world, "result of a store", expected,
                       vm_access(world->system,
                                 &(struct vm_access){ .task = world->tasks[task],
                                                      .va = va_of(page),
                                                      .length = 1,
                                                      .kind = VM_ACCESS_WRITE,
                                                      .fill = byte },
                                 NULL));
}

/* ---- wires ---- */

/* Where the entries of a task end; the plain model cannot know. */
static struct plain_entries
entries_of(const struct small_world *world, unsigned task)
{
    struct plain_entries entries = { { 0 } };
    vmm_va at = WINDOW;
    struct vm_region region;

    while (vm_map_region(map_of(world, task), at, &region) && region.start < va_of(SMALL_PAGES)) {
        for (at = region.start; at < region.end; at += PAGE)
            entries.ends[(at - WINDOW) / PAGE] = (unsigned)((region.end - WINDOW) / PAGE);
    }
    return entries;
}

/* A kernel wire behind a wired page can pass over a hole, and its undo panics then (vm.md T11). */
static bool
may_wire(const struct small_world *world, struct plain_range range)
{
    bool is_wired = false;

    for (unsigned i = 0; i < range.count; i++)
        is_wired |= plain_is_wired(&world->plain.tasks[range.task].pages[range.first + i]);
    return !is_wired || plain_is_all_mapped(&world->plain, range);
}

static bool
do_wire(struct small_world *world, struct plain_range range, vmm_prot access, bool user_wire)
{
    struct plain_entries entries = entries_of(world, range.task);
    enum vmm_status expected;

    if (!user_wire && !may_wire(world, range))
        return true;
    tell_range(world, user_wire ? "user-wire" : "kernel-wire", range,
               access == VMM_PROT_READ ? " read" : " read-write");
    expected = plain_wire(&world->plain, range, access, user_wire, &entries);
    return same_result(world, "result of a wire", expected,
                       vm_map_wire(map_of(world, range.task), va_of(range.first),
                                   va_of(range.first + range.count), access, user_wire));
}

static bool
do_unwire(struct small_world *world, struct plain_range range, bool user_wire)
{
    struct plain_entries entries = entries_of(world, range.task);

    if (!user_wire && !plain_has_kernel_wires(&world->plain, range))
        return true; /* a panic (vm.md T12) */
    tell_range(world, user_wire ? "user-unwire" : "kernel-unwire", range, "");
    return same_result(world, "result of an unwire",
                       plain_unwire(&world->plain, range, user_wire, &entries),
                       vm_map_unwire(map_of(world, range.task), va_of(range.first),
                                     va_of(range.first + range.count), user_wire));
}

/* ---- bytes and entries of another task ---- */

static bool
do_copy(struct small_world *world, struct plain_range from, unsigned to)
{
    vmm_size size = (vmm_size)from.count * PAGE;
    unsigned other = 1 - from.task;

    tell(world, "copy w%u+%up w%u+%up length=%up", from.task, from.first, other, to, from.count);
    return same_result(world, "result of a copy", plain_copy(&world->plain, from, size, other, to),
                       vm_read_overwrite(map_of(world, from.task), va_of(from.first), size,
                                         map_of(world, other), va_of(to)));
}

static bool
do_remap(struct small_world *world, struct plain_range from, unsigned to, bool copies)
{
    struct plain_remap plain = { .source = from,
                                 .task = 1 - from.task,
                                 .target = to,
                                 .copies = copies,
                                 .overwrites = true,
                                 .inheritance = VMM_INHERIT_COPY };
    struct vm_remap_call call = { .size = (vmm_size)from.count * PAGE,
                                  .flags = VM_MAP_OVERWRITE,
                                  .source_map = map_of(world, from.task),
                                  .source = va_of(from.first),
                                  .copy = copies,
                                  .inheritance = VMM_INHERIT_COPY };
    struct plain_range target = { plain.task, to, from.count };
    vmm_prot expected[2] = { 0, 0 };
    vmm_prot found[2] = { 0, 0 };
    vmm_va address = va_of(to);

    if (plain_has_kernel_wire(&world->plain, target))
        return true; /* waits for ever (vm.md T15) */
    tell(world, "r%u = remap t%u w%u+%up %s length=%up at=0x%llx overwrite inherit=copy",
         world->names++, plain.task, from.task, from.first, copies ? "copy" : "share", from.count,
         (unsigned long long)address);
    return same_result(
               world, "result of a remap",
               plain_remap(&world->plain, &plain, &expected[0], &expected[1]),
               vm_remap(map_of(world, plain.task), &address, &call, &found[0], &found[1])) &&
           same(world, "rights of a remap", expected[0], found[0]);
}

/* ---- calls ---- */

static bool
do_allocate(struct small_world *world, struct plain_range range)
{
    vmm_va address = va_of(range.first);

    tell(world, "a%u = allocate t%u %up at=0x%llx", world->names++, range.task, range.count,
         (unsigned long long)address);
    return same_result(world, "result of an allocate", plain_allocate(&world->plain, range, false),
                       vm_allocate(map_of(world, range.task), &address,
                                   (vmm_size)range.count * PAGE, VM_MAP_FIXED));
}

static bool
do_deallocate(struct small_world *world, struct plain_range range)
{
    if (plain_has_kernel_wire(&world->plain, range))
        return true;
    tell_range(world, "deallocate", range, "");
    plain_deallocate(&world->plain, range);
    return same_result(
        world, "result of a deallocate", VMM_OK,
        vm_deallocate(map_of(world, range.task), va_of(range.first), (vmm_size)range.count * PAGE));
}

static bool
do_protect(struct small_world *world, struct plain_range range, vmm_prot prot)
{
    tell_range(world, "protect", range, prot == VMM_PROT_READ ? " read" : " read-write");
    return same_result(world, "result of a protect",
                       plain_protect(&world->plain, range, false, prot),
                       vm_protect(map_of(world, range.task), va_of(range.first),
                                  (vmm_size)range.count * PAGE, false, prot));
}

bool
small_world_call(struct small_world *world, unsigned number)
{
    const struct call *call = &alphabet[number % SMALL_ALPHABET];
    unsigned task = number / SMALL_ALPHABET;
    struct plain_range range = { task, call->first, call->count };

    set_cpu(world, call->is_away ? 1 - task : task);
    switch (call->verb) {
    case ALLOCATE:
        return do_allocate(world, range);
    case DEALLOCATE:
        return do_deallocate(world, range);
    case PROTECT:
        return do_protect(world, range, call->prot);
    case LOAD:
        return do_load(world, task, call->first);
    case STORE:
        return do_store(world, task, call->first);
    case USER_WIRE:
    case KERNEL_WIRE:
        return do_wire(world, range, call->prot, call->verb == USER_WIRE);
    case USER_UNWIRE:
    case KERNEL_UNWIRE:
        return do_unwire(world, range, call->verb == USER_UNWIRE);
    case COPY:
        return do_copy(world, range, call->to);
    default:
        return do_remap(world, range, call->to, call->verb == SNAPSHOT);
    }
}

/* ---- judging ---- */

static bool
same_region(struct small_world *world, unsigned task, unsigned page, const char *what,
            unsigned expected, unsigned found)
{
    if (expected != found)
        tell(world, "expect region w%u+%up %s %u", task, page, what, expected);
    return same(world, what, expected, found);
}

static bool
check_region(struct small_world *world, unsigned task, unsigned page)
{
    const struct plain_page *plain = &world->plain.tasks[task].pages[page];
    struct vm_region region = { 0 };
    bool is_mapped =
        vm_map_region(map_of(world, task), va_of(page), &region) && region.start <= va_of(page);

    if (!same(world, "mapped", plain->cell != NULL, is_mapped) || !is_mapped)
        return plain->cell == NULL && !is_mapped;
    if (plain->prot != region.protection)
        tell(world, "expect rights w%u+%up %s", task, page,
             plain->prot == VMM_PROT_READ ? "read" : "read-write");
    return same(world, "rights", plain->prot, region.protection) &&
           same_region(world, task, page, "user-wires", plain->user_wires,
                       region.user_wired_count) &&
           same_region(world, task, page, "wires", plain->kernel_wires + (plain->user_wires > 0),
                       region.wired_count);
}

static bool
check_invariants(struct small_world *world)
{
    const char *broken = vm_system_check(world->system);

    if (broken != NULL)
        tell(world, "check");
    return broken == NULL ? same(world, "running", VM_RUNNING, vm_system_stop(world->system)->kind)
                          : same(world, broken, 0, 1);
}

/* Every byte on both CPUs: what a TLB still has and should not shows here. */
static bool
check_bytes(struct small_world *world)
{
    bool is_right = true;

    for (unsigned i = 0; is_right && i < SMALL_TASKS * SMALL_TASKS * SMALL_PAGES; i++) {
        unsigned task = i / SMALL_PAGES % SMALL_TASKS;

        set_cpu(world, i / SMALL_PAGES / SMALL_TASKS);
        is_right =
            check_region(world, task, i % SMALL_PAGES) && do_load(world, task, i % SMALL_PAGES);
    }
    return is_right;
}

static bool
undo_kernel_wires(struct small_world *world)
{
    bool is_right = true;

    for (unsigned i = 0; i < SMALL_TASKS * SMALL_PAGES; i++) {
        struct plain_range page = { i / SMALL_PAGES, i % SMALL_PAGES, 1 };

        while (is_right && plain_has_kernel_wires(&world->plain, page))
            is_right = do_unwire(world, page, false);
    }
    return is_right;
}

static bool
end_tasks(struct small_world *world)
{
    bool is_right = true;

    for (unsigned task = 0; is_right && task < SMALL_TASKS; task++) {
        tell(world, "terminate t%u", task);
        is_right =
            same_result(world, "end of a task", VMM_OK, vm_task_terminate(world->tasks[task]));
        plain_terminate(&world->plain, task);
    }
    return is_right;
}

bool
small_world_judge(struct small_world *world)
{
    struct vm_statistics left;
    bool is_right = check_invariants(world) && check_bytes(world) && check_invariants(world) &&
                    undo_kernel_wires(world) && end_tasks(world) && check_invariants(world);

    vm_system_statistics(world->system, &left);
    if (is_right && left.active_pages + left.inactive_pages != 0)
        tell(world, "expect statistic active 0\nexpect statistic inactive 0");
    is_right = is_right &&
               same(world, "pages left", 0, (int64_t)(left.active_pages + left.inactive_pages));
    small_world_end(world);
    if (is_right && world->live_bytes != 0) {
        strcpy(world->what, "memory was not given back");
        is_right = false;
    }
    return is_right;
}

/* ---- states ---- */

/* The plain pages too: some of what they know, the real model has only in its translations. */
uint64_t
small_world_state(const struct small_world *world)
{
    uint64_t sum = 0;

    for (unsigned task = 0; task < SMALL_TASKS; task++) {
        uint64_t digest = 0;

        for (unsigned i = 0; i < SMALL_PAGES; i++) {
            const struct plain_page *page = &world->plain.tasks[task].pages[i];

            digest = vm_digest_mix(digest, page->prot | (uint64_t)page->max_prot << 4 |
                                               (uint64_t)page->lost_rights << 8 |
                                               (uint64_t)page->user_wires << 16 |
                                               (uint64_t)page->kernel_wires << 32);
            digest = vm_digest_mix(
                digest, page->cell == NULL ? 0 : page->cell->references << 8 | page->cell->byte);
        }
        sum += vm_digest_mix(digest, 1);
    }
    return vm_digest_mix(sum, vm_system_digest(world->system, VM_DIGEST_SYMMETRIC));
}

/* ---- life ---- */

static void *
counted_take(void *context, size_t size)
{
    struct small_world *world = context;
    void *memory = world->host->take(world->host->context, size);

    world->live_bytes += memory != NULL ? size : 0;
    return memory;
}

static void
counted_give(void *context, void *memory, size_t size)
{
    struct small_world *world = context;

    world->live_bytes -= size;
    world->host->give(world->host->context, memory, size);
}

bool
small_world_begin(struct small_world *world, const struct vmm_alloc *alloc,
                  const struct vm_profile *profile)
{
    memset(world, 0, sizeof *world);
    world->alloc = (struct vmm_alloc){ counted_take, counted_give, world };
    world->host = alloc;
    world->plain.release = (struct plain_release){
        .unwire_skips_before_hole = profile->user_unwire_skips_before_hole,
        .copy_buffer_max = profile->copyin_buffer_max,
        .knows_pageout = profile->sanitizes_ranges,
    };
    world->system = vm_system_create(&(struct vm_config){ .alloc = &world->alloc,
                                                          .profile = profile,
                                                          .geometry = &hw_geometry_x86_64,
                                                          .cpu_count = SMALL_TASKS,
                                                          .frame_count = FRAMES });
    for (unsigned task = 0; world->system != NULL && task < SMALL_TASKS; task++) {
        if (vm_task_create(world->system, &world->tasks[task]) != VMM_OK) {
            small_world_end(world);
            return false;
        }
        plain_create(&world->plain, task);
    }
    return world->system != NULL;
}

void
small_world_end(struct small_world *world)
{
    for (unsigned task = 0; task < SMALL_TASKS; task++)
        plain_terminate(&world->plain, task);
    vm_system_destroy(world->system);
    world->system = NULL;
}
