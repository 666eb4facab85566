/* hw_frame.c - see hw_frame.h */
#include "hw/hw_frame.h"

#include <string.h>

#include "base/assert.h"

bool
hw_frames_init(struct hw_frames *frames, const struct vmm_alloc *alloc, uint32_t page_bytes,
               vmm_ppn count)
{
    size_t slots = (size_t)count + 1;

    *frames = (struct hw_frames){
        .alloc = alloc, .page_bytes = page_bytes, .count = count, .free_count = count, .fresh = 1
    };
    frames->next_free = vmm_take_array(alloc, slots, sizeof(*frames->next_free));
    frames->contents = vmm_take_array(alloc, slots, sizeof(*frames->contents));
    if (frames->next_free != NULL && frames->contents != NULL)
        return true;
    hw_frames_destroy(frames);
    return false;
}

/* Gives a frame's storage back; it reads as zeroes then. */
static void
hw_frame_drop(struct hw_frames *frames, vmm_ppn ppn)
{
    vmm_give_array(frames->alloc, frames->contents[ppn], frames->page_bytes, 1);
    frames->contents[ppn] = NULL;
}

void
hw_frames_destroy(struct hw_frames *frames)
{
    size_t slots = (size_t)frames->count + 1;

    for (vmm_ppn ppn = 1; frames->contents != NULL && ppn < frames->fresh; ppn++)
        hw_frame_drop(frames, ppn);
    vmm_give_array(frames->alloc, frames->next_free, slots, sizeof(*frames->next_free));
    vmm_give_array(frames->alloc, frames->contents, slots, sizeof(*frames->contents));
    frames->next_free = NULL;
    frames->contents = NULL;
}

vmm_ppn
hw_frame_alloc(struct hw_frames *frames)
{
    vmm_ppn ppn = frames->free_head;

    if (frames->free_count == 0)
        return VMM_NO_PAGE;
    frames->free_count--;
    if (ppn == VMM_NO_PAGE)
        ppn = frames->fresh++;
    else
        frames->free_head = frames->next_free[ppn];
    frames->next_free[ppn] = ppn;
    return ppn;
}

void
hw_frame_free(struct hw_frames *frames, vmm_ppn ppn)
{
    VMM_ASSERT(hw_frame_is_in_use(frames, ppn));
    hw_frame_drop(frames, ppn);
    frames->next_free[ppn] = frames->free_head;
    frames->free_head = ppn;
    frames->free_count++;
}

void
hw_frame_zero(struct hw_frames *frames, vmm_ppn ppn)
{
    hw_frame_drop(frames, ppn);
}

uint64_t *
hw_frame_words(struct hw_frames *frames, vmm_ppn ppn)
{
    if (frames->contents[ppn] == NULL)
        frames->contents[ppn] = vmm_take_array(frames->alloc, frames->page_bytes, 1);
    return (uint64_t *)(void *)frames->contents[ppn];
}

bool
hw_frame_copy(struct hw_frames *frames, vmm_ppn from, vmm_ppn to)
{
    if (frames->contents[from] == NULL) {
        hw_frame_drop(frames, to);
        return true;
    }
    if (hw_frame_words(frames, to) == NULL)
        return false;
    memcpy(frames->contents[to], frames->contents[from], frames->page_bytes);
    return true;
}

void
hw_frame_read(const struct hw_frames *frames, vmm_ppn ppn, uint32_t offset, void *to,
              uint32_t length)
{
    VMM_ASSERT(length <= frames->page_bytes && offset <= frames->page_bytes - length);
    if (frames->contents[ppn] == NULL)
        memset(to, 0, length);
    else
        memcpy(to, frames->contents[ppn] + offset, length);
}

bool
hw_frame_write(struct hw_frames *frames, vmm_ppn ppn, uint32_t offset, const void *from,
               uint32_t length)
{
    VMM_ASSERT(length <= frames->page_bytes && offset <= frames->page_bytes - length);
    if (hw_frame_words(frames, ppn) == NULL)
        return false;
    memcpy(frames->contents[ppn] + offset, from, length);
    return true;
}
