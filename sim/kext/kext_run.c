/*
 * kext_run.c - a scenario's text in, its report out, on the kernel that we are in
 *
 * The runner and its printers are sim/core's, unchanged. The row of the release is that of the kernel's
 * Darwin number, so that `on` lines mean the same here as in the model. `check` finds nothing and the
 * digest is that of no events.
 */
#include "kext/kext.h"

#include "core/contract.h"
#include "core/scn.h"

#include <string.h>

static struct kext_request kext_now;
static uint64_t kext_taken; /* bytes the run holds */

/* What a caller says of the run in progress; none: zeroes. */
const struct kext_request *
kext_run_now(void)
{
    return &kext_now;
}

/* ---- memory, within a limit ---- */

static void *
kext_take_limited(void *context, size_t size)
{
    void *memory = NULL;

    (void)context;
    if (size <= KEXT_MEMORY_MAX - kext_taken)
        memory = kext_take(size);
    if (memory != NULL)
        kext_taken += size;
    return memory;
}

static void
kext_give_limited(void *context, void *memory, size_t size)
{
    (void)context;
    kext_taken -= size;
    kext_give(memory, size);
}

static const struct vmm_alloc kext_heap = { kext_take_limited, kext_give_limited, NULL };

/* ---- the report ---- */

/* What does not fit is counted and not put. */
static void
kext_put(void *context, const char *bytes, size_t length)
{
    struct kext_request *request = context;

    if (request->report_length <= request->room && length <= request->room - request->report_length)
        memcpy(request->report + request->report_length, bytes, length);
    request->report_length += length;
}

static void
kext_put_error(const struct core_out *out, const struct scn_error *error)
{
    core_format(out, "{ \"schema\": 1, \"error\": { \"line\": %u, \"column\": %u, \"what\": ",
                error->line, error->column);
    core_put_json(out, error->what);
    core_put(out, ", \"how\": ");
    core_put_json(out, error->how);
    core_put(out, " } }\n");
}

/* ---- the contract, when there is no text ---- */

/* The last pages of the caller's memory: behind them is the hole that the facts need. */
static int
kext_ask_contract(struct kext_request *request, struct contract *contract,
                  struct contract_fact *facts)
{
    const struct core_out out = { kext_put, request };
    vmk_world_t world = vmk_sim_create(NULL);
    struct contract_place place = { .task = vmk_sim_task_create(), .page_bytes = KEXT_PAGE };

    if (request->arena_length < CONTRACT_PAGES * KEXT_PAGE)
        return VMM_IO_BAD_ARGUMENT;
    place.address = request->arena + request->arena_length - CONTRACT_PAGES * KEXT_PAGE;
    (void)contract_run(contract, &place, facts);
    contract_print_json(&out, contract, facts);
    vmk_sim_destroy(world);
    return 0;
}

static int
kext_run_contract(struct kext_request *request)
{
    struct contract *contract = vmm_take_array(&kext_heap, 1, sizeof *contract);
    struct contract_fact *facts = vmm_take_array(&kext_heap, contract_fact_count(), sizeof *facts);
    int status = VMM_IO_NO_MEMORY;

    if (contract != NULL && facts != NULL)
        status = kext_ask_contract(request, contract, facts);
    vmm_give_array(&kext_heap, contract, 1, sizeof *contract);
    vmm_give_array(&kext_heap, facts, contract_fact_count(), sizeof *facts);
    return status;
}

/* ---- a scenario ---- */

/* The newest release that is no newer than this Darwin number. */
static size_t
kext_profile_row(uint32_t darwin_major)
{
    size_t found = 0;

    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        if (profile.is_release && profile.darwin_major <= darwin_major)
            found = row;
    }
    return found;
}

uint32_t
kext_prefault_caps(uint32_t darwin_major)
{
    struct vm_profile profile;

    vm_profile_at(kext_profile_row(darwin_major), &profile);
    return (profile.prefault != VM_PREFAULT_ABSENT ? VMK_CAP_PREFAULT_TASK : 0u) |
           (profile.prefault == VM_PREFAULT_ANY ? VMK_CAP_PREFAULT_KERNEL : 0u);
}

static int
kext_run_program(const struct scn_program *program, const struct core_out *out)
{
    vmk_info_t info = { .size = sizeof(info) };
    struct scn_report *report;
    int status = vmk_get_info(&info);

    if (status != 0)
        return status;
    if (scn_run(program, &kext_heap, kext_profile_row(info.darwin_major), NULL, &report) != SCN_OK)
        return VMM_IO_NO_MEMORY;
    scn_json_begin(out);
    scn_json_run(out, true, "scenario", program, report, 0);
    scn_json_end(out);
    scn_report_free(report);
    return 0;
}

static int
kext_run_text(struct kext_request *request)
{
    const struct core_out out = { kext_put, request };
    struct scn_program *program;
    struct scn_error error;
    enum scn_outcome outcome;
    int status = 0;

    if (request->length == 0)
        return kext_run_contract(request);
    outcome = scn_parse(&kext_heap, request->text, request->length, &program, &error);
    if (outcome == SCN_NO_MEMORY)
        return VMM_IO_NO_MEMORY;
    if (outcome == SCN_OK) {
        status = kext_run_program(program, &out);
        scn_program_free(program);
    } else {
        kext_put_error(&out, &error);
    }
    return status;
}

int
kext_run(struct kext_request *request)
{
    bool is_arena_good =
        request->arena % KEXT_PAGE == 0 && request->arena_length <= UINT64_MAX - request->arena;
    int status;

    if (!is_arena_good || request->length > KEXT_TEXT_MAX || request->room > KEXT_REPORT_MAX)
        return VMM_IO_BAD_ARGUMENT;
    request->report_length = 0;
    kext_now = *request;
    kext_taken = 0;
    status = kext_run_text(request);
    if (status == 0 && request->report_length > request->room)
        status = VMM_IO_NO_SPACE;
    kext_now = (struct kext_request){ .text = NULL };
    return status;
}
