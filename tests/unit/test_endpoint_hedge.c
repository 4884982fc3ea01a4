/* Hedged calls: which of two tries answers, what they cost, and whose time counts. The delay is
 * 0.25 s unless latencies are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/endpoint_bench.h"

/* Samples 0 and 2 of query 0 at the small model are calls 0 and 1; sample 1 stands for 0. With two
 * samples a hedge of sample 0 replays call 0 again, so they are given as samples 0 and 1 here. */
static struct bench *
hedged(double primary_ms, double hedge_ms)
{
    struct bench *b = bench_new();

    b->m.sample[1] = 1;
    b->samples[0] = 2;
    b->m.latency[0] = primary_ms;
    b->m.latency[1] = hedge_ms;
    b->m.cost[0] = 3;
    b->m.cost[1] = 4;
    bench_of(b, SMALL)->hedge =
        (struct rg_hedge_config){.quantile = 0.95, .history = 100, .min_s = 0.25, .max_s = 0.25};
    bench_of(b, SMALL)->replicas = 2;
    bench_of(b, SMALL)->slots = 1;
    return b;
}

static void
a_fast_call_is_not_hedged(void **state)
{
    struct bench *b = hedged(250, 10);

    (void)state;
    bench_call(b, 0, 0, SMALL); /* ends at the very delay */
    bench_run(b);
    assert_int_equal(b->stats[SMALL].hedges, 0);
    assert_true(b->calls[0].end.cost_usd == 3);
    bench_free(b);
}

static void
the_hedge_may_win(void **state)
{
    struct bench *b = hedged(2000, 500);

    (void)state;
    bench_call(b, 1, 0, SMALL);
    bench_run(b);
    assert_near(bench_end(b, 0), 1.75);
    assert_near(bench_part(b, 0, RG_PART_BACKOFF), 0.25);
    assert_near(bench_part(b, 0, RG_PART_DECODE), 0.5);
    assert_true(b->calls[0].end.cost_usd == 7);
    assert_int_equal(b->calls[0].end.call, 1);
    assert_int_equal(b->calls[0].end.tries, 2);
    assert_int_equal(b->stats[SMALL].hedges, 1);
    assert_int_equal(b->stats[SMALL].cancelled, 1);
    assert_int_equal(b->stats[SMALL].answered, 1);
    assert_int_equal(b->tries[0].replica + b->tries[1].replica, 1); /* not the same */
    assert_near(b->stats[SMALL].busy_s, 0.75 + 0.5);                /* the loser's slot is free */
    bench_free(b);
}

static void
the_primary_may_win(void **state)
{
    struct bench *b = hedged(500, 2000);

    (void)state;
    b->m.ttft[0] = 100;
    bench_call(b, 1, 0, SMALL);
    bench_run(b);
    assert_near(bench_end(b, 0), 1.5);
    assert_near(bench_part(b, 0, RG_PART_BACKOFF), 0);
    assert_near(b->calls[0].end.ttft_s, 0.1);
    assert_true(b->calls[0].end.cost_usd == 7);
    assert_int_equal(b->calls[0].end.call, 0);
    bench_free(b);
}

/* Of two that end together, the one whose end was scheduled first: the primary. */
static void
both_may_end_at_the_same_instant(void **state)
{
    struct bench *b = hedged(750, 500);

    (void)state;
    bench_call(b, 1, 0, SMALL);
    bench_run(b);
    assert_true(bench_end(b, 0) == 1.75);
    assert_int_equal(b->calls[0].end.call, 0);
    assert_int_equal(b->stats[SMALL].cancelled, 1);
    assert_true(b->calls[0].end.cost_usd == 7);
    bench_free(b);
}

/* From 0 to 0.25 nothing but the primary, which brought nothing: before the hedge. */
static void
the_primary_may_fail_while_the_hedge_runs(void **state)
{
    struct bench *b = hedged(500, 2000);

    (void)state;
    b->m.status[0] = RG_CALL_ERROR;
    bench_call(b, 1, 0, SMALL);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    assert_near(bench_end(b, 0), 3.25);
    assert_near(bench_part(b, 0, RG_PART_BACKOFF), 0.25);
    assert_near(bench_part(b, 0, RG_PART_FAILED), 0);
    assert_near(bench_part(b, 0, RG_PART_DECODE), 2);
    assert_int_equal(b->stats[SMALL].errors, 1);
    assert_int_equal(b->stats[SMALL].cancelled, 0);
    bench_free(b);
}

static void
the_hedge_may_fail_while_the_primary_runs(void **state)
{
    struct bench *b = hedged(2000, 500);

    (void)state;
    b->m.status[1] = RG_CALL_ERROR;
    bench_call(b, 1, 0, SMALL);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    assert_int_equal(b->calls[0].end.call, 0);
    assert_near(bench_end(b, 0), 3);
    assert_near(bench_part(b, 0, RG_PART_BACKOFF), 0);
    bench_free(b);
}

/* Both fail: the third attempt follows when the last of them has. */
static void
both_may_fail(void **state)
{
    struct bench *b = hedged(500, 2000);

    (void)state;
    b->m.status[0] = b->m.status[1] = RG_CALL_ERROR;
    bench_of(b, SMALL)->retry = (struct rg_retry_config){.attempts = 3,
                                                         .base_s = 0.5,
                                                         .cap_s = 0.5,
                                                         .multiplier = 1,
                                                         .on = {[RG_CALL_ERROR] = true}};
    bench_call(b, 0, 0, SMALL);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_ERROR);
    assert_int_equal(b->calls[0].end.tries, 3); /* and the third is not hedged */
    assert_near(bench_end(b, 0), 2.25 + 0.5 + 0.5);
    assert_near(bench_part(b, 0, RG_PART_FAILED), 2.5);
    assert_near(bench_part(b, 0, RG_PART_BACKOFF), 0.75);
    bench_free(b);
}

/* With one replica the hedge waits behind the call that it hedges, and is free. */
static void
one_replica_has_room_for_one(void **state)
{
    struct bench *b = hedged(500, 500);

    (void)state;
    bench_of(b, SMALL)->replicas = 1;
    bench_call(b, 0, 0, SMALL);
    bench_run(b);
    assert_near(bench_end(b, 0), 0.5);
    assert_true(b->calls[0].end.cost_usd == 3);
    assert_int_equal(b->stats[SMALL].cancelled, 1);
    bench_free(b);
}

static void
a_hedge_that_is_refused_does_not_matter(void **state)
{
    struct bench *b = hedged(1000, 500);

    (void)state;
    bench_of(b, SMALL)->replicas = 1;
    bench_of(b, SMALL)->queue = 0;
    bench_call(b, 0, 0, SMALL);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    assert_int_equal(b->stats[SMALL].rejected, 1);
    assert_int_equal(b->stats[SMALL].hedges, 1);
    bench_free(b);
}

/* The hedge of call 0 is parked when call 0 ends: nobody may stumble over it. */
static void
a_parked_hedge_is_cancelled(void **state)
{
    struct bench *b = hedged(1000, 500);

    (void)state;
    bench_of(b, SMALL)->max_parallel = 1;
    for (size_t i = 0; i < 3; i++)
        bench_call(b, 0.1 * (double)i, 0, SMALL);
    bench_run(b);
    for (size_t i = 0; i < 3; i++) {
        assert_near(bench_end(b, i), (double)i + 1);
        assert_true(b->calls[i].end.cost_usd == 3);
    }
    assert_int_equal(b->stats[SMALL].hedges, 3);
    assert_int_equal(b->stats[SMALL].cancelled, 3);
    bench_free(b);
}

/* The primary fails and makes room for its own hedge, which is refused at once and ends the call:
 * the call must not end twice. */
static void
a_failed_primary_may_let_its_own_hedge_in(void **state)
{
    struct bench *b = hedged(1000, 500);

    (void)state;
    b->m.status[0] = RG_CALL_ERROR;
    bench_of(b, SMALL)->max_parallel = 2;
    bench_of(b, SMALL)->replicas = 1;
    bench_of(b, SMALL)->queue = 0;
    bench_of(b, SMALL)->slots = 2;
    bench_call(b, 0, 0, SMALL);
    bench_call(b, 0, 0, SMALL);
    bench_call(b, 0.1, 0, SMALL);
    bench_run(b);
    for (size_t i = 0; i < 3; i++)
        assert_true(bench_end(b, i) >= 0);
    bench_free(b);
}

/* A hedge that waits for a limit when its call ends gives its place back: rpm 60 in a window of
 * 1 s. Call 0 takes the one in stock; its hedge at 0.25 waits until 1; the call ends at 0.5. */
static void
a_hedge_that_was_never_sent_costs_no_limit(void **state)
{
    struct bench *b = hedged(500, 500);

    (void)state;
    bench_of(b, SMALL)->limit.rpm = 60;
    bench_of(b, SMALL)->limit.window_s = 1;
    bench_call(b, 0, 0, SMALL);
    bench_call(b, 1, 0, SMALL);
    bench_run(b);
    assert_int_equal(b->stats[SMALL].cancelled, 2);
    assert_near(bench_part(b, 1, RG_PART_LIMIT), 0);
    bench_free(b);
}

/* An injected failure looks like a slow call to the client. */
static void
a_slow_injected_failure_is_hedged(void **state)
{
    struct bench *b = hedged(500, 500);

    (void)state;
    bench_of(b, SMALL)->failures.first = 1;
    bench_of(b, SMALL)->failures.status = RG_CALL_ERROR;
    bench_of(b, SMALL)->failures.latency_s = 10;
    bench_call(b, 0, 0, SMALL);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    assert_near(bench_end(b, 0), 0.75);
    assert_true(b->calls[0].end.cost_usd == 4);
    bench_free(b);
}

/* The hedge would replay a call whose latency is not recorded. */
static void
a_hedge_that_lacks_a_latency_ends_the_call(void **state)
{
    struct bench *b = hedged(2000, NAN);

    (void)state;
    bench_call(b, 0, 0, SMALL);
    bench_run(b);
    assert_true(b->calls[0].end.missing);
    assert_string_equal(b->calls[0].end.what, "latency");
    assert_true(bench_end(b, 0) == 0.25);
    bench_free(b);
}

/* The delay is the sorted latency number floor(q (n - 1)) of the last n, between its bounds. */
static void
the_delay_is_a_quantile_of_the_last_latencies(void **state)
{
    struct bench *b = hedged(1000, 1000);
    struct rg_hedge_config *hedge = &bench_of(b, LARGE)->hedge;
    const double delay[] = {0.05, NAN, NAN, 0.3, 0.3, NAN, 0.9};

    (void)state;
    *hedge =
        (struct rg_hedge_config){.quantile = 0.5, .history = 3, .min_s = 0.05, .max_s = INFINITY};
    b->m.latency[2] = 900;
    b->m.latency[4] = 300;
    b->m.latency[6] = 5000;
    bench_call(b, 0, 0, LARGE);  /* nothing is known: min_s */
    bench_call(b, 2, 1, LARGE);  /* known: 0.9; it ends before */
    bench_call(b, 4, 1, LARGE);  /* 0.3, 0.9: after 0.3, when it ends */
    bench_call(b, 10, 2, LARGE); /* 0.3, 0.3, 0.9: after 0.3 */
    bench_call(b, 20, 0, LARGE); /* 0.3, 0.3, 5: after 0.3 */
    bench_call(b, 30, 0, LARGE); /* 0.3, 0.9, 5: after 0.9, when it ends */
    bench_call(b, 40, 2, LARGE); /* 0.9, 0.9, 5: after 0.9 */
    bench_run(b);
    assert_int_equal(b->stats[LARGE].hedges, 4);
    for (size_t i = 0; i < b->n_tries; i++) {
        const struct rg_try_record *r = &b->tries[i];

        if (r->hedge)
            assert_near(r->from, b->calls[r->entity].at + delay[r->entity]);
    }
    bench_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fast_call_is_not_hedged),
        cmocka_unit_test(the_hedge_may_win),
        cmocka_unit_test(the_primary_may_win),
        cmocka_unit_test(both_may_end_at_the_same_instant),
        cmocka_unit_test(the_primary_may_fail_while_the_hedge_runs),
        cmocka_unit_test(the_hedge_may_fail_while_the_primary_runs),
        cmocka_unit_test(both_may_fail),
        cmocka_unit_test(one_replica_has_room_for_one),
        cmocka_unit_test(a_hedge_that_is_refused_does_not_matter),
        cmocka_unit_test(a_parked_hedge_is_cancelled),
        cmocka_unit_test(a_failed_primary_may_let_its_own_hedge_in),
        cmocka_unit_test(a_hedge_that_was_never_sent_costs_no_limit),
        cmocka_unit_test(a_slow_injected_failure_is_hedged),
        cmocka_unit_test(a_hedge_that_lacks_a_latency_ends_the_call),
        cmocka_unit_test(the_delay_is_a_quantile_of_the_last_latencies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
