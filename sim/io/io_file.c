/*
 * io_file.c - see io_file.h
 *
 * The uv_fs calls are made without a loop: each blocks the thread it runs on, which is one of
 * libuv's own while the loop stays free to hear Ctrl-C.
 */
#include "io/io_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#include "io/io_target.h"

enum { IO_FILE_CHUNK = 64 * 1024 };

static bool
io_file_fail(char *why, int code)
{
    snprintf(why, IO_WHY_BYTES, "%s", uv_strerror(code));
    return false;
}

static bool
io_file_too_large(char *why, size_t limit)
{
    snprintf(why, IO_WHY_BYTES, "is larger than %zu bytes", limit);
    return false;
}

/* A directory opens but does not read, and a huge file need not be read to be refused. */
static bool
io_file_check(uv_file file, size_t limit, char *why)
{
    uv_fs_t request;
    int code = uv_fs_fstat(NULL, &request, file, NULL);
    uint64_t mode = request.statbuf.st_mode;
    uint64_t size = request.statbuf.st_size;

    uv_fs_req_cleanup(&request);
    if (code < 0)
        return io_file_fail(why, code);
    if (S_ISDIR((mode_t)mode)) {
        snprintf(why, IO_WHY_BYTES, "is a directory");
        return false;
    }
    if (S_ISREG((mode_t)mode) && size > limit)
        return io_file_too_large(why, limit);
    return true;
}

static bool
io_file_drain(uv_file file, size_t limit, struct io_bytes *bytes, char *why)
{
    char chunk[IO_FILE_CHUNK];

    for (;;) {
        uv_buf_t buffer = uv_buf_init(chunk, sizeof(chunk));
        uv_fs_t request;
        int got = uv_fs_read(NULL, &request, file, &buffer, 1, -1, NULL);

        uv_fs_req_cleanup(&request);
        if (got < 0)
            return io_file_fail(why, got);
        if (got == 0)
            return true;
        io_bytes_put(bytes, chunk, (size_t)got);
        if (bytes->is_short)
            return io_file_fail(why, UV_ENOMEM);
        if (bytes->length > limit)
            return io_file_too_large(why, limit);
    }
}

bool
io_file_read(const char *path, size_t limit, struct io_bytes *bytes, char why[IO_WHY_BYTES])
{
    bool is_stdin = strcmp(path, "-") == 0;
    uv_fs_t request;
    int file = 0;
    bool is_read;

    if (!is_stdin) {
        file = uv_fs_open(NULL, &request, path, UV_FS_O_RDONLY, 0, NULL);
        uv_fs_req_cleanup(&request);
    }
    if (file < 0)
        return io_file_fail(why, file);
    is_read = io_file_check(file, limit, why) && io_file_drain(file, limit, bytes, why);
    if (!is_stdin) {
        uv_fs_close(NULL, &request, file, NULL);
        uv_fs_req_cleanup(&request);
    }
    return is_read;
}

bool
io_file_write(const char *path, const char *data, size_t length, char why[IO_WHY_BYTES])
{
    struct io_target *target = io_target_open_whole(path, why);

    if (target == NULL)
        return false;
    io_target_put(target, data, length);
    return io_target_close(target, why);
}
