/*
 * vm_inside.h - the structs behind the fixture's window, for tests that bend them
 *
 * PURPOSE     Finds the entry and the page behind an address, and sees a broken invariant named.
 * INVARIANTS  none of its own
 * UNITS       n: pages of the fixture's window
 * OWNERSHIP   what is found belongs to the kernel
 * ERRORS      assertions of the test
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_VM_INSIDE_H
#define SUPPORT_VM_INSIDE_H

#include "vm/vm_internal.h"
#include "vm_fixture.h"

/* vm_system_check() says exactly this. */
void assert_broken(const struct vm_fixture *f, const char *expected);

/* The entry that holds page n of the window. */
struct vm_map_entry *entry_at(const struct vm_fixture *f, unsigned n);

/* The resident page that the chain shows at page n of the window. */
struct vm_page *page_at(const struct vm_fixture *f, unsigned n);

/* draw_pages(), and a store to every page. */
void draw_and_touch(struct vm_fixture *f, const char *picture);

#endif
