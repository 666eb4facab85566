/*
 * native_inject.c - calls that fail because a test wants to see what the driver does then
 *
 * Either the nth of a kind, or all, one after the other: every way that leads to a call that can fail is
 * a stack of return addresses, which fork() leaves as they are. So the parent keeps the stacks in
 * memory that its children share, and runs a child for each, in which the first call with that stack
 * fails. Ways that only an earlier failure leads to are found on the way.
 */
#define _GNU_SOURCE 1 /* MAP_ANONYMOUS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native_internal.h"

enum { SITES = 4096, CHILD_SECONDS = 60 }; /* GUESS: more than any driver's test needs */

#define NO_SITE SIZE_MAX

struct inject_site {
    enum vmm_call call;
    size_t count;
    uint64_t frames[NATIVE_FRAMES];
};

/* Shared by a parent and its children. */
struct inject_table {
    size_t count;
    struct inject_site sites[SITES];
};

static unsigned due[VMM_CALL_COUNT]; /* calls until the one that fails; 0: none does */
static unsigned failed;
static struct inject_table *table; /* NULL: nobody tries all */
static size_t target = NO_SITE;    /* the site that fails in this child */

/* ---- one call ---- */

/* The number of a stack in the table, new or known; SITES: the table is full, and it is not tried. */
static size_t
inject_site(enum vmm_call call)
{
    struct inject_site site = { .call = call };
    size_t at = 0;

    site.count = native_backtrace(0, site.frames, NATIVE_FRAMES);
    while (at < table->count &&
           (table->sites[at].call != call || table->sites[at].count != site.count ||
            memcmp(table->sites[at].frames, site.frames, sizeof(site.frames)) != 0))
        at++;
    if (at == table->count && at < SITES)
        table->sites[table->count++] = site;
    return at;
}

static bool
inject_fails(enum vmm_call call)
{
    bool fails = false;

    if (table != NULL) {
        fails = inject_site(call) == target;
        if (fails)
            target = NO_SITE; /* once */
    } else if (due[call] > 0) {
        fails = --due[call] == 0;
    }
    failed += fails;
    return fails;
}

bool
native_fails(struct vmm_injector *injector, enum vmm_call call)
{
    bool fails = inject_fails(call);

    native_record_call(VMM_CONTAINER(injector, struct faultline_world, injector), call, fails);
    return fails;
}

/* The kind of a name; VMM_CALL_COUNT: none. */
static enum vmm_call
inject_kind(const char *name)
{
    unsigned kind = 0;

    while (kind < VMM_CALL_COUNT && strcmp(vmm_call_name((enum vmm_call)kind), name) != 0)
        kind++;
    return (enum vmm_call)kind;
}

int
faultline_call_fails(const char *call)
{
    enum vmm_call kind = inject_kind(call);

    return kind < VMM_CALL_COUNT && inject_fails(kind);
}

int
faultline_fail(const char *call, unsigned nth)
{
    enum vmm_call kind = inject_kind(call);

    if (kind == VMM_CALL_COUNT) {
        native_set_trouble("no such call: %s", call);
        return 0;
    }
    due[kind] = nth;
    return 1;
}

unsigned
faultline_failed_count(void)
{
    return failed;
}

/* ---- all of them ---- */

static void
inject_say(const struct inject_site *site, int result)
{
    struct native_where where[8];
    bool is_done = false;

    printf("not handled: %s fails (%s)\n", vmm_call_name(site->call),
           result >= 128 ? "the process died" : "findings above");
    for (size_t i = 0; i < site->count && !is_done; i++) {
        size_t count = native_where(site->frames[i] - 1, where, 8);

        for (size_t k = 0; k < count; k++)
            if (where[k].line != 0 && !native_is_kits(&where[k]))
                printf("    %s at %s:%d\n", where[k].function, where[k].file, where[k].line);
        is_done = strcmp(where[count - 1].function, "faultline_run_here") == 0 ||
                  strcmp(where[count - 1].function, "main") == 0;
    }
    fflush(stdout);
}

/* What a child said on stderr, which is nobody's business when all was well. */
static void
inject_repeat(FILE *said)
{
    char text[4096];
    size_t length;

    rewind(said);
    while ((length = fread(text, 1, sizeof(text), said)) > 0)
        fwrite(text, 1, length, stderr);
}

int
faultline_in_child(int (*run)(void *context), void *context)
{
    FILE *said = tmpfile();
    pid_t child;
    int status = 0, result;

    fflush(NULL);
    child = said == NULL ? -1 : fork();
    if (child < 0)
        native_give_up("the host refuses a process");
    if (child == 0) {
        if (dup2(fileno(said), STDERR_FILENO) < 0)
            _exit(1);
        alarm(CHILD_SECONDS);
        result = run(context);
        fflush(NULL);
        _exit(result);
    }
    if (waitpid(child, &status, 0) != child)
        native_give_up("a process was lost");
    result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (result != 0)
        inject_repeat(said);
    fclose(said);
    return result;
}

unsigned
faultline_inject_all(int (*run)(void *context), void *context, unsigned *tried)
{
    unsigned unhandled = 0;

    table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED)
        native_give_up("the host refuses memory");
    target = NO_SITE;
    if (faultline_in_child(run, context) != 0) {
        printf("not tried: the test fails as it is\n");
        table->count = 0;
        unhandled = 1;
    }
    for (target = 0; target < table->count; target++) {
        int result = faultline_in_child(run, context);

        if (result == 0)
            continue;
        inject_say(&table->sites[target], result);
        unhandled++;
    }
    if (tried != NULL)
        *tried = (unsigned)table->count;
    munmap(table, sizeof(*table));
    table = NULL;
    return unhandled;
}
