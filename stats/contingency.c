#include "stats/contingency.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "base/mem.h"

static bool
binary(double x)
{
    return x == 0 || x == 1;
}

bool
rg_discordance_of(const double *x, const double *y, size_t n, struct rg_discordance *out)
{
    struct rg_discordance d = {0};

    for (size_t i = 0; i < n; i++) {
        if ((!isnan(x[i]) && !binary(x[i])) || (!isnan(y[i]) && !binary(y[i])))
            return false;
        if (isnan(x[i]) || isnan(y[i]))
            d.missing++;
        else if (x[i] == y[i])
            (*(x[i] == 1 ? &d.both : &d.neither))++;
        else
            (*(x[i] == 1 ? &d.first : &d.second))++;
    }
    *out = d;
    return true;
}

struct rg_test
rg_mcnemar(const struct rg_discordance *d, bool mid, enum rg_tail tail)
{
    size_t n = d->both + d->neither + d->first + d->second, differ = d->first + d->second;
    struct rg_test t = rg_test_undefined(n, n == 0 ? RG_WHY_TOO_FEW : RG_WHY_DEFINED);
    double more = (double)d->first - (double)d->second;

    if (n == 0)
        return t;
    t.zeros = d->both + d->neither;
    t.exact = true;
    t.df = 1;
    t.estimate = more / (double)n;
    t.p = 1;
    if (differ > 0) {
        t.statistic = more * more / (double)differ;
        t.p = rg_tail_half(d->first, differ, mid, tail);
    }
    return t;
}

static enum rg_why
sums_of(const double *x, size_t n, size_t k, double *columns, double *rows, size_t *equal)
{
    *rows = 0;
    *equal = 0;
    for (size_t i = 0; i < n; i++) {
        double ones = 0;

        for (size_t j = 0; j < k; j++) {
            double cell = x[i * k + j];

            if (!binary(cell))
                return isnan(cell) ? RG_WHY_MISSING : RG_WHY_NOT_BINARY;
            ones += cell;
            columns[j] += cell;
        }
        *rows += ones * ((double)k - ones);
        *equal += ones == 0 || ones == (double)k;
    }
    return n < 1 || k < 2 ? RG_WHY_TOO_FEW : RG_WHY_DEFINED;
}

/* Q = (k - 1) (k sum G^2 - (sum G)^2) / sum L (k - L), with G the sums of columns and L of units;
 * all of them whole numbers. */
struct rg_test
rg_cochran_q(const double *x, size_t n, size_t k)
{
    double *columns = rg_zalloc(k, sizeof *columns), kd = (double)k, rows, all = 0, squares = 0;
    struct rg_test t = rg_test_undefined(n, RG_WHY_DEFINED);

    t.why = sums_of(x, n, k, columns, &rows, &t.zeros);
    if (t.why == RG_WHY_DEFINED && rows == 0)
        t.why = RG_WHY_NO_VARIATION;
    for (size_t j = 0; j < k; j++)
        all += columns[j];
    for (size_t j = 0; j < k; j++)
        squares += pow(columns[j] - all / kd, 2);
    if (t.why == RG_WHY_DEFINED) {
        t.df = kd - 1;
        t.statistic = (kd - 1) * kd * squares / rows;
        t.p = gsl_cdf_chisq_Q(t.statistic, t.df);
    }
    free(columns);
    return t;
}
