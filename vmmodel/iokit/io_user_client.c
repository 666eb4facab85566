/* io_user_client.c - see io_user_client.h */
#include "iokit/io_user_client.h"

#include "iokit/io_internal.h"
#include "vm/vm_access.h"

/* Sizes that fit inline but came out of line anyway are malformed from 10.12.6 on; huge ones from 11. */
static bool
io_call_is_malformed(const struct vm_system *system, const struct io_call *call)
{
    bool is_small = (call->input_size > 0 && call->input_size <= IO_INBAND_BYTES) ||
                    (call->output_size > 0 && call->output_size <= IO_INBAND_BYTES);

    if (call->output_size > UINT32_MAX && vm_system_profile(system)->checks_output_size)
        return true;
    return vm_system_profile(system)->checks_ool_size && call->force_out_of_line && is_small;
}

static bool
io_is_inline(const struct io_call *call, uint64_t size)
{
    return size <= IO_INBAND_BYTES && !call->force_out_of_line;
}

/* The inline bytes, as the message carries them. */
static enum vmm_status
io_copy_inline(struct vm_system *system, const struct io_call *call,
               struct io_external_method_arguments *arguments)
{
    enum vmm_status status = vm_access(system,
                                       &(struct vm_access){ .task = call->task,
                                                            .va = call->input,
                                                            .length = call->input_size,
                                                            .kind = VM_ACCESS_READ,
                                                            .to = arguments->structure_input,
                                                            .has_recovery = true },
                                       NULL);

    if (status == VMM_INVALID_ADDRESS)
        return VMM_IO_BAD_ARGUMENT;
    arguments->structure_input_size = (uint32_t)call->input_size;
    return status;
}

/* A descriptor over the user's bytes; one that cannot be made is NULL and no error (iokit.md 6.2). */
static enum vmm_status
io_describe(const struct io_call *call, uint64_t address, uint64_t size, uint32_t options,
            struct io_md **md)
{
    struct io_range range = { address, size };
    enum vmm_status status = io_md_create(call->task, &range, 1, options, md);

    if (status == VMM_OK)
        (*md)->kept = 1; /* the one reference is the kernel's until externalMethod returns */
    return status == VMM_IO_BAD_ARGUMENT ? VMM_OK : status;
}

enum vmm_status
io_user_client_begin(struct vm_system *system, const struct io_call *call,
                     struct io_external_method_arguments *arguments)
{
    bool copies = vm_system_profile(system)->input_copy_on_write;
    uint32_t options = IO_DIRECTION_OUT | (copies ? (uint32_t)IO_MEMORY_MAP_COPY_ON_WRITE : 0);
    enum vmm_status status = VMM_OK;

    arguments->structure_input_size = 0;
    arguments->structure_input_descriptor = NULL;
    arguments->structure_output_descriptor = NULL;
    arguments->structure_output_descriptor_size = 0;
    if (io_call_is_malformed(system, call))
        return VMM_IO_IPC_ERROR;
    if (call->input_size > 0)
        status = io_is_inline(call, call->input_size)
                     ? io_copy_inline(system, call, arguments)
                     : io_describe(call, call->input, call->input_size, options,
                                   &arguments->structure_input_descriptor);
    if (status == VMM_OK && call->output_size > 0 && !io_is_inline(call, call->output_size)) {
        status = io_describe(call, call->output, call->output_size, IO_DIRECTION_IN,
                             &arguments->structure_output_descriptor);
        arguments->structure_output_descriptor_size = call->output_size;
    }
    if (status != VMM_OK)
        (void)io_user_client_end(arguments);
    return status;
}

enum vmm_status
io_user_client_end(struct io_external_method_arguments *arguments)
{
    struct io_md **descriptors[] = { &arguments->structure_input_descriptor,
                                     &arguments->structure_output_descriptor };
    enum vmm_status status = VMM_OK;

    for (size_t i = 0; i < VMM_COUNT_OF(descriptors); i++) {
        if (*descriptors[i] != NULL && status == VMM_OK)
            status = io_md_let_go(descriptors[i]);
    }
    return status;
}
