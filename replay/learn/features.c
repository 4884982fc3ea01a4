#include "replay/learn/features.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_randist.h>

#include "base/mem.h"
#include "base/rng.h"
#include "replay/features/tfidf.h"
#include "replay/learn/dense.h"
#include "traces/embeddings.h"

enum { SPARE = 8, POWER = 2, MOST_PLACES = 1 << 24 };

void
rg_vectors_clear(struct rg_vectors *v)
{
    for (size_t i = 0; v->sparse && i < v->n; i++)
        rg_sparse_clear(&v->sparse[i]);
    free(v->sparse);
    free(v->dense);
    free(v->task);
    *v = (struct rg_vectors){0};
}

/* ---- data sets ---- */

/* Numbers of data sets by their names, which l says as "task 0" and so on. */
static void
number_tasks(const struct rg_trace *t, const uint32_t *queries, size_t n, const uint32_t *number,
             uint32_t tasks, struct rg_vectors *out)
{
    out->task = rg_alloc(n, sizeof *out->task);
    out->tasks = tasks;
    for (size_t i = 0; i < n; i++)
        out->task[i] = number[t->queries.dataset[queries[i]]];
}

static void
fit_tasks(const struct rg_trace *t, const uint32_t *train, size_t n, struct rg_learnt *l,
          struct rg_vectors *out)
{
    uint32_t *number = rg_alloc(t->n_datasets, sizeof *number), tasks = 0;
    char key[32];

    for (size_t s = 0; s < t->n_datasets; s++)
        number[s] = UINT32_MAX;
    for (size_t i = 0; i < n; i++)
        number[t->queries.dataset[train[i]]] = 0;
    for (size_t s = 0; s < t->n_datasets; s++) {
        if (number[s] == UINT32_MAX)
            continue;
        number[s] = tasks;
        snprintf(key, sizeof key, "task %u", tasks++);
        rg_learnt_say(l, key, t->datasets[s]);
    }
    number_tasks(t, train, n, number, tasks, out);
    free(number);
}

static void
tasks_of(const struct rg_trace *t, const struct rg_learnt *l, const uint32_t *queries, size_t n,
         struct rg_vectors *out)
{
    uint32_t *number = rg_alloc(t->n_datasets, sizeof *number), tasks = 0;
    const char *name;
    char key[32];

    for (size_t s = 0; s < t->n_datasets; s++)
        number[s] = UINT32_MAX;
    for (;; tasks++) {
        snprintf(key, sizeof key, "task %u", tasks);
        name = rg_learnt_text(l, key);
        if (!name)
            break;
        for (size_t s = 0; s < t->n_datasets; s++)
            if (strcmp(t->datasets[s], name) == 0)
                number[s] = tasks;
    }
    for (size_t s = 0; s < t->n_datasets; s++)
        number[s] = number[s] < tasks ? number[s] : tasks;
    if (tasks > 0)
        number_tasks(t, queries, n, number, tasks, out);
    free(number);
}

/* ---- singular value decomposition ---- */

/* y (n x l) = rows times z (places x l). */
static void
rows_times(const struct rg_sparse *rows, size_t n, const double *z, size_t l, double *y)
{
    memset(y, 0, n * l * sizeof *y);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rows[i].n; k++)
            rg_dense_add(y + i * l, rows[i].weight[k], z + rows[i].at[k] * l, l);
}

/* z (places x l) = turned rows times y (n x l). */
static void
turned_times(const struct rg_sparse *rows, size_t n, const double *y, uint32_t places, size_t l,
             double *z)
{
    memset(z, 0, places * l * sizeof *z);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rows[i].n; k++)
            rg_dense_add(z + rows[i].at[k] * l, rows[i].weight[k], y + i * l, l);
}

static void
turn(const double *x, size_t n, size_t m, double *out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++)
            out[j * n + i] = x[i * m + j];
}

/* Makes the columns of x (n x l) orthonormal; those that depend on others become zero. Twice is
 * enough for rounding. */
static void
orthonormalise(double *x, size_t n, size_t l)
{
    double *c = rg_alloc(n * l, sizeof *c);

    turn(x, n, l, c);
    for (size_t j = 0; j < l; j++) {
        double *v = c + j * n, before = sqrt(rg_dense_dot(v, v, n)), after;

        for (int twice = 0; twice < 2; twice++)
            for (size_t i = 0; i < j; i++)
                rg_dense_add(v, -rg_dense_dot(v, c + i * n, n), c + i * n, n);
        after = sqrt(rg_dense_dot(v, v, n));
        for (size_t i = 0; i < n; i++)
            v[i] = after > 1e-10 * before && after > 0 ? v[i] / after : 0;
    }
    turn(c, l, n, x);
    free(c);
}

/* basis = z times the eigenvectors of z'z, scaled to length 1, by falling eigenvalue. */
static void
singular_vectors(const double *z, uint32_t places, size_t l, uint32_t k, double *basis)
{
    gsl_matrix *gram = gsl_matrix_alloc(l, l), *vectors = gsl_matrix_alloc(l, l);
    gsl_vector *values = gsl_vector_alloc(l);
    gsl_eigen_symmv_workspace *w = gsl_eigen_symmv_alloc(l);
    double *sum = rg_alloc(l * l, sizeof *sum);

    rg_dense_gram(z, NULL, places, l, sum);
    for (size_t i = 0; i < l * l; i++)
        gsl_matrix_set(gram, i / l, i % l, sum[i]);
    gsl_eigen_symmv(gram, values, vectors, w);
    gsl_eigen_symmv_sort(values, vectors, GSL_EIGEN_SORT_VAL_DESC);
    for (size_t c = 0; c < k; c++) {
        double value = gsl_vector_get(values, c), top = 0;

        if (!(value > 1e-12 * gsl_vector_get(values, 0)) || !(value > 0))
            continue;
        for (size_t p = 0; p < places; p++) {
            double x = 0;

            for (size_t j = 0; j < l; j++)
                x += z[p * l + j] * gsl_matrix_get(vectors, j, c);
            basis[p * k + c] = x / sqrt(value);
            top = fabs(basis[p * k + c]) > fabs(top) ? basis[p * k + c] : top;
        }
        for (size_t p = 0; p < places && top < 0; p++)
            basis[p * k + c] = -basis[p * k + c];
    }
    gsl_eigen_symmv_free(w);
    gsl_matrix_free(gram);
    gsl_matrix_free(vectors);
    gsl_vector_free(values);
    free(sum);
}

void
rg_features_svd(const struct rg_sparse *rows, size_t n, uint32_t places, uint32_t k, uint64_t seed,
                double *basis)
{
    size_t l = k + SPARE < places ? k + SPARE : places;
    double *y = rg_alloc(n * l, sizeof *y), *z = rg_alloc(places * l, sizeof *z);
    gsl_rng *rng = rg_rng_new(seed, 0, RG_PURPOSE_LEARNING);

    memset(basis, 0, (size_t)places * k * sizeof *basis);
    for (size_t i = 0; i < places * l; i++)
        z[i] = gsl_ran_gaussian_ziggurat(rng, 1);
    for (int round = 0; round <= POWER; round++) {
        rows_times(rows, n, z, l, y);
        orthonormalise(y, n, l);
        turned_times(rows, n, y, places, l, z);
        if (round < POWER)
            orthonormalise(z, places, l);
    }
    singular_vectors(z, places, l, k < l ? k : (uint32_t)l, basis);
    gsl_rng_free(rng);
    free(y);
    free(z);
}

/* ---- texts ---- */

static enum rg_status
read_text(const struct rg_trace *t, uint32_t q, struct rg_buf *text, struct rg_err *err)
{
    rg_buf_reset(text);
    return t->queries.text[q] ? rg_trace_text(t, t->queries.text[q], text, err) : RG_OK;
}

static enum rg_status
fit_texts(const struct rg_trace *t, const uint32_t *queries, size_t n, struct rg_tfidf *m,
          struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status status = RG_OK;
    size_t bytes = 0;

    for (size_t i = 0; i < n && status == RG_OK; i++) {
        status = read_text(t, queries[i], &text, err);
        bytes += text.len;
        rg_tfidf_add(m, rg_buf_text(&text));
    }
    rg_buf_clear(&text);
    rg_tfidf_fit(m);
    if (status == RG_OK && bytes == 0)
        status = rg_err_set(err, RG_EINPUT,
                            "%s: no embeddings and no texts of queries were recorded: there is "
                            "nothing that a router could learn from",
                            t->path);
    return status;
}

static enum rg_status
sparse_vectors(const struct rg_trace *t, const uint32_t *queries, size_t n,
               const struct rg_tfidf *m, struct rg_vectors *out, struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status status = RG_OK;

    out->n = n;
    out->sparse = rg_zalloc(n, sizeof *out->sparse);
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        status = read_text(t, queries[i], &text, err);
        if (status == RG_OK)
            rg_tfidf_vector(m, rg_buf_text(&text), &out->sparse[i]);
    }
    rg_buf_clear(&text);
    return status;
}

/* Sparse vectors written out, or their products with a basis (places x d). */
static void
make_dense(struct rg_vectors *v, const double *basis, size_t d)
{
    v->d = d;
    v->dense = rg_zalloc(v->n * d, sizeof *v->dense);
    for (size_t i = 0; i < v->n; i++) {
        struct rg_sparse *s = &v->sparse[i];
        double *x = v->dense + i * d;

        for (size_t k = 0; k < s->n; k++)
            if (basis)
                rg_dense_add(x, s->weight[k], basis + s->at[k] * d, d);
            else
                x[s->at[k]] = s->weight[k];
        if (basis)
            rg_dense_normalise(x, d);
        rg_sparse_clear(s);
    }
    free(v->sparse);
    v->sparse = NULL;
}

static enum rg_status
texts_fit(const struct rg_trace *t, const struct rg_features_options *o, const uint32_t *train,
          size_t n, struct rg_learnt *l, struct rg_vectors *out, struct rg_err *err)
{
    bool svd = strcmp(o->kind, "svd") == 0;
    uint32_t narrow = svd || o->sparse ? RG_TFIDF_WIDE : RG_TFIDF_NARROW;
    uint32_t places = o->places ? o->places : narrow;
    struct rg_tfidf *m = rg_tfidf_new(places);
    enum rg_status status = fit_texts(t, train, n, m, err);
    double *idf = rg_learnt_add(l, "idf", 1, places), *basis = NULL;

    rg_learnt_say(l, "features", svd ? "svd" : o->sparse ? "sparse" : "tfidf");
    for (uint32_t i = 0; i < places && status == RG_OK; i++)
        idf[i] = rg_tfidf_idf(m, i);
    if (status == RG_OK)
        status = sparse_vectors(t, train, n, m, out, err);
    out->places = places;
    if (status == RG_OK && svd) {
        basis = rg_learnt_add(l, "basis", places, o->dims);
        rg_features_svd(out->sparse, n, places, o->dims, o->seed, basis);
    }
    if (status == RG_OK && (svd || !o->sparse))
        make_dense(out, basis, svd ? o->dims : places);
    rg_tfidf_free(m);
    return status;
}

static enum rg_status
texts_of(const struct rg_trace *t, const struct rg_learnt *l, const char *kind,
         const uint32_t *queries, size_t n, struct rg_vectors *out, struct rg_err *err)
{
    const struct rg_learnt_array *idf = rg_learnt_find(l, "idf");
    const struct rg_learnt_array *basis = rg_learnt_find(l, "basis");
    bool svd = strcmp(kind, "svd") == 0;
    struct rg_tfidf *m;
    enum rg_status status;

    if (!idf || idf->rows != 1 || idf->columns < 2 || idf->columns > MOST_PLACES ||
        (idf->columns & (idf->columns - 1)) != 0 ||
        (svd && (!basis || basis->rows != idf->columns || basis->columns == 0)))
        return rg_err_set(err, RG_EINPUT, "saved model: its features '%.40s' are not whole", kind);
    m = rg_tfidf_restore((uint32_t)idf->columns, idf->x);
    status = sparse_vectors(t, queries, n, m, out, err);
    out->places = (uint32_t)idf->columns;
    if (status == RG_OK && strcmp(kind, "sparse") != 0)
        make_dense(out, svd ? basis->x : NULL, svd ? basis->columns : idf->columns);
    rg_tfidf_free(m);
    return status;
}

/* ---- embeddings ---- */

static enum rg_status
take_embeddings(const struct rg_trace *t, const struct rg_embeddings *e, const uint32_t *queries,
                size_t n, struct rg_vectors *out, struct rg_err *err)
{
    out->n = n;
    out->d = e->dim;
    out->dense = rg_alloc(n * e->dim, sizeof *out->dense);
    for (size_t i = 0; i < n; i++) {
        uint32_t q = queries[i];

        if (!e->has[q])
            return rg_err_set(err, RG_EINPUT,
                              "%s: query '%.100s' of data set '%.100s' has no embedding in space "
                              "'%.60s'",
                              t->path, t->queries.id[q], t->datasets[t->queries.dataset[q]],
                              e->space);
        for (size_t k = 0; k < e->dim; k++)
            out->dense[i * e->dim + k] = e->values[q * e->dim + k];
        rg_dense_normalise(out->dense + i * e->dim, e->dim);
    }
    return RG_OK;
}

static enum rg_status
vectors_fit(const struct rg_trace *t, const struct rg_features_options *o, const uint32_t *train,
            size_t n, struct rg_learnt *l, struct rg_vectors *out, struct rg_err *err)
{
    bool is_auto = strcmp(o->kind, "auto") == 0;
    struct rg_embeddings e = {0};
    struct rg_features_options text = *o;
    enum rg_status status;

    *out = (struct rg_vectors){0};
    text.kind = is_auto ? "tfidf" : o->kind;
    if (strcmp(o->kind, "tfidf") == 0 || strcmp(o->kind, "svd") == 0)
        return texts_fit(t, o, train, n, l, out, err);
    status = rg_embeddings_queries(&e, t, is_auto ? NULL : o->kind, err);
    if (status == RG_OK && e.n_has == 0)
        status = is_auto ? texts_fit(t, &text, train, n, l, out, err)
                         : rg_err_set(err, RG_EUSAGE,
                                      "%s: no embeddings in space '%.60s' were recorded (expected "
                                      "auto, tfidf, svd or the name of a space)",
                                      t->path, o->kind);
    else if (status == RG_OK) {
        rg_learnt_say(l, "features", "embedding");
        rg_learnt_say(l, "space", e.space);
        rg_learnt_set(l, "dim", e.dim);
        status = take_embeddings(t, &e, train, n, out, err);
    }
    rg_embeddings_clear(&e);
    return status;
}

enum rg_status
rg_features_fit(const struct rg_trace *t, const struct rg_features_options *o,
                const uint32_t *train, size_t n, struct rg_learnt *l, struct rg_vectors *out,
                struct rg_err *err)
{
    enum rg_status status = vectors_fit(t, o, train, n, l, out, err);

    if (status == RG_OK && o->tasks)
        fit_tasks(t, train, n, l, out);
    return status;
}

static enum rg_status
vectors_of(const struct rg_trace *t, const struct rg_learnt *l, const uint32_t *queries, size_t n,
           struct rg_vectors *out, struct rg_err *err)
{
    const char *kind = rg_learnt_text(l, "features"), *space = rg_learnt_text(l, "space");
    const struct rg_learnt_array *dim = rg_learnt_find(l, "dim");
    struct rg_embeddings e = {0};
    enum rg_status status;

    *out = (struct rg_vectors){0};
    if (kind &&
        (strcmp(kind, "sparse") == 0 || strcmp(kind, "tfidf") == 0 || strcmp(kind, "svd") == 0))
        return texts_of(t, l, kind, queries, n, out, err);
    if (!kind || strcmp(kind, "embedding") != 0 || !space || !dim || dim->rows * dim->columns != 1)
        return rg_err_set(err, RG_EINPUT, "saved model: unknown features '%.40s'",
                          kind ? kind : "none");
    status = rg_embeddings_queries(&e, t, space, err);
    if (status == RG_OK && (e.n_has == 0 || (double)e.dim < *dim->x || (double)e.dim > *dim->x))
        status = rg_err_set(err, RG_EINPUT,
                            "%s: the saved model wants embeddings of %g numbers in space '%.60s' "
                            "(found %u)",
                            t->path, *dim->x, space, e.n_has ? e.dim : 0);
    if (status == RG_OK)
        status = take_embeddings(t, &e, queries, n, out, err);
    rg_embeddings_clear(&e);
    return status;
}

enum rg_status
rg_features_of(const struct rg_trace *t, const struct rg_learnt *l, const uint32_t *queries,
               size_t n, struct rg_vectors *out, struct rg_err *err)
{
    enum rg_status status = vectors_of(t, l, queries, n, out, err);

    if (status == RG_OK)
        tasks_of(t, l, queries, n, out);
    return status;
}
