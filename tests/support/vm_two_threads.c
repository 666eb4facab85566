/*
 * vm_two_threads.c - see vm_two_threads.h
 */
#include "vm_two_threads.h"

#include "vm/vm_internal.h"

static void
run_other(struct vm_sched *sched)
{
    struct two_threads *threads = VMM_CONTAINER(sched, struct two_threads, sched);
    void (*other)(struct two_threads *) = threads->other;

    threads->other = NULL;
    if (other != NULL)
        other(threads);
}

static enum vmm_status
cannot_wait(struct vm_sched *sched, enum vm_sched_event event, const void *object,
            enum vm_sched_wait how)
{
    struct two_threads *threads = VMM_CONTAINER(sched, struct two_threads, sched);

    assert_int_equal(event, threads->event);
    assert_non_null(object);
    if (event == VM_SCHED_PAGE_BUSY)
        assert_true(((const struct vm_page *)object)->busy);
    threads->blocked++;
    return how == VM_SCHED_INTERRUPTIBLE ? VMM_ABORTED : VMM_MODEL_WOULD_BLOCK;
}

static void
wake(struct vm_sched *sched, enum vm_sched_event event, const void *object)
{
    struct two_threads *threads = VMM_CONTAINER(sched, struct two_threads, sched);

    (void)object;
    threads->woken += event == threads->event;
}

void
two_threads_start(struct two_threads *threads, struct vm_fixture *f, enum vm_sched_event event,
                  void (*other)(struct two_threads *threads))
{
    *threads =
        (struct two_threads){ .sched = { .yield = run_other, .block = cannot_wait, .wakeup = wake },
                              .fixture = f,
                              .event = event,
                              .other = other };
    f->system->sched = &threads->sched;
}
