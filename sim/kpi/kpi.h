/*
 * kpi.h - which kernel programming interface a symbol belongs to, release by release
 *
 * PURPOSE     A kext links against lists: com.apple.kpi.iokit and its like are supported, `unsupported`
 *             and `private` are not, and what is in no list cannot be linked at all. The table says
 *             it for the symbols that memory drivers use.
 * INVARIANTS  K1  the table is sorted by name
 * UNITS       releases: names of kpi_releases, oldest first
 * OWNERSHIP   the table is constant
 * ERRORS      NULL: not in the table, which says nothing about the kernel
 * EVENTS      none
 * XNU         config/ *.exports; a kext's OSBundleLibraries names the lists that it links against
 */
#ifndef KPI_KPI_H
#define KPI_KPI_H

#include <stdbool.h>
#include <stddef.h>

enum kpi_list {
    KPI_IN_NO_LIST,
    KPI_BSD,
    KPI_IOKIT,
    KPI_LIBKERN,
    KPI_MACH,
    KPI_UNSUPPORTED,
    KPI_PRIVATE,
    KPI_UNKNOWN, /* the table does not know the symbol */
    KPI_LIST_COUNT
};

struct kpi_symbol {
    const char *name;    /* as the linker spells it */
    const char *plain;   /* as C or C++ spells it */
    const char *history; /* "10.7:- 10.8.2:unsupported" */
};

/* What one list holds a symbol for: releases from .. to, both included. */
struct kpi_span {
    enum kpi_list list;
    const char *from;
    const char *to;
};

enum { KPI_MAX_SPANS = 8 };

/* "iokit", "unsupported", ...; "-" for none, "unknown". */
const char *kpi_list_name(enum kpi_list list);

/* Whether a kext may link against the list and be kept working: bsd, iokit, libkern and mach. */
bool kpi_list_is_supported(enum kpi_list list);

/* How many symbols the table knows; symbol `index` < that. */
size_t kpi_symbol_count(void);
const struct kpi_symbol *kpi_symbol_at(size_t index);
/* Finds a symbol by its linker's name; `name` need not be terminated. */
const struct kpi_symbol *kpi_symbol_find(const char *name, size_t length);

/* Splits a history; returns how many spans. */
size_t kpi_symbol_spans(const struct kpi_symbol *symbol, struct kpi_span spans[KPI_MAX_SPANS]);

/* The list that holds a symbol (NULL: unknown) on a release. */
enum kpi_list kpi_symbol_list(const struct kpi_symbol *symbol, size_t release);

/* How many releases the table has, oldest first; the name of release `index` < that. */
size_t kpi_release_count(void);
const char *kpi_release_at(size_t index);
/* False: no release of that name. "macos-15.4" is as good as "15.4". */
bool kpi_release_find(const char *name, size_t *index);

enum { KPI_NO_STRATEGY = -1 };

/* What else does the work of a call that is not supported, and what the model says it costs. */
struct kpi_alternative {
    const char *name; /* of the symbol that it replaces */
    const char *text;
    int strategy; /* enum story_strategy_id that shows it, or KPI_NO_STRATEGY */
};

/* The index-th alternative to a symbol, or NULL. */
const struct kpi_alternative *kpi_alternative_at(const struct kpi_symbol *symbol, size_t index);

#endif
