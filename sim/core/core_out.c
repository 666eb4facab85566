/*
 * core_out.c - strings, UTF-8, JSON strings, fields of events
 */
#include "core_out.h"

#include <stdarg.h>
#include <string.h>

enum { FORMAT_MAX = 512 };

void
core_put_bytes(const struct core_out *out, const char *bytes, size_t length)
{
    if (length > 0)
        out->put(out->context, bytes, length);
}

void
core_put(const struct core_out *out, const char *string)
{
    core_put_bytes(out, string, strlen(string));
}

void
core_put_spaces(const struct core_out *out, size_t count)
{
    static const char spaces[] = "                                ";

    while (count > 0) {
        size_t part = count < sizeof spaces - 1 ? count : sizeof spaces - 1;

        core_put_bytes(out, spaces, part);
        count -= part;
    }
}

void
core_put_left(const struct core_out *out, const char *string, size_t width)
{
    size_t length = strlen(string);

    core_put(out, string);
    core_put_spaces(out, length < width ? width - length : 0);
}

void
core_put_right(const struct core_out *out, const char *string, size_t width)
{
    size_t length = strlen(string);

    core_put_spaces(out, length < width ? width - length : 0);
    core_put(out, string);
}

void
core_format(const struct core_out *out, const char *format, ...)
{
    char bytes[FORMAT_MAX];
    struct vmm_text text;
    va_list arguments;

    vmm_text_init(&text, bytes, sizeof bytes);
    va_start(arguments, format);
    vmm_text_vformat(&text, format, arguments);
    va_end(arguments);
    core_put_bytes(out, text.bytes, text.length);
}

/* ---- UTF-8 ---- */

static uint32_t
continuation(char byte)
{
    return (unsigned char)byte & 0x3fu;
}

static bool
is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0u) == 0x80u;
}

/* The number that a well-shaped character of 2 to 4 bytes stands for. */
static uint32_t
decode(const char *bytes, size_t length)
{
    static const unsigned char lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t code = (unsigned char)bytes[0] & lead_mask[length];

    for (size_t i = 1; i < length; i++)
        code = code << 6 | continuation(bytes[i]);
    return code;
}

static size_t
shape_length(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead < 0xe0)
        return 2;
    if (lead >= 0xe0 && lead < 0xf0)
        return 3;
    return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

/* The length of the UTF-8 character at `bytes`, or 0 when there is none. */
static size_t
utf8_length(const char *bytes, size_t length)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t shape = length > 0 ? shape_length((unsigned char)bytes[0]) : 0;
    uint32_t code;

    if (shape == 0 || shape > length)
        return 0;
    for (size_t i = 1; i < shape; i++) {
        if (!is_continuation(bytes[i]))
            return 0;
    }
    code = decode(bytes, shape);
    if (code < least[shape] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    return shape;
}

/* ASCII controls, DEL, and the C1 controls that a terminal may obey. */
static bool
is_control(const char *bytes, size_t length)
{
    uint32_t code = decode(bytes, length);

    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

void
core_put_clean(const struct core_out *out, const char *string)
{
    size_t left = strlen(string);

    while (left > 0) {
        size_t length = utf8_length(string, left);
        bool is_clean = length > 0 && !is_control(string, length);

        core_put_bytes(out, is_clean ? string : "?", is_clean ? length : 1);
        string += length > 0 ? length : 1;
        left -= length > 0 ? length : 1;
    }
}

static void
put_json_character(const struct core_out *out, const char *bytes, size_t length)
{
    if (length == 0)
        core_put(out, "\xEF\xBF\xBD");
    else if (*bytes == '"' || *bytes == '\\')
        core_format(out, "\\%c", *bytes);
    else if (*bytes == '\n')
        core_put(out, "\\n");
    else if (is_control(bytes, length))
        core_format(out, "\\u%04x", (unsigned)decode(bytes, length));
    else
        core_put_bytes(out, bytes, length);
}

void
core_put_json(const struct core_out *out, const char *string)
{
    size_t left = strlen(string);

    core_put(out, "\"");
    while (left > 0) {
        size_t length = utf8_length(string, left);

        put_json_character(out, string, length);
        string += length > 0 ? length : 1;
        left -= length > 0 ? length : 1;
    }
    core_put(out, "\"");
}

/* ---- events ---- */

const char *
core_rights(vmm_prot prot, char text[CORE_RIGHTS_BYTES])
{
    text[0] = (prot & VMM_PROT_READ) != 0 ? 'r' : '-';
    text[1] = (prot & VMM_PROT_WRITE) != 0 ? 'w' : '-';
    text[2] = (prot & VMM_PROT_EXECUTE) != 0 ? 'x' : '-';
    text[3] = '\0';
    return text;
}

static const struct {
    const char *word; /* as event.def writes it */
    const char *name;
    bool is_address;
} field_words[] = {
    { "space", "space", false },   { "object", "object", false }, { "va", "va", true },
    { "length", "length", false }, { "ppn", "ppn", false },       { "prot", "prot", false },
    { "kind", "detail", false },   { "count", "count", false },   { "status", "status", false },
    { "cpu", "cpu", false },
};

static uint64_t
field_value(const struct trace_event *event, size_t field)
{
    const uint64_t values[] = {
        event->space, event->object, event->va,    event->length,           event->ppn,
        event->prot,  event->detail, event->count, (uint32_t)event->status, event->cpu,
    };

    _Static_assert(VMM_COUNT_OF(values) == VMM_COUNT_OF(field_words), "one value per word");
    return values[field];
}

static size_t
span_until(const char *text, char a, char b)
{
    size_t length = 0;

    while (text[length] != '\0' && text[length] != a && text[length] != b)
        length++;
    return length;
}

static bool
is_plain_label(const char *label, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (label[i] != ' ' && (label[i] < 'a' || label[i] > 'z'))
            return false;
    }
    return length > 0;
}

/* Reads "(what it means here)" after a word; a plain one becomes the label. */
static void
read_label(struct core_field *field)
{
    size_t length;

    if (*field->rest != '(')
        return;
    length = span_until(field->rest + 1, ')', ')');
    if (is_plain_label(field->rest + 1, length)) {
        field->label = field->rest + 1;
        field->label_length = length;
    }
    field->rest += length + (field->rest[length + 1] == ')' ? 2 : 1);
}

bool
core_event_field(const struct trace_event *event, struct core_field *field)
{
    size_t length;

    while (*field->rest == ' ')
        field->rest++;
    length = span_until(field->rest, ' ', '(');
    for (size_t i = 0; i < VMM_COUNT_OF(field_words) && length > 0; i++) {
        if (strlen(field_words[i].word) != length ||
            memcmp(field_words[i].word, field->rest, length) != 0)
            continue;
        field->name = field->label = field_words[i].name;
        field->label_length = strlen(field->label);
        field->value = field_value(event, i);
        field->is_address = field_words[i].is_address;
        field->rest += length;
        read_label(field);
        return true;
    }
    return false;
}

const char *
core_event_detail(const struct trace_event *event)
{
    switch (event->kind) {
    case EV_FAULT:
        return vm_fault_kind_name((enum vm_fault_kind)event->detail);
    case EV_FAULT_REFUSED:
        return vm_no_fault_name((enum vm_no_fault)event->detail);
    case EV_PANIC:
    case EV_HANG:
        return trace_reason_name((enum trace_reason)event->detail);
    default:
        return NULL;
    }
}
