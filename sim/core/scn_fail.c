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
    if (run->now.failing.line == statement->line)
        return;
    run->now.failing.line = statement->line;
    memset(run->now.failing.calls, 0, sizeof run->now.failing.calls);
}

void
scn_fail_next(struct scn_run *run, enum vmm_call call, uint64_t nth)
{
    run->now.failing.call = call;
    run->now.failing.left = nth;
    run->now.failing.step = run->now.step;
}

bool
scn_fail_is_due(struct scn_run *run, enum vmm_call call)
{
    struct scn_failing *failing = &run->now.failing;

    failing->calls[call]++;
    if (failing->left == 0 || failing->call != call)
        return false;
    return --failing->left == 0;
}

void
scn_fail_note(struct scn_run *run, enum vmm_call call)
{
    if (run->now.step == NULL)
        return;
    run->now.step->injected = true;
    run->now.step->injected_call = call;
    run->now.step->injected_nth = run->now.failing.calls[call];
}

void
scn_fail_end(struct scn_run *run)
{
    char found[64];
    struct vmm_text text;

    if (run->now.failing.left == 0 || scn_has_stopped(run) || run->is_cut ||
        scn_is_out_of_memory(run))
        return;
    vmm_text_init(&text, found, sizeof found);
    vmm_text_format(&text, "%llu fewer", (unsigned long long)run->now.failing.left);
    run->now.failing.step->is_expectation = true;
    run->now.failing.step->failed = true;
    run->now.failing.step->expected = "as many such calls behind this line";
    run->now.failing.step->found = core_arena_copy(&run->keep, found, text.length);
    run->is_failed = true;
    run->now.failing.left = 0;
}
