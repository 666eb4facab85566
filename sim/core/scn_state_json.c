/* scn_state_json.c - a state as JSON; see scn_state.h */
#include "core_json.h"
#include "scn_state.h"

static const char *const section_names[] = {
    [VM_FAULTS_ALLOWED] = "",
    [VM_PREEMPTION_OFF] = "preemption-off",
    [VM_SPIN_LOCK] = "spin-lock",
    [VM_INTERRUPT] = "interrupt",
    [VM_INTERRUPTS_OFF] = "interrupts-off",
    [VM_FAULT_DISABLED] = "fault-disabled",
    [VM_MUTEX] = "mutex",
};

/* ---- spaces ---- */

/* Two hex digits a page, then the frames as a list. */
static void
put_pages(struct core_json *object, const struct scn_state_region *region)
{
    core_json_key(object, "pages");
    core_put(object->out, "\"");
    for (size_t i = 0; i < region->page_count; i++)
        core_format(object->out, "%02x", (unsigned)region->bits[i]);
    core_put(object->out, "\"");
    core_json_key(object, "frames");
    core_put(object->out, "[");
    for (size_t i = 0; i < region->page_count; i++)
        core_format(object->out, "%s%u", i > 0 ? ", " : "", (unsigned)region->frames[i]);
    core_put(object->out, "]");
    core_json_bool(object, "cut", region->is_cut);
}

static void
put_region(const struct core_out *out, const struct scn_region *kept,
           const struct scn_state_region *region, uint64_t page_bytes)
{
    struct core_json object = core_json_begin(out);

    scn_view_json_region(&object, kept, page_bytes);
    core_json_number(&object, "object", kept->region.object_id);
    core_json_hex(&object, "offset", kept->region.offset);
    core_json_bool(&object, "needs_copy", kept->region.needs_copy);
    put_pages(&object, region);
    core_json_end(&object);
}

static void
put_spaces(struct core_json *state, const struct scn_state *from)
{
    core_json_list(state, "spaces");
    for (size_t i = 0; i < from->maps->space_count; i++) {
        const struct scn_space *space = from->spaces[i].space;
        struct core_json object;

        core_json_element(state->out, i);
        object = core_json_begin(state->out);
        core_json_string(&object, "task", space->name);
        core_json_number(&object, "id", space->id);
        core_json_list(&object, "regions");
        for (size_t j = 0; j < space->region_count; j++) {
            core_json_element(state->out, j);
            put_region(state->out, &space->regions[j], &from->spaces[i].regions[j],
                       space->page_bytes);
        }
        core_json_list_end(state->out);
        core_json_end(&object);
    }
    core_json_list_end(state->out);
}

/* ---- objects ---- */

static void
put_page(const struct core_out *out, const struct scn_state_page *page)
{
    struct core_json object = core_json_begin(out);

    core_json_hex(&object, "offset", page->page.offset);
    core_json_number(&object, "ppn", page->page.ppn);
    core_json_number(&object, "wire_count", page->page.wire_count);
    core_json_bool(&object, "dirty", page->page.is_dirty);
    core_json_number(&object, "mapping_count", page->mapping_count);
    core_json_list(&object, "mappings");
    for (size_t i = 0; i < page->mapping_count && i < SCN_STATE_MAPPINGS_MAX; i++) {
        struct core_json mapping;

        core_put(out, i > 0 ? ", " : "");
        mapping = core_json_begin(out);
        core_json_number(&mapping, "space", page->mappings[i].space);
        core_json_hex(&mapping, "va", page->mappings[i].va);
        core_json_end(&mapping);
    }
    core_put(out, "]");
    core_json_end(&object);
}

static void
put_object(const struct core_out *out, const struct scn_state_object *from)
{
    const struct vm_look_object *object = &from->object;
    struct core_json json = core_json_begin(out);

    core_json_number(&json, "id", object->id);
    core_json_number(&json, "references", object->references);
    core_json_number(&json, "size", object->size);
    core_json_number(&json, "shadow", object->shadow);
    core_json_hex(&json, "shadow_offset", object->shadow_offset);
    core_json_number(&json, "copy", object->copy);
    core_json_string(&json, "copy_strategy", object->copy_strategy);
    core_json_number(&json, "resident_pages", object->resident_pages);
    core_json_number(&json, "wired_pages", object->wired_pages);
    core_json_number(&json, "stored_pages", object->stored_pages);
    core_json_bool(&json, "true_share", object->is_shared);
    core_json_bool(&json, "file", object->is_file);
    core_json_bool(&json, "device", object->is_device);
    core_json_list(&json, "pages");
    for (size_t i = 0; i < from->page_count; i++) {
        core_json_element(out, i);
        put_page(out, &from->pages[i]);
    }
    core_json_list_end(out);
    core_json_bool(&json, "cut", from->is_cut);
    core_json_end(&json);
}

static void
put_objects(struct core_json *state, const struct scn_state *from)
{
    core_json_list(state, "objects");
    for (size_t i = 0; i < from->object_count; i++) {
        core_json_element(state->out, i);
        put_object(state->out, &from->objects[i]);
    }
    core_json_list_end(state->out);
}

/* ---- CPUs ---- */

static void
put_line(const struct core_out *out, const struct pmap_look_line *line)
{
    char rights[CORE_RIGHTS_BYTES];
    struct core_json object = core_json_begin(out);

    if (line->space != PMAP_LOOK_NO_SPACE)
        core_json_number(&object, "space", line->space);
    core_json_hex(&object, "va", line->va);
    core_json_number(&object, "ppn", line->translation.ppn);
    core_json_string(&object, "rights", core_rights(line->translation.prot, rights));
    core_json_bool(&object, "l1", line->in_l1);
    core_json_bool(&object, "l2", line->in_l2);
    core_json_bool(&object, "stale", line->is_stale);
    core_json_end(&object);
}

static void
put_cpu(const struct core_out *out, const struct scn_state_cpu *from)
{
    const struct vm_look_cpu *cpu = &from->cpu;
    struct core_json object = core_json_begin(out);

    core_json_number(&object, "space", cpu->space);
    core_json_number(&object, "preemption_level", cpu->preemption_level);
    core_json_bool(&object, "interrupts_enabled", cpu->interrupts_enabled);
    core_json_bool(&object, "flush_pending", cpu->flush_pending);
    core_json_list(&object, "sections");
    for (uint32_t i = 0; i < cpu->depth; i++) {
        core_put(out, i > 0 ? ", " : "");
        core_put_json(out, section_names[cpu->stack[i]]);
    }
    core_put(out, "]");
    core_json_number(&object, "l1_hits", cpu->l1_hits);
    core_json_number(&object, "l2_hits", cpu->l2_hits);
    core_json_number(&object, "misses", cpu->misses);
    core_json_list(&object, "tlb");
    for (size_t i = 0; i < from->line_count; i++) {
        core_json_element(out, i);
        put_line(out, &from->lines[i]);
    }
    core_json_list_end(out);
    core_json_bool(&object, "cut", from->is_cut);
    core_json_end(&object);
}

static void
put_cpus(struct core_json *state, const struct scn_state *from)
{
    core_json_list(state, "cpus");
    for (size_t i = 0; i < from->cpu_count; i++) {
        core_json_element(state->out, i);
        put_cpu(state->out, &from->cpus[i]);
    }
    core_json_list_end(state->out);
}

/* ---- the walk ---- */

static void
put_walk(struct core_json *state, const struct scn_state *from)
{
    struct core_json object;

    core_json_key(state, "walk");
    object = core_json_begin(state->out);
    core_json_number(&object, "space", from->walk_space);
    core_json_hex(&object, "va", from->walk_va);
    core_json_number(&object, "levels", from->walk_levels);
    core_json_list(&object, "steps");
    for (size_t i = 0; i < from->walk_count; i++) {
        struct core_json step;

        core_json_element(state->out, i);
        step = core_json_begin(state->out);
        core_json_number(&step, "table", from->walk[i].table);
        core_json_number(&step, "index", from->walk[i].index);
        core_json_hex(&step, "entry", from->walk[i].entry);
        core_json_end(&step);
    }
    core_json_list_end(state->out);
    core_json_end(&object);
}

static void
put_counters(struct core_json *state, const struct scn_state *from)
{
    struct core_json object;

    core_json_key(state, "counters");
    object = core_json_begin(state->out);
    for (uint32_t kind = 0; kind < EV_KIND_COUNT; kind++)
        core_json_number(&object, trace_kind_name((enum trace_kind)kind), from->counters[kind]);
    core_json_end(&object);
}

void
scn_state_json(const struct core_out *out, const struct scn_state *state)
{
    struct core_json object = core_json_begin_answer(out, "state");

    core_json_number(&object, "event", state->event);
    core_json_number(&object, "line", state->maps->line);
    core_json_number(&object, "page_bytes", state->maps->page_bytes);
    put_spaces(&object, state);
    put_objects(&object, state);
    core_json_bool(&object, "objects_cut", state->objects_are_cut);
    put_cpus(&object, state);
    put_walk(&object, state);
    put_counters(&object, state);
    core_json_end_answer(&object);
}
