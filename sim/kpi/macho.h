/*
 * macho.h - what a Mach-O file asks others for
 *
 * PURPOSE     Reads objects, bundles and kexts, thin or fat, for x86_64 and arm64, and hands out the
 *             name of every symbol that they import: from the symbol table, from classic bind
 *             opcodes and from chained fixups. Nothing is believed: each offset and count is held
 *             against the file before it is used.
 * INVARIANTS  M1  no byte outside [bytes, bytes + size) is read, whatever the file says
 * UNITS       offset, size: bytes from the start of the file or of the slice
 * OWNERSHIP   borrows the file's bytes; names point into them
 * ERRORS      false, and *why says where and what
 * EVENTS      none
 * XNU         the layouts of <mach-o/loader.h>, <mach-o/fat.h>, <mach-o/nlist.h>, <mach-o/fixup-chains.h>
 */
#ifndef KPI_MACHO_H
#define KPI_MACHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MACHO_WHY_BYTES = 160, MACHO_MAX_SLICES = 16 };

struct macho_slice {
    const uint8_t *bytes;
    size_t size;
    size_t offset;       /* of the slice in its file */
    const char *machine; /* "x86_64", "arm64", "arm64e" */
    uint32_t filetype;   /* MH_OBJECT 1, MH_BUNDLE 8, MH_KEXT_BUNDLE 11, ... */
};

struct macho {
    struct macho_slice slices[MACHO_MAX_SLICES];
    size_t count;
};

/* Told of every import, some of them more than once; `name` is not terminated. */
typedef void (*macho_take)(void *context, const char *name, size_t length);

/* Whether the bytes begin as a Mach-O or a fat file does, of any machine. */
bool macho_is(const uint8_t *bytes, size_t size);

/* Finds the slices of a file. */
bool macho_open(const uint8_t *bytes, size_t size, struct macho *macho, char why[MACHO_WHY_BYTES]);

/* "object", "bundle", "kext", "executable", ... */
const char *macho_filetype_name(uint32_t filetype);

/* Hands out what a slice imports. */
bool macho_imports(const struct macho_slice *slice, macho_take take, void *context,
                   char why[MACHO_WHY_BYTES]);

#endif
