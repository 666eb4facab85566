/*
 * calibrate_print.c - measured, predicted, error: a table, a picture, a machine file
 */
#include "calibrate.h"

#include "core_json.h"
#include "core_out.h"
#include "plot.h"

enum { NAME = 30, NUMBER = 12 };

static void
put_time(const struct core_out *out, double ns)
{
    char bytes[32];
    struct vmm_text text;
    uint64_t tenths = (uint64_t)(ns * 10 + 0.5);

    vmm_text_init(&text, bytes, sizeof bytes);
    vmm_text_format(&text, "%llu.%u", (unsigned long long)(tenths / 10), (unsigned)(tenths % 10));
    core_put_right(out, bytes, NUMBER);
}

static void
put_percent(const struct core_out *out, double share)
{
    bool is_less = share < 0;
    unsigned tenths = (unsigned)((is_less ? -share : share) * 1000 + 0.5);
    char bytes[32];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    vmm_text_format(&text, "%s%u.%u %%", is_less ? "-" : "+", tenths / 10, tenths % 10);
    core_put_right(out, bytes, NUMBER);
}

static void
put_cases(const struct core_out *out, const struct calibrate_case *cases, size_t count,
          enum calibrate_part part)
{
    for (size_t i = 0; i < count; i++) {
        const struct calibrate_case *one = &cases[i];
        char bytes[64];
        struct vmm_text text;

        if (one->part != part || one->ns <= 0)
            continue;
        vmm_text_init(&text, bytes, sizeof bytes);
        calibrate_case_text(one, &text);
        core_put(out, "  ");
        core_put_left(out, bytes, NAME);
        put_time(out, one->ns);
        put_time(out, one->median);
        put_time(out, one->high);
        put_time(out, one->predicted);
        put_percent(out, (one->predicted - one->ns) / one->ns);
        core_put(out, "\n");
    }
}

/* What this host has no way, or gives us no right, to do. */
static void
put_not_measured(const struct core_out *out, const struct calibrate_case *cases, size_t count)
{
    bool is_first = true;

    for (size_t i = 0; i < count; i++) {
        char bytes[64];
        struct vmm_text text;

        if (cases[i].ns > 0)
            continue;
        core_put(out, is_first ? "\nnot measured: this host cannot, or may not\n" : "");
        is_first = false;
        vmm_text_init(&text, bytes, sizeof bytes);
        calibrate_case_text(&cases[i], &text);
        CORE_PUT(out, "  %s\n", bytes);
    }
}

/* ---- where the ways cross ---- */

static double
time_of(const struct calibrate_case *one, bool is_predicted)
{
    return is_predicted ? one->predicted : one->ns;
}

/* The share of pages from which a lazy life takes longer than `other` one; in percent, 0: never. */
static unsigned
crossing(const struct calibrate_case *cases, size_t count, enum calibrate_kind other,
         bool is_predicted)
{
    double before = -1, before_share = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            double less, share = 100 * (double)cases[i].touched / (double)cases[i].pages;

            if (cases[i].kind != CALIBRATE_LAZY || cases[j].kind != other ||
                cases[i].touched != cases[j].touched || cases[i].ns <= 0 || cases[j].ns <= 0)
                continue;
            less = time_of(&cases[i], is_predicted) - time_of(&cases[j], is_predicted);
            if (less >= 0)
                return (unsigned)(before < 0
                                      ? before_share +
                                            (share - before_share) * before / (before - less) + 0.5
                                      : share + 0.5);
            before = less;
            before_share = share;
        }
    }
    return 0;
}

static void
put_crossing(const struct core_out *out, const struct calibrate_case *cases, size_t count,
             enum calibrate_kind other, const char *name)
{
    static const char *const sides[] = { "measured", "predicted" };

    CORE_PUT(out, "  lazy against %s:", name);
    for (int is_predicted = 0; is_predicted < 2; is_predicted++) {
        unsigned percent = crossing(cases, count, other, is_predicted);

        CORE_PUT(out, " %s ", sides[is_predicted]);
        if (percent == 0)
            core_put(out, "never");
        else
            CORE_PUT(out, "%u %%", percent);
        core_put(out, is_predicted ? "\n" : ",");
    }
}

/* ---- single flushes, and the knees of the TLB ---- */

static const struct calibrate_case *
find_case(const struct calibrate_case *cases, size_t count, enum calibrate_kind kind,
          uint32_t touched)
{
    for (size_t i = 0; i < count; i++) {
        if (cases[i].kind == kind && cases[i].touched == touched && cases[i].cpus == 1 &&
            cases[i].ns > 0)
            return &cases[i];
    }
    return NULL;
}

/* What one more page takes, from a smaller case to a larger one. */
static void
put_further_page(const struct core_out *out, const struct calibrate_case *cases, size_t count,
                 uint32_t from, uint32_t to, const char *how)
{
    const struct calibrate_case *less = find_case(cases, count, CALIBRATE_PROTECT, from);
    const struct calibrate_case *more = find_case(cases, count, CALIBRATE_PROTECT, to);

    if (less == NULL || more == NULL)
        return;
    CORE_PUT(out, "  a further page whose rights change, %s: measured ", how);
    plot_put_number(out, (more->ns - less->ns) / (to - from));
    core_put(out, " ns, predicted ");
    plot_put_number(out, (more->predicted - less->predicted) / (to - from));
    core_put(out, " ns\n");
}

/* The first chain of more than `from` pages that takes half as long again. */
static uint32_t
knee_after(const struct calibrate_case *cases, size_t count, uint32_t from, bool is_predicted)
{
    const struct calibrate_case *flat = find_case(cases, count, CALIBRATE_CHASE, from);

    for (size_t i = 0; flat != NULL && i < count; i++) {
        if (cases[i].kind == CALIBRATE_CHASE && cases[i].pages > from &&
            time_of(&cases[i], is_predicted) > 1.5 * time_of(flat, is_predicted))
            return cases[i].pages;
    }
    return 0;
}

static void
put_shapes(const struct core_out *out, const struct calibrate_case *cases, size_t count)
{
    static const uint32_t flat[] = { 16, 1024 };

    core_put(out,
             "\nhow much must be touched until faults cost more than making all pages first\n");
    put_crossing(out, cases, count, CALIBRATE_POPULATE, "populate");
    put_crossing(out, cases, count, CALIBRATE_MLOCK, "mlock");
    core_put(out, "flushes one by one, and all at once\n");
    put_further_page(out, cases, count, 16, 32, "flushed alone");
    put_further_page(out, cases, count, 128, 512, "with all others");
    core_put(out, "knees: the first chain that takes half as long again\n");
    for (size_t i = 0; i < VMM_COUNT_OF(flat); i++)
        CORE_PUT(out, "  as %u pages: measured %u pages, predicted %u\n", flat[i],
                 knee_after(cases, count, flat[i], false), knee_after(cases, count, flat[i], true));
}

/* ---- the table ---- */

static void
put_half(const struct core_out *out, const struct calibrate_case *cases, size_t count,
         enum calibrate_part part, const char *title)
{
    static const char head[] = "                                     measured      median  3rd "
                               "quart.   predicted       error\n";

    core_put(out, title);
    core_put(out, head);
    put_cases(out, cases, count, part);
}

static void
put_reach(const struct core_out *out, const struct calibrate_fit *fit)
{
    static const char *const victims[] = { "the one not used for longest", "one not used lately",
                                           "any" };

    CORE_PUT(out, "\nTLB reach: %u pages (what makes room: %s), then %u (%s)\n",
             (unsigned)fit->first.entries, victims[fit->first.replacement],
             (unsigned)fit->second.entries, victims[fit->second.replacement]);
    if (fit->near_pages > 0)
        CORE_PUT(out, "table words leave the caches from %u pages on\n", fit->near_pages);
}

static void
put_prices(const struct core_out *out, const struct calibrate_fit *fit)
{
    core_put(out, "\nprices, against the base machine's\n");
    for (size_t group = 0; group < CALIBRATE_GROUPS; group++) {
        if (group == CALIBRATE_OWN_GROUPS)
            core_put(out, "of what no machine has a price for\n");
        core_put(out, "  ");
        core_put_left(out, calibrate_group_name(group), NAME);
        if (!fit->is_known[group]) {
            core_put(out, group < CALIBRATE_OWN_GROUPS ? "as they were\n" : "not seen\n");
            continue;
        }
        core_put(out, group < CALIBRATE_OWN_GROUPS ? "x " : "");
        plot_put_number(out, fit->factor[group]);
        core_put(out, group < CALIBRATE_OWN_GROUPS ? "\n" : " ns\n");
    }
}

void
calibrate_text(const struct core_out *out, const struct calibrate_host *host,
               const struct calibrate_case *cases, size_t count, const struct calibrate_fit *fit)
{
    CORE_PUT(
        out,
        "%u rounds of all cases; %u of %u measurements were disturbed and made again\n"
        "measured: the first decile, as whatever disturbs makes it longer; of chains up to 6144 "
        "pages\nthe median of the calmest %u of %u sweeps through all of them\n\n",
        (unsigned)host->rounds, (unsigned)host->repeated, (unsigned)host->samples,
        (unsigned)host->calm, (unsigned)host->sweeps);
    put_half(out, cases, count, CALIBRATE_FITTED, "fitted to these (ns)\n");
    put_half(out, cases, count, CALIBRATE_PREDICTED, "\npredicted: no part in the fit (ns)\n");
    put_half(
        out, cases, count, CALIBRATE_BEYOND,
        "\nat the edge of the last cache, whose room neighbours decide: in neither half (ns)\n");
    put_not_measured(out, cases, count);
    put_shapes(out, cases, count);
    put_reach(out, fit);
    put_prices(out, fit);
    CORE_PUT(out, "\n%u cases predicted: median error", (unsigned)fit->predicted);
    put_percent(out, fit->median_error);
    core_put(out, ", worst");
    put_percent(out, fit->worst_error);
    core_put(out, "   (bars: 15 %, 50 %)\n");
}

/* ---- the picture: predicted over measured, held-out cases only ---- */

_Static_assert(CALIBRATE_KINDS + 1 <= PLOT_CURVES_MAX, "a curve for each kind, and the exact one");

void
calibrate_svg(const struct core_out *out, const struct calibrate_case *cases, size_t count,
              const char *title)
{
    struct plot_point points[CALIBRATE_KINDS][CALIBRATE_CASES_MAX];
    struct plot_curve curves[CALIBRATE_KINDS + 1];
    struct plot_point even[2] = { { 1e9, 1e9, 1e9, 1e9 }, { 1, 1, 1, 1 } };
    size_t drawn = 0;

    for (size_t i = 0; i < count; i++) {
        double ns = cases[i].ns;

        if (ns > 0 && ns < even[0].x)
            even[0] = (struct plot_point){ ns, ns, ns, ns };
        if (ns > even[1].x)
            even[1] = (struct plot_point){ ns, ns, ns, ns };
    }
    curves[drawn++] = (struct plot_curve){ "exact", even, 2, false };
    for (int kind = 0; kind < CALIBRATE_KINDS; kind++) {
        size_t held = 0;

        for (size_t i = 0; i < count; i++) {
            double predicted = cases[i].predicted;

            if (cases[i].kind == (enum calibrate_kind)kind &&
                cases[i].part == CALIBRATE_PREDICTED && cases[i].ns > 0)
                points[kind][held++] =
                    (struct plot_point){ cases[i].ns, predicted, predicted, predicted };
        }
        if (held > 0)
            curves[drawn++] = (struct plot_curve){ calibrate_kind_name((enum calibrate_kind)kind),
                                                   points[kind], held, true };
    }
    plot_lines(out, &(struct plot_lines){ title,
                                          "cases that had no part in the fit",
                                          { "measured (ns)", true, NULL, 0 },
                                          { "predicted (ns)", true, NULL, 0 },
                                          curves,
                                          drawn,
                                          NULL,
                                          0 });
}

/* ---- the machine file ---- */

static void
put_price(const struct core_out *out, const char *name, uint64_t ps)
{
    CORE_PUT(out, "\"%s\": %llu.%03u", name, (unsigned long long)(ps / 1000),
             (unsigned)(ps % 1000));
}

void
calibrate_machine_json(const struct core_out *out, const struct machine *machine, const char *base,
                       const char *name)
{
    core_put(out, "{ \"name\": ");
    core_put_json(out, name);
    core_put(out, ",\n  \"base\": ");
    core_put_json(out, base);
    CORE_PUT(out,
             ",\n  \"geometry\": { \"replacement\": %u, \"l1d_entries\": %u, \"l1d_ways\": %u, "
             "\"l2_entries\": %u }",
             (unsigned)machine->geometry[HW_FIELD_replacement].value,
             (unsigned)machine->geometry[HW_FIELD_l1d_entries].value,
             (unsigned)machine->geometry[HW_FIELD_l1d_ways].value,
             (unsigned)machine->geometry[HW_FIELD_l2_entries].value);
    core_put(out, ",\n  \"prices\": {");
    for (int item = 0; item < COST_ITEM_COUNT; item++) {
        const struct sheet_value *price = &machine->prices[item];

        CORE_PUT(out, "%s\n    \"%s\": { ", item > 0 ? "," : "", cost_prices.fields[item].name);
        put_price(out, "low", price->low);
        core_put(out, ", ");
        put_price(out, "ns", price->value);
        core_put(out, ", ");
        put_price(out, "high", price->high);
        core_put(out, " }");
    }
    core_put(out, "\n  } }\n");
}
