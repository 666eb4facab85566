/* wire_none.cpp - in the build with supported KPI only, nothing can be wired through a mapping */
#include "kext/kext.h"

const bool kext_has_wire_range = false;

int
kext_wire_range(void *, uint32_t, uint64_t, uint64_t)
{
    return KEXT_UNSUPPORTED;
}
