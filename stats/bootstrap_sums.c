/* Means of many columns over the rows drawn: the inner loop of the bootstrap.
 *
 * Columns are centred at their mean first, so that what is summed is small and the sums need no
 * compensation, and lie in blocks of four or two side by side, unit after unit, so that a unit's
 * count is used for all of them and the compiler can work on two numbers at a time. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sum.h"
#include "stats/bootstrap_private.h"

enum { WIDE = 4, NARROW = 2 };

struct column {
    double mean;   /* of the rows / 2^e; 0 where not finite */
    int e;         /* not 0 only for numbers whose sums might overflow */
    double *sum;   /* of each unit: of x / 2^e - mean */
    double total;  /* of the sums: what rounding left */
    bool infinite; /* or NaN: 0 times it is not 0 */
};

struct rg_boot_sums {
    const struct rg_boot_units *units;
    double *size; /* rows of each unit; NULL where each has one */
    struct column *column;
    size_t n, cap;  /* columns */
    double **block; /* of WIDE, then one of NARROW or WIDE with what is left */
    size_t blocks;
    bool last_narrow;
};

static const double BIG = 1e120;

struct rg_boot_sums *
rg_boot_sums_new(const struct rg_boot_units *units)
{
    struct rg_boot_sums *sums = rg_zalloc(1, sizeof *sums);

    sums->units = units;
    if (!units->of_row)
        return sums;
    sums->size = rg_zalloc(units->n, sizeof *sums->size);
    for (size_t i = 0; i < units->rows; i++)
        sums->size[units->of_row[i]]++;
    return sums;
}

void
rg_boot_sums_free(struct rg_boot_sums *sums)
{
    for (size_t c = 0; c < sums->n; c++)
        free(sums->column[c].sum);
    for (size_t k = 0; k < sums->blocks; k++)
        free(sums->block[k]);
    free(sums->block);
    free(sums->column);
    free(sums->size);
    free(sums);
}

/* ---- columns ---- */

/* Scale and centre x; it is the mean by compensated sums. */
static void
centre(struct column *col, double *x, size_t n)
{
    double max = 0;
    bool finite = true;

    for (size_t i = 0; i < n; i++) {
        finite = finite && isfinite(x[i]);
        max = fmax(max, fabs(x[i]));
    }
    col->infinite = !finite;
    if (!finite || n == 0)
        return;
    if (max > BIG)
        (void)frexp(max, &col->e);
    for (size_t i = 0; col->e != 0 && i < n; i++)
        x[i] = ldexp(x[i], -col->e);
    col->mean = rg_sum_of(x, n) / (double)n;
    for (size_t i = 0; i < n; i++)
        x[i] -= col->mean;
}

size_t
rg_boot_sums_column(struct rg_boot_sums *sums, const double *a, const double *b)
{
    const struct rg_boot_units *units = sums->units;
    double *x = rg_alloc(units->rows, sizeof *x);
    struct column *col;

    sums->column = rg_grow(sums->column, &sums->cap, sums->n + 1, sizeof *sums->column);
    col = &sums->column[sums->n++];
    *col = (struct column){0};
    for (size_t i = 0; i < units->rows; i++)
        x[i] = b ? a[i] - b[i] : a[i];
    centre(col, x, units->rows);
    if (units->of_row) {
        col->sum = rg_zalloc(units->n, sizeof *col->sum);
        for (size_t i = 0; i < units->rows; i++)
            col->sum[units->of_row[i]] += x[i];
        free(x);
    } else {
        col->sum = x;
    }
    col->total = rg_sum_of(col->sum, units->n);
    return sums->n - 1;
}

static double *
make_block(const struct rg_boot_sums *sums, size_t first, size_t width)
{
    double *block = rg_zalloc(sums->units->n * width, sizeof *block);

    for (size_t k = 0; k < width; k++) {
        const double *x;

        if (first + k > sums->n)
            break;
        /* Behind the last column stand the sizes; infinite columns are summed apart. */
        x = first + k == sums->n ? sums->size : sums->column[first + k].sum;
        if (!x || (first + k < sums->n && sums->column[first + k].infinite))
            continue;
        for (size_t u = 0; u < sums->units->n; u++)
            block[u * width + k] = x[u];
    }
    return block;
}

void
rg_boot_sums_close(struct rg_boot_sums *sums)
{
    size_t all = sums->n + (sums->size ? 1 : 0), left = all % WIDE;

    sums->last_narrow = left > 0 && left <= NARROW;
    sums->blocks = all / WIDE + (left > 0);
    sums->block = rg_alloc(sums->blocks, sizeof *sums->block);
    for (size_t k = 0; k < sums->blocks; k++) {
        bool narrow = sums->last_narrow && k + 1 == sums->blocks;

        sums->block[k] = make_block(sums, k * WIDE, narrow ? NARROW : WIDE);
    }
}

size_t
rg_boot_sums_columns(const struct rg_boot_sums *sums)
{
    return sums->n;
}

/* ---- sums of resamples ---- */

/* Weighted sums of `width` columns, even and odd units apart. Inlined with a constant width. */
static inline void
weigh(const double *block, const uint32_t *count, size_t n, double *out, size_t width)
{
    double even[WIDE] = {0}, odd[WIDE] = {0};
    size_t u;

    for (u = 0; u + 1 < n; u += 2) {
        /* The processor has a conversion for signed integers only. */
        double v = (double)(int32_t)count[u], w = (double)(int32_t)count[u + 1];

        for (size_t k = 0; k < width; k++)
            even[k] += v * block[u * width + k];
        for (size_t k = 0; k < width; k++)
            odd[k] += w * block[(u + 1) * width + k];
    }
    for (size_t k = 0; u < n && k < width; k++)
        even[k] += (double)(int32_t)count[u] * block[u * width + k];
    for (size_t k = 0; k < width; k++)
        out[k] = even[k] + odd[k];
}

static void
weigh_wide(const double *block, const uint32_t *count, size_t n, double out[WIDE])
{
    weigh(block, count, n, out, WIDE);
}

static void
weigh_narrow(const double *block, const uint32_t *count, size_t n, double out[WIDE])
{
    weigh(block, count, n, out, NARROW);
}

static double
weigh_infinite(const double *sum, const uint32_t *count, size_t n)
{
    double total = 0;

    for (size_t u = 0; u < n; u++)
        if (count[u] > 0)
            total += count[u] * sum[u];
    return total;
}

static double
finish(const struct column *col, double sum, double rows)
{
    double mean = col->mean + sum / rows;

    return col->e == 0 ? mean : ldexp(mean, col->e);
}

void
rg_boot_sums_drawn(const struct rg_boot_sums *sums, const uint32_t *count, double *mean)
{
    size_t n = sums->units->n;
    double rows = (double)sums->units->rows;

    /* The sizes come last, so they are known before the first mean is made. */
    for (size_t k = sums->blocks; k-- > 0;) {
        double out[WIDE];

        if (sums->last_narrow && k + 1 == sums->blocks)
            weigh_narrow(sums->block[k], count, n, out);
        else
            weigh_wide(sums->block[k], count, n, out);
        if (sums->size && k == sums->n / WIDE)
            rows = out[sums->n % WIDE];
        for (size_t c = k * WIDE; c < sums->n && c < (k + 1) * WIDE; c++) {
            const struct column *col = &sums->column[c];

            if (col->infinite)
                out[c % WIDE] = weigh_infinite(col->sum, count, n);
            mean[c] = finish(col, out[c % WIDE], rows);
        }
    }
}

void
rg_boot_sums_all(const struct rg_boot_sums *sums, double *mean)
{
    for (size_t c = 0; c < sums->n; c++) {
        const struct column *col = &sums->column[c];

        mean[c] = finish(col, col->infinite ? col->total : 0, (double)sums->units->rows);
    }
}

void
rg_boot_sums_without(const struct rg_boot_sums *sums, size_t unit, double *mean)
{
    double rows = (double)sums->units->rows - (sums->size ? sums->size[unit] : 1);

    for (size_t c = 0; c < sums->n; c++) {
        const struct column *col = &sums->column[c];

        mean[c] = finish(col, col->total - col->sum[unit], rows);
    }
}
