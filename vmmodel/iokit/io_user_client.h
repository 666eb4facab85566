/*
 * io_user_client.h - how a user's struct input reaches externalMethod
 *
 * PURPOSE     IOConnectCallMethod's choice between inline and descriptor, and what the kernel makes
 *             of it on each release: where the radar's case begins.
 * INVARIANTS  none of its own
 * UNITS       sizes: bytes
 * OWNERSHIP   the descriptors in the arguments belong to the call: the kernel releases them after
 *             the method returned (iokit.md 6.2); a driver that keeps one retains it
 * ERRORS      VMM_IO_IPC_ERROR (iokit.md 6.2 step 1), VMM_IO_BAD_ARGUMENT (inline bytes that cannot
 *             be copied in)
 * EVENTS      none of its own
 * XNU         IOUserClient.cpp is_io_connect_method; IOKitLib.c IOConnectCallMethod; iokit.md 6
 */
#ifndef IOKIT_IO_USER_CLIENT_H
#define IOKIT_IO_USER_CLIENT_H

#include "iokit/io_memory_descriptor.h"

/* IOExternalMethodArguments: what externalMethod() is given. */
struct io_external_method_arguments {
    uint8_t structure_input[IO_INBAND_BYTES]; /* inline bytes */
    uint32_t structure_input_size;
    struct io_md *structure_input_descriptor; /* NULL: inline, or none */
    struct io_md *structure_output_descriptor;
    uint64_t structure_output_descriptor_size;
};

/* IOConnectCallMethod()'s struct input and output, as the user passes them. */
struct io_call {
    struct vm_task *task; /* the caller */
    uint64_t input;       /* user address; input_size 0: none */
    uint64_t input_size;
    uint64_t output;
    uint64_t output_size;
    bool force_out_of_line; /* sends the address even when the size fits inline */
};

/* Builds the arguments as the kernel does before it calls externalMethod. */
enum vmm_status io_user_client_begin(struct vm_system *system, const struct io_call *call,
                                     struct io_external_method_arguments *arguments) VMM_MUST_USE;

/* Releases the descriptors after the method returned. */
enum vmm_status io_user_client_end(struct io_external_method_arguments *arguments);

#endif
