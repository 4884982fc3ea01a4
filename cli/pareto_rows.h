/* Points for `pareto`: rows of a file with objectives, labels and pairs, from whatever holds them:
 * a CSV file, or a data frame. */
#ifndef RG_CLI_PARETO_ROWS_H
#define RG_CLI_PARETO_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/names.h"
#include "stats/frame.h"

/* Which columns are wanted. */
struct rg_pareto_columns {
    const char *const *objective;
    size_t n_objectives;
    const char *const *by; /* columns that together label a configuration; may be none */
    size_t n_by;
    const char *pair; /* or NULL */
};

/* Texts are numbered in the order of their appearance. */
struct rg_pareto_rows {
    size_t n, d;
    double *value;           /* n x d */
    uint64_t *number;        /* n: of the record in the file, from 1 */
    uint32_t *config;        /* n: of the label in labels; 0 without by */
    uint32_t *unit;          /* n: of the pair in pairs; 0 without pair */
    struct rg_names *labels; /* of each label its parts, joined */
    char **part;             /* labels x by: the texts of its columns */
    struct rg_names *pairs;
    uint64_t *missing; /* d: records left out for want of this objective */
    uint64_t left_out; /* records without some objective */
    uint64_t no_pair;  /* records without a pair, left out, too */
    size_t cap[5];
    size_t n_by;
};

/* Empty cells, NA and NaN (in any case) of an objective are missing: the record is left out and
 * counted. inf, infinity with or without a sign, in any case, are infinite. Anything else that is
 * not a number is RG_EINPUT at its place; so is a column that is not there, with the nearest name.
 * Release with rg_pareto_rows_clear, also after an error. */
RG_MUST_USE enum rg_status rg_pareto_rows_csv(struct rg_pareto_rows *rows, const char *path,
                                              const struct rg_pareto_columns *columns,
                                              struct rg_err *err);

/* The same from a frame with just these columns, in their order: objectives, by, pair. Objectives
 * are numbers, or missing. */
void rg_pareto_rows_frame(struct rg_pareto_rows *rows, const struct rg_frame *frame,
                          const struct rg_pareto_columns *columns);
void rg_pareto_rows_clear(struct rg_pareto_rows *rows);

#endif
