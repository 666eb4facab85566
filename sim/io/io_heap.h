/*
 * io_heap.h - memory of a process that is forked often
 *
 * PURPOSE     A heap in one range of addresses that asks the system for huge pages: a fork copies a page
 *             table entry for 2 MiB in place of 512 for 4 KiB each, and that is most of what it costs.
 * INVARIANTS  P1  one thread at a time
 * UNITS       bytes
 * OWNERSHIP   io_heap_end() gives back everything at once
 * ERRORS      take() gives NULL when the range is used up
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_HEAP_H
#define IO_IO_HEAP_H

#include <stdbool.h>
#include <stddef.h>

enum { IO_HEAP_CLASSES = 64 };

struct io_heap {
    char *bytes;
    size_t size; /* of the range; memory comes when it is touched */
    size_t used;
    void *free[IO_HEAP_CLASSES]; /* pieces of one size that were given back, linked */
};

/* False: the system gives no range. */
bool io_heap_begin(struct io_heap *heap);
void io_heap_end(struct io_heap *heap);

/* As struct vmm_alloc has them; `context` is a heap. Pieces are aligned to 64 bytes. */
void *io_heap_take(void *context, size_t size);
void io_heap_give(void *context, void *memory, size_t size);

#endif
