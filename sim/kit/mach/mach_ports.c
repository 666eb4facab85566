/* mach_ports.c - see mach_ports.h */
#include "mach_ports.h"

#include <stdlib.h>

#include "mach_kit.h"

/*
 * Task n has name TASK_BASE + n * TASK_STEP, where the kernel's is 0 and nobody's. Memory entries have the
 * names below the first task's.
 */
enum {
    TASK_BASE = 0x103,
    TASK_STEP = 0x100000,
    TASKS_MAX = 0xFFF, /* the last whose name fits in 32 bits */
    ENTRY_BASE = 0x1003,
    ENTRY_STEP = 0x100,
    ENTRIES_MAX = (TASK_STEP - ENTRY_BASE) / ENTRY_STEP
};

static struct {
    struct vm_memory_entry **entries;
    size_t count;
} ports;

uint32_t
mach_port_of_task(const struct vm_task *task)
{
    uint32_t id = vm_task_id(task);

    return id > TASKS_MAX ? 0 : TASK_BASE + id * TASK_STEP;
}

struct vm_task *
mach_task_of_port(uint32_t port)
{
    if (port % TASK_STEP != TASK_BASE || port / TASK_STEP == 0)
        return NULL; /* nobody is given the kernel's */
    return vm_task_find(mach_kit_system(), port / TASK_STEP);
}

struct vm_map *
mach_map_of_port(uint32_t port)
{
    struct vm_task *task = mach_task_of_port(port);

    return task == NULL ? NULL : vm_task_map(task);
}

uint32_t
mach_port_of_entry(struct vm_memory_entry *entry)
{
    size_t slot = 0;

    while (slot < ports.count && ports.entries[slot] != NULL)
        slot++;
    if (slot == ENTRIES_MAX)
        return 0;
    if (slot == ports.count) {
        struct vm_memory_entry **more = realloc(ports.entries, (slot + 1) * sizeof(*more));

        if (more == NULL)
            return 0;
        ports.entries = more;
        ports.count++;
    }
    ports.entries[slot] = entry;
    return ENTRY_BASE + (uint32_t)slot * ENTRY_STEP;
}

static struct vm_memory_entry **
mach_entry_slot(uint32_t port)
{
    uint32_t slot = (port - ENTRY_BASE) / ENTRY_STEP;

    if (port < ENTRY_BASE || (port - ENTRY_BASE) % ENTRY_STEP != 0 || slot >= ports.count)
        return NULL;
    return &ports.entries[slot];
}

struct vm_memory_entry *
mach_entry_of_port(uint32_t port)
{
    struct vm_memory_entry **slot = mach_entry_slot(port);

    return slot == NULL ? NULL : *slot;
}

bool
mach_port_release_entry(uint32_t port)
{
    struct vm_memory_entry **slot = mach_entry_slot(port);

    if (slot == NULL || *slot == NULL)
        return false;
    vm_memory_entry_release(slot);
    return true;
}

void
mach_ports_forget(void)
{
    for (size_t i = 0; i < ports.count; i++)
        vm_memory_entry_release(&ports.entries[i]);
    free(ports.entries);
    ports.entries = NULL;
    ports.count = 0;
}
