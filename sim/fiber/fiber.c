/*
 * fiber.c - see fiber.h; POSIX contexts, and what the sanitizers want to hear of them
 */
#define _GNU_SOURCE 1 /* REG_RSP */
#include "fiber/fiber.h"

#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif

#ifdef FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

enum { FIBER_STACK_BYTES = 512 << 10 };

/* One stack: a fiber's, or the caller's own. */
struct fiber {
    ucontext_t context;
    void *stack;
    const void *bottom; /* of the stack, as asan wants it; of the caller's it tells us */
    size_t stack_bytes;
    void *fake_stack; /* asan's */
    void *tsan;
    void (*body)(void *);
    void *argument;
};

struct fiber_set {
    struct scn_fibers fibers;
    struct fiber caller;
    struct fiber fiber[SCN_THREADS_MAX];
    struct fiber *here; /* whose stack runs */
};

/* ---- the switch ---- */

static void
fiber_arrive(struct fiber_set *set, struct fiber *here)
{
#ifdef FIBER_ASAN
    const void *bottom;
    size_t bytes;

    __sanitizer_finish_switch_fiber(here->fake_stack, &bottom, &bytes);
    if (here != &set->caller) {
        set->caller.bottom = bottom;
        set->caller.stack_bytes = bytes;
    }
#endif
    set->here = here;
}

static void
fiber_switch(struct fiber_set *set, struct fiber *to)
{
    struct fiber *from = set->here;

    set->here = to; /* a new fiber asks who it is */
#ifdef FIBER_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->stack_bytes);
#endif
#ifdef FIBER_TSAN
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
    swapcontext(&from->context, &to->context);
    fiber_arrive(set, from);
}

/* makecontext() passes ints only. */
static void
fiber_start(unsigned high, unsigned low)
{
    struct fiber_set *set = (struct fiber_set *)((uintptr_t)high << 16 << 16 | low);
    struct fiber *self = set->here;

    fiber_arrive(set, self);
    self->body(self->argument);
    fiber_switch(set, &set->caller);
}

/* ---- what scn_threads.c calls ---- */

static struct fiber_set *
fiber_set_of(struct scn_fibers *fibers)
{
    return VMM_CONTAINER(fibers, struct fiber_set, fibers);
}

static bool
fiber_make(struct scn_fibers *fibers, uint32_t index, void (*body)(void *), void *argument)
{
    struct fiber_set *set = fiber_set_of(fibers);
    struct fiber *fiber = &set->fiber[index];
    uintptr_t number = (uintptr_t)set;

    if (fiber->stack == NULL)
        fiber->stack = malloc(FIBER_STACK_BYTES);
    if (fiber->stack == NULL || getcontext(&fiber->context) != 0)
        return false;
    fiber->bottom = fiber->stack;
    fiber->stack_bytes = FIBER_STACK_BYTES;
    fiber->body = body;
    fiber->argument = argument;
    fiber->fake_stack = NULL;
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = FIBER_STACK_BYTES;
    fiber->context.uc_link = NULL;
#ifdef FIBER_TSAN
    fiber->tsan = __tsan_create_fiber(0);
#endif
    makecontext(&fiber->context, (void (*)(void))fiber_start, 2, (unsigned)(number >> 16 >> 16),
                (unsigned)number);
    return true;
}

static void
fiber_run(struct scn_fibers *fibers, uint32_t index)
{
    struct fiber_set *set = fiber_set_of(fibers);

#ifdef FIBER_TSAN
    set->caller.tsan = __tsan_get_current_fiber();
#endif
    fiber_switch(set, &set->fiber[index]);
}

static void
fiber_pause(struct scn_fibers *fibers)
{
    struct fiber_set *set = fiber_set_of(fibers);

    fiber_switch(set, &set->caller);
}

static void
fiber_end(struct scn_fibers *fibers, uint32_t index)
{
#ifdef FIBER_TSAN
    __tsan_destroy_fiber(fiber_set_of(fibers)->fiber[index].tsan);
#endif
    (void)fibers;
    (void)index;
}

#if defined(__x86_64__) && !defined(FIBER_ASAN)
uint64_t
fiber_digest(struct scn_fibers *fibers, uint32_t index)
{
    static const int kept[] = { REG_RBX, REG_RBP, REG_R12, REG_R13, REG_R14, REG_R15, REG_RSP };
    const struct fiber *fiber = &fiber_set_of(fibers)->fiber[index];
    const greg_t *registers = fiber->context.uc_mcontext.gregs;
    uintptr_t top = (uintptr_t)fiber->stack + FIBER_STACK_BYTES;
    uintptr_t used = (uintptr_t)registers[REG_RSP] & ~(uintptr_t)7;
    uint64_t digest = 1;

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        digest = vm_digest_mix(digest, (uint64_t)registers[kept[i]]);
    return vm_digest_bytes((const uint8_t *)used, top - used, digest);
}
#else
uint64_t
fiber_digest(struct scn_fibers *fibers, uint32_t index)
{
    (void)fibers;
    (void)index;
    return 0;
}
#endif

struct scn_fibers *
fiber_set_create(void)
{
    struct fiber_set *set = calloc(1, sizeof(*set));

    if (set == NULL)
        return NULL;
    set->fibers = (struct scn_fibers){ fiber_make, fiber_run, fiber_pause, fiber_end };
    set->here = &set->caller;
    return &set->fibers;
}

void
fiber_set_destroy(struct scn_fibers *fibers)
{
    struct fiber_set *set;

    if (fibers == NULL)
        return;
    set = fiber_set_of(fibers);
    for (size_t i = 0; i < SCN_THREADS_MAX; i++)
        free(set->fiber[i].stack);
    free(set);
}
