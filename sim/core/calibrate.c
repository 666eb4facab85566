/*
 * calibrate.c - see calibrate.h
 *
 * A case becomes a trace of events and references (memtrace.h), which the replay runs; its fold gives how much
 * of each item the case takes. With the base machine's prices that is a time for each group of items, and the
 * fit looks for the groups' factors, none negative, that leave the least squares of relative errors. Few
 * unknowns and cases that differ make this a handful of sweeps over the groups, one at a time. The sizes of the
 * TLBs are fitted to the chains before.
 */
#include "calibrate.h"

#include <string.h>

#include "replay.h"

enum { SWEEPS = 2000, BASE_VA = 0x10000000, PAGE = 4096, CHASE_ROUNDS = 2 };

enum group { TRAPS, PAGES, WIRES, ENTRIES, COPIES, FLUSHES, L2_HITS, WALKS };

static const char *const group_names[CALIBRATE_GROUPS] = {
    "traps and faults", "page frames and tables", "wiring",      "map entries",
    "copying",          "flushes and interrupts", "L2 TLB hits", "page walks",
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
    case COST_fault_body:
    case COST_map_lookup:
    case COST_object_lookup:
    case COST_lock:
        return TRAPS;
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
    case COST_ipi_first:
    case COST_ipi_more:
    case COST_ipi_handle:
        return FLUSHES;
    case COST_tlb_l2_hit:
        return L2_HITS;
    case COST_walk_read:
        return WALKS;
    default:
        return PAGES;
    }
}

/* ---- cases ---- */

static void
add_case(struct calibrate_case *cases, size_t *count, struct calibrate_case one)
{
    if (*count < CALIBRATE_CASES_MAX)
        cases[(*count)++] = one;
}

size_t
calibrate_cases(struct calibrate_case cases[CALIBRATE_CASES_MAX])
{
    static const uint32_t touched[] = { 32, 64, 128, 256, 512, 768, 1024, 1536, 2048 };
    static const uint32_t pages[] = { 16, 32, 64, 128, 256, 512, 1024, 2048 };
    static const uint32_t chases[] = { 16,  32,  48,   64,   96,   128,  192,  256,  384,
                                       512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192 };
    size_t count = 0;

    for (int kind = CALIBRATE_LAZY; kind <= CALIBRATE_MLOCK; kind++) {
        for (size_t i = 0; i < VMM_COUNT_OF(touched); i++)
            add_case(cases, &count,
                     (struct calibrate_case){ .kind = (enum calibrate_kind)kind,
                                              .pages = 2048,
                                              .touched = touched[i],
                                              .cpus = 1,
                                              .is_fitted = i % 2 == 0 });
    }
    for (uint32_t cpus = 1; cpus <= 2; cpus++) {
        for (size_t i = 0; i < VMM_COUNT_OF(pages); i++)
            add_case(cases, &count,
                     (struct calibrate_case){ .kind = CALIBRATE_PROTECT,
                                              .pages = pages[i],
                                              .touched = pages[i],
                                              .cpus = cpus,
                                              .is_fitted = i % 2 == 0 });
    }
    for (size_t i = 2; i < VMM_COUNT_OF(pages); i++)
        add_case(cases, &count,
                 (struct calibrate_case){ .kind = CALIBRATE_COW,
                                          .pages = pages[i],
                                          .touched = pages[i],
                                          .cpus = 1,
                                          .is_fitted = i % 2 == 0 });
    for (size_t i = 0; i < VMM_COUNT_OF(chases); i++)
        add_case(cases, &count,
                 (struct calibrate_case){ .kind = CALIBRATE_CHASE,
                                          .pages = chases[i],
                                          .touched = chases[i],
                                          .cpus = 1,
                                          .is_fitted = i % 2 == 0 });
    return count;
}

void
calibrate_case_text(const struct calibrate_case *one, struct vmm_text *text)
{
    static const char *const names[CALIBRATE_KINDS] = { "lazy",    "populate",      "mlock",
                                                        "protect", "copy-on-write", "chase" };

    if (one->kind <= CALIBRATE_MLOCK)
        vmm_text_format(text, "%s, %u of %u pages", names[one->kind], one->touched, one->pages);
    else
        vmm_text_format(text, "%s, %u pages%s", names[one->kind], one->pages,
                        one->cpus > 1 ? ", 2 CPUs" : "");
}

/* ---- a case in the model ---- */

static bool
say(struct replay *replay, enum memtrace_verb verb, const struct calibrate_case *one,
    uint32_t value)
{
    return replay_event(replay, &(struct memtrace_event){ .verb = verb,
                                                          .va = BASE_VA,
                                                          .length = (uint64_t)one->pages * PAGE,
                                                          .value = value });
}

/* References to `touched` pages, evenly apart. */
static bool
touch(struct replay *replay, const struct calibrate_case *one, enum memtrace_kind kind)
{
    static struct memtrace_batch batch;
    bool goes_on = true;

    batch.count = 0;
    for (uint64_t i = 0; i < one->touched && goes_on; i++) {
        batch.va[batch.count] = BASE_VA + i * one->pages / one->touched * PAGE;
        batch.how[batch.count++] = MEMTRACE_HOW(kind, 1);
        if (batch.count == MEMTRACE_BATCH || i + 1 == one->touched) {
            goes_on = replay_references(replay, &batch);
            batch.count = 0;
        }
    }
    return goes_on;
}

/* Every page once a round, in an order without neighbours: 5 has no common divisor with what is tried. */
static bool
chase(struct replay *replay, const struct calibrate_case *one)
{
    static struct memtrace_batch batch;
    uint64_t at = 0, step = one->pages % 5 == 0 ? 7 : one->pages > 64 ? 5 * 7 + 2 : 5;
    bool goes_on = true;

    batch.count = 0;
    for (uint64_t i = 0; i < one->pages && goes_on; i++) {
        batch.va[batch.count] = BASE_VA + at * PAGE;
        batch.how[batch.count++] = MEMTRACE_HOW(MEMTRACE_LOAD, 1);
        at = (at + step) % one->pages;
        if (batch.count == MEMTRACE_BATCH || i + 1 == one->pages) {
            goes_on = replay_references(replay, &batch);
            batch.count = 0;
        }
    }
    return goes_on;
}

/* What comes before the measured part. */
static bool
prepare_case(struct replay *replay, const struct calibrate_case *one)
{
    bool goes_on = true;

    if (one->kind <= CALIBRATE_MLOCK)
        return true;
    goes_on =
        say(replay, MEMTRACE_MAP, one, VMM_PROT_DEFAULT) && touch(replay, one, MEMTRACE_STORE);
    if (one->kind == CALIBRATE_COW)
        goes_on = goes_on && say(replay, MEMTRACE_FORK, one, 1);
    if (one->kind == CALIBRATE_CHASE)
        goes_on = goes_on && chase(replay, one);
    if (one->cpus > 1)
        goes_on = goes_on && say(replay, MEMTRACE_CPU, one, 1) &&
                  touch(replay, one, MEMTRACE_LOAD) && say(replay, MEMTRACE_CPU, one, 0);
    return goes_on;
}

static bool
run_case(struct replay *replay, const struct calibrate_case *one)
{
    bool goes_on = true;

    switch (one->kind) {
    case CALIBRATE_LAZY:
    case CALIBRATE_POPULATE:
    case CALIBRATE_MLOCK:
        goes_on = say(replay, MEMTRACE_MAP, one, VMM_PROT_DEFAULT);
        if (one->kind != CALIBRATE_LAZY)
            goes_on = goes_on && say(replay, MEMTRACE_WIRE, one, 0);
        if (one->kind == CALIBRATE_POPULATE) /* made, and not kept */
            goes_on = goes_on && say(replay, MEMTRACE_UNWIRE, one, 0);
        return goes_on && touch(replay, one, MEMTRACE_STORE) && say(replay, MEMTRACE_UNMAP, one, 0);
    case CALIBRATE_PROTECT:
        return say(replay, MEMTRACE_PROTECT, one, VMM_PROT_READ) &&
               say(replay, MEMTRACE_PROTECT, one, VMM_PROT_DEFAULT) &&
               touch(replay, one, MEMTRACE_STORE);
    case CALIBRATE_COW:
        return touch(replay, one, MEMTRACE_STORE);
    default:
        for (int i = 0; i < CHASE_ROUNDS && goes_on; i++)
            goes_on = chase(replay, one);
        return goes_on;
    }
}

/* How much of each item a case takes. */
static bool
model_case(const struct vmm_alloc *alloc, const struct machine *machine,
           const struct calibrate_case *one, struct cost_sum *sum)
{
    struct replay_options options = { .alloc = alloc, .cpus = 2, .ram_bytes = 256 << 20 };
    struct replay_result before, after;
    char bytes[160];
    struct vmm_text why;
    struct replay *replay = NULL;
    bool is_run;

    vmm_text_init(&why, bytes, sizeof bytes);
    options.profile = vm_profile_count() - 2; /* the newest release; seed-view is the last */
    if (machine_geometry(machine, &options.geometry, &why))
        replay = replay_create(&options, &why);
    if (replay == NULL)
        return false;
    is_run = prepare_case(replay, one);
    replay_result(replay, &before);
    is_run = is_run && run_case(replay, one);
    replay_result(replay, &after);
    *sum = cost_since(&after.cost, &before.cost);
    replay_destroy(replay);
    return is_run;
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
    double share = one->kind == CALIBRATE_CHASE ? 1.0 / (CHASE_ROUNDS * (double)one->pages) : 1;

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

        if (!cases[i].is_fitted || cases[i].ns <= 0)
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

        if (cases[i].is_fitted || cases[i].ns <= 0)
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

/* Models the cases of a kind, or with CALIBRATE_KINDS all of them. */
static bool
model_cases(const struct vmm_alloc *alloc, const struct machine *machine,
            const struct calibrate_case *cases, size_t count, enum calibrate_kind kind,
            struct fitting *fitting)
{
    for (size_t i = 0; i < count; i++) {
        struct cost_sum sum;

        if (kind != CALIBRATE_KINDS && cases[i].kind != kind)
            continue;
        if (!model_case(alloc, machine, &cases[i], &sum))
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
        only[i].is_fitted = cases[i].is_fitted && cases[i].kind == CALIBRATE_CHASE;
    }
    fit_groups(fitting, only, count, &fit);
    for (size_t i = 0; i < count; i++) {
        double error = only[i].is_fitted && only[i].ns > 0
                           ? (predict(fitting, i, fit.factor) - only[i].ns) / only[i].ns
                           : 0;

        sum += error * error;
    }
    return sum;
}

enum { REACH_LEAST = 3, REACH_MOST = 8 /* eighths of the catalog's sizes */ };

struct reach {
    struct machine *machine;
    uint64_t first_most, second_most;
    bool is_full; /* the first level is one set: what it has are ways */
    double misfit[REACH_MOST + 1][REACH_MOST + 1];
};

static void
set_reach(const struct reach *reach, uint64_t first, uint64_t second)
{
    struct sheet_value *geometry = reach->machine->geometry;

    geometry[HW_FIELD_l1d_entries].value = reach->first_most * first / 8;
    geometry[HW_FIELD_l2_entries].value = reach->second_most * second / 8;
    if (reach->is_full)
        geometry[HW_FIELD_l1d_ways].value = geometry[HW_FIELD_l1d_entries].value;
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
fit_reach(const struct vmm_alloc *alloc, struct machine *machine,
          const struct calibrate_case *cases, size_t count, struct fitting *fitting)
{
    struct sheet_value *geometry = machine->geometry;
    struct reach reach = { machine,
                           geometry[HW_FIELD_l1d_entries].value,
                           geometry[HW_FIELD_l2_entries].value,
                           geometry[HW_FIELD_l1d_ways].value ==
                               geometry[HW_FIELD_l1d_entries].value,
                           { { 0 } } };
    uint64_t first = REACH_MOST, second = REACH_MOST;
    bool has_chain = false;

    for (size_t i = 0; i < count; i++)
        has_chain |= cases[i].kind == CALIBRATE_CHASE && cases[i].is_fitted && cases[i].ns > 0;
    if (!has_chain)
        return true;
    reach.misfit[first][second] = 1e300;
    for (uint64_t i = REACH_LEAST; i <= REACH_MOST; i++) {
        for (uint64_t k = REACH_LEAST; k <= REACH_MOST; k++) {
            struct hw_geometry ignored;
            char bytes[160];
            struct vmm_text why;

            vmm_text_init(&why, bytes, sizeof bytes);
            set_reach(&reach, i, k);
            reach.misfit[i][k] = 1e300;
            if (!machine_geometry(machine, &ignored, &why))
                continue;
            if (!model_cases(alloc, machine, cases, count, CALIBRATE_CHASE, fitting))
                return false;
            reach.misfit[i][k] = chase_misfit(fitting, cases, count);
            if (reach.misfit[i][k] < reach.misfit[first][second]) {
                first = i;
                second = k;
            }
        }
    }
    second = middle_of_ties(&reach.misfit[first][0], 1, second);
    first = middle_of_ties(&reach.misfit[0][second], REACH_MOST + 1, first);
    set_reach(&reach, first, second);
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
                  model_cases(alloc, machine, cases, count, CALIBRATE_KINDS, fitting);
    if (is_modelled) {
        fit_groups(fitting, cases, count, fit);
        fit->l1_entries = machine->geometry[HW_FIELD_l1d_entries].value;
        fit->l2_entries = machine->geometry[HW_FIELD_l2_entries].value;
        for (size_t i = 0; i < count; i++)
            cases[i].predicted = predict(fitting, i, fit->factor);
        sum_up(cases, count, fit);
        scale_prices(machine, fit);
    }
    vmm_give_array(alloc, fitting, 1, sizeof *fitting);
    return is_modelled;
}
