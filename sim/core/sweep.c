/*
 * sweep.c - reading params: names, lists, ranges, samples
 *
 *     param pages = 1 4 16 .. 4096     steps go on as the two before: here times 4
 *     param cpus  = 1 .. 8             by one
 *     param at    = 0 8 .. 64          plus 8
 *     param seed  = random 20 1 .. 1000
 *     param how   = lazy prefault wire
 */
#include "sweep_internal.h"

#include <stdarg.h>
#include <string.h>

#include "core_out.h"

#include "base/rng.h"

/* ---- lines and words ---- */

bool
sweep_next_line(const struct sweep *sweep, size_t *at, struct sweep_line *line)
{
    const char *end;

    if (*at >= sweep->length)
        return false;
    line->bytes = sweep->text + *at;
    end = memchr(line->bytes, '\n', sweep->length - *at);
    line->length = end == NULL ? sweep->length - *at : (size_t)(end - line->bytes);
    line->at = 0;
    line->number++;
    *at += line->length + 1;
    return true;
}

void
sweep_skip_blanks(struct sweep_line *line)
{
    while (line->at < line->length &&
           (line->bytes[line->at] == ' ' || line->bytes[line->at] == '\t' ||
            line->bytes[line->at] == '\r'))
        line->at++;
}

static bool
sweep_is_word_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

size_t
sweep_word_length(const struct sweep_line *line)
{
    size_t length = 0;

    while (line->at + length < line->length && sweep_is_word_byte(line->bytes[line->at + length]))
        length++;
    return length;
}

bool
sweep_is_word(const struct sweep_line *line, const char *word)
{
    return sweep_word_length(line) == strlen(word) &&
           memcmp(line->bytes + line->at, word, strlen(word)) == 0;
}

enum scn_outcome
sweep_fail(struct scn_error *error, const struct sweep_line *line, const char *how,
           const char *format, ...)
{
    struct vmm_text text;
    va_list arguments;

    *error = (struct scn_error){ .line = line->number, .column = (uint32_t)line->at + 1 };
    vmm_text_init(&text, error->what, sizeof(error->what));
    va_start(arguments, format);
    vmm_text_vformat(&text, format, arguments);
    va_end(arguments);
    vmm_text_init(&text, error->how, sizeof(error->how));
    vmm_text_put(&text, how);
    return SCN_BAD_SOURCE;
}

/* ---- numbers ---- */

bool
sweep_number_read(const char *bytes, size_t length, struct sweep_number *number)
{
    uint64_t value = 0, scale = 1;
    size_t at = 0;

    for (; at < length && bytes[at] >= '0' && bytes[at] <= '9'; at++) {
        if (value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(bytes[at] - '0');
    }
    if (at == 0 || at + 1 < length)
        return false;
    *number = (struct sweep_number){ value, 1 };
    if (at == length || bytes[at] == 'p')
        return true;
    if (bytes[at] == '%')
        number->denominator = 100;
    else
        scale = bytes[at] == 'K'   ? 1u << 10
                : bytes[at] == 'M' ? 1u << 20
                : bytes[at] == 'G' ? 1u << 30
                                   : 0;
    if (scale == 0 || value > UINT64_MAX / scale)
        return false;
    number->numerator *= scale;
    return true;
}

/* ---- values ---- */

struct sweep_reader {
    struct sweep *sweep;
    struct sweep_line *line;
    struct sweep_param *param;
    struct scn_error *error;
};

static enum scn_outcome
sweep_add_value(struct sweep_reader *reader, const char *bytes, size_t length)
{
    struct sweep_param *param = reader->param;
    struct sweep_value *value = &param->values[param->value_count];

    if (param->value_count == SWEEP_VALUES_MAX)
        return sweep_fail(reader->error, reader->line, "use a larger step",
                          "'%s' has more than %u values", param->name, SWEEP_VALUES_MAX);
    value->text = core_arena_copy(&reader->sweep->arena, bytes, length);
    if (value->text == NULL)
        return SCN_NO_MEMORY;
    value->is_number = sweep_number_read(bytes, length, &value->number);
    param->value_count++;
    return SCN_OK;
}

/* A number as it was written: 25 / 100 with a '%', pages with a 'p'. */
static enum scn_outcome
sweep_add_number(struct sweep_reader *reader, uint64_t numerator, char unit)
{
    char bytes[32];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof(bytes));
    vmm_text_format(&text, "%llu", (unsigned long long)numerator);
    if (unit != '\0')
        vmm_text_put_bytes(&text, &unit, 1);
    return sweep_add_value(reader, bytes, text.length);
}

/* The unit in which a range goes on: '%' and 'p' stay, bytes are plain numbers. */
static char
sweep_unit(const struct sweep_value *value)
{
    char last = value->text[strlen(value->text) - 1];

    return last == '%' || last == 'p' ? last : '\0';
}

/* `.. END`: goes on as the values before say, by a factor or by a step; END itself may be missed. */
static enum scn_outcome
sweep_add_range(struct sweep_reader *reader, const char *bytes, size_t length)
{
    const struct sweep_value *values = reader->param->values;
    size_t count = reader->param->value_count;
    uint64_t last = count > 0 ? values[count - 1].number.numerator : 0;
    uint64_t before = count > 1 ? values[count - 2].number.numerator : 0;
    bool is_factor = count > 2 && before > 0 && last % before == 0 &&
                     values[count - 3].number.numerator * (last / before) == before;
    uint64_t step = count > 1 ? last - before : 1;
    enum scn_outcome outcome = SCN_OK;
    struct sweep_number end;

    if (count == 0 || !values[count - 1].is_number || (count > 1 && !values[count - 2].is_number) ||
        !sweep_number_read(bytes, length, &end))
        return sweep_fail(reader->error, reader->line, "write: 1 .. 8, 0 8 .. 64 or 1 4 16 .. 4096",
                          "'..' goes on from numbers to a number");
    if (last >= end.numerator || (is_factor ? last / before < 2 : step == 0 || last < before))
        return sweep_fail(reader->error, reader->line, "let it rise",
                          "the range does not reach its end");
    while (outcome == SCN_OK) {
        if (is_factor ? last > end.numerator / (values[count - 1].number.numerator / before)
                      : end.numerator - last < step)
            break;
        last = is_factor ? last * (values[count - 1].number.numerator / before) : last + step;
        outcome = sweep_add_number(reader, last, sweep_unit(&values[count - 1]));
    }
    return outcome;
}

/* The next value's length; anything but blanks, and no comment. */
static size_t
sweep_value_length(struct sweep_line *line)
{
    size_t length = 0;

    sweep_skip_blanks(line);
    while (line->at + length < line->length && line->bytes[line->at + length] != ' ' &&
           line->bytes[line->at + length] != '\t' && line->bytes[line->at + length] != '\r' &&
           line->bytes[line->at + length] != '#')
        length++;
    return length;
}

/* `random COUNT FROM .. TO` */
static enum scn_outcome
sweep_add_random(struct sweep_reader *reader)
{
    static const char how[] = "write: random 20 1 .. 4096";
    struct sweep_line *line = reader->line;
    struct vmm_rng rng = { reader->sweep->seed ^ (uint64_t)reader->sweep->param_count << 56 };
    struct sweep_number parts[3]; /* how many, from, to */
    enum scn_outcome outcome = SCN_OK;

    for (size_t i = 0; i < 3; i++) {
        size_t length = sweep_value_length(line);

        if (i == 2 && length == 2 && memcmp(line->bytes + line->at, "..", 2) == 0) {
            line->at += length;
            length = sweep_value_length(line);
        }
        if (!sweep_number_read(line->bytes + line->at, length, &parts[i]))
            return sweep_fail(reader->error, line, how, "'random' needs three numbers");
        line->at += length;
    }
    if (parts[1].numerator > parts[2].numerator || parts[0].numerator == 0)
        return sweep_fail(reader->error, line, how, "the sample is empty");
    for (uint64_t i = 0; outcome == SCN_OK && i < parts[0].numerator; i++)
        outcome = sweep_add_number(
            reader,
            parts[1].numerator + vmm_rng_below(&rng, parts[2].numerator - parts[1].numerator + 1),
            '\0');
    return outcome;
}

static enum scn_outcome
sweep_read_values(struct sweep_reader *reader)
{
    struct sweep_line *line = reader->line;
    enum scn_outcome outcome = SCN_OK;
    size_t length;

    while (outcome == SCN_OK && (length = sweep_value_length(line)) > 0) {
        const char *bytes = line->bytes + line->at;

        if (length == 6 && memcmp(bytes, "random", 6) == 0) {
            line->at += length;
            outcome = sweep_add_random(reader);
        } else if (length == 2 && memcmp(bytes, "..", 2) == 0) {
            line->at += length;
            length = sweep_value_length(line);
            outcome = sweep_add_range(reader, line->bytes + line->at, length);
            line->at += length;
        } else {
            outcome = sweep_add_value(reader, bytes, length);
            line->at += length;
        }
    }
    if (outcome == SCN_OK && reader->param->value_count == 0)
        return sweep_fail(reader->error, line, "write: param pages = 1 4 16 .. 4096",
                          "'%s' has no value", reader->param->name);
    return outcome;
}

/* ---- params ---- */

const struct sweep_param *
sweep_param_named(const struct sweep *sweep, const char *name, size_t length)
{
    for (size_t i = 0; i < sweep->param_count; i++) {
        if (strlen(sweep->params[i].name) == length &&
            memcmp(sweep->params[i].name, name, length) == 0)
            return &sweep->params[i];
    }
    return NULL;
}

/* Whether a result's row has a field of this name, that a parameter would stand beside (struct sweep_row). */
static bool
sweep_is_field(const struct sweep_line *line)
{
    static const char *const fields[] = { "point", "profile", "verdict", "stop", "digest" };

    for (size_t i = 0; i < VMM_COUNT_OF(fields); i++) {
        if (sweep_is_word(line, fields[i]))
            return true;
    }
    return false;
}

/* `param NAME = VALUES`, behind the word. */
static enum scn_outcome
sweep_read_param(struct sweep *sweep, struct sweep_line *line, struct scn_error *error)
{
    static const char how[] = "write: param pages = 1 4 16 .. 4096";
    struct sweep_param *param = &sweep->params[sweep->param_count];
    struct sweep_reader reader = { sweep, line, param, error };
    enum scn_outcome outcome;
    size_t length;

    sweep_skip_blanks(line);
    length = sweep_word_length(line);
    if (length == 0)
        return sweep_fail(error, line, how, "a parameter's name is missing");
    if (sweep_is_field(line))
        return sweep_fail(error, line, "give it another name",
                          "results have a column of this name");
    if (sweep->param_count == SWEEP_PARAMS_MAX)
        return sweep_fail(error, line, "fix some of them", "more than %u parameters",
                          SWEEP_PARAMS_MAX);
    if (sweep_param_named(sweep, line->bytes + line->at, length) != NULL)
        return sweep_fail(error, line, "one line names all its values",
                          "the parameter is there already");
    param->name = core_arena_copy(&sweep->arena, line->bytes + line->at, length);
    param->values = core_arena_array(&sweep->arena, SWEEP_VALUES_MAX, sizeof(*param->values));
    if (param->name == NULL || param->values == NULL)
        return SCN_NO_MEMORY;
    line->at += length;
    sweep_skip_blanks(line);
    if (line->at == line->length || line->bytes[line->at] != '=')
        return sweep_fail(error, line, how, "'=' is missing");
    line->at++;
    outcome = sweep_read_values(&reader);
    if (outcome != SCN_OK)
        return outcome;
    sweep->param_count++;
    if (sweep->point_count > SWEEP_POINTS_MAX / param->value_count)
        return sweep_fail(error, line, "use larger steps", "more than %u points",
                          (unsigned)SWEEP_POINTS_MAX);
    sweep->point_count *= param->value_count;
    return SCN_OK;
}

static enum scn_outcome
sweep_read_params(struct sweep *sweep, struct scn_error *error)
{
    enum scn_outcome outcome = SCN_OK;
    struct sweep_line line = { 0 };
    size_t at = 0;

    while (outcome == SCN_OK && sweep_next_line(sweep, &at, &line)) {
        sweep_skip_blanks(&line);
        if (!sweep_is_word(&line, "param"))
            continue;
        line.at += strlen("param");
        outcome = sweep_read_param(sweep, &line, error);
    }
    return outcome;
}

/* ---- life ---- */

static void
sweep_ignore(void *context, const char *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    (void)length;
}

/* A `$` that means nothing is found now and not at some point of the grid. */
static enum scn_outcome
sweep_try_point(const struct sweep *sweep, struct scn_error *error)
{
    const struct core_out nowhere = { sweep_ignore, NULL };

    return sweep_point_text(sweep, 0, &nowhere, error);
}

enum scn_outcome
sweep_parse(const struct vmm_alloc *alloc, const char *bytes, size_t length, uint64_t seed,
            struct sweep **made, struct scn_error *error)
{
    struct core_arena arena;
    struct sweep *sweep;
    enum scn_outcome outcome = SCN_NO_MEMORY;

    core_arena_init(&arena, alloc);
    sweep = core_arena_take(&arena, sizeof(*sweep));
    if (sweep != NULL) {
        sweep->arena = arena;
        sweep->text = core_arena_copy(&sweep->arena, bytes, length);
        sweep->length = length;
        sweep->seed = seed;
        sweep->point_count = 1;
        outcome = sweep->text == NULL ? SCN_NO_MEMORY : sweep_read_params(sweep, error);
        if (outcome == SCN_OK)
            outcome = sweep_try_point(sweep, error);
        arena = sweep->arena;
    }
    if (outcome != SCN_OK)
        core_arena_destroy(&arena);
    else
        *made = sweep;
    return outcome;
}

void
sweep_free(struct sweep *sweep)
{
    struct core_arena arena = sweep->arena; /* the sweep itself lies in it */

    core_arena_destroy(&arena);
}

/* ---- looking ---- */

size_t
sweep_param_count(const struct sweep *sweep)
{
    return sweep->param_count;
}

const char *
sweep_param_name(const struct sweep *sweep, size_t param)
{
    return sweep->params[param].name;
}

size_t
sweep_value_count(const struct sweep *sweep, size_t param)
{
    return sweep->params[param].value_count;
}

const char *
sweep_value_at(const struct sweep *sweep, size_t param, size_t value)
{
    return sweep->params[param].values[value].text;
}

uint64_t
sweep_point_count(const struct sweep *sweep)
{
    return sweep->point_count;
}

size_t
sweep_point_value(const struct sweep *sweep, uint64_t point, size_t param)
{
    for (size_t i = sweep->param_count; i-- > param + 1;)
        point /= sweep->params[i].value_count;
    return (size_t)(point % sweep->params[param].value_count);
}

/* FNV-1a over the text; the values follow from it and the seed. */
uint64_t
sweep_identity(const struct sweep *sweep)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ sweep->seed;

    for (size_t i = 0; i < sweep->length; i++)
        hash = (hash ^ (uint8_t)sweep->text[i]) * UINT64_C(0x100000001B3);
    return hash;
}
