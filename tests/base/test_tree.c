/* test_tree.c - red-black balancing against a plain array of truths */
#include "base/rng.h"
#include "base/tree.h"
#include "test_alloc.h"

enum { KEYS = 300 };

struct member {
    unsigned key;
    bool is_in;
    struct vmm_tree_node node;
};

static struct member members[KEYS];

static unsigned
key_of(const struct vmm_tree_node *node)
{
    return VMM_CONTAINER(node, const struct member, node)->key;
}

static void
insert(struct vmm_tree *tree, unsigned key)
{
    struct vmm_tree_node *parent = NULL;
    int side = 0;

    for (struct vmm_tree_node *at = tree->root; at != NULL; at = at->child[side]) {
        parent = at;
        side = key > key_of(at);
    }
    members[key] = (struct member){ .key = key, .is_in = true };
    vmm_tree_insert_at(tree, parent, side, &members[key].node);
}

static void
take_out(struct vmm_tree *tree, unsigned key)
{
    vmm_tree_remove(tree, &members[key].node);
    members[key].is_in = false;
}

/* B1, B2 and B3, and the members that the array says, forwards and backwards. */
static void
check(const struct vmm_tree *tree)
{
    const struct vmm_tree_node *up = vmm_tree_edge(tree, 0);
    const struct vmm_tree_node *down = vmm_tree_edge(tree, 1);

    assert_true(vmm_tree_check(tree));
    for (unsigned key = 0; key < KEYS; key++) {
        if (members[key].is_in) {
            assert_non_null(up);
            assert_int_equal(key_of(up), key);
            up = vmm_tree_next(up, 1);
        }
        if (members[KEYS - 1 - key].is_in) {
            assert_non_null(down);
            assert_int_equal(key_of(down), KEYS - 1 - key);
            down = vmm_tree_next(down, 0);
        }
    }
    assert_null(up);
    assert_null(down);
}

static void
forget_all(void)
{
    for (unsigned key = 0; key < KEYS; key++)
        members[key].is_in = false;
}

static void
an_empty_tree_has_no_edges(void **state)
{
    struct vmm_tree tree = { NULL, 0 };

    (void)state;
    forget_all();
    check(&tree);
    assert_null(vmm_tree_edge(&tree, 0));
}

/*  keys in rising order, the worst case of an unbalanced tree: at most 2 log2(n + 1) deep  */
static void
keys_in_order_do_not_make_a_list(void **state)
{
    struct vmm_tree tree = { NULL, 0 };
    unsigned deepest = 0;

    (void)state;
    forget_all();
    for (unsigned key = 0; key < KEYS; key++) {
        insert(&tree, key);
        check(&tree);
    }
    for (unsigned key = 0; key < KEYS; key++) {
        unsigned depth = 1;

        for (struct vmm_tree_node *at = &members[key].node; at->parent != NULL; at = at->parent)
            depth++;
        deepest = depth > deepest ? depth : deepest;
    }
    assert_in_range(deepest, 1, 16);
    for (unsigned key = 0; key < KEYS; key++) {
        take_out(&tree, key);
        check(&tree);
    }
    assert_null(tree.root);
}

static void
random_insertions_and_removals_keep_it_balanced(void **state)
{
    struct vmm_rng rng = { 1 };
    struct vmm_tree tree = { NULL, 0 };
    size_t count = 0;

    (void)state;
    forget_all();
    for (unsigned step = 0; step < 6000; step++) {
        unsigned key = (unsigned)vmm_rng_below(&rng, KEYS);

        if (members[key].is_in)
            take_out(&tree, key);
        else
            insert(&tree, key);
        count += members[key].is_in ? 1 : (size_t)-1;
        assert_int_equal(tree.count, count);
        check(&tree);
    }
}

static void
check_notices_a_red_child_of_a_red_node(void **state)
{
    struct vmm_tree tree = { NULL, 0 };

    (void)state;
    forget_all();
    for (unsigned key = 0; key < 8; key++)
        insert(&tree, key);
    for (unsigned key = 0; key < 8; key++) {
        members[key].node.is_red = !members[key].node.is_red;
        assert_false(vmm_tree_check(&tree));
        members[key].node.is_red = !members[key].node.is_red;
    }
    assert_true(vmm_tree_check(&tree));
}

static void
check_notices_a_wrong_parent_and_a_wrong_count(void **state)
{
    struct vmm_tree tree = { NULL, 0 };
    struct vmm_tree_node *parent;

    (void)state;
    forget_all();
    for (unsigned key = 0; key < 8; key++)
        insert(&tree, key);
    tree.count++;
    assert_false(vmm_tree_check(&tree));
    tree.count--;
    parent = members[7].node.parent;
    members[7].node.parent = parent->parent;
    assert_false(vmm_tree_check(&tree));
    members[7].node.parent = parent;
    assert_true(vmm_tree_check(&tree));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_tree_has_no_edges),
        cmocka_unit_test(keys_in_order_do_not_make_a_list),
        cmocka_unit_test(random_insertions_and_removals_keep_it_balanced),
        cmocka_unit_test(check_notices_a_red_child_of_a_red_node),
        cmocka_unit_test(check_notices_a_wrong_parent_and_a_wrong_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
