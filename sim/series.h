/* How many calls waited and were served at each endpoint over time, from the tries as they end, in
 * bounded memory: fine bins, which are joined two by two when time goes beyond them, and put
 * together to as many equal spans as are wanted at the end. An edge between two of these may be off
 * by one fine bin, that is by at most 1/2048 of the whole time; sums over all time are exact. */
#ifndef RG_SIM_SERIES_H
#define RG_SIM_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/endpoint.h"

struct rg_series; /* of all endpoints */

struct rg_series *rg_series_new(size_t n_models);
void rg_series_free(struct rg_series *s); /* NULL is fine */
void rg_series_add(struct rg_series *s, const struct rg_try_record *record);

/* Averages over n equal spans of [0, span_s) to waiting[0..n) and busy[0..n); false: there were no
 * tries at the model, or no time. */
bool rg_series_means(const struct rg_series *s, size_t model, double span_s, size_t n,
                     double *waiting, double *busy);

#endif
