/*
 * shrink.c - see shrink.h
 *
 * Delta debugging (Zeller and Hildebrandt, 2002), by lines: stretches of half the text, then of a
 * quarter, down to single lines, until no line can go. A line that opens a block goes with its brace,
 * because the rest does not parse without it.
 */
#include "shrink.h"

#include <string.h>

#include "core_out.h"
#include "explore_schedule.h"
#include "scn_program.h"

/* SHRINK_LINES: what is run at most to find another schedule for one text, in lines. */
enum { SHRINK_SCHEDULES = 400, SHRINK_LINES = 20000, SHRINK_HEAD = 2, SHRINK_KIND = 512 };

struct shrink {
    struct core_arena *arena;
    const struct vmm_alloc *alloc;
    struct scn_fibers *fibers;
    const char **lines; /* each terminated */
    bool *is_out;
    bool *was_out; /* before what is tried */
    size_t count;
    size_t left;
    size_t head;       /* lines that will stand in front */
    bool needs_checks; /* of every invariant behind every line: they take their time */
    char *text;        /* what is tried */
    size_t length;
    char kind[SHRINK_KIND];
    struct shrink_result *result;
};

/* ---- what goes wrong ---- */

/* Those who wait for each other in a deadlock, one a semicolon (scn_threads.c). */
static void
put_others_that_wait(const struct scn_report *report, struct vmm_text *text)
{
    if (report->stop.kind != VM_HUNG)
        return;
    for (const char *at = report->stop.text; *at != '\0'; at++) {
        if (*at == ';')
            vmm_text_put(text, ";");
    }
}

/* explore_say() without line numbers: they move while lines go. */
static void
kind_of(const struct scn_report *report, char kind[SHRINK_KIND])
{
    struct vmm_text text;
    size_t out = 0;

    vmm_text_init(&text, kind, SHRINK_KIND);
    explore_say(report, &text);
    put_others_that_wait(report, &text);
    for (size_t in = 0; kind[in] != '\0'; in++) {
        if (kind[in] < '0' || kind[in] > '9')
            kind[out++] = kind[in];
    }
    kind[out] = '\0';
}

/* Whether the schedule makes the program go wrong as it did; the first time: whether at all. */
static bool
goes_wrong(struct shrink *shrink, const struct scn_program *program, const char *id)
{
    struct explore_schedule schedule;
    struct scn_options options = { .check_each_step = shrink->needs_checks,
                                   .fibers = shrink->fibers,
                                   .schedule = &schedule.schedule };
    struct scn_report *report;
    char kind[SHRINK_KIND];
    bool is_wrong;

    shrink->result->runs++;
    if (!explore_schedule_parse(&schedule, id) ||
        scn_run(program, shrink->alloc, scn_program_profile_at(program, 0), &options, &report) !=
            SCN_OK)
        return false;
    kind_of(report, kind);
    is_wrong = report->verdict != SCN_CLEAN &&
               (shrink->kind[0] == '\0' || strcmp(kind, shrink->kind) == 0);
    if (is_wrong) {
        struct vmm_text text;

        vmm_text_init(&text, shrink->result->what, sizeof shrink->result->what);
        explore_say(report, &text);
        memcpy(shrink->kind, kind, sizeof kind);
        shrink->needs_checks = report->broken_invariant != NULL;
        if (id != shrink->result->id) {
            vmm_text_init(&text, shrink->result->id, EXPLORE_ID_MAX);
            vmm_text_put(&text, id);
        }
    }
    scn_report_free(report);
    return is_wrong;
}

static uint64_t
schedule_limit(const struct shrink *shrink)
{
    size_t limit = SHRINK_LINES / (shrink->left + 1);

    return limit < SHRINK_SCHEDULES ? limit + 1 : SHRINK_SCHEDULES;
}

/* The same among the first schedules there are. */
static bool
goes_wrong_somehow(struct shrink *shrink, const struct scn_program *program)
{
    struct explore_options options = { .profile = scn_program_profile_at(program, 0),
                                       .preemptions = EXPLORE_DEFAULT_PREEMPTIONS,
                                       .limit = schedule_limit(shrink) };
    struct explore *explore;
    bool is_wrong = false;
    size_t looked = 0;

    if (scn_program_thread_count(program) == 0)
        return false;
    explore = explore_create(shrink->alloc, program, shrink->fibers, &options);
    if (explore == NULL)
        return false;
    while (!is_wrong && explore_step(explore) == EXPLORE_MORE) {
        shrink->result->runs++;
        for (; !is_wrong && looked < explore_failure_count(explore); looked++)
            is_wrong = goes_wrong(shrink, program, explore_failure_at(explore, looked)->id);
    }
    explore_destroy(explore);
    return is_wrong;
}

/* ---- lines ---- */

/* Empty lines stand for the head, so that line numbers are those of the result. */
static void
join(struct shrink *shrink)
{
    memset(shrink->text, '\n', shrink->head);
    shrink->length = shrink->head;
    shrink->left = 0;
    for (size_t i = 0; i < shrink->count; i++) {
        size_t length = strlen(shrink->lines[i]);

        if (shrink->is_out[i])
            continue;
        memcpy(shrink->text + shrink->length, shrink->lines[i], length);
        shrink->text[shrink->length + length] = '\n';
        shrink->length += length + 1;
        shrink->left++;
    }
    shrink->text[shrink->length] = '\0';
}

static struct scn_program *
parse(const struct shrink *shrink)
{
    struct scn_program *program = NULL;
    struct scn_error error;

    if (scn_parse(shrink->alloc, shrink->text, shrink->length, &program, &error) != SCN_OK)
        return NULL;
    return program;
}

static bool
is_still_wrong(struct shrink *shrink)
{
    struct scn_program *program;
    bool is_wrong;

    join(shrink);
    program = parse(shrink);
    if (program == NULL)
        return false;
    is_wrong = (shrink->result->id[0] != '\0' && goes_wrong(shrink, program, shrink->result->id)) ||
               goes_wrong_somehow(shrink, program);
    scn_program_free(program);
    return is_wrong;
}

/* The line that closes what a line opens; its own number when it opens nothing that stays open. */
static size_t
end_of_block(const struct shrink *shrink, size_t line)
{
    int depth = 0;

    for (size_t i = line; i < shrink->count; i++) {
        for (const char *at = shrink->lines[i]; *at != '\0' && *at != '#'; at++)
            depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
        if (depth <= 0)
            return i;
    }
    return line;
}

/* Tries without [from, to) of the lines that are left, counted in lines of the source. */
static bool
try_without(struct shrink *shrink, size_t from, size_t to)
{
    bool takes_any = false;

    memcpy(shrink->was_out + from, shrink->is_out + from, (to - from) * sizeof(bool));
    for (size_t i = from; i < to; i++) {
        takes_any |= !shrink->is_out[i];
        shrink->is_out[i] = true;
    }
    if (takes_any && is_still_wrong(shrink))
        return true;
    memcpy(shrink->is_out + from, shrink->was_out + from, (to - from) * sizeof(bool));
    return false;
}

/* One pass with stretches of that size, from the end: what comes last depends on what came first. */
static bool
pass(struct shrink *shrink, size_t size)
{
    bool is_shorter = false;

    for (size_t to = shrink->count; to > 0; to = to > size ? to - size : 0)
        is_shorter |= try_without(shrink, to > size ? to - size : 0, to);
    return is_shorter;
}

/* A block's first and last line with all or none of what stands between them. */
static bool
pass_blocks(struct shrink *shrink)
{
    bool is_shorter = false;

    for (size_t line = shrink->count; line-- > 0;) {
        size_t end = end_of_block(shrink, line);

        if (end > line && !shrink->is_out[line])
            is_shorter |= try_without(shrink, line, end + 1);
    }
    return is_shorter;
}

static bool
cut_lines(struct shrink *shrink, const char *bytes, size_t length)
{
    size_t count = 1;

    for (size_t i = 0; i < length; i++)
        count += bytes[i] == '\n';
    shrink->lines = core_arena_array(shrink->arena, count, sizeof *shrink->lines);
    shrink->is_out = core_arena_array(shrink->arena, count, sizeof *shrink->is_out);
    shrink->was_out = core_arena_array(shrink->arena, count, sizeof *shrink->was_out);
    shrink->text = core_arena_take(shrink->arena, length + 2 + SHRINK_HEAD);
    if (shrink->lines == NULL || shrink->is_out == NULL || shrink->was_out == NULL ||
        shrink->text == NULL)
        return false;
    for (size_t start = 0, i = 0; i <= length; i++) {
        if (i < length && bytes[i] != '\n')
            continue;
        if (i > start || i < length) {
            shrink->lines[shrink->count] = core_arena_copy(shrink->arena, bytes + start, i - start);
            if (shrink->lines[shrink->count++] == NULL)
                return false;
        }
        start = i + 1;
    }
    return true;
}

/* The head in place of the empty lines. */
static const char *
with_head(struct shrink *shrink)
{
    size_t room = shrink->length + sizeof shrink->result->what + EXPLORE_ID_MAX + 64;
    char *bytes = core_arena_take(shrink->arena, room);
    struct vmm_text text;

    if (bytes == NULL)
        return NULL;
    vmm_text_init(&text, bytes, room);
    vmm_text_format(&text, "# %s\n", shrink->result->what);
    if (shrink->head == SHRINK_HEAD)
        vmm_text_format(&text, "schedule \"%s\"\n", shrink->result->id);
    vmm_text_put(&text, shrink->text + shrink->head);
    return bytes;
}

/* The schedule to begin with: the caller's, the source's own, or none in particular. */
static bool
take_id(struct shrink *shrink, const char *id)
{
    struct scn_program *program;
    struct vmm_text text;

    if (id != NULL && strlen(id) >= EXPLORE_ID_MAX)
        return false;
    join(shrink);
    program = parse(shrink);
    if (program == NULL)
        return false;
    if (id == NULL)
        id = program->schedule != NULL ? program->schedule : "0";
    vmm_text_init(&text, shrink->result->id, EXPLORE_ID_MAX);
    vmm_text_put(&text, id);
    scn_program_free(program);
    return true;
}

/* A schedule is said where there are threads. */
static bool
find_head(struct shrink *shrink)
{
    struct scn_program *program;

    join(shrink);
    program = parse(shrink);
    if (program == NULL)
        return false;
    shrink->head = scn_program_thread_count(program) > 0 ? SHRINK_HEAD : 1;
    scn_program_free(program);
    return true;
}

/* The lines that only say with which schedule the source goes wrong. */
static void
drop_schedule(struct shrink *shrink)
{
    for (size_t i = 0; i < shrink->count; i++)
        shrink->is_out[i] = strncmp(shrink->lines[i], "schedule ", 9) == 0;
}

enum scn_outcome
shrink_scenario(struct core_arena *arena, struct scn_fibers *fibers, const char *bytes,
                size_t length, const char *id, struct shrink_result *result)
{
    struct shrink shrink = { .arena = arena,
                             .alloc = arena->alloc,
                             .fibers = fibers,
                             .result = result,
                             .needs_checks = true };
    bool is_shorter = true;

    *result = (struct shrink_result){ .text = NULL };
    if (!cut_lines(&shrink, bytes, length))
        return SCN_NO_MEMORY;
    if (!take_id(&shrink, id) || !is_still_wrong(&shrink))
        return SCN_BAD_SOURCE;
    drop_schedule(&shrink);
    for (size_t size = shrink.count / 2; size > 1; size /= 2)
        pass(&shrink, size);
    while (is_shorter) {
        is_shorter = pass_blocks(&shrink);
        is_shorter = pass(&shrink, 1) || is_shorter;
    }
    if (!find_head(&shrink) || !is_still_wrong(&shrink))
        return SCN_NO_MEMORY;
    result->lines = shrink.left;
    result->from = shrink.count;
    result->text = with_head(&shrink);
    return result->text != NULL && !arena->is_exhausted ? SCN_OK : SCN_NO_MEMORY;
}
