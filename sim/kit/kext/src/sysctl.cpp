/* sysctl.cpp - see kern_sysctl.h and faultline/iokit.h */
#include <faultline/iokit.h>
#include <faultline_kext/kern_sysctl.h>

#include "seam.h"

static struct sysctl_oid *oids;

void
sysctl_register_oid(struct sysctl_oid *oid)
{
    sysctl_unregister_oid(oid); /* once is enough */
    oid->oid_next = oids;
    oids = oid;
}

void
sysctl_unregister_oid(struct sysctl_oid *oid)
{
    struct sysctl_oid **at = &oids;

    while (*at != NULL && *at != oid)
        at = &(*at)->oid_next;
    if (*at != NULL)
        *at = oid->oid_next;
}

/* The old value goes out piece by piece, as much as fits; a program that gives no place is told the length. */
int
kext_sysctl_out(struct sysctl_req *req, const void *bytes, size_t length)
{
    size_t room = req->oldlen > req->oldidx ? req->oldlen - req->oldidx : 0;

    if (req->oldptr != NULL)
        memcpy((char *)req->oldptr + req->oldidx, bytes, MIN(length, room));
    req->oldidx += length;
    return req->oldptr != NULL && length > room ? ENOMEM : 0;
}

int
kext_sysctl_in(struct sysctl_req *req, void *bytes, size_t length)
{
    if (req->newptr == NULL)
        return 0;
    if (req->newlen - req->newidx < length)
        return EINVAL;
    memcpy(bytes, (const char *)req->newptr + req->newidx, length);
    req->newidx += length;
    return 0;
}

/* The value itself, or the constant that stands for one. */
static int
handle(struct sysctl_req *req, void *value, size_t length, bool is_constant)
{
    int result = kext_sysctl_out(req, value, length);

    if (result != 0 || req->newptr == NULL)
        return result;
    return is_constant ? EPERM : kext_sysctl_in(req, value, length);
}

int sysctl_handle_int SYSCTL_HANDLER_ARGS
{
    (void)oidp;
    return handle(req, arg1 != NULL ? arg1 : &arg2, sizeof(int), arg1 == NULL);
}

int sysctl_handle_quad SYSCTL_HANDLER_ARGS
{
    (void)oidp;
    (void)arg2;
    return arg1 == NULL ? EINVAL : handle(req, arg1, sizeof(UInt64), false);
}

int sysctl_handle_opaque SYSCTL_HANDLER_ARGS
{
    (void)oidp;
    return handle(req, arg1, (size_t)arg2, false);
}

int sysctl_handle_string SYSCTL_HANDLER_ARGS
{
    int result = kext_sysctl_out(req, arg1, strlen((char *)arg1) + 1);

    (void)oidp;
    if (result != 0 || req->newptr == NULL)
        return result;
    if (req->newlen >= (size_t)arg2)
        return EINVAL;
    result = kext_sysctl_in(req, arg1, req->newlen);
    ((char *)arg1)[req->newlen] = '\0';
    return result;
}

/* Whether `name` is the parent's, as "_debug_x" is "debug.x", and the oid's own behind a dot. */
static bool
is_named(const struct sysctl_oid *oid, const char *name)
{
    const char *parent = oid->oid_parent;

    for (parent += *parent == '_'; *parent != '\0'; parent++, name++)
        if (*name != *parent && !(*parent == '_' && *name == '.'))
            return false;
    return *name == '.' && strcmp(name + 1, oid->oid_name) == 0;
}

/* A value that anybody may set says so. */
static bool
may_set(const struct sysctl_oid *oid)
{
    return oid->oid_kind & CTLFLAG_WR && (oid->oid_kind & CTLFLAG_ANYBODY || seam_is_privileged());
}

int
faultline_sysctl(const char *name, void *old, uint64_t *old_size, const void *new_value,
                 uint64_t new_size)
{
    struct sysctl_oid *oid = oids;
    struct sysctl_req req = {
        old, old_size == NULL ? 0 : (size_t)*old_size, 0, new_value, (size_t)new_size, 0
    };
    int result;

    while (oid != NULL && !is_named(oid, name))
        oid = oid->oid_next;
    if (oid == NULL || oid->oid_handler == NULL)
        return ENOENT;
    if (new_value != NULL && !may_set(oid))
        return EPERM;
    result = oid->oid_handler(oid, oid->oid_arg1, oid->oid_arg2, &req);
    if (old_size != NULL)
        *old_size = old != NULL && req.oldidx > req.oldlen ? req.oldlen : req.oldidx;
    return result;
}
