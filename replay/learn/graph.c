/* A small graph network between queries and models after GraphRouter (T. Feng, Y. Shen, J. You,
 * "GraphRouter: a graph-based router for LLM selections", ICLR 2025).
 *
 *   query i   q_i = W x_i                          (h numbers)
 *   edge      g_im = sigmoid(u . (utility, cost, score, 1)) of a train query and model
 *   model m   h_m = relu(e_m + C mean over visible edges of g_im q_i)
 *   value     sigmoid(q_i . h_m / h + c_m), cross entropy against "has the greatest utility"
 *
 * utility = weight * score - (1 - weight) * cost, cost scaled to 0 .. 1. In each round half of the
 * edges are hidden: messages pass along the others, and the hidden ones are what is learnt from.
 * Unlike the original there is one convolution, from queries to models; a learnt vector stands for
 * a model's description; test queries are never part of the graph; and no round is chosen by how it
 * does on the test part. What is kept is W and h_m over all train edges. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/learn/adam.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"
#include "replay/learn/linear.h"

enum { EDGE = 4 }; /* numbers of an edge, with the constant */

struct graph {
    size_t n, m, d, h;
    const double *x;
    double *edge;   /* n x m x EDGE */
    double *target; /* n x m, NaN: no edge */
    bool *visible;  /* n x m */
};

/* Parameters: W (h x d), e (m x h), C (h x h), u (EDGE), c (m). */
struct place {
    size_t e, conv, u, c, end;
};

static struct place
places(const struct graph *g)
{
    struct place p = {.e = g->h * g->d};

    p.conv = p.e + g->m * g->h;
    p.u = p.conv + g->h * g->h;
    p.c = p.u + EDGE;
    p.end = p.c + g->m;
    return p;
}

static void
make_edges(struct graph *g, const struct rg_learn_data *data, double weight)
{
    double dearest = 0;

    g->edge = rg_zalloc(g->n * g->m * EDGE, sizeof *g->edge);
    g->target = rg_alloc(g->n * g->m, sizeof *g->target);
    g->visible = rg_alloc(g->n * g->m, sizeof *g->visible);
    for (size_t k = 0; k < g->n * g->m; k++)
        dearest = isnan(data->cost[k]) ? dearest : fmax(dearest, data->cost[k]);
    for (size_t i = 0; i < g->n; i++) {
        double most = -INFINITY;

        for (size_t j = 0; j < g->m; j++) {
            size_t at = i * g->m + j;
            double cost = dearest > 0 && data->cost[at] > 0 ? data->cost[at] / dearest : 0;
            double *edge = g->edge + at * EDGE;

            g->target[at] = data->score[at];
            if (isnan(data->score[at]))
                continue;
            edge[0] = weight * data->score[at] - (1 - weight) * cost;
            edge[1] = cost;
            edge[2] = data->score[at];
            edge[3] = 1;
            most = fmax(most, edge[0]);
        }
        for (size_t j = 0; j < g->m; j++)
            if (!isnan(g->target[i * g->m + j]))
                g->target[i * g->m + j] = g->edge[(i * g->m + j) * EDGE] >= most;
    }
}

struct room {
    double *q, *mean, *count, *models, *gate; /* n x h, m x h, m, m x h, n x m */
    double *gq, *gmean, *gmodels;             /* their gradients */
};

static double
gate_of(const struct graph *g, const double *u, size_t at)
{
    const double *e = g->edge + at * EDGE;

    return rg_linear_sigmoid(u[0] * e[0] + u[1] * e[1] + u[2] * e[2] + u[3] * e[3]);
}

static void
forward(const struct graph *g, const double *p, struct room *r)
{
    struct place at = places(g);

    rg_dense_products(g->x, g->n, p, g->h, g->d, r->q);
    memset(r->mean, 0, g->m * g->h * sizeof *r->mean);
    memset(r->count, 0, g->m * sizeof *r->count);
    for (size_t k = 0; k < g->n * g->m; k++) {
        if (!g->visible[k])
            continue;
        r->gate[k] = gate_of(g, p + at.u, k);
        rg_dense_add(r->mean + k % g->m * g->h, r->gate[k], r->q + k / g->m * g->h, g->h);
        r->count[k % g->m] += 1;
    }
    for (size_t j = 0; j < g->m; j++) {
        double *mean = r->mean + j * g->h, *to = r->models + j * g->h;

        for (size_t k = 0; k < g->h; k++)
            mean[k] /= fmax(r->count[j], 1);
        for (size_t k = 0; k < g->h; k++)
            to[k] =
                fmax(p[at.e + j * g->h + k] + rg_dense_dot(p + at.conv + k * g->h, mean, g->h), 0);
    }
}

/* Gradients at the values of hidden edges; returns how many there are. */
static size_t
from_loss(const struct graph *g, const double *p, struct room *r, double *out)
{
    struct place at = places(g);
    size_t n = 0;

    memset(r->gq, 0, g->n * g->h * sizeof *r->gq);
    memset(r->gmodels, 0, g->m * g->h * sizeof *r->gmodels);
    for (size_t k = 0; k < g->n * g->m; k++)
        n += !g->visible[k] && !isnan(g->target[k]);
    for (size_t k = 0; k < g->n * g->m; k++) {
        size_t i = k / g->m, j = k % g->m;
        double e;

        if (g->visible[k] || isnan(g->target[k]))
            continue;
        e = rg_dense_dot(r->q + i * g->h, r->models + j * g->h, g->h) / (double)g->h + p[at.c + j];
        e = (rg_linear_sigmoid(e) - g->target[k]) / (double)n;
        out[at.c + j] += e;
        rg_dense_add(r->gq + i * g->h, e / (double)g->h, r->models + j * g->h, g->h);
        rg_dense_add(r->gmodels + j * g->h, e / (double)g->h, r->q + i * g->h, g->h);
    }
    return n;
}

static void
backward(const struct graph *g, const double *p, struct room *r, double *out)
{
    struct place at = places(g);

    memset(r->gmean, 0, g->m * g->h * sizeof *r->gmean);
    for (size_t j = 0; j < g->m; j++)
        for (size_t k = 0; k < g->h; k++) {
            double e = r->models[j * g->h + k] > 0 ? r->gmodels[j * g->h + k] : 0;

            out[at.e + j * g->h + k] += e;
            rg_dense_add(out + at.conv + k * g->h, e, r->mean + j * g->h, g->h);
            rg_dense_add(r->gmean + j * g->h, e / fmax(r->count[j], 1), p + at.conv + k * g->h,
                         g->h);
        }
    for (size_t k = 0; k < g->n * g->m; k++) {
        size_t i = k / g->m, j = k % g->m;
        double e;

        if (!g->visible[k])
            continue;
        rg_dense_add(r->gq + i * g->h, r->gate[k], r->gmean + j * g->h, g->h);
        e = rg_dense_dot(r->gmean + j * g->h, r->q + i * g->h, g->h) * r->gate[k] *
            (1 - r->gate[k]);
        rg_dense_add(out + at.u, e, g->edge + k * EDGE, EDGE);
    }
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < g->h; k++)
            rg_dense_add(out + k * g->d, r->gq[i * g->h + k], g->x + i * g->d, g->d);
}

static void
train(struct graph *g, const struct rg_hyper *hyper, gsl_rng *rng, double *p, struct room *r)
{
    struct place at = places(g);
    double *gradient = rg_zalloc(at.end, sizeof *gradient);
    struct rg_adam adam;

    rg_adam_init(&adam, at.end, hyper->rate, hyper->decay);
    for (double epoch = 0; epoch < hyper->epochs; epoch += 1) {
        for (size_t k = 0; k < g->n * g->m; k++)
            g->visible[k] = !isnan(g->target[k]) && rg_rng_unit(rng) < 0.5;
        forward(g, p, r);
        if (from_loss(g, p, r, gradient) > 0)
            backward(g, p, r, gradient);
        rg_adam_step(&adam, p, gradient);
    }
    for (size_t k = 0; k < g->n * g->m; k++)
        g->visible[k] = !isnan(g->target[k]);
    forward(g, p, r);
    rg_adam_clear(&adam);
    free(gradient);
}

static void
room_init(struct room *r, const struct graph *g)
{
    r->q = rg_alloc(g->n * g->h, sizeof *r->q);
    r->gq = rg_alloc(g->n * g->h, sizeof *r->gq);
    r->mean = rg_alloc(g->m * g->h, sizeof *r->mean);
    r->gmean = rg_alloc(g->m * g->h, sizeof *r->gmean);
    r->models = rg_alloc(g->m * g->h, sizeof *r->models);
    r->gmodels = rg_alloc(g->m * g->h, sizeof *r->gmodels);
    r->count = rg_alloc(g->m, sizeof *r->count);
    r->gate = rg_alloc(g->n * g->m, sizeof *r->gate);
}

static void
room_clear(struct room *r)
{
    free(r->q);
    free(r->gq);
    free(r->mean);
    free(r->gmean);
    free(r->models);
    free(r->gmodels);
    free(r->count);
    free(r->gate);
}

static enum rg_status
graph_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
          struct rg_err *err)
{
    struct graph g = {.n = data->n,
                      .m = data->m,
                      .d = data->x->d,
                      .h = (size_t)hyper->hidden,
                      .x = data->x->dense};
    struct place at = places(&g);
    gsl_rng *rng = rg_rng_new((uint64_t)hyper->seed, 5, RG_PURPOSE_LEARNING);
    double *p = rg_zalloc(at.end, sizeof *p);
    struct room r;

    (void)err;
    rg_learner_means(data, rg_learnt_add(out, "means", 1, data->m), NULL);
    make_edges(&g, data, hyper->weight);
    room_init(&r, &g);
    rg_adam_draw(rng, p, at.e, 1);
    rg_adam_draw(rng, p + at.e, at.conv - at.e, 0.5);
    rg_adam_draw(rng, p + at.conv, at.u - at.conv, 1 / sqrt((double)g.h));
    train(&g, hyper, rng, p, &r);
    memcpy(rg_learnt_add(out, "project", g.h, g.d), p, at.e * sizeof *p);
    memcpy(rg_learnt_add(out, "models", g.m, g.h), r.models, g.m * g.h * sizeof *p);
    memcpy(rg_learnt_add(out, "constants", 1, g.m), p + at.c, g.m * sizeof *p);
    room_clear(&r);
    free(g.edge);
    free(g.target);
    free(g.visible);
    free(p);
    gsl_rng_free(rng);
    return RG_OK;
}

static bool
graph_check(const struct rg_learnt *l, size_t m, size_t d)
{
    const struct rg_learnt_array *project = rg_learnt_find(l, "project");
    const struct rg_learnt_array *means = rg_learnt_find(l, "means");

    return rg_learner_has(l, "project", SIZE_MAX, d) &&
           rg_learner_has(l, "models", m, project->rows) && rg_learner_has(l, "constants", 1, m) &&
           means && means->rows == 1 && means->columns == m;
}

static void
graph_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    const struct rg_learnt_array *project = rg_learnt_find(l, "project");
    const double *constant = rg_learnt_get(l, "constants"), *means = rg_learnt_get(l, "means");
    size_t h = project->rows;
    double *q = rg_alloc(x->n * h, sizeof *q);

    rg_dense_products(x->dense, x->n, project->x, h, x->d, q);
    rg_dense_products(q, x->n, rg_learnt_get(l, "models"), m, h, value);
    for (size_t i = 0; i < x->n * m; i++)
        value[i] =
            isnan(means[i % m]) ? NAN : rg_linear_sigmoid(value[i] / (double)h + constant[i % m]);
    free(q);
}

const struct rg_learner rg_learner_graph = {
    .name = "graphrouter", .fit = graph_fit, .check = graph_check, .predict = graph_predict};
