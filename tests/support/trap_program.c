/* trap_program.c - see trap_program.h */
#include "trap_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vm/vm_profile.h"

/* One line on one release: CMocka's initial state. */
struct trap_case {
    char title[128];
    const struct trap_program *program;
    size_t line;
    size_t row;
};

struct trap_run {
    const struct trap_case *what;
    void *fixture;
};

static int
set_up(void **state)
{
    struct trap_run *run = calloc(1, sizeof(*run));
    struct vm_profile profile;

    assert_non_null(run);
    run->what = *state;
    run->fixture = calloc(1, run->what->program->fixture_bytes);
    assert_non_null(run->fixture);
    vm_profile_at(run->what->row, &profile);
    run->what->program->start(run->fixture, profile.name);
    *state = run;
    return 0;
}

static void
run_line(void **state)
{
    const struct trap_run *run = *state;

    run->what->program->run(run->fixture, run->what->line);
}

static int
tear_down(void **state)
{
    struct trap_run *run = *state;

    run->what->program->end(run->fixture);
    free(run->fixture);
    free(run);
    return 0;
}

/* Adds a line's cases; how many. */
static size_t
add_cases(const struct trap_program *program, size_t line, struct trap_case *cases,
          struct CMUnitTest *tests)
{
    bool is_each = program->lines[line].on_each_release;
    size_t first = is_each ? 0 : vm_profile_count() - 2; /* the newest release */
    size_t end = is_each ? vm_profile_count() : first + 1;

    for (size_t row = first; row < end; row++) {
        struct trap_case *made = &cases[row - first];
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        *made = (struct trap_case){ .program = program, .line = line, .row = row };
        (void)snprintf(made->title, sizeof(made->title), "%s on %s", program->lines[line].name,
                       is_each ? profile.name : "the releases it names");
        tests[row - first] = (struct CMUnitTest)cmocka_unit_test_prestate_setup_teardown(
            run_line, set_up, tear_down, made);
        tests[row - first].name = made->title;
    }
    return end - first;
}

/* Runs lines [first, end). */
static int
run_lines(const struct trap_program *program, size_t first, size_t end)
{
    size_t room = (end - first) * vm_profile_count();
    struct trap_case *cases = calloc(room, sizeof(*cases));
    struct CMUnitTest *tests = calloc(room, sizeof(*tests));
    size_t count = 0;
    int failed = -1;

    if (cases != NULL && tests != NULL) {
        for (size_t line = first; line < end; line++)
            count += add_cases(program, line, cases + count, tests + count);
        failed = _cmocka_run_group_tests(program->name, tests, count, NULL, NULL);
    }
    free(tests);
    free(cases);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
trap_program_main(const struct trap_program *program, int count, char **words)
{
    bool lists = count > 1 && strcmp(words[1], "--list") == 0;

    if (count == 1)
        return run_lines(program, 0, program->line_count);
    for (size_t line = 0; line < program->line_count; line++) {
        if (lists)
            (void)puts(program->lines[line].name);
        else if (strcmp(words[1], program->lines[line].name) == 0)
            return run_lines(program, line, line + 1);
    }
    if (lists)
        return EXIT_SUCCESS;
    (void)fprintf(stderr, "%s: nothing is called %s\n", program->name, words[1]);
    return 2;
}
