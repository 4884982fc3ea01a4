/* Decisions made outside: for each query the models that are asked, in this order. They come from a
 * file (decisions.h) or from a child process (exec.h), one record for each query:
 *
 *     {"query": ID, "model": NAME}                     this model
 *     {"query": ID, "models": [NAME, ...]}             these, one after another has failed
 *     {"query": ID, "scores": {NAME: NUMBER, ...}}     the one with the highest score
 *
 * and "dataset": NAME where an id alone is ambiguous. Equal scores: the cheaper model, see
 * rg_router_cheaper. A score of null: the model is not offered. */
#ifndef RG_REPLAY_ROUTER_DECIDED_H
#define RG_REPLAY_ROUTER_DECIDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/names.h"
#include "replay/router/router.h"

/* What is asked again after an answer that failed or was refused. */
enum rg_decided_next {
    RG_DECIDED_LISTED, /* the further models of "models" */
    RG_DECIDED_RANKED, /* also those of "scores", by falling score */
    RG_DECIDED_STOP,   /* none: the first model of each record only */
};
extern const char *const rg_decided_next_names[]; /* NULL-terminated, in the order of the enum */

/* Initialise with {0}, release with rg_decided_clear. */
struct rg_decided {
    uint32_t *first;  /* per query: where its models begin */
    uint32_t *n;      /* per query: how many; 0: no decision */
    uint32_t *models; /* of all queries, in the order of the records */
    size_t n_models, cap;
    double *value; /* scores of all records: queries x models of the trace, NaN: none; NULL: no
                      record has any, or they are too many to be kept */
};

void rg_decided_clear(struct rg_decided *d);

/* Model number `decision` (from 0) of a query; reason tells why it is asked. RG_NO_MODEL: there is
 * none. */
struct rg_choice rg_decided_choice(const struct rg_decided *d, uint32_t query, size_t decision,
                                   enum rg_reason reason);

/* What follows an attempt that failed or was refused; for rg_router_type.next. */
struct rg_choice rg_decided_after(const struct rg_decided *d, uint32_t query,
                                  const struct rg_attempt *last);

/* ---- reading ---- */

/* State of reading one file or child. Names that the trace does not know do not end the reading:
 * they are counted, and rg_decided_done reports the first. */
struct rg_decided_reader {
    const struct rg_trace *trace;
    const struct rg_policy *policy; /* whose models may be chosen; NULL: all of the trace */
    struct rg_decided *out;
    enum rg_decided_next next;
    struct rg_names *ids; /* of queries */
    uint32_t *of_id;      /* the first query that has the id */
    uint32_t *same;       /* per query: the next one with its id, or RG_NAMES_NONE */
    uint64_t *line;       /* per query: of its record */
    uint32_t *asked;      /* models of one record */
    double *score;        /* of one record, per model; NaN: not offered */
    size_t n_unknown;
    struct rg_err unknown; /* the first one */
};

/* With a policy, set after this: a model that is not offered is an unknown name where a record
 * asks for it, and passed over among scores; and a model that the policy masks for the query
 * (mask.h) is passed over where the record has another.
 *
 * trace is borrowed; so is out, which is cleared and filled. Release with rg_decided_reader_clear;
 * out stays. */
void rg_decided_reader_init(struct rg_decided_reader *r, const struct rg_trace *t,
                            enum rg_decided_next next, struct rg_decided *out);
void rg_decided_reader_clear(struct rg_decided_reader *r);

/* The query with that id; dataset NULL: whichever it is in. RG_NAMES_NONE when unknown (counted).
 * An id of several datasets is an error. */
RG_MUST_USE enum rg_status rg_decided_query(struct rg_decided_reader *r, const char *dataset,
                                            const char *id, struct rg_place place, uint32_t *query,
                                            struct rg_err *err);
/* The model with that name, or RG_NO_MODEL (counted). */
uint32_t rg_decided_model(struct rg_decided_reader *r, const char *name, struct rg_place place);

/* Keep a decision: models[0..n), or the scores in r->score. A query that has one already, and
 * scores that offer nothing, are errors. A query or model that is unknown is passed over. */
RG_MUST_USE enum rg_status rg_decided_put(struct rg_decided_reader *r, uint32_t query,
                                          const uint32_t *models, size_t n, struct rg_place place,
                                          struct rg_err *err);
RG_MUST_USE enum rg_status rg_decided_put_scores(struct rg_decided_reader *r, uint32_t query,
                                                 struct rg_place place, struct rg_err *err);

/* One record in JSON. expected: the query that it must be about, and which it need not name;
 * RG_NAMES_NONE: it must name one. */
RG_MUST_USE enum rg_status rg_decided_record(struct rg_decided_reader *r, const struct rg_json *doc,
                                             uint32_t expected, struct rg_err *err);

/* RG_EINPUT when a name was unknown. */
RG_MUST_USE enum rg_status rg_decided_done(const struct rg_decided_reader *r, struct rg_err *err);

#endif
