/*
 * scn_rows.h - sets of releases, and how a scenario names them
 *
 * PURPOSE     `each macos-10.9 macos-13..` and `on macos-10.10..macos-10.12` speak of profile rows;
 *             here names become sets.
 * INVARIANTS  seed-view is in a set only when named, for it is no release
 * UNITS       row: index of a profile row
 * OWNERSHIP   plain values
 * ERRORS      a text that says what is wrong with the word; NULL when nothing is
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_SCN_ROWS_H
#define CORE_SCN_ROWS_H

#include "vmmodel.h"

enum { SCN_ROWS_WORDS = 4, SCN_ROWS_MAX = SCN_ROWS_WORDS * 64 };

struct scn_rows {
    uint64_t bits[SCN_ROWS_WORDS];
};

/* First and last row that a word names. */
struct scn_span {
    size_t first;
    size_t last;
};

void scn_rows_add(struct scn_rows *rows, size_t row);
bool scn_rows_has(const struct scn_rows *rows, size_t row);
void scn_rows_add_span(struct scn_rows *rows, struct scn_span span);
struct scn_rows scn_rows_all(void); /* seed-view too */
struct scn_rows scn_rows_both(const struct scn_rows *a, const struct scn_rows *b);
void scn_rows_join(struct scn_rows *rows, const struct scn_rows *more);
bool scn_rows_is_empty(const struct scn_rows *rows);
/* Whether every row of `part` is in `whole`. */
bool scn_rows_covers(const struct scn_rows *whole, const struct scn_rows *part);

/*
 * NAME, FROM..TO, FROM.., ..TO or `all`. A name that is no row but a release ("macos-10.12") stands
 * for all its rows.
 */
const char *scn_span_parse(const char *bytes, size_t length, struct scn_span *span);

/* The newest row that is a release: the last one, as rows stand in the order of release. */
size_t scn_newest_release(void);

/* "macos-10.12.2", or "macos-10.13..macos-15.0" for several rows, as the language writes it. */
void scn_span_put(struct vmm_text *text, struct scn_span span);

/* Whether a word can only be meant as a release or a range of them. */
bool scn_span_looks_like(const char *bytes, size_t length);

#endif
