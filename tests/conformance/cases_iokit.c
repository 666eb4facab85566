/*
 * cases_iokit.c - what iokit.md says, asked through the conformance kit's own names: each case of
 * cases.def on each release and page size
 */
#include <stdio.h>
#include <stdlib.h>

#include "cases_words.h"

unsigned release;
bool is_seed_view;
uint64_t page;

static unsigned failures;
static const char *running; /* the case */

void
check(bool holds, const char *what, int line)
{
    if (holds)
        return;
    failures++;
    printf("%s: line %d, %s, %s: %s\n", running, line, getenv("FAULTLINE_PROFILE"),
           getenv("FAULTLINE_MACHINE"), what);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name) { #name, name },
#include "cases.def"
#undef CASE
};

static void
run_all(const char *profile, const char *machine)
{
    setenv("FAULTLINE_PROFILE", profile, 1);
    setenv("FAULTLINE_MACHINE", machine, 1);
    release = oracle_model_release();
    is_seed_view = strcmp(profile, "seed-view") == 0;
    page = oracle_page_size();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        running = cases[i].name;
        CHECK(oracle_machine_start() == 0);
        cases[i].run();
    }
}

int
main(void)
{
    static const char *const profiles[] = { "macos-10.9",  "macos-10.10", "macos-10.11",
                                            "macos-10.13", "macos-15.4",  "seed-view" };
    static const char *const machines[] = { "x86_64", "arm64" };
    unsigned runs = 0;

    for (size_t p = 0; p < COUNT_OF(profiles); p++) {
        for (size_t m = 0; m < COUNT_OF(machines); m++) {
            run_all(profiles[p], machines[m]);
            runs += (unsigned)COUNT_OF(cases);
        }
    }
    printf("%u cases run, %u checks failed\n", runs, failures);
    return failures != 0;
}
