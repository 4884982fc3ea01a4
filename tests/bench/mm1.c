/* M/M/1 at utilisation 0.9: mm1 [CUSTOMERS [SEED]] prints the mean time in system (theory: 10 s)
 * and how many customers and events are simulated per second of real time. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "sim/engine/arrivals.h"
#include "sim/engine/engine.h"
#include "sim/engine/station.h"
#include "sim/engine/variate.h"

enum kind { ARRIVE, STATION };

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
schedule_arrival(struct rg_engine *e, struct rg_arrivals *arrivals)
{
    struct rg_event ev = {.rank = RG_RANK_ARRIVAL, .kind = ARRIVE};

    if (rg_arrivals_next(arrivals, &ev.time))
        rg_engine_add(e, &ev);
}

static void
run(struct rg_engine *e, struct rg_station *station, struct rg_arrivals *arrivals, gsl_rng *service)
{
    struct rg_event ev;
    uint32_t customer = 0;

    schedule_arrival(e, arrivals);
    while (rg_engine_next(e, &ev)) {
        if (ev.kind == STATION) {
            rg_station_leave(station, &ev);
            continue;
        }
        rg_station_arrive(station,
                          &(struct rg_job){.entity = customer++,
                                           .service = rg_variate_exp(service),
                                           .patience = INFINITY},
                          NULL);
        schedule_arrival(e, arrivals);
    }
}

int
main(int argc, char **argv)
{
    uint64_t customers = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    gsl_rng *gaps = rg_rng_new(seed, 0, RG_PURPOSE_ARRIVALS);
    gsl_rng *service = rg_rng_new(seed, 0, RG_PURPOSE_SERVICE);
    struct rg_arrivals arrivals;
    struct rg_station station;
    struct rg_engine e;
    struct rg_err err;
    double begin, time;

    rg_engine_init(&e);
    rg_station_init(
        &station, &e,
        &(struct rg_station_config){.servers = 1, .queue = RG_STATION_UNLIMITED, .kind = STATION});
    if (rg_arrivals_init(&arrivals,
                         &(struct rg_arrivals_config){
                             .law = RG_ARRIVALS_POISSON, .rate = 0.9, .limit = customers},
                         gaps, &err) != RG_OK)
        return 1;
    begin = seconds();
    run(&e, &station, &arrivals, service);
    time = seconds() - begin;
    printf("mean %.6f customers %" PRIu64 " events %" PRIu64
           " seconds %.6f customers/s %.4g events/s %.4g\n",
           station.stats.sojourn.mean, station.stats.served, e.executed, time,
           (double)customers / time, (double)e.executed / time);
    rg_station_clear(&station);
    rg_engine_clear(&e);
    gsl_rng_free(service);
    gsl_rng_free(gaps);
    return 0;
}
