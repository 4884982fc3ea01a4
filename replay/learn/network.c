/* A network of hidden layers with ReLU from a query's vector to the score of every model at once
 * (RouterBench's and RouterEval's MLP routers, there one network a model), by squared error over
 * the scores that were recorded, with Adam in random batches. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/learn/adam.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"

enum { MOST_LAYERS = 4 }; /* with weights */

/* Parameters of layer k: size[k + 1] rows of size[k] weights, then size[k + 1] constants. */
struct network {
    size_t layers, size[MOST_LAYERS + 1], begin[MOST_LAYERS + 1];
};

static void
shape(struct network *net, size_t d, size_t hidden, size_t layers, size_t m)
{
    *net = (struct network){.layers = layers + 1};
    net->size[0] = d;
    for (size_t k = 1; k <= layers; k++)
        net->size[k] = hidden;
    net->size[layers + 1] = m;
    for (size_t k = 0; k < net->layers; k++)
        net->begin[k + 1] = net->begin[k] + net->size[k + 1] * (net->size[k] + 1);
}

/* out (n x size[k + 1]) of layer k; hidden ones with ReLU. */
static void
forward(const struct network *net, size_t k, const double *w, const double *in, size_t n,
        double *out)
{
    size_t from = net->size[k], to = net->size[k + 1];
    const double *constant = w + net->begin[k] + to * from;

    rg_dense_products(in, n, w + net->begin[k], to, from, out);
    for (size_t i = 0; i < n * to; i++) {
        out[i] += constant[i % to];
        if (k + 1 < net->layers)
            out[i] = fmax(out[i], 0);
    }
}

/* Gradient of layer k from delta (n x size[k + 1]); delta of the layer below into below (NULL: not
 * wanted). */
static void
backward(const struct network *net, size_t k, const double *w, const double *in,
         const double *delta, size_t n, double *gradient, double *below)
{
    size_t from = net->size[k], to = net->size[k + 1];
    double *g = gradient + net->begin[k], *constant = g + to * from;

    if (below)
        memset(below, 0, n * from * sizeof *below);
    for (size_t i = 0; i < n; i++)
        for (size_t o = 0; o < to; o++) {
            double x = delta[i * to + o];

            if (!(x > 0 || x < 0))
                continue;
            rg_dense_add(g + o * from, x, in + i * from, from);
            constant[o] += x;
            if (below)
                rg_dense_add(below + i * from, x, w + net->begin[k] + o * from, from);
        }
    for (size_t i = 0; below && i < n * from; i++)
        if (!(in[i] > 0))
            below[i] = 0;
}

struct training {
    struct network net;
    double *w, *gradient;
    double *act[MOST_LAYERS + 1], *delta[MOST_LAYERS + 1];
};

static void
train_batch(struct training *t, const struct rg_learn_data *data, const uint32_t *rows, size_t n)
{
    const struct network *net = &t->net;
    size_t last = net->layers, m = data->m;

    for (size_t i = 0; i < n; i++)
        memcpy(t->act[0] + i * data->x->d, data->x->dense + rows[i] * data->x->d,
               data->x->d * sizeof(double));
    for (size_t k = 0; k < last; k++)
        forward(net, k, t->w, t->act[k], n, t->act[k + 1]);
    for (size_t i = 0; i < n * m; i++) {
        double y = data->score[rows[i / m] * m + i % m];

        t->delta[last][i] = isnan(y) ? 0 : (t->act[last][i] - y) / (double)n;
    }
    for (size_t k = last; k-- > 0;)
        backward(net, k, t->w, t->act[k], t->delta[k + 1], n, t->gradient,
                 k > 0 ? t->delta[k] : NULL);
}

static void
train(struct training *t, const struct rg_learn_data *data, const struct rg_hyper *hyper,
      gsl_rng *rng)
{
    size_t batch = (size_t)hyper->batch < data->n ? (size_t)hyper->batch : data->n;
    uint32_t *order = rg_alloc(data->n, sizeof *order);
    struct rg_adam adam;

    rg_adam_init(&adam, t->net.begin[t->net.layers], hyper->rate, hyper->decay);
    for (size_t k = 0; k <= t->net.layers; k++) {
        t->act[k] = rg_alloc(batch * t->net.size[k], sizeof **t->act);
        t->delta[k] = rg_alloc(batch * t->net.size[k], sizeof **t->delta);
    }
    for (uint32_t i = 0; i < data->n; i++)
        order[i] = i;
    for (double epoch = 0; epoch < hyper->epochs; epoch += 1) {
        rg_rng_shuffle(rng, order, data->n);
        for (size_t i = 0; i < data->n; i += batch) {
            train_batch(t, data, order + i, data->n - i < batch ? data->n - i : batch);
            rg_adam_step(&adam, t->w, t->gradient);
        }
    }
    for (size_t k = 0; k <= t->net.layers; k++) {
        free(t->act[k]);
        free(t->delta[k]);
    }
    free(order);
    rg_adam_clear(&adam);
}

static enum rg_status
mlp_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
        struct rg_err *err)
{
    gsl_rng *rng = rg_rng_new((uint64_t)hyper->seed, 2, RG_PURPOSE_LEARNING);
    struct training t = {0};
    double *means = rg_learnt_add(out, "means", 1, data->m);
    size_t last;

    (void)err;
    rg_learner_means(data, means, NULL);
    shape(&t.net, data->x->d, (size_t)hyper->hidden, (size_t)hyper->layers, data->m);
    last = t.net.layers - 1;
    t.w = rg_learnt_add(out, "network", 1, t.net.begin[t.net.layers]);
    t.gradient = rg_zalloc(t.net.begin[t.net.layers], sizeof *t.gradient);
    for (size_t k = 0; k < t.net.layers; k++)
        rg_adam_draw(rng, t.w + t.net.begin[k], t.net.size[k + 1] * t.net.size[k],
                     sqrt((k < last ? 2.0 : 1.0) / (double)t.net.size[k]));
    /* The constants of the last layer begin at what each model scores on average. */
    for (size_t j = 0; j < data->m; j++)
        t.w[t.net.begin[last + 1] - data->m + j] = isnan(means[j]) ? 0 : means[j];
    rg_learnt_set(out, "hidden", hyper->hidden);
    rg_learnt_set(out, "layers", hyper->layers);
    train(&t, data, hyper, rng);
    free(t.gradient);
    gsl_rng_free(rng);
    return RG_OK;
}

static bool
mlp_check(const struct rg_learnt *l, size_t m, size_t d)
{
    const struct rg_learnt_array *means = rg_learnt_find(l, "means");
    struct network net;
    double hidden, layers;

    if (!rg_learner_has(l, "hidden", 1, 1) || !rg_learner_has(l, "layers", 1, 1) || !means ||
        means->rows != 1 || means->columns != m)
        return false;
    hidden = rg_learnt_number(l, "hidden");
    layers = rg_learnt_number(l, "layers");
    if (!(hidden >= 1 && hidden <= 1e6 && layers >= 1 && layers < MOST_LAYERS))
        return false;
    shape(&net, d, (size_t)hidden, (size_t)layers, m);
    return rg_learner_has(l, "network", 1, net.begin[net.layers]);
}

static void
mlp_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    const double *w = rg_learnt_get(l, "network"), *means = rg_learnt_get(l, "means");
    size_t hidden = (size_t)rg_learnt_number(l, "hidden");
    double *a = rg_alloc(x->n * hidden, sizeof *a), *b = rg_alloc(x->n * hidden, sizeof *b);
    const double *in = x->dense;
    struct network net;

    shape(&net, x->d, hidden, (size_t)rg_learnt_number(l, "layers"), m);
    for (size_t k = 0; k + 1 < net.layers; k++) {
        double *to = in == a ? b : a;

        forward(&net, k, w, in, x->n, to);
        in = to;
    }
    forward(&net, net.layers - 1, w, in, x->n, value);
    for (size_t i = 0; i < x->n * m; i++)
        if (isnan(means[i % m]))
            value[i] = NAN;
    free(a);
    free(b);
}

const struct rg_learner rg_learner_mlp = {
    .name = "mlp", .fit = mlp_fit, .check = mlp_check, .predict = mlp_predict};
