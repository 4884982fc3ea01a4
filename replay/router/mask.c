#include "replay/router/mask.h"

bool
rg_mask_has(const struct rg_policy *p, uint32_t query, uint32_t model)
{
    return p->missing != RG_MISSING_MASK ||
           rg_lookup_find(&p->lookup, query, model, 0).call != RG_NO_CALL;
}

size_t
rg_mask_count(const struct rg_policy *p, uint32_t query, const uint32_t *models, size_t n)
{
    size_t count = 0;

    if (p->missing != RG_MISSING_MASK)
        return n;
    for (size_t i = 0; i < n; i++)
        count += rg_mask_has(p, query, models[i]);
    return count;
}

uint32_t
rg_mask_at(const struct rg_policy *p, uint32_t query, const uint32_t *models, size_t n, size_t k)
{
    if (p->missing != RG_MISSING_MASK)
        return k < n ? models[k] : RG_NO_MODEL;
    for (size_t i = 0; i < n; i++)
        if (rg_mask_has(p, query, models[i]) && k-- == 0)
            return models[i];
    return RG_NO_MODEL;
}

uint32_t
rg_mask_draw(const struct rg_policy *p, uint32_t query, const uint32_t *models, size_t n,
             double chance)
{
    size_t count = rg_mask_count(p, query, models, n), k = (size_t)(chance * (double)count);

    return rg_mask_at(p, query, models, n, k < count ? k : count - 1);
}
