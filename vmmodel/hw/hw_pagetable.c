/* hw_pagetable.c - see hw_pagetable.h */
#include "hw/hw_pagetable.h"

uint32_t
hw_pt_index(const struct hw_geometry *geometry, vmm_va va, uint32_t level)
{
    uint32_t shift = geometry->page_shift + (geometry->levels - 1 - level) * geometry->index_bits;

    return (uint32_t)(va >> shift) & (((uint32_t)1 << geometry->index_bits) - 1);
}

uint64_t *
hw_pt_slot(struct hw_frames *frames, const struct hw_geometry *geometry, vmm_ppn root, vmm_va va,
           uint32_t level, uint32_t *missing_level)
{
    uint64_t *table = hw_frame_words(frames, root);

    for (uint32_t at = 0; at < level; at++) {
        uint64_t entry = table[hw_pt_index(geometry, va, at)];

        if (!(entry & HW_PTE_VALID)) {
            if (missing_level != NULL)
                *missing_level = at;
            return NULL;
        }
        table = hw_frame_words(frames, hw_pte_ppn(entry));
    }
    return &table[hw_pt_index(geometry, va, level)];
}
