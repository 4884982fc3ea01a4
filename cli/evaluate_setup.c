/* What `evaluate` judges: queries, outcomes, data sets, models, splits. */
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/hint.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "cli/evaluate.h"
#include "cli/filter.h"
#include "replay/split.h"
#include "replay/split_cpython.h"

static const char stratified[] = "stratified:";

/* ---- the trace ---- */

static enum rg_status
load(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, const char *trace,
     struct rg_err *err)
{
    struct rg_run_values run = rg_run_defaults();
    enum rg_status status;

    run.contract = "off";
    run.slots = v->slots;
    run.missing = RG_MISSING_SKIP;
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
            if (strcmp(t->datasets[d], v->ood.items[i]) == 0)
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

/* ---- splits ---- */

static enum rg_status
read_seed(const char *word, uint64_t *seed, struct rg_err *err)
{
    const char *why = rg_num_u64(word, strlen(word), seed);

    return why ? rg_err_set(err, RG_EUSAGE,
                            "evaluate: --seeds: %s (found '%.60s', expected whole numbers)", why,
                            word)
               : RG_OK;
}

struct part_file {
    struct rg_csv *csv;
    int dataset, query, part;
};

static enum rg_status
part_header(struct part_file *f, const char *path, struct rg_err *err)
{
    f->dataset = rg_csv_find(f->csv, "dataset");
    f->query = rg_csv_find(f->csv, "query");
    f->part = rg_csv_find(f->csv, "part");
    if (f->query >= 0 && f->part >= 0)
        return RG_OK;
    return rg_err_set(err, RG_EINPUT,
                      "%s: no column '%s' (expected query, part, and dataset where ids repeat)",
                      path, f->query < 0 ? "query" : "part");
}

/* The queries that a row names: one of its data set, or those of that id in all. */
static enum rg_status
part_row(const struct rg_evaluate_setup *s, const struct part_file *f,
         const struct rg_csv_field *field, uint8_t *seen, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    bool train = strcmp(field[f->part].data, "train") == 0;
    uint32_t found = RG_NAMES_NONE;

    if (!train && strcmp(field[f->part].data, "test") != 0)
        return rg_err_at(err, rg_csv_place(f->csv, &field[f->part]),
                         "unknown part (found '%.60s', expected train or test)",
                         field[f->part].data);
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t q = s->queries[i];

        if (strcmp(t->queries.id[q], field[f->query].data) != 0 ||
            (f->dataset >= 0 &&
             strcmp(t->datasets[t->queries.dataset[q]], field[f->dataset].data) != 0))
            continue;
        if (found != RG_NAMES_NONE)
            return rg_err_at(err, rg_csv_place(f->csv, &field[f->query]),
                             "query '%.100s' is in several data sets: a column 'dataset' is needed",
                             field[f->query].data);
        found = i;
    }
    if (found == RG_NAMES_NONE)
        return rg_err_at(err, rg_csv_place(f->csv, &field[f->query]),
                         "the trace has no query '%.100s' of that kind", field[f->query].data);
    if (seen[found])
        return rg_err_at(err, rg_csv_place(f->csv, &field[f->query]),
                         "query '%.100s' is given a part twice", field[f->query].data);
    seen[found] = train ? 1 : 2;
    return RG_OK;
}

static enum rg_status
split_by_file(const struct rg_evaluate_setup *s, const char *path, struct rg_evaluate_split *out,
              struct rg_err *err)
{
    uint8_t *seen = rg_zalloc(s->n, 1);
    const struct rg_csv_field *field;
    struct part_file f = {0};
    enum rg_status status = rg_csv_open(&f.csv, path, err);

    if (status == RG_OK)
        status = part_header(&f, path, err);
    while (status == RG_OK) {
        status = rg_csv_next(f.csv, &field, err);
        if (status != RG_OK || !field)
            break;
        status = part_row(s, &f, field, seen, err);
    }
    rg_csv_close(f.csv);
    for (size_t i = 0; i < s->n; i++)
        if (seen[i] == 1)
            out->train[out->n_train++] = s->queries[i];
        else if (seen[i] == 2)
            out->test[out->n_test++] = s->queries[i];
    free(seen);
    return status;
}

static enum rg_status
split_once(const struct rg_evaluate_setup *s, const char *how, struct rg_evaluate_split *out,
           struct rg_err *err)
{
    size_t skip = strncmp(how, stratified, sizeof stratified - 1) == 0 ? sizeof stratified - 1 : 0;
    double share;
    enum rg_status status = RG_OK;

    out->train = rg_alloc(s->n, sizeof *out->train);
    out->test = rg_alloc(s->n, sizeof *out->test);
    if (rg_num_double(how + skip, strlen(how + skip), &share)) {
        status =
            skip ? rg_err_set(err, RG_EUSAGE,
                              "evaluate: --split: found '%.60s', expected stratified:SHARE", how)
                 : split_by_file(s, how, out, err);
    } else if (!(share > 0 && share < 1)) {
        status =
            rg_err_set(err, RG_EUSAGE,
                       "evaluate: --split: found '%.60s', expected a share between 0 and 1", how);
    } else if (skip) {
        rg_split(s->trace, s->queries, s->n, share, out->seed, out->train, &out->n_train, out->test,
                 &out->n_test);
        rg_split_appearance(s->trace, out->train, out->n_train);
        rg_split_appearance(s->trace, out->test, out->n_test);
    } else {
        status = rg_split_cpython(s->trace, s->queries, s->n, share, out->seed, s->ood, out->train,
                                  &out->n_train, out->test, &out->n_test, err);
    }
    if (status == RG_OK && (out->n_train == 0 || out->n_test == 0))
        status = rg_err_set(err, RG_EUSAGE, "evaluate: --split %s leaves no query %s", how,
                            out->n_train == 0 ? "to learn from" : "to judge by");
    return status;
}

static enum rg_status
make_splits(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v, struct rg_err *err)
{
    size_t n = v->seeds.n ? v->seeds.n : 1;
    enum rg_status status = RG_OK;

    s->splits = rg_zalloc(n, sizeof *s->splits);
    s->has_split = v->split != NULL;
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        struct rg_evaluate_split *p = &s->splits[s->n_splits++];

        p->seed = 42;
        if (v->seeds.n)
            status = read_seed(v->seeds.items[i], &p->seed, err);
        if (status == RG_OK && v->split)
            status = split_once(s, v->split, p, err);
        if (status == RG_OK && !v->split) {
            p->train = rg_alloc(0, 1);
            p->test = rg_alloc(s->n, sizeof *p->test);
            memcpy(p->test, s->queries, s->n * sizeof *p->test);
            p->n_test = s->n;
        }
    }
    return status;
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
        status = make_splits(s, v, err);
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
    }
    free(s->splits);
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
