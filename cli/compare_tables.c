/* The tables of compare. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/compare.h"
#include "stats/power.h"
#include "stats/variance.h"

/* ---- what all have ---- */

static bool
for_data(const struct rg_compare *c)
{
    return c->v->format == RG_CSV || c->v->format == RG_JSON;
}

struct rg_table *
rg_compare_table(const struct rg_compare *c, const char *title)
{
    struct rg_buf full = {0};
    struct rg_table *t;

    rg_buf_printf(&full, "%s: %s", c->metric, title);
    t = rg_table_new(rg_buf_text(&full));
    rg_buf_clear(&full);
    if (for_data(c))
        rg_table_column(t, "metric", NULL, RG_COL_TEXT, 0, true);
    return t;
}

void
rg_compare_row(struct rg_table *t, const struct rg_compare *c)
{
    rg_table_row(t);
    if (for_data(c))
        rg_table_text(t, 0, c->metric);
}

/* Two long names in each line would leave no place for numbers: then people read the groups' own
 * numbers there. */
enum { NAME_MAX_WIDTH = 14 };

static bool
numbered(const struct rg_compare *c)
{
    size_t most = 0;

    for (size_t j = 0; j < c->groups->n; j++) {
        size_t width = rg_utf8_width(c->groups->label[j], strlen(c->groups->label[j]));

        most = width > most ? width : most;
    }
    return !for_data(c) && most > NAME_MAX_WIDTH;
}

static void
put_group(struct rg_table *t, const struct rg_compare *c, size_t column, size_t group)
{
    char number[24];

    snprintf(number, sizeof number, "%zu", group + 1);
    rg_table_text(t, column, numbered(c) ? number : c->groups->label[group]);
}

static size_t
number_column(struct rg_table *t, const char *name, const char *head, int decimals)
{
    return rg_table_column(t, name, head, RG_COL_NUMBER, decimals, false);
}

static size_t
count_column(struct rg_table *t, const char *name)
{
    return rg_table_column(t, name, NULL, RG_COL_INTEGER, 0, false);
}

static int
percent(double p)
{
    return (int)lrint(100 * p);
}

static const char *
adjusted_by(const struct rg_compare *c)
{
    static const char *const names[] = {"not adjusted", "adjusted by Holm",
                                        "adjusted by Benjamini and Hochberg"};

    return names[c->v->adjust];
}

/* ---- groups ---- */

static void
say_dropped(struct rg_table *t, const struct rg_compare *c)
{
    const struct rg_blocks *b = &c->blocks;
    const struct {
        size_t n;
        const char *what;
    } lines[] = {
        {b->no_group, "rows without a group were left out"},
        {b->no_unit, "rows without a query were left out"},
        {b->no_value, "rows without a number were left out"},
        {b->repeated_rows, "rows stand for a query and group that have several, and were averaged"},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i].n > 0)
            rg_table_item(t, lines[i].n, "%s", lines[i].what);
}

static struct rg_table *
groups_table(const struct rg_compare *c)
{
    struct rg_table *t = rg_compare_table(c, "groups");
    size_t no = numbered(c) ? rg_table_column(t, "no", "no.", RG_COL_INTEGER, 0, true) : 0;
    size_t group = rg_table_column(t, "group", NULL, RG_COL_TEXT, 0, true);
    size_t n = count_column(t, "n");
    size_t mean = rg_table_column(t, "mean", NULL, RG_COL_ESTIMATE, -1, false);
    size_t rank = number_column(t, "mean_rank", "mean rank", 3);

    for (size_t j = 0; j < c->groups->n; j++) {
        const struct rg_estimate *e = &c->means[j];

        rg_compare_row(t, c);
        if (numbered(c))
            rg_table_integer(t, no, (int64_t)j + 1);
        rg_table_text(t, group, c->groups->label[j]);
        rg_table_integer(t, n, (int64_t)e->n);
        rg_table_estimate(t, mean, e->value, e->lo, e->hi);
        rg_table_number(t, rank, c->mean_ranks[j]);
    }
    rg_table_note(t,
                  "%zu rows, %zu queries; %zu have a value in every group: ranks (1 is the lowest "
                  "value) are of those. Intervals: %d %%, Student's t.",
                  c->blocks.rows, c->blocks.n_units, c->n_complete, percent(c->v->level));
    say_dropped(t, c);
    return t;
}

/* ---- all groups at once ---- */

struct omnibus {
    size_t test, statistic, df, df2, p, size, kind;
};

static void
put_omnibus(struct rg_table *t, const struct rg_compare *c, const struct omnibus *at,
            const char *name, const struct rg_test *test, double size, const char *kind)
{
    rg_compare_row(t, c);
    rg_table_text(t, at->test, name);
    rg_table_number(t, at->statistic, test->statistic);
    rg_table_number(t, at->df, test->df);
    rg_table_number(t, at->df2, test->df2);
    rg_table_number(t, at->p, test->p);
    rg_table_number(t, at->size, size);
    rg_table_text(t, at->kind, kind);
    if (test->why != RG_WHY_DEFINED)
        rg_table_note(t, "%s: undefined (%s).", name, rg_why_text(test->why));
}

static void
say_all(struct rg_table *t, const struct rg_compare *c)
{
    rg_table_note(t, "Over the %zu queries that have a value in every group.", c->n_complete);
    if (!isnan(c->nemenyi))
        rg_table_note(t,
                      "Nemenyi: mean ranks that are at least %.4g apart differ, at %.4g for all "
                      "pairs together.",
                      c->nemenyi, 1 - c->v->level);
    if (c->n_complete > 0 && c->flat == c->n_complete)
        rg_table_note(t, "WARNING: every query has one and the same value in all groups: these "
                         "look like copies of one result.");
    else if (c->flat > 0)
        rg_table_item(t, c->flat, "queries have one and the same value in all groups");
}

static struct rg_table *
omnibus_table(const struct rg_compare *c)
{
    struct rg_table *t = rg_compare_table(c, "are all groups alike?");
    const struct rg_anova_row *f = &c->one_way.rows[RG_ANOVA_A];
    struct rg_test adjusted = f->test;
    struct omnibus at;

    at.test = rg_table_column(t, "test", NULL, RG_COL_TEXT, 0, true);
    at.statistic = number_column(t, "statistic", NULL, -1);
    at.df = number_column(t, "df", NULL, -1);
    at.df2 = number_column(t, "df2", "df 2", -1);
    at.p = number_column(t, "p", NULL, -1);
    at.size = number_column(t, "effect", NULL, 4);
    at.kind = rg_table_column(t, "effect_is", "effect is", RG_COL_TEXT, 0, false);
    put_omnibus(t, c, &at, "Friedman", &c->friedman.chi2, c->friedman.chi2.estimate, "Kendall's W");
    put_omnibus(t, c, &at, "Iman-Davenport", &c->friedman.f, NAN, NULL);
    if (c->binary)
        put_omnibus(t, c, &at, "Cochran Q", &c->cochran, NAN, NULL);
    put_omnibus(t, c, &at, "F within queries", &f->test, f->test.estimate, "partial eta2");
    if (!isnan(f->epsilon)) {
        adjusted.df *= f->epsilon;
        adjusted.df2 *= f->epsilon;
        adjusted.p = f->p_adjusted;
        put_omnibus(t, c, &at, "Greenhouse-Geisser", &adjusted, f->epsilon, "epsilon");
    }
    say_all(t, c);
    return t;
}

/* ---- pairs ---- */

static const char *
verdict(const struct rg_compare *c, const struct rg_compare_pair *p)
{
    double towards;

    if (p->n == 0)
        return "no common query";
    if (p->test.zeros == p->n)
        return "identical";
    if (p->test.why != RG_WHY_DEFINED)
        return rg_why_text(p->test.why);
    if (p->p_adjusted > 1 - c->v->level)
        return "not shown";
    towards = p->test.estimate - (c->v->test == RG_COMPARE_SIGN ? 0.5 : 0);
    return towards > 0 ? "a higher" : towards < 0 ? "a lower" : "differ";
}

static void
pair_keys(struct rg_table *t)
{
    rg_table_column(t, "a", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "b", NULL, RG_COL_TEXT, 0, true);
}

/* Begin a row of a pair; returns the column behind its keys, n. */
static size_t
pair_row(struct rg_table *t, const struct rg_compare *c, const struct rg_compare_pair *p)
{
    size_t first = for_data(c) ? 1 : 0;

    rg_compare_row(t, c);
    put_group(t, c, first, p->a);
    put_group(t, c, first + 1, p->b);
    rg_table_integer(t, first + 2, (int64_t)p->n);
    return first + 2;
}

struct pair_columns {
    size_t difference, dz, cliff, first, second, zeros, biserial, statistic, p, adjusted, nemenyi,
        verdict;
    bool has_counts, has_zeros, has_biserial, has_adjusted, has_nemenyi;
};

static void
pair_columns(struct rg_table *t, const struct rg_compare *c, struct pair_columns *at)
{
    static const char *const statistics[][2] = {
        {"t", NULL}, {"rank_sum", "rank sum"}, {"positive", NULL}, {"chi2", NULL}, {"chi2", NULL}};
    int test = c->v->test;

    at->has_counts = test == RG_COMPARE_MCNEMAR || test == RG_COMPARE_MIDP;
    at->has_biserial = test == RG_COMPARE_WILCOXON;
    at->has_zeros = at->has_biserial || test == RG_COMPARE_SIGN;
    at->has_adjusted = c->v->adjust != RG_ADJUST_NONE;
    at->has_nemenyi = !isnan(c->nemenyi) && c->v->baseline == NULL;
    pair_keys(t);
    count_column(t, "n");
    at->difference = rg_table_column(t, "difference", NULL, RG_COL_ESTIMATE, -1, false);
    if (at->has_counts) {
        at->first = count_column(t, "only_a");
        at->second = count_column(t, "only_b");
    }
    if (at->has_zeros)
        at->zeros = count_column(t, "zeros");
    at->statistic = number_column(t, statistics[test][0], statistics[test][1], -1);
    at->p = number_column(t, "p", NULL, -1);
    if (at->has_adjusted)
        at->adjusted = number_column(t, "p_adjusted", "p adjusted", -1);
    at->verdict = rg_table_column(t, "verdict", NULL, RG_COL_TEXT, 0, false);
    at->dz = number_column(t, "cohen_dz", "Cohen dz", 3);
    at->cliff = number_column(t, "cliff_delta", "Cliff delta", 3);
    if (at->has_biserial)
        at->biserial = number_column(t, "rank_biserial", "rank biserial", 3);
    if (at->has_nemenyi)
        at->nemenyi = number_column(t, "p_nemenyi", "p Nemenyi", -1);
}

static void
put_pair(struct rg_table *t, const struct rg_compare *c, const struct pair_columns *at,
         const struct rg_compare_pair *p)
{
    (void)pair_row(t, c, p);
    rg_table_estimate(t, at->difference, p->mean.estimate, p->mean.lo, p->mean.hi);
    rg_table_number(t, at->statistic, p->test.statistic);
    rg_table_number(t, at->p, p->test.p);
    rg_table_text(t, at->verdict, verdict(c, p));
    rg_table_number(t, at->dz, p->cohen.dz);
    rg_table_number(t, at->cliff, p->cliff);
    if (at->has_counts) {
        rg_table_integer(t, at->first, (int64_t)p->counts.first);
        rg_table_integer(t, at->second, (int64_t)p->counts.second);
    }
    if (at->has_zeros)
        rg_table_integer(t, at->zeros, (int64_t)p->test.zeros);
    if (at->has_biserial)
        rg_table_number(t, at->biserial, p->test.estimate);
    if (at->has_adjusted)
        rg_table_number(t, at->adjusted, p->p_adjusted);
    if (at->has_nemenyi)
        rg_table_number(t, at->nemenyi, p->p_nemenyi);
}

static void
say_test(struct rg_table *t, const struct rg_compare *c)
{
    static const char *const tests[] = {"paired t test", "Wilcoxon signed rank test", "sign test",
                                        "McNemar's test, exact", "McNemar's test, mid-p"};
    static const char *const zeros[] = {" (differences of 0 left out)",
                                        " (differences of 0 as Pratt has them)"};
    static const char *const tails[] = {"two-sided", "a greater", "a less"};
    size_t dropped = 0, approximate = 0;

    rg_table_note(t,
                  "difference: mean of a - b over the queries that have both, with its two-sided "
                  "%d %% interval by Student's t. p: %s%s, %s, %s over %zu pairs; shown at %.4g.",
                  percent(c->v->level), tests[c->v->test],
                  c->v->test == RG_COMPARE_WILCOXON ? zeros[c->v->zeros] : "",
                  tails[c->v->alternative], adjusted_by(c), c->n_pairs, 1 - c->v->level);
    if (numbered(c))
        rg_table_note(t, "a and b are the numbers of the groups above.");
    for (size_t i = 0; i < c->n_pairs; i++) {
        const struct rg_test *test = &c->pairs[i].test;

        dropped += c->pairs[i].one_only;
        approximate += test->why == RG_WHY_DEFINED && !test->exact;
    }
    if (approximate > 0 && c->v->test == RG_COMPARE_WILCOXON)
        rg_table_item(t, approximate, "p is that of the normal approximation, not exact");
    if (dropped > 0)
        rg_table_item(t, dropped,
                      "a query was left out of a pair, as only one of both groups has a value");
}

static struct rg_table *
pairs_table(const struct rg_compare *c)
{
    struct rg_table *t =
        rg_compare_table(c, c->v->baseline ? "groups against the baseline" : "all pairs of groups");
    struct pair_columns at;

    pair_columns(t, c, &at);
    for (size_t i = 0; i < c->n_pairs; i++)
        put_pair(t, c, &at, &c->pairs[i]);
    say_test(t, c);
    return t;
}

/* ---- margin ---- */

static const char *
margin_verdict(const struct rg_compare *c, const struct rg_compare_pair *p)
{
    double alpha = 1 - c->v->level;

    if (isnan(p->p_both))
        return rg_why_text(p->margin.above.why);
    if (p->p_both <= alpha)
        return "equivalent";
    if (p->p_a <= alpha)
        return "a not inferior";
    if (p->p_b <= alpha)
        return "b not inferior";
    return "not shown";
}

static struct rg_table *
margin_table(const struct rg_compare *c)
{
    struct rg_table *t = rg_compare_table(c, "within the margin?");
    double alpha = 1 - c->v->level;

    pair_keys(t);
    count_column(t, "n");
    rg_table_column(t, "difference", NULL, RG_COL_ESTIMATE, -1, false);
    number_column(t, "p_a_not_inferior", "p (a not inferior)", -1);
    number_column(t, "p_b_not_inferior", "p (b not inferior)", -1);
    number_column(t, "p_equivalent", "p (equivalent)", -1);
    rg_table_column(t, "verdict", NULL, RG_COL_TEXT, 0, false);
    for (size_t i = 0; i < c->n_pairs; i++) {
        const struct rg_compare_pair *p = &c->pairs[i];
        size_t n = pair_row(t, c, p);

        rg_table_estimate(t, n + 1, p->mean.estimate, p->margin.lo, p->margin.hi);
        rg_table_number(t, n + 2, p->p_a);
        rg_table_number(t, n + 3, p->p_b);
        rg_table_number(t, n + 4, p->p_both);
        rg_table_text(t, n + 5, margin_verdict(c, p));
    }
    rg_table_note(t,
                  "Margin %.6g, %s is better. One-sided paired t tests at %.4g, %s over %zu pairs; "
                  "equivalent: both of them (TOST). Intervals: %d %%.",
                  c->v->margin, c->v->lower_better ? "less" : "more", alpha, adjusted_by(c),
                  c->n_pairs, percent(1 - 2 * alpha));
    return t;
}

/* ---- ratios ---- */

static struct rg_table *
ratio_table(const struct rg_compare *c)
{
    struct rg_table *t = rg_compare_table(c, "ratios of means, and the bootstrap");

    pair_keys(t);
    count_column(t, "n");
    rg_table_column(t, "ratio", "a / b (Fieller)", RG_COL_ESTIMATE, -1, false);
    rg_table_column(t, "ratio_bootstrap", "a / b (bootstrap)", RG_COL_ESTIMATE, -1, false);
    rg_table_column(t, "difference_bootstrap", "a - b (bootstrap)", RG_COL_ESTIMATE, -1, false);
    for (size_t i = 0; i < c->n_pairs; i++) {
        const struct rg_compare_pair *p = &c->pairs[i];
        const struct rg_estimate *all[] = {&p->ratio, &p->boot_ratio, &p->boot_difference};
        size_t n = pair_row(t, c, p);

        for (size_t k = 0; k < 3; k++)
            rg_table_estimate(t, n + 1 + k, all[k]->value, all[k]->lo, all[k]->hi);
    }
    rg_table_note(t,
                  "a / b: mean of a by mean of b over the queries that have both; 1 - a / b is the "
                  "share that a saves. bootstrap: BCa, %llu resamples of queries, seed %llu. "
                  "Intervals: %d %%.",
                  (unsigned long long)c->v->resamples, (unsigned long long)c->v->seed,
                  percent(c->v->level));
    return t;
}

/* ---- power ---- */

/* Chance to see the difference with the units at hand, and the units that it takes. */
static void
reckon_power(const struct rg_compare *c, const struct rg_compare_pair *p, double *power,
             size_t *units)
{
    double alpha = 1 - c->v->level, d = fabs(c->v->detect), most;
    bool two = c->v->alternative == RG_TWO_SIDED;

    *power = NAN;
    *units = 0;
    if (c->v->test == RG_COMPARE_MCNEMAR || c->v->test == RG_COMPARE_MIDP) {
        if (p->n == 0 || d > 1)
            return;
        most = fmax(d, (double)(p->counts.first + p->counts.second) / (double)p->n);
        *power =
            rg_power_mcnemar(p->n, (most + d) / 2, (most - d) / 2, alpha, two, RG_POWER_CONNOR);
        *units = rg_power_mcnemar_units((most + d) / 2, (most - d) / 2, alpha, c->v->power, two,
                                        RG_POWER_CONNOR);
    } else if (p->sd > 0 && isfinite(p->sd)) {
        *power = rg_power_t(p->n, d, p->sd, alpha, two);
        *units = rg_power_t_units(d, p->sd, alpha, c->v->power, two);
    }
}

static struct rg_table *
power_table(const struct rg_compare *c)
{
    struct rg_table *t = rg_compare_table(c, "what could be seen");
    bool counts = c->v->test == RG_COMPARE_MCNEMAR || c->v->test == RG_COMPARE_MIDP;

    pair_keys(t);
    count_column(t, "n");
    number_column(t, "sd", "sd of differences", -1);
    number_column(t, "power", NULL, 3);
    rg_table_column(t, "n_needed", "n needed", RG_COL_INTEGER, 0, false);
    for (size_t i = 0; i < c->n_pairs; i++) {
        const struct rg_compare_pair *p = &c->pairs[i];
        size_t n = pair_row(t, c, p), units;
        double power;

        reckon_power(c, p, &power, &units);
        rg_table_number(t, n + 1, p->sd);
        rg_table_number(t, n + 2, power);
        if (units > 0)
            rg_table_integer(t, n + 3, (int64_t)units);
    }
    rg_table_note(t,
                  "power: chance that one test at %.4g, not adjusted, shows a true difference of "
                  "%.6g with n queries; n needed: queries that make it %.4g. %s.",
                  1 - c->v->level, c->v->detect, c->v->power,
                  counts ? "McNemar's test, Connor's approximation, with the share of queries on "
                           "which the two differ as found"
                         : "Paired t test with the standard deviation found");
    return t;
}

/* ---- variation ---- */

static void
put_part(struct rg_table *t, const struct rg_compare *c, const char *name,
         const struct rg_variance_part *p, size_t first)
{
    rg_compare_row(t, c);
    rg_table_text(t, first, name);
    rg_table_number(t, first + 1, p->df);
    rg_table_number(t, first + 2, p->ss);
    rg_table_number(t, first + 3, p->share);
    rg_table_number(t, first + 4, p->component);
    rg_table_number(t, first + 5, p->of_all);
}

static struct rg_table *
variation_table(const struct rg_compare *c)
{
    struct rg_table *t = rg_compare_table(c, "where the variation lies");
    struct rg_variance v = rg_variance_two_way(c->complete, c->n_complete, c->groups->n);
    size_t first = rg_table_column(t, "source", NULL, RG_COL_TEXT, 0, true);

    number_column(t, "df", NULL, 0);
    number_column(t, "ss", "sum of squares", -1);
    number_column(t, "ss_share", "share", 4);
    number_column(t, "variance", NULL, -1);
    number_column(t, "variance_share", "share of variance", 4);
    put_part(t, c, "queries", &v.units, first);
    put_part(t, c, "groups", &v.groups, first);
    put_part(t, c, "residual", &v.residual, first);
    if (v.why != RG_WHY_DEFINED)
        rg_table_note(t, "Undefined (%s).", rg_why_text(v.why));
    else
        rg_table_note(t,
                      "Over the %zu queries that have a value in every group. variance: "
                      "components by the method of moments, at least 0.",
                      c->n_complete);
    return t;
}

size_t
rg_compare_tables(const struct rg_compare *c, struct rg_table **tables, size_t n)
{
    tables[n++] = groups_table(c);
    if (c->groups->n > 2)
        tables[n++] = omnibus_table(c);
    tables[n++] = pairs_table(c);
    if (!isnan(c->v->margin))
        tables[n++] = margin_table(c);
    if (c->v->ratio)
        tables[n++] = ratio_table(c);
    if (!isnan(c->v->detect))
        tables[n++] = power_table(c);
    tables[n++] = variation_table(c);
    return n;
}
