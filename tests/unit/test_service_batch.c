/* Continuous batching, step by step, in cases that are worked out by hand. All coefficients are
 * sums of a few powers of two, so that every time is exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "tests/unit/batch_bench.h"

/* Prefill 1 + 4/8 = 1.5; decoding 1 + 1/2 + 5/16 = 1.8125, then 1 + 1/2 + 6/16 = 1.875. */
static void
one_request(void **state)
{
    REQUESTS(REQUEST(2, 4, 3));
    struct bench b;

    (void)state;
    bench_init(&b, &bench_linear, request, n);
    bench_run(&b);
    assert_times(&request[0], 3.5, 7.1875);
    assert_exactly(rg_batch_alone(&bench_linear, 4, 3), 5.1875);
    assert_int_equal(b.batch.stats.steps, 3);
    assert_int_equal(b.batch.stats.prompt_tokens, 4);
    assert_int_equal(b.batch.stats.output_tokens, 3);
    assert_int_equal(b.batch.stats.kv_max, 16);
    assert_int_equal(b.batch.stats.finished, 1);
    assert_exactly(rg_batch_busy(&b.batch), 5.1875);
    assert_exactly(rg_batch_running_area(&b.batch), 5.1875);
    assert_exactly(rg_batch_waiting_area(&b.batch), 0);
    assert_int_equal(b.batch.stats.running.max, 1);
    assert_int_equal(b.batch.stats.waiting.max, 0);
    bench_clear(&b);
}

/* The second waits 0.5 for the boundary at 1.5. The step from there has P = 8, B = 1, K = 5: 1 + 1
 * + 1/2 + 5/16 = 2.8125; the next one B = 2, K = 6 + 9: 1 + 1 + 15/16 = 2.9375; both end. */
static void
two_overlap(void **state)
{
    REQUESTS(REQUEST(0, 4, 3), REQUEST(1, 8, 2));
    struct bench b;

    (void)state;
    bench_init(&b, &bench_linear, request, n);
    bench_run(&b);
    assert_times(&request[0], 1.5, 7.25);
    assert_times(&request[1], 4.3125, 7.25);
    assert_true(request[0].order < request[1].order);
    assert_exactly(request[0].waited, 0);
    assert_exactly(request[1].waited, 0.5);
    assert_int_equal(b.batch.stats.steps, 3);
    assert_exactly(rg_batch_waiting_area(&b.batch), 0.5);
    assert_exactly(rg_batch_running_area(&b.batch), 7.25 + 5.75);
    assert_int_equal(b.batch.stats.kv_max, 32);
    bench_clear(&b);
}

/* Chunks of 8, 8, 4 take 2, 2, 1.5; the squares, at 1/4, 16, 16, 4 besides. */
static void
chunks(void **state)
{
    struct rg_batch_config c = bench_linear;
    REQUESTS(REQUEST(0, 20, 1));
    struct bench b;

    (void)state;
    c.token_budget = 8;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[0], 5.5, 5.5);
    assert_int_equal(b.batch.stats.steps, 3);
    bench_clear(&b);

    c.b4 = 0.25;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[0], 41.5, 41.5);
    assert_exactly(rg_batch_alone(&c, 20, 1), 41.5);
    bench_clear(&b);
}

/* Prompts of 3 and 10 with a budget of 8: 3 + 5 in the first step (squares 34); then the other 5,
 * for which the decoding one leaves room enough (squares 25). */
static void
prompts_share_a_step(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 3, 2), REQUEST(0, 10, 1));
    struct bench b;

    (void)state;
    c.token_budget = 8;
    c.b4 = 1;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[0], 35, 35 + 26);
    assert_times(&request[1], 35 + 26, 35 + 26);
    bench_clear(&b);
}

/* Two decode, so a budget of 5 leaves 3 a step: a prompt of 9 takes three steps more, not two. When
 * the budget is all taken by decoding, prompts wait. */
static void
budget_without_decoding(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 1, 20), REQUEST(0, 1, 20), REQUEST(0.5, 9, 1));
    struct bench b;

    (void)state;
    c.token_budget = 5;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[0], 1, 20);
    assert_times(&request[2], 4, 4);
    bench_clear(&b);

    c.token_budget = 2;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[1], 1, 20);
    /* Steps 21 to 25 have room for 2 tokens each. */
    assert_times(&request[2], 25, 25);
    bench_clear(&b);
}

/* 17 tokens take two blocks of 16, 16 take one. */
static void
blocks(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 10, 7), REQUEST(0, 10, 7), REQUEST(0, 10, 6));
    struct bench b;

    (void)state;
    c.kv_tokens = 48;
    bench_init(&b, &c, request, n);
    bench_until(&b, 0.5);
    /* The second does not fit beside the first, and holds up the third, which would. */
    assert_int_equal(b.batch.running, 1);
    assert_int_equal(b.batch.waiting, 2);
    assert_int_equal(rg_batch_kv_used(&b.batch), 32);
    bench_run(&b);
    assert_times(&request[0], 1, 7);
    assert_times(&request[1], 8, 14);
    assert_times(&request[2], 8, 13);
    assert_int_equal(b.batch.stats.kv_max, 48);
    bench_clear(&b);

    c.kv_tokens = 64;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[1], 1, 7);
    assert_times(&request[2], 8, 13);
    bench_clear(&b);
}

static void
too_large(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 40, 9), REQUEST(0, 40, 8), REQUEST(0, UINT32_MAX, 1),
             REQUEST(0, UINT32_MAX, UINT32_MAX));
    struct bench b;

    (void)state;
    c.kv_tokens = 50; /* three whole blocks */
    for (int optimistic = 0; optimistic < 2; optimistic++) {
        c.admission = optimistic ? RG_BATCH_OPTIMISTIC : RG_BATCH_RESERVE;
        bench_init(&b, &c, request, n);
        bench_run(&b);
        assert_int_equal(request[0].submission, RG_BATCH_TOO_LARGE);
        assert_times(&request[1], 1, 8);
        assert_int_equal(request[2].submission, RG_BATCH_TOO_LARGE);
        assert_int_equal(request[3].submission, RG_BATCH_TOO_LARGE);
        assert_int_equal(b.batch.stats.too_large, 3);
        assert_int_equal(b.batch.stats.submitted, 4);
        bench_clear(&b);
    }
}

/* Even the largest cache has no room for 2^32 tokens. */
static void
too_many_tokens(void **state)
{
    REQUESTS(REQUEST(0, UINT32_MAX, 1), REQUEST(0, UINT32_MAX, UINT32_MAX),
             REQUEST(0, UINT32_MAX - 1, 1));
    struct rg_batch_config c = bench_second;
    struct bench b;

    (void)state;
    c.token_budget = UINT32_MAX;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_int_equal(request[0].submission, RG_BATCH_TOO_LARGE);
    assert_int_equal(request[1].submission, RG_BATCH_TOO_LARGE);
    assert_times(&request[2], 1, 1);
    bench_clear(&b);
}

/* No call is without a beginning and an end. */
static void
fewest_tokens(void **state)
{
    REQUESTS(REQUEST(0, 1, 1), REQUEST(5, 0, 0), REQUEST(10, 0, 2));
    struct bench b;

    (void)state;
    bench_init(&b, &bench_linear, request, n);
    bench_run(&b);
    assert_times(&request[0], 1.125, 1.125);
    assert_times(&request[1], 6.125, 6.125);
    assert_times(&request[2], 11.125, 12.75);
    assert_exactly(rg_batch_alone(&bench_linear, 0, 0), 1.125);
    assert_exactly(rg_batch_alone(&bench_linear, 0, 2), 2.75);
    assert_int_equal(b.batch.stats.output_tokens, 4);
    assert_int_equal(b.reports, 4);
    bench_clear(&b);
}

static void
sequence_limit(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 5, 3), REQUEST(0, 5, 3), REQUEST(0, 5, 3));
    struct bench b;

    (void)state;
    c.max_sequences = 2;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[0], 1, 3);
    assert_times(&request[1], 1, 3);
    assert_times(&request[2], 4, 6);
    assert_int_equal(b.batch.stats.running.max, 2);
    assert_int_equal(b.batch.stats.waiting.max, 1);
    bench_clear(&b);
}

/* What comes at the instant of a boundary is in the step that begins there, and what comes at the
 * instant at which an idle replica is woken is in its first. */
static void
ties(void **state)
{
    REQUESTS(REQUEST(0, 5, 3), REQUEST(0, 5, 1), REQUEST(2, 5, 1), REQUEST(2.0000001, 5, 1));
    struct bench b;

    (void)state;
    bench_init(&b, &bench_second, request, n);
    bench_run(&b);
    assert_times(&request[0], 1, 3);
    assert_times(&request[1], 1, 1);
    assert_times(&request[2], 3, 3);
    assert_times(&request[3], 4, 4);
    assert_int_equal(b.batch.stats.steps, 4);
    bench_clear(&b);
}

/* Steps of no length: everything happens at once, in order. */
static void
steps_of_no_length(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 5, 3), REQUEST(0, 5, 4), REQUEST(1, 5, 1));
    struct bench b;

    (void)state;
    c.b0 = 0;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[0], 0, 0);
    assert_times(&request[1], 0, 0);
    assert_times(&request[2], 1, 1);
    assert_true(request[0].order < request[1].order);
    assert_int_equal(b.batch.stats.steps, 5);
    bench_clear(&b);
}

/* N = 1; those who wait are taken by priority, equals in their order, and by their size. */
static void
orders(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 5, 2), WITH_PRIORITY(0.5, 5, 4, 3), WITH_PRIORITY(0.5, 5, 3, -2),
             WITH_PRIORITY(0.5, 5, 2, 3), WITH_PRIORITY(0.5, 9, 1, INT32_MAX),
             WITH_PRIORITY(0.5, 9, 1, INT32_MIN));
    static const double by_priority[] = {2, 10, 6, 12, 13, 3};
    static const double by_size[] = {2, 13, 9, 6, 3, 4};
    struct bench b;

    (void)state;
    c.max_sequences = 1;
    c.discipline = RG_PRIORITY;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    for (size_t i = 0; i < n; i++)
        assert_exactly(request[i].last, by_priority[i]);
    bench_clear(&b);
    c.discipline = RG_SJF;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    for (size_t i = 0; i < n; i++)
        assert_exactly(request[i].last, by_size[i]);
    bench_clear(&b);
}

/* One may wait beside those that run. */
static void
queue_limit(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 5, 4), REQUEST(0, 5, 2), REQUEST(0, 5, 1), REQUEST(0, 5, 1),
             REQUEST(0.5, 5, 1), REQUEST(2.5, 5, 1), REQUEST(3.5, 5, 1));
    static const bool accepted[] = {true, true, true, false, false, true, true};
    struct bench b;

    (void)state;
    c.max_sequences = 2;
    c.queue = 1;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(request[i].submission, accepted[i] ? RG_BATCH_ACCEPTED : RG_BATCH_FULL);
    assert_int_equal(b.batch.stats.full, 2);
    assert_int_equal(b.batch.stats.finished, 5);
    bench_clear(&b);
}

/* The queue is full also when it is blocks that are missing; without places, whoever finds nobody
 * waiting may come. */
static void
queue_limit_by_blocks(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 8, 8), REQUEST(0.5, 8, 8), REQUEST(1.5, 8, 8), REQUEST(8.5, 8, 8));
    struct bench b;

    (void)state;
    c.kv_tokens = 16;
    c.queue = 0;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[0], 1, 8);
    assert_times(&request[1], 9, 16);
    assert_int_equal(request[2].submission, RG_BATCH_FULL);
    assert_times(&request[3], 17, 24);
    bench_clear(&b);
}

/* Once the one that waited has gone, the next may come, although the last boundary left one. */
static void
queue_limit_after_withdrawal(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 8, 8), {.time = 0.5, .prompt = 8, .output = 8, .deadline = 2.25},
             REQUEST(2.75, 8, 8));
    struct bench b;

    (void)state;
    c.kv_tokens = 16;
    c.queue = 0;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_exactly(request[1].cancelled, 2.25);
    assert_times(&request[2], 9, 16);
    bench_clear(&b);
}

/* --- the rest -------------------------------------------------------------------------------- */

static void
reset(void **state)
{
    REQUESTS(REQUEST(0, 5, 4), REQUEST(2.5, 5, 1));
    struct bench b;

    (void)state;
    bench_init(&b, &bench_second, request, n);
    bench_until(&b, 2.75);
    rg_batch_reset_stats(&b.batch);
    assert_int_equal(b.batch.stats.carried, 2);
    assert_int_equal(b.batch.stats.kv_max, 16);
    bench_run(&b);
    assert_int_equal(b.batch.stats.submitted, 0);
    assert_int_equal(b.batch.stats.finished, 2);
    assert_int_equal(b.batch.stats.steps, 1);
    assert_int_equal(b.batch.stats.output_tokens, 3);
    assert_exactly(b.batch.stats.since, 2.75);
    assert_exactly(rg_batch_busy(&b.batch), 1.25);
    assert_exactly(rg_batch_waiting_area(&b.batch), 0.25);
    assert_exactly(rg_batch_running_area(&b.batch), 0.25 + 2);
    bench_clear(&b);
}

static void
times(void **state)
{
    const struct rg_batch_overhead o = {.a0 = 8, .a1 = 0.25, .a2 = 0.125};
    struct rg_batch_times t = rg_batch_times(&o, 10, 20, 28, 5);

    (void)state;
    assert_exactly(t.ttft, 10.125);
    assert_exactly(t.e2e, 18 + 0.25 + 0.625);
    assert_exactly(t.itl, 2.125);
    t = rg_batch_times(&o, 10, 20, 20, 1);
    assert_exactly(t.e2e, 10.375);
    assert_true(isnan(t.itl));
}

/* One at a time, the replica takes what rg_batch_alone says. */
static void
alone(void **state)
{
    enum { N = 2000 };
    struct rg_batch_config c = bench_linear;
    struct bench_request *request = rg_zalloc(N, sizeof *request);
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    struct bench b;

    (void)state;
    c.b4 = 0.0009765625;
    c.token_budget = 64;
    for (size_t i = 0; i < N; i++)
        request[i] = (struct bench_request)REQUEST(
            (double)i * 65536, (uint32_t)rg_rng_below(rng, 300), (uint32_t)rg_rng_below(rng, 100));
    bench_init(&b, &c, request, N);
    bench_run(&b);
    for (size_t i = 0; i < N; i++)
        assert_exactly(request[i].last - request[i].time,
                       rg_batch_alone(&c, request[i].prompt, request[i].output));
    bench_clear(&b);
    gsl_rng_free(rng);
    free(request);
}

/* A long queue takes at most 100 bytes a request, an empty one gives its places to the next. */
static void
memory(void **state)
{
    enum { N = 200000 };
    struct bench b;
    size_t full = 0;

    (void)state;
    bench_init(&b, &bench_second, NULL, 0);
    b.batch.config.report = NULL;
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < N; i++) {
            rg_batch_submit(&b.batch, &(struct rg_batch_job){.entity = i, .prompt = 9, .output = 1},
                            NULL);
            if (round == 0 && i >= 1000)
                assert_true(rg_batch_memory(&b.batch) <= 100 * (size_t)(i + 1));
        }
        if (round == 0)
            full = rg_batch_memory(&b.batch);
        bench_run(&b);
    }
    /* Notes and the heap of the batch have come, which does not depend on the queue. */
    assert_true(rg_batch_memory(&b.batch) - full < 20000);
    bench_clear(&b);
}

/* Requests that are withdrawn, from the queue or from the batch, leave nothing behind. */
static void
memory_of_the_withdrawn(void **state)
{
    struct rg_batch_config c = bench_second;
    struct bench b;

    (void)state;
    c.max_sequences = 50;
    c.discipline = RG_PRIORITY;
    bench_init(&b, &c, NULL, 0);
    b.batch.config.report = NULL;
    for (int round = 0; round < 2000; round++) {
        struct rg_batch_ticket ticket[100];

        for (uint32_t i = 0; i < 100; i++)
            rg_batch_submit(&b.batch,
                            &(struct rg_batch_job){
                                .entity = i, .prompt = 1, .output = 1000000, .priority = -round},
                            &ticket[i]);
        bench_until(&b, b.engine.now + 2);
        assert_int_equal(b.batch.running, 50);
        for (int i = 0; i < 100; i++)
            assert_true(rg_batch_cancel(&b.batch, ticket[i]));
    }
    assert_true(rg_batch_memory(&b.batch) < 40000);
    bench_clear(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_request),
        cmocka_unit_test(two_overlap),
        cmocka_unit_test(chunks),
        cmocka_unit_test(prompts_share_a_step),
        cmocka_unit_test(budget_without_decoding),
        cmocka_unit_test(blocks),
        cmocka_unit_test(too_large),
        cmocka_unit_test(too_many_tokens),
        cmocka_unit_test(fewest_tokens),
        cmocka_unit_test(sequence_limit),
        cmocka_unit_test(ties),
        cmocka_unit_test(steps_of_no_length),
        cmocka_unit_test(orders),
        cmocka_unit_test(queue_limit),
        cmocka_unit_test(queue_limit_by_blocks),
        cmocka_unit_test(queue_limit_after_withdrawal),
        cmocka_unit_test(reset),
        cmocka_unit_test(times),
        cmocka_unit_test(alone),
        cmocka_unit_test(memory),
        cmocka_unit_test(memory_of_the_withdrawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
