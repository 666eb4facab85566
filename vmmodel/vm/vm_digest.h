/*
 * vm_digest.h - one number for the state of a kernel
 *
 * PURPOSE     Whoever searches through orders of operations asks whether a state was there before.
 *             Equal states give equal digests, whatever order of operations led to them.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   changes nothing
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 *             Numbers that only say in which order things were made (object ids, frames, the order
 *             of reclaim) do not count; what they stand for does: the bytes in memory, in the store and
 *             in files, so a digest takes time for each page that has any. Two states may share a digest by
 *             chance, about once in 2^64.
 */
#ifndef VM_VM_DIGEST_H
#define VM_VM_DIGEST_H

#include <string.h>

#include "vm/vm_system.h"

enum {
    VM_DIGEST_SYMMETRIC = 1
}; /* two CPUs that could be swapped, and two user tasks, are equal */

uint64_t vm_system_digest(const struct vm_system *system, uint32_t flags);

/* Folds a number into a digest. */
static inline uint64_t
vm_digest_mix(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return digest ^ (digest >> 29);
}

/* Folds bytes into a digest, eight at a time. */
static inline uint64_t
vm_digest_bytes(const uint8_t *bytes, vmm_size length, uint64_t digest)
{
    uint64_t word;

    for (vmm_size at = 0; at < length; at += sizeof(word)) {
        memcpy(&word, bytes + at, sizeof(word));
        digest = vm_digest_mix(digest, word);
    }
    return digest;
}

#endif
