/*
 * version.h - the program's version, once
 *
 * PURPOSE     What --version and every JSON object say.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   a constant
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

#ifndef FAULTLINE_VERSION
#define FAULTLINE_VERSION "0.1.0"
#endif

#endif
