/* vm_fault_name.c - what faults and sections are called; a printer needs it where no vm floor is */
#include "vm/vm_context.h"
#include "vm/vm_fault.h"

const char *
vm_fault_kind_name(enum vm_fault_kind kind)
{
    static const char *const names[] = {
        [VM_FAULT_NONE] = "NONE",
        [VM_FAULT_ZERO_FILL] = "ZERO_FILL",
        [VM_FAULT_PAGEIN] = "PAGEIN",
        [VM_FAULT_COW] = "COW",
        [VM_FAULT_CACHE_HIT] = "CACHE_HIT",
        [VM_FAULT_NZF] = "NZF",
        [VM_FAULT_GUARD] = "GUARD",
        [VM_FAULT_PAGEINV] = "PAGEINV",
        [VM_FAULT_PAGEIND] = "PAGEIND",
        [VM_FAULT_COMPRESSOR] = "COMPRESSOR",
        [VM_FAULT_COMPRESSOR_SWAPIN] = "COMPRESSOR_SWAPIN",
        [VM_FAULT_COR] = "COR",
    };

    return (size_t)kind < VMM_COUNT_OF(names) ? names[kind] : "NONE";
}

const char *
vm_no_fault_name(enum vm_no_fault kind)
{
    static const char *const names[] = {
        [VM_FAULTS_ALLOWED] = "faults allowed",
        [VM_PREEMPTION_OFF] = "preemption disabled",
        [VM_SPIN_LOCK] = "spin lock held",
        [VM_INTERRUPT] = "interrupt context",
        [VM_INTERRUPTS_OFF] = "interrupts disabled",
        [VM_FAULT_DISABLED] = "faults disabled",
        [VM_MUTEX] = "mutex held",
    };

    return (size_t)kind < VMM_COUNT_OF(names) ? names[kind] : names[VM_FAULTS_ALLOWED];
}
