/* iolib.h - IOLib.h, which C sources include too; in C++ it brings I/O Kit, as on the Mac it half does */
#ifndef KEXT_IOLIB_H
#define KEXT_IOLIB_H

#include <faultline_kext/kern.h>
#ifdef __cplusplus
#include <faultline_kext/iokit_work.h>
#endif

#endif
