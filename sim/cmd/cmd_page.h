/*
 * cmd_page.h - the page with a scenario in it, for `report` and `serve`
 *
 * PURPOSE     Fills the page that the program carries.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   borrows everything
 * ERRORS      false: this build has no page
 * EVENTS      none
 * XNU         none
 */
#ifndef CMD_CMD_PAGE_H
#define CMD_CMD_PAGE_H

#include "cmd/cmd.h"

struct cmd_given {
    const char *file;
    const char *profile; /* NULL: the first that the scenario names */
    const char *machine; /* NULL: the one that the scenario names */
    bool is_live;        /* a server says when the file has changed */
};

/* { "file": .., "text": .., "profile": .., "machine": .., "live": .. } */
void cmd_page_given(const struct cmd_given *given, const char *text, const struct core_out *out);

/* Whether the page knows the machine; false after the complaint. */
bool cmd_page_has_machine(const char *name);

/* Appends the whole page. */
bool cmd_page(const struct cmd_given *given, const char *text, struct io_bytes *page);

#endif
