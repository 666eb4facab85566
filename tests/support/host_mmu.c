/* host_mmu.c - see host_mmu.h */
#define _GNU_SOURCE 1 /* memfd_create, REG_ERR */
#include "host_mmu.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

volatile uint64_t host_mmu_faults, host_mmu_refused;

static struct {
    uint64_t base, span, ram_bytes;
    unsigned page_bytes;
    int file;
    void *ram;
    sigjmp_buf refused;
    volatile sig_atomic_t is_armed;
} mmu;

static bool
in_range(uint64_t va)
{
    return va - mmu.base < mmu.span;
}

static void
need(bool holds)
{
    if (!holds)
        abort();
}

static void
trapped(int signal_number, siginfo_t *info, void *context)
{
    const ucontext_t *at = context;
    uint64_t va = (uintptr_t)info->si_addr;
    bool is_write = (at->uc_mcontext.gregs[REG_ERR] & 2) != 0;

    if (in_range(va)) {
        host_mmu_faults++;
        if (mach_kit_fault(va, is_write) == 0)
            return;
        host_mmu_refused++;
        if (mmu.is_armed)
            siglongjmp(mmu.refused, 1);
    }
    signal(signal_number, SIG_DFL); /* the access runs into it again */
}

static void
remove_range(uint64_t va, uint64_t bytes)
{
    need(mmap((void *)(uintptr_t)va, bytes, PROT_NONE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED);
    if (va != mmu.base || bytes != mmu.span)
        return;
    munmap((void *)(uintptr_t)va, bytes);
    munmap(mmu.ram, mmu.ram_bytes);
    close(mmu.file);
    mmu.span = 0;
}

void
host_mmu_arm(void)
{
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_NODEFER };

    action.sa_sigaction = trapped;
    need(sigaction(SIGSEGV, &action, NULL) == 0);
}

static int
init(uint64_t base, uint64_t span, uint64_t ram_pages, unsigned page_bytes)
{
    mmu.base = base;
    mmu.span = span;
    mmu.page_bytes = page_bytes;
    mmu.ram_bytes = ram_pages * page_bytes;
    mmu.file = memfd_create("simulated RAM", MFD_CLOEXEC);
    need(mmu.file >= 0 && ftruncate(mmu.file, (off_t)mmu.ram_bytes) == 0);
    mmu.ram = mmap(NULL, mmu.ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, mmu.file, 0);
    need(mmu.ram != MAP_FAILED);
    if (mmap((void *)(uintptr_t)base, span, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
             0) != (void *)(uintptr_t)base)
        return -1;
    host_mmu_arm();
    return 0;
}

static void *
ram(void)
{
    return mmu.ram;
}

static void
enter(uint64_t va, uint64_t page_number, int rights)
{
    need(in_range(va) && va % mmu.page_bytes == 0 && (rights & PROT_READ));
    need((page_number + 1) * mmu.page_bytes <= mmu.ram_bytes);
    need(mmap((void *)(uintptr_t)va, mmu.page_bytes, rights, MAP_SHARED | MAP_FIXED, mmu.file,
              (off_t)(page_number * mmu.page_bytes)) != MAP_FAILED);
}

static void
protect(uint64_t va, uint64_t bytes, int rights)
{
    need(in_range(va) && mprotect((void *)(uintptr_t)va, bytes, rights) == 0);
}

const struct mach_host_mmu host_mmu = { init, ram, enter, remove_range, protect };

bool
host_mmu_load(uint64_t va, uint8_t *byte)
{
    bool is_through = false;

    if (sigsetjmp(mmu.refused, 1) == 0) {
        mmu.is_armed = 1;
        *byte = *(volatile uint8_t *)(uintptr_t)va;
        is_through = true;
    }
    mmu.is_armed = 0;
    return is_through;
}

bool
host_mmu_store(uint64_t va, uint8_t byte)
{
    bool is_through = false;

    if (sigsetjmp(mmu.refused, 1) == 0) {
        mmu.is_armed = 1;
        *(volatile uint8_t *)(uintptr_t)va = byte;
        is_through = true;
    }
    mmu.is_armed = 0;
    return is_through;
}
