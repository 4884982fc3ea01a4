#include "traces/import_llmrouterbench_ahead.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

enum {
    BATCHES = 3,       /* one in use, two ready or in work */
    ITEMS = 64,        /* of a batch */
    BYTES = 256 << 10, /* after which a batch is full */
    LARGE = 64 << 10,  /* a buffer of this size is not kept */
};

struct batch {
    struct rg_bench_item items[ITEMS];
    size_t n;
    enum rg_status status; /* of what comes behind the items */
    struct rg_err err;
    bool last; /* nothing comes behind */
};

struct rg_bench_ahead {
    struct rg_json_stream *stream;
    bool answers;
    struct batch batches[BATCHES];
    size_t at;           /* next item of the batch in use */
    uint64_t made, used; /* batches; used counts the one in use */
    bool threaded, stop;
    pthread_t thread;
    pthread_mutex_t lock; /* guards made, used, stop */
    pthread_cond_t change;
};

/* ---- taking apart ---- */

static void
trim(struct rg_buf *buf)
{
    if (buf->cap > LARGE)
        rg_buf_clear(buf);
}

/* A piece lives as long as its stream stands there, a copy longer. */
static void
copy_piece(struct rg_bench_item *item)
{
    struct rg_json_piece *p = &item->piece;
    size_t key = p->key ? p->key_len : 0;

    rg_buf_reset(&item->copy);
    rg_buf_add(&item->copy, p->key ? p->key : "", key);
    rg_buf_putc(&item->copy, '\0');
    rg_buf_add(&item->copy, p->text, p->len);
    p->key = p->key ? item->copy.data : NULL;
    p->text = item->copy.data + key + 1;
}

static size_t
take_apart(struct rg_bench_ahead *a, struct rg_bench_item *item)
{
    struct rg_json_piece *p = &item->piece;
    size_t n = p->len;

    trim(&item->copy);
    trim(&item->texts.query);
    trim(&item->texts.prompt);
    trim(&item->texts.prediction);
    trim(&item->texts.truth);
    trim(&item->texts.output);
    item->quick = p->kind == RG_JSON_ITEM &&
                  rg_bench_skim(&item->record, &item->texts, a->answers, p->text, p->len);
    if (item->quick || p->kind == RG_JSON_END)
        p->text = NULL;
    else
        copy_piece(item);
    return n;
}

static void
fill(struct rg_bench_ahead *a, struct batch *b)
{
    size_t bytes = 0;

    b->n = 0;
    b->last = false;
    for (b->status = RG_OK; b->n < ITEMS && bytes < BYTES && !b->last;) {
        struct rg_bench_item *item = &b->items[b->n];

        b->status = rg_json_stream_next(a->stream, &item->piece, &b->err);
        b->last = b->status != RG_OK || item->piece.kind == RG_JSON_END;
        if (b->status != RG_OK)
            break;
        bytes += take_apart(a, item);
        b->n++;
    }
}

static void *
work(void *ahead)
{
    struct rg_bench_ahead *a = ahead;
    bool last = false;

    pthread_mutex_lock(&a->lock);
    while (!a->stop && !last) {
        struct batch *b = &a->batches[a->made % BATCHES];

        if (a->made + 1 - a->used == BATCHES) { /* the one in use is not free yet */
            pthread_cond_wait(&a->change, &a->lock);
            continue;
        }
        pthread_mutex_unlock(&a->lock);
        fill(a, b);
        last = b->last;
        pthread_mutex_lock(&a->lock);
        a->made++;
        pthread_cond_signal(&a->change);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* ---- for the importer ---- */

struct rg_bench_ahead *
rg_bench_ahead_new(struct rg_json_stream *stream, bool answers)
{
    struct rg_bench_ahead *a = rg_zalloc(1, sizeof *a);

    a->stream = stream;
    a->answers = answers;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->change, NULL);
    a->threaded = pthread_create(&a->thread, NULL, work, a) == 0;
    return a;
}

void
rg_bench_ahead_free(struct rg_bench_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_signal(&a->change);
    pthread_mutex_unlock(&a->lock);
    if (a->threaded)
        pthread_join(a->thread, NULL);
    for (size_t b = 0; b < BATCHES; b++)
        for (size_t i = 0; i < ITEMS; i++) {
            rg_buf_clear(&a->batches[b].items[i].copy);
            rg_bench_texts_clear(&a->batches[b].items[i].texts);
        }
    pthread_cond_destroy(&a->change);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* The next batch, which takes the place of the one in use. */
static void
next_batch(struct rg_bench_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->used++;
    pthread_cond_signal(&a->change);
    while (a->threaded && a->made < a->used)
        pthread_cond_wait(&a->change, &a->lock);
    pthread_mutex_unlock(&a->lock);
    if (!a->threaded) {
        fill(a, &a->batches[a->made % BATCHES]);
        a->made++;
    }
    a->at = 0;
}

enum rg_status
rg_bench_ahead_next(struct rg_bench_ahead *a, struct rg_bench_item **item, struct rg_err *err)
{
    struct batch *b = NULL;

    if (a->used == 0)
        next_batch(a);
    b = &a->batches[(a->used - 1) % BATCHES];
    if (a->at == b->n && b->status == RG_OK && !b->last) {
        next_batch(a);
        b = &a->batches[(a->used - 1) % BATCHES];
    }
    if (a->at == b->n) {
        *err = b->err;
        return b->status;
    }
    *item = &b->items[a->at++];
    return RG_OK;
}
