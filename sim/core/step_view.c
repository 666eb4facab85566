/* step_view.c - see step_view.h */
#include "step_view.h"

#include "core_out.h"

enum { PAGES_SHOWN = 48 };

const char *
step_view_name(enum step_view view)
{
    static const char *const names[STEP_VIEWS] = { "maps", "objects", "walk",
                                                   "tlb",  "frame",   "counters" };

    return names[view];
}

uint32_t
step_view_parts(enum step_view view)
{
    static const uint32_t parts[STEP_VIEWS] = { SCN_STATE_MAPS,    SCN_STATE_OBJECTS,
                                                SCN_STATE_WALK,    SCN_STATE_CPUS,
                                                SCN_STATE_OBJECTS, SCN_STATE_COUNTERS };

    return parts[view];
}

/* ---- maps ---- */

/* One character a page; the help says what each means. */
static char
page_char(uint8_t bits)
{
    if ((bits & SCN_PAGE_TRANSLATION_WIRED) != 0)
        return 'W';
    if ((bits & SCN_PAGE_TRANSLATED) != 0)
        return (bits & SCN_PAGE_WRITABLE) != 0 ? 'T' : 't';
    if ((bits & SCN_PAGE_WIRED) != 0)
        return 'w';
    return (bits & SCN_PAGE_RESIDENT) != 0 ? 'r' : '.';
}

static void
put_pages(const struct core_out *out, const struct scn_state_region *pages)
{
    char line[PAGES_SHOWN + 1];
    size_t shown = pages->page_count < PAGES_SHOWN ? pages->page_count : PAGES_SHOWN;

    if (shown == 0)
        return;
    for (size_t i = 0; i < shown; i++)
        line[i] = page_char(pages->bits[i]);
    line[shown] = '\0';
    core_format(out, "      %s%s\n", line, pages->page_count > shown || pages->is_cut ? "..." : "");
}

static void
put_region(const struct core_out *out, const struct scn_region *kept,
           const struct scn_state_region *pages, uint64_t page_bytes)
{
    const struct vm_region *region = &kept->region;
    char rights[CORE_RIGHTS_BYTES];

    if (region->start == 0 && region->max_protection == VMM_PROT_NONE)
        return; /* page zero is always there */
    core_format(out, "  %llx %llup %s wired %u obj %u%s ptes %llu%s%s\n",
                (unsigned long long)region->start,
                (unsigned long long)((region->end - region->start) / page_bytes),
                core_rights(region->protection, rights), region->wired_count, region->object_id,
                region->needs_copy ? " cow" : "", (unsigned long long)kept->translated,
                kept->detail[0] != '\0' ? " " : "", kept->detail);
    put_pages(out, pages);
}

static void
put_maps(const struct core_out *out, const struct scn_state *state)
{
    for (size_t i = 0; i < state->maps->space_count; i++) {
        const struct scn_space *space = state->spaces[i].space;

        core_format(out, "%s (space %u)\n", space->name, space->id);
        for (size_t j = 0; j < space->region_count; j++)
            put_region(out, &space->regions[j], &state->spaces[i].regions[j], space->page_bytes);
    }
}

/* ---- objects ---- */

static void
put_objects(const struct core_out *out, const struct scn_state *state)
{
    for (size_t i = 0; i < state->object_count; i++) {
        const struct vm_look_object *object = &state->objects[i].object;

        core_format(out, "object %u refs %u pages %llu of %llu wired %llu %s", object->id,
                    object->references, (unsigned long long)object->resident_pages,
                    (unsigned long long)(object->size / state->page_bytes),
                    (unsigned long long)object->wired_pages, object->copy_strategy);
        if (object->shadow != 0)
            core_format(out, " shadow %u", object->shadow);
        if (object->copy != 0)
            core_format(out, " copy %u", object->copy);
        core_put(out, "\n");
    }
    if (state->objects_are_cut)
        core_put(out, "and more\n");
}

/* ---- hardware ---- */

static void
put_walk(const struct core_out *out, const struct scn_state *state)
{
    if (state->walk_count == 0) {
        core_put(out, "no address: walk ADDRESS [SPACE]\n");
        return;
    }
    core_format(out, "space %u address 0x%llx\n", state->walk_space,
                (unsigned long long)state->walk_va);
    for (size_t i = 0; i < state->walk_count; i++) {
        uint64_t entry = state->walk[i].entry;

        core_format(out, "  level %u frame %u [%u] = 0x%llx%s\n", (unsigned)i, state->walk[i].table,
                    state->walk[i].index, (unsigned long long)entry,
                    (entry & HW_PTE_VALID) == 0   ? "  not valid: an access faults"
                    : (entry & HW_PTE_LARGE) != 0 ? "  one word for a whole table's pages"
                                                  : "");
    }
}

static void
put_tlb(const struct core_out *out, const struct scn_state *state)
{
    for (size_t i = 0; i < state->cpu_count; i++) {
        const struct scn_state_cpu *cpu = &state->cpus[i];

        core_format(out, "cpu %u space %u preemption %u interrupts %s%s, %u lines%s\n", (unsigned)i,
                    cpu->cpu.space, cpu->cpu.preemption_level,
                    cpu->cpu.interrupts_enabled ? "on" : "off",
                    cpu->cpu.flush_pending ? ", flush pending" : "", (unsigned)cpu->line_count,
                    cpu->is_cut ? " and more" : "");
        for (size_t j = 0; j < cpu->line_count; j++) {
            const struct pmap_look_line *line = &cpu->lines[j];

            core_format(out, "  space %d 0x%llx frame %u %s%s%s\n",
                        line->space == PMAP_LOOK_NO_SPACE ? -1 : (int)line->space,
                        (unsigned long long)line->va, line->translation.ppn,
                        (line->translation.prot & VMM_PROT_WRITE) != 0 ? "rw" : "ro",
                        line->in_l1 ? "" : " L2 only", line->is_stale ? " stale" : "");
        }
    }
}

static void
put_frame(const struct core_out *out, const struct scn_state *state, vmm_ppn frame)
{
    for (size_t i = 0; i < state->object_count; i++) {
        for (size_t j = 0; j < state->objects[i].page_count; j++) {
            const struct scn_state_page *page = &state->objects[i].pages[j];

            if (page->page.ppn != frame)
                continue;
            core_format(out, "frame %u: object %u offset 0x%llx wire count %u%s\n", frame,
                        state->objects[i].object.id, (unsigned long long)page->page.offset,
                        page->page.wire_count, page->page.is_dirty ? " dirty" : "");
            for (size_t k = 0; k < page->mapping_count && k < SCN_STATE_MAPPINGS_MAX; k++)
                core_format(out, "  space %u 0x%llx\n", page->mappings[k].space,
                            (unsigned long long)page->mappings[k].va);
            return;
        }
    }
    core_format(out, "frame %u holds no page of an object that is shown\n", frame);
}

static void
put_counters(const struct core_out *out, const struct scn_state *state)
{
    for (uint32_t kind = 0; kind < EV_KIND_COUNT; kind++) {
        if (state->counters[kind] != 0)
            core_format(out, "%s %llu\n", trace_kind_name((enum trace_kind)kind),
                        (unsigned long long)state->counters[kind]);
    }
}

void
step_view_text(const struct core_out *out, enum step_view view, const struct scn_state *state,
               vmm_ppn frame)
{
    switch (view) {
    case STEP_MAPS:
        put_maps(out, state);
        break;
    case STEP_OBJECTS:
        put_objects(out, state);
        break;
    case STEP_WALK:
        put_walk(out, state);
        break;
    case STEP_TLB:
        put_tlb(out, state);
        break;
    case STEP_FRAME:
        put_frame(out, state, frame);
        break;
    case STEP_COUNTERS:
    case STEP_VIEWS:
        put_counters(out, state);
        break;
    }
}
