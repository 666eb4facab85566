/* verify_memory.c - see verify_memory.h */
#include "verify/verify_memory.h"

/* How many places of a ring are filled; and the i-th youngest of `count` ever put there. */
static size_t
verify_filled(size_t count)
{
    return count < VERIFY_ROOM ? count : (size_t)VERIFY_ROOM;
}

static size_t
verify_youngest(size_t count, size_t i)
{
    return (count - 1 - i) % VERIFY_ROOM;
}

/* ---- looking ---- */

/* Where a descriptor is remembered; VERIFY_ROOM: nowhere. */
static size_t
verify_descriptor_place(const struct verify_memory *memory, uint32_t id)
{
    for (size_t i = 0; i < verify_filled(memory->descriptor_count); i++) {
        if (id != 0 && memory->descriptors[i].id == id)
            return i;
    }
    return VERIFY_ROOM;
}

const struct verify_descriptor *
verify_descriptor_find(const struct verify_memory *memory, uint32_t id)
{
    size_t place = verify_descriptor_place(memory, id);

    return place == VERIFY_ROOM ? NULL : &memory->descriptors[place];
}

const struct verify_mapping *
verify_mapping_find(const struct verify_memory *memory, uint32_t id)
{
    for (size_t i = 0; i < verify_filled(memory->mapping_count); i++) {
        if (memory->mappings[i].id == id)
            return &memory->mappings[i];
    }
    return NULL;
}

const struct verify_mapping *
verify_mapping_at(const struct verify_memory *memory, uint32_t space, uint64_t va, bool is_undone)
{
    for (size_t i = 0; i < verify_filled(memory->mapping_count); i++) {
        const struct verify_mapping *mapping =
            &memory->mappings[verify_youngest(memory->mapping_count, i)];

        if (mapping->space == space && mapping->is_undone == is_undone &&
            va - mapping->va < mapping->length)
            return mapping;
    }
    return NULL;
}

bool
verify_is_mapped(const struct verify_memory *memory, uint32_t descriptor)
{
    for (size_t i = 0; i < verify_filled(memory->mapping_count); i++) {
        if (memory->mappings[i].descriptor == descriptor && !memory->mappings[i].is_undone)
            return true;
    }
    return false;
}

const struct verify_range *
verify_range_of(const struct verify_memory *memory, uint32_t descriptor)
{
    for (size_t i = 0; i < verify_filled(memory->range_count); i++) {
        if (memory->ranges[i].descriptor == descriptor)
            return &memory->ranges[i];
    }
    return NULL;
}

const struct verify_range *
verify_range_at(const struct verify_memory *memory, uint32_t space, uint64_t va, uint64_t length,
                bool (*holds)(const struct verify_memory *, const struct verify_range *))
{
    for (size_t i = 0; i < verify_filled(memory->range_count); i++) {
        const struct verify_range *range = &memory->ranges[i];

        if (range->descriptor != 0 && range->space == space && va < range->va + range->length &&
            range->va < va + length && holds(memory, range))
            return range;
    }
    return NULL;
}

const struct verify_segment *
verify_segment_at(const struct verify_memory *memory, uint64_t va)
{
    for (size_t i = 0; i < verify_filled(memory->segment_count); i++) {
        const struct verify_segment *segment =
            &memory->segments[verify_youngest(memory->segment_count, i)];

        if (va - segment->va < segment->length)
            return segment;
    }
    return NULL;
}

/* ---- locks ---- */

static bool
verify_is_held(const struct verify_memory *memory, uint32_t lock, uint32_t cpu)
{
    for (size_t i = 0; i < memory->held_count; i++) {
        if (memory->held[i].lock == lock && memory->held[i].cpu == cpu)
            return true;
    }
    return false;
}

/* Whether an order that was seen begins at `lock` or at what those in `reached` lead to. */
static bool
verify_leads_on(const struct verify_memory *memory, const bool *reached, uint32_t lock, size_t at)
{
    if (memory->orders[at].first == lock)
        return true;
    for (size_t i = 0; i < verify_filled(memory->order_count); i++) {
        if (reached[i] && memory->orders[i].then == memory->orders[at].first)
            return true;
    }
    return false;
}

bool
verify_is_inverted(const struct verify_memory *memory, uint32_t lock, uint32_t cpu)
{
    size_t count = verify_filled(memory->order_count);
    bool reached[VERIFY_ROOM] = { false };
    bool grew = true;

    while (grew) {
        grew = false;
        for (size_t i = 0; i < count; i++) {
            if (reached[i] || !verify_leads_on(memory, reached, lock, i))
                continue;
            if (memory->orders[i].then != lock &&
                verify_is_held(memory, memory->orders[i].then, cpu))
                return true;
            reached[i] = true;
            grew = true;
        }
    }
    return false;
}

static void
verify_remember_order(struct verify_memory *memory, uint32_t first, uint32_t then)
{
    for (size_t i = 0; i < verify_filled(memory->order_count); i++) {
        if (memory->orders[i].first == first && memory->orders[i].then == then)
            return;
    }
    memory->orders[memory->order_count++ % VERIFY_ROOM] = (struct verify_order){ first, then };
}

static void
verify_remember_lock(struct verify_memory *memory, const struct trace_event *event)
{
    for (size_t i = 0; i < memory->held_count; i++) {
        if (event->count == 0 && memory->held[i].cpu == event->cpu &&
            memory->held[i].lock != event->object)
            verify_remember_order(memory, memory->held[i].lock, event->object);
    }
    if (memory->held_count < VERIFY_HELD)
        memory->held[memory->held_count++] = (struct verify_held){ event->object, event->cpu };
}

/* The innermost taking of the lock ends, wherever it was taken. */
static void
verify_forget_lock(struct verify_memory *memory, const struct trace_event *event)
{
    size_t at = memory->held_count;

    while (at > 0 && memory->held[at - 1].lock != event->object)
        at--;
    if (at == 0)
        return;
    for (memory->held_count--; at <= memory->held_count; at++)
        memory->held[at - 1] = memory->held[at];
}

/* ---- descriptors and mappings ---- */

static struct verify_descriptor *
verify_descriptor(struct verify_memory *memory, uint32_t id)
{
    size_t place = verify_descriptor_place(memory, id);

    if (place == VERIFY_ROOM) {
        place = memory->descriptor_count++ % VERIFY_ROOM;
        memory->descriptors[place] = (struct verify_descriptor){ .id = id };
    }
    return &memory->descriptors[place];
}

static void
verify_remember_range(struct verify_memory *memory, const struct trace_event *event)
{
    memory->ranges[memory->range_count++ % VERIFY_ROOM] =
        (struct verify_range){ .descriptor = event->object,
                               .space = event->space,
                               .va = event->va,
                               .length = event->length,
                               .direction = event->prot,
                               .is_snapshot = event->detail != 0 };
}

static void
verify_end_segments(struct verify_memory *memory, uint32_t descriptor)
{
    for (size_t i = 0; i < verify_filled(memory->segment_count); i++) {
        if (memory->segments[i].descriptor == descriptor)
            memory->segments[i].is_over = true;
    }
}

static void
verify_remember_prepares(struct verify_memory *memory, const struct trace_event *event)
{
    struct verify_descriptor *descriptor = verify_descriptor(memory, event->object);

    descriptor->prepares = event->count;
    descriptor->was_prepared |= event->count > 0;
    if (event->count == 0)
        verify_end_segments(memory, event->object);
}

static void
verify_forget_descriptor(struct verify_memory *memory, uint32_t id)
{
    size_t place = verify_descriptor_place(memory, id);

    if (place != VERIFY_ROOM)
        memory->descriptors[place].id = 0;
    verify_end_segments(memory, id);
    for (size_t i = 0; i < verify_filled(memory->range_count); i++) {
        if (memory->ranges[i].descriptor == id)
            memory->ranges[i].descriptor = 0;
    }
}

/* A mapping, unless the request shared one that is known. */
static void
verify_remember_mapping(struct verify_memory *memory, const struct trace_event *event)
{
    if (verify_mapping_find(memory, event->object) == NULL)
        memory->mappings[memory->mapping_count++ % VERIFY_ROOM] =
            (struct verify_mapping){ .id = event->object,
                                     .descriptor = event->count,
                                     .space = event->space,
                                     .va = event->va,
                                     .length = event->length };
}

static void
verify_end_mapping(struct verify_memory *memory, uint32_t id)
{
    for (size_t i = 0; i < verify_filled(memory->mapping_count); i++) {
        if (memory->mappings[i].id == id)
            memory->mappings[i].is_undone = true;
    }
}

void
verify_remember(struct verify_memory *memory, const struct trace_event *event)
{
    switch (event->kind) {
    case EV_FAULT_REFUSED:
        memory->refused = *event;
        break;
    case EV_DESC_RANGE:
        verify_remember_range(memory, event);
        break;
    case EV_DESC_PREPARE:
    case EV_DESC_COMPLETE:
        verify_remember_prepares(memory, event);
        break;
    case EV_DESC_FREE:
        verify_forget_descriptor(memory, event->object);
        break;
    case EV_DESC_SEGMENT:
        memory->segments[memory->segment_count++ % VERIFY_ROOM] =
            (struct verify_segment){ event->object, event->va, event->length, false };
        break;
    case EV_IOMAP_CREATE:
        verify_remember_mapping(memory, event);
        break;
    case EV_IOMAP_UNMAP:
        verify_end_mapping(memory, event->object);
        break;
    case EV_IOMAP_WIRE:
        memory->has_told_kpi = true;
        break;
    case EV_LOCK:
        verify_remember_lock(memory, event);
        break;
    case EV_UNLOCK:
        verify_forget_lock(memory, event);
        break;
    default:
        break;
    }
}
