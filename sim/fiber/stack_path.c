/* stack_path.c - see stack_path.h */
#include "fiber/stack_path.h"

#include <execinfo.h>

#include "vmmodel.h"

enum { STACK_PATH_DEPTH = 48 };

uint64_t
stack_path(void)
{
    void *frames[STACK_PATH_DEPTH];
    int count = backtrace(frames, STACK_PATH_DEPTH);
    uint64_t path = 0;

    for (int i = 0; i < count; i++)
        path = vm_digest_mix(path, (uint64_t)(uintptr_t)frames[i]);
    return path;
}
