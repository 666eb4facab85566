/*
 * scn_expect.c - expectations and reports: look, compare, say what was found
 *
 * A subject that is a number is looked up by one function for expect and report alike. Looking
 * disturbs nothing: probes and counters only.
 */
#include "scn_run.h"

#include <string.h>

enum { SAID_MAX = 512 };

/* ---- numbers ---- */

struct look {
    const struct scn_run *run;
    const struct scn_claim *claim;
    struct vmm_text *why; /* why there is no number */
};

const struct scn_object *
scn_claim_object(const struct scn_run *run, const struct scn_claim *claim, size_t place,
                 struct vmm_text *why)
{
    const struct scn_object *object = scn_object_of(run, &claim->places[place]);

    if (object->is_made && !object->is_null)
        return object;
    vmm_text_put(why, object->is_made ? "null: there is nothing to look at"
                                      : "nothing: the line that makes it did not run");
    return NULL;
}

static const struct scn_object *
look_at(const struct look *look, size_t place)
{
    return scn_claim_object(look->run, look->claim, place, look->why);
}

/* The bytes of one place: all of a name, the page at an offset, or what offset= and length= say. */
static struct scn_stretch
look_bytes(const struct look *look, size_t place)
{
    const struct scn_claim *claim = look->claim;
    const struct scn_object *object = scn_object_of(look->run, &claim->places[place]);
    struct scn_stretch bytes = scn_place_bytes(look->run, &claim->places[place], 1);
    uint64_t to_top;

    if (claim->has_offset) {
        uint64_t offset = scn_value(look->run, claim->offset);

        bytes.address = object->address + offset;
        if (!claim->places[place].has_length)
            bytes.length = offset < object->length ? object->length - offset : 0;
    }
    if (claim->has_length)
        bytes.length = scn_value(look->run, claim->length);
    to_top = UINT64_MAX - bytes.address;
    if (bytes.length > to_top)
        bytes.length = to_top;
    return bytes;
}

static bool
look_pages(const struct look *look, uint64_t *value)
{
    enum scn_subject_id subject = look->claim->subject;
    uint64_t sum = 0;

    for (size_t i = 0; i < look->claim->place_count; i++) {
        struct scn_stretch bytes = look_bytes(look, i);
        uint64_t wired = 0;
        uint64_t count = 0;

        if (look_at(look, i) == NULL)
            return false;
        if (bytes.length == 0)
            continue;
        if (subject == SCN_SUBJECT_TRANSLATED || subject == SCN_SUBJECT_WIRED_TRANSLATIONS)
            count = vmk_sim_translated(bytes.task, bytes.address, bytes.length, &wired);
        else
            count = vmk_sim_resident(bytes.task, bytes.address, bytes.length, &wired);
        sum += subject == SCN_SUBJECT_TRANSLATED || subject == SCN_SUBJECT_RESIDENT ? count : wired;
    }
    *value = sum;
    return true;
}

static bool
look_page_wires(const struct look *look, uint64_t *value)
{
    struct scn_stretch bytes = scn_place_bytes(look->run, &look->claim->places[0], 1);
    struct vm_page_view view = { 0 };

    if (look_at(look, 0) == NULL)
        return false;
    vmk_sim_probe(bytes.task, bytes.address, &view);
    *value = view.page_wire_count;
    return true;
}

static bool
look_counter(const struct look *look, enum trace_kind kind, uint64_t *value)
{
    const struct scn_run *run = look->run;

    *value = vm_system_trace(run->system)->counters[kind] - run->mark_counters[kind];
    return true;
}

static bool
look_moved(const struct look *look, uint64_t *value)
{
    *value = look->run->now.moved;
    if (!look->run->now.has_moved)
        vmm_text_put(look->why, "nothing: no bytes were read or written");
    return look->run->now.has_moved;
}

static bool
look_loaded(const struct look *look, uint64_t *value)
{
    *value = look->run->now.loaded;
    if (!look->run->now.has_loaded)
        vmm_text_put(look->why, "nothing: no byte was loaded");
    return look->run->now.has_loaded;
}

static bool
look_object_number(const struct look *look, uint64_t *value)
{
    const struct scn_object *object = look_at(look, 0);

    if (object == NULL)
        return false;
    switch (look->claim->subject) {
    case SCN_SUBJECT_LENGTH:
        if (object->entry != NULL)
            *value = vm_memory_entry_size(object->entry);
        else if (object->map != NULL)
            *value = vmk_map_length(object->map);
        else
            *value = object->desc != NULL ? vmk_desc_length(object->desc) : object->length;
        return true;
    case SCN_SUBJECT_WIRE_COUNT:
        *value = vmk_sim_desc_wire_count(object->desc);
        return true;
    default:
        *value = object->map != NULL ? vmk_sim_map_references(object->map)
                                     : vmk_sim_desc_references(object->desc);
        return true;
    }
}

static bool
look_page_offset(const struct look *look, uint64_t *value)
{
    struct scn_stretch bytes;

    if (look_at(look, 0) == NULL)
        return false;
    bytes = scn_place_bytes(look->run, &look->claim->places[0], 1);
    *value = bytes.address % scn_page_bytes(look->run, bytes.task);
    return true;
}

/* The number a claim is about; false with the reason in look->why. */
static bool
look_number(const struct look *look, uint64_t *value)
{
    switch (look->claim->subject) {
    case SCN_SUBJECT_TRANSLATED:
    case SCN_SUBJECT_WIRED_TRANSLATIONS:
    case SCN_SUBJECT_RESIDENT:
    case SCN_SUBJECT_WIRED_PAGES:
        return look_pages(look, value);
    case SCN_SUBJECT_PAGE_WIRE_COUNT:
        return look_page_wires(look, value);
    case SCN_SUBJECT_FAULTS:
        return look_counter(look, EV_FAULT, value);
    case SCN_SUBJECT_COUNT:
        return look_counter(look, look->claim->event, value);
    case SCN_SUBJECT_LOADED:
        return look_loaded(look, value);
    case SCN_SUBJECT_READ:
    case SCN_SUBJECT_WRITTEN:
        return look_moved(look, value);
    case SCN_SUBJECT_PAGE_OFFSET:
        return look_page_offset(look, value);
    case SCN_SUBJECT_REGION:
    case SCN_SUBJECT_STATISTIC:
        return scn_look_vm(look->run, look->claim, look->why, value);
    default:
        return look_object_number(look, value);
    }
}

/* ---- expectations: true when it holds; what was found goes to `found` ---- */

static bool
holds_number(struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found)
{
    struct look look = { run, claim, found };
    uint64_t wanted = scn_value(run, claim->number);
    uint64_t value = 0;

    if (!look_number(&look, &value))
        return false;
    vmm_text_format(found, "%llu", (unsigned long long)value);
    if (claim->subject == SCN_SUBJECT_LOADED)
        vmm_text_format(found, " (0x%02x)", (unsigned)value);
    switch (claim->comparison) {
    case SCN_AT_LEAST:
        return value >= wanted;
    case SCN_AT_MOST:
        return value <= wanted;
    default:
        return value == wanted;
    }
}

static bool
holds_result(struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found)
{
    const struct scn_result *last = &run->now.last;

    if (!run->now.has_last) {
        vmm_text_put(found, "nothing: no operation has run");
        return false;
    }
    if (last->is_null) {
        vmm_text_put(found, "null");
        vmm_text_put(found, last->hidden != 0 ? ", hiding " : "");
        if (last->hidden != 0)
            scn_put_status(found, last->hidden);
        return claim->form == SCN_RESULT_NULL;
    }
    scn_put_status(found, last->status);
    return claim->form == SCN_RESULT_STATUS && claim->status == last->status;
}

static bool
holds_hidden(struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found)
{
    if (!run->now.has_last || !run->now.last.is_null) {
        vmm_text_put(found, "no null that could hide a code");
        return false;
    }
    scn_put_status(found, run->now.last.hidden);
    return claim->status == run->now.last.hidden;
}

static bool
holds_same_address(struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found)
{
    struct look look = { run, claim, found };
    uint64_t address[2];

    for (size_t i = 0; i < 2; i++) {
        if (look_at(&look, i) == NULL)
            return false;
        address[i] = scn_place_bytes(run, &claim->places[i], 1).address;
    }
    vmm_text_format(found, "0x%llx and 0x%llx", (unsigned long long)address[0],
                    (unsigned long long)address[1]);
    return address[0] == address[1];
}

static bool
holds_finding(struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found)
{
    bool holds = false;
    const char *separator = "";

    for (struct scn_found *each = run->found; each != NULL; each = each->next) {
        if (each->finding.rule == claim->rule) {
            each->finding.expected = true;
            holds = true;
        } else if (found->length < SAID_MAX / 2) {
            vmm_text_format(found, "%s%s", separator, each->finding.rule->id);
            separator = ", ";
        }
    }
    vmm_text_put(found, found->length == 0 ? "no finding" : "");
    return holds;
}

static bool
contains(const char *text, const char *part)
{
    size_t length = strlen(text);
    size_t part_length = strlen(part);

    for (size_t i = 0; i + part_length <= length; i++) {
        if (memcmp(text + i, part, part_length) == 0)
            return true;
    }
    return false;
}

/* A stop that a line expects also explains the findings of its step. */
static void
expect_stop(struct scn_run *run)
{
    run->report->stop_expected = true;
    for (struct scn_found *each = run->found; each != NULL; each = each->next) {
        if (each->finding.line == run->report->stop_line &&
            each->finding.rule->severity != VERIFY_CONTRACT)
            each->finding.expected = true;
    }
}

static bool
holds_stop(struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found)
{
    static const char *const words[] = { "running", "panic: ", "hang: " };
    const struct vm_stop *stop = vm_system_stop(run->system);
    enum vm_stop_kind wanted = VM_RUNNING;

    if (claim->subject == SCN_SUBJECT_PANIC)
        wanted = VM_PANICKED;
    else if (claim->subject == SCN_SUBJECT_HANG)
        wanted = VM_HUNG;
    vmm_text_put(found, words[stop->kind]);
    vmm_text_put(found, stop->kind != VM_RUNNING ? stop->text : "");
    if (stop->kind != wanted)
        return false;
    if (wanted != VM_RUNNING && claim->string != NULL && !contains(stop->text, claim->string))
        return false;
    if (wanted != VM_RUNNING)
        expect_stop(run);
    return true;
}

static bool
holds(struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found)
{
    switch (claim->subject) {
    case SCN_SUBJECT_RESULT:
        return holds_result(run, claim, found);
    case SCN_SUBJECT_HIDDEN:
        return holds_hidden(run, claim, found);
    case SCN_SUBJECT_SAME_ADDRESS:
        return holds_same_address(run, claim, found);
    case SCN_SUBJECT_FINDING:
        return holds_finding(run, claim, found);
    case SCN_SUBJECT_PANIC:
    case SCN_SUBJECT_HANG:
    case SCN_SUBJECT_RUNNING:
        return holds_stop(run, claim, found);
    case SCN_SUBJECT_RIGHTS:
    case SCN_SUBJECT_MAXIMUM_RIGHTS:
    case SCN_SUBJECT_INHERITANCE:
    case SCN_SUBJECT_SHARE_MODE:
    case SCN_SUBJECT_PURGABLE:
    case SCN_SUBJECT_PAGE_QUERY:
    case SCN_SUBJECT_MINCORE:
        return scn_holds_vm(run, claim, found);
    default:
        return holds_number(run, claim, found);
    }
}

/* ---- the two kinds of line ---- */

/* What the driver's own verbs answered needs nobody who looks; the rest only a simulator sees. */
static bool
needs_observer(enum scn_subject_id subject)
{
    switch (subject) {
    case SCN_SUBJECT_RESULT:
    case SCN_SUBJECT_LOADED:
    case SCN_SUBJECT_READ:
    case SCN_SUBJECT_WRITTEN:
    case SCN_SUBJECT_SAME_ADDRESS:
    case SCN_SUBJECT_PAGE_OFFSET:
    case SCN_SUBJECT_LENGTH:
    case SCN_SUBJECT_RUNNING:
        return false;
    default:
        return true;
    }
}

/* Skips a line about what this backend cannot see; true when it did. */
static bool
skip_unseen(struct scn_run *run, const struct scn_claim *claim)
{
    if ((run->caps & VMK_CAP_OBSERVE) != 0 || !needs_observer(claim->subject))
        return false;
    run->now.step->skipped = true;
    run->now.step->narration = "this backend cannot see it";
    return true;
}

void
scn_expect_run(struct scn_run *run, const struct scn_statement *statement)
{
    const struct scn_claim *claim = &statement->u.claim;
    char bytes[SAID_MAX];
    struct vmm_text found;
    struct scn_step *step = run->now.step;

    if (skip_unseen(run, claim))
        return;
    vmm_text_init(&found, bytes, sizeof bytes);
    step->failed = !holds(run, claim, &found);
    if (!step->failed)
        return;
    step->expected = step->source + claim->text_at;
    step->found = core_arena_copy(&run->keep, found.bytes, found.length);
}

void
scn_report_run(struct scn_run *run, const struct scn_statement *statement)
{
    const struct scn_claim *claim = &statement->u.claim;
    char bytes[SAID_MAX];
    struct vmm_text why;
    struct look look = { run, claim, &why };
    struct scn_report *report = run->report;
    uint64_t value = 0;

    if (skip_unseen(run, claim))
        return;
    vmm_text_init(&why, bytes, sizeof bytes);
    run->now.step->skipped = !look_number(&look, &value);
    if (run->now.step->skipped) {
        run->now.step->narration = core_arena_copy(&run->keep, why.bytes, why.length);
        return;
    }
    report->metrics[report->metric_count].name =
        core_arena_copy(&run->keep, claim->metric, strlen(claim->metric));
    report->metrics[report->metric_count].value = value;
    report->metric_count++;
    vmm_text_format(&why, "%s = %llu", claim->metric, (unsigned long long)value);
    run->now.step->narration = core_arena_copy(&run->keep, why.bytes, why.length);
}
