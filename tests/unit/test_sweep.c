/* The pool of threads and its one writer, with cells that compute nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "sim/sweep.h"

enum { CELLS = 200 };

struct trial {
    struct rg_sweep sweep;
    uint32_t cells[CELLS];
    uint32_t written[CELLS];
    size_t n_written;
    uint32_t fails, put_fails, stops_at; /* cell numbers; UINT32_MAX: none */
    uint32_t slow;                       /* takes long */
    volatile sig_atomic_t stop;
    pthread_mutex_t mutex;
    uint32_t farthest; /* begun */
    uint32_t most_ahead;
    size_t ticks;
    struct rg_sweep_progress last;
};

static enum rg_status
run_cell(void *ctx, uint32_t cell, struct rg_results_cell *out, struct rg_err *err)
{
    struct trial *t = ctx;
    const struct timespec pause = {0,
                                   cell == t->slow ? 30000000 : (long)(cell * 7919 % 13) * 20000};

    pthread_mutex_lock(&t->mutex);
    if (cell > t->farthest)
        t->farthest = cell;
    pthread_mutex_unlock(&t->mutex);
    nanosleep(&pause, NULL);
    if (cell == t->fails)
        return rg_err_set(err, RG_EINPUT, "cell %u fails", cell);
    out->cell = cell;
    out->counts.offered = 3;
    out->latency_ms = rg_alloc(1, sizeof(double)); /* to be released by whoever has it last */
    return RG_OK;
}

static enum rg_status
put_cell(void *ctx, struct rg_results_cell *cell, struct rg_err *err)
{
    struct trial *t = ctx;

    if (cell->cell == t->put_fails)
        return rg_err_set(err, RG_ESYSTEM, "the disk is full");
    t->written[t->n_written++] = cell->cell;
    pthread_mutex_lock(&t->mutex);
    if (t->farthest - cell->cell > t->most_ahead && t->farthest > cell->cell)
        t->most_ahead = t->farthest - cell->cell;
    pthread_mutex_unlock(&t->mutex);
    if (cell->cell == t->stops_at)
        t->stop = 1;
    return RG_OK;
}

static void
tick(void *ctx, const struct rg_sweep_progress *progress)
{
    struct trial *t = ctx;

    t->ticks++;
    t->last = *progress;
}

static void
trial_init(struct trial *t, size_t n, unsigned threads)
{
    *t = (struct trial){
        .fails = UINT32_MAX, .put_fails = UINT32_MAX, .stops_at = UINT32_MAX, .slow = UINT32_MAX};
    pthread_mutex_init(&t->mutex, NULL);
    for (uint32_t i = 0; i < CELLS; i++)
        t->cells[i] = i;
    t->sweep = (struct rg_sweep){.cells = t->cells,
                                 .n = n,
                                 .threads = threads,
                                 .run = run_cell,
                                 .put = put_cell,
                                 .tick = tick,
                                 .stop = &t->stop,
                                 .ctx = t};
}

static void
assert_in_order(const struct trial *t, uint32_t except)
{
    uint32_t expected = 0;

    for (size_t i = 0; i < t->n_written; i++, expected++) {
        expected += expected == except;
        assert_int_equal(t->written[i], expected);
    }
}

static void
test_order(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads *= 2) {
        struct trial t;
        struct rg_err err;
        size_t finished;

        trial_init(&t, CELLS, threads);
        t.slow = 20;
        assert_int_equal(rg_sweep_run(&t.sweep, &finished, &err), RG_OK);
        assert_int_equal(finished, CELLS);
        assert_int_equal(t.n_written, CELLS);
        assert_in_order(&t, UINT32_MAX);
        assert_true(t.ticks >= CELLS);
        assert_int_equal(t.last.finished, CELLS);
        assert_int_equal(t.last.requests, 3 * CELLS);
        /* The slow one kept the others waiting, but not idle from the beginning. */
        assert_true(t.most_ahead <= RG_SWEEP_AHEAD * (threads + 1));
        assert_true(threads == 1 || t.most_ahead > threads);
        pthread_mutex_destroy(&t.mutex);
    }
}

static void
test_none_and_one(void **state)
{
    struct trial t;
    struct rg_err err;
    size_t finished = 9;

    (void)state;
    trial_init(&t, 0, 4);
    assert_int_equal(rg_sweep_run(&t.sweep, &finished, &err), RG_OK);
    assert_int_equal(finished, 0);
    trial_init(&t, 1, RG_SWEEP_THREADS_MAX);
    assert_int_equal(rg_sweep_run(&t.sweep, &finished, &err), RG_OK);
    assert_int_equal(finished, 1);
}

/* All that were begun are written, but for the one that failed, whose error is told. */
static void
test_failing_cell(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct trial t;
        struct rg_err err;
        size_t finished;

        trial_init(&t, CELLS, threads);
        t.fails = 50;
        assert_int_equal(rg_sweep_run(&t.sweep, &finished, &err), RG_EINPUT);
        assert_string_equal(err.text, "cell 50 fails");
        assert_int_equal(finished, t.n_written);
        assert_int_equal(finished, t.farthest); /* that many besides the failed one */
        assert_true(t.farthest < 50 + RG_SWEEP_AHEAD * (threads + 1));
        assert_in_order(&t, 50);
    }
}

static void
test_failing_writer(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct trial t;
        struct rg_err err;
        size_t finished;

        trial_init(&t, CELLS, threads);
        t.put_fails = 30;
        assert_int_equal(rg_sweep_run(&t.sweep, &finished, &err), RG_ESYSTEM);
        assert_string_equal(err.text, "the disk is full");
        assert_int_equal(finished, 30);
        assert_int_equal(t.n_written, 30); /* nothing after it */
        assert_true(t.last.stopping);
    }
}

/* Both: what the writer says goes first, for it decides what is there. */
static void
test_failing_both(void **state)
{
    struct trial t;
    struct rg_err err;
    size_t finished;

    (void)state;
    trial_init(&t, CELLS, 4);
    t.fails = 31;
    t.put_fails = 30;
    assert_int_equal(rg_sweep_run(&t.sweep, &finished, &err), RG_ESYSTEM);
    assert_int_equal(finished, 30);
}

static void
test_stop(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct trial t;
        struct rg_err err;
        size_t finished;

        trial_init(&t, CELLS, threads);
        t.stops_at = 40;
        assert_int_equal(rg_sweep_run(&t.sweep, &finished, &err), RG_OK);
        assert_int_equal(finished, t.n_written);
        assert_true(finished > 40 && finished <= 41 + RG_SWEEP_AHEAD * (threads + 1));
        assert_int_equal(finished, t.farthest + 1); /* all that were begun */
        assert_in_order(&t, UINT32_MAX);
        assert_true(t.last.stopping);
    }
}

static void
test_stopped_before(void **state)
{
    struct trial t;
    struct rg_err err;
    size_t finished;

    (void)state;
    trial_init(&t, CELLS, 2);
    t.stop = 1;
    assert_int_equal(rg_sweep_run(&t.sweep, &finished, &err), RG_OK);
    assert_int_equal(finished, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),          cmocka_unit_test(test_none_and_one),
        cmocka_unit_test(test_failing_cell),   cmocka_unit_test(test_failing_writer),
        cmocka_unit_test(test_failing_both),   cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stopped_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
