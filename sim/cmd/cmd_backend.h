/*
 * cmd_backend.h - backends other than the model, for verbs that take --backend
 *
 * PURPOSE     `replay` judges a recording; `xnu` asks the kernel of a Mac through the kext.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   words belong to the caller
 * ERRORS      exit codes, after the complaint
 * EVENTS      none
 * XNU         none
 */
#ifndef CMD_CMD_BACKEND_H
#define CMD_CMD_BACKEND_H

#include "cmd/cmd.h"

/* Holds recordings against the contract; the worst result is the exit code. */
int cmd_replay_recording(struct cmd_words *files, bool is_json);

/*
 * Runs a scenario file in the kext, or without one the contract, and prints its JSON. may_panic: also
 * what could stop this machine. Only a program built on macOS can.
 */
int cmd_xnu(const char *file, bool may_panic);

#endif
