/*
 * compare_svg.c - sweeps as curves
 *
 * Both axes are logarithmic: pages double, and the ways differ by factors. One picture a machine, one below
 * the other. The break-even is marked, with its interval.
 */
#include "compare.h"
#include "core_out.h"
#include "plot.h"

enum { MOST_TICKS = 18, LABEL_BYTES = 8 };

/* What the curves of one picture are made of. */
struct drawing {
    struct plot_curve curves[COMPARE_WAYS];
    struct plot_point points[COMPARE_WAYS][COMPARE_POINTS];
    size_t curve_count;
    struct plot_tick ticks[MOST_TICKS];
    char labels[MOST_TICKS][LABEL_BYTES];
    size_t tick_count;
};

static const struct plot_tick times[] = {
    { 1e0, "1 ps" },   { 1e1, "10 ps" },   { 1e2, "100 ps" }, { 1e3, "1 ns" },   { 1e4, "10 ns" },
    { 1e5, "100 ns" }, { 1e6, "1 us" },    { 1e7, "10 us" },  { 1e8, "100 us" }, { 1e9, "1 ms" },
    { 1e10, "10 ms" }, { 1e11, "100 ms" }, { 1e12, "1 s" },   { 1e13, "10 s" },  { 1e14, "100 s" },
};

/* The curves of what is possible at the sweep's end. */
static void
draw_curves(struct drawing *drawing, const struct compare_sweep *sweep)
{
    for (size_t way = 0; way < COMPARE_WAYS; way++) {
        struct plot_point *points = drawing->points[drawing->curve_count];

        if (!sweep->points[sweep->point_count - 1].answers[way].is_possible)
            continue;
        for (size_t i = 0; i < sweep->point_count; i++) {
            struct cost_time time =
                cost_total(&sweep->points[i].answers[way].sum, sweep->question.machine->prices);
            double y = time.value == 0 ? 1.0 : (double)time.value;

            points[i] = (struct plot_point){ sweep->points[i].x, y, y, y };
        }
        drawing->curves[drawing->curve_count++] =
            (struct plot_curve){ compare_way_name((enum compare_way)way), points,
                                 sweep->point_count, false };
    }
}

/* 1, 2, 4 ... or 1, 4, 16 ... */
static void
draw_ticks(struct drawing *drawing, const struct compare_sweep *sweep)
{
    uint32_t step = sweep->to / sweep->from > 1 << 7 ? 4 : 2;

    for (uint64_t x = 1; x <= sweep->to; x *= step) {
        struct vmm_text text;

        if (x < sweep->from)
            continue;
        vmm_text_init(&text, drawing->labels[drawing->tick_count], LABEL_BYTES);
        vmm_text_format(&text, "%u", (unsigned)x);
        drawing->ticks[drawing->tick_count] =
            (struct plot_tick){ (double)x, drawing->labels[drawing->tick_count] };
        drawing->tick_count++;
    }
}

static void
put_note(struct vmm_text *text, const struct compare_break_even *found)
{
    if (found->x == 0) {
        vmm_text_put(text, "wiring is never cheaper than faulting here");
        return;
    }
    vmm_text_format(text, "wiring is cheaper than faulting from %u on (%u to ", (unsigned)found->x,
                    (unsigned)found->low);
    if (found->high == 0)
        vmm_text_put(text, "never)");
    else
        vmm_text_format(text, "%u)", (unsigned)found->high);
}

static void
put_title(struct vmm_text *text, const struct compare_question *question)
{
    struct vm_profile profile;

    vm_profile_at(question->profile, &profile);
    vmm_text_format(text, "%s on %s, %u CPU%s, pages of %u KiB", profile.name,
                    question->machine->name, (unsigned)question->cpus,
                    question->cpus == 1 ? "" : "s",
                    (unsigned)(hw_page_bytes(&question->geometry) / 1024));
}

void
compare_svg_begin(const struct core_out *out, size_t sweeps)
{
    plot_begin_page(out, sweeps);
}

void
compare_svg(const struct core_out *out, const struct compare_sweep *sweep, size_t index)
{
    const struct compare_break_even *found = &sweep->break_even;
    char title[128], note[96];
    struct vmm_text text;
    struct drawing drawing = { .curve_count = 0 };
    struct plot_mark mark = { found->x, found->low, found->high == 0 ? sweep->to : found->high };
    struct plot_lines picture = {
        .title = title,
        .note = note,
        .x = { sweep->sweeps_touches ? "pages touched, of those mapped" : "pages in the mapping",
               true, drawing.ticks, 0 },
        .y = { "time, prepare() to complete()", true, times, VMM_COUNT_OF(times) },
        .curves = drawing.curves,
        .mark = found->low != 0 || found->x != 0 ? &mark : NULL,
        .place = (int)index,
    };

    vmm_text_init(&text, title, sizeof title);
    put_title(&text, &sweep->question);
    vmm_text_init(&text, note, sizeof note);
    put_note(&text, found);
    draw_curves(&drawing, sweep);
    draw_ticks(&drawing, sweep);
    picture.curve_count = drawing.curve_count;
    picture.x.tick_count = drawing.tick_count;
    plot_lines(out, &picture);
}

void
compare_svg_end(const struct core_out *out)
{
    plot_end_page(out);
}
