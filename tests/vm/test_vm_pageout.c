/* test_vm_pageout.c - which pages leave memory: ageing, use, reactivation; vm.md 4.8, 7.2 */
#include "vm_fixture.h"

#include "vm/vm_fault.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_behavior.h"
#include "vm/vm_page.h"
#include "vm/vm_user.h"

static struct vm_statistics
statistics(const struct vm_fixture *f)
{
    struct vm_statistics found;

    vm_system_statistics(f->system, &found);
    return found;
}

static uint64_t
counted(const struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

/* One picture of the window: 'a' active, 'i' inactive, 's' speculative, 'w' on no queue, '-' not in memory. */
static void
assert_queues(struct vm_fixture *f, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_page_view view;

        vm_map_probe(f->map, page(f, n), &view);
        found[n] = '-';
        if (view.is_resident)
            found[n] = "wais"[vm_page_at(f->system, view.ppn)->queue];
    }
    assert_string_equal(found, picture);
}

/* What a query says of a page's use. */
static bool
is_referenced(struct vm_fixture *f, unsigned n)
{
    int found = 0;
    int references;

    assert_int_equal(vm_page_query(f->map, page(f, n), &found, &references), VMM_OK);
    return (found & VM_PAGE_QUERY_REF) != 0;
}

static void
store_pages(struct vm_fixture *f, unsigned count)
{
    for (unsigned n = 0; n < count; n++)
        assert_int_equal(user_store(f, n, (uint8_t)n), VMM_OK);
}

/* `count` anonymous pages that can go to a store, each stored to once. */
static void
fill_pages(struct vm_fixture *f, const char *picture)
{
    f->system->store.limit = 64;
    draw_pages(f, picture);
    store_pages(f, (unsigned)strlen(picture));
}

/*  stores      aaaaaaaa
 *  reclaim 1   -iiiaaaa   the older half begins to age, and its oldest page goes                  */
static void
half_of_the_pages_age_and_the_oldest_goes(void **state)
{
    struct vm_fixture *f = *state;

    fill_pages(f, "xxxxxxxx");
    assert_queues(f, "aaaaaaaa");
    assert_int_equal(vm_system_reclaim(f->system, 1), 1);
    assert_queues(f, "-iiiaaaa");
    assert_int_equal(statistics(f).active_pages, 4);
    assert_int_equal(statistics(f).inactive_pages, 3);
    assert_int_equal(statistics(f).reactivations, 0);
    assert_translated(f, "-wwwwwww"); /* ageing takes no translation away */
}

/*  One flush for all that aged together                                                          */
static void
ageing_flushes_once(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t before;

    fill_pages(f, "xxxxxxxx");
    vm_system_set_cpu(f->system, 0);
    before = counted(f, EV_TLB_FLUSH);
    assert_int_equal(vm_system_reclaim(f->system, 1), 1);
    assert_int_equal(counted(f, EV_TLB_FLUSH) - before, 2); /* and one for the page that went */
}

/*  load 1      -iiiaaaa   a use of an inactive page that has a translation: no fault ...
 *  reclaim 1   -a-iiaaa   ... but reclaim finds the reference bit, and the next one goes           */
static void
a_page_in_use_is_reactivated(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    fill_pages(f, "xxxxxxxx");
    assert_int_equal(vm_system_reclaim(f->system, 1), 1);
    (void)faults_since(f);
    assert_false(is_referenced(f, 1));
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(faults_since(f), 0);
    assert_true(is_referenced(f, 1));
    assert_int_equal(vm_system_reclaim(f->system, 1), 1);
    assert_queues(f, "-a-iiaaa");
    assert_int_equal(statistics(f).reactivations, 1);
}

/*  Everything inactive is in use: each page goes back once, and then the oldest goes all the same  */
static void
when_all_are_in_use_one_goes_nevertheless(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    fill_pages(f, "xxxxx");
    assert_int_equal(vm_system_reclaim(f->system, 1), 1);
    assert_queues(f, "-iiaa");
    for (unsigned n = 1; n < 5; n++)
        assert_int_equal(user_load(f, n, &byte), VMM_OK);
    assert_int_equal(vm_system_reclaim(f->system, 1), 1);
    assert_int_equal(statistics(f).reactivations, 2);
    assert_queues(f, "-aa-i");
}

/*  A fault on an inactive page activates it too, and is no reactivation (vm.md 7.2)               */
static void
a_fault_activates_without_counting(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    fill_pages(f, "xx");
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), PAGE, VM_BEHAVIOR_DONTNEED), VMM_OK);
    vm_map_drop_translations(f->map, page(f, 0), page(f, 1));
    assert_queues(f, "ia");
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_queues(f, "aa");
    assert_int_equal(statistics(f).reactivations, 0);
}

/*  dont-need   ia   not wanted any more: REF is gone, the page and its translation are not
 *  load        ia   wanted again, and a query says so                                            */
static void
a_query_tells_use_since_the_last_deactivation(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t before;
    uint8_t byte;

    fill_pages(f, "xx");
    assert_true(is_referenced(f, 0));
    before = counted(f, EV_TLB_FLUSH);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), PAGE, VM_BEHAVIOR_DONTNEED), VMM_OK);
    assert_int_equal(counted(f, EV_TLB_FLUSH) - before, 1); /* or a TLB would hide the next use */
    assert_false(is_referenced(f, 0));
    assert_true(is_referenced(f, 1));
    assert_queues(f, "ia");
    assert_translated(f, "ww");
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_true(is_referenced(f, 0));
}

static void
see_nothing(struct trace_sink *sink, const struct trace_event *event)
{
    (void)sink;
    (void)event;
}

/*  Who unwires a page activates it, page by page or, where nobody watches, in a run               */
static void
an_unwired_page_counts_as_used(void **state)
{
    struct vm_fixture *f = *state;
    struct trace_sink watcher = { .see = see_nothing };

    fill_pages(f, "xx");
    for (unsigned watched = 0; watched < 2; watched++) {
        assert_int_equal(vm_behavior_set(f->map, page(f, 0), 2 * PAGE, VM_BEHAVIOR_DONTNEED),
                         VMM_OK);
        assert_false(is_referenced(f, 0));
        if (watched)
            trace_attach(vm_system_trace(f->system), &watcher);
        assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, true), VMM_OK);
        assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 2), true), VMM_OK);
        if (watched)
            trace_detach(vm_system_trace(f->system), &watcher);
        assert_true(is_referenced(f, 0));
        assert_true(is_referenced(f, 1));
        assert_queues(f, "aa");
    }
}

/*  arm64: the first use after ageing is a fast fault, which no counter of faults sees (vm.md 5.3)  */
static void
arm64_sees_use_through_a_fast_fault(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va address;
    uint8_t byte;

    vm_fixture_restart_on(f, "macos-15.4", &hw_geometry_arm64_16k, 512);
    f->system->store.limit = 64;
    address = page(f, 0);
    assert_int_equal(vm_allocate(f->map, &address, 4 * 16384, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), PAGE, VM_BEHAVIOR_DONTNEED), VMM_OK);
    assert_false(is_referenced(f, 0));
    (void)faults_since(f);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(faults_since(f), 0);
    assert_int_equal(counted(f, EV_FAST_FAULT), 1);
    assert_true(is_referenced(f, 0));
}

/*  pages   aassaa     the middle is mapped not to be cached: it is speculative, and goes first
 *  wired   aa-waa     a wire takes a page off its queue, and who unwires it uses it                 */
static void
what_is_not_to_be_cached_goes_first(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va middle = page(f, 2);
    int found, references;

    f->system->store.limit = 64;
    draw_pages(f, "xx..xx");
    assert_int_equal(vm_allocate(f->map, &middle, 2 * PAGE, VM_MAP_FIXED | VM_MAP_NO_CACHE),
                     VMM_OK);
    store_pages(f, 6);
    assert_queues(f, "aassaa");
    assert_int_equal(vm_page_query(f->map, page(f, 2), &found, &references), VMM_OK);
    assert_true(found & VM_PAGE_QUERY_SPECULATIVE);
    assert_true(is_referenced(f, 2));
    assert_int_equal(vm_page_query(f->map, page(f, 1), &found, &references), VMM_OK);
    assert_false(found & VM_PAGE_QUERY_SPECULATIVE);
    assert_int_equal(statistics(f).speculative_pages, 2);
    assert_int_equal(vm_map_wire(f->map, page(f, 3), page(f, 4), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_system_reclaim(f->system, 1), 1);
    assert_queues(f, "aa-waa");
    assert_int_equal(vm_map_unwire(f->map, page(f, 3), page(f, 4), true), VMM_OK);
    assert_queues(f, "aa-aaa");
    assert_int_equal(user_store(f, 2, 9), VMM_OK);
    assert_queues(f, "aasaaa");
}

/*  A wire's own fault leaves a page that is not to be cached wired                                  */
static void
a_wired_page_is_on_no_queue_whatever_its_entry_says(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va first = page(f, 0);
    uint8_t byte;

    assert_int_equal(vm_allocate(f->map, &first, PAGE, VM_MAP_FIXED | VM_MAP_NO_CACHE), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 1), VMM_PROT_READ, true), VMM_OK);
    vm_map_drop_translations(f->map, page(f, 0), page(f, 1));
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_queues(f, "w");
}

/*  Without a store anonymous memory cannot go, however old: reclaim comes back with nothing        */
static void
what_cannot_go_stays_whatever_its_age(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    store_pages(f, 4);
    assert_int_equal(vm_system_reclaim(f->system, 1), 0);
    assert_translated(f, "wwww");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(half_of_the_pages_age_and_the_oldest_goes),
        TEST(ageing_flushes_once),
        TEST(a_page_in_use_is_reactivated),
        TEST(when_all_are_in_use_one_goes_nevertheless),
        TEST(a_fault_activates_without_counting),
        TEST(a_query_tells_use_since_the_last_deactivation),
        TEST(an_unwired_page_counts_as_used),
        TEST(arm64_sees_use_through_a_fast_fault),
        TEST(what_is_not_to_be_cached_goes_first),
        TEST(a_wired_page_is_on_no_queue_whatever_its_entry_says),
        TEST(what_cannot_go_stays_whatever_its_age),
    };

    return cmocka_run_group_tests_name("vm_pageout", tests, NULL, NULL);
}
