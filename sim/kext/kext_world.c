/*
 * kext_world.c - vmk_sim.h and the few questions to the model's kernel, answered where there is neither
 *
 * The runner asks them for every backend. A real kernel can run the caller's code (copyin, copyout), touch its
 * own mappings inside a section, and take the caller's memory for a scenario's buffers. The rest is
 * KEXT_UNSUPPORTED, or nothing seen: VMK_CAP_OBSERVE is not there, so the runner compares none of it.
 *
 * A section is entered around each access, not where the scenario opens it: the runner in between takes
 * memory, which may sleep.
 */
#include "kext/kext.h"

#include "core/scn.h"

enum { KEXT_PIECE = 256 };

struct vm_system {
    struct trace trace;
    struct vm_stop stop;
};

struct vmk_world {
    struct vm_system system;
    vmk_task_t task; /* the scenario's one task: the caller */
    uint64_t arena_used;
    vmk_return_t hidden;
    uint32_t sections[VM_MUTEX + 1]; /* how many of each kind the scenario is in */
};

static struct vmk_world kext_world;

/* ---- the world ---- */

vmk_world_t
vmk_sim_create(const struct vmk_sim_config *config)
{
    (void)config;
    kext_world = (struct vmk_world){ .arena_used = 0 };
    trace_init(&kext_world.system.trace);
    kext_table_clear();
    return &kext_world;
}

void
vmk_sim_destroy(vmk_world_t world)
{
    (void)world;
    kext_undo();
}

vmk_world_t
vmk_sim_make_current(vmk_world_t world)
{
    (void)world;
    return NULL;
}

struct vm_system *
vmk_sim_system(void)
{
    return &kext_world.system;
}

struct trace *
vm_system_trace(struct vm_system *system)
{
    return &system->trace;
}

const struct vm_stop *
vm_system_stop(const struct vm_system *system)
{
    return &system->stop; /* a kernel that stopped answers nobody */
}

vmm_size
vm_system_page_bytes(const struct vm_system *system)
{
    (void)system;
    return KEXT_PAGE;
}

void
vm_system_statistics(const struct vm_system *system, struct vm_statistics *statistics)
{
    (void)system;
    *statistics = (struct vm_statistics){ 0 };
}

void
vm_system_access_counts(const struct vm_system *system, struct vm_access_counts *counts)
{
    (void)system;
    *counts = (struct vm_access_counts){ 0 };
}

/* A real kernel's calls fail when they do. */
void
vm_system_set_injector(struct vm_system *system, struct vmm_injector *injector)
{
    (void)system;
    (void)injector;
}

/* Nobody watches a real TLB. */
void
vm_system_watch_tlbs(struct vm_system *system, bool watches)
{
    (void)system;
    (void)watches;
}

/* ---- addresses as numbers: here pointers are as long as the kernel's ---- */

uint64_t
vmk_sim_alloc(uint64_t length, uint64_t alignment)
{
    return (uint64_t)(uintptr_t)vmk_alloc(length, alignment);
}

uint64_t
vmk_sim_alloc_pageable(uint64_t length, uint64_t alignment)
{
    return (uint64_t)(uintptr_t)vmk_alloc_pageable(length, alignment);
}

uint64_t
vmk_sim_desc_bytes(vmk_desc_t d)
{
    return (uint64_t)(uintptr_t)vmk_desc_bytes(d);
}

const char *
vmk_sim_check(void)
{
    return NULL;
}

/* ---- tasks and their memory ---- */

vmk_task_t
vmk_sim_task_create(void)
{
    kext_world.hidden = KEXT_UNSUPPORTED;
    if (kext_world.task != NULL)
        return NULL; /* there is one caller */
    kext_world.task = vmk_current_task();
    return kext_world.task;
}

vmk_task_t
vmk_sim_task_create_small(void)
{
    kext_world.hidden = KEXT_UNSUPPORTED; /* the caller's pages are what they are */
    return NULL;
}

uint64_t
vmk_sim_page_bytes(vmk_task_t task)
{
    (void)task;
    return KEXT_PAGE;
}

vmk_task_t
vmk_sim_task_fork(vmk_task_t parent)
{
    (void)parent;
    kext_world.hidden = KEXT_UNSUPPORTED;
    return NULL;
}

/* Not a map of any kind; vm_allocate() and vm_protect() below know whose it stands for. */
struct vm_map *
vmk_sim_task_map(vmk_task_t task)
{
    return task != NULL && task == kext_world.task ? (struct vm_map *)&kext_world : NULL;
}

vmk_return_t
vmk_sim_task_terminate(vmk_task_t task)
{
    (void)task;
    return KEXT_UNSUPPORTED;
}

void
vmk_sim_task_switch(vmk_task_t task)
{
    (void)task;
}

uint32_t
vmk_sim_task_id(vmk_task_t task)
{
    return task == vmk_kernel_task() ? 0 : 1;
}

vmk_task_t
vmk_sim_task_by_id(uint32_t id)
{
    return id == 1 ? kext_world.task : NULL;
}

void
vmk_sim_set_cpu(uint32_t cpu)
{
    (void)cpu;
}

/*
 * The runner calls the model's vm_allocate(), whose name the kernel has too; ours is hidden in the kext, so
 * the linker never meets the kernel's. The next part of what the caller set aside.
 */
enum vmm_status
vm_allocate(struct vm_map *map, vmm_va *address, vmm_size length, uint32_t flags)
{
    const struct kext_request *request = kext_run_now();
    uint64_t left = request->arena_length - kext_world.arena_used;
    uint64_t pages = length / KEXT_PAGE + (length % KEXT_PAGE != 0);

    if (map == NULL || flags != VM_MAP_ANYWHERE)
        return VMM_IO_UNSUPPORTED;
    if (length == 0 || pages > left / KEXT_PAGE)
        return VMM_NO_SPACE;
    *address = request->arena + kext_world.arena_used;
    kext_world.arena_used += pages * KEXT_PAGE;
    return VMM_OK;
}

vmk_return_t
vmk_sim_deallocate(vmk_task_t task, uint64_t address, uint64_t length)
{
    (void)task, (void)address, (void)length;
    return KEXT_UNSUPPORTED;
}

enum vmm_status
vm_protect(struct vm_map *map, vmm_va address, vmm_size length, bool is_maximum, vmm_prot prot)
{
    (void)map, (void)address, (void)length, (void)is_maximum, (void)prot;
    return VMM_IO_UNSUPPORTED;
}

vmk_return_t
vmk_sim_user_wire(vmk_task_t task, uint64_t address, uint64_t length, uint32_t access)
{
    (void)task, (void)address, (void)length, (void)access;
    return KEXT_UNSUPPORTED;
}

vmk_return_t
vmk_sim_user_unwire(vmk_task_t task, uint64_t address, uint64_t length)
{
    (void)task, (void)address, (void)length;
    return KEXT_UNSUPPORTED;
}

/* ---- sections ---- */

void
vmk_sim_enter(enum vm_no_fault kind)
{
    kext_world.sections[kind]++;
}

void
vmk_sim_leave(enum vm_no_fault kind)
{
    if (kext_world.sections[kind] > 0)
        kext_world.sections[kind]--;
}

void
kext_mark_spin_lock(bool is_taken)
{
    if (is_taken)
        vmk_sim_enter(VM_SPIN_LOCK);
    else
        vmk_sim_leave(VM_SPIN_LOCK);
}

/* What an access must be wrapped in; false: nothing here can stand in for it. */
static bool
kext_section_now(enum kext_section *section)
{
    const uint32_t *in = kext_world.sections;

    *section = KEXT_OPEN_SECTION;
    if (in[VM_INTERRUPTS_OFF] > 0)
        *section = KEXT_INTERRUPTS_SECTION;
    if (in[VM_PREEMPTION_OFF] > 0 || in[VM_SPIN_LOCK] > 0)
        *section = KEXT_SPIN_SECTION;
    return in[VM_INTERRUPT] == 0 && in[VM_FAULT_DISABLED] == 0;
}

/* ---- accesses ---- */

struct kext_access {
    bool is_kernel;
    bool is_store;
    enum kext_section section;
};

static vmk_return_t
kext_access_begin(struct kext_access *access, vmk_task_t task, uint64_t address, uint64_t length)
{
    bool may_panic = (kext_run_now()->flags & KEXT_MAY_PANIC) != 0;

    access->is_kernel = task == vmk_kernel_task();
    if (!access->is_kernel)
        return task == kext_world.task ? 0 : KEXT_UNSUPPORTED;
    if (!kext_section_now(&access->section))
        return KEXT_UNSUPPORTED;
    if (!may_panic &&
        !kext_may_touch(address, length, access->is_store, access->section != KEXT_OPEN_SECTION))
        return KEXT_REFUSED;
    return 0;
}

static vmk_return_t
kext_access_piece(const struct kext_access *access, uint64_t address, uint8_t *bytes, size_t length)
{
    int error = 0;

    if (access->is_kernel && access->is_store)
        error = kext_store(access->section, bytes, address, length);
    else if (access->is_kernel)
        error = kext_load(access->section, address, bytes, length);
    else if (access->is_store)
        error = kext_copy_out(bytes, address, length);
    else
        error = kext_copy_in(address, bytes, length);
    return error == 0 ? 0 : VMM_INVALID_ADDRESS;
}

static size_t
kext_piece_length(uint64_t left)
{
    return left < KEXT_PIECE ? (size_t)left : (size_t)KEXT_PIECE;
}

vmk_return_t
vmk_sim_read(vmk_task_t task, uint64_t address, void *to, uint64_t length, uint64_t *done)
{
    struct kext_access access = { .is_store = false };
    vmk_return_t status = kext_access_begin(&access, task, address, length);
    uint8_t bytes[KEXT_PIECE];

    *done = 0;
    while (status == 0 && *done < length) {
        size_t piece = kext_piece_length(length - *done);

        status = kext_access_piece(&access, address + *done, bytes, piece);
        for (size_t i = 0; status == 0 && to != NULL && i < piece; i++)
            ((uint8_t *)to)[*done + i] = bytes[i];
        *done += status == 0 ? piece : 0;
    }
    return status;
}

vmk_return_t
vmk_sim_write(vmk_task_t task, uint64_t address, const void *from, uint8_t fill, uint64_t length,
              uint64_t *done)
{
    struct kext_access access = { .is_store = true };
    vmk_return_t status = kext_access_begin(&access, task, address, length);
    uint8_t bytes[KEXT_PIECE];

    *done = 0;
    while (status == 0 && *done < length) {
        size_t piece = kext_piece_length(length - *done);

        for (size_t i = 0; i < piece; i++)
            bytes[i] = from != NULL ? ((const uint8_t *)from)[*done + i] : fill;
        status = kext_access_piece(&access, address + *done, bytes, piece);
        *done += status == 0 ? piece : 0;
    }
    return status;
}

/* ---- devices, and the driver's end ---- */

vmk_return_t
vmk_sim_device_read(uint64_t physical, void *to, uint64_t length)
{
    (void)physical, (void)to, (void)length;
    return KEXT_UNSUPPORTED;
}

vmk_return_t
vmk_sim_device_write(uint64_t physical, uint8_t fill, uint64_t length)
{
    (void)physical, (void)fill, (void)length;
    return KEXT_UNSUPPORTED;
}

/* Nothing is announced: what a run leaves is undone behind it. */
uint64_t
vmk_sim_unload(void)
{
    return 0;
}

/* ---- a user client's own path, and looking: nobody here can ---- */

vmk_return_t
vmk_sim_call_begin(struct vmk_sim_call *call)
{
    (void)call;
    return KEXT_UNSUPPORTED;
}

vmk_return_t
vmk_sim_call_end(struct vmk_sim_call *call)
{
    (void)call;
    return KEXT_UNSUPPORTED;
}

void
vmk_sim_probe(vmk_task_t task, uint64_t address, struct vm_page_view *view)
{
    (void)task, (void)address;
    *view = (struct vm_page_view){ 0 };
}

uint64_t
vmk_sim_translated(vmk_task_t task, uint64_t address, uint64_t length, uint64_t *wired)
{
    return vmk_sim_resident(task, address, length, wired);
}

uint64_t
vmk_sim_resident(vmk_task_t task, uint64_t address, uint64_t length, uint64_t *wired)
{
    (void)task, (void)address, (void)length;
    if (wired != NULL)
        *wired = 0;
    return 0;
}

int
vmk_sim_region(vmk_task_t task, uint64_t address, struct vm_region *region)
{
    (void)task, (void)address, (void)region;
    return 0;
}

int
vmk_sim_region_pages(vmk_task_t task, uint64_t address, struct vm_region_pages *pages)
{
    (void)task, (void)address, (void)pages;
    return 0;
}

vmk_return_t
vmk_sim_hidden_status(void)
{
    return kext_world.hidden;
}

/* Ids and references are the kernel's business; here they say whether a handle is alive. */

uint32_t
vmk_sim_desc_id(vmk_desc_t d)
{
    return kext_table_find(KEXT_DESC, d) != NULL;
}

uint32_t
vmk_sim_desc_wire_count(vmk_desc_t d)
{
    const struct kext_entry *entry = kext_table_find(KEXT_DESC, d);

    return entry != NULL ? entry->prepares : 0;
}

uint32_t
vmk_sim_desc_references(vmk_desc_t d)
{
    const struct kext_entry *entry = kext_table_find(KEXT_DESC, d);

    return entry != NULL ? entry->references : 0;
}

vmk_task_t
vmk_sim_desc_task(vmk_desc_t d)
{
    const struct kext_entry *entry = kext_table_find(KEXT_DESC, d);

    if (entry == NULL)
        return NULL;
    return (entry->flags & KEXT_IN_KERNEL) != 0 ? vmk_kernel_task() : kext_world.task;
}

uint32_t
vmk_sim_map_id(vmk_map_t m)
{
    return kext_table_find(KEXT_MAP, m) != NULL;
}

uint32_t
vmk_sim_map_references(vmk_map_t m)
{
    const struct kext_entry *entry = kext_table_find(KEXT_MAP, m);

    return entry != NULL ? entry->references : 0;
}
