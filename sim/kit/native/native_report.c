/*
 * native_report.c - what a developer reads when an access cannot go on
 *
 * The panic comes first, in the panic's own shape and with the address of the real instruction; then
 * where that is in the source, and what the rule says.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "native_internal.h"
#include "vm/vm_task.h"

enum { REPORT_INLINES = 8 };

static faultline_handler handler;
static void *handler_context;

void
faultline_on_finding(faultline_handler new_handler, void *context)
{
    handler = new_handler;
    handler_context = context;
}

/* ---- text ---- */

static char report_text[8192];

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
    size_t used = strlen(report_text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(report_text + used, sizeof(report_text) - used, format, arguments);
    va_end(arguments);
}

/* The stop's text, where the model has a placeholder for the instruction. */
static void
say_stop(const struct vm_stop *stop, uint64_t pc)
{
    static const char placeholder[] = "<the driver's access>";
    const char *found = strstr(stop->text, placeholder);

    if (found == NULL) {
        say("%s\n", stop->text);
        return;
    }
    say("%.*s0x%016" PRIx64 "%s\n", (int)(found - stop->text), stop->text, pc,
        found + sizeof(placeholder) - 1);
}

/* ---- where ---- */

static bool
is_in_libc(const struct native_where *where)
{
    return strstr(where->file, "sysdeps/") != NULL || strstr(where->file, "nptl/") != NULL ||
           strcmp(where->function, "abort") == 0 || strcmp(where->function, "__GI_abort") == 0 ||
           strncmp(where->function, "__mem", 5) == 0;
}

/* A sanitizer stands between the kit and the host. */
bool
native_is_kits(const struct native_where *where)
{
    return strstr(where->file, "sim/kit/kext/src/") != NULL ||
           strstr(where->file, "sim/kit/native/") != NULL ||
           strstr(where->file, "/vmmodel/") != NULL || strstr(where->file, "libsanitizer/") != NULL;
}

/*
 * One line a function; *at becomes the first that is the developer's. What the kit and the model did
 * for it is not shown before it is reached. True: it was main().
 */
static bool
say_frame(uint64_t address, uint64_t pc, struct native_where *at)
{
    struct native_where where[REPORT_INLINES];
    size_t count = native_where(pc, where, REPORT_INLINES);

    for (size_t i = 0; i < count; i++) {
        if (at->line == 0 && native_is_kits(&where[i]))
            continue;
        say("  0x%016" PRIx64 " : %s", address,
            where[i].function[0] == '\0' ? "?" : where[i].function);
        if (where[i].line != 0)
            say(" at %s:%d", where[i].file, where[i].line);
        say("%s\n", i + 1 < count ? " (inlined)" : "");
        if (where[i].line != 0 && at->line == 0 && !is_in_libc(&where[i]))
            *at = where[i];
    }
    return strcmp(where[count - 1].function, "main") == 0;
}

/*
 * The frames, innermost first; *at is the first that has source: a memcpy() that faults is not where
 * the developer looks.
 */
static void
say_frames(const uint64_t *frames, size_t count, bool is_trap, uint32_t cpu,
           struct native_where *at)
{
    bool is_done = false;

    *at = (struct native_where){ .line = 0 };
    say("Backtrace (CPU %" PRIu32 "), Return Address : Source\n", cpu);
    /* A return address is behind its call; the trapping instruction is itself. */
    for (size_t i = 0; i < count && !is_done; i++)
        is_done = say_frame(frames[i], i == 0 && is_trap ? frames[i] : frames[i] - 1, at);
}

bool
native_own_place(const uint64_t *frames, size_t count, struct native_where *at)
{
    struct native_where where[REPORT_INLINES];

    for (size_t i = 0; i < count; i++) {
        size_t found = native_where(frames[i] - 1, where, REPORT_INLINES);

        for (size_t k = 0; k < found; k++) {
            if (where[k].line == 0 || native_is_kits(&where[k]) || is_in_libc(&where[k]))
                continue;
            *at = where[k];
            return true;
        }
    }
    return false;
}

static void
say_backtrace(uint64_t pc, uint32_t cpu, struct native_where *at)
{
    uint64_t frames[NATIVE_FRAMES];

    say_frames(frames, native_backtrace(pc, frames, NATIVE_FRAMES), pc != 0, cpu, at);
}

/* ---- the rule ---- */

/* The first finding that the panic or hang made: those after it say what led there. */
static const struct verify_rule *
rule_of(const struct faultline_world *world)
{
    for (size_t i = 0; i < world->verify.count; i++) {
        enum trace_kind kind = world->findings[i].event.kind;

        if (kind == EV_PANIC || kind == EV_HANG)
            return world->findings[i].rule;
    }
    return NULL;
}

static const char *
whose(const struct native_access *access)
{
    return access->space->id == 0 ? "kernel" : "user task";
}

static void
say_access(const struct faultline_world *world, const struct native_access *access,
           const struct native_where *at)
{
    enum vm_no_fault section = vm_context_current(world->system);

    if (at->line != 0)
        say("%s:%d: ", at->file, at->line);
    say("%s of %s memory at 0x%" PRIx64, access->is_write ? "store" : "load", whose(access),
        access->va);
    if (at->function[0] != '\0')
        say(" in %s()", at->function);
    if (section != VM_FAULTS_ALLOWED)
        say(", %s", vm_no_fault_name(section));
    say("\n");
}

/* The call of the driver's that a finding is about. */
static void
say_call(const struct native_where *at)
{
    if (at->line != 0)
        say("%s:%d: call in %s()\n", at->file, at->line, at->function);
}

static void
say_rule(const struct verify_rule *rule)
{
    if (rule == NULL)
        return;
    say("  rule    %s (%s)\n          %s\n", rule->id, verify_severity_name(rule->severity),
        rule->sentence);
    say("  missing %s\n  fix     %s\n  source  %s\n", rule->missing, rule->fix, rule->source);
}

/* ---- the whole ---- */

static enum faultline_kind
kind_of(const struct faultline_world *world, const struct native_access *access)
{
    enum vm_stop_kind stop = vm_system_stop(world->system)->kind;

    if (stop == VM_PANICKED || stop == VM_HUNG)
        return stop == VM_PANICKED ? FAULTLINE_PANIC : FAULTLINE_HANG;
    return access->status == VMM_OK || access->status == VMM_MODEL_NO_MEMORY ? FAULTLINE_TROUBLE
                                                                             : FAULTLINE_EXCEPTION;
}

static void
say_head(const struct faultline_world *world, const struct native_access *access,
         enum faultline_kind kind)
{
    switch (kind) {
    case FAULTLINE_PANIC:
    case FAULTLINE_HANG:
        say_stop(vm_system_stop(world->system), access->pc);
        break;
    case FAULTLINE_EXCEPTION:
        say("EXC_BAD_ACCESS (%s) at 0x%016" PRIx64 "\n", vmm_status_name(access->status),
            access->va);
        break;
    default:
        say("a device's memory, or memory that the host has no room for, at 0x%016" PRIx64
            ": use vmk_sim_read() and vmk_sim_write() there\n",
            access->va);
    }
}

/* Tells the handler, which does not come back, or ends the process. */
static void __attribute__((noreturn)) tell(const struct faultline_finding *finding)
{
    native_unlock_all();
    if (native_current() != NULL)
        native_record_save(native_current(), finding->rule[0] != '\0' ? finding->rule : "a stop");
    if (handler != NULL)
        handler(handler_context, finding);
    fputs(report_text, stderr);
    abort();
}

void
native_report(struct faultline_world *world, const struct native_access *access)
{
    enum faultline_kind kind = kind_of(world, access);
    const struct vm_profile *profile = vm_system_profile(world->system);
    const struct verify_rule *rule =
        kind == FAULTLINE_PANIC || kind == FAULTLINE_HANG ? rule_of(world) : NULL;
    struct native_where at;
    struct faultline_finding finding;

    world->has_told_stop = true;
    report_text[0] = '\0';
    say_head(world, access, kind);
    say_backtrace(access->pc, vm_system_stop(world->system)->cpu, &at);
    say_access(world, access, &at);
    say_rule(rule);
    say("  release %s\n", profile->name);
    finding = (struct faultline_finding){ .kind = kind,
                                          .rule = rule == NULL ? "" : rule->id,
                                          .profile = profile->name,
                                          .report = report_text,
                                          .file = at.file,
                                          .function = at.function,
                                          .line = at.line,
                                          .address = access->va,
                                          .is_write = access->is_write };
    tell(&finding);
}

/* Only who has somebody to tell is interrupted: others see what the call answers. */
void
faultline_report_stop(void)
{
    struct faultline_world *world = native_current();
    const struct vm_stop *stop = world == NULL ? NULL : vm_system_stop(world->system);
    const struct verify_rule *rule;
    struct native_where at;
    struct faultline_finding finding;

    if (stop == NULL || stop->kind == VM_RUNNING || world->has_told_stop || handler == NULL)
        return;
    world->has_told_stop = true;
    rule = rule_of(world);
    report_text[0] = '\0';
    say_stop(stop, 0);
    say_backtrace(0, stop->cpu, &at);
    say_call(&at);
    say_rule(rule);
    say("  release %s\n", vm_system_profile(world->system)->name);
    finding = (struct faultline_finding){ .kind = stop->kind == VM_PANICKED ? FAULTLINE_PANIC
                                                                            : FAULTLINE_HANG,
                                          .rule = rule == NULL ? "" : rule->id,
                                          .profile = vm_system_profile(world->system)->name,
                                          .report = report_text,
                                          .file = at.file,
                                          .function = at.function,
                                          .line = at.line };
    tell(&finding);
}

void
faultline_report_panic(const char *text, const char *rule_id)
{
    const struct verify_rule *rule = verify_rule_find(rule_id, strlen(rule_id));
    struct native_where at;
    struct faultline_finding finding;

    report_text[0] = '\0';
    say("%s\n", text);
    say_backtrace(0, faultline_current_cpu() < 0 ? 0 : (uint32_t)faultline_current_cpu(), &at);
    say_call(&at);
    say_rule(rule);
    if (native_current() != NULL)
        say("  release %s\n", faultline_profile());
    finding = (struct faultline_finding){ .kind = FAULTLINE_PANIC,
                                          .rule = rule == NULL ? "" : rule->id,
                                          .profile = faultline_profile(),
                                          .report = report_text,
                                          .file = at.file,
                                          .function = at.function,
                                          .line = at.line };
    if (native_current() != NULL)
        native_current()->has_told_stop = true;
    tell(&finding);
}

const char *
native_text(const struct faultline_world *world, size_t index, struct native_where *at)
{
    const struct native_site *site = &world->sites[index];

    report_text[0] = '\0';
    say_frames(site->frames, site->count, false, world->findings[index].event.cpu, at);
    say_call(at);
    say_rule(world->findings[index].rule);
    say("  release %s\n", vm_system_profile(world->system)->name);
    return report_text;
}

void
native_give_up(const char *what)
{
    fprintf(stderr, "faultline: %s\n", what);
    abort();
}
