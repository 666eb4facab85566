/*
 * status.h - one result type for every floor
 *
 * PURPOSE     What a caller or a scenario can cause is a status. The numbers are the kernel's own,
 *             so a trace compares with a real one.
 * INVARIANTS  status.def is the one table; names and numbers are unique in it
 * UNITS       an enumerator is the number that the Mac would return, as a 32-bit integer
 * OWNERSHIP   strings are constants
 * ERRORS      this is where they are defined
 * EVENTS      none
 * XNU         osfmk/mach/kern_return.h, iokit/IOKit/IOReturn.h
 *             Differs: MODEL_* rows say what a userspace model must be able to say and a kernel
 *             cannot: "I panicked", "this thread never comes back".
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include "base/types.h"

/* sys_iokit, err_common + low code; the Mac's IOReturn is a signed 32-bit integer. */
#define VMM_IO(low) (int)(0xE0000000u + (low))

/* unix_err(): errno numbers as statuses. */
#define VMM_UNIX(number) (0xC000 + (number))

enum vmm_status {
#define VMM_STATUS(id, number, name, text) id = number,
#include "base/status.def"
#undef VMM_STATUS
};

/*
 * The name users know: "KERN_PROTECTION_FAILURE", "kIOReturnBadArgument", "MODEL_PANIC".
 * Returns NULL for a number that is not in the table.
 */
const char *vmm_status_name(enum vmm_status status);

/* One phrase that says what the status means; NULL for a number that is not in the table. */
const char *vmm_status_text(enum vmm_status status);

/*
 * Finds a status by its name; `length` bytes, no terminator needed.
 * Returns true and writes *status when the name is known; otherwise leaves it alone.
 */
bool vmm_status_by_name(const char *name, size_t length, enum vmm_status *status);

#endif
