/* Sparse vectors, and an inverted index over many of them. */
#ifndef RG_REPLAY_FEATURES_SPARSE_H
#define RG_REPLAY_FEATURES_SPARSE_H

#include <stddef.h>
#include <stdint.h>

/* Pairs of place and weight, places ascending and distinct. Initialise with {0}, release with
 * rg_sparse_clear; whoever fills one keeps its memory. */
struct rg_sparse {
    size_t n;
    uint32_t *at;
    double *weight;
    size_t cap;
};

void rg_sparse_clear(struct rg_sparse *v);

/* How often each number occurs in ids[0..n), which are sorted by this. */
void rg_sparse_count(struct rg_sparse *v, uint32_t *ids, size_t n);

/* Product of the common places, added in ascending order. */
double rg_sparse_dot(const struct rg_sparse *a, const struct rg_sparse *b);

/* For each place the rows that have a weight there. */
struct rg_postings;
struct rg_postings *rg_postings_new(uint32_t places);
void rg_postings_free(struct rg_postings *p); /* NULL is fine */

/* One more row, with the next number. Its places must be below the number of places. */
void rg_postings_add(struct rg_postings *p, const struct rg_sparse *row);

/* rg_sparse_dot(v, row) of every row into out[0..rows): to the bit, because the terms are added in
 * the same order. Costs as much as v's places have postings, and rows. */
void rg_postings_dot(const struct rg_postings *p, const struct rg_sparse *v, double *out);

size_t rg_postings_rows(const struct rg_postings *p);

#endif
