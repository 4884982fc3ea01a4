/* Hashed TF-IDF, sparse vectors, words, BM25. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/rng.h"
#include "replay/features/sparse.h"
#include "replay/features/tfidf.h"
#include "replay/features/words.h"
#include "replay/memory/bm25.h"
#include "replay/memory/hit.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static void
near(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-14 * fmax(1, fabs(expected))))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

/* ---- hashed TF-IDF ----
 * The numbers are those of a separate program in Python (re, zlib.crc32, math.log), D = 256. */
static const char *const train[] = {"Red fox, red DOG!", "the dog", "na\xc3\xafve 2-fold"};

static void
vectors(void **state)
{
    static const uint32_t at[] = {73, 125, 131, 143, 210, 230};
    static const double weight[] = {.37733038230498545, .286969481604558,   .37733038230498545,
                                    .6388758729392925,  .37733038230498545, .286969481604558};
    struct rg_tfidf *m = rg_tfidf_of(RG_TFIDF_NARROW, train, LENGTH(train));
    struct rg_sparse v = {0}, q = {0};

    (void)state;
    near(rg_tfidf_idf(m, 125), 1.2876820724517808);
    rg_tfidf_vector(m, train[0], &v);
    assert_int_equal(v.n, LENGTH(at));
    for (size_t i = 0; i < v.n; i++) {
        assert_int_equal(v.at[i], at[i]);
        near(v.weight[i], weight[i]);
    }
    rg_tfidf_vector(m, "red dog", &q);
    assert_int_equal(q.n, 3);
    near(q.weight[0], .6227660078332259);
    near(q.weight[1], .4736296010332684);
    near(rg_sparse_dot(&q, &v), .7687759537947219);
    rg_tfidf_vector(m, train[1], &v);
    near(rg_sparse_dot(&q, &v), .24527198569314443);
    rg_tfidf_vector(m, train[2], &v);
    assert_int_equal(v.n, 5); /* three tokens, two pairs */
    near(rg_sparse_dot(&q, &v), 0);
    rg_sparse_clear(&v);
    rg_sparse_clear(&q);
    rg_tfidf_free(m);
}

/* A token longer than the block in which bytes are hashed, and texts without any. */
static void
odd_texts(void **state)
{
    struct rg_tfidf *m = rg_tfidf_of(RG_TFIDF_WIDE, NULL, 0);
    struct rg_sparse v = {0};
    char text[130] = {0};

    (void)state;
    /* zlib.crc32(b"x" * n) & 16383, n = 63, 64, 65, 128 */
    static const struct {
        size_t n;
        uint32_t bucket;
    } cases[] = {{63, 11327}, {64, 11282}, {65, 13671}, {128, 2615}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        memset(text, 0, sizeof text);
        memset(text, i % 2 ? 'x' : 'X', cases[i].n);
        rg_tfidf_vector(m, text, &v);
        assert_int_equal(v.n, 1);
        assert_int_equal(v.at[0], cases[i].bucket);
        near(v.weight[0], 1);
    }
    rg_tfidf_vector(m, "hello", &v);
    assert_int_equal(v.at[0], 0x3610a686 & (RG_TFIDF_WIDE - 1));
    rg_tfidf_vector(m, " .,;\t!", &v);
    assert_int_equal(v.n, 0);
    rg_tfidf_vector(m, "", &v);
    assert_int_equal(v.n, 0);
    rg_tfidf_vector(m, "\xff\xfe bad bytes", &v); /* not UTF-8: bytes like any other */
    assert_int_equal(v.n, 5);
    rg_sparse_clear(&v);
    rg_tfidf_free(m);
}

/* The inverted index gives what the vectors give, to the bit. */
static void
postings_equal_products(void **state)
{
    enum { ROWS = 60, PLACES = 40 };
    struct rg_postings *p = rg_postings_new(PLACES);
    struct rg_sparse rows[ROWS] = {{0}}, q = {0};
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    double out[ROWS];

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        uint32_t ids[50];
        size_t n = rg_rng_below(rng, 50);

        for (size_t k = 0; k < n; k++)
            ids[k] = (uint32_t)rg_rng_below(rng, PLACES);
        rg_sparse_count(&rows[i], ids, n);
        for (size_t k = 0; k < rows[i].n; k++)
            rows[i].weight[k] *= rg_rng_unit(rng);
        rg_postings_add(p, &rows[i]);
    }
    assert_int_equal(rg_postings_rows(p), ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        rg_postings_dot(p, &rows[i], out);
        for (size_t k = 0; k < ROWS; k++)
            assert_true(out[k] == rg_sparse_dot(&rows[i], &rows[k]));
    }
    rg_postings_dot(p, &q, out);
    assert_true(out[0] == 0);
    for (size_t i = 0; i < ROWS; i++)
        rg_sparse_clear(&rows[i]);
    rg_postings_free(p);
    gsl_rng_free(rng);
}

static void
words(void **state)
{
    struct rg_names *a = rg_names_new(), *b = rg_names_new();

    (void)state;
    assert_int_equal(rg_words_add(a, " The\tthe \r\n cat, CAT,\v\f x"), 5);
    assert_int_equal(rg_names_count(a), 3);
    assert_int_equal(rg_words_add(b, "cat, dog"), 2);
    assert_int_equal(rg_words_common(a, b), 1);
    assert_int_equal(rg_words_add(NULL, "  "), 0);
    assert_int_equal(rg_words_add(b, ""), 0);
    rg_names_free(a);
    rg_names_free(b);
}

/* ---- BM25 ---- */

static void
scores_are(const char *const *texts, size_t n, const char *query, const double *expected)
{
    struct rg_bm25 *m = rg_bm25_new(texts, n, 1.5, 0.75);
    struct rg_sparse tokens = {0};
    double out[8];

    assert_true(n <= LENGTH(out));
    rg_bm25_scores(m, query, &tokens, out);
    for (size_t i = 0; i < n; i++)
        near(out[i], expected[i]);
    rg_sparse_clear(&tokens);
    rg_bm25_free(m);
}

/* By hand: two texts of 3 and 1 tokens, avgdl 2. "b" is in both: idf ln(0.5/2.5 + 1) = ln 1.2. "a"
 * is in the first alone: idf ln(1.5/1.5 + 1) = ln 2. Norms 1.5 (0.25 + 0.75 * 3/2) = 2.0625 and
 * 1.5 (0.25 + 0.75 / 2) = 0.9375. */
static void
bm25_by_hand(void **state)
{
    static const char *const texts[] = {"A a, B!", "b"};
    const double a = log(2) * 2 * 2.5 / (2 + 2.0625);
    const double b0 = log(1.2) * 2.5 / (1 + 2.0625), b1 = log(1.2) * 2.5 / (1 + 0.9375);

    (void)state;
    scores_are(texts, 2, "a", (const double[]){a, 0});
    scores_are(texts, 2, "b", (const double[]){b0, b1});
    scores_are(texts, 2, "a b", (const double[]){a + b0, b1});
    /* repeated tokens of a query count again */
    scores_are(texts, 2, "b B b", (const double[]){3 * b0, 3 * b1});
    scores_are(texts, 2, "", (const double[]){0, 0});
    scores_are(texts, 2, "?! nosuch \xc3\xa4", (const double[]){0, 0});
}

static const char *const four[] = {
    "the printer is out of toner, order toner",
    "reset a password: the password expires",
    "vpn needs a token; the token is in the mail",
    "order a laptop",
};

/* Python:
 *     def tok(s): return [t.lower() for t in re.findall(r'[A-Za-z0-9_]+', s)]
 *     sum(math.log((N-df+.5)/(df+.5)+1)*f*2.5/(f+1.5*(.25+.75*len(d)/avg)) for t in tok(q))
 * The fifth text changes N, the mean length and how many have "order", so every score moves. */
static void
bm25_reference(void **state)
{
    static const char *const five[] = {four[0], four[1], four[2], four[3], "order order order"};

    (void)state;
    scores_are(four, 4, "order toner, toner please",
               (const double[]){3.886496403055266, 0, 0, 0.9241962407465938});
    scores_are(five, 5, "order toner, toner please",
               (const double[]){4.046226444480876, 0, 0, 0.6954793557841125, 1.0266600013955947});
    scores_are(four, 4, "the password of the vpn token",
               (const double[]){1.769836331264678, 2.5345580326345853, 3.361512287089216, 0});
}

static void
bm25_odd(void **state)
{
    static const char *const blank[] = {"", " . "};
    static const char *const mixed[] = {"", "under_score x2"};
    double expected = log(1.5 / 1.5 + 1) * 2.5 / (1 + 1.5 * (0.25 + 0.75 * 2));

    (void)state;
    scores_are(blank, 2, "x", (const double[]){0, 0});
    scores_are(mixed, 2, "UNDER_SCORE", (const double[]){0, expected});
    scores_are(mixed, 2, "under score", (const double[]){0, 0});
    scores_are(NULL, 0, "x", NULL);
}

/* Against the formula as it stands, over random texts of few words. */
static double
plain(const char *const *texts, size_t n, size_t doc, const char *query)
{
    double total = 0, score = 0;
    struct rg_buf w = {0}, x = {0};

    for (size_t i = 0; i < n; i++)
        total += (double)rg_words_add(NULL, texts[i]);
    for (const char *s = query; rg_words_next(&s, &w);) {
        double df = 0, f = 0, len = (double)rg_words_add(NULL, texts[doc]);

        for (size_t i = 0; i < n; i++) {
            double count = 0;

            for (const char *t = texts[i]; rg_words_next(&t, &x);)
                count += strcmp(w.data, x.data) == 0;
            df += count > 0;
            if (i == doc)
                f = count;
        }
        if (f > 0)
            score += log(((double)n - df + 0.5) / (df + 0.5) + 1) * f * 2.2 /
                     (f + 1.2 * (0.4 + 0.6 * len / (total / (double)n)));
    }
    rg_buf_clear(&w);
    rg_buf_clear(&x);
    return score;
}

static char *
random_text(gsl_rng *rng, size_t max)
{
    struct rg_buf text = {0};

    rg_buf_puts(&text, "");
    for (size_t n = rg_rng_below(rng, max); n > 0; n--)
        rg_buf_printf(&text, "w%d ", (int)rg_rng_below(rng, 12));
    return rg_buf_take(&text);
}

/* Best by sorting everything. */
static int
by_rank(const void *a, const void *b)
{
    const struct rg_hit *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static bool
is_multiple_of_7(const void *ctx, uint32_t at)
{
    (void)ctx;
    return at % 7 == 0;
}

static void
check_best(const double *scores, size_t n, size_t top, bool filter)
{
    struct rg_hit all[32], found[32];
    size_t n_all = 0, n_found;

    for (size_t i = 0; i < n; i++)
        if (scores[i] > 0 && !(filter && i % 7 == 0))
            all[n_all++] = (struct rg_hit){(uint32_t)i, scores[i]};
    qsort(all, n_all, sizeof *all, by_rank);
    n_found = rg_hit_best(scores, n, top,
                          (struct rg_hit_filter){filter ? is_multiple_of_7 : NULL, NULL}, found);
    assert_int_equal(n_found, n_all < top ? n_all : top);
    for (size_t i = 0; i < n_found; i++) {
        assert_int_equal(found[i].at, all[i].at);
        assert_true(found[i].score == all[i].score);
    }
}

static void
random_corpora(void **state)
{
    gsl_rng *rng = rg_rng_new(7, 0, RG_PURPOSE_TEST);

    (void)state;
    for (int round = 0; round < 60; round++) {
        size_t n = 1 + rg_rng_below(rng, 20);
        char *texts[20], *query = random_text(rng, 8);
        struct rg_sparse tokens = {0};
        struct rg_bm25 *m;
        double scores[20];

        for (size_t i = 0; i < n; i++)
            texts[i] = random_text(rng, 10);
        m = rg_bm25_new((const char *const *)texts, n, 1.2, 0.6);
        rg_bm25_scores(m, query, &tokens, scores);
        for (size_t i = 0; i < n; i++) {
            double expected = plain((const char *const *)texts, n, i, query);

            if (fabs(scores[i] - expected) > 1e-12 * fmax(1, expected))
                fail_msg("'%s' in '%s': %.17g, expected %.17g", query, texts[i], scores[i],
                         expected);
        }
        check_best(scores, n, 1 + rg_rng_below(rng, 6), round % 2);
        for (size_t i = 0; i < n; i++)
            free(texts[i]);
        free(query);
        rg_sparse_clear(&tokens);
        rg_bm25_free(m);
    }
    gsl_rng_free(rng);
}

/* Ties, none above 0, none wanted. */
static void
best_of_equals(void **state)
{
    static const double equal[] = {1, 1, 2, 1, 2, NAN, 0, -1};
    struct rg_hit out[8];

    (void)state;
    check_best(equal, 5, 3, false);
    assert_int_equal(rg_hit_best(equal, 8, 8, (struct rg_hit_filter){0}, out), 5);
    assert_int_equal(rg_hit_best(equal + 5, 3, 3, (struct rg_hit_filter){0}, out), 0);
    assert_int_equal(rg_hit_best(equal, 8, 0, (struct rg_hit_filter){0}, out), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),        cmocka_unit_test(odd_texts),
        cmocka_unit_test(words),          cmocka_unit_test(postings_equal_products),
        cmocka_unit_test(bm25_by_hand),   cmocka_unit_test(bm25_reference),
        cmocka_unit_test(bm25_odd),       cmocka_unit_test(random_corpora),
        cmocka_unit_test(best_of_equals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
