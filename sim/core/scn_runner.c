/*
 * scn_runner.c - a program, a release, a world: a report
 *
 * The statements run in order. Each operation is a step: the watch forgets, the seam is called, the
 * findings are collected, the narration is made. Once the kernel has stopped, operations are
 * skipped; expectations still look.
 */
#include "scn_run.h"
#include "scn_snapshot.h"

#include "base/assert.h"

#include <string.h>

/* The report and what it owns; it lies in its own arena. */
struct report_box {
    struct scn_report report;
    struct core_arena keep;
    size_t event_capacity;
};

/* ---- the host's memory, watched ---- */

/* Notes which line a failure hit. */
static bool
watched_fails(struct vmm_injector *injector, enum vmm_call call)
{
    struct scn_run *run = VMM_CONTAINER(injector, struct scn_run, injector);
    bool fails = scn_fail_is_due(run, call);

    fails = vmm_call_fails(run->options->injector, call) || fails;
    if (fails)
        scn_fail_note(run, call);
    return fails;
}

static void *
watched_take(void *context, size_t size)
{
    struct scn_run *run = context;
    bool is_refused = vmm_call_fails(&run->injector, VMM_CALL_ALLOCATION);
    void *memory = is_refused ? NULL : run->host->take(run->host->context, size);

    run->out_of_memory |= memory == NULL;
    run->is_refused |= is_refused;
    run->host_is_short |= memory == NULL && !is_refused;
    run->live_bytes += memory != NULL ? size : 0;
    return memory;
}

static void
watched_give(void *context, void *memory, size_t size)
{
    struct scn_run *run = context;

    run->live_bytes -= memory != NULL ? size : 0;
    run->host->give(run->host->context, memory, size);
}

bool
scn_is_out_of_memory(const struct scn_run *run)
{
    return run->out_of_memory || run->watch.is_short || run->keep.is_exhausted ||
           run->scratch.is_exhausted;
}

/* Whether there is something to report: all of the run, or what there was until a call was made to fail. */
static bool
has_report(const struct scn_run *run)
{
    return (!run->out_of_memory || run->is_refused) && !run->host_is_short &&
           !run->watch.is_short && !run->keep.is_exhausted && !run->scratch.is_exhausted;
}

/* ---- steps ---- */

bool
scn_has_stopped(const struct scn_run *run)
{
    return vm_system_stop(run->system)->kind != VM_RUNNING;
}

static void
skip(struct scn_run *run, const char *why)
{
    run->now.step->skipped = true;
    run->now.step->narration = why;
}

/* Moves the findings of the step from the fold to the report. */
void
scn_collect_findings(struct scn_run *run)
{
    for (size_t i = 0; i < run->verify.count; i++) {
        struct scn_found *found = core_arena_take(&run->scratch, sizeof *found);

        if (found == NULL)
            return;
        found->finding.rule = run->verify.findings[i].rule;
        found->finding.event = run->verify.findings[i].event;
        found->finding.cause = run->verify.findings[i].cause;
        found->finding.line = run->now.step->line;
        *run->found_tail = found;
        run->found_tail = &found->next;
        run->report->finding_count++;
        run->wrong = vm_digest_mix(run->wrong, run->now.step->line);
        run->wrong = vm_digest_mix(run->wrong, (uint64_t)(found->finding.rule - verify_rule_at(0)));
    }
    run->verify.count = 0;
}

void
scn_note_broken(struct scn_run *run, const char *broken)
{
    if (broken == NULL)
        return;
    run->now.step->failed = true;
    run->now.step->expected = "every invariant of the model holds";
    run->now.step->found = core_arena_copy(&run->keep, broken, strlen(broken));
    if (run->report->broken_invariant == NULL)
        run->report->broken_invariant = run->now.step->found;
}

/* What every step that reached the seam leaves behind. */
static void
end_step(struct scn_run *run, const struct scn_statement *statement,
         const struct scn_result *result)
{
    bool stops_here = scn_has_stopped(run) && run->report->stop_line == 0;

    if (stops_here)
        run->report->stop_line = statement->line;
    scn_collect_findings(run);
    run->now.step->narration = run->is_refused ? "an allocation was made to fail: the run ends here"
                                               : scn_narrate(run, statement, result);
    run->now.step->event_count = run->watch.seen - run->now.step->first_event;
    scn_note_broken(run, result->broken);
    if (run->options->check_each_step && !scn_has_stopped(run) && scn_threads_are_quiet(run))
        scn_note_broken(run, vmk_sim_check());
}

static void
run_operation(struct scn_run *run, const struct scn_statement *statement)
{
    struct scn_result result;

    if (!scn_operands_are_made(run, &statement->u.operands)) {
        skip(run, "a name it needs is not bound on this release");
        return;
    }
    result = scn_operate(run, statement);
    if (result.has_status) {
        run->now.last = result;
        run->now.has_last = true;
        run->now.step->has_status = true;
        run->now.step->gave_null = result.is_null;
        run->now.step->status = result.status;
        run->now.step->hidden_status = result.hidden;
    }
    if (statement->operation == SCN_OP_LOAD || statement->operation == SCN_OP_READ_BYTES) {
        run->now.step->has_loaded = run->now.has_loaded && result.status == 0;
        run->now.step->loaded = run->now.loaded;
    }
    end_step(run, statement, &result);
}

static void
run_brace(struct scn_run *run, const struct scn_statement *statement)
{
    struct scn_result result = { .has_status = false };

    if (statement->form == SCN_OPEN) {
        run->now.block_cpu[statement->depth] = run->now.cpu;
        vmk_sim_enter(statement->section);
    } else {
        /* The section belongs to the CPU that entered it; `on-cpu` inside ends here. */
        run->now.cpu = run->now.block_cpu[statement->depth];
        vmk_sim_set_cpu(run->now.cpu);
        vmk_sim_leave(statement->section);
    }
    end_step(run, statement, &result);
}

static void
run_statement(struct scn_run *run, const struct scn_statement *statement)
{
    bool is_looking = statement->form == SCN_EXPECT || statement->form == SCN_REPORT;

    if (!scn_rows_has(&statement->rows, run->profile)) {
        skip(run, "not on this release");
    } else if (!is_looking && scn_has_stopped(run)) {
        skip(run, "the kernel has stopped");
    } else if (statement->form == SCN_DO) {
        run_operation(run, statement);
    } else if (statement->form == SCN_EXPECT) {
        scn_expect_run(run, statement);
    } else if (statement->form == SCN_REPORT) {
        scn_report_run(run, statement);
    } else if (statement->form == SCN_OPEN || statement->form == SCN_CLOSE) {
        run_brace(run, statement);
    }
}

/* What accesses found since `before`. */
static struct vm_access_counts
accesses_since(const struct scn_run *run, const struct vm_access_counts *before)
{
    struct vm_access_counts now;

    vm_system_access_counts(run->system, &now);
    return (struct vm_access_counts){ now.l1_hits - before->l1_hits, now.l2_hits - before->l2_hits,
                                      now.walks - before->walks,
                                      now.walk_reads - before->walk_reads };
}

/* Behind the last statement of the line that was asked for. */
static bool
is_snapshot_due(const struct scn_run *run, const struct scn_statement *statement)
{
    uint32_t line = run->options->snapshot_line;

    return line != 0 && statement->line == line &&
           (statement->next == NULL || statement->next->line != line);
}

static void
note_failed(struct scn_run *run, const struct scn_step *step)
{
    run->is_failed = true;
    run->wrong = vm_digest_mix(run->wrong, step->line);
    for (const char *at = step->found; at != NULL && *at != '\0'; at++)
        run->wrong = vm_digest_mix(run->wrong, (unsigned char)*at);
}

void
scn_step_run(struct scn_run *run, const struct scn_statement *statement)
{
    struct scn_step *step = &run->report->steps[run->report->step_count++];
    struct vm_access_counts before;

    run->now.step = step;
    scn_fail_line(run, statement);
    step->line = statement->line;
    step->depth = statement->depth;
    step->source = core_arena_copy(&run->keep, statement->source, strlen(statement->source));
    if (scn_threads_name(run) != NULL)
        step->thread =
            core_arena_copy(&run->keep, scn_threads_name(run), strlen(scn_threads_name(run)));
    step->is_expectation = statement->form == SCN_EXPECT;
    step->narration = "";
    step->first_event = run->watch.seen;
    scn_watch_begin(&run->watch);
    vm_system_access_counts(run->system, &before);
    if (step->source != NULL)
        run_statement(run, statement);
    step->accesses = accesses_since(run, &before);
    if (step->failed)
        note_failed(run, step);
    if (is_snapshot_due(run, statement))
        run->report->snapshot = scn_snapshot_take(run, run->options->snapshot_line);
}

/*
 * Lines that begin or end a thread are no steps, nor are those of a thread that this release does not have:
 * they are behind us when all threads of their group are.
 */
static void
take_snapshot_of_group(struct scn_run *run, const struct scn_statement *from,
                       const struct scn_statement *behind)
{
    while (from != behind && !is_snapshot_due(run, from))
        from = from->next;
    if (from != behind && run->report->snapshot == NULL)
        run->report->snapshot = scn_snapshot_take(run, run->options->snapshot_line);
}

static void
run_program(struct scn_run *run)
{
    const struct scn_statement *statement = run->program->first;

    while (statement != NULL && !run->is_cut && !scn_is_out_of_memory(run)) {
        if (statement->form == SCN_THREAD) {
            const struct scn_statement *first = statement;

            statement = scn_threads_run(run, statement);
            take_snapshot_of_group(run, first, statement);
        } else {
            scn_step_run(run, statement);
            statement = statement->next;
        }
    }
    scn_fail_end(run);
}

/* ---- the end ---- */

/* Contract findings are for those who ask: by name, or by --verify=strict. */
static bool
is_told(const struct scn_run *run, const struct scn_finding *finding)
{
    return finding->rule->severity != VERIFY_CONTRACT || finding->expected ||
           run->options->is_strict;
}

static void
finish_findings(struct scn_run *run)
{
    struct scn_report *report = run->report;

    report->findings =
        core_arena_array(&run->keep, report->finding_count, sizeof *report->findings);
    if (report->findings == NULL)
        return;
    report->finding_count = 0;
    for (const struct scn_found *found = run->found; found != NULL; found = found->next) {
        if (!is_told(run, &found->finding))
            continue;
        report->findings[report->finding_count++] = found->finding;
        run->is_unexpected |= scn_finding_fails(&found->finding);
    }
}

static void
finish_report(struct scn_run *run)
{
    struct scn_report *report = run->report;
    const uint64_t *counters = vm_system_trace(run->system)->counters;
    const char *broken = NULL;

    report->stop = *vm_system_stop(run->system);
    if (!scn_has_stopped(run) && report->broken_invariant == NULL)
        broken = vmk_sim_check();
    if (broken != NULL)
        report->broken_invariant = core_arena_copy(&run->keep, broken, strlen(broken));
    vm_system_statistics(run->system, &report->statistics);
    for (size_t kind = 0; kind < EV_KIND_COUNT; kind++)
        report->counters[kind] = counters[kind] - run->start_counters[kind];
    report->digest = run->digest.value;
    report->choice_count = run->choice_count;
    report->is_cut = run->is_cut;
    report->ran_out = run->out_of_memory;
    finish_findings(run);
    if (report->stop.kind != VM_RUNNING && !report->stop_expected)
        run->is_unexpected = true;
    if (run->is_failed || report->broken_invariant != NULL)
        report->verdict = SCN_FAILED;
    else
        report->verdict = run->is_unexpected ? SCN_UNEXPECTED : SCN_CLEAN;
}

/* ---- the beginning ---- */

/* What the caller says goes before what the file says. */
static const struct hw_geometry *
machine_of(const struct scn_run *run)
{
    if (run->options->geometry != NULL)
        return run->options->geometry;
    return run->program->geometry.levels != 0 ? &run->program->geometry : NULL;
}

static struct report_box *
make_report(struct scn_run *run)
{
    const struct scn_program *program = run->program;
    struct report_box *box = core_arena_take(&run->keep, sizeof *box);
    struct scn_report *report;

    if (box == NULL)
        return NULL;
    report = &box->report;
    report->alloc = run->host;
    report->profile = run->profile;
    if (machine_of(run) != NULL)
        report->machine =
            core_arena_copy(&run->keep, machine_of(run)->name, strlen(machine_of(run)->name));
    report->steps = core_arena_array(&run->keep, program->statement_count, sizeof *report->steps);
    report->metrics = core_arena_array(&run->keep, program->report_count, sizeof *report->metrics);
    run->report = report;
    return report->steps != NULL && report->metrics != NULL ? box : NULL;
}

static bool
make_world(struct scn_run *run)
{
    const struct scn_options *options = run->options;
    uint32_t cpus = run->program->cpu_count;
    struct vm_profile profile;
    struct vmk_sim_config config = {
        .alloc = &run->alloc,
        .profile = options->behaviour != NULL ? options->behaviour : &profile,
        .geometry = machine_of(run),
        .cpu_count = cpus == 0 && run->program->thread_count > SCN_DEFAULT_CPUS
                         ? run->program->thread_count
                         : cpus,
        .frame_count = run->program->frame_count,
        .store_pages = run->program->store_pages,
        .evicts_on_entry = run->program->evicts_on_entry,
        .kernel_asserts = options->kernel == SCN_KERNEL_AS_WRITTEN
                              ? run->program->kernel_asserts
                              : options->kernel == SCN_KERNEL_ASSERTS,
    };

    vm_profile_at(run->profile, &profile);
    run->world = vmk_sim_create(&config);
    return run->world != NULL;
}

static void
watch_world(struct scn_run *run)
{
    struct trace *trace = vm_system_trace(run->system);

    memcpy(run->start_counters, trace->counters, sizeof run->start_counters);
    memcpy(run->mark_counters, trace->counters, sizeof run->mark_counters);
    run->found_tail = &run->found;
    scn_watch_init(&run->watch, run->host, run->options->keep_events);
    trace_digest_init(&run->digest);
    verify_init(&run->verify, run->findings, SCN_STEP_FINDINGS);
    run->verify.is_strict = true; /* a line may expect any finding */
    trace_attach(trace, &run->watch.sink);
    trace_attach(trace, &run->digest.sink);
    trace_attach(trace, &run->verify.sink);
    scn_state_watch(&run->state, run);
    if (run->options->state_event != 0 || run->options->follower != NULL)
        trace_attach(trace, &run->state.sink);
    vmk_sim_set_cpu(0);
}

/* Memory entries are the run's; descriptors, mappings and calls are the world's. */
static void
drop_memory_entries(struct scn_run *run)
{
    for (uint32_t i = 0; i < run->program->name_count; i++)
        vm_memory_entry_release(&run->objects[i].entry);
}

static uint32_t
backend_caps(void)
{
    vmk_info_t info = { .size = sizeof info };

    return vmk_get_info(&info) == 0 ? info.caps : 0;
}

/* Runs the program in the current world. */
static void
run_in_world(struct scn_run *run)
{
    run->system = vmk_sim_system();
    run->page_bytes = vm_system_page_bytes(run->system);
    run->caps = backend_caps() & ~run->options->hidden_caps;
    run->objects = core_arena_array(&run->scratch, run->program->name_count, sizeof *run->objects);
    if (run->objects == NULL)
        return;
    run->objects[SCN_KERNEL_NAME].is_made = true;
    run->objects[SCN_KERNEL_NAME].task = vmk_kernel_task();
    watch_world(run);
    vm_system_watch_tlbs(run->system, true);
    if (run->options->injector != NULL || run->program->has_failures)
        vm_system_set_injector(run->system, &run->injector);
    run_program(run);
    if (run->options->state_event != 0 && !scn_is_out_of_memory(run))
        scn_state_finish(&run->state);
    if (has_report(run))
        finish_report(run);
    else if (run->options->check_each_step && !scn_has_stopped(run))
        VMM_ASSERT(vmk_sim_check() == NULL); /* a refused request leaves the model whole */
    drop_memory_entries(run);
}

/* The world is gone: what it took must be back. */
static void
check_leaks(struct scn_run *run)
{
    if (run->live_bytes == 0)
        return;
    run->report->leaks = true;
    run->report->broken_invariant = "memory was not given back";
    run->report->verdict = SCN_FAILED;
}

static enum scn_outcome
run_everything(struct scn_run *run, struct report_box **box)
{
    vmk_world_t before;

    *box = make_report(run);
    if (*box == NULL)
        return SCN_NO_MEMORY;
    if (!make_world(run))
        return run->out_of_memory ? SCN_NO_MEMORY : SCN_BAD_SOURCE;
    before = vmk_sim_make_current(run->world);
    run_in_world(run);
    vmk_sim_make_current(before);
    vmk_sim_destroy(run->world);
    check_leaks(run);
    return has_report(run) ? SCN_OK : SCN_NO_MEMORY;
}

static void
hand_out(struct scn_run *run, struct report_box *box, struct scn_report **report)
{
    box->report.events = run->watch.events;
    box->report.event_count = run->watch.count;
    box->event_capacity = run->watch.capacity;
    box->keep = run->keep;
    *report = &box->report;
}

enum scn_outcome
scn_run(const struct scn_program *program, const struct vmm_alloc *alloc, size_t profile,
        const struct scn_options *options, struct scn_report **report)
{
    static const struct scn_options plain = { .keep_events = false };
    struct scn_run *run = alloc->take(alloc->context, sizeof *run); /* too large for a stack */
    struct report_box *box = NULL;
    enum scn_outcome outcome;

    if (run == NULL)
        return SCN_NO_MEMORY;
    memset(run, 0, sizeof *run);
    run->program = program;
    run->profile = profile;
    run->host = alloc;
    run->options = options != NULL ? options : &plain;
    run->alloc = (struct vmm_alloc){ watched_take, watched_give, run };
    run->injector.fails = watched_fails;
    core_arena_init(&run->keep, alloc);
    core_arena_init(&run->scratch, alloc);
    outcome = run_everything(run, &box);
    if (outcome == SCN_OK) {
        hand_out(run, box, report);
    } else {
        if (run->watch.alloc != NULL)
            scn_watch_free(&run->watch);
        core_arena_destroy(&run->keep);
    }
    core_arena_destroy(&run->scratch);
    alloc->give(alloc->context, run, sizeof *run);
    return outcome;
}

void
scn_report_free(struct scn_report *report)
{
    struct report_box *box;

    if (report == NULL)
        return;
    box = VMM_CONTAINER(report, struct report_box, report);
    vmm_give_array(report->alloc, report->events, box->event_capacity, sizeof *report->events);
    core_arena_destroy(&box->keep);
}
