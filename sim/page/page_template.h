/*
 * page_template.h - the page that the program carries
 *
 * PURPOSE     page_inside.c has the page's bytes, put in when the program was built;
 *             page_absent.c has none. CMake takes one of them.
 * INVARIANTS  none
 * UNITS       length: bytes
 * OWNERSHIP   the program's own bytes
 * ERRORS      NULL: the program was built without the page
 * EVENTS      none
 * XNU         none
 */
#ifndef PAGE_PAGE_TEMPLATE_H
#define PAGE_PAGE_TEMPLATE_H

#include <stddef.h>

/* Where the scenario goes, once in the template. */
#define PAGE_PLACE "@GIVEN@"

/* The page's bytes, ended by a 0 that *length does not count; NULL: there is none. */
const char *page_template(size_t *length);

#endif
