/*
 * native_live.c - what happens, told to a file while it happens
 *
 * A line of JSON for each event and each finding, in one write each, so that several worlds and several
 * programs may share the file. `faultline serve --follow FILE` shows it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "native_internal.h"

enum { LIVE_LINE_BYTES = 320 };

void
native_live_begin(struct faultline_world *world)
{
    const char *path = getenv("FAULTLINE_LIVE");

    world->live = path == NULL || path[0] == '\0'
                      ? -1
                      : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (path != NULL && path[0] != '\0' && world->live < 0)
        native_set_trouble("FAULTLINE_LIVE=%s cannot be opened", path);
}

void
native_live_end(struct faultline_world *world)
{
    if (world->live >= 0)
        close(world->live);
    world->live = -1;
}

/* A full disk ends the telling and not the test. */
static void
native_live_write(struct faultline_world *world, const struct vmm_text *line)
{
    if (write(world->live, line->bytes, line->length) != (ssize_t)line->length)
        native_live_end(world);
}

void
native_live_event(struct faultline_world *world, const struct trace_event *event)
{
    char bytes[LIVE_LINE_BYTES];
    struct vmm_text line;

    if (world->live < 0)
        return;
    vmm_text_init(&line, bytes, sizeof bytes);
    vmm_text_format(&line, "{\"event\": \"%s\", \"cpu\": %u, \"space\": %u, \"object\": %u, ",
                    trace_kind_name(event->kind), event->cpu, event->space, event->object);
    vmm_text_format(&line, "\"va\": \"0x%llx\", \"length\": %llu}\n", (unsigned long long)event->va,
                    (unsigned long long)event->length);
    native_live_write(world, &line);
}

void
native_live_finding(struct faultline_world *world, const char *rule)
{
    char bytes[LIVE_LINE_BYTES];
    struct vmm_text line;

    if (world->live < 0)
        return;
    vmm_text_init(&line, bytes, sizeof bytes);
    vmm_text_format(&line, "{\"finding\": \"%s\"}\n", rule);
    native_live_write(world, &line);
}
