/* cmd_xnu_none.c - where there is no kernel of a Mac to ask */
#include "cmd/cmd_backend.h"

int
cmd_xnu(const char *file, bool may_panic)
{
    (void)file;
    (void)may_panic;
    return cmd_trouble("--backend xnu needs a program that was built on macOS, and the kext "
                       "(docs/kext.md)");
}
