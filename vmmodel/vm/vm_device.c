/* vm_device.c - see vm_device.h */
#include "vm/vm_device.h"

#include <string.h>

#include "vm/vm_internal.h"
#include "vm/vm_object.h"

struct vm_device {
    size_t count;
    struct vm_device_range *ranges;
};

/* Whether the layout has pages, all of them with a number; and how many. */
static bool
vm_device_measure(const struct vm_device_layout *layout, uint64_t *pages)
{
    *pages = 0;
    for (size_t i = 0; i < layout->count; i++) {
        const struct vm_device_range *range = &layout->ranges[i];

        if (range->first == VMM_NO_PAGE || range->pages == 0 ||
            range->pages > (uint64_t)UINT32_MAX - range->first)
            return false;
        *pages += range->pages;
    }
    return layout->count == 1 || (layout->count > 0 && layout->kind == VM_DEVICE_PAGES);
}

static struct vm_device *
vm_device_take(const struct vmm_alloc *alloc, const struct vm_device_layout *layout)
{
    struct vm_device *device = vmm_take_array(alloc, 1, sizeof(*device));

    if (device == NULL)
        return NULL;
    device->count = layout->count;
    device->ranges = vmm_take_array(alloc, layout->count, sizeof(*device->ranges));
    if (device->ranges == NULL) {
        vmm_give_array(alloc, device, 1, sizeof(*device));
        return NULL;
    }
    memcpy(device->ranges, layout->ranges, layout->count * sizeof(*device->ranges));
    return device;
}

enum vmm_status
vm_object_create_device(struct vm_system *system, const struct vm_device_layout *layout,
                        struct vm_object **object)
{
    struct vm_device *device;
    enum vmm_status status;
    uint64_t pages;

    if (!vm_device_measure(layout, &pages))
        return VMM_INVALID_ARGUMENT;
    device = vm_device_take(system->alloc, layout);
    if (device == NULL)
        return VMM_MODEL_NO_MEMORY;
    status = vm_object_create(system, pages << system->page_shift, object);
    if (status != VMM_OK) {
        vmm_give_array(system->alloc, device->ranges, device->count, sizeof(*device->ranges));
        vmm_give_array(system->alloc, device, 1, sizeof(*device));
        return status;
    }
    (*object)->device = device;
    (*object)->copy_strategy = VM_COPY_NONE;
    (*object)->true_share = true;
    if (layout->kind == VM_DEVICE_BLOCK) {
        (*object)->phys_contiguous = true;
        (*object)->first_ppn = layout->ranges[0].first;
    }
    return VMM_OK;
}

void
vm_device_free(struct vm_object *object)
{
    struct vm_device *device = object->device;
    const struct vmm_alloc *alloc = object->system->alloc;

    if (device == NULL)
        return;
    object->device = NULL;
    vmm_give_array(alloc, device->ranges, device->count, sizeof(*device->ranges));
    vmm_give_array(alloc, device, 1, sizeof(*device));
}

vmm_ppn
vm_device_frame(const struct vm_object *object, vmm_off offset)
{
    const struct vm_device *device = object->device;
    uint64_t index = offset >> object->system->page_shift;

    for (size_t i = 0; i < device->count; i++) {
        if (index < device->ranges[i].pages)
            return device->ranges[i].first + (vmm_ppn)index;
        index -= device->ranges[i].pages;
    }
    return VMM_NO_PAGE;
}

bool
vm_device_frame_is_usable(const struct vm_system *system, vmm_ppn ppn)
{
    if (ppn == VMM_NO_PAGE)
        return false;
    return hw_frame_is_device(&system->machine->frames, ppn) ||
           (hw_frame_is_in_use(&system->machine->frames, ppn) &&
            vm_page_object(vm_page_at(system, ppn)) != NULL);
}

/* The page of a physical address; VMM_NO_PAGE: beyond all that have a number. */
static vmm_ppn
vm_device_ppn(const struct vm_system *system, uint64_t address)
{
    uint64_t page = address >> system->page_shift;

    return page > UINT32_MAX ? VMM_NO_PAGE : (vmm_ppn)page;
}

void
vm_device_read(const struct vm_system *system, uint64_t address, void *to, vmm_size length)
{
    uint8_t *out = to;

    while (length > 0) {
        uint32_t run = vm_system_page_run(system, address, length);
        vmm_ppn ppn = vm_device_ppn(system, address);

        if (ppn == VMM_NO_PAGE)
            memset(out, 0, run);
        else
            hw_frame_read(&system->machine->frames, ppn,
                          (uint32_t)(address & (system->page_bytes - 1)), out, run);
        out += run;
        address += run;
        length -= run;
    }
}

enum vmm_status
vm_device_write(struct vm_system *system, uint64_t address, const void *from, vmm_size length)
{
    const uint8_t *in = from;

    while (length > 0) {
        uint32_t run = vm_system_page_run(system, address, length);
        vmm_ppn ppn = vm_device_ppn(system, address);

        if (ppn != VMM_NO_PAGE &&
            !hw_frame_write(&system->machine->frames, ppn,
                            (uint32_t)(address & (system->page_bytes - 1)), in, run))
            return VMM_MODEL_NO_MEMORY;
        in += run;
        address += run;
        length -= run;
    }
    return VMM_OK;
}

/* ---- DMA ---- */

static enum vm_device_page
vm_device_page_kind(const struct vm_system *system, vmm_ppn ppn)
{
    if (hw_frame_is_device(&system->machine->frames, ppn))
        return VM_DEVICE_HELD;
    if (!vm_device_frame_is_usable(system, ppn))
        return VM_DEVICE_NOBODYS;
    return vm_page_wire_count(vm_page_at(system, ppn)) > 0 ? VM_DEVICE_HELD : VM_DEVICE_LOOSE;
}

/* What lies at `address` on one page: at most `length` bytes. */
struct vm_device_span {
    uint32_t bytes;
    vmm_ppn ppn;
    enum vm_device_page kind;
};

static struct vm_device_span
vm_device_span(const struct vm_system *system, uint64_t address, vmm_size length)
{
    vmm_ppn ppn = vm_device_ppn(system, address);

    return (struct vm_device_span){ .bytes = vm_system_page_run(system, address, length),
                                    .ppn = ppn,
                                    .kind = vm_device_page_kind(system, ppn) };
}

static void
vm_device_announce(struct vm_system *system, uint64_t address, const struct vm_device_span *span,
                   vmm_prot prot)
{
    trace_emit(&system->trace, EV_DEVICE_ACCESS, .va = address, .length = span->bytes,
               .ppn = span->ppn, .prot = prot, .detail = span->kind);
}

void
vm_device_dma_read(struct vm_system *system, uint64_t address, void *to, vmm_size length)
{
    uint8_t *out = to;

    while (length > 0) {
        struct vm_device_span span = vm_device_span(system, address, length);

        if (span.kind != VM_DEVICE_NOBODYS && to != NULL)
            vm_device_read(system, address, out, span.bytes);
        vm_device_announce(system, address, &span, VMM_PROT_READ);
        if (out != NULL)
            out += span.bytes;
        address += span.bytes;
        length -= span.bytes;
    }
}

enum vmm_status
vm_device_dma_write(struct vm_system *system, uint64_t address, uint8_t fill, vmm_size length)
{
    uint8_t bytes[64];

    memset(bytes, fill, sizeof(bytes));
    while (length > 0) {
        struct vm_device_span span = vm_device_span(system, address, length);

        for (uint32_t at = 0; at < span.bytes && span.kind != VM_DEVICE_NOBODYS;
             at += sizeof(bytes)) {
            uint32_t part =
                span.bytes - at < sizeof(bytes) ? span.bytes - at : (uint32_t)sizeof(bytes);
            enum vmm_status status = vm_device_write(system, address + at, bytes, part);

            if (status != VMM_OK)
                return status;
        }
        vm_device_announce(system, address, &span, VMM_PROT_WRITE);
        address += span.bytes;
        length -= span.bytes;
    }
    return VMM_OK;
}
