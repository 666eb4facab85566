/*
 * mach/mach.h - the Mach VM calls by their own names, answered by the model
 *
 * PURPOSE     Code written for macOS's user-side VM calls compiles and runs on Linux. Types, constants
 *             and argument orders are those of the public 64-bit ABI; the numbers are facts of it.
 * INVARIANTS  a port that names nothing gives the code that the Mac gives
 * UNITS       addresses and sizes: bytes
 * OWNERSHIP   mach_kit_start() makes the one machine that answers (mach_kit.h)
 * ERRORS      KERN_*
 * EVENTS      none
 * XNU         osfmk/mach/mach_vm.defs, memory_entry.h, vm_region.h
 */
#ifndef KIT_MACH_MACH_H
#define KIT_MACH_MACH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int kern_return_t;
typedef int boolean_t;
typedef int integer_t;
typedef uint32_t natural_t;
typedef uint32_t mach_port_t;
typedef uint32_t mach_msg_type_number_t;
typedef mach_port_t vm_map_t, host_t, host_priv_t, ipc_space_t, mem_entry_name_port_t;
typedef uintptr_t vm_offset_t;
typedef uint64_t mach_vm_address_t, mach_vm_size_t, mach_vm_offset_t;
typedef uint64_t memory_object_size_t, memory_object_offset_t;
typedef int vm_prot_t, vm_behavior_t, vm_purgable_t;
typedef uint32_t vm_inherit_t, vm_sync_t;

enum {
    KERN_SUCCESS = 0,
    KERN_INVALID_ADDRESS = 1,
    KERN_PROTECTION_FAILURE = 2,
    KERN_NO_SPACE = 3,
    KERN_INVALID_ARGUMENT = 4,
    KERN_FAILURE = 5,
    KERN_RESOURCE_SHORTAGE = 6,
    KERN_INVALID_NAME = 15,
    KERN_INVALID_TASK = 16,
    KERN_INVALID_HOST = 22,
    KERN_INVALID_OBJECT = 29,
    MACH_SEND_INVALID_MEMORY = 0x1000000C, /* the message's own data cannot be read */
};

/* Macros, as there: programs ask #ifdef. */
#define VM_PROT_NONE 0
#define VM_PROT_READ 1
#define VM_PROT_WRITE 2
#define VM_PROT_EXECUTE 4
#define VM_PROT_DEFAULT 3
#define VM_PROT_ALL 7
#define VM_PROT_COPY 0x10
#define VM_PROT_IS_MASK 0x40

#define VM_INHERIT_SHARE 0u
#define VM_INHERIT_COPY 1u
#define VM_INHERIT_NONE 2u

#define VM_FLAGS_FIXED 0
#define VM_FLAGS_ANYWHERE 1
#define VM_FLAGS_PURGABLE 2
#define VM_FLAGS_RANDOM_ADDR 8
#define VM_FLAGS_NO_CACHE 0x10
#define VM_FLAGS_PERMANENT 0x80
#define VM_FLAGS_OVERWRITE 0x4000
#define VM_MAKE_TAG(tag) ((tag) << 24)

enum {
    VM_REGION_BASIC_INFO_64 = 9,
    VM_REGION_BASIC_INFO = 10,
    VM_REGION_TOP_INFO = 12,
    VM_REGION_EXTENDED_INFO = 13,
    VM_PAGE_INFO_BASIC = 1
};

struct vm_region_basic_info_64 {
    vm_prot_t protection, max_protection;
    vm_inherit_t inheritance;
    boolean_t shared, reserved;
    memory_object_offset_t offset;
    vm_behavior_t behavior;
    unsigned short user_wired_count;
} __attribute__((packed, aligned(4)));

#define VM_REGION_BASIC_INFO_COUNT_64 \
    ((mach_msg_type_number_t)(sizeof(struct vm_region_basic_info_64) / sizeof(int)))

struct vm_region_basic_info {
    vm_prot_t protection, max_protection;
    vm_inherit_t inheritance;
    boolean_t shared, reserved;
    uint32_t offset;
    vm_behavior_t behavior;
    unsigned short user_wired_count;
};

struct vm_region_extended_info {
    vm_prot_t protection;
    unsigned int user_tag, pages_resident, pages_shared_now_private, pages_swapped_out,
        pages_dirtied, ref_count;
    unsigned short shadow_depth;
    unsigned char external_pager, share_mode;
    unsigned int pages_reusable;
};

struct vm_region_top_info {
    unsigned int obj_id, ref_count, private_pages_resident, shared_pages_resident;
    unsigned char share_mode;
};

struct vm_region_submap_info_64 {
    vm_prot_t protection, max_protection;
    vm_inherit_t inheritance;
    memory_object_offset_t offset;
    unsigned int user_tag, pages_resident, pages_shared_now_private, pages_swapped_out,
        pages_dirtied, ref_count;
    unsigned short shadow_depth;
    unsigned char external_pager, share_mode;
    boolean_t is_submap;
    vm_behavior_t behavior;
    uint32_t object_id;
    unsigned short user_wired_count;
    unsigned int pages_reusable;
    uint64_t object_id_full;
} __attribute__((packed, aligned(4)));

struct vm_region_submap_short_info_64 {
    vm_prot_t protection, max_protection;
    vm_inherit_t inheritance;
    memory_object_offset_t offset;
    unsigned int user_tag, ref_count;
    unsigned short shadow_depth;
    unsigned char external_pager, share_mode;
    boolean_t is_submap;
    vm_behavior_t behavior;
    uint32_t object_id;
    unsigned short user_wired_count;
} __attribute__((packed, aligned(4)));

struct vm_page_info_basic {
    int disposition, ref_count;
    uint64_t object_id;
    memory_object_offset_t offset;
    int depth, pad;
};

typedef struct mach_vm_read_entry {
    mach_vm_address_t address;
    mach_vm_size_t size;
} mach_vm_read_entry_t[256];

mach_port_t mach_task_self(void);
mach_port_t mach_host_self(void);
kern_return_t host_get_host_priv_port(host_t host, host_priv_t *priv);
kern_return_t mach_port_deallocate(ipc_space_t task, mach_port_t name);

kern_return_t mach_vm_allocate(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size,
                               int flags);
kern_return_t mach_vm_deallocate(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size);
kern_return_t mach_vm_protect(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                              boolean_t set_maximum, vm_prot_t protection);
kern_return_t mach_vm_inherit(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                              vm_inherit_t inheritance);
kern_return_t mach_vm_read(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                           vm_offset_t *data, mach_msg_type_number_t *count);
kern_return_t mach_vm_read_list(vm_map_t target, mach_vm_read_entry_t list, natural_t count);
kern_return_t mach_vm_read_overwrite(vm_map_t target, mach_vm_address_t address,
                                     mach_vm_size_t size, mach_vm_address_t data,
                                     mach_vm_size_t *out_size);
kern_return_t mach_vm_write(vm_map_t target, mach_vm_address_t address, vm_offset_t data,
                            mach_msg_type_number_t count);
kern_return_t mach_vm_copy(vm_map_t target, mach_vm_address_t source, mach_vm_size_t size,
                           mach_vm_address_t destination);
kern_return_t mach_vm_msync(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                            vm_sync_t flags);
kern_return_t mach_vm_behavior_set(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size,
                                   vm_behavior_t behavior);
kern_return_t mach_vm_map(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size,
                          mach_vm_offset_t mask, int flags, mem_entry_name_port_t object,
                          memory_object_offset_t offset, boolean_t copy, vm_prot_t current,
                          vm_prot_t maximum, vm_inherit_t inheritance);
kern_return_t mach_vm_remap(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size,
                            mach_vm_offset_t mask, int flags, vm_map_t source_task,
                            mach_vm_address_t source, boolean_t copy, vm_prot_t *current,
                            vm_prot_t *maximum, vm_inherit_t inheritance);
kern_return_t mach_vm_remap_new(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size,
                                mach_vm_offset_t mask, int flags, vm_map_t source_task,
                                mach_vm_address_t source, boolean_t copy, vm_prot_t *current,
                                vm_prot_t *maximum, vm_inherit_t inheritance);
kern_return_t mach_vm_region(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t *size,
                             int flavor, int *info, mach_msg_type_number_t *count,
                             mach_port_t *object_name);
kern_return_t mach_vm_region_recurse(vm_map_t target, mach_vm_address_t *address,
                                     mach_vm_size_t *size, natural_t *depth, int *info,
                                     mach_msg_type_number_t *count);
kern_return_t mach_vm_page_query(vm_map_t target, mach_vm_address_t address, integer_t *disposition,
                                 integer_t *references);
kern_return_t mach_vm_page_range_query(vm_map_t target, mach_vm_address_t address,
                                       mach_vm_size_t size, mach_vm_address_t dispositions,
                                       mach_vm_size_t *count);
kern_return_t mach_vm_page_info(vm_map_t target, mach_vm_address_t address, int flavor, int *info,
                                mach_msg_type_number_t *count);
kern_return_t mach_vm_purgable_control(vm_map_t target, mach_vm_address_t address,
                                       vm_purgable_t control, int *state);
kern_return_t mach_vm_wire(host_priv_t host, vm_map_t target, mach_vm_address_t address,
                           mach_vm_size_t size, vm_prot_t access);
kern_return_t mach_make_memory_entry_64(vm_map_t target, memory_object_size_t *size,
                                        memory_object_offset_t offset, vm_prot_t permission,
                                        mach_port_t *entry, mem_entry_name_port_t parent);
kern_return_t mach_memory_entry_ownership(mem_entry_name_port_t entry, mach_port_t owner, int tag,
                                          int flags);

#ifdef __cplusplus
}
#endif

#endif
