/* What an endpoint does about failures: injected ones, retries, cooldown, fallbacks. Times are
 * worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/endpoint_bench.h"

static void
fail_first(struct bench *b, uint32_t model, uint64_t first, enum rg_call_status status)
{
    bench_of(b, model)->failures.first = first;
    bench_of(b, model)->failures.status = status;
}

static void
retry(struct bench *b, uint32_t model, uint32_t attempts)
{
    struct rg_retry_config *r = &bench_of(b, model)->retry;

    *r = (struct rg_retry_config){
        .attempts = attempts,
        .base_s = 0.5,
        .cap_s = 8,
        .multiplier = 2,
        .on = {[RG_CALL_ERROR] = true, [RG_CALL_TIMEOUT] = true, [RG_CALL_RATE_LIMITED] = true}};
}

/* ---- injected failures ---- */

static void
the_first_tries_fail_as_told(void **state)
{
    static const enum rg_call_status status[] = {RG_CALL_ERROR, RG_CALL_TIMEOUT,
                                                 RG_CALL_RATE_LIMITED};

    (void)state;
    for (size_t s = 0; s < 3; s++) {
        struct bench *b = bench_new();

        fail_first(b, LARGE, 3, status[s]);
        bench_of(b, LARGE)->failures.latency_s = 0.25;
        for (size_t i = 0; i < 5; i++)
            bench_call(b, (double)i, 0, LARGE);
        bench_call(b, 0, 0, SMALL);
        bench_run(b);
        for (size_t i = 0; i < 6; i++) {
            bool fails = i < 3;

            assert_int_equal(b->calls[i].end.status, fails ? status[s] : RG_CALL_OK);
            assert_near(bench_part(b, i, RG_PART_FAILED), fails ? 0.25 : 0);
            assert_near(bench_end(b, i), b->calls[i].at + (fails ? 0.25 : 1));
            assert_true(b->calls[i].end.cost_usd == (fails ? 0 : 1));
        }
        assert_int_equal(b->stats[LARGE].errors, s == 0 ? 3 : 0);
        assert_int_equal(b->stats[LARGE].timeouts, s == 1 ? 3 : 0);
        assert_int_equal(b->stats[LARGE].rejected, s == 2 ? 3 : 0);
        bench_free(b);
    }
}

/* [2, 3) and [5, 6): half-open. */
static void
outages_are_half_open(void **state)
{
    const double at[] = {1.75, 2, 2.75, 3, 4, 5, 5.5, 6, 7};
    const bool fails[] = {false, true, true, false, false, true, true, false, false};
    struct bench *b = bench_new();
    struct rg_failure_config *f = &bench_of(b, LARGE)->failures;

    (void)state;
    f->status = RG_CALL_ERROR;
    f->outages = rg_alloc(2, sizeof *f->outages);
    f->n_outages = 2;
    f->outages[0] = (struct rg_outage){2, 3};
    f->outages[1] = (struct rg_outage){5, 6};
    for (size_t i = 0; i < 9; i++)
        bench_call(b, at[i], 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(b->calls[i].end.status, fails[i] ? RG_CALL_ERROR : RG_CALL_OK);
    bench_free(b);
}

/* A retry at the instant of an outage's end finds it over. */
static void
a_retry_at_the_end_of_an_outage_succeeds(void **state)
{
    struct bench *b = bench_new();
    struct rg_failure_config *f = &bench_of(b, LARGE)->failures;

    (void)state;
    retry(b, LARGE, 3);
    f->status = RG_CALL_ERROR;
    f->outages = rg_alloc(1, sizeof *f->outages);
    f->n_outages = 1;
    f->outages[0] = (struct rg_outage){0, 1.5};
    bench_call(b, 0, 0, LARGE); /* tries at 0, 0.5 and 1.5 */
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    assert_true(bench_end(b, 0) == 2.5);
    assert_true(bench_part(b, 0, RG_PART_BACKOFF) == 1.5);
    bench_free(b);
}

/* 5 standard deviations of a binomial. The same seed gives the same failures. */
static void
random_failures_have_their_rate(void **state)
{
    enum { N = 20000 };
    const double rate = 0.2;
    const double sigma = sqrt(N * rate * (1 - rate));
    uint64_t errors[3];

    (void)state;
    for (size_t round = 0; round < 3; round++) {
        struct bench *b = bench_new();

        b->seed = round == 2 ? 2 : 1;
        bench_of(b, LARGE)->failures.rate = rate;
        bench_of(b, LARGE)->failures.status = RG_CALL_ERROR;
        for (size_t i = 0; i < N; i++)
            bench_call(b, (double)i, 0, LARGE);
        bench_run(b);
        errors[round] = b->stats[LARGE].errors;
        assert_true(fabs((double)errors[round] - N * rate) < 5 * sigma);
        bench_free(b);
    }
    assert_int_equal(errors[0], errors[1]);
    assert_int_not_equal(errors[0], errors[2]);
}

static void
a_rate_of_one_fails_always(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->failures.rate = 1;
    bench_of(b, LARGE)->failures.status = RG_CALL_ERROR;
    for (size_t i = 0; i < 1000; i++)
        bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->stats[LARGE].errors, 1000);
    bench_free(b);
}

/* ---- retries ---- */

/* Delays of 0.5, 1, 2, 4, 8, 8 s. */
static void
delays_grow_up_to_the_cap(void **state)
{
    struct bench *b = bench_new();
    double at = 0;

    (void)state;
    retry(b, LARGE, 7);
    fail_first(b, LARGE, 6, RG_CALL_ERROR);
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->n_tries, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_near(b->tries[i].from, at);
        at += fmin(8, 0.5 * pow(2, (double)i));
    }
    assert_near(bench_part(b, 0, RG_PART_BACKOFF), 23.5);
    assert_near(bench_end(b, 0), 24.5);
    assert_int_equal(b->calls[0].end.tries, 7);
    assert_int_equal(b->stats[LARGE].retries, 6);
    bench_free(b);
}

static void
the_last_attempt_decides(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    retry(b, LARGE, 3);
    fail_first(b, LARGE, 3, RG_CALL_ERROR);
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_ERROR);
    assert_int_equal(b->calls[0].end.tries, 3);
    assert_near(bench_end(b, 0), 1.5);
    bench_free(b);
}

/* d (1 + j U) with U in [0, 1): between d and 2 d, with mean 1.5 d. */
static void
jitter_only_lengthens(void **state)
{
    enum { N = 4000 };
    struct bench *b = bench_new();
    double sum = 0;

    (void)state;
    retry(b, LARGE, 2);
    bench_of(b, LARGE)->retry.jitter = 1;
    fail_first(b, LARGE, N, RG_CALL_ERROR);
    for (size_t i = 0; i < N; i++)
        bench_call(b, 0, 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < N; i++) {
        double delay = bench_part(b, i, RG_PART_BACKOFF);

        assert_true(delay >= 0.5 && delay < 1);
        sum += delay / N;
    }
    assert_true(fabs(sum - 0.75) < 5 * 0.5 / sqrt(12.0 * N));
    bench_free(b);
}

static void
a_factor_beyond_all_numbers_keeps_the_cap(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    retry(b, LARGE, 200);
    bench_of(b, LARGE)->retry.multiplier = 1000;
    bench_of(b, LARGE)->retry.base_s = 0;
    bench_of(b, LARGE)->retry.cap_s = 1;
    fail_first(b, LARGE, 200, RG_CALL_ERROR);
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.tries, 200);
    assert_true(bench_end(b, 0) == 0);
    bench_free(b);
}

static void
only_the_listed_outcomes_are_tried_again(void **state)
{
    static const enum rg_call_status status[] = {RG_CALL_ERROR, RG_CALL_TIMEOUT,
                                                 RG_CALL_RATE_LIMITED};

    (void)state;
    for (size_t on = 0; on < 3; on++)
        for (size_t s = 0; s < 3; s++) {
            struct bench *b = bench_new();

            retry(b, LARGE, 2);
            memset(bench_of(b, LARGE)->retry.on, 0, sizeof bench_of(b, LARGE)->retry.on);
            bench_of(b, LARGE)->retry.on[status[on]] = true;
            fail_first(b, LARGE, 1, status[s]);
            bench_call(b, 0, 0, LARGE);
            bench_run(b);
            assert_int_equal(b->calls[0].end.status, on == s ? RG_CALL_OK : status[s]);
            bench_free(b);
        }
}

/* Call 0 (sample 0) is a recorded error of 0.5 s, call 1 (sample 2) an answer of 0.25 s. Sample 1
 * is not recorded and stands for the one before. */
static void
a_retry_replays_the_next_sample(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    retry(b, SMALL, 3);
    b->samples[0] = 3;
    b->m.status[0] = RG_CALL_ERROR;
    b->m.latency[0] = 500;
    b->m.latency[1] = 250;
    b->m.cost[1] = 7;
    bench_call(b, 0, 0, SMALL);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    assert_int_equal(b->calls[0].end.call, 1);
    assert_int_equal(b->calls[0].end.tries, 3);
    assert_int_equal(b->calls[0].end.exact, 2);
    assert_true(b->calls[0].end.cost_usd == 1 + 1 + 7);
    assert_near(bench_part(b, 0, RG_PART_FAILED), 1);
    assert_near(bench_end(b, 0), 0.5 + 0.5 + 0.5 + 1 + 0.25);
    bench_free(b);
}

/* After the last sample comes the first. */
static void
samples_come_round(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    retry(b, SMALL, 2);
    b->samples[0] = 3;
    b->m.status[1] = RG_CALL_ERROR;
    bench_call(b, 0, 0, SMALL);
    b->calls[0].request.sample = 2;
    bench_run(b);
    assert_int_equal(b->calls[0].end.call, 0);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    bench_free(b);
}

/* ---- cooldown ---- */

static void
a_rate_limit_begins_a_cooldown(void **state)
{
    struct bench *b = bench_new();
    const double at[] = {0, 0.5, 4.5, 5, 6};

    (void)state;
    bench_of(b, LARGE)->cooldown = (struct rg_cooldown_config){
        .seconds = 5, .after_rate_limit = true, .failure_share = 1, .min_calls = 2, .window_s = 60};
    fail_first(b, LARGE, 1, RG_CALL_RATE_LIMITED);
    for (size_t i = 0; i < 5; i++)
        bench_call(b, at[i], 0, LARGE);
    bench_run(b);
    assert_int_equal(b->stats[LARGE].rejected, 1);
    assert_int_equal(b->stats[LARGE].cooling, 2);
    assert_int_equal(b->stats[LARGE].answered, 2);
    assert_int_equal(b->calls[1].end.status, RG_CALL_RATE_LIMITED);
    assert_int_equal(b->calls[3].end.status, RG_CALL_OK); /* at its very end */
    bench_free(b);
}

/* More than half of at least three within a minute; windows begin anew at 60 s. */
static void
too_many_failures_begin_a_cooldown(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->cooldown = (struct rg_cooldown_config){
        .seconds = 5, .failure_share = 0.5, .min_calls = 3, .window_s = 60};
    bench_of(b, LARGE)->service = RG_SERVICE_ZERO;
    b->m.status[bench_recorded(1, LARGE)] = RG_CALL_ERROR;
    bench_call(b, 58, 1, LARGE);
    bench_call(b, 59, 1, LARGE); /* two are not three */
    bench_call(b, 60, 1, LARGE);
    bench_call(b, 61, 0, LARGE);
    bench_call(b, 62, 0, LARGE);
    bench_call(b, 63, 1, LARGE); /* two of four are not more than half */
    bench_call(b, 64, 1, LARGE); /* three of five: cooldown until 69 */
    bench_call(b, 68, 0, LARGE);
    bench_call(b, 69, 0, LARGE); /* three of six, and a success begins none */
    bench_call(b, 70, 1, LARGE); /* four of seven: until 75 */
    bench_call(b, 74, 0, LARGE);
    bench_call(b, 75, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->stats[LARGE].errors, 6);
    assert_int_equal(b->stats[LARGE].cooling, 2);
    assert_int_equal(b->stats[LARGE].answered, 4);
    assert_int_equal(b->calls[7].end.status, RG_CALL_RATE_LIMITED);
    assert_int_equal(b->calls[10].end.status, RG_CALL_RATE_LIMITED);
    bench_free(b);
}

/* After a cooldown the failures before it are still in the window: an answer must not begin another
 * one. */
static void
an_answer_begins_no_cooldown(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->cooldown = (struct rg_cooldown_config){
        .seconds = 5, .failure_share = 0.5, .min_calls = 2, .window_s = 60};
    fail_first(b, LARGE, 2, RG_CALL_ERROR);
    for (size_t i = 0; i < 2; i++)
        bench_call(b, 0, 0, LARGE);
    for (size_t i = 0; i < 10; i++)
        bench_call(b, 5 + 2 * (double)i, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->stats[LARGE].cooling, 0);
    assert_int_equal(b->stats[LARGE].answered, 10);
    bench_free(b);
}

/* ---- fallbacks ---- */

static void
fall_back_to(struct bench *b, uint32_t model, uint32_t first, uint32_t second)
{
    struct rg_endpoint_config *c = bench_of(b, model);

    c->fallback = rg_alloc(2, sizeof *c->fallback);
    c->n_fallback = 2;
    c->fallback[0] = first;
    c->fallback[1] = second;
}

/* Two tries at each of three models, each 1 s of recorded failure. */
static void
fallbacks_follow_in_turn(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    fall_back_to(b, SMALL, LARGE, OTHER);
    for (uint32_t m = 0; m < MINI_MODELS; m++)
        retry(b, m, 2);
    b->m.status[5] = b->m.status[6] = RG_CALL_ERROR;
    bench_call(b, 0, 2, SMALL);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    assert_int_equal(b->calls[0].end.model, OTHER);
    assert_int_equal(b->calls[0].end.tries, 5);
    assert_true(b->calls[0].end.cost_usd == 5);
    assert_near(bench_end(b, 0), 6);
    assert_near(bench_part(b, 0, RG_PART_BACKOFF), 1);
    assert_int_equal(b->stats[SMALL].fallbacks, 1);
    assert_int_equal(b->stats[LARGE].fallbacks, 1);
    assert_int_equal(b->stats[SMALL].calls, 1);
    assert_int_equal(b->stats[LARGE].calls, 0);
    bench_free(b);
}

/* Nothing of model other is recorded on query 0: it is passed over, wherever it stands, and what
 * the last real try brought stands. */
static void
a_fallback_that_is_not_recorded_is_passed_over(void **state)
{
    (void)state;
    for (int last = 0; last < 2; last++) {
        struct bench *b = bench_new();

        fall_back_to(b, SMALL, last ? LARGE : OTHER, last ? OTHER : LARGE);
        fail_first(b, SMALL, 1, RG_CALL_TIMEOUT);
        fail_first(b, LARGE, 1, RG_CALL_RATE_LIMITED);
        bench_call(b, 0, 0, SMALL);
        bench_call(b, 5, 0, SMALL);
        bench_run(b);
        assert_int_equal(b->calls[0].end.status, RG_CALL_RATE_LIMITED);
        assert_int_equal(b->calls[0].end.model, LARGE);
        assert_int_equal(b->calls[0].end.call, bench_recorded(0, LARGE));
        assert_int_equal(b->calls[0].end.tries, 2);
        assert_int_equal(b->stats[SMALL].fallbacks, 1);
        assert_int_equal(b->stats[LARGE].fallbacks, 0);
        assert_int_equal(b->stats[OTHER].tries, 0);
        assert_int_equal(b->calls[1].end.status, RG_CALL_OK);
        bench_free(b);
    }
}

/* During a cooldown the fallback gets the calls, at once. */
static void
a_cooldown_sends_calls_to_the_fallback(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    fall_back_to(b, SMALL, LARGE, OTHER);
    bench_of(b, SMALL)->cooldown = (struct rg_cooldown_config){
        .seconds = 5, .after_rate_limit = true, .failure_share = 1, .min_calls = 2, .window_s = 60};
    bench_of(b, SMALL)->slots = 1;
    bench_of(b, SMALL)->queue = 0;
    for (size_t i = 0; i < 3; i++)
        bench_call(b, 0.25 * (double)i, 0, SMALL);
    bench_run(b);
    assert_int_equal(b->calls[0].end.model, SMALL);
    assert_int_equal(b->calls[1].end.model, LARGE);
    assert_int_equal(b->calls[2].end.model, LARGE);
    assert_int_equal(b->stats[SMALL].rejected, 1);
    assert_int_equal(b->stats[SMALL].cooling, 1);
    assert_near(bench_end(b, 2), 1.5);
    bench_free(b);
}

/* Two come to the slot of the large model at 0.5 s, when three are there: one from the small model
 * and, a moment later at the same time, one that is tried again. Those who were there go first. */
static void
who_comes_by_another_way_waits_its_turn(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    fall_back_to(b, SMALL, LARGE, OTHER);
    retry(b, LARGE, 2);
    bench_of(b, LARGE)->slots = 1;
    b->m.status[bench_recorded(0, SMALL)] = RG_CALL_ERROR;
    b->m.latency[bench_recorded(0, SMALL)] = 500;
    b->m.status[bench_recorded(1, LARGE)] = RG_CALL_ERROR;
    b->m.latency[bench_recorded(1, LARGE)] = 0;
    bench_call(b, 0, 1, LARGE); /* fails at once; again at 0.5, and fails then for good */
    for (size_t i = 0; i < 3; i++)
        bench_call(b, 0.25, 0, LARGE);
    bench_call(b, 0, 0, SMALL);
    bench_call(b, 0.75, 0, LARGE);
    bench_run(b);
    for (size_t i = 1; i < 4; i++)
        assert_near(bench_end(b, i), 0.25 + (double)i);
    assert_near(bench_end(b, 4), 4.25);
    assert_near(bench_part(b, 4, RG_PART_QUEUE), 2.75);
    assert_near(bench_end(b, 0), 4.25);
    assert_near(bench_part(b, 0, RG_PART_QUEUE), 3.75);
    assert_near(bench_end(b, 5), 5.25);
    bench_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_tries_fail_as_told),
        cmocka_unit_test(outages_are_half_open),
        cmocka_unit_test(a_retry_at_the_end_of_an_outage_succeeds),
        cmocka_unit_test(random_failures_have_their_rate),
        cmocka_unit_test(a_rate_of_one_fails_always),
        cmocka_unit_test(delays_grow_up_to_the_cap),
        cmocka_unit_test(the_last_attempt_decides),
        cmocka_unit_test(jitter_only_lengthens),
        cmocka_unit_test(a_factor_beyond_all_numbers_keeps_the_cap),
        cmocka_unit_test(only_the_listed_outcomes_are_tried_again),
        cmocka_unit_test(a_retry_replays_the_next_sample),
        cmocka_unit_test(samples_come_round),
        cmocka_unit_test(a_rate_limit_begins_a_cooldown),
        cmocka_unit_test(too_many_failures_begin_a_cooldown),
        cmocka_unit_test(an_answer_begins_no_cooldown),
        cmocka_unit_test(fallbacks_follow_in_turn),
        cmocka_unit_test(a_fallback_that_is_not_recorded_is_passed_over),
        cmocka_unit_test(a_cooldown_sends_calls_to_the_fallback),
        cmocka_unit_test(who_comes_by_another_way_waits_its_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
