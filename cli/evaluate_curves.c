/* Curves: what a router reaches over all its settings, a pair's over all thresholds, and how it
 * stands in RouterEval's numbers. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/sum.h"
#include "cli/evaluate_tables.h"
#include "stats/bootstrap.h"
#include "stats/router_curve.h"
#include "stats/router_metrics.h"

/* ---- settings of a sweep ---- */

struct rg_table *
rg_evaluate_curves_table(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = rg_table_new("Quality by cost over the settings of --sweep");

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "knob", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "settings", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "aiq", "AIQ", RG_COL_ESTIMATE, 4, false);
    rg_table_column(t, "over_zero", "over zero", RG_COL_ESTIMATE, 4, false);
    rg_table_column(t, "aiq_published", "AIQ, published", RG_COL_ESTIMATE, 4, false);
    for (size_t k = 0; k <= p->n_families; k++) {
        size_t f = k == 0 ? p->n_families : k - 1;
        const struct rg_estimate *of = p->of_family + f * RG_N_EF;
        const struct rg_evaluate_result *first =
            f < p->n_families ? &p->r->of[p->families[f].own[0]] : NULL;

        if (first && !first->swept)
            continue;
        rg_table_row(t);
        rg_table_text(t, 0, first ? p->families[f].name : "zero router");
        rg_table_text(t, 1, first ? first->knob : "models");
        rg_table_integer(t, 2, (int64_t)(first ? p->families[f].n : p->r->n_models));
        rg_evaluate_put(t, 3, of[RG_EF_AIQ], 1);
        if (first)
            rg_evaluate_put(t, 4, of[RG_EF_OVER_ZERO], 1);
        rg_evaluate_put(t, 5, of[RG_EF_AIQ_PUBLISHED], 1);
    }
    rg_table_note(t, "AIQ: mean height of the non-decreasing convex hull of Sample-Avg over the "
                     "total cost, up to the dearest point of all curves; as RouterBench's program "
                     "has it (from a cost of 0), and as its paper does (from the hull's own least "
                     "cost). Zero router: the hull of the single models, which every router has "
                     "to beat.");
    return t;
}

struct rg_table *
rg_evaluate_sweep_table(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = NULL;

    *why = "no router has anything to sweep";
    for (size_t i = 0; i < p->n; i++) {
        const struct rg_evaluate_result *r = &p->r->of[i];
        const struct rg_estimate *of = p->of + i * RG_N_EM;

        if (!r->swept)
            continue;
        if (!t) {
            t = rg_table_new("Settings");
            rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
            rg_table_column(t, "setting", NULL, RG_COL_NUMBER, -1, true);
            rg_table_column(t, "knob", NULL, RG_COL_TEXT, 0, false);
            rg_table_column(t, "dataset_avg", "Dataset-Avg", RG_COL_ESTIMATE, 2, false);
            rg_table_column(t, "sample_avg", "Sample-Avg", RG_COL_ESTIMATE, 2, false);
            rg_table_column(t, "cost_total_usd", "USD", RG_COL_ESTIMATE, -1, false);
            rg_table_column(t, "on_front", "front", RG_COL_TEXT, 0, false);
            rg_table_column(t, "front_probability", "chance", RG_COL_NUMBER, 2, false);
            rg_table_column(t, "skipped", NULL, RG_COL_INTEGER, 0, false);
        }
        rg_table_row(t);
        rg_table_text(t, 0, r->family);
        rg_table_number(t, 1, r->setting);
        rg_table_text(t, 2, r->knob);
        rg_evaluate_put(t, 3, of[RG_EM_DATASETS], 100);
        rg_evaluate_put(t, 4, of[RG_EM_SAMPLES], 100);
        rg_evaluate_put(t, 5, of[RG_EM_USD], 1);
        rg_table_text(t, 6, p->front[i] ? "yes" : "no");
        rg_table_number(t, 7, p->p_front[i]);
        rg_table_integer(t, 8, (int64_t)r->skipped);
    }
    return t;
}

/* ---- thresholds of a pair ---- */

/* What is known of a pair's curve. */
enum {
    PAIR_WEAK,
    PAIR_STRONG,
    PAIR_AUC,
    PAIR_APGR,
    PAIR_OPTIMAL,
    PAIR_CPT_20,
    PAIR_CPT_50,
    PAIR_CPT_80,
    PAIR_REACHED_20,
    PAIR_REACHED_50,
    PAIR_REACHED_80,
    N_PAIR
};
enum { LEAST_POINTS = 11 };

/* Rows of a pair in the order of their rates, those of a split together. */
struct pair {
    const struct rg_evaluate_report *p;
    size_t *row, n, points;
    size_t *begin;                /* of each split, and the end */
    double *rate, *weak, *strong; /* per entry of row[] */
};

struct rated {
    size_t row;
    double rate;
};

static int
by_rate(const void *pa, const void *pb)
{
    const struct rated *a = pa, *b = pb;

    if (a->rate < b->rate || a->rate > b->rate)
        return a->rate < b->rate ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static void
take_split(struct pair *q, const struct rg_evaluate_result *r, size_t split, struct rated *room)
{
    const struct rg_evaluate_report *p = q->p;
    size_t n = 0;

    for (size_t i = 0; i < p->r->n_rows; i++)
        if (p->r->split[i] == split && !isnan(r->rate[i]))
            room[n++] = (struct rated){i, r->rate[i]};
    qsort(room, n, sizeof *room, by_rate);
    q->begin[split] = q->n;
    for (size_t i = 0; i < n; i++) {
        size_t at = p->s->row[p->r->query[room[i].row]];
        double weak = rg_evaluate_judged_score(p->s, &p->s->splits[split], at, r->weak[split]);
        double strong = rg_evaluate_judged_score(p->s, &p->s->splits[split], at, r->strong[split]);

        if (isnan(weak) || isnan(strong))
            continue;
        q->row[q->n] = room[i].row;
        q->rate[q->n] = room[i].rate;
        q->weak[q->n] = weak;
        q->strong[q->n++] = strong;
    }
}

static void
pair_init(struct pair *q, const struct rg_evaluate_report *p, const struct rg_evaluate_result *r)
{
    size_t n = p->r->n_rows;
    struct rated *room = rg_alloc(n, sizeof *room);

    *q = (struct pair){.p = p, .points = p->v->sweep > 1 ? (size_t)p->v->sweep : LEAST_POINTS};
    q->row = rg_alloc(n, sizeof *q->row);
    q->rate = rg_alloc(n, sizeof *q->rate);
    q->weak = rg_alloc(n, sizeof *q->weak);
    q->strong = rg_alloc(n, sizeof *q->strong);
    q->begin = rg_alloc(p->splits + 1, sizeof *q->begin);
    for (size_t k = 0; k < p->splits; k++)
        take_split(q, r, k, room);
    q->begin[p->splits] = q->n;
    free(room);
}

static void
pair_clear(struct pair *q)
{
    free(q->row);
    free(q->rate);
    free(q->weak);
    free(q->strong);
    free(q->begin);
}

/* Rows as often as they were drawn: rates, scores; room for sorting. */
struct drawn {
    double *rate, *weak, *strong, *room;
    size_t n;
    double *share, *quality; /* of the points */
    struct rg_router_curve_point *point;
};

static size_t
drawn_size(const struct pair *q)
{
    /* A query has one row in a split, so that no resample has more rows there than there are. */
    return (4 * q->p->r->n_rows + 2 * q->points) * sizeof(double) +
           q->points * sizeof(struct rg_router_curve_point);
}

static void
draw_rows(const struct pair *q, size_t split, const uint32_t *count, struct drawn *d)
{
    d->n = 0;
    for (size_t i = q->begin[split]; i < q->begin[split + 1]; i++)
        for (uint32_t k = count ? count[q->row[i]] : 1; k > 0; k--) {
            d->rate[d->n] = q->rate[i];
            d->weak[d->n] = q->weak[i];
            d->strong[d->n++] = q->strong[i];
        }
}

/* The curve in hundredths; the rows of a split are in the order of their rates. */
static void
trace_curve(const struct pair *q, struct drawn *d)
{
    rg_router_curve_points(d->rate, d->weak, d->strong, d->n, d->rate, q->points - 1, d->point);
    for (size_t k = 0; k < q->points; k++) {
        d->share[k] = 100 * d->point[k].share;
        d->quality[k] = 100 * d->point[k].quality;
    }
}

static double
optimal_apgr(const struct pair *q, struct drawn *d, double weak, double strong)
{
    for (size_t k = 0; k < q->points; k++) {
        double share = (double)k / (double)(q->points - 1);

        d->share[k] = 100 * share;
        d->quality[k] = 100 * rg_router_metrics_optimal(d->weak, d->strong, d->n,
                                                        share * (double)d->n, d->room);
    }
    return rg_router_metrics_apgr(d->share, d->quality, q->points, weak, strong);
}

static void
measure(const struct pair *q, struct drawn *d, double *out)
{
    static const double gap[] = {0.2, 0.5, 0.8};
    double weak = 100 * rg_sum_of(d->weak, d->n) / (double)d->n;
    double strong = 100 * rg_sum_of(d->strong, d->n) / (double)d->n;

    trace_curve(q, d);
    out[PAIR_WEAK] = weak;
    out[PAIR_STRONG] = strong;
    out[PAIR_AUC] = rg_router_metrics_auc(d->share, d->quality, q->points);
    out[PAIR_APGR] = rg_router_metrics_apgr(d->share, d->quality, q->points, weak, strong);
    for (size_t k = 0; k < 3; k++) {
        struct rg_router_metrics_cpt cpt =
            rg_router_metrics_cpt(d->share, d->quality, q->points, weak, strong, gap[k]);

        out[PAIR_CPT_20 + k] = cpt.as_coded;
        out[PAIR_REACHED_20 + k] = cpt.as_reached;
    }
    out[PAIR_OPTIMAL] = optimal_apgr(q, d, weak, strong);
}

/* Means over the splits. */
static void
measure_all(const void *ctx, const uint32_t *count, void *memory, double *out)
{
    const struct pair *q = ctx;
    size_t most = q->p->r->n_rows;
    struct drawn d = {.rate = memory};
    double one[N_PAIR], n[N_PAIR] = {0};

    d.weak = d.rate + most;
    d.strong = d.weak + most;
    d.room = d.strong + most;
    d.share = d.room + most;
    d.quality = d.share + q->points;
    d.point = (struct rg_router_curve_point *)(void *)(d.quality + q->points);
    memset(out, 0, N_PAIR * sizeof *out);
    for (size_t k = 0; k < q->p->splits; k++) {
        draw_rows(q, k, count, &d);
        if (d.n == 0)
            continue;
        measure(q, &d, one);
        for (size_t j = 0; j < N_PAIR; j++)
            if (!isnan(one[j])) {
                out[j] += one[j];
                n[j] += 1;
            }
    }
    for (size_t j = 0; j < N_PAIR; j++)
        out[j] = n[j] > 0 ? out[j] / n[j] : NAN;
}

static void
pair_intervals(const struct pair *q, struct rg_estimate *e)
{
    struct rg_bootstrap_function function = {N_PAIR, measure_all, q, drawn_size(q)};
    double value[N_PAIR];
    void *memory = rg_alloc(drawn_size(q), 1);
    struct rg_bootstrap_plan plan;
    struct rg_bootstrap *boot;

    measure_all(q, NULL, memory, value);
    free(memory);
    for (size_t j = 0; j < N_PAIR; j++)
        e[j] = (struct rg_estimate){value[j], NAN, NAN, q->n};
    if (q->p->v->resamples == 0 || q->n == 0)
        return;
    rg_evaluate_plan(q->p, &plan);
    boot = rg_bootstrap_call(&plan, &function);
    for (size_t j = 0; j < N_PAIR; j++)
        e[j] = rg_bootstrap_interval(boot, j, RG_BOOTSTRAP_PERCENTILE, q->p->v->level);
    rg_bootstrap_free(boot);
}

static struct rg_table *
pair_table(void)
{
    static const struct {
        const char *name, *head;
        int decimals;
    } columns[N_PAIR] = {
        [PAIR_WEAK] = {"weak_score", "weak", 2},
        [PAIR_STRONG] = {"strong_score", "strong", 2},
        [PAIR_AUC] = {"auc", "AUC", 2},
        [PAIR_APGR] = {"apgr", "APGR", 4},
        [PAIR_OPTIMAL] = {"apgr_optimal", "APGR, best", 4},
        [PAIR_CPT_20] = {"cpt_20", "CPT 20", 2},
        [PAIR_CPT_50] = {"cpt_50", "CPT 50", 2},
        [PAIR_CPT_80] = {"cpt_80", "CPT 80", 2},
        [PAIR_REACHED_20] = {"cpt_20_reached", "20 reached", 2},
        [PAIR_REACHED_50] = {"cpt_50_reached", "50 reached", 2},
        [PAIR_REACHED_80] = {"cpt_80_reached", "80 reached", 2},
    };
    struct rg_table *t = rg_table_new("Pairs of a strong and a weak model over all thresholds");

    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "strong_model", "strong model", RG_COL_TEXT, 0, false);
    rg_table_column(t, "weak_model", "weak model", RG_COL_TEXT, 0, false);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    for (size_t j = 0; j < N_PAIR; j++)
        rg_table_column(t, columns[j].name, columns[j].head, RG_COL_ESTIMATE, columns[j].decimals,
                        false);
    return t;
}

struct rg_table *
rg_evaluate_pair_curves_table(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = NULL;

    *why = "no router decides between two models by a rate";
    for (size_t i = p->r->n_models; i < p->n; i++) {
        const struct rg_evaluate_result *r = &p->r->of[i];
        struct rg_estimate e[N_PAIR];
        struct pair q;

        if (!r->rate)
            continue;
        t = t ? t : pair_table();
        pair_init(&q, p, r);
        pair_intervals(&q, e);
        rg_table_row(t);
        rg_table_text(t, 0, r->name);
        rg_table_text(t, 1, p->s->trace->models[r->strong[0]].name);
        rg_table_text(t, 2, p->s->trace->models[r->weak[0]].name);
        rg_table_integer(t, 3, (int64_t)q.n);
        for (size_t j = 0; j < N_PAIR; j++)
            rg_evaluate_put(t, 4 + j, e[j], 1);
        pair_clear(&q);
    }
    if (t)
        rg_table_note(t,
                      "Thresholds at %zu quantiles of the win rates, as RouteLLM takes them; "
                      "scores and shares of strong calls in hundredths%s. CPT: the share that "
                      "recovers so much of the gap, as RouteLLM's program interpolates it, and "
                      "where the curve first reaches it. APGR, best: of the best curve there can "
                      "be.",
                      p->v->sweep > 1 ? (size_t)p->v->sweep : (size_t)LEAST_POINTS,
                      p->splits > 1 ? "; means over the splits, models of the first" : "");
    return t;
}

/* ---- RouterEval ---- */

/* The single model with the highest mean over all rows. */
static size_t
best_by_samples(const struct rg_evaluate_report *p)
{
    size_t best = 0;

    for (size_t i = 1; i < p->r->n_models; i++) {
        double x = p->value[i * RG_N_EM + RG_EM_SAMPLES];

        if (!(x <= p->value[best * RG_N_EM + RG_EM_SAMPLES]) && !isnan(x))
            best = i;
    }
    return best;
}

/* A data set's reference, by its name without the part it is of. */
static double
reference_of(const char *name)
{
    static const char *const parts[] = {"test", "train", "dev", "val", "validation"};
    const char *last = strrchr(name, '-') ? strrchr(name, '-') : strrchr(name, '_');
    double x = rg_router_metrics_reference_accuracy(name);

    for (size_t i = 0; last && isnan(x) && i < sizeof parts / sizeof *parts; i++)
        if (strcmp(last + 1, parts[i]) == 0) {
            char *stem = rg_strndup(name, (size_t)(last - name));

            x = rg_router_metrics_reference_accuracy(stem);
            free(stem);
        }
    return x;
}

/* V_R: mean over the data sets that have a reference. */
static double
relative(const struct rg_evaluate_report *p, size_t column)
{
    double sum = 0;
    size_t n = 0;

    for (size_t k = 0; k < p->s->n_keys; k++) {
        double x = p->cell[column * p->s->n_keys + k] / reference_of(rg_evaluate_key_name(p, k));

        if (!isnan(x)) {
            sum += x;
            n++;
        }
    }
    return n ? sum / (double)n : NAN;
}

/* Entropy of how often each model was chosen. */
static double
choice_bits(const struct rg_evaluate_report *p, const struct rg_evaluate_result *r)
{
    size_t n = p->r->first_pick[p->r->n_rows], known = 0;
    double *count, bits = 0;

    if (r->model != RG_NO_MODEL)
        return 0;
    count = rg_zalloc(p->s->all.m, sizeof *count);
    for (size_t i = 0; i < n; i++)
        if (r->pick[i] != RG_NO_MODEL) {
            count[r->pick[i]] += 1;
            known++;
        }
    for (size_t m = 0; m < p->s->all.m && known > 0; m++)
        if (count[m] > 0)
            bits -= count[m] / (double)known * log2(count[m] / (double)known);
    free(count);
    return known ? bits : NAN;
}

/* r_o(p) on the rows that all candidates have. */
static void
partial_oracles(struct rg_table *t, const struct rg_evaluate_report *p)
{
    static const double share[] = {0, 0.5, 1};
    static const char *const names[] = {"r_o(0) random", "r_o(0.5)", "r_o(1) oracle"};
    size_t m = p->r->n_models, n = 0;
    double *y = rg_alloc(p->r->n_rows * m, sizeof *y), best;

    for (size_t i = 0; i < p->r->n_rows; i++) {
        bool whole = true;

        for (size_t j = 0; j < m; j++) {
            y[n * m + j] = p->score[j][i];
            whole = whole && !isnan(p->score[j][i]);
        }
        n += whole;
    }
    best = rg_router_metrics_best_single(y, n, m);
    for (size_t k = 0; k < 3; k++) {
        struct rg_router_metrics_partial_oracle o =
            rg_router_metrics_partial_oracle(y, n, m, share[k]);

        rg_table_row(t);
        rg_table_text(t, 0, names[k]);
        rg_table_integer(t, 1, (int64_t)n);
        rg_table_estimate(t, 2, o.mean, NAN, NAN);
        rg_table_estimate(t, 3, rg_router_metrics_relative(o.mean, best), NAN, NAN);
        rg_table_estimate(t, 5, o.entropy, NAN, NAN);
    }
    free(y);
}

struct rg_table *
rg_evaluate_routereval_table(struct rg_evaluate_report *p, const char **why)
{
    struct rg_table *t = rg_table_new("RouterEval's numbers");
    size_t best = best_by_samples(p);

    *why = NULL;
    rg_table_column(t, "router", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "mu_o", NULL, RG_COL_ESTIMATE, 4, false);
    rg_table_column(t, "v_b", "V_B", RG_COL_ESTIMATE, 4, false);
    rg_table_column(t, "v_r", "V_R", RG_COL_NUMBER, 4, false);
    rg_table_column(t, "e_p", "E_p", RG_COL_ESTIMATE, 4, false);
    rg_table_column(t, "choice_bits", "bits chosen", RG_COL_NUMBER, 4, false);
    for (size_t i = 0; i < p->n; i++) {
        const struct rg_evaluate_result *r = &p->r->of[i];
        struct rg_estimate v_b;

        if (r->swept)
            continue;
        v_b = rg_evaluate_ratio(p, p->score[i], p->score[best]);
        rg_table_row(t);
        rg_table_text(t, 0, r->name);
        rg_table_integer(t, 1, (int64_t)v_b.n);
        rg_evaluate_put(t, 2, p->of[i * RG_N_EM + RG_EM_SAMPLES], 1);
        rg_evaluate_put(t, 3, v_b, 1);
        rg_table_number(t, 4, relative(p, i));
        if (r->bits)
            rg_evaluate_put(t, 5, rg_evaluate_mean(p, r->bits), 1);
        rg_table_number(t, 6, choice_bits(p, r));
    }
    partial_oracles(t, p);
    rg_table_note(t,
                  "mu_o: mean score; V_B: by that of '%s', the best single model on these queries; "
                  "V_R: by RouterEval's reference model, mean over the data sets that have one; "
                  "E_p: entropy in bits of the chances that the router gives the models (knn, "
                  "ridge, logistic, mlp, clusters, gmm); bits chosen: of its choices over all "
                  "queries. r_o(p): the oracle with probability p, else any model, in expectation.",
                  p->r->of[best].name);
    return t;
}
