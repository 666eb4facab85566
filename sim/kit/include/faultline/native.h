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
    const char *machine; /* "x86_64", "arm64-16k"; NULL: FAULTLINE_MACHINE, or "x86_64" */
    uint64_t ram_bytes;  /* 0: 256 MiB; the host gives it as it is touched */
    uint32_t cpu_count;  /* 0: 4 */
    int is_strict; /* contract findings are made too; or the environment's FAULTLINE_VERIFY=strict */
    int evicts_on_entry; /* a section drops what is not wired; or the environment's FAULTLINE_EVICT=1 */
    const char
        *suppressions; /* a file (docs/kit.md), or the environment's FAULTLINE_SUPPRESSIONS */
};

/* A world, which answers vmk.h from now on. `config` may be NULL. NULL: faultline_trouble(). */
faultline_world_t *faultline_start(const struct faultline_config *config);
void faultline_stop(faultline_world_t *world);

/*
 * The end of a test: what is still loaded or open is closed (faultline_on_end()), then whoever holds
 * something still is announced as a leak. How many leaks; 0 when the kernel has stopped.
 */
uint64_t faultline_end(faultline_world_t *world);
/* What faultline_start() calls last, and faultline_end() first; I/O Kit's half of the kit sets them. */
void faultline_on_start(void (*start)(void));
void faultline_on_end(void (*end)(void));

/* The releases that a world can be, oldest first; NULL past the end. */
const char *faultline_profile_name(unsigned index);
/* The current world's. */
const char *faultline_profile(void);

/* Why the last faultline_start() of the process gave NULL. */
const char *faultline_trouble(void);

/* The same world for vmk_sim.h; a world that is current answers there and here. */
struct vmk_world *faultline_vmk_world(faultline_world_t *world);
void faultline_make_current(faultline_world_t *world);

/* ---- pointers ---- */

/* Where the program finds an address of a task of the current world; NULL: not by pointer. */
void *faultline_pointer(vmk_task_t task, uint64_t address);

/* The physical address behind an address of a task's; 0: no translation. Changes nothing. */
uint64_t faultline_physical(vmk_task_t task, uint64_t address);

/*
 * An access to the first page, which no driver's pointer names but NULL: the kernel's page fault, and so
 * a finding, instead of the program's own crash. At first it is not.
 */
void faultline_claim_null(int is_claimed);

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
int faultline_current_cpu(void);

/* ---- findings ---- */

enum faultline_kind {
    FAULTLINE_PANIC,     /* the kernel would panic */
    FAULTLINE_HANG,      /* a thread would wait for ever */
    FAULTLINE_EXCEPTION, /* a program of the simulated task's would get EXC_BAD_ACCESS */
    FAULTLINE_TROUBLE,   /* the kit cannot go on: the host refuses */
    FAULTLINE_RULE       /* the kernel goes on; a rule says what was wrong */
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

/*
 * A call of the driver's stopped the kernel: as an access that did, it is reported where it was made.
 * Nothing happens while the kernel runs, or after it was told.
 */
void faultline_report_stop(void);

/*
 * What stands in for the kernel found what a panic is for: it is reported where the driver's code is, with
 * the rule of that id ("": none). Does not return.
 */
#ifdef __GNUC__
__attribute__((noreturn))
#endif
void
faultline_report_panic(const char *text, const char *rule);

/* Findings of the current world so far, and the rule of one ("" out of range). */
unsigned faultline_finding_count(void);
const char *faultline_finding_rule(unsigned index);
/* The whole of one, with the line of the call that made it; 0: out of range. Texts are valid until the next. */
int faultline_finding_at(unsigned index, struct faultline_finding *finding);
/* Keeps where these were made, for the report of a leak; who wraps them calls it. */
void faultline_note_descriptor(vmk_desc_t desc);
void faultline_note_lock(vmk_lock_t lock);
/* The oldest that nobody expected, advice left out; its index, or -1. */
int faultline_finding_unexpected(void);
/* The test expects a finding of this rule: 1, and it is no longer unexpected; 0: there is none such. */
int faultline_finding_expect(const char *rule);

/* ---- recorded calls ---- */

/*
 * What was called since the world began or since faultline_forget_calls(), oldest first, refused calls
 * left out: "prepare" "complete" "map" "unmap" "wire" "unwire" "lock" "unlock" "free". NULL: past the end.
 */
const char *faultline_call_name(unsigned index);
void faultline_forget_calls(void);
/*
 * Whether the calls of the kinds that `names` (ended by NULL) names were these, in this order. If not,
 * 0, and what there was is in faultline_trouble().
 */
int faultline_calls_are(const char *const *names);

/* ---- calls that fail because the test wants it ---- */

/*
 * The nth call (from 1) of that kind from now on fails: "allocation" (IOMalloc(), new), "prepare", "map",
 * "wire", "frame", "table", "pager". 0: no such kind.
 */
int faultline_fail(const char *call, unsigned nth);
/* How many calls failed so. */
unsigned faultline_failed_count(void);
/* Whether this call is to fail; asked by who makes one that the model does not make. */
int faultline_call_fails(const char *call);

/*
 * Runs `run` in child processes: once as it is, then once for each distinct stack of a call that can
 * fail, with that call failing. `run` gives 0 when a failure was handled, and else what it found. What
 * was not handled is printed with its stack. How many were not; *tried (may be NULL): how many there were.
 */
unsigned faultline_inject_all(int (*run)(void *context), void *context, unsigned *tried);
/*
 * Runs `run` in a child process: what it gave, or 128 + the signal that ended it. What it said on stderr
 * is repeated when that is not 0.
 */
int faultline_in_child(int (*run)(void *context), void *context);

/* Pages of a mapping's range with a translation, and those with a wired one. */
uint64_t faultline_map_pages(vmk_map_t map, uint64_t offset, uint64_t length, uint64_t *translated,
                             uint64_t *wired);
/* Page faults that the kernel's code took so far. */
uint64_t faultline_kernel_faults(void);

#ifdef __cplusplus
}
#endif
#endif
