/*
 * faultline/cmocka.h - CMocka tests that are red where the Mac would panic
 *
 * PURPOSE     A fresh world for each test, and assertions about findings and memory. A test whose code
 *             makes the kernel panic fails at the line of the access, with the whole report.
 * INVARIANTS  none
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

#include "faultline/native.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline void
faultline_fail_test(void *context, const struct faultline_finding *finding)
{
    (void)context;
    fputs(finding->report, stderr); /* print_error() cuts it */
    _fail(finding->line > 0 ? finding->file : __FILE__,
          finding->line > 0 ? finding->line : __LINE__);
}

static inline int
faultline_setup(void **state)
{
    faultline_world_t *world = faultline_start(NULL);

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
    faultline_on_finding(NULL, NULL);
    faultline_stop((faultline_world_t *)*state);
    return 0;
}

/* *state is the world; the release is the environment's FAULTLINE_PROFILE or the newest. */
#define faultline_unit_test(test) \
    cmocka_unit_test_setup_teardown(test, faultline_setup, faultline_teardown)

#define assert_no_findings()                                         \
    do {                                                             \
        if (faultline_finding_count() > 0) {                         \
            print_error("finding: %s\n", faultline_finding_rule(0)); \
            _fail(__FILE__, __LINE__);                               \
        }                                                            \
    } while (0)

#define assert_finding(id)                                              \
    do {                                                                \
        unsigned faultline_at = 0;                                      \
        while (faultline_at < faultline_finding_count() &&              \
               strcmp(faultline_finding_rule(faultline_at), (id)) != 0) \
            faultline_at++;                                             \
        if (faultline_at == faultline_finding_count()) {                \
            print_error("no finding: %s\n", (id));                      \
            _fail(__FILE__, __LINE__);                                  \
        }                                                               \
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

#ifdef __cplusplus
}
#endif
#endif
