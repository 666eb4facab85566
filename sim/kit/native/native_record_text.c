/*
 * native_record_text.c - see native_record_internal.h
 */
#include "native_record_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

/* ---- names ---- */

struct named *
native_name_new(struct native_record *record, const char *letter, uint64_t handle)
{
    struct named *made = calloc(1, sizeof(*made));

    if (made == NULL)
        native_give_up("no memory");
    *made = (struct named){ .next = record->names, .letter = letter, .handle = handle };
    made->number = ++record->name_count;
    record->names = made;
    return made;
}

struct named *
native_name_memory(struct native_record *record, const char *letter, uint64_t handle,
                   uint32_t space, uint64_t address, uint64_t length)
{
    struct named *made = native_name_new(record, letter, handle);

    made->space = space;
    made->address = address;
    made->length = length;
    return made;
}

const struct named *
native_name_for(const struct native_record *record, uint64_t handle)
{
    const struct named *at = record->names;

    while (at != NULL && (handle == 0 || at->handle != handle))
        at = at->next;
    return at;
}

const struct named *
native_memory_of(const struct native_record *record, uint32_t space, uint64_t address,
                 uint64_t length)
{
    const struct named *at = record->names;

    while (at != NULL && (at->length == 0 || at->space != space || address < at->address ||
                          length > at->length || address - at->address > at->length - length))
        at = at->next;
    return at;
}

/* ---- lines ---- */

__attribute__((format(printf, 2, 3))) void
native_say(struct native_record *record, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(record->lines, format, arguments);
    va_end(arguments);
}

void
native_line(struct native_record *record)
{
    uint32_t cpu = vm_system_trace(vmk_sim_system())->cpu;

    if (cpu != record->cpu)
        native_say(record, "on-cpu %u\n", (unsigned)cpu);
    record->cpu = cpu;
    if (record->failed_nth > 0)
        native_say(record, "fail %s %" PRIu64 "\n", vmm_call_name(record->failed),
                   record->failed_nth);
    record->failed_nth = 0;
}

void
native_unsaid(struct native_record *record, const char *verb, const char *why)
{
    record->unsaid++;
    native_say(record, "# not said: %s: %s\n", verb, why);
}

void
native_put_name(struct native_record *record, const struct named *name)
{
    native_say(record, " %s%u", name->letter, name->number);
}

void
native_put_place(struct native_record *record, const struct named *memory, uint64_t address)
{
    native_put_name(record, memory);
    if (address != memory->address)
        native_say(record, "+0x%" PRIx64, address - memory->address);
}
