/*
 * vm_access.h - code that reads or writes memory, and the trap when it cannot
 *
 * PURPOSE     The one loop that touches pages: hardware first, then the trap's decision, then again.
 * INVARIANTS  a successful access leaves a translation that permits it
 * UNITS       va, length: bytes
 * OWNERSHIP   buffers are the caller's
 * ERRORS      user access: vm_fault's code, as the exception would carry it. Kernel access: what
 *             vm_fault refused is VMM_MODEL_PANIC with the text of vm.md 6.3; with recovery
 *             (copyio) it is VMM_INVALID_ADDRESS (EFAULT).
 * EVENTS      FAULT FAULT_REFUSED FAULT_UNSAFE ACCESS_UNHELD TLB_STALE PANIC
 * XNU         osfmk/i386/trap.c kernel_trap, user_trap; copyio
 */
#ifndef VM_VM_ACCESS_H
#define VM_VM_ACCESS_H

#include "vm/vm_context.h"
#include "vm/vm_task.h"

enum vm_access_kind { VM_ACCESS_READ = 1, VM_ACCESS_WRITE = 2, VM_ACCESS_EXECUTE = 4 };

struct vm_access {
    struct vm_task *task; /* whose code runs; the kernel task for a driver */
    vmm_va va;
    uint64_t length;
    enum vm_access_kind kind;
    void *to;         /* READ: where bytes go; may be NULL to touch only */
    const void *from; /* WRITE: length bytes; NULL stores `fill` */
    uint8_t fill;
    bool only_translates; /* WRITE: no byte is stored, for who stores it himself afterwards */
    bool has_recovery;    /* copyin, copyout: a refused fault is an error, not a panic */
    bool is_trial;        /* the same for any code, and the error is what vm_fault() said */
};

/* Performs the access page by page. *done (may be NULL) counts the bytes that went through. */
enum vmm_status vm_access(struct vm_system *system, const struct vm_access *access,
                          uint64_t *done) VMM_MUST_USE;

/*
 * Makes `count` references (hw_machine.h: address and kind in one word) as code of `task` on the current
 * CPU, without their bytes: what hits costs no event and no call. Stops at the first that cannot be
 * served, as vm_access() does; *done (may be NULL) is how many were made.
 */
enum vmm_status vm_access_run(struct vm_task *task, const uint64_t *references, size_t count,
                              size_t *done) VMM_MUST_USE;

/*
 * The same, but the first that traps is the last to be made, and *traps says so: what the TLB has may be other
 * than it was.
 */
enum vmm_status vm_access_run_to_trap(struct vm_task *task, const uint64_t *references,
                                      size_t count, size_t *done, bool *traps) VMM_MUST_USE;

/*
 * Whether one more such reference, on the CPU that `task` last ran on, would be a hit in the first level that
 * changes nothing but the count of these. False may mean that nobody knows.
 */
bool vm_access_repeats(struct vm_task *task, uint64_t reference);

#endif
