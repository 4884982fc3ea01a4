#include "replay/learn/rating.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"
#include "replay/learn/neighbours.h"

enum { NEWTON_STEPS = 200 };

void
rg_rating_count(enum rg_rating_how how, const double *score, size_t m, double weight, double *wins)
{
    size_t best = rg_dense_argmax(score, m);

    for (size_t a = 0; a < m && best < m; a++)
        for (size_t b = 0; b < m; b++) {
            if (a == b || isnan(score[a]) || isnan(score[b]))
                continue;
            if (how == RG_RATING_FIRST)
                wins[a * m + b] += a == best ? weight : 0;
            else if (score[a] > score[b])
                wins[a * m + b] += weight;
            else if (!(score[a] < score[b]))
                wins[a * m + b] += weight / 2;
        }
}

/* How many models can be reached from `from` by wins (or, turned, by losses). */
static size_t
reach(const double *wins, size_t m, size_t from, bool turned, bool *seen)
{
    size_t *queue = rg_alloc(m, sizeof *queue), n = 0;

    memset(seen, 0, m * sizeof *seen);
    queue[n++] = from;
    seen[from] = true;
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < m; b++)
            if (!seen[b] && (turned ? wins[b * m + queue[i]] : wins[queue[i] * m + b]) > 0) {
                seen[b] = true;
                queue[n++] = b;
            }
    free(queue);
    return n;
}

static size_t
find_blame(const double *wins, size_t m)
{
    bool *seen = rg_alloc(m, sizeof *seen);
    size_t blame = m;

    for (int turned = 0; turned < 2 && blame == m; turned++)
        if (reach(wins, m, 0, turned, seen) < m)
            for (size_t i = 0; i < m; i++)
                if (!seen[i]) {
                    blame = i;
                    break;
                }
    free(seen);
    return blame;
}

static double
likelihood(const double *wins, size_t m, const double *theta)
{
    double sum = 0;

    for (size_t a = 0; a < m; a++)
        for (size_t b = 0; b < m; b++)
            if (a != b)
                sum -= wins[a * m + b] * log1p(exp(theta[b] - theta[a]));
    return sum;
}

/* step = Hessian^-1 gradient, less its mean. The Hessian is singular along (1, .., 1): trace / m^2
 * is added everywhere. */
static void
newton_step(const double *wins, size_t m, const double *theta, double *hessian, double *step)
{
    double trace = 0, mean = 0;
    bool whole;

    memset(hessian, 0, m * m * sizeof *hessian);
    memset(step, 0, m * sizeof *step);
    for (size_t a = 0; a < m; a++)
        for (size_t b = 0; b < m; b++) {
            double q, n, h;

            if (a == b)
                continue;
            q = 1 / (1 + exp(theta[b] - theta[a]));
            n = wins[a * m + b] + wins[b * m + a];
            h = n * q * (1 - q);
            step[a] += wins[a * m + b] - n * q;
            hessian[a * m + b] -= h;
            hessian[a * m + a] += h;
            trace += h;
        }
    for (size_t i = 0; i < m * m; i++)
        hessian[i] += trace / (double)m / (double)m;
    whole = rg_dense_cholesky(hessian, m);
    assert(whole); /* the graph of wins is connected */
    (void)whole;
    rg_dense_solve(hessian, m, step);
    for (size_t a = 0; a < m; a++)
        mean += step[a];
    for (size_t a = 0; a < m; a++)
        step[a] -= mean / (double)m;
}

size_t
rg_rating_fit(const double *wins, size_t m, double *theta)
{
    double *hessian = rg_alloc(m * m, sizeof *hessian), *step = rg_alloc(m, sizeof *step);
    double *next = rg_alloc(m, sizeof *next), most = INFINITY;
    size_t blame = m > 0 ? find_blame(wins, m) : 0;

    memset(theta, 0, m * sizeof *theta);
    for (int k = 0; k < NEWTON_STEPS && most >= 1e-15 && blame == m && m > 1; k++) {
        double t = 1, start = likelihood(wins, m, theta);

        newton_step(wins, m, theta, hessian, step);
        for (;; t /= 2) {
            for (size_t a = 0; a < m; a++)
                next[a] = theta[a] + t * step[a];
            if (!(likelihood(wins, m, next) < start - 1e-9 * fabs(start)) || t <= 1e-8)
                break;
        }
        most = 0;
        for (size_t a = 0; a < m; a++)
            most = fmax(most, fabs(t * step[a]));
        memcpy(theta, next, m * sizeof *theta);
    }
    free(hessian);
    free(step);
    free(next);
    return blame;
}

double
rg_rating_elo(double theta)
{
    return 400 * theta / log(10) + 1000;
}

/* ---- tiers ---- */

static double
run_variance(const double *x, size_t a, size_t b)
{
    double mean = 0, sum = 0;

    if (b <= a)
        return 0;
    for (size_t i = a; i <= b; i++)
        mean += x[i];
    mean /= (double)(b - a + 1);
    for (size_t i = a; i <= b; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum / (double)(b - a + 1);
}

void
rg_rating_tiers(const double *rating, size_t n, size_t count, uint32_t *tier)
{
    double *best = rg_alloc(count * n, sizeof *best);
    size_t *cut = rg_zalloc(count * n, sizeof *cut), end = n - 1;

    assert(count >= 1 && count <= n);
    for (size_t b = 0; b < n; b++)
        best[b] = run_variance(rating, 0, b);
    for (size_t t = 1; t < count; t++) {
        best[t * n] = 0;
        for (size_t b = 1; b < n; b++) {
            best[t * n + b] = INFINITY;
            for (size_t a = 0; a < b; a++) {
                double v = best[(t - 1) * n + a] + run_variance(rating, a + 1, b);

                if (v < best[t * n + b]) {
                    best[t * n + b] = v;
                    cut[t * n + b] = a;
                }
            }
        }
    }
    memset(tier, 0, n * sizeof *tier);
    for (size_t t = count - 1; t > 0; t--) {
        end = cut[t * n + end];
        for (size_t i = end + 1; i < n; i++)
            tier[i]++;
    }
    free(best);
    free(cut);
}

/* ---- similarity-weighted ---- */

double
rg_rating_similar(const double *similar, const double *score, size_t n, size_t m, size_t strong,
                  size_t weak)
{
    double top = -INFINITY, won = 0, lost = 0;

    for (size_t i = 0; i < n; i++)
        top = fmax(top, similar[i]);
    for (size_t i = 0; i < n; i++) {
        double s = score[i * m + strong], w = score[i * m + weak];
        double weight = top > 0 ? 10 * pow(10, similar[i] / top) : 10;

        if (isnan(s) || isnan(w))
            continue;
        won += s > w ? weight : s < w ? 0 : weight / 2;
        lost += s < w ? weight : s > w ? 0 : weight / 2;
    }
    return won + lost > 0 ? won / (won + lost) : 0.5;
}

/* ---- learners ---- */

/* Models that were compared with others at all; the rest have no rating. */
static size_t
compared(const double *wins, size_t m, size_t *which)
{
    size_t n = 0;

    for (size_t a = 0; a < m; a++) {
        double games = 0;

        for (size_t b = 0; b < m; b++)
            games += wins[a * m + b] + wins[b * m + a];
        if (games > 0)
            which[n++] = a;
    }
    return n;
}

static enum rg_status
elo_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
        struct rg_err *err)
{
    size_t m = data->m, *which = rg_alloc(m, sizeof *which), n, blame;
    double *wins = rg_zalloc(m * m, sizeof *wins), *rating = rg_learnt_add(out, "ratings", 1, m);
    double *part = rg_alloc(m * m, sizeof *part), *theta = rg_alloc(m, sizeof *theta);

    for (size_t i = 0; i < data->n; i++)
        rg_rating_count((enum rg_rating_how)hyper->how, data->score + i * m, m, 1, wins);
    n = compared(wins, m, which);
    for (size_t i = 0; i < n * n; i++)
        part[i] = wins[which[i / n] * m + which[i % n]];
    blame = rg_rating_fit(part, n, theta);
    for (size_t j = 0; j < m; j++)
        rating[j] = NAN;
    for (size_t i = 0; i < n; i++)
        rating[which[i]] = rg_rating_elo(theta[i]);
    if (n > 0 && blame < n)
        blame = which[blame];
    else
        blame = m;
    free(which);
    free(wins);
    free(part);
    free(theta);
    if (blame < m)
        return rg_err_set(err, RG_EINPUT,
                          "ratings have no finite value: model '%.100s' and those like it never "
                          "win, or never lose, against the others",
                          data->names[blame]);
    return RG_OK;
}

static bool
elo_check(const struct rg_learnt *l, size_t m, size_t d)
{
    const struct rg_learnt_array *a = rg_learnt_find(l, "ratings");

    (void)d;
    return a && a->rows == 1 && a->columns == m;
}

static void
elo_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    for (size_t i = 0; i < x->n; i++)
        memcpy(value + i * m, rg_learnt_get(l, "ratings"), m * sizeof *value);
}

/* Win rates of all rows of x against the train vectors of a model. */
static void
win_rates(const struct rg_learnt *l, const struct rg_vectors *x, const double *score, size_t n,
          size_t m, size_t strong, size_t weak, double *rate)
{
    struct rg_knn *index = rg_neighbours_index(l);
    uint32_t *row = rg_alloc(n, sizeof *row);
    double *near = rg_alloc(n, sizeof *near), *similar = rg_zalloc(n, sizeof *similar);

    for (size_t i = 0; i < x->n; i++) {
        size_t k = rg_neighbours_find(index, x, i, n, row, near);

        /* Sums in the order of rows, whatever is near. */
        for (size_t r = 0; r < k; r++)
            similar[row[r]] = near[r];
        rate[i] = rg_rating_similar(similar, score, n, m, strong, weak);
    }
    free(row);
    free(near);
    free(similar);
    rg_knn_free(index);
}

static enum rg_status
sw_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
       struct rg_err *err)
{
    double *rate = rg_alloc(data->n, sizeof *rate);

    (void)err;
    rg_neighbours_keep(data->x, out);
    memcpy(rg_learnt_add(out, "scores", data->n, data->m), data->score,
           data->n * data->m * sizeof *data->score);
    if (hyper->share >= 0)
        win_rates(out, data->x, data->score, data->n, data->m, data->strong, data->weak, rate);
    rg_learner_say_pair(out, data,
                        rg_learner_threshold(hyper, rate, hyper->share >= 0 ? data->n : 0));
    free(rate);
    return RG_OK;
}

static bool
sw_check(const struct rg_learnt *l, size_t m, size_t d)
{
    const struct rg_learnt_array *scores = rg_learnt_find(l, "scores");
    size_t n;

    return rg_neighbours_has(l, d, &n) && scores && scores->rows == n && scores->columns == m &&
           rg_learner_has_pair(l, m);
}

static void
sw_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    const struct rg_learnt_array *scores = rg_learnt_find(l, "scores");
    size_t strong = (size_t)rg_learnt_number(l, "strong");
    size_t weak = (size_t)rg_learnt_number(l, "weak");
    double *rate = rg_alloc(x->n, sizeof *rate);

    win_rates(l, x, scores->x, scores->rows, m, strong, weak, rate);
    for (size_t i = 0; i < x->n; i++)
        rg_learner_pair_values(rate[i], rg_learnt_number(l, "threshold"), strong, weak, m,
                               value + i * m);
    free(rate);
}

const struct rg_learner rg_learner_elo = {
    .name = "elo", .blind = true, .fit = elo_fit, .check = elo_check, .predict = elo_predict};
const struct rg_learner rg_learner_sw_elo = {.name = "sw-elo",
                                             .sparse = true,
                                             .pair = true,
                                             .fit = sw_fit,
                                             .check = sw_check,
                                             .predict = sw_predict};
