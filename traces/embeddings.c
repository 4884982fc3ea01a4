#include "traces/embeddings.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "traces/trace_private.h"

void
rg_embeddings_clear(struct rg_embeddings *e)
{
    free(e->space);
    free(e->values);
    free(e->has);
    *e = (struct rg_embeddings){0};
}

/* Row i, of n numbers; the first row that comes gives the length of all. */
static enum rg_status
add_row(struct rg_embeddings *e, size_t i, size_t n, const char *source, const char *id,
        struct rg_err *err)
{
    if (e->n_has == 0) {
        e->dim = (uint32_t)n;
        e->values = rg_zalloc(e->n * n, sizeof *e->values);
        e->has = rg_zalloc(e->n, sizeof *e->has);
    } else if (n != e->dim) {
        return rg_err_set(err, RG_EINPUT,
                          "%s: embedding of '%.80s' in space '%.80s' has another length than those "
                          "before (found %zu, expected %" PRIu32 ")",
                          source, id, e->space, n, e->dim);
    }
    e->n_has += !e->has[i];
    e->has[i] = true;
    return RG_OK;
}

/* ---- queries ---- */

/* The names of all spaces. */
static enum rg_status
list_spaces(struct rg_store *s, struct rg_names *names, struct rg_err *err)
{
    struct rg_embedding_row row;
    struct rg_rows rows;
    enum rg_status status = rg_rows_open(&rows, s, RG_ROWS_EMBEDDINGS, err);

    while (status == RG_OK && rg_rows_embedding(&rows, &row))
        rg_names_add(names, row.space, strlen(row.space), NULL);
    return rg_rows_close(&rows);
}

static enum rg_status
choose_space(struct rg_embeddings *out, const struct rg_trace *t, const char *space,
             struct rg_err *err)
{
    struct rg_names *names = rg_names_new();
    enum rg_status status = list_spaces(t->priv->store, names, err);
    size_t n = rg_names_count(names);
    struct rg_buf list = {0};

    if (status == RG_OK && space) {
        if (rg_names_find(names, space, strlen(space)) != RG_NAMES_NONE)
            out->space = rg_strdup(space);
    } else if (status == RG_OK && n == 1) {
        out->space = rg_strdup(rg_names_at(names, 0));
    } else if (status == RG_OK && n > 1) {
        for (size_t i = 0; i < n; i++)
            rg_buf_printf(&list, "%s%s", i > 0 ? ", " : "", rg_names_at(names, (uint32_t)i));
        status = rg_err_set(err, RG_EUSAGE, "%s: several spaces of embeddings, name one of: %s",
                            t->path, rg_buf_text(&list));
    }
    rg_buf_clear(&list);
    rg_names_free(names);
    return status;
}

enum rg_status
rg_embeddings_queries(struct rg_embeddings *out, const struct rg_trace *t, const char *space,
                      struct rg_err *err)
{
    struct rg_embedding_row row;
    struct rg_rows rows;
    enum rg_status status, end;

    *out = (struct rg_embeddings){.n = t->n_queries};
    status = choose_space(out, t, space, err);
    if (status != RG_OK || !out->space)
        return status;
    status = rg_rows_open(&rows, t->priv->store, RG_ROWS_EMBEDDINGS, err);
    while (status == RG_OK && rg_rows_embedding(&rows, &row)) {
        uint32_t q = t->priv->query_at[row.query];

        if (strcmp(row.space, out->space) != 0)
            continue;
        status = add_row(out, q, row.n, t->path, t->queries.id[q], err);
        if (status == RG_OK)
            rg_floats_get(out->values + (size_t)q * out->dim, row.data, row.n);
    }
    end = rg_rows_close(&rows);
    return status != RG_OK ? status : end;
}

/* ---- articles ---- */

static enum rg_status
read_values(struct rg_embeddings *e, const struct rg_kb *kb, size_t i, const cJSON *values,
            struct rg_err *err)
{
    size_t n = 0;
    const cJSON *x;
    enum rg_status status;
    float *row;

    cJSON_ArrayForEach(x, values) n++;
    if (n == 0 || n > RG_STORE_DIMENSIONS_MAX || !cJSON_IsArray(values))
        return rg_err_set(err, RG_EINPUT,
                          "%s: embedding of article '%.80s' is no array of 1 to %d numbers",
                          kb->source, kb->id[i], RG_STORE_DIMENSIONS_MAX);
    status = add_row(e, i, n, kb->source, kb->id[i], err);
    if (status != RG_OK)
        return status;
    row = e->values + i * e->dim;
    cJSON_ArrayForEach(x, values)
    {
        *row = (float)x->valuedouble;
        if ((!cJSON_IsNumber(x) && !cJSON_IsRaw(x)) || !isfinite(*row))
            return rg_err_set(err, RG_EINPUT,
                              "%s: embedding of article '%.80s': value %td is no number that a "
                              "float can hold",
                              kb->source, kb->id[i], row - (e->values + i * e->dim) + 1);
        row++;
    }
    return RG_OK;
}

static enum rg_status
read_article(struct rg_embeddings *e, const struct rg_kb *kb, size_t i, struct rg_err *err)
{
    struct rg_json doc = {0};
    const char *attrs = kb->attrs[i];
    const cJSON *spaces, *values;
    enum rg_status status;

    if (!attrs)
        return RG_OK;
    status = rg_json_parse(&doc, attrs, strlen(attrs), kb->source, 1, 0, err);
    if (status != RG_OK)
        return status;
    spaces =
        cJSON_IsObject(doc.root) ? cJSON_GetObjectItemCaseSensitive(doc.root, "embedding") : NULL;
    values = cJSON_IsObject(spaces) ? cJSON_GetObjectItemCaseSensitive(spaces, e->space) : NULL;
    if (spaces && !cJSON_IsObject(spaces))
        status = rg_err_set(err, RG_EINPUT,
                            "%s: attribute 'embedding' of article '%.80s' is no object with an "
                            "array for each space (found %s)",
                            kb->source, kb->id[i], rg_json_kind(spaces));
    else if (values)
        status = read_values(e, kb, i, values, err);
    rg_json_clear(&doc);
    return status;
}

enum rg_status
rg_embeddings_kb(struct rg_embeddings *out, const struct rg_kb *kb, const char *space,
                 struct rg_err *err)
{
    enum rg_status status = RG_OK;

    *out = (struct rg_embeddings){.n = kb->n, .space = rg_strdup(space)};
    for (size_t i = 0; status == RG_OK && i < kb->n; i++)
        status = read_article(out, kb, i, err);
    return status;
}
