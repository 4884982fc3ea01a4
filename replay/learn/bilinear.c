/* Chance of success from the product of what a query asks for and what a model has.
 *
 * embedllm  logit = P_m . (W x) + c_m: R. Zhuang et al., "EmbedLLM: learning compact
 * representations of large language models", ICLR 2025. The last linear layer of the original and
 * its two logits fold into P and their difference. irt       logit = theta_m . a(x) - b(x),
 * discriminations a(x) = ln(1 + exp(A x)) above 0, so that more ability never hurts, difficulty
 * b(x) = B x: item response theory with several abilities (M. D. Reckase, Multidimensional Item
 * Response Theory, 2009), items described by their vectors.
 *
 * Both by cross entropy over the recorded scores (cut to [0, 1]) with Adam in random batches. A
 * constant 1 stands behind the numbers of a vector. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/learn/adam.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"
#include "replay/learn/linear.h"

/* Parameters: W (h x wide), P (m x h), then c (m), or for irt the difficulty's B (wide). */
struct bilinear {
    size_t h, m, wide;
    bool irt;
};

static size_t
count(const struct bilinear *b)
{
    return b->h * b->wide + b->m * b->h + (b->irt ? b->wide : b->m);
}

static double *
widened(const struct rg_vectors *x)
{
    double *a = rg_alloc(x->n * (x->d + 1), sizeof *a);

    for (size_t i = 0; i < x->n; i++) {
        memcpy(a + i * (x->d + 1), x->dense + i * x->d, x->d * sizeof *a);
        a[i * (x->d + 1) + x->d] = 1;
    }
    return a;
}

static double
softplus(double x)
{
    return x > 30 ? x : log1p(exp(x));
}

/* z = W x (n x h), a = its activation, logit (n x m). */
static void
forward(const struct bilinear *b, const double *w, const double *x, size_t n, double *z, double *a,
        double *logit)
{
    const double *models = w + b->h * b->wide, *rest = models + b->m * b->h;

    rg_dense_products(x, n, w, b->h, b->wide, z);
    for (size_t i = 0; i < n * b->h; i++)
        a[i] = b->irt ? softplus(z[i]) : z[i];
    rg_dense_products(a, n, models, b->m, b->h, logit);
    for (size_t i = 0; i < n; i++) {
        double difficulty = b->irt ? rg_dense_dot(rest, x + i * b->wide, b->wide) : 0;

        for (size_t j = 0; j < b->m; j++)
            logit[i * b->m + j] += b->irt ? -difficulty : rest[j];
    }
}

/* Adds to the gradient; delta (n x m): of the logits. below: room for h numbers. */
static void
backward(const struct bilinear *b, const double *w, const double *x, size_t n, const double *z,
         const double *a, const double *delta, double *g, double *below)
{
    const double *models = w + b->h * b->wide;
    double *g_models = g + b->h * b->wide, *g_rest = g_models + b->m * b->h;

    for (size_t i = 0; i < n; i++) {
        double sum = 0;

        memset(below, 0, b->h * sizeof *below);
        for (size_t j = 0; j < b->m; j++) {
            double e = delta[i * b->m + j];

            rg_dense_add(g_models + j * b->h, e, a + i * b->h, b->h);
            rg_dense_add(below, e, models + j * b->h, b->h);
            sum += e;
            if (!b->irt)
                g_rest[j] += e;
        }
        if (b->irt)
            rg_dense_add(g_rest, -sum, x + i * b->wide, b->wide);
        for (size_t k = 0; k < b->h; k++) {
            double slope = b->irt ? rg_linear_sigmoid(z[i * b->h + k]) : 1;

            rg_dense_add(g + k * b->wide, below[k] * slope, x + i * b->wide, b->wide);
        }
    }
}

struct room {
    double *x, *z, *a, *logit, *below;
};

static void
train_batch(const struct bilinear *b, const struct rg_learn_data *data, const double *wide,
            const uint32_t *rows, size_t n, double noise, gsl_rng *rng, const double *w, double *g,
            struct room *r)
{
    for (size_t i = 0; i < n; i++)
        memcpy(r->x + i * b->wide, wide + rows[i] * b->wide, b->wide * sizeof *wide);
    forward(b, w, r->x, n, r->z, r->a, r->logit);
    if (noise > 0) {
        rg_adam_draw(rng, r->z, n * b->h, noise);
        rg_dense_add(r->a, 1, r->z, n * b->h);
        rg_dense_products(r->a, n, w + b->h * b->wide, b->m, b->h, r->logit);
        for (size_t i = 0; i < n * b->m; i++)
            r->logit[i] += w[b->h * b->wide + b->m * b->h + i % b->m];
    }
    for (size_t i = 0; i < n * b->m; i++) {
        double y = data->score[rows[i / b->m] * b->m + i % b->m];

        r->logit[i] =
            isnan(y) ? 0
                     : (rg_linear_sigmoid(r->logit[i]) - fmin(fmax(y, 0), 1)) / (double)(n * b->m);
    }
    backward(b, w, r->x, n, r->z, r->a, r->logit, g, r->below);
}

static void
train(const struct bilinear *b, const struct rg_learn_data *data, const struct rg_hyper *hyper,
      gsl_rng *rng, double *w)
{
    size_t batch = (size_t)hyper->batch < data->n ? (size_t)hyper->batch : data->n;
    uint32_t *order = rg_alloc(data->n, sizeof *order);
    double *wide = widened(data->x), *g = rg_zalloc(count(b), sizeof *g);
    struct room r = {rg_alloc(batch * b->wide, sizeof(double)),
                     rg_alloc(batch * b->h, sizeof(double)), rg_alloc(batch * b->h, sizeof(double)),
                     rg_alloc(batch * b->m, sizeof(double)), rg_alloc(b->h, sizeof(double))};
    struct rg_adam adam;

    rg_adam_init(&adam, count(b), hyper->rate, hyper->decay);
    for (uint32_t i = 0; i < data->n; i++)
        order[i] = i;
    for (double epoch = 0; epoch < hyper->epochs; epoch += 1) {
        rg_rng_shuffle(rng, order, data->n);
        for (size_t i = 0; i < data->n; i += batch) {
            train_batch(b, data, wide, order + i, data->n - i < batch ? data->n - i : batch,
                        b->irt ? 0 : hyper->noise, rng, w, g, &r);
            rg_adam_step(&adam, w, g);
        }
    }
    rg_adam_clear(&adam);
    free(order);
    free(wide);
    free(g);
    free(r.x);
    free(r.z);
    free(r.a);
    free(r.logit);
    free(r.below);
}

/* A model begins at the logit of its mean score: as its constant, or along every ability. */
static void
begin(const struct bilinear *b, const double *means, gsl_rng *rng, double *w)
{
    double *models = w + b->h * b->wide, *rest = models + b->m * b->h;

    rg_adam_draw(rng, w, b->h * b->wide, 1 / sqrt((double)b->wide));
    rg_adam_draw(rng, models, b->m * b->h, 0.1);
    for (size_t j = 0; j < b->m; j++) {
        double p = fmin(fmax(isnan(means[j]) ? 0 : means[j], 0.01), 0.99), logit = log(p / (1 - p));

        if (!b->irt)
            rest[j] = logit;
        for (size_t k = 0; k < b->h && b->irt; k++)
            models[j * b->h + k] += logit / ((double)b->h * softplus(0));
    }
}

static enum rg_status
fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, bool irt, struct rg_learnt *out)
{
    struct bilinear b = {(size_t)hyper->hidden, data->m, data->x->d + 1, irt};
    gsl_rng *rng = rg_rng_new((uint64_t)hyper->seed, 3, RG_PURPOSE_LEARNING);
    double *means = rg_learnt_add(out, "means", 1, data->m);
    double *w = rg_learnt_add(out, "bilinear", 1, count(&b));

    rg_learner_means(data, means, NULL);
    rg_learnt_set(out, "hidden", hyper->hidden);
    begin(&b, means, rng, w);
    train(&b, data, hyper, rng, w);
    gsl_rng_free(rng);
    return RG_OK;
}

static bool
check(const struct rg_learnt *l, size_t m, size_t d, bool irt)
{
    const struct rg_learnt_array *means = rg_learnt_find(l, "means");
    struct bilinear b = {0, m, d + 1, irt};

    if (!means || means->rows != 1 || means->columns != m || !rg_learner_has(l, "hidden", 1, 1) ||
        !(rg_learnt_number(l, "hidden") >= 1 && rg_learnt_number(l, "hidden") <= 1e6))
        return false;
    b.h = (size_t)rg_learnt_number(l, "hidden");
    return rg_learner_has(l, "bilinear", 1, count(&b));
}

static void
predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, bool irt, double *value)
{
    struct bilinear b = {(size_t)rg_learnt_number(l, "hidden"), m, x->d + 1, irt};
    double *z = rg_alloc(x->n * b.h, sizeof *z), *a = rg_alloc(x->n * b.h, sizeof *a);
    const double *means = rg_learnt_get(l, "means");
    double *wide = widened(x);

    forward(&b, rg_learnt_get(l, "bilinear"), wide, x->n, z, a, value);
    for (size_t i = 0; i < x->n * m; i++)
        value[i] = isnan(means[i % m]) ? NAN : rg_linear_sigmoid(value[i]);
    free(z);
    free(a);
    free(wide);
}

static enum rg_status
embedllm_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
             struct rg_err *err)
{
    (void)err;
    return fit(data, hyper, false, out);
}

static bool
embedllm_check(const struct rg_learnt *l, size_t m, size_t d)
{
    return check(l, m, d, false);
}

static void
embedllm_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    predict(l, x, m, false, value);
}

static enum rg_status
irt_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
        struct rg_err *err)
{
    (void)err;
    return fit(data, hyper, true, out);
}

static bool
irt_check(const struct rg_learnt *l, size_t m, size_t d)
{
    return check(l, m, d, true);
}

static void
irt_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    predict(l, x, m, true, value);
}

const struct rg_learner rg_learner_embedllm = {
    .name = "embedllm", .fit = embedllm_fit, .check = embedllm_check, .predict = embedllm_predict};
const struct rg_learner rg_learner_irt = {
    .name = "irt", .fit = irt_fit, .check = irt_check, .predict = irt_predict};
