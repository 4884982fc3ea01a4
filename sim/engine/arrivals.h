/* Arrival processes: one call gives the next arrival time, or none.
 *
 * Open processes do not look at the system. The caller keeps only the next arrival among its events
 * and asks for another one when it happens; times never decrease.
 *
 *     RG_ARRIVALS_ALL        n arrivals at time 0
 *     RG_ARRIVALS_CONSTANT   the i-th (i = 1, 2, ...) at i / rate
 *     RG_ARRIVALS_POISSON    exponential gaps
 *     RG_ARRIVALS_GAMMA      gamma gaps of mean 1 / rate and coefficient of variation cv
 *     RG_ARRIVALS_WEIBULL    Weibull gaps, likewise
 *     RG_ARRIVALS_MMPP       Markov-modulated Poisson process: in state i arrivals come at rate
 *                            rates[i]; it stays there for an exponential time of mean stays[i] and
 *                            then enters each other state with equal probability; it begins in its
 *                            stationary distribution (share of state i: stays[i] / sum of stays)
 *     RG_ARRIVALS_RECORDED   given times, divided by speed, once or again and again
 *
 * The others begin with a gap: time 0 is no arrival, unless it was recorded.
 *
 *     RG_ARRIVALS_CLOSED     n users who think, ask, wait for the end of what they asked for, and
 *                            think again: rg_arrivals_next gives the n first requests,
 *                            rg_arrivals_again the later ones
 *
 * In all processes at most limit arrivals are given. Randomness comes from the caller's stream
 * (rg_rng_new), whose position is the only hidden state. */
#ifndef RG_SIM_ENGINE_ARRIVALS_H
#define RG_SIM_ENGINE_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsl/gsl_rng.h>

#include "base/err.h"
#include "sim/engine/variate.h"

enum rg_arrivals_law {
    RG_ARRIVALS_ALL,
    RG_ARRIVALS_CONSTANT,
    RG_ARRIVALS_POISSON,
    RG_ARRIVALS_GAMMA,
    RG_ARRIVALS_WEIBULL,
    RG_ARRIVALS_MMPP,
    RG_ARRIVALS_RECORDED,
    RG_ARRIVALS_CLOSED,
};

/* Fields that a law does not name are ignored by it. Arrays are borrowed. */
struct rg_arrivals_config {
    enum rg_arrivals_law law;
    uint64_t limit;      /* at most so many arrivals; UINT64_MAX: no limit. ALL needs a limit */
    double rate;         /* 1/s, > 0: CONSTANT, POISSON, GAMMA, WEIBULL */
    double cv;           /* 0.01 to 100: GAMMA, WEIBULL */
    const double *rates; /* 1/s, >= 0, one of them > 0: MMPP */
    const double *stays; /* s, > 0: MMPP */
    size_t states;       /* >= 2: MMPP */
    const double *times; /* s, as rg_arrivals_unsorted wants them: RECORDED */
    size_t n_times;      /* >= 1 */
    double speed;        /* > 0: RECORDED; 2 doubles the rate */
    bool loop;           /* RECORDED: begin again after the last; the copies are period apart */
    double period;       /* s, before speed; 0: the times' span and one mean gap */
    uint64_t users;      /* >= 1: CLOSED */
    double think;        /* s, mean, >= 0: CLOSED */
    bool think_constant; /* else exponential */
};

/* The fields are the process's own. */
struct rg_arrivals {
    struct rg_arrivals_config config;
    gsl_rng *rng;
    uint64_t given;   /* arrivals so far */
    uint64_t started; /* CLOSED: users who have begun */
    double last;      /* s: the last arrival given by rg_arrivals_next */
    double shape;     /* GAMMA, WEIBULL */
    double scale;     /* s; of the gaps */
    size_t state;     /* MMPP */
    size_t next;      /* RECORDED: index of the next time */
    uint64_t lap;     /* RECORDED: times gone through */
};

/* Checks the configuration (RG_EUSAGE) and sets the process to its beginning. rng is borrowed. */
RG_MUST_USE enum rg_status rg_arrivals_init(struct rg_arrivals *a,
                                            const struct rg_arrivals_config *config, gsl_rng *rng,
                                            struct rg_err *err);

/* The next arrival; false when there are no more. */
static inline bool rg_arrivals_next(struct rg_arrivals *a, double *time);

/* To be called when something that had arrived is over, in whatever way: the arrival that follows
 * from it, at now or later. False for open processes, and when the limit is reached. */
bool rg_arrivals_again(struct rg_arrivals *a, double now, double *time);

/* Long-run arrivals per second; INFINITY for RG_ARRIVALS_ALL, NAN for RG_ARRIVALS_CLOSED, whose
 * rate the system decides, and for recorded times without a span. */
double rg_arrivals_rate(const struct rg_arrivals *a);

/* Index of the first of n times that is negative, not finite, or before its predecessor; n if there
 * is none. */
size_t rg_arrivals_unsorted(const double *times, size_t n);

/* Shape k of the Weibull distribution with coefficient of variation cv, 0.01 <= cv <= 100, to a
 * relative error of 1e-12: Gamma(1 + 2/k) / Gamma(1 + 1/k)^2 = 1 + cv^2. */
double rg_arrivals_weibull_shape(double cv);

/* --- inline ---------------------------------------------------------------------------------- */

/* Of any law, when the limit is not reached. */
bool rg_arrivals_next_any(struct rg_arrivals *a, double *time);

static inline bool
rg_arrivals_next(struct rg_arrivals *a, double *time)
{
    if (a->given == a->config.limit)
        return false;
    if (a->config.law == RG_ARRIVALS_POISSON)
        *time = a->last + rg_variate_exp(a->rng) * a->scale;
    else if (!rg_arrivals_next_any(a, time))
        return false;
    a->last = *time;
    a->given++;
    return true;
}

#endif
