/*
 * mach_ports.h - numbers for tasks, hosts and memory entries
 *
 * PURPOSE     What a Mach port name means to the kit.
 * INVARIANTS  P1  a name is used for one thing at a time
 * UNITS       none
 * OWNERSHIP   a memory entry's port holds one reference on it
 * ERRORS      NULL: the port names no such thing
 * EVENTS      none
 * XNU         osfmk/ipc. Differs: one name space, no rights but "has it"
 */
#ifndef KIT_MACH_PORTS_H
#define KIT_MACH_PORTS_H

#include <stdint.h>

#include "vm/vm_memory_entry.h"
#include "vm/vm_task.h"
#include "vmmodel.h"

enum { MACH_PORT_OF_HOST = 0x203, MACH_PORT_OF_HOST_PRIV = 0x303 };

/* The name of a task, for as long as it lives; 0: there are no more names. */
uint32_t mach_port_of_task(const struct vm_task *task);

/* The task of a name, and its map; NULL: it names no task that lives. */
struct vm_task *mach_task_of_port(uint32_t port);
struct vm_map *mach_map_of_port(uint32_t port);

/* A name for a memory entry, whose reference is taken over; 0: no room, and the caller keeps it. */
uint32_t mach_port_of_entry(struct vm_memory_entry *entry);

/* The entry of a name, borrowed. */
struct vm_memory_entry *mach_entry_of_port(uint32_t port);

/* Gives a memory entry's port back; other ports stay. False: it names no memory entry. */
bool mach_port_release_entry(uint32_t port);

/* Gives every memory entry back. */
void mach_ports_forget(void);

#endif
