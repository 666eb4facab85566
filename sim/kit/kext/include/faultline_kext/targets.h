/* targets.h - which Apple system this is */
#ifndef KEXT_TARGETS_H
#define KEXT_TARGETS_H

#define TARGET_OS_MAC 1
#define TARGET_OS_OSX 1
#define TARGET_OS_IPHONE 0
#define TARGET_OS_EMBEDDED 0
#define TARGET_CPU_X86_64 1
#define TARGET_RT_64_BIT 1
#define TARGET_RT_LITTLE_ENDIAN 1

#endif
