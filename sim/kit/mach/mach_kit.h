/*
 * mach_kit.h - the one machine behind the Mach names
 *
 * PURPOSE     Makes the machine, lets its program touch memory, and answers the BSD memory calls.
 * INVARIANTS  K1  one machine at a time
 * UNITS       addresses, lengths: bytes
 * OWNERSHIP   the kit owns the machine; mach_kit_stop() frees it
 * ERRORS      BSD calls: 0 or Darwin's errno number
 * EVENTS      those of the model
 * XNU         none
 */
#ifndef KIT_MACH_KIT_H
#define KIT_MACH_KIT_H

#include <stddef.h>
#include <stdint.h>

struct vm_system;
struct vm_task;

/*
 * A fresh machine with one task. `profile` and `machine` may be NULL: macos-15.4, x86_64. 0, or -1
 * when a name is unknown or there is no memory. A call without a machine starts the default one.
 */
int mach_kit_start(const char *profile, const char *machine);

/* Ends the machine, if there is one; addresses of it are nobody's then. */
void mach_kit_stop(void);

/*
 * Who plays the simulated MMU, so that a program may dereference the addresses it is given. A page
 * number indexes the RAM; rights are 1 to read and 2 to write.
 */
struct mach_host_mmu {
    /* Prepares the range of addresses and RAM that reads as zeroes; 0, or not. */
    int (*init)(uint64_t base, uint64_t span, uint64_t ram_pages, unsigned page_bytes);
    void *(*ram)(void);
    void (*enter)(uint64_t va, uint64_t page_number, int rights);
    void (*remove)(uint64_t va, uint64_t bytes);
    /* Of pages that are all there, and that have these rights and more. */
    void (*protect)(uint64_t va, uint64_t bytes, int rights);
};

/* The same over a host's MMU (NULL: none), which the kit borrows until the machine stops. */
int mach_kit_start_on(const char *profile, const char *machine, const struct mach_host_mmu *mmu);

/* The machine and its current task, for the model's own calls; made now if there is none. */
struct vm_system *mach_kit_system(void);
struct vm_task *mach_kit_task(void);

/* What a program may ask about the machine: its page's shift, and the release's XNU number. */
int mach_kit_page_shift(void);
unsigned mach_kit_release(void);

/* The sysctls that memory tests ask, by name; false: none of that name. */
int mach_kit_sysctl(const char *name, uint64_t *value);

/* Makes a child of the current task by fork; the current task stays. Its port, or 0. */
uint32_t mach_kit_fork(void);

/* Makes another task of this machine the current one, by its port. False: it names none. */
int mach_kit_become(uint32_t task_port);

/* One access by the current task's program: KERN_SUCCESS, or what it was refused with. */
int mach_kit_touch(uint64_t va, int write, uint8_t *byte);

/* The program touched an address and the MMU could not do it: KERN_SUCCESS when it can now. */
int mach_kit_fault(uint64_t va, int write);

/* mmap(2) and its kin for the current task, in Darwin's numbers: 0 or an errno. mmap(): *address in and out. */
int mach_kit_mmap(uint64_t *address, size_t length, int prot, int flags, int tag);
int mach_kit_munmap(uint64_t address, size_t length);
int mach_kit_mprotect(uint64_t address, size_t length, int prot);
int mach_kit_minherit(uint64_t address, size_t length, int inheritance);
int mach_kit_madvise(uint64_t address, size_t length, int advice);
int mach_kit_msync(uint64_t address, size_t length, int flags);
int mach_kit_mlock(uint64_t address, size_t length);
int mach_kit_munlock(uint64_t address, size_t length);
int mach_kit_mincore(uint64_t address, size_t length, uint8_t *pages);

#endif
