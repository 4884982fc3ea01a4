/* Routers that learn, on recorded data against reference values (learn_reference.h): everything
 * that has one right answer to 1e-9, picks exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/csv.h"
#include "base/sort.h"
#include "replay/features/tfidf.h"
#include "replay/learn/clusters.h"
#include "replay/learn/dense.h"
#include "replay/learn/knn.h"
#include "replay/learn/linear.h"
#include "replay/learn/mersenne.h"
#include "replay/learn/neighbours.h"
#include "replay/learn/rating.h"
#include "stats/router_curve.h"
#include "stats/router_metrics.h"
#include "tests/unit/learn_reference.h"

static struct reference ref;

/* ---- RouterDC's files ---- */

struct scores {
    char **text;
    double *y;
    char **models;
    size_t n, m;
};

static void
scores_load(struct scores *s, const char *name, bool probability)
{
    char *path = reference_path(name);
    struct rg_buf in = {0};
    struct rg_json doc;
    struct rg_err err;
    const cJSON *row, *x;

    if (rg_file_read(path, 1 << 28, &in, &err) != RG_OK ||
        rg_json_parse(&doc, in.data, in.len, path, 1, 0, &err) != RG_OK)
        fail_msg("%s", err.text);
    *s = (struct scores){.n = (size_t)cJSON_GetArraySize(doc.root)};
    x = cJSON_GetObjectItemCaseSensitive(doc.root->child, "scores");
    s->m = (size_t)cJSON_GetArraySize(x);
    s->models = rg_alloc(s->m, sizeof *s->models);
    s->text = rg_alloc(s->n, sizeof *s->text);
    s->y = rg_alloc(s->n * s->m, sizeof *s->y);
    for (size_t j = 0; j < s->m; j++)
        s->models[j] = rg_strdup(cJSON_GetArrayItem(x, (int)j)->string);
    row = doc.root->child;
    for (size_t i = 0; i < s->n; i++, row = row->next) {
        const cJSON *of = cJSON_GetObjectItemCaseSensitive(row, "scores");

        s->text[i] = rg_strdup(cJSON_GetObjectItemCaseSensitive(row, "question")->valuestring);
        for (size_t j = 0; j < s->m; j++) {
            double y = cJSON_GetObjectItemCaseSensitive(of, s->models[j])->valuedouble;

            s->y[i * s->m + j] = probability ? y > 0 : y;
        }
    }
    rg_json_clear(&doc);
    rg_buf_clear(&in);
    free(path);
}

static void
scores_clear(struct scores *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->text[i]);
    for (size_t j = 0; j < s->m; j++)
        free(s->models[j]);
    free(s->text);
    free(s->models);
    free(s->y);
}

/* ---- fitted on a train file, judged on a test file ---- */

struct fitted {
    const char *section;
    struct scores train, test;
    struct rg_tfidf *wide;
    struct rg_knn *index;
    double *x, *x_test; /* 256 numbers a text */
};

static double *
written_out(const struct rg_tfidf *m, const struct scores *s, size_t dim)
{
    double *x = rg_zalloc(s->n * dim, sizeof *x);
    struct rg_sparse v = {0};

    for (size_t i = 0; i < s->n; i++) {
        rg_tfidf_vector(m, s->text[i], &v);
        for (size_t k = 0; k < v.n; k++)
            x[i * dim + v.at[k]] = v.weight[k];
    }
    rg_sparse_clear(&v);
    return x;
}

static void
fitted_init(struct fitted *f, const char *section, const char *train, const char *test,
            bool probability)
{
    struct rg_tfidf *narrow;
    struct rg_sparse *rows;
    const char *const *texts;

    f->section = section;
    scores_load(&f->train, train, probability);
    scores_load(&f->test, test, probability);
    texts = (const char *const *)f->train.text;
    f->wide = rg_tfidf_of(RG_TFIDF_WIDE, texts, f->train.n);
    rows = rg_zalloc(f->train.n, sizeof *rows);
    for (size_t i = 0; i < f->train.n; i++)
        rg_tfidf_vector(f->wide, f->train.text[i], &rows[i]);
    f->index = rg_knn_sparse(rows, f->train.n, RG_TFIDF_WIDE);
    for (size_t i = 0; i < f->train.n; i++)
        rg_sparse_clear(&rows[i]);
    free(rows);
    narrow = rg_tfidf_of(RG_TFIDF_NARROW, texts, f->train.n);
    f->x = written_out(narrow, &f->train, RG_TFIDF_NARROW);
    f->x_test = written_out(narrow, &f->test, RG_TFIDF_NARROW);
    rg_tfidf_free(narrow);
}

static void
fitted_clear(struct fitted *f)
{
    scores_clear(&f->train);
    scores_clear(&f->test);
    rg_tfidf_free(f->wide);
    rg_knn_free(f->index);
    free(f->x);
    free(f->x_test);
}

/* mu_o, V_B and how often each model was picked; p (NULL: none): probabilities for E_p. */
static void
check_picks(const struct fitted *f, const char *tag, const uint32_t *pick, const double *p)
{
    size_t n = f->test.n, m = f->test.m;
    double mu = rg_router_metrics_mean_picked(f->test.y, n, m, pick);
    double count[16] = {0};
    char key[100];

    snprintf(key, sizeof key, "%s/mu_o", tag);
    reference_is(&ref, f->section, key, mu);
    snprintf(key, sizeof key, "%s/V_B", tag);
    reference_is(&ref, f->section, key, mu / rg_router_metrics_best_single(f->test.y, n, m));
    for (size_t i = 0; i < n; i++)
        count[pick[i]] += 1;
    snprintf(key, sizeof key, "%s/pick_counts", tag);
    reference_are(&ref, f->section, key, count, m);
    if (!p)
        return;
    snprintf(key, sizeof key, "%s/E_p", tag);
    reference_is(&ref, f->section, key, rg_router_metrics_entropy(p, n, m, 1e-10));
}

static void
softmax(double *x, size_t m)
{
    double top = x[rg_dense_argmax(x, m)], sum = 0;

    for (size_t j = 0; j < m; j++)
        sum += x[j] = exp(x[j] - top);
    for (size_t j = 0; j < m; j++)
        x[j] /= sum;
}

/* Picks by the greatest value; then values become probabilities. */
static void
check_values(const struct fitted *f, const char *tag, double *value, bool entropy)
{
    uint32_t *pick = rg_alloc(f->test.n, sizeof *pick);

    for (size_t i = 0; i < f->test.n; i++) {
        pick[i] = (uint32_t)rg_dense_argmax(value + i * f->test.m, f->test.m);
        if (entropy)
            softmax(value + i * f->test.m, f->test.m);
    }
    check_picks(f, tag, pick, entropy ? value : NULL);
    free(pick);
}

/* Sizes, bounds, and what the texts became. */
static void
check_texts(const struct fitted *f)
{
    size_t n = f->test.n, m = f->test.m, nnz = 0, best, zeros = 0;
    struct rg_router_metrics_partial_oracle bound[2];
    double idf = 0, mean[16] = {0}, picked = 0;
    struct rg_sparse v = {0};

    for (int p = 0; p < 2; p++)
        bound[p] = rg_router_metrics_partial_oracle(f->test.y, n, m, p);
    for (size_t i = 0; i < f->train.n; i++) {
        rg_tfidf_vector(f->wide, f->train.text[i], &v);
        nnz += v.n;
        for (size_t j = 0; j < m; j++)
            mean[j] += f->train.y[i * m + j];
    }
    best = rg_dense_argmax(mean, m);
    for (uint32_t b = 0; b < RG_TFIDF_WIDE; b++)
        idf += rg_tfidf_idf(f->wide, b);
    for (size_t i = 0; i < n; i++) {
        const double *y = f->test.y + i * m;

        zeros += !(y[rg_dense_argmax(y, m)] > 0);
        picked += y[best];
    }
    reference_is(&ref, f->section, "n_train", (double)f->train.n);
    reference_is(&ref, f->section, "n_test", (double)n);
    reference_is(&ref, f->section, "test/random", bound[0].mean);
    reference_is(&ref, f->section, "test/oracle", bound[1].mean);
    reference_is(&ref, f->section, "test/best_train_model", picked / (double)n);
    reference_is(&ref, f->section, "test/n_all_zero", (double)zeros);
    reference_is(&ref, f->section, "htf16384/train_nnz", (double)nnz);
    reference_is(&ref, f->section, "htf16384/idf_sum", idf);
    rg_sparse_clear(&v);
}

/* How many predictions, and how many borders of neighbourhoods, are ties, or so near to one that
 * the order of additions decides. near: similarities of NEAR neighbours a row, falling. */
enum { NEAR = 101 };
static void
check_ties(const struct fitted *f, size_t k, const double *value, const double *near)
{
    size_t count[4] = {0}, m = f->test.m;
    static const char *const names[] = {"n_exact_ties", "n_fp_fragile_ties",
                                        "n_boundary_exact_ties", "n_boundary_fp_fragile"};
    char key[80];

    for (size_t i = 0; i < f->test.n; i++) {
        double x[16], gap, edge = near[i * NEAR + k - 1] - near[i * NEAR + k];

        memcpy(x, value + i * m, m * sizeof *x);
        rg_sort(x, m);
        gap = x[m - 1] - x[m - 2];
        count[0] += !(gap > 0);
        count[1] += gap > 0 && gap < 1e-12;
        count[2] += !(edge > 0);
        count[3] += edge > 0 && edge < 1e-12;
    }
    for (size_t c = 0; c < 4; c++) {
        snprintf(key, sizeof key, "knn%zu_routereval/%s", k, names[c]);
        reference_is(&ref, f->section, key, (double)count[c]);
    }
}

static void
check_neighbours(const struct fitted *f)
{
    static const size_t ks[] = {1, 5, 10, 40, 100};
    static const char *const names[] = {"routereval", "vote_llmrouter", "simweighted"};
    double *value = rg_alloc(f->test.n * f->test.m, sizeof *value);
    uint32_t *row = rg_alloc(f->test.n * NEAR, sizeof *row);
    double *near = rg_alloc(f->test.n * NEAR, sizeof *near), top = 0, five[5];
    struct rg_sparse v = {0};
    char tag[64];

    for (size_t i = 0; i < f->test.n; i++) {
        rg_tfidf_vector(f->wide, f->test.text[i], &v);
        assert_int_equal(rg_knn_find_sparse(f->index, &v, NEAR, row + i * NEAR, near + i * NEAR),
                         NEAR);
        top += near[i * NEAR];
    }
    reference_is(&ref, f->section, "htf16384/sum_top1_sim", top);
    for (size_t r = 0; r < 5; r++)
        five[r] = row[r];
    reference_are(&ref, f->section, "htf16384/test0_top5_rows", five, 5);
    reference_are(&ref, f->section, "htf16384/test0_top5_sim", near, 5);
    for (size_t k = 0; k < 5; k++)
        for (int how = 0; how < 3; how++) {
            for (size_t i = 0; i < f->test.n; i++)
                rg_neighbours_values((enum rg_neighbours_how)how, row + i * NEAR, near + i * NEAR,
                                     ks[k], f->train.y, f->train.m, value + i * f->test.m);
            if (how == 0)
                check_ties(f, ks[k], value, near);
            snprintf(tag, sizeof tag, "knn%zu_%s", ks[k], names[how]);
            check_values(f, tag, value, how == 0);
        }
    rg_sparse_clear(&v);
    free(value);
    free(row);
    free(near);
}

static void
check_linear(const struct fitted *f)
{
    size_t d = RG_TFIDF_NARROW, m = f->train.m;
    double *w = rg_alloc(m * (d + 1), sizeof *w);
    double *value = rg_alloc(f->test.n * m, sizeof *value);
    char key[120];

    rg_linear_ridge(f->x, f->train.y, f->train.n, d, m, 1, w);
    rg_linear_apply(f->x_test, w, f->test.n, d, m, value);
    reference_are(&ref, f->section, "ridge256_lambda1/pred_test0", value, m);
    check_values(f, "ridge256_lambda1", value, true);
    for (size_t j = 0; j < m; j++) {
        rg_linear_logistic(f->x, f->train.y + j, m, f->train.n, d, 1, w + j * (d + 1));
        snprintf(key, sizeof key, "logit256_lambda1/%s/bias", f->train.models[j]);
        reference_is(&ref, f->section, key, w[j * (d + 1) + d]);
    }
    rg_linear_apply(f->x_test, w, f->test.n, d, m, value);
    for (size_t j = 0; j < m; j++)
        w[j] = rg_linear_sigmoid(value[j]);
    reference_are(&ref, f->section, "logit256_lambda1/prob_test0", w, m);
    check_values(f, "logit256_lambda1", value, true);
    free(w);
    free(value);
}

/* Best model by mean score of the rows of a cluster; of all rows where it has none. */
static uint32_t
best_of(const struct scores *s, const uint32_t *member, uint32_t cluster)
{
    double sum[16] = {0};
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (!member || member[i] == cluster) {
            for (size_t j = 0; j < s->m; j++)
                sum[j] += s->y[i * s->m + j];
            n++;
        }
    for (size_t j = 0; j < s->m && n > 0; j++)
        sum[j] /= (double)n;
    return n > 0 ? (uint32_t)rg_dense_argmax(sum, s->m) : best_of(s, NULL, 0);
}

static void
check_clusters(const struct fitted *f, size_t k)
{
    double size[64] = {0}, *far = rg_alloc(f->test.n * k, sizeof *far);
    uint32_t *member = rg_alloc(f->test.n, sizeof *member), model[64];
    double *share = rg_zalloc(f->test.n * f->test.m, sizeof *share);
    struct rg_kmeans means;
    char key[64];

    rg_kmeans_far(f->x, f->train.n, RG_TFIDF_NARROW, k, &means);
    snprintf(key, sizeof key, "kmeans%zu/iterations", k);
    reference_is(&ref, f->section, key, (double)means.rounds);
    snprintf(key, sizeof key, "kmeans%zu/inertia", k);
    reference_is(&ref, f->section, key, means.inertia);
    for (size_t i = 0; i < f->train.n; i++)
        size[means.member[i]] += 1;
    snprintf(key, sizeof key, "kmeans%zu/sizes", k);
    reference_are(&ref, f->section, key, size, k);
    for (uint32_t c = 0; c < k; c++)
        model[c] = best_of(&f->train, means.member, c);
    rg_kmeans_assign(f->x_test, f->test.n, RG_TFIDF_NARROW, means.centres, k, member, far);
    for (size_t i = 0; i < f->test.n; i++) {
        double sum = 0;

        for (size_t c = 0; c < k; c++)
            sum += 1 / (sqrt(far[i * k + c]) + 1e-10);
        for (size_t c = 0; c < k; c++)
            share[i * f->test.m + model[c]] += 1 / (sqrt(far[i * k + c]) + 1e-10) / sum;
        member[i] = model[member[i]];
    }
    snprintf(key, sizeof key, "kmeans%zu_routereval", k);
    check_picks(f, key, member, NULL);
    snprintf(key, sizeof key, "kmeans%zu_routereval/E_p", k);
    reference_is(&ref, f->section, key,
                 rg_router_metrics_entropy(share, f->test.n, f->test.m, 1e-4));
    rg_kmeans_clear(&means);
    free(far);
    free(member);
    free(share);
}

static void
check_ratings(const struct fitted *f, enum rg_rating_how how, const char *tag)
{
    size_t m = f->train.m;
    double *wins = rg_zalloc(m * m, sizeof *wins), *theta = rg_alloc(m, sizeof *theta);
    double sorted[16], *value = rg_alloc(f->test.n * m, sizeof *value);
    uint32_t tier[16];
    struct rg_buf tiers = {0};
    char key[120];

    for (size_t i = 0; i < f->train.n; i++)
        rg_rating_count(how, f->train.y + i * m, m, 1, wins);
    assert_int_equal(rg_rating_fit(wins, m, theta), m);
    for (size_t j = 0; j < m; j++) {
        theta[j] = rg_rating_elo(theta[j]);
        snprintf(key, sizeof key, "%s/%s", tag, f->train.models[j]);
        reference_is(&ref, f->section, key, theta[j]);
    }
    for (size_t i = 0; i < f->test.n; i++)
        memcpy(value + i * m, theta, m * sizeof *value);
    if (how == RG_RATING_FIRST) {
        check_values(f, tag, value, false);
    } else {
        memcpy(value, theta, m * sizeof *value);
        for (size_t j = 0; j < m; j++) {
            size_t best = rg_dense_argmax(value, m);

            sorted[j] = value[best];
            value[best] = NAN;
        }
        rg_rating_tiers(sorted, m, 3, tier);
        for (size_t j = 0; j < m; j++)
            for (size_t i = 0; i < m; i++)
                if (!(theta[i] < sorted[j]) && !(theta[i] > sorted[j]))
                    rg_buf_printf(&tiers, "%s%s:%u", j ? " " : "", f->train.models[i], tier[j]);
        assert_string_equal(rg_buf_text(&tiers),
                            reference_text(&ref, f->section, "tiers3_elo_pairwise"));
        rg_buf_clear(&tiers);
    }
    free(wins);
    free(theta);
    free(value);
}

/* The rating of all models together, weighted as for the pair. */
static double
rate_among_all(const struct fitted *f, const double *similar, size_t strong, size_t weak)
{
    size_t n = f->train.n, m = f->train.m;
    double wins[16 * 16] = {0}, theta[16], top = similar[rg_dense_argmax(similar, n)];

    for (size_t i = 0; i < n; i++)
        rg_rating_count(RG_RATING_PAIRWISE, f->train.y + i * m, m,
                        10 * (top > 0 ? pow(10, similar[i] / top) : 1), wins);
    assert_int_equal(rg_rating_fit(wins, m, theta), m);
    return 1 / (1 + exp(theta[weak] - theta[strong]));
}

/* The curve over ten thresholds of the win rates. */
static void
check_curve(const struct fitted *f, const double *rate, const double *weak, const double *strong)
{
    static const double calibrated[] = {0.1, 0.25, 0.5, 0.75};
    size_t n = f->test.n;
    struct rg_router_curve_point point[11];
    double share[11], quality[11], low = 0, high = 0;
    double *sorted = rg_alloc(n, sizeof *sorted);
    char key[80];

    for (size_t i = 0; i < n; i++) {
        low += 100 * weak[i] / (double)n;
        high += 100 * strong[i] / (double)n;
    }
    memcpy(sorted, rate, n * sizeof *sorted);
    rg_sort(sorted, n);
    rg_router_curve_points(rate, weak, strong, n, sorted, 10, point);
    for (size_t t = 0; t <= 10; t++) {
        share[t] = 100 * point[t].share;
        quality[t] = 100 * point[t].quality;
        snprintf(key, sizeof key, "sw_pair_router/thr%zu", t);
        reference_is(&ref, f->section, key, point[t].threshold);
        snprintf(key, sizeof key, "sw_pair_router/strong_pct%zu", t);
        reference_is(&ref, f->section, key, share[t]);
        snprintf(key, sizeof key, "sw_pair_router/acc%zu", t);
        reference_is(&ref, f->section, key, quality[t]);
    }
    for (int gap = 20; gap <= 80; gap += 30) {
        snprintf(key, sizeof key, "sw_pair_router/CPT%d", gap);
        reference_is(&ref, f->section, key,
                     rg_router_metrics_cpt(share, quality, 11, low, high, gap / 100.0).as_coded);
    }
    reference_is(&ref, f->section, "sw_pair_router/AUC", rg_router_metrics_auc(share, quality, 11));
    reference_is(&ref, f->section, "sw_pair_router/APGR",
                 rg_router_metrics_apgr(share, quality, 11, low, high));
    for (size_t k = 0; k < 4; k++) {
        snprintf(key, sizeof key, "sw_pair_router/calibrated_thr_%g", calibrated[k]);
        reference_is(&ref, f->section, key, rg_quantile7(sorted, n, 1 - calibrated[k]));
    }
    free(sorted);
}

/* Win rates of the best against the worst model of the train queries. */
static void
check_similar(const struct fitted *f)
{
    size_t n = f->train.n, m = f->train.m, strong, weak;
    double mean[16] = {0}, *similar = rg_alloc(n, sizeof *similar),
           *near = rg_alloc(n, sizeof *near);
    double *x = rg_alloc(3 * f->test.n, sizeof *x), *rate = x + 2 * f->test.n;
    uint32_t *row = rg_alloc(n, sizeof *row);
    struct rg_sparse v = {0};
    struct rg_buf pair = {0};
    char key[80];

    for (size_t i = 0; i < n * m; i++)
        mean[i % m] += f->train.y[i];
    strong = rg_dense_argmax(mean, m);
    for (size_t j = 0; j < m; j++)
        mean[j] = -mean[j];
    weak = rg_dense_argmax(mean, m);
    rg_buf_printf(&pair, "%s %s", f->train.models[strong], f->train.models[weak]);
    assert_string_equal(rg_buf_text(&pair), reference_text(&ref, f->section, "pair"));
    for (size_t i = 0; i < f->test.n; i++) {
        rg_tfidf_vector(f->wide, f->test.text[i], &v);
        rg_knn_find_sparse(f->index, &v, n, row, near);
        for (size_t r = 0; r < n; r++)
            similar[row[r]] = near[r];
        rate[i] = rg_rating_similar(similar, f->train.y, n, m, strong, weak);
        x[i] = f->test.y[i * m + weak];
        x[f->test.n + i] = f->test.y[i * m + strong];
        if (i >= 5)
            continue;
        snprintf(key, sizeof key, "sw_elo/test%zu/strong_winrate_pair", i);
        reference_is(&ref, f->section, key, rate[i]);
        snprintf(key, sizeof key, "sw_elo/test%zu/strong_winrate_all", i);
        reference_is(&ref, f->section, key, rate_among_all(f, similar, strong, weak));
    }
    check_curve(f, rate, x, x + f->test.n);
    rg_sparse_clear(&v);
    rg_buf_clear(&pair);
    free(similar);
    free(near);
    free(x);
    free(row);
}

static void
check_fitted(const char *section, const char *train, const char *test, bool probability)
{
    struct fitted f;

    fitted_init(&f, section, train, test, probability);
    check_texts(&f);
    check_neighbours(&f);
    check_linear(&f);
    check_clusters(&f, 3);
    check_clusters(&f, 16);
    check_clusters(&f, 64);
    check_ratings(&f, RG_RATING_FIRST, "elo_firstmax");
    check_ratings(&f, RG_RATING_PAIRWISE, "elo_pairwise");
    check_similar(&f);
    fitted_clear(&f);
}

static void
test_gsm8k(void **state)
{
    (void)state;
    check_fitted("fit/gsm8k", "routerdc/gsm8k-train.json", "routerdc/gsm8k-test.json", false);
}

static void
test_arc(void **state)
{
    (void)state;
    check_fitted("fit/arc_challenge", "routerdc/arc_challenge_train.json",
                 "routerdc/arc_challenge_test.json", true);
}

/* ---- random streams ---- */

static void
test_streams(void **state)
{
    struct rg_mersenne r;
    uint32_t order[1000];
    double x[10];

    (void)state;
    rg_mersenne_numpy(&r, 42);
    for (size_t i = 0; i < 5; i++)
        x[i] = rg_mersenne_unit(&r);
    reference_are(&ref, "rng", "np_seed42_first5_rand", x, 5);
    rg_mersenne_python(&r, 0);
    for (size_t i = 0; i < 5; i++)
        x[i] = rg_mersenne_unit(&r);
    reference_are(&ref, "rng", "py_seed0_first5_random", x, 5);
    for (uint32_t i = 0; i < 1000; i++)
        order[i] = i;
    rg_mersenne_numpy(&r, 42);
    rg_mersenne_numpy_shuffle(&r, order, 10);
    for (size_t i = 0; i < 10; i++)
        x[i] = order[i];
    reference_are(&ref, "rng", "np_seed42_shuffle_arange10", x, 10);
    for (uint32_t i = 0; i < 1000; i++)
        order[i] = i;
    rg_mersenne_numpy(&r, 42);
    rg_mersenne_numpy_shuffle(&r, order, 1000);
    for (size_t i = 0; i < 8; i++)
        x[i] = order[i];
    reference_are(&ref, "rng", "np_seed42_shuffle_arange1000_first8", x, 8);
}

/* ---- published: five seeds of RouteLLM, mean over data sets and then seeds ---- */

static void
test_routellm_seeds(void **state)
{
    char *path = reference_path("published/llmrouterbench/routellm_seeds.csv");
    const struct rg_csv_field *f;
    struct rg_csv *csv;
    struct rg_err err;
    double all = 0;
    size_t seeds = 0;

    (void)state;
    if (rg_csv_open(&csv, path, &err) != RG_OK)
        fail_msg("%s", err.text);
    while (rg_csv_next(csv, &f, &err) == RG_OK && f) {
        int macro = rg_csv_find(csv, "macro_avg");
        double cell[64], sum = 0;

        for (int c = 1; c < macro; c++) {
            cell[c - 1] = strtod(f[c].data, NULL);
            sum += cell[c - 1];
        }
        assert_true(fabs(sum / (macro - 1) - strtod(f[macro].data, NULL)) < 1e-4);
        all += sum / (macro - 1);
        seeds++;
    }
    assert_int_equal(seeds, 5);
    assert_true(fabs(all / 5 - 67.671) < 5e-4);
    rg_csv_close(csv);
    free(path);
}

/* Every row of these sections was compared. */
static void
test_all(void **state)
{
    (void)state;
    assert_int_equal(reference_unused(&ref, "learn"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams), cmocka_unit_test(test_gsm8k),
        cmocka_unit_test(test_arc),     cmocka_unit_test(test_routellm_seeds),
        cmocka_unit_test(test_all),
    };
    int failed;

    if (!reference_load(&ref)) {
        puts("1..0 # SKIP no recorded data and reference values (set ROUTERGYM_DATA)");
        return 0;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    reference_clear(&ref);
    return failed;
}
