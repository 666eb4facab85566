/*
 * tree.h - a red-black tree whose links live in the members
 *
 * PURPOSE     Find "the member that holds this key, or the one before it" in log n.
 * INVARIANTS  B1  no red node has a red child
 *             B2  every path to a leaf passes the same number of black nodes
 *             B3  in-order keys strictly increase
 * UNITS       key: whatever the owner compares; vm_map uses start addresses in bytes
 * OWNERSHIP   the tree owns nothing
 * ERRORS      none
 * EVENTS      none
 * XNU         osfmk/vm/vm_map_store_rb.c keeps its entries in such a tree
 */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include "base/types.h"

struct vmm_tree_node {
    struct vmm_tree_node *parent;
    struct vmm_tree_node *child[2]; /* [0] smaller, [1] larger */
    bool is_red;
};

struct vmm_tree {
    struct vmm_tree_node *root;
    size_t count;
};

/*
 * Links `node` in as the child of `parent` on side `side` (the place a search ended at; parent NULL
 * for an empty tree) and rebalances.
 */
void vmm_tree_insert_at(struct vmm_tree *tree, struct vmm_tree_node *parent, int side,
                        struct vmm_tree_node *node);

/* Unlinks `node` and rebalances. */
void vmm_tree_remove(struct vmm_tree *tree, struct vmm_tree_node *node);

/* The neighbour in key order (side 0: before, 1: after), or NULL. */
struct vmm_tree_node *vmm_tree_next(const struct vmm_tree_node *node, int side);

/* The outermost node (side 0: smallest, 1: largest), or NULL for an empty tree. */
struct vmm_tree_node *vmm_tree_edge(const struct vmm_tree *tree, int side);

/* Whether B1, B2 and the parent links hold; the owner checks B3, since it knows the key. */
bool vmm_tree_check(const struct vmm_tree *tree);

#endif
