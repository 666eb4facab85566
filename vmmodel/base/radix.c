/* radix.c - see radix.h */
#include "base/radix.h"

#include <string.h>

#include "base/assert.h"
#include "base/ramp.h"

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
vmm_radix_store_init(struct vmm_radix_store *store, const struct vmm_alloc *alloc)
{
    vmm_zone_init(&store->nodes, alloc, sizeof(struct vmm_radix_node));
    vmm_pool_init(&store->leaves, alloc, sizeof(struct vmm_radix_leaf),
                  (uint32_t)1 << (32 - VMM_RADIX_SHIFT)); /* so that a place has 32 bits */
    vmm_pool_init(&store->values, alloc, VMM_RADIX_FANOUT * sizeof(uint32_t),
                  (uint32_t)1 << (32 - VMM_RADIX_SHIFT));
}

void
vmm_radix_store_destroy(struct vmm_radix_store *store)
{
    vmm_zone_destroy(&store->nodes);
    vmm_pool_destroy(&store->leaves);
    vmm_pool_destroy(&store->values);
}

void
vmm_radix_init(struct vmm_radix *radix, struct vmm_radix_store *store)
{
    *radix = (struct vmm_radix){ .store = store };
}

void
vmm_radix_init_stored(struct vmm_radix *radix, struct vmm_radix_store *store)
{
    *radix = (struct vmm_radix){ .store = store, .stores_all = true };
}

static struct vmm_radix_node *
vmm_radix_node_of(struct vmm_radix_head *head)
{
    return VMM_CONTAINER(head, struct vmm_radix_node, head);
}

static struct vmm_radix_leaf *
vmm_radix_leaf_of(struct vmm_radix_head *head)
{
    return VMM_CONTAINER(head, struct vmm_radix_leaf, head);
}

/* ---- what a leaf holds ---- */

/* From now on a leaf stores its values. False: no memory, and nothing changed. */
static bool
vmm_radix_break(struct vmm_radix_leaf *leaf)
{
    if (leaf->values != 0)
        return true;
    leaf->values = vmm_pool_take(&leaf->radix->store->values);
    if (leaf->values == 0)
        return false;
    vmm_ramp_fill(vmm_radix_values(leaf), VMM_RADIX_FANOUT, leaf->base);
    return true;
}

/*
 * Makes room for `count` values from `slot` on, the first of which is `first` and which follow each other
 * if `is_row`. False: no memory, and nothing changed.
 */
static bool
vmm_radix_admit(struct vmm_radix_leaf *leaf, uint32_t slot, uint32_t count, uint32_t first,
                bool is_row)
{
    uint64_t slots = UINT64_MAX >> (VMM_RADIX_FANOUT - count) << slot;

    if (leaf->values != 0)
        return true;
    if (!is_row || leaf->radix->stores_all)
        return vmm_radix_break(leaf);
    if ((leaf->held & ~slots) != 0 && leaf->base != first - slot)
        return vmm_radix_break(leaf);
    leaf->base = first - slot;
    return true;
}

/* A leaf for `index`. */
static struct vmm_radix_head *
vmm_radix_make_leaf(struct vmm_radix *radix, uint64_t index)
{
    uint32_t number = vmm_pool_take(&radix->store->leaves);
    struct vmm_radix_leaf *leaf;

    if (number == 0)
        return NULL;
    leaf = vmm_pool_at(&radix->store->leaves, number);
    leaf->head.number = number;
    leaf->radix = radix;
    leaf->first = index & ~(uint64_t)(VMM_RADIX_FANOUT - 1);
    return &leaf->head;
}

/* What holds `index` at the level of `shift`. */
static struct vmm_radix_head *
vmm_radix_make(struct vmm_radix *radix, uint64_t index, uint32_t shift)
{
    struct vmm_radix_node *node;

    if (shift == 0)
        return vmm_radix_make_leaf(radix, index);
    node = vmm_zone_take(&radix->store->nodes);
    if (node == NULL)
        return NULL;
    node->head.shift = (uint16_t)shift;
    return &node->head;
}

static void
vmm_radix_give(struct vmm_radix *radix, struct vmm_radix_head *head)
{
    if (head->shift > 0) {
        vmm_zone_give(&radix->store->nodes, vmm_radix_node_of(head));
        return;
    }
    if (radix->last == vmm_radix_leaf_of(head))
        radix->last = NULL;
    if (vmm_radix_leaf_of(head)->values != 0)
        vmm_pool_give(&radix->store->values, vmm_radix_leaf_of(head)->values);
    vmm_pool_give(&radix->store->leaves, head->number);
}

struct vmm_radix_leaf *
vmm_radix_leaf(const struct vmm_radix *radix, uint64_t index)
{
    struct vmm_radix_head *head = radix->root;

    if (radix->last != NULL && (index ^ radix->last->first) < VMM_RADIX_FANOUT)
        return radix->last;
    if (head == NULL || !vmm_radix_reaches(head->shift, index))
        return NULL;
    while (head != NULL && head->shift > 0)
        head = vmm_radix_node_of(head)->child[vmm_radix_slot(index, head->shift)];
    return head == NULL ? NULL : vmm_radix_leaf_of(head);
}

/* A way along the leaves: what is above one of them is above the next ones too. */
struct vmm_radix_walk {
    const struct vmm_radix *radix;
    const struct vmm_radix_node *above; /* NULL: not known */
};

/* The leaf that holds `index`, or NULL; who asked before asked for the leaf before. */
static inline const struct vmm_radix_leaf *
vmm_radix_walk_leaf(struct vmm_radix_walk *walk, uint64_t index)
{
    uint32_t slot = vmm_radix_slot(index, VMM_RADIX_SHIFT);
    struct vmm_radix_head *head = walk->radix->root;

    if (walk->above == NULL || slot == 0) {
        if (head == NULL || !vmm_radix_reaches(head->shift, index))
            return NULL;
        while (head != NULL && head->shift > VMM_RADIX_SHIFT)
            head = vmm_radix_node_of(head)->child[vmm_radix_slot(index, head->shift)];
        if (head == NULL || head->shift == 0)
            return head == NULL ? NULL : vmm_radix_leaf_of(head);
        walk->above = vmm_radix_node_of(head);
    }
    head = walk->above->child[slot];
    return head == NULL ? NULL : vmm_radix_leaf_of(head);
}

/* How many of these bits are set, from `slot` on and at most `count`, before one that is not. */
static uint32_t
vmm_radix_set_bits(uint64_t bits, uint32_t slot, uint32_t count)
{
    uint64_t clear = ~(bits >> slot);
    uint32_t set = clear == 0 ? VMM_RADIX_FANOUT : (uint32_t)__builtin_ctzll(clear);

    return set < count ? set : count;
}

uint32_t
vmm_radix_held(const struct vmm_radix *radix, uint64_t index, uint32_t count)
{
    struct vmm_radix_walk walk = { radix, NULL };
    uint32_t held = 0;

    while (held < count) {
        const struct vmm_radix_leaf *leaf = vmm_radix_walk_leaf(&walk, index + held);
        uint32_t slot = vmm_radix_slot(index + held, 0);
        uint32_t more = leaf == NULL ? 0 : vmm_radix_set_bits(leaf->held, slot, count - held);

        held += more;
        if (more < VMM_RADIX_FANOUT - slot)
            break;
    }
    return held;
}

/* At most the slots of one leaf, for that is all who asks can use. */
uint32_t
vmm_radix_vacant(const struct vmm_radix *radix, uint64_t index, uint32_t count)
{
    const struct vmm_radix_leaf *leaf = vmm_radix_leaf(radix, index);
    uint32_t slot = vmm_radix_slot(index, 0);
    uint32_t left = VMM_RADIX_FANOUT - slot;

    return vmm_radix_set_bits(leaf == NULL ? UINT64_MAX : ~leaf->held, slot,
                              left < count ? left : count);
}

/* How many values of a leaf, from `slot` on and at most `count`, are `first` and the numbers after it. */
static uint32_t
vmm_radix_leaf_row(const struct vmm_radix_leaf *leaf, uint32_t slot, uint32_t count, uint32_t first)
{
    uint32_t held = vmm_radix_set_bits(leaf->held, slot, count);

    if (leaf->values != 0)
        return vmm_ramp_count(&vmm_radix_values(leaf)[slot], held, first);
    return leaf->base + slot == first ? held : 0;
}

uint32_t
vmm_radix_row(const struct vmm_radix *radix, uint64_t index, uint32_t count)
{
    struct vmm_radix_walk walk = { radix, NULL };
    uint32_t first = vmm_radix_get(radix, index);
    uint32_t row = 0;

    while (first != 0 && row < count) {
        const struct vmm_radix_leaf *leaf = vmm_radix_walk_leaf(&walk, index + row);
        uint32_t slot = vmm_radix_slot(index + row, 0);
        uint32_t more = leaf == NULL ? 0 : vmm_radix_leaf_row(leaf, slot, count - row, first + row);

        row += more;
        if (more < VMM_RADIX_FANOUT - slot)
            break;
    }
    return row;
}

/* The first root, tall enough at once: growing an empty one would leave empty nodes behind (R2). */
static struct vmm_radix_head *
vmm_radix_first_root(struct vmm_radix *radix, uint64_t index)
{
    uint32_t shift = 0;

    while (!vmm_radix_reaches(shift, index))
        shift += VMM_RADIX_SHIFT;
    return vmm_radix_make(radix, index, shift);
}

/* Makes the tree tall enough for `index`. */
static bool
vmm_radix_grow(struct vmm_radix *radix, uint64_t index)
{
    if (radix->root == NULL)
        radix->root = vmm_radix_first_root(radix, index);
    while (radix->root != NULL && !vmm_radix_reaches(radix->root->shift, index)) {
        struct vmm_radix_head *root =
            vmm_radix_make(radix, 0, radix->root->shift + (uint32_t)VMM_RADIX_SHIFT);

        if (root == NULL)
            return false;
        vmm_radix_node_of(root)->child[0] = radix->root;
        root->used = 1;
        radix->root = root;
    }
    return radix->root != NULL;
}

/* Gives back the nodes on the way to `index` that hold nothing (R2), from the leaf up. */
static void
vmm_radix_prune(struct vmm_radix *radix, uint64_t index)
{
    struct vmm_radix_head *path[12];
    uint32_t depth = 0;
    struct vmm_radix_head *at = radix->root;

    while (at != NULL) {
        path[depth++] = at;
        if (at->shift == 0)
            break;
        at = vmm_radix_node_of(at)->child[vmm_radix_slot(index, at->shift)];
    }
    while (depth > 0 && path[depth - 1]->used == 0) {
        vmm_radix_give(radix, path[--depth]);
        if (depth == 0) {
            radix->root = NULL;
        } else {
            struct vmm_radix_node *above = vmm_radix_node_of(path[depth - 1]);

            above->child[vmm_radix_slot(index, above->head.shift)] = NULL;
            above->head.used--;
        }
    }
}

/* Makes the path to `index`; NULL: no node could be had, and empty ones may hang on the way. */
static struct vmm_radix_leaf *
vmm_radix_path(struct vmm_radix *radix, uint64_t index)
{
    struct vmm_radix_head *at = radix->root;

    while (at->shift > 0) {
        struct vmm_radix_head **next =
            &vmm_radix_node_of(at)->child[vmm_radix_slot(index, at->shift)];

        if (*next == NULL) {
            *next = vmm_radix_make(radix, index, at->shift - (uint32_t)VMM_RADIX_SHIFT);
            if (*next == NULL)
                return NULL;
            at->used++;
        }
        at = *next;
    }
    return vmm_radix_leaf_of(at);
}

/* The leaf for `index`, made if need be, or NULL. */
static struct vmm_radix_leaf *
vmm_radix_reach(struct vmm_radix *radix, uint64_t index)
{
    struct vmm_radix_leaf *leaf = vmm_radix_leaf(radix, index);

    if (leaf == NULL && vmm_radix_grow(radix, index))
        leaf = vmm_radix_path(radix, index);
    if (leaf == NULL)
        vmm_radix_prune(radix, index); /* what the path got before it ended */
    return leaf;
}

struct vmm_radix_leaf *
vmm_radix_put_run(struct vmm_radix *radix, uint64_t index, const uint32_t *values, uint32_t count)
{
    bool is_row = vmm_ramp_count(values, count, values[0]) == count;
    struct vmm_radix_leaf *leaf = vmm_radix_reach(radix, index);
    uint32_t slot = vmm_radix_slot(index, 0);
    uint64_t slots = UINT64_MAX >> (VMM_RADIX_FANOUT - count) << slot;

    VMM_ASSERT(count > 0 && count <= VMM_RADIX_FANOUT - slot);
    if (leaf == NULL)
        return NULL;
    if (!vmm_radix_admit(leaf, slot, count, values[0], is_row)) {
        vmm_radix_prune(radix, index);
        return NULL;
    }
    if (leaf->values != 0)
        memcpy(&vmm_radix_values(leaf)[slot], values, count * sizeof(*values));
    radix->last = leaf;
    if (vmm_radix_holds(leaf, slot) && count == 1)
        return leaf;
    VMM_ASSERT((leaf->held & slots) == 0);
    leaf->held |= slots;
    leaf->head.used = (uint16_t)(leaf->head.used + count);
    radix->count += count;
    return leaf;
}

struct vmm_radix_leaf *
vmm_radix_put(struct vmm_radix *radix, uint64_t index, uint32_t value)
{
    VMM_ASSERT(value != 0); /* R1 */
    return vmm_radix_put_run(radix, index, &value, 1);
}

bool
vmm_radix_set(struct vmm_radix *radix, uint64_t index, uint32_t value)
{
    return vmm_radix_put(radix, index, value) != NULL;
}

uint32_t
vmm_radix_clear(struct vmm_radix *radix, uint64_t index)
{
    struct vmm_radix_leaf *leaf = vmm_radix_leaf(radix, index);
    uint32_t slot = vmm_radix_slot(index, 0);
    uint32_t value = leaf == NULL ? 0 : vmm_radix_value(leaf, slot);

    if (value == 0)
        return 0;
    leaf->held &= ~((uint64_t)1 << slot);
    leaf->head.used--;
    radix->count--;
    if (leaf->head.used == 0)
        vmm_radix_prune(radix, index);
    return value;
}

/* The first value at or after *index in a leaf; as vmm_radix_scan(). */
static bool
vmm_radix_scan_leaf(const struct vmm_radix_leaf *leaf, uint64_t *index, uint32_t *value)
{
    uint32_t slot = vmm_radix_slot(*index, 0);
    uint32_t vacant = vmm_radix_set_bits(~leaf->held, slot, VMM_RADIX_FANOUT - slot);

    *index = leaf->first + slot + vacant;
    if (slot + vacant == VMM_RADIX_FANOUT)
        return false;
    *value = vmm_radix_value(leaf, slot + vacant);
    return true;
}

/*
 * Looks in the subtree of `head`. True: found at *index. False: nothing at or after *index in it,
 * and *index is the first index behind it (0 when that is past the last one).
 */
static bool
vmm_radix_scan(struct vmm_radix_head *head, uint64_t *index, uint32_t *value)
{
    uint64_t step = (uint64_t)1 << head->shift;

    if (head->shift == 0)
        return vmm_radix_scan_leaf(vmm_radix_leaf_of(head), index, value);
    for (uint32_t slot = vmm_radix_slot(*index, head->shift); slot < VMM_RADIX_FANOUT; slot++) {
        struct vmm_radix_head *child = vmm_radix_node_of(head)->child[slot];

        if (child == NULL)
            *index = (*index & ~(step - 1)) + step;
        else if (vmm_radix_scan(child, index, value))
            return true;
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

/* Leaves know whose they are. */
static void
vmm_radix_claim(struct vmm_radix *radix)
{
    uint32_t value;

    for (uint64_t index = 0; vmm_radix_next(radix, &index, &value);) {
        struct vmm_radix_leaf *leaf = vmm_radix_leaf(radix, index);

        leaf->radix = radix;
        index = leaf->first + (VMM_RADIX_FANOUT - 1);
        if (index++ == UINT64_MAX)
            return;
    }
}

void
vmm_radix_exchange(struct vmm_radix *a, struct vmm_radix *b)
{
    struct vmm_radix was = *a;

    *a = *b;
    *b = was;
    vmm_radix_claim(a);
    vmm_radix_claim(b);
}

static void
vmm_radix_free(struct vmm_radix *radix, struct vmm_radix_head *head)
{
    for (uint32_t slot = 0; head->shift > 0 && slot < VMM_RADIX_FANOUT; slot++) {
        struct vmm_radix_head *child = vmm_radix_node_of(head)->child[slot];

        if (child != NULL)
            vmm_radix_free(radix, child);
    }
    vmm_radix_give(radix, head);
}

void
vmm_radix_destroy(struct vmm_radix *radix)
{
    if (radix->root != NULL)
        vmm_radix_free(radix, radix->root);
    radix->root = NULL;
    radix->count = 0;
}
