/*
 * fuzz_calls.c - sequences of Mach calls by two tasks, against the plain model
 *
 * Each byte is one call of the alphabet of sim/small; whatever comes out must be what the plain model
 * says, every invariant must hold, and nothing may be left at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "counting_alloc.h"
#include "small/small_world.h"

enum { CALLS_MAX = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct counting_alloc counting;
    struct small_world world;
    struct vm_profile profile;

    vm_profile_at(size > 0 ? data[0] % vm_profile_count() : 0, &profile);
    counting_alloc_init(&counting);
    if (!small_world_begin(&world, &counting.alloc, &profile))
        return 0;
    for (size_t i = 1; i < size && i < CALLS_MAX; i++) {
        if (!small_world_call(&world, data[i] % SMALL_CALLS))
            abort();
    }
    if (!small_world_judge(&world) || counting.live_bytes != 0)
        abort();
    return 0;
}
