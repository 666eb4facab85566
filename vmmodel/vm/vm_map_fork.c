/*
 * vm_map_fork.c - a child's map from its parent's
 *
 *      inheritance   parent's entry            child's entry
 *      NONE                                    none
 *      SHARE         object made shareable     the same object
 *      COPY          needs_copy, WRITE gone    the same object, needs_copy
 *                    delayed-copy object       a copy object
 *                    wired, a page list        copied now
 *                    a device's block          none
 */
#include "vm/vm_fault_internal.h"
#include "vm/vm_map_copy.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_submap.h"
#include "vm/vm_task.h"

/* The child's entry: like the parent's, but nothing of its wiring (vm.md 1.2 "plain copy"). */
static struct vm_map_entry
vm_fork_entry(const struct vm_map_entry *entry)
{
    struct vm_map_entry child = *entry;

    child.object = NULL;
    child.is_shared = false;
    child.in_transition = child.needs_wakeup = false;
    child.is_prefaulted = false;
    child.permanent = child.used_for_jit = child.is_atomic = false;
    child.is_superpage = false;
    child.wired_count = child.user_wired_count = 0;
    return child;
}

static enum vmm_status
vm_fork_share(struct vm_map *map, struct vm_map_entry *entry, struct vm_map_entry *child)
{
    enum vmm_status status = vm_map_share_entry(map, entry);

    if (status != VMM_OK)
        return status;
    vm_object_reference(entry->object);
    child->object = entry->object;
    child->offset = entry->offset;
    child->needs_copy = false;
    child->is_shared = true;
    return VMM_OK;
}

static enum vmm_status
vm_fork_copy(struct vm_map *map, struct vm_map_entry *entry, struct vm_map_entry *child)
{
    struct vm_object_copy copy;
    enum vmm_status status = vm_map_copy_object(map, entry, &copy);

    child->object = copy.object;
    child->offset = copy.offset;
    child->needs_copy = copy.needs_copy;
    return status;
}

/* Puts an entry into the child's map; its references go over, or are given up. */
static enum vmm_status
vm_fork_enter(struct vm_map *to, struct vm_map_entry *child)
{
    struct vm_map_entry *made = vmm_zone_take(&to->system->entry_zone);

    if (made == NULL) {
        vm_object_release(&child->object);
        return VMM_MODEL_NO_MEMORY;
    }
    *made = *child;
    vm_map_entry_link(to, made);
    trace_emit(&to->system->trace, EV_MAP_ENTER, .space = to->space, .va = child->start,
               .length = vm_entry_size(child), .prot = child->protection,
               .object = child->object == NULL ? 0 : child->object->id);
    return VMM_OK;
}

/* A child that shares a submap shows it too; what was nested is nested there at once. */
static enum vmm_status
vm_fork_share_submap(const struct vm_map_entry *entry, struct vm_map *to)
{
    struct vm_map_entry child = vm_fork_entry(entry);
    enum vmm_status status;

    vm_map_reference(child.submap);
    status = vm_fork_enter(to, &child);
    if (status != VMM_OK)
        vm_map_release(&child.submap);
    else if (child.use_pmap)
        status = vm_map_nest_entry(to, vm_map_entry_at_or_after(to, child.start));
    return status;
}

/* A child that copies a submap gets copies of what the submap shows, entry by entry. */
static enum vmm_status
vm_fork_copy_submap(struct vm_map *map, const struct vm_map_entry *entry, struct vm_map *to)
{
    enum vmm_status status = VMM_OK;
    struct vm_place place;

    for (vmm_va at = entry->start; at < entry->end && status == VMM_OK; at = place.end) {
        struct vm_map_entry child;

        if (!vm_map_find_place(map, at, &place))
            return VMM_INVALID_ADDRESS;
        child = vm_fork_entry(place.entry); /* an object's: its place is behind all submaps */
        status = vm_fork_copy(vm_place_map(&place, map), place.entry, &child);
        if (status != VMM_OK)
            return status;
        if (child.object != NULL)
            child.offset += place.address - place.entry->start;
        child.start = at;
        child.end = place.end;
        status = vm_fork_enter(to, &child);
    }
    return status;
}

static enum vmm_status
vm_fork_one(struct vm_map *map, struct vm_map_entry *entry, struct vm_map *to)
{
    struct vm_map_entry child = vm_fork_entry(entry);
    enum vmm_status status;

    if (entry->inheritance == VMM_INHERIT_NONE)
        return VMM_OK;
    if (entry->submap != NULL)
        return entry->inheritance == VMM_INHERIT_SHARE ? vm_fork_share_submap(entry, to)
                                                       : vm_fork_copy_submap(map, entry, to);
    status = entry->inheritance == VMM_INHERIT_SHARE ? vm_fork_share(map, entry, &child)
                                                     : vm_fork_copy(map, entry, &child);
    if (status != VMM_OK)
        return status == VMM_PROTECTION_FAILURE ? VMM_OK
                                                : status; /* a block: the child goes without */
    return vm_fork_enter(to, &child);
}

enum vmm_status
vm_task_fork(struct vm_task *parent, struct vm_task **made)
{
    struct vm_map *map = parent->map;
    struct vm_task *child;
    struct vm_map_entry *entry;
    enum vmm_status status = vm_system_runs(parent->system);

    if (status == VMM_OK)
        status = vm_task_create_empty(parent->system, map->page_shift, &child);
    if (status != VMM_OK)
        return status;
    child->map->user_wire_limit = map->user_wire_limit;
    vm_map_search_within(child->map, map->search_min, map->search_max);
    vm_map_lock(map);
    for (entry = vm_map_first(map); entry != NULL && status == VMM_OK;
         entry = vm_map_next(map, entry))
        status = vm_fork_one(map, entry, child->map);
    vm_map_unlock(map);
    if (status == VMM_OK) {
        *made = child;
        return VMM_OK;
    }
    if (vm_task_terminate(child) != VMM_OK)
        return VMM_MODEL_NO_MEMORY;
    return vm_fault_result(map, map->min, status);
}
