/*
 * kext_operations.c - what of the scenario language has no place in a kext: Mach calls on a map, threads,
 * devices
 *
 * In the model the calls work on the vm floor itself (sim/core/scn_operation_vm.c). A kext has no
 * supported way to make them for a task, and its caller can make them without a kext: each answers
 * that it is not supported, and expectations about entries and pages are skipped (no VMK_CAP_OBSERVE).
 */
#include "kext/kext.h"

#include "core/scn_operation.h"

#define KEXT_NOT_HERE(name)                                                                    \
    struct scn_result scn_run_##name(struct scn_run *run, const struct scn_operands *operands, \
                                     struct scn_object *result)                                \
    {                                                                                          \
        (void)run;                                                                             \
        (void)operands;                                                                        \
        result->is_null = true;                                                                \
        return scn_gave(KEXT_UNSUPPORTED);                                                     \
    }

KEXT_NOT_HERE(region)
KEXT_NOT_HERE(fork)
KEXT_NOT_HERE(inherit)
KEXT_NOT_HERE(kernel_wire)
KEXT_NOT_HERE(kernel_unwire)
KEXT_NOT_HERE(copy)
KEXT_NOT_HERE(write)
KEXT_NOT_HERE(read)
KEXT_NOT_HERE(remap)
KEXT_NOT_HERE(memory_entry)
KEXT_NOT_HERE(named_entry)
KEXT_NOT_HERE(file)
KEXT_NOT_HERE(file_write)
KEXT_NOT_HERE(file_fail)
KEXT_NOT_HERE(file_delay)
KEXT_NOT_HERE(map_entry)
KEXT_NOT_HERE(release_entry)
KEXT_NOT_HERE(behavior)
KEXT_NOT_HERE(msync)
KEXT_NOT_HERE(purgable)
KEXT_NOT_HERE(purge_all)
KEXT_NOT_HERE(page_out)
KEXT_NOT_HERE(reclaim)
KEXT_NOT_HERE(fail_store)
KEXT_NOT_HERE(sever)
KEXT_NOT_HERE(fail)
KEXT_NOT_HERE(kernel_memory)
KEXT_NOT_HERE(mmap)
KEXT_NOT_HERE(munmap)
KEXT_NOT_HERE(mprotect)
KEXT_NOT_HERE(mlock)
KEXT_NOT_HERE(munlock)
KEXT_NOT_HERE(madvise)
KEXT_NOT_HERE(bsd_msync)
KEXT_NOT_HERE(minherit)

/* A device that goes on after complete(), or a mapping whose touch waits, could stop the machine. */
KEXT_NOT_HERE(new_dma)
KEXT_NOT_HERE(set_dma)
KEXT_NOT_HERE(prepare_dma)
KEXT_NOT_HERE(dma_segment)
KEXT_NOT_HERE(synchronize_dma)
KEXT_NOT_HERE(complete_dma)
KEXT_NOT_HERE(clear_dma)
KEXT_NOT_HERE(release_dma)
KEXT_NOT_HERE(block)
KEXT_NOT_HERE(unblock)
KEXT_NOT_HERE(redirect)

/* ---- threads: one after the other, each to its end, as the runner does without stacks for them ---- */

const struct scn_statement *
scn_threads_run(struct scn_run *run, const struct scn_statement *statement)
{
    while (statement != NULL && statement->form == SCN_THREAD) {
        for (statement = statement->next; statement->form != SCN_THREAD_END;
             statement = statement->next)
            scn_step_run(run, statement);
        statement = statement->next;
    }
    return statement;
}

const char *
scn_threads_name(const struct scn_run *run)
{
    (void)run;
    return NULL;
}

bool
scn_threads_are_quiet(const struct scn_run *run)
{
    (void)run;
    return true;
}

/* ---- the state at an event: a kernel shows none of it ---- */

void
scn_state_watch(struct scn_state_sink *state, struct scn_run *run)
{
    (void)state;
    (void)run;
}

void
scn_state_finish(struct scn_state_sink *state)
{
    (void)state;
}

/* ---- what only the vm floor has ---- */

/* No entry is ever made, so there is none to release or to measure. */
void
vm_memory_entry_release(struct vm_memory_entry **entry)
{
    *entry = NULL;
}

vmm_size
vm_memory_entry_size(const struct vm_memory_entry *entry)
{
    (void)entry;
    return 0;
}

bool
scn_look_vm(const struct scn_run *run, const struct scn_claim *claim, struct vmm_text *why,
            uint64_t *value)
{
    (void)run;
    (void)claim;
    (void)value;
    vmm_text_put(why, "nobody here can look");
    return false;
}

bool
scn_holds_vm(const struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found)
{
    return scn_look_vm(run, claim, found, NULL);
}
