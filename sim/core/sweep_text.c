/*
 * sweep_text.c - the text of one point
 *
 * A `param` line becomes empty, a `when` line keeps what stands behind its ':' or becomes empty, and
 * each `$` gives its place to a value. Comments and line numbers stay as they are.
 */
#include "sweep_internal.h"

#include <string.h>

#include "core_out.h"
#include "scn_words.h"

struct sweep_writer {
    const struct sweep *sweep;
    uint64_t point;
    const struct core_out *out;
    struct sweep_line *line;
    struct scn_error *error;
};

static const struct sweep_value *
sweep_value_of(const struct sweep_writer *writer, const struct sweep_param *param)
{
    size_t index = (size_t)(param - writer->sweep->params);

    return &param->values[sweep_point_value(writer->sweep, writer->point, index)];
}

/* The parameter that is named at the reader's place; moves behind it. NULL after the complaint. */
static const struct sweep_param *
sweep_read_name(struct sweep_writer *writer)
{
    struct sweep_line *line = writer->line;
    size_t length = sweep_word_length(line);
    const struct sweep_param *param =
        sweep_param_named(writer->sweep, line->bytes + line->at, length);
    struct scn_guess guess;
    char how[96];
    struct vmm_text text;

    if (param != NULL) {
        line->at += length;
        return param;
    }
    scn_guess_init(&guess, line->bytes + line->at, length);
    for (size_t i = 0; i < writer->sweep->param_count; i++)
        scn_guess_offer(&guess, writer->sweep->params[i].name);
    vmm_text_init(&text, how, sizeof(how));
    if (guess.word != NULL)
        vmm_text_format(&text, "did you mean '%s'?", guess.word);
    else
        vmm_text_put(&text, "a param line makes one");
    sweep_fail(writer->error, line, how, "no parameter is named here");
    return NULL;
}

/* ---- ${A*B+C} ---- */

static bool
sweep_multiply(struct sweep_number *by, const struct sweep_number *with, bool divides)
{
    uint64_t numerator = divides ? with->denominator : with->numerator;
    uint64_t denominator = divides ? with->numerator : with->denominator;

    if (denominator == 0 || (numerator != 0 && by->numerator > UINT64_MAX / numerator) ||
        by->denominator > UINT64_MAX / denominator)
        return false;
    by->numerator *= numerator;
    by->denominator *= denominator;
    return true;
}

static enum scn_outcome
sweep_read_factor(struct sweep_writer *writer, struct sweep_number *number)
{
    struct sweep_line *line = writer->line;
    const struct sweep_param *param;
    size_t length;

    sweep_skip_blanks(line);
    length = sweep_word_length(line);
    if (line->at + length < line->length && line->bytes[line->at + length] == '%')
        length++;
    if (sweep_number_read(line->bytes + line->at, length, number)) {
        line->at += length;
        return SCN_OK;
    }
    param = sweep_read_name(writer);
    if (param == NULL)
        return SCN_BAD_SOURCE;
    *number = sweep_value_of(writer, param)->number;
    return sweep_value_of(writer, param)->is_number
               ? SCN_OK
               : sweep_fail(writer->error, line, "write $NAME for a word", "'%s' is not a number",
                            param->name);
}

/* Factors from left to right; what is no whole number is rounded up at the end. */
static enum scn_outcome
sweep_put_expression(struct sweep_writer *writer)
{
    struct sweep_line *line = writer->line;
    struct sweep_number product = { 1, 1 }, factor;
    enum scn_outcome outcome = SCN_OK;
    char operation = '*';

    while (outcome == SCN_OK && (operation == '*' || operation == '/')) {
        outcome = sweep_read_factor(writer, &factor);
        if (outcome == SCN_OK && !sweep_multiply(&product, &factor, operation == '/'))
            outcome = sweep_fail(writer->error, line, "use smaller numbers",
                                 "the number does not fit 64 bits, or is divided by 0");
        sweep_skip_blanks(line);
        operation = line->at < line->length ? line->bytes[line->at] : '\0';
        line->at++;
    }
    if (outcome != SCN_OK)
        return outcome;
    if (operation != '}') {
        line->at--;
        return sweep_fail(writer->error, line, "write: ${pages*touched}", "'}' is missing");
    }
    CORE_PUT(writer->out, "%llu",
             (unsigned long long)(product.numerator / product.denominator +
                                  (product.numerator % product.denominator != 0)));
    return SCN_OK;
}

/* Behind a `$`. */
static enum scn_outcome
sweep_put_value(struct sweep_writer *writer)
{
    struct sweep_line *line = writer->line;
    const struct sweep_param *param;

    if (line->at < line->length && line->bytes[line->at] == '{') {
        line->at++;
        return sweep_put_expression(writer);
    }
    param = sweep_read_name(writer);
    if (param == NULL)
        return SCN_BAD_SOURCE;
    core_put(writer->out, sweep_value_of(writer, param)->text);
    return SCN_OK;
}

/* ---- lines ---- */

/* The rest of the line up to a comment, each `$` replaced. */
static enum scn_outcome
sweep_put_rest(struct sweep_writer *writer)
{
    struct sweep_line *line = writer->line;
    enum scn_outcome outcome = SCN_OK;
    bool is_quoted = false;

    while (outcome == SCN_OK && line->at < line->length) {
        char byte = line->bytes[line->at];

        if (byte == '#' && !is_quoted)
            break;
        is_quoted ^= byte == '"';
        line->at++;
        if (byte == '$')
            outcome = sweep_put_value(writer);
        else
            core_put_bytes(writer->out, &byte, 1);
    }
    return outcome;
}

/* `NAME is VALUE ... :`, behind the word; *holds says whether the point has one of the values. */
static enum scn_outcome
sweep_read_when(struct sweep_writer *writer, bool *holds)
{
    static const char how[] = "write: when how is wire: wire m in";
    struct sweep_line *line = writer->line;
    const struct sweep_param *param;
    size_t length;

    *holds = false;
    sweep_skip_blanks(line);
    param = sweep_read_name(writer);
    if (param == NULL)
        return SCN_BAD_SOURCE;
    sweep_skip_blanks(line);
    if (!sweep_is_word(line, "is"))
        return sweep_fail(writer->error, line, how, "'is' is missing");
    line->at += strlen("is");
    for (;;) {
        const char *text = sweep_value_of(writer, param)->text;

        sweep_skip_blanks(line);
        length = 0;
        while (line->at + length < line->length && line->bytes[line->at + length] != ' ' &&
               line->bytes[line->at + length] != ':')
            length++;
        if (length == 0)
            break;
        *holds |= strlen(text) == length && memcmp(text, line->bytes + line->at, length) == 0;
        line->at += length;
    }
    if (line->at == line->length)
        return sweep_fail(writer->error, line, how, "':' is missing");
    line->at++;
    return SCN_OK;
}

static enum scn_outcome
sweep_put_line(struct sweep_writer *writer)
{
    struct sweep_line *line = writer->line;
    enum scn_outcome outcome = SCN_OK;
    bool holds = true;

    sweep_skip_blanks(line);
    if (sweep_is_word(line, "param"))
        return SCN_OK;
    if (sweep_is_word(line, "when")) {
        line->at += strlen("when");
        outcome = sweep_read_when(writer, &holds);
    } else {
        line->at = 0;
    }
    return outcome == SCN_OK && holds ? sweep_put_rest(writer) : outcome;
}

enum scn_outcome
sweep_point_text(const struct sweep *sweep, uint64_t point, const struct core_out *out,
                 struct scn_error *error)
{
    struct sweep_line line = { 0 };
    struct sweep_writer writer = { sweep, point, out, &line, error };
    enum scn_outcome outcome = SCN_OK;
    size_t at = 0;

    while (outcome == SCN_OK && sweep_next_line(sweep, &at, &line)) {
        outcome = sweep_put_line(&writer);
        core_put(out, "\n");
    }
    return outcome;
}
