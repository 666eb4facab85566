/*
 * scn_snapshot.c - see scn_snapshot.h
 */
#include "scn_snapshot.h"

#include <string.h>

#include "scn_run.h"

enum { DETAIL_MAX = 256 };

/* A name's object when it names memory of the space that the region may hold; else NULL. */
static const struct scn_object *
memory_of(const struct scn_run *run, const struct scn_name *name, vmk_task_t task)
{
    const struct scn_object *object = &run->objects[name->index];
    bool is_gone = object->map != NULL && vmk_map_address(object->map) != object->address;

    if (!object->is_made || object->is_null || is_gone || object->task != task)
        return NULL;
    return object->length > 0 && (name->type == SCN_BUFFER || name->type == SCN_MAP) ? object
                                                                                     : NULL;
}

/* Which of the scenario's names lie in the region, with the offset where a part of one begins. */
static const char *
detail_of(struct scn_run *run, vmk_task_t task, const struct vm_region *region)
{
    char bytes[DETAIL_MAX];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    for (const struct scn_name *name = run->program->names; name != NULL; name = name->next) {
        const struct scn_object *object = memory_of(run, name, task);

        if (object == NULL || object->address >= region->end ||
            region->start >= object->address + object->length)
            continue;
        vmm_text_put(&text, text.length > 0 ? ", " : "");
        vmm_text_put(&text, name->text);
        if (object->address < region->start)
            vmm_text_format(&text, "+0x%llx",
                            (unsigned long long)(region->start - object->address));
    }
    return core_arena_copy(&run->keep, text.bytes, text.length);
}

static size_t
count_regions(vmk_task_t task)
{
    struct vm_region region;
    uint64_t at = 0;
    size_t count = 0;

    while (vmk_sim_region(task, at, &region)) {
        at = region.end;
        count++;
    }
    return count;
}

static void
take_region(struct scn_run *run, vmk_task_t task, uint64_t at, struct scn_region *kept)
{
    const struct vm_region *region = &kept->region;

    vmk_sim_region(task, at, &kept->region);
    vmk_sim_region_pages(task, region->start, &kept->pages);
    kept->translated = vmk_sim_translated(task, region->start, region->end - region->start,
                                          &kept->wired_translations);
    kept->detail = detail_of(run, task, region);
}

static void
take_space(struct scn_run *run, const struct scn_name *name, struct scn_snapshot *snapshot)
{
    vmk_task_t task = run->objects[name->index].task;
    size_t count = count_regions(task);
    struct scn_space *space = &snapshot->spaces[snapshot->space_count];
    uint64_t at = 0;

    space->name = core_arena_copy(&run->keep, name->text, strlen(name->text));
    space->id = vmk_sim_task_id(task);
    space->page_bytes = vmk_sim_page_bytes(task);
    space->regions = core_arena_array(&run->keep, count, sizeof *space->regions);
    if (space->name == NULL || space->regions == NULL)
        return;
    for (; space->region_count < count; space->region_count++) {
        take_region(run, task, at, &space->regions[space->region_count]);
        at = space->regions[space->region_count].region.end;
    }
    snapshot->space_count++;
}

/* Whether the name stands for a task that still has a map. */
static bool
is_live_task(const struct scn_run *run, const struct scn_name *name)
{
    const struct scn_object *object = &run->objects[name->index];

    return name->type == SCN_TASK && name->index != SCN_KERNEL_NAME && object->is_made &&
           !object->is_null && vmk_sim_task_id(object->task) != 0;
}

struct scn_snapshot *
scn_snapshot_take(struct scn_run *run, uint32_t line)
{
    struct scn_snapshot *snapshot = core_arena_take(&run->keep, sizeof *snapshot);
    const struct scn_name *name = run->program->names;

    if (snapshot == NULL)
        return NULL;
    snapshot->line = line;
    snapshot->page_bytes = run->page_bytes;
    vm_system_statistics(run->system, &snapshot->statistics);
    snapshot->spaces =
        core_arena_array(&run->keep, run->program->name_count, sizeof *snapshot->spaces);
    if (snapshot->spaces == NULL)
        return NULL;
    for (; name != NULL; name = name->next) {
        if (is_live_task(run, name))
            take_space(run, name, snapshot);
    }
    take_space(run, run->program->names, snapshot); /* the first name is the kernel's */
    return snapshot;
}
