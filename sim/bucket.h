/* A leaky bucket: capacity units at most, refilled at rate units a second, full at the beginning.
 * Taking may leave a debt, which those who come later wait for: so waiting is first come, first
 * served without a queue. */
#ifndef RG_SIM_BUCKET_H
#define RG_SIM_BUCKET_H

#include <math.h>
#include <stdbool.h>

struct rg_bucket {
    double rate;     /* units/s; INFINITY: no limit */
    double capacity; /* units */
    double level;    /* at time at; negative: debt */
    double at;       /* s */
};

/* per_minute units a minute, as a window of window_s seconds enforces it: it holds what the window
 * brings. */
static inline struct rg_bucket
rg_bucket_of(double per_minute, double window_s)
{
    double capacity = per_minute * window_s / 60;

    return (struct rg_bucket){per_minute / 60, capacity, capacity, 0};
}

static inline void
rg_bucket_refill(struct rg_bucket *b, double now)
{
    b->level = fmin(b->capacity, b->level + (now - b->at) * b->rate);
    b->at = now;
}

/* Are n units there now? More than the capacity are there when it is full. */
static inline bool
rg_bucket_has(struct rg_bucket *b, double now, double n)
{
    if (isinf(b->rate))
        return true;
    rg_bucket_refill(b, now);
    return b->level >= fmin(n, b->capacity);
}

/* Take n units; returns the seconds until they are really there. */
static inline double
rg_bucket_take(struct rg_bucket *b, double now, double n)
{
    double wait;

    if (isinf(b->rate))
        return 0;
    rg_bucket_refill(b, now);
    /* What is larger than the bucket need only wait until it is full. */
    wait = fmax(0, (fmin(n, b->capacity) - b->level) / b->rate);
    b->level -= n;
    return wait;
}

/* Give n units back. */
static inline void
rg_bucket_return(struct rg_bucket *b, double now, double n)
{
    if (isinf(b->rate))
        return;
    rg_bucket_refill(b, now);
    b->level = fmin(b->capacity, b->level + n);
}

#endif
