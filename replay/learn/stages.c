#include "replay/learn/stages.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sort.h"
#include "replay/learn/learner.h"
#include "replay/learn/linear.h"
#include "replay/learn/mersenne.h"

static const double infeasible = 10000;
enum { GRID = 40, GRID_DEEP = 12, PER_DIMENSION = 200 };

/* ---- thresholds ---- */

struct search {
    const struct rg_stages_rows *rows;
    double budget;
    double *sorted; /* doubts of the first stage */
    double *room;   /* n */
    bool *runs;     /* n */
};

static void
thresholds(const struct search *s, const double *q, double *threshold)
{
    const struct rg_stages_rows *r = s->rows;

    for (size_t i = 0; i < r->n; i++)
        s->runs[i] = true;
    for (size_t k = 0; k + 1 < r->stages; k++) {
        const double *sorted = k == 0 ? s->sorted : s->room;
        size_t n = 0;

        for (size_t i = 0; i < r->n; i++)
            if (s->runs[i])
                s->room[n++] = r->doubt[i * r->stages + k];
        if (k > 0)
            rg_sort(s->room, n);
        threshold[k] =
            n > 0 ? rg_learner_quantile(sorted, n, 1 - fmax(fmin(q[k], 1), 0)) : INFINITY;
        for (size_t i = 0; i < r->n; i++)
            s->runs[i] = s->runs[i] && r->doubt[i * r->stages + k] >= threshold[k];
    }
    threshold[r->stages - 1] = 1;
}

/* Sums of score and cost of the rows that some stage keeps. */
static void
keep(const struct search *s, const double *threshold, double *score, double *cost, size_t *first)
{
    const struct rg_stages_rows *r = s->rows;

    *score = *cost = 0;
    *first = 0;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->stages; k++)
            if (r->doubt[i * r->stages + k] < threshold[k]) {
                *score += r->score[i * r->stages + k];
                *cost += r->cost[i * r->stages + k];
                *first += k == 0;
                break;
            }
}

static double
objective(const void *ctx, const double *q)
{
    const struct search *s = ctx;
    double threshold[RG_STAGES_MOST], score, cost;
    size_t first;

    for (size_t k = 0; k + 2 < s->rows->stages; k++)
        if (q[k + 1] < q[k])
            return infeasible;
    thresholds(s, q, threshold);
    keep(s, threshold, &score, &cost, &first);
    return cost > s->budget * (double)s->rows->n ? infeasible : -score;
}

static void
describe(const struct search *s, const double *q, struct rg_stages_found *out)
{
    double score, cost;
    size_t first;

    memcpy(out->q, q, (s->rows->stages - 1) * sizeof *q);
    thresholds(s, q, out->threshold);
    keep(s, out->threshold, &score, &cost, &first);
    out->score = score / (double)s->rows->n;
    out->cost = cost / (double)s->rows->n;
    out->first_share = (double)first / (double)s->rows->n;
}

/* ---- downhill simplex ---- */

struct vertex {
    double f, x[RG_STAGES_MOST];
};

struct simplex {
    double (*f)(const void *ctx, const double *x);
    const void *ctx;
    size_t n, calls;
    struct vertex v[RG_STAGES_MOST + 1];
};

static void
measure(struct simplex *s, struct vertex *v)
{
    v->f = s->f(s->ctx, v->x);
    s->calls++;
}

/* Stable, the best first. */
static void
order(struct simplex *s)
{
    for (size_t i = 1; i <= s->n; i++) {
        struct vertex v = s->v[i];
        size_t at = i;

        for (; at > 0 && v.f < s->v[at - 1].f; at--)
            s->v[at] = s->v[at - 1];
        s->v[at] = v;
    }
}

/* centre + a (centre - worst) */
static struct vertex
moved(struct simplex *s, double a)
{
    struct vertex v = {0};

    for (size_t k = 0; k < s->n; k++) {
        double centre = 0;

        for (size_t i = 0; i < s->n; i++)
            centre += s->v[i].x[k];
        centre /= (double)s->n;
        v.x[k] = (1 + a) * centre - a * s->v[s->n].x[k];
    }
    measure(s, &v);
    return v;
}

static bool
is_small(const struct simplex *s)
{
    double spread = 0, range = 0;

    for (size_t i = 1; i <= s->n; i++) {
        for (size_t k = 0; k < s->n; k++)
            spread = fmax(spread, fabs(s->v[i].x[k] - s->v[0].x[k]));
        range = fmax(range, fabs(s->v[0].f - s->v[i].f));
    }
    return spread <= 1e-4 && range <= 1e-4;
}

static void
step(struct simplex *s)
{
    double worst = s->v[s->n].f;
    struct vertex r = moved(s, 1), t;

    if (r.f < s->v[0].f) {
        t = moved(s, 2);
        s->v[s->n] = t.f < r.f ? t : r;
    } else if (r.f < s->v[s->n - 1].f) {
        s->v[s->n] = r;
    } else {
        t = moved(s, r.f < worst ? 0.5 : -0.5);
        if (r.f < worst ? t.f <= r.f : t.f < worst) {
            s->v[s->n] = t;
        } else {
            for (size_t i = 1; i <= s->n; i++) {
                for (size_t k = 0; k < s->n; k++)
                    s->v[i].x[k] = s->v[0].x[k] + 0.5 * (s->v[i].x[k] - s->v[0].x[k]);
                measure(s, &s->v[i]);
            }
        }
    }
    order(s);
}

double
rg_stages_descend(double (*f)(const void *ctx, const double *x), const void *ctx, size_t n,
                  double *x)
{
    struct simplex s = {.f = f, .ctx = ctx, .n = n};

    assert(n >= 1 && n <= RG_STAGES_MOST);
    for (size_t i = 0; i <= n; i++) {
        memcpy(s.v[i].x, x, n * sizeof *x);
        if (i > 0)
            s.v[i].x[i - 1] = fabs(x[i - 1]) > 0 ? x[i - 1] * 1.05 : 0.00025;
        measure(&s, &s.v[i]);
    }
    order(&s);
    for (size_t rounds = 1; s.calls < PER_DIMENSION * n && rounds < PER_DIMENSION * n; rounds++) {
        if (is_small(&s))
            break;
        step(&s);
    }
    memcpy(x, s.v[0].x, n * sizeof *x);
    return s.v[0].f;
}

/* ---- the search ---- */

static void
grid_search(const struct search *s, size_t grid, double *best, double *least)
{
    double width = ((1 - 1e-5) - 1e-5) / (double)(grid - 1), q[RG_STAGES_MOST] = {0};
    size_t dims = s->rows->stages - 1, points = 1;

    *least = INFINITY;
    for (size_t k = 0; k < dims; k++)
        points *= grid;
    for (size_t p = 0; p < points; p++) {
        size_t rest = p;
        double value;

        for (size_t k = dims; k-- > 0; rest /= grid)
            q[k] = (double)(rest % grid) * width + 1e-5;
        value = objective(s, q);
        if (value < *least) {
            *least = value;
            memcpy(best, q, dims * sizeof *q);
        }
    }
}

bool
rg_stages_search(const struct rg_stages_rows *rows, double budget, size_t grid,
                 struct rg_stages_found *grid_found, struct rg_stages_found *found)
{
    struct search s = {.rows = rows, .budget = budget};
    double q[RG_STAGES_MOST] = {0}, least = INFINITY, first = 0;

    assert(rows->stages >= 2 && rows->stages <= RG_STAGES_MOST && rows->n > 0 && grid >= 2);
    for (size_t i = 0; i < rows->n; i++)
        first += rows->cost[i * rows->stages];
    if (first / (double)rows->n > budget)
        return false;
    s.sorted = rg_alloc(rows->n, sizeof *s.sorted);
    s.room = rg_alloc(rows->n, sizeof *s.room);
    s.runs = rg_alloc(rows->n, sizeof *s.runs);
    for (size_t i = 0; i < rows->n; i++)
        s.sorted[i] = rows->doubt[i * rows->stages];
    rg_sort(s.sorted, rows->n);
    grid_search(&s, grid, q, &least);
    if (least < infeasible) {
        if (grid_found)
            describe(&s, q, grid_found);
        (void)rg_stages_descend(objective, &s, rows->stages - 1, q);
        describe(&s, q, found);
    }
    free(s.sorted);
    free(s.room);
    free(s.runs);
    return least < infeasible;
}

/* ---- the judge that errs ---- */

struct rg_stages_judged
rg_stages_judge(const double *score, const double *cost, size_t n, size_t m,
                const uint32_t *sequence, double threshold, double eps, double budget,
                uint32_t seed)
{
    struct rg_stages_judged out = {0};
    struct rg_mersenne rng;

    rg_mersenne_numpy(&rng, seed);
    for (size_t i = 0; i < n; i++) {
        double left = budget, spent = 0, last = 0;

        for (size_t k = 0; k < m; k++) {
            size_t at = i * m + sequence[k];
            bool wrong;

            if (cost[at] >= left && spent > 0)
                break;
            wrong = rg_mersenne_unit(&rng) < eps;
            spent += cost[at];
            left -= cost[at];
            out.calls++;
            last = score[at];
            if (wrong ? last < threshold : last >= threshold)
                break;
        }
        out.score += last;
        out.cost += spent;
    }
    out.score /= n ? (double)n : 1;
    return out;
}

/* ---- FrugalGPT as a learner: the judge sees the query alone ---- */

/* Chains of `depth` distinct models in the order of their numbers; false after the last. */
static bool
next_chain(size_t *chain, size_t depth, size_t m)
{
    for (size_t k = depth; k-- > 0;)
        for (chain[k]++; chain[k] < m; chain[k]++) {
            bool used = false;

            for (size_t i = 0; i < k; i++)
                used |= chain[i] == chain[k];
            if (used)
                continue;
            /* The rest begins anew with the least models that are free. */
            for (size_t r = k + 1; r < depth; r++) {
                chain[r] = 0;
                for (size_t i = 0; i < r; i++)
                    if (chain[i] == chain[r]) {
                        chain[r]++;
                        i = SIZE_MAX;
                    }
            }
            return true;
        }
    return false;
}

struct frugal {
    const struct rg_learn_data *data;
    const double *good; /* n x m: what the judge gives each answer */
    double *score, *cost, *doubt;
    size_t n; /* rows that all of the chain answered, at a known cost */
};

static void
fill_rows(struct frugal *f, const size_t *chain, size_t depth)
{
    size_t m = f->data->m;

    f->n = 0;
    for (size_t i = 0; i < f->data->n; i++) {
        double spent = 0;
        bool whole = true;

        for (size_t k = 0; k < depth; k++) {
            size_t at = i * m + chain[k], to = f->n * depth + k;

            spent += f->data->cost[at];
            f->score[to] = fmax(f->data->score[at], 0);
            f->cost[to] = spent;
            f->doubt[to] = 1 - f->good[at];
            whole = whole && !isnan(f->data->score[at]) && !isnan(spent);
        }
        f->n += whole;
    }
}

/* The judge: one logistic regression a model, label score >= 0.5. */
static void
fit_judges(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
           double *good)
{
    size_t wide = data->x->d + 1, m = data->m;
    double *w = rg_learnt_add(out, "weights", m, wide), *label = rg_alloc(data->n, sizeof *label);

    for (size_t j = 0; j < m; j++) {
        for (size_t i = 0; i < data->n; i++) {
            double x = data->score[i * m + j];

            label[i] = isnan(x) ? NAN : x >= 0.5;
        }
        rg_linear_logistic(data->x->dense, label, 1, data->n, data->x->d, hyper->lambda,
                           w + j * wide);
    }
    rg_linear_apply(data->x->dense, w, data->n, data->x->d, m, good);
    for (size_t i = 0; i < data->n * m; i++)
        good[i] = rg_linear_sigmoid(good[i]);
    free(label);
}

static size_t
search_chains(struct frugal *f, double budget, size_t depth, struct rg_stages_found *best,
              size_t *best_chain)
{
    size_t chain[RG_STAGES_MOST], found = 0;

    for (size_t k = 0; k < depth; k++)
        chain[k] = k;
    do {
        struct rg_stages_rows rows = {0, depth, f->score, f->cost, f->doubt};
        struct rg_stages_found one;

        fill_rows(f, chain, depth);
        rows.n = f->n;
        if (f->n == 0 ||
            !rg_stages_search(&rows, budget, depth == 2 ? GRID : GRID_DEEP, NULL, &one))
            continue;
        if (found++ == 0 || one.score > best->score) {
            *best = one;
            memcpy(best_chain, chain, depth * sizeof *chain);
        }
    } while (next_chain(chain, depth, f->data->m));
    return found;
}

/* The best chain within the budget into the arrays; false: there is none. */
static bool
find_chain(const struct rg_learn_data *data, const double *good, double budget, size_t depth,
           double *chain, double *threshold)
{
    size_t n = data->n * depth, best_chain[RG_STAGES_MOST] = {0}, found;
    struct frugal f = {.data = data, .good = good};
    struct rg_stages_found best;

    f.score = rg_alloc(n, sizeof *f.score);
    f.cost = rg_alloc(n, sizeof *f.cost);
    f.doubt = rg_alloc(n, sizeof *f.doubt);
    found = search_chains(&f, budget, depth, &best, best_chain);
    for (size_t k = 0; k < depth && found > 0; k++) {
        chain[k] = (double)best_chain[k];
        threshold[k] = fmin(best.threshold[k], 1e300);
    }
    free(f.score);
    free(f.cost);
    free(f.doubt);
    return found > 0;
}

static enum rg_status
frugal_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
           struct rg_err *err)
{
    size_t depth = (size_t)hyper->depth;
    double *good, *chain;
    bool found;

    if (data->m < depth)
        return rg_err_set(err, RG_EUSAGE, "a chain of %zu models needs as many (found %zu)", depth,
                          data->m);
    good = rg_alloc(data->n * data->m, sizeof *good);
    fit_judges(data, hyper, out, good);
    chain = rg_learnt_add(out, "chain", 1, depth);
    found = find_chain(data, good, hyper->budget, depth, chain,
                       rg_learnt_add(out, "thresholds", 1, depth));
    free(good);
    return found ? RG_OK
                 : rg_err_set(err, RG_EINPUT,
                              "no chain of %zu models keeps within %g USD a query on the "
                              "queries to learn from",
                              depth, hyper->budget);
}

/* The cheapest model first, and content with whatever it says. */
static bool
cheapest_alone(const struct rg_learn_data *data, size_t depth, double *chain, double *threshold)
{
    double *cost = rg_alloc(data->m, sizeof *cost);
    size_t first = data->m;

    rg_learner_means(data, NULL, cost);
    for (size_t j = 0; j < data->m; j++)
        if (!isnan(cost[j]) && (first == data->m || cost[j] < cost[first]))
            first = j;
    for (size_t k = 0; k < depth && first < data->m; k++) {
        chain[k] = (double)((first + k) % data->m);
        threshold[k] = 1e300;
    }
    free(cost);
    return first < data->m;
}

enum rg_status
rg_stages_rebudget(const struct rg_learn_data *data, const double *good, double budget,
                   struct rg_learnt *l, struct rg_err *err)
{
    double *chain = rg_learnt_find(l, "chain")->x, *threshold = rg_learnt_find(l, "thresholds")->x;
    size_t depth = rg_learnt_find(l, "chain")->columns;

    if (find_chain(data, good, budget, depth, chain, threshold) ||
        cheapest_alone(data, depth, chain, threshold))
        return RG_OK;
    return rg_err_set(err, RG_EINPUT, "the queries to learn from have no scores and costs");
}

static bool
frugal_check(const struct rg_learnt *l, size_t m, size_t d)
{
    const struct rg_learnt_array *chain = rg_learnt_find(l, "chain");

    if (!rg_learner_has(l, "weights", m, d + 1) || !rg_learner_has(l, "chain", 1, SIZE_MAX) ||
        chain->columns > RG_STAGES_MOST || chain->columns > m ||
        !rg_learner_has(l, "thresholds", 1, chain->columns))
        return false;
    for (size_t k = 0; k < chain->columns; k++)
        if (!(chain->x[k] >= 0 && chain->x[k] < (double)m && floor(chain->x[k]) >= chain->x[k]))
            return false;
    return true;
}

static void
frugal_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    rg_linear_apply(x->dense, rg_learnt_get(l, "weights"), x->n, x->d, m, value);
    for (size_t i = 0; i < x->n * m; i++)
        value[i] = rg_linear_sigmoid(value[i]);
}

/* Down the chain until the judge is content; the last answer stands in any case. */
static void
frugal_plan(const struct rg_learnt *l, const double *value, size_t m, struct rg_learn_plan *out)
{
    const struct rg_learnt_array *chain = rg_learnt_find(l, "chain");
    const double *threshold = rg_learnt_get(l, "thresholds");

    (void)m;
    out->n = 0;
    for (size_t k = 0; k < chain->columns; k++) {
        out->models[out->n++] = (uint32_t)chain->x[k];
        if (1 - value[(size_t)chain->x[k]] < threshold[k])
            break;
    }
}

const struct rg_learner rg_learner_frugal = {.name = "frugalgpt",
                                             .fit = frugal_fit,
                                             .check = frugal_check,
                                             .predict = frugal_predict,
                                             .plan = frugal_plan};
