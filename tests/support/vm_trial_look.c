/*
 * vm_trial_look.c - what a user and a simulator can see, compared
 */
#include <string.h>

#include "vm/vm_access.h"
#include "vm/vm_internal.h"
#include "vm/vm_task.h"
#include "vm_story.h"
#include "vm_trial_internal.h"

sigjmp_buf vm_trial_escape;

void
vm_trial_fail(struct vm_trial *run, const char *what, int64_t expected, int64_t found)
{
    /* A kernel that has stopped answers nothing else; why it stopped says more than that answer. */
    if (run->system != NULL && vm_system_stop(run->system)->kind != VM_RUNNING)
        what = vm_system_stop(run->system)->text;
    run->failure = (struct vm_trial_failure){ what, expected, found, true };
    siglongjmp(vm_trial_escape, 1);
}

void
vm_trial_same(struct vm_trial *run, const char *what, int64_t expected, int64_t found)
{
    if (expected != found)
        vm_trial_fail(run, what, expected, found);
}

/* The same for what a scenario can expect: NAME+PAGE, and the rest of the line. */
void
vm_trial_same_told(struct vm_trial *run, const char *subject, const char *rest, unsigned task,
                   unsigned page, int64_t expected, int64_t found)
{
    if (expected == found)
        return;
    vm_story_expect(run->story, subject, task, page, rest, expected);
    vm_trial_fail(run, subject, expected, found);
}

void
vm_trial_same_result(struct vm_trial *run, enum vmm_status expected, enum vmm_status found)
{
    if (expected == found)
        return;
    vm_story_expect_result(run->story, expected);
    vm_trial_fail(run, "result", expected, found);
}

vmm_va
vm_trial_va(unsigned page)
{
    return VM_TRIAL_WINDOW + (vmm_va)page * PAGE;
}

struct vm_map *
vm_trial_map(const struct vm_trial *run, unsigned task)
{
    return vm_task_map(run->tasks[task]);
}

/* ---- looking ---- */

enum vmm_status
vm_trial_load_at(const struct vm_trial *run, unsigned task, vmm_va va, uint8_t *byte)
{
    return vm_access(run->system,
                     &(struct vm_access){ .task = run->tasks[task],
                                          .va = va + VM_TRIAL_BYTE_AT,
                                          .length = 1,
                                          .kind = VM_ACCESS_READ,
                                          .to = byte },
                     NULL);
}

/*
 * What a load or a store ends with. Rights without READ refuse the fault of either (vm.md 6.1 step 3),
 * but x86 has no translation that cannot be read: where a wiring, or a page that lost READ only, left
 * one, the hardware serves it without asking. Without any right there is none to be left. arm64 keeps
 * WRITE back until the first store.
 */
enum vmm_status
vm_trial_access_result(const struct vm_trial *run, unsigned task, unsigned page, vmm_prot access)
{
    const struct plain_page *plain = &run->plain.tasks[task].pages[page];
    struct pmap_translation found = { .prot = VMM_PROT_NONE };
    bool is_translated;

    if (plain->cell == NULL)
        return VMM_INVALID_ADDRESS;
    if (!((VMM_PROT_READ | access) & ~plain->prot))
        return VMM_OK;
    is_translated = pmap_query(vm_trial_map(run, task)->pmap, vm_trial_va(page), &found);
    found.prot |= found.is_soft_write ? (vmm_prot)VMM_PROT_WRITE : 0;
    return plain->prot != VMM_PROT_NONE && is_translated && !(access & ~found.prot)
               ? VMM_OK
               : VMM_PROTECTION_FAILURE;
}

void
vm_trial_check_load(struct vm_trial *run, unsigned task, unsigned page)
{
    enum vmm_status status = vm_trial_access_result(run, task, page, VMM_PROT_READ);
    uint8_t expected = status == VMM_OK ? run->plain.tasks[task].pages[page].cell->byte : 0;
    uint8_t found = 0;

    vm_story_load(run->story, task, page);
    vm_trial_same_result(run, status, vm_trial_load_at(run, task, vm_trial_va(page), &found));
    if (status == VMM_OK)
        vm_trial_same_told(run, "loaded", NULL, task, page, expected, found);
}

static void
check_region(struct vm_trial *run, unsigned task, unsigned page)
{
    const struct plain_page *plain = &run->plain.tasks[task].pages[page];
    struct vm_region region;
    bool is_mapped = vm_map_region(vm_trial_map(run, task), vm_trial_va(page), &region) &&
                     region.start <= vm_trial_va(page);

    vm_trial_same_told(run, "region", "pages at-least", task, page, plain->cell != NULL, is_mapped);
    if (!is_mapped)
        return;
    vm_trial_same_told(run, "rights", NULL, task, page, plain->prot, region.protection);
    vm_trial_same_told(run, "maximum-rights", NULL, task, page, plain->max_prot,
                       region.max_protection);
    vm_trial_same_told(run, "inheritance", NULL, task, page, plain->inheritance,
                       region.inheritance);
    vm_trial_same_told(run, "region", "user-wires", task, page, plain->user_wires,
                       region.user_wired_count);
    vm_trial_same_told(run, "region", "wires", task, page,
                       plain->kernel_wires + (plain->user_wires > 0), region.wired_count);
}

/*
 * A wired page stays in memory, and its translation says that it is wired. That the translation is
 * there at all holds until its rights change; for a page that may not be written another mapping's
 * store can take it away too (vm.md T2, T3), and of WRITE alone the slow path may leave nothing (T5).
 * Where a frame holds several pages, a copy of a neighbour can take it away as well: nothing is told.
 */
void
vm_trial_check_wired(struct vm_trial *run, unsigned task, unsigned page)
{
    const struct plain_page *plain = &run->plain.tasks[task].pages[page];
    struct vm_page_view view;

    if (!plain_is_wired(plain))
        return;
    vm_map_probe(vm_trial_map(run, task), vm_trial_va(page), &view);
    vm_trial_same_told(run, "resident", NULL, task, page, true, view.is_resident);
    vm_trial_same_told(run, "page-wire-count", "at-least", task, page, true,
                       view.page_wire_count > 0);
    if (view.is_translated)
        vm_trial_same_told(run, "wired-translations", NULL, task, page, true,
                           view.is_translation_wired);
    if (!run->setting.is_small && !plain->lost_rights &&
        (plain->prot & VMM_PROT_DEFAULT) == VMM_PROT_DEFAULT)
        vm_trial_same_told(run, "translated", NULL, task, page, true, view.is_translated);
}

void
vm_trial_check_page(struct vm_trial *run, unsigned task, unsigned page)
{
    check_region(run, task, page);
    vm_trial_check_wired(run, task, page);
    vm_trial_check_load(run, task, page);
}

void
vm_trial_check_system(struct vm_trial *run)
{
    const char *broken = vm_system_check(run->system);

    if (broken != NULL) {
        vm_story_check(run->story);
        vm_trial_fail(run, broken, 0, 1);
    }
    if (vm_system_stop(run->system)->kind != VM_RUNNING)
        vm_trial_fail(run, "stopped", 0, 1);
}
