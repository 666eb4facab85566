/*
 * calibrate.c - see calibrate.h
 *
 * With the base machine's prices what a case takes is a time for each group of items, and the fit looks for
 * the groups' factors, none negative, that leave the least squares of relative errors. Few unknowns and cases
 * that differ make this a handful of sweeps over the groups, one at a time. How far the TLBs reach is fitted to
 * the chains before (calibrate_reach.c).
 *
 * Some groups are of what the model has no item for, as it has no caches of data and one price for taking a
 * page and for giving it back: pages made, lines that the case wants back from a farther cache or from another
 * CPU's, and walks of chains so long that the tables' words left the caches. From how many pages on they do is
 * searched for.
 */
#include "calibrate_internal.h"

#include <string.h>

enum { SWEEPS = 2000, TRIAL_SWEEPS = 300 };

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
    SINGLE_FLUSHES,
    FLUSHES,
    INTERRUPTS,
    L2_HITS,
    WALKS,
    MADE,
    FAR_LINES,
    SHARED_LINES,
    FAR_WALKS
};

/* Where the fit begins with what no machine has a price for. */
static const double own_ns[] = { 500, 10, 100, 100 };
_Static_assert((int)MADE == CALIBRATE_OWN_GROUPS && (int)FAR_WALKS + 1 == CALIBRATE_GROUPS,
               "as announced");

static const char *const group_names[CALIBRATE_GROUPS] = {
    "traps",
    "fault bodies",
    "look-ups and locks",
    "page frames and tables",
    "table words",
    "wiring",
    "map entries",
    "zeroing",
    "copying",
    "flushes of a page",
    "flushes of all",
    "interrupts",
    "L2 TLB hits",
    "page walks",
    "a page made",
    "a line from afar",
    "a line that another CPU read",
    "a walk whose words are afar",
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
        return SINGLE_FLUSHES;
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

/* ---- what a case takes ---- */

struct fitting {
    double time[CALIBRATE_CASES_MAX][CALIBRATE_GROUPS]; /* ns at the base's prices */
    double rest[CALIBRATE_CASES_MAX]; /* ns that no price explains: a chase's caches */
};

static void
time_case(const struct machine *machine, const struct calibrate_cost *cost,
          double time[CALIBRATE_GROUPS])
{
    for (int item = 0; item < COST_ITEM_COUNT; item++) {
        if (cost_item_floor((enum cost_item)item) != COST_OTHERS)
            time[group_of((enum cost_item)item)] +=
                (double)cost->sum.quantity[item] * (double)machine->prices[item].value / 1000;
    }
    time[MADE] = (double)cost->made * own_ns[0];
    time[FAR_LINES] = (double)cost->far_lines * own_ns[FAR_LINES - MADE];
    time[SHARED_LINES] = (double)cost->shared_lines * own_ns[SHARED_LINES - MADE];
}

static void
time_chain(const struct machine *machine, struct calibrate_misses misses,
           double time[CALIBRATE_GROUPS])
{
    double hits = misses.first > misses.both ? misses.first - misses.both : 0;

    time[L2_HITS] = hits * (double)machine->prices[COST_tlb_l2_hit].value / 1000;
    time[WALKS] = misses.both * (double)machine->prices[COST_walk_read].value / 1000;
}

static bool
time_cases(const struct vmm_alloc *alloc, const struct machine *machine,
           const struct calibrate_host *host, const struct calibrate_reach *reach,
           const struct calibrate_case *cases, size_t count, struct fitting *fitting)
{
    for (size_t i = 0; i < count; i++) {
        struct calibrate_cost cost;
        struct calibrate_misses misses;

        fitting->rest[i] = cases[i].packed_ns;
        if (cases[i].kind == CALIBRATE_CHASE) {
            if (!calibrate_chain_misses(alloc, machine, reach, &cases[i], &misses))
                return false;
            time_chain(machine, misses, fitting->time[i]);
        } else {
            if (!calibrate_case_cost(alloc, machine, &cases[i], host->near_bytes, &cost))
                return false;
            time_case(machine, &cost, fitting->time[i]);
        }
    }
    return true;
}

/* ---- the fit ---- */

static const double PULL = 1e-5;

static double
predict(const struct fitting *fitting, size_t i, const double *factor)
{
    double sum = fitting->rest[i];

    for (size_t group = 0; group < CALIBRATE_GROUPS; group++)
        sum += fitting->time[i][group] * factor[group];
    return sum;
}

/*
 * The best factor of one group with the others as they are. Cases that rise together do not tell some groups
 * apart; a weak pull to the base's price then decides, which the errors hardly notice.
 */
static void
fit_group(const struct fitting *fitting, const struct calibrate_case *cases, size_t count,
          size_t group, struct calibrate_fit *fit)
{
    double above = PULL, below = PULL;

    for (size_t i = 0; i < count; i++) {
        double weight, rest;

        if (cases[i].part != CALIBRATE_FITTED || cases[i].ns <= 0)
            continue;
        weight = fitting->time[i][group] / cases[i].ns;
        rest = (cases[i].ns - predict(fitting, i, fit->factor)) / cases[i].ns;
        above += weight * (rest + weight * fit->factor[group]);
        below += weight * weight;
    }
    fit->is_known[group] = below > PULL + 1e-9;
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

/* The machine has one price for taking a page and for giving it back: half of what making one costs, then. */
static void
scale_prices(struct machine *machine, const struct calibrate_fit *fit)
{
    struct sheet_value *frame = &machine->prices[COST_page_frame];
    uint64_t made = (uint64_t)(fit->factor[MADE] * own_ns[0] * 1000 / 2 + 0.5);

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
    if (fit->is_known[MADE]) {
        frame->low += made;
        frame->value += made;
        frame->high += made;
    }
}

/* ---- tables that leave the caches ---- */

static void
fit_groups(const struct fitting *fitting, const struct calibrate_case *cases, size_t count,
           int sweeps, struct calibrate_fit *fit)
{
    for (size_t group = 0; group < CALIBRATE_GROUPS; group++)
        fit->factor[group] = 1;
    for (int sweep = 0; sweep < sweeps; sweep++) {
        for (size_t group = 0; group < CALIBRATE_GROUPS; group++)
            fit_group(fitting, cases, count, group, fit);
    }
}

static double
far_share(uint32_t pages, uint32_t near)
{
    double more = (double)pages / near - 1;

    return more < 1 ? more : 1;
}

/*
 * From `near` pages on walks find their words afar, from twice as many all of them do: a word is not needed again
 * before all the others were. 0: all words are near.
 */
static void
set_near(const struct machine *machine, const struct calibrate_case *cases, size_t count,
         uint32_t near, struct fitting *fitting)
{
    double walk_ns = (double)machine->prices[COST_walk_read].value / 1000;

    for (size_t i = 0; i < count; i++) {
        double *time = fitting->time[i];

        time[FAR_WALKS] = 0;
        if (cases[i].kind == CALIBRATE_CHASE && near > 0 && cases[i].pages > near)
            time[FAR_WALKS] =
                time[WALKS] / walk_ns * own_ns[FAR_WALKS - MADE] * far_share(cases[i].pages, near);
    }
}

/* What a fit leaves of the relative errors that it was made from, squared. */
static double
misfit(const struct fitting *fitting, const struct calibrate_case *cases, size_t count,
       const struct calibrate_fit *fit)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        double error = cases[i].part == CALIBRATE_FITTED && cases[i].ns > 0
                           ? (predict(fitting, i, fit->factor) - cases[i].ns) / cases[i].ns
                           : 0;

        sum += error * error;
    }
    return sum;
}

/* Of sizes that the chains do not tell apart, the middle one. */
static void
find_near(const struct machine *machine, const struct calibrate_case *cases, size_t count,
          struct fitting *fitting, struct calibrate_fit *fit)
{
    static const uint32_t tried[] = { 0, 8192, 12288, 16384, 20480, 24576, 32768 };
    double left[VMM_COUNT_OF(tried)];
    size_t best = 0, last;

    for (size_t i = 0; i < VMM_COUNT_OF(tried); i++) {
        struct calibrate_fit other;

        set_near(machine, cases, count, tried[i], fitting);
        fit_groups(fitting, cases, count, TRIAL_SWEEPS, &other);
        left[i] = misfit(fitting, cases, count, &other);
        if (left[i] < left[best] * 0.999)
            best = i;
    }
    for (last = best; best > 0 && last + 1 < VMM_COUNT_OF(tried); last++) {
        if (left[last + 1] > left[best] * 1.01 + 1e-6)
            break;
    }
    fit->near_pages = tried[(best + last) / 2];
    set_near(machine, cases, count, fit->near_pages, fitting);
}

/* ---- all of it ---- */

/* A machine has one order for both levels; walks are what matters. */
static void
set_reach(const struct calibrate_reach *reach, struct machine *machine)
{
    struct sheet_value *geometry = machine->geometry;

    if (geometry[HW_FIELD_l1d_ways].value == geometry[HW_FIELD_l1d_entries].value)
        geometry[HW_FIELD_l1d_ways].value = reach->first.entries;
    geometry[HW_FIELD_l1d_entries].value = reach->first.entries;
    geometry[HW_FIELD_l2_entries].value = reach->second.entries;
    geometry[HW_FIELD_replacement].value = reach->second.replacement;
}

bool
calibrate_fit(const struct vmm_alloc *alloc, struct machine *machine,
              const struct calibrate_host *host, struct calibrate_case *cases, size_t count,
              struct calibrate_fit *fit)
{
    struct fitting *fitting = vmm_take_array(alloc, 1, sizeof *fitting);
    struct calibrate_reach reach;
    bool is_timed = fitting != NULL && calibrate_find_reach(alloc, machine, cases, count, &reach) &&
                    time_cases(alloc, machine, host, &reach, cases, count, fitting);

    if (is_timed) {
        find_near(machine, cases, count, fitting, fit);
        fit_groups(fitting, cases, count, SWEEPS, fit);
        fit->first = reach.first;
        fit->second = reach.second;
        for (size_t i = 0; i < count; i++)
            cases[i].predicted = predict(fitting, i, fit->factor);
        sum_up(cases, count, fit);
        scale_prices(machine, fit);
        set_reach(&reach, machine);
        for (size_t own = 0; own < VMM_COUNT_OF(own_ns); own++)
            fit->factor[CALIBRATE_OWN_GROUPS + own] *= own_ns[own];
    }
    vmm_give_array(alloc, fitting, 1, sizeof *fitting);
    return is_timed;
}
