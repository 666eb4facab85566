/*
 * faultline/native.h - simulated memory behind real pointers
 *
 * PURPOSE     A driver's own code dereferences what it maps, as on the Mac. Simulated memory is a
 *             memory file; an address that has a translation is a mapping of its frame with the
 *             translation's rights, one that has none traps, the model serves the fault, and the
 *             access goes on; or it is a finding with the file and line of the access.
 * INVARIANTS  N1  the host never allows an access that the page tables do not allow
 *             N2  an access outside all simulated memory is the program's own, trap or not
 * UNITS       addresses, lengths: bytes
 * OWNERSHIP   faultline_start() gives a world that faultline_stop() frees with everything in it;
 *             pointers into it are dead then
 * ERRORS      faultline_start() gives NULL and faultline_trouble() says why
 * EVENTS      those of the model
 * XNU         none; osfmk/i386/trap.c kernel_trap is what answers on the Mac
 */
#ifndef FAULTLINE_NATIVE_H
#define FAULTLINE_NATIVE_H

#include "hooks/vmk.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct faultline_world faultline_world_t;
struct vmk_world;

struct faultline_config {
    const char *profile; /* NULL: the environment's FAULTLINE_PROFILE, or macos-15.4 */
    const char *machine; /* "x86_64" (NULL), or "arm64-16k" for pages of 16 KiB */
    uint64_t ram_bytes;  /* 0: 256 MiB; the host gives it as it is touched */
    uint32_t cpu_count;  /* 0: 4 */
};

/* A world, which answers vmk.h from now on. `config` may be NULL. NULL: faultline_trouble(). */
faultline_world_t *faultline_start(const struct faultline_config *config);
void faultline_stop(faultline_world_t *world);

/* Why the last faultline_start() of the process gave NULL. */
const char *faultline_trouble(void);

/* The same world for vmk_sim.h; a world that is current answers there and here. */
struct vmk_world *faultline_vmk_world(faultline_world_t *world);
void faultline_make_current(faultline_world_t *world);

/* ---- pointers ---- */

/* Where the program finds an address of a task of the current world; NULL: not by pointer. */
void *faultline_pointer(vmk_task_t task, uint64_t address);

/* The simulated address behind a pointer, and whose it is (may be NULL); others come back as they are. */
uint64_t faultline_address(const void *pointer, vmk_task_t *task);

/* ---- threads ---- */

/*
 * One thread at a time is in the model. Dereferencing takes the lock by itself; threads of a program
 * that has several take it around their vmk.h calls. It nests.
 */
void faultline_lock(void);
void faultline_unlock(void);

/* This thread is that CPU from now on, with a context of its own; -1: whatever the world is on. */
void faultline_thread_cpu(int cpu);

/* ---- findings ---- */

enum faultline_kind {
    FAULTLINE_PANIC,     /* the kernel would panic */
    FAULTLINE_HANG,      /* a thread would wait for ever */
    FAULTLINE_EXCEPTION, /* a program of the simulated task's would get EXC_BAD_ACCESS */
    FAULTLINE_TROUBLE    /* the kit cannot go on: the host refuses */
};

/* Texts are valid while the handler runs. */
struct faultline_finding {
    enum faultline_kind kind;
    const char *rule;     /* its id, or "" */
    const char *profile;  /* the release it breaks on */
    const char *report;   /* the whole, panic first, with lines */
    const char *file;     /* of the access that did it, "" when there is no debug information */
    const char *function; /* "" likewise */
    int line;             /* 0 likewise */
    uint64_t address;     /* simulated */
    int is_write;
};

typedef void (*faultline_handler)(void *context, const struct faultline_finding *finding);

/*
 * Who is told when an access cannot go on. The handler does not return: it ends the test or the
 * process, or jumps. Without one, or when it returns, the report goes to stderr and the process ends
 * with abort().
 */
void faultline_on_finding(faultline_handler handler, void *context);

/* Findings of the current world so far, and the rule of one ("" out of range). */
unsigned faultline_finding_count(void);
const char *faultline_finding_rule(unsigned index);
/* Pages of a mapping's range with a translation, and those with a wired one. */
uint64_t faultline_map_pages(vmk_map_t map, uint64_t offset, uint64_t length, uint64_t *translated,
                             uint64_t *wired);
/* Page faults that the kernel's code took so far. */
uint64_t faultline_kernel_faults(void);

#ifdef __cplusplus
}
#endif
#endif
