/*
 * macho_chain.h - imports that dyld or the kernel binds: chained fixups, and opcodes before them
 *
 * PURPOSE     The two places besides the symbol table that name imports.
 * INVARIANTS  M1  see macho.h
 * UNITS       none
 * OWNERSHIP   borrows the view; names point into it
 * ERRORS      false: cut off, or of a form that we do not know
 * EVENTS      none
 * XNU         <mach-o/fixup-chains.h> struct dyld_chained_fixups_header; BIND_OPCODE_* of <mach-o/loader.h>
 *             Differs: compressed names (symbols_format 1) are refused
 */
#ifndef KPI_MACHO_CHAIN_H
#define KPI_MACHO_CHAIN_H

#include "kpi/macho.h"
#include "kpi/macho_view.h"

#define MACHO_LC_REQ_DYLD 0x80000000u
enum { MACHO_LC_CHAINED_FIXUPS = 0x34 };

/* The payload of LC_DYLD_CHAINED_FIXUPS. */
bool macho_chain_imports(struct macho_view *fixups, macho_take take, void *context);

/* One run of bind opcodes of LC_DYLD_INFO; an empty run names nothing. */
bool macho_chain_binds(struct macho_view *run, macho_take take, void *context);

#endif
