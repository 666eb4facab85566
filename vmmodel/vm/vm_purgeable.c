/* vm_purgeable.c - see vm_purgeable.h */
#include "vm/vm_purgeable.h"

#include "vm/vm_object.h"
#include "vm/vm_page.h"

void
vm_object_make_purgable(struct vm_object *object)
{
    object->true_share = true;
    object->copy_strategy = VM_COPY_NONE;
    object->purgable = VM_PURGABLE_NONVOLATILE;
}

uint64_t
vm_object_purge(struct vm_object *object)
{
    vmm_off offset = 0;
    struct vm_page *page;
    uint64_t gone = 0;

    while (vm_object_next_page(object, &offset, UINT64_MAX, &page)) {
        if (object->phys_contiguous || vm_page_wire_count(page) > 0 || page->busy)
            continue;
        vm_page_free(page);
        gone++;
    }
    vm_object_drop_slots(object, 0, UINT64_MAX);
    object->purgable = VM_PURGABLE_EMPTY;
    object->system->counts.purges += gone;
    return gone;
}

enum vmm_status
vm_purgable_set(struct vm_object *object, int *state)
{
    int wanted = *state & VM_PURGABLE_STATE_MASK;
    int before = (int)object->purgable;

    if (wanted == VM_PURGABLE_DENY)
        return VMM_INVALID_ARGUMENT;
    if (wanted == VM_PURGABLE_VOLATILE && before != VM_PURGABLE_EMPTY) {
        if (before == VM_PURGABLE_NONVOLATILE)
            object->volatile_since = ++object->system->last_volatile;
        object->purgable = VM_PURGABLE_VOLATILE;
    } else if (wanted == VM_PURGABLE_NONVOLATILE) {
        object->purgable = VM_PURGABLE_NONVOLATILE;
    }
    if (wanted != VM_PURGABLE_NONVOLATILE)
        object->volatile_state = (uint32_t)(*state & ~VM_PURGABLE_STATE_MASK);
    if (wanted == VM_PURGABLE_EMPTY ||
        (wanted == VM_PURGABLE_VOLATILE && (*state & VM_PURGABLE_DEBUG_EMPTY)))
        (void)vm_object_purge(object);
    *state = before;
    return VMM_OK;
}

/* The object that has been volatile for the longest; NULL: none is. */
static struct vm_object *
vm_purge_next(const struct vm_system *system)
{
    struct vm_object *oldest = NULL;

    for (struct vmm_list *at = system->objects.next; at != &system->objects; at = at->next) {
        struct vm_object *object = VMM_CONTAINER(at, struct vm_object, link);

        if (object->purgable == VM_PURGABLE_VOLATILE && object->paging_in_progress == 0 &&
            object->wired_page_count == 0 &&
            (oldest == NULL || object->volatile_since < oldest->volatile_since))
            oldest = object;
    }
    return oldest;
}

void
vm_purge_all(struct vm_system *system)
{
    for (struct vmm_list *at = system->objects.next; at != &system->objects; at = at->next) {
        struct vm_object *object = VMM_CONTAINER(at, struct vm_object, link);

        if (object->purgable == VM_PURGABLE_VOLATILE)
            (void)vm_object_purge(object);
    }
}

bool
vm_purge_oldest(struct vm_system *system)
{
    struct vm_object *object;

    if (system->last_volatile == 0)
        return false; /* nothing was ever volatile */
    while ((object = vm_purge_next(system)) != NULL) {
        if (vm_object_purge(object) > 0)
            return true;
    }
    return false;
}
