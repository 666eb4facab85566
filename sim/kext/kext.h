/*
 * kext.h - what the kext's parts share
 *
 * PURPOSE     A scenario that a user sends must not stop the machine by accident. So every object
 *             that the seam gives out stands in a table, with its references, preparations and
 *             wires; a verb that a table cannot vouch for is refused. Behind a run, the table is
 *             undone: what a scenario forgot to release is released here.
 * INVARIANTS  K1  no handle is followed that is not in the table
 *             K2  the kernel touches only bytes of a mapping, buffer or allocation in the table
 *             K3  with faults forbidden it touches only pages that are wired, or seen translated
 *             K4  nothing is left wired, mapped or allocated behind a run
 * UNITS       address, offset, length: bytes
 * OWNERSHIP   the table has one entry for each live object; one run at a time (the user client's lock)
 * ERRORS      KEXT_REFUSED: it would, or could, stop the machine
 * EVENTS      none: a real kernel tells us nothing
 * XNU         none
 */
#ifndef KEXT_KEXT_H
#define KEXT_KEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    KEXT_UNSUPPORTED = (int)0xe00002c7, /* kIOReturnUnsupported */
    KEXT_REFUSED = (int)0xe00002e2      /* kIOReturnNotPermitted */
};
enum { KEXT_MAY_PANIC = 1 }; /* flags of a run: do what the guard would refuse */
enum {
    KEXT_PAGE = 4096,
    KEXT_TEXT_MAX = 64 << 10,   /* of a scenario */
    KEXT_REPORT_MAX = 1 << 20,  /* of its report */
    KEXT_MEMORY_MAX = 8 << 20,  /* what a run may take */
    KEXT_OBJECT_MAX = 64 << 20, /* the largest buffer or allocation it may make */
    KEXT_OBJECTS = 256
};

/* ---- the table ---- */

enum kext_kind { KEXT_FREE, KEXT_DESC, KEXT_MAP, KEXT_ALLOC, KEXT_LOCK, KEXT_DMA };
enum {
    KEXT_IN_KERNEL = 1, /* [address, address + length) is the kernel's to touch */
    KEXT_READ_ONLY = 2,
    KEXT_WIRED = 4,    /* wired and translated from birth */
    KEXT_PREPARED = 8, /* prepared from birth */
    KEXT_STALE = 16    /* a part of a mapping that was unmapped: it still tells its address */
};

struct kext_page;

struct kext_entry {
    enum kext_kind kind;
    void *object;
    uint64_t number;     /* later ones have greater ones */
    uint32_t references; /* the driver's */
    uint32_t holds;      /* of maps and parts on their descriptor */
    uint32_t prepares;
    uint32_t flags;
    uint64_t address; /* of a descriptor: where the kernel's bytes are that it describes */
    uint64_t length;
    struct kext_entry *held; /* a map's descriptor, or what a descriptor is a part of */
    struct kext_page *pages; /* a map's wires; NULL: never wired */
    size_t page_count;
};

void kext_table_clear(void);
/*
 * One reference more of an object, in a new entry or the one it has. NULL: the table is full, and
 * the caller gives the object back. `held` may be NULL.
 */
struct kext_entry *kext_table_add(enum kext_kind kind, void *object, struct kext_entry *held);
/* NULL: no live object of that kind. */
struct kext_entry *kext_table_find(enum kext_kind kind, const void *object);
/* One reference fewer; the entry is free when the last one goes. */
void kext_table_drop(struct kext_entry *entry);
/* A live object with references of the driver's that may go now, maps first; NULL: none. */
struct kext_entry *kext_table_any(void);

/* Makes room to count wires of the range. False: no memory, or more wires than anybody needs. */
bool kext_table_may_wire(struct kext_entry *map, uint64_t offset, uint64_t length);
/* Counts one wire more (direction 0: one fewer) of the range; there is room. */
void kext_table_wire(struct kext_entry *map, uint32_t direction, uint64_t offset, uint64_t length);
/* Whether every page of the range is wired; for stores, wired for writing. */
bool kext_table_is_wired(const struct kext_entry *map, bool for_store, uint64_t offset,
                         uint64_t length);
/* Pages in a row that are wired; false: none are. */
bool kext_table_wired_run(const struct kext_entry *map, uint64_t *offset, uint64_t *length);
/* Any map with such pages, and they; NULL: nothing is wired. */
struct kext_entry *kext_table_wired_map(uint64_t *offset, uint64_t *length);

/* The descriptor that a map, or a part of a descriptor, shows in the end. */
struct kext_entry *kext_table_memory(struct kext_entry *entry);
/*
 * I/O Kit makes a mapping within one that there is a part of that one: an object of its own, with the
 * same memory at the same addresses.
 */
/* Whether who unmaps it would wait for a wire, in it or in a map with the same place. */
bool kext_table_would_hang(struct kext_entry *map);
/* It was unmapped: nobody may touch it any more, nor what has the same place. */
void kext_table_unmap(struct kext_entry *map);
/* Whether a later descriptor describes some of its bytes, by their address in the kernel. */
bool kext_table_is_described(const struct kext_entry *entry);
/* Whether a new mapping of the descriptor may become part of one that was unmapped. */
bool kext_table_has_stale(struct kext_entry *desc);

/* ---- the run ---- */

struct kext_request {
    const char *text; /* the scenario; without one the contract is asked (core/contract.h) */
    size_t length;
    uint32_t flags;
    uint64_t arena;        /* untouched memory of the caller's, for the scenario's buffers */
    uint64_t arena_length; /* bytes */
    char *report;
    size_t room;
    size_t report_length; /* out */
};

/* Runs the scenario on this kernel. 0: there is a report, which may be about an error in it. */
int kext_run(struct kext_request *request);

/* What the run in progress was asked; all zero without one. */
const struct kext_request *kext_run_now(void);

/* What that Darwin number's release does with kIOMapPrefault: VMK_CAP_PREFAULT_* bits (iokit.md 3.7). */
uint32_t kext_prefault_caps(uint32_t darwin_major);

/* The text takes, or gives back, a spin lock: accesses between are in its section (kext_world.c). */
void kext_mark_spin_lock(bool is_taken);

/* Whether the kernel may touch the range now; `is_guarded`: with faults forbidden. */
bool kext_may_touch(uint64_t address, uint64_t length, bool is_store, bool is_guarded);

/* ---- what only the kernel can do: vmk_xnu_run.cpp ---- */

enum kext_section { KEXT_OPEN_SECTION, KEXT_SPIN_SECTION, KEXT_INTERRUPTS_SECTION };

void *kext_take(size_t size);
void kext_give(void *memory, size_t size);
/* Bytes of the current task; 0 or an error. */
int kext_copy_in(uint64_t from, void *to, size_t length);
int kext_copy_out(const void *from, uint64_t to, size_t length);
/* At most a page of the kernel's own, inside the section; an error: there is no lock to be had. */
int kext_load(enum kext_section section, uint64_t from, void *to, size_t length);
int kext_store(enum kext_section section, const void *from, uint64_t to, size_t length);
/* Releases what the table still has. */
void kext_undo(void);

/* look_pmap.cpp or look_none.cpp: whether the kernel's page has a translation; -1: cannot say. */
int kext_look(uint64_t address);
/* wire_range.cpp or wire_none.cpp */
int kext_wire_range(void *map, uint32_t direction, uint64_t offset, uint64_t length);
extern const bool kext_has_wire_range;

#ifdef __cplusplus
}
#endif
#endif
