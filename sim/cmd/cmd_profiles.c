/*
 * cmd_profiles.c - faultline profiles: the releases, and what each one does
 */
#include <inttypes.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/core_out.h"
#include "core/version.h"

const char cmd_profiles_help[] =
    "usage: faultline profiles [--json]\n"
    "       faultline profiles show NAME [--json]\n"
    "\n"
    "Lists the releases, oldest first, or shows every behaviour of one release: its\n"
    "value, the release that set it, and where it was read. A plain name such as\n"
    "macos-10.12 means that release's last row. seed-view is no release: it is what\n"
    "the report believed of 10.9.\n"
    "\n"
    "  --json   print one JSON object\n"
    "  --help   this page\n"
    "\n"
    "example:\n"
    "  faultline profiles show macos-10.11\n";

struct listing {
    bool is_json;
    bool shows_one;
    size_t row;
    int code;
};

static void
value_text(const struct vm_profile_field *field, char text[64])
{
    struct vmm_text value;

    vmm_text_init(&value, text, 64);
    if (field->value_name != NULL)
        vmm_text_put(&value, field->value_name);
    else
        vmm_text_format(&value, "%llu", (unsigned long long)field->value);
}

/* ---- text ---- */

static void
print_list(struct io_bytes *out)
{
    struct vm_profile profile;

    for (size_t row = 0; row < vm_profile_count(); row++) {
        vm_profile_at(row, &profile);
        io_bytes_format(out, "%-15s %s (%s)\n", profile.name, profile.label, profile.tag);
    }
}

static void
print_one(struct io_bytes *out, size_t row)
{
    struct vm_profile profile;
    struct vm_profile_field field;
    char value[64];

    vm_profile_at(row, &profile);
    io_bytes_format(out, "%s: %s\nread from %s\n", profile.name, profile.label, profile.tag);
    for (size_t i = 0; i < vm_profile_field_count(); i++) {
        vm_profile_field_at(row, i, &field);
        value_text(&field, value);
        io_bytes_format(out, "\n%s = %s\n    %s\n    since %s: %s\n", field.name, value, field.text,
                        field.since, field.source);
    }
}

/* ---- JSON ---- */

static void
json_pair(const struct core_out *to, const char *before, const char *key, const char *text)
{
    CORE_PUT(to, "%s\"%s\": ", before, key);
    if (text != NULL)
        core_put_json(to, text);
    else
        core_put(to, "null");
}

static void
json_profile(const struct core_out *to, const struct vm_profile *profile)
{
    json_pair(to, "", "name", profile->name);
    json_pair(to, ", ", "label", profile->label);
    json_pair(to, ", ", "tag", profile->tag);
    CORE_PUT(to, ", \"is_release\": %s", profile->is_release ? "true" : "false");
}

static void
json_list(const struct core_out *to)
{
    struct vm_profile profile;

    core_put(to, "  \"profiles\": [");
    for (size_t row = 0; row < vm_profile_count(); row++) {
        vm_profile_at(row, &profile);
        core_put(to, row > 0 ? ",\n    { " : "\n    { ");
        json_profile(to, &profile);
        core_put(to, " }");
    }
    core_put(to, "\n  ]\n");
}

static void
json_field(const struct core_out *to, const struct vm_profile_field *field)
{
    json_pair(to, "\n      { ", "name", field->name);
    CORE_PUT(to, ", \"value\": %" PRIu64, field->value);
    json_pair(to, ", ", "value_name", field->value_name);
    json_pair(to, ", ", "text", field->text);
    json_pair(to, ", ", "since", field->since);
    json_pair(to, ", ", "source", field->source);
    core_put(to, " }");
}

static void
json_one(const struct core_out *to, size_t row)
{
    struct vm_profile profile;
    struct vm_profile_field field;

    vm_profile_at(row, &profile);
    core_put(to, "  \"profile\": { ");
    json_profile(to, &profile);
    core_put(to, ",\n    \"fields\": [");
    for (size_t i = 0; i < vm_profile_field_count(); i++) {
        vm_profile_field_at(row, i, &field);
        core_put(to, i > 0 ? "," : "");
        json_field(to, &field);
    }
    core_put(to, "\n    ] }\n");
}

static void
print_json(const struct core_out *to, const struct listing *listing)
{
    core_put(to, "{\n  \"schema\": 1,\n  \"program\": \"faultline\",\n  \"version\": "
                 "\"" FAULTLINE_VERSION "\",\n  \"verb\": \"profiles\",\n");
    if (listing->shows_one)
        json_one(to, listing->row);
    else
        json_list(to);
    core_put(to, "}\n");
}

static bool
listing_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct listing *listing = context;
    struct core_out to = cmd_out(out);

    (void)err;
    if (listing->is_json)
        print_json(&to, listing);
    else if (listing->shows_one)
        print_one(out, listing->row);
    else
        print_list(out);
    return false;
}

/* "show NAME" behind the verb, or nothing. */
static bool
listing_operands(const struct cmd_verb *verb, const struct cmd_words *words,
                 struct listing *listing)
{
    if (words->count == 0)
        return true;
    if (strcmp(words->word[0], "show") != 0) {
        cmd_trouble("'profiles' does not know '%s': did you mean 'profiles show %s'?",
                    words->word[0], words->word[0]);
        return false;
    }
    if (words->count == 1) {
        cmd_trouble("'profiles show' needs a name: 'faultline profiles' lists them");
        return false;
    }
    listing->shows_one = true;
    return cmd_at_most(verb, words, 2) && cmd_profile_find(words->word[1], &listing->row);
}

int
cmd_profiles(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct listing listing = { .code = CMD_CLEAN };
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--json", &listing.is_json, NULL },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (!listing_operands(verb, words, &listing))
        return CMD_TROUBLE;
    return cmd_work(listing_work, &listing, &listing.code);
}
