/* A station, event by event: small cases by hand, and long random ones against recursions and
 * against a model of a few lines that does everything the slow way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "sim/engine/engine.h"
#include "sim/engine/station.h"
#include "sim/engine/summary.h"
#include "sim/engine/variate.h"

enum kind { ARRIVE, STATION, OTHER };

struct bench {
    uint32_t begun; /* by test_begin */
    struct rg_engine engine;
    struct rg_station station;
};

static void
setup(struct bench *b, enum rg_discipline discipline, uint32_t servers, uint32_t queue)
{
    rg_engine_init(&b->engine);
    rg_station_init(&b->station, &b->engine,
                    &(struct rg_station_config){.discipline = discipline,
                                                .servers = servers,
                                                .queue = queue,
                                                .kind = STATION,
                                                .owner = 3});
}

static void
teardown(struct bench *b)
{
    rg_station_clear(&b->station);
    rg_engine_clear(&b->engine);
}

static enum rg_admission
arrive(struct bench *b, uint32_t entity, double service, double patience)
{
    return rg_station_arrive(
        &b->station, &(struct rg_job){.entity = entity, .service = service, .patience = patience},
        NULL);
}

/* Lets the clock come to time; all events until then must have been expected. */
static void
wait_until(struct bench *b, double time)
{
    struct rg_event ev;

    rg_engine_until(&b->engine, time);
    assert_false(rg_engine_next(&b->engine, &ev));
    rg_engine_until(&b->engine, INFINITY);
}

static bool
is_near(double x, double y)
{
    return fabs(x - y) < 1e-12;
}

static void
expect(struct bench *b, double time, uint32_t entity, enum rg_outcome outcome, double wait)
{
    struct rg_event ev;
    struct rg_leave leave;

    assert_true(rg_engine_next(&b->engine, &ev));
    assert_int_equal(ev.kind, STATION);
    assert_int_equal(ev.owner, 3);
    leave = rg_station_leave(&b->station, &ev);
    assert_true(is_near(b->engine.now, time));
    assert_int_equal(leave.entity, entity);
    assert_int_equal(leave.outcome, outcome);
    assert_true(is_near(leave.wait, wait));
    assert_true(is_near(leave.sojourn, time - leave.arrived));
}

static void
expect_end(struct bench *b)
{
    struct rg_event ev;

    assert_false(rg_engine_next(&b->engine, &ev));
    assert_int_equal(rg_station_count(&b->station), 0);
}

static void
test_fcfs(void **state)
{
    struct bench b;

    (void)state;
    setup(&b, RG_FCFS, 2, 1);
    assert_int_equal(arrive(&b, 1, 4, INFINITY), RG_STARTED);
    assert_int_equal(arrive(&b, 2, 2, INFINITY), RG_STARTED);
    assert_int_equal(arrive(&b, 3, 1, INFINITY), RG_QUEUED);
    assert_int_equal(arrive(&b, 4, 1, INFINITY), RG_BALKED);
    wait_until(&b, 1);
    assert_true(rg_station_area(&b.station) == 3);
    expect(&b, 2, 2, RG_SERVED, 0);
    assert_int_equal(arrive(&b, 5, 3, INFINITY), RG_QUEUED);
    expect(&b, 3, 3, RG_SERVED, 2);
    expect(&b, 4, 1, RG_SERVED, 0);
    expect(&b, 6, 5, RG_SERVED, 1);
    expect_end(&b);
    assert_int_equal(b.station.stats.arrived, 5);
    assert_int_equal(b.station.stats.served, 4);
    assert_int_equal(b.station.stats.balked, 1);
    assert_int_equal(b.station.stats.waiting.max, 1);
    assert_true(rg_station_waiting_area(&b.station) == 3);
    assert_true(rg_station_busy_area(&b.station) == 10);
    assert_true(b.station.stats.wait.max == 2 && b.station.stats.wait.min == 0);
    assert_true(b.station.stats.sojourn.mean == 13.0 / 4);
    teardown(&b);
}

/* An arrival at the very time of a departure finds the server free. */
static void
test_departure_before_arrival(void **state)
{
    struct bench b;
    struct rg_event ev;

    (void)state;
    setup(&b, RG_FCFS, 1, 0);
    rg_engine_add(&b.engine,
                  &(struct rg_event){.time = 2, .rank = RG_RANK_ARRIVAL, .kind = ARRIVE});
    assert_int_equal(arrive(&b, 1, 2, INFINITY), RG_STARTED);
    expect(&b, 2, 1, RG_SERVED, 0);
    assert_true(rg_engine_next(&b.engine, &ev) && ev.kind == ARRIVE);
    assert_int_equal(arrive(&b, 2, 1, INFINITY), RG_STARTED);
    expect(&b, 3, 2, RG_SERVED, 0);
    expect_end(&b);
    teardown(&b);
}

static void
test_zero_service(void **state)
{
    struct bench b;

    (void)state;
    for (int d = RG_FCFS; d <= RG_PS; d++) {
        setup(&b, (enum rg_discipline)d, 1, RG_STATION_UNLIMITED);
        for (uint32_t i = 0; i < 100; i++)
            arrive(&b, i, 0, INFINITY);
        for (uint32_t i = 0; i < 100; i++)
            expect(&b, 0, i, RG_SERVED, 0);
        expect_end(&b);
        assert_true(rg_station_area(&b.station) == 0);
        assert_true(b.station.stats.sojourn.max == 0);
        assert_int_equal(b.station.stats.served, 100);
        teardown(&b);
    }
}

static void
test_reneging(void **state)
{
    struct bench b;

    (void)state;
    setup(&b, RG_FCFS, 1, 3);
    arrive(&b, 1, 4, 0);
    assert_int_equal(arrive(&b, 2, 1, 4), RG_QUEUED); /* is served at 4, just in time */
    assert_int_equal(arrive(&b, 3, 1, 2), RG_QUEUED);
    assert_int_equal(arrive(&b, 4, 1, 0), RG_QUEUED);
    expect(&b, 0, 4, RG_RENEGED, 0);
    assert_int_equal(arrive(&b, 5, 1, 5), RG_QUEUED);
    assert_int_equal(arrive(&b, 6, 1, 5), RG_BALKED);
    expect(&b, 2, 3, RG_RENEGED, 2);
    expect(&b, 4, 1, RG_SERVED, 0);
    expect(&b, 5, 2, RG_SERVED, 4);
    expect(&b, 6, 5, RG_SERVED, 5);
    expect_end(&b);
    assert_int_equal(b.station.stats.reneged, 2);
    assert_int_equal(b.station.stats.lost.n, 2);
    assert_true(rg_summary_sum(&b.station.stats.lost) == 2);
    teardown(&b);
}

static void
test_priority(void **state)
{
    static const int32_t priorities[] = {5, 0, -1, 5, INT32_MIN, 0, INT32_MAX};
    static const uint32_t order[] = {0, 4, 2, 1, 5, 3, 6};
    struct bench b;

    (void)state;
    setup(&b, RG_PRIORITY, 1, RG_STATION_UNLIMITED);
    for (uint32_t i = 0; i < 7; i++)
        rg_station_arrive(
            &b.station,
            &(struct rg_job){
                .entity = i, .priority = priorities[i], .service = 1, .patience = INFINITY},
            NULL);
    for (uint32_t i = 0; i < 7; i++)
        expect(&b, i + 1, order[i], RG_SERVED, i);
    expect_end(&b);
    teardown(&b);
}

static void
test_sjf(void **state)
{
    struct bench b;

    (void)state;
    setup(&b, RG_SJF, 1, RG_STATION_UNLIMITED);
    arrive(&b, 1, 10, INFINITY);
    arrive(&b, 2, 3, INFINITY);
    arrive(&b, 3, 1, INFINITY);
    arrive(&b, 4, 3, INFINITY);
    arrive(&b, 5, 2, 10.5);
    arrive(&b, 6, 0, INFINITY);
    expect(&b, 10, 1, RG_SERVED, 0);
    expect(&b, 10, 6, RG_SERVED, 10);
    arrive(&b, 7, 0.5, INFINITY);
    expect(&b, 10.5, 5, RG_RENEGED, 10.5);
    expect(&b, 11, 3, RG_SERVED, 10);
    expect(&b, 11.5, 7, RG_SERVED, 1);
    expect(&b, 14.5, 2, RG_SERVED, 11.5);
    expect(&b, 17.5, 4, RG_SERVED, 14.5);
    expect_end(&b);
    teardown(&b);
}

static void
test_processor_sharing(void **state)
{
    struct bench b;

    (void)state;
    setup(&b, RG_PS, 1, 2);
    assert_int_equal(arrive(&b, 1, 3, INFINITY), RG_STARTED);
    wait_until(&b, 1);
    assert_int_equal(arrive(&b, 2, 1, 0), RG_STARTED); /* never reneges */
    assert_int_equal(arrive(&b, 3, 5, INFINITY), RG_STARTED);
    assert_int_equal(arrive(&b, 4, 5, INFINITY), RG_BALKED);
    assert_int_equal(b.station.busy, 1);
    assert_int_equal(b.station.waiting, 2);
    expect(&b, 4, 2, RG_SERVED, 2); /* three share from 1 to 4 */
    expect(&b, 6, 1, RG_SERVED, 3); /* 1 + 1 + 1 done */
    expect(&b, 9, 3, RG_SERVED, 3);
    expect_end(&b);
    assert_true(rg_station_busy_area(&b.station) == 9);
    teardown(&b);

    /* Two servers: nobody is slowed down by one other. */
    setup(&b, RG_PS, 2, RG_STATION_UNLIMITED);
    arrive(&b, 1, 3, INFINITY);
    arrive(&b, 2, 3, INFINITY);
    arrive(&b, 3, 1, INFINITY);
    expect(&b, 1.5, 3, RG_SERVED, 0.5);
    expect(&b, 3.5, 1, RG_SERVED, 0.5);
    expect(&b, 3.5, 2, RG_SERVED, 0.5);
    expect_end(&b);
    teardown(&b);
}

/* Those who came together with the same work leave at one instant, to the last bit. */
static void
test_sharing_together(void **state)
{
    (void)state;
    for (uint32_t n = 2; n < 3000; n += n) {
        struct rg_event ev;
        struct bench b;
        double together;

        setup(&b, RG_PS, 1, RG_STATION_UNLIMITED);
        arrive(&b, 0, 100, INFINITY);
        wait_until(&b, 0.7);
        for (uint32_t i = 1; i <= n; i++)
            arrive(&b, i, 0.3 + 0.1 / n, INFINITY);
        assert_true(rg_engine_next(&b.engine, &ev));
        together = b.engine.now;
        assert_int_equal(rg_station_leave(&b.station, &ev).entity, 1);
        for (uint32_t i = 2; i <= n; i++) {
            assert_true(rg_engine_next(&b.engine, &ev));
            assert_true(b.engine.now == together);
            assert_int_equal(rg_station_leave(&b.station, &ev).entity, i);
        }
        teardown(&b);
    }
}

static void
test_remove(void **state)
{
    struct bench b;

    (void)state;
    for (int d = RG_FCFS; d <= RG_PS; d++) {
        const double finish = d == RG_PS ? 5 : 4;
        struct rg_job job = {.service = 3, .patience = INFINITY};
        struct rg_leave leave;
        uint32_t place[3];

        setup(&b, (enum rg_discipline)d, 1, RG_STATION_UNLIMITED);
        for (job.entity = 0; job.entity < 3; job.entity++)
            rg_station_arrive(&b.station, &job, &place[job.entity]);
        leave = rg_station_remove(&b.station, place[1]);
        assert_int_equal(leave.entity, 1);
        assert_int_equal(leave.outcome, RG_REMOVED);
        assert_true(leave.sojourn == 0);
        wait_until(&b, 1);
        /* In service; under processor sharing it has had half the server. */
        leave = rg_station_remove(&b.station, place[0]);
        assert_int_equal(leave.entity, 0);
        assert_true(leave.sojourn == 1 && leave.wait == 0);
        expect(&b, d == RG_PS ? 3.5 : finish, 2, RG_SERVED, d == RG_PS ? 0.5 : 1);
        expect_end(&b);
        assert_int_equal(b.station.stats.removed, 2);
        teardown(&b);
    }
}

static void
test_set_servers(void **state)
{
    struct bench b;

    (void)state;
    setup(&b, RG_FCFS, 0, RG_STATION_UNLIMITED);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(arrive(&b, i, 2, i == 3 ? 1 : INFINITY), RG_QUEUED);
    expect(&b, 1, 3, RG_RENEGED, 1);
    rg_station_set_servers(&b.station, 2);
    assert_int_equal(b.station.busy, 2);
    rg_station_set_servers(&b.station, 1); /* both go on, the third waits for both */
    expect(&b, 3, 0, RG_SERVED, 1);
    expect(&b, 3, 1, RG_SERVED, 1);
    expect(&b, 5, 2, RG_SERVED, 3);
    expect_end(&b);
    teardown(&b);

    setup(&b, RG_PS, 1, RG_STATION_UNLIMITED);
    arrive(&b, 0, 2, INFINITY);
    arrive(&b, 1, 2, INFINITY);
    wait_until(&b, 2);
    rg_station_set_servers(&b.station, 0);
    wait_until(&b, 12);
    rg_station_set_servers(&b.station, RG_STATION_UNLIMITED);
    expect(&b, 13, 0, RG_SERVED, 11);
    expect(&b, 13, 1, RG_SERVED, 11);
    expect_end(&b);
    teardown(&b);
}

static double
slower_when_busy(void *ctx, uint32_t place, uint32_t busy)
{
    struct bench *b = ctx;

    b->begun = b->begun * 10 + rg_visits_at(b->station.visits, place)->entity;
    return busy;
}

static void
test_begin(void **state)
{
    struct bench b;

    (void)state;
    b.begun = 0;
    rg_engine_init(&b.engine);
    rg_station_init(&b.station, &b.engine,
                    &(struct rg_station_config){.servers = 2,
                                                .queue = RG_STATION_UNLIMITED,
                                                .kind = STATION,
                                                .owner = 3,
                                                .begin = slower_when_busy,
                                                .ctx = &b});
    for (uint32_t i = 1; i <= 4; i++)
        arrive(&b, i, 100, INFINITY);
    expect(&b, 1, 1, RG_SERVED, 0);
    expect(&b, 2, 2, RG_SERVED, 0);
    expect(&b, 3, 3, RG_SERVED, 1);
    expect(&b, 4, 4, RG_SERVED, 2);
    expect_end(&b);
    assert_int_equal(b.begun, 1234);
    teardown(&b);
}

static void
test_reset_stats(void **state)
{
    struct bench b;

    (void)state;
    setup(&b, RG_FCFS, 1, 1);
    arrive(&b, 1, 5, INFINITY);
    arrive(&b, 2, 1, INFINITY);
    arrive(&b, 3, 1, INFINITY);
    wait_until(&b, 4);
    rg_station_reset_stats(&b.station);
    assert_int_equal(b.station.stats.carried, 2);
    assert_int_equal(b.station.stats.arrived + b.station.stats.balked, 0);
    assert_int_equal(b.station.stats.waiting.max, 1);
    assert_true(rg_station_area(&b.station) == 0);
    assert_int_equal(arrive(&b, 4, 1, INFINITY), RG_BALKED);
    expect(&b, 5, 1, RG_SERVED, 0);
    expect(&b, 6, 2, RG_SERVED, 5);
    expect_end(&b);
    assert_true(rg_station_waiting_area(&b.station) == 1);
    assert_true(rg_station_busy_area(&b.station) == 2);
    assert_int_equal(b.station.stats.served, 2);
    teardown(&b);
}

/* --- long runs ------------------------------------------------------------------------------- */

enum { CUSTOMERS = 20000, SERVERS = 7 };

/* The wait of each customer of G/G/c by J. Kiefer, J. Wolfowitz, Trans. AMS 78 (1955) 1-18: free[]
 * says when each server has done all that came before. */
static double
next_wait(double free[SERVERS], double now, double service)
{
    int first = 0;
    double begin;

    for (int i = 1; i < SERVERS; i++)
        if (free[i] < free[first])
            first = i;
    begin = fmax(free[first], now);
    free[first] = begin + service;
    return begin - now;
}

static void
test_against_recursion(void **state)
{
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_TEST);
    double *wait = calloc(CUSTOMERS, sizeof *wait);
    double free_at[SERVERS] = {0}, time = 0, service = 1;
    uint32_t next = 0, left = 0;
    struct rg_event ev = {.kind = ARRIVE, .rank = RG_RANK_ARRIVAL};
    struct bench b;

    (void)state;
    assert_non_null(wait);
    setup(&b, RG_FCFS, SERVERS, RG_STATION_UNLIMITED);
    rg_engine_add(&b.engine, &ev);
    while (rg_engine_next(&b.engine, &ev)) {
        struct rg_leave leave;

        if (ev.kind == STATION) {
            leave = rg_station_leave(&b.station, &ev);
            assert_true(fabs(leave.wait - wait[leave.entity]) <= 1e-9);
            left++;
            continue;
        }
        wait[next] = next_wait(free_at, b.engine.now, service);
        arrive(&b, next++, service, INFINITY);
        if (next == CUSTOMERS)
            continue;
        time += rg_variate_exp(rng) / 6.6;
        service = rg_rng_below(rng, 10) > 0 ? rg_variate_exp(rng) : 0;
        rg_engine_add(&b.engine,
                      &(struct rg_event){.time = time, .kind = ARRIVE, .rank = RG_RANK_ARRIVAL});
    }
    assert_int_equal(left, CUSTOMERS);
    assert_true(b.station.stats.wait.max > 1);
    teardown(&b);
    free(wait);
    gsl_rng_free(rng);
}

/* Everything at once: balking, reneging, removals, changes of the servers, resets. What the caller
 * can count himself must be what the station counts. */
struct tally {
    uint64_t admitted, balked, served, reneged, removed;
    struct rg_sum sojourns;
    uint32_t place[64]; /* where entity i is, if here[i] */
    bool here[64];
};

static void
note_leave(struct tally *t, struct rg_leave leave)
{
    assert_true(t->here[leave.entity]);
    t->here[leave.entity] = false;
    t->served += leave.outcome == RG_SERVED;
    t->reneged += leave.outcome == RG_RENEGED;
    t->removed += leave.outcome == RG_REMOVED;
    assert_true(leave.wait >= 0 && leave.wait <= leave.sojourn);
    rg_sum_add(&t->sojourns, leave.sojourn);
}

static void
random_arrival(struct bench *b, struct tally *t, gsl_rng *rng, uint32_t entity)
{
    struct rg_job job = {
        .entity = entity,
        .priority = (int32_t)rg_rng_below(rng, 3),
        .service = (double)rg_rng_below(rng, 8) / 4,
        .patience = rg_rng_below(rng, 2) > 0 ? (double)rg_rng_below(rng, 8) / 4 : INFINITY,
    };

    if (rg_station_arrive(&b->station, &job, &t->place[entity]) == RG_BALKED) {
        t->balked++;
        return;
    }
    t->admitted++;
    t->here[entity] = true;
}

static void
random_step(struct bench *b, struct tally *t, gsl_rng *rng)
{
    uint32_t entity = (uint32_t)rg_rng_below(rng, 64);
    uint64_t dice = rg_rng_below(rng, 100);
    struct rg_event ev;

    if (dice < 40) {
        if (!t->here[entity])
            random_arrival(b, t, rng, entity);
        else if (dice < 10)
            note_leave(t, rg_station_remove(&b->station, t->place[entity]));
    } else if (dice < 43) {
        rg_station_set_servers(&b->station, (uint32_t)rg_rng_below(rng, 6));
    } else if (dice < 60) {
        rg_engine_until(&b->engine, b->engine.now + (double)rg_rng_below(rng, 4) / 8);
        while (rg_engine_next(&b->engine, &ev))
            note_leave(t, rg_station_leave(&b->station, &ev));
        rg_engine_until(&b->engine, INFINITY);
    } else if (rg_engine_next(&b->engine, &ev)) {
        note_leave(t, rg_station_leave(&b->station, &ev));
    }
}

static void
test_random(void **state)
{
    (void)state;
    for (int d = RG_FCFS; d <= RG_PS; d++) {
        gsl_rng *rng = rg_rng_new(4, (uint64_t)d, RG_PURPOSE_TEST);
        const struct rg_station_stats *s;
        struct tally t = {0};
        struct rg_event ev;
        struct bench b;

        setup(&b, (enum rg_discipline)d, 2, 20);
        s = &b.station.stats;
        for (int i = 0; i < 50000; i++) {
            random_step(&b, &t, rng);
            assert_int_equal(s->arrived, t.admitted + t.balked);
            assert_true(b.station.waiting <= 20 || d == RG_PS);
        }
        rg_station_set_servers(&b.station, 2);
        while (rg_engine_next(&b.engine, &ev))
            note_leave(&t, rg_station_leave(&b.station, &ev));
        assert_int_equal(rg_station_count(&b.station), 0);
        assert_int_equal(s->served, t.served);
        assert_int_equal(s->reneged, t.reneged);
        assert_int_equal(s->removed, t.removed);
        assert_true(t.served > 5000 && t.removed > 200 && t.balked > 50);
        assert_true((d == RG_PS) == (t.reneged == 0));
        assert_true(fabs(rg_station_area(&b.station) - rg_sum_value(&t.sojourns)) <=
                    1e-9 * rg_sum_value(&t.sojourns));
        teardown(&b);
        gsl_rng_free(rng);
    }
}

/* A closed station whose visitors lose patience keeps nothing of those who left. */
static void
test_no_growth(void **state)
{
    (void)state;
    for (int d = RG_FCFS; d < RG_PS; d++) {
        struct rg_event ev;
        struct bench b;

        setup(&b, (enum rg_discipline)d, 0, RG_STATION_UNLIMITED);
        for (uint32_t i = 0; i < 100000; i++) {
            arrive(&b, i, 1, 10);
            wait_until(&b, b.engine.now + 1);
            if (rg_engine_peek(&b.engine) > b.engine.now)
                continue;
            assert_true(rg_engine_next(&b.engine, &ev));
            assert_int_equal(rg_station_leave(&b.station, &ev).outcome, RG_RENEGED);
        }
        assert_true(b.station.own.cap <= 16);
        assert_true(b.station.heap.cap <= 256);
        teardown(&b);
    }
}

/* --- summaries ------------------------------------------------------------------------------- */

static void
test_summary(void **state)
{
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);
    struct rg_summary all = {0}, part[3] = {{0}, {0}, {0}}, merged = {0};
    double x[1000], mean = 0, m2 = 0;

    (void)state;
    assert_true(rg_summary_variance(&all) == 0 && rg_summary_sum(&all) == 0);
    for (int i = 0; i < 1000; i++) {
        x[i] = 1e6 + rg_rng_unit(rng) - 0.5;
        rg_summary_add(&all, x[i]);
        rg_summary_add(&part[i < 10 ? 0 : 1], x[i]); /* part[2] stays empty */
        mean += x[i] / 1000;
        if (i == 0)
            assert_true(rg_summary_variance(&all) == 0);
    }
    for (int i = 0; i < 1000; i++)
        m2 += (x[i] - mean) * (x[i] - mean);
    rg_summary_merge(&merged, &part[2]);
    assert_int_equal(merged.n, 0);
    for (int i = 0; i < 3; i++)
        rg_summary_merge(&merged, &part[i]);
    assert_int_equal(merged.n, 1000);
    assert_true(fabs(all.mean - mean) < 1e-8 && fabs(merged.mean - mean) < 1e-8);
    assert_true(fabs(rg_summary_variance(&all) - m2 / 999) < 1e-9);
    assert_true(fabs(rg_summary_variance(&merged) - m2 / 999) < 1e-9);
    assert_true(merged.min == all.min && merged.max == all.max && all.min < all.max);
    gsl_rng_free(rng);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fcfs),
        cmocka_unit_test(test_departure_before_arrival),
        cmocka_unit_test(test_zero_service),
        cmocka_unit_test(test_reneging),
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_sjf),
        cmocka_unit_test(test_processor_sharing),
        cmocka_unit_test(test_sharing_together),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_set_servers),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_reset_stats),
        cmocka_unit_test(test_against_recursion),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_no_growth),
        cmocka_unit_test(test_summary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
