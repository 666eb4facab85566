/*
 * scn_rows.c - names become sets
 */
#include "scn_rows.h"

#include "scn_words.h"

#include <string.h>

void
scn_rows_add(struct scn_rows *rows, size_t row)
{
    if (row < SCN_ROWS_MAX)
        rows->bits[row / 64] |= (uint64_t)1 << (row % 64);
}

bool
scn_rows_has(const struct scn_rows *rows, size_t row)
{
    return row < SCN_ROWS_MAX && (rows->bits[row / 64] >> (row % 64) & 1) != 0;
}

void
scn_rows_add_span(struct scn_rows *rows, struct scn_span span)
{
    for (size_t row = span.first; row <= span.last; row++)
        scn_rows_add(rows, row);
}

struct scn_rows
scn_rows_all(void)
{
    struct scn_rows rows;

    memset(&rows, 0xff, sizeof rows);
    return rows;
}

struct scn_rows
scn_rows_both(const struct scn_rows *a, const struct scn_rows *b)
{
    struct scn_rows both;

    for (size_t i = 0; i < SCN_ROWS_WORDS; i++)
        both.bits[i] = a->bits[i] & b->bits[i];
    return both;
}

void
scn_rows_join(struct scn_rows *rows, const struct scn_rows *more)
{
    for (size_t i = 0; i < SCN_ROWS_WORDS; i++)
        rows->bits[i] |= more->bits[i];
}

bool
scn_rows_is_empty(const struct scn_rows *rows)
{
    uint64_t any = 0;

    for (size_t i = 0; i < SCN_ROWS_WORDS; i++)
        any |= rows->bits[i];
    return any == 0;
}

bool
scn_rows_covers(const struct scn_rows *whole, const struct scn_rows *part)
{
    for (size_t i = 0; i < SCN_ROWS_WORDS; i++) {
        if ((part->bits[i] & ~whole->bits[i]) != 0)
            return false;
    }
    return true;
}

/* ---- words ---- */

size_t
scn_newest_release(void)
{
    struct vm_profile profile;
    size_t row = vm_profile_count();

    do {
        row--;
        vm_profile_at(row, &profile);
    } while (row > 0 && !profile.is_release);
    return row;
}

/* Whether `name` is "RELEASE.something". */
static bool
is_row_of(const char *name, const char *bytes, size_t length)
{
    return strlen(name) > length && memcmp(name, bytes, length) == 0 && name[length] == '.';
}

/* The rows that one name stands for: itself, or all rows of that release. */
static bool
name_span(const char *bytes, size_t length, struct scn_span *span)
{
    struct vm_profile profile;
    size_t row;

    if (!vm_profile_find(bytes, length, &row))
        return false;
    span->first = span->last = row;
    vm_profile_at(row, &profile);
    if (scn_same(bytes, length, profile.name))
        return true;
    while (span->first > 0) {
        vm_profile_at(span->first - 1, &profile);
        if (!is_row_of(profile.name, bytes, length))
            break;
        span->first--;
    }
    return true;
}

static size_t
find_dots(const char *bytes, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++) {
        if (bytes[i] == '.' && bytes[i + 1] == '.')
            return i;
    }
    return length;
}

static const char *
range_parse(const char *bytes, size_t length, size_t dots, struct scn_span *span)
{
    struct scn_span from = { 0, 0 };
    struct scn_span to = { scn_newest_release(), scn_newest_release() };
    size_t after = dots + 2;

    if (dots == 0 && after == length)
        return "a range needs a name";
    if (dots > 0 && !name_span(bytes, dots, &from))
        return "unknown release";
    if (after < length && !name_span(bytes + after, length - after, &to))
        return "unknown release";
    if (from.first > scn_newest_release() || to.last > scn_newest_release())
        return "seed-view is no release and stands in no range:";
    if (from.first > to.last)
        return "the range runs backwards:";
    *span = (struct scn_span){ from.first, to.last };
    return NULL;
}

const char *
scn_span_parse(const char *bytes, size_t length, struct scn_span *span)
{
    size_t dots = find_dots(bytes, length);

    if (dots < length)
        return range_parse(bytes, length, dots, span);
    if (scn_same(bytes, length, "all")) {
        *span = (struct scn_span){ 0, scn_newest_release() };
        return NULL;
    }
    return name_span(bytes, length, span) ? NULL : "unknown release";
}

bool
scn_span_looks_like(const char *bytes, size_t length)
{
    static const char prefix[] = "macos-";

    return find_dots(bytes, length) < length || scn_same(bytes, length, "all") ||
           scn_same(bytes, length, "seed-view") ||
           (length > strlen(prefix) && memcmp(bytes, prefix, strlen(prefix)) == 0);
}

void
scn_span_put(struct vmm_text *text, struct scn_span span)
{
    struct vm_profile profile;

    vm_profile_at(span.first, &profile);
    vmm_text_put(text, profile.name);
    if (span.first == span.last)
        return;
    vm_profile_at(span.last, &profile);
    vmm_text_put(text, "..");
    vmm_text_put(text, profile.name);
}
