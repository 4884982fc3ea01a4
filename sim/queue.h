/* A queue of small items of one size, first in, first out: a list of blocks, so that an overloaded
 * endpoint can have millions in it, nothing is ever moved, and hardly any room is left unused.
 * Blocks that are empty are kept for those who come.
 *
 * Initialise with {.size = bytes of an item}. */
#ifndef RG_SIM_QUEUE_H
#define RG_SIM_QUEUE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { RG_QUEUE_BLOCK = 4096 }; /* bytes of items in a block, about */

struct rg_queue_block {
    struct rg_queue_block *next;
    double item[]; /* double: for its alignment */
};

struct rg_queue {
    size_t size; /* bytes; a multiple of 8 */
    size_t n;
    size_t first, last;                 /* index of the first item, and behind the last one */
    struct rg_queue_block *head, *tail; /* in use, never NULL where n > 0 */
    struct rg_queue_block *spare;
    size_t blocks; /* allocated */
};

static inline size_t
rg_queue_per_block(const struct rg_queue *q)
{
    return RG_QUEUE_BLOCK / q->size;
}

static inline void *
rg_queue_item(const struct rg_queue *q, struct rg_queue_block *block, size_t i)
{
    return (char *)block->item + i * q->size;
}

static inline void
rg_queue_extend(struct rg_queue *q)
{
    struct rg_queue_block *block = q->spare;

    if (block) {
        q->spare = block->next;
    } else {
        block = rg_alloc(1, sizeof *block + rg_queue_per_block(q) * q->size);
        q->blocks++;
    }
    block->next = NULL;
    if (q->n > 0)
        q->tail->next = block;
    else
        q->head = block;
    q->tail = block;
    q->last = 0;
    if (q->n == 0)
        q->first = 0;
}

/* Room for an item at the end. */
static inline void *
rg_queue_push(struct rg_queue *q)
{
    assert(q->size > 0 && q->size % 8 == 0);
    if (q->n == 0 || q->last == rg_queue_per_block(q))
        rg_queue_extend(q);
    q->n++;
    return rg_queue_item(q, q->tail, q->last++);
}

/* The first item; there must be one. */
static inline void *
rg_queue_first(const struct rg_queue *q)
{
    assert(q->n > 0);
    return rg_queue_item(q, q->head, q->first);
}

static inline void
rg_queue_drop(struct rg_queue *q)
{
    struct rg_queue_block *block = q->head;

    assert(q->n > 0);
    q->n--;
    q->first++;
    if (q->n > 0 && q->first < rg_queue_per_block(q))
        return;
    q->head = block->next;
    q->first = 0;
    block->next = q->spare;
    q->spare = block;
}

/* Bytes allocated, unused room included. */
static inline size_t
rg_queue_memory(const struct rg_queue *q)
{
    return q->blocks * (sizeof(struct rg_queue_block) + rg_queue_per_block(q) * q->size);
}

static inline void
rg_queue_clear(struct rg_queue *q)
{
    struct rg_queue_block *lists[] = {q->n > 0 ? q->head : NULL, q->spare};

    for (size_t i = 0; i < 2; i++) {
        for (struct rg_queue_block *b = lists[i]; b;) {
            struct rg_queue_block *next = b->next;

            free(b);
            b = next;
        }
    }
    *q = (struct rg_queue){.size = q->size};
}

#endif
