/*
 * fuzz_macho.c - any bytes as a driver's file: they are refused with a reason, or every import of
 * theirs is a name inside the file that the audit can print
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kpi/kpi_audit.h"
#include "kpi/kpi_nm.h"
#include "kpi/macho.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct check {
    const uint8_t *from;
    size_t size;
    struct kpi_audit audit;
};

static void
take(void *context, const char *name, size_t length)
{
    struct check *check = context;
    const uint8_t *at = (const uint8_t *)name;

    if (at < check->from || length > check->size - (size_t)(at - check->from))
        abort(); /* M1 */
    kpi_audit_take(&check->audit, name, length);
}

static void
ignore(void *context, const char *bytes, size_t length)
{
    (void)context;
    if (length > 0 && memchr(bytes, '\0', length) != NULL)
        abort(); /* printers print text */
}

static void
conclude(struct check *check)
{
    const struct core_out out = { ignore, NULL };

    check->audit.kind = "file";
    kpi_audit_finish(&check->audit);
    for (size_t i = 1; i < check->audit.count; i++) {
        if (check->audit.imports[i - 1].length == check->audit.imports[i].length &&
            memcmp(check->audit.imports[i - 1].name, check->audit.imports[i].name,
                   check->audit.imports[i].length) == 0)
            abort(); /* A1 */
    }
    kpi_audit_print_json(&out, &check->audit);
    kpi_audit_destroy(&check->audit);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[MACHO_WHY_BYTES] = "";
    struct kpi_nm_error error;
    struct kpi_plist plist;
    struct macho macho;

    if (macho_open(data, size, &macho, why)) {
        for (size_t i = 0; i < macho.count; i++) {
            struct check check = { .from = data, .size = size };

            if (!macho_imports(&macho.slices[i], take, &check, why) && why[0] == '\0')
                abort();
            conclude(&check);
        }
    } else if (why[0] == '\0') {
        abort(); /* an error says what */
    }
    if (!macho_is(data, size)) {
        struct check check = { .from = data, .size = size };

        (void)kpi_nm_read((const char *)data, size, take, &check, &error);
        conclude(&check);
    }
    (void)kpi_plist_read((const char *)data, size, &plist, why);
    return 0;
}
