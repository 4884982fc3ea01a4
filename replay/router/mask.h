/* Which models a router may choose for a query: all, unless the policy says that what is not
 * recorded is masked (RG_MISSING_MASK), and then those of which some call is recorded for the query
 * and may be judged by. Samples do not matter: another one stands in. Routers that choose among
 * models ask here, so that none is excused from a query for having picked what nobody recorded. */
#ifndef RG_REPLAY_ROUTER_MASK_H
#define RG_REPLAY_ROUTER_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/policy.h"

/* false for RG_NO_MODEL where it masks. O(log calls of the query). */
bool rg_mask_has(const struct rg_policy *p, uint32_t query, uint32_t model);

/* How many of models[0..n) there are for the query, and number k of them (from 0) in their order;
 * RG_NO_MODEL when there are not so many. */
size_t rg_mask_count(const struct rg_policy *p, uint32_t query, const uint32_t *models, size_t n);
uint32_t rg_mask_at(const struct rg_policy *p, uint32_t query, const uint32_t *models, size_t n,
                    size_t k);

/* One of them with equal chances; chance in [0, 1). */
uint32_t rg_mask_draw(const struct rg_policy *p, uint32_t query, const uint32_t *models, size_t n,
                      double chance);

#endif
