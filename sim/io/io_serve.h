/*
 * io_serve.h - pages for a browser on this machine
 *
 * PURPOSE     Answers GET requests on 127.0.0.1 from a handful of pages that are made on a thread of the
 *             pool, and made again when a file changes. Who asks for IO_SERVE_STREAM is told of it: the
 *             answer is a stream of server-sent events that does not end.
 * INVARIANTS  V1  nothing listens on another address than 127.0.0.1, and no foreign page is answered
 *             V2  no more than IO_SERVE_CONNECTIONS are open, each with no more than one head in memory
 *                 and an answer that all share; who comes later waits in the system's queue
 *             V3  a connection that neither speaks nor listens is closed after IO_SERVE_PATIENCE_MS
 * UNITS       port: 0: one that is free
 * OWNERSHIP   a site's bodies are the server's once `make` returns
 * ERRORS      enum io_end; what went wrong has been reported on stderr
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_SERVE_H
#define IO_IO_SERVE_H

#include <stdint.h>

#include "io/io_bytes.h"
#include "io/io_loop.h"

enum {
    IO_SERVE_PAGES = 4,
    IO_SERVE_CONNECTIONS = 64,
    IO_SERVE_LISTENERS = 16, /* of the connections, how many may be streams */
    IO_SERVE_PATIENCE_MS = 5000,
    IO_SERVE_NEWS_BYTES = 512, /* of a name and its JSON */
};

#define IO_SERVE_STREAM "/events"

struct io_serve_page {
    const char *path, *type;
    struct io_bytes body;
};

struct io_site {
    struct io_serve_page page[IO_SERVE_PAGES];
    size_t count;
};

struct io_server;

struct io_serve_user {
    const char *program; /* begins a line that reports a failure */
    uint16_t port;
    const char *watched; /* a file, or NULL */
    void *context;
    /*
     * On a thread of the pool: fills an empty site; what there is to say goes to stderr. It is called with
     * step 0, and with the next step for as long as it says true; each site is served when it is made.
     */
    bool (*make)(void *context, struct io_server *server, unsigned step, struct io_site *site,
                 struct io_bytes *err);
    /* On the loop's thread: bytes that were added to `followed`; NULL: it begins anew. May be NULL. */
    const char *followed;
    void (*grown)(void *context, struct io_server *server, const char *bytes, size_t length);
    /* When the port is open. */
    void (*ready)(void *context, uint16_t port);
};

/* From any thread, while the server runs: one line of JSON for the streams; the last one counts. */
void io_serve_tell(struct io_server *server, const char *event, const char *json);

/* Serves until Ctrl-C, which is IO_INTERRUPTED. */
enum io_end io_serve(const struct io_serve_user *user);

#endif
