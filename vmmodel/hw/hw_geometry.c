/* hw_geometry.c - see hw_geometry.h; no pointers in it, so that it is read-only everywhere */
#include "hw/hw_geometry.h"

const struct hw_geometry hw_geometry_x86_64 = {
    .name = "x86_64",
    .page_shift = 12,
    .levels = 4,
    .index_bits = 9,
    .va_bits = 48,
    .l1 = { 16, 4 },
    .l2 = { 128, 12 },
    .source = "tables: vm.md 5.2; TLB sizes: Skylake's 64 x 4-way and 1536 x 12-way",
};
