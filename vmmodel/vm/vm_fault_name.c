/* vm_fault_name.c - what a kind of fault is called; a printer needs it where no vm floor is */
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
