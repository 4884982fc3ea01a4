/* Averages over time of step functions. */
#include <assert.h>
#include <math.h>

#include "base/sum.h"
#include "stats/output.h"

/* The last step at or before t, or steps->n if there is none. */
static size_t
step_at(const struct rg_steps *steps, double t)
{
    size_t lo = 0, hi = steps->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (steps->time[mid] <= t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == 0 ? steps->n : lo - 1;
}

/* Integral of (value - about)^power over [begin, end) / (end - begin); *at is a step at or before
 * begin, and is moved to the one that holds at the end. */
static double
integrate(const struct rg_steps *steps, double begin, double end, size_t *at, double about,
          int power)
{
    struct rg_sum sum = {0};
    double length = end - begin, from = begin;

    for (size_t i = *at;; i++) {
        bool last = i + 1 >= steps->n || steps->time[i + 1] >= end;
        double to = last ? end : steps->time[i + 1], d = steps->value[i] - about;

        assert(i == 0 || steps->time[i - 1] <= steps->time[i]);
        *at = i;
        /* A value that lasts no time does not count, even if it is infinite. */
        if (to > from) {
            rg_sum_add(&sum, (power == 2 ? d * d : d) * ((to - from) / length));
            from = to;
        }
        if (last)
            return rg_sum_value(&sum);
    }
}

double
rg_output_time_average(const struct rg_steps *steps, double begin, double end)
{
    size_t at = step_at(steps, begin);

    if (at == steps->n || !(begin < end))
        return NAN;
    return integrate(steps, begin, end, &at, 0, 1);
}

double
rg_output_time_variance(const struct rg_steps *steps, double begin, double end)
{
    double mean = rg_output_time_average(steps, begin, end);
    size_t at = step_at(steps, begin);

    if (isnan(mean) || isinf(mean))
        return NAN;
    return integrate(steps, begin, end, &at, mean, 2);
}

void
rg_output_time_spans(const struct rg_steps *steps, double begin, double end, size_t k, double *out)
{
    size_t at = step_at(steps, begin);
    double from = begin;

    for (size_t i = 0; i < k; i++) {
        double to = i + 1 == k ? end : begin + (end - begin) * ((double)(i + 1) / (double)k);

        if (at == steps->n)
            at = step_at(steps, from);
        out[i] = at == steps->n || !(from < to) ? NAN : integrate(steps, from, to, &at, 0, 1);
        from = to;
    }
}
