/* hw_pagetable.c - see hw_pagetable.h */
#include "hw/hw_pagetable.h"

uint32_t
hw_pt_index(const struct hw_geometry *geometry, vmm_va va, uint32_t level)
{
    uint32_t shift = geometry->page_shift + (geometry->levels - 1 - level) * geometry->index_bits;

    return (uint32_t)(va >> shift) & (((uint32_t)1 << geometry->index_bits) - 1);
}

/* vm.md 5.2, arm64. AP[7] read-only, AP[6] user; nG keeps user translations apart by ASID. */
static uint64_t
hw_pte_encode_arm64(const struct hw_geometry *geometry, uint64_t pte)
{
    uint64_t word = (uint64_t)hw_pte_ppn(pte) << geometry->page_shift;

    if (!(pte & HW_PTE_VALID))
        return pte & HW_PTE_COMPRESSED ? (uint64_t)1 << 63 : 0;
    word |= pte & HW_PTE_LARGE ? 1 : 3; /* a block, or a page */
    word |= pte & HW_PTE_WRITE ? 0 : (uint64_t)1 << 7;
    word |= pte & HW_PTE_USER ? (uint64_t)1 << 6 | (uint64_t)1 << 11 : 0;
    word |= pte & HW_PTE_REF ? (uint64_t)1 << 10 : 0;
    word |= pte & HW_PTE_NX || pte & HW_PTE_USER ? (uint64_t)1 << 53 : 0;
    word |= pte & HW_PTE_NX || !(pte & HW_PTE_USER) ? (uint64_t)1 << 54 : 0;
    word |= pte & HW_PTE_WIRED ? (uint64_t)1 << 58 : 0;
    word |= pte & HW_PTE_SOFT_WRITE ? (uint64_t)1 << 59 : 0;
    return word;
}

uint64_t
hw_pte_encode(const struct hw_geometry *geometry, uint64_t pte)
{
    return geometry->has_software_refmod ? hw_pte_encode_arm64(geometry, pte)
                                         : pte & ~(HW_PTE_SOFT_WRITE | HW_PTE_NESTED);
}

uint64_t *
hw_pt_slot(struct hw_frames *frames, const struct hw_geometry *geometry, vmm_ppn root, vmm_va va,
           uint32_t level, uint32_t *missing_level)
{
    uint32_t mask = ((uint32_t)1 << geometry->index_bits) - 1;
    uint32_t shift = geometry->page_shift + (geometry->levels - 1) * geometry->index_bits;
    uint64_t *table = hw_frame_words(frames, root);

    for (uint32_t at = 0; at < level; at++, shift -= geometry->index_bits) {
        uint64_t entry = table[(uint32_t)(va >> shift) & mask];

        if ((entry & (HW_PTE_VALID | HW_PTE_LARGE)) != HW_PTE_VALID) {
            if (missing_level != NULL)
                *missing_level = at;
            return NULL;
        }
        table = hw_frame_table(frames, hw_pte_ppn(entry));
    }
    return &table[(uint32_t)(va >> shift) & mask];
}

uint64_t *
hw_pt_large_leaf(struct hw_frames *frames, const struct hw_geometry *geometry, vmm_ppn root,
                 vmm_va va, uint32_t level)
{
    uint64_t *leaf = hw_pt_slot(frames, geometry, root, va, level, NULL);

    return *leaf & HW_PTE_VALID ? leaf : NULL;
}
