#include "stats/multiple.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct one {
    double p;
    size_t at;
};

static int
compare(const void *pa, const void *pb)
{
    const struct one *a = pa;
    const struct one *b = pb;

    if (a->p != b->p)
        return a->p < b->p ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* The smallest first: each times the number of tests not yet passed, never below the one before. */
static void
holm(const struct one *sorted, size_t m, double *adjusted)
{
    double most = 0;

    for (size_t i = 0; i < m; i++) {
        most = fmax(most, fmin(1, (double)(m - i) * sorted[i].p));
        adjusted[sorted[i].at] = most;
    }
}

/* The largest first: each times m over its rank, never above the one before. */
static void
benjamini_hochberg(const struct one *sorted, size_t m, double *adjusted)
{
    double least = 1;

    for (size_t i = m; i > 0; i--) {
        least = fmin(least, (double)m / (double)i * sorted[i - 1].p);
        adjusted[sorted[i - 1].at] = least;
    }
}

void
rg_adjust_p(const double *p, size_t n, enum rg_adjust how, double *adjusted)
{
    struct one *sorted = rg_alloc(n, sizeof *sorted);
    size_t m = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            sorted[m++] = (struct one){p[i], i};
    if (n > 0 && adjusted != p)
        memcpy(adjusted, p, n * sizeof *p);
    qsort(sorted, m, sizeof *sorted, compare);
    if (how == RG_ADJUST_HOLM)
        holm(sorted, m, adjusted);
    else if (how == RG_ADJUST_BH)
        benjamini_hochberg(sorted, m, adjusted);
    free(sorted);
}
