/*
 * native_explore.c - see faultline/explore.h
 *
 * A run is a child process (native_turns.c): a driver has globals, and a panic has no way back. The
 * search stands in memory that parent and children share, so that a child can say what it could have
 * chosen, and ask whether a state is new.
 */
#define _GNU_SOURCE 1 /* MAP_ANONYMOUS */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/explore_schedule.h"
#include "fiber/fiber.h"
#include "native_internal.h"
#include "native_turns.h"

enum { RUN_SECONDS = 60, SCHEDULES_BETWEEN_WORDS = 64 };

#define SHARED_BYTES ((size_t)1 << 30) /* of addresses; the host gives what is touched */

/* At the start of the shared memory. */
struct shared {
    size_t used;
    struct native_run_result result;
};

struct exploring {
    const struct vmk_explore_test *test;
    struct shared *shared;
    struct vmm_alloc alloc;
    struct scn_fibers *fibers;
    struct explore_search *search;
    struct vmk_explore_result *result;
};

/* ---- shared memory, which is never given back piece by piece ---- */

static void *
shared_take(void *context, size_t size)
{
    struct shared *shared = context;
    size_t at = (shared->used + 63) & ~(size_t)63;

    if (size > SHARED_BYTES - at)
        return NULL;
    shared->used = at + size;
    return (uint8_t *)shared + at;
}

static void
shared_give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)memory;
    (void)size;
}

static_assert((int)VMK_EXPLORE_ID_BYTES == (int)EXPLORE_ID_MAX, "an id fits");

/* What the test wants; 0: none. */
static uint32_t
preemptions_of(const struct vmk_explore_test *test)
{
    if (test->preemptions == 0)
        return EXPLORE_DEFAULT_PREEMPTIONS;
    return test->preemptions < 0 ? 0 : (uint32_t)test->preemptions;
}

static void
exploring_begin(struct exploring *it)
{
    const struct vmk_explore_test *test = it->test;
    const struct explore_options options = {
        .preemptions = preemptions_of(test),
        .limit = test->limit == 0 ? EXPLORE_DEFAULT_LIMIT : test->limit,
        .drawn = test->drawn == 0 ? EXPLORE_DEFAULT_DRAWN : test->drawn,
        .seed = test->seed == 0 ? 1 : test->seed,
    };
    void *memory = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    it->fibers = fiber_set_create();
    if (memory == MAP_FAILED || it->fibers == NULL)
        native_give_up("the host refuses memory");
    it->shared = memory;
    it->shared->used = sizeof(*it->shared);
    it->alloc = (struct vmm_alloc){ shared_take, shared_give, memory };
    it->search = explore_search_create(&it->alloc, &options);
    if (it->search == NULL)
        native_give_up("no memory for a search");
}

static void
exploring_end(struct exploring *it)
{
    munmap(it->shared, SHARED_BYTES);
    fiber_set_destroy(it->fibers);
}

/* ---- one run ---- */

/* What the driver says in thousands of runs is nobody's; a world that is watched is another one. */
static void
be_quiet(void)
{
    unsetenv("FAULTLINE_LIVE");
    unsetenv("FAULTLINE_SAVE");
    if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
        _exit(1);
}

/* A child: `schedule` by id, told, or the search's own. */
static void
run_one(struct exploring *it, struct scn_schedule *schedule, bool tells)
{
    struct native_run_result *result = &it->shared->result;
    int status = 0;
    pid_t child;

    *result = (struct native_run_result){ .has_ended = false };
    fflush(NULL);
    child = fork();
    if (child < 0)
        native_give_up("the host refuses a process");
    if (child == 0) {
        alarm(RUN_SECONDS);
        if (!tells)
            be_quiet();
        native_turns_run(&(struct native_turns_config){ .test = it->test,
                                                        .fibers = it->fibers,
                                                        .schedule = schedule,
                                                        .result = result,
                                                        .tells = tells });
    }
    if (waitpid(child, &status, 0) != child)
        native_give_up("a process was lost");
    if (result->has_saved)
        native_record_set_saved();
    if (result->has_ended)
        return;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(result->what, sizeof(result->what), "a thread runs on for ever");
    else if (WIFSIGNALED(status))
        snprintf(result->what, sizeof(result->what), "the program dies of signal %d",
                 WTERMSIG(status));
    else
        snprintf(result->what, sizeof(result->what), "the program ends by itself");
}

/* Its way through the threads is printed; the report of what goes wrong is on stderr. */
static void
tell_one(struct exploring *it, const char *id)
{
    struct explore_schedule schedule;

    if (explore_schedule_parse(&schedule, id))
        run_one(it, &schedule.schedule, true);
}

/* ---- one order only ---- */

/* The order that is asked for; NULL: all. */
static const char *
wanted_id(const struct vmk_explore_test *test)
{
    const char *wish = getenv("FAULTLINE_SCHEDULE");
    size_t length = strlen(test->name);

    if (test->schedule != NULL || wish == NULL)
        return test->schedule;
    return strncmp(wish, test->name, length) == 0 && wish[length] == ':' ? wish + length + 1 : NULL;
}

static void
explore_again(struct exploring *it, const char *id)
{
    const struct native_run_result *result = &it->shared->result;
    struct explore_schedule schedule;

    printf("%s, order %s:\n", it->test->name, id);
    if (!explore_schedule_parse(&schedule, id)) {
        printf("'%s' is no order: write one that an exploration printed, such as 0, 3b.9a, r17 or "
               "p17.40\n",
               id);
        snprintf(it->result->what, sizeof(it->result->what), "'%s' is no order", id);
    } else {
        tell_one(it, id);
        printf("%s\n", result->what[0] == '\0' ? "nothing was found" : result->what);
        snprintf(it->result->what, sizeof(it->result->what), "%s", result->what);
        it->result->schedules = 1;
    }
    it->result->failures = it->result->what[0] != '\0';
    if (it->result->failures > 0)
        snprintf(it->result->id, sizeof(it->result->id), "%s", id);
}

/* ---- all of them ---- */

static void
say_progress(const struct exploring *it)
{
    struct explore_progress progress = explore_search_progress(it->search);

    if (isatty(STDERR_FILENO) && progress.schedules % SCHEDULES_BETWEEN_WORDS == 0)
        fprintf(stderr, "\r%s: %" PRIu64 " orders, about %" PRIu64 " left, %zu found \x1b[K",
                it->test->name, progress.schedules, progress.left,
                explore_search_failure_count(it->search));
}

static void
search_all(struct exploring *it)
{
    const struct native_run_result *result = &it->shared->result;
    bool goes_on = true;

    while (goes_on) {
        struct scn_schedule *schedule = explore_search_next(it->search);

        if (schedule == NULL)
            break;
        run_one(it, schedule, false);
        if (it->result->what[0] == '\0')
            snprintf(it->result->what, sizeof(it->result->what), "%s", result->what);
        goes_on = explore_search_ran(it->search, result->choices, result->is_cut, result->what);
        say_progress(it);
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\x1b[K", stderr);
    if (!goes_on)
        native_give_up("a search took more memory than there is: a smaller limit helps");
}

static void
say_failure(struct exploring *it, size_t index)
{
    const struct explore_failure *failure = explore_search_failure_at(it->search, index);
    uint64_t orders = failure->schedules;
    char id[EXPLORE_ID_MAX];

    snprintf(id, sizeof(id), "%s", failure->id);
    printf("%zu. in %" PRIu64 " order%s; the first is %s\n", index + 1, orders,
           orders == 1 ? "" : "s", id);
    tell_one(it, id);
    printf("     %s\n     again: FAULTLINE_SCHEDULE=%s:%s\n", it->shared->result.what,
           it->test->name, id);
}

static void
explore_all(struct exploring *it)
{
    struct explore_progress progress;
    size_t failures;

    search_all(it);
    progress = explore_search_progress(it->search);
    failures = explore_search_failure_count(it->search);
    it->result->schedules = progress.schedules;
    it->result->cut = progress.cut;
    it->result->is_complete = progress.is_complete;
    it->result->failures = (unsigned)failures;
    printf("%s: %u thread%s, %" PRIu64 " orders, %" PRIu64 " of them cut short at a known state\n",
           it->test->name, it->test->thread_count, it->test->thread_count == 1 ? "" : "s",
           progress.schedules, progress.cut);
    if (progress.is_complete)
        printf("every order with up to %u preemptions was run\n", (unsigned)progress.preemptions);
    else
        printf("every order with up to %d preemptions, and some that were drawn\n",
               (int)progress.preemptions - 1);
    for (size_t i = 0; i < failures; i++)
        say_failure(it, i);
    if (progress.unnamed > 0)
        printf("%" PRIu64 " more orders go wrong, with more moves than an id has\n",
               progress.unnamed);
    it->result->failures += progress.unnamed > 0;
    if (it->result->failures == 0)
        printf("nothing was found\n");
    if (failures > 0)
        snprintf(it->result->id, sizeof(it->result->id), "%s",
                 explore_search_failure_at(it->search, 0)->id);
}

/* Says what is wrong with the test itself. */
static bool
is_good(const struct vmk_explore_test *test)
{
    if (test->thread_count == 0 || test->thread_count > VMK_EXPLORE_THREADS_MAX)
        printf("%s: %u threads: an exploration has from 1 to %d\n", test->name, test->thread_count,
               VMK_EXPLORE_THREADS_MAX);
    else if (test->preemptions > EXPLORE_MOST_PREEMPTIONS)
        printf("%s: %d preemptions: at most %d\n", test->name, test->preemptions,
               EXPLORE_MOST_PREEMPTIONS);
    else
        return true;
    return false;
}

unsigned
vmk_explore(const struct vmk_explore_test *test, struct vmk_explore_result *result)
{
    struct vmk_explore_result own;
    struct exploring it = { .test = test, .result = result == NULL ? &own : result };
    const char *wanted = wanted_id(test);
    char id[EXPLORE_ID_MAX] = ""; /* it may stand in *result */

    if (wanted != NULL)
        snprintf(id, sizeof(id), "%s", wanted);
    *it.result = (struct vmk_explore_result){ .schedules = 0 };
    if (!is_good(test)) {
        it.result->failures = 1;
        return 1;
    }
    exploring_begin(&it);
    if (wanted != NULL)
        explore_again(&it, id);
    else
        explore_all(&it);
    fflush(stdout);
    exploring_end(&it);
    return it.result->failures;
}
