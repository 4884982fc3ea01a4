#include "replay/learn/clusters.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/learn/dense.h"
#include "replay/learn/learner.h"
#include "replay/learn/mersenne.h"

enum { MOST_ROUNDS = 300 };

void
rg_kmeans_clear(struct rg_kmeans *k)
{
    free(k->centres);
    free(k->member);
    *k = (struct rg_kmeans){0};
}

void
rg_kmeans_assign(const double *x, size_t n, size_t d, const double *centres, size_t k,
                 uint32_t *member, double *distance2)
{
    for (size_t i = 0; i < n; i++) {
        double least = INFINITY;

        for (size_t c = 0; c < k; c++) {
            double far = rg_dense_distance2(x + i * d, centres + c * d, d);

            if (distance2)
                distance2[i * k + c] = far;
            if (far < least) {
                least = far;
                member[i] = (uint32_t)c;
            }
        }
    }
}

/* ---- without chance ---- */

static void
far_centres(const double *x, size_t n, size_t d, size_t k, double *centres)
{
    double *far = rg_alloc(n, sizeof *far);

    for (size_t i = 0; i < n; i++)
        far[i] = INFINITY;
    for (size_t c = 0, next = 0; c < k; c++) {
        memcpy(centres + c * d, x + next * d, d * sizeof *x);
        for (size_t i = 0; i < n; i++)
            far[i] = fmin(far[i], rg_dense_distance2(x + i * d, centres + c * d, d));
        next = rg_dense_argmax(far, n);
    }
    free(far);
}

/* Means of the members; a cluster without any keeps its centre. */
static void
move_centres(const double *x, size_t n, size_t d, size_t k, const uint32_t *member, double *centres,
             double *count)
{
    double *sum = rg_zalloc(k * d, sizeof *sum);

    memset(count, 0, k * sizeof *count);
    for (size_t i = 0; i < n; i++) {
        rg_dense_add(sum + member[i] * d, 1, x + i * d, d);
        count[member[i]] += 1;
    }
    for (size_t c = 0; c < k; c++)
        for (size_t j = 0; j < d && count[c] > 0; j++)
            centres[c * d + j] = sum[c * d + j] / count[c];
    free(sum);
}

void
rg_kmeans_far(const double *x, size_t n, size_t d, size_t k, struct rg_kmeans *out)
{
    uint32_t *before = rg_alloc(n, sizeof *before);
    double *distance = rg_alloc(n * k, sizeof *distance), *count = rg_alloc(k, sizeof *count);

    assert(n > 0 && k > 0);
    *out = (struct rg_kmeans){0};
    out->centres = rg_alloc(k * d, sizeof *out->centres);
    out->member = rg_zalloc(n, sizeof *out->member);
    far_centres(x, n, d, k, out->centres);
    for (out->rounds = 0; out->rounds < MOST_ROUNDS; out->rounds++) {
        memcpy(before, out->member, n * sizeof *before);
        rg_kmeans_assign(x, n, d, out->centres, k, out->member, distance);
        if (out->rounds > 0 && memcmp(before, out->member, n * sizeof *before) == 0)
            break;
        move_centres(x, n, d, k, out->member, out->centres, count);
    }
    for (size_t i = 0; i < n; i++)
        out->inertia += distance[i * k + out->member[i]];
    free(before);
    free(distance);
    free(count);
}

/* ---- with chance ---- */

struct plus {
    const double *x; /* rows less their mean */
    double *length2; /* of rows */
    size_t n, d, k;
    double tolerance;
    struct rg_mersenne rng;
    double *product; /* n x k */
};

/* Squared distances of all rows to the rows of y (m x d), by their products: out is m x n. */
static void
distances_to(const struct plus *p, const double *y, size_t m, double *out)
{
    double *product = rg_alloc(p->n * m, sizeof *product);

    rg_dense_products(p->x, p->n, y, m, p->d, product);
    for (size_t t = 0; t < m; t++) {
        double own = rg_dense_dot(y + t * p->d, y + t * p->d, p->d);

        for (size_t i = 0; i < p->n; i++)
            out[t * p->n + i] = fmax(p->length2[i] + own - 2 * product[i * m + t], 0);
    }
    free(product);
}

/* First place whose cumulative sum reaches r. */
static size_t
place_of(const double *closest, size_t n, double r)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum += closest[i];
        if (sum >= r)
            return i;
    }
    return n - 1;
}

static void
seed_centres(struct plus *p, double *centres)
{
    size_t trials = 2 + (size_t)log((double)p->k), n = p->n, d = p->d, first;
    double *closest = rg_alloc(n, sizeof *closest), *far = rg_alloc(n * trials, sizeof *far);
    double *rows = rg_alloc(trials * d, sizeof *rows), potential = 0;

    first = rg_mersenne_masked(&p->rng, (uint32_t)n);
    memcpy(centres, p->x + first * d, d * sizeof *centres);
    distances_to(p, centres, 1, closest);
    for (size_t i = 0; i < n; i++)
        potential += closest[i];
    for (size_t c = 1; c < p->k; c++) {
        size_t best = 0;
        double least = INFINITY;

        for (size_t t = 0; t < trials; t++) {
            size_t i = place_of(closest, n, rg_mersenne_unit(&p->rng) * potential);

            memcpy(rows + t * d, p->x + i * d, d * sizeof *rows);
        }
        distances_to(p, rows, trials, far);
        for (size_t t = 0; t < trials; t++) {
            double sum = 0;

            for (size_t i = 0; i < n; i++) {
                far[t * n + i] = fmin(far[t * n + i], closest[i]);
                sum += far[t * n + i];
            }
            if (sum < least) {
                least = sum;
                best = t;
            }
        }
        potential = least;
        memcpy(closest, far + best * n, n * sizeof *closest);
        memcpy(centres + c * d, rows + best * d, d * sizeof *centres);
    }
    free(closest);
    free(far);
    free(rows);
}

/* Nearest centres by products; returns the inertia. */
static double
assign_fast(struct plus *p, const double *centres, uint32_t *member, double *near)
{
    double *own = rg_alloc(p->k, sizeof *own), inertia = 0;

    for (size_t c = 0; c < p->k; c++)
        own[c] = rg_dense_dot(centres + c * p->d, centres + c * p->d, p->d);
    rg_dense_products(p->x, p->n, centres, p->k, p->d, p->product);
    for (size_t i = 0; i < p->n; i++) {
        const double *product = p->product + i * p->k;
        double least = INFINITY;

        for (size_t c = 0; c < p->k; c++) {
            double far = own[c] - 2 * product[c];

            if (far < least) {
                least = far;
                member[i] = (uint32_t)c;
            }
        }
        near[i] = fmax(least + p->length2[i], 0);
        inertia += near[i];
    }
    free(own);
    return inertia;
}

/* Empty clusters take the rows that are farthest from their centres, one each. */
static void
fill_empty(const struct plus *p, double *near, const double *count, double *centres)
{
    for (size_t c = 0; c < p->k; c++) {
        size_t i;

        if (count[c] > 0)
            continue;
        i = rg_dense_argmax(near, p->n);
        memcpy(centres + c * p->d, p->x + i * p->d, p->d * sizeof *centres);
        near[i] = -1;
    }
}

static void
lloyd(struct plus *p, struct rg_kmeans *out)
{
    size_t n = p->n, kd = p->k * p->d;
    uint32_t *before = rg_alloc(n, sizeof *before);
    double *near = rg_alloc(n, sizeof *near), *count = rg_alloc(p->k, sizeof *count);
    double *old = rg_alloc(kd, sizeof *old), shift = INFINITY;

    for (out->rounds = 0; out->rounds < MOST_ROUNDS; out->rounds++) {
        memcpy(before, out->member, n * sizeof *before);
        out->inertia = assign_fast(p, out->centres, out->member, near);
        if (out->rounds > 0 && memcmp(before, out->member, n * sizeof *before) == 0)
            break;
        if (shift <= p->tolerance)
            break;
        memcpy(old, out->centres, kd * sizeof *old);
        move_centres(p->x, n, p->d, p->k, out->member, out->centres, count);
        fill_empty(p, near, count, out->centres);
        shift = rg_dense_distance2(old, out->centres, kd);
    }
    free(before);
    free(near);
    free(count);
    free(old);
}

/* Rows less their mean; the mean, and the mean variance times 1e-4. */
static double *
centred(const double *x, size_t n, size_t d, double *mean, double *tolerance)
{
    double *y = rg_alloc(n * d, sizeof *y), variance = 0;

    memset(mean, 0, d * sizeof *mean);
    for (size_t i = 0; i < n; i++)
        rg_dense_add(mean, 1, x + i * d, d);
    for (size_t k = 0; k < d; k++)
        mean[k] /= (double)n;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < d; k++) {
            y[i * d + k] = x[i * d + k] - mean[k];
            variance += y[i * d + k] * y[i * d + k];
        }
    *tolerance = 1e-4 * variance / (double)n / (double)d;
    return y;
}

void
rg_kmeans_plus(const double *x, size_t n, size_t d, size_t k, size_t starts, uint32_t seed,
               struct rg_kmeans *out)
{
    struct plus p = {.n = n, .d = d, .k = k};
    double *mean = rg_alloc(d, sizeof *mean), *y;

    assert(k >= 1 && k <= n && starts >= 1);
    p.x = y = centred(x, n, d, mean, &p.tolerance);
    p.length2 = rg_alloc(n, sizeof *p.length2);
    p.product = rg_alloc(n * k, sizeof *p.product);
    for (size_t i = 0; i < n; i++)
        p.length2[i] = rg_dense_dot(y + i * d, y + i * d, d);
    rg_mersenne_numpy(&p.rng, seed);
    *out = (struct rg_kmeans){.inertia = INFINITY};
    for (size_t s = 0; s < starts; s++) {
        struct rg_kmeans one = {0};

        one.centres = rg_alloc(k * d, sizeof *one.centres);
        one.member = rg_zalloc(n, sizeof *one.member);
        seed_centres(&p, one.centres);
        lloyd(&p, &one);
        if (s == 0 || one.inertia < out->inertia) {
            struct rg_kmeans t = *out;

            *out = one;
            one = t;
        }
        rg_kmeans_clear(&one);
    }
    for (size_t c = 0; c < k; c++)
        rg_dense_add(out->centres + c * d, 1, mean, d);
    free(y);
    free(mean);
    free(p.length2);
    free(p.product);
}

/* ---- learners by clusters ---- */

/* Mean score and cost of each model on each cluster's train queries (k x m); NaN: never recorded
 * there. */
static void
cluster_means(const struct rg_learn_data *data, const uint32_t *member, size_t k, double *score,
              double *cost)
{
    double *n = rg_zalloc(2 * k * data->m, sizeof *n), *n_cost = n + k * data->m;

    memset(score, 0, k * data->m * sizeof *score);
    memset(cost, 0, k * data->m * sizeof *cost);
    for (size_t i = 0; i < data->n; i++)
        for (size_t j = 0; j < data->m; j++) {
            double x = data->score[i * data->m + j], c = data->cost[i * data->m + j];
            size_t at = member[i] * data->m + j;

            if (isnan(x))
                continue;
            score[at] += x;
            n[at] += 1;
            cost[at] += c > 0 ? c : 0;
            n_cost[at] += !isnan(c);
        }
    for (size_t at = 0; at < k * data->m; at++) {
        score[at] = n[at] > 0 ? score[at] / n[at] : NAN;
        cost[at] = n_cost[at] > 0 ? cost[at] / n_cost[at] : NAN;
    }
    free(n);
}

enum { START_FAR, START_PLUS };

static void
cluster(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_kmeans *out)
{
    size_t k = (size_t)hyper->k;

    k = k < data->n ? k : data->n;
    if (hyper->how == START_FAR)
        rg_kmeans_far(data->x->dense, data->n, data->x->d, k, out);
    else
        rg_kmeans_plus(data->x->dense, data->n, data->x->d, k, (size_t)hyper->starts,
                       (uint32_t)hyper->seed, out);
}

static enum rg_status
clusters_fit(const struct rg_learn_data *data, const struct rg_hyper *hyper, struct rg_learnt *out,
             struct rg_err *err)
{
    size_t k = (size_t)hyper->k < data->n ? (size_t)hyper->k : data->n, d = data->x->d;
    double *score = rg_learnt_add(out, "cluster_scores", k, data->m);
    double *cost = rg_learnt_add(out, "cluster_costs", k, data->m);
    struct rg_kmeans means;

    (void)err;
    cluster(data, hyper, &means);
    memcpy(rg_learnt_add(out, "centres", k, d), means.centres, k * d * sizeof *means.centres);
    cluster_means(data, means.member, k, score, cost);
    rg_learner_means(data, rg_learnt_add(out, "means", 1, data->m), NULL);
    rg_learnt_set(out, "top", fmax(hyper->top, 1)); /* the nearest one where nobody votes */
    rg_learnt_set(out, "beta", hyper->beta);
    rg_learnt_set(out, "weight", hyper->weight);
    rg_kmeans_clear(&means);
    return RG_OK;
}

static bool
is_sized(const struct rg_learnt *l, const char *name, size_t rows, size_t columns)
{
    const struct rg_learnt_array *a = rg_learnt_find(l, name);

    return a && a->rows == rows && a->columns == columns;
}

static bool
clusters_check(const struct rg_learnt *l, size_t m, size_t d)
{
    const struct rg_learnt_array *centres = rg_learnt_find(l, "centres");

    return rg_learner_has(l, "centres", SIZE_MAX, d) &&
           is_sized(l, "cluster_scores", centres->rows, m) &&
           is_sized(l, "cluster_costs", centres->rows, m) && is_sized(l, "means", 1, m) &&
           rg_learner_has(l, "top", 1, 1) && rg_learnt_number(l, "top") >= 1 &&
           rg_learner_has(l, "beta", 1, 1) && rg_learner_has(l, "weight", 1, 1);
}

/* The nearest cluster's mean scores; where it has none at all, those of all train queries. */
static void
clusters_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    const struct rg_learnt_array *centres = rg_learnt_find(l, "centres");
    const double *score = rg_learnt_get(l, "cluster_scores"), *means = rg_learnt_get(l, "means");
    uint32_t *member = rg_zalloc(x->n, sizeof *member);

    rg_kmeans_assign(x->dense, x->n, x->d, centres->x, centres->rows, member, NULL);
    for (size_t i = 0; i < x->n; i++) {
        const double *own = score + member[i] * m;

        memcpy(value + i * m, rg_dense_argmax(own, m) < m ? own : means, m * sizeof *value);
    }
    free(member);
}

/* ---- Avengers: clusters vote by the reciprocal rank of each model ---- */

/* What a cluster thinks of its models: for Avengers the mean score, for Avengers-Pro a weighted sum
 * of accuracy scaled to the cluster's range and of 1 - cost / highest cost. NaN: no data. */
static void
cluster_opinion(const double *score, const double *cost, size_t m, double weight, double *out)
{
    double least = INFINITY, most = -INFINITY, dearest = 0;

    for (size_t j = 0; j < m; j++) {
        least = fmin(least, score[j]);
        most = fmax(most, score[j]);
        dearest = fmax(dearest, cost[j]);
    }
    for (size_t j = 0; j < m; j++) {
        double quality = most > least ? (score[j] - least) / (most - least) : 1;
        double thrift = dearest > 0 ? 1 - (isnan(cost[j]) ? 0 : cost[j]) / dearest : 1;

        out[j] = isnan(score[j]) ? NAN : weight * quality + (1 - weight) * thrift;
    }
}

struct ranked {
    double opinion;
    size_t model;
};

/* Of equals the earlier model ranks higher. */
static int
by_opinion(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;

    if (a->opinion > b->opinion || a->opinion < b->opinion)
        return a->opinion > b->opinion ? -1 : 1;
    return (a->model > b->model) - (a->model < b->model);
}

/* From the opinions of a cluster to the ranks of models, from 1 on, NaN where it has none; false:
 * it has none at all. */
static bool
rank_models(const double *opinion, size_t m, struct ranked *scratch, double *rank)
{
    size_t n = 0;

    for (size_t j = 0; j < m; j++) {
        rank[j] = NAN;
        if (!isnan(opinion[j]))
            scratch[n++] = (struct ranked){opinion[j], j};
    }
    if (n > 1)
        qsort(scratch, n, sizeof *scratch, by_opinion);
    for (size_t r = 0; r < n; r++)
        rank[scratch[r].model] = (double)(r + 1);
    return n > 0;
}

/* The top nearest of k by distance 1 - x . c, and softmax(-beta distance) over them. Clusters that
 * have nothing to say, above all those without members, are passed over: their centres may lie
 * where those of others do, and be nearer by rounding. */
static size_t
nearest_clusters(const double *product, const bool *speaks, size_t k, size_t top, double beta,
                 uint32_t *which, double *share)
{
    size_t n = 0;
    double sum = 0;

    for (size_t c = 0; c < k; c++) {
        size_t at;

        if (!speaks[c] || (n == top && !(product[c] > product[which[n - 1]])))
            continue;
        n += n < top;
        for (at = n - 1; at > 0 && product[c] > product[which[at - 1]]; at--)
            which[at] = which[at - 1];
        which[at] = (uint32_t)c;
    }
    for (size_t i = 0; i < n; i++)
        sum += share[i] = exp(beta * (product[which[i]] - product[which[0]]));
    for (size_t i = 0; i < n; i++)
        share[i] /= sum;
    return n;
}

static void
add_votes(const double *rank, size_t m, double share, double *to)
{
    for (size_t j = 0; j < m; j++)
        if (!isnan(rank[j]))
            to[j] = (isnan(to[j]) ? 0 : to[j]) + share / rank[j];
}

static void
vote(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, const double *opinion,
     double *value)
{
    const struct rg_learnt_array *centres = rg_learnt_find(l, "centres");
    double wanted = rg_learnt_number(l, "top"), beta = rg_learnt_number(l, "beta");
    size_t k = centres->rows, top = wanted < (double)k ? (size_t)wanted : k;
    double *product = rg_alloc(x->n * k, sizeof *product), *share = rg_alloc(top, sizeof *share);
    double *ranks = rg_alloc(k * m, sizeof *ranks);
    const double *means = rg_learnt_get(l, "means");
    struct ranked *scratch = rg_alloc(m, sizeof *scratch);
    uint32_t *which = rg_alloc(top, sizeof *which);
    bool *speaks = rg_alloc(k, sizeof *speaks);

    for (size_t c = 0; c < k; c++)
        speaks[c] = rank_models(opinion + c * m, m, scratch, ranks + c * m);
    rg_dense_products(x->dense, x->n, centres->x, k, x->d, product);
    for (size_t i = 0; i < x->n; i++) {
        double *to = value + i * m;
        size_t n = nearest_clusters(product + i * k, speaks, k, top, beta, which, share);

        for (size_t j = 0; j < m; j++)
            to[j] = NAN;
        for (size_t r = 0; r < n; r++)
            add_votes(ranks + which[r] * m, m, share[r], to);
        if (rg_dense_argmax(to, m) == m)
            memcpy(to, means, m * sizeof *to);
    }
    free(product);
    free(share);
    free(ranks);
    free(scratch);
    free(which);
    free(speaks);
}

static void
avengers_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    vote(l, x, m, rg_learnt_get(l, "cluster_scores"), value);
}

static void
avengers_pro_predict(const struct rg_learnt *l, const struct rg_vectors *x, size_t m, double *value)
{
    const struct rg_learnt_array *score = rg_learnt_find(l, "cluster_scores");
    const double *cost = rg_learnt_get(l, "cluster_costs");
    double *opinion = rg_alloc(score->rows * m, sizeof *opinion);

    for (size_t c = 0; c < score->rows; c++)
        cluster_opinion(score->x + c * m, cost + c * m, m, rg_learnt_number(l, "weight"),
                        opinion + c * m);
    vote(l, x, m, opinion, value);
    free(opinion);
}

const struct rg_learner rg_learner_clusters = {
    .name = "clusters", .fit = clusters_fit, .check = clusters_check, .predict = clusters_predict};
const struct rg_learner rg_learner_avengers = {
    .name = "avengers", .fit = clusters_fit, .check = clusters_check, .predict = avengers_predict};
const struct rg_learner rg_learner_avengers_pro = {.name = "avengers-pro",
                                                   .weighs = true,
                                                   .fit = clusters_fit,
                                                   .check = clusters_check,
                                                   .predict = avengers_pro_predict};
