/* What happened at each endpoint over time, in bounded memory: how many calls waited, from the
 * tries as they end, and how many slots were in use and were there, from the endpoints' own
 * integrals. Fine bins are joined two by two when time goes beyond them, and put together to as
 * many equal spans as are wanted at the end. An edge between two of these may be off by one fine
 * bin, that is by at most 1/2048 of the whole time; sums over all time are exact. */
#ifndef RG_SIM_SERIES_H
#define RG_SIM_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/endpoint.h"

struct rg_series; /* of all endpoints */

struct rg_series *rg_series_new(size_t n_models);
void rg_series_free(struct rg_series *s); /* NULL is fine */
void rg_series_add(struct rg_series *s, const struct rg_try_record *record);

/* The clock is at now_s, and what happens then has not been carried out; over: nothing more will.
 * Looks at the endpoints where time has reached a new bin. */
void rg_series_look(struct rg_series *s, const struct rg_endpoints *endpoints, double now_s,
                    bool over);

/* Averages over equal spans of time: calls that waited, slots in use (of a batch: sequences in it),
 * and slots of the replicas that were there, those included that are retired and finish their work.
 * What was used of these is busy / capacity. */
struct rg_series_means {
    double waiting, busy;
    double capacity; /* NaN: without a limit */
};

/* Means over n equal spans of [0, span_s) to out[0..n); false: there were no tries at the model, or
 * no time. */
bool rg_series_means(const struct rg_series *s, size_t model, double span_s, size_t n,
                     struct rg_series_means *out);

#endif
