#include "stats/anova.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "base/mem.h"
#include "base/sum.h"

struct layout {
    const double *x;
    size_t n, a, b;
    double mean;
    double *cell;            /* a b means over units */
    double *row_a, *row_b;   /* means of the levels of A and of B */
    double *unit;            /* n means */
    double *unit_a, *unit_b; /* n a means over B, n b means over A */
};

static double
at(const struct layout *l, size_t i, size_t j, size_t k)
{
    return l->x[(i * l->a + j) * l->b + k];
}

static double
mean_of(const double *x, size_t n, size_t stride)
{
    struct rg_sum sum = {0};

    for (size_t i = 0; i < n; i++)
        rg_sum_add(&sum, x[i * stride]);
    return rg_sum_value(&sum) / (double)n;
}

static void
layout_init(struct layout *l, const double *x, size_t n, size_t a, size_t b)
{
    *l = (struct layout){.x = x, .n = n, .a = a, .b = b};
    l->cell = rg_alloc(a * b, sizeof(double));
    l->row_a = rg_alloc(a, sizeof(double));
    l->row_b = rg_alloc(b, sizeof(double));
    l->unit = rg_alloc(n, sizeof(double));
    l->unit_a = rg_alloc(n * a, sizeof(double));
    l->unit_b = rg_alloc(n * b, sizeof(double));
    for (size_t c = 0; c < a * b; c++)
        l->cell[c] = mean_of(&x[c], n, a * b);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < a; j++)
            l->unit_a[i * a + j] = mean_of(&x[(i * a + j) * b], b, 1);
        for (size_t k = 0; k < b; k++)
            l->unit_b[i * b + k] = mean_of(&x[i * a * b + k], a, b);
        l->unit[i] = mean_of(&l->unit_a[i * a], a, 1);
    }
    for (size_t j = 0; j < a; j++)
        l->row_a[j] = mean_of(&l->cell[j * b], b, 1);
    for (size_t k = 0; k < b; k++)
        l->row_b[k] = mean_of(&l->cell[k], a, b);
    l->mean = mean_of(l->unit, n, 1);
}

static void
layout_clear(struct layout *l)
{
    free(l->cell);
    free(l->row_a);
    free(l->row_b);
    free(l->unit);
    free(l->unit_a);
    free(l->unit_b);
}

/* What unit i shows of an effect at one combination of levels: its own values with everything but
 * the effect taken off. Its mean over units is the effect, what is left of it the error. */
static double
shown(const struct layout *l, enum rg_anova_effect effect, size_t i, size_t j, size_t k)
{
    switch (effect) {
    case RG_ANOVA_A:
        return l->unit_a[i * l->a + j] - l->unit[i];
    case RG_ANOVA_B:
        return l->unit_b[i * l->b + k] - l->unit[i];
    default:
        return at(l, i, j, k) - l->unit_a[i * l->a + j] - l->unit_b[i * l->b + k] + l->unit[i];
    }
}

static double
effect_mean(const struct layout *l, enum rg_anova_effect effect, size_t j, size_t k)
{
    switch (effect) {
    case RG_ANOVA_A:
        return l->row_a[j] - l->mean;
    case RG_ANOVA_B:
        return l->row_b[k] - l->mean;
    default:
        return l->cell[j * l->b + k] - l->row_a[j] - l->row_b[k] + l->mean;
    }
}

static void
sums_of_squares(const struct layout *l, enum rg_anova_effect effect, struct rg_anova_row *row)
{
    struct rg_sum ss = {0}, error = {0};

    for (size_t j = 0; j < l->a; j++)
        for (size_t k = 0; k < l->b; k++) {
            double mean = effect_mean(l, effect, j, k);

            rg_sum_add(&ss, mean * mean);
            for (size_t i = 0; i < l->n; i++) {
                double e = shown(l, effect, i, j, k) - mean;

                rg_sum_add(&error, e * e);
            }
        }
    row->ss = (double)l->n * rg_sum_value(&ss);
    row->ss_error = rg_sum_value(&error);
}

/* Levels over which an effect is spread, and where each of them is shown. */
static size_t
levels_of(const struct layout *l, enum rg_anova_effect effect)
{
    return effect == RG_ANOVA_A ? l->a : effect == RG_ANOVA_B ? l->b : l->a * l->b;
}

static double
residual(const struct layout *l, enum rg_anova_effect effect, size_t i, size_t level)
{
    size_t j = effect == RG_ANOVA_A ? level : effect == RG_ANOVA_B ? 0 : level / l->b;
    size_t k = effect == RG_ANOVA_A ? 0 : effect == RG_ANOVA_B ? level : level % l->b;

    return shown(l, effect, i, j, k) - effect_mean(l, effect, j, k);
}

/* tr(D)^2 / (df tr(D D)) with D the covariance of what units show of the effect: the same as for
 * the covariance of any orthonormal contrasts, of which D is an embedding. */
static double
epsilon_of(const struct layout *l, enum rg_anova_effect effect, double df)
{
    size_t m = levels_of(l, effect);
    double *e = rg_alloc(l->n * m, sizeof *e);
    struct rg_sum trace = {0}, squares = {0};

    for (size_t i = 0; i < l->n; i++)
        for (size_t u = 0; u < m; u++)
            e[u * l->n + i] = residual(l, effect, i, u);
    for (size_t u = 0; u < m; u++)
        for (size_t v = 0; v <= u; v++) {
            struct rg_sum dot = {0};

            for (size_t i = 0; i < l->n; i++)
                rg_sum_add(&dot, e[u * l->n + i] * e[v * l->n + i]);
            if (u == v)
                rg_sum_add(&trace, rg_sum_value(&dot));
            rg_sum_add(&squares, pow(rg_sum_value(&dot), 2) * (u == v ? 1 : 2));
        }
    free(e);
    return pow(rg_sum_value(&trace), 2) / (df * rg_sum_value(&squares));
}

/* Sums of squares that are nothing but rounding are none. */
static bool
negligible(double ss, double total, double mean_square)
{
    return ss <= 1e-24 * (total + mean_square);
}

static double
df_of(const struct layout *l, enum rg_anova_effect effect)
{
    double a = (double)l->a - 1, b = (double)l->b - 1;

    return effect == RG_ANOVA_A ? a : effect == RG_ANOVA_B ? b : a * b;
}

static void
test_effect(const struct layout *l, enum rg_anova_effect effect, struct rg_anova *out)
{
    struct rg_anova_row *row = &out->rows[effect];
    struct rg_test *t = &row->test;
    double df = df_of(l, effect), scale = (double)(l->n * l->a * l->b) * l->mean * l->mean;

    if (df < 1)
        return;
    sums_of_squares(l, effect, row);
    t->df = df;
    t->df2 = df * (double)(l->n - 1);
    t->why = RG_WHY_DEFINED;
    if (negligible(row->ss, out->ss_total, scale))
        row->ss = 0;
    if (negligible(row->ss_error, out->ss_total, scale))
        row->ss_error = 0;
    if (row->ss == 0 && row->ss_error == 0) {
        t->why = RG_WHY_NO_VARIATION;
        return;
    }
    t->estimate = row->ss / (row->ss + row->ss_error);
    t->statistic = row->ss / t->df / (row->ss_error / t->df2);
    t->p = row->p_adjusted = 0;
    if (row->ss_error == 0)
        return;
    row->epsilon = epsilon_of(l, effect, df);
    t->p = gsl_cdf_fdist_Q(t->statistic, t->df, t->df2);
    row->p_adjusted = gsl_cdf_fdist_Q(t->statistic, t->df * row->epsilon, t->df2 * row->epsilon);
}

static void
generalised_sizes(struct rg_anova *out)
{
    double within = out->ss_units;

    for (int e = 0; e < RG_ANOVA_EFFECTS; e++)
        within += out->rows[e].test.why == RG_WHY_DEFINED ? out->rows[e].ss_error : 0;
    for (int e = 0; e < RG_ANOVA_EFFECTS; e++)
        if (out->rows[e].test.why == RG_WHY_DEFINED)
            out->rows[e].generalised = out->rows[e].ss / (out->rows[e].ss + within);
}

static void
count_flat(const struct layout *l, struct rg_anova *out)
{
    for (size_t i = 0; i < l->n; i++) {
        bool same_a = true, same_b = true;

        for (size_t j = 0; j < l->a; j++)
            for (size_t k = 0; k < l->b; k++) {
                same_a = same_a && at(l, i, j, k) == at(l, i, 0, k);
                same_b = same_b && at(l, i, j, k) == at(l, i, j, 0);
            }
        out->flat += same_a && same_b;
        out->flat_a += same_a;
        out->flat_b += same_b;
    }
}

static void
totals(const struct layout *l, struct rg_anova *out)
{
    struct rg_sum units = {0}, total = {0};

    for (size_t i = 0; i < l->n; i++)
        rg_sum_add(&units, pow(l->unit[i] - l->mean, 2));
    for (size_t c = 0; c < l->n * l->a * l->b; c++)
        rg_sum_add(&total, pow(l->x[c] - l->mean, 2));
    out->ss_units = (double)(l->a * l->b) * rg_sum_value(&units);
    out->ss_total = rg_sum_value(&total);
}

/* A sum of squares of any number of these is in range. */
static const double SQUARES_MAX = 1e140;

static enum rg_why
fit_for_sums(const double *x, size_t m, size_t n)
{
    enum rg_why why = n < 2 || m == 0 ? RG_WHY_TOO_FEW : RG_WHY_DEFINED;

    for (size_t i = 0; i < m; i++) {
        if (isnan(x[i]))
            return RG_WHY_MISSING;
        if (fabs(x[i]) > SQUARES_MAX)
            why = RG_WHY_INFINITE;
    }
    return why;
}

struct rg_anova
rg_anova_within(const double *x, size_t n, size_t a, size_t b)
{
    struct rg_anova out = {.n = n, .a = a, .b = b, .ss_units = NAN, .ss_total = NAN};
    enum rg_why why = fit_for_sums(x, n * a * b, n);
    struct layout l;

    for (int e = 0; e < RG_ANOVA_EFFECTS; e++)
        out.rows[e] = (struct rg_anova_row){
            .test = rg_test_undefined(n, why == RG_WHY_DEFINED ? RG_WHY_TOO_FEW : why),
            .ss = NAN,
            .ss_error = NAN,
            .generalised = NAN,
            .epsilon = NAN,
            .p_adjusted = NAN,
        };
    if (why != RG_WHY_DEFINED)
        return out;
    layout_init(&l, x, n, a, b);
    totals(&l, &out);
    for (int e = 0; e < RG_ANOVA_EFFECTS; e++)
        test_effect(&l, (enum rg_anova_effect)e, &out);
    generalised_sizes(&out);
    count_flat(&l, &out);
    layout_clear(&l);
    return out;
}
