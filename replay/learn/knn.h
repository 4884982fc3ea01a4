/* Exact nearest neighbours by inner product, among dense rows or hashed texts.
 *
 * Dense rows are kept twice: as floats, and rounded to whole numbers of about eleven bits. A query
 * is first compared with the rounded rows in integers, which is fast and the same everywhere; by
 * the Cauchy-Schwarz inequality the rounding bounds how far off each product can be, so that only
 * rows that may be among the nearest are compared in full. The result is that of comparing all. */
#ifndef RG_REPLAY_LEARN_KNN_H
#define RG_REPLAY_LEARN_KNN_H

#include <stddef.h>
#include <stdint.h>

#include "replay/features/sparse.h"

struct rg_knn;

/* Rows row-major n x d, kept as floats; d at most 2^20, n below 2^32. */
struct rg_knn *rg_knn_new(const double *rows, size_t n, size_t d);
/* Of sparse rows with `places` places. */
struct rg_knn *rg_knn_sparse(const struct rg_sparse *rows, size_t n, uint32_t places);
void rg_knn_free(struct rg_knn *index); /* NULL is fine */

/* The k rows with the greatest products with each query, greatest first, of equals the earlier row:
 * row[i * k + r] and product[i * k + r] for r < min(k, n). Returns that number. Queries: n_queries
 * x d, also rounded to floats; or sparse ones. */
size_t rg_knn_find(const struct rg_knn *index, const double *queries, size_t n_queries, size_t k,
                   uint32_t *row, double *product);
size_t rg_knn_find_sparse(const struct rg_knn *index, const struct rg_sparse *query, size_t k,
                          uint32_t *row, double *product);

#endif
