/* os_log.h - the unified log as plain lines */
#ifndef KEXT_OS_LOG_H
#define KEXT_OS_LOG_H

#include <faultline_kext/kern.h>

typedef void *os_log_t;
#define OS_LOG_DEFAULT ((os_log_t)0)
#define OS_LOG_DISABLED ((os_log_t)0)
#define os_log(log, ...) ((void)(log), IOLog(__VA_ARGS__), IOLog("\n"))
#define os_log_info(log, ...) os_log(log, __VA_ARGS__)
#define os_log_debug(log, ...) os_log(log, __VA_ARGS__)
#define os_log_error(log, ...) os_log(log, __VA_ARGS__)
#define os_log_fault(log, ...) os_log(log, __VA_ARGS__)
#define os_log_create(subsystem, category) OS_LOG_DEFAULT

#endif
