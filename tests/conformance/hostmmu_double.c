/*
 * hostmmu_double.c - the names of the conformance kit's hostmmu.c over the tests' own host MMU
 *
 * The kit's file is not here; this one is what the adapter finds when it looks for it.
 */
#include "mach_adapter.h"

#include "host_mmu.h"

volatile uint64_t hostmmu_faults, hostmmu_refused;

int
hostmmu_init(uint64_t va_base, uint64_t va_span, uint64_t ram_pages, unsigned page_size)
{
    return host_mmu.init(va_base, va_span, ram_pages, page_size);
}

void *
hostmmu_ram(void)
{
    return host_mmu.ram();
}

void
hostmmu_enter(uint64_t va, uint64_t pageno, int prot)
{
    host_mmu.enter(va, pageno, prot);
}

void
hostmmu_remove(uint64_t va, uint64_t bytes)
{
    host_mmu.remove(va, bytes);
}

void
hostmmu_protect(uint64_t va, uint64_t bytes, int prot)
{
    host_mmu.protect(va, bytes, prot);
}
