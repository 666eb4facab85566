/*
 * io_serve_follow.c - a file that somebody else is writing, read as it grows
 *
 * It is opened each time, so that one that was removed and made again is followed all the same.
 */
#include <fcntl.h>

#include "io/io_serve_internal.h"

enum { FOLLOW_MS = 150, FOLLOW_BYTES = 1 << 16, FOLLOW_PIECES = 64 /* at a time */ };

/* Bytes behind what has been handed on; 0 at the end or when they cannot be read. */
static size_t
io_server_read_more(struct io_server *server, uv_file file)
{
    char bytes[FOLLOW_BYTES];
    uv_buf_t buffer = uv_buf_init(bytes, sizeof bytes);
    uv_fs_t request;
    int got = uv_fs_read(NULL, &request, file, &buffer, 1, (int64_t)server->followed, NULL);

    uv_fs_req_cleanup(&request);
    if (got <= 0)
        return 0;
    server->followed += (uint64_t)got;
    server->user->grown(server->user->context, server, bytes, (size_t)got);
    return (size_t)got;
}

/* A file that is shorter than what was read is another one. */
static void
io_server_notice_new(struct io_server *server, uv_file file)
{
    uv_fs_t request;
    int code = uv_fs_fstat(NULL, &request, file, NULL);
    uint64_t size = request.statbuf.st_size;

    uv_fs_req_cleanup(&request);
    if (code < 0 || size >= server->followed)
        return;
    server->followed = 0;
    server->user->grown(server->user->context, server, NULL, 0);
}

static void
io_server_look(uv_timer_t *timer)
{
    struct io_server *server = timer->data;
    uv_fs_t request;
    uv_file file =
        uv_fs_open(NULL, &request, server->user->followed, O_RDONLY | O_NONBLOCK, 0, NULL);

    uv_fs_req_cleanup(&request);
    if (file < 0)
        return; /* it will come */
    io_server_notice_new(server, file);
    for (int piece = 0; piece < FOLLOW_PIECES && io_server_read_more(server, file) > 0; piece++)
        continue;
    uv_fs_close(NULL, &request, file, NULL);
    uv_fs_req_cleanup(&request);
}

void
io_server_follow(struct io_server *server)
{
    if (server->user->followed != NULL)
        uv_timer_start(&server->follow, io_server_look, 0, FOLLOW_MS);
}
