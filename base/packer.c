#include "base/packer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/pack.h"

struct block {
    struct rg_buf raw, packed;
    int64_t tag;
    bool ready;
};

/* Blocks stand in a ring: [taken, begun) are compressed or in work, [begun, put) wait. The counts
 * only grow. */
struct rg_packer {
    struct block ring[RG_PACKER_BLOCKS];
    uint64_t taken, begun, put;
    size_t bytes;         /* raw ones, [taken, put) */
    struct rg_buf room;   /* of the calling thread */
    pthread_mutex_t lock; /* guards begun, put, stop and the blocks' ready */
    pthread_cond_t work, ready;
    pthread_t *threads;
    unsigned wanted, running;
    bool stop;
};

static struct block *
block(struct rg_packer *p, uint64_t i)
{
    return &p->ring[i % RG_PACKER_BLOCKS];
}

static void
compress(struct block *b, struct rg_buf *room)
{
    rg_buf_reset(&b->packed);
    rg_pack_fast(&b->packed, rg_buf_text(&b->raw), b->raw.len, room);
}

static void *
work(void *packer)
{
    struct rg_packer *p = packer;
    struct rg_buf room = {0};

    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct block *b;

        if (p->begun == p->put) {
            pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        b = block(p, p->begun++);
        pthread_mutex_unlock(&p->lock);
        compress(b, &room);
        pthread_mutex_lock(&p->lock);
        b->ready = true;
        pthread_cond_signal(&p->ready);
    }
    pthread_mutex_unlock(&p->lock);
    rg_buf_clear(&room);
    return NULL;
}

struct rg_packer *
rg_packer_new(unsigned threads)
{
    struct rg_packer *p = rg_zalloc(1, sizeof *p);

    p->wanted = threads;
    p->threads = rg_alloc(threads, sizeof *p->threads);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->ready, NULL);
    return p;
}

void
rg_packer_free(struct rg_packer *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->running; i++)
        pthread_join(p->threads[i], NULL);
    for (size_t i = 0; i < RG_PACKER_BLOCKS; i++) {
        rg_buf_clear(&p->ring[i].raw);
        rg_buf_clear(&p->ring[i].packed);
    }
    rg_buf_clear(&p->room);
    pthread_cond_destroy(&p->ready);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p);
}

bool
rg_packer_is_full(const struct rg_packer *p)
{
    return p->put - p->taken == RG_PACKER_BLOCKS ||
           (p->put > p->taken && p->bytes >= RG_PACKER_BYTES);
}

/* As many as can be had. */
static void
start(struct rg_packer *p)
{
    while (p->running < p->wanted && pthread_create(&p->threads[p->running], NULL, work, p) == 0)
        p->running++;
    p->wanted = p->running;
}

void
rg_packer_put(struct rg_packer *p, struct rg_buf *raw, int64_t tag)
{
    struct block *b = block(p, p->put);
    struct rg_buf old = b->raw;

    assert(!rg_packer_is_full(p));
    if (p->running < p->wanted && p->put > 0)
        start(p);
    b->raw = *raw;
    b->tag = tag;
    b->ready = false;
    rg_buf_reset(&old);
    *raw = old;
    p->bytes += b->raw.len;
    pthread_mutex_lock(&p->lock);
    p->put++;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

/* Without threads, or when all of them are late, the caller helps. */
static void
help(struct rg_packer *p)
{
    struct block *b = block(p, p->begun++);

    pthread_mutex_unlock(&p->lock);
    compress(b, &p->room);
    pthread_mutex_lock(&p->lock);
    b->ready = true;
}

bool
rg_packer_take(struct rg_packer *p, bool wait, struct rg_packed *out)
{
    struct block *b = block(p, p->taken);
    bool ready;

    if (p->taken == p->put)
        return false;
    pthread_mutex_lock(&p->lock);
    while (!b->ready && wait) {
        if (p->begun < p->put)
            help(p);
        else
            pthread_cond_wait(&p->ready, &p->lock);
    }
    ready = b->ready;
    pthread_mutex_unlock(&p->lock);
    if (!ready)
        return false;
    p->taken++;
    p->bytes -= b->raw.len;
    *out = (struct rg_packed){b->tag, b->raw.len, &b->packed};
    return true;
}
