/*
 * trap_fixture.h - what tests of vm.md 10 share: which release runs, and short words for long calls
 *
 * PURPOSE     A trap runs on every release and states for each what the spec says of it. Releases are
 *             named as people name them ("10.11"); nothing here reads a field of the profile.
 * INVARIANTS  none of its own
 * UNITS       n, from, to, at: pages of the fixture's window; [from, to) half open
 * OWNERSHIP   memory entries are released before these functions return
 * ERRORS      assertions of the test
 * EVENTS      counted since the last restart
 * XNU         none
 */
#ifndef SUPPORT_TRAP_FIXTURE_H
#define SUPPORT_TRAP_FIXTURE_H

#include "vm_fixture.h"

/*
 * Whether the release that runs is `version` or a later one, or an earlier one. A version of several
 * rows ("10.12") begins with its first and ends with its last. seed-view stands beside 10.9.
 */
bool release_from(const struct vm_fixture *f, const char *version);
bool release_before(const struct vm_fixture *f, const char *version);
bool release_until(const struct vm_fixture *f, const char *version);

/* Begins again with the same release, for the next case of one trap. */
void start_again(struct vm_fixture *f);

/* vm_map_wire() and vm_map_unwire() of the window, for reading, by the kernel or by a user. */
enum vmm_status kernel_wire(struct vm_fixture *f, unsigned from, unsigned to);
enum vmm_status kernel_unwire(struct vm_fixture *f, unsigned from, unsigned to);
enum vmm_status user_wire(struct vm_fixture *f, unsigned from, unsigned to);
enum vmm_status user_unwire(struct vm_fixture *f, unsigned from, unsigned to);

/* mach_vm_protect of the window's pages; must succeed. */
void protect(struct vm_fixture *f, unsigned from, unsigned to, vmm_prot prot);

/* Makes pages resident that nobody ever mapped, as a device's read of them does. */
void make_resident(struct vm_fixture *f, unsigned from, unsigned to);

/* Maps the same pages again at page `at`, with these rights. */
void map_again(struct vm_fixture *f, unsigned from, unsigned count, unsigned at, vmm_prot prot);

/* Maps a virtual copy of the pages at page `at`. */
void map_copy(struct vm_fixture *f, unsigned from, unsigned count, unsigned at);

/* Maps `count` pages of a device's registers at page `at`: one contiguous block. */
void map_device(struct vm_fixture *f, unsigned at, unsigned count);

/* One page as the probe sees it. */
struct vm_page_view look(const struct vm_fixture *f, unsigned n);

/* How often an event was announced. */
uint64_t events(const struct vm_fixture *f, enum trace_kind kind);

/* How many entries the window has from page `from` up to page `to`. */
unsigned entries_in(const struct vm_fixture *f, unsigned from, unsigned to);

#endif
