#include "replay/classify/classifier.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/names.h"
#include "replay/features/tfidf.h"

enum { DIM = RG_TFIDF_WIDE };

struct rg_classifier {
    struct rg_tfidf *tfidf;
    size_t n;        /* categories that were seen */
    uint32_t *label; /* of each, ascending */
    double *sum;     /* n x DIM: sums of unit vectors */
    double *square;  /* squared lengths of these */
    double sharpness;
    double *cosine; /* n, of the text at hand */
    struct rg_sparse vector;
};

/* ---- centroids ---- */

/* The unit vectors of the train texts; those without a token are empty. */
struct train {
    struct rg_sparse *vector;
    uint32_t *class; /* index into the classifier's categories */
    size_t n;
};

static double
dot(const double *dense, const struct rg_sparse *v)
{
    double sum = 0;

    for (size_t i = 0; i < v->n; i++)
        sum += v->weight[i] * dense[v->at[i]];
    return sum;
}

/* Cosine of a text with a centroid whose product with it and squared length are given. What is left
 * of a category whose only text is held out is no more than rounding. */
static double
cosine(double product, double square)
{
    return square > 1e-12 ? product / sqrt(square) : 0;
}

/* Numbers the categories that occur among texts with a token: class[label], or RG_NAMES_NONE. */
static uint32_t *
number_classes(struct rg_classifier *c, const struct train *train, const uint32_t *label,
               size_t n_labels)
{
    uint32_t *class = rg_alloc(n_labels, sizeof *class);

    for (size_t k = 0; k < n_labels; k++)
        class[k] = (uint32_t)RG_NAMES_NONE;
    for (size_t i = 0; i < train->n; i++) {
        assert(label[i] < n_labels);
        if (train->vector[i].n > 0)
            class[label[i]] = 0;
    }
    c->label = rg_alloc(n_labels, sizeof *c->label);
    for (uint32_t k = 0; k < n_labels; k++) {
        if (class[k] == (uint32_t)RG_NAMES_NONE)
            continue;
        class[k] = (uint32_t)c->n;
        c->label[c->n++] = k;
    }
    return class;
}

static void
add_up(struct rg_classifier *c, const struct train *train)
{
    c->sum = rg_zalloc(c->n, DIM * sizeof *c->sum);
    c->square = rg_zalloc(c->n, sizeof *c->square);
    c->cosine = rg_alloc(c->n, sizeof *c->cosine);
    for (size_t i = 0; i < train->n; i++) {
        const struct rg_sparse *v = &train->vector[i];

        for (size_t j = 0; j < v->n; j++)
            c->sum[train->class[i] * (size_t)DIM + v->at[j]] += v->weight[j];
    }
    for (size_t k = 0; k < c->n; k++)
        for (size_t j = 0; j < DIM; j++)
            c->square[k] += c->sum[k * DIM + j] * c->sum[k * DIM + j];
}

/* ---- the temperature ---- */

/* Cosines of text i with all centroids, its own without it. */
static void
held_out(const struct rg_classifier *c, const struct train *train, size_t i, double *out)
{
    for (size_t k = 0; k < c->n; k++) {
        double product = dot(c->sum + k * DIM, &train->vector[i]), square = c->square[k];

        if (k == train->class[i]) {
            square += 1 - 2 * product;
            product -= 1;
        }
        out[k] = cosine(product, square);
    }
}

struct slope {
    double first, second; /* derivatives of the negative log-likelihood by the sharpness */
};

static void
add_slope(struct slope *s, const double *x, size_t n, size_t right, double sharpness, double extra)
{
    double most = x[0], weight = 0, mean = 0, square = 0, target = 0;

    for (size_t k = 1; k < n; k++)
        most = fmax(most, x[k]);
    for (size_t k = 0; k < n; k++) {
        double w = exp(sharpness * (x[k] - most)), d = x[k] - most;

        weight += w;
        mean += w * d;
        square += w * d * d;
        target += d * (k == right ? 1 - (double)(n - 1) * extra : extra);
    }
    mean /= weight;
    s->first += mean - target;
    s->second += fmax(square / weight - mean * mean, 0);
}

/* The negative log-likelihood is convex in the sharpness: Newton's method, kept within bounds by
 * bisection. */
static double
fit_sharpness(const struct rg_classifier *c, const struct train *train)
{
    enum { STEPS = 60 };
    const double most = 1e4;
    double *x = rg_alloc(train->n, c->n * sizeof *x), lo = 0, hi = most, at = 10;
    size_t n = 0;

    for (size_t i = 0; i < train->n; i++) {
        if (train->vector[i].n == 0)
            continue;
        held_out(c, train, i, x + n * c->n);
        train->class[n++] = train->class[i];
    }
    for (int step = 0; step < STEPS && hi - lo > 1e-9 * hi; step++) {
        struct slope s = {0};
        double next;

        for (size_t i = 0; i < n; i++)
            add_slope(&s, x + i * c->n, c->n, train->class[i], at,
                      1 / (((double)n + 2) * ((double)c->n - 1)));
        if (s.first > 0)
            hi = at;
        else
            lo = at;
        next = s.second > 0 ? at - s.first / s.second : lo;
        /* A bound that Newton's method hits is as good as reached. */
        if (fabs(next - at) <= 1e-12 * at)
            break;
        at = next > lo && next < hi ? next : lo + (hi - lo) / 2;
    }
    free(x);
    return at;
}

/* ---- training ---- */

static void
train_clear(struct train *train)
{
    for (size_t i = 0; i < train->n; i++)
        rg_sparse_clear(&train->vector[i]);
    free(train->vector);
    free(train->class);
}

struct rg_classifier *
rg_classifier_of(const char *const *texts, const uint32_t *label, size_t n, size_t n_labels)
{
    struct rg_classifier *c = rg_zalloc(1, sizeof *c);
    struct train train = {.n = n};
    uint32_t *class;

    c->tfidf = rg_tfidf_of(DIM, texts, n);
    train.vector = rg_zalloc(n, sizeof *train.vector);
    train.class = rg_alloc(n, sizeof *train.class);
    for (size_t i = 0; i < n; i++)
        rg_tfidf_vector(c->tfidf, texts[i], &train.vector[i]);
    class = number_classes(c, &train, label, n_labels);
    for (size_t i = 0; i < n; i++)
        train.class[i] = class[label[i]];
    free(class);
    if (c->n >= 2) {
        add_up(c, &train);
        c->sharpness = fit_sharpness(c, &train);
    }
    train_clear(&train);
    if (c->n >= 2)
        return c;
    rg_classifier_free(c);
    return NULL;
}

void
rg_classifier_free(struct rg_classifier *c)
{
    if (!c)
        return;
    rg_tfidf_free(c->tfidf);
    rg_sparse_clear(&c->vector);
    free(c->label);
    free(c->sum);
    free(c->square);
    free(c->cosine);
    free(c);
}

enum rg_status
rg_classifier_train(struct rg_classifier **out, const struct rg_trace *t, const uint32_t *queries,
                    size_t n, struct rg_err *err)
{
    char **texts = rg_zalloc(n, sizeof *texts);
    uint32_t *label = rg_alloc(n, sizeof *label);
    enum rg_status status = RG_OK;
    size_t kept = 0;

    *out = NULL;
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        struct rg_buf text = {0};

        if (t->queries.category[queries[i]] == (uint32_t)RG_NAMES_NONE ||
            !t->queries.text[queries[i]])
            continue;
        status = rg_trace_text(t, t->queries.text[queries[i]], &text, err);
        label[kept] = t->queries.category[queries[i]];
        texts[kept++] = rg_buf_take(&text);
    }
    if (status == RG_OK) {
        *out = rg_classifier_of((const char *const *)texts, label, kept, t->n_categories);
        if (!*out)
            status = rg_err_set(err, RG_EINPUT,
                                "%s: the classifier has nothing to learn from: of %zu train "
                                "queries %zu have a text and a category, and these are of fewer "
                                "than two categories",
                                t->path, n, kept);
    }
    for (size_t i = 0; i < kept; i++)
        free(texts[i]);
    free(texts);
    free(label);
    return status;
}

/* ---- use ---- */

uint32_t
rg_classifier_label(struct rg_classifier *c, const char *text, double *confidence)
{
    double sum = 0;
    size_t best = 0;

    *confidence = NAN;
    rg_tfidf_vector(c->tfidf, text, &c->vector);
    if (c->vector.n == 0)
        return (uint32_t)RG_NAMES_NONE;
    for (size_t k = 0; k < c->n; k++) {
        c->cosine[k] = cosine(dot(c->sum + k * DIM, &c->vector), c->square[k]);
        if (c->cosine[k] > c->cosine[best])
            best = k;
    }
    for (size_t k = 0; k < c->n; k++)
        sum += exp(c->sharpness * (c->cosine[k] - c->cosine[best]));
    *confidence = 1 / sum;
    return c->label[best];
}

enum rg_status
rg_classifier_queries(struct rg_classifier *c, const struct rg_trace *t, uint32_t *label,
                      double *confidence, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    struct rg_buf text = {0};

    for (size_t q = 0; q < t->n_queries && status == RG_OK; q++) {
        rg_buf_reset(&text);
        if (t->queries.text[q])
            status = rg_trace_text(t, t->queries.text[q], &text, err);
        if (status == RG_OK)
            label[q] = rg_classifier_label(c, rg_buf_text(&text), &confidence[q]);
    }
    rg_buf_clear(&text);
    return status;
}

double
rg_classifier_sharpness(const struct rg_classifier *c)
{
    return c->sharpness;
}
