/* kern.cpp - memory, and who runs where; see kern_lib.h */
#include <faultline_kext/kern.h>

#include "host.h"
#include "seam.h"

vm_size_t page_size = PAGE_SIZE, page_mask = PAGE_MASK;
int page_shift = PAGE_SHIFT;
int version_major, version_minor, version_revision;
const char version[] = "Darwin Kernel, simulated", osrelease[] = "0.0.0", ostype[] = "Darwin";
pmap_t kernel_pmap;

/* What a kernel knows of itself, from the world that a test begins. */
static void
learn_kernel(void)
{
    vmk_info_t info = {};

    info.size = sizeof(info);
    if (vmk_get_info(&info) != 0)
        return;
    version_major = (int)info.darwin_major;
    page_shift = (int)info.page_shift;
    page_size = (vm_size_t)1 << page_shift;
    page_mask = page_size - 1;
}

__attribute__((constructor)) static void
learn_at_each_start(void)
{
    faultline_on_start(learn_kernel);
}

/* ---- memory ---- */

/* Memory of the kext's own: zero, as nobody may rely on what it holds. NULL: a test wants it so, or none has it. */
static void *
allocate(vm_size_t size, vm_offset_t alignment)
{
    seam_may_block();
    return seam_allocation_fails() ? NULL : kext_try_allocate(size, alignment);
}

void *
IOMalloc(vm_size_t size)
{
    return allocate(size, 16);
}

void *
IOMallocZero(vm_size_t size)
{
    return allocate(size, 16);
}

void
IOFree(void *memory, vm_size_t)
{
    kext_release(memory);
}

void *
IOMallocAligned(vm_size_t size, vm_offset_t alignment)
{
    return allocate(size, alignment);
}

void
IOFreeAligned(void *memory, vm_size_t)
{
    kext_release(memory);
}

/* A tag says whether its memory is pageable. */
struct OSMallocTag_ {
    uint32_t flags;
};

OSMallocTag
OSMalloc_Tagalloc(const char *, uint32_t flags)
{
    OSMallocTag tag = (OSMallocTag)kext_allocate(sizeof(*tag), 16);

    tag->flags = flags;
    return tag;
}

void
OSMalloc_Tagfree(OSMallocTag tag)
{
    kext_release(tag);
}

void *
OSMalloc(uint32_t size, OSMallocTag tag)
{
    return tag->flags & OSMT_PAGEABLE ? IOMallocPageable(size, 1) : IOMalloc(size);
}

/* As allocate(), where a thread may not block. */
static void *
allocate_now(vm_size_t size)
{
    return seam_allocation_fails() ? NULL : kext_try_allocate(size, 16);
}

void *
OSMalloc_nowait(uint32_t size, OSMallocTag)
{
    return allocate_now(size);
}

void *
OSMalloc_noblock(uint32_t size, OSMallocTag tag)
{
    return OSMalloc_nowait(size, tag);
}

void
OSFree(void *memory, uint32_t size, OSMallocTag tag)
{
    if (tag->flags & OSMT_PAGEABLE)
        IOFreePageable(memory, size);
    else
        IOFree(memory, size);
}

void *
_MALLOC(size_t size, int, int flags)
{
    return flags & M_NOWAIT ? allocate_now(size) : IOMalloc(size);
}

void
_FREE(void *memory, int)
{
    kext_release(memory);
}

/* Memory that has frames, for what needs its physical address or its faults; kept in a list. */
struct simulated_memory {
    struct simulated_memory *next;
    vmk_desc_t desc;
    void *bytes;
};

static struct simulated_memory *simulated;

/* Options of the buffers behind it. */
enum {
    BUFFER_IN_AND_OUT = 3,    /* kIODirectionInOut */
    BUFFER_CONTIGUOUS = 0x10, /* kIOMemoryPhysicallyContiguous */
    BUFFER_PAGEABLE = 0x20    /* kIOMemoryPageable */
};

static struct simulated_memory *
simulated_allocate(vmk_options_t options, vm_size_t size, vm_size_t alignment)
{
    Seam seam;
    struct simulated_memory *made;
    vmk_desc_t desc =
        vmk_desc_buffer(vmk_kernel_task(), options | BUFFER_IN_AND_OUT, size, alignment, 0);

    if (desc == NULL)
        return NULL;
    made = (struct simulated_memory *)kext_allocate(sizeof(*made), 16);
    made->desc = desc;
    made->bytes = faultline_pointer(vmk_kernel_task(), (uint64_t)(uintptr_t)vmk_desc_bytes(desc));
    made->next = simulated;
    simulated = made;
    return made;
}

static void
simulated_free(void *bytes)
{
    Seam seam;
    struct simulated_memory **at = &simulated;
    struct simulated_memory *gone;

    if (bytes == NULL)
        return;
    while (*at != NULL && (*at)->bytes != bytes)
        at = &(*at)->next;
    if (*at == NULL)
        panic("IOFree of %p, which nobody allocated", bytes);
    gone = *at;
    *at = gone->next;
    vmk_desc_release(gone->desc);
    kext_release(gone);
}

void *
IOMallocContiguous(vm_size_t size, vm_size_t alignment, IOPhysicalAddress *physical)
{
    struct simulated_memory *made = simulated_allocate(BUFFER_CONTIGUOUS, size, alignment);

    if (made != NULL && physical != NULL) {
        Seam seam;

        (void)vmk_desc_prepare(made->desc, 0);
        *physical = vmk_desc_segment(made->desc, 0, NULL, 0);
    }
    return made != NULL ? made->bytes : NULL;
}

void
IOFreeContiguous(void *memory, vm_size_t)
{
    simulated_free(memory);
}

void *
IOMallocPageable(vm_size_t size, vm_size_t alignment)
{
    struct simulated_memory *made = simulated_allocate(BUFFER_PAGEABLE, size, alignment);

    return made != NULL ? made->bytes : NULL;
}

void *
IOMallocPageableZero(vm_size_t size, vm_size_t alignment)
{
    return IOMallocPageable(size, alignment);
}

void
IOFreePageable(void *memory, vm_size_t)
{
    simulated_free(memory);
}

int
copyin(const user_addr_t from, void *to, size_t length)
{
    Seam seam;

    return vmk_sim_read(vmk_current_task(), from, to, length, NULL) == 0 ? 0 : EFAULT;
}

int
copyout(const void *from, user_addr_t to, size_t length)
{
    Seam seam;

    return vmk_sim_write(vmk_current_task(), to, from, 0, length, NULL) == 0 ? 0 : EFAULT;
}

int
copyinstr(const user_addr_t from, void *to, size_t size, size_t *done)
{
    for (size_t i = 0; i < size; i++) {
        char *byte = (char *)to + i;

        if (copyin(from + i, byte, 1) != 0)
            return EFAULT;
        if (*byte != '\0')
            continue;
        if (done != NULL)
            *done = i + 1;
        return 0;
    }
    if (done != NULL)
        *done = size;
    return ENAMETOOLONG;
}

/* ---- physical memory ---- */

/* A page of RAM as a descriptor, through which a driver's access goes. */
static void
physical(IOPhysicalAddress address, void *bytes, unsigned count, bool is_write)
{
    Seam seam;
    vmk_desc_t desc = vmk_desc_physical(address, count, 3);

    if (is_write)
        (void)vmk_desc_write(desc, 0, bytes, count);
    else
        (void)vmk_desc_read(desc, 0, bytes, count);
    vmk_desc_release(desc);
}

#define MAPPED(bits)                                                      \
    UInt##bits IOMappedRead##bits(IOPhysicalAddress address)              \
    {                                                                     \
        UInt##bits value = 0;                                             \
                                                                          \
        physical(address, &value, sizeof(value), false);                  \
        return value;                                                     \
    }                                                                     \
    void IOMappedWrite##bits(IOPhysicalAddress address, UInt##bits value) \
    {                                                                     \
        physical(address, &value, sizeof(value), true);                   \
    }
MAPPED(8)
MAPPED(16)
MAPPED(32)
MAPPED(64)

/* The simulated machine's caches are coherent. */
IOReturn
IOSetProcessorCacheMode(task_t, IOVirtualAddress, IOByteCount, IOOptionBits)
{
    return kIOReturnSuccess;
}

IOReturn
IOFlushProcessorCache(task_t, IOVirtualAddress, IOByteCount)
{
    return kIOReturnSuccess;
}

addr64_t
kext_kvtophys(IOVirtualAddress address)
{
    Seam seam;
    vmk_task_t task = NULL;
    uint64_t at = faultline_address((void *)address, &task);

    return task == NULL ? address : faultline_physical(task, at);
}

ppnum_t
pmap_find_phys(pmap_t, addr64_t address)
{
    return (ppnum_t)(kext_kvtophys((IOVirtualAddress)address) >> page_shift);
}

unsigned int
IOSizeToAlignment(unsigned int size)
{
    return size == 0 ? 0 : (unsigned)__builtin_ctz(size);
}

unsigned int
IOAlignmentToSize(unsigned int alignment)
{
    return 1u << alignment;
}

/* ---- who and where ---- */

task_t
kernel_task_of_faultline(void)
{
    return vmk_kernel_task();
}

task_t
current_task(void)
{
    return vmk_current_task();
}

proc_t
current_proc(void)
{
    return (proc_t)vmk_current_task();
}

void *
get_bsdtask_info(task_t task)
{
    return task;
}

proc_t
proc_self(void)
{
    return current_proc();
}

proc_t
proc_find(int pid)
{
    Seam seam;

    return (proc_t)vmk_sim_task_by_id((uint32_t)pid);
}

void
proc_selfname(char *name, int size)
{
    proc_name(proc_selfpid(), name, size);
}

int
proc_suser(proc_t)
{
    return seam_is_privileged() ? 0 : EPERM;
}

void
task_reference(task_t)
{
}

void
task_deallocate(task_t)
{
}

int
cpu_number(void)
{
    Seam seam;

    return faultline_current_cpu() < 0 ? 0 : faultline_current_cpu();
}

boolean_t
PE_parse_boot_arg(const char *, void *)
{
    return false;
}

int
proc_rele(proc_t)
{
    return 0;
}

int
proc_pid(proc_t proc)
{
    Seam seam;

    return (int)vmk_sim_task_id((vmk_task_t)proc);
}

int
proc_selfpid(void)
{
    return proc_pid(current_proc());
}

void
proc_name(int pid, char *name, int size)
{
    snprintf(name, (size_t)size, "task %d", pid);
}

boolean_t
PE_parse_boot_argn(const char *, void *, int)
{
    return false;
}

boolean_t
preemption_enabled(void)
{
    Seam seam;

    return (vmk_context() & (VMK_CTX_PREEMPT_OFF | VMK_CTX_IRQ_OFF)) == 0;
}

boolean_t
ml_get_interrupts_enabled(void)
{
    Seam seam;

    return (vmk_context() & VMK_CTX_IRQ_OFF) == 0;
}

boolean_t
ml_set_interrupts_enabled(boolean_t enabled)
{
    Seam seam;

    return vmk_interrupts_set(enabled);
}

boolean_t
ml_at_interrupt_context(void)
{
    Seam seam;

    return (vmk_context() & VMK_CTX_INTERRUPT) != 0;
}

/* ---- chance: the same in every run ---- */

void
read_random(void *bytes, unsigned count)
{
    static uint64_t state = 0x9E3779B97F4A7C15ull;

    for (unsigned i = 0; i < count; i++) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        ((uint8_t *)bytes)[i] = (uint8_t)(state >> 56);
    }
}
