/*
 * tree.c - red-black balancing
 *
 * Both directions of every case are one piece of code: `side` says which child we mean and !side the
 * other one.
 */
#include "tree.h"

#include "base/assert.h"

static bool
vmm_tree_is_red(const struct vmm_tree_node *node)
{
    return node != NULL && node->is_red;
}

static int
vmm_tree_side_of(const struct vmm_tree_node *node)
{
    return node->parent->child[1] == node;
}

/* Puts `node` (may be NULL) where `old` hangs. */
static void
vmm_tree_replace(struct vmm_tree *tree, struct vmm_tree_node *old, struct vmm_tree_node *node)
{
    if (old->parent == NULL)
        tree->root = node;
    else
        old->parent->child[vmm_tree_side_of(old)] = node;
    if (node != NULL)
        node->parent = old->parent;
}

/* Moves `node` down to `side`; its child on the other side comes up. */
static void
vmm_tree_rotate(struct vmm_tree *tree, struct vmm_tree_node *node, int side)
{
    struct vmm_tree_node *up = node->child[!side];

    vmm_tree_replace(tree, node, up);
    node->child[!side] = up->child[side];
    if (up->child[side] != NULL)
        up->child[side]->parent = node;
    up->child[side] = node;
    node->parent = up;
}

void
vmm_tree_insert_at(struct vmm_tree *tree, struct vmm_tree_node *parent, int side,
                   struct vmm_tree_node *node)
{
    *node = (struct vmm_tree_node){ .parent = parent, .is_red = true };
    tree->count++;
    if (parent == NULL)
        tree->root = node;
    else
        parent->child[side] = node;
    while (vmm_tree_is_red(node->parent)) {
        struct vmm_tree_node *up = node->parent;
        struct vmm_tree_node *top = up->parent;
        int at = vmm_tree_side_of(up);

        if (vmm_tree_is_red(top->child[!at])) {
            up->is_red = false;
            top->child[!at]->is_red = false;
            top->is_red = true;
            node = top;
            continue;
        }
        if (vmm_tree_side_of(node) != at) {
            vmm_tree_rotate(tree, up, at);
            up = node;
        }
        up->is_red = false;
        top->is_red = true;
        vmm_tree_rotate(tree, top, !at);
        break;
    }
    tree->root->is_red = false;
}

/* Makes up for one black node missing at `side` of `parent`. */
static void
vmm_tree_mend(struct vmm_tree *tree, struct vmm_tree_node *parent, int side)
{
    while (parent != NULL && !vmm_tree_is_red(parent->child[side])) {
        struct vmm_tree_node *other = parent->child[!side];

        if (other->is_red) {
            other->is_red = false;
            parent->is_red = true;
            vmm_tree_rotate(tree, parent, side);
            other = parent->child[!side];
        }
        if (!vmm_tree_is_red(other->child[0]) && !vmm_tree_is_red(other->child[1])) {
            other->is_red = true;
            side = parent->parent == NULL ? 0 : vmm_tree_side_of(parent);
            if (parent->is_red || parent->parent == NULL) {
                parent->is_red = false;
                return;
            }
            parent = parent->parent;
            continue;
        }
        if (!vmm_tree_is_red(other->child[!side])) {
            other->child[side]->is_red = false;
            other->is_red = true;
            vmm_tree_rotate(tree, other, !side);
            other = parent->child[!side];
        }
        other->is_red = parent->is_red;
        parent->is_red = false;
        other->child[!side]->is_red = false;
        vmm_tree_rotate(tree, parent, side);
        return;
    }
    if (parent != NULL)
        parent->child[side]->is_red = false;
}

/* Lets the next node in order take the place of one that has two children. */
static void
vmm_tree_swap_with_next(struct vmm_tree *tree, struct vmm_tree_node *node)
{
    struct vmm_tree_node *next = vmm_tree_next(node, 1);
    struct vmm_tree_node copy = *next;
    bool is_child = copy.parent == node;

    vmm_tree_replace(tree, node, next);
    next->is_red = node->is_red;
    next->child[0] = node->child[0];
    next->child[0]->parent = next;
    next->child[1] = is_child ? node : node->child[1];
    next->child[1]->parent = next;
    node->is_red = copy.is_red;
    node->child[0] = NULL;
    node->child[1] = copy.child[1];
    if (node->child[1] != NULL)
        node->child[1]->parent = node;
    if (!is_child) {
        node->parent = copy.parent;
        node->parent->child[0] = node;
    }
}

void
vmm_tree_remove(struct vmm_tree *tree, struct vmm_tree_node *node)
{
    struct vmm_tree_node *child;
    struct vmm_tree_node *parent;
    int side;

    if (node->child[0] != NULL && node->child[1] != NULL)
        vmm_tree_swap_with_next(tree, node);
    child = node->child[node->child[0] == NULL];
    parent = node->parent;
    side = parent == NULL ? 0 : vmm_tree_side_of(node);
    vmm_tree_replace(tree, node, child);
    tree->count--;
    if (node->is_red)
        return;
    if (parent != NULL)
        vmm_tree_mend(tree, parent, side);
    else if (tree->root != NULL)
        tree->root->is_red = false;
}

struct vmm_tree_node *
vmm_tree_next(const struct vmm_tree_node *node, int side)
{
    struct vmm_tree_node *at = node->child[side];

    if (at != NULL) {
        while (at->child[!side] != NULL)
            at = at->child[!side];
        return at;
    }
    while (node->parent != NULL && vmm_tree_side_of(node) == side)
        node = node->parent;
    return node->parent;
}

struct vmm_tree_node *
vmm_tree_edge(const struct vmm_tree *tree, int side)
{
    struct vmm_tree_node *node = tree->root;

    while (node != NULL && node->child[side] != NULL)
        node = node->child[side];
    return node;
}

/* Black nodes from the root down to this one, itself included. */
static size_t
vmm_tree_black_height(const struct vmm_tree_node *node)
{
    size_t height = 0;

    for (; node != NULL; node = node->parent)
        height += !node->is_red;
    return height;
}

static bool
vmm_tree_check_node(const struct vmm_tree_node *node, size_t height)
{
    for (int side = 0; side < 2; side++) {
        const struct vmm_tree_node *child = node->child[side];

        if (child == NULL && vmm_tree_black_height(node) != height)
            return false; /* B2 */
        if (child != NULL && (child->parent != node || (node->is_red && child->is_red)))
            return false; /* B1 */
    }
    return true;
}

bool
vmm_tree_check(const struct vmm_tree *tree)
{
    const struct vmm_tree_node *node = vmm_tree_edge(tree, 0);
    size_t height = vmm_tree_black_height(node);
    size_t count = 0;

    if (vmm_tree_is_red(tree->root))
        return false;
    for (; node != NULL; node = vmm_tree_next(node, 1), count++) {
        if (!vmm_tree_check_node(node, height))
            return false;
    }
    return count == tree->count;
}
