/*
 * io_target.c - see io_target.h
 */
#include "io/io_target.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { IO_TARGET_CHUNK = 1 << 16 };

struct io_target {
    uv_file file;
    int code; /* of the first write that failed */
    size_t length;
    char buffer[IO_TARGET_CHUNK];
};

struct io_target *
io_target_open(const char *path, char why[IO_WHY_BYTES])
{
    struct io_target *target = calloc(1, sizeof *target);
    uv_fs_t request;

    if (target == NULL) {
        snprintf(why, IO_WHY_BYTES, "memory ran out");
        return NULL;
    }
    target->file = 1;
    if (strcmp(path, "-") != 0) {
        target->file = uv_fs_open(NULL, &request, path, O_WRONLY | O_CREAT | O_TRUNC, 0666, NULL);
        uv_fs_req_cleanup(&request);
    }
    if (target->file >= 0)
        return target;
    snprintf(why, IO_WHY_BYTES, "%s", uv_strerror((int)target->file));
    free(target);
    return NULL;
}

static void
io_target_flush(struct io_target *target)
{
    size_t at = 0;

    while (at < target->length && target->code >= 0) {
        uv_buf_t buffer = uv_buf_init(target->buffer + at, (unsigned)(target->length - at));
        uv_fs_t request;

        target->code = uv_fs_write(NULL, &request, target->file, &buffer, 1, -1, NULL);
        uv_fs_req_cleanup(&request);
        at += target->code > 0 ? (size_t)target->code : 0;
    }
    target->length = 0;
}

void
io_target_put(void *context, const char *bytes, size_t length)
{
    struct io_target *target = context;

    while (length > 0) {
        size_t room = sizeof target->buffer - target->length;
        size_t part = length < room ? length : room;

        memcpy(target->buffer + target->length, bytes, part);
        target->length += part;
        bytes += part;
        length -= part;
        if (target->length == sizeof target->buffer)
            io_target_flush(target);
    }
}

bool
io_target_close(struct io_target *target, char why[IO_WHY_BYTES])
{
    uv_fs_t request;
    int code;

    io_target_flush(target);
    code = target->code;
    if (target->file > 2) {
        int closed = uv_fs_close(NULL, &request, target->file, NULL);

        uv_fs_req_cleanup(&request);
        code = code < 0 ? code : closed;
    }
    free(target);
    if (code < 0)
        snprintf(why, IO_WHY_BYTES, "%s", uv_strerror(code));
    return code >= 0;
}
