/* plain_vm.c - see plain_vm.h */
#include "small/plain_vm.h"

#include <stdlib.h>
#include <string.h>

/* ---- cells and pages ---- */

static struct plain_cell *
cell_new(uint8_t byte)
{
    struct plain_cell *cell = malloc(sizeof(*cell));

    if (cell == NULL)
        abort();
    *cell = (struct plain_cell){ 1, byte };
    return cell;
}

static struct plain_cell *
cell_hold(struct plain_cell *cell)
{
    cell->references++;
    return cell;
}

static void
page_clear(struct plain_page *page)
{
    if (page->cell != NULL && --page->cell->references == 0)
        free(page->cell);
    *page = (struct plain_page){ .cell = NULL };
}

static struct plain_page *
pages_of(struct plain_vm *vm, struct plain_range range)
{
    return &vm->tasks[range.task].pages[range.first];
}

static const struct plain_page *
look_at(const struct plain_vm *vm, struct plain_range range)
{
    return &vm->tasks[range.task].pages[range.first];
}

/* ---- questions ---- */

bool
plain_is_all_mapped(const struct plain_vm *vm, struct plain_range range)
{
    for (unsigned i = 0; i < range.count; i++) {
        if (look_at(vm, range)[i].cell == NULL)
            return false;
    }
    return true;
}

bool
plain_is_any_mapped(const struct plain_vm *vm, struct plain_range range)
{
    for (unsigned i = 0; i < range.count; i++) {
        if (look_at(vm, range)[i].cell != NULL)
            return true;
    }
    return false;
}

bool
plain_is_wired(const struct plain_page *page)
{
    return page->user_wires > 0 || page->kernel_wires > 0;
}

bool
plain_has_kernel_wire(const struct plain_vm *vm, struct plain_range range)
{
    for (unsigned i = 0; i < range.count; i++) {
        if (look_at(vm, range)[i].kernel_wires > 0)
            return true;
    }
    return false;
}

bool
plain_has_kernel_wires(const struct plain_vm *vm, struct plain_range range)
{
    for (unsigned i = 0; i < range.count; i++) {
        if (look_at(vm, range)[i].kernel_wires == 0)
            return false;
    }
    return true;
}

unsigned
plain_wired_pages(const struct plain_vm *vm)
{
    unsigned wired = 0;

    for (unsigned task = 0; task < PLAIN_TASKS; task++) {
        for (unsigned i = 0; i < PLAIN_PAGES; i++)
            wired += plain_is_wired(&vm->tasks[task].pages[i]);
    }
    return wired;
}

/* ---- tasks ---- */

void
plain_create(struct plain_vm *vm, unsigned task)
{
    vm->tasks[task] = (struct plain_task){ .is_alive = true };
}

void
plain_terminate(struct plain_vm *vm, unsigned task)
{
    for (unsigned i = 0; i < PLAIN_PAGES; i++)
        page_clear(&vm->tasks[task].pages[i]);
    vm->tasks[task].is_alive = false;
}

void
plain_fork(struct plain_vm *vm, unsigned parent, unsigned child)
{
    plain_create(vm, child);
    for (unsigned i = 0; i < PLAIN_PAGES; i++) {
        const struct plain_page *from = &vm->tasks[parent].pages[i];
        struct plain_page *to = &vm->tasks[child].pages[i];

        if (from->cell == NULL || from->inheritance == VMM_INHERIT_NONE)
            continue;
        to->cell = from->inheritance == VMM_INHERIT_SHARE ? cell_hold(from->cell)
                                                          : cell_new(from->cell->byte);
        to->prot = from->prot;
        to->max_prot = from->max_prot;
        to->inheritance = from->inheritance;
    }
}

/* ---- entries ---- */

enum vmm_status
plain_allocate(struct plain_vm *vm, struct plain_range range, bool overwrites)
{
    struct plain_page *page = pages_of(vm, range);

    if (!overwrites && plain_is_any_mapped(vm, range))
        return VMM_NO_SPACE;
    for (unsigned i = 0; i < range.count; i++) {
        page_clear(&page[i]);
        page[i] = (struct plain_page){ .cell = cell_new(0),
                                       .prot = VMM_PROT_DEFAULT,
                                       .max_prot = VMM_PROT_ALL,
                                       .inheritance = VMM_INHERIT_COPY };
    }
    return VMM_OK;
}

void
plain_deallocate(struct plain_vm *vm, struct plain_range range)
{
    for (unsigned i = 0; i < range.count; i++)
        page_clear(&pages_of(vm, range)[i]);
}

enum vmm_status
plain_protect(struct plain_vm *vm, struct plain_range range, bool set_maximum, vmm_prot prot)
{
    struct plain_page *page = pages_of(vm, range);

    for (unsigned i = 0; i < range.count; i++) {
        if (page[i].cell == NULL)
            return VMM_INVALID_ADDRESS;
        if (prot & ~page[i].max_prot)
            return VMM_PROTECTION_FAILURE;
    }
    for (unsigned i = 0; i < range.count; i++) {
        vmm_prot before = page[i].prot;

        page[i].prot = set_maximum ? before & prot : prot;
        if (set_maximum)
            page[i].max_prot = prot;
        page[i].lost_rights |= page[i].prot != before;
    }
    return VMM_OK;
}

void
plain_inherit(struct plain_vm *vm, struct plain_range range, uint32_t inheritance)
{
    struct plain_page *page = pages_of(vm, range);

    for (unsigned i = 0; i < range.count; i++) {
        if (page[i].cell != NULL)
            page[i].inheritance = inheritance;
    }
}

/* ---- bytes ---- */

void
plain_store(struct plain_vm *vm, unsigned task, unsigned page, uint8_t byte)
{
    vm->tasks[task].pages[page].cell->byte = byte;
}

static enum vmm_status
copy_check(const struct plain_vm *vm, struct plain_range source, vmm_size size,
           struct plain_range target)
{
    const struct plain_page *from = look_at(vm, source);
    const struct plain_page *to = look_at(vm, target);

    if (!plain_is_all_mapped(vm, source))
        return VMM_INVALID_ADDRESS;
    for (unsigned i = 0; i < source.count; i++) {
        if (!(from[i].prot & VMM_PROT_READ))
            return size <= vm->release.copy_buffer_max ? VMM_INVALID_ADDRESS
                                                       : VMM_PROTECTION_FAILURE;
    }
    for (unsigned i = 0; i < target.count; i++) {
        if (to[i].cell == NULL)
            return VMM_INVALID_ADDRESS;
        if (!(to[i].prot & VMM_PROT_WRITE))
            return VMM_PROTECTION_FAILURE;
    }
    return VMM_OK;
}

enum vmm_status
plain_copy(struct plain_vm *vm, struct plain_range source, vmm_size size, unsigned task,
           unsigned target)
{
    struct plain_range to = { task, target, source.count };
    enum vmm_status status = copy_check(vm, source, size, to);
    uint8_t bytes[PLAIN_PAGES];

    if (status != VMM_OK)
        return status;
    for (unsigned i = 0; i < source.count; i++)
        bytes[i] = pages_of(vm, source)[i].cell->byte;
    for (unsigned i = 0; i < source.count; i++)
        pages_of(vm, to)[i].cell->byte = bytes[i];
    return VMM_OK;
}

/* The target's pages as they will be; they stand aside while the target may still be the source. */
static void
remap_pages(const struct plain_vm *vm, const struct plain_remap *remap, struct plain_page *made)
{
    const struct plain_page *from = look_at(vm, remap->source);

    for (unsigned i = 0; i < remap->source.count; i++)
        made[i] = (struct plain_page){ .cell = remap->copies ? cell_new(from[i].cell->byte)
                                                             : cell_hold(from[i].cell),
                                       .prot = from[i].prot,
                                       .max_prot = from[i].max_prot,
                                       .inheritance = remap->inheritance };
}

enum vmm_status
plain_remap(struct plain_vm *vm, const struct plain_remap *remap, vmm_prot *prot,
            vmm_prot *max_prot)
{
    struct plain_range to = { remap->task, remap->target, remap->source.count };
    struct plain_page made[PLAIN_PAGES];

    if (!plain_is_all_mapped(vm, remap->source))
        return VMM_INVALID_ADDRESS;
    if (!remap->overwrites && plain_is_any_mapped(vm, to))
        return VMM_NO_SPACE;
    remap_pages(vm, remap, made);
    *prot = *max_prot = VMM_PROT_ALL;
    for (unsigned i = 0; i < to.count; i++) {
        page_clear(&pages_of(vm, to)[i]);
        pages_of(vm, to)[i] = made[i];
        *prot &= made[i].prot;
        *max_prot &= made[i].max_prot;
    }
    return VMM_OK;
}

/* ---- memory entries ---- */

void
plain_make_file(struct plain_vm *vm)
{
    struct plain_entry *file = &vm->entries[0];

    for (; file->count < PLAIN_FILE_PAGES; file->count++)
        file->cells[file->count] = cell_new(0);
}

static enum vmm_status
memory_entry_check(const struct plain_vm *vm, struct plain_range range, bool copies)
{
    const struct plain_page *page = look_at(vm, range);

    if (copies && !plain_is_all_mapped(vm, range))
        return VMM_INVALID_ADDRESS;
    for (unsigned i = 0; copies && i < range.count; i++) {
        if (!(page[i].prot & VMM_PROT_READ))
            return VMM_PROTECTION_FAILURE;
    }
    if (copies)
        return VMM_OK;
    if (page->cell == NULL)
        return VMM_INVALID_ADDRESS;
    if (VMM_PROT_DEFAULT & ~page->max_prot)
        return VMM_INVALID_RIGHT;
    return VMM_PROT_DEFAULT & ~page->prot ? VMM_PROTECTION_FAILURE : VMM_OK;
}

enum vmm_status
plain_memory_entry(struct plain_vm *vm, struct plain_range range, unsigned entry, bool copies)
{
    const struct plain_page *page = look_at(vm, range);
    struct plain_entry *made = &vm->entries[entry];
    enum vmm_status status = memory_entry_check(vm, range, copies);

    if (status != VMM_OK)
        return status;
    for (made->count = 0; made->count < range.count; made->count++)
        made->cells[made->count] =
            copies ? cell_new(page[made->count].cell->byte) : cell_hold(page[made->count].cell);
    return VMM_OK;
}

enum vmm_status
plain_map_entry(struct plain_vm *vm, unsigned entry, const struct plain_remap *remap)
{
    struct plain_range to = { remap->task, remap->target, remap->source.count };
    const struct plain_entry *from = &vm->entries[entry];

    if (remap->source.first + to.count > from->count)
        return VMM_INVALID_ARGUMENT;
    if (!remap->overwrites && plain_is_any_mapped(vm, to))
        return VMM_NO_SPACE;
    for (unsigned i = 0; i < to.count; i++) {
        struct plain_cell *cell = from->cells[remap->source.first + i];

        page_clear(&pages_of(vm, to)[i]);
        pages_of(vm, to)[i] =
            (struct plain_page){ .cell = remap->copies ? cell_new(cell->byte) : cell_hold(cell),
                                 .prot = VMM_PROT_DEFAULT,
                                 .max_prot = remap->max_prot,
                                 .inheritance = remap->inheritance };
    }
    return VMM_OK;
}

void
plain_release_entry(struct plain_vm *vm, unsigned entry)
{
    struct plain_entry *gone = &vm->entries[entry];

    for (unsigned i = 0; i < gone->count; i++) {
        if (--gone->cells[i]->references == 0)
            free(gone->cells[i]);
    }
    gone->count = 0;
}

/* ---- volatile memory ---- */

static bool
cell_is_wired(const struct plain_vm *vm, const struct plain_cell *cell)
{
    for (unsigned task = 0; task < PLAIN_TASKS; task++) {
        for (unsigned i = 0; i < PLAIN_PAGES; i++) {
            const struct plain_page *page = &vm->tasks[task].pages[i];

            if (page->cell == cell && plain_is_wired(page))
                return true;
        }
    }
    return false;
}

void
plain_empty(struct plain_vm *vm, struct plain_range range)
{
    for (unsigned i = 0; i < range.count; i++) {
        struct plain_cell *cell = pages_of(vm, range)[i].cell;

        if (!cell_is_wired(vm, cell))
            cell->byte = 0;
    }
}

/* ---- wiring (vm.md 3.2, 3.3) ---- */

/* One more or one fewer wire on pages [first, end). */
static void
wire_count(struct plain_page *pages, unsigned first, unsigned end, bool user_wire, int change)
{
    for (unsigned i = first; i < end; i++) {
        unsigned *wires = user_wire ? &pages[i].user_wires : &pages[i].kernel_wires;

        if (!plain_is_wired(&pages[i]))
            pages[i].lost_rights = false;
        *wires = (unsigned)((int)*wires + change);
    }
}

/* Whether the entry that holds page `at` ends before `end` and nothing follows it. */
static bool
hole_follows(const struct plain_page *pages, unsigned at, unsigned end,
             const struct plain_entries *entries)
{
    return entries->ends[at] < end && pages[entries->ends[at]].cell == NULL;
}

static unsigned
entry_end(const struct plain_entries *entries, unsigned at, unsigned end)
{
    return entries->ends[at] < end ? entries->ends[at] : end;
}

static void
unwire_pages(struct plain_vm *vm, unsigned task, unsigned at, unsigned end, bool user_wire,
             const struct plain_entries *entries)
{
    struct plain_page *pages = vm->tasks[task].pages;

    while (at < end) {
        bool is_skipped =
            user_wire && (pages[at].user_wires == 0 || (vm->release.unwire_skips_before_hole &&
                                                        hole_follows(pages, at, end, entries)));
        unsigned next = pages[at].cell == NULL ? at + 1 : entry_end(entries, at, end);

        if (pages[at].cell != NULL && !is_skipped)
            wire_count(pages, at, next, user_wire, -1);
        at = next;
    }
}

enum vmm_status
plain_wire(struct plain_vm *vm, struct plain_range range, vmm_prot access, bool user_wire,
           const struct plain_entries *entries)
{
    struct plain_page *pages = vm->tasks[range.task].pages;
    unsigned end = range.first + range.count;
    enum vmm_status status = VMM_OK;
    unsigned at = range.first;

    if (pages[at].cell == NULL)
        return VMM_INVALID_ADDRESS;
    while (at < end) {
        unsigned next = pages[at].cell == NULL ? at + 1 : entry_end(entries, at, end);

        if (pages[at].cell != NULL && !plain_is_wired(&pages[at])) {
            if (hole_follows(pages, at, end, entries))
                status = VMM_INVALID_ADDRESS;
            else if (access & ~pages[at].prot)
                status = VMM_PROTECTION_FAILURE;
        }
        if (status != VMM_OK)
            break;
        if (pages[at].cell != NULL)
            wire_count(pages, at, next, user_wire, 1);
        at = next;
    }
    if (status != VMM_OK)
        unwire_pages(vm, range.task, range.first, at, user_wire, entries);
    return status;
}

enum vmm_status
plain_unwire(struct plain_vm *vm, struct plain_range range, bool user_wire,
             const struct plain_entries *entries)
{
    if (pages_of(vm, range)->cell == NULL)
        return VMM_INVALID_ADDRESS;
    unwire_pages(vm, range.task, range.first, range.first + range.count, user_wire, entries);
    return VMM_OK;
}
