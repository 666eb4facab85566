/* test_contract.c - the model keeps the contract on every release, and so does what it recorded */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "contract.h"
#include "counting_alloc.h"

struct fixture {
    struct counting_alloc counting;
    struct contract contract;
    struct contract replay;
    struct contract_fact facts[64];
};

static struct fixture fixture;

static int
setup(void **state)
{
    counting_alloc_init(&fixture.counting);
    *state = &fixture;
    assert_true(contract_fact_count() <= VMM_COUNT_OF(fixture.facts));
    return 0;
}

/* The contract on one release, in a world of its own that must be whole and empty-handed afterwards. */
static bool
ask_model(struct fixture *f, size_t row)
{
    struct vm_profile profile;
    struct vmk_sim_config config = { .alloc = &f->counting.alloc, .profile = &profile };
    struct contract_place place = { .page_bytes = 4096 };
    vmk_world_t world, before;
    bool holds;

    vm_profile_at(row, &profile);
    world = vmk_sim_create(&config);
    assert_non_null(world);
    before = vmk_sim_make_current(world);
    place.task = vmk_sim_task_create();
    assert_int_equal(vmk_sim_allocate(place.task, &place.address, CONTRACT_PAGES * 4096), 0);
    holds = contract_run(&f->contract, &place, f->facts);
    assert_null(vmk_sim_check());
    assert_int_equal(vm_system_stop(vmk_sim_system())->kind, VM_RUNNING);
    /* T2: nothing is left behind but the task's own pages. */
    assert_int_equal(vmk_sim_task_terminate(place.task), 0);
    vmk_sim_make_current(before);
    vmk_sim_destroy(world);
    assert_int_equal(f->counting.live_blocks, 0);
    return holds;
}

static void
assert_all_hold(const struct fixture *f, const char *where)
{
    for (size_t i = 0; i < contract_fact_count(); i++) {
        const struct contract_fact *fact = &f->facts[i];

        if (fact->has_failed)
            fail_msg("%s: %s: %s gave %lld, not %lld", where, fact->name, fact->verb,
                     (long long)fact->gave, (long long)fact->wanted);
    }
}

static void
the_model_keeps_it_on_every_release(void **state)
{
    struct fixture *f = *state;

    for (size_t row = 0; row < vm_profile_count(); row++) {
        struct vm_profile profile;

        vm_profile_at(row, &profile);
        (void)ask_model(f, row);
        assert_all_hold(f, profile.name);
    }
}

static bool
replay(struct fixture *f, size_t count)
{
    return contract_replay(&f->replay, &f->contract.info, f->contract.answers, count, f->facts);
}

static void
a_recording_keeps_it_without_a_backend(void **state)
{
    struct fixture *f = *state;

    assert_true(ask_model(f, vm_profile_count() - 2));
    assert_true(f->contract.count > 80);
    assert_null(vmk_sim_make_current(NULL));
    assert_true(replay(f, f->contract.count));
    assert_int_equal(f->replay.count, f->contract.count);
}

/* Every answer is looked at: whichever is changed, its fact fails, and names its verb. */
static void
any_changed_answer_fails_with_its_verb(void **state)
{
    struct fixture *f = *state;

    assert_true(ask_model(f, vm_profile_count() - 2));
    for (size_t i = 0; i < f->contract.count; i++) {
        struct contract_answer *answer = &f->contract.answers[i];
        const struct contract_fact *failed = NULL;

        answer->gave += 1000;
        assert_false(replay(f, f->contract.count));
        answer->gave -= 1000;
        for (size_t k = 0; k < contract_fact_count() && failed == NULL; k++)
            failed = f->facts[k].has_failed ? &f->facts[k] : NULL;
        assert_string_equal(failed->name, answer->fact);
        assert_string_equal(failed->verb, answer->verb);
        assert_int_equal(failed->gave, failed->wanted + 1000);
    }
}

static void
a_recording_that_ends_early_or_late_fails(void **state)
{
    struct fixture *f = *state;

    assert_true(ask_model(f, vm_profile_count() - 2));
    assert_false(replay(f, f->contract.count - 1));
    assert_false(replay(f, 0));
    f->contract.answers[f->contract.count] = f->contract.answers[0];
    assert_false(replay(f, f->contract.count + 1));
}

static void
a_recording_of_other_verbs_fails(void **state)
{
    struct fixture *f = *state;

    assert_true(ask_model(f, vm_profile_count() - 2));
    f->contract.answers[3].verb = "vmk_desc_capacity";
    assert_false(replay(f, f->contract.count));
    assert_string_equal(f->facts[0].why, "the recording has another verb in its place");
}

static void
what_a_backend_cannot_do_is_not_asked(void **state)
{
    struct fixture *f = *state;
    size_t skipped = 0;

    assert_true(ask_model(f, vm_profile_count() - 2));
    f->contract.info.caps = 0;
    (void)replay(f, f->contract.count);
    for (size_t i = 0; i < contract_fact_count(); i++)
        skipped += f->facts[i].is_skipped;
    assert_int_equal(skipped, 5);
}

#define TEST(test) cmocka_unit_test_setup(test, setup)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_model_keeps_it_on_every_release),
        TEST(a_recording_keeps_it_without_a_backend),
        TEST(any_changed_answer_fails_with_its_verb),
        TEST(a_recording_that_ends_early_or_late_fails),
        TEST(a_recording_of_other_verbs_fails),
        TEST(what_a_backend_cannot_do_is_not_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
