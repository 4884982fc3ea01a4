/* The router `decisions`: recorded decisions or scores of a router that was run elsewhere.
 *
 * JSON Lines hold the records of decided.h. CSV has the column `query`, where needed `dataset`, and
 * either `model` or one column of scores for each model (an empty field: not offered; the highest
 * score wins, at equal scores the cheaper model). Either may be compressed with gzip. A file whose
 * first character is '{' is JSON Lines; one that begins with '[' is a list of RouterArena's
 * predictions, of which "global index" (or global_index) and "prediction" count, and which leaves
 * out those that are for_optimality.
 *
 * All bad input is RG_EINPUT with its place: unknown queries and models (counted, the first is
 * named), a query decided twice, an id of several datasets without a dataset, two forms in one
 * record, a score that is no finite number. A query without a decision goes to the default model;
 * without one that is an error too, if it is replayed (policy.queries). */
#ifndef RG_REPLAY_ROUTER_DECISIONS_H
#define RG_REPLAY_ROUTER_DECISIONS_H

#include "replay/router/decided.h"

/* Read path into r, and report unknown names. */
RG_MUST_USE enum rg_status rg_decisions_read(struct rg_decided_reader *r, const char *path,
                                             struct rg_err *err);

/* The scores of a prepared router `decisions`, per query and model of the trace (NaN: none), or
 * NULL when it has none or is another router. Borrowed. */
const double *rg_decisions_scores(const struct rg_router *r);

#endif
