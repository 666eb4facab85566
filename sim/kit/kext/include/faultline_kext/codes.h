/*
 * codes.h - what calls answer: Darwin's errno, mach's and I/O Kit's codes
 *
 * PURPOSE     Apple's numbers, on which drivers branch.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      these are they
 * EVENTS      none
 * XNU         bsd/sys/errno.h, osfmk/mach/error.h, iokit/IOKit/IOReturn.h
 */
#ifndef KEXT_CODES_H
#define KEXT_CODES_H

/* ---- sys/errno.h: Darwin's numbers ---- */

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EIO 5
#define ENXIO 6
#define E2BIG 7
#define EBADF 9
#define EDEADLK 11
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
#define ENOTTY 25
#define EFBIG 27
#define ENOSPC 28
#define EROFS 30
#define EPIPE 32
#define EDOM 33
#define ERANGE 34
#define EAGAIN 35
#define EWOULDBLOCK EAGAIN
#define EINPROGRESS 36
#define EALREADY 37
#define ENOTSOCK 38
#define EMSGSIZE 40
#define EPROTONOSUPPORT 43
#define ENOTSUP 45
#define EAFNOSUPPORT 47
#define EADDRINUSE 48
#define ENETDOWN 50
#define ENOBUFS 55
#define EISCONN 56
#define ENOTCONN 57
#define ETIMEDOUT 60
#define ECONNREFUSED 61
#define ENAMETOOLONG 63
#define ENOSYS 78
#define EOVERFLOW 84
#define ECANCELED 89
#define EOPNOTSUPP 102
#define ESRCH 3
#define ENOEXEC 8
#define ECHILD 10
#define ENOTBLK 15
#define EXDEV 18
#define ENOTDIR 20
#define EISDIR 21
#define ENFILE 23
#define EMFILE 24
#define ETXTBSY 26
#define ESPIPE 29
#define EMLINK 31
#define EDESTADDRREQ 39
#define EPROTOTYPE 41
#define ENOPROTOOPT 42
#define EPFNOSUPPORT 46
#define EADDRNOTAVAIL 49
#define ENETUNREACH 51
#define ENETRESET 52
#define ECONNABORTED 53
#define ECONNRESET 54
#define ESHUTDOWN 58
#define ELOOP 62
#define EHOSTDOWN 64
#define EHOSTUNREACH 65
#define ENOTEMPTY 66
#define EUSERS 68
#define EDQUOT 69
#define ESTALE 70
#define ENOLCK 77
#define EFTYPE 79
#define EAUTH 80
#define ENEEDAUTH 81
#define EPWROFF 82
#define EDEVERR 83
#define EILSEQ 92
#define ENOATTR 93
#define EBADMSG 94
#define ENODATA 96
#define EPROTO 100
#define ETIME 101
#define ENOTRECOVERABLE 104
#define EOWNERDEAD 105
#define EQFULL 106
#define EJUSTRETURN (-2)
#define ERESTART (-1)

/* ---- IOKit/IOReturn.h ---- */

#define sys_iokit 0xe0000000
#define sub_iokit_common 0
#define iokit_common_err(code) ((IOReturn)(sys_iokit | sub_iokit_common | (code)))
#define iokit_family_err(sub, code) ((IOReturn)(sys_iokit | (sub) | (code)))
#define iokit_vendor_specific_err(code) ((IOReturn)(sys_iokit | sub_iokit_vendor_specific | (code)))
#define sub_iokit_usb err_sub(1)
#define sub_iokit_pmu err_sub(9)
#define sub_iokit_vendor_specific err_sub(-2)
#define err_system(x) ((int)((((unsigned)(x)) & 0x3fu) << 26))
#define err_sub(x) (((x)&0xfff) << 14)
#define err_get_system(err) (((err) >> 26) & 0x3f)
#define err_get_sub(err) (((err) >> 14) & 0xfff)
#define err_get_code(err) ((err)&0x3fff)
#define err_local err_system(0x3e)
#define err_none 0
typedef kern_return_t OSReturn;
#define kOSReturnSuccess 0
#define kOSReturnError ((OSReturn)0xdc000001)
#define libkern_metaclass_err(code) ((OSReturn)(0xdc004000 | (code)))
#define kOSMetaClassHasInstances ((OSReturn)0xdc004002)
#define kOSMetaClassNoInit ((OSReturn)0xdc004003)
#define kOSMetaClassInternal ((OSReturn)0xdc004001)
#define kIOReturnSuccess KERN_SUCCESS
#define kIOReturnError iokit_common_err(0x2bc)
#define kIOReturnNoMemory iokit_common_err(0x2bd)
#define kIOReturnNoResources iokit_common_err(0x2be)
#define kIOReturnIPCError iokit_common_err(0x2bf)
#define kIOReturnNoDevice iokit_common_err(0x2c0)
#define kIOReturnNotPrivileged iokit_common_err(0x2c1)
#define kIOReturnBadArgument iokit_common_err(0x2c2)
#define kIOReturnLockedRead iokit_common_err(0x2c3)
#define kIOReturnLockedWrite iokit_common_err(0x2c4)
#define kIOReturnExclusiveAccess iokit_common_err(0x2c5)
#define kIOReturnBadMessageID iokit_common_err(0x2c6)
#define kIOReturnUnsupported iokit_common_err(0x2c7)
#define kIOReturnVMError iokit_common_err(0x2c8)
#define kIOReturnInternalError iokit_common_err(0x2c9)
#define kIOReturnIOError iokit_common_err(0x2ca)
#define kIOReturnCannotLock iokit_common_err(0x2cc)
#define kIOReturnNotOpen iokit_common_err(0x2cd)
#define kIOReturnNotReadable iokit_common_err(0x2ce)
#define kIOReturnNotWritable iokit_common_err(0x2cf)
#define kIOReturnNotAligned iokit_common_err(0x2d0)
#define kIOReturnBadMedia iokit_common_err(0x2d1)
#define kIOReturnStillOpen iokit_common_err(0x2d2)
#define kIOReturnRLDError iokit_common_err(0x2d3)
#define kIOReturnDMAError iokit_common_err(0x2d4)
#define kIOReturnBusy iokit_common_err(0x2d5)
#define kIOReturnTimeout iokit_common_err(0x2d6)
#define kIOReturnOffline iokit_common_err(0x2d7)
#define kIOReturnNotReady iokit_common_err(0x2d8)
#define kIOReturnNotAttached iokit_common_err(0x2d9)
#define kIOReturnNoChannels iokit_common_err(0x2da)
#define kIOReturnNoSpace iokit_common_err(0x2db)
#define kIOReturnPortExists iokit_common_err(0x2dd)
#define kIOReturnCannotWire iokit_common_err(0x2de)
#define kIOReturnNoInterrupt iokit_common_err(0x2df)
#define kIOReturnNoFrames iokit_common_err(0x2e0)
#define kIOReturnMessageTooLarge iokit_common_err(0x2e1)
#define kIOReturnNotPermitted iokit_common_err(0x2e2)
#define kIOReturnNoPower iokit_common_err(0x2e3)
#define kIOReturnNoMedia iokit_common_err(0x2e4)
#define kIOReturnUnformattedMedia iokit_common_err(0x2e5)
#define kIOReturnUnsupportedMode iokit_common_err(0x2e6)
#define kIOReturnUnderrun iokit_common_err(0x2e7)
#define kIOReturnOverrun iokit_common_err(0x2e8)
#define kIOReturnDeviceError iokit_common_err(0x2e9)
#define kIOReturnNoCompletion iokit_common_err(0x2ea)
#define kIOReturnAborted iokit_common_err(0x2eb)
#define kIOReturnNoBandwidth iokit_common_err(0x2ec)
#define kIOReturnNotResponding iokit_common_err(0x2ed)
#define kIOReturnIsoTooOld iokit_common_err(0x2ee)
#define kIOReturnIsoTooNew iokit_common_err(0x2ef)
#define kIOReturnNotFound iokit_common_err(0x2f0)
#define kIOReturnInvalid iokit_common_err(0x1)

#endif
