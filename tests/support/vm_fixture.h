/*
 * vm_fixture.h - one kernel with one user task, and the checks that end every test
 *
 * PURPOSE     Setup and teardown for tests of the vm floor and above: after each test every
 *             invariant holds and nothing is leaked.
 * INVARIANTS  none of its own
 * UNITS       page(n): the address of the n-th page of the test's window in the user task
 * OWNERSHIP   setup allocates the fixture into *state; teardown frees it
 * ERRORS      assertions of the test
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_VM_FIXTURE_H
#define SUPPORT_VM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "hooks/vmk_sim.h"
#include "vm/vm_access.h"
#include "vm/vm_map_wire.h"
#include "vm/vm_task.h"

enum { PAGE = 4096 };

struct vm_fixture {
    struct counting_alloc counting;
    struct vm_profile profile;
    struct vm_system *system;
    struct vm_task *task;
    struct vm_map *map; /* the user task's */
    struct vm_map *kernel;
    vmm_va base; /* of page 0 */
};

/* Starts a kernel of that release. */
void vm_fixture_start(struct vm_fixture *fixture, const char *profile);

/* The same on another machine, or with more or less memory. */
void vm_fixture_start_on(struct vm_fixture *fixture, const char *profile,
                         const struct hw_geometry *geometry, vmm_ppn frame_count);

/* Checks every invariant, ends the kernel, and checks that nothing is left. */
void vm_fixture_end(struct vm_fixture *fixture);

/* CMocka setup and teardown for macos-15.4; vm_fixture_restart() changes the release. */
int vm_fixture_setup(void **state);
int vm_fixture_teardown(void **state);
void vm_fixture_restart(struct vm_fixture *fixture, const char *profile);
void vm_fixture_restart_on(struct vm_fixture *fixture, const char *profile,
                           const struct hw_geometry *geometry, vmm_ppn frame_count);

/* The address of page n of the window. */
vmm_va page(const struct vm_fixture *fixture, unsigned n);

/*
 * Allocates pages by picture, one character a page from page(0) on: 'x' allocated, '.' a hole. Each
 * run of x is one entry.
 */
void draw_pages(struct vm_fixture *fixture, const char *picture);

/* One picture of a window: how many times each page's entry is wired, '.' for a hole. */
void assert_wired(struct vm_fixture *fixture, const char *picture);

/* Pages with a translation: 'r' read-only, 'w' writable, capital when wired, '-' none. */
void assert_translated(struct vm_fixture *fixture, const char *picture);

/* Touches the page from user code. */
enum vmm_status user_store(struct vm_fixture *fixture, unsigned n, uint8_t byte);
enum vmm_status user_load(struct vm_fixture *fixture, unsigned n, uint8_t *byte);

/* Faults counted since the last call. */
uint64_t faults_since(struct vm_fixture *fixture);

#endif
