/* scn_error.c - see scn.h */
#include <stdarg.h>

#include "scn.h"

void
scn_error_set(struct scn_error *error, uint32_t line, size_t column, const char *how,
              const char *format, ...)
{
    struct vmm_text text;
    va_list arguments;

    *error = (struct scn_error){ .line = line, .column = (uint32_t)column };
    vmm_text_init(&text, error->what, sizeof error->what);
    va_start(arguments, format);
    vmm_text_vformat(&text, format, arguments);
    va_end(arguments);
    vmm_text_init(&text, error->how, sizeof error->how);
    vmm_text_put(&text, how);
}
