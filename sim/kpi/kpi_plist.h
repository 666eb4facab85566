/*
 * kpi_plist.h - which libraries a kext's Info.plist names
 *
 * PURPOSE     Reads OSBundleLibraries and CFBundleExecutable out of an XML property list.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   fills a struct of the caller's; no memory of its own
 * ERRORS      false, and *why says line and what
 * EVENTS      none
 * XNU         libkern/c++/OSKext.cpp reads the same keys
 */
#ifndef KPI_KPI_PLIST_H
#define KPI_KPI_PLIST_H

#include "kpi/kpi.h"

enum { KPI_PLIST_WHY_BYTES = 160, KPI_PLIST_NAME_BYTES = 256 };

struct kpi_plist {
    bool has_libraries;                    /* OSBundleLibraries is there */
    bool covers[KPI_LIST_COUNT];           /* com.apple.kpi.LIST is named */
    char executable[KPI_PLIST_NAME_BYTES]; /* CFBundleExecutable, or "" */
};

/* Reads a property list of `length` bytes; a binary one, and one of more than 16 MiB, is refused. */
bool kpi_plist_read(const char *text, size_t length, struct kpi_plist *plist,
                    char why[KPI_PLIST_WHY_BYTES]);

#endif
