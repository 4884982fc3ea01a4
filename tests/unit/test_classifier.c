/* The built-in classifier, the reliability of its confidence, and the split it is trained on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/rng.h"
#include "replay/classify/classifier.h"
#include "replay/split.h"
#include "stats/reliability.h"
#include "tests/unit/bundled_trace.h"

/* ---- classifier ---- */

static void
words_decide(void **state)
{
    static const char *const text[] = {"reset my password",
                                       "password locked account",
                                       "printer out of paper",
                                       "the printer jams",
                                       "",
                                       "  ?!"};
    static const uint32_t label[] = {5, 5, 2, 2, 2, 7};
    struct rg_classifier *c = rg_classifier_of(text, label, 6, 9);
    double password, printer, mixed;

    (void)state;
    assert_non_null(c);
    assert_int_equal(rg_classifier_label(c, "PASSWORD forgotten", &password), 5);
    assert_int_equal(rg_classifier_label(c, "new printer, paper", &printer), 2);
    assert_true(password > 0.5 && password < 1 && printer > 0.5 && printer < 1);
    /* Less sure when both are there. */
    (void)rg_classifier_label(c, "printer asks for password", &mixed);
    assert_true(mixed < password && mixed >= 0.5);
    /* Nothing known: equal chances, the first by name. */
    assert_int_equal(rg_classifier_label(c, "zebra", &mixed), 2);
    assert_true(fabs(mixed - 0.5) < 1e-15);
    assert_int_equal(rg_classifier_label(c, "", &mixed), RG_NAMES_NONE);
    assert_true(isnan(mixed));
    assert_int_equal(rg_classifier_label(c, "... --", &mixed), RG_NAMES_NONE);
    rg_classifier_free(c);
}

/* By hand, with two one-word texts for each of two categories: all idf are equal, and with u, v the
 * centroids' shares of a word, softmax of cosines. "a" stands in both texts of category 0, "b" in
 * one of category 1 and "c" in the other: cos(a, 0) = 1, cos(b, 1) = 1/sqrt 2. */
static void
cosines_are_those_of_centroids(void **state)
{
    static const char *const text[] = {"a", "a", "b", "c"};
    static const uint32_t label[] = {0, 0, 1, 1};
    struct rg_classifier *c = rg_classifier_of(text, label, 4, 2);
    double s, confidence;

    (void)state;
    assert_non_null(c);
    s = rg_classifier_sharpness(c);
    assert_true(s > 0);
    assert_int_equal(rg_classifier_label(c, "a", &confidence), 0);
    assert_true(fabs(confidence - 1 / (1 + exp(-s))) < 1e-14);
    assert_int_equal(rg_classifier_label(c, "b", &confidence), 1);
    assert_true(fabs(confidence - 1 / (1 + exp(-s * sqrt(0.5)))) < 1e-14);
    /* Held out, "a" still has cosines 1 and 0, but "b" and "c" 0 and 0: the likelihood is that of
     * the two alone, which smoothed targets (5/6 of 1, 1/6 of 0) make greatest at ln 5. */
    assert_true(fabs(s - log(5)) < 1e-9);
    rg_classifier_free(c);
}

static void
one_category_is_none(void **state)
{
    static const char *const text[] = {"a", "b", ""};
    static const uint32_t label[] = {1, 1, 0};

    (void)state;
    assert_null(rg_classifier_of(text, label, 3, 2));
    assert_null(rg_classifier_of(text, label, 0, 0));
    rg_classifier_free(NULL);
}

static uint32_t *
all_queries(const struct rg_trace *t)
{
    uint32_t *all = rg_alloc(t->n_queries, sizeof *all);

    for (uint32_t q = 0; q < t->n_queries; q++)
        all[q] = q;
    return all;
}

/* On the bundled trace, trained on a half: much better than the largest category, and its
 * confidence is near its accuracy. Bounds leave room for the 120 test queries of each split. */
static void
labels_and_confidence_are_good_on_unseen_queries(void **state)
{
    enum { SPLITS = 6 };
    struct rg_trace *t = bundled_trace();
    size_t n = t->n_queries, n_train, n_test, all_n = 0;
    uint32_t *all = all_queries(t), *train = rg_alloc(n, 4), *test = rg_alloc(n, 4);
    uint32_t *label = rg_alloc(n, sizeof *label);
    double *confidence = rg_alloc(n, sizeof *confidence);
    double *said = rg_alloc(n * SPLITS, sizeof *said);
    uint8_t *right = rg_alloc(n * SPLITS, 1);
    struct rg_reliability_bin bin[RG_RELIABILITY_BINS];
    struct rg_reliability r;
    struct rg_err err;

    (void)state;
    for (uint64_t seed = 0; seed < SPLITS; seed++) {
        struct rg_classifier *c;

        rg_split(t, all, n, 0.5, seed, train, &n_train, test, &n_test);
        assert_int_equal(rg_classifier_train(&c, t, train, n_train, &err), RG_OK);
        assert_int_equal(rg_classifier_queries(c, t, label, confidence, &err), RG_OK);
        for (size_t i = 0; i < n_test; i++) {
            said[all_n] = confidence[test[i]];
            right[all_n++] = label[test[i]] == t->queries.category[test[i]];
        }
        rg_classifier_free(c);
    }
    r = rg_reliability_table(said, right, all_n, bin, RG_RELIABILITY_BINS);
    assert_int_equal(r.left_out, 0);
    assert_true(r.accuracy > 0.65);
    assert_true(r.ece < 0.12);
    assert_true(fabs(r.accuracy - r.confidence) < 0.12);
    /* The surer, the better. */
    assert_true(bin[9].n > 100 && bin[9].accuracy > 0.9);
    assert_true(bin[2].n > 20 && bin[2].accuracy < 0.6);
    free(all);
    free(train);
    free(test);
    free(label);
    free(confidence);
    free(said);
    free(right);
    rg_trace_close(t);
}

/* What it says of a query does not depend on that query's category, nor on any other outside. */
static void
categories_of_other_queries_are_not_seen(void **state)
{
    struct rg_trace *t = bundled_trace();
    size_t n = t->n_queries, n_train, n_test;
    uint32_t *all = all_queries(t), *train = rg_alloc(n, 4), *test = rg_alloc(n, 4);
    uint32_t *label[2];
    double *confidence[2];
    struct rg_err err;

    (void)state;
    rg_split(t, all, n, 0.5, 1, train, &n_train, test, &n_test);
    for (int i = 0; i < 2; i++) {
        struct rg_classifier *c;

        label[i] = rg_alloc(n, sizeof *label[i]);
        confidence[i] = rg_alloc(n, sizeof *confidence[i]);
        assert_int_equal(rg_classifier_train(&c, t, train, n_train, &err), RG_OK);
        for (size_t k = 0; k < n_test; k++)
            t->queries.category[test[k]] = (uint32_t)(k % t->n_categories);
        assert_int_equal(rg_classifier_queries(c, t, label[i], confidence[i], &err), RG_OK);
        rg_classifier_free(c);
    }
    assert_memory_equal(label[0], label[1], n * sizeof *label[0]);
    assert_memory_equal(confidence[0], confidence[1], n * sizeof *confidence[0]);
    for (size_t i = 0; i < n_train; i++)
        t->queries.category[train[i]] = 0;
    {
        struct rg_classifier *c;

        assert_int_equal(rg_classifier_train(&c, t, train, n_train, &err), RG_EINPUT);
        assert_null(c);
        assert_non_null(strstr(err.text, "the classifier has nothing to learn from: of 120 train "
                                         "queries 120 have a text and a category, and these are of "
                                         "fewer than two categories"));
    }
    for (int i = 0; i < 2; i++) {
        free(label[i]);
        free(confidence[i]);
    }
    free(all);
    free(train);
    free(test);
    rg_trace_close(t);
}

/* ---- reliability ---- */

static void
the_table_counts_by_hand(void **state)
{
    static const double confidence[] = {0, 0.1, 0.5, 0.50001, 1, 0.9, NAN, 0.95};
    static const uint8_t right[] = {0, 1, 1, 0, 1, 7, 1, 0};
    struct rg_reliability_bin b[2];
    struct rg_reliability r = rg_reliability_table(confidence, right, 8, b, 2);

    (void)state;
    assert_int_equal(r.n, 7);
    assert_int_equal(r.left_out, 1);
    assert_int_equal(r.right, 4);
    assert_int_equal(b[0].n, 3); /* 0.5 belongs to the lower bin */
    assert_int_equal(b[0].right, 2);
    assert_int_equal(b[1].n, 4);
    assert_int_equal(b[1].right, 2);
    assert_true(fabs(b[0].confidence - 0.2) < 1e-15);
    assert_true(fabs(b[1].confidence - 3.35001 / 4) < 1e-15);
    assert_true(fabs(r.mce - (2 / 3. - 0.2)) < 1e-15);
    assert_true(fabs(r.ece - (3 * (2 / 3. - 0.2) + 4 * (3.35001 / 4 - 0.5)) / 7) < 1e-15);
    assert_true(fabs(r.confidence - 3.95001 / 7) < 1e-15 && fabs(r.accuracy - 4 / 7.) < 1e-15);
}

static void
no_observations_are_defined(void **state)
{
    struct rg_reliability_bin b[3];
    struct rg_reliability r = rg_reliability_table(NULL, NULL, 0, b, 3);

    (void)state;
    assert_int_equal(r.n, 0);
    assert_true(isnan(r.ece) && isnan(r.mce) && isnan(r.accuracy) && isnan(r.confidence));
    assert_true(isnan(b[2].confidence) && isnan(b[2].accuracy) && b[2].n == 0);
    assert_true(b[0].lo == 0 && b[2].hi == 1 && b[1].lo == b[0].hi);
}

/* A multiple of the width is the upper bound of its bin, also where rounding would say otherwise.
 */
static void
bounds_belong_to_the_lower_bin(void **state)
{
    static const uint8_t right[1] = {1};
    struct rg_reliability_bin b[49];

    (void)state;
    for (size_t bins = 1; bins <= 49; bins++) {
        for (size_t m = 1; m <= bins; m++) {
            double x = (double)m / (double)bins;

            (void)rg_reliability_table(&x, right, 1, b, bins);
            assert_int_equal(b[m - 1].n, 1);
            assert_true(x > b[m - 1].lo && x <= b[m - 1].hi);
        }
    }
}

/* Confidences that are true by construction have a small error, and overstated ones their excess.
 */
static void
calibration_is_seen(void **state)
{
    enum { N = 100000 };
    gsl_rng *rng = rg_rng_new(2, 0, RG_PURPOSE_TEST);
    double *x = rg_alloc(N, sizeof *x);
    uint8_t *right = rg_alloc(N, 1);
    struct rg_reliability_bin b[RG_RELIABILITY_BINS];
    struct rg_reliability r;

    (void)state;
    for (int i = 0; i < N; i++) {
        x[i] = rg_rng_unit(rng);
        right[i] = rg_rng_unit(rng) < x[i];
    }
    r = rg_reliability_table(x, right, N, b, RG_RELIABILITY_BINS);
    assert_true(r.ece < 0.01 && r.mce < 0.02);
    for (int i = 0; i < N; i++)
        x[i] = 0.8 + 0.2 * x[i]; /* mean 0.9 for a half that is right */
    r = rg_reliability_table(x, right, N, b, RG_RELIABILITY_BINS);
    assert_true(fabs(r.ece - 0.4) < 0.01);
    free(x);
    free(right);
    gsl_rng_free(rng);
}

/* ---- split ---- */

/* A trace of which only the categories matter. */
static struct rg_trace
with_categories(uint32_t *category, size_t n, size_t categories)
{
    return (struct rg_trace){
        .n_queries = n, .n_categories = categories, .queries = {.category = category}};
}

static size_t
count_of(const struct rg_trace *t, const uint32_t *queries, size_t n, uint32_t category)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += t->queries.category[queries[i]] == category;
    return found;
}

static void
each_category_keeps_its_share(void **state)
{
    enum { N = 163 };
    /* Sizes 100, 50, 9, 2, 1 and one without a category. */
    static const size_t size[] = {100, 50, 9, 2, 1};
    static const struct {
        double share;
        size_t train[5], none;
    } cases[] = {{0.5, {50, 25, 5, 1, 1}, 1},
                 {0.01, {1, 1, 1, 1, 0}, 0},
                 {0.99, {99, 49, 8, 1, 1}, 1},
                 {0, {0, 0, 0, 0, 0}, 0},
                 {1, {100, 50, 9, 2, 1}, 1}};
    uint32_t category[N], queries[N], train[N], test[N];
    struct rg_trace t = with_categories(category, N, 5);
    size_t n_train, n_test, at = 0;

    (void)state;
    for (uint32_t k = 0; k < 5; k++)
        for (size_t i = 0; i < size[k]; i++)
            category[at++] = k;
    category[at] = RG_NAMES_NONE;
    for (uint32_t i = 0; i < N; i++)
        queries[i] = N - 1 - i;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t seen[N] = {0};

        rg_split(&t, queries, N, cases[i].share, 4, train, &n_train, test, &n_test);
        assert_int_equal(n_train + n_test, N);
        for (uint32_t k = 0; k < 5; k++)
            assert_int_equal(count_of(&t, train, n_train, k), cases[i].train[k]);
        assert_int_equal(count_of(&t, train, n_train, RG_NAMES_NONE), cases[i].none);
        for (size_t j = 0; j < n_train; j++)
            seen[train[j]]++;
        for (size_t j = 0; j < n_test; j++)
            seen[test[j]]++;
        for (size_t j = 0; j < N; j++)
            assert_int_equal(seen[j], 1);
        for (size_t j = 1; j < n_train; j++)
            assert_true(train[j - 1] < train[j]);
        for (size_t j = 1; j < n_test; j++)
            assert_true(test[j - 1] < test[j]);
    }
}

static void
a_split_depends_on_the_seed_alone(void **state)
{
    enum { N = 200 };
    uint32_t category[N], forth[N], back[N], train[4][N], test[N];
    struct rg_trace t = with_categories(category, N, 2);
    size_t n_train, n_test;

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        category[i] = i % 2;
        forth[i] = i;
        back[i] = N - 1 - i;
    }
    rg_split(&t, forth, N, 0.5, 1, train[0], &n_train, test, &n_test);
    rg_split(&t, back, N, 0.5, 1, train[1], &n_train, test, &n_test);
    assert_memory_equal(train[0], train[1], n_train * sizeof *forth);
    rg_split(&t, forth, N, 0.5, 2, train[2], &n_train, test, &n_test);
    assert_true(memcmp(train[0], train[2], n_train * sizeof *forth) != 0);
    /* The other category away: the same choice within this one. */
    for (uint32_t i = 0; i < N / 2; i++)
        forth[i] = 2 * i;
    rg_split(&t, forth, N / 2, 0.5, 1, train[3], &n_train, test, &n_test);
    for (size_t i = 0, j = 0; i < N / 2; i++)
        if (train[0][i] % 2 == 0)
            assert_int_equal(train[0][i], train[3][j++]);
    rg_split(&t, NULL, 0, 0.5, 1, train[0], &n_train, test, &n_test);
    assert_int_equal(n_train + n_test, 0);
}

/* Every query is as likely as any other to be trained on. */
static void
a_split_is_fair(void **state)
{
    enum { N = 20, TIMES = 4000 };
    uint32_t category[N] = {0}, all[N], train[N], test[N];
    struct rg_trace t = with_categories(category, N, 1);
    size_t n_train, n_test, times[N] = {0};

    (void)state;
    for (uint32_t i = 0; i < N; i++)
        all[i] = i;
    for (uint64_t seed = 0; seed < TIMES; seed++) {
        rg_split(&t, all, N, 0.3, seed, train, &n_train, test, &n_test);
        for (size_t i = 0; i < n_train; i++)
            times[train[i]]++;
    }
    for (size_t i = 0; i < N; i++)
        assert_true(fabs((double)times[i] - 0.3 * TIMES) < 5 * sqrt(TIMES * 0.3 * 0.7));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_decide),
        cmocka_unit_test(cosines_are_those_of_centroids),
        cmocka_unit_test(one_category_is_none),
        cmocka_unit_test(labels_and_confidence_are_good_on_unseen_queries),
        cmocka_unit_test(categories_of_other_queries_are_not_seen),
        cmocka_unit_test(the_table_counts_by_hand),
        cmocka_unit_test(no_observations_are_defined),
        cmocka_unit_test(bounds_belong_to_the_lower_bin),
        cmocka_unit_test(calibration_is_seen),
        cmocka_unit_test(each_category_keeps_its_share),
        cmocka_unit_test(a_split_depends_on_the_seed_alone),
        cmocka_unit_test(a_split_is_fair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
