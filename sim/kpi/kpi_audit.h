/*
 * kpi_audit.h - every import of a driver, and whether it is supported
 *
 * PURPOSE     Gathers imports, looks each one up once, and holds them against the Info.plist.
 * INVARIANTS  A1  imports are in the order of their names, each once
 * UNITS       release: index of kpi_release_at()
 * OWNERSHIP   kpi_audit_destroy() gives the imports back; names belong to the file's bytes
 * ERRORS      is_short: memory ran out
 * EVENTS      none
 * XNU         none
 */
#ifndef KPI_KPI_AUDIT_H
#define KPI_KPI_AUDIT_H

#include "core/scn.h"
#include "kpi/kpi.h"
#include "kpi/kpi_plist.h"

struct kpi_import {
    const char *name; /* not terminated */
    size_t length;
    const struct kpi_symbol *symbol; /* NULL: unknown */
    enum kpi_list list;              /* on the release asked for */
};

struct kpi_audit {
    const char *machine; /* "x86_64"; NULL: a list of names */
    const char *kind;    /* "kext", "object", "symbol list" */
    size_t release;
    const struct kpi_plist *plist; /* NULL: none to hold against */
    struct kpi_import *imports;
    size_t count;
    size_t capacity;
    uint64_t counts[KPI_LIST_COUNT];
    bool is_short;
};

/* A macho_take: adds one import; `context` is a struct kpi_audit. */
void kpi_audit_take(void *context, const char *name, size_t length);

/* After the last import: sorts, drops repetitions, looks up. */
void kpi_audit_finish(struct kpi_audit *audit);

/* Gives the imports back. */
void kpi_audit_destroy(struct kpi_audit *audit);

/* Whether a list that holds an import is missing in OSBundleLibraries. */
bool kpi_audit_is_uncovered(const struct kpi_audit *audit, enum kpi_list list);

/* Nothing unsupported, nothing that cannot be linked, nothing missing in the plist. */
bool kpi_audit_is_clean(const struct kpi_audit *audit);

/* The alternatives are priced by runs of the model, for which `alloc` is. */
void kpi_audit_print_text(const struct core_out *out, const struct vmm_alloc *alloc,
                          const struct kpi_audit *audit);
/* One JSON object. */
void kpi_audit_print_json(const struct core_out *out, const struct kpi_audit *audit);

/* One symbol's history and its alternatives. */
void kpi_symbol_print_text(const struct core_out *out, const struct vmm_alloc *alloc,
                           const struct kpi_symbol *symbol);
void kpi_symbol_print_json(const struct core_out *out, const struct kpi_symbol *symbol);

#endif
