/* test_pmap.c - making, narrowing and dropping translations; vm.md 5.3 and 5.4 */
#include "base/rng.h"
#include "pmap/pmap_internal.h"
#include "pmap_fixture.h"
#include "test_trap.h"

#include <string.h>

static enum vmm_status
enter(struct pmap_fixture *f, struct pmap *pmap, unsigned n, unsigned frame, char letter)
{
    return pmap_enter(pmap, pmap_fixture_va(f, pmap, n), f->data[frame], picture_prot(letter),
                      picture_flags(letter));
}

static void
remove_pages(struct pmap_fixture *f, struct pmap *pmap, unsigned from, unsigned to)
{
    pmap_remove(pmap, pmap_fixture_va(f, pmap, from), pmap_fixture_va(f, pmap, to));
}

static void
protect_pages(struct pmap_fixture *f, struct pmap *pmap, unsigned from, unsigned to, vmm_prot prot)
{
    pmap_protect(pmap, pmap_fixture_va(f, pmap, from), pmap_fixture_va(f, pmap, to), prot);
}

static struct pmap_statistics
statistics_of(const struct pmap *pmap)
{
    struct pmap_statistics statistics;

    pmap_statistics(pmap, &statistics);
    return statistics;
}

/* ---- enter ---- */

/*  from  to   what vm.md 5.4 says of x86
 *   -    W    invalid to valid: nothing
 *   r    R    only the wired bit: nothing
 *   r    w    adds WRITE only: nothing
 *   r    W    adds WRITE and flips the wired bit: flush (T32)
 *   w    r    any other change: flush
 *   r    x    adding EXECUTE is another change: flush                                       */
static void
enter_flushes_only_what_5_4_says(void **state)
{
    static const struct {
        char from, to;
        bool flushes;
    } rows[] = {
        { '-', 'r', false }, { '-', 'W', false }, { 'r', 'r', false }, { 'W', 'W', false },
        { 'r', 'R', false }, { 'R', 'r', false }, { 'w', 'W', false }, { 'A', 'a', false },
        { 'r', 'w', false }, { 'R', 'W', false }, { 'x', 'a', false }, { 'r', 'W', true },
        { 'R', 'w', true },  { 'w', 'r', true },  { 'W', 'R', true },  { 'W', 'r', true },
        { 'r', 'x', true },  { 'x', 'r', true },  { 'w', 'x', true },  { 'r', 'a', true },
        { 'X', 'x', false }, { 'x', 'R', true },
    };
    struct pmap_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(rows) * 2; i++) {
        char from[] = { rows[i / 2].from, '\0' };
        char to[] = { rows[i / 2].to, '\0' };

        enter_picture(f, f->user, from);
        if (i % 2 == 1 && from[0] != '-') /* what the hardware noted is no difference */
            *fixture_leaf(f, f->user, 0) |= HW_PTE_REF | HW_PTE_MOD;
        f->events_length = 0;
        enter_picture(f, f->user, to);
        assert_events(f, rows[i / 2].flushes ? "FLUSH@0+1 ENTER@0" : "ENTER@0");
        assert_picture(f, f->user, to);
        assert_pmap_invariants(f);
        remove_pages(f, f->user, 0, 1);
    }
}

/*  page 0: frame 0, wired, then frame 5: out with the old, then in with the new  */
static void
enter_of_another_page_removes_and_flushes_first(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap_translation found;

    enter_picture(f, f->user, "W");
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_WRITE), HW_OK);
    f->events_length = 0;
    assert_int_equal(enter(f, f->user, 0, 5, 'r'), VMM_OK);
    assert_events(f, "REMOVE@0 FLUSH@0+1 ENTER@0");
    assert_true(pmap_query(f->user, pmap_fixture_va(f, f->user, 0), &found));
    assert_int_equal(found.ppn, f->data[5]);
    assert_false(pmap_page_is_mapped(f->pmaps, f->data[0]));
    assert_true(pmap_page_is_mapped(f->pmaps, f->data[5]));
    assert_int_equal(statistics_of(f->user).resident_pages, 1);
    assert_int_equal(statistics_of(f->user).wired_pages, 0); /* the true count: no T9 drift */
    assert_int_equal(*fixture_leaf(f, f->user, 0) & (HW_PTE_REF | HW_PTE_MOD), 0);
}

static void
enter_keeps_what_the_hardware_noted_of_the_same_page(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "w");
    assert_int_equal(fixture_access(f, 0, f->user, 0, HW_WRITE), HW_OK);
    enter_picture(f, f->user, "W");
    assert_true(*fixture_leaf(f, f->user, 0) & HW_PTE_REF);
    assert_true(*fixture_leaf(f, f->user, 0) & HW_PTE_MOD);
}

/*  user leaves carry USER, the kernel's do not; no EXECUTE means NX  */
static void
enter_writes_the_words_of_5_2(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "wA");
    enter_picture(f, f->kernel, "R");
    assert_true(*fixture_leaf(f, f->user, 0) ==
                hw_pte_make(f->data[0], HW_PTE_VALID | HW_PTE_WRITE | HW_PTE_USER | HW_PTE_NX));
    assert_true(*fixture_leaf(f, f->user, 1) ==
                hw_pte_make(f->data[1], HW_PTE_VALID | HW_PTE_WRITE | HW_PTE_USER | HW_PTE_WIRED));
    assert_true(*fixture_leaf(f, f->kernel, 0) ==
                hw_pte_make(f->data[0], HW_PTE_VALID | HW_PTE_WIRED | HW_PTE_NX));
}

struct last {
    struct trace_sink sink;
    struct trace_event event;
};

static void
see_last(struct trace_sink *sink, const struct trace_event *event)
{
    VMM_CONTAINER(sink, struct last, sink)->event = *event;
}

static void
enter_announces_space_page_rights_and_flags(void **state)
{
    struct pmap_fixture *f = *state;
    struct last last = { .sink = { see_last, NULL } };

    trace_attach(&f->trace, &last.sink);
    assert_int_equal(enter(f, f->other, 3, 7, 'W'), VMM_OK);
    trace_detach(&f->trace, &last.sink);
    assert_int_equal(last.event.kind, EV_PMAP_ENTER);
    assert_int_equal(last.event.space, 2);
    assert_int_equal(last.event.va, pmap_fixture_va(f, f->other, 3));
    assert_int_equal(last.event.ppn, f->data[7]);
    assert_int_equal(last.event.prot, VMM_PROT_READ | VMM_PROT_WRITE);
    assert_int_equal(last.event.detail, PMAP_ENTER_WIRED);
}

/*  tables      before the first enter: the root; after it: 4; a neighbour needs none more  */
static void
enter_makes_the_tables_it_needs(void **state)
{
    struct pmap_fixture *f = *state;
    uint64_t before = pmap_table_pages(f->pmaps);

    assert_int_equal(statistics_of(f->user).table_pages, 1);
    enter_picture(f, f->user, "rr");
    assert_int_equal(statistics_of(f->user).table_pages, 4);
    assert_int_equal(f->trace.counters[EV_PMAP_TABLE], 3);
    assert_int_equal(enter(f, f->user, FIXTURE_CHUNK, 3, 'r'), VMM_OK);
    assert_int_equal(statistics_of(f->user).table_pages, 5);
    assert_int_equal(pmap_table_pages(f->pmaps), before + 4);
    assert_picture(f, f->user, "rr-");
}

/*  NOWAIT takes a free frame for a table, and where none is free it says so instead of waiting  */
static void
enter_that_may_not_wait_needs_a_free_frame(void **state)
{
    struct pmap_fixture *f = *state;
    struct hw_frames *frames = &f->machine->frames;
    vmm_va va = pmap_fixture_va(f, f->user, 0);
    vmm_ppn taken[FIXTURE_FRAMES];
    size_t count = 0;

    while (frames->free_count > 0)
        taken[count++] = hw_frame_alloc(frames);
    assert_int_equal(pmap_enter(f->user, va, f->data[0], VMM_PROT_READ, PMAP_ENTER_NOWAIT),
                     VMM_RESOURCE_SHORTAGE);
    assert_int_equal(pmap_enter(f->user, va, f->data[0], VMM_PROT_READ, 0), VMM_MODEL_NO_FRAME);
    assert_int_equal(statistics_of(f->user).table_pages, 1);
    while (count > 0)
        hw_frame_free(frames, taken[--count]);
    assert_int_equal(pmap_enter(f->user, va, VMM_NO_PAGE, VMM_PROT_READ, PMAP_ENTER_NOENTER),
                     VMM_OK);
    assert_int_equal(statistics_of(f->user).table_pages, 4);
    assert_picture(f, f->user, "-");
    assert_int_equal(pmap_enter(f->user, va, f->data[0], VMM_PROT_READ, PMAP_ENTER_NOWAIT), VMM_OK);
    assert_picture(f, f->user, "r");
}

/*  no frame is left for the second table: the first one stays, and helps the next time  */
static void
enter_without_a_frame_for_a_table_changes_no_translation(void **state)
{
    struct pmap_fixture *f = *state;
    struct hw_frames *frames = &f->machine->frames;
    vmm_ppn taken[FIXTURE_FRAMES];
    size_t count = 0;

    while (frames->free_count > 1)
        taken[count++] = hw_frame_alloc(frames);
    assert_int_equal(enter(f, f->user, 0, 0, 'w'), VMM_MODEL_NO_FRAME);
    assert_events(f, "");
    assert_pmap_invariants(f);
    assert_int_equal(statistics_of(f->user).table_pages, 2);
    while (count > 0)
        hw_frame_free(frames, taken[--count]);
    assert_int_equal(enter(f, f->user, 0, 0, 'w'), VMM_OK);
    assert_int_equal(statistics_of(f->user).table_pages, 4);
}

/* Every verb that asks for memory, in an order that makes zones and tables grow. */
static bool
build_and_enter(struct counting_alloc *counting)
{
    static struct pmap_fixture fixture;
    struct pmap_fixture *f = &fixture;
    bool got_all;

    *f = (struct pmap_fixture){ .counting = *counting };
    f->counting.alloc.context = counting; /* the sweep counts in its own */
    got_all = pmap_fixture_start(f);
    for (unsigned n = 0; got_all && n < 2000; n += 100) {
        enum vmm_status status = enter(f, f->user, n, n / 100 % FIXTURE_DATA, 'W');
        struct pmap_translation found;

        got_all = status == VMM_OK;
        assert_true(got_all || status == VMM_MODEL_NO_MEMORY);
        assert_int_equal(pmap_query(f->user, pmap_fixture_va(f, f->user, n), &found), got_all);
        assert_pmap_invariants(f);
    }
    pmap_fixture_end(f);
    return got_all;
}

static void
every_failure_of_memory_leaves_the_invariants(void **state)
{
    (void)state;
    assert_in_range(test_alloc_sweep(build_and_enter), 20, 100);
}

/*  replacing frame 0 by frame 5, mapped elsewhere, needs a record; else the old translation stays  */
static void
enter_of_another_page_without_a_record_changes_nothing(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "W");
    assert_int_equal(enter(f, f->user, 1, 5, 'r'), VMM_OK);
    f->events_length = 0;
    test_alloc_fail_next(&f->counting, 1);
    assert_int_equal(enter(f, f->user, 0, 5, 'r'), VMM_MODEL_NO_MEMORY);
    assert_events(f, "");
    assert_picture(f, f->user, "Wr");
    assert_true(pmap_page_is_mapped(f->pmaps, f->data[0]));
}

static void
enter_a_free_frame(void *context)
{
    struct pmap_fixture *f = context;

    (void)!pmap_enter(f->user, pmap_fixture_va(f, f->user, 0), FIXTURE_FRAMES, VMM_PROT_READ, 0);
}

static void
enter_a_kernel_address_for_a_user(void *context)
{
    struct pmap_fixture *f = context;

    (void)!pmap_enter(f->user, pmap_fixture_va(f, f->kernel, 0), f->data[0], VMM_PROT_READ, 0);
}

static void
enter_between_pages(void *context)
{
    struct pmap_fixture *f = context;

    (void)!pmap_enter(f->user, pmap_fixture_va(f, f->user, 0) + 8, f->data[0], VMM_PROT_READ, 0);
}

static void
enter_asserts_what_only_our_own_bug_can_cause(void **state)
{
    test_trap_assert(enter_a_free_frame, *state);
    test_trap_assert(enter_a_kernel_address_for_a_user, *state);
    test_trap_assert(enter_between_pages, *state);
}

/* ---- remove ---- */

/*  chunks      |0........|1........|2........|
 *  valid        x  x                x            remove [1, 3 chunks): one flush in 0, one in 2  */
static void
remove_flushes_once_per_chunk_that_held_any(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "r-RW");
    assert_int_equal(enter(f, f->user, FIXTURE_CHUNK * 2 + 7, 4, 'w'), VMM_OK);
    f->events_length = 0;
    remove_pages(f, f->user, 1, FIXTURE_CHUNK * 3);
    assert_events(f, "REMOVE@2 REMOVE@3 FLUSH@1+511 REMOVE@1031 FLUSH@1024+512");
    assert_picture(f, f->user, "r---");
    assert_int_equal(statistics_of(f->user).resident_pages, 1);
    assert_int_equal(statistics_of(f->user).wired_pages, 0);
}

/*  T21: lazily mapped and never touched, and touched once but empty now: no flush  */
static void
t21_removing_what_has_no_translation_does_not_flush(void **state)
{
    struct pmap_fixture *f = *state;

    remove_pages(f, f->user, 0, FIXTURE_CHUNK * 4);
    assert_events(f, "");
    enter_picture(f, f->user, "w");
    remove_pages(f, f->user, 0, 1);
    f->events_length = 0;
    remove_pages(f, f->user, 0, FIXTURE_CHUNK * 4);
    assert_events(f, "");
}

/*  128 TiB with a translation at each end: a walk page by page would not end today  */
static void
a_walk_over_terabytes_is_quick(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va last = ((vmm_va)1 << 47) - 4096;
    uint64_t wired = 9;

    assert_int_equal(pmap_enter(f->user, 0, f->data[0], VMM_PROT_READ, PMAP_ENTER_WIRED), VMM_OK);
    assert_int_equal(pmap_enter(f->user, last, f->data[1], VMM_PROT_READ, 0), VMM_OK);
    f->events_length = 0;
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(pmap_count(f->user, 0, (vmm_va)1 << 47, &wired), 2);
    assert_int_equal(wired, 1);
    pmap_protect(f->user, 0, (vmm_va)1 << 47, VMM_PROT_READ);
    pmap_remove(f->user, 0, (vmm_va)1 << 47);
    assert_int_equal(f->trace.counters[EV_TLB_FLUSH], 1 + 2);
    assert_int_equal(pmap_count(f->user, 0, (vmm_va)1 << 47, NULL), 0);
}

/*  the last page of the address space has no end that a range could name, but it is there  */
static void
the_top_of_the_kernel_is_walked_too(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va top = ~(vmm_va)0 << 12;

    assert_int_equal(pmap_enter(f->kernel, top, f->data[0], VMM_PROT_READ, 0), VMM_OK);
    assert_int_equal(pmap_enter(f->kernel, top - 4096, f->data[1], VMM_PROT_READ, 0), VMM_OK);
    assert_pmap_invariants(f);
    assert_int_equal(pmap_count(f->kernel, ~(vmm_va)0 << 47, top, NULL), 1);
    pmap_remove(f->kernel, ~(vmm_va)0 << 47, top);
    assert_int_equal(statistics_of(f->kernel).resident_pages, 1);
}

/* ---- protect ---- */

/*  before  rwWA-x     then protect [0, 6) to READ
 *  after   rrRR-r     one flush over the range; only what changed is told                   */
static void
protect_narrows_and_flushes_the_range_once(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "rwWA-x");
    f->events_length = 0;
    protect_pages(f, f->user, 0, 6, VMM_PROT_READ);
    assert_picture(f, f->user, "rrRR-r");
    assert_events(f, "PROTECT@1 PROTECT@2 PROTECT@3 PROTECT@5 FLUSH@0+6");
}

static void
protect_flushes_even_when_no_bit_changed(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "-r");
    f->events_length = 0;
    protect_pages(f, f->user, 0, 2, VMM_PROT_ALL);
    assert_events(f, "FLUSH@0+2");
    assert_picture(f, f->user, "-r"); /* no right is ever added */
}

static void
protect_of_nothing_does_not_flush(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "r");
    f->events_length = 0;
    protect_pages(f, f->user, 1, FIXTURE_CHUNK * 3, VMM_PROT_READ);
    assert_events(f, "");
}

static void
protect_to_none_removes(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "wW");
    f->events_length = 0;
    protect_pages(f, f->user, 0, 2, VMM_PROT_NONE);
    assert_events(f, "REMOVE@0 REMOVE@1 FLUSH@0+2");
    assert_picture(f, f->user, "--");
}

/*  two chunks: still one flush, as pmap_protect() has it at its end  */
static void
protect_over_two_chunks_flushes_once(void **state)
{
    struct pmap_fixture *f = *state;

    assert_int_equal(enter(f, f->user, 511, 0, 'w'), VMM_OK);
    assert_int_equal(enter(f, f->user, 512, 1, 'w'), VMM_OK);
    f->events_length = 0;
    protect_pages(f, f->user, 511, 513, VMM_PROT_READ);
    assert_events(f, "PROTECT@511 PROTECT@512 FLUSH@511+2");
}

/* ---- wiring ---- */

/*  w -> W -> W -> w, and an address without a translation: never a flush  */
static void
change_wiring_sets_the_bit_and_never_flushes(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_va va = pmap_fixture_va(f, f->user, 0);

    pmap_change_wiring(f->user, va, true); /* no table yet */
    enter_picture(f, f->user, "w");
    f->events_length = 0;
    pmap_change_wiring(f->user, va, true);
    pmap_change_wiring(f->user, va, true);
    assert_events(f, "WIRING@0");
    assert_picture(f, f->user, "W");
    assert_int_equal(statistics_of(f->user).wired_pages, 1);
    pmap_change_wiring(f->user, va, false);
    pmap_change_wiring(f->user, va + 4096, true);
    pmap_change_wiring(f->user, va + 4096, false);
    assert_events(f, "WIRING@0");
    assert_picture(f, f->user, "w-");
    assert_int_equal(statistics_of(f->user).wired_pages, 0);
}

/* ---- one page in every pmap ---- */

/*  frame 0:  user 0 'A', other 0 'w', kernel 0 'r'     READ takes WRITE and nothing else  */
static void
page_protect_takes_write_from_every_mapping(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "A");
    enter_picture(f, f->other, "w");
    enter_picture(f, f->kernel, "r");
    f->events_length = 0;
    pmap_page_protect(f->pmaps, f->data[0], VMM_PROT_READ);
    assert_events(f, "FLUSH@0+1 PROTECT@0 FLUSH@0+1 PROTECT@0 FLUSH@0+1");
    assert_picture(f, f->user, "X");
    assert_picture(f, f->other, "r");
    assert_picture(f, f->kernel, "r");
}

/*  T2: disconnecting removes wired mappings too  */
static void
t2_page_protect_to_none_removes_wired_mappings(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "Ww");
    assert_int_equal(enter(f, f->user, 9, 0, 'r'), VMM_OK);
    f->events_length = 0;
    pmap_page_protect(f->pmaps, f->data[0], VMM_PROT_NONE);
    assert_events(f, "REMOVE@9 FLUSH@9+1 REMOVE@0 FLUSH@0+1");
    assert_picture(f, f->user, "-w");
    assert_false(pmap_page_is_mapped(f->pmaps, f->data[0]));
    assert_true(pmap_page_is_mapped(f->pmaps, f->data[1]));
}

/*  vm.md 5.3: READ and READ with EXECUTE narrow; whatever else has no WRITE removes  */
static void
page_protect_to_execute_alone_removes(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "x");
    pmap_page_protect(f->pmaps, f->data[0], VMM_PROT_EXECUTE);
    assert_picture(f, f->user, "-");
}

static void
page_protect_that_keeps_write_does_nothing(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "A");
    f->events_length = 0;
    pmap_page_protect(f->pmaps, f->data[0], VMM_PROT_ALL);
    pmap_page_protect(f->pmaps, f->data[3], VMM_PROT_NONE); /* mapped nowhere */
    assert_events(f, "");
    assert_picture(f, f->user, "A");
}

/* ---- looking ---- */

static void
collect(void *context, vmm_va va, const struct pmap_translation *found)
{
    char *text = context;
    size_t length = strlen(text);

    text[length] = (char)('0' + (va >> 12 & 0xf));
    text[length + 1] = found->is_wired ? '!' : ' ';
    text[length + 2] = '\0';
}

/*  -rW--w-   each over [0, 7): 1, 2 wired, 5  */
static void
looking_tells_in_order_and_changes_nothing(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap_translation found = { .ppn = 77 };
    uint64_t sequence;
    char text[32] = "";

    enter_picture(f, f->user, "-rW--w-");
    sequence = f->trace.sequence;
    pmap_each(f->user, pmap_fixture_va(f, f->user, 0), pmap_fixture_va(f, f->user, 7), collect,
              text);
    assert_string_equal(text, "1 2!5 ");
    assert_int_equal(
        pmap_count(f->user, pmap_fixture_va(f, f->user, 2), pmap_fixture_va(f, f->user, 5), NULL),
        1);
    assert_false(pmap_query(f->user, pmap_fixture_va(f, f->user, 0), &found));
    assert_int_equal(found.ppn, 77);
    assert_false(pmap_query(f->other, pmap_fixture_va(f, f->other, 0), &found));
    assert_true(f->trace.sequence == sequence);
    assert_int_equal(*fixture_leaf(f, f->user, 1) & HW_PTE_REF, 0);
    assert_int_equal(f->machine->cpus[0].walks, 0);
}

/* ---- life ---- */

static void
asids_run_on_and_start_over_past_those_in_use(void **state)
{
    struct pmap_fixture *f = *state;
    struct pmap *third = pmap_create(f->pmaps, 3);

    assert_int_equal(f->kernel->asid, 0);
    assert_int_equal(f->user->asid, 1);
    assert_int_equal(f->other->asid, 2);
    assert_int_equal(third->asid, 3);
    pmap_destroy(f->other);
    f->other = pmap_create(f->pmaps, 4);
    assert_int_equal(f->other->asid, 4); /* not 2 yet: a number rests as long as it can */
    f->pmaps->last_asid = PMAP_MAX_ASID - 1;
    pmap_destroy(third);
    third = pmap_create(f->pmaps, 5);
    assert_int_equal(third->asid, PMAP_MAX_ASID);
    assert_int_equal(pmap_create(f->pmaps, 6)->asid, 2); /* 1 is in use */
    assert_int_equal(pmap_create(f->pmaps, 7)->asid, 3);
    assert_int_equal(pmap_create(f->pmaps, 8)->asid, 5); /* and so is 4 */
}

static void
no_pmap_comes_when_every_asid_is_in_use(void **state)
{
    struct pmap_fixture *f = *state;
    size_t pieces = f->pmaps->pmap_zone.pieces_in_use;

    f->pmaps->pmap_zone.pieces_in_use = PMAP_MAX_ASID + 1;
    assert_null(pmap_create(f->pmaps, 3));
    f->pmaps->pmap_zone.pieces_in_use = pieces;
}

/*  a destroyed pmap is in no table, no TLB and on no CPU  */
static void
destroy_gives_tables_back_and_is_forgotten_by_all(void **state)
{
    struct pmap_fixture *f = *state;
    vmm_ppn free_before = f->machine->frames.free_count;
    struct pmap *pmap = pmap_create(f->pmaps, 3);

    for (uint32_t cpu = 0; cpu < 3; cpu++)
        pmap_switch(f->pmaps, cpu, pmap);
    enter_picture(f, pmap, "w");
    for (uint32_t cpu = 0; cpu < 3; cpu++)
        assert_int_equal(fixture_access(f, cpu, pmap, 0, HW_READ), HW_OK);
    remove_pages(f, pmap, 0, 1);
    pmap_destroy(pmap);
    assert_int_equal(f->machine->frames.free_count, free_before);
    for (uint32_t cpu = 0; cpu < 3; cpu++) {
        assert_int_equal(f->machine->cpus[cpu].user_root, VMM_NO_PAGE);
        assert_int_equal(fixture_access(f, cpu, f->user, 0, HW_READ), HW_FAULT_NOT_PRESENT);
    }
    assert_pmap_invariants(f);
}

static void
destroy_user(void *context)
{
    struct pmap_fixture *f = context;

    pmap_destroy(f->user);
}

static void
a_pmap_that_still_translates_cannot_be_destroyed(void **state)
{
    struct pmap_fixture *f = *state;

    enter_picture(f, f->user, "r");
    test_trap_assert(destroy_user, f);
}

/* ---- random operations against a plain array ---- */

enum { SPAN = 24, SPACES = 3 };

struct plain {
    unsigned frame;
    char letter; /* '-': no translation */
};

struct random_run {
    struct pmap_fixture *f;
    struct pmap *pmaps[SPACES];
    struct plain plain[SPACES][SPAN];
    struct vmm_rng rng;
};

static unsigned
below(struct random_run *run, unsigned bound)
{
    return (unsigned)vmm_rng_below(&run->rng, bound);
}

/* Pages 0 .. 11 lie at the end of one chunk, 12 .. 23 at the start of the next. */
static unsigned
spread(unsigned n)
{
    return FIXTURE_CHUNK - SPAN / 2 + n;
}

static char
without_write(char letter)
{
    static const char from[] = "wWaA";
    static const char to[] = "rRxX";
    const char *at = strchr(from, letter);

    return at == NULL ? letter : to[at - from];
}

static char
narrowed(char letter, vmm_prot prot)
{
    if (prot == VMM_PROT_NONE)
        return '-';
    if (letter == '-')
        return letter;
    if (!(prot & VMM_PROT_WRITE))
        letter = without_write(letter);
    if (!(prot & VMM_PROT_EXECUTE) && strchr("xXaA", letter) != NULL)
        letter = (char)(letter == 'x' ? 'r' : letter == 'X' ? 'R' : letter == 'a' ? 'w' : 'W');
    return letter;
}

static void
random_enter(struct random_run *run, unsigned space, unsigned n)
{
    unsigned frame = below(run, 6);
    char letter = "rwxaRWXA"[below(run, 8)];

    assert_int_equal(enter(run->f, run->pmaps[space], spread(n), frame, letter), VMM_OK);
    run->plain[space][n] = (struct plain){ frame, letter };
}

static void
random_range(struct random_run *run, unsigned space, unsigned from)
{
    static const vmm_prot prots[] = { VMM_PROT_NONE, VMM_PROT_READ, VMM_PROT_READ | VMM_PROT_WRITE,
                                      VMM_PROT_READ | VMM_PROT_EXECUTE };
    unsigned to = from + below(run, SPAN - from) + 1;
    vmm_prot prot = prots[below(run, 4)];

    protect_pages(run->f, run->pmaps[space], spread(from), spread(to), prot);
    for (; from < to; from++)
        run->plain[space][from].letter = narrowed(run->plain[space][from].letter, prot);
}

static void
random_wiring(struct random_run *run, unsigned space, unsigned n)
{
    struct plain *plain = &run->plain[space][n];
    bool wired = below(run, 2) != 0;

    pmap_change_wiring(run->pmaps[space], pmap_fixture_va(run->f, run->pmaps[space], spread(n)),
                       wired);
    if (plain->letter != '-')
        plain->letter = (char)(wired ? plain->letter & ~0x20 : plain->letter | 0x20);
}

static void
random_page(struct random_run *run)
{
    unsigned frame = below(run, 6);
    bool removes = below(run, 3) == 0;

    pmap_page_protect(run->f->pmaps, run->f->data[frame], removes ? VMM_PROT_NONE : VMM_PROT_READ);
    for (unsigned space = 0; space < SPACES; space++) {
        for (unsigned n = 0; n < SPAN; n++) {
            struct plain *plain = &run->plain[space][n];

            if (plain->frame == frame && plain->letter != '-')
                plain->letter = removes ? '-' : without_write(plain->letter);
        }
    }
}

/* A CPU touches a page; it gets there exactly when the array says so. */
static void
random_touch(struct random_run *run, unsigned n)
{
    struct pmap_fixture *f = run->f;
    uint32_t cpu = below(run, 3);
    unsigned space = below(run, SPACES);
    bool writes = below(run, 2) != 0;
    const struct plain *plain = &run->plain[space][n];
    bool may = plain->letter != '-' && (!writes || strchr("wWaA", plain->letter) != NULL);
    vmm_ppn ppn = VMM_NO_PAGE;

    f->trace.cpu = cpu;
    pmap_cpu_mode(f->pmaps, cpu, HW_CPU_KERNEL);
    pmap_switch(f->pmaps, cpu, space == 0 ? NULL : run->pmaps[space]);
    assert_int_equal(hw_access(f->machine, cpu, pmap_fixture_va(f, run->pmaps[space], spread(n)),
                               writes ? HW_WRITE : HW_READ, space != 0, &ppn) == HW_OK,
                     may);
    if (may)
        assert_int_equal(ppn, f->data[plain->frame]);
    if (below(run, 2) != 0)
        pmap_cpu_mode(f->pmaps, cpu, below(run, 2) != 0 ? HW_CPU_IDLE : HW_CPU_USER);
}

static void
compare(struct random_run *run)
{
    struct pmap_fixture *f = run->f;

    for (unsigned space = 0; space < SPACES; space++) {
        for (unsigned n = 0; n < SPAN; n++) {
            const struct plain *plain = &run->plain[space][n];
            vmm_va va = pmap_fixture_va(f, run->pmaps[space], spread(n));
            struct pmap_translation found;

            assert_int_equal(pmap_query(run->pmaps[space], va, &found), plain->letter != '-');
            if (plain->letter == '-')
                continue;
            assert_int_equal(found.ppn, f->data[plain->frame]);
            assert_int_equal(found.prot, picture_prot(plain->letter));
            assert_int_equal(found.is_wired, picture_flags(plain->letter) != 0);
        }
    }
}

static void
random_step(struct random_run *run)
{
    unsigned space = below(run, SPACES);
    unsigned n = below(run, SPAN);
    unsigned verb = below(run, 20);

    if (verb < 8)
        random_enter(run, space, n);
    else if (verb < 9)
        random_range(run, space, n);
    else if (verb < 11)
        random_wiring(run, space, n);
    else if (verb < 12)
        random_page(run);
    else
        random_touch(run, n);
}

static void
random_operations_agree_with_a_plain_array(void **state)
{
    static struct random_run run;
    struct pmap_fixture *f = *state;

    run = (struct random_run){ .f = f, .pmaps = { f->kernel, f->user, f->other }, .rng = { 5 } };
    memset(run.plain, '-', sizeof(run.plain));
    for (unsigned step = 0; step < 20000; step++) {
        random_step(&run);
        assert_pmap_invariants(f);
        if (step % 16 == 0)
            compare(&run);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, pmap_fixture_setup, pmap_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(enter_flushes_only_what_5_4_says),
        CASE(enter_of_another_page_removes_and_flushes_first),
        CASE(enter_keeps_what_the_hardware_noted_of_the_same_page),
        CASE(enter_writes_the_words_of_5_2),
        CASE(enter_announces_space_page_rights_and_flags),
        CASE(enter_makes_the_tables_it_needs),
        CASE(enter_that_may_not_wait_needs_a_free_frame),
        CASE(enter_without_a_frame_for_a_table_changes_no_translation),
        cmocka_unit_test(every_failure_of_memory_leaves_the_invariants),
        CASE(enter_of_another_page_without_a_record_changes_nothing),
        CASE(enter_asserts_what_only_our_own_bug_can_cause),
        CASE(remove_flushes_once_per_chunk_that_held_any),
        CASE(t21_removing_what_has_no_translation_does_not_flush),
        CASE(a_walk_over_terabytes_is_quick),
        CASE(the_top_of_the_kernel_is_walked_too),
        CASE(protect_narrows_and_flushes_the_range_once),
        CASE(protect_flushes_even_when_no_bit_changed),
        CASE(protect_of_nothing_does_not_flush),
        CASE(protect_to_none_removes),
        CASE(protect_over_two_chunks_flushes_once),
        CASE(change_wiring_sets_the_bit_and_never_flushes),
        CASE(page_protect_takes_write_from_every_mapping),
        CASE(t2_page_protect_to_none_removes_wired_mappings),
        CASE(page_protect_to_execute_alone_removes),
        CASE(page_protect_that_keeps_write_does_nothing),
        CASE(looking_tells_in_order_and_changes_nothing),
        CASE(asids_run_on_and_start_over_past_those_in_use),
        CASE(no_pmap_comes_when_every_asid_is_in_use),
        CASE(destroy_gives_tables_back_and_is_forgotten_by_all),
        CASE(a_pmap_that_still_translates_cannot_be_destroyed),
        CASE(random_operations_agree_with_a_plain_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
