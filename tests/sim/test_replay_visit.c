/*
 * test_replay_visit.c - a trace by its visits comes to what it comes to by its references, all of it
 *
 * Random traces, written in our own form and replayed twice: once as who knows nothing of visits, once by them.
 * Small machines forget often, small memories take pages back, and events change what is mapped.
 */
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "memtrace_own.h"
#include "core_out.h"
#include "replay.h"
#include "test_alloc.h"

enum { SEEDS = 160, REFERENCES = 24000, FILE_BYTES = 1 << 19, SAID_BYTES = 1 << 14 };

struct bytes {
    char data[FILE_BYTES];
    size_t length;
};

static void
put(void *context, const char *data, size_t length)
{
    struct bytes *bytes = context;

    assert_true(length <= sizeof bytes->data - bytes->length);
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

/* ---- random traces ---- */

struct making {
    struct vmm_rng rng;
    struct memtrace_writer *writer;
    struct memtrace_batch batch;
    uint64_t page[2]; /* that fetches and data are at */
    uint32_t pages;   /* how many there are to choose from */
    uint32_t change;  /* one of so many references goes elsewhere */
    uint32_t events;  /* one of so many is an event */
    bool is_far;      /* some are no program's */
};

static uint64_t
below(struct making *making, uint64_t limit)
{
    return vmm_rng_below(&making->rng, limit);
}

static uint64_t
some_page(struct making *making)
{
    if (making->is_far && below(making, 4000) == 0)
        return below(making, 2) != 0 ? UINT64_C(0x7fffffffffff) >> 12 : UINT64_MAX >> 12;
    return 0x400 + below(making, making->pages) * (making->pages < 100 ? 2u : 1u); /* and gaps */
}

static void
make_reference(struct making *making)
{
    bool is_fetch = below(making, 3) != 0;
    uint64_t *page = &making->page[is_fetch ? 0 : 1], offset = below(making, 4096);
    uint32_t kind = is_fetch ? MEMTRACE_FETCH : MEMTRACE_LOAD + (uint32_t)below(making, 3);
    uint32_t size = 1 + (uint32_t)below(making, below(making, 300) == 0 ? 9000 : 8);

    if (below(making, making->change) == 0)
        *page = below(making, 4) == 0 ? making->page[is_fetch ? 1 : 0] : some_page(making);
    if (offset + size > 4096 && below(making, 20) != 0)
        offset = 0;
    making->batch.va[making->batch.count] = *page << 12 | offset;
    making->batch.how[making->batch.count++] = MEMTRACE_HOW(kind, size);
}

static void
make_event(struct making *making)
{
    static const uint32_t rights[] = { VMM_PROT_ALL, VMM_PROT_ALL, VMM_PROT_DEFAULT, VMM_PROT_READ,
                                       VMM_PROT_NONE };
    struct memtrace_event event = { .verb = (enum memtrace_verb)below(making, MEMTRACE_VERBS),
                                    .va = some_page(making) << 12 & ~(UINT64_C(1) << 63),
                                    .length = 1 + below(making, 9 * 4096),
                                    .value = (uint32_t)below(making, 4) };

    if (event.verb == MEMTRACE_MAP || event.verb == MEMTRACE_PROTECT)
        event.value = rights[below(making, VMM_COUNT_OF(rights))];
    if (event.verb == MEMTRACE_ADVISE)
        event.value = (uint32_t)below(making, 13);
    memtrace_write(making->writer, &making->batch);
    making->batch.count = 0;
    memtrace_write_event(making->writer, &event);
}

static void
make_trace(uint64_t seed, const struct vmm_alloc *alloc, struct bytes *bytes)
{
    static const uint32_t pages[] = { 3, 20, 90, 600, 3000 }, changes[] = { 2, 5, 20, 200 };
    static struct memtrace_writer writer;
    static struct making making;
    const struct core_out out = { put, bytes };

    memset(&making, 0, sizeof making);
    making.rng.state = seed;
    making.writer = &writer;
    making.pages = pages[below(&making, VMM_COUNT_OF(pages))];
    making.change = changes[below(&making, VMM_COUNT_OF(changes))];
    making.events = below(&making, 3) == 0 ? UINT32_MAX : 20u << below(&making, 9);
    making.is_far = below(&making, 3) == 0;
    bytes->length = 0;
    memtrace_writer_init(&writer, alloc, &out);
    for (size_t i = 0; i < REFERENCES; i++) {
        make_reference(&making);
        if (below(&making, making.events) == 0)
            make_event(&making);
        if (making.batch.count == MEMTRACE_BATCH) {
            memtrace_write(&writer, &making.batch);
            making.batch.count = 0;
        }
    }
    memtrace_write(&writer, &making.batch);
    assert_true(memtrace_writer_finish(&writer));
    memtrace_writer_free(&writer);
}

/* ---- both ways ---- */

static uint64_t blocks_by_visits, blocks_given_up;

static bool
count_begins(void *context, const struct memtrace_block *block)
{
    bool begins = replay_visitor.begins(context, block);

    blocks_by_visits += begins;
    return begins;
}

static bool
count_visits(void *context, const uint8_t *visits, size_t count)
{
    bool goes_on = replay_visitor.visits(context, visits, count);

    blocks_given_up += !goes_on;
    return goes_on;
}

static bool
ends(void *context)
{
    return replay_visitor.ends(context);
}

static const struct memtrace_visitor counting_visitor = { count_begins, count_visits, ends };

static bool
no_bad(void *context, uint64_t line, const char *text, size_t length)
{
    (void)context;
    fail_msg("line %d: %.*s", (int)line, (int)length, text);
    return true;
}

static void
say(void *context, const char *text, size_t length)
{
    struct bytes *said = context;

    put(said, text, length);
}

/* All that a result has, as text. */
static void
tell(const struct replay_report *report, struct bytes *said)
{
    const struct core_out out = { say, said };
    const struct replay_result *result = report->result;

    said->length = 0;
    replay_json(&out, report);
    replay_text(&out, report);
    CORE_PUT(&out, "%llu accesses %llu l1 %llu zero %llu\n", (unsigned long long)result->accesses,
             (unsigned long long)result->tlb.l1_hits, (unsigned long long)result->tlb.l2_hits,
             (unsigned long long)result->zero_fills);
    put(said, "", 1);
}

static void
replay_bytes(const struct replay_options *options, const struct machine *machine,
             const struct bytes *trace, const struct memtrace_visitor *visitor, size_t piece,
             struct bytes *said)
{
    static struct memtrace_reader reader;
    struct replay_result result;
    struct vmm_text why;
    char bytes[160];
    struct replay *replay;

    vmm_text_init(&why, bytes, sizeof bytes);
    replay = replay_create(options, &why);
    assert_non_null(replay);
    memtrace_reader_init(
        &reader, MEMTRACE_OWN,
        &(struct memtrace_sink){ replay, replay_references, replay_event, no_bad, visitor });
    for (size_t at = 0; at < trace->length; at += piece) {
        size_t left = trace->length - at;

        if (!memtrace_feed(&reader, (const uint8_t *)trace->data + at, left < piece ? left : piece))
            break;
    }
    replay_result(replay, &result);
    assert_true(result.stop->kind != VM_RUNNING || memtrace_finish(&reader));
    tell(&(struct replay_report){ "trace", "own", 0, options, machine, &result }, said);
    replay_destroy(replay);
}

/* A machine of the catalog, or one whose TLBs are small, or of a kind that keeps no classes apart. */
static void
choose(uint64_t seed, struct replay_options *options, struct machine *machine)
{
    static const char *const names[] = { "skylake", "m1", "nehalem", "zen2" };
    static const uint32_t sets[] = { 16, 48, 8, 4 };
    struct vmm_rng rng;
    char bytes[160];
    struct vmm_text why;

    vmm_text_init(&why, bytes, sizeof bytes);
    rng.state = seed * 77 + 5;
    assert_true(machine_find(names[vmm_rng_below(&rng, VMM_COUNT_OF(names))], machine));
    assert_true(machine_geometry(machine, &options->geometry, &why));
    if (vmm_rng_below(&rng, 2) == 0) {
        uint32_t ways = 1 + (uint32_t)vmm_rng_below(&rng, 4);

        options->geometry.l1 = (struct hw_tlb_geometry){ sets[vmm_rng_below(&rng, 4)], ways };
        options->geometry.l1i = (struct hw_tlb_geometry){ sets[vmm_rng_below(&rng, 4)], 1 };
        options->geometry.l2 = (struct hw_tlb_geometry){ 5, 4 };
    }
    if (vmm_rng_below(&rng, 8) == 0)
        options->geometry.replacement = (enum hw_replacement)(1 + vmm_rng_below(&rng, 2));
    if (vmm_rng_below(&rng, 8) == 0)
        options->geometry.l1i.sets = 0;
    options->profile = (size_t)vmm_rng_below(&rng, vm_profile_count());
    options->cpus = 1 + (uint32_t)vmm_rng_below(&rng, 3);
    options->ram_bytes = UINT64_C(4) << (20 + vmm_rng_below(&rng, 5));
    options->region_bytes = UINT64_C(4096) << vmm_rng_below(&rng, 7);
    options->way = (enum replay_way)vmm_rng_below(&rng, REPLAY_WAYS);
}

/* Y2 */
static void
y2_visits_and_references_come_to_the_same(void **state)
{
    static struct bytes trace, by_references, by_visits;
    struct counting_alloc counting;

    (void)state;
    counting_alloc_init(&counting);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct replay_options options = { .alloc = &counting.alloc };
        struct machine machine;

        choose(seed, &options, &machine);
        make_trace(seed, &counting.alloc, &trace);
        replay_bytes(&options, &machine, &trace, NULL, 4096, &by_references);
        replay_bytes(&options, &machine, &trace, &counting_visitor, 1 + seed * 997 % 70000,
                     &by_visits);
        if (strcmp(by_references.data, by_visits.data) != 0)
            fail_msg("seed %d:\n%s\nby visits:\n%s", (int)seed, by_references.data, by_visits.data);
    }
    test_alloc_assert_empty(&counting);
    assert_true(blocks_by_visits > blocks_given_up);
    assert_true(blocks_given_up > 0);
    print_message("%d blocks by visits, %d given up\n", (int)blocks_by_visits,
                  (int)blocks_given_up);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(
        y2_visits_and_references_come_to_the_same) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
