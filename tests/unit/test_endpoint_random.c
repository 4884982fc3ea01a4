/* Random configurations of everything at once, through whole replications. What must hold whatever
 * happens: parts add up exactly and none is negative, every request ends, tries and requests are
 * conserved, a seed is a result, and calls and tries that are looked at tell the same story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sim/engine/station.h"
#include "sim/replication.h"
#include "sim/series.h"
#include "tests/unit/mini_trace.h"

enum { CONFIGURATIONS = 4000, MOST = 150 };

struct trial {
    struct mini_trace m;
    uint8_t valid[MINI_CALLS];
    uint32_t samples[MINI_QUERIES];
    struct rg_policy policy;
    struct rg_router router;
    struct rg_endpoint_configs endpoints;
    struct rg_replication_config config;
    struct rg_replication r;
    struct rg_request requests[MOST];
    bool ended[MOST];
    uint64_t n_ended, request_tries, told[MINI_MODELS];
    uint64_t most_tries;
    struct rg_series *series;
    double end_s; /* of the run: later than that of the last request where arrivals were cut off */
    double bill;  /* of all requests */
    struct rg_err err;
    gsl_rng *rng;
};

static const uint32_t all_queries[MINI_QUERIES] = {0, 1, 2};
static const double recorded_times[] = {0, 0, 0, 0.5, 0.5, 2, 2, 2.25, 7, 7};

static bool
coin(struct trial *t, double p)
{
    return rg_rng_unit(t->rng) < p;
}

static uint32_t
below(struct trial *t, uint32_t n)
{
    return (uint32_t)rg_rng_below(t->rng, n);
}

/* A time, often one that coincides with others. */
static double
some_time(struct trial *t, double most)
{
    return coin(t, 0.7) ? 0.125 * (1 + below(t, (uint32_t)(8 * most))) : most * rg_rng_unit(t->rng);
}

/* ---- what is looked at ---- */

static void
done(void *ctx, const struct rg_request *request)
{
    struct trial *t = ctx;
    double sum = 0;

    assert_true(request->index < MOST && !t->ended[request->index]);
    t->ended[request->index] = true;
    t->requests[request->index] = *request;
    t->n_ended++;
    t->request_tries += request->tries;
    t->bill += request->cost_usd;
    for (size_t i = 0; i < RG_N_PARTS; i++) {
        assert_true(request->parts[i] >= -1e-9);
        sum += request->parts[i];
    }
    assert_true(sum == request->latency_s);
    assert_true(isnan(request->ttft_s) || request->ttft_s <= sum + 1e-9);
    assert_true(request->cost_usd >= 0);
    if (request->end == RG_REQUEST_COMPLETED) {
        assert_true(request->tries >= 1);
    } else {
        assert_true(request->score == 0 || request->end == RG_REQUEST_SKIPPED);
    }
}

static void
tried(void *ctx, const struct rg_try_record *record)
{
    struct trial *t = ctx;

    assert_true(record->entity < t->config.requests && !t->ended[record->entity]);
    assert_true(record->from <= record->to);
    assert_true(isnan(record->begun) || record->begun >= record->from);
    t->told[record->model]++;
    rg_series_add(t->series, record);
}

static void
moved(void *ctx, const struct rg_endpoints *endpoints, double now_s, bool over)
{
    struct trial *t = ctx;

    rg_series_look(t->series, endpoints, now_s, over);
    t->end_s = now_s;
}

/* ---- configurations ---- */

static struct rg_profile *
random_profile(struct trial *t)
{
    struct rg_profile *p = rg_zalloc(1, sizeof *p);

    *p = (struct rg_profile){.kind = (enum rg_profile_kind)below(t, 3),
                             .name = "random",
                             .source = "test",
                             .a_ms = 100 * below(t, 5),
                             .b_ms_per_token = 0.1 * below(t, 3),
                             .c_ms_per_token = below(t, 5),
                             .d_ms_per_token_context = coin(t, 0.3) ? 0.001 : 0,
                             .ttft_a_ms = coin(t, 0.5) ? 50 : NAN,
                             .noise = coin(t, 0.5) ? RG_NOISE_LOGNORMAL : RG_NOISE_NONE,
                             .sigma = 0.4,
                             .slots = 1 + below(t, 4),
                             .slowdown = 1 + below(t, 3),
                             .b0_ms = 5 * below(t, 3),
                             .b1_ms_per_token = 0.05 * below(t, 3),
                             .b2_ms = 0.5 * below(t, 3),
                             .b3_ms = 0.0001 * below(t, 3),
                             .a0_ms = coin(t, 0.5) ? 5 : 0,
                             .a1_ms = coin(t, 0.5) ? 125 : 0,
                             .a2_ms = coin(t, 0.5) ? 0.5 : 0,
                             .max_sequences = 1 + below(t, 4),
                             .token_budget = 300 + below(t, 2000),
                             .block_tokens = 16,
                             .kv_tokens = coin(t, 0.5) ? 1000 + below(t, 3000) : 0,
                             .admission = coin(t, 0.5) ? RG_BATCH_RESERVE : RG_BATCH_OPTIMISTIC};
    p->ttft_b_ms_per_token = isnan(p->ttft_a_ms) ? NAN : 0.01;
    return p;
}

static void
random_limits(struct trial *t, struct rg_endpoint_config *c)
{
    static const double window[] = {1, 10, 60};

    if (coin(t, 0.4))
        c->max_parallel = 1 + below(t, 4);
    if (coin(t, 0.5))
        c->timeout_s = some_time(t, 3);
    if (!coin(t, 0.4))
        return;
    if (coin(t, 0.7))
        c->limit.rpm = 30 * (1 + below(t, 20));
    if (coin(t, 0.5))
        c->limit.tpm = 30000 * (1 + below(t, 20));
    c->limit.window_s = window[below(t, 3)];
    c->limit.charge_max = coin(t, 0.5);
    c->limit.max_tokens = 50 * (1 + below(t, 10));
    c->limit.refund = coin(t, 0.5);
    c->limit.reject = coin(t, 0.3);
}

static void
random_failures(struct trial *t, struct rg_endpoint_config *c)
{
    static const enum rg_call_status status[] = {RG_CALL_ERROR, RG_CALL_TIMEOUT,
                                                 RG_CALL_RATE_LIMITED};
    struct rg_failure_config *f = &c->failures;

    f->status = status[below(t, 3)];
    if (!coin(t, 0.5))
        return;
    f->rate = coin(t, 0.5) ? 0.3 : 0;
    f->first = coin(t, 0.5) ? below(t, 5) : 0;
    f->latency_s = coin(t, 0.5) ? some_time(t, 2) : 0;
    if (coin(t, 0.5)) {
        f->outages = rg_alloc(2, sizeof *f->outages);
        f->n_outages = 2;
        f->outages[0] = (struct rg_outage){0.5, 1.25};
        f->outages[1] = (struct rg_outage){3, 4};
    }
}

static void
random_second_chances(struct trial *t, struct rg_endpoint_config *c, uint32_t model)
{
    c->retry.attempts = coin(t, 0.5) ? 1 + below(t, 4) : 1;
    c->retry.base_s = coin(t, 0.7) ? some_time(t, 1) : 0;
    c->retry.cap_s = 2;
    c->retry.multiplier = 1 + below(t, 2);
    c->retry.jitter = coin(t, 0.5) ? rg_rng_unit(t->rng) : 0;
    for (size_t s = RG_CALL_ERROR; s <= RG_CALL_RATE_LIMITED; s++)
        c->retry.on[s] = coin(t, 0.8);
    if (coin(t, 0.4))
        c->cooldown = (struct rg_cooldown_config){.seconds = some_time(t, 3),
                                                  .after_rate_limit = coin(t, 0.5),
                                                  .failure_share = coin(t, 0.5) ? 0.5 : 1,
                                                  .min_calls = 1 + below(t, 4),
                                                  .window_s = some_time(t, 8)};
    if (coin(t, 0.5))
        c->hedge = (struct rg_hedge_config){.quantile = 0.1 + 0.8 * rg_rng_unit(t->rng),
                                            .history = 1 + below(t, 10),
                                            .min_s = coin(t, 0.3) ? 0 : some_time(t, 1),
                                            .max_s = coin(t, 0.5) ? 2 : INFINITY};
    if (coin(t, 0.5)) {
        c->fallback = rg_alloc(2, sizeof *c->fallback);
        c->n_fallback = 1 + below(t, 2);
        c->fallback[0] = (model + 1) % MINI_MODELS;
        c->fallback[1] = (model + 2) % MINI_MODELS;
    }
}

static void
random_servers(struct trial *t, struct rg_endpoint_config *c)
{
    static const enum rg_service service[] = {RG_SERVICE_RECORDED, RG_SERVICE_ZERO,
                                              RG_SERVICE_PROFILE, RG_SERVICE_PROFILE};

    c->service = service[below(t, 4)];
    c->scale = coin(t, 0.5) ? 1 : 1.7;
    if (c->service == RG_SERVICE_PROFILE)
        c->profile = random_profile(t);
    c->discipline = (enum rg_discipline)below(t, 4);
    if (c->profile && c->profile->kind != RG_PROFILE_TOKENS && c->discipline == RG_PS)
        c->discipline = RG_FCFS;
    c->slots = coin(t, 0.8) ? 1 + below(t, 3) : RG_STATION_UNLIMITED;
    c->queue = coin(t, 0.4) ? below(t, 4) : RG_STATION_UNLIMITED;
    c->replicas = 1 + below(t, 3);
    c->balancing = (enum rg_balancing)below(t, 4);
    c->cold_start_s = coin(t, 0.3) ? some_time(t, 2) : 0;
    c->usd_per_replica_hour = 3600;
    if (coin(t, 0.3)) {
        c->input_usd_per_mtok = 1;
        c->output_usd_per_mtok = 4;
    }
    if (c->slots != RG_STATION_UNLIMITED && coin(t, 0.5))
        c->autoscale =
            (struct rg_autoscale_config){.on = true,
                                         .target_queue = 1 + below(t, 3),
                                         .interval_s = some_time(t, 1),
                                         .delay_s = coin(t, 0.3) ? 0 : some_time(t, 2),
                                         .cooldown_s = coin(t, 0.5) ? 0 : some_time(t, 2),
                                         .min = 1,
                                         .max = 3 + below(t, 3)};
    if (c->autoscale.on && coin(t, 0.5)) {
        c->autoscale.target_queue = 0;
        c->autoscale.target_utilisation = 0.2 + 0.8 * rg_rng_unit(t->rng);
    }
}

static void
random_trace(struct trial *t)
{
    static const enum rg_call_status status[] = {RG_CALL_OK, RG_CALL_INVALID, RG_CALL_ERROR,
                                                 RG_CALL_TIMEOUT, RG_CALL_RATE_LIMITED};

    mini_trace_init(&t->m);
    for (size_t i = 0; i < MINI_CALLS; i++) {
        t->valid[i] = coin(t, 0.8);
        t->m.latency[i] = coin(t, 0.9) ? 125 * below(t, 16) : 2000 * rg_rng_unit(t->rng);
        t->m.ttft[i] = coin(t, 0.5) ? 50.0 * below(t, 10) : (double)NAN;
        t->m.status[i] = coin(t, 0.7) ? RG_CALL_OK : (uint8_t)status[below(t, 5)];
        t->m.prompt[i] = (int32_t)below(t, 2000);
        t->m.completion[i] = (int32_t)below(t, 200);
    }
    t->samples[0] = 3;
    t->samples[1] = t->samples[2] = 1;
    t->policy = rg_policy_of(&t->m.t);
    t->policy.valid = t->valid;
    t->policy.samples = t->samples;
    t->policy.missing = coin(t, 0.5) ? RG_MISSING_SKIP : RG_MISSING_FAIL;
}

static void
random_arrivals(struct trial *t)
{
    static const enum rg_arrivals_law law[] = {RG_ARRIVALS_ALL, RG_ARRIVALS_CONSTANT,
                                               RG_ARRIVALS_POISSON, RG_ARRIVALS_CLOSED,
                                               RG_ARRIVALS_RECORDED};

    t->config.arrivals = (struct rg_arrivals_config){.law = law[below(t, 5)],
                                                     .rate = coin(t, 0.5) ? 8 : 1,
                                                     .users = 1 + below(t, 10),
                                                     .think = coin(t, 0.5) ? 0 : 0.5,
                                                     .times = recorded_times,
                                                     .n_times = 10,
                                                     .speed = 1,
                                                     .loop = true};
}

static struct trial *
random_trial(uint64_t number)
{
    static const char *const routers[] = {"llm-only", "slm-only",    "slm-dominant",
                                          "random",   "fixed:other", "oracle"};
    struct trial *t = rg_zalloc(1, sizeof *t);

    t->rng = rg_rng_new(4711, number, 1);
    random_trace(t);
    assert_int_equal(rg_router_read(&t->router, &t->m.t, routers[below(t, 6)], &t->err), RG_OK);
    assert_int_equal(rg_router_prepare(&t->router, &t->policy, NULL, NULL, &t->err), RG_OK);
    rg_endpoint_configs_init(&t->endpoints, MINI_MODELS, 1, RG_SERVICE_RECORDED);
    for (uint32_t m = 0; m < MINI_MODELS; m++) {
        struct rg_endpoint_config *c = &t->endpoints.of[m];

        if (coin(t, 0.8))
            random_servers(t, c);
        if (coin(t, 0.8)) {
            random_limits(t, c);
            random_failures(t, c);
        }
        if (coin(t, 0.8))
            random_second_chances(t, c, m);
    }
    t->config =
        (struct rg_replication_config){.policy = &t->policy,
                                       .endpoints = &t->endpoints,
                                       .queries = all_queries,
                                       .n_queries = MINI_QUERIES,
                                       .requests = 1 + below(t, MOST),
                                       .until_s = coin(t, 0.2) ? some_time(t, 20) : INFINITY,
                                       .overhead_s = coin(t, 0.3) ? 0.125 : 0,
                                       .seed = number,
                                       .done = done,
                                       .tried = tried,
                                       .moved = moved,
                                       .ctx = t};
    random_arrivals(t);
    return t;
}

static void
trial_free(struct trial *t)
{
    rg_series_free(t->series);
    rg_replication_clear(&t->r);
    rg_router_clear(&t->router);
    rg_endpoint_configs_clear(&t->endpoints);
    gsl_rng_free(t->rng);
    free(t);
}

/* ---- what must hold ---- */

static void
check_endpoint(const struct trial *t, uint32_t m)
{
    const struct rg_endpoint_stats *s = &t->r.endpoints[m];
    uint64_t over = s->answered + s->errors + s->timeouts + s->rejected + s->cooling +
                    s->too_large + s->cancelled;

    assert_int_equal(over, t->told[m]);
    assert_true(over <= s->tries);
    assert_true(s->tries <= t->r.offered * 64);
    assert_true(s->hedges <= s->tries && s->cancelled <= s->tries);
    assert_true(s->busy_s >= 0 && s->waiting_s >= 0);
    assert_true(s->busy_s <= s->capacity_s * (1 + 1e-12) + 1e-9);
    if (!t->endpoints.of[m].autoscale.on && t->config.until_s == INFINITY) {
        assert_true(fabs(s->replica_s - s->replicas_max * t->r.span_s) < 1e-6);
    }
    assert_true(fabs(s->infrastructure_usd -
                     s->replica_s / 3600 * t->endpoints.of[m].usd_per_replica_hour) < 1e-9);
    if (t->endpoints.of[m].autoscale.on) {
        assert_true(s->replicas_max <= t->endpoints.of[m].autoscale.max);
    }
}

/* Over time it is what it is in all, and never more is used than there is. */
static void
check_series(const struct trial *t, uint32_t m)
{
    enum { SPANS = 7 };
    const struct rg_endpoint_stats *s = &t->r.endpoints[m];
    struct rg_series_means x[SPANS];
    double busy = 0, capacity = 0, each = t->end_s / SPANS;

    if (!rg_series_means(t->series, m, t->end_s, SPANS, x)) {
        assert_true(t->end_s == 0 || (t->told[m] == 0 && s->busy_s == 0));
        return;
    }
    for (size_t i = 0; i < SPANS; i++) {
        busy += x[i].busy * each;
        capacity += x[i].capacity * each;
        assert_true(!(x[i].busy > x[i].capacity * (1 + 1e-9) + 1e-9));
    }
    assert_true(fabs(busy - s->busy_s) <= 1e-9 * (1 + s->busy_s));
    assert_true(isinf(s->capacity_s) ? isnan(capacity)
                                     : fabs(capacity - s->capacity_s) <= 1e-9 * s->capacity_s);
}

static void
run_trial(struct trial *t)
{
    uint64_t tries = 0;

    rg_series_free(t->series);
    t->series = rg_series_new(MINI_MODELS);
    t->n_ended = t->request_tries = 0;
    t->bill = 0;
    memset(t->ended, 0, sizeof t->ended);
    memset(t->told, 0, sizeof t->told);
    assert_int_equal(rg_replication_run(&t->config, 3, &t->r, &t->err), RG_OK);
    assert_int_equal(t->r.offered, t->n_ended + t->r.in_flight);
    for (uint32_t m = 0; m < MINI_MODELS; m++) {
        check_endpoint(t, m);
        check_series(t, m);
        tries += t->r.endpoints[m].tries;
    }
    if (t->r.in_flight > 0) {
        assert_true(t->config.until_s < INFINITY && t->r.span_s == t->config.until_s);
        return;
    }
    /* A call that is not recorded and fails at once counts as a try, but no endpoint sees it. */
    if (t->policy.missing == RG_MISSING_SKIP)
        assert_int_equal(tries, t->request_tries);
    for (uint32_t m = 0; m < MINI_MODELS; m++) {
        const struct rg_endpoint_stats *s = &t->r.endpoints[m];

        assert_int_equal(s->tries, t->told[m]);
    }
    if (t->config.until_s == INFINITY)
        assert_int_equal(t->r.offered, t->config.requests);
}

static void
whatever_is_configured_adds_up(void **state)
{
    uint64_t ends[RG_N_REQUEST_ENDS] = {0};
    uint64_t seen[8] = {0};

    (void)state;
    for (uint64_t i = 0; i < CONFIGURATIONS; i++) {
        struct trial *t = random_trial(i);

        run_trial(t);
        for (size_t e = 0; e < RG_N_REQUEST_ENDS; e++)
            ends[e] += t->r.ends[e];
        for (size_t m = 0; m < MINI_MODELS; m++) {
            const struct rg_endpoint_stats *s = &t->r.endpoints[m];
            const uint64_t count[] = {s->hedges,   s->retries, s->fallbacks, s->cancelled,
                                      s->rejected, s->cooling, s->too_large, s->timeouts};

            for (size_t k = 0; k < 8; k++)
                seen[k] += count[k];
        }
        trial_free(t);
    }
    for (size_t e = 0; e < RG_N_REQUEST_ENDS; e++)
        assert_true(ends[e] > 1000);
    for (size_t k = 0; k < 8; k++)
        assert_true(seen[k] > 500);
}

static void
a_seed_is_a_result(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < CONFIGURATIONS; i += 20) {
        struct trial *a = random_trial(i);
        struct trial *b = random_trial(i);

        run_trial(a);
        run_trial(b);
        assert_int_equal(a->n_ended, b->n_ended);
        assert_int_equal(a->r.events, b->r.events);
        assert_true(a->bill == b->bill && a->r.span_s == b->r.span_s);
        for (size_t r = 0; r < MOST; r++)
            assert_true(a->requests[r].latency_s == b->requests[r].latency_s);
        trial_free(a);
        trial_free(b);
    }
}

/* Calls to which nothing can happen but that their turn comes wait in a lobby (sim/lobby.h). With a
 * deadline in a hundred years they do not, and all else is the same. No noise: it is drawn when a
 * call leaves the lobby, in another order. */
static void
a_lobby_changes_nothing(void **state)
{
    size_t waited = 0;

    (void)state;
    for (uint64_t i = 0; i < CONFIGURATIONS; i += 4) {
        struct trial *a = random_trial(i);
        struct trial *b = random_trial(i);
        struct trial *both[] = {a, b};

        for (size_t k = 0; k < 2; k++)
            for (uint32_t m = 0; m < MINI_MODELS; m++) {
                struct rg_endpoint_config *c = &both[k]->endpoints.of[m];

                free(c->failures.outages);
                c->failures = (struct rg_failure_config){.status = RG_CALL_ERROR};
                c->limit.rpm = c->limit.tpm = INFINITY;
                c->max_parallel = c->queue = RG_STATION_UNLIMITED;
                c->timeout_s = k == 0 ? INFINITY : 1e9;
                c->hedge.quantile = c->cooldown.seconds = c->cold_start_s = 0;
                c->autoscale.on = false;
                c->discipline = RG_FCFS;
                if (c->profile) {
                    c->profile->noise = RG_NOISE_NONE;
                    c->profile->d_ms_per_token_context = 0;
                }
            }
        run_trial(a);
        run_trial(b);
        assert_int_equal(a->n_ended, b->n_ended);
        for (size_t r = 0; r < MOST; r++) {
            const struct rg_request *x = &a->requests[r];
            const struct rg_request *y = &b->requests[r];

            assert_true(fabs(x->latency_s - y->latency_s) < 1e-9);
            assert_true(fabs(x->parts[RG_PART_QUEUE] - y->parts[RG_PART_QUEUE]) < 1e-9);
            waited += x->parts[RG_PART_QUEUE] > 0;
        }
        trial_free(a);
        trial_free(b);
    }
    assert_true(waited > 10000);
}

/* Nobody who looks changes what is seen. */
static void
looking_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < CONFIGURATIONS; i += 50) {
        struct trial *a = random_trial(i);
        struct trial *b = random_trial(i);

        run_trial(a);
        b->config.tried = NULL;
        b->config.moved = NULL;
        assert_int_equal(rg_replication_run(&b->config, 3, &b->r, &b->err), RG_OK);
        assert_int_equal(a->n_ended, b->n_ended);
        for (size_t r = 0; r < MOST; r++)
            assert_true(a->requests[r].latency_s == b->requests[r].latency_s);
        trial_free(a);
        trial_free(b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_configured_adds_up),
        cmocka_unit_test(a_seed_is_a_result),
        cmocka_unit_test(a_lobby_changes_nothing),
        cmocka_unit_test(looking_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
