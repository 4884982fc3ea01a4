/* Routers that learn: what they learn on problems whose answer is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/router/bandit_linucb.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/router_trial.h"

/* Three models; four queries in two datasets and two categories. By price: cheap, even, dear. */
static const char lines[] =
    "{\"type\":\"model\",\"name\":\"dear\",\"input_usd_per_mtok\":9,\"output_usd_per_mtok\":9}\n"
    "{\"type\":\"model\",\"name\":\"cheap\",\"input_usd_per_mtok\":1,\"output_usd_per_mtok\":1}\n"
    "{\"type\":\"model\",\"name\":\"even\",\"input_usd_per_mtok\":3,\"output_usd_per_mtok\":3}\n"
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"0\",\"category\":\"A\"}\n"
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"1\",\"category\":\"B\"}\n"
    "{\"type\":\"query\",\"dataset\":\"e\",\"id\":\"2\",\"category\":\"A\"}\n"
    "{\"type\":\"query\",\"dataset\":\"e\",\"id\":\"3\"}\n";
enum { CHEAP, DEAR, EVEN, MODELS }; /* by name, as in the trace */
enum { QUERIES = 4, DELAY_MAX = 32 };

/* What happened in one replication. */
struct outcome {
    double regret;
    unsigned asked[QUERIES][MODELS]; /* in the second half */
    unsigned reasons[RG_N_REASONS];
};

/* Scores are 0 or 1 with the given chances of (query, model), and become known `delay` decisions
 * later. Each router sees the same chances at the same time. */
static struct outcome
learn(struct router_trial *r, const double chance[QUERIES][MODELS], size_t steps, size_t delay,
      uint64_t seed)
{
    const struct rg_router_type *type = r->router.type;
    gsl_rng *own = rg_rng_new(seed, 0, RG_PURPOSE_ROUTER),
            *world = rg_rng_new(seed, 0, RG_PURPOSE_TEST);
    struct rg_router_view view = {.state =
                                      type->state_new ? type->state_new(&r->policy, own) : NULL};
    struct rg_feedback late[DELAY_MAX];
    struct outcome o = {0};

    assert_true(delay < DELAY_MAX);
    for (size_t t = 0; t < steps; t++) {
        struct rg_choice c;
        double luck = rg_rng_unit(world), best = 0;

        view.index = t;
        view.query = (uint32_t)(rg_rng_below(world, QUERIES));
        view.chance = rg_rng_unit(world);
        c = type->first(&r->policy, &view);
        assert_true(c.model < MODELS);
        for (int m = 0; m < MODELS; m++)
            best = fmax(best, chance[view.query][m]);
        o.regret += best - chance[view.query][c.model];
        o.reasons[c.reason]++;
        if (t >= steps / 2)
            o.asked[view.query][c.model]++;
        late[t % DELAY_MAX] = (struct rg_feedback){.query = view.query,
                                                   .model = c.model,
                                                   .score = luck < chance[view.query][c.model],
                                                   .cost_usd = NAN};
        if (t >= delay && type->observe)
            type->observe(&r->policy, view.state, &late[(t - delay) % DELAY_MAX]);
    }
    if (type->state_free)
        type->state_free(view.state);
    gsl_rng_free(own);
    gsl_rng_free(world);
    return o;
}

static void
read_router(struct router_trial *r, const char *word)
{
    if (router_trial_read(r, word) != RG_OK)
        fail_msg("%s", r->err.text);
}

static const double one_best[QUERIES][MODELS] = {
    {0.2, 0.7, 0.5}, {0.2, 0.7, 0.5}, {0.2, 0.7, 0.5}, {0.2, 0.7, 0.5}};

/* Which model is best depends on the dataset only (first two queries, last two). */
static const double by_dataset[QUERIES][MODELS] = {
    {0.8, 0.3, 0.1}, {0.8, 0.3, 0.1}, {0.1, 0.3, 0.8}, {0.1, 0.3, 0.8}};
/* On the category: A, B, A, none. */
static const double by_category[QUERIES][MODELS] = {
    {0.8, 0.3, 0.1}, {0.1, 0.8, 0.1}, {0.8, 0.3, 0.1}, {0.1, 0.3, 0.8}};

static double
mean_regret(struct router_trial *r, const char *word, size_t delay)
{
    enum { REPLICATIONS = 30, STEPS = 2000 };
    double sum = 0;

    read_router(r, word);
    for (uint64_t seed = 1; seed <= REPLICATIONS; seed++)
        sum += learn(r, one_best, STEPS, delay, seed).regret;
    return sum / REPLICATIONS;
}

static void
thompson_beats_epsilon_greedy_beats_random(void **state)
{
    static const size_t delays[] = {0, 30};
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    for (size_t i = 0; i < 2; i++) {
        double random = mean_regret(&r, "random", delays[i]);
        double greedy = mean_regret(&r, "epsilon-greedy", delays[i]);
        double thompson = mean_regret(&r, "thompson", delays[i]);
        double linucb = mean_regret(&r, "linucb", delays[i]);

        /* Of random: (0.5 + 0 + 0.2) / 3 a step. */
        assert_true(fabs(random / 2000 - 0.7 / 3) < 0.005);
        assert_true(greedy < random / 2);
        assert_true(thompson < greedy / 2);
        assert_true(linucb < random / 4);
        /* An epsilon of 0.1 costs at least that share of what random does. */
        assert_true(greedy > 0.1 * 0.9 * random);
        /* With decay it gets cheaper. */
        assert_true(mean_regret(&r, "epsilon-greedy(epsilon=1,decay=20)", delays[i]) < greedy);
        assert_true(mean_regret(&r, "thompson(belief=normal)", delays[i]) < greedy);
    }
    router_trial_close(&r);
}

static unsigned
row_sum(const unsigned row[MODELS])
{
    unsigned sum = 0;

    for (int m = 0; m < MODELS; m++)
        sum += row[m];
    return sum;
}

/* In the second half each query goes to the model that is best for it. */
static void
expect_best(const struct outcome *o, const double chance[QUERIES][MODELS], double share)
{
    for (int q = 0; q < QUERIES; q++) {
        int best = 0;

        for (int m = 1; m < MODELS; m++)
            if (chance[q][m] > chance[q][best])
                best = m;
        assert_true(o->asked[q][best] > share * row_sum(o->asked[q]));
    }
}

static void
groups_learn_on_their_own(void **state)
{
    static const struct {
        const char *word;
        const double (*chance)[MODELS];
    } learners[] = {
        {"thompson(per=dataset)", by_dataset},
        {"thompson(per=category)", by_category},
        {"epsilon-greedy(per=dataset)", by_dataset},
        {"epsilon-greedy(per=category)", by_category},
        {"linucb(per=dataset)", by_dataset},
        {"linucb(per=category)", by_category},
        {"linucb(per=category,alpha=0.5,ridge=0.5)", by_category},
        {"thompson(per=dataset,belief=normal)", by_dataset},
        {"thompson(per=label)", by_category},
        {"linucb(per=label)", by_category},
    };
    static const uint32_t label[QUERIES] = {0, 1, 0, RG_NAMES_NONE};
    struct router_trial r;
    struct outcome o;

    (void)state;
    router_trial_open(&r, lines);
    r.policy.query.label = label;
    for (size_t i = 0; i < sizeof learners / sizeof *learners; i++) {
        read_router(&r, learners[i].word);
        o = learn(&r, learners[i].chance, 6000, 10, 7);
        expect_best(&o, learners[i].chance, 0.85);
    }
    /* Without groups they cannot. */
    read_router(&r, "thompson");
    o = learn(&r, by_dataset, 6000, 10, 7);
    assert_true(o.asked[0][CHEAP] < 0.8 * row_sum(o.asked[0]) ||
                o.asked[2][EVEN] < 0.8 * row_sum(o.asked[2]));
    router_trial_close(&r);
}

/* Confidence as a feature: LinUCB learns that only sure queries are for the cheap model. */
static void
linucb_uses_what_is_known_of_a_query(void **state)
{
    static const double confidence[QUERIES] = {0.9, 0.1, 0.9, 0.1};
    static const double retrieval[QUERIES] = {NAN, 5, INFINITY, -1};
    static const uint32_t length[QUERIES] = {0, 100, 1000, UINT32_MAX};
    static const double chance[QUERIES][MODELS] = {
        {0.9, 0.5, 0.1}, {0.1, 0.5, 0.3}, {0.9, 0.5, 0.1}, {0.1, 0.5, 0.3}};
    struct router_trial r;
    struct outcome o;

    (void)state;
    router_trial_open(&r, lines);
    r.policy.query.confidence = confidence;
    read_router(&r, "linucb");
    o = learn(&r, chance, 6000, 5, 3);
    expect_best(&o, chance, 0.8);
    r.policy.query.retrieval = retrieval;
    r.policy.query.length = length;
    read_router(&r, "linucb");
    o = learn(&r, chance, 6000, 5, 3);
    expect_best(&o, chance, 0.8);
    router_trial_close(&r);
}

/* ---- feedback ---- */

/* First choice of a router after it was told the scores. */
static uint32_t
choice_after(struct router_trial *r, const char *word, const struct rg_feedback *f, size_t n)
{
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_ROUTER);
    struct rg_router_view view = {0};
    struct rg_choice c;

    read_router(r, word);
    view.state = r->router.type->state_new(&r->policy, rng);
    for (size_t i = 0; i < n; i++)
        r->router.type->observe(&r->policy, view.state, &f[i]);
    c = r->router.type->first(&r->policy, &view);
    r->router.type->state_free(view.state);
    gsl_rng_free(rng);
    return c.model;
}

static void
cost_is_weighed_and_gaps_teach_nothing(void **state)
{
    static const struct rg_feedback f[] = {
        {.model = DEAR, .score = 1, .cost_usd = 0.01},
        {.model = EVEN, .score = 0.9, .cost_usd = 0.001},
        {.model = CHEAP, .score = 0.1, .cost_usd = 0.0001},
        /* Nothing is learnt from these. */
        {.model = CHEAP, .score = NAN, .cost_usd = 0},
        {.model = EVEN, .score = INFINITY, .cost_usd = 0},
    };
    static const struct rg_feedback unknown_cost[] = {
        {.model = DEAR, .score = 1, .cost_usd = NAN},
    };
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    assert_int_equal(choice_after(&r, "epsilon-greedy(epsilon=0)", f, 5), DEAR);
    assert_int_equal(choice_after(&r, "epsilon-greedy(epsilon=0,cost_weight=100)", f, 5), EVEN);
    assert_int_equal(choice_after(&r, "epsilon-greedy(epsilon=0,cost_weight=900)", f, 5), CHEAP);
    assert_int_equal(choice_after(&r, "epsilon-greedy(epsilon=0,models=cheap+even)", f, 5), EVEN);
    /* One reward each: who has none is tried first. */
    assert_int_equal(choice_after(&r, "epsilon-greedy(epsilon=0)", f, 1), CHEAP);
    assert_int_equal(choice_after(&r, "epsilon-greedy(epsilon=0)", f + 2, 1), EVEN);
    assert_int_equal(choice_after(&r, "linucb(alpha=0)", f, 5), DEAR);
    assert_int_equal(choice_after(&r, "linucb(alpha=0,cost_weight=100)", f, 5), EVEN);
    assert_int_equal(choice_after(&r, "epsilon-greedy(epsilon=0,initial=0)", unknown_cost, 1),
                     DEAR);
    assert_int_equal(
        choice_after(&r, "epsilon-greedy(epsilon=0,initial=0,cost_weight=1)", unknown_cost, 1),
        CHEAP);
    router_trial_close(&r);
}

/* Nothing is known of any: the cheapest, whatever the order of the list. */
static void
equals_go_to_the_cheaper(void **state)
{
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    assert_int_equal(choice_after(&r, "epsilon-greedy(epsilon=0)", NULL, 0), CHEAP);
    assert_int_equal(choice_after(&r, "epsilon-greedy(models=dear+even,epsilon=0)", NULL, 0), EVEN);
    assert_int_equal(choice_after(&r, "linucb", NULL, 0), CHEAP);
    assert_int_equal(choice_after(&r, "linucb(models=dear+even)", NULL, 0), EVEN);
    router_trial_close(&r);
}

/* Scores beyond [0, 1] must do no harm to a beta distribution. */
static void
thompson_cuts_rewards(void **state)
{
    static const double wild[QUERIES][MODELS] = {{0}};
    struct rg_feedback f[300];
    struct router_trial r;
    unsigned even = 0;

    (void)state;
    router_trial_open(&r, lines);
    for (size_t i = 0; i < 300; i++)
        f[i] = (struct rg_feedback){.model = (uint32_t)(i % 3),
                                    .score = i % 3 == EVEN ? 1e300 : -1e300};
    for (size_t i = 0; i < 20; i++)
        even += choice_after(&r, "thompson", f, 300 - i) == EVEN;
    assert_int_equal(even, 20);
    (void)learn(&r, wild, 3000, 0, 1); /* all rewards 0 */
    router_trial_close(&r);
}

static void
reasons_tell_exploring_from_exploiting(void **state)
{
    struct router_trial r;
    struct outcome o;

    (void)state;
    router_trial_open(&r, lines);
    read_router(&r, "epsilon-greedy(epsilon=0.25)");
    o = learn(&r, one_best, 8000, 0, 5);
    assert_int_equal(o.reasons[RG_REASON_EXPLORE] + o.reasons[RG_REASON_EXPLOIT], 8000);
    /* Five standard deviations of a binomial. */
    assert_true(fabs(o.reasons[RG_REASON_EXPLORE] - 2000.) < 5 * sqrt(8000 * 0.25 * 0.75));
    read_router(&r, "epsilon-greedy(epsilon=0)");
    assert_int_equal(learn(&r, one_best, 100, 0, 5).reasons[RG_REASON_EXPLOIT], 100);
    read_router(&r, "epsilon-greedy(epsilon=1)");
    o = learn(&r, one_best, 6000, 0, 5);
    assert_int_equal(o.reasons[RG_REASON_EXPLORE], 6000);
    for (int q = 0; q < QUERIES; q++)
        for (int m = 0; m < MODELS; m++)
            assert_true(o.asked[q][m] > 150); /* of 250 expected */
    read_router(&r, "thompson");
    o = learn(&r, one_best, 8000, 0, 5);
    assert_true(o.reasons[RG_REASON_EXPLOIT] > o.reasons[RG_REASON_EXPLORE]);
    assert_true(o.reasons[RG_REASON_EXPLORE] > 0);
    router_trial_close(&r);
}

/* As many draws are taken for each decision whatever was learnt, so that cells stay in step. */
static void
draws_do_not_depend_on_what_was_learnt(void **state)
{
    static const char *const words[] = {"epsilon-greedy", "thompson", "thompson(belief=normal)",
                                        "linucb"};
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        unsigned long after[2];

        read_router(&r, words[i]);
        for (int learns = 0; learns < 2; learns++) {
            gsl_rng *rng = rg_rng_new(11, 0, RG_PURPOSE_ROUTER);
            struct rg_router_view view = {.state = r.router.type->state_new(&r.policy, rng)};
            struct rg_feedback f = {.model = EVEN, .score = 1};

            for (int t = 0; t < 200; t++) {
                (void)r.router.type->first(&r.policy, &view);
                if (learns)
                    r.router.type->observe(&r.policy, view.state, &f);
            }
            r.router.type->state_free(view.state);
            after[learns] = gsl_rng_get(rng);
            gsl_rng_free(rng);
        }
        assert_true(after[0] == after[1]);
    }
    router_trial_close(&r);
}

static void
same_seed_same_decisions(void **state)
{
    static const char *const words[] = {"epsilon-greedy", "thompson(per=dataset)", "linucb"};
    struct router_trial r;

    (void)state;
    router_trial_open(&r, lines);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct outcome a, b, c;

        read_router(&r, words[i]);
        a = learn(&r, by_dataset, 1000, 3, 1);
        b = learn(&r, by_dataset, 1000, 3, 1);
        c = learn(&r, by_dataset, 1000, 3, 2);
        assert_memory_equal(&a, &b, sizeof a);
        assert_true(memcmp(&a, &c, sizeof a) != 0);
    }
    router_trial_close(&r);
}

/* ---- the linear model ---- */

/* In exact fractions, by Gaussian elimination in Python:
 *   X=[[1,1,0,.25],[1,0,1,.5],[1,1,0,.75],[1,0,0,-1.5],[1,1,0,.25]]; r=[1,.5,0,-2,.25]
 *   A = ridge*I + sum of x x', b = sum of r x, z = [1,0,1,Fraction(.3)]
 *   float(solve(A,b) . z), math.sqrt(solve(A,z) . z) */
static void
the_linear_model_is_exact(void **state)
{
    static const double x[5][4] = {
        {1, 1, 0, .25}, {1, 0, 1, .5}, {1, 1, 0, .75}, {1, 0, 0, -1.5}, {1, 1, 0, .25}};
    static const double reward[5] = {1, 0.5, 0, -2, 0.25}, z[4] = {1, 0, 1, .3};
    static const struct {
        double ridge, mean, width;
    } expected[] = {{1, 0.1791519434628975, 0.7668207967156462},
                    {0.5, 0.2053746359544612, 0.8504853852486696}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct rg_linucb_arm arm;
        double work[4], mean, width;

        rg_linucb_init(&arm, 4, expected[i].ridge);
        for (int t = 0; t < 5; t++)
            rg_linucb_add(&arm, x[t], 4, reward[t], work);
        rg_linucb_value(&arm, z, 4, work, &mean, &width);
        assert_true(fabs(mean - expected[i].mean) < 1e-14);
        assert_true(fabs(width - expected[i].width) < 1e-14);
        rg_linucb_clear(&arm);
    }
}

/* After many updates the inverse still is one. */
static void
the_inverse_does_not_drift(void **state)
{
    enum { N = 8, UPDATES = 20000 };
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);
    double a[N][N] = {{0}}, x[N], work[N], worst = 0;
    struct rg_linucb_arm arm;

    (void)state;
    rg_linucb_init(&arm, N, 1);
    for (int i = 0; i < N; i++)
        a[i][i] = 1;
    for (int t = 0; t < UPDATES; t++) {
        for (int i = 0; i < N; i++)
            x[i] = i == 0 ? 1 : rg_rng_unit(rng) * pow(10, -i / 2);
        rg_linucb_add(&arm, x, N, 1, work);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                a[i][j] += x[i] * x[j];
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double sum = i == j ? -1 : 0;

            for (int k = 0; k < N; k++)
                sum += a[i][k] * arm.inverse[k * N + j];
            worst = fmax(worst, fabs(sum));
            assert_true(arm.inverse[i * N + j] == arm.inverse[j * N + i]);
        }
    }
    assert_true(worst < 1e-7);
    rg_linucb_clear(&arm);
    gsl_rng_free(rng);
}

static void
too_many_features_are_refused(void **state)
{
    struct rg_buf t = {0};
    struct router_trial r;

    (void)state;
    rg_buf_puts(&t, "{\"type\":\"model\",\"name\":\"m\"}\n");
    for (int i = 0; i < 1024; i++)
        rg_buf_printf(&t, "{\"type\":\"query\",\"dataset\":\"d%d\",\"id\":\"q\"}\n", i);
    router_trial_open(&r, t.data);
    assert_int_equal(router_trial_read(&r, "linucb(per=dataset)"), RG_EUSAGE);
    assert_string_equal(r.err.text, "router 'linucb': 1025 features, at most 1024 are possible "
                                    "(per=dataset has 1024 groups)");
    assert_int_equal(router_trial_read(&r, "linucb(per=category)"), RG_OK);
    assert_int_equal(router_trial_read(&r, "thompson(per=dataset)"), RG_OK);
    router_trial_close(&r);
    rg_buf_clear(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thompson_beats_epsilon_greedy_beats_random),
        cmocka_unit_test(groups_learn_on_their_own),
        cmocka_unit_test(linucb_uses_what_is_known_of_a_query),
        cmocka_unit_test(cost_is_weighed_and_gaps_teach_nothing),
        cmocka_unit_test(equals_go_to_the_cheaper),
        cmocka_unit_test(thompson_cuts_rewards),
        cmocka_unit_test(reasons_tell_exploring_from_exploiting),
        cmocka_unit_test(draws_do_not_depend_on_what_was_learnt),
        cmocka_unit_test(same_seed_same_decisions),
        cmocka_unit_test(the_linear_model_is_exact),
        cmocka_unit_test(the_inverse_does_not_drift),
        cmocka_unit_test(too_many_features_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
