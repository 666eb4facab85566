/*
 * mach_host.h - the host process around the simulated task: its MMU, and its own memory
 *
 * PURPOSE     A program that dereferences the addresses it is given needs the host's MMU to play the
 *             simulated one; and it hands the kit buffers that are simulated memory or its own.
 * INVARIANTS  with an MMU, exactly the addresses of its range are simulated memory, and it holds
 *             what the task's page tables hold for them
 *             without one, whatever the task's map knows is simulated
 * UNITS       addresses, sizes: bytes
 * OWNERSHIP   the MMU's table is the caller's and outlives the machine
 * ERRORS      KERN_INVALID_ADDRESS: a buffer that neither side can use
 * EVENTS      those of the accesses
 * XNU         osfmk/vm/vm_map_xnu.h copyin; the message's out-of-line memory in osfmk/ipc/ipc_kmsg.c
 */
#ifndef KIT_MACH_HOST_H
#define KIT_MACH_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/vm_map.h"

struct mach_host_mmu;
struct pmap_watch;

/*
 * Before the machine is made: starts the MMU (NULL: none) and says what to make the machine over.
 * False: the host refuses.
 */
bool mach_host_start(const struct mach_host_mmu *mmu, uint64_t ram_pages, unsigned page_bytes,
                     void **ram, const struct pmap_watch **watch);

/* After it was made: this is its task's map, which finds room where the MMU has some. */
void mach_host_task(struct vm_map *map);

/* The machine ends: no address translates any more. */
void mach_host_stop(void);

/* Whether an address is simulated memory; for pointers of the caller's, which only an MMU makes so. */
bool mach_host_simulates(uint64_t address);

/*
 * The program touched `va` and the MMU could not do it: the model's fault path. KERN_SUCCESS: the
 * MMU can now; else what the fault was refused with.
 */
enum vmm_status mach_host_fault(uint64_t va, bool is_write) VMM_MUST_USE;

/* A buffer of the caller's while the model uses it. */
struct mach_buffer {
    struct vm_map *map; /* where it is for the model */
    vmm_va va;
    uint64_t host; /* where it is for the caller, when that is the host's own memory */
    vmm_size size;
    bool is_staged;
};

/*
 * Makes a buffer reachable for the model; `reads` when the model will read it. An address that is
 * nobody's is handed on as it is: the model has the code for it. Every open is followed by a close,
 * which hands what the model wrote to the caller when `wrote`.
 */
enum vmm_status mach_buffer_open(struct mach_buffer *buffer, uint64_t address, vmm_size size,
                                 bool reads) VMM_MUST_USE;
enum vmm_status mach_buffer_close(struct mach_buffer *buffer, bool wrote) VMM_MUST_USE;

/*
 * mprotect() for what is the host's own memory: true, and *error is the host's errno or 0. False: it
 * is not, and the model knows the answer.
 */
bool mach_host_protect(uint64_t address, uint64_t length, int prot, int *error);

/* Stores an answer into a buffer of the caller's, as copyout() does. */
enum vmm_status mach_host_copyout(uint64_t address, const void *from, vmm_size size) VMM_MUST_USE;

#endif
