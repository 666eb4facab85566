/*
 * calibrate.c - see calibrate.h
 *
 * With the base machine's prices what a case takes is a time for each group of items, and the fit looks for
 * the groups' factors, none negative, that leave the least squares of relative errors. Few unknowns and cases
 * that differ make this a handful of sweeps over the groups, one at a time. How far the TLBs reach, and which
 * way of theirs makes room, is fitted to the chains before: where all ways go in turn a chain one page too long
 * misses always, where chance chooses it misses a little more with each page.
 */
#include "calibrate_internal.h"

#include <string.h>

enum { SWEEPS = 2000 };

enum group {
    TRAPS,
    FAULTS,
    LOOKUPS,
    FRAMES,
    WORDS,
    WIRES,
    ENTRIES,
    ZEROES,
    COPIES,
    FLUSHES,
    INTERRUPTS,
    L2_HITS,
    WALKS
};

static const char *const group_names[CALIBRATE_GROUPS] = {
    "traps",       "fault bodies", "look-ups and locks", "page frames and tables",
    "table words", "wiring",       "map entries",        "zeroing",
    "copying",     "flushes",      "interrupts",         "L2 TLB hits",
    "page walks",
};

const char *
calibrate_group_name(size_t group)
{
    return group_names[group];
}

static enum group
group_of(enum cost_item item)
{
    switch (item) {
    case COST_trap:
        return TRAPS;
    case COST_fault_body:
        return FAULTS;
    case COST_map_lookup:
    case COST_object_lookup:
    case COST_lock:
        return LOOKUPS;
    case COST_page_wire:
        return WIRES;
    case COST_map_entry:
    case COST_object:
        return ENTRIES;
    case COST_copy:
        return COPIES;
    case COST_flush_page:
    case COST_flush_space:
    case COST_flush_all:
        return FLUSHES;
    case COST_ipi_first:
    case COST_ipi_more:
    case COST_ipi_handle:
        return INTERRUPTS;
    case COST_zero_fill:
        return ZEROES;
    case COST_pte_write:
        return WORDS;
    case COST_tlb_l2_hit:
        return L2_HITS;
    case COST_walk_read:
        return WALKS;
    default:
        return FRAMES;
    }
}

/* ---- the fit ---- */

struct fitting {
    double time[CALIBRATE_CASES_MAX][CALIBRATE_GROUPS]; /* ns at the base's prices */
    double rest[CALIBRATE_CASES_MAX]; /* ns that no price explains: a chase's caches */
};

static void
time_case(const struct machine *machine, const struct calibrate_case *one,
          const struct cost_sum *sum, double time[CALIBRATE_GROUPS])
{
    double share = 1.0 / calibrate_case_accesses(one);

    for (size_t group = 0; group < CALIBRATE_GROUPS; group++)
        time[group] = 0;
    for (int item = 0; item < COST_ITEM_COUNT; item++) {
        if (cost_item_floor((enum cost_item)item) != COST_OTHERS)
            time[group_of((enum cost_item)item)] +=
                (double)sum->quantity[item] * (double)machine->prices[item].value / 1000 * share;
    }
}

static double
predict(const struct fitting *fitting, size_t i, const double *factor)
{
    double sum = fitting->rest[i];

    for (size_t group = 0; group < CALIBRATE_GROUPS; group++)
        sum += fitting->time[i][group] * factor[group];
    return sum;
}

/* The best factor of one group with the others as they are. */
static void
fit_group(const struct fitting *fitting, const struct calibrate_case *cases, size_t count,
          size_t group, struct calibrate_fit *fit)
{
    double above = 0, below = 0;

    for (size_t i = 0; i < count; i++) {
        double weight, rest;

        if (cases[i].part != CALIBRATE_FITTED || cases[i].ns <= 0)
            continue;
        weight = fitting->time[i][group] / cases[i].ns;
        rest = (cases[i].ns - predict(fitting, i, fit->factor)) / cases[i].ns;
        above += weight * (rest + weight * fit->factor[group]);
        below += weight * weight;
    }
    fit->is_known[group] = below > 1e-9;
    if (fit->is_known[group])
        fit->factor[group] = above > 0 ? above / below : 0;
}

static double
error_of(const struct calibrate_case *one)
{
    double error = one->ns > 0 ? (one->predicted - one->ns) / one->ns : 0;

    return error < 0 ? -error : error;
}

static void
sum_up(const struct calibrate_case *cases, size_t count, struct calibrate_fit *fit)
{
    double errors[CALIBRATE_CASES_MAX];

    fit->predicted = 0;
    for (size_t i = 0; i < count; i++) {
        double error = error_of(&cases[i]);
        size_t at = fit->predicted;

        if (cases[i].part != CALIBRATE_PREDICTED || cases[i].ns <= 0)
            continue;
        for (; at > 0 && errors[at - 1] > error; at--)
            errors[at] = errors[at - 1];
        errors[at] = error;
        fit->predicted++;
    }
    fit->median_error = fit->predicted == 0 ? 0 : errors[fit->predicted / 2];
    fit->worst_error = fit->predicted == 0 ? 0 : errors[fit->predicted - 1];
}

static void
scale_prices(struct machine *machine, const struct calibrate_fit *fit)
{
    for (int item = 0; item < COST_ITEM_COUNT; item++) {
        struct sheet_value *price = &machine->prices[item];
        size_t group = group_of((enum cost_item)item);

        if (!fit->is_known[group])
            continue;
        price->value = (uint64_t)((double)price->value * fit->factor[group] + 0.5);
        price->low = (uint64_t)((double)price->low * fit->factor[group] + 0.5);
        price->high = (uint64_t)((double)price->high * fit->factor[group] + 0.5);
        price->source = "A: calibrated on this host";
    }
}

/* ---- the reach of the TLBs ---- */

static bool
is_fitted_chain(const struct calibrate_case *one)
{
    return one->kind == CALIBRATE_CHASE && one->part == CALIBRATE_FITTED;
}

enum which { MODEL_ALL, MODEL_FITTED_CHAINS };

static bool
model_cases(const struct vmm_alloc *alloc, const struct machine *machine,
            const struct calibrate_case *cases, size_t count, enum which which,
            struct fitting *fitting)
{
    for (size_t i = 0; i < count; i++) {
        struct cost_sum sum;

        if (which == MODEL_FITTED_CHAINS && !is_fitted_chain(&cases[i]))
            continue;
        if (!calibrate_case_cost(alloc, machine, &cases[i], &sum))
            return false;
        time_case(machine, &cases[i], &sum, fitting->time[i]);
        fitting->rest[i] = cases[i].packed_ns;
    }
    return true;
}

static void
fit_groups(const struct fitting *fitting, const struct calibrate_case *cases, size_t count,
           struct calibrate_fit *fit)
{
    for (size_t group = 0; group < CALIBRATE_GROUPS; group++)
        fit->factor[group] = 1;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (size_t group = 0; group < CALIBRATE_GROUPS; group++)
            fit_group(fitting, cases, count, group, fit);
    }
}

/* What a fit leaves of the chains' relative errors, squared; of those that it was made from. */
static double
chase_misfit(const struct fitting *fitting, const struct calibrate_case *cases, size_t count)
{
    struct calibrate_case only[CALIBRATE_CASES_MAX] = { 0 };
    struct calibrate_fit fit;
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        only[i] = cases[i];
        only[i].part = is_fitted_chain(&cases[i]) ? CALIBRATE_FITTED : CALIBRATE_BEYOND;
    }
    fit_groups(fitting, only, count, &fit);
    for (size_t i = 0; i < count; i++) {
        double error = only[i].part == CALIBRATE_FITTED && only[i].ns > 0
                           ? (predict(fitting, i, fit.factor) - only[i].ns) / only[i].ns
                           : 0;

        sum += error * error;
    }
    return sum;
}

enum { REACH_LEAST = 3, REACH_MOST = 8 /* eighths of the catalog's sizes */ };
enum { REPLACEMENTS = HW_REPLACE_RANDOM + 1 };

struct reach {
    const struct vmm_alloc *alloc;
    struct machine *machine;
    const struct calibrate_case *cases;
    size_t count;
    struct fitting *fitting;
    uint64_t first_most, second_most;
    bool is_full; /* the first level is one set: what it has are ways */
    double misfit[REPLACEMENTS][REACH_MOST + 1][REACH_MOST + 1];
};

struct reach_at {
    uint64_t replacement, first, second;
};

static double *
misfit_at(struct reach *reach, struct reach_at at)
{
    return &reach->misfit[at.replacement][at.first][at.second];
}

static void
set_reach(const struct reach *reach, struct reach_at at)
{
    struct sheet_value *geometry = reach->machine->geometry;

    geometry[HW_FIELD_replacement].value = at.replacement;
    geometry[HW_FIELD_l1d_entries].value = reach->first_most * at.first / 8;
    geometry[HW_FIELD_l2_entries].value = reach->second_most * at.second / 8;
    if (reach->is_full)
        geometry[HW_FIELD_l1d_ways].value = geometry[HW_FIELD_l1d_entries].value;
}

/* False: memory ran out. A shape that no machine can have fits nothing. */
static bool
try_reach(struct reach *reach, struct reach_at at)
{
    struct hw_geometry ignored;
    char bytes[160];
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    set_reach(reach, at);
    *misfit_at(reach, at) = 1e300;
    if (!machine_geometry(reach->machine, &ignored, &why))
        return true;
    if (!model_cases(reach->alloc, reach->machine, reach->cases, reach->count, MODEL_FITTED_CHAINS,
                     reach->fitting))
        return false;
    *misfit_at(reach, at) = chase_misfit(reach->fitting, reach->cases, reach->count);
    return true;
}

/* Of sizes that the fitted chains do not tell apart, the middle one. `step`: from one size to the next. */
static uint64_t
middle_of_ties(const double *misfit, size_t step, uint64_t best)
{
    uint64_t low = best, high = best;
    double most = misfit[best * step] * 1.01 + 1e-6;

    while (low > REACH_LEAST && misfit[(low - 1) * step] <= most)
        low--;
    while (high < REACH_MOST && misfit[(high + 1) * step] <= most)
        high++;
    return (low + high) / 2;
}

/*
 * A guest's second level holds its host's translations too, and the kernel takes its share of both levels. So
 * the catalog's sizes are the most there can be: eighths of them are tried, and what fits best stays.
 */
static bool
search_reach(struct reach *reach, struct reach_at *best)
{
    struct reach_at at;

    *misfit_at(reach, *best) = 1e300;
    for (at.replacement = 0; at.replacement < REPLACEMENTS; at.replacement++) {
        for (at.first = REACH_LEAST; at.first <= REACH_MOST; at.first++) {
            for (at.second = REACH_LEAST; at.second <= REACH_MOST; at.second++) {
                if (!try_reach(reach, at))
                    return false;
                if (*misfit_at(reach, at) < *misfit_at(reach, *best))
                    *best = at;
            }
        }
    }
    best->second = middle_of_ties(reach->misfit[best->replacement][best->first], 1, best->second);
    best->first = middle_of_ties(&reach->misfit[best->replacement][0][best->second], REACH_MOST + 1,
                                 best->first);
    set_reach(reach, *best);
    return true;
}

static bool
fit_reach(const struct vmm_alloc *alloc, struct machine *machine,
          const struct calibrate_case *cases, size_t count, struct fitting *fitting)
{
    const struct sheet_value *geometry = machine->geometry;
    uint64_t first = geometry[HW_FIELD_l1d_entries].value;
    struct reach reach = { alloc,
                           machine,
                           cases,
                           count,
                           fitting,
                           first,
                           geometry[HW_FIELD_l2_entries].value,
                           geometry[HW_FIELD_l1d_ways].value == first,
                           { { { 0 } } } };
    struct reach_at best = { geometry[HW_FIELD_replacement].value, REACH_MOST, REACH_MOST };

    for (size_t i = 0; i < count; i++) {
        if (is_fitted_chain(&cases[i]) && cases[i].ns > 0)
            return search_reach(&reach, &best);
    }
    return true;
}

bool
calibrate_fit(const struct vmm_alloc *alloc, struct machine *machine, struct calibrate_case *cases,
              size_t count, struct calibrate_fit *fit)
{
    struct fitting *fitting = vmm_take_array(alloc, 1, sizeof *fitting);
    bool is_modelled = fitting != NULL;

    if (is_modelled)
        memset(fitting, 0, sizeof *fitting);
    is_modelled = is_modelled && fit_reach(alloc, machine, cases, count, fitting) &&
                  model_cases(alloc, machine, cases, count, MODEL_ALL, fitting);
    if (is_modelled) {
        fit_groups(fitting, cases, count, fit);
        fit->l1_entries = machine->geometry[HW_FIELD_l1d_entries].value;
        fit->l2_entries = machine->geometry[HW_FIELD_l2_entries].value;
        fit->replacement = (enum hw_replacement)machine->geometry[HW_FIELD_replacement].value;
        for (size_t i = 0; i < count; i++)
            cases[i].predicted = predict(fitting, i, fit->factor);
        sum_up(cases, count, fit);
        scale_prices(machine, fit);
    }
    vmm_give_array(alloc, fitting, 1, sizeof *fitting);
    return is_modelled;
}
