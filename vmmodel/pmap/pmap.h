/*
 * pmap.h - the translations the hardware may use right now
 *
 * PURPOSE     A pmap is a cache. vm_fault() fills it, vm_map_delete() empties it. An address with
 *             no entry here is not an error, it is work that nobody has needed yet.
 * INVARIANTS  I12 every valid entry of a managed page has exactly one pv record, and the other way
 *                 round; a device's frames are not managed
 *             I13 resident_pages counts valid entries of managed pages, wired_pages all entries
 *                 with the wired bit; wired_statistic is never less, and more only by drift (T9)
 *             I17 a free frame has no pv record
 *             I18 a TLB holds only what some pmap holds, except on CPUs with a flush pending
 * UNITS       start, end, va: bytes, page aligned, half open [start, end). ppn: page number.
 * OWNERSHIP   a vm_map owns its pmap; a pmap owns its table frames and borrows data frames
 * ERRORS      VMM_RESOURCE_SHORTAGE: no frame for a table page, and PMAP_ENTER_NOWAIT was given
 *             VMM_MODEL_NO_FRAME: a table page is needed and no frame is free
 *             VMM_MODEL_NO_MEMORY: the embedder has no memory
 *             No translation, record or count changed then; table pages that were made stay
 * EVENTS      PMAP_ENTER PMAP_REMOVE PMAP_PROTECT PMAP_WIRING PMAP_TABLE TLB_FLUSH TLB_SHOOTDOWN
 * XNU         osfmk/i386/pmap_x86_common.c, osfmk/x86_64/pmap.c; vm.md 5
 *             Differs: one page size, no nested pmaps, no large leaves, no physical aperture
 */
#ifndef PMAP_PMAP_H
#define PMAP_PMAP_H

#include "base/status.h"
#include "hw/hw_machine.h"
#include "trace/trace.h"

struct pmap;
struct pmap_system;

enum {
    PMAP_ENTER_WIRED = 1,   /* set the software wired bit */
    PMAP_ENTER_NOWAIT = 2,  /* do not wait for table pages: RESOURCE_SHORTAGE instead */
    PMAP_ENTER_NOENTER = 4, /* make the table pages only */
};

/* The pmap floor's own state, with the kernel's pmap made. NULL: no host memory or no frame. */
struct pmap_system *pmap_system_create(const struct vmm_alloc *alloc, struct hw_machine *machine,
                                       struct trace *trace);

/* Frees every pmap, whatever it still translates; the CPUs translate nothing afterwards. */
void pmap_system_destroy(struct pmap_system *system);

/*
 * Who is told of every change of a translation, after it was made: an embedder whose host's MMU
 * follows the simulated one. Unlike a trace's sinks it is told of what changed as whole ranges, and of
 * nothing that did not change. The calls must not come back into the model.
 */
struct pmap_watch {
    void *context;
    /* `va` translates to `ppn` with exactly `prot`, whatever it did before. */
    void (*entered)(void *context, uint32_t space, vmm_va va, vmm_ppn ppn, vmm_prot prot);
    /* Nothing in the range translates any more; not all of it need have done so. */
    void (*removed)(void *context, uint32_t space, vmm_va va, vmm_size bytes);
    /* Every page of the range translated before and does now with exactly `prot`, which is less. */
    void (*narrowed)(void *context, uint32_t space, vmm_va va, vmm_size bytes, vmm_prot prot);
};

/* Sets who is told, NULL: nobody. The watch is borrowed; the end of a pmap system is not told. */
void pmap_system_watch(struct pmap_system *system, const struct pmap_watch *watch);

struct pmap *pmap_kernel(struct pmap_system *system);

/*
 * Whether putting another page in place of a wired one forgets to count the wiring down, as XNU on
 * x86 does when it tests the word that it has cleared already (vm.md T9). Off at first.
 */
void pmap_system_set_wired_drift(struct pmap_system *system, bool drifts);

/*
 * A user pmap with empty tables, numbered `space` (> 0) in events. NULL: no memory, no frame, or no
 * address space number (65535 at a time).
 */
struct pmap *pmap_create(struct pmap_system *system, uint32_t space);

/* Frees a user pmap's tables; every translation was removed before. */
void pmap_destroy(struct pmap *pmap);

/*
 * Makes or replaces the translation of `va`. Same page: new rights and wiring. Another page: the old
 * one is invalidated and flushed first. Flushes only what vm.md 5.4 says: nothing for invalid to
 * valid, for the wired bit alone, or for adding WRITE alone.
 */
enum vmm_status pmap_enter(struct pmap *pmap, vmm_va va, vmm_ppn ppn, vmm_prot prot,
                           uint32_t flags) VMM_MUST_USE;

/*
 * Enters `size` bytes of consecutive frames from `ppn` on, wired. What was entered before a failure
 * stays. XNU: pmap_map_block().
 */
enum vmm_status pmap_map_block(struct pmap *pmap, vmm_va va, vmm_ppn ppn, vmm_size size,
                               vmm_prot prot) VMM_MUST_USE;

/* Drops translations, wired ones too: one flush per 2 MiB chunk that held any (vm.md 5.3, T21). */
void pmap_remove(struct pmap *pmap, vmm_va start, vmm_va end);

/*
 * Narrows rights to `prot`; VMM_PROT_NONE removes. One flush over the range if any entry was valid,
 * even if no bit changed (vm.md 5.3). Never adds a right.
 */
void pmap_protect(struct pmap *pmap, vmm_va start, vmm_va end, vmm_prot prot);

/* Sets or clears the wired bit of a valid entry; an invalid one is left alone. Never flushes. */
void pmap_change_wiring(struct pmap *pmap, vmm_va va, bool wired);

/*
 * Every mapping of a page in every pmap: VMM_PROT_NONE removes it, wired or not (vm.md T2; XNU's
 * pmap_disconnect()). READ, with or without EXECUTE, takes WRITE away and nothing else (vm.md 5.3).
 * With WRITE there is nothing to do. One flush per mapping.
 */
void pmap_page_protect(struct pmap_system *system, vmm_ppn ppn, vmm_prot prot);

/* Whether any pmap maps the page, as far as pv records tell. */
bool pmap_page_is_mapped(const struct pmap_system *system, vmm_ppn ppn);

/* What the tables hold for one address. */
struct pmap_translation {
    vmm_ppn ppn; /* VMM_NO_PAGE: no translation */
    vmm_prot prot;
    bool is_wired;
};

/* Looks without side effects; false when there is no valid entry (*found untouched then). */
bool pmap_query(const struct pmap *pmap, vmm_va va, struct pmap_translation *found);

/* How many pages of [start, end) have a translation, and how many of those are wired (may be NULL). */
uint64_t pmap_count(const struct pmap *pmap, vmm_va start, vmm_va end, uint64_t *wired_pages);

/*
 * Makes `cpu` run with this pmap (NULL: no user space). Takes a pending flush first, as a switch
 * of CR3 does.
 */
void pmap_switch(struct pmap_system *system, uint32_t cpu, struct pmap *pmap);

/* Sets a CPU's mode; entering the kernel or leaving idle takes a pending flush (vm.md 5.5). */
void pmap_cpu_mode(struct pmap_system *system, uint32_t cpu, enum hw_cpu_mode mode);

struct pmap_statistics {
    uint64_t resident_pages;
    uint64_t wired_pages;     /* the true count */
    uint64_t wired_statistic; /* what the kernel believes */
    uint64_t table_pages;
};

void pmap_statistics(const struct pmap *pmap, struct pmap_statistics *statistics);

/* Table pages of all pmaps together: part of vm_page_wire_count (vm.md 5.7, I11). */
uint64_t pmap_table_pages(const struct pmap_system *system);

/*
 * Calls `see` for every valid entry in [start, end), in order. For checks and displays.
 */
void pmap_each(const struct pmap *pmap, vmm_va start, vmm_va end,
               void (*see)(void *context, vmm_va va, const struct pmap_translation *found),
               void *context);

/*
 * Walks everything: I12, I13, I17 and I18. NULL when they hold, else a text that begins with the
 * number of one that does not. Takes time in proportion to what there is.
 */
const char *pmap_system_check(const struct pmap_system *system);

#endif
