/* text.c - see text.h */
#include "base/text.h"

#include <string.h>

#include "base/assert.h"

void
vmm_text_init(struct vmm_text *text, char *bytes, size_t capacity)
{
    VMM_ASSERT(capacity > 0);
    *text = (struct vmm_text){ .bytes = bytes, .capacity = capacity };
    bytes[0] = '\0';
}

void
vmm_text_put_bytes(struct vmm_text *text, const char *bytes, size_t length)
{
    size_t room = text->capacity - 1 - text->length;

    if (length > room) {
        text->is_cut = true;
        length = room;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void
vmm_text_put(struct vmm_text *text, const char *string)
{
    vmm_text_put_bytes(text, string, strlen(string));
}

/* One directive: %[0][width][l|ll]letter. */
struct vmm_directive {
    bool is_zero_padded;
    unsigned width;
    unsigned longs;
    char letter;
};

/* Reads what follows a '%'; returns how many characters it took. */
static size_t
vmm_text_parse(const char *format, struct vmm_directive *directive)
{
    const char *at = format;

    *directive = (struct vmm_directive){ .is_zero_padded = *at == '0' };
    while (*at >= '0' && *at <= '9')
        directive->width = directive->width * 10 + (unsigned)(*at++ - '0');
    while (*at == 'l') {
        directive->longs++;
        at++;
    }
    directive->letter = *at;
    return (size_t)(at - format) + (*at != '\0');
}

static void
vmm_text_put_number(struct vmm_text *text, uint64_t number, unsigned base, bool is_negative,
                    const struct vmm_directive *directive)
{
    const char *digits = directive->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char reversed[24];
    unsigned count = 0;
    unsigned used;

    do
        reversed[count++] = digits[number % base];
    while ((number /= base) > 0);
    used = count + is_negative;
    for (; used < directive->width && !directive->is_zero_padded; used++)
        vmm_text_put_bytes(text, " ", 1);
    if (is_negative)
        vmm_text_put_bytes(text, "-", 1);
    for (; used < directive->width; used++)
        vmm_text_put_bytes(text, "0", 1);
    while (count > 0)
        vmm_text_put_bytes(text, &reversed[--count], 1);
}

static void
vmm_text_put_signed(struct vmm_text *text, int64_t number, const struct vmm_directive *directive)
{
    uint64_t magnitude = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;

    vmm_text_put_number(text, magnitude, 10, number < 0, directive);
}

/* A va_list may be passed by value; in a struct, whose address is passed, the caller's moves on too. */
struct vmm_arguments {
    va_list list;
};

static uint64_t
vmm_text_unsigned(struct vmm_arguments *arguments, unsigned longs)
{
    if (longs == 0)
        return va_arg(arguments->list, unsigned);
    return longs == 1 ? va_arg(arguments->list, unsigned long)
                      : va_arg(arguments->list, unsigned long long);
}

static int64_t
vmm_text_signed(struct vmm_arguments *arguments, unsigned longs)
{
    if (longs == 0)
        return va_arg(arguments->list, int);
    return longs == 1 ? va_arg(arguments->list, long) : va_arg(arguments->list, long long);
}

static bool
vmm_text_put_directive(struct vmm_text *text, const struct vmm_directive *directive,
                       struct vmm_arguments *arguments)
{
    char letter;

    switch (directive->letter) {
    case '%':
        vmm_text_put_bytes(text, "%", 1);
        return true;
    case 's':
        vmm_text_put(text, va_arg(arguments->list, const char *));
        return true;
    case 'c':
        letter = (char)va_arg(arguments->list, int);
        vmm_text_put_bytes(text, &letter, 1);
        return true;
    case 'd':
        vmm_text_put_signed(text, vmm_text_signed(arguments, directive->longs), directive);
        return true;
    case 'u':
        vmm_text_put_number(text, vmm_text_unsigned(arguments, directive->longs), 10, false,
                            directive);
        return true;
    case 'x':
    case 'X':
        vmm_text_put_number(text, vmm_text_unsigned(arguments, directive->longs), 16, false,
                            directive);
        return true;
    default:
        return false;
    }
}

void
vmm_text_vformat(struct vmm_text *text, const char *format, va_list list)
{
    struct vmm_arguments arguments;

    va_copy(arguments.list, list);
    while (*format != '\0') {
        const char *percent = format;
        struct vmm_directive directive;

        while (*percent != '\0' && *percent != '%')
            percent++;
        vmm_text_put_bytes(text, format, (size_t)(percent - format));
        format = percent;
        if (*format == '\0')
            break;
        format += 1 + vmm_text_parse(format + 1, &directive);
        if (!vmm_text_put_directive(text, &directive, &arguments))
            vmm_text_put_bytes(text, percent, (size_t)(format - percent));
    }
    va_end(arguments.list);
}

void
vmm_text_format(struct vmm_text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vmm_text_vformat(text, format, arguments);
    va_end(arguments);
}
