#include "replay/split.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/rng.h"

static int
ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static size_t
stratum(const struct rg_trace *t, uint32_t query)
{
    const uint32_t *category = t->queries.category;

    return category && category[query] != (uint32_t)RG_NAMES_NONE ? category[query]
                                                                  : t->n_categories;
}

/* Of n queries those that go to the train part. */
static size_t
train_size(size_t n, double share)
{
    size_t k = (size_t)floor(share * (double)n + 0.5);

    if (share > 0 && share < 1 && n >= 2) {
        if (k == 0)
            k = 1;
        if (k >= n)
            k = n - 1;
    }
    return k < n ? k : n;
}

void
rg_split(const struct rg_trace *t, const uint32_t *queries, size_t n, double share, uint64_t seed,
         uint32_t *train, size_t *n_train, uint32_t *test, size_t *n_test)
{
    size_t strata = t->n_categories + 1, *end = rg_zalloc(strata + 1, sizeof *end);
    uint32_t *by = rg_alloc(n, sizeof *by), *sorted = rg_alloc(n, sizeof *sorted);

    assert(share >= 0 && share <= 1);
    if (n > 0)
        memcpy(sorted, queries, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    /* A counting sort by category; end[] becomes where each one ends. */
    for (size_t i = 0; i < n; i++)
        end[stratum(t, sorted[i]) + 1]++;
    for (size_t s = 0; s < strata; s++)
        end[s + 1] += end[s];
    for (size_t i = 0; i < n; i++)
        by[end[stratum(t, sorted[i])]++] = sorted[i];
    *n_train = *n_test = 0;
    for (size_t s = 0; s < strata; s++) {
        size_t begin = s > 0 ? end[s - 1] : 0, size = end[s] - begin, k = train_size(size, share);
        gsl_rng *rng = rg_rng_new(seed, s, RG_PURPOSE_SPLIT);

        rg_rng_shuffle(rng, by + begin, size);
        gsl_rng_free(rng);
        memcpy(train + *n_train, by + begin, k * sizeof *by);
        memcpy(test + *n_test, by + begin + k, (size - k) * sizeof *by);
        *n_train += k;
        *n_test += size - k;
    }
    qsort(train, *n_train, sizeof *train, ascending);
    qsort(test, *n_test, sizeof *test, ascending);
    free(end);
    free(by);
    free(sorted);
}
