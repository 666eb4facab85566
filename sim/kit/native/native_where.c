/*
 * native_where.c - the source line of an instruction, from debug information
 *
 * One instruction may stand for several functions, one inlined into the other: each has its line, the
 * innermost from the line table, the others from where they were called.
 */
#define _GNU_SOURCE 1
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native_internal.h"

/* What this process has loaded, as libdwfl sees it; NULL: it cannot tell. */
static Dwfl *
native_modules(void)
{
    static const Dwfl_Callbacks callbacks = { .find_elf = dwfl_linux_proc_find_elf,
                                              .find_debuginfo = dwfl_standard_find_debuginfo };
    Dwfl *modules = dwfl_begin(&callbacks);

    if (modules == NULL)
        return NULL;
    dwfl_report_begin(modules);
    if (dwfl_linux_proc_report(modules, getpid()) == 0 && dwfl_report_end(modules, NULL, NULL) == 0)
        return modules;
    dwfl_end(modules);
    return NULL;
}

/*
 * The compilation unit of an address. Some compilers leave out the table that would say at once, and
 * then libdwfl may answer with a neighbour.
 */
static Dwarf_Die *
native_unit(Dwfl_Module *module, uint64_t pc, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(module, pc, bias);

    if (unit != NULL && dwarf_haspc(unit, pc - *bias) > 0)
        return unit;
    unit = NULL;
    while ((unit = dwfl_module_nextcu(module, unit, bias)) != NULL)
        if (dwarf_haspc(unit, pc - *bias) > 0)
            break;
    return unit;
}

static void
native_name(struct native_where *where, const char *function)
{
    snprintf(where->function, sizeof(where->function), "%s", function == NULL ? "" : function);
}

static void
native_place(struct native_where *where, const char *file, int line)
{
    snprintf(where->file, sizeof(where->file), "%s", file == NULL ? "" : file);
    where->line = file == NULL ? 0 : line;
}

/* Where the function that a scope is was called from. */
static void
native_call_site(Dwarf_Die *unit, Dwarf_Die *scope, struct native_where *where)
{
    Dwarf_Attribute attribute;
    Dwarf_Files *files;
    Dwarf_Word file = 0, line = 0;
    size_t count;

    if (dwarf_formudata(dwarf_attr(scope, DW_AT_call_file, &attribute), &file) == 0 &&
        dwarf_formudata(dwarf_attr(scope, DW_AT_call_line, &attribute), &line) == 0 &&
        dwarf_getsrcfiles(unit, &files, &count) == 0)
        native_place(where, dwarf_filesrc(files, file, NULL, NULL), (int)line);
}

/* Names the functions around an address, innermost first; where[0] has its line. Their number. */
static size_t
native_scopes(Dwarf_Die *unit, Dwarf_Addr address, struct native_where *where, size_t capacity)
{
    Dwarf_Die *innermost = NULL;
    Dwarf_Die *scopes = NULL;
    int count = dwarf_getscopes(unit, address, &innermost);
    size_t found = 0;

    /* From there outward as the code is nested, not as the source is. */
    count = count <= 0 ? 0 : dwarf_getscopes_die(innermost, &scopes);

    for (int i = 0; i < count && found < capacity; i++) {
        int tag = dwarf_tag(&scopes[i]);

        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        native_name(&where[found++], dwarf_diename(&scopes[i]));
        if (tag == DW_TAG_subprogram)
            break;
        if (found < capacity)
            native_call_site(unit, &scopes[i], &where[found]);
    }
    free(scopes);
    free(innermost);
    return found;
}

static size_t
native_fill(Dwfl_Module *module, uint64_t pc, struct native_where *where, size_t capacity)
{
    Dwarf_Addr bias = 0;
    Dwarf_Die *unit = native_unit(module, pc, &bias);
    Dwarf_Line *line = unit == NULL ? NULL : dwarf_getsrc_die(unit, pc - bias);
    size_t found = 0;
    int number = 0;

    if (line != NULL && dwarf_lineno(line, &number) == 0)
        native_place(&where[0], dwarf_linesrc(line, NULL, NULL), number);
    if (unit != NULL)
        found = native_scopes(unit, pc - bias, where, capacity);
    if (found == 0)
        native_name(&where[0], dwfl_module_addrname(module, pc));
    return found == 0 ? 1 : found;
}

size_t
native_where(uint64_t pc, struct native_where *where, size_t capacity)
{
    Dwfl *modules = native_modules();
    Dwfl_Module *module = modules == NULL ? NULL : dwfl_addrmodule(modules, pc);
    size_t found = 1;

    memset(where, 0, capacity * sizeof(*where));
    if (module != NULL)
        found = native_fill(module, pc, where, capacity);
    if (modules != NULL)
        dwfl_end(modules);
    return found;
}

size_t
native_backtrace(uint64_t pc, uint64_t *frames, size_t capacity)
{
    void *found[64];
    int count = backtrace(found, 64);
    int first = 0;
    size_t kept = 0;

    while (pc != 0 && first < count && (uintptr_t)found[first] != pc)
        first++;
    if (first == count && capacity > 0 && pc != 0)
        frames[kept++] = pc; /* the unwinder did not get through the signal's frame */
    for (; first < count && kept < capacity; first++)
        frames[kept++] = (uintptr_t)found[first];
    return kept;
}
