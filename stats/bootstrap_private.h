/* What the files of the bootstrap share. */
#ifndef RG_STATS_BOOTSTRAP_PRIVATE_H
#define RG_STATS_BOOTSTRAP_PRIVATE_H

#include <stdbool.h>

#include "base/rng.h"
#include "stats/bootstrap.h"

/* ---- units (bootstrap_units.c) ---- */

/* Units are numbered from 0, those of a stratum next to each other; with neither clusters nor
 * strata they are the rows, and of_row is NULL. */
struct rg_boot_units {
    size_t rows, n;
    uint32_t *of_row; /* the unit of each row */
    size_t strata;
    size_t *begin; /* stratum s is units [begin[s], begin[s + 1]) */
};

struct rg_boot_units rg_boot_units_new(const struct rg_bootstrap_plan *plan);
void rg_boot_units_clear(struct rg_boot_units *units);

/* Draw a resample: count[u] of each unit. */
void rg_boot_units_draw(const struct rg_boot_units *units, gsl_rng *rng, uint32_t *count);

/* Counts of rows from counts of units. */
void rg_boot_units_expand(const struct rg_boot_units *units, const uint32_t *count, uint32_t *rows);

/* ---- sums (bootstrap_sums.c) ---- */

/* Means of columns over the rows drawn, from one sum for each unit and column. */
struct rg_boot_sums;

struct rg_boot_sums *rg_boot_sums_new(const struct rg_boot_units *units);
void rg_boot_sums_free(struct rg_boot_sums *sums);

/* Add the column a, or a - b unless b is NULL, and return its number. */
size_t rg_boot_sums_column(struct rg_boot_sums *sums, const double *a, const double *b);

/* All columns are there. */
void rg_boot_sums_close(struct rg_boot_sums *sums);

size_t rg_boot_sums_columns(const struct rg_boot_sums *sums);
void rg_boot_sums_all(const struct rg_boot_sums *sums, double *mean);
void rg_boot_sums_without(const struct rg_boot_sums *sums, size_t unit, double *mean);
void rg_boot_sums_drawn(const struct rg_boot_sums *sums, const uint32_t *count, double *mean);

/* ---- statistics (bootstrap_terms.c) ---- */

struct rg_boot_terms;

struct rg_boot_terms *rg_boot_terms_new(const struct rg_bootstrap_term *terms, size_t m,
                                        const struct rg_boot_units *units);
void rg_boot_terms_free(struct rg_boot_terms *terms);

size_t rg_boot_terms_columns(const struct rg_boot_terms *terms);
bool rg_boot_terms_is_sum(const struct rg_boot_terms *terms, size_t j);
bool rg_boot_terms_needs_rows(const struct rg_boot_terms *terms); /* one is no function of sums */

/* Set out[] to the terms of a resample, of the data, and of the data without one unit (there only
 * those that are functions of sums). count is of units; rows, of rows, is read only if needed;
 * mean is scratch of one number for each column. */
void rg_boot_terms_drawn(const struct rg_boot_terms *terms, const uint32_t *count,
                         const uint32_t *rows, double *mean, double *out);
void rg_boot_terms_all(const struct rg_boot_terms *terms, const uint32_t *rows, double *mean,
                       double *out);
void rg_boot_terms_without(const struct rg_boot_terms *terms, size_t unit, double *mean,
                           double *out);

/* ---- the whole ---- */

struct rg_bootstrap {
    size_t n, m, resamples;
    bool can_vary;     /* a stratum has two units */
    double *value;     /* [m] */
    double *accel;     /* [m] */
    double *replicate; /* [m][resamples] */
};

/* What is evaluated: terms or a function, and on what. */
struct rg_boot_job {
    const struct rg_bootstrap_plan *plan;
    struct rg_boot_units units;
    struct rg_boot_terms *terms; /* or NULL */
    const struct rg_bootstrap_function *function;
    struct rg_bootstrap *boot;
};

/* A thread's own memory. */
struct rg_boot_bench {
    uint32_t *count, *rows; /* of units and rows */
    double *mean, *out;
    void *scratch;
};

struct rg_boot_bench rg_boot_bench_new(const struct rg_boot_job *job);
void rg_boot_bench_clear(struct rg_boot_bench *bench);

/* Statistics of bench->count to bench->out. */
void rg_boot_evaluate(const struct rg_boot_job *job, struct rg_boot_bench *bench);

/* Acceleration of all statistics (bootstrap_jackknife.c). */
void rg_boot_jackknife(const struct rg_boot_job *job, struct rg_boot_bench *bench);

#endif
