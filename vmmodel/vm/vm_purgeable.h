/*
 * vm_purgeable.h - memory that its owner can do without
 *
 * PURPOSE     A volatile object is emptied, all of it, when memory runs short or when somebody purges;
 *             its owner learns of it when it makes the object nonvolatile again. Touching an emptied
 *             object gives zeroes, or error 10 if its owner asked for that when it let go.
 *
 *                 NONVOLATILE --set--> VOLATILE --pressure, purge--> EMPTY --set NONVOLATILE: "EMPTY"
 *                      ^___________________|___________________________|
 * INVARIANTS  V1  a wired or busy page stays
 * UNITS       counts: pages
 * OWNERSHIP   none
 * ERRORS      VMM_INVALID_ARGUMENT: no such state
 * EVENTS      PAGE_FREE
 * XNU         osfmk/vm/vm_purgeable.c, vm_object_purgable_control, vm_object_purge; vm.md 4.3.
 *             Differs: volatile objects go in the order in which they became volatile; no groups
 */
#ifndef VM_VM_PURGEABLE_H
#define VM_VM_PURGEABLE_H

#include "vm/vm_internal.h"

enum {
    VM_PURGABLE_STATE_MASK = 3,
    VM_PURGABLE_DEBUG_EMPTY = 1 << 12, /* volatile: emptied at once */
    VM_PURGABLE_DEBUG_FAULT = 2 << 12, /* once emptied, a touch is error 10 */
};

/*
 * A fresh object that can be purged from now on. It is copied at once: what its owner can do without
 * must not be what a copy still needs (vm.md 1.9 strategy NONE).
 */
void vm_object_make_purgable(struct vm_object *object);

/* *state goes in as what is wanted and comes out as what was. */
enum vmm_status vm_purgable_set(struct vm_object *object, int *state) VMM_MUST_USE;

/* Empties an object whatever its state; how many pages went. */
uint64_t vm_object_purge(struct vm_object *object);

/* Empties every volatile object. */
void vm_purge_all(struct vm_system *system);

/* Empties volatile objects, the longest volatile first, until a page went. False: none did. */
bool vm_purge_oldest(struct vm_system *system);

/* Whether touching the object is error 10 (vm.md 4.3). */
static inline bool
vm_object_is_purge_error(const struct vm_object *object)
{
    return object->purgable == VM_PURGABLE_EMPTY &&
           (object->volatile_state & VM_PURGABLE_DEBUG_FAULT) != 0;
}

#endif
