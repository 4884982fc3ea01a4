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

/* ---- pools ---- */

struct ranked {
    uint32_t model;
    double mean;
};

static int
by_mean(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;

    if (a->mean < b->mean || a->mean > b->mean)
        return a->mean < b->mean ? -1 : 1;
    return (a->model > b->model) - (a->model < b->model);
}

/* Models that may be candidates, ascending by mean score over what all splits learn from. */
static size_t
rank_models(const struct rg_evaluate_setup *s, const bool *from, struct ranked *of)
{
    size_t n = 0;

    for (uint32_t m = 0; m < s->trace->n_models; m++) {
        double sum = 0, count = 0;

        for (size_t i = 0; i < s->n_common && from[m]; i++) {
            double x = rg_evaluate_learnt(s, s->common[i], m);

            sum += isnan(x) ? 0 : x;
            count += !isnan(x);
        }
        if (count > 0)
            of[n++] = (struct ranked){m, sum / count};
    }
    qsort(of, n, sizeof *of, by_mean);
    return n;
}

/* A window that moves over candidates: places of those that may still be the best in it, by falling
 * score. */
struct window {
    size_t *place;
    double *score;
    size_t begin, end;
};

static void
enter(struct window *w, size_t place, double score)
{
    while (w->end > w->begin && !(w->score[w->end - 1] > score))
        w->end--;
    w->place[w->end] = place;
    w->score[w->end++] = score;
}

/* oracle[i] = mean over queries of the best score of candidates of[i..i + k), for all windows of
 * n: what one is chosen by; NaN without any score. */
static void
oracles_of(const struct rg_evaluate_setup *s, const struct ranked *of, size_t n, size_t k,
           double *oracle)
{
    struct window w = {rg_alloc(n, sizeof *w.place), rg_alloc(n, sizeof *w.score), 0, 0};
    size_t *count = rg_zalloc(n, sizeof *count);

    for (size_t i = 0; i + k <= n; i++)
        oracle[i] = 0;
    for (size_t q = 0; q < s->n_common; q++) {
        w.begin = w.end = 0;
        for (size_t j = 0; j < n; j++) {
            double score = rg_evaluate_learnt(s, s->common[q], of[j].model);

            if (!isnan(score))
                enter(&w, j, score);
            if (w.begin < w.end && w.place[w.begin] + k <= j)
                w.begin++;
            if (j + 1 >= k && w.begin < w.end) {
                oracle[j + 1 - k] += w.score[w.begin];
                count[j + 1 - k]++;
            }
        }
    }
    for (size_t i = 0; i + k <= n; i++)
        oracle[i] = count[i] ? oracle[i] / (double)count[i] : NAN;
    free(w.place);
    free(w.score);
    free(count);
}

/* RouterEval's candidates (Z. Huang et al., 2025): of a window of k neighbours by mean score within
 * the strongest or weakest fifth (at least k models) the one with the best oracle; mixed: the ranks
 * evenly from the weakest to the strongest. */
static void
take_pool(const struct rg_evaluate_setup *s, const char *kind, const struct ranked *of, size_t n,
          size_t k, bool *offered)
{
    size_t fifth = n / 5 > k ? n / 5 : k, begin = strcmp(kind, "weak") == 0 ? 0 : n - fifth;
    size_t best = 0;
    double top = -INFINITY, *oracle;

    if (strcmp(kind, "mixed") == 0) {
        for (size_t i = 0; i < k; i++)
            offered[of[k > 1 ? i * (n - 1) / (k - 1) : n - 1].model] = true;
        return;
    }
    oracle = rg_alloc(fifth, sizeof *oracle);
    oracles_of(s, of + begin, fifth, k, oracle);
    for (size_t at = 0; at + k <= fifth; at++)
        if (oracle[at] > top) {
            top = oracle[at];
            best = at;
        }
    free(oracle);
    for (size_t i = 0; i < k; i++)
        offered[of[begin + best + i].model] = true;
}

static enum rg_status
pool_of_size(const struct rg_evaluate_setup *s, const char *pool, const char *kind, uint64_t k,
             bool *offered, struct rg_err *err)
{
    struct ranked *of = rg_alloc(s->trace->n_models, sizeof *of);
    size_t n = rank_models(s, offered, of);
    enum rg_status status = RG_OK;

    if (s->n_common == 0)
        status = rg_err_set(err, RG_EUSAGE,
                            "--pool %.60s: the %zu splits learn from no query all of them, which a "
                            "pool could be chosen by (fewer --seeds, a greater --split)",
                            pool, s->n_splits);
    else if (k == 0 || k > n)
        status = rg_err_set(err, RG_EUSAGE,
                            "--pool %.60s: there are %zu models with scores (expected 1 to %zu)",
                            pool, n, n);
    if (status == RG_OK) {
        memset(offered, 0, s->trace->n_models * sizeof *offered);
        take_pool(s, kind, of, n, (size_t)k, offered);
    }
    free(of);
    return status;
}

/* Names joined by '+', which may be part of a name as well: the longest name that fits. */
static enum rg_status
pool_of_names(const struct rg_trace *t, const char *pool, bool *offered, struct rg_err *err)
{
    memset(offered, 0, t->n_models * sizeof *offered);
    for (const char *s = pool; s;) {
        size_t n = 0;
        uint32_t model = 0;
        char *name;
        enum rg_status status;

        for (size_t m = 0; m < t->n_models; m++) {
            size_t len = strlen(t->models[m].name);

            if (len > n && strncmp(t->models[m].name, s, len) == 0 &&
                (s[len] == '+' || s[len] == '\0'))
                n = len;
        }
        n = n ? n : strcspn(s, "+");
        name = rg_strndup(s, n);
        status = rg_router_model(t, "model", name, &model, err);
        free(name);
        if (status != RG_OK)
            return status;
        offered[model] = true;
        s = s[n] ? s + n + 1 : NULL;
    }
    return RG_OK;
}

enum rg_status
rg_evaluate_pool(const struct rg_evaluate_setup *s, const char *pool, bool *offered,
                 struct rg_err *err)
{
    static const char *const kinds[] = {"strong", "weak", "mixed"};
    const char *colon = strchr(pool, ':');
    uint64_t k;

    for (size_t i = 0; colon && i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i]) == (size_t)(colon - pool) &&
            strncmp(kinds[i], pool, (size_t)(colon - pool)) == 0 &&
            !rg_num_u64(colon + 1, strlen(colon + 1), &k))
            return pool_of_size(s, pool, kinds[i], k, offered, err);
    if (strncmp(pool, "m=", 2) == 0 && !rg_num_u64(pool + 2, strlen(pool + 2), &k))
        return pool_of_size(s, pool, "strong", k, offered, err);
    return pool_of_names(s->trace, pool, offered, err);
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
