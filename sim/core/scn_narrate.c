/*
 * scn_narrate.c - what each floor did, told from the events of the step and from probes
 *
 * A line per floor, in the order of the house: iokit, vm, pmap, hw, and how the kernel stopped. An
 * item of a line comes from one kind of event; the tables below say where and how. What the events
 * cannot say ("untouched, 0 of 16 pages translated") comes from probes, which disturb nothing.
 */
#include "scn_run.h"

#include <string.h>

enum { PROBE_MOST_PAGES = 1 << 16 }; /* larger ranges are not counted in passing */

enum floor { FLOOR_NONE, FLOOR_IOKIT, FLOOR_VM, FLOOR_PMAP, FLOOR_HW, FLOOR_STOP };

struct teller {
    struct scn_run *run;
    const struct scn_statement *statement;
    const struct scn_result *result;
    struct vmm_text text;
    enum floor floor; /* of the line being written */
};

/* ---- lines and items ---- */

/* Begins the next item of a floor's line. */
static struct vmm_text *
item(struct teller *teller, enum floor floor)
{
    static const char *const labels[] = {
        [FLOOR_IOKIT] = "iokit: ", [FLOOR_VM] = "vm:    ",   [FLOOR_PMAP] = "pmap:  ",
        [FLOOR_HW] = "hw:    ",    [FLOOR_STOP] = "stop:  ",
    };

    if (teller->floor == floor) {
        vmm_text_put(&teller->text, "; ");
    } else {
        vmm_text_put(&teller->text, teller->floor != FLOOR_NONE ? "\n" : "");
        vmm_text_put(&teller->text, labels[floor]);
    }
    teller->floor = floor;
    return &teller->text;
}

/* "1 page", "16 pages", "2 map entries", "3 TLB flushes" */
static void
put_count(struct vmm_text *text, uint64_t count, const char *noun)
{
    size_t length = strlen(noun);
    char last_byte = noun[length - 1];

    vmm_text_format(text, "%llu ", (unsigned long long)count);
    vmm_text_put_bytes(text, noun, count != 1 && last_byte == 'y' ? length - 1 : length);
    if (count != 1)
        vmm_text_put(text, last_byte == 'y' ? "ies" : last_byte == 'h' ? "es" : "s");
}

void
scn_put_status(struct vmm_text *text, int32_t status)
{
    const char *name = vmm_status_name((enum vmm_status)status);

    if (name != NULL)
        vmm_text_put(text, name);
    else
        vmm_text_format(text, "0x%08X", (unsigned)status);
}

static uint64_t
pages_of(uint64_t page, uint64_t address, uint64_t length)
{
    uint64_t head = address % page;

    return length == 0 ? 0 : (length - 1) / page + ((length - 1) % page + head) / page + 1;
}

static uint64_t
seen(const struct teller *teller, enum trace_kind kind)
{
    return teller->run->watch.step.counts[kind];
}

static const struct trace_event *
last(const struct teller *teller, enum trace_kind kind)
{
    return &teller->run->watch.step.last[kind];
}

/* ---- iokit ---- */

static void
tell_descriptor_events(struct teller *teller)
{
    const struct trace_event *prepare = last(teller, EV_DESC_PREPARE);
    const struct trace_event *complete = last(teller, EV_DESC_COMPLETE);
    struct vmm_text *text;

    if (seen(teller, EV_DESC_PREPARE) > 0) {
        text = item(teller, FLOOR_IOKIT);
        if (prepare->status == 0) {
            vmm_text_format(text, "prepared, wire count %u", prepare->count);
        } else {
            vmm_text_put(text, "prepare refused: ");
            scn_put_status(text, prepare->status);
        }
    }
    if (seen(teller, EV_DESC_COMPLETE) > 0)
        vmm_text_format(item(teller, FLOOR_IOKIT), "completed, wire count %u", complete->count);
}

static void
tell_map_made(struct teller *teller)
{
    const struct trace_event *create = last(teller, EV_IOMAP_CREATE);
    struct vmm_text *text;

    if (seen(teller, EV_IOMAP_CREATE) > 0) {
        text = item(teller, FLOOR_IOKIT);
        put_count(text, create->length, "byte");
        vmm_text_format(text, " at 0x%llx", (unsigned long long)create->va);
        if (seen(teller, EV_MAP_ENTER) == 0)
            vmm_text_put(text, ", shared with what is mapped there already");
    }
    if (seen(teller, EV_IOMAP_FAIL) > 0) {
        text = item(teller, FLOOR_IOKIT);
        vmm_text_put(text, "NULL, and the code behind it is ");
        scn_put_status(text, last(teller, EV_IOMAP_FAIL)->status);
    }
    if (seen(teller, EV_IOMAP_LEAK) > 0) {
        text = item(teller, FLOOR_IOKIT);
        put_count(text, teller->run->watch.step.bytes_of[EV_IOMAP_LEAK] / teller->run->page_bytes,
                  "page");
        vmm_text_put(text, " of reserved address space leaked");
    }
    if (seen(teller, EV_IOMAP_PREFAULT) > 0) {
        text = item(teller, FLOOR_IOKIT);
        vmm_text_put(text, "kIOMapPrefault entered ");
        put_count(text, last(teller, EV_IOMAP_PREFAULT)->count, "translation");
    }
}

static void
tell_wire_range(struct teller *teller)
{
    const struct trace_event *wire = last(teller, EV_IOMAP_WIRE);
    struct vmm_text *text;

    if (seen(teller, EV_IOMAP_WIRE) > 0) {
        text = item(teller, FLOOR_IOKIT);
        if (wire->status != 0) {
            vmm_text_put(text, "wireRange refused: ");
            scn_put_status(text, wire->status);
        } else if (wire->prot == 0) {
            vmm_text_put(text, "one wiring undone");
        } else {
            vmm_text_format(text, "wired for %s", (wire->prot & 2) != 0 ? "writing" : "reading");
        }
    }
    if (seen(teller, EV_IOMAP_UNMAP) > 0) {
        text = item(teller, FLOOR_IOKIT);
        put_count(text, seen(teller, EV_IOMAP_UNMAP), "mapping");
        vmm_text_put(text, " undone");
    }
}

static const struct scn_object *
shown_object(const struct teller *teller, uint32_t shows)
{
    const struct scn_operands *operands = &teller->statement->u.operands;
    const struct scn_object *object = NULL;

    if (shows == SCN_SHOWS_RESULT)
        object = &teller->run->objects[teller->statement->result];
    else if (operands->place_count > 0)
        object = scn_object_of(teller->run, &operands->places[0]);
    return object != NULL && object->is_made && !object->is_null ? object : NULL;
}

static void
tell_named_bytes(struct teller *teller)
{
    const struct scn_object *object = shown_object(teller, SCN_SHOWS_RESULT);

    if (object == NULL)
        return;
    vmm_text_put(item(teller, FLOOR_IOKIT), "names ");
    put_count(&teller->text, object->length, "byte");
    vmm_text_put(&teller->text, "; touches nothing");
}

static void
tell_references(struct teller *teller)
{
    const struct scn_object *object = shown_object(teller, SCN_SHOWS_FIRST);
    uint32_t references;

    if (object == NULL)
        return;
    references = object->map != NULL ? vmk_sim_map_references(object->map)
                                     : vmk_sim_desc_references(object->desc);
    if (references == 0)
        vmm_text_put(item(teller, FLOOR_IOKIT), "gone");
    else
        put_count(item(teller, FLOOR_IOKIT), references, "reference");
}

static void
tell_bytes(struct teller *teller)
{
    put_count(item(teller, FLOOR_IOKIT), teller->run->now.moved, "byte");
    vmm_text_put(&teller->text, " through physical memory, no translation used");
}

static void
tell_iokit(struct teller *teller, uint32_t shows)
{
    tell_descriptor_events(teller);
    tell_map_made(teller);
    tell_wire_range(teller);
    if ((shows & SCN_SHOWS_DESCRIPTOR) != 0 && teller->statement->result != SCN_NO_NAME)
        tell_named_bytes(teller);
    if ((shows & SCN_SHOWS_REFERENCES) != 0)
        tell_references(teller);
    if ((shows & SCN_SHOWS_BYTES) != 0 && teller->result->status == 0)
        tell_bytes(teller);
}

/* ---- vm, pmap, hw: one table ---- */

struct phrase {
    enum trace_kind kind;
    enum floor floor;
    const char *noun;  /* what is counted */
    const char *tail;  /* and what became of it */
    bool counts_pages; /* "of 16 pages": from the lengths of the events */
};

static const struct phrase phrases[] = {
    { EV_MAP_ENTER, FLOOR_VM, "map entry", " made", true },
    { EV_MAP_REMOVE, FLOOR_VM, "map entry", " removed", true },
    { EV_MAP_PROTECT, FLOOR_VM, "map entry", " with other rights", true },
    { EV_MAP_CLIP, FLOOR_VM, "clip", "", false },
    { EV_MAP_SIMPLIFY, FLOOR_VM, "merge", "", false },
    { EV_MAP_WIRE, FLOOR_VM, "map entry", " wired", true },
    { EV_MAP_UNWIRE, FLOOR_VM, "map entry", " unwired", true },
    { EV_OBJECT_SHADOW, FLOOR_VM, "shadow object", " made", false },
    { EV_PAGE_ZERO_FILL, FLOOR_VM, "page", " zero filled", false },
    { EV_PAGE_COPY, FLOOR_VM, "page", " copied", false },
    { EV_PAGE_WIRE, FLOOR_VM, "page", " resident and wired", false },
    { EV_PAGE_UNWIRE, FLOOR_VM, "page", " unwired", false },
    { EV_PAGE_OUT, FLOOR_VM, "page", " paged out", false },
    { EV_PAGE_IN, FLOOR_VM, "page", " paged in", false },
    { EV_PAGE_CLEAN, FLOOR_VM, "page", " written back", false },
    { EV_PAGE_FREE, FLOOR_VM, "page", " freed", false },
    { EV_PMAP_ENTER, FLOOR_PMAP, "translation", " made", false },
    { EV_PMAP_REMOVE, FLOOR_PMAP, "translation", " dropped", false },
    { EV_PMAP_PROTECT, FLOOR_PMAP, "translation", " with fewer rights", false },
    { EV_PMAP_WIRING, FLOOR_PMAP, "wired bit", " changed", false },
    { EV_FAST_FAULT, FLOOR_PMAP, "fast fault", "", false },
    { EV_TLB_FLUSH, FLOOR_HW, "TLB flush", " ordered", false },
    { EV_TLB_SHOOTDOWN, FLOOR_HW, "CPU", " interrupted to flush", false },
};

static void
tell_phrase(struct teller *teller, const struct phrase *phrase)
{
    uint64_t count = seen(teller, phrase->kind);
    vmk_task_t task = vmk_sim_task_by_id(last(teller, phrase->kind)->space);
    uint64_t pages =
        teller->run->watch.step.bytes_of[phrase->kind] / scn_page_bytes(teller->run, task);
    struct vmm_text *text;

    if (count == 0)
        return;
    text = item(teller, phrase->floor);
    put_count(text, count, phrase->noun);
    if (phrase->counts_pages) {
        vmm_text_put(text, " of ");
        put_count(text, pages, "page");
    }
    vmm_text_put(text, phrase->tail);
}

static void
tell_phrases(struct teller *teller, enum floor floor)
{
    bool has_faults = seen(teller, EV_FAULT) > 0;

    for (size_t i = 0; i < VMM_COUNT_OF(phrases); i++) {
        bool is_in_fault = phrases[i].kind == EV_PAGE_ZERO_FILL || phrases[i].kind == EV_PAGE_COPY;

        if (phrases[i].floor == floor && !(is_in_fault && has_faults))
            tell_phrase(teller, &phrases[i]);
    }
}

/* "16 faults (15 CACHE_HIT, 1 COW)" */
static void
tell_faults(struct teller *teller)
{
    const struct scn_watch *watch = &teller->run->watch;
    const char *separator = " (";
    struct vmm_text *text;

    if (seen(teller, EV_FAULT) == 0)
        return;
    text = item(teller, FLOOR_VM);
    put_count(text, seen(teller, EV_FAULT), "fault");
    for (uint32_t kind = 1; kind < VM_FAULT_KINDS; kind++) {
        if (watch->step.faults[kind] == 0)
            continue;
        vmm_text_format(text, "%s%llu %s", separator, (unsigned long long)watch->step.faults[kind],
                        vm_fault_kind_name((enum vm_fault_kind)kind));
        separator = ", ";
    }
    if (watch->step.failed_faults > 0) {
        vmm_text_format(text, "%s%llu failed: ", separator,
                        (unsigned long long)watch->step.failed_faults);
        scn_put_status(text, last(teller, EV_FAULT)->status);
        separator = ", ";
    }
    vmm_text_put(text, separator[0] == ',' ? ")" : "");
}

static void
tell_refused(struct teller *teller)
{
    const struct trace_event *event = last(teller, EV_FAULT_REFUSED);
    struct vmm_text *text;

    if (seen(teller, EV_FAULT_REFUSED) == 0)
        return;
    text = item(teller, FLOOR_VM);
    put_count(text, seen(teller, EV_FAULT_REFUSED), "fault");
    vmm_text_format(text, " refused: %s", vm_no_fault_name((enum vm_no_fault)event->detail));
}

/* "entry of 4 pages, read-write of read-write-execute, inherit copy, 2 wires" */
static void
tell_region(struct teller *teller)
{
    const struct scn_object *object = shown_object(teller, SCN_SHOWS_FIRST);
    struct scn_stretch bytes;
    struct vm_region region;
    struct vmm_text *text;

    if (object == NULL)
        return;
    bytes = scn_stretch_of(teller->run, &teller->statement->u.operands);
    if (!vmk_sim_region(bytes.task, bytes.address, &region) || region.start > bytes.address)
        return;
    text = item(teller, FLOOR_VM);
    vmm_text_put(text, "the entry there has ");
    put_count(text, (region.end - region.start) / scn_page_bytes(teller->run, bytes.task), "page");
    vmm_text_format(text, ", %s of %s, inherit %s, behavior %s",
                    scn_word_of(&scn_rights, region.protection),
                    scn_word_of(&scn_rights, region.max_protection),
                    scn_word_of(&scn_inheritances, region.inheritance),
                    scn_word_of(&scn_behaviors, region.behavior));
    if (region.wired_count > 0) {
        vmm_text_put(text, ", ");
        put_count(text, region.wired_count, "wire");
    }
}

static bool
pmap_is_untouched(const struct teller *teller)
{
    return seen(teller, EV_PMAP_ENTER) + seen(teller, EV_PMAP_REMOVE) +
               seen(teller, EV_PMAP_PROTECT) + seen(teller, EV_PMAP_WIRING) ==
           0;
}

/* "0 of 16 pages translated" */
static void
tell_translated(struct teller *teller, const struct scn_object *object)
{
    uint64_t pages;
    uint64_t wired = 0;
    uint64_t translated;

    if (object == NULL || vm_system_stop(teller->run->system)->kind != VM_RUNNING)
        return;
    pages = pages_of(scn_page_bytes(teller->run, object->task), object->address, object->length);
    if (pages == 0 || pages > PROBE_MOST_PAGES)
        return;
    translated = vmk_sim_translated(object->task, object->address, object->length, &wired);
    vmm_text_format(item(teller, FLOOR_PMAP), "%llu of ", (unsigned long long)translated);
    put_count(&teller->text, pages, "page");
    vmm_text_put(&teller->text, " translated");
    if (wired > 0)
        vmm_text_format(&teller->text, ", %llu wired", (unsigned long long)wired);
}

static void
tell_pmap(struct teller *teller, uint32_t shows)
{
    bool is_running = vm_system_stop(teller->run->system)->kind == VM_RUNNING;

    tell_phrases(teller, FLOOR_PMAP);
    if ((shows & SCN_SHOWS_PMAP) != 0 && pmap_is_untouched(teller) && is_running)
        vmm_text_put(item(teller, FLOOR_PMAP), "untouched");
    if ((shows & SCN_SHOWS_RESULT) != 0)
        tell_translated(teller, shown_object(teller, SCN_SHOWS_RESULT));
    else if ((shows & SCN_SHOWS_FIRST) != 0)
        tell_translated(teller, shown_object(teller, SCN_SHOWS_FIRST));
}

static void
tell_hardware(struct teller *teller, uint32_t shows)
{
    tell_phrases(teller, FLOOR_HW);
    if ((shows & SCN_SHOWS_ACCESS) != 0 && teller->result->status == 0 &&
        seen(teller, EV_FAULT) == 0)
        vmm_text_put(item(teller, FLOOR_HW), "every page had its translation, no fault");
}

static void
tell_stop(struct teller *teller)
{
    const struct vm_stop *stop = vm_system_stop(teller->run->system);

    if (stop->kind == VM_RUNNING)
        return;
    vmm_text_format(item(teller, FLOOR_STOP), "%s: %s",
                    stop->kind == VM_PANICKED ? "panic" : "hang", stop->text);
}

const char *
scn_narrate(struct scn_run *run, const struct scn_statement *statement,
            const struct scn_result *result)
{
    char bytes[SCN_NARRATION_MAX];
    struct teller teller = { .run = run, .statement = statement, .result = result };
    uint32_t shows = 0;
    const char *copy;

    if (statement->form == SCN_DO)
        shows = scn_operation_at(statement->operation)->shows;
    if ((run->caps & VMK_CAP_OBSERVE) == 0)
        return ""; /* nobody saw what the floors did */
    vmm_text_init(&teller.text, bytes, sizeof bytes);
    tell_iokit(&teller, shows);
    tell_phrases(&teller, FLOOR_VM);
    tell_faults(&teller);
    tell_refused(&teller);
    if ((shows & SCN_SHOWS_REGION) != 0)
        tell_region(&teller);
    tell_pmap(&teller, shows);
    tell_hardware(&teller, shows);
    tell_stop(&teller);
    copy = core_arena_copy(&run->keep, teller.text.bytes, teller.text.length);
    return copy != NULL ? copy : "";
}
