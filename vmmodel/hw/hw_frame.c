/* hw_frame.c - see hw_frame.h */
#include "hw/hw_frame.h"

#include <string.h>

#include "base/assert.h"

static size_t
hw_frames_map_words(const struct hw_frames *frames)
{
    return (size_t)frames->count / 64 + 1;
}

static size_t
hw_frames_blocks(const struct hw_frames *frames)
{
    return (size_t)frames->count / HW_FRAME_BLOCK + 1;
}

bool
hw_frames_init(struct hw_frames *frames, const struct vmm_alloc *alloc, uint32_t page_bytes,
               vmm_ppn count)
{
    *frames = (struct hw_frames){
        .alloc = alloc, .page_bytes = page_bytes, .count = count, .free_count = count, .fresh = 1
    };
    vmm_radix_store_init(&frames->device.nodes, alloc);
    vmm_radix_init(&frames->device.places, &frames->device.nodes);
    frames->words = vmm_take_array(alloc, (uint64_t)count + 1, sizeof(*frames->words));
    frames->free_map =
        vmm_take_array(alloc, hw_frames_map_words(frames), sizeof(*frames->free_map));
    frames->blocks = vmm_take_array(alloc, hw_frames_blocks(frames), sizeof(*frames->blocks));
    if (frames->words == NULL || frames->free_map == NULL || frames->blocks == NULL) {
        hw_frames_destroy(frames);
        return false;
    }
    memset(frames->free_map, 0xff, hw_frames_map_words(frames) * sizeof(*frames->free_map));
    frames->free_map[0] &= ~(uint64_t)1; /* M1 */
    frames->free_map[count / 64] &= UINT64_MAX >> (63 - count % 64);
    return true;
}

/* Where a frame's storage is noted; NULL: the bookkeeping for it could not be had. */
static uint8_t **
hw_frame_note(struct hw_frames *frames, vmm_ppn ppn)
{
    uint8_t ***block = &frames->blocks[ppn / HW_FRAME_BLOCK];

    if (*block == NULL)
        *block = vmm_take_array(frames->alloc, HW_FRAME_BLOCK, sizeof(**block));
    return *block == NULL ? NULL : &(*block)[ppn % HW_FRAME_BLOCK];
}

bool
hw_frames_back(struct hw_frames *frames, void *ram)
{
    VMM_ASSERT(frames->free_count == frames->count && frames->ram == NULL);
    for (size_t block = 0; block < hw_frames_blocks(frames); block++) {
        if (hw_frame_note(frames, (vmm_ppn)(block * HW_FRAME_BLOCK)) == NULL)
            return false;
    }
    frames->ram = ram;
    for (vmm_ppn ppn = 1; ppn <= frames->count; ppn++)
        *hw_frame_note(frames, ppn) = frames->ram + (size_t)(ppn - 1) * frames->page_bytes;
    return true;
}

/* What a frame of memory holds; NULL: nothing. */
static uint8_t *
hw_frame_memory(const struct hw_frames *frames, vmm_ppn ppn)
{
    uint8_t *const *block = frames->blocks[ppn / HW_FRAME_BLOCK];

    return block == NULL ? NULL : block[ppn % HW_FRAME_BLOCK];
}

/* Gives a frame's own storage back; it reads as zeroes then. */
static void
hw_frame_drop(struct hw_frames *frames, vmm_ppn ppn)
{
    uint8_t *storage = hw_frame_memory(frames, ppn);

    if (frames->ram != NULL || storage == NULL)
        return;
    vmm_give_array(frames->alloc, storage, frames->page_bytes, 1);
    frames->blocks[ppn / HW_FRAME_BLOCK][ppn % HW_FRAME_BLOCK] = NULL;
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
    vmm_radix_store_destroy(&device->nodes);
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
        return hw_frame_memory(frames, ppn);
    place = vmm_radix_get(&frames->device.places, ppn);
    return place == 0 ? NULL : frames->device.contents[place - 1];
}

static void
hw_frames_give_block(struct hw_frames *frames, size_t block)
{
    if (frames->blocks[block] == NULL)
        return;
    for (size_t i = 0; i < HW_FRAME_BLOCK; i++)
        hw_frame_drop(frames, (vmm_ppn)(block * HW_FRAME_BLOCK + i));
    vmm_give_array(frames->alloc, frames->blocks[block], HW_FRAME_BLOCK, sizeof(uint8_t *));
}

void
hw_frames_destroy(struct hw_frames *frames)
{
    const struct vmm_alloc *alloc = frames->alloc;

    for (size_t block = 0; frames->blocks != NULL && block < hw_frames_blocks(frames); block++)
        hw_frames_give_block(frames, block);
    vmm_give_array(alloc, frames->words, (uint64_t)frames->count + 1, sizeof(*frames->words));
    vmm_give_array(alloc, frames->free_map, hw_frames_map_words(frames), sizeof(*frames->free_map));
    vmm_give_array(alloc, frames->blocks, hw_frames_blocks(frames), sizeof(*frames->blocks));
    frames->words = NULL;
    frames->free_map = NULL;
    frames->blocks = NULL;
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

    frames->cursor = ppn;
    frames->untouched = ppn == frames->fresh ? ppn : VMM_NO_PAGE;
    if (ppn == frames->fresh)
        frames->fresh++;
    return ppn;
}

/* The frame is in use from now on, and its word its user's. */
static void
hw_frame_take(struct hw_frames *frames, vmm_ppn ppn)
{
    frames->free_map[ppn / 64] &= ~((uint64_t)1 << ppn % 64);
    frames->words[ppn] = 0;
    frames->free_count--;
}

vmm_ppn
hw_frame_alloc(struct hw_frames *frames)
{
    vmm_ppn ppn = frames->free_head;

    if (frames->free_count == 0)
        return VMM_NO_PAGE;
    if (frames->ram != NULL)
        ppn = hw_frame_alloc_ram(frames);
    else if (ppn == VMM_NO_PAGE)
        ppn = frames->fresh++;
    else
        frames->free_head = frames->words[ppn];
    hw_frame_take(frames, ppn);
    return ppn;
}

/* Marks frames of a row as in use. */
static void
hw_frame_take_row(struct hw_frames *frames, vmm_ppn first, uint32_t count)
{
    memset(&frames->words[first], 0, count * sizeof(*frames->words));
    frames->free_count -= count;
    for (vmm_ppn end = first + count; first < end;) {
        uint32_t bits = 64 - first % 64 < end - first ? 64 - first % 64 : end - first;

        frames->free_map[first / 64] &= ~(UINT64_MAX >> (64 - bits) << first % 64);
        first += bits;
    }
}

void
hw_frame_alloc_many(struct hw_frames *frames, vmm_ppn *ppns, uint32_t count)
{
    vmm_ppn first;

    VMM_ASSERT(count <= frames->free_count);
    for (; count > 0 && (frames->free_head != VMM_NO_PAGE || frames->ram != NULL); count--)
        *ppns++ = hw_frame_alloc(frames);
    if (count == 0)
        return;
    first = frames->fresh;
    frames->fresh += count;
    hw_frame_take_row(frames, first, count);
    for (uint32_t i = 0; i < count; i++)
        ppns[i] = first + i;
}

vmm_ppn
hw_frame_alloc_run(struct hw_frames *frames, vmm_ppn count)
{
    vmm_ppn first = frames->fresh;

    if (count == 0 || count > frames->count - (first - 1))
        return VMM_NO_PAGE;
    hw_frame_take_row(frames, first, count);
    frames->fresh += count;
    return first;
}

vmm_ppn
hw_frame_alloc_aligned_run(struct hw_frames *frames, vmm_ppn count)
{
    vmm_ppn passed = (vmm_ppn)(-frames->fresh & (count - 1));
    vmm_ppn first = hw_frame_alloc_run(frames, passed + count);

    for (vmm_ppn i = 0; first != VMM_NO_PAGE && i < passed; i++)
        hw_frame_free(frames, first + passed - 1 - i); /* the lowest is the next to be handed out */
    return first == VMM_NO_PAGE ? VMM_NO_PAGE : first + passed;
}

void
hw_frame_free(struct hw_frames *frames, vmm_ppn ppn)
{
    VMM_ASSERT(hw_frame_is_in_use(frames, ppn));
    hw_frame_drop(frames, ppn);
    frames->free_count++;
    frames->free_map[ppn / 64] |= (uint64_t)1 << ppn % 64;
    if (frames->ram != NULL)
        return;
    frames->words[ppn] = frames->free_head;
    frames->free_head = ppn;
}

void
hw_frame_clear(struct hw_frames *frames, vmm_ppn ppn)
{
    bool is_kept = hw_frame_is_device(frames, ppn) || frames->ram != NULL;
    uint8_t *storage = hw_frame_storage(frames, ppn);

    if (!is_kept)
        hw_frame_drop(frames, ppn);
    else if (storage != NULL && ppn != frames->untouched)
        memset(storage, 0, frames->page_bytes);
    frames->untouched = VMM_NO_PAGE; /* the next to ask may have written meanwhile */
}

void
hw_frame_zero_part(struct hw_frames *frames, vmm_ppn ppn, uint32_t offset, uint32_t length)
{
    uint8_t *storage = hw_frame_storage(frames, ppn);

    VMM_ASSERT(length <= frames->page_bytes && offset <= frames->page_bytes - length);
    if (length == frames->page_bytes)
        hw_frame_zero(frames, ppn);
    else if (storage != NULL)
        memset(storage + offset, 0, length);
}

/* Storage for a frame of memory that has none yet. */
static uint8_t *
hw_frame_make(struct hw_frames *frames, vmm_ppn ppn)
{
    uint8_t **note = hw_frame_note(frames, ppn);

    if (note != NULL)
        *note = vmm_take_array(frames->alloc, frames->page_bytes, 1);
    return note == NULL ? NULL : *note;
}

uint64_t *
hw_frame_words(struct hw_frames *frames, vmm_ppn ppn)
{
    uint8_t *storage = hw_frame_storage(frames, ppn);

    if (storage == NULL && hw_frame_is_device(frames, ppn))
        storage = hw_device_make(frames, ppn);
    else if (storage == NULL)
        storage = hw_frame_make(frames, ppn);
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
