/* hw_geometry.c - see hw_geometry.h; no pointers in it, so that it is read-only everywhere */
#include "hw/hw_geometry.h"

const struct hw_geometry hw_geometry_x86_64 = {
    .name = "x86_64",
    .page_shift = 12,
    .levels = 4,
    .index_bits = 9,
    .va_bits = 48,
    .user_max = 0x7FFFFFE00000,
    .kernel_min = 0xFFFFFF7F80000000,
    .kernel_max = 0xFFFFFFFFFFFFE000,
    .has_asids = true,
    .l1 = { 16, 4 },
    .l2 = { 128, 12 },
    .large = { 1, 32 },
    .source = "tables: vm.md 5.2; TLB sizes: Skylake's 64 x 4-way and 1536 x 12-way",
};

const struct hw_geometry hw_geometry_arm64_16k = {
    .name = "arm64-16k",
    .page_shift = 14,
    .levels = 3,
    .index_bits = 11,
    .va_bits = 48,
    .user_max = 0x7FFFFE000000,
    .kernel_min = 0xFFFFFE0000000000,
    .kernel_max = 0xFFFFFFFBFFFFC000,
    .has_software_refmod = true,
    .has_broadcast_flush = true,
    .has_asids = true,
    .l1 = { 32, 4 },
    .l2 = { 256, 12 },
    .source = "tables, ranges: vm.md 1.8, 5.2; TLB sizes: GUESS",
};

struct hw_geometry
hw_geometry_small(const struct hw_geometry *machine)
{
    struct hw_geometry small = *machine;

    small.page_shift = hw_geometry_x86_64.page_shift;
    small.levels = hw_geometry_x86_64.levels;
    small.index_bits = hw_geometry_x86_64.index_bits;
    return small;
}
