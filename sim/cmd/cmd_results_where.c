/* cmd_results_where.c - see cmd_results_where.h */
#include "cmd/cmd_results_where.h"

#include <string.h>

#include "core/core_out.h"

enum { WHERE_VALUES_SHOWN = 12 };

/* ---- names ---- */

void
results_note_counted(json_t *names, const struct store_row *row)
{
    json_t *values = json_loads(row->values, 0, NULL);
    const char *name;
    json_t *value;

    json_object_foreach(values, name, value) json_object_set_new(names, name, json_true());
    json_decref(values);
}

static void
where_note_counted(void *context, const struct store_row *row)
{
    results_note_counted(context, row);
}

/* Every name that a condition on this run may have. NULL: memory ran out, or the rows cannot be read. */
static json_t *
where_names(struct store *store, const struct store_query *query, const json_t *params)
{
    const struct store_query all = { .run = query->run };
    json_t *names = json_object();
    const json_t *param;
    size_t i;

    json_array_foreach(params, i, param)
        json_object_set_new(names, json_string_value(param), json_true());
    for (i = 0; store_column_name(i) != NULL; i++)
        json_object_set_new(names, store_column_name(i), json_true());
    if (!store_each_row(store, &all, where_note_counted, names)) {
        json_decref(names);
        return NULL;
    }
    for (uint32_t kind = 0; kind < EV_KIND_COUNT; kind++)
        json_object_set_new(names, trace_kind_name((enum trace_kind)kind), json_true());
    return names;
}

static void
where_refuse(const char *name, const json_t *names, const json_t *params, struct io_bytes *err)
{
    char bytes[256];
    struct vmm_text text;
    struct scn_guess guess;
    const char *known;
    const json_t *value;
    size_t i;

    scn_guess_init(&guess, name, strlen(name));
    json_object_foreach((json_t *)(uintptr_t)names, known, value) scn_guess_offer(&guess, known);
    vmm_text_init(&text, bytes, sizeof bytes);
    if (guess.word != NULL)
        vmm_text_format(&text, "did you mean '%s'?", guess.word);
    else
        vmm_text_put(&text,
                     json_array_size(params) > 0 ? "its parameters are" : "it has no parameters");
    json_array_foreach(params, i, value)
    {
        if (guess.word == NULL)
            vmm_text_format(&text, "%s %s", i > 0 ? "," : "", json_string_value(value));
    }
    cmd_complain(err, "faultline: '%s' is no parameter and no value of this run: %s", name, bytes);
}

bool
results_where_check(struct store *store, const struct store_query *query, const json_t *params,
                    struct io_bytes *err)
{
    json_t *names = query->where_count > 0 ? where_names(store, query, params) : json_object();
    bool is_known = true;

    if (names == NULL)
        cmd_complain(err, "faultline: the rows cannot be read: %s", store_why(store));
    for (size_t i = 0; names != NULL && is_known && i < query->where_count; i++) {
        is_known = json_object_get(names, query->where[i].name) != NULL;
        if (!is_known)
            where_refuse(query->where[i].name, names, params, err);
    }
    json_decref(names);
    return names != NULL && is_known;
}

/* ---- values ---- */

/* The values that one name takes in a run's rows. */
struct where_values {
    const char *name;
    json_t *found; /* a set that keeps its order */
};

static void
where_note_value(void *context, const struct store_row *row)
{
    struct where_values *values = context;
    json_t *params = json_loads(row->params, 0, NULL);
    const char *text =
        store_column_of(row, values->name); /* a column hides a parameter: see store_where_sql() */

    if (text == NULL)
        text = json_string_value(json_object_get(params, values->name));
    if (text != NULL)
        json_object_set_new(values->found, text, json_true());
    json_decref(params);
}

static void
where_count(void *context, const struct store_row *row)
{
    (void)row;
    ++*(size_t *)context;
}

/* "did you mean 'wire'?", or "the values are 1, 2"; nothing for what is counted. */
static void
where_put_values(struct store *store, const struct store_query *query,
                 const struct store_where *where, struct vmm_text *text)
{
    const struct store_query all = { .run = query->run };
    struct where_values values = { where->name, json_object() };
    struct scn_guess guess;
    const char *known;
    const json_t *value;
    size_t shown = 0;

    (void)store_each_row(store, &all, where_note_value, &values);
    scn_guess_init(&guess, where->value, strlen(where->value));
    json_object_foreach(values.found, known, value) scn_guess_offer(&guess, known);
    if (guess.word != NULL)
        vmm_text_format(text, ": did you mean '%s'?", guess.word);
    json_object_foreach(values.found, known, value)
    {
        if (guess.word == NULL && shown < WHERE_VALUES_SHOWN)
            vmm_text_format(text, "%s%s", shown++ > 0 ? ", " : ": the values are ", known);
    }
    if (shown < json_object_size(values.found) && guess.word == NULL)
        vmm_text_put(text, " ...");
    json_decref(values.found);
}

void
results_where_explain(struct store *store, const struct store_query *query, const char *path,
                      struct io_bytes *err)
{
    for (size_t i = 0; i < query->where_count; i++) {
        const struct store_query one = { query->run, &query->where[i], 1 };
        size_t count = 0;
        char bytes[256];
        struct vmm_text text;

        if (!store_each_row(store, &one, where_count, &count) || count > 0)
            continue;
        vmm_text_init(&text, bytes, sizeof bytes);
        where_put_values(store, query, &query->where[i], &text);
        cmd_complain(err, "%s: no row has %s=%s%s", path, query->where[i].name,
                     query->where[i].value, bytes);
        return;
    }
    cmd_complain(err,
                 query->where_count > 0 ? "%s: no row has all of these at once"
                                        : "%s: the run has no rows yet",
                 path);
}
