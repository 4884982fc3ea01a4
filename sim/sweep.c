#include "sim/sweep.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "sim/sweep_order.h"

enum { TICK_NS = 200000000 };

struct pool {
    const struct rg_sweep *sweep;
    pthread_mutex_t mutex; /* guards order */
    pthread_cond_t result; /* for the writer: one more is there, or a thread has ended */
    pthread_cond_t room;   /* for the threads: one more was taken */
    struct rg_order order;
    size_t running; /* threads */
};

/* Waits until a cell may be begun; false: no more. */
static bool
begin(struct pool *p, size_t *position)
{
    bool some;

    pthread_mutex_lock(&p->mutex);
    while (!rg_order_is_over(&p->order) && !rg_order_may_begin(&p->order))
        pthread_cond_wait(&p->room, &p->mutex);
    some = rg_order_may_begin(&p->order);
    if (some)
        *position = rg_order_begin(&p->order);
    pthread_mutex_unlock(&p->mutex);
    return some;
}

static void
compute(struct pool *p, size_t position)
{
    struct rg_results_cell result = {0};
    struct rg_err err;
    enum rg_status status = p->sweep->run(p->sweep->ctx, p->sweep->cells[position], &result, &err);

    if (status == RG_OK)
        rg_results_cell_compress(&result);
    pthread_mutex_lock(&p->mutex);
    if (status == RG_OK)
        rg_order_done(&p->order, position, &result);
    else
        rg_order_fail(&p->order, position, &err);
    pthread_cond_signal(&p->result);
    pthread_mutex_unlock(&p->mutex);
    rg_results_cell_clear(&result);
}

static void *
work(void *pool)
{
    struct pool *p = pool;
    size_t position;

    while (begin(p, &position))
        compute(p, position);
    pthread_mutex_lock(&p->mutex);
    p->running--;
    pthread_cond_signal(&p->result);
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

static void
wait_for_result(struct pool *p)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += TICK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&p->result, &p->mutex, &until);
}

/* One result written without the mutex, which is held before and after. */
static void
write_result(struct pool *p, struct rg_results_cell *cell)
{
    enum rg_status status = RG_OK;
    struct rg_err err;

    pthread_cond_broadcast(&p->room);
    if (!p->order.mute) {
        pthread_mutex_unlock(&p->mutex);
        status = p->sweep->put(p->sweep->ctx, cell, &err);
        pthread_mutex_lock(&p->mutex);
    }
    rg_order_written(&p->order, cell, status, &err);
}

static void
tick(struct pool *p)
{
    const struct rg_sweep *s = p->sweep;
    struct rg_sweep_progress progress = p->order.progress;

    progress.stopping = p->order.failed || p->order.mute || (s->stop && *s->stop != 0);
    pthread_mutex_unlock(&p->mutex);
    if (s->tick)
        s->tick(s->ctx, &progress);
    pthread_mutex_lock(&p->mutex);
}

/* The calling thread: writes while there are threads or results. */
static void
write_results(struct pool *p)
{
    pthread_mutex_lock(&p->mutex);
    while (p->running > 0 || !rg_order_is_written(&p->order)) {
        struct rg_results_cell cell;

        if (rg_order_take(&p->order, &cell))
            write_result(p, &cell);
        else if (p->running > 0)
            wait_for_result(p);
        /* After a stop nobody else would tell those who wait for room. */
        if (rg_order_is_over(&p->order))
            pthread_cond_broadcast(&p->room);
        tick(p);
    }
    pthread_mutex_unlock(&p->mutex);
}

/* Fewer threads than asked for are enough, but for none. */
static enum rg_status
start(struct pool *p, pthread_t *threads, size_t n, size_t *started, struct rg_err *err)
{
    for (*started = 0; *started < n; ++*started) {
        int rc;

        pthread_mutex_lock(&p->mutex);
        p->running++;
        pthread_mutex_unlock(&p->mutex);
        rc = pthread_create(&threads[*started], NULL, work, p);
        if (rc == 0)
            continue;
        pthread_mutex_lock(&p->mutex);
        p->running--;
        pthread_mutex_unlock(&p->mutex);
        return *started > 0 ? RG_OK : rg_err_sys(err, NULL, rc, "cannot start a thread");
    }
    return RG_OK;
}

enum rg_status
rg_sweep_run(const struct rg_sweep *sweep, size_t *finished, struct rg_err *err)
{
    struct pool p = {.sweep = sweep};
    size_t n = sweep->threads < sweep->n ? sweep->threads : sweep->n;
    pthread_t *threads = rg_alloc(n + 1, sizeof *threads);
    size_t started = 0;
    enum rg_status status;

    assert(sweep->threads >= 1 && sweep->threads <= RG_SWEEP_THREADS_MAX);
    pthread_mutex_init(&p.mutex, NULL);
    pthread_cond_init(&p.result, NULL);
    pthread_cond_init(&p.room, NULL);
    rg_order_init(&p.order, sweep, n + 1);
    status = start(&p, threads, n, &started, err);
    write_results(&p);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    *finished = p.order.progress.finished;
    if (status == RG_OK && (p.order.failed || p.order.mute)) {
        *err = p.order.err;
        status = err->status;
    }
    rg_order_clear(&p.order);
    pthread_cond_destroy(&p.room);
    pthread_cond_destroy(&p.result);
    pthread_mutex_destroy(&p.mutex);
    free(threads);
    return status;
}
