/*
 * io_target.c - see io_target.h
 */
#include "io/io_target.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

enum { IO_TARGET_CHUNK = 1 << 16 };

struct io_target {
    uv_file file;
    int code;          /* of the first write that failed */
    char *path, *part; /* the name it is to have and the one it has; NULL: they are one */
    size_t length;
    char buffer[IO_TARGET_CHUNK];
};

static struct io_target *
io_target_fail(struct io_target *target, const char *why, char to[IO_WHY_BYTES])
{
    snprintf(to, IO_WHY_BYTES, "%s", why);
    if (target != NULL) {
        free(target->path);
        free(target->part);
    }
    free(target);
    return NULL;
}

static struct io_target *
io_target_open_at(struct io_target *target, const char *path, char why[IO_WHY_BYTES])
{
    uv_fs_t request;

    target->file = uv_fs_open(NULL, &request, path, O_WRONLY | O_CREAT | O_TRUNC, 0666, NULL);
    uv_fs_req_cleanup(&request);
    return target->file >= 0 ? target : io_target_fail(target, uv_strerror((int)target->file), why);
}

/* As it comes. "-" is standard output. */
static struct io_target *
io_target_open(const char *path, char why[IO_WHY_BYTES])
{
    struct io_target *target = calloc(1, sizeof *target);

    if (target == NULL)
        return io_target_fail(target, "memory ran out", why);
    target->file = 1;
    return strcmp(path, "-") == 0 ? target : io_target_open_at(target, path, why);
}

/* ---- whole files ---- */

/* What stands under a name before it is written. */
struct io_place {
    bool is_free; /* nothing, not even a link to nothing */
    bool is_file;
    uint64_t mode; /* of a file */
};

static struct io_place
io_place_of(const char *path)
{
    struct io_place place = { 0 };
    uv_fs_t request;
    int code = uv_fs_lstat(NULL, &request, path, NULL);

    uv_fs_req_cleanup(&request);
    place.is_free = code == UV_ENOENT;
    if (code == 0) {
        place.is_file =
            uv_fs_stat(NULL, &request, path, NULL) == 0 && S_ISREG((mode_t)request.statbuf.st_mode);
        place.mode = request.statbuf.st_mode;
        uv_fs_req_cleanup(&request);
    }
    return place;
}

/* The file that a name leads to: what is renamed over a link would take the link's place. NULL: none, or no memory. */
static char *
io_target_path(const char *path, bool is_free)
{
    uv_fs_t request;
    char *found = NULL;

    if (is_free)
        return strdup(path);
    if (uv_fs_realpath(NULL, &request, path, NULL) == 0)
        found = strdup(request.ptr);
    uv_fs_req_cleanup(&request);
    return found;
}

static bool
io_target_name(struct io_target *target, const char *path, bool is_free)
{
    size_t room;

    target->path = io_target_path(path, is_free);
    if (target->path == NULL)
        return false;
    room = strlen(target->path) + sizeof ".part";
    target->part = malloc(room);
    if (target->part != NULL)
        snprintf(target->part, room, "%s.part", target->path);
    return target->part != NULL;
}

/* Who may read what was there may read what takes its place, and nobody else. */
static void
io_target_keep_mode(const struct io_target *target, uint64_t mode)
{
    uv_fs_t request;

    (void)uv_fs_fchmod(NULL, &request, target->file, (int)(mode & 0777), NULL);
    uv_fs_req_cleanup(&request);
}

struct io_target *
io_target_open_whole(const char *path, char why[IO_WHY_BYTES])
{
    struct io_place place = io_place_of(path);
    struct io_target *target;

    if (strcmp(path, "-") == 0 || (!place.is_free && !place.is_file))
        return io_target_open(path, why);
    target = calloc(1, sizeof *target);
    if (target == NULL || !io_target_name(target, path, place.is_free))
        return io_target_fail(target, "memory ran out", why);
    target = io_target_open_at(target, target->part, why);
    if (target != NULL && place.is_file)
        io_target_keep_mode(target, place.mode);
    return target;
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

static int
io_target_shut(struct io_target *target)
{
    uv_fs_t request;
    int code = 0;

    if (target->file > 2) {
        code = uv_fs_close(NULL, &request, target->file, NULL);
        uv_fs_req_cleanup(&request);
    }
    return code;
}

static void
io_target_unlink(const struct io_target *target)
{
    uv_fs_t request;

    if (target->part == NULL)
        return;
    uv_fs_unlink(NULL, &request, target->part, NULL);
    uv_fs_req_cleanup(&request);
}

static void
io_target_free(struct io_target *target)
{
    free(target->path);
    free(target->part);
    free(target);
}

void
io_target_drop(struct io_target *target)
{
    io_target_shut(target);
    io_target_unlink(target);
    io_target_free(target);
}

bool
io_target_close(struct io_target *target, char why[IO_WHY_BYTES])
{
    uv_fs_t request;
    int code, closed;

    io_target_flush(target);
    code = target->code;
    closed = io_target_shut(target);
    code = code < 0 ? code : closed;
    if (code >= 0 && target->part != NULL) {
        code = uv_fs_rename(NULL, &request, target->part, target->path, NULL);
        uv_fs_req_cleanup(&request);
    }
    if (code < 0) {
        io_target_unlink(target);
        snprintf(why, IO_WHY_BYTES, "%s", uv_strerror(code));
    }
    io_target_free(target);
    return code >= 0;
}
