/*
 * scn_state.c - see scn_state.h
 *
 * The sink is called in the middle of an operation, right after a change. Maps, objects and tables are
 * whole then, because a floor announces what it has finished; only the counts that an operation has yet
 * to bring along may lag.
 */
#include "scn_state.h"

#include <string.h>

#include "core_out.h"
#include "scn_run.h"

/* ---- spaces ---- */

static uint8_t
bits_of(const struct vm_page_view *view)
{
    uint32_t bits = 0;

    bits |= view->is_resident ? SCN_PAGE_RESIDENT : 0u;
    bits |= view->page_wire_count > 0 ? SCN_PAGE_WIRED : 0u;
    bits |= view->is_translated ? SCN_PAGE_TRANSLATED : 0u;
    bits |= view->is_translation_wired ? SCN_PAGE_TRANSLATION_WIRED : 0u;
    bits |= (view->translation_prot & VMM_PROT_WRITE) != 0 ? SCN_PAGE_WRITABLE : 0u;
    return (uint8_t)bits;
}

/* A region with nothing in memory has no picture. */
static void
take_pages(struct scn_run *run, vmk_task_t task, const struct scn_region *from,
           struct scn_state_region *to)
{
    uint64_t page_bytes = vmk_sim_page_bytes(task);
    uint64_t pages = (from->region.end - from->region.start) / page_bytes;

    if (from->pages.resident == 0 && from->translated == 0)
        return;
    to->is_cut = pages > SCN_STATE_PAGES_MAX;
    pages = to->is_cut ? SCN_STATE_PAGES_MAX : pages;
    to->bits = core_arena_array(&run->keep, (size_t)pages, sizeof *to->bits);
    to->frames = core_arena_array(&run->keep, (size_t)pages, sizeof *to->frames);
    if (to->bits == NULL || to->frames == NULL)
        return;
    for (; to->page_count < pages; to->page_count++) {
        struct vm_page_view view;

        vmk_sim_probe(task, from->region.start + to->page_count * page_bytes, &view);
        to->bits[to->page_count] = bits_of(&view);
        to->frames[to->page_count] = view.is_translated ? view.translation_ppn : view.ppn;
    }
}

static void
take_space(struct scn_run *run, const struct scn_space *from, struct scn_state_space *to)
{
    vmk_task_t task = from->id == 0 ? vmk_kernel_task() : vmk_sim_task_by_id(from->id);

    to->space = from;
    to->regions = core_arena_array(&run->keep, from->region_count, sizeof *to->regions);
    for (size_t i = 0; to->regions != NULL && i < from->region_count; i++)
        take_pages(run, task, &from->regions[i], &to->regions[i]);
}

static void
take_spaces(struct scn_run *run, struct scn_state *state)
{
    size_t count;

    state->maps = scn_snapshot_take(run, run->now.step->line);
    count = state->maps != NULL ? state->maps->space_count : 0;
    state->spaces = core_arena_array(&run->keep, count, sizeof *state->spaces);
    for (size_t i = 0; state->spaces != NULL && i < count; i++)
        take_space(run, &state->maps->spaces[i], &state->spaces[i]);
}

/* ---- objects ---- */

/* What the callbacks of a look need. */
struct taking {
    struct scn_run *run;
    struct scn_state *state;
    struct scn_state_page *page;
    struct scn_state_cpu *cpu;
};

static void
see_mapping(void *context, uint32_t space, vmm_va va)
{
    struct scn_state_page *page = ((struct taking *)context)->page;

    if (page->mapping_count < SCN_STATE_MAPPINGS_MAX)
        page->mappings[page->mapping_count] = (struct scn_state_mapping){ space, va };
    page->mapping_count++;
}

static void
see_object(void *context, const struct vm_object *object)
{
    struct taking *taking = context;
    struct scn_state *state = taking->state;
    struct scn_state_object *to = &state->objects[state->object_count];
    vmm_off offset = 0;
    size_t room;

    state->objects_are_cut = state->object_count == SCN_STATE_OBJECTS_MAX;
    if (state->objects_are_cut)
        return;
    vm_look_object(object, &to->object);
    to->is_cut = to->object.resident_pages > SCN_STATE_PAGES_MAX;
    room = to->is_cut ? SCN_STATE_PAGES_MAX : (size_t)to->object.resident_pages;
    to->pages = core_arena_array(&taking->run->keep, room, sizeof *to->pages);
    if (to->pages == NULL)
        return;
    while (to->page_count < room &&
           vm_look_page(object, &offset, &to->pages[to->page_count].page)) {
        taking->page = &to->pages[to->page_count++];
        vm_look_mappings(taking->run->system, taking->page->page.ppn, see_mapping, taking);
    }
    state->object_count++;
}

static void
take_objects(struct taking *taking)
{
    taking->state->objects =
        core_arena_array(&taking->run->keep, SCN_STATE_OBJECTS_MAX, sizeof *taking->state->objects);
    if (taking->state->objects != NULL)
        vm_look_objects(taking->run->system, see_object, taking);
}

/* ---- CPUs ---- */

static void
see_line(void *context, const struct pmap_look_line *line)
{
    struct scn_state_cpu *cpu = ((struct taking *)context)->cpu;

    cpu->is_cut = cpu->line_count == SCN_STATE_TLB_LINES_MAX;
    if (!cpu->is_cut)
        cpu->lines[cpu->line_count++] = *line;
}

static void
take_cpus(struct taking *taking)
{
    struct scn_run *run = taking->run;
    struct scn_state *state = taking->state;
    size_t count = vm_system_cpu_count(run->system);

    state->cpus = core_arena_array(&run->keep, count, sizeof *state->cpus);
    if (state->cpus == NULL)
        return;
    for (; state->cpu_count < count; state->cpu_count++) {
        struct scn_state_cpu *cpu = &state->cpus[state->cpu_count];

        cpu->lines = core_arena_array(&run->keep, SCN_STATE_TLB_LINES_MAX, sizeof *cpu->lines);
        if (cpu->lines == NULL)
            return;
        vm_look_cpu(run->system, (uint32_t)state->cpu_count, &cpu->cpu);
        taking->cpu = cpu;
        vm_look_tlb(run->system, (uint32_t)state->cpu_count, see_line, taking);
    }
}

/* ---- the walk ---- */

bool
scn_event_has_address(const struct trace_event *event)
{
    struct core_field field = { .rest = trace_kind_fields(event->kind) };

    while (core_event_field(event, &field)) {
        if (strcmp(field.name, "va") == 0)
            return field.label == field.name;
    }
    return false;
}

/* The address that was asked for, else the one that the event is about. */
static void
take_walk(struct scn_run *run, struct scn_state *state)
{
    const struct scn_options *options = run->options;

    if (options->state_has_address) {
        state->walk_space = options->state_space;
        state->walk_va = options->state_address;
    } else if (state->has_last && scn_event_has_address(&state->last)) {
        state->walk_space = state->last.space;
        state->walk_va = state->last.va;
    } else {
        return;
    }
    state->walk_levels = vm_look_levels(run->system);
    state->walk_count = vm_look_walk(run->system, state->walk_space, state->walk_va, state->walk);
}

/* ---- the whole ---- */

static bool
is_asked(const struct scn_run *run, uint32_t part)
{
    return run->options->state_parts == 0 || (run->options->state_parts & part) != 0;
}

static void
take_state(struct scn_state_sink *sink, const struct trace_event *last)
{
    struct scn_run *run = sink->run;
    struct scn_state *state = core_arena_take(&run->keep, sizeof *state);
    struct taking taking = { .run = run, .state = state };
    const uint64_t *counters = vm_system_trace(run->system)->counters;

    if (state == NULL)
        return;
    state->event = sink->seen;
    state->has_last = last != NULL;
    if (last != NULL)
        state->last = *last;
    state->page_bytes = run->page_bytes;
    if (is_asked(run, SCN_STATE_MAPS))
        take_spaces(run, state);
    if (is_asked(run, SCN_STATE_OBJECTS))
        take_objects(&taking);
    if (is_asked(run, SCN_STATE_CPUS))
        take_cpus(&taking);
    if (is_asked(run, SCN_STATE_WALK))
        take_walk(run, state);
    for (size_t kind = 0; kind < EV_KIND_COUNT; kind++)
        state->counters[kind] = counters[kind] - run->start_counters[kind];
    run->report->state = state;
    if (run->options->follower != NULL)
        run->options->follower->state(run->options->follower->context, state);
}

static void
see(struct trace_sink *trace_sink, const struct trace_event *event)
{
    struct scn_state_sink *sink = VMM_CONTAINER(trace_sink, struct scn_state_sink, sink);

    const struct scn_options *options = sink->run->options;

    sink->seen++;
    if (options->follower != NULL)
        options->follower->event(options->follower->context, sink->seen);
    if (sink->seen == options->state_event)
        take_state(sink, event);
}

void
scn_state_watch(struct scn_state_sink *sink, struct scn_run *run)
{
    *sink = (struct scn_state_sink){ .sink = { .see = see }, .run = run };
}

void
scn_state_finish(struct scn_state_sink *sink)
{
    if (sink->run->report->state == NULL)
        take_state(sink, NULL);
}
