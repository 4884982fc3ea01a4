/* What routers that learn while they run have learnt, kept and taken up on another trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "replay/router/bandit_saved.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/router_trial.h"

/* Models a, b; data sets d1, d2. The other trace has b, c and d0, d2. */
static const char here[] = "{\"type\":\"model\",\"name\":\"a\"}\n"
                           "{\"type\":\"model\",\"name\":\"b\"}\n"
                           "{\"type\":\"query\",\"dataset\":\"d1\",\"id\":\"1\"}\n"
                           "{\"type\":\"query\",\"dataset\":\"d2\",\"id\":\"1\"}\n";
static const char there[] = "{\"type\":\"model\",\"name\":\"b\"}\n"
                            "{\"type\":\"model\",\"name\":\"c\"}\n"
                            "{\"type\":\"query\",\"dataset\":\"d0\",\"id\":\"1\"}\n"
                            "{\"type\":\"query\",\"dataset\":\"d2\",\"id\":\"1\"}\n";
enum { D1, D2 };
enum { A, B };

static char path[TEMP_PATH];

static void *
begin(struct router_trial *r, gsl_rng *rng)
{
    return r->router.type->state_new(&r->policy, rng);
}

static void
tell(struct router_trial *r, void *state, uint32_t query, uint32_t model, double score)
{
    r->router.type->observe(&r->policy, state, &(struct rg_feedback){query, model, score, 0});
}

/* Learns that b is worth 1 on d2 three times and 0 once, a 1 on d1; into path. */
static void
learn(const char *word)
{
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_LEARNING);
    struct router_trial r;
    void *state;

    router_trial_open(&r, here);
    assert_int_equal(router_trial_read(&r, word), RG_OK);
    assert_true(rg_bandit_is(&r.router) && !rg_bandit_begun(&r.router));
    state = begin(&r, rng);
    for (int i = 0; i < 4; i++)
        tell(&r, state, D2, B, i != 0);
    tell(&r, state, D1, A, 1);
    rg_bandit_keep(&r.policy, &r.router, state);
    r.router.type->state_free(state);
    assert_true(rg_bandit_begun(&r.router));
    temp_write(path, "", 0);
    assert_int_equal(rg_bandit_write(&r.router, path, &r.err), RG_OK);
    gsl_rng_free(rng);
    router_trial_close(&r);
}

/* The state that a router begins with on the other trace, as arrays. */
static struct rg_learnt *
taken_up(struct router_trial *r)
{
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_LEARNING);
    struct rg_learnt *l = rg_learnt_new();
    char word[TEMP_PATH + 20];
    void *state;

    router_trial_open(r, there);
    snprintf(word, sizeof word, "learned:%s", path);
    if (router_trial_read(r, word) != RG_OK)
        fail_msg("%s", r->err.text);
    state = begin(r, rng);
    r->router.type->state_save(&r->policy, state, l);
    r->router.type->state_free(state);
    gsl_rng_free(rng);
    return l;
}

static void
names_decide_what_belongs_where(void **state)
{
    struct router_trial r;
    struct rg_learnt *l;

    (void)state;
    learn("thompson(per=dataset)");
    l = taken_up(&r);
    assert_string_equal(r.router.type->name, "thompson");
    /* Groups d0, d2; arms b, c. */
    assert_memory_equal(rg_learnt_get(l, "sum"), ((const double[]){0, 0, 3, 0}),
                        4 * sizeof(double));
    assert_memory_equal(rg_learnt_get(l, "rewards"), ((const double[]){0, 0, 4, 0}),
                        4 * sizeof(double));
    rg_learnt_free(l);
    router_trial_close(&r);
    unlink(path);

    learn("epsilon-greedy(per=dataset,initial=2)");
    l = taken_up(&r);
    assert_memory_equal(rg_learnt_get(l, "mean"), ((const double[]){2, 2, 0.75, 2}),
                        4 * sizeof(double));
    rg_learnt_free(l);
    router_trial_close(&r);
    unlink(path);
}

/* With one feature, the constant: A = 1 + n, b = sum of rewards. */
static void
linear_models_go_on(void **state)
{
    struct router_trial r;
    struct rg_learnt *l;

    (void)state;
    learn("linucb");
    l = taken_up(&r);
    assert_true(fabs(rg_learnt_get(l, "inverse")[0] - 1.0 / 5) < 1e-15);
    assert_true(fabs(rg_learnt_get(l, "inverse")[1] - 1) < 1e-15);
    assert_true(fabs(rg_learnt_get(l, "b")[0] - 3) < 1e-15);
    rg_learnt_free(l);
    router_trial_close(&r);
    unlink(path);

    /* d1, a feature of the file, is no data set of the other trace. */
    learn("linucb(per=dataset)");
    router_trial_open(&r, there);
    {
        char word[TEMP_PATH + 20];

        snprintf(word, sizeof word, "learned:%s", path);
        assert_int_equal(router_trial_read(&r, word), RG_EINPUT);
        assert_non_null(strstr(r.err.text, "its feature 1 (a group of queries, or a signal"));
    }
    router_trial_close(&r);
    unlink(path);
}

struct bad {
    const char *word, *sum;
    double at, rewards;
    const char *said;
};

/* A file of thompson with these numbers for a and b. */
static enum rg_status
read_bad(const struct bad *bad, char *text, size_t room)
{
    struct rg_learnt *l = rg_learnt_new();
    struct router_trial r;
    char word[TEMP_PATH + 20];
    enum rg_status status;
    double *x;

    rg_learnt_say(l, "learner", "thompson");
    rg_learnt_say(l, "word", bad->word);
    rg_learnt_say(l, "per", "none");
    rg_learnt_say(l, "model 0", "a");
    rg_learnt_say(l, "model 1", "b");
    rg_learnt_say(l, "group 0", "");
    rg_learnt_set(l, "n_models", 2);
    rg_learnt_set(l, "n_groups", 1);
    x = rg_learnt_add(l, bad->sum, 1, 2);
    x[0] = bad->at;
    x = rg_learnt_add(l, "rewards", 1, 2);
    x[0] = bad->rewards;
    temp_write(path, "", 0);
    router_trial_open(&r, here);
    assert_int_equal(rg_learnt_save(l, path, &r.err), RG_OK);
    rg_learnt_free(l);
    snprintf(word, sizeof word, "learned:%s", path);
    status = router_trial_read(&r, word);
    snprintf(text, room, "%s", status == RG_OK ? "" : r.err.text);
    router_trial_close(&r);
    unlink(path);
    return status;
}

static void
numbers_that_make_no_state_are_refused(void **state)
{
    static const struct bad good = {"thompson", "sum", 1, 2, ""};
    static const struct bad bad[] = {
        {"thompson", "sum", 3, 2, "it lacks what is believed of its models"},
        {"thompson", "sum", -1, 2, "it lacks what is believed of its models"},
        {"thompson", "sum", 0, -1, "it lacks what is believed of its models"},
        {"thompson", "total", 1, 2, "it lacks what is believed of its models"},
        {"thompson(per=dataset)", "sum", 1, 2, "found per=none, expected per=dataset"},
        {"exec:true", "sum", 1, 2, "it does not say its router"},
        {"thompsonian", "sum", 1, 2, "it does not say its router"},
    };
    char text[1024];

    (void)state;
    assert_int_equal(read_bad(&good, text, sizeof text), RG_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read_bad(&bad[i], text, sizeof text), RG_EINPUT);
        if (!strstr(text, bad[i].said))
            fail_msg("%zu: %s", i, text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_decide_what_belongs_where),
        cmocka_unit_test(linear_models_go_on),
        cmocka_unit_test(numbers_that_make_no_state_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
