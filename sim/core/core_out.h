/*
 * core_out.h - putting text together for printers
 *
 * PURPOSE     The few ways in which printers put bytes out: strings, formatted pieces, text from
 *             outside made safe, events field by field.
 * INVARIANTS  none
 * UNITS       none
 * OWNERSHIP   borrows the caller's struct core_out
 * ERRORS      none: an out that cannot take bytes deals with it itself
 * EVENTS      none
 * XNU         none
 */
#ifndef CORE_CORE_OUT_H
#define CORE_CORE_OUT_H

#include "scn.h"

/* A terminated string, `length` bytes, `count` blanks: as they are. */
void core_put(const struct core_out *out, const char *string);
void core_put_bytes(const struct core_out *out, const char *bytes, size_t length);
void core_put_spaces(const struct core_out *out, size_t count);
/* A column of `width`: the text at its left or its right end. */
void core_put_left(const struct core_out *out, const char *string, size_t width);
void core_put_right(const struct core_out *out, const char *string, size_t width);
/* base/text.h's subset of printf; what is longer than 512 bytes is cut. */
void core_format(const struct core_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define CORE_PUT(out, ...) core_format((out), __VA_ARGS__) /* its short name */

/* Text from outside: what is no UTF-8, and control characters, become '?'. */
void core_put_clean(const struct core_out *out, const char *string);
/* The same as a JSON string with its quotes; what is no UTF-8 becomes U+FFFD. */
void core_put_json(const struct core_out *out, const char *string);

/* "rw-" */
enum { CORE_RIGHTS_BYTES = 4 };
const char *core_rights(vmm_prot prot, char text[CORE_RIGHTS_BYTES]);

/* The fields of an event that event.def names, one after the other. */
struct core_field {
    const char *rest;  /* where the next one begins; trace_kind_fields() to begin with */
    const char *name;  /* "va" */
    const char *label; /* "offset", what event.def says it means here; else the name */
    size_t label_length;
    uint64_t value;
    bool is_address; /* better read in hex */
};

/* Reads the next field of an event; false behind the last. *field begins with `rest` set. */
bool core_event_field(const struct trace_event *event, struct core_field *field);
/* The word for an event's detail ("CACHE_HIT", "spin lock held"), or NULL. */
const char *core_event_detail(const struct trace_event *event);

#endif
