#include "stats/fit.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/fit_private.h"
#include "stats/robust.h"

static const double CV_CONSTANT = 0.01, CV_COMPLETION = 0.2, CV_LOAD = 0.3;
static const double OUTLIER = 4.685; /* scales: as far as the bisquare counts at all */

enum { RESAMPLES_MIN = 199, RESAMPLES_MAX = 999, RESAMPLED_CALLS = 2000000 };

/* ---- names ---- */

const char *
rg_fit_name(enum rg_fit_coefficient k)
{
    static const char *const names[RG_FIT_N] = {"a", "b", "c", "d", "ttft_a", "ttft_b", "itl"};

    assert(k < RG_FIT_N);
    return names[k];
}

const char *
rg_fit_unit(enum rg_fit_coefficient k)
{
    static const char *const units[RG_FIT_N] = {"ms", "ms/token", "ms/token", "ms/token/token",
                                                "ms", "ms/token", "ms/token"};

    assert(k < RG_FIT_N);
    return units[k];
}

/* ---- one regression ---- */

/* A part of the latency: its rows among all, its columns and what they are. */
struct part {
    size_t n, p;
    size_t *row;
    double *x; /* n rows of RG_ROBUST_MAX places; packed to p columns before the fit */
    double *y;
    enum rg_fit_coefficient what[RG_ROBUST_MAX];
    struct rg_robust fit;
};

static void
part_clear(struct part *part)
{
    free(part->row);
    free(part->x);
    free(part->y);
    rg_robust_clear(&part->fit);
    *part = (struct part){0};
}

static void
part_init(struct part *part, size_t n)
{
    *part = (struct part){.row = rg_alloc(n, sizeof *part->row),
                          .x = rg_alloc(n * RG_ROBUST_MAX, sizeof *part->x),
                          .y = rg_alloc(n, sizeof *part->y)};
}

/* What coefficient k is multiplied with in a row. */
static double
regressor(const struct rg_fit_rows *rows, size_t i, enum rg_fit_coefficient k)
{
    switch (k) {
    case RG_FIT_B:
    case RG_FIT_TTFT_B:
        return rows->p[i];
    case RG_FIT_C:
        return rows->o[i];
    case RG_FIT_ITL:
        return rows->o[i] - 1;
    case RG_FIT_D:
        return rows->o[i] * rows->load[i];
    default:
        return 1;
    }
}

/* Add the column of k, unless it adds nothing to the rank. */
static bool
part_column(struct part *part, const struct rg_fit_rows *rows, enum rg_fit_coefficient k)
{
    for (size_t i = 0; i < part->n; i++)
        part->x[i * RG_ROBUST_MAX + part->p] = regressor(rows, part->row[i], k);
    if (rg_robust_rank(part->x, part->n, RG_ROBUST_MAX, part->p + 1) <= part->p)
        return false;
    part->what[part->p++] = k;
    return true;
}

/* The columns so far, packed. */
static double *
packed(const struct part *part)
{
    double *x = rg_alloc(part->n * part->p, sizeof *x);

    for (size_t i = 0; i < part->n; i++)
        memcpy(x + i * part->p, part->x + i * RG_ROBUST_MAX, part->p * sizeof *x);
    return x;
}

static void
part_fit(struct part *part)
{
    double *x = packed(part);

    rg_robust_clear(&part->fit);
    rg_robust_fit(&part->fit, x, part->y, part->n, part->p);
    free(x);
}

/* ---- the model of one or two parts ---- */

struct solution {
    bool two_part;
    struct part parts[2]; /* TTFT and the rest, or the whole latency and none */
    enum rg_fit_why why[RG_FIT_N];
};

static struct part *
last_part(struct solution *s)
{
    return &s->parts[s->two_part];
}

static void
solution_clear(struct solution *s)
{
    part_clear(&s->parts[0]);
    part_clear(&s->parts[1]);
}

/* Coefficients of the parts by name; those that no column has are 0. */
static void
values_of(const struct solution *s, const double coef[2][RG_ROBUST_MAX], double v[RG_FIT_N])
{
    memset(v, 0, RG_FIT_N * sizeof *v);
    for (size_t k = 0; k < 2; k++)
        for (size_t j = 0; j < s->parts[k].p; j++)
            v[s->parts[k].what[j]] = coef[k][j];
    if (s->two_part) {
        v[RG_FIT_C] = v[RG_FIT_ITL];
        v[RG_FIT_A] = v[RG_FIT_TTFT_A] - v[RG_FIT_ITL];
        v[RG_FIT_B] = v[RG_FIT_TTFT_B];
    }
}

static void
fitted_values(const struct solution *s, double v[RG_FIT_N])
{
    double coef[2][RG_ROBUST_MAX];

    for (size_t k = 0; k < 2; k++)
        memcpy(coef[k], s->parts[k].fit.coef, sizeof coef[k]);
    values_of(s, (const double(*)[RG_ROBUST_MAX])coef, v);
}

static struct rg_fit_model
model_of(const struct solution *s)
{
    double v[RG_FIT_N];

    fitted_values(s, v);
    return (struct rg_fit_model){.two_part = s->two_part,
                                 .a = v[RG_FIT_A],
                                 .b = v[RG_FIT_B],
                                 .c = v[RG_FIT_C],
                                 .d = v[RG_FIT_D],
                                 .ttft_a = v[RG_FIT_TTFT_A],
                                 .ttft_b = v[RG_FIT_TTFT_B]};
}

/* The rows 0 .. m - 1 as parts, without columns. */
static void
split(struct solution *s, const struct rg_fit_rows *rows, size_t m)
{
    for (size_t k = 0; k <= (size_t)s->two_part; k++)
        part_init(&s->parts[k], m);
    for (size_t i = 0; i < m; i++) {
        struct part *first = &s->parts[0], *rest = &s->parts[1];

        first->row[first->n] = i;
        first->y[first->n++] = s->two_part ? rows->ttft[i] : rows->l[i];
        if (s->two_part && rg_fit_decodes(rows->o[i], rows->l[i], rows->ttft[i])) {
            rest->row[rest->n] = i;
            rest->y[rest->n++] = rows->l[i] - rows->ttft[i];
        }
    }
}

static enum rg_fit_why
try_column(struct part *part, const struct rg_fit_rows *rows, enum rg_fit_coefficient k)
{
    return part_column(part, rows, k) ? RG_FIT_FITTED : RG_FIT_COLLINEAR;
}

/* Completions before prompts: where the two go together, the time is the completions'. */
static void
plan_columns(struct solution *s, const struct rg_fit_rows *rows, size_t m)
{
    enum rg_fit_coefficient a = s->two_part ? RG_FIT_TTFT_A : RG_FIT_A;
    enum rg_fit_coefficient b = s->two_part ? RG_FIT_TTFT_B : RG_FIT_B;

    for (size_t k = 0; k < RG_FIT_N; k++)
        s->why[k] = RG_FIT_NOT_RECORDED;
    s->why[a] = try_column(&s->parts[0], rows, a);
    if (rows->has_completion && rg_fit_cv(rows->o, m) < CV_COMPLETION)
        s->why[RG_FIT_C] = RG_FIT_LITTLE;
    else if (rows->has_completion)
        s->why[RG_FIT_C] = s->two_part ? RG_FIT_FITTED : try_column(&s->parts[0], rows, RG_FIT_C);
    if (s->two_part)
        s->why[RG_FIT_ITL] = try_column(&s->parts[1], rows, RG_FIT_ITL);
    if (rows->has_prompt && rg_fit_cv(rows->p, m) < CV_CONSTANT)
        s->why[b] = RG_FIT_CONSTANT;
    else if (rows->has_prompt)
        s->why[b] = try_column(&s->parts[0], rows, b);
    if (s->two_part) {
        s->why[RG_FIT_A] = RG_FIT_FITTED;
        s->why[RG_FIT_B] = s->why[RG_FIT_TTFT_B];
    }
}

/* ---- the load ---- */

/* Sum of squared relative residuals, none counted beyond the outlier limit, over the degrees of
 * freedom: adjusted R2 is 1 minus this over what it is without any regressor, so the smaller the
 * better; sigma and scale are those of one fit for both. */
static double
lack(const struct part *part, const struct rg_robust *fit, const struct rg_robust *scaled)
{
    double sum = 0, limit = scaled->sigma > 0 ? OUTLIER * scaled->sigma : INFINITY;

    for (size_t i = 0; i < part->n; i++) {
        double r = part->y[i];

        for (size_t j = 0; j < fit->p; j++)
            r -= fit->coef[j] * part->x[i * RG_ROBUST_MAX + j];
        r = fmin(fabs(r) / scaled->scale[i], limit);
        sum += r * r;
    }
    return sum / (double)(part->n - fit->p);
}

/* Add d o Kbar to the last part if that is of use. */
static enum rg_fit_why
add_load(struct solution *s, const struct rg_fit_rows *rows, size_t m)
{
    struct part *part = last_part(s);
    struct rg_robust without;

    if (!rows->load)
        return RG_FIT_NOT_RECORDED;
    if (rg_fit_cv(rows->load, m) <= CV_LOAD)
        return RG_FIT_STEADY;
    if (!part_column(part, rows, RG_FIT_D))
        return RG_FIT_COLLINEAR;
    without = part->fit;
    part->fit = (struct rg_robust){0};
    part_fit(part);
    if (!part->fit.dropped[part->p - 1] &&
        lack(part, &part->fit, &without) < lack(part, &without, &without)) {
        rg_robust_clear(&without);
        return RG_FIT_FITTED;
    }
    rg_robust_clear(&part->fit);
    part->fit = without;
    part->p--;
    return RG_FIT_NO_GAIN;
}

static void
mark_zeros(struct solution *s)
{
    for (size_t k = 0; k < 2; k++)
        for (size_t j = 0; j < s->parts[k].p; j++)
            if (s->parts[k].fit.dropped[j])
                s->why[s->parts[k].what[j]] = RG_FIT_AT_ZERO;
    if (s->two_part && s->why[RG_FIT_TTFT_B] == RG_FIT_AT_ZERO)
        s->why[RG_FIT_B] = RG_FIT_AT_ZERO;
}

/* Fit the rows 0 .. m - 1. Release with solution_clear. */
static void
solve(struct solution *s, const struct rg_fit_rows *rows, size_t m)
{
    *s = (struct solution){.two_part = rows->two_part};
    split(s, rows, m);
    /* Of a training part: the calls that show decoding may all be among the rest. */
    if (s->two_part && s->parts[1].n < RG_ROBUST_MAX) {
        solution_clear(s);
        s->two_part = false;
        split(s, rows, m);
    }
    plan_columns(s, rows, m);
    part_fit(&s->parts[0]);
    if (s->two_part)
        part_fit(&s->parts[1]);
    s->why[RG_FIT_D] = add_load(s, rows, m);
    mark_zeros(s);
}

/* ---- intervals ---- */

static size_t
resamples_for(size_t n, const struct rg_fit_options *options)
{
    size_t b = RESAMPLED_CALLS / n;

    if (options->resamples > 0)
        return options->resamples;
    return b < RESAMPLES_MIN ? RESAMPLES_MIN : b > RESAMPLES_MAX ? RESAMPLES_MAX : b;
}

/* One resample of the calls, the same for both parts. */
static void
resample(const struct solution *s, double *const x[2], const uint32_t *counts, uint32_t *own,
         double v[RG_FIT_N])
{
    double coef[2][RG_ROBUST_MAX] = {{0}};

    for (size_t k = 0; k <= (size_t)s->two_part; k++) {
        const struct part *part = &s->parts[k];
        bool any = false;

        for (size_t i = 0; i < part->n; i++) {
            own[i] = counts[part->row[i]];
            any = any || own[i] > 0;
        }
        if (any)
            rg_robust_refit(&part->fit, x[k], part->y, own, coef[k]);
        else
            memcpy(coef[k], part->fit.coef, sizeof coef[k]);
    }
    values_of(s, (const double(*)[RG_ROBUST_MAX])coef, v);
}

static void
set_terms(struct rg_fit *fit, const struct solution *s, double *drawn, double level)
{
    double value[RG_FIT_N];

    fitted_values(s, value);
    for (size_t k = 0; k < RG_FIT_N; k++) {
        struct rg_fit_term *term = &fit->terms[k];
        double *d = drawn + k * fit->resamples;

        term->why = s->why[k];
        term->est = (struct rg_estimate){NAN, NAN, NAN, fit->n};
        if (term->why != RG_FIT_FITTED && term->why != RG_FIT_AT_ZERO)
            continue;
        rg_sort(d, fit->resamples);
        term->est.value = value[k];
        term->est.lo = fmin(value[k], rg_quantile7(d, fit->resamples, (1 - level) / 2));
        term->est.hi = fmax(value[k], rg_quantile7(d, fit->resamples, (1 + level) / 2));
    }
}

static void
bootstrap(struct rg_fit *fit, const struct solution *s, const struct rg_fit_options *options)
{
    gsl_rng *rng = rg_rng_new(options->seed, 0, RG_PURPOSE_BOOTSTRAP);
    uint32_t *counts = rg_alloc(fit->n, sizeof *counts), *own = rg_alloc(fit->n, sizeof *own);
    double *x[2] = {packed(&s->parts[0]), s->two_part ? packed(&s->parts[1]) : NULL};
    double *drawn, v[RG_FIT_N];

    fit->resamples = resamples_for(fit->n, options);
    drawn = rg_alloc(RG_FIT_N * fit->resamples, sizeof *drawn);
    for (size_t b = 0; b < fit->resamples; b++) {
        memset(counts, 0, fit->n * sizeof *counts);
        for (size_t i = 0; i < fit->n; i++)
            counts[rg_rng_below(rng, fit->n)]++;
        resample(s, x, counts, own, v);
        for (size_t k = 0; k < RG_FIT_N; k++)
            drawn[k * fit->resamples + b] = v[k];
    }
    set_terms(fit, s, drawn, options->level);
    free(drawn);
    free(x[0]);
    free(x[1]);
    free(counts);
    free(own);
    gsl_rng_free(rng);
}

/* ---- noise and quality ---- */

struct noises {
    struct rg_fit_noise whole, ttft, itl;
};

/* Noise of the rows 0 .. m - 1 about a model. */
static void
noises_of(struct noises *noises, const struct rg_fit_model *model, const struct rg_fit_rows *rows,
          size_t m)
{
    double *whole = rg_alloc(m, sizeof *whole), *ttft = rg_alloc(m, sizeof *ttft),
           *itl = rg_alloc(m, sizeof *itl);
    size_t n_ttft = 0, n_itl = 0;

    for (size_t i = 0; i < m; i++) {
        double load = rows->load ? rows->load[i] : 0;
        double all = rg_fit_predict(model, rows->p[i], rows->o[i], load);
        double first = model->ttft_a + model->ttft_b * rows->p[i];

        whole[i] = rg_fit_ratio(rows->l[i], all);
        if (!model->two_part)
            continue;
        ttft[n_ttft++] = rg_fit_ratio(rows->ttft[i], first);
        if (rg_fit_decodes(rows->o[i], rows->l[i], rows->ttft[i]))
            itl[n_itl++] = rg_fit_ratio(rows->l[i] - rows->ttft[i], all - first);
    }
    rg_fit_noise_of(&noises->whole, whole, m);
    rg_fit_noise_of(&noises->ttft, ttft, n_ttft);
    rg_fit_noise_of(&noises->itl, itl, n_itl);
    free(whole);
    free(ttft);
    free(itl);
}

static void
hold_out(struct rg_fit *fit, const struct rg_fit_rows *rows, const struct rg_fit_options *options)
{
    size_t m = rows->n - rows->n / 5;
    struct solution s;
    struct rg_fit_model model;
    struct noises noises;
    struct rg_fit_noises borrowed = {&noises.whole, &noises.ttft, &noises.itl};

    solve(&s, rows, m);
    model = model_of(&s);
    noises_of(&noises, &model, rows, m);
    rg_fit_judge_rows(&model, &borrowed, RG_FIT_RESAMPLED, rows, m, options, &fit->held_out);
    fit->grade = rg_fit_grade_of(&fit->held_out);
    solution_clear(&s);
}

/* ---- all of it ---- */

static void
describe(struct rg_fit *fit, const struct rg_fit_rows *rows)
{
    const double none = NAN;
    struct rg_fit_rows empty = {0};

    *fit = (struct rg_fit){
        .n = rows->n,
        .dropped_latency = rows->dropped_latency,
        .dropped_tokens = rows->dropped_tokens,
        .dropped_ttft = rows->dropped_ttft,
        .timed = rows->timed && rows->n > 0,
        .cv_prompt = rows->has_prompt ? rg_fit_cv(rows->p, rows->n) : none,
        .cv_completion = rows->has_completion ? rg_fit_cv(rows->o, rows->n) : none,
        .cv_latency = rows->n > 0 ? rg_fit_cv(rows->l, rows->n) : none,
        .cv_load = rows->load ? rg_fit_cv(rows->load, rows->n) : none,
    };
    rg_fit_noise_of(&fit->noise, NULL, 0);
    rg_fit_noise_of(&fit->ttft_noise, NULL, 0);
    rg_fit_noise_of(&fit->itl_noise, NULL, 0);
    rg_fit_judge_rows(NULL, NULL, RG_FIT_RESAMPLED, &empty, 0, NULL, &fit->held_out);
    for (size_t k = 0; k < RG_FIT_N; k++)
        fit->terms[k] = (struct rg_fit_term){{NAN, NAN, NAN, rows->n}, RG_FIT_TOO_FEW};
}

void
rg_fit_run(struct rg_fit *fit, const struct rg_fit_data *data, const struct rg_fit_options *options)
{
    struct rg_fit_rows rows;
    struct solution s;
    struct noises noises;

    assert(options->level > 0 && options->level < 1);
    rg_fit_rows_init(&rows, data, true);
    describe(fit, &rows);
    if (rows.n >= RG_FIT_MIN) {
        solve(&s, &rows, rows.n);
        fit->model = model_of(&s);
        fit->decode = s.two_part ? s.parts[1].n : 0;
        noises_of(&noises, &fit->model, &rows, rows.n);
        fit->noise = noises.whole;
        fit->ttft_noise = noises.ttft;
        fit->itl_noise = noises.itl;
        bootstrap(fit, &s, options);
        hold_out(fit, &rows, options);
        solution_clear(&s);
    }
    rg_fit_rows_clear(&rows);
}

bool
rg_fit_done(const struct rg_fit *fit)
{
    return fit->n >= RG_FIT_MIN;
}

void
rg_fit_judge(const struct rg_fit *fit, const struct rg_fit_data *data, enum rg_fit_draw draw,
             const struct rg_fit_options *options, struct rg_fit_quality *out)
{
    const struct rg_fit_noises noises = {&fit->noise, &fit->ttft_noise, &fit->itl_noise};
    struct rg_fit_rows rows;

    assert(rg_fit_done(fit));
    rg_fit_rows_init(&rows, data, false);
    rg_fit_judge_rows(&fit->model, &noises, draw, &rows, 0, options, out);
    rg_fit_rows_clear(&rows);
}
