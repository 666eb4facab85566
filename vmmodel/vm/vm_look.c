/* vm_look.c - see vm_look.h */
#include "vm/vm_look.h"

#include <string.h>

#include "vm/vm_object.h"
#include "vm/vm_page.h"

/* ---- objects ---- */

void
vm_look_objects(const struct vm_system *system,
                void (*see)(void *context, const struct vm_object *object), void *context)
{
    const struct vmm_list *link;

    for (link = system->objects.next; link != &system->objects; link = link->next)
        see(context, VMM_CONTAINER(link, struct vm_object, link));
}

void
vm_look_object(const struct vm_object *object, struct vm_look_object *view)
{
    static const char *const strategies[] = { [VM_COPY_NONE] = "none",
                                              [VM_COPY_CALL] = "call",
                                              [VM_COPY_DELAY] = "delay",
                                              [VM_COPY_SYMMETRIC] = "symmetric" };

    *view = (struct vm_look_object){
        .id = object->id,
        .references = object->ref_count,
        .size = object->size,
        .shadow = object->shadow != NULL ? object->shadow->id : 0,
        .shadow_offset = object->shadow_offset,
        .copy = object->copy != NULL ? object->copy->id : 0,
        .copy_strategy = strategies[object->copy_strategy],
        .resident_pages = object->pages.count,
        .wired_pages = object->wired_page_count,
        .stored_pages = object->paged_out.count,
        .is_shared = object->true_share,
        .is_file = object->pager != NULL,
        .is_device = object->device != NULL,
    };
}

bool
vm_look_page(const struct vm_object *object, vmm_off *offset, struct vm_look_page *view)
{
    struct vm_page *page;

    if (!vm_object_next_page(object, offset, object->size, &page))
        return false;
    *view = (struct vm_look_page){ vm_page_offset(page), vm_page_ppn(page),
                                   vm_page_wire_count(page), page->is_dirty };
    return true;
}

/* ---- translations ---- */

uint32_t
vm_look_walk(const struct vm_system *system, uint32_t space, vmm_va va,
             struct pmap_look_step steps[PMAP_LOOK_LEVELS])
{
    const struct vm_task *task = vm_task_find(system, space);

    if (task == NULL || !hw_is_canonical(system->machine->geometry, va))
        return 0;
    return pmap_look_walk(vm_task_map(task)->pmap, va, steps);
}

uint32_t
vm_look_levels(const struct vm_system *system)
{
    return system->machine->geometry->levels;
}

void
vm_look_mappings(const struct vm_system *system, vmm_ppn ppn,
                 void (*see)(void *context, uint32_t space, vmm_va va), void *context)
{
    pmap_look_mappings(system->pmaps, ppn, see, context);
}

void
vm_look_tlb(const struct vm_system *system, uint32_t cpu,
            void (*see)(void *context, const struct pmap_look_line *line), void *context)
{
    pmap_look_tlb(system->pmaps, cpu, see, context);
}

/* ---- CPUs ---- */

void
vm_look_cpu(const struct vm_system *system, uint32_t cpu, struct vm_look_cpu *view)
{
    const struct vm_cpu_context *context = &system->contexts[cpu];
    const struct hw_cpu *hardware = &system->machine->cpus[cpu];
    const struct vm_task *task = system->cpu_tasks[cpu];

    *view = (struct vm_look_cpu){
        .space = task != NULL ? vm_task_id(task) : 0,
        .preemption_level = context->preemption_level,
        .interrupts_enabled = hardware->interrupts_enabled,
        .flush_pending = pmap_is_flush_pending(system->pmaps, cpu),
        .depth = context->depth,
        .l1_hits = hardware->tlb.l1_hits,
        .l2_hits = hardware->tlb.l2_hits,
        .misses = hardware->tlb.misses,
    };
    memcpy(view->stack, context->stack, sizeof(view->stack));
}
