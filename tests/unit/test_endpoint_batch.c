/* Endpoints that serve by continuous batching. A step takes 10 ms, 0.1 ms for each prompt token and
 * 1 ms for each sequence that decodes; a call has 1,000 + 100 tokens, and costs the server 5 ms
 * before, 3 ms after and 2 ms for each output token. Alone it is there at 5 ms, has its first token
 * at 115 ms and its last at 1,204 ms, and ends at 1,407 ms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/endpoint_bench.h"

static struct bench *
batch_bench(struct rg_profile **p)
{
    struct bench *b = bench_new();

    *p = rg_zalloc(1, sizeof **p);
    **p = (struct rg_profile){.kind = RG_PROFILE_BATCH,
                              .name = "test",
                              .source = "test",
                              .b0_ms = 10,
                              .b1_ms_per_token = 0.1,
                              .b2_ms = 1,
                              .a0_ms = 5,
                              .a1_ms = 3,
                              .a2_ms = 2,
                              .max_sequences = 16,
                              .token_budget = 2048,
                              .block_tokens = 16};
    bench_of(b, LARGE)->service = RG_SERVICE_PROFILE;
    bench_of(b, LARGE)->profile = *p;
    return b;
}

static void
a_call_alone_takes_its_steps_and_charges(void **state)
{
    struct rg_profile *p;
    struct bench *b = batch_bench(&p);

    (void)state;
    bench_call(b, 1, 0, LARGE);
    bench_run(b);
    assert_near(bench_end(b, 0), 2.407);
    assert_near(b->calls[0].end.ttft_s, 0.117);
    assert_near(bench_part(b, 0, RG_PART_QUEUE), 0);
    assert_near(bench_part(b, 0, RG_PART_PREFILL), 0.117);
    assert_near(bench_part(b, 0, RG_PART_DECODE), 1.29);
    assert_true(b->calls[0].end.cost_usd == 1);
    bench_free(b);
}

/* Two prompts fit into one step of 210 ms; 99 steps of 12 ms follow. */
static void
calls_share_their_steps(void **state)
{
    struct rg_profile *p;
    struct bench *b = batch_bench(&p);

    (void)state;
    for (size_t i = 0; i < 2; i++)
        bench_call(b, 0, 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < 2; i++) {
        assert_near(b->calls[i].end.ttft_s, 0.217);
        assert_near(bench_end(b, i), 0.005 + 0.21 + 99 * 0.012 + 0.203);
    }
    bench_free(b);
}

/* The second is admitted when the first has its last token. */
static void
a_full_batch_is_waited_for(void **state)
{
    struct rg_profile *p;
    struct bench *b = batch_bench(&p);

    (void)state;
    p->max_sequences = 1;
    bench_of(b, LARGE)->queue = 1;
    for (size_t i = 0; i < 2; i++)
        bench_call(b, 0, 0, LARGE);
    bench_call(b, 0.5, 0, LARGE); /* refused at 0.505 */
    bench_run(b);
    assert_near(bench_end(b, 0), 1.407);
    assert_near(bench_part(b, 1, RG_PART_QUEUE), 1.199);
    assert_near(bench_end(b, 1), 1.407 + 1.199);
    assert_int_equal(b->calls[2].end.status, RG_CALL_RATE_LIMITED);
    assert_near(bench_end(b, 2), 0.505);
    assert_true(b->calls[2].end.cost_usd == 0);
    assert_int_equal(b->stats[LARGE].rejected, 1);
    bench_free(b);
}

/* 1,100 tokens are 69 blocks of 16. */
static void
what_is_larger_than_the_cache_is_refused(void **state)
{
    struct rg_profile *p;
    struct bench *b = batch_bench(&p);

    (void)state;
    p->kv_tokens = 68 * 16;
    bench_of(b, LARGE)->retry.attempts = 3; /* which would be in vain */
    bench_of(b, LARGE)->retry.on[RG_CALL_ERROR] = true;
    b->m.prompt[bench_recorded(1, LARGE)] = 988;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0, 1, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.tries, 1);
    assert_int_equal(b->stats[LARGE].retries, 0);
    assert_int_equal(b->calls[0].end.status, RG_CALL_ERROR);
    assert_true(b->calls[0].end.cost_usd == 0);
    assert_int_equal(b->calls[1].end.status, RG_CALL_OK);
    assert_int_equal(b->stats[LARGE].too_large, 1);
    assert_int_equal(b->stats[LARGE].errors, 0);
    p->kv_tokens += 16;
    bench_reset(b);
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    bench_free(b);
}

/* In the batch (billed), in its queue (free), and on the way there. */
static void
timeouts_find_a_call_wherever_it_is(void **state)
{
    struct rg_profile *p;
    struct bench *b = batch_bench(&p);

    (void)state;
    p->max_sequences = 1;
    bench_of(b, LARGE)->timeout_s = 0.495;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0.25, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_TIMEOUT);
    assert_near(bench_part(b, 0, RG_PART_FAILED), 0.495);
    assert_true(b->calls[0].end.cost_usd == 1);
    /* The step that runs then is not shortened: it ends at 0.115 + 35 * 0.011. */
    assert_int_equal(b->calls[1].end.status, RG_CALL_TIMEOUT);
    assert_near(bench_part(b, 1, RG_PART_QUEUE), 0.5 - 0.255);
    assert_true(b->calls[1].end.cost_usd == 1);
    bench_of(b, LARGE)->timeout_s = 0.004;
    bench_reset(b);
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_true(bench_end(b, 0) == 0.004);
    assert_true(b->calls[0].end.cost_usd == 0);
    bench_of(b, LARGE)->timeout_s = 0.5;
    bench_reset(b);
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 0.001, 0, LARGE); /* still waits when the first is cut off, a moment before */
    p->b0_ms = 600;
    bench_run(b);
    assert_near(bench_part(b, 1, RG_PART_QUEUE), 0.495);
    assert_near(bench_part(b, 1, RG_PART_FAILED), 0.005);
    assert_true(b->calls[1].end.cost_usd == 0);
    bench_free(b);
}

/* A server without steps, whose end takes 1 s. */
static void
a_batch_keeps_a_deadline_too(void **state)
{
    struct rg_profile *p;
    struct bench *b = batch_bench(&p);

    (void)state;
    p->b0_ms = p->b1_ms_per_token = p->b2_ms = p->a0_ms = p->a2_ms = 0;
    p->a1_ms = 1000;
    bench_of(b, LARGE)->timeout_s = 1;
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_OK);
    bench_of(b, LARGE)->timeout_s = 0.5; /* the work was done: it is billed */
    bench_reset(b);
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_TIMEOUT);
    assert_true(b->calls[0].end.cost_usd == 1);
    bench_free(b);
}

/* The hedge begins at once on the other replica, and is cut off in its batch. */
static void
a_hedge_in_a_batch_is_cut_off(void **state)
{
    struct rg_profile *p;
    struct bench *b = batch_bench(&p);

    (void)state;
    bench_of(b, LARGE)->replicas = 2;
    bench_of(b, LARGE)->hedge =
        (struct rg_hedge_config){.quantile = 0.9, .history = 10, .min_s = 0.5, .max_s = 0.5};
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 10, 0, LARGE);
    bench_run(b);
    for (size_t i = 0; i < 2; i++) {
        assert_near(bench_end(b, i), 10 * (double)i + 1.407);
        assert_true(b->calls[i].end.cost_usd == 2);
    }
    assert_int_equal(b->stats[LARGE].cancelled, 2);
    /* Until its last token the one sequence, from 0.505 until 1.407 the other. */
    assert_near(b->stats[LARGE].busy_s, 2 * (1.199 + 0.902));
    bench_free(b);
}

/* A recorded failure without tokens: one of each. Nothing is charged for what is not known. */
static void
a_recorded_failure_may_lack_tokens(void **state)
{
    struct rg_profile *p;
    struct bench *b = batch_bench(&p);

    (void)state;
    p->a1_ms = 0;
    b->m.status[bench_recorded(0, LARGE)] = RG_CALL_ERROR;
    b->m.prompt[bench_recorded(0, LARGE)] = -1;
    b->m.completion[bench_recorded(0, LARGE)] = -1;
    bench_call(b, 0, 0, LARGE);
    bench_run(b);
    assert_int_equal(b->calls[0].end.status, RG_CALL_ERROR);
    assert_near(bench_end(b, 0), 0.005 + 0.0101 + 0.002);
    assert_int_equal(b->stats[LARGE].errors, 1);
    bench_free(b);
}

static void
a_cold_batch_is_waited_for(void **state)
{
    struct rg_profile *p;
    struct bench *b = batch_bench(&p);

    (void)state;
    bench_of(b, LARGE)->cold_start_s = 20;
    bench_call(b, 0, 0, LARGE);
    bench_call(b, 5, 0, LARGE);
    bench_run(b);
    assert_near(bench_part(b, 0, RG_PART_QUEUE), 20);
    assert_near(bench_part(b, 1, RG_PART_QUEUE), 15);
    assert_near(bench_end(b, 0), 20.217 + 99 * 0.012 + 0.201);
    assert_near(bench_end(b, 1), bench_end(b, 0));
    bench_free(b);
}

/* At the last arrival more wait than run. */
static void
an_overrun_is_noticed(void **state)
{
    (void)state;
    for (uint32_t sequences = 1; sequences < 20; sequences += 10) {
        struct rg_profile *p;
        struct bench *b = batch_bench(&p);
        struct rg_engine *e = &b->engine;
        struct rg_event ev;

        p->max_sequences = sequences;
        rg_engine_init(e);
        b->eps = rg_endpoints_new(&(struct rg_endpoints_setup){.policy = &b->policy,
                                                               .configs = &b->configs,
                                                               .engine = e,
                                                               .ended = bench_ended,
                                                               .ctx = b});
        for (size_t i = 0; i < 10; i++) {
            size_t call = bench_call(b, 0, 0, LARGE);

            rg_endpoints_call(b->eps, &b->calls[call].request);
        }
        while (b->n_ended == 0 && rg_engine_next(e, &ev)) {
            if (e->now > 0.1)
                rg_endpoints_last_arrival(b->eps);
            rg_endpoints_event(b->eps, &ev);
        }
        assert_int_equal(rg_endpoints_stats(b->eps, LARGE)->overrun, sequences == 1);
        bench_free(b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_alone_takes_its_steps_and_charges),
        cmocka_unit_test(calls_share_their_steps),
        cmocka_unit_test(a_full_batch_is_waited_for),
        cmocka_unit_test(what_is_larger_than_the_cache_is_refused),
        cmocka_unit_test(timeouts_find_a_call_wherever_it_is),
        cmocka_unit_test(a_batch_keeps_a_deadline_too),
        cmocka_unit_test(a_hedge_in_a_batch_is_cut_off),
        cmocka_unit_test(a_recorded_failure_may_lack_tokens),
        cmocka_unit_test(a_cold_batch_is_waited_for),
        cmocka_unit_test(an_overrun_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
