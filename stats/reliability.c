#include "stats/reliability.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"

/* Of bins (m / M, (m + 1) / M]; the bounds are those of the table to the bit. */
static size_t
bin_of(double confidence, size_t bins)
{
    double m = (double)bins;
    size_t at = (size_t)(confidence * m);

    if (at >= bins)
        at = bins - 1;
    while (at > 0 && confidence <= (double)at / m)
        at--;
    while (at + 1 < bins && confidence > (double)(at + 1) / m)
        at++;
    return at;
}

struct rg_reliability
rg_reliability_table(const double *confidence, const uint8_t *right, size_t n,
                     struct rg_reliability_bin *bin, size_t bins)
{
    struct rg_sum *sum = rg_zalloc(bins, sizeof *sum), total = {0}, ece = {0};
    struct rg_reliability r = {.mce = 0};

    assert(bins >= 1);
    for (size_t m = 0; m < bins; m++)
        bin[m] = (struct rg_reliability_bin){.lo = (double)m / (double)bins,
                                             .hi = (double)(m + 1) / (double)bins};
    for (size_t i = 0; i < n; i++) {
        size_t m;

        if (isnan(confidence[i])) {
            r.left_out++;
            continue;
        }
        assert(confidence[i] >= 0 && confidence[i] <= 1);
        m = bin_of(confidence[i], bins);
        rg_sum_add(&sum[m], confidence[i]);
        rg_sum_add(&total, confidence[i]);
        bin[m].n++;
        bin[m].right += right[i] != 0;
    }
    for (size_t m = 0; m < bins; m++) {
        double size = (double)bin[m].n, gap;

        r.n += bin[m].n;
        r.right += bin[m].right;
        bin[m].confidence = bin[m].n ? rg_sum_value(&sum[m]) / size : NAN;
        bin[m].accuracy = bin[m].n ? (double)bin[m].right / size : NAN;
        if (bin[m].n == 0)
            continue;
        gap = fabs(bin[m].accuracy - bin[m].confidence);
        rg_sum_add(&ece, size * gap);
        r.mce = fmax(r.mce, gap);
    }
    free(sum);
    r.confidence = r.n ? rg_sum_value(&total) / (double)r.n : NAN;
    r.accuracy = r.n ? (double)r.right / (double)r.n : NAN;
    r.ece = r.n ? rg_sum_value(&ece) / (double)r.n : NAN;
    r.mce = r.n ? r.mce : NAN;
    return r;
}
