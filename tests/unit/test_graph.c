/* GraphRouter: the gradient of its loss against differences, what it learns where features or tasks
 * tell which model is right and where nothing does, models that were not recorded, seeds, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsl/gsl_randist.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/learn/dense.h"
#include "replay/learn/graph.h"
#include "replay/learn/learner.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/router_trial.h"

/* ---- gradient ---- */

/* Every parameter of a small graph, with a task for most queries, an edge that is missing and
 * hidden queries: the gradient is the slope between two near points. No relu is at its corner
 * there. */
static void
the_gradient_is_the_slope(void **state)
{
    enum { N = 7, M = 3, D = 4, T = 2, H = 3 };
    static const uint32_t task[N] = {0, 1, 0, 1, T, 0, 1};
    static const bool visible[N] = {true, true, false, true, true, false, false};
    double x[N * D], edge[N * M * RG_GRAPH_EDGE], target[N * M];
    bool seen[N];
    gsl_rng *rng = rg_rng_new(11, 0, RG_PURPOSE_TEST);
    struct rg_graph g = {.n = N,
                         .m = M,
                         .d = D,
                         .tasks = T,
                         .h = H,
                         .x = x,
                         .task = task,
                         .edge = edge,
                         .target = target,
                         .visible = seen};
    size_t size = rg_graph_size(&g), steep = 0;
    double *p = rg_alloc(size, sizeof *p), *slope = rg_zalloc(size, sizeof *slope);

    (void)state;
    memcpy(seen, visible, sizeof seen);
    for (size_t i = 0; i < N * D; i++)
        x[i] = gsl_ran_gaussian(rng, 1);
    for (size_t k = 0; k < N * M; k++) {
        for (size_t e = 0; e < RG_GRAPH_EDGE; e++)
            edge[k * RG_GRAPH_EDGE + e] = e < 3 ? gsl_rng_uniform(rng) : 1;
        target[k] = k == 4 || k == 7 ? NAN : gsl_rng_uniform(rng) < 0.5;
    }
    for (size_t i = 0; i < size; i++)
        p[i] = gsl_ran_gaussian(rng, 0.7);
    rg_graph_loss(&g, p, slope);
    for (size_t i = 0; i < size; i++) {
        const double step = 1e-5, was = p[i];
        double up, down;

        p[i] = was + step;
        up = rg_graph_loss(&g, p, NULL);
        p[i] = was - step;
        down = rg_graph_loss(&g, p, NULL);
        p[i] = was;
        if (!(fabs((up - down) / (2 * step) - slope[i]) < 1e-8))
            fail_msg("parameter %zu of %zu: %.12g, slope %.12g", i, size, slope[i],
                     (up - down) / (2 * step));
        steep += fabs(slope[i]) > 1e-6;
    }
    assert_true(steep > size / 2);
    for (size_t i = 0; i < N; i++)
        seen[i] = true;
    assert_true(!(fabs(rg_graph_loss(&g, p, slope)) > 0)); /* nothing to learn from */
    free(p);
    free(slope);
    gsl_rng_free(rng);
}

/* ---- what is learnt ---- */

enum { N = 900, TRAIN = 600, TEST = N - TRAIN, D = 6, M = 3 };
enum kind { FEATURES_TELL, TASKS_TELL, NOTHING_TELLS, KINDS };

struct world {
    struct rg_vectors train, test;
    double score[N * M], cost[N * M];
    struct rg_learn_data data;
};

/* One of three models is right on each query: the one that features, or the data set, say; or any.
 */
static void
world_init(struct world *w, enum kind kind, unsigned seed)
{
    gsl_rng *rng = rg_rng_new(seed, 0, RG_PURPOSE_TEST);
    struct rg_vectors *parts[] = {&w->train, &w->test};

    memset(w, 0, sizeof *w);
    for (int k = 0; k < 2; k++) {
        parts[k]->n = k ? TEST : TRAIN;
        parts[k]->d = D;
        parts[k]->dense = rg_alloc(parts[k]->n * D, sizeof(double));
        parts[k]->tasks = 3;
        parts[k]->task = rg_alloc(parts[k]->n, sizeof(uint32_t));
    }
    for (size_t i = 0; i < N; i++) {
        struct rg_vectors *v = parts[i >= TRAIN];
        size_t row = i < TRAIN ? i : i - TRAIN, shape = gsl_rng_uniform_int(rng, 3), right;
        double *x = v->dense + row * D;

        v->task[row] = (uint32_t)gsl_rng_uniform_int(rng, 3);
        for (size_t k = 0; k < D; k++)
            x[k] = gsl_ran_gaussian(rng, 0.2) + (k == shape);
        rg_dense_normalise(x, D);
        right = kind == FEATURES_TELL ? shape
                : kind == TASKS_TELL  ? v->task[row]
                                      : gsl_rng_uniform_int(rng, 3);
        for (size_t j = 0; j < M; j++) {
            w->score[i * M + j] = j == right;
            w->cost[i * M + j] = 0.001 * (double)(j + 1);
        }
    }
    w->data = (struct rg_learn_data){
        .n = TRAIN, .m = M, .x = &w->train, .score = w->score, .cost = w->cost};
    gsl_rng_free(rng);
}

static void
world_clear(struct world *w)
{
    rg_vectors_clear(&w->train);
    rg_vectors_clear(&w->test);
}

/* As the router's options are by default. */
static const struct rg_hyper usual = {
    .hidden = 16, .weight = 1, .rate = 0.01, .epochs = 150, .decay = 1e-4, .seed = 42};

static struct rg_learnt *
fit(const struct world *w, const struct rg_hyper *h)
{
    struct rg_learnt *l = rg_learnt_new();
    struct rg_err err;

    assert_int_equal(rg_learner_graph.fit(&w->data, h, l, &err), RG_OK);
    assert_true(rg_learner_graph.check(l, M, D));
    return l;
}

/* Share of the test queries on which the choice is right; the best single model's into *single. */
static double
right(const struct world *w, const struct rg_learnt *l, double *single)
{
    double *value = rg_alloc(TEST * M, sizeof *value), sum = 0, each[M] = {0};

    rg_learner_graph.predict(l, &w->test, M, value);
    for (size_t i = 0; i < TEST; i++) {
        size_t pick = rg_dense_argmax(value + i * M, M);

        sum += w->score[(TRAIN + i) * M + pick];
        for (size_t j = 0; j < M; j++)
            each[j] += w->score[(TRAIN + i) * M + j] / TEST;
    }
    *single = each[rg_dense_argmax(each, M)];
    free(value);
    return sum / TEST;
}

/* Where something tells, nearly all is right and a third by any one model; where nothing does, a
 * third as well, within three standard errors of 300 queries, .082. */
static void
it_learns_what_there_is(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (unsigned seed = 1; seed <= 3; seed++) {
            struct rg_learnt *l;
            struct world w;
            double own, single;

            world_init(&w, (enum kind)kind, seed);
            l = fit(&w, &usual);
            own = right(&w, l, &single);
            if (kind == NOTHING_TELLS ? fabs(own - 1.0 / 3) > 0.082 : own < 0.9 || single > 0.45)
                fail_msg("kind %d, seed %u: %g right, best single %g", kind, seed, own, single);
            rg_learnt_free(l);
            world_clear(&w);
        }
}

/* Weighed against cost, the cheapest model is taken although it is never better. */
static void
cost_counts(void **state)
{
    struct rg_hyper h = usual;
    struct rg_learnt *l;
    struct world w;
    double value[TEST * M];

    (void)state;
    world_init(&w, FEATURES_TELL, 5);
    h.weight = 0.2;
    l = fit(&w, &h);
    rg_learner_graph.predict(l, &w.test, M, value);
    for (size_t i = 0; i < TEST; i++)
        assert_int_equal(rg_dense_argmax(value + i * M, M), 0);
    rg_learnt_free(l);
    world_clear(&w);
}

/* A model that was asked on few queries, and right on all of these, is not taken for one that was
 * wrong on the others; one that was never asked has no value; nor do queries of no task harm. */
static void
what_is_missing_is_masked(void **state)
{
    struct rg_learnt *l;
    struct world w;
    double value[TEST * M];
    size_t rare = 0;

    (void)state;
    world_init(&w, NOTHING_TELLS, 9);
    for (size_t i = 0; i < N; i++) {
        w.score[i * M + 1] = i % 5 ? NAN : 1;
        w.cost[i * M + 1] = i % 5 ? NAN : 0.002;
        w.score[i * M + 2] = w.cost[i * M + 2] = NAN;
    }
    l = fit(&w, &usual);
    for (size_t i = 0; i < TEST; i++)
        w.test.task[i] = 3;
    rg_learner_graph.predict(l, &w.test, M, value);
    for (size_t i = 0; i < TEST; i++) {
        rare += rg_dense_argmax(value + i * M, M) == 1;
        assert_true(isnan(value[i * M + 2]));
    }
    assert_true(rare > TEST * 9 / 10);
    free(w.test.task);
    w.test.task = NULL;
    rg_learner_graph.predict(l, &w.test, M, value);
    rg_learnt_free(l);
    world_clear(&w);
}

/* One seed, one result; another seed, another; and a file gives the same values. */
static void
seeds_and_files(void **state)
{
    struct rg_hyper other = usual;
    struct rg_learnt *l, *again;
    struct world w;
    double value[TEST * M], second[TEST * M];
    char path[TEMP_PATH];
    struct rg_err err;

    (void)state;
    world_init(&w, FEATURES_TELL, 2);
    l = fit(&w, &usual);
    rg_learner_graph.predict(l, &w.test, M, value);
    again = fit(&w, &usual);
    rg_learner_graph.predict(again, &w.test, M, second);
    assert_memory_equal(value, second, sizeof value);
    rg_learnt_free(again);
    other.seed = 43;
    again = fit(&w, &other);
    rg_learner_graph.predict(again, &w.test, M, second);
    assert_memory_not_equal(value, second, sizeof value);
    rg_learnt_free(again);
    temp_write(path, "", 0);
    assert_int_equal(rg_learnt_save(l, path, &err), RG_OK);
    assert_int_equal(rg_learnt_load(&again, path, &err), RG_OK);
    unlink(path);
    assert_true(rg_learner_graph.check(again, M, D));
    rg_learner_graph.predict(again, &w.test, M, second);
    assert_memory_equal(value, second, sizeof value);
    rg_learnt_free(again);
    rg_learnt_free(l);
    world_clear(&w);
}

/* Through a trace: all texts are alike, data set a is for one model, b for another; c was not
 * learnt from, so that its queries go where most do. */
static void
tasks_are_data_sets(void **state)
{
    enum { EACH = 20 };
    struct rg_buf lines = {0};
    struct router_trial r;
    uint32_t train[2 * EACH];
    size_t n = 0, third = 0;

    (void)state;
    for (int i = 0; i < 3 * EACH; i++) {
        int set = i % 3;

        rg_buf_printf(&lines,
                      "{\"type\":\"query\",\"dataset\":\"%c\",\"id\":\"%d\",\"text\":\"alike\"}\n",
                      'a' + set, i);
        for (int m = 0; m < 2; m++)
            rg_buf_printf(&lines,
                          "{\"type\":\"call\",\"dataset\":\"%c\",\"query\":\"%d\",\"model\":"
                          "\"m%d\",\"score\":%d}\n",
                          'a' + set, i, m, m == set);
    }
    router_trial_open(&r, rg_buf_text(&lines));
    for (uint32_t q = 0; q < r.trace->n_queries; q++)
        if (r.trace->queries.dataset[q] < 2 && q % 2)
            train[n++] = q;
    r.policy.train = train;
    r.policy.n_train = n;
    if (router_trial_read(&r, "graphrouter(dim=4)") != RG_OK)
        fail_msg("%s", r.err.text);
    for (uint32_t q = 0; q < r.trace->n_queries; q++) {
        const char *first = router_trial_first(&r, q);

        if (r.trace->queries.dataset[q] < 2)
            assert_string_equal(first, r.trace->queries.dataset[q] ? "m1" : "m0");
        else
            third += *first == 'm';
    }
    assert_int_equal(third, EACH);
    router_trial_close(&r);
    rg_buf_clear(&lines);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_is_the_slope),
        cmocka_unit_test(it_learns_what_there_is),
        cmocka_unit_test(cost_counts),
        cmocka_unit_test(what_is_missing_is_masked),
        cmocka_unit_test(seeds_and_files),
        cmocka_unit_test(tasks_are_data_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
