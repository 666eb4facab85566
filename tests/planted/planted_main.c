/*
 * planted_main.c - planted MISTAKE: the searches find what is planted, and nothing else
 *
 * 1 to 6: every short sequence of calls (sim/small) finds it. 7: the schedule explorer does. 8: calls
 * that fail do. 0: with nothing planted all find nothing, as far as a test has time for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/planted.h"
#include "core/explore.h"
#include "core/inject.h"
#include "core/shrink.h"
#include "fiber/fiber.h"
#include "fiber/stack_path.h"
#include "small/small.h"

int VMM_PLANTED_MISTAKE;

static void *
take(void *context, size_t size)
{
    (void)context;
    return aligned_alloc(64, (size + 63) / 64 * 64);
}

static void
give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

static const struct vmm_alloc heap = { take, give, NULL };

/* Whether the scenario that a search wrote goes wrong when it is run. */
static bool
goes_wrong(const char *story)
{
    struct scn_program *program = NULL;
    struct scn_report *report = NULL;
    struct scn_error error;
    bool is_wrong;

    if (scn_parse(&heap, story, strlen(story), &program, &error) != SCN_OK) {
        printf("line %u: %s\n", (unsigned)error.line, error.what);
        return false;
    }
    is_wrong =
        scn_run(program, &heap, scn_program_profile_at(program, 0), NULL, &report) == SCN_OK &&
        report->verdict != SCN_CLEAN;
    scn_report_free(report);
    scn_program_free(program);
    return is_wrong;
}

/* Whether a sequence of at most `depth` calls shows something, as it does when it is run again. */
static bool
small_finds(uint32_t depth)
{
    bool is_found;

    enum small_outcome outcome = SMALL_MORE;
    struct vm_profile profile;
    struct small *small;
    size_t row = 0;

    vm_profile_find("macos-15.4", strlen("macos-15.4"), &row);
    vm_profile_at(row, &profile);
    small = small_create(&heap, &profile, depth);
    while (outcome == SMALL_MORE)
        outcome = small_step(small);
    printf("%s\n%s%llu sequences\n", small_result(small)->what, small_result(small)->sequence,
           (unsigned long long)small_result(small)->calls);
    puts(small_result(small)->story);
    is_found = outcome == SMALL_VIOLATION && goes_wrong(small_result(small)->story);
    small_destroy(small);
    return is_found;
}

static bool
explore_finds(void)
{
    static const char text[] = "machine frames=512\n"
                               "app = task\n"
                               "buf = allocate app 2p\n"
                               "md = descriptor buf direction=out\n"
                               "m = map md kernel\n"
                               "thread a {\n wire m in\n unwire m\n}\n"
                               "thread b { wire m in\n unwire m\n}\n";
    struct scn_fibers *fibers = fiber_set_create();
    struct explore_options options = { .preemptions = 2, .limit = 1000 };
    struct scn_program *program = NULL;
    struct explore *explore;
    struct scn_error error;
    bool is_found = false;

    if (scn_parse(&heap, text, strlen(text), &program, &error) != SCN_OK)
        return false;
    options.profile = scn_program_profile_at(program, 0);
    explore = explore_create(&heap, program, fibers, &options);
    while (explore_step(explore) == EXPLORE_MORE)
        continue;
    for (size_t i = 0; i < explore_failure_count(explore); i++) {
        struct scn_report *report;
        struct vmm_text line;
        char bytes[512];

        vmm_text_init(&line, bytes, sizeof bytes);
        if (explore_run(program, &heap, fibers, options.profile, explore_failure_at(explore, i)->id,
                        false, &report) != SCN_OK)
            continue;
        explore_say(report, &line);
        printf("%s: %s\n", explore_failure_at(explore, i)->id, bytes);
        is_found |= strstr(bytes, "lost wakeup") != NULL;
        scn_report_free(report);
    }
    explore_destroy(explore);
    scn_program_free(program);
    fiber_set_destroy(fibers);
    return is_found;
}

/* Whether that scenario still goes wrong when it is as short as it gets, with the call that fails. */
static bool
shrinks(const char *story)
{
    struct scn_fibers *fibers = fiber_set_create();
    struct shrink_result result;
    struct core_arena arena;
    bool is_shorter;

    core_arena_init(&arena, &heap);
    is_shorter = shrink_scenario(&arena, fibers, story, strlen(story), NULL, &result) == SCN_OK &&
                 result.lines < result.from && strstr(result.text, "fail allocation") != NULL &&
                 goes_wrong(result.text);
    if (is_shorter)
        puts(result.text);
    core_arena_destroy(&arena);
    fiber_set_destroy(fibers);
    return is_shorter;
}

/* Each call fails once; what leaks is written as a scenario that leaks. */
static bool
inject_finds(void)
{
    static const char text[] = "app = task\n"
                               "buf = allocate app 2p\n"
                               "thread a {\n fill buf\n md = descriptor buf direction=out\n}\n";
    struct inject_options options = { .fibers = fiber_set_create(), .path = stack_path };
    struct scn_program *program = NULL;
    struct core_arena arena;
    struct inject *inject;
    struct scn_error error;
    const char *story;
    bool is_found;

    if (scn_parse(&heap, text, strlen(text), &program, &error) != SCN_OK)
        return false;
    options.profile = scn_program_profile_at(program, 0);
    inject = inject_create(&heap, program, &options);
    while (inject_step(inject) == INJECT_MORE)
        continue;
    is_found = inject_result(inject)->leaks == 1;
    core_arena_init(&arena, &heap);
    story = inject_scenario(inject_result(inject), &arena, text, strlen(text));
    if (is_found)
        is_found = story != NULL && puts(story) >= 0 && goes_wrong(story) && shrinks(story);
    core_arena_destroy(&arena);
    inject_destroy(inject);
    scn_program_free(program);
    fiber_set_destroy(options.fibers);
    return is_found;
}

/* The same flush that is missing, told by the access that goes wrong, with both events. */
static bool
stale_is_found(void)
{
    static const char text[] = "app = task\nbuf = allocate app 2p\n"
                               "on-cpu 1\nstore buf\non-cpu 0\nprotect buf read\n"
                               "on-cpu 1\nstore buf\n";
    struct scn_program *program = NULL;
    struct scn_report *report;
    struct scn_error error;
    bool is_found = false;

    if (scn_parse(&heap, text, strlen(text), &program, &error) != SCN_OK ||
        scn_run(program, &heap, scn_program_profile_at(program, 0), NULL, &report) != SCN_OK)
        return false;
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct scn_finding *finding = &report->findings[i];

        printf("%s, line %u, after %s\n", finding->rule->id, (unsigned)finding->line,
               trace_kind_name(finding->cause.kind));
        is_found |= strcmp(finding->rule->id, "stale-translation") == 0 &&
                    finding->cause.sequence != 0 && finding->cause.kind == EV_PMAP_PROTECT;
    }
    scn_report_free(report);
    scn_program_free(program);
    return is_found;
}

int
main(int argc, char **argv)
{
    int mistake = argc > 1 ? atoi(argv[1]) : 0;
    bool is_found;

    VMM_PLANTED_MISTAKE = mistake;
    if (mistake == VMM_PLANTED_NOTHING)
        is_found = small_finds(4) || explore_finds() || stale_is_found() || inject_finds();
    else if (mistake == VMM_PLANTED_LEAK)
        is_found = inject_finds();
    else if (mistake == VMM_PLANTED_NO_WAKEUP)
        is_found = explore_finds();
    else
        is_found = small_finds(5) && (mistake != VMM_PLANTED_NO_FLUSH || stale_is_found());
    puts(is_found ? "found" : "found nothing");
    return is_found == (mistake != VMM_PLANTED_NOTHING) ? 0 : 1;
}
