/*
 * story_json.c - the story for programs
 */
#include "core_out.h"
#include "scn_rows.h"
#include "story.h"
#include "version.h"

static void
put_text(const struct core_out *out, const char *text)
{
    if (text != NULL)
        core_put_json(out, text);
    else
        core_put(out, "null");
}

static void
put_number(const struct core_out *out, const char *key, uint64_t value)
{
    CORE_PUT(out, ", \"%s\": %llu", key, (unsigned long long)value);
}

static void
print_strategies(const struct core_out *out)
{
    core_put(out, "  \"strategies\": [");
    for (size_t i = 0; i < STORY_STRATEGY_COUNT; i++) {
        const struct story_strategy *strategy = story_strategy_at(i);

        CORE_PUT(out, "%s\n    { \"id\": ", i > 0 ? "," : "");
        put_text(out, strategy->id);
        core_put(out, ", \"text\": ");
        put_text(out, strategy->text);
        core_put(out, ", \"scenario\": ");
        put_text(out, strategy->scenario);
        core_put(out, " }");
    }
    core_put(out, "\n  ],\n");
}

static void
print_cell(const struct core_out *out, size_t strategy, const struct story_cell *cell)
{
    core_put(out, "        { \"strategy\": ");
    put_text(out, story_strategy_at(strategy)->id);
    core_put(out, ", \"outcome\": ");
    put_text(out, story_outcome_name(cell->outcome));
    if (cell->outcome == STORY_PANICS)
        put_number(out, "page", cell->page);
    if (cell->outcome == STORY_REFUSED) {
        put_number(out, "code", (uint32_t)cell->code);
        core_put(out, ", \"code_name\": ");
        put_text(out, vmm_status_name((enum vmm_status)cell->code));
    }
    put_number(out, "faults", cell->faults);
    put_number(out, "translations", cell->translations);
    core_put(out, " }");
}

static void
print_row(const struct core_out *out, const struct story *story, size_t row)
{
    struct vm_profile profile;

    vm_profile_at(row, &profile);
    CORE_PUT(out, "%s\n    { \"profile\": ", row > 0 ? "," : "");
    put_text(out, profile.name);
    core_put(out, ", \"label\": ");
    put_text(out, profile.label);
    CORE_PUT(out, ", \"is_release\": %s, \"cells\": [\n", profile.is_release ? "true" : "false");
    for (size_t i = 0; i < STORY_STRATEGY_COUNT; i++) {
        print_cell(out, i, story_cell_at(story, row, (enum story_strategy_id)i));
        core_put(out, i + 1 < STORY_STRATEGY_COUNT ? ",\n" : " ] }");
    }
}

static void
print_panic(const struct core_out *out, const struct story *story)
{
    const struct verify_rule *rule;
    const struct vm_stop *panic = story_panic(story, &rule);
    struct vm_profile profile;

    vm_profile_at(scn_newest_release(), &profile);
    core_put(out, "  \"panic\": { \"profile\": ");
    put_text(out, profile.name);
    core_put(out, ", \"text\": ");
    put_text(out, panic->kind == VM_PANICKED ? panic->text : NULL);
    core_put(out, ", \"rule\": ");
    put_text(out, rule != NULL ? rule->id : NULL);
    core_put(out, " }\n");
}

void
story_print_json(const struct core_out *out, const struct story *story)
{
    core_put(out, "{\n  \"schema\": 1,\n  \"program\": \"faultline\",\n  \"version\": "
                  "\"" FAULTLINE_VERSION "\",\n  \"verb\": \"story\",\n");
    CORE_PUT(out, "  \"pages\": %u,\n", (unsigned)STORY_PAGES);
    print_strategies(out);
    core_put(out, "  \"rows\": [");
    for (size_t row = 0; row < vm_profile_count(); row++)
        print_row(out, story, row);
    core_put(out, "\n  ],\n");
    print_panic(out, story);
    core_put(out, "}\n");
}
