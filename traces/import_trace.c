/* A trace file as input of another: its records are put one by one, so that they can be joined with
 * others, such as the articles of a folder. */
#include <string.h>

#include "traces/importers.h"
#include "traces/native.h"
#include "traces/store.h"

struct copy {
    struct rg_import *im;
    struct rg_place place;
};

static const char *
dataset(const struct copy *c, const char *own)
{
    return c->im->options->dataset ? c->im->options->dataset : own;
}

/* Count a record that was put, or reject it. */
static enum rg_status
settle(const struct copy *c, enum rg_status status, enum rg_put what, struct rg_err *err)
{
    if (status != RG_OK)
        return rg_import_reject(c->im, "bad record", err);
    rg_import_count(c->im, what, &c->place);
    return RG_OK;
}

static enum rg_status
put_meta(void *ctx, const char *key, const char *value, struct rg_err *err)
{
    const struct copy *c = ctx;

    if (rg_native_reserved(key) && strcmp(key, "synthetic") != 0)
        return RG_OK;
    return rg_store_put_meta(c->im->store, key, value, err);
}

static enum rg_status
put_model(void *ctx, const struct rg_model_rec *rec, struct rg_err *err)
{
    const struct copy *c = ctx;
    enum rg_put what;
    enum rg_status status = rg_import_put_model(c->im, rec, &what, &c->place, err);

    return settle(c, status, what, err);
}

static enum rg_status
put_query(void *ctx, const struct rg_query_rec *rec, struct rg_err *err)
{
    const struct copy *c = ctx;
    struct rg_query_rec own = *rec;
    enum rg_status status;
    enum rg_put what;

    own.dataset = dataset(c, rec->dataset);
    status = rg_import_put_query(c->im, &own, &what, &c->place, err);
    return settle(c, status, what, err);
}

static enum rg_status
put_kb(void *ctx, const struct rg_kb_rec *rec, struct rg_err *err)
{
    const struct copy *c = ctx;
    enum rg_put what;
    enum rg_status status = rg_import_put_kb(c->im, rec, &what, &c->place, err);

    return settle(c, status, what, err);
}

static enum rg_status
put_embedding(void *ctx, const struct rg_embedding_rec *rec, struct rg_err *err)
{
    const struct copy *c = ctx;
    struct rg_embedding_rec own = *rec;
    enum rg_status status;
    enum rg_put what;

    own.dataset = dataset(c, rec->dataset);
    status = rg_import_put_embedding(c->im, &own, &what, &c->place, err);
    return settle(c, status, what, err);
}

static enum rg_status
put_arrival(void *ctx, const struct rg_arrival_rec *rec, struct rg_err *err)
{
    const struct copy *c = ctx;
    struct rg_arrival_rec own = *rec;

    if (rec->query)
        own.dataset = dataset(c, rec->dataset);
    return settle(c, rg_import_put_arrival(c->im, &own, &c->place, err), RG_PUT_NEW, err);
}

static enum rg_status
put_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    const struct copy *c = ctx;
    struct rg_call_rec own = *rec;

    own.dataset = dataset(c, rec->dataset);
    return rg_import_call(c->im, &own, &c->place, err);
}

static enum rg_status
put_run(void *ctx, const struct rg_run_rec *rec, struct rg_err *err)
{
    const struct copy *c = ctx;
    struct rg_run_rec own = *rec;

    own.dataset = dataset(c, rec->dataset);
    return rg_import_run_rec(c->im, &own, &c->place, err);
}

enum rg_status
rg_import_trace_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct copy c = {.im = im, .place = {.file = path}};
    const struct rg_visitor v = {
        .ctx = &c,
        .meta = put_meta,
        .model = put_model,
        .query = put_query,
        .kb = put_kb,
        .embedding = put_embedding,
        .arrival = put_arrival,
        .call = put_call,
        .run = put_run,
        .texts = true,
    };
    struct rg_store *store;
    enum rg_status status = rg_store_open(&store, path, err);

    if (status != RG_OK)
        return status;
    status = rg_store_walk(store, &v, err);
    rg_store_close(store);
    return status;
}

bool
rg_import_trace_detect(const struct rg_import_head *head)
{
    static const char magic[] = "SQLite format 3"; /* its NUL included */

    return head->len >= sizeof magic && memcmp(head->data, magic, sizeof magic) == 0;
}
