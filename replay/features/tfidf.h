/* Hashed TF-IDF: a text as a sparse vector, without any model, so that texts can be compared where
 * no encoder's embeddings were recorded. Used by memory (dense retrieval, groundedness) and by
 * routers on plain text (centroids, nearest neighbours).
 *
 *   token    maximal run of bytes a-z, 0-9 or >= 0x80, after A-Z were lowered; nothing else is
 *            folded, so the text need not be valid UTF-8
 *   terms    all tokens, and all pairs "a b" of neighbouring tokens, one blank between them
 *   bucket   crc32(term) mod D (zlib's CRC-32; D a power of two); c = occurrences of terms in it
 *   idf      ln((1 + n) / (1 + df)) + 1, n = texts fitted on, df = those that have the bucket
 *   weight   (1 + ln c) idf, then the vector is scaled to length 1; no token: the zero vector
 *
 * Term frequency and idf are the sublinear and smoothed forms of scikit-learn's TfidfVectorizer;
 * the buckets are feature hashing (K. Weinberger et al., "Feature hashing for large scale multitask
 * learning", ICML 2009) with unsigned counts. Vectors have length 1, so that the cosine of two is
 * their product, rg_sparse_dot. */
#ifndef RG_REPLAY_FEATURES_TFIDF_H
#define RG_REPLAY_FEATURES_TFIDF_H

#include <stddef.h>
#include <stdint.h>

#include "replay/features/sparse.h"

enum {
    RG_TFIDF_WIDE = 16384, /* buckets for search */
    RG_TFIDF_NARROW = 256, /* buckets for vectors that are written out in full */
};

struct rg_tfidf;

/* dim must be a power of two, 2 to 2^24. Add the texts to fit on, then call _fit once; after that
 * it is read-only and may be shared by threads. */
struct rg_tfidf *rg_tfidf_new(uint32_t dim);
void rg_tfidf_add(struct rg_tfidf *m, const char *text);
void rg_tfidf_fit(struct rg_tfidf *m);
/* All at once. */
struct rg_tfidf *rg_tfidf_of(uint32_t dim, const char *const *texts, size_t n);
/* As it was when fitted, from the idf of each of its dim buckets. */
struct rg_tfidf *rg_tfidf_restore(uint32_t dim, const double *idf);
void rg_tfidf_free(struct rg_tfidf *m); /* NULL is fine */

/* The vector of a text; out keeps its memory from call to call. */
void rg_tfidf_vector(const struct rg_tfidf *m, const char *text, struct rg_sparse *out);

double rg_tfidf_idf(const struct rg_tfidf *m, uint32_t bucket);

#endif
