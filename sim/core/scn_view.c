/*
 * scn_view.c - a snapshot in the words of vm_stat and vmmap
 *
 * vm_stat's lines stand in its order (vm.md 7.1); what the model never does (throttled pages, compressor pages,
 * swapping) counts 0 there as it does on a Mac where it never happened. vmmap's columns stand in its order too,
 * with three of ours before the detail: what vmmap cannot see is what this program is about.
 */
#include <string.h>

#include "core_json.h"
#include "scn_snapshot.h"

/* ---- words ---- */

/* What vmmap calls page zero, and memory with a tag of <mach/vm_statistics.h>. */
static const char *
region_type(const struct vm_region *region, char text[32])
{
    static const struct {
        uint32_t tag;
        const char *type;
    } types[] = {
        { 0, "VM_ALLOCATE" },  { 1, "MALLOC" },         { 2, "MALLOC_SMALL" },
        { 3, "MALLOC_LARGE" }, { 4, "MALLOC_HUGE" },    { 6, "MALLOC_REALLOC" },
        { 7, "MALLOC_TINY" },  { 20, "Mach message" },  { 21, "IOKit" },
        { 30, "Stack" },       { 31, "Guard" },         { 32, "shared pmap" },
        { 33, "dylib" },       { 35, "unshared pmap" },
    };
    struct vmm_text made;

    if (region->start == 0 && region->max_protection == VMM_PROT_NONE)
        return "__PAGEZERO";
    for (size_t i = 0; i < VMM_COUNT_OF(types); i++) {
        if (types[i].tag == region->tag)
            return types[i].type;
    }
    vmm_text_init(&made, text, 32);
    vmm_text_format(&made, "Memory Tag %u", region->tag);
    return made.bytes;
}

static const char *
share_mode(enum vm_share_mode mode)
{
    static const char *const names[] = { [VM_SHARE_COW] = "COW",
                                         [VM_SHARE_PRIVATE] = "PRV",
                                         [VM_SHARE_EMPTY] = "NUL",
                                         [VM_SHARE_SHARED] = "SHM",
                                         [VM_SHARE_TRUESHARED] = "SHM",
                                         [VM_SHARE_PRIVATE_ALIASED] = "ALI",
                                         [VM_SHARE_SHARED_ALIASED] = "S/A",
                                         [VM_SHARE_LARGE_PAGE] = "LPG" };

    return names[mode];
}

/* Memory that cannot be purged has an empty column. */
static const char *
purge_state(const struct vm_region *region)
{
    static const char *const names[] = { "PURGE=N", "PURGE=V", "PURGE=E", "" };

    return region->purgable < VMM_COUNT_OF(names) ? names[region->purgable] : "";
}

/* ---- columns ---- */

/* "64K", "16.0M", "4.0G": as vmmap writes sizes. */
static void
put_size(const struct core_out *out, uint64_t bytes)
{
    uint64_t kilobytes = bytes / 1024;
    char made[32];
    struct vmm_text text;

    vmm_text_init(&text, made, sizeof made);
    if (kilobytes < 10000) {
        vmm_text_format(&text, "%lluK", (unsigned long long)kilobytes);
    } else {
        bool is_giant = kilobytes >= 1024 * 1024;
        uint64_t tenths = kilobytes / (is_giant ? 1024 : 1) * 10 / 1024;

        vmm_text_format(&text, "%llu.%llu%c", (unsigned long long)(tenths / 10),
                        (unsigned long long)(tenths % 10), is_giant ? 'G' : 'M');
    }
    core_put_right(out, text.bytes, 7);
}

static void
put_title(const struct core_out *out, const char *file, const struct scn_program *program,
          const struct scn_report *report)
{
    struct vm_profile profile;

    vm_profile_at(report->profile, &profile);
    core_put_clean(out, file);
    if (scn_program_title(program)[0] != '\0') {
        core_put(out, ": ");
        core_put_clean(out, scn_program_title(program));
    }
    core_format(out, "  [%s: %s]  behind line %u\n", profile.name, profile.label,
                report->snapshot->line);
}

/* ---- vm_stat ---- */

struct stat_line {
    const char *label; /* vm_stat's */
    const char *key;   /* vm_statistics64's field */
    uint64_t value;
};

enum { STAT_LINES = 22 };

static void
stat_lines(const struct vm_statistics *counts, struct stat_line lines[STAT_LINES])
{
    const struct stat_line all[STAT_LINES] = {
        { "Pages free:", "free_count", counts->free_pages - counts->speculative_pages },
        { "Pages active:", "active_count", counts->active_pages },
        { "Pages inactive:", "inactive_count", counts->inactive_pages },
        { "Pages speculative:", "speculative_count", counts->speculative_pages },
        { "Pages throttled:", "throttled_count", 0 },
        { "Pages wired down:", "wire_count", counts->wire_pages },
        { "Pages purgeable:", "purgeable_count", counts->purgeable_pages },
        { "\"Translation faults\":", "faults", counts->faults },
        { "Pages copy-on-write:", "cow_faults", counts->cow_faults },
        { "Pages zero filled:", "zero_fill_count", counts->zero_fill_faults },
        { "Pages reactivated:", "reactivations", counts->reactivations },
        { "Pages purged:", "purges", counts->purges },
        { "File-backed pages:", "external_page_count", counts->external_pages },
        { "Anonymous pages:", "internal_page_count", counts->internal_pages },
        { "Pages stored in compressor:", "total_uncompressed_pages_in_compressor",
          counts->stored_pages },
        { "Pages occupied by compressor:", "compressor_page_count", 0 },
        { "Decompressions:", "decompressions", counts->decompressions },
        { "Compressions:", "compressions", counts->compressions },
        { "Pageins:", "pageins", counts->pageins },
        { "Pageouts:", "pageouts", counts->pageouts },
        { "Swapins:", "swapins", 0 },
        { "Swapouts:", "swapouts", 0 },
    };

    memcpy(lines, all, sizeof all);
}

static void
put_stat(const struct core_out *out, const struct scn_snapshot *snapshot)
{
    struct stat_line lines[STAT_LINES];

    core_format(out, "Mach Virtual Memory Statistics: (page size of %llu bytes)\n",
                (unsigned long long)snapshot->page_bytes);
    stat_lines(&snapshot->statistics, lines);
    for (size_t i = 0; i < STAT_LINES; i++) {
        char number[24];
        struct vmm_text text;

        vmm_text_init(&text, number, sizeof number);
        vmm_text_format(&text, "%llu", (unsigned long long)lines[i].value);
        core_put_left(out, lines[i].label, 30);
        core_put_right(out, text.bytes, 16);
        core_put(out, ".\n");
    }
}

/* ---- vmmap ---- */

enum { TYPE_WIDTH = 16, RANGE_WIDTH = 35, PURGE_WIDTH = 8, OURS_WIDTH = 8 };

static void
put_map_head(const struct core_out *out)
{
    core_put_left(out, "REGION TYPE", TYPE_WIDTH);
    core_put_left(out, "START - END", RANGE_WIDTH);
    core_put(out, "[  VSIZE  RSDNT  DIRTY   SWAP] PRT/MAX SHRMOD ");
    core_put_left(out, "PURGE", PURGE_WIDTH);
    core_put(out, "WIRED/USR PAGES     PTES    WIRED  REGION DETAIL\n");
}

static void
put_sizes(const struct core_out *out, uint64_t bytes, const struct vm_region_pages *pages,
          uint64_t page_bytes)
{
    core_put(out, "[");
    put_size(out, bytes);
    put_size(out, pages->resident * page_bytes);
    put_size(out, pages->dirty * page_bytes);
    put_size(out, pages->swapped_out * page_bytes);
    core_put(out, "]");
}

static void
put_count(const struct core_out *out, uint64_t count, size_t width)
{
    char number[24];
    struct vmm_text text;

    vmm_text_init(&text, number, sizeof number);
    vmm_text_format(&text, "%llu", (unsigned long long)count);
    core_put_right(out, text.bytes, width);
}

/* The wires of the entry, its wired pages, its translations and those with the wired bit. */
static void
put_ours(const struct core_out *out, const struct scn_region *kept)
{
    char wires[32];
    struct vmm_text text;

    vmm_text_init(&text, wires, sizeof wires);
    vmm_text_format(&text, "%u/%u", kept->region.wired_count, kept->region.user_wired_count);
    core_put_right(out, text.bytes, OURS_WIDTH + 1);
    put_count(out, kept->pages.wired, OURS_WIDTH - 2);
    put_count(out, kept->translated, OURS_WIDTH + 1);
    put_count(out, kept->wired_translations, OURS_WIDTH + 1);
}

static void
put_region(const struct core_out *out, const struct scn_region *kept, uint64_t page_bytes)
{
    const struct vm_region *region = &kept->region;
    char bytes[64], now[CORE_RIGHTS_BYTES], most[CORE_RIGHTS_BYTES];
    struct vmm_text text;

    core_put_left(out, region_type(region, bytes), TYPE_WIDTH);
    vmm_text_init(&text, bytes, sizeof bytes);
    vmm_text_format(&text, "%llx-%llx", (unsigned long long)region->start,
                    (unsigned long long)region->end);
    core_put_left(out, text.bytes, RANGE_WIDTH);
    put_sizes(out, region->end - region->start, &kept->pages, page_bytes);
    core_format(out, " %s/%s SM=%s ", core_rights(region->protection, now),
                core_rights(region->max_protection, most), share_mode(kept->pages.share_mode));
    core_put_left(out, purge_state(region), PURGE_WIDTH);
    put_ours(out, kept);
    core_format(out, "%s%s\n", kept->detail[0] != '\0' ? "  " : "", kept->detail);
}

/* What a map's regions add up to. */
static struct scn_region
sum_of(const struct scn_space *space)
{
    struct scn_region sum = { .detail = "" };

    for (size_t i = 0; i < space->region_count; i++) {
        const struct scn_region *kept = &space->regions[i];

        sum.region.end += kept->region.end - kept->region.start;
        sum.pages.resident += kept->pages.resident;
        sum.pages.dirty += kept->pages.dirty;
        sum.pages.swapped_out += kept->pages.swapped_out;
        sum.pages.wired += kept->pages.wired;
        sum.translated += kept->translated;
        sum.wired_translations += kept->wired_translations;
    }
    return sum;
}

static void
put_space(const struct core_out *out, const struct scn_space *space)
{
    struct scn_region sum = sum_of(space);

    core_format(out, "\n==== regions of %s [%u]\n", space->name, space->id);
    if (space->region_count == 0) {
        core_put(out, "none\n");
        return;
    }
    put_map_head(out);
    for (size_t i = 0; i < space->region_count; i++)
        put_region(out, &space->regions[i], space->page_bytes);
    core_put_left(out, "TOTAL", TYPE_WIDTH + RANGE_WIDTH);
    put_sizes(out, sum.region.end, &sum.pages, space->page_bytes);
    core_put_spaces(out, strlen(" PRT/MAX SHRMOD ") + PURGE_WIDTH + OURS_WIDTH + 1);
    put_count(out, sum.pages.wired, OURS_WIDTH - 2);
    put_count(out, sum.translated, OURS_WIDTH + 1);
    put_count(out, sum.wired_translations, OURS_WIDTH + 1);
    core_put(out, "\n");
}

void
scn_view_text(const struct core_out *out, enum scn_view view, const char *file,
              const struct scn_program *program, const struct scn_report *report)
{
    const struct scn_snapshot *snapshot = report->snapshot;

    put_title(out, file, program, report);
    if (view == SCN_VIEW_STAT) {
        put_stat(out, snapshot);
        return;
    }
    for (size_t i = 0; i < snapshot->space_count; i++)
        put_space(out, &snapshot->spaces[i]);
}

/* ---- JSON ---- */

static void
json_stat(struct core_json *run, const struct scn_snapshot *snapshot)
{
    struct stat_line lines[STAT_LINES];
    struct core_json object;

    stat_lines(&snapshot->statistics, lines);
    core_json_key(run, "vm_stat");
    object = core_json_begin(run->out);
    for (size_t i = 0; i < STAT_LINES; i++)
        core_json_number(&object, lines[i].key, lines[i].value);
    core_json_end(&object);
}

void
scn_view_json_region(struct core_json *object, const struct scn_region *kept, uint64_t page_bytes)
{
    const struct vm_region *region = &kept->region;
    char bytes[32], rights[CORE_RIGHTS_BYTES];

    core_json_string(object, "type", region_type(region, bytes));
    core_json_hex(object, "start", region->start);
    core_json_hex(object, "end", region->end);
    core_json_number(object, "vsize", region->end - region->start);
    core_json_number(object, "resident", kept->pages.resident * page_bytes);
    core_json_number(object, "dirty", kept->pages.dirty * page_bytes);
    core_json_number(object, "swap", kept->pages.swapped_out * page_bytes);
    core_json_string(object, "protection", core_rights(region->protection, rights));
    core_json_string(object, "max_protection", core_rights(region->max_protection, rights));
    core_json_string(object, "share_mode", share_mode(kept->pages.share_mode));
    core_json_string(object, "purge", purge_state(region));
    core_json_number(object, "wired_count", region->wired_count);
    core_json_number(object, "user_wired_count", region->user_wired_count);
    core_json_number(object, "wired_pages", kept->pages.wired);
    core_json_number(object, "translated_pages", kept->translated);
    core_json_number(object, "wired_translations", kept->wired_translations);
    core_json_string(object, "detail", kept->detail);
}

static void
json_region(const struct core_out *out, const struct scn_region *kept, uint64_t page_bytes)
{
    struct core_json object = core_json_begin(out);

    scn_view_json_region(&object, kept, page_bytes);
    core_json_end(&object);
}

static void
json_space(const struct core_out *out, const struct scn_space *space)
{
    struct core_json object = core_json_begin(out);

    core_json_string(&object, "task", space->name);
    core_json_number(&object, "id", space->id);
    core_json_list(&object, "regions");
    for (size_t i = 0; i < space->region_count; i++) {
        core_json_element(out, i);
        json_region(out, &space->regions[i], space->page_bytes);
    }
    core_json_list_end(out);
    core_json_end(&object);
}

static void
json_maps(struct core_json *run, const struct scn_snapshot *snapshot)
{
    core_json_list(run, "maps");
    for (size_t i = 0; i < snapshot->space_count; i++) {
        core_json_element(run->out, i);
        json_space(run->out, &snapshot->spaces[i]);
    }
    core_json_list_end(run->out);
}

void
scn_view_json(const struct core_out *out, enum scn_view view, const char *file,
              const struct scn_program *program, const struct scn_report *report)
{
    struct core_json run = core_json_begin(out);

    core_json_string(&run, "file", file);
    core_json_string(&run, "title", scn_program_title(program));
    core_json_profile(&run, report->profile);
    core_json_number(&run, "line", report->snapshot->line);
    core_json_number(&run, "page_bytes", report->snapshot->page_bytes);
    if (view == SCN_VIEW_STAT)
        json_stat(&run, report->snapshot);
    else
        json_maps(&run, report->snapshot);
    core_json_end(&run);
}
