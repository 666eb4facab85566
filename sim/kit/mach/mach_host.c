/*
 * mach_host.c - see mach_host.h
 *
 * The model tells of each translation of the task as it changes, and the MMU follows. Only places in
 * the MMU's range are told: the task's map is larger, and a program may map a fixed place elsewhere,
 * where the host's program stands; it can be used through the kit's calls, and not by pointer.
 *
 * The host's own buffers go through memory of a task that stands for the host, so that the model sees
 * two maps and does what it does for any caller.
 */
#define _GNU_SOURCE 1 /* process_vm_readv: copies that fail instead of trapping */
#include "mach_host.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mach_kit.h"
#include "pmap/pmap.h"
#include "vm/vm_access.h"
#include "vm/vm_user.h"

/* Above everything the address sanitizer takes, below where Linux loads programs and libraries. */
static const uint64_t host_base = (uint64_t)0x2000 << 32;
static const uint64_t host_span = (uint64_t)256 << 30;

static struct {
    const struct mach_host_mmu *mmu; /* NULL: the program touches memory through the kit's calls */
    struct vm_map *map;              /* the task's, once it is there */
    struct vm_task *outside;         /* stands for the host's own memory; made when needed */
} host;

/* ---- the MMU follows the page tables ---- */

static bool
host_in_range(uint64_t va)
{
    return va - host_base < host_span;
}

static bool
host_is_told(uint32_t space, uint64_t va)
{
    return host.map != NULL && space == vm_map_space(host.map) && host_in_range(va);
}

static int
host_rights(vmm_prot prot)
{
    return (int)(prot & (VMM_PROT_READ | VMM_PROT_WRITE));
}

static void
host_entered(void *context, uint32_t space, vmm_va va, vmm_ppn ppn, vmm_prot prot)
{
    (void)context;
    if (host_is_told(space, va))
        host.mmu->enter(va, ppn - 1, host_rights(prot)); /* frame 1 is the first page of the RAM */
}

static void
host_removed(void *context, uint32_t space, vmm_va va, vmm_size bytes)
{
    (void)context;
    if (host_is_told(space, va))
        host.mmu->remove(va, bytes);
}

static void
host_narrowed(void *context, uint32_t space, vmm_va va, vmm_size bytes, vmm_prot prot)
{
    (void)context;
    if (host_is_told(space, va))
        host.mmu->protect(va, bytes, host_rights(prot));
}

static const struct pmap_watch host_watch = { NULL, host_entered, host_removed, host_narrowed };

bool
mach_host_start(const struct mach_host_mmu *mmu, uint64_t ram_pages, unsigned page_bytes,
                void **ram, const struct pmap_watch **watch)
{
    *ram = NULL;
    *watch = NULL;
    if (mmu == NULL)
        return true;
    if (mmu->init(host_base, host_span, ram_pages, page_bytes) != 0)
        return false;
    host.mmu = mmu;
    *ram = mmu->ram();
    *watch = &host_watch;
    return *ram != NULL;
}

void
mach_host_task(struct vm_map *map)
{
    host.map = map;
    if (host.mmu != NULL)
        vm_map_search_within(map, host_base, host_base + host_span);
}

void
mach_host_stop(void)
{
    if (host.mmu != NULL)
        host.mmu->remove(host_base, host_span);
    host.mmu = NULL;
    host.map = NULL;
    host.outside = NULL;
}

enum vmm_status
mach_host_fault(uint64_t va, bool is_write)
{
    struct vm_access access = { .task = mach_kit_task(),
                                .va = va,
                                .length = 1,
                                .kind = is_write ? VM_ACCESS_WRITE : VM_ACCESS_READ,
                                .only_translates = true };
    enum vmm_status status = vm_access(mach_kit_system(), &access, NULL);
    struct vm_page_view view;

    if (status != VMM_OK || host.mmu == NULL)
        return status;
    /* We were told if the fault made the translation; here the MMU may only have forgotten it. */
    vm_map_probe(host.map, va, &view);
    host_entered(NULL, vm_map_space(host.map), vm_map_trunc_page(host.map, va),
                 view.translation_ppn, view.translation_prot);
    return VMM_OK;
}

/* ---- buffers ---- */

bool
mach_host_simulates(uint64_t address)
{
    return host.mmu != NULL && host_in_range(address);
}

/* Whether an address means the task's memory to a call that takes one as a number. */
static bool
host_is_in_map(uint64_t address)
{
    struct vm_region region;

    if (host.mmu != NULL)
        return host_in_range(address);
    return vm_map_region(vm_task_map(mach_kit_task()), address, &region) && region.start <= address;
}

/* Copies within the process; false where a pointer would trap. */
static bool
host_copy(void *to, const void *from, vmm_size size)
{
    struct iovec local = { to, size };
    struct iovec remote = { (void *)(uintptr_t)from, size };

    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static enum vmm_status
host_access(struct vm_task *task, vmm_va va, enum vm_access_kind kind, void *to, const void *from,
            vmm_size size)
{
    struct vm_access access = {
        .task = task, .va = va, .length = size, .kind = kind, .to = to, .from = from
    };

    access.has_recovery = true;
    return vm_access(mach_kit_system(), &access, NULL);
}

/* Room for the buffer in the task that stands for the host, at the same place in its page. */
static enum vmm_status
buffer_stage(struct mach_buffer *buffer)
{
    struct vm_system *system = mach_kit_system();
    vmm_size offset = buffer->host & (vm_system_page_bytes(system) - 1);
    enum vmm_status status = VMM_OK;

    if (host.outside == NULL)
        status = vm_task_create(system, &host.outside);
    if (status != VMM_OK)
        return status;
    buffer->map = vm_task_map(host.outside);
    buffer->va = 0;
    status = vm_allocate(buffer->map, &buffer->va, offset + buffer->size, VM_MAP_ANYWHERE);
    buffer->va += offset;
    buffer->is_staged = status == VMM_OK;
    return status;
}

/* Brings the caller's bytes to where the model will read them. */
static enum vmm_status
buffer_fill(const struct mach_buffer *buffer, const void *bytes)
{
    return host_access(host.outside, buffer->va, VM_ACCESS_WRITE, NULL, bytes, buffer->size);
}

enum vmm_status
mach_buffer_open(struct mach_buffer *buffer, uint64_t address, vmm_size size, bool reads)
{
    enum vmm_status status;
    void *bytes;

    *buffer = (struct mach_buffer){ vm_task_map(mach_kit_task()), address, address, size, false };
    if (size == 0 || size > UINT32_MAX || host_is_in_map(address))
        return VMM_OK;
    bytes = malloc(size);
    if (bytes == NULL)
        return VMM_RESOURCE_SHORTAGE;
    if (!host_copy(bytes, (const void *)(uintptr_t)address, size)) {
        free(bytes);
        return VMM_OK; /* nobody's: the model finds a hole there */
    }
    status = buffer_stage(buffer);
    if (status == VMM_OK && reads)
        status = buffer_fill(buffer, bytes);
    free(bytes);
    return status;
}

/* Hands the model's bytes to the caller. */
static enum vmm_status
buffer_give(const struct mach_buffer *buffer)
{
    void *bytes = malloc(buffer->size);
    enum vmm_status status = bytes == NULL ? VMM_RESOURCE_SHORTAGE
                                           : host_access(host.outside, buffer->va, VM_ACCESS_READ,
                                                         bytes, NULL, buffer->size);

    if (status == VMM_OK)
        status = mach_host_copyout(buffer->host, bytes, buffer->size);
    free(bytes);
    return status;
}

enum vmm_status
mach_buffer_close(struct mach_buffer *buffer, bool wrote)
{
    enum vmm_status status = VMM_OK;

    if (!buffer->is_staged)
        return VMM_OK;
    if (wrote)
        status = buffer_give(buffer);
    buffer->is_staged = false;
    if (vm_deallocate(buffer->map, buffer->va, buffer->size) != VMM_OK)
        return VMM_FAILURE;
    return status;
}

enum vmm_status
mach_host_copyout(uint64_t address, const void *from, vmm_size size)
{
    struct iovec local = { (void *)(uintptr_t)from, size };
    struct iovec remote = { (void *)(uintptr_t)address, size };

    if (host_is_in_map(address))
        return host_access(mach_kit_task(), address, VM_ACCESS_WRITE, NULL, from, size);
    return process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size
               ? VMM_OK
               : VMM_INVALID_ADDRESS;
}

bool
mach_host_protect(uint64_t address, uint64_t length, int prot, int *error)
{
    unsigned char pages;
    uint64_t page = address & ~(uint64_t)(sysconf(_SC_PAGESIZE) - 1);

    if (host.mmu == NULL || host_in_range(address) ||
        mincore((void *)(uintptr_t)page, 1, &pages) != 0)
        return false;
    *error = mprotect((void *)(uintptr_t)address, length, prot) == 0 ? 0 : errno;
    return true;
}
