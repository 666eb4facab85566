/*
 * lab.c - from a lab's file to questions and the model's answers; see lab.h
 */
#include "lab.h"

#include <string.h>

#include "base/assert.h"
#include "core_out.h"
#include "core_text.h"
#include "machine.h"
#include "price.h"
#include "sweep.h"

enum { PS_PER_NS = 1000 };

/* Prices and the size of a page are this machine's. */
static const char lab_machine[] = "skylake";

struct lab_box {
    struct lab lab;
    struct core_arena arena; /* that the box lies in */
    struct core_text intro, scenario, point;
    struct core_text said[3]; /* of the next question: text, hint, why */
    const char *price_name;   /* of the next question; NULL: a report's */
    uint32_t line;            /* of the scenario so far */
};

static void
write_line(struct core_text *text, const char *bytes, size_t length)
{
    core_text_put(text, bytes, length);
    core_text_put(text, "\n", 1);
}

static enum scn_outcome
fail(struct scn_error *error, uint32_t line, const char *what, const char *how)
{
    scn_error_set(error, line, 1, how, "%s", what);
    return SCN_BAD_SOURCE;
}

/* ---- the file's lines ---- */

struct piece {
    const char *bytes;
    size_t length;
};

/* The next line of a text at *at; false behind the last. */
static bool
next_line(const char *bytes, size_t length, size_t *at, struct piece *line)
{
    const char *end;

    if (*at >= length)
        return false;
    end = memchr(bytes + *at, '\n', length - *at);
    line->bytes = bytes + *at;
    line->length = end != NULL ? (size_t)(end - line->bytes) : length - *at;
    *at += line->length + 1;
    return true;
}

static bool
begins(const struct piece *line, const char *word)
{
    size_t length = strlen(word);

    return line->length >= length && memcmp(line->bytes, word, length) == 0;
}

/* What stands behind a marker and its blank. */
static struct piece
behind_marker(const struct piece *line)
{
    size_t skip = line->length > 2 && line->bytes[2] == ' ' ? 3 : 2;

    return (struct piece){ line->bytes + skip, line->length - skip };
}

/* The comment of a lab, kept where it belongs, or what a reader does not see. False: neither. */
static bool
take_aside(struct lab_box *box, const struct piece *line)
{
    static const char marks[] = "?!=";
    const char *mark;
    struct piece text;

    if (begins(line, "expect "))
        return true;
    if (line->length < 2 || line->bytes[0] != '#')
        return false;
    text = behind_marker(line);
    mark = memchr(marks, line->bytes[1], sizeof marks - 1);
    if (mark != NULL)
        write_line(&box->said[mark - marks], text.bytes, text.length);
    else if (line->bytes[1] == ':')
        write_line(&box->intro, text.bytes, text.length);
    else if (line->bytes[1] == '$')
        box->price_name = core_arena_copy(&box->arena, text.bytes, text.length);
    else
        return false;
    return true;
}

/* The name behind `report`, or NULL. */
static const char *
report_name(struct lab_box *box, const struct piece *line)
{
    struct piece name = { line->bytes, 0 };

    if (!begins(line, "report "))
        return NULL;
    name.bytes += strlen("report ");
    while (name.bytes + name.length < line->bytes + line->length && name.bytes[name.length] != ' ')
        name.length++;
    return core_arena_copy(&box->arena, name.bytes, name.length);
}

/* A line of the scenario; what was asked before it is asked of it. */
static enum scn_outcome
take_line(struct lab_box *box, const struct piece *line, uint32_t number, struct scn_error *error)
{
    struct lab *lab = &box->lab;
    const char *name = box->price_name != NULL ? box->price_name : report_name(box, line);
    struct lab_question *question = &lab->questions[lab->question_count];

    if (line->length == 0 &&
        (box->scenario.length < 2 || box->scenario.bytes[box->scenario.length - 2] == '\n'))
        return SCN_OK; /* one empty line says as much as two */
    write_line(&box->scenario, line->bytes, line->length);
    box->line++;
    if (box->said[0].length == 0)
        return SCN_OK;
    if (name == NULL)
        return fail(error, number, "a question stands before a line that answers none",
                    "ask before a report line, or name the question: #$ NAME");
    if (lab->question_count == LAB_QUESTIONS_MAX)
        return fail(error, number, "a lab asks no more than 32 questions", "make two labs of it");
    *question = (struct lab_question){
        .name = name,
        .text = core_text_bytes(&box->said[0]),
        .hint = core_text_bytes(&box->said[1]),
        .why = core_text_bytes(&box->said[2]),
        .line = box->line,
        .source = core_arena_copy(&box->arena, line->bytes, line->length),
        .is_price = box->price_name != NULL,
    };
    lab->question_count++;
    for (size_t i = 0; i < VMM_COUNT_OF(box->said); i++)
        box->said[i] = (struct core_text){ .arena = &box->arena };
    box->price_name = NULL;
    return SCN_OK;
}

/* The file's comments beside the point's lines: both have the same number of them (sweep.h, S2). */
static enum scn_outcome
take_lines(struct lab_box *box, const char *bytes, size_t length, struct scn_error *error)
{
    struct piece line, filled;
    size_t at = 0, at_filled = 0;
    enum scn_outcome outcome = SCN_OK;

    for (uint32_t number = 1; outcome == SCN_OK && next_line(bytes, length, &at, &line); number++) {
        bool is_there = next_line(box->point.bytes, box->point.length, &at_filled, &filled);

        if (!take_aside(box, &line) && is_there)
            outcome = take_line(box, line.length > 0 && line.bytes[0] == '#' ? &line : &filled,
                                number, error);
    }
    if (outcome == SCN_OK && box->lab.question_count == 0)
        outcome = fail(error, 0, "it asks nothing", "a question is a comment that begins with #?");
    box->lab.intro = core_text_bytes(&box->intro);
    box->lab.scenario = core_text_bytes(&box->scenario);
    return outcome;
}

/* ---- answers ---- */

static bool
find_metric(const struct scn_report *report, const char *name, uint64_t *value)
{
    for (size_t i = 0; i < report->metric_count; i++) {
        if (strcmp(report->metrics[i].name, name) == 0) {
            *value = report->metrics[i].value;
            return true;
        }
    }
    return false;
}

static bool
find_price(const struct scn_report *report, uint32_t line, const struct machine *machine,
           uint64_t page_bytes, struct cost_time *time)
{
    for (size_t i = 0; i < report->step_count; i++) {
        struct cost_sum sum = { 0 };
        struct cost_time found;

        if (report->steps[i].line != line)
            continue;
        price_of_step(report, &report->steps[i], page_bytes, &sum);
        found = cost_total(&sum, machine->prices);
        *time =
            (struct cost_time){ found.low / PS_PER_NS, (found.value + PS_PER_NS / 2) / PS_PER_NS,
                                (found.high + PS_PER_NS - 1) / PS_PER_NS };
        return true;
    }
    return false;
}

static enum scn_outcome
take_answers(struct lab *lab, const struct scn_report *report, const struct machine *machine,
             uint64_t page_bytes, struct scn_error *error)
{
    for (size_t i = 0; i < lab->question_count; i++) {
        struct lab_question *question = &lab->questions[i];
        uint64_t value = 0;
        bool is_answered = question->is_price ? find_price(report, question->line, machine,
                                                           page_bytes, &question->answer)
                                              : find_metric(report, question->name, &value);

        if (!is_answered)
            return fail(error, question->line, "the run has no number for this question",
                        "ask where the line runs on every variant");
        if (!question->is_price)
            question->answer = (struct cost_time){ value, value, value };
    }
    return SCN_OK;
}

static enum scn_outcome
run_lab(struct lab_box *box, const struct vmm_alloc *alloc, const struct scn_program *program,
        struct scn_error *error)
{
    struct machine machine;
    struct hw_geometry geometry;
    char bytes[128];
    struct vmm_text why;
    struct scn_options options = { .keep_events = true, .geometry = &geometry };
    struct scn_report *report;
    enum scn_outcome outcome;
    bool is_known;

    vmm_text_init(&why, bytes, sizeof bytes);
    is_known = machine_find(lab_machine, &machine) && machine_geometry(&machine, &geometry, &why);
    VMM_ASSERT(is_known);
    outcome = scn_run(program, alloc, scn_program_profile_at(program, 0), &options, &report);
    if (outcome != SCN_OK)
        return outcome;
    outcome = take_answers(&box->lab, report, &machine, hw_page_bytes(&geometry), error);
    scn_report_free(report);
    return outcome;
}

/* ---- the whole ---- */

/* The text of the variant's point. */
static enum scn_outcome
write_point(struct lab_box *box, const struct vmm_alloc *alloc, const char *bytes, size_t length,
            struct scn_error *error)
{
    const struct core_out out = { core_text_put, &box->point };
    struct vmm_rng rng = { box->lab.variant };
    struct sweep *sweep;
    enum scn_outcome outcome = sweep_parse(alloc, bytes, length, box->lab.variant, &sweep, error);

    if (outcome != SCN_OK)
        return outcome;
    outcome = sweep_point_text(
        sweep, box->lab.variant == 0 ? 0 : vmm_rng_below(&rng, sweep_point_count(sweep)), &out,
        error);
    sweep_free(sweep);
    return outcome;
}

static enum scn_outcome
read_lab(struct lab_box *box, const struct vmm_alloc *alloc, const char *bytes, size_t length,
         struct scn_error *error)
{
    struct scn_program *program;
    const char *title;
    enum scn_outcome outcome = write_point(box, alloc, bytes, length, error);

    if (outcome == SCN_OK)
        outcome = take_lines(box, bytes, length, error);
    if (outcome != SCN_OK)
        return outcome;
    outcome = scn_parse(alloc, box->lab.scenario, strlen(box->lab.scenario), &program, error);
    if (outcome != SCN_OK)
        return outcome;
    title = scn_program_title(program);
    box->lab.title = core_arena_copy(&box->arena, title, strlen(title));
    outcome = run_lab(box, alloc, program, error);
    scn_program_free(program);
    return outcome;
}

enum scn_outcome
lab_open(const struct vmm_alloc *alloc, const char *bytes, size_t length, uint64_t variant,
         struct lab **lab, struct scn_error *error)
{
    struct core_arena arena;
    struct lab_box *box;
    enum scn_outcome outcome = SCN_NO_MEMORY;

    core_arena_init(&arena, alloc);
    box = core_arena_take(&arena, sizeof *box);
    if (box == NULL)
        return SCN_NO_MEMORY;
    box->arena = arena;
    box->lab.variant = variant;
    box->intro.arena = box->scenario.arena = box->point.arena = &box->arena;
    for (size_t i = 0; i < VMM_COUNT_OF(box->said); i++)
        box->said[i].arena = &box->arena;
    outcome = read_lab(box, alloc, bytes, length, error);
    if (box->arena.is_exhausted)
        outcome = SCN_NO_MEMORY; /* whatever was made of a text that lacks bytes */
    if (outcome == SCN_OK)
        *lab = &box->lab;
    else
        lab_free(&box->lab);
    return outcome;
}

void
lab_free(struct lab *lab)
{
    struct lab_box *box;
    struct core_arena arena;

    if (lab == NULL)
        return;
    box = VMM_CONTAINER(lab, struct lab_box, lab);
    arena = box->arena; /* it lies in what it gives back */
    core_arena_destroy(&arena);
}
