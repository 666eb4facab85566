/* vm_physical.c - see vm_physical.h */
#include "vm/vm_physical.h"

#include <string.h>

#include "vm/vm_internal.h"

bool
vm_physical_is_memory(const struct vm_system *system, uint64_t address)
{
    uint64_t frame = address >> system->page_shift;

    return frame != VMM_NO_PAGE && frame <= system->frame_count;
}

/* How many bytes from `address` on lie in one frame, at most `length`. */
static uint32_t
vm_physical_run(const struct vm_system *system, uint64_t address, uint64_t length)
{
    uint64_t rest = system->page_bytes - (address & (system->page_bytes - 1));

    return (uint32_t)(rest < length ? rest : length);
}

static uint32_t
vm_physical_offset(const struct vm_system *system, uint64_t address)
{
    return (uint32_t)(address & (system->page_bytes - 1));
}

void
vm_physical_read(const struct vm_system *system, uint64_t address, void *to, uint64_t length)
{
    uint8_t *out = to;

    while (length > 0) {
        uint32_t run = vm_physical_run(system, address, length);

        if (vm_physical_is_memory(system, address))
            hw_frame_read(&system->machine->frames, (vmm_ppn)(address >> system->page_shift),
                          vm_physical_offset(system, address), out, run);
        else
            memset(out, 0, run);
        out += run;
        address += run;
        length -= run;
    }
}

/* Zeroes from a frame's offset on. */
static bool
vm_physical_clear(struct hw_frames *frames, vmm_ppn ppn, uint32_t offset, uint32_t length)
{
    static const uint8_t zeroes[64];
    bool has_storage = true;

    while (length > 0 && has_storage) {
        uint32_t run = length < sizeof(zeroes) ? length : (uint32_t)sizeof(zeroes);

        has_storage = hw_frame_write(frames, ppn, offset, zeroes, run);
        offset += run;
        length -= run;
    }
    return has_storage;
}

enum vmm_status
vm_physical_write(struct vm_system *system, uint64_t address, const void *from, uint64_t length)
{
    struct hw_frames *frames = &system->machine->frames;
    const uint8_t *in = from;

    while (length > 0) {
        uint32_t run = vm_physical_run(system, address, length);
        uint32_t offset = vm_physical_offset(system, address);
        vmm_ppn ppn = (vmm_ppn)(address >> system->page_shift);
        bool is_kept = true;

        if (vm_physical_is_memory(system, address))
            is_kept = in == NULL ? vm_physical_clear(frames, ppn, offset, run)
                                 : hw_frame_write(frames, ppn, offset, in, run);
        if (!is_kept)
            return VMM_MODEL_NO_MEMORY;
        in = in == NULL ? NULL : in + run;
        address += run;
        length -= run;
    }
    return VMM_OK;
}
