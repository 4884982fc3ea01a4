/* Splitting queries into a part to learn from and a part to judge on. */
#ifndef RG_REPLAY_SPLIT_H
#define RG_REPLAY_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "traces/trace.h"

/* Each category (queries without one are another) is shuffled and gives the share of its queries,
 * rounded, to train[], at least one and not all of them where it has two or more; the others go to
 * test[]. Both have room for n, and get their queries in ascending order. queries[0..n) must be
 * distinct; their order does not matter. 0 <= share <= 1; at 0 and 1 all go to one side. The stream
 * of a category is its own, so that others may come and go. */
void rg_split(const struct rg_trace *t, const uint32_t *queries, size_t n, double share,
              uint64_t seed, uint32_t *train, size_t *n_train, uint32_t *test, size_t *n_test);

#endif
