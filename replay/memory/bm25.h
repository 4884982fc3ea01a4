/* BM25 over an inverted index (S. Robertson, H. Zaragoza, "The probabilistic relevance framework:
 * BM25 and beyond", Foundations and Trends in Information Retrieval 3 (2009) 333-389, eq. 3.15; the
 * idf is Lucene's, which is never negative):
 *
 *   score(d, q) = sum over the tokens t of q, repetitions included, of
 *                 idf(t) f (k1 + 1) / (f + k1 (1 - b + b |d| / avgdl))
 *   idf(t)      = ln((N - df + 0.5) / (df + 0.5) + 1)
 *
 * f: occurrences of t in d; |d|: tokens of d; avgdl: their mean over all N texts; df: texts with t.
 * A token is a maximal run of A-Z, a-z, 0-9 and '_', lower-cased; every other byte separates. */
#ifndef RG_REPLAY_MEMORY_BM25_H
#define RG_REPLAY_MEMORY_BM25_H

#include <stddef.h>

#include "replay/features/sparse.h"

struct rg_bm25;

/* The texts are not kept. */
struct rg_bm25 *rg_bm25_new(const char *const *texts, size_t n, double k1, double b);
void rg_bm25_free(struct rg_bm25 *m); /* NULL is fine */

/* Score of every text into out[0..n). The tokens of the query that occur in any text, with their
 * numbers, are left in *tokens, which is scratch memory of the caller. */
void rg_bm25_scores(const struct rg_bm25 *m, const char *query, struct rg_sparse *tokens,
                    double *out);

#endif
