/* Models that routers may choose when what is not recorded is masked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/chain.h"
#include "replay/router/mask.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/router_trial.h"

/* q1: a and b; q2: a alone; q3: nobody. */
static const char lines[] =
    "{\"type\":\"model\",\"name\":\"a\",\"tier\":\"slm\"}\n"
    "{\"type\":\"model\",\"name\":\"b\",\"tier\":\"llm\"}\n"
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"q1\"}\n"
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"q2\"}\n"
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"q3\"}\n"
    "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"q1\",\"model\":\"a\",\"status\":\"error\"}\n"
    "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"q1\",\"model\":\"b\",\"status\":\"ok\"}\n"
    "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"q2\",\"model\":\"a\",\"status\":\"error\"}\n";
enum { Q1, Q2, Q3 };
enum { A, B };
static const uint32_t both[] = {B, A};

static void
recorded_models_are_left(void **state)
{
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    r.policy.missing = RG_MISSING_MASK;
    assert_true(rg_mask_has(&r.policy, Q1, B) && !rg_mask_has(&r.policy, Q2, B));
    assert_false(rg_mask_has(&r.policy, Q1, RG_NO_MODEL));
    assert_int_equal(rg_mask_count(&r.policy, Q1, both, 2), 2);
    assert_int_equal(rg_mask_count(&r.policy, Q2, both, 2), 1);
    assert_int_equal(rg_mask_at(&r.policy, Q1, both, 2, 0), B);
    assert_int_equal(rg_mask_at(&r.policy, Q1, both, 2, 1), A);
    assert_int_equal(rg_mask_at(&r.policy, Q2, both, 2, 0), A);
    assert_int_equal(rg_mask_at(&r.policy, Q2, both, 2, 1), RG_NO_MODEL);
    assert_int_equal(rg_mask_draw(&r.policy, Q1, both, 2, 0.4), B);
    assert_int_equal(rg_mask_draw(&r.policy, Q1, both, 2, 0.6), A);
    assert_int_equal(rg_mask_draw(&r.policy, Q2, both, 2, 0.0), A);
    assert_int_equal(rg_mask_draw(&r.policy, Q3, both, 2, 0.9), RG_NO_MODEL);
    r.policy.missing = RG_MISSING_SKIP;
    assert_true(rg_mask_has(&r.policy, Q3, B));
    assert_int_equal(rg_mask_count(&r.policy, Q3, both, 2), 2);
    assert_int_equal(rg_mask_at(&r.policy, Q3, both, 2, 2), RG_NO_MODEL);
    router_trial_close(&r);
}

/* A query in both parts: a may be learnt from, b is judged by. */
static void
the_other_part_is_hidden(void **state)
{
    bool learnt[3] = {false};
    struct router_trial r;
    struct rg_lookup train;

    (void)state;
    router_trial_open(&r, lines);
    assert_int_equal(r.trace->n_calls, 3);
    for (size_t i = 0; i < 3; i++)
        learnt[i] = r.trace->calls.query[i] == Q1 && r.trace->calls.model[i] == A;
    r.policy.missing = RG_MISSING_MASK;
    r.policy.learnt = r.policy.lookup.part = learnt;
    assert_true(rg_mask_has(&r.policy, Q1, B) && !rg_mask_has(&r.policy, Q1, A));
    train = rg_policy_train(&r.policy);
    assert_int_not_equal(rg_lookup_find(&train, Q1, A, 0).call, RG_NO_CALL);
    assert_int_equal(rg_lookup_find(&train, Q1, B, 0).call, RG_NO_CALL);
    router_trial_close(&r);
}

/* slm-dominant: a, and b after a's error, as far as they are recorded. */
static enum rg_chain_step
walk(struct router_trial *r, uint32_t query, struct rg_chain *c)
{
    struct rg_router_view view = {.query = query};
    enum rg_chain_step step = rg_chain_begin(&r->policy, c, &view);

    while (step == RG_CHAIN_CALL) {
        struct rg_call_outcome outcome = rg_chain_recorded(&r->policy, c);

        rg_chain_told(&r->policy, c, &outcome);
        step = rg_chain_next(&r->policy, c, &view);
    }
    return step;
}

static void
chains_ask_nobody_else(void **state)
{
    static const uint32_t samples[] = {1, 1, 1};
    static const uint8_t valid[] = {1, 1, 1};
    struct router_trial r;
    struct rg_chain c;

    (void)state;
    router_trial_open(&r, lines);
    r.policy.samples = samples;
    r.policy.valid = valid;
    r.policy.missing = RG_MISSING_MASK;
    assert_int_equal(router_trial_read(&r, "slm-dominant"), RG_OK);
    assert_int_equal(walk(&r, Q1, &c), RG_CHAIN_DONE);
    assert_int_equal(c.at.model, B);
    assert_int_equal(c.calls, 2);
    assert_int_equal(walk(&r, Q2, &c), RG_CHAIN_FAILED); /* a's error stays */
    assert_int_equal(c.calls, 1);
    assert_int_equal(walk(&r, Q3, &c), RG_CHAIN_SKIPPED);
    /* The large model first: where it was not recorded the small one stands in. */
    assert_int_equal(router_trial_read(&r, "llm-first"), RG_OK);
    assert_int_equal(walk(&r, Q2, &c), RG_CHAIN_FAILED);
    assert_int_equal(c.at.model, A);
    router_trial_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_models_are_left),
        cmocka_unit_test(the_other_part_is_hidden),
        cmocka_unit_test(chains_ask_nobody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
