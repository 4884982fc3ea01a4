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

enum { MOST = 5000 };

struct fixture {
    struct mini_trace m;
    struct rg_policy policy;
    struct rg_router router;
    struct rg_endpoint_configs endpoints;
    struct rg_replication_config config;
    struct rg_replication r;
    struct rg_request requests[MOST]; /* by index */
    size_t n_done;
    struct rg_err err;
};

static void
done(void *ctx, const struct rg_request *request)
{
    struct fixture *f = ctx;
    double sum = 0;

    assert_true(request->index < MOST);
    f->requests[request->index] = *request;
    f->n_done++;
    for (size_t i = 0; i < RG_N_PARTS; i++)
        sum += request->parts[i];
    assert_true(sum == request->latency_s);
}

static struct fixture *
prepare(const char *router)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    mini_trace_init(&f->m);
    f->policy = rg_policy_of(&f->m.t);
    f->policy.valid = all_valid;
    f->policy.samples = one_sample;
    assert_int_equal(rg_router_read(&f->router, &f->m.t, router, &f->err), RG_OK);
    assert_int_equal(rg_router_prepare(&f->router, &f->policy, NULL, NULL, &f->err), RG_OK);
    rg_endpoint_configs_init(&f->endpoints, MINI_MODELS, RG_STATION_UNLIMITED, RG_SERVICE_RECORDED);
    f->config = (struct rg_replication_config){.policy = &f->policy,
                                               .endpoints = &f->endpoints,
                                               .queries = all_queries,
                                               .n_queries = MINI_QUERIES,
                                               .arrivals = {.law = RG_ARRIVALS_ALL},
                                               .requests = MINI_QUERIES,
                                               .until_s = INFINITY,
                                               .seed = 1,
                                               .done = done,
                                               .ctx = f};
    return f;
}

static void
run_it(struct fixture *f, uint64_t replication)
{
    f->n_done = 0;
    assert_int_equal(rg_replication_run(&f->config, replication, &f->r, &f->err), RG_OK);
    assert_int_equal(f->r.offered, f->n_done + f->r.in_flight);
}

static void
release(struct fixture *f)
{
    rg_replication_clear(&f->r);
    rg_router_clear(&f->router);
    rg_endpoint_configs_clear(&f->endpoints);
    free(f);
}

static double
service_of(const struct rg_request *r)
{
    return r->parts[RG_PART_PREFILL] + r->parts[RG_PART_DECODE];
}

static void
without_a_queue_a_latency_is_the_recorded_one(void **state)
{
    struct fixture *f = prepare("llm-only");

    (void)state;
    f->config.overhead_s = 0.25;
    run_it(f, 0);
    assert_int_equal(f->r.ends[RG_REQUEST_COMPLETED], 3);
    for (size_t i = 0; i < f->n_done; i++) {
        const struct rg_request *r = &f->requests[i];
        double recorded = (400 + 100 * r->query) * 1e-3;

        assert_true(r->parts[RG_PART_QUEUE] == 0);
        assert_true(service_of(r) == recorded);
        assert_true(r->latency_s == 0.25 + recorded);
        assert_true(isnan(r->ttft_s));
    }
    assert_true(fabs(f->r.span_s - 0.85) < 1e-12);
    assert_true(isnan(rg_replication_utilisation(&f->r, LARGE)));
    release(f);
}

static void
a_recorded_first_token_splits_the_service(void **state)
{
    struct fixture *f = prepare("llm-only");

    (void)state;
    f->m.ttft[2] = 100;
    f->m.ttft[4] = 1e9; /* cannot be later than the end */
    run_it(f, 0);
    for (size_t i = 0; i < f->n_done; i++) {
        const struct rg_request *r = &f->requests[i];

        if (r->query == 0) {
            assert_true(fabs(r->parts[RG_PART_PREFILL] - 0.1) < 1e-12);
            assert_true(fabs(r->parts[RG_PART_DECODE] - 0.3) < 1e-12);
            assert_true(fabs(r->ttft_s - 0.1) < 1e-12);
        }
        if (r->query == 1)
            assert_true(r->parts[RG_PART_DECODE] == 0);
        if (r->query == 2)
            assert_true(isnan(r->ttft_s));
    }
    release(f);
}

static void
one_slot_serves_one_after_the_other(void **state)
{
    struct fixture *f = prepare("llm-only");
    double clock = 0;

    (void)state;
    f->endpoints.of[LARGE].slots = 1;
    run_it(f, 0);
    for (size_t i = 0; i < f->n_done; i++) { /* all came at 0, in this order */
        assert_true(fabs(f->requests[i].parts[RG_PART_QUEUE] - clock) < 1e-12);
        clock += service_of(&f->requests[i]);
    }
    assert_true(fabs(rg_replication_utilisation(&f->r, LARGE) - 1) < 1e-12);
    assert_true(fabs(f->r.span_s - 1.5) < 1e-12);
    release(f);
}

static void
an_escalated_request_pays_and_waits_twice(void **state)
{
    struct fixture *f = prepare("slm-dominant");

    (void)state;
    run_it(f, 0);
    assert_int_equal(f->r.ends[RG_REQUEST_COMPLETED], 3);
    for (size_t i = 0; i < f->n_done; i++) {
        const struct rg_request *r = &f->requests[i];

        if (r->query != 2)
            continue;
        assert_int_equal(r->tries, 2);
        assert_true(r->escalated);
        assert_int_equal(r->model, LARGE);
        assert_true(r->cost_usd == 33);
        assert_true(fabs(r->latency_s - 0.9) < 1e-12);
        assert_true(fabs(r->parts[RG_PART_FAILED] - 0.3) < 1e-12);
    }
    assert_int_equal(f->r.reasons[RG_REASON_SLM_FIRST], 3);
    assert_int_equal(f->r.reasons[RG_REASON_CALL_FAILED], 1);
    assert_int_equal(f->r.endpoints[SMALL].calls, 3);
    assert_int_equal(f->r.endpoints[LARGE].calls, 1);
    release(f);
}

/* Query 0 has recorded samples 0 and 2 of the small model; 0 is refused, and 1 is not recorded: the
 * second retry brings call 1. Twice, as a plain endpoint and with a queue. */
static void
a_refused_answer_is_replaced_by_the_next_sample(void **state)
{
    static const uint8_t valid[MINI_CALLS] = {0, 1, 1, 1, 1, 1, 1, 1};
    static const uint32_t samples[MINI_QUERIES] = {3, 1, 1};

    (void)state;
    for (uint32_t slots = 1; slots <= 2; slots++) {
        struct fixture *f = prepare("fixed:small");

        f->policy.valid = valid;
        f->policy.samples = samples;
        f->policy.retries = 2;
        f->endpoints.of[SMALL].slots = slots;
        f->config.first_sample = true;
        f->config.n_queries = 1;
        f->config.requests = 4;
        run_it(f, 0);
        for (size_t i = 0; i < 4; i++) {
            const struct rg_request *r = &f->requests[i];

            assert_int_equal(r->call, 1);
            assert_int_equal(r->calls, 3);
            assert_int_equal(r->reason, RG_REASON_RETRY);
            assert_int_equal(r->sample, 0);
            assert_true(r->score == 0.3);
        }
        assert_int_equal(f->r.reasons[RG_REASON_RETRY], 8);
        release(f);
    }
}

/* The same request without a clock. */
static struct rg_chain
play(const struct rg_policy *p, const struct rg_request *r, enum rg_chain_step *end)
{
    struct rg_router_view view = {.query = r->query, .sample = r->sample, .index = r->index};
    struct rg_chain c;

    *end = rg_chain_begin(p, &c, &view);
    while (*end == RG_CHAIN_CALL) {
        struct rg_call_outcome outcome = rg_chain_recorded(p, &c);

        rg_chain_told(p, &c, &outcome);
        *end = rg_chain_next(p, &c, &view);
    }
    return c;
}

static void
compare_with_chain(const struct fixture *f)
{
    for (size_t i = 0; i < f->n_done; i++) {
        const struct rg_request *r = &f->requests[i];
        enum rg_chain_step end;
        struct rg_chain c = play(&f->policy, r, &end);

        assert_int_equal(r->end == RG_REQUEST_COMPLETED, end == RG_CHAIN_DONE);
        assert_int_equal(r->model, c.at.model);
        assert_int_equal(r->call, c.at.call);
        assert_int_equal(r->reason, c.at.reason);
        assert_int_equal(r->calls, c.calls);
        assert_int_equal(r->exact, c.exact);
        assert_int_equal(r->counterfactual, c.counterfactual);
        assert_int_equal(r->escalated, c.escalated);
        assert_true(r->score == rg_chain_score(&f->policy, &c, end));
        /* Tokens of a retry are priced, which of "other" is not known. */
        assert_true(r->cost_usd == c.cost_usd || (isnan(r->cost_usd) && isnan(c.cost_usd)));
    }
}

/* Whatever is accepted and however often is asked again: time changes no decision and no bill. */
static void
requests_take_the_way_of_their_chain(void **state)
{
    static const char *const words[] = {"fixed:small",
                                        "llm-only",
                                        "slm-dominant",
                                        "slm-dominant(before)",
                                        "hybrid-specialist",
                                        "cascade(small>large)",
                                        "round-robin(large+small)",
                                        "oracle"};
    static const uint32_t samples[MINI_QUERIES] = {3, 2, 1};
    uint8_t valid[MINI_CALLS];

    (void)state;
    for (unsigned bits = 0; bits < 1u << MINI_CALLS; bits += 3)
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            struct fixture *f = prepare("llm-only");

            for (size_t i = 0; i < MINI_CALLS; i++)
                valid[i] = bits >> i & 1;
            f->policy.valid = valid;
            f->policy.samples = samples;
            f->policy.queries = all_queries;
            f->policy.n_queries = MINI_QUERIES;
            f->policy.retries = bits % 4;
            f->policy.missing = RG_MISSING_FAIL;
            rg_router_clear(&f->router);
            assert_int_equal(rg_router_read(&f->router, &f->m.t, words[w], &f->err), RG_OK);
            assert_int_equal(rg_router_prepare(&f->router, &f->policy, NULL, NULL, &f->err), RG_OK);
            f->endpoints.of[SMALL].slots = 1 + bits % 2;
            f->config.requests = 9;
            run_it(f, bits);
            compare_with_chain(f);
            release(f);
        }
}

static void
zero_service_takes_no_time(void **state)
{
    struct fixture *f = prepare("llm-only");

    (void)state;
    for (size_t i = 0; i < MINI_CALLS; i++)
        f->m.latency[i] = NAN;
    for (size_t m = 0; m < MINI_MODELS; m++) {
        f->endpoints.of[m].service = RG_SERVICE_ZERO;
        f->endpoints.of[m].slots = 1;
    }
    run_it(f, 0);
    assert_int_equal(f->r.ends[RG_REQUEST_COMPLETED], 3);
    assert_true(f->r.span_s == 0);
    release(f);
}

static void
what_is_not_recorded_is_named(void **state)
{
    struct fixture *f = prepare("llm-only");

    (void)state;
    for (size_t i = 0; i < MINI_CALLS; i++)
        f->m.latency[i] = NAN;
    f->config.queries = all_queries + 1;
    f->config.n_queries = f->config.requests = 1;
    assert_int_equal(rg_replication_run(&f->config, 0, &f->r, &f->err), RG_EINPUT);
    assert_string_equal(f->err.text, "mini: no recorded latency of model 'large' on query 'q1' "
                                     "(memory 'none'): choose another service model, or --service "
                                     "zero");
    release(f);
    f = prepare("fixed:other");
    f->config.n_queries = f->config.requests = 1;
    assert_int_equal(rg_replication_run(&f->config, 0, &f->r, &f->err), RG_EINPUT);
    assert_string_equal(f->err.text,
                        "mini: no recorded call of model 'other' on query 'q0' (memory 'none'): "
                        "choose --missing skip or fail, or another --memory");
    release(f);
}

static void
missing_calls_are_skipped_or_fail(void **state)
{
    struct fixture *f = prepare("fixed:other");

    (void)state;
    f->policy.missing = RG_MISSING_SKIP;
    f->config.requests = 30;
    run_it(f, 0);
    assert_int_equal(f->r.offered, 30);
    assert_int_equal(f->r.ends[RG_REQUEST_SKIPPED], 20);
    assert_int_equal(f->r.ends[RG_REQUEST_COMPLETED], 10);
    rg_replication_clear(&f->r);
    f->policy.missing = RG_MISSING_FAIL;
    run_it(f, 0);
    assert_int_equal(f->r.ends[RG_REQUEST_FAILED], 20);
    assert_int_equal(f->r.ends[RG_REQUEST_COMPLETED], 10);
    release(f);
}

static void
every_query_comes_before_any_comes_again(void **state)
{
    struct fixture *f = prepare("llm-only");
    int seen[MINI_QUERIES] = {0};

    (void)state;
    f->config.requests = 3000;
    f->config.arrivals = (struct rg_arrivals_config){.law = RG_ARRIVALS_POISSON, .rate = 1};
    run_it(f, 0);
    for (size_t i = 0; i < f->n_done; i++) {
        seen[f->requests[i].query]++;
        assert_true(seen[f->requests[i].query] <= (int)(i / MINI_QUERIES) + 1);
    }
    assert_int_equal(seen[0], 1000);
    release(f);
}

/* Requests are the same for all routers, and replications differ from each other. */
static void
random_numbers_are_common_to_routers(void **state)
{
    struct fixture *a = prepare("llm-only");
    struct fixture *b = prepare("slm-dominant");
    size_t differ = 0;

    (void)state;
    a->config.requests = b->config.requests = 300;
    a->config.arrivals = b->config.arrivals =
        (struct rg_arrivals_config){.law = RG_ARRIVALS_POISSON, .rate = 2};
    run_it(a, 3);
    run_it(b, 3);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(a->requests[i].query, b->requests[i].query);
        assert_true(a->requests[i].arrival_s == b->requests[i].arrival_s);
    }
    rg_replication_clear(&b->r);
    run_it(b, 4);
    for (size_t i = 0; i < 300; i++)
        differ += a->requests[i].query != b->requests[i].query;
    assert_true(differ > 100);
    release(a);
    release(b);
}

static void
the_same_seed_gives_the_same_bytes(void **state)
{
    struct fixture *a = prepare("random");
    struct fixture *b = prepare("random");

    (void)state;
    a->policy.missing = b->policy.missing = RG_MISSING_SKIP;
    a->config.requests = b->config.requests = 500;
    a->config.arrivals = b->config.arrivals =
        (struct rg_arrivals_config){.law = RG_ARRIVALS_POISSON, .rate = 3};
    run_it(a, 0);
    run_it(b, 0);
    for (size_t i = 0; i < 500; i++) {
        assert_true(a->requests[i].latency_s == b->requests[i].latency_s);
        assert_int_equal(a->requests[i].model, b->requests[i].model);
    }
    release(a);
    release(b);
}

static void
a_closed_loop_keeps_its_users(void **state)
{
    struct fixture *f = prepare("llm-only");

    (void)state;
    f->config.requests = 100;
    f->config.arrivals =
        (struct rg_arrivals_config){.law = RG_ARRIVALS_CLOSED, .users = 2, .think = 1};
    run_it(f, 0);
    assert_int_equal(f->r.ends[RG_REQUEST_COMPLETED], 100);
    /* Never more than two at once: a third server would never be busy. */
    assert_int_equal(f->r.most_in_flight, 2);
    assert_true(f->r.endpoints[LARGE].busy_s <= 2 * f->r.span_s);
    assert_true(f->r.endpoints[LARGE].waiting_s == 0);
    release(f);
}

static void
recorded_arrivals_bring_their_queries(void **state)
{
    static const double times[] = {0, 1, 5};
    static const uint32_t queries[] = {2, 2, 0};
    struct fixture *f = prepare("llm-only");

    (void)state;
    f->config.arrivals = (struct rg_arrivals_config){
        .law = RG_ARRIVALS_RECORDED, .times = times, .n_times = 3, .speed = 2};
    f->config.arrival_queries = queries;
    run_it(f, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(f->requests[i].query, queries[i]);
        assert_true(f->requests[i].arrival_s == times[i] / 2);
    }
    release(f);
}

/* Load-aware: S = a + d o K with K = 1050 tokens for each call that is served, its own included.
 * Those who wait for a slot do not count. */
static void
a_service_time_grows_with_what_is_served_beside_it(void **state)
{
    static const double expected_ms[] = {205, 310, 310};
    struct fixture *f = prepare("llm-only");
    struct rg_profile *p = calloc(1, sizeof *p);

    (void)state;
    assert_non_null(p);
    *p = (struct rg_profile){.kind = RG_PROFILE_TOKENS,
                             .name = "loaded",
                             .source = "this test",
                             .a_ms = 100,
                             .d_ms_per_token_context = 0.001,
                             .ttft_a_ms = NAN,
                             .ttft_b_ms_per_token = NAN};
    f->endpoints.of[LARGE].service = RG_SERVICE_PROFILE;
    f->endpoints.of[LARGE].profile = p;
    f->endpoints.of[LARGE].slots = 2;
    run_it(f, 0);
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(service_of(&f->requests[i]) - expected_ms[i] * 1e-3) < 1e-12);
    release(f);
}

static void
an_end_leaves_requests_in_flight(void **state)
{
    struct fixture *f = prepare("llm-only");

    (void)state;
    f->endpoints.of[LARGE].slots = 1;
    f->config.until_s = 1.0;
    run_it(f, 0);
    assert_int_equal(f->r.offered, 3);
    assert_true(f->r.in_flight >= 1);
    assert_true(f->r.span_s == 1.0);
    release(f);
}

/* M/D/1 with rho = 0.7 and service 0.5 s: Wq = rho s / (2 (1 - rho)) = 0.58333 s. 99.9 % interval
 * of 120 replications of 5,000 requests, of which the first 1,000 are left out. A value 5 % off is
 * outside. */
static void
the_mean_wait_is_that_of_m_d_1(void **state)
{
    enum { REPLICATIONS = 120, REQUESTS = MOST, WARM_UP = 1000 };
    const double exact = 0.7 * 0.5 / (2 * 0.3);
    struct fixture *f = prepare("llm-only");
    double wait[REPLICATIONS];
    struct rg_estimate e;

    (void)state;
    for (size_t i = 0; i < MINI_CALLS; i++)
        f->m.latency[i] = 500;
    f->config.requests = REQUESTS;
    f->endpoints.of[LARGE].slots = 1;
    f->config.arrivals = (struct rg_arrivals_config){.law = RG_ARRIVALS_POISSON, .rate = 1.4};
    for (uint64_t rep = 0; rep < REPLICATIONS; rep++) {
        run_it(f, rep);
        wait[rep] = 0;
        for (size_t i = WARM_UP; i < REQUESTS; i++)
            wait[rep] += f->requests[i].parts[RG_PART_QUEUE] / (REQUESTS - WARM_UP);
        assert_true(fabs(rg_replication_utilisation(&f->r, LARGE) - 0.7) < 0.05);
        rg_replication_clear(&f->r);
    }
    e = rg_interval_mean(wait, REPLICATIONS, 0.999);
    assert_true(e.lo <= exact && exact <= e.hi);
    assert_true(e.hi < exact * 1.05 || e.lo > exact * 0.95);
    release(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_queue_a_latency_is_the_recorded_one),
        cmocka_unit_test(a_recorded_first_token_splits_the_service),
        cmocka_unit_test(one_slot_serves_one_after_the_other),
        cmocka_unit_test(an_escalated_request_pays_and_waits_twice),
        cmocka_unit_test(a_refused_answer_is_replaced_by_the_next_sample),
        cmocka_unit_test(requests_take_the_way_of_their_chain),
        cmocka_unit_test(zero_service_takes_no_time),
        cmocka_unit_test(what_is_not_recorded_is_named),
        cmocka_unit_test(missing_calls_are_skipped_or_fail),
        cmocka_unit_test(every_query_comes_before_any_comes_again),
        cmocka_unit_test(random_numbers_are_common_to_routers),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test(a_closed_loop_keeps_its_users),
        cmocka_unit_test(recorded_arrivals_bring_their_queries),
        cmocka_unit_test(a_service_time_grows_with_what_is_served_beside_it),
        cmocka_unit_test(an_end_leaves_requests_in_flight),
        cmocka_unit_test(the_mean_wait_is_that_of_m_d_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
