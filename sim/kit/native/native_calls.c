/*
 * native_calls.c - which calls a driver made, in which order
 *
 * The model's events say it: a call that was refused did not happen.
 */
#include <stdio.h>
#include <string.h>

#include "native_internal.h"

/* The name of the call that an event is; NULL: none, or one that was refused. */
static const char *
native_name_of(const struct trace_event *event)
{
    switch (event->kind) {
    case EV_DESC_PREPARE:
        return event->status == 0 ? "prepare" : NULL;
    case EV_DESC_COMPLETE:
        return event->status == 0 ? "complete" : NULL;
    case EV_DESC_FREE:
        return "free";
    case EV_IOMAP_CREATE:
        return "map";
    case EV_IOMAP_UNMAP:
        return "unmap";
    case EV_IOMAP_WIRE:
        return event->status != 0 ? NULL : event->prot != 0 ? "wire" : "unwire";
    case EV_LOCK:
        return "lock";
    case EV_UNLOCK:
        return "unlock";
    default:
        return NULL;
    }
}

void
native_note_call(struct faultline_world *world, const struct trace_event *event)
{
    const char *name = native_name_of(event);

    if (name != NULL && world->call_count < NATIVE_CALLS)
        world->calls[world->call_count++] = name;
}

const char *
faultline_call_name(unsigned index)
{
    const struct faultline_world *world = native_current();

    return world == NULL || index >= world->call_count ? NULL : world->calls[index];
}

void
faultline_forget_calls(void)
{
    if (native_current() != NULL)
        native_current()->call_count = 0;
}

static bool
native_is_among(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

int
faultline_calls_are(const char *const *names)
{
    char made[512] = "";
    const char *const *next = names;
    const char *name;
    bool is_so = true;

    for (unsigned i = 0; (name = faultline_call_name(i)) != NULL; i++) {
        size_t used = strlen(made);

        if (!native_is_among(names, name))
            continue;
        snprintf(made + used, sizeof(made) - used, " %s", name);
        is_so = is_so && *next != NULL && strcmp(*next, name) == 0;
        if (*next != NULL)
            next++;
    }
    is_so = is_so && *next == NULL;
    if (!is_so)
        native_set_trouble("the calls were:%s", made[0] == '\0' ? " none of these" : made);
    return is_so;
}
