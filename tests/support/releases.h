/*
 * releases.h - which release is earlier, for tests that say "from 10.13 on"
 *
 * PURPOSE     Expectations name releases as the specification does, and never read a profile's fields.
 * INVARIANTS  none of its own
 * UNITS       version: "10.12.2", "15"; the first row of that name, or the last for "until"
 * OWNERSHIP   none
 * ERRORS      the test fails for a version that no row has; seed-view counts as 10.9
 * EVENTS      none
 * XNU         none
 */
#ifndef SUPPORT_RELEASES_H
#define SUPPORT_RELEASES_H

#include <stdint.h>

#include "vm/vm_profile.h"

bool profile_is_from(const struct vm_profile *profile, const char *version);
bool profile_is_until(const struct vm_profile *profile, const char *version);

#endif
