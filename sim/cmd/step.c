/*
 * step.c - see step.h
 *
 * The program runs twice: once leaving checkpoints and keeping nothing, so that a fork copies little,
 * and once keeping its events. A view is asked of the nearest checkpoint before the event: a worker
 * goes on from there, takes the state and writes the lines.
 */
#include "cmd/step.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/core_out.h"
#include "fiber/fiber.h"

enum { STEP_DISTANCE = 8192 }; /* events between checkpoints at first: a few milliseconds */

const char step_commands[] =
    "next [N]  back [N]      one event, or N\n"
    "line  line-back         to the end of the next line, of the line before\n"
    "go N  first  last       to an event\n"
    "until X  back-until X   to the next event of a kind (PMAP_ENTER) or address (0x100000000)\n"
    "break X  breaks  clear  where continue and reverse stop; the list; forget it\n"
    "continue  reverse       to the next or the last break\n"
    "maps  objects  walk [ADDRESS [SPACE]]  tlb  frame N  counters    what to look at\n"
    "say                     what this line did, floor by floor\n"
    "help  quit\n"
    "pages: . nothing  r in memory  w wired  t translated read-only  T and writable  W wired\n";

/* ---- the run and its checkpoints ---- */

static void
step_event(void *context, uint64_t seen)
{
    struct step *step = context;

    if (!io_checkpoint(&step->checkpoints, seen, &step->request, sizeof(step->request)))
        return;
    step->options.state_event = step->request.event;
    step->options.state_parts = step_view_parts(step->request.view);
    step->options.state_has_address = step->request.has_address;
    step->options.state_space = step->request.space;
    step->options.state_address = step->request.address;
}

/* Only workers come here: nobody else asked for a state. */
static void
step_state(void *context, const struct scn_state *state)
{
    struct step *step = context;
    struct io_bytes lines = { 0 };
    struct core_out out = cmd_out(&lines);

    step_view_text(&out, step->request.view, state, step->request.frame);
    io_checkpoint_answer(&step->checkpoints, &lines);
}

bool
step_begin(struct step *step, const char *file, struct scn_program *program, size_t row,
           const struct hw_geometry *geometry, struct io_bytes *err)
{
    struct scn_options keeping = { .keep_events = true, .geometry = geometry };
    struct scn_report *first;

    *step = (struct step){ .file = file, .program = program, .at = 1 };
    step->follower = (struct scn_follower){ step, step_event, step_state };
    step->options.follower = &step->follower;
    step->options.geometry = geometry;
    step->options.fibers = keeping.fibers = fiber_set_create();
    step->has_heap = io_heap_begin(&step->heap);
    step->alloc =
        step->has_heap ? (struct vmm_alloc){ io_heap_take, io_heap_give, &step->heap } : cmd_heap;
    io_checkpoints_begin(&step->checkpoints, STEP_DISTANCE);
    if (scn_run(program, &step->alloc, row, &step->options, &first) == SCN_OK) {
        scn_report_free(first);
        if (scn_run(program, &step->alloc, row, &keeping, &step->report) == SCN_OK)
            return true;
    }
    step_end(step);
    cmd_no_memory(err, file);
    return false;
}

void
step_end(struct step *step)
{
    io_checkpoints_end(&step->checkpoints);
    io_bytes_free(&step->shown);
    io_bytes_free(&step->before);
    scn_report_free(step->report);
    fiber_set_destroy(step->options.fibers);
    if (step->has_heap)
        io_heap_end(&step->heap);
}

/* ---- showing ---- */

static const struct scn_step *
step_line(const struct step *step, uint64_t at)
{
    const struct scn_report *report = step->report;
    size_t i = report->step_count;

    while (i > 1 &&
           (report->steps[i - 1].event_count == 0 || report->steps[i - 1].first_event >= at))
        i--;
    return &report->steps[i - 1];
}

void
step_put_event(const struct step *step, struct io_bytes *out)
{
    const struct trace_event *event;
    struct core_field field;

    if (step->report->event_count == 0) {
        io_bytes_text(out, "nothing happened in this run\n");
        return;
    }
    event = &step->report->events[step->at - 1];
    io_bytes_format(out, "%" PRIu64 "/%zu line %u %s", step->at, step->report->event_count,
                    (unsigned)step_line(step, step->at)->line, trace_kind_name(event->kind));
    field = (struct core_field){ .rest = trace_kind_fields(event->kind) };
    while (core_event_field(event, &field))
        io_bytes_format(out, field.is_address ? " %.*s 0x%" PRIx64 : " %.*s %" PRIu64,
                        (int)field.label_length, field.label, field.value);
    if (core_event_detail(event) != NULL)
        io_bytes_format(out, " %s", core_event_detail(event));
    io_bytes_format(out, "\n  %s\n", trace_kind_text(event->kind));
}

static size_t
step_line_length(const char *bytes, const char *end)
{
    const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));

    return (size_t)((line_end != NULL ? line_end + 1 : end) - bytes);
}

static bool
step_was_there(const struct io_bytes *lines, const char *line, size_t length)
{
    const char *at = lines->data;
    const char *end = lines->data != NULL ? at + lines->length : NULL;

    while (at < end) {
        size_t here = step_line_length(at, end);

        if (here == length && memcmp(at, line, length) == 0)
            return true;
        at += here;
    }
    return false;
}

void
step_put_view(const struct step *step, struct io_bytes *out)
{
    const char *at = step->shown.data;
    const char *end = step->shown.data != NULL ? at + step->shown.length : NULL;

    while (at < end) {
        size_t length = step_line_length(at, end);

        io_bytes_text(out, step_was_there(&step->before, at, length) ? "  " : "* ");
        io_bytes_put(out, at, length);
        at += length;
    }
}

/* What the line that we are in did, floor by floor. */
static void
step_put_narration(const struct step *step, struct io_bytes *out)
{
    const struct scn_step *line = step_line(step, step->at);

    io_bytes_format(out, "line %u: %s\n%s\n", (unsigned)line->line, line->source, line->narration);
}

/* Asks for the view of where we are. */
static void
step_look(struct step *step, struct io_bytes *said)
{
    struct io_bytes lines = { 0 };

    if (step->report->event_count == 0)
        return;
    step->request.event = step->at;
    if (!io_checkpoint_ask(&step->checkpoints, step->at, &step->request, sizeof(step->request),
                           &lines))
        io_bytes_text(said, "the state here cannot be had: memory or processes ran out\n");
    io_bytes_free(&step->before);
    step->before = step->shown;
    step->shown = lines;
}

/* ---- commands ---- */

struct step_words {
    size_t count;
    char *word[STEP_WORDS];
};

static bool
step_read_number(const char *text, uint64_t *number)
{
    char *end;

    *number = strtoull(text, &end, 0);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static void
step_to(struct step *step, uint64_t at)
{
    uint64_t count = step->report->event_count;

    step->at = at < 1 ? 1 : at > count ? (count > 0 ? count : 1) : at;
}

static bool
step_read_break(const struct step_words *words, struct step_break *stop, struct io_bytes *said)
{
    const char *word = words->count > 1 ? words->word[1] : "";
    struct scn_guess guess;

    stop->is_kind = trace_kind_by_name(word, strlen(word), &stop->kind);
    if (stop->is_kind || step_read_number(word, &stop->address))
        return true;
    scn_guess_init(&guess, word, strlen(word));
    for (int kind = 0; kind < EV_KIND_COUNT; kind++)
        scn_guess_offer(&guess, trace_kind_name((enum trace_kind)kind));
    io_bytes_format(said, "'%s' is no kind of event and no address: until %s\n", word,
                    guess.word != NULL ? guess.word : "PMAP_ENTER");
    return false;
}

static bool
step_stops(const struct step_break *stop, const struct trace_event *event)
{
    uint64_t length = event->length > 0 ? event->length : 4096;

    if (stop->is_kind)
        return event->kind == stop->kind;
    return scn_event_has_address(event) && stop->address >= event->va &&
           stop->address - event->va < length;
}

/* The nearest event in that direction where one of the breaks stops. */
static void
step_search(struct step *step, const struct step_break *breaks, size_t count, bool is_back,
            struct io_bytes *said)
{
    uint64_t at = step->at;

    while (is_back ? at > 1 : at < step->report->event_count) {
        at = is_back ? at - 1 : at + 1;
        for (size_t i = 0; i < count; i++) {
            if (step_stops(&breaks[i], &step->report->events[at - 1])) {
                step->at = at;
                return;
            }
        }
    }
    io_bytes_text(said, is_back ? "nothing like that before\n" : "nothing like that any more\n");
}

static void
step_until(struct step *step, const struct step_words *words, bool is_back, struct io_bytes *said)
{
    struct step_break stop;

    if (step_read_break(words, &stop, said))
        step_search(step, &stop, 1, is_back, said);
}

static void
step_break_at(struct step *step, const struct step_words *words, struct io_bytes *said)
{
    struct step_break stop;

    if (step->break_count == STEP_BREAKS)
        io_bytes_format(said, "there are %d breaks already: clear\n", STEP_BREAKS);
    else if (step_read_break(words, &stop, said))
        step->breaks[step->break_count++] = stop;
}

static void
step_list_breaks(const struct step *step, struct io_bytes *said)
{
    for (size_t i = 0; i < step->break_count; i++) {
        if (step->breaks[i].is_kind)
            io_bytes_format(said, "%s\n", trace_kind_name(step->breaks[i].kind));
        else
            io_bytes_format(said, "0x%" PRIx64 "\n", step->breaks[i].address);
    }
}

static void
step_over_line(struct step *step, bool is_back)
{
    const struct scn_report *report = step->report;
    uint64_t best = is_back ? 1 : report->event_count;

    for (size_t i = 0; i < report->step_count; i++) {
        uint64_t end = report->steps[i].first_event + report->steps[i].event_count;

        if (report->steps[i].event_count == 0)
            continue;
        if (is_back && end < step->at)
            best = end;
        if (!is_back && end > step->at) {
            best = end;
            break;
        }
    }
    step_to(step, best);
}

/* Another view: nothing of it was there before. */
static void
step_show(struct step *step, enum step_view view)
{
    if (step->request.view != view)
        io_bytes_free(&step->shown);
    step->request.view = view;
}

static void
step_walk(struct step *step, const struct step_words *words, struct io_bytes *said)
{
    uint64_t space = 0;

    step->request.has_address = words->count > 1;
    if ((words->count > 1 && !step_read_number(words->word[1], &step->request.address)) ||
        (words->count > 2 && !step_read_number(words->word[2], &space)) || space > UINT32_MAX) {
        io_bytes_text(said, "walk needs an address: walk 0x100000000 1\n");
        step->request.has_address = false;
        return;
    }
    step->request.space = (uint32_t)space;
    step_show(step, STEP_WALK);
}

enum step_verb {
    STEP_NEXT,
    STEP_BACK,
    STEP_LINE,
    STEP_LINE_BACK,
    STEP_GO,
    STEP_FIRST,
    STEP_LAST,
    STEP_UNTIL,
    STEP_BACK_UNTIL,
    STEP_BREAK,
    STEP_LIST,
    STEP_CLEAR,
    STEP_CONTINUE,
    STEP_REVERSE,
    STEP_SEE_MAPS,
    STEP_SEE_OBJECTS,
    STEP_SEE_WALK,
    STEP_SEE_TLB,
    STEP_SEE_FRAME,
    STEP_SEE_COUNTERS,
    STEP_SAY,
    STEP_HELP,
    STEP_QUIT,
    STEP_VERBS
};

static const char *const step_verbs[STEP_VERBS] = {
    "next",       "back",  "line",   "line-back", "go",       "first",   "last", "until",
    "back-until", "break", "breaks", "clear",     "continue", "reverse", "maps", "objects",
    "walk",       "tlb",   "frame",  "counters",  "say",      "help",    "quit"
};

/* The verb of that name, or of which it is the only beginning; STEP_VERBS: none. */
static enum step_verb
step_verb_of(const char *word)
{
    enum step_verb found = STEP_VERBS;

    for (int i = 0; i < STEP_VERBS; i++) {
        if (strcmp(step_verbs[i], word) == 0)
            return (enum step_verb)i;
        if (found == STEP_VERBS && strncmp(step_verbs[i], word, strlen(word)) == 0)
            found = (enum step_verb)i; /* the first in the list wins: n, b, l, c */
    }
    return found;
}

/* "next [N]", "back [N]", "go N", "frame N". */
static void
step_by_number(struct step *step, enum step_verb verb, const struct step_words *words,
               struct io_bytes *said)
{
    bool is_needed = verb == STEP_GO || verb == STEP_SEE_FRAME;
    uint64_t most = verb == STEP_SEE_FRAME ? UINT32_MAX : UINT64_MAX, number = 1;

    if (words->count < 2 && is_needed) {
        io_bytes_format(said, "%s needs a number: %s 12\n", step_verbs[verb], step_verbs[verb]);
        return;
    }
    if (words->count > 1 && (!step_read_number(words->word[1], &number) || number > most)) {
        io_bytes_format(said, "%s takes a number, not '%s'\n", step_verbs[verb], words->word[1]);
        return;
    }
    if (verb == STEP_NEXT)
        step_to(step, number < UINT64_MAX - step->at ? step->at + number : UINT64_MAX);
    else if (verb == STEP_BACK)
        step_to(step, number < step->at ? step->at - number : 1);
    else if (verb == STEP_GO)
        step_to(step, number);
    else
        step->request.frame = (vmm_ppn)number;
    if (verb == STEP_SEE_FRAME)
        step_show(step, STEP_FRAME);
}

static void
step_run_verb(struct step *step, enum step_verb verb, const struct step_words *words,
              struct io_bytes *said)
{
    switch (verb) {
    case STEP_NEXT:
    case STEP_BACK:
    case STEP_GO:
    case STEP_SEE_FRAME:
        step_by_number(step, verb, words, said);
        break;
    case STEP_LINE:
    case STEP_LINE_BACK:
        step_over_line(step, verb == STEP_LINE_BACK);
        break;
    case STEP_FIRST:
        step_to(step, 1);
        break;
    case STEP_LAST:
        step_to(step, UINT64_MAX);
        break;
    case STEP_UNTIL:
    case STEP_BACK_UNTIL:
        step_until(step, words, verb == STEP_BACK_UNTIL, said);
        break;
    case STEP_BREAK:
        step_break_at(step, words, said);
        break;
    case STEP_LIST:
        step_list_breaks(step, said);
        break;
    case STEP_CLEAR:
        step->break_count = 0;
        break;
    case STEP_CONTINUE:
    case STEP_REVERSE:
        step_search(step, step->breaks, step->break_count, verb == STEP_REVERSE, said);
        break;
    case STEP_SEE_MAPS:
        step_show(step, STEP_MAPS);
        break;
    case STEP_SEE_OBJECTS:
        step_show(step, STEP_OBJECTS);
        break;
    case STEP_SEE_WALK:
        step_walk(step, words, said);
        break;
    case STEP_SEE_TLB:
        step_show(step, STEP_TLB);
        break;
    case STEP_SEE_COUNTERS:
        step_show(step, STEP_COUNTERS);
        break;
    case STEP_SAY:
        step_put_narration(step, said);
        break;
    case STEP_HELP:
        io_bytes_text(said, step_commands);
        break;
    case STEP_QUIT:
    case STEP_VERBS:
        step->is_over = true;
        break;
    }
}

static void
step_unknown(const char *word, struct io_bytes *said)
{
    struct scn_guess guess;

    scn_guess_init(&guess, word, strlen(word));
    for (int i = 0; i < STEP_VERBS; i++)
        scn_guess_offer(&guess, step_verbs[i]);
    io_bytes_format(said, "unknown command '%s': %s%s%s\n", word,
                    guess.word != NULL ? "did you mean '" : "help",
                    guess.word != NULL ? guess.word : "", guess.word != NULL ? "'?" : "");
}

void
step_do(struct step *step, const char *command, struct io_bytes *said)
{
    char line[256];
    struct step_words words = { 0 };
    enum step_verb verb;
    char *rest = line;

    strncpy(line, command, sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    while (words.count < STEP_WORDS &&
           (rest = strtok(words.count == 0 ? line : NULL, " \t")) != NULL)
        words.word[words.count++] = rest;
    verb = words.count == 0 ? STEP_NEXT : step_verb_of(words.word[0]);
    if (verb == STEP_VERBS) {
        step_unknown(words.word[0], said);
        return;
    }
    step_run_verb(step, verb, &words, said);
    if (!step->is_over)
        step_look(step, said);
}
