/* The built-in statistics of a resample. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/bootstrap_private.h"

struct term {
    enum rg_bootstrap_kind kind;
    size_t a, b;     /* columns of the sums */
    double q;        /* of a quantile */
    uint32_t *order; /* rows by value; NULL for what is made of sums */
    const double *x;
    bool nan; /* a column to order contains one */
};

struct rg_boot_terms {
    struct rg_boot_sums *sums;
    size_t rows, m;
    struct term *term;
};

/* ---- quantiles ---- */

struct item {
    double x;
    uint32_t row;
};

static int
compare(const void *pa, const void *pb)
{
    const struct item *a = pa, *b = pb;

    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static void
set_order(struct term *t, const double *x, size_t n)
{
    struct item *items = rg_alloc(n, sizeof *items);

    t->order = rg_alloc(n, sizeof *t->order);
    t->x = x;
    for (size_t i = 0; i < n; i++) {
        t->nan = t->nan || isnan(x[i]);
        items[i] = (struct item){x[i], (uint32_t)i};
    }
    if (n > 1 && !t->nan)
        qsort(items, n, sizeof *items, compare);
    for (size_t i = 0; i < n; i++)
        t->order[i] = items[i].row;
    free(items);
}

/* Type 7 quantile of the rows, each taken count[row] times. */
static double
quantile(const struct term *t, const uint32_t *count, size_t n)
{
    double total = 0, at, seen = 0, pair[2];
    size_t i = 0;

    if (t->nan)
        return NAN;
    for (size_t k = 0; k < n; k++)
        total += count[k];
    if (total == 0)
        return NAN;
    at = (total - 1) * t->q;
    for (; seen + count[t->order[i]] <= floor(at); i++)
        seen += count[t->order[i]];
    pair[0] = pair[1] = t->x[t->order[i]];
    if (seen + count[t->order[i]] <= floor(at) + 1 && floor(at) + 1 < total) {
        do
            i++;
        while (count[t->order[i]] == 0);
        pair[1] = t->x[t->order[i]];
    }
    return rg_quantile7(pair, 2, at - floor(at));
}

/* ---- terms ---- */

static void
make(struct rg_boot_terms *terms, struct term *t, const struct rg_bootstrap_term *from)
{
    t->kind = from->kind;
    switch (from->kind) {
    case RG_BOOTSTRAP_MEAN:
        t->a = rg_boot_sums_column(terms->sums, from->a, NULL);
        return;
    case RG_BOOTSTRAP_DIFFERENCE:
        t->a = rg_boot_sums_column(terms->sums, from->a, from->b);
        return;
    case RG_BOOTSTRAP_RATIO:
    case RG_BOOTSTRAP_SAVING:
        t->a = rg_boot_sums_column(terms->sums, from->a, NULL);
        t->b = rg_boot_sums_column(terms->sums, from->b, NULL);
        return;
    case RG_BOOTSTRAP_QUANTILE:
        assert(from->q >= 0 && from->q <= 1);
        t->q = from->q;
        set_order(t, from->a, terms->rows);
        return;
    }
    assert(false); /* no such kind */
}

struct rg_boot_terms *
rg_boot_terms_new(const struct rg_bootstrap_term *terms, size_t m,
                  const struct rg_boot_units *units)
{
    struct rg_boot_terms *t = rg_zalloc(1, sizeof *t);

    t->sums = rg_boot_sums_new(units);
    t->rows = units->rows;
    t->m = m;
    t->term = rg_zalloc(m, sizeof *t->term);
    for (size_t j = 0; j < m; j++)
        make(t, &t->term[j], &terms[j]);
    rg_boot_sums_close(t->sums);
    return t;
}

void
rg_boot_terms_free(struct rg_boot_terms *terms)
{
    for (size_t j = 0; j < terms->m; j++)
        free(terms->term[j].order);
    free(terms->term);
    rg_boot_sums_free(terms->sums);
    free(terms);
}

static double
of_means(const struct term *t, const double *mean)
{
    if (t->kind == RG_BOOTSTRAP_RATIO)
        return mean[t->a] / mean[t->b];
    if (t->kind == RG_BOOTSTRAP_SAVING)
        return 1 - mean[t->a] / mean[t->b];
    return mean[t->a];
}

static void
set_sums(const struct rg_boot_terms *terms, const double *mean, double *out)
{
    for (size_t j = 0; j < terms->m; j++)
        if (!terms->term[j].order)
            out[j] = of_means(&terms->term[j], mean);
}

void
rg_boot_terms_drawn(const struct rg_boot_terms *terms, const uint32_t *count, const uint32_t *rows,
                    double *mean, double *out)
{
    rg_boot_sums_drawn(terms->sums, count, mean);
    set_sums(terms, mean, out);
    for (size_t j = 0; j < terms->m; j++)
        if (terms->term[j].order)
            out[j] = quantile(&terms->term[j], rows, terms->rows);
}

void
rg_boot_terms_all(const struct rg_boot_terms *terms, const uint32_t *rows, double *mean,
                  double *out)
{
    rg_boot_sums_all(terms->sums, mean);
    set_sums(terms, mean, out);
    for (size_t j = 0; j < terms->m; j++)
        if (terms->term[j].order)
            out[j] = quantile(&terms->term[j], rows, terms->rows);
}

void
rg_boot_terms_without(const struct rg_boot_terms *terms, size_t unit, double *mean, double *out)
{
    rg_boot_sums_without(terms->sums, unit, mean);
    set_sums(terms, mean, out);
}

bool
rg_boot_terms_is_sum(const struct rg_boot_terms *terms, size_t j)
{
    return !terms->term[j].order;
}

bool
rg_boot_terms_needs_rows(const struct rg_boot_terms *terms)
{
    for (size_t j = 0; j < terms->m; j++)
        if (terms->term[j].order)
            return true;
    return false;
}

size_t
rg_boot_terms_columns(const struct rg_boot_terms *terms)
{
    return rg_boot_sums_columns(terms->sums);
}
