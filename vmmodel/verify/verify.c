/* verify.c - see verify.h */
#include "verify/verify.h"

#include <string.h>

#include "base/assert.h"
#include "base/status.h"
#include "verify/verify_memory.h"

enum { VERIFY_PAGE_SHIFT = 12 }; /* the smallest page there is */

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
    VMM_ASSERT(index < VMM_COUNT_OF(rules));
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

/* ---- findings ---- */

static void
verify_find(struct verify *verify, const struct trace_event *event, const char *id)
{
    const struct verify_rule *rule = verify_rule_find(id, strlen(id));

    VMM_ASSERT(rule != NULL);
    if (rule->severity == VERIFY_CONTRACT && !verify->is_strict)
        return;
    if (verify->count < verify->capacity)
        verify->findings[verify->count++] =
            (struct verify_finding){ .rule = rule, .event = *event };
    else
        verify->dropped++;
}

/* A fault where none may be: what the driver had done instead of wiring. */
static void
verify_explain_fault(struct verify *verify, const struct trace_event *event)
{
    const struct verify_memory *memory = &verify->memory;
    const struct verify_mapping *mapping =
        verify_mapping_at(memory, event->space, event->va, false);
    const struct verify_descriptor *descriptor =
        mapping == NULL ? NULL : verify_descriptor_find(memory, mapping->descriptor);

    if (memory->refused.va == event->va && memory->refused.space == event->space &&
        memory->refused.count != 0 && (memory->refused.prot & VMM_PROT_WRITE))
        verify_find(verify, event, "store-through-read-only-pte");
    else if (descriptor != NULL && descriptor->prepares > 0)
        verify_find(verify, event, "prepare-taken-for-mapping");
}

static void
verify_judge_stop(struct verify *verify, const struct trace_event *event)
{
    enum trace_reason reason = (enum trace_reason)event->detail;

    verify_find(verify, event, trace_reason_name(reason));
    if (reason == REASON_FAULT_RESTRICTED)
        verify_explain_fault(verify, event);
    if (reason == REASON_FAULT_UNRESOLVED &&
        verify_mapping_at(&verify->memory, event->space, event->va, false) == NULL &&
        verify_mapping_at(&verify->memory, event->space, event->va, true) != NULL)
        verify_find(verify, event, "access-after-unmap");
}

/* ---- wireRange ---- */

static void
verify_judge_wire(struct verify *verify, const struct trace_event *event)
{
    const struct verify_mapping *mapping = verify_mapping_find(&verify->memory, event->object);
    uint64_t offset = mapping == NULL ? 0 : event->va - mapping->va; /* wraps in front of it */

    if (!verify->memory.has_told_kpi)
        verify_find(verify, event, "unsupported-kpi-used");
    if (event->prot == VMM_PROT_NONE)
        return; /* an unwire */
    if (event->status == VMM_PROTECTION_FAILURE)
        verify_find(verify, event, "wire-beyond-rights");
    if (event->status != VMM_OK)
        return;
    if (event->length == 0)
        verify_find(verify, event, "zero-length-wire");
    if (mapping != NULL && (offset > mapping->length || event->length > mapping->length - offset))
        verify_find(verify, event, "wire-of-a-neighbour");
}

/* ---- memory ---- */

static void
verify_judge_unheld(struct verify *verify, const struct trace_event *event)
{
    const struct verify_mapping *mapping =
        verify_mapping_at(&verify->memory, event->space, event->va, false);
    const struct verify_descriptor *descriptor =
        mapping == NULL ? NULL : verify_descriptor_find(&verify->memory, mapping->descriptor);

    verify_find(verify, event,
                descriptor != NULL && descriptor->was_prepared && descriptor->prepares == 0
                    ? "complete-before-last-use"
                    : "translation-held-by-nothing");
}

static bool
verify_shows_a_snapshot(const struct verify_memory *memory, const struct verify_range *range)
{
    return range->is_snapshot && verify_is_mapped(memory, range->descriptor);
}

static bool
verify_is_in_use(const struct verify_memory *memory, const struct verify_range *range)
{
    const struct verify_descriptor *descriptor = verify_descriptor_find(memory, range->descriptor);

    return verify_is_mapped(memory, range->descriptor) ||
           (descriptor != NULL && descriptor->prepares > 0);
}

static void
verify_judge_store(struct verify *verify, const struct trace_event *event)
{
    const struct verify_memory *memory = &verify->memory;
    const struct verify_mapping *mapping =
        verify_mapping_at(memory, event->space, event->va, false);
    const struct verify_range *range =
        mapping == NULL ? NULL : verify_range_of(memory, mapping->descriptor);

    if (range != NULL && range->space != event->space && range->direction == VMM_PROT_WRITE)
        verify_find(verify, event, "store-through-out-mapping"); /* Out has the bit of WRITE */
    if (event->space != 0 && verify_range_at(memory, event->space, event->va, event->length,
                                             verify_shows_a_snapshot) != NULL)
        verify_find(verify, event, "stale-snapshot");
}

static void
verify_judge_device(struct verify *verify, const struct trace_event *event)
{
    const struct verify_segment *segment = verify_segment_at(&verify->memory, event->va);

    if (segment != NULL && segment->is_over)
        verify_find(verify, event, "segment-used-after-complete");
    else if (event->detail != 0)
        verify_find(verify, event, "device-access-to-unprepared-page");
}

static void
verify_judge_unmap(struct verify *verify, const struct trace_event *event)
{
    if (event->count > 1)
        verify_find(verify, event, "unmap-of-shared-mapping");
    if (event->detail > 0)
        verify_find(verify, event, "part-outlives-mapping");
}

static void
verify_judge_leak(struct verify *verify, const struct trace_event *event)
{
    static const char *const ids[TRACE_LEAK_COUNT] = {
        [TRACE_LEAK_DESCRIPTOR] = "descriptor-leaked", [TRACE_LEAK_BUFFER] = "buffer-leaked",
        [TRACE_LEAK_MAPPING] = "mapping-leaked",       [TRACE_LEAK_LOCK] = "lock-leaked",
        [TRACE_LEAK_COMMAND] = "dma-command-leaked",
    };

    if (event->detail < TRACE_LEAK_COUNT && ids[event->detail] != NULL)
        verify_find(verify, event, ids[event->detail]);
}

/* ---- the fold ---- */

/* Finds `id` if the event says so by itself. */
static void
verify_judge_if(struct verify *verify, const struct trace_event *event, bool is_wrong,
                const char *id)
{
    if (is_wrong)
        verify_find(verify, event, id);
}

/* What one event breaks, given those before it. */
static void
verify_judge(struct verify *verify, const struct trace_event *event)
{
    switch (event->kind) {
    case EV_PANIC:
    case EV_HANG:
        verify_judge_stop(verify, event);
        break;
    case EV_TLB_STALE:
        verify_find(verify, event, "stale-translation");
        break;
    case EV_FAULT_UNSAFE:
        verify_find(verify, event, "fault-with-interrupts-off");
        break;
    case EV_IOMAP_LEAK:
        verify_find(verify, event, "prefault-leaks-address-space");
        break;
    case EV_IOMAP_PREFAULT:
        verify_judge_if(verify, event, event->count == 0, "prefault-without-effect");
        break;
    case EV_IOMAP_WIRE:
        verify_judge_wire(verify, event);
        break;
    case EV_IOMAP_UNMAP:
        verify_judge_unmap(verify, event);
        break;
    case EV_ACCESS_UNHELD:
        verify_judge_unheld(verify, event);
        break;
    case EV_STORE:
        verify_judge_store(verify, event);
        break;
    case EV_DEVICE_ACCESS:
        verify_judge_device(verify, event);
        break;
    case EV_MAP_REMOVE:
        verify_judge_if(verify, event,
                        verify_range_at(&verify->memory, event->space, event->va, event->length,
                                        verify_is_in_use) != NULL,
                        "source-freed-while-mapped");
        break;
    case EV_DESC_COMPLETE:
        verify_judge_if(verify, event, event->detail != 0, "complete-beyond-prepare");
        break;
    case EV_DESC_FREE:
        verify_judge_if(verify, event, event->count > 0, "prepare-without-complete");
        break;
    case EV_MAY_BLOCK:
        verify_find(verify, event, "blocking-call-in-atomic-section");
        break;
    case EV_STALE_HANDLE:
        verify_find(verify, event, "use-after-release");
        break;
    case EV_LOCK:
        verify_judge_if(verify, event,
                        event->count == 0 &&
                            verify_is_inverted(&verify->memory, event->object, event->cpu),
                        "lock-order-inversion");
        break;
    case EV_LEAK:
        verify_judge_leak(verify, event);
        break;
    default:
        break;
    }
}

static bool
verify_changes_translation(const struct trace_event *event)
{
    return event->kind == EV_PMAP_REMOVE || event->kind == EV_PMAP_PROTECT ||
           event->kind == EV_PMAP_ENTER;
}

/* The latest change of the translation that a stale one stood for; all 0: it is too long ago. */
static struct trace_event
verify_cause(const struct verify *verify, const struct trace_event *stale)
{
    for (size_t back = 1; back <= VERIFY_CHANGES && back <= verify->change_count; back++) {
        const struct trace_event *change =
            &verify->changes[(verify->change_count - back) % VERIFY_CHANGES];

        if (change->space == stale->space &&
            change->va >> VERIFY_PAGE_SHIFT == stale->va >> VERIFY_PAGE_SHIFT)
            return *change;
    }
    return (struct trace_event){ 0 };
}

static void
verify_see(struct trace_sink *sink, const struct trace_event *event)
{
    struct verify *verify = VMM_CONTAINER(sink, struct verify, sink);
    size_t before = verify->count;

    verify_judge(verify, event);
    if (event->kind == EV_TLB_STALE && verify->count > before)
        verify->findings[before].cause = verify_cause(verify, event);
    if (verify_changes_translation(event))
        verify->changes[verify->change_count++ % VERIFY_CHANGES] = *event;
    verify_remember(&verify->memory, event);
}

void
verify_init(struct verify *verify, struct verify_finding *findings, size_t capacity)
{
    *verify =
        (struct verify){ .sink = { verify_see, NULL }, .findings = findings, .capacity = capacity };
}
