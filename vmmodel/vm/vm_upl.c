/*
 * vm_upl.c - wiring source pages without any translation
 *
 * The list works on the object, not on the map: pages are made resident in the top object, each gets
 * one wire count, and their numbers are written down. Nobody's pmap learns of it.
 */
#include "vm/vm_upl.h"

#include "vm/vm_device.h"
#include "vm/vm_fault_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_memory_entry_internal.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pager.h"
#include "vm/vm_submap.h"

struct vm_upl {
    struct vm_object *object; /* one reference */
    vmm_off offset;           /* page aligned */
    uint64_t first_byte;      /* of what was asked for, from `offset` on */
    uint64_t count;
    vmm_ppn *pages;
    bool is_write; /* the device writes into the pages, as long as it has the list */
};

static void
vm_upl_free(struct vm_upl *upl)
{
    const struct vmm_alloc *alloc = upl->object->system->alloc;

    vm_object_release(&upl->object);
    vmm_give_array(alloc, upl->pages, upl->count, sizeof(*upl->pages));
    vmm_give_array(alloc, upl, 1, sizeof(*upl));
}

/* An empty list over `count` pages of the object from `offset` on; takes a reference. */
static struct vm_upl *
vm_upl_take(struct vm_object *object, vmm_off offset, uint64_t count)
{
    const struct vmm_alloc *alloc = object->system->alloc;
    struct vm_upl *upl = vmm_take_array(alloc, 1, sizeof(*upl));

    if (upl == NULL)
        return NULL;
    upl->pages = vmm_take_array(alloc, count, sizeof(*upl->pages));
    if (upl->pages == NULL) {
        vmm_give_array(alloc, upl, 1, sizeof(*upl));
        return NULL;
    }
    vm_object_reference(object);
    upl->object = object;
    upl->offset = offset;
    upl->count = count;
    return upl;
}

/*
 * A page that is still absent when nobody holds it any more has nothing to keep. What was written back
 * meanwhile may be stale: the device could write until now.
 */
static void
vm_upl_unwire(struct vm_upl *upl, uint64_t count)
{
    if (upl->object->device != NULL)
        return;
    upl->object->system->io_wires -= count;
    for (uint64_t i = 0; i < count; i++) {
        struct vm_page *page = vm_page_at(upl->object->system, upl->pages[i]);

        page->is_dirty |= upl->is_write && !page->is_absent;
        vm_page_unwire(page);
        if (page->is_absent && vm_page_wire_count(page) == 0)
            vm_page_free(page);
    }
}

/* Whether a fault at (object, offset) would be filled with zeroes. */
static bool
vm_upl_nobody_has(const struct vm_object *object, vmm_off offset)
{
    bool somebody_has = false;

    for (; object != NULL && !somebody_has; object = object->shadow) {
        somebody_has = object->pager != NULL || object->shadow_severed ||
                       vm_object_is_guard(object, offset) ||
                       vm_page_lookup(object, offset) != NULL || vm_page_slot(object, offset) != 0;
        offset += object->shadow_offset;
    }
    return !somebody_has;
}

/*
 * One page, resident in the top object and wired. What is missing comes with the intent to write,
 * even when it will only be read: it is copied up (iokit.md 2.3). A device that writes pushes the
 * old page to the copy first.
 */
static enum vmm_status
vm_upl_wire_page(struct vm_upl *upl, uint64_t index, uint32_t flags)
{
    struct vm_object *object = upl->object;
    vmm_off offset = upl->offset + (index << object->system->page_shift);
    struct vm_page *page = vm_page_lookup(object, offset);
    enum vm_fault_kind kind;
    enum vmm_status status = VMM_OK;

    if (object->device != NULL) {
        upl->pages[index] = vm_device_frame(object, offset);
        return vm_device_frame_is_usable(object->system, upl->pages[index]) ? VMM_OK
                                                                            : VMM_MEMORY_ERROR;
    }
    if (page != NULL && (page->busy || page->error)) {
        status = vm_pager_finish(page); /* the list cannot wait */
        page = vm_page_lookup(object, offset);
    }
    if (status != VMM_OK)
        return status;
    if (page == NULL && (flags & VM_UPL_NO_FAULT))
        return VMM_MEMORY_ERROR;
    if (page == NULL && (flags & VM_UPL_NO_ZERO_FILL) && vm_upl_nobody_has(object, offset)) {
        status = vm_page_alloc(object, offset, &page);
        if (status == VMM_OK)
            page->is_absent = true;
    } else if (page == NULL || (upl->is_write && object->copy != NULL))
        status = vm_fault_page(object, offset, true, &page, &kind);
    if (status != VMM_OK)
        return status;
    vm_page_wire(page);
    object->system->io_wires++;
    page->is_dirty |= upl->is_write;
    upl->pages[index] = vm_page_ppn(page);
    return VMM_OK;
}

/* vm_object_iopl_request(): all pages or none. */
static enum vmm_status
vm_upl_wire(struct vm_upl *upl, uint32_t flags)
{
    struct vm_system *system = upl->object->system;

    for (uint64_t i = 0; i < upl->count; i++) {
        enum vmm_status status = vm_upl_wire_page(upl, i, flags);

        if (status != VMM_OK) {
            vm_upl_unwire(upl, i);
            return status;
        }
    }
    trace_emit(&system->trace, EV_UPL_WIRE, .object = upl->object->id, .va = upl->offset,
               .length = upl->count << system->page_shift);
    return VMM_OK;
}

static enum vmm_status
vm_upl_make(struct vm_object *object, vmm_off offset, vmm_size size, uint32_t flags,
            struct vm_upl **made)
{
    vmm_off start = vm_object_trunc_page(object, offset);
    struct vm_upl *upl = vm_upl_take(
        object, start, vm_object_span(object, offset, size) >> object->system->page_shift);
    enum vmm_status status;

    if (upl == NULL)
        return VMM_MODEL_NO_MEMORY;
    upl->first_byte = offset - start;
    upl->is_write = !(flags & VM_UPL_COPYOUT_FROM);
    status = vm_upl_wire(upl, flags);
    if (status != VMM_OK)
        vm_upl_free(upl);
    else
        *made = upl;
    return status;
}

enum vmm_status
vm_upl_create(struct vm_map *map, vmm_va address, vmm_size *size, uint32_t flags,
              struct vm_upl **upl)
{
    vmm_va start = vm_map_trunc_page(map, address);
    vmm_size most = *size < VM_UPL_MAX_BYTES ? *size : VM_UPL_MAX_BYTES;
    vmm_prot access = flags & VM_UPL_COPYOUT_FROM ? VMM_PROT_NONE : VMM_PROT_WRITE;
    struct vm_map_entry *entry;
    struct vm_place place;
    enum vmm_status status = vm_map_lookup_for(map, start, access, &place);

    if (status != VMM_OK)
        return status == VMM_INVALID_ADDRESS ? VMM_FAILURE : status;
    entry = place.entry;
    status = vm_fault_materialise(entry, map->system);
    if (status != VMM_OK)
        return status;
    vm_object_share(entry->object); /* iokit.md 2.3: delayed copy and true_share from here on */
    most = most < place.end - address ? most : place.end - address;
    status = vm_upl_make(entry->object, vm_entry_offset(entry, place.address) + (address - start),
                         most, flags, upl);
    if (status == VMM_OK)
        *size = most;
    return vm_fault_result(map, start, status);
}

enum vmm_status
vm_upl_create_from_entry(struct vm_memory_entry *entry, vmm_off offset, vmm_size *size,
                         uint32_t flags, struct vm_upl **upl)
{
    vmm_off object_offset;
    struct vm_object *object = vm_memory_entry_object(entry, offset, &object_offset);
    vmm_size rest = vm_memory_entry_size(entry) - offset;
    vmm_size covered = *size < rest ? *size : rest;
    enum vmm_status status;

    if (!(flags & VM_UPL_COPYOUT_FROM) && !(vm_memory_entry_prot(entry) & VMM_PROT_WRITE))
        return VMM_INVALID_RIGHT;
    status = vm_upl_make(object, object_offset, covered, flags, upl);
    if (status == VMM_OK)
        *size = covered;
    return vm_fault_result(object->system->kernel_map, 0, status);
}

void
vm_upl_set_valid(struct vm_upl *upl)
{
    if (upl->object->device != NULL)
        return;
    for (uint64_t i = 0; i < upl->count; i++) {
        struct vm_page *page = vm_page_at(upl->object->system, upl->pages[i]);

        page->is_dirty |= page->is_absent;
        page->is_absent = false;
    }
}

void
vm_upl_commit(struct vm_upl **upl)
{
    struct vm_upl *gone = *upl;

    *upl = NULL;
    vm_upl_unwire(gone, gone->count);
    vm_upl_free(gone);
}

uint64_t
vm_upl_first_byte(const struct vm_upl *upl)
{
    return upl->first_byte;
}

uint64_t
vm_upl_page_count(const struct vm_upl *upl)
{
    return upl->count;
}

vmm_ppn
vm_upl_page(const struct vm_upl *upl, uint64_t index)
{
    VMM_ASSERT(index < upl->count);
    return upl->pages[index];
}

void
vm_upl_read(const struct vm_upl *upl, uint64_t offset, void *to, uint64_t length)
{
    struct vm_system *system = upl->object->system;
    uint8_t *out = to;

    while (length > 0) {
        uint32_t run = vm_system_page_run(system, offset, length);

        hw_frame_read(&system->machine->frames, vm_upl_page(upl, offset >> system->page_shift),
                      (uint32_t)(offset & (system->page_bytes - 1)), out, run);
        out += run;
        offset += run;
        length -= run;
    }
}

enum vmm_status
vm_upl_write(struct vm_upl *upl, uint64_t offset, const void *from, uint64_t length)
{
    struct vm_system *system = upl->object->system;
    const uint8_t *in = from;

    while (length > 0) {
        uint32_t run = vm_system_page_run(system, offset, length);

        if (!hw_frame_write(&system->machine->frames,
                            vm_upl_page(upl, offset >> system->page_shift),
                            (uint32_t)(offset & (system->page_bytes - 1)), in, run))
            return VMM_MODEL_NO_MEMORY;
        in += run;
        offset += run;
        length -= run;
    }
    return VMM_OK;
}
