/* counting_alloc.c - see counting_alloc.h */
#include "counting_alloc.h"

#include <stdlib.h>

/* Stands in front of every block; as large as the alignment that the model is promised. */
struct counting_head {
    uint64_t size;
    uint64_t unused[7];
};

static void *
counting_take(void *context, size_t size)
{
    struct counting_alloc *counting = context;
    struct counting_head *head;

    counting->requests++;
    if (counting->fail_at != 0 &&
        (counting->requests == counting->fail_at ||
         (counting->fails_from_then_on && counting->requests > counting->fail_at)))
        return NULL;
    head = aligned_alloc(64, sizeof(*head) + (size + 63) / 64 * 64);
    if (head == NULL)
        return NULL;
    head->size = size;
    counting->live_bytes += size;
    counting->live_blocks++;
    return head + 1;
}

static void
counting_give(void *context, void *memory, size_t size)
{
    struct counting_alloc *counting = context;
    struct counting_head *head = (struct counting_head *)memory - 1;

    if (head->size != size)
        counting->size_mismatch = true;
    counting->live_bytes -= head->size;
    counting->live_blocks--;
    free(head);
}

void
counting_alloc_init(struct counting_alloc *counting)
{
    *counting = (struct counting_alloc){ .alloc = { counting_take, counting_give, counting } };
}
