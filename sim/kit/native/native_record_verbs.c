/*
 * native_record_verbs.c - the line of the language for each of the driver's calls, or why there is none
 */
#include <inttypes.h>
#include <string.h>

#include "iokit/io_types.h"
#include "native_record_internal.h"

/* ---- parts of lines ---- */

static void
put_direction(struct native_record *record, uint64_t options)
{
    static const char *const words[] = { "none", "in", "out", "inout" };

    native_say(record, "%s", words[options & 3]);
}

/* " WORD" for the bit that is set. */
static void
put_bit(struct native_record *record, uint64_t options, uint32_t bit, const char *word)
{
    if (options & bit)
        native_say(record, " %s", word);
}

/* "kernel" or a task's name. */
static void
put_task(struct native_record *record, uint64_t task)
{
    const struct named *name = native_name_for(record, task);

    if (name != NULL)
        native_put_name(record, name);
    else
        native_say(record, " kernel");
}

static uint32_t
space_of(uint64_t task)
{
    return vmk_sim_task_id((vmk_task_t)(uintptr_t)task);
}

static bool
is_known_task(const struct native_record *record, uint64_t task)
{
    return native_name_for(record, task) != NULL || (uintptr_t)vmk_kernel_task() == task;
}

/* `VERB NAME`; false: the name is not known, which is said. */
static bool
simple(struct native_record *record, const char *word, const char *verb, uint64_t handle)
{
    const struct named *name = native_name_for(record, handle);

    if (name == NULL) {
        native_unsaid(record, verb, "of what the scenario did not make");
        return false;
    }
    native_line(record);
    native_say(record, "%s", word);
    native_put_name(record, name);
    return true;
}

static void
simple_line(struct native_record *record, const char *word, const char *verb, uint64_t handle)
{
    if (simple(record, word, verb, handle))
        native_say(record, "\n");
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
    const struct named *made = native_name_new(record, "md", handle);

    native_line(record);
    native_say(record, "md%u = %s", made->number, word);
}

static void
record_desc_range(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;
    const struct named *memory = native_memory_of(record, space_of(a[0]), a[1], a[2]);

    if (a[0] == 0 || memory == NULL ||
        !has_only(a[3], IO_DIRECTION_OUT_IN | IO_MEMORY_MAP_COPY_ON_WRITE | IO_MEMORY_REMOTE)) {
        native_unsaid(record, "vmk_desc_range",
                      memory == NULL ? "of bytes that no line allocated" : "with these options");
        return;
    }
    begin_descriptor(record, call->result, "descriptor");
    native_put_place(record, memory, a[1]);
    native_say(record, " direction=");
    put_direction(record, a[3]);
    native_say(record, " length=%" PRIu64, a[2]);
    put_bit(record, a[3], IO_MEMORY_MAP_COPY_ON_WRITE, "cow");
    put_bit(record, a[3], IO_MEMORY_REMOTE, "remote");
    native_say(record, "\n");
}

static void
record_desc_buffer(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;

    if (a[4] != 0 || !is_known_task(record, a[0]) ||
        !has_only(a[1], IO_DIRECTION_OUT_IN | IO_BUFFER_PAGEABLE | IO_BUFFER_PHYSICALLY_CONTIGUOUS |
                            IO_BUFFER_KERNEL_USER_SHARED | IO_MAP_PREFAULT)) {
        native_unsaid(record, "vmk_desc_buffer", "with this owner, these options or a mask");
        return;
    }
    begin_descriptor(record, call->result, "buffer");
    put_task(record, a[0]);
    native_say(record, " %" PRIu64 " direction=", a[2]);
    put_direction(record, a[1]);
    put_bit(record, a[1], IO_BUFFER_PAGEABLE, "pageable");
    put_bit(record, a[1], IO_BUFFER_PHYSICALLY_CONTIGUOUS, "contiguous");
    put_bit(record, a[1], IO_BUFFER_KERNEL_USER_SHARED, "shared");
    put_bit(record, a[1], IO_MAP_PREFAULT, "prefault");
    if (a[3] != 0)
        native_say(record, " align=%" PRIu64, a[3]);
    native_say(record, "\n");
}

static void
record_desc_sub(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;
    const struct named *parent = native_name_for(record, a[0]);

    if (parent == NULL) {
        native_unsaid(record, "vmk_desc_sub", "of what the scenario did not make");
        return;
    }
    begin_descriptor(record, call->result, "sub");
    native_put_name(record, parent);
    native_say(record, " %" PRIu64 " %" PRIu64 "\n", a[1], a[2]);
}

static void
record_prepare(struct native_record *record, const struct vmk_verb_call *call)
{
    uint64_t direction = call->argument[1];

    if (!simple(record, "prepare", "vmk_desc_prepare", call->argument[0]))
        return;
    native_say(record, " ");
    put_direction(record, direction);
    put_bit(record, direction, IO_PREPARE_NO_FAULT, "no-fault");
    put_bit(record, direction, IO_PREPARE_NO_ZERO_FILL, "no-zero-fill");
    native_say(record, "\n");
}

static void
record_complete(struct native_record *record, const struct vmk_verb_call *call)
{
    if (!simple(record, "complete", "vmk_desc_complete", call->argument[0]))
        return;
    put_bit(record, call->argument[1], IO_COMPLETE_WITH_DATA_VALID, "data-valid");
    native_say(record, "\n");
}

static void
record_bytes(struct native_record *record, const struct vmk_verb_call *call, const char *word)
{
    const uint64_t *a = call->argument;

    if (simple(record, word, vmk_verb_name(call->verb), a[0]))
        native_say(record, " %" PRIu64 " %" PRIu64 "\n", a[1], a[3]);
}

static void
record_segment(struct native_record *record, const struct vmk_verb_call *call)
{
    const struct named *desc = native_name_for(record, call->argument[0]);
    const struct named *made;

    if (desc == NULL || call->argument[3] != 0) {
        native_unsaid(record, "vmk_desc_segment",
                      "of what the scenario did not make, or with options");
        return;
    }
    made = native_name_new(record, "seg", call->result);
    native_line(record);
    native_say(record, "seg%u = segment", made->number);
    native_put_name(record, desc);
    native_say(record, " offset=%" PRIu64 "\n", call->argument[1]);
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
            native_say(record, " %" PRIu64 "\n", a[1]);
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
    const struct named *desc = native_name_for(record, a[0]);
    vmk_map_t map = (vmk_map_t)(uintptr_t)call->result;
    const struct named *made;

    if (desc == NULL || !is_known_task(record, a[1]) ||
        !has_only(a[3], IO_MAP_ANYWHERE | IO_MAP_READ_ONLY | IO_MAP_UNIQUE | IO_MAP_PREFAULT |
                            IO_MAP_GUARDED_SMALL)) {
        native_unsaid(record, "vmk_map_create",
                      "of this descriptor, into this task or with these options");
        return;
    }
    made = native_name_memory(record, "m", call->result, space_of(a[1]), vmk_map_address(map),
                              vmk_map_length(map));
    native_line(record);
    native_say(record, "m%u = map", made->number);
    native_put_name(record, desc);
    put_task(record, a[1]);
    if (!(a[3] & IO_MAP_ANYWHERE))
        native_say(record, " at=0x%" PRIx64, a[2]);
    put_bit(record, a[3], IO_MAP_READ_ONLY, "read-only");
    put_bit(record, a[3], IO_MAP_PREFAULT, "prefault");
    put_bit(record, a[3], IO_MAP_UNIQUE, "unique");
    put_bit(record, a[3], IO_MAP_GUARDED_SMALL, "guarded");
    if (a[4] != 0)
        native_say(record, " offset=%" PRIu64, a[4]);
    if (a[5] != 0)
        native_say(record, " length=%" PRIu64, a[5]);
    native_say(record, "\n");
}

static void
record_map_wire(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;

    if (!simple(record, (a[1] & 3) == 0 ? "unwire" : "wire", "vmk_map_wire", a[0]))
        return;
    if ((a[1] & 3) != 0) {
        native_say(record, " ");
        put_direction(record, a[1]);
    }
    native_say(record, " offset=%" PRIu64 " length=%" PRIu64 "\n", a[2], a[3]);
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
        if (native_name_for(record, a[1]) == NULL)
            native_unsaid(record, "vmk_map_redirect", "to what the scenario did not make");
        else if (simple(record, "redirect", "vmk_map_redirect", a[0])) {
            native_put_name(record, native_name_for(record, a[1]));
            native_say(record, "\n");
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
        native_unsaid(record, "a section", "nested too deep");
        return;
    }
    native_line(record);
    native_say(record, "nofault %s {\n", words[kind]);
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
        native_unsaid(record, "the end of a section", "not the one that was entered last");
        return;
    }
    record->depth--;
    record->cpu = cpu;
    native_say(record, "}\n");
}

static void
record_lock_alloc(struct native_record *record, const struct vmk_verb_call *call)
{
    static const char *const kinds[] = { "mutex", "spin", "recursive", "rw" };
    const struct named *made = native_name_new(record, "lock", call->result);

    native_line(record);
    native_say(record, "lock%u = new-lock %s\n", made->number, kinds[call->argument[0] & 3]);
}

static void
record_acquire(struct native_record *record, const struct vmk_verb_call *call)
{
    if (call->argument[1] & VMK_IRQ_OFF)
        open_section(record, VM_INTERRUPTS_OFF);
    if (simple(record, "lock", "vmk_lock_acquire", call->argument[0]))
        native_say(record, "%s\n", call->argument[1] & VMK_SHARED ? " shared" : "");
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
    const struct named *made = native_name_new(record, "t", call->result);

    native_line(record);
    native_say(record, "t%u = task\n", made->number);
}

static void
record_allocate(struct native_record *record, const struct vmk_verb_call *call)
{
    const uint64_t *a = call->argument;
    uint64_t at = record->before[vmk_explore_self() + 1];
    uint64_t address = call->result == 0 ? *(const uint64_t *)(uintptr_t)a[1] : 0;
    const struct named *made;

    if (!is_known_task(record, a[0])) {
        native_unsaid(record, "vmk_sim_allocate", "in a task that the scenario did not make");
        return;
    }
    made =
        native_name_memory(record, "b", 0, space_of(a[0]), address, call->result == 0 ? a[2] : 0);
    native_line(record);
    native_say(record, "b%u = allocate", made->number);
    put_task(record, a[0]);
    native_say(record, " %" PRIu64, a[2]);
    if (at != 0)
        native_say(record, " at=0x%" PRIx64, at);
    native_say(record, "\n");
}

/* "WORD PLACE"; NULL, and said: the bytes are nobody's. */
static const struct named *
begin_memory(struct native_record *record, const struct vmk_verb_call *call, const char *word)
{
    const uint64_t *a = call->argument;
    uint64_t length = call->verb == VMK_VERB_sim_read    ? a[3]
                      : call->verb == VMK_VERB_sim_write ? a[4]
                                                         : a[2];
    const struct named *memory = native_memory_of(record, space_of(a[0]), a[1], length);

    if (memory == NULL) {
        native_unsaid(record, vmk_verb_name(call->verb), "of bytes that no line allocated");
        return NULL;
    }
    native_line(record);
    native_say(record, "%s", word);
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
    native_put_name(record, memory);
    if (has_rights)
        native_say(record, " %s", rights[a[3] & 7]);
    native_say(record, " offset=%" PRIu64 " length=%" PRIu64 "\n", a[1] - memory->address, a[2]);
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
    native_put_place(record, memory, a[1]);
    native_say(record, " %" PRIu64, is_store ? a[4] : a[3]);
    if (is_store)
        native_say(record, " value=%u",
                   from != NULL && a[4] > 0 ? from[0] : (unsigned)(uint8_t)a[3]);
    native_say(record, "\n");
}

static void
record_alloc(struct native_record *record, const struct vmk_verb_call *call, const char *word)
{
    const struct named *made =
        native_name_memory(record, "b", call->result, 0, call->result, call->argument[0]);

    native_line(record);
    native_say(record, "b%u = io-malloc %" PRIu64 "%s\n", made->number, call->argument[0], word);
}

static bool
record_memory(struct native_record *record, const struct vmk_verb_call *call)
{
    switch (call->verb) {
    case VMK_VERB_sim_task_create:
        record_task(record, call);
        return true;
    case VMK_VERB_sim_task_create_small:
        native_unsaid(record, "a task with pages of 4 KiB", "the file names no machine");
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
    const struct named *made = native_name_new(record, "dma", call->result);

    native_line(record);
    native_say(record, "dma%u = new-dma %u", made->number,
               spec->address_bits == 0 ? 64u : (unsigned)spec->address_bits);
    if (spec->max_segment != 0)
        native_say(record, " %" PRIu64, spec->max_segment);
    if (spec->alignment != 0)
        native_say(record, " align=%u", (unsigned)spec->alignment);
    if (spec->max_transfer != 0)
        native_say(record, " length=%" PRIu64, spec->max_transfer);
    native_say(record, "\n");
}

static void
record_dma_set(struct native_record *record, const struct vmk_verb_call *call)
{
    const struct named *desc = native_name_for(record, call->argument[1]);

    if (desc == NULL)
        native_unsaid(record, "vmk_dma_set", "to what the scenario did not make");
    else if (simple(record, "set-dma", "vmk_dma_set", call->argument[0])) {
        native_put_name(record, desc);
        native_say(record, "%s\n", call->argument[2] ? "" : " by-hand");
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
            native_say(record, "%s\n", a[1] ? "" : " by-hand");
        return true;
    case VMK_VERB_dma_prepare:
        if (simple(record, "prepare-dma", "vmk_dma_prepare", a[0]))
            native_say(record, " offset=%" PRIu64 " length=%" PRIu64 "\n", a[1], a[2]);
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

bool
native_record_verb(struct native_record *record, const struct vmk_verb_call *call)
{
    return record_descriptor(record, call) || record_mapping(record, call) ||
           record_section(record, call) || record_memory(record, call) || record_dma(record, call);
}
