/*
 * injector.h - calls that fail because somebody wants to see what happens then
 *
 * PURPOSE     The few calls of each floor that can be refused for want of something ask the embedder
 *             first. Without one they never fail for its sake.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   the embedder owns its injector and outlives the system
 * ERRORS      none of its own; each call fails as it does when its floor has nothing to give
 * EVENTS      none
 * XNU         none
 */
#ifndef BASE_INJECTOR_H
#define BASE_INJECTOR_H

#include "base/types.h"

/* What can be refused. The scenario language and faultline_fail() have a word for each. */
enum vmm_call {
    VMM_CALL_ALLOCATION, /* the embedder's own take(); its wrapper asks */
    VMM_CALL_FRAME,      /* a page for an object */
    VMM_CALL_TABLE,      /* a page for a page table */
    VMM_CALL_PAGER,      /* a page from a file or from the store */
    VMM_CALL_PREPARE,    /* IOMemoryDescriptor::prepare() */
    VMM_CALL_WIRE,       /* the pages of a map entry */
    VMM_CALL_MAP,        /* a map entry */
    VMM_CALL_COUNT
};

struct vmm_injector {
    /* Whether this call fails. */
    bool (*fails)(struct vmm_injector *injector, enum vmm_call call);
};

/* Whether a call is to fail; `injector` may be NULL: none does. */
static inline bool
vmm_call_fails(struct vmm_injector *injector, enum vmm_call call)
{
    return injector != NULL && injector->fails(injector, call);
}

#endif
