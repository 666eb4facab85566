/*
 * list.h - a circular doubly linked list whose links live in the members
 *
 * PURPOSE     Order without allocation.
 * INVARIANTS  L1  link->next->prev == link == link->prev->next
 *             L2  a member that is on no list points at itself
 * UNITS       none
 * OWNERSHIP   the list owns nothing
 * ERRORS      none
 * EVENTS      none
 * XNU         osfmk/kern/queue.h
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/types.h"

struct vmm_list {
    struct vmm_list *next;
    struct vmm_list *prev;
};

/* Makes an empty list, or a member that is on none. */
static inline void
vmm_list_init(struct vmm_list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool
vmm_list_is_empty(const struct vmm_list *list)
{
    return list->next == list;
}

/* Puts `link` right after `at`; with the head as `at` that is the front. */
static inline void
vmm_list_insert_after(struct vmm_list *at, struct vmm_list *link)
{
    link->prev = at;
    link->next = at->next;
    at->next->prev = link;
    at->next = link;
}

/* Puts `link` at the end of the list whose head is given. */
static inline void
vmm_list_append(struct vmm_list *head, struct vmm_list *link)
{
    vmm_list_insert_after(head->prev, link);
}

/* Takes `link` off its list and leaves it pointing at itself. */
static inline void
vmm_list_remove(struct vmm_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    vmm_list_init(link);
}

#endif
