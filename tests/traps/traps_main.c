/*
 * traps_main.c - the traps of vm.md 10, each on every release
 *
 *   traps              all of them
 *   traps NAME         this one
 *   traps --list       their names
 *
 * Exit: what CMocka says; 2 when no trap has that name.
 */
#include "traps.h"

#include <stdio.h>
#include <stdlib.h>

struct trap {
    const char *name;
    void (*body)(struct vm_fixture *f);
};

static const struct trap traps[] = {
#define TRAP(name) { #name, name },
#include "traps.def"
#undef TRAP
};

/* One trap on one release: CMocka's initial state. */
struct trap_case {
    char title[128];
    const struct trap *trap;
    size_t row;
};

struct trap_run {
    struct vm_fixture fixture;
    const struct trap *trap;
};

static int
set_up(void **state)
{
    const struct trap_case *what = *state;
    struct trap_run *run = calloc(1, sizeof(*run));
    struct vm_profile profile;

    assert_non_null(run);
    vm_profile_at(what->row, &profile);
    run->trap = what->trap;
    vm_fixture_start(&run->fixture, profile.name);
    *state = run;
    return 0;
}

static void
run_trap(void **state)
{
    struct trap_run *run = *state;

    run->trap->body(&run->fixture);
}

static int
tear_down(void **state)
{
    struct trap_run *run = *state;

    vm_fixture_end(&run->fixture);
    free(run);
    return 0;
}

/* The cases of one trap, one per release. */
static void
add_cases(const struct trap *trap, struct trap_case *cases, struct CMUnitTest *tests)
{
    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        (void)snprintf(cases[row].title, sizeof(cases[row].title), "%s on %s", trap->name,
                       profile.name);
        cases[row].trap = trap;
        cases[row].row = row;
        tests[row] = (struct CMUnitTest)cmocka_unit_test_prestate_setup_teardown(
            run_trap, set_up, tear_down, &cases[row]);
        tests[row].name = cases[row].title;
    }
}

/* Runs traps [first, end). */
static int
run_traps(size_t first, size_t end)
{
    size_t count = (end - first) * vm_profile_count();
    struct trap_case *cases = calloc(count, sizeof(*cases));
    struct CMUnitTest *tests = calloc(count, sizeof(*tests));
    int failed = -1;

    if (cases != NULL && tests != NULL) {
        for (size_t i = first; i < end; i++)
            add_cases(&traps[i], cases + (i - first) * vm_profile_count(),
                      tests + (i - first) * vm_profile_count());
        failed = _cmocka_run_group_tests("traps", tests, count, NULL, NULL);
    }
    free(tests);
    free(cases);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int count, char **words)
{
    if (count == 1)
        return run_traps(0, VMM_COUNT_OF(traps));
    for (size_t i = 0; i < VMM_COUNT_OF(traps); i++) {
        if (strcmp(words[1], "--list") == 0)
            (void)puts(traps[i].name);
        else if (strcmp(words[1], traps[i].name) == 0)
            return run_traps(i, i + 1);
    }
    if (strcmp(words[1], "--list") == 0)
        return EXIT_SUCCESS;
    (void)fprintf(stderr, "traps: no trap is called %s\n", words[1]);
    return 2;
}
