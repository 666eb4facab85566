/*
 * io_http.h - the one kind of HTTP request that we answer
 *
 * PURPOSE     Reads the head of a GET request: any bytes give an answer's status, and nothing is kept.
 * INVARIANTS  H1  the same bytes give the same answer, however they were cut on their way
 * UNITS       bytes
 * OWNERSHIP   a request points into the bytes that were read
 * ERRORS      a status of HTTP: what is not plainly right is refused (RFC 9112)
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_HTTP_H
#define IO_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum { IO_HTTP_HEAD_MAX = 8192 };

enum io_http_status {
    IO_HTTP_MORE = 0, /* the head has not ended yet */
    IO_HTTP_OK = 200,
    IO_HTTP_BAD = 400,
    IO_HTTP_FOREIGN = 403,
    IO_HTTP_MISSING = 404,
    IO_HTTP_METHOD = 405,
    IO_HTTP_SLOW = 408,
    IO_HTTP_LARGE = 431,
    IO_HTTP_FULL = 503,
    IO_HTTP_VERSION = 505
};

struct io_http_text {
    const char *bytes; /* NULL: not there */
    size_t length;
};

struct io_http_request {
    struct io_http_text path; /* without what follows a '?' */
    struct io_http_text host;
    struct io_http_text origin;
};

/* Fills *request when the answer is IO_HTTP_OK. */
enum io_http_status io_http_read(const char *bytes, size_t length, struct io_http_request *request);

/*
 * Whether the request is meant for 127.0.0.1 or localhost at this port, and comes from no foreign page:
 * a name that somebody else's server resolved to 127.0.0.1 is refused.
 */
bool io_http_is_ours(const struct io_http_request *request, unsigned port);

/* "Not Found" and its like. */
const char *io_http_reason(enum io_http_status status);

#endif
