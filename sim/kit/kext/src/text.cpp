/* text.cpp - the log, the panic, and what string.h has there only; see kern_lib.h, os_log.h */
#include <faultline_kext/os_log.h>

#include "host.h"
#include "seam.h"

void
IOLogv(const char *format, va_list arguments)
{
    kext_log(format, arguments);
}

void
IOLog(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    kext_log(format, arguments);
    va_end(arguments);
}

int
kprintf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    kext_log(format, arguments);
    va_end(arguments);
    return 0;
}

void
OSReportWithBacktrace(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    kext_log(format, arguments);
    va_end(arguments);
}

/* The line without what says who may read it. */
void
kext_os_log(const char *format, ...)
{
    char plain[1024];
    size_t used = 0;
    va_list arguments;

    for (const char *at = format; *at != '\0' && used < sizeof(plain) - 3; at++) {
        plain[used++] = *at;
        if (at[0] == '%' && at[1] == '%')
            plain[used++] = *++at;
        else if (at[0] == '%' && at[1] == '{' && strchr(at, '}') != NULL)
            at = strchr(at, '}');
    }
    plain[used++] = '\n';
    plain[used] = '\0';
    va_start(arguments, format);
    kext_log(plain, arguments);
    va_end(arguments);
}

/* The report says where; see faultline_report_panic(). */
void
panic(const char *format, ...)
{
    char text[512] = "panic: ";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + strlen(text), sizeof(text) - strlen(text), format, arguments);
    va_end(arguments);
    faultline_report_panic(text, "");
}

void
IOPanic(const char *text)
{
    panic("%s", text);
}

void
Debugger(const char *text)
{
    panic("Debugger(%s)", text);
}

int
scnprintf(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length < (int)size ? length : size == 0 ? 0 : (int)size - 1;
}

int
memset_s(void *to, size_t room, int byte, size_t count)
{
    memset(to, byte, count < room ? count : room);
    return count <= room ? 0 : EOVERFLOW;
}

int
flsll(unsigned long long bits)
{
    return bits == 0 ? 0 : 64 - __builtin_clzll(bits);
}

int
fls(unsigned int bits)
{
    return flsll(bits);
}

__attribute__((weak)) size_t
strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);

    if (size > 0) {
        size_t kept = length < size ? length : size - 1;

        memcpy(to, from, kept);
        to[kept] = '\0';
    }
    return length;
}

__attribute__((weak)) size_t
strlcat(char *to, const char *from, size_t size)
{
    size_t used = strnlen(to, size);

    return used + (used < size ? strlcpy(to + used, from, size - used) : strlen(from));
}
