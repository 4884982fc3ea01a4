#include "sim/engine/heap.h"

#include <stdlib.h>

#include "base/mem.h"

void
rg_heap_grow(struct rg_heap *h)
{
    h->item = rg_grow_lean(h->item, &h->cap, h->n + 1, sizeof h->item[0]);
}

void
rg_heap_keep(struct rg_heap *h, bool (*keep)(const void *ctx, const struct rg_heap_item *),
             const void *ctx)
{
    size_t kept = 0;

    for (size_t i = 0; i < h->n; i++)
        if (keep(ctx, &h->item[i]))
            h->item[kept++] = h->item[i];
    h->n = kept;
    /* Bottom-up construction is linear: R. W. Floyd, Algorithm 245, CACM 7 (1964) 701. */
    for (size_t i = kept / 2; i-- > 0;)
        rg_heap_sift(h, i, h->item[i].key, h->item[i].order, h->item[i].what);
}

void
rg_heap_clear(struct rg_heap *h)
{
    free(h->item);
    *h = (struct rg_heap){0};
}
