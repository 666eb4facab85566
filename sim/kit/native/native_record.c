/*
 * native_record.c - see native_record.h
 *
 * A handle gets a name where it is made, and an address the name of the memory that it lies in. What one
 * thread did after the other stands in that order, each line on the CPU that the call was made on.
 */
#define _GNU_SOURCE 1 /* open_memstream() */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faultline/explore.h"
#include "hooks/vmk_watch.h"
#include "native_internal.h"
#include "native_record.h"

enum {
    DEPTH = 32,
    THREADS = VMK_EXPLORE_THREADS_MAX + 1,
    FRAMES_MAX = 1 << 18 /* that a scenario's machine can have; what needs more is rare */
};

/* Numbers of Apple's that a line has words for. */
enum {
    NO_FAULT = 0x8,
    NO_ZERO_FILL = 0x10,
    DATA_VALID = 0x80,
    CONTIGUOUS = 0x10,
    PAGEABLE = 0x20,
    SHARED = 0x10000,
    COPY_ON_WRITE = 0x20000,
    REMOTE = 0x40000,
    ANYWHERE = 0x1,
    READ_ONLY = 0x1000,
    UNIQUE = 0x04000000,
    PREFAULT = 0x10000000,
    GUARDED = 0x40000000,
    COPY = 0x01000000
};

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

static bool is_saved; /* of this process */

bool
native_record_is_saved(void)
{
    return is_saved;
}

void
native_record_set_saved(void)
{
    is_saved = true;
}

/* ---- names ---- */

static struct named *
name_new(struct native_record *record, const char *letter, uint64_t handle)
{
    struct named *made = calloc(1, sizeof(*made));

    if (made == NULL)
        native_give_up("no memory");
    *made = (struct named){ .next = record->names, .letter = letter, .handle = handle };
    made->number = ++record->name_count;
    record->names = made;
    return made;
}

static struct named *
name_memory(struct native_record *record, const char *letter, uint64_t handle, uint32_t space,
            uint64_t address, uint64_t length)
{
    struct named *made = name_new(record, letter, handle);

    made->space = space;
    made->address = address;
    made->length = length;
    return made;
}

/* The name of a handle; NULL: the scenario has none. */
static const struct named *
name_of(const struct native_record *record, uint64_t handle)
{
    const struct named *at = record->names;

    while (at != NULL && (handle == 0 || at->handle != handle))
        at = at->next;
    return at;
}

/* The memory that these bytes lie in; NULL: none that the scenario knows. */
static const struct named *
memory_of(const struct native_record *record, uint32_t space, uint64_t address, uint64_t length)
{
    const struct named *at = record->names;

    while (at != NULL && (at->length == 0 || at->space != space || address < at->address ||
                          length > at->length || address - at->address > at->length - length))
        at = at->next;
    return at;
}

/* ---- lines ---- */

__attribute__((format(printf, 2, 3))) static void
say(struct native_record *record, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(record->lines, format, arguments);
    va_end(arguments);
}

/* Begins a line on the CPU that the call was made on. */
static void
line(struct native_record *record)
{
    uint32_t cpu = vm_system_trace(vmk_sim_system())->cpu;

    if (cpu != record->cpu)
        say(record, "on-cpu %u\n", (unsigned)cpu);
    record->cpu = cpu;
    if (record->failed_nth > 0)
        say(record, "fail %s %" PRIu64 "\n", native_call_word(record->failed), record->failed_nth);
    record->failed_nth = 0;
}

static void
unsaid(struct native_record *record, const char *verb, const char *why)
{
    record->unsaid++;
    say(record, "# not said: %s: %s\n", verb, why);
}

static void
put_name(struct native_record *record, const struct named *name)
{
    say(record, " %s%u", name->letter, name->number);
}

static void
put_place(struct native_record *record, const struct named *memory, uint64_t address)
{
    put_name(record, memory);
    if (address != memory->address)
        say(record, "+0x%" PRIx64, address - memory->address);
}

static void
put_direction(struct native_record *record, uint64_t options)
{
    static const char *const words[] = { "none", "in", "out", "inout" };

    say(record, "%s", words[options & 3]);
}

/* " WORD" for the bit that is set. */
static void
put_bit(struct native_record *record, uint64_t options, uint32_t bit, const char *word)
{
    if (options & bit)
        say(record, " %s", word);
}

/* "kernel" or a task's name; false: the scenario does not know it. */
static bool
put_task(struct native_record *record, uint64_t task)
{
    const struct named *name = name_of(record, task);

    if (name != NULL)
        put_name(record, name);
    else
        say(record, " kernel");
    return true;
}

static uint32_t
space_of(uint64_t task)
{
    return vmk_sim_task_id((vmk_task_t)(uintptr_t)task);
}

static bool
is_known_task(const struct native_record *record, uint64_t task)
{
    return name_of(record, task) != NULL || (uintptr_t)vmk_kernel_task() == task;
}

/* `VERB NAME`; false: the name is not known, which is said. */
static bool
simple(struct native_record *record, const char *word, const char *verb, uint64_t handle)
{
    const struct named *name = name_of(record, handle);

    if (name == NULL) {
        unsaid(record, verb, "of what the scenario did not make");
        return false;
    }
    line(record);
    say(record, "%s", word);
    put_name(record, name);
    return true;
}

static void
simple_line(struct native_record *record, const char *word, const char *verb, uint64_t handle)
{
    if (simple(record, word, verb, handle))
        say(record, "\n");
}

/* ---- descriptors ---- */

static bool
has_only(uint64_t options, uint64_t bits)
{
    return (options & ~bits) == 0;
}

/* "MD = WORD" */
static void
begin_descriptor(struct native_record *record, uint64_t handle, const char *word)
{
    const struct named *made = name_new(record, "md", handle);

    line(record);
    say(record, "md%u = %s", made->number, word);
}

static void
record_desc_range(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;
    const struct named *memory = memory_of(record, space_of(a[0]), a[1], a[2]);

    if (a[0] == 0 || memory == NULL || !has_only(a[3], 3 | COPY_ON_WRITE | REMOTE)) {
        unsaid(record, "vmk_desc_range",
               memory == NULL ? "of bytes that no line allocated" : "with these options");
        return;
    }
    begin_descriptor(record, call->result, "descriptor");
    put_place(record, memory, a[1]);
    say(record, " direction=");
    put_direction(record, a[3]);
    say(record, " length=%" PRIu64, a[2]);
    put_bit(record, a[3], COPY_ON_WRITE, "cow");
    put_bit(record, a[3], REMOTE, "remote");
    say(record, "\n");
}

static void
record_desc_buffer(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;

    if (a[4] != 0 || !is_known_task(record, a[0]) ||
        !has_only(a[1], 3 | PAGEABLE | CONTIGUOUS | SHARED | PREFAULT)) {
        unsaid(record, "vmk_desc_buffer", "with this owner, these options or a mask");
        return;
    }
    begin_descriptor(record, call->result, "buffer");
    (void)put_task(record, a[0]);
    say(record, " %" PRIu64 " direction=", a[2]);
    put_direction(record, a[1]);
    put_bit(record, a[1], PAGEABLE, "pageable");
    put_bit(record, a[1], CONTIGUOUS, "contiguous");
    put_bit(record, a[1], SHARED, "shared");
    put_bit(record, a[1], PREFAULT, "prefault");
    if (a[3] != 0)
        say(record, " align=%" PRIu64, a[3]);
    say(record, "\n");
}

static void
record_desc_sub(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;
    const struct named *parent = name_of(record, a[0]);

    if (parent == NULL) {
        unsaid(record, "vmk_desc_sub", "of what the scenario did not make");
        return;
    }
    begin_descriptor(record, call->result, "sub");
    put_name(record, parent);
    say(record, " %" PRIu64 " %" PRIu64 "\n", a[1], a[2]);
}

static void
record_prepare(struct native_record *record, const struct vmk_verb_call *call)
{
    uint64_t direction = call->argument[1];

    if (!simple(record, "prepare", "vmk_desc_prepare", call->argument[0]))
        return;
    say(record, " ");
    put_direction(record, direction);
    put_bit(record, direction, NO_FAULT, "no-fault");
    put_bit(record, direction, NO_ZERO_FILL, "no-zero-fill");
    say(record, "\n");
}

static void
record_complete(struct native_record *record, const struct vmk_verb_call *call)
{
    if (!simple(record, "complete", "vmk_desc_complete", call->argument[0]))
        return;
    put_bit(record, call->argument[1], DATA_VALID, "data-valid");
    say(record, "\n");
}

static void
record_bytes(struct native_record *record, const struct vmk_verb_call *call, const char *word)
{
    const uint64_t *a = call->argument;

    if (simple(record, word, vmk_verb_name(call->verb), a[0]))
        say(record, " %" PRIu64 " %" PRIu64 "\n", a[1], a[3]);
}

static void
record_segment(struct native_record *record, const struct vmk_verb_call *call)
{
    const struct named *desc = name_of(record, call->argument[0]);
    const struct named *made;

    if (desc == NULL || call->argument[3] != 0) {
        unsaid(record, "vmk_desc_segment", "of what the scenario did not make, or with options");
        return;
    }
    made = name_new(record, "seg", call->result);
    line(record);
    say(record, "seg%u = segment", made->number);
    put_name(record, desc);
    say(record, " offset=%" PRIu64 "\n", call->argument[1]);
}

/* False: it is another verb's. */
static bool
record_descriptor(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;

    switch (call->verb) {
    case VMK_VERB_desc_range:
        record_desc_range(record, call);
        return true;
    case VMK_VERB_desc_buffer:
        record_desc_buffer(record, call);
        return true;
    case VMK_VERB_desc_sub:
        record_desc_sub(record, call);
        return true;
    case VMK_VERB_desc_prepare:
        record_prepare(record, call);
        return true;
    case VMK_VERB_desc_complete:
        record_complete(record, call);
        return true;
    case VMK_VERB_desc_read:
        record_bytes(record, call, "read-bytes");
        return true;
    case VMK_VERB_desc_write:
        record_bytes(record, call, "write-bytes");
        return true;
    case VMK_VERB_desc_segment:
        record_segment(record, call);
        return true;
    case VMK_VERB_desc_retain:
    case VMK_VERB_map_retain:
        simple_line(record, "retain", vmk_verb_name(call->verb), a[0]);
        return true;
    case VMK_VERB_desc_release:
    case VMK_VERB_map_release:
        simple_line(record, "release", vmk_verb_name(call->verb), a[0]);
        return true;
    case VMK_VERB_desc_set_length:
        if (simple(record, "set-length", "vmk_desc_set_length", a[0]))
            say(record, " %" PRIu64 "\n", a[1]);
        return true;
    case VMK_VERB_desc_page_counts: /* only looks */
        return true;
    default:
        return false;
    }
}

/* ---- mappings ---- */

static void
record_map_create(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;
    const struct named *desc = name_of(record, a[0]);
    vmk_map_t map = (vmk_map_t)(uintptr_t)call->result;
    const struct named *made;

    if (desc == NULL || !is_known_task(record, a[1]) ||
        !has_only(a[3], ANYWHERE | READ_ONLY | UNIQUE | PREFAULT | GUARDED)) {
        unsaid(record, "vmk_map_create",
               "of this descriptor, into this task or with these options");
        return;
    }
    made = name_memory(record, "m", call->result, space_of(a[1]), vmk_map_address(map),
                       vmk_map_length(map));
    line(record);
    say(record, "m%u = map", made->number);
    put_name(record, desc);
    (void)put_task(record, a[1]);
    if (!(a[3] & ANYWHERE))
        say(record, " at=0x%" PRIx64, a[2]);
    put_bit(record, a[3], READ_ONLY, "read-only");
    put_bit(record, a[3], PREFAULT, "prefault");
    put_bit(record, a[3], UNIQUE, "unique");
    put_bit(record, a[3], GUARDED, "guarded");
    if (a[4] != 0)
        say(record, " offset=%" PRIu64, a[4]);
    if (a[5] != 0)
        say(record, " length=%" PRIu64, a[5]);
    say(record, "\n");
}

static void
record_map_wire(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;

    if (!simple(record, (a[1] & 3) == 0 ? "unwire" : "wire", "vmk_map_wire", a[0]))
        return;
    if ((a[1] & 3) != 0) {
        say(record, " ");
        put_direction(record, a[1]);
    }
    say(record, " offset=%" PRIu64 " length=%" PRIu64 "\n", a[2], a[3]);
}

static bool
record_mapping(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;

    switch (call->verb) {
    case VMK_VERB_map_create:
        record_map_create(record, call);
        return true;
    case VMK_VERB_map_unmap:
        simple_line(record, "unmap", "vmk_map_unmap", a[0]);
        return true;
    case VMK_VERB_map_wire:
        record_map_wire(record, call);
        return true;
    case VMK_VERB_map_block:
        simple_line(record, a[1] ? "block" : "unblock", "vmk_map_block", a[0]);
        return true;
    case VMK_VERB_map_redirect:
        if (name_of(record, a[1]) == NULL)
            unsaid(record, "vmk_map_redirect", "to what the scenario did not make");
        else if (simple(record, "redirect", "vmk_map_redirect", a[0])) {
            put_name(record, name_of(record, a[1]));
            say(record, "\n");
        }
        return true;
    default:
        return false;
    }
}

/* ---- locks and sections ---- */

static void
open_section(struct native_record *record, enum vm_no_fault kind)
{
    static const char *const words[] = {
        [VM_PREEMPTION_OFF] = "preemption-off", [VM_SPIN_LOCK] = "spin-lock",
        [VM_INTERRUPT] = "interrupt",           [VM_INTERRUPTS_OFF] = "interrupts-off",
        [VM_FAULT_DISABLED] = "fault-disable",  [VM_MUTEX] = "mutex"
    };

    if (record->depth == DEPTH) {
        unsaid(record, "a section", "nested too deep");
        return;
    }
    line(record);
    say(record, "nofault %s {\n", words[kind]);
    record->sections[record->depth].cpu = record->cpu;
    record->sections[record->depth++].kind = kind;
}

/* A block of the language closes as it opened: the last one first, on its own CPU. */
static void
close_section(struct native_record *record, enum vm_no_fault kind)
{
    uint32_t cpu = vm_system_trace(vmk_sim_system())->cpu;

    if (record->depth == 0 || record->sections[record->depth - 1].kind != kind ||
        record->sections[record->depth - 1].cpu != cpu) {
        unsaid(record, "the end of a section", "not the one that was entered last");
        return;
    }
    record->depth--;
    record->cpu = cpu;
    say(record, "}\n");
}

static void
record_lock_alloc(struct native_record *record, const struct vmk_verb_call *call)
{
    static const char *const kinds[] = { "mutex", "spin", "recursive", "rw" };
    const struct named *made = name_new(record, "lock", call->result);

    line(record);
    say(record, "lock%u = new-lock %s\n", made->number, kinds[call->argument[0] & 3]);
}

static void
record_acquire(struct native_record *record, const struct vmk_verb_call *call)
{
    if (call->argument[1] & VMK_IRQ_OFF)
        open_section(record, VM_INTERRUPTS_OFF);
    if (simple(record, "lock", "vmk_lock_acquire", call->argument[0]))
        say(record, "%s\n", call->argument[1] & VMK_SHARED ? " shared" : "");
}

static void
record_release(struct native_record *record, const struct vmk_verb_call *call)
{
    simple_line(record, "unlock", "vmk_lock_release", call->argument[0]);
    if (call->argument[1] & VMK_IRQ_OFF)
        close_section(record, VM_INTERRUPTS_OFF);
}

static bool
record_section(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;

    switch (call->verb) {
    case VMK_VERB_lock_alloc:
        record_lock_alloc(record, call);
        return true;
    case VMK_VERB_lock_free:
        simple_line(record, "free-lock", "vmk_lock_free", a[0]);
        return true;
    case VMK_VERB_lock_acquire:
        record_acquire(record, call);
        return true;
    case VMK_VERB_lock_try:
        if (call->result != 0)
            simple_line(record, "lock", "vmk_lock_try", a[0]);
        return true;
    case VMK_VERB_lock_release:
        record_release(record, call);
        return true;
    case VMK_VERB_interrupts_set:
        if (call->result != 0 && a[0] == 0)
            open_section(record, VM_INTERRUPTS_OFF);
        else if (call->result == 0 && a[0] != 0)
            close_section(record, VM_INTERRUPTS_OFF);
        return true;
    case VMK_VERB_sim_enter:
        open_section(record, (enum vm_no_fault)a[0]);
        return true;
    case VMK_VERB_sim_leave:
        close_section(record, (enum vm_no_fault)a[0]);
        return true;
    default:
        return false;
    }
}

/* ---- tasks and memory ---- */

static void
record_task(struct native_record *record, const struct vmk_verb_call *call)
{
    const struct named *made = name_new(record, "t", call->result);

    line(record);
    say(record, "t%u = task\n", made->number);
}

static void
record_allocate(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;
    uint64_t at = record->before[vmk_explore_self() + 1];
    uint64_t address = call->result == 0 ? *(const uint64_t *)(uintptr_t)a[1] : 0;
    const struct named *made;

    if (!is_known_task(record, a[0])) {
        unsaid(record, "vmk_sim_allocate", "in a task that the scenario did not make");
        return;
    }
    made = name_memory(record, "b", 0, space_of(a[0]), address, call->result == 0 ? a[2] : 0);
    line(record);
    say(record, "b%u = allocate", made->number);
    (void)put_task(record, a[0]);
    say(record, " %" PRIu64, a[2]);
    if (at != 0)
        say(record, " at=0x%" PRIx64, at);
    say(record, "\n");
}

/* "WORD PLACE"; NULL, and said: the bytes are nobody's. */
static const struct named *
begin_memory(struct native_record *record, const struct vmk_verb_call *call, const char *word)
{
    const uint64_t *a = call->argument;
    uint64_t length = call->verb == VMK_VERB_sim_read    ? a[3]
                      : call->verb == VMK_VERB_sim_write ? a[4]
                                                         : a[2];
    const struct named *memory = memory_of(record, space_of(a[0]), a[1], length);

    if (memory == NULL) {
        unsaid(record, vmk_verb_name(call->verb), "of bytes that no line allocated");
        return NULL;
    }
    line(record);
    say(record, "%s", word);
    return memory;
}

static void
record_range(struct native_record *record, const struct vmk_verb_call *call, const char *word,
             bool has_rights)
{
    static const char *const rights[] = { "none",          "read",
                                          "write",         "read-write",
                                          "execute",       "read-execute",
                                          "write-execute", "read-write-execute" };
    const uint64_t *a = call->argument;
    const struct named *memory = begin_memory(record, call, word);

    if (memory == NULL)
        return;
    put_name(record, memory);
    if (has_rights)
        say(record, " %s", rights[a[3] & 7]);
    say(record, " offset=%" PRIu64 " length=%" PRIu64 "\n", a[1] - memory->address, a[2]);
}

static void
record_touch(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;
    bool is_store = call->verb == VMK_VERB_sim_write;
    const struct named *memory = begin_memory(record, call, is_store ? "store" : "load");
    const uint8_t *from = (const uint8_t *)(uintptr_t)a[2];

    if (memory == NULL)
        return;
    put_place(record, memory, a[1]);
    say(record, " %" PRIu64, is_store ? a[4] : a[3]);
    if (is_store)
        say(record, " value=%u", from != NULL && a[4] > 0 ? from[0] : (unsigned)(uint8_t)a[3]);
    say(record, "\n");
}

static void
record_alloc(struct native_record *record, const struct vmk_verb_call *call, const char *word)
{
    const struct named *made =
        name_memory(record, "b", call->result, 0, call->result, call->argument[0]);

    line(record);
    say(record, "b%u = io-malloc %" PRIu64 "%s\n", made->number, call->argument[0], word);
}

static bool
record_memory(struct native_record *record, const struct vmk_verb_call *call)
{
    switch (call->verb) {
    case VMK_VERB_sim_task_create:
        record_task(record, call);
        return true;
    case VMK_VERB_sim_task_terminate:
        simple_line(record, "terminate", "vmk_sim_task_terminate", call->argument[0]);
        return true;
    case VMK_VERB_sim_allocate:
        record_allocate(record, call);
        return true;
    case VMK_VERB_sim_deallocate:
        record_range(record, call, "deallocate", false);
        return true;
    case VMK_VERB_sim_protect:
        record_range(record, call, "protect", true);
        return true;
    case VMK_VERB_sim_user_wire:
        record_range(record, call, "user-wire", true);
        return true;
    case VMK_VERB_sim_user_unwire:
        record_range(record, call, "user-unwire", false);
        return true;
    case VMK_VERB_sim_read:
    case VMK_VERB_sim_write:
        record_touch(record, call);
        return true;
    case VMK_VERB_alloc:
        record_alloc(record, call, "");
        return true;
    case VMK_VERB_alloc_pageable:
        record_alloc(record, call, " pageable");
        return true;
    default:
        return false;
    }
}

/* ---- DMA ---- */

static void
record_dma_create(struct native_record *record, const struct vmk_verb_call *call)
{
    const vmk_dma_spec_t *spec = (const vmk_dma_spec_t *)(uintptr_t)call->argument[0];
    const struct named *made = name_new(record, "dma", call->result);

    line(record);
    say(record, "dma%u = new-dma %u", made->number,
        spec->address_bits == 0 ? 64u : (unsigned)spec->address_bits);
    if (spec->max_segment != 0)
        say(record, " %" PRIu64, spec->max_segment);
    if (spec->alignment != 0)
        say(record, " align=%u", (unsigned)spec->alignment);
    if (spec->max_transfer != 0)
        say(record, " length=%" PRIu64, spec->max_transfer);
    say(record, "\n");
}

static void
record_dma_set(struct native_record *record, const struct vmk_verb_call *call)
{
    const struct named *desc = name_of(record, call->argument[1]);

    if (desc == NULL)
        unsaid(record, "vmk_dma_set", "to what the scenario did not make");
    else if (simple(record, "set-dma", "vmk_dma_set", call->argument[0])) {
        put_name(record, desc);
        say(record, "%s\n", call->argument[2] ? "" : " by-hand");
    }
}

static bool
record_dma(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;

    switch (call->verb) {
    case VMK_VERB_dma_create:
        record_dma_create(record, call);
        return true;
    case VMK_VERB_dma_set:
        record_dma_set(record, call);
        return true;
    case VMK_VERB_dma_clear:
        if (simple(record, "clear-dma", "vmk_dma_clear", a[0]))
            say(record, "%s\n", a[1] ? "" : " by-hand");
        return true;
    case VMK_VERB_dma_prepare:
        if (simple(record, "prepare-dma", "vmk_dma_prepare", a[0]))
            say(record, " offset=%" PRIu64 " length=%" PRIu64 "\n", a[1], a[2]);
        return true;
    case VMK_VERB_dma_complete:
        simple_line(record, "complete-dma", "vmk_dma_complete", a[0]);
        return true;
    case VMK_VERB_dma_release:
        simple_line(record, "release-dma", "vmk_dma_release", a[0]);
        return true;
    default:
        return false;
    }
}

/* ---- what is called ---- */

static void
call_begins(struct vmk_watcher *watcher, const struct vmk_verb_call *call)
{
    struct native_record *record = VMM_CONTAINER(watcher, struct native_record, watcher);
    int thread = vmk_explore_self() + 1;

    memset(record->calls[thread], 0, sizeof(record->calls[thread]));
    if (call->verb == VMK_VERB_sim_allocate)
        record->before[thread] = *(const uint64_t *)(uintptr_t)call->argument[1];
}

static void
call_ends(struct vmk_watcher *watcher, const struct vmk_verb_call *call)
{
    struct native_record *record = VMM_CONTAINER(watcher, struct native_record, watcher);

    if (!record_descriptor(record, call) && !record_mapping(record, call) &&
        !record_section(record, call) && !record_memory(record, call) && !record_dma(record, call))
        unsaid(record, vmk_verb_name(call->verb), "the language has no line for it");
}

void
native_record_call(struct faultline_world *world, enum vmm_call call, bool fails)
{
    struct native_record *record = world->record;
    uint64_t nth = record == NULL ? 0 : ++record->calls[vmk_explore_self() + 1][call];

    if (nth == 0 || !fails)
        return;
    record->failed = call;
    record->failed_nth = nth;
}

void
native_record_access(struct faultline_world *world, uint32_t space, uint64_t va, bool is_write)
{
    struct native_record *record = world->record;
    const struct named *memory = record == NULL ? NULL : memory_of(record, space, va, 1);

    if (record == NULL)
        return;
    if (memory == NULL) {
        unsaid(record, is_write ? "a store" : "a load",
               "of a byte that no line allocated or mapped");
        return;
    }
    line(record);
    say(record, is_write ? "store" : "load");
    put_place(record, memory, va);
    say(record, " 1\n");
}

void
native_record_unload(struct faultline_world *world)
{
    if (world->record != NULL)
        say(world->record, "unload\n");
}

/* ---- the file ---- */

static void
put_head(FILE *file, const struct faultline_world *world, const char *what)
{
    const struct native_record *record = world->record;
    uint32_t cpus = vm_system_cpu_count(world->system);

    fprintf(file, "# %s\n", what);
    if (record->unsaid > 0)
        fprintf(
            file,
            "# %u of the test's calls have no line: look for \"not said\"; it may go another way\n",
            record->unsaid);
    fprintf(file, "profile %s\nmachine", vm_system_profile(world->system)->name);
    if (world->page_bytes != 4096)
        fprintf(file, " m1");
    fprintf(file, " cpus=%u", (unsigned)cpus);
    if (world->frame_count <= FRAMES_MAX)
        fprintf(file, " frames=%u", (unsigned)world->frame_count);
    fprintf(file, "%s\n", world->evicts_on_entry ? " evict-on-entry" : "");
}

static bool
write_file(const struct faultline_world *world, const char *path, const char *what)
{
    struct native_record *record = world->record;
    char temporary[4096];
    FILE *file;
    bool is_good;

    fflush(record->lines);
    snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid());
    file = fopen(temporary, "w");
    if (file == NULL)
        return false;
    put_head(file, world, what);
    fwrite(record->text, 1, record->length, file);
    for (uint32_t i = 0; i < record->depth; i++)
        fputs("}\n", file);
    is_good = ferror(file) == 0;
    is_good = fclose(file) == 0 && is_good;
    if (is_good && rename(temporary, path) == 0)
        return true;
    (void)unlink(temporary);
    return false;
}

void
native_record_save(struct faultline_world *world, const char *what)
{
    const char *path = getenv("FAULTLINE_SAVE");

    if (world->record == NULL || path == NULL || is_saved)
        return;
    is_saved = true;
    if (!write_file(world, path, what))
        fprintf(stderr, "faultline: %s: cannot be written: %s\n", path, strerror(errno));
    else
        fprintf(stderr, "faultline: as a scenario%s: faultline run%s %s\n",
                world->record->unsaid > 0 ? ", in part" : "",
                world->verify.is_strict ? " --verify=strict" : "", path);
}

void
native_record_begin(struct faultline_world *world)
{
    struct native_record *record;

    if (getenv("FAULTLINE_SAVE") == NULL)
        return;
    record = calloc(1, sizeof(*record));
    if (record != NULL)
        record->lines = open_memstream(&record->text, &record->length);
    if (record == NULL || record->lines == NULL)
        native_give_up("no memory");
    record->watcher = (struct vmk_watcher){ call_begins, call_ends, NULL };
    world->record = record;
    vmk_sim_watch(&record->watcher);
}

void
native_record_end(struct faultline_world *world)
{
    struct native_record *record = world->record;

    if (record == NULL)
        return;
    while (record->names != NULL) {
        struct named *first = record->names;

        record->names = first->next;
        free(first);
    }
    fclose(record->lines);
    free(record->text);
    free(record);
    world->record = NULL;
}
