#include "stats/power.h"

#include <assert.h>
#include <math.h>

#include <gsl/gsl_cdf.h>

#include "stats/studentized.h"

/* ---- paired t ---- */

double
rg_power_t(size_t n, double difference, double sd, double alpha, bool two_sided)
{
    double df = (double)n - 1, shift = sqrt((double)n) * fabs(difference) / sd;
    double bound;

    assert(sd > 0 && alpha > 0 && alpha < 1);
    if (n < 2)
        return NAN;
    bound = gsl_cdf_tdist_Qinv(two_sided ? alpha / 2 : alpha, df);
    return rg_noncentral_t_Q(bound, df, shift) +
           (two_sided ? rg_noncentral_t_P(-bound, df, shift) : 0);
}

size_t
rg_power_t_units(double difference, double sd, double alpha, double power, bool two_sided)
{
    size_t lo = 1, hi = 2; /* lo is too few */

    assert(power >= alpha && power < 1);
    while (hi < RG_POWER_UNITS_MAX && rg_power_t(hi, difference, sd, alpha, two_sided) < power) {
        lo = hi;
        hi *= 2;
    }
    if (hi >= RG_POWER_UNITS_MAX)
        return 0;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;

        if (rg_power_t(mid, difference, sd, alpha, two_sided) < power)
            lo = mid;
        else
            hi = mid;
    }
    return hi;
}

/* ---- McNemar ---- */

/* Standard deviations of the scaled difference without (null) and with the true difference. */
struct spreads {
    double difference, null, true_;
};

static struct spreads
spreads_of(double first, double second, enum rg_power_mcnemar how)
{
    double sum = first + second, d = fabs(first - second);

    assert(first >= 0 && second >= 0 && sum > 0 && sum <= 1);
    if (how == RG_POWER_CONNOR)
        return (struct spreads){d, sqrt(sum), sqrt(sum - d * d)};
    return (struct spreads){d, sqrt(sum), sqrt(sum - d * d * (3 + sum) / (4 * sum))};
}

static double
bound_of(double alpha, bool two_sided)
{
    return gsl_cdf_ugaussian_Qinv(two_sided ? alpha / 2 : alpha);
}

double
rg_power_mcnemar(size_t n, double first, double second, double alpha, bool two_sided,
                 enum rg_power_mcnemar how)
{
    struct spreads s = spreads_of(first, second, how);
    double z = s.difference * sqrt((double)n) - bound_of(alpha, two_sided) * s.null;

    /* All pairs discordant one way: no spread is left. */
    return s.true_ > 0 ? gsl_cdf_ugaussian_P(z / s.true_) : z > 0 ? 1 : 0;
}

size_t
rg_power_mcnemar_units(double first, double second, double alpha, double power, bool two_sided,
                       enum rg_power_mcnemar how)
{
    struct spreads s = spreads_of(first, second, how);
    double z = bound_of(alpha, two_sided) * s.null + gsl_cdf_ugaussian_Pinv(power) * s.true_;
    double n = ceil(pow(z / s.difference, 2));

    assert(power >= alpha && power < 1);
    return n > RG_POWER_UNITS_MAX ? 0 : n < 2 ? 2 : (size_t)n;
}
