/*
 * calibrate_reach.c - how far a host's TLBs reach, as its pointer chains tell
 *
 * Where entries go in turn a chain one page too long misses always, where chance chooses it misses a little
 * more with each page; and the two levels need not do the same. What the first level misses depends on it
 * alone, and what both miss nearly on the second alone. So each level is run by itself, in every order and
 * size, and all pairs are compared.
 *
 * A guest's second level holds its host's translations too, and the kernel takes its share of both levels. So
 * the catalog's sizes are the most there can be. How much others hold changes with time, so the second level
 * has one size for a share of the time and the next smaller one for the rest.
 */
#include "calibrate_internal.h"

enum {
    LEAST = 3, /* eighths of the catalog's sizes */
    MOST = 8,
    SIZES = MOST + 1,
    SHARES = 4,
    ORDERS = HW_REPLACE_RANDOM + 1,
    NEAR_PAGES = 6144, /* longer chains leave the caches too */
    DESCENTS = 50
};

/* Misses of an access of each chain, by order and size; -1: no machine has this shape. */
struct level {
    double missed[ORDERS][SIZES][CALIBRATE_CASES_MAX];
};

struct place {
    size_t first_order, first, second_order, second, share;
};

struct search {
    const struct vmm_alloc *alloc;
    const struct machine *machine;
    const struct calibrate_case *cases;
    size_t count;
    struct level first, second;
    double misfit[ORDERS][SIZES][ORDERS][SIZES][SHARES];
};

static double *
misfit_at(struct search *search, const struct place *at)
{
    return &search->misfit[at->first_order][at->first][at->second_order][at->second][at->share];
}

static bool
is_asked(const struct calibrate_case *one)
{
    return one->kind == CALIBRATE_CHASE && one->part == CALIBRATE_FITTED &&
           one->pages <= NEAR_PAGES && one->ns > one->packed_ns / 2;
}

/* ---- one level by itself ---- */

/* False: memory ran out. Of a shape that no machine has: -1. */
static bool
run_chain(const struct vmm_alloc *alloc, const struct machine *base, uint64_t first,
          struct calibrate_level second, const struct calibrate_case *one,
          struct calibrate_misses *misses)
{
    struct machine machine = *base;
    struct sheet_value *geometry = machine.geometry;
    bool is_full = geometry[HW_FIELD_l1d_ways].value == geometry[HW_FIELD_l1d_entries].value;
    double share = 1.0 / calibrate_case_accesses(one);
    struct calibrate_cost cost;
    struct hw_geometry ignored;
    char bytes[160];
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    geometry[HW_FIELD_replacement].value = second.replacement;
    geometry[HW_FIELD_l1d_entries].value = first;
    geometry[HW_FIELD_l2_entries].value = second.entries;
    if (is_full) /* one set: what it has are ways */
        geometry[HW_FIELD_l1d_ways].value = first;
    *misses = (struct calibrate_misses){ -1, -1 };
    if (!machine_geometry(&machine, &ignored, &why))
        return true;
    if (!calibrate_case_cost(alloc, &machine, one, 0, &cost))
        return false;
    /* A walk reads one word: the upper ones are remembered. */
    misses->both = (double)cost.sum.quantity[COST_walk_read] * share;
    misses->first = misses->both + (double)cost.sum.quantity[COST_tlb_l2_hit] * share;
    return true;
}

/* What needs no run: half of a level holds them all, or they are so many that hardly one stays. */
static bool
is_plain(uint32_t pages, uint64_t entries, double *missed)
{
    *missed = pages * 2 <= entries ? 0 : 1;
    return *missed <= 0 || pages >= entries * 8;
}

static bool
first_missed(const struct vmm_alloc *alloc, const struct machine *machine,
             struct calibrate_level first, const struct calibrate_case *one, double *missed)
{
    struct calibrate_level second = { machine->geometry[HW_FIELD_l2_entries].value,
                                      first.replacement };
    struct calibrate_misses misses;

    if (is_plain(one->pages, first.entries, missed))
        return true;
    if (!run_chain(alloc, machine, first.entries, second, one, &misses))
        return false;
    *missed = misses.first;
    return true;
}

static bool
second_missed(const struct vmm_alloc *alloc, const struct machine *machine,
              struct calibrate_level second, const struct calibrate_case *one, double *missed)
{
    struct calibrate_misses misses;

    if (is_plain(one->pages, second.entries, missed))
        return true;
    if (!run_chain(alloc, machine, machine->geometry[HW_FIELD_l1d_entries].value, second, one,
                   &misses))
        return false;
    *missed = misses.both;
    return true;
}

static bool
run_size(struct search *search, size_t order, size_t eighths)
{
    const struct sheet_value *geometry = search->machine->geometry;
    enum hw_replacement replacement = (enum hw_replacement)order;
    struct calibrate_level first = { geometry[HW_FIELD_l1d_entries].value * eighths / MOST,
                                     replacement };
    struct calibrate_level second = { geometry[HW_FIELD_l2_entries].value * eighths / MOST,
                                      replacement };

    for (size_t i = 0; i < search->count; i++) {
        const struct calibrate_case *one = &search->cases[i];

        if (is_asked(one) && (!first_missed(search->alloc, search->machine, first, one,
                                            &search->first.missed[order][eighths][i]) ||
                              !second_missed(search->alloc, search->machine, second, one,
                                             &search->second.missed[order][eighths][i])))
            return false;
    }
    return true;
}

static bool
run_levels(struct search *search)
{
    for (size_t order = 0; order < ORDERS; order++) {
        for (size_t eighths = LEAST; eighths <= MOST; eighths++) {
            if (!run_size(search, order, eighths))
                return false;
        }
    }
    return true;
}

/* ---- two levels together ---- */

/* A size, and the next smaller one for a share of the time. */
static double
both_missed(const struct search *search, const struct place *at, size_t i)
{
    const double(*missed)[CALIBRATE_CASES_MAX] = search->second.missed[at->second_order];
    double share = (double)at->share / SHARES, more = missed[at->second][i];
    double less = at->second > LEAST ? missed[at->second - 1][i] : more;

    return more < 0 || less < 0 ? -1 : more + share * (less - more);
}

/* Least squares of relative errors with a price for a hit and one for a walk, none negative. */
struct sums {
    double hit_hit, hit_walk, walk_walk, hit_time, walk_time, time_time;
};

static void
add_chain(struct sums *sums, const struct calibrate_case *one, struct calibrate_misses misses)
{
    double hit = (misses.first > misses.both ? misses.first - misses.both : 0) / one->ns;
    double walk = misses.both / one->ns, time = (one->ns - one->packed_ns) / one->ns;

    sums->hit_hit += hit * hit;
    sums->hit_walk += hit * walk;
    sums->walk_walk += walk * walk;
    sums->hit_time += hit * time;
    sums->walk_time += walk * time;
    sums->time_time += time * time;
}

static double
at_least_zero(double above, double below)
{
    return above > 0 && below > 0 ? above / below : 0;
}

static double
least_squares(const struct sums *sums)
{
    double hit = 0, walk = 0;

    for (int i = 0; i < DESCENTS; i++) {
        hit = at_least_zero(sums->hit_time - walk * sums->hit_walk, sums->hit_hit);
        walk = at_least_zero(sums->walk_time - hit * sums->hit_walk, sums->walk_walk);
    }
    return sums->time_time - 2 * hit * sums->hit_time - 2 * walk * sums->walk_time +
           hit * hit * sums->hit_hit + walk * walk * sums->walk_walk +
           2 * hit * walk * sums->hit_walk;
}

static double
misfit_of(const struct search *search, const struct place *at)
{
    struct sums sums = { 0 };

    for (size_t i = 0; i < search->count; i++) {
        struct calibrate_misses misses;

        if (!is_asked(&search->cases[i]))
            continue;
        misses.first = search->first.missed[at->first_order][at->first][i];
        misses.both = both_missed(search, at, i);
        if (misses.first < 0 || misses.both < 0)
            return 1e300;
        add_chain(&sums, &search->cases[i], misses);
    }
    return least_squares(&sums);
}

/* Of the second level's orders only the extremes: a dozen chains beyond its knee do not tell three apart. */
static struct place
next_place(struct place at)
{
    if (++at.share < SHARES)
        return at;
    at.share = 0;
    if (++at.second <= MOST)
        return at;
    at.second = LEAST;
    at.second_order += HW_REPLACE_RANDOM - HW_REPLACE_LRU;
    if (at.second_order < ORDERS)
        return at;
    at.second_order = 0;
    if (++at.first <= MOST)
        return at;
    at.first = LEAST;
    at.first_order++;
    return at;
}

static struct place
best_place(struct search *search)
{
    struct place at = { 0, LEAST, 0, LEAST, 0 }, best = at;

    for (; at.first_order < ORDERS; at = next_place(at)) {
        *misfit_at(search, &at) = misfit_of(search, &at);
        if (*misfit_at(search, &at) < *misfit_at(search, &best))
            best = at;
    }
    return best;
}

/* Of sizes that the chains do not tell apart, the middle one. `size` is one of the place's. */
static void
take_middle(struct search *search, struct place *at, size_t *size)
{
    double most = *misfit_at(search, at) * 1.01 + 1e-6;
    size_t best = *size, low = best, high = best;

    while (low > LEAST && (*size = low - 1, *misfit_at(search, at) <= most))
        low--;
    while (high < MOST && (*size = high + 1, *misfit_at(search, at) <= most))
        high++;
    *size = (low + high) / 2;
}

static struct calibrate_reach
reach_of(struct search *search, struct place at)
{
    const struct sheet_value *geometry = search->machine->geometry;
    uint64_t first = geometry[HW_FIELD_l1d_entries].value;
    uint64_t second = geometry[HW_FIELD_l2_entries].value;

    take_middle(search, &at, &at.second);
    take_middle(search, &at, &at.first);
    return (struct calibrate_reach){
        { first * at.first / MOST, (enum hw_replacement)at.first_order },
        { second * at.second / MOST, (enum hw_replacement)at.second_order },
        second * (at.second > LEAST ? at.second - 1 : at.second) / MOST,
        (double)at.share / SHARES,
    };
}

/* ---- for the fit ---- */

static struct calibrate_reach
reach_as_it_was(const struct machine *machine)
{
    const struct sheet_value *geometry = machine->geometry;
    enum hw_replacement order = (enum hw_replacement)geometry[HW_FIELD_replacement].value;
    uint64_t second = geometry[HW_FIELD_l2_entries].value;

    return (struct calibrate_reach){
        { geometry[HW_FIELD_l1d_entries].value, order }, { second, order }, second, 0
    };
}

bool
calibrate_find_reach(const struct vmm_alloc *alloc, const struct machine *machine,
                     const struct calibrate_case *cases, size_t count,
                     struct calibrate_reach *reach)
{
    struct search *search;
    bool is_run, is_asked_for = false;

    *reach = reach_as_it_was(machine);
    for (size_t i = 0; i < count; i++)
        is_asked_for |= is_asked(&cases[i]);
    if (!is_asked_for)
        return true;
    search = vmm_take_array(alloc, 1, sizeof *search);
    if (search == NULL)
        return false;
    search->alloc = alloc;
    search->machine = machine;
    search->cases = cases;
    search->count = count;
    is_run = run_levels(search);
    if (is_run)
        *reach = reach_of(search, best_place(search));
    vmm_give_array(alloc, search, 1, sizeof *search);
    return is_run;
}

bool
calibrate_chain_misses(const struct vmm_alloc *alloc, const struct machine *machine,
                       const struct calibrate_reach *reach, const struct calibrate_case *one,
                       struct calibrate_misses *misses)
{
    struct calibrate_level less = { reach->less, reach->second.replacement };
    double fewer;

    if (!first_missed(alloc, machine, reach->first, one, &misses->first) ||
        !second_missed(alloc, machine, reach->second, one, &misses->both) ||
        !second_missed(alloc, machine, less, one, &fewer))
        return false;
    misses->both += reach->is_less * (fewer - misses->both);
    return true;
}
