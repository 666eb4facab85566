/*
 * io_serve.c - see io_serve.h
 *
 *     a file changes --> make (pool) --> the site, served from now on --> streams are told
 *                          ^      |
 *                          +------+ the next step
 */
#include "io/io_serve_internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WATCH_MS = 150, QUEUE = 256 /* connections that the system keeps for us */ };

/* ---- sites ---- */

void
io_site_release(struct io_held_site *held)
{
    if (held == NULL || --held->readers > 0)
        return;
    for (size_t i = 0; i < held->site.count; i++)
        io_bytes_free(&held->site.page[i].body);
    free(held);
}

static void
io_server_wake(struct io_server *server)
{
    for (size_t i = 0; i < IO_SERVE_CONNECTIONS; i++) {
        if (server->connections[i] != NULL)
            io_connection_wake(server->connections[i]);
    }
}

static void
io_server_work(uv_work_t *work)
{
    struct io_server *server = work->data;

    server->made = calloc(1, sizeof *server->made);
    server->has_more = false;
    if (server->made == NULL)
        return;
    server->made->readers = 1; /* the server itself */
    server->has_more = server->user->make(server->user->context, server, server->step,
                                          &server->made->site, &server->err);
}

static void io_server_make(struct io_server *server, unsigned step);

static void
io_server_made(uv_work_t *work, int status)
{
    struct io_server *server = work->data;

    server->is_making = false;
    fwrite(server->err.data != NULL ? server->err.data : "", 1, server->err.length, stderr);
    io_bytes_free(&server->err);
    if (status >= 0 && server->made != NULL) {
        io_site_release(server->site);
        server->site = server->made;
        server->made = NULL;
        server->version++;
        io_server_wake(server);
    }
    if (server->is_stale)
        io_server_make(server, 0);
    else if (server->has_more)
        io_server_make(server, server->step + 1);
}

static void
io_server_make(struct io_server *server, unsigned step)
{
    server->step = step;
    server->is_stale = false;
    server->is_making =
        uv_queue_work(&server->loop, &server->work, io_server_work, io_server_made) == 0;
}

static void
io_server_watch(uv_timer_t *timer)
{
    struct io_server *server = timer->data;
    char *path = (char *)(uintptr_t)server->user->watched;
    struct io_stamp now;

    io_stamps_take(&path, 1, &now);
    if (!io_stamp_differs(&server->stamp, &now))
        return;
    server->stamp = now;
    if (server->is_making)
        server->is_stale = true;
    else
        io_server_make(server, 0);
}

/* The first look comes before the first reading, so that no change is lost in between. */
static void
io_server_start_watch(struct io_server *server)
{
    char *path = (char *)(uintptr_t)server->user->watched;

    if (path == NULL)
        return;
    io_stamps_take(&path, 1, &server->stamp);
    uv_timer_start(&server->watch, io_server_watch, WATCH_MS, WATCH_MS);
}

/* ---- news ---- */

void
io_serve_tell(struct io_server *server, const char *event, const char *json)
{
    uv_mutex_lock(&server->lock);
    snprintf(server->news, sizeof server->news, "event: %s\ndata: %s\n\n", event, json);
    server->news_number++;
    uv_mutex_unlock(&server->lock);
    uv_async_send(&server->told);
}

uint64_t
io_server_news(struct io_server *server, uint64_t seen, char news[IO_SERVE_NEWS_BYTES])
{
    uint64_t number;

    uv_mutex_lock(&server->lock);
    number = server->news_number;
    if (number != seen)
        memcpy(news, server->news, sizeof server->news);
    uv_mutex_unlock(&server->lock);
    return number;
}

static void
io_server_told(uv_async_t *told)
{
    io_server_wake(told->data);
}

/* ---- connections ---- */

static void
io_server_connection(uv_stream_t *port, int status)
{
    struct io_server *server = port->data;

    if (status < 0)
        return;
    server->has_waiting = true;
    if (server->count < IO_SERVE_CONNECTIONS)
        io_connection_accept(server);
}

void
io_server_left(struct io_server *server)
{
    if (server->has_waiting && !server->is_ending)
        io_connection_accept(server);
}

/* ---- the beginning and the end ---- */

/* What is being made on the pool cannot be called back, and has made no file: as io_loop.c has it. */
static void
io_server_end(struct io_server *server, enum io_end end)
{
    if (server->is_making)
        _Exit(IO_EXIT_INTERRUPTED);
    if (server->is_ending)
        return;
    server->is_ending = true;
    server->end = end;
    uv_close((uv_handle_t *)&server->port, NULL);
    uv_close((uv_handle_t *)&server->interrupt, NULL);
    uv_close((uv_handle_t *)&server->ending, NULL);
    uv_close((uv_handle_t *)&server->watch, NULL);
    uv_close((uv_handle_t *)&server->told, NULL);
    uv_close((uv_handle_t *)&server->follow, NULL);
    for (size_t i = 0; i < IO_SERVE_CONNECTIONS; i++) {
        if (server->connections[i] != NULL)
            io_connection_close(server->connections[i]);
    }
}

static void
io_server_interrupted(uv_signal_t *handle, int number)
{
    (void)number;
    io_server_end(handle->data, IO_INTERRUPTED);
}

static void
io_server_open_handles(struct io_server *server)
{
    server->port.data = server->interrupt.data = server->ending.data = server->watch.data =
        server->told.data = server->follow.data = server->work.data = server;
    uv_mutex_init(&server->lock);
    uv_tcp_init(&server->loop, &server->port);
    uv_signal_init(&server->loop, &server->interrupt);
    uv_signal_init(&server->loop, &server->ending);
    uv_timer_init(&server->loop, &server->watch);
    uv_async_init(&server->loop, &server->told, io_server_told);
    uv_timer_init(&server->loop, &server->follow);
    uv_signal_start(&server->interrupt, io_server_interrupted, SIGINT);
    uv_signal_start(&server->ending, io_server_interrupted, SIGTERM);
}

/* On 127.0.0.1 and nothing else. */
static int
io_server_listen(struct io_server *server)
{
    struct sockaddr_in address;
    int length = sizeof address;
    int code = uv_ip4_addr("127.0.0.1", server->user->port, &address);

    if (code == 0)
        code = uv_tcp_bind(&server->port, (const struct sockaddr *)&address, 0);
    if (code == 0)
        code = uv_listen((uv_stream_t *)&server->port, QUEUE, io_server_connection);
    if (code == 0)
        code = uv_tcp_getsockname(&server->port, (struct sockaddr *)&address, &length);
    if (code == 0)
        server->number = ntohs(address.sin_port);
    return code;
}

static void
io_server_start(struct io_server *server)
{
    const struct io_serve_user *user = server->user;
    int code = io_server_listen(server);

    if (code < 0) {
        fprintf(stderr, "%s: port %u of 127.0.0.1 cannot be had: %s\n", user->program,
                (unsigned)user->port, uv_strerror(code));
        io_server_end(server, IO_WRITE_FAILED);
        return;
    }
    io_server_start_watch(server);
    io_server_follow(server);
    io_server_make(server, 0);
    user->ready(user->context, server->number);
}

enum io_end
io_serve(const struct io_serve_user *user)
{
    struct io_server *server = calloc(1, sizeof *server);
    enum io_end end = IO_WRITE_FAILED;

    if (server == NULL || uv_loop_init(&server->loop) < 0) {
        fprintf(stderr, "%s: cannot start: memory ran out\n", user->program);
        free(server);
        return IO_WRITE_FAILED;
    }
    signal(SIGPIPE, SIG_IGN);
    server->user = user;
    io_server_open_handles(server);
    io_server_start(server);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    uv_loop_close(&server->loop);
    uv_mutex_destroy(&server->lock);
    io_site_release(server->site);
    end = server->end;
    free(server);
    return end;
}
