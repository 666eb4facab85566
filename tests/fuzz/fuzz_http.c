/*
 * fuzz_http.c - any bytes as a request: one answer, the same however they were cut, nothing outside them
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/io_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
is_inside(const struct io_http_text *text, const char *bytes, size_t length)
{
    if (text->bytes != NULL && (text->bytes < bytes || text->bytes + text->length > bytes + length))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = calloc(size > 0 ? size : 1, 1); /* no byte more, for asan */
    struct io_http_request request, again;
    enum io_http_status status;

    if (bytes == NULL)
        return 0;
    if (size > 0)
        memcpy(bytes, data, size);
    status = io_http_read(bytes, size, &request);
    if (io_http_reason(status)[0] == '\0')
        abort();
    /* What was an answer already stays it when more comes. */
    for (size_t length = size / 2; length < size; length += size / 7 + 1) {
        enum io_http_status early = io_http_read(bytes, length, &again);

        if (early != IO_HTTP_MORE && early != status)
            abort();
    }
    if (status == IO_HTTP_OK) {
        is_inside(&request.path, bytes, size);
        is_inside(&request.host, bytes, size);
        is_inside(&request.origin, bytes, size);
        if (request.path.bytes[0] != '/')
            abort();
        io_http_is_ours(&request, 1);
    }
    free(bytes);
    return 0;
}
