/*
 * kern_atomic.h - libkern's atomic operations and byte orders
 *
 * PURPOSE     OSAtomic.h and OSByteOrder.h by their own names.
 * INVARIANTS  an atomic operation is a full barrier and answers what was there before it
 * UNITS       none
 * OWNERSHIP   none
 * ERRORS      none
 * EVENTS      none
 * XNU         libkern/libkern/OSAtomic.h, OSByteOrder.h
 *             Differs: macros cast the address, as signed and unsigned are mixed in real sources
 */
#ifndef KEXT_KERN_ATOMIC_H
#define KEXT_KERN_ATOMIC_H

#include <faultline_kext/base.h>

__BEGIN_DECLS

/* ---- libkern/OSAtomic.h ---- */

#define KEXT_ADD(name, type)                                          \
    static inline type name(type amount, volatile type *address)      \
    {                                                                 \
        return __atomic_fetch_add(address, amount, __ATOMIC_SEQ_CST); \
    }
#define KEXT_BITS(name, operation, type)                                          \
    static inline type name(UInt32 mask, volatile type *address)                  \
    {                                                                             \
        return __atomic_fetch_##operation(address, (type)mask, __ATOMIC_SEQ_CST); \
    }
#define KEXT_SWAP(name, type)                                                            \
    static inline Boolean name(type before, type after, volatile type *address)          \
    {                                                                                    \
        return __atomic_compare_exchange_n(address, &before, after, 0, __ATOMIC_SEQ_CST, \
                                           __ATOMIC_SEQ_CST);                            \
    }
KEXT_ADD(OSAddAtomic8, SInt8)
KEXT_ADD(OSAddAtomic16, SInt16)
KEXT_ADD(OSAddAtomic32, SInt32)
KEXT_ADD(OSAddAtomic64, SInt64)
KEXT_ADD(OSAddAtomicLong, long)
KEXT_BITS(OSBitOrAtomic, or, UInt32)
KEXT_BITS(OSBitAndAtomic, and, UInt32)
KEXT_BITS(OSBitXorAtomic, xor, UInt32)
KEXT_BITS(OSBitOrAtomic16, or, UInt16)
KEXT_BITS(OSBitAndAtomic16, and, UInt16)
KEXT_BITS(OSBitXorAtomic16, xor, UInt16)
KEXT_BITS(OSBitOrAtomic8, or, UInt8)
KEXT_BITS(OSBitAndAtomic8, and, UInt8)
KEXT_BITS(OSBitXorAtomic8, xor, UInt8)
KEXT_SWAP(OSCompareAndSwap, UInt32)
KEXT_SWAP(OSCompareAndSwap8, UInt8)
KEXT_SWAP(OSCompareAndSwap16, UInt16)
KEXT_SWAP(OSCompareAndSwap64, UInt64)

static inline Boolean
OSCompareAndSwapPtr(void *before, void *after, void *volatile *address)
{
    return __atomic_compare_exchange_n(address, &before, after, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

#define OSAddAtomic(amount, address) OSAddAtomic32((SInt32)(amount), (volatile SInt32 *)(address))
#define OSAddAtomic64(amount, address) OSAddAtomic64((amount), (volatile SInt64 *)(address))
#define OSIncrementAtomic8(address) OSAddAtomic8(1, (volatile SInt8 *)(address))
#define OSDecrementAtomic8(address) OSAddAtomic8(-1, (volatile SInt8 *)(address))
#define OSIncrementAtomic16(address) OSAddAtomic16(1, (volatile SInt16 *)(address))
#define OSDecrementAtomic16(address) OSAddAtomic16(-1, (volatile SInt16 *)(address))
#define OSIncrementAtomic(address) OSAddAtomic(1, (address))
#define OSDecrementAtomic(address) OSAddAtomic(-1, (address))
#define OSIncrementAtomic64(address) OSAddAtomic64(1, (address))
#define OSDecrementAtomic64(address) OSAddAtomic64(-1, (address))
#define OSIncrementAtomicLong(address) OSAddAtomicLong(1, (volatile long *)(address))
#define OSDecrementAtomicLong(address) OSAddAtomicLong(-1, (volatile long *)(address))
#define OSCompareAndSwap(before, after, address) \
    OSCompareAndSwap((before), (after), (volatile UInt32 *)(address))
#define OSCompareAndSwap64(before, after, address) \
    OSCompareAndSwap64((before), (after), (volatile UInt64 *)(address))
#define OSCompareAndSwapPtr(before, after, address) \
    OSCompareAndSwapPtr((void *)(before), (void *)(after), (void *volatile *)(address))

/* Bits count from the left of each byte. */
static inline Boolean
OSTestAndSet(UInt32 bit, volatile UInt8 *start)
{
    UInt8 mask = (UInt8)(0x80 >> (bit & 7));

    return (OSBitOrAtomic8(mask, start + bit / 8) & mask) != 0;
}

static inline Boolean
OSTestAndClear(UInt32 bit, volatile UInt8 *start)
{
    UInt8 mask = (UInt8)(0x80 >> (bit & 7));

    return (OSBitAndAtomic8((UInt8)~mask, start + bit / 8) & mask) == 0;
}

#define OSSynchronizeIO() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define OSMemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define atomic_add_32(address, amount) ((void)OSAddAtomic((amount), (address)))

/* ---- libkern/OSByteOrder.h: a little-endian machine ---- */

enum { OSUnknownByteOrder, OSLittleEndian, OSBigEndian };
#define OSHostByteOrder() OSLittleEndian
#define OSSwapInt16(v) ((uint16_t)__builtin_bswap16((uint16_t)(v)))
#define OSSwapInt32(v) ((uint32_t)__builtin_bswap32((uint32_t)(v)))
#define OSSwapInt64(v) ((uint64_t)__builtin_bswap64((uint64_t)(v)))
#define _OSSwapInt16 OSSwapInt16
#define _OSSwapInt32 OSSwapInt32
#define _OSSwapInt64 OSSwapInt64
#define OSSwapConstInt16 OSSwapInt16
#define OSSwapConstInt32 OSSwapInt32
#define OSSwapConstInt64 OSSwapInt64
#define OSSwapHostToBigInt16 OSSwapInt16
#define OSSwapHostToBigInt32 OSSwapInt32
#define OSSwapHostToBigInt64 OSSwapInt64
#define OSSwapBigToHostInt16 OSSwapInt16
#define OSSwapBigToHostInt32 OSSwapInt32
#define OSSwapBigToHostInt64 OSSwapInt64
#define OSSwapHostToBigConstInt16 OSSwapInt16
#define OSSwapHostToBigConstInt32 OSSwapInt32
#define OSSwapHostToBigConstInt64 OSSwapInt64
#define OSSwapBigToHostConstInt16 OSSwapInt16
#define OSSwapBigToHostConstInt32 OSSwapInt32
#define OSSwapBigToHostConstInt64 OSSwapInt64
#define OSSwapHostToLittleInt16(v) ((uint16_t)(v))
#define OSSwapHostToLittleInt32(v) ((uint32_t)(v))
#define OSSwapHostToLittleInt64(v) ((uint64_t)(v))
#define OSSwapLittleToHostInt16(v) ((uint16_t)(v))
#define OSSwapLittleToHostInt32(v) ((uint32_t)(v))
#define OSSwapLittleToHostInt64(v) ((uint64_t)(v))
#define OSSwapHostToLittleConstInt16 OSSwapHostToLittleInt16
#define OSSwapHostToLittleConstInt32 OSSwapHostToLittleInt32
#define OSSwapHostToLittleConstInt64 OSSwapHostToLittleInt64
#define OSSwapLittleToHostConstInt16 OSSwapLittleToHostInt16
#define OSSwapLittleToHostConstInt32 OSSwapLittleToHostInt32
#define OSSwapLittleToHostConstInt64 OSSwapLittleToHostInt64
#define htons OSSwapInt16
#define htonl OSSwapInt32
#define htonll OSSwapInt64
#define ntohs OSSwapInt16
#define ntohl OSSwapInt32
#define ntohll OSSwapInt64

#define KEXT_ORDERED(bits, order, swap)                                                 \
    static inline uint##bits##_t OSRead##order##Int##bits(const volatile void *base,    \
                                                          uintptr_t offset)             \
    {                                                                                   \
        return swap(*(const volatile uint##bits##_t *)((uintptr_t)base + offset));      \
    }                                                                                   \
    static inline void OSWrite##order##Int##bits(volatile void *base, uintptr_t offset, \
                                                 uint##bits##_t data)                   \
    {                                                                                   \
        *(volatile uint##bits##_t *)((uintptr_t)base + offset) = swap(data);            \
    }
#define KEXT_AS_IS(v) (v)
KEXT_ORDERED(16, Little, KEXT_AS_IS)
KEXT_ORDERED(32, Little, KEXT_AS_IS)
KEXT_ORDERED(64, Little, KEXT_AS_IS)
KEXT_ORDERED(16, Big, OSSwapInt16)
KEXT_ORDERED(32, Big, OSSwapInt32)
KEXT_ORDERED(64, Big, OSSwapInt64)
KEXT_ORDERED(16, Swap, OSSwapInt16)
KEXT_ORDERED(32, Swap, OSSwapInt32)
KEXT_ORDERED(64, Swap, OSSwapInt64)
#define _OSReadInt16 OSReadLittleInt16
#define _OSReadInt32 OSReadLittleInt32
#define _OSReadInt64 OSReadLittleInt64
#define _OSWriteInt16 OSWriteLittleInt16
#define _OSWriteInt32 OSWriteLittleInt32
#define _OSWriteInt64 OSWriteLittleInt64

__END_DECLS

#endif
