/*
 * io_http.c - see io_http.h
 *
 *     GET /path?query HTTP/1.1 CRLF
 *     Name: value CRLF ...
 *     CRLF
 */
#include "io/io_http.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { HTTP_PORT = 80 };

static char
lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool
is_word(const struct io_http_text *text, const char *word)
{
    size_t length = strlen(word);

    if (text->length != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (lower(text->bytes[i]) != word[i])
            return false;
    }
    return true;
}

/* A character of a header's name: RFC 9110's token. */
static bool
is_token(char byte)
{
    return (lower(byte) >= 'a' && lower(byte) <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

/* A line without its CRLF, taken off the front of *rest. False: there is none, or a stray CR or LF. */
static bool
take_line(struct io_http_text *rest, struct io_http_text *line)
{
    size_t length = 0;

    while (length < rest->length && rest->bytes[length] != '\r' && rest->bytes[length] != '\n')
        length++;
    if (rest->length - length < 2 || memcmp(rest->bytes + length, "\r\n", 2) != 0)
        return false;
    *line = (struct io_http_text){ rest->bytes, length };
    rest->bytes += length + 2;
    rest->length -= length + 2;
    return true;
}

/* ---- the request's line ---- */

static enum io_http_status
read_version(const struct io_http_text *version)
{
    if (is_word(version, "http/1.1") || is_word(version, "http/1.0"))
        return IO_HTTP_OK;
    return version->length == 8 && memcmp(version->bytes, "HTTP/", 5) == 0 ? IO_HTTP_VERSION
                                                                           : IO_HTTP_BAD;
}

static enum io_http_status
read_target(const struct io_http_text *target, struct io_http_request *request)
{
    size_t length = 0;

    for (size_t i = 0; i < target->length; i++) {
        if (target->bytes[i] <= ' ' || target->bytes[i] > '~')
            return IO_HTTP_BAD;
    }
    if (target->length == 0 || target->bytes[0] != '/')
        return IO_HTTP_BAD;
    while (length < target->length && target->bytes[length] != '?')
        length++;
    request->path = (struct io_http_text){ target->bytes, length };
    return IO_HTTP_OK;
}

static enum io_http_status
read_start(const struct io_http_text *line, struct io_http_request *request)
{
    const char *end = line->bytes + line->length;
    const char *first = memchr(line->bytes, ' ', line->length);
    const char *second = first != NULL ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
    struct io_http_text method, target, version;
    enum io_http_status status;

    if (second == NULL)
        return IO_HTTP_BAD;
    method = (struct io_http_text){ line->bytes, (size_t)(first - line->bytes) };
    target = (struct io_http_text){ first + 1, (size_t)(second - first - 1) };
    version = (struct io_http_text){ second + 1, (size_t)(end - second - 1) };
    for (size_t i = 0; i < method.length; i++) {
        if (!is_token(method.bytes[i]))
            return IO_HTTP_BAD;
    }
    status = read_version(&version);
    if (status == IO_HTTP_OK)
        status = read_target(&target, request);
    if (status != IO_HTTP_OK)
        return status;
    return method.length == 3 && memcmp(method.bytes, "GET", 3) == 0 ? IO_HTTP_OK : IO_HTTP_METHOD;
}

/* ---- headers ---- */

static bool
split_header(const struct io_http_text *line, struct io_http_text *name, struct io_http_text *value)
{
    size_t at = 0;

    while (at < line->length && is_token(line->bytes[at]))
        at++;
    if (at == 0 || at == line->length || line->bytes[at] != ':')
        return false;
    *name = (struct io_http_text){ line->bytes, at };
    *value = (struct io_http_text){ line->bytes + at + 1, line->length - at - 1 };
    while (value->length > 0 && (value->bytes[0] == ' ' || value->bytes[0] == '\t')) {
        value->bytes++;
        value->length--;
    }
    while (value->length > 0 &&
           (value->bytes[value->length - 1] == ' ' || value->bytes[value->length - 1] == '\t'))
        value->length--;
    for (size_t i = 0; i < value->length; i++) {
        unsigned char byte = (unsigned char)value->bytes[i];

        if ((byte < ' ' && byte != '\t') || byte == 127)
            return false;
    }
    return true;
}

/* A header that may stand there once. */
static bool
take_once(struct io_http_text *to, const struct io_http_text *value)
{
    if (to->bytes != NULL)
        return false;
    *to = *value;
    return true;
}

static enum io_http_status
read_header(const struct io_http_text *line, struct io_http_request *request)
{
    struct io_http_text name, value;
    bool is_good = split_header(line, &name, &value);

    if (is_good && is_word(&name, "host"))
        is_good = take_once(&request->host, &value);
    else if (is_good && is_word(&name, "origin"))
        is_good = take_once(&request->origin, &value);
    else if (is_good && is_word(&name, "content-length"))
        is_good = is_word(&value, "0"); /* who asks has nothing to tell */
    else if (is_good)
        is_good = !is_word(&name, "transfer-encoding");
    return is_good ? IO_HTTP_OK : IO_HTTP_BAD;
}

/* Where the head ends, behind its empty line; 0: not yet. */
static size_t
head_length(const char *bytes, size_t length)
{
    for (size_t i = 0; i + 4 <= length; i++) {
        if (memcmp(bytes + i, "\r\n\r\n", 4) == 0)
            return i + 4;
    }
    return 0;
}

enum io_http_status
io_http_read(const char *bytes, size_t length, struct io_http_request *request)
{
    size_t most = length < IO_HTTP_HEAD_MAX ? length : IO_HTTP_HEAD_MAX;
    struct io_http_text rest = { bytes, head_length(bytes, most) };
    struct io_http_text line;
    enum io_http_status status = IO_HTTP_OK;

    *request = (struct io_http_request){ { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
    if (rest.length == 0)
        return length < IO_HTTP_HEAD_MAX ? IO_HTTP_MORE : IO_HTTP_LARGE;
    if (!take_line(&rest, &line))
        return IO_HTTP_BAD;
    status = read_start(&line, request);
    while (status == IO_HTTP_OK) {
        if (!take_line(&rest, &line))
            return IO_HTTP_BAD;
        if (line.length == 0)
            break;
        status = read_header(&line, request);
    }
    if (status == IO_HTTP_OK && request->host.bytes == NULL)
        return IO_HTTP_BAD;
    return status;
}

/* "localhost:8080", with what stands before it; the port of HTTP itself may be left out. */
static bool
is_place(const struct io_http_text *text, const char *scheme, const char *name, unsigned port)
{
    char place[48];

    snprintf(place, sizeof place, "%s%s:%u", scheme, name, port);
    if (is_word(text, place))
        return true;
    snprintf(place, sizeof place, "%s%s", scheme, name);
    return port == HTTP_PORT && is_word(text, place);
}

bool
io_http_is_ours(const struct io_http_request *request, unsigned port)
{
    static const char *const names[] = { "127.0.0.1", "localhost" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is_place(&request->host, "", names[i], port))
            return request->origin.bytes == NULL ||
                   is_place(&request->origin, "http://", names[i], port);
    }
    return false;
}

const char *
io_http_reason(enum io_http_status status)
{
    switch (status) {
    case IO_HTTP_MORE:
    case IO_HTTP_OK:
        return "OK";
    case IO_HTTP_BAD:
        return "Bad Request";
    case IO_HTTP_FOREIGN:
        return "Forbidden";
    case IO_HTTP_MISSING:
        return "Not Found";
    case IO_HTTP_METHOD:
        return "Method Not Allowed";
    case IO_HTTP_SLOW:
        return "Request Timeout";
    case IO_HTTP_LARGE:
        return "Request Header Fields Too Large";
    case IO_HTTP_FULL:
        return "Service Unavailable";
    case IO_HTTP_VERSION:
        return "HTTP Version Not Supported";
    }
    return "";
}
