/* core_text.c - see core_text.h */
#include "core_text.h"

#include <string.h>

enum { TEXT_FIRST = 1024 };

void
core_text_put(void *context, const char *bytes, size_t length)
{
    struct core_text *text = context;

    if (text->bytes == NULL || length >= text->room - text->length) {
        size_t room = 2 * (text->length + length) + TEXT_FIRST;
        char *grown = core_arena_take(text->arena, room);

        if (grown == NULL)
            return;
        if (text->length > 0)
            memcpy(grown, text->bytes, text->length);
        text->bytes = grown;
        text->room = room;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

const char *
core_text_bytes(const struct core_text *text)
{
    return text->bytes != NULL ? text->bytes : "";
}
