/*
 * native_internal.h - a world as the kit keeps it
 *
 * PURPOSE     Shared by the kit's own files: which host address stands for which simulated one.
 * INVARIANTS  a page's bit is set exactly when the host maps its frame
 *             `pending` holds pages whose bit is not set
 * UNITS       base, host, span: bytes. pages: of the simulated machine.
 * OWNERSHIP   a world owns its spaces, its memory file and its vmk world
 * ERRORS      native_give_up() for what the host refuses
 * EVENTS      none of its own
 * XNU         none
 */
#ifndef NATIVE_INTERNAL_H
#define NATIVE_INTERNAL_H

#include <signal.h>
#include <stdbool.h>

#include "faultline/native.h"
#include "hooks/vmk_sim.h"
#include "native_record.h"
#include "pmap/pmap.h"
#include "verify/verify.h"

/* A range of an address space that the program can reach by pointer. */
struct native_space {
    struct native_space *next;
    uint32_t id;   /* as events carry it; 0: the kernel's */
    uint64_t base; /* the simulated address of its first byte */
    uint64_t host; /* where that byte is for the program */
    uint64_t span;
    uint64_t *mapped; /* a bit for each page that the host maps */
};

/* Translations in a row that the host does not know yet. */
struct native_run {
    struct native_space *space;
    uint64_t va;
    vmm_ppn ppn;
    uint64_t pages;
    vmm_prot prot;
};

enum { NATIVE_FINDINGS = 64, NATIVE_FRAMES = 24, NATIVE_CALLS = 1024, NATIVE_MAKERS = 1024 };

/* Where a finding was made, and whether the test wanted it. */
struct native_site {
    uint64_t frames[NATIVE_FRAMES];
    size_t count;
    bool is_expected;
};

/* Where something was made that may be forgotten. */
struct native_maker {
    uint32_t kind; /* enum trace_leak, a buffer as a descriptor */
    uint32_t object;
    size_t count;
    uint64_t frames[NATIVE_FRAMES];
};

struct native_suppression {
    struct native_suppression *next;
    char rule[64];
    char function[128]; /* "*": any */
};

struct faultline_world {
    struct faultline_world *next;
    vmk_world_t vmk;
    struct vm_system *system;
    int file;
    uint8_t *ram;
    uint64_t ram_bytes;
    uint64_t page_bytes;
    vmm_ppn frame_count;
    struct native_space *spaces;
    struct native_run pending;
    uint64_t maps; /* how often the host was given a mapping */
    struct pmap_watch watch;
    struct trace_sink sink; /* ours, in front of the rules */
    struct verify verify;
    struct verify_finding findings[NATIVE_FINDINGS];
    struct native_site sites[NATIVE_FINDINGS];
    struct native_maker makers[NATIVE_MAKERS]; /* the latest */
    size_t maker_count;
    struct native_suppression *suppressions;
    bool has_told_stop;
    int live;                        /* the file of FAULTLINE_LIVE, or -1 */
    const char *calls[NATIVE_CALLS]; /* the first ones since somebody asked */
    size_t call_count;
    struct vmm_injector injector;
    struct native_record *record; /* NULL: nobody asked for one */
    bool evicts_on_entry;
};

/* ---- native.c ---- */

/* The world and the space that a host address lies in; NULL: no simulated memory. */
struct faultline_world *native_find(uint64_t host, struct native_space **space);

/* The world that answers now, or NULL. */
struct faultline_world *native_current(void);

/* Says why a call gave nothing. */
__attribute__((format(printf, 1, 2))) void native_set_trouble(const char *format, ...);

/* ---- native_findings.c ---- */

/* Puts the rules on the trace, with the place of what they find. */
void native_watch(struct faultline_world *world);

/* Reads a file of suppressions. False: faultline_trouble(). */
bool native_read_suppressions(struct faultline_world *world, const char *path);
void native_free_suppressions(struct faultline_world *world);

/* ---- native_live.c: the file that FAULTLINE_LIVE names ---- */

void native_live_begin(struct faultline_world *world);
void native_live_end(struct faultline_world *world);
void native_live_event(struct faultline_world *world, const struct trace_event *event);
void native_live_finding(struct faultline_world *world, const char *rule);

/* ---- native_calls.c ---- */

/* Keeps the name of the call that an event is, for faultline_calls_are(). */
void native_note_call(struct faultline_world *world, const struct trace_event *event);

/* ---- native_inject.c ---- */

/* Whether a call of the model fails. */
bool native_fails(struct vmm_injector *injector, enum vmm_call call);

/* ---- native_host.c: the host's mappings ---- */

/* Memory that the model and the host's mappings share. False: errno. */
bool native_host_ram(struct faultline_world *world);
void native_host_release_ram(struct faultline_world *world);

/* A range of host addresses for [base, base + span) of a space, nothing mapped. NULL: errno. */
struct native_space *native_host_reserve(uint32_t id, uint64_t base, uint64_t span,
                                         uint64_t page_bytes);
void native_host_release(struct native_space *space, uint64_t page_bytes);

/* The three calls of pmap_watch; the context is the world. */
void native_host_entered(void *context, uint32_t id, vmm_va va, vmm_ppn ppn, vmm_prot prot);
void native_host_removed(void *context, uint32_t id, vmm_va va, vmm_size bytes);
void native_host_narrowed(void *context, uint32_t id, vmm_va va, vmm_size bytes, vmm_prot prot);

/* Gives the host what is pending. */
void native_host_flush(struct faultline_world *world);

/* Maps one page as the page tables have it. False: it is a device's, which no frame of RAM holds. */
bool native_host_refresh(struct faultline_world *world, struct native_space *space, vmm_va va);

/* ---- native_trap.c ---- */

/* Takes SIGSEGV and SIGBUS for the kit, behind which the program's own handlers stay. */
void native_trap_install(void);

/* Leaves the lock however often this thread holds it: it is about to jump away. */
void native_unlock_all(void);

/* What a thread of the kit's has: how often it holds the lock, and which CPU it is (-1: any). */
struct native_thread {
    unsigned lock_depth;
    int cpu;
};

/* This thread of the host becomes another one of the kit's. */
void native_thread_swap(struct native_thread *from, const struct native_thread *to);

/* ---- native_signal.c ---- */

/* Puts the kit's handler in, once. */
void native_signal_install(void (*handler)(int, siginfo_t *, void *));

/* What the program itself does about a signal. Returns when the access is to be tried again. */
void native_signal_pass(int number, siginfo_t *info, void *context);

/* ---- native_where.c ---- */

struct native_where {
    char function[128];
    char file[256];
    int line;
};

/*
 * The functions around an instruction, innermost first: what was inlined counts. `pc` is inside the
 * instruction; unknown parts are empty. Their number, at least 1; capacity > 0.
 */
size_t native_where(uint64_t pc, struct native_where *where, size_t capacity);

/* Return addresses from `pc` outward, `pc` first; 0: from here. Their number. */
size_t native_backtrace(uint64_t pc, uint64_t *frames, size_t capacity);

/* ---- native_report.c ---- */

struct native_access {
    struct native_space *space;
    vmm_va va;
    bool is_write;
    uint64_t pc;
    enum vmm_status status; /* what the model answered */
};

/* Tells the handler, or ends the process. */
void native_report(struct faultline_world *world, const struct native_access *access)
    __attribute__((noreturn));

/* The text of a finding that a call made, and where that was. */
const char *native_text(const struct faultline_world *world, size_t index, struct native_where *at);

/* The innermost of these frames that is the developer's; false: there is none with a line. */
bool native_own_place(const uint64_t *frames, size_t count, struct native_where *at);

/* Whether a function is the kit's or the model's: a developer looks for their own. */
bool native_is_kits(const struct native_where *where);

/* The host refuses what the kit needs: says so and ends the process. */
void native_give_up(const char *what) __attribute__((noreturn));

#endif
