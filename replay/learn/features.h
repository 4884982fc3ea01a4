/* What routers see of a query: its recorded embedding, or its text as hashed TF-IDF, as it is for
 * neighbours (sparse, many places), written out in few places, or reduced by a singular value
 * decomposition. All vectors have length 1 (or are zero). What has to be learnt of the texts (idf,
 * the basis of the decomposition) is learnt from the train queries alone and saved with the model.
 */
#ifndef RG_REPLAY_LEARN_FEATURES_H
#define RG_REPLAY_LEARN_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "replay/features/sparse.h"
#include "replay/learn/learnt.h"
#include "traces/trace.h"

/* Vectors of n queries: either dense, n x d, or sparse. */
struct rg_vectors {
    size_t n, d;
    double *dense;
    struct rg_sparse *sparse;
    uint32_t places;
    uint32_t *task; /* number of the data set of each among those learnt from, `tasks` for another
                       one; NULL: not wanted */
    uint32_t tasks;
};
void rg_vectors_clear(struct rg_vectors *v);

struct rg_features_options {
    const char *kind; /* auto: embeddings where the trace has them, else tfidf; tfidf; svd; or the
                         name of a space of embeddings */
    uint32_t places;  /* of tfidf; 0: 16384 where a router can use them sparse, else 256 */
    uint32_t dims;    /* of svd */
    uint64_t seed;    /* of its random start */
    bool sparse;      /* the router can use sparse vectors */
    bool tasks;       /* it wants to know data sets */
};

/* Learns what there is to learn from train[0..n), says it in l, and gives their vectors. A query
 * without a vector of the space is RG_EINPUT and named. */
RG_MUST_USE enum rg_status rg_features_fit(const struct rg_trace *t,
                                           const struct rg_features_options *o,
                                           const uint32_t *train, size_t n, struct rg_learnt *l,
                                           struct rg_vectors *out, struct rg_err *err);

/* The vectors of queries[0..n) as a model that was learnt before wants them. Checks what a file
 * says; RG_EINPUT when the trace has no such embeddings. */
RG_MUST_USE enum rg_status rg_features_of(const struct rg_trace *t, const struct rg_learnt *l,
                                          const uint32_t *queries, size_t n, struct rg_vectors *out,
                                          struct rg_err *err);

/* The first k right singular vectors of sparse rows with `places` places into basis (places x k),
 * by random projection with two power iterations: N. Halko, P. G. Martinsson, J. A. Tropp, "Finding
 * structure with randomness", SIAM Review 53 (2011) 217-288, algorithms 4.4 and 5.1. Signs are such
 * that the entry of greatest size of each is positive. Columns beyond the rank are zero. */
void rg_features_svd(const struct rg_sparse *rows, size_t n, uint32_t places, uint32_t k,
                     uint64_t seed, double *basis);

#endif
