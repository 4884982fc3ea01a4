/* Putting what an importer has read into the store: at its place, counted, or rejected. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "traces/import.h"

/* The store knows no places: give its complaint about a record one. */
static enum rg_status
at_place(const struct rg_place *place, struct rg_err *err)
{
    struct rg_err bare = *err;

    if (!place || err->status != RG_EINPUT)
        return err->status;
    return rg_err_at(err, *place, "%s", bare.text);
}

enum rg_status
rg_import_call(struct rg_import *im, const struct rg_call_rec *rec, const struct rg_place *place,
               struct rg_err *err)
{
    struct rg_call_rec copy = *rec;
    enum rg_put what;
    enum rg_status status;

    if (im->options->no_text)
        copy.text = copy.prompt = NULL;
    status = rg_store_put_call(im->store, &copy, &what, err);
    if (status != RG_OK) {
        at_place(place, err);
        return rg_import_reject(im, "value out of range", err);
    }
    if (what == RG_PUT_DUPLICATE) {
        rg_err_set(err, RG_EINPUT,
                   "another call of model '%.80s' on query '%.80s' with the same variant and "
                   "sample %" PRIu32 " was read before, with other content",
                   rec->model, rec->query, rec->sample);
        at_place(place, err);
        return rg_import_reject(im, "key taken by another record", err);
    }
    rg_import_count(im, what, place);
    im->report->calls += what == RG_PUT_NEW;
    return RG_OK;
}

enum rg_status
rg_import_run_rec(struct rg_import *im, const struct rg_run_rec *rec, const struct rg_place *place,
                  struct rg_err *err)
{
    struct rg_run_rec copy = *rec;
    enum rg_put what;
    enum rg_status status;

    if (im->options->no_text)
        copy.text = copy.prompt = NULL;
    status = rg_store_put_run(im->store, &copy, &what, err);
    if (status != RG_OK) {
        at_place(place, err);
        return rg_import_reject(im, "value out of range", err);
    }
    if (what == RG_PUT_DUPLICATE) {
        rg_err_set(err, RG_EINPUT,
                   "another run of '%.80s' on query '%.80s' with sample %" PRIu32
                   " was read before, with other content",
                   rec->config, rec->query, rec->sample);
        at_place(place, err);
        return rg_import_reject(im, "key taken by another record", err);
    }
    rg_import_count(im, what, place);
    im->report->runs += what == RG_PUT_NEW;
    return RG_OK;
}

/* For records that are no calls or runs: what the put has given, as a status with a place. */
static enum rg_status
settle(enum rg_status status, enum rg_put what, const char *kind, const char *name,
       const struct rg_place *place, struct rg_err *err)
{
    if (status == RG_OK && what == RG_PUT_DUPLICATE)
        status = rg_err_set(err, RG_EINPUT, "%s '%.80s' was read before, with other content", kind,
                            name);
    return status == RG_OK ? RG_OK : at_place(place, err);
}

enum rg_status
rg_import_put_model(struct rg_import *im, const struct rg_model_rec *rec, enum rg_put *what,
                    const struct rg_place *place, struct rg_err *err)
{
    enum rg_status status;

    *what = RG_PUT_NEW;
    status = rg_store_put_model(im->store, rec, what, err);
    return settle(status, *what, "model", rec->name, place, err);
}

enum rg_status
rg_import_put_query(struct rg_import *im, const struct rg_query_rec *rec, enum rg_put *what,
                    const struct rg_place *place, struct rg_err *err)
{
    enum rg_status status;

    *what = RG_PUT_NEW;
    status = rg_store_put_query(im->store, rec, what, err);
    return settle(status, *what, "query", rec->id, place, err);
}

enum rg_status
rg_import_put_kb(struct rg_import *im, const struct rg_kb_rec *rec, enum rg_put *what,
                 const struct rg_place *place, struct rg_err *err)
{
    enum rg_status status;

    *what = RG_PUT_NEW;
    status = rg_store_put_kb(im->store, rec, what, err);
    return settle(status, *what, "article", rec->id, place, err);
}

enum rg_status
rg_import_put_embedding(struct rg_import *im, const struct rg_embedding_rec *rec, enum rg_put *what,
                        const struct rg_place *place, struct rg_err *err)
{
    enum rg_status status;

    *what = RG_PUT_NEW;
    status = rg_store_put_embedding(im->store, rec, what, err);
    return settle(status, *what, "embedding of query", rec->query, place, err);
}

enum rg_status
rg_import_put_arrival(struct rg_import *im, const struct rg_arrival_rec *rec,
                      const struct rg_place *place, struct rg_err *err)
{
    enum rg_status status = rg_store_put_arrival(im->store, rec, err);

    return status == RG_OK ? RG_OK : at_place(place, err);
}

enum rg_status
rg_import_put_request(struct rg_import *im, struct rg_arrival_rec *rec,
                      const struct rg_place *place, struct rg_err *err)
{
    struct rg_query_rec query = {.dataset = "arrivals"};
    struct rg_call_rec call = rg_call_rec_empty();
    enum rg_status status;
    enum rg_put what;
    char id[32];

    if (rec->prompt_tokens < 0 || rec->completion_tokens < 0)
        return rg_import_put_arrival(im, rec, place, err);
    if (im->options->dataset)
        query.dataset = im->options->dataset;
    snprintf(id, sizeof id, "%" PRIu64, im->report->read + 1);
    query.id = id;
    call.dataset = query.dataset;
    call.query = id;
    call.model = "recorded";
    call.prompt_tokens = rec->prompt_tokens;
    call.completion_tokens = rec->completion_tokens;
    rec->dataset = query.dataset;
    rec->query = id;
    status = rg_store_put_query(im->store, &query, &what, err);
    if (status == RG_OK)
        status = rg_store_put_call(im->store, &call, &what, err);
    if (status == RG_OK)
        status = rg_store_put_arrival(im->store, rec, err);
    rec->query = NULL;
    return status == RG_OK ? RG_OK : at_place(place, err);
}

enum rg_status
rg_import_model(struct rg_import *im, const struct rg_model_rec *rec, const struct rg_place *place,
                struct rg_err *err)
{
    enum rg_put what;

    return rg_import_put_model(im, rec, &what, place, err);
}

enum rg_status
rg_import_query(struct rg_import *im, const struct rg_query_rec *rec, const struct rg_place *place,
                struct rg_err *err)
{
    enum rg_put what;

    return rg_import_put_query(im, rec, &what, place, err);
}
