/* lab_print.c - a lab as its reader sees it; see lab.h */
#include <string.h>

#include "core_json.h"
#include "core_out.h"
#include "lab.h"

/* A text's lines, each behind `indent`. */
static void
put_lines(const struct core_out *out, const char *text, const char *indent)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        core_put(out, length > 0 ? indent : "");
        core_put_bytes(out, text, length);
        core_put(out, "\n");
        text += length + (text[length] == '\n');
    }
}

static void
put_scenario(const struct core_out *out, const char *text)
{
    for (uint32_t line = 1; *text != '\0'; line++) {
        size_t length = strcspn(text, "\n");

        core_format(out, "%4u  ", (unsigned)line);
        core_put_bytes(out, text, length);
        core_put(out, "\n");
        text += length + (text[length] == '\n');
    }
}

static void
put_question(const struct core_out *out, const struct lab_question *question,
             enum lab_telling telling)
{
    core_format(out, "\n%s (line %u)\n", question->name, (unsigned)question->line);
    put_lines(out, question->text, "    ");
    if (telling == LAB_HINTS && question->hint[0] != '\0') {
        core_put(out, "  hint:\n");
        put_lines(out, question->hint, "    ");
    }
    if (telling != LAB_ANSWERS)
        return;
    core_format(out, "  answer: %llu", (unsigned long long)question->answer.value);
    if (question->is_price)
        core_format(out, " ns; right from %llu to %llu", (unsigned long long)question->answer.low,
                    (unsigned long long)question->answer.high);
    core_put(out, "\n");
    put_lines(out, question->why, "    ");
}

void
lab_text(const struct core_out *out, const struct lab *lab, uint32_t number,
         enum lab_telling telling)
{
    core_format(out, "lab %u, variant %llu: ", (unsigned)number, (unsigned long long)lab->variant);
    core_put(out, lab->title);
    core_put(out, "\n\n");
    put_lines(out, lab->intro, "");
    core_put(out, "\n");
    put_scenario(out, lab->scenario);
    for (size_t i = 0; i < lab->question_count; i++)
        put_question(out, &lab->questions[i], telling);
    core_format(out,
                "\nAnswer in a file, a line each: %s = NUMBER. Then:\n"
                "  faultline lab %u --variant %llu --grade FILE\n",
                lab->questions[0].name, (unsigned)number, (unsigned long long)lab->variant);
}

void
lab_json(const struct core_out *out, const struct lab *lab, uint32_t number,
         enum lab_telling telling)
{
    struct core_json object = core_json_begin_answer(out, "lab");

    core_json_number(&object, "lab", number);
    core_json_number(&object, "variant", lab->variant);
    core_json_string(&object, "title", lab->title);
    core_json_string(&object, "intro", lab->intro);
    core_json_string(&object, "scenario", lab->scenario);
    core_json_list(&object, "questions");
    for (size_t i = 0; i < lab->question_count; i++) {
        const struct lab_question *from = &lab->questions[i];
        struct core_json question;

        core_json_element(out, i);
        question = core_json_begin(out);
        core_json_string(&question, "name", from->name);
        core_json_number(&question, "line", from->line);
        core_json_string(&question, "text", from->text);
        if (telling == LAB_HINTS)
            core_json_string(&question, "hint", from->hint);
        if (telling == LAB_ANSWERS) {
            core_json_number(&question, "answer", from->answer.value);
            core_json_number(&question, "low", from->answer.low);
            core_json_number(&question, "high", from->answer.high);
            core_json_string(&question, "why", from->why);
        }
        core_json_end(&question);
    }
    core_json_list_end(out);
    core_json_end_answer(&object);
}
