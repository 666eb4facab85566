/*
 * scn_fixture.h - a scenario in a string, run and looked at
 *
 * PURPOSE     Parses and runs a text in one call, keeps what printers said, and checks at the end
 *             that every byte was given back.
 * INVARIANTS  none of its own
 * UNITS       none
 * OWNERSHIP   the fixture owns program and report; setup allocates it into *state, teardown frees it
 * ERRORS      assertions of the test
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_SCN_FIXTURE_H
#define SUPPORT_SCN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "scn.h"

struct scn_fixture {
    struct counting_alloc counting;
    struct scn_program *program;
    struct scn_report *report;
    struct scn_error error;
    char *printed; /* what the out took, terminated */
    size_t printed_length;
    struct core_out out;
};

int scn_fixture_setup(void **state);
int scn_fixture_teardown(void **state);

/* Forgets program, report and what was printed. */
void scn_fixture_reset(struct scn_fixture *fixture);

/* Parses a text that must parse, or that must not; the error's words are in fixture->error. */
void parse_ok(struct scn_fixture *fixture, const char *source);
void parse_bad(struct scn_fixture *fixture, const char *source, size_t length);

/* Parses and runs on the first release of the file; fails the test when the verdict differs. */
void run_text(struct scn_fixture *fixture, const char *source, enum scn_verdict verdict);
void run_on(struct scn_fixture *fixture, const char *source, const char *profile,
            enum scn_verdict verdict);
/* The same for one line after the usual beginning: a task, 16 touched pages, a mapping into the
   kernel. Names: app, buf, md, m. */
void run_after_map(struct scn_fixture *fixture, const char *lines, enum scn_verdict verdict);

/* The step of a line; one must exist. */
const struct scn_step *step_at(const struct scn_fixture *fixture, uint32_t line);

/* What printing gives; fails when `part` is not in it, or when it is. */
void print_text(struct scn_fixture *fixture, uint32_t flags);
void print_json(struct scn_fixture *fixture, uint32_t flags);
void assert_has(const char *text, const char *part);
void assert_has_not(const char *text, const char *part);

#endif
