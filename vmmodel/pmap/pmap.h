/*
 * pmap.h - the translations the hardware may use right now
 *
 * PURPOSE     A pmap is a cache. vm_fault() fills it, vm_map_delete() empties it. An address with
 *             no entry here is not an error, it is work that nobody has needed yet.
 * INVARIANTS  I12 every valid entry has exactly one pv record, and the other way round; large leaves
 *                 have none
 *             I13 resident_pages counts valid entries of managed frames, wired_pages valid entries
 *                 with the wired bit; a large leaf counts as the pages that it covers
 *             I17 a free frame has no translation
 *             I18 a TLB holds only what some pmap holds, except on CPUs with a flush pending, for a
 *                 space that the CPU must forget before it runs it again, and before pmap_flush()
 * UNITS       start, end, va: bytes, page aligned, half open [start, end). ppn: page number.
 * OWNERSHIP   a vm_map owns its pmap; a pmap owns its table frames and borrows data frames
 * ERRORS      VMM_RESOURCE_SHORTAGE: no frame for a table page, and PMAP_ENTER_NOWAIT was given
 *             VMM_MODEL_NO_FRAME: a table page is needed and no frame is free
 *             VMM_MODEL_NO_MEMORY: the embedder has no memory
 *             VMM_MEMORY_ERROR: a frame beyond what a pmap with small pages can name (16 TiB)
 *             No translation, record or count changed then; table pages that were made stay, and
 *             a large leaf around the page has gone
 * EVENTS      PMAP_ENTER PMAP_REMOVE PMAP_PROTECT PMAP_WIRING PMAP_TABLE PMAP_TABLE_FREE FAST_FAULT
 *             TLB_FLUSH TLB_SYNC TLB_SHOOTDOWN
 * XNU         osfmk/i386/pmap_x86_common.c, osfmk/x86_64/pmap.c, osfmk/arm/pmap/pmap.c; vm.md 5
 *             Differs: no physical aperture
 */
#ifndef PMAP_PMAP_H
#define PMAP_PMAP_H

#include "base/status.h"
#include "hw/hw_machine.h"
#include "trace/trace.h"

struct pmap;
struct pmap_system;

enum {
    PMAP_ENTER_WIRED = 1,      /* set the software wired bit */
    PMAP_ENTER_NOWAIT = 2,     /* do not wait for table pages: RESOURCE_SHORTAGE instead */
    PMAP_ENTER_NOENTER = 4,    /* make the table pages only */
    PMAP_ENTER_STORE = 8,      /* a store asks: on arm64 the page counts as modified from now on */
    PMAP_ENTER_LARGE = 16,     /* in events: one word for the pages of a whole table */
    PMAP_ENTER_PART_SHIFT = 8, /* from here up: pmap_enter_part() */
};

/* The flag that says which part of the frame is meant, where a pmap's pages are smaller than frames. */
static inline uint32_t
pmap_enter_part(uint32_t part)
{
    return part << PMAP_ENTER_PART_SHIFT;
}

enum { PMAP_REFERENCED = 1, PMAP_MODIFIED = 2, PMAP_REFMOD = PMAP_REFERENCED | PMAP_MODIFIED };

/* What changed between releases; the floor above fills it from its profile. All zero: 10.9. */
struct pmap_behavior {
    bool wired_statistic_drifts;  /* x86: replacing a wired translation leaves the statistic (T9) */
    bool flushes_remote_globally; /* an interrupted or marked CPU forgets every context */
    bool has_two_views;           /* KPTI: a space is flushed under two tags */
    uint32_t page_flush_limit; /* boot-arg pmap_inp_max: shorter ranges go page by page; 0: never */
};

/*
 * A flush that is put off (XNU's PMAP_OPTIONS_NOFLUSH and pmap_flush_context): calls that are given
 * one add to it, and pmap_flush() does it once. All zero: nothing to flush.
 */
struct pmap_flush_context {
    uint64_t cpus;  /* who was running one of the pmaps */
    bool is_global; /* the kernel's or a shared pmap is among them */
    bool is_sent;   /* arm64: broadcasts are under way */
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
    /*
     * `va` translates to `ppn` with exactly `prot`, whatever it did before. Nobody is told of a pmap
     * with pages smaller than frames.
     */
    void (*entered)(void *context, uint32_t space, vmm_va va, vmm_ppn ppn, vmm_prot prot);
    /*
     * Nothing in the range translates any more; not all of it need have done so. arm64: AF was cleared,
     * or the word went.
     */
    void (*removed)(void *context, uint32_t space, vmm_va va, vmm_size bytes);
    /* Every page of the range translated before and does now with exactly `prot`, which is less. */
    void (*narrowed)(void *context, uint32_t space, vmm_va va, vmm_size bytes, vmm_prot prot);
};

/* Sets who is told, NULL: nobody. The watch is borrowed; the end of a pmap system is not told. */
void pmap_system_watch(struct pmap_system *system, const struct pmap_watch *watch);

struct pmap *pmap_kernel(struct pmap_system *system);

/* Sets what the release does; before anything is entered. */
void pmap_set_behavior(struct pmap_system *system, const struct pmap_behavior *behavior);

/*
 * A user pmap with empty tables, numbered `space` (> 0) in events. NULL: no memory, no frame, or no
 * address space number (65535 at a time).
 */
struct pmap *pmap_create(struct pmap_system *system, uint32_t space);

/*
 * The same with pages of 4 KiB on a machine whose frames are larger (vm.md 1.8): a frame has several
 * pages then, each with a translation and a record of its own. Its tables take a frame each. XNU:
 * pmap_create_options() with PMAP_CREATE_FORCE_4K_PAGES.
 */
struct pmap *pmap_create_small(struct pmap_system *system, uint32_t space);

/* Frees a user pmap's tables; every translation was removed before. */
void pmap_destroy(struct pmap *pmap);

/*
 * Makes or replaces the translation of `va`. Same page: new rights and wiring. Another page: the old
 * one is invalidated and flushed first. Flushes only what vm.md 5.4 says. x86: nothing for invalid to
 * valid, for the wired bit alone, or for adding WRITE alone. arm64: every change of a valid word; and
 * a user's page that nobody modified gets WRITE only with PMAP_ENTER_STORE, else the soft-write mark.
 * A frame beyond the machine's memory is a device's: no record, no attributes, not resident.
 */
enum vmm_status pmap_enter(struct pmap *pmap, vmm_va va, vmm_ppn ppn, vmm_prot prot,
                           uint32_t flags) VMM_MUST_USE;

/*
 * Enters `size` bytes of neighbouring frames from `ppn` on, wired (vm.md 5.3, T6), the first of them
 * from its `part` on; what was entered before a failure stays. XNU: pmap_map_block().
 */
enum vmm_status pmap_map_block(struct pmap *pmap, vmm_va va, vmm_ppn ppn, uint32_t part,
                               vmm_size size, vmm_prot prot) VMM_MUST_USE;

/* What a leaf covers that stands `above` levels above the last: 2 MiB and 1 GiB on x86_64. */
vmm_size pmap_large_bytes(const struct pmap_system *system, uint32_t above);

/*
 * The same for frames in a row from `ppn` on, as many as a leaf covers that stands `above` levels above
 * the last one: one word, and no pv record. `va` and `ppn` are multiples of that, and nothing else is
 * mapped there. Removing or narrowing a part of it does so to all of it. `flags`: PMAP_ENTER_WIRED and
 * PMAP_ENTER_STORE. XNU: pmap_enter() with VM_MEM_SUPERPAGE.
 */
enum vmm_status pmap_enter_large(struct pmap *pmap, vmm_va va, vmm_ppn ppn, vmm_prot prot,
                                 uint32_t flags, uint32_t above) VMM_MUST_USE;

/*
 * Drops translations, wired ones too, and markers. One flush per leaf table (2 MiB on x86, 32 MiB on
 * arm64) that held a translation (vm.md 5.3, T21). arm64 frees each table of a user in the range that is
 * empty then, whatever emptied it. `later`: NULL, or where the flushes are put off to.
 */
void pmap_remove_options(struct pmap *pmap, vmm_va start, vmm_va end,
                         struct pmap_flush_context *later);
void pmap_remove(struct pmap *pmap, vmm_va start, vmm_va end);

/*
 * Drops every translation of memory that is not wired, as reclaim might at any time: a pmap is a cache.
 * A device's stay, since nothing reclaims those. Flushes as pmap_remove().
 */
void pmap_remove_unwired(struct pmap *pmap);

/*
 * Narrows rights to `prot`; VMM_PROT_NONE removes. Never adds a right. x86: one flush over the range
 * if any entry was valid, even if no bit changed; arm64: one for each leaf table in the range, even
 * without a valid entry (vm.md 5.3).
 */
void pmap_protect_options(struct pmap *pmap, vmm_va start, vmm_va end, vmm_prot prot,
                          struct pmap_flush_context *later);
void pmap_protect(struct pmap *pmap, vmm_va start, vmm_va end, vmm_prot prot);

/*
 * Sets or clears the wired bit of a valid entry. Never flushes. An entry that is not valid is left
 * alone; false where XNU panics instead: x86 without a table page, arm64 when wiring (vm.md 5.3).
 */
bool pmap_change_wiring(struct pmap *pmap, vmm_va va, bool wired);

/*
 * Clears the wired bits of a range, with nobody who watches: one descent per leaf table. Large leaves keep
 * theirs.
 */
void pmap_unwire_range(struct pmap *pmap, vmm_va start, vmm_va end);

/*
 * Every mapping of a page in every pmap. READ, with or without EXECUTE, takes WRITE away and nothing else;
 * NONE, and EXECUTE alone, remove it, wired or not (vm.md 5.3, T2; XNU's pmap_disconnect()). With WRITE
 * there is nothing to do. One flush per mapping; arm64: one TLBI each and one DSB.
 */
void pmap_page_protect_options(struct pmap_system *system, vmm_ppn ppn, vmm_prot prot,
                               struct pmap_flush_context *later);
void pmap_page_protect(struct pmap_system *system, vmm_ppn ppn, vmm_prot prot);

/* Removes every mapping and leaves the compressed marker in its place (vm.md 5.2). */
void pmap_page_compress(struct pmap_system *system, vmm_ppn ppn);

/* PMAP_REFERENCED and PMAP_MODIFIED of a page, in any pmap, now or since they were cleared. */
uint32_t pmap_refmod(const struct pmap_system *system, vmm_ppn ppn);

/*
 * Forgets REF or MOD. x86: one flush per mapping. arm64: takes AF or WRITE away, so that the next use
 * is a fast fault, and leaves wired mappings alone (vm.md 5.3).
 */
void pmap_clear_refmod_options(struct pmap_system *system, vmm_ppn ppn, uint32_t attributes,
                               struct pmap_flush_context *later);
void pmap_clear_refmod(struct pmap_system *system, vmm_ppn ppn, uint32_t attributes);

/* A frame that nobody maps begins a new life: not referenced, not modified. */
void pmap_page_begin(struct pmap_system *system, vmm_ppn ppn);

/* Does what was put off, once, for every CPU that ran one of the pmaps then (vm.md 5.5). */
void pmap_flush(struct pmap_system *system, struct pmap_flush_context *later);

/*
 * arm64: an access that a valid entry refused because of AF or the soft-write mark. True: every
 * mapping of the page was opened, try again; no fault is counted (vm.md 5.4). Else false.
 */
bool pmap_fast_fault(struct pmap *pmap, vmm_va va, vmm_prot access);

/* A pmap whose leaf tables others may share; it is never loaded. As pmap_create(). */
struct pmap *pmap_create_shared(struct pmap_system *system, uint32_t space);

/*
 * Lets `pmap` use the leaf tables that `shared` has, or gets now, for [start, end), at the same
 * addresses; both ends are multiples of what a leaf table covers, and nothing is mapped between.
 * VMM_MODEL_NO_FRAME, VMM_MODEL_NO_MEMORY: what was nested stays, unnest it.
 */
enum vmm_status pmap_nest(struct pmap *pmap, struct pmap *shared, vmm_va start,
                          vmm_va end) VMM_MUST_USE;

/* Takes [start, end), as above, out again; one flush if anything was nested there. */
void pmap_unnest(struct pmap *pmap, vmm_va start, vmm_va end);

/* Whether any pmap maps the page. */
bool pmap_page_is_mapped(const struct pmap_system *system, vmm_ppn ppn);

/* What the tables hold for one address. */
struct pmap_translation {
    vmm_ppn ppn;   /* VMM_NO_PAGE: no translation */
    uint32_t part; /* of the frame, in pages of the pmap: 0 where a page is a frame */
    vmm_prot prot;
    bool is_wired;
    bool is_soft_write; /* arm64: the first store opens it without a fault */
};

/* Looks without side effects; false when there is no valid entry (*found untouched then). */
bool pmap_query(const struct pmap *pmap, vmm_va va, struct pmap_translation *found);

/* How many pages of [start, end) have a translation, and how many of those are wired (may be NULL). */
uint64_t pmap_count(const struct pmap *pmap, vmm_va start, vmm_va end, uint64_t *wired_pages);

/*
 * Makes `cpu` run with this pmap (NULL: no user space). Takes a pending flush first, as a switch
 * of CR3 does, and forgets the space if it was flushed while others ran here. A machine without
 * PCIDs forgets everything at a switch.
 */
void pmap_switch(struct pmap_system *system, uint32_t cpu, struct pmap *pmap);

/* Whether a CPU has a mark: it forgets when it wakes, enters the kernel or switches. */
bool pmap_is_flush_pending(const struct pmap_system *system, uint32_t cpu);

/*
 * Whether a CPU may remember of this pmap what is not so any more (I18): it has a mark, or must forget the
 * space before it runs it again.
 */
bool pmap_may_be_stale(const struct pmap *pmap, uint32_t cpu);

/* Sets a CPU's mode; entering the kernel or leaving idle takes a pending flush (vm.md 5.5). */
void pmap_cpu_mode(struct pmap_system *system, uint32_t cpu, enum hw_cpu_mode mode);

/*
 * What a CPU still has to forget (vm.md 5.5): bit 0 the space it runs, bit 1 everything, from bit 2 on
 * the number of spaces that it must not run as they are.
 */
uint32_t pmap_cpu_owes(const struct pmap_system *system, uint32_t cpu);

struct pmap_statistics {
    uint64_t resident_pages;
    uint64_t wired_pages;     /* the true count */
    uint64_t wired_statistic; /* what XNU's statistic says: it may have drifted upwards (T9) */
    uint64_t compressed_pages;
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
 * Walks everything: I12, I13, I17, I18, and V1 of pmap_pv.h. NULL when they hold, else a text that begins with
 * the number of one that does not. Takes time in proportion to what there is.
 */
const char *pmap_system_check(const struct pmap_system *system);

#endif
