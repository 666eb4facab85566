/* vm_kmem.c - see vm_kmem.h */
#include "vm/vm_kmem.h"

#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_submap.h"

/* One page of the allocation; *run is the next frame of a row, or VMM_NO_PAGE when any will do. */
static enum vmm_status
vm_kmem_fill_page(struct vm_object *object, vmm_off offset, vmm_ppn *run)
{
    struct vm_page *page;
    enum vmm_status status = *run == VMM_NO_PAGE ? vm_page_alloc(object, offset, &page)
                                                 : vm_page_insert(object, offset, *run, &page);

    if (*run != VMM_NO_PAGE)
        ++*run;
    if (status == VMM_OK)
        vm_page_wire(page);
    return status;
}

/* Wired pages for the whole object; with `contiguous` from frames in a row. */
static enum vmm_status
vm_kmem_fill(struct vm_object *object, bool contiguous)
{
    struct vm_system *system = object->system;
    struct hw_frames *frames = &system->machine->frames;
    vmm_ppn count =
        (vmm_ppn)(object->size >> system->page_shift) - object->guard_first - object->guard_last;
    vmm_ppn run = contiguous ? hw_frame_alloc_run(frames, count) : VMM_NO_PAGE;
    vmm_ppn end = run + count;
    enum vmm_status status = VMM_OK;

    if (contiguous && run == VMM_NO_PAGE)
        return VMM_RESOURCE_SHORTAGE;
    for (vmm_off offset = 0; offset < object->size && status == VMM_OK;
         offset += system->page_bytes) {
        if (!vm_object_is_guard(object, offset))
            status = vm_kmem_fill_page(object, offset, &run);
    }
    while (contiguous && run < end)
        hw_frame_free(frames, run++);
    return status;
}

/* Enters every page; nothing of it will fault later. */
static enum vmm_status
vm_kmem_translate(struct vm_map *map, struct vm_map_entry *entry)
{
    enum vmm_status status = VMM_OK;

    for (vmm_va va = entry->start; va < entry->end && status == VMM_OK;
         va += map->system->page_bytes) {
        struct vm_page *page = vm_page_lookup(entry->object, vm_entry_offset(entry, va));

        if (page == NULL)
            continue; /* a guard */
        status = vm_page_enter(page, map->pmap, va, entry->protection, PMAP_ENTER_WIRED);
        page->pmapped = page->wpmapped = true;
    }
    return status;
}

/* Puts the filled object into the kernel's map; the reference is used up, success or not. */
static enum vmm_status
vm_kmem_enter(struct vm_object *object, vmm_va mask, vmm_va *address)
{
    struct vm_map *map = object->system->kernel_map;
    vmm_size size = object->size;
    struct vm_map_entry *entry;
    enum vmm_status status;

    *address = map->min;
    status = vm_map_enter(map, address,
                          &(struct vm_map_enter_args){ .size = object->size,
                                                       .mask = mask,
                                                       .flags = VM_MAP_ANYWHERE,
                                                       .object = object,
                                                       .protection = VMM_PROT_DEFAULT,
                                                       .max_protection = VMM_PROT_ALL,
                                                       .inheritance = VMM_INHERIT_NONE });
    if (status != VMM_OK) {
        vm_object_release(&object);
        return status;
    }
    entry = vm_map_entry_at_or_after(map, *address);
    status = vm_kmem_translate(map, entry);
    if (status == VMM_OK)
        entry->wired_count = 1;
    else if (vm_map_delete(map, *address, *address + size) != VMM_OK)
        VMM_ASSERT(false); /* an entry that nobody wired yet */
    return status;
}

enum vmm_status
vm_kmem_alloc(struct vm_system *system, vmm_size size, vmm_va mask, uint32_t flags, vmm_va *address)
{
    vmm_size rounded = vm_map_round_page(system->kernel_map, size);
    bool guards_first = (flags & VM_KMEM_GUARD_FIRST) != 0;
    bool guards_last = (flags & VM_KMEM_GUARD_LAST) != 0;
    struct vm_object *object;
    enum vmm_status status;
    vmm_va at = 0;

    if (rounded <= ((vmm_size)guards_first + guards_last) << system->page_shift)
        return VMM_INVALID_ARGUMENT; /* nothing, guards alone, or more than there are addresses */
    if (rounded >> system->page_shift > system->frame_count)
        return VMM_RESOURCE_SHORTAGE;
    status = vm_object_create(system, rounded, &object);
    if (status != VMM_OK)
        return status;
    vm_object_share(object); /* as the kernel's own object: never copied symmetrically */
    object->guard_first = guards_first;
    object->guard_last = guards_last;
    status = vm_kmem_fill(object, (flags & VM_KMEM_CONTIGUOUS) != 0);
    if (status == VMM_OK)
        status = vm_kmem_enter(object, mask, &at);
    else
        vm_object_release(&object);
    if (status == VMM_OK)
        *address = at;
    return status == VMM_MODEL_NO_FRAME ? VMM_RESOURCE_SHORTAGE : status;
}

enum vmm_status
vm_kmem_free(struct vm_system *system, vmm_va address, vmm_size size)
{
    struct vm_map *map = system->kernel_map;

    return vm_map_remove(map, address, vm_map_round_page(map, address + size),
                         VM_MAP_REMOVE_KUNWIRE);
}

struct vm_kmem_submaps *
vm_kmem_submaps(struct vm_system *system)
{
    return &system->kernel_submaps;
}

/* What is wired in the submap is wired by the kernel's task: the faults are its own (vm.md 7.2). */
enum vmm_status
vm_kmem_suballoc(struct vm_system *system, vmm_size size)
{
    struct vm_kmem_submaps *submaps = &system->kernel_submaps;
    vmm_va at = 0;
    enum vmm_status status;

    VMM_ASSERT(submaps->count < VM_KMEM_SUBMAPS);
    status = vm_map_suballoc(system->kernel_map, &at, size, VM_MAP_ANYWHERE,
                             &submaps->maps[submaps->count]);
    if (status != VMM_OK)
        return status;
    submaps->maps[submaps->count]->task = system->kernel_task;
    submaps->hint = submaps->count++;
    return VMM_OK;
}
