/*
 * pmap_fixture.h - a machine of three CPUs with a kernel pmap and two user pmaps
 *
 * PURPOSE     Setup, teardown and pictures for tests of the pmap floor. After each test every
 *             invariant holds and nothing is leaked.
 * INVARIANTS  none of its own
 * UNITS       n: pages from the start of a pmap's window, which begins a chunk
 * OWNERSHIP   setup owns the fixture; teardown gives everything back
 * ERRORS      assertions of the test
 * EVENTS      collected as text
 * XNU         none
 */
#ifndef SUPPORT_PMAP_FIXTURE_H
#define SUPPORT_PMAP_FIXTURE_H

#include "pmap/pmap.h"
#include "test_alloc.h"

enum {
    FIXTURE_FRAMES = 256,
    FIXTURE_DATA = 16,  /* data frames allocated in advance */
    FIXTURE_CHUNK = 512 /* pages in one leaf table */
};

struct pmap_fixture {
    struct counting_alloc counting;
    struct hw_machine *machine;
    struct trace trace;
    struct trace_sink sink;
    const struct hw_geometry *geometry; /* NULL: x86_64 */
    char events[4096];                  /* what happened since the last look */
    size_t events_length;
    struct pmap_system *pmaps;
    struct pmap *kernel;
    struct pmap *user;  /* loaded on CPU 0 */
    struct pmap *other; /* loaded nowhere */
    vmm_ppn data[FIXTURE_DATA];
};

/* Builds everything in order and stops at the first thing that cannot be had: false then. */
bool pmap_fixture_start(struct pmap_fixture *f);

/* Gives everything back that start made, in part or in full. */
void pmap_fixture_end(struct pmap_fixture *f);

/* CMocka setup and teardown; *state is the fixture. */
int pmap_fixture_setup(void **state);
int pmap_fixture_setup_on(void **state, const struct hw_geometry *geometry);
int pmap_fixture_setup_arm64(void **state); /* 16 KiB pages: hw_geometry_arm64_16k */
int pmap_fixture_teardown(void **state);

/* The address of page n of a pmap's window. */
vmm_va pmap_fixture_va(const struct pmap_fixture *f, const struct pmap *pmap, unsigned n);

/*
 * One letter a page: '-' nothing, 'r' read, 'w' read and write, 'x' read and execute, 'a' all;
 * capital: wired. Entering maps page n to data frame n.
 */
void enter_picture(struct pmap_fixture *f, struct pmap *pmap, const char *picture);
void assert_picture(const struct pmap_fixture *f, const struct pmap *pmap, const char *picture);

/* The rights and the PMAP_ENTER_WIRED flag of one letter. */
vmm_prot picture_prot(char letter);
uint32_t picture_flags(char letter);

/*
 * What was announced since the last look, one word each: ENTER@n REMOVE@n PROTECT@n WIRING@n
 * FLUSH@n+pages SYNC FAST_FAULT@n SHOOTDOWN>cpu. Tables are not told.
 */
void assert_events(struct pmap_fixture *f, const char *words);

/* The leaf word of page n, which has one. */
uint64_t *fixture_leaf(struct pmap_fixture *f, struct pmap *pmap, unsigned n);

/* Has `cpu` touch page n; HW_OK or why not. */
enum hw_outcome fixture_access(struct pmap_fixture *f, uint32_t cpu, struct pmap *pmap, unsigned n,
                               enum hw_access_kind kind);

/* Every invariant of the pmap floor. */
void assert_pmap_invariants(const struct pmap_fixture *f);

/* A test on x86_64 and on arm64. */
#define BOTH(test)                                                                    \
    cmocka_unit_test_setup_teardown(test, pmap_fixture_setup, pmap_fixture_teardown), \
        cmocka_unit_test_setup_teardown(test, pmap_fixture_setup_arm64, pmap_fixture_teardown)

#endif
