/* The kernels of routers that learn, against sums written out, and the files of what was learnt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>

#include "base/line.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "base/rng.h"
#include "replay/learn/clusters.h"
#include "replay/learn/dense.h"
#include "replay/learn/features.h"
#include "replay/learn/knn.h"
#include "replay/learn/learner.h"
#include "replay/learn/linear.h"
#include "replay/learn/mersenne.h"
#include "replay/learn/neighbours.h"
#include "replay/learn/rating.h"
#include "replay/learn/stages.h"
#include "tests/unit/base_temp.h"

static double *
normals(size_t n, uint64_t seed)
{
    gsl_rng *rng = rg_rng_new(seed, 0, RG_PURPOSE_TEST);
    double *x = rg_alloc(n, sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = gsl_ran_gaussian_ziggurat(rng, 1);
    gsl_rng_free(rng);
    return x;
}

/* ---- random streams: what the reference program prints for each seed ---- */

static void
test_mersenne(void **state)
{
    static const struct {
        uint64_t seed, hash[3];
        uint32_t below;
        double unit;
    } expected[] = {
        {42,
         {17940629528031750628u, 13927124205808016940u, 1048680304884806029u},
         0,
         0.46633133820957906},
        {999,
         {10072055420107546664u, 6572105454617503022u, 5592966643997557681u},
         10,
         0.36032988250407216},
        {3407,
         {9367143323201866296u, 12968014508234484958u, 4467493758846502909u},
         5,
         0.88462915451540125},
        {0,
         {16450987248382049942u, 12264594329768289702u, 4355749389969662865u},
         11,
         0.63812772365288517},
        {20260107123456u,
         {2161269567072915192u, 265699313343336744u, 10774977794567296215u},
         11,
         0.65684189454240216},
    };
    static const uint32_t sizes[] = {60, 752, 4326};

    (void)state;
    for (size_t s = 0; s < sizeof expected / sizeof *expected; s++) {
        struct rg_mersenne r;

        rg_mersenne_python(&r, expected[s].seed);
        for (size_t k = 0; k < 3; k++) {
            uint32_t *x = rg_alloc(sizes[k], sizeof *x);
            uint64_t hash = 0;

            for (uint32_t i = 0; i < sizes[k]; i++)
                x[i] = i;
            rg_mersenne_shuffle(&r, x, sizes[k]);
            for (uint32_t i = 0; i < sizes[k]; i++)
                hash = hash * 1000003u + x[i];
            assert_true(hash == expected[s].hash[k]);
            free(x);
        }
        assert_int_equal(rg_mersenne_below(&r, 13), expected[s].below);
        assert_int_equal(rg_mersenne_below(&r, 1), 0);
        assert_true(fabs(rg_mersenne_unit(&r) - expected[s].unit) < 1e-9);
    }
}

/* CPython 3.11: random.seed(7); random.sample(range(100), 5), and of range(10), 8. */
static void
test_sample(void **state)
{
    static const uint32_t few[] = {41, 19, 50, 83, 6};
    struct rg_mersenne r;
    uint32_t x[8];
    bool seen[10] = {false};

    (void)state;
    rg_mersenne_python(&r, 7);
    rg_mersenne_sample(&r, 100, 5, x);
    assert_memory_equal(x, few, sizeof few);
    rg_mersenne_sample(&r, 10, 8, x);
    for (size_t i = 0; i < 8; i++) {
        assert_true(x[i] < 10 && !seen[x[i]]);
        seen[x[i]] = true;
    }
}

/* ---- dense ---- */

/* The same order of terms on every machine: the same bits; but for OpenBLAS. */
static void
check_products(const double *a, size_t n, const double *b, size_t m, size_t d, const double *out,
               bool exact)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            double sum = 0, size = 0;

            for (size_t k = 0; k < d; k++) {
                sum += a[i * d + k] * b[j * d + k];
                size += fabs(a[i * d + k] * b[j * d + k]);
            }
            if (exact)
                assert_memory_equal(&out[i * m + j], &sum, sizeof sum);
            assert_true(fabs(out[i * m + j] - sum) <= 1e-15 * (double)d * size);
        }
}

static void
test_products(void **state)
{
    static const size_t sizes[][3] = {{1, 1, 1}, {5, 9, 3},      {4, 8, 16},   {7, 17, 33},
                                      {3, 2, 0}, {100, 17, 600}, {97, 8, 257}, {300, 64, 100}};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s][0], m = sizes[s][1], d = sizes[s][2];
        double *a = normals(n * d + 1, 1), *b = normals(m * d + 1, 2);
        double *out = rg_alloc(n * m, sizeof *out);

        for (int way = RG_DENSE_PLAIN; way <= RG_DENSE_BLAS; way++) {
            for (size_t k = 0; k < n * m; k++)
                out[k] = NAN;
            if (rg_dense_products_by((enum rg_dense_way)way, a, n, b, m, d, out))
                check_products(a, n, b, m, d, out, way != RG_DENSE_BLAS);
            else
                assert_int_not_equal(way, RG_DENSE_PLAIN);
        }
        rg_dense_products(a, n, b, m, d, out);
        check_products(a, n, b, m, d, out, false);
        free(a);
        free(b);
        free(out);
    }
}

static void
test_solve(void **state)
{
    enum { N = 300, D = 13 };
    double *x = normals(N * D, 3), gram[D * D], factor[D * D], w[D], b[D], weight[N];

    (void)state;
    for (size_t i = 0; i < N; i++)
        weight[i] = i % 3 ? 0.5 : 0;
    rg_dense_gram(x, weight, N, D, gram);
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j < D; j++) {
            double sum = 0;

            for (size_t r = 0; r < N; r++)
                sum += weight[r] * x[r * D + i] * x[r * D + j];
            assert_true(fabs(gram[i * D + j] - sum) < 1e-10);
        }
    memcpy(factor, gram, sizeof factor);
    assert_true(rg_dense_cholesky(factor, D));
    for (size_t i = 0; i < D; i++)
        w[i] = (double)i - 4;
    for (size_t i = 0; i < D; i++) {
        b[i] = 0;
        for (size_t j = 0; j < D; j++)
            b[i] += gram[i * D + j] * w[j];
    }
    rg_dense_solve(factor, D, b);
    for (size_t i = 0; i < D; i++)
        assert_true(fabs(b[i] - w[i]) < 1e-9);
    memset(factor, 0, sizeof factor);
    assert_false(rg_dense_cholesky(factor, D));
    free(x);
}

/* ---- neighbours: the quick search finds what comparing all does ---- */

static void
check_knn(double *rows, size_t n, size_t d, double *queries, size_t n_queries, size_t k)
{
    struct rg_knn *index = rg_knn_new(rows, n, d);
    uint32_t *row = rg_alloc(n_queries * k, sizeof *row);
    double *near = rg_alloc(n_queries * k, sizeof *near);
    size_t found = rg_knn_find(index, queries, n_queries, k, row, near);

    assert_int_equal(found, k < n ? k : n);
    for (size_t i = 0; i < n_queries; i++) {
        bool *used = rg_zalloc(n, sizeof *used);

        for (size_t r = 0; r < found; r++) {
            size_t best = n;
            double top = -INFINITY;

            for (size_t x = 0; x < n; x++) {
                double s[8] = {0}, sum;

                for (size_t c = 0; c < d; c++)
                    s[c % 8] += (double)(float)queries[i * d + c] * (double)(float)rows[x * d + c];
                sum = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
                if (!used[x] && sum > top) {
                    top = sum;
                    best = x;
                }
            }
            assert_int_equal(row[i * k + r], best);
            assert_true(!(near[i * k + r] < top) && !(near[i * k + r] > top));
            used[best] = true;
        }
        free(used);
    }
    rg_knn_free(index);
    free(row);
    free(near);
}

static void
test_knn(void **state)
{
    enum { N = 203, D = 37, Q = 67 };
    double *rows = normals(N * D, 5), *queries = normals(Q * D, 6);

    (void)state;
    check_knn(rows, N, D, queries, Q, 1);
    check_knn(rows, N, D, queries, Q, 10);
    check_knn(rows, 3, D, queries, 2, 5);
    /* Equal rows, a zero row and a zero query, very different sizes. */
    memcpy(rows + 5 * D, rows + 2 * D, D * sizeof *rows);
    memset(rows + 7 * D, 0, D * sizeof *rows);
    memset(queries, 0, D * sizeof *queries);
    for (size_t i = 10 * D; i < 12 * D; i++)
        rows[i] *= 1e6;
    rows[20 * D] = 1e10;
    check_knn(rows, N, D, queries, Q, 7);
    check_knn(rows, N, 1, queries, Q, 7);
    free(rows);
    free(queries);
}

static void
test_neighbours_mask(void **state)
{
    const double score[] = {1, NAN, 0, 0.5, NAN, NAN, 0, NAN, 1}, similar[] = {0.5, 0.3, 0.2};
    const uint32_t row[] = {0, 1, 2};
    double value[3];

    (void)state;
    rg_neighbours_values(RG_NEIGHBOURS_MEAN, row, similar, 3, score, 3, value);
    assert_true(fabs(value[0] - 0.5) < 1e-15 && isnan(value[1]) && fabs(value[2] - 0.5) < 1e-15);
    rg_neighbours_values(RG_NEIGHBOURS_VOTE, row, similar, 3, score, 3, value);
    assert_true(fabs(value[0] - 2) < 1e-15 && isnan(value[1]) && fabs(value[2] - 1) < 1e-15);
    rg_neighbours_values(RG_NEIGHBOURS_WEIGHTED, row, similar, 3, score, 3, value);
    assert_true(fabs(value[0] - 0.65) < 1e-15 && fabs(value[2] - 0.2 / 0.7) < 1e-15);
}

/* ---- linear ---- */

/* At the least of its loss, each gradient vanishes; rows without a score change nothing. */
static void
test_logistic(void **state)
{
    enum { N = 120 };
    const size_t dims[] = {4, 600};

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        size_t d = dims[s];
        double *x = normals(N * d, 8), y[N], *w = rg_alloc(d + 1, sizeof *w), most = 0;

        for (size_t i = 0; i < N; i++)
            y[i] = i % 10 == 9 ? NAN : x[i * d] + 0.3 * x[i * d + 1] > 0.2;
        rg_linear_logistic(x, y, 1, N, d, 0.7, w);
        for (size_t k = 0; k <= d; k++) {
            double g = 0.7 * w[k];

            for (size_t i = 0; i < N; i++) {
                double z = w[d];

                for (size_t c = 0; c < d; c++)
                    z += w[c] * x[i * d + c];
                if (!isnan(y[i]))
                    g += (rg_linear_sigmoid(z) - y[i]) * (k < d ? x[i * d + k] : 1);
            }
            most = fmax(most, fabs(g));
        }
        assert_true(most < 1e-8);
        free(x);
        free(w);
    }
}

static void
test_ridge_mask(void **state)
{
    enum { N = 40, D = 3 };
    double *x = normals(N * D, 9), y[2 * N], w[2 * (D + 1)], alone[N / 2 * D], half[N / 2];
    double v[D + 1];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        y[2 * i] = x[i * D] - 2 * x[i * D + 2] + 1;
        y[2 * i + 1] = i < N / 2 ? x[i * D + 1] : NAN;
    }
    rg_linear_ridge(x, y, N, D, 2, 1e-9, w);
    assert_true(fabs(w[0] - 1) < 1e-6 && fabs(w[2] + 2) < 1e-6 && fabs(w[3] - 1) < 1e-6);
    memcpy(alone, x, sizeof alone);
    for (size_t i = 0; i < N / 2; i++)
        half[i] = x[i * D + 1];
    rg_linear_ridge(alone, half, N / 2, D, 1, 1e-9, v);
    for (size_t k = 0; k <= D; k++)
        assert_true(fabs(v[k] - w[D + 1 + k]) < 1e-9);
    free(x);
}

/* The absolute loss goes through the median: outliers do not move it. */
static void
test_svr(void **state)
{
    enum { N = 101 };
    double x[N], y[N], w[2];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        x[i] = (double)i / N;
        y[i] = 2 * x[i] + 1 + (i % 10 == 0 ? 50 : 0);
    }
    rg_linear_svr(x, y, 1, N, 1, 100, 1, w);
    assert_true(fabs(w[0] - 2) < 0.05 && fabs(w[1] - 1) < 0.05);
}

/* ---- clusters ---- */

static void
test_kmeans(void **state)
{
    enum { N = 90, D = 5, K = 3 };
    double *x = normals(N * D, 10);
    struct rg_kmeans far, plus, again;

    (void)state;
    for (size_t i = 0; i < N; i++)
        x[i * D + i % K] += 20;
    rg_kmeans_far(x, N, D, K, &far);
    rg_kmeans_plus(x, N, D, K, 5, 42, &plus);
    rg_kmeans_plus(x, N, D, K, 5, 42, &again);
    assert_memory_equal(plus.centres, again.centres, K * D * sizeof(double));
    assert_true(fabs(far.inertia - plus.inertia) < 1e-6 * far.inertia);
    for (size_t i = K; i < N; i++) {
        assert_int_equal(far.member[i], far.member[i % K]);
        assert_int_equal(plus.member[i], plus.member[i % K]);
    }
    rg_kmeans_clear(&far);
    rg_kmeans_clear(&plus);
    rg_kmeans_clear(&again);
    /* All rows equal: clusters may be empty, nothing is lost. */
    for (size_t i = 0; i < N * D; i++)
        x[i] = 1;
    rg_kmeans_far(x, N, D, 4, &far);
    rg_kmeans_plus(x, N, D, 4, 2, 1, &plus);
    assert_true(far.inertia < 1e-20 && plus.inertia < 1e-20);
    rg_kmeans_clear(&far);
    rg_kmeans_clear(&plus);
    /* More clusters than rows. */
    rg_kmeans_far(x, 2, D, 7, &far);
    assert_true(far.inertia < 1e-20);
    rg_kmeans_clear(&far);
    free(x);
}

/* ---- singular values ---- */

static void
test_svd(void **state)
{
    enum { N = 30, P = 64, RANK = 3 };
    double *u = normals(N * RANK, 11), *v = normals(RANK * P, 12);
    double *basis = rg_alloc(P * (RANK + 1), sizeof *basis);
    struct rg_sparse *rows = rg_zalloc(N, sizeof *rows);

    (void)state;
    for (size_t i = 0; i < N; i++) {
        rows[i].n = P;
        rows[i].at = rg_alloc(P, sizeof *rows[i].at);
        rows[i].weight = rg_zalloc(P, sizeof *rows[i].weight);
        for (uint32_t p = 0; p < P; p++) {
            rows[i].at[p] = p;
            for (size_t k = 0; k < RANK; k++)
                rows[i].weight[p] += u[i * RANK + k] * v[k * P + p];
        }
    }
    rg_features_svd(rows, N, P, RANK + 1, 7, basis);
    /* Orthonormal, the fourth is zero, and nothing of the rows is lost. */
    for (size_t a = 0; a <= RANK; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = 0;

            for (size_t p = 0; p < P; p++)
                sum += basis[p * (RANK + 1) + a] * basis[p * (RANK + 1) + b];
            assert_true(fabs(sum - (a == b && a < RANK)) < 1e-9);
        }
    for (size_t i = 0; i < N; i++) {
        double whole = 0, kept = 0;

        for (size_t k = 0; k < RANK; k++) {
            double c = 0;

            for (size_t p = 0; p < P; p++)
                c += rows[i].weight[p] * basis[p * (RANK + 1) + k];
            kept += c * c;
        }
        for (size_t p = 0; p < P; p++)
            whole += rows[i].weight[p] * rows[i].weight[p];
        assert_true(fabs(whole - kept) < 1e-9 * whole);
        rg_sparse_clear(&rows[i]);
    }
    free(rows);
    free(u);
    free(v);
    free(basis);
}

/* ---- ratings, thresholds ---- */

static void
test_rating(void **state)
{
    /* a beats b 3 : 1, b beats c 3 : 1: ln 3 apart. */
    const double wins[] = {0, 3, 0, 1, 0, 3, 0, 1, 0}, never[] = {0, 1, 1, 0, 0, 1, 0, 1, 0};
    const double rating[] = {10, 9.9, 5, 4.9, 4.8};
    uint32_t tier[5];
    double theta[3];

    (void)state;
    assert_int_equal(rg_rating_fit(wins, 3, theta), 3);
    assert_true(fabs(theta[0] - log(3)) < 1e-12 && fabs(theta[1]) < 1e-12);
    assert_true(rg_rating_fit(never, 3, theta) < 3);
    rg_rating_tiers(rating, 5, 2, tier);
    assert_int_equal(tier[1], 0);
    assert_int_equal(tier[2], 1);
    rg_rating_tiers(rating, 5, 1, tier);
    assert_int_equal(tier[4], 0);
}

static double
bowl(const void *ctx, const double *x)
{
    (void)ctx;
    return (x[0] - 0.3) * (x[0] - 0.3) + 2 * (x[1] + 0.1) * (x[1] + 0.1);
}

static void
test_stages(void **state)
{
    const double score[] = {1, 1, 0, 1, 1, 1, 0, 1}, cost[] = {1, 11, 1, 11, 1, 11, 1, 11};
    const double doubt[] = {.1, .5, .9, .5, .2, .5, .8, .5};
    struct rg_stages_rows rows = {4, 2, score, cost, doubt};
    struct rg_stages_found found;
    double x[2] = {0, 0};

    (void)state;
    assert_true(rg_stages_descend(bowl, NULL, 2, x) < 1e-6);
    assert_true(fabs(x[0] - 0.3) < 1e-3 && fabs(x[1] + 0.1) < 1e-3);
    /* With money for all: the first stage keeps what it is sure of. */
    assert_true(rg_stages_search(&rows, 20, 40, NULL, &found));
    assert_true(fabs(found.score - 1) < 1e-12 && found.cost <= 20);
    /* With little: what the first model alone brings. */
    assert_false(rg_stages_search(&rows, 0.5, 40, NULL, &found));
    assert_true(rg_stages_search(&rows, 6, 40, NULL, &found));
    assert_true(fabs(found.score - 1) < 1e-12 && found.cost <= 6);
}

/* ---- files ---- */

static void
test_files(void **state)
{
    struct rg_learnt *l = rg_learnt_new(), *back;
    char path[TEMP_PATH];
    struct rg_buf bytes = {0};
    struct rg_err err;
    size_t refused = 0;

    (void)state;
    rg_learnt_say(l, "name with \"quotes\"", "a\nb");
    rg_learnt_add(l, "x", 2, 3)[4] = 0.1;
    rg_learnt_add(l, "none", 0, 7);
    rg_learnt_add(l, "missing", 1, 1)[0] = NAN;
    rg_learnt_set(l, "number", 5);
    rg_learnt_set(l, "number", -0.0);
    temp_write(path, "", 0);
    assert_int_equal(rg_learnt_save(l, path, &err), RG_OK);
    assert_int_equal(rg_learnt_load(&back, path, &err), RG_OK);
    assert_string_equal(rg_learnt_text(back, "name with \"quotes\""), "a\nb");
    assert_true(rg_learnt_get(back, "x")[4] > 0.0999 && rg_learnt_find(back, "x")->columns == 3);
    assert_true(isnan(rg_learnt_number(back, "missing")) &&
                signbit(rg_learnt_number(back, "number")));
    assert_null(rg_learnt_find(back, "y"));
    rg_learnt_free(back);
    /* Every byte counts, and so does every one that is missing. */
    assert_int_equal(rg_file_read(path, 1 << 20, &bytes, &err), RG_OK);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] = (char)(bytes.data[i] ^ 1);
        assert_int_equal(rg_outfile_put(path, bytes.data, bytes.len, &err), RG_OK);
        refused += rg_learnt_load(&back, path, &err) == RG_EINPUT && !back;
        bytes.data[i] = (char)(bytes.data[i] ^ 1);
    }
    assert_int_equal(refused, bytes.len);
    for (size_t n = 0; n < bytes.len; n += 7) {
        assert_int_equal(rg_outfile_put(path, bytes.data, n, &err), RG_OK);
        assert_int_equal(rg_learnt_load(&back, path, &err), RG_EINPUT);
    }
    unlink(path);
    assert_int_equal(rg_learnt_load(&back, path, &err), RG_ESYSTEM);
    rg_buf_clear(&bytes);
    rg_learnt_free(l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mersenne), cmocka_unit_test(test_sample),
        cmocka_unit_test(test_products), cmocka_unit_test(test_solve),
        cmocka_unit_test(test_knn),      cmocka_unit_test(test_neighbours_mask),
        cmocka_unit_test(test_logistic), cmocka_unit_test(test_ridge_mask),
        cmocka_unit_test(test_svr),      cmocka_unit_test(test_kmeans),
        cmocka_unit_test(test_svd),      cmocka_unit_test(test_rating),
        cmocka_unit_test(test_stages),   cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
