/* A replica on an engine, with requests that come, and perhaps are withdrawn, at given times, and
 * what became of them. Include after cmocka.h. */
#ifndef RG_TESTS_BATCH_BENCH_H
#define RG_TESTS_BATCH_BENCH_H

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/engine/engine.h"
#include "sim/service/batch.h"

/* The same double. */
#define assert_exactly(found, expected)                                                            \
    do {                                                                                           \
        if ((double)(found) != (double)(expected))                                                 \
            fail_msg("%s is %.17g, expected %.17g", #found, (double)(found), (double)(expected));  \
    } while (0)

enum bench_kind { SUBMIT, DEADLINE, BATCH };
enum { OWNER = 5 };

struct bench_request {
    double time;     /* s, of submission */
    double deadline; /* s, clock; INFINITY: none */
    uint32_t prompt, output;
    int32_t priority;
    /* What became of it; NAN: did not happen. */
    double first, last, cancelled;
    double waited; /* s, in the queue before the first token or the withdrawal */
    enum rg_batch_submission submission;
    uint64_t order; /* of its last token among all reports, from 1 */
    struct rg_batch_ticket ticket;
};

struct bench {
    struct rg_engine engine;
    struct rg_batch batch;
    struct bench_request *request;
    size_t n;
    uint64_t reports;
};

static inline void
bench_report(void *ctx, const struct rg_batch_report *report)
{
    struct bench *b = ctx;
    struct bench_request *r = &b->request[report->entity];

    assert_int_equal(report->owner, OWNER);
    assert_true(report->first || report->last);
    assert_true(isnan(r->last) && isnan(r->cancelled));
    assert_true(report->first == isnan(r->first)); /* the first report is that of the first token */
    b->reports++;
    if (report->first) {
        r->first = b->engine.now;
        r->waited = report->waited;
    } else {
        assert_exactly(report->waited, 0);
    }
    if (report->last) {
        r->last = b->engine.now;
        r->order = b->reports;
    }
}

/* Submissions come in the order of the array. */
static inline void
bench_init(struct bench *b, const struct rg_batch_config *config, struct bench_request *request,
           size_t n)
{
    struct rg_batch_config c = *config;

    c.kind = BATCH;
    c.owner = OWNER;
    c.report = bench_report;
    c.ctx = b;
    *b = (struct bench){.request = request, .n = n};
    rg_engine_init(&b->engine);
    rg_batch_init(&b->batch, &b->engine, &c);
    for (uint32_t i = 0; i < n; i++) {
        request[i].first = request[i].last = request[i].cancelled = NAN;
        request[i].order = 0;
        request[i].waited = 0;
        rg_engine_add(&b->engine, &(struct rg_event){.time = request[i].time,
                                                     .rank = RG_RANK_ARRIVAL,
                                                     .kind = SUBMIT,
                                                     .entity = i});
    }
}

static inline void
bench_clear(struct bench *b)
{
    rg_batch_clear(&b->batch);
    rg_engine_clear(&b->engine);
}

static inline void
bench_submit(struct bench *b, uint32_t i)
{
    struct bench_request *r = &b->request[i];

    r->submission = rg_batch_submit(
        &b->batch,
        &(struct rg_batch_job){
            .entity = i, .prompt = r->prompt, .output = r->output, .priority = r->priority},
        &r->ticket);
    if (r->submission == RG_BATCH_ACCEPTED && r->deadline < INFINITY)
        rg_engine_add(&b->engine, &(struct rg_event){.time = r->deadline,
                                                     .rank = RG_RANK_TIMER,
                                                     .kind = DEADLINE,
                                                     .entity = i});
}

static inline void
bench_withdraw(struct bench *b, struct bench_request *r)
{
    struct rg_batch_progress p;
    bool here = rg_batch_progress(&b->batch, r->ticket, &p);

    assert_int_equal(rg_batch_cancel(&b->batch, r->ticket), here);
    if (!here)
        return;
    r->cancelled = b->engine.now;
    r->waited += p.waited;
}

/* All events before time; the clock is there then. */
static inline void
bench_until(struct bench *b, double time)
{
    struct rg_event ev;

    rg_engine_until(&b->engine, time);
    while (rg_engine_next(&b->engine, &ev)) {
        if (ev.kind == SUBMIT)
            bench_submit(b, ev.entity);
        else if (ev.kind == BATCH)
            rg_batch_step(&b->batch, &ev);
        else
            bench_withdraw(b, &b->request[ev.entity]);
    }
}

/* To the end: nothing is left. */
static inline void
bench_run(struct bench *b)
{
    bench_until(b, INFINITY);
    assert_int_equal(rg_batch_count(&b->batch), 0);
    assert_int_equal(b->batch.decoding, 0);
    assert_int_equal(rg_batch_kv_used(&b->batch), 0);
    assert_int_equal(rg_engine_count(&b->engine), 0);
}

/* --- for cases by hand ----------------------------------------------------------------------- */

/* Coefficients are sums of a few powers of two, so that every time is exact. */
#define REQUESTS(...)                                                                              \
    struct bench_request request[] = {__VA_ARGS__};                                                \
    size_t n = sizeof request / sizeof request[0]

/* Without deadline. */
#define REQUEST(t, p, o)                                                                           \
    {                                                                                              \
        .time = (t), .prompt = (p), .output = (o), .deadline = INFINITY                            \
    }

#define WITH_PRIORITY(t, p, o, rank)                                                               \
    {                                                                                              \
        .time = (t), .prompt = (p), .output = (o), .deadline = INFINITY, .priority = (rank)        \
    }

static const struct rg_batch_config bench_linear = {
    .b0 = 1,
    .b1 = 0.125,
    .b2 = 0.5,
    .b3 = 0.0625,
    .max_sequences = 256,
    .token_budget = 2048,
    .block_tokens = 16,
    .kv_tokens = RG_BATCH_KV_UNLIMITED,
    .queue = RG_STATION_UNLIMITED,
};

/* A second a step, whatever is in it. */
static const struct rg_batch_config bench_second = {
    .b0 = 1,
    .max_sequences = 256,
    .token_budget = 2048,
    .block_tokens = 16,
    .kv_tokens = RG_BATCH_KV_UNLIMITED,
    .queue = RG_STATION_UNLIMITED,
};

static inline void
assert_times(const struct bench_request *r, double first, double last)
{
    assert_int_equal(r->submission, RG_BATCH_ACCEPTED);
    assert_exactly(r->first, first);
    assert_exactly(r->last, last);
}

#endif
