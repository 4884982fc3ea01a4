/* Continuous batching: batch [REQUESTS [SPEED]] replays the Azure conversation arrivals through one
 * replica, again and again, and prints the mean end-to-end latency, how many requests and steps are
 * simulated per second of real time, and the bytes that a pending request took when most were
 * pending. Without SPEED that is done as recorded, where few are pending and the replica's first
 * allocations decide, and 50 times as fast, where nearly all are. The trace is looked for as in
 * tests/unit/azure.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/sum.h"
#include "sim/engine/engine.h"
#include "sim/service/batch.h"
#include "tests/unit/azure.h"

enum kind { SUBMIT, BATCH };

/* The copies of the trace lie so far apart. */
static const double PAUSE = 0.2; /* s */

/* The built-in profile qwen3-14b-h100-tp1: Qwen3-14B on one H100. */
static const struct rg_batch_overhead overhead = {.a0 = 0.015563, .a1 = 0.000777, .a2 = 0.0000459};
static const struct rg_batch_config qwen3_14b = {
    .b0 = 0.012155,
    .b1 = 0.00000406,
    .b2 = 0.000004417,
    .b3 = 0.0000000952,
    .max_sequences = 256,
    .token_budget = 2048,
    .block_tokens = 16,
    .kv_tokens = 254544,
    .queue = RG_STATION_UNLIMITED,
    .kind = BATCH,
};

/* What the run keeps of a request is the caller's business; here, that it need not be looked up. */
struct run {
    struct rg_engine engine;
    struct rg_batch batch;
    struct azure trace;
    uint64_t requests;
    double speed;
    uint64_t next; /* request to be submitted */
    double shift;  /* s, of its copy of the trace */
    struct rg_sum e2e;
    uint64_t pending_max;
};

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double
arrival(const struct run *r, uint64_t i)
{
    double span = r->trace.time[r->trace.n - 1] + PAUSE;

    return ((double)(i / r->trace.n) * span + r->trace.time[i % r->trace.n]) / r->speed;
}

static void
on_report(void *ctx, const struct rg_batch_report *report)
{
    struct run *r = ctx;
    uint32_t output = r->trace.output[report->entity % r->trace.n];
    double begin;

    if (!report->last)
        return;
    begin = arrival(r, report->entity);
    rg_sum_add(&r->e2e, rg_batch_times(&overhead, begin, begin, r->engine.now, output).e2e);
}

static void
schedule_submission(struct run *r)
{
    if (r->next < r->requests)
        rg_engine_add(&r->engine, &(struct rg_event){.time = arrival(r, r->next) + overhead.a0,
                                                     .rank = RG_RANK_ARRIVAL,
                                                     .kind = SUBMIT});
}

static void
simulate(struct run *r)
{
    struct rg_event ev;

    schedule_submission(r);
    while (rg_engine_next(&r->engine, &ev)) {
        if (ev.kind == BATCH) {
            rg_batch_step(&r->batch, &ev);
            continue;
        }
        rg_batch_submit(&r->batch,
                        &(struct rg_batch_job){.entity = (uint32_t)r->next,
                                               .prompt = r->trace.prompt[r->next % r->trace.n],
                                               .output = r->trace.output[r->next % r->trace.n]},
                        NULL);
        if (rg_batch_count(&r->batch) > r->pending_max)
            r->pending_max = rg_batch_count(&r->batch);
        r->next++;
        schedule_submission(r);
    }
}

static void
bench(const struct azure *trace, uint64_t requests, double speed)
{
    struct run r = {.trace = *trace, .requests = requests, .speed = speed};
    struct rg_batch_config config = qwen3_14b;
    double begin, time;

    config.report = on_report;
    config.ctx = &r;
    rg_engine_init(&r.engine);
    rg_batch_init(&r.batch, &r.engine, &config);
    begin = seconds();
    simulate(&r);
    time = seconds() - begin;
    printf("speed %g mean %.6f requests %" PRIu64 " steps %" PRIu64 " pending %" PRIu64
           " bytes/pending %.1f seconds %.6f requests/s %.4g steps/s %.4g\n",
           speed, rg_sum_value(&r.e2e) / (double)r.batch.stats.finished, r.batch.stats.finished,
           r.batch.stats.steps, r.pending_max,
           (double)rg_batch_memory(&r.batch) / (double)r.pending_max, time, (double)requests / time,
           (double)r.batch.stats.steps / time);
    rg_batch_clear(&r.batch);
    rg_engine_clear(&r.engine);
}

int
main(int argc, char **argv)
{
    uint64_t requests = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct azure trace;

    if (!azure_load(&trace, "conv")) {
        fprintf(stderr, "batch: no Azure trace (set ROUTERGYM_DATA)\n");
        return 1;
    }
    if (argc > 2) {
        bench(&trace, requests, strtod(argv[2], NULL));
    } else {
        bench(&trace, requests, 1);
        bench(&trace, requests, 50);
    }
    azure_clear(&trace);
    return 0;
}
