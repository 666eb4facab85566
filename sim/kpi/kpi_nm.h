/*
 * kpi_nm.h - undefined symbols out of what nm prints
 *
 * PURPOSE     Reads the text of nm, nm -m, nm -u and nm -j, of Apple's, GNU's and LLVM's making.
 * INVARIANTS  none
 * UNITS       line, column: counted from 1
 * OWNERSHIP   names point into the text
 * ERRORS      false: *error says where the first line is that no nm prints
 * EVENTS      none
 * XNU         none
 */
#ifndef KPI_KPI_NM_H
#define KPI_KPI_NM_H

#include "kpi/macho.h"

struct kpi_nm_error {
    size_t line;
    size_t column;
};

/* Hands out every undefined symbol of the text, in its order. */
bool kpi_nm_read(const char *text, size_t length, macho_take take, void *context,
                 struct kpi_nm_error *error);

#endif
