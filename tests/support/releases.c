/* releases.c - see releases.h */
#include "releases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Whether a row is "macos-<version>" or a later part of it, "macos-<version>.<part>". */
static bool
row_is_version(size_t row, const char *version)
{
    size_t length = strlen(version);
    struct vm_profile profile;

    vm_profile_at(row, &profile);
    if (strncmp(profile.name, "macos-", 6) != 0 || strncmp(profile.name + 6, version, length) != 0)
        return false;
    return profile.name[6 + length] == '\0' || profile.name[6 + length] == '.';
}

static size_t
first_row_of(const char *version)
{
    size_t row = 0;

    while (row < vm_profile_count() && !row_is_version(row, version))
        row++;
    if (row == vm_profile_count())
        fail_msg("no release is called %s", version);
    return row;
}

/* The place in time of a profile. */
static size_t
row_of(const struct vm_profile *profile)
{
    size_t row = 0;

    if (!profile->is_release)
        return first_row_of("10.9");
    assert_true(vm_profile_find(profile->name, strlen(profile->name), &row));
    return row;
}

bool
profile_is_from(const struct vm_profile *profile, const char *version)
{
    return row_of(profile) >= first_row_of(version);
}

bool
profile_is_until(const struct vm_profile *profile, const char *version)
{
    return !profile_is_from(profile, version) || row_is_version(row_of(profile), version);
}
