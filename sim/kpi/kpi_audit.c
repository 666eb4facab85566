/* kpi_audit.c - see kpi_audit.h */
#include "kpi/kpi_audit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void
kpi_audit_take(void *context, const char *name, size_t length)
{
    struct kpi_audit *audit = context;

    if (audit->count == audit->capacity) {
        size_t more = audit->capacity == 0 ? 64 : 2 * audit->capacity;
        struct kpi_import *grown = more > SIZE_MAX / sizeof(*grown)
                                       ? NULL
                                       : realloc(audit->imports, more * sizeof(*grown));

        if (grown == NULL) {
            audit->is_short = true;
            return;
        }
        audit->imports = grown;
        audit->capacity = more;
    }
    audit->imports[audit->count++] = (struct kpi_import){ .name = name, .length = length };
}

static int
kpi_import_order(const void *one, const void *other)
{
    const struct kpi_import *a = one, *b = other;
    size_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->name, b->name, common);

    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

void
kpi_audit_finish(struct kpi_audit *audit)
{
    size_t kept = 0;

    if (audit->count > 0)
        qsort(audit->imports, audit->count, sizeof(*audit->imports), kpi_import_order);
    for (size_t i = 0; i < audit->count; i++) {
        struct kpi_import *import = &audit->imports[i];

        if (kept > 0 && kpi_import_order(&audit->imports[kept - 1], import) == 0)
            continue;
        import->symbol = kpi_symbol_find(import->name, import->length);
        import->list = kpi_symbol_list(import->symbol, audit->release);
        audit->counts[import->list]++;
        audit->imports[kept++] = *import;
    }
    audit->count = kept;
}

void
kpi_audit_destroy(struct kpi_audit *audit)
{
    free(audit->imports);
    audit->imports = NULL;
    audit->count = audit->capacity = 0;
}

bool
kpi_audit_is_uncovered(const struct kpi_audit *audit, enum kpi_list list)
{
    return audit->plist != NULL && list != KPI_IN_NO_LIST && list != KPI_UNKNOWN &&
           audit->counts[list] > 0 && !audit->plist->covers[list];
}

bool
kpi_audit_is_clean(const struct kpi_audit *audit)
{
    for (enum kpi_list list = KPI_IN_NO_LIST; list < KPI_LIST_COUNT; list++) {
        if (kpi_audit_is_uncovered(audit, list))
            return false;
    }
    return audit->counts[KPI_UNSUPPORTED] + audit->counts[KPI_PRIVATE] +
               audit->counts[KPI_IN_NO_LIST] ==
           0;
}
