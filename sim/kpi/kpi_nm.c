/* kpi_nm.c - see kpi_nm.h */
#include "kpi/kpi_nm.h"

#include <string.h>

#include "kpi/macho_view.h"

enum { KPI_NM_WORDS = 5 };

struct kpi_word {
    const char *at;
    size_t length;
};

static bool
kpi_word_is(const struct kpi_word *word, const char *text)
{
    return strlen(text) == word->length && memcmp(word->at, text, word->length) == 0;
}

/* Splits a line at its spaces; words behind the last that we look at are left out. */
static size_t
kpi_nm_split(const char *line, size_t length, struct kpi_word words[KPI_NM_WORDS])
{
    size_t count = 0, at = 0;

    while (count < KPI_NM_WORDS) {
        while (at < length && (line[at] == ' ' || line[at] == '\t' || line[at] == '\r'))
            at++;
        if (at == length)
            break;
        words[count].at = line + at;
        while (at < length && line[at] != ' ' && line[at] != '\t' && line[at] != '\r')
            at++;
        words[count].length = (size_t)(line + at - words[count].at);
        count++;
    }
    return count;
}

static bool
kpi_is_plain(const struct kpi_word *word)
{
    if (word->length > MACHO_NAME_MAX)
        return false;
    for (size_t i = 0; i < word->length; i++) {
        if ((unsigned char)word->at[i] <= ' ' || (unsigned char)word->at[i] >= 0x7F)
            return false;
    }
    return true;
}

/* How a line of more than one word begins: an address or dashes, a type's letter, "(undefined)", "driver.o:0000". */
static bool
kpi_nm_begins(const struct kpi_word *word)
{
    if (word->length == 1 || word->at[0] == '(' || memchr(word->at, ':', word->length) != NULL)
        return true;
    for (size_t i = 0; i < word->length; i++) {
        if (strchr("0123456789abcdefABCDEF-", word->at[i]) == NULL)
            return false;
    }
    return true;
}

/* The line's undefined symbol, NULL when it has none; false when it is no line of nm's. */
static bool
kpi_nm_line(const struct kpi_word *words, size_t count, const struct kpi_word **found)
{
    const struct kpi_word *last = &words[count - 1];
    bool is_header = last->at[last->length - 1] == ':';

    *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!kpi_is_plain(&words[i]))
            return false;
    }
    if (is_header)
        return true; /* "driver.o:", or "driver (for architecture x86_64):" */
    if (count == 1)
        *found = &words[0];
    else if (!kpi_nm_begins(&words[0]))
        return false;
    else if (kpi_word_is(&words[0], "U"))
        *found = &words[1];
    else if (kpi_word_is(&words[0], "(undefined)")) {
        size_t name = 1;

        while (name < count && !(words[name].at[0] == '_'))
            name++; /* "weak", "external", "[lazy", "bound]" */
        if (name == count)
            return false;
        *found = &words[name];
    } else if (count >= 3 && kpi_word_is(&words[1], "U")) {
        *found = &words[2]; /* an address column of dashes or zeros */
    }
    return true;
}

bool
kpi_nm_read(const char *text, size_t length, macho_take take, void *context,
            struct kpi_nm_error *error)
{
    struct kpi_word words[KPI_NM_WORDS];
    const struct kpi_word *found;

    *error = (struct kpi_nm_error){ 1, 1 };
    for (size_t at = 0; at < length; error->line++) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line = end == NULL ? length - at : (size_t)(end - text) - at;
        size_t count = kpi_nm_split(text + at, line, words);

        if (count > 0 && !kpi_nm_line(words, count, &found)) {
            error->column = (size_t)(words[0].at - (text + at)) + 1;
            return false;
        }
        if (count > 0 && found != NULL)
            take(context, found->at, found->length);
        at += line + 1;
    }
    return true;
}
