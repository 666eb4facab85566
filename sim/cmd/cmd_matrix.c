/*
 * cmd_matrix.c - faultline matrix: one scenario on every release and on both kernels
 */
#include "cmd/cmd.h"
#include "core/matrix.h"

const char cmd_matrix_help[] =
    "usage: faultline matrix [--json] FILE\n"
    "\n"
    "Runs one scenario on every release, whatever it names, on a release kernel and\n"
    "on one with assertions, and prints what came out and the numbers of its 'report'\n"
    "lines. Then it says for each release where anything changed what changed, which\n"
    "behaviour decides, and where that was read. FILE may be -.\n"
    "\n"
    "  --json   print one JSON object: every fact of every run, and every change\n"
    "  --help   this page\n"
    "\n"
    "exit: 0 the table is made, whatever is in it, 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline matrix sim/scenarios/r25140509_on_every_release.scn\n";

struct making {
    const char *file;
    bool is_json;
    struct scn_program *program;
    struct matrix *matrix;
    int code;
};

static bool
making_begin(struct making *making, struct io_bytes *err)
{
    making->program = cmd_load(making->file, err);
    if (making->program == NULL) {
        making->code = CMD_TROUBLE;
        return false;
    }
    making->matrix = matrix_create(&cmd_heap, making->program);
    if (making->matrix == NULL)
        making->code = cmd_no_memory(err, "faultline");
    return making->matrix != NULL;
}

/* One release a piece of work; the last one prints. */
static bool
making_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct making *making = context;
    struct core_out to = cmd_out(out);

    if (making->matrix == NULL)
        return making_begin(making, err);
    switch (matrix_step(making->matrix)) {
    case MATRIX_MORE:
        return true;
    case MATRIX_NO_MEMORY:
        making->code = cmd_no_memory(err, making->file);
        return false;
    case MATRIX_FINISHED:
        break;
    }
    if (making->is_json)
        matrix_print_json(&to, making->file, making->program, making->matrix);
    else
        matrix_print_text(&to, making->file, making->program, making->matrix);
    if (matrix_broken(making->matrix) != NULL)
        making->code = cmd_complain(err, "%s: the model broke its own rule: %s", making->file,
                                    matrix_broken(making->matrix));
    return false;
}

int
cmd_matrix(const struct cmd_verb *verb, struct cmd_words *words)
{
    struct making making = { .code = CMD_CLEAN };
    bool wants_help = false;
    const struct cmd_option options[] = {
        { "--json", &making.is_json, NULL },
        { "--help", &wants_help, NULL },
    };
    int code;

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (words->count == 0)
        return cmd_trouble("'matrix' needs a file: faultline matrix FILE");
    if (!cmd_at_most(verb, words, 1))
        return CMD_TROUBLE;
    making.file = words->word[0];
    code = cmd_work(making_work, &making, &making.code);
    if (making.matrix != NULL)
        matrix_destroy(making.matrix);
    if (making.program != NULL)
        scn_program_free(making.program);
    return code;
}
