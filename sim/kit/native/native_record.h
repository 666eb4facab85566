/*
 * native_record.h - a test's calls, as a scenario
 *
 * PURPOSE     What a test did through the seam is written in the language of `faultline run`, so that a
 *             failure of a driver's own test can be run again, explored and made short without the test.
 * INVARIANTS  a call that the language cannot say is a comment, and is counted
 * UNITS       none
 * OWNERSHIP   a world owns its record
 * ERRORS      on stderr
 * EVENTS      none
 * XNU         none
 */
#ifndef NATIVE_RECORD_H
#define NATIVE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/injector.h"

struct faultline_world;

/* Keeps the world's calls when the environment's FAULTLINE_SAVE names a file, and from now on. */
void native_record_begin(struct faultline_world *world);
void native_record_end(struct faultline_world *world);

/* An access by pointer needs a translation, and the driver unloads. */
void native_record_access(struct faultline_world *world, uint32_t space, uint64_t va,
                          bool is_write);
void native_record_unload(struct faultline_world *world);

/* A call that can fail. */
void native_record_call(struct faultline_world *world, enum vmm_call call, bool fails);

/* Whether the process has written its file, or another one for it. */
bool native_record_is_saved(void);
void native_record_set_saved(void);

/* Writes what there is, once in a process: the first run that goes wrong is the one that is kept. */
void native_record_save(struct faultline_world *world, const char *what);

#endif
