#include "traces/check_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/sum.h"
#include "traces/import.h"
#include "traces/store.h"

const struct rg_problem_kind rg_problems[RG_N_PROBLEMS] = {
    [RG_PROBLEM_DIGEST] = {"T01", RG_SEVERITY_ERROR, "content differs from its stored digest"},
    [RG_PROBLEM_DATABASE] = {"T02", RG_SEVERITY_ERROR, "the database's own check finds damage"},
    [RG_PROBLEM_ATTRS] = {"T03", RG_SEVERITY_ERROR, "attributes are no JSON object"},
    [RG_PROBLEM_PLACEHOLDER] = {"T04", RG_SEVERITY_ERROR,
                                "a client's placeholder stands for an answer"},
    [RG_PROBLEM_PRICE] = {"T05", RG_SEVERITY_ERROR, "cost differs from tokens times prices"},
    [RG_PROBLEM_CHAIN] = {"T06", RG_SEVERITY_ERROR, "recorded run names a model without calls"},
    [RG_PROBLEM_FAILED_SCORE] = {"T07", RG_SEVERITY_ERROR, "failed call has a score above 0"},
    [RG_PROBLEM_NO_CALLS] = {"T08", RG_SEVERITY_WARNING, "no calls to replay"},
    [RG_PROBLEM_TIER] = {"T09", RG_SEVERITY_WARNING, "model of unknown tier"},
    [RG_PROBLEM_NO_PRICE] = {"T10", RG_SEVERITY_WARNING, "model without prices"},
    [RG_PROBLEM_GRID] = {"T11", RG_SEVERITY_WARNING, "query without a call of a model and variant"},
    [RG_PROBLEM_SAMPLES] = {"T12", RG_SEVERITY_WARNING, "fewer samples than on other queries"},
    [RG_PROBLEM_NO_LATENCY] = {"T13", RG_SEVERITY_WARNING, "call without latency"},
    [RG_PROBLEM_NO_COST] = {"T14", RG_SEVERITY_WARNING, "call without cost"},
    [RG_PROBLEM_NO_SCORE] = {"T15", RG_SEVERITY_WARNING, "answer without score"},
    [RG_PROBLEM_NO_TEXT] = {"T16", RG_SEVERITY_WARNING, "answer without text"},
    [RG_PROBLEM_SCORE_RANGE] = {"T17", RG_SEVERITY_WARNING, "score outside 0 to 1"},
    [RG_PROBLEM_LATENCY_RANGE] = {"T18", RG_SEVERITY_WARNING,
                                  "latency of an answer is 0 or above an hour"},
    [RG_PROBLEM_LATENCY_EQUAL] = {"T19", RG_SEVERITY_WARNING, "all latencies of a model are equal"},
    [RG_PROBLEM_DRIFT] = {"T20", RG_SEVERITY_WARNING, "latency drifts over the recording"},
    [RG_PROBLEM_FEW_TOKENS] = {"T21", RG_SEVERITY_WARNING,
                               "at most one completion token for a longer answer"},
    [RG_PROBLEM_TOTAL_TOKENS] = {"T22", RG_SEVERITY_WARNING,
                                 "total tokens differ from prompt plus completion"},
    [RG_PROBLEM_QUERY_TEXT] = {"T23", RG_SEVERITY_WARNING, "query without text"},
    [RG_PROBLEM_QUERY_CATEGORY] = {"T24", RG_SEVERITY_WARNING, "query without category"},
    [RG_PROBLEM_QUERY_TWICE] = {"T25", RG_SEVERITY_WARNING,
                                "query with the text of another of its dataset"},
    [RG_PROBLEM_QUERY_UNUSED] = {"T26", RG_SEVERITY_WARNING, "query without any call"},
};

enum {
    CELLS_MAX = 50000000, /* of model x variant x dataset */
    LONG_ANSWER = 20,     /* bytes that are surely more than one token */
};

static const double hour_ms = 3600e3;
static const double cost_tolerance = 1e-9;

bool
rg_check_is_answer(enum rg_call_status status)
{
    return status == RG_CALL_OK || status == RG_CALL_INVALID;
}

const char *
rg_severity_name(enum rg_severity severity)
{
    return severity == RG_SEVERITY_ERROR ? "error" : "warning";
}

/* ---- finding ---- */

/* Count a problem; the first one's place is kept. */
void
rg_check_found(struct rg_check *check, enum rg_problem_id id, const char *fmt, ...)
{
    struct rg_buf buf = {0};
    va_list ap;

    if (check->problems[id].count++ > 0)
        return;
    check->n_problems++;
    if (!*fmt)
        return;
    va_start(ap, fmt);
    rg_buf_vprintf(&buf, fmt, ap);
    va_end(ap);
    check->problems[id].first = rg_buf_take(&buf);
}

/* "model 'm' on query 'q' (memory, contract, sample n)" */
static void
found_call(struct rg_check *check, enum rg_problem_id id, const struct rg_call_rec *rec)
{
    static const char *const contract[] = {"", ", no contract", ", contract"};

    rg_check_found(check, id, "model '%s' on query '%s' (%s%s, sample %" PRIu32 ")", rec->model,
                   rec->query, rec->memory, contract[rec->contract + 1], rec->sample);
}

/* ---- means ---- */

static struct rg_check_mean
mean(const struct rg_sum *sum, uint64_t n)
{
    return (struct rg_check_mean){n > 0 ? rg_sum_value(sum) / (double)n : NAN, n};
}

struct sums {
    struct rg_sum cost, latency, score;
    uint64_t n_cost, n_latency, n_score;
};

static void
add(struct rg_sum *sum, uint64_t *n, double x)
{
    if (isnan(x))
        return;
    rg_sum_add(sum, x);
    (*n)++;
}

static void
finish_group(struct rg_check_group *group, const struct sums *sums)
{
    group->cost_usd = mean(&sums->cost, sums->n_cost);
    group->latency_ms = mean(&sums->latency, sums->n_latency);
    group->score = mean(&sums->score, sums->n_score);
}

static void
count_calls(struct rg_check_work *w)
{
    const struct rg_trace *t = w->t;
    const struct rg_trace_calls *c = &t->calls;
    struct sums *sums = rg_zalloc(t->n_models, sizeof *sums);

    for (size_t i = 0; i < t->n_calls; i++) {
        struct rg_check_group *group = &w->out->models[c->model[i]];
        struct sums *s = &sums[c->model[i]];

        group->calls++;
        group->status[c->status[i]]++;
        add(&s->cost, &s->n_cost, c->cost_usd[i]);
        add(&s->latency, &s->n_latency, c->latency_ms[i]);
        add(&s->score, &s->n_score, c->score[i]);
        w->out->variants[c->variant[i]]++;
        w->out->datasets[t->queries.dataset[c->query[i]]].calls++;
    }
    for (size_t m = 0; m < t->n_models; m++)
        finish_group(&w->out->models[m], &sums[m]);
    free(sums);
}

static void
count_runs(struct rg_check_work *w)
{
    const struct rg_trace *t = w->t;
    const struct rg_trace_runs *r = &t->runs;
    struct sums *sums = rg_zalloc(t->n_configs, sizeof *sums);

    for (size_t i = 0; i < t->n_runs; i++) {
        struct rg_check_group *group = &w->out->configs[r->config[i]];
        struct sums *s = &sums[r->config[i]];

        group->calls++;
        group->status[r->status[i]]++;
        group->escalation_known += r->escalated[i] != RG_UNKNOWN;
        group->escalated += r->escalated[i] == RG_TRUE;
        add(&s->cost, &s->n_cost, r->cost_usd[i]);
        add(&s->latency, &s->n_latency, r->latency_ms[i]);
        add(&s->score, &s->n_score, r->score[i]);
    }
    for (size_t k = 0; k < t->n_configs; k++)
        finish_group(&w->out->configs[k], &sums[k]);
    free(sums);
}

static void
count_queries(struct rg_check_work *w)
{
    const struct rg_trace *t = w->t;
    struct rg_names *seen = rg_names_new(); /* pairs of dataset and category */

    for (size_t q = 0; q < t->n_queries; q++) {
        uint32_t pair[2] = {t->queries.dataset[q], t->queries.category[q]};
        bool added = false;

        if (pair[1] != RG_NAMES_NONE)
            rg_names_add(seen, (const char *)pair, sizeof pair, &added);
        w->out->datasets[pair[0]].queries++;
        w->out->datasets[pair[0]].categories += added;
    }
    rg_names_free(seen);
}

/* ---- models, queries, runs ---- */

static void
check_models(struct rg_check_work *w)
{
    const struct rg_trace *t = w->t;

    for (size_t m = 0; m < t->n_models; m++) {
        const struct rg_trace_model *model = &t->models[m];

        if (model->tier == RG_TIER_UNKNOWN)
            rg_check_found(w->out, RG_PROBLEM_TIER, "model '%s'", model->name);
        if (isnan(model->input_usd_per_mtok) || isnan(model->output_usd_per_mtok))
            rg_check_found(w->out, RG_PROBLEM_NO_PRICE, "model '%s'", model->name);
    }
}

static void
check_queries(struct rg_check_work *w)
{
    const struct rg_trace *t = w->t;

    for (size_t q = 0; q < t->n_queries; q++) {
        if (t->queries.category[q] == RG_NAMES_NONE)
            rg_check_found(w->out, RG_PROBLEM_QUERY_CATEGORY, "query '%s'", t->queries.id[q]);
        if (t->queries.first[q] == t->queries.first[q + 1])
            rg_check_found(w->out, RG_PROBLEM_QUERY_UNUSED, "query '%s'", t->queries.id[q]);
    }
}

/* Has the model with the name name[0..n) any calls? */
static bool
has_calls(const struct rg_check_work *w, const char *name, size_t n)
{
    uint32_t m = rg_names_find(w->models, name, n);

    return m != RG_NAMES_NONE && w->out->models[m].calls > 0;
}

static void
check_runs(struct rg_check_work *w)
{
    const struct rg_trace *t = w->t;

    for (size_t i = 0; i < t->n_runs; i++) {
        uint32_t chain = t->runs.chain[i];
        const char *s = chain == RG_NAMES_NONE ? "" : t->chains[chain];

        while (*s) {
            size_t n = strcspn(s, ">");

            if (!has_calls(w, s, n)) {
                rg_check_found(w->out, RG_PROBLEM_CHAIN, "model '%.*s' in the chain %s of '%s'",
                               (int)(n < 100 ? n : 100), s, t->chains[chain],
                               t->configs[t->runs.config[i]]);
                break;
            }
            s += n;
            s += *s == '>';
        }
    }
}

/* ---- records with their texts ---- */

static void
check_cost(struct rg_check_work *w, const struct rg_call_rec *rec)
{
    uint32_t m = rg_names_find(w->models, rec->model, strlen(rec->model));
    const struct rg_trace_model *model = m == RG_NAMES_NONE ? NULL : &w->t->models[m];
    double cost;

    if (isnan(rec->cost_usd))
        found_call(w->out, RG_PROBLEM_NO_COST, rec);
    if (!model || rec->prompt_tokens < 0 || rec->completion_tokens < 0)
        return;
    cost = ((double)rec->prompt_tokens * model->input_usd_per_mtok +
            (double)rec->completion_tokens * model->output_usd_per_mtok) /
           1e6;
    if (fabs(rec->cost_usd - cost) > cost_tolerance * cost)
        found_call(w->out, RG_PROBLEM_PRICE, rec);
}

/* total_tokens is the one attribute that says the same as other fields. */
static void
check_call_attrs(struct rg_check_work *w, const struct rg_call_rec *rec)
{
    struct rg_json doc = {0};
    struct rg_err err;
    const cJSON *total;

    if (!rec->attrs)
        return;
    if (rg_json_parse(&doc, rec->attrs, strlen(rec->attrs), NULL, 1, 0, &err) != RG_OK ||
        !cJSON_IsObject(doc.root)) {
        found_call(w->out, RG_PROBLEM_ATTRS, rec);
    } else {
        total = cJSON_GetObjectItemCaseSensitive(doc.root, "total_tokens");
        if (cJSON_IsNumber(total) && rec->prompt_tokens >= 0 && rec->completion_tokens >= 0 &&
            total->valuedouble != (double)(rec->prompt_tokens + rec->completion_tokens))
            found_call(w->out, RG_PROBLEM_TOTAL_TOKENS, rec);
    }
    rg_json_clear(&doc);
}

static void
check_answer(struct rg_check_work *w, const struct rg_call_rec *rec)
{
    if (isnan(rec->score))
        found_call(w->out, RG_PROBLEM_NO_SCORE, rec);
    if (!rec->text)
        found_call(w->out, RG_PROBLEM_NO_TEXT, rec);
    if (rg_import_is_placeholder(rec->text))
        found_call(w->out, RG_PROBLEM_PLACEHOLDER, rec);
    if (rec->latency_ms == 0 || rec->latency_ms > hour_ms)
        found_call(w->out, RG_PROBLEM_LATENCY_RANGE, rec);
    if (rec->completion_tokens >= 0 && rec->completion_tokens <= 1 && rec->text &&
        strlen(rec->text) > LONG_ANSWER)
        found_call(w->out, RG_PROBLEM_FEW_TOKENS, rec);
}

static enum rg_status
visit_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    struct rg_check_work *w = ctx;

    (void)err;
    if (isnan(rec->latency_ms))
        found_call(w->out, RG_PROBLEM_NO_LATENCY, rec);
    if (rec->score < 0 || rec->score > 1)
        found_call(w->out, RG_PROBLEM_SCORE_RANGE, rec);
    if (!rg_check_is_answer(rec->status) && rec->score > 0)
        found_call(w->out, RG_PROBLEM_FAILED_SCORE, rec);
    if (rg_check_is_answer(rec->status))
        check_answer(w, rec);
    check_cost(w, rec);
    check_call_attrs(w, rec);
    return RG_OK;
}

static enum rg_status
visit_query(void *ctx, const struct rg_query_rec *rec, struct rg_err *err)
{
    struct rg_check_work *w = ctx;
    XXH128_hash_t h[2];
    bool added;

    (void)err;
    if (!rec->text || !*rec->text) {
        rg_check_found(w->out, RG_PROBLEM_QUERY_TEXT, "query '%s'", rec->id);
        return RG_OK;
    }
    h[0] = XXH3_128bits(rec->text, strlen(rec->text));
    h[1] = XXH3_128bits(rec->dataset, strlen(rec->dataset));
    rg_names_add(w->texts, (const char *)h, sizeof h, &added);
    if (!added)
        rg_check_found(w->out, RG_PROBLEM_QUERY_TWICE, "query '%s'", rec->id);
    return RG_OK;
}

/* ---- the file ---- */

static enum rg_status
check_digest(struct rg_check_work *w, struct rg_err *err)
{
    enum rg_status status = rg_store_digest(rg_trace_store(w->t), w->out->digest, err);

    if (status == RG_OK && strcmp(w->out->digest, w->t->digest) != 0)
        rg_check_found(w->out, RG_PROBLEM_DIGEST, "%s found, %.40s stored", w->out->digest,
                       w->t->digest);
    return status;
}

/* SQLite's own look at its pages, indices and foreign keys. */
static enum rg_status
check_database(struct rg_check_work *w, struct rg_err *err)
{
    static const char *const sql[] = {"PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"};
    sqlite3 *db = rg_store_db(rg_trace_store(w->t));

    for (int i = 0; i < 2; i++) {
        sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(db, sql[i], -1, &stmt, NULL);

        while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
            const char *text = (const char *)sqlite3_column_text(stmt, 0);

            if (i == 1 || !text || strcmp(text, "ok") != 0)
                rg_check_found(w->out, RG_PROBLEM_DATABASE, "%s%.200s",
                               i == 1 ? "foreign keys of table " : "", text ? text : "");
        }
        rc = sqlite3_finalize(stmt);
        if (rc != SQLITE_OK)
            return rg_err_set(err, rc == SQLITE_CORRUPT ? RG_EINPUT : RG_ESYSTEM, "%s: %s",
                              w->t->path, sqlite3_errmsg(db));
    }
    return RG_OK;
}

/* Tables of model x variant x dataset must fit into memory, whatever a file says. */
static enum rg_status
check_size(const struct rg_trace *t, struct rg_err *err)
{
    size_t n;

    if (__builtin_mul_overflow(t->n_models, t->n_variants, &n) ||
        __builtin_mul_overflow(n, t->n_datasets, &n) || n > CELLS_MAX)
        return rg_err_set(err, RG_EINPUT,
                          "%s: too many models, variants and datasets to tabulate (%zu, %zu, %zu)",
                          t->path, t->n_models, t->n_variants, t->n_datasets);
    return RG_OK;
}

static void
check_columns(struct rg_check_work *w)
{
    count_queries(w);
    count_calls(w);
    count_runs(w);
    check_models(w);
    check_queries(w);
    check_runs(w);
    rg_check_grid(w);
    rg_check_latencies(w);
    if (w->t->n_calls == 0)
        rg_check_found(w->out, RG_PROBLEM_NO_CALLS, "%s", "");
}

enum rg_status
rg_check_run(struct rg_check *out, const struct rg_trace *trace, struct rg_err *err)
{
    struct rg_check_work w = {.out = out, .t = trace};
    const struct rg_visitor visitor = {
        .ctx = &w,
        .query = visit_query,
        .call = visit_call,
        .texts = true,
    };
    enum rg_status status = check_size(trace, err);

    *out = (struct rg_check){0};
    if (status != RG_OK)
        return status;
    w.texts = rg_names_new();
    w.models = rg_names_new();
    *out = (struct rg_check){
        .models = rg_zalloc(trace->n_models, sizeof *out->models),
        .configs = rg_zalloc(trace->n_configs, sizeof *out->configs),
        .datasets = rg_zalloc(trace->n_datasets, sizeof *out->datasets),
        .variants = rg_zalloc(trace->n_variants, sizeof *out->variants),
    };
    out->coverage = rg_zalloc(trace->n_models * trace->n_variants, sizeof *out->coverage);
    for (size_t m = 0; m < trace->n_models; m++)
        rg_names_add(w.models, trace->models[m].name, strlen(trace->models[m].name), NULL);
    status = check_database(&w, err);
    if (status == RG_OK)
        status = check_digest(&w, err);
    if (status == RG_OK) {
        check_columns(&w);
        status = rg_store_walk(rg_trace_store(trace), &visitor, err);
    }
    rg_names_free(w.texts);
    rg_names_free(w.models);
    return status;
}

void
rg_check_clear(struct rg_check *check)
{
    free(check->models);
    free(check->configs);
    free(check->datasets);
    free(check->variants);
    free(check->coverage);
    for (size_t i = 0; i < RG_N_PROBLEMS; i++)
        free(check->problems[i].first);
    *check = (struct rg_check){0};
}
