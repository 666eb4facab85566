/* fuzz_trace_view.c - any bytes as a trace: 'view' */
#include "memtrace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memtrace_fuzz(MEMTRACE_VIEW, data, size);
    return 0;
}
