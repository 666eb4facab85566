/*
 * story_print.c - the story as a reader sees it
 *
 * The strategies stand in two tables, those that change nothing and those that do, so that a line
 * fits a terminal. Neighbouring releases with equal cells share a line; a release that the report
 * or its reader will look for begins its own.
 */
#include <string.h>

#include "core_out.h"
#include "scn_rows.h"
#include "story.h"

enum { CELL_MAX = 64, LABEL_MAX = 64, GAP = 2 };

struct table {
    const struct core_out *out;
    const struct story *story;
    uint32_t flags;
    size_t label_width;
    size_t widths[STORY_STRATEGY_COUNT];
};

/* ---- which rows share a line ---- */

static bool
is_looked_for(size_t row)
{
    static const char *const names[] = { "macos-10.9", "macos-10.10", "macos-10.11", "macos-15.4" };

    for (size_t i = 0; i < VMM_COUNT_OF(names); i++) {
        size_t named;

        if (vm_profile_find(names[i], strlen(names[i]), &named) && named == row)
            return true;
    }
    return false;
}

static bool
is_same_cell(const struct story_cell *a, const struct story_cell *b)
{
    return a->outcome == b->outcome && a->page == b->page && a->code == b->code &&
           a->faults == b->faults && a->translations == b->translations;
}

static bool
is_same_row(const struct story *story, size_t a, size_t b)
{
    for (size_t i = 0; i < STORY_STRATEGY_COUNT; i++) {
        enum story_strategy_id id = (enum story_strategy_id)i;

        if (!is_same_cell(story_cell_at(story, a, id), story_cell_at(story, b, id)))
            return false;
    }
    return true;
}

/* The last row of the line that begins with `first`. */
static size_t
line_end(const struct table *table, size_t first)
{
    struct vm_profile profile;
    size_t last = first;

    if ((table->flags & STORY_ALL_ROWS) != 0)
        return first;
    while (last + 1 < vm_profile_count()) {
        vm_profile_at(last + 1, &profile);
        if (!profile.is_release || is_looked_for(last + 1) ||
            !is_same_row(table->story, first, last + 1))
            break;
        last++;
    }
    return last;
}

/* ---- texts of cells ---- */

static void
put_code(struct vmm_text *text, int32_t code)
{
    const char *name = vmm_status_name((enum vmm_status)code);

    if (name != NULL)
        vmm_text_put(text, name);
    else
        vmm_text_format(text, "0x%08x", (unsigned)code);
}

static void
put_cell(struct vmm_text *text, const struct story_cell *cell)
{
    vmm_text_put(text, story_outcome_name(cell->outcome));
    switch (cell->outcome) {
    case STORY_ABSENT:
        return;
    case STORY_REFUSED:
        vmm_text_put(text, " ");
        put_code(text, cell->code);
        return;
    case STORY_PANICS:
        vmm_text_format(text, " p.%llu", (unsigned long long)cell->page);
        break;
    case STORY_CLEAN:
    case STORY_HANGS:
        break;
    }
    vmm_text_format(text, " %llu/%llu", (unsigned long long)cell->faults,
                    (unsigned long long)cell->translations);
}

/* ---- tables ---- */

static void
grow(size_t *width, size_t length)
{
    *width = length > *width ? length : *width;
}

static void
measure(struct table *table)
{
    char bytes[LABEL_MAX > CELL_MAX ? LABEL_MAX : CELL_MAX];
    struct vmm_text text;

    for (size_t i = 0; i < STORY_STRATEGY_COUNT; i++) {
        grow(&table->widths[i], strlen(story_strategy_at(i)->top));
        grow(&table->widths[i], strlen(story_strategy_at(i)->bottom));
    }
    for (size_t row = 0; row < vm_profile_count(); row = line_end(table, row) + 1) {
        vmm_text_init(&text, bytes, sizeof(bytes));
        scn_span_put(&text, (struct scn_span){ row, line_end(table, row) });
        grow(&table->label_width, text.length);
        for (size_t i = 0; i < STORY_STRATEGY_COUNT; i++) {
            vmm_text_init(&text, bytes, sizeof(bytes));
            put_cell(&text, story_cell_at(table->story, row, (enum story_strategy_id)i));
            grow(&table->widths[i], text.length);
        }
    }
}

/* Prints a text of a column; the last column of a line is not padded. */
static void
print_padded(const struct table *table, const char *text, size_t width, bool is_last)
{
    core_put(table->out, text);
    if (!is_last)
        core_put_spaces(table->out, width + GAP - strlen(text));
}

static void
print_heading(const struct table *table, size_t first, size_t end)
{
    print_padded(table, "", table->label_width, false);
    for (size_t i = first; i < end; i++)
        print_padded(table, story_strategy_at(i)->top, table->widths[i], i + 1 == end);
    core_put(table->out, "\n");
    print_padded(table, "", table->label_width, false);
    for (size_t i = first; i < end; i++)
        print_padded(table, story_strategy_at(i)->bottom, table->widths[i], i + 1 == end);
    core_put(table->out, "\n");
}

static const char *
colour_of(const struct table *table, enum story_outcome outcome)
{
    static const char *const colours[] = { "\033[32m", "\033[31m", "\033[31m", "\033[33m",
                                           "\033[2m" };

    return (table->flags & STORY_COLOUR) != 0 ? colours[outcome] : "";
}

static void
print_cell(const struct table *table, size_t row, size_t strategy, bool is_last)
{
    const struct story_cell *cell =
        story_cell_at(table->story, row, (enum story_strategy_id)strategy);
    char bytes[CELL_MAX];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof(bytes));
    put_cell(&text, cell);
    core_put(table->out, colour_of(table, cell->outcome));
    core_put(table->out, bytes);
    core_put(table->out, (table->flags & STORY_COLOUR) != 0 ? "\033[0m" : "");
    if (!is_last)
        core_put_spaces(table->out, table->widths[strategy] + GAP - text.length);
}

static void
print_table(const struct table *table, size_t first, size_t end)
{
    char bytes[LABEL_MAX];
    struct vmm_text text;

    print_heading(table, first, end);
    for (size_t row = 0; row < vm_profile_count(); row = line_end(table, row) + 1) {
        vmm_text_init(&text, bytes, sizeof(bytes));
        scn_span_put(&text, (struct scn_span){ row, line_end(table, row) });
        print_padded(table, bytes, table->label_width, false);
        for (size_t i = first; i < end; i++)
            print_cell(table, row, i, i + 1 == end);
        core_put(table->out, "\n");
    }
}

/* ---- the words around it ---- */

static const char begin[] =
    "rdar://25140509, run on a model of XNU's memory.\n"
    "A user passes a struct of 64 KiB (16 pages) to a driver. That is more than 4096 bytes, so\n"
    "externalMethod gets structureInputDescriptor. The driver takes a spin lock and reads it all.\n"
    "\n"
    "What does not help:\n";

static const char middle[] = "\nWhat helps:\n";

static const char legend[] =
    "\n"
    "clean F/T      no fault inside the lock      F  faults taken, outside and inside\n"
    "panics p.N F/T the Mac dies at page N        T  pages translated when the lock was taken\n"
    "refused CODE   the call's answer             seed-view: what the report believed of 10.9,\n"
    "absent         the release lacks the call               where no release's source agrees\n";

static const char why[] =
    "\n"
    "Why\n"
    "  A mapping is lazy: createMappingInTask() makes a map entry and not one translation. The\n"
    "  first access to a page faults, vm_fault() makes that page's translation, and the access\n"
    "  goes on. Under a spin lock preemption is off, and there vm_fault() refuses before it "
    "looks,\n"
    "  even for a page that is in memory and wired. prepare() does not help: it keeps the "
    "source's\n"
    "  pages in memory, and enters no translation anywhere, before or after the mapping. Prefault\n"
    "  is refused for the kernel from 10.10 to 10.12; later it succeeds and enters nothing, since "
    "a\n"
    "  struct input is a copy-on-write snapshot from 10.12.2 on. wireRange() is the call that\n"
    "  promises translations.\n";

static const char fix[] =
    "\n"
    "The fix\n"
    "  IOMemoryDescriptor *md = args->structureInputDescriptor;\n"
    "  md->prepare();                                     // the pages stay\n"
    "  IOMemoryMap *m = md->createMappingInTask(kernel_task, 0, kIOMapAnywhere);\n"
    "  m->wireRange(kIODirectionIn, 0, m->getLength());   // the translations stay; In is READ "
    "here\n"
    "  ...                                                // lock, access, unlock\n"
    "  m->wireRange(kIODirectionNone, 0, m->getLength()); // before release(), or it waits for "
    "ever\n"
    "  m->release();\n"
    "  md->complete();\n";

static const char next[] =
    "\n"
    "Next\n"
    "  ./run run sim/scenarios/r25140509_prepare_leaves_mapping_lazy.scn   what each floor did\n"
    "  ./run run sim/scenarios/way3_wire_then_access.scn                   the cure, step by step\n"
    "  ./run profiles show macos-15.4                                      one release, with "
    "sources\n"
    "  ./run story --all                                                   every release on its "
    "line\n"
    "  ./run help\n";

/* The panic's own text, each line a little to the right. */
static void
print_indented(const struct core_out *out, const char *text)
{
    core_put(out, "  ");
    for (; *text != '\0'; text++) {
        out->put(out->context, text, 1);
        if (*text == '\n')
            core_put(out, "  ");
    }
    core_put(out, "\n");
}

static void
print_panic(const struct core_out *out, const struct story *story)
{
    const struct verify_rule *rule;
    const struct vm_stop *panic = story_panic(story, &rule);
    struct vm_profile profile;

    if (panic->kind != VM_PANICKED)
        return;
    vm_profile_at(scn_newest_release(), &profile);
    CORE_PUT(out, "\nThe panic, on %s after prepare() and createMappingInTask()\n", profile.name);
    print_indented(out, panic->text);
    if (rule == NULL)
        return;
    CORE_PUT(out, "  rule     %s: %s\n", rule->id, rule->sentence);
    CORE_PUT(out, "  missing  %s\n", rule->missing);
    CORE_PUT(out, "  call     %s\n", rule->fix);
    CORE_PUT(out, "  source   %s\n", rule->source);
}

void
story_print_text(const struct core_out *out, const struct story *story, uint32_t flags)
{
    struct table table = { .out = out, .story = story, .flags = flags };

    measure(&table);
    core_put(out, begin);
    print_table(&table, STORY_MAP_ONLY, STORY_TOUCH_LOAD);
    core_put(out, middle);
    print_table(&table, STORY_TOUCH_LOAD, STORY_STRATEGY_COUNT);
    core_put(out, legend);
    print_panic(out, story);
    core_put(out, why);
    core_put(out, fix);
    core_put(out, next);
}
