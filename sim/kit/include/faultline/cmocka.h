/*
 * faultline/cmocka.h - CMocka tests that are red where the Mac would panic
 *
 * PURPOSE     A fresh world for each test, and assertions about findings, memory and calls. A test whose
 *             code makes the kernel panic fails at the line of the access, with the whole report.
 * INVARIANTS  at the end of each test there is no finding that it did not expect, and nothing leaks
 * UNITS       offsets, lengths: bytes
 * OWNERSHIP   the setup makes the world, the teardown ends it
 * ERRORS      CMocka's
 * EVENTS      none
 * XNU         none
 */
#ifndef FAULTLINE_CMOCKA_H
#define FAULTLINE_CMOCKA_H

/* Include <cmocka.h> and what it asks for first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faultline/explore.h"
#include "faultline/native.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what a failure says ---- */

/* One line for a service that shows it beside the source, when the environment asks for it. */
static inline void
faultline_annotate(const struct faultline_finding *finding)
{
    const char *wanted = getenv("FAULTLINE_ANNOTATIONS");

    if (wanted != NULL && strcmp(wanted, "github") == 0 && finding->line > 0)
        printf("::error file=%s,line=%d,title=%s::%s on %s\n", finding->file, finding->line,
               finding->rule[0] == '\0' ? "faultline" : finding->rule, finding->function,
               finding->profile);
}

/* Findings that failed a test of this process. */
static unsigned faultline_failures;
static int faultline_has_told; /* this test failed by one; what else led there is not told too */

/* A call was made to fail and the kernel itself does not survive that: no driver could help it. */
static inline int
faultline_is_kernels_end(const char *rule)
{
    return faultline_failed_count() > 0 &&
           (strcmp(rule, "no-free-page") == 0 || strcmp(rule, "no-map-space") == 0 ||
            strcmp(rule, "map-enter-failed") == 0);
}

static inline void
faultline_count_failure(const struct faultline_finding *finding)
{
    faultline_failures += !faultline_is_kernels_end(finding->rule);
    faultline_has_told = 1;
    fputs(finding->report, stderr); /* print_error() cuts it */
    faultline_annotate(finding);
}

static inline void
faultline_fail_test(void *context, const struct faultline_finding *finding)
{
    (void)context;
    faultline_count_failure(finding);
    _fail(finding->line > 0 ? finding->file : __FILE__,
          finding->line > 0 ? finding->line : __LINE__);
}

/* Says the oldest finding that nobody expected; 0: there is none. */
static inline int
faultline_say_unexpected(void)
{
    struct faultline_finding finding;
    int index = faultline_finding_unexpected();

    if (index < 0 || !faultline_finding_at((unsigned)index, &finding))
        return 0;
    faultline_count_failure(&finding);
    print_error("finding: %s at %s:%d\n", finding.rule, finding.file, finding.line);
    return 1;
}

/* ---- a test and its world ---- */

struct faultline_case {
    const char *name;
    void (*test)(void **state);
    const char *const *profiles; /* ended by NULL; NULL: the environment's, or the newest */
    int is_all_profiles;
};

static const struct faultline_case *faultline_this; /* what the setup was for */
static const char *faultline_on;                    /* its release; NULL: any */

/* *state is the case, then the world. */
static inline int
faultline_setup(void **state)
{
    struct faultline_config config;
    faultline_world_t *world;

    memset(&config, 0, sizeof(config));
    config.profile = faultline_on;
    faultline_has_told = 0;
    faultline_this = (const struct faultline_case *)*state;
    world = faultline_start(&config);
    if (world == NULL) {
        print_error("%s\n", faultline_trouble());
        return -1;
    }
    faultline_on_finding(faultline_fail_test, NULL);
    *state = world;
    return 0;
}

static inline int
faultline_teardown(void **state)
{
    faultline_world_t *world = (faultline_world_t *)*state;
    int is_bad; /* nobody told it yet */

    faultline_on_finding(NULL, NULL);
    (void)faultline_end(world);
    is_bad = !faultline_has_told && faultline_say_unexpected();
    faultline_fail("allocation", 0);
    faultline_stop(world);
    return is_bad ? -1 : 0;
}

/* ---- the same test several times, each in a process and a world of its own ---- */

/* What a child ends with: 0, 1 when the test failed, 2 when there were findings. */
enum { FAULTLINE_PASSED, FAULTLINE_FAILED, FAULTLINE_FOUND };

static inline int
faultline_run_here(void *context)
{
    const struct faultline_case *one = (const struct faultline_case *)context;
    const struct CMUnitTest tests[] = { { one->name, one->test, faultline_setup, faultline_teardown,
                                          context } };
    int failed;

    /* What a child prints about itself is nobody's: findings go to stderr. */
    if (freopen("/dev/null", "w", stdout) == NULL)
        return FAULTLINE_FAILED;
    faultline_failures = 0;
    failed = _cmocka_run_group_tests(one->name, tests, 1, NULL, NULL);
    return faultline_failures > 0 ? FAULTLINE_FOUND
           : failed != 0          ? FAULTLINE_FAILED
                                  : FAULTLINE_PASSED;
}

/* With a call that fails, an assertion about success may fail: what counts is what was found. */
static inline int
faultline_run_injected(void *context)
{
    int result = faultline_run_here(context);

    return result == FAULTLINE_FAILED && faultline_failed_count() > 0 ? FAULTLINE_PASSED : result;
}

static inline void
faultline_run_profiles(const struct faultline_case *one)
{
    const char *broken[64];
    unsigned count = 0;
    const char *profile;

    for (unsigned i = 0;
         (profile = one->is_all_profiles ? faultline_profile_name(i) : one->profiles[i]) != NULL;
         i++) {
        struct faultline_case child = *one;

        faultline_on = profile;
        if (faultline_in_child(faultline_run_here, &child) != FAULTLINE_PASSED && count < 64)
            broken[count++] = profile;
    }
    faultline_on = NULL;
    for (unsigned i = 0; i < count; i++)
        print_error("%s breaks on %s\n", one->name, broken[i]);
    if (count > 0)
        _fail(__FILE__, __LINE__);
}

/* What CMocka calls for each case. */
static inline void
faultline_run_case(void **state)
{
    const struct faultline_case *one = faultline_this;
    const char *inject = getenv("FAULTLINE_INJECT");
    unsigned tried = 0, unhandled;

    if (one->profiles != NULL || one->is_all_profiles) {
        faultline_run_profiles(one);
        return;
    }
    if (inject != NULL && strcmp(inject, "all") == 0) {
        struct faultline_case child = *one;

        unhandled = faultline_inject_all(faultline_run_injected, &child, &tried);
        printf("%s: %u calls were made to fail, %u of them were not handled\n", one->name, tried,
               unhandled);
        if (unhandled > 0)
            _fail(__FILE__, __LINE__);
    }
    one->test(state);
}

/* *state is the world; the release is the environment's FAULTLINE_PROFILE or the newest. */
#define faultline_unit_test(test)                                       \
    {                                                                   \
#test, faultline_run_case, faultline_setup, faultline_teardown, \
            (void *)&(struct faultline_case)                            \
        {                                                               \
#test, test, NULL, 0                                        \
        }                                                               \
    }
/* The same on each of these releases: faultline_unit_test_on(test, "macos-10.9", "macos-15.4"). */
#define faultline_unit_test_on(test, ...)                               \
    {                                                                   \
#test, faultline_run_case, faultline_setup, faultline_teardown, \
            (void *)&(struct faultline_case)                            \
        {                                                               \
#test, test, (const char *const[]){ __VA_ARGS__, NULL }, 0  \
        }                                                               \
    }
/* On every release. */
#define faultline_unit_test_on_all(test)                                \
    {                                                                   \
#test, faultline_run_case, faultline_setup, faultline_teardown, \
            (void *)&(struct faultline_case)                            \
        {                                                               \
#test, test, NULL, 1                                        \
        }                                                               \
    }

/* ---- assertions ---- */

/* Fails with the report of a finding that no assert_finding() named; every teardown does the same. */
#define assert_no_findings()            \
    do {                                \
        if (faultline_say_unexpected()) \
            _fail(__FILE__, __LINE__);  \
    } while (0)

/* A finding of this rule was made, and it is not a failure. Each names one. */
#define assert_finding(id)                         \
    do {                                           \
        if (!faultline_finding_expect(id)) {       \
            print_error("no finding: %s\n", (id)); \
            _fail(__FILE__, __LINE__);             \
        }                                          \
    } while (0)

/* Nothing is prepared, mapped, locked or allocated any more; what is open is closed first. */
#define assert_balanced(world)      \
    do {                            \
        (void)faultline_end(world); \
        assert_no_findings();       \
    } while (0)

/* Nothing goes wrong in any order of the test's threads (faultline/explore.h). */
#define assert_explored(test)                                               \
    do {                                                                    \
        struct vmk_explore_result faultline_explored;                       \
        if (vmk_explore((test), &faultline_explored) > 0) {                 \
            print_error("%s: %s\n", (test)->name, faultline_explored.what); \
            _fail(__FILE__, __LINE__);                                      \
        }                                                                   \
    } while (0)

/* assert_faults(16) { load everything } */
#define assert_faults(n)                                                                     \
    for (uint64_t faultline_before = faultline_kernel_faults(), faultline_once = 1;          \
         faultline_once;                                                                     \
         faultline_once = 0, _assert_int_equal(faultline_kernel_faults() - faultline_before, \
                                               (LargestIntegralType)(n), __FILE__, __LINE__))

#define faultline_assert_pages(map, offset, length, which)                                       \
    do {                                                                                         \
        uint64_t faultline_translated = 0, faultline_wired = 0;                                  \
        uint64_t faultline_pages = faultline_map_pages((map), (offset), (length),                \
                                                       &faultline_translated, &faultline_wired); \
        _assert_int_equal(faultline_##which, faultline_pages, __FILE__, __LINE__);               \
    } while (0)
#define assert_translated(map, offset, length) \
    faultline_assert_pages(map, offset, length, translated)
#define assert_wired(map, offset, length) faultline_assert_pages(map, offset, length, wired)

/*
 * The calls of the kinds that are named were these, in this order, since the world began or since
 * faultline_forget_calls(): expect_calls("prepare", "map", "wire", "unwire", "unmap", "complete").
 */
#define expect_calls(...)                                                       \
    do {                                                                        \
        if (!faultline_calls_are((const char *const[]){ __VA_ARGS__, NULL })) { \
            print_error("%s\n", faultline_trouble());                           \
            _fail(__FILE__, __LINE__);                                          \
        }                                                                       \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
