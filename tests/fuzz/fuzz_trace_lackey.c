/* fuzz_trace_lackey.c - any bytes as a trace: 'lackey' */
#include "memtrace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memtrace_fuzz(MEMTRACE_LACKEY, data, size);
    return 0;
}
