#include "replay/memory/hit.h"

static bool
better(struct rg_hit a, struct rg_hit b)
{
    return a.score > b.score || (!(a.score < b.score) && a.at < b.at);
}

void
rg_hit_offer(struct rg_hit *out, size_t *n, size_t top, struct rg_hit hit)
{
    size_t i;

    if (*n == top && (top == 0 || !better(hit, out[top - 1])))
        return;
    i = *n < top ? (*n)++ : top - 1;
    for (; i > 0 && better(hit, out[i - 1]); i--)
        out[i] = out[i - 1];
    out[i] = hit;
}

size_t
rg_hit_best(const double *scores, size_t n, size_t top, struct rg_hit_filter filter,
            struct rg_hit *out)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        if (!(scores[i] > 0) || (found == top && (top == 0 || scores[i] <= out[top - 1].score)))
            continue;
        if (filter.leave_out && filter.leave_out(filter.ctx, (uint32_t)i))
            continue;
        rg_hit_offer(out, &found, top, (struct rg_hit){(uint32_t)i, scores[i]});
    }
    return found;
}
