/* What happens at endpoints over time: who waits, what is in use, and of how much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/endpoint_bench.h"

/* ---- calls that wait ---- */

static void
add_try(struct rg_series *s, uint32_t model, double from, double begun, double to)
{
    const struct rg_try_record r = {.model = model, .from = from, .begun = begun, .to = to};

    rg_series_add(s, &r);
}

static void
what_waits_is_told_by_tries(void **state)
{
    static const double waiting[] = {1, 0, 1, 0};
    struct rg_series_means x[4];
    struct rg_series *s = rg_series_new(3);

    (void)state;
    add_try(s, 1, 0, 2, 8);   /* waits in [0, 2), is served in [2, 8) */
    add_try(s, 1, 4, NAN, 6); /* waits in [4, 6), is never served */
    assert_true(rg_series_means(s, 1, 8, 4, x));
    for (size_t i = 0; i < 4; i++)
        assert_true(x[i].waiting == waiting[i]);
    assert_false(rg_series_means(s, 0, 8, 4, x));
    assert_false(rg_series_means(s, 1, 0, 4, x));
    rg_series_free(s);
    rg_series_free(NULL);
}

/* Over a time that joins bins many times, the sum of all is kept, and edges are nearly so. */
static void
long_times_join_bins(void **state)
{
    enum { N = 20000, SPANS = 100 };
    const double span = 7e6;
    struct rg_series_means x[SPANS];
    double total = 0;
    double seen = 0;
    struct rg_series *s = rg_series_new(1);

    (void)state;
    for (int i = 0; i < N; i++) {
        double from = span * i / N;
        double to = from + span / N * (0.1 + i % 7 * 0.1);

        add_try(s, 0, from, to, to);
        total += to - from;
    }
    assert_true(rg_series_means(s, 0, span, SPANS, x));
    for (int i = 0; i < SPANS; i++) {
        seen += x[i].waiting * span / SPANS;
        assert_true(fabs(x[i].waiting - 0.4) < 0.02);
    }
    assert_true(fabs(seen - total) < 1e-9 * total);
    rg_series_free(s);
}

/* ---- use of what is there ---- */

static struct bench *
looked_at(void)
{
    struct bench *b = bench_new();

    b->series = rg_series_new(MINI_MODELS);
    return b;
}

static void
autoscale(struct rg_endpoint_config *c)
{
    c->slots = 1;
    c->autoscale = (struct rg_autoscale_config){.on = true,
                                                .target_queue = 2,
                                                .interval_s = 10,
                                                .delay_s = 25,
                                                .cooldown_s = 0,
                                                .min = 1,
                                                .max = 4};
}

static void
assert_means(const struct bench *b, double span_s, size_t n, const double *busy,
             const double *capacity)
{
    struct rg_series_means x[20];

    assert_true(rg_series_means(b->series, LARGE, span_s, n, x));
    for (size_t i = 0; i < n; i++) {
        assert_near(x[i].busy, busy[i]);
        assert_near(x[i].capacity, capacity[i]);
    }
}

/* 4 replicas with a slot each, of which an idle one goes at 10 s and another at 20 s. Three calls
 * of 5 s at 0 s, two of 8 s at 22 s, one of 10 s at 90 s: 15, 16 and 10 s of 40 + 30 + 160. */
static void
replicas_that_go_take_their_capacity_along(void **state)
{
    static const double busy[] = {1.5, 0, 1.6, 0, 0, 0, 0, 0, 0, 1};
    static const double capacity[] = {4, 3, 2, 2, 2, 2, 2, 2, 2, 2};
    static const double busy_of_four[] = {0.84, 0.4, 0, 0.4}; /* (15 + 2 x 3) / 25, 2 x 5 / 25 */
    static const double capacity_of_four[] = {3.2, 2, 2, 2};  /* (4 x 10 + 3 x 10 + 2 x 5) / 25 */
    struct bench *b = looked_at();
    const struct rg_endpoint_stats *s = &b->stats[LARGE];

    (void)state;
    autoscale(bench_of(b, LARGE));
    bench_of(b, LARGE)->replicas = 4;
    bench_of(b, LARGE)->autoscale.min = 2;
    b->m.latency[bench_recorded(0, LARGE)] = 5000;
    b->m.latency[bench_recorded(1, LARGE)] = 8000;
    b->m.latency[bench_recorded(2, LARGE)] = 10000;
    for (size_t i = 0; i < 3; i++)
        bench_call(b, 0, 0, LARGE);
    for (size_t i = 0; i < 2; i++)
        bench_call(b, 22, 1, LARGE);
    bench_call(b, 90, 2, LARGE);
    bench_run(b);
    assert_near(b->engine.now, 100);
    assert_means(b, 100, 10, busy, capacity);
    assert_means(b, 100, 4, busy_of_four, capacity_of_four);
    assert_near(s->busy_s, 41);
    assert_near(s->capacity_s, 230);
    bench_free(b);
}

/* 11 of 12 calls of 100 s wait at 10 s: three replicas more are there from 35 s on. Who waits has
 * been given to the first and stays there. */
static void
replicas_that_come_bring_theirs(void **state)
{
    static const double busy[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const double capacity[] = {1, 1, 1, 2.5, 4, 4, 4, 4, 4, 4};
    struct bench *b = looked_at();

    (void)state;
    autoscale(bench_of(b, LARGE));
    b->m.latency[bench_recorded(0, LARGE)] = 100000;
    for (size_t i = 0; i < 12; i++)
        bench_call(b, 0, 0, LARGE);
    bench_run_until(b, 100);
    assert_means(b, 100, 10, busy, capacity);
    bench_free(b);
}

/* A replica that is retired at 10 s counts until its work ends at 15 s. */
static void
retired_replicas_count_as_long_as_they_work(void **state)
{
    static const double busy[] = {2, 1.5, 1, 1};
    static const double capacity[] = {2, 1.5, 1, 1};
    struct bench *b = looked_at();

    (void)state;
    autoscale(bench_of(b, LARGE));
    bench_of(b, LARGE)->replicas = 2;
    b->m.latency[bench_recorded(0, LARGE)] = 40000;
    b->m.latency[bench_recorded(1, LARGE)] = 15000;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0, 1, LARGE);
    bench_run(b);
    assert_near(b->engine.now, 40);
    assert_means(b, 40, 4, busy, capacity);
    bench_free(b);
}

/* Four calls of 1 s share one slot and end at once, at 4 s: it was busy all the time. */
static void
shared_slots_are_not_used_more_than_once(void **state)
{
    static const double all[] = {1, 1, 1, 1};
    struct bench *b = looked_at();

    (void)state;
    bench_of(b, LARGE)->slots = 1;
    bench_of(b, LARGE)->discipline = RG_PS;
    for (size_t i = 0; i < 4; i++)
        bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_near(b->engine.now, 4);
    assert_means(b, 4, 4, all, all);
    bench_free(b);
}

/* A run that is cut off ends with calls in service. */
static void
calls_that_have_not_ended_use_slots(void **state)
{
    static const double busy[] = {0, 1, 2, 2};
    static const double capacity[] = {3, 3, 3, 3};
    struct bench *b = looked_at();

    (void)state;
    bench_of(b, LARGE)->slots = 3;
    b->m.latency[bench_recorded(0, LARGE)] = 1e6;
    bench_call(b, 10, 0, LARGE);
    bench_call(b, 20, 0, LARGE);
    bench_run_until(b, 40);
    assert_means(b, 40, 4, busy, capacity);
    bench_free(b);
}

static void
without_a_limit_there_is_no_capacity(void **state)
{
    struct rg_series_means x[2];
    struct bench *b = looked_at();

    (void)state;
    for (size_t i = 0; i < 3; i++)
        bench_call(b, 1, 0, LARGE);
    bench_run(b);
    assert_true(rg_series_means(b->series, LARGE, 2, 2, x));
    assert_true(x[0].busy == 0 && x[1].busy == 3);
    assert_true(isnan(x[0].capacity) && isnan(x[1].capacity));
    assert_false(rg_series_means(b->series, SMALL, 2, 2, x));
    bench_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_is_told_by_tries),
        cmocka_unit_test(long_times_join_bins),
        cmocka_unit_test(replicas_that_go_take_their_capacity_along),
        cmocka_unit_test(replicas_that_come_bring_theirs),
        cmocka_unit_test(retired_replicas_count_as_long_as_they_work),
        cmocka_unit_test(shared_slots_are_not_used_more_than_once),
        cmocka_unit_test(calls_that_have_not_ended_use_slots),
        cmocka_unit_test(without_a_limit_there_is_no_capacity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
