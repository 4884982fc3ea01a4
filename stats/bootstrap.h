/* The nonparametric bootstrap: intervals for statistics of rows drawn again with replacement.
 *
 * B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, 1993; A. C. Davison and D. V.
 * Hinkley, Bootstrap Methods and their Application, 1997. All statistics of one call are computed
 * on the same resamples, so that what is compared is compared on the same queries: rows are paired
 * by being rows.
 *
 * What is drawn are units: rows, or clusters of rows (queries over seeds) which are taken whole,
 * within each stratum (data set) as many as it has. Resample b comes from the random stream (seed,
 * b, RG_PURPOSE_BOOTSTRAP), so the results depend neither on the number of threads nor on how many
 * resamples there are besides. Memory: 8 bytes for each resample and statistic. */
#ifndef RG_STATS_BOOTSTRAP_H
#define RG_STATS_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#include "stats/interval.h"

enum { RG_BOOTSTRAP_RESAMPLES = 10000 };

struct rg_bootstrap_plan {
    size_t n;                /* rows, below 2^31 */
    const uint32_t *cluster; /* of each row, any numbers; NULL: every row its own */
    const uint32_t *stratum; /* of each row, any numbers; NULL: all in one */
    uint32_t resamples;      /* 0: RG_BOOTSTRAP_RESAMPLES */
    uint64_t seed;
    unsigned threads; /* up to 64; 0 and 1: only the caller's */
};
/* Rows of one cluster number in two strata are two clusters. */

enum rg_bootstrap_kind {
    RG_BOOTSTRAP_MEAN,       /* of a */
    RG_BOOTSTRAP_DIFFERENCE, /* mean of a - b */
    RG_BOOTSTRAP_RATIO,      /* sum of a / sum of b */
    RG_BOOTSTRAP_SAVING,     /* 1 - sum of a / sum of b */
    RG_BOOTSTRAP_QUANTILE,   /* q of a, type 7 */
};

struct rg_bootstrap_term {
    enum rg_bootstrap_kind kind;
    const double *a, *b; /* columns of n rows */
    double q;            /* in [0, 1] */
};

/* Any other statistic, as a function of how often each row was drawn. */
struct rg_bootstrap_function {
    size_t outputs;
    /* count[i] for each of the n rows (all 1: the data themselves; 0 or 1: the jackknife); sets
     * out[0..outputs). scratch is `scratch` bytes, aligned for anything, of nobody else during the
     * call, and contains what the last call left. Called by several threads at once. */
    void (*evaluate)(const void *ctx, const uint32_t *count, void *scratch, double *out);
    const void *ctx;
    size_t scratch;
};

/* The replicates of m statistics. */
struct rg_bootstrap;

struct rg_bootstrap *rg_bootstrap_terms(const struct rg_bootstrap_plan *plan,
                                        const struct rg_bootstrap_term *terms, size_t m);
struct rg_bootstrap *rg_bootstrap_call(const struct rg_bootstrap_plan *plan,
                                       const struct rg_bootstrap_function *function);
void rg_bootstrap_free(struct rg_bootstrap *boot); /* NULL is fine */

enum rg_bootstrap_method {
    RG_BOOTSTRAP_PERCENTILE, /* Efron and Tibshirani, chapter 13 */
    RG_BOOTSTRAP_BASIC,      /* Davison and Hinkley, eq. (5.6) */
    RG_BOOTSTRAP_BCA,        /* B. Efron, JASA 82 (1987) 171-185; as described below */
};

/* Interval of statistic j; .value is the statistic of the data and .n the number of rows.
 *
 * Quantiles of replicates are of type 7. BCa: the bias correction counts replicates equal to the
 * value (but for rounding) by half and is kept within what the number of resamples can show; the
 * acceleration is that of the jackknife over units (0 where nothing varies), each stratum about its
 * own mean (Davison and Hinkley, eq. (5.25)). Where a statistic other than a mean or ratio has more
 * than RG_BOOTSTRAP_GROUPS units, groups of neighbouring units are left out instead of single ones.
 *
 * Degenerate cases: NaN as value, NaN as limits (n = 0 among them). No stratum with two units:
 * (-inf, inf). All replicates equal: the value itself. Replicates that are NaN (a ratio whose
 * baseline was not drawn) count as -inf for the lower limit and as inf for the upper one. An
 * infinite value has percentile limits, whatever the method. */
enum { RG_BOOTSTRAP_GROUPS = 1000 };
struct rg_estimate rg_bootstrap_interval(const struct rg_bootstrap *boot, size_t j,
                                         enum rg_bootstrap_method method, double level);

/* Replicates of statistic j in the order of resamples, their number, and what a BCa interval is
 * made of. Borrowed until rg_bootstrap_free. */
const double *rg_bootstrap_replicates(const struct rg_bootstrap *boot, size_t j);
size_t rg_bootstrap_resamples(const struct rg_bootstrap *boot);
size_t rg_bootstrap_undefined(const struct rg_bootstrap *boot, size_t j); /* replicates NaN */
double rg_bootstrap_acceleration(const struct rg_bootstrap *boot, size_t j);

/* Standard error: the standard deviation of the replicates. */
double rg_bootstrap_error(const struct rg_bootstrap *boot, size_t j);

#endif
