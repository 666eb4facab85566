/*
 * scn_threads.c - see scn_threads.h
 *
 * The runner's stack is the scheduler: it picks a thread, puts that thread's part of the run in place
 * (its lane), and goes to its fiber, which comes back where the thread pauses: before a line that
 * calls the kernel, where the kernel lets others in, and where it waits.
 *
 * Nobody left who can run, and somebody waits: each waiter looks once more at what it waits for. One
 * that gets on was never woken (I19). If none does it is a deadlock, and the kernel hangs.
 */
#include "explore_schedule.h"
#include "scn_run.h"

#include "base/assert.h"

#include <string.h>

enum thread_state { THREAD_READY, THREAD_WAITS, THREAD_DONE };

/* What a thread keeps while another one runs. */
struct lane {
    struct scn_now now;
    struct scn_watch_step watch;
};

struct thread {
    struct scn_threads *threads;
    uint32_t index;
    enum thread_state state;
    const struct scn_statement *at; /* the line it is in, or comes to */
    struct lane lane;
    const char *why; /* it paused */
    bool is_inside;  /* a call that has not ended */
    bool looks_again;
    uint64_t own; /* what its call has done so far */
    /* while it waits */
    enum vm_sched_event event;
    const void *object;
    struct vm_wait wait;
    enum vmm_status answer;
};

struct scn_threads {
    struct vm_sched sched;
    struct trace_sink sink;
    struct scn_run *run;
    struct scn_fibers *fibers;
    struct thread threads[SCN_THREADS_MAX];
    struct lane main; /* of the lines outside; too large for a kernel's stack */
    uint32_t first;   /* threads[first .. count) belong to the group */
    uint32_t count;
    uint32_t current; /* who runs, or ran last */
    bool is_over;     /* the kernel stopped, or the run was given up: nobody waits any more */
};

/* ---- lanes ---- */

static void
lane_save(const struct scn_run *run, struct lane *lane)
{
    lane->now = run->now;
    lane->watch = run->watch.step;
}

static void
lane_load(struct scn_run *run, const struct lane *lane)
{
    run->now = lane->now;
    run->watch.step = lane->watch;
    vmk_sim_set_cpu(run->now.cpu);
}

/* ---- what the kernel asks ---- */

static struct thread *
current_thread(struct vm_sched *sched)
{
    struct scn_threads *threads = VMM_CONTAINER(sched, struct scn_threads, sched);

    return &threads->threads[threads->current];
}

static void
pause_thread(struct thread *thread, const char *why)
{
    struct scn_threads *threads = thread->threads;

    thread->why = why;
    threads->fibers->pause(threads->fibers);
}

static void
sched_yield(struct vm_sched *sched)
{
    struct thread *thread = current_thread(sched);

    if (!thread->threads->is_over)
        pause_thread(thread, "lets others in");
}

static enum vmm_status
wait_for(struct thread *thread, enum vm_sched_event event, const void *object, const char *why)
{
    if (thread->threads->is_over || scn_has_stopped(thread->threads->run))
        return VMM_MODEL_HANG;
    thread->state = THREAD_WAITS;
    thread->event = event;
    thread->object = object;
    thread->answer = VMM_OK;
    pause_thread(thread, why);
    return thread->answer;
}

static enum vmm_status
sched_block(struct vm_sched *sched, enum vm_sched_event event, const void *object,
            enum vm_sched_wait how)
{
    struct thread *thread = current_thread(sched);

    (void)how;
    thread->wait = sched->wait;
    return wait_for(thread, event, object,
                    event != VM_SCHED_LOCK ? "waits"
                    : object == vm_system_driver_lock(thread->threads->run->system)
                        ? "waits for I/O Kit's lock"
                        : "waits for a lock");
}

static void
wake(struct scn_threads *threads, enum vm_sched_event event, const void *object)
{
    for (uint32_t i = threads->first; i < threads->count; i++) {
        struct thread *thread = &threads->threads[i];

        if (thread->state == THREAD_WAITS && thread->event == event && thread->object == object)
            thread->state = THREAD_READY;
    }
}

static void
sched_wakeup(struct vm_sched *sched, enum vm_sched_event event, const void *object)
{
    wake(VMM_CONTAINER(sched, struct scn_threads, sched), event, object);
}

static uint32_t
sched_current(struct vm_sched *sched)
{
    return VMM_CONTAINER(sched, struct scn_threads, sched)->current;
}

/* A thread's own events say where in its call it is, as far as a state needs to know. */
static void
see_own(struct trace_sink *sink, const struct trace_event *event)
{
    struct scn_threads *threads = VMM_CONTAINER(sink, struct scn_threads, sink);
    struct thread *thread = &threads->threads[threads->current];

    thread->own = vm_digest_mix(thread->own, (uint64_t)event->kind << 32 | event->detail);
    thread->own = vm_digest_mix(thread->own, event->va);
    thread->own = vm_digest_mix(thread->own, event->length);
    thread->own = vm_digest_mix(thread->own, (uint64_t)(uint32_t)event->status << 32 | event->prot);
}

/* ---- a thread's own life ---- */

static bool
others_are_inside(const struct scn_threads *threads, const struct thread *self)
{
    for (uint32_t i = threads->first; i < threads->count; i++) {
        if (&threads->threads[i] != self && threads->threads[i].is_inside)
            return true;
    }
    return false;
}

/* A task ends after its threads have left the kernel; so we let every call end first. */
static void
wait_for_calls(struct thread *thread)
{
    thread->wait = (struct vm_wait){ .reason = REASON_IN_TRANSITION_WAIT };
    while (others_are_inside(thread->threads, thread) &&
           wait_for(thread, VM_SCHED_LOCK, thread->threads, "waits for calls to end") == VMM_OK)
        continue;
}

static void
run_line(struct thread *thread)
{
    struct scn_threads *threads = thread->threads;
    bool is_call = thread->at->form == SCN_DO;

    if (is_call && thread->at->operation == SCN_OP_TERMINATE)
        wait_for_calls(thread);
    thread->is_inside = is_call;
    thread->own = 0;
    scn_step_run(threads->run, thread->at);
    thread->is_inside = false;
    thread->own = 0;
    wake(threads, VM_SCHED_LOCK, threads);
}

static bool
goes_on(const struct thread *thread)
{
    const struct scn_run *run = thread->threads->run;

    return thread->at->form != SCN_THREAD_END && !run->is_cut && !scn_is_out_of_memory(run);
}

static void
thread_body(void *argument)
{
    struct thread *thread = argument;
    bool is_first = true;

    while (goes_on(thread)) {
        bool fails = thread->at->form == SCN_DO && thread->at->operation == SCN_OP_FAIL;
        bool calls = !fails && (thread->at->form == SCN_DO || thread->at->form == SCN_OPEN);

        if (calls && !is_first && !thread->threads->is_over)
            pause_thread(thread, "comes to its next line");
        is_first = is_first && fails; /* whatever is said to fail, threads go the same way */
        if (!goes_on(thread))
            break;
        run_line(thread);
        thread->at = thread->at->next;
    }
    scn_fail_end(thread->threads->run);
    thread->state = THREAD_DONE;
    thread->why = "ends";
}

/* ---- who goes on ---- */

static uint32_t
threads_in(const struct scn_threads *threads, enum thread_state state)
{
    uint32_t found = 0;

    for (uint32_t i = threads->first; i < threads->count; i++)
        found |= threads->threads[i].state == state ? 1u << i : 0;
    return found;
}

static uint64_t
state_of_object(const struct scn_object *object, uint64_t digest)
{
    digest = vm_digest_mix(digest, (uint64_t)object->is_made << 1 | object->is_null);
    digest = vm_digest_mix(digest, object->address);
    if (object->desc != NULL)
        digest = vm_digest_mix(digest, (uint64_t)vmk_sim_desc_wire_count(object->desc) << 32 |
                                           vmk_sim_desc_references(object->desc));
    if (object->map != NULL)
        digest = vm_digest_mix(digest, vmk_map_address(object->map) ^
                                           (uint64_t)vmk_sim_map_references(object->map) << 48);
    if (object->lock != NULL)
        digest = vm_digest_mix(digest, vmk_sim_lock_holders(object->lock));
    return digest;
}

/* All that can decide what the threads still do, and what has been found already. */
static uint64_t
state_of(const struct scn_threads *threads)
{
    const struct scn_run *run = threads->run;
    uint64_t digest = vm_system_digest(run->system, 0);

    digest = vm_digest_mix(digest, run->wrong);
    digest = vm_digest_mix(digest, vm_system_driver_lock(run->system)->owner);
    for (uint32_t i = threads->first; i < threads->count; i++) {
        const struct thread *thread = &threads->threads[i];

        digest = vm_digest_mix(digest, (uint64_t)thread->at->line << 8 |
                                           (uint64_t)thread->state << 1 | thread->is_inside);
        digest = vm_digest_mix(digest, thread->own);
        digest = vm_digest_mix(digest, (uint64_t)(uint32_t)thread->lane.now.last.status << 8 |
                                           thread->lane.now.loaded);
    }
    for (uint32_t i = 0; i < run->program->name_count; i++)
        digest = state_of_object(&run->objects[i], digest);
    return digest;
}

/* Asks the schedule, where there is something to choose. */
static uint32_t
choose(struct scn_threads *threads, uint32_t can_run)
{
    struct scn_run *run = threads->run;
    struct scn_schedule *schedule = run->schedule;
    bool goes = (can_run >> threads->current & 1) != 0;
    struct scn_choice choice = { .index = run->choice_count,
                                 .can_run = can_run,
                                 .current = goes ? threads->current : SCN_NO_THREAD };
    uint32_t chosen = goes ? threads->current : (uint32_t)__builtin_ctz(can_run);

    if ((can_run & (can_run - 1)) == 0 || threads->is_over)
        return chosen;
    run->choice_count++;
    if (schedule == NULL)
        return chosen;
    if (schedule->wants_state)
        choice.state = state_of(threads);
    chosen = schedule->choose(schedule, &choice);
    VMM_ASSERT(chosen == SCN_CUT || (can_run >> chosen & 1) != 0);
    return chosen;
}

/* ---- deadlocks ---- */

/* The lock that a thread waits for; NULL: it waits for something else. */
static const struct vm_lock *
lock_of(const struct thread *thread)
{
    return thread->event == VM_SCHED_LOCK && thread->object != thread->threads ? thread->object
                                                                               : NULL;
}

static const char *
lock_name(const struct scn_threads *threads, const struct vm_lock *lock)
{
    return lock == vm_system_driver_lock(threads->run->system) ? "I/O Kit's lock" : "a lock";
}

/* "waits for I/O Kit's lock, which thread closer holds" */
static void
put_lock(struct vmm_text *text, const struct scn_threads *threads, const struct vm_lock *lock)
{
    vmm_text_format(text, "waits for %s", lock_name(threads, lock));
    if (lock->depth > 0)
        vmm_text_format(text, ", which thread %s holds",
                        threads->run->program->threads[lock->owner]);
}

static void
put_wait(struct vmm_text *text, const struct scn_threads *threads, const struct thread *thread)
{
    const struct vm_lock *driver_lock = vm_system_driver_lock(threads->run->system);
    const struct vm_lock *lock = lock_of(thread);

    vmm_text_format(text, "thread %s, line %u (%s), ",
                    threads->run->program->threads[thread->index], (unsigned)thread->at->line,
                    thread->at->source);
    if (driver_lock->depth > 0 && driver_lock->owner == thread->index)
        vmm_text_put(text, "holds I/O Kit's lock and ");
    if (lock != NULL)
        put_lock(text, threads, lock);
    else if (thread->wait.end != 0)
        vmm_text_format(text, "waits for 0x%llx-0x%llx with %u wiring(s)",
                        (unsigned long long)thread->wait.start,
                        (unsigned long long)thread->wait.end, (unsigned)thread->wait.wired_count);
    else
        vmm_text_put(text, thread->event == VM_SCHED_PAGE_BUSY   ? "waits for a busy page"
                           : thread->event == VM_SCHED_PAGE_FREE ? "waits for a free page"
                           : thread->event == VM_SCHED_OBJECT_BLOCKED
                               ? "waits for redirected memory"
                               : "waits for calls to end");
}

static void
stop_for_deadlock(struct scn_threads *threads, uint32_t waiting)
{
    const struct thread *root = &threads->threads[(uint32_t)__builtin_ctz(waiting)];
    struct vmm_text text;
    char line[384];

    vmm_text_init(&text, line, sizeof line);
    vmm_text_put(&text, "deadlock: ");
    for (uint32_t i = threads->first; i < threads->count; i++) {
        const struct thread *thread = &threads->threads[i];

        if (!(waiting >> i & 1))
            continue;
        if (i != (uint32_t)__builtin_ctz(waiting))
            vmm_text_put(&text, "; ");
        put_wait(&text, threads, thread);
        if (root->wait.reason == REASON_NONE && thread->wait.reason != REASON_NONE)
            root = thread; /* who waits for a lock waits for its owner */
    }
    vm_system_set_cpu(threads->run->system, root->index);
    threads->run->report->stop_line = root->at->line;
    (void)vm_hang(threads->run->system,
                  root->wait.reason == REASON_NONE ? REASON_LOCK_DEADLOCK : root->wait.reason,
                  root->wait.space, root->wait.start, "%s", line);
}

/* Everybody waits: let each look again. False: they have looked already. */
static bool
look_again(struct scn_threads *threads, uint32_t waiting)
{
    bool is_new = false;

    for (uint32_t i = threads->first; i < threads->count; i++) {
        struct thread *thread = &threads->threads[i];

        if (!(waiting >> i & 1) || thread->looks_again)
            continue;
        thread->looks_again = true;
        thread->state = THREAD_READY;
        is_new = true;
    }
    return is_new;
}

/* Nobody waits any more: whoever did is told that the kernel hangs, and unwinds. */
static void
end_all(struct scn_threads *threads)
{
    threads->is_over = true;
    vm_system_trace(threads->run->system)->sinks = NULL; /* what comes now did not happen */
    for (uint32_t i = threads->first; i < threads->count; i++) {
        struct thread *thread = &threads->threads[i];

        if (thread->state != THREAD_WAITS)
            continue;
        thread->state = THREAD_READY;
        thread->answer = VMM_MODEL_HANG;
    }
}

/* ---- the scheduler ---- */

/* Room for the list of switches grows by copies that stay in the arena. */
static void
note_switch(struct scn_threads *threads, const struct thread *to, const char *why)
{
    struct scn_run *run = threads->run;
    struct scn_report *report = run->report;

    if (report->switch_count == run->switch_room) {
        size_t room = 2 * run->switch_room + 16;
        struct scn_switch *grown = core_arena_array(&run->keep, room, sizeof *grown);

        if (grown == NULL)
            return;
        if (report->switch_count > 0)
            memcpy(grown, report->switches, report->switch_count * sizeof *grown);
        report->switches = grown;
        run->switch_room = room;
    }
    report->switches[report->switch_count++] = (struct scn_switch){
        .thread = core_arena_copy(&run->keep, run->program->threads[to->index],
                                  strlen(run->program->threads[to->index])),
        .line = to->at->line,
        .source = core_arena_copy(&run->keep, to->at->source, strlen(to->at->source)),
        .why = why,
    };
}

static void
run_thread(struct scn_threads *threads, uint32_t index, const char *why)
{
    struct thread *thread = &threads->threads[index];
    uint64_t before = vm_system_trace(threads->run->system)->sequence;
    const struct scn_statement *at = thread->at;
    bool looks_again = thread->looks_again;

    if (why != NULL && !looks_again && !threads->is_over)
        note_switch(threads, thread, why);
    threads->current = index;
    lane_load(threads->run, &thread->lane);
    threads->fibers->run(threads->fibers, index);
    scn_collect_findings(threads->run);
    lane_save(threads->run, &thread->lane);
    if (thread->state == THREAD_WAITS && at == thread->at &&
        before == vm_system_trace(threads->run->system)->sequence)
        return; /* it looked, and waits on */
    for (uint32_t i = threads->first; i < threads->count; i++)
        threads->threads[i].looks_again = false;
    if (threads->run->now.step != NULL && threads->run->now.step->injected)
        return; /* what was made to be missing is there at the second look, and nobody brought it */
    if (looks_again && !threads->is_over && !scn_has_stopped(threads->run))
        scn_note_broken(threads->run,
                        "I19 a thread slept on though what it waited for had come: a lost wakeup");
}

/* Until every thread has ended. */
static void
schedule_all(struct scn_threads *threads)
{
    const char *why = "begins";

    while (threads_in(threads, THREAD_DONE) != (1u << threads->count) - (1u << threads->first)) {
        uint32_t can_run = threads_in(threads, THREAD_READY);
        uint32_t waiting = threads_in(threads, THREAD_WAITS);
        uint32_t before = threads->current;
        uint32_t next;

        if (!threads->is_over && scn_has_stopped(threads->run)) {
            end_all(threads);
            continue;
        }
        if (can_run == 0) {
            if (!look_again(threads, waiting))
                stop_for_deadlock(threads, waiting);
            continue;
        }
        next = choose(threads, can_run);
        if (next == SCN_CUT) {
            threads->run->is_cut = true;
            end_all(threads);
            continue;
        }
        run_thread(threads, next, next != before || why[0] == 'b' ? why : NULL);
        why = threads->threads[next].why;
    }
}

static bool
make_threads(struct scn_threads *threads)
{
    for (uint32_t i = threads->first; i < threads->count; i++) {
        if (!threads->fibers->make(threads->fibers, i, thread_body, &threads->threads[i])) {
            while (i-- > threads->first)
                threads->fibers->end(threads->fibers, i);
            return false;
        }
    }
    return true;
}

static void
run_on_fibers(struct scn_threads *threads)
{
    struct vm_system *system = threads->run->system;

    if (!make_threads(threads)) {
        threads->run->out_of_memory = threads->run->host_is_short = true;
        return;
    }
    lane_save(threads->run, &threads->main);
    trace_attach(vm_system_trace(system), &threads->sink);
    vm_system_set_sched(system, &threads->sched);
    schedule_all(threads);
    vm_system_set_sched(system, NULL);
    if (!threads->is_over)
        trace_detach(vm_system_trace(system), &threads->sink);
    for (uint32_t i = threads->first; i < threads->count; i++)
        threads->fibers->end(threads->fibers, i);
    lane_load(threads->run, &threads->main);
}

/* Without stacks: one after the other, and a wait that nobody else could end is a hang. */
static void
run_in_order(struct scn_threads *threads)
{
    lane_save(threads->run, &threads->main);
    for (uint32_t i = threads->first; i < threads->count; i++) {
        struct thread *thread = &threads->threads[i];

        threads->current = i;
        lane_load(threads->run, &thread->lane);
        for (; goes_on(thread); thread->at = thread->at->next)
            scn_step_run(threads->run, thread->at);
        scn_fail_end(threads->run);
    }
    lane_load(threads->run, &threads->main);
}

/* ---- the group ---- */

/* Takes the threads that follow each other; returns what stands behind them. */
static const struct scn_statement *
take_group(struct scn_threads *threads, const struct scn_statement *statement)
{
    threads->first = threads->count = statement->result;
    while (statement != NULL && statement->form == SCN_THREAD) {
        struct thread *thread = &threads->threads[threads->count];

        /* The arena's zeros are the rest: a whole one on the stack is too large for a kernel's. */
        thread->threads = threads;
        thread->index = threads->count;
        thread->at = statement->next;
        thread->why = "begins";
        lane_save(threads->run, &thread->lane);
        thread->lane.now.cpu = threads->count++;
        if (!scn_rows_has(&statement->rows, threads->run->profile))
            thread->state = THREAD_DONE;
        while (statement->form != SCN_THREAD_END)
            statement = statement->next;
        if (thread->state == THREAD_DONE)
            thread->at = statement;
        statement = statement->next;
    }
    threads->current = threads->first;
    return statement;
}

/* The options' schedule, or the program's own; it goes on through all groups of a run. */
static bool
find_schedule(struct scn_run *run)
{
    struct explore_schedule *own;

    if (run->schedule == NULL)
        run->schedule = run->options->schedule;
    if (run->schedule != NULL || run->program->schedule == NULL)
        return true;
    own = core_arena_take(&run->scratch, sizeof *own);
    if (own == NULL || !explore_schedule_parse(own, run->program->schedule))
        return false;
    run->schedule = &own->schedule;
    return true;
}

const struct scn_statement *
scn_threads_run(struct scn_run *run, const struct scn_statement *statement)
{
    struct scn_threads *threads = core_arena_take(&run->scratch, sizeof *threads);
    const struct scn_statement *after;

    if (threads == NULL || !find_schedule(run))
        return NULL;
    threads->run = run;
    threads->fibers = run->options->fibers;
    threads->sched = (struct vm_sched){
        .yield = sched_yield, .block = sched_block, .wakeup = sched_wakeup, .current = sched_current
    };
    threads->sink.see = see_own;
    after = take_group(threads, statement);
    run->threads = threads;
    if (threads->fibers != NULL)
        run_on_fibers(threads);
    else
        run_in_order(threads);
    run->threads = NULL;
    return after;
}

const char *
scn_threads_name(const struct scn_run *run)
{
    if (run->threads == NULL)
        return NULL;
    return run->program->threads[run->threads->current];
}

bool
scn_threads_are_quiet(const struct scn_run *run)
{
    return run->threads == NULL ||
           !others_are_inside(run->threads, &run->threads->threads[run->threads->current]);
}
