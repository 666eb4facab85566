/* fuzz_trace_champsim.c - any bytes as a trace: 'champsim' */
#include "memtrace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memtrace_fuzz(MEMTRACE_CHAMPSIM, data, size);
    return 0;
}
