/* One replication: times worked out by hand, conservation, common random numbers, and the mean wait
 * of M/D/1 (Pollaczek-Khinchine) through the whole chain of router, call and endpoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "sim/engine/station.h"
#include "sim/replication.h"
#include "stats/interval.h"
#include "tests/unit/mini_trace.h"

static const uint8_t all_valid[MINI_CALLS] = {1, 1, 1, 1, 1, 1, 1, 1};
static const uint32_t one_sample[MINI_QUERIES] = {1, 1, 1};
static const uint32_t all_queries[MINI_QUERIES] = {0, 1, 2};

struct fixture {
    struct mini_trace m;
    struct rg_policy policy;
    struct rg_replication_config config;
    struct rg_replication r;
    struct rg_err err;
};

static void
prepare(struct fixture *f, const char *router)
{
    mini_trace_init(&f->m);
    f->policy = (struct rg_policy){.trace = &f->m.t, .valid = all_valid, .samples = one_sample};
    assert_int_equal(rg_router_select(&f->policy, router, &f->err), RG_OK);
    assert_int_equal(rg_router_tiers(&f->policy, NULL, NULL, &f->err), RG_OK);
    f->config = (struct rg_replication_config){.policy = &f->policy,
                                               .queries = all_queries,
                                               .n_queries = MINI_QUERIES,
                                               .arrivals = {.law = RG_ARRIVALS_ALL},
                                               .requests = MINI_QUERIES,
                                               .slots = RG_STATION_UNLIMITED,
                                               .seed = 1};
}

static void
run_it(struct fixture *f, uint64_t replication)
{
    assert_int_equal(rg_replication_run(&f->config, replication, &f->r, &f->err), RG_OK);
}

static void
without_a_queue_a_latency_is_the_recorded_one(void **state)
{
    struct fixture f;

    (void)state;
    prepare(&f, "llm-only");
    f.config.overhead_s = 0.25;
    run_it(&f, 0);
    assert_int_equal(f.r.completed, 3);
    for (size_t i = 0; i < f.r.requests.n; i++) {
        double recorded = (400 + 100 * f.r.requests.query[i]) * 1e-3;

        assert_true(f.r.requests.queue_s[i] == 0);
        assert_true(f.r.requests.service_s[i] == recorded);
        assert_true(f.r.requests.latency_s[i] == 0.25 + 0 + recorded);
    }
    assert_true(fabs(f.r.span_s - 0.85) < 1e-12);
    assert_true(isnan(f.r.endpoints[LARGE].utilisation));
    rg_replication_clear(&f.r);
}

static void
one_slot_serves_one_after_the_other(void **state)
{
    struct fixture f;
    double clock = 0;

    (void)state;
    prepare(&f, "llm-only");
    f.config.slots = 1;
    run_it(&f, 0);
    for (size_t i = 0; i < f.r.requests.n; i++) { /* all came at 0, in this order */
        assert_true(fabs(f.r.requests.queue_s[i] - clock) < 1e-12);
        clock += f.r.requests.service_s[i];
        assert_true(f.r.requests.latency_s[i] ==
                    0 + f.r.requests.queue_s[i] + f.r.requests.service_s[i]);
    }
    assert_true(fabs(f.r.endpoints[LARGE].utilisation - 1) < 1e-12);
    assert_true(fabs(f.r.span_s - 1.5) < 1e-12);
    rg_replication_clear(&f.r);
}

static void
an_escalated_request_pays_and_waits_twice(void **state)
{
    struct fixture f;

    (void)state;
    prepare(&f, "slm-dominant");
    run_it(&f, 0);
    assert_int_equal(f.r.completed, 3);
    for (size_t i = 0; i < f.r.requests.n; i++) {
        if (f.r.requests.query[i] != 2)
            continue;
        assert_int_equal(f.r.requests.attempts[i], 2);
        assert_int_equal(f.r.requests.escalated[i], 1);
        assert_int_equal(f.r.requests.model[i], LARGE);
        assert_true(f.r.requests.cost_usd[i] == 33);
        assert_true(fabs(f.r.requests.latency_s[i] - 0.9) < 1e-12);
    }
    assert_int_equal(f.r.reasons[RG_REASON_SLM_FIRST], 3);
    assert_int_equal(f.r.reasons[RG_REASON_CALL_FAILED], 1);
    assert_int_equal(f.r.endpoints[SMALL].calls, 3);
    assert_int_equal(f.r.endpoints[LARGE].calls, 1);
    rg_replication_clear(&f.r);
}

static void
zero_service_takes_no_time(void **state)
{
    struct fixture f;

    (void)state;
    prepare(&f, "llm-only");
    for (size_t i = 0; i < MINI_CALLS; i++)
        f.m.latency[i] = NAN;
    f.config.service = RG_SERVICE_ZERO;
    f.config.slots = 1;
    run_it(&f, 0);
    assert_int_equal(f.r.completed, 3);
    assert_true(f.r.span_s == 0);
    rg_replication_clear(&f.r);
}

static void
what_is_not_recorded_is_named(void **state)
{
    struct fixture f;

    (void)state;
    prepare(&f, "llm-only");
    for (size_t i = 0; i < MINI_CALLS; i++)
        f.m.latency[i] = NAN;
    f.config.queries = all_queries + 1;
    f.config.n_queries = f.config.requests = 1;
    assert_int_equal(rg_replication_run(&f.config, 0, &f.r, &f.err), RG_EINPUT);
    assert_string_equal(f.err.text,
                        "mini: no recorded latency of the call of model 'large' on query "
                        "'q1' (memory 'none'): choose --service zero");
    rg_replication_clear(&f.r);
    prepare(&f, "fixed:other");
    f.config.n_queries = f.config.requests = 1;
    assert_int_equal(rg_replication_run(&f.config, 0, &f.r, &f.err), RG_EINPUT);
    assert_string_equal(f.err.text,
                        "mini: no recorded call of model 'other' on query 'q0' (memory 'none'): "
                        "choose --missing skip or fail, or another --memory");
    rg_replication_clear(&f.r);
}

static void
missing_calls_are_skipped_or_fail(void **state)
{
    struct fixture f;

    (void)state;
    prepare(&f, "fixed:other");
    f.policy.missing = RG_MISSING_SKIP;
    f.config.requests = 30;
    run_it(&f, 0);
    assert_int_equal(f.r.offered, 30);
    assert_int_equal(f.r.skipped, 20);
    assert_int_equal(f.r.completed, 10);
    rg_replication_clear(&f.r);
    f.policy.missing = RG_MISSING_FAIL;
    run_it(&f, 0);
    assert_int_equal(f.r.failed, 20);
    assert_int_equal(f.r.completed, 10);
    rg_replication_clear(&f.r);
}

static void
every_query_comes_before_any_comes_again(void **state)
{
    struct fixture f;
    int seen[MINI_QUERIES] = {0};

    (void)state;
    prepare(&f, "llm-only");
    f.config.requests = 3000;
    f.config.arrivals = (struct rg_arrivals_config){.law = RG_ARRIVALS_POISSON, .rate = 1};
    run_it(&f, 0);
    for (size_t i = 0; i < f.r.requests.n; i++) {
        seen[f.r.requests.query[i]]++;
        assert_true(seen[f.r.requests.query[i]] <= (int)(i / MINI_QUERIES) + 1);
    }
    assert_int_equal(seen[0], 1000);
    rg_replication_clear(&f.r);
}

/* Requests are the same for all routers, and replications differ from each other. */
static void
random_numbers_are_common_to_routers(void **state)
{
    struct fixture a;
    struct fixture b;
    size_t differ = 0;

    (void)state;
    prepare(&a, "llm-only");
    prepare(&b, "slm-dominant");
    a.config.requests = b.config.requests = 300;
    a.config.arrivals = b.config.arrivals =
        (struct rg_arrivals_config){.law = RG_ARRIVALS_POISSON, .rate = 2};
    run_it(&a, 3);
    run_it(&b, 3);
    assert_memory_equal(a.r.requests.query, b.r.requests.query, 300 * sizeof(uint32_t));
    rg_replication_clear(&b.r);
    b.config = a.config;
    b.config.policy = &b.policy;
    run_it(&b, 4);
    for (size_t i = 0; i < 300; i++)
        differ += a.r.requests.query[i] != b.r.requests.query[i];
    assert_true(differ > 100);
    rg_replication_clear(&a.r);
    rg_replication_clear(&b.r);
}

static void
the_same_seed_gives_the_same_bytes(void **state)
{
    struct fixture a;
    struct fixture b;

    (void)state;
    prepare(&a, "random");
    a.policy.missing = RG_MISSING_SKIP;
    a.config.requests = 500;
    a.config.slots = 1;
    a.config.arrivals = (struct rg_arrivals_config){.law = RG_ARRIVALS_POISSON, .rate = 3};
    run_it(&a, 0);
    b = a;
    b.config.policy = &b.policy;
    run_it(&b, 0);
    assert_memory_equal(a.r.requests.latency_s, b.r.requests.latency_s, 500 * sizeof(double));
    assert_memory_equal(a.r.requests.model, b.r.requests.model, 500 * sizeof(uint32_t));
    rg_replication_clear(&a.r);
    rg_replication_clear(&b.r);
}

static void
a_closed_loop_keeps_its_users(void **state)
{
    struct fixture f;

    (void)state;
    prepare(&f, "llm-only");
    f.config.requests = 100;
    f.config.arrivals =
        (struct rg_arrivals_config){.law = RG_ARRIVALS_CLOSED, .users = 2, .think = 1};
    run_it(&f, 0);
    assert_int_equal(f.r.completed, 100);
    /* Never more than two at once: a third server would never be busy. */
    assert_true(f.r.endpoints[LARGE].busy_s <= 2 * f.r.span_s);
    assert_true(f.r.endpoints[LARGE].waiting_s == 0);
    rg_replication_clear(&f.r);
}

/* M/D/1 with rho = 0.7 and service 0.5 s: Wq = rho s / (2 (1 - rho)) = 0.58333 s. 99.9 % interval
 * of 30 replications of 20,000 requests, of which the first 2,000 are left out. A value 5 % off is
 * outside. */
static void
the_mean_wait_is_that_of_m_d_1(void **state)
{
    enum { REPLICATIONS = 30, REQUESTS = 20000, WARM_UP = 2000 };
    const double exact = 0.7 * 0.5 / (2 * 0.3);
    double wait[REPLICATIONS];
    struct rg_estimate e;
    struct fixture f;

    (void)state;
    prepare(&f, "llm-only");
    for (size_t i = 0; i < MINI_CALLS; i++)
        f.m.latency[i] = 500;
    f.config.requests = REQUESTS;
    f.config.slots = 1;
    f.config.arrivals = (struct rg_arrivals_config){.law = RG_ARRIVALS_POISSON, .rate = 1.4};
    for (uint64_t rep = 0; rep < REPLICATIONS; rep++) {
        run_it(&f, rep);
        wait[rep] = 0;
        for (size_t i = WARM_UP; i < REQUESTS; i++)
            wait[rep] += f.r.requests.queue_s[i] / (REQUESTS - WARM_UP);
        assert_true(fabs(f.r.endpoints[LARGE].utilisation - 0.7) < 0.03);
        rg_replication_clear(&f.r);
    }
    e = rg_interval_mean(wait, REPLICATIONS, 0.999);
    assert_true(e.lo <= exact && exact <= e.hi);
    assert_true(e.hi < exact * 1.05 || e.lo > exact * 0.95);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_queue_a_latency_is_the_recorded_one),
        cmocka_unit_test(one_slot_serves_one_after_the_other),
        cmocka_unit_test(an_escalated_request_pays_and_waits_twice),
        cmocka_unit_test(zero_service_takes_no_time),
        cmocka_unit_test(what_is_not_recorded_is_named),
        cmocka_unit_test(missing_calls_are_skipped_or_fail),
        cmocka_unit_test(every_query_comes_before_any_comes_again),
        cmocka_unit_test(random_numbers_are_common_to_routers),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(a_closed_loop_keeps_its_users),
        cmocka_unit_test(the_mean_wait_is_that_of_m_d_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
