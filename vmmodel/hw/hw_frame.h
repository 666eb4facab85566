/*
 * hw_frame.h - physical memory: frames, who is free, and what they contain
 *
 * PURPOSE     A byte written through one mapping is read through another, because both name the
 *             same frame.
 * INVARIANTS  M1  frame 0 is never handed out (VMM_NO_PAGE)
 *             M2  a frame without storage reads as zeroes
 *             M3  free frames are handed out lowest first until the first one comes back; then the
 *                 last one that came back goes out first
 *             M4  a frame beyond `count` is a device's: it always exists, is never handed out, and
 *                 keeps what is written to it
 *             M5  over the embedder's RAM free frames are handed out in rising order, round and
 *                 round, so that pages touched in order stand side by side
 * UNITS       ppn: frame number; offset, length: bytes inside one frame
 * OWNERSHIP   the machine owns the frames; who allocates one frees it. RAM is the embedder's.
 * ERRORS      VMM_NO_PAGE when none is free; false, or NULL, when storage could not be had
 * EVENTS      none
 * XNU         the vm_page array's phys_page side; osfmk/vm/vm_resident.c free list
 */
#ifndef HW_HW_FRAME_H
#define HW_HW_FRAME_H

#include "base/alloc.h"
#include "base/injector.h"
#include "base/radix.h"
#include "base/ramp.h"
#include "base/types.h"

/* What has been written to a device's frames; each has storage from its first write on. */
struct hw_device_frames {
    struct vmm_radix_store nodes;
    struct vmm_radix places; /* by ppn: one more than the index into contents */
    uint8_t **contents;
    size_t count;
    size_t capacity;
};

enum { HW_FRAME_BLOCK = 32 }; /* so few that one table among data pages costs them little */

struct hw_frames {
    const struct vmm_alloc *alloc;
    struct vmm_injector *injector; /* who makes calls of the floors above fail, or NULL */
    uint32_t page_bytes;
    vmm_ppn count; /* frames 1 .. count exist */
    vmm_ppn free_count;
    vmm_ppn fresh;      /* frames from here up were never handed out */
    vmm_ppn free_head;  /* the frame that came back last */
    uint32_t *words;    /* a free frame's: who came back before; else its user's, 0 at first */
    uint64_t *free_map; /* a bit for each frame that is free */
    uint8_t ***blocks;  /* by HW_FRAME_BLOCK frames; NULL: none of them has storage */
    struct hw_device_frames device;
    uint8_t *ram;      /* the embedder's, or NULL: storage is taken when a frame needs it */
    vmm_ppn cursor;    /* over RAM: the frame handed out last */
    vmm_ppn untouched; /* over RAM: handed out for the first time just now, so still all zero */
};

/* False when the bookkeeping could not be had; nothing is kept then. */
bool hw_frames_init(struct hw_frames *frames, const struct vmm_alloc *alloc, uint32_t page_bytes,
                    vmm_ppn count) VMM_MUST_USE;
void hw_frames_destroy(struct hw_frames *frames);

/*
 * Makes `ram`, all zero, the storage of the frames, none of which is in use yet: frame n is the
 * (n - 1)-th page of it. For an embedder who maps frames elsewhere. False: the bookkeeping could not
 * be had and nothing changed.
 */
bool hw_frames_back(struct hw_frames *frames, void *ram) VMM_MUST_USE;

/* A free frame, contents all zero or left over (call hw_frame_zero()); VMM_NO_PAGE: none free. */
vmm_ppn hw_frame_alloc(struct hw_frames *frames) VMM_MUST_USE;

/*
 * `count` free frames in a row, of those that were never handed out: the first; VMM_NO_PAGE: too few
 * are left. Frames that came back are not searched for a row.
 */
vmm_ppn hw_frame_alloc_run(struct hw_frames *frames, vmm_ppn count) VMM_MUST_USE;

/* The same, the first being a multiple of `count`, a power of two; what is passed over stays free. */
vmm_ppn hw_frame_alloc_aligned_run(struct hw_frames *frames, vmm_ppn count) VMM_MUST_USE;

/* `count` free frames, as so many calls of hw_frame_alloc() would give them; there are as many. */
void hw_frame_alloc_many(struct hw_frames *frames, vmm_ppn *ppns, uint32_t count);

/* Whether the frame lies beyond memory (M4). */
static inline bool
hw_frame_is_device(const struct hw_frames *frames, vmm_ppn ppn)
{
    return ppn > frames->count;
}

/* How many of `count` numbers, from the first on, follow each other. */
static inline uint32_t
hw_frames_in_row(const vmm_ppn *ppns, uint32_t count)
{
    return vmm_ramp_count(ppns, count, ppns[0]);
}

/* Whether the frame was handed out and has not come back; a device's never was. */
static inline bool
hw_frame_is_in_use(const struct hw_frames *frames, vmm_ppn ppn)
{
    return ppn != VMM_NO_PAGE && ppn <= frames->count &&
           !(frames->free_map[ppn / 64] >> ppn % 64 & 1);
}

/* The words of a frame that holds a table: it is memory, and has storage since it became one (P1). */
static inline uint64_t *
hw_frame_table(const struct hw_frames *frames, vmm_ppn ppn)
{
    return (uint64_t *)(void *)frames->blocks[ppn / HW_FRAME_BLOCK][ppn % HW_FRAME_BLOCK];
}

/* Gives a frame in use back; storage that is not RAM is dropped. */
void hw_frame_free(struct hw_frames *frames, vmm_ppn ppn);

/* hw_frame_zero() of a frame that may have storage. */
void hw_frame_clear(struct hw_frames *frames, vmm_ppn ppn);

/* Makes the frame read as zeroes. */
static inline void
hw_frame_zero(struct hw_frames *frames, vmm_ppn ppn)
{
    if (hw_frame_is_device(frames, ppn) || frames->blocks[ppn / HW_FRAME_BLOCK] != NULL)
        hw_frame_clear(frames, ppn);
    else
        frames->untouched = VMM_NO_PAGE; /* M2 */
}

/* The same of bytes [offset, offset + length) of it; offset + length <= page_bytes. */
void hw_frame_zero_part(struct hw_frames *frames, vmm_ppn ppn, uint32_t offset, uint32_t length);

/* Copies a whole frame. False: no storage, `to` unchanged. */
bool hw_frame_copy(struct hw_frames *frames, vmm_ppn from, vmm_ppn to) VMM_MUST_USE;

/* Reads bytes; offset + length <= page_bytes. */
void hw_frame_read(const struct hw_frames *frames, vmm_ppn ppn, uint32_t offset, void *to,
                   uint32_t length);

/* Writes bytes; offset + length <= page_bytes. False: no storage, nothing written. */
bool hw_frame_write(struct hw_frames *frames, vmm_ppn ppn, uint32_t offset, const void *from,
                    uint32_t length) VMM_MUST_USE;

/* The frame's storage as table words, made if need be; NULL: no storage. For page-table pages. */
uint64_t *hw_frame_words(struct hw_frames *frames, vmm_ppn ppn);

#endif
