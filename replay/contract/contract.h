/* Contracts: is an answer of the form that was asked for?
 *
 * A verdict belongs to a recorded call and depends on nothing else, so all verdicts are computed
 * once, before a replay, in one pass over the texts. */
#ifndef RG_REPLAY_CONTRACT_CONTRACT_H
#define RG_REPLAY_CONTRACT_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traces/trace.h"

enum rg_contract {
    RG_CONTRACT_OFF,      /* every answer is accepted as it is */
    RG_CONTRACT_RECORDED, /* fails where the recording says so (status invalid) */
    RG_CONTRACT_JSON,     /* the answer must be one JSON object, with nothing around it */
    RG_CONTRACT_TICKET,   /* ... with the five fields of a ticket answer, see below */
};
extern const char *const rg_contract_names[]; /* NULL-terminated, in the order of the enum */

/* Does text[0..n) satisfy a contract that looks at texts (json, ticket)? Ticket: final_answer,
 * reasoning and predicted_category are strings with something in them, resolution_steps is a list
 * of strings, escalation_flags an object; further members are allowed. */
bool rg_contract_accepts(enum rg_contract contract, const char *text, size_t n);

/* Verdicts of all calls into valid[0..n_calls): 1 accepted, 0 not. Calls that have no answer
 * (error, timeout, rate limited) are not accepted, except under RG_CONTRACT_OFF, where nothing is
 * judged. RG_EINPUT when the contract looks at texts and the trace has none. */
RG_MUST_USE enum rg_status rg_contract_verdicts(const struct rg_trace *t, enum rg_contract contract,
                                                uint8_t *valid, struct rg_err *err);

#endif
