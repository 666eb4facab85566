/*
 * kpi_plist.c - see kpi_plist.h
 *
 * expat reads the XML. We follow the nesting: only keys of the outermost dictionary count, and the
 * keys of the dictionary that OSBundleLibraries is.
 */
#include "kpi/kpi_plist.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

enum { KPI_PLIST_TOP = 3, KPI_PLIST_LIBRARIES = 4, KPI_PLIST_BYTES_MAX = 1 << 24 };

/* plist/dict/KEY is the third level, plist/dict/dict/KEY the fourth. */
struct kpi_plist_reader {
    struct kpi_plist *plist;
    unsigned depth;
    bool in_libraries;
    char key[KPI_PLIST_NAME_BYTES];  /* the last key of the outermost dictionary */
    char text[KPI_PLIST_NAME_BYTES]; /* of the element that is open */
    size_t length;
};

static void XMLCALL
kpi_plist_open(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct kpi_plist_reader *reader = context;

    (void)attributes;
    reader->depth++;
    reader->length = 0;
    if (reader->depth == KPI_PLIST_TOP && strcmp(name, "dict") == 0 &&
        strcmp(reader->key, "OSBundleLibraries") == 0)
        reader->in_libraries = reader->plist->has_libraries = true;
}

/* Text comes in pieces; what is too long for any name of ours is cut, and then is none. */
static void XMLCALL
kpi_plist_text(void *context, const XML_Char *text, int length)
{
    struct kpi_plist_reader *reader = context;

    for (int i = 0; i < length && reader->length + 1 < sizeof(reader->text); i++)
        reader->text[reader->length++] = text[i];
}

static void
kpi_plist_library(struct kpi_plist *plist, const char *identifier)
{
    static const char prefix[] = "com.apple.kpi.";

    if (strncmp(identifier, prefix, sizeof(prefix) - 1) != 0)
        return;
    for (enum kpi_list list = KPI_BSD; list < KPI_UNKNOWN; list++) {
        if (strcmp(identifier + sizeof(prefix) - 1, kpi_list_name(list)) == 0)
            plist->covers[list] = true;
    }
}

static void XMLCALL
kpi_plist_close(void *context, const XML_Char *name)
{
    struct kpi_plist_reader *reader = context;

    reader->text[reader->length] = '\0';
    if (reader->depth == KPI_PLIST_TOP && strcmp(name, "key") == 0)
        memcpy(reader->key, reader->text, reader->length + 1);
    else if (reader->depth == KPI_PLIST_TOP && strcmp(name, "string") == 0 &&
             strcmp(reader->key, "CFBundleExecutable") == 0)
        memcpy(reader->plist->executable, reader->text, reader->length + 1);
    else if (reader->depth == KPI_PLIST_LIBRARIES && reader->in_libraries &&
             strcmp(name, "key") == 0)
        kpi_plist_library(reader->plist, reader->text);
    if (reader->depth == KPI_PLIST_TOP)
        reader->in_libraries = false;
    reader->depth--;
    reader->length = 0;
}

bool
kpi_plist_read(const char *text, size_t length, struct kpi_plist *plist,
               char why[KPI_PLIST_WHY_BYTES])
{
    struct kpi_plist_reader reader = { .plist = plist };
    enum XML_Status status = XML_STATUS_ERROR;
    XML_Parser parser;

    *plist = (struct kpi_plist){ 0 };
    if (length >= 6 && memcmp(text, "bplist", 6) == 0) {
        snprintf(why, KPI_PLIST_WHY_BYTES, "a binary property list: plutil -convert xml1 first");
        return false;
    }
    parser = length > KPI_PLIST_BYTES_MAX ? NULL : XML_ParserCreate(NULL);
    if (parser == NULL) {
        snprintf(why, KPI_PLIST_WHY_BYTES, "too large, or no memory to read it");
        return false;
    }
    XML_SetUserData(parser, &reader);
    XML_SetElementHandler(parser, kpi_plist_open, kpi_plist_close);
    XML_SetCharacterDataHandler(parser, kpi_plist_text);
    status = XML_Parse(parser, text, (int)length, 1);
    if (status != XML_STATUS_OK)
        snprintf(why, KPI_PLIST_WHY_BYTES, "line %lu: %s",
                 (unsigned long)XML_GetCurrentLineNumber(parser),
                 XML_ErrorString(XML_GetErrorCode(parser)));
    XML_ParserFree(parser);
    return status == XML_STATUS_OK;
}
