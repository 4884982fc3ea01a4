/* Is a difference more than chance? Query by query against a baseline and for all pairs, and over
 * data sets by ranks. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "cli/evaluate_tables.h"
#include "stats/contingency.h"
#include "stats/equivalence.h"
#include "stats/multiple.h"
#include "stats/paired.h"
#include "stats/rank_tests.h"

enum { MOST_PAIRED = 200 }; /* results that are compared each with each */

/* Results that are compared: all as they were written. */
struct compared {
    size_t *of;
    size_t n;
};

static struct compared
compared_of(const struct rg_evaluate_report *p)
{
    struct compared c = {rg_alloc(p->n, sizeof *c.of), 0};

    for (size_t i = 0; i < p->n; i++)
        if (!p->r->of[i].swept)
            c.of[c.n++] = i;
    return c;
}

/* ---- one pair ---- */

enum { TEST_T, TEST_WILCOXON, TEST_MCNEMAR, N_TESTS };

struct pair {
    size_t a, b;       /* results */
    size_t at, beside; /* their places among all that are compared */
    struct rg_test test[N_TESTS];
    double p[N_TESTS]; /* adjusted for all pairs */
    struct rg_equivalence margin;
    double p_equivalent, p_not_worse; /* adjusted */
};

/* x, y: per query; room: as many numbers. */
static void
compare(const struct rg_evaluate_report *p, const double *x, const double *y, double *room,
        bool cost, struct pair *out)
{
    size_t n = p->s->trace->n_queries, m = rg_paired_differences(x, y, n, room);
    struct rg_discordance d;

    out->test[TEST_T] = rg_paired_t(room, m, 0, RG_TWO_SIDED, p->v->level);
    out->test[TEST_WILCOXON] = rg_signed_rank(room, m, RG_ZEROS_WILCOXON, RG_TWO_SIDED);
    out->test[TEST_MCNEMAR] = rg_test_undefined(m, RG_WHY_NOT_BINARY);
    if (!cost && rg_discordance_of(x, y, n, &d))
        out->test[TEST_MCNEMAR] = rg_mcnemar(&d, false, RG_TWO_SIDED);
    out->p_equivalent = out->p_not_worse = NAN;
    if (!isnan(p->v->margin)) {
        out->margin = rg_equivalence(room, m, p->v->margin, 1 - p->v->level);
        out->p_equivalent = out->margin.p;
        out->p_not_worse = rg_non_inferior(&out->margin, false).p;
    }
}

static void
adjust_one(struct pair *pair, size_t n, size_t offset)
{
    double *p = rg_alloc(n, sizeof *p);

    for (size_t i = 0; i < n; i++)
        memcpy(&p[i], (const char *)&pair[i] + offset, sizeof *p);
    rg_adjust_p(p, n, RG_ADJUST_HOLM, p);
    for (size_t i = 0; i < n; i++)
        memcpy((char *)&pair[i] + offset, &p[i], sizeof *p);
    free(p);
}

static void
adjust(struct pair *pair, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < N_TESTS; t++)
            pair[i].p[t] = pair[i].test[t].p;
    for (size_t t = 0; t < N_TESTS; t++)
        adjust_one(pair, n, offsetof(struct pair, p) + t * sizeof(double));
    adjust_one(pair, n, offsetof(struct pair, p_equivalent));
    adjust_one(pair, n, offsetof(struct pair, p_not_worse));
}

/* ---- what both tables show of a pair ---- */

static void
test_columns(struct rg_table *t, const struct rg_evaluate_report *p, bool cost)
{
    rg_table_column(t, "difference", NULL, RG_COL_ESTIMATE, cost ? -1 : 2, false);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "t", NULL, RG_COL_NUMBER, 2, false);
    rg_table_column(t, "p", NULL, RG_COL_NUMBER, -1, false);
    rg_table_column(t, "p_adjusted", "p (Holm)", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "p_wilcoxon", "p Wilcoxon", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "p_wilcoxon_adjusted", "(Holm)", RG_COL_NUMBER, -1, false);
    if (cost)
        return;
    rg_table_column(t, "p_mcnemar", "p McNemar", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "p_mcnemar_adjusted", "(Holm)", RG_COL_NUMBER, -1, false);
    if (isnan(p->v->margin))
        return;
    rg_table_column(t, "p_not_worse", "p not worse", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "p_equivalent", "p equivalent", RG_COL_NUMBER, -1, false);
    rg_table_column(t, "equivalent", NULL, RG_COL_TEXT, 0, false);
}

static void
put_tests(struct rg_table *t, size_t column, const struct rg_evaluate_report *p,
          const struct pair *pair, bool cost)
{
    double scale = cost ? 1 : 100;
    const struct rg_test *test = pair->test;

    rg_table_estimate(t, column, test->estimate * scale, test->lo * scale, test->hi * scale);
    rg_table_integer(t, column + 1, (int64_t)test->n);
    rg_table_number(t, column + 2, test->statistic);
    column += 3;
    for (size_t k = 0; k < (cost ? TEST_MCNEMAR : N_TESTS); k++, column += 2) {
        rg_table_number(t, column, test[k].p);
        rg_table_number(t, column + 1, pair->p[k]);
    }
    if (cost || isnan(p->v->margin))
        return;
    rg_table_number(t, column, pair->p_not_worse);
    rg_table_number(t, column + 1, pair->p_equivalent);
    if (!isnan(pair->p_equivalent))
        rg_table_text(t, column + 2, pair->p_equivalent <= 1 - p->v->level ? "yes" : "no");
}

static void
say_tests(struct rg_table *t, const struct rg_evaluate_report *p, bool cost)
{
    rg_table_note(t,
                  "Query by query (the mean over a query's splits): Student's t, Wilcoxon's signed "
                  "ranks%s; each adjusted after Holm for all rows.",
                  cost ? "" : ", McNemar's exact test where all scores are 0 or 1");
    if (!cost && !isnan(p->v->margin))
        rg_table_note(t,
                      "Not worse by %g of a score; equivalent within that (two one-sided t tests, "
                      "Holm), at %g.",
                      p->v->margin, 1 - p->v->level);
}

/* ---- differences from a baseline ---- */

struct rg_table *
rg_evaluate_differences_table(struct rg_evaluate_report *p, const char **why)
{
    struct compared all = compared_of(p);
    struct pair *pair = rg_alloc(all.n, sizeof *pair);
    size_t queries = p->s->trace->n_queries, n = 0;
    double *x = rg_alloc(queries, sizeof *x), *y = rg_alloc(queries, sizeof *y);
    double *room = rg_alloc(queries, sizeof *room);
    struct rg_table *t = rg_table_new("Differences from the baseline");

    *why = NULL;
    rg_evaluate_per_query(p, p->score[p->baseline], (uint32_t)RG_NAMES_NONE, y);
    for (size_t i = 0; i < all.n; i++) {
        if (all.of[i] == p->baseline)
            continue;
        pair[n].a = all.of[i];
        rg_evaluate_per_query(p, p->score[all.of[i]], (uint32_t)RG_NAMES_NONE, x);
        compare(p, x, y, room, false, &pair[n++]);
    }
    adjust(pair, n);
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    test_columns(t, p, false);
    for (size_t i = 0; i < n; i++) {
        rg_table_row(t);
        rg_table_text(t, 0, p->r->of[pair[i].a].name);
        put_tests(t, 1, p, &pair[i], false);
    }
    rg_table_note(t, "From '%s', in hundredths of a score (Sample-Avg).",
                  p->r->of[p->baseline].name);
    say_tests(t, p, false);
    free(all.of);
    free(pair);
    free(x);
    free(y);
    free(room);
    return t;
}

/* ---- ranks over data sets ---- */

/* Cells of data sets on which all were judged, best first: less is better. Returns how many. */
static size_t
rank_blocks(const struct rg_evaluate_report *p, const struct compared *c, double *x)
{
    size_t n = 0, keys = p->s->n_keys;

    for (size_t d = 0; d < keys; d++) {
        bool whole = true;

        for (size_t i = 0; i < c->n; i++) {
            x[n * c->n + i] = -p->cell[c->of[i] * keys + d];
            whole = whole && !isnan(x[n * c->n + i]);
        }
        n += whole;
    }
    return n;
}

struct ranking {
    struct compared all;
    double *mean; /* ranks */
    size_t n;     /* data sets */
    struct rg_friedman test;
};

static bool
rank_all(const struct rg_evaluate_report *p, struct ranking *r)
{
    double *x;

    *r = (struct ranking){.all = compared_of(p)};
    x = rg_alloc(r->all.n * p->s->n_keys, sizeof *x);
    r->mean = rg_alloc(r->all.n, sizeof *r->mean);
    r->n = rank_blocks(p, &r->all, x);
    if (r->n > 1 && r->all.n > 1)
        r->test = rg_friedman(x, r->n, r->all.n, r->mean);
    free(x);
    return r->n > 1 && r->all.n > 1;
}

static void
ranking_clear(struct ranking *r)
{
    free(r->all.of);
    free(r->mean);
}

static void
rank_notes(struct rg_table *t, const struct rg_evaluate_report *p, const struct ranking *r)
{
    rg_table_note(t,
                  "Mean ranks of Dataset-Avg's cells on the %zu of %zu data sets that all have; 1 "
                  "is best. Friedman: chi squared %.4g, df %g, p %.4g; Iman and Davenport: F "
                  "%.4g, p %.4g; Kendall's W %.4g.",
                  r->n, p->s->n_keys, r->test.chi2.statistic, r->test.chi2.df, r->test.chi2.p,
                  r->test.f.statistic, r->test.f.p, r->test.chi2.estimate);
    rg_table_note(t,
                  "Nemenyi: mean ranks at least %.4g apart differ, at %.4g for all pairs; its p is "
                  "that of the difference from the first row.",
                  rg_nemenyi_critical(r->n, r->all.n, 1 - p->v->level), 1 - p->v->level);
}

struct rg_table *
rg_evaluate_ranks_table(struct rg_evaluate_report *p, const char **why)
{
    struct ranking r;
    struct rg_table *t = NULL;
    size_t *order, k;

    *why = "it needs two data sets on which all were judged, and two rows";
    if (rank_all(p, &r)) {
        t = rg_table_new("Ranks over data sets");
        rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
        rg_table_column(t, "mean_rank", "mean rank", RG_COL_NUMBER, 2, false);
        rg_table_column(t, "p_nemenyi", "p Nemenyi", RG_COL_NUMBER, -1, false);
        order = rg_alloc(r.all.n, sizeof *order);
        for (size_t i = 0; i < r.all.n; i++) {
            for (k = i; k > 0 && r.mean[order[k - 1]] > r.mean[i]; k--)
                order[k] = order[k - 1];
            order[k] = i;
        }
        for (size_t i = 0; i < r.all.n; i++) {
            rg_table_row(t);
            rg_table_text(t, 0, p->r->of[r.all.of[order[i]]].name);
            rg_table_number(t, 1, r.mean[order[i]]);
            if (i > 0)
                rg_table_number(t, 2,
                                rg_nemenyi_p(r.mean[order[0]], r.mean[order[i]], r.n, r.all.n));
        }
        rank_notes(t, p, &r);
        free(order);
    }
    ranking_clear(&r);
    return t;
}

/* ---- all pairs ---- */

/* Per query of all that are compared. */
static double *
all_queries(const struct rg_evaluate_report *p, const struct compared *all, bool cost)
{
    size_t n = p->s->trace->n_queries;
    double *x = rg_alloc(all->n * n, sizeof *x);

    for (size_t i = 0; i < all->n; i++)
        rg_evaluate_per_query(p, cost ? p->cost[all->of[i]] : p->score[all->of[i]],
                              (uint32_t)RG_NAMES_NONE, x + i * n);
    return x;
}

static void
pair_rows(struct rg_table *t, const struct rg_evaluate_report *p, const struct ranking *r,
          const struct pair *pair, size_t n, bool cost)
{
    size_t columns;

    rg_table_column(t, "a", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "b", NULL, RG_COL_TEXT, 0, true);
    test_columns(t, p, cost);
    if (r)
        rg_table_column(t, "p_nemenyi", "p Nemenyi", RG_COL_NUMBER, -1, false);
    columns = rg_table_columns(t);
    for (size_t i = 0; i < n; i++) {
        rg_table_row(t);
        rg_table_text(t, 0, p->r->of[pair[i].a].name);
        rg_table_text(t, 1, p->r->of[pair[i].b].name);
        put_tests(t, 2, p, &pair[i], cost);
        if (r)
            rg_table_number(
                t, columns - 1,
                rg_nemenyi_p(r->mean[pair[i].at], r->mean[pair[i].beside], r->n, r->all.n));
    }
}

static struct rg_table *
pairs_table(struct rg_evaluate_report *p, bool cost, const char **why)
{
    struct compared all = compared_of(p);
    size_t queries = p->s->trace->n_queries, n = 0;
    struct ranking r;
    struct pair *pair;
    struct rg_table *t;
    double *x, *room;
    bool ranked;

    *why = "more than 200 models and routers make too many pairs (see --pool)";
    if (all.n > MOST_PAIRED) {
        free(all.of);
        return NULL;
    }
    t = rg_table_new(cost ? "Differences in cost, all pairs" : "Differences in score, all pairs");
    pair = rg_alloc(all.n * all.n, sizeof *pair);
    x = all_queries(p, &all, cost);
    room = rg_alloc(queries, sizeof *room);
    for (size_t a = 0; a < all.n; a++)
        for (size_t b = a + 1; b < all.n; b++, n++) {
            pair[n].a = all.of[a];
            pair[n].b = all.of[b];
            pair[n].at = a;
            pair[n].beside = b;
            compare(p, x + a * queries, x + b * queries, room, cost, &pair[n]);
        }
    adjust(pair, n);
    ranked = !cost && rank_all(p, &r);
    pair_rows(t, p, ranked ? &r : NULL, pair, n, cost);
    rg_table_note(t, "a - b, in %s.", cost ? "USD of a query" : "hundredths of a score");
    say_tests(t, p, cost);
    if (!cost)
        ranking_clear(&r);
    free(all.of);
    free(pair);
    free(x);
    free(room);
    return t;
}

struct rg_table *
rg_evaluate_pairs_table(struct rg_evaluate_report *p, const char **why)
{
    return pairs_table(p, false, why);
}

struct rg_table *
rg_evaluate_pairs_cost_table(struct rg_evaluate_report *p, const char **why)
{
    return pairs_table(p, true, why);
}
