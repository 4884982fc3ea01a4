/* A binary heap of small items in a total order: key, then order number.
 *
 * The engine keeps its events in one (key: time) and a station its queue (key: priority, size or
 * virtual finish). The order numbers of the items of one heap differ, so no two items are equal and
 * what comes out never depends on the layout of the array, on addresses or on the way things went
 * in.
 *
 * Keys are integers. The bits of a double that is not negative, read as an integer, have the same
 * order as the double, and the two parts of an item compare as one number of 128 bits, for which
 * compilers need no jump. Jumps that cannot be foreseen are what a heap of up to some 10,000 items
 * spends its time on.
 *
 * Nothing can be taken out of the middle. Who must withdraw an item remembers that it is dead,
 * drops it when it comes to the top, and calls rg_heap_keep when the dead outnumber the living:
 * both cost O(1) amortised, and the sifting loops stay free of any bookkeeping of positions, which
 * is where a heap with handles loses its time. Items are 24 bytes, because from 100,000 on their
 * size decides.
 *
 * Initialise with {0}; memory as in base/mem.h. */
#ifndef RG_SIM_ENGINE_HEAP_H
#define RG_SIM_ENGINE_HEAP_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rg_heap_item {
    uint64_t key;
    uint64_t order; /* breaks ties; unique in its heap */
    uint64_t what;  /* the user's */
};

struct rg_heap {
    struct rg_heap_item *item; /* item[0] is the first in order */
    size_t n, cap;
};

/* The key of a double >= 0, and back. The sum makes -0 a 0. */
static inline uint64_t
rg_heap_key(double x)
{
    uint64_t key;

    x += 0.0;
    memcpy(&key, &x, sizeof key);
    return key;
}

static inline double
rg_heap_double(uint64_t key)
{
    double x;

    memcpy(&x, &key, sizeof x);
    return x;
}

static inline bool
rg_heap_before(uint64_t key, uint64_t order, const struct rg_heap_item *y)
{
    __extension__ typedef unsigned __int128 wide;

    return ((wide)key << 64 | order) < ((wide)y->key << 64 | y->order);
}

/* Items are passed in parts: a struct that is put together in memory and at once read as a whole
 * stalls the processor. */
static inline void
rg_heap_put(struct rg_heap_item *at, uint64_t key, uint64_t order, uint64_t what)
{
    at->key = key;
    at->order = order;
    at->what = what;
}

/* Likewise part by part, which the barriers keep the compiler from joining again: an item that has
 * just been put, in parts, must not be read as a whole. */
static inline void
rg_heap_copy(struct rg_heap_item *to, const struct rg_heap_item *from)
{
    uint64_t key = from->key;
    uint64_t order = from->order;
    uint64_t what = from->what;

    __asm__("" : "+r"(key), "+r"(order), "+r"(what));
    rg_heap_put(to, key, order, what);
}

/* Makes room for more items. */
void rg_heap_grow(struct rg_heap *h);

static inline void
rg_heap_push(struct rg_heap *h, uint64_t key, uint64_t order, uint64_t what)
{
    size_t hole = h->n;

    if (h->n == h->cap)
        rg_heap_grow(h);
    h->n++;
    while (hole > 0) {
        size_t parent = (hole - 1) / 2;

        if (!rg_heap_before(key, order, &h->item[parent]))
            break;
        rg_heap_copy(&h->item[hole], &h->item[parent]);
        hole = parent;
    }
    rg_heap_put(&h->item[hole], key, order, what);
}

/* Fills the hole at index i, whose subtrees are heaps, with the given item or what must stand above
 * it. */
static inline void
rg_heap_sift(struct rg_heap *h, size_t i, uint64_t key, uint64_t order, uint64_t what)
{
    for (size_t child = 2 * i + 1; child < h->n; child = 2 * i + 1) {
        const struct rg_heap_item *c = &h->item[child];

        /* Without jumps nothing is fetched on suspicion: ask for the next but one generation. */
        if (2 * child + 4 < h->n) {
            __builtin_prefetch(&h->item[2 * child + 1]);
            __builtin_prefetch(&h->item[2 * child + 4]);
        }
        child += child + 1 < h->n && rg_heap_before(c[1].key, c[1].order, c);
        if (rg_heap_before(key, order, &h->item[child]))
            break;
        rg_heap_copy(&h->item[i], &h->item[child]);
        i = child;
    }
    rg_heap_put(&h->item[i], key, order, what);
}

/* Removes the first item, item[0]; the heap must not be empty. */
static inline void
rg_heap_drop(struct rg_heap *h)
{
    const struct rg_heap_item *last;

    assert(h->n > 0);
    h->n--;
    last = &h->item[h->n];
    if (h->n > 0)
        rg_heap_sift(h, 0, last->key, last->order, last->what);
}

/* Drops every item for which keep(ctx, item) is false. O(n). */
void rg_heap_keep(struct rg_heap *h, bool (*keep)(const void *ctx, const struct rg_heap_item *),
                  const void *ctx);

/* Releases the memory; the heap is empty and can be used again. */
void rg_heap_clear(struct rg_heap *h);

#endif
