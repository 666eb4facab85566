/*
 * vm_trial_internal.h - comparing, for the parts of a trial
 *
 * PURPOSE     vm_trial.c does the calls, vm_trial_look.c looks.
 * INVARIANTS  none
 * UNITS       pages of the window
 * OWNERSHIP   none
 * ERRORS      as vm_trial.h
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_VM_TRIAL_INTERNAL_H
#define SUPPORT_VM_TRIAL_INTERNAL_H

#include "vm_trial.h"

struct vm_map;

_Noreturn void vm_trial_fail(struct vm_trial *run, const char *what, int64_t expected,
                             int64_t found);
void vm_trial_same(struct vm_trial *run, const char *what, int64_t expected, int64_t found);
/* The same for what a scenario can expect: NAME+PAGE, and the rest of the line. */
void vm_trial_same_told(struct vm_trial *run, const char *subject, const char *rest, unsigned task,
                        unsigned page, int64_t expected, int64_t found);
void vm_trial_same_result(struct vm_trial *run, enum vmm_status expected, enum vmm_status found);

vmm_va vm_trial_va(unsigned page);
struct vm_map *vm_trial_map(const struct vm_trial *run, unsigned task);

/* What a load or a store of the page ends with. */
enum vmm_status vm_trial_access_result(const struct vm_trial *run, unsigned task, unsigned page,
                                       vmm_prot access);
/* A load of the byte of the page at `va`, from memory that need not be in the window. */
enum vmm_status vm_trial_load_at(const struct vm_trial *run, unsigned task, vmm_va va,
                                 uint8_t *byte);

/* The file's pager fails for a while; vm_trial_pager.c. */
void vm_trial_pager_fails(struct vm_trial *run, const struct vm_operation *op);

void vm_trial_check_load(struct vm_trial *run, unsigned task, unsigned page);
void vm_trial_check_wired(struct vm_trial *run, unsigned task, unsigned page);
void vm_trial_check_page(struct vm_trial *run, unsigned task, unsigned page);
void vm_trial_check_system(struct vm_trial *run);

#endif
