/* test_io_checkpoint.c - any point is reached again, over few others; and what forks cheaply is a heap */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "io/io_checkpoint.h"
#include "io/io_heap.h"

enum { POINTS = 1000000, DISTANCE = 1024 };

struct answer {
    uint64_t sum;    /* of all points up to the one asked for */
    uint64_t passed; /* points that the worker went over */
};

/* Adds 1 + 2 + 3 ..; in a worker, answers with the sum at the point that was asked for. */
static uint64_t
compute(struct io_checkpoints *checkpoints)
{
    uint64_t sum = 0, from = 0, wanted = 0, request;

    for (uint64_t at = 1; at <= POINTS; at++) {
        sum += at;
        if (io_checkpoint(checkpoints, at, &request, sizeof request)) {
            wanted = request;
            from = at;
        }
        if (at == wanted) {
            struct answer answer = { sum, at - from };
            struct io_bytes bytes = { 0 };

            io_bytes_put(&bytes, (const char *)&answer, sizeof answer);
            io_checkpoint_answer(checkpoints, &bytes);
        }
    }
    return sum;
}

static struct answer
ask(const struct io_checkpoints *checkpoints, uint64_t point)
{
    struct io_bytes bytes = { 0 };
    struct answer answer;

    assert_true(io_checkpoint_ask(checkpoints, point, &point, sizeof point, &bytes));
    assert_int_equal(bytes.length, sizeof answer);
    memcpy(&answer, bytes.data, sizeof answer);
    io_bytes_free(&bytes);
    return answer;
}

static void
any_point_of_a_million_is_a_few_thousand_away(void **state)
{
    struct io_checkpoints checkpoints;
    struct vmm_rng rng = { 1 };

    (void)state;
    io_checkpoints_begin(&checkpoints, DISTANCE);
    assert_int_equal(compute(&checkpoints), (uint64_t)POINTS * (POINTS + 1) / 2);
    assert_true(checkpoints.count <= IO_CHECKPOINTS);
    for (int i = 0; i < 200; i++) {
        uint64_t point = i == 0 ? 1 : i == 1 ? POINTS : 1 + vmm_rng_below(&rng, POINTS);
        struct answer answer = ask(&checkpoints, point);

        assert_int_equal(answer.sum, point * (point + 1) / 2);
        assert_true(answer.passed < checkpoints.distance + 1);
        assert_true(answer.passed <= POINTS / 61);
    }
    io_checkpoints_end(&checkpoints);
}

static void
a_heap_gives_pieces_apart_and_takes_them_back(void **state)
{
    static struct {
        unsigned char *bytes;
        size_t size;
    } pieces[64];
    struct io_heap heap;
    struct vmm_rng rng = { 7 };
    size_t most;

    (void)state;
    assert_true(io_heap_begin(&heap));
    for (int round = 0; round < 20000; round++) {
        size_t i = (size_t)vmm_rng_below(&rng, 64);

        if (pieces[i].bytes != NULL) {
            for (size_t at = 0; at < pieces[i].size; at += pieces[i].size / 3 + 1)
                assert_int_equal(pieces[i].bytes[at], i);
            io_heap_give(&heap, pieces[i].bytes, pieces[i].size);
        }
        pieces[i].size = (size_t)1 << vmm_rng_below(&rng, 17);
        pieces[i].size += (size_t)vmm_rng_below(&rng, pieces[i].size);
        pieces[i].bytes = io_heap_take(&heap, pieces[i].size);
        assert_non_null(pieces[i].bytes);
        assert_int_equal((uintptr_t)pieces[i].bytes % 64, 0);
        memset(pieces[i].bytes, (int)i, pieces[i].size);
    }
    most = 64 * 2 * (size_t)(1 << 18);
    assert_true(heap.used < most); /* what came back went out again */
    assert_null(io_heap_take(&heap, heap.size));
    io_heap_end(&heap);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_point_of_a_million_is_a_few_thousand_away),
        cmocka_unit_test(a_heap_gives_pieces_apart_and_takes_them_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
