/* compare_print.c - sweeps as text, CSV and JSON */
#include "compare.h"
#include "core_json.h"

#include <string.h>

static struct cost_time
time_of(const struct compare_sweep *sweep, const struct compare_answer *answer)
{
    return cost_total(&answer->sum, sweep->question.machine->prices);
}

/* ---- text ---- */

enum { COMPARE_COLUMN = 13 };

/* Right-aligned in its column; `text` is plain ASCII. */
static void
put_cell(const struct core_out *out, const char *text)
{
    size_t length = strlen(text);

    core_put_spaces(out, length < COMPARE_COLUMN ? COMPARE_COLUMN - length : 1);
    core_put(out, text);
}

static void
cell_bytes(void *context, const char *bytes, size_t length)
{
    vmm_text_put_bytes(context, bytes, length);
}

static void
put_time_cell(const struct core_out *out, uint64_t ps)
{
    char bytes[32];
    struct vmm_text text;
    struct core_out cell = { cell_bytes, &text };

    vmm_text_init(&text, bytes, sizeof bytes);
    machine_put_time(&cell, ps);
    put_cell(out, bytes);
}

static void
put_number_cell(const struct core_out *out, uint64_t number)
{
    char bytes[32];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    vmm_text_format(&text, "%llu", (unsigned long long)number);
    put_cell(out, bytes);
}

static void
put_times(const struct core_out *out, const struct compare_sweep *sweep)
{
    CORE_PUT(out, "%8s", sweep->sweeps_touches ? "touched" : "pages");
    for (size_t way = 0; way < COMPARE_WAYS; way++)
        put_cell(out, compare_way_name((enum compare_way)way));
    core_put(out, "\n");
    for (size_t i = 0; i < sweep->point_count; i++) {
        const struct compare_point *point = &sweep->points[i];
        char bytes[16];
        struct vmm_text text;

        vmm_text_init(&text, bytes, sizeof bytes);
        vmm_text_format(&text, "%u", (unsigned)point->x);
        core_put_spaces(out, text.length < 8 ? 8 - text.length : 0);
        core_put(out, bytes);
        for (size_t way = 0; way < COMPARE_WAYS; way++) {
            if (point->answers[way].is_possible)
                put_time_cell(out, time_of(sweep, &point->answers[way]).value);
            else
                put_cell(out, "-");
        }
        core_put(out, "\n");
    }
}

/* The last point, in full. */
static void
put_counts(const struct core_out *out, const struct compare_sweep *sweep)
{
    static const char *const heads[] = { "faults", "flushes", "interrupts", "translations",
                                         "KiB copied" };
    const struct compare_point *last = &sweep->points[sweep->point_count - 1];

    CORE_PUT(out, "\nwith %u %s\n             ", (unsigned)last->x,
             sweep->sweeps_touches ? "touched"
             : last->x == 1        ? "page"
                                   : "pages");
    for (size_t i = 0; i < VMM_COUNT_OF(heads); i++)
        put_cell(out, heads[i]);
    core_put(out, "  time\n");
    for (size_t way = 0; way < COMPARE_WAYS; way++) {
        const struct compare_answer *answer = &last->answers[way];
        const char *name = compare_way_name((enum compare_way)way);

        CORE_PUT(out, "  %s", name);
        core_put_spaces(out, 11 - strlen(name));
        if (!answer->is_possible) {
            core_put(out, "  not on this release\n");
            continue;
        }
        put_number_cell(out, answer->faults);
        put_number_cell(out, answer->flushes);
        put_number_cell(out, answer->interrupts);
        put_number_cell(out, answer->translations);
        put_number_cell(out, answer->copied_bytes / 1024);
        core_put(out, "  ");
        machine_put_range(out, time_of(sweep, answer));
        core_put(out, "\n");
    }
}

static void
put_break_even(const struct core_out *out, const struct compare_sweep *sweep)
{
    const struct compare_break_even *found = &sweep->break_even;
    const char *noun = sweep->sweeps_touches ? "touched pages" : "pages";

    if (found->x == 0)
        CORE_PUT(out, "\nwiring is never cheaper than faulting between %u and %u %s",
                 (unsigned)sweep->from, (unsigned)sweep->to, noun);
    else if (found->x == sweep->from)
        CORE_PUT(out, "\nwiring is cheaper than faulting from the first: %u %s", (unsigned)found->x,
                 noun);
    else
        CORE_PUT(out, "\nwiring is cheaper than faulting from %u %s on", (unsigned)found->x, noun);
    if (found->low != found->x || found->high != found->x) {
        CORE_PUT(out, "\n(with one price at a time at an end of its spread: ");
        if (found->low != 0)
            CORE_PUT(out, "from %u ", (unsigned)found->low);
        if (found->high == 0)
            core_put(out, found->low != 0 ? "to never)" : "never)");
        else
            CORE_PUT(out, "to %u)", (unsigned)found->high);
    }
    core_put(out, "\n");
}

void
compare_text(const struct core_out *out, const struct compare_sweep *sweep)
{
    const struct compare_question *question = &sweep->question;
    struct vm_profile profile;

    vm_profile_at(question->profile, &profile);
    CORE_PUT(out, "%s on %s, %u %s, ", profile.name, question->machine->name,
             (unsigned)question->cpus, question->cpus == 1 ? "CPU" : "CPUs");
    if (sweep->sweeps_touches)
        CORE_PUT(out, "%u pages\n\n", (unsigned)question->pages);
    else if (sweep->touches_all)
        core_put(out, "every page touched\n\n");
    else
        CORE_PUT(out, "%u touched\n\n", (unsigned)question->touches);
    put_times(out, sweep);
    put_counts(out, sweep);
    put_break_even(out, sweep);
}

/* ---- CSV ---- */

void
compare_csv_head(const struct core_out *out)
{
    core_put(out, "machine,profile,cpus,pages,touched,way,possible,faults,flushes,interrupts,"
                  "translations,copied_bytes,low_ps,ps,high_ps\n");
}

static void
put_csv(const struct core_out *out, const struct compare_sweep *sweep,
        const struct compare_point *point, enum compare_way way)
{
    const struct compare_answer *answer = &point->answers[way];
    const struct compare_question *question = &sweep->question;
    struct cost_time time = time_of(sweep, answer);
    uint32_t pages = sweep->sweeps_touches ? question->pages : point->x;
    uint32_t touches = sweep->sweeps_touches || sweep->touches_all || question->touches > pages
                           ? point->x
                           : question->touches;
    struct vm_profile profile;

    vm_profile_at(question->profile, &profile);
    CORE_PUT(out, "%s,%s,%u,%u,%u,%s,%u,", question->machine->name, profile.name,
             (unsigned)question->cpus, (unsigned)pages, (unsigned)touches, compare_way_name(way),
             (unsigned)answer->is_possible);
    CORE_PUT(out, "%llu,%llu,%llu,%llu,%llu,", (unsigned long long)answer->faults,
             (unsigned long long)answer->flushes, (unsigned long long)answer->interrupts,
             (unsigned long long)answer->translations, (unsigned long long)answer->copied_bytes);
    CORE_PUT(out, "%llu,%llu,%llu\n", (unsigned long long)time.low, (unsigned long long)time.value,
             (unsigned long long)time.high);
}

void
compare_csv(const struct core_out *out, const struct compare_sweep *sweep)
{
    for (size_t i = 0; i < sweep->point_count; i++) {
        for (size_t way = 0; way < COMPARE_WAYS; way++)
            put_csv(out, sweep, &sweep->points[i], (enum compare_way)way);
    }
}

/* ---- JSON ---- */

static void
json_answer(const struct core_out *out, size_t index, const struct compare_sweep *sweep,
            const struct compare_point *point, enum compare_way way)
{
    const struct compare_answer *answer = &point->answers[way];
    struct core_json object;

    core_json_element(out, index);
    object = core_json_begin(out);
    core_json_number(&object, "x", point->x);
    core_json_string(&object, "way", compare_way_name(way));
    core_json_bool(&object, "possible", answer->is_possible);
    core_json_number(&object, "faults", answer->faults);
    core_json_number(&object, "flushes", answer->flushes);
    core_json_number(&object, "interrupts", answer->interrupts);
    core_json_number(&object, "translations", answer->translations);
    core_json_number(&object, "copied_bytes", answer->copied_bytes);
    machine_json_range(&object, "time", time_of(sweep, answer));
    core_json_end(&object);
}

void
compare_json(const struct core_out *out, const struct compare_sweep *sweep)
{
    struct core_json object = core_json_begin(out);
    struct core_json break_even;

    core_json_string(&object, "machine", sweep->question.machine->name);
    core_json_profile(&object, sweep->question.profile);
    core_json_number(&object, "cpus", sweep->question.cpus);
    core_json_string(&object, "x", sweep->sweeps_touches ? "touched" : "pages");
    core_json_key(&object, "break_even");
    break_even = core_json_begin(out);
    core_json_number(&break_even, "x", sweep->break_even.x);
    core_json_number(&break_even, "low", sweep->break_even.low);
    core_json_number(&break_even, "high", sweep->break_even.high);
    core_json_end(&break_even);
    core_json_list(&object, "answers");
    for (size_t i = 0; i < sweep->point_count; i++) {
        for (size_t way = 0; way < COMPARE_WAYS; way++)
            json_answer(out, i * COMPARE_WAYS + way, sweep, &sweep->points[i],
                        (enum compare_way)way);
    }
    core_json_list_end(out);
    core_json_end(&object);
}
