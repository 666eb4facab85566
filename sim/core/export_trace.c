/* export_trace.c - see export_trace.h */
#include "export_trace.h"

#include <string.h>

#include "core_json.h"
#include "core_out.h"
#include "scn_state.h"

/* Processes of the trace are groups of tracks. */
enum { LINES = 1, CPUS, TASKS, FLOORS };

enum { LOOKBACK = 4096 /* map entries that are looked at for a cause */ };

enum floor { IOKIT, VM, PMAP, HW, DRIVER, FLOOR_COUNT };
static const char *const floor_names[FLOOR_COUNT] = { "iokit", "vm", "pmap", "hw", "driver" };

/* What is counted over time. */
static const enum trace_kind counted[] = { EV_FAULT,       EV_FAULT_REFUSED, EV_PMAP_ENTER,
                                           EV_PMAP_REMOVE, EV_PAGE_WIRE,     EV_PAGE_UNWIRE,
                                           EV_TLB_FLUSH,   EV_TLB_SHOOTDOWN };

/* The last event that took a page's translation or its rights, found by its page. */
struct page_cause {
    uint32_t space;
    uint64_t page;
    size_t after; /* index of the event + 1; 0: nothing here */
};

struct exporting {
    const struct core_out *out;
    const struct scn_report *report;
    uint64_t page_bytes;
    size_t put;               /* elements of the list so far */
    struct page_cause *pages; /* open addressing */
    size_t page_room;         /* a power of two, more than twice what is in it */
    size_t *entries;          /* indices of MAP_ENTER */
    size_t entry_count, entry_room;
    size_t noted; /* events before this one are known as causes */
    size_t flows;
    size_t step;       /* whose events are being written */
    size_t line_start; /* its first event */
    uint64_t counts[EV_KIND_COUNT];
};

/* ---- what an event is ---- */

static bool
is_fault(const struct trace_event *event)
{
    return event->kind == EV_FAULT || event->kind == EV_FAULT_REFUSED;
}

static bool
kind_begins(enum trace_kind kind, const char *word)
{
    return strncmp(trace_kind_name(kind), word, strlen(word)) == 0;
}

static enum floor
floor_of(enum trace_kind kind)
{
    static const struct {
        const char *begins;
        enum floor floor;
    } table[] = { { "PMAP_", PMAP },       { "TLB_", HW },      { "FAST_FAULT", PMAP },
                  { "DESC_", IOKIT },      { "IOMAP_", IOKIT }, { "STORE", DRIVER },
                  { "DEVICE", DRIVER },    { "LOCK", DRIVER },  { "UNLOCK", DRIVER },
                  { "MAY_BLOCK", DRIVER }, { "STALE", DRIVER }, { "LEAK", DRIVER } };

    for (size_t i = 0; i < VMM_COUNT_OF(table); i++) {
        if (kind_begins(kind, table[i].begins))
            return table[i].floor;
    }
    return VM;
}

/* Whether event.def gives the kind a field of that name. */
static bool
has_field(const struct trace_event *event, const char *name)
{
    struct core_field field = { .rest = trace_kind_fields(event->kind) };

    while (core_event_field(event, &field)) {
        if (strcmp(field.name, name) == 0)
            return true;
    }
    return false;
}

/* What vm_fault does on its way: all of it lies on the floors below maps. */
static bool
is_work_of_a_fault(const struct trace_event *event)
{
    return kind_begins(event->kind, "PAGE_") || kind_begins(event->kind, "PMAP_") ||
           kind_begins(event->kind, "TLB_") || event->kind == EV_OBJECT_CREATE ||
           event->kind == EV_OBJECT_SHADOW || event->kind == EV_OBJECT_FREE ||
           event->kind == EV_FAULT_UNSAFE;
}

/* Where the slice of the fault at `at` begins: at the first of its pieces of work. */
static size_t
fault_begin(const struct exporting *exporting, size_t at)
{
    const struct trace_event *events = exporting->report->events;

    if (events[at].kind != EV_FAULT)
        return at;
    while (at > exporting->line_start && is_work_of_a_fault(&events[at - 1]) &&
           events[at - 1].cpu == events[at].cpu)
        at--;
    return at;
}

/* ---- causes ---- */

static struct page_cause *
page_slot(const struct exporting *exporting, uint32_t space, uint64_t page)
{
    size_t mask = exporting->page_room - 1;
    size_t at = (size_t)((page * UINT64_C(0x9e3779b97f4a7c15) + space) >> 20) & mask;

    while (exporting->pages[at].after != 0 &&
           (exporting->pages[at].page != page || exporting->pages[at].space != space))
        at = (at + 1) & mask;
    return &exporting->pages[at];
}

static void
note_cause(struct exporting *exporting, size_t at)
{
    const struct trace_event *event = &exporting->report->events[at];
    struct page_cause *slot;

    if (event->kind == EV_MAP_ENTER)
        exporting->entries[exporting->entry_count++] = at;
    if (event->kind != EV_PMAP_REMOVE && event->kind != EV_PMAP_PROTECT)
        return;
    slot = page_slot(exporting, event->space, event->va / exporting->page_bytes);
    *slot = (struct page_cause){ event->space, event->va / exporting->page_bytes, at + 1 };
}

/* What left the fault's page without the translation: its removal, or the entry made lazily. 0: none. */
static size_t
find_cause(const struct exporting *exporting, const struct trace_event *fault)
{
    const struct trace_event *events = exporting->report->events;
    size_t after = page_slot(exporting, fault->space, fault->va / exporting->page_bytes)->after;
    size_t last = exporting->entry_count > LOOKBACK ? exporting->entry_count - LOOKBACK : 0;

    for (size_t i = exporting->entry_count; i > last && exporting->entries[i - 1] + 1 > after;
         i--) {
        const struct trace_event *entry = &events[exporting->entries[i - 1]];

        if (entry->space == fault->space && fault->va >= entry->va &&
            fault->va - entry->va < entry->length)
            return exporting->entries[i - 1] + 1;
    }
    return after;
}

static bool
make_room(struct exporting *exporting, const struct vmm_alloc *alloc)
{
    const struct scn_report *report = exporting->report;
    size_t pages = 1, entries = 1;

    for (size_t i = 0; i < report->event_count; i++) {
        enum trace_kind kind = report->events[i].kind;

        pages += kind == EV_PMAP_REMOVE || kind == EV_PMAP_PROTECT;
        entries += kind == EV_MAP_ENTER;
    }
    for (exporting->page_room = 16; exporting->page_room < 2 * pages;)
        exporting->page_room *= 2;
    exporting->entry_room = entries;
    exporting->pages = vmm_take_array(alloc, exporting->page_room, sizeof *exporting->pages);
    exporting->entries = vmm_take_array(alloc, entries, sizeof *exporting->entries);
    return exporting->pages != NULL && exporting->entries != NULL;
}

static void
give_room(const struct exporting *exporting, const struct vmm_alloc *alloc)
{
    vmm_give_array(alloc, exporting->pages, exporting->page_room, sizeof *exporting->pages);
    vmm_give_array(alloc, exporting->entries, exporting->entry_room, sizeof *exporting->entries);
}

/* ---- elements ---- */

/* One element of the list, up to its arguments. */
static struct core_json
begin(struct exporting *exporting, const char *phase, uint32_t group, uint64_t track,
      const char *name)
{
    struct core_json object;

    core_json_element(exporting->out, exporting->put++);
    object = core_json_begin(exporting->out);
    core_json_string(&object, "ph", phase);
    core_json_number(&object, "pid", group);
    core_json_number(&object, "tid", track);
    core_json_string(&object, "name", name);
    return object;
}

static void
put_name(struct exporting *exporting, const char *what, uint32_t group, uint64_t track,
         const char *name)
{
    struct core_json object = begin(exporting, "M", group, track, what);
    struct core_json arguments;

    core_json_key(&object, "args");
    arguments = core_json_begin(exporting->out);
    core_json_string(&arguments, "name", name);
    core_json_end(&arguments);
    core_json_end(&object);
}

static struct core_json
begin_slice(struct exporting *exporting, uint32_t group, uint64_t track, const char *name,
            const char *category, uint64_t start, uint64_t length)
{
    struct core_json object = begin(exporting, "X", group, track, name);

    core_json_string(&object, "cat", category);
    core_json_number(&object, "ts", start);
    core_json_number(&object, "dur", length);
    core_json_key(&object, "args");
    return object;
}

/* The event's fields as event.def names them. */
static void
put_fields(const struct core_out *out, const struct trace_event *event)
{
    struct core_field field = { .rest = trace_kind_fields(event->kind) };
    struct core_json object = core_json_begin(out);

    while (core_event_field(event, &field)) {
        char label[64];
        struct vmm_text text;

        vmm_text_init(&text, label, sizeof label);
        vmm_text_put_bytes(&text, field.label, field.label_length);
        if (field.is_address)
            core_json_hex(&object, label, field.value);
        else
            core_json_number(&object, label, field.value);
    }
    core_json_string(&object, "says", trace_kind_text(event->kind));
    core_json_string(&object, "xnu", trace_kind_xnu(event->kind));
    core_json_end(&object);
}

static void
put_event_slice(struct exporting *exporting, uint32_t group, uint64_t track, size_t at)
{
    const struct trace_event *event = &exporting->report->events[at];
    struct core_json slice = begin_slice(exporting, group, track, trace_kind_name(event->kind),
                                         floor_names[floor_of(event->kind)], at, 1);

    put_fields(exporting->out, event);
    core_json_end(&slice);
}

/* One end of an arrow: "s" where it comes from, "f" where it goes to. */
static void
put_arrow(struct exporting *exporting, const char *phase, uint32_t group, uint64_t track, size_t at)
{
    struct core_json arrow = begin(exporting, phase, group, track, "cause");

    core_json_string(&arrow, "cat", "fault");
    core_json_number(&arrow, "id", exporting->flows);
    core_json_number(&arrow, "ts", at);
    if (phase[0] == 'f')
        core_json_string(&arrow, "bp", "e");
    core_json_end(&arrow);
}

static void
put_fault(struct exporting *exporting, size_t at)
{
    const struct trace_event *event = &exporting->report->events[at];
    const char *detail = core_event_detail(event);
    size_t start = fault_begin(exporting, at);
    size_t cause;
    char name[96];
    struct vmm_text text;
    struct core_json slice;

    while (exporting->noted < start) /* what a fault does is not its own cause */
        note_cause(exporting, exporting->noted++);
    cause = find_cause(exporting, event);
    vmm_text_init(&text, name, sizeof name);
    vmm_text_format(&text, "%s %s", trace_kind_name(event->kind), detail != NULL ? detail : "");
    slice = begin_slice(exporting, CPUS, event->cpu + 1, name, "fault", start, at + 1 - start);
    put_fields(exporting->out, event);
    core_json_end(&slice);
    if (cause == 0)
        return;
    exporting->flows++;
    put_arrow(exporting, "s", FLOORS, floor_of(exporting->report->events[cause - 1].kind) + 1u,
              cause - 1);
    put_arrow(exporting, "f", CPUS, event->cpu + 1, start);
}

static void
put_counter(struct exporting *exporting, size_t at)
{
    enum trace_kind kind = exporting->report->events[at].kind;

    for (size_t i = 0; i < VMM_COUNT_OF(counted); i++) {
        struct core_json object, arguments;
        char name[48];
        struct vmm_text text;

        if (counted[i] != kind)
            continue;
        vmm_text_init(&text, name, sizeof name);
        vmm_text_format(&text, "%s so far", trace_kind_name(kind));
        object = begin(exporting, "C", FLOORS, 0, name);
        core_json_number(&object, "ts", at);
        core_json_key(&object, "args");
        arguments = core_json_begin(exporting->out);
        core_json_number(&arguments, "count", ++exporting->counts[kind]);
        core_json_end(&arguments);
        core_json_end(&object);
    }
}

/* Goes on to the line that made the event. */
static void
follow_line(struct exporting *exporting, size_t at)
{
    const struct scn_report *report = exporting->report;

    while (exporting->step < report->step_count && report->steps[exporting->step].first_event <= at)
        exporting->line_start = (size_t)report->steps[exporting->step++].first_event;
}

static void
put_event(struct exporting *exporting, size_t at)
{
    const struct trace_event *event = &exporting->report->events[at];

    follow_line(exporting, at);
    put_counter(exporting, at);
    if (is_fault(event)) {
        put_fault(exporting, at);
        return;
    }
    put_event_slice(exporting, FLOORS, floor_of(event->kind) + 1u, at);
    if (has_field(event, "space"))
        put_event_slice(exporting, TASKS, event->space + 1, at);
    if (event->kind == EV_TLB_SHOOTDOWN)
        put_event_slice(exporting, CPUS, event->count + 1, at);
}

/* ---- tracks ---- */

/* The track of a line: 1, or its thread's. */
static uint64_t
line_track(const struct scn_program *program, const struct scn_step *step)
{
    for (uint32_t i = 0; step->thread != NULL && i < scn_program_thread_count(program); i++) {
        if (strcmp(scn_program_thread_name(program, i), step->thread) == 0)
            return i + 2;
    }
    return 1;
}

static void
put_lines(struct exporting *exporting, const struct scn_program *program)
{
    const struct scn_report *report = exporting->report;

    put_name(exporting, "process_name", LINES, 0, "scenario");
    put_name(exporting, "thread_name", LINES, 1, "lines");
    for (uint32_t i = 0; i < scn_program_thread_count(program); i++)
        put_name(exporting, "thread_name", LINES, i + 2, scn_program_thread_name(program, i));
    for (size_t i = 0; i < report->step_count; i++) {
        const struct scn_step *step = &report->steps[i];
        struct core_json slice, arguments;

        if (step->event_count == 0)
            continue;
        slice = begin_slice(exporting, LINES, line_track(program, step), step->source, "line",
                            step->first_event, step->event_count);
        arguments = core_json_begin(exporting->out);
        core_json_number(&arguments, "line", step->line);
        core_json_string(&arguments, "narration", step->narration);
        core_json_end(&arguments);
        core_json_end(&slice);
    }
}

static void
put_numbered(struct exporting *exporting, uint32_t group, uint32_t count, const char *word)
{
    for (uint32_t i = 0; i < count; i++) {
        char name[32];
        struct vmm_text text;

        vmm_text_init(&text, name, sizeof name);
        vmm_text_format(&text, "%s %u", word, (unsigned)i);
        put_name(exporting, "thread_name", group, i + 1, name);
    }
}

static void
put_tracks(struct exporting *exporting)
{
    const struct scn_report *report = exporting->report;
    uint32_t cpus = 1, spaces = 1;

    for (size_t i = 0; i < report->event_count; i++) {
        const struct trace_event *event = &report->events[i];
        uint32_t cpu = event->kind == EV_TLB_SHOOTDOWN ? event->count : event->cpu;

        cpus = cpu >= cpus ? cpu + 1 : cpus;
        spaces = has_field(event, "space") && event->space >= spaces ? event->space + 1 : spaces;
    }
    put_name(exporting, "process_name", CPUS, 0, "CPUs");
    put_numbered(exporting, CPUS, cpus, "CPU");
    put_name(exporting, "process_name", TASKS, 0, "tasks");
    put_numbered(exporting, TASKS, spaces, "space");
    for (size_t i = 0; i < report->state->maps->space_count; i++)
        put_name(exporting, "thread_name", TASKS, report->state->maps->spaces[i].id + 1,
                 report->state->maps->spaces[i].name);
    put_name(exporting, "process_name", FLOORS, 0, "floors");
    for (uint32_t floor = 0; floor < FLOOR_COUNT; floor++)
        put_name(exporting, "thread_name", FLOORS, floor + 1, floor_names[floor]);
}

bool
export_trace(const struct core_out *out, const struct vmm_alloc *alloc, const char *file,
             const struct scn_program *program, const struct scn_report *report)
{
    struct exporting exporting = { .out = out,
                                   .report = report,
                                   .page_bytes = report->state->maps->page_bytes };
    struct core_json object = core_json_begin_answer(out, "run");
    bool has_room = make_room(&exporting, alloc);

    core_json_string(&object, "file", file);
    core_json_string(&object, "title", scn_program_title(program));
    core_json_profile(&object, report->profile);
    core_json_string(&object, "time", "the n-th event takes the n-th microsecond");
    core_json_list(&object, "traceEvents");
    if (has_room) {
        put_tracks(&exporting);
        put_lines(&exporting, program);
        for (size_t i = 0; i < report->event_count; i++)
            put_event(&exporting, i);
    }
    core_json_list_end(out);
    core_json_end_answer(&object);
    give_room(&exporting, alloc);
    return has_room;
}
