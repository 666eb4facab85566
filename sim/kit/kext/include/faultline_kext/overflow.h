/* overflow.h - arithmetic that says when it wrapped */
#ifndef KEXT_OVERFLOW_H
#define KEXT_OVERFLOW_H

#include <faultline_kext/base.h>

#define os_add_overflow(a, b, result) __builtin_add_overflow((a), (b), (result))
#define os_sub_overflow(a, b, result) __builtin_sub_overflow((a), (b), (result))
#define os_mul_overflow(a, b, result) __builtin_mul_overflow((a), (b), (result))

#endif
