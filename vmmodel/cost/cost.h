/*
 * cost.h - how long it took: a fold of events and counts with a table of prices
 *
 * PURPOSE     The model says what happened and knows no time. Here each event becomes quantities of
 *             items, each item has a price with a spread, and the sums say what was spent where. One
 *             run can be priced for several machines.
 * INVARIANTS  Q1  the time of a sum is the sum over items of quantity times price, and nothing else
 *             Q2  low <= value <= high
 * UNITS       times: picoseconds; quantities: as each item's unit says
 * OWNERSHIP   the caller owns the fold and attaches its sink; price tables are constants
 * ERRORS      none
 * EVENTS      watches all
 * XNU         none; vm.md 12: its sources give counts, no times
 */
#ifndef COST_COST_H
#define COST_COST_H

#include "base/sheet.h"
#include "trace/trace.h"

enum cost_item {
#define COST_ITEM(name, floor, unit, text) COST_##name,
#include "cost/cost_items.def"
#undef COST_ITEM
    COST_ITEM_COUNT
};

enum cost_floor {
    COST_DRIVER, /* the driver's own use of its mapping */
    COST_IOKIT,
    COST_VM,
    COST_PMAP,
    COST_HW,
    COST_OTHERS, /* time that other CPUs lose; in no total */
    COST_FLOOR_COUNT
};

/* Items, machines, and where each price was read. Values are picoseconds. */
extern const struct sheet cost_prices;

/* "driver", "iokit", ...; the floor that an item's time is spent on. */
const char *cost_floor_name(enum cost_floor floor);
enum cost_floor cost_item_floor(enum cost_item item);

/* How much of each item. */
struct cost_sum {
    uint64_t quantity[COST_ITEM_COUNT];
};

/* A span of time with what its prices' spreads make of it. */
struct cost_time {
    uint64_t low;
    uint64_t value;
    uint64_t high;
};

/*
 * What a sum took: of one item, on one floor, or in all, which leaves COST_OTHERS out. Times in
 * picoseconds; prices[COST_ITEM_COUNT] as sheet_row_values() fills them from cost_prices.
 */
struct cost_time cost_of_item(const struct cost_sum *sum, enum cost_item item,
                              const struct sheet_value *prices);
struct cost_time cost_of_floor(const struct cost_sum *sum, enum cost_floor floor,
                               const struct sheet_value *prices);
struct cost_time cost_total(const struct cost_sum *sum, const struct sheet_value *prices);

/* Adds one sum to another. */
void cost_add(struct cost_sum *sum, const struct cost_sum *more);

/* What was added to a sum since it was `before`. */
struct cost_sum cost_since(const struct cost_sum *now, const struct cost_sum *before);

/*
 * Adds what one event takes. `page_kib`: the machine's page size. `is_first_ipi`: of a TLB_SHOOTDOWN, no
 * other CPU was interrupted since the last TLB_FLUSH; the first one is dearer.
 */
void cost_count_event(struct cost_sum *sum, const struct trace_event *event, uint32_t page_kib,
                      bool is_first_ipi);

/* The fold: attach its sink, read its sum at any time. */
struct cost {
    struct trace_sink sink;
    struct cost_sum sum;
    uint32_t page_kib;
    bool has_interrupted; /* since the last flush began */
};

/* Makes an empty fold for a machine with pages of `page_bytes`, a multiple of 1024. */
void cost_init(struct cost *cost, uint64_t page_bytes);

#endif
