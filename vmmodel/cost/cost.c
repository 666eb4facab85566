/*
 * cost.c - see cost.h
 *
 * What an event costs stands in one table: an event takes so much of up to four items. Three kinds are
 * more than a row can say: faults that trapped or were made by wiring, flushes by how much they forget,
 * and interrupts, of which the first of a flush is dearer.
 */
#include "cost/cost.h"

static const struct sheet_field cost_fields[] = {
#define COST_ITEM(name, floor, unit, text) { #name, unit, text, 0, (uint64_t)1 << 50 },
#include "cost/cost_items.def"
#undef COST_ITEM
};

static const enum cost_floor cost_floors[] = {
#define COST_ITEM(name, floor, unit, text) floor,
#include "cost/cost_items.def"
#undef COST_ITEM
};

#define COST_PS(ns) ((uint64_t)((ns)*1000.0 + 0.5))

static const struct sheet_line cost_lines[] = {
#define COST_ROW(row_name, row_label, row_base) \
    { .row = row_name, .label = row_label, .base = row_base },
#define COST_SET(item, least, price, most, where) \
    { .field = COST_##item,                       \
      .value = { .low = COST_PS(least),           \
                 .value = COST_PS(price),         \
                 .high = COST_PS(most),           \
                 .source = where } },
#include "cost/cost_prices.def"
#undef COST_ROW
#undef COST_SET
};

const struct sheet cost_prices = { cost_fields, cost_lines, COST_ITEM_COUNT,
                                   VMM_COUNT_OF(cost_lines) };

const char *
cost_floor_name(enum cost_floor floor)
{
    static const char *const names[] = { "driver", "iokit", "vm", "pmap", "hw", "other CPUs" };

    return names[floor];
}

enum cost_floor
cost_item_floor(enum cost_item item)
{
    return cost_floors[item];
}

/* ---- sums ---- */

void
cost_add(struct cost_sum *sum, const struct cost_sum *more)
{
    for (size_t item = 0; item < COST_ITEM_COUNT; item++)
        sum->quantity[item] += more->quantity[item];
}

struct cost_sum
cost_since(const struct cost_sum *now, const struct cost_sum *before)
{
    struct cost_sum since;

    for (size_t item = 0; item < COST_ITEM_COUNT; item++)
        since.quantity[item] = now->quantity[item] - before->quantity[item];
    return since;
}

struct cost_time
cost_of_item(const struct cost_sum *sum, enum cost_item item, const struct sheet_value *prices)
{
    uint64_t quantity = sum->quantity[item];

    return (struct cost_time){ quantity * prices[item].low, quantity * prices[item].value,
                               quantity * prices[item].high };
}

static void
cost_time_add(struct cost_time *time, struct cost_time more)
{
    time->low += more.low;
    time->value += more.value;
    time->high += more.high;
}

struct cost_time
cost_of_floor(const struct cost_sum *sum, enum cost_floor floor, const struct sheet_value *prices)
{
    struct cost_time time = { 0, 0, 0 };

    for (size_t item = 0; item < COST_ITEM_COUNT; item++) {
        if (cost_floors[item] == floor)
            cost_time_add(&time, cost_of_item(sum, (enum cost_item)item, prices));
    }
    return time;
}

struct cost_time
cost_total(const struct cost_sum *sum, const struct sheet_value *prices)
{
    struct cost_time time = { 0, 0, 0 };

    for (size_t floor = 0; floor < COST_OTHERS; floor++)
        cost_time_add(&time, cost_of_floor(sum, (enum cost_floor)floor, prices));
    return time;
}

/* ---- from events to quantities ---- */

enum { COST_PARTS = 4 };

/* How much of which items one event takes. */
struct cost_row {
    struct cost_part {
        uint8_t item;
        uint8_t quantity; /* 0: no more parts */
        bool is_per_kib;  /* of the page */
    } parts[COST_PARTS];
};

#define PART(item)            \
    {                         \
        COST_##item, 1, false \
    }
#define PART_KIB(item)       \
    {                        \
        COST_##item, 1, true \
    }

static const struct cost_row cost_rows[EV_KIND_COUNT] = {
    [EV_MAP_ENTER] = { { PART(map_entry), PART(map_lookup), PART(lock) } },
    [EV_MAP_REMOVE] = { { PART(map_entry), PART(lock) } },
    [EV_MAP_PROTECT] = { { PART(map_lookup), PART(lock) } },
    [EV_MAP_CLIP] = { { PART(map_entry) } },
    [EV_MAP_SIMPLIFY] = { { PART(map_entry) } },
    [EV_MAP_WIRE] = { { PART(map_lookup), PART(lock) } },
    [EV_MAP_UNWIRE] = { { PART(map_lookup), PART(lock) } },
    [EV_OBJECT_CREATE] = { { PART(object) } },
    [EV_OBJECT_SHADOW] = { { PART(object) } },
    [EV_OBJECT_FREE] = { { PART(object) } },
    [EV_PAGE_ZERO_FILL] = { { PART(page_frame), PART_KIB(zero_fill) } },
    [EV_PAGE_COPY] = { { PART(page_frame), PART_KIB(copy) } },
    [EV_PAGE_WIRE] = { { PART(page_wire) } },
    [EV_PAGE_UNWIRE] = { { PART(page_wire) } },
    [EV_PAGE_FREE] = { { PART(page_frame) } },
    [EV_PAGE_IN] = { { PART(page_in), PART(page_frame) } },
    [EV_PAGE_OUT] = { { PART(page_frame) } },
    [EV_PAGE_CLEAN] = { { PART(page_out) } },
    [EV_FAULT] = { { PART(map_lookup), PART(object_lookup), PART(lock) } },
    [EV_FAULT_REFUSED] = { { PART(trap) } },
    [EV_FAST_FAULT] = { { PART(trap) } },
    [EV_PMAP_ENTER] = { { PART(pte_write) } },
    [EV_PMAP_REMOVE] = { { PART(pte_write) } },
    [EV_PMAP_PROTECT] = { { PART(pte_write) } },
    [EV_PMAP_WIRING] = { { PART(pte_write), PART(object_lookup) } },
    [EV_PMAP_TABLE] = { { PART(table_page) } },
    [EV_PMAP_TABLE_FREE] = { { PART(table_page), PART(tlbi), PART(dsb) } },
    [EV_TLB_SYNC] = { { PART(dsb) } },
    [EV_DESC_PREPARE] = { { PART(iokit_call) } },
    [EV_DESC_COMPLETE] = { { PART(iokit_call) } },
    [EV_IOMAP_CREATE] = { { PART(iokit_call) } },
    [EV_IOMAP_WIRE] = { { PART(iokit_call) } },
    [EV_IOMAP_UNMAP] = { { PART(iokit_call) } },
};

/* A fault with an access trapped; one without was made by wiring, which walks pages in a loop. */
static void
cost_count_fault(struct cost_sum *sum, const struct trace_event *event)
{
    if (event->prot == VMM_PROT_NONE)
        return;
    sum->quantity[COST_trap]++;
    sum->quantity[COST_fault_body]++;
}

/* event.def: 0 space, 1 pages, 2 all, 3 broadcast. */
static void
cost_count_flush(struct cost_sum *sum, const struct trace_event *event)
{
    static const uint8_t items[] = { COST_flush_space, COST_flush_page, COST_flush_all, COST_tlbi };

    if (event->detail < VMM_COUNT_OF(items))
        sum->quantity[items[event->detail]] += event->count;
}

void
cost_count_event(struct cost_sum *sum, const struct trace_event *event, uint32_t page_kib,
                 bool is_first_ipi)
{
    const struct cost_row *row = &cost_rows[event->kind];

    for (size_t i = 0; i < COST_PARTS && row->parts[i].quantity != 0; i++)
        sum->quantity[row->parts[i].item] +=
            (uint64_t)row->parts[i].quantity * (row->parts[i].is_per_kib ? page_kib : 1);
    if (event->kind == EV_FAULT)
        cost_count_fault(sum, event);
    if (event->kind == EV_TLB_FLUSH)
        cost_count_flush(sum, event);
    if (event->kind == EV_PAGE_OUT)
        sum->quantity[COST_page_out] += event->detail; /* 0: it was clean and only dropped */
    if (event->kind == EV_TLB_SHOOTDOWN) {
        sum->quantity[is_first_ipi ? COST_ipi_first : COST_ipi_more]++;
        sum->quantity[COST_ipi_handle]++;
    }
}

static void
cost_see(struct trace_sink *sink, const struct trace_event *event)
{
    struct cost *cost = VMM_CONTAINER(sink, struct cost, sink);

    if (event->kind == EV_TLB_FLUSH)
        cost->has_interrupted = false;
    cost_count_event(&cost->sum, event, cost->page_kib, !cost->has_interrupted);
    cost->has_interrupted |= event->kind == EV_TLB_SHOOTDOWN;
}

void
cost_init(struct cost *cost, uint64_t page_bytes)
{
    *cost = (struct cost){ .sink = { cost_see, NULL }, .page_kib = (uint32_t)(page_bytes / 1024) };
}
