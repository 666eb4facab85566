/* export_dot.c - see export_dot.h */
#include "export_dot.h"

#include "core_out.h"

/* Text inside a quoted label: Graphviz's own escapes are made harmless. */
static void
put_quoted(const struct core_out *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            core_put(out, "\\");
        core_put_bytes(out, text, 1);
    }
}

static bool
is_shown(const struct vm_region *region)
{
    return region->start != 0 || region->max_protection != VMM_PROT_NONE; /* not page zero */
}

static void
put_entry(const struct core_out *out, const struct scn_space *space, size_t index)
{
    const struct scn_region *kept = &space->regions[index];
    const struct vm_region *region = &kept->region;

    core_format(out, "    entry_%u_%u [shape=box, label=\"", space->id, (unsigned)index);
    if (kept->detail[0] != '\0') {
        put_quoted(out, kept->detail);
        core_put(out, "\\n");
    }
    core_format(out, "0x%llx, %llu pages\\nwired %u, translated %llu%s\"];\n",
                (unsigned long long)region->start,
                (unsigned long long)((region->end - region->start) / space->page_bytes),
                region->wired_count, (unsigned long long)kept->translated,
                region->needs_copy ? "\\nneeds_copy" : "");
}

static void
put_space(const struct core_out *out, const struct scn_space *space)
{
    core_format(out, "  subgraph cluster_space_%u {\n    label=\"", space->id);
    put_quoted(out, space->name);
    core_put(out, "\";\n");
    for (size_t i = 0; i < space->region_count; i++) {
        if (is_shown(&space->regions[i].region))
            put_entry(out, space, i);
    }
    core_put(out, "  }\n");
    for (size_t i = 0; i < space->region_count; i++) {
        const struct vm_region *region = &space->regions[i].region;

        if (is_shown(region) && region->object_id != 0)
            core_format(out, "  entry_%u_%u -> object_%u [label=\"+0x%llx\"];\n", space->id,
                        (unsigned)i, region->object_id, (unsigned long long)region->offset);
    }
}

static void
put_object(const struct core_out *out, const struct scn_state *state,
           const struct vm_look_object *object)
{
    core_format(out,
                "  object_%u [shape=ellipse, label=\"object %u\\n%llu of %llu pages, %llu wired\\n"
                "references %u, %s%s\"];\n",
                object->id, object->id, (unsigned long long)object->resident_pages,
                (unsigned long long)(object->size / state->maps->page_bytes),
                (unsigned long long)object->wired_pages, object->references, object->copy_strategy,
                object->is_shared ? ", true_share" : "");
    if (object->shadow != 0)
        core_format(out, "  object_%u -> object_%u [label=\"shadow +0x%llx\"];\n", object->id,
                    object->shadow, (unsigned long long)object->shadow_offset);
    if (object->copy != 0)
        core_format(out, "  object_%u -> object_%u [label=\"copy\", style=dashed];\n", object->id,
                    object->copy);
}

void
export_dot(const struct core_out *out, const char *title, const struct scn_state *state)
{
    core_put(out, "digraph memory {\n  rankdir=LR;\n  label=\"");
    put_quoted(out, title);
    core_format(out, "\\nevent %llu, line %u%s\";\n", (unsigned long long)state->event,
                (unsigned)state->maps->line,
                state->objects_are_cut ? "\\nand more objects than are shown" : "");
    for (size_t i = 0; i < state->maps->space_count; i++)
        put_space(out, state->spaces[i].space);
    for (size_t i = 0; i < state->object_count; i++)
        put_object(out, state, &state->objects[i].object);
    core_put(out, "}\n");
}
