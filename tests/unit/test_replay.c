/* Look-up, routers, contracts, the attempt chain and composition, on a trace made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/compose.h"
#include "replay/contract/contract.h"
#include "tests/unit/replay_bench.h"

/* ---- look-up ---- */

static void
lookup_takes_the_exact_call_then_another_sample(void **state)
{
    struct mini_trace m;
    struct rg_found f;

    (void)state;
    mini_trace_init(&m);
    f = rg_lookup_call(&m.t, 0, SMALL, 0, 2);
    assert_int_equal(f.call, 1);
    assert_int_equal(f.kind, RG_FOUND_EXACT);
    f = rg_lookup_call(&m.t, 0, SMALL, 0, 1); /* the nearest lower one */
    assert_int_equal(f.call, 0);
    assert_int_equal(f.kind, RG_FOUND_SAMPLE);
    f = rg_lookup_call(&m.t, 0, SMALL, 0, 9);
    assert_int_equal(f.call, 1);
    assert_int_equal(f.kind, RG_FOUND_SAMPLE);
    m.sample[0] = 1; /* nothing lower than 0: the lowest */
    f = rg_lookup_call(&m.t, 0, SMALL, 0, 0);
    assert_int_equal(f.call, 0);
    assert_int_equal(f.kind, RG_FOUND_SAMPLE);
}

static void
lookup_never_leaves_query_model_or_variant(void **state)
{
    struct mini_trace m;

    (void)state;
    mini_trace_init(&m);
    assert_int_equal(rg_lookup_call(&m.t, 0, OTHER, 0, 0).call, RG_NO_CALL);
    assert_int_equal(rg_lookup_call(&m.t, 1, OTHER, 0, 0).call, RG_NO_CALL);
    assert_int_equal(rg_lookup_call(&m.t, 0, SMALL, 1, 0).call, RG_NO_CALL);
    m.first[1] = m.first[2] = 3; /* a query without calls */
    assert_int_equal(rg_lookup_call(&m.t, 1, SMALL, 0, 0).call, RG_NO_CALL);
}

static void
samples_are_counted_over_all_models(void **state)
{
    struct mini_trace m;
    uint32_t samples[MINI_QUERIES];

    (void)state;
    mini_trace_init(&m);
    rg_lookup_samples(&m.t, 0, samples);
    assert_int_equal(samples[0], 3);
    assert_int_equal(samples[1], 1);
}

static void
a_variant_is_chosen_or_refused(void **state)
{
    struct mini_trace m;
    struct rg_err err;
    uint16_t variant = 9;

    (void)state;
    mini_trace_init(&m);
    assert_int_equal(rg_lookup_variant(&m.t, NULL, RG_UNKNOWN, &variant, &err), RG_OK);
    assert_int_equal(variant, 0);
    assert_int_equal(rg_lookup_variant(&m.t, "dynamic", RG_UNKNOWN, &variant, &err), RG_EUSAGE);
    assert_string_equal(err.text, "mini: no calls recorded with memory 'dynamic' (recorded: none)");
    assert_int_equal(rg_lookup_variant(&m.t, "none", RG_TRUE, &variant, &err), RG_EUSAGE);
    assert_string_equal(err.text, "mini: no calls recorded with memory 'none' and prompt contract "
                                  "(recorded: none)");
}

/* ---- other variants ---- */

/* Query 1: the small model's call is recorded under variant 1, the large model's under variant 0.
 */
static void
with_two_variants(struct replay_bench *b, struct rg_trace_variant variants[2])
{
    variants[0] = (struct rg_trace_variant){"dynamic", RG_UNKNOWN};
    variants[1] = (struct rg_trace_variant){"none", RG_UNKNOWN};
    b->m.t.variants = variants;
    b->m.t.n_variants = 2;
    b->m.variant[3] = 1;
}

static void
another_variant_stands_in_and_is_counterfactual(void **state)
{
    static const uint16_t others[] = {1};
    static const uint32_t context[] = {0, 4000, 0};
    struct rg_trace_variant variants[2];
    struct replay_bench b;
    struct rg_found f;

    (void)state;
    bench_init(&b);
    with_two_variants(&b, variants);
    b.p.lookup.context = context;
    f = rg_lookup_find(&b.p.lookup, 1, SMALL, 0);
    assert_int_equal(f.kind, RG_FOUND_NOTHING);
    b.p.lookup.others = others;
    b.p.lookup.n_others = 1;
    f = rg_lookup_find(&b.p.lookup, 1, SMALL, 0);
    assert_int_equal(f.kind, RG_FOUND_VARIANT);
    assert_int_equal(f.call, 3);
    assert_int_equal(f.added_tokens, 4000);
    f = rg_lookup_find(&b.p.lookup, 1, LARGE, 0); /* its prompt held the context */
    assert_int_equal(f.kind, RG_FOUND_EXACT);
    assert_int_equal(f.added_tokens, 0);
    bench_router(&b, "slm-only");
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.c.exact, 0);
    assert_int_equal(b.c.counterfactual, 1);
    assert_true(b.c.cost_usd == 2 + 4000 * 1e-6);
    variants[1].memory = "static"; /* what that put into the prompt is not known */
    assert_int_equal(rg_lookup_find(&b.p.lookup, 1, SMALL, 0).added_tokens, 0);
    bench_clear(&b);
}

static void
a_variant_that_lacks_the_memory_is_counterfactual_throughout(void **state)
{
    static const uint32_t context[] = {100, 100, 100};
    struct replay_bench b;
    struct rg_found f;

    (void)state;
    bench_init(&b);
    b.p.lookup.adds = true;
    b.p.lookup.context = context;
    f = rg_lookup_find(&b.p.lookup, 0, LARGE, 0);
    assert_int_equal(f.kind, RG_FOUND_VARIANT);
    assert_int_equal(f.added_tokens, 100);
    bench_router(&b, "fixed:other"); /* its price is not known */
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_true(isnan(b.c.cost_usd));
    bench_clear(&b);
}

static void
others_come_in_a_stated_order(void **state)
{
    static const struct rg_trace_variant variants[] = {{"dynamic", RG_FALSE},
                                                       {"dynamic", RG_TRUE},
                                                       {"none", RG_FALSE},
                                                       {"none", RG_TRUE},
                                                       {"static", RG_TRUE}};
    struct mini_trace m;
    uint16_t others[5];

    (void)state;
    mini_trace_init(&m);
    m.t.variants = variants;
    m.t.n_variants = 5;
    assert_int_equal(rg_lookup_others(&m.t, 1, others), 4);
    assert_memory_equal(others, ((const uint16_t[]){3, 4, 2, 0}), 4 * sizeof *others);
}

/* ---- the chain ---- */

static void
missing_calls_follow_the_policy(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "fixed:other");
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_MISSING);
    b.p.missing = RG_MISSING_SKIP;
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_SKIPPED);
    assert_true(isnan(rg_chain_score(&b.p, &b.c, RG_CHAIN_SKIPPED)));
    b.p.missing = RG_MISSING_FAIL;
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_FAILED);
    assert_true(rg_chain_score(&b.p, &b.c, RG_CHAIN_FAILED) == 0);
    assert_true(b.c.cost_usd == 0);
    assert_int_equal(b.c.exact, 0);
    bench_clear(&b);
}

static void
a_failed_request_scores_nothing_and_costs_what_it_cost(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "slm-only");
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_FAILED);
    assert_true(rg_chain_score(&b.p, &b.c, RG_CHAIN_FAILED) == 0);
    assert_true(b.c.cost_usd == 3);
    bench_clear(&b);
}

/* Query 0 has the samples 0 and 2 of the small model: a retry of sample 0 asks for sample 1, which
 * the nearest lower one answers, the second for sample 2. */
static void
a_refused_answer_is_asked_for_again_with_the_next_sample(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "slm-dominant");
    b.valid[0] = 0;
    b.p.retries = 2;
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 3);
    assert_int_equal(b.reasons[0], RG_REASON_SLM_FIRST);
    assert_int_equal(b.reasons[1], RG_REASON_RETRY);
    assert_int_equal(b.reasons[2], RG_REASON_RETRY);
    assert_int_equal(b.c.at.call, 1);
    assert_false(b.c.escalated);
    /* The refused answer of 100 tokens and what is said about it, at 1 USD a million. */
    assert_true(fabs(b.c.cost_usd - (1 + 1 + 1.5 + 2 * 130e-6)) < 1e-12);
    assert_int_equal(b.c.exact, 1);
    assert_int_equal(b.c.counterfactual, 2);
    /* Retries that do not help end in an escalation, of which the same is tried. */
    b.valid[1] = b.valid[2] = 0;
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 6);
    assert_int_equal(b.reasons[3], RG_REASON_CONTRACT_FAILED);
    assert_int_equal(b.reasons[5], RG_REASON_RETRY);
    assert_int_equal(b.models[5], LARGE);
    assert_false(b.c.at.accepted);
    bench_clear(&b);
}

static void
the_number_of_calls_is_limited(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "slm-dominant");
    memset(b.valid, 0, sizeof b.valid);
    b.p.retries = 9;
    for (uint32_t limit = 1; limit <= 20; limit++) {
        b.p.max_calls = limit;
        assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
        assert_int_equal(b.c.calls, limit);
    }
    b.p.max_calls = RG_CHAIN_MAX;
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 20);
    bench_clear(&b);
}

static void
the_pre_check_forces_a_model_and_nobody_else_is_asked(void **state)
{
    static const uint8_t safety[] = {0, 2, 1};
    static const uint32_t model[] = {SMALL, LARGE};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.p.query.safety = safety;
    b.p.safety_model = model;
    bench_router(&b, "slm-dominant");
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[0], RG_REASON_SLM_FIRST);
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[0], RG_REASON_SAFETY);
    assert_int_equal(b.c.at.model, LARGE);
    assert_false(b.c.escalated);
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_FAILED); /* the small model fails there */
    assert_int_equal(b.c.calls, 1);
    bench_clear(&b);
}

/* ---- contracts ---- */

static bool
accepts(const char *contract, const char *text)
{
    struct rg_contract_trial trial = {0};
    struct rg_contract_rules *rules;
    struct rg_err err;
    bool accepted;

    assert_int_equal(rg_contract_rules_open(&rules, contract, NULL, &err), RG_OK);
    rg_contract_judge(rules, text, strlen(text), &trial);
    accepted = rg_verdict_has(trial.verdict, RG_VERDICT_ACCEPTED);
    rg_contract_trial_clear(&trial);
    rg_contract_rules_free(rules);
    return accepted;
}

static void
contracts_judge_texts(void **state)
{
    static const char good[] = "{\"final_answer\":\"a\",\"reasoning\":\"r\",\"predicted_category\":"
                               "\"c\",\"resolution_steps\":[],\"escalation_flags\":{},\"x\":1}";
    static const char *const bad[] = {
        "",
        "[]",
        "{\"final_answer\":\"a\"}",
        "{\"final_answer\":\" \",\"reasoning\":\"r\",\"predicted_category\":\"c\","
        "\"resolution_steps\":[],\"escalation_flags\":{}}",
        "{\"final_answer\":\"a\",\"reasoning\":\"r\",\"predicted_category\":\"c\","
        "\"resolution_steps\":\"one\",\"escalation_flags\":{}}",
        "{\"final_answer\":\"a\",\"reasoning\":\"r\",\"predicted_category\":\"c\","
        "\"resolution_steps\":[1],\"escalation_flags\":{}}",
        "{\"final_answer\":\"a\",\"reasoning\":\"r\",\"predicted_category\":\"c\","
        "\"resolution_steps\":[],\"escalation_flags\":[]}",
        "```json\n{\"final_answer\":\"a\"}\n```",
        "{\"final_answer\":\"a\",\"reas",
    };

    (void)state;
    assert_true(accepts("ticket", good));
    assert_true(accepts("json", good));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(accepts("ticket", bad[i]));
    assert_true(accepts("json", bad[2]));
    assert_false(accepts("json", bad[1]));
}

static void
contracts_without_texts_read_the_status(void **state)
{
    struct mini_trace m;
    struct rg_err err;
    uint8_t valid[MINI_CALLS];
    int64_t text[MINI_CALLS] = {0};

    (void)state;
    mini_trace_init(&m);
    m.t.calls.text = text;
    m.status[0] = RG_CALL_INVALID;
    assert_int_equal(rg_contract_verdicts(&m.t, RG_CONTRACT_RECORDED, valid, &err), RG_OK);
    assert_int_equal(valid[0], 0);
    assert_int_equal(valid[1], 1);
    assert_int_equal(valid[5], 0);
    assert_int_equal(rg_contract_verdicts(&m.t, RG_CONTRACT_OFF, valid, &err), RG_OK);
    assert_int_equal(valid[0], 1);
    assert_int_equal(rg_contract_verdicts(&m.t, RG_CONTRACT_JSON, valid, &err), RG_EINPUT);
    assert_string_equal(err.text, "mini: no call has a text, so contract 'json' has nothing to "
                                  "judge (use 'recorded' or 'off')");
}

/* ---- composition ---- */

static void
runs_are_composed_from_the_calls_of_their_chain(void **state)
{
    struct mini_trace m;
    struct rg_composer *composer;
    struct rg_composition c;

    (void)state;
    mini_trace_init(&m);
    m.run_sample[0] = 0;
    composer = rg_composer_new(&m.t);
    assert_int_equal(rg_compose_run(composer, 0, &c), RG_COMPOSED);
    assert_true(c.exact && c.cost_usd == 11 && c.latency_ms == 500 && c.score == 0.9);
    m.run_sample[0] = 7; /* the nearest sample stands in, and it is said */
    assert_int_equal(rg_compose_run(composer, 0, &c), RG_COMPOSED);
    assert_true(!c.exact && c.cost_usd == 11.5);
    assert_int_equal(rg_compose_run(composer, 1, &c), RG_COMPOSE_NO_CALL);
    m.run_chain[0] = RG_NAMES_NONE;
    assert_int_equal(rg_compose_run(composer, 0, &c), RG_COMPOSE_NO_CHAIN);
    rg_composer_free(composer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookup_takes_the_exact_call_then_another_sample),
        cmocka_unit_test(lookup_never_leaves_query_model_or_variant),
        cmocka_unit_test(samples_are_counted_over_all_models),
        cmocka_unit_test(a_variant_is_chosen_or_refused),
        cmocka_unit_test(another_variant_stands_in_and_is_counterfactual),
        cmocka_unit_test(a_variant_that_lacks_the_memory_is_counterfactual_throughout),
        cmocka_unit_test(others_come_in_a_stated_order),
        cmocka_unit_test(missing_calls_follow_the_policy),
        cmocka_unit_test(a_failed_request_scores_nothing_and_costs_what_it_cost),
        cmocka_unit_test(a_refused_answer_is_asked_for_again_with_the_next_sample),
        cmocka_unit_test(the_number_of_calls_is_limited),
        cmocka_unit_test(the_pre_check_forces_a_model_and_nobody_else_is_asked),
        cmocka_unit_test(contracts_judge_texts),
        cmocka_unit_test(contracts_without_texts_read_the_status),
        cmocka_unit_test(runs_are_composed_from_the_calls_of_their_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
