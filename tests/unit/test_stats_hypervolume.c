#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "stats/hypervolume.h"
#include "tests/unit/points.h"

static const struct rg_directions DOWN[] = {{0}, {1, {0}}, {2, {0}}, {3, {0}}, {4, {0}}, {5, {0}}};

/* Inclusion and exclusion over all subsets, a definition independent of any sweep. */
static double
inclusion_exclusion(const double *p, size_t n, const struct rg_directions *dir, const double *ref)
{
    double sum = 0;

    for (uint32_t subset = 1; subset < UINT32_C(1) << n; subset++) {
        double volume = -1;

        for (size_t k = 0; k < dir->d; k++) {
            double least = INFINITY;

            for (size_t i = 0; i < n; i++)
                if (subset >> i & 1) {
                    double x = p[i * dir->d + k];
                    double gain = dir->maximise[k] ? x - ref[k] : ref[k] - x;

                    least = fmin(least, fmax(gain, 0));
                }
            volume *= least;
        }
        for (uint32_t bits = subset; bits > 0; bits &= bits - 1)
            volume = -volume;
        sum += volume;
    }
    return sum;
}

static void
against_inclusion_exclusion(void **state)
{
    static const double grids[] = {3, 7, 0x1p30};
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);

    (void)state;
    for (size_t d = 1; d <= RG_FRONT_DIMS; d++)
        for (size_t trial = 0; trial < 60; trial++) {
            size_t n = rg_rng_below(rng, 11);
            struct rg_directions dir = points_directions(rng, d);
            double *p = points_new(rng, n, d, grids[trial % 3]), ref[5], expected, found;

            for (size_t k = 0; k < d; k++) /* some points are outside of it */
                ref[k] = dir.maximise[k] ? 0.2 : 0.8;
            expected = inclusion_exclusion(p, n, &dir, ref);
            found = rg_hypervolume(p, n, &dir, ref);
            if (!(fabs(found - expected) <= 1e-13))
                fail_msg("%zu-D, %zu points: found %.17g, expected %.17g", d, n, found, expected);
            free(p);
        }
    gsl_rng_free(rng);
}

/* Counting the cells of a grid: exact in whole numbers, and for more points than above. */
static void
against_cells(void **state)
{
    enum { G = 8, N = 200 };
    gsl_rng *rng = rg_rng_new(2, 0, RG_PURPOSE_TEST);

    (void)state;
    for (size_t d = 2; d <= 4; d++) {
        double *p = points_new(rng, N, d, FINE), ref[4] = {G, G, G, G};
        size_t cells = 1, count = 0;

        for (size_t i = 0; i < N * d; i++)
            p[i] = floor(p[i] * G);
        for (size_t i = 0; i < N; i++) /* few near the ideal */
            p[i * d + i % d] = floor(G / 2 + p[i * d + i % d] / 2);
        for (size_t k = 0; k < d; k++)
            cells *= G;
        for (size_t c = 0; c < cells; c++) {
            bool covered = false;

            for (size_t i = 0; i < N && !covered; i++) {
                size_t rest = c;

                covered = true;
                for (size_t k = 0; k < d; k++, rest /= G)
                    covered &= p[i * d + k] <= (double)(rest % G);
            }
            count += covered;
        }
        assert_true(count > 0 && count < cells);
        assert_true(rg_hypervolume(p, N, &DOWN[d], ref) == (double)count);
        free(p);
    }
    gsl_rng_free(rng);
}

/* n points (i, n - 1 - i) before (n, n): n (n + 1) / 2 cells. With a third column that is constant,
 * a prism; in a column that runs with the first, a sum of layers. */
static void
closed_forms(void **state)
{
    enum { N = 1000 };
    static double p2[N * 2], p3[N * 3], p4[N * 4];
    const double ref[] = {N, N, N, 2};
    double layers = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        double x = (double)i, y = (double)(N - 1 - i);

        memcpy(p2 + 2 * i, (double[]){x, y}, 2 * sizeof x);
        memcpy(p3 + 3 * i, (double[]){x, y, x}, 3 * sizeof x);
        memcpy(p4 + 4 * i, (double[]){y, x, x, 0}, 4 * sizeof x);
    }
    assert_true(rg_hypervolume(p2, N, &DOWN[2], ref) == N * (N + 1) / 2.0);
    /* Sum over cells (a, b): covered at heights from max(0, N - 1 - b) on, for a at least that. */
    for (size_t a = 0; a < N; a++)
        for (size_t b = N - 1 - a; b < N; b++)
            layers += N - (double)(N - 1 - b);
    assert_true(rg_hypervolume(p3, N, &DOWN[3], ref) == layers);
    assert_true(rg_hypervolume(p4, N, &DOWN[4], ref) == 2 * layers);
}

/* Points on the plane x + y + z = 1 cover a share of the cube that tends to 5/6. Many points: the
 * value must agree with an estimate by random places. */
static void
many_points(void **state)
{
    enum { N = 3000, PLACES = 20000 };
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_TEST);
    double *p = points_new(rng, N, 3, FINE), *place = points_new(rng, PLACES, 3, FINE);
    const double ref[] = {1, 1, 1};
    size_t covered = 0;
    double found, share;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        double sum = p[3 * i] + p[3 * i + 1] + p[3 * i + 2];

        for (size_t k = 0; k < 3; k++)
            p[3 * i + k] /= sum;
    }
    found = rg_hypervolume(p, N, &DOWN[3], ref);
    for (size_t c = 0; c < PLACES; c++) {
        bool in = false;

        for (size_t i = 0; i < N && !in; i++)
            in = p[3 * i] <= place[3 * c] && p[3 * i + 1] <= place[3 * c + 1] &&
                 p[3 * i + 2] <= place[3 * c + 2];
        covered += in;
    }
    share = (double)covered / PLACES;
    assert_true(found < 5.0 / 6 && found > 0.79);
    assert_true(fabs(found - share) < 4 * sqrt(0.16 / PLACES));
    free(place);
    free(p);
    gsl_rng_free(rng);
}

/* Adding a constant column multiplies by its distance; order and repeats change nothing. */
static void
invariances(void **state)
{
    enum { N = 60 };
    gsl_rng *rng = rg_rng_new(4, 0, RG_PURPOSE_TEST);
    const double ref[] = {1, 1, 1, 1, 1};

    (void)state;
    for (size_t d = 2; d < RG_FRONT_DIMS; d++) {
        double *p = points_new(rng, N, d, FINE), v = rg_hypervolume(p, N, &DOWN[d], ref);
        double *more = malloc(2 * N * (d + 1) * sizeof *more);

        for (size_t i = 0; i < 2 * N; i++) {
            const double *from = p + (i < N ? i : 2 * N - 1 - i) * d;

            memcpy(more + i * (d + 1), from, d * sizeof *p);
            more[i * (d + 1) + d] = 0.5;
        }
        points_near(rg_hypervolume(more, 2 * N, &DOWN[d + 1], ref), v / 2, 1e-12);
        for (size_t i = 0; i < N * d; i++) /* mirrored */
            p[i] = 1 - p[i];
        struct rg_directions up = {d, {1, 1, 1, 1, 1}};
        points_near(rg_hypervolume(p, N, &up, (double[5]){0}), v, 1e-12);
        free(more);
        free(p);
    }
    gsl_rng_free(rng);
}

static void
degenerate(void **state)
{
    const double ref[] = {1, 1, 1, 1, 1}, p[] = {0.5, 0.25, 0.5, 0.5, 0.5};
    const double outside[] = {1, 0, 0, 0, 0}, nan[] = {0, NAN, 0, 0, 0};
    const double infinite[] = {-INFINITY, 0, 0, 0, 0}, bad[] = {INFINITY, 0, 0, 0, 0};

    (void)state;
    for (size_t d = 1; d <= RG_FRONT_DIMS; d++) {
        assert_true(rg_hypervolume(NULL, 0, &DOWN[d], ref) == 0);
        assert_true(rg_hypervolume(outside, 1, &DOWN[d], ref) == 0);
        assert_true(rg_hypervolume(bad, 1, &DOWN[d], ref) == 0);
        assert_true(rg_hypervolume(bad, 1, &DOWN[d], (double[]){INFINITY, 1, 1, 1, 1}) == 0);
        assert_true(rg_hypervolume(infinite, 1, &DOWN[d], ref) == INFINITY);
        assert_true(isnan(rg_hypervolume(p, 1, &DOWN[d], (double[]){NAN, NAN, NAN, NAN, NAN})));
        if (d > 1)
            assert_true(rg_hypervolume(nan, 1, &DOWN[d], ref) == 0);
    }
    assert_true(rg_hypervolume(p, 1, &DOWN[1], ref) == 0.5);
    assert_true(rg_hypervolume(p, 1, &DOWN[2], ref) == 0.375);
    assert_true(rg_hypervolume(p, 1, &DOWN[4], ref) == 0.09375);
    assert_true(rg_hypervolume(p, 1, &DOWN[3], (double[]){INFINITY, 1, 1}) == INFINITY);
    assert_true(rg_hypervolume((double[]){-1e308, -1e308}, 1, &DOWN[2], (double[]){1e308, 0}) ==
                INFINITY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_inclusion_exclusion),
        cmocka_unit_test(against_cells),
        cmocka_unit_test(closed_forms),
        cmocka_unit_test(many_points),
        cmocka_unit_test(invariances),
        cmocka_unit_test(degenerate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
