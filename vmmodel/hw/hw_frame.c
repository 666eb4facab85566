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
    vmm_zone_init(&frames->device.nodes, alloc, sizeof(struct vmm_radix_node));
    vmm_radix_init(&frames->device.places, &frames->device.nodes);
    frames->next_free = vmm_take_array(alloc, slots, sizeof(*frames->next_free));
    frames->contents = vmm_take_array(alloc, slots, sizeof(*frames->contents));
    if (frames->next_free != NULL && frames->contents != NULL)
        return true;
    hw_frames_destroy(frames);
    return false;
}

static size_t
hw_frames_map_words(const struct hw_frames *frames)
{
    return (size_t)frames->count / 64 + 1;
}

bool
hw_frames_back(struct hw_frames *frames, void *ram)
{
    size_t words = hw_frames_map_words(frames);

    VMM_ASSERT(frames->free_count == frames->count && frames->ram == NULL);
    frames->free_map = vmm_take_array(frames->alloc, words, sizeof(*frames->free_map));
    if (frames->free_map == NULL)
        return false;
    frames->ram = ram;
    for (vmm_ppn ppn = 1; ppn <= frames->count; ppn++) {
        frames->free_map[ppn / 64] |= (uint64_t)1 << ppn % 64;
        frames->contents[ppn] = frames->ram + (size_t)(ppn - 1) * frames->page_bytes;
    }
    return true;
}

/* Gives a frame's own storage back; it reads as zeroes then. */
static void
hw_frame_drop(struct hw_frames *frames, vmm_ppn ppn)
{
    if (frames->ram != NULL)
        return;
    vmm_give_array(frames->alloc, frames->contents[ppn], frames->page_bytes, 1);
    frames->contents[ppn] = NULL;
}

/* ---- a device's frames ---- */

static void
hw_device_destroy(struct hw_frames *frames)
{
    struct hw_device_frames *device = &frames->device;

    for (size_t i = 0; i < device->count; i++)
        vmm_give_array(frames->alloc, device->contents[i], frames->page_bytes, 1);
    vmm_give_array(frames->alloc, device->contents, device->capacity, sizeof(*device->contents));
    vmm_radix_destroy(&device->places);
    vmm_zone_destroy(&device->nodes);
    device->contents = NULL;
    device->count = device->capacity = 0;
}

static bool
hw_device_grow(struct hw_frames *frames)
{
    struct hw_device_frames *device = &frames->device;
    size_t capacity = device->capacity == 0 ? 16 : device->capacity * 2;
    uint8_t **contents;

    if (device->count < device->capacity)
        return true;
    contents = vmm_take_array(frames->alloc, capacity, sizeof(*contents));
    if (contents == NULL)
        return false;
    if (device->count > 0)
        memcpy(contents, device->contents, device->count * sizeof(*contents));
    vmm_give_array(frames->alloc, device->contents, device->capacity, sizeof(*contents));
    device->contents = contents;
    device->capacity = capacity;
    return true;
}

/* Storage for a frame that has none yet. */
static uint8_t *
hw_device_make(struct hw_frames *frames, vmm_ppn ppn)
{
    struct hw_device_frames *device = &frames->device;
    uint8_t *made;

    if (!hw_device_grow(frames))
        return NULL;
    made = vmm_take_array(frames->alloc, frames->page_bytes, 1);
    if (made == NULL)
        return NULL;
    if (!vmm_radix_set(&device->places, ppn, (uint32_t)device->count + 1)) {
        vmm_give_array(frames->alloc, made, frames->page_bytes, 1);
        return NULL;
    }
    device->contents[device->count++] = made;
    return made;
}

/* ---- contents ---- */

/* What a frame holds; NULL: nothing was ever written. */
static uint8_t *
hw_frame_storage(const struct hw_frames *frames, vmm_ppn ppn)
{
    uint32_t place;

    if (!hw_frame_is_device(frames, ppn))
        return frames->contents[ppn];
    place = vmm_radix_get(&frames->device.places, ppn);
    return place == 0 ? NULL : frames->device.contents[place - 1];
}

void
hw_frames_destroy(struct hw_frames *frames)
{
    size_t slots = (size_t)frames->count + 1;

    for (vmm_ppn ppn = 1; frames->contents != NULL && ppn < frames->fresh; ppn++)
        hw_frame_drop(frames, ppn);
    vmm_give_array(frames->alloc, frames->next_free, slots, sizeof(*frames->next_free));
    vmm_give_array(frames->alloc, frames->contents, slots, sizeof(*frames->contents));
    vmm_give_array(frames->alloc, frames->free_map, hw_frames_map_words(frames),
                   sizeof(*frames->free_map));
    frames->next_free = NULL;
    frames->contents = NULL;
    frames->free_map = NULL;
    hw_device_destroy(frames);
}

/* The first free frame after the one handed out last, round the end if need be; one is free. */
static vmm_ppn
hw_frame_next_free(struct hw_frames *frames)
{
    size_t words = hw_frames_map_words(frames);
    size_t at = (frames->cursor + 1) / 64;
    uint64_t bits = 0;

    if (at < words)
        bits = frames->free_map[at] & UINT64_MAX << (frames->cursor + 1) % 64;
    while (bits == 0) {
        at = at + 1 < words ? at + 1 : 0;
        bits = frames->free_map[at];
    }
    return (vmm_ppn)(at * 64) + (vmm_ppn)__builtin_ctzll(bits);
}

/* Takes a frame of the embedder's RAM; one is free. */
static vmm_ppn
hw_frame_alloc_ram(struct hw_frames *frames)
{
    vmm_ppn ppn = hw_frame_next_free(frames);

    frames->free_map[ppn / 64] &= ~((uint64_t)1 << ppn % 64);
    frames->cursor = ppn;
    frames->untouched = ppn == frames->fresh ? ppn : VMM_NO_PAGE;
    if (ppn == frames->fresh)
        frames->fresh++;
    return ppn;
}

vmm_ppn
hw_frame_alloc(struct hw_frames *frames)
{
    vmm_ppn ppn = frames->free_head;

    if (frames->free_count == 0)
        return VMM_NO_PAGE;
    frames->free_count--;
    if (frames->ram != NULL)
        ppn = hw_frame_alloc_ram(frames);
    else if (ppn == VMM_NO_PAGE)
        ppn = frames->fresh++;
    else
        frames->free_head = frames->next_free[ppn];
    frames->next_free[ppn] = ppn;
    return ppn;
}

vmm_ppn
hw_frame_alloc_run(struct hw_frames *frames, vmm_ppn count)
{
    vmm_ppn first = frames->fresh;

    if (count == 0 || count > frames->count - (first - 1))
        return VMM_NO_PAGE;
    for (vmm_ppn i = 0; i < count; i++)
        frames->next_free[first + i] = first + i;
    frames->fresh += count;
    frames->free_count -= count;
    return first;
}

void
hw_frame_free(struct hw_frames *frames, vmm_ppn ppn)
{
    VMM_ASSERT(hw_frame_is_in_use(frames, ppn));
    hw_frame_drop(frames, ppn);
    frames->free_count++;
    if (frames->ram != NULL) {
        frames->next_free[ppn] = VMM_NO_PAGE;
        frames->free_map[ppn / 64] |= (uint64_t)1 << ppn % 64;
        return;
    }
    frames->next_free[ppn] = frames->free_head;
    frames->free_head = ppn;
}

void
hw_frame_zero(struct hw_frames *frames, vmm_ppn ppn)
{
    bool is_kept = hw_frame_is_device(frames, ppn) || frames->ram != NULL;
    uint8_t *storage = hw_frame_storage(frames, ppn);

    if (!is_kept)
        hw_frame_drop(frames, ppn);
    else if (storage != NULL && ppn != frames->untouched)
        memset(storage, 0, frames->page_bytes);
    frames->untouched = VMM_NO_PAGE; /* the next to ask may have written meanwhile */
}

uint64_t *
hw_frame_words(struct hw_frames *frames, vmm_ppn ppn)
{
    uint8_t *storage = hw_frame_storage(frames, ppn);

    if (storage == NULL && hw_frame_is_device(frames, ppn))
        storage = hw_device_make(frames, ppn);
    else if (storage == NULL)
        storage = frames->contents[ppn] = vmm_take_array(frames->alloc, frames->page_bytes, 1);
    return (uint64_t *)(void *)storage;
}

bool
hw_frame_copy(struct hw_frames *frames, vmm_ppn from, vmm_ppn to)
{
    const uint8_t *storage = hw_frame_storage(frames, from);
    uint64_t *words;

    if (storage == NULL) {
        hw_frame_zero(frames, to);
        return true;
    }
    words = hw_frame_words(frames, to);
    if (words == NULL)
        return false;
    frames->untouched = VMM_NO_PAGE;
    memcpy(words, storage, frames->page_bytes);
    return true;
}

void
hw_frame_read(const struct hw_frames *frames, vmm_ppn ppn, uint32_t offset, void *to,
              uint32_t length)
{
    const uint8_t *storage = hw_frame_storage(frames, ppn);

    VMM_ASSERT(length <= frames->page_bytes && offset <= frames->page_bytes - length);
    if (storage == NULL)
        memset(to, 0, length);
    else
        memcpy(to, storage + offset, length);
}

bool
hw_frame_write(struct hw_frames *frames, vmm_ppn ppn, uint32_t offset, const void *from,
               uint32_t length)
{
    uint64_t *words = hw_frame_words(frames, ppn);

    VMM_ASSERT(length <= frames->page_bytes && offset <= frames->page_bytes - length);
    if (words == NULL)
        return false;
    frames->untouched = VMM_NO_PAGE;
    memcpy((uint8_t *)words + offset, from, length);
    return true;
}
