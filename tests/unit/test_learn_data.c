/* Routers that learn, on recorded data against reference values (learn_reference.h): everything
 * that has one right answer to 1e-9, picks exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zlib.h>

#include "base/csv.h"
#include "base/names.h"
#include "base/num.h"
#include "base/sort.h"
#include "replay/features/tfidf.h"
#include "replay/learn/clusters.h"
#include "replay/learn/dense.h"
#include "replay/learn/knn.h"
#include "replay/learn/linear.h"
#include "replay/learn/mersenne.h"
#include "replay/learn/neighbours.h"
#include "replay/learn/rating.h"
#include "replay/learn/stages.h"
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

static void
check_neighbours(const struct fitted *f)
{
    static const size_t ks[] = {1, 5, 10, 40, 100};
    static const char *const names[] = {"routereval", "vote_llmrouter", "simweighted"};
    double *value = rg_alloc(f->test.n * f->test.m, sizeof *value);
    uint32_t *row = rg_alloc(f->test.n * 100, sizeof *row);
    double *near = rg_alloc(f->test.n * 100, sizeof *near), top = 0, five[5];
    struct rg_sparse v = {0};
    char tag[64];

    for (size_t i = 0; i < f->test.n; i++) {
        rg_tfidf_vector(f->wide, f->test.text[i], &v);
        assert_int_equal(rg_knn_find_sparse(f->index, &v, 100, row + i * 100, near + i * 100), 100);
        top += near[i * 100];
    }
    reference_is(&ref, f->section, "htf16384/sum_top1_sim", top);
    for (size_t r = 0; r < 5; r++)
        five[r] = row[r];
    reference_are(&ref, f->section, "htf16384/test0_top5_rows", five, 5);
    reference_are(&ref, f->section, "htf16384/test0_top5_sim", near, 5);
    for (size_t k = 0; k < 5; k++)
        for (int how = 0; how < 3; how++) {
            for (size_t i = 0; i < f->test.n; i++)
                rg_neighbours_values((enum rg_neighbours_how)how, row + i * 100, near + i * 100,
                                     ks[k], f->train.y, f->train.m, value + i * f->test.m);
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

/* Win rates of the best against the worst model, and what they do at ten thresholds. */
static void
check_similar(const struct fitted *f)
{
    size_t n = f->train.n, m = f->train.m, strong, weak;
    double mean[16] = {0}, *similar = rg_alloc(n, sizeof *similar),
           *near = rg_alloc(n, sizeof *near);
    double *rate = rg_alloc(f->test.n, sizeof *rate), *sorted = rg_alloc(f->test.n, sizeof *sorted);
    uint32_t *row = rg_alloc(n, sizeof *row);
    struct rg_sparse v = {0};
    char key[80];

    for (size_t i = 0; i < n * m; i++)
        mean[i % m] += f->train.y[i];
    strong = rg_dense_argmax(mean, m);
    for (size_t j = 0; j < m; j++)
        mean[j] = -mean[j];
    weak = rg_dense_argmax(mean, m);
    for (size_t i = 0; i < f->test.n; i++) {
        rg_tfidf_vector(f->wide, f->test.text[i], &v);
        rg_knn_find_sparse(f->index, &v, n, row, near);
        for (size_t r = 0; r < n; r++)
            similar[row[r]] = near[r];
        sorted[i] = rate[i] = rg_rating_similar(similar, f->train.y, n, m, strong, weak);
        snprintf(key, sizeof key, "sw_elo/test%zu/strong_winrate_pair", i);
        if (i < 5)
            reference_is(&ref, f->section, key, rate[i]);
    }
    rg_sort(sorted, f->test.n);
    for (size_t t = 0; t <= 10; t++) {
        double threshold = rg_learner_quantile(sorted, f->test.n, (double)t / 10), to = 0,
               right = 0;

        for (size_t i = 0; i < f->test.n; i++) {
            bool up = t == 10 ? rate[i] > threshold : rate[i] >= threshold;

            to += up;
            right += f->test.y[i * m + (up ? strong : weak)];
        }
        snprintf(key, sizeof key, "sw_pair_router/thr%zu", t);
        reference_is(&ref, f->section, key, threshold);
        snprintf(key, sizeof key, "sw_pair_router/strong_pct%zu", t);
        reference_is(&ref, f->section, key, to / (double)f->test.n * 100);
        snprintf(key, sizeof key, "sw_pair_router/acc%zu", t);
        reference_is(&ref, f->section, key, right / (double)f->test.n * 100);
    }
    rg_sparse_clear(&v);
    free(similar);
    free(near);
    free(rate);
    free(sorted);
    free(row);
}

static void
check_fitted(const char *section, const char *train, const char *test, bool probability)
{
    struct fitted f;

    fitted_init(&f, section, train, test, probability);
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

/* ---- RouterBench ---- */

struct bench {
    char **text, **models;
    double *score, *cost;
    size_t n, m;
};

/* First row of each sample_id unless all are wanted. */
static void
bench_load(struct bench *b, const char *set, const char *part, bool all)
{
    static const char tail[] = "|model_response";
    struct rg_names *seen = rg_names_new();
    struct rg_buf name = {0};
    const struct rg_csv_field *f;
    size_t cap[3] = {0};
    struct rg_csv *csv;
    struct rg_err err;
    char *path;
    int id, prompt;

    rg_buf_printf(&name, "routerbench/%s_%s.csv", set, part);
    path = reference_path(rg_buf_text(&name));
    if (rg_csv_open(&csv, path, &err) != RG_OK)
        fail_msg("%s", err.text);
    *b = (struct bench){.models = rg_alloc(rg_csv_columns(csv), sizeof *b->models)};
    for (size_t c = 0; c < rg_csv_columns(csv); c++) {
        const char *head = rg_csv_header(csv, c);
        size_t n = strlen(head);

        if (n > sizeof tail - 1 && strcmp(head + n - (sizeof tail - 1), tail) == 0)
            b->models[b->m++] = rg_strndup(head, n - (sizeof tail - 1));
    }
    id = rg_csv_find(csv, "sample_id");
    prompt = rg_csv_find(csv, "prompt");
    while (rg_csv_next(csv, &f, &err) == RG_OK && f) {
        bool added;

        rg_names_add(seen, f[id].data, f[id].len, &added);
        if (!added && !all)
            continue;
        b->text = rg_grow(b->text, &cap[0], b->n + 1, sizeof *b->text);
        b->score = rg_grow(b->score, &cap[1], (b->n + 1) * b->m, sizeof *b->score);
        b->cost = rg_grow(b->cost, &cap[2], (b->n + 1) * b->m, sizeof *b->cost);
        b->text[b->n] = rg_strdup(f[prompt].data);
        for (size_t j = 0; j < b->m; j++) {
            const struct rg_csv_field *s = &f[rg_csv_find(csv, b->models[j])];
            char column[200];

            snprintf(column, sizeof column, "%s|total_cost", b->models[j]);
            b->score[b->n * b->m + j] = s->len ? strtod(s->data, NULL) : NAN;
            b->cost[b->n * b->m + j] = strtod(f[rg_csv_find(csv, column)].data, NULL);
        }
        b->n++;
    }
    rg_csv_close(csv);
    rg_names_free(seen);
    rg_buf_clear(&name);
    free(path);
}

static void
bench_clear(struct bench *b)
{
    for (size_t i = 0; i < b->n; i++)
        free(b->text[i]);
    for (size_t j = 0; j < b->m; j++)
        free(b->models[j]);
    free(b->text);
    free(b->models);
    free(b->score);
    free(b->cost);
}

/* "cost,score" of picks. */
static void
check_point(const char *section, const char *key, const struct bench *b, const uint32_t *pick)
{
    char *at = (char *)(uintptr_t)reference_text(&ref, section, key);
    double cost = 0;

    for (size_t i = 0; i < b->n; i++)
        cost += b->cost[i * b->m + pick[i]];
    reference_near(cost, strtod(at, &at), section, key);
    assert_true(*at++ == ',');
    reference_near(rg_router_metrics_mean_picked(b->score, b->n, b->m, pick), strtod(at, &at),
                   section, key);
}

static void
check_bench_knn(const char *section, const struct bench *train, const struct bench *test,
                const double *price)
{
    static const size_t ks[] = {5, 10, 40};
    static const char *const wtp[] = {"1e-10", "1e-09", "1e-08",  "1e-07",
                                      "1e-06", "1e-05", "0.0001", "0.001",
                                      "0.01",  "1.0",   "1000.0", "1000000000.0"};
    struct rg_tfidf *m = rg_tfidf_of(RG_TFIDF_WIDE, (const char *const *)train->text, train->n);
    struct rg_sparse *rows = rg_zalloc(train->n, sizeof *rows), v = {0};
    double *value = rg_alloc(test->n * 3 * test->m, sizeof *value), near[40], left[16];
    uint32_t row[40], *pick = rg_alloc(test->n, sizeof *pick);
    struct rg_knn *index;
    char key[64];

    for (size_t i = 0; i < train->n; i++)
        rg_tfidf_vector(m, train->text[i], &rows[i]);
    index = rg_knn_sparse(rows, train->n, RG_TFIDF_WIDE);
    for (size_t i = 0; i < test->n; i++) {
        rg_tfidf_vector(m, test->text[i], &v);
        rg_knn_find_sparse(index, &v, 40, row, near);
        for (size_t k = 0; k < 3; k++)
            rg_neighbours_values(RG_NEIGHBOURS_MEAN, row, near, ks[k], train->score, test->m,
                                 value + (k * test->n + i) * test->m);
    }
    for (size_t k = 0; k < 3; k++)
        for (size_t w = 0; w < sizeof wtp / sizeof *wtp; w++) {
            for (size_t i = 0; i < test->n; i++) {
                for (size_t j = 0; j < test->m; j++)
                    left[j] =
                        value[(k * test->n + i) * test->m + j] * strtod(wtp[w], NULL) - price[j];
                pick[i] = (uint32_t)rg_dense_argmax(left, test->m);
            }
            snprintf(key, sizeof key, "knn%zu/wtp%s", ks[k], wtp[w]);
            check_point(section, key, test, pick);
        }
    for (size_t i = 0; i < train->n; i++)
        rg_sparse_clear(&rows[i]);
    rg_sparse_clear(&v);
    rg_knn_free(index);
    rg_tfidf_free(m);
    free(rows);
    free(value);
    free(pick);
}

static void
check_bench_cascade(const char *section, const struct bench *b, const double *price)
{
    static const char *const eps[] = {"0.0", "0.2"};
    static const char *const budgets[] = {"0.001", "0.005", "0.01", "0.05",
                                          "0.1",   "0.5",   "1.0",  "100.0"};
    double *score = rg_alloc(b->n * b->m, sizeof *score),
           *cost = rg_alloc(b->n * b->m, sizeof *cost);
    double *sorted = rg_alloc(b->n * b->m, sizeof *sorted), threshold;
    uint32_t order[16];
    size_t n = 0;
    char key[64];

    for (size_t i = 0; i < b->n; i++) {
        bool whole = true;

        for (size_t j = 0; j < b->m; j++) {
            score[n * b->m + j] = b->score[i * b->m + j];
            cost[n * b->m + j] = b->cost[i * b->m + j];
            whole = whole && !isnan(b->score[i * b->m + j]);
        }
        n += whole;
    }
    memcpy(sorted, score, n * b->m * sizeof *sorted);
    rg_sort(sorted, n * b->m);
    threshold = rg_learner_quantile(sorted, n * b->m, 0.95);
    reference_is(&ref, section, "cascade/threshold", threshold);
    for (uint32_t j = 0; j < b->m; j++) {
        size_t at = j;

        for (; at > 0 && price[j] < price[order[at - 1]]; at--)
            order[at] = order[at - 1];
        order[at] = j;
    }
    for (size_t e = 0; e < 2; e++)
        for (size_t k = 0; k < 8; k++) {
            struct rg_stages_judged found =
                rg_stages_judge(score, cost, n, b->m, order, threshold, strtod(eps[e], NULL),
                                strtod(budgets[k], NULL), 42);
            char *at;

            snprintf(key, sizeof key, "cascade/eps%s/max%s", eps[e], budgets[k]);
            at = (char *)(uintptr_t)reference_text(&ref, section, key);
            reference_near(found.cost, strtod(at, &at), section, key);
            reference_near(found.score, strtod(at + 1, &at), section, key);
            reference_near((double)found.calls, strtod(at + 1, &at), section, key);
        }
    free(score);
    free(cost);
    free(sorted);
}

static void
test_routerbench(void **state)
{
    static const char *const sets[] = {"arc_challenge", "mbpp", "winograde"};

    (void)state;
    for (size_t s = 0; s < 3; s++) {
        struct bench train, test;
        double price[16];
        char section[64], *at;

        bench_load(&train, sets[s], "train", true);
        bench_load(&test, sets[s], "test", false);
        snprintf(section, sizeof section, "routerbench/%s", sets[s]);
        reference_is(&ref, section, "n_train", (double)train.n);
        reference_is(&ref, section, "n_test", (double)test.n);
        at = (char *)(uintptr_t)reference_text(&ref, section, "prices_completion_plus_prompt");
        for (size_t j = 0; j < test.m; j++)
            price[j] = strtod(at, &at);
        check_bench_knn(section, &train, &test, price);
        check_bench_cascade(section, &test, price);
        bench_clear(&train);
        bench_clear(&test);
    }
}

/* ---- FrugalGPT's search on RouterArena's two models ---- */

static const char *const arena_models[] = {"claude-3-haiku-20240307", "gemini-2.0-flash-001"};

static size_t
arena_load(const char *model, double *score, double *cost, double *judge)
{
    struct rg_buf name = {0};
    struct rg_lines *in;
    struct rg_line line;
    struct rg_err err;
    size_t n = 0;
    char *path;

    rg_buf_printf(&name, "routerarena/%s.jsonl", model);
    path = reference_path(rg_buf_text(&name));
    if (rg_lines_open(&in, path, &err) != RG_OK)
        fail_msg("%s", err.text);
    while (rg_lines_next(in, &line, &err) == RG_OK && line.data) {
        const cJSON *result, *id;
        struct rg_json doc;

        if (rg_json_parse(&doc, line.data, line.len, path, line.number, 0, &err) != RG_OK)
            fail_msg("%s", err.text);
        result = cJSON_GetObjectItemCaseSensitive(doc.root, "evaluation_result");
        id = cJSON_GetObjectItemCaseSensitive(doc.root, "global_index");
        score[n] = fmax(cJSON_GetObjectItemCaseSensitive(result, "score")->valuedouble, 0);
        cost[n] = cJSON_GetObjectItemCaseSensitive(result, "inference_cost")->valuedouble;
        rg_buf_reset(&name);
        rg_buf_printf(&name, "%s|%s", model, id->valuestring);
        judge[n] =
            0.5 * score[n] +
            0.5 * (double)crc32(0, (const unsigned char *)name.data, (uInt)name.len) / 4294967296.0;
        n++;
        rg_json_clear(&doc);
    }
    rg_lines_close(in);
    rg_buf_clear(&name);
    free(path);
    return n;
}

static void
check_search(const char *chain, const struct rg_stages_rows *rows, const char *budget)
{
    struct rg_stages_found grid, found;
    char section[100];
    bool any = rg_stages_search(rows, strtod(budget, NULL), 40, &grid, &found);

    snprintf(section, sizeof section, "frugalgpt_opt/%s/budget%s", chain, budget);
    if (!any) {
        assert_string_equal(reference_text(&ref, section, "result"), "base too expensive (-999)");
        return;
    }
    reference_is(&ref, section, "grid/acc", grid.score);
    reference_is(&ref, section, "grid/quantile", grid.q[0]);
    reference_is(&ref, section, "grid/threshold", grid.threshold[0]);
    reference_is(&ref, section, "grid/mean_cost", grid.cost);
    reference_is(&ref, section, "grid/frac_first", grid.first_share);
    reference_is(&ref, section, "brute_fmin/acc", found.score);
    reference_is(&ref, section, "brute_fmin/quantile", found.q[0]);
    reference_is(&ref, section, "brute_fmin/threshold", found.threshold[0]);
    /* What the project's own optimiser printed. */
    reference_is(&ref, section, "xcheck/brute_fmin/acc", found.score);
    reference_is(&ref, section, "xcheck/brute_fmin/quantile", found.q[0]);
}

static void
test_frugal(void **state)
{
    static const char *const budgets[] = {"5e-05", "0.0001", "0.00015", "0.0002", "0.0003"};
    enum { MOST = 1000 };
    double *x[2][3], *rows[3];
    size_t n = 0;

    (void)state;
    for (size_t k = 0; k < 3; k++)
        rows[k] = rg_alloc(2 * MOST, sizeof **rows);
    for (size_t m = 0; m < 2; m++) {
        for (size_t k = 0; k < 3; k++)
            x[m][k] = rg_alloc(MOST, sizeof(double));
        n = arena_load(arena_models[m], x[m][0], x[m][1], x[m][2]);
    }
    for (size_t turn = 0; turn < 2; turn++) {
        struct rg_stages_rows r = {n, 2, rows[0], rows[1], rows[2]};

        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < 2; k++) {
                size_t m = k == turn ? 0 : 1;

                rows[0][2 * i + k] = x[m][0][i];
                rows[1][2 * i + k] = x[m][1][i] + (k ? rows[1][2 * i] : 0);
                rows[2][2 * i + k] = 1 - x[m][2][i];
            }
        for (size_t b = 0; b < 5; b++)
            check_search(turn ? "gemini+claude" : "claude+gemini", &r, budgets[b]);
    }
    for (size_t k = 0; k < 3; k++) {
        free(rows[k]);
        free(x[0][k]);
        free(x[1][k]);
    }
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

/* The tests must have looked at something. */
static int
clear_reference(void **state)
{
    bool enough = ref.used > 500;

    (void)state;
    reference_clear(&ref);
    return enough ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams), cmocka_unit_test(test_gsm8k),
        cmocka_unit_test(test_arc),     cmocka_unit_test(test_routerbench),
        cmocka_unit_test(test_frugal),  cmocka_unit_test(test_routellm_seeds),
    };

    if (!reference_load(&ref)) {
        puts("1..0 # SKIP no recorded data and reference values (set ROUTERGYM_DATA)");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, clear_reference);
}
