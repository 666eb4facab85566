/* test_vm_pager.c - a file behind an object: asking, reading ahead, failing, waiting; vm.md 4.3, 4.4 */
#include "vm_fixture.h"
#include "vm_two_threads.h"

#include "vm/vm_fault.h"
#include "vm/vm_internal.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_object.h"
#include "vm/vm_pager.h"
#include "vm/vm_upl.h"
#include "vm/vm_user.h"

enum { FILE_PAGES = 16 };

/* Page n of the file is filled with this byte. */
static uint8_t
byte_of(unsigned n)
{
    return (uint8_t)('a' + n);
}

static struct vm_memory_entry *
new_file(struct vm_fixture *f)
{
    struct vm_memory_entry *file = NULL;

    assert_int_equal(vm_memory_entry_file(f->system, FILE_PAGES * PAGE, VMM_PROT_DEFAULT, &file),
                     VMM_OK);
    for (unsigned n = 0; n < FILE_PAGES; n++) {
        uint8_t bytes[PAGE];

        memset(bytes, byte_of(n), sizeof(bytes));
        assert_int_equal(vm_memory_entry_file_write(file, (vmm_off)n * PAGE, bytes, PAGE), VMM_OK);
    }
    return file;
}

static void
map_file(struct vm_fixture *f, struct vm_memory_entry *file, unsigned n, bool is_private)
{
    struct vm_map_enter_args like = { .flags = VM_MAP_FIXED,
                                      .protection = VMM_PROT_DEFAULT,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = VMM_INHERIT_COPY,
                                      .needs_copy = is_private };
    vmm_va address = page(f, n);

    assert_int_equal(vm_memory_entry_enter(file, f->map, &address, 0, FILE_PAGES * PAGE, &like),
                     VMM_OK);
}

/* One picture of a mapping: 'x' where the page is in memory. */
static void
assert_resident(struct vm_fixture *f, unsigned first, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_page_view view;

        vm_map_probe(f->map, page(f, first + n), &view);
        found[n] = view.is_resident ? 'x' : '-';
    }
    assert_string_equal(found, picture);
}

/* Remembers what the last fault decided. */
struct watch {
    struct trace_sink sink;
    enum vm_fault_kind kind;
};

static void
see(struct trace_sink *sink, const struct trace_event *event)
{
    if (event->kind == EV_FAULT)
        VMM_CONTAINER(sink, struct watch, sink)->kind = (enum vm_fault_kind)event->detail;
}

/* Loads the page and says what its fault was. */
static const char *
load_kind(struct vm_fixture *f, unsigned n)
{
    struct watch watch = { .sink = { .see = see } };
    uint8_t byte;

    trace_attach(vm_system_trace(f->system), &watch.sink);
    assert_int_equal(user_load(f, n, &byte), VMM_OK);
    trace_detach(vm_system_trace(f->system), &watch.sink);
    assert_int_equal(byte, byte_of(n % FILE_PAGES));
    return vm_fault_kind_name(watch.kind);
}

static struct vm_statistics
statistics(const struct vm_fixture *f)
{
    struct vm_statistics found;

    vm_system_statistics(f->system, &found);
    return found;
}

static uint64_t
requests(const struct vm_fixture *f)
{
    return vm_system_trace(f->system)->counters[EV_PAGE_IN];
}

/* Lets everything work, and counts how often it was asked about pages that come. */
struct asked {
    struct vmm_injector injector;
    unsigned pages;
};

static bool
count_pages(struct vmm_injector *injector, enum vmm_call call)
{
    VMM_CONTAINER(injector, struct asked, injector)->pages += call == VMM_CALL_PAGER;
    return false;
}

/* ---- asking ---- */

/*  file        abcdefghijklmnop
 *  load 0      xxxxxxxx--------   one request brings a cluster, one translation (vm.md 4.6)
 *  load 1      a first touch of what came ahead: a pagein, no request
 *  load 0, elsewhere: resident, and nothing else                                               */
static void
a_fault_asks_for_a_cluster_and_maps_one_page(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);

    map_file(f, file, 0, false);
    map_file(f, file, FILE_PAGES, false);
    assert_string_equal(load_kind(f, 0), "PAGEINV");
    assert_resident(f, 0, "xxxxxxxx--------");
    assert_translated(f, "r---------------");
    assert_int_equal(requests(f), 1);
    assert_int_equal(statistics(f).pageins, 1);
    assert_int_equal(statistics(f).speculative_pages, 7);
    assert_int_equal(statistics(f).external_pages, 8);
    assert_string_equal(load_kind(f, 1), "PAGEINV");
    assert_int_equal(requests(f), 1);
    assert_int_equal(statistics(f).pageins, 2);
    assert_int_equal(statistics(f).speculative_pages, 6);
    assert_string_equal(load_kind(f, FILE_PAGES), "CACHE_HIT");
    assert_int_equal(statistics(f).pageins, 2);
    vm_memory_entry_release(&file);
}

/*  random       x---------------      sequential   ----xxxxxxxxxxxx      reverse   xxxxxxxx------ */
static void
advice_says_which_neighbours_come(void **state)
{
    static const struct {
        uint32_t behavior;
        unsigned at;
        const char *resident;
    } cases[] = {
        { VM_BEHAVIOR_RANDOM, 4, "----x-----------" },
        { VM_BEHAVIOR_DEFAULT, 4, "----xxxxxxxx----" },
        { VM_BEHAVIOR_SEQUENTIAL, 4, "----xxxxxxxxxxxx" },
        { VM_BEHAVIOR_RSEQNTL, 7, "xxxxxxxx--------" },
    };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vm_memory_entry *file;

        vm_fixture_restart(f, "macos-15.4");
        file = new_file(f);
        map_file(f, file, 0, false);
        vm_memory_entry_release(&file);
        assert_int_equal(vm_behavior_set(f->map, page(f, 0), FILE_PAGES * PAGE, cases[i].behavior),
                         VMM_OK);
        assert_string_equal(load_kind(f, cases[i].at), "PAGEINV");
        assert_resident(f, 0, cases[i].resident);
    }
}

/*  WILLNEED makes pages resident and no translation (vm.md 2.3)                                  */
static void
willneed_makes_no_translation(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);

    map_file(f, file, 0, false);
    vm_memory_entry_release(&file);
    assert_int_equal(vm_behavior_set(f->map, page(f, 2), 2 * PAGE, VM_BEHAVIOR_WILLNEED), VMM_OK);
    assert_translated(f, "----------------");
    assert_int_equal(faults_since(f), 0);
    assert_true(requests(f) > 0);
    assert_string_equal(load_kind(f, 2), "CACHE_HIT");
}

/*  Anonymous memory that comes back before it is missed: its first touch is a pagein too          */
static void
a_first_touch_of_anonymous_memory_read_ahead(void **state)
{
    struct vm_fixture *f = *state;

    f->system->profile.willneed_touches_anonymous = false;
    f->system->store.limit = 8;
    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, byte_of(0)), VMM_OK);
    assert_int_equal(user_store(f, 1, byte_of(1)), VMM_OK);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), 2 * PAGE, VM_BEHAVIOR_PAGEOUT), VMM_OK);
    assert_resident(f, 0, "--");
    assert_int_equal(statistics(f).compressions, 2);
    assert_string_equal(load_kind(f, 1), "COMPRESSOR");
    assert_int_equal(statistics(f).decompressions, 1);
    assert_int_equal(statistics(f).pageins, 0);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), PAGE, VM_BEHAVIOR_WILLNEED), VMM_OK);
    assert_string_equal(load_kind(f, 0), "PAGEIND");
    assert_int_equal(statistics(f).pageins, 1);
}

static int
disposition(struct vm_fixture *f, unsigned n)
{
    int found = -1;
    int references;

    assert_int_equal(vm_page_query(f->map, page(f, n), &found, &references), VMM_OK);
    return found;
}

/*  What mach_vm_page_query tells: of the file, of what was read ahead, and of a private copy      */
static void
a_query_tells_files_and_copies_apart(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);

    map_file(f, file, 0, false);
    map_file(f, file, FILE_PAGES, true);
    vm_memory_entry_release(&file);
    assert_int_equal(disposition(f, 0), VM_PAGE_QUERY_EXTERNAL);
    assert_string_equal(load_kind(f, 0), "PAGEINV");
    assert_int_equal(disposition(f, 0),
                     VM_PAGE_QUERY_PRESENT | VM_PAGE_QUERY_REF | VM_PAGE_QUERY_EXTERNAL);
    assert_int_equal(disposition(f, 1),
                     VM_PAGE_QUERY_PRESENT | VM_PAGE_QUERY_SPECULATIVE | VM_PAGE_QUERY_EXTERNAL);
    assert_int_equal(user_store(f, FILE_PAGES, 'X'), VMM_OK);
    assert_int_equal(disposition(f, FILE_PAGES), VM_PAGE_QUERY_PRESENT | VM_PAGE_QUERY_REF |
                                                     VM_PAGE_QUERY_DIRTY | VM_PAGE_QUERY_COPIED);
}

/* ---- failing ---- */

/*  A page that cannot be had: the pager's own code, whatever it is; and it may work again         */
static void
a_request_can_fail(void **state)
{
    static const enum vmm_status codes[] = { VMM_MEMORY_ERROR, VMM_MEMORY_FAILURE };
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    uint8_t byte;

    map_file(f, file, 0, false);
    for (size_t i = 0; i < VMM_COUNT_OF(codes); i++) {
        vm_memory_entry_file_fail(file, 2 * PAGE, 3 * PAGE, codes[i]);
        assert_int_equal(user_load(f, 2, &byte), codes[i]);
        assert_resident(f, 0, "----------------");
    }
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 4), VMM_PROT_READ, true),
                     VMM_MEMORY_FAILURE);
    assert_wired(f, "0000");
    vm_memory_entry_file_fail(file, 0, 0, VMM_OK);
    assert_string_equal(load_kind(f, 2), "PAGEINV"); /* who asked freed the page in error */
    vm_memory_entry_release(&file);
}

/*  load 0      xx!!xxxx--------   the cluster comes without two pages, which stand there in error
 *              the pager works again; the next touch of page 2 has the error all the same, once
 *  load 2      xxx!xxxx--------                                                                    */
static void
a_neighbour_that_cannot_be_had_stands_in_error(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    uint8_t byte;

    map_file(f, file, 0, false);
    vm_memory_entry_file_fail(file, 2 * PAGE, 4 * PAGE, VMM_MEMORY_FAILURE);
    assert_string_equal(load_kind(f, 0), "PAGEINV");
    assert_resident(f, 0, "xx--xxxx--------");
    vm_memory_entry_file_fail(file, 0, 0, VMM_OK);
    assert_int_equal(user_load(f, 2, &byte), VMM_MEMORY_ERROR);
    assert_string_equal(load_kind(f, 2), "PAGEINV");
    assert_resident(f, 0, "xxx-xxxx--------");
    assert_int_equal(requests(f), 2);
    vm_memory_entry_release(&file);
}

/*  Wiring, an I/O list and a copy meet the error too, and none of them keeps the page             */
static void
whoever_meets_a_page_in_error_frees_it(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    struct vm_upl *list = NULL;
    vmm_size size = PAGE;
    vmm_va data = 0;

    map_file(f, file, 0, false);
    vm_memory_entry_file_fail(file, PAGE, 4 * PAGE, VMM_MEMORY_FAILURE);
    assert_string_equal(load_kind(f, 0), "PAGEINV");
    vm_memory_entry_file_fail(file, 0, 0, VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 1), page(f, 2), VMM_PROT_READ, true),
                     VMM_MEMORY_ERROR);
    assert_int_equal(vm_upl_create(f->map, page(f, 2), &size, VM_UPL_COPYOUT_FROM, &list),
                     VMM_MEMORY_ERROR);
    assert_int_equal(vm_read(f->map, page(f, 3), 16, f->map, &data), VMM_MEMORY_ERROR);
    for (unsigned n = 1; n < 4; n++)
        assert_string_equal(load_kind(f, n), "PAGEINV");
    vm_memory_entry_release(&file);
}

/*  will-need of a page that cannot be had: told, and the page stands in error until it is missed   */
static void
asking_ahead_leaves_a_page_in_error(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    uint8_t byte;

    map_file(f, file, 0, false);
    vm_memory_entry_file_fail(file, 5 * PAGE, 6 * PAGE, VMM_MEMORY_FAILURE);
    assert_int_equal(vm_behavior_set(f->map, page(f, 5), PAGE, VM_BEHAVIOR_WILLNEED),
                     VMM_MEMORY_FAILURE);
    vm_memory_entry_file_fail(file, 0, 0, VMM_OK);
    assert_int_equal(user_load(f, 5, &byte), VMM_MEMORY_ERROR);
    assert_string_equal(load_kind(f, 5), "PAGEINV");
    vm_memory_entry_release(&file);
}

/*  Reclaim takes a page in error before any other, and writes nothing                             */
static void
a_page_in_error_is_reclaimed_first(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);

    map_file(f, file, 0, false);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), FILE_PAGES * PAGE, VM_BEHAVIOR_RANDOM),
                     VMM_OK);
    assert_int_equal(user_store(f, 0, byte_of(0)), VMM_OK);
    vm_memory_entry_file_fail(file, 5 * PAGE, 6 * PAGE, VMM_MEMORY_FAILURE);
    assert_int_equal(vm_behavior_set(f->map, page(f, 5), PAGE, VM_BEHAVIOR_WILLNEED),
                     VMM_MEMORY_FAILURE);
    vm_memory_entry_file_fail(file, 0, 0, VMM_OK);
    assert_int_equal(vm_system_reclaim(f->system, 1), 1);
    assert_int_equal(statistics(f).pageouts, 0);
    assert_string_equal(load_kind(f, 5), "PAGEINV"); /* the error went with it */
    assert_string_equal(load_kind(f, 0), "NONE");
    vm_memory_entry_release(&file);
}

/* ---- copies ---- */

/*  private      Xbcd     its store copies the page; the file and its shared mapping keep theirs
 *  shared       aYcd     its store pushes the old page to the private mapping first            */
static void
a_private_mapping_keeps_apart(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    uint8_t byte;

    map_file(f, file, 0, false);
    map_file(f, file, FILE_PAGES, true);
    assert_int_equal(user_store(f, FILE_PAGES, 'X'), VMM_OK);
    assert_int_equal(user_store(f, 1, 'Y'), VMM_OK);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 'a');
    assert_int_equal(user_load(f, FILE_PAGES, &byte), VMM_OK);
    assert_int_equal(byte, 'X');
    assert_int_equal(user_load(f, FILE_PAGES + 1, &byte), VMM_OK);
    assert_int_equal(byte, 'b');
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(byte, 'Y');
    vm_memory_entry_release(&file);
}

/* ---- memory runs short ---- */

/*  Pages of a file leave memory even where anonymous ones cannot: dirty ones are written first     */
static void
a_files_pages_go_back_to_the_file(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    uint8_t byte;

    map_file(f, file, 0, false);
    assert_int_equal(user_store(f, 3, 'Z'), VMM_OK);
    vm_memory_entry_file_read(file, 3 * PAGE, &byte, 1);
    assert_int_equal(byte, 'd');
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), FILE_PAGES * PAGE, VM_BEHAVIOR_PAGEOUT),
                     VMM_OK);
    assert_resident(f, 0, "----------------");
    assert_translated(f, "----------------");
    assert_int_equal(statistics(f).pageouts, 1);
    assert_int_equal(statistics(f).external_pages, 0);
    vm_memory_entry_file_read(file, 3 * PAGE, &byte, 1);
    assert_int_equal(byte, 'Z');
    assert_int_equal(user_load(f, 3, &byte), VMM_OK);
    assert_int_equal(byte, 'Z');
    vm_memory_entry_release(&file);
}

static void
a_store_that_nobody_has_room_for_reclaims_the_files_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    unsigned n = FILE_PAGES;
    vmm_va address = page(f, n);

    map_file(f, file, 0, false);
    vm_memory_entry_release(&file);
    assert_string_equal(load_kind(f, 0), "PAGEINV");
    assert_int_equal(vm_allocate(f->map, &address, 512 * PAGE, VM_MAP_FIXED), VMM_OK);
    while (statistics(f).external_pages > 0)
        assert_int_equal(user_store(f, n++, 1), VMM_OK);
    assert_translated(f, "----------------");
    assert_int_equal(vm_deallocate(f->map, address, 512 * PAGE), VMM_OK); /* room again */
    assert_string_equal(load_kind(f, 0), "PAGEINV");
}

/* ---- while the pager works, others run ---- */

static void
loads_the_same(struct two_threads *threads)
{
    threads->other_status = user_load(threads->fixture, 0, &threads->other_byte);
}

/*  A   load 0: asks ----------------- the page comes, and A goes on
 *  B                load 0: sleeps, interrupted: 14        again: served                        */
static void
a_second_fault_on_a_busy_page_sleeps(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    struct two_threads threads;

    map_file(f, file, 0, false);
    vm_memory_entry_release(&file);
    two_threads_start(&threads, f, VM_SCHED_PAGE_BUSY, loads_the_same);
    assert_string_equal(load_kind(f, 0), "PAGEINV");
    assert_int_equal(threads.other_status, VMM_ABORTED);
    assert_int_equal(threads.blocked, 1);
    assert_int_equal(threads.woken, 1);
    assert_int_equal(requests(f), 1);
    loads_the_same(&threads);
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(threads.other_byte, byte_of(0));
    f->system->sched = NULL;
}

static void
unmaps_it(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;

    threads->other_status = vm_deallocate(f->map, page(f, 0), FILE_PAGES * PAGE);
}

/*  A   load 0: asks ------------------- looks again: nothing is mapped, code 1
 *  B                unmaps the file                                                             */
static void
the_mapping_may_be_gone_after_the_wait(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    struct two_threads threads;
    uint8_t byte;

    map_file(f, file, 0, false);
    vm_memory_entry_release(&file);
    two_threads_start(&threads, f, VM_SCHED_PAGE_BUSY, unmaps_it);
    assert_int_equal(user_load(f, 0, &byte), VMM_INVALID_ADDRESS);
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(statistics(f).external_pages, 0);
    f->system->sched = NULL;
}

static void
reads_it_all(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;
    vmm_va data = 0;

    threads->other_status = vm_read(f->map, page(f, 0), 16, f->map, &data);
}

/*  A   load 0: asks ------------------------------------ finds the page there
 *  B                mach_vm_read of it: cannot wait, and has the page filled in A's place         */
static void
who_must_not_wait_fills_the_page(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    struct two_threads threads;

    map_file(f, file, 0, false);
    vm_memory_entry_release(&file);
    two_threads_start(&threads, f, VM_SCHED_PAGE_BUSY, reads_it_all);
    assert_string_equal(load_kind(f, 0), "PAGEINV");
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(threads.blocked, 0);
    f->system->sched = NULL;
}

/* ---- how long the pager takes ---- */

struct patient {
    struct vm_sched sched;
    unsigned yields;
};

static void
count_yield(struct vm_sched *sched)
{
    VMM_CONTAINER(sched, struct patient, sched)->yields++;
}

static void
no_wakeup(struct vm_sched *sched, enum vm_sched_event event, const void *object)
{
    (void)sched;
    (void)event;
    (void)object;
}

/*  turns   others run so often before the page is there; an event says when it was asked for        */
static void
the_latency_is_turns_of_others(void **state)
{
    static const uint32_t turns[] = { 0, 1, 5 };
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    const struct trace *trace = vm_system_trace(f->system);

    map_file(f, file, 0, false);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), FILE_PAGES * PAGE, VM_BEHAVIOR_RANDOM),
                     VMM_OK);
    for (unsigned n = 0; n < VMM_COUNT_OF(turns); n++) {
        struct patient patient = { .sched = { .yield = count_yield, .wakeup = no_wakeup } };

        vm_memory_entry_file_delay(file, turns[n]);
        f->system->sched = &patient.sched;
        assert_string_equal(load_kind(f, n), "PAGEINV");
        assert_int_equal(patient.yields, turns[n]);
        assert_int_equal(trace->counters[EV_PAGE_ASK], n + 1);
        f->system->sched = NULL;
    }
    vm_memory_entry_release(&file);
}

/* ---- writing back (msync) ---- */

static uint8_t
byte_in_file(const struct vm_memory_entry *file, unsigned n)
{
    uint8_t byte;

    vm_memory_entry_file_read(file, (vmm_off)n * PAGE, &byte, 1);
    return byte;
}

/*  store 0, 1   msync of page 0: the file has it, and the page stays; the next store is seen again  */
static void
msync_writes_dirty_pages_back(void **state)
{
    static const uint32_t kinds[] = { VM_SYNC_SYNCHRONOUS, VM_SYNC_ASYNCHRONOUS };
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);

    map_file(f, file, 0, false);
    assert_int_equal(user_store(f, 1, 'Y'), VMM_OK);
    for (unsigned i = 0; i < VMM_COUNT_OF(kinds); i++) {
        uint8_t byte = (uint8_t)('P' + i);

        assert_int_equal(user_store(f, 0, byte), VMM_OK);
        assert_true(disposition(f, 0) & VM_PAGE_QUERY_DIRTY);
        assert_int_equal(vm_msync(f->map, page(f, 0), PAGE, kinds[i]), VMM_OK);
        assert_int_equal(byte_in_file(file, 0), byte);
        assert_int_equal(byte_in_file(file, 1), byte_of(1));
        assert_false(disposition(f, 0) & VM_PAGE_QUERY_DIRTY);
        assert_true(disposition(f, 0) & VM_PAGE_QUERY_PRESENT);
        assert_int_equal(statistics(f).pageouts, i + 1);
    }
    assert_int_equal(vm_msync(f->map, page(f, 0), PAGE, VM_SYNC_SYNCHRONOUS), VMM_OK);
    assert_int_equal(statistics(f).pageouts, 2); /* nothing was stored since */
    vm_memory_entry_release(&file);
}

/*  load 0       a file is no anonymous memory: advice does not zero it                              */
static void
zero_leaves_a_file_alone(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    uint8_t byte;

    map_file(f, file, 0, false);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(vm_behavior_set(f->map, page(f, 0), PAGE, VM_BEHAVIOR_ZERO),
                     VMM_PROTECTION_FAILURE);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, byte_in_file(file, 0));
    vm_memory_entry_release(&file);
}

/*  a device writes into a page before and after an msync: the file gets both                        */
static void
what_a_device_writes_after_an_msync_is_written_back(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    struct vm_upl *upl = NULL;
    vmm_size size = PAGE;

    map_file(f, file, 0, false);
    assert_int_equal(vm_upl_create(f->map, page(f, 0), &size, 0, &upl), VMM_OK);
    assert_int_equal(vm_upl_write(upl, 0, "P", 1), VMM_OK);
    assert_int_equal(vm_msync(f->map, page(f, 0), PAGE, VM_SYNC_SYNCHRONOUS), VMM_OK);
    assert_int_equal(byte_in_file(file, 0), 'P');
    assert_int_equal(vm_upl_write(upl, 0, "Q", 1), VMM_OK);
    vm_upl_commit(&upl);
    assert_int_equal(vm_msync(f->map, page(f, 0), PAGE, VM_SYNC_SYNCHRONOUS), VMM_OK);
    assert_int_equal(byte_in_file(file, 0), 'Q');
    vm_memory_entry_release(&file);
}

/*  a device that only reads leaves a page that was clean clean                                      */
static void
what_a_device_only_reads_stays_clean(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    struct vm_upl *upl = NULL;
    vmm_size size = PAGE;
    int found, references;

    map_file(f, file, 0, false);
    assert_int_equal(vm_upl_create(f->map, page(f, 0), &size, VM_UPL_COPYOUT_FROM, &upl), VMM_OK);
    vm_upl_commit(&upl);
    assert_int_equal(vm_page_query(f->map, page(f, 0), &found, &references), VMM_OK);
    assert_int_equal(found & VM_PAGE_QUERY_DIRTY, 0);
    vm_memory_entry_release(&file);
}

/*  What the file has now is seen again: stores that nobody wrote back are lost                     */
static void
msync_invalidate_throws_pages_away(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);

    map_file(f, file, 0, false);
    assert_int_equal(user_store(f, 0, 'P'), VMM_OK);
    assert_int_equal(user_store(f, 1, 'Q'), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 1), page(f, 2), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_msync(f->map, page(f, 0), 2 * PAGE, VM_SYNC_INVALIDATE), VMM_OK);
    assert_string_equal(load_kind(f, 0), "PAGEINV");
    assert_resident(f, 1, "x"); /* wired pages stay */
    assert_int_equal(user_store(f, 0, 'P'), VMM_OK);
    assert_int_equal(vm_msync(f->map, page(f, 0), PAGE, VM_SYNC_SYNCHRONOUS | VM_SYNC_INVALIDATE),
                     VMM_OK);
    assert_int_equal(byte_in_file(file, 0), 'P');
    assert_resident(f, 0, "-");
    assert_int_equal(vm_map_unwire(f->map, page(f, 1), page(f, 2), true), VMM_OK);
    vm_memory_entry_release(&file);
}

/*  A file that takes nothing: the caller is not told, the page stays and is dirty still             */
static void
a_write_that_fails_leaves_the_page_dirty(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);

    map_file(f, file, 0, false);
    assert_int_equal(user_store(f, 0, 'P'), VMM_OK);
    vm_memory_entry_file_fail(file, 0, PAGE, VMM_MEMORY_ERROR);
    assert_int_equal(vm_msync(f->map, page(f, 0), PAGE, VM_SYNC_SYNCHRONOUS | VM_SYNC_INVALIDATE),
                     VMM_OK);
    assert_int_equal(byte_in_file(file, 0), byte_of(0));
    assert_int_equal(vm_system_trace(f->system)->counters[EV_PAGE_CLEAN], 0);
    assert_resident(f, 0, "x");
    assert_true(disposition(f, 0) & VM_PAGE_QUERY_DIRTY);
    vm_memory_entry_file_fail(file, 0, 0, VMM_OK);
    assert_int_equal(vm_msync(f->map, page(f, 0), PAGE, VM_SYNC_SYNCHRONOUS), VMM_OK);
    assert_int_equal(byte_in_file(file, 0), 'P');
    vm_memory_entry_release(&file);
}

static void
stores_to_it(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;
    struct vm_page_view view;

    vm_map_probe(f->map, page(f, 0), &view);
    assert_true(vm_page_at(f->system, view.ppn)->laundry);
    assert_int_equal(vm_page_at(f->system, view.ppn)->queue, VM_PAGE_ON_NONE);
    assert_int_equal(vm_system_reclaim(f->system, 100), 7); /* the others */
    threads->other_status = user_store(f, 0, 'Q');
}

/*  A   msync: the page is in laundry -------------- goes on; what was stored meanwhile is dirty again
 *  B             reclaim passes it over, a store does not wait                                   */
static void
a_page_in_laundry_can_be_used(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    struct two_threads threads;

    map_file(f, file, 0, false);
    assert_int_equal(user_store(f, 0, 'P'), VMM_OK);
    two_threads_start(&threads, f, VM_SCHED_PAGE_BUSY, stores_to_it);
    assert_int_equal(vm_msync(f->map, page(f, 0), PAGE, VM_SYNC_SYNCHRONOUS), VMM_OK);
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(threads.blocked, 0);
    assert_true(disposition(f, 0) & VM_PAGE_QUERY_DIRTY);
    f->system->sched = NULL;
    vm_memory_entry_release(&file);
}

static void
reads_it_and_memory_runs_short(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;

    vm_map_drop_translations(f->map, page(f, 0), page(f, 1));
    threads->other_status = user_load(f, 0, &threads->other_byte);
    assert_int_equal(vm_system_reclaim(f->system, 100), 8);
    assert_resident(f, 0, "--------");
}

/*  A   msync: the page is in laundry -------------------- nothing is left to write
 *  B             a fault takes it out again; reclaim writes it before it goes, for nobody has yet */
static void
a_page_taken_out_of_laundry_is_not_lost(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    struct two_threads threads;

    map_file(f, file, 0, false);
    assert_int_equal(user_store(f, 0, 'P'), VMM_OK);
    two_threads_start(&threads, f, VM_SCHED_PAGE_BUSY, reads_it_and_memory_runs_short);
    assert_int_equal(vm_msync(f->map, page(f, 0), PAGE, VM_SYNC_SYNCHRONOUS), VMM_OK);
    f->system->sched = NULL;
    assert_int_equal(threads.other_status, VMM_OK);
    assert_int_equal(threads.other_byte, 'P');
    assert_int_equal(byte_in_file(file, 0), 'P');
    vm_memory_entry_release(&file);
}

static void
unmaps_the_file(struct two_threads *threads)
{
    struct vm_fixture *f = threads->fixture;

    threads->other_status = vm_deallocate(f->map, page(f, 0), FILE_PAGES * PAGE);
}

/*  A   msync ---------------- the object is held: the file has the bytes
 *  B            unmaps it                                                                        */
static void
the_mapping_may_be_gone_while_a_page_is_written(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *file = new_file(f);
    struct two_threads threads;

    map_file(f, file, 0, false);
    assert_int_equal(user_store(f, 0, 'P'), VMM_OK);
    two_threads_start(&threads, f, VM_SCHED_PAGE_BUSY, unmaps_the_file);
    assert_int_equal(vm_msync(f->map, page(f, 0), 2 * PAGE, VM_SYNC_SYNCHRONOUS), VMM_OK);
    assert_int_equal(byte_in_file(file, 0), 'P');
    f->system->sched = NULL;
    vm_memory_entry_release(&file);
}

/* ---- memory of the embedder runs out ---- */

static void
a_pagein_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 1000; n++) {
        struct vm_memory_entry *file;
        uint8_t byte;

        vm_fixture_restart(f, "macos-15.4");
        file = new_file(f);
        map_file(f, file, 0, false);
        f->counting.requests = 0;
        f->counting.fail_at = n;
        status = user_load(f, 0, &byte);
        f->counting.fail_at = 0;
        assert_true(status == VMM_OK || status == VMM_MODEL_NO_MEMORY);
        assert_null(vm_system_check(f->system));
        vm_memory_entry_release(&file);
    }
    assert_int_equal(status, VMM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

/*  Whether a page may come is asked once, however much of it the file holds; and of each page         */
static void
each_page_that_comes_is_one_call_that_may_fail(void **state)
{
    struct vm_fixture *f = *state;
    struct asked asked = { .injector = { .fails = count_pages } };
    struct vm_memory_entry *full = new_file(f);
    struct vm_memory_entry *empty;
    uint8_t byte;

    assert_int_equal(vm_memory_entry_file(f->system, FILE_PAGES * PAGE, VMM_PROT_DEFAULT, &empty),
                     VMM_OK);
    map_file(f, full, 0, false);
    map_file(f, empty, FILE_PAGES, false);
    vm_system_set_injector(f->system, &asked.injector);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(asked.pages, 8);
    assert_int_equal(user_load(f, FILE_PAGES, &byte), VMM_OK);
    assert_int_equal(asked.pages, 16);
    vm_system_set_injector(f->system, NULL);
    vm_memory_entry_release(&full);
    vm_memory_entry_release(&empty);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fault_asks_for_a_cluster_and_maps_one_page),
        TEST(advice_says_which_neighbours_come),
        TEST(willneed_makes_no_translation),
        TEST(a_first_touch_of_anonymous_memory_read_ahead),
        TEST(a_query_tells_files_and_copies_apart),
        TEST(a_request_can_fail),
        TEST(a_neighbour_that_cannot_be_had_stands_in_error),
        TEST(whoever_meets_a_page_in_error_frees_it),
        TEST(asking_ahead_leaves_a_page_in_error),
        TEST(a_page_in_error_is_reclaimed_first),
        TEST(the_latency_is_turns_of_others),
        TEST(msync_writes_dirty_pages_back),
        TEST(zero_leaves_a_file_alone),
        TEST(what_a_device_writes_after_an_msync_is_written_back),
        TEST(what_a_device_only_reads_stays_clean),
        TEST(msync_invalidate_throws_pages_away),
        TEST(a_write_that_fails_leaves_the_page_dirty),
        TEST(a_page_in_laundry_can_be_used),
        TEST(a_page_taken_out_of_laundry_is_not_lost),
        TEST(the_mapping_may_be_gone_while_a_page_is_written),
        TEST(a_private_mapping_keeps_apart),
        TEST(a_files_pages_go_back_to_the_file),
        TEST(a_store_that_nobody_has_room_for_reclaims_the_files_pages),
        TEST(a_second_fault_on_a_busy_page_sleeps),
        TEST(the_mapping_may_be_gone_after_the_wait),
        TEST(who_must_not_wait_fills_the_page),
        TEST(a_pagein_survives_every_failing_allocation),
        TEST(each_page_that_comes_is_one_call_that_may_fail),
    };

    return cmocka_run_group_tests_name("vm_pager", tests, NULL, NULL);
}
