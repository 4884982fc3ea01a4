/* Every learner on the same small problem: half of the queries are for one model, half for another,
 * a third one is mediocre and was not asked everything, a fourth was never asked. What is learnt
 * must say so, and a model file that lacks something is refused, not trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"

enum { N = 160, TRAIN = 120, D = 8, M = 4 };

struct problem {
    struct rg_vectors train, test;
    double score[N * M], cost[N * M];
    struct rg_learn_data data;
};

static struct rg_vectors
vectors(const double *x, size_t n, bool sparse)
{
    struct rg_vectors v = {.n = n};

    if (!sparse) {
        v.d = D;
        v.dense = rg_alloc(n * D, sizeof *v.dense);
        memcpy(v.dense, x, n * D * sizeof *x);
        return v;
    }
    v.places = D;
    v.sparse = rg_zalloc(n, sizeof *v.sparse);
    for (size_t i = 0; i < n; i++) {
        v.sparse[i].n = D;
        v.sparse[i].at = rg_alloc(D, sizeof *v.sparse[i].at);
        v.sparse[i].weight = rg_alloc(D, sizeof *v.sparse[i].weight);
        for (uint32_t k = 0; k < D; k++) {
            v.sparse[i].at[k] = k;
            v.sparse[i].weight[k] = x[i * D + k];
        }
    }
    return v;
}

static void
problem_init(struct problem *p, bool sparse)
{
    static const char *const names[M] = {"a", "b", "c", "never"};
    gsl_rng *rng = rg_rng_new(7, 0, RG_PURPOSE_TEST);
    double *x = rg_alloc(N * D, sizeof *x);

    for (size_t i = 0; i < N; i++) {
        size_t kind = i % 2;

        for (size_t k = 0; k < D; k++)
            x[i * D + k] = gsl_ran_gaussian_ziggurat(rng, 0.25) + (k == kind);
        rg_dense_normalise(x + i * D, D);
        p->score[i * M] = kind == 0;
        p->score[i * M + 1] = kind == 1;
        p->score[i * M + 2] = i % 3 ? 0.3 : NAN;
        p->score[i * M + 3] = NAN;
        for (size_t j = 0; j < M; j++)
            p->cost[i * M + j] = isnan(p->score[i * M + j]) ? NAN : 0.001 * (double)(j + 1);
    }
    /* In train all pairs are compared in both directions at least once. */
    p->score[2] = 1;
    p->score[0] = 0.9;
    p->train = vectors(x, TRAIN, sparse);
    p->test = vectors(x + TRAIN * D, N - TRAIN, sparse);
    p->data = (struct rg_learn_data){.n = TRAIN,
                                     .m = M,
                                     .x = &p->train,
                                     .score = p->score,
                                     .cost = p->cost,
                                     .strong = 1,
                                     .weak = 0,
                                     .names = names};
    free(x);
    gsl_rng_free(rng);
}

static void
problem_clear(struct problem *p)
{
    rg_vectors_clear(&p->train);
    rg_vectors_clear(&p->test);
}

static struct rg_hyper
settings(const struct rg_learner *l)
{
    struct rg_hyper h = {.k = 6,
                         .lambda = 0.1,
                         .rate = 0.02,
                         .epochs = 100,
                         .batch = 16,
                         .hidden = 8,
                         .layers = 1,
                         .decay = 1e-5,
                         .noise = 0.05,
                         .starts = 3,
                         .top = 2,
                         .beta = 9,
                         .weight = 1,
                         .c = 10,
                         .share = -1,
                         .threshold = .5,
                         .budget = .02,
                         .depth = 2,
                         .tau = 0.1,
                         .seed = 42};

    if (l == &rg_learner_graph)
        h.epochs = 400;
    if (l == &rg_learner_mlp)
        h.hidden = 16;
    return h;
}

/* The idf of features that are sparse, as rg_features_fit leaves it. */
static struct rg_learnt *
new_learnt(bool sparse)
{
    struct rg_learnt *l = rg_learnt_new();

    if (sparse)
        rg_learnt_add(l, "idf", 1, D);
    return l;
}

static double
accuracy(const struct problem *p, const double *value)
{
    double right = 0;

    for (size_t i = 0; i < N - TRAIN; i++) {
        size_t pick = rg_dense_argmax(value + i * M, M);

        assert_true(pick < M - 1); /* what was never asked is never chosen */
        assert_true(isnan(value[i * M + M - 1]));
        right += p->score[(TRAIN + i) * M + pick] > 0.5;
    }
    return right / (N - TRAIN);
}

static void
check_learner(const struct rg_learner *l, bool sparse)
{
    struct rg_learnt *learnt = new_learnt(sparse), *again = new_learnt(sparse);
    struct rg_hyper h = settings(l);
    double value[(N - TRAIN) * M];
    struct problem p;
    struct rg_err err;
    double right;

    problem_init(&p, sparse);
    if (l->fit(&p.data, &h, learnt, &err) != RG_OK)
        fail_msg("%s: %s", l->name, err.text);
    assert_int_equal(l->fit(&p.data, &h, again, &err), RG_OK);
    for (size_t i = 0; i < learnt->n_arrays; i++)
        assert_memory_equal(learnt->arrays[i].x, again->arrays[i].x,
                            learnt->arrays[i].rows * learnt->arrays[i].columns * sizeof(double));
    assert_true(l->check(learnt, M, sparse ? 0 : D));
    l->predict(learnt, &p.test, M, value);
    if (l != &rg_learner_frugal) {
        right = accuracy(&p, value);
        if (right < 0.85)
            fail_msg("%s: %g right", l->name, right);
    }
    rg_learnt_free(learnt);
    rg_learnt_free(again);
    problem_clear(&p);
}

static void
test_learners(void **state)
{
    (void)state;
    for (size_t i = 0; i < rg_n_learners; i++) {
        if (rg_learners[i] == &rg_learner_elo)
            continue;
        check_learner(rg_learners[i], false);
        if (rg_learners[i]->sparse)
            check_learner(rg_learners[i], true);
    }
}

/* A rating is for models that were compared; one that only loses has none that is finite. */
static void
test_elo(void **state)
{
    struct rg_learnt *learnt = rg_learnt_new();
    struct rg_hyper h = settings(&rg_learner_elo);
    const double *rating;
    struct problem p;
    struct rg_err err;

    (void)state;
    problem_init(&p, false);
    assert_int_equal(rg_learner_elo.fit(&p.data, &h, learnt, &err), RG_OK);
    rating = rg_learnt_get(learnt, "ratings");
    assert_true(isnan(rating[3]) && fabs(rating[0] + rating[1] + rating[2] - 3000) < 1e-9);
    assert_true(rg_learner_elo.check(learnt, M, D));
    rg_learnt_free(learnt);
    for (size_t i = 0; i < N; i++)
        p.score[i * M + 3] = -1;
    learnt = rg_learnt_new();
    assert_int_equal(rg_learner_elo.fit(&p.data, &h, learnt, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, "model '"));
    rg_learnt_free(learnt);
    problem_clear(&p);
}

/* Without an array, or with one of another shape or a NaN, a model is refused; what passes can at
 * least be used without harm. */
static void
spoil(const struct rg_learner *l, bool sparse, int how)
{
    struct rg_hyper h = settings(l);
    double value[(N - TRAIN) * M];
    struct problem p;
    struct rg_err err;
    size_t refused = 0, n;

    problem_init(&p, sparse);
    n = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        struct rg_learnt *learnt = new_learnt(sparse);
        struct rg_learnt_array *a;

        assert_int_equal(l->fit(&p.data, &h, learnt, &err), RG_OK);
        n = learnt->n_arrays;
        a = &learnt->arrays[i];
        if (how == 0) {
            free(a->name);
            a->name = rg_strdup("another");
        } else if (how == 1) {
            a->rows = 0;
        } else if (how == 2) {
            a->x = rg_realloc(a->x, (a->rows + 1) * (a->columns + 1), sizeof *a->x);
            a->rows++;
        } else {
            a->x[a->rows * a->columns - 1] = how == 3 ? NAN : how == 4 ? -1e9 : 1e9;
        }
        if (how == 2) /* as many numbers as it says, the new ones 0 */
            memset(a->x + (a->rows - 1) * a->columns, 0, a->columns * sizeof *a->x);
        if (l->check(learnt, M, sparse ? 0 : D))
            l->predict(learnt, &p.test, M, value);
        else
            refused++;
        rg_learnt_free(learnt);
    }
    if (how < 3)
        assert_true(refused >= n - 1); /* idf alone is not the learner's */
    problem_clear(&p);
}

static void
test_spoilt(void **state)
{
    (void)state;
    for (size_t i = 0; i < rg_n_learners; i++) {
        const struct rg_learner *l = rg_learners[i];

        if (l == &rg_learner_elo)
            continue;
        for (int how = 0; how < 6; how++) {
            /* Slow to learn, and like embedllm in what they keep. */
            if (l != &rg_learner_graph && l != &rg_learner_irt)
                spoil(l, false, how);
            if (l->sparse)
                spoil(l, true, how);
        }
    }
}

/* Shares of calls that a threshold is made for. */
static void
test_share(void **state)
{
    static const double rate[] = {.1, .2, .3, .4, .5, .6, .7, .8, .9, 1};
    struct rg_hyper h = {.share = 0.3};
    double value[3];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        rg_learner_pair_values(rate[i], rg_learner_threshold(&h, rate, 10), 2, 0, 3, value);
        assert_true(isnan(value[1]));
        n += rg_dense_argmax(value, 3) == 2;
    }
    assert_int_equal(n, 3);
    h.share = 0;
    assert_true(rg_learner_threshold(&h, rate, 10) > 1);
    h.share = 1;
    assert_true(rg_learner_threshold(&h, rate, 10) <= 0.1);
    h.share = -1;
    h.threshold = 0.25;
    assert_true(fabs(rg_learner_threshold(&h, rate, 10) - 0.25) < 1e-15);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learners),
        cmocka_unit_test(test_elo),
        cmocka_unit_test(test_spoilt),
        cmocka_unit_test(test_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
