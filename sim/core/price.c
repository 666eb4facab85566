/* price.c - see price.h */
#include "price.h"

#include <string.h>

#include "core_json.h"

/* ---- sums ---- */

void
price_of_step(const struct scn_report *report, const struct scn_step *step, uint64_t page_bytes,
              struct cost_sum *sum)
{
    struct cost cost;

    cost_init(&cost, page_bytes);
    for (uint64_t i = 0; i < step->event_count; i++)
        cost.sink.see(&cost.sink, &report->events[step->first_event + i]);
    cost.sum.quantity[COST_tlb_l2_hit] += step->accesses.l2_hits;
    cost.sum.quantity[COST_walk_read] += step->accesses.walk_reads;
    *sum = cost.sum;
}

/* The sum of the steps from `first` on. */
static void
price_from(const struct scn_report *report, size_t first, uint64_t page_bytes, struct cost_sum *sum)
{
    *sum = (struct cost_sum){ .quantity = { 0 } };
    for (size_t i = first; i < report->step_count; i++) {
        struct cost_sum step;

        price_of_step(report, &report->steps[i], page_bytes, &step);
        cost_add(sum, &step);
    }
}

/* The verb of a line: its first word, or the one behind "NAME =". */
static size_t
price_verb(const char *source, const char **verb)
{
    const char *equals = strstr(source, " = ");
    size_t name = strcspn(source, " \t");

    *verb = source;
    if (equals != NULL && strspn(source + name, " \t") >= (size_t)(equals - source) - name)
        *verb = equals + 3;
    *verb += strspn(*verb, " \t");
    return strcspn(*verb, " \t");
}

void
price_since_mark(const struct scn_report *report, uint64_t page_bytes, struct cost_sum *sum)
{
    size_t first = report->step_count;
    const char *verb;

    while (first > 0 && (price_verb(report->steps[first - 1].source, &verb) != strlen("mark") ||
                         memcmp(verb, "mark", strlen("mark")) != 0))
        first--;
    price_from(report, first, page_bytes, sum);
}

/* Sums the steps with the verb of step `first`; false when an earlier step has the same one. */
static bool
price_of_verb(const struct scn_report *report, size_t first, uint64_t page_bytes,
              struct cost_sum *sum, const char **verb, size_t *length)
{
    *sum = (struct cost_sum){ .quantity = { 0 } };
    *length = price_verb(report->steps[first].source, verb);
    for (size_t i = 0; i < report->step_count; i++) {
        const char *other;
        struct cost_sum step;

        if (price_verb(report->steps[i].source, &other) != *length ||
            memcmp(other, *verb, *length) != 0)
            continue;
        if (i < first)
            return false;
        price_of_step(report, &report->steps[i], page_bytes, &step);
        cost_add(sum, &step);
    }
    return true;
}

/* ---- text ---- */

enum { PRICE_COLUMN = 20 };

static void
put_row(const struct core_out *out, const char *name, size_t length, struct cost_time time)
{
    core_put(out, "  ");
    core_put_bytes(out, name, length);
    core_put_spaces(out, length < PRICE_COLUMN ? PRICE_COLUMN - length : 1);
    machine_put_range(out, time);
    core_put(out, "\n");
}

static void
put_floors(const struct core_out *out, const struct cost_sum *sum, const struct machine *machine)
{
    core_put(out, "\nby floor\n");
    for (size_t floor = 0; floor < COST_FLOOR_COUNT; floor++) {
        const char *name = cost_floor_name((enum cost_floor)floor);
        struct cost_time time = cost_of_floor(sum, (enum cost_floor)floor, machine->prices);

        if (time.high != 0)
            put_row(out, name, strlen(name), time);
    }
}

static void
put_items(const struct core_out *out, const struct cost_sum *sum, const struct machine *machine)
{
    core_put(out, "\nby cause\n");
    for (size_t item = 0; item < COST_ITEM_COUNT; item++) {
        const struct sheet_field *about = &cost_prices.fields[item];

        if (sum->quantity[item] == 0)
            continue;
        CORE_PUT(out, "  %s", about->name);
        core_put_spaces(out, PRICE_COLUMN - strlen(about->name));
        machine_put_range(out, cost_of_item(sum, (enum cost_item)item, machine->prices));
        CORE_PUT(out, ": %llu x ", (unsigned long long)sum->quantity[item]);
        machine_put_time(out, machine->prices[item].value);
        CORE_PUT(out, "%s\n",
                 strncmp(machine->prices[item].source, "GUESS", 5) == 0 ? ", a GUESS" : "");
    }
}

static void
put_verbs(const struct core_out *out, const struct scn_report *report,
          const struct machine *machine, uint64_t page_bytes)
{
    core_put(out, "\nby verb\n");
    for (size_t i = 0; i < report->step_count; i++) {
        const char *verb;
        struct cost_sum sum;
        size_t length;

        if (price_of_verb(report, i, page_bytes, &sum, &verb, &length) &&
            cost_total(&sum, machine->prices).high != 0)
            put_row(out, verb, length, cost_total(&sum, machine->prices));
    }
}

static void
put_lines(const struct core_out *out, const struct scn_report *report,
          const struct machine *machine, uint64_t page_bytes)
{
    core_put(out, "\nby line\n");
    for (size_t i = 0; i < report->step_count; i++) {
        struct cost_sum sum;

        price_of_step(report, &report->steps[i], page_bytes, &sum);
        if (cost_total(&sum, machine->prices).high == 0)
            continue;
        CORE_PUT(out, "  %4u  ", (unsigned)report->steps[i].line);
        machine_put_range(out, cost_total(&sum, machine->prices));
        core_put(out, "  ");
        core_put_clean(out, report->steps[i].source);
        core_put(out, "\n");
    }
}

void
price_text(const struct core_out *out, const char *file, const struct scn_report *report,
           const struct machine *machine, uint64_t page_bytes)
{
    struct vm_profile profile;
    struct cost_sum sum;

    vm_profile_at(report->profile, &profile);
    price_from(report, 0, page_bytes, &sum);
    core_put_clean(out, file);
    CORE_PUT(out, ": %s on %s: ", profile.name, machine->name);
    machine_put_range(out, cost_total(&sum, machine->prices));
    core_put(out, "\n");
    put_floors(out, &sum, machine);
    put_items(out, &sum, machine);
    put_verbs(out, report, machine, page_bytes);
    put_lines(out, report, machine, page_bytes);
}

/* ---- JSON ---- */

static void
json_items(const struct core_out *out, const struct cost_sum *sum, const struct machine *machine)
{
    size_t shown = 0;

    for (size_t item = 0; item < COST_ITEM_COUNT; item++) {
        struct core_json object;

        if (sum->quantity[item] == 0)
            continue;
        core_json_element(out, shown++);
        object = core_json_begin(out);
        core_json_string(&object, "item", cost_prices.fields[item].name);
        core_json_string(&object, "floor", cost_floor_name(cost_item_floor((enum cost_item)item)));
        core_json_number(&object, "quantity", sum->quantity[item]);
        machine_json_range(&object, "time",
                           cost_of_item(sum, (enum cost_item)item, machine->prices));
        core_json_string(&object, "source", machine->prices[item].source);
        core_json_end(&object);
    }
}

static void
json_lines(const struct core_out *out, const struct scn_report *report,
           const struct machine *machine, uint64_t page_bytes)
{
    size_t shown = 0;

    for (size_t i = 0; i < report->step_count; i++) {
        struct core_json object;
        struct cost_sum sum;

        price_of_step(report, &report->steps[i], page_bytes, &sum);
        if (cost_total(&sum, machine->prices).high == 0)
            continue;
        core_json_element(out, shown++);
        object = core_json_begin(out);
        core_json_number(&object, "line", report->steps[i].line);
        core_json_string(&object, "source", report->steps[i].source);
        machine_json_range(&object, "time", cost_total(&sum, machine->prices));
        core_json_end(&object);
    }
}

void
price_json(const struct core_out *out, const char *file, const struct scn_program *program,
           const struct scn_report *report, const struct machine *machine, uint64_t page_bytes)
{
    struct core_json object = core_json_begin(out);
    struct cost_sum sum;

    price_from(report, 0, page_bytes, &sum);
    core_json_string(&object, "file", file);
    core_json_string(&object, "title", scn_program_title(program));
    core_json_profile(&object, report->profile);
    core_json_string(&object, "machine", machine->name);
    machine_json_range(&object, "time", cost_total(&sum, machine->prices));
    machine_json_range(&object, "other_cpus", cost_of_floor(&sum, COST_OTHERS, machine->prices));
    core_json_list(&object, "items");
    json_items(out, &sum, machine);
    core_json_list_end(out);
    core_json_list(&object, "lines");
    json_lines(out, report, machine, page_bytes);
    core_json_list_end(out);
    core_json_end(&object);
}
