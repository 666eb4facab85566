/*
 * vm_trial_pager.c - a file whose pager fails for a while
 *
 * The plain model knows no pager and no memory that runs short, so it cannot tell which load fails. What
 * is in memory must be served whatever the pager does; what is not may end with the pager's code; and once
 * the pager works again each page that stands in error is met once, and then serves.
 */
#include "vm/vm_map.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_user.h"
#include "vm_story.h"
#include "vm_trial_internal.h"

/* Whether the pager may be asked for a page: it is not in memory, and a file is below. */
static bool
may_fail(struct vm_map *map, vmm_va va)
{
    struct vm_region_pages pages;
    struct vm_page_view view;

    vm_map_probe(map, va, &view);
    return !view.is_resident && vm_map_region_pages(map, va, false, &pages) && pages.external_pager;
}

/* A load that may end with `code`, or with the error of a page that stands there already. */
static bool
load_or_fail(struct vm_trial *run, unsigned task, unsigned page, enum vmm_status code)
{
    bool may = may_fail(vm_trial_map(run, task), vm_trial_va(page));
    enum vmm_status status = vm_trial_access_result(run, task, page, VMM_PROT_READ);
    enum vmm_status found;
    uint8_t byte = 0;

    vm_story_load(run->story, task, page);
    found = vm_trial_load_at(run, task, vm_trial_va(page), &byte);
    if (status == VMM_OK && may && (found == code || found == VMM_MEMORY_ERROR))
        return false;
    vm_trial_same_result(run, status, found);
    if (status == VMM_OK)
        vm_trial_same_told(run, "loaded", NULL, task, page,
                           run->plain.tasks[task].pages[page].cell->byte, byte);
    return true;
}

/* Every page of the file, through a mapping of its own: an error is met once, and no more. */
static void
meet_every_error(struct vm_trial *run, unsigned task)
{
    struct vm_map *map = vm_trial_map(run, task);
    struct vm_map_call call = { .size = (vmm_size)PLAIN_FILE_PAGES * PAGE,
                                .flags = VM_MAP_ANYWHERE,
                                .entry = run->entries[0],
                                .protection = VMM_PROT_READ,
                                .max_protection = VMM_PROT_READ };
    vmm_va address = 0;

    vm_story_map_file(run->story, task);
    vm_trial_same_result(run, VMM_OK, vm_map_call(map, &address, &call));
    for (unsigned i = 0; i < PLAIN_FILE_PAGES; i++) {
        vmm_va va = address + (vmm_va)i * PAGE;
        bool may = may_fail(map, va);
        uint8_t byte = 0;
        enum vmm_status found;

        vm_story_load_file(run->story, i);
        found = vm_trial_load_at(run, task, va, &byte);
        if (may && found == VMM_MEMORY_ERROR) {
            vm_story_load_file(run->story, i);
            found = vm_trial_load_at(run, task, va, &byte);
        }
        vm_trial_same_result(run, VMM_OK, found);
        vm_trial_same(run, "byte of the file", run->plain.entries[0].cells[i]->byte, byte);
    }
    vm_story_unmap_file(run->story);
    vm_trial_same_result(run, VMM_OK, vm_deallocate(map, address, call.size));
}

void
vm_trial_pager_fails(struct vm_trial *run, const struct vm_operation *op)
{
    unsigned first = op->source % PLAIN_FILE_PAGES;
    unsigned rest = PLAIN_FILE_PAGES - first;
    unsigned count = op->count < rest ? op->count : rest;

    vm_story_file_fails(run->story, first, count);
    vm_memory_entry_file_fail(run->entries[0], (vmm_off)first * PAGE,
                              (vmm_off)(first + count) * PAGE, VMM_MEMORY_FAILURE);
    for (unsigned i = 0; i < op->count; i++)
        (void)load_or_fail(run, op->task, op->first + i, VMM_MEMORY_FAILURE);
    vm_story_file_fails(run->story, 0, 0);
    vm_memory_entry_file_fail(run->entries[0], 0, 0, VMM_OK);
    for (unsigned i = 0; i < op->count; i++) {
        if (!load_or_fail(run, op->task, op->first + i, VMM_MEMORY_ERROR))
            vm_trial_check_load(run, op->task, op->first + i);
    }
    meet_every_error(run, op->task);
}
