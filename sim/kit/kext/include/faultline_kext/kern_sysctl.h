/*
 * kern_sysctl.h - named values of a kext
 *
 * PURPOSE     sys/sysctl.h: what a kext registers and a program reads or sets.
 * INVARIANTS  none
 * UNITS       bytes
 * OWNERSHIP   a kext's; registered ones are found until they are unregistered
 * ERRORS      Darwin's errno
 * EVENTS      none
 * XNU         bsd/sys/sysctl.h
 *             Differs: names are "debug.name" by the parent that the macro names; a test asks for them
 *             (faultline_sysctl())
 */
#ifndef KEXT_KERN_SYSCTL_H
#define KEXT_KERN_SYSCTL_H

#include <faultline_kext/kern.h>

__BEGIN_DECLS

#define CTLTYPE 0xf
#define CTLTYPE_NODE 1
#define CTLTYPE_INT 2
#define CTLTYPE_STRING 3
#define CTLTYPE_QUAD 4
#define CTLTYPE_OPAQUE 5
#define CTLTYPE_STRUCT CTLTYPE_OPAQUE
#define CTLFLAG_RD 0x80000000
#define CTLFLAG_WR 0x40000000
#define CTLFLAG_RW (CTLFLAG_RD | CTLFLAG_WR)
#define CTLFLAG_ANYBODY 0x10000000
#define CTLFLAG_LOCKED 0x00800000
#define CTLFLAG_KERN 0x01000000
#define CTLFLAG_OID2 0x00400000
#define OID_AUTO (-1)

struct sysctl_oid;
/* A request: where the old value goes, and where the new one comes from. */
struct sysctl_req {
    void *oldptr;
    size_t oldlen, oldidx;
    const void *newptr;
    size_t newlen, newidx;
};
#define SYSCTL_HANDLER_ARGS (struct sysctl_oid * oidp, void *arg1, int arg2, struct sysctl_req *req)
typedef int sysctl_handler_t SYSCTL_HANDLER_ARGS;
struct sysctl_oid {
    const char *oid_parent; /* "_debug" */
    const char *oid_name;
    unsigned oid_kind;
    void *oid_arg1;
    int oid_arg2;
    sysctl_handler_t *oid_handler;
    const char *oid_fmt, *oid_descr;
    struct sysctl_oid *oid_next;
};
void sysctl_register_oid(struct sysctl_oid *);
void sysctl_unregister_oid(struct sysctl_oid *);
sysctl_handler_t sysctl_handle_int, sysctl_handle_quad, sysctl_handle_string, sysctl_handle_opaque;
int kext_sysctl_in(struct sysctl_req *, void *, size_t);
int kext_sysctl_out(struct sysctl_req *, const void *, size_t);
#define SYSCTL_IN(req, pointer, length) kext_sysctl_in((req), (pointer), (length))
#define SYSCTL_OUT(req, pointer, length) kext_sysctl_out((req), (pointer), (length))
#define SYSCTL_DECL(name) struct kext_sysctl_##name
#define SYSCTL_OID(parent, number, name, kind, arg1, arg2, handler, format, text)            \
    struct sysctl_oid sysctl_##parent##_##name = { #parent,        #name,  (unsigned)(kind), \
                                                   (void *)(arg1), (arg2), (handler),        \
                                                   (format),       (text), 0 }
#define SYSCTL_NODE(parent, number, name, access, handler, text) \
    SYSCTL_OID(parent, number, name, CTLTYPE_NODE | (access), 0, 0, handler, "N", text)
#define SYSCTL_INT(parent, number, name, access, pointer, value, text)                          \
    SYSCTL_OID(parent, number, name, CTLTYPE_INT | (access), pointer, value, sysctl_handle_int, \
               "I", text)
#define SYSCTL_UINT(parent, number, name, access, pointer, value, text) \
    SYSCTL_INT(parent, number, name, access, pointer, value, text)
#define SYSCTL_QUAD(parent, number, name, access, pointer, text)                                   \
    SYSCTL_OID(parent, number, name, CTLTYPE_QUAD | (access), pointer, 0, sysctl_handle_quad, "Q", \
               text)
#define SYSCTL_LONG SYSCTL_QUAD
#define SYSCTL_STRING(parent, number, name, access, pointer, length, text)       \
    SYSCTL_OID(parent, number, name, CTLTYPE_STRING | (access), pointer, length, \
               sysctl_handle_string, "A", text)
#define SYSCTL_PROC(parent, number, name, access, pointer, value, handler, format, text) \
    SYSCTL_OID(parent, number, name, access, pointer, value, handler, format, text)

__END_DECLS

#endif
