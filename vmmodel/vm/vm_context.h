/*
 * vm_context.h - where no fault may be taken
 *
 * PURPOSE     Each CPU has a context: preemption level, interrupt state, faults disabled. vm_fault()
 *             and the trap code ask it (vm.md 6).
 * INVARIANTS  X1  leaving ends the innermost section of that kind, wherever it stands; leaving
 *                 what was not entered changes nothing
 * UNITS       none
 * OWNERSHIP   the system owns one context per CPU
 * ERRORS      none
 * EVENTS      PMAP_REMOVE, TLB_FLUSH when sections evict
 * XNU         disable_preemption(); osfmk/i386/machine_routines.c ml_set_interrupts_enabled;
 *             osfmk/vm/vm_fault.c vm_fault_disable (15.0+)
 */
#ifndef VM_VM_CONTEXT_H
#define VM_VM_CONTEXT_H

#include "vm/vm_system.h"

enum vm_no_fault {
    VM_FAULTS_ALLOWED,
    VM_PREEMPTION_OFF, /* disable_preemption() */
    VM_SPIN_LOCK,      /* IOSimpleLock: raises the preemption level */
    VM_INTERRUPT,      /* primary interrupt or filter: entry code raises the level */
    VM_INTERRUPTS_OFF, /* ml_set_interrupts_enabled(false), level 0 */
    VM_FAULT_DISABLED, /* vm_fault_disable(), 15.0 and later */
    VM_MUTEX,          /* IOLock, work loop, command gate: faults are served, may block */
};

/* "spin lock held" and its like, as a finding says it. */
const char *vm_no_fault_name(enum vm_no_fault kind);

enum { VM_CONTEXT_DEPTH = 32 }; /* sections that may nest on one CPU */

/* Enters or leaves a section on the current CPU; the caller keeps the depth below the limit. */
void vm_context_enter(struct vm_system *system, enum vm_no_fault kind);
void vm_context_leave(struct vm_system *system, enum vm_no_fault kind);

/* How many sections the current CPU is in. */
uint32_t vm_context_depth(const struct vm_system *system);

uint32_t vm_context_preemption_level(const struct vm_system *system);
bool vm_context_interrupts_enabled(const struct vm_system *system);
bool vm_context_in_interrupt(const struct vm_system *system);
bool vm_context_faults_disabled(const struct vm_system *system);

/* Whether a thread may wait here: preemption and interrupts are on. */
bool vm_context_may_block(const struct vm_system *system);

/* The innermost section, whatever it forbids, or VM_FAULTS_ALLOWED. */
enum vm_no_fault vm_context_innermost(const struct vm_system *system);

/* The innermost section that forbids faults, or VM_FAULTS_ALLOWED. */
enum vm_no_fault vm_context_current(const struct vm_system *system);

#endif
