/* vm_fault_name.c - what faults and sections are called; a printer needs it where no vm floor is */
#include "vm/vm_context.h"
#include "vm/vm_fault.h"

const char *
vm_fault_kind_name(enum vm_fault_kind kind)
{
    switch (kind) {
    case VM_FAULT_ZERO_FILL:
        return "ZERO_FILL";
    case VM_FAULT_COW:
        return "COW";
    case VM_FAULT_CACHE_HIT:
        return "CACHE_HIT";
    case VM_FAULT_PAGEINV:
        return "PAGEINV";
    case VM_FAULT_PAGEIND:
        return "PAGEIND";
    case VM_FAULT_COMPRESSOR:
        return "COMPRESSOR";
    default:
        return "NONE";
    }
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

    return names[kind];
}
