#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "stats/front.h"
#include "tests/unit/points.h"

/* ---- the definition, in so many words ---- */

static bool
is_number(const double *p, size_t d)
{
    for (size_t k = 0; k < d; k++)
        if (isnan(p[k]))
            return false;
    return true;
}

static bool
beats(const double *a, const double *b, const struct rg_directions *dir)
{
    size_t better = 0, worse = 0;

    for (size_t k = 0; k < dir->d; k++) {
        better += dir->maximise[k] ? a[k] > b[k] : a[k] < b[k];
        worse += dir->maximise[k] ? a[k] < b[k] : a[k] > b[k];
    }
    return better > 0 && worse == 0;
}

/* Ranks by peeling off one front after the other, all pairs compared. */
static uint32_t
peel(const double *p, size_t n, const struct rg_directions *dir, uint32_t *rank)
{
    size_t left = 0, d = dir->d;
    uint32_t front = 0;

    for (size_t i = 0; i < n; i++) {
        rank[i] = is_number(p + i * d, d) ? UINT32_MAX : 0;
        left += rank[i] != 0;
    }
    while (left > 0) {
        front++;
        for (size_t i = 0; i < n; i++) {
            bool beaten = false;

            if (rank[i] != UINT32_MAX)
                continue;
            for (size_t j = 0; j < n && !beaten; j++)
                beaten = rank[j] >= front && beats(p + j * d, p + i * d, dir);
            if (!beaten) {
                rank[i] = front;
                left--;
            }
        }
        /* Who got this rank in the pass still counts in it: rank[j] >= front. */
    }
    return front;
}

static void
check(const double *p, size_t n, const struct rg_directions *dir)
{
    uint32_t *expected = calloc(n + 1, sizeof *expected), *rank = calloc(n + 1, sizeof *rank);
    bool *on = calloc(n + 1, sizeof *on);
    size_t count = 0, found;
    uint32_t fronts = peel(p, n, dir, expected);

    assert_int_equal(rg_front_rank(p, n, dir, rank), fronts);
    found = rg_front_find(p, n, dir, on);
    for (size_t i = 0; i < n; i++) {
        if (rank[i] != expected[i] || on[i] != (expected[i] == 1))
            fail_msg("point %zu of %zu in %zu-D: rank %u, on front %d, expected rank %u", i, n,
                     dir->d, rank[i], on[i], expected[i]);
        count += expected[i] == 1;
    }
    assert_int_equal(found, count);
    free(on);
    free(rank);
    free(expected);
}

/* ---- random points against the definition ---- */

static void
random_points(void **state)
{
    static const double grids[] = {1, 2, 3, 5, 20, 1000};
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);

    (void)state;
    for (size_t d = 1; d <= RG_FRONT_DIMS; d++)
        for (size_t trial = 0; trial < 120; trial++) {
            size_t n = rg_rng_below(rng, trial % 10 == 0 ? 250 : 40);
            struct rg_directions dir = points_directions(rng, d);
            double *p = points_new(rng, n, d, grids[trial % 6]);

            for (size_t i = 0; i < n * d; i++) /* now and then something odd */
                switch (rg_rng_below(rng, 60)) {
                case 0:
                    p[i] = NAN;
                    break;
                case 1:
                    p[i] = INFINITY;
                    break;
                case 2:
                    p[i] = -INFINITY;
                    break;
                case 3:
                    p[i] = -p[i]; /* -0 among others */
                    break;
                }
            check(p, n, &dir);
            free(p);
        }
    gsl_rng_free(rng);
}

/* All on the front, or each on its own, or on a few: the shapes for which methods differ. */
static void
shapes(void **state)
{
    enum { N = 300 };
    gsl_rng *rng = rg_rng_new(2, 0, RG_PURPOSE_TEST);

    (void)state;
    for (size_t d = 2; d <= RG_FRONT_DIMS; d++) {
        struct rg_directions dir = {.d = d};
        double *p = points_new(rng, N, d, FINE);
        uint32_t rank[N];
        bool on[N];

        for (size_t i = 0; i < N; i++) { /* on the plane where the sum is 0 */
            p[i * d + d - 1] = 0;
            for (size_t k = 0; k + 1 < d; k++)
                p[i * d + d - 1] -= p[i * d + k] = floor(p[i * d + k] * 1e6);
        }
        assert_int_equal(rg_front_find(p, N, &dir, on), N);
        assert_int_equal(rg_front_rank(p, N, &dir, rank), 1);
        for (size_t i = 0; i < N * d; i++) /* a chain, from worst to best */
            p[i] = (double)(N - i / d);
        assert_int_equal(rg_front_find(p, N, &dir, on), 1);
        assert_true(on[N - 1]);
        assert_int_equal(rg_front_rank(p, N, &dir, rank), N);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(rank[i], N - i);
        for (size_t i = 0; i < N; i++) /* 30 fronts of 10 on parallel planes */
            for (size_t k = 0; k < d; k++)
                p[i * d + k] = (double)(i / 10) + (k == 0   ? 0.05
                                                   : k == 1 ? -0.05
                                                            : 0) *
                                                      (double)(i % 10);
        assert_int_equal(rg_front_rank(p, N, &dir, rank), N / 10);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(rank[i], i / 10 + 1);
        free(p);
    }
    gsl_rng_free(rng);
}

/* ---- what is defined for the degenerate ---- */

static void
degenerate(void **state)
{
    static const double equal[] = {1, 2, 1, 2, 1, 2, 1, 2};
    static const double infinite[] = {INFINITY, 0.9, 5, 0.9, INFINITY, 0.95, INFINITY, 0.95};
    static const double nan[] = {NAN, 1, 3, 0, 1, NAN, NAN, NAN};
    static const double zeros[] = {0.0, -0.0, -0.0, 0.0};
    const struct rg_directions dir = {2, {false, true}}, down = {2, {false, false}};
    uint32_t rank[4];
    bool on[4];

    (void)state;
    assert_int_equal(rg_front_find(NULL, 0, &dir, NULL), 0);
    assert_int_equal(rg_front_rank(NULL, 0, &dir, NULL), 0);
    assert_int_equal(rg_front_find(equal, 1, &dir, on), 1);
    assert_int_equal(rg_front_rank(equal, 1, &dir, rank), 1);
    assert_int_equal(rg_front_find(equal, 4, &dir, on), 4);
    assert_true(on[0] && on[1] && on[2] && on[3]);
    assert_int_equal(rg_front_rank(equal, 4, &dir, rank), 1);
    /* An infinite cost is on the front only for a quality that none else has. */
    assert_int_equal(rg_front_find(infinite, 4, &dir, on), 3);
    assert_true(!on[0] && on[1] && on[2] && on[3]);
    assert_int_equal(rg_front_rank(infinite, 4, &dir, rank), 2);
    assert_int_equal(rank[0], 2);
    assert_int_equal(rg_front_find(nan, 4, &dir, on), 1);
    assert_true(!on[0] && on[1] && !on[2] && !on[3]);
    assert_int_equal(rg_front_rank(nan, 4, &dir, rank), 1);
    assert_true(rank[0] == 0 && rank[1] == 1 && rank[2] == 0 && rank[3] == 0);
    assert_int_equal(rg_front_find(zeros, 2, &down, on), 2);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            assert_false(rg_front_dominates(equal + 2 * i, equal + 2 * j, &dir));
    assert_true(rg_front_dominates(infinite + 2, infinite, &dir));
    assert_false(rg_front_dominates(infinite, infinite + 2, &dir));
    assert_false(rg_front_dominates(nan, nan + 2, &dir));
    assert_false(rg_front_dominates(nan + 2, nan, &dir));
}

/* Everything infinitely bad in a column is still a front of equals in it. */
static void
all_infinite(void **state)
{
    enum { N = 100 };
    double p[N * 5];

    (void)state;
    for (size_t d = 2; d <= RG_FRONT_DIMS; d++) {
        struct rg_directions dir = {.d = d};
        bool on[N];

        for (size_t i = 0; i < N * d; i++)
            p[i] = INFINITY;
        assert_int_equal(rg_front_find(p, N, &dir, on), N);
        for (size_t i = 0; i < N; i++)
            p[i * d] = (double)(i % 2);
        assert_int_equal(rg_front_find(p, N, &dir, on), N / 2);
        check(p, N, &dir);
    }
}

/* ---- a million rows ---- */

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The least y of all points with a smaller x: the front of distinct x by a plain pass, for which
 * the x are spread over buckets in order. */
static void
million(void **state)
{
    enum { N = 1000000 };
    const struct rg_directions dir = {2, {false, true}};
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_TEST);
    double *p = points_new(rng, N, 2, FINE), best = -1, time;
    bool *on = calloc(N, sizeof *on);
    uint32_t *rank = calloc(N, sizeof *rank);
    size_t count, expected = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) /* ascending cost: the front is the records of quality */
        p[2 * i] = (double)i;
    for (size_t i = 0; i < N; i++) {
        expected += p[2 * i + 1] > best;
        best = fmax(best, p[2 * i + 1]);
    }
    for (size_t i = N; i > 1; i--) { /* in any order */
        size_t j = rg_rng_below(rng, i);
        double pair[2];

        memcpy(pair, p + 2 * j, sizeof pair);
        memcpy(p + 2 * j, p + 2 * (i - 1), sizeof pair);
        memcpy(p + 2 * (i - 1), pair, sizeof pair);
    }
    time = seconds();
    count = rg_front_find(p, N, &dir, on);
    time = seconds() - time;
    assert_int_equal(count, expected);
    assert_true(time < 5); /* ten times what is aimed at: see tests/bench/front.c */
    assert_true(rg_front_rank(p, N, &dir, rank) > 1000);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(on[i], rank[i] == 1);
    for (size_t i = 0; i < 2 * N; i++) /* ties everywhere */
        p[i] = floor(p[i] / 1e5 * 3) / 3;
    count = rg_front_find(p, N, &dir, on);
    rg_front_rank(p, N, &dir, rank);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(on[i], rank[i] == 1);
    assert_true(count > 0);
    free(rank);
    free(on);
    free(p);
    gsl_rng_free(rng);
}

/* ---- membership under resampling ---- */

/* Two units, configuration 0 better on one and 1 on the other, equal cost. Of 4 equally likely
 * resamples one has unit 0 twice, one unit 1 twice, two tie and leave both on the front: 3/4 each.
 * Configuration 2 costs more and is never better. */
static void
membership_exact(void **state)
{
    static const double quality[] = {1, 0, 0, 1, 0, 0}, cost[] = {1, 1, 1, 1, 2, 2};
    const double *value[] = {quality, cost};
    const struct rg_directions dir = {2, {true, false}};
    enum { B = 20000 };
    uint64_t hits[3] = {0};

    (void)state;
    rg_front_membership(value, 3, 2, &dir, 1, 0, B, hits);
    assert_in_range(hits[0], B * 3 / 4 - 260, B * 3 / 4 + 260); /* 4 sd = 245 */
    assert_in_range(hits[1], B * 3 / 4 - 260, B * 3 / 4 + 260);
    assert_int_equal(hits[2], 0);
}

/* All 4^4 resamples of 4 units, each as likely, against those drawn. */
static void
membership_enumerated(void **state)
{
    enum { M = 4, N = 4, ALL = 256, B = 4000 };
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);
    const struct rg_directions dir = {2, {true, false}};

    (void)state;
    for (uint64_t trial = 0; trial < 5; trial++) {
        double *quality = points_new(rng, M, N, FINE), *cost = points_new(rng, M, N, FINE);
        const double *value[] = {quality, cost};
        uint64_t hits[M] = {0}, expected[M] = {0};

        for (size_t draw = 0; draw < ALL; draw++) {
            double mean[2 * M] = {0};

            for (size_t c = 0; c < M; c++)
                for (size_t i = 0, rest = draw; i < N; i++, rest /= N) {
                    mean[2 * c] += quality[c * N + rest % N];
                    mean[2 * c + 1] += cost[c * N + rest % N];
                }
            for (size_t c = 0; c < M; c++) {
                bool beaten = false;

                for (size_t other = 0; other < M; other++)
                    beaten |= beats(mean + 2 * other, mean + 2 * c, &dir);
                expected[c] += beaten ? 0 : 1;
            }
        }
        rg_front_membership(value, M, N, &dir, trial, 0, B, hits);
        for (size_t c = 0; c < M; c++) {
            double q = (double)expected[c] / ALL;

            assert_true(fabs((double)hits[c] / B - q) <= 4 * sqrt(q * (1 - q) / B));
        }
        free(cost);
        free(quality);
    }
    gsl_rng_free(rng);
}

static void
membership_parts(void **state)
{
    enum { M = 5, N = 40, B = 300 };
    gsl_rng *rng = rg_rng_new(4, 0, RG_PURPOSE_TEST);
    double *quality = points_new(rng, M, N, FINE), *cost = points_new(rng, M, N, FINE);
    const double *value[] = {quality, cost};
    const struct rg_directions dir = {2, {true, false}};
    uint64_t whole[M] = {0}, parts[M] = {0}, other[M] = {0};

    (void)state;
    rg_front_membership(value, M, N, &dir, 7, 0, B, whole);
    for (uint64_t b = B; b > 0; b -= 50)
        rg_front_membership(value, M, N, &dir, 7, b - 50, 50, parts);
    assert_memory_equal(whole, parts, sizeof whole);
    rg_front_membership(value, M, N, &dir, 8, 0, B, other);
    assert_memory_not_equal(whole, other, sizeof whole);
    quality[2 * N + 3] = NAN; /* drawn in nearly all resamples */
    memset(parts, 0, sizeof parts);
    rg_front_membership(value, M, N, &dir, 7, 0, B, parts);
    assert_true(parts[2] < whole[2] || whole[2] == 0);
    free(cost);
    free(quality);
    gsl_rng_free(rng);
}

static void
membership_degenerate(void **state)
{
    static const double x[] = {1, 2, 3}, equal[] = {5, 5, 5};
    const double *value[] = {x, equal};
    const struct rg_directions dir = {2, {false, true}};
    uint64_t hits[3] = {0};

    (void)state;
    rg_front_membership(value, 3, 0, &dir, 1, 0, 100, hits);
    assert_true(hits[0] == 0 && hits[1] == 0 && hits[2] == 0);
    rg_front_membership(value, 0, 3, &dir, 1, 0, 100, hits);
    rg_front_membership(value, 3, 1, &dir, 1, 0, 100, hits); /* one unit: no chance */
    assert_true(hits[0] == 100 && hits[1] == 0 && hits[2] == 0);
    memset(hits, 0, sizeof hits);
    value[0] = equal; /* all equal: all on the front */
    rg_front_membership(value, 3, 1, &dir, 1, 0, 100, hits);
    assert_true(hits[0] == 100 && hits[1] == 100 && hits[2] == 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_points),
        cmocka_unit_test(shapes),
        cmocka_unit_test(degenerate),
        cmocka_unit_test(all_infinite),
        cmocka_unit_test(million),
        cmocka_unit_test(membership_exact),
        cmocka_unit_test(membership_enumerated),
        cmocka_unit_test(membership_parts),
        cmocka_unit_test(membership_degenerate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
