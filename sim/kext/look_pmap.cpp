/*
 * look_pmap.cpp - looks with pmap_find_phys(), which is unsupported KPI, before a page is touched where
 * no fault is allowed. The answer holds for that moment only: somebody else may unmap the page.
 */
#include <mach/mach_types.h>

#include "kext/kext.h"

extern "C" {
extern pmap_t kernel_pmap;
ppnum_t pmap_find_phys(pmap_t pmap, addr64_t address);
}

int
kext_look(uint64_t address)
{
    return pmap_find_phys(kernel_pmap, address) != 0;
}
