/*
 * small.c - see small.h
 *
 * Breadth first. A state is kept as the shortest sequence that leads to it, and is made again from the
 * start for every call that is tried after it: a system cannot be copied, but a few calls are cheap.
 */
#include "small/small.h"

#include <string.h>

#include "core/core_set.h"
#include "small/small_world.h"

struct sequence {
    uint8_t calls[SMALL_DEPTH_MAX];
};

struct sequences {
    struct sequence *at;
    size_t count;
    size_t capacity;
};

struct small {
    const struct vmm_alloc *alloc;
    struct vm_profile profile;
    uint32_t depth;
    struct sequences now; /* states of depth - 1 that are to be followed */
    struct sequences next;
    size_t done; /* of now */
    struct core_set seen;
    struct small_result result;
    struct small_world world;
};

/* ---- sequences ---- */

static bool
sequences_add(struct small *small, struct sequences *list, const struct sequence *sequence)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 1024 : 2 * list->capacity;
        struct sequence *grown = vmm_take_array(small->alloc, capacity, sizeof *grown);

        if (grown == NULL)
            return false;
        if (list->count > 0)
            memcpy(grown, list->at, list->count * sizeof *grown);
        vmm_give_array(small->alloc, list->at, list->capacity, sizeof *grown);
        list->at = grown;
        list->capacity = capacity;
    }
    list->at[list->count++] = *sequence;
    return true;
}

static void
sequences_free(struct small *small, struct sequences *list)
{
    vmm_give_array(small->alloc, list->at, list->capacity, sizeof *list->at);
}

/* ---- one of them ---- */

/* Does it once more, and tells. */
static void
write_story(struct small *small, const struct sequence *sequence, uint32_t length)
{
    struct small_world *world = &small->world;
    struct vmm_text text;
    bool is_right = true;

    vmm_text_init(&text, small->result.story, sizeof small->result.story);
    if (!small_world_begin(world, small->alloc, &small->profile))
        return;
    small_world_tell(world, &text);
    for (uint32_t i = 0; i < length && is_right; i++)
        is_right = small_world_call(world, sequence->calls[i]);
    if (is_right)
        small_world_judge(world);
    else
        small_world_end(world);
}

static enum small_outcome
violation(struct small *small, const struct sequence *sequence, uint32_t length)
{
    struct vmm_text text;

    vmm_text_init(&text, small->result.sequence, sizeof small->result.sequence);
    for (uint32_t i = 0; i < length; i++) {
        small_put_call(&text, sequence->calls[i]);
        vmm_text_put(&text, "\n");
    }
    memcpy(small->result.what, small->world.what, sizeof small->result.what);
    write_story(small, sequence, length);
    return SMALL_VIOLATION;
}

/* Makes the state again, and the last call after it. A new state is judged, and kept. */
static enum small_outcome
try_sequence(struct small *small, const struct sequence *sequence)
{
    uint32_t length = small->result.depth;
    struct small_world *world = &small->world;

    if (!small_world_begin(world, small->alloc, &small->profile))
        return SMALL_NO_MEMORY;
    small->result.calls++;
    for (uint32_t i = 0; i < length; i++) {
        if (!small_world_call(world, sequence->calls[i])) {
            small_world_end(world);
            return violation(small, sequence, length);
        }
    }
    if (!core_set_add(&small->seen, small_world_state(world)) || small->seen.is_exhausted) {
        small_world_end(world);
        return small->seen.is_exhausted ? SMALL_NO_MEMORY : SMALL_MORE;
    }
    small->result.states[length]++;
    if (!small_world_judge(world))
        return violation(small, sequence, length);
    if (length < small->depth && !sequences_add(small, &small->next, sequence))
        return SMALL_NO_MEMORY;
    return SMALL_MORE;
}

/* ---- the search ---- */

/* The states that were new at this depth are followed at the next one. */
static enum small_outcome
next_depth(struct small *small)
{
    struct sequences empty = small->now;

    if (small->result.depth == small->depth)
        return SMALL_FINISHED;
    empty.count = 0;
    small->now = small->next;
    small->next = empty;
    small->done = 0;
    small->result.depth++;
    return small->now.count == 0 ? SMALL_FINISHED : SMALL_MORE;
}

enum small_outcome
small_step(struct small *small)
{
    enum small_outcome outcome = SMALL_MORE;
    struct sequence sequence;

    if (small->done == small->now.count)
        return next_depth(small);
    sequence = small->now.at[small->done];
    for (unsigned call = 0; outcome == SMALL_MORE && call < SMALL_CALLS; call++) {
        sequence.calls[small->result.depth - 1] = (uint8_t)call;
        outcome = try_sequence(small, &sequence);
    }
    small->done++;
    small->result.left = small->now.count - small->done;
    return outcome;
}

/* ---- life ---- */

struct small *
small_create(const struct vmm_alloc *alloc, const struct vm_profile *profile, uint32_t depth)
{
    struct small *small = vmm_take_array(alloc, 1, sizeof *small);
    struct sequence nothing = { { 0 } };

    if (small == NULL)
        return NULL;
    small->alloc = alloc;
    core_set_init(&small->seen, alloc);
    small->profile = *profile;
    small->depth = depth < SMALL_DEPTH_MAX ? depth : SMALL_DEPTH_MAX;
    small->result.depth = 1;
    small->result.states[0] = 1;
    if (sequences_add(small, &small->now, &nothing))
        return small;
    small_destroy(small);
    return NULL;
}

void
small_destroy(struct small *small)
{
    if (small == NULL)
        return;
    sequences_free(small, &small->now);
    sequences_free(small, &small->next);
    core_set_destroy(&small->seen);
    vmm_give_array(small->alloc, small, 1, sizeof *small);
}

const struct small_result *
small_result(const struct small *small)
{
    return &small->result;
}

size_t
small_alphabet(void)
{
    return SMALL_CALLS;
}
