/* A bench for endpoints: calls of the mini trace at given times, and what became of them. Every
 * recorded call takes 1 s, costs 1 and succeeds, unless a test says otherwise. A request for query
 * q of a model replays the call bench_recorded(q, model).
 *
 * Whatever is tested, the bench asserts that each call ends once, that its parts are not negative
 * and add up to the time from its beginning to its end, and that tries are conserved. */
#ifndef RG_TESTS_ENDPOINT_BENCH_H
#define RG_TESTS_ENDPOINT_BENCH_H

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/endpoint.h"
#include "sim/engine/station.h"
#include "sim/series.h"
#include "tests/unit/mini_trace.h"

struct bench_call {
    struct rg_call_request request;
    double at, ended; /* s, clock; ended: NaN while it is under way */
    struct rg_call_end end;
};

struct bench {
    struct mini_trace m;
    uint8_t valid[MINI_CALLS];
    uint32_t samples[MINI_QUERIES];
    struct rg_policy policy;
    struct rg_endpoint_configs configs;
    struct rg_engine engine;
    struct rg_endpoints *eps;
    uint64_t seed;
    struct bench_call *calls;
    size_t n_calls, call_cap, n_ended;
    struct rg_try_record *tries;
    size_t n_tries, try_cap;
    uint64_t told[MINI_MODELS]; /* tries that ended */
    uint32_t again;             /* so many further calls are made from within an end */
    struct rg_endpoint_stats stats[MINI_MODELS];
    struct rg_series *series; /* over time; NULL: nobody looks */
};

/* Of query 0 and model small also call 1, sample 2. */
static inline uint32_t
bench_recorded(uint32_t query, uint32_t model)
{
    static const uint32_t call[MINI_QUERIES][MINI_MODELS] = {{0, 2, 99}, {3, 4, 99}, {5, 6, 7}};

    return call[query][model];
}

static inline struct rg_endpoint_config *
bench_of(struct bench *b, uint32_t model)
{
    return &b->configs.of[model];
}

static inline struct bench *
bench_new(void)
{
    struct bench *b = rg_zalloc(1, sizeof *b);

    mini_trace_init(&b->m);
    for (size_t i = 0; i < MINI_CALLS; i++) {
        b->valid[i] = 1;
        b->m.latency[i] = 1000;
        b->m.cost[i] = 1;
        b->m.status[i] = RG_CALL_OK;
    }
    for (size_t q = 0; q < MINI_QUERIES; q++)
        b->samples[q] = 1;
    b->policy = rg_policy_of(&b->m.t);
    b->policy.valid = b->valid;
    b->policy.samples = b->samples;
    rg_endpoint_configs_init(&b->configs, MINI_MODELS, RG_STATION_UNLIMITED, RG_SERVICE_RECORDED);
    b->seed = 1;
    return b;
}

static inline void
bench_reset(struct bench *b)
{
    if (b->eps) {
        rg_endpoints_free(b->eps);
        rg_engine_clear(&b->engine);
        b->eps = NULL;
    }
    free(b->calls);
    free(b->tries);
    b->calls = NULL;
    b->tries = NULL;
    b->n_calls = b->call_cap = b->n_tries = b->try_cap = b->n_ended = 0;
    memset(b->told, 0, sizeof b->told);
}

static inline void
bench_free(struct bench *b)
{
    bench_reset(b);
    rg_series_free(b->series);
    rg_endpoint_configs_clear(&b->configs);
    free(b);
}

static inline size_t
bench_call(struct bench *b, double at, uint32_t query, uint32_t model)
{
    b->calls = rg_grow(b->calls, &b->call_cap, b->n_calls + 1, sizeof *b->calls);
    b->calls[b->n_calls] = (struct bench_call){
        .request = {.entity = (uint32_t)b->n_calls, .query = query, .model = model},
        .at = at,
        .ended = NAN};
    return b->n_calls++;
}

static inline void
bench_check_parts(const struct bench *b, const struct bench_call *c)
{
    double sum = 0;

    if (c->end.missing)
        return; /* and the run would end */
    for (size_t i = 0; i < RG_N_PARTS; i++) {
        assert_true(c->end.parts[i] >= -1e-9 * (1 + c->ended));
        sum += c->end.parts[i];
    }
    assert_true(fabs(sum - (c->ended - c->at)) <= 1e-9 * (1 + c->ended));
    if (!isnan(c->end.ttft_s)) {
        assert_true(c->end.ttft_s <= sum + 1e-9 * (1 + c->ended));
    }
    assert_true(c->end.model < MINI_MODELS);
    if (c->end.call != RG_NO_CALL) {
        assert_int_equal(b->m.model[c->end.call], c->end.model);
        assert_int_equal(b->m.query[c->end.call], c->request.query);
    }
}

static void
bench_ended(void *ctx, const struct rg_call_end *end)
{
    struct bench *b = ctx;
    struct bench_call *c = &b->calls[end->entity];

    assert_true(isnan(c->ended));
    c->ended = b->engine.now;
    c->end = *end;
    b->n_ended++;
    bench_check_parts(b, c);
    if (b->again > 0) {
        size_t i = bench_call(b, b->engine.now, c->request.query, c->request.model);

        b->again--;
        rg_endpoints_call(b->eps, &b->calls[i].request);
    }
}

static void
bench_tried(void *ctx, const struct rg_try_record *record)
{
    struct bench *b = ctx;

    assert_true(record->from <= record->to && record->to == b->engine.now);
    assert_true(isnan(record->begun) || record->begun >= record->from);
    b->tries = rg_grow(b->tries, &b->try_cap, b->n_tries + 1, sizeof *b->tries);
    b->tries[b->n_tries++] = *record;
    b->told[record->model]++;
    if (b->series)
        rg_series_add(b->series, record);
}

static inline void
bench_look(struct bench *b, bool over)
{
    if (b->series)
        rg_series_look(b->series, b->eps, b->engine.now, over);
}

/* Up to the end of the last call, or until. */
static inline void
bench_run_until(struct bench *b, double until)
{
    enum { CALL = 1 };
    struct rg_event ev;

    rg_engine_init(&b->engine);
    if (until < INFINITY)
        rg_engine_until(&b->engine, until);
    b->eps = rg_endpoints_new(&(struct rg_endpoints_setup){.policy = &b->policy,
                                                           .configs = &b->configs,
                                                           .engine = &b->engine,
                                                           .seed = b->seed,
                                                           .ended = bench_ended,
                                                           .tried = bench_tried,
                                                           .ctx = b});
    for (size_t i = 0; i < b->n_calls; i++)
        rg_engine_add(&b->engine, &(struct rg_event){.time = b->calls[i].at,
                                                     .rank = RG_RANK_ARRIVAL,
                                                     .kind = CALL,
                                                     .entity = (uint32_t)i});
    while (b->n_ended < b->n_calls && rg_engine_next(&b->engine, &ev)) {
        bench_look(b, false);
        if (ev.kind == CALL)
            rg_endpoints_call(b->eps, &b->calls[ev.entity].request);
        else
            rg_endpoints_event(b->eps, &ev);
    }
    bench_look(b, true);
    rg_endpoints_close(b->eps);
    for (uint32_t m = 0; m < MINI_MODELS; m++)
        b->stats[m] = *rg_endpoints_stats(b->eps, m);
}

static inline void
bench_run(struct bench *b)
{
    uint64_t tries = 0;

    bench_run_until(b, INFINITY);
    assert_int_equal(b->n_ended, b->n_calls);
    for (size_t m = 0; m < MINI_MODELS; m++)
        assert_int_equal(b->told[m], b->stats[m].tries);
    for (size_t i = 0; i < b->n_calls; i++)
        tries += b->calls[i].end.tries;
    assert_int_equal(tries, b->n_tries);
}

/* When call i ended, and a part of its time. */
static inline double
bench_end(const struct bench *b, size_t i)
{
    return b->calls[i].ended;
}

static inline double
bench_part(const struct bench *b, size_t i, enum rg_part part)
{
    return b->calls[i].end.parts[part];
}

#define assert_near(a, b) assert_true(fabs((a) - (b)) < 1e-9)

#endif
