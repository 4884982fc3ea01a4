#include "replay/router/decided.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "replay/router/mask.h"

const char *const rg_decided_next_names[] = {"listed", "ranked", "stop", NULL};

/* ---- the decisions ---- */

void
rg_decided_clear(struct rg_decided *d)
{
    free(d->first);
    free(d->n);
    free(d->models);
    free(d->value);
    *d = (struct rg_decided){0};
}

struct rg_choice
rg_decided_choice(const struct rg_decided *d, uint32_t query, size_t decision,
                  enum rg_reason reason)
{
    if (decision >= d->n[query])
        return rg_choice_none();
    return (struct rg_choice){d->models[d->first[query] + decision], reason};
}

struct rg_choice
rg_decided_after(const struct rg_decided *d, uint32_t query, const struct rg_attempt *last)
{
    size_t next = (size_t)last->decisions + 1;

    /* Whatever the pre-check forced is not ours to go on from. */
    if (last->decision == RG_REASON_SAFETY || (last->answered && last->accepted))
        return rg_choice_none();
    return rg_decided_choice(d, query, next,
                             last->answered ? RG_REASON_CONTRACT_FAILED : RG_REASON_CALL_FAILED);
}

/* ---- reading ---- */

void
rg_decided_reader_init(struct rg_decided_reader *r, const struct rg_trace *t,
                       enum rg_decided_next next, struct rg_decided *out)
{
    rg_decided_clear(out);
    out->first = rg_zalloc(t->n_queries, sizeof *out->first);
    out->n = rg_zalloc(t->n_queries, sizeof *out->n);
    *r = (struct rg_decided_reader){.trace = t, .out = out, .next = next, .ids = rg_names_new()};
    r->of_id = rg_alloc(t->n_queries, sizeof *r->of_id);
    r->same = rg_alloc(t->n_queries, sizeof *r->same);
    r->line = rg_zalloc(t->n_queries, sizeof *r->line);
    r->asked = rg_alloc(t->n_models, sizeof *r->asked);
    r->score = rg_alloc(t->n_models, sizeof *r->score);
    /* From the last to the first, so that queries of one id are found in their order. */
    for (size_t q = t->n_queries; q-- > 0;) {
        const char *id = t->queries.id[q];
        bool added;
        uint32_t i = rg_names_add(r->ids, id, strlen(id), &added);

        r->same[q] = added ? (uint32_t)RG_NAMES_NONE : r->of_id[i];
        r->of_id[i] = (uint32_t)q;
    }
}

void
rg_decided_reader_clear(struct rg_decided_reader *r)
{
    rg_names_free(r->ids);
    free(r->of_id);
    free(r->same);
    free(r->line);
    free(r->asked);
    free(r->score);
    *r = (struct rg_decided_reader){0};
}

static void
count_unknown(struct rg_decided_reader *r, const char *what, const char *name, const char *dataset,
              const char *const *names, size_t n, struct rg_place place)
{
    const char *near;

    if (r->n_unknown++ > 0)
        return;
    near = rg_hint(name, names, n);
    if (near && strcmp(near, name) == 0)
        near = NULL; /* in another dataset only */
    (void)rg_err_at(&r->unknown, place, "unknown %s '%.100s'%s%.100s%s%s%.100s%s", what, name,
                    dataset ? " of dataset '" : "", dataset ? dataset : "", dataset ? "'" : "",
                    near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const char *
dataset_of(const struct rg_trace *t, uint32_t query)
{
    return t->datasets[t->queries.dataset[query]];
}

enum rg_status
rg_decided_query(struct rg_decided_reader *r, const char *dataset, const char *id,
                 struct rg_place place, uint32_t *query, struct rg_err *err)
{
    const struct rg_trace *t = r->trace;
    uint32_t i = rg_names_find(r->ids, id, strlen(id));
    uint32_t q = i == (uint32_t)RG_NAMES_NONE ? (uint32_t)RG_NAMES_NONE : r->of_id[i];

    while (dataset && q != (uint32_t)RG_NAMES_NONE && strcmp(dataset_of(t, q), dataset) != 0)
        q = r->same[q];
    *query = q;
    if (q == (uint32_t)RG_NAMES_NONE)
        count_unknown(r, "query", id, dataset, t->queries.id, t->n_queries, place);
    else if (!dataset && r->same[q] != (uint32_t)RG_NAMES_NONE)
        return rg_err_at(err, place,
                         "query '%.100s' is in several datasets ('%.100s', '%.100s'%s): name the "
                         "dataset as well",
                         id, dataset_of(t, q), dataset_of(t, r->same[q]),
                         r->same[r->same[q]] != (uint32_t)RG_NAMES_NONE ? ", ..." : "");
    return RG_OK;
}

uint32_t
rg_decided_model(struct rg_decided_reader *r, const char *name, struct rg_place place)
{
    const struct rg_trace *t = r->trace;
    int m = rg_trace_model_find(t, name);
    const char **names;

    if (m >= 0)
        return (uint32_t)m;
    names = rg_alloc(t->n_models, sizeof *names);
    for (size_t i = 0; i < t->n_models; i++)
        names[i] = t->models[i].name;
    count_unknown(r, "model", name, NULL, names, t->n_models, place);
    free(names);
    return RG_NO_MODEL;
}

/* Are all in the pool of candidates? What is not counts as a name that is not known. */
static bool
all_offered(struct rg_decided_reader *r, const uint32_t *models, size_t n, struct rg_place place)
{
    for (size_t i = 0; i < n; i++)
        if (r->policy && r->policy->offered && !r->policy->offered[models[i]]) {
            if (r->n_unknown++ == 0)
                (void)rg_err_at(&r->unknown, place, "model '%.100s' is not in the pool",
                                r->trace->models[models[i]].name);
            return false;
        }
    return true;
}

/* Adds those of models[0..n) that the policy does not mask; all where it masks each of them. */
static size_t
add_unmasked(const struct rg_decided_reader *r, uint32_t query, const uint32_t *models, size_t n)
{
    uint32_t *to = r->out->models + r->out->n_models;
    size_t kept = 0;

    for (size_t i = 0; r->policy && i < n; i++)
        if (rg_mask_has(r->policy, query, models[i]))
            to[kept++] = models[i];
    if (kept > 0)
        return kept;
    memcpy(to, models, n * sizeof *models);
    return n;
}

enum rg_status
rg_decided_put(struct rg_decided_reader *r, uint32_t query, const uint32_t *models, size_t n,
               struct rg_place place, struct rg_err *err)
{
    struct rg_decided *d = r->out;

    assert(n > 0);
    if (query == (uint32_t)RG_NAMES_NONE)
        return RG_OK;
    if (d->n[query] > 0)
        return rg_err_at(err, place,
                         "a second decision for query '%.100s' (the first: line %" PRIu64 ")",
                         r->trace->queries.id[query], r->line[query]);
    for (size_t i = 0; i < n; i++)
        if (models[i] == RG_NO_MODEL)
            return RG_OK;
    if (!all_offered(r, models, n, place))
        return RG_OK;
    /* At most n_models for each query, and both fit into 32 bits together or memory runs out. */
    assert(d->n_models + n <= UINT32_MAX);
    d->models = rg_grow(d->models, &d->cap, d->n_models + n, sizeof *d->models);
    n = add_unmasked(r, query, models, n);
    if (r->next == RG_DECIDED_STOP)
        n = 1;
    d->first[query] = (uint32_t)d->n_models;
    d->n[query] = (uint32_t)n;
    d->n_models += n;
    r->line[query] = place.line;
    return RG_OK;
}

/* Scores of models that are not offered, or masked while others are not, are as if not there. */
static void
hide_scores(struct rg_decided_reader *r, uint32_t query)
{
    const struct rg_policy *p = r->policy;
    bool some = false;

    if (!p || query == (uint32_t)RG_NAMES_NONE)
        return;
    for (uint32_t m = 0; m < r->trace->n_models; m++) {
        if (p->offered && !p->offered[m])
            r->score[m] = NAN;
        some = some || (!isnan(r->score[m]) && rg_mask_has(p, query, m));
    }
    for (uint32_t m = 0; m < r->trace->n_models && some; m++)
        if (!rg_mask_has(p, query, m))
            r->score[m] = NAN;
}

/* Is a asked before b? */
static bool
is_better(const struct rg_decided_reader *r, uint32_t a, uint32_t b)
{
    if (r->score[a] > r->score[b] || r->score[a] < r->score[b])
        return r->score[a] > r->score[b];
    return rg_router_cheaper(r->trace, a, b);
}

enum { MOST_KEPT = 1 << 27 }; /* scores, 1 GiB */

/* Scores are kept beside the choice that they make, for whoever weighs them against cost. */
static void
keep_scores(struct rg_decided_reader *r, uint32_t query)
{
    size_t m = r->trace->n_models, n = r->trace->n_queries;

    if (query == (uint32_t)RG_NAMES_NONE || n > MOST_KEPT / (m ? m : 1))
        return;
    if (!r->out->value) {
        r->out->value = rg_alloc(n * m, sizeof *r->out->value);
        for (size_t i = 0; i < n * m; i++)
            r->out->value[i] = NAN;
    }
    memcpy(r->out->value + query * m, r->score, m * sizeof *r->score);
}

enum rg_status
rg_decided_put_scores(struct rg_decided_reader *r, uint32_t query, struct rg_place place,
                      struct rg_err *err)
{
    size_t n = 0;

    hide_scores(r, query);
    for (uint32_t m = 0; m < r->trace->n_models; m++) {
        size_t at = n;

        if (isnan(r->score[m]))
            continue;
        for (; at > 0 && is_better(r, m, r->asked[at - 1]); at--)
            r->asked[at] = r->asked[at - 1];
        r->asked[at] = m;
        n++;
        if (r->next != RG_DECIDED_RANKED && n > 1)
            n = 1; /* only the best is of interest */
    }
    if (n == 0)
        return rg_err_at(err, place, "no model has a score");
    keep_scores(r, query);
    return rg_decided_put(r, query, r->asked, n, place, err);
}

/* ---- records in JSON ---- */

struct record {
    const cJSON *query, *dataset, *model, *models, *scores;
};

static enum rg_status
read_models(struct rg_decided_reader *r, const struct rg_json *doc, const cJSON *list,
            uint32_t query, struct rg_err *err)
{
    size_t n = 0;

    for (const cJSON *at = list->child; at; at = at->next) {
        uint32_t m;

        if (!cJSON_IsString(at))
            return rg_json_fail(doc, at, err, "'models': found %s, expected the name of a model",
                                rg_json_kind(at));
        m = rg_decided_model(r, at->valuestring, rg_json_place(doc, at));
        if (m == RG_NO_MODEL)
            return RG_OK;
        for (size_t i = 0; i < n; i++)
            if (r->asked[i] == m)
                return rg_json_fail(doc, at, err, "'models': '%.100s' stands there twice",
                                    at->valuestring);
        r->asked[n++] = m; /* distinct, so at most n_models */
    }
    if (n == 0)
        return rg_json_fail(doc, list, err, "'models' is empty, expected at least one");
    return rg_decided_put(r, query, r->asked, n, rg_json_place(doc, list), err);
}

static enum rg_status
read_scores(struct rg_decided_reader *r, const struct rg_json *doc, const cJSON *scores,
            uint32_t query, struct rg_err *err)
{
    for (size_t m = 0; m < r->trace->n_models; m++)
        r->score[m] = NAN;
    for (const cJSON *at = scores->child; at; at = at->next) {
        uint32_t m = rg_decided_model(r, at->string, rg_json_place(doc, at));

        if (m == RG_NO_MODEL)
            return RG_OK;
        if (cJSON_IsNull(at))
            continue;
        if (!cJSON_IsNumber(at) && !cJSON_IsRaw(at))
            return rg_json_fail(doc, at, err,
                                "score of '%.100s': found %s, expected number or null", at->string,
                                rg_json_kind(at));
        r->score[m] = at->valuedouble;
    }
    return rg_decided_put_scores(r, query, rg_json_place(doc, scores), err);
}

static enum rg_status
find_query(struct rg_decided_reader *r, const struct rg_json *doc, const struct record *rec,
           uint32_t expected, uint32_t *query, struct rg_err *err)
{
    const struct rg_trace *t = r->trace;

    if (expected == (uint32_t)RG_NAMES_NONE && !rec->query)
        return rg_json_fail(doc, doc->root, err, "'query' is missing");
    if (expected == (uint32_t)RG_NAMES_NONE)
        return rg_decided_query(r, rec->dataset ? rec->dataset->valuestring : NULL,
                                rec->query->valuestring, rg_json_place(doc, rec->query), query,
                                err);
    *query = expected;
    if (rec->query && strcmp(rec->query->valuestring, t->queries.id[expected]) != 0)
        return rg_json_fail(doc, rec->query, err, "found query '%.100s', expected '%.100s'",
                            rec->query->valuestring, t->queries.id[expected]);
    if (rec->dataset && strcmp(rec->dataset->valuestring, dataset_of(t, expected)) != 0)
        return rg_json_fail(doc, rec->dataset, err, "found dataset '%.100s', expected '%.100s'",
                            rec->dataset->valuestring, dataset_of(t, expected));
    return RG_OK;
}

enum rg_status
rg_decided_record(struct rg_decided_reader *r, const struct rg_json *doc, uint32_t expected,
                  struct rg_err *err)
{
    struct record rec;
    const struct rg_json_key keys[] = {
        {"query", RG_JSON_STRING, &rec.query},   {"dataset", RG_JSON_STRING, &rec.dataset},
        {"model", RG_JSON_STRING, &rec.model},   {"models", RG_JSON_ARRAY, &rec.models},
        {"scores", RG_JSON_OBJECT, &rec.scores},
    };
    enum rg_status status =
        rg_json_object(doc, doc->root, keys, sizeof keys / sizeof *keys, NULL, err);
    uint32_t query = (uint32_t)RG_NAMES_NONE, model;

    if (status == RG_OK && !!rec.model + !!rec.models + !!rec.scores != 1)
        status = rg_json_fail(
            doc, doc->root, err, "%s, expected one of 'model', 'models', 'scores'",
            rec.model || rec.models || rec.scores ? "two forms of a decision" : "no decision");
    if (status == RG_OK)
        status = find_query(r, doc, &rec, expected, &query, err);
    if (status != RG_OK)
        return status;
    if (rec.models)
        return read_models(r, doc, rec.models, query, err);
    if (rec.scores)
        return read_scores(r, doc, rec.scores, query, err);
    assert(rec.model);
    model = rg_decided_model(r, rec.model->valuestring, rg_json_place(doc, rec.model));
    return rg_decided_put(r, query, &model, 1, rg_json_place(doc, doc->root), err);
}

enum rg_status
rg_decided_done(const struct rg_decided_reader *r, struct rg_err *err)
{
    if (r->n_unknown == 0)
        return RG_OK;
    if (r->n_unknown == 1)
        return rg_err_set(err, RG_EINPUT, "%s", r->unknown.text);
    return rg_err_set(err, RG_EINPUT, "%.800s (and %zu more unknown names)", r->unknown.text,
                      r->n_unknown - 1);
}
