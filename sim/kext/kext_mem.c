/*
 * kext_mem.c - the memory functions that sim/core calls, and that a compiler makes calls to
 *
 * Plain loops of our own, hidden in the kext: what it imports is then the driver's side alone, and all of
 * it is in the audit's table.
 */
#include <string.h>

void *
memcpy(void *restrict to, const void *restrict from, size_t length)
{
    return memmove(to, from, length);
}

void *
memmove(void *to, const void *from, size_t length)
{
    unsigned char *target = to;
    const unsigned char *source = from;

    if (target < source) {
        for (size_t i = 0; i < length; i++)
            target[i] = source[i];
    } else {
        for (size_t i = length; i > 0; i--)
            target[i - 1] = source[i - 1];
    }
    return to;
}

void *
memset(void *to, int value, size_t length)
{
    unsigned char *target = to;

    for (size_t i = 0; i < length; i++)
        target[i] = (unsigned char)value;
    return to;
}

/* What clang for this target makes of memset(to, 0, length). */
void __bzero(void *to, size_t length);

void
__bzero(void *to, size_t length)
{
    volatile unsigned char *target = to;

    for (size_t i = 0; i < length; i++)
        target[i] = 0;
}

int
memcmp(const void *one, const void *other, size_t length)
{
    const unsigned char *a = one;
    const unsigned char *b = other;

    for (size_t i = 0; i < length; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

void *
memchr(const void *in, int value, size_t length)
{
    const unsigned char *bytes = in;

    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == (unsigned char)value)
            return (void *)(size_t)(bytes + i);
    }
    return NULL;
}

size_t
strlen(const char *string)
{
    size_t length = 0;

    while (string[length] != '\0')
        length++;
    return length;
}
