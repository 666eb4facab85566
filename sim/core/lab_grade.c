/* lab_grade.c - what a reader answered, against what the model answers; see lab.h */
#include "lab.h"

#include <string.h>

#include "core_json.h"
#include "core_out.h"
#include "scn_lexer.h"
#include "scn_words.h"

/* ---- reading ---- */

enum { SHOWN_MOST = 48 }; /* of a word that is refused */

struct reading {
    const struct lab *lab;
    struct lab_given *given;
    const struct scn_line *line;
    struct scn_error *error;
};

static enum scn_outcome
refuse(const struct reading *reading, const struct scn_token *token, const char *what,
       const char *how)
{
    char shown[64];
    struct vmm_text text;

    vmm_text_init(&text, shown, sizeof shown);
    if (token->length > 0) {
        vmm_text_put(&text, " '");
        vmm_text_put_bytes(&text, token->bytes,
                           token->length < SHOWN_MOST ? token->length : SHOWN_MOST);
        vmm_text_put(&text, "'");
    }
    scn_error_set(reading->error, reading->line->number, token->column, how, "%s%s", what, shown);
    return SCN_BAD_SOURCE;
}

static enum scn_outcome
refuse_name(const struct reading *reading, const struct scn_token *token)
{
    char how[160];
    struct vmm_text text;
    struct scn_guess guess;

    scn_guess_init(&guess, token->bytes, token->length);
    for (size_t i = 0; i < reading->lab->question_count; i++)
        scn_guess_offer(&guess, reading->lab->questions[i].name);
    vmm_text_init(&text, how, sizeof how);
    if (guess.word != NULL)
        vmm_text_format(&text, "did you mean '%s'?", guess.word);
    else
        vmm_text_format(&text, "the first question is '%s'", reading->lab->questions[0].name);
    return refuse(reading, token, "the lab does not ask for", how);
}

static bool
read_number(const struct scn_token *token, uint64_t *number)
{
    uint64_t value = 0;

    for (size_t i = 0; i < token->length; i++) {
        char digit = token->bytes[i];

        if (digit < '0' || digit > '9' || value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(digit - '0');
    }
    *number = value;
    return token->length > 0;
}

static size_t
find_question(const struct lab *lab, const struct scn_token *token)
{
    size_t i = 0;

    while (i < lab->question_count &&
           !scn_same(token->bytes, token->length, lab->questions[i].name))
        i++;
    return i;
}

static enum scn_outcome
read_answer(const struct reading *reading)
{
    static const char how[] = "write: NAME = NUMBER";
    const struct scn_token *token = reading->line->tokens;
    struct lab_given *given;
    size_t at;

    if (reading->line->count == 0)
        return SCN_OK;
    if (token[0].kind != SCN_TOKEN_WORD)
        return refuse(reading, &token[0], "this is no answer:", how);
    at = find_question(reading->lab, &token[0]);
    if (at == reading->lab->question_count)
        return refuse_name(reading, &token[0]);
    given = &reading->given[at];
    if (reading->line->count < 2 || token[1].kind != SCN_TOKEN_EQUALS)
        return refuse(reading, &token[0], "'=' is missing behind", how);
    if (given->is_given)
        return refuse(reading, &token[0], "there are two answers to", "keep one");
    given->is_given = token[2].kind == SCN_TOKEN_WORD && read_number(&token[2], &given->number);
    if (!given->is_given)
        return refuse(reading, &token[2], "a whole number is wanted",
                      "write it in digits, without a unit");
    return reading->line->count > 3
               ? refuse(reading, &token[3], "one number answers; too much is", how)
               : SCN_OK;
}

enum scn_outcome
lab_read_answers(const struct lab *lab, const char *bytes, size_t length, struct lab_given *given,
                 struct scn_error *error)
{
    struct scn_source source;
    struct scn_line line;
    const struct reading reading = { lab, given, &line, error };
    enum scn_outcome outcome = SCN_OK;
    bool is_end = false;

    memset(given, 0, LAB_QUESTIONS_MAX * sizeof *given);
    if (!scn_source_open(&source, bytes, length, error))
        return SCN_BAD_SOURCE;
    while (outcome == SCN_OK) {
        if (!scn_source_line(&source, &line, &is_end, error))
            return SCN_BAD_SOURCE;
        if (is_end)
            break;
        outcome = read_answer(&reading);
    }
    return outcome;
}

/* ---- judging ---- */

static bool
is_right(const struct lab_question *question, const struct lab_given *given)
{
    return given->is_given && given->number >= question->answer.low &&
           given->number <= question->answer.high;
}

size_t
lab_grade(const struct lab *lab, const struct lab_given *given)
{
    size_t right = 0;

    for (size_t i = 0; i < lab->question_count; i++)
        right += is_right(&lab->questions[i], &given[i]);
    return right;
}

static void
put_model(const struct core_out *out, const struct lab_question *question)
{
    core_format(out, "the model says %llu", (unsigned long long)question->answer.value);
    if (question->is_price)
        core_format(out, " ns, and takes %llu to %llu", (unsigned long long)question->answer.low,
                    (unsigned long long)question->answer.high);
}

void
lab_grade_text(const struct core_out *out, const struct lab *lab, uint32_t number,
               const struct lab_given *given)
{
    for (size_t i = 0; i < lab->question_count; i++) {
        const struct lab_question *question = &lab->questions[i];

        if (is_right(question, &given[i]))
            continue;
        core_format(out, "%s: ", question->name);
        if (given[i].is_given)
            core_format(out, "you say %llu, ", (unsigned long long)given[i].number);
        else
            core_put(out, "no answer, ");
        put_model(out, question);
        core_format(out, " (line %u: %s)\n", (unsigned)question->line, question->source);
    }
    core_format(out, "lab %u, variant %llu: %u of %u right\n", (unsigned)number,
                (unsigned long long)lab->variant, (unsigned)lab_grade(lab, given),
                (unsigned)lab->question_count);
}

/* ---- the same as JSON ---- */

static void
put_answer(struct core_json *object, const struct lab_question *question)
{
    core_json_number(object, "answer", question->answer.value);
    core_json_number(object, "low", question->answer.low);
    core_json_number(object, "high", question->answer.high);
}

void
lab_grade_json(const struct core_out *out, const struct lab *lab, uint32_t number,
               const struct lab_given *given)
{
    struct core_json object = core_json_begin_answer(out, "lab");

    core_json_number(&object, "lab", number);
    core_json_number(&object, "variant", lab->variant);
    core_json_string(&object, "title", lab->title);
    core_json_bool(&object, "passed", lab_grade(lab, given) == lab->question_count);
    core_json_list(&object, "answers");
    for (size_t i = 0; i < lab->question_count; i++) {
        struct core_json answer;

        core_json_element(out, i);
        answer = core_json_begin(out);
        core_json_string(&answer, "name", lab->questions[i].name);
        core_json_bool(&answer, "right", is_right(&lab->questions[i], &given[i]));
        if (given[i].is_given)
            core_json_number(&answer, "given", given[i].number);
        put_answer(&answer, &lab->questions[i]);
        core_json_end(&answer);
    }
    core_json_list_end(out);
    core_json_end_answer(&object);
}
