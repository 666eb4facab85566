/*
 * vm_story.h - a trial as a scenario that `faultline run` replays
 *
 * PURPOSE     Writes each call of a trial in the words of docs/scenario-language.md, and the comparison
 *             that failed as an expectation, into memory; the file is written whole or not at all.
 * INVARIANTS  none
 * UNITS       pages of the window
 * OWNERSHIP   vm_story_end() frees what vm_story_create() gave
 * ERRORS      every call takes NULL and then does nothing; vm_story_end() false: no file
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_VM_STORY_H
#define SUPPORT_VM_STORY_H

#include "vm_trial.h"

/* Half of the window lies below a 2 MiB boundary, so that two page tables serve it. */
#define VM_TRIAL_WINDOW (((vmm_va)1 << 33) + ((vmm_va)2 << 20) - (vmm_va)PAGES / 2 * PAGE)

/* Where in a page its one byte stands; within the first half, so that a copy can end in mid-page. */
enum { VM_TRIAL_BYTE_AT = 0x200 };

struct vm_story *vm_story_create(void);
void vm_story_begin(struct vm_story *story, const struct vm_trial_setting *setting);
void vm_story_cpu(struct vm_story *story, unsigned cpu);
void vm_story_operation(struct vm_story *story, const struct vm_operation *op);
void vm_story_load(struct vm_story *story, unsigned task, unsigned page);
/* The file's pager fails for these pages, or (count 0) works again; a mapping of the whole file. */
void vm_story_file_fails(struct vm_story *story, unsigned first, unsigned count);
void vm_story_map_file(struct vm_story *story, unsigned task);
void vm_story_load_file(struct vm_story *story, unsigned page);
void vm_story_unmap_file(struct vm_story *story);
void vm_story_pressure(struct vm_story *story, const struct vm_operation *op);

/* "expect SUBJECT NAME+PAGE [REST] VALUE", in the subject's own form. */
void vm_story_expect(struct vm_story *story, const char *subject, unsigned task, unsigned page,
                     const char *rest, int64_t value);
void vm_story_expect_result(struct vm_story *story, enum vmm_status status);
void vm_story_expect_none(struct vm_story *story, const char *counter);
void vm_story_check(struct vm_story *story);

/* Prints the story and writes it to the file. */
bool vm_story_end(struct vm_story *story, const char *path);

#endif
