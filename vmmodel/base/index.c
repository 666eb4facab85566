/*
 * index.c - see index.h
 *
 * A full node is cut in the middle, or, when what comes goes behind its end, left full: members that
 * come in rising order make full nodes. A node that loses its last member goes; one that has become small
 * joins its neighbour when both fit into one.
 */
#include "base/index.h"

#include <string.h>

#include "base/assert.h"

enum { VMM_INDEX_LINE_BITS = 3, VMM_INDEX_LINE = 1 << VMM_INDEX_LINE_BITS };
enum { VMM_INDEX_LEVELS = 24, VMM_INDEX_SMALL = VMM_INDEX_WIDTH / 3 };

/* The way from the root to a leaf: path[n] is the node of level n, slot[n] which of its places. */
struct vmm_index_path {
    struct vmm_index_node *node[VMM_INDEX_LEVELS];
    uint32_t slot[VMM_INDEX_LEVELS];
    uint32_t levels;
};

void
vmm_index_init(struct vmm_index *index, struct vmm_zone *zone)
{
    *index = (struct vmm_index){ .zone = zone };
}

/* ---- find ---- */

/*
 * How many keys of a node are at most `key`: halves until seven are left, which stand on one line. No branch but
 * the loops', which do not depend on it.
 */
static inline uint32_t
vmm_index_rank(const struct vmm_index_node *node, uint64_t key)
{
    uint32_t rank = 0;

    for (uint32_t bit = VMM_INDEX_BITS; bit-- > VMM_INDEX_LINE_BITS;)
        rank += (uint32_t)(node->key[rank + (1u << bit) - 1] <= key) << bit;
    for (const uint64_t *at = &node->key[rank], *end = at + VMM_INDEX_LINE - 1; at < end; at++)
        rank += *at <= key;
    return rank;
}

/* All lines of a node at once: which of them are needed is known one after the other. */
static inline void
vmm_index_prefetch(const struct vmm_index_node *node)
{
    for (uint32_t i = 0; i < VMM_INDEX_WIDTH; i += VMM_INDEX_LINE) {
        __builtin_prefetch(&node->key[i]);
        __builtin_prefetch(&node->at[i]);
    }
}

void *
vmm_index_find(const struct vmm_index *index, uint64_t key)
{
    const struct vmm_index_node *node = index->root;
    uint32_t rank;

    key -= key == UINT64_MAX; /* no member has it, and unused places do */
    if (node == NULL)
        return NULL;
    for (;;) {
        vmm_index_prefetch(node);
        rank = vmm_index_rank(node, key);
        if (rank == 0)
            return NULL; /* in the root, or nowhere (X1) */
        if (node->level == 0)
            return node->at[rank - 1];
        node = node->at[rank - 1];
    }
}

/* The way to where `key` is or would be; what is before all goes the leftmost way. */
static void
vmm_index_descend(const struct vmm_index *index, uint64_t key, struct vmm_index_path *path)
{
    struct vmm_index_node *node = index->root;

    VMM_ASSERT(node->level < VMM_INDEX_LEVELS);
    path->levels = node->level + 1;
    for (;;) {
        uint32_t rank = vmm_index_rank(node, key);

        path->node[node->level] = node;
        path->slot[node->level] = rank == 0 ? 0 : rank - 1;
        if (node->level == 0)
            break;
        node = node->at[path->slot[node->level]];
    }
}

/* ---- nodes ---- */

static struct vmm_index_node *
vmm_index_node(struct vmm_index *index, uint32_t level)
{
    struct vmm_index_node *node = vmm_zone_take(index->zone);

    if (node == NULL)
        return NULL;
    memset(node->key, 0xff, sizeof(node->key));
    node->level = level;
    return node;
}

static void
vmm_index_node_insert(struct vmm_index_node *node, uint32_t slot, uint64_t key, void *at)
{
    uint32_t behind = node->used - slot;

    memmove(&node->key[slot + 1], &node->key[slot], behind * sizeof(node->key[0]));
    memmove(&node->at[slot + 1], &node->at[slot], behind * sizeof(node->at[0]));
    node->key[slot] = key;
    node->at[slot] = at;
    node->used++;
}

static void
vmm_index_node_remove(struct vmm_index_node *node, uint32_t slot)
{
    uint32_t behind = node->used - slot - 1;

    memmove(&node->key[slot], &node->key[slot + 1], behind * sizeof(node->key[0]));
    memmove(&node->at[slot], &node->at[slot + 1], behind * sizeof(node->at[0]));
    node->key[--node->used] = UINT64_MAX;
}

/* Moves what `from` has from `slot` on behind the end of `to`. */
static void
vmm_index_node_move(struct vmm_index_node *from, uint32_t slot, struct vmm_index_node *to)
{
    uint32_t moved = from->used - slot;

    memcpy(&to->key[to->used], &from->key[slot], moved * sizeof(to->key[0]));
    memcpy(&to->at[to->used], &from->at[slot], moved * sizeof(to->at[0]));
    memset(&from->key[slot], 0xff, moved * sizeof(from->key[0]));
    to->used += moved;
    from->used = slot;
}

/* A node's first key may have changed: those above say the same (X1). */
static void
vmm_index_raise(const struct vmm_index_path *path, uint32_t level)
{
    for (; level + 1 < path->levels; level++)
        path->node[level + 1]->key[path->slot[level + 1]] = path->node[level]->key[0];
}

/* ---- insert ---- */

/* Nodes for cutting all full ones from the leaf up, and for a new root; false: not to be had. */
static bool
vmm_index_take_spares(struct vmm_index *index, const struct vmm_index_path *path,
                      struct vmm_index_node **spares)
{
    uint32_t needed = 0;
    uint32_t taken = 0;

    while (needed < path->levels && path->node[needed]->used == VMM_INDEX_WIDTH)
        needed++;
    needed += needed == path->levels;
    while (taken < needed) {
        spares[taken] = vmm_index_node(index, taken);
        if (spares[taken] == NULL)
            break;
        taken++;
    }
    while (taken < needed && taken > 0)
        vmm_zone_give(index->zone, spares[--taken]);
    return taken == needed;
}

/* Cuts a full node for something at `slot`; which of the two gets it, and *slot in there. */
static struct vmm_index_node *
vmm_index_cut(struct vmm_index_node *node, struct vmm_index_node *spare, uint32_t *slot)
{
    uint32_t half = *slot == VMM_INDEX_WIDTH ? VMM_INDEX_WIDTH : VMM_INDEX_WIDTH / 2 + 1;

    vmm_index_node_move(node, half, spare);
    if (*slot < half)
        return node;
    *slot -= half;
    return spare;
}

bool
vmm_index_insert(struct vmm_index *index, uint64_t key, void *member)
{
    struct vmm_index_node *spares[VMM_INDEX_LEVELS + 1];
    struct vmm_index_path path;
    void *at = member;
    uint32_t level = 0;

    VMM_ASSERT(key != UINT64_MAX);
    if (index->root == NULL)
        index->root = vmm_index_node(index, 0);
    if (index->root == NULL)
        return false;
    vmm_index_descend(index, key, &path);
    if (!vmm_index_take_spares(index, &path, spares))
        return false;
    for (;; level++) {
        struct vmm_index_node *node = path.node[level];
        uint32_t slot = vmm_index_rank(node, key);
        bool is_full = node->used == VMM_INDEX_WIDTH;

        VMM_ASSERT(slot == 0 || node->key[slot - 1] != key);
        if (is_full)
            node = vmm_index_cut(node, spares[level], &slot);
        vmm_index_node_insert(node, slot, key, at);
        vmm_index_raise(&path, level);
        if (!is_full)
            break;
        at = spares[level];
        key = spares[level]->key[0];
        if (level + 1 < path.levels)
            continue;
        index->root = spares[level + 1];
        vmm_index_node_insert(index->root, 0, path.node[level]->key[0], path.node[level]);
        vmm_index_node_insert(index->root, 1, key, at);
        break;
    }
    index->count++;
    return true;
}

/* ---- remove ---- */

/* Joins a small node with a neighbour of the same parent; true when one of them is gone. */
static bool
vmm_index_join(struct vmm_index *index, struct vmm_index_node *above, uint32_t slot)
{
    uint32_t left = slot > 0 ? slot - 1 : 0;
    struct vmm_index_node *to, *from;

    if (above->used < 2)
        return false;
    to = above->at[left];
    from = above->at[left + 1];
    if (to->used + from->used > VMM_INDEX_WIDTH)
        return false;
    vmm_index_node_move(from, 0, to);
    vmm_index_node_remove(above, left + 1);
    vmm_zone_give(index->zone, from);
    return true;
}

/* While the root has one child only, that child is the root. */
static void
vmm_index_lower(struct vmm_index *index)
{
    while (index->root != NULL && index->root->level > 0 && index->root->used == 1) {
        struct vmm_index_node *gone = index->root;

        index->root = gone->at[0];
        vmm_zone_give(index->zone, gone);
    }
}

bool
vmm_index_remove(struct vmm_index *index, uint64_t key)
{
    struct vmm_index_path path;
    uint32_t level = 0;

    if (index->root == NULL || key == UINT64_MAX)
        return false;
    vmm_index_descend(index, key, &path);
    if (path.node[0]->key[path.slot[0]] != key)
        return false;
    vmm_index_node_remove(path.node[0], path.slot[0]);
    while (level + 1 < path.levels && path.node[level]->used == 0) {
        vmm_zone_give(index->zone, path.node[level++]);
        vmm_index_node_remove(path.node[level], path.slot[level]);
    }
    if (path.node[level]->used == 0) {
        vmm_zone_give(index->zone, index->root);
        index->root = NULL;
    } else {
        vmm_index_raise(&path, level);
        while (level + 1 < path.levels && path.node[level]->used < VMM_INDEX_SMALL &&
               vmm_index_join(index, path.node[level + 1], path.slot[level + 1]))
            level++;
        vmm_index_lower(index);
    }
    index->count--;
    return true;
}

/* ---- all of it ---- */

static void
vmm_index_free(struct vmm_index *index, struct vmm_index_node *node)
{
    for (uint32_t i = 0; node->level > 0 && i < node->used; i++)
        vmm_index_free(index, node->at[i]);
    vmm_zone_give(index->zone, node);
}

void
vmm_index_destroy(struct vmm_index *index)
{
    if (index->root != NULL)
        vmm_index_free(index, index->root);
    index->root = NULL;
    index->count = 0;
}

/* Adds the members below a node to *count. */
static bool
vmm_index_check_node(const struct vmm_index_node *node, size_t *count)
{
    bool holds = node->used > 0 && node->used <= VMM_INDEX_WIDTH;

    for (uint32_t i = 0; holds && i < node->used; i++) {
        const struct vmm_index_node *child = node->level > 0 ? node->at[i] : NULL;

        holds = node->key[i] != UINT64_MAX && (i == 0 || node->key[i - 1] < node->key[i]);
        if (child != NULL)
            holds = holds && child->level + 1 == node->level && child->key[0] == node->key[i] &&
                    vmm_index_check_node(child, count) &&
                    (i + 1 == node->used || child->key[child->used - 1] < node->key[i + 1]);
    }
    for (uint32_t i = node->used; holds && i < VMM_INDEX_WIDTH; i++)
        holds = node->key[i] == UINT64_MAX;
    *count += node->level == 0 ? node->used : 0;
    return holds;
}

bool
vmm_index_check(const struct vmm_index *index)
{
    size_t count = 0;

    if (index->root != NULL && !vmm_index_check_node(index->root, &count))
        return false;
    return count == index->count;
}
