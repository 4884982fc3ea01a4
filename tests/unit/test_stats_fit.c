/* The service-time fit against data made from known coefficients, and against data that identify
 * none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_randist.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/sum.h"
#include "stats/fit.h"
#include "stats/fit_private.h"
#include "stats/robust.h"

enum { MANY = 2000, SOME = 300 };

static const struct rg_fit_options quick = {.level = 0.95, .seed = 7, .resamples = 199};

/* ---- data ---- */

struct sample {
    size_t n;
    double p[MANY], o[MANY], l[MANY], ttft[MANY], at[MANY];
    bool has_ttft, has_at;
};

static struct rg_fit_data
data_of(const struct sample *s)
{
    return (struct rg_fit_data){
        .n = s->n,
        .prompt_tokens = s->p,
        .completion_tokens = s->o,
        .latency_ms = s->l,
        .ttft_ms = s->has_ttft ? s->ttft : NULL,
        .at_s = s->has_at ? s->at : NULL,
    };
}

static struct rg_fit
fit_of(const struct sample *s)
{
    struct rg_fit_data data = data_of(s);
    struct rg_fit fit;

    rg_fit_run(&fit, &data, &quick);
    return fit;
}

static const struct truth {
    double a, b, c, sigma;
} usual = {120, 0.35, 11, 0.1};

/* Prompts 100 to 1500 tokens, completions 20 to 400, noise log-normal with median 1. */
static struct sample *
make(uint64_t seed, size_t n, struct truth t)
{
    struct sample *s = rg_zalloc(1, sizeof *s);
    gsl_rng *rng = rg_rng_new(seed, 0, RG_PURPOSE_TEST);

    s->n = n;
    for (size_t i = 0; i < n; i++) {
        s->p[i] = 100 + (double)rg_rng_below(rng, 1400);
        s->o[i] = 20 + (double)rg_rng_below(rng, 380);
        s->l[i] = (t.a + t.b * s->p[i] + t.c * s->o[i]) *
                  (t.sigma > 0 ? gsl_ran_lognormal(rng, 0, t.sigma) : 1);
        s->at[i] = (double)i;
        s->ttft[i] = NAN;
    }
    gsl_rng_free(rng);
    return s;
}

static void
near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("found %.10g, expected %.10g within %g", found, expected, relative);
}

static void
covered(const struct rg_fit *fit, enum rg_fit_coefficient k, double truth)
{
    const struct rg_fit_term *t = &fit->terms[k];

    if (t->why != RG_FIT_FITTED || !(t->est.lo <= truth && truth <= t->est.hi))
        fail_msg("%s: %g [%g, %g] (%d) does not cover %g", rg_fit_name(k), t->est.value, t->est.lo,
                 t->est.hi, (int)t->why, truth);
}

/* ---- truth is found ---- */

static void
exact(void **state)
{
    struct sample *s = make(1, SOME, (struct truth){120, 0.35, 11, 0});
    struct rg_fit fit = fit_of(s);

    (void)state;
    near(fit.terms[RG_FIT_A].est.value, 120, 1e-9);
    near(fit.terms[RG_FIT_B].est.value, 0.35, 1e-9);
    near(fit.terms[RG_FIT_C].est.value, 11, 1e-9);
    near(fit.terms[RG_FIT_C].est.hi, 11, 1e-9);
    assert_int_equal(fit.terms[RG_FIT_D].why, RG_FIT_NOT_RECORDED);
    assert_true(fit.noise.sigma < 1e-9);
    assert_true(fit.held_out.mape < 1e-9 && fit.held_out.r > 0.999999 &&
                fit.held_out.r2 > 0.999999);
    assert_int_equal(fit.held_out.n, SOME / 5);
    assert_int_equal(fit.grade, RG_FIT_EXCELLENT);
    assert_false(fit.model.two_part);
    free(s);
}

static void
noisy(void **state)
{
    struct sample *s = make(2, MANY, usual);
    struct rg_fit fit = fit_of(s);

    (void)state;
    covered(&fit, RG_FIT_A, usual.a);
    covered(&fit, RG_FIT_B, usual.b);
    covered(&fit, RG_FIT_C, usual.c);
    near(fit.noise.sigma, usual.sigma, 0.06);
    near(fit.noise.quantiles[50], 1, 1e-9);
    near(fit.noise.quantiles[90], exp(1.2815515655446 * usual.sigma), 0.02);
    near(fit.held_out.mape, usual.sigma * sqrt(2 / M_PI), 0.15); /* E|noise - 1|, about */
    assert_true(fabs(fit.held_out.p50.value) < 0.05 && fit.held_out.ks < 0.08);
    assert_true(fit.held_out.p99.lo <= fit.held_out.p99.value &&
                fit.held_out.p99.value <= fit.held_out.p99.hi);
    free(s);
}

/* 95 % intervals cover the truth in about 95 % of repeats: of 100, at least 88 (below that lies a
 * binomial probability of 0.2 %) and, so that they are not merely wide, not all of all three. */
static void
coverage(void **state)
{
    const double truth[] = {usual.a, usual.b, usual.c};
    int hits[3] = {0};

    (void)state;
    for (uint64_t seed = 100; seed < 200; seed++) {
        struct sample *s = make(seed, SOME, usual);
        struct rg_fit fit = fit_of(s);

        for (int k = 0; k < 3; k++)
            hits[k] += fit.terms[k].est.lo <= truth[k] && truth[k] <= fit.terms[k].est.hi;
        free(s);
    }
    for (int k = 0; k < 3; k++)
        assert_true(hits[k] >= 88);
    assert_true(hits[0] + hits[1] + hits[2] < 300);
}

/* Two parts: the first token and the rest each with noise of its own. */
static struct sample *
make_two_part(uint64_t seed, size_t n)
{
    struct sample *s = make(seed, n, usual);
    gsl_rng *rng = rg_rng_new(seed, 1, RG_PURPOSE_TEST);

    s->has_ttft = true;
    for (size_t i = 0; i < n; i++) {
        s->ttft[i] = (200 + 0.5 * s->p[i]) * gsl_ran_lognormal(rng, 0, 0.2);
        s->l[i] = s->ttft[i] + 8 * (s->o[i] - 1) * gsl_ran_lognormal(rng, 0, 0.05);
    }
    gsl_rng_free(rng);
    return s;
}

static void
two_parts(void **state)
{
    struct sample *s = make_two_part(3, 1000);
    struct rg_fit fit = fit_of(s);

    (void)state;
    assert_true(fit.model.two_part);
    covered(&fit, RG_FIT_TTFT_A, 200);
    covered(&fit, RG_FIT_TTFT_B, 0.5);
    covered(&fit, RG_FIT_ITL, 8);
    covered(&fit, RG_FIT_C, 8);
    covered(&fit, RG_FIT_A, 192);
    covered(&fit, RG_FIT_B, 0.5);
    near(fit.ttft_noise.sigma, 0.2, 0.1);
    near(fit.itl_noise.sigma, 0.05, 0.1);
    assert_int_equal(fit.decode, 1000);
    near(rg_fit_predict(&fit.model, 100, 1, 0), 250, 0.06);
    near(rg_fit_predict(&fit.model, 100, 101, 0), 1050, 0.03);
    near(fit.model.a + fit.model.b * 100 + fit.model.c * 101,
         rg_fit_predict(&fit.model, 100, 101, 0), 1e-12);
    free(s);
}

/* ---- load ---- */

/* Calls whose tokens come slower the more context is in flight, as continuous batching has it: each
 * step of c + d K for the K at hand, at arrivals that come in waves. */
static struct sample *
make_loaded(uint64_t seed, size_t n, double c, double d)
{
    struct sample *s = make(seed, n, usual);
    gsl_rng *rng = rg_rng_new(seed, 2, RG_PURPOSE_TEST);
    double *left = rg_zalloc(n, sizeof *left), now = 0, next = 0;
    size_t begun = 0, done = 0;

    s->has_at = true;
    while (done < n) {
        double k = 0, step;

        for (; begun < n && next <= now; begun++) {
            s->at[begun] = next;
            left[begun] = s->o[begun];
            next += gsl_ran_exponential(rng, begun / 100 % 2 == 0 ? 0.2 : 2);
        }
        for (size_t i = 0; i < begun; i++)
            if (left[i] > 0)
                k += s->p[i] + s->o[i] - left[i];
        step = k > 0 ? (c + d * k) * 1e-3 : 0.01;
        now += step;
        for (size_t i = 0; i < begun; i++) {
            if (left[i] > 0 && --left[i] == 0) {
                s->l[i] = (now - s->at[i]) * 1e3 * gsl_ran_lognormal(rng, 0, 0.01);
                done++;
            }
        }
    }
    free(left);
    gsl_rng_free(rng);
    return s;
}

static void
load_aware(void **state)
{
    struct sample *s = make_loaded(4, 1500, 12, 5e-4), *other = make_loaded(5, 1500, 12, 5e-4);
    struct rg_fit fit = fit_of(s), plain;
    struct rg_fit_data data = data_of(other);
    struct rg_fit_quality with, without;

    (void)state;
    assert_true(fit.timed && fit.cv_load > 0.3);
    assert_int_equal(fit.terms[RG_FIT_D].why, RG_FIT_FITTED);
    near(fit.terms[RG_FIT_C].est.value, 12, 0.02);
    near(fit.terms[RG_FIT_D].est.value, 5e-4, 0.05);
    s->has_at = false;
    plain = fit_of(s);
    assert_int_equal(plain.terms[RG_FIT_D].why, RG_FIT_NOT_RECORDED);
    rg_fit_judge(&fit, &data, RG_FIT_RESAMPLED, &quick, &with);
    rg_fit_judge(&plain, &data, RG_FIT_RESAMPLED, &quick, &without);
    assert_true(with.mape < 0.02 && with.r2 > 0.998 && fabs(with.p99.value) < 0.02);
    assert_true(without.mape > 0.15 && without.r2 < 0.9);
    free(s);
    free(other);
}

/* The load of a call by itself is its own; of two that overlap by half, its own and half the other.
 */
static void
load_by_hand(void **state)
{
    const double at[] = {1.7e9, 1.7e9 + 1, 1.7e9 + 10, 1.7e9 + 10, 1.7e9 + 30};
    const double latency[] = {2000, 2000, 4000, 1000, 1e-9}, tokens[] = {100, 60, 8, 4, 5};
    double load[5];

    (void)state;
    rg_fit_load(at, latency, tokens, 5, load);
    near(load[0], 130, 1e-6);
    near(load[1], 110, 1e-6);
    near(load[2], 9, 1e-6);
    near(load[3], 12, 1e-6);
    near(load[4], 5, 1e-6);
    rg_fit_load(at, latency, tokens, 0, load);
}

static void
load_of_no_use(void **state)
{
    struct sample *s = make(6, MANY, usual);
    struct rg_fit fit;

    (void)state;
    /* one at a time: the load is the call's own context, which has a CV of about 0.5 */
    s->has_at = true;
    for (size_t i = 0; i < s->n; i++)
        s->at[i] = 1e4 * (double)i;
    fit = fit_of(s);
    assert_true(fit.timed);
    covered(&fit, RG_FIT_C, usual.c);
    if (fit.terms[RG_FIT_D].why == RG_FIT_FITTED)
        assert_true(fit.terms[RG_FIT_D].est.value * 1000 < 0.05 * usual.c);
    else
        assert_int_equal(fit.terms[RG_FIT_D].why, RG_FIT_NO_GAIN);
    for (size_t i = 0; i < s->n; i++) { /* equal calls: a load that does not vary */
        s->p[i] = 500;
        s->o[i] = 100;
    }
    fit = fit_of(s);
    assert_int_equal(fit.terms[RG_FIT_D].why, RG_FIT_STEADY);
    free(s);
}

/* ---- contamination ---- */

/* Ordinary least squares on relative residuals, by GSL. */
static void
least_squares(const struct sample *s, double coef[3])
{
    gsl_multifit_linear_workspace *w = gsl_multifit_linear_alloc(s->n, 3);
    gsl_matrix *x = gsl_matrix_alloc(s->n, 3), *cov = gsl_matrix_alloc(3, 3);
    gsl_vector *y = gsl_vector_alloc(s->n), *c = gsl_vector_alloc(3);
    double chisq;

    for (size_t i = 0; i < s->n; i++) {
        double fit = usual.a + usual.b * s->p[i] + usual.c * s->o[i];

        gsl_matrix_set(x, i, 0, 1 / fit);
        gsl_matrix_set(x, i, 1, s->p[i] / fit);
        gsl_matrix_set(x, i, 2, s->o[i] / fit);
        gsl_vector_set(y, i, s->l[i] / fit);
    }
    assert_int_equal(gsl_multifit_linear(x, y, c, cov, &chisq, w), 0);
    for (size_t k = 0; k < 3; k++)
        coef[k] = gsl_vector_get(c, k);
    gsl_vector_free(c);
    gsl_vector_free(y);
    gsl_matrix_free(cov);
    gsl_matrix_free(x);
    gsl_multifit_linear_free(w);
}

static void
contaminated(void **state)
{
    struct sample *s = make(8, MANY, (struct truth){120, 0.35, 11, 0.03});
    double ols[3];
    struct rg_fit fit;

    (void)state;
    for (size_t i = 0; i < s->n; i += 10) /* a tenth of the calls hung */
        s->l[i] *= 8;
    for (size_t i = 5; i < s->n; i += 50) /* and some were cut short */
        s->l[i] *= 0.01;
    fit = fit_of(s);
    near(fit.terms[RG_FIT_A].est.value, 120, 0.05);
    near(fit.terms[RG_FIT_B].est.value, 0.35, 0.05);
    near(fit.terms[RG_FIT_C].est.value, 11, 0.02);
    near(rg_fit_predict(&fit.model, 800, 200, 0), 2600, 0.02);
    least_squares(s, ols);
    assert_true(fabs(ols[2] - 11) > 0.2 * 11); /* no estimator of that kind would have done it */
    free(s);
}

/* GSL takes a scale of at least 1 when the response does not vary, as it does not once rows are
 * divided by it; the wrapper must stay robust all the same. */
static void
robust_by_itself(void **state)
{
    double x[200], y[200], coef[RG_ROBUST_MAX];
    uint32_t once[200];
    struct rg_robust f;

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        x[i] = 1;
        y[i] = i % 5 == 0 ? 900 : 100 + (double)(i % 3);
        once[i] = 1;
    }
    rg_robust_fit(&f, x, y, 200, 1);
    assert_in_range((uint64_t)(f.coef[0] * 1000), 100000, 102000);
    rg_robust_refit(&f, x, y, once, coef);
    near(coef[0], f.coef[0], 1e-3);
    rg_robust_clear(&f);
}

/* All rows once is no resample: the refit stays where the fit is. */
static void
refit_agrees(void **state)
{
    struct sample *s = make(9, MANY, usual);
    double *x = rg_alloc(3 * s->n, sizeof *x), coef[RG_ROBUST_MAX];
    uint32_t *once = rg_alloc(s->n, sizeof *once);
    struct rg_robust f;

    (void)state;
    for (size_t i = 0; i < s->n; i++) {
        x[3 * i] = 1;
        x[3 * i + 1] = s->p[i];
        x[3 * i + 2] = s->o[i];
        once[i] = 1;
    }
    assert_int_equal(rg_robust_rank(x, s->n, 3, 3), 3);
    rg_robust_fit(&f, x, s->l, s->n, 3);
    rg_robust_refit(&f, x, s->l, once, coef);
    for (int k = 0; k < 3; k++)
        near(coef[k], f.coef[k], 5e-3);
    rg_robust_clear(&f);
    free(once);
    free(x);
    free(s);
}

/* ---- what is not identifiable ---- */

static void
constant_prompt(void **state)
{
    struct sample *s = make(10, SOME, usual);
    struct rg_fit fit;

    (void)state;
    for (size_t i = 0; i < s->n; i++) {
        s->l[i] += usual.b * (550 - s->p[i]);
        s->p[i] = 550;
    }
    fit = fit_of(s);
    assert_int_equal(fit.terms[RG_FIT_B].why, RG_FIT_CONSTANT);
    assert_true(isnan(fit.terms[RG_FIT_B].est.value) && fit.model.b == 0);
    covered(&fit, RG_FIT_C, usual.c);
    near(fit.model.a, usual.a + 550 * usual.b, 0.15); /* its share is in a */
    free(s);
}

static void
short_spread(void **state)
{
    struct sample *s = make(11, SOME, usual), *t = make_two_part(11, SOME);
    struct rg_fit fit;

    (void)state;
    for (size_t i = 0; i < SOME; i++) {
        s->l[i] += usual.c * (150 + (double)(i % 20) - s->o[i]);
        s->o[i] = 150 + (double)(i % 20);
        t->l[i] = t->ttft[i] + (t->l[i] - t->ttft[i]) / (t->o[i] - 1) * 150;
        t->o[i] = 151;
    }
    fit = fit_of(s);
    assert_int_equal(fit.terms[RG_FIT_C].why, RG_FIT_LITTLE);
    assert_int_equal(fit.terms[RG_FIT_ITL].why, RG_FIT_NOT_RECORDED);
    assert_true(fit.model.c == 0 && isnan(fit.held_out.r) && isnan(fit.held_out.r2));
    assert_int_equal(fit.grade, RG_FIT_EXCELLENT); /* without r, which would fail it */
    fit = fit_of(t);
    assert_int_equal(fit.terms[RG_FIT_C].why, RG_FIT_LITTLE);
    assert_true(isnan(fit.terms[RG_FIT_C].est.value));
    covered(&fit, RG_FIT_ITL, 8);
    covered(&fit, RG_FIT_TTFT_B, 0.5);
    near(fit.model.c, 8, 0.02);
    free(s);
    free(t);
}

static void
collinear(void **state)
{
    struct sample *s = make(12, SOME, usual);
    struct rg_fit fit;

    (void)state;
    for (size_t i = 0; i < s->n; i++)
        s->p[i] = 4 * s->o[i] + 30;
    fit = fit_of(s);
    assert_int_equal(fit.terms[RG_FIT_C].why, RG_FIT_FITTED);
    assert_int_equal(fit.terms[RG_FIT_B].why, RG_FIT_COLLINEAR);
    free(s);
}

static void
negative(void **state)
{
    struct sample *s = make(13, MANY, (struct truth){600, 0, 11, 0.02});
    struct rg_fit fit;

    (void)state;
    for (size_t i = 0; i < s->n; i++)
        s->l[i] -= 0.2 * s->p[i];
    fit = fit_of(s);
    assert_int_equal(fit.terms[RG_FIT_B].why, RG_FIT_AT_ZERO);
    assert_true(fit.terms[RG_FIT_B].est.value == 0 && fit.terms[RG_FIT_B].est.lo == 0 &&
                fit.model.b == 0);
    near(fit.terms[RG_FIT_C].est.value, 11, 0.05);
    free(s);
}

static void
few(void **state)
{
    struct sample *s = make(14, SOME, usual);

    (void)state;
    for (s->n = 0; s->n < RG_FIT_MIN; s->n = s->n < 3 ? s->n + 1 : s->n + 26) {
        struct rg_fit fit = fit_of(s);

        assert_false(rg_fit_done(&fit));
        assert_int_equal(fit.n, s->n);
        assert_int_equal(fit.held_out.n, 0);
        assert_true(isnan(fit.held_out.mape) && isnan(fit.noise.sigma));
        assert_int_equal(fit.grade, RG_FIT_UNGRADED);
        for (int k = 0; k < RG_FIT_N; k++) {
            assert_int_equal(fit.terms[k].why, RG_FIT_TOO_FEW);
            assert_true(isnan(fit.terms[k].est.value));
        }
    }
    s->n = RG_FIT_MIN;
    assert_true(rg_fit_done(&(struct rg_fit){.n = s->n}));
    assert_int_equal(fit_of(s).held_out.n, 6);
    free(s);
}

static void
all_equal(void **state)
{
    struct sample *s = make(15, SOME, usual);
    struct rg_fit fit;

    (void)state;
    for (size_t i = 0; i < s->n; i++) {
        s->p[i] = 10;
        s->o[i] = 20;
        s->l[i] = 300;
    }
    fit = fit_of(s);
    assert_int_equal(fit.terms[RG_FIT_B].why, RG_FIT_CONSTANT);
    assert_int_equal(fit.terms[RG_FIT_C].why, RG_FIT_LITTLE);
    near(fit.terms[RG_FIT_A].est.value, 300, 1e-12);
    near(fit.terms[RG_FIT_A].est.hi, 300, 1e-12);
    assert_true(fit.noise.sigma < 1e-12 && fit.held_out.mape < 1e-12);
    assert_true(fabs(fit.held_out.p99.value) < 1e-12 && fit.held_out.ks <= 1);
    assert_int_equal(fit.grade, RG_FIT_EXCELLENT);
    free(s);
}

/* ---- bad rows ---- */

static void
dropped(void **state)
{
    struct sample *s = make(16, SOME, usual), *t;
    const double bad[] = {NAN, 0, -5, INFINITY, -INFINITY, 1e300};
    struct rg_fit fit;

    (void)state;
    memcpy(s->l + 20, bad, sizeof bad);
    s->l[30] = NAN;
    s->p[30] = NAN; /* counted once */
    s->p[31] = NAN;
    s->p[32] = -1;
    s->o[33] = 0;
    s->o[34] = NAN;
    s->o[35] = INFINITY;
    fit = fit_of(s);
    assert_int_equal(fit.dropped_latency, 7);
    assert_int_equal(fit.dropped_tokens, 5);
    assert_int_equal(fit.dropped_ttft, 0);
    assert_int_equal(fit.n, SOME - 12);
    near(fit.terms[RG_FIT_C].est.value, usual.c, 0.03);
    free(s);
    t = make_two_part(16, SOME);
    t->ttft[1] = NAN;
    t->ttft[2] = t->l[2] + 1;
    t->ttft[3] = 0;
    t->ttft[4] = -1;
    t->ttft[5] = t->l[5]; /* all came at once: good for the first token, not for the rest */
    t->o[6] = 1;
    fit = fit_of(t);
    assert_int_equal(fit.dropped_ttft, 4);
    assert_int_equal(fit.n, SOME - 4);
    assert_int_equal(fit.decode, SOME - 6);
    free(t);
}

static void
unrecorded_columns(void **state)
{
    struct sample *s = make(17, SOME, usual), *t = make_two_part(17, SOME);
    struct rg_fit fit;

    (void)state;
    for (size_t i = 0; i < SOME; i++)
        s->p[i] = NAN;
    fit = fit_of(s);
    assert_int_equal(fit.n, SOME);
    assert_int_equal(fit.terms[RG_FIT_B].why, RG_FIT_NOT_RECORDED);
    near(fit.terms[RG_FIT_C].est.value, usual.c, 0.1);
    for (size_t i = 0; i < SOME; i++)
        s->o[i] = NAN;
    fit = fit_of(s);
    assert_int_equal(fit.n, SOME);
    assert_int_equal(fit.terms[RG_FIT_C].why, RG_FIT_NOT_RECORDED);
    assert_int_equal(fit.terms[RG_FIT_A].why, RG_FIT_FITTED);
    for (size_t i = 0; i < SOME; i++) /* too few first tokens for two parts: nothing is dropped */
        if (i % 3)
            t->ttft[i] = NAN;
    fit = fit_of(t);
    assert_false(fit.model.two_part);
    assert_int_equal(fit.n, SOME);
    assert_int_equal(fit.dropped_ttft, 0);
    free(s);
    free(t);
}

/* Held out are the last by time, wherever they stand. */
static void
time_order(void **state)
{
    struct sample *s = make(18, SOME, usual);
    struct rg_fit before, after;

    (void)state;
    for (size_t i = 240; i < s->n; i++)
        s->l[i] *= 3; /* the system got slower */
    s->has_at = true;
    for (size_t i = 0; i < s->n; i++)
        s->at[i] = 1e4 * (double)i;
    before = fit_of(s);
    assert_true(before.held_out.bias < -0.5);
    for (size_t i = 0; i < s->n / 2; i++) {
        double *columns[] = {s->p, s->o, s->l, s->at};

        for (int k = 0; k < 4; k++) {
            double x = columns[k][i];

            columns[k][i] = columns[k][s->n - 1 - i];
            columns[k][s->n - 1 - i] = x;
        }
    }
    after = fit_of(s);
    assert_true(before.held_out.mape == after.held_out.mape);
    assert_true(before.terms[RG_FIT_C].est.hi == after.terms[RG_FIT_C].est.hi);
    s->at[3] = NAN; /* one without a time: the order given */
    after = fit_of(s);
    assert_false(after.timed);
    assert_true(before.held_out.mape != after.held_out.mape);
    free(s);
}

static void
seeds(void **state)
{
    struct sample *s = make(19, SOME, usual);
    struct rg_fit_data data = data_of(s);
    struct rg_fit_options wide = quick, other = quick, by_default = {.level = 0.95, .seed = 7};
    struct rg_fit one, two, three, four;

    (void)state;
    wide.level = 0.5;
    other.seed = 8;
    rg_fit_run(&one, &data, &quick);
    rg_fit_run(&two, &data, &quick);
    assert_memory_equal(&one.noise, &two.noise, sizeof one.noise);
    assert_true(one.terms[RG_FIT_B].est.hi == two.terms[RG_FIT_B].est.hi);
    rg_fit_run(&two, &data, &wide);
    rg_fit_run(&three, &data, &other);
    rg_fit_run(&four, &data, &by_default);
    assert_true(two.terms[RG_FIT_B].est.hi < one.terms[RG_FIT_B].est.hi);
    assert_true(three.terms[RG_FIT_B].est.hi != one.terms[RG_FIT_B].est.hi);
    assert_true(three.terms[RG_FIT_B].est.value == one.terms[RG_FIT_B].est.value);
    assert_int_equal(four.resamples, 999);
    free(s);
}

/* ---- grades ---- */

static struct rg_fit_quality
quality(size_t n, double mape, double r, double p50, double p90, double p99)
{
    return (struct rg_fit_quality){.n = n,
                                   .mape = mape,
                                   .r = r,
                                   .p50 = {.value = p50},
                                   .p90 = {.value = p90},
                                   .p99 = {.value = p99}};
}

static void
grades(void **state)
{
    const struct {
        struct rg_fit_quality q;
        const char *name;
    } cases[] = {
        {quality(100, 0.09, 0.96, 0.05, -0.1, 0.2), "excellent"},
        {quality(100, 0.1, 0.96, 0, 0, 0), "good"},
        {quality(100, 0.09, 0.95, 0, 0, 0), "good"},
        {quality(100, 0.09, 0.5, 0, 0, 0), "poor"},
        {quality(100, 0.09, NAN, 0, 0, 0), "excellent"},
        {quality(100, 0.09, 0.99, -0.06, 0, 0), "fair"},
        {quality(100, 0.09, 0.99, 0, 0.21, 0), "poor"},
        {quality(100, 0.09, 0.99, 0, 0, -0.3), "fair"},
        {quality(99, 0.09, 0.99, 0, 0, 9), "excellent"},
        {quality(100, 0.34, 0.71, 0.1, 0.2, 0.4), "fair"},
        {quality(100, 0.35, 0.99, 0, 0, 0), "poor"},
        {quality(0, NAN, NAN, NAN, NAN, NAN), "-"},
        {quality(100, NAN, 0.99, 0, 0, 0), "poor"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(rg_fit_grade_name(rg_fit_grade_of(&cases[i].q)), cases[i].name);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact),
        cmocka_unit_test(noisy),
        cmocka_unit_test(coverage),
        cmocka_unit_test(two_parts),
        cmocka_unit_test(load_aware),
        cmocka_unit_test(load_by_hand),
        cmocka_unit_test(load_of_no_use),
        cmocka_unit_test(contaminated),
        cmocka_unit_test(robust_by_itself),
        cmocka_unit_test(refit_agrees),
        cmocka_unit_test(constant_prompt),
        cmocka_unit_test(short_spread),
        cmocka_unit_test(collinear),
        cmocka_unit_test(negative),
        cmocka_unit_test(few),
        cmocka_unit_test(all_equal),
        cmocka_unit_test(dropped),
        cmocka_unit_test(unrecorded_columns),
        cmocka_unit_test(time_order),
        cmocka_unit_test(seeds),
        cmocka_unit_test(grades),
    };

    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
