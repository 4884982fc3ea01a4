/* Routers that decide by rules, by what is recorded and by load, on a trace made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/contract/contract.h"
#include "replay/router/means.h"
#include "replay/router/types.h"
#include "tests/unit/replay_bench.h"

/* ---- what users write ---- */

static void
what_is_written_wrong_is_named(void **state)
{
    static const struct {
        const char *word, *text;
    } bad[] = {
        {"slm-dominent", "unknown router 'slm-dominent', did you mean 'slm-dominant'?"},
        {"", "unknown router ''"},
        {"fixed", "router 'fixed' needs a model (found 'fixed', expected fixed:MODEL)"},
        {"slm-only:x",
         "router 'slm-only' takes no argument (found 'slm-only:x', expected slm-only)"},
        {"llm-only(x)", "router 'llm-only' takes no options (found 'x')"},
        {"fixed:smal", "unknown model 'smal', did you mean 'small'?"},
        {"slm-dominant(confidense=1)", "unknown option of router 'slm-dominant': 'confidense', did "
                                       "you mean 'confidence'?"},
        {"slm-dominant(confidence)",
         "router 'slm-dominant', option 'confidence': found '', expected a value"},
        {"slm-dominant(confidence=high)",
         "router 'slm-dominant', option 'confidence': found 'high', expected a number"},
        {"slm-dominant(confidence=nan)",
         "router 'slm-dominant', option 'confidence': found 'nan', expected a number"},
        {"oracle(1.5)", "router 'oracle', option 'p': found '1.5', expected a number from 0 to 1"},
        {"slm-dominant(before=maybe)",
         "router 'slm-dominant', option 'before': found 'maybe', expected on or off"},
        {"slm-dominant(before", "router 'slm-dominant(before': a '(' without its ')' at the end"},
        {"random:small+small",
         "router 'random', option 'models': found 'small+small', expected each model once"},
        {"cascade", "router 'cascade' needs models (expected cascade(MODEL>MODEL...))"},
        {"cascade(small:contrct>large)",
         "router 'cascade': found 'contrct', expected rules joined by '+' out of confidence, "
         "contract, answer, steps, helpful, long; or any"},
        {"hybrid-specialist(low=0.8)",
         "router 'hybrid-specialist': low must not exceed high (found 0.8 and 0.7)"},
        {"hybrid-specialist(specialists=small)",
         "router 'hybrid-specialist', option 'specialists': found 'small', expected "
         "CATEGORY:MODEL"},
        {"best-single", "router 'best-single' learns from recorded scores, and there are no "
                        "queries set apart for that: give --train"},
    };
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(bench_try(&b, bad[i].word), RG_EUSAGE);
        assert_string_equal(b.err.text, bad[i].text);
    }
    bench_clear(&b);
}

static void
names_may_hold_what_separates(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.m.models[SMALL].name = "a+b";
    b.m.models[LARGE].name = "large:8b";
    bench_router(&b, "round-robin( models = a+b+large:8b )");
    bench_router(&b, "cascade(a+b>large:8b:contract>other)");
    bench_router(&b, "fixed:large:8b");
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, LARGE);
    bench_clear(&b);
}

static void
tiers_take_the_cheapest_or_the_named(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.m.models[OTHER] = (struct rg_trace_model){"other", RG_TIER_SLM, 0.5, 0.4};
    bench_router(&b, "slm-dominant");
    assert_int_equal(b.p.slm, OTHER);
    assert_int_equal(b.p.llm, LARGE);
    rg_router_clear(&b.r);
    assert_int_equal(rg_router_read(&b.r, &b.m.t, "slm-dominant", &b.err), RG_OK);
    assert_int_equal(rg_router_prepare(&b.r, &b.p, "small", "other", &b.err), RG_OK);
    assert_int_equal(b.p.slm, SMALL);
    assert_int_equal(b.p.llm, OTHER);
    rg_router_clear(&b.r);
    assert_int_equal(rg_router_read(&b.r, &b.m.t, "slm-dominant", &b.err), RG_OK);
    b.m.models[OTHER].tier = RG_TIER_UNKNOWN;
    assert_int_equal(rg_router_prepare(&b.r, &b.p, "large", NULL, &b.err), RG_EUSAGE);
    assert_string_equal(b.err.text, "--slm and --llm name the same model 'large'");
    b.m.models[LARGE].tier = RG_TIER_UNKNOWN;
    assert_int_equal(bench_try(&b, "slm-dominant"), RG_EUSAGE);
    assert_string_equal(b.err.text, "mini: no model of tier 'llm', which router 'slm-dominant' "
                                    "needs: name one with --llm");
    bench_clear(&b);
}

static void
every_row_of_the_table_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < rg_n_router_types; i++) {
        const struct rg_router_type *type = rg_router_types[i];

        assert_non_null(type->name);
        assert_non_null(type->help);
        assert_non_null(type->first);
        assert_true(!type->learns || (type->state_new && type->state_free && type->observe));
        for (size_t k = 0; k < type->n_options; k++)
            assert_true(type->options[k].name && type->options[k].def && type->options[k].help);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(type->name, rg_router_types[k]->name);
    }
    for (size_t r = 0; r < RG_N_REASONS; r++)
        assert_true(rg_reasons[r].name && rg_reasons[r].help);
}

/* ---- one call ---- */

static void
one_call_routers_make_one_call(void **state)
{
    static const struct {
        const char *router;
        uint32_t model;
        double cost;
    } rows[] = {{"fixed:small", SMALL, 2},
                {"fixed(large)", LARGE, 20},
                {"slm-only", SMALL, 2},
                {"llm-only", LARGE, 20},
                {"llm-first", LARGE, 20}};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bench_router(&b, rows[i].router);
        assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
        assert_int_equal(b.c.at.model, rows[i].model);
        assert_int_equal(b.c.calls, 1);
        assert_true(b.c.cost_usd == rows[i].cost);
        assert_false(b.c.escalated);
        assert_true(rg_chain_score(&b.p, &b.c, RG_CHAIN_DONE) == 0.6);
    }
    bench_clear(&b);
}

static void
random_uses_the_chance_it_is_given(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "random");
    for (uint32_t k = 0; k < MINI_MODELS; k++) {
        b.chance = (k + 0.99) / MINI_MODELS;
        assert_int_equal(bench_play(&b, 2), k == SMALL ? RG_CHAIN_FAILED : RG_CHAIN_DONE);
        assert_int_equal(b.c.at.model, k);
    }
    bench_router(&b, "random:large+other");
    b.chance = 0.49;
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, LARGE);
    bench_clear(&b);
}

static void
round_robin_follows_the_order_of_arrival(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "round-robin(large+small)");
    for (uint64_t i = 0; i < 6; i++) {
        struct rg_router_view view = {.query = 0, .index = i};

        assert_int_equal(b.r.type->first(&b.p, &view).model, i % 2 ? SMALL : LARGE);
    }
    bench_clear(&b);
}

/* ---- llm-first ---- */

static void
llm_first_sends_short_and_easy_queries_to_the_small_model(void **state)
{
    static const char *const categories[] = {"Access", "Hardware"};
    static const uint32_t words[] = {39, 40, 0};
    static const uint32_t label[] = {1, 0, RG_NAMES_NONE};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.m.t.categories = categories;
    b.m.t.n_categories = 2;
    b.p.query.words = words;
    b.p.query.label = label;
    bench_router(&b, "llm-first(short=40,easy=access)");
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[0], RG_REASON_SHORT_QUERY);
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[0], RG_REASON_EASY_CATEGORY);
    assert_int_equal(b.c.at.model, SMALL);
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE); /* no text, no label */
    assert_int_equal(b.reasons[0], RG_REASON_LLM_FIRST);
    b.valid[0] = 0; /* the safety net */
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[1], RG_REASON_CONTRACT_FAILED);
    assert_int_equal(b.c.at.model, LARGE);
    assert_int_equal(bench_try(&b, "llm-first(easy=acess)"), RG_EUSAGE);
    assert_string_equal(b.err.text, "router 'llm-first': mini has no category 'acess', did you "
                                    "mean 'Access'?");
    bench_clear(&b);
}

/* ---- slm-dominant ---- */

static void
slm_dominant_escalates_a_failed_call_and_pays_for_both(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "slm-dominant");
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 2);
    assert_int_equal(b.c.at.model, LARGE);
    assert_int_equal(b.reasons[0], RG_REASON_SLM_FIRST);
    assert_int_equal(b.reasons[1], RG_REASON_CALL_FAILED);
    assert_true(b.c.escalated);
    assert_true(b.c.cost_usd == 33);
    /* The answer of the small model is good: no escalation. */
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 1);
    assert_false(b.c.escalated);
    bench_clear(&b);
}

static void
slm_dominant_escalates_a_failed_contract(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "slm-dominant");
    b.valid[0] = b.valid[2] = 0;
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[1], RG_REASON_CONTRACT_FAILED);
    /* The large model's answer fails too: it is the answer all the same, there is nobody above. */
    assert_int_equal(b.c.calls, 2);
    assert_false(b.c.at.accepted);
    assert_true(b.c.cost_usd == 11);
    bench_router(&b, "slm-dominant(contract=off)");
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 1);
    bench_clear(&b);
}

static void
signals_escalate_after_the_call_or_before_it(void **state)
{
    static const double flag[] = {0, 1, NAN};
    static const double confidence[] = {0.5, 0.9, NAN};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.m.status[5] = RG_CALL_OK;
    b.p.query.flag = flag;
    b.p.query.confidence = confidence;
    bench_router(&b, "slm-dominant");
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[1], RG_REASON_FLAGGED);
    assert_true(b.c.cost_usd == 22);
    bench_router(&b, "slm-dominant(before)");
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 1);
    assert_true(b.c.escalated);
    assert_true(b.c.cost_usd == 20);
    /* Exactly the threshold is not below it; an absent signal is none. */
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_false(b.c.escalated);
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_false(b.c.escalated);
    bench_router(&b, "slm-dominant(confidence=0.51,before=on)");
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[0], RG_REASON_LOW_CONFIDENCE);
    bench_clear(&b);
}

/* One signal each, at its threshold and beyond, switched off, and the first of several. */
enum {
    TEXT = RG_VERDICT_TEXT << 24,
    BLANK = RG_VERDICT_BLANK << 24,
};
#define DISCLAIMER ((uint32_t)RG_VERDICT_DISCLAIMER << 24)

static void
each_signal_has_its_threshold_and_its_switch(void **state)
{
    static const char *const categories[] = {"Access", "Security"};
    static const struct {
        uint32_t length;
        uint32_t label;
        double confidence, retrieval;
        struct rg_verdict verdict;
        int reason; /* -1: none */
        const char *off;
    } rows[] = {
        {511, 0, 0.5, 0.1, {TEXT, 0, 10, 1}, -1, ""},
        {512, 0, 0.5, 0.1, {TEXT, 0, 10, 1}, RG_REASON_LONG_QUERY, "(length=0)"},
        {512, 0, 0.5, 0.1, {TEXT, 0, 10, 1}, RG_REASON_LONG_QUERY, "(length=513)"},
        {0, 1, 0.5, 0.1, {TEXT, 0, 10, 1}, RG_REASON_HARD_CATEGORY, "(hard=)"},
        {0, 0, 0.499, 0.1, {TEXT, 0, 10, 1}, RG_REASON_LOW_CONFIDENCE, "(confidence=0)"},
        {0, 0, 0.5, 0.099, {TEXT, 0, 10, 1}, RG_REASON_WEAK_RETRIEVAL, "(retrieval=0.05)"},
        {0, 0, 0.5, NAN, {TEXT, 0, 10, 1}, -1, ""},
        {0, 0, 0.5, 0.1, {TEXT | BLANK, 0, 0, 1}, RG_REASON_NO_ANSWER, "(blank=off)"},
        {0, 0, 0.5, 0.1, {TEXT, 0, 10, 0}, RG_REASON_NO_STEPS, "(steps=off)"},
        {0, 0, 0.5, 0.1, {TEXT | DISCLAIMER, 0, 10, 1}, RG_REASON_DISCLAIMER, "(disclaimer=off)"},
        {0, 0, 0.5, 0.1, {TEXT, 0, 9, 1}, RG_REASON_SHORT_ANSWER, "(short=9)"},
        {0, 0, 0.5, 0.1, {0, 0, 0, 0}, -1, ""}, /* no text is recorded */
        {600, 1, 0.1, 0, {TEXT | BLANK | DISCLAIMER, 0, 0, 0}, RG_REASON_LONG_QUERY, ""},
    };
    struct rg_verdict verdicts[MINI_CALLS];
    struct replay_bench b;
    char word[60];

    (void)state;
    bench_init(&b);
    b.m.t.categories = categories;
    b.m.t.n_categories = 2;
    b.p.verdicts = verdicts;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < MINI_CALLS; k++)
            verdicts[k] = rows[i].verdict;
        b.p.query = (struct rg_query_signals){
            .length = (const uint32_t[]){rows[i].length, rows[i].length, rows[i].length},
            .label = (const uint32_t[]){rows[i].label, rows[i].label, rows[i].label},
            .confidence =
                (const double[]){rows[i].confidence, rows[i].confidence, rows[i].confidence},
            .retrieval = (const double[]){rows[i].retrieval, rows[i].retrieval, rows[i].retrieval}};
        bench_router(&b, "slm-dominant");
        assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
        assert_int_equal(b.c.calls, rows[i].reason < 0 ? 1 : 2);
        if (rows[i].reason >= 0)
            assert_int_equal(b.reasons[1], rows[i].reason);
        if (!*rows[i].off)
            continue;
        snprintf(word, sizeof word, "slm-dominant%s", rows[i].off);
        bench_router(&b, word);
        assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
        assert_int_equal(b.c.calls, 1);
    }
    bench_clear(&b);
}

/* ---- hybrid-specialist ---- */

/* Risks by hand: 1 - 0.9 = 0.1; 1 - 0.71 = 0.29; 1 - 0.7 + 0.1 = 0.4 (long: 513, not 512); 1 - 0.69
 * = 0.31; unknown: 0.5; 1 - 0.5 + 0.2 = 0.7; 1 - 0.3 = 0.7. */
static void
hybrid_specialist_has_three_bands(void **state)
{
    static const char *const categories[] = {"Access", "Legal"};
    static const struct {
        double confidence;
        uint32_t length, label;
        int calls, first, last;
    } rows[] = {
        {0.9, 512, 0, 1, RG_REASON_LOW_RISK, RG_REASON_LOW_RISK},
        {0.71, 512, 0, 1, RG_REASON_LOW_RISK, RG_REASON_LOW_RISK},
        {0.7, 513, 0, 2, RG_REASON_SLM_FIRST, RG_REASON_MODERATE_RISK},
        {0.69, 0, 0, 2, RG_REASON_SLM_FIRST, RG_REASON_MODERATE_RISK},
        {NAN, 0, 0, 2, RG_REASON_SLM_FIRST, RG_REASON_MODERATE_RISK},
        {0.5, 0, 1, 1, RG_REASON_HIGH_RISK, RG_REASON_HIGH_RISK},
        {0.3, 0, 0, 1, RG_REASON_HIGH_RISK, RG_REASON_HIGH_RISK},
    };
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.m.t.categories = categories;
    b.m.t.n_categories = 2;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        b.p.query =
            (struct rg_query_signals){.length = (const uint32_t[]){0, rows[i].length, 0},
                                      .label = (const uint32_t[]){0, rows[i].label, 0},
                                      .confidence = (const double[]){0, rows[i].confidence, 0}};
        bench_router(&b, "hybrid-specialist");
        assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
        assert_int_equal(b.c.calls, rows[i].calls);
        assert_int_equal(b.reasons[0], rows[i].first);
        assert_int_equal(b.c.at.reason, rows[i].last);
        assert_int_equal(b.c.escalated, rows[i].last != RG_REASON_LOW_RISK);
    }
    bench_clear(&b);
}

static void
specialists_have_the_large_model_as_a_net(void **state)
{
    static const char *const categories[] = {"Access", "Legal: contracts"};
    static const double confidence[] = {0.9, 0.9, 0.9};
    static const uint32_t label[] = {1, 0, 1};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.m.t.categories = categories;
    b.m.t.n_categories = 2;
    b.p.query.confidence = confidence;
    b.p.query.label = label;
    bench_router(&b, "hybrid-specialist(specialists=access:small+legal: contracts:other)");
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, OTHER);
    assert_int_equal(b.reasons[0], RG_REASON_SPECIALIST);
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, SMALL);
    b.valid[7] = 0;
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, LARGE);
    assert_int_equal(b.reasons[1], RG_REASON_CONTRACT_FAILED);
    assert_int_equal(bench_try(&b, "hybrid-specialist(specialists=Acces:small)"), RG_EUSAGE);
    assert_int_equal(bench_try(&b, "hybrid-specialist(specialists=Access:smal)"), RG_EUSAGE);
    assert_string_equal(b.err.text, "unknown model 'smal', did you mean 'small'?");
    bench_clear(&b);
}

/* ---- cascade ---- */

static void
a_cascade_goes_on_until_an_answer_is_accepted(void **state)
{
    struct rg_verdict answers[MINI_CALLS];
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    for (size_t i = 0; i < MINI_CALLS; i++)
        answers[i] = (struct rg_verdict){TEXT, 0, 20, 2};
    b.p.verdicts = answers;
    b.m.status[5] = RG_CALL_OK;
    bench_router(&b, "cascade(other>small>large)");
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 1);
    answers[7].words = 9;
    b.valid[5] = 0;
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 3);
    assert_int_equal(b.reasons[0], RG_REASON_CASCADE);
    assert_int_equal(b.reasons[1], RG_REASON_SHORT_ANSWER);
    assert_int_equal(b.reasons[2], RG_REASON_CONTRACT_FAILED);
    assert_true(b.c.cost_usd == 33.5);
    /* Rules of a step, retries between the steps. */
    bench_router(&b, "cascade(other:steps+helpful>small:any>large)");
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 1);
    answers[7].bits |= DISCLAIMER;
    b.p.retries = 1;
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[1], RG_REASON_DISCLAIMER);
    assert_int_equal(b.reasons[2], RG_REASON_RETRY); /* the contract's, not the router's */
    assert_int_equal(b.c.calls, 3);
    assert_int_equal(b.c.at.model, SMALL);
    b.m.status[5] = RG_CALL_ERROR;
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[2], RG_REASON_CALL_FAILED);
    assert_int_equal(b.c.at.model, LARGE);
    bench_clear(&b);
}

static void
a_cascade_may_ask_for_confidence(void **state)
{
    static const double confidence[] = {0.7, 0.4, NAN};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.p.query.confidence = confidence;
    bench_router(&b, "cascade(small>large,accept=confidence,confidence=0.7)");
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.c.calls, 1);
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[1], RG_REASON_LOW_CONFIDENCE);
    bench_clear(&b);
}

/* ---- the best ---- */

static void
the_oracle_takes_the_best_and_of_equals_the_cheapest(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "oracle");
    assert_true(b.r.type->oracle);
    assert_int_equal(bench_play(&b, 0), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, LARGE);
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, SMALL);
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, OTHER);
    b.m.cost[7] = NAN; /* an unknown cost is not the cheapest */
    bench_router(&b, "oracle");
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, LARGE);
    bench_clear(&b);
}

static void
a_partial_oracle_is_uniform_for_the_rest(void **state)
{
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "oracle(0.4)");
    b.chance = 0.399;
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.reasons[0], RG_REASON_ORACLE);
    assert_int_equal(b.c.at.model, OTHER);
    for (uint32_t k = 0; k < MINI_MODELS; k++) {
        b.chance = 0.4 + 0.6 * (k + 0.5) / MINI_MODELS;
        (void)bench_play(&b, 2);
        assert_int_equal(b.reasons[0], RG_REASON_RANDOM);
        assert_int_equal(b.c.at.model, k);
    }
    bench_clear(&b);
}

/* Small: (0.2 + 0.3) / 2 = 0.25 on query 0, 0.6 on 1, no score on 2; large: 0.9, 0.6, 1. */
static void
means_are_over_queries_and_leave_out_what_is_not_recorded(void **state)
{
    static const uint32_t queries[] = {0, 1, 2};
    struct rg_model_mean means[MINI_MODELS];
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    rg_model_means(&b.p.lookup, queries, 3, NULL, 1, means);
    assert_true(fabs(means[SMALL].score - 0.425) < 1e-15);
    assert_int_equal(means[SMALL].n, 2);
    assert_true(means[SMALL].cost_usd == (1.25 + 2 + 3) / 3);
    assert_true(fabs(means[LARGE].score - 2.5 / 3) < 1e-15);
    assert_true(means[OTHER].score == 1);
    assert_int_equal(means[OTHER].n, 1);
    assert_int_equal(rg_model_best(&b.m.t, means), OTHER);
    rg_model_means(&b.p.lookup, queries, 1, NULL, 1, means);
    assert_true(isnan(means[OTHER].score));
    assert_int_equal(rg_model_best(&b.m.t, means), LARGE);
    bench_clear(&b);
}

static void
best_single_knows_the_train_queries_alone(void **state)
{
    static const uint32_t train[] = {0, 1};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.p.train = train;
    b.p.n_train = 2;
    bench_router(&b, "best-single");
    assert_int_equal(bench_play(&b, 2), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, LARGE);
    b.p.n_train = 1;
    b.m.score[2] = 0.1;
    bench_router(&b, "best-single");
    assert_int_equal(bench_play(&b, 1), RG_CHAIN_DONE);
    assert_int_equal(b.c.at.model, SMALL);
    for (size_t i = 0; i < MINI_CALLS; i++)
        b.m.score[i] = NAN;
    assert_int_equal(bench_try(&b, "best-single"), RG_EINPUT);
    assert_string_equal(b.err.text,
                        "mini: router 'best-single' needs recorded scores, and there are none");
    bench_clear(&b);
}

static void
the_dataset_oracle_knows_one_model_for_each_dataset(void **state)
{
    static uint32_t dataset[] = {0, 1, 0};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.m.t.queries.dataset = dataset;
    b.m.t.n_datasets = 2;
    b.m.cost[3] = 19; /* query 1: equal scores, the cheaper */
    b.p.n_queries = 2;
    bench_router(&b, "dataset-oracle");
    (void)bench_play(&b, 0);
    assert_int_equal(b.c.at.model, LARGE);
    (void)bench_play(&b, 1);
    assert_int_equal(b.c.at.model, SMALL);
    bench_clear(&b);
}

/* ---- load ---- */

static void
least_loaded_looks_at_use_then_at_the_wait(void **state)
{
    struct rg_load load[] = {{0, 1, 0.5}, {0, 1, 0.25}, {0, 1, 0.25}};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    bench_router(&b, "least-loaded");
    b.load = load;
    (void)bench_play(&b, 2);
    assert_int_equal(b.c.at.model, LARGE);
    load[LARGE].wait_s = 1;
    (void)bench_play(&b, 2);
    assert_int_equal(b.c.at.model, OTHER);
    bench_router(&b, "least-loaded(models=small+large)");
    (void)bench_play(&b, 2);
    assert_int_equal(b.c.at.model, LARGE);
    bench_clear(&b);
}

/* By train queries 0 and 1: small 0.425 for 1.625 USD, large 0.75 for 15 USD. */
static void
slo_aware_keeps_the_deadline_then_takes_the_best_value(void **state)
{
    static const uint32_t train[] = {0, 1};
    struct rg_load load[] = {{0, 1, 0}, {0, 2, 0}, {0, 0.1, 0}};
    struct replay_bench b;

    (void)state;
    bench_init(&b);
    b.p.train = train;
    b.p.n_train = 2;
    b.load = load;
    bench_router(&b, "slo-aware(2000)");
    (void)bench_play(&b, 1);
    assert_int_equal(b.c.at.model, SMALL);
    assert_int_equal(b.reasons[0], RG_REASON_SLO_MET);
    bench_router(&b, "slo-aware(deadline=2000,by=quality)");
    (void)bench_play(&b, 1);
    assert_int_equal(b.c.at.model, LARGE); /* exactly the deadline keeps it */
    load[LARGE].wait_s = 0.001;
    (void)bench_play(&b, 1);
    assert_int_equal(b.c.at.model, SMALL);
    bench_router(&b, "slo-aware(50,models=small+large)");
    (void)bench_play(&b, 1);
    assert_int_equal(b.c.at.model, SMALL); /* the fastest */
    assert_int_equal(b.reasons[0], RG_REASON_SLO_MISSED);
    bench_clear(&b);
}

/* ---- properties ---- */

/* On any verdicts a router that may escalate pays at least what the same calls without escalation
 * cost, and the oracle scores at least as much as any router on the same samples. */
static void
escalation_never_saves_and_no_router_beats_the_oracle(void **state)
{
    static const char *const words[] = {"slm-only",
                                        "llm-only",
                                        "slm-dominant",
                                        "llm-first",
                                        "cascade(small>large)",
                                        "round-robin(small+large)"};
    struct replay_bench b;
    double slm, oracle, score;

    (void)state;
    bench_init(&b);
    for (unsigned bits = 0; bits < 1u << MINI_CALLS; bits++)
        for (uint32_t q = 0; q < MINI_QUERIES; q++) {
            for (size_t i = 0; i < MINI_CALLS; i++)
                b.valid[i] = bits >> i & 1;
            bench_router(&b, "slm-only");
            (void)bench_play(&b, q);
            slm = b.c.cost_usd;
            bench_router(&b, "oracle");
            oracle = rg_chain_score(&b.p, &b.c, bench_play(&b, q));
            for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
                enum rg_chain_step end;

                bench_router(&b, words[w]);
                end = bench_play(&b, q);
                score = rg_chain_score(&b.p, &b.c, end);
                assert_true(score <= oracle || isnan(score));
                if (w == 2)
                    assert_true(b.c.cost_usd >= slm);
            }
        }
    bench_clear(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_wrong_is_named),
        cmocka_unit_test(names_may_hold_what_separates),
        cmocka_unit_test(tiers_take_the_cheapest_or_the_named),
        cmocka_unit_test(every_row_of_the_table_is_whole),
        cmocka_unit_test(one_call_routers_make_one_call),
        cmocka_unit_test(random_uses_the_chance_it_is_given),
        cmocka_unit_test(round_robin_follows_the_order_of_arrival),
        cmocka_unit_test(llm_first_sends_short_and_easy_queries_to_the_small_model),
        cmocka_unit_test(slm_dominant_escalates_a_failed_call_and_pays_for_both),
        cmocka_unit_test(slm_dominant_escalates_a_failed_contract),
        cmocka_unit_test(signals_escalate_after_the_call_or_before_it),
        cmocka_unit_test(each_signal_has_its_threshold_and_its_switch),
        cmocka_unit_test(hybrid_specialist_has_three_bands),
        cmocka_unit_test(specialists_have_the_large_model_as_a_net),
        cmocka_unit_test(a_cascade_goes_on_until_an_answer_is_accepted),
        cmocka_unit_test(a_cascade_may_ask_for_confidence),
        cmocka_unit_test(the_oracle_takes_the_best_and_of_equals_the_cheapest),
        cmocka_unit_test(a_partial_oracle_is_uniform_for_the_rest),
        cmocka_unit_test(means_are_over_queries_and_leave_out_what_is_not_recorded),
        cmocka_unit_test(best_single_knows_the_train_queries_alone),
        cmocka_unit_test(the_dataset_oracle_knows_one_model_for_each_dataset),
        cmocka_unit_test(least_loaded_looks_at_use_then_at_the_wait),
        cmocka_unit_test(slo_aware_keeps_the_deadline_then_takes_the_best_value),
        cmocka_unit_test(escalation_never_saves_and_no_router_beats_the_oracle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
