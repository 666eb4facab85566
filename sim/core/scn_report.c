/*
 * scn_report.c - what anyone may ask of a report
 */
#include "scn.h"

const char *
scn_verdict_name(enum scn_verdict verdict)
{
    static const char *const names[] = { "clean", "unexpected", "failed" };

    return names[verdict];
}

bool
scn_finding_fails(const struct scn_finding *finding)
{
    return !finding->expected && finding->rule->severity != VERIFY_ADVICE;
}

const struct scn_finding *
scn_report_unexpected(const struct scn_report *report)
{
    for (size_t i = 0; i < report->finding_count; i++) {
        if (scn_finding_fails(&report->findings[i]))
            return &report->findings[i];
    }
    return NULL;
}

const struct scn_step *
scn_report_failed(const struct scn_report *report)
{
    for (size_t i = 0; i < report->step_count; i++) {
        if (report->steps[i].failed)
            return &report->steps[i];
    }
    return NULL;
}
