/* Reference values (learn_reference.h) of RouteLLM's pair, RouterArena's two models and RouterDC's
 * seven, which are imported first: counts, means, curves, scores, bounds and optimality. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zlib.h>

#include "base/names.h"
#include "base/sort.h"
#include "base/sum.h"
#include "replay/features/tfidf.h"
#include "replay/learn/dense.h"
#include "replay/learn/knn.h"
#include "replay/learn/neighbours.h"
#include "stats/router_choice.h"
#include "stats/router_curve.h"
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

static void
expect_text(const char *section, const char *key, const char *found)
{
    assert_string_equal(reference_text(&ref, section, key), found);
}

static double
unit_crc(const char *text)
{
    return (double)crc32(0, (const unsigned char *)text, (uInt)strlen(text)) / 4294967296.0;
}

static double
mean_of(const double *x, size_t n)
{
    return rg_sum_of(x, n) / (double)n;
}

/* ---- RouteLLM ---- */

static void
check_optimal(const char *sec, const double *weak, const double *strong, size_t n)
{
    double share[11], quality[11], *room = rg_alloc(n, sizeof *room);
    const double low = 100 * mean_of(weak, n), high = 100 * mean_of(strong, n);

    for (int p = 0; p <= 10; p++) {
        share[p] = 10 * p;
        quality[p] = 100 * rg_router_metrics_optimal(weak, strong, n, p / 10.0 * (double)n, room);
        expect(sec, quality[p], "optimal_at_%d", 10 * p);
    }
    expect(sec, rg_router_metrics_auc(share, quality, 11), "optimal_AUC_11pt");
    expect(sec, rg_router_metrics_apgr(share, quality, 11, low, high), "optimal_APGR_11pt");
    expect(sec, 100 * rg_router_metrics_optimal(weak, strong, n, (double)n, room), "acc_oracle");
    free(room);
}

static void
check_pair(const char *sec, size_t n, const double *weak, const double *strong)
{
    size_t count[2][2] = {{0}};

    for (size_t i = 0; i < n; i++)
        count[weak[i] > 0][strong[i] > 0]++;
    expect(sec, (double)n, "n");
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++)
            expect(sec, (double)count[a][b], "count_weak%d_strong%d", a, b);
    expect(sec, 100 * mean_of(weak, n), "acc_weak");
    expect(sec, 100 * mean_of(strong, n), "acc_strong");
    expect(sec, 50 * (mean_of(weak, n) + mean_of(strong, n)), "acc_random_half");
    expect(sec, (double)count[0][1] / (double)n, "oracle_min_strong_frac");
    check_optimal(sec, weak, strong, n);
}

static void
check_curve(const char *sec, const char *tag, const double *rate, const double *weak,
            const double *strong, size_t n)
{
    const double low = 100 * mean_of(weak, n), high = 100 * mean_of(strong, n);
    const double calibrated[] = {0.1, 0.25, 0.5, 0.75};
    struct rg_router_curve_point point[11];
    double share[11], quality[11], *sorted = rg_alloc(n, sizeof *sorted);

    memcpy(sorted, rate, n * sizeof *sorted);
    rg_sort(sorted, n);
    rg_router_curve_points(rate, weak, strong, n, sorted, 10, point);
    for (int i = 0; i <= 10; i++) {
        share[i] = 100 * point[i].share;
        quality[i] = 100 * point[i].quality;
        expect(sec, point[i].threshold, "%s/thr%d", tag, i);
        expect(sec, share[i], "%s/strong_pct%d", tag, i);
        expect(sec, quality[i], "%s/acc%d", tag, i);
    }
    for (int gap = 20; gap <= 80; gap += 30)
        expect(sec, rg_router_metrics_cpt(share, quality, 11, low, high, gap / 100.0).as_coded,
               "%s/CPT%d", tag, gap);
    expect(sec, rg_router_metrics_auc(share, quality, 11), "%s/AUC", tag);
    expect(sec, rg_router_metrics_apgr(share, quality, 11, low, high), "%s/APGR", tag);
    for (size_t k = 0; k < 4; k++)
        expect(sec, rg_quantile7(sorted, n, 1 - calibrated[k]), "%s/calibrated_thr_%g", tag,
               calibrated[k]);
    free(sorted);
}

static size_t
find_model(const struct recorded *r, const char *name)
{
    for (size_t j = 0; j < r->m; j++)
        if (strcmp(r->model[j], name) == 0)
            return j;
    fail_msg("no model %s", name);
    return 0;
}

static void
test_routellm(void **state)
{
    static const char *const files[] = {"routellm/contaminated_prompts.jsonl",
                                        "routellm/gsm8k_responses.csv"};

    (void)state;
    for (int clean = 0; clean < 2; clean++) {
        const char *sec = clean ? "routellm/gsm8k" : "routellm/gsm8k_raw";
        struct recorded r;
        double *weak, *strong, *crc, *len, longest = 0;
        struct rg_names *texts = rg_names_new();

        recorded_load(&r, clean ? files : files + 1, clean ? 2 : 1, false);
        weak = recorded_column(r.score, r.n, r.m,
                               find_model(&r, "mistralai/Mixtral-8x7B-Instruct-v0.1"));
        strong = recorded_column(r.score, r.n, r.m, find_model(&r, "gpt-4-1106-preview"));
        crc = rg_alloc(r.n, sizeof *crc);
        len = rg_alloc(r.n, sizeof *len);
        check_pair(sec, r.n, weak, strong);
        for (size_t i = 0; i < r.n; i++) {
            rg_names_add(texts, r.text[i], strlen(r.text[i]), NULL);
            longest = fmax(longest, (double)strlen(r.text[i]));
            crc[i] = unit_crc(r.text[i]);
        }
        for (size_t i = 0; i < r.n; i++)
            len[i] = ((double)strlen(r.text[i]) + crc[i]) / (longest + 1);
        if (clean) {
            check_curve(sec, "crc_router", crc, weak, strong, r.n);
            check_curve(sec, "len_router", len, weak, strong, r.n);
        } else {
            expect("routellm/gsm8k", (double)(r.n - rg_names_count(texts)), "dup_prompts");
        }
        rg_names_free(texts);
        free(weak);
        free(strong);
        free(crc);
        free(len);
        recorded_clear(&r);
    }
}

/* ---- RouterArena ---- */

static const char *const arena[] = {"claude-3-haiku-20240307", "gemini-2.0-flash-001"};

static void
check_arena(const char *tag, double n, double score, double cost)
{
    static const char sec[] = "routerarena";
    const double accuracy = score / n, usd = 1000 * cost / n;
    bool clamped;

    expect(sec, accuracy, "%s/accuracy", tag);
    expect(sec, cost, "%s/total_cost", tag);
    expect(sec, usd, "%s/cost_per_1000", tag);
    expect(sec, rg_router_choice_thrift(usd), "%s/C_norm", tag);
    expect(sec, rg_router_metrics_arena(accuracy, usd, &clamped), "%s/arena", tag);
    assert_false(clamped);
    expect(sec, rg_router_metrics_arena(accuracy, usd, NULL), "%s/arena_clamped", tag);
}

static void
check_picks(const struct recorded *r, const char *tag, const uint32_t *pick)
{
    struct rg_router_choice_sums s = rg_router_choice_sums(r->score, r->cost, r->n, r->m, pick);
    struct rg_router_choice_optimality o =
        rg_router_choice_optimality(r->score, r->cost, r->n, r->m, pick);

    check_arena(tag, (double)r->n, s.score, s.cost);
    expect("routerarena", (double)o.n, "%s/opt_n", tag);
    expect("routerarena", o.selection, "%s/opt_sel", tag);
    expect("routerarena", o.cost, "%s/opt_cost", tag);
    expect("routerarena", o.score, "%s/opt_acc", tag);
}

static void
check_counts(const struct recorded *r, size_t j)
{
    double in = 0, out = 0, one = 0, zero = 0, negative = 0, short_answers = 0;
    char file[100];
    const char *name = file;
    struct recorded alone;

    for (size_t i = 0; i < r->n; i++) {
        double x = r->score[i * r->m + j];

        in += r->in[i * r->m + j];
        out += r->out[i * r->m + j];
        one += x >= 1 && x <= 1;
        zero += x >= 0 && x <= 0;
        negative += x < 0;
        short_answers += r->out[i * r->m + j] <= 1;
    }
    expect("routerarena", in, "%s/input_tokens", arena[j]);
    expect("routerarena", out, "%s/output_tokens", arena[j]);
    expect("routerarena", one, "%s/n_score_one", arena[j]);
    expect("routerarena", zero, "%s/n_score_zero", arena[j]);
    expect("routerarena", (double)r->n - one - zero, "%s/n_fractional", arena[j]);
    expect("routerarena", negative, "%s/n_negative", arena[j]);
    expect("routerarena", short_answers, "%s/n_output_tokens_le1", arena[j]);
    snprintf(file, sizeof file, "routerarena/%s.jsonl", arena[j]);
    recorded_load(&alone, &name, 1, false);
    expect("routerarena", recorded_remarks(&alone, "total_tokens is not input + output tokens"),
           "%s/n_total_token_mismatch", arena[j]);
    recorded_clear(&alone);
}

/* The second file is in the order of the first, and of the same questions: one that differs would
 * have been an error. */
static void
check_order(const struct recorded *r)
{
    bool same = true;

    for (size_t i = 1; i < r->n; i++)
        same = same && r->order[i * r->m + 1] > r->order[(i - 1) * r->m + 1];
    expect("routerarena", same, "same_order_ids");
    expect("routerarena", (double)(r->report.calls - r->n), "same_question_text");
    expect("routerarena", (double)r->n, "n");
}

static void
check_benchmarks(const struct recorded *r)
{
    struct rg_names *names = rg_names_new();
    uint32_t *of = rg_alloc(r->n, sizeof *of);
    double *x = rg_alloc(r->n, sizeof *x);

    for (size_t i = 0; i < r->n; i++) {
        const char *id = r->t->queries.id[r->query[i]];

        of[i] = rg_names_add(names, id, strcspn(id, "_"), NULL);
    }
    for (uint32_t b = 0; b < rg_names_count(names); b++)
        for (size_t j = 0; j < r->m; j++) {
            const char *name = rg_names_at(names, b);

            for (int what = 0; what < 2; what++) {
                size_t n = 0;

                for (size_t i = 0; i < r->n; i++)
                    if (of[i] == b)
                        x[n++] = what ? r->cost[i * r->m + j] : r->score[i * r->m + j];
                expect("routerarena_ds", (double)n, "%s/n", name);
                expect("routerarena_ds", what ? rg_sum_of(x, n) : mean_of(x, n), "%s/%s/%s", name,
                       arena[j], what ? "cost" : "mean_score");
            }
        }
    rg_names_free(names);
    free(of);
    free(x);
}

static void
check_bounds(const struct recorded *r)
{
    uint32_t *pick = rg_alloc(r->n, sizeof *pick);
    size_t count[2] = {0}, ties = 0;

    rg_router_choice_oracle(r->score, r->cost, r->n, r->m, false, pick);
    for (size_t i = 0; i < r->n; i++) {
        count[pick[i]]++;
        ties += r->score[2 * i] >= r->score[2 * i + 1] && r->score[2 * i] <= r->score[2 * i + 1];
    }
    check_picks(r, "oracle", pick);
    expect("routerarena", (double)count[0], "oracle/n_pick0");
    expect("routerarena", (double)count[1], "oracle/n_pick1");
    expect("routerarena", (double)ties, "oracle/n_tie_score");
    rg_router_choice_oracle(r->score, r->cost, r->n, r->m, true, pick);
    expect("routerarena", rg_router_choice_sums(r->score, r->cost, r->n, r->m, pick).cost,
           "oracle_routerbench/total_cost");
    for (size_t i = 0; i < r->n; i++)
        pick[i] =
            (uint32_t)(crc32(0, (const unsigned char *)r->text[i], (uInt)strlen(r->text[i])) & 1);
    check_picks(r, "crc_router", pick);
    check_arena("random_expected", (double)r->n, rg_sum_of(r->score, 2 * r->n) / 2,
                rg_sum_of(r->cost, 2 * r->n) / 2);
    free(pick);
}

static void
test_arena(void **state)
{
    static const char *const files[] = {"routerarena/claude-3-haiku-20240307.jsonl",
                                        "routerarena/gemini-2.0-flash-001.jsonl"};
    static const double costs[] = {0.0044, 0.01, 0.1, 1, 10, 100, 200};
    static const char *const names[] = {"0.0044", "0.01", "0.1", "1.0", "10.0", "100.0", "200.0"};
    struct recorded r;
    uint32_t *pick;

    (void)state;
    recorded_load(&r, files, 2, false);
    assert_string_equal(r.model[0], arena[0]);
    pick = rg_zalloc(r.n, sizeof *pick);
    check_order(&r);
    for (uint32_t j = 0; j < 2; j++) {
        for (size_t i = 0; i < r.n; i++)
            pick[i] = j;
        check_counts(&r, j);
        check_picks(&r, arena[j], pick);
    }
    check_bounds(&r);
    check_benchmarks(&r);
    for (size_t c = 0; c < 7; c++)
        for (int a = 1; a <= 4; a++)
            expect("routerarena_fn", rg_router_metrics_arena(a / 4.0, costs[c], NULL),
                   "arena(cost=%s,acc=%s)", names[c],
                   a == 1   ? "0.25"
                   : a == 2 ? "0.5"
                   : a == 3 ? "0.75"
                            : "1.0");
    free(pick);
    recorded_clear(&r);
}

/* ---- RouterDC ---- */

/* Judged by whether a probability is above 0; which kind a file has, the import has found out. */
static const char *
prepare(struct recorded *r)
{
    char **kind = rg_alloc(r->t->n_queries, sizeof *kind);
    struct rg_err err;
    bool probability;

    if (rg_trace_query_attr_text(r->t, "score_kind", kind, &err) != RG_OK)
        fail_msg("%s", err.text);
    probability = strcmp(kind[0], "probability") == 0;
    for (size_t q = 0; q < r->t->n_queries; q++)
        free(kind[q]);
    free(kind);
    for (size_t k = 0; k < r->n * r->m && probability; k++)
        r->score[k] = r->score[k] > 0;
    return probability ? "probability" : "multi_attempt";
}

static void
check_partial(const char *sec, const struct recorded *r, const char *set)
{
    static const char *const names[] = {"0.0", "0.5", "1.0"};
    double best = rg_router_metrics_best_single(r->score, r->n, r->m);

    for (int p = 0; p <= 2; p++) {
        struct rg_router_metrics_partial_oracle o =
            rg_router_metrics_partial_oracle(r->score, r->n, r->m, p / 2.0);

        expect(sec, o.mean, "r_o(%s)/mu_o", names[p]);
        expect(sec, rg_router_metrics_relative(o.mean, best), "r_o(%s)/V_B", names[p]);
        expect(sec, o.entropy, "r_o(%s)/E_p", names[p]);
        if (set)
            expect(sec,
                   rg_router_metrics_relative(o.mean, rg_router_metrics_reference_accuracy(set)),
                   "r_o(%s)/V_R", names[p]);
    }
}

/* Five neighbours by hashed TF-IDF, mean of their scores; E_p of the softmax of these. */
static void
check_five(const char *sec, const struct recorded *train, const struct recorded *r, const char *set)
{
    struct rg_tfidf *f = rg_tfidf_of(RG_TFIDF_WIDE, (const char *const *)train->text, train->n);
    struct rg_sparse *rows = rg_zalloc(train->n, sizeof *rows), v = {0};
    double *p = rg_alloc(r->n * r->m, sizeof *p), near[5], count[16] = {0}, mu;
    uint32_t row[5], *pick = rg_alloc(r->n, sizeof *pick);
    struct rg_knn *index;

    for (size_t i = 0; i < train->n; i++)
        rg_tfidf_vector(f, train->text[i], &rows[i]);
    index = rg_knn_sparse(rows, train->n, RG_TFIDF_WIDE);
    for (size_t i = 0; i < r->n; i++) {
        double *x = p + i * r->m, sum = 0, top;

        rg_tfidf_vector(f, r->text[i], &v);
        rg_knn_find_sparse(index, &v, 5, row, near);
        rg_neighbours_values(RG_NEIGHBOURS_MEAN, row, near, 5, train->score, r->m, x);
        pick[i] = (uint32_t)rg_dense_argmax(x, r->m);
        count[pick[i]] += 1;
        top = x[pick[i]];
        for (size_t j = 0; j < r->m; j++)
            sum += x[j] = exp(x[j] - top);
        for (size_t j = 0; j < r->m; j++)
            x[j] /= sum;
    }
    mu = rg_router_metrics_mean_picked(r->score, r->n, r->m, pick);
    expect(sec, mu, "knn5_routereval/mu_o");
    expect(sec, mu / rg_router_metrics_best_single(r->score, r->n, r->m), "knn5_routereval/V_B");
    expect(sec, mu / rg_router_metrics_reference_accuracy(set), "knn5_routereval/V_R");
    expect(sec, rg_router_metrics_entropy(p, r->n, r->m, 1e-10), "knn5_routereval/E_p");
    reference_are(&ref, sec, "knn5_routereval/pick_counts", count, r->m);
    for (size_t i = 0; i < train->n; i++)
        rg_sparse_clear(&rows[i]);
    rg_sparse_clear(&v);
    rg_knn_free(index);
    rg_tfidf_free(f);
    free(rows);
    free(p);
    free(pick);
}

static void
test_routerdc(void **state)
{
    static const struct {
        const char *name, *train, *set; /* as RouterEval calls it */
    } all[] = {{"gsm8k-test", "routerdc/gsm8k-train.json", "gsm8k"},
               {"arc_challenge_test", "routerdc/arc_challenge_train.json", "arc"},
               {"humaneval_test", NULL, NULL},
               {"mbpp", NULL, NULL}};

    (void)state;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        struct rg_buf names = {0};
        struct recorded r, train;
        char sec[64], file[64];
        const char *path = file;

        snprintf(sec, sizeof sec, "routerdc/%s", all[k].name);
        snprintf(file, sizeof file, "routerdc/%s.json", all[k].name);
        recorded_load(&r, &path, 1, false);
        expect_text(sec, "type", prepare(&r));
        expect(sec, (double)r.n, "n");
        for (size_t j = 0; j < r.m; j++) {
            double *x = recorded_column(r.score, r.n, r.m, j);

            rg_buf_printf(&names, "%s%s", j ? " " : "", r.model[j]);
            expect(sec, mean_of(x, r.n), "%s/mean", r.model[j]);
            free(x);
        }
        expect_text(sec, "models", rg_buf_text(&names));
        check_partial(sec, &r, all[k].set);
        if (all[k].train) {
            recorded_load(&train, &all[k].train, 1, false);
            prepare(&train);
            check_five(sec, &train, &r, all[k].set);
            recorded_clear(&train);
        }
        rg_buf_clear(&names);
        recorded_clear(&r);
    }
}

/* Every row of these sections was compared. */
static void
test_all(void **state)
{
    (void)state;
    assert_int_equal(reference_unused(&ref, "routers"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routellm),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_routerdc),
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
