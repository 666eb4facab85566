/*
 * native.c - worlds, and which pointer is which address
 *
 * The kernel's half of an address space cannot be had on the host, and two tasks use the same
 * addresses. So every space has a range of host addresses of its own, and a pointer is an address
 * plus the distance between the two. The kernel's range is there from the start; a task's is made
 * when the program first asks for a pointer into it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native_internal.h"
#include "vm/vm_profile.h"
#include "vm/vm_task.h"

enum { NATIVE_CPUS = 4 };

#define NATIVE_PROFILE "macos-15.4"
#define NATIVE_RAM_BYTES ((uint64_t)256 << 20)
#define NATIVE_SPAN ((uint64_t)64 << 30)     /* of each space */
#define NATIVE_USER_BASE ((uint64_t)4 << 30) /* below it a program has its page zero */

static struct faultline_world *worlds;
static struct faultline_world *current;
static char trouble[1024];
static void (*world_began)(void);
static void (*end_drivers)(void);

/* ---- memory for the model ---- */

static void *
native_take(void *context, size_t size)
{
    void *memory = NULL;

    (void)context;
    return posix_memalign(&memory, 64, size) == 0 ? memory : NULL;
}

static void
native_give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

static const struct vmm_alloc native_alloc = { native_take, native_give, NULL };

/* ---- worlds ---- */

void
native_set_trouble(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(trouble, sizeof(trouble), format, arguments);
    va_end(arguments);
}

struct faultline_world *
native_current(void)
{
    return current;
}

static const struct hw_geometry *
native_geometry(const char *name)
{
    if (name == NULL || strcmp(name, "x86_64") == 0)
        return &hw_geometry_x86_64;
    return strcmp(name, "arm64-16k") == 0 || strcmp(name, "arm64") == 0 ? &hw_geometry_arm64_16k
                                                                        : NULL;
}

/* Whether the environment has this value. */
static bool
native_wishes(const char *variable, const char *value)
{
    const char *found = getenv(variable);

    return found != NULL && strcmp(found, value) == 0;
}

/* Makes [base, base + NATIVE_SPAN) of a task reachable; the model looks for room in there only. */
static bool
native_add_space(struct faultline_world *world, struct vm_task *task, uint64_t base)
{
    struct native_space *space =
        native_host_reserve(vm_task_id(task), base, NATIVE_SPAN, world->page_bytes);

    if (space == NULL)
        return false;
    vm_map_search_within(vm_task_map(task), base, base + NATIVE_SPAN);
    space->next = world->spaces;
    world->spaces = space;
    return true;
}

/* The kernel over the RAM that is there, watched. */
static bool
native_make_kernel(struct faultline_world *world, const struct vm_profile *profile,
                   const struct hw_geometry *geometry, const struct faultline_config *wanted)
{
    world->watch = (struct pmap_watch){ world, native_host_entered, native_host_removed,
                                        native_host_narrowed };
    world->evicts_on_entry = wanted->evicts_on_entry || native_wishes("FAULTLINE_EVICT", "1");
    world->vmk = vmk_sim_create(&(struct vmk_sim_config){
        .alloc = &native_alloc,
        .profile = profile,
        .cpu_count = wanted->cpu_count == 0 ? NATIVE_CPUS : wanted->cpu_count,
        .frame_count = world->frame_count,
        .geometry = geometry,
        .evicts_on_entry = world->evicts_on_entry,
        .ram = world->ram,
        .watch = &world->watch });
    if (world->vmk == NULL)
        return false;
    faultline_make_current(world);
    world->system = vmk_sim_system();
    world->injector.fails = native_fails;
    vm_system_set_injector(world->system, &world->injector);
    verify_init(&world->verify, world->findings, NATIVE_FINDINGS);
    world->verify.is_strict = wanted->is_strict || native_wishes("FAULTLINE_VERIFY", "strict");
    native_watch(world);
    native_record_begin(world);
    return native_add_space(world, vm_task_kernel(world->system), geometry->kernel_min);
}

/* What the caller or else the environment asks for, or `otherwise`. */
static const char *
native_wanted(const char *asked, const char *variable, const char *otherwise)
{
    const char *found = asked != NULL ? asked : getenv(variable);

    return found != NULL ? found : otherwise;
}

/* The world's RAM, whose page numbers must fit in a vmm_ppn. False: native_set_trouble() said why. */
static bool
native_make_ram(struct faultline_world *world, const struct hw_geometry *geometry,
                uint64_t ram_bytes)
{
    world->page_bytes = hw_page_bytes(geometry);
    world->ram_bytes = ram_bytes == 0 ? NATIVE_RAM_BYTES : ram_bytes;
    if ((uint64_t)sysconf(_SC_PAGESIZE) > world->page_bytes) {
        native_set_trouble("the host's pages are larger than the machine's");
        return false;
    }
    if (world->ram_bytes < world->page_bytes || world->ram_bytes / world->page_bytes > UINT32_MAX) {
        native_set_trouble("ram_bytes is %" PRIu64 ": from one page to 2^32 - 1 pages of %" PRIu64
                           " bytes can be had",
                           world->ram_bytes, world->page_bytes);
        return false;
    }
    world->frame_count = (vmm_ppn)(world->ram_bytes / world->page_bytes);
    if (!native_host_ram(world)) {
        native_set_trouble("the host refuses the simulated RAM: %s", strerror(errno));
        return false;
    }
    return true;
}

/* Fills the world as it is wanted. False: native_set_trouble() said why. */
static bool
native_make_world(struct faultline_world *world, const struct faultline_config *wanted)
{
    const char *name = native_wanted(wanted->profile, "FAULTLINE_PROFILE", NATIVE_PROFILE);
    const char *machine = native_wanted(wanted->machine, "FAULTLINE_MACHINE", NULL);
    const char *suppressions = native_wanted(wanted->suppressions, "FAULTLINE_SUPPRESSIONS", NULL);
    const struct hw_geometry *geometry = native_geometry(machine);
    struct vm_profile profile;
    size_t row;

    if (geometry == NULL) {
        native_set_trouble("unknown machine: %s", machine);
        return false;
    }
    if (!vm_profile_find(name, strlen(name), &row)) {
        native_set_trouble("unknown release: %s", name);
        return false;
    }
    if (!native_make_ram(world, geometry, wanted->ram_bytes) ||
        (suppressions != NULL && !native_read_suppressions(world, suppressions)))
        return false;
    vm_profile_at(row, &profile);
    if (native_make_kernel(world, &profile, geometry, wanted))
        return true;
    native_set_trouble("the host refuses memory or addresses for a world");
    return false;
}

faultline_world_t *
faultline_start(const struct faultline_config *config)
{
    static const struct faultline_config defaults;
    struct faultline_world *world = calloc(1, sizeof(*world));

    if (world == NULL) {
        native_set_trouble("no memory");
        return NULL;
    }
    world->file = -1;
    world->live = -1;
    if (!native_make_world(world, config == NULL ? &defaults : config)) {
        faultline_stop(world);
        return NULL;
    }
    faultline_lock();
    world->next = worlds;
    worlds = world;
    faultline_unlock();
    native_trap_install();
    if (world_began != NULL)
        world_began();
    return world;
}

/* Takes a world off the list, so that its addresses are nobody's. */
static void
native_unlink(const struct faultline_world *world)
{
    struct faultline_world **at = &worlds;

    faultline_lock();
    while (*at != NULL && *at != world)
        at = &(*at)->next;
    if (*at != NULL)
        *at = world->next;
    faultline_unlock();
}

/* The world ends, and nobody has told what was found: its calls are kept all the same. */
static void
save_what_went_wrong(struct faultline_world *world)
{
    struct faultline_world *before = current;
    int index;

    faultline_make_current(world);
    index = faultline_finding_unexpected();
    if (index >= 0)
        native_record_save(world, faultline_finding_rule((unsigned)index));
    faultline_make_current(before);
}

void
faultline_stop(faultline_world_t *world)
{
    if (world == NULL)
        return;
    if (world->record != NULL)
        save_what_went_wrong(world);
    native_record_end(world);
    native_unlink(world);
    if (current == world)
        current = NULL;
    vmk_sim_destroy(world->vmk);
    while (world->spaces != NULL) {
        struct native_space *space = world->spaces;

        world->spaces = space->next;
        native_host_release(space, world->page_bytes);
    }
    native_host_release_ram(world);
    native_free_suppressions(world);
    native_live_end(world);
    free(world);
}

void
faultline_on_start(void (*start)(void))
{
    world_began = start;
}

void
faultline_on_end(void (*end)(void))
{
    end_drivers = end;
}

uint64_t
faultline_end(faultline_world_t *world)
{
    if (vm_system_stop(world->system)->kind != VM_RUNNING)
        return 0;
    if (end_drivers != NULL)
        end_drivers();
    native_record_unload(world);
    return vmk_sim_unload();
}

const char *
faultline_profile_name(unsigned index)
{
    static struct vm_profile profile;

    if (index >= vm_profile_count())
        return NULL;
    vm_profile_at(index, &profile);
    return profile.name;
}

const char *
faultline_profile(void)
{
    return current == NULL ? "" : vm_system_profile(current->system)->name;
}

const char *
faultline_trouble(void)
{
    return trouble;
}

struct vmk_world *
faultline_vmk_world(faultline_world_t *world)
{
    return world->vmk;
}

void
faultline_make_current(faultline_world_t *world)
{
    current = world;
    (void)vmk_sim_make_current(world == NULL ? NULL : world->vmk);
}

/* ---- pointers ---- */

/* The space of a task; a user task's is made now. NULL: no such task, or the host refuses. */
static struct native_space *
native_space_for(struct faultline_world *world, uint32_t id)
{
    struct vm_task *task = vm_task_find(world->system, id);
    struct native_space *space = world->spaces;

    while (space != NULL && space->id != id)
        space = space->next;
    if (space != NULL || task == NULL)
        return space;
    return native_add_space(world, task, NATIVE_USER_BASE) ? world->spaces : NULL;
}

void *
faultline_pointer(vmk_task_t task, uint64_t address)
{
    struct native_space *space;

    if (current == NULL || task == NULL)
        return NULL;
    faultline_lock();
    space = native_space_for(current, vmk_sim_task_id(task));
    faultline_unlock();
    if (space == NULL || address - space->base >= space->span)
        return NULL;
    return (void *)(uintptr_t)(space->host + (address - space->base));
}

uint64_t
faultline_physical(vmk_task_t task, uint64_t address)
{
    struct vm_page_view view = { 0 };

    if (current == NULL)
        return 0;
    faultline_lock();
    vmk_sim_probe(task, address, &view);
    faultline_unlock();
    return view.is_translated
               ? view.translation_ppn * current->page_bytes + address % current->page_bytes
               : 0;
}

struct faultline_world *
native_find(uint64_t host, struct native_space **found)
{
    for (struct faultline_world *world = worlds; world != NULL; world = world->next)
        for (struct native_space *space = world->spaces; space != NULL; space = space->next)
            if (host - space->host < space->span) {
                *found = space;
                return world;
            }
    return NULL;
}

/* The handle of the task with that id in the current world. */
static vmk_task_t
native_task_handle(uint32_t id)
{
    return id == 0 ? vmk_kernel_task() : vmk_sim_task_by_id(id);
}

uint64_t
faultline_address(const void *pointer, vmk_task_t *task)
{
    uint64_t host = (uintptr_t)pointer;
    struct native_space *space = NULL;
    const struct faultline_world *world;

    faultline_lock();
    world = native_find(host, &space);
    faultline_unlock();
    if (task != NULL)
        *task = world == NULL || world != current ? NULL : native_task_handle(space->id);
    return world == NULL ? host : host - space->host + space->base;
}

/* ---- what a test asks ---- */

uint64_t
faultline_map_pages(vmk_map_t map, uint64_t offset, uint64_t length, uint64_t *translated,
                    uint64_t *wired)
{
    uint64_t start, end;

    if (current == NULL || length == 0)
        return 0;
    faultline_lock();
    start = (vmk_map_address(map) + offset) & ~(current->page_bytes - 1);
    end = (vmk_map_address(map) + offset + length + current->page_bytes - 1) &
          ~(current->page_bytes - 1);
    *translated = vmk_sim_translated(vmk_sim_map_task(map), start, end - start, wired);
    faultline_unlock();
    return (end - start) / current->page_bytes;
}

uint64_t
faultline_kernel_faults(void)
{
    return vmk_sim_task_faults(vmk_kernel_task());
}
