/*
 * os_log.h - the unified log as plain lines
 *
 * PURPOSE     os/log.h: what a driver says goes where IOLog() goes, a line each.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   a log is nobody's
 * ERRORS      none
 * EVENTS      none
 * XNU         libkern/os/log.h
 *             Differs: every level is said, and what is private is shown
 */
#ifndef KEXT_OS_LOG_H
#define KEXT_OS_LOG_H

#include <faultline_kext/kern.h>

typedef void *os_log_t;
typedef enum {
    OS_LOG_TYPE_DEFAULT = 0x00,
    OS_LOG_TYPE_INFO = 0x01,
    OS_LOG_TYPE_DEBUG = 0x02,
    OS_LOG_TYPE_ERROR = 0x10,
    OS_LOG_TYPE_FAULT = 0x11
} os_log_type_t;
#define OS_LOG_DEFAULT ((os_log_t)0)
#define OS_LOG_DISABLED ((os_log_t)0)

__BEGIN_DECLS
/* A format may say of an argument who may read it: "%{public}s". */
void kext_os_log(const char *format, ...);
__END_DECLS

#define os_log(log, ...) ((void)(log), kext_os_log(__VA_ARGS__))
#define os_log_with_type(log, type, ...) ((void)(type), os_log(log, __VA_ARGS__))
#define os_log_info(log, ...) os_log(log, __VA_ARGS__)
#define os_log_debug(log, ...) os_log(log, __VA_ARGS__)
#define os_log_error(log, ...) os_log(log, __VA_ARGS__)
#define os_log_fault(log, ...) os_log(log, __VA_ARGS__)
#define os_log_create(subsystem, category) OS_LOG_DEFAULT
#define os_log_type_enabled(log, type) ((void)(log), (void)(type), true)
#define os_log_info_enabled(log) os_log_type_enabled(log, OS_LOG_TYPE_INFO)
#define os_log_debug_enabled(log) os_log_type_enabled(log, OS_LOG_TYPE_DEBUG)

#endif
