/*
 * mach_vm.c - mach/mach.h: each call looks its ports up and passes on
 *
 * What a pointer of the caller's names may be simulated memory itself, and then touching it is a
 * fault that the model serves. So a call reads what comes in before it enters the model, and stores
 * what goes out after it left.
 */
#include <mach/mach.h>

#include <string.h>

#include "mach_host.h"
#include "mach_kit.h"
#include "mach_ports.h"
#include "vm/vm_user.h"

mach_port_t
mach_task_self(void)
{
    return mach_port_of_task(mach_kit_task());
}

mach_port_t
mach_host_self(void)
{
    return MACH_PORT_OF_HOST;
}

kern_return_t
host_get_host_priv_port(host_t host, host_priv_t *priv)
{
    if (host != MACH_PORT_OF_HOST && host != MACH_PORT_OF_HOST_PRIV)
        return KERN_INVALID_HOST;
    *priv = MACH_PORT_OF_HOST_PRIV;
    return KERN_SUCCESS;
}

/* The map a call is about; NULL is the caller's KERN_INVALID_ARGUMENT or another code. */
static struct vm_map *
map_of(vm_map_t port)
{
    return mach_map_of_port(port);
}

kern_return_t
mach_port_deallocate(ipc_space_t task, mach_port_t name)
{
    if (map_of(task) == NULL)
        return KERN_INVALID_TASK;
    if (mach_port_release_entry(name))
        return KERN_SUCCESS;
    /* tasks and hosts are known for as long as they live */
    return map_of(name) != NULL || name == MACH_PORT_OF_HOST || name == MACH_PORT_OF_HOST_PRIV
               ? KERN_SUCCESS
               : KERN_INVALID_NAME;
}

static struct vm_map *
own_map(void)
{
    return vm_task_map(mach_kit_task());
}

kern_return_t
mach_vm_allocate(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size, int flags)
{
    struct vm_map *map = map_of(target);
    vmm_va at = *address;
    enum vmm_status status = VMM_INVALID_ARGUMENT;

    if (map != NULL)
        status = vm_allocate(map, &at, size, (uint32_t)flags);
    if (status == VMM_OK)
        *address = at;
    return (kern_return_t)status;
}

kern_return_t
mach_vm_deallocate(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size)
{
    struct vm_map *map = map_of(target);

    return map == NULL ? KERN_INVALID_ARGUMENT : (kern_return_t)vm_deallocate(map, address, size);
}

kern_return_t
mach_vm_protect(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                boolean_t set_maximum, vm_prot_t protection)
{
    struct vm_map *map = map_of(target);

    return map == NULL ? KERN_INVALID_ARGUMENT
                       : (kern_return_t)vm_protect(map, address, size, set_maximum != 0,
                                                   (vmm_prot)protection);
}

kern_return_t
mach_vm_inherit(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                vm_inherit_t inheritance)
{
    struct vm_map *map = map_of(target);

    return map == NULL ? KERN_INVALID_ARGUMENT
                       : (kern_return_t)vm_inherit(map, address, size, inheritance);
}

kern_return_t
mach_vm_wire(host_priv_t host, vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
             vm_prot_t access)
{
    struct vm_map *map = map_of(target);

    if (host != MACH_PORT_OF_HOST_PRIV)
        return KERN_INVALID_HOST;
    return map == NULL ? KERN_INVALID_TASK
                       : (kern_return_t)vm_wire(map, address, size, (vmm_prot)access);
}

kern_return_t
mach_vm_behavior_set(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                     vm_behavior_t behavior)
{
    struct vm_map *map = map_of(target);

    return map == NULL ? KERN_INVALID_ARGUMENT
                       : (kern_return_t)vm_behavior_set(map, address, size, (uint32_t)behavior);
}

kern_return_t
mach_vm_msync(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size, vm_sync_t flags)
{
    struct vm_map *map = map_of(target);

    return map == NULL ? KERN_INVALID_TASK : (kern_return_t)vm_msync(map, address, size, flags);
}

/* ---- data ---- */

kern_return_t
mach_vm_read(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size, vm_offset_t *data,
             mach_msg_type_number_t *count)
{
    struct vm_map *map = map_of(target);
    vmm_va at;
    enum vmm_status status;

    if (map == NULL)
        return KERN_INVALID_ARGUMENT;
    status = vm_read(map, address, size, own_map(), &at);
    if (status == VMM_OK) {
        *data = at;
        *count = (mach_msg_type_number_t)size;
    }
    return (kern_return_t)status;
}

kern_return_t
mach_vm_read_list(vm_map_t target, mach_vm_read_entry_t list, natural_t count)
{
    kern_return_t result = KERN_SUCCESS;

    if (map_of(target) == NULL || count > 256)
        return KERN_INVALID_ARGUMENT;
    for (natural_t i = 0; i < count; i++) {
        mach_msg_type_number_t got;
        vm_offset_t data = 0;
        bool is_read = false;

        if (list[i].size > 0) { /* one that fails does not end the list */
            result = mach_vm_read(target, list[i].address, list[i].size, &data, &got);
            is_read = result == KERN_SUCCESS;
        }
        list[i].address = is_read ? data : 0;
        list[i].size = is_read ? list[i].size : 0;
    }
    return result;
}

kern_return_t
mach_vm_read_overwrite(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                       mach_vm_address_t data, mach_vm_size_t *out_size)
{
    struct vm_map *map = map_of(target);
    struct mach_buffer buffer;
    enum vmm_status status;
    enum vmm_status closed;

    if (map == NULL)
        return KERN_INVALID_ARGUMENT;
    status = mach_buffer_open(&buffer, data, size, false);
    if (status == VMM_OK)
        status = vm_read_overwrite(map, address, size, buffer.map, buffer.va);
    closed = mach_buffer_close(&buffer, status == VMM_OK);
    if (status == VMM_OK)
        status = closed;
    if (status == VMM_OK)
        *out_size = size;
    return (kern_return_t)status;
}

/* Whether the program itself can read its bytes, so that a message can carry them. */
static bool
may_read(const struct mach_buffer *buffer, mach_msg_type_number_t count)
{
    struct vm_region region;
    vmm_va at = buffer->va;

    while (at < buffer->va + count) {
        if (!vm_map_region(buffer->map, at, &region) || region.start > at ||
            !(region.protection & VMM_PROT_READ))
            return false;
        at = region.end;
    }
    return true;
}

kern_return_t
mach_vm_write(vm_map_t target, mach_vm_address_t address, vm_offset_t data,
              mach_msg_type_number_t count)
{
    struct vm_map *map = map_of(target);
    kern_return_t result = MACH_SEND_INVALID_MEMORY; /* the message is not even sent */
    struct mach_buffer buffer;
    enum vmm_status closed;

    if (map == NULL)
        return KERN_INVALID_ARGUMENT;
    if (mach_buffer_open(&buffer, data, count, true) == VMM_OK && may_read(&buffer, count))
        result = (kern_return_t)vm_write(map, address, buffer.map, buffer.va, count);
    closed = mach_buffer_close(&buffer, false);
    return result == KERN_SUCCESS ? (kern_return_t)closed : result;
}

kern_return_t
mach_vm_copy(vm_map_t target, mach_vm_address_t source, mach_vm_size_t size,
             mach_vm_address_t destination)
{
    struct vm_map *map = map_of(target);

    return map == NULL ? KERN_INVALID_ARGUMENT
                       : (kern_return_t)vm_copy(map, source, size, destination);
}

/* ---- map, remap, memory entries ---- */

kern_return_t
mach_vm_map(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size, mach_vm_offset_t mask,
            int flags, mem_entry_name_port_t object, memory_object_offset_t offset, boolean_t copy,
            vm_prot_t current, vm_prot_t maximum, vm_inherit_t inheritance)
{
    struct vm_map *map = map_of(target);
    struct vm_map_call call = { .size = size,
                                .mask = mask,
                                .flags = (uint32_t)flags,
                                .entry = mach_entry_of_port(object),
                                .offset = offset,
                                .copy = copy != 0,
                                .protection = (vmm_prot)current,
                                .max_protection = (vmm_prot)maximum,
                                .inheritance = inheritance };

    vmm_va at = *address;
    enum vmm_status status;

    if (map == NULL)
        return KERN_INVALID_ARGUMENT;
    if (object != 0 && call.entry == NULL)
        return KERN_INVALID_OBJECT;
    status = vm_map_call(map, &at, &call);
    if (status == VMM_OK)
        *address = at;
    return (kern_return_t)status;
}

static kern_return_t
remap(vm_map_t target, mach_vm_address_t *address, const struct vm_remap_call *call,
      vm_prot_t *current, vm_prot_t *maximum)
{
    struct vm_map *map = map_of(target);
    vmm_prot rights = (vmm_prot)*current;
    vmm_prot most = (vmm_prot)*maximum;
    vmm_va at = *address;
    enum vmm_status status;

    if (map == NULL || call->source_map == NULL)
        return KERN_INVALID_ARGUMENT;
    status = vm_remap(map, &at, call, &rights, &most);
    if (status == VMM_OK) {
        *address = at;
        *current = (vm_prot_t)rights;
        *maximum = (vm_prot_t)most;
    }
    return (kern_return_t)status;
}

kern_return_t
mach_vm_remap(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size,
              mach_vm_offset_t mask, int flags, vm_map_t source_task, mach_vm_address_t source,
              boolean_t copy, vm_prot_t *current, vm_prot_t *maximum, vm_inherit_t inheritance)
{
    struct vm_remap_call call = { size,   mask,      (uint32_t)flags, map_of(source_task),
                                  source, copy != 0, inheritance,     false };

    return remap(target, address, &call, current, maximum);
}

kern_return_t
mach_vm_remap_new(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size,
                  mach_vm_offset_t mask, int flags, vm_map_t source_task, mach_vm_address_t source,
                  boolean_t copy, vm_prot_t *current, vm_prot_t *maximum, vm_inherit_t inheritance)
{
    struct vm_remap_call call = { .size = size,
                                  .mask = mask,
                                  .flags = (uint32_t)flags | VM_MAP_RETURN_DATA_ADDR,
                                  .source_map = map_of(source_task),
                                  .source = source,
                                  .copy = copy != 0,
                                  .inheritance = inheritance,
                                  .is_new = true };

    return remap(target, address, &call, current, maximum);
}

kern_return_t
mach_make_memory_entry_64(vm_map_t target, memory_object_size_t *size,
                          memory_object_offset_t offset, vm_prot_t permission, mach_port_t *entry,
                          mem_entry_name_port_t parent)
{
    struct vm_memory_entry *made = NULL;
    vmm_size covered = *size;
    enum vmm_status status = vm_make_memory_entry(
        map_of(target), &covered, offset, (uint32_t)permission, mach_entry_of_port(parent), &made);
    mach_port_t port;

    if (status != VMM_OK)
        return (kern_return_t)status;
    port = mach_port_of_entry(made);
    if (port == 0)
        vm_memory_entry_release(&made);
    *size = covered;
    *entry = port;
    return port == 0 ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

kern_return_t
mach_memory_entry_ownership(mem_entry_name_port_t entry, mach_port_t owner, int tag, int flags)
{
    if (mach_entry_of_port(entry) == NULL || tag < -1 || tag > 5 || (flags & ~7) != 0)
        return KERN_INVALID_ARGUMENT;
    return owner == 0 || map_of(owner) != NULL ? KERN_SUCCESS : KERN_INVALID_ARGUMENT;
}

kern_return_t
mach_vm_purgable_control(vm_map_t target, mach_vm_address_t address, vm_purgable_t control,
                         int *state)
{
    struct vm_map *map = map_of(target);
    int word = *state;
    enum vmm_status status = VMM_INVALID_ARGUMENT;

    if (map != NULL)
        status = vm_purgable_control(map, address, (uint32_t)control, &word);
    if (status == VMM_OK)
        *state = word;
    return (kern_return_t)status;
}

/* ---- looking ---- */

#define WORDS(type) ((mach_msg_type_number_t)(sizeof(type) / sizeof(natural_t)))

static void
basic_64(const struct vm_map *map, const struct vm_region *region, int *info)
{
    struct vm_region_basic_info_64 basic = {
        .protection = (vm_prot_t)region->protection,
        .max_protection = (vm_prot_t)region->max_protection,
        .inheritance = region->inheritance,
        .shared = region->is_shared,
        .reserved = region->is_submap,
        .offset = region->offset,
        .behavior = (vm_behavior_t)region->behavior,
        .user_wired_count = (unsigned short)region->user_wired_count,
    };

    (void)map;
    memcpy(info, &basic, sizeof(basic));
}

static void
extended(const struct vm_map *map, const struct vm_region *region, int *info)
{
    struct vm_region_extended_info answer;
    struct vm_region_pages pages;

    (void)vm_map_region_pages(map, region->start, true, &pages);
    answer = (struct vm_region_extended_info){
        .protection = (vm_prot_t)region->protection,
        .user_tag = region->tag,
        .pages_resident = (unsigned)pages.resident,
        .pages_shared_now_private = (unsigned)pages.shared_now_private,
        .pages_swapped_out = (unsigned)pages.swapped_out,
        .pages_dirtied = (unsigned)pages.dirty,
        .ref_count = pages.reference_count,
        .shadow_depth = (unsigned short)pages.shadow_depth,
        .external_pager = pages.external_pager,
        .share_mode = (unsigned char)pages.share_mode,
        .pages_reusable = (unsigned)pages.reusable,
    };

    memcpy(info, &answer, sizeof(answer));
}

static void
top(const struct vm_map *map, const struct vm_region *region, int *info)
{
    struct vm_region_top found;
    struct vm_region_top_info answer;

    (void)vm_map_region_top(map, region->start, &found);
    answer = (struct vm_region_top_info){
        .obj_id = found.object_id,
        .ref_count = found.reference_count,
        .private_pages_resident = (unsigned)found.private_pages,
        .shared_pages_resident = (unsigned)found.shared_pages,
        .share_mode = (unsigned char)found.share_mode,
    };
    memcpy(info, &answer, sizeof(answer));
}

kern_return_t
mach_vm_region(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t *size, int flavor,
               int *info, mach_msg_type_number_t *count, mach_port_t *object_name)
{
    static const struct {
        int flavor;
        mach_msg_type_number_t words;
        void (*fill)(const struct vm_map *, const struct vm_region *, int *);
    } flavors[] = {
        { VM_REGION_BASIC_INFO_64, WORDS(struct vm_region_basic_info_64), basic_64 },
        { VM_REGION_EXTENDED_INFO, WORDS(struct vm_region_extended_info), extended },
        { VM_REGION_TOP_INFO, WORDS(struct vm_region_top_info), top },
    };
    const struct vm_map *map = map_of(target);
    struct vm_region region;

    if (flavor == VM_REGION_BASIC_INFO)
        flavor = VM_REGION_BASIC_INFO_64; /* a 64-bit program's call knows no other */
    for (size_t i = 0; map != NULL && i < VMM_COUNT_OF(flavors); i++) {
        if (flavors[i].flavor != flavor || *count < flavors[i].words)
            continue;
        if (!vm_map_region(map, *address, &region))
            return KERN_INVALID_ADDRESS;
        *address = region.start;
        *size = region.end - region.start;
        flavors[i].fill(map, &region, info);
        *count = flavors[i].words;
        if (object_name != NULL)
            *object_name = 0;
        return KERN_SUCCESS;
    }
    return KERN_INVALID_ARGUMENT;
}

static void
submap_short(const struct vm_region *region, const struct vm_region_pages *pages, int *info)
{
    struct vm_region_submap_short_info_64 answer = {
        .protection = (vm_prot_t)region->protection,
        .max_protection = (vm_prot_t)region->max_protection,
        .inheritance = region->inheritance,
        .offset = region->offset,
        .user_tag = region->tag,
        .ref_count = pages->reference_count,
        .shadow_depth = (unsigned short)pages->shadow_depth,
        .external_pager = pages->external_pager,
        .share_mode = (unsigned char)pages->share_mode,
        .is_submap = region->is_submap,
        .behavior = (vm_behavior_t)region->behavior,
        .object_id = region->object_id,
        .user_wired_count = (unsigned short)region->user_wired_count,
    };

    memcpy(info, &answer, sizeof(answer));
}

static void
submap_long(const struct vm_region *region, const struct vm_region_pages *pages, int *info,
            mach_msg_type_number_t words)
{
    struct vm_region_submap_info_64 answer = {
        .protection = (vm_prot_t)region->protection,
        .max_protection = (vm_prot_t)region->max_protection,
        .inheritance = region->inheritance,
        .offset = region->offset,
        .user_tag = region->tag,
        .pages_resident = (unsigned)pages->resident,
        .pages_shared_now_private = (unsigned)pages->shared_now_private,
        .pages_swapped_out = (unsigned)pages->swapped_out,
        .pages_dirtied = (unsigned)pages->dirty,
        .ref_count = pages->reference_count,
        .shadow_depth = (unsigned short)pages->shadow_depth,
        .external_pager = pages->external_pager,
        .share_mode = (unsigned char)pages->share_mode,
        .is_submap = region->is_submap,
        .behavior = (vm_behavior_t)region->behavior,
        .object_id = region->object_id,
        .user_wired_count = (unsigned short)region->user_wired_count,
        .pages_reusable = (unsigned)pages->reusable,
        .object_id_full = region->object_id,
    };

    memcpy(info, &answer, words * sizeof(natural_t));
}

kern_return_t
mach_vm_region_recurse(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t *size,
                       natural_t *depth, int *info, mach_msg_type_number_t *count)
{
    mach_msg_type_number_t whole = WORDS(struct vm_region_submap_info_64);
    mach_msg_type_number_t small = WORDS(struct vm_region_submap_short_info_64);
    const struct vm_map *map = map_of(target);
    bool is_short = *count < whole - 3;
    struct vm_region region;
    struct vm_region_pages pages;

    if (map == NULL || *count < small)
        return KERN_INVALID_ARGUMENT;
    if (!vm_map_region_recurse(map, *address, depth, &region))
        return KERN_INVALID_ADDRESS;
    (void)vm_map_region_pages_below(map, region.start, *depth, !is_short, &pages);
    *address = region.start;
    *size = region.end - region.start;
    if (is_short)
        submap_short(&region, &pages, info);
    else
        submap_long(&region, &pages, info, *count < whole ? *count : whole);
    *count = is_short ? small : *count < whole ? *count : whole;
    return KERN_SUCCESS;
}

kern_return_t
mach_vm_page_query(vm_map_t target, mach_vm_address_t address, integer_t *disposition,
                   integer_t *references)
{
    struct vm_map *map = map_of(target);
    int found;
    int known;
    enum vmm_status status = VMM_INVALID_ARGUMENT;

    if (map != NULL)
        status = vm_page_query(map, address, &found, &known);
    if (status == VMM_OK) {
        *disposition = found;
        *references = known;
    }
    return (kern_return_t)status;
}

kern_return_t
mach_vm_page_range_query(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                         mach_vm_address_t dispositions, mach_vm_size_t *count)
{
    struct vm_map *map = map_of(target);
    vmm_size page_bytes = vm_system_page_bytes(mach_kit_system());
    mach_vm_size_t pages = *count;
    mach_vm_address_t end;

    if (map == NULL)
        return KERN_INVALID_ARGUMENT;
    end = vm_map_round_page(map, address + size);
    address = vm_map_trunc_page(map, address);
    if (end < address || end - address < size)
        return KERN_INVALID_ARGUMENT;
    if (end == address || pages == 0)
        return KERN_SUCCESS;
    if (pages > (end - address) / page_bytes)
        pages = (end - address) / page_bytes;
    for (mach_vm_size_t i = 0; i < pages; i++) {
        int found = 0;
        int references;

        (void)(vm_page_query(map, address + i * page_bytes, &found, &references) == VMM_OK);
        if (mach_host_copyout(dispositions + i * sizeof(int), &found, sizeof(found)) != VMM_OK)
            return KERN_INVALID_ADDRESS;
    }
    *count = pages;
    return KERN_SUCCESS;
}

kern_return_t
mach_vm_page_info(vm_map_t target, mach_vm_address_t address, int flavor, int *info,
                  mach_msg_type_number_t *count)
{
    struct vm_map *map = map_of(target);
    struct vm_page_info_basic answer = { 0 };
    struct vm_region region;

    /* one word less is what programs of old passed */
    if (map == NULL || flavor != VM_PAGE_INFO_BASIC ||
        (*count != WORDS(struct vm_page_info_basic) &&
         *count != WORDS(struct vm_page_info_basic) - 1))
        return KERN_INVALID_ARGUMENT;
    if (vm_page_query(map, address, &answer.disposition, &answer.ref_count) == VMM_OK &&
        vm_map_region(map, address, &region) && region.start <= address) {
        answer.object_id = region.object_id;
        answer.offset = region.offset + (address - region.start);
    }
    memcpy(info, &answer, *count * sizeof(natural_t));
    return KERN_SUCCESS;
}
