/*
 * cmd_contract.c - faultline contract, and faultline run --backend replay
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "cmd/cmd.h"
#include "cmd/cmd_backend.h"
#include "cmd/cmd_json.h"
#include "core/contract.h"

const char cmd_contract_help[] =
    "usage: faultline contract [options]\n"
    "\n"
    "Asks the backend behind the driver's verbs what every backend must answer, and\n"
    "says which facts hold. The answers of --json are a recording, for 'faultline run\n"
    "--backend replay' and 'faultline diff' (docs/contract.md).\n"
    "\n"
    "  --profile NAME  the model's release (macos-15.5)\n"
    "  --backend NAME  xnu: ask the kernel of this Mac through the kext\n"
    "  --json          print one JSON object\n"
    "  --help          this page\n"
    "\n"
    "exit: 0 every fact holds, 1 one does not, 2 trouble\n"
    "\n"
    "example:\n"
    "  faultline contract --profile macos-10.9\n";

struct contract_job {
    size_t row;
    bool is_json;
    struct cmd_words *files; /* of a replay */
    int next;
    int code;
    struct contract contract;
    struct contract_fact facts[64];
    struct contract_answer *recorded;
};

static void
contract_say(struct contract_job *job, struct io_bytes *out, bool holds)
{
    struct core_out to = cmd_out(out);

    if (job->is_json)
        contract_print_json(&to, &job->contract, job->facts);
    else
        contract_print_text(&to, &job->contract, job->facts);
    if (!holds && job->code == CMD_CLEAN)
        job->code = CMD_FINDINGS;
}

static void
contract_in_world(struct contract_job *job, struct io_bytes *out, struct io_bytes *err)
{
    struct contract_place place = { .task = vmk_sim_task_create() };

    place.page_bytes = vm_system_page_bytes(vmk_sim_system());
    if (vmk_sim_allocate(place.task, &place.address, CONTRACT_PAGES * place.page_bytes) != 0)
        job->code = cmd_no_memory(err, "faultline");
    else
        contract_say(job, out, contract_run(&job->contract, &place, job->facts));
}

static bool
contract_model_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct contract_job *job = context;
    struct vm_profile profile;
    struct vmk_sim_config config = { .alloc = &cmd_heap, .profile = &profile };
    vmk_world_t world, before;

    vm_profile_at(job->row, &profile);
    world = vmk_sim_create(&config);
    if (world == NULL) {
        job->code = cmd_no_memory(err, "faultline");
        return false;
    }
    before = vmk_sim_make_current(world);
    contract_in_world(job, out, err);
    vmk_sim_make_current(before);
    vmk_sim_destroy(world);
    return false;
}

/* ---- a recording ---- */

static bool
recorded_backend(const json_t *root, vmk_info_t *info)
{
    const json_t *backend = json_object_get(root, "backend");
    const char *name = cmd_json_text(backend, "name");
    int64_t darwin, shift, caps;

    if (name == NULL || !cmd_json_number(backend, "darwin_major", &darwin) ||
        !cmd_json_number(backend, "page_shift", &shift) ||
        !cmd_json_number(backend, "caps", &caps) || strlen(name) >= sizeof info->name ||
        shift < 12 || shift > 16 || darwin < 0 || darwin > 1000)
        return false;
    *info = (vmk_info_t){ .size = sizeof *info };
    info->darwin_major = (uint32_t)darwin;
    info->page_shift = (uint32_t)shift;
    info->caps = (uint32_t)caps;
    memcpy(info->name, name, strlen(name) + 1);
    return true;
}

static bool
recorded_answers(const json_t *list, struct contract_answer *answers)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *answer = json_array_get(list, i);

        answers[i].fact = cmd_json_text(answer, "fact");
        answers[i].verb = cmd_json_text(answer, "verb");
        if (answers[i].fact == NULL || answers[i].verb == NULL ||
            !cmd_json_number(answer, "gave", &answers[i].gave))
            return false;
    }
    return true;
}

static void
replay_root(struct contract_job *job, const char *file, const json_t *root, struct io_bytes *out,
            struct io_bytes *err)
{
    const json_t *list = json_object_get(root, "answers");
    size_t count = json_array_size(list);
    vmk_info_t info;

    job->recorded = calloc(count + 1, sizeof *job->recorded);
    if (job->recorded == NULL) {
        job->code = cmd_no_memory(err, "faultline");
        return;
    }
    if (recorded_backend(root, &info) && recorded_answers(list, job->recorded))
        contract_say(job, out,
                     contract_replay(&job->contract, &info, job->recorded, count, job->facts));
    else
        job->code =
            cmd_complain(err, "%s: no recording: 'faultline contract --json' makes one", file);
    free(job->recorded);
}

static bool
replay_work(void *context, struct io_bytes *out, struct io_bytes *err)
{
    struct contract_job *job = context;
    const char *file = job->files->word[job->next++];
    json_t *root = cmd_json_load(file, "answers", err);

    if (root == NULL)
        job->code = CMD_TROUBLE;
    else
        replay_root(job, file, root, out, err);
    json_decref(root);
    return job->next < job->files->count;
}

int
cmd_replay_recording(struct cmd_words *files, bool is_json)
{
    struct contract_job *job = calloc(1, sizeof *job);
    int code;

    if (job == NULL)
        return cmd_trouble("memory ran out");
    VMM_ASSERT(contract_fact_count() <= VMM_COUNT_OF(job->facts));
    job->files = files;
    job->is_json = is_json;
    code = is_json && files->count > 1 ? cmd_trouble("--backend replay --json takes one file")
                                       : cmd_work(replay_work, job, &job->code);
    free(job);
    return code;
}

/* ---- the verb ---- */

static int
contract_model(size_t row, bool is_json)
{
    struct contract_job *job = calloc(1, sizeof *job);
    int code;

    if (job == NULL)
        return cmd_trouble("memory ran out");
    job->row = row;
    job->is_json = is_json;
    code = cmd_work(contract_model_work, job, &job->code);
    free(job);
    return code;
}

int
cmd_contract(const struct cmd_verb *verb, struct cmd_words *words)
{
    bool is_json = false, wants_help = false;
    const char *profile = "macos-15.5", *backend = "model";
    size_t row;
    const struct cmd_option options[] = {
        { "--json", &is_json, NULL },
        { "--profile", NULL, &profile },
        { "--backend", NULL, &backend },
        { "--help", &wants_help, NULL },
    };

    if (!cmd_parse(verb, words, options, VMM_COUNT_OF(options)) || !cmd_at_most(verb, words, 0))
        return CMD_TROUBLE;
    if (wants_help)
        return cmd_say(verb->help);
    if (strcmp(backend, "xnu") == 0)
        return cmd_xnu(NULL, false);
    if (strcmp(backend, "model") != 0)
        return cmd_trouble("unknown backend '%s': model or xnu; a recording is 'faultline run "
                           "--backend replay FILE'",
                           backend);
    return cmd_profile_find(profile, &row) ? contract_model(row, is_json) : CMD_TROUBLE;
}
