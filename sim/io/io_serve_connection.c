/*
 * io_serve_connection.c - what one connection goes through
 *
 *     READING --> ANSWERING --> LINGERING --> closed
 *        |                          ^
 *        +------> LISTENING --------+  (closed at once)
 *
 * Behind an answer we read on for a moment: closing with bytes unread would take the answer back on its
 * way (RFC 9112, 9.6).
 */
#include "io/io_serve_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/io_http.h"

enum { LINGER_BYTES = 1 << 20, HEARTBEAT_MS = 15000, START_BYTES = 1024 };

enum io_connection_state { READING, ANSWERING, LISTENING, LINGERING };

struct io_connection {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct io_server *server;
    struct io_held_site *held; /* whose body is being written */
    enum io_connection_state state;
    size_t slot; /* among the server's connections */
    size_t length;
    size_t lingered;
    unsigned open_handles;
    bool is_writing;
    uint64_t version, news_number; /* what a stream has been told */
    char start[START_BYTES];       /* of the answer, or what a stream is told */
    char head[IO_HTTP_HEAD_MAX];
};

/* The page and everything it needs is in it; it may ask us, and nobody else. */
static const char io_answer_headers[] =
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; connect-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'\r\n"
    "Connection: close\r\n";

/* ---- the end ---- */

static void
io_connection_closed(uv_handle_t *handle)
{
    struct io_connection *connection = handle->data;
    struct io_server *server = connection->server;

    if (--connection->open_handles > 0)
        return;
    io_site_release(connection->held);
    server->connections[connection->slot] = NULL;
    server->count--;
    server->listener_count -= connection->state == LISTENING;
    free(connection);
    io_server_left(server);
}

void
io_connection_close(struct io_connection *connection)
{
    if (uv_is_closing((uv_handle_t *)&connection->tcp))
        return;
    uv_close((uv_handle_t *)&connection->tcp, io_connection_closed);
    uv_close((uv_handle_t *)&connection->timer, io_connection_closed);
}

static void
io_connection_late(uv_timer_t *timer)
{
    io_connection_close(timer->data);
}

/* ---- writing ---- */

static void io_connection_read_on(struct io_connection *connection);

static void
io_connection_shut(uv_shutdown_t *request, int status)
{
    struct io_connection *connection = request->data;

    if (status < 0)
        io_connection_close(connection);
    else if (!uv_is_closing((uv_handle_t *)&connection->tcp))
        io_connection_read_on(connection);
}

static void
io_connection_written(uv_write_t *request, int status)
{
    struct io_connection *connection = request->data;

    connection->is_writing = false;
    if (uv_is_closing((uv_handle_t *)&connection->tcp))
        return;
    if (status < 0) {
        io_connection_close(connection);
    } else if (connection->state == LISTENING) {
        io_connection_wake(connection);
    } else {
        connection->state = LINGERING;
        uv_timer_start(&connection->timer, io_connection_late, IO_SERVE_PATIENCE_MS, 0);
        if (uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->tcp,
                        io_connection_shut) < 0)
            io_connection_close(connection);
    }
}

static void
io_connection_write(struct io_connection *connection, const struct io_bytes *body)
{
    uv_buf_t buffers[] = { uv_buf_init(connection->start, (unsigned)strlen(connection->start)),
                           uv_buf_init(body != NULL ? body->data : NULL,
                                       body != NULL ? (unsigned)body->length : 0) };

    connection->is_writing = true;
    if (uv_write(&connection->write, (uv_stream_t *)&connection->tcp, buffers,
                 body != NULL && body->length > 0 ? 2 : 1, io_connection_written) < 0)
        io_connection_close(connection);
}

/* ---- answers ---- */

static void
io_connection_answer(struct io_connection *connection, enum io_http_status status, const char *type,
                     const struct io_bytes *body)
{
    connection->state = ANSWERING;
    uv_read_stop((uv_stream_t *)&connection->tcp);
    uv_timer_start(&connection->timer, io_connection_late, IO_SERVE_PATIENCE_MS, 0);
    snprintf(connection->start, sizeof connection->start,
             "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s\r\n%s", (int)status,
             io_http_reason(status), type,
             body != NULL ? body->length : strlen(io_http_reason(status)) + 1,
             status == IO_HTTP_METHOD ? "Allow: GET\r\n" : "", io_answer_headers,
             body != NULL ? "" : io_http_reason(status));
    if (body == NULL) /* the reason, as a line of text, is the body */
        strcat(connection->start, "\n");
    io_connection_write(connection, body);
}

static void
io_connection_refuse(struct io_connection *connection, enum io_http_status status)
{
    io_connection_answer(connection, status, "text/plain; charset=utf-8", NULL);
}

/* Who reads nothing for so long that a word is still under way has gone to sleep. */
static void
io_connection_heartbeat(uv_timer_t *timer)
{
    struct io_connection *connection = timer->data;

    if (connection->is_writing) {
        io_connection_close(connection);
        return;
    }
    snprintf(connection->start, sizeof connection->start, ":\n\n");
    io_connection_write(connection, NULL);
}

static void
io_connection_listen(struct io_connection *connection)
{
    struct io_server *server = connection->server;

    if (server->listener_count == IO_SERVE_LISTENERS) {
        io_connection_refuse(connection, IO_HTTP_FULL);
        return;
    }
    server->listener_count++;
    connection->state = LISTENING;
    uv_timer_start(&connection->timer, io_connection_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
    snprintf(connection->start, sizeof connection->start,
             "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n", io_answer_headers);
    io_connection_write(connection, NULL);
}

/* One message at a time; the next one follows when it is written. */
void
io_connection_wake(struct io_connection *connection)
{
    struct io_server *server = connection->server;
    char news[IO_SERVE_NEWS_BYTES];
    uint64_t number;

    if (connection->state != LISTENING || connection->is_writing ||
        uv_is_closing((uv_handle_t *)&connection->tcp))
        return;
    if (connection->version != server->version) {
        connection->version = server->version;
        snprintf(connection->start, sizeof connection->start,
                 "event: site\ndata: {\"version\": %" PRIu64 "}\n\n", server->version);
        io_connection_write(connection, NULL);
        return;
    }
    number = io_server_news(server, connection->news_number, news);
    if (number == connection->news_number)
        return;
    connection->news_number = number;
    snprintf(connection->start, sizeof connection->start, "%s", news);
    io_connection_write(connection, NULL);
}

static void
io_connection_serve(struct io_connection *connection, const struct io_http_request *request)
{
    struct io_held_site *held = connection->server->site;

    if (!io_http_is_ours(request, connection->server->number)) {
        io_connection_refuse(connection, IO_HTTP_FOREIGN);
        return;
    }
    if (request->path.length == strlen(IO_SERVE_STREAM) &&
        memcmp(request->path.bytes, IO_SERVE_STREAM, request->path.length) == 0) {
        io_connection_listen(connection);
        return;
    }
    for (size_t i = 0; held != NULL && i < held->site.count; i++) {
        const struct io_serve_page *page = &held->site.page[i];

        if (strlen(page->path) != request->path.length ||
            memcmp(page->path, request->path.bytes, request->path.length) != 0)
            continue;
        held->readers++;
        connection->held = held;
        io_connection_answer(connection, IO_HTTP_OK, page->type, &page->body);
        return;
    }
    io_connection_refuse(connection, held != NULL ? IO_HTTP_MISSING : IO_HTTP_FULL);
}

/* ---- reading ---- */

static void
io_connection_too_slow(uv_timer_t *timer)
{
    io_connection_refuse(timer->data, IO_HTTP_SLOW);
}

static void
io_connection_room(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    struct io_connection *connection = handle->data;
    size_t at = connection->state == READING ? connection->length : 0;

    (void)size;
    *buffer = uv_buf_init(connection->head + at, (unsigned)(sizeof connection->head - at));
}

static void
io_connection_got(struct io_connection *connection, size_t length)
{
    struct io_http_request request;
    enum io_http_status status;

    if (connection->state != READING) { /* nothing that we want to hear */
        connection->lingered += length;
        if (connection->lingered > LINGER_BYTES)
            io_connection_close(connection);
        return;
    }
    connection->length += length;
    status = io_http_read(connection->head, connection->length, &request);
    if (status == IO_HTTP_OK)
        io_connection_serve(connection, &request);
    else if (status != IO_HTTP_MORE)
        io_connection_refuse(connection, status);
}

static void
io_connection_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    (void)buffer;
    if (length < 0)
        io_connection_close(stream->data);
    else if (length > 0)
        io_connection_got(stream->data, (size_t)length);
}

static void
io_connection_read_on(struct io_connection *connection)
{
    if (uv_read_start((uv_stream_t *)&connection->tcp, io_connection_room, io_connection_read) < 0)
        io_connection_close(connection);
}

/* ---- the beginning ---- */

void
io_connection_accept(struct io_server *server)
{
    struct io_connection *connection = calloc(1, sizeof *connection);
    size_t slot = 0;

    if (connection == NULL)
        return; /* it waits until another one goes */
    while (server->connections[slot] != NULL)
        slot++;
    server->connections[slot] = connection;
    server->count++;
    connection->server = server;
    connection->slot = slot;
    connection->open_handles = 2;
    connection->tcp.data = connection->timer.data = connection->write.data =
        connection->shutdown.data = connection;
    uv_tcp_init(&server->loop, &connection->tcp);
    uv_timer_init(&server->loop, &connection->timer);
    server->has_waiting = false;
    if (uv_accept((uv_stream_t *)&server->port, (uv_stream_t *)&connection->tcp) < 0) {
        io_connection_close(connection);
        return;
    }
    uv_timer_start(&connection->timer, io_connection_too_slow, IO_SERVE_PATIENCE_MS, 0);
    io_connection_read_on(connection);
}
