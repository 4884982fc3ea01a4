/* An endpoint by itself: rate limits, parallel tries, timeouts, queues, cold starts, slots that
 * slow down, prices. Times are worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/endpoint_bench.h"

/* ---- rate limits ---- */

/* 60 a minute in windows of 1 s is one a second, with one in stock. */
static void
requests_a_minute_are_spread_by_the_window(void **state)
{
    static const double window[] = {1, 10, 60};

    (void)state;
    for (size_t w = 0; w < 3; w++) {
        struct bench *b = bench_new();

        bench_of(b, LARGE)->limit.rpm = 60;
        bench_of(b, LARGE)->limit.window_s = window[w];
        for (size_t i = 0; i < 70; i++)
            bench_call(b, 0, 0, LARGE);
        bench_run(b);
        for (size_t i = 0; i < 70; i++) {
            double wait = fmax(0, (double)i + 1 - window[w]);

            assert_near(bench_part(b, i, RG_PART_LIMIT), wait);
            assert_near(bench_end(b, i), wait + 1);
        }
        assert_int_equal(b->stats[LARGE].rejected, 0);
        bench_free(b);
    }
}

/* Two in stock; then one every 5 s. Half a unit is none. */
static void
over_the_limit_may_be_rejected(void **state)
{
    struct bench *b = bench_new();
    struct rg_limit_config *limit = &bench_of(b, LARGE)->limit;
    const double at[] = {0, 0, 0, 4.5, 5, 5, 20, 20, 20};
    const bool passes[] = {true, true, false, false, true, false, true, true, false};

    (void)state;
    limit->rpm = 12;
    limit->window_s = 10;
    limit->reject = true;
    for (size_t i = 0; i < 9; i++)
        bench_call(b, at[i], 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(b->calls[i].end.status, passes[i] ? RG_CALL_OK : RG_CALL_RATE_LIMITED);
        assert_near(bench_end(b, i), at[i] + (passes[i] ? 1 : 0));
        assert_true(b->calls[i].end.cost_usd == (passes[i] ? 1 : 0));
    }
    assert_int_equal(b->stats[LARGE].rejected, 4);
    assert_int_equal(b->stats[LARGE].answered, 5);
    bench_free(b);
}

/* 1,100 tokens a call, 60,000 a minute in windows of 1 s: 1,000 in stock, 1,000 a second. A call is
 * larger than the bucket: it waits until that is full, and takes what it takes. */
static void
a_call_larger_than_the_bucket_waits_until_it_is_full(void **state)
{
    struct bench *b = bench_new();
    struct rg_limit_config *limit = &bench_of(b, LARGE)->limit;

    (void)state;
    limit->tpm = 60000;
    limit->window_s = 1;
    for (size_t i = 0; i < 4; i++)
        bench_call(b, 0, 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < 4; i++)
        assert_near(bench_part(b, i, RG_PART_LIMIT), 1.1 * (double)i);
    limit->reject = true;
    bench_reset(b);
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 1.0, 0, LARGE); /* 900 of 1,000 */
    bench_call(b, 1.1, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->stats[LARGE].answered, 2);
    assert_int_equal(b->calls[1].end.status, RG_CALL_RATE_LIMITED);
    bench_free(b);
}

/* 100 tokens a second, 6,000 in stock; a call is charged 1,000 + 2,000 and really takes 1,100. */
static void
what_was_charged_too_much_is_given_back(void **state)
{
    struct bench *b = bench_new();
    struct rg_limit_config *limit = &bench_of(b, LARGE)->limit;

    (void)state;
    limit->tpm = 6000;
    limit->window_s = 60;
    limit->charge_max = true;
    limit->max_tokens = 2000;
    for (size_t i = 0; i < 3; i++)
        bench_call(b, 0, 0, LARGE);
    bench_call(b, 1.5, 0, LARGE);
    bench_run(b);
    assert_near(bench_part(b, 1, RG_PART_LIMIT), 0);
    assert_near(bench_part(b, 2, RG_PART_LIMIT), 30);
    assert_near(bench_part(b, 3, RG_PART_LIMIT), 58.5);
    limit->refund = true;
    bench_reset(b);
    for (size_t i = 0; i < 3; i++)
        bench_call(b, 0, 0, LARGE);
    bench_call(b, 1.5, 0, LARGE);
    bench_run(b);
    /* At 1 s two calls give back 1,900 each: at 1.5 s the level is -3,000 + 150 + 3,800, and 2,050
     * are wanting. That would be at 22 s, but the one before goes at 30 s. */
    assert_near(bench_part(b, 2, RG_PART_LIMIT), 30);
    assert_near(bench_part(b, 3, RG_PART_LIMIT), 28.5);
    bench_free(b);
}

/* A completion longer than max_tokens is not charged afterwards. */
static void
a_refund_is_never_negative(void **state)
{
    struct bench *b = bench_new();
    struct rg_limit_config *limit = &bench_of(b, LARGE)->limit;

    (void)state;
    limit->tpm = 6000;
    limit->window_s = 10; /* 1,000 in stock, 100 a second */
    limit->charge_max = limit->refund = true;
    limit->max_tokens = 1;
    b->m.completion[bench_recorded(0, LARGE)] = 5000;
    b->m.prompt[bench_recorded(0, LARGE)] = 499;
    for (size_t i = 0; i < 2; i++)
        bench_call(b, 0, 0, LARGE);
    bench_call(b, 1, 0, LARGE);
    bench_run(b);
    assert_near(bench_part(b, 1, RG_PART_LIMIT), 0);
    assert_near(bench_part(b, 2, RG_PART_LIMIT), 4);
    bench_free(b);
}

/* The stricter of both limits decides. */
static void
both_limits_hold(void **state)
{
    struct bench *b = bench_new();
    struct rg_limit_config *limit = &bench_of(b, LARGE)->limit;

    (void)state;
    limit->rpm = 60;
    limit->tpm = 33000; /* 550 a second: half a call */
    limit->window_s = 1;
    for (size_t i = 0; i < 3; i++)
        bench_call(b, 0, 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < 3; i++)
        assert_near(bench_part(b, i, RG_PART_LIMIT), 2 * (double)i);
    bench_free(b);
}

static void
tokens_that_a_limit_needs_must_be_recorded(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    b->m.completion[bench_recorded(0, LARGE)] = -1;
    bench_of(b, LARGE)->limit.tpm = 6000;
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_true(b->calls[0].end.missing);
    assert_string_equal(b->calls[0].end.what, "token counts");
    assert_int_equal(b->stats[LARGE].tries, 0);
    bench_free(b);
}

/* ---- parallel tries ---- */

static void
parallel_tries_are_first_come_first_served(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->max_parallel = 2;
    for (size_t i = 0; i < 7; i++)
        bench_call(b, 0.01 * (double)i, 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < 7; i++) {
        double begun = (double)(i / 2) + 0.01 * (double)(i % 2);

        assert_near(bench_end(b, i), begun + 1);
        assert_near(bench_part(b, i, RG_PART_LIMIT), begun - b->calls[i].at);
    }
    bench_free(b);
}

/* Who calls from within an end comes behind those who wait, although a place is free then. */
static void
nobody_goes_past_those_who_are_parked(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->max_parallel = 1;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0.5, 0, LARGE);
    bench_call(b, 0.6, 0, LARGE);
    b->again = 1; /* call 3, made at 1 s */
    bench_run(b);
    assert_near(bench_end(b, 1), 2);
    assert_near(bench_end(b, 2), 3);
    assert_near(bench_end(b, 3), 4);
    bench_free(b);
}

/* All that are parked are refused at one instant, as soon as a place is free: one after the other,
 * and not one within the other. */
static void
many_parked_tries_can_fail_at_one_instant(void **state)
{
    enum { MANY = 300000 };
    struct bench *b = bench_new();
    struct rg_profile *p = rg_zalloc(1, sizeof *p);

    (void)state;
    *p = (struct rg_profile){.kind = RG_PROFILE_BATCH,
                             .name = "test",
                             .source = "test",
                             .b0_ms = 1,
                             .max_sequences = 8,
                             .token_budget = 2048,
                             .block_tokens = 16,
                             .kv_tokens = 1024};
    bench_of(b, LARGE)->service = RG_SERVICE_PROFILE;
    bench_of(b, LARGE)->profile = p;
    bench_of(b, LARGE)->max_parallel = 1;
    b->m.prompt[bench_recorded(1, LARGE)] = 100;
    bench_call(b, 0, 1, LARGE);
    for (size_t i = 0; i < MANY; i++)
        bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->stats[LARGE].answered, 1);
    assert_int_equal(b->stats[LARGE].too_large, MANY);
    assert_near(bench_end(b, MANY), 0.1);
    bench_free(b);
}

/* ---- timeouts ---- */

static void
a_timeout_in_the_queue_is_free_and_one_in_service_is_not(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->slots = 1;
    bench_of(b, LARGE)->timeout_s = 1.5;
    b->m.latency[bench_recorded(1, LARGE)] = 2000;
    bench_call(b, 0, 1, LARGE);
    bench_call(b, 0, 0, LARGE);   /* waits */
    bench_call(b, 1.4, 0, LARGE); /* finds the slot at 1.5 */
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_TIMEOUT);
    assert_true(b->calls[0].end.cost_usd == 1);
    assert_near(bench_part(b, 0, RG_PART_FAILED), 1.5);
    assert_true(isnan(b->calls[0].end.ttft_s));
    /* The slot is free at that very instant, and its service begins: too late. */
    assert_int_equal(b->calls[1].end.status, RG_CALL_TIMEOUT);
    assert_near(bench_part(b, 1, RG_PART_QUEUE), 1.5);
    assert_near(bench_part(b, 1, RG_PART_FAILED), 0);
    assert_true(b->calls[1].end.cost_usd == 0);
    assert_int_equal(b->calls[2].end.status, RG_CALL_OK);
    assert_near(bench_part(b, 2, RG_PART_QUEUE), 0.1);
    assert_int_equal(b->stats[LARGE].timeouts, 2);
    bench_free(b);
}

/* A completion at the instant of the deadline has kept it. */
static void
completion_wins_over_a_timeout_at_the_same_time(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->timeout_s = 1;
    bench_call(b, 0.25, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    bench_of(b, LARGE)->timeout_s = 0.9375;
    bench_reset(b);
    bench_call(b, 0.25, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_TIMEOUT);
    assert_true(bench_end(b, 0) == 1.1875);
    bench_free(b);
}

/* The time before admission does not count. */
static void
a_timeout_counts_from_admission(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->timeout_s = 1.25;
    bench_of(b, LARGE)->max_parallel = 1;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->stats[LARGE].answered, 3);
    bench_free(b);
}

static void
an_injected_failure_that_is_slower_is_a_timeout(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->failures.first = 2;
    bench_of(b, LARGE)->failures.status = RG_CALL_ERROR;
    bench_of(b, LARGE)->failures.latency_s = 3;
    bench_of(b, LARGE)->timeout_s = 2;
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_TIMEOUT);
    assert_true(bench_end(b, 0) == 2);
    assert_true(b->calls[0].end.cost_usd == 0);
    bench_of(b, LARGE)->timeout_s = 3; /* at the same time: it has failed */
    bench_reset(b);
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_ERROR);
    bench_free(b);
}

/* ---- queue, cold start ---- */

static void
a_full_queue_refuses(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->slots = 2;
    bench_of(b, LARGE)->queue = 1;
    for (size_t i = 0; i < 4; i++)
        bench_call(b, 0, 0, LARGE);
    bench_call(b, 1, 0, LARGE); /* the queue is empty again: one of two slots is free */
    bench_run(b);
    assert_near(bench_end(b, 2), 2);
    assert_int_equal(b->calls[3].end.status, RG_CALL_RATE_LIMITED);
    assert_true(bench_end(b, 3) == 0);
    assert_near(bench_end(b, 4), 2);
    assert_int_equal(b->stats[LARGE].rejected, 1);
    bench_free(b);
}

/* The first call of each replica starts it; those that come meanwhile wait for the same moment, in
 * their order. */
static void
a_cold_start_is_waited_for_once(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->cold_start_s = 10.1;
    bench_of(b, LARGE)->slots = 1;
    for (size_t i = 0; i < 4; i++)
        bench_call(b, 3 + 0.7 * (double)i, 0, LARGE);
    bench_call(b, 30, 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < 4; i++) {
        assert_near(bench_end(b, i), 13.1 + (double)i + 1);
        assert_near(bench_part(b, i, RG_PART_QUEUE), 13.1 + (double)i - b->calls[i].at);
    }
    assert_near(bench_end(b, 4), 31);
    bench_free(b);
}

static void
a_timeout_ends_the_wait_for_a_cold_start(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->cold_start_s = 10;
    bench_of(b, LARGE)->timeout_s = 4;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 7, 0, LARGE); /* ready at 10 */
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_TIMEOUT);
    assert_true(bench_end(b, 0) == 4);
    assert_near(bench_part(b, 0, RG_PART_QUEUE), 4);
    assert_true(b->calls[0].end.cost_usd == 0);
    assert_near(bench_end(b, 1), 11);
    bench_free(b);
}

/* ---- service ---- */

/* 1,000 + 100 tokens: 0.1 + 0.9 s alone; with f = 3 and two of two slots three times that. Who
 * begins when the other is there is slow for its whole life. */
static void
slots_slow_each_other_down(void **state)
{
    struct bench *b = bench_new();
    struct rg_profile *p = rg_zalloc(1, sizeof *p);

    (void)state;
    *p = (struct rg_profile){.kind = RG_PROFILE_SLOTS,
                             .name = "test",
                             .source = "test",
                             .b_ms_per_token = 0.1,
                             .c_ms_per_token = 9,
                             .ttft_a_ms = NAN,
                             .ttft_b_ms_per_token = NAN,
                             .slots = 2,
                             .slowdown = 3};
    bench_of(b, LARGE)->service = RG_SERVICE_PROFILE;
    bench_of(b, LARGE)->profile = p;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0.5, 0, LARGE);
    bench_call(b, 0.75, 0, LARGE); /* from 1, beside the second */
    bench_call(b, 10, 0, LARGE);
    bench_run(b);
    assert_near(bench_end(b, 0), 1);
    assert_near(bench_end(b, 1), 3.5);
    assert_near(bench_end(b, 2), 4);
    assert_near(bench_part(b, 2, RG_PART_QUEUE), 0.25);
    assert_near(bench_part(b, 2, RG_PART_PREFILL), 0.3);
    assert_near(bench_part(b, 2, RG_PART_DECODE), 2.7);
    assert_near(b->calls[2].end.ttft_s, 0.55);
    assert_near(bench_end(b, 3), 11);
    bench_free(b);
}

static void
the_first_token_is_not_later_than_the_last(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    b->m.ttft[bench_recorded(0, LARGE)] = 250;
    b->m.ttft[bench_recorded(1, LARGE)] = 1e6;
    bench_of(b, LARGE)->scale = 2;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0, 1, LARGE);
    bench_run(b);
    assert_near(b->calls[0].end.ttft_s, 0.5);
    assert_near(bench_part(b, 0, RG_PART_PREFILL), 0.5);
    assert_near(bench_part(b, 0, RG_PART_DECODE), 1.5);
    assert_near(b->calls[1].end.ttft_s, 2);
    bench_free(b);
}

/* ---- money ---- */

static void
prices_override_the_recorded_cost(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->input_usd_per_mtok = 2;
    bench_of(b, LARGE)->output_usd_per_mtok = 10;
    bench_of(b, SMALL)->output_usd_per_mtok = 10;
    b->m.models[SMALL].input_usd_per_mtok = 3;
    b->m.completion[bench_recorded(1, LARGE)] = -1;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0, 0, SMALL); /* the other price is the trace's */
    bench_call(b, 0, 2, OTHER);
    bench_call(b, 0, 1, LARGE);
    bench_run(b);
    assert_near(b->calls[0].end.cost_usd, 0.003);
    assert_near(b->calls[1].end.cost_usd, 0.004);
    assert_near(b->calls[2].end.cost_usd, 1);
    assert_true(isnan(b->calls[3].end.cost_usd));
    bench_free(b);
}

static void
replicas_cost_by_the_hour(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->replicas = 3;
    bench_of(b, LARGE)->usd_per_replica_hour = 2.5;
    bench_call(b, 7199, 0, LARGE);
    bench_run(b);
    assert_near(b->stats[LARGE].replica_s, 3 * 7200.0);
    assert_near(b->stats[LARGE].infrastructure_usd, 15);
    assert_near(b->stats[SMALL].infrastructure_usd, 0);
    assert_int_equal(b->stats[LARGE].replicas_max, 3);
    bench_free(b);
}

/* An end in the midst of everything: what is under way is counted as that. */
static void
a_run_may_end_early(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->slots = 1;
    bench_of(b, LARGE)->max_parallel = 3;
    for (size_t i = 0; i < 6; i++)
        bench_call(b, 0, 0, LARGE);
    bench_run_until(b, 1.5);
    assert_int_equal(b->n_ended, 1);
    assert_int_equal(b->stats[LARGE].tries, 6);
    assert_int_equal(b->stats[LARGE].answered, 1);
    assert_near(b->stats[LARGE].busy_s, 1.5);
    bench_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_a_minute_are_spread_by_the_window),
        cmocka_unit_test(over_the_limit_may_be_rejected),
        cmocka_unit_test(a_call_larger_than_the_bucket_waits_until_it_is_full),
        cmocka_unit_test(what_was_charged_too_much_is_given_back),
        cmocka_unit_test(a_refund_is_never_negative),
        cmocka_unit_test(both_limits_hold),
        cmocka_unit_test(tokens_that_a_limit_needs_must_be_recorded),
        cmocka_unit_test(parallel_tries_are_first_come_first_served),
        cmocka_unit_test(nobody_goes_past_those_who_are_parked),
        cmocka_unit_test(many_parked_tries_can_fail_at_one_instant),
        cmocka_unit_test(a_timeout_in_the_queue_is_free_and_one_in_service_is_not),
        cmocka_unit_test(completion_wins_over_a_timeout_at_the_same_time),
        cmocka_unit_test(a_timeout_counts_from_admission),
        cmocka_unit_test(an_injected_failure_that_is_slower_is_a_timeout),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(a_cold_start_is_waited_for_once),
        cmocka_unit_test(a_timeout_ends_the_wait_for_a_cold_start),
        cmocka_unit_test(slots_slow_each_other_down),
        cmocka_unit_test(the_first_token_is_not_later_than_the_last),
        cmocka_unit_test(prices_override_the_recorded_cost),
        cmocka_unit_test(replicas_cost_by_the_hour),
        cmocka_unit_test(a_run_may_end_early),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
