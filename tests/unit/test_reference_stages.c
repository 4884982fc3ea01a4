/* Reference values (learn_reference.h) of RouterBench's three sets (models, oracles, neighbours
 * under a willingness to pay, hulls, cascade), of FrugalGPT's search and of AutoMix's. The
 * recordings are imported first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zlib.h>

#include "base/sort.h"
#include "base/sum.h"
#include "replay/features/tfidf.h"
#include "replay/learn/automix.h"
#include "replay/learn/dense.h"
#include "replay/learn/knn.h"
#include "replay/learn/learner.h"
#include "replay/learn/neighbours.h"
#include "replay/learn/stages.h"
#include "stats/hull.h"
#include "stats/router_choice.h"
#include "stats/router_metrics.h"
#include "tests/unit/learn_reference.h"
#include "tests/unit/reference_trace.h"

static struct reference ref;

static void
expect(const char *section, double found, const char *form, ...)
{
    char key[200];
    va_list list;

    va_start(list, form);
    vsnprintf(key, sizeof key, form, list);
    va_end(list);
    reference_is(&ref, section, key, found);
}

/* ---- RouterBench ---- */

enum { MODELS = 11, WTPS = 32, KS = 3 };
static const char *const wtp[WTPS] = {
    "1e-10",  "1e-09",   "1e-08",   "1e-07",   "1e-06",   "1e-05",    "0.0001",    "0.001",
    "0.005",  "0.01",    "0.1",     "0.5",     "1.0",     "1.5",      "2.0",       "10.0",
    "50.0",   "100.0",   "500.0",   "1000.0",  "2000.0",  "3000.0",   "4000.0",    "5000.0",
    "7500.0", "10000.0", "25000.0", "50000.0", "75000.0", "100000.0", "1000000.0", "1000000000.0"};
static const size_t ks[KS] = {5, 10, 40};

/* RouterBench's list of USD per million tokens of prompts and completions, which it divides by
 * 10,000,000 (its configuration, commit cc67d10). */
static const struct {
    const char *model;
    double in, out;
} prices[MODELS] = {
    {"gpt-3.5-turbo-1106", 1, 2},
    {"claude-instant-v1", 0.8, 2.4},
    {"claude-v1", 8, 24},
    {"claude-v2", 8, 24},
    {"gpt-4-1106-preview", 10, 30},
    {"meta/llama-2-70b-chat", 0.9, 0.9},
    {"mistralai/mixtral-8x7b-chat", 0.6, 0.6},
    {"zero-one-ai/Yi-34B-Chat", 0.8, 0.8},
    {"WizardLM/WizardLM-13B-V1.2", 0.3, 0.3},
    {"meta/code-llama-instruct-34b-chat", 0.776, 0.776},
    {"mistralai/mistral-7b-chat", 0.2, 0.2},
};

/* Cost and score of a curve's points. */
struct curve {
    double cost[WTPS], score[WTPS];
    size_t n;
};

static double
column_mean(const double *x, size_t n)
{
    struct rg_sum sum = {0};
    size_t known = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            rg_sum_add(&sum, x[i]);
            known++;
        }
    return rg_sum_value(&sum) / (double)known;
}

/* The first row of each sample id only. */
static void
drop_repeats(struct recorded *r)
{
    double *repeat = rg_alloc(r->t->n_queries, sizeof *repeat);
    bool *keep = rg_alloc(r->n, sizeof *keep);
    struct rg_err err;

    if (rg_trace_query_attr(r->t, "repeat", repeat, &err) == RG_OK) {
        for (size_t i = 0; i < r->n; i++)
            keep[i] = !(repeat[r->query[i]] > 0);
        recorded_keep(r, keep);
    }
    free(repeat);
    free(keep);
}

static void
check_models(const char *sec, const struct recorded *r, struct curve *single)
{
    struct rg_sum random = {0}, spent = {0};
    struct rg_buf names = {0};

    single->n = r->m;
    for (size_t j = 0; j < r->m; j++) {
        double *score = recorded_column(r->score, r->n, r->m, j);
        double *cost = recorded_column(r->cost, r->n, r->m, j);

        single->cost[j] = rg_sum_of(cost, r->n);
        single->score[j] = column_mean(score, r->n);
        expect(sec, single->score[j], "%s/performance", r->model[j]);
        expect(sec, single->cost[j], "%s/total_cost", r->model[j]);
        rg_buf_printf(&names, "%s%s", j ? " " : "", r->model[j]);
        free(score);
        free(cost);
    }
    assert_string_equal(reference_text(&ref, sec, "models"), rg_buf_text(&names));
    rg_buf_clear(&names);
    for (size_t i = 0; i < r->n; i++) {
        rg_sum_add(&random, column_mean(r->score + i * r->m, r->m));
        rg_sum_add(&spent, rg_sum_of(r->cost + i * r->m, r->m) / (double)r->m);
    }
    expect(sec, rg_sum_value(&random) / (double)r->n, "random/performance");
    expect(sec, rg_sum_value(&spent), "random/total_cost");
}

/* The oracle's model as recorded, and as it follows from scores and costs. */
static void
check_oracle(const char *sec, const struct recorded *r)
{
    char **recorded = rg_alloc(r->t->n_queries, sizeof *recorded);
    uint32_t *pick = rg_alloc(2 * r->n, sizeof *pick);
    static const char *const names[] = {"recomputed", "recorded"};
    struct rg_err err;
    size_t agree = 0;

    if (rg_trace_query_attr_text(r->t, "oracle", recorded, &err) != RG_OK)
        fail_msg("%s", err.text);
    rg_router_choice_oracle(r->score, r->cost, r->n, r->m, true, pick);
    for (size_t i = 0; i < r->n; i++) {
        uint32_t *named = &pick[r->n + i];

        for (*named = 0; *named < r->m; (*named)++)
            if (strcmp(r->model[*named], recorded[r->query[i]]) == 0)
                break;
        agree += *named == pick[i];
    }
    for (size_t k = 0; k < 2; k++) {
        struct rg_router_choice_sums s =
            rg_router_choice_sums(r->score, r->cost, r->n, r->m, pick + k * r->n);

        expect(sec, s.score / (double)r->n, "oracle_%s/performance", names[k]);
        expect(sec, s.cost, "oracle_%s/total_cost", names[k]);
    }
    expect(sec, (double)agree, "oracle_rows_agree");
    for (size_t q = 0; q < r->t->n_queries; q++)
        free(recorded[q]);
    free(recorded);
    free(pick);
}

/* Cost and score of picks; also as a text "cost,score". */
static void
measure(const struct recorded *r, const uint32_t *pick, double *cost, double *score)
{
    struct rg_router_choice_sums s = rg_router_choice_sums(r->score, r->cost, r->n, r->m, pick);

    *cost = s.cost;
    *score = s.score / (double)s.scored;
}

static void
check_point(const char *sec, const char *key, double cost, double score)
{
    char *at = (char *)(uintptr_t)reference_text(&ref, sec, key);

    reference_near(cost, strtod(at, &at), sec, key);
    assert_true(*at++ == ',');
    reference_near(score, strtod(at, &at), sec, key);
}

/* The rule of willingness to pay on predicted scores: argmax of predicted * wtp - price. */
static void
check_rule(const char *sec, const struct recorded *r, const double *value, const double *price,
           size_t k, struct curve *curve)
{
    uint32_t *pick = rg_alloc(r->n, sizeof *pick);
    double left[MODELS], cost, score;
    char key[64];

    curve->n = 0;
    for (size_t w = 0; w <= WTPS; w++) {
        size_t seen = 0;

        for (size_t i = 0; i < r->n; i++) {
            const double *x = value + i * r->m;

            for (size_t j = 0; j < r->m; j++)
                left[j] = w < WTPS ? x[j] * strtod(wtp[w], NULL) - price[j] : x[j];
            pick[i] = (uint32_t)rg_dense_argmax(left, r->m);
        }
        measure(r, pick, &cost, &score);
        if (w == WTPS) {
            expect(sec, score, "knn%zu/no_wtp/performance", k);
            expect(sec, cost, "knn%zu/no_wtp/total_cost", k);
            break;
        }
        snprintf(key, sizeof key, "knn%zu/wtp%s", k, wtp[w]);
        check_point(sec, key, cost, score);
        while (seen < curve->n && !(curve->cost[seen] >= cost && curve->cost[seen] <= cost &&
                                    curve->score[seen] >= score && curve->score[seen] <= score))
            seen++;
        if (seen == curve->n) {
            curve->cost[seen] = cost;
            curve->score[curve->n++] = score;
        }
    }
    expect(sec, (double)curve->n, "knn%zu/n_distinct_points", k);
    free(pick);
}

static void
check_knn(const char *sec, const struct recorded *train, const struct recorded *r,
          const double *price, struct curve *curves)
{
    struct rg_tfidf *f = rg_tfidf_of(RG_TFIDF_WIDE, (const char *const *)train->text, train->n);
    struct rg_sparse *rows = rg_zalloc(train->n, sizeof *rows), v = {0};
    double *value = rg_alloc(r->n * KS * r->m, sizeof *value), near[40];
    struct rg_knn *index;
    uint32_t row[40];

    for (size_t i = 0; i < train->n; i++)
        rg_tfidf_vector(f, train->text[i], &rows[i]);
    index = rg_knn_sparse(rows, train->n, RG_TFIDF_WIDE);
    for (size_t i = 0; i < r->n; i++) {
        rg_tfidf_vector(f, r->text[i], &v);
        rg_knn_find_sparse(index, &v, 40, row, near);
        for (size_t k = 0; k < KS; k++)
            rg_neighbours_values(RG_NEIGHBOURS_MEAN, row, near, ks[k], train->score, r->m,
                                 value + (k * r->n + i) * r->m);
    }
    for (size_t k = 0; k < KS; k++)
        check_rule(sec, r, value + k * r->n * r->m, price, ks[k], &curves[k]);
    for (size_t i = 0; i < train->n; i++)
        rg_sparse_clear(&rows[i]);
    rg_sparse_clear(&v);
    rg_knn_free(index);
    rg_tfidf_free(f);
    free(rows);
    free(value);
}

/* Our hull has the vertices alone; the project's also keeps points on its edges, each of which must
 * lie there. */
static void
check_zero(const char *sec, const struct curve *c)
{
    size_t vertex[WTPS], n = rg_hull_nondecreasing(c->cost, c->score, c->n, vertex), met = 0;
    char *at = (char *)(uintptr_t)reference_text(&ref, sec, "zero/hull_vertices");

    for (size_t k = 0; k < n; k++) {
        reference_near(c->cost[vertex[k]], strtod(at, &at), sec, "zero/hull_vertices");
        reference_near(c->score[vertex[k]], strtod(at + 1, &at), sec, "zero/hull_vertices");
    }
    assert_true(*at == '\0');
    for (at = (char *)(uintptr_t)reference_text(&ref, sec, "zero/ndch"); *at;) {
        double x = strtod(at, &at), y = strtod(at + 1, &at), line;

        line = x > c->cost[vertex[n - 1]] ? c->score[vertex[n - 1]] : NAN; /* level */

        for (size_t k = 0; k + 1 < n; k++)
            if (x >= c->cost[vertex[k]] && x <= c->cost[vertex[k + 1]])
                line = c->score[vertex[k]] + (x - c->cost[vertex[k]]) /
                                                 (c->cost[vertex[k + 1]] - c->cost[vertex[k]]) *
                                                 (c->score[vertex[k + 1]] - c->score[vertex[k]]);
        for (size_t k = 0; k < n; k++)
            if (fabs(x - c->cost[vertex[k]]) <= 1e-12 * x) {
                line = c->score[vertex[k]];
                met++;
            }
        reference_near(line, y, sec, "zero/ndch");
    }
    assert_int_equal(met, n);
}

static void
check_areas(const char *sec, const struct curve *curves)
{
    static const char *const names[] = {"zero", "knn5", "knn10", "knn40"};
    double most = 0;

    for (size_t c = 0; c <= KS; c++) { /* its hulls go on level to the last point of their height */
        double top = curves[c].score[rg_dense_argmax(curves[c].score, curves[c].n)];

        for (size_t i = 0; i < curves[c].n; i++)
            if (curves[c].score[i] >= top)
                most = fmax(most, curves[c].cost[i]);
    }
    expect(sec, most, "aiq_max_x");
    for (size_t c = 0; c <= KS; c++) {
        struct rg_router_metrics_aiq a =
            rg_router_metrics_aiq(curves[c].cost, curves[c].score, curves[c].n, most);

        expect(sec, a.as_coded, "%s/AIQ", names[c]);
        expect(sec, a.as_published, "%s/AIQ_paper_norm", names[c]);
    }
}

/* By price, of equals the first. */
static void
by_price(const double *price, size_t m, uint32_t *order)
{
    for (uint32_t j = 0; j < m; j++) {
        size_t at = j;

        for (; at > 0 && price[j] < price[order[at - 1]]; at--)
            order[at] = order[at - 1];
        order[at] = j;
    }
}

static void
check_cascade(const char *sec, struct recorded *r, const double *price)
{
    static const char *const eps[] = {"0.0", "0.2"};
    static const char *const budgets[] = {"0.001", "0.005", "0.01", "0.05",
                                          "0.1",   "0.5",   "1.0",  "100.0"};
    bool *whole = rg_alloc(r->n, sizeof *whole);
    struct rg_buf names = {0};
    uint32_t order[MODELS];
    double *sorted, threshold;
    char key[64];

    for (size_t i = 0; i < r->n; i++) {
        whole[i] = true;
        for (size_t j = 0; j < r->m; j++)
            whole[i] = whole[i] && !isnan(r->score[i * r->m + j]);
    }
    recorded_keep(r, whole);
    sorted = rg_alloc(r->n * r->m, sizeof *sorted);
    memcpy(sorted, r->score, r->n * r->m * sizeof *sorted);
    rg_sort(sorted, r->n * r->m);
    threshold = rg_quantile7(sorted, r->n * r->m, 0.95);
    by_price(price, r->m, order);
    for (size_t j = 0; j < r->m; j++)
        rg_buf_printf(&names, "%s%s", j ? " " : "", r->model[order[j]]);
    assert_string_equal(reference_text(&ref, sec, "cascade/order"), rg_buf_text(&names));
    expect(sec, (double)r->n, "cascade/n");
    expect(sec, threshold, "cascade/threshold");
    for (size_t e = 0; e < 2; e++)
        for (size_t k = 0; k < 8; k++) {
            struct rg_stages_judged found =
                rg_stages_judge(r->score, r->cost, r->n, r->m, order, threshold,
                                strtod(eps[e], NULL), strtod(budgets[k], NULL), 42);
            char *at;

            snprintf(key, sizeof key, "cascade/eps%s/max%s", eps[e], budgets[k]);
            check_point(sec, key, found.cost, found.score);
            at = strrchr((char *)(uintptr_t)reference_text(&ref, sec, key), ',');
            reference_near((double)found.calls, strtod(at + 1, NULL), sec, key);
        }
    rg_buf_clear(&names);
    free(whole);
    free(sorted);
}

static void
check_set(const char *set)
{
    struct curve curves[1 + KS];
    struct recorded train, test;
    double price[MODELS], missing = 0;
    char sec[64], file[2][64];
    const char *path[2] = {file[0], file[1]};
    size_t raw;

    snprintf(sec, sizeof sec, "routerbench/%s", set);
    snprintf(file[0], sizeof file[0], "routerbench/%s_train.csv", set);
    snprintf(file[1], sizeof file[1], "routerbench/%s_test.csv", set);
    recorded_load(&train, path, 1, true);
    recorded_load(&test, path + 1, 1, true);
    assert_int_equal(test.m, MODELS);
    for (size_t k = 0; k < test.n * test.m; k++)
        missing += isnan(test.score[k]);
    raw = test.n;
    drop_repeats(&test);
    expect(sec, (double)train.n, "n_train");
    expect(sec, (double)raw, "n_test_raw");
    expect(sec, (double)(raw - test.n), "n_dup_sample_id_test");
    expect(sec, missing, "n_nan_perf_test");
    expect(sec, (double)test.n, "n_test");
    for (size_t j = 0; j < MODELS; j++) {
        assert_string_equal(test.model[j], prices[j].model);
        assert_string_equal(train.model[j], prices[j].model);
        price[j] = prices[j].out / 10000000 + prices[j].in / 10000000;
    }
    reference_are(&ref, sec, "prices_completion_plus_prompt", price, MODELS);
    check_models(sec, &test, &curves[0]);
    check_oracle(sec, &test);
    check_zero(sec, &curves[0]);
    check_knn(sec, &train, &test, price, curves + 1);
    check_areas(sec, curves);
    check_cascade(sec, &test, price);
    recorded_clear(&train);
    recorded_clear(&test);
}

static void
test_routerbench(void **state)
{
    (void)state;
    check_set("arc_challenge");
    check_set("mbpp");
    check_set("winograde");
}

/* ---- FrugalGPT's search on RouterArena's two models ---- */

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
}

/* Scores below 0 count 0; the judge is half the score, half a number made of the names. */
static void
fill_chain(const struct recorded *r, size_t turn, double *score, double *cost, double *doubt)
{
    struct rg_buf name = {0};

    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < 2; k++) {
            size_t from = 2 * i + (k == turn ? 0 : 1), to = 2 * i + k;

            rg_buf_reset(&name);
            rg_buf_printf(&name, "%s|%s", r->model[from - 2 * i], r->t->queries.id[r->query[i]]);
            score[to] = fmax(r->score[from], 0);
            cost[to] = r->cost[from] + (k ? cost[2 * i] : 0);
            doubt[to] =
                1 - (0.5 * score[to] +
                     0.5 * (double)crc32(0, (const unsigned char *)name.data, (uInt)name.len) /
                         4294967296.0);
        }
    rg_buf_clear(&name);
}

static void
test_frugal(void **state)
{
    static const char *const budgets[] = {"5e-05", "0.0001", "0.00015", "0.0002", "0.0003"};
    static const char *const files[] = {"routerarena/claude-3-haiku-20240307.jsonl",
                                        "routerarena/gemini-2.0-flash-001.jsonl"};
    struct recorded r;
    double *room;

    (void)state;
    recorded_load(&r, files, 2, false);
    room = rg_alloc(6 * r.n, sizeof *room);
    for (size_t turn = 0; turn < 2; turn++) {
        struct rg_stages_rows rows = {r.n, 2, room, room + 2 * r.n, room + 4 * r.n};

        fill_chain(&r, turn, room, room + 2 * r.n, room + 4 * r.n);
        for (size_t b = 0; b < 5; b++)
            check_search(turn ? "gemini+claude" : "claude+gemini", &rows, budgets[b]);
    }
    free(room);
    recorded_clear(&r);
}

/* ---- AutoMix on RouteLLM's two models ---- */

static void
check_mix(const char *name, enum rg_automix_kind kind, const struct rg_automix_rows *rows)
{
    static const char sec[] = "automix/gsm8k";
    struct rg_automix_found found;
    char key[40];

    assert_true(rg_automix_search(kind, rows, &found));
    expect(sec, (double)found.candidates, "%s/n_candidates", name);
    snprintf(key, sizeof key, "%s/thresholds", name);
    reference_are(&ref, sec, key, found.choice.threshold, (size_t)kind + 1);
    expect(sec, found.score, "%s/performance", name);
    expect(sec, found.cost, "%s/cost", name);
    expect(sec, found.lift, "%s/ibc_lift", name);
}

/* Costs 1 and 50, verifier 1; its confidence is .3 of the weak model's score and .7 of a number
 * made of the prompt. */
static void
test_automix(void **state)
{
    static const char *const files[] = {"routellm/contaminated_prompts.jsonl",
                                        "routellm/gsm8k_responses.csv"};
    struct recorded r;
    struct rg_automix_rows rows;
    double *x[5];

    (void)state;
    recorded_load(&r, files, 2, false);
    assert_string_equal(r.model[0], "mistralai/Mixtral-8x7B-Instruct-v0.1");
    for (size_t k = 0; k < 5; k++)
        x[k] = rg_alloc(r.n, sizeof *x[k]);
    for (size_t i = 0; i < r.n; i++) {
        const char *text = r.text[i];

        x[1][i] = r.score[2 * i];
        x[2][i] = r.score[2 * i + 1];
        x[3][i] = 1;
        x[4][i] = 50;
        x[0][i] = 0.3 * x[1][i] +
                  0.7 * ((double)crc32(0, (const unsigned char *)text, (uInt)strlen(text)) /
                         4294967296.0);
    }
    rows = (struct rg_automix_rows){r.n, x[0], x[1], x[2], x[3], x[4], 1};
    check_mix("single", RG_AUTOMIX_SINGLE, &rows);
    check_mix("double", RG_AUTOMIX_DOUBLE, &rows);
    check_mix("triple", RG_AUTOMIX_TRIPLE, &rows);
    for (size_t k = 0; k < 5; k++)
        free(x[k]);
    recorded_clear(&r);
}

/* Every row of these sections was compared. */
static void
test_all(void **state)
{
    (void)state;
    assert_int_equal(reference_unused(&ref, "stages"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routerbench),
        cmocka_unit_test(test_frugal),
        cmocka_unit_test(test_automix),
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
