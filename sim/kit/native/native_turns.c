/*
 * native_turns.c - see native_turns.h
 *
 * The process's own stack is the scheduler: it picks a thread and goes to its fiber, which comes back
 * where the thread can give way. Nobody is unwound: what goes wrong is kept and the process ends.
 *
 * Nobody left who can run, and somebody waits: sleeps with a limit are over; then each waiter looks once
 * more at what it waits for. One that gets on was never woken (I19); if none does it is a deadlock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fiber/fiber.h"
#include "hooks/vmk_watch.h"
#include "native_internal.h"
#include "native_turns.h"
#include "vm/vm_digest.h"
#include "vm/vm_sched.h"

/* A run that chooses more often goes round in circles. */
enum { CHOICES_MAX = 20000, KITS_EVENT = VM_SCHED_EVENT + 1, RAM_BYTES = 16 << 20 };

enum turn_state { TURN_READY, TURN_WAITS, TURN_DONE };

struct turn {
    uint32_t index;
    enum turn_state state;
    const char *why;  /* it gave way */
    const char *call; /* the verb that it is about, or "" */
    size_t count;     /* where that was */
    uint64_t frames[NATIVE_FRAMES];
    struct native_thread host; /* the kit's lock and CPU */
    bool looks_again;
    bool has_waited; /* the last wait was for nothing: its time is over */
    /* while it waits */
    int event;
    const void *object;
    int holder;
    bool is_limited;
    struct vm_wait wait;
};

struct turns {
    struct vm_sched sched;
    struct vmk_watcher watcher;
    struct native_turns_config config;
    struct faultline_world *world;
    struct turn turns[VMK_EXPLORE_THREADS_MAX];
    uint32_t count;
    uint32_t current;
    bool is_running; /* a thread's stack is the one that runs */
};

static struct turns now;

/* ---- what goes wrong ---- */

static void __attribute__((noreturn)) end_run(void)
{
    if (now.config.result->what[0] != '\0')
        native_record_save(now.world, now.config.result->what);
    now.config.result->has_saved = native_record_is_saved();
    now.config.result->has_ended = true;
    fflush(NULL);
    _exit(0);
}

static const char *
short_name(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash == NULL ? file : slash + 1;
}

__attribute__((format(printf, 1, 2))) static void
say_what(const char *format, ...)
{
    char *what = now.config.result->what;
    size_t used = strlen(what);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what + used, VMK_EXPLORE_WHAT_BYTES - used, format, arguments);
    va_end(arguments);
}

/* " at driver.c:41 in driver_sum()" */
static void
say_place(const char *file, int line, const char *function)
{
    if (line > 0)
        say_what(" at %s:%d in %s()", short_name(file), line, function);
}

static const char *
kind_name(enum faultline_kind kind)
{
    static const char *const names[] = { [FAULTLINE_PANIC] = "panic",
                                         [FAULTLINE_HANG] = "hang",
                                         [FAULTLINE_EXCEPTION] = "exception",
                                         [FAULTLINE_TROUBLE] = "trouble",
                                         [FAULTLINE_RULE] = "finding" };

    return names[kind];
}

static void
note_finding(void *context, const struct faultline_finding *finding)
{
    const struct vm_stop *stop = vm_system_stop(now.world->system);

    (void)context;
    say_what("%s", kind_name(finding->kind));
    if (finding->kind != FAULTLINE_RULE && stop->kind != VM_RUNNING)
        say_what(" (%s)", trace_reason_name(stop->reason));
    if (finding->rule[0] != '\0' && strcmp(finding->rule, trace_reason_name(stop->reason)) != 0)
        say_what(" %s", finding->rule);
    say_place(finding->file, finding->line, finding->function);
    if (now.config.tells)
        fputs(finding->report, stderr);
    end_run();
}

void
vmk_explore_fail(const char *what)
{
    if (!vmk_explore_is_on())
        native_give_up(what);
    say_what("%s", what);
    end_run();
}

/* The driver's own crash, which no simulated address made. */
static void
note_crash(int number)
{
    uint64_t frames[NATIVE_FRAMES];
    size_t count = native_backtrace(0, frames, NATIVE_FRAMES);
    struct native_where at;

    say_what("the program crashes (signal %d)", number);
    if (native_own_place(frames, count, &at))
        say_place(at.file, at.line, at.function);
    end_run();
}

/* A framework's handlers would jump out of the run. */
static void
take_signals(void)
{
    static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };

    for (size_t i = 0; i < VMM_COUNT_OF(numbers); i++)
        signal(numbers[i], note_crash);
}

/* ---- a thread gives way ---- */

static void
pause_turn(const char *why, const char *call)
{
    struct turn *turn = &now.turns[now.current];

    turn->why = why;
    turn->call = call;
    if (now.config.tells || turn->state == TURN_WAITS)
        turn->count = native_backtrace(0, turn->frames, NATIVE_FRAMES);
    now.config.fibers->pause(now.config.fibers);
}

static void
call_begins(struct vmk_watcher *watcher, const struct vmk_verb_call *call)
{
    (void)watcher;
    if (now.is_running)
        pause_turn("comes to", vmk_verb_name(call->verb));
}

static void
call_ends(struct vmk_watcher *watcher, const struct vmk_verb_call *call)
{
    (void)watcher;
    faultline_report_stop();
    if (now.is_running)
        pause_turn("is back from", vmk_verb_name(call->verb));
}

void
vmk_explore_yield(void)
{
    if (now.is_running)
        pause_turn("lets others in", "");
}

int
vmk_explore_self(void)
{
    return now.is_running ? (int)now.current : -1;
}

int
vmk_explore_is_on(void)
{
    return now.config.test != NULL;
}

/* ---- waiting ---- */

static void
wait_for(int event, const void *object, const char *why)
{
    struct turn *turn = &now.turns[now.current];

    turn->state = TURN_WAITS;
    turn->event = event;
    turn->object = object;
    turn->has_waited = false;
    pause_turn(why, "");
}

static void
wake(int event, const void *object)
{
    for (uint32_t i = 0; i < now.count; i++) {
        struct turn *turn = &now.turns[i];

        if (turn->state == TURN_WAITS && turn->event == event && turn->object == object)
            turn->state = TURN_READY;
    }
}

int
vmk_explore_wait(const void *object, int holder, int is_limited)
{
    struct turn *turn = &now.turns[now.current];

    turn->holder = holder;
    turn->is_limited = is_limited != 0;
    turn->wait = (struct vm_wait){ .reason = REASON_NONE };
    wait_for(KITS_EVENT, object, "waits");
    return !turn->has_waited;
}

void
vmk_explore_wake(const void *object)
{
    wake(KITS_EVENT, object);
}

static void
sched_yield(struct vm_sched *sched)
{
    (void)sched;
    vmk_explore_yield();
}

static enum vmm_status
sched_block(struct vm_sched *sched, enum vm_sched_event event, const void *object,
            enum vm_sched_wait how)
{
    struct turn *turn = &now.turns[now.current];
    const struct vm_lock *lock = event == VM_SCHED_LOCK ? object : NULL;

    (void)how;
    if (!now.is_running)
        return VMM_MODEL_WOULD_BLOCK;
    turn->wait = sched->wait;
    turn->holder = lock != NULL && lock->depth > 0 ? (int)lock->owner : -1;
    turn->is_limited = sched->wait.reason == REASON_SLEEPS; /* vmk_sleep() knows its limit */
    wait_for((int)event, object, "waits");
    return turn->has_waited ? VMM_MODEL_WOULD_BLOCK : VMM_OK;
}

static void
sched_wakeup(struct vm_sched *sched, enum vm_sched_event event, const void *object)
{
    (void)sched;
    wake((int)event, object);
}

static uint32_t
sched_current(struct vm_sched *sched)
{
    (void)sched;
    return now.current;
}

/* ---- deadlocks ---- */

static bool
own_place(const struct turn *turn, struct native_where *at)
{
    return native_own_place(turn->frames, turn->count, at);
}

static void
put_wait(struct vmm_text *text, const struct turn *turn)
{
    const struct vmk_explore_thread *threads = now.config.test->threads;
    struct native_where at;

    vmm_text_format(text, "thread %s", threads[turn->index].name);
    if (own_place(turn, &at))
        vmm_text_format(text, " (%s:%d in %s())", short_name(at.file), at.line, at.function);
    if (turn->wait.end != 0)
        vmm_text_format(text, " waits for memory with %u wiring(s)",
                        (unsigned)turn->wait.wired_count);
    else if (turn->event == VM_SCHED_LOCK || turn->holder >= 0)
        vmm_text_format(text, " waits for %s",
                        turn->object == vm_system_driver_lock(now.world->system) ? "I/O Kit's lock"
                                                                                 : "a lock");
    else
        vmm_text_put(text,
                     turn->event == VM_SCHED_PAGE_FREE ? " waits for a free page" : " sleeps");
    if (turn->holder >= 0)
        vmm_text_format(text, ", which thread %s has", threads[turn->holder].name);
}

static void __attribute__((noreturn)) end_for_deadlock(uint32_t waiting)
{
    char line[VMK_EXPLORE_WHAT_BYTES - 32];
    struct vmm_text text;
    const char *between = "";

    vmm_text_init(&text, line, sizeof(line));
    for (uint32_t i = 0; i < now.count; i++) {
        if (!(waiting >> i & 1))
            continue;
        vmm_text_put(&text, between);
        put_wait(&text, &now.turns[i]);
        between = "; ";
    }
    say_what("deadlock: %s", line);
    end_run();
}

/* Everybody waits: each looks once more. False: they have looked. */
static bool
look_again(uint32_t waiting)
{
    for (uint32_t i = 0; i < now.count; i++) {
        struct turn *turn = &now.turns[i];

        if (!(waiting >> i & 1) || turn->looks_again)
            continue;
        turn->looks_again = true;
        turn->state = TURN_READY;
        return true;
    }
    return false;
}

/* Nobody can run: the time of one that waits with a limit is over. False: there is none. */
static bool
end_a_limit(uint32_t waiting)
{
    for (uint32_t i = 0; i < now.count; i++) {
        struct turn *turn = &now.turns[i];

        if (!(waiting >> i & 1) || !turn->is_limited)
            continue;
        turn->has_waited = true;
        turn->looks_again = false;
        turn->state = TURN_READY;
        return true;
    }
    return false;
}

/* ---- who goes on ---- */

static uint32_t
turns_in(enum turn_state state)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < now.count; i++)
        found |= now.turns[i].state == state ? 1u << i : 0;
    return found;
}

/* All that can decide what the threads still do; 0: the test does not say what they share. */
static uint64_t
state_of(void)
{
    const struct vmk_explore_test *test = now.config.test;
    const uint8_t *shared = test->shared;
    uint64_t digest = shared == NULL ? 0 : vmk_sim_digest();

    if (digest == 0)
        return 0;
    for (size_t i = 0; i < test->shared_bytes; i++)
        digest = vm_digest_mix(digest, shared[i]);
    digest = vm_digest_mix(digest, now.world->verify.count);
    for (uint32_t i = 0; i < now.count; i++) {
        const struct turn *turn = &now.turns[i];
        uint64_t known = turn->state == TURN_DONE ? 1 : fiber_digest(now.config.fibers, i);

        if (known == 0)
            return 0;
        digest = vm_digest_mix(digest, known);
        digest = vm_digest_mix(digest, (uint64_t)turn->state << 1 | turn->looks_again);
    }
    return digest;
}

/* Asks the schedule, where there is something to choose. */
static uint32_t
choose(uint32_t can_run)
{
    struct native_run_result *result = now.config.result;
    struct scn_schedule *schedule = now.config.schedule;
    bool goes = (can_run >> now.current & 1) != 0;
    struct scn_choice choice = { .index = result->choices,
                                 .can_run = can_run,
                                 .current = goes ? now.current : SCN_NO_THREAD };
    uint32_t chosen;

    if ((can_run & (can_run - 1)) == 0)
        return (uint32_t)__builtin_ctz(can_run);
    if (++result->choices > CHOICES_MAX)
        vmk_explore_fail("the threads go round in circles");
    if (schedule->wants_state)
        choice.state = state_of();
    chosen = schedule->choose(schedule, &choice);
    if (chosen == SCN_CUT) {
        result->is_cut = true;
        end_run();
    }
    return chosen;
}

/* "     closer is back from map_unmap (driver.c:41 in close()); opener runs" */
static void
tell_switch(const struct turn *from, const struct turn *to)
{
    const struct vmk_explore_thread *threads = now.config.test->threads;
    struct native_where at;

    if (from == to)
        return;
    printf("     ");
    if (from != NULL) {
        printf("%s %s%s%s", threads[from->index].name, from->why, from->call[0] == '\0' ? "" : " ",
               from->call);
        if (from->state != TURN_DONE && own_place(from, &at))
            printf(" (%s:%d in %s())", short_name(at.file), at.line, at.function);
        printf("; ");
    }
    printf("%s runs\n", threads[to->index].name);
    fflush(stdout); /* the process may die */
}

static void
run_turn(uint32_t index)
{
    struct turn *turn = &now.turns[index];
    struct native_thread mine;
    bool looks_again = turn->looks_again && turn->state == TURN_READY;

    now.current = index;
    native_thread_swap(&mine, &turn->host);
    vmk_sim_set_cpu(index);
    now.is_running = true;
    now.config.fibers->run(now.config.fibers, index);
    now.is_running = false;
    native_thread_swap(&turn->host, &mine);
    if (turn->state == TURN_WAITS && looks_again)
        return; /* it looked, and waits on */
    if (looks_again)
        vmk_explore_fail("I19 a thread slept on though what it waited for had come: a lost wakeup");
    for (uint32_t i = 0; i < now.count; i++)
        now.turns[i].looks_again = false;
}

static void
run_all(void)
{
    const struct turn *before = NULL;

    while (turns_in(TURN_DONE) != (1u << now.count) - 1) {
        uint32_t can_run = turns_in(TURN_READY);
        uint32_t next;

        if (can_run == 0) {
            if (!look_again(turns_in(TURN_WAITS)) && !end_a_limit(turns_in(TURN_WAITS)))
                end_for_deadlock(turns_in(TURN_WAITS));
            continue;
        }
        next = choose(can_run);
        if (now.config.tells)
            tell_switch(before, &now.turns[next]);
        run_turn(next);
        before = &now.turns[next];
    }
}

/* ---- the run ---- */

static void
turn_body(void *argument)
{
    struct turn *turn = argument;

    now.config.test->threads[turn->index].run(now.config.test->context);
    turn->state = TURN_DONE;
    turn->why = "ends";
    turn->call = "";
}

static void
make_turns(void)
{
    now.count = now.config.test->thread_count;
    for (uint32_t i = 0; i < now.count; i++) {
        struct turn *turn = &now.turns[i];

        *turn = (struct turn){ .index = i, .host = { 0, (int)i }, .holder = -1 };
        if (!now.config.fibers->make(now.config.fibers, i, turn_body, turn))
            native_give_up("no memory for a thread's stack");
    }
}

static void
make_world(void)
{
    static const struct faultline_config defaults;
    struct faultline_config wanted =
        now.config.test->config == NULL ? defaults : *now.config.test->config;

    if (wanted.ram_bytes == 0)
        wanted.ram_bytes = RAM_BYTES;
    if (wanted.cpu_count == 0 && now.config.test->thread_count > 4)
        wanted.cpu_count = now.config.test->thread_count;
    now.world = faultline_start(&wanted);
    if (now.world == NULL)
        native_give_up(faultline_trouble());
    faultline_on_finding(note_finding, NULL);
}

/* What the threads left: the test's word, the rules, what leaks, the invariants. */
static void
judge(void)
{
    const struct vmk_explore_test *test = now.config.test;
    const char *wrong = test->check == NULL ? NULL : test->check(test->context);
    struct faultline_finding finding;
    int index;

    if (wrong != NULL)
        vmk_explore_fail(wrong);
    (void)faultline_end(now.world);
    index = faultline_finding_unexpected();
    if (index >= 0 && faultline_finding_at((unsigned)index, &finding))
        note_finding(NULL, &finding);
    wrong = vmk_sim_check();
    if (wrong != NULL) {
        say_what("broken invariant: ");
        vmk_explore_fail(wrong);
    }
}

void
native_turns_run(const struct native_turns_config *config)
{
    now = (struct turns){ .config = *config };
    now.sched = (struct vm_sched){
        .yield = sched_yield, .block = sched_block, .wakeup = sched_wakeup, .current = sched_current
    };
    now.watcher = (struct vmk_watcher){ call_begins, call_ends, NULL };
    make_world();
    take_signals();
    if (config->test->begin != NULL)
        config->test->begin(config->test->context);
    make_turns();
    vm_system_set_sched(now.world->system, &now.sched);
    vmk_sim_watch(&now.watcher);
    run_all();
    vmk_sim_unwatch(&now.watcher);
    vm_system_set_sched(now.world->system, NULL);
    vmk_sim_set_cpu(0);
    judge();
    end_run();
}
