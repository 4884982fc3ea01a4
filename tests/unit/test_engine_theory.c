/* The engine against queueing theory.
 *
 * Each figure is the mean of independent replications, each warmed up, with a two-sided Student
 * interval at 99.9 %. The interval must cover the exact value, and must not cover values 5 % above
 * and below it: else it would prove nothing. Seeds are fixed. With about 50 intervals a correct
 * program fails such a suite for one seed in 20; no seed was tried but these.
 *
 * In every replication Little's law holds without any error of chance, because the system begins
 * and ends empty: area under the number in the system = sum of sojourns; likewise area under the
 * number of busy servers = sum of service times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include <gsl/gsl_cdf.h>

#include "base/rng.h"
#include "sim/engine/arrivals.h"
#include "sim/engine/engine.h"
#include "sim/engine/station.h"
#include "sim/engine/summary.h"
#include "sim/engine/variate.h"

enum { REPLICATIONS = 30, CLASSES = 2 };

enum kind { ARRIVE, STATION };

/* --- the test of an interval ----------------------------------------------------------------- */

static double
half_width(const struct rg_summary *s)
{
    double t = gsl_cdf_tdist_Pinv(0.9995, (double)s->n - 1);

    return t * sqrt(rg_summary_variance(s) / (double)s->n);
}

static void
check(const char *what, const struct rg_summary *s, double exact)
{
    double width = half_width(s);

    if (fabs(s->mean - exact) > width)
        fail_msg("%s: %.6g +- %.3g (99.9 %%), exact %.6g", what, s->mean, width, exact);
    if (fabs(s->mean - 0.95 * exact) <= width || fabs(s->mean - 1.05 * exact) <= width)
        fail_msg("%s: %.6g +- %.3g (99.9 %%) is too wide", what, s->mean, width);
}

static void
assert_close(double x, double y, double relative)
{
    if (!(fabs(x - y) <= relative * fmax(fabs(x), fabs(y))))
        fail_msg("%.17g is not %.17g", x, y);
}

/* --- service times with mean 1 --------------------------------------------------------------- */

enum law { EXPONENTIAL, DETERMINISTIC, HYPEREXPONENTIAL, ERLANG4 };

/* Coefficients of variation 1, 0, 2, 1/2. The hyperexponential has two phases of equal load:
 * p = (1 + sqrt((cv^2 - 1) / (cv^2 + 1))) / 2, means 1 / 2p and 1 / 2(1 - p). */
static double
service_time(enum law law, gsl_rng *rng)
{
    double p = 0.5 * (1 + sqrt(3.0 / 5.0));

    switch (law) {
    case DETERMINISTIC:
        return 1;
    case HYPEREXPONENTIAL:
        return rg_rng_unit(rng) < p ? rg_variate_exp(rng) / (2 * p)
                                    : rg_variate_exp(rng) / (2 * (1 - p));
    case ERLANG4:
        return 0.25 * (rg_variate_exp(rng) + rg_variate_exp(rng) + rg_variate_exp(rng) +
                       rg_variate_exp(rng));
    default:
        return rg_variate_exp(rng);
    }
}

/* --- one station, open arrivals -------------------------------------------------------------- */

struct model {
    struct rg_station_config station;
    struct rg_arrivals_config arrivals;
    enum law service;
    double mean_service;
    double mean_patience; /* exponential; 0: endless */
    double first_class;   /* share of arrivals of priority 0; the others have 1 */
    uint64_t customers;
    uint64_t seed;
};

struct figures {
    struct rg_summary wait, sojourn, busy, waiting, balked, reneged;
    struct rg_summary class_wait[CLASSES];
};

struct run {
    const struct model *model;
    struct rg_engine engine;
    struct rg_station station;
    struct rg_arrivals arrivals;
    gsl_rng *gaps, *service;
    uint64_t arrived;
    struct rg_sum sojourns, services, area, busy_area; /* of the whole run */
    struct rg_summary class_wait[CLASSES];             /* after the warm-up */
    double warm;                                       /* s, clock */
    double last;                                       /* s, clock: of the last arrival */
    double at_last[2];                                 /* areas waiting and busy, then */
};

static void
schedule_arrival(struct run *r)
{
    struct rg_event ev = {.rank = RG_RANK_ARRIVAL, .kind = ARRIVE};

    if (rg_arrivals_next(&r->arrivals, &ev.time))
        rg_engine_add(&r->engine, &ev);
}

static void
warm_up(struct run *r)
{
    rg_sum_add(&r->area, rg_station_area(&r->station));
    rg_sum_add(&r->busy_area, rg_station_busy_area(&r->station));
    rg_station_reset_stats(&r->station);
    r->warm = r->engine.now;
    for (int i = 0; i < CLASSES; i++)
        r->class_wait[i] = (struct rg_summary){0};
}

static void
arrive(struct run *r)
{
    const struct model *m = r->model;
    struct rg_job job = {.patience = INFINITY};

    if (r->arrived++ == m->customers / 10)
        warm_up(r);
    job.service = m->mean_service * service_time(m->service, r->service);
    job.priority = rg_rng_unit(r->service) < m->first_class ? 0 : 1;
    job.entity = (uint32_t)job.priority;
    if (m->mean_patience > 0)
        job.patience = m->mean_patience * rg_variate_exp(r->service);
    rg_station_arrive(&r->station, &job, NULL);
    r->last = r->engine.now;
    r->at_last[0] = rg_station_waiting_area(&r->station);
    r->at_last[1] = rg_station_busy_area(&r->station);
    schedule_arrival(r);
}

static void
leave(struct run *r, const struct rg_event *ev)
{
    struct rg_leave l = rg_station_leave(&r->station, ev);

    rg_sum_add(&r->sojourns, l.sojourn);
    if (l.outcome == RG_SERVED) {
        rg_sum_add(&r->services, l.sojourn - l.wait);
        rg_summary_add(&r->class_wait[l.entity], l.wait);
    }
}

/* Begins and ends empty; time averages end with the last arrival, lest the idle end counts. */
static void
finish(struct run *r, struct figures *f)
{
    const struct rg_station_stats *s = &r->station.stats;
    double time = r->last - r->warm;
    double arrived = (double)s->arrived;

    rg_sum_add(&r->area, rg_station_area(&r->station));
    rg_sum_add(&r->busy_area, rg_station_busy_area(&r->station));
    assert_close(rg_sum_value(&r->area), rg_sum_value(&r->sojourns), 1e-9);
    if (r->model->station.discipline != RG_PS)
        assert_close(rg_sum_value(&r->busy_area), rg_sum_value(&r->services), 1e-9);
    assert_int_equal(rg_station_count(&r->station), 0);
    rg_summary_add(&f->wait, s->wait.mean);
    rg_summary_add(&f->sojourn, s->sojourn.mean);
    rg_summary_add(&f->waiting, r->at_last[0] / time);
    rg_summary_add(&f->busy, r->at_last[1] / time);
    rg_summary_add(&f->balked, (double)s->balked / arrived);
    rg_summary_add(&f->reneged, (double)s->reneged / arrived);
    for (int i = 0; i < CLASSES; i++)
        rg_summary_add(&f->class_wait[i], r->class_wait[i].mean);
}

static void
replicate(const struct model *m, uint64_t replication, struct figures *f)
{
    struct run r = {.model = m};
    struct rg_event ev;
    struct rg_err err;

    r.gaps = rg_rng_new(m->seed, replication, RG_PURPOSE_ARRIVALS);
    r.service = rg_rng_new(m->seed, replication, RG_PURPOSE_SERVICE);
    rg_engine_init(&r.engine);
    rg_station_init(&r.station, &r.engine, &m->station);
    assert_int_equal(rg_arrivals_init(&r.arrivals, &m->arrivals, r.gaps, &err), RG_OK);
    schedule_arrival(&r);
    while (rg_engine_next(&r.engine, &ev)) {
        if (ev.kind == ARRIVE)
            arrive(&r);
        else
            leave(&r, &ev);
    }
    finish(&r, f);
    rg_station_clear(&r.station);
    rg_engine_clear(&r.engine);
    gsl_rng_free(r.gaps);
    gsl_rng_free(r.service);
}

/* Poisson arrivals, one server, exponential service of mean 1; the tests change what they need. */
static struct model
m_m_1(double rate, uint64_t seed)
{
    return (struct model){
        .station = {.servers = 1, .queue = RG_STATION_UNLIMITED, .kind = STATION},
        .arrivals = {.law = RG_ARRIVALS_POISSON, .rate = rate},
        .mean_service = 1,
        .customers = 60000,
        .seed = seed,
    };
}

static struct figures
simulate(struct model m)
{
    struct figures f = {0};

    m.arrivals.limit = m.customers;
    for (uint64_t i = 0; i < REPLICATIONS; i++)
        replicate(&m, i, &f);
    return f;
}

/* --- exact values ---------------------------------------------------------------------------- */

static double
erlang_b(double a, int servers)
{
    double b = 1;

    for (int j = 1; j <= servers; j++)
        b = a * b / (j + a * b);
    return b;
}

static double
erlang_c(double a, int servers)
{
    double b = erlang_b(a, servers);

    return b / (1 - a / servers * (1 - b));
}

/* Stationary probabilities p[0..n] of a birth and death process. */
static void
birth_death(double *p, int n, double birth, double (*death)(int, const void *), const void *ctx)
{
    double sum = 1;

    p[0] = 1;
    for (int i = 1; i <= n; i++) {
        p[i] = p[i - 1] * birth / death(i, ctx);
        sum += p[i];
    }
    for (int i = 0; i <= n; i++)
        p[i] /= sum;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void
test_m_m_1(void **state)
{
    static const double rates[] = {0.3, 0.6, 0.8};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        double rho = rates[i];
        struct figures f = simulate(m_m_1(rho, 10 + i));

        check("M/M/1 wait", &f.wait, rho / (1 - rho));
        check("M/M/1 sojourn", &f.sojourn, 1 / (1 - rho));
        check("M/M/1 waiting", &f.waiting, rho * rho / (1 - rho));
        check("M/M/1 busy", &f.busy, rho);
    }
}

static void
test_m_m_c(void **state)
{
    static const int servers[] = {2, 5, 20};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int c = servers[i];
        double rate = 0.85 * c;
        struct model m = m_m_1(rate, 20 + i);
        struct figures f;

        m.station.servers = (uint32_t)c;
        m.customers = 250000;
        f = simulate(m);
        check("M/M/c wait", &f.wait, erlang_c(rate, c) / (c - rate));
        check("M/M/c busy", &f.busy, rate);
    }
}

static double
death_of_servers(int n, const void *ctx)
{
    int servers = *(const int *)ctx;

    return n < servers ? n : servers;
}

static void
test_m_m_c_k(void **state)
{
    const int servers = 3, places = 4;
    const double rate = 2.7;
    struct model m = m_m_1(rate, 30);
    struct figures f;
    double p[8], waiting = 0;

    (void)state;
    birth_death(p, servers + places, rate, death_of_servers, &servers);
    for (int i = servers; i <= servers + places; i++)
        waiting += (i - servers) * p[i];
    m.station.servers = (uint32_t)servers;
    m.station.queue = (uint32_t)places;
    f = simulate(m);
    check("M/M/3/7 blocking", &f.balked, p[servers + places]);
    check("M/M/3/7 waiting", &f.waiting, waiting);
    check("M/M/3/7 wait", &f.wait, waiting / (rate * (1 - p[servers + places])));

    m.station.queue = 0;
    f = simulate(m);
    check("M/M/3/3 blocking", &f.balked, erlang_b(rate, servers));
}

static void
test_m_m_infinite(void **state)
{
    struct model m = m_m_1(7, 35);
    struct figures f;

    (void)state;
    m.station.servers = RG_STATION_UNLIMITED;
    m.service = HYPEREXPONENTIAL; /* the mean number does not depend on the law */
    f = simulate(m);
    check("M/G/infinite busy", &f.busy, 7);
    assert_true(f.wait.max == 0);
}

/* Pollaczek-Khinchine: wait = rho (1 + cv^2) / (2 (1 - rho)) service times. */
static void
test_m_g_1(void **state)
{
    static const struct {
        enum law law;
        double cv;
    } laws[] = {{DETERMINISTIC, 0}, {ERLANG4, 0.5}, {HYPEREXPONENTIAL, 2}};
    const double rho = 0.7;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct model m = m_m_1(rho, 40 + i);
        struct figures f;

        m.service = laws[i].law;
        m.customers = 150000;
        f = simulate(m);
        check("M/G/1 wait", &f.wait, rho * (1 + laws[i].cv * laws[i].cv) / (2 * (1 - rho)));
    }
}

/* The mean wait in GI/M/1 is s / (1 - s), s the root in (0, 1) of s = E exp(-(1 - s) gap). */
static void
test_g_m_1(void **state)
{
    const double rate = 0.7, cv = 0.5, shape = 1 / (cv * cv);
    struct model m = m_m_1(rate, 45);
    struct figures f;
    double s = 0.5;

    (void)state;
    for (int i = 0; i < 1000; i++)
        s = pow(1 + (1 - s) / (rate * shape), -shape);
    m.arrivals.law = RG_ARRIVALS_GAMMA;
    m.arrivals.cv = cv;
    f = simulate(m);
    check("G/M/1 wait", &f.wait, s / (1 - s));
}

/* A. Cobham, Operations Research 2 (1954) 70-76, two classes with the same service law; residual
 * work rate E S^2 / 2. */
static void
test_priority(void **state)
{
    const double rate = 0.8, share = 0.4, first = rate * share;
    struct model m = m_m_1(rate, 50);
    struct figures f;

    (void)state;
    m.station.discipline = RG_PRIORITY;
    m.first_class = share;
    m.customers = 100000;
    f = simulate(m);
    check("priority 0 wait", &f.class_wait[0], rate / (1 - first));
    check("priority 1 wait", &f.class_wait[1], rate / ((1 - first) * (1 - rate)));
}

/* M/G/1 with shortest job first: T. E. Phipps, Operations Research 4 (1956) 76-85: a job of size x
 * waits w0 / (1 - rho(x))^2, rho(x) the load of shorter jobs, w0 = rate E S^2 / 2. For
 * exponential sizes rho(x) = rate (1 - (1 + x) exp(-x)). */
static void
test_sjf(void **state)
{
    const double rate = 0.7, step = 1e-3;
    struct model m = m_m_1(rate, 55);
    struct figures f;
    double wait = 0;

    (void)state;
    for (double x = step / 2; x < 50; x += step) {
        double idle = 1 - rate * (1 - (1 + x) * exp(-x));

        wait += step * exp(-x) * rate / (idle * idle);
    }
    m.station.discipline = RG_SJF;
    m.customers = 100000;
    f = simulate(m);
    check("SJF wait", &f.wait, wait);
}

/* M/G/1-PS: the mean sojourn is 1 / (1 - rho) for any law of service. With c servers and
 * exponential service it is that of M/M/c. */
static void
test_processor_sharing(void **state)
{
    static const enum law laws[] = {EXPONENTIAL, DETERMINISTIC, HYPEREXPONENTIAL};
    const double rho = 0.7;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct model m = m_m_1(rho, 60 + i);
        struct figures f;

        m.station.discipline = RG_PS;
        if (i < 3) {
            m.service = laws[i];
            f = simulate(m);
            check("M/G/1-PS sojourn", &f.sojourn, 1 / (1 - rho));
            check("M/G/1-PS busy", &f.busy, rho);
        } else {
            m.station.servers = 3;
            m.arrivals.rate = 2.4;
            f = simulate(m);
            check("M/M/3-PS sojourn", &f.sojourn, 1 + erlang_c(2.4, 3) / 0.6);
        }
    }
}

struct patience {
    int servers;
    double rate; /* 1/s, of reneging */
};

static double
death_with_patience(int n, const void *ctx)
{
    const struct patience *p = ctx;

    return n < p->servers ? n : p->servers + (n - p->servers) * p->rate;
}

/* M/M/c+M (Erlang A), overloaded: share that reneges = reneging rate * mean queue / arrival rate.
 */
static void
test_reneging(void **state)
{
    const struct patience patience = {.servers = 4, .rate = 0.5};
    const double rate = 5;
    struct model m = m_m_1(rate, 70);
    struct figures f;
    double p[201], waiting = 0;

    (void)state;
    birth_death(p, 200, rate, death_with_patience, &patience);
    for (int i = patience.servers; i <= 200; i++)
        waiting += (i - patience.servers) * p[i];
    m.station.servers = (uint32_t)patience.servers;
    m.mean_patience = 1 / patience.rate;
    f = simulate(m);
    check("M/M/4+M waiting", &f.waiting, waiting);
    check("M/M/4+M reneged", &f.reneged, patience.rate * waiting / rate);

    /* Without memory nothing depends on who is served next. */
    m.seed++;
    m.station.discipline = RG_PRIORITY;
    m.first_class = 0.5;
    f = simulate(m);
    check("M/M/4+M priority waiting", &f.waiting, waiting);
}

/* --- networks -------------------------------------------------------------------------------- */

struct network {
    struct rg_engine engine;
    struct rg_station station[2];
    struct rg_arrivals arrivals;
    gsl_rng *rng;
    double mean[2]; /* s, of the exponential services */
    uint64_t done;
};

static void
network_init(struct network *n, const struct rg_station_config config[2],
             const struct rg_arrivals_config *arrivals, uint64_t seed, uint64_t replication)
{
    struct rg_err err;

    n->rng = rg_rng_new(seed, replication, RG_PURPOSE_TEST);
    rg_engine_init(&n->engine);
    for (uint32_t i = 0; i < 2; i++) {
        struct rg_station_config c = config[i];

        c.kind = STATION;
        c.owner = i;
        c.queue = RG_STATION_UNLIMITED;
        rg_station_init(&n->station[i], &n->engine, &c);
    }
    assert_int_equal(rg_arrivals_init(&n->arrivals, arrivals, n->rng, &err), RG_OK);
}

static void
network_clear(struct network *n)
{
    for (int i = 0; i < 2; i++)
        rg_station_clear(&n->station[i]);
    rg_engine_clear(&n->engine);
    gsl_rng_free(n->rng);
}

static void
enter(struct network *n, uint32_t station)
{
    rg_station_arrive(&n->station[station],
                      &(struct rg_job){.service = n->mean[station] * rg_variate_exp(n->rng),
                                       .patience = INFINITY},
                      NULL);
}

/* Entry -> station 0 -> station 1 -> out, and in a closed network back again. */
static void
network_run(struct network *n, double end)
{
    struct rg_event ev;

    rg_engine_until(&n->engine, end);
    while (rg_engine_next(&n->engine, &ev)) {
        struct rg_event next = {.rank = RG_RANK_ARRIVAL, .kind = ARRIVE};

        if (ev.kind == ARRIVE) {
            enter(n, 0);
            /* Event 1 is an entry that brings the next one, event 0 one that was scheduled alone.
             */
            next.entity = 1;
            if (ev.entity == 1 && rg_arrivals_next(&n->arrivals, &next.time))
                rg_engine_add(&n->engine, &next);
            continue;
        }
        rg_station_leave(&n->station[ev.owner], &ev);
        if (ev.owner == 0) {
            enter(n, 1);
            continue;
        }
        n->done++;
        if (rg_arrivals_again(&n->arrivals, n->engine.now, &next.time))
            rg_engine_add(&n->engine, &next);
    }
}

static void
network_begin(struct network *n)
{
    struct rg_event ev = {.rank = RG_RANK_ARRIVAL, .kind = ARRIVE, .entity = 1};

    if (rg_arrivals_next(&n->arrivals, &ev.time))
        rg_engine_add(&n->engine, &ev);
}

/* Jackson: the stations are as if alone. */
static void
test_tandem(void **state)
{
    const struct rg_station_config config[2] = {{.servers = 1}, {.servers = 2}};
    const struct rg_arrivals_config arrivals = {
        .law = RG_ARRIVALS_POISSON, .rate = 0.75, .limit = UINT64_MAX};
    struct rg_summary first = {0}, second = {0};

    (void)state;
    for (uint64_t i = 0; i < REPLICATIONS; i++) {
        struct network n = {.mean = {1, 2}};

        network_init(&n, config, &arrivals, 80, i);
        network_begin(&n);
        network_run(&n, 10000);
        for (int k = 0; k < 2; k++)
            rg_station_reset_stats(&n.station[k]);
        network_run(&n, 100000);
        assert_true(n.engine.now == 100000);
        rg_summary_add(&first, rg_station_area(&n.station[0]) / 90000);
        rg_summary_add(&second, n.station[1].stats.wait.mean);
        network_clear(&n);
    }
    check("tandem, number at the first", &first, 0.75 / (1 - 0.75));
    check("tandem, wait at the second", &second, 2 * erlang_c(1.5, 2) / (2 - 1.5));
}

/* Mean value analysis: M. Reiser, S. S. Lavenberg, JACM 27 (1980) 313-322. */
static double
mva(int users, double think, const double demand[2], double number[2])
{
    double rate = 0;

    number[0] = number[1] = 0;
    for (int n = 1; n <= users; n++) {
        double response[2];

        for (int k = 0; k < 2; k++)
            response[k] = demand[k] * (1 + number[k]);
        rate = n / (think + response[0] + response[1]);
        for (int k = 0; k < 2; k++)
            number[k] = rate * response[k];
    }
    return rate;
}

static void
test_closed_network(void **state)
{
    /* For single servers FCFS with exponential service and processor sharing are alike. */
    const struct rg_station_config config[2] = {{.servers = 1},
                                                {.servers = 1, .discipline = RG_PS}};
    const struct rg_arrivals_config arrivals = {
        .law = RG_ARRIVALS_CLOSED, .users = 12, .think = 10, .limit = UINT64_MAX};
    const double demand[2] = {1, 0.7};
    struct rg_summary rate = {0}, number[2] = {{0}, {0}};
    double exact[2], exact_rate = mva(12, 10, demand, exact);

    (void)state;
    for (uint64_t i = 0; i < REPLICATIONS; i++) {
        struct network n = {.mean = {demand[0], demand[1]}};

        network_init(&n, config, &arrivals, 90, i);
        network_begin(&n);
        network_run(&n, 2000);
        n.done = 0;
        for (int k = 0; k < 2; k++)
            rg_station_reset_stats(&n.station[k]);
        network_run(&n, 42000);
        rg_summary_add(&rate, (double)n.done / 40000);
        for (int k = 0; k < 2; k++)
            rg_summary_add(&number[k], rg_station_area(&n.station[k]) / 40000);
        network_clear(&n);
    }
    check("closed network, throughput", &rate, exact_rate);
    check("closed network, number at the first", &number[0], exact[0]);
    check("closed network, number at the second", &number[1], exact[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_m_m_1),
        cmocka_unit_test(test_m_m_c),
        cmocka_unit_test(test_m_m_c_k),
        cmocka_unit_test(test_m_m_infinite),
        cmocka_unit_test(test_m_g_1),
        cmocka_unit_test(test_g_m_1),
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_sjf),
        cmocka_unit_test(test_processor_sharing),
        cmocka_unit_test(test_reneging),
        cmocka_unit_test(test_tandem),
        cmocka_unit_test(test_closed_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
