/* Sessions: queries that follow one another in one conversation.
 *
 * A query's attribute `session` (text or number) names its session within its dataset, `turn` (a
 * number) its place; queries without a turn come behind those with one, and of equal turns the
 * order of the recording decides. */
#ifndef RG_REPLAY_MEMORY_SESSIONS_H
#define RG_REPLAY_MEMORY_SESSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traces/trace.h"

/* Session s is turns[first[s]] .. turns[first[s + 1] - 1], indices of queries in order. */
struct rg_sessions {
    size_t n;       /* sessions; 0 when the trace has none */
    size_t n_turns; /* queries that are in one */
    uint32_t *first;
    uint32_t *turns;
};

/* RG_EINPUT when a session is an object or array, or a turn not a number. Release with _clear, also
 * after an error. */
RG_MUST_USE enum rg_status rg_sessions_load(struct rg_sessions *out, const struct rg_trace *t,
                                            struct rg_err *err);
void rg_sessions_clear(struct rg_sessions *s);

#endif
