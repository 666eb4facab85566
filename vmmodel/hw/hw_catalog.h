/*
 * hw_catalog.h - real machines as data
 *
 * PURPOSE     From a name, or from numbers of one's own, to a struct hw_geometry.
 * INVARIANTS  D1, D2 of base/sheet.h; G1 to G4 of what checked values come to
 * UNITS       as hw_catalog_fields.def says
 * OWNERSHIP   the catalog is a constant; a geometry is a plain value
 * ERRORS      hw_catalog_check() says which field is wrong and what is allowed
 * EVENTS      none
 * XNU         none
 */
#ifndef HW_HW_CATALOG_H
#define HW_HW_CATALOG_H

#include "base/sheet.h"
#include "base/text.h"
#include "hw/hw_geometry.h"

enum hw_field {
#define HW_FIELD(name, unit, minimum, maximum, text) HW_FIELD_##name,
#include "hw/hw_catalog_fields.def"
#undef HW_FIELD
    HW_FIELD_COUNT
};

/* Fields, machines, and where each number was read. */
extern const struct sheet hw_catalog;

/* Whether values[HW_FIELD_COUNT] make a machine; false: *why says what is wrong and what is allowed. */
bool hw_catalog_check(const struct sheet_value *values, struct vmm_text *why);

/* The geometry that checked values describe. `name`: shorter than HW_NAME_BYTES. */
void hw_catalog_geometry(const struct sheet_value *values, const char *name,
                         struct hw_geometry *geometry);

#endif
