/* kpi.c - see kpi.h */
#include "kpi/kpi.h"

#include <string.h>

#include "core/story.h"

#define KPI_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct kpi_symbol kpi_symbols[] = {
#define KPI_SYMBOL(name, plain, history) { name, plain, history },
#include "kpi/kpi_symbols.def"
#undef KPI_SYMBOL
};

static const struct kpi_alternative kpi_alternatives[] = {
#define KPI_ALTERNATIVE(name, text, strategy) { name, text, strategy },
#include "kpi/kpi_alternatives.def"
#undef KPI_ALTERNATIVE
};

static const char *const kpi_releases[] = { "10.7",  "10.8.2", "10.9",  "10.10", "10.11",
                                            "10.12", "10.13",  "10.14", "10.15", "11",
                                            "12",    "13",     "14",    "15.4" };

static const char *const kpi_list_names[KPI_LIST_COUNT] = {
    [KPI_IN_NO_LIST] = "-",    [KPI_BSD] = "bsd",        [KPI_IOKIT] = "iokit",
    [KPI_LIBKERN] = "libkern", [KPI_MACH] = "mach",      [KPI_UNSUPPORTED] = "unsupported",
    [KPI_PRIVATE] = "private", [KPI_UNKNOWN] = "unknown"
};

const char *
kpi_list_name(enum kpi_list list)
{
    return kpi_list_names[list];
}

bool
kpi_list_is_supported(enum kpi_list list)
{
    return list >= KPI_BSD && list <= KPI_MACH;
}

/* ---- symbols ---- */

size_t
kpi_symbol_count(void)
{
    return KPI_COUNT_OF(kpi_symbols);
}

const struct kpi_symbol *
kpi_symbol_at(size_t index)
{
    return &kpi_symbols[index];
}

/* As strcmp(), of a name that is not terminated with one that is. */
static int
kpi_compare(const char *name, size_t length, const char *with)
{
    int order = strncmp(name, with, length);

    return order != 0 ? order : -(with[length] != '\0');
}

const struct kpi_symbol *
kpi_symbol_find(const char *name, size_t length)
{
    size_t low = 0, high = KPI_COUNT_OF(kpi_symbols);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = kpi_compare(name, length, kpi_symbols[middle].name);

        if (order == 0)
            return &kpi_symbols[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* ---- releases and histories ---- */

size_t
kpi_release_count(void)
{
    return KPI_COUNT_OF(kpi_releases);
}

const char *
kpi_release_at(size_t index)
{
    return kpi_releases[index];
}

static bool
kpi_release_named(const char *name, size_t length, size_t *index)
{
    for (size_t i = 0; i < KPI_COUNT_OF(kpi_releases); i++) {
        if (kpi_compare(name, length, kpi_releases[i]) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

bool
kpi_release_find(const char *name, size_t *index)
{
    static const char prefix[] = "macos-"; /* as profiles are called */

    if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
        name += sizeof(prefix) - 1;
    return kpi_release_named(name, strlen(name), index);
}

static enum kpi_list
kpi_list_named(const char *name, size_t length)
{
    enum kpi_list list = KPI_IN_NO_LIST;

    while (list < KPI_UNKNOWN && kpi_compare(name, length, kpi_list_names[list]) != 0)
        list++;
    return list;
}

/* One "RELEASE:LIST" of a history, and where the next one begins; NULL at the end. */
static const char *
kpi_history_next(const char *at, size_t *release, enum kpi_list *list)
{
    size_t length = strcspn(at, ":");
    const char *word = at + length;

    if (*word == '\0' || !kpi_release_named(at, length, release))
        return NULL;
    length = strcspn(++word, " ");
    *list = kpi_list_named(word, length);
    word += length;
    return word + strspn(word, " ");
}

size_t
kpi_symbol_spans(const struct kpi_symbol *symbol, struct kpi_span spans[KPI_MAX_SPANS])
{
    const char *at = symbol->history;
    size_t count = 0, release;
    enum kpi_list list;

    while (count < KPI_MAX_SPANS && (at = kpi_history_next(at, &release, &list)) != NULL) {
        if (count > 0)
            spans[count - 1].to = kpi_releases[release - 1];
        spans[count++] = (struct kpi_span){ list, kpi_releases[release],
                                            kpi_releases[KPI_COUNT_OF(kpi_releases) - 1] };
    }
    return count;
}

enum kpi_list
kpi_symbol_list(const struct kpi_symbol *symbol, size_t release)
{
    const char *at = symbol == NULL ? "" : symbol->history;
    enum kpi_list found = KPI_UNKNOWN, list;
    size_t from;

    while ((at = kpi_history_next(at, &from, &list)) != NULL && from <= release)
        found = list;
    return found;
}

/* ---- alternatives ---- */

const struct kpi_alternative *
kpi_alternative_at(const struct kpi_symbol *symbol, size_t index)
{
    for (size_t i = 0; symbol != NULL && i < KPI_COUNT_OF(kpi_alternatives); i++) {
        if (strcmp(kpi_alternatives[i].name, symbol->name) == 0 && index-- == 0)
            return &kpi_alternatives[i];
    }
    return NULL;
}
