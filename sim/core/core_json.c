/*
 * core_json.c - see core_json.h
 */
#include "core_json.h"

#include "version.h"

struct core_json
core_json_begin(const struct core_out *out)
{
    core_put(out, "{");
    return (struct core_json){ out, false };
}

void
core_json_end(const struct core_json *object)
{
    core_put(object->out, "}");
}

struct core_json
core_json_begin_answer(const struct core_out *out, const char *verb)
{
    struct core_json object = core_json_begin(out);

    core_json_number(&object, "schema", 1);
    core_json_string(&object, "program", "faultline");
    core_json_string(&object, "version", FAULTLINE_VERSION);
    core_json_string(&object, "verb", verb);
    return object;
}

void
core_json_end_answer(const struct core_json *object)
{
    core_json_end(object);
    core_put(object->out, "\n");
}

void
core_json_key(struct core_json *object, const char *name)
{
    core_format(object->out, "%s\"%s\": ", object->has_keys ? ", " : "", name);
    object->has_keys = true;
}

void
core_json_list(struct core_json *object, const char *name)
{
    core_json_key(object, name);
    core_put(object->out, "[");
}

void
core_json_element(const struct core_out *out, size_t index)
{
    core_put(out, index > 0 ? ",\n      " : "\n      ");
}

void
core_json_list_end(const struct core_out *out)
{
    core_put(out, "]");
}

void
core_json_string(struct core_json *object, const char *name, const char *value)
{
    core_json_key(object, name);
    if (value != NULL)
        core_put_json(object->out, value);
    else
        core_put(object->out, "null");
}

void
core_json_number(struct core_json *object, const char *name, uint64_t value)
{
    core_json_key(object, name);
    core_format(object->out, "%llu", (unsigned long long)value);
}

void
core_json_bool(struct core_json *object, const char *name, bool value)
{
    core_json_key(object, name);
    core_put(object->out, value ? "true" : "false");
}

void
core_json_hex(struct core_json *object, const char *name, uint64_t value)
{
    core_json_key(object, name);
    core_format(object->out, "\"0x%llx\"", (unsigned long long)value);
}

void
core_json_status(struct core_json *object, const char *name, int32_t status)
{
    struct core_json inner;

    core_json_key(object, name);
    inner = core_json_begin(object->out);
    core_json_key(&inner, "code");
    core_format(object->out, "%d", (int)status);
    core_json_string(&inner, "name", vmm_status_name((enum vmm_status)status));
    core_json_end(&inner);
}

void
core_json_profile(struct core_json *object, size_t row)
{
    struct vm_profile profile;
    struct core_json inner;

    vm_profile_at(row, &profile);
    core_json_key(object, "profile");
    inner = core_json_begin(object->out);
    core_json_string(&inner, "name", profile.name);
    core_json_string(&inner, "label", profile.label);
    core_json_string(&inner, "tag", profile.tag);
    core_json_bool(&inner, "release", profile.is_release);
    core_json_end(&inner);
}
