/*
 * vm_page_run.h - many pages of an object at once
 *
 * PURPOSE     What vm_page.h does to one page, done to those that stand next to each other in an object.
 *             Mostly their frames follow each other too, and then each step is a loop over narrow
 *             arrays that takes several pages at once.
 * INVARIANTS  as vm_page.h; nobody watches, and the object has no pager
 * UNITS       index: pages into the object
 * OWNERSHIP   as vm_page.h
 * ERRORS      false: no memory
 * EVENTS      counted, for nobody sees them
 * XNU         none: vm_fault_wire() goes page by page
 */
#ifndef VM_VM_PAGE_RUN_H
#define VM_VM_PAGE_RUN_H

#include "vm/vm_internal.h"

/*
 * Puts frames that were just taken, all zero, into places of one leaf that hold nothing: pages wired
 * once, that are about to be entered. False: no memory, and they were given back.
 */
bool vm_page_insert_wired_run(struct vm_object *object, uint64_t index, const vmm_ppn *ppns,
                              uint32_t count, bool is_writable) VMM_MUST_USE;

/* Pages whose frames follow each other, all in one chunk. */
struct vm_page_row {
    struct vm_page_chunk *chunk;
    uint32_t nth; /* of the chunk, the first */
    uint32_t count;
};

/* Of `count` frames that follow each other those, from the first on, whose pages are in one chunk. */
static inline struct vm_page_row
vm_page_row(const struct vm_system *system, vmm_ppn first, uint32_t count)
{
    uint32_t nth = first % VM_PAGE_CHUNK;
    uint32_t left = VM_PAGE_CHUNK - nth;

    return (struct vm_page_row){ &system->page_chunks[first / VM_PAGE_CHUNK], nth,
                                 count < left ? count : left };
}

/* Of `count` pages of an object those, from `index` on, that stand in a row; none: there is none. */
static inline struct vm_page_row
vm_page_row_at(const struct vm_object *object, uint64_t index, uint32_t count)
{
    struct vm_page_row row =
        vm_page_row(object->system, vmm_radix_get(&object->pages, index), count);

    row.count = vmm_radix_row(&object->pages, index, row.count);
    return row;
}

static inline vmm_ppn
vm_page_row_first(const struct vm_page_row *row)
{
    return row->chunk->first + row->nth;
}

/*
 * How many of a row, from the first on, are pages that can be entered as they are, and are on the same
 * queue, or on none.
 */
uint32_t vm_page_row_at_hand(const struct vm_page_row *row);

/* vm_page_wire() of such pages of an object, that were just entered. */
void vm_page_wire_row(struct vm_object *object, const struct vm_page_row *row, bool is_writable);

/* vm_page_unwire() of an object's pages from `index` on; all are there. */
void vm_page_unwire_run(struct vm_object *object, uint64_t index, uint32_t count);

#endif
