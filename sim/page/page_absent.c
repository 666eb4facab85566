/* page_absent.c - see page_template.h */
#include "page/page_template.h"

const char *
page_template(size_t *length)
{
    *length = 0;
    return NULL;
}
