/* test_vmk_lock.c - the seam's locks, sleeping, log and panic: spec/kext.md 8, ../shared's sketch */
#include "iokit_fixture.h"

#include "base/status.h"
#include "vm/vm_sched.h"

/* ---- a second thread: what it does while the first one waits ---- */

enum { PAIR_WAKEUPS = 16 };

struct pair {
    struct vm_sched sched;
    uint32_t current;
    unsigned waits;
    void (*other)(struct pair *pair); /* runs at each wait; NULL: nobody is there */
    vmk_lock_t lock;
    int event;
    struct {
        enum vm_sched_event event;
        const void *object;
    } awaited, woken[PAIR_WAKEUPS]; /* what the last wait was for, and each wakeup */
    unsigned wakeups;
    int slept; /* what the other's vmk_sleep() answered */
};

static struct pair *
pair_of(struct vm_sched *sched)
{
    return VMM_CONTAINER(sched, struct pair, sched);
}

static void
pair_run_other(struct pair *pair)
{
    uint32_t before = pair->current;

    pair->current = 1;
    vmk_sim_set_cpu(1);
    pair->other(pair);
    vmk_sim_set_cpu(0);
    pair->current = before;
}

static void
pair_yield(struct vm_sched *sched)
{
    (void)sched;
}

static enum vmm_status
pair_block(struct vm_sched *sched, enum vm_sched_event event, const void *object,
           enum vm_sched_wait how)
{
    struct pair *pair = pair_of(sched);

    (void)how;
    pair->awaited.event = event;
    pair->awaited.object = object;
    if (pair->other == NULL || ++pair->waits > 8)
        return VMM_MODEL_WOULD_BLOCK;
    pair_run_other(pair);
    return VMM_OK;
}

static void
pair_wakeup(struct vm_sched *sched, enum vm_sched_event event, const void *object)
{
    struct pair *pair = pair_of(sched);

    assert_true(pair->wakeups < PAIR_WAKEUPS);
    pair->woken[pair->wakeups].event = event;
    pair->woken[pair->wakeups++].object = object;
}

/* How often who waits for it was told to look again. */
static unsigned
pair_wakeups_of(const struct pair *pair, enum vm_sched_event event, const void *object)
{
    unsigned count = 0;

    for (unsigned i = 0; i < pair->wakeups; i++)
        count += pair->woken[i].event == event && pair->woken[i].object == object;
    return count;
}

static uint32_t
pair_current(struct vm_sched *sched)
{
    return pair_of(sched)->current;
}

static void
pair_start(struct pair *pair, enum vmk_lock_kind kind)
{
    *pair = (struct pair){ .sched = { .yield = pair_yield,
                                      .block = pair_block,
                                      .wakeup = pair_wakeup,
                                      .current = pair_current },
                           .lock = vmk_lock_alloc(kind) };
    vm_system_set_sched(vmk_sim_system(), &pair->sched);
}

/* The second thread does this once, now. */
static void
pair_now(struct pair *pair, void (*other)(struct pair *pair))
{
    pair->other = other;
    pair_run_other(pair);
}

static void
takes_it(struct pair *pair)
{
    (void)vmk_lock_acquire(pair->lock, VMK_EXCLUSIVE);
}

static void
takes_it_shared(struct pair *pair)
{
    (void)vmk_lock_acquire(pair->lock, VMK_SHARED);
}

static void
gives_it_back(struct pair *pair)
{
    vmk_lock_release(pair->lock, VMK_EXCLUSIVE, 1);
}

/* ---- mutual exclusion ---- */

static void
frees_it(struct pair *pair)
{
    vmk_lock_free(pair->lock);
}

/*  thread 1 has it and frees it while thread 0 waits: told, and the memory is still there            */
static void
freeing_a_lock_that_somebody_waits_for_panics(void **state)
{
    struct pair pair;

    (void)state;
    pair_start(&pair, VMK_MUTEX);
    pair_now(&pair, takes_it);
    pair.other = frees_it;
    (void)vmk_lock_acquire(pair.lock, VMK_EXCLUSIVE);
    assert_stopped(REASON_OVER_RELEASE);
    assert_true(vmk_sim_lock_holders(pair.lock) != 0);
}

/*  thread 1 has it; thread 0 waits until it gives it back                                            */
static void
who_comes_second_waits(void **state)
{
    static const enum vmk_lock_kind kinds[] = { VMK_MUTEX, VMK_SPIN, VMK_RECURSIVE, VMK_RW };

    (void)state;
    for (size_t i = 0; i < VMM_COUNT_OF(kinds); i++) {
        struct pair pair;

        pair_start(&pair, kinds[i]);
        pair_now(&pair, takes_it);
        assert_int_equal(vmk_lock_try(pair.lock), 0);
        pair.other = gives_it_back;
        (void)vmk_lock_acquire(pair.lock, VMK_EXCLUSIVE);
        assert_int_equal(pair.waits, 1);
        assert_int_equal(pair.awaited.event, VM_SCHED_LOCK);
        assert_int_equal(pair_wakeups_of(&pair, VM_SCHED_LOCK, pair.awaited.object), 1);
        assert_true(vmk_sim_lock_holders(pair.lock) != 0);
        vmk_lock_release(pair.lock, VMK_EXCLUSIVE, 1);
        assert_int_equal(vmk_sim_lock_holders(pair.lock), 0);
        vmk_lock_free(pair.lock);
        assert_stopped(REASON_NONE);
    }
}

static void
only_a_recursive_lock_is_taken_again(void **state)
{
    static const enum vmk_lock_kind others[] = { VMK_MUTEX, VMK_SPIN, VMK_RW };
    struct iokit_fixture *f = *state;
    vmk_lock_t lock = vmk_lock_alloc(VMK_RECURSIVE);

    (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE);
    (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE);
    assert_int_equal(vmk_lock_try(lock), 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(vmk_sim_lock_holders(lock) != 0);
        vmk_lock_release(lock, VMK_EXCLUSIVE, 1);
    }
    assert_int_equal(vmk_sim_lock_holders(lock), 0);
    for (size_t i = 0; i < VMM_COUNT_OF(others); i++) {
        iokit_restart(f, "macos-15.4");
        lock = vmk_lock_alloc(others[i]);
        (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE);
        assert_int_equal(vmk_lock_try(lock), 0);
        assert_stopped(REASON_NONE);
        (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE);
        assert_stopped(REASON_LOCK_DEADLOCK);
    }
}

static void
a_lock_that_nobody_gives_back_hangs(void **state)
{
    struct pair pair;

    (void)state;
    pair_start(&pair, VMK_MUTEX);
    pair_now(&pair, takes_it);
    pair.other = NULL;
    (void)vmk_lock_acquire(pair.lock, VMK_EXCLUSIVE);
    assert_stopped(REASON_LOCK_DEADLOCK);
    assert_int_equal(vmk_sim_hidden_status(), VMK_HUNG);
}

static void
giving_back_what_one_has_not_changes_nothing(void **state)
{
    vmk_lock_t spin = vmk_lock_alloc(VMK_SPIN);
    struct pair pair;

    (void)state;
    pair_start(&pair, VMK_MUTEX);
    pair_now(&pair, takes_it);
    vmk_lock_release(pair.lock, VMK_EXCLUSIVE, 1);
    assert_true(vmk_sim_lock_holders(pair.lock) != 0); /* the other thread's */
    (void)vmk_lock_acquire(spin, VMK_EXCLUSIVE);
    vmk_lock_release(spin, VMK_EXCLUSIVE, 1);
    vmk_lock_release(spin, VMK_EXCLUSIVE, 1);
    assert_int_equal(vmk_context(), 0);
    assert_int_equal(io_events(EV_UNLOCK), 1);
}

/* ---- readers and writers ---- */

static void
readers_share_and_a_writer_waits_for_all(void **state)
{
    struct pair pair;

    (void)state;
    pair_start(&pair, VMK_RW);
    pair_now(&pair, takes_it_shared);
    (void)vmk_lock_acquire(pair.lock, VMK_SHARED);
    assert_int_equal(pair.waits, 0);
    assert_int_equal(vmk_lock_try(pair.lock), 0);
    vmk_lock_release(pair.lock, VMK_SHARED, 1);
    pair.other = gives_it_back;
    (void)vmk_lock_acquire(pair.lock, VMK_EXCLUSIVE);
    assert_int_equal(pair.waits, 1);
    assert_int_equal(pair_wakeups_of(&pair, VM_SCHED_LOCK, pair.awaited.object), 2);
    assert_int_equal(vmk_context(), 0); /* it sleeps, so faults are served under it */
    vmk_lock_release(pair.lock, VMK_EXCLUSIVE, 1);
    assert_int_equal(vmk_sim_lock_holders(pair.lock), 0);
}

static int upgraded;

static void
upgrades_too_and_loses(struct pair *pair)
{
    upgraded = vmk_lock_upgrade(pair->lock);
}

/*  two readers upgrade: the second has to let go, and so the first gets it                            */
static void
the_first_who_upgrades_waits_and_the_second_lets_go(void **state)
{
    struct pair pair;

    (void)state;
    pair_start(&pair, VMK_RW);
    assert_int_equal(vmk_lock_upgrade(pair.lock), 0); /* not held */
    pair_now(&pair, takes_it_shared);
    (void)vmk_lock_acquire(pair.lock, VMK_SHARED);
    pair.other = upgrades_too_and_loses;
    upgraded = -1;
    assert_int_equal(vmk_lock_upgrade(pair.lock), 1);
    assert_int_equal(upgraded, 0);
    assert_int_equal(pair.waits, 1);
    assert_int_equal(vmk_lock_try(pair.lock), 0);
    vmk_lock_release(pair.lock, VMK_EXCLUSIVE, 1);
    assert_int_equal(vmk_sim_lock_holders(pair.lock), 0);
    assert_int_equal(vmk_lock_upgrade(vmk_lock_alloc(VMK_MUTEX)), 0);
}

/* ---- sleeping ---- */

static void
wakes_everybody(struct pair *pair)
{
    if (pair->waits < 2)
        return; /* once for nothing: the sleeper looks again */
    (void)vmk_lock_acquire(pair->lock, VMK_EXCLUSIVE);
    vmk_wakeup(&pair->event, 0);
    vmk_lock_release(pair->lock, VMK_EXCLUSIVE, 1);
}

/*  the lock is free while its holder sleeps, and held again, as often, when it wakes                  */
static void
a_sleeper_drops_its_lock_and_takes_it_again(void **state)
{
    struct pair pair;
    uint64_t held;

    (void)state;
    pair_start(&pair, VMK_RECURSIVE);
    (void)vmk_lock_acquire(pair.lock, VMK_EXCLUSIVE);
    (void)vmk_lock_acquire(pair.lock, VMK_EXCLUSIVE);
    held = vmk_sim_lock_holders(pair.lock);
    pair.other = wakes_everybody;
    assert_int_equal(vmk_sleep(pair.lock, &pair.event, 0), VMK_AWAKENED);
    assert_int_equal(pair.waits, 2);
    assert_int_equal(pair_wakeups_of(&pair, VM_SCHED_EVENT, &pair.event), 1);
    assert_int_equal(vmk_sim_lock_holders(pair.lock), held);
    assert_stopped(REASON_NONE);
}

/* The first wait lets it sleep too, the second wakes one of both, and then nobody is there. */
static void
sleeps_second(struct pair *pair)
{
    if (pair->waits == 2) {
        vmk_wakeup(&pair->event, 1);
        pair->other = NULL;
        return;
    }
    (void)vmk_lock_acquire(pair->lock, VMK_EXCLUSIVE);
    pair->slept = vmk_sleep(pair->lock, &pair->event, 1000);
    vmk_lock_release(pair->lock, VMK_EXCLUSIVE, 1);
}

/*  two sleep, one wakeup: it is for the one that has slept longest (XNU's thread_wakeup_one)           */
static void
one_wakeup_ends_the_longest_sleep(void **state)
{
    struct pair pair;

    (void)state;
    pair_start(&pair, VMK_MUTEX);
    (void)vmk_lock_acquire(pair.lock, VMK_EXCLUSIVE);
    pair.other = sleeps_second;
    assert_int_equal(vmk_sleep(pair.lock, &pair.event, 0), VMK_AWAKENED);
    assert_int_equal(pair.slept, VMK_TIMED_OUT);
    assert_int_equal(pair_wakeups_of(&pair, VM_SCHED_EVENT, &pair.event), 1);
    assert_stopped(REASON_NONE);
}

static void
wakes_who_sleeps_on_the_lock(struct pair *pair)
{
    vmk_wakeup(&pair->lock, 0);
    pair->other = NULL;
}

static void
a_wakeup_of_another_event_wakes_nobody(void **state)
{
    struct pair pair;

    (void)state;
    pair_start(&pair, VMK_MUTEX);
    (void)vmk_lock_acquire(pair.lock, VMK_EXCLUSIVE);
    pair.other = wakes_who_sleeps_on_the_lock;
    assert_int_equal(vmk_sleep(pair.lock, &pair.event, 1000), VMK_TIMED_OUT);
    assert_int_equal(pair_wakeups_of(&pair, VM_SCHED_EVENT, &pair.event), 0);
}

static void
a_sleep_with_a_limit_ends_when_nobody_else_is_there(void **state)
{
    vmk_lock_t mutex = vmk_lock_alloc(VMK_MUTEX);
    int event;

    (void)state;
    (void)vmk_lock_acquire(mutex, VMK_EXCLUSIVE);
    vmk_wakeup(&event, 1); /* nobody sleeps yet: it is lost */
    assert_int_equal(vmk_sleep(mutex, &event, 1000), VMK_TIMED_OUT);
    assert_true(vmk_sim_lock_holders(mutex) != 0);
    (void)vmk_sleep(mutex, &event, 0);
    assert_stopped(REASON_SLEEPS);
}

/*  Only who has a lock that sleeps may sleep under it; and not where nothing may block                */
static void
sleeping_without_the_lock_is_refused(void **state)
{
    vmk_lock_t mutex = vmk_lock_alloc(VMK_MUTEX);
    vmk_lock_t spin = vmk_lock_alloc(VMK_SPIN);
    vmk_lock_t rw = vmk_lock_alloc(VMK_RW);
    int event;

    (void)state;
    assert_int_equal(vmk_sleep(NULL, &event, 1), VMK_INTERRUPTED);
    assert_int_equal(vmk_sleep(mutex, &event, 1), VMK_INTERRUPTED);
    (void)vmk_lock_acquire(rw, VMK_EXCLUSIVE);
    assert_int_equal(vmk_sleep(rw, &event, 1), VMK_INTERRUPTED);
    (void)vmk_lock_acquire(mutex, VMK_EXCLUSIVE);
    (void)vmk_lock_acquire(spin, VMK_EXCLUSIVE);
    assert_int_equal(vmk_sleep(spin, &event, 1), VMK_INTERRUPTED);
    assert_int_equal(io_events(EV_MAY_BLOCK), 0);
    assert_int_equal(vmk_sleep(mutex, &event, 1), VMK_TIMED_OUT);
    assert_true(io_events(EV_MAY_BLOCK) > 0);
}

/* ---- text ---- */

static char logged[64];

static void
keep_log(void *context, const char *text, size_t length)
{
    ++*(unsigned *)context;
    assert_true(length < sizeof(logged));
    memcpy(logged, text, length);
    logged[length] = '\0';
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vmk_logv(format, arguments);
    va_end(arguments);
}

static void
what_a_driver_logs_reaches_the_embedder(void **state)
{
    struct iokit_fixture *f = *state;
    unsigned lines = 0;
    vmk_world_t world;

    say("nobody listens to %d", 1);
    world = vmk_sim_create(&(struct vmk_sim_config){ .alloc = &f->counting.alloc,
                                                     .profile = &f->profile,
                                                     .frame_count = 512,
                                                     .log = keep_log,
                                                     .log_context = &lines });
    vmk_sim_make_current(world);
    say("wired %u of %s", 16u, "buf");
    assert_string_equal(logged, "wired 16 of buf");
    assert_int_equal(lines, 1);
    vmk_sim_make_current(f->world);
    vmk_sim_destroy(world);
}

static void
panic_stops_the_kernel_with_its_text(void **state)
{
    struct iokit_fixture *f = *state;
    vmk_desc_t md = describe(f, 0, 1, IO_DIRECTION_OUT);

    vmk_panic("the ring is broken");
    assert_stopped(REASON_PANIC_CALLED);
    assert_non_null(strstr(vm_system_stop(vmk_sim_system())->text, "the ring is broken"));
    assert_int_equal(vmk_desc_prepare(md, 0), VMK_PANICKED);
    vmk_panic("again");
    assert_null(strstr(vm_system_stop(vmk_sim_system())->text, "again"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IOKIT_TEST(who_comes_second_waits),
        IOKIT_TEST(freeing_a_lock_that_somebody_waits_for_panics),
        IOKIT_TEST(only_a_recursive_lock_is_taken_again),
        IOKIT_TEST(a_lock_that_nobody_gives_back_hangs),
        IOKIT_TEST(giving_back_what_one_has_not_changes_nothing),
        IOKIT_TEST(readers_share_and_a_writer_waits_for_all),
        IOKIT_TEST(the_first_who_upgrades_waits_and_the_second_lets_go),
        IOKIT_TEST(a_sleeper_drops_its_lock_and_takes_it_again),
        IOKIT_TEST(one_wakeup_ends_the_longest_sleep),
        IOKIT_TEST(a_wakeup_of_another_event_wakes_nobody),
        IOKIT_TEST(a_sleep_with_a_limit_ends_when_nobody_else_is_there),
        IOKIT_TEST(sleeping_without_the_lock_is_refused),
        IOKIT_TEST(what_a_driver_logs_reaches_the_embedder),
        IOKIT_TEST(panic_stops_the_kernel_with_its_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
