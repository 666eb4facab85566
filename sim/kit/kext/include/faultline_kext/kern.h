/*
 * kern.h - the kernel's C functions that drivers call, whole
 *
 * PURPOSE     What any C header of the kernel brings.
 * INVARIANTS  none
 * UNITS       as each part
 * OWNERSHIP   as Darwin
 * ERRORS      as Darwin
 * EVENTS      those of the parts
 * XNU         iokit/IOKit/IOLib.h; osfmk/mach/kmod.h
 */
#ifndef KEXT_KERN_H
#define KEXT_KERN_H

#include <faultline_kext/kern_atomic.h>
#include <faultline_kext/kern_lib.h>
#include <faultline_kext/kern_locks.h>
#include <faultline_kext/kern_threads.h>

/* ---- mach/kmod.h: a kext is started by the test, so its record is data only ---- */

#define KMOD_MAX_NAME 64
#define KMOD_RETURN_SUCCESS KERN_SUCCESS
#define KMOD_RETURN_FAILURE KERN_FAILURE
typedef struct kmod_info {
    struct kmod_info *next;
    int32_t info_version;
    uint32_t id;
    char name[KMOD_MAX_NAME];
    char version[KMOD_MAX_NAME];
    int32_t reference_count;
    void *reference_list;
    vm_address_t address;
    vm_size_t size, hdr_size;
    kern_return_t (*start)(struct kmod_info *, void *);
    kern_return_t (*stop)(struct kmod_info *, void *);
} kmod_info_t;
typedef kern_return_t kmod_start_func_t(kmod_info_t *, void *);
typedef kern_return_t kmod_stop_func_t(kmod_info_t *, void *);
#define KMOD_EXPLICIT_DECL(name, version, start, stop)                               \
    kmod_info_t kmod_info = { 0, 1, 0, #name, version, 0, 0, 0, 0, 0, start, stop }; \
    kmod_start_func_t *_realmain = start;                                            \
    kmod_stop_func_t *_antimain = stop;

#endif
