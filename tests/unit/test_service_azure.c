/* Continuous batching on the Azure traces against figures that two programs of
 * another origin agree on: Qwen3-14B on one H100, one replica, reserved blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "sim/engine/engine.h"
#include "sim/service/batch.h"
#include "sim/service/profile.h"
#include "tests/unit/azure.h"

enum kind { SUBMIT, BATCH };

struct traces {
    struct azure conv, code;
};

struct run {
    const struct azure *trace;
    double speed;
    struct rg_engine engine;
    struct rg_batch batch;
    struct rg_batch_overhead overhead;
    double *first, *e2e, *ttft, *itl; /* s; first: clock */
};

static double
arrival(const struct run *r, uint32_t i)
{
    return r->trace->time[i] / r->speed;
}

static void
on_report(void *ctx, const struct rg_batch_report *report)
{
    struct run *r = ctx;
    uint32_t i = report->entity;
    struct rg_batch_times times;

    if (report->first)
        r->first[i] = r->engine.now;
    if (!report->last)
        return;
    times = rg_batch_times(&r->overhead, arrival(r, i), r->first[i], r->engine.now,
                           r->trace->output[i]);
    r->e2e[i] = times.e2e;
    r->ttft[i] = times.ttft;
    /* In these figures one token has gaps of 0. */
    r->itl[i] = r->trace->output[i] > 1 ? times.itl : 0;
}

static void
schedule_submission(struct run *r, uint32_t i)
{
    if (i < r->trace->n)
        rg_engine_add(&r->engine, &(struct rg_event){.time = arrival(r, i) + r->overhead.a0,
                                                     .rank = RG_RANK_ARRIVAL,
                                                     .kind = SUBMIT,
                                                     .entity = i});
}

static void
simulate(struct run *r)
{
    struct rg_event ev;

    schedule_submission(r, 0);
    while (rg_engine_next(&r->engine, &ev)) {
        if (ev.kind == BATCH) {
            rg_batch_step(&r->batch, &ev);
            continue;
        }
        assert_int_equal(rg_batch_submit(&r->batch,
                                         &(struct rg_batch_job){
                                             .entity = ev.entity,
                                             .prompt = r->trace->prompt[ev.entity],
                                             .output = r->trace->output[ev.entity],
                                         },
                                         NULL),
                         RG_BATCH_ACCEPTED);
        schedule_submission(r, ev.entity + 1);
    }
    assert_int_equal(r->batch.stats.finished, r->trace->n);
}

static int
ascending(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;

    return (a > b) - (a < b);
}

/* Milliseconds; the 99th percentile is the sorted value at floor(.99 (n - 1)). */
static void
assert_mean(const char *name, double *s, size_t n, double mean, double p99, double tolerance)
{
    double found = 1000 * rg_sum_of(s, n) / (double)n, tail;

    qsort(s, n, sizeof *s, ascending);
    tail = 1000 * s[(size_t)(0.99 * (double)(n - 1))];
    if (fabs(found - mean) > tolerance)
        fail_msg("mean %s is %.3f ms, expected %.2f", name, found, mean);
    if (p99 > 0 && fabs(tail - p99) > tolerance)
        fail_msg("p99 %s is %.3f ms, expected %.2f", name, tail, p99);
}

struct row {
    bool code;
    double speed;
    uint64_t kv_tokens;
    double e2e, e2e_p99, ttft, ttft_p99, itl; /* ms */
    double tolerance;                         /* ms */
    double steps;
};

static void
check(const struct row *row, const struct traces *traces)
{
    const struct azure *trace = row->code ? &traces->code : &traces->conv;
    struct run r = {.trace = trace, .speed = row->speed};
    struct rg_batch_config config;
    double *column = rg_alloc(4 * trace->n, sizeof *column);

    rg_profile_batch(rg_profile_builtin("qwen3-14b-h100-tp1"), &config, &r.overhead);
    config.kv_tokens = row->kv_tokens;
    config.queue = RG_STATION_UNLIMITED;
    config.kind = BATCH;
    config.report = on_report;
    config.ctx = &r;
    r.first = column;
    r.e2e = column + trace->n;
    r.ttft = column + 2 * trace->n;
    r.itl = column + 3 * trace->n;
    rg_engine_init(&r.engine);
    rg_batch_init(&r.batch, &r.engine, &config);
    simulate(&r);
    assert_mean("E2E", r.e2e, trace->n, row->e2e, row->e2e_p99, row->tolerance);
    assert_mean("TTFT", r.ttft, trace->n, row->ttft, row->ttft_p99, row->tolerance);
    assert_mean("ITL", r.itl, trace->n, row->itl, 0, 0.01);
    if (fabs((double)r.batch.stats.steps - row->steps) > 1e-4 * row->steps)
        fail_msg("%g steps, expected %g", (double)r.batch.stats.steps, row->steps);
    rg_batch_clear(&r.batch);
    rg_engine_clear(&r.engine);
    free(column);
}

static void
one_to_three(void **state)
{
    static const struct row rows[] = {
        {false, 1, 300000, 3173.3, 9021.7, 46.4, 94.6, 14.86, 0.1, 239921},
        {false, 1, 254544, 3173.3, 9021.7, 46.4, 94.6, 14.86, 0.1, 239921},
        {false, 2, 300000, 3992.5, 11575.5, 54.8, 125.6, 18.71, 0.1, 96291},
        {false, 3, 300000, 5392.3, 16256.6, 72.5, 207.5, 25.33, 0.1, 48365},
        {false, 3, 254544, 5392.4, 16256.6, 72.7, 212.1, 25.33, 0.1, 48365},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i], *state);
}

static void
overload(void **state)
{
    static const struct row rows[] = {
        {false, 5, 254544, 109763, 179774, 101896, 166166, 37.82, 1, 24234},
        {false, 5, 300000, 90595, 143989, 81882, 128032, 41.70, 1, 21118},
        {false, 5, RG_BATCH_KV_UNLIMITED, 72922, 114660, 63180, 94803, 46.11, 1, 18410},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i], *state);
}

static void
code(void **state)
{
    static const struct row row = {true,  1,      300000, 534.0, 4023.8,
                                   120.6, 1792.7, 15.91,  0.1,   69517};

    check(&row, *state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_to_three),
        cmocka_unit_test(overload),
        cmocka_unit_test(code),
    };
    struct traces traces = {0};
    struct CMUnitTest with_traces[sizeof tests / sizeof tests[0]];
    int failed;

    if (!azure_load(&traces.conv, "conv") || !azure_load(&traces.code, "code")) {
        azure_clear(&traces.conv);
        printf("1..0 # SKIP no Azure traces (set ROUTERGYM_DATA)\n");
        return 0;
    }
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        with_traces[i] = tests[i];
        with_traces[i].initial_state = &traces;
    }
    failed = cmocka_run_group_tests_name("azure", with_traces, NULL, NULL);
    azure_clear(&traces.conv);
    azure_clear(&traces.code);
    return failed;
}
