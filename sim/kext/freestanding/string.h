/* string.h - the part of <string.h> that sim/core and the model use; kext_mem.c has it */
#ifndef FREESTANDING_STRING_H
#define FREESTANDING_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *one, const void *other, size_t length);
void *memchr(const void *in, int value, size_t length);
size_t strlen(const char *string);

#endif
