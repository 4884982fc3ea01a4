/* What `evaluate` judges: queries, outcomes, data sets, models, splits. */
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "cli/evaluate.h"
#include "cli/filter.h"
#include "replay/split_cpython.h"

/* ---- the trace ---- */

static enum rg_status
load(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, const char *trace,
     struct rg_err *err)
{
    struct rg_run_values run = rg_run_defaults();
    enum rg_status status;

    run.contract = "off";
    run.slots = v->slots;
    run.missing = RG_MISSING_MASK;
    run.rate = v->rate;
    run.service = v->service;
    run.endpoints = v->endpoints;
    if (rg_run_complete(&run))
        return rg_err_set(err, RG_EUSAGE, "evaluate: %s", rg_run_complete(&run));
    status = rg_run_shared_open(&s->shared, trace, err);
    if (status == RG_OK)
        status = rg_run_setup(&s->run, &s->shared, &run, err);
    rg_run_values_clear(&run);
    s->trace = s->shared.trace;
    return status;
}

static enum rg_status
choose(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    enum rg_status status;

    s->queries = rg_alloc(t->n_queries, sizeof *s->queries);
    s->row = rg_alloc(t->n_queries, sizeof *s->row);
    status = rg_filter_queries(t, &v->where, s->queries, &s->n, err);
    if (status != RG_OK)
        return status;
    if (s->n == 0)
        return rg_err_set(err, RG_EUSAGE, "evaluate: no query meets the conditions of --where");
    rg_split_appearance(t, s->queries, s->n);
    for (size_t q = 0; q < t->n_queries; q++)
        s->row[q] = RG_NAMES_NONE;
    for (uint32_t i = 0; i < s->n; i++)
        s->row[s->queries[i]] = i;
    rg_outcomes_init(&s->all, &s->run.policy.lookup, s->queries, s->n);
    return RG_OK;
}

/* ---- names that options give ---- */

static enum rg_status
mark_models(const struct rg_trace *t, const struct rg_opt_list *list, const char *what, bool *marks,
            struct rg_err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        uint32_t m;
        enum rg_status status = rg_router_model(t, what, list->items[i], &m, err);

        if (status != RG_OK)
            return status;
        marks[m] = true;
    }
    return RG_OK;
}

static enum rg_status
mark_ood(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;

    if (v->ood.n == 0)
        return RG_OK;
    s->ood = rg_zalloc(t->n_datasets, sizeof *s->ood);
    for (size_t i = 0; i < v->ood.n; i++) {
        const char *near = rg_hint(v->ood.items[i], t->datasets, t->n_datasets);
        bool found = false;

        for (size_t d = 0; d < t->n_datasets; d++)
            if (strcmp(t->datasets[d], v->ood.items[i]) == 0 ||
                (!strchr(v->ood.items[i], '/') &&
                 rg_split_same_dataset(t->datasets[d], v->ood.items[i])))
                s->ood[d] = found = true;
        if (!found)
            return rg_err_set(err, RG_EUSAGE, "unknown data set '%.100s'%s%s%s", v->ood.items[i],
                              near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    return RG_OK;
}

static enum rg_status
choose_models(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    enum rg_status status;

    s->offered = rg_zalloc(t->n_models, sizeof *s->offered);
    s->reference = rg_zalloc(t->n_models, sizeof *s->reference);
    status = mark_models(t, &v->reference, "reference model", s->reference, err);
    for (size_t m = 0; m < t->n_models; m++)
        s->offered[m] = !s->reference[m];
    if (status == RG_OK && v->pool)
        status = rg_evaluate_pool(s, v->pool, s->offered, err);
    for (size_t m = 0; m < t->n_models && status == RG_OK; m++) {
        if (s->offered[m] && s->reference[m])
            return rg_err_set(err, RG_EUSAGE,
                              "evaluate: '%s' is both in --pool and a reference model",
                              t->models[m].name);
        s->n_offered += s->offered[m];
        s->n_reference += s->reference[m];
    }
    if (status == RG_OK && s->n_offered == 0)
        return rg_err_set(err, RG_EUSAGE, "evaluate: no model is left to evaluate");
    s->run.policy.offered = s->offered;
    return status;
}

/* In-distribution data sets first; both in order of appearance. */
static void
find_keys(struct rg_evaluate_setup *s)
{
    const struct rg_trace *t = s->trace;

    s->key = rg_alloc(t->n_datasets, sizeof *s->key);
    s->keys = rg_alloc(t->n_datasets, sizeof *s->keys);
    for (size_t d = 0; d < t->n_datasets; d++)
        s->key[d] = RG_NAMES_NONE;
    for (int out = 0; out < 2; out++)
        for (size_t i = 0; i < s->n; i++) {
            uint32_t d = t->queries.dataset[s->queries[i]];

            if (s->key[d] != RG_NAMES_NONE || (s->ood && s->ood[d]) != out)
                continue;
            s->key[d] = (uint32_t)s->n_keys;
            s->keys[s->n_keys++] = (struct rg_evaluate_key){d, out};
        }
}

/* ---- all of it ---- */

enum rg_status
rg_evaluate_setup(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                  const char *trace, struct rg_err *err)
{
    const char *format;
    enum rg_status status;

    *s = (struct rg_evaluate_setup){0};
    status = load(s, v, trace, err);
    if (status == RG_OK)
        status = choose(s, v, err);
    if (status != RG_OK)
        return status;
    format = rg_trace_meta(s->trace, "format");
    s->zero = v->unscored == RG_UNSCORED_ZERO ||
              (v->unscored == RG_UNSCORED_AUTO && format && strcmp(format, "llmrouterbench") == 0);
    status = mark_ood(s, v, err);
    if (status == RG_OK)
        status = rg_evaluate_splits(s, v, err);
    if (status == RG_OK)
        status = choose_models(s, v, err);
    find_keys(s);
    return status;
}

void
rg_evaluate_setup_clear(struct rg_evaluate_setup *s)
{
    for (size_t i = 0; i < s->n_splits; i++) {
        free(s->splits[i].train);
        free(s->splits[i].test);
        free(s->splits[i].learnt);
    }
    free(s->splits);
    free(s->common);
    rg_split_prompts_free(s->prompts);
    free(s->queries);
    free(s->row);
    rg_outcomes_clear(&s->all);
    free(s->offered);
    free(s->reference);
    free(s->keys);
    free(s->key);
    free(s->ood);
    rg_run_setup_clear(&s->run);
    rg_run_shared_close(&s->shared);
    *s = (struct rg_evaluate_setup){0};
}
