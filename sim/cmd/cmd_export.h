/*
 * cmd_export.h - a run as files for other programs: --trace and --dot of `faultline run`
 *
 * PURPOSE     Runs a file once more, on the first release of `run`, and writes what was asked for.
 * INVARIANTS  X1  a file is written whole or not at all
 * UNITS       none
 * OWNERSHIP   words belong to the caller
 * ERRORS      exit codes, after the complaint
 * EVENTS      none
 * XNU         none
 */
#ifndef CMD_CMD_EXPORT_H
#define CMD_CMD_EXPORT_H

#include "cmd/cmd.h"

struct cmd_export {
    const char *file;
    bool has_profile;
    size_t profile;
    const struct hw_geometry *geometry; /* NULL: the file's own machine */
    const char *trace;                  /* where to, or NULL */
    const char *dot;
};

int cmd_export(const struct cmd_export *export);

#endif
