/*
 * scn_operation_bsd.c - the BSD calls on a task's memory: mmap and its kin
 *
 * Each makes one call of vm/vm_bsd.h; its errno is the result, as unix_err() of it.
 */
#include "scn_operation.h"

static struct scn_result
gave_errno(int error)
{
    return scn_gave(error == 0 ? VMM_OK : VMM_UNIX(error));
}

/* A call on the bytes that a line names. */
static struct scn_result
call_on(const struct scn_run *run, const struct scn_operands *operands,
        int (*call)(struct vm_map *map, vmm_va address, vmm_size length))
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);

    return map == NULL ? scn_gave(VMK_BAD_HANDLE)
                       : gave_errno(call(map, bytes.address, bytes.length));
}

/* The same with what the line's word says. */
static struct scn_result
call_with_word(const struct scn_run *run, const struct scn_operands *operands,
               int (*call)(struct vm_map *map, vmm_va address, vmm_size length, uint32_t word))
{
    struct scn_stretch bytes = scn_stretch_of(run, operands);
    struct vm_map *map = vmk_sim_task_map(bytes.task);

    return map == NULL ? scn_gave(VMK_BAD_HANDLE)
                       : gave_errno(call(map, bytes.address, bytes.length, operands->word));
}

struct scn_result
scn_run_mmap(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    bool is_fixed = (operands->given & SCN_TAKES_AT) != 0;
    bool is_shared = (operands->given & SCN_TAKES_SHARED) != 0;
    uint32_t flags = VM_BSD_ANON | (is_shared ? VM_BSD_SHARED : VM_BSD_PRIVATE) |
                     (is_fixed ? (uint32_t)VM_BSD_FIXED : 0u);
    vmm_va address = scn_address_of(run, operands);
    struct vm_map *map;
    int error;

    result->task = scn_object_of(run, &operands->places[0])->task;
    result->length = scn_value(run, operands->numbers[0]);
    map = vmk_sim_task_map(result->task);
    if (map == NULL) {
        result->is_null = true;
        return scn_gave(VMK_BAD_HANDLE);
    }
    error = vm_bsd_mmap(map, &address, result->length, operands->word, flags, 0);
    result->address = address;
    result->is_null = error != 0;
    return gave_errno(error);
}

struct scn_result
scn_run_munmap(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    return call_on(run, operands, vm_bsd_munmap);
}

struct scn_result
scn_run_mlock(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    return call_on(run, operands, vm_bsd_mlock);
}

struct scn_result
scn_run_munlock(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    return call_on(run, operands, vm_bsd_munlock);
}

struct scn_result
scn_run_mprotect(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    (void)result;
    return call_with_word(run, operands, vm_bsd_mprotect);
}

struct scn_result
scn_run_madvise(struct scn_run *run, const struct scn_operands *operands, struct scn_object *result)
{
    (void)result;
    return call_with_word(run, operands, vm_bsd_madvise);
}

struct scn_result
scn_run_bsd_msync(struct scn_run *run, const struct scn_operands *operands,
                  struct scn_object *result)
{
    (void)result;
    return call_with_word(run, operands, vm_bsd_msync);
}

struct scn_result
scn_run_minherit(struct scn_run *run, const struct scn_operands *operands,
                 struct scn_object *result)
{
    (void)result;
    return call_with_word(run, operands, vm_bsd_minherit);
}
