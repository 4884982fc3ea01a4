/* What routers learn from and what they are judged by: the splits of `evaluate`. */
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "cli/evaluate.h"
#include "replay/router/decided.h"
#include "replay/split.h"
#include "replay/split_cpython.h"

static const char stratified[] = "stratified:";

static enum rg_status
read_seed(const char *word, uint64_t *seed, struct rg_err *err)
{
    const char *why = rg_num_u64(word, strlen(word), seed);

    return why ? rg_err_set(err, RG_EUSAGE,
                            "evaluate: --seeds: %s (found '%.60s', expected whole numbers)", why,
                            word)
               : RG_OK;
}

static bool
is_ood(const struct rg_evaluate_setup *s, uint32_t query)
{
    return s->ood && s->ood[s->trace->queries.dataset[query]];
}

/* ---- from a file ---- */

enum { NO_PART, TRAIN, TEST };

struct part_file {
    const struct rg_evaluate_setup *s;
    struct rg_csv *csv;
    struct rg_decided_reader names; /* finds queries, and counts those that there are not */
    int dataset, query, part;
    uint8_t *seen; /* per query of the trace */
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

/* What has no name in the trace is counted; what --where leaves out takes no part. */
static enum rg_status
part_row(struct part_file *f, const struct rg_csv_field *field, struct rg_err *err)
{
    const char *part = field[f->part].data, *id = field[f->query].data;
    struct rg_place place = rg_csv_place(f->csv, &field[f->query]);
    bool train = strcmp(part, "train") == 0;
    uint32_t q;
    enum rg_status status;

    if (!train && strcmp(part, "test") != 0)
        return rg_err_at(err, rg_csv_place(f->csv, &field[f->part]),
                         "unknown part (found '%.60s', expected train or test)", part);
    status = rg_decided_query(&f->names, f->dataset >= 0 ? field[f->dataset].data : NULL, id, place,
                              &q, err);
    if (status != RG_OK || q == (uint32_t)RG_NAMES_NONE)
        return status;
    if (f->seen[q] != NO_PART)
        return rg_err_at(err, place, "query '%.100s' is given a part twice", id);
    f->seen[q] = train ? TRAIN : TEST;
    return RG_OK;
}

static enum rg_status
read_parts(struct part_file *f, const char *path, struct rg_err *err)
{
    const struct rg_csv_field *field;
    enum rg_status status = rg_csv_open(&f->csv, path, err);

    if (status == RG_OK)
        status = part_header(f, path, err);
    while (status == RG_OK) {
        status = rg_csv_next(f->csv, &field, err);
        if (status != RG_OK || !field)
            break;
        status = part_row(f, field, err);
    }
    rg_csv_close(f->csv);
    return status == RG_OK ? rg_decided_done(&f->names, err) : status;
}

/* Queries of data sets of --ood are judged by, whatever the file has them for. */
static enum rg_status
split_by_file(const struct rg_evaluate_setup *s, const char *path, struct rg_evaluate_split *out,
              struct rg_err *err)
{
    struct rg_decided unused = {0};
    struct part_file f = {.s = s, .seen = rg_zalloc(s->trace->n_queries, 1)};
    enum rg_status status;

    rg_decided_reader_init(&f.names, s->trace, RG_DECIDED_STOP, &unused);
    status = read_parts(&f, path, err);
    for (size_t i = 0; i < s->n; i++) {
        uint32_t q = s->queries[i];

        if (f.seen[q] == TRAIN && !is_ood(s, q))
            out->train[out->n_train++] = q;
        else if (f.seen[q] != NO_PART)
            out->test[out->n_test++] = q;
    }
    rg_decided_reader_clear(&f.names);
    rg_decided_clear(&unused);
    free(f.seen);
    return status;
}

/* ---- by share ---- */

/* Data sets of --ood are judged by whole; the others give their share. */
static void
split_stratified(const struct rg_evaluate_setup *s, double share, struct rg_evaluate_split *out)
{
    uint32_t *in = rg_alloc(s->n, sizeof *in);
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (!is_ood(s, s->queries[i]))
            in[n++] = s->queries[i];
    rg_split(s->trace, in, n, share, out->seed, out->train, &out->n_train, out->test, &out->n_test);
    for (size_t i = 0; i < s->n; i++)
        if (is_ood(s, s->queries[i]))
            out->test[out->n_test++] = s->queries[i];
    rg_split_appearance(s->trace, out->train, out->n_train);
    rg_split_appearance(s->trace, out->test, out->n_test);
    free(in);
}

static enum rg_status
split_cpython(struct rg_evaluate_setup *s, double share, struct rg_evaluate_split *out,
              struct rg_err *err)
{
    struct rg_split_parts parts = {.train = out->train, .test = out->test};

    if (!s->prompts &&
        rg_split_prompts_new(&s->prompts, s->trace, s->queries, s->n, s->ood, err) != RG_OK)
        return err->status;
    rg_split_cpython(s->prompts, share, out->seed, &parts);
    out->n_train = parts.n_train;
    out->n_test = parts.n_test;
    out->n_both = parts.n_both;
    out->learnt = parts.learnt;
    return RG_OK;
}

static enum rg_status
split_once(struct rg_evaluate_setup *s, const char *how, struct rg_evaluate_split *out,
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
        split_stratified(s, share, out);
    } else {
        status = split_cpython(s, share, out, err);
    }
    if (status == RG_OK && (out->n_train == 0 || out->n_test == 0))
        status = rg_err_set(err, RG_EUSAGE, "evaluate: --split %s leaves no query %s", how,
                            out->n_train == 0 ? "to learn from" : "to judge by");
    return status;
}

/* ---- all splits ---- */

/* What every split learns from: a pool chosen by it has seen none of their test parts. */
static void
find_common(struct rg_evaluate_setup *s)
{
    uint32_t *count = rg_zalloc(s->trace->n_queries, sizeof *count);

    s->common = rg_alloc(s->n, sizeof *s->common);
    for (size_t k = 0; k < s->n_splits && s->has_split; k++)
        for (size_t i = 0; i < s->splits[k].n_train; i++)
            count[s->splits[k].train[i]]++;
    for (size_t i = 0; i < s->n; i++)
        if (!s->has_split || count[s->queries[i]] == s->n_splits)
            s->common[s->n_common++] = s->queries[i];
    free(count);
}

enum rg_status
rg_evaluate_splits(struct rg_evaluate_setup *s, const struct rg_evaluate_values *v,
                   struct rg_err *err)
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
    if (status == RG_OK)
        find_common(s);
    return status;
}

/* ---- queries in both parts ---- */

static bool
is_learnt(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p, uint32_t query,
          size_t model)
{
    uint32_t call = rg_lookup_find(&s->run.policy.lookup, query, (uint32_t)model, 0).call;

    return call != RG_NO_CALL && p->learnt[call];
}

bool
rg_evaluate_judged(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p,
                   uint32_t query, size_t model)
{
    return !p->learnt || !is_learnt(s, p, query, model);
}

bool
rg_evaluate_is_learnt(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p,
                      uint32_t query, size_t model)
{
    return !p->learnt || is_learnt(s, p, query, model);
}

double
rg_evaluate_judged_score(const struct rg_evaluate_setup *s, const struct rg_evaluate_split *p,
                         size_t row, size_t model)
{
    return rg_evaluate_judged(s, p, s->queries[row], model) ? rg_evaluate_score(s, row, model)
                                                            : NAN;
}

uint32_t
rg_evaluate_place(const struct rg_evaluate_setup *s, uint32_t query, size_t model)
{
    const uint32_t *places = s->prompts ? rg_split_prompts_places(s->prompts) : NULL;
    uint32_t call = RG_NO_CALL;

    if (places)
        call = rg_lookup_find(&s->run.policy.lookup, query, (uint32_t)model, 0).call;
    return call == RG_NO_CALL ? 0 : places[call];
}

double
rg_evaluate_learnt(const struct rg_evaluate_setup *s, uint32_t query, size_t model)
{
    for (size_t k = 0; k < s->n_splits; k++)
        if (s->splits[k].learnt && !is_learnt(s, &s->splits[k], query, model))
            return NAN;
    return rg_evaluate_score(s, s->row[query], model);
}

void
rg_evaluate_note_splits(const struct rg_evaluate_setup *s, struct rg_table *t)
{
    size_t most = 0;

    for (size_t k = 0; k < s->n_splits; k++)
        most = s->splits[k].n_both > most ? s->splits[k].n_both : most;
    if (most > 0)
        rg_table_note(t,
                      "Models were sent different prompts for one question: up to %zu queries of a "
                      "split are learnt from for some models and judged by for others.",
                      most);
}
