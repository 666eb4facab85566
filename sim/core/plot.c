/*
 * plot.c - the frame of a picture, its texts, numbers and colours
 */
#include "plot_internal.h"

#include <string.h>

/* ---- numbers ---- */

/* The exponent is in the bits; squaring the mantissa gives one binary digit after the other. */
double
plot_log2(double value)
{
    double digit = 0.5, fraction = 0;
    uint64_t bits;
    int exponent;

    memcpy(&bits, &value, sizeof bits);
    exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52;
    memcpy(&value, &bits, sizeof value);
    for (int i = 0; i < 30; i++, digit /= 2) {
        value *= value;
        if (value >= 2) {
            value /= 2;
            fraction += digit;
        }
    }
    return exponent + fraction;
}

/* 0 .. 999.99, with as many digits behind the point as make three in all. */
static void
plot_put_digits(const struct core_out *out, double value)
{
    unsigned places = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    unsigned scale = places == 0 ? 1 : places == 1 ? 10 : 100;
    unsigned scaled = (unsigned)(value * scale + 0.5);

    while (places > 0 && scaled % 10 == 0) {
        scaled /= 10;
        scale /= 10;
        places--;
    }
    CORE_PUT(out, "%u", scaled / scale);
    if (places == 1)
        CORE_PUT(out, ".%u", scaled % scale);
    if (places == 2)
        CORE_PUT(out, ".%02u", scaled % scale);
}

void
plot_put_number(const struct core_out *out, double value)
{
    static const char *const suffixes[] = { "", "k", "M", "G", "T", "P" };
    size_t step = 0;

    if (value < 0)
        core_put(out, "-");
    value = value < 0 ? -value : value;
    if (value > 1e18) { /* a ratio with nothing below */
        core_put(out, "inf");
        return;
    }
    while (value >= 999.5 && step + 1 < VMM_COUNT_OF(suffixes)) {
        value /= 1000;
        step++;
    }
    plot_put_digits(out, value > 1e6 ? 1e6 : value);
    core_put(out, suffixes[step]);
}

/* ---- texts ---- */

static void
plot_put_byte(const struct core_out *out, char byte)
{
    const char one[2] = { byte, '\0' };

    switch (byte) {
    case '<':
        core_put(out, "&lt;");
        break;
    case '>':
        core_put(out, "&gt;");
        break;
    case '&':
        core_put(out, "&amp;");
        break;
    case '"':
        core_put(out, "&quot;");
        break;
    default:
        core_put(out, (unsigned char)byte < 0x20 ? "?" : one);
    }
}

void
plot_put_text(const struct core_out *out, const char *text)
{
    for (; *text != '\0'; text++)
        plot_put_byte(out, *text);
}

void
plot_put_lines(const struct core_out *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            core_put(out, "\n");
        else
            plot_put_byte(out, *text);
    }
}

void
plot_text_at(const struct core_out *out, int x, int y, const char *anchor, const char *more,
             const char *text)
{
    CORE_PUT(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" %s>", x, y, anchor, more);
    plot_put_text(out, text);
    core_put(out, "</text>\n");
}

void
plot_text_up(const struct core_out *out, int x, int y, const char *text)
{
    CORE_PUT(out, "<text transform=\"translate(%d %d) rotate(-90)\" text-anchor=\"middle\">", x, y);
    plot_put_text(out, text);
    core_put(out, "</text>\n");
}

void
plot_number_at(const struct core_out *out, int x, int y, const char *anchor, const char *more,
               double value)
{
    CORE_PUT(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" %s>", x, y, anchor, more);
    plot_put_number(out, value);
    core_put(out, "</text>\n");
}

void
plot_line_at(const struct core_out *out, int x1, int y1, int x2, int y2, const char *more)
{
    CORE_PUT(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" %s/>\n", x1, y1, x2, y2, more);
}

/* ---- colours ---- */

static double
plot_mix(int from, int to, double share)
{
    return from + (to - from) * share;
}

struct plot_colour
plot_colour_of(double share, bool is_ratio)
{
    static const struct plot_colour stops[2][5] = {
        { { 68, 1, 84 }, { 59, 82, 139 }, { 33, 145, 140 }, { 94, 201, 98 }, { 253, 231, 37 } },
        { { 0, 92, 160 }, { 112, 173, 214 }, { 250, 250, 250 }, { 236, 168, 110 }, { 200, 80, 0 } },
    };
    const struct plot_colour *from;
    double at;
    int stop;

    share = share < 0 ? 0 : share > 1 ? 1 : share;
    at = share * 4;
    stop = at >= 4 ? 3 : (int)at;
    from = &stops[is_ratio][stop];
    at -= stop;
    return (struct plot_colour){ (int)(plot_mix(from[0].red, from[1].red, at) + 0.5),
                                 (int)(plot_mix(from[0].green, from[1].green, at) + 0.5),
                                 (int)(plot_mix(from[0].blue, from[1].blue, at) + 0.5) };
}

void
plot_put_colour(const struct core_out *out, struct plot_colour colour)
{
    CORE_PUT(out, "#%02x%02x%02x", (unsigned)colour.red, (unsigned)colour.green,
             (unsigned)colour.blue);
}

const char *
plot_ink_on(struct plot_colour colour)
{
    int light = 3 * colour.red + 6 * colour.green + colour.blue; /* of 2550 */

    return light > 1250 ? "fill=\"#111111\"" : "fill=\"#ffffff\"";
}

/* ---- the frame ---- */

void
plot_begin_page(const struct core_out *out, size_t pictures)
{
    CORE_PUT(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">\n",
             PLOT_WIDTH, (int)pictures * PLOT_HEIGHT);
}

void
plot_end_page(const struct core_out *out)
{
    core_put(out, "</svg>\n");
}

void
plot_begin(const struct core_out *out, int top, int height, const char *title, const char *note)
{
    CORE_PUT(out,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" y=\"%d\" width=\"%d\" height=\"%d\" "
             "viewBox=\"0 0 %d %d\" font-family=\"Helvetica, Arial, sans-serif\" "
             "font-size=\"13\">\n",
             top, PLOT_WIDTH, height, PLOT_WIDTH, height);
    CORE_PUT(out, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", PLOT_WIDTH, height);
    plot_text_at(out, PLOT_WIDTH / 2, 22, "middle", "font-size=\"15\" font-weight=\"bold\"", title);
    plot_text_at(out, PLOT_WIDTH / 2, 41, "middle", "fill=\"#444444\" font-size=\"12\"", note);
}

void
plot_end(const struct core_out *out)
{
    core_put(out, "</svg>\n");
}
