/*
 * vmk_neighbours.c - the calls around descriptors and mappings: page states, DMA, kernel memory
 */
#include "hooks/vmk_names.h" /* first: it names what is defined here */
#include "hooks/vmk_world.h"
#include "iokit/io_dma_command.h"
#include "iokit/io_malloc.h"
#include "iokit/io_memory_state.h"
#include "iokit/io_redirect.h"

/* The descriptor if the kernel runs; else why not in *status. */
static struct io_md *
vmk_desc_to_ask(vmk_desc_t d, enum vmm_status *status)
{
    struct io_md *md = vmk_desc_named(d);

    *status = md == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();
    return *status == VMM_OK ? md : NULL;
}

/* ---- the state of a descriptor's pages ---- */

vmk_return_t
vmk_desc_page_counts(vmk_desc_t d, uint64_t *resident, uint64_t *dirty)
{
    enum vmm_status status;
    const struct io_md *md = vmk_desc_to_ask(d, &status);
    uint64_t in_memory, written;

    if (md == NULL)
        return status;
    status = io_md_page_counts(md, &in_memory, &written);
    if (status == VMM_OK && resident != NULL)
        *resident = in_memory;
    if (status == VMM_OK && dirty != NULL)
        *dirty = written;
    return status;
}

vmk_return_t
vmk_desc_set_purgeable(vmk_desc_t d, uint32_t state, uint32_t *old)
{
    enum vmm_status status;
    struct io_md *md = vmk_desc_to_ask(d, &status);
    uint32_t before;

    if (md == NULL)
        return status;
    status = io_md_set_purgeable(md, state, &before);
    if (status == VMM_OK && old != NULL)
        *old = before;
    return status;
}

vmk_return_t
vmk_desc_perform(vmk_desc_t d, uint32_t operation, uint64_t offset, uint64_t length)
{
    enum vmm_status status;
    struct io_md *md = vmk_desc_to_ask(d, &status);

    return md == NULL ? status : io_md_perform(md, operation, offset, length);
}

uint64_t
vmk_desc_dma_map_length(vmk_desc_t d, uint64_t *offset)
{
    enum vmm_status status;
    struct io_md *md = vmk_desc_to_ask(d, &status);
    uint64_t in_page = 0;
    uint64_t length = md == NULL ? 0 : io_md_dma_map_length(md, &in_page);

    if (md != NULL && offset != NULL)
        *offset = in_page;
    return length;
}

vmk_return_t
vmk_desc_redirect(vmk_desc_t d, vmk_task_t safe, int on)
{
    enum vmm_status status;
    struct io_md *md = vmk_desc_to_ask(d, &status);
    const struct vm_task *task = vmk_task_of(safe);

    if (md == NULL)
        return status;
    return safe != NULL && task == NULL ? (vmk_return_t)VMM_MODEL_BAD_HANDLE
                                        : (vmk_return_t)io_md_redirect(md, task, on != 0);
}

vmk_return_t
vmk_map_block(vmk_map_t m, int on)
{
    struct io_map *map = vmk_map_named(m);
    enum vmm_status status = map == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();

    return status == VMM_OK ? io_map_block(map, on != 0) : status;
}

vmk_return_t
vmk_map_redirect(vmk_map_t m, vmk_desc_t to)
{
    struct io_map *map = vmk_map_named(m);
    struct io_md *md = vmk_desc_named(to);
    enum vmm_status status = vmk_world_runs();

    if (map == NULL || md == NULL)
        return VMM_MODEL_BAD_HANDLE;
    vmk_world_may_block(VMK_CALL_MAP, io_map_id(map));
    return status == VMM_OK ? io_map_redirect(map, md) : status;
}

/* ---- IODMACommand ---- */

_Static_assert(sizeof(vmk_range_t) == sizeof(struct io_dma_segment), "the same two words");

/* The command if the kernel runs; else why not in *status. */
static struct io_dma *
vmk_dma_of(vmk_dma_t c, enum vmm_status *status)
{
    struct io_dma *dma = vmk_object_named(c, VMK_KIND_DMA);

    *status = dma == NULL ? VMM_MODEL_BAD_HANDLE : vmk_world_runs();
    return *status == VMM_OK ? dma : NULL;
}

vmk_dma_t
vmk_dma_create(const vmk_dma_spec_t *spec)
{
    struct vmk_world *world = vmk_world_here();
    enum vmm_status status = spec == NULL ? VMM_IO_BAD_ARGUMENT : vmk_world_runs();
    struct io_dma *dma = NULL;
    uint64_t id = 0;

    if (status == VMM_OK)
        status = io_dma_create(world->system,
                               &(struct io_dma_spec){ .address_bits = spec->address_bits,
                                                      .alignment_bytes = spec->alignment,
                                                      .max_segment = spec->max_segment,
                                                      .max_transfer = spec->max_transfer },
                               &dma);
    if (status == VMM_OK)
        id = vmm_idtable_add(&world->handles, dma, VMK_KIND_DMA);
    if (id != 0)
        io_dma_set_owner(dma, vmk_world_owner(), id);
    else if (dma != NULL)
        io_dma_abandon(dma);
    vmk_world_hide(status == VMM_OK && id == 0 ? VMM_MODEL_NO_MEMORY : status);
    return (vmk_dma_t)(uintptr_t)id;
}

void
vmk_dma_release(vmk_dma_t c)
{
    enum vmm_status status;
    struct io_dma *dma = vmk_dma_of(c, &status);

    if (dma != NULL)
        (void)io_dma_release(&dma);
}

vmk_return_t
vmk_dma_set(vmk_dma_t c, vmk_desc_t d, int auto_prepare)
{
    enum vmm_status status;
    struct io_dma *dma = vmk_dma_of(c, &status);
    struct io_md *md = vmk_desc_named(d);

    if (dma == NULL)
        return status;
    if (d != NULL && md == NULL)
        return VMM_MODEL_BAD_HANDLE;
    return io_dma_set(dma, md, auto_prepare != 0);
}

vmk_return_t
vmk_dma_clear(vmk_dma_t c, int auto_complete)
{
    enum vmm_status status;
    struct io_dma *dma = vmk_dma_of(c, &status);

    return dma == NULL ? status : io_dma_clear(dma, auto_complete != 0);
}

vmk_return_t
vmk_dma_prepare(vmk_dma_t c, uint64_t offset, uint64_t length)
{
    enum vmm_status status;
    struct io_dma *dma = vmk_dma_of(c, &status);

    return dma == NULL ? status : io_dma_prepare(dma, offset, length);
}

vmk_return_t
vmk_dma_complete(vmk_dma_t c)
{
    enum vmm_status status;
    struct io_dma *dma = vmk_dma_of(c, &status);

    return dma == NULL ? status : io_dma_complete(dma);
}

vmk_return_t
vmk_dma_segments(vmk_dma_t c, uint64_t *offset, vmk_range_t *segments, uint32_t *count)
{
    enum vmm_status status;
    struct io_dma *dma = vmk_dma_of(c, &status);

    return dma == NULL
               ? status
               : io_dma_gen_segments(dma, offset, (struct io_dma_segment *)(void *)segments, count);
}

vmk_return_t
vmk_dma_synchronize(vmk_dma_t c, uint32_t options)
{
    enum vmm_status status;
    struct io_dma *dma = vmk_dma_of(c, &status);

    return dma == NULL ? status : io_dma_synchronize(dma, options);
}

/* ---- the kernel's own memory ---- */

uint64_t
vmk_sim_alloc(uint64_t length, uint64_t alignment)
{
    enum vmm_status status = vmk_world_runs();
    uint64_t address = 0;

    vmk_world_may_block(VMK_CALL_ALLOCATE, 0);
    if (status == VMM_OK)
        status = io_malloc(vmk_world_here()->system, length, alignment, false, &address);
    vmk_world_hide(status);
    return address;
}

void *
vmk_alloc(uint64_t length, uint64_t alignment)
{
    return (void *)(uintptr_t)vmk_sim_alloc(length, alignment);
}

void
vmk_free(void *p, uint64_t length, uint64_t alignment)
{
    (void)alignment;
    if (vmk_world_runs() == VMM_OK && p != NULL)
        (void)io_free(vmk_world_here()->system, (uintptr_t)p, length);
}

uint64_t
vmk_sim_alloc_pageable(uint64_t length, uint64_t alignment)
{
    enum vmm_status status = vmk_world_runs();
    uint64_t address = 0;

    vmk_world_may_block(VMK_CALL_ALLOCATE, 0);
    if (status == VMM_OK)
        status = io_malloc_pageable(vmk_world_here()->system, length, alignment, &address);
    vmk_world_hide(status);
    return address;
}

void *
vmk_alloc_pageable(uint64_t length, uint64_t alignment)
{
    return (void *)(uintptr_t)vmk_sim_alloc_pageable(length, alignment);
}

void
vmk_free_pageable(void *p, uint64_t length)
{
    if (vmk_world_runs() == VMM_OK && p != NULL)
        (void)io_free_pageable(vmk_world_here()->system, (uintptr_t)p, length);
}
