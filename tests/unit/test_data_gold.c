/* Rates, paired differences and front membership of 76 recorded queries by 6 configurations. The
 * file stands outside the tree (ROUTERGYM_DATA, else ../shared/data); without it this program is
 * skipped.
 *
 * Origin of the numbers: a separate Python program (pandas, SciPy), given to as many digits as it
 * printed; its bootstrap had 2,000 resamples of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/num.h"
#include "stats/bootstrap.h"
#include "stats/interval.h"

enum { QUERIES = 76, CONFIGS = 6 };

/* In the order of the file's records of each query. */
static const char *const configs[CONFIGS] = {
    "llm_only__base_llm1__mem_rag_bm25",
    "llm_only__base_llm2__mem_rag_bm25",
    "slm_dominant__base_slm1__esc_llm2__mem_rag_bm25",
    "slm_dominant__base_slm2__esc_llm2__mem_rag_bm25",
    "slm_only__base_slm1__mem_rag_bm25",
    "slm_only__base_slm2__mem_rag_bm25",
};

struct gold {
    double score[CONFIGS][QUERIES], cost[CONFIGS][QUERIES];
    double right[CONFIGS], judged[CONFIGS]; /* labels */
};

static char *
data_path(void)
{
    const char *data = getenv("ROUTERGYM_DATA"), *top = getenv("abs_top_srcdir");
    struct rg_buf path = {0};

    if (data)
        rg_buf_puts(&path, data);
    else
        rg_buf_printf(&path, "%s/../shared/data", top ? top : ".");
    rg_buf_puts(&path, "/routergym/april2026/gold_resolution_scores_flat.csv");
    return rg_buf_take(&path);
}

static const struct rg_csv_field *
field(const struct rg_csv *csv, const struct rg_csv_field *fields, const char *name)
{
    int column = rg_csv_find(csv, name);

    assert_true(column >= 0);
    return &fields[column];
}

static double
number(const struct rg_csv *csv, const struct rg_csv_field *fields, const char *name)
{
    const struct rg_csv_field *f = field(csv, fields, name);
    double x = NAN;

    assert_null(rg_num_double(f->data, f->len, &x));
    return x;
}

static void
read_gold(struct gold *g)
{
    size_t seen[CONFIGS] = {0};
    char *path = data_path();
    const struct rg_csv_field *fields;
    struct rg_csv *csv;
    struct rg_err err;

    memset(g, 0, sizeof *g);
    assert_int_equal(rg_csv_open(&csv, path, &err), RG_OK);
    while (rg_csv_next(csv, &fields, &err) == RG_OK && fields) {
        const char *name = field(csv, fields, "analysis_config")->data;
        const char *right = field(csv, fields, "generated_category_correct")->data;
        int c = 0;

        while (c < CONFIGS && strcmp(configs[c], name) != 0)
            c++;
        assert_true(c < CONFIGS && seen[c] < QUERIES);
        g->score[c][seen[c]] = number(csv, fields, "overall_gold_quality_score");
        g->cost[c][seen[c]++] = number(csv, fields, "cost_usd");
        g->right[c] += strcmp(right, "True") == 0;
        g->judged[c] += *right != '\0';
    }
    for (int c = 0; c < CONFIGS; c++)
        assert_int_equal(seen[c], QUERIES);
    rg_csv_close(csv);
    free(path);
}

static void
within(double found, double expected, double distance)
{
    if (!(fabs(found - expected) <= distance))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

static void
wilson(void **state)
{
    static const double limits[CONFIGS][2] = {{0.714, 0.887}, {0.700, 0.877}, {0.543, 0.763},
                                              {0.573, 0.778}, {0.537, 0.759}, {0.533, 0.743}};
    const struct gold *g = *state;

    for (int c = 0; c < CONFIGS; c++) {
        struct rg_estimate est = rg_interval_rate(g->right[c], (uint64_t)g->judged[c], 0.95);

        within(est.lo, limits[c][0], 0.0006);
        within(est.hi, limits[c][1], 0.0006);
    }
}

/* Mean paired difference +- half width of Student's t; the bootstrap's is a little narrower. */
static void
paired_differences(void **state)
{
    static const struct {
        int a, b;
        double mean, half;
    } known[] = {{0, 1, 0.0364, 0.0107},
                 {0, 2, 0.0244, 0.0158},
                 {2, 4, -0.0022, 0.0029},
                 {3, 5, 0.0021, 0.0018},
                 {1, 4, -0.0142, 0.0115}};
    enum { PAIRS = sizeof known / sizeof *known };
    const struct gold *g = *state;
    struct rg_bootstrap_term terms[PAIRS];
    struct rg_bootstrap *boot;

    for (int i = 0; i < PAIRS; i++)
        terms[i] = (struct rg_bootstrap_term){
            .kind = RG_BOOTSTRAP_DIFFERENCE, .a = g->score[known[i].a], .b = g->score[known[i].b]};
    boot = rg_bootstrap_terms(&(struct rg_bootstrap_plan){.n = QUERIES, .seed = 1}, terms, PAIRS);
    for (size_t i = 0; i < PAIRS; i++) {
        struct rg_estimate est = rg_bootstrap_interval(boot, i, RG_BOOTSTRAP_PERCENTILE, 0.95);
        double d[QUERIES];

        within(est.value, known[i].mean, 0.00005);
        within((est.hi - est.lo) / 2, known[i].half, 0.06 * known[i].half);
        est = rg_bootstrap_interval(boot, i, RG_BOOTSTRAP_BCA, 0.95);
        within((est.hi - est.lo) / 2, known[i].half, 0.15 * known[i].half);
        for (int q = 0; q < QUERIES; q++)
            d[q] = g->score[known[i].a][q] - g->score[known[i].b][q];
        est = rg_interval_mean(d, QUERIES, 0.95);
        within((est.hi - est.lo) / 2, known[i].half, 0.00006);
    }
    rg_bootstrap_free(boot);
}

/* 1 for configurations of which no other is as good and as cheap, and better in one. */
static void
front(const void *ctx, const uint32_t *count, void *scratch, double *out)
{
    const struct gold *g = ctx;
    double score[CONFIGS] = {0}, cost[CONFIGS] = {0};

    (void)scratch;
    for (int c = 0; c < CONFIGS; c++)
        for (int q = 0; q < QUERIES; q++) {
            score[c] += count[q] * g->score[c][q];
            cost[c] += count[q] * g->cost[c][q];
        }
    for (int a = 0; a < CONFIGS; a++) {
        out[a] = 1;
        for (int b = 0; b < CONFIGS; b++)
            if (score[b] >= score[a] && cost[b] <= cost[a] &&
                (score[b] > score[a] || cost[b] < cost[a]))
                out[a] = 0;
    }
}

static void
front_membership(void **state)
{
    static const double share[CONFIGS] = {0.997, 0.007, 0.043, 0.001, 1.000, 0};
    static const double member[CONFIGS] = {1, 0, 0, 0, 1, 0};
    struct rg_bootstrap_function f = {CONFIGS, front, *state, 0};
    struct rg_bootstrap *boot =
        rg_bootstrap_call(&(struct rg_bootstrap_plan){.n = QUERIES, .seed = 1, .threads = 2}, &f);

    for (size_t c = 0; c < CONFIGS; c++) {
        const double *r = rg_bootstrap_replicates(boot, c);
        double sum = 0;

        for (size_t b = 0; b < rg_bootstrap_resamples(boot); b++)
            sum += r[b];
        within(sum / RG_BOOTSTRAP_RESAMPLES, share[c], 0.012); /* 3 standard errors of 2,000 */
        within(rg_bootstrap_interval(boot, c, RG_BOOTSTRAP_PERCENTILE, 0.95).value, member[c], 0);
    }
    rg_bootstrap_free(boot);
}

static int
set_up(void **state)
{
    *state = malloc(sizeof(struct gold));
    read_gold(*state);
    return 0;
}

static int
tear_down(void **state)
{
    free(*state);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson),
        cmocka_unit_test(paired_differences),
        cmocka_unit_test(front_membership),
    };
    char *path = data_path();
    int absent = access(path, R_OK) != 0;

    free(path);
    if (absent) {
        puts("1..0 # SKIP no recorded scores (set ROUTERGYM_DATA)");
        return 0;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
