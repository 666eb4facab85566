/*
 * scn_fixture.c - see scn_fixture.h
 */
#include "scn_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "sweep.h"

static void
put(void *context, const char *bytes, size_t length)
{
    struct scn_fixture *fixture = context;
    char *more = realloc(fixture->printed, fixture->printed_length + length + 1);

    assert_non_null(more);
    fixture->printed = more;
    memcpy(more + fixture->printed_length, bytes, length);
    fixture->printed_length += length;
    more[fixture->printed_length] = '\0';
}

int
scn_fixture_setup(void **state)
{
    struct scn_fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    counting_alloc_init(&fixture->counting);
    fixture->out = (struct core_out){ put, fixture };
    *state = fixture;
    return 0;
}

void
scn_fixture_reset(struct scn_fixture *fixture)
{
    scn_report_free(fixture->report);
    scn_program_free(fixture->program);
    fixture->report = NULL;
    fixture->program = NULL;
    free(fixture->printed);
    fixture->printed = NULL;
    fixture->printed_length = 0;
}

int
scn_fixture_teardown(void **state)
{
    struct scn_fixture *fixture = *state;

    scn_fixture_reset(fixture);
    assert_int_equal(fixture->counting.live_bytes, 0);
    assert_false(fixture->counting.size_mismatch);
    free(fixture);
    return 0;
}

void
parse_ok(struct scn_fixture *fixture, const char *source)
{
    enum scn_outcome outcome;

    scn_fixture_reset(fixture);
    outcome = sweep_first_program(&fixture->counting.alloc, source, strlen(source),
                                  &fixture->program, &fixture->error);
    if (outcome != SCN_OK)
        fail_msg("%u:%u: %s: %s\n%s", fixture->error.line, fixture->error.column,
                 fixture->error.what, fixture->error.how, source);
}

void
parse_bad(struct scn_fixture *fixture, const char *source, size_t length)
{
    enum scn_outcome outcome;

    scn_fixture_reset(fixture);
    outcome =
        scn_parse(&fixture->counting.alloc, source, length, &fixture->program, &fixture->error);
    if (outcome == SCN_OK)
        fail_msg("parses, and should not:\n%s", source);
    assert_int_equal(outcome, SCN_BAD_SOURCE);
    assert_null(fixture->program);
    assert_int_not_equal(fixture->error.what[0], '\0');
    assert_int_not_equal(fixture->error.how[0], '\0');
    assert_int_equal(fixture->counting.live_bytes, 0);
}

static void
run_row(struct scn_fixture *fixture, size_t row, enum scn_verdict verdict)
{
    struct scn_options options = { .keep_events = true, .check_each_step = true };
    enum scn_outcome outcome =
        scn_run(fixture->program, &fixture->counting.alloc, row, &options, &fixture->report);

    assert_int_equal(outcome, SCN_OK);
    if (fixture->report->verdict != verdict) {
        print_text(fixture, 0);
        fail_msg("the verdict is %d, expected %d\n%s", (int)fixture->report->verdict, (int)verdict,
                 fixture->printed);
    }
}

void
run_text(struct scn_fixture *fixture, const char *source, enum scn_verdict verdict)
{
    parse_ok(fixture, source);
    run_row(fixture, scn_program_profile_at(fixture->program, 0), verdict);
}

void
run_on(struct scn_fixture *fixture, const char *source, const char *profile,
       enum scn_verdict verdict)
{
    size_t row;

    assert_true(vm_profile_find(profile, strlen(profile), &row));
    parse_ok(fixture, source);
    run_row(fixture, row, verdict);
}

void
run_after_map(struct scn_fixture *fixture, const char *lines, enum scn_verdict verdict)
{
    static const char beginning[] = "app = task\n"
                                    "buf = allocate app 64K\n"
                                    "fill buf\n"
                                    "md = descriptor buf direction=inout\n"
                                    "m = map md kernel\n";
    char *source = malloc(sizeof beginning + strlen(lines));

    assert_non_null(source);
    memcpy(source, beginning, sizeof beginning);
    memcpy(source + sizeof beginning - 1, lines, strlen(lines) + 1);
    run_text(fixture, source, verdict);
    free(source);
}

const struct scn_step *
step_at(const struct scn_fixture *fixture, uint32_t line)
{
    for (size_t i = 0; i < fixture->report->step_count; i++) {
        if (fixture->report->steps[i].line == line)
            return &fixture->report->steps[i];
    }
    fail_msg("no step of line %u", line);
    return NULL;
}

void
print_text(struct scn_fixture *fixture, uint32_t flags)
{
    free(fixture->printed);
    fixture->printed = NULL;
    fixture->printed_length = 0;
    scn_print_text(&fixture->out, "a.scn", fixture->program, fixture->report, flags);
}

void
print_json(struct scn_fixture *fixture, uint32_t flags)
{
    free(fixture->printed);
    fixture->printed = NULL;
    fixture->printed_length = 0;
    scn_json_begin(&fixture->out);
    scn_json_run(&fixture->out, true, "a.scn", fixture->program, fixture->report, flags);
    scn_json_end(&fixture->out);
}

void
assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("there is no\n  %s\nin\n%s", part, text);
}

void
assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("there is a\n  %s\nin\n%s", part, text);
}
