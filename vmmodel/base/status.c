/*
 * status.c - see status.h
 *
 * The rows hold their characters, not pointers to them: a table of pointers needs relocation in a
 * position-independent program and would not be read-only.
 */
#include "base/status.h"

#include <string.h>

enum { VMM_STATUS_NAME_BYTES = 28, VMM_STATUS_TEXT_BYTES = 48 };

#define VMM_STATUS(id, number, name, text)                                  \
    _Static_assert(sizeof(name) <= VMM_STATUS_NAME_BYTES, "name too long"); \
    _Static_assert(sizeof(text) <= VMM_STATUS_TEXT_BYTES, "text too long");
#include "base/status.def"
#undef VMM_STATUS

struct vmm_status_row {
    enum vmm_status status;
    char name[VMM_STATUS_NAME_BYTES];
    char text[VMM_STATUS_TEXT_BYTES];
};

static const struct vmm_status_row rows[] = {
#define VMM_STATUS(id, number, name, text) { id, name, text },
#include "base/status.def"
#undef VMM_STATUS
};

static const struct vmm_status_row *
vmm_status_row(enum vmm_status status)
{
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        if (rows[i].status == status)
            return &rows[i];
    }
    return NULL;
}

const char *
vmm_status_name(enum vmm_status status)
{
    const struct vmm_status_row *row = vmm_status_row(status);

    return row == NULL ? NULL : row->name;
}

const char *
vmm_status_text(enum vmm_status status)
{
    const struct vmm_status_row *row = vmm_status_row(status);

    return row == NULL ? NULL : row->text;
}

bool
vmm_status_by_name(const char *name, size_t length, enum vmm_status *status)
{
    for (size_t i = 0; i < VMM_COUNT_OF(rows); i++) {
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0) {
            *status = rows[i].status;
            return true;
        }
    }
    return false;
}
