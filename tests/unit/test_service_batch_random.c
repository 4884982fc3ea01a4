/* Continuous batching against a second implementation that knows no sums, heaps or events: it goes
 * from step to step and through all sequences in each. Random traffic, with everything at once:
 * tied times, withdrawn requests, small caches, all orders, both kinds of admission. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/sum.h"
#include "sim/engine/variate.h"
#include "tests/unit/batch_bench.h"

/* --- the naive replica ----------------------------------------------------------------------- */

enum where { COMING, QUEUED, PREFILL, DECODE, GONE };

struct sequence {
    enum where where;
    uint32_t done, left;
    int64_t turn; /* in the queue: equals by it */
    double size;  /* time alone */
    double first, last, cancelled;
    double waited, since; /* s; clock */
    bool refused;
};

struct naive {
    const struct rg_batch_config *c;
    const struct bench_request *request;
    struct sequence *s;
    uint32_t *present; /* waiting and running, in no order */
    uint32_t *batch;   /* running, in the order of admission */
    size_t n, n_present, n_batch, next;
    int64_t front;
    double now;
    uint64_t steps, preemptions;
};

static double
naive_alone(const struct rg_batch_config *c, uint32_t prompt, uint32_t output)
{
    double time = 0;

    for (uint32_t left = prompt; left > 0;) {
        uint32_t chunk = left < c->token_budget ? left : c->token_budget;

        time += c->b0 + c->b1 * chunk + c->b4 * chunk * chunk;
        left -= chunk;
    }
    for (uint32_t i = 1; i < output; i++)
        time += c->b0 + c->b2 + c->b3 * (prompt + i);
    return time;
}

static uint64_t
round_up(const struct naive *v, uint64_t tokens)
{
    while (tokens % v->c->block_tokens != 0)
        tokens++;
    return tokens;
}

static uint64_t
naive_need(const struct naive *v, uint32_t i)
{
    const struct bench_request *r = &v->request[i];

    return round_up(v,
                    r->prompt + (v->c->admission == RG_BATCH_RESERVE ? r->output : v->s[i].done));
}

static uint64_t
naive_used(const struct naive *v)
{
    uint64_t used = 0;

    for (size_t k = 0; k < v->n_batch; k++)
        used += naive_need(v, v->batch[k]);
    return used;
}

static void
take_out(uint32_t *list, size_t *n, uint32_t i)
{
    size_t kept = 0;

    for (size_t k = 0; k < *n; k++)
        if (list[k] != i)
            list[kept++] = list[k];
    *n = kept;
}

static void
naive_gone(struct naive *v, uint32_t i)
{
    v->s[i].where = GONE;
    take_out(v->batch, &v->n_batch, i);
    take_out(v->present, &v->n_present, i);
}

/* Those who have come until now, and those who have given up. */
static void
naive_arrivals(struct naive *v)
{
    for (; v->next < v->n && v->request[v->next].time <= v->now; v->next++) {
        const struct bench_request *r = &v->request[v->next];
        struct sequence *s = &v->s[v->next];

        *s = (struct sequence){.where = QUEUED,
                               .turn = (int64_t)v->next,
                               .since = r->time,
                               .first = NAN,
                               .last = NAN,
                               .cancelled = NAN};
        if (v->c->discipline == RG_SJF)
            s->size = naive_alone(v->c, r->prompt, r->output);
        s->refused = round_up(v, (uint64_t)r->prompt + r->output) > v->c->kv_tokens;
        if (s->refused)
            s->where = GONE;
        else
            v->present[v->n_present++] = (uint32_t)v->next;
    }
}

/* Until now, if it is still without a token. */
static void
naive_waited(struct naive *v, uint32_t i, double now)
{
    if (v->s[i].done == 0)
        v->s[i].waited += now - v->s[i].since;
}

static void
naive_deadlines(struct naive *v)
{
    for (size_t k = v->n_present; k-- > 0;) {
        uint32_t i = v->present[k];

        if (v->request[i].deadline <= v->now) {
            v->s[i].cancelled = v->request[i].deadline;
            if (v->s[i].where == QUEUED)
                naive_waited(v, i, v->request[i].deadline);
            naive_gone(v, i);
        }
    }
}

static bool
comes_before(const struct naive *v, uint32_t i, uint32_t j)
{
    if (v->c->discipline == RG_PRIORITY && v->request[i].priority != v->request[j].priority)
        return v->request[i].priority < v->request[j].priority;
    if (v->c->discipline == RG_SJF && v->s[i].size != v->s[j].size)
        return v->s[i].size < v->s[j].size;
    return v->s[i].turn < v->s[j].turn;
}

static void
naive_admit(struct naive *v)
{
    while (v->n_batch < v->c->max_sequences) {
        uint32_t best = UINT32_MAX;

        for (size_t k = 0; k < v->n_present; k++)
            if (v->s[v->present[k]].where == QUEUED &&
                (best == UINT32_MAX || comes_before(v, v->present[k], best)))
                best = v->present[k];
        if (best == UINT32_MAX || naive_used(v) + naive_need(v, best) > v->c->kv_tokens)
            return;
        naive_waited(v, best, v->now);
        v->s[best].where = PREFILL;
        v->s[best].left = v->request[best].prompt + v->s[best].done;
        v->batch[v->n_batch++] = best;
    }
}

/* What the next step takes; gives out the chunks. */
static double
naive_duration(struct naive *v)
{
    const struct rg_batch_config *c = v->c;
    double time = c->b0;
    uint32_t room = c->token_budget;

    for (size_t k = 0; k < v->n_batch; k++) {
        uint32_t i = v->batch[k];

        if (v->s[i].where != DECODE)
            continue;
        room -= room > 0;
        time += c->b2 + c->b3 * (v->request[i].prompt + v->s[i].done);
    }
    for (size_t k = 0; k < v->n_batch; k++) {
        struct sequence *s = &v->s[v->batch[k]];
        uint32_t chunk = s->left < room ? s->left : room;

        if (s->where != PREFILL)
            continue;
        s->left -= chunk;
        room -= chunk;
        time += c->b1 * chunk + c->b4 * chunk * chunk;
    }
    return time;
}

static void
naive_token(struct naive *v, uint32_t i)
{
    struct sequence *s = &v->s[i];

    s->where = DECODE;
    if (s->done++ == 0)
        s->first = v->now;
    if (s->done == v->request[i].output) {
        s->last = v->now;
        naive_gone(v, i);
    }
}

/* All that decode, then all prompts that are complete; backwards, because they may go. */
static void
naive_tokens(struct naive *v)
{
    size_t n = v->n_batch;
    bool *complete = rg_zalloc(n, sizeof *complete);

    for (size_t k = 0; k < n; k++)
        complete[k] = v->s[v->batch[k]].where == DECODE || v->s[v->batch[k]].left == 0;
    for (size_t k = n; k-- > 0;)
        if (complete[k])
            naive_token(v, v->batch[k]);
    free(complete);
}

static void
naive_preempt(struct naive *v)
{
    while (naive_used(v) > v->c->kv_tokens) {
        uint32_t i = v->batch[--v->n_batch];

        v->s[i].where = QUEUED;
        v->s[i].since = v->now;
        if (v->c->discipline == RG_FCFS)
            v->s[i].turn = --v->front;
        v->preemptions++;
    }
}

static void
naive_run(struct naive *v)
{
    for (;;) {
        naive_arrivals(v);
        naive_deadlines(v);
        naive_admit(v);
        if (v->n_batch == 0) {
            if (v->next == v->n)
                return;
            v->now = v->request[v->next].time;
            continue;
        }
        v->now += naive_duration(v);
        v->steps++;
        naive_deadlines(v);
        naive_tokens(v);
        naive_preempt(v);
    }
}

static void
naive_init(struct naive *v, const struct rg_batch_config *c, const struct bench_request *request,
           size_t n)
{
    *v = (struct naive){.c = c,
                        .request = request,
                        .n = n,
                        .s = rg_zalloc(n, sizeof(struct sequence)),
                        .present = rg_alloc(n, sizeof(uint32_t)),
                        .batch = rg_alloc(n, sizeof(uint32_t))};
}

static void
naive_clear(struct naive *v)
{
    free(v->s);
    free(v->present);
    free(v->batch);
}

/* --- both ------------------------------------------------------------------------------------ */

static bool
differ(double x, double y, double tolerance)
{
    return isnan(x) != isnan(y) || fabs(x - y) > tolerance;
}

static void
assert_equal(const struct naive *v, const struct bench *b, double tolerance)
{
    const struct rg_batch_stats *t = &b->batch.stats;
    uint64_t finished = 0, refused = 0, cancelled = 0, output = 0;
    struct rg_sum sojourns = {0};
    double area;

    for (size_t i = 0; i < v->n; i++) {
        const struct sequence *s = &v->s[i];
        const struct bench_request *r = &b->request[i];

        if (differ(s->first, r->first, tolerance) || differ(s->last, r->last, tolerance) ||
            differ(s->cancelled, r->cancelled, 0) || differ(s->waited, r->waited, tolerance))
            fail_msg("request %zu: %.17g %.17g %.17g, expected %.17g %.17g %.17g", i, r->first,
                     r->last, r->cancelled, s->first, s->last, s->cancelled);
        assert_int_equal(r->submission, s->refused ? RG_BATCH_TOO_LARGE : RG_BATCH_ACCEPTED);
        refused += s->refused;
        finished += s->last >= 0;
        cancelled += s->cancelled >= 0;
        output += s->done;
        if (!s->refused)
            rg_sum_add(&sojourns, (isnan(s->last) ? s->cancelled : s->last) - r->time);
    }
    assert_int_equal(t->steps, v->steps);
    assert_int_equal(t->preemptions, v->preemptions);
    assert_int_equal(t->submitted, v->n);
    assert_int_equal(t->finished, finished);
    assert_int_equal(t->too_large, refused);
    assert_int_equal(t->cancelled, cancelled);
    assert_int_equal(t->output_tokens, output);
    assert_true(t->kv_max <= v->c->kv_tokens && t->running.max <= v->c->max_sequences);
    /* Little's law. */
    area = rg_batch_waiting_area(&b->batch) + rg_batch_running_area(&b->batch);
    assert_true(fabs(area - rg_sum_value(&sojourns)) <= 1e-9 * area);
}

static uint64_t
compare(const struct rg_batch_config *c, struct bench_request *request, size_t n, double tolerance)
{
    struct bench b;
    struct naive v;

    bench_init(&b, c, request, n);
    naive_init(&v, c, request, n);
    bench_run(&b);
    naive_run(&v);
    assert_equal(&v, &b, tolerance);
    naive_clear(&v);
    bench_clear(&b);
    return v.preemptions;
}

/* Sums of few powers of two, so that times tie often and are equal in any order of summation. */
static double
coarse(gsl_rng *rng, uint64_t below, double unit)
{
    return (double)rg_rng_below(rng, below) * unit;
}

static struct rg_batch_config
random_config(gsl_rng *rng)
{
    static const enum rg_discipline discipline[] = {RG_FCFS, RG_PRIORITY, RG_SJF};

    return (struct rg_batch_config){
        .b0 = coarse(rng, 5, 0.25),
        .b1 = coarse(rng, 3, 0.03125),
        .b2 = coarse(rng, 3, 0.0625),
        .b3 = coarse(rng, 3, 0.0078125),
        .b4 = coarse(rng, 2, 0.0009765625),
        .max_sequences = (uint32_t)rg_rng_below(rng, 12) + 1,
        .token_budget = (uint32_t)rg_rng_below(rng, 60) + 1,
        .block_tokens = (uint32_t)rg_rng_below(rng, 20) + 1,
        .kv_tokens = 60 + rg_rng_below(rng, 200),
        .admission = rg_rng_below(rng, 2) ? RG_BATCH_OPTIMISTIC : RG_BATCH_RESERVE,
        .discipline = discipline[rg_rng_below(rng, 3)],
        .queue = RG_STATION_UNLIMITED,
    };
}

static void
random_requests(struct bench_request *request, size_t n, gsl_rng *rng)
{
    double gaps = coarse(rng, 40, 1) + 1, patience = coarse(rng, 300, 1) + 10;
    bool patient = rg_rng_below(rng, 3) == 0;
    double time = 0;

    for (size_t i = 0; i < n; i++) {
        time += coarse(rng, (uint64_t)gaps, 0.5);
        request[i] = (struct bench_request){
            .time = time,
            .deadline = patient ? INFINITY : time + coarse(rng, (uint64_t)patience, 0.25) + 0.25,
            .prompt = (uint32_t)rg_rng_below(rng, 60) + 1,
            .output = (uint32_t)rg_rng_below(rng, 30) + 1,
            .priority = (int32_t)rg_rng_below(rng, 3),
        };
    }
}

static void
small_replicas(void **state)
{
    enum { REPLICAS = 5000, N = 100 };
    struct bench_request request[N];
    gsl_rng *rng = rg_rng_new(20, 0, RG_PURPOSE_TEST);
    uint64_t preemptions = 0;

    (void)state;
    for (int i = 0; i < REPLICAS; i++) {
        struct rg_batch_config c = random_config(rng);

        random_requests(request, N, rng);
        preemptions += compare(&c, request, N, 0);
    }
    assert_true(preemptions > 5000);
    gsl_rng_free(rng);
}

static void
poisson(struct bench_request *request, size_t n, double rate, gsl_rng *rng)
{
    double time = 0;

    for (size_t i = 0; i < n; i++) {
        time += rg_variate_exp(rng) / rate;
        request[i] = (struct bench_request){
            .time = time,
            .deadline = rg_rng_below(rng, 20) == 0 ? time + 3 * rg_variate_exp(rng) : INFINITY,
            .prompt = 1 + (uint32_t)(500 * rg_variate_exp(rng)),
            .output = 1 + (uint32_t)(40 * rg_variate_exp(rng)),
        };
    }
}

static const struct rg_batch_config large = {
    .b0 = 0.012155,
    .b1 = 0.00000406,
    .b2 = 0.000004417,
    .b3 = 0.0000000952,
    .b4 = 0.00000000019,
    .max_sequences = 256,
    .token_budget = 2048,
    .block_tokens = 16,
    .kv_tokens = 10000,
    .queue = RG_STATION_UNLIMITED,
};

static void
many_requests(void **state)
{
    enum { N = 100000 };
    struct bench_request *request = rg_alloc(N, sizeof *request);
    gsl_rng *rng = rg_rng_new(21, 0, RG_PURPOSE_TEST);

    (void)state;
    poisson(request, N, 20, rng);
    assert_int_equal(compare(&large, request, N, 1e-9), 0);
    gsl_rng_free(rng);
    free(request);
}

static void
many_preemptions(void **state)
{
    enum { N = 20000 };
    struct rg_batch_config c = large;
    struct bench_request *request = rg_alloc(N, sizeof *request);
    gsl_rng *rng = rg_rng_new(22, 0, RG_PURPOSE_TEST);

    (void)state;
    c.admission = RG_BATCH_OPTIMISTIC;
    c.kv_tokens = 7000;
    poisson(request, N, 35, rng);
    assert_true(compare(&c, request, N, 1e-9) > 1000);
    gsl_rng_free(rng);
    free(request);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_replicas),
        cmocka_unit_test(many_requests),
        cmocka_unit_test(many_preemptions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
