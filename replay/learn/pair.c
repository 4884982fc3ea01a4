/* Learners of a pair, a strong and a weak model; what is learnt comes down to a linear rate.
 *
 * routellm-mf  I. Ong et al., "RouteLLM: learning to route LLMs with preference data", 2024: win
 *              rate of the strong model = sigmoid(w . ((P_s / |P_s| - P_w / |P_w|) * T x)), from
 * the train queries on which the two differ, with Adam in random batches; noise is added to the
 * projected vectors afresh each time (in the original it piles up). For a fixed pair the rate is
 * sigmoid(v . x) in the end, and v is what is kept. hybridllm    D. Ding et al., "Hybrid LLM:
 * cost-efficient and quality-aware query routing", ICLR 2024: chance that the small model is good
 * enough, by logistic regression of a label made of the gap of scores, with the three labels of
 * LLMRouter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/learn/adam.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"
#include "replay/learn/linear.h"

/* ---- what both have learnt: rate = sigmoid(w . (x, 1)) ---- */

static void
rates(const double *w, const double *x, size_t n, size_t d, double *rate)
{
    rg_linear_apply(x, w, n, d, 1, rate);
    for (size_t i = 0; i < n; i++)
        rate[i] = rg_linear_sigmoid(rate[i]);
}

static void
keep(const struct rg_learn_data *data, const struct rg_hyper *hyper, const double *w,
     struct rg_learnt *out)
{
    size_t d = data->x->d;
    double *rate = rg_alloc(data->n, sizeof *rate);

    memcpy(rg_learnt_add(out, "pair_weights", 1, d + 1), w, (d + 1) * sizeof *w);
    rates(w, data->x->dense, data->n, d, rate);
    rg_learner_say_pair(out, data, rg_learner_threshold(hyper, rate, data->n));
    free(rate);
}

static bool
pair_check(const struct rg_learnt *l, size_t m, size_t d)
{
    return rg_learner_has(l, "pair_weights", 1, d + 1) && rg_learner_has_pair(l, m);
}

static void
pair_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    double *rate = rg_alloc(x->n, sizeof *rate);

    rates(rg_learnt_get(l, "pair_weights"), x->dense, x->n, x->d, rate);
    for (size_t i = 0; i < x->n; i++)
        rg_learner_pair_values(rate[i], rg_learnt_number(l, "threshold"),
                               (size_t)rg_learnt_number(l, "strong"),
                               (size_t)rg_learnt_number(l, "weak"), m, value + i * m);
    free(rate);
}

/* ---- matrix factorisation ---- */

/* Parameters: T (h x d), P_s, P_w, w (h each). */
struct factors {
    size_t h, d;
    const double *x;
};

/* b = P_s / |P_s| - P_w / |P_w|; the lengths. */
static void
difference(const struct factors *f, const double *p, double *b, double length[2])
{
    const double *strong = p + f->h * f->d, *weak = strong + f->h;

    length[0] = sqrt(rg_dense_dot(strong, strong, f->h));
    length[1] = sqrt(rg_dense_dot(weak, weak, f->h));
    for (size_t k = 0; k < f->h; k++)
        b[k] = strong[k] / length[0] - weak[k] / length[1];
}

/* Gradient of a normalised vector p / |p| passed on to p. */
static void
through_length(const double *p, double length, const double *g, double sign, size_t h, double *out)
{
    double along = rg_dense_dot(p, g, h) / (length * length);

    for (size_t k = 0; k < h; k++)
        out[k] += sign * (g[k] - along * p[k]) / length;
}

/* Adds the gradient of one battle; room: 3 x h. */
static void
battle(const struct factors *f, const double *p, size_t row, double sign, double scale,
       const double *noise, double *g, double *room)
{
    const double *x = f->x + row * f->d, *strong = p + f->h * f->d, *w = strong + 2 * f->h;
    double *z = room, *b = room + f->h, *gb = room + 2 * f->h, *gs = g + f->h * f->d;
    double length[2], logit = 0, e;

    difference(f, p, b, length);
    for (size_t k = 0; k < f->h; k++) {
        z[k] = rg_dense_dot(p + k * f->d, x, f->d) + noise[k];
        logit += w[k] * b[k] * z[k];
    }
    e = -sign * rg_linear_sigmoid(-sign * logit) * scale;
    for (size_t k = 0; k < f->h; k++) {
        rg_dense_add(g + k * f->d, e * w[k] * b[k], x, f->d);
        gs[2 * f->h + k] += e * b[k] * z[k];
        gb[k] = e * w[k] * z[k];
    }
    through_length(strong, length[0], gb, 1, f->h, gs);
    through_length(strong + f->h, length[1], gb, -1, f->h, gs + f->h);
}

/* Train queries on which the two differ, and who wins. */
static size_t
find_battles(const struct rg_learn_data *data, uint32_t *row, double *sign)
{
    size_t n = 0;

    for (size_t i = 0; i < data->n; i++) {
        double s = data->score[i * data->m + data->strong];
        double w = data->score[i * data->m + data->weak];

        if (s > w || s < w) {
            row[n] = (uint32_t)i;
            sign[i] = s > w ? 1 : -1;
            n++;
        }
    }
    return n;
}

static void
train_factors(const struct factors *f, const struct rg_hyper *hyper, uint32_t *row,
              const double *sign, size_t n, gsl_rng *rng, double *p)
{
    size_t size = f->h * f->d + 3 * f->h,
           batch = (size_t)hyper->batch < n ? (size_t)hyper->batch : n;
    double *g = rg_zalloc(size, sizeof *g), *room = rg_alloc(4 * f->h, sizeof *room);
    struct rg_adam adam;

    rg_adam_init(&adam, size, hyper->rate, hyper->decay);
    for (double epoch = 0; epoch < hyper->epochs && n > 0; epoch += 1) {
        rg_rng_shuffle(rng, row, n);
        for (size_t i = 0; i < n; i++) {
            rg_adam_draw(rng, room + 3 * f->h, f->h, hyper->noise);
            battle(f, p, row[i], sign[row[i]], 1 / (double)batch, room + 3 * f->h, g, room);
            if ((i + 1) % batch == 0 || i + 1 == n)
                rg_adam_step(&adam, p, g);
        }
    }
    rg_adam_clear(&adam);
    free(g);
    free(room);
}

static enum rg_status
mf_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
       struct rg_err *err)
{
    struct factors f = {(size_t)hyper->hidden, data->x->d, data->x->dense};
    size_t size = f.h * f.d + 3 * f.h;
    gsl_rng *rng = rg_rng_new((uint64_t)hyper->seed, 4, RG_PURPOSE_LEARNING);
    uint32_t *row = rg_alloc(data->n, sizeof *row);
    double *sign = rg_zalloc(data->n, sizeof *sign), *p = rg_alloc(size, sizeof *p);
    double *v = rg_zalloc(f.d + 1, sizeof *v), *b = rg_alloc(f.h, sizeof *b), length[2];
    size_t n = find_battles(data, row, sign);

    (void)err;
    rg_adam_draw(rng, p, f.h * f.d, 1 / sqrt((double)f.d));
    rg_adam_draw(rng, p + f.h * f.d, 3 * f.h, 1);
    train_factors(&f, hyper, row, sign, n, rng, p);
    difference(&f, p, b, length);
    for (size_t k = 0; k < f.h; k++)
        rg_dense_add(v, p[f.h * f.d + 2 * f.h + k] * b[k], p + k * f.d, f.d);
    keep(data, hyper, v, out);
    gsl_rng_free(rng);
    free(row);
    free(sign);
    free(p);
    free(v);
    free(b);
    return RG_OK;
}

/* ---- hybrid ---- */

enum { LABEL_DETERMINISTIC, LABEL_PROBABILISTIC, LABEL_TRANSFORMED };

/* The relaxation t at which small and large are most evenly good: the first maximum of 2 p (1 - p),
 * p = share of gaps >= -t, on 50 points of 0 .. the greatest |gap| + 1e-8. */
static double
relaxation(const double *gap, size_t n)
{
    enum { POINTS = 50 };
    double top = 0, best = 0, most = -1;

    for (size_t i = 0; i < n; i++)
        top = isnan(gap[i]) ? top : fmax(top, fabs(gap[i]));
    for (int k = 0; k < POINTS; k++) {
        double t = (top + 1e-8) * k / (POINTS - 1), p = 0, known = 0;

        for (size_t i = 0; i < n; i++) {
            p += gap[i] >= -t;
            known += !isnan(gap[i]);
        }
        p = known > 0 ? p / known : 0;
        if (2 * p * (1 - p) > most) {
            most = 2 * p * (1 - p);
            best = t;
        }
    }
    return best;
}

static enum rg_status
hybrid_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
           struct rg_err *err)
{
    double *gap = rg_alloc(data->n, sizeof *gap), *w = rg_alloc(data->x->d + 1, sizeof *w), t;

    (void)err;
    for (size_t i = 0; i < data->n; i++)
        gap[i] = data->score[i * data->m + data->weak] - data->score[i * data->m + data->strong];
    t = hyper->how == LABEL_TRANSFORMED ? relaxation(gap, data->n) : 0;
    for (size_t i = 0; i < data->n; i++)
        if (!isnan(gap[i]))
            gap[i] = hyper->how == LABEL_PROBABILISTIC ? rg_linear_sigmoid(gap[i] / hyper->tau)
                                                       : gap[i] >= -t;
    rg_linear_logistic(data->x->dense, gap, 1, data->n, data->x->d, hyper->lambda, w);
    /* Turned round: the rate speaks for the strong model. */
    for (size_t k = 0; k <= data->x->d; k++)
        w[k] = -w[k];
    keep(data, hyper, w, out);
    free(gap);
    free(w);
    return RG_OK;
}

const struct rg_learner rg_learner_routellm_mf = {.name = "routellm-mf",
                                                  .pair = true,
                                                  .fit = mf_fit,
                                                  .check = pair_check,
                                                  .predict = pair_predict};
const struct rg_learner rg_learner_hybrid = {.name = "hybridllm",
                                             .pair = true,
                                             .fit = hybrid_fit,
                                             .check = pair_check,
                                             .predict = pair_predict};
