#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/hull.h"
#include "tests/unit/points.h"

/* i = np.arange(100); P = np.c_[i*37 % 101, i*i*53 % 97]; scipy.spatial.ConvexHull(P).vertices of
 * SciPy 1.10.1 has these from the least to the greatest x above; np.trapz over them is 9272.5. */
static void
as_scipy(void **state)
{
    static const size_t expected[] = {0, 71, 82, 47, 59, 38, 8, 30};
    double x[100], y[100], p[200];
    size_t vertex[100];
    bool on[100];
    const struct rg_directions dir = {2, {false, true}};

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        p[2 * i] = x[i] = (double)(i * 37 % 101);
        p[2 * i + 1] = y[i] = (double)(i * i * 53 % 97);
    }
    assert_int_equal(rg_hull_upper(x, y, 100, vertex), 8);
    assert_memory_equal(vertex, expected, sizeof expected);
    assert_true(rg_hull_area(x, y, vertex, 8, 100) == 9272.5);
    /* (62, 96) and (93, 96) are equally high: the first ends it. */
    assert_int_equal(rg_hull_nondecreasing(x, y, 100, vertex), 5);
    assert_memory_equal(vertex, expected, 5 * sizeof *expected);
    assert_true(rg_hull_area(x, y, vertex, 5, 72) == 0.5 * 35 + 3 * 63 + 18 * 93 + 40 * 95.5 + 960);
    assert_int_equal(rg_hull_front(p, 100, &dir, on), 5);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(on[i], i == 0 || i == 71 || i == 82 || i == 47 || i == 59);
}

/* No point is above the hull, every vertex is a point, and slopes fall strictly. */
static void
properties(void **state)
{
    enum { N = 200 };
    static const double grids[] = {4, 20, 0x1p40};
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    size_t vertex[N];

    (void)state;
    for (size_t trial = 0; trial < 90; trial++) {
        size_t n = 1 + rg_rng_below(rng, N);
        double *x = points_new(rng, n, 1, grids[trial % 3]);
        double *y = points_new(rng, n, 1, grids[trial % 3]);
        size_t h = rg_hull_upper(x, y, n, vertex), rise;

        assert_true(h >= 1);
        for (size_t v = 1; v < h; v++)
            assert_true(x[vertex[v - 1]] < x[vertex[v]]);
        for (size_t v = 2; v < h; v++) {
            size_t a = vertex[v - 2], b = vertex[v - 1], c = vertex[v];

            assert_true((y[b] - y[a]) / (x[b] - x[a]) > (y[c] - y[b]) / (x[c] - x[b]));
        }
        for (size_t i = 0; i < n; i++) {
            size_t v = 0;

            while (v + 1 < h && x[vertex[v + 1]] < x[i])
                v++;
            assert_true(x[i] >= x[vertex[0]] && x[i] <= x[vertex[h - 1]]);
            if (h > 1) {
                size_t a = vertex[v], b = vertex[v + 1];

                assert_true(y[i] <= y[a] + (y[b] - y[a]) / (x[b] - x[a]) * (x[i] - x[a]) + 1e-12);
            } else {
                assert_true(y[i] <= y[vertex[0]]);
            }
        }
        rise = rg_hull_nondecreasing(x, y, n, vertex);
        assert_true(rise >= 1 && rise <= h);
        for (size_t v = 1; v < rise; v++)
            assert_true(y[vertex[v - 1]] < y[vertex[v]]);
        free(y);
        free(x);
    }
    gsl_rng_free(rng);
}

static void
degenerate(void **state)
{
    static const double x[] = {1, 1, 1, NAN, INFINITY, 2}, y[] = {3, 4, 4, 9, 9, INFINITY};
    static const double flat[] = {0, 1, 2, 3}, up[] = {0, 1, 2, 3}, same[] = {5, 5, 5, 5};
    const struct rg_directions down = {2, {false, false}};
    size_t vertex[6];
    bool on[6];

    (void)state;
    assert_int_equal(rg_hull_upper(NULL, NULL, 0, NULL), 0);
    assert_int_equal(rg_hull_nondecreasing(NULL, NULL, 0, NULL), 0);
    assert_true(rg_hull_area(NULL, NULL, NULL, 0, 1) == 0);
    assert_int_equal(rg_hull_upper(x, y, 6, vertex), 1); /* the first of the highest at x = 1 */
    assert_int_equal(vertex[0], 1);
    assert_true(rg_hull_area(x, y, vertex, 1, 3) == 8);
    assert_true(isnan(rg_hull_area(x, y, vertex, 1, 0.5)));
    assert_true(isnan(rg_hull_area(x, y, vertex, 1, NAN)));
    assert_int_equal(rg_hull_upper(flat, up, 4, vertex), 2); /* on a line: only its ends */
    assert_true(vertex[0] == 0 && vertex[1] == 3);
    assert_int_equal(rg_hull_upper(flat, same, 4, vertex), 2);
    assert_int_equal(rg_hull_nondecreasing(flat, same, 4, vertex), 1);
    assert_int_equal(rg_hull_upper(same, same, 4, vertex), 1);
    assert_int_equal(rg_hull_front(same, 2, &down, on), 1);
    assert_true(on[0] && !on[1]);
    assert_int_equal(rg_hull_front(NULL, 0, &down, NULL), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_scipy),
        cmocka_unit_test(properties),
        cmocka_unit_test(degenerate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
