/*
 * compare.c - see compare.h
 *
 * Every answer comes from a run of the model: a world, a task with N resident pages, a descriptor. What
 * is counted begins with prepare() and ends behind complete(). The break-even is found by halving,
 * as the two ways cross at most once: one grows with every touch, the other pays in advance.
 */
#include "compare.h"

#include "hooks/vmk.h"
#include "hooks/vmk_sim.h"
#include "iokit/io_types.h"

#include <string.h>

const char *
compare_way_name(enum compare_way way)
{
    static const char *const names[] = { "lazy", "touch-first", "prefault", "wire", "copy" };

    return names[way];
}

/* ---- one run ---- */

struct compare_run {
    const struct compare_question *question;
    uint64_t page_bytes;
    uint64_t length;
    vmk_task_t task;
    vmk_desc_t desc;
    vmk_map_t map;
};

/* Reads one byte of each of `count` pages, spread over the mapping. */
static bool
compare_touch(const struct compare_run *run, uint32_t count)
{
    uint64_t address = vmk_map_address(run->map);

    for (uint64_t i = 0; i < count; i++) {
        uint64_t page = i * run->question->pages / count;

        if (vmk_sim_read(vmk_kernel_task(), address + page * run->page_bytes, NULL, 1, NULL) != 0)
            return false;
    }
    return true;
}

/* What a way does before the pages are used. */
static bool
compare_prepare_way(const struct compare_run *run, enum compare_way way)
{
    uint64_t address = vmk_map_address(run->map);

    if (way == COMPARE_TOUCH)
        return compare_touch(run, run->question->pages);
    if (way == COMPARE_WIRE)
        return vmk_map_wire(run->map, IO_DIRECTION_IN, 0, run->length) == 0;
    if (way == COMPARE_PREFAULT)
        return vmk_sim_translated(vmk_kernel_task(), address, run->length, NULL) ==
               run->question->pages;
    return true;
}

static bool
compare_map(struct compare_run *run, enum compare_way way)
{
    uint32_t options = IO_MAP_ANYWHERE | (way == COMPARE_PREFAULT ? IO_MAP_PREFAULT : 0);
    bool is_possible;

    run->map = vmk_map_create(run->desc, vmk_kernel_task(), 0, options, 0, run->length);
    if (run->map == NULL)
        return false;
    is_possible = compare_prepare_way(run, way) && compare_touch(run, run->question->touches);
    if (way == COMPARE_WIRE && is_possible)
        is_possible = vmk_map_wire(run->map, IO_DIRECTION_NONE, 0, run->length) == 0;
    vmk_map_release(run->map);
    return is_possible;
}

/* readBytes() page by page: no event tells of it, so it is counted here. */
static bool
compare_copy(struct compare_run *run, struct compare_answer *answer)
{
    static uint8_t bytes[1 << 14];
    uint64_t done = 0;

    while (done < run->length) {
        uint64_t part = vmk_desc_read(run->desc, done, bytes, run->page_bytes);

        if (part == 0)
            return false;
        done += part;
    }
    answer->copied_bytes += done;
    answer->sum.quantity[COST_copy] += done / 1024;
    answer->sum.quantity[COST_iokit_call]++;
    return true;
}

static void
compare_work(struct compare_run *run, enum compare_way way, struct compare_answer *answer)
{
    struct vm_system *system = vmk_sim_system();
    struct trace *trace = vm_system_trace(system);
    struct vm_access_counts before, after;
    struct cost cost;
    uint64_t counters[EV_KIND_COUNT];

    memcpy(counters, trace->counters, sizeof counters);
    vm_system_access_counts(system, &before);
    cost_init(&cost, run->page_bytes);
    trace_attach(trace, &cost.sink);
    answer->is_possible = vmk_desc_prepare(run->desc, IO_DIRECTION_OUT) == 0 &&
                          (way == COMPARE_COPY ? compare_copy(run, answer) : compare_map(run, way));
    if (vmk_desc_complete(run->desc, IO_DIRECTION_OUT) != 0)
        answer->is_possible = false;
    trace_detach(trace, &cost.sink);
    vm_system_access_counts(system, &after);
    cost_add(&answer->sum, &cost.sum);
    answer->sum.quantity[COST_tlb_l2_hit] += after.l2_hits - before.l2_hits;
    answer->sum.quantity[COST_walk_read] += after.walk_reads - before.walk_reads;
    answer->faults = trace->counters[EV_FAULT] - counters[EV_FAULT];
    answer->flushes = trace->counters[EV_TLB_FLUSH] - counters[EV_TLB_FLUSH];
    answer->interrupts = trace->counters[EV_TLB_SHOOTDOWN] - counters[EV_TLB_SHOOTDOWN];
    answer->translations = trace->counters[EV_PMAP_ENTER] - counters[EV_PMAP_ENTER];
}

/* A task with resident pages, a descriptor over them, and the other CPUs in kernel code. */
static bool
compare_start(struct compare_run *run)
{
    uint64_t address = 0;

    run->task = vmk_sim_task_create();
    if (run->task == NULL || vmk_sim_allocate(run->task, &address, run->length) != 0)
        return false;
    for (uint64_t at = 0; at < run->length; at += run->page_bytes) {
        if (vmk_sim_read(run->task, address + at, NULL, 1, NULL) != 0)
            return false;
    }
    for (uint32_t cpu = 1; cpu < run->question->cpus; cpu++)
        vmk_sim_set_cpu(cpu);
    vmk_sim_set_cpu(0);
    run->desc = vmk_desc_range(run->task, address, run->length, IO_DIRECTION_OUT_IN);
    return run->desc != NULL;
}

bool
compare_ask(const struct vmm_alloc *alloc, const struct compare_question *question,
            enum compare_way way, struct compare_answer *answer)
{
    struct vm_profile profile;
    struct vmk_sim_config config = { .alloc = alloc,
                                     .profile = &profile,
                                     .geometry = &question->geometry,
                                     .cpu_count = question->cpus,
                                     .frame_count = question->pages + question->pages / 64 + 512 };
    struct compare_run run = { .question = question,
                               .page_bytes = hw_page_bytes(&question->geometry) };
    vmk_world_t before;
    vmk_world_t world;
    bool is_whole;

    *answer = (struct compare_answer){ .is_possible = false };
    vm_profile_at(question->profile, &profile);
    run.length = question->pages * run.page_bytes;
    world = vmk_sim_create(&config);
    if (world == NULL)
        return false;
    before = vmk_sim_make_current(world);
    is_whole = compare_start(&run);
    if (is_whole)
        compare_work(&run, way, answer);
    vmk_sim_make_current(before);
    vmk_sim_destroy(world);
    return is_whole;
}

/* ---- sweeps ---- */

static struct compare_question
compare_question_at(const struct compare_sweep *sweep, uint32_t x)
{
    struct compare_question question = sweep->question;

    if (sweep->sweeps_touches) {
        question.touches = x;
        return question;
    }
    question.pages = x;
    if (sweep->touches_all || question.touches > x)
        question.touches = x;
    return question;
}

static bool
compare_ask_point(const struct vmm_alloc *alloc, const struct compare_sweep *sweep, uint32_t x,
                  uint32_t ways, struct compare_point *point)
{
    struct compare_question question = compare_question_at(sweep, x);

    point->x = x;
    for (size_t way = 0; way < COMPARE_WAYS; way++) {
        if ((ways >> way & 1) &&
            !compare_ask(alloc, &question, (enum compare_way)way, &point->answers[way]))
            return false;
    }
    return true;
}

/* The lazy and the wired answer for x, asked once; NULL: no memory. */
static const struct compare_point *
compare_asked(const struct vmm_alloc *alloc, struct compare_sweep *sweep, uint32_t x)
{
    struct compare_point *point;

    for (size_t i = 0; i < sweep->asked_count; i++) {
        if (sweep->asked[i].x == x)
            return &sweep->asked[i];
    }
    point =
        &sweep
             ->asked[sweep->asked_count < COMPARE_ASKED ? sweep->asked_count++ : x % COMPARE_ASKED];
    return compare_ask_point(alloc, sweep, x, 1u << COMPARE_LAZY | 1u << COMPARE_WIRE, point)
               ? point
               : NULL;
}

/* Whether wiring x is no dearer than faulting, with these prices. False in *is_whole: no memory. */
static bool
compare_wire_wins(const struct vmm_alloc *alloc, struct compare_sweep *sweep, uint32_t x,
                  const struct sheet_value *prices, bool *is_whole)
{
    const struct compare_point *point = compare_asked(alloc, sweep, x);

    *is_whole &= point != NULL;
    return point != NULL && point->answers[COMPARE_WIRE].is_possible &&
           cost_total(&point->answers[COMPARE_WIRE].sum, prices).value <=
               cost_total(&point->answers[COMPARE_LAZY].sum, prices).value;
}

/* The smallest x at which wiring wins; 0: none. */
static uint32_t
compare_find_break_even(const struct vmm_alloc *alloc, struct compare_sweep *sweep,
                        const struct sheet_value *prices, bool *is_whole)
{
    uint32_t loses = sweep->from;
    uint32_t wins = sweep->to;

    if (compare_wire_wins(alloc, sweep, loses, prices, is_whole))
        return loses;
    if (!compare_wire_wins(alloc, sweep, wins, prices, is_whole))
        return 0;
    while (wins - loses > 1 && *is_whole) {
        uint32_t middle = loses + (wins - loses) / 2;

        if (compare_wire_wins(alloc, sweep, middle, prices, is_whole))
            wins = middle;
        else
            loses = middle;
    }
    return wins;
}

/* Widens the interval by one more break-even; 0 is beyond every number. */
static void
compare_widen(struct compare_break_even *found, uint32_t x)
{
    if (x != 0 && (found->low == 0 || x < found->low))
        found->low = x;
    if (x == 0 || (found->high != 0 && x > found->high))
        found->high = x;
}

static bool
compare_find_interval(const struct vmm_alloc *alloc, struct compare_sweep *sweep)
{
    const struct sheet_value *prices = sweep->question.machine->prices;
    struct sheet_value varied[COST_ITEM_COUNT];
    bool is_whole = true;
    uint32_t x = compare_find_break_even(alloc, sweep, prices, &is_whole);

    sweep->break_even = (struct compare_break_even){ x, x, x };
    for (size_t item = 0; item < COST_ITEM_COUNT && is_whole; item++) {
        memcpy(varied, prices, sizeof varied);
        varied[item].value = prices[item].low;
        compare_widen(&sweep->break_even, compare_find_break_even(alloc, sweep, varied, &is_whole));
        varied[item].value = prices[item].high;
        compare_widen(&sweep->break_even, compare_find_break_even(alloc, sweep, varied, &is_whole));
    }
    return is_whole;
}

bool
compare_run(const struct vmm_alloc *alloc, struct compare_sweep *sweep)
{
    uint32_t x = sweep->from;
    bool is_last = false;

    sweep->point_count = sweep->asked_count = 0;
    while (!is_last && sweep->point_count < COMPARE_POINTS) {
        is_last = x >= sweep->to;
        if (!compare_ask_point(alloc, sweep, x, UINT32_MAX, &sweep->points[sweep->point_count++]))
            return false;
        x = x > sweep->to / 2 ? sweep->to : x * 2;
    }
    return compare_find_interval(alloc, sweep);
}
