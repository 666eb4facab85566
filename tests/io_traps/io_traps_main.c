/*
 * io_traps_main.c - the traps of iokit.md 9 and the rows of iokit.md 8
 *
 *   io_traps              all of them
 *   io_traps NAME         this one
 *   io_traps --list       their names
 *
 * Exit: what CMocka says; 2 when nothing has that name.
 */
#include "io_traps.h"

#include <stdio.h>
#include <stdlib.h>

struct trap {
    const char *name;
    void (*body)(struct iokit_fixture *f);
    bool on_each_release;
};

static const struct trap traps[] = {
#define IO_ONCE(name) { #name, name, false },
#define IO_EACH(name) { #name, name, true },
#include "io_traps.def"
#undef IO_ONCE
#undef IO_EACH
};

/* One trap on one release: CMocka's initial state. */
struct trap_case {
    char title[128];
    const struct trap *trap;
    size_t row;
};

struct trap_run {
    struct iokit_fixture fixture;
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
    iokit_fixture_start(&run->fixture, profile.name, false);
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

    iokit_fixture_end(&run->fixture);
    free(run);
    return 0;
}

/* Adds the trap's cases; how many. */
static size_t
add_cases(const struct trap *trap, struct trap_case *cases, struct CMUnitTest *tests)
{
    size_t first = trap->on_each_release ? 0 : vm_profile_count() - 2; /* the newest release */
    size_t end = trap->on_each_release ? vm_profile_count() : first + 1;

    for (size_t row = first; row < end; row++) {
        struct trap_case *made = &cases[row - first];
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        (void)snprintf(made->title, sizeof(made->title), "%s on %s", trap->name,
                       trap->on_each_release ? profile.name : "the releases it names");
        made->trap = trap;
        made->row = row;
        tests[row - first] = (struct CMUnitTest)cmocka_unit_test_prestate_setup_teardown(
            run_trap, set_up, tear_down, made);
        tests[row - first].name = made->title;
    }
    return end - first;
}

/* Runs traps [first, end). */
static int
run_traps(size_t first, size_t end)
{
    size_t room = (end - first) * vm_profile_count();
    struct trap_case *cases = calloc(room, sizeof(*cases));
    struct CMUnitTest *tests = calloc(room, sizeof(*tests));
    size_t count = 0;
    int failed = -1;

    if (cases != NULL && tests != NULL) {
        for (size_t i = first; i < end; i++)
            count += add_cases(&traps[i], cases + count, tests + count);
        failed = _cmocka_run_group_tests("io_traps", tests, count, NULL, NULL);
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
    (void)fprintf(stderr, "io_traps: nothing is called %s\n", words[1]);
    return 2;
}
