/* ports.cpp - see ports.h and faultline/iokit.h */
#include <faultline/iokit.h>

#include "host.h"
#include "ports.h"

struct message {
    struct message *next;
    struct faultline_message said;
};

struct ipc_port {
    struct ipc_port *next;
    natural_t number;
    struct message *first, **last;
};

static struct kext_mutex *ports_lock = kext_mutex_create(1);
static struct ipc_port *ports;

faultline_port_t *
faultline_port_create(void)
{
    static natural_t last_number;
    struct ipc_port *port = (struct ipc_port *)kext_allocate(sizeof(*port), 16);

    port->last = &port->first;
    kext_mutex_lock(ports_lock);
    port->number = ++last_number;
    port->next = ports;
    ports = port;
    kext_mutex_unlock(ports_lock);
    return (faultline_port_t *)(void *)port;
}

static struct ipc_port *
port_of(faultline_port_t *handle)
{
    return (struct ipc_port *)(void *)handle;
}

static bool
take(struct ipc_port *port, struct faultline_message *said)
{
    struct message *first = port->first;

    if (first == NULL)
        return false;
    port->first = first->next;
    if (port->first == NULL)
        port->last = &port->first;
    *said = first->said;
    kext_release(first);
    return true;
}

int
faultline_port_receive(faultline_port_t *handle, unsigned timeout_ms,
                       struct faultline_message *said)
{
    struct ipc_port *port = port_of(handle);
    unsigned long long deadline = kext_now() + timeout_ms * NSEC_PER_MSEC;
    bool is_there;

    kext_mutex_lock(ports_lock);
    while (!(is_there = take(port, said)) && kext_now() < deadline)
        (void)kext_sleep(ports_lock, port, deadline - kext_now());
    kext_mutex_unlock(ports_lock);
    return is_there;
}

void
faultline_port_destroy(faultline_port_t *handle)
{
    struct ipc_port **at = &ports;
    struct faultline_message last;

    kext_mutex_lock(ports_lock);
    while (*at != NULL && *at != port_of(handle))
        at = &(*at)->next;
    if (*at == NULL)
        panic("faultline_port_destroy(%p): no such port", (void *)handle);
    *at = port_of(handle)->next;
    while (take(port_of(handle), &last))
        continue;
    kext_mutex_unlock(ports_lock);
    kext_release(handle);
}

natural_t
port_number(mach_port_t port)
{
    return port == NULL ? 0 : port->number;
}

mach_port_t
port_numbered(natural_t number)
{
    mach_port_t port;

    kext_mutex_lock(ports_lock);
    port = ports;
    while (port != NULL && port->number != number)
        port = port->next;
    kext_mutex_unlock(ports_lock);
    return port;
}

/* Whether its program is still there: a driver may keep what it was given for longer. */
static bool
is_alive(mach_port_t port)
{
    const struct ipc_port *at = ports;

    while (at != NULL && at != port)
        at = at->next;
    return at != NULL;
}

IOReturn
port_send(mach_port_t port, io_user_reference_t refcon, IOReturn result,
          const io_user_reference_t *arguments, UInt32 count)
{
    struct message *sent;

    if (port == NULL)
        return kIOReturnBadArgument;
    if (count > kMaxAsyncArgs)
        return kIOReturnMessageTooLarge;
    sent = (struct message *)kext_allocate(sizeof(*sent), 16);
    sent->said.refcon = refcon;
    sent->said.result = result;
    sent->said.count = count;
    for (UInt32 i = 0; i < count; i++)
        sent->said.arguments[i] = arguments[i];
    kext_mutex_lock(ports_lock);
    if (!is_alive(port)) {
        kext_mutex_unlock(ports_lock);
        kext_release(sent);
        return MACH_SEND_INVALID_DEST;
    }
    *port->last = sent;
    port->last = &sent->next;
    (void)kext_wakeup(port, 0);
    kext_mutex_unlock(ports_lock);
    return kIOReturnSuccess;
}
