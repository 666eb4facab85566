/* hw_catalog.c - see hw_catalog.h */
#include "hw/hw_catalog.h"

#include "base/assert.h"

static const struct sheet_field hw_catalog_fields[] = {
#define HW_FIELD(name, unit, minimum, maximum, text) { #name, unit, text, minimum, maximum },
#include "hw/hw_catalog_fields.def"
#undef HW_FIELD
};

static const struct sheet_line hw_catalog_lines[] = {
#define HW_ROW(row_name, row_label, row_base) \
    { .row = row_name, .label = row_label, .base = row_base },
#define HW_SET(field_name, number, where) \
    { .field = HW_FIELD_##field_name,     \
      .value = { .value = number, .low = number, .high = number, .source = where } },
#include "hw/hw_catalog_rows.def"
#undef HW_ROW
#undef HW_SET
};

const struct sheet hw_catalog = { hw_catalog_fields, hw_catalog_lines, HW_FIELD_COUNT,
                                  VMM_COUNT_OF(hw_catalog_lines) };

/* ---- what is allowed ---- */

/* The levels of a TLB: which fields they are. */
static const struct {
    enum hw_field entries;
    enum hw_field ways;
} hw_catalog_levels[] = {
    { HW_FIELD_l1d_entries, HW_FIELD_l1d_ways },
    { HW_FIELD_l1i_entries, HW_FIELD_l1i_ways },
    { HW_FIELD_l2_entries, HW_FIELD_l2_ways },
    { HW_FIELD_l2i_entries, HW_FIELD_l2i_ways },
};

static bool
hw_catalog_check_level(const struct sheet_value *values, size_t level, struct vmm_text *why)
{
    uint64_t entries = values[hw_catalog_levels[level].entries].value;
    uint64_t ways = values[hw_catalog_levels[level].ways].value;
    const char *name = hw_catalog_fields[hw_catalog_levels[level].ways].name;

    if (entries == 0)
        return true;
    if (ways == 0 || ways > entries)
        vmm_text_format(why, "%s is %llu: from 1 to the %llu entries are allowed", name,
                        (unsigned long long)ways, (unsigned long long)entries);
    else if (entries % ways != 0)
        vmm_text_format(why, "%s is %llu: it must divide the %llu entries", name,
                        (unsigned long long)ways, (unsigned long long)entries);
    else if (values[HW_FIELD_replacement].value == HW_REPLACE_PLRU && ways > HW_PLRU_MAX_WAYS)
        vmm_text_format(why, "%s is %llu: with PLRU at most %u are allowed", name,
                        (unsigned long long)ways, (unsigned)HW_PLRU_MAX_WAYS);
    else
        return true;
    return false;
}

bool
hw_catalog_check(const struct sheet_value *values, struct vmm_text *why)
{
    for (size_t field = 0; field < HW_FIELD_COUNT; field++) {
        const struct sheet_field *about = &hw_catalog_fields[field];

        if (values[field].value >= about->minimum && values[field].value <= about->maximum)
            continue;
        vmm_text_format(why, "%s is %llu: from %llu to %llu is allowed", about->name,
                        (unsigned long long)values[field].value, (unsigned long long)about->minimum,
                        (unsigned long long)about->maximum);
        return false;
    }
    if (values[HW_FIELD_replacement].value == HW_REPLACE_PLRU &&
        values[HW_FIELD_l1d_large_entries].value > HW_PLRU_MAX_WAYS) {
        vmm_text_format(why, "l1d_large_entries is %llu: with PLRU at most %u are allowed",
                        (unsigned long long)values[HW_FIELD_l1d_large_entries].value,
                        (unsigned)HW_PLRU_MAX_WAYS);
        return false;
    }
    for (size_t level = 0; level < VMM_COUNT_OF(hw_catalog_levels); level++) {
        if (!hw_catalog_check_level(values, level, why))
            return false;
    }
    return true;
}

/* ---- a geometry ---- */

static struct hw_tlb_geometry
hw_catalog_level(const struct sheet_value *values, size_t level)
{
    uint32_t entries = (uint32_t)values[hw_catalog_levels[level].entries].value;
    uint32_t ways = (uint32_t)values[hw_catalog_levels[level].ways].value;

    return (struct hw_tlb_geometry){ entries == 0 ? 0 : entries / ways, entries == 0 ? 0 : ways };
}

/* The walker's tables, from the root down: three levels have no middle one. */
static void
hw_catalog_walks(const struct sheet_value *values, struct hw_geometry *geometry)
{
    geometry->walk_entries[1] = (uint32_t)values[HW_FIELD_walk_top_entries].value;
    if (geometry->levels > 3)
        geometry->walk_entries[2] = (uint32_t)values[HW_FIELD_walk_middle_entries].value;
    geometry->walk_entries[geometry->levels - 1] =
        (uint32_t)values[HW_FIELD_walk_leaf_entries].value;
}

void
hw_catalog_geometry(const struct sheet_value *values, const char *name,
                    struct hw_geometry *geometry)
{
    struct vmm_text text;

    *geometry =
        values[HW_FIELD_architecture].value == 0 ? hw_geometry_x86_64 : hw_geometry_arm64_16k;
    vmm_text_init(&text, geometry->name, sizeof(geometry->name));
    vmm_text_put(&text, name);
    VMM_ASSERT(!text.is_cut);
    vmm_text_init(&text, geometry->source, sizeof(geometry->source));
    vmm_text_put(&text, "vmmodel/hw/hw_catalog_rows.def");
    geometry->has_asids = values[HW_FIELD_address_space_ids].value != 0;
    geometry->replacement = (enum hw_replacement)values[HW_FIELD_replacement].value;
    geometry->l1 = hw_catalog_level(values, 0);
    geometry->l1i = hw_catalog_level(values, 1);
    geometry->l2 = hw_catalog_level(values, 2);
    geometry->l2i = hw_catalog_level(values, 3);
    geometry->large.sets = values[HW_FIELD_l1d_large_entries].value != 0;
    geometry->large.ways = (uint32_t)values[HW_FIELD_l1d_large_entries].value; /* one set: GUESS */
    hw_catalog_walks(values, geometry);
}
