/* Rows to units: clusters within strata. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/bootstrap_private.h"

struct row {
    uint32_t stratum, cluster, number;
};

static int
compare(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;

    if (a->stratum != b->stratum)
        return a->stratum < b->stratum ? -1 : 1;
    if (a->cluster != b->cluster)
        return a->cluster < b->cluster ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static struct row *
sorted_rows(const struct rg_bootstrap_plan *plan)
{
    struct row *rows = rg_alloc(plan->n, sizeof *rows);

    for (size_t i = 0; i < plan->n; i++)
        rows[i] = (struct row){plan->stratum ? plan->stratum[i] : 0,
                               plan->cluster ? plan->cluster[i] : (uint32_t)i, (uint32_t)i};
    if (plan->n > 1)
        qsort(rows, plan->n, sizeof *rows, compare);
    return rows;
}

static void
number_units(struct rg_boot_units *units, const struct row *rows)
{
    size_t cap = 2;

    units->of_row = rg_alloc(units->rows, sizeof *units->of_row);
    for (size_t i = 0; i < units->rows; i++) {
        if (i == 0 || rows[i].stratum != rows[i - 1].stratum) {
            units->begin = rg_grow(units->begin, &cap, units->strata + 2, sizeof *units->begin);
            units->begin[units->strata++] = units->n++;
        } else if (rows[i].cluster != rows[i - 1].cluster) {
            units->n++;
        }
        units->of_row[rows[i].number] = (uint32_t)(units->n - 1);
    }
    units->begin[units->strata] = units->n;
}

struct rg_boot_units
rg_boot_units_new(const struct rg_bootstrap_plan *plan)
{
    struct rg_boot_units units = {.rows = plan->n};

    assert(plan->n < INT32_MAX); /* counts are read as int32_t */
    units.begin = rg_zalloc(2, sizeof *units.begin);
    if (plan->cluster || plan->stratum) {
        struct row *rows = sorted_rows(plan);

        number_units(&units, rows);
        free(rows);
        return units;
    }
    units.n = units.begin[1] = plan->n;
    units.strata = 1;
    return units;
}

void
rg_boot_units_clear(struct rg_boot_units *units)
{
    free(units->of_row);
    free(units->begin);
    *units = (struct rg_boot_units){0};
}

void
rg_boot_units_draw(const struct rg_boot_units *units, gsl_rng *rng, uint32_t *count)
{
    memset(count, 0, units->n * sizeof *count);
    for (size_t s = 0; s < units->strata; s++) {
        size_t begin = units->begin[s], n = units->begin[s + 1] - begin;

        rg_rng_counts(rng, (uint32_t)n, n, count + begin);
    }
}

void
rg_boot_units_expand(const struct rg_boot_units *units, const uint32_t *count, uint32_t *rows)
{
    if (!units->of_row) {
        memcpy(rows, count, units->rows * sizeof *rows);
        return;
    }
    for (size_t i = 0; i < units->rows; i++)
        rows[i] = count[units->of_row[i]];
}
