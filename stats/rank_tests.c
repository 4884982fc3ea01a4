#include "stats/rank_tests.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "base/mem.h"
#include "base/sum.h"
#include "stats/studentized.h"

/* ---- ranks ---- */

struct ranked {
    double x;
    size_t at;
};

static int
compare(const void *pa, const void *pb)
{
    const struct ranked *a = pa;
    const struct ranked *b = pb;

    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* Short rows, as those of a Friedman test, need no call of qsort each. */
enum { FEW = 16 };

static void
sort(struct ranked *r, size_t n)
{
    if (n > FEW) {
        qsort(r, n, sizeof *r, compare);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct ranked one = r[i];
        size_t k = i;

        for (; k > 0 && compare(&one, &r[k - 1]) < 0; k--)
            r[k] = r[k - 1];
        r[k] = one;
    }
}

static double
rank_sorted(const struct ranked *r, size_t n, double *ranks, size_t *tied)
{
    double cubes = 0;
    size_t in_ties = 0;

    for (size_t i = 0, end; i < n; i = end) {
        double t;

        for (end = i + 1; end < n && r[end].x == r[i].x;)
            end++;
        for (size_t k = i; k < end; k++)
            ranks[r[k].at] = (double)(i + 1 + end) / 2;
        t = (double)(end - i);
        cubes += t * t * t - t;
        in_ties += end - i > 1 ? end - i : 0;
    }
    if (tied != NULL)
        *tied = in_ties;
    return cubes;
}

double
rg_ranks(const double *x, size_t n, double *ranks, size_t *tied)
{
    struct ranked *r = rg_alloc(n, sizeof *r);
    double cubes;

    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){x[i], i};
    sort(r, n);
    cubes = rank_sorted(r, n, ranks, tied);
    free(r);
    return cubes;
}

/* ---- signed ranks ---- */

/* The differences that count: size, sign and, in the end, rank. */
struct signed_ranks {
    double *size, *rank;
    bool *positive;
    size_t n, zeros, ties;
};

static void
take(struct signed_ranks *s, double d)
{
    s->size[s->n] = fabs(d);
    s->positive[s->n++] = d > 0;
}

static enum rg_why
signed_ranks_init(struct signed_ranks *s, const double *d, size_t n, enum rg_zeros zeros)
{
    *s = (struct signed_ranks){
        .size = rg_alloc(n, sizeof(double)),
        .rank = rg_alloc(n, sizeof(double)),
        .positive = rg_alloc(n, sizeof(bool)),
    };
    for (size_t i = 0; i < n; i++) {
        if (isnan(d[i]))
            return RG_WHY_MISSING;
        if (d[i] == 0)
            s->zeros++;
        else
            take(s, d[i]);
    }
    if (s->n == 0)
        return n == 0 ? RG_WHY_TOO_FEW : RG_WHY_NO_VARIATION;
    (void)rg_ranks(s->size, s->n, s->rank, &s->ties);
    /* Zeros would have the lowest ranks, so ranking them only lifts those of the others. */
    for (size_t i = 0; zeros == RG_ZEROS_PRATT && i < s->n; i++)
        s->rank[i] += (double)s->zeros;
    return RG_WHY_DEFINED;
}

static void
signed_ranks_clear(struct signed_ranks *s)
{
    free(s->size);
    free(s->rank);
    free(s->positive);
}

/* Entries of the exact table, which has one for each value of the doubled rank sum: 50 differences
 * and z zeros of Pratt's kind make 50 (51 + 2 z). */
enum { TABLE_MAX = 1 << 22 };

static size_t
doubled(double rank)
{
    return (size_t)lrint(2 * rank);
}

/* P(sum of positive ranks <= w) and >= w over all assignments of signs. The number of assignments
 * for each sum is at most 2^50 and so exact in a double. */
static double
exact_p(const struct signed_ranks *s, double w, enum rg_tail tail)
{
    size_t max = 0, top = 0, at = doubled(w);
    double *ways, below = 0, above = 0, all = ldexp(1, (int)s->n);
    double p;

    for (size_t i = 0; i < s->n; i++)
        max += doubled(s->rank[i]);
    ways = rg_zalloc(max + 1, sizeof *ways);
    ways[0] = 1;
    for (size_t i = 0; i < s->n; i++) {
        size_t r = doubled(s->rank[i]);

        top += r;
        for (size_t sum = top; sum >= r; sum--)
            ways[sum] += ways[sum - r];
    }
    for (size_t sum = 0; sum <= max; sum++) {
        below += sum <= at ? ways[sum] : 0;
        above += sum >= at ? ways[sum] : 0;
    }
    p = rg_tail_p(below / all, above / all, tail);
    free(ways);
    return p;
}

/* Half towards the middle, never beyond it for the two-sided alternative. */
static double
normal_p(double off, double sd, enum rg_tail tail)
{
    if (tail == RG_TWO_SIDED)
        off = copysign(fmax(0, fabs(off) - 0.5), off);
    else
        off -= tail == RG_GREATER ? 0.5 : -0.5;
    return rg_tail_normal(off / sd, tail);
}

static void
signed_rank_test(struct rg_test *t, const struct signed_ranks *s, enum rg_tail tail)
{
    struct rg_sum positive = {0}, all = {0}, squares = {0};
    double w, sum;

    for (size_t i = 0; i < s->n; i++) {
        if (s->positive[i])
            rg_sum_add(&positive, s->rank[i]);
        rg_sum_add(&all, s->rank[i]);
        rg_sum_add(&squares, s->rank[i] * s->rank[i]);
    }
    w = rg_sum_value(&positive);
    sum = rg_sum_value(&all);
    t->statistic = w;
    t->estimate = (2 * w - sum) / sum;
    t->exact = s->n <= RG_SIGNED_RANK_EXACT && 2 * sum < TABLE_MAX;
    t->p = t->exact ? exact_p(s, w, tail)
                    : normal_p(w - sum / 2, sqrt(rg_sum_value(&squares)) / 2, tail);
}

struct rg_test
rg_signed_rank(const double *d, size_t n, enum rg_zeros zeros, enum rg_tail tail)
{
    struct signed_ranks s;
    struct rg_test t = rg_test_undefined(n, signed_ranks_init(&s, d, n, zeros));

    t.zeros = s.zeros;
    t.ties = s.ties;
    if (t.why == RG_WHY_DEFINED)
        signed_rank_test(&t, &s, tail);
    signed_ranks_clear(&s);
    return t;
}

/* ---- Friedman ---- */

struct rank_sums {
    struct rg_sum *of; /* per column, of ranks less their mean */
    double cubes;      /* t^3 - t over all ties */
    size_t ties;
    enum rg_why why;
};

static void
add_unit(struct rank_sums *sums, const double *row, size_t k, struct ranked *r, double *ranks)
{
    size_t tied;

    for (size_t j = 0; j < k; j++) {
        if (isnan(row[j]))
            sums->why = RG_WHY_MISSING;
        r[j] = (struct ranked){row[j], j};
    }
    if (sums->why != RG_WHY_DEFINED)
        return;
    sort(r, k);
    sums->cubes += rank_sorted(r, k, ranks, &tied);
    sums->ties += tied;
    for (size_t j = 0; j < k; j++)
        rg_sum_add(&sums->of[j], ranks[j] - (double)(k + 1) / 2);
}

static void
friedman_statistics(struct rg_friedman *t, const struct rank_sums *sums, size_t n, size_t k)
{
    double nd = (double)n, kd = (double)k, squares = 0, scale, chi2, most = nd * (kd - 1);

    for (size_t j = 0; j < k; j++)
        squares += pow(rg_sum_value(&sums->of[j]), 2);
    scale = nd * kd * (kd + 1) - sums->cubes / (kd - 1);
    if (scale <= 0) {
        t->chi2.why = t->f.why = RG_WHY_NO_VARIATION;
        return;
    }
    chi2 = fmin(12 * squares / scale, most);
    t->chi2.statistic = chi2;
    t->chi2.df = kd - 1;
    t->chi2.p = gsl_cdf_chisq_Q(chi2, kd - 1);
    t->chi2.estimate = chi2 / most;
    t->f.df = kd - 1;
    t->f.df2 = (kd - 1) * (nd - 1);
    t->f.statistic = chi2 < most ? (nd - 1) * chi2 / (most - chi2) : INFINITY;
    t->f.p = chi2 < most ? gsl_cdf_fdist_Q(t->f.statistic, t->f.df, t->f.df2) : 0;
}

struct rg_friedman
rg_friedman(const double *x, size_t n, size_t k, double *mean_ranks)
{
    struct rank_sums sums = {.of = rg_zalloc(k, sizeof(struct rg_sum))};
    struct ranked *r = rg_alloc(k, sizeof *r);
    double *ranks = rg_alloc(k, sizeof *ranks);
    struct rg_friedman t;

    for (size_t i = 0; i < n; i++)
        add_unit(&sums, &x[i * k], k, r, ranks);
    if (sums.why == RG_WHY_DEFINED && (n < 2 || k < 2))
        sums.why = RG_WHY_TOO_FEW;
    t.chi2 = t.f = rg_test_undefined(n, sums.why);
    t.chi2.ties = t.f.ties = sums.ties;
    if (sums.why == RG_WHY_DEFINED)
        friedman_statistics(&t, &sums, n, k);
    for (size_t j = 0; mean_ranks != NULL && j < k; j++)
        mean_ranks[j] = n == 0 || sums.why == RG_WHY_MISSING
                            ? NAN
                            : (double)(k + 1) / 2 + rg_sum_value(&sums.of[j]) / (double)n;
    free(sums.of);
    free(r);
    free(ranks);
    return t;
}

/* ---- Nemenyi ---- */

/* Standard error of a difference of mean ranks over sqrt(2), as the studentized range wants it. */
static double
rank_se(size_t n, size_t k)
{
    double kd = (double)k;

    return sqrt(kd * (kd + 1) / (12 * (double)n));
}

double
rg_nemenyi_critical(size_t n, size_t k, double alpha)
{
    assert(n > 0 && k > 1);
    return rg_studentized_range_Qinv(alpha, (double)k, INFINITY) * rank_se(n, k);
}

double
rg_nemenyi_p(double mean_rank_a, double mean_rank_b, size_t n, size_t k)
{
    assert(n > 0 && k > 1);
    return rg_studentized_range_Q(fabs(mean_rank_a - mean_rank_b) / rank_se(n, k), (double)k,
                                  INFINITY);
}
