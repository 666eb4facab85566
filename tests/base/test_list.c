/* test_list.c - order without allocation */
#include "base/list.h"
#include "test_alloc.h"

struct member {
    char letter;
    struct vmm_list link;
};

/* The letters in order, forwards; checks L1 on the way. */
static const char *
spell(const struct vmm_list *head, char *text)
{
    size_t length = 0;

    for (const struct vmm_list *at = head->next; at != head; at = at->next) {
        assert_ptr_equal(at->next->prev, at);
        assert_ptr_equal(at->prev->next, at);
        text[length++] = VMM_CONTAINER(at, const struct member, link)->letter;
    }
    text[length] = '\0';
    return text;
}

static void
a_new_list_is_empty(void **state)
{
    struct vmm_list head;
    char text[8];

    (void)state;
    vmm_list_init(&head);
    assert_true(vmm_list_is_empty(&head));
    assert_string_equal(spell(&head, text), "");
}

/*  append a, append b, insert c after the head, insert d after a: c a d b  */
static void
members_stand_where_they_are_put(void **state)
{
    struct member a = { .letter = 'a' };
    struct member b = { .letter = 'b' };
    struct member c = { .letter = 'c' };
    struct member d = { .letter = 'd' };
    struct vmm_list head;
    char text[8];

    (void)state;
    vmm_list_init(&head);
    vmm_list_append(&head, &a.link);
    vmm_list_append(&head, &b.link);
    vmm_list_insert_after(&head, &c.link);
    vmm_list_insert_after(&a.link, &d.link);
    assert_string_equal(spell(&head, text), "cadb");
    assert_false(vmm_list_is_empty(&head));
}

/*  a b c, remove b: a c; b points at itself and may be removed again  */
static void
l2_a_removed_member_points_at_itself(void **state)
{
    struct member members[3] = { { .letter = 'a' }, { .letter = 'b' }, { .letter = 'c' } };
    struct vmm_list head;
    char text[8];

    (void)state;
    vmm_list_init(&head);
    for (size_t i = 0; i < 3; i++)
        vmm_list_append(&head, &members[i].link);
    vmm_list_remove(&members[1].link);
    assert_string_equal(spell(&head, text), "ac");
    assert_true(vmm_list_is_empty(&members[1].link));
    vmm_list_remove(&members[1].link);
    assert_string_equal(spell(&head, text), "ac");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_list_is_empty),
        cmocka_unit_test(members_stand_where_they_are_put),
        cmocka_unit_test(l2_a_removed_member_points_at_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
