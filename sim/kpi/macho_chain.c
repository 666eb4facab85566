/* macho_chain.c - see macho_chain.h */
#include "kpi/macho_chain.h"

/* ---- chained fixups ---- */

/* How an import of each format (1, 2, 3) is laid out, and where its name's offset is in its word. */
static const struct {
    unsigned bytes;
    unsigned word;
    unsigned shift;
} macho_chain_formats[] = { { 0, 0, 0 }, { 4, 4, 9 }, { 8, 4, 9 }, { 16, 8, 32 } };

bool
macho_chain_imports(struct macho_view *fixups, macho_take take, void *context)
{
    uint64_t imports = macho_view_32(fixups, 8);
    uint64_t names = macho_view_32(fixups, 12);
    uint64_t count = macho_view_32(fixups, 16);
    uint32_t format = macho_view_32(fixups, 20);
    uint32_t is_compressed = macho_view_32(fixups, 24);

    if (fixups->is_short || is_compressed || format == 0 || format > 3)
        return false;
    if (!macho_view_has(fixups, imports, count * macho_chain_formats[format].bytes))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = imports + i * macho_chain_formats[format].bytes;
        uint64_t word = macho_view_little(fixups, at, macho_chain_formats[format].word);
        const char *name;
        size_t length;

        if (!macho_view_string(fixups, names + (word >> macho_chain_formats[format].shift), &name,
                               &length))
            return false;
        take(context, name, length);
    }
    return true;
}

/* ---- bind opcodes ---- */

enum {
    BIND_OPCODE_DONE = 0x00,
    BIND_OPCODE_SET_DYLIB_ORDINAL_IMM = 0x10,
    BIND_OPCODE_SET_DYLIB_ORDINAL_ULEB = 0x20,
    BIND_OPCODE_SET_DYLIB_SPECIAL_IMM = 0x30,
    BIND_OPCODE_SET_SYMBOL_TRAILING_FLAGS_IMM = 0x40,
    BIND_OPCODE_SET_TYPE_IMM = 0x50,
    BIND_OPCODE_SET_ADDEND_SLEB = 0x60,
    BIND_OPCODE_SET_SEGMENT_AND_OFFSET_ULEB = 0x70,
    BIND_OPCODE_ADD_ADDR_ULEB = 0x80,
    BIND_OPCODE_DO_BIND = 0x90,
    BIND_OPCODE_DO_BIND_ADD_ADDR_ULEB = 0xA0,
    BIND_OPCODE_DO_BIND_ADD_ADDR_IMM_SCALED = 0xB0,
    BIND_OPCODE_DO_BIND_ULEB_TIMES_SKIPPING_ULEB = 0xC0,
    BIND_OPCODE_MASK = 0xF0
};

/* How many LEB128 numbers follow an opcode; -1: we do not know it. */
static int
macho_bind_numbers(uint8_t opcode)
{
    switch (opcode & BIND_OPCODE_MASK) {
    case BIND_OPCODE_DONE: /* lazy binds end one after the other; zeros also fill the run up */
    case BIND_OPCODE_SET_DYLIB_ORDINAL_IMM:
    case BIND_OPCODE_SET_DYLIB_SPECIAL_IMM:
    case BIND_OPCODE_SET_SYMBOL_TRAILING_FLAGS_IMM:
    case BIND_OPCODE_SET_TYPE_IMM:
    case BIND_OPCODE_DO_BIND:
    case BIND_OPCODE_DO_BIND_ADD_ADDR_IMM_SCALED:
        return 0;
    case BIND_OPCODE_SET_DYLIB_ORDINAL_ULEB:
    case BIND_OPCODE_SET_ADDEND_SLEB:
    case BIND_OPCODE_SET_SEGMENT_AND_OFFSET_ULEB:
    case BIND_OPCODE_ADD_ADDR_ULEB:
    case BIND_OPCODE_DO_BIND_ADD_ADDR_ULEB:
        return 1;
    case BIND_OPCODE_DO_BIND_ULEB_TIMES_SKIPPING_ULEB:
        return 2;
    default:
        return -1;
    }
}

bool
macho_chain_binds(struct macho_view *run, macho_take take, void *context)
{
    uint64_t at = 0;

    while (at < run->size) {
        uint8_t opcode = macho_view_8(run, at++);
        int numbers = macho_bind_numbers(opcode);
        const char *name;
        size_t length;

        if (numbers < 0)
            return false;
        if ((opcode & BIND_OPCODE_MASK) == BIND_OPCODE_SET_SYMBOL_TRAILING_FLAGS_IMM) {
            if (!macho_view_string(run, at, &name, &length))
                return false;
            take(context, name, length);
            at += length + 1;
        }
        for (; numbers > 0; numbers--) {
            while (macho_view_8(run, at++) & 0x80)
                ;
        }
    }
    return !run->is_short;
}
