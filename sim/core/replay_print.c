/*
 * replay_print.c - what a replay came to, as a table and as JSON
 */
#include "replay.h"

#include "core_json.h"
#include "core_out.h"
#include "vm/vm_fault.h"

enum { NAME = 26, NUMBER = 15 };

static const char *const kind_names[4] = { "fetches", "loads", "stores", "modifies" };

/* What a rate is per: a thousand instructions where the trace has them, else references. */
struct rate {
    uint64_t of;
    const char *name;
};

static struct rate
rate_of(const struct replay_result *result)
{
    uint64_t references = 0;

    for (size_t i = 0; i < 4; i++)
        references += result->references[i];
    if (result->references[MEMTRACE_FETCH] > 0)
        return (struct rate){ result->references[MEMTRACE_FETCH], "1,000 instructions" };
    return (struct rate){ references, "1,000 references" };
}

static uint64_t
l1_misses(const struct replay_result *result)
{
    return result->tlb.l2_hits + result->tlb.walks;
}

static uint64_t
references_of(const struct replay_result *result)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < 4; i++)
        sum += result->references[i];
    return sum;
}

/* ---- text ---- */

static void
put_number(const struct core_out *out, uint64_t number)
{
    char bytes[32];
    struct vmm_text text;

    vmm_text_init(&text, bytes, sizeof bytes);
    vmm_text_format(&text, "%llu", (unsigned long long)number);
    core_put_right(out, bytes, NUMBER);
}

static void
put_row(const struct core_out *out, const char *name, uint64_t number)
{
    core_put(out, "  ");
    core_put_left(out, name, NAME);
    put_number(out, number);
    core_put(out, "\n");
}

/* With its rate: thousandths, so that a number below 1 still says something. */
static void
put_rated(const struct core_out *out, const char *name, uint64_t number, struct rate rate)
{
    uint64_t milli = rate.of == 0 ? 0 : (uint64_t)((double)number * 1e6 / (double)rate.of + 0.5);

    core_put(out, "  ");
    core_put_left(out, name, NAME);
    put_number(out, number);
    CORE_PUT(out, "   %llu.%03u per %s\n", (unsigned long long)(milli / 1000),
             (unsigned)(milli % 1000), rate.name);
}

static void
put_head(const struct core_out *out, const struct replay_report *report)
{
    const struct replay_options *options = report->options;
    struct vm_profile profile;

    vm_profile_at(options->profile, &profile);
    core_put_clean(out, report->file);
    CORE_PUT(out, " (%s): ", report->format);
    CORE_PUT(out, "%s on %s, %u CPU%s, pages of %u KiB, ", profile.name, report->machine->name,
             (unsigned)options->cpus, options->cpus == 1 ? "" : "s",
             (unsigned)(hw_page_bytes(&options->geometry) / 1024));
    CORE_PUT(out, "memory %s", replay_way_name(options->way));
    core_put(out, options->way == REPLAY_LAZY ? "\n\n" : " before it is used\n\n");
}

static void
put_hot(const struct core_out *out, const struct replay_report *report)
{
    const struct replay_result *result = report->result;
    uint64_t all = references_of(result);

    core_put(out, "\n  hot pages\n");
    for (size_t i = 0; i < result->hot_count; i++) {
        const struct replay_page *page = &result->hot[i];
        uint64_t vpn = (page->key - 1) & ((UINT64_C(1) << 52) - 1);
        unsigned tenths = all == 0 ? 0 : (unsigned)((double)page->count * 1000 / (double)all + 0.5);

        CORE_PUT(out, "    0x%016llx",
                 (unsigned long long)(vpn << report->options->geometry.page_shift));
        put_number(out, page->count);
        CORE_PUT(out, "   %u.%u %%", tenths / 10, tenths % 10);
        if ((page->key - 1) >> 52 != 0)
            CORE_PUT(out, "   space %u", (unsigned)((page->key - 1) >> 52));
        core_put(out, "\n");
    }
}

static void
put_faults(const struct core_out *out, const struct replay_result *result, struct rate rate)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < REPLAY_FAULT_KINDS; i++)
        sum += result->faults[i];
    put_rated(out, "faults", sum, rate);
    for (size_t i = 0; i < REPLAY_FAULT_KINDS; i++) {
        char bytes[40];
        struct vmm_text text;

        if (result->faults[i] == 0)
            continue;
        vmm_text_init(&text, bytes, sizeof bytes);
        vmm_text_format(&text, "  %s", vm_fault_kind_name((enum vm_fault_kind)i));
        put_row(out, bytes, result->faults[i]);
    }
    if (result->failed_faults > 0)
        put_row(out, "  failed", result->failed_faults);
}

static void
put_unusual(const struct core_out *out, const struct replay_report *report)
{
    const struct replay_result *result = report->result;

    if (report->bad_lines > 0)
        put_row(out, "bad lines", report->bad_lines);
    if (result->outside > 0)
        put_row(out, "outside the address space", result->outside);
    if (result->refused > 0)
        put_row(out, "refused references", result->refused);
    if (result->refused_events > 0)
        put_row(out, "refused events", result->refused_events);
}

void
replay_text(const struct core_out *out, const struct replay_report *report)
{
    const struct replay_result *result = report->result;
    struct rate rate = rate_of(result);

    put_head(out, report);
    put_row(out, "references", references_of(result));
    for (size_t i = 0; i < 4; i++) {
        if (result->references[i] > 0) {
            core_put(out, "  ");
            put_row(out, kind_names[i], result->references[i]);
        }
    }
    if (result->events > 0)
        put_row(out, "events", result->events);
    put_unusual(out, report);
    put_row(out, "pages touched", result->pages);
    put_row(out, "regions mapped", result->regions);
    put_row(out, "pages resident", result->resident_pages);
    put_row(out, "pages wired", result->wired_pages);
    put_rated(out, "L1 TLB misses", l1_misses(result), rate);
    put_rated(out, "L2 TLB misses (walks)", result->tlb.walks, rate);
    put_row(out, "table words read", result->tlb.walk_reads);
    put_faults(out, result, rate);
    put_row(out, "TLB flushes", result->flushes);
    put_row(out, "CPUs interrupted", result->shootdowns);
    core_put(out, "  ");
    core_put_left(out, "cost", NAME);
    core_put(out, "   ");
    machine_put_range(out, cost_total(&result->cost, report->machine->prices));
    core_put(out, "\n");
    put_hot(out, report);
    if (result->stop->kind != VM_RUNNING) {
        core_put(out, "\n  the kernel stopped: ");
        core_put_clean(out, result->stop->text);
        core_put(out, "\n");
    }
}

/* ---- JSON ---- */

static void
put_json_faults(struct core_json *answer, const struct replay_result *result)
{
    struct core_json faults;

    core_json_key(answer, "faults");
    faults = core_json_begin(answer->out);
    for (size_t i = 0; i < REPLAY_FAULT_KINDS; i++) {
        if (result->faults[i] > 0)
            core_json_number(&faults, vm_fault_kind_name((enum vm_fault_kind)i), result->faults[i]);
    }
    core_json_number(&faults, "failed", result->failed_faults);
    core_json_end(&faults);
}

static void
put_json_hot(struct core_json *answer, const struct replay_report *report)
{
    const struct replay_result *result = report->result;

    core_json_list(answer, "hot_pages");
    for (size_t i = 0; i < result->hot_count; i++) {
        uint64_t key = result->hot[i].key - 1;
        struct core_json page;

        core_json_element(answer->out, i);
        page = core_json_begin(answer->out);
        core_json_number(&page, "space", key >> 52);
        core_json_hex(&page, "va",
                      (key & ((UINT64_C(1) << 52) - 1)) << report->options->geometry.page_shift);
        core_json_number(&page, "references", result->hot[i].count);
        core_json_end(&page);
    }
    core_json_list_end(answer->out);
}

void
replay_json(const struct core_out *out, const struct replay_report *report)
{
    const struct replay_result *result = report->result;
    struct core_json answer = core_json_begin_answer(out, "replay");

    core_json_string(&answer, "file", report->file);
    core_json_string(&answer, "format", report->format);
    core_json_profile(&answer, report->options->profile);
    core_json_string(&answer, "machine", report->machine->name);
    core_json_number(&answer, "cpus", report->options->cpus);
    core_json_string(&answer, "way", replay_way_name(report->options->way));
    for (size_t i = 0; i < 4; i++)
        core_json_number(&answer, kind_names[i], result->references[i]);
    core_json_number(&answer, "events", result->events);
    core_json_number(&answer, "bad_lines", report->bad_lines);
    core_json_number(&answer, "outside", result->outside);
    core_json_number(&answer, "refused", result->refused);
    core_json_number(&answer, "refused_events", result->refused_events);
    core_json_number(&answer, "pages", result->pages);
    core_json_number(&answer, "regions", result->regions);
    core_json_number(&answer, "resident_pages", result->resident_pages);
    core_json_number(&answer, "wired_pages", result->wired_pages);
    core_json_number(&answer, "l1_misses", l1_misses(result));
    core_json_number(&answer, "walks", result->tlb.walks);
    core_json_number(&answer, "walk_reads", result->tlb.walk_reads);
    put_json_faults(&answer, result);
    core_json_number(&answer, "flushes", result->flushes);
    core_json_number(&answer, "shootdowns", result->shootdowns);
    machine_json_range(&answer, "cost", cost_total(&result->cost, report->machine->prices));
    put_json_hot(&answer, report);
    core_json_bool(&answer, "stopped", result->stop->kind != VM_RUNNING);
    core_json_end_answer(&answer);
}
