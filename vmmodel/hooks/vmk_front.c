/*
 * vmk_front.c - the verbs as everybody calls them: told to who watches, and passed on
 *
 * What answers has the same name with model_ for vmk_ (vmk_names.h). A world without a watcher pays for one
 * look at a pointer.
 */
#include "hooks/vmk_watch.h"
#include "hooks/vmk_world.h"

static const char *const vmk_verb_names[VMK_VERB_COUNT] = {
#define NOTHING(type, name, parameters, arguments, numbers) #name,
#define NUMBER NOTHING
#define OBJECT NOTHING
#include "hooks/verbs.def"
#undef NOTHING
#undef NUMBER
#undef OBJECT
};

const char *
vmk_verb_name(enum vmk_verb verb)
{
    return vmk_verb_names[verb];
}

/* ---- who watches ---- */

void
vmk_sim_watch(struct vmk_watcher *watcher)
{
    struct vmk_watcher **at = &vmk_world_here()->watchers;

    while (*at != NULL)
        at = &(*at)->next;
    watcher->next = NULL;
    *at = watcher;
}

void
vmk_sim_unwatch(struct vmk_watcher *watcher)
{
    struct vmk_watcher **at = &vmk_world_here()->watchers;

    while (*at != NULL && *at != watcher)
        at = &(*at)->next;
    if (*at != NULL)
        *at = watcher->next;
}

static struct vmk_watcher *
vmk_watchers(void)
{
    return vmk_world_here() == NULL ? NULL : vmk_world_here()->watchers;
}

static void
vmk_tell_begin(const struct vmk_verb_call *call)
{
    for (struct vmk_watcher *at = vmk_watchers(); at != NULL; at = at->next) {
        if (at->begins != NULL)
            at->begins(at, call);
    }
}

static void
vmk_tell_end(const struct vmk_verb_call *call)
{
    for (struct vmk_watcher *at = vmk_watchers(); at != NULL; at = at->next) {
        if (at->ends != NULL)
            at->ends(at, call);
    }
}

/* ---- the verbs ---- */

#define H(handle) ((uint64_t)(uintptr_t)(handle))
#define LIST(...)   \
    {               \
        __VA_ARGS__ \
    }
#define CALL(name, numbers)              \
    {                                    \
        VMK_VERB_##name, LIST numbers, 0 \
    }

#define NOTHING(type, name, parameters, arguments, numbers)    \
    void model_##name parameters;                              \
    void vmk_##name parameters                                 \
    {                                                          \
        const struct vmk_verb_call told = CALL(name, numbers); \
                                                               \
        vmk_tell_begin(&told);                                 \
        model_##name arguments;                                \
        vmk_tell_end(&told);                                   \
    }
#define GIVES(type, name, parameters, arguments, numbers, number_of) \
    type model_##name parameters;                                    \
    type vmk_##name parameters                                       \
    {                                                                \
        struct vmk_verb_call told = CALL(name, numbers);             \
        type result;                                                 \
                                                                     \
        vmk_tell_begin(&told);                                       \
        result = model_##name arguments;                             \
        told.result = number_of(result);                             \
        vmk_tell_end(&told);                                         \
        return result;                                               \
    }
#define NUMBER(type, name, parameters, arguments, numbers) \
    GIVES(type, name, parameters, arguments, numbers, (uint64_t))
#define OBJECT(type, name, parameters, arguments, numbers) \
    GIVES(type, name, parameters, arguments, numbers, H)
#include "hooks/verbs.def"
