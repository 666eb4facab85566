/*
 * vm_access.c - an access, and the trap when the hardware cannot do it
 *
 * The hardware is asked first. What it cannot do becomes a trap; the trap looks at where the CPU is
 * (vm.md 6) and either has vm_fault() serve it and tries again, or ends the access: with an error
 * when a recovery handler stands ready, with a panic when none does.
 */
#include "vm/vm_access.h"

#include <inttypes.h>
#include <string.h>

#include "hw/hw_run.h"
#include "vm/vm_fault.h"
#include "vm/vm_internal.h"
#include "vm/vm_page.h"

enum { VM_ACCESS_TRIES = 5 }; /* more traps for one page than any release needs is our own bug */

/* x86's error code for the panic text: PROT 1, WRITE 2, USER 4, EXEC 0x10. */
static uint64_t
vm_trap_error_code(const struct vm_access *access, enum hw_outcome outcome, bool from_user)
{
    return (outcome == HW_FAULT_PROTECTION ? 1u : 0u) |
           (access->kind == VM_ACCESS_WRITE ? 2u : 0u) | (from_user ? 4u : 0u) |
           (access->kind == VM_ACCESS_EXECUTE ? 0x10u : 0u);
}

/* The panic of an access that no fault may serve, in the release's own shape (vm.md 6.3). */
static enum vmm_status
vm_trap_panic(struct vm_system *system, const struct vm_access *access, vmm_va va,
              enum hw_outcome outcome, enum trace_reason reason)
{
    static const char *const heads[] = { "type 14=page fault", "type 14=page fault",
                                         "type 14=page fault", "type = 14=page fault" };
    uint8_t shape = system->profile.panic_shape;
    uint64_t code = vm_trap_error_code(access, outcome, false);
    uint32_t space = vm_task_id(access->task);
    int level = (int)vm_context_preemption_level(system);
    int last = (int)system->last_fault_status;

#define VM_TRAP_TEXT                                             \
    "Kernel trap at <the driver's access>, %s, registers: ...\n" \
    "Fault CR2: 0x%016" PRIx64 ", Error code: 0x%016" PRIx64 ", Fault CPU: 0x%x"
    if (shape == VM_PANIC_PLAIN)
        return vm_panic(system, reason, space, va, VM_TRAP_TEXT, heads[shape], va, code,
                        system->cpu);
    if (shape == VM_PANIC_PL)
        return vm_panic(system, reason, space, va, VM_TRAP_TEXT ", PL: %d", heads[shape], va, code,
                        system->cpu, level);
    return vm_panic(system, reason, space, va, VM_TRAP_TEXT ", PL: %d, VF: %d", heads[shape], va,
                    code, system->cpu, level, last);
#undef VM_TRAP_TEXT
}

/* vm_fault(), or what stands for it when interrupts are off (vm.md 6.1 step 4). */
static inline enum vmm_status
vm_trap_fault(struct vm_system *system, const struct vm_access *access, vmm_va va)
{
    struct vm_map *map = access->task->map;

    if (!vm_system_is_at_ease(system) && !vm_context_interrupts_enabled(system) &&
        vm_context_preemption_level(system) == 0) {
        if (system->profile.refuses_faults_interrupts_off)
            return VMM_FAILURE;
        trace_emit(&system->trace, EV_FAULT_UNSAFE, .space = vm_map_space(map), .va = va,
                   .prot = access->kind, .cpu = system->cpu);
    }
    /* A store asks for READ too (vm.md 6.1 step 3). */
    return vm_fault(map, va, VMM_PROT_READ | (vmm_prot)access->kind);
}

/* arm64: what a valid translation only kept back is no fault, wherever the CPU is (vm.md 6.2, 6.4). */
static bool
vm_trap_fast_fault(const struct vm_access *access, vmm_va va, enum hw_outcome outcome)
{
    return (outcome == HW_FAULT_PROTECTION || outcome == HW_FAULT_ACCESS_FLAG) &&
           pmap_fast_fault(vm_task_map(access->task)->pmap, va, (vmm_prot)access->kind);
}

/*
 * Whether the access ends without a word about the memory: the kernel stopped, the model cannot go on,
 * or the instruction would start again some time (interrupted, vm.md 4.7; or not able to wait).
 */
static bool
vm_trap_just_ends(enum vmm_status status)
{
    return status == VMM_MODEL_PANIC || status == VMM_MODEL_HANG || status == VMM_MODEL_NO_MEMORY ||
           status == VMM_MODEL_WOULD_BLOCK || status == VMM_ABORTED;
}

/* What becomes of an access whose fault was not served. */
static enum vmm_status
vm_trap_end(struct vm_system *system, const struct vm_access *access, vmm_va va,
            enum hw_outcome outcome, enum vmm_status status)
{
    bool is_kernel = vm_task_id(access->task) == 0;

    if (vm_trap_just_ends(status))
        return status;
    if (status == VMM_FAILURE)
        trace_emit(&system->trace, EV_FAULT_REFUSED, .space = vm_task_id(access->task), .va = va,
                   .prot = access->kind, .detail = vm_context_current(system),
                   .count = outcome == HW_FAULT_PROTECTION, .status = status, .cpu = system->cpu);
    if (access->is_trial)
        return status;
    if (access->has_recovery)
        return VMM_INVALID_ADDRESS;
    if (is_kernel)
        return vm_trap_panic(system, access, va, outcome,
                             status == VMM_FAILURE ? REASON_FAULT_RESTRICTED
                                                   : REASON_FAULT_UNRESOLVED);
    if (status == VMM_FAILURE && system->profile.user_fault_failure_panics)
        return vm_panic(
            system, REASON_USER_FAULT, vm_task_id(access->task), va,
            "vm_fault() KERN_FAILURE from user fault on thread of task %u at 0x%" PRIx64,
            vm_task_id(access->task), va);
    return status;
}

/* One trap, from the hardware's refusal to its end. VMM_OK: try again. */
static inline enum vmm_status
vm_trap(struct vm_system *system, const struct vm_access *access, vmm_va va,
        enum hw_outcome outcome)
{
    enum vmm_status status = VMM_INVALID_ADDRESS;

    if (vm_trap_fast_fault(access, va, outcome))
        return VMM_OK;
    system->last_fault_status = VMM_OK;
    if (outcome != HW_FAULT_ADDRESS)
        status = vm_trap_fault(system, access, va);
    system->last_fault_status = status;
    return status == VMM_OK ? VMM_OK : vm_trap_end(system, access, va, outcome, status);
}

/* Tells of an access in a section that went well by luck: nothing keeps the translation it used. */
static void
vm_access_notice(struct vm_system *system, const struct vm_access *access, vmm_va va, vmm_ppn ppn)
{
    enum vm_no_fault section = vm_context_current(system);
    struct pmap_translation found;

    if (section == VM_FAULTS_ALLOWED || vm_task_id(access->task) != 0 ||
        hw_frame_is_device(&system->machine->frames, ppn))
        return;
    if (pmap_query(pmap_kernel(system->pmaps), va, &found) && !found.is_wired)
        trace_emit(&system->trace, EV_ACCESS_UNHELD, .va = va, .ppn = ppn, .prot = access->kind,
                   .detail = section, .cpu = system->cpu);
}

/* What the hardware used against what the tables say now (vm.md I18). */
static void
vm_access_compare(struct vm_system *system, const struct vm_access *access, vmm_va va,
                  uint64_t word)
{
    const struct vm_map *map = vm_task_map(access->task);
    uint32_t part_bits = system->page_shift - map->page_shift;
    struct pmap_translation now;

    if (pmap_query(map->pmap, va, &now) && hw_pte_ppn(word) == (now.ppn << part_bits | now.part) &&
        (now.prot & (vmm_prot)access->kind) != 0)
        return;
    if (pmap_may_be_stale(map->pmap, system->cpu))
        return; /* it has not looked yet */
    trace_emit(&system->trace, EV_TLB_STALE, .space = vm_task_id(access->task), .va = va,
               .ppn = hw_pte_ppn(word) >> part_bits, .prot = (vmm_prot)access->kind,
               .cpu = system->cpu);
}

/* Asks the hardware until it can do the access or nobody can. What it uses is in *word then. */
static enum vmm_status
vm_access_translate(struct vm_system *system, const struct vm_access *access, vmm_va va,
                    uint64_t *word)
{
    bool from_user = vm_task_id(access->task) != 0 && !access->has_recovery;
    uint32_t tries = 0;

    for (;;) {
        enum vmm_status status;
        enum hw_outcome outcome = hw_access_word(
            system->machine, system->cpu, va, (enum hw_access_kind)access->kind, from_user, word);

        if (outcome == HW_OK) {
            vm_access_notice(system, access, va, hw_pte_ppn(*word));
            if (system->watches_tlbs)
                vm_access_compare(system, access, va, *word);
            return VMM_OK;
        }
        VMM_ASSERT(tries++ < VM_ACCESS_TRIES);
        status = vm_trap(system, access, va, outcome);
        if (status != VMM_OK)
            return status;
    }
}

/* The bytes of one page. */
static enum vmm_status
vm_access_page(struct vm_system *system, const struct vm_access *access, uint64_t done,
               uint32_t run)
{
    struct hw_frames *frames = &system->machine->frames;
    vmm_va va = access->va + done;
    vmm_size page_bytes = vm_map_page_bytes(access->task->map);
    uint64_t word = 0;
    enum vmm_status status = vm_access_translate(system, access, va, &word);
    uint64_t address = hw_pte_ppn(word) * page_bytes + (va & (page_bytes - 1));
    uint32_t offset = (uint32_t)(address & (system->page_bytes - 1));
    vmm_ppn ppn = (vmm_ppn)(address >> system->page_shift);
    uint8_t bytes[64];

    if (status != VMM_OK || access->only_translates)
        return status;
    if (access->kind != VM_ACCESS_WRITE) {
        if (access->to != NULL)
            hw_frame_read(frames, ppn, offset, (uint8_t *)access->to + done, run);
        return VMM_OK;
    }
    if (access->from != NULL)
        return hw_frame_write(frames, ppn, offset, (const uint8_t *)access->from + done, run)
                   ? VMM_OK
                   : VMM_MODEL_NO_MEMORY;
    memset(bytes, access->fill, sizeof(bytes));
    for (uint32_t at = 0; at < run; at += (uint32_t)sizeof(bytes)) {
        uint32_t part = run - at < sizeof(bytes) ? run - at : (uint32_t)sizeof(bytes);

        if (!hw_frame_write(frames, ppn, offset + at, bytes, part))
            return VMM_MODEL_NO_MEMORY;
    }
    return VMM_OK;
}

enum vmm_status
vm_access(struct vm_system *system, const struct vm_access *access, uint64_t *done)
{
    vmm_size page_bytes = vm_map_page_bytes(access->task->map);
    bool is_user = vm_task_id(access->task) != 0;
    enum vmm_status status = vm_system_runs(system);
    uint64_t through = 0;

    if (status != VMM_OK)
        return status;
    if (is_user)
        vm_task_switch(access->task);
    pmap_cpu_mode(system->pmaps, system->cpu, is_user ? HW_CPU_USER : HW_CPU_KERNEL);
    while (status == VMM_OK && through < access->length) {
        vmm_va va = access->va + through;
        vmm_size rest = page_bytes - (va & (page_bytes - 1));
        vmm_size run = access->length - through < rest ? access->length - through : rest;

        status = vm_access_page(system, access, through, (uint32_t)run);
        through += status == VMM_OK ? run : 0;
    }
    pmap_cpu_mode(system->pmaps, system->cpu, HW_CPU_KERNEL);
    if (done != NULL)
        *done = through;
    return status;
}

/* ---- many references ---- */

/* What stops a run becomes an access of one byte, which traps as any other. */
static enum vmm_status
vm_access_run_trap(struct vm_system *system, struct vm_task *task, uint64_t reference,
                   enum hw_outcome outcome)
{
    static const enum vm_access_kind kinds[] = { VM_ACCESS_READ, VM_ACCESS_WRITE, VM_ACCESS_EXECUTE,
                                                 VM_ACCESS_EXECUTE };
    struct vm_access access = { .task = task,
                                .va = reference & ~(uint64_t)HW_REFERENCE_KIND,
                                .length = 1,
                                .kind = kinds[reference & HW_REFERENCE_KIND] };

    return vm_trap(system, &access, access.va, outcome);
}

/* With `traps` (may be NULL) the first that traps is the last to be made. */
static enum vmm_status
vm_access_run_until(struct vm_task *task, const uint64_t *references, size_t count, size_t *done,
                    bool *traps)
{
    struct vm_system *system = vm_task_system(task);
    bool is_user = vm_task_id(task) != 0;
    enum vmm_status status = vm_system_runs(system);
    enum hw_outcome outcome;
    struct hw_run run;
    size_t at = 0;

    if (status != VMM_OK)
        return status;
    if (is_user)
        vm_task_switch(task);
    pmap_cpu_mode(system->pmaps, system->cpu, is_user ? HW_CPU_USER : HW_CPU_KERNEL);
    hw_run_begin(&run, system->machine, system->cpu, is_user);
    while (status == VMM_OK && at < count) {
        at += hw_run_on(&run, references + at, count - at, &outcome);
        if (outcome == HW_OK)
            break;
        status = vm_access_run_trap(system, task, references[at], outcome);
        if (traps != NULL) {
            *traps = true;
            count = at + 1;
        }
        if (run.cpu->id != system->cpu) /* a fault slept, and went on elsewhere */
            hw_run_begin(&run, system->machine, system->cpu, is_user);
    }
    pmap_cpu_mode(system->pmaps, system->cpu, HW_CPU_KERNEL);
    if (done != NULL)
        *done = at;
    return status;
}

enum vmm_status
vm_access_run(struct vm_task *task, const uint64_t *references, size_t count, size_t *done)
{
    return vm_access_run_until(task, references, count, done, NULL);
}

enum vmm_status
vm_access_run_to_trap(struct vm_task *task, const uint64_t *references, size_t count, size_t *done,
                      bool *traps)
{
    *traps = false;
    return vm_access_run_until(task, references, count, done, traps);
}

bool
vm_access_repeats(struct vm_task *task, uint64_t reference)
{
    struct vm_system *system = vm_task_system(task);

    return hw_access_repeats(system->machine, system->cpu, reference, vm_task_id(task) != 0);
}
