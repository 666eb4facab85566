/*
 * io_bytes.c - see io_bytes.h
 */
#include "io/io_bytes.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IO_BYTES_FIRST = 4096 };

static bool
io_bytes_reserve(struct io_bytes *bytes, size_t more)
{
    size_t capacity = bytes->capacity > 0 ? bytes->capacity : IO_BYTES_FIRST;
    char *data;

    if (more > SIZE_MAX / 4 - bytes->length)
        return false;
    while (capacity - bytes->length < more || capacity < bytes->length)
        capacity *= 2;
    if (capacity == bytes->capacity)
        return true;
    data = realloc(bytes->data, capacity);
    if (data == NULL)
        return false;
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

void
io_bytes_put(void *context, const char *from, size_t length)
{
    struct io_bytes *bytes = context;

    if (length == 0 || bytes->is_short)
        return;
    if (!io_bytes_reserve(bytes, length)) {
        bytes->is_short = true;
        return;
    }
    memcpy(bytes->data + bytes->length, from, length);
    bytes->length += length;
}

void
io_bytes_text(struct io_bytes *bytes, const char *text)
{
    io_bytes_put(bytes, text, strlen(text));
}

void
io_bytes_format(struct io_bytes *bytes, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || bytes->is_short || !io_bytes_reserve(bytes, (size_t)length + 1)) {
        bytes->is_short = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(bytes->data + bytes->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    bytes->length += (size_t)length;
}

void
io_bytes_free(struct io_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct io_bytes){ 0 };
}
