/* The router `exec`: a program of the user's decides, once for every query that is replayed,
 * before the replay. For each of these, in the order of policy.queries, the child gets one line of
 * JSON:
 *
 *     {"query": ID, "dataset": NAME, "category": NAME, "text": TEXT, "models": [NAME, ...]}
 *
 * (category and text where recorded; the category is the recorded one, which a router on duty would
 * not know) and answers with one line, a record of decided.h that may leave "query" out. It never
 * sees scores or answers. What it answers is kept like a file of decisions, so that decisions stay
 * pure. How the child is run and what may go wrong: child.h. */
#ifndef RG_REPLAY_ROUTER_EXEC_H
#define RG_REPLAY_ROUTER_EXEC_H

#include "replay/router/decided.h"

/* Ask command for queries[0..n) of r's trace, which are distinct. */
RG_MUST_USE enum rg_status rg_exec_ask(struct rg_decided_reader *r, const uint32_t *queries,
                                       size_t n, const char *command, double timeout_s,
                                       struct rg_err *err);

#endif
