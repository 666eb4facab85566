/*
 * host_measure.h - the cases of a calibration, done by this host's own kernel
 *
 * PURPOSE     Times what calibrate.h lists, again and again in an order that chance chooses, so that whatever
 *             else the machine does is spread over all cases and not over those that ran at the time.
 * INVARIANTS  none
 * UNITS       nanoseconds
 * OWNERSHIP   everything it maps is unmapped again
 * ERRORS      false: memory ran out; a case that this host cannot do keeps ns = 0
 * EVENTS      none
 * XNU         none
 */
#ifndef HOST_HOST_MEASURE_H
#define HOST_HOST_MEASURE_H

#include "core/calibrate.h"

enum { HOST_ROUNDS_MAX = 64 };

/*
 * `rounds` of all cases, or fewer where that takes too long; fills what is measured of each, and *host.
 * `seed` orders them.
 */
bool host_measure(struct calibrate_case *cases, size_t count, unsigned rounds, uint64_t seed,
                  void (*progress)(unsigned round, unsigned rounds), struct calibrate_host *host);

/* The catalog's machine that is nearest to this host's processor. */
const char *host_machine_base(void);

#endif
