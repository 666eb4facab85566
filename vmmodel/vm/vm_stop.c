/*
 * vm_stop.c - the kernel panics or hangs, and the process lives on
 *
 * The first stop wins: what comes after it happened on a machine that no longer runs.
 */
#include <stdarg.h>

#include "base/text.h"
#include "vm/vm_internal.h"

static void
vm_stop_record(struct vm_system *system, enum vm_stop_kind kind, enum trace_reason reason,
               uint32_t space, vmm_va va, const char *format, va_list arguments)
{
    struct vm_stop *stop = &system->stop;
    struct vmm_text text;

    if (stop->kind != VM_RUNNING)
        return;
    vmm_text_init(&text, stop->text, sizeof(stop->text));
    vmm_text_vformat(&text, format, arguments);
    stop->kind = kind;
    stop->reason = reason;
    stop->va = va;
    stop->space = space;
    stop->cpu = system->cpu;
    trace_emit(&system->trace, kind == VM_PANICKED ? EV_PANIC : EV_HANG, .space = space, .va = va,
               .cpu = system->cpu, .detail = reason);
}

enum vmm_status
vm_system_runs(const struct vm_system *system)
{
    switch (system->stop.kind) {
    case VM_PANICKED:
        return VMM_MODEL_PANIC;
    case VM_HUNG:
        return VMM_MODEL_HANG;
    default:
        return VMM_OK;
    }
}

enum vmm_status
vm_panic(struct vm_system *system, enum trace_reason reason, uint32_t space, vmm_va va,
         const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vm_stop_record(system, VM_PANICKED, reason, space, va, format, arguments);
    va_end(arguments);
    return VMM_MODEL_PANIC;
}

enum vmm_status
vm_hang(struct vm_system *system, enum trace_reason reason, uint32_t space, vmm_va va,
        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vm_stop_record(system, VM_HUNG, reason, space, va, format, arguments);
    va_end(arguments);
    return VMM_MODEL_HANG;
}
