/*
 * faultline/iokit.h - a test's side of a kext: load it, open it, call it as a program would
 *
 * PURPOSE     What the kernel does around a driver: makes its service, its user client for a task, and
 *             carries calls from the task's memory to externalMethod() and back (iokit.md 6).
 * INVARIANTS  structures up to 4096 bytes come inline, larger ones as descriptors of the task's memory
 * UNITS       sizes: bytes
 * OWNERSHIP   faultline_load() and faultline_open() give what faultline_unload() and
 *             faultline_close() take
 * ERRORS      NULL with faultline_iokit_trouble(); calls answer the driver's IOReturn
 * EVENTS      those of the model
 * XNU         iokit/Kernel/IOUserClient.cpp is_io_connect_method
 */
#ifndef FAULTLINE_IOKIT_H
#define FAULTLINE_IOKIT_H

#include "faultline/native.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct faultline_service faultline_service_t;
typedef struct faultline_client faultline_client_t;
typedef struct faultline_port faultline_port_t;

/* Makes the driver's class, attaches it to a provider of no kind, probes and starts it. */
faultline_service_t *faultline_load(const char *class_name);
/* The same on a provider: a driver, or a nub (NULL: as faultline_load()). */
faultline_service_t *faultline_load_on(const char *class_name, faultline_service_t *nub);
/* A plain IOService, for a driver that wants a device: properties, interrupts. */
faultline_service_t *faultline_nub(void);
/* The device interrupts: the driver's handler runs as a primary interrupt on this thread's CPU. */
vmk_return_t faultline_interrupt(faultline_service_t *nub, int source);
/* setPowerState() with a number of the driver's own table. */
vmk_return_t faultline_set_power(faultline_service_t *service, unsigned long ordinal);
/* Whether programs may do what needs privilege (clientHasPrivilege()); they may at first. */
void faultline_set_privileged(int is_root);
/* Closes every client and unloads every driver: for a test that ended in the middle. */
void faultline_end_all(void);
/* What its property list would say; for a class whose client the list names. */
void faultline_set_property(faultline_service_t *service, const char *key, const char *value);
/* Terminates it with everything that is open. */
void faultline_unload(faultline_service_t *service);
const char *faultline_iokit_trouble(void);

/* newUserClient() for a task, as IOServiceOpen() does; clientClose(), as IOServiceClose() does. */
faultline_client_t *faultline_open(faultline_service_t *service, vmk_task_t task, uint32_t type);
void faultline_close(faultline_client_t *client);
/* The program ends with the connection open: clientDied(). */
void faultline_die(faultline_client_t *client);

/* ---- ports: where a driver's messages arrive ---- */

struct faultline_message {
    uint64_t refcon; /* as the test gave it */
    vmk_return_t result;
    uint32_t count;
    uint64_t arguments[16];
};

faultline_port_t *faultline_port_create(void);
void faultline_port_destroy(faultline_port_t *port);
/* The next message, waited for up to `timeout_ms`; 0: none came. */
int faultline_port_receive(faultline_port_t *port, unsigned timeout_ms,
                           struct faultline_message *message);
/* IOConnectSetNotificationPort() */
vmk_return_t faultline_user_set_port(faultline_client_t *client, faultline_port_t *port,
                                     uint32_t type, uint64_t refcon);

/* ---- calls ---- */

/* `length` bytes of a task's memory, zero; the pointer is the task's address made one of ours. */
void *faultline_user_allocate(vmk_task_t task, uint64_t length);

struct faultline_call {
    const uint64_t *scalar_input;
    uint32_t scalar_input_count;
    const void
        *input; /* the task's memory (faultline_user_allocate()), or the test's own: a copy */
    uint64_t input_size;
    uint64_t *scalar_output;
    uint32_t scalar_output_count; /* in: room; out: given */
    void *output;                 /* likewise */
    uint64_t output_size;         /* in: room; out: given */
    faultline_port_t *port;       /* an asynchronous call: where the answer goes */
    uint64_t refcon;              /* and what comes with it */
};

/* IOConnectCallMethod(), or with a port IOConnectCallAsyncMethod(). */
vmk_return_t faultline_user_call(faultline_client_t *client, uint32_t selector,
                                 struct faultline_call *call);

/* IOConnectCallStructMethod() with input only. */
vmk_return_t faultline_user_call_struct(faultline_client_t *client, uint32_t selector,
                                        const void *input, uint64_t input_size);

/* IOConnectMapMemory(): the address in the client's task, and the size; NULL: the code is in *result. */
void *faultline_user_map(faultline_client_t *client, uint32_t type, uint32_t options,
                         uint64_t *size, vmk_return_t *result);

/* ---- device nodes (devfs_make_node()), by name; Darwin's errno ---- */
int faultline_device_open(const char *name);
int faultline_device_close(const char *name);
int faultline_device_ioctl(const char *name, unsigned long command, void *data);
/* read() or write() of a task's memory (faultline_user_allocate()) or the test's own. */
int faultline_device_transfer(const char *name, void *bytes, uint64_t length, int is_write,
                              uint64_t *done);

/* sysctlbyname() of what a driver registered ("debug.name"); `old`, `old_size`, `new_value` may be NULL. */
int faultline_sysctl(const char *name, void *old, uint64_t *old_size, const void *new_value,
                     uint64_t new_size);

#ifdef __cplusplus
}
#endif
#endif
