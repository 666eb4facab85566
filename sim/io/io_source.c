/*
 * io_source.c - see io_source.h
 *
 * One buffer of packed bytes; what unpacks them takes from it what it likes. Members of a gzip file and
 * frames of a zstd file may follow each other, as the programs that make them allow.
 */
#include "io/io_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>
#include <zlib.h>
#include <zstd.h>

enum { IO_SOURCE_CHUNK = 1 << 16, IO_GZIP_WINDOW = 15 + 16 };

enum io_packing { IO_PLAIN, IO_GZIP, IO_ZSTD };

struct io_source {
    uv_file file;
    uint64_t done, total;
    enum io_packing packing;
    bool is_ended;  /* the file has no more bytes */
    bool is_inside; /* of a member or frame that has not ended */
    uint8_t *at;    /* of what is in the buffer */
    size_t left;
    z_stream gzip;
    ZSTD_DStream *zstd;
    uint8_t buffer[IO_SOURCE_CHUNK];
};

static bool
io_source_say(char *why, const char *what)
{
    snprintf(why, IO_WHY_BYTES, "%s", what);
    return false;
}

/* The file's next bytes, or -1: they cannot be read. */
static ptrdiff_t
io_source_get(struct io_source *source, uint8_t *bytes, size_t length, char *why)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)length);
    uv_fs_t request;
    int got = uv_fs_read(NULL, &request, source->file, &buffer, 1,
                         source->total > 0 ? (int64_t)source->done : -1, NULL);

    uv_fs_req_cleanup(&request);
    if (got < 0) {
        io_source_say(why, uv_strerror(got));
        return -1;
    }
    source->done += (uint64_t)got;
    source->is_ended = got == 0;
    return got;
}

/* Puts more bytes behind those that are left. False: they cannot be read. */
static bool
io_source_fill(struct io_source *source, char *why)
{
    ptrdiff_t got;

    memmove(source->buffer, source->at, source->left);
    source->at = source->buffer;
    got = io_source_get(source, source->buffer + source->left, sizeof source->buffer - source->left,
                        why);
    source->left += got > 0 ? (size_t)got : 0;
    return got >= 0;
}

/* What the first bytes say. */
static bool
io_source_begin(struct io_source *source, char *why)
{
    static const uint8_t gzip[] = { 0x1f, 0x8b }, zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };

    while (source->left < sizeof zstd && !source->is_ended) {
        if (!io_source_fill(source, why))
            return false;
    }
    if (source->left >= sizeof gzip && memcmp(source->at, gzip, sizeof gzip) == 0) {
        source->packing = IO_GZIP;
        if (inflateInit2(&source->gzip, IO_GZIP_WINDOW) != Z_OK)
            return io_source_say(why, "memory ran out");
    } else if (source->left >= sizeof zstd && memcmp(source->at, zstd, sizeof zstd) == 0) {
        source->packing = IO_ZSTD;
        source->zstd = ZSTD_createDStream();
        if (source->zstd == NULL)
            return io_source_say(why, "memory ran out");
    }
    return true;
}

static bool
io_source_stat(struct io_source *source, char *why)
{
    uv_fs_t request;
    int code = uv_fs_fstat(NULL, &request, source->file, NULL);
    uint64_t mode = request.statbuf.st_mode;

    source->total = S_ISREG((mode_t)mode) ? request.statbuf.st_size : 0;
    uv_fs_req_cleanup(&request);
    if (code < 0)
        return io_source_say(why, uv_strerror(code));
    return S_ISDIR((mode_t)mode) ? io_source_say(why, "is a directory") : true;
}

struct io_source *
io_source_open(const char *path, char why[IO_WHY_BYTES])
{
    struct io_source *source = calloc(1, sizeof *source);
    uv_fs_t request;

    if (source == NULL) {
        io_source_say(why, "memory ran out");
        return NULL;
    }
    source->at = source->buffer;
    if (strcmp(path, "-") != 0) {
        source->file = uv_fs_open(NULL, &request, path, UV_FS_O_RDONLY, 0, NULL);
        uv_fs_req_cleanup(&request);
    }
    if (source->file < 0)
        io_source_say(why, uv_strerror((int)source->file));
    else if (io_source_stat(source, why) && io_source_begin(source, why))
        return source;
    io_source_close(source);
    return NULL;
}

void
io_source_close(struct io_source *source)
{
    uv_fs_t request;

    if (source->packing == IO_GZIP)
        inflateEnd(&source->gzip);
    ZSTD_freeDStream(source->zstd);
    if (source->file > 0) {
        uv_fs_close(NULL, &request, source->file, NULL);
        uv_fs_req_cleanup(&request);
    }
    free(source);
}

/* ---- anywhere ---- */

bool
io_source_read_at(struct io_source *source, uint64_t offset, uint8_t *bytes, size_t length)
{
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)length);
    uv_fs_t request;
    int got;

    if (source->packing != IO_PLAIN || offset > source->total || length > source->total - offset)
        return false;
    got = uv_fs_read(NULL, &request, source->file, &buffer, 1, (int64_t)offset, NULL);
    uv_fs_req_cleanup(&request);
    return got == (int)length;
}

void
io_source_seek(struct io_source *source, uint64_t offset)
{
    source->done = offset;
    source->at = source->buffer;
    source->left = 0;
    source->is_ended = false;
}

/* ---- unpacking: how many bytes came out of what is in the buffer, or -1 ---- */

static ptrdiff_t
io_source_inflate(struct io_source *source, uint8_t *bytes, size_t length, char *why)
{
    z_stream *gzip = &source->gzip;
    size_t before = source->left;
    int code;

    gzip->next_in = source->at;
    gzip->avail_in = (unsigned)source->left;
    gzip->next_out = bytes;
    gzip->avail_out = (unsigned)length;
    code = inflate(gzip, Z_NO_FLUSH);
    source->left = gzip->avail_in;
    source->at += before - source->left;
    source->is_inside = code != Z_STREAM_END;
    if (code == Z_STREAM_END) {
        if (inflateReset(gzip) != Z_OK)
            code = Z_DATA_ERROR;
    }
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        io_source_say(why, "is damaged: gzip cannot unpack it");
        return -1;
    }
    return (ptrdiff_t)(length - gzip->avail_out);
}

static ptrdiff_t
io_source_zstd(struct io_source *source, uint8_t *bytes, size_t length, char *why)
{
    ZSTD_inBuffer in = { source->at, source->left, 0 };
    ZSTD_outBuffer out = { bytes, length, 0 };
    size_t code = ZSTD_decompressStream(source->zstd, &out, &in);

    source->at += in.pos;
    source->left -= in.pos;
    source->is_inside = code != 0;
    if (ZSTD_isError(code)) {
        io_source_say(why, "is damaged: zstd cannot unpack it");
        return -1;
    }
    return (ptrdiff_t)out.pos;
}

static ptrdiff_t
io_source_unpack(struct io_source *source, uint8_t *bytes, size_t length, char *why)
{
    size_t part = length < source->left ? length : source->left;

    if (source->packing == IO_GZIP)
        return io_source_inflate(source, bytes, length, why);
    if (source->packing == IO_ZSTD)
        return io_source_zstd(source, bytes, length, why);
    memcpy(bytes, source->at, part);
    source->at += part;
    source->left -= part;
    return (ptrdiff_t)part;
}

ptrdiff_t
io_source_read(struct io_source *source, uint8_t *bytes, size_t length, char why[IO_WHY_BYTES])
{
    if (source->packing == IO_PLAIN && source->left == 0)
        return io_source_get(source, bytes, length, why);
    for (;;) {
        ptrdiff_t got = 0;

        if (source->left > 0 || source->is_inside)
            got = io_source_unpack(source, bytes, length, why);
        if (got != 0)
            return got;
        if (source->is_ended && source->left == 0) {
            if (!source->is_inside)
                return 0;
            io_source_say(why, "ends early: what was packed is cut off");
            return -1;
        }
        if (source->left == sizeof source->buffer || source->is_ended) {
            io_source_say(why, "is damaged: it cannot be unpacked");
            return -1;
        }
        if (!io_source_fill(source, why))
            return -1;
    }
}

uint64_t
io_source_done(const struct io_source *source)
{
    return source->done;
}

uint64_t
io_source_total(const struct io_source *source)
{
    return source->total;
}
