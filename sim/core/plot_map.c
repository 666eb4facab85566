/*
 * plot_map.c - cells whose colour is a number, with the number inside; and the line where two are even
 */
#include "plot_internal.h"

#include <string.h>

enum {
    TOP = 56,
    BOTTOM = 52,
    LETTER = 7,
    SCALE_ROOM = 78, /* at the right, for the colours' scale */
    CELL_MOST = 44,  /* pixels of a row */
    STEPS = 40,      /* of the colours' scale */
    NAME_LETTERS = 14,
};

struct sheet_of_cells {
    const struct core_out *out;
    const struct plot_map *map;
    double least, most; /* of the values that are known */
    bool is_log;
    int left, right, top, bottom;
};

static const struct plot_cell *
cell_at(const struct sheet_of_cells *sheet, size_t x, size_t y)
{
    return &sheet->map->cells[y * sheet->map->x_count + x];
}

static void
find_extent(struct sheet_of_cells *sheet)
{
    const struct plot_map *map = sheet->map;
    bool has_one = false;

    for (size_t i = 0; i < map->x_count * map->y_count; i++) {
        double value = map->cells[i].value;

        if (!map->cells[i].is_known)
            continue;
        sheet->least = !has_one || value < sheet->least ? value : sheet->least;
        sheet->most = !has_one || value > sheet->most ? value : sheet->most;
        has_one = true;
    }
    sheet->is_log = map->is_ratio || (sheet->least > 0 && sheet->most / sheet->least > 50);
    if (map->is_ratio) { /* as far to the one side as to the other */
        double far = sheet->most > 1 ? sheet->most : 1;

        far = sheet->least > 0 && 1 / sheet->least > far ? 1 / sheet->least : far;
        far = far > 16 ? 16 : far < 2 ? 2 : far;
        sheet->most = far;
        sheet->least = 1 / far;
    }
}

static double
share_of(const struct sheet_of_cells *sheet, double value)
{
    if (sheet->most <= sheet->least)
        return 0;
    if (!sheet->is_log)
        return (value - sheet->least) / (sheet->most - sheet->least);
    if (value <= 0)
        return 0;
    return plot_log2(value / sheet->least) / plot_log2(sheet->most / sheet->least);
}

static int
column_at(const struct sheet_of_cells *sheet, size_t x)
{
    return sheet->left + (int)((size_t)(sheet->right - sheet->left) * x / sheet->map->x_count);
}

static int
row_at(const struct sheet_of_cells *sheet, size_t y)
{
    return sheet->bottom - (int)((size_t)(sheet->bottom - sheet->top) * y / sheet->map->y_count);
}

static void
put_cell(const struct sheet_of_cells *sheet, size_t x, size_t y)
{
    const struct plot_cell *cell = cell_at(sheet, x, y);
    struct plot_colour colour = plot_colour_of(share_of(sheet, cell->value), sheet->map->is_ratio);
    int left = column_at(sheet, x), width = column_at(sheet, x + 1) - left;
    int top = row_at(sheet, y + 1), height = row_at(sheet, y) - top;

    CORE_PUT(sheet->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" ", left, top, width,
             height);
    if (!cell->is_known) {
        core_put(sheet->out, "fill=\"#f2f2f2\" stroke=\"#dddddd\"/>\n");
        return;
    }
    core_put(sheet->out, "fill=\"");
    plot_put_colour(sheet->out, colour);
    core_put(sheet->out, "\"/>\n");
    if (width >= 34 && height >= 14)
        plot_number_at(sheet->out, left + width / 2, top + height / 2 + 4, "middle",
                       plot_ink_on(colour), cell->value);
}

/* Between a cell where the one is less and a neighbour where the other is. */
static void
put_borders(const struct sheet_of_cells *sheet, size_t x, size_t y)
{
    static const char style[] = "stroke=\"#000000\" stroke-width=\"3\" stroke-linecap=\"round\"";
    const struct plot_cell *cell = cell_at(sheet, x, y);
    const struct plot_map *map = sheet->map;

    if (!cell->is_known)
        return;
    if (x + 1 < map->x_count && cell_at(sheet, x + 1, y)->is_known &&
        (cell->value < 1) != (cell_at(sheet, x + 1, y)->value < 1))
        plot_line_at(sheet->out, column_at(sheet, x + 1), row_at(sheet, y), column_at(sheet, x + 1),
                     row_at(sheet, y + 1), style);
    if (y + 1 < map->y_count && cell_at(sheet, x, y + 1)->is_known &&
        (cell->value < 1) != (cell_at(sheet, x, y + 1)->value < 1))
        plot_line_at(sheet->out, column_at(sheet, x), row_at(sheet, y + 1), column_at(sheet, x + 1),
                     row_at(sheet, y + 1), style);
}

static size_t
longest_name(const char *const *names, size_t count)
{
    size_t longest = 1;

    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);

        longest = length > longest ? length : longest;
    }
    return longest > NAME_LETTERS ? NAME_LETTERS : longest;
}

/* Every name, or every second, every third, so that they do not lie on each other. */
static void
put_names(const struct sheet_of_cells *sheet)
{
    const struct plot_map *map = sheet->map;
    int width = (sheet->right - sheet->left) / (int)map->x_count;
    int height = (sheet->bottom - sheet->top) / (int)map->y_count;
    int wanted = (int)longest_name(map->x_names, map->x_count) * LETTER + 6;
    size_t x_step = (size_t)(1 + wanted / (width + 1)), y_step = (size_t)(1 + 14 / (height + 1));
    char name[NAME_LETTERS + 1];
    struct vmm_text text;

    for (size_t x = 0; x < map->x_count; x += x_step) {
        vmm_text_init(&text, name, sizeof name);
        vmm_text_put(&text, map->x_names[x]);
        plot_text_at(sheet->out, (column_at(sheet, x) + column_at(sheet, x + 1)) / 2,
                     sheet->bottom + 17, "middle", "", name);
    }
    for (size_t y = 0; y < map->y_count; y += y_step) {
        vmm_text_init(&text, name, sizeof name);
        vmm_text_put(&text, map->y_names[y]);
        plot_text_at(sheet->out, sheet->left - 6, (row_at(sheet, y) + row_at(sheet, y + 1)) / 2 + 4,
                     "end", "", name);
    }
    plot_text_at(sheet->out, (sheet->left + sheet->right) / 2, sheet->bottom + 40, "middle", "",
                 map->x_label);
    plot_text_up(sheet->out, 14, (sheet->top + sheet->bottom) / 2, map->y_label);
}

/* A strip of all colours, with the numbers at its ends and in the middle. */
static void
put_scale(const struct sheet_of_cells *sheet)
{
    int left = sheet->right + 14, height = sheet->bottom - sheet->top;
    double middle = (sheet->least + sheet->most) / 2;

    for (int i = 0; i < STEPS; i++) {
        int top = sheet->bottom - height * (i + 1) / STEPS;

        CORE_PUT(sheet->out, "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"%d\" fill=\"", left,
                 top, sheet->bottom - height * i / STEPS - top);
        plot_put_colour(sheet->out, plot_colour_of((i + 0.5) / STEPS, sheet->map->is_ratio));
        core_put(sheet->out, "\"/>\n");
    }
    plot_number_at(sheet->out, left + 16, sheet->bottom, "start", "font-size=\"11\"", sheet->least);
    plot_number_at(sheet->out, left + 16, sheet->top + 10, "start", "font-size=\"11\"",
                   sheet->most);
    if (sheet->map->is_ratio)
        plot_number_at(sheet->out, left + 16, sheet->top + height / 2 + 4, "start",
                       "font-size=\"11\"", 1);
    else if (!sheet->is_log)
        plot_number_at(sheet->out, left + 16, sheet->top + height / 2 + 4, "start",
                       "font-size=\"11\"", middle);
    plot_text_up(sheet->out, PLOT_WIDTH - 6, sheet->top + height / 2, sheet->map->value_label);
}

void
plot_map(const struct core_out *out, const struct plot_map *map)
{
    struct sheet_of_cells sheet = { .out = out, .map = map };
    int rows = (int)map->y_count * CELL_MOST;
    int most = PLOT_HEIGHT - TOP - BOTTOM;

    rows = rows > most ? most : rows < 140 ? 140 : rows;
    sheet.left = 40 + (int)longest_name(map->y_names, map->y_count) * LETTER;
    sheet.right = PLOT_WIDTH - SCALE_ROOM;
    sheet.top = TOP;
    sheet.bottom = TOP + rows;
    find_extent(&sheet);
    plot_begin(out, 0, sheet.bottom + BOTTOM, map->title, map->note);
    for (size_t y = 0; y < map->y_count; y++) {
        for (size_t x = 0; x < map->x_count; x++)
            put_cell(&sheet, x, y);
    }
    for (size_t y = 0; map->is_ratio && y < map->y_count; y++) {
        for (size_t x = 0; x < map->x_count; x++)
            put_borders(&sheet, x, y);
    }
    put_names(&sheet);
    put_scale(&sheet);
    plot_end(out);
}
