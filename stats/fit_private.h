/* Between the files of the service-time fit (stats/fit.h). */
#ifndef RG_STATS_FIT_PRIVATE_H
#define RG_STATS_FIT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/fit.h"

/* The calls used, in the order of time where it is known: columns of length n. */
struct rg_fit_rows {
    size_t n;
    bool has_prompt, has_completion; /* else p = 0, o = 1 */
    bool two_part, timed;
    size_t dropped_latency, dropped_tokens, dropped_ttft;
    double *p, *o, *l;
    double *ttft; /* good in every row if two_part */
    double *at;
    double *load; /* NULL: not known */
};

/* two_part false: do not ask for a TTFT. */
void rg_fit_rows_init(struct rg_fit_rows *rows, const struct rg_fit_data *data, bool two_part);
void rg_fit_rows_clear(struct rg_fit_rows *rows);

/* Does a row have a token behind the first one, and time for it? */
bool rg_fit_decodes(double completion_tokens, double latency_ms, double ttft_ms);

/* Standard deviation over mean; 0 for a mean of 0 or fewer than two values. */
double rg_fit_cv(const double *x, size_t n);

/* Predicted and recorded latency never come nearer to 0 than this share of the other. */
double rg_fit_ratio(double recorded, double predicted);

void rg_fit_noise_of(struct rg_fit_noise *noise, double *ratios, size_t n); /* sorts ratios */

struct rg_fit_noises {
    const struct rg_fit_noise *whole, *ttft, *itl;
};

/* Rows from .. n - 1 against a model. */
void rg_fit_judge_rows(const struct rg_fit_model *m, const struct rg_fit_noises *noises,
                       enum rg_fit_draw draw, const struct rg_fit_rows *rows, size_t from,
                       const struct rg_fit_options *options, struct rg_fit_quality *out);

enum rg_fit_grade rg_fit_grade_of(const struct rg_fit_quality *q);

#endif
