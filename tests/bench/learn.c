/* Nearest neighbours and k-means on dense vectors: learn [TRAIN [QUERIES [NUMBERS]]], by default
 * 8000 rows and 2000 queries of 768. Prints seconds of the processor; learn.sh sets them beside
 * those of scikit-learn. With `data` as the first argument the rows are written to standard output
 * as floats instead, train rows first, so that another program can be timed on the same ones. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gsl/gsl_randist.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/learn/clusters.h"
#include "replay/learn/dense.h"
#include "replay/learn/knn.h"
#include "replay/learn/linear.h"

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void
time_knn(const double *x, size_t n, size_t d, const double *query, size_t m)
{
    enum { K = 10, SINGLE = 200 };
    uint32_t *row = rg_alloc(m * K, sizeof *row);
    double *near = rg_alloc(m * K, sizeof *near), start = seconds();
    struct rg_knn *index = rg_knn_new(x, n, d);
    uint64_t sum = 0;

    printf("knn index            %.4f\n", seconds() - start);
    for (int round = 0; round < 3; round++) {
        start = seconds();
        rg_knn_find(index, query, m, K, row, near);
        printf("knn batch            %.4f\n", seconds() - start);
    }
    for (size_t i = 0; i < m * K; i++)
        sum += row[i];
    start = seconds();
    for (size_t i = 0; i < SINGLE; i++)
        rg_knn_find(index, query + i % m * d, 1, K, row, near);
    printf("knn one query        %.6f (sum of rows found %llu)\n", (seconds() - start) / SINGLE,
           (unsigned long long)sum);
    rg_knn_free(index);
    free(row);
    free(near);
}

static void
time_kmeans(const double *x, size_t n, size_t d)
{
    struct rg_kmeans k;
    double start = seconds();

    rg_kmeans_plus(x, n, d, 64, 1, 42, &k);
    printf("k-means 64, 1 start  %.4f (%zu rounds, inertia %.9g)\n", seconds() - start, k.rounds,
           k.inertia);
    rg_kmeans_clear(&k);
    start = seconds();
    rg_kmeans_plus(x, n, d, 64, 10, 42, &k);
    printf("k-means 64, 10       %.4f (%zu rounds, inertia %.9g)\n", seconds() - start, k.rounds,
           k.inertia);
    rg_kmeans_clear(&k);
}

static void
time_ridge(const double *x, size_t n, size_t d)
{
    enum { MODELS = 13 };
    double *y = rg_alloc(n * MODELS, sizeof *y), *w = rg_alloc(MODELS * (d + 1), sizeof *w), start;

    for (size_t i = 0; i < n * MODELS; i++)
        y[i] = x[i / MODELS * d + i % MODELS] > 0;
    start = seconds();
    rg_linear_ridge(x, y, n, d, MODELS, 1, w);
    printf("ridge, 13 models     %.4f\n", seconds() - start);
    start = seconds();
    rg_linear_logistic(x, y, MODELS, n, d, 1, w);
    printf("logistic, 1 model    %.4f\n", seconds() - start);
    free(y);
    free(w);
}

int
main(int argc, char **argv)
{
    bool data = argc > 1 && strcmp(argv[1], "data") == 0;
    size_t size[3] = {8000, 2000, 768}, n;
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    double *x;

    for (int i = 1 + data; i < argc && i < 4 + data; i++)
        size[i - 1 - data] = (size_t)strtoul(argv[i], NULL, 10);
    n = (size[0] + size[1]) * size[2];
    x = rg_alloc(n, sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)gsl_ran_gaussian_ziggurat(rng, 1);
    for (size_t i = 0; i < size[0] + size[1]; i++)
        rg_dense_normalise(x + i * size[2], size[2]);
    if (data) {
        for (size_t i = 0; i < n; i++) {
            float f = (float)x[i];

            fwrite(&f, sizeof f, 1, stdout);
        }
    } else {
        time_knn(x, size[0], size[2], x + size[0] * size[2], size[1]);
        time_kmeans(x, size[0], size[2]);
        time_ridge(x, size[0], size[2]);
    }
    gsl_rng_free(rng);
    free(x);
    return 0;
}
