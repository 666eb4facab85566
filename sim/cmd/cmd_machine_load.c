/*
 * cmd_machine_load.c - a machine by name, or from a file of a user's own numbers
 *
 *     { "name": "mine", "base": "skylake",
 *       "geometry": { "l2_entries": 2048, "l2_ways": 16 },
 *       "prices": { "trap": 250, "ipi_first": { "low": 300, "ns": 700, "high": 2000 } } }
 *
 * Prices are nanoseconds; a bare number is its own low and high. Whatever is wrong is said with the
 * file, the key and what is allowed.
 */
#include <string.h>

#include <jansson.h>

#include "cmd/cmd.h"

enum { CMD_MACHINE_BYTES_MAX = 1 << 20, CMD_MACHINE_WHY_BYTES = 240 };

/* What a loader carries: where it is, and where complaints go. */
struct machine_file {
    const char *file;
    struct io_bytes *err;
    struct machine *machine;
};

static bool
machine_wrong(const struct machine_file *in, const char *why)
{
    cmd_complain(in->err, "%s: %s", in->file, why);
    return false;
}

/* ---- keys ---- */

static bool
load_geometry_key(const struct machine_file *in, const char *key, const json_t *value)
{
    char bytes[CMD_MACHINE_WHY_BYTES];
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        vmm_text_format(&why, "\"%s\" in \"geometry\": a whole number from 0 up is allowed", key);
        return machine_wrong(in, bytes);
    }
    return machine_set_geometry(in->machine, key, (uint64_t)json_integer_value(value), &why) ||
           machine_wrong(in, bytes);
}

/* A number of a price's object; the default when the key is not there. False: it is no number. */
static bool
price_part(const json_t *object, const char *key, double otherwise, double *number)
{
    const json_t *value = json_object_get(object, key);

    *number = value == NULL ? otherwise : json_number_value(value);
    return value == NULL || json_is_number(value);
}

static bool
price_parts(const json_t *value, double *low, double *ns, double *high)
{
    const char *key;
    json_t *part;

    if (json_is_number(value)) {
        *low = *ns = *high = json_number_value(value);
        return true;
    }
    if (!json_is_object(value) || !json_is_number(json_object_get(value, "ns")))
        return false;
    json_object_foreach((json_t *)(uintptr_t)value, key, part)
    {
        if (strcmp(key, "low") != 0 && strcmp(key, "ns") != 0 && strcmp(key, "high") != 0)
            return false;
    }
    return price_part(value, "ns", 0, ns) && price_part(value, "low", *ns, low) &&
           price_part(value, "high", *ns, high);
}

static bool
load_price_key(const struct machine_file *in, const char *key, const json_t *value)
{
    char bytes[CMD_MACHINE_WHY_BYTES];
    struct vmm_text why;
    double low, ns, high;

    vmm_text_init(&why, bytes, sizeof bytes);
    if (!price_parts(value, &low, &ns, &high)) {
        vmm_text_format(&why,
                        "\"%s\" in \"prices\": a number of nanoseconds is allowed, or "
                        "{ \"low\": .., \"ns\": .., \"high\": .. }",
                        key);
        return machine_wrong(in, bytes);
    }
    return machine_set_price(in->machine, key, low, ns, high, &why) || machine_wrong(in, bytes);
}

static bool
load_keys(const struct machine_file *in, json_t *object, const char *name,
          bool (*load)(const struct machine_file *in, const char *key, const json_t *value))
{
    char bytes[CMD_MACHINE_WHY_BYTES];
    const char *key;
    struct vmm_text why;
    json_t *value;

    vmm_text_init(&why, bytes, sizeof bytes);
    if (object == NULL)
        return true;
    if (!json_is_object(object)) {
        vmm_text_format(&why, "\"%s\": an object of names and numbers is allowed", name);
        return machine_wrong(in, bytes);
    }
    json_object_foreach(object, key, value)
    {
        if (!load(in, key, value))
            return false;
    }
    return true;
}

/* ---- the file ---- */

static bool
load_top_keys(const struct machine_file *in, json_t *root)
{
    static const char *const known[] = { "name", "base", "geometry", "prices" };
    char bytes[CMD_MACHINE_WHY_BYTES];
    struct vmm_text why;
    const char *key;
    json_t *value;

    json_object_foreach(root, key, value)
    {
        size_t at = 0;

        while (at < VMM_COUNT_OF(known) && strcmp(known[at], key) != 0)
            at++;
        if (at < VMM_COUNT_OF(known))
            continue;
        vmm_text_init(&why, bytes, sizeof bytes);
        vmm_text_format(&why,
                        "unknown key \"%s\": \"name\", \"base\", \"geometry\" and \"prices\" are "
                        "allowed",
                        key);
        return machine_wrong(in, bytes);
    }
    return true;
}

static bool
load_unknown_base(const struct machine_file *in, const char *name)
{
    char bytes[CMD_MACHINE_WHY_BYTES];
    const char *nearest = machine_nearest(name);
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    if (nearest != NULL)
        vmm_text_format(&why, "\"base\": no machine '%s': did you mean '%s'?", name, nearest);
    else
        vmm_text_put(&why, "\"base\": the name of a machine is allowed: 'faultline machines' "
                           "lists them");
    return machine_wrong(in, bytes);
}

static bool
load_base(const struct machine_file *in, json_t *root)
{
    const json_t *base = json_object_get(root, "base");

    if (json_is_string(base) && !machine_find(json_string_value(base), in->machine))
        return load_unknown_base(in, json_string_value(base));
    if (!json_is_string(base))
        return machine_wrong(in, "\"base\": the name of a machine is allowed: 'faultline machines' "
                                 "lists them");
    in->machine->label = "a user's own machine";
    return true;
}

static bool
load_name(const struct machine_file *in, json_t *root)
{
    const json_t *name = json_object_get(root, "name");
    const char *text = name == NULL ? "mine" : json_is_string(name) ? json_string_value(name) : "";
    char bytes[CMD_MACHINE_WHY_BYTES];
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    return machine_set_name(in->machine, text, &why) || machine_wrong(in, bytes);
}

static bool
load_root(const struct machine_file *in, json_t *root)
{
    struct hw_geometry geometry;
    char bytes[CMD_MACHINE_WHY_BYTES];
    struct vmm_text why;

    if (!json_is_object(root))
        return machine_wrong(in, "an object is allowed: { \"base\": .., \"geometry\": {..}, "
                                 "\"prices\": {..} }");
    if (!load_top_keys(in, root) || !load_base(in, root) || !load_name(in, root) ||
        !load_keys(in, json_object_get(root, "geometry"), "geometry", load_geometry_key) ||
        !load_keys(in, json_object_get(root, "prices"), "prices", load_price_key))
        return false;
    vmm_text_init(&why, bytes, sizeof bytes);
    return machine_geometry(in->machine, &geometry, &why) || machine_wrong(in, bytes);
}

static bool
load_file(const struct machine_file *in)
{
    struct io_bytes source = { 0 };
    json_error_t error;
    json_t *root;
    bool is_whole;

    if (!cmd_read_file(in->file, CMD_MACHINE_BYTES_MAX, &source, in->err)) {
        io_bytes_free(&source);
        return false;
    }
    root = json_loadb(source.data != NULL ? source.data : "", source.length, JSON_REJECT_DUPLICATES,
                      &error);
    io_bytes_free(&source);
    if (root == NULL) {
        cmd_complain(in->err, "%s:%d:%d: no JSON: %s", in->file, error.line, error.column,
                     error.text);
        return false;
    }
    is_whole = load_root(in, root);
    json_decref(root);
    return is_whole;
}

bool
cmd_machine_load(const char *name, struct machine *machine, struct io_bytes *err)
{
    struct machine_file in = { name, err, machine };
    const char *nearest = machine_nearest(name);

    if (machine_find(name, machine))
        return true;
    if (strchr(name, '/') != NULL || strstr(name, ".json") != NULL)
        return load_file(&in);
    if (nearest != NULL)
        cmd_complain(err, "faultline: unknown machine '%s': did you mean '%s'?", name, nearest);
    else
        cmd_complain(err,
                     "faultline: unknown machine '%s': 'faultline machines' lists them, and a "
                     "file of your own ends in .json",
                     name);
    return false;
}

bool
cmd_machine_shape(const char *name, struct machine *machine, struct hw_geometry *geometry,
                  struct io_bytes *err)
{
    char bytes[160];
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    if (!cmd_machine_load(name, machine, err))
        return false;
    if (machine_geometry(machine, geometry, &why))
        return true;
    cmd_complain(err, "%s: %s", name, bytes);
    return false;
}
