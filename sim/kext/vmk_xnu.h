/*
 * vmk_xnu.h - the seam's handles, where I/O Kit answers it
 *
 * PURPOSE     A handle is the I/O Kit object itself. Because a scenario comes from outside, each handle
 *             is looked up in the table of what was made here before it is followed, and verbs that
 *             would stop the machine are refused. Calls whose symbols the audit's table does not know
 *             are answered "not there".
 * INVARIANTS  K1 of kext.h
 * UNITS       none
 * OWNERSHIP   the table has what was made
 * ERRORS      NULL for a handle that the table does not know
 * EVENTS      none
 * XNU         the headers named here
 */
#ifndef KEXT_VMK_XNU_H
#define KEXT_VMK_XNU_H

#include <IOKit/IOBufferMemoryDescriptor.h>
#include <IOKit/IODMACommand.h>
#include <IOKit/IOLib.h>
#include <IOKit/IOLocks.h>
#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/IOSubMemoryDescriptor.h>
#include <kern/task.h>
#include <libkern/libkern.h>
#include <libkern/version.h>
#include <mach/mach_types.h>
#include <mach/vm_param.h>

#include "hooks/vmk.h"
#include "kext/kext.h"

static inline bool
may_panic()
{
    return (kext_run_now()->flags & KEXT_MAY_PANIC) != 0;
}

/* Its memory is described by its address, and would be gone from behind the descriptor. */
static inline bool
must_stay(const kext_entry *entry)
{
    return !may_panic() && kext_table_is_described(entry);
}

static inline kext_entry *
entry_of(vmk_desc_t d)
{
    return kext_table_find(KEXT_DESC, d);
}

static inline kext_entry *
entry_of(vmk_map_t m)
{
    return kext_table_find(KEXT_MAP, m);
}

static inline IOMemoryDescriptor *
memory_of(vmk_desc_t d)
{
    return entry_of(d) != NULL ? reinterpret_cast<IOMemoryDescriptor *>(d) : NULL;
}

static inline IOMemoryMap *
map_of(vmk_map_t m)
{
    return entry_of(m) != NULL ? reinterpret_cast<IOMemoryMap *>(m) : NULL;
}

static inline IOBufferMemoryDescriptor *
buffer_of(vmk_desc_t d)
{
    IOMemoryDescriptor *memory = memory_of(d);

    return memory != NULL ? OSDynamicCast(IOBufferMemoryDescriptor, memory) : NULL;
}

static inline IODMACommand *
command_of(vmk_dma_t c)
{
    return kext_table_find(KEXT_DMA, c) != NULL ? reinterpret_cast<IODMACommand *>(c) : NULL;
}

static inline task_t
task_of(vmk_task_t task)
{
    return reinterpret_cast<task_t>(task);
}

/* Physical memory is asked for: a descriptor that nobody prepared panics. */
static inline bool
may_reach(vmk_desc_t d)
{
    const kext_entry *entry = entry_of(d);

    return entry != NULL &&
           (may_panic() || entry->prepares > 0 || (entry->flags & KEXT_PREPARED) != 0);
}

#endif
