/* Hold model: hold [PENDING [STEPS]] keeps so many events pending; each step takes the earliest and
 * schedules one an exponential time later. Prints nanoseconds per step, once with plain events and
 * once with timers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "sim/engine/engine.h"
#include "sim/engine/variate.h"

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
hold(struct rg_engine *e, gsl_rng *rng, uint64_t steps)
{
    struct rg_event ev;

    for (uint64_t i = 0; i < steps && rg_engine_next(e, &ev); i++) {
        ev.time += rg_variate_exp(rng);
        rg_engine_add(e, &ev);
    }
}

static void
hold_timers(struct rg_engine *e, gsl_rng *rng, uint64_t steps)
{
    struct rg_event ev;

    for (uint64_t i = 0; i < steps && rg_engine_next(e, &ev); i++) {
        ev.time += rg_variate_exp(rng);
        rg_engine_add_timer(e, &ev);
    }
}

/* ns per step, after a warm-up in which the heap takes its steady form. */
static double
measure(void (*steps_of)(struct rg_engine *, gsl_rng *, uint64_t), uint64_t pending, uint64_t steps)
{
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    struct rg_engine e;
    double begin, time;

    rg_engine_init(&e);
    for (uint64_t i = 0; i < pending; i++)
        rg_engine_add(&e, &(struct rg_event){.time = rg_variate_exp(rng), .entity = (uint32_t)i});
    steps_of(&e, rng, steps / 4 + pending);
    begin = seconds();
    steps_of(&e, rng, steps);
    time = seconds() - begin;
    rg_engine_clear(&e);
    gsl_rng_free(rng);
    return 1e9 * time / (double)steps;
}

int
main(int argc, char **argv)
{
    uint64_t pending = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 10) : 4000000;

    printf("pending %" PRIu64 " steps %" PRIu64 " ns/hold %.2f with timers %.2f\n", pending, steps,
           measure(hold, pending, steps), measure(hold_timers, pending, steps));
    return 0;
}
