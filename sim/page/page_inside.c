/*
 * page_inside.c - see page_template.h
 *
 * The assembler reads the file: half a megabyte of numbers in C would take a compiler seconds.
 */
#include "page/page_template.h"

extern const char page_bytes_begin[];
extern const char page_bytes_end[];

__asm__(".section .rodata\n"
        ".global page_bytes_begin\n"
        "page_bytes_begin:\n"
        ".incbin \"" PAGE_FILE "\"\n"
        ".global page_bytes_end\n"
        "page_bytes_end:\n"
        ".byte 0\n"
        ".text\n");

const char *
page_template(size_t *length)
{
    *length = (size_t)(page_bytes_end - page_bytes_begin);
    return page_bytes_begin;
}
