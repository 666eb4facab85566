/* fuzz_trace_own.c - any bytes as a trace: 'own' */
#include "memtrace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memtrace_fuzz(MEMTRACE_OWN, data, size);
    return 0;
}
