/* test_native.c - a driver's pointers trap where the Mac's would */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "faultline/native.h"
#include "hooks/vmk_sim.h"

enum { DIRECTION_IN = 1, DIRECTION_OUT = 2, READ_ONLY_MAP = 0x1000, ANYWHERE = 1 };

struct fixture {
    faultline_world_t *world;
    uint64_t page;
    vmk_task_t app;
    uint64_t address; /* of 16 pages of the app's */
    uint8_t *app_bytes;
    vmk_desc_t md;
    vmk_map_t map;
    volatile uint8_t *kernel_bytes; /* the same pages as the driver sees them */
};

/* ---- findings: the last one, and a jump back ---- */

static struct {
    sigjmp_buf back;
    struct faultline_finding finding;
    char report[8192], file[256], function[128], rule[64];
} last;

static void
jump_back(void *context, const struct faultline_finding *finding)
{
    (void)context;
    last.finding = *finding;
    snprintf(last.report, sizeof(last.report), "%s", finding->report);
    snprintf(last.file, sizeof(last.file), "%s", finding->file);
    snprintf(last.function, sizeof(last.function), "%s", finding->function);
    snprintf(last.rule, sizeof(last.rule), "%s", finding->rule);
    siglongjmp(last.back, 1);
}

/* Runs a statement; true when it ended in a finding. */
#define IS_FOUND(statement) (sigsetjmp(last.back, 1) != 0 ? true : ((void)(statement), false))

/* ---- worlds ---- */

static vmk_map_t
map_into_kernel(const struct fixture *f, vmk_options_t options)
{
    vmk_map_t map =
        vmk_map_create(f->md, vmk_kernel_task(), 0, ANYWHERE | options, 0, 16 * f->page);

    assert_non_null(map);
    return map;
}

static int
start(void **state, const char *machine)
{
    struct fixture *f = calloc(1, sizeof(*f));
    vmk_info_t info = { .size = sizeof(info) };

    f->world = faultline_start(&(struct faultline_config){ .machine = machine });
    if (f->world == NULL)
        fail_msg("%s", faultline_trouble());
    faultline_on_finding(jump_back, NULL);
    assert_int_equal(vmk_get_info(&info), 0);
    f->page = (uint64_t)1 << info.page_shift;
    f->app = vmk_sim_task_create();
    assert_int_equal(vmk_sim_allocate(f->app, &f->address, 16 * f->page), 0);
    f->app_bytes = faultline_pointer(f->app, f->address);
    assert_non_null(f->app_bytes);
    f->md = vmk_desc_range(f->app, f->address, 16 * f->page, DIRECTION_IN | DIRECTION_OUT);
    assert_int_equal(vmk_desc_prepare(f->md, 0), 0);
    f->map = map_into_kernel(f, 0);
    f->kernel_bytes = faultline_pointer(vmk_kernel_task(), vmk_map_address(f->map));
    assert_non_null(f->kernel_bytes);
    *state = f;
    return 0;
}

static int
setup_4k(void **state)
{
    return start(state, NULL);
}

static int
setup_16k(void **state)
{
    return start(state, "arm64-16k");
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    const char *broken;

    faultline_make_current(f->world);
    broken = vmk_sim_check();
    if (broken != NULL)
        fail_msg("invariant: %s", broken);
    faultline_on_finding(NULL, NULL);
    faultline_stop(f->world);
    free(f);
    return 0;
}

/* ---- accesses that the Mac serves ---- */

static void
the_driver_and_the_app_see_one_memory(void **state)
{
    struct fixture *f = *state;
    uint8_t seen[2];

    for (uint64_t i = 0; i < 16 * f->page; i++)
        f->app_bytes[i] = (uint8_t)(i * 31);
    for (uint64_t i = 0; i < 16 * f->page; i++)
        assert_int_equal(f->kernel_bytes[i], (uint8_t)(i * 31));
    f->kernel_bytes[3 * f->page] = 0x5e;
    assert_int_equal(f->app_bytes[3 * f->page], 0x5e);
    assert_int_equal(vmk_sim_read(f->app, f->address + 3 * f->page, seen, 2, NULL), 0);
    assert_int_equal(seen[0], 0x5e);
    assert_int_equal(vmk_sim_translated(f->app, f->address, 16 * f->page, NULL), 16);
    assert_int_equal(
        vmk_sim_translated(vmk_kernel_task(), vmk_map_address(f->map), 16 * f->page, NULL), 16);
}

static void
a_page_faults_once_and_costs_nothing_then(void **state)
{
    struct fixture *f = *state;
    uint64_t before = vmk_sim_task_faults(vmk_kernel_task());

    for (unsigned round = 0; round < 3; round++)
        for (unsigned n = 0; n < 16; n++)
            (void)f->kernel_bytes[n * f->page];
    assert_int_equal(vmk_sim_task_faults(vmk_kernel_task()) - before, 16);
}

/*  the page goes away under the driver's pointer and comes back by a fault, bytes and all  */
static void
an_evicted_translation_comes_back_by_a_fault(void **state)
{
    struct fixture *f = *state;

    f->kernel_bytes[0] = 0x77;
    assert_int_equal(vmk_sim_protect(f->app, f->address, f->page, 1), 0);
    assert_int_equal(f->app_bytes[0], 0x77);
    assert_int_equal(vmk_sim_protect(f->app, f->address, f->page, 3), 0);
    f->app_bytes[0] = 0x78;
    assert_int_equal(f->kernel_bytes[0], 0x78);
}

static void
wired_memory_is_read_under_a_spin_lock(void **state)
{
    struct fixture *f = *state;
    vmk_lock_t lock = vmk_lock_alloc(VMK_SPIN);
    unsigned sum = 0;
    uint32_t interrupts;

    memset(f->app_bytes, 1, 16 * f->page);
    assert_int_equal(vmk_map_wire(f->map, DIRECTION_OUT, 0, 16 * f->page), 0);
    interrupts = vmk_lock_acquire(lock, VMK_EXCLUSIVE);
    for (unsigned n = 0; n < 16; n++)
        sum += f->kernel_bytes[n * f->page];
    vmk_lock_release(lock, VMK_EXCLUSIVE, interrupts);
    assert_int_equal(sum, 16);
    assert_int_equal(vmk_map_wire(f->map, 0, 0, 16 * f->page), 0);
    vmk_lock_free(lock);
}

/*  readBytes() into memory that is itself simulated and not yet there  */
static void
the_model_may_copy_into_simulated_buffers(void **state)
{
    struct fixture *f = *state;
    vmk_task_t other = vmk_sim_task_create();
    uint64_t at = 0;
    uint8_t *buffer;

    memset(f->app_bytes, 0x21, 2 * f->page);
    assert_int_equal(vmk_sim_allocate(other, &at, 4 * f->page), 0);
    buffer = faultline_pointer(other, at);
    assert_int_equal(vmk_desc_read(f->md, 5, buffer + 7, 2 * f->page - 5), 2 * f->page - 5);
    assert_int_equal(buffer[6], 0);
    assert_int_equal(buffer[7], 0x21);
    assert_int_equal(buffer[2 * f->page + 1], 0x21);
}

static void
pointers_and_addresses_name_each_other(void **state)
{
    struct fixture *f = *state;
    vmk_task_t task = NULL;
    uint64_t at = vmk_map_address(f->map) + 77;
    int local = 0;

    assert_int_equal(faultline_address((void *)faultline_pointer(vmk_kernel_task(), at), &task),
                     at);
    assert_ptr_equal(task, vmk_kernel_task());
    assert_int_equal(faultline_address(f->app_bytes + 5, &task), f->address + 5);
    assert_ptr_equal(task, f->app);
    assert_int_equal(faultline_address(&local, &task), (uintptr_t)&local);
    assert_null(task);
    assert_null(faultline_pointer(f->app, 0));
    assert_null(faultline_pointer(NULL, at));
}

/* ---- accesses that the Mac refuses ---- */

static volatile int access_line;

static unsigned
sum_of_pages(const struct fixture *f)
{
    unsigned sum = 0;

    for (unsigned n = 0; n < 16; n++) {
        access_line = __LINE__ + 1;
        sum += f->kernel_bytes[n * f->page];
    }
    return sum;
}

static void
assert_in_report(const char *text)
{
    if (strstr(last.report, text) == NULL)
        fail_msg("\"%s\" is not in:\n%s", text, last.report);
}

/*  the radar's bug: prepared and mapped, read under a spin lock  */
static void
a_fault_under_a_spin_lock_is_the_panic_with_the_line(void **state)
{
    struct fixture *f = *state;
    vmk_lock_t lock = vmk_lock_alloc(VMK_SPIN);
    char line[320];

    memset(f->app_bytes, 1, 16 * f->page);
    (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE);
    assert_true(IS_FOUND(sum_of_pages(f)));
    assert_int_equal(last.finding.kind, FAULTLINE_PANIC);
    assert_string_equal(last.rule, "fault-in-restricted-context");
    assert_string_equal(strrchr(last.file, '/'), strrchr(__FILE__, '/'));
    assert_int_equal(last.finding.line, access_line);
    assert_int_equal(last.finding.address, vmk_map_address(f->map));
    assert_false(last.finding.is_write);
    assert_in_report("type = 14=page fault");
    assert_in_report("wireRange(kIODirectionIn, 0, map->getLength())");
    assert_in_report("spin lock held");
    assert_in_report("release macos-15.4");
    assert_in_report("a_fault_under_a_spin_lock_is_the_panic_with_the_line");
    snprintf(line, sizeof(line), "test_native.c:%d: load of kernel memory", access_line);
    assert_in_report(line);
    assert_null(strstr(last.report, "<the driver's access>"));
    assert_true(IS_FOUND(sum_of_pages(f))); /* a kernel that panicked serves nothing more */
}

static void *(*volatile copy_bytes)(void *, const void *, size_t) = memcpy;

/*  a library call does the access: the line is the caller's  */
static void
an_access_inside_memcpy_is_the_callers(void **state)
{
    struct fixture *f = *state;
    uint8_t copy[64];
    int line = 0;

#ifdef __SANITIZE_THREAD__
    skip(); /* memcpy() is the sanitizer's there */
#endif
    vmk_sim_enter(VM_PREEMPTION_OFF);
    line = __LINE__ + 1;
    assert_true(
        IS_FOUND(copy_bytes(copy, (const void *)(uintptr_t)(f->kernel_bytes + f->page), 64)));
    assert_int_equal(last.finding.line, line);
    assert_int_equal(last.finding.address, vmk_map_address(f->map) + f->page);
}

static void
a_store_through_a_read_only_map_is_a_finding(void **state)
{
    struct fixture *f = *state;
    vmk_map_t map = map_into_kernel(f, READ_ONLY_MAP);
    volatile uint8_t *bytes = faultline_pointer(vmk_kernel_task(), vmk_map_address(map));

    (void)bytes[0];
    assert_true(IS_FOUND(bytes[0] = 1));
    assert_int_equal(last.finding.kind, FAULTLINE_PANIC);
    assert_string_equal(last.rule, "unresolved-kernel-fault");
    assert_true(last.finding.is_write);
}

static void
memory_is_gone_after_the_unmap(void **state)
{
    struct fixture *f = *state;

    f->kernel_bytes[0] = 1;
    vmk_map_release(f->map);
    assert_true(IS_FOUND(f->kernel_bytes[0]));
    assert_string_equal(last.rule, "unresolved-kernel-fault");
}

static void
an_apps_bad_access_is_its_exception(void **state)
{
    struct fixture *f = *state;
    volatile uint8_t *bytes = f->app_bytes;

    bytes[0] = 1;
    assert_int_equal(vmk_sim_protect(f->app, f->address, f->page, 1), 0);
    assert_true(IS_FOUND(bytes[0] = 2));
    assert_int_equal(last.finding.kind, FAULTLINE_EXCEPTION);
    assert_in_report("KERN_PROTECTION_FAILURE");
    assert_int_equal(bytes[0], 1);
    assert_true(IS_FOUND(bytes[64 * f->page]));
    assert_in_report("KERN_INVALID_ADDRESS");
}

/* ---- the program's own signals ---- */

static sigjmp_buf own;
static volatile uintptr_t wild_address = 16;
static volatile sig_atomic_t own_signals;

static void
own_handler(int number)
{
    (void)number;
    own_signals++;
    siglongjmp(own, 1);
}

/*  CMocka put its handler in before this test; the program puts in another one now  */
static void
the_programs_own_handler_gets_its_own_crashes(void **state)
{
    struct fixture *f = *state;
    struct sigaction before;

    own_signals = 0;
    assert_true(signal(SIGSEGV, own_handler) != SIG_ERR);
    assert_int_equal(sigaction(SIGSEGV, NULL, &before), 0);
    assert_true(before.sa_handler == own_handler);
    f->kernel_bytes[0] = 4; /* still ours */
    assert_int_equal(own_signals, 0);
    if (sigsetjmp(own, 1) == 0)
        *(volatile uint8_t *)wild_address = 1;
    assert_int_equal(own_signals, 1);
    f->kernel_bytes[5 * f->page] = 4;
    assert_int_equal(own_signals, 1);
}

/* Ends a child process by `end` and returns its status and what it said. */
static int
status_of_child(void (*end)(const struct fixture *), const struct fixture *f, char *said,
                size_t size)
{
    int pipe_ends[2], status;
    ssize_t length;
    pid_t child;

    assert_int_equal(pipe(pipe_ends), 0);
    child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], STDERR_FILENO);
        end(f);
        _exit(0);
    }
    close(pipe_ends[1]);
    for (size_t used = 0; (length = read(pipe_ends[0], said + used, size - 1 - used)) > 0;)
        said[used += (size_t)length] = '\0';
    close(pipe_ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void
follow_a_wild_pointer(const struct fixture *f)
{
    (void)f;
    signal(SIGSEGV, SIG_DFL);
    *(volatile uint8_t *)wild_address = 1;
}

static void
fault_with_nobody_told(const struct fixture *f)
{
    faultline_on_finding(NULL, NULL);
    vmk_sim_enter(VM_SPIN_LOCK);
    (void)sum_of_pages(f);
}

static void
a_wild_pointer_is_the_programs_own_crash(void **state)
{
    char said[8192] = "";
    int status = status_of_child(follow_a_wild_pointer, *state, said, sizeof(said));

    assert_true(WIFSIGNALED(status) || WIFEXITED(status)); /* ASan turns it into an exit */
    assert_true(!WIFSIGNALED(status) || WTERMSIG(status) == SIGSEGV);
    assert_non_null(strstr(said, "0x10 is no simulated memory: the program's own crash"));
}

static void
without_a_handler_the_report_ends_the_process(void **state)
{
    char said[8192] = "";
    int status = status_of_child(fault_with_nobody_told, *state, said, sizeof(said));

    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(said, "fault-in-restricted-context"));
}

/* ---- several of everything ---- */

static void
worlds_live_side_by_side(void **state)
{
    struct fixture *f = *state;
    struct fixture *g;
    void *other;

    start(&other, NULL);
    g = other;
    memset(f->app_bytes, 1, f->page);
    memset(g->app_bytes, 2, g->page);
    assert_int_equal(f->kernel_bytes[9], 1);
    assert_int_equal(g->kernel_bytes[9], 2);
    teardown(&other);
    faultline_make_current(f->world);
    assert_int_equal(f->kernel_bytes[10], 1);
}

struct worker {
    const struct fixture *f;
    unsigned number;
    unsigned wrong;
};

/* Stores to its own bytes of every page, and makes and drops mappings meanwhile. */
static void *
work(void *context)
{
    struct worker *worker = context;
    const struct fixture *f = worker->f;

    faultline_thread_cpu((int)worker->number);
    for (unsigned round = 0; round < 20; round++) {
        volatile uint8_t *bytes;
        vmk_map_t map;

        faultline_lock();
        map = vmk_map_create(f->md, vmk_kernel_task(), 0, ANYWHERE | 0x800 /* unique */, 0,
                             16 * f->page);
        bytes = faultline_pointer(vmk_kernel_task(), vmk_map_address(map));
        faultline_unlock();
        for (unsigned n = 0; n < 16; n++) {
            bytes[n * f->page + worker->number] = (uint8_t)(round + worker->number);
            worker->wrong += f->app_bytes[n * f->page + worker->number] != round + worker->number;
        }
        faultline_lock();
        vmk_map_release(map);
        faultline_unlock();
    }
    return NULL;
}

static void
threads_fault_under_one_lock(void **state)
{
    struct worker workers[4];
    pthread_t threads[4];

    for (unsigned i = 0; i < 4; i++) {
        workers[i] = (struct worker){ *state, i, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
}

static atomic_bool is_over;

/* A thread whose calls end all the time, as those of a work loop do. */
static void *
call_on(void *context)
{
    (void)context;
    faultline_thread_cpu(1);
    while (!atomic_load(&is_over)) {
        faultline_lock();
        faultline_report_stop();
        faultline_unlock();
    }
    return NULL;
}

static atomic_uint told_to_others;
static pthread_t main_thread;

static void
jump_back_here(void *context, const struct faultline_finding *finding)
{
    if (pthread_equal(pthread_self(), main_thread))
        jump_back(context, finding);
    atomic_fetch_add(&told_to_others, 1);
    pthread_exit(NULL);
}

/* A world that panics while another thread calls on. */
static void
panic_beside_another(void)
{
    pthread_t thread;
    void *f;

    assert_int_equal(start(&f, NULL), 0);
    faultline_on_finding(jump_back_here, NULL);
    atomic_store(&is_over, false);
    faultline_thread_cpu(0);
    assert_int_equal(pthread_create(&thread, NULL, call_on, NULL), 0);
    faultline_lock();
    vmk_sim_enter(VM_SPIN_LOCK);
    faultline_unlock();
    assert_true(IS_FOUND(sum_of_pages(f)));
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    faultline_thread_cpu(-1);
    teardown(&f);
}

/* Who is told jumps, which only the thread that made the access can do. */
static void
a_stop_is_told_to_the_thread_that_made_it(void **state)
{
    struct fixture *f = *state;

    main_thread = pthread_self();
    for (unsigned round = 0; round < 50; round++)
        panic_beside_another();
    assert_int_equal(atomic_load(&told_to_others), 0);
    faultline_make_current(f->world);
}

/* ---- the host's mappings ---- */

static unsigned
host_mappings(void)
{
    char text[65536];
    int file = open("/proc/self/maps", O_RDONLY);
    unsigned lines = 0;
    ssize_t length;

    while ((length = read(file, text, sizeof(text))) > 0)
        for (ssize_t i = 0; i < length; i++)
            lines += text[i] == '\n';
    close(file);
    return lines;
}

/*  4096 pages touched in order, twice over the same frames: a mapping for each leaf table's worth  */
static void
pages_touched_in_order_become_few_mappings(void **state)
{
    struct fixture *f = *state;

    for (unsigned round = 0; round < 12; round++) {
        uint64_t at = 0;
        uint8_t *bytes;
        unsigned before = host_mappings();

        assert_int_equal(vmk_sim_allocate(f->app, &at, 4096 * f->page), 0);
        bytes = faultline_pointer(f->app, at);
        for (uint64_t n = 0; n < 4096; n++) {
            assert_int_equal(bytes[n * f->page], 0);
            bytes[n * f->page] = 1;
        }
        assert_true(host_mappings() < before + 40);
        assert_int_equal(vmk_sim_deallocate(f->app, at, 4096 * f->page), 0);
        assert_true(host_mappings() < before + 4);
    }
}

static void
a_start_that_fails_says_why(void **state)
{
    (void)state;
    assert_null(faultline_start(&(struct faultline_config){ .profile = "macos-9" }));
    assert_string_equal(faultline_trouble(), "unknown release: macos-9");
    assert_null(faultline_start(&(struct faultline_config){ .machine = "vax" }));
    assert_string_equal(faultline_trouble(), "unknown machine: vax");
    assert_null(faultline_start(&(struct faultline_config){ .ram_bytes = 4096 }));
    assert_true(strlen(faultline_trouble()) > 0);
    assert_null(faultline_start(&(struct faultline_config){ .ram_bytes = 1000 }));
    assert_non_null(strstr(faultline_trouble(), "ram_bytes"));
    assert_null(faultline_start(&(struct faultline_config){ .ram_bytes = (uint64_t)1 << 44 }));
    assert_non_null(strstr(faultline_trouble(), "ram_bytes"));
}

#define ON_4K(test) cmocka_unit_test_setup_teardown(test, setup_4k, teardown)
#define ON_16K(test)                                      \
    {                                                     \
#test ", 16 KiB", test, setup_16k, teardown, NULL \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_4K(the_driver_and_the_app_see_one_memory),
        ON_16K(the_driver_and_the_app_see_one_memory),
        ON_4K(a_page_faults_once_and_costs_nothing_then),
        ON_16K(a_page_faults_once_and_costs_nothing_then),
        ON_4K(an_evicted_translation_comes_back_by_a_fault),
        ON_16K(an_evicted_translation_comes_back_by_a_fault),
        ON_4K(wired_memory_is_read_under_a_spin_lock),
        ON_16K(wired_memory_is_read_under_a_spin_lock),
        ON_4K(the_model_may_copy_into_simulated_buffers),
        ON_4K(pointers_and_addresses_name_each_other),
        ON_4K(a_fault_under_a_spin_lock_is_the_panic_with_the_line),
        ON_4K(an_access_inside_memcpy_is_the_callers),
        ON_4K(a_store_through_a_read_only_map_is_a_finding),
        ON_16K(a_store_through_a_read_only_map_is_a_finding),
        ON_4K(memory_is_gone_after_the_unmap),
        ON_4K(an_apps_bad_access_is_its_exception),
        ON_4K(the_programs_own_handler_gets_its_own_crashes),
        ON_4K(a_wild_pointer_is_the_programs_own_crash),
        ON_4K(without_a_handler_the_report_ends_the_process),
        ON_4K(worlds_live_side_by_side),
        ON_4K(threads_fault_under_one_lock),
        ON_4K(a_stop_is_told_to_the_thread_that_made_it),
        ON_4K(pages_touched_in_order_become_few_mappings),
        cmocka_unit_test(a_start_that_fails_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
