/* vm_page_run.c - see vm_page_run.h */
#include "vm/vm_page_run.h"

#include <string.h>

#include "vm/vm_page.h"

/* ---- rows ---- */

/* All that is in such a page. */
static inline uint16_t
vm_page_bits(struct vm_page page)
{
    uint16_t bits;

    memcpy(&bits, &page, sizeof(bits));
    return bits;
}

static inline const struct vmm_rows *
vm_page_rows(const struct vm_page_row *row)
{
    return row->chunk->system->machine->rows;
}

/*
 * How many pages of a row, from the first on, have the same in `some` bits as `one` has: nearly always
 * all.
 */
static uint32_t
vm_page_row_alike(const struct vm_page_row *row, struct vm_page some, struct vm_page one)
{
    const uint16_t *bits = &row->chunk->bits[row->nth];
    uint16_t unlike = vm_page_rows(row)->unlike16(bits, row->count, vm_page_bits(one));
    uint32_t alike = 0;

    if ((unlike & vm_page_bits(some)) == 0)
        return row->count;
    while (((bits[alike] ^ vm_page_bits(one)) & vm_page_bits(some)) == 0)
        alike++;
    return alike;
}

/* Takes some bits from each page of a row and gives it others. */
static inline void
vm_page_row_change(const struct vm_page_row *row, struct vm_page taken, struct vm_page given)
{
    vm_page_rows(row)->change16(&row->chunk->bits[row->nth], row->count, vm_page_bits(taken),
                                vm_page_bits(given));
}

/* ---- pages that were not there ---- */

bool
vm_page_insert_wired_run(struct vm_object *object, uint64_t index, const vmm_ppn *ppns,
                         uint32_t count, bool is_writable)
{
    const struct vmm_radix_leaf *leaf = vmm_radix_put_run(&object->pages, index, ppns, count);
    const struct vm_page all = { VM_PAGE_ANY_QUEUE, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    const struct vm_page made = {
        .pmapped = true, .wpmapped = is_writable, .reference = true, .wired_once = true
    };
    struct vm_system *system = object->system;
    struct vm_page_row row;

    for (uint32_t i = count; leaf == NULL && i > 0; i--)
        hw_frame_free(&system->machine->frames, ppns[i - 1]);
    if (leaf == NULL)
        return false;
    for (uint32_t done = 0; done < count; done += row.count) {
        row = vm_page_row(system, ppns[done], hw_frames_in_row(&ppns[done], count - done));
        vm_page_row_change(&row, all, made);
        vm_page_rows(&row)->put32(&row.chunk->place[row.nth], row.count,
                                  vmm_radix_place(leaf, index) + done, 1);
    }
    object->wired_page_count += count;
    system->wired_pages += count;
    trace_count_events(&system->trace, EV_PAGE_WIRE, count);
    return true;
}

/* ---- pages that are there ---- */

uint32_t
vm_page_row_at_hand(const struct vm_page_row *row)
{
    const struct vm_page first = row->chunk->pages[row->nth];
    const struct vm_page told_by = {
        .queue = VM_PAGE_ANY_QUEUE, .busy = true, .is_absent = true, .error = true
    };

    return first.busy || first.is_absent || first.error ? 0
                                                        : vm_page_row_alike(row, told_by, first);
}

/* The pages of a row behind the first. */
static inline struct vm_page_row
vm_page_row_rest(const struct vm_page_row *row)
{
    return (struct vm_page_row){ row->chunk, row->nth + 1, row->count - 1 };
}

/* Takes pages of a queue out of it, as many at a time as stand behind each other. */
static void
vm_page_row_dequeue(struct vm_system *system, struct vm_page_row row, struct vm_page_list *list)
{
    const struct vm_page follower = { .follows = true };
    uint32_t end = row.nth + row.count;

    list->count -= row.count;
    for (; row.nth < end; row.nth += row.count) {
        const struct vm_page *first = &row.chunk->pages[row.nth];
        struct vm_page_row rest;

        row.count = end - row.nth;
        rest = vm_page_row_rest(&row);
        row.count = 1 + vm_page_row_alike(&rest, follower, follower);
        vm_page_link(system, list, vm_page_queue_prev(list, first),
                     vm_page_queue_next(list, first + row.count - 1));
    }
}

/* Wires pages that are on no queue once more; how many were not wired. */
static uint32_t
vm_page_row_wire_again(const struct vm_page_row *row)
{
    uint32_t newly = 0;

    for (uint32_t i = 0; i < row->count; i++) {
        struct vm_page *page = &row->chunk->pages[row->nth + i];
        uint32_t wires = vm_page_wire_count(page);

        VMM_ASSERT(wires < UINT32_MAX);
        vm_page_set_wire_count(page, wires + 1);
        newly += wires == 0;
    }
    return newly;
}

void
vm_page_wire_row(struct vm_object *object, const struct vm_page_row *row, bool is_writable)
{
    const struct vm_page taken = { .queue = VM_PAGE_ANY_QUEUE, .follows = true };
    struct vm_page given = { .pmapped = true, .wpmapped = is_writable };
    struct vm_system *system = object->system;
    uint16_t queue = row->chunk->pages[row->nth].queue;
    uint32_t newly = row->count;

    VMM_ASSERT(object->pager == NULL); /* whose pages are counted on the queues */
    if (row->count == 0)
        return;
    if (queue == VM_PAGE_ON_NONE) {
        newly = vm_page_row_wire_again(row);
    } else {
        vm_page_row_dequeue(system, *row, &system->queues[queue]);
        given.wired_once = true;
    }
    vm_page_row_change(row, taken, given);
    object->wired_page_count += newly;
    system->wired_pages += newly;
    trace_count_events(&system->trace, EV_PAGE_WIRE, row->count);
}

/* ---- pages that are wired ---- */

/* vm_page_activate() of pages whose only wire goes. */
static void
vm_page_row_activate(struct vm_system *system, const struct vm_page_row *row)
{
    const struct vm_page taken = { .queue = VM_PAGE_ANY_QUEUE, .wired_once = true };
    const struct vm_page given = { .queue = VM_PAGE_ACTIVE, .reference = true };
    const struct vm_page follower = { .follows = true };
    struct vm_page_list *list = &system->queues[VM_PAGE_ACTIVE];
    struct vm_page_row rest = vm_page_row_rest(row);
    vmm_ppn first = vm_page_row_first(row);

    vm_page_row_change(row, taken, given);
    vm_page_row_change(&rest, follower, follower);
    vm_page_link(system, list, list->last, first);
    vm_page_link(system, list, first + row->count - 1, VMM_NO_PAGE);
    list->count += row->count;
}

/* Takes one of several wires from pages of a row, from the first on; how many have several. */
static uint32_t
vm_page_row_drop_wire(const struct vm_page_row *row)
{
    struct vm_page *pages = &row->chunk->pages[row->nth];
    uint32_t count = 0;

    VMM_ASSERT(vm_page_wire_count(pages) > 1);
    for (; count < row->count && vm_page_wire_count(&pages[count]) > 1; count++)
        vm_page_set_wire_count(&pages[count], vm_page_wire_count(&pages[count]) - 1);
    return count;
}

void
vm_page_unwire_run(struct vm_object *object, uint64_t index, uint32_t count)
{
    const struct vm_page none = { .queue = VM_PAGE_ON_NONE };
    const struct vm_page never = { .queue = VM_PAGE_ANY_QUEUE, .busy = true, .laundry = true };
    const struct vm_page once_wired = { .wired_once = true };
    struct vm_system *system = object->system;
    uint32_t gone = 0;

    VMM_ASSERT(object->pager == NULL); /* whose pages alone are ever in laundry */
    for (uint32_t done = 0; done < count;) {
        struct vm_page_row row = vm_page_row_at(object, index + done, count - done);
        uint32_t once = vm_page_row_alike(&row, once_wired, once_wired);

        VMM_ASSERT(vm_page_row_alike(&row, never, none) == row.count);
        row.count = once > 0 ? once : vm_page_row_drop_wire(&row);
        if (once > 0)
            vm_page_row_activate(system, &row);
        gone += once;
        done += row.count;
    }
    object->wired_page_count -= gone;
    system->wired_pages -= gone;
    trace_count_events(&system->trace, EV_PAGE_UNWIRE, count);
}
