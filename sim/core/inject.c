/* inject.c - see inject.h */
#include "inject.h"

#include "core_set.h"
#include "scn_words.h"

#include <string.h>

struct inject {
    struct vmm_injector injector;
    struct vmm_alloc counted; /* the allocator, with a count of what is out */
    uint64_t live_bytes;
    const struct vmm_alloc *alloc;
    const struct scn_program *program;
    struct inject_options options;
    struct inject_result result;
    struct core_set hit; /* ways */
    bool has_failed;     /* in this run */
    enum vmm_call failed;
};

/* ---- what is out ---- */

static void *
counted_take(void *context, size_t size)
{
    struct inject *inject = context;
    void *memory = inject->alloc->take(inject->alloc->context, size);

    if (memory != NULL)
        inject->live_bytes += size;
    return memory;
}

static void
counted_give(void *context, void *memory, size_t size)
{
    struct inject *inject = context;

    inject->live_bytes -= size;
    inject->alloc->give(inject->alloc->context, memory, size);
}

static bool
fails(struct vmm_injector *injector, enum vmm_call call)
{
    struct inject *inject = VMM_CONTAINER(injector, struct inject, injector);

    if (inject->has_failed ||
        !core_set_add(&inject->hit, vm_digest_mix(inject->options.path(), call)))
        return false;
    inject->has_failed = true;
    inject->failed = call;
    inject->result.failed[call]++;
    return true;
}

/* ---- what came of it ---- */

/* The step that the failure hit; NULL: it was before the first. */
static const struct scn_step *
step_hit(const struct scn_report *report)
{
    for (size_t i = 0; report != NULL && i < report->step_count; i++) {
        if (report->steps[i].injected)
            return &report->steps[i];
    }
    return NULL;
}

static void
note_wrong(struct inject *inject, const struct scn_step *hit, uint64_t *count, const char *what)
{
    struct vmm_text text;

    if (inject->result.leaks + inject->result.violations == 0) {
        if (hit != NULL) {
            inject->result.wrong_line = hit->line;
            inject->result.wrong_call = hit->injected_call;
            inject->result.wrong_nth = hit->injected_nth;
        }
        vmm_text_init(&text, inject->result.what, sizeof inject->result.what);
        vmm_text_format(&text, "%s %llu: %s", vmm_call_name(inject->failed),
                        (unsigned long long)inject->result.failed[inject->failed], what);
    }
    ++*count;
}

static void
note_silence(struct inject *inject, const struct scn_step *step)
{
    size_t length = strlen(inject->result.silences);
    char line[24];
    struct vmm_text text;

    inject->result.silent++;
    vmm_text_init(&text, line, sizeof line);
    vmm_text_format(&text, "%s at %u", vmm_call_name(inject->failed), (unsigned)step->line);
    if (strstr(inject->result.silences, line) != NULL ||
        length + sizeof line + 2 > sizeof inject->result.silences)
        return;
    vmm_text_init(&text, inject->result.silences + length, sizeof inject->result.silences - length);
    vmm_text_format(&text, "%s%s", length > 0 ? ", " : "", line);
}

static void
judge(struct inject *inject, const struct scn_report *report)
{
    const struct scn_step *hit = step_hit(report);

    if (report->broken_invariant != NULL)
        note_wrong(inject, hit, report->leaks ? &inject->result.leaks : &inject->result.violations,
                   report->broken_invariant);
    if (report->ran_out)
        inject->result.ended++;
    else if (hit == NULL)
        return;
    else if (hit->status == VMK_PANICKED || hit->status == VMK_HUNG)
        inject->result.stopped++;
    else if (hit->status != 0 || hit->gave_null)
        inject->result.told++;
    else
        note_silence(inject, hit);
}

enum inject_outcome
inject_step(struct inject *inject)
{
    struct scn_options options = { .check_each_step = true,
                                   .fibers = inject->options.fibers,
                                   .injector = &inject->injector };
    struct scn_report *report = NULL;
    enum scn_outcome outcome;
    bool was_told;

    inject->has_failed = false;
    outcome =
        scn_run(inject->program, &inject->counted, inject->options.profile, &options, &report);
    if (inject->hit.is_exhausted || (outcome != SCN_OK && !inject->has_failed))
        return INJECT_NO_MEMORY;
    inject->result.runs++;
    if (outcome == SCN_OK)
        judge(inject, report);
    else
        inject->result.ended++;
    was_told = report != NULL && report->leaks;
    scn_report_free(report);
    if (inject->live_bytes != 0 && !was_told)
        note_wrong(inject, NULL, &inject->result.leaks, "memory was not given back");
    inject->live_bytes = 0;
    return inject->has_failed ? INJECT_MORE : INJECT_FINISHED;
}

/* ---- as a scenario ---- */

/* Where a line begins, from 1 on. */
static size_t
line_start(const char *bytes, size_t length, uint32_t line)
{
    size_t at = 0;

    for (uint32_t i = 1; i < line && at < length; at++)
        i += bytes[at] == '\n';
    return at;
}

const char *
inject_scenario(const struct inject_result *result, struct core_arena *arena, const char *bytes,
                size_t length)
{
    size_t start = line_start(bytes, length, result->wrong_line);
    size_t room = length + sizeof result->what + 128;
    char *text = result->wrong_line == 0 ? NULL : core_arena_take(arena, room);
    struct vmm_text out;

    if (text == NULL)
        return NULL;
    vmm_text_init(&out, text, room);
    vmm_text_format(&out, "# faultline inject: %s\n", result->what);
    vmm_text_put_bytes(&out, bytes, start);
    vmm_text_format(&out, "fail %s %llu\n", scn_word_of(&scn_calls, result->wrong_call),
                    (unsigned long long)result->wrong_nth);
    vmm_text_put_bytes(&out, bytes + start, length - start);
    return text;
}

/* ---- life ---- */

struct inject *
inject_create(const struct vmm_alloc *alloc, const struct scn_program *program,
              const struct inject_options *options)
{
    struct inject *inject = vmm_take_array(alloc, 1, sizeof *inject);

    if (inject == NULL)
        return NULL;
    inject->injector.fails = fails;
    inject->counted = (struct vmm_alloc){ counted_take, counted_give, inject };
    inject->alloc = alloc;
    core_set_init(&inject->hit, alloc);
    inject->program = program;
    inject->options = *options;
    return inject;
}

void
inject_destroy(struct inject *inject)
{
    if (inject == NULL)
        return;
    core_set_destroy(&inject->hit);
    vmm_give_array(inject->alloc, inject, 1, sizeof *inject);
}

const struct inject_result *
inject_result(const struct inject *inject)
{
    return &inject->result;
}
