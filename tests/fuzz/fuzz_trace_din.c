/* fuzz_trace_din.c - any bytes as a trace: 'din' */
#include "memtrace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memtrace_fuzz(MEMTRACE_DIN, data, size);
    return 0;
}
