/* wire_range.cpp - the one unsupported symbol that the kext links to; wire_none.cpp does without */
#include <IOKit/IOMemoryDescriptor.h>

#include "kext/kext.h"

const bool kext_has_wire_range = true;

int
kext_wire_range(void *map, uint32_t direction, uint64_t offset, uint64_t length)
{
    return static_cast<IOMemoryMap *>(map)->wireRange(direction, offset, length);
}
