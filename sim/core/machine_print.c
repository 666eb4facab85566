/* machine_print.c - machines as text and as JSON, and times as people read them */
#include "core_json.h"
#include "machine.h"

#include <string.h>

/* ---- times ---- */

/* A number of thousandths with at most one digit behind the point: "0.35" only below 1. */
static void
put_thousandths(const struct core_out *out, uint64_t thousandths)
{
    uint64_t whole = thousandths / 1000;

    if (whole >= 100)
        CORE_PUT(out, "%llu", (unsigned long long)((thousandths + 500) / 1000));
    else if (whole >= 1 || thousandths == 0)
        CORE_PUT(out, "%llu.%llu", (unsigned long long)((thousandths + 50) / 1000),
                 (unsigned long long)((thousandths + 50) / 100 % 10));
    else
        CORE_PUT(out, "0.%02llu", (unsigned long long)((thousandths + 5) / 10));
}

void
machine_put_time(const struct core_out *out, uint64_t ps)
{
    static const char *const units[] = { " ns", " us", " ms", " s" };
    size_t unit = 0;

    for (; ps >= 1000000 && unit + 1 < VMM_COUNT_OF(units); unit++)
        ps = (ps + 500) / 1000;
    put_thousandths(out, ps);
    core_put(out, units[unit]);
}

void
machine_put_range(const struct core_out *out, struct cost_time time)
{
    machine_put_time(out, time.value);
    if (time.low == time.high)
        return;
    core_put(out, " (");
    machine_put_time(out, time.low);
    core_put(out, " to ");
    machine_put_time(out, time.high);
    core_put(out, ")");
}

void
machine_json_range(struct core_json *object, const char *name, struct cost_time time)
{
    struct core_json range;

    core_json_key(object, name);
    range = core_json_begin(object->out);
    core_json_number(&range, "low_ps", time.low);
    core_json_number(&range, "ps", time.value);
    core_json_number(&range, "high_ps", time.high);
    core_json_end(&range);
}

/* ---- text ---- */

void
machine_list_text(const struct core_out *out)
{
    for (size_t i = 0; i < machine_count(); i++) {
        const char *name = machine_name_at(i);

        core_put(out, name);
        core_put_spaces(out, strlen(name) < 14 ? 14 - strlen(name) : 1);
        CORE_PUT(out, "%s\n", sheet_row_label(&hw_catalog, i));
    }
}

void
machine_show_text(const struct core_out *out, const struct machine *machine)
{
    CORE_PUT(out, "%s: %s\n\naddress translation\n", machine->name, machine->label);
    for (size_t i = 0; i < HW_FIELD_COUNT; i++) {
        const struct sheet_field *field = &hw_catalog.fields[i];

        CORE_PUT(out, "\n%s = %llu (%s)\n    %s\n    %s\n", field->name,
                 (unsigned long long)machine->geometry[i].value, field->unit, field->text,
                 machine->geometry[i].source);
    }
    core_put(out, "\nprices\n");
    for (size_t i = 0; i < COST_ITEM_COUNT; i++) {
        const struct sheet_field *item = &cost_prices.fields[i];
        const struct sheet_value *price = &machine->prices[i];

        CORE_PUT(out, "\n%s = ", item->name);
        machine_put_range(out, (struct cost_time){ price->low, price->value, price->high });
        CORE_PUT(out, " %s, %s\n    %s\n    %s\n", item->unit + strlen("ps "),
                 cost_floor_name(cost_item_floor((enum cost_item)i)), item->text, price->source);
    }
}

/* ---- JSON ---- */

void
machine_list_json(const struct core_out *out)
{
    struct core_json answer = core_json_begin_answer(out, "machines");

    core_json_list(&answer, "machines");
    for (size_t i = 0; i < machine_count(); i++) {
        struct core_json object;

        core_json_element(out, i);
        object = core_json_begin(out);
        core_json_string(&object, "name", machine_name_at(i));
        core_json_string(&object, "label", sheet_row_label(&hw_catalog, i));
        core_json_end(&object);
    }
    core_json_list_end(out);
    core_json_end_answer(&answer);
}

/* One field of a sheet with its value and source. */
static void
json_value(const struct core_out *out, size_t index, const struct sheet_field *field,
           const struct sheet_value *value, bool is_price)
{
    struct core_json object;

    core_json_element(out, index);
    object = core_json_begin(out);
    core_json_string(&object, "name", field->name);
    core_json_string(&object, "unit", field->unit);
    core_json_string(&object, "text", field->text);
    core_json_number(&object, "value", value->value);
    if (is_price) {
        core_json_number(&object, "low", value->low);
        core_json_number(&object, "high", value->high);
    }
    core_json_string(&object, "source", value->source);
    core_json_end(&object);
}

void
machine_show_json(const struct core_out *out, const struct machine *machine)
{
    struct core_json answer = core_json_begin_answer(out, "machines");

    core_json_string(&answer, "name", machine->name);
    core_json_string(&answer, "label", machine->label);
    core_json_list(&answer, "geometry");
    for (size_t i = 0; i < HW_FIELD_COUNT; i++)
        json_value(out, i, &hw_catalog.fields[i], &machine->geometry[i], false);
    core_json_list_end(out);
    core_json_list(&answer, "prices");
    for (size_t i = 0; i < COST_ITEM_COUNT; i++)
        json_value(out, i, &cost_prices.fields[i], &machine->prices[i], true);
    core_json_list_end(out);
    core_json_end_answer(&answer);
}
