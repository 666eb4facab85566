/*
 * native_record_internal.h - a scenario while it is being written
 *
 * PURPOSE     Shared by what keeps the calls (native_record.c), what says them as lines
 *             (native_record_verbs.c), and the names and pieces of a line (native_record_text.c).
 * INVARIANTS  a handle and a byte have at most one name; the newest counts
 * UNITS       addresses and lengths: bytes
 * OWNERSHIP   the record owns its names and its text
 * ERRORS      native_give_up() when memory runs out
 * EVENTS      none
 * XNU         none
 */
#ifndef NATIVE_RECORD_INTERNAL_H
#define NATIVE_RECORD_INTERNAL_H

#include <stdio.h>

#include "faultline/explore.h"
#include "hooks/vmk_watch.h"
#include "native_internal.h"
#include "native_record.h"

enum { DEPTH = 32, THREADS = VMK_EXPLORE_THREADS_MAX + 1 };

/* What a name of the scenario stands for. */
struct named {
    struct named *next; /* the one before */
    const char *letter; /* "t", "b", "md", "m", "l", "dma", "seg", "call" */
    unsigned number;
    uint64_t handle;  /* 0: memory only */
    uint64_t address; /* of its memory, in the space of that number; length 0: none */
    uint64_t length;
    uint32_t space;
};

struct native_record {
    struct vmk_watcher watcher;
    FILE *lines;
    char *text;
    size_t length;
    struct named *names;
    unsigned name_count;
    unsigned unsaid;
    uint32_t cpu;
    uint32_t depth;
    struct {
        uint32_t cpu;
        enum vm_no_fault kind;
    } sections[DEPTH];
    uint64_t before[THREADS];                /* what a call's in-out argument was when it began */
    uint64_t calls[THREADS][VMM_CALL_COUNT]; /* that could fail, of the call that runs */
    enum vmm_call failed;
    uint64_t failed_nth; /* of its kind; 0: none did since the last line */
};

/* A new name for a handle, and for a handle with memory. */
struct named *native_name_new(struct native_record *record, const char *letter, uint64_t handle);
struct named *native_name_memory(struct native_record *record, const char *letter, uint64_t handle,
                                 uint32_t space, uint64_t address, uint64_t length);

/* The name of a handle; NULL: the scenario has none. */
const struct named *native_name_for(const struct native_record *record, uint64_t handle);

/* The memory that these bytes lie in; NULL: none that the scenario knows. */
const struct named *native_memory_of(const struct native_record *record, uint32_t space,
                                     uint64_t address, uint64_t length);

void native_say(struct native_record *record, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Begins a line on the CPU that the call was made on. */
void native_line(struct native_record *record);

/* A comment in place of the line that there is not. */
void native_unsaid(struct native_record *record, const char *verb, const char *why);

void native_put_name(struct native_record *record, const struct named *name);
void native_put_place(struct native_record *record, const struct named *memory, uint64_t address);

/* The lines of a call that has ended; false: the language has none for it. */
bool native_record_verb(struct native_record *record, const struct vmk_verb_call *call);

#endif
