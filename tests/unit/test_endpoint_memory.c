/* Bytes of a request under way, wherever most of many wait: counted by the pools themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/engine/station.h"
#include "sim/replication.h"
#include "tests/unit/mini_trace.h"

enum { MANY = 120000, MOST = 100 };

static const uint8_t all_valid[MINI_CALLS] = {1, 1, 1, 1, 1, 1, 1, 1};
static const uint32_t one_sample[MINI_QUERIES] = {1, 1, 1};
static const uint32_t query = 0;

struct trial {
    struct mini_trace m;
    struct rg_policy policy;
    struct rg_router router;
    struct rg_endpoint_configs endpoints;
    struct rg_replication_config config;
    uint64_t done;
};

static void
count(void *ctx, const struct rg_request *request)
{
    struct trial *t = ctx;

    (void)request;
    t->done++;
}

/* One model with so many slots; the caller changes c. */
static struct trial *
prepare(uint32_t slots, struct rg_endpoint_config **c)
{
    struct trial *t = rg_zalloc(1, sizeof *t);
    struct rg_err err;

    mini_trace_init(&t->m);
    for (size_t i = 0; i < MINI_CALLS; i++)
        t->m.latency[i] = 10;
    t->policy = rg_policy_of(&t->m.t);
    t->policy.valid = all_valid;
    t->policy.samples = one_sample;
    assert_int_equal(rg_router_read(&t->router, &t->m.t, "fixed:small", &err), RG_OK);
    assert_int_equal(rg_router_prepare(&t->router, &t->policy, NULL, NULL, &err), RG_OK);
    rg_endpoint_configs_init(&t->endpoints, MINI_MODELS, slots, RG_SERVICE_RECORDED);
    t->config = (struct rg_replication_config){.policy = &t->policy,
                                               .endpoints = &t->endpoints,
                                               .queries = &query,
                                               .n_queries = 1,
                                               .arrivals = {.law = RG_ARRIVALS_ALL},
                                               .requests = MANY,
                                               .until_s = INFINITY,
                                               .seed = 1,
                                               .done = count,
                                               .ctx = t};
    *c = &t->endpoints.of[SMALL];
    return t;
}

static void
at_most(struct trial *t, double most)
{
    struct rg_replication r;
    struct rg_err err;
    double each;

    if (rg_replication_run(&t->config, 0, &r, &err) != RG_OK)
        fail_msg("%s", err.text);
    assert_int_equal(t->done, MANY);
    assert_true(r.most_in_flight >= 100000);
    each = (double)r.memory / (double)r.most_in_flight;
    rg_replication_clear(&r);
    rg_router_clear(&t->router);
    rg_endpoint_configs_clear(&t->endpoints);
    free(t);
    if (each > most)
        fail_msg("%.1f bytes each (expected at most %g)", each, most);
}

static void
give_profile(struct rg_endpoint_config *c, const struct rg_profile *profile)
{
    c->profile = rg_alloc(1, sizeof *c->profile);
    *c->profile = *profile;
    c->service = RG_SERVICE_PROFILE;
}

static const struct rg_profile tokens = {.name = "t",
                                         .source = "test",
                                         .kind = RG_PROFILE_TOKENS,
                                         .a_ms = 10,
                                         .c_ms_per_token = 1,
                                         .ttft_a_ms = NAN,
                                         .noise = RG_NOISE_LOGNORMAL,
                                         .sigma = 0.5};

/* The lobby. */
static void
waiting_plainly(void **state)
{
    struct rg_endpoint_config *c;

    (void)state;
    at_most(prepare(4, &c), 30);
}

static void
in_service(void **state)
{
    struct rg_endpoint_config *c;
    struct trial *t;

    (void)state;
    at_most(prepare(RG_STATION_UNLIMITED, &c), 76);
    t = prepare(RG_STATION_UNLIMITED, &c);
    c->discipline = RG_PS;
    at_most(t, 76);
    t = prepare(RG_STATION_UNLIMITED, &c); /* pays before its first call */
    t->config.overhead_s = 0.005;
    at_most(t, MOST);
    t = prepare(110000, &c); /* most of them after the lobby */
    at_most(t, MOST);
}

static void
waiting_in_another_order(void **state)
{
    static const int32_t priority[MINI_QUERIES] = {70000, -3, 0};
    struct rg_endpoint_config *c;
    struct trial *t = prepare(4, &c);

    (void)state;
    c->discipline = RG_PRIORITY;
    t->config.priority = priority;
    at_most(t, 76);
    t = prepare(4, &c);
    c->discipline = RG_SJF;
    at_most(t, 76);
}

static void
waiting_in_a_finite_queue(void **state)
{
    struct rg_endpoint_config *c;
    struct trial *t = prepare(4, &c);

    (void)state;
    c->queue = MANY;
    at_most(t, 52);
}

static void
waiting_for_limits(void **state)
{
    struct rg_endpoint_config *c;
    struct trial *t = prepare(RG_STATION_UNLIMITED, &c);

    (void)state;
    c->limit.rpm = 600000;
    at_most(t, MOST);
    t = prepare(RG_STATION_UNLIMITED, &c);
    c->max_parallel = 10;
    at_most(t, 76);
}

static void
with_a_deadline(void **state)
{
    static const double timeouts[] = {0.5, 1e6};
    struct rg_endpoint_config *c;
    struct trial *t;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        t = prepare(4, &c);
        c->timeout_s = timeouts[i];
        at_most(t, 76);
        t = prepare(RG_STATION_UNLIMITED, &c);
        c->timeout_s = timeouts[i];
        at_most(t, MOST);
    }
}

static void
with_a_drawn_time(void **state)
{
    struct rg_endpoint_config *c;
    struct trial *t = prepare(RG_STATION_UNLIMITED, &c);

    (void)state;
    give_profile(c, &tokens);
    at_most(t, 92);
    t = prepare(4, &c);
    give_profile(c, &tokens);
    c->discipline = RG_SJF;
    at_most(t, 92);
}

/* The sequences that run, 256 of them, are small change. */
static void
at_a_batch(void **state)
{
    const struct rg_profile *profile;
    struct rg_endpoint_config *c;
    struct rg_err err;
    struct trial *t;

    (void)state;
    assert_int_equal(rg_profile_find(&profile, "qwen3-14b-h100-tp1", &err), RG_OK);
    for (int i = 0; i < 2; i++) { /* in the lobby; in the queue of the batch */
        t = prepare(RG_STATION_UNLIMITED, &c);
        give_profile(c, profile);
        t->config.arrivals = (struct rg_arrivals_config){.law = RG_ARRIVALS_CONSTANT, .rate = 1e5};
        if (i == 1)
            c->queue = MANY;
        at_most(t, (i == 1 ? MOST : 30));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_plainly),          cmocka_unit_test(in_service),
        cmocka_unit_test(waiting_in_another_order), cmocka_unit_test(waiting_in_a_finite_queue),
        cmocka_unit_test(waiting_for_limits),       cmocka_unit_test(with_a_deadline),
        cmocka_unit_test(with_a_drawn_time),        cmocka_unit_test(at_a_batch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
