/* Look-up, routers, contracts, the attempt chain and composition, on a trace made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/chain.h"
#include "replay/compose.h"
#include "replay/contract/contract.h"
#include "tests/unit/mini_trace.h"

static uint8_t all_valid[MINI_CALLS] = {1, 1, 1, 1, 1, 1, 1, 1};

static void
select_router(struct rg_policy *p, const struct mini_trace *m, const char *router)
{
    struct rg_err err;

    *p = (struct rg_policy){.trace = &m->t, .valid = all_valid, .min_confidence = 0.5};
    assert_int_equal(rg_router_select(p, router, &err), RG_OK);
    assert_int_equal(rg_router_tiers(p, NULL, NULL, &err), RG_OK);
}

static int reasons[RG_CHAIN_MAX]; /* of each attempt of the chain played last */

/* Runs the chain to its end without a clock. */
static enum rg_chain_step
play(const struct rg_policy *p, uint32_t query, struct rg_chain *c)
{
    struct rg_router_view view = {.query = query, .chance = 0.4};
    enum rg_chain_step step = rg_chain_begin(p, c, &view);

    while (step == RG_CHAIN_CALL) {
        struct rg_call_outcome outcome = rg_chain_recorded(p, c);

        reasons[c->attempts - 1] = c->at.reason;
        step = rg_chain_next(p, c, &outcome);
    }
    return step;
}

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
    assert_true(f.exact);
    f = rg_lookup_call(&m.t, 0, SMALL, 0, 1); /* the nearest lower one */
    assert_int_equal(f.call, 0);
    assert_false(f.exact);
    f = rg_lookup_call(&m.t, 0, SMALL, 0, 9);
    assert_int_equal(f.call, 1);
    assert_false(f.exact);
    m.sample[0] = 1; /* nothing lower than 0: the lowest */
    f = rg_lookup_call(&m.t, 0, SMALL, 0, 0);
    assert_int_equal(f.call, 0);
    assert_false(f.exact);
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

/* ---- selection ---- */

static void
selection_names_what_is_wrong(void **state)
{
    static const struct {
        const char *word, *text;
    } bad[] = {
        {"slm-dominent", "unknown router 'slm-dominent', did you mean 'slm-dominant'?"},
        {"", "unknown router ''"},
        {"fixed", "router 'fixed' needs a model (found 'fixed', expected fixed:MODEL)"},
        {"random:x", "router 'random' takes no model (found 'random:x', expected random)"},
        {"fixed:smal", "unknown model 'smal', did you mean 'small'?"},
    };
    struct mini_trace m;
    struct rg_policy p;
    struct rg_err err;

    (void)state;
    mini_trace_init(&m);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        p = (struct rg_policy){.trace = &m.t};
        assert_int_equal(rg_router_select(&p, bad[i].word, &err), RG_EUSAGE);
        assert_string_equal(err.text, bad[i].text);
    }
}

static void
tiers_take_the_cheapest_or_the_named(void **state)
{
    struct mini_trace m;
    struct rg_policy p;
    struct rg_err err;

    (void)state;
    mini_trace_init(&m);
    m.models[OTHER] = (struct rg_trace_model){"other", RG_TIER_SLM, 0.5, 0.4};
    p = (struct rg_policy){.trace = &m.t};
    assert_int_equal(rg_router_select(&p, "slm-dominant", &err), RG_OK);
    assert_int_equal(rg_router_tiers(&p, NULL, NULL, &err), RG_OK);
    assert_int_equal(p.slm, OTHER);
    assert_int_equal(p.llm, LARGE);
    assert_int_equal(rg_router_tiers(&p, "small", "other", &err), RG_OK);
    assert_int_equal(p.slm, SMALL);
    assert_int_equal(p.llm, OTHER);
    assert_int_equal(rg_router_tiers(&p, "large", NULL, &err), RG_EUSAGE);
    assert_string_equal(err.text, "--slm and --llm name the same model 'large'");
    m.models[LARGE].tier = RG_TIER_UNKNOWN;
    assert_int_equal(rg_router_tiers(&p, NULL, NULL, &err), RG_EUSAGE);
    assert_string_equal(err.text, "mini: no model of tier 'llm', which router 'slm-dominant' "
                                  "needs: name one with --llm");
}

/* ---- chains ---- */

static void
one_call_routers_make_one_call(void **state)
{
    static const struct {
        const char *router;
        uint32_t model;
        double cost;
    } rows[] = {{"fixed:small", SMALL, 2}, {"slm-only", SMALL, 2}, {"llm-only", LARGE, 20}};
    struct mini_trace m;
    struct rg_policy p;
    struct rg_chain c;

    (void)state;
    mini_trace_init(&m);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        select_router(&p, &m, rows[i].router);
        assert_int_equal(play(&p, 1, &c), RG_CHAIN_DONE);
        assert_int_equal(c.at.model, rows[i].model);
        assert_int_equal(c.attempts, 1);
        assert_true(c.cost_usd == rows[i].cost);
        assert_false(c.escalated);
        assert_true(rg_chain_score(&p, &c, RG_CHAIN_DONE) == 0.6);
    }
}

static void
slm_dominant_escalates_a_failed_call_and_pays_for_both(void **state)
{
    struct mini_trace m;
    struct rg_policy p;
    struct rg_chain c;

    (void)state;
    mini_trace_init(&m);
    select_router(&p, &m, "slm-dominant");
    assert_int_equal(play(&p, 2, &c), RG_CHAIN_DONE);
    assert_int_equal(c.attempts, 2);
    assert_int_equal(c.at.model, LARGE);
    assert_int_equal(reasons[0], RG_REASON_SLM_FIRST);
    assert_int_equal(reasons[1], RG_REASON_CALL_FAILED);
    assert_true(c.escalated);
    assert_true(c.cost_usd == 33);
    /* The answer of the small model is good: no escalation. */
    assert_int_equal(play(&p, 1, &c), RG_CHAIN_DONE);
    assert_int_equal(c.attempts, 1);
    assert_false(c.escalated);
}

static void
slm_dominant_escalates_a_failed_contract(void **state)
{
    uint8_t valid[MINI_CALLS] = {0, 1, 0, 1, 1, 1, 1, 1};
    struct mini_trace m;
    struct rg_policy p;
    struct rg_chain c;

    (void)state;
    mini_trace_init(&m);
    select_router(&p, &m, "slm-dominant");
    p.valid = valid;
    assert_int_equal(play(&p, 0, &c), RG_CHAIN_DONE);
    assert_int_equal(reasons[1], RG_REASON_CONTRACT_FAILED);
    /* The large model's answer fails too: it is the answer all the same, there is nobody above. */
    assert_int_equal(c.attempts, 2);
    assert_false(c.at.accepted);
    assert_true(c.cost_usd == 11);
}

static void
signals_escalate_after_the_call_or_before_it(void **state)
{
    const double flag[] = {0, 1, NAN};
    const double confidence[] = {0.5, 0.9, NAN};
    struct mini_trace m;
    struct rg_policy p;
    struct rg_chain c;

    (void)state;
    mini_trace_init(&m);
    m.status[5] = RG_CALL_OK;
    select_router(&p, &m, "slm-dominant");
    p.flag = flag;
    p.confidence = confidence;
    assert_int_equal(play(&p, 1, &c), RG_CHAIN_DONE);
    assert_int_equal(reasons[1], RG_REASON_FLAGGED);
    assert_true(c.cost_usd == 22);
    p.escalate_before = true;
    assert_int_equal(play(&p, 1, &c), RG_CHAIN_DONE);
    assert_int_equal(c.attempts, 1);
    assert_true(c.escalated);
    assert_true(c.cost_usd == 20);
    /* Exactly the threshold is not below it; an absent signal is none. */
    assert_int_equal(play(&p, 0, &c), RG_CHAIN_DONE);
    assert_false(c.escalated);
    assert_int_equal(play(&p, 2, &c), RG_CHAIN_DONE);
    assert_false(c.escalated);
    p.min_confidence = 0.51;
    assert_int_equal(play(&p, 0, &c), RG_CHAIN_DONE);
    assert_int_equal(reasons[0], RG_REASON_LOW_CONFIDENCE);
}

static void
the_oracle_takes_the_best_and_of_equals_the_cheapest(void **state)
{
    struct mini_trace m;
    struct rg_policy p;
    struct rg_chain c;

    (void)state;
    mini_trace_init(&m);
    select_router(&p, &m, "oracle");
    assert_true(p.router->oracle);
    assert_int_equal(play(&p, 0, &c), RG_CHAIN_DONE);
    assert_int_equal(c.at.model, LARGE);
    assert_int_equal(play(&p, 1, &c), RG_CHAIN_DONE);
    assert_int_equal(c.at.model, SMALL);
    assert_int_equal(play(&p, 2, &c), RG_CHAIN_DONE);
    assert_int_equal(c.at.model, OTHER);
    m.cost[7] = NAN; /* an unknown cost is not the cheapest */
    assert_int_equal(play(&p, 2, &c), RG_CHAIN_DONE);
    assert_int_equal(c.at.model, LARGE);
}

static void
random_uses_the_chance_it_is_given(void **state)
{
    struct mini_trace m;
    struct rg_policy p;
    struct rg_chain c;

    (void)state;
    mini_trace_init(&m);
    select_router(&p, &m, "random");
    for (uint32_t k = 0; k < MINI_MODELS; k++) {
        struct rg_router_view view = {.query = 2, .chance = (k + 0.99) / MINI_MODELS};

        assert_int_equal(rg_chain_begin(&p, &c, &view), RG_CHAIN_CALL);
        assert_int_equal(c.at.model, k);
    }
}

static void
missing_calls_follow_the_policy(void **state)
{
    struct mini_trace m;
    struct rg_policy p;
    struct rg_chain c;

    (void)state;
    mini_trace_init(&m);
    select_router(&p, &m, "fixed:other");
    assert_int_equal(play(&p, 0, &c), RG_CHAIN_MISSING);
    p.missing = RG_MISSING_SKIP;
    assert_int_equal(play(&p, 0, &c), RG_CHAIN_SKIPPED);
    assert_true(isnan(rg_chain_score(&p, &c, RG_CHAIN_SKIPPED)));
    p.missing = RG_MISSING_FAIL;
    assert_int_equal(play(&p, 0, &c), RG_CHAIN_FAILED);
    assert_true(rg_chain_score(&p, &c, RG_CHAIN_FAILED) == 0);
    assert_true(c.cost_usd == 0);
    assert_int_equal(c.exact, 0);
}

static void
a_failed_request_scores_nothing_and_costs_what_it_cost(void **state)
{
    struct mini_trace m;
    struct rg_policy p;
    struct rg_chain c;

    (void)state;
    mini_trace_init(&m);
    select_router(&p, &m, "slm-only");
    assert_int_equal(play(&p, 2, &c), RG_CHAIN_FAILED);
    assert_true(rg_chain_score(&p, &c, RG_CHAIN_FAILED) == 0);
    assert_true(c.cost_usd == 3);
}

/* ---- contracts ---- */

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
    assert_true(rg_contract_accepts(RG_CONTRACT_TICKET, good, strlen(good)));
    assert_true(rg_contract_accepts(RG_CONTRACT_JSON, good, strlen(good)));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(rg_contract_accepts(RG_CONTRACT_TICKET, bad[i], strlen(bad[i])));
    assert_true(rg_contract_accepts(RG_CONTRACT_JSON, bad[2], strlen(bad[2])));
    assert_false(rg_contract_accepts(RG_CONTRACT_JSON, bad[1], strlen(bad[1])));
}

static void
contracts_without_texts_read_the_status(void **state)
{
    struct mini_trace m;
    struct rg_err err;
    uint8_t valid[MINI_CALLS];
    uint32_t text[MINI_CALLS] = {0};

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
        cmocka_unit_test(selection_names_what_is_wrong),
        cmocka_unit_test(tiers_take_the_cheapest_or_the_named),
        cmocka_unit_test(one_call_routers_make_one_call),
        cmocka_unit_test(slm_dominant_escalates_a_failed_call_and_pays_for_both),
        cmocka_unit_test(slm_dominant_escalates_a_failed_contract),
        cmocka_unit_test(signals_escalate_after_the_call_or_before_it),
        cmocka_unit_test(the_oracle_takes_the_best_and_of_equals_the_cheapest),
        cmocka_unit_test(random_uses_the_chance_it_is_given),
        cmocka_unit_test(missing_calls_follow_the_policy),
        cmocka_unit_test(a_failed_request_scores_nothing_and_costs_what_it_cost),
        cmocka_unit_test(contracts_judge_texts),
        cmocka_unit_test(contracts_without_texts_read_the_status),
        cmocka_unit_test(runs_are_composed_from_the_calls_of_their_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
