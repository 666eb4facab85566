/* vm_context.c - see vm_context.h */
#include "vm/vm_context.h"

#include "vm/vm_internal.h"

static struct vm_cpu_context *
vm_context_here(struct vm_system *system)
{
    return &system->contexts[system->cpu];
}

/* What a section of this kind adds (step 1) to or takes (step -1) from the CPU's counters. */
static void
vm_context_count(struct vm_cpu_context *context, enum vm_no_fault kind, uint32_t step)
{
    if (kind == VM_PREEMPTION_OFF || kind == VM_SPIN_LOCK || kind == VM_INTERRUPT)
        context->preemption_level += step;
    if (kind == VM_INTERRUPT)
        context->interrupt_level += step;
    if (kind == VM_INTERRUPT || kind == VM_INTERRUPTS_OFF)
        context->interrupts_off += step;
    if (kind == VM_FAULT_DISABLED)
        context->faults_disabled += step;
}

static void
vm_context_show_hardware(struct vm_system *system)
{
    system->machine->cpus[system->cpu].interrupts_enabled = vm_context_interrupts_enabled(system);
}

/* Whether a section of this kind refuses faults on this release (vm.md 6.4). */
static bool
vm_context_forbids(const struct vm_system *system, enum vm_no_fault kind)
{
    switch (kind) {
    case VM_MUTEX:
    case VM_FAULTS_ALLOWED:
        return false;
    case VM_INTERRUPTS_OFF:
        return system->profile.refuses_faults_interrupts_off;
    case VM_FAULT_DISABLED:
        return system->profile.has_fault_disable;
    default:
        return true;
    }
}

void
vm_context_enter(struct vm_system *system, enum vm_no_fault kind)
{
    struct vm_cpu_context *context = vm_context_here(system);

    VMM_ASSERT(context->depth < VM_CONTEXT_DEPTH);
    if (system->evicts_on_entry && vm_context_forbids(system, kind) &&
        vm_context_current(system) == VM_FAULTS_ALLOWED)
        pmap_remove_unwired(pmap_kernel(system->pmaps));
    context->stack[context->depth++] = (uint8_t)kind;
    vm_context_count(context, kind, 1);
    vm_context_show_hardware(system);
}

void
vm_context_leave(struct vm_system *system, enum vm_no_fault kind)
{
    struct vm_cpu_context *context = vm_context_here(system);
    uint32_t at = context->depth;

    while (at > 0 && context->stack[at - 1] != (uint8_t)kind)
        at--;
    if (at == 0)
        return; /* X1 */
    for (context->depth--; at <= context->depth; at++)
        context->stack[at - 1] = context->stack[at];
    vm_context_count(context, kind, (uint32_t)-1);
    vm_context_show_hardware(system);
}

uint32_t
vm_context_depth(const struct vm_system *system)
{
    return vm_context_of(system)->depth;
}

uint32_t
vm_context_preemption_level(const struct vm_system *system)
{
    return vm_context_of(system)->preemption_level;
}

bool
vm_context_interrupts_enabled(const struct vm_system *system)
{
    return vm_context_of(system)->interrupts_off == 0;
}

bool
vm_context_in_interrupt(const struct vm_system *system)
{
    return vm_context_of(system)->interrupt_level > 0;
}

bool
vm_context_faults_disabled(const struct vm_system *system)
{
    return vm_context_of(system)->faults_disabled > 0 && system->profile.has_fault_disable;
}

bool
vm_context_may_block(const struct vm_system *system)
{
    return vm_context_preemption_level(system) == 0 && vm_context_interrupts_enabled(system);
}

enum vm_no_fault
vm_context_innermost(const struct vm_system *system)
{
    const struct vm_cpu_context *context = vm_context_of(system);

    return context->depth == 0 ? VM_FAULTS_ALLOWED
                               : (enum vm_no_fault)context->stack[context->depth - 1];
}

enum vm_no_fault
vm_context_current(const struct vm_system *system)
{
    const struct vm_cpu_context *context = vm_context_of(system);

    for (uint32_t i = context->depth; i > 0; i--) {
        if (vm_context_forbids(system, (enum vm_no_fault)context->stack[i - 1]))
            return (enum vm_no_fault)context->stack[i - 1];
    }
    return VM_FAULTS_ALLOWED;
}
