/*
 * kpi_print.c - an audit as text and as JSON
 *
 * What is wrong comes first: an import that is not supported, with what does its work instead; then
 * what OSBundleLibraries lacks; then every other import, list by list.
 */
#include <inttypes.h>
#include <string.h>

#include "core/core_out.h"
#include "core/scn_rows.h"
#include "core/story.h"
#include "kpi/kpi_audit.h"
#include "kpi/macho_view.h"
#include "vm/vm_profile.h"

enum { KPI_HEADING_WIDTH = 13 };

/* ---- pieces ---- */

/* "10.7 none, 10.8.2..15.4 unsupported" */
static void
kpi_put_history(const struct core_out *out, const struct kpi_symbol *symbol)
{
    struct kpi_span spans[KPI_MAX_SPANS];
    size_t count = kpi_symbol_spans(symbol, spans);

    for (size_t i = 0; i < count; i++) {
        bool is_one = spans[i].from == spans[i].to;

        CORE_PUT(out, "%s%s%s%s %s", i > 0 ? ", " : "", spans[i].from, is_one ? "" : "..",
                 is_one ? "" : spans[i].to,
                 spans[i].list == KPI_IN_NO_LIST ? "in no list" : kpi_list_name(spans[i].list));
    }
}

/* An import's name, terminated; readers let no longer one in. */
static const char *
kpi_name(const struct kpi_import *import, char name[MACHO_NAME_MAX + 1])
{
    size_t length = import->length < MACHO_NAME_MAX ? import->length : MACHO_NAME_MAX;

    memcpy(name, import->name, length);
    name[length] = '\0';
    return name;
}

/* What the model says of a strategy on the newest release, for the radar's pages. */
static void
kpi_put_cost(const struct core_out *out, const struct vmm_alloc *alloc, int strategy)
{
    struct vm_profile newest;
    struct story_cell cell;

    vm_profile_at(scn_newest_release(), &newest);
    if (strategy == KPI_NO_STRATEGY ||
        !story_run_one(alloc, (enum story_strategy_id)strategy, scn_newest_release(), &cell))
        return;
    CORE_PUT(out, " [%u pages on the model, %s: %s, %" PRIu64 " fault(s)]", STORY_PAGES,
             newest.name,
             cell.outcome == STORY_CLEAN    ? "clean"
             : cell.outcome == STORY_PANICS ? "panics for a copy-on-write input"
                                            : story_outcome_name(cell.outcome),
             cell.faults);
}

static void
kpi_put_alternatives(const struct core_out *out, const struct vmm_alloc *alloc,
                     const struct kpi_symbol *symbol)
{
    const struct kpi_alternative *alternative;

    for (size_t i = 0; (alternative = kpi_alternative_at(symbol, i)) != NULL; i++) {
        CORE_PUT(out, "      instead: %s", alternative->text);
        kpi_put_cost(out, alloc, alternative->strategy);
        core_put(out, "\n");
    }
}

/* ---- text ---- */

static void
kpi_print_list(const struct core_out *out, const struct vmm_alloc *alloc,
               const struct kpi_audit *audit, enum kpi_list list)
{
    const char *heading = list == KPI_IN_NO_LIST ? "in no list" : kpi_list_name(list);
    bool is_bad = list != KPI_UNKNOWN && !kpi_list_is_supported(list);
    char name[MACHO_NAME_MAX + 1];

    for (size_t i = 0; i < audit->count; i++) {
        const struct kpi_import *import = &audit->imports[i];

        if (import->list != list)
            continue;
        core_put(out, "  ");
        core_put(out, heading);
        core_put_spaces(out, KPI_HEADING_WIDTH - strlen(heading));
        core_put_clean(out,
                       import->symbol != NULL ? import->symbol->plain : kpi_name(import, name));
        if (import->symbol != NULL) {
            core_put(out, "  (");
            kpi_put_history(out, import->symbol);
            core_put(out, ")");
        }
        core_put(out, "\n");
        if (is_bad)
            kpi_put_alternatives(out, alloc, import->symbol);
    }
}

static void
kpi_print_plist(const struct core_out *out, const struct kpi_audit *audit)
{
    for (enum kpi_list list = KPI_BSD; list < KPI_UNKNOWN; list++) {
        if (kpi_audit_is_uncovered(audit, list))
            CORE_PUT(out,
                     "  OSBundleLibraries lacks com.apple.kpi.%s, which %" PRIu64
                     " import(s) need\n",
                     kpi_list_name(list), audit->counts[list]);
    }
}

void
kpi_audit_print_text(const struct core_out *out, const struct vmm_alloc *alloc,
                     const struct kpi_audit *audit)
{
    static const enum kpi_list order[] = { KPI_UNSUPPORTED, KPI_PRIVATE, KPI_IN_NO_LIST,
                                           KPI_UNKNOWN,     KPI_BSD,     KPI_IOKIT,
                                           KPI_LIBKERN,     KPI_MACH };
    uint64_t supported = 0;

    for (enum kpi_list list = KPI_BSD; list <= KPI_MACH; list++)
        supported += audit->counts[list];
    CORE_PUT(out,
             "%s%s%s, %" PRIu64 " import(s) on macOS %s: %" PRIu64 " supported, %" PRIu64
             " unsupported, %" PRIu64 " private, ",
             audit->machine == NULL ? "" : audit->machine, audit->machine == NULL ? "" : " ",
             audit->kind, (uint64_t)audit->count, kpi_release_at(audit->release), supported,
             audit->counts[KPI_UNSUPPORTED], audit->counts[KPI_PRIVATE]);
    CORE_PUT(out, "%" PRIu64 " in no list, %" PRIu64 " unknown to the table\n",
             audit->counts[KPI_IN_NO_LIST], audit->counts[KPI_UNKNOWN]);
    kpi_print_plist(out, audit);
    for (size_t i = 0; i < VMM_COUNT_OF(order); i++)
        kpi_print_list(out, alloc, audit, order[i]);
}

void
kpi_symbol_print_text(const struct core_out *out, const struct vmm_alloc *alloc,
                      const struct kpi_symbol *symbol)
{
    CORE_PUT(out, "%s\n  %s\n  ", symbol->name, symbol->plain);
    kpi_put_history(out, symbol);
    core_put(out, "\n");
    kpi_put_alternatives(out, alloc, symbol);
}

/* ---- JSON ---- */

static void
kpi_json_history(const struct core_out *out, const struct kpi_symbol *symbol)
{
    struct kpi_span spans[KPI_MAX_SPANS];
    size_t count = symbol == NULL ? 0 : kpi_symbol_spans(symbol, spans);

    core_put(out, "[");
    for (size_t i = 0; i < count; i++)
        CORE_PUT(out, "%s{ \"from\": \"%s\", \"to\": \"%s\", \"list\": \"%s\" }", i > 0 ? ", " : "",
                 spans[i].from, spans[i].to, kpi_list_name(spans[i].list));
    core_put(out, "]");
}

static void
kpi_json_alternatives(const struct core_out *out, const struct kpi_symbol *symbol)
{
    const struct kpi_alternative *alternative;

    core_put(out, "[");
    for (size_t i = 0; (alternative = kpi_alternative_at(symbol, i)) != NULL; i++) {
        core_put(out, i > 0 ? ", " : "");
        core_put_json(out, alternative->text);
    }
    core_put(out, "]");
}

void
kpi_symbol_print_json(const struct core_out *out, const struct kpi_symbol *symbol)
{
    core_put(out, "{ \"symbol\": ");
    core_put_json(out, symbol->name);
    core_put(out, ", \"plain\": ");
    core_put_json(out, symbol->plain);
    core_put(out, ", \"history\": ");
    kpi_json_history(out, symbol);
    core_put(out, ", \"instead\": ");
    kpi_json_alternatives(out, symbol);
    core_put(out, " }");
}

static void
kpi_json_import(const struct core_out *out, const struct kpi_audit *audit,
                const struct kpi_import *import)
{
    char name[MACHO_NAME_MAX + 1];

    core_put(out, "{ \"symbol\": ");
    core_put_json(out, kpi_name(import, name));
    CORE_PUT(out, ", \"list\": \"%s\", \"supported\": %s, \"covered\": %s, ",
             kpi_list_name(import->list), kpi_list_is_supported(import->list) ? "true" : "false",
             audit->plist == NULL                          ? "null"
             : kpi_audit_is_uncovered(audit, import->list) ? "false"
                                                           : "true");
    core_put(out, "\"plain\": ");
    if (import->symbol != NULL)
        core_put_json(out, import->symbol->plain);
    else
        core_put(out, "null");
    core_put(out, ", \"history\": ");
    kpi_json_history(out, import->symbol);
    core_put(out, ", \"instead\": ");
    kpi_json_alternatives(out, import->symbol);
    core_put(out, " }");
}

void
kpi_audit_print_json(const struct core_out *out, const struct kpi_audit *audit)
{
    core_put(out, "{ \"machine\": ");
    if (audit->machine != NULL)
        CORE_PUT(out, "\"%s\"", audit->machine);
    else
        core_put(out, "null");
    CORE_PUT(out, ", \"kind\": \"%s\", \"release\": \"%s\", \"clean\": %s, \"imports\": [",
             audit->kind, kpi_release_at(audit->release),
             kpi_audit_is_clean(audit) ? "true" : "false");
    for (size_t i = 0; i < audit->count; i++) {
        core_put(out, i > 0 ? ",\n    " : "\n    ");
        kpi_json_import(out, audit, &audit->imports[i]);
    }
    core_put(out, "\n  ] }");
}
