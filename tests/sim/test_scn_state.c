/*
 * test_scn_state.c - a run stopped at any event, seen whole, and not changed by it
 */
#include "scn_state.h"

#include <dirent.h>
#include <stdio.h>

#include "scn_fixture.h"

static const char wired[] = "app = task\n"
                            "buf = allocate app 4p\n"
                            "fill buf\n"
                            "md = descriptor buf direction=out\n"
                            "prepare md\n"
                            "m = map md kernel\n"
                            "wire m in offset=1p length=2p\n"
                            "nofault spin-lock {\n"
                            "load m+4096\n"
                            "}\n";

static const struct scn_state *
look_at(struct scn_fixture *fixture, const char *text, uint64_t event, uint32_t parts)
{
    struct scn_options options = { .state_event = event,
                                   .state_parts = parts,
                                   .keep_events = true };

    scn_fixture_reset(fixture);
    parse_ok(fixture, text);
    assert_int_equal(scn_run(fixture->program, &fixture->counting.alloc,
                             scn_program_profile_at(fixture->program, 0), &options,
                             &fixture->report),
                     SCN_OK);
    assert_non_null(fixture->report->state);
    return fixture->report->state;
}

static const struct scn_state *
look(struct scn_fixture *fixture, const char *text, uint64_t event)
{
    return look_at(fixture, text, event, 0);
}

/* From 1: which event is the `nth` one of that kind. */
static uint64_t
event_of(struct scn_fixture *fixture, const char *text, enum trace_kind kind, size_t nth)
{
    look(fixture, text, 1);
    for (size_t i = 0; i < fixture->report->event_count; i++) {
        if (fixture->report->events[i].kind == kind && nth-- == 1)
            return i + 1;
    }
    fail();
    return 0;
}

static const struct scn_state_region *
region_of(const struct scn_state *state, const char *task, size_t index)
{
    for (size_t i = 0; i < state->maps->space_count; i++) {
        if (strcmp(state->spaces[i].space->name, task) == 0) {
            assert_true(index < state->spaces[i].space->region_count);
            return &state->spaces[i].regions[index];
        }
    }
    fail();
    return NULL;
}

/*  pages of m     0123
 *  translated     .x..    behind the first PMAP_ENTER of the wire                           */
static void
a_run_stops_between_two_pages_of_one_wire(void **state)
{
    uint64_t fifth = event_of(*state, wired, EV_PMAP_ENTER, 5); /* four fills came before */
    const struct scn_state *seen = look(*state, wired, fifth);
    const struct scn_state_region *page = region_of(seen, "kernel", 1);

    assert_int_equal(seen->event, fifth);
    assert_int_equal(seen->last.kind, EV_PMAP_ENTER);
    assert_int_equal(seen->maps->line, 7);
    assert_int_equal(seen->counters[EV_PMAP_ENTER], 5);
    assert_int_equal(page->page_count, 2);
    assert_int_equal(page->bits[0] & SCN_PAGE_TRANSLATED, SCN_PAGE_TRANSLATED);
    assert_int_equal(page->bits[1] & SCN_PAGE_TRANSLATED, 0);
    assert_int_equal(page->bits[1] & (SCN_PAGE_RESIDENT | SCN_PAGE_WIRED),
                     SCN_PAGE_RESIDENT | SCN_PAGE_WIRED);
}

static void
the_walk_goes_to_the_address_of_the_event(void **state)
{
    uint64_t fifth = event_of(*state, wired, EV_PMAP_ENTER, 5);
    const struct scn_state *seen = look(*state, wired, fifth);
    uint64_t leaf = seen->walk[3].entry;

    assert_int_equal(seen->walk_space, 0);
    assert_true(seen->walk_va == seen->last.va);
    assert_int_equal(seen->walk_count, 4);
    assert_int_equal(leaf & 1, 1);
    assert_int_equal((leaf >> 12) & 0xffffffff, seen->last.ppn);
}

static void
a_frame_knows_both_who_map_it(void **state)
{
    const struct scn_state *seen = look(*state, wired, UINT64_MAX);
    size_t twice = 0;

    assert_int_equal(seen->object_count >= 1, 1);
    for (size_t i = 0; i < seen->object_count; i++) {
        for (size_t j = 0; j < seen->objects[i].page_count; j++)
            twice += seen->objects[i].pages[j].mapping_count == 2;
    }
    assert_int_equal(twice, 2); /* the two wired pages: the task's view and the kernel's */
}

static void
an_access_is_in_the_tlb_of_its_cpu_only(void **state)
{
    const struct scn_state *seen = look(*state, wired, UINT64_MAX);
    const struct scn_region *m = &seen->spaces[seen->maps->space_count - 1].space->regions[1];
    size_t found = 0;

    assert_int_equal(seen->cpu_count, 2);
    for (size_t i = 0; i < seen->cpus[0].line_count; i++) {
        const struct pmap_look_line *line = &seen->cpus[0].lines[i];

        assert_false(line->is_stale);
        found += line->space == 0 && line->va == m->region.start;
    }
    assert_int_equal(found, 1);
    assert_int_equal(seen->cpus[1].line_count, 0);
}

static void
a_section_shows_while_it_lasts(void **state)
{
    static const char text[] = "app = task\nbuf = allocate app 1p\nnofault spin-lock {\n"
                               "load buf\n}\n";
    const struct scn_state *seen = look(*state, text, event_of(*state, text, EV_FAULT_REFUSED, 1));

    assert_int_equal(seen->cpus[0].cpu.depth, 1);
    assert_int_equal(seen->cpus[0].cpu.stack[0], VM_SPIN_LOCK);
    assert_int_equal(seen->cpus[0].cpu.preemption_level, 1);
    assert_int_equal(seen->cpus[1].cpu.depth, 0);
}

static void
more_events_than_there_are_give_the_end(void **state)
{
    const struct scn_fixture *fixture = *state;
    const struct scn_state *seen = look(*state, wired, UINT64_MAX);

    assert_int_equal(seen->event, fixture->report->event_count);
    assert_false(seen->has_last);
}

static void
look_at_every_event(struct scn_fixture *fixture, const char *text)
{
    uint64_t digest;
    size_t count;

    look(fixture, text, UINT64_MAX);
    digest = fixture->report->digest;
    count = fixture->report->event_count;
    for (uint64_t event = 1; event <= count; event += count / 12 + 1) {
        const struct scn_state *seen = look(fixture, text, event);

        assert_int_equal(seen->event, event);
        assert_true(fixture->report->digest == digest);
        assert_null(fixture->report->broken_invariant);
    }
}

static void
Y2_looking_at_any_event_changes_nothing(void **state)
{
    look_at_every_event(*state, wired);
}

/* At a dozen events of every shipped scenario; sanitizers watch the probes there. */
static void
Y2_nor_in_any_shipped_scenario(void **state)
{
    static char text[SCN_SOURCE_MAX];
    DIR *folder = opendir(SOURCE_DIR "/sim/scenarios");
    const struct dirent *entry;
    size_t looked = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char path[512];
        FILE *file;

        if (strstr(entry->d_name, ".scn") == NULL)
            continue;
        snprintf(path, sizeof path, "%s/sim/scenarios/%s", SOURCE_DIR, entry->d_name);
        file = fopen(path, "rb");
        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        if (strstr(text, "\nparam ") != NULL)
            continue; /* a sweep; sim/core/sweep.h makes scenarios of it */
        look_at_every_event(*state, text);
        looked++;
    }
    closedir(folder);
    assert_true(looked > 40);
}

static void
what_is_not_asked_for_is_not_looked_at(void **state)
{
    const struct scn_state *seen = look_at(*state, wired, UINT64_MAX, SCN_STATE_COUNTERS);

    assert_null(seen->maps);
    assert_int_equal(seen->object_count + seen->cpu_count + seen->walk_count, 0);
    assert_true(seen->counters[EV_PMAP_ENTER] > 0);
    seen = look_at(*state, wired, UINT64_MAX, SCN_STATE_MAPS);
    assert_true(seen->maps->space_count == 2 && seen->object_count == 0);
    seen = look_at(*state, wired, UINT64_MAX, SCN_STATE_CPUS | SCN_STATE_OBJECTS);
    assert_true(seen->maps == NULL && seen->object_count > 0 && seen->cpu_count == 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scn_fixture_setup, scn_fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_run_stops_between_two_pages_of_one_wire),
        TEST(the_walk_goes_to_the_address_of_the_event),
        TEST(a_frame_knows_both_who_map_it),
        TEST(an_access_is_in_the_tlb_of_its_cpu_only),
        TEST(a_section_shows_while_it_lasts),
        TEST(what_is_not_asked_for_is_not_looked_at),
        TEST(more_events_than_there_are_give_the_end),
        TEST(Y2_looking_at_any_event_changes_nothing),
        TEST(Y2_nor_in_any_shipped_scenario),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
