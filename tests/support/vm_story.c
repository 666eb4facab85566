/*
 * vm_story.c - see vm_story.h
 */
#include "vm_story.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "vm/vm_map.h"
#include "vm/vm_user.h"

struct vm_story {
    FILE *file; /* into memory */
    char *text;
    size_t length;
    bool is_small; /* the pages that lines count in are not the machine's */
    unsigned cpu;
    unsigned names;                  /* names are bound once: each gets a number of its own */
    unsigned tasks[TASKS];           /* tN and wN, its window */
    unsigned entries[PLAIN_ENTRIES]; /* eN */
};

static const char *const inheritance_names[] = { "share", "copy", "none" };

static void __attribute__((format(printf, 2, 3)))
line(struct vm_story *story, const char *format, ...)
{
    va_list arguments;

    if (story == NULL)
        return;
    va_start(arguments, format);
    vfprintf(story->file, format, arguments);
    va_end(arguments);
    fputc('\n', story->file);
}

static const char *
rights_name(unsigned prot)
{
    static const char *const names[] = { "none",          "read",
                                         "write",         "read-write",
                                         "execute",       "read-execute",
                                         "write-execute", "read-write-execute" };

    return names[prot & VMM_PROT_ALL];
}

struct vm_story *
vm_story_create(void)
{
    struct vm_story *story = calloc(1, sizeof(*story));

    if (story == NULL)
        return NULL;
    story->file = open_memstream(&story->text, &story->length);
    if (story->file == NULL) {
        free(story);
        return NULL;
    }
    return story;
}

void
vm_story_begin(struct vm_story *story, const struct vm_trial_setting *setting)
{
    line(story,
         "title \"what the property test found with seed %" PRIu64
         "\"\nprofile %s\nmachine %scpus=2 frames=%u store=65536\nfile = file %up",
         setting->seed, setting->profile, setting->is_small ? "m1 " : "", (unsigned)setting->frames,
         PLAIN_FILE_PAGES);
    if (story != NULL)
        story->is_small = setting->is_small;
}

void
vm_story_cpu(struct vm_story *story, unsigned cpu)
{
    if (story == NULL || story->cpu == cpu)
        return;
    story->cpu = cpu;
    line(story, "on-cpu %u", cpu);
}

/* ---- one line per call ---- */

static void
tell_task(struct vm_story *story, unsigned task, const char *made)
{
    story->tasks[task] = ++story->names;
    line(story, "t%u = %s", story->names, made);
    line(story, "w%u = region t%u %up at=0x%" PRIx64, story->names, story->names, PAGES,
         (uint64_t)VM_TRIAL_WINDOW);
}

static void
tell_fork(struct vm_story *story, const struct vm_operation *op)
{
    char made[32];

    snprintf(made, sizeof(made), "fork t%u", story->tasks[op->task]);
    tell_task(story, op->other, made);
}

static uint64_t
address_of(const struct vm_operation *op)
{
    return VM_TRIAL_WINDOW + (uint64_t)op->first * PAGE;
}

static void
tell_allocate(struct vm_story *story, const struct vm_operation *op)
{
    line(story, "a%u = allocate t%u %up at=0x%" PRIx64 "%s%s", ++story->names,
         story->tasks[op->task], op->count, address_of(op), op->flag ? " overwrite" : "",
         op->copies ? " purgable" : "");
}

static void
tell_copy(struct vm_story *story, const struct vm_operation *op)
{
    line(story, "copy w%u+%up w%u+%up length=%u", story->tasks[op->other], op->source,
         story->tasks[op->task], op->first,
         (unsigned)op->count * PAGE - (op->flag ? (unsigned)PAGE / 2 : 0u));
}

static void
tell_remap(struct vm_story *story, const struct vm_operation *op)
{
    line(story, "r%u = remap t%u w%u+%up %s length=%up at=0x%" PRIx64 "%s inherit=%s",
         ++story->names, story->tasks[op->task], story->tasks[op->other], op->source,
         op->copies ? "copy" : "share", op->count, address_of(op), op->flag ? " overwrite" : "",
         inheritance_names[op->value]);
}

static void
tell_memory_entry(struct vm_story *story, const struct vm_operation *op)
{
    story->entries[op->entry] = ++story->names;
    line(story, "e%u = memory-entry w%u+%up read-write length=%up%s", story->names,
         story->tasks[op->task], op->first, op->count, op->copies ? " copy" : "");
}

/* "e3", or "file". */
static const char *
entry_name(const struct vm_story *story, unsigned entry, char name[16])
{
    if (entry == 0)
        return "file";
    snprintf(name, 16, "e%u", story->entries[entry]);
    return name;
}

static void
tell_map_entry(struct vm_story *story, const struct vm_operation *op)
{
    char name[16];

    line(story,
         "m%u = map-entry %s t%u read-write%s at=0x%" PRIx64 " offset=%up length=%up%s inherit=%s",
         ++story->names, entry_name(story, op->entry, name), story->tasks[op->task],
         op->copies ? " copy" : "", address_of(op), op->source, op->count,
         op->flag ? " overwrite" : "", inheritance_names[op->value]);
}

/* VERB wN WORD [MORE] offset=N length=N */
static void
tell_range(struct vm_story *story, const struct vm_operation *op, const char *verb,
           const char *word)
{
    line(story, "%s w%u %s offset=%up length=%up", verb, story->tasks[op->task], word, op->first,
         op->count);
}

static void
tell_protect(struct vm_story *story, const struct vm_operation *op)
{
    char word[48];

    snprintf(word, sizeof(word), "%s%s", rights_name(op->prot), op->flag ? " maximum" : "");
    tell_range(story, op, "protect", word);
}

static void
tell_behavior(struct vm_story *story, const struct vm_operation *op)
{
    static const char *const names[VM_BEHAVIOR_COUNT] = {
        [VM_BEHAVIOR_DEFAULT] = "default",       [VM_BEHAVIOR_RANDOM] = "random",
        [VM_BEHAVIOR_SEQUENTIAL] = "sequential", [VM_BEHAVIOR_RSEQNTL] = "reverse-sequential",
        [VM_BEHAVIOR_WILLNEED] = "will-need",    [VM_BEHAVIOR_DONTNEED] = "dont-need",
        [VM_BEHAVIOR_PAGEOUT] = "pageout",
    };

    tell_range(story, op, "behavior", names[op->value]);
}

static void
tell_msync(struct vm_story *story, const struct vm_operation *op)
{
    char words[48];

    snprintf(words, sizeof(words), "deactivate%s%s",
             op->value & VM_SYNC_CONTIGUOUS ? " contiguous" : "",
             op->value & VM_SYNC_SYNCHRONOUS ? " sync" : "");
    tell_range(story, op, "msync", words);
}

static void
tell_bytes(struct vm_story *story, const struct vm_operation *op)
{
    line(story, "store w%u+0x%x 1 value=%u", story->tasks[op->task],
         (unsigned)op->first * PAGE + VM_TRIAL_BYTE_AT, op->value);
}

/* The verbs whose line is a range, and the short ones. */
static void
tell_rest(struct vm_story *story, const struct vm_operation *op)
{
    char name[16];

    switch (op->verb) {
    case TERMINATE:
        line(story, "terminate t%u", story->tasks[op->task]);
        break;
    case DEALLOCATE:
        tell_range(story, op, "deallocate", "");
        break;
    case INHERIT:
        tell_range(story, op, "inherit", inheritance_names[op->value]);
        break;
    case USER_WIRE:
        tell_range(story, op, "user-wire", rights_name(op->prot));
        break;
    case USER_UNWIRE:
        tell_range(story, op, "user-unwire", "");
        break;
    case KERNEL_WIRE:
        tell_range(story, op, "kernel-wire", rights_name(op->prot));
        break;
    case KERNEL_UNWIRE:
        tell_range(story, op, "kernel-unwire", "");
        break;
    case PAGE_OUT:
        tell_range(story, op, "page-out", "");
        break;
    case RECLAIM:
        line(story, "reclaim %u", op->count);
        break;
    case PURGABLE:
        line(story, "purgable w%u+%up volatile", story->tasks[op->task], op->first);
        break;
    case RELEASE_ENTRY:
        line(story, "release-entry %s", entry_name(story, op->entry, name));
        break;
    default: /* a load: vm_story_load() tells it */
        break;
    }
}

void
vm_story_operation(struct vm_story *story, const struct vm_operation *op)
{
    static void (*const tellers[VERB_COUNT])(struct vm_story *, const struct vm_operation *) = {
        [FORK] = tell_fork,
        [ALLOCATE] = tell_allocate,
        [PROTECT] = tell_protect,
        [STORE] = tell_bytes,
        [COPY] = tell_copy,
        [REMAP] = tell_remap,
        [BEHAVIOR] = tell_behavior,
        [MSYNC] = tell_msync,
        [MEMORY_ENTRY] = tell_memory_entry,
        [MAP_ENTRY] = tell_map_entry,
    };

    if (story == NULL)
        return;
    if (op->verb == TASK)
        tell_task(story, op->task, story->is_small ? "task pages=4K" : "task");
    else if (tellers[op->verb] != NULL)
        tellers[op->verb](story, op);
    else
        tell_rest(story, op);
}

void
vm_story_load(struct vm_story *story, unsigned task, unsigned page)
{
    if (story != NULL)
        line(story, "load w%u+0x%x 1", story->tasks[task], page * PAGE + VM_TRIAL_BYTE_AT);
}

void
vm_story_pressure(struct vm_story *story, const struct vm_operation *op)
{
    if (story == NULL)
        return;
    if (op->flag)
        line(story, "purge-all");
    else
        line(story, "reclaim %u", op->count);
    line(story, "purgable w%u+%up nonvolatile", story->tasks[op->task], op->first);
}

void
vm_story_file_fails(struct vm_story *story, unsigned first, unsigned count)
{
    if (count == 0)
        line(story, "file-fail file ok");
    else
        line(story, "file-fail file KERN_MEMORY_FAILURE offset=%up length=%up", first, count);
}

void
vm_story_map_file(struct vm_story *story, unsigned task)
{
    if (story != NULL)
        line(story, "f%u = map-entry file t%u read", ++story->names, story->tasks[task]);
}

void
vm_story_load_file(struct vm_story *story, unsigned page)
{
    if (story != NULL)
        line(story, "load f%u+0x%x 1", story->names, page * PAGE + VM_TRIAL_BYTE_AT);
}

void
vm_story_unmap_file(struct vm_story *story)
{
    if (story != NULL)
        line(story, "deallocate f%u", story->names);
}

/* ---- what did not hold ---- */

/* The number in the subject's own words. */
static void
put_value(struct vm_story *story, const char *subject, int64_t value)
{
    if (strstr(subject, "rights") != NULL)
        line(story, "%s", rights_name((unsigned)value));
    else if (strcmp(subject, "inheritance") == 0)
        line(story, "%s", inheritance_names[value]);
    else
        line(story, "%" PRId64, value);
}

void
vm_story_expect(struct vm_story *story, const char *subject, unsigned task, unsigned page,
                const char *rest, int64_t value)
{
    if (story == NULL)
        return;
    fprintf(story->file, "expect %s ", subject);
    if (strcmp(subject, "loaded") != 0)
        fprintf(story->file, "w%u+%up ", story->tasks[task], page);
    if (rest != NULL)
        fprintf(story->file, "%s ", rest);
    put_value(story, subject, value);
}

void
vm_story_expect_result(struct vm_story *story, enum vmm_status status)
{
    line(story, "expect result %s", status == VMM_OK ? "ok" : vmm_status_name(status));
}

void
vm_story_expect_none(struct vm_story *story, const char *counter)
{
    line(story, "expect statistic %s 0", counter);
}

void
vm_story_check(struct vm_story *story)
{
    line(story, "check");
}

/* ---- the file ---- */

/* "3p" as "12K", where a page is not the machine's. */
static bool
write_as_bytes(const struct vm_story *story, FILE *file)
{
    const char *at = story->text;

    while (at < story->text + story->length) {
        size_t digits = strspn(at, "0123456789");
        bool is_pages =
            digits > 0 && at[digits] == 'p' && strspn(at + digits + 1, "0123456789") == 0;

        if (is_pages)
            fprintf(file, "%luK", strtoul(at, NULL, 10) * 4);
        else
            fwrite(at, 1, digits > 0 ? digits : 1, file);
        at += is_pages ? digits + 1 : digits > 0 ? digits : 1;
    }
    return ferror(file) == 0;
}

/* Beside it first, and then in its place. */
static bool
write_file(const struct vm_story *story, const char *path)
{
    char beside[512];
    FILE *file;
    bool is_whole;

    snprintf(beside, sizeof(beside), "%s.part", path);
    file = fopen(beside, "wb");
    if (file == NULL)
        return false;
    is_whole = story->is_small ? write_as_bytes(story, file)
                               : fwrite(story->text, 1, story->length, file) == story->length;
    is_whole &= fclose(file) == 0;
    if (is_whole && rename(beside, path) == 0)
        return true;
    (void)remove(beside);
    return false;
}

bool
vm_story_end(struct vm_story *story, const char *path)
{
    bool is_written = false;

    if (story == NULL)
        return false;
    if (fclose(story->file) == 0) {
        printf("%s", story->text);
        is_written = write_file(story, path);
    }
    free(story->text);
    free(story);
    return is_written;
}
