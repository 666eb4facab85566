/*
 * scn_parse_header.c - title, profile, each, machine, schedule: what stands before the first operation
 */
#include "explore_schedule.h"
#include "scn_parser.h"

#include "base/assert.h"
#include "hw/hw_catalog.h"

#include <string.h>

static const char default_profile[] = "macos-15.4";
static const char profile_how[] = "`faultline profiles` lists the releases";

static bool
fail_profile(struct scn_parser *parser, const struct scn_token *token, const char *what)
{
    struct scn_guess guess;

    scn_guess_init(&guess, token->bytes, token->length);
    scn_guess_offer_profiles(&guess);
    return scn_fail_guess(parser, token, what, &guess, profile_how);
}

static void
profile_add(struct scn_parser *parser, size_t row)
{
    struct scn_program *program = parser->program;

    VMM_ASSERT(row < SCN_ROWS_MAX);
    if (scn_rows_has(&parser->asked, row))
        return;
    scn_rows_add(&parser->asked, row);
    program->profiles[program->profile_count++] = row;
}

static bool
parse_title(struct scn_parser *parser)
{
    if (parser->has_title)
        return scn_fail_token(parser, scn_peek(parser), "a second title:", "a file has one title");
    parser->has_title = true;
    return scn_parse_string(parser, "title \"text\"", &parser->program->title);
}

/* `profile` and `each` exclude each other and themselves. */
static bool
take_profile_line(struct scn_parser *parser, const char *word)
{
    char how[160];
    struct vmm_text text;

    if (parser->profile_line == NULL) {
        parser->profile_line = word;
        return true;
    }
    vmm_text_init(&text, how, sizeof how);
    vmm_text_format(&text, "the file has a `%s` line already; one line names all releases",
                    parser->profile_line);
    return scn_fail_token(parser, scn_peek(parser), "the releases are named twice:", how);
}

static bool
parse_profile(struct scn_parser *parser)
{
    const struct scn_token *token = scn_peek(parser);
    size_t row;

    if (!take_profile_line(parser, "profile"))
        return false;
    if (token->kind != SCN_TOKEN_WORD)
        return scn_fail_token(parser, token, "a release is missing", "write: profile macos-10.11");
    if (scn_span_looks_like(token->bytes, token->length) &&
        !vm_profile_find(token->bytes, token->length, &row) &&
        scn_span_parse(token->bytes, token->length, &(struct scn_span){ 0, 0 }) == NULL)
        return scn_fail_token(parser, token, "profile takes one release, not",
                              "several releases: each FROM..TO");
    if (!vm_profile_find(token->bytes, token->length, &row))
        return fail_profile(parser, token, "unknown release");
    scn_take(parser);
    profile_add(parser, row);
    return true;
}

static bool
parse_each(struct scn_parser *parser)
{
    struct scn_span span;

    if (!take_profile_line(parser, "each"))
        return false;
    do {
        const struct scn_token *token = scn_peek(parser);
        const char *wrong;

        if (token->kind != SCN_TOKEN_WORD)
            return scn_fail_token(parser, token, "a release is missing",
                                  "write: each all, or names and ranges FROM..TO");
        wrong = scn_span_parse(token->bytes, token->length, &span);
        if (wrong != NULL)
            return fail_profile(parser, token, wrong);
        for (size_t row = span.first; row <= span.last; row++)
            profile_add(parser, row);
        scn_take(parser);
    } while (!scn_at_end(parser));
    return true;
}

static bool
parse_machine_number(struct scn_parser *parser, uint64_t least, uint64_t most, uint32_t *number)
{
    const struct scn_token *token;
    uint64_t value;
    char how[160];
    struct vmm_text text;

    scn_take(parser);
    if (!scn_take_kind(parser, SCN_TOKEN_EQUALS))
        return scn_fail_token(parser, scn_peek(parser), "= is missing",
                              "write: machine cpus=2 frames=4096");
    token = scn_peek(parser);
    if (!scn_parse_plain(parser, "machine cpus=2 frames=4096", most, &value))
        return false;
    vmm_text_init(&text, how, sizeof how);
    vmm_text_format(&text, "at least %llu", (unsigned long long)least);
    if (value < least)
        return scn_fail_token(parser, token, "out of range:", how);
    *number = (uint32_t)value;
    return true;
}

/* One of `faultline machines`: its page size, tables and TLBs. */
static bool
parse_machine_name(struct scn_parser *parser, const struct scn_token *token, size_t row)
{
    struct sheet_value values[HW_FIELD_COUNT];
    struct hw_geometry *geometry = &parser->program->geometry;

    if (geometry->levels != 0)
        return scn_fail_token(parser, token, "a second machine:", "a file has one machine");
    sheet_row_values(&hw_catalog, row, values);
    hw_catalog_geometry(values, sheet_row_name(&hw_catalog, row), geometry);
    scn_take(parser);
    return true;
}

static bool
fail_machine_word(struct scn_parser *parser, const struct scn_token *token)
{
    struct scn_guess guess;

    scn_guess_init(&guess, token->bytes, token->length);
    for (size_t row = 0; row < sheet_row_count(&hw_catalog); row++)
        scn_guess_offer(&guess, sheet_row_name(&hw_catalog, row));
    return scn_fail_guess(parser, token, "machine has no", &guess,
                          "write: machine [NAME] [cpus=N] [frames=N] [store=N] "
                          "[asserts] [evict-on-entry]; 'faultline machines' lists names");
}

static bool
parse_machine_word(struct scn_parser *parser)
{
    const struct scn_token *token = scn_peek(parser);
    struct scn_program *program = parser->program;
    size_t row;

    if (token->kind == SCN_TOKEN_WORD &&
        sheet_row_find(&hw_catalog, token->bytes, token->length, &row))
        return parse_machine_name(parser, token, row);
    if (token->kind == SCN_TOKEN_WORD && scn_same(token->bytes, token->length, "cpus"))
        return parse_machine_number(parser, 1, SCN_CPUS_MAX, &program->cpu_count);
    if (token->kind == SCN_TOKEN_WORD && scn_same(token->bytes, token->length, "frames"))
        return parse_machine_number(parser, VM_MIN_FRAMES, SCN_FRAMES_MAX, &program->frame_count);
    if (token->kind == SCN_TOKEN_WORD && scn_same(token->bytes, token->length, "store"))
        return parse_machine_number(parser, 0, SCN_STORE_MAX, &program->store_pages);
    if (scn_take_word(parser, "asserts")) {
        program->kernel_asserts = true;
        return true;
    }
    if (scn_take_word(parser, "evict-on-entry")) {
        program->evicts_on_entry = true;
        return true;
    }
    return fail_machine_word(parser, token);
}

static bool
parse_machine(struct scn_parser *parser)
{
    if (parser->has_machine)
        return scn_fail_token(parser, scn_peek(parser),
                              "a second machine:", "a file has one machine line");
    parser->has_machine = true;
    do {
        if (!parse_machine_word(parser))
            return false;
    } while (!scn_at_end(parser));
    return true;
}

static bool
parse_schedule(struct scn_parser *parser)
{
    const struct scn_token *token = scn_peek(parser);
    struct explore_schedule schedule;

    if (parser->program->schedule != NULL)
        return scn_fail_token(parser, token, "a second schedule:", "a file has one schedule");
    return scn_parse_string(parser, "schedule \"3b.9a\"", &parser->program->schedule) &&
           (explore_schedule_parse(&schedule, parser->program->schedule) ||
            scn_fail_token(parser, token, "no schedule has the id",
                           "ids look like 0, 3b.9a, r17 and p17.40; `faultline explore` prints "
                           "them"));
}

bool
scn_parse_header(struct scn_parser *parser, bool *is_header)
{
    static const struct {
        const char *word;
        bool (*parse)(struct scn_parser *parser);
    } lines[] = {
        { "title", parse_title },     { "profile", parse_profile },   { "each", parse_each },
        { "machine", parse_machine }, { "schedule", parse_schedule },
    };
    const struct scn_token *token = scn_peek(parser);

    for (size_t i = 0; i < VMM_COUNT_OF(lines); i++) {
        if (!scn_take_word(parser, lines[i].word))
            continue;
        *is_header = true;
        if (parser->header_is_over)
            return scn_fail_token(parser, token, "too late for",
                                  "title, profile, each, machine and schedule stand before the "
                                  "first operation");
        return lines[i].parse(parser);
    }
    return true;
}

/* The first operation is here: what the header left open gets its default. */
void
scn_header_end(struct scn_parser *parser)
{
    size_t row;

    parser->header_is_over = true;
    if (parser->program->profile_count > 0)
        return;
    if (!vm_profile_find(default_profile, strlen(default_profile), &row))
        row = scn_newest_release();
    profile_add(parser, row);
}
