/*
 * test_property_vm.c - random Mach calls of several tasks against a model made of plain arrays
 *
 * Each round makes a system with little memory and a large store, lets up to four tasks allocate,
 * protect, wire, copy, share, fork, map a file and touch the pages of a small window while memory runs
 * short, and asks after every call whether the real model (vm/) and the plain one (sim/small/plain_vm.h)
 * agree; support/vm_trial.h says how.
 *
 * A round's operations are recorded. When one fails, the round is run again with fewer and fewer of
 * them, each time in a child process, until none can be left out; what is left is printed, and written
 * to build/property_failure.scn, as a scenario that `faultline run` replays.
 *
 * Usage: test_property_vm [OPERATIONS [SEED [small]]]; small: tasks with pages of 4 KiB on a machine of
 * 16 KiB frames. What the memory means is the same, whatever shares a frame with what.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "trace/trace_digest.h"
#include "vm/vm_map.h"
#include "vm/vm_user.h"
#include "vm_story.h"

/* Every invariant is asked after so many operations; with 8, a million take well under a minute in asan. */
enum { ROUND = 500, CHECK_EVERY = 8 };

static void
on_trap(int number)
{
    (void)number;
    siglongjmp(vm_trial_escape, 2);
}

/* ---- what comes next ---- */

/* How often each verb comes, of their sum. */
static const uint8_t weights[VERB_COUNT] = {
    [TASK] = 3,         [FORK] = 3,        [TERMINATE] = 1,     [ALLOCATE] = 10,   [DEALLOCATE] = 4,
    [PROTECT] = 8,      [INHERIT] = 4,     [LOAD] = 8,          [STORE] = 20,      [USER_WIRE] = 6,
    [USER_UNWIRE] = 6,  [KERNEL_WIRE] = 4, [KERNEL_UNWIRE] = 6, [COPY] = 7,        [REMAP] = 6,
    [BEHAVIOR] = 5,     [MSYNC] = 2,       [PAGE_OUT] = 3,      [RECLAIM] = 2,     [PURGABLE] = 3,
    [MEMORY_ENTRY] = 3, [MAP_ENTRY] = 5,   [RELEASE_ENTRY] = 2, [PAGER_FAILS] = 3,
};

static uint8_t
below(struct vmm_rng *rng, unsigned bound)
{
    return (uint8_t)vmm_rng_below(rng, bound);
}

static uint8_t
draw_verb(struct vmm_rng *rng)
{
    unsigned sum = 0;
    unsigned at;

    for (unsigned i = 0; i < VERB_COUNT; i++)
        sum += weights[i];
    at = (unsigned)vmm_rng_below(rng, sum);
    for (uint8_t verb = 0;; verb++) {
        if (at < weights[verb])
            return verb;
        at -= weights[verb];
    }
}

/* A living task most of the time. */
static uint8_t
draw_task(struct vmm_rng *rng, const struct vm_trial *run)
{
    uint8_t task = below(rng, TASKS);

    for (unsigned i = 0; i < TASKS && !vm_trial_is_alive(run, task); i++)
        task = (uint8_t)((task + 1) % TASKS);
    return task;
}

static uint8_t
draw_value(struct vmm_rng *rng, uint8_t verb)
{
    static const uint8_t behaviors[] = { VM_BEHAVIOR_DEFAULT,    VM_BEHAVIOR_RANDOM,
                                         VM_BEHAVIOR_SEQUENTIAL, VM_BEHAVIOR_RSEQNTL,
                                         VM_BEHAVIOR_WILLNEED,   VM_BEHAVIOR_DONTNEED,
                                         VM_BEHAVIOR_PAGEOUT,    VM_BEHAVIOR_PAGEOUT };
    static const uint8_t syncs[] = { VM_SYNC_DEACTIVATE, VM_SYNC_DEACTIVATE | VM_SYNC_CONTIGUOUS,
                                     VM_SYNC_DEACTIVATE | VM_SYNC_SYNCHRONOUS };

    if (verb == INHERIT || verb == REMAP || verb == MAP_ENTRY)
        return below(rng, VMM_INHERIT_NONE + 1);
    if (verb == BEHAVIOR)
        return behaviors[below(rng, VMM_COUNT_OF(behaviors))];
    if (verb == MSYNC)
        return syncs[below(rng, VMM_COUNT_OF(syncs))];
    return (uint8_t)(1 + below(rng, 255));
}

/* Rights without READ are drawn too: a fault refuses a load of such a page, the hardware does not. */
static uint8_t
draw_prot(struct vmm_rng *rng, uint8_t verb)
{
    static const uint8_t rights[] = { VMM_PROT_DEFAULT, VMM_PROT_READ,
                                      VMM_PROT_DEFAULT, VMM_PROT_NONE,
                                      VMM_PROT_ALL,     VMM_PROT_READ | VMM_PROT_EXECUTE,
                                      VMM_PROT_WRITE,   VMM_PROT_EXECUTE };
    static const uint8_t accesses[] = { VMM_PROT_READ, VMM_PROT_DEFAULT, VMM_PROT_NONE,
                                        VMM_PROT_READ };

    return verb == PROTECT ? rights[below(rng, VMM_COUNT_OF(rights))]
                           : accesses[below(rng, VMM_COUNT_OF(accesses))];
}

static struct vm_operation
draw(struct vmm_rng *rng, const struct vm_trial *run)
{
    struct vm_operation op = { .verb = run->done == 0 ? (uint8_t)TASK : draw_verb(rng) };
    unsigned limit = below(rng, 8) == 0 ? PAGES : 6;

    op.cpu = below(rng, 2);
    op.task = op.verb == TASK ? below(rng, TASKS) : draw_task(rng, run);
    op.count = (uint8_t)(1 + below(rng, limit));
    op.first = below(rng, PAGES + 1u - op.count);
    op.other = op.verb == FORK ? below(rng, TASKS) : draw_task(rng, run);
    op.source = below(rng, PAGES + 1u - op.count);
    op.prot = draw_prot(rng, op.verb);
    op.value = draw_value(rng, op.verb);
    op.flag = below(rng, op.verb == PROTECT ? 8 : 3) == 0;
    op.copies = below(rng, op.verb == ALLOCATE ? 4 : 2) == 0;
    op.entry = below(rng, PLAIN_ENTRIES);
    for (unsigned i = 0; i < TASKS; i++) {
        op.look[i] = below(rng, 2 * PAGES);
        op.look[i] = op.look[i] < PAGES ? op.look[i] : (uint8_t)NO_LOOK;
    }
    return op;
}

/* ---- shrinking ---- */

struct round {
    struct vm_trial_setting setting;
    struct vm_operation operations[ROUND];
    size_t count;
};

/* Does the round again; true when it goes wrong, and `run` says how far it came. */
static bool
replay(const struct round *round, struct vm_trial *run, struct vm_story *story)
{
    memset(run, 0, sizeof(*run));
    run->setting = round->setting;
    run->check_every = 1;
    run->story = story;
    if (sigsetjmp(vm_trial_escape, 1) != 0)
        return true;
    vm_trial_start(run);
    while (run->done < round->count)
        vm_trial_perform(run, &round->operations[run->done]);
    vm_trial_finish(run);
    return false;
}

/* In a child, since a trap leaves the model in pieces and a failure leaks. */
static bool
still_fails(const struct round *round)
{
    struct rlimit none = { 0, 0 };
    static struct vm_trial run;
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        (void)setrlimit(RLIMIT_CORE, &none);
        _exit(replay(round, &run, NULL) ? 1 : 0);
    }
    return child > 0 && waitpid(child, &status, 0) == child &&
           !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Leaves out [at, at + count) if the rest still fails. */
static bool
try_without(struct round *round, size_t at, size_t count)
{
    static struct round less;

    count = count < round->count - at ? count : round->count - at;
    less = *round;
    memmove(&less.operations[at], &less.operations[at + count],
            (less.count - at - count) * sizeof(less.operations[0]));
    less.count -= count;
    if (!still_fails(&less))
        return false;
    *round = less;
    return true;
}

/* Leaves out single looks, and makes ranges shorter, as long as it still fails. */
static bool
try_simpler(struct round *round, size_t at)
{
    struct vm_operation before = round->operations[at];
    struct vm_operation *op = &round->operations[at];
    bool shrunk = false;

    for (unsigned task = 0; task < TASKS; task++) {
        if (op->look[task] == NO_LOOK)
            continue;
        op->look[task] = NO_LOOK;
        if (still_fails(round))
            shrunk = true;
        else
            *op = before;
        before = *op;
    }
    while (op->count > 1) {
        op->count--;
        if (!still_fails(round)) {
            *op = before;
            break;
        }
        before = *op;
        shrunk = true;
    }
    if (op->cpu != 0) {
        op->cpu = 0;
        if (still_fails(round))
            shrunk = true;
        else
            *op = before;
    }
    return shrunk;
}

static void
shrink(struct round *round)
{
    bool shrunk = true;

    for (size_t part = round->count / 2; part > 1; part /= 2) {
        for (size_t at = 0; at < round->count;)
            at += try_without(round, at, part) ? 0 : part;
    }
    while (shrunk) {
        shrunk = false;
        for (size_t at = round->count; at-- > 0;)
            shrunk |= try_without(round, at, 1);
        for (size_t at = 0; at < round->count; at++)
            shrunk |= try_simpler(round, at);
    }
}

static void
print_failure(const struct vm_trial_failure *failure)
{
    if (failure->is_real)
        printf("%s: expected %" PRId64 ", found %" PRId64 "\n", failure->what, failure->expected,
               failure->found);
    else
        printf("an assertion of the model does not hold\n");
}

/* Where `faultline run` finds it: build/ of the sources, whatever the preset. */
#define STORY_PATH SOURCE_DIR "/build/property_failure.scn"

/* The shortest story of a failure, as a scenario. */
static void
tell(struct round *round)
{
    static struct vm_trial run;
    struct vm_story *story;

    if (!still_fails(round)) {
        printf("property: the round does not fail when it is done again\n");
        return;
    }
    shrink(round);
    printf("property: %zu operations are enough:\n\n", round->count);
    fflush(stdout);
    story = vm_story_create();
    if (replay(round, &run, story)) {
        bool is_written = vm_story_end(story, STORY_PATH);

        printf("\nproperty: at operation %zu of these: ", run.done);
        print_failure(&run.failure);
        printf("property: %s %s\n", is_written ? "replay with: faultline run" : "cannot write",
               STORY_PATH);
    }
}

/* ---- the run ---- */

/* One round of random operations; false when it went wrong. */
static bool
run_round(struct vm_trial *run, struct round *round, struct vmm_rng *rng, uint64_t count)
{
    static const char *const profiles[] = { "macos-10.9",  "macos-10.11", "macos-10.13",
                                            "macos-10.15", "macos-13",    "macos-15.5" };
    static const vmm_ppn frames[] = { 96, 112, 128, 160 };

    round->count = 0;
    run->setting.profile = profiles[vmm_rng_below(rng, VMM_COUNT_OF(profiles))];
    run->setting.frames = frames[vmm_rng_below(rng, VMM_COUNT_OF(frames))];
    round->setting = run->setting;
    run->failure.is_real = false;
    if (sigsetjmp(vm_trial_escape, 1) != 0)
        return false;
    vm_trial_start(run);
    while (round->count < count) {
        round->operations[round->count] = draw(rng, run);
        round->count++;
        vm_trial_perform(run, &round->operations[round->count - 1]);
    }
    vm_trial_finish(run);
    return true;
}

int
main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 25140509;
    static const int traps[] = { SIGILL, SIGTRAP };
    static struct trace_digest digest;
    static struct round round;
    static struct vm_trial run;
    struct vmm_rng rng = { seed };

    printf("property: %" PRIu64 " operations, seed %" PRIu64 "\n", count, seed);
    fflush(stdout);
    for (size_t i = 0; i < VMM_COUNT_OF(traps); i++)
        (void)signal(traps[i], on_trap);
    trace_digest_init(&digest);
    run.digest = &digest;
    run.setting.seed = seed;
    run.setting.is_small = argc > 3 && strcmp(argv[3], "small") == 0;
    run.check_every = CHECK_EVERY;
    for (uint64_t done = 0; done < count; done += round.count) {
        uint64_t rest = count - done;

        if (run_round(&run, &round, &rng, rest < ROUND ? rest : ROUND))
            continue;
        printf("property: seed %" PRIu64 " operation %" PRIu64 " : ", seed, done + round.count);
        print_failure(&run.failure);
        tell(&round);
        fflush(stdout);
        _exit(1);
    }
    printf("property: all held, digest 0x%016" PRIx64 "\n", digest.value);
    return 0;
}
