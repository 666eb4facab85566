/*
 * ports.h - where a driver's messages to a program go
 *
 * PURPOSE     A port is a queue that the test empties (faultline/iokit.h).
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   the test's
 * ERRORS      as mach_msg_send_from_kernel()
 * EVENTS      none
 * XNU         osfmk/ipc; iokit/Kernel/IOUserClient.cpp sendAsyncResult64
 */
#ifndef KEXT_PORTS_H
#define KEXT_PORTS_H

#include <faultline_kext/iokit.h>

natural_t port_number(mach_port_t port);
mach_port_t port_numbered(natural_t number); /* NULL: none */

/*
 * A message with up to kMaxAsyncArgs words; kIOReturnBadArgument: no port, MACH_SEND_INVALID_DEST: one that
 * is gone.
 */
IOReturn port_send(mach_port_t port, io_user_reference_t refcon, IOReturn result,
                   const io_user_reference_t *arguments, UInt32 count);

#endif
