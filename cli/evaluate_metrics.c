/* The metrics by which routers were published, of models, routers and bounds alike: on the rows as
 * they are, on rows drawn again, and on each split. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sum.h"
#include "cli/evaluate_tables.h"
#include "stats/bootstrap.h"
#include "stats/front.h"
#include "stats/router_metrics.h"

const struct rg_evaluate_metric_info rg_evaluate_metrics[RG_N_EM] = {
    [RG_EM_DATASETS] = {"dataset_avg", "Dataset-Avg", 100, 2},
    [RG_EM_SAMPLES] = {"sample_avg", "Sample-Avg", 100, 2},
    [RG_EM_USD] = {"cost_total_usd", "USD", 1, -1},
    [RG_EM_GAIN_R] = {"gain_random", "Gain@R %", 100, 1},
    [RG_EM_GAIN_B] = {"gain_best", "Gain@B %", 100, 1},
    [RG_EM_GAP_O] = {"gap_oracle", "Gap@O %", 100, 1},
    [RG_EM_IMP_R] = {"imp_random", "ImpRand %", 100, 1},
    [RG_EM_IMP_MAX] = {"imp_max", "ImpMax %", 100, 1},
    [RG_EM_IMP_B] = {"imp_best", "ImpBest %", 100, 1},
    [RG_EM_ORACLE_GAP] = {"oracle_gap", "OracleGap %", 100, 1},
    [RG_EM_RECALL] = {"recall", "recall %", 100, 1},
    [RG_EM_CALLS] = {"calls", "calls", 1, 2},
    [RG_EM_USD_1000] = {"usd_per_1000", "USD per 1000", 1, -1},
    [RG_EM_ARENA] = {"arena", "arena", 100, 2},
};

/* Intervals of more columns than that are reckoned in parts, and nothing is then said of chances
 * to be on the front: the replicates would not fit into memory. */
enum { AT_ONCE = 512, THREADS = 8, MANY_MODELS = 10000 };

/* ---- the metrics of weighted rows ---- */

/* Which rows, columns and metrics: count NULL: each row once; split SIZE_MAX: all. */
struct scope {
    const struct rg_evaluate_report *p;
    size_t split;
    size_t begin, end; /* results whose metrics are wanted */
    bool points;       /* all results are, with families and front */
};

/* Room for the sums of columns. */
struct room {
    double *cell; /* columns x keys */
    double *macro, *micro, *usd, *points, *score, *cost;
    double *sum, *n;        /* splits x keys */
    double *weight, *times; /* of rows, and their sums over runs */
    bool *front;
};

static size_t
room_size(const struct rg_evaluate_report *p)
{
    size_t keys = p->s->n_keys;

    return (p->columns * (keys + 3) + 4 * p->n + 2 * p->splits * keys + p->r->n_rows + p->n_runs) *
               sizeof(double) +
           p->n * sizeof(bool);
}

static struct room
room_at(const struct rg_evaluate_report *p, void *memory)
{
    struct room m = {.cell = memory};
    size_t cells = p->splits * p->s->n_keys;

    m.macro = m.cell + p->columns * p->s->n_keys;
    m.micro = m.macro + p->columns;
    m.usd = m.micro + p->columns;
    m.points = m.usd + p->columns;
    m.score = m.points + 2 * p->n;
    m.cost = m.score + p->n;
    m.sum = m.cost + p->n;
    m.n = m.sum + cells;
    m.weight = m.n + cells;
    m.times = m.weight + p->r->n_rows;
    m.front = (bool *)(m.times + p->n_runs);
    return m;
}

static bool
is_wanted(const struct scope *s, size_t column)
{
    return s->points || column >= s->p->n || column == s->p->best ||
           (column >= s->begin && column < s->end);
}

/* Sum over the rows of a run as they are, and how many. */
static double
sum_once(const double *x, const struct rg_evaluate_run *run, double *times)
{
    struct rg_sum sum = {0};
    size_t n = 0;

    for (size_t i = run->begin; i < run->end; i++)
        if (!isnan(x[i])) {
            rg_sum_add(&sum, x[i]);
            n++;
        }
    *times = (double)n;
    return rg_sum_value(&sum);
}

/* The same of rows with weights; plain sums, as a resample's last digits say nothing, and several
 * of them, so that one addition need not wait for the other. */
static double
sum_weighted(const double *x, const double *weight, const struct rg_evaluate_run *run)
{
    enum { LANES = 4 };
    double sum[LANES] = {0};
    size_t i = run->begin;

    for (; i + LANES <= run->end; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            sum[k] += weight[i + k] * x[i + k];
    for (; i < run->end; i++)
        sum[0] += weight[i] * x[i];
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

/* Where some rows are not known. */
static double
sum_known(const double *x, const double *weight, const struct rg_evaluate_run *run, double *times)
{
    double sum = 0;

    *times = 0;
    for (size_t i = run->begin; i < run->end; i++)
        if (!isnan(x[i])) {
            sum += weight[i] * x[i];
            *times += weight[i];
        }
    return sum;
}

/* Sums over the rows of each split and data set; whole: x is known in all rows. */
static void
add_rows(const struct scope *s, const double *x, bool whole, bool drawn, struct room *m)
{
    const struct rg_evaluate_report *p = s->p;

    memset(m->sum, 0, p->splits * p->s->n_keys * sizeof *m->sum);
    memset(m->n, 0, p->splits * p->s->n_keys * sizeof *m->n);
    for (size_t k = 0; k < p->n_runs; k++) {
        const struct rg_evaluate_run *run = &p->runs[k];
        size_t at = run->split * p->s->n_keys + run->key;
        double times = m->times[k], part;

        if (s->split != SIZE_MAX && run->split != s->split)
            continue;
        if (!drawn)
            part = sum_once(x, run, &times);
        else
            part = whole ? sum_weighted(x, m->weight, run) : sum_known(x, m->weight, run, &times);
        m->sum[at] += part;
        m->n[at] += times;
    }
}

/* Counts as numbers, and how many there are in each run. */
static void
weigh_rows(const struct rg_evaluate_report *p, const uint32_t *count, struct room *m)
{
    for (size_t k = 0; k < p->n_runs; k++) {
        m->times[k] = 0;
        for (size_t i = p->runs[k].begin; i < p->runs[k].end; i++) {
            m->weight[i] = count ? count[i] : 1;
            m->times[k] += m->weight[i];
        }
    }
}

/* Mean over data sets, then over splits; and each data set's mean over splits. */
static double
macro_of(const struct rg_evaluate_report *p, const struct room *m, double *cell)
{
    size_t keys = p->s->n_keys, defined = 0;
    double total = 0;

    for (size_t k = 0; k < p->splits; k++) {
        double part = 0;
        size_t n = 0;

        for (size_t d = 0; d < keys; d++)
            if (m->n[k * keys + d] > 0) {
                part += m->sum[k * keys + d] / m->n[k * keys + d];
                n++;
            }
        total += n ? part / (double)n : 0;
        defined += n > 0;
    }
    for (size_t d = 0; d < keys; d++) {
        double part = 0;
        size_t n = 0;

        for (size_t k = 0; k < p->splits; k++)
            if (m->n[k * keys + d] > 0) {
                part += m->sum[k * keys + d] / m->n[k * keys + d];
                n++;
            }
        cell[d] = n ? part / (double)n : NAN;
    }
    return defined ? total / (double)defined : NAN;
}

struct total {
    double sum, n;
};

static struct total
total_of(const struct scope *s, const struct room *m)
{
    struct total t = {0, 0};

    for (size_t k = 0; k < s->p->splits * s->p->s->n_keys; k++) {
        t.sum += m->sum[k];
        t.n += m->n[k];
    }
    return t;
}

static double
recall_of(const struct scope *s, size_t column, const uint32_t *count)
{
    const struct rg_evaluate_report *p = s->p;
    double solvable = 0, solved = 0;

    for (size_t i = 0; i < p->r->n_rows; i++) {
        double x = p->score[column][i], w = count ? count[i] : 1;

        if (isnan(p->solved_at[i]) || isnan(x) ||
            (s->split != SIZE_MAX && p->r->split[i] != s->split))
            continue;
        solvable += w;
        solved += x >= p->solved_at[i] ? w : 0;
    }
    return solvable > 0 ? solved / solvable : NAN;
}

/* What needs no other column. */
static void
own_metrics(const struct scope *s, size_t column, const uint32_t *count, struct room *m,
            double *out)
{
    const struct rg_evaluate_report *p = s->p;
    struct total t;

    add_rows(s, p->score[column], p->whole_score[column], count != NULL, m);
    m->macro[column] = macro_of(p, m, m->cell + column * p->s->n_keys);
    t = total_of(s, m);
    m->micro[column] = t.n > 0 ? t.sum / t.n : NAN;
    add_rows(s, p->cost[column], p->whole_cost[column], count != NULL, m);
    t = total_of(s, m);
    m->usd[column] = t.n > 0 ? t.sum / (s->split == SIZE_MAX ? (double)p->splits : 1) : NAN;
    if (!out)
        return;
    out[RG_EM_DATASETS] = m->macro[column];
    out[RG_EM_SAMPLES] = m->micro[column];
    out[RG_EM_USD] = m->usd[column];
    out[RG_EM_USD_1000] = t.n > 0 ? 1000 * t.sum / t.n : NAN;
    out[RG_EM_ARENA] = isnan(out[RG_EM_SAMPLES] + out[RG_EM_USD_1000])
                           ? NAN
                           : rg_router_metrics_arena(out[RG_EM_SAMPLES], out[RG_EM_USD_1000], NULL);
    out[RG_EM_CALLS] = out[RG_EM_RECALL] = NAN;
    if (column < p->n && p->r->of[column].swept) /* no table shows these of a setting */
        return;
    add_rows(s, p->calls[column], false, count != NULL, m);
    t = total_of(s, m);
    out[RG_EM_CALLS] = t.n > 0 ? t.sum / t.n : NAN;
    /* What is expected of a draw is no answer that could solve anything, nor is a mean of requests.
     */
    out[RG_EM_RECALL] =
        column == p->n + RG_BASE_EXPECTED || (column < p->n && p->r->of[column].simulated)
            ? NAN
            : recall_of(s, column, count);
}

static void
ratios(const struct rg_evaluate_report *p, const struct room *m, size_t column, double *out)
{
    size_t keys = p->s->n_keys;
    size_t random = p->n + (p->v->random == RG_RANDOM_DRAWN ? RG_BASE_DRAWN : RG_BASE_EXPECTED);
    const double *x = m->cell + column * keys;
    struct rg_router_metrics_ratio to_random =
        rg_router_metrics_gain(x, m->cell + random * keys, keys);
    struct rg_router_metrics_ratio to_best =
        rg_router_metrics_gain(x, m->cell + p->best * keys, keys);
    struct rg_router_metrics_ratio to_expert =
        rg_router_metrics_gain(x, m->cell + (p->n + RG_BASE_EXPERT) * keys, keys);
    struct rg_router_metrics_ratio to_oracle =
        rg_router_metrics_gap(x, m->cell + (p->n + RG_BASE_ORACLE) * keys, keys);

    out[RG_EM_GAIN_R] = to_random.mean_of_ratios;
    out[RG_EM_GAIN_B] = to_best.mean_of_ratios;
    out[RG_EM_GAP_O] = to_oracle.mean_of_ratios;
    out[RG_EM_IMP_R] = to_random.ratio_of_means;
    out[RG_EM_IMP_MAX] = to_expert.ratio_of_means;
    out[RG_EM_IMP_B] = to_best.ratio_of_means;
    out[RG_EM_ORACLE_GAP] = to_oracle.ratio_of_means;
}

/* AIQ of points own[0..n). */
static void
add_aiq(const struct room *m, const size_t *own, size_t n, double most, double *to)
{
    struct rg_router_metrics_aiq aiq;

    for (size_t k = 0; k < n; k++) {
        m->score[k] = m->micro[own ? own[k] : k];
        m->cost[k] = m->usd[own ? own[k] : k];
    }
    aiq = rg_router_metrics_aiq(m->cost, m->score, n, most);
    to[RG_EF_AIQ] = aiq.as_coded;
    to[RG_EF_AIQ_PUBLISHED] = aiq.as_published;
}

/* Families' metrics into out[(families + 1) x RG_N_EF], the front into m->front. */
static void
points(const struct rg_evaluate_report *p, struct room *m, double *out)
{
    static const struct rg_directions dir = {2, {false, true}};
    double score = m->macro[p->best], cost = m->usd[p->best], most = 0;
    double *zero = out + p->n_families * RG_N_EF;

    for (size_t i = 0; i < p->n; i++) {
        m->points[2 * i] = m->usd[i];
        m->points[2 * i + 1] = m->macro[i];
        most = fmax(most, m->usd[i]);
    }
    (void)rg_front_find(m->points, p->n, &dir, m->front);
    for (size_t k = 0; k < RG_N_EF; k++)
        zero[k] = NAN;
    add_aiq(m, NULL, p->r->n_models, most, zero);
    for (size_t f = 0; f < p->n_families; f++) {
        const struct rg_evaluate_family *of = &p->families[f];
        double *to = out + f * RG_N_EF;

        for (size_t k = 0; k < of->n; k++) {
            m->score[k] = m->macro[of->own[k]];
            m->cost[k] = m->usd[of->own[k]];
        }
        to[RG_EF_PERF_GAIN] = rg_router_metrics_perf_gain(m->score, of->n, score);
        to[RG_EF_COST_SAVE] = rg_router_metrics_cost_save(m->score, m->cost, of->n, score, cost);
        to[RG_EF_PARETO_DIST] =
            rg_router_metrics_pareto_dist(m->usd, m->macro, p->n, of->own, of->n);
        add_aiq(m, of->own, of->n, most, to);
        to[RG_EF_OVER_ZERO] = to[RG_EF_AIQ] - zero[RG_EF_AIQ];
    }
}

/* Metrics of results begin .. end and of the bounds; with points those of families and, as 0 and 1,
 * the front behind them. */
static void
reckon(const void *ctx, const uint32_t *count, void *memory, double *out)
{
    const struct scope *s = ctx;
    const struct rg_evaluate_report *p = s->p;
    struct room m = room_at(p, memory);
    size_t wanted = s->end - s->begin + RG_N_BASES;

    weigh_rows(p, count, &m);
    for (size_t c = 0; c < p->columns; c++) {
        bool own = c >= p->n || (c >= s->begin && c < s->end);
        size_t at = c >= p->n ? s->end - s->begin + (c - p->n) : c - s->begin;

        if (is_wanted(s, c))
            own_metrics(s, c, count, &m, own ? out + at * RG_N_EM : NULL);
    }
    for (size_t k = 0; k < wanted; k++)
        ratios(p, &m, k < s->end - s->begin ? s->begin + k : p->n + k - (s->end - s->begin),
               out + k * RG_N_EM);
    if (!s->points)
        return;
    out += wanted * RG_N_EM;
    points(p, &m, out);
    for (size_t i = 0; i < p->n; i++)
        out[(p->n_families + 1) * RG_N_EF + i] = m.front[i];
}

static size_t
n_outputs(const struct scope *s)
{
    return (s->end - s->begin + RG_N_BASES) * RG_N_EM +
           (s->points ? (s->p->n_families + 1) * RG_N_EF + s->p->n : 0);
}

/* ---- values, intervals, seeds ---- */

static struct scope
everything(const struct rg_evaluate_report *p)
{
    return (struct scope){p, SIZE_MAX, 0, p->n, true};
}

static void
fill_values(struct rg_evaluate_report *p)
{
    struct scope s = everything(p);
    size_t bytes = room_size(p);
    void *memory = rg_alloc(bytes, 1);
    double *out = rg_alloc(n_outputs(&s), sizeof *out), *families;
    struct room m = room_at(p, memory);

    weigh_rows(p, NULL, &m);
    /* The best single model must be known before anything is compared with it. */
    for (size_t c = 0; c < p->r->n_models; c++) {
        own_metrics(&s, c, NULL, &m, NULL);
        if (!(m.macro[c] <= m.macro[p->best]))
            p->best = isnan(m.macro[c]) ? p->best : c;
    }
    reckon(&s, NULL, memory, out);
    families = out + p->columns * RG_N_EM;
    p->value = rg_alloc(p->columns * RG_N_EM, sizeof *p->value);
    p->family = rg_alloc((p->n_families + 1) * RG_N_EF, sizeof *p->family);
    p->cell = rg_alloc(p->columns * p->s->n_keys, sizeof *p->cell);
    p->front = rg_alloc(p->n, sizeof *p->front);
    memcpy(p->value, out, p->columns * RG_N_EM * sizeof *out);
    memcpy(p->family, families, (p->n_families + 1) * RG_N_EF * sizeof *out);
    memcpy(p->cell, m.cell, p->columns * p->s->n_keys * sizeof *out);
    for (size_t i = 0; i < p->n; i++)
        p->front[i] = m.front[i];
    free(out);
    free(memory);
}

void
rg_evaluate_plan(const struct rg_evaluate_report *p, struct rg_bootstrap_plan *out)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    *out = (struct rg_bootstrap_plan){
        .n = p->r->n_rows,
        .cluster = p->r->query,
        .stratum = p->r->key,
        .resamples = (uint32_t)p->v->resamples,
        .seed = p->s->splits[0].seed,
        .threads = cores > THREADS ? THREADS
                   : cores > 1     ? (unsigned)cores
                                   : 1,
    };
}

/* Intervals of results begin .. end and of the bounds; with points of the rest. */
static void
draw(struct rg_evaluate_report *p, const struct scope *s)
{
    struct rg_bootstrap_function function = {n_outputs(s), reckon, s, room_size(p)};
    size_t wanted = s->end - s->begin + RG_N_BASES, at = wanted * RG_N_EM;
    struct rg_bootstrap_plan plan;
    struct rg_bootstrap *boot;

    rg_evaluate_plan(p, &plan);
    boot = rg_bootstrap_call(&plan, &function);
    for (size_t k = 0; k < wanted * RG_N_EM; k++) {
        size_t c = k / RG_N_EM;

        c = c < s->end - s->begin ? s->begin + c : p->n + c - (s->end - s->begin);
        p->of[c * RG_N_EM + k % RG_N_EM] =
            rg_bootstrap_interval(boot, k, RG_BOOTSTRAP_PERCENTILE, p->v->level);
    }
    for (size_t k = 0; s->points && k < (p->n_families + 1) * RG_N_EF; k++)
        p->of_family[k] = rg_bootstrap_interval(boot, at + k, RG_BOOTSTRAP_PERCENTILE, p->v->level);
    for (size_t i = 0; s->points && i < p->n; i++) {
        const double *x = rg_bootstrap_replicates(boot, at + (p->n_families + 1) * RG_N_EF + i);
        double hits = 0;

        for (size_t b = 0; b < rg_bootstrap_resamples(boot); b++)
            hits += x[b];
        p->p_front[i] = hits / (double)rg_bootstrap_resamples(boot);
    }
    rg_bootstrap_free(boot);
}

bool
rg_evaluate_has_intervals(const struct rg_evaluate_report *p)
{
    return p->r->n_models <= MANY_MODELS;
}

static void
fill_intervals(struct rg_evaluate_report *p)
{
    struct scope s = everything(p);

    p->of = rg_alloc(p->columns * RG_N_EM, sizeof *p->of);
    p->of_family = rg_alloc((p->n_families + 1) * RG_N_EF, sizeof *p->of_family);
    p->p_front = rg_alloc(p->n, sizeof *p->p_front);
    for (size_t k = 0; k < p->columns * RG_N_EM; k++)
        p->of[k] = (struct rg_estimate){p->value[k], NAN, NAN, p->r->n_rows};
    for (size_t k = 0; k < (p->n_families + 1) * RG_N_EF; k++)
        p->of_family[k] = (struct rg_estimate){p->family[k], NAN, NAN, p->r->n_rows};
    for (size_t i = 0; i < p->n; i++)
        p->p_front[i] = NAN;
    if (p->v->resamples == 0 || p->r->n_rows == 0)
        return;
    if (p->columns <= AT_ONCE) {
        draw(p, &s);
        return;
    }
    s.points = false;
    s.begin = rg_evaluate_has_intervals(p) ? 0 : p->r->n_models;
    do {
        s.end = p->n - s.begin > AT_ONCE ? s.begin + AT_ONCE : p->n;
        draw(p, &s);
        s.begin = s.end;
    } while (s.begin < p->n);
}

static void
fill_seeds(struct rg_evaluate_report *p)
{
    struct scope s = everything(p);
    size_t wide = p->columns * RG_N_EM, families = (p->n_families + 1) * RG_N_EF;
    double *out;
    void *memory;

    if (p->splits < 2)
        return;
    out = rg_alloc(n_outputs(&s), sizeof *out);
    memory = rg_alloc(room_size(p), 1);
    p->seed = rg_alloc(p->splits * wide, sizeof *p->seed);
    p->seed_family = rg_alloc(p->splits * families, sizeof *p->seed_family);
    for (size_t k = 0; k < p->splits; k++) {
        s.split = k;
        reckon(&s, NULL, memory, out);
        memcpy(p->seed + k * wide, out, wide * sizeof *out);
        memcpy(p->seed_family + k * families, out + wide, families * sizeof *out);
    }
    free(out);
    free(memory);
}

static size_t
baseline_of(const struct rg_evaluate_report *p)
{
    for (size_t i = 0; p->v->baseline && i < p->n; i++)
        if (strcmp(p->r->of[i].name, p->v->baseline) == 0)
            return i;
    return p->best;
}

void
rg_evaluate_report_init(struct rg_evaluate_report *p, const struct rg_evaluate_setup *s,
                        const struct rg_evaluate_values *v, const struct rg_evaluate_aggregate *a,
                        const struct rg_evaluate_results *r)
{
    *p = (struct rg_evaluate_report){.s = s, .v = v, .a = a, .r = r, .n = r->n};
    p->splits = s->has_split ? s->n_splits : 1;
    p->columns = p->n + RG_N_BASES;
    p->score = rg_alloc(p->columns, sizeof *p->score);
    p->cost = rg_alloc(p->columns, sizeof *p->cost);
    p->calls = rg_alloc(p->columns, sizeof *p->calls);
    for (size_t i = 0; i < p->n; i++) {
        p->score[i] = r->of[i].score;
        p->cost[i] = r->of[i].cost;
        p->calls[i] = r->of[i].calls;
    }
    rg_evaluate_columns(p);
    fill_values(p);
    fill_intervals(p);
    fill_seeds(p);
    p->baseline = baseline_of(p);
}

void
rg_evaluate_report_clear(struct rg_evaluate_report *p)
{
    for (size_t f = 0; f < p->n_families; f++)
        free(p->families[f].own);
    free(p->families);
    free(p->score);
    free(p->cost);
    free(p->calls);
    free(p->whole_score);
    free(p->whole_cost);
    free(p->bounds);
    free(p->solved_at);
    free(p->runs);
    free(p->cell);
    free(p->value);
    free(p->family);
    free(p->front);
    free(p->of);
    free(p->of_family);
    free(p->p_front);
    free(p->seed);
    free(p->seed_family);
    rg_table_free(p->scaling);
    *p = (struct rg_evaluate_report){0};
}
