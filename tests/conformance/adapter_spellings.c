/*
 * adapter_spellings.c - the vm_* spellings of the mach_vm_* calls, with pointer-sized arguments
 */
#include <oracle/base.h>

kern_return_t
vm_allocate(vm_map_t map, vm_address_t *address, vm_size_t size, int flags)
{
    mach_vm_address_t at = *address;
    kern_return_t result = mach_vm_allocate(map, &at, size, flags);

    *address = at;
    return result;
}

kern_return_t
vm_deallocate(vm_map_t map, vm_address_t address, vm_size_t size)
{
    return mach_vm_deallocate(map, address, size);
}

kern_return_t
vm_protect(vm_map_t map, vm_address_t address, vm_size_t size, boolean_t set_max, vm_prot_t prot)
{
    return mach_vm_protect(map, address, size, set_max, prot);
}

kern_return_t
vm_inherit(vm_map_t map, vm_address_t address, vm_size_t size, vm_inherit_t inheritance)
{
    return mach_vm_inherit(map, address, size, inheritance);
}

kern_return_t
vm_read(vm_map_read_t map, vm_address_t address, vm_size_t size, vm_offset_t *data,
        mach_msg_type_number_t *count)
{
    return mach_vm_read(map, address, size, data, count);
}

kern_return_t
vm_read_list(vm_map_t map, vm_read_entry_t list, natural_t count)
{
    return mach_vm_read_list(map, (struct mach_vm_read_entry *)list, count);
}

kern_return_t
vm_read_overwrite(vm_map_read_t map, vm_address_t address, vm_size_t size, vm_address_t data,
                  vm_size_t *out)
{
    mach_vm_size_t got = *out;
    kern_return_t result = mach_vm_read_overwrite(map, address, size, data, &got);

    *out = got;
    return result;
}

kern_return_t
vm_write(vm_map_t map, vm_address_t address, vm_offset_t data, mach_msg_type_number_t count)
{
    return mach_vm_write(map, address, data, count);
}

kern_return_t
vm_copy(vm_map_t map, vm_address_t source, vm_size_t size, vm_address_t target)
{
    return mach_vm_copy(map, source, size, target);
}

kern_return_t
vm_msync(vm_map_t map, vm_address_t address, vm_size_t size, vm_sync_t flags)
{
    return mach_vm_msync(map, address, size, flags);
}

kern_return_t
vm_behavior_set(vm_map_t map, vm_address_t address, vm_size_t size, vm_behavior_t behavior)
{
    return mach_vm_behavior_set(map, address, size, behavior);
}

kern_return_t
vm_map(vm_map_t map, vm_address_t *address, vm_size_t size, vm_address_t mask, int flags,
       mem_entry_name_port_t object, vm_offset_t offset, boolean_t copy, vm_prot_t cur,
       vm_prot_t max, vm_inherit_t inheritance)
{
    mach_vm_address_t at = *address;
    kern_return_t result =
        mach_vm_map(map, &at, size, mask, flags, object, offset, copy, cur, max, inheritance);

    *address = at;
    return result;
}

kern_return_t
vm_map_64(vm_map_t map, vm_address_t *address, vm_size_t size, vm_address_t mask, int flags,
          mem_entry_name_port_t object, memory_object_offset_t offset, boolean_t copy,
          vm_prot_t cur, vm_prot_t max, vm_inherit_t inheritance)
{
    return vm_map(map, address, size, mask, flags, object, offset, copy, cur, max, inheritance);
}

kern_return_t
vm_remap(vm_map_t map, vm_address_t *address, vm_size_t size, vm_address_t mask, int flags,
         vm_map_t source_map, vm_address_t source, boolean_t copy, vm_prot_t *cur, vm_prot_t *max,
         vm_inherit_t inheritance)
{
    mach_vm_address_t at = *address;
    kern_return_t result =
        mach_vm_remap(map, &at, size, mask, flags, source_map, source, copy, cur, max, inheritance);

    *address = at;
    return result;
}

kern_return_t
vm_remap_new(vm_map_t map, vm_address_t *address, vm_size_t size, vm_address_t mask, int flags,
             vm_map_read_t source_map, vm_address_t source, boolean_t copy, vm_prot_t *cur,
             vm_prot_t *max, vm_inherit_t inheritance)
{
    mach_vm_address_t at = *address;
    kern_return_t result = mach_vm_remap_new(map, &at, size, mask, flags, source_map, source, copy,
                                             cur, max, inheritance);

    *address = at;
    return result;
}

kern_return_t
vm_region_64(vm_map_read_t map, vm_address_t *address, vm_size_t *size, vm_region_flavor_t flavor,
             vm_region_info_t info, mach_msg_type_number_t *count, mach_port_t *name)
{
    mach_vm_address_t at = *address;
    mach_vm_size_t length = *size;
    kern_return_t result = mach_vm_region(map, &at, &length, flavor, info, count, name);

    *address = at;
    *size = length;
    return result;
}

kern_return_t
vm_region_recurse_64(vm_map_read_t map, vm_address_t *address, vm_size_t *size, natural_t *depth,
                     vm_region_recurse_info_64_t info, mach_msg_type_number_t *count)
{
    mach_vm_address_t at = *address;
    mach_vm_size_t length = *size;
    kern_return_t result = mach_vm_region_recurse(map, &at, &length, depth, info, count);

    *address = at;
    *size = length;
    return result;
}

kern_return_t
vm_region_recurse(vm_map_read_t map, vm_address_t *address, vm_size_t *size, natural_t *depth,
                  vm_region_recurse_info_t info, mach_msg_type_number_t *count)
{
    return vm_region_recurse_64(map, address, size, depth, info, count);
}

kern_return_t
vm_map_page_query(vm_map_t map, vm_offset_t address, integer_t *disposition, integer_t *references)
{
    return mach_vm_page_query(map, address, disposition, references);
}

kern_return_t
vm_purgable_control(vm_map_t map, vm_address_t address, vm_purgable_t control, int *state)
{
    return mach_vm_purgable_control(map, address, control, state);
}

kern_return_t
vm_wire(host_priv_t host, vm_map_t map, vm_address_t address, vm_size_t size, vm_prot_t access)
{
    return mach_vm_wire(host, map, address, size, access);
}

kern_return_t
mach_make_memory_entry(vm_map_t map, vm_size_t *size, vm_offset_t offset, vm_prot_t permission,
                       mem_entry_name_port_t *entry, mem_entry_name_port_t parent)
{
    memory_object_size_t covered = *size;
    kern_return_t result =
        mach_make_memory_entry_64(map, &covered, offset, permission, entry, parent);

    *size = covered;
    return result;
}
