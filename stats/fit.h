/* Service times from recorded calls: latency = a + b p + c o [+ d o Kbar] milliseconds for p prompt
 * and o completion tokens, times a noise of median 1.
 *
 * Where the time to the first token (TTFT) was recorded the two parts are fitted apart, as serving
 * systems have them: TTFT = ttft_a + ttft_b p, and behind it c [+ d Kbar] for each further token.
 * Then latency = TTFT + c (o - 1) + d o Kbar, so that a = ttft_a - c and b = ttft_b. Otherwise a,
 * b, c are fitted to the whole latency. Regressions are robust, on relative residuals and with
 * coefficients >= 0 (stats/robust.h).
 *
 * With arrival times the load is known: Kbar is the time average, over a call's life, of the
 * context tokens (p + o / 2) of all calls in flight, itself included. The term d o Kbar is kept
 * when Kbar varies (CV > 0.3), adjusted R2 improves, and d > 0.
 *
 * A coefficient that the data do not identify has no number but a reason. Intervals are percentile
 * intervals of a bootstrap over calls; calls that wait for each other are not independent, and the
 * intervals are then too short.
 *
 * Quality is measured out of sample: the last fifth of the calls, by arrival time or else in the
 * order given, against a fit of the others. The coefficients reported are those of all calls. */
#ifndef RG_STATS_FIT_H
#define RG_STATS_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/interval.h"

enum {
    RG_FIT_MIN = 30, /* calls below which nothing is fitted */
    RG_FIT_QUANTILES = 101,
};

/* Columns of n calls that gave an answer. NaN is "not recorded"; the last two may be NULL. */
struct rg_fit_data {
    size_t n;
    const double *prompt_tokens;
    const double *completion_tokens;
    const double *latency_ms;
    const double *ttft_ms;
    const double *at_s; /* when the call began */
};

struct rg_fit_options {
    double level;     /* confidence of intervals, e.g. 0.95 */
    uint64_t seed;    /* of the bootstrap */
    size_t resamples; /* 0: 199 to 999, fewer for more calls */
};

enum rg_fit_why {
    RG_FIT_FITTED,
    RG_FIT_AT_ZERO,      /* came out negative, is 0 */
    RG_FIT_TOO_FEW,      /* fewer than RG_FIT_MIN calls */
    RG_FIT_NOT_RECORDED, /* what it multiplies is not in the data */
    RG_FIT_CONSTANT,     /* what it multiplies does not vary (CV < 0.01) */
    RG_FIT_LITTLE,       /* completion tokens vary too little: CV < 0.2 */
    RG_FIT_COLLINEAR,    /* cannot be told from the others: rank of the columns */
    RG_FIT_STEADY,       /* the load hardly varies: CV(Kbar) <= 0.3 */
    RG_FIT_NO_GAIN,      /* the term does not improve the fit */
};

enum rg_fit_coefficient {
    RG_FIT_A,      /* ms */
    RG_FIT_B,      /* ms per prompt token */
    RG_FIT_C,      /* ms per completion token */
    RG_FIT_D,      /* ms per completion token and context token in flight */
    RG_FIT_TTFT_A, /* ms */
    RG_FIT_TTFT_B, /* ms per prompt token */
    RG_FIT_ITL,    /* ms per token behind the first one, whether or not their number varies */
    RG_FIT_N,
};
const char *rg_fit_name(enum rg_fit_coefficient k); /* "a", "b", "c", "d", "ttft_a", ... */
const char *rg_fit_unit(enum rg_fit_coefficient k); /* "ms", "ms/token", "ms/token/token" */

struct rg_fit_term {
    struct rg_estimate est; /* NaN unless why is RG_FIT_FITTED or RG_FIT_AT_ZERO */
    enum rg_fit_why why;
};

/* What predicts. Terms that are not identified are 0, their share is in the others. In the model of
 * two parts c is the time per further token also where RG_FIT_C is not identified. */
struct rg_fit_model {
    bool two_part;
    double a, b, c, d;
    double ttft_a, ttft_b; /* 0 without two parts */
};

/* recorded / predicted of a part of the latency. */
struct rg_fit_noise {
    size_t n;
    double sigma;                       /* standard deviation of its logarithm */
    double quantiles[RG_FIT_QUANTILES]; /* type 7 at 0, 0.01, ..., 1 */
};

/* How predictions differ from records. Errors are relative to the record: -0.1 is 10 % too low.
 * Errors of quantiles compare the distribution of the records with that of predictions with noise;
 * their intervals are bootstrapped over the records. */
struct rg_fit_quality {
    size_t n;
    double mape, median_ape;
    double bias; /* mean relative error */
    struct rg_estimate p50, p90, p99;
    double ks; /* Kolmogorov-Smirnov distance of the two distributions */
    double r;  /* Pearson's; NaN where completion tokens vary too little to expect any */
    double r2; /* NaN where latencies vary too little: CV <= 0.3 */
};

/*             MAPE    r        |p50|    |p90|    |p99|
 * excellent   < 10 %  > 0.95   <= 5 %   <= 10 %  <= 20 %
 * good        < 20 %  > 0.85   <= 5 %   <= 10 %  <= 20 %
 * fair        < 35 %  > 0.70   <= 10 %  <= 20 %  <= 40 %
 * poor        all else
 * r counts only where it is given, p99 only with at least 100 calls held out. */
enum rg_fit_grade { RG_FIT_UNGRADED, RG_FIT_POOR, RG_FIT_FAIR, RG_FIT_GOOD, RG_FIT_EXCELLENT };
const char *rg_fit_grade_name(enum rg_fit_grade grade); /* "-", "poor", ... */

struct rg_fit {
    size_t n; /* calls used */
    /* Calls left out: latency not a number above 0 and up to 1e12; a token count below 0 or, for
     * completions, below 1, or not recorded where others are; TTFT not recorded, negative or beyond
     * the latency where others have a good one and the two parts are fitted. */
    size_t dropped_latency, dropped_tokens, dropped_ttft;
    bool timed;    /* all calls have a time: they were put in its order */
    size_t decode; /* of two parts: calls with a token behind the first one, and time for it */
    double cv_prompt, cv_completion, cv_latency, cv_load;
    struct rg_fit_model model;
    struct rg_fit_term terms[RG_FIT_N];
    struct rg_fit_noise noise;                 /* of the whole latency */
    struct rg_fit_noise ttft_noise, itl_noise; /* of two parts */
    size_t resamples;
    struct rg_fit_quality held_out;
    enum rg_fit_grade grade;
};

/* Fit. Never fails: with too few calls every term says so. */
void rg_fit_run(struct rg_fit *fit, const struct rg_fit_data *data,
                const struct rg_fit_options *options);

/* Was there anything to fit? */
bool rg_fit_done(const struct rg_fit *fit);

/* Deterministic part of the latency in ms; load is Kbar (ignored where d is 0). */
double rg_fit_predict(const struct rg_fit_model *m, double prompt_tokens, double completion_tokens,
                      double load);

/* How noise is drawn. The kinds by parts draw that of TTFT and that of the rest independently, and
 * are the whole one without two parts. */
enum rg_fit_draw {
    RG_FIT_RESAMPLED,
    RG_FIT_LOG_NORMAL,
    RG_FIT_PARTS_RESAMPLED,
    RG_FIT_PARTS_LOG_NORMAL,
};

/* A finished fit against further data (or its own: then in sample). */
void rg_fit_judge(const struct rg_fit *fit, const struct rg_fit_data *data, enum rg_fit_draw draw,
                  const struct rg_fit_options *options, struct rg_fit_quality *out);

/* The load of each call: Kbar into kbar[0..n). All columns finite, latencies > 0. */
void rg_fit_load(const double *at_s, const double *latency_ms, const double *context_tokens,
                 size_t n, double *kbar);

#endif
