/*
 * cmd_xnu_mac.c - the user half of the kext: one call with a scenario's text, one report back
 *
 * Compiled on macOS only, with -framework IOKit -framework CoreFoundation. The memory for the scenario's
 * buffers is ours: allocated here, never touched here, and with a hole behind it, which the contract asks for.
 */
#include <stdlib.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <mach/mach_vm.h>

#include "cmd/cmd_backend.h"
#include "io/io_file.h"

enum {
    XNU_ARENA = 64 << 20,
    XNU_HOLE = 1 << 16,
    XNU_TEXT_MAX = 64 << 10,
    XNU_REPORT_MAX = 1 << 20
};

struct xnu_call {
    io_connect_t connection;
    mach_vm_address_t arena;
    struct io_bytes text;
    char *report;
    size_t report_length;
};

static kern_return_t
xnu_open(io_connect_t *connection)
{
    io_service_t service =
        IOServiceGetMatchingService(MACH_PORT_NULL, IOServiceMatching("org_faultline_Faultline"));
    kern_return_t status;

    if (service == IO_OBJECT_NULL)
        return KERN_NOT_SUPPORTED;
    status = IOServiceOpen(service, mach_task_self(), 0, connection);
    IOObjectRelease(service);
    return status;
}

static kern_return_t
xnu_make_arena(mach_vm_address_t *arena)
{
    kern_return_t status =
        mach_vm_allocate(mach_task_self(), arena, XNU_ARENA + XNU_HOLE, VM_FLAGS_ANYWHERE);

    if (status == KERN_SUCCESS)
        status = mach_vm_deallocate(mach_task_self(), *arena + XNU_ARENA, XNU_HOLE);
    return status;
}

static kern_return_t
xnu_ask(struct xnu_call *call, bool may_panic)
{
    uint64_t scalars[3] = { may_panic, call->arena, XNU_ARENA };
    uint64_t length = 0;
    uint32_t scalar_count = 1;
    size_t room = XNU_REPORT_MAX;
    kern_return_t status =
        IOConnectCallMethod(call->connection, 0, scalars, 3, call->text.data, call->text.length,
                            &length, &scalar_count, call->report, &room);

    call->report_length = length < XNU_REPORT_MAX ? (size_t)length : (size_t)XNU_REPORT_MAX;
    return status;
}

static bool
xnu_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct xnu_call *call = context;

    (void)err;
    io_bytes_put(out, call->report, call->report_length);
    return false;
}

static int
xnu_run(struct xnu_call *call, bool may_panic)
{
    kern_return_t status = xnu_open(&call->connection);
    int code = CMD_CLEAN;

    if (status != KERN_SUCCESS)
        return cmd_trouble("the kext is not there, or this user is no administrator: 0x%x", status);
    status = xnu_make_arena(&call->arena);
    if (status == KERN_SUCCESS)
        status = xnu_ask(call, may_panic);
    IOServiceClose(call->connection);
    if (status != KERN_SUCCESS)
        return cmd_trouble("the kext answered 0x%x", status);
    return cmd_work(xnu_work, call, &code);
}

int
cmd_xnu(const char *file, bool may_panic)
{
    struct xnu_call call = { .report = malloc(XNU_REPORT_MAX) };
    char why[IO_WHY_BYTES];
    int code;

    if (call.report == NULL)
        return cmd_trouble("memory ran out");
    if (file != NULL && !io_file_read(file, XNU_TEXT_MAX, &call.text, why))
        code = cmd_trouble("%s: cannot be read: %s", file, why);
    else
        code = xnu_run(&call, may_panic);
    io_bytes_free(&call.text);
    free(call.report);
    return code;
}
