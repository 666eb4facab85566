/*
 * cmd_diff.c - faultline diff: two reports of the same scenarios, or two recordings, verb by verb
 *
 * What both sides answered is compared: codes, NULLs, and whether an expectation held. A step that one
 * side skipped is not: that side could not see it, or its release has no such line.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/cmd_json.h"
#include "core/core_out.h"

const char cmd_diff_help[] =
    "usage: faultline diff ONE.json OTHER.json\n"
    "\n"
    "Compares two reports of 'faultline run --json' (as of the model and of a kext)\n"
    "line by line, or two recordings of 'faultline contract --json' verb by verb:\n"
    "what the verbs gave and which expectations held. What one side could not look at\n"
    "is not compared.\n"
    "\n"
    "  --help  this page\n"
    "\n"
    "exit: 0 the same, 1 they differ, 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline diff model.json xnu.json\n";

struct diff {
    const char *file[2];
    json_t *root[2];
    struct io_bytes *out;
    uint64_t compared;
    uint64_t skipped;
    uint64_t different;
    int code;
};

static const char *
diff_text(const json_t *object, const char *key)
{
    const char *text = cmd_json_text(object, key);

    return text != NULL ? text : "";
}

/* A file's own words, made safe, and ours behind them. */
static void
diff_say(struct diff *diff, const char *text, const char *more)
{
    struct core_out to = cmd_out(diff->out);

    core_put_clean(&to, text);
    core_put(&to, more);
}

/* "  FILE: what it answered" */
static void
diff_say_side(struct diff *diff, size_t side, const char *answer)
{
    io_bytes_text(diff->out, "  ");
    diff_say(diff, diff->file[side], ": ");
    diff_say(diff, answer, "\n");
}

/* ---- steps of runs ---- */

/* "0xe00002c7 kIOReturnUnsupported", "null", "held": what a step came to. */
static void
diff_answer(const json_t *step, struct vmm_text *text)
{
    const json_t *status = json_object_get(step, "status");
    int64_t code;

    if (json_is_true(json_object_get(step, "null")))
        vmm_text_put(text, "null");
    else if (cmd_json_number(status, "code", &code))
        vmm_text_format(text, "%lld %s", (long long)code, diff_text(status, "name"));
    else
        vmm_text_put(text, diff_text(step, "state"));
}

static bool
diff_is_skipped(const json_t *step)
{
    return strcmp(diff_text(step, "state"), "skipped") == 0;
}

static void
diff_step(struct diff *diff, const json_t *one, const json_t *other)
{
    char bytes[2][128];
    struct vmm_text answer[2];
    int64_t line = 0;

    if (diff_is_skipped(one) || diff_is_skipped(other)) {
        diff->skipped++;
        return;
    }
    vmm_text_init(&answer[0], bytes[0], sizeof bytes[0]);
    vmm_text_init(&answer[1], bytes[1], sizeof bytes[1]);
    diff_answer(one, &answer[0]);
    diff_answer(other, &answer[1]);
    diff->compared++;
    if (strcmp(bytes[0], bytes[1]) == 0)
        return;
    diff->different++;
    (void)cmd_json_number(one, "line", &line);
    io_bytes_format(diff->out, "line %lld: ", (long long)line);
    diff_say(diff, diff_text(one, "source"), "\n");
    for (size_t i = 0; i < 2; i++)
        diff_say_side(diff, i, bytes[i]);
}

static bool
diff_same_step(const json_t *one, const json_t *other)
{
    return strcmp(diff_text(one, "source"), diff_text(other, "source")) == 0;
}

static bool
diff_steps(struct diff *diff, const json_t *one, const json_t *other)
{
    const json_t *steps[2] = { json_object_get(one, "steps"), json_object_get(other, "steps") };
    size_t count = json_array_size(steps[0]);

    if (count != json_array_size(steps[1]))
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *pair[2] = { json_array_get(steps[0], i), json_array_get(steps[1], i) };

        if (!diff_same_step(pair[0], pair[1]))
            return false;
        diff_step(diff, pair[0], pair[1]);
    }
    return true;
}

/* ---- answers of recordings ---- */

static bool
diff_answers(struct diff *diff, const json_t *one, const json_t *other)
{
    int64_t gave[2] = { 0, 0 };

    if (strcmp(diff_text(one, "fact"), diff_text(other, "fact")) != 0 ||
        strcmp(diff_text(one, "verb"), diff_text(other, "verb")) != 0 ||
        !cmd_json_number(one, "gave", &gave[0]) || !cmd_json_number(other, "gave", &gave[1]))
        return false;
    diff->compared++;
    if (gave[0] == gave[1])
        return true;
    diff->different++;
    diff_say(diff, diff_text(one, "fact"), ": ");
    diff_say(diff, diff_text(one, "verb"), "\n");
    for (size_t i = 0; i < 2; i++) {
        char number[24];

        snprintf(number, sizeof number, "%lld", (long long)gave[i]);
        diff_say_side(diff, i, number);
    }
    return true;
}

/* ---- both ---- */

static bool
diff_lists(struct diff *diff, const char *name,
           bool (*each)(struct diff *diff, const json_t *one, const json_t *other))
{
    const json_t *lists[2] = { json_object_get(diff->root[0], name),
                               json_object_get(diff->root[1], name) };
    size_t count = json_array_size(lists[0]);

    if (count != json_array_size(lists[1]))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!each(diff, json_array_get(lists[0], i), json_array_get(lists[1], i)))
            return false;
    }
    return true;
}

static void
diff_roots(struct diff *diff, bool are_runs, struct io_bytes *err)
{
    if (!(are_runs ? diff_lists(diff, "runs", diff_steps)
                   : diff_lists(diff, "answers", diff_answers))) {
        diff->code = cmd_complain(err, "%s and %s are not of the same %s", diff->file[0],
                                  diff->file[1], are_runs ? "scenario" : "facts");
        return;
    }
    io_bytes_format(diff->out, "%llu compared, %llu differ, %llu seen by one side only\n",
                    (unsigned long long)diff->compared, (unsigned long long)diff->different,
                    (unsigned long long)diff->skipped);
    diff->code = diff->different > 0 ? CMD_FINDINGS : CMD_CLEAN;
}

static bool
diff_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct diff *diff = context;
    bool are_runs;

    diff->out = out;
    diff->code = CMD_TROUBLE;
    diff->root[0] = cmd_json_load(diff->file[0], NULL, err);
    are_runs = json_is_array(json_object_get(diff->root[0], "runs"));
    if (diff->root[0] != NULL)
        diff->root[1] = cmd_json_load(diff->file[1], are_runs ? "runs" : "answers", err);
    if (diff->root[1] != NULL)
        diff_roots(diff, are_runs, err);
    json_decref(diff->root[0]);
    json_decref(diff->root[1]);
    return false;
}

int
cmd_diff(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct diff diff = { .compared = 0 };
    bool wants_help = false;
    const struct cmd_option options[] = { { "--help", &wants_help, NULL } };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)) || !cmd_at_most(verb, words, 2))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (words->count != 2)
        return cmd_trouble("'diff' needs two files: faultline diff ONE.json OTHER.json");
    diff.file[0] = words->word[0];
    diff.file[1] = words->word[1];
    return cmd_work(diff_work, &diff, &diff.code);
}
