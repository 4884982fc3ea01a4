#include "sim/engine/arrivals.h"

#include <assert.h>
#include <math.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>

#include "base/rng.h"
#include "sim/engine/variate.h"

/* --- checks ---------------------------------------------------------------------------------- */

static bool
is_positive(double x)
{
    return x > 0 && isfinite(x);
}

size_t
rg_arrivals_unsorted(const double *times, size_t n)
{
    double last = 0;

    for (size_t i = 0; i < n; i++) {
        if (!(times[i] >= last && isfinite(times[i])))
            return i;
        last = times[i];
    }
    return n;
}

static enum rg_status
check_renewal(const struct rg_arrivals_config *c, struct rg_err *err)
{
    if (!is_positive(c->rate))
        return rg_err_set(err, RG_EUSAGE, "arrival rate must be above 0 (found %g)", c->rate);
    if ((c->law == RG_ARRIVALS_GAMMA || c->law == RG_ARRIVALS_WEIBULL) &&
        !(c->cv >= 0.01 && c->cv <= 100))
        return rg_err_set(err, RG_EUSAGE,
                          "coefficient of variation of the gaps must be 0.01 to 100 (found %g)",
                          c->cv);
    return RG_OK;
}

static enum rg_status
check_mmpp(const struct rg_arrivals_config *c, struct rg_err *err)
{
    double most = 0;

    if (c->states < 2)
        return rg_err_set(err, RG_EUSAGE, "an MMPP needs 2 states or more (found %zu)", c->states);
    for (size_t i = 0; i < c->states; i++) {
        if (!(c->rates[i] >= 0 && isfinite(c->rates[i])))
            return rg_err_set(err, RG_EUSAGE,
                              "arrival rate of MMPP state %zu must be 0 or more (found %g)", i + 1,
                              c->rates[i]);
        if (!is_positive(c->stays[i]))
            return rg_err_set(err, RG_EUSAGE,
                              "mean stay in MMPP state %zu must be above 0 (found %g)", i + 1,
                              c->stays[i]);
        most = fmax(most, c->rates[i]);
    }
    if (most == 0)
        return rg_err_set(err, RG_EUSAGE, "no MMPP state has an arrival rate above 0");
    return RG_OK;
}

static double
span_of(const struct rg_arrivals_config *c)
{
    return c->times[c->n_times - 1] - c->times[0];
}

static enum rg_status
check_loop(const struct rg_arrivals_config *c, struct rg_err *err)
{
    double span = span_of(c);

    if (c->period == 0 && span == 0)
        return rg_err_set(err, RG_EUSAGE,
                          "recorded arrivals that are all at one time cannot be repeated without "
                          "a period");
    if (c->period != 0 && !(is_positive(c->period) && c->period >= span))
        return rg_err_set(err, RG_EUSAGE,
                          "period of recorded arrivals must be their span or more (found %g, "
                          "expected %g)",
                          c->period, span);
    return RG_OK;
}

static enum rg_status
check_recorded(const struct rg_arrivals_config *c, struct rg_err *err)
{
    size_t bad;

    if (c->n_times == 0)
        return rg_err_set(err, RG_EUSAGE, "no recorded arrival times");
    if (!is_positive(c->speed))
        return rg_err_set(err, RG_EUSAGE, "speed of recorded arrivals must be above 0 (found %g)",
                          c->speed);
    bad = rg_arrivals_unsorted(c->times, c->n_times);
    if (bad < c->n_times)
        return rg_err_set(err, RG_EUSAGE,
                          "recorded arrival %zu is not a time or not in order (found %.17g, "
                          "expected at least %.17g)",
                          bad + 1, c->times[bad], bad > 0 ? c->times[bad - 1] : 0.0);
    return c->loop ? check_loop(c, err) : RG_OK;
}

static enum rg_status
check_closed(const struct rg_arrivals_config *c, struct rg_err *err)
{
    if (c->users == 0)
        return rg_err_set(err, RG_EUSAGE, "a closed loop needs 1 user or more (found 0)");
    if (!(c->think >= 0 && isfinite(c->think)))
        return rg_err_set(err, RG_EUSAGE, "think time must be 0 or more (found %g)", c->think);
    return RG_OK;
}

static enum rg_status
check(const struct rg_arrivals_config *c, struct rg_err *err)
{
    switch (c->law) {
    case RG_ARRIVALS_ALL:
        if (c->limit == UINT64_MAX)
            return rg_err_set(err, RG_EUSAGE, "arrivals all at once need a number");
        return RG_OK;
    case RG_ARRIVALS_CONSTANT:
    case RG_ARRIVALS_POISSON:
    case RG_ARRIVALS_GAMMA:
    case RG_ARRIVALS_WEIBULL:
        return check_renewal(c, err);
    case RG_ARRIVALS_MMPP:
        return check_mmpp(c, err);
    case RG_ARRIVALS_RECORDED:
        return check_recorded(c, err);
    case RG_ARRIVALS_CLOSED:
        return check_closed(c, err);
    }
    assert(false); /* no such law */
    return RG_EUSAGE;
}

/* --- beginning ------------------------------------------------------------------------------- */

double
rg_arrivals_weibull_shape(double cv)
{
    /* The left side falls in k; it is 12.1 at 0.1 and 1.6e-6 at 1000, the right side between. */
    double target = log1p(cv * cv);
    double low = 0.1, high = 1000;

    assert(cv >= 0.01 && cv <= 100);
    while (high - low > 1e-14 * high) {
        double k = low + (high - low) / 2;

        if (k <= low || k >= high)
            break;
        if (gsl_sf_lngamma(1 + 2 / k) - 2 * gsl_sf_lngamma(1 + 1 / k) > target)
            low = k;
        else
            high = k;
    }
    return low + (high - low) / 2;
}

/* The state at time 0, by its share of the time. */
static size_t
mmpp_begin(const struct rg_arrivals_config *c, gsl_rng *rng)
{
    double left = 0;
    size_t state = 0;

    for (size_t i = 0; i < c->states; i++)
        left += c->stays[i];
    left *= rg_rng_unit(rng);
    while (state + 1 < c->states && left >= c->stays[state])
        left -= c->stays[state++];
    return state;
}

enum rg_status
rg_arrivals_init(struct rg_arrivals *a, const struct rg_arrivals_config *config, gsl_rng *rng,
                 struct rg_err *err)
{
    enum rg_status status = check(config, err);

    if (status != RG_OK)
        return status;
    *a = (struct rg_arrivals){.config = *config, .rng = rng};
    switch (config->law) {
    case RG_ARRIVALS_POISSON:
        a->scale = 1 / config->rate;
        break;
    case RG_ARRIVALS_GAMMA:
        a->shape = 1 / (config->cv * config->cv);
        a->scale = 1 / (config->rate * a->shape);
        break;
    case RG_ARRIVALS_WEIBULL:
        a->shape = rg_arrivals_weibull_shape(config->cv);
        a->scale = exp(-gsl_sf_lngamma(1 + 1 / a->shape)) / config->rate;
        break;
    case RG_ARRIVALS_MMPP:
        a->state = mmpp_begin(config, rng);
        break;
    case RG_ARRIVALS_RECORDED:
        if (config->period == 0 && config->n_times > 1)
            a->config.period = span_of(config) * (1 + 1 / (double)(config->n_times - 1));
        break;
    default:
        break;
    }
    return RG_OK;
}

/* --- going on -------------------------------------------------------------------------------- */

/* Arrivals and changes of state compete; the winner is at the time of the first of both. */
static double
mmpp_next(struct rg_arrivals *a)
{
    const struct rg_arrivals_config *c = &a->config;
    double t = a->last;

    for (;;) {
        double all = c->rates[a->state] + 1 / c->stays[a->state];
        uint64_t other;

        t += rg_variate_exp(a->rng) / all;
        if (rg_rng_unit(a->rng) * all < c->rates[a->state])
            return t;
        other = rg_rng_below(a->rng, c->states - 1);
        a->state = other < a->state ? other : other + 1;
    }
}

static bool
recorded_next(struct rg_arrivals *a, double *time)
{
    const struct rg_arrivals_config *c = &a->config;

    if (a->next == c->n_times) {
        if (!c->loop)
            return false;
        a->next = 0;
        a->lap++;
    }
    /* The end of one copy and the begin of the next may cross by a rounding. */
    *time = fmax((c->times[a->next++] + (double)a->lap * c->period) / c->speed, a->last);
    return true;
}

/* The first requests of users who begin to think together: the smallest of n exponential times that
 * are left comes after 1 / n of their mean. */
static bool
closed_next(struct rg_arrivals *a, double *time)
{
    const struct rg_arrivals_config *c = &a->config;

    if (a->started == c->users)
        return false;
    if (c->think_constant)
        *time = c->think;
    else
        *time = a->last + c->think * rg_variate_exp(a->rng) / (double)(c->users - a->started);
    a->started++;
    return true;
}

bool
rg_arrivals_next_any(struct rg_arrivals *a, double *time)
{
    const struct rg_arrivals_config *c = &a->config;

    switch (c->law) {
    case RG_ARRIVALS_ALL:
        *time = 0;
        return true;
    case RG_ARRIVALS_CONSTANT:
        *time = (double)(a->given + 1) / c->rate;
        return true;
    case RG_ARRIVALS_POISSON:
        assert(false); /* inline */
        return false;
    case RG_ARRIVALS_GAMMA:
        *time = a->last + gsl_ran_gamma(a->rng, a->shape, a->scale);
        return true;
    case RG_ARRIVALS_WEIBULL:
        *time = a->last + a->scale * pow(rg_variate_exp(a->rng), 1 / a->shape);
        return true;
    case RG_ARRIVALS_MMPP:
        *time = mmpp_next(a);
        return true;
    case RG_ARRIVALS_RECORDED:
        return recorded_next(a, time);
    case RG_ARRIVALS_CLOSED:
        return closed_next(a, time);
    }
    return false;
}

bool
rg_arrivals_again(struct rg_arrivals *a, double now, double *time)
{
    const struct rg_arrivals_config *c = &a->config;

    if (c->law != RG_ARRIVALS_CLOSED || a->given == c->limit)
        return false;
    *time = now + (c->think_constant ? c->think : c->think * rg_variate_exp(a->rng));
    a->given++;
    return true;
}

double
rg_arrivals_rate(const struct rg_arrivals *a)
{
    const struct rg_arrivals_config *c = &a->config;
    double arrivals = 0, time = 0;

    switch (c->law) {
    case RG_ARRIVALS_ALL:
        return INFINITY;
    case RG_ARRIVALS_CLOSED:
        return NAN;
    case RG_ARRIVALS_RECORDED:
        return c->period > 0 ? (double)c->n_times / c->period * c->speed : NAN;
    case RG_ARRIVALS_MMPP:
        for (size_t i = 0; i < c->states; i++) {
            arrivals += c->rates[i] * c->stays[i];
            time += c->stays[i];
        }
        return arrivals / time;
    default:
        return c->rate;
    }
}
