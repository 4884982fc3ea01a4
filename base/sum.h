/* Compensated summation: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation
 * endlicher Summen", ZAMM 54 (1974) 39-51. The result depends on the order of the terms only in the
 * last place or not at all; sums are nevertheless always taken in a fixed order.
 * Initialise with {0}. */
#ifndef RG_BASE_SUM_H
#define RG_BASE_SUM_H

#include <math.h>
#include <stddef.h>

struct rg_sum {
    double s; /* plain sum */
    double c; /* what the plain sum lost */
};

static inline void
rg_sum_add(struct rg_sum *sum, double x)
{
    double t = sum->s + x;
    double of_x = t - sum->s; /* D. E. Knuth's form of the error: exact, and without a jump */

    sum->c += (sum->s - (t - of_x)) + (x - of_x);
    sum->s = t;
}

static inline double
rg_sum_value(const struct rg_sum *sum)
{
    /* Once the sum overflowed, the compensation is NaN and would hide the infinity. */
    return isfinite(sum->s) ? sum->s + sum->c : sum->s;
}

/* Sum of n numbers in their order; 0 for n = 0. */
static inline double
rg_sum_of(const double *x, size_t n)
{
    struct rg_sum sum = {0};

    for (size_t i = 0; i < n; i++)
        rg_sum_add(&sum, x[i]);
    return rg_sum_value(&sum);
}

#endif
