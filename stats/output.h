/* Simulation output: warm-up, correlated series, how many replications, values that last.
 *
 * A series x[0..n) is what one run gave in its order: waiting times, or averages over equal spans
 * of time (rg_output_time_spans). Independent replications need nothing of this but the stop rule:
 * their interval is rg_interval_mean over one mean each. */
#ifndef RG_STATS_OUTPUT_H
#define RG_STATS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/interval.h"

/* ---- series of any length ---- */

enum { RG_FOLD_MAX = 4096 };

/* A series in constant memory: averages of consecutive values, all of equally many, which twice as
 * many go into whenever there would be RG_FOLD_MAX of them. Shorter series are kept as they are.
 * Batch means and MSER-5 work on the averages as on the values. Initialise with .size = 1. */
struct rg_output_fold {
    double x[RG_FOLD_MAX];
    size_t n, size; /* averages, and how many values are in each */
    double rest;    /* sum of the latest values, too few for a further average */
    size_t n_rest;
};
void rg_output_fold_add(struct rg_output_fold *fold, double x);

/* ---- warm-up ---- */

struct rg_warmup {
    size_t cut;   /* leave out x[0..cut) */
    bool settled; /* false: the best cut is the last one tried, so the run is too short */
};

/* MSER-5: cut where the standard error of what remains is least. K. P. White Jr., Simulation 69
 * (1997) 323-334; on averages of 5 values as K. P. White Jr., M. J. Cobb and S. C. Spratt, WSC
 * 2000, 755-760. That is, least sum of (z_i - mean)^2 / (m - d)^2 over the m - d averages left, the
 * first d of them cut, d at most half of them. Of equally good cuts the shortest. Cuts are
 * multiples of 5. Fewer than 10 values are not cut and not settled; nor are those with one that is
 * not finite.
 *
 * Of a short run of a busy queue it may cut a long queue near the beginning as if it were warm-up,
 * which makes the mean too low (tests/coverage.md): take long runs, or replications. */
struct rg_warmup rg_output_mser5(const double *x, size_t n);

/* ---- correlation ---- */

struct rg_serial {
    double lag1;  /* autocorrelation */
    double ratio; /* von Neumann's: squared steps over squared deviations; about 2, less where
                   * neighbours are alike */
    double p;     /* probability of such a ratio or less without correlation */
};

/* sum of (x_i - mean)(x_(i+lag) - mean) / sum of (x_i - mean)^2; NaN for lag >= n or no spread. */
double rg_output_autocorrelation(const double *x, size_t n, size_t lag);

/* J. von Neumann, Annals of Mathematical Statistics 12 (1941) 367-395; L. C. Young, the same,
 * 293-300: 1 - ratio / 2 is about normal with mean 0 and variance (n - 2) / (n^2 - 1). Good from
 * about n = 8. For n < 3, no spread or a value not finite all are NaN, but p is 1. */
struct rg_serial rg_output_serial(const double *x, size_t n);

/* ---- batch means ---- */

enum { RG_BATCHES_MIN = 10, RG_BATCHES_MAX = 64 };

struct rg_batch_means {
    struct rg_estimate mean; /* .n is the number of values in the batches */
    size_t batches, size;    /* values left over are taken from the beginning */
    struct rg_serial serial; /* of the batch means */
    bool correlated;         /* warning: even the fewest batches are, or there are too few values:
                              * the interval is too narrow */
};

/* Student t over the means of consecutive batches of equal size, B. W. Schmeiser, Operations
 * Research 30 (1982) 556-568: there is little to gain from more than 30 batches. batches = 0
 * chooses: the most of 64, 48, 32, 24, 16, 12 and 10 for which the von Neumann test of the batch
 * means has p >= 0.3, as G. S. Fishman (Management Science 24 (1978) 510-521) tests them, else 10
 * and the warning (p < 0.05). With n < 2 batches there is one value a batch. */
struct rg_batch_means rg_output_batch_means(const double *x, size_t n, size_t batches,
                                            double level);

/* ---- how many replications ---- */

struct rg_precision {
    double relative; /* wanted half width of the interval, as a share of the mean's magnitude */
    double level;
    size_t least, most; /* replications; 2 <= least <= most */
};

enum rg_precision_state {
    RG_PRECISION_GO_ON,
    RG_PRECISION_ENOUGH, /* reached */
    RG_PRECISION_CAP,    /* not reached with the most replications allowed */
};

/* Sequential stop rule on x[0..n), one value for each replication (A. M. Law, Simulation Modeling
 * and Analysis, 5th ed., 2015, section 9.4.1): enough when the Student interval's half width is at
 * most relative * |mean|. Stopping at the first chance makes
 * intervals cover a little less than their level, the less so the larger `least` (two cases are in
 * tests/coverage.md). For several measures ask for each and go on while one wants to. A mean that
 * stays near 0 has no relative precision and ends at the cap; values all equal are enough. */
enum rg_precision_state rg_output_precision(const struct rg_precision *p, const double *x,
                                            size_t n);

/* How many replications will be needed in all if spread and mean stay as they are: at least n, at
 * most p->most; p->least for n < 2. */
size_t rg_output_precision_needed(const struct rg_precision *p, const double *x, size_t n);

/* ---- values that last ---- */

/* A right-continuous step function: value[i] from time[i] on. Times ascend; of several at one time
 * the last one holds. */
struct rg_steps {
    const double *time, *value;
    size_t n;
};

/* Average over [begin, end), weighted by time. NaN if the function does not begin by then (the
 * first time is after begin), or begin >= end. */
double rg_output_time_average(const struct rg_steps *steps, double begin, double end);

/* Variance over time about that average: weights sum to the time, there is no n - 1. */
double rg_output_time_variance(const struct rg_steps *steps, double begin, double end);

/* Averages over k equal spans of [begin, end) to out[0..k): a series for all of the above. */
void rg_output_time_spans(const struct rg_steps *steps, double begin, double end, size_t k,
                          double *out);

#endif
