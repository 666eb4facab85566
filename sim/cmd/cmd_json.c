/* cmd_json.c - see cmd_json.h */
#include "cmd/cmd_json.h"

enum { CMD_JSON_BYTES_MAX = 64 << 20 };

static json_t *
parse(const char *file, const struct io_bytes *source, struct io_bytes *err)
{
    json_error_t error;
    json_t *root = json_loadb(source->data != NULL ? source->data : "", source->length,
                              JSON_REJECT_DUPLICATES, &error);

    if (root == NULL)
        cmd_complain(err, "%s:%d:%d: no JSON: %s", file, error.line, error.column, error.text);
    return root;
}

static bool
has_list(const json_t *root, const char *list)
{
    if (list != NULL)
        return json_is_array(json_object_get(root, list));
    return json_is_array(json_object_get(root, "runs")) ||
           json_is_array(json_object_get(root, "answers"));
}

json_t *
cmd_json_load(const char *file, const char *list, struct io_bytes *err)
{
    struct io_bytes source = { 0 };
    json_t *root = NULL;

    if (cmd_read_file(file, CMD_JSON_BYTES_MAX, &source, err))
        root = parse(file, &source, err);
    io_bytes_free(&source);
    if (root != NULL && !has_list(root, list)) {
        cmd_complain(err,
                     "%s: has no list of %s: an answer of 'faultline run --json' or "
                     "'faultline contract --json' is wanted",
                     file, list != NULL ? list : "runs or answers");
        json_decref(root);
        root = NULL;
    }
    return root;
}

const char *
cmd_json_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

bool
cmd_json_number(const json_t *object, const char *key, int64_t *number)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value))
        return false;
    *number = json_integer_value(value);
    return true;
}
