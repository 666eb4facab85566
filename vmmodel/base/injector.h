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

/* What can be refused: VMM_CALL_ALLOCATION and its like. */
enum vmm_call {
#define VMM_CALL(id, word) VMM_CALL_##id,
#include "base/call.def"
#undef VMM_CALL
    VMM_CALL_COUNT
};

/* "allocation" and its like. */
static inline const char *
vmm_call_name(enum vmm_call call)
{
    static const char *const words[VMM_CALL_COUNT] = {
#define VMM_CALL(id, word) word,
#include "base/call.def"
#undef VMM_CALL
    };

    return words[call];
}

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
