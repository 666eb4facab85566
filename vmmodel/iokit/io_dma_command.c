/* io_dma_command.c - see io_dma_command.h */
#include "iokit/io_dma_command.h"

#include "iokit/io_internal.h"
#include "vm/vm_device.h"
#include "vm/vm_kmem.h"

struct io_dma {
    struct vm_system *system;
    struct io_dma_spec spec;
    uint32_t ref_count;
    struct io_md *md; /* one reference; NULL: none */
    uint32_t active;  /* prepares of the command */
    uint64_t offset;  /* of what is prepared, in the descriptor */
    uint64_t length;
    uint64_t bounce; /* physical address of the copy that the device gets; 0: none */
    vmm_va bounce_va;
    struct io_owner *owner;
    uint64_t handle;
};

/* ---- life ---- */

enum vmm_status
io_dma_create(struct vm_system *system, const struct io_dma_spec *spec, struct io_dma **made)
{
    struct io_dma *dma;

    if (spec->address_bits > 64 || (spec->alignment_bytes & (spec->alignment_bytes - 1)) != 0)
        return VMM_IO_BAD_ARGUMENT;
    dma = vmm_take_array(vm_system_alloc(system), 1, sizeof(*dma));
    if (dma == NULL)
        return VMM_MODEL_NO_MEMORY;
    dma->system = system;
    dma->spec = *spec;
    dma->ref_count = 1;
    *made = dma;
    return VMM_OK;
}

void
io_dma_retain(struct io_dma *dma)
{
    dma->ref_count++;
}

enum vmm_status
io_dma_release(struct io_dma **released)
{
    struct io_dma *dma = *released;
    enum vmm_status status = VMM_OK;

    if (--dma->ref_count > 0) {
        *released = NULL;
        return VMM_OK;
    }
    status = io_dma_clear(dma, true);
    if (status != VMM_OK)
        return status;
    *released = NULL;
    if (dma->owner != NULL)
        dma->owner->gone(dma->owner, dma->handle);
    io_dma_abandon(dma);
    return VMM_OK;
}

void
io_dma_abandon(struct io_dma *dma)
{
    vmm_give_array(vm_system_alloc(dma->system), dma, 1, sizeof(*dma));
}

void
io_dma_set_owner(struct io_dma *dma, struct io_owner *owner, uint64_t handle)
{
    dma->owner = owner;
    dma->handle = handle;
}

uint64_t
io_dma_handle(const struct io_dma *dma)
{
    return dma->handle;
}

/* ---- which descriptor ---- */

static enum vmm_status
io_dma_complete_all(struct io_dma *dma)
{
    enum vmm_status status = VMM_OK;

    while (dma->active > 0 && status == VMM_OK)
        status = io_dma_complete(dma);
    return status;
}

enum vmm_status
io_dma_set(struct io_dma *dma, struct io_md *md, bool auto_prepare)
{
    enum vmm_status status = VMM_OK;

    if (md == dma->md && md != NULL)
        return auto_prepare ? VMM_OK : io_dma_complete_all(dma);
    if (dma->active > 0)
        return VMM_IO_BUSY;
    status = io_dma_clear(dma, false);
    if (status != VMM_OK || md == NULL)
        return status;
    io_md_keep(md);
    io_md_behind_views(md)->dma_active++;
    dma->md = md;
    if (auto_prepare)
        status = io_dma_prepare(dma, 0, 0);
    if (status != VMM_OK)
        (void)io_dma_clear(dma, true); /* the first error is what counts */
    return status;
}

enum vmm_status
io_dma_clear(struct io_dma *dma, bool auto_complete)
{
    enum vmm_status status = VMM_OK;

    if (dma->active > 0 && !auto_complete)
        return VMM_IO_NOT_READY;
    if (dma->md == NULL)
        return VMM_OK;
    status = io_dma_complete_all(dma);
    if (status != VMM_OK)
        return status;
    io_md_behind_views(dma->md)->dma_active--;
    return io_md_let_go(&dma->md);
}

struct io_md *
io_dma_descriptor(const struct io_dma *dma)
{
    return dma->md;
}

/* ---- segments ---- */

static bool
io_dma_is_aligned(const struct io_dma *dma, uint64_t number)
{
    return dma->spec.alignment_bytes < 2 || (number & (dma->spec.alignment_bytes - 1)) == 0;
}

static bool
io_dma_is_reachable(const struct io_dma *dma, const struct io_dma_segment *segment)
{
    uint32_t bits = dma->spec.address_bits;

    return bits == 0 || bits == 64 || (segment->address + segment->length - 1) >> bits == 0;
}

/* The unbroken run at byte `at` of what is prepared. */
static enum vmm_status
io_dma_run(struct io_dma *dma, uint64_t at, struct io_dma_segment *run)
{
    enum vmm_status status = VMM_OK;

    if (dma->bounce != 0) {
        run->address = dma->bounce + at;
        run->length = dma->length - at;
    } else {
        status = io_md_segment(dma->md, dma->offset + at, 0, &run->address, &run->length);
    }
    if (status == VMM_OK && run->length == 0)
        return VMM_IO_OVERRUN; /* a child of the descriptor became shorter */
    if (run->length > dma->length - at)
        run->length = dma->length - at;
    if (dma->spec.max_segment != 0 && run->length > dma->spec.max_segment)
        run->length = dma->spec.max_segment;
    return status;
}

static enum vmm_status
io_dma_check_segment(const struct io_dma *dma, const struct io_dma_segment *segment)
{
    if (!io_dma_is_reachable(dma, segment))
        return VMM_IO_MESSAGE_TOO_LARGE;
    if (!io_dma_is_aligned(dma, segment->address) || !io_dma_is_aligned(dma, segment->length))
        return VMM_IO_NOT_ALIGNED;
    return VMM_OK;
}

enum vmm_status
io_dma_gen_segments(struct io_dma *dma, uint64_t *offset, struct io_dma_segment *segments,
                    uint32_t *count)
{
    enum vmm_status status = VMM_OK;
    uint32_t made = 0;
    uint64_t at;

    if (dma->active == 0)
        return VMM_IO_NOT_READY;
    if (offset == NULL || segments == NULL || count == NULL || *count == 0)
        return VMM_IO_BAD_ARGUMENT;
    at = *offset;
    if (at >= dma->length)
        return VMM_IO_OVERRUN;
    while (status == VMM_OK && made < *count && at < dma->length) {
        struct io_dma_segment run = { 0, 0 };

        status = io_dma_run(dma, at, &run);
        if (status == VMM_OK)
            status = io_dma_check_segment(dma, &run);
        if (status != VMM_OK)
            break;
        segments[made++] = run;
        at += run.length;
    }
    *count = made;
    *offset = at;
    return status;
}

/* ---- prepare, complete ---- */

/* What a device that cannot reach everything must know beforehand: every segment is looked at. */
static enum vmm_status
io_dma_preflight(struct io_dma *dma)
{
    enum vmm_status status = VMM_OK;

    if (dma->spec.address_bits == 0 || dma->spec.address_bits == 64)
        return VMM_OK;
    for (uint64_t at = 0; at < dma->length && status == VMM_OK;) {
        struct io_dma_segment run = { 0, 0 };

        status = io_dma_run(dma, at, &run);
        if (status == VMM_OK && !io_dma_is_reachable(dma, &run))
            status = VMM_IO_MESSAGE_TOO_LARGE;
        at += run.length;
    }
    return status;
}

enum vmm_status
io_dma_prepare(struct io_dma *dma, uint64_t offset, uint64_t length)
{
    uint64_t whole = dma->md == NULL ? 0 : dma->md->length;
    enum vmm_status status;

    if (dma->md == NULL)
        return VMM_IO_NOT_READY;
    if (length == 0 && offset <= whole)
        length = whole - offset;
    if (dma->active > 0) {
        if (offset != dma->offset || length != dma->length)
            return VMM_IO_NOT_READY;
        dma->active++;
        return VMM_OK;
    }
    if (offset > whole || length > whole - offset)
        return VMM_IO_OVERRUN;
    if (dma->spec.max_transfer != 0 && length > dma->spec.max_transfer)
        return VMM_IO_NO_SPACE;
    if (!io_dma_is_aligned(dma, length))
        return VMM_IO_NOT_ALIGNED;
    dma->offset = offset;
    dma->length = length;
    status = io_dma_preflight(dma);
    if (status == VMM_OK)
        dma->active = 1;
    return status;
}

/* Brings the device's bytes back where they belong, and ends the copy. */
static enum vmm_status
io_dma_end_bounce(struct io_dma *dma)
{
    uint32_t direction = io_md_direction(dma->md) & IO_DIRECTION_OUT_IN;
    uint8_t bytes[IO_COPY_BYTES];
    enum vmm_status status = VMM_OK;

    for (uint64_t at = 0; direction != IO_DIRECTION_OUT && at < dma->length && status == VMM_OK;
         at += sizeof(bytes)) {
        uint64_t run = dma->length - at < sizeof(bytes) ? dma->length - at : sizeof(bytes);
        uint64_t done;

        vm_device_read(dma->system, dma->bounce + at, bytes, run);
        status = io_md_write(dma->md, dma->offset + at, bytes, run, &done);
    }
    dma->bounce = 0;
    return status == VMM_OK ? vm_kmem_free(dma->system, dma->bounce_va, dma->length) : status;
}

enum vmm_status
io_dma_complete(struct io_dma *dma)
{
    if (dma->active == 0)
        return VMM_IO_NOT_READY;
    if (--dma->active > 0 || dma->bounce == 0)
        return VMM_OK;
    return io_dma_end_bounce(dma);
}

/* ---- a copy for the device ---- */

/* The descriptor's bytes into the copy. */
static enum vmm_status
io_dma_fill_bounce(struct io_dma *dma)
{
    uint8_t bytes[IO_COPY_BYTES];
    enum vmm_status status = VMM_OK;

    for (uint64_t at = 0; at < dma->length && status == VMM_OK; at += sizeof(bytes)) {
        uint64_t run = dma->length - at < sizeof(bytes) ? dma->length - at : sizeof(bytes);
        uint64_t done = 0;

        status = io_md_read(dma->md, dma->offset + at, bytes, run, &done);
        if (status == VMM_OK)
            status = vm_device_write(dma->system, dma->bounce + at, bytes, done);
    }
    return status;
}

static enum vmm_status
io_dma_take_bounce(struct io_dma *dma)
{
    struct vm_page_view view;
    enum vmm_status status =
        vm_kmem_alloc(dma->system, dma->length, 0, VM_KMEM_CONTIGUOUS, &dma->bounce_va);

    if (status != VMM_OK)
        return status == VMM_RESOURCE_SHORTAGE ? VMM_IO_NO_MEMORY : status;
    vm_map_probe(vm_task_map(vm_task_kernel(dma->system)), dma->bounce_va, &view);
    dma->bounce = (uint64_t)view.ppn * vm_system_page_bytes(dma->system);
    return VMM_OK;
}

enum vmm_status
io_dma_synchronize(struct io_dma *dma, uint32_t options)
{
    enum vmm_status status = VMM_OK;

    if (dma->active == 0)
        return VMM_IO_NOT_READY;
    if ((options & IO_DMA_FORCE_DOUBLE_BUFFER) && dma->bounce == 0 && dma->length > 0)
        status = io_dma_take_bounce(dma);
    if (status == VMM_OK && dma->bounce != 0 && (options & IO_DIRECTION_OUT))
        status = io_dma_fill_bounce(dma);
    return status;
}

/* ---- pages ---- */

uint64_t
io_md_dma_map_length(struct io_md *md, uint64_t *offset)
{
    uint64_t mask = io_page_mask(md);
    uint64_t pages = 0;
    uint64_t done = 0;

    *offset = 0;
    while (done < md->length) {
        uint64_t run = 0;
        uint64_t address = io_md_source_segment(md, done, &run);

        if (run == 0)
            break;
        if (run > md->length - done)
            run = md->length - done;
        if (done == 0)
            *offset = address & mask;
        pages += ((address & mask) + run + mask) / (mask + 1);
        done += run;
    }
    return pages * (mask + 1);
}
