/* sheet.c - see sheet.h */
#include "base/sheet.h"

#include <string.h>

#include "base/assert.h"

/* The line that begins row `row`. */
static size_t
sheet_row_line(const struct sheet *sheet, size_t row)
{
    for (size_t line = 0, rows = 0;; line++) {
        VMM_ASSERT(line < sheet->line_count);
        if (sheet->lines[line].row != NULL && rows++ == row)
            return line;
    }
}

size_t
sheet_row_count(const struct sheet *sheet)
{
    size_t rows = 0;

    for (size_t line = 0; line < sheet->line_count; line++)
        rows += sheet->lines[line].row != NULL;
    return rows;
}

const char *
sheet_row_name(const struct sheet *sheet, size_t row)
{
    return sheet->lines[sheet_row_line(sheet, row)].row;
}

const char *
sheet_row_label(const struct sheet *sheet, size_t row)
{
    return sheet->lines[sheet_row_line(sheet, row)].label;
}

static bool
sheet_same(const char *known, const char *name, size_t length)
{
    return strlen(known) == length && memcmp(known, name, length) == 0;
}

bool
sheet_row_find(const struct sheet *sheet, const char *name, size_t length, size_t *row)
{
    for (size_t at = 0; at < sheet_row_count(sheet); at++) {
        if (!sheet_same(sheet_row_name(sheet, at), name, length))
            continue;
        *row = at;
        return true;
    }
    return false;
}

bool
sheet_field_find(const struct sheet *sheet, const char *name, size_t length, size_t *field)
{
    for (size_t at = 0; at < sheet->field_count; at++) {
        if (!sheet_same(sheet->fields[at].name, name, length))
            continue;
        *field = at;
        return true;
    }
    return false;
}

/* Which row this one is based on; only the first has none. */
static size_t
sheet_row_base(const struct sheet *sheet, size_t row)
{
    const char *name = sheet->lines[sheet_row_line(sheet, row)].base;
    size_t base = row - 1;

    if (name != NULL)
        VMM_ASSERT(sheet_row_find(sheet, name, strlen(name), &base));
    VMM_ASSERT(base < row);
    return base;
}

void
sheet_row_values(const struct sheet *sheet, size_t row, struct sheet_value *values)
{
    size_t line = sheet_row_line(sheet, row) + 1;

    if (row > 0)
        sheet_row_values(sheet, sheet_row_base(sheet, row), values);
    for (; line < sheet->line_count && sheet->lines[line].row == NULL; line++)
        values[sheet->lines[line].field] = sheet->lines[line].value;
}
