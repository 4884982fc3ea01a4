/* Clusters of queries. Rows are row-major n x d, centres k x d. */
#ifndef RG_REPLAY_LEARN_CLUSTERS_H
#define RG_REPLAY_LEARN_CLUSTERS_H

#include <stddef.h>
#include <stdint.h>

struct rg_kmeans {
    double *centres;  /* k x d */
    uint32_t *member; /* per row: its cluster */
    size_t rounds;    /* that moved something */
    double inertia;   /* sum of squared distances */
};

/* Without chance: the first centre is row 0, each next one the row farthest from all so far (the
 * first of equals); then Lloyd (S. P. Lloyd, IEEE Trans. Inf. Theory 28 (1982) 129-137) with the
 * first of equally near centres, until no row moves, at most 300 rounds. An empty cluster keeps its
 * centre. k may exceed n. */
void rg_kmeans_far(const double *x, size_t n, size_t d, size_t k, struct rg_kmeans *out);

/* As scikit-learn does it: D. Arthur, S. Vassilvitskii, "k-means++: the advantages of careful
 * seeding", SODA 2007, with 2 + floor(ln k) trials for each centre, `starts` times on one stream of
 * NumPy, each then Lloyd until no row moves or the centres move by no more than 1e-4 of the mean
 * variance (squared); the start with the least inertia is kept. An empty cluster takes the row that
 * is farthest from its centre. Equal to scikit-learn's but for the order of sums. k <= n. */
void rg_kmeans_plus(const double *x, size_t n, size_t d, size_t k, size_t starts, uint32_t seed,
                    struct rg_kmeans *out);
void rg_kmeans_clear(struct rg_kmeans *k);

/* Nearest centre of each row, the first of equals: squared distances in full (out k numbers a row,
 * NULL: not wanted). */
void rg_kmeans_assign(const double *x, size_t n, size_t d, const double *centres, size_t k,
                      uint32_t *member, double *distance2);

#endif
