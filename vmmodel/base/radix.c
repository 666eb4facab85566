/* radix.c - see radix.h */
#include "base/radix.h"

#include "base/assert.h"

static uint32_t
vmm_radix_slot(uint64_t index, uint32_t shift)
{
    return (uint32_t)(index >> shift) & (VMM_RADIX_FANOUT - 1);
}

/* Whether a tree whose root has this shift reaches `index`. */
static bool
vmm_radix_reaches(uint32_t shift, uint64_t index)
{
    return shift + VMM_RADIX_SHIFT >= 64 || index >> (shift + VMM_RADIX_SHIFT) == 0;
}

void
vmm_radix_init(struct vmm_radix *radix, struct vmm_zone *zone)
{
    *radix = (struct vmm_radix){ .zone = zone };
}

static struct vmm_radix_node *
vmm_radix_node(struct vmm_radix *radix, uint32_t shift)
{
    struct vmm_radix_node *node = vmm_zone_take(radix->zone);

    if (node != NULL)
        node->shift = shift;
    return node;
}

/* The leaf node that holds `index`, or NULL. */
static struct vmm_radix_node *
vmm_radix_leaf(const struct vmm_radix *radix, uint64_t index)
{
    struct vmm_radix_node *node = radix->root;

    if (node == NULL || !vmm_radix_reaches(node->shift, index))
        return NULL;
    while (node != NULL && node->shift > 0)
        node = node->slot.child[vmm_radix_slot(index, node->shift)];
    return node;
}

uint32_t
vmm_radix_get(const struct vmm_radix *radix, uint64_t index)
{
    const struct vmm_radix_node *leaf = vmm_radix_leaf(radix, index);

    return leaf == NULL ? 0 : leaf->slot.value[vmm_radix_slot(index, 0)];
}

/* The first root, tall enough at once: growing an empty one would leave empty nodes behind (R2). */
static struct vmm_radix_node *
vmm_radix_first_root(struct vmm_radix *radix, uint64_t index)
{
    uint32_t shift = 0;

    while (!vmm_radix_reaches(shift, index))
        shift += VMM_RADIX_SHIFT;
    return vmm_radix_node(radix, shift);
}

/* Makes the tree tall enough for `index`. */
static bool
vmm_radix_grow(struct vmm_radix *radix, uint64_t index)
{
    if (radix->root == NULL)
        radix->root = vmm_radix_first_root(radix, index);
    while (radix->root != NULL && !vmm_radix_reaches(radix->root->shift, index)) {
        struct vmm_radix_node *root = vmm_radix_node(radix, radix->root->shift + VMM_RADIX_SHIFT);

        if (root == NULL)
            return false;
        root->slot.child[0] = radix->root;
        root->used = 1;
        radix->root = root;
    }
    return radix->root != NULL;
}

/* Gives back the nodes on the way to `index` that hold nothing (R2), from the leaf up. */
static void
vmm_radix_prune(struct vmm_radix *radix, uint64_t index)
{
    struct vmm_radix_node *path[12];
    uint32_t depth = 0;
    struct vmm_radix_node *node = radix->root;

    for (; node != NULL; node = node->slot.child[vmm_radix_slot(index, node->shift)]) {
        path[depth++] = node;
        if (node->shift == 0)
            break;
    }
    while (depth > 0 && path[depth - 1]->used == 0) {
        vmm_zone_give(radix->zone, path[--depth]);
        if (depth == 0) {
            radix->root = NULL;
        } else {
            path[depth - 1]->slot.child[vmm_radix_slot(index, path[depth - 1]->shift)] = NULL;
            path[depth - 1]->used--;
        }
    }
}

/* Makes the path to `index`; NULL: no node could be had, and empty ones may hang on the way. */
static struct vmm_radix_node *
vmm_radix_path(struct vmm_radix *radix, uint64_t index)
{
    struct vmm_radix_node *node = radix->root;

    while (node->shift > 0) {
        struct vmm_radix_node **next = &node->slot.child[vmm_radix_slot(index, node->shift)];

        if (*next == NULL) {
            *next = vmm_radix_node(radix, node->shift - VMM_RADIX_SHIFT);
            if (*next == NULL)
                return NULL;
            node->used++;
        }
        node = *next;
    }
    return node;
}

bool
vmm_radix_set(struct vmm_radix *radix, uint64_t index, uint32_t value)
{
    struct vmm_radix_node *leaf = NULL;
    uint32_t slot = vmm_radix_slot(index, 0);

    VMM_ASSERT(value != 0); /* R1 */
    if (vmm_radix_grow(radix, index))
        leaf = vmm_radix_path(radix, index);
    if (leaf == NULL) {
        vmm_radix_prune(radix, index); /* what the path got before it ended */
        return false;
    }
    if (leaf->slot.value[slot] == 0) {
        leaf->used++;
        radix->count++;
    }
    leaf->slot.value[slot] = value;
    return true;
}

uint32_t
vmm_radix_clear(struct vmm_radix *radix, uint64_t index)
{
    struct vmm_radix_node *leaf = vmm_radix_leaf(radix, index);
    uint32_t slot = vmm_radix_slot(index, 0);
    uint32_t value = leaf == NULL ? 0 : leaf->slot.value[slot];

    if (value == 0)
        return 0;
    leaf->slot.value[slot] = 0;
    leaf->used--;
    radix->count--;
    if (leaf->used == 0)
        vmm_radix_prune(radix, index);
    return value;
}

/*
 * Looks in the subtree of `node`. True: found at *index. False: nothing at or after *index in it,
 * and *index is the first index behind it (0 when that is past the last one).
 */
static bool
vmm_radix_scan(const struct vmm_radix_node *node, uint64_t *index, uint32_t *value)
{
    for (uint32_t slot = vmm_radix_slot(*index, node->shift); slot < VMM_RADIX_FANOUT; slot++) {
        uint64_t step = (uint64_t)1 << node->shift;

        if (node->shift == 0 && node->slot.value[slot] != 0) {
            *value = node->slot.value[slot];
            return true;
        }
        if (node->shift > 0 && node->slot.child[slot] != NULL) {
            if (vmm_radix_scan(node->slot.child[slot], index, value))
                return true;
        } else {
            *index = (*index & ~(step - 1)) + step;
        }
    }
    return false;
}

bool
vmm_radix_next(const struct vmm_radix *radix, uint64_t *index, uint32_t *value)
{
    uint64_t at = *index;

    if (radix->root == NULL || !vmm_radix_reaches(radix->root->shift, at) ||
        !vmm_radix_scan(radix->root, &at, value))
        return false;
    *index = at;
    return true;
}

static void
vmm_radix_free(struct vmm_radix *radix, struct vmm_radix_node *node)
{
    for (uint32_t slot = 0; node->shift > 0 && slot < VMM_RADIX_FANOUT; slot++) {
        if (node->slot.child[slot] != NULL)
            vmm_radix_free(radix, node->slot.child[slot]);
    }
    vmm_zone_give(radix->zone, node);
}

void
vmm_radix_destroy(struct vmm_radix *radix)
{
    if (radix->root != NULL)
        vmm_radix_free(radix, radix->root);
    radix->root = NULL;
    radix->count = 0;
}
