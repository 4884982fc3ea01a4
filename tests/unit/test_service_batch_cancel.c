/* Continuous batching, worked out by hand as in test_service_batch.c: requests that are withdrawn,
 * reports that change what they report on, and preemption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/batch_bench.h"

/* --- cancelling ------------------------------------------------------------------------------ */

static void
assert_progress(const struct bench *b, uint32_t i, enum rg_batch_stage stage, uint32_t prompt,
                uint32_t output)
{
    struct rg_batch_progress p;

    assert_true(rg_batch_progress(&b->batch, b->request[i].ticket, &p));
    assert_int_equal(p.stage, stage);
    assert_int_equal(p.prompt, prompt);
    assert_int_equal(p.output, output);
}

static void
cancel(struct bench *b, uint32_t i)
{
    struct rg_batch_progress p;

    assert_true(rg_batch_cancel(&b->batch, b->request[i].ticket));
    assert_false(rg_batch_cancel(&b->batch, b->request[i].ticket));
    assert_false(rg_batch_progress(&b->batch, b->request[i].ticket, &p));
    b->request[i].cancelled = b->engine.now;
}

/* The first decodes, the second is in its prefill (2 of 6 chunks of 3), the third waits. */
static void
setup_stages(struct bench *b, struct bench_request *request, size_t n, bool optimistic)
{
    struct rg_batch_config c = bench_second;

    c.b2 = 0.5; /* so that a step tells what was in it when it began */
    c.token_budget = 4;
    c.max_sequences = 2;
    c.admission = optimistic ? RG_BATCH_OPTIMISTIC : RG_BATCH_RESERVE;
    bench_init(b, &c, request, n);
    bench_until(b, 3);
    assert_progress(b, 0, RG_BATCH_DECODING, 4, 2);
    assert_progress(b, 1, RG_BATCH_PREFILLING, 6, 0);
    assert_progress(b, 2, RG_BATCH_WAITING, 0, 0);
    assert_int_equal(b->batch.running, 2);
    assert_int_equal(b->batch.waiting, 1);
}

#define STAGES REQUESTS(REQUEST(0, 4, 5), REQUEST(0, 18, 3), REQUEST(0.5, 4, 2))

/* Steps end at 1; 2.5, 4, 5.5, 7 with the first decoding, which then is done: four chunks of 3 are
 * computed by then, 4 and 2 follow. */
static void
cancel_nothing(void **state)
{
    STAGES;
    struct bench b;

    (void)state;
    setup_stages(&b, request, n, false);
    bench_run(&b);
    assert_times(&request[0], 1, 7);
    assert_times(&request[1], 9, 12.5);
    /* Of the budget in the step to 9 the second takes 2, and the third the rest, 2 of 4; the last
     * step, with both decoding, takes 2. */
    assert_times(&request[2], 10.5, 12.5);
    assert_false(rg_batch_cancel(&b.batch, request[0].ticket));
    assert_false(rg_batch_cancel(&b.batch, (struct rg_batch_ticket){0}));
    bench_clear(&b);
}

static void
cancel_waiting(void **state)
{
    STAGES;
    struct bench b;

    (void)state;
    setup_stages(&b, request, n, false);
    cancel(&b, 2);
    bench_run(&b);
    assert_times(&request[0], 1, 7);
    assert_times(&request[1], 9, 12);
    assert_true(isnan(request[2].first));
    assert_int_equal(b.batch.stats.cancelled, 1);
    bench_clear(&b);
}

/* The running step stays as it is; then the third gets the place. */
static void
cancel_prefilling(void **state)
{
    STAGES;
    struct bench b;

    (void)state;
    for (int optimistic = 0; optimistic < 2; optimistic++) {
        setup_stages(&b, request, n, optimistic != 0);
        cancel(&b, 1);
        assert_int_equal(rg_batch_kv_used(&b.batch), 16);
        bench_run(&b);
        /* At 4 the third gets 3 tokens, at 5.5 the last one. */
        assert_times(&request[0], 1, 7);
        assert_times(&request[2], 7, 8.5);
        assert_true(isnan(request[1].first));
        bench_clear(&b);
    }
}

static void
cancel_decoding(void **state)
{
    STAGES;
    struct bench b;

    (void)state;
    for (int optimistic = 0; optimistic < 2; optimistic++) {
        setup_stages(&b, request, n, optimistic != 0);
        cancel(&b, 0);
        assert_int_equal(b.batch.decoding, 0);
        assert_int_equal(b.batch.context, 0);
        bench_run(&b);
        /* At 4 it has 6 of 18 (chunks of 4 follow: 5, 6, 7, that is 18 at 7); the third's prompt
         * fits into the step to 8, where the second decodes: 1 + 1/2 and 3 of 4 tokens. */
        assert_exactly(request[0].first, 1);
        assert_true(isnan(request[0].last));
        assert_times(&request[1], 7, 10);
        assert_times(&request[2], 10, 11.5);
        bench_clear(&b);
    }
}

/* The last one of all, in the midst of a step: the step runs to its end, then nothing does. */
static void
cancel_all(void **state)
{
    REQUESTS(REQUEST(0, 4, 5), REQUEST(10, 4, 1));
    struct bench b;

    (void)state;
    bench_init(&b, &bench_second, request, n);
    bench_until(&b, 1.5);
    cancel(&b, 0);
    assert_int_equal(rg_batch_count(&b.batch), 0);
    assert_int_equal(rg_batch_kv_used(&b.batch), 0);
    bench_until(&b, 9);
    assert_exactly(rg_batch_busy(&b.batch), 2);
    assert_int_equal(b.batch.stats.steps, 2);
    bench_run(&b);
    assert_times(&request[1], 11, 11);
    bench_clear(&b);
}

/* Between submission and the step that it would have begun. */
static void
cancel_at_once(void **state)
{
    struct rg_batch_config c = bench_second;
    struct bench_request request = REQUEST(0, 4, 5);
    struct bench b;

    (void)state;
    for (int d = 0; d < 3; d++) {
        static const enum rg_discipline discipline[] = {RG_FCFS, RG_PRIORITY, RG_SJF};

        c.discipline = discipline[d];
        bench_init(&b, &c, &request, 0);
        request.first = request.last = request.cancelled = NAN;
        bench_submit(&b, 0);
        cancel(&b, 0);
        bench_submit(&b, 0);
        cancel(&b, 0);
        bench_run(&b);
        assert_int_equal(b.batch.stats.steps, 0);
        assert_int_equal(b.batch.stats.cancelled, 2);
        assert_exactly(b.engine.now, 0);
        request.cancelled = NAN;
        bench_submit(&b, 0);
        bench_run(&b);
        assert_exactly(request.last, 5);
        bench_clear(&b);
    }
}

/* Many waiting ones are withdrawn: heaps drop the dead, and the order of the others stays. */
static void
cancel_many(void **state)
{
    enum { N = 1000 };
    struct rg_batch_config c = bench_second;
    struct bench_request *request = rg_zalloc(N, sizeof *request);
    struct bench b;

    (void)state;
    c.max_sequences = 1;
    c.discipline = RG_PRIORITY;
    for (int i = 0; i < N; i++)
        request[i] = (struct bench_request)WITH_PRIORITY(0, 1, 1, -i);
    bench_init(&b, &c, request, N);
    bench_until(&b, 0.5);
    for (uint32_t i = 0; i < N - 1; i++)
        if (i % 10 != 0)
            cancel(&b, i);
    bench_run(&b);
    assert_exactly(request[N - 1].last, 1);
    for (int i = 0; i < N; i += 10)
        assert_exactly(request[i].last, 2 + (990 - i) / 10);
    bench_clear(&b);
    free(request);
}

/* --- reports --------------------------------------------------------------------------------- */

struct loop {
    struct bench b;
    struct rg_batch_ticket other;
    int first, last, again;
    bool cancelled;
};

/* Asks again at once, and takes the other one away. */
static void
loop_report(void *ctx, const struct rg_batch_report *report)
{
    struct loop *l = ctx;

    l->first += report->first;
    l->last += report->last;
    if (report->entity == 0 && report->first && l->other.serial != 0)
        l->cancelled = rg_batch_cancel(&l->b.batch, l->other);
    if (report->last && l->again-- > 0)
        rg_batch_submit(&l->b.batch, &(struct rg_batch_job){.entity = 7, .prompt = 1, .output = 2},
                        NULL);
}

/* A submission from a report is in the step that begins then: four rounds take eight steps. */
static void
submit_from_report(void **state)
{
    struct loop l = {.again = 3};
    struct rg_event ev;

    (void)state;
    bench_init(&l.b, &bench_second, NULL, 0);
    l.b.batch.config.report = loop_report;
    l.b.batch.config.ctx = &l;
    rg_batch_submit(&l.b.batch, &(struct rg_batch_job){.prompt = 1, .output = 2}, NULL);
    while (rg_engine_next(&l.b.engine, &ev))
        rg_batch_step(&l.b.batch, &ev);
    assert_exactly(l.b.engine.now, 8);
    assert_int_equal(l.b.batch.stats.steps, 8);
    assert_int_equal(l.first, 4);
    assert_int_equal(l.last, 4);
    bench_clear(&l.b);
}

/* Of one that is cancelled by the report of another in the same step nothing is reported, unless it
 * had ended too. */
static void
cancel_from_report(void **state)
{
    (void)state;
    for (uint32_t output = 1; output <= 2; output++) {
        struct loop l = {0};
        struct rg_event ev;

        bench_init(&l.b, &bench_second, NULL, 0);
        l.b.batch.config.report = loop_report;
        l.b.batch.config.ctx = &l;
        rg_batch_submit(&l.b.batch, &(struct rg_batch_job){.prompt = 1, .output = 1}, NULL);
        rg_batch_submit(&l.b.batch,
                        &(struct rg_batch_job){.entity = 1, .prompt = 1, .output = output},
                        &l.other);
        while (rg_engine_next(&l.b.engine, &ev))
            rg_batch_step(&l.b.batch, &ev);
        assert_int_equal(l.cancelled, output == 2);
        assert_int_equal(l.first, output == 2 ? 1 : 2);
        assert_int_equal(l.last, output == 2 ? 1 : 2);
        assert_exactly(l.b.engine.now, 1);
        bench_clear(&l.b);
    }
}

/* --- optimistic admission -------------------------------------------------------------------- */

/* Four blocks of 4. Both prompts of 7 are admitted, with 2 blocks each. After step 2 the contexts
 * have 9 tokens, 3 blocks each: the second goes back, with 2 tokens given. The first has the last
 * of its 6 tokens after step 6; then the second computes 9 tokens again, which gives the third
 * token in step 7, and the sixth in step 10. */
static void
preemption(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 7, 6), REQUEST(0, 7, 6));
    struct bench b;

    (void)state;
    c.block_tokens = 4;
    c.kv_tokens = 16;
    c.admission = RG_BATCH_OPTIMISTIC;
    bench_init(&b, &c, request, n);
    bench_until(&b, 2.5);
    assert_progress(&b, 0, RG_BATCH_DECODING, 7, 2);
    assert_progress(&b, 1, RG_BATCH_WAITING, 0, 2);
    assert_int_equal(rg_batch_kv_used(&b.batch), 12);
    bench_until(&b, 6.5);
    assert_progress(&b, 1, RG_BATCH_PREFILLING, 7, 2);
    bench_run(&b);
    assert_times(&request[0], 1, 6);
    assert_times(&request[1], 1, 10);
    assert_int_equal(b.batch.stats.preemptions, 1);
    assert_int_equal(b.batch.stats.lost_tokens, 9);
    assert_int_equal(b.batch.stats.prompt_tokens, 7 + 7 + 9);
    assert_int_equal(b.batch.stats.output_tokens, 12);
    assert_int_equal(b.batch.stats.submitted, 2);
    assert_int_equal(b.batch.stats.finished, 2);
    assert_int_equal(b.batch.stats.kv_max, 16);
    assert_int_equal(b.reports, 4);
    bench_clear(&b);

    /* With reserved blocks they follow one another. */
    c.admission = RG_BATCH_RESERVE;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[0], 1, 6);
    assert_times(&request[1], 7, 12);
    assert_int_equal(b.batch.stats.preemptions, 0);
    bench_clear(&b);
}

/* One that was sent back is first in the queue; withdrawn there, it lets the next one in. */
static void
preempted_is_first(void **state)
{
    struct rg_batch_config c = bench_second;
    REQUESTS(REQUEST(0, 7, 6), REQUEST(0, 7, 6), REQUEST(0.5, 3, 1));
    struct bench b;

    (void)state;
    c.block_tokens = 4;
    c.kv_tokens = 16;
    c.admission = RG_BATCH_OPTIMISTIC;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_times(&request[1], 1, 10);
    assert_times(&request[2], 7, 7);
    bench_clear(&b);

    request[1].deadline = 4.5;
    bench_init(&b, &c, request, n);
    bench_run(&b);
    assert_exactly(request[1].cancelled, 4.5);
    assert_times(&request[2], 6, 6);
    bench_clear(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel_nothing),     cmocka_unit_test(cancel_waiting),
        cmocka_unit_test(cancel_prefilling),  cmocka_unit_test(cancel_decoding),
        cmocka_unit_test(cancel_all),         cmocka_unit_test(cancel_at_once),
        cmocka_unit_test(cancel_many),        cmocka_unit_test(submit_from_report),
        cmocka_unit_test(cancel_from_report), cmocka_unit_test(preemption),
        cmocka_unit_test(preempted_is_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
