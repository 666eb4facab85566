/*
 * fuzz_calls.c - sequences of Mach calls by two tasks, against the plain model
 *
 * Each byte is one call of the alphabet of sim/small; whatever comes out must be what the plain model
 * says, every invariant must hold, and nothing may be left at the end. What does not is told as short as
 * it gets, as a scenario for `faultline run`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counting_alloc.h"
#include "small/small_world.h"

enum { CALLS_MAX = 200, STORY_MAX = 1 << 16 };

struct calls {
    struct vm_profile profile;
    uint8_t numbers[CALLS_MAX];
    size_t count;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether both models agree on all of it; the story, when there is one, says where they do not. */
static bool
agree(const struct calls *calls, struct vmm_text *story)
{
    struct counting_alloc counting;
    struct small_world world;

    counting_alloc_init(&counting);
    if (!small_world_begin(&world, &counting.alloc, &calls->profile))
        return true;
    if (story != NULL)
        small_world_tell(&world, story);
    for (size_t i = 0; i < calls->count; i++) {
        if (!small_world_call(&world, calls->numbers[i])) {
            small_world_end(&world);
            return false;
        }
    }
    return small_world_judge(&world) && counting.live_bytes == 0;
}

static void
leave_out_what_can_go(struct calls *calls)
{
    bool is_shorter = true;

    while (is_shorter) {
        is_shorter = false;
        for (size_t i = calls->count; i-- > 0;) {
            struct calls less = *calls;

            memmove(&less.numbers[i], &less.numbers[i + 1], less.count - i - 1);
            less.count--;
            if (agree(&less, NULL))
                continue;
            *calls = less;
            is_shorter = true;
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[STORY_MAX];
    struct vmm_text story;
    struct calls calls = { .count = 0 };

    vm_profile_at(size > 0 ? data[0] % vm_profile_count() : 0, &calls.profile);
    for (size_t i = 1; i < size && calls.count < CALLS_MAX; i++)
        calls.numbers[calls.count++] = data[i] % SMALL_CALLS;
    if (agree(&calls, NULL))
        return 0;
    leave_out_what_can_go(&calls);
    vmm_text_init(&story, bytes, sizeof bytes);
    (void)agree(&calls, &story);
    fprintf(stderr, "the two models differ; with `faultline run`:\n%s", bytes);
    abort();
}
