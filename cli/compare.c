/* What compare reckons of one metric. */
#include "cli/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "stats/bootstrap.h"
#include "stats/paired.h"
#include "stats/ratio.h"

/* ---- groups ---- */

/* Means over the values that a group has, the interval over its units. */
static void
group_means(struct rg_compare *c)
{
    const struct rg_blocks *b = &c->blocks;
    double *x = rg_alloc(b->n_units, sizeof *x);

    c->means = rg_alloc(b->n_groups, sizeof *c->means);
    for (size_t j = 0; j < b->n_groups; j++) {
        size_t n = 0;

        for (size_t i = 0; i < b->n_units; i++)
            if (!isnan(b->x[i * b->n_groups + j]))
                x[n++] = b->x[i * b->n_groups + j];
        c->means[j] = rg_interval_mean(x, n, c->v->level);
    }
    free(x);
}

static bool
all_binary(const struct rg_blocks *b)
{
    for (size_t i = 0; i < b->n_units * b->n_groups; i++)
        if (!isnan(b->x[i]) && b->x[i] != 0 && b->x[i] != 1)
            return false;
    return true;
}

static void
all_groups(struct rg_compare *c)
{
    size_t k = c->blocks.n_groups, n;

    c->complete = rg_alloc(c->blocks.n_units * k, sizeof *c->complete);
    c->mean_ranks = rg_alloc(k, sizeof *c->mean_ranks);
    n = c->n_complete = rg_blocks_complete(&c->blocks, c->complete);
    c->binary = all_binary(&c->blocks);
    c->friedman = rg_friedman(c->complete, n, k, c->mean_ranks);
    c->nemenyi = NAN;
    if (c->friedman.chi2.why == RG_WHY_DEFINED && k > 2)
        c->nemenyi = rg_nemenyi_critical(n, k, 1 - c->v->level);
    c->cochran = rg_cochran_q(c->complete, n, k);
    c->one_way = rg_anova_within(c->complete, n, k, 1);
    for (size_t i = 0; i < n; i++) {
        bool same = true;

        for (size_t j = 1; j < k; j++)
            same = same && c->complete[i * k + j] == c->complete[i * k];
        c->flat += same;
    }
}

/* ---- pairs ---- */

static struct rg_test
tested(struct rg_compare_pair *p, const struct rg_compare *c, const double *x, const double *y,
       const double *d)
{
    enum rg_tail tail = (enum rg_tail)c->v->alternative;

    switch ((enum rg_compare_test)c->v->test) {
    case RG_COMPARE_WILCOXON:
        return rg_signed_rank(d, p->n, (enum rg_zeros)c->v->zeros, tail);
    case RG_COMPARE_SIGN:
        return rg_paired_sign(d, p->n, tail, c->v->level);
    case RG_COMPARE_MCNEMAR:
    case RG_COMPARE_MIDP:
        if (!rg_discordance_of(x, y, p->n, &p->counts))
            return rg_test_undefined(p->n, RG_WHY_NOT_BINARY);
        return rg_mcnemar(&p->counts, c->v->test == RG_COMPARE_MIDP, tail);
    default:
        return rg_paired_t(d, p->n, 0, tail, c->v->level);
    }
}

static void
reckon_margin(struct rg_compare_pair *p, const struct rg_compare *c, const double *d)
{
    p->margin = rg_equivalence(d, p->n, c->v->margin, 1 - c->v->level);
    p->p_a = rg_non_inferior(&p->margin, c->v->lower_better).p;
    p->p_b = rg_non_inferior(&p->margin, !c->v->lower_better).p;
    p->p_both = p->margin.p;
}

/* All pairs draw the same resamples of queries, as far as they are over the same ones. */
static void
reckon_ratio(struct rg_compare_pair *p, const struct rg_compare *c, const double *x,
             const double *y)
{
    const struct rg_bootstrap_plan plan = {
        .n = p->n, .resamples = (uint32_t)c->v->resamples, .seed = c->v->seed};
    const struct rg_bootstrap_term terms[] = {{.kind = RG_BOOTSTRAP_RATIO, .a = x, .b = y},
                                              {.kind = RG_BOOTSTRAP_DIFFERENCE, .a = x, .b = y}};
    struct rg_bootstrap *boot = rg_bootstrap_terms(&plan, terms, 2);

    p->ratio = rg_ratio_fieller(x, y, p->n, c->v->level);
    p->boot_ratio = rg_bootstrap_interval(boot, 0, RG_BOOTSTRAP_BCA, c->v->level);
    p->boot_difference = rg_bootstrap_interval(boot, 1, RG_BOOTSTRAP_BCA, c->v->level);
    rg_bootstrap_free(boot);
}

static void
reckon_pair(struct rg_compare_pair *p, const struct rg_compare *c, size_t a, size_t b)
{
    double *x = rg_alloc(3 * c->blocks.n_units, sizeof *x), *y = x + c->blocks.n_units,
           *d = y + c->blocks.n_units;

    *p = (struct rg_compare_pair){
        .a = a, .b = b, .p_nemenyi = NAN, .p_a = NAN, .p_b = NAN, .p_both = NAN};
    p->n = rg_blocks_pair(&c->blocks, a, b, x, y, &p->one_only);
    (void)rg_paired_differences(x, y, p->n, d);
    p->test = tested(p, c, x, y, d);
    p->p_adjusted = p->test.p;
    p->mean = rg_paired_t(d, p->n, 0, RG_TWO_SIDED, c->v->level);
    p->sd = rg_spread_of(d, p->n).sd;
    p->cohen = rg_cohen_paired(x, y, p->n);
    p->cliff = rg_cliff_delta(x, p->n, y, p->n);
    if (!isnan(c->v->margin))
        reckon_margin(p, c, d);
    if (c->v->ratio)
        reckon_ratio(p, c, x, y);
    if (!isnan(c->nemenyi))
        p->p_nemenyi =
            rg_nemenyi_p(c->mean_ranks[a], c->mean_ranks[b], c->n_complete, c->blocks.n_groups);
    free(x);
}

static double *
p_test(struct rg_compare_pair *p)
{
    return &p->p_adjusted;
}

static double *
p_a(struct rg_compare_pair *p)
{
    return &p->p_a;
}

static double *
p_b(struct rg_compare_pair *p)
{
    return &p->p_b;
}

static double *
p_both(struct rg_compare_pair *p)
{
    return &p->p_both;
}

/* One kind of p of all pairs, each against all of its kind. */
static void
adjust(struct rg_compare *c, double *(*of)(struct rg_compare_pair *p))
{
    double *p = rg_alloc(c->n_pairs, sizeof *p);

    for (size_t i = 0; i < c->n_pairs; i++)
        p[i] = *of(&c->pairs[i]);
    rg_adjust_p(p, c->n_pairs, (enum rg_adjust)c->v->adjust, p);
    for (size_t i = 0; i < c->n_pairs; i++)
        *of(&c->pairs[i]) = p[i];
    free(p);
}

static enum rg_status
find_baseline(size_t *out, const struct rg_compare *c, struct rg_err *err)
{
    const struct rg_keys *g = c->groups;
    const char *near;

    for (size_t i = 0; i < g->n; i++)
        if (strcmp(g->label[i], c->v->baseline) == 0) {
            *out = i;
            return RG_OK;
        }
    near = rg_hint(c->v->baseline, (const char *const *)g->label, g->n);
    return rg_err_set(err, RG_EINPUT, "--baseline: no group '%.80s'%s%.80s%s", c->v->baseline,
                      near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void
all_pairs(struct rg_compare *c)
{
    for (size_t a = 0; a < c->groups->n; a++)
        for (size_t b = a + 1; b < c->groups->n; b++)
            reckon_pair(&c->pairs[c->n_pairs++], c, a, b);
}

static enum rg_status
make_pairs(struct rg_compare *c, struct rg_err *err)
{
    size_t k = c->groups->n, base = 0;
    enum rg_status rc = RG_OK;

    c->pairs = rg_alloc(k * (k - 1) / 2 + k, sizeof *c->pairs);
    if (c->v->baseline == NULL)
        all_pairs(c);
    else
        rc = find_baseline(&base, c, err);
    if (rc != RG_OK)
        return rc;
    for (size_t a = 0; c->v->baseline != NULL && a < k; a++)
        if (a != base)
            reckon_pair(&c->pairs[c->n_pairs++], c, a, base);
    adjust(c, p_test);
    adjust(c, p_a);
    adjust(c, p_b);
    adjust(c, p_both);
    return RG_OK;
}

/* ---- what cannot be compared ---- */

static enum rg_status
check_groups(const struct rg_compare *c, struct rg_err *err)
{
    const struct rg_keys *g = c->groups;
    size_t values = 0;

    if (g->n < 2)
        return rg_err_set(err, RG_EINPUT, "nothing to compare: %s%.80s%s (--by)",
                          g->n == 0 ? "no group" : "only one group, '",
                          g->n == 0 ? "" : g->label[0], g->n == 0 ? "" : "'");
    if (g->n > RG_COMPARE_GROUPS)
        return rg_err_set(err, RG_EINPUT, "%zu groups (--by), more than %d", g->n,
                          RG_COMPARE_GROUPS);
    for (size_t i = 0; i < c->blocks.n_units * g->n; i++)
        values += isnan(c->blocks.x[i]) ? 0 : 1;
    if (values == 0)
        return rg_err_set(err, RG_EINPUT, "%s: no row has a number (--metric)", c->metric);
    return RG_OK;
}

static enum rg_status
check_pairs(const struct rg_compare *c, struct rg_err *err)
{
    size_t most = 0;

    for (size_t i = 0; i < c->n_pairs; i++) {
        most = c->pairs[i].n > most ? c->pairs[i].n : most;
        if (c->pairs[i].test.why == RG_WHY_NOT_BINARY)
            return rg_err_set(
                err, RG_EINPUT, "%s: McNemar's test needs the values 0 and 1%s", c->metric,
                c->blocks.repeated_cells > 0 ? " (rows on one query and group were averaged)" : "");
    }
    if (most == 0)
        return rg_err_set(err, RG_EINPUT,
                          "%s: no two groups have a value for the same query (--pair)", c->metric);
    return RG_OK;
}

enum rg_status
rg_compare_init(struct rg_compare *c, const struct rg_compare_values *v,
                const struct rg_frame *frame, const struct rg_keys *groups,
                const struct rg_keys *units, size_t column, struct rg_err *err)
{
    enum rg_status rc;

    *c = (struct rg_compare){.v = v, .metric = rg_frame_name(frame, column), .groups = groups};
    if (groups->n > RG_COMPARE_GROUPS)
        return check_groups(c, err);
    rg_blocks_init(&c->blocks, frame, groups, units, column);
    rc = check_groups(c, err);
    if (rc != RG_OK)
        return rc;
    group_means(c);
    all_groups(c);
    rc = make_pairs(c, err);
    if (rc == RG_OK)
        rc = check_pairs(c, err);
    return rc;
}

void
rg_compare_clear(struct rg_compare *c)
{
    rg_blocks_clear(&c->blocks);
    free(c->means);
    free(c->complete);
    free(c->mean_ranks);
    free(c->pairs);
}
