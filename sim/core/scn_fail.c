/*
 * scn_fail.c - calls that a line made to fail, and which call it was that failed
 *
 * Calls are counted from the beginning of a line of the file on, by each thread for itself: so a `fail`
 * that is written in front of a line means the same calls as the failure it stands for.
 */
#include "scn_run.h"

#include <string.h>

void
scn_fail_line(struct scn_run *run, const struct scn_statement *statement)
{
    if (run->failing.line == statement->line)
        return;
    run->failing.line = statement->line;
    memset(run->failing.calls, 0, sizeof run->failing.calls);
}

void
scn_fail_next(struct scn_run *run, enum vmm_call call, uint64_t nth)
{
    run->failing.call = call;
    run->failing.left = nth;
    run->failing.step = run->step;
}

bool
scn_fail_is_due(struct scn_run *run, enum vmm_call call)
{
    struct scn_failing *failing = &run->failing;

    failing->calls[call]++;
    if (failing->left == 0 || failing->call != call)
        return false;
    return --failing->left == 0;
}

void
scn_fail_note(struct scn_run *run, enum vmm_call call)
{
    if (run->step == NULL)
        return;
    run->step->injected = true;
    run->step->injected_call = call;
    run->step->injected_nth = run->failing.calls[call];
}

void
scn_fail_end(struct scn_run *run)
{
    char found[64];
    struct vmm_text text;

    if (run->failing.left == 0 || scn_has_stopped(run) || run->is_cut || scn_is_out_of_memory(run))
        return;
    vmm_text_init(&text, found, sizeof found);
    vmm_text_format(&text, "%llu fewer", (unsigned long long)run->failing.left);
    run->failing.step->is_expectation = true;
    run->failing.step->failed = true;
    run->failing.step->expected = "as many such calls behind this line";
    run->failing.step->found = core_arena_copy(&run->keep, found, text.length);
    run->is_failed = true;
    run->failing.left = 0;
}
