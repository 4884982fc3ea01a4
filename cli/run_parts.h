/* What the set-ups of many runs over one trace have in common is made once: parts, each kept under
 * a key that is made of all the option values that it depends on.
 *
 * A part belongs to the shared pool; set-ups borrow. A part whose making failed is in the pool,
 * half made, and released with it: after an error nothing more may be set up from that pool. */
#ifndef RG_CLI_RUN_PARTS_H
#define RG_CLI_RUN_PARTS_H

#include "cli/run.h"

/* Begin with {.kind = NAME} and add every value that matters. */
struct rg_run_key {
    const char *kind;
    struct rg_buf text;
};
void rg_run_key_text(struct rg_run_key *key, const char *s); /* NULL differs from "" */
void rg_run_key_number(struct rg_run_key *key, double x);
void rg_run_key_list(struct rg_run_key *key, const struct rg_opt_list *list);

/* The part with this key, which is released; when *made it is new and zeroed. clear releases what
 * it holds. Notes in s->key that the set-up uses it. */
void *rg_run_part(struct rg_run_setup *s, struct rg_run_key *key, size_t size,
                  void (*clear)(void *part), bool *made);

/* run_queries.c: which queries; what is known of them. */
RG_MUST_USE enum rg_status rg_run_queries(struct rg_run_setup *s, const struct rg_run_values *v,
                                          struct rg_err *err);
RG_MUST_USE enum rg_status rg_run_signals(struct rg_run_setup *s, const struct rg_run_values *v,
                                          struct rg_err *err);

/* run_answers.c: memory, prompts and answers, after the queries. */
RG_MUST_USE enum rg_status rg_run_answers(struct rg_run_setup *s, const struct rg_run_values *v,
                                          struct rg_err *err);

#endif
