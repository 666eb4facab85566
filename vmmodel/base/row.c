/* row.c - see row.h */
#include "base/row.h"

#define ROW(name) vmm_row_##name
#define ROW_TARGET
#include "base/row_loops.def"
#undef ROW
#undef ROW_TARGET

#ifdef __x86_64__

#define ROW(name) vmm_row_avx2_##name
#define ROW_TARGET __attribute__((target("avx2")))
#include "base/row_loops.def"

const struct vmm_rows *
vmm_rows(bool has_vectors)
{
    return has_vectors ? &vmm_row_avx2_loops : &vmm_row_loops;
}

#else

const struct vmm_rows *
vmm_rows(bool has_vectors)
{
    (void)has_vectors;
    return &vmm_row_loops;
}

#endif
