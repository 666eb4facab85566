/* look_none.cpp - without pmap_find_phys() nobody can say whether a page is translated */
#include "kext/kext.h"

int
kext_look(uint64_t)
{
    return -1;
}
