/* queue.h - the kernel's doubly linked queues of structures that hold their own links */
#ifndef KEXT_QUEUE_H
#define KEXT_QUEUE_H

#include <faultline_kext/kern.h>

typedef struct queue_entry {
    struct queue_entry *next, *prev;
} * queue_t, queue_head_t, queue_chain_t, *queue_entry_t;

#define queue_init(q) ((q)->next = (q)->prev = (q))
#define queue_first(q) ((q)->next)
#define queue_next(e) ((e)->next)
#define queue_last(q) ((q)->prev)
#define queue_prev(e) ((e)->prev)
#define queue_end(q, e) ((q) == (e))
#define queue_empty(q) queue_end((q), queue_first(q))

static inline void
enqueue_tail(queue_t queue, queue_entry_t entry)
{
    entry->next = queue;
    entry->prev = queue->prev;
    queue->prev->next = entry;
    queue->prev = entry;
}

static inline void
enqueue_head(queue_t queue, queue_entry_t entry)
{
    entry->next = queue->next;
    entry->prev = queue;
    queue->next->prev = entry;
    queue->next = entry;
}

static inline void
remqueue(queue_entry_t entry)
{
    entry->next->prev = entry->prev;
    entry->prev->next = entry->next;
    entry->next = entry->prev = 0;
}

static inline queue_entry_t
dequeue_head(queue_t queue)
{
    queue_entry_t entry = queue->next;

    if (entry == queue)
        return 0;
    remqueue(entry);
    return entry;
}

/* The typed ones link the structures themselves, through the named member. */
#define KEXT_QUEUE_LINK(head, e, type, field) \
    ((queue_entry_t)(e) == (head) ? (head) : &((type)(void *)(e))->field)
#define queue_enter(head, e, type, field)                                                 \
    do {                                                                                  \
        queue_entry_t kext_last = (head)->prev;                                           \
        (e)->field.prev = kext_last;                                                      \
        (e)->field.next = (head);                                                         \
        KEXT_QUEUE_LINK(head, kext_last, type, field)->next = (queue_entry_t)(void *)(e); \
        (head)->prev = (queue_entry_t)(void *)(e);                                        \
    } while (0)
#define queue_enter_first(head, e, type, field)                                            \
    do {                                                                                   \
        queue_entry_t kext_first = (head)->next;                                           \
        (e)->field.next = kext_first;                                                      \
        (e)->field.prev = (head);                                                          \
        KEXT_QUEUE_LINK(head, kext_first, type, field)->prev = (queue_entry_t)(void *)(e); \
        (head)->next = (queue_entry_t)(void *)(e);                                         \
    } while (0)
#define queue_remove(head, e, type, field)                               \
    do {                                                                 \
        queue_entry_t kext_next = (e)->field.next;                       \
        queue_entry_t kext_prev = (e)->field.prev;                       \
        KEXT_QUEUE_LINK(head, kext_next, type, field)->prev = kext_prev; \
        KEXT_QUEUE_LINK(head, kext_prev, type, field)->next = kext_next; \
    } while (0)
#define queue_remove_first(head, e, type, field) \
    do {                                         \
        (e) = (type)(void *)(head)->next;        \
        queue_remove(head, e, type, field);      \
    } while (0)
#define queue_iterate(head, e, type, field)                                                     \
    for ((e) = (type)(void *)queue_first(head); !queue_end((head), (queue_entry_t)(void *)(e)); \
         (e) = (type)(void *)queue_next(&(e)->field))

#endif
