/*
 * cmd_lab.c - faultline lab: questions about a scenario, which the model answers
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/lab_files.h"
#include "core/core_out.h"
#include "core/lab.h"

const char cmd_lab_help[] =
    "usage: faultline lab [N] [options]\n"
    "\n"
    "Shows a scenario and asks what it does; without N, lists the labs. The answers\n"
    "are what the model does, for every variant.\n"
    "\n"
    "  --hint          with a hint to every question\n"
    "  --answer        with the answers, and why\n"
    "  --variant SEED  other sizes; 0 is what the page in docs/labs shows\n"
    "  --grade FILE    read NAME = NUMBER lines (-: standard input); say what differs\n"
    "  --scenario      print the variant's scenario alone, for 'faultline run'\n"
    "  --json          print one JSON object\n"
    "  --help          this page\n"
    "\n"
    "exit: 0 shown, or every answer right; 1 an answer wrong or missing; 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline lab 1 --variant 7 --hint\n";

enum { ANSWERS_MAX = 1 << 16 };

struct lab_call {
    uint32_t number; /* 0: the list */
    uint64_t variant;
    const char *answers; /* a file's name, or NULL */
    enum lab_telling telling;
    bool is_json, wants_scenario;
    int code;
};

static struct lab *
lab_load(struct lab_call *call, uint32_t number, struct io_bytes *err)
{
    const struct lab_file *file = &lab_files[number - 1];
    struct scn_error error = { 0 };
    struct lab *lab = NULL;
    enum scn_outcome outcome =
        lab_open(&cmd_heap, file->bytes, file->length, call->variant, &lab, &error);

    if (outcome == SCN_NO_MEMORY)
        call->code = cmd_no_memory(err, file->name);
    if (outcome == SCN_BAD_SOURCE)
        call->code = cmd_complain_at(err, file->name, &error);
    return lab;
}

static void
lab_list(struct lab_call *call, const struct core_out *to, struct io_bytes *err)
{
    for (uint32_t number = 1; number <= lab_file_count && call->code == CMD_CLEAN; number++) {
        struct lab *lab = lab_load(call, number, err);

        if (lab == NULL)
            return;
        core_format(to, "%u  ", (unsigned)number);
        core_put(to, lab->title);
        core_format(to, " (%u questions)\n", (unsigned)lab->question_count);
        lab_free(lab);
    }
}

static void
lab_judge(struct lab_call *call, const struct lab *lab, const struct core_out *to,
          struct io_bytes *err)
{
    struct io_bytes text = { 0 };
    struct lab_given given[LAB_QUESTIONS_MAX];
    struct scn_error error = { 0 };

    if (!cmd_read_file(call->answers, ANSWERS_MAX, &text, err)) {
        call->code = CMD_TROUBLE;
    } else if (lab_read_answers(lab, text.data != NULL ? text.data : "", text.length, given,
                                &error) != SCN_OK) {
        call->code = cmd_complain_at(err, call->answers, &error);
    } else {
        (call->is_json ? lab_grade_json : lab_grade_text)(to, lab, call->number, given);
        call->code = lab_grade(lab, given) == lab->question_count ? CMD_CLEAN : CMD_FINDINGS;
    }
    io_bytes_free(&text);
}

static bool
lab_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct lab_call *call = context;
    struct core_out to = cmd_out(out);
    struct lab *lab;

    if (call->number == 0) {
        lab_list(call, &to, err);
        return false;
    }
    lab = lab_load(call, call->number, err);
    if (lab == NULL)
        return false;
    if (call->answers != NULL)
        lab_judge(call, lab, &to, err);
    else if (call->wants_scenario)
        core_put(&to, lab->scenario);
    else
        (call->is_json ? lab_json : lab_text)(&to, lab, call->number, call->telling);
    lab_free(lab);
    return false;
}

static bool
lab_read_variant(const char *text, uint64_t *variant)
{
    char *end;

    errno = 0;
    *variant = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0)
        return true;
    cmd_trouble("'--variant' needs a number from 0 on, not '%s'", text);
    return false;
}

/* The lab that is named; false after the complaint. */
static bool
lab_read_number(const char *text, uint32_t *number)
{
    if (!cmd_number("lab", text, number))
        return false;
    if (*number <= lab_file_count)
        return true;
    cmd_trouble("there is no lab %s: 'faultline lab' lists the %zu labs", text, lab_file_count);
    return false;
}

int
cmd_lab(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct lab_call call = { 0 };
    bool wants_hint = false, wants_answer = false, wants_help = false;
    const char *variant = "0";
    const struct cmd_option options[] = {
        { "--hint", &wants_hint, NULL },
        { "--answer", &wants_answer, NULL },
        { "--variant", NULL, &variant },
        { "--grade", NULL, &call.answers },
        { "--scenario", &call.wants_scenario, NULL },
        { "--json", &call.is_json, NULL },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (!cmd_at_most(verb, words, 1) || !lab_read_variant(variant, &call.variant))
        return CMD_TROUBLE;
    if (words->count == 1 && !lab_read_number(words->word[0], &call.number))
        return CMD_TROUBLE;
    if (wants_hint + wants_answer + call.wants_scenario + (call.answers != NULL) > 1)
        return cmd_trouble("--hint, --answer, --scenario and --grade exclude each other");
    if (words->count == 0 &&
        (call.is_json || wants_hint || wants_answer || call.wants_scenario || call.answers != NULL))
        return cmd_trouble("'lab' needs a number: faultline lab 1");
    if (call.is_json && call.wants_scenario)
        return cmd_trouble("--scenario and --json exclude each other: --json has the scenario");
    call.telling = wants_answer ? LAB_ANSWERS : wants_hint ? LAB_HINTS : LAB_ASKS;
    return cmd_work(lab_work, &call, &call.code);
}
