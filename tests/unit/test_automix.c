/* AutoMix: the search for thresholds against sums by hand, and the router that follows them. Values
 * on recorded data are in test_reference_stages.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "replay/learn/automix.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/router_trial.h"

static void
near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-12))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

static void
when_the_large_model_is_asked(void **state)
{
    static const struct {
        struct rg_automix a;
        double v;
        bool asks;
    } all[] = {
        {{RG_AUTOMIX_SINGLE, {0.25}}, 0, true},
        {{RG_AUTOMIX_SINGLE, {0.25}}, 0.25, true},
        {{RG_AUTOMIX_SINGLE, {0.25}}, 0.26, false},
        {{RG_AUTOMIX_DOUBLE, {0.25, 0.5}}, 0.24, false},
        {{RG_AUTOMIX_DOUBLE, {0.25, 0.5}}, 0.25, true},
        {{RG_AUTOMIX_DOUBLE, {0.25, 0.5}}, 0.5, true},
        {{RG_AUTOMIX_DOUBLE, {0.25, 0.5}}, 0.51, false},
        {{RG_AUTOMIX_TRIPLE, {0.25, 0.5, 0.75}}, 0.2, true},
        {{RG_AUTOMIX_TRIPLE, {0.25, 0.5, 0.75}}, 0.3, false},
        {{RG_AUTOMIX_TRIPLE, {0.25, 0.5, 0.75}}, 0.6, true},
        {{RG_AUTOMIX_TRIPLE, {0.25, 0.5, 0.75}}, 0.8, false},
        {{RG_AUTOMIX_SINGLE, {0.25}}, NAN, true},
        {{RG_AUTOMIX_TRIPLE, {0.25, 0.5, 0.75}}, NAN, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(rg_automix_asks(&all[i].a, all[i].v), all[i].asks);
}

/* Four queries; the verifier is sure where the small model is right. The large one is right on all,
 * costs 10 beside 1, so the slope of chance is 0.5 / 9. Asking it on the two others: 1 for 6, with
 * a free verifier, so the lift is (0.5 / 5) / (0.5 / 9) - 1 = 0.8. With a verifier at 2.5 a query
 * (0.5 / 7.5) / (0.5 / 9) - 1 = 0.2. */
static void
the_thresholds_that_gain_most(void **state)
{
    static const double v[] = {0.1, 0.2, 0.9, 1}, small[] = {0, 0, 1, 1}, large[] = {1, 1, 1, 1},
                        low[] = {1, 1, 1, 1}, high[] = {10, 10, 10, 10};
    struct rg_automix_rows rows = {4, v, small, large, low, high, 0};
    struct rg_automix_found f;

    (void)state;
    assert_true(rg_automix_search(RG_AUTOMIX_SINGLE, &rows, &f));
    assert_int_equal(f.candidates, 9);
    near(f.choice.threshold[0], 0.125); /* the first has the same lift as 0.25 */
    near(f.score, 0.75);
    near(f.cost, 3.5);
    near(f.lift, 0.8);
    rows.verifier_usd = 2.5; /* now asking twice pays more than asking once */
    assert_true(rg_automix_search(RG_AUTOMIX_SINGLE, &rows, &f));
    near(f.choice.threshold[0], 0.25);
    near(f.score, 1);
    near(f.cost, 8.5);
    near(f.lift, 0.2);
    assert_true(rg_automix_search(RG_AUTOMIX_DOUBLE, &rows, &f));
    assert_int_equal(f.candidates, 28);
    near(f.choice.threshold[0], 0);
    near(f.choice.threshold[1], 0.25);
    near(f.lift, 0.2);
    assert_true(rg_automix_search(RG_AUTOMIX_TRIPLE, &rows, &f));
    assert_int_equal(f.candidates, 56);
    near(f.choice.threshold[0], 0.25); /* no b between an a below it and 0.2 */
    near(f.choice.threshold[1], 0.375);
    near(f.choice.threshold[2], 0.5);
    near(f.lift, 0.2);
}

static void
nothing_to_gain(void **state)
{
    static const double v[] = {0.1, 0.9}, low[] = {0, 1}, high[] = {1, 1}, one[] = {1, 1},
                        ten[] = {10, 10}, sure[] = {1, 1};
    const struct rg_automix_rows equal_scores = {2, v, high, high, one, ten, 0},
                                 equal_costs = {2, v, low, high, one, one, 1},
                                 /* below 1 nothing is asked, so no candidate but the last costs */
        never = {2, sure, low, high, one, ten, 0};
    struct rg_automix_found f;

    (void)state;
    assert_false(rg_automix_search(RG_AUTOMIX_SINGLE, &equal_scores, &f));
    assert_false(rg_automix_search(RG_AUTOMIX_SINGLE, &equal_costs, &f));
    assert_true(rg_automix_search(RG_AUTOMIX_SINGLE, &never, &f));
    near(f.choice.threshold[0], 1);
    assert_false(rg_automix_search(RG_AUTOMIX_DOUBLE, &never, &f));
}

/* ---- the router ---- */

#define CALL(query, model, cost, score)                                                            \
    "{\"type\":\"call\",\"query\":\"" query "\",\"model\":\"" model "\",\"cost_usd\":" cost        \
    ",\"score\":" score "}\n"
#define QUERY(id, attrs)                                                                           \
    "{\"type\":\"query\",\"id\":\"" id "\",\"text\":\"x\",\"attrs\":{" attrs                       \
    "}}\n" CALL(id, "big", "10", "1")

static const char lines[] = QUERY("q1", "\"verifier\":0.1") CALL("q1", "small", "1", "0")
    QUERY("q2", "\"verifier\":0.2,\"bad\":1.5") CALL("q2", "small", "1", "0")
        QUERY("q3", "\"verifier\":0.9") CALL("q3", "small", "1", "1") QUERY("q4", "\"other\":1")
            CALL("q4", "small", "1", "1");

static struct rg_choice
second(struct router_trial *r, uint32_t query, bool answered, bool accepted)
{
    const struct rg_router_view view = {.query = query};
    const struct rg_attempt last = {
        .decision = RG_REASON_SLM_FIRST, .answered = answered, .accepted = accepted};

    return r->router.type->next(&r->policy, &view, &last);
}

static void
the_router(void **state)
{
    static const bool asks[] = {true, true, false, true}; /* q4 has no verifier */
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    r.policy.train = r.queries;
    r.policy.n_train = r.policy.n_queries;
    if (router_trial_read(&r, "automix(verifier_usd=5)") != RG_OK)
        fail_msg("%s", r.err.text);
    for (uint32_t q = 0; q < 4; q++) {
        struct rg_attempt big = {.decision = RG_REASON_LOW_CONFIDENCE, .decisions = 1};
        struct rg_router_view view = {.query = q};

        assert_string_equal(router_trial_first(&r, q), "small");
        assert_int_equal(second(&r, q, true, true).model != RG_NO_MODEL, asks[q]);
        assert_int_equal(second(&r, q, false, false).reason, RG_REASON_CALL_FAILED);
        assert_int_equal(second(&r, q, true, false).reason, RG_REASON_CONTRACT_FAILED);
        assert_int_equal(r.router.type->next(&r.policy, &view, &big).model, RG_NO_MODEL);
    }
    assert_int_equal(second(&r, 0, true, true).reason, RG_REASON_LOW_CONFIDENCE);
    router_trial_close(&r);
}

static void
bad_routers(void **state)
{
    static const struct {
        const char *word, *said;
    } all[] = {
        {"automix(nothing)", "nothing"},
        {"automix(bad)", "is no confidence (found 1.5, expected 0 to 1)"},
        {"automix(other,by=double)", "nothing to gain"},
        {"automix(small=big,large=big)", "needs two models"},
        {"automix(by=none)", "by"},
    };
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    r.policy.train = r.queries;
    r.policy.n_train = r.policy.n_queries;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (router_trial_read(&r, all[i].word) == RG_OK)
            fail_msg("%s is accepted", all[i].word);
        if (!strstr(r.err.text, all[i].said))
            fail_msg("%s: %s", all[i].word, r.err.text);
    }
    router_trial_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_the_large_model_is_asked),
        cmocka_unit_test(the_thresholds_that_gain_most),
        cmocka_unit_test(nothing_to_gain),
        cmocka_unit_test(the_router),
        cmocka_unit_test(bad_routers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
