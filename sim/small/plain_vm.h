/*
 * plain_vm.h - what the memory of a few tasks means, in arrays
 *
 * PURPOSE     A second model to hold against the real one: one row per page of a small window of each
 *             task. It knows no object, no shadow, no frame, no translation and no TLB. Who shares
 *             memory names the same cell; who copies it gets a cell of its own there and then.
 * INVARIANTS  P1  a cell has as many references as pages name it
 *             P2  what is not mapped has no rights and no wires
 * UNITS       first, count, target, ends: pages of the window; size: bytes
 * OWNERSHIP   pages own references on cells; plain_terminate() gives a task's back
 * ERRORS      the KERN_* numbers of vm.md 2.1, 3 and 4.7
 * EVENTS      none
 * XNU         vm.md 2.3, 3, 4.2. Differs: where entries begin and end is the real model's business;
 *             wiring depends on it (vm.md 3.2 step 3.7, 3.3), so the caller says it
 */
#ifndef SMALL_PLAIN_VM_H
#define SMALL_PLAIN_VM_H

#include "base/status.h"
#include "base/types.h"

enum { PLAIN_TASKS = 4, PLAIN_PAGES = 24, PLAIN_ENTRIES = 3, PLAIN_FILE_PAGES = 12 };

struct plain_cell {
    unsigned references;
    uint8_t byte;
};

struct plain_page {
    struct plain_cell *cell; /* NULL: nothing is mapped here */
    vmm_prot prot;
    vmm_prot max_prot;
    uint32_t inheritance;
    unsigned user_wires;
    unsigned kernel_wires;
    bool lost_rights; /* since the first wire: its translation may be narrower, or gone */
};

struct plain_task {
    bool is_alive;
    struct plain_page pages[PLAIN_PAGES];
};

/* A handle on cells; entry 0 is a file. */
struct plain_entry {
    unsigned count; /* 0: there is none */
    struct plain_cell *cells[PLAIN_PAGES];
};

/* The few facts that differ between releases. */
struct plain_release {
    bool unwire_skips_before_hole; /* vm.md 3.3 */
    vmm_size copy_buffer_max;      /* vm.md 2.1, mach_vm_read */
    bool knows_pageout;            /* vm.md 0.2 */
};

struct plain_vm {
    struct plain_release release;
    struct plain_task tasks[PLAIN_TASKS];
    struct plain_entry entries[PLAIN_ENTRIES];
};

/* Pages [first, first + count) of one task. */
struct plain_range {
    unsigned task;
    unsigned first;
    unsigned count;
};

/* ends[i]: the page at which the entry that holds page i ends; of no meaning where none does. */
struct plain_entries {
    unsigned ends[PLAIN_PAGES];
};

struct plain_remap {
    struct plain_range source;
    unsigned task; /* of the target */
    unsigned target;
    bool copies;
    bool overwrites;
    uint32_t inheritance;
    vmm_prot max_prot; /* plain_map_entry(): what the entry allows */
};

void plain_create(struct plain_vm *vm, unsigned task);
void plain_terminate(struct plain_vm *vm, unsigned task);
void plain_fork(struct plain_vm *vm, unsigned parent, unsigned child);

enum vmm_status plain_allocate(struct plain_vm *vm, struct plain_range range, bool overwrites);
void plain_deallocate(struct plain_vm *vm, struct plain_range range);
enum vmm_status plain_protect(struct plain_vm *vm, struct plain_range range, bool set_maximum,
                              vmm_prot prot);
void plain_inherit(struct plain_vm *vm, struct plain_range range, uint32_t inheritance);

/* A store that goes through; whether it does depends on what the hardware kept (vm.md 6.1 step 3). */
void plain_store(struct plain_vm *vm, unsigned task, unsigned page, uint8_t byte);

enum vmm_status plain_wire(struct plain_vm *vm, struct plain_range range, vmm_prot access,
                           bool user_wire, const struct plain_entries *entries);
enum vmm_status plain_unwire(struct plain_vm *vm, struct plain_range range, bool user_wire,
                             const struct plain_entries *entries);

/* `size` bytes from the first byte of `source`; the byte of each of its pages is among them. */
enum vmm_status plain_copy(struct plain_vm *vm, struct plain_range source, vmm_size size,
                           unsigned task, unsigned target);
enum vmm_status plain_remap(struct plain_vm *vm, const struct plain_remap *remap, vmm_prot *prot,
                            vmm_prot *max_prot);

/* Memory entries for reading and writing (vm.md 2.1, 2.3); `copies`: as the bytes are now. */
void plain_make_file(struct plain_vm *vm);
enum vmm_status plain_memory_entry(struct plain_vm *vm, struct plain_range range, unsigned entry,
                                   bool copies);
/* Pages [source.first, + count) of the entry; source.task says nothing. */
enum vmm_status plain_map_entry(struct plain_vm *vm, unsigned entry,
                                const struct plain_remap *remap);
void plain_release_entry(struct plain_vm *vm, unsigned entry);

/* Volatile memory was emptied: zeroes, but for pages that somebody wired. */
void plain_empty(struct plain_vm *vm, struct plain_range range);

/* Whether nothing, everything or something of a range is mapped. */
bool plain_is_all_mapped(const struct plain_vm *vm, struct plain_range range);
bool plain_is_any_mapped(const struct plain_vm *vm, struct plain_range range);
bool plain_is_wired(const struct plain_page *page);

/* Whether some, or every, page of the range has a kernel wire. */
bool plain_has_kernel_wire(const struct plain_vm *vm, struct plain_range range);
bool plain_has_kernel_wires(const struct plain_vm *vm, struct plain_range range);

/* How many pages of all tasks are wired. */
unsigned plain_wired_pages(const struct plain_vm *vm);

#endif
