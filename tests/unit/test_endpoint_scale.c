/* Several replicas: who gets a call, and replicas that come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sim/engine/variate.h"
#include "tests/unit/endpoint_bench.h"

/* ---- balancing ---- */

static void
round_robin_takes_turns(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    bench_of(b, LARGE)->replicas = 3;
    for (size_t i = 0; i < 10; i++)
        bench_call(b, 0.125 * (double)i, 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < 10; i++) /* all take as long, so they end in their order */
        assert_int_equal(b->tries[i].replica, 1 + i % 3);
    bench_free(b);
}

/* Replica 0 is of the small model, 1 to 3 are of the large one. Of those that are equal the first
 * takes the call. */
static void
least_loaded_takes_the_emptiest(void **state)
{
    struct bench *b = bench_new();
    const uint32_t query[] = {2, 0, 1, 1, 0, 0};
    const double at[] = {0, 0, 0, 0.5, 1.25, 1.5};
    const uint32_t replica[] = {1, 2, 3, 3, 2, 3};

    (void)state;
    bench_of(b, LARGE)->replicas = 3;
    bench_of(b, LARGE)->balancing = RG_BALANCE_LEAST_LOADED;
    b->m.latency[bench_recorded(2, LARGE)] = 3000;
    b->m.latency[bench_recorded(0, LARGE)] = 1000;
    b->m.latency[bench_recorded(1, LARGE)] = 300;
    for (size_t i = 0; i < 6; i++)
        bench_call(b, at[i], query[i], LARGE);
    bench_run(b);
    for (size_t i = 0; i < b->n_tries; i++)
        assert_int_equal(b->tries[i].replica, replica[b->tries[i].entity]);
    bench_free(b);
}

/* Mean wait of 20 single servers under 0.8 load with exponential service. */
static double
mean_wait(enum rg_balancing balancing, uint64_t seed, double *last)
{
    enum { N = 30000, REPLICAS = 20 };
    struct bench *b = bench_new();
    gsl_rng *rng = rg_rng_new(77, 0, 1);
    struct rg_profile *p = rg_zalloc(1, sizeof *p);
    double at = 0;
    double wait = 0;

    *p = (struct rg_profile){.kind = RG_PROFILE_TOKENS,
                             .name = "test",
                             .source = "test",
                             .a_ms = 1000,
                             .ttft_a_ms = NAN,
                             .ttft_b_ms_per_token = NAN,
                             .noise = RG_NOISE_LOGNORMAL,
                             .sigma = 0.83}; /* variance of an exponential: log 2 */
    bench_of(b, LARGE)->service = RG_SERVICE_PROFILE;
    bench_of(b, LARGE)->profile = p;
    bench_of(b, LARGE)->slots = 1;
    bench_of(b, LARGE)->replicas = REPLICAS;
    bench_of(b, LARGE)->balancing = balancing;
    b->seed = seed;
    for (size_t i = 0; i < N; i++) {
        at += rg_variate_exp(rng) / (0.8 * REPLICAS);
        bench_call(b, at, 0, LARGE);
    }
    bench_run(b);
    for (size_t i = 0; i < N; i++)
        wait += bench_part(b, i, RG_PART_QUEUE) / N;
    *last = bench_end(b, N - 1);
    gsl_rng_free(rng);
    bench_free(b);
    return wait;
}

/* Random choice makes each server an M/G/1 queue with cv 1: wait rho / (1 - rho) = 4 s. Two choices
 * are far better, and the least loaded of all better still. */
static void
better_balancing_waits_less(void **state)
{
    double last, again;
    double random = mean_wait(RG_BALANCE_RANDOM, 1, &last);
    double two = mean_wait(RG_BALANCE_POWER_OF_TWO, 1, &last);
    double least = mean_wait(RG_BALANCE_LEAST_LOADED, 1, &last);

    (void)state;
    assert_true(fabs(random - 4) < 1);
    assert_true(two < 0.5 * random);
    assert_true(least < 0.7 * two);
    random = mean_wait(RG_BALANCE_RANDOM, 1, &last);
    assert_true(random == mean_wait(RG_BALANCE_RANDOM, 1, &again) && last == again);
    assert_true(random != mean_wait(RG_BALANCE_RANDOM, 2, &again));
}

/* ---- autoscaling ---- */

static void
scale(struct bench *b, uint32_t model)
{
    bench_of(b, model)->slots = 1;
    bench_of(b, model)->autoscale = (struct rg_autoscale_config){.on = true,
                                                                 .target_queue = 2,
                                                                 .interval_s = 10,
                                                                 .delay_s = 25,
                                                                 .cooldown_s = 0,
                                                                 .min = 1,
                                                                 .max = 4};
}

/* 12 calls of 100 s: at 10 s 11 wait, so 6 are wanted, and 4 are the most: they are there at 35 s.
 * A queue that has been given out stays where it is, so only who comes later finds them. */
static void
replicas_are_there_after_the_delay(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    scale(b, LARGE);
    bench_of(b, LARGE)->balancing = RG_BALANCE_LEAST_LOADED;
    b->m.latency[bench_recorded(0, LARGE)] = 100000;
    for (size_t i = 0; i < 12; i++)
        bench_call(b, 0, 0, LARGE);
    for (size_t i = 0; i < 3; i++)
        bench_call(b, 34.5 + 0.75 * (double)i, 0, LARGE);
    bench_run(b);
    assert_near(bench_part(b, 12, RG_PART_QUEUE), 1200 - 34.5); /* a moment too early */
    assert_near(bench_part(b, 13, RG_PART_QUEUE), 0);
    assert_near(bench_part(b, 14, RG_PART_QUEUE), 0);
    assert_int_equal(b->stats[LARGE].replicas_max, 4);
    bench_free(b);
}

/* Nothing to do: one after the other goes at 10, 20, 30 s, down to the least. */
static void
idle_replicas_go_one_at_a_time(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    scale(b, LARGE);
    bench_of(b, LARGE)->replicas = 4;
    bench_of(b, LARGE)->autoscale.min = 2;
    bench_of(b, LARGE)->usd_per_replica_hour = 36;
    bench_call(b, 99, 0, LARGE);
    bench_run(b);
    assert_near(b->stats[LARGE].replica_s, 10 + 20 + 2 * 100);
    assert_near(b->stats[LARGE].infrastructure_usd, 2.3);
    assert_near(b->stats[LARGE].capacity_s, 230);
    bench_free(b);
}

/* Two decisions are at least the cooldown apart: at 10, 40 and 70 s. */
static void
decisions_keep_their_distance(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    scale(b, LARGE);
    bench_of(b, LARGE)->replicas = 4;
    bench_of(b, LARGE)->autoscale.cooldown_s = 25;
    bench_call(b, 99, 0, LARGE);
    bench_run(b);
    assert_near(b->stats[LARGE].replica_s, 10 + 40 + 70 + 100);
    bench_free(b);
}

/* To want fewer while some are ordered is no decision, and does not put off the next. At 10 s 7
 * wait: 3 more are ordered, and there at 110 s, when nothing is left to do since 88 s. One goes at
 * once, the others 40 s later each. */
static void
what_is_ordered_is_waited_for(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    scale(b, LARGE);
    bench_of(b, LARGE)->autoscale.delay_s = 100;
    bench_of(b, LARGE)->autoscale.cooldown_s = 35;
    b->m.latency[bench_recorded(0, LARGE)] = 11000;
    for (size_t i = 0; i < 8; i++)
        bench_call(b, 0, 0, LARGE);
    bench_call(b, 299, 1, LARGE);
    bench_run(b);
    assert_int_equal(b->stats[LARGE].replicas_max, 4);
    assert_near(b->stats[LARGE].replica_s, 300 + 0 + 40 + 80);
    bench_free(b);
}

/* Retired with work: it is finished, and paid for until then. */
static void
a_retired_replica_finishes_its_work(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    scale(b, LARGE);
    bench_of(b, LARGE)->replicas = 2;
    b->m.latency[bench_recorded(0, LARGE)] = 15000;
    bench_call(b, 0, 1, LARGE); /* to the first */
    bench_call(b, 0, 0, LARGE); /* to the second, until 15 */
    bench_call(b, 1, 1, LARGE);
    bench_call(b, 1, 1, LARGE); /* to the second, from 15 to 16 */
    for (size_t i = 0; i < 2; i++)
        bench_call(b, 50, 1, LARGE); /* to the first */
    bench_run(b);
    assert_near(bench_end(b, 1), 15);
    assert_near(bench_end(b, 3), 16);
    assert_near(bench_end(b, 5), 52);
    assert_near(b->stats[LARGE].replica_s, 52 + 16);
    bench_free(b);
}

/* The work of a retired replica may also end by a timeout: then it is gone, too. */
static void
a_retired_replica_may_lose_its_work(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    scale(b, LARGE);
    bench_of(b, LARGE)->replicas = 2;
    bench_of(b, LARGE)->timeout_s = 20;
    b->m.latency[bench_recorded(0, LARGE)] = 60000;
    bench_call(b, 0, 1, LARGE);
    bench_call(b, 0, 0, LARGE); /* cut off at 20, in the second, retired at 10 */
    bench_call(b, 80, 1, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[1].end.status, RG_CALL_TIMEOUT);
    assert_near(b->stats[LARGE].replica_s, 81 + 20);
    bench_free(b);
}

/* 2 slots busy of 4 is the target: exactly one replica for 2, two for 4. */
static void
utilisation_is_met_exactly(void **state)
{
    static const double target[] = {0.5, 0.7, 0.1};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bench *b = bench_new();

        scale(b, LARGE);
        bench_of(b, LARGE)->autoscale.target_queue = 0;
        bench_of(b, LARGE)->autoscale.target_utilisation = target[i];
        bench_of(b, LARGE)->autoscale.delay_s = 0;
        bench_of(b, LARGE)->autoscale.max = 100;
        bench_of(b, LARGE)->slots = 10;
        b->m.latency[bench_recorded(0, LARGE)] = 95000;
        for (size_t n = 0; n < 7; n++)
            bench_call(b, 0, 0, LARGE);
        bench_run(b);
        assert_int_equal(b->stats[LARGE].replicas_max, i == 0 ? 2 : i == 1 ? 1 : 7);
        bench_free(b);
    }
}

/* The autoscaler looks every 10 s, but the run is over when the last call is. */
static void
a_look_does_not_prolong_the_run(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    scale(b, LARGE);
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 33, 0, LARGE);
    bench_run(b);
    assert_near(b->engine.now, 34);
    assert_near(b->stats[LARGE].replica_s, 34);
    bench_free(b);
}

/* A replica that comes is cold until its first call has waited for it. */
static void
a_new_replica_starts_cold(void **state)
{
    struct bench *b = bench_new();

    (void)state;
    scale(b, LARGE);
    bench_of(b, LARGE)->cold_start_s = 7;
    bench_of(b, LARGE)->balancing = RG_BALANCE_LEAST_LOADED;
    b->m.latency[bench_recorded(0, LARGE)] = 100000;
    for (size_t i = 0; i < 4; i++)
        bench_call(b, 0, 0, LARGE);
    bench_call(b, 60, 1, LARGE); /* the new ones are there since 35 */
    bench_call(b, 70, 1, LARGE);
    bench_run(b);
    assert_near(bench_part(b, 0, RG_PART_QUEUE), 7);
    assert_near(bench_part(b, 4, RG_PART_QUEUE), 7);
    assert_near(bench_part(b, 5, RG_PART_QUEUE), 0);
    bench_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin_takes_turns),
        cmocka_unit_test(least_loaded_takes_the_emptiest),
        cmocka_unit_test(better_balancing_waits_less),
        cmocka_unit_test(replicas_are_there_after_the_delay),
        cmocka_unit_test(idle_replicas_go_one_at_a_time),
        cmocka_unit_test(decisions_keep_their_distance),
        cmocka_unit_test(what_is_ordered_is_waited_for),
        cmocka_unit_test(a_retired_replica_finishes_its_work),
        cmocka_unit_test(a_retired_replica_may_lose_its_work),
        cmocka_unit_test(utilisation_is_met_exactly),
        cmocka_unit_test(a_look_does_not_prolong_the_run),
        cmocka_unit_test(a_new_replica_starts_cold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
