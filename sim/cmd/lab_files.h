/*
 * lab_files.h - the labs that the program carries
 *
 * PURPOSE     The files of docs/labs, put in when the program was built, so that a lab needs no folder.
 * INVARIANTS  none
 * UNITS       index: from 0; lab 1 is the first
 * OWNERSHIP   the program's own bytes
 * ERRORS      none
 * EVENTS      none
 * XNU         none
 */
#ifndef CMD_LAB_FILES_H
#define CMD_LAB_FILES_H

#include <stddef.h>

struct lab_file {
    const char *name;
    const char *bytes;
    size_t length;
};

extern const struct lab_file lab_files[];
extern const size_t lab_file_count;

#endif
