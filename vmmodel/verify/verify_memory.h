/*
 * verify_memory.h - what a fold of events remembers
 *
 * PURPOSE     Some rules need two events: a prepare and a fault, a lock and another. Here is what the
 *             first of them leaves behind, until the second asks.
 * INVARIANTS  none
 * UNITS       va, length: bytes
 * OWNERSHIP   a part of struct verify
 * ERRORS      NULL: not known, or forgotten
 * EVENTS      none of its own
 * XNU         none
 */
#ifndef VERIFY_VERIFY_MEMORY_H
#define VERIFY_VERIFY_MEMORY_H

#include "verify/verify.h"

/* Takes note of an event; judging comes first where both look at the same. */
void verify_remember(struct verify_memory *memory, const struct trace_event *event);

/* The mapping with that id, undone or not. */
const struct verify_mapping *verify_mapping_find(const struct verify_memory *memory, uint32_t id);

/* The youngest mapping that shows the address; `is_undone`: did show it. */
const struct verify_mapping *verify_mapping_at(const struct verify_memory *memory, uint32_t space,
                                               uint64_t va, bool is_undone);

/* Whether the descriptor has a mapping that is not undone. */
bool verify_is_mapped(const struct verify_memory *memory, uint32_t descriptor);

/* The descriptor with that id, while it lives. */
const struct verify_descriptor *verify_descriptor_find(const struct verify_memory *memory,
                                                       uint32_t id);

/* A range of the descriptor. */
const struct verify_range *verify_range_of(const struct verify_memory *memory, uint32_t descriptor);

/* A range of a live descriptor that overlaps [va, va + length) and that `holds` says yes to. */
const struct verify_range *
verify_range_at(const struct verify_memory *memory, uint32_t space, uint64_t va, uint64_t length,
                bool (*holds)(const struct verify_memory *, const struct verify_range *));

/* The youngest segment with the physical address. */
const struct verify_segment *verify_segment_at(const struct verify_memory *memory, uint64_t va);

/*
 * Whether the lock was seen taken before some lock that this CPU holds now: one right after the other, or
 * through others in between (a before b, b before c).
 */
bool verify_is_inverted(const struct verify_memory *memory, uint32_t lock, uint32_t cpu);

#endif
