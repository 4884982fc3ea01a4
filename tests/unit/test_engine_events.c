/* The event engine: order, end, timers; against a sorted list that is too simple to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "sim/engine/engine.h"
#include "sim/engine/heap.h"

static void
add(struct rg_engine *e, double time, uint32_t rank, uint32_t entity)
{
    rg_engine_add(e, &(struct rg_event){.time = time, .rank = rank, .entity = entity});
}

static struct rg_timer
add_timer(struct rg_engine *e, double time, uint32_t rank, uint32_t entity)
{
    return rg_engine_add_timer(
        e, &(struct rg_event){.time = time, .rank = rank, .kind = 7, .entity = entity, .owner = 9});
}

static void
expect(struct rg_engine *e, double time, uint32_t entity)
{
    struct rg_event ev;

    assert_true(rg_engine_next(e, &ev));
    assert_true(ev.time == time);
    assert_true(e->now == time);
    assert_int_equal(ev.entity, entity);
}

static void
expect_end(struct rg_engine *e, double now)
{
    struct rg_event ev;

    assert_false(rg_engine_next(e, &ev));
    assert_true(e->now == now);
}

static void
test_empty(void **state)
{
    struct rg_engine e;

    (void)state;
    rg_engine_init(&e);
    assert_true(isinf(rg_engine_peek(&e)));
    assert_int_equal(rg_engine_count(&e), 0);
    expect_end(&e, 0);
    rg_engine_until(&e, 5);
    expect_end(&e, 5);
    assert_int_equal(e.executed, 0);
    rg_engine_clear(&e);
    rg_engine_clear(&e);
}

static void
test_ties(void **state)
{
    struct rg_engine e;

    (void)state;
    rg_engine_init(&e);
    add(&e, 1, RG_RANK_ARRIVAL, 1);
    add(&e, 1, RG_RANK_ARRIVAL, 2);
    add(&e, 1, RG_RANK_TIMER, 3);
    add_timer(&e, 1, RG_RANK_DEPARTURE, 4);
    add(&e, 1, RG_RANK_DEPARTURE, 5);
    add(&e, 0.5, RG_RANK_LAST, 6);
    add(&e, 1, RG_RANK_FIRST, 7);
    add_timer(&e, 1, RG_RANK_ARRIVAL, 8);
    add(&e, -0.0, RG_RANK_ARRIVAL, 10);
    add(&e, 0.0, RG_RANK_FIRST, 9);
    assert_int_equal(rg_engine_count(&e), 10);
    expect(&e, 0, 9);
    expect(&e, 0, 10);
    expect(&e, 0.5, 6);
    expect(&e, 1, 7);
    expect(&e, 1, 4);
    expect(&e, 1, 5);
    expect(&e, 1, 3);
    expect(&e, 1, 1);
    /* What is scheduled now for now still respects the rank. */
    add(&e, 1, RG_RANK_DEPARTURE, 11);
    expect(&e, 1, 11);
    expect(&e, 1, 2);
    expect(&e, 1, 8);
    expect_end(&e, 1);
    assert_int_equal(e.executed, 11);
    rg_engine_clear(&e);
}

static void
test_fields(void **state)
{
    const struct rg_event in = {.time = 1e300,
                                .rank = RG_RANK_LAST,
                                .kind = RG_ENGINE_KINDS - 1,
                                .entity = UINT32_MAX,
                                .owner = UINT32_MAX - 1};
    struct rg_engine e;

    (void)state;
    rg_engine_init(&e);
    rg_engine_add(&e, &in);
    rg_engine_add_timer(&e, &in);
    for (int i = 0; i < 2; i++) {
        struct rg_event out = {0};

        assert_true(rg_engine_next(&e, &out));
        assert_true(out.time == in.time);
        assert_int_equal(out.rank, in.rank);
        assert_int_equal(out.kind, in.kind);
        assert_int_equal(out.entity, in.entity);
        assert_int_equal(out.owner, in.owner);
    }
    rg_engine_clear(&e);
}

static void
test_half_open_end(void **state)
{
    struct rg_engine e;

    (void)state;
    rg_engine_init(&e);
    add(&e, 1, 0, 1);
    add(&e, 2, 0, 2);
    add(&e, 3, 0, 3);
    rg_engine_until(&e, 2);
    expect(&e, 1, 1);
    expect_end(&e, 2);
    expect_end(&e, 2);
    assert_int_equal(rg_engine_count(&e), 2);
    assert_true(rg_engine_peek(&e) == 2);
    rg_engine_until(&e, nextafter(2, 3));
    expect(&e, 2, 2);
    rg_engine_until(&e, INFINITY);
    expect(&e, 3, 3);
    expect_end(&e, 3);
    rg_engine_clear(&e);
}

static void
test_timers(void **state)
{
    struct rg_engine e;
    struct rg_timer a, b, c, none = {0}, stale;

    (void)state;
    rg_engine_init(&e);
    assert_false(rg_engine_pending(&e, none));
    assert_false(rg_engine_cancel(&e, none));
    a = add_timer(&e, 1, RG_RANK_TIMER, 1);
    b = add_timer(&e, 2, RG_RANK_TIMER, 2);
    c = add_timer(&e, 2, RG_RANK_TIMER, 3);
    assert_false(rg_engine_pending(&e, none));
    assert_false(rg_engine_move(&e, &none, 3));
    assert_true(rg_engine_due(&e, b) == 2);
    assert_true(rg_engine_cancel(&e, a));
    assert_false(rg_engine_cancel(&e, a));
    assert_int_equal(rg_engine_count(&e), 2);
    assert_true(rg_engine_peek(&e) == 2);

    /* The slot of a is used again; its old handle must not reach the new timer. */
    stale = a;
    a = add_timer(&e, 4, RG_RANK_TIMER, 4);
    assert_int_equal(a.slot, stale.slot);
    assert_false(rg_engine_cancel(&e, stale));
    assert_true(rg_engine_pending(&e, a));

    /* Moved to its own time it goes behind its equals. */
    stale = b;
    assert_true(rg_engine_move(&e, &b, 2));
    assert_false(rg_engine_pending(&e, stale));
    expect(&e, 2, 3);
    assert_false(rg_engine_cancel(&e, c));
    expect(&e, 2, 2);
    assert_true(rg_engine_move(&e, &a, 2));
    expect(&e, 2, 4);
    expect_end(&e, 2);
    rg_engine_clear(&e);
}

/* A timer that is cancelled by an event of the same instant does not fire. */
static void
test_cancel_at_the_last_instant(void **state)
{
    struct rg_engine e;
    struct rg_timer t;

    (void)state;
    rg_engine_init(&e);
    t = add_timer(&e, 1, RG_RANK_TIMER, 2);
    add(&e, 1, RG_RANK_DEPARTURE, 1);
    expect(&e, 1, 1);
    assert_true(rg_engine_cancel(&e, t));
    expect_end(&e, 1);
    rg_engine_clear(&e);
}

/* --- against a sorted list ------------------------------------------------------------------- */

struct entry {
    double time;
    uint32_t rank, entity;
    struct rg_timer timer; /* {0}: a plain event */
};

struct list {
    struct entry at[4096];
    size_t n;
};

/* Behind all entries that are not later: first by time, then by rank, then as inserted. */
static void
list_insert(struct list *l, struct entry x)
{
    size_t i = l->n++;

    assert_true(i < sizeof l->at / sizeof l->at[0]);
    for (; i > 0; i--) {
        const struct entry *y = &l->at[i - 1];

        if (y->time < x.time || (y->time == x.time && y->rank <= x.rank))
            break;
        l->at[i] = *y;
    }
    l->at[i] = x;
}

static struct entry
list_remove(struct list *l, size_t i)
{
    struct entry x = l->at[i];

    l->n--;
    memmove(&l->at[i], &l->at[i + 1], (l->n - i) * sizeof x);
    return x;
}

static void
step_add(struct rg_engine *e, struct list *l, gsl_rng *rng, uint32_t entity)
{
    /* Few different times: most events are tied. */
    struct entry x = {.time = e->now + (double)rg_rng_below(rng, 50) / 4,
                      .rank = (uint32_t)rg_rng_below(rng, 3) * 4,
                      .entity = entity};

    if (rg_rng_below(rng, 4) > 0)
        x.timer = add_timer(e, x.time, x.rank, entity);
    else
        add(e, x.time, x.rank, entity);
    list_insert(l, x);
}

static void
step_withdraw(struct rg_engine *e, struct list *l, gsl_rng *rng, bool move)
{
    size_t i = l->n > 0 ? rg_rng_below(rng, l->n) : 0;
    struct entry x;

    if (i == l->n || l->at[i].timer.order == 0)
        return;
    x = list_remove(l, i);
    assert_true(rg_engine_due(e, x.timer) == x.time);
    if (!move) {
        assert_true(rg_engine_cancel(e, x.timer));
        return;
    }
    x.time = e->now + (double)rg_rng_below(rng, 50) / 4;
    assert_true(rg_engine_move(e, &x.timer, x.time));
    list_insert(l, x);
}

static void
step_next(struct rg_engine *e, struct list *l)
{
    struct rg_event ev;
    struct entry x;

    if (l->n == 0) {
        assert_false(rg_engine_next(e, &ev));
        return;
    }
    x = list_remove(l, 0);
    assert_true(rg_engine_peek(e) == x.time);
    expect(e, x.time, x.entity);
    assert_false(rg_engine_pending(e, x.timer));
}

static void
test_against_list(void **state)
{
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    struct list *l = calloc(1, sizeof *l);
    struct rg_engine e;

    (void)state;
    assert_non_null(l);
    rg_engine_init(&e);
    for (uint32_t i = 0; i < 250000; i++) {
        /* Waves: the number pending goes up to some thousand and back to nothing. */
        bool grow = i % 12000 < 5000;
        uint64_t dice = rg_rng_below(rng, 10);

        if (dice < (grow ? 7 : 2))
            step_add(&e, l, rng, i);
        else if (dice == 7)
            step_withdraw(&e, l, rng, true);
        else if (dice == 8)
            step_withdraw(&e, l, rng, false);
        else
            step_next(&e, l);
        assert_int_equal(rg_engine_count(&e), l->n);
    }
    while (l->n > 0)
        step_next(&e, l);
    step_next(&e, l);
    rg_engine_clear(&e);
    free(l);
    gsl_rng_free(rng);
}

/* --- many pending ---------------------------------------------------------------------------- */

enum { MANY = 100000 };

struct due {
    double time;
    uint32_t entity;
};

static int
compare_due(const void *a, const void *b)
{
    const struct due *x = a, *y = b;

    return x->time < y->time ? -1 : x->time > y->time;
}

/* 100,000 timers, most of them cancelled or moved; what is left comes in order, and the dead have
 * not been kept. */
static void
test_many(void **state)
{
    gsl_rng *rng = rg_rng_new(2, 0, RG_PURPOSE_TEST);
    struct rg_timer *timer = calloc(MANY, sizeof *timer);
    struct due *due = calloc(MANY, sizeof *due);
    struct rg_engine e;
    size_t n = 0;

    (void)state;
    assert_true(timer && due);
    rg_engine_init(&e);
    for (uint32_t i = 0; i < MANY; i++)
        timer[i] = add_timer(&e, rg_rng_unit(rng), 0, i);
    for (uint32_t i = 0; i < MANY; i++) {
        double time = rg_rng_unit(rng);
        uint64_t dice = rg_rng_below(rng, 10);

        if (dice < 6) {
            assert_true(rg_engine_cancel(&e, timer[i]));
            continue;
        }
        if (dice < 8)
            assert_true(rg_engine_move(&e, &timer[i], time));
        due[n++] = (struct due){rg_engine_due(&e, timer[i]), i};
    }
    assert_int_equal(rg_engine_count(&e), n);
    assert_true(e.heap.n <= 2 * n + 64);
    qsort(due, n, sizeof due[0], compare_due);
    for (size_t i = 0; i < n; i++)
        expect(&e, due[i].time, due[i].entity);
    expect_end(&e, due[n - 1].time);
    rg_engine_clear(&e);
    free(due);
    free(timer);
    gsl_rng_free(rng);
}

/* Setting and cancelling for ever, as time-outs do, needs no more memory than once. */
static void
test_no_growth(void **state)
{
    struct rg_engine e;

    (void)state;
    rg_engine_init(&e);
    for (uint32_t i = 0; i < MANY; i++) {
        struct rg_timer t = add_timer(&e, e.now + 1000, RG_RANK_TIMER, i);

        add(&e, e.now + 1, 0, i);
        expect(&e, i + 1.0, i);
        rg_engine_cancel(&e, t);
    }
    assert_true(e.heap.cap <= 256);
    assert_true(e.slot_cap <= 8);
    rg_engine_clear(&e);
}

/* --- programming faults ---------------------------------------------------------------------- */

static void
add_past(void)
{
    struct rg_engine e;

    rg_engine_init(&e);
    add(&e, 1, 0, 0);
    expect(&e, 1, 0);
    add(&e, nextafter(1, 0), 0, 0);
}

static void
add_at(double time, uint32_t rank, uint32_t kind)
{
    struct rg_engine e;

    rg_engine_init(&e);
    rg_engine_add_timer(&e, &(struct rg_event){.time = time, .rank = rank, .kind = kind});
}

static void
add_nan(void)
{
    add_at(NAN, 0, 0);
}

static void
add_never(void)
{
    add_at(INFINITY, 0, 0);
}

static void
add_rank(void)
{
    add_at(1, RG_RANK_LAST + 1, 0);
}

static void
add_kind(void)
{
    add_at(1, 0, RG_ENGINE_KINDS);
}

static void
end_past(void)
{
    struct rg_engine e;

    rg_engine_init(&e);
    rg_engine_until(&e, -1);
}

static void
assert_aborts(void (*fault)(void))
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        fault();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
test_faults(void **state)
{
    (void)state;
    assert_aborts(add_past);
    assert_aborts(add_nan);
    assert_aborts(add_never);
    assert_aborts(add_rank);
    assert_aborts(add_kind);
    assert_aborts(end_past);
}

/* Half of many marked events are withdrawn, before and while others are executed; those left come
 * in order, and one whose number was reserved comes where it would have stood. */
static void
test_marks(void **state)
{
    enum { N = 5000 };
    static uint64_t mark[N];
    static bool gone[N];
    struct rg_event ev = {.rank = RG_RANK_TIMER};
    struct rg_engine e;
    uint64_t late = 0;
    uint32_t seen = 0, withdrawn = 0;
    double last = 0;

    (void)state;
    rg_engine_init(&e);
    for (uint32_t i = 0; i < N; i++) {
        ev.time = 1 + i * 7919 % 100; /* many ties */
        ev.entity = i;
        if (i == 1234)
            late = rg_engine_reserve(&e, &ev);
        else
            mark[i] = rg_engine_add_marked(&e, &ev);
    }
    ev.time = 1 + 1234 * 7919 % 100;
    ev.entity = 1234;
    rg_engine_add_reserved(&e, &ev, late);
    mark[1234] = late;
    for (uint32_t previous = 0; rg_engine_next(&e, &ev); previous = ev.entity) {
        uint32_t other = (uint32_t)((uint64_t)ev.entity * 31 % N);

        assert_false(gone[ev.entity]);
        assert_true(ev.time == 1 + ev.entity * 7919 % 100);
        assert_true(ev.time > last || (ev.time == last && ev.entity > previous) || seen == 0);
        last = ev.time;
        seen++;
        gone[ev.entity] = true;
        if (!gone[other]) {
            rg_engine_withdraw(&e, mark[other]);
            gone[other] = true;
            withdrawn++;
        }
    }
    assert_int_equal(seen + withdrawn, N);
    assert_true(withdrawn > N / 4);
    assert_int_equal(rg_engine_count(&e), 0);
    rg_engine_clear(&e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_half_open_end),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_cancel_at_the_last_instant),
        cmocka_unit_test(test_against_list),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_no_growth),
        cmocka_unit_test(test_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
