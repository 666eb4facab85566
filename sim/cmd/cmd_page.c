/* cmd_page.c - see cmd_page.h */
#include "cmd/cmd_page.h"

#include <string.h>

#include "core/core_json.h"
#include "page/page_template.h"

/* Inside a script element "<" could end it; in JSON it may be written otherwise. */
static void
put_for_script(void *context, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '<')
            io_bytes_put(context, "\\u003c", 6);
        else
            io_bytes_put(context, &bytes[i], 1);
    }
}

void
cmd_page_given(const struct cmd_given *given, const char *text, const struct core_out *out)
{
    struct core_json object = core_json_begin(out);

    core_json_string(&object, "file", strcmp(given->file, "-") == 0 ? "scenario.scn" : given->file);
    core_json_string(&object, "text", text);
    core_json_string(&object, "profile", given->profile);
    core_json_string(&object, "machine", given->machine);
    core_json_bool(&object, "live", given->is_live);
    core_json_end(&object);
}

bool
cmd_page_has_machine(const char *name)
{
    struct machine machine;
    const char *nearest = machine_nearest(name);

    if (machine_find(name, &machine))
        return true;
    if (nearest != NULL)
        cmd_trouble("the page knows no machine '%s': did you mean '%s'?", name, nearest);
    else
        cmd_trouble("the page knows no machine '%s': 'faultline machines' lists those it knows",
                    name);
    return false;
}

bool
cmd_page(const struct cmd_given *given, const char *text, struct io_bytes *page)
{
    size_t length;
    const char *template = page_template(&length);
    const char *place = template != NULL ? strstr(template, PAGE_PLACE) : NULL;
    const struct core_out out = { put_for_script, page };
    size_t before;

    if (place == NULL)
        return false;
    before = (size_t)(place - template);
    io_bytes_put(page, template, before);
    cmd_page_given(given, text, &out);
    io_bytes_put(page, place + strlen(PAGE_PLACE), length - before - strlen(PAGE_PLACE));
    return true;
}
