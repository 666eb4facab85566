/*
 * native_findings.c - what the rules find, where, and what of it is not told
 *
 * A rule sees events; which line of the driver made the call is on the stack at that moment, so it is
 * kept then and named when somebody asks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/idtable.h"
#include "native_internal.h"

/* ---- suppressions ---- */

/* Whether one of the functions around a finding has this name. */
static bool
native_is_in(const struct native_site *site, const char *function)
{
    struct native_where where[8];
    bool is_in = strcmp(function, "*") == 0;

    for (size_t i = 0; !is_in && i < site->count; i++) {
        size_t count = native_where(site->frames[i] - 1, where, 8);

        for (size_t k = 0; !is_in && k < count; k++)
            is_in = strcmp(where[k].function, function) == 0;
    }
    return is_in;
}

static bool
native_is_suppressed(const struct faultline_world *world, const char *rule,
                     const struct native_site *site)
{
    const struct native_suppression *at = world->suppressions;

    while (at != NULL && (strcmp(at->rule, rule) != 0 || !native_is_in(site, at->function)))
        at = at->next;
    return at != NULL;
}

/* One line: a rule, a function or `*`, and why. Empty lines and those that begin with # say nothing. */
static bool
native_read_suppression(struct faultline_world *world, const char *path, unsigned line, char *text)
{
    struct native_suppression *made;
    char rule[64], function[128];
    int behind = 0;
    int words = sscanf(text, " %63s %127s %n", rule, function, &behind);

    if (words < 1 || rule[0] == '#')
        return true;
    if (verify_rule_find(rule, strlen(rule)) == NULL) {
        native_set_trouble("%s:%u:%d: no such rule: %s: `faultline rules` lists them", path, line,
                           (int)strspn(text, " \t") + 1, rule);
        return false;
    }
    if (words < 2 || text[behind] == '\0' || text[behind] == '\n') {
        native_set_trouble(
            "%s:%u:%zu: no reason: write `RULE FUNCTION WHY`, with * for any function", path, line,
            strcspn(text, "\n") + 1);
        return false;
    }
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        native_give_up("no memory");
    snprintf(made->rule, sizeof(made->rule), "%s", rule);
    snprintf(made->function, sizeof(made->function), "%s", function);
    made->next = world->suppressions;
    world->suppressions = made;
    return true;
}

bool
native_read_suppressions(struct faultline_world *world, const char *path)
{
    FILE *file = fopen(path, "r");
    char text[1024];
    bool is_good = file != NULL;

    if (file == NULL)
        native_set_trouble("%s:1:1: cannot be read: FAULTLINE_SUPPRESSIONS names a file", path);
    for (unsigned line = 1; is_good && fgets(text, sizeof(text), file) != NULL; line++)
        is_good = native_read_suppression(world, path, line, text);
    if (file != NULL)
        fclose(file);
    return is_good;
}

void
native_free_suppressions(struct faultline_world *world)
{
    while (world->suppressions != NULL) {
        struct native_suppression *first = world->suppressions;

        world->suppressions = first->next;
        free(first);
    }
}

/* ---- watching ---- */

static uint32_t
native_leak_kind(uint32_t kind)
{
    return kind == TRACE_LEAK_BUFFER ? TRACE_LEAK_DESCRIPTOR : kind;
}

static void
native_keep_maker(struct faultline_world *world, uint32_t kind, uint32_t object)
{
    struct native_maker *maker = &world->makers[world->maker_count++ % NATIVE_MAKERS];

    maker->kind = kind;
    maker->object = object;
    maker->count = native_backtrace(0, maker->frames, NATIVE_FRAMES);
}

void
faultline_note_lock(vmk_lock_t lock)
{
    if (native_current() != NULL)
        native_keep_maker(native_current(), TRACE_LEAK_LOCK, vmm_idtable_number((uintptr_t)lock));
}

void
faultline_note_descriptor(vmk_desc_t desc)
{
    if (native_current() != NULL)
        native_keep_maker(native_current(), TRACE_LEAK_DESCRIPTOR, vmk_sim_desc_id(desc));
}

/* Where a leak's object was made, which says more than where its loss was noticed. */
static const struct native_maker *
native_maker_of(const struct faultline_world *world, const struct trace_event *event)
{
    uint32_t kind = native_leak_kind(event->detail);

    for (size_t i = world->maker_count; i > 0 && i + NATIVE_MAKERS > world->maker_count; i--) {
        const struct native_maker *maker = &world->makers[(i - 1) % NATIVE_MAKERS];

        if (maker->kind == kind && maker->object == event->object)
            return maker;
    }
    return NULL;
}

/* The place of a finding that was just made; a suppressed one is forgotten. */
static void
native_place_finding(struct faultline_world *world, size_t index)
{
    struct native_site *site = &world->sites[index];
    const struct trace_event *event = &world->findings[index].event;
    const struct native_maker *maker =
        event->kind == EV_LEAK ? native_maker_of(world, event) : NULL;

    *site = (struct native_site){ .count = maker == NULL ? 0 : maker->count };
    if (maker != NULL)
        memcpy(site->frames, maker->frames, sizeof(site->frames));
    else
        site->count = native_backtrace(0, site->frames, NATIVE_FRAMES);
    if (native_is_suppressed(world, world->findings[index].rule->id, site))
        world->verify.count--;
}

static void
native_see(struct trace_sink *sink, const struct trace_event *event)
{
    struct faultline_world *world = VMM_CONTAINER(sink, struct faultline_world, sink);
    size_t before = world->verify.count;

    native_note_call(world, event);
    if (event->kind == EV_IOMAP_CREATE)
        native_keep_maker(world, TRACE_LEAK_MAPPING, event->object);
    else if (event->kind == EV_DESC_RANGE)
        native_keep_maker(world, TRACE_LEAK_DESCRIPTOR, event->object);
    world->verify.sink.see(&world->verify.sink, event);
    /* One event makes one finding or none of a kind that can be suppressed; the last ones go first. */
    for (size_t index = world->verify.count; index > before; index--)
        native_place_finding(world, index - 1);
    native_live_event(world, event);
    for (size_t index = before; index < world->verify.count; index++)
        native_live_finding(world, world->findings[index].rule->id);
}

void
native_watch(struct faultline_world *world)
{
    native_live_begin(world);
    world->sink.see = native_see;
    trace_attach(vm_system_trace(world->system), &world->sink);
}

/* ---- what a test asks ---- */

unsigned
faultline_finding_count(void)
{
    const struct faultline_world *world = native_current();

    return world == NULL ? 0 : (unsigned)world->verify.count;
}

const char *
faultline_finding_rule(unsigned index)
{
    return index < faultline_finding_count() ? native_current()->findings[index].rule->id : "";
}

int
faultline_finding_at(unsigned index, struct faultline_finding *finding)
{
    static struct native_where at;
    const struct faultline_world *world = native_current();

    if (index >= faultline_finding_count())
        return 0;
    *finding = (struct faultline_finding){ .kind = FAULTLINE_RULE,
                                           .rule = world->findings[index].rule->id,
                                           .profile = faultline_profile(),
                                           .report = native_text(world, index, &at),
                                           .file = at.file,
                                           .function = at.function,
                                           .address = world->findings[index].event.va };
    finding->line = at.line;
    return 1;
}

int
faultline_finding_unexpected(void)
{
    const struct faultline_world *world = native_current();

    for (unsigned i = 0; i < faultline_finding_count(); i++)
        if (!world->sites[i].is_expected && world->findings[i].rule->severity != VERIFY_ADVICE)
            return (int)i;
    return -1;
}

int
faultline_finding_expect(const char *rule)
{
    struct faultline_world *world = native_current();

    for (unsigned i = 0; i < faultline_finding_count(); i++)
        if (!world->sites[i].is_expected && strcmp(world->findings[i].rule->id, rule) == 0) {
            world->sites[i].is_expected = true;
            return 1;
        }
    return 0;
}
