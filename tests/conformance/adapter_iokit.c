/*
 * adapter_iokit.c - the seam under the names that the conformance kit's descriptor cases drive
 *
 * Renames and nothing more: the kit's option bits become Apple's, its handles are the seam's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/vmk_sim.h"
#include "iokit/io_types.h"
#include "iokit_adapter.h"
#include "vm/vm_profile.h"

enum { FRAMES = 1 << 16 };

static struct {
    vmk_world_t world;
    vmk_task_t kernel, user;
    int refuses_faults;
} here;

static void *
take(void *context, size_t size)
{
    void *memory = NULL;

    (void)context;
    return posix_memalign(&memory, 64, size) == 0 ? memory : NULL;
}

static void
give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

static const struct vmm_alloc plain_alloc = { take, give, NULL };

/* The release that FAULTLINE_PROFILE names; the newest without it. */
static int
find_profile(struct vm_profile *profile)
{
    const char *name = getenv("FAULTLINE_PROFILE");
    size_t row;

    name = name == NULL || *name == '\0' ? "macos-15.4" : name;
    if (!vm_profile_find(name, strlen(name), &row)) {
        fprintf(stderr, "adapter: unknown FAULTLINE_PROFILE %s\n", name);
        return -1;
    }
    vm_profile_at(row, profile);
    return 0;
}

/* The machine that FAULTLINE_MACHINE names; x86_64 without it. */
static const struct hw_geometry *
find_machine(void)
{
    const char *name = getenv("FAULTLINE_MACHINE");

    if (name == NULL || *name == '\0' || strcmp(name, "x86_64") == 0)
        return &hw_geometry_x86_64;
    if (strcmp(name, "arm64") == 0 || strcmp(name, "arm64-16k") == 0)
        return &hw_geometry_arm64_16k;
    fprintf(stderr, "adapter: unknown FAULTLINE_MACHINE %s\n", name);
    return NULL;
}

int
oracle_machine_start(void)
{
    const struct hw_geometry *geometry = find_machine();
    struct vm_profile profile;

    vmk_sim_destroy(here.world);
    memset(&here, 0, sizeof(here));
    if (geometry == NULL || find_profile(&profile) != 0)
        return -1;
    here.world = vmk_sim_create(&(struct vmk_sim_config){
        .alloc = &plain_alloc, .profile = &profile, .geometry = geometry, .frame_count = FRAMES });
    vmk_sim_make_current(here.world);
    here.kernel = vmk_kernel_task();
    here.user = here.world == NULL ? NULL : vmk_sim_task_create();
    vmk_sim_task_switch(here.user);
    return here.user == NULL ? -1 : 0;
}

unsigned
oracle_model_release(void)
{
    struct vm_profile profile;

    return find_profile(&profile) == 0 ? profile.xnu_major : 0;
}

unsigned
oracle_page_size(void)
{
    const struct hw_geometry *geometry = find_machine();

    return geometry == NULL ? 0 : (unsigned)hw_page_bytes(geometry);
}

oracle_task_t
oracle_kernel(void)
{
    return (oracle_task_t)here.kernel;
}

oracle_task_t
oracle_user(void)
{
    return (oracle_task_t)here.user;
}

/* ---- descriptors ---- */

_Static_assert(sizeof(oracle_range_t) == sizeof(vmk_range_t), "the same two words");

oracle_md_t
oracle_md_with_ranges(const oracle_range_t *ranges, unsigned n, uint32_t options,
                      oracle_task_t task)
{
    uint32_t apples = (options & OMD_OUTIN) |
                      (options & OMD_MAP_COPY_ON_WRITE ? (uint32_t)IO_MEMORY_MAP_COPY_ON_WRITE : 0);

    return (oracle_md_t)vmk_desc_ranges((vmk_task_t)task, (const vmk_range_t *)(const void *)ranges,
                                        n, apples);
}

oracle_md_t
oracle_buffer_md(oracle_task_t owner, uint32_t options, uint64_t capacity, uint64_t align)
{
    uint32_t apples =
        (options & OMD_OUTIN) | (options & OMD_PAGEABLE ? (uint32_t)IO_BUFFER_PAGEABLE : 0) |
        (options & OMD_KERNEL_USER_SHARED ? (uint32_t)IO_BUFFER_KERNEL_USER_SHARED : 0);

    return (oracle_md_t)vmk_desc_buffer((vmk_task_t)owner, apples, capacity, align, 0);
}

uint64_t
oracle_md_bytes(oracle_md_t md)
{
    return (uintptr_t)vmk_desc_bytes((vmk_desc_t)md);
}

uint64_t
oracle_md_length(oracle_md_t md)
{
    return vmk_desc_length((vmk_desc_t)md);
}

void
oracle_md_set_length(oracle_md_t md, uint64_t length)
{
    vmk_desc_set_length((vmk_desc_t)md, length);
}

int
oracle_md_prepare(oracle_md_t md, uint32_t direction)
{
    uint32_t apples =
        (direction & OMD_OUTIN) |
        (direction & OMD_PREPARE_NO_ZERO_FILL ? (uint32_t)IO_PREPARE_NO_ZERO_FILL : 0);

    return vmk_desc_prepare((vmk_desc_t)md, apples);
}

int
oracle_md_complete(oracle_md_t md, uint32_t direction)
{
    uint32_t apples =
        (direction & OMD_OUTIN) |
        (direction & OMD_COMPLETE_WITH_DATA_VALID ? (uint32_t)IO_COMPLETE_WITH_DATA_VALID : 0);

    return vmk_desc_complete((vmk_desc_t)md, apples);
}

uint64_t
oracle_md_read(oracle_md_t md, uint64_t offset, void *to, uint64_t n)
{
    return vmk_desc_read((vmk_desc_t)md, offset, to, n);
}

void
oracle_md_release(oracle_md_t md)
{
    vmk_desc_release((vmk_desc_t)md);
}

/* ---- mappings ---- */

oracle_map_t
oracle_md_map(oracle_md_t md, oracle_task_t task, uint64_t at, uint32_t options, uint64_t offset,
              uint64_t length)
{
    uint32_t apples = (options & OMAP_ANYWHERE ? IO_MAP_ANYWHERE : 0) |
                      (options & OMAP_READ_ONLY ? IO_MAP_READ_ONLY : 0) |
                      (options & OMAP_PREFAULT ? IO_MAP_PREFAULT : 0) |
                      (options & OMAP_UNIQUE ? IO_MAP_UNIQUE : 0) |
                      (options & OMAP_GUARDED_SMALL ? IO_MAP_GUARDED_SMALL : 0);

    return (oracle_map_t)vmk_map_create((vmk_desc_t)md, (vmk_task_t)task, at, apples, offset,
                                        length);
}

uint64_t
oracle_map_address(oracle_map_t map)
{
    return vmk_map_address((vmk_map_t)map);
}

uint64_t
oracle_map_length(oracle_map_t map)
{
    return vmk_map_length((vmk_map_t)map);
}

int
oracle_map_wire_range(oracle_map_t map, uint32_t direction, uint64_t offset, uint64_t length)
{
    return vmk_map_wire((vmk_map_t)map, direction, offset, length);
}

void
oracle_map_release(oracle_map_t map)
{
    vmk_map_release((vmk_map_t)map);
}

/* ---- memory ---- */

int
oracle_access(oracle_task_t task, uint64_t va, int write, uint8_t *byte)
{
    return vmk_sim_try((vmk_task_t)task, va, write, byte);
}

void
oracle_no_faults(int on)
{
    if (on && !here.refuses_faults)
        vmk_sim_enter(VM_SPIN_LOCK);
    if (!on && here.refuses_faults)
        vmk_sim_leave(VM_SPIN_LOCK);
    here.refuses_faults = on != 0;
}

uint64_t
oracle_fault_count(oracle_task_t task)
{
    return vmk_sim_task_faults((vmk_task_t)task);
}

uint64_t
oracle_task_allocate(oracle_task_t task, uint64_t size)
{
    uint64_t address = 0;

    return vmk_sim_allocate((vmk_task_t)task, &address, size) == 0 ? address : 0;
}

void
oracle_task_free(oracle_task_t task, uint64_t va, uint64_t size)
{
    (void)vmk_sim_deallocate((vmk_task_t)task, va, size);
}
