/* verify.c - see verify.h */
#include "verify/verify.h"

#include <string.h>

static const struct verify_rule rules[] = {
#define VERIFY_RULE(id, severity, sentence, missing, fix, source) \
    { id, severity, sentence, missing, fix, source },
#include "verify/rules.def"
#undef VERIFY_RULE
};

const char *
verify_severity_name(enum verify_severity severity)
{
    static const char *const names[] = { "observed", "contract", "advice" };

    return names[severity];
}

size_t
verify_rule_count(void)
{
    return VMM_COUNT_OF(rules);
}

const struct verify_rule *
verify_rule_at(size_t index)
{
    return &rules[index];
}

const struct verify_rule *
verify_rule_find(const char *id, size_t length)
{
    for (size_t i = 0; i < VMM_COUNT_OF(rules); i++) {
        if (strlen(rules[i].id) == length && memcmp(rules[i].id, id, length) == 0)
            return &rules[i];
    }
    return NULL;
}

/* The id of the rule that an event breaks, or NULL. */
static const char *
verify_judge(const struct trace_event *event)
{
    switch (event->kind) {
    case EV_PANIC:
    case EV_HANG:
        return trace_reason_name((enum trace_reason)event->detail);
    case EV_FAULT_UNSAFE:
        return "fault-with-interrupts-off";
    case EV_IOMAP_LEAK:
        return "prefault-leaks-address-space";
    case EV_IOMAP_PREFAULT:
        return event->count == 0 ? "prefault-without-effect" : NULL;
    case EV_IOMAP_WIRE:
        return event->status == 2 && event->prot != 0 ? "wire-beyond-rights" : NULL;
    default:
        return NULL;
    }
}

static void
verify_see(struct trace_sink *sink, const struct trace_event *event)
{
    struct verify *verify = VMM_CONTAINER(sink, struct verify, sink);
    const char *id = verify_judge(event);
    const struct verify_rule *rule = id == NULL ? NULL : verify_rule_find(id, strlen(id));

    if (rule == NULL)
        return;
    if (verify->count < verify->capacity)
        verify->findings[verify->count++] = (struct verify_finding){ rule, *event };
    else
        verify->dropped++;
}

void
verify_init(struct verify *verify, struct verify_finding *findings, size_t capacity)
{
    *verify =
        (struct verify){ .sink = { verify_see, NULL }, .findings = findings, .capacity = capacity };
}
