/* fuzz_trace_plain.c - any bytes as a trace: 'plain' */
#include "memtrace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memtrace_fuzz(MEMTRACE_PLAIN, data, size);
    return 0;
}
