/* A small graph network of queries, tasks and models after GraphRouter (T. Feng, Y. Shen, J. You,
 * "GraphRouter: a graph-based router for LLM selections", ICLR 2025).
 *
 *   query i   q_i = W x_i                                         (h numbers)
 *   edge      g_im = sigmoid(u . (relu(F e_im), 1)), e_im = (utility, cost, score, 1)
 *   task t    s_t = relu(t_t + B mean over its visible queries of q_i)
 *             p_i = q_i + D s_t, t the task of i
 *   model m   r_m = relu(e_m + C mean over visible queries of g_im q_i)
 *             h_m = r_m + E mean over visible queries of g_im p_i
 *   value     sigmoid(p_i . h_m / h + c_m), cross entropy against "has the greatest utility"
 *
 * so that two convolutions pass along the edges: from queries to tasks and models, and from tasks
 * to queries and again to models. utility = weight * score - (1 - weight) * cost, the cost scaled
 * to 0 .. 1 over its task. In each round half of the queries are hidden: messages pass along the
 * edges of the others, and the hidden ones are what is learnt from, as queries to come have no
 * edges either. A model that was not recorded on a query has no edge to it.
 *
 * Unlike the original, learnt vectors stand for the descriptions of tasks and models; there is no
 * batch normalisation; test queries are never part of the graph; and no round is chosen by how it
 * does on the test part. What is kept is W, and the nodes of tasks and models over all train edges.
 */
#include "replay/learn/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/learn/adam.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"
#include "replay/learn/linear.h"

enum { EDGE = RG_GRAPH_EDGE, INNER = RG_GRAPH_INNER };

/* ---- parameters ---- */

/* W (h x d), t (tasks x h), e (m x h), B, C, D, E (h x h), F (INNER x EDGE), u (INNER + 1), c (m).
 */
struct place {
    size_t task, model, b, c, d, e, inner, gate, constant, end;
};

static struct place
places(const struct rg_graph *g)
{
    struct place p = {.task = g->h * g->d};
    size_t square = g->h * g->h;

    p.model = p.task + g->tasks * g->h;
    p.b = p.model + g->m * g->h;
    p.c = p.b + square;
    p.d = p.c + square;
    p.e = p.d + square;
    p.inner = p.e + square;
    p.gate = p.inner + INNER * EDGE;
    p.constant = p.gate + INNER + 1;
    p.end = p.constant + g->m;
    return p;
}

size_t
rg_graph_size(const struct rg_graph *g)
{
    return places(g).end;
}

/* ---- edges ---- */

/* Least cost of a task's edges, and how far the greatest is above it. */
static void
cost_ranges(const struct rg_graph *g, const double *cost, double *least, double *range)
{
    for (size_t t = 0; t <= g->tasks; t++) {
        least[t] = INFINITY;
        range[t] = -INFINITY;
    }
    for (size_t k = 0; k < g->n * g->m; k++) {
        size_t t = g->task ? g->task[k / g->m] : g->tasks;

        if (isnan(cost[k]))
            continue;
        least[t] = fmin(least[t], cost[k]);
        range[t] = fmax(range[t], cost[k]);
    }
    for (size_t t = 0; t <= g->tasks; t++)
        range[t] -= least[t];
}

static void
make_edges(struct rg_graph *g, const struct rg_learn_data *data, double weight)
{
    double *least = rg_alloc(2 * (g->tasks + 1), sizeof *least), *range = least + g->tasks + 1;

    g->edge = rg_zalloc(g->n * g->m * EDGE, sizeof *g->edge);
    g->target = rg_alloc(g->n * g->m, sizeof *g->target);
    cost_ranges(g, data->cost, least, range);
    for (size_t i = 0; i < g->n; i++) {
        size_t t = g->task ? g->task[i] : g->tasks;
        double most = -INFINITY;

        for (size_t k = i * g->m; k < (i + 1) * g->m; k++) {
            double *edge = g->edge + k * EDGE;

            g->target[k] = data->score[k];
            if (isnan(data->score[k]))
                continue;
            edge[1] =
                !isnan(data->cost[k]) && range[t] > 0 ? (data->cost[k] - least[t]) / range[t] : 0;
            edge[0] = weight * data->score[k] - (1 - weight) * edge[1];
            edge[2] = data->score[k];
            edge[3] = 1;
            most = fmax(most, edge[0]);
        }
        for (size_t k = i * g->m; k < (i + 1) * g->m; k++)
            if (!isnan(g->target[k]))
                g->target[k] = g->edge[k * EDGE] >= most;
    }
    free(least);
}

/* ---- forward ---- */

/* Values of a round, and behind each its gradient. */
struct room {
    double *q, *p, *gq, *gp;          /* n x h */
    double *task_mean, *task, *gtask; /* tasks x h */
    double *task_count, *count;       /* tasks, m */
    double *first, *second, *r, *h;   /* m x h: both means, and both nodes of models */
    double *gfirst, *gsecond, *gr, *gh;
    double *gate; /* n x m */
    double *all;
};

static void
room_init(struct room *r, const struct rg_graph *g)
{
    const size_t nh = g->n * g->h, th = g->tasks * g->h, mh = g->m * g->h;
    const struct {
        double **to;
        size_t n;
    } parts[] = {
        {&r->q, nh},         {&r->p, nh},
        {&r->gq, nh},        {&r->gp, nh},
        {&r->task_mean, th}, {&r->task, th},
        {&r->gtask, th},     {&r->task_count, g->tasks},
        {&r->count, g->m},   {&r->first, mh},
        {&r->second, mh},    {&r->r, mh},
        {&r->h, mh},         {&r->gfirst, mh},
        {&r->gsecond, mh},   {&r->gr, mh},
        {&r->gh, mh},        {&r->gate, g->n * g->m},
    };
    size_t total = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        total += parts[i].n;
    r->all = rg_zalloc(total + 1, sizeof *r->all);
    total = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i].to = r->all + total;
        total += parts[i].n;
    }
}

/* The task of a query, or `tasks`. */
static size_t
task_of(const struct rg_graph *g, size_t i)
{
    return g->task ? g->task[i] : g->tasks;
}

/* y += A x, and y += A' x, for an h x h matrix. */
static void
add_product(const double *a, const double *x, size_t h, double *y)
{
    for (size_t k = 0; k < h; k++)
        y[k] += rg_dense_dot(a + k * h, x, h);
}

static void
add_turned(const double *a, const double *x, size_t h, double *y)
{
    for (size_t k = 0; k < h; k++)
        rg_dense_add(y, x[k], a + k * h, h);
}

/* a += x y'. */
static void
add_outer(double *a, const double *x, const double *y, size_t h)
{
    for (size_t k = 0; k < h; k++)
        rg_dense_add(a + k * h, x[k], y, h);
}

/* What the network of edges makes of one; returns its gate. */
static double
gate_of(const struct rg_graph *g, const double *p, size_t k, double inner[INNER])
{
    struct place at = places(g);
    const double *e = g->edge + k * EDGE, *u = p + at.gate;
    double sum = u[INNER];

    for (size_t a = 0; a < INNER; a++) {
        const double *f = p + at.inner + a * EDGE;

        inner[a] = fmax(f[0] * e[0] + f[1] * e[1] + f[2] * e[2] + f[3] * e[3], 0);
        sum += u[a] * inner[a];
    }
    return rg_linear_sigmoid(sum);
}

static void
tasks_forward(const struct rg_graph *g, const double *p, struct room *r)
{
    struct place at = places(g);

    memset(r->task_mean, 0, g->tasks * g->h * sizeof *r->task_mean);
    memset(r->task_count, 0, g->tasks * sizeof *r->task_count);
    for (size_t i = 0; i < g->n; i++) {
        size_t t = task_of(g, i);

        if (t == g->tasks || !g->visible[i])
            continue;
        rg_dense_add(r->task_mean + t * g->h, 1, r->q + i * g->h, g->h);
        r->task_count[t] += 1;
    }
    for (size_t t = 0; t < g->tasks; t++) {
        double *mean = r->task_mean + t * g->h, *to = r->task + t * g->h;

        for (size_t k = 0; k < g->h; k++)
            mean[k] /= fmax(r->task_count[t], 1);
        memcpy(to, p + at.task + t * g->h, g->h * sizeof *to);
        add_product(p + at.b, mean, g->h, to);
        for (size_t k = 0; k < g->h; k++)
            to[k] = fmax(to[k], 0);
    }
    memcpy(r->p, r->q, g->n * g->h * sizeof *r->p);
    for (size_t i = 0; i < g->n; i++)
        if (task_of(g, i) < g->tasks)
            add_product(p + at.d, r->task + task_of(g, i) * g->h, g->h, r->p + i * g->h);
}

static void
models_forward(const struct rg_graph *g, const double *p, struct room *r)
{
    struct place at = places(g);
    double inner[INNER];

    memset(r->first, 0, g->m * g->h * sizeof *r->first);
    memset(r->second, 0, g->m * g->h * sizeof *r->second);
    memset(r->count, 0, g->m * sizeof *r->count);
    for (size_t k = 0; k < g->n * g->m; k++) {
        size_t i = k / g->m, j = k % g->m;

        if (!g->visible[i] || isnan(g->target[k]))
            continue;
        r->gate[k] = gate_of(g, p, k, inner);
        rg_dense_add(r->first + j * g->h, r->gate[k], r->q + i * g->h, g->h);
        rg_dense_add(r->second + j * g->h, r->gate[k], r->p + i * g->h, g->h);
        r->count[j] += 1;
    }
    for (size_t j = 0; j < g->m; j++) {
        double *node = r->r + j * g->h, *last = r->h + j * g->h;

        for (size_t k = j * g->h; k < (j + 1) * g->h; k++) {
            r->first[k] /= fmax(r->count[j], 1);
            r->second[k] /= fmax(r->count[j], 1);
        }
        memcpy(node, p + at.model + j * g->h, g->h * sizeof *node);
        add_product(p + at.c, r->first + j * g->h, g->h, node);
        for (size_t k = 0; k < g->h; k++)
            last[k] = node[k] = fmax(node[k], 0);
        add_product(p + at.e, r->second + j * g->h, g->h, last);
    }
}

static void
forward(const struct rg_graph *g, const double *p, struct room *r)
{
    rg_dense_products(g->x, g->n, p, g->h, g->d, r->q);
    tasks_forward(g, p, r);
    models_forward(g, p, r);
}

/* ---- backward ---- */

/* ln(1 + e^x) without overflow. */
static double
softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

/* The loss over hidden edges, and what it says of their ends. */
static double
from_loss(const struct rg_graph *g, const double *p, struct room *r, double *out)
{
    struct place at = places(g);
    double loss = 0, n = 0;

    for (size_t k = 0; k < g->n * g->m; k++)
        n += !g->visible[k / g->m] && !isnan(g->target[k]);
    memset(r->gp, 0, g->n * g->h * sizeof *r->gp);
    memset(r->gh, 0, g->m * g->h * sizeof *r->gh);
    for (size_t k = 0; k < g->n * g->m; k++) {
        size_t i = k / g->m, j = k % g->m;
        double v, e;

        if (g->visible[i] || isnan(g->target[k]))
            continue;
        v = rg_dense_dot(r->p + i * g->h, r->h + j * g->h, g->h) / (double)g->h +
            p[at.constant + j];
        loss += (softplus(v) - g->target[k] * v) / n;
        if (!out)
            continue;
        e = (rg_linear_sigmoid(v) - g->target[k]) / n;
        out[at.constant + j] += e;
        rg_dense_add(r->gp + i * g->h, e / (double)g->h, r->h + j * g->h, g->h);
        rg_dense_add(r->gh + j * g->h, e / (double)g->h, r->p + i * g->h, g->h);
    }
    return loss;
}

/* From the nodes of models to both means of messages. */
static void
models_backward(const struct rg_graph *g, const double *p, struct room *r, double *out)
{
    struct place at = places(g);

    memset(r->gfirst, 0, g->m * g->h * sizeof *r->gfirst);
    memset(r->gsecond, 0, g->m * g->h * sizeof *r->gsecond);
    for (size_t j = 0; j < g->m; j++) {
        const double *gh = r->gh + j * g->h;
        double *gr = r->gr + j * g->h;

        add_outer(out + at.e, gh, r->second + j * g->h, g->h);
        add_turned(p + at.e, gh, g->h, r->gsecond + j * g->h);
        for (size_t k = 0; k < g->h; k++)
            gr[k] = r->r[j * g->h + k] > 0 ? gh[k] : 0;
        rg_dense_add(out + at.model + j * g->h, 1, gr, g->h);
        add_outer(out + at.c, gr, r->first + j * g->h, g->h);
        add_turned(p + at.c, gr, g->h, r->gfirst + j * g->h);
    }
}

static void
edges_backward(const struct rg_graph *g, const double *p, struct room *r, double *out)
{
    struct place at = places(g);
    double inner[INNER];

    for (size_t k = 0; k < g->n * g->m; k++) {
        size_t i = k / g->m, j = k % g->m;
        double e, share;

        if (!g->visible[i] || isnan(g->target[k]))
            continue;
        share = 1 / r->count[j];
        rg_dense_add(r->gq + i * g->h, share * r->gate[k], r->gfirst + j * g->h, g->h);
        rg_dense_add(r->gp + i * g->h, share * r->gate[k], r->gsecond + j * g->h, g->h);
        e = share * (rg_dense_dot(r->gfirst + j * g->h, r->q + i * g->h, g->h) +
                     rg_dense_dot(r->gsecond + j * g->h, r->p + i * g->h, g->h));
        e *= gate_of(g, p, k, inner) * (1 - r->gate[k]);
        out[at.gate + INNER] += e;
        for (size_t a = 0; a < INNER; a++) {
            out[at.gate + a] += e * inner[a];
            if (inner[a] > 0)
                rg_dense_add(out + at.inner + a * EDGE, e * p[at.gate + a], g->edge + k * EDGE,
                             EDGE);
        }
    }
}

/* From queries as their tasks have changed them to tasks and queries. */
static void
tasks_backward(const struct rg_graph *g, const double *p, struct room *r, double *out)
{
    struct place at = places(g);

    memset(r->gtask, 0, g->tasks * g->h * sizeof *r->gtask);
    rg_dense_add(r->gq, 1, r->gp, g->n * g->h);
    for (size_t i = 0; i < g->n; i++) {
        size_t t = task_of(g, i);

        if (t == g->tasks)
            continue;
        add_outer(out + at.d, r->gp + i * g->h, r->task + t * g->h, g->h);
        add_turned(p + at.d, r->gp + i * g->h, g->h, r->gtask + t * g->h);
    }
    for (size_t t = 0; t < g->tasks; t++) {
        double *gt = r->gtask + t * g->h;

        for (size_t k = 0; k < g->h; k++)
            gt[k] = r->task[t * g->h + k] > 0 ? gt[k] : 0;
        rg_dense_add(out + at.task + t * g->h, 1, gt, g->h);
        add_outer(out + at.b, gt, r->task_mean + t * g->h, g->h);
        /* The mean's gradient takes the place of the mean, which is not needed any more. */
        memset(r->task_mean + t * g->h, 0, g->h * sizeof *r->task_mean);
        add_turned(p + at.b, gt, g->h, r->task_mean + t * g->h);
    }
    for (size_t i = 0; i < g->n; i++) {
        size_t t = task_of(g, i);

        if (t < g->tasks && g->visible[i])
            rg_dense_add(r->gq + i * g->h, 1 / r->task_count[t], r->task_mean + t * g->h, g->h);
    }
}

static double
round_loss(const struct rg_graph *g, const double *p, struct room *r, double *out)
{
    double loss;

    forward(g, p, r);
    loss = from_loss(g, p, r, out);
    if (!out)
        return loss;
    memset(r->gq, 0, g->n * g->h * sizeof *r->gq);
    models_backward(g, p, r, out);
    edges_backward(g, p, r, out);
    tasks_backward(g, p, r, out);
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < g->h; k++)
            rg_dense_add(out + k * g->d, r->gq[i * g->h + k], g->x + i * g->d, g->d);
    return loss;
}

double
rg_graph_loss(const struct rg_graph *g, const double *parameters, double *gradient)
{
    struct room r;
    double loss;

    room_init(&r, g);
    loss = round_loss(g, parameters, &r, gradient);
    free(r.all);
    return loss;
}

void
rg_graph_nodes(const struct rg_graph *g, const double *parameters, double *models, double *tasks)
{
    struct place at = places(g);
    double *last = tasks + g->tasks * g->h;
    struct room r;

    for (size_t i = 0; i < g->n; i++)
        g->visible[i] = true;
    room_init(&r, g);
    forward(g, parameters, &r);
    memcpy(models, r.h, g->m * g->h * sizeof *models);
    memset(tasks, 0, (g->tasks + 1) * g->h * sizeof *tasks);
    for (size_t t = 0; t < g->tasks; t++) {
        add_product(parameters + at.d, r.task + t * g->h, g->h, tasks + t * g->h);
        rg_dense_add(last, 1 / (double)g->tasks, tasks + t * g->h, g->h);
    }
    free(r.all);
}

/* ---- the learner ---- */

static void
train(struct rg_graph *g, const struct rg_hyper *hyper, gsl_rng *rng, double *p)
{
    size_t n = rg_graph_size(g);
    double *gradient = rg_zalloc(n, sizeof *gradient);
    struct rg_adam adam;
    struct room r;

    room_init(&r, g);
    rg_adam_init(&adam, n, hyper->rate, hyper->decay);
    for (double epoch = 0; epoch < hyper->epochs; epoch += 1) {
        for (size_t i = 0; i < g->n; i++)
            g->visible[i] = rg_rng_unit(rng) < 0.5;
        (void)round_loss(g, p, &r, gradient);
        rg_adam_step(&adam, p, gradient);
    }
    rg_adam_clear(&adam);
    free(gradient);
    free(r.all);
}

/* Where learning begins: matrices of about unit gain, edges with a gate of about a half. */
static void
draw(const struct rg_graph *g, gsl_rng *rng, double *p)
{
    struct place at = places(g);
    const double gain = 1 / sqrt((double)g->h);

    rg_adam_draw(rng, p, at.task, 1);
    rg_adam_draw(rng, p + at.task, at.b - at.task, 0.5);
    rg_adam_draw(rng, p + at.b, at.inner - at.b, gain);
    rg_adam_draw(rng, p + at.inner, at.gate - at.inner, 0.5);
    rg_adam_draw(rng, p + at.gate, INNER, 0.5);
}

static enum rg_status
graph_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
          struct rg_err *err)
{
    struct rg_graph g = {.n = data->n,
                         .m = data->m,
                         .d = data->x->d,
                         .tasks = data->x->task ? data->x->tasks : 0,
                         .h = (size_t)hyper->hidden,
                         .x = data->x->dense,
                         .task = data->x->task};
    struct place at = places(&g);
    gsl_rng *rng = rg_rng_new((uint64_t)hyper->seed, 5, RG_PURPOSE_LEARNING);
    double *p = rg_zalloc(at.end, sizeof *p), *models, *tasks;

    (void)err;
    rg_learner_means(data, rg_learnt_add(out, "means", 1, data->m), NULL);
    g.visible = rg_alloc(g.n, sizeof *g.visible);
    make_edges(&g, data, hyper->weight);
    draw(&g, rng, p);
    train(&g, hyper, rng, p);
    models = rg_learnt_add(out, "models", g.m, g.h);
    tasks = rg_learnt_add(out, "tasks", g.tasks + 1, g.h);
    rg_graph_nodes(&g, p, models, tasks);
    memcpy(rg_learnt_add(out, "project", g.h, g.d), p, at.task * sizeof *p);
    memcpy(rg_learnt_add(out, "constants", 1, g.m), p + at.constant, g.m * sizeof *p);
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
           rg_learner_has(l, "tasks", SIZE_MAX, project->rows) && means && means->rows == 1 &&
           means->columns == m;
}

static void
graph_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    const struct rg_learnt_array *project = rg_learnt_find(l, "project");
    const struct rg_learnt_array *tasks = rg_learnt_find(l, "tasks");
    const double *constant = rg_learnt_get(l, "constants"), *means = rg_learnt_get(l, "means");
    size_t h = project->rows;
    double *q = rg_alloc(x->n * h, sizeof *q);

    rg_dense_products(x->dense, x->n, project->x, h, x->d, q);
    for (size_t i = 0; i < x->n; i++) {
        size_t t = x->task && x->task[i] < tasks->rows ? x->task[i] : tasks->rows - 1;

        rg_dense_add(q + i * h, 1, tasks->x + t * h, h);
    }
    rg_dense_products(q, x->n, rg_learnt_get(l, "models"), m, h, value);
    for (size_t i = 0; i < x->n * m; i++)
        value[i] =
            isnan(means[i % m]) ? NAN : rg_linear_sigmoid(value[i] / (double)h + constant[i % m]);
    free(q);
}

const struct rg_learner rg_learner_graph = {.name = "graphrouter",
                                            .tasks = true,
                                            .fit = graph_fit,
                                            .check = graph_check,
                                            .predict = graph_predict};
