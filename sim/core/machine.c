/* machine.c - see machine.h */
#include "machine.h"

#include <string.h>

#include "scn_words.h"

size_t
machine_count(void)
{
    return sheet_row_count(&hw_catalog);
}

const char *
machine_name_at(size_t index)
{
    return sheet_row_name(&hw_catalog, index);
}

const char *
machine_nearest(const char *name)
{
    struct scn_guess guess;

    scn_guess_init(&guess, name, strlen(name));
    for (size_t i = 0; i < machine_count(); i++)
        scn_guess_offer(&guess, machine_name_at(i));
    return guess.word;
}

bool
machine_find(const char *name, struct machine *machine)
{
    size_t shape;
    size_t price;
    struct vmm_text text;

    if (!sheet_row_find(&hw_catalog, name, strlen(name), &shape) ||
        !sheet_row_find(&cost_prices, name, strlen(name), &price))
        return false;
    vmm_text_init(&text, machine->name, sizeof machine->name);
    vmm_text_put(&text, name);
    machine->label = sheet_row_label(&hw_catalog, shape);
    sheet_row_values(&hw_catalog, shape, machine->geometry);
    sheet_row_values(&cost_prices, price, machine->prices);
    return true;
}

/* ---- a user's own name and numbers ---- */

/* A name stands in reports, in rows of CSV and in pictures as it is. */
static bool
machine_may_hold(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || (letter != '\0' && strchr("-_. ", letter) != NULL);
}

bool
machine_set_name(struct machine *machine, const char *name, struct vmm_text *why)
{
    size_t length = 0;
    struct vmm_text text;

    while (machine_may_hold(name[length]))
        length++;
    if (length == 0 || length >= sizeof machine->name || name[length] != '\0') {
        vmm_text_format(
            why, "\"name\": 1 to %u of letters, digits, '-', '_', '.' and blanks are allowed",
            (unsigned)sizeof machine->name - 1);
        return false;
    }
    vmm_text_init(&text, machine->name, sizeof machine->name);
    vmm_text_put(&text, name);
    return true;
}

static bool
machine_field(const struct sheet *sheet, const char *key, size_t *field, struct vmm_text *why)
{
    struct scn_guess guess;

    if (sheet_field_find(sheet, key, strlen(key), field))
        return true;
    scn_guess_init(&guess, key, strlen(key));
    for (size_t i = 0; i < sheet->field_count; i++)
        scn_guess_offer(&guess, sheet->fields[i].name);
    if (guess.word != NULL)
        vmm_text_format(why, "unknown key \"%s\": did you mean \"%s\"?", key, guess.word);
    else
        vmm_text_format(why, "unknown key \"%s\": 'faultline machines show skylake' lists the keys",
                        key);
    return false;
}

bool
machine_set_geometry(struct machine *machine, const char *key, uint64_t number,
                     struct vmm_text *why)
{
    const struct sheet_field *about;
    size_t field;

    if (!machine_field(&hw_catalog, key, &field, why))
        return false;
    about = &hw_catalog.fields[field];
    if (number < about->minimum || number > about->maximum) {
        vmm_text_format(why, "\"%s\" is %llu: from %llu to %llu is allowed", key,
                        (unsigned long long)number, (unsigned long long)about->minimum,
                        (unsigned long long)about->maximum);
        return false;
    }
    machine->geometry[field] = (struct sheet_value){ number, number, number, "the user's own" };
    return true;
}

#define MACHINE_MOST_NS 1e9

bool
machine_set_price(struct machine *machine, const char *key, double low, double value, double high,
                  struct vmm_text *why)
{
    size_t field;

    if (!machine_field(&cost_prices, key, &field, why))
        return false;
    if (!(low >= 0 && value >= 0 && high <= MACHINE_MOST_NS)) {
        vmm_text_format(why, "\"%s\": prices are from 0 to 1000000000 ns", key);
        return false;
    }
    if (!(low <= value && value <= high)) {
        vmm_text_format(why, "\"%s\": low may not be above ns, nor ns above high", key);
        return false;
    }
    machine->prices[field] =
        (struct sheet_value){ (uint64_t)(value * 1000.0 + 0.5), (uint64_t)(low * 1000.0 + 0.5),
                              (uint64_t)(high * 1000.0 + 0.5), "the user's own" };
    return true;
}

bool
machine_geometry(const struct machine *machine, struct hw_geometry *geometry, struct vmm_text *why)
{
    if (!hw_catalog_check(machine->geometry, why))
        return false;
    hw_catalog_geometry(machine->geometry, machine->name, geometry);
    return true;
}
