/*
 * native_record.c - see native_record.h
 *
 * A handle gets a name where it is made, and an address the name of the memory that it lies in. What one
 * thread did after the other stands in that order, each line on the CPU that the call was made on.
 */
#define _GNU_SOURCE 1 /* open_memstream() */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native_record_internal.h"

enum { FRAMES_MAX = 1 << 18 /* that a scenario's machine can have; what needs more is rare */ };

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

    if (!native_record_verb(record, call))
        native_unsaid(record, vmk_verb_name(call->verb), "the language has no line for it");
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
    const struct named *memory = record == NULL ? NULL : native_memory_of(record, space, va, 1);

    if (record == NULL)
        return;
    if (memory == NULL) {
        native_unsaid(record, is_write ? "a store" : "a load",
                      "of a byte that no line allocated or mapped");
        return;
    }
    native_line(record);
    native_say(record, is_write ? "store" : "load");
    native_put_place(record, memory, va);
    native_say(record, " 1\n");
}

void
native_record_unload(struct faultline_world *world)
{
    if (world->record != NULL)
        native_say(world->record, "unload\n");
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
    if (snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid()) >=
        (int)sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return false;
    }
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
