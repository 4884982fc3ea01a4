/* What a search finds: the best of many scores. */
#ifndef RG_REPLAY_MEMORY_HIT_H
#define RG_REPLAY_MEMORY_HIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rg_hit {
    uint32_t at; /* index of the article, or of the query that was an earlier turn */
    double score;
};

/* Articles that a query must not find. NULL ctx and function: none. */
struct rg_hit_filter {
    bool (*leave_out)(const void *ctx, uint32_t at);
    const void *ctx;
};

/* The best `top` of scores[0..n) that are above 0, best first, of equals the lower index first,
 * into out[0..top). Returns how many there are. */
size_t rg_hit_best(const double *scores, size_t n, size_t top, struct rg_hit_filter filter,
                   struct rg_hit *out);

/* Puts a hit into out[0..*n), kept in that order, of which at most top stay. */
void rg_hit_offer(struct rg_hit *out, size_t *n, size_t top, struct rg_hit hit);

#endif
