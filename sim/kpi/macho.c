/* macho.c - see macho.h */
#include "kpi/macho.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "kpi/macho_chain.h"
#include "kpi/macho_view.h"

#define MH_MAGIC_64 0xFEEDFACFu
#define MH_MAGIC 0xFEEDFACEu
#define MH_CIGAM 0xCEFAEDFEu
#define MH_CIGAM_64 0xCFFAEDFEu
#define FAT_MAGIC 0xCAFEBABEu
#define FAT_MAGIC_64 0xCAFEBABFu

enum { CPU_TYPE_X86_64 = 0x01000007, CPU_TYPE_ARM64 = 0x0100000C, CPU_SUBTYPE_ARM64E = 2 };
enum {
    MACH_HEADER_64_BYTES = 32,
    NLIST_64_BYTES = 16,
    FAT_ARCH_BYTES = 20,
    FAT_ARCH_64_BYTES = 32
};
enum { N_STAB = 0xE0, N_TYPE = 0x0E, N_EXT = 0x01, N_UNDF = 0x0 };
enum { LC_SYMTAB = 0x2, LC_DYLD_INFO = 0x22 };

/* A Java class file begins like a fat file; what stands for its version is no count of slices. */
enum { FAT_LIKELY_SLICES = 30 };

static bool
macho_refuse(char *why, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, MACHO_WHY_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

bool
macho_is(const uint8_t *bytes, size_t size)
{
    struct macho_view view = { bytes, size, false };
    uint32_t little = macho_view_32(&view, 0);
    uint32_t big = (uint32_t)macho_view_big(&view, 0, 4);

    return little == MH_MAGIC_64 || little == MH_MAGIC || little == MH_CIGAM ||
           little == MH_CIGAM_64 || big == FAT_MAGIC || big == FAT_MAGIC_64;
}

const char *
macho_filetype_name(uint32_t filetype)
{
    static const char *const names[] = { "file",    "object",  "executable",    "fixed library",
                                         "core",    "preload", "library",       "linker",
                                         "bundle",  "stub",    "debug symbols", "kext",
                                         "file set" };

    return filetype < sizeof(names) / sizeof(names[0]) ? names[filetype] : names[0];
}

/* ---- slices ---- */

/* One thin image at [offset, offset + size) of the file. */
static bool
macho_add_slice(struct macho *macho, const struct macho_view *file, uint64_t offset, uint64_t size,
                char *why)
{
    struct macho_view view = macho_view_part(file, offset, size);
    uint32_t magic = macho_view_32(&view, 0);
    uint32_t cpu = macho_view_32(&view, 4);
    uint32_t subtype = macho_view_32(&view, 8) & 0xFF;
    struct macho_slice *slice = &macho->slices[macho->count];

    if (view.is_short || view.size < MACH_HEADER_64_BYTES)
        return macho_refuse(why, "the slice at byte %" PRIu64 " ends inside its header", offset);
    if (magic != MH_MAGIC_64 || (cpu != CPU_TYPE_X86_64 && cpu != CPU_TYPE_ARM64))
        return macho_refuse(why,
                            "machine 0x%" PRIx32 " at byte %" PRIu64 " is neither x86_64 nor arm64",
                            magic == MH_MAGIC_64 || magic == MH_MAGIC ? cpu : 0, offset);
    *slice = (struct macho_slice){ .bytes = view.bytes,
                                   .size = view.size,
                                   .offset = (size_t)offset,
                                   .machine = cpu == CPU_TYPE_X86_64          ? "x86_64"
                                              : subtype == CPU_SUBTYPE_ARM64E ? "arm64e"
                                                                              : "arm64",
                                   .filetype = macho_view_32(&view, 12) };
    macho->count++;
    return true;
}

/* A fat file names its slices, of which those of other machines are passed over. */
static bool
macho_open_fat(struct macho *macho, struct macho_view *file, bool is_64, char *why)
{
    uint64_t count = macho_view_big(file, 4, 4);
    uint64_t step = is_64 ? FAT_ARCH_64_BYTES : FAT_ARCH_BYTES;
    unsigned width = is_64 ? 8 : 4;

    if (count > FAT_LIKELY_SLICES)
        return macho_refuse(why, "%" PRIu64 " slices: not a fat Mach-O file", count);
    for (uint64_t i = 0; i < count && macho->count < MACHO_MAX_SLICES; i++) {
        uint64_t at = 8 + i * step;
        uint64_t cpu = macho_view_big(file, at, 4);
        uint64_t offset = macho_view_big(file, at + 8, width);
        uint64_t size = macho_view_big(file, at + 8 + width, width);

        if (file->is_short || !macho_view_has(file, offset, size))
            return macho_refuse(why, "slice %" PRIu64 " of %" PRIu64 " reaches past the end", i + 1,
                                count);
        if ((cpu == CPU_TYPE_X86_64 || cpu == CPU_TYPE_ARM64) &&
            !macho_add_slice(macho, file, offset, size, why))
            return false;
    }
    return macho->count > 0 || macho_refuse(why, "none of its slices is for x86_64 or arm64");
}

bool
macho_open(const uint8_t *bytes, size_t size, struct macho *macho, char why[MACHO_WHY_BYTES])
{
    struct macho_view file = { bytes, size, false };
    uint32_t big = (uint32_t)macho_view_big(&file, 0, 4);

    macho->count = 0;
    if (!macho_is(bytes, size))
        return macho_refuse(why, "not a Mach-O file");
    if (big == FAT_MAGIC || big == FAT_MAGIC_64)
        return macho_open_fat(macho, &file, big == FAT_MAGIC_64, why);
    return macho_add_slice(macho, &file, 0, size, why);
}

/* ---- imports ---- */

struct macho_reading {
    struct macho_view view; /* of the slice */
    macho_take take;
    void *context;
    char *why;
};

/* Undefined external symbols; one with a value is a common symbol, which the file itself brings. */
static bool
macho_read_symbols(struct macho_reading *reading, uint64_t command)
{
    struct macho_view *view = &reading->view;
    uint64_t symbols = macho_view_32(view, command + 8);
    uint64_t count = macho_view_32(view, command + 12);
    struct macho_view strings =
        macho_view_part(view, macho_view_32(view, command + 16), macho_view_32(view, command + 20));

    if (view->is_short || !macho_view_has(view, symbols, count * NLIST_64_BYTES) ||
        strings.is_short)
        return macho_refuse(reading->why, "its symbol table reaches past the end");
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = symbols + i * NLIST_64_BYTES;
        uint8_t type = macho_view_8(view, at + 4);
        const char *name;
        size_t length;

        if (type & N_STAB || (type & N_TYPE) != N_UNDF || !(type & N_EXT) ||
            macho_view_little(view, at + 8, 8) != 0)
            continue;
        if (!macho_view_string(&strings, macho_view_32(view, at), &name, &length))
            return macho_refuse(reading->why, "the name of symbol %" PRIu64 " has no end", i);
        reading->take(reading->context, name, length);
    }
    return true;
}

/* Classic imports: regular, weak and lazy binds, each a run of opcodes. */
static bool
macho_read_binds(struct macho_reading *reading, uint64_t command)
{
    static const unsigned runs[] = { 16, 24, 32 };

    for (unsigned i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct macho_view run =
            macho_view_part(&reading->view, macho_view_32(&reading->view, command + runs[i]),
                            macho_view_32(&reading->view, command + runs[i] + 4));

        if (!macho_chain_binds(&run, reading->take, reading->context))
            return macho_refuse(reading->why, "its bind opcodes are cut off or unknown");
    }
    return true;
}

static bool
macho_read_chain(struct macho_reading *reading, uint64_t command)
{
    struct macho_view fixups =
        macho_view_part(&reading->view, macho_view_32(&reading->view, command + 8),
                        macho_view_32(&reading->view, command + 12));

    return macho_chain_imports(&fixups, reading->take, reading->context) ||
           macho_refuse(reading->why, "its chained imports are cut off, compressed or unknown");
}

static bool
macho_read_command(struct macho_reading *reading, uint32_t kind, uint64_t at, uint64_t size)
{
    if (kind == LC_SYMTAB && size >= 24)
        return macho_read_symbols(reading, at);
    if ((kind == LC_DYLD_INFO || kind == (LC_DYLD_INFO | MACHO_LC_REQ_DYLD)) && size >= 48)
        return macho_read_binds(reading, at);
    if (kind == (MACHO_LC_CHAINED_FIXUPS | MACHO_LC_REQ_DYLD) && size >= 16)
        return macho_read_chain(reading, at);
    return true;
}

bool
macho_imports(const struct macho_slice *slice, macho_take take, void *context,
              char why[MACHO_WHY_BYTES])
{
    struct macho_reading reading = { { slice->bytes, slice->size, false }, take, context, why };
    uint64_t count = macho_view_32(&reading.view, 16);
    uint64_t end = MACH_HEADER_64_BYTES + (uint64_t)macho_view_32(&reading.view, 20);
    uint64_t at = MACH_HEADER_64_BYTES;

    if (end > slice->size)
        return macho_refuse(why, "its load commands reach past the end");
    for (uint64_t i = 0; i < count; i++) {
        uint32_t kind = macho_view_32(&reading.view, at);
        uint64_t size = macho_view_32(&reading.view, at + 4);

        if (at + 8 > end || size < 8 || size > end - at)
            return macho_refuse(why, "load command %" PRIu64 " of %" PRIu64 " has no room", i + 1,
                                count);
        if (!macho_read_command(&reading, kind, at, size))
            return false;
        at += size;
    }
    return true;
}
