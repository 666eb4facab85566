/*
 * machine.h - a machine as a whole: its address translation and its prices
 *
 * PURPOSE     hw knows no time and cost knows no TLB; here the two halves of one name come together,
 *             are overridden by a user's own numbers, and are shown with their sources.
 * INVARIANTS  a machine's geometry passes hw_catalog_check()
 * UNITS       prices: picoseconds; shown in nanoseconds
 * OWNERSHIP   plain values; sources are constants or the caller's
 * ERRORS      false for an unknown name, and a text that says which key is wrong and what is allowed
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include "cost/cost.h"
#include "hw/hw_catalog.h"
#include "scn.h"

struct machine {
    char name[HW_NAME_BYTES];
    const char *label;
    struct sheet_value geometry[HW_FIELD_COUNT];
    struct sheet_value prices[COST_ITEM_COUNT];
};

size_t machine_count(void);
const char *machine_name_at(size_t index);

/* The name that is nearest to one that is no machine's; NULL: none is near. */
const char *machine_nearest(const char *name);

/* Fills *machine from the catalog; false: no such name. */
bool machine_find(const char *name, struct machine *machine);

/* A name of the user's own. False: *why says what is wrong; the name stays what it was. */
bool machine_set_name(struct machine *machine, const char *name, struct vmm_text *why);

/* A whole number for a key of the geometry. False: *why says what is wrong. */
bool machine_set_geometry(struct machine *machine, const char *key, uint64_t number,
                          struct vmm_text *why);

/* Nanoseconds, low <= value <= high, for a key of the prices. False: *why says what is wrong. */
bool machine_set_price(struct machine *machine, const char *key, double low, double value,
                       double high, struct vmm_text *why);

/* The geometry to run on; fails as hw_catalog_check() does. */
bool machine_geometry(const struct machine *machine, struct hw_geometry *geometry,
                      struct vmm_text *why);

/* Every machine on a line; one with all its numbers and where they were read. */
void machine_list_text(const struct core_out *out);
void machine_list_json(const struct core_out *out);
void machine_show_text(const struct core_out *out, const struct machine *machine);
void machine_show_json(const struct core_out *out, const struct machine *machine);

/* "12.3 us": three digits that mean something. Picoseconds. */
void machine_put_time(const struct core_out *out, uint64_t ps);
/* "12.3 us (8.1 us to 30 us)" */
void machine_put_range(const struct core_out *out, struct cost_time time);
/* "name": { "low_ps": .., "ps": .., "high_ps": .. } */
struct core_json;
void machine_json_range(struct core_json *object, const char *name, struct cost_time time);

#endif
