/*
 * io_heap.c - see io_heap.h
 *
 * Two sizes for each power of two, such as 4096 and 6144: no more than a third of a piece is lost.
 */
#include "io/io_heap.h"

#include <stdint.h>
#include <sys/mman.h>

enum { HEAP_ALIGN = 64, HEAP_LARGEST_SHIFT = 36 /* what a class may have */ };

/* The class of a size, and the size that its pieces have. */
static size_t
heap_class(size_t size, size_t *rounded)
{
    unsigned shift = 6; /* the power of two below, 64 at least */
    size_t step, steps;

    if (size <= HEAP_ALIGN) {
        *rounded = HEAP_ALIGN;
        return 0;
    }
    while (((size - 1) >> (shift + 1)) != 0)
        shift++;
    step = (size_t)1 << (shift - 1);
    steps = (size - 1 - ((size_t)1 << shift)) / step; /* 0 or 1 */
    *rounded = ((size_t)1 << shift) + (steps + 1) * step;
    *rounded = (*rounded + HEAP_ALIGN - 1) / HEAP_ALIGN * HEAP_ALIGN;
    return 1 + 2 * (shift - 6) + steps;
}

bool
io_heap_begin(struct io_heap *heap)
{
    *heap = (struct io_heap){ .size = (size_t)1 << HEAP_LARGEST_SHIFT };
    heap->bytes = mmap(NULL, heap->size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (heap->bytes == MAP_FAILED)
        return false;
#ifdef MADV_HUGEPAGE
    (void)madvise(heap->bytes, heap->size,
                  MADV_HUGEPAGE); /* where there are none it is only slower */
#endif
    return true;
}

void
io_heap_end(struct io_heap *heap)
{
    munmap(heap->bytes, heap->size);
}

void *
io_heap_take(void *context, size_t size)
{
    struct io_heap *heap = context;
    size_t rounded, class;
    char *piece;

    if (size > heap->size / 2)
        return NULL;
    class = heap_class(size, &rounded);
    piece = heap->free[class];
    if (piece != NULL) {
        heap->free[class] = *(void **)(void *)piece;
        return piece;
    }
    if (rounded > heap->size - heap->used)
        return NULL;
    piece = heap->bytes + heap->used;
    heap->used += rounded;
    return piece;
}

void
io_heap_give(void *context, void *memory, size_t size)
{
    struct io_heap *heap = context;
    size_t rounded, class = heap_class(size, &rounded);

    *(void **)memory = heap->free[class];
    heap->free[class] = memory;
}
