/* kern.cpp - the kernel's C functions; see kern.h */
#include <faultline_kext/kern.h>

#include "host.h"
#include "seam.h"

vm_size_t page_size = PAGE_SIZE, page_mask = PAGE_MASK;
int page_shift = PAGE_SHIFT;
int version_major;

/* ---- text ---- */

void
IOLogv(const char *format, va_list arguments)
{
    kext_log(format, arguments);
}

void
IOLog(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    kext_log(format, arguments);
    va_end(arguments);
}

int
kprintf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    kext_log(format, arguments);
    va_end(arguments);
    return 0;
}

void
OSReportWithBacktrace(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    kext_log(format, arguments);
    va_end(arguments);
}

void
panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    IOLog("panic: ");
    kext_log(format, arguments);
    IOLog("\n");
    va_end(arguments);
    kext_stop();
}

void
IOPanic(const char *text)
{
    panic("%s", text);
}

__attribute__((weak)) size_t
strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);

    if (size > 0) {
        size_t kept = length < size ? length : size - 1;

        memcpy(to, from, kept);
        to[kept] = '\0';
    }
    return length;
}

__attribute__((weak)) size_t
strlcat(char *to, const char *from, size_t size)
{
    size_t used = strnlen(to, size);

    return used + (used < size ? strlcpy(to + used, from, size - used) : strlen(from));
}

/* ---- memory ---- */

void *
IOMalloc(vm_size_t size)
{
    return kext_allocate(size, 16);
}

void *
IOMallocZero(vm_size_t size)
{
    return kext_allocate(size, 16);
}

void *
IOMallocData(vm_size_t size)
{
    return kext_allocate(size, 16);
}

void
IOFree(void *memory, vm_size_t)
{
    kext_release(memory);
}

void
IOFreeData(void *memory, vm_size_t)
{
    kext_release(memory);
}

void *
IOMallocAligned(vm_size_t size, vm_offset_t alignment)
{
    return kext_allocate(size, alignment);
}

void
IOFreeAligned(void *memory, vm_size_t)
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

static void *
simulated_allocate(vmk_options_t options, vm_size_t size, vm_size_t alignment)
{
    Seam seam;
    struct simulated_memory *made;
    vmk_desc_t desc = vmk_desc_buffer(vmk_kernel_task(), options | 3, size, alignment, 0);

    if (desc == NULL)
        return NULL;
    made = (struct simulated_memory *)kext_allocate(sizeof(*made), 16);
    made->desc = desc;
    made->bytes = faultline_pointer(vmk_kernel_task(), (uint64_t)(uintptr_t)vmk_desc_bytes(desc));
    made->next = simulated;
    simulated = made;
    return made->bytes;
}

static void
simulated_free(void *bytes)
{
    Seam seam;
    struct simulated_memory **at = &simulated;
    struct simulated_memory *gone;

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
    void *bytes = simulated_allocate(0x10 /* kIOMemoryPhysicallyContiguous */, size, alignment);

    if (bytes != NULL && physical != NULL) {
        Seam seam;

        (void)vmk_desc_prepare(simulated->desc, 0);
        *physical = vmk_desc_segment(simulated->desc, 0, NULL, 0);
    }
    return bytes;
}

void
IOFreeContiguous(void *memory, vm_size_t)
{
    simulated_free(memory);
}

void *
IOMallocPageable(vm_size_t size, vm_size_t alignment)
{
    return simulated_allocate(0x20 /* kIOMemoryPageable */, size, alignment);
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

thread_t
current_thread(void)
{
    return (thread_t)kext_thread_self();
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

/* ---- time ---- */

uint64_t
mach_absolute_time(void)
{
    return kext_now();
}

void
clock_get_uptime(uint64_t *time)
{
    *time = kext_now();
}

void
clock_interval_to_absolutetime_interval(uint32_t interval, uint32_t scale, uint64_t *time)
{
    *time = (uint64_t)interval * scale;
}

void
clock_interval_to_deadline(uint32_t interval, uint32_t scale, uint64_t *time)
{
    *time = kext_now() + (uint64_t)interval * scale;
}

void
clock_absolutetime_interval_to_deadline(uint64_t interval, uint64_t *time)
{
    *time = kext_now() + interval;
}

void
absolutetime_to_nanoseconds(uint64_t time, uint64_t *nanoseconds)
{
    *nanoseconds = time;
}

void
nanoseconds_to_absolutetime(uint64_t nanoseconds, uint64_t *time)
{
    *time = nanoseconds;
}

void
clock_get_system_nanotime(uint32_t *seconds, uint32_t *nanoseconds)
{
    uint64_t now = kext_now();

    *seconds = (uint32_t)(now / NSEC_PER_SEC);
    *nanoseconds = (uint32_t)(now % NSEC_PER_SEC);
}

void
nanotime(struct timespec *time)
{
    uint64_t now = kext_now();

    time->tv_sec = (time_t)(now / NSEC_PER_SEC);
    time->tv_nsec = (long)(now % NSEC_PER_SEC);
}

void
microuptime(struct timeval *time)
{
    uint64_t now = kext_now();

    time->tv_sec = (time_t)(now / NSEC_PER_SEC);
    time->tv_usec = (int)(now % NSEC_PER_SEC / NSEC_PER_USEC);
}

void
microtime(struct timeval *time)
{
    microuptime(time);
}

void
IOSleep(unsigned milliseconds)
{
    kext_pause(milliseconds * NSEC_PER_MSEC);
}

void
IOSleepWithLeeway(unsigned milliseconds, unsigned)
{
    IOSleep(milliseconds);
}

void
IODelay(unsigned microseconds)
{
    uint64_t until = kext_now() + microseconds * NSEC_PER_USEC;

    while (kext_now() < until)
        continue;
}

void
IOPause(unsigned nanoseconds)
{
    (void)nanoseconds;
}

void
read_random(void *bytes, unsigned count)
{
    static uint64_t state = 0x9E3779B97F4A7C15ull;

    for (unsigned i = 0; i < count; i++) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        ((uint8_t *)bytes)[i] = (uint8_t)(state >> 56);
    }
}
