/*
 * iokit_fixture.h - a world of one release, a task in it, and a filled buffer of that task
 *
 * PURPOSE     Setup and teardown for tests of the floors above vm: after each test every invariant
 *             holds and nothing is leaked.
 * INVARIANTS  none of its own
 * UNITS       page n: the n-th page of the user's buffer; pictures have one character a page
 * OWNERSHIP   setup allocates the fixture into *state; teardown ends the world and frees it with
 *             everything that the test left in it
 * ERRORS      assertions of the test
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_IOKIT_FIXTURE_H
#define SUPPORT_IOKIT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "counting_alloc.h"
#include "hooks/vmk_sim.h"
#include "iokit/io_types.h"

enum {
    IO_PAGE = 4096,
    IO_PAGES = 8, /* in the buffer; page n is filled with IO_FILL + n */
    IO_FILL = 0x40
};

struct iokit_fixture {
    struct counting_alloc counting;
    struct vm_profile profile;
    vmk_world_t world;
    vmk_task_t kernel;
    vmk_task_t task;
    uint64_t base; /* of page 0 */
};

/* Starts a world; `kernel_asserts`: a DEVELOPMENT kernel. */
void iokit_fixture_start(struct iokit_fixture *f, const char *profile, bool kernel_asserts);

/* The same on a machine where a section that refuses faults evicts what is not wired. */
void iokit_fixture_start_evicting(struct iokit_fixture *f, const char *profile);

/* Checks every invariant, ends the world, and checks that nothing is left. */
void iokit_fixture_end(struct iokit_fixture *f);

/* CMocka setup and teardown for macos-15.4; restart changes the release. */
int iokit_fixture_setup(void **state);
int iokit_fixture_teardown(void **state);
void iokit_restart(struct iokit_fixture *f, const char *profile);
void iokit_restart_development(struct iokit_fixture *f, const char *profile);

/* The address of page n of the buffer. */
uint64_t io_page(const struct iokit_fixture *f, unsigned n);

/* A descriptor over pages [from, to) of the buffer; must be made. */
vmk_desc_t describe(struct iokit_fixture *f, unsigned from, unsigned to, vmk_options_t options);

/* createMappingInTask(kernel_task, 0, kIOMapAnywhere | options): the whole; must be made. */
vmk_map_t map_in_kernel(struct iokit_fixture *f, vmk_desc_t md, vmk_options_t options);

/* The part [offset, offset + length) of a descriptor, anywhere; NULL: refused. */
vmk_map_t map_part(vmk_desc_t md, vmk_task_t task, vmk_options_t options, uint64_t offset,
                   uint64_t length);

/* Room in the kernel's map that nothing uses, four times the buffer. */
uint64_t free_kernel_address(struct iokit_fixture *f);

/* createMappingInTask() must give NULL, and hide this code. */
void assert_map_refused(vmk_desc_t md, vmk_task_t task, uint64_t at, vmk_options_t options,
                        vmk_return_t hidden);

/* Translations from `address` on: '-' none, 'r' read-only, 'w' writable, capital when wired. */
void assert_io_translated(vmk_task_t task, uint64_t address, const char *picture);

/* How many times each page's map entry is wired, '.' where nothing is mapped. */
void assert_io_wired(vmk_task_t task, uint64_t address, const char *picture);

/* How many times each page is wired in its object, '.' where no page is resident. */
void assert_io_held(vmk_task_t task, uint64_t address, const char *picture);

/* The first byte of the page is this one; the load may fault. */
void assert_io_byte(vmk_task_t task, uint64_t address, uint8_t byte);

/* Touches one byte; false when it did not go through. */
bool io_load(vmk_task_t task, uint64_t address);
bool io_store(vmk_task_t task, uint64_t address, uint8_t byte);

/* The same where no fault may be taken: a store or load under a spin lock. */
bool io_load_locked(vmk_task_t task, uint64_t address);
bool io_store_locked(vmk_task_t task, uint64_t address, uint8_t byte);

/* The kernel stopped for that reason; REASON_NONE: it runs. */
void assert_stopped(enum trace_reason reason);

/* How many regions the task's map has. */
unsigned io_regions(vmk_task_t task);

/* How often an event was announced in the current world. */
uint64_t io_events(enum trace_kind kind);

#define IOKIT_TEST(name) \
    cmocka_unit_test_setup_teardown(name, iokit_fixture_setup, iokit_fixture_teardown)

#endif
