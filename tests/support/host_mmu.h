/*
 * host_mmu.h - a host's MMU that plays the simulated one: memory file, fixed mappings, SIGSEGV
 *
 * PURPOSE     What tests hand to mach_kit_start_on() so that they can dereference simulated addresses.
 * INVARIANTS  an address of the range is mapped exactly when it was entered and not removed since
 * UNITS       va, bytes: bytes
 * OWNERSHIP   one range and one RAM for the process, given back when the range is removed whole
 * ERRORS      assertions of the test where the host refuses
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_HOST_MMU_H
#define SUPPORT_HOST_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "mach_kit.h"

/* Serves faults with mach_kit_fault(). */
extern const struct mach_host_mmu host_mmu;

/* SIGSEGVs in the range since the start, and those that were refused. */
extern volatile uint64_t host_mmu_faults, host_mmu_refused;

/* Takes SIGSEGV, from CMocka, which puts its own handler in before every test. */
void host_mmu_arm(void);

/* One load or store by pointer: false when it was refused. */
bool host_mmu_load(uint64_t va, uint8_t *byte);
bool host_mmu_store(uint64_t va, uint8_t byte);

#endif
