/* Which queries of a trace the options of `run` choose, and what is known of each of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/run_parts.h"
#include "replay/classify/classifier.h"
#include "replay/router/categories.h"
#include "replay/split.h"

/* ---- which queries ---- */

struct queries_part {
    uint32_t *queries, *train;
    size_t n_queries, n_train;
};

static void
queries_clear(void *part)
{
    struct queries_part *p = part;

    free(p->queries);
    free(p->train);
}

/* All that pass the conditions, less those that are learnt from. */
static enum rg_status
choose_queries(struct queries_part *p, const struct rg_trace *t, const struct rg_run_values *v,
               struct rg_err *err)
{
    uint32_t *all = rg_alloc(t->n_queries, sizeof *all);
    size_t n = 0;
    enum rg_status status = rg_filter_queries(t, &v->where, all, &n, err);

    p->queries = rg_alloc(t->n_queries, sizeof *p->queries);
    p->train = rg_alloc(t->n_queries, sizeof *p->train);
    if (status == RG_OK) {
        rg_split(t, all, n, v->train, v->split_seed, p->train, &p->n_train, p->queries,
                 &p->n_queries);
        if (p->n_queries == 0)
            status =
                rg_err_set(err, RG_EUSAGE, "run: --train %g leaves none of %zu queries to replay",
                           v->train, n);
    }
    free(all);
    return status;
}

enum rg_status
rg_run_queries(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "queries"};
    struct queries_part *p;
    enum rg_status status = RG_OK;
    bool made;

    rg_run_key_list(&key, &v->where);
    rg_run_key_number(&key, v->train);
    rg_run_key_number(&key, (double)v->split_seed);
    p = rg_run_part(s, &key, sizeof *p, queries_clear, &made);
    if (made)
        status = choose_queries(p, s->trace, v, err);
    s->policy.queries = s->queries = p->queries;
    s->policy.n_queries = p->n_queries;
    s->policy.train = p->train;
    s->policy.n_train = p->n_train;
    return status;
}

/* ---- their texts ---- */

struct texts_part {
    uint32_t *length, *words;
};

static void
texts_clear(void *part)
{
    struct texts_part *p = part;

    free(p->length);
    free(p->words);
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static uint32_t
count_words(const char *text)
{
    uint32_t n = 0;

    for (const char *p = text; *p; p++)
        n += !is_blank(*p) && (p == text || is_blank(p[-1]));
    return n;
}

static enum rg_status
measure_texts(struct texts_part *p, const struct rg_trace *t, struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status status = RG_OK;

    p->length = rg_zalloc(t->n_queries, sizeof *p->length);
    p->words = rg_zalloc(t->n_queries, sizeof *p->words);
    for (size_t q = 0; q < t->n_queries && status == RG_OK; q++) {
        rg_buf_reset(&text);
        if (t->queries.text[q] == 0)
            continue;
        status = rg_trace_text(t, t->queries.text[q], &text, err);
        if (status != RG_OK)
            break;
        p->length[q] = (uint32_t)rg_utf8_count(rg_buf_text(&text), text.len);
        p->words[q] = count_words(rg_buf_text(&text));
    }
    rg_buf_clear(&text);
    return status;
}

static enum rg_status
load_texts(struct rg_run_setup *s, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "texts"};
    struct texts_part *p;
    enum rg_status status = RG_OK;
    bool made;

    p = rg_run_part(s, &key, sizeof *p, texts_clear, &made);
    if (made)
        status = measure_texts(p, s->trace, err);
    s->policy.query.length = p->length;
    s->policy.query.words = p->words;
    return status;
}

/* ---- attributes ---- */

struct attr_part {
    double *x;
};

static void
attr_clear(void *part)
{
    struct attr_part *p = part;

    free(p->x);
}

/* A numeric attribute of the queries; without a column nothing. */
static enum rg_status
load_attr(struct rg_run_setup *s, const char *column, const double **out, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "attr"};
    struct attr_part *p;
    enum rg_status status = RG_OK;
    bool made;

    if (!column)
        return RG_OK;
    rg_run_key_text(&key, column);
    p = rg_run_part(s, &key, sizeof *p, attr_clear, &made);
    if (made) {
        p->x = rg_alloc(s->trace->n_queries, sizeof *p->x);
        status = rg_trace_query_attr(s->trace, column, p->x, err);
    }
    *out = p->x;
    return status;
}

struct priority_part {
    int32_t *priority;
};

static void
priority_clear(void *part)
{
    struct priority_part *p = part;

    free(p->priority);
}

/* Priorities are whole numbers; a query without one comes last. */
static enum rg_status
load_priority(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "priority"};
    struct priority_part *p;
    const double *x = NULL;
    enum rg_status status = load_attr(s, v->priority, &x, err);
    bool made;

    if (status != RG_OK || !x)
        return status;
    rg_run_key_text(&key, v->priority);
    p = rg_run_part(s, &key, sizeof *p, priority_clear, &made);
    if (made) {
        p->priority = rg_alloc(s->trace->n_queries, sizeof *p->priority);
        for (size_t q = 0; q < s->trace->n_queries; q++)
            p->priority[q] = x[q] >= -1e9 && x[q] <= 1e9 ? (int32_t)x[q] : INT32_MAX;
    }
    s->priority = p->priority;
    return RG_OK;
}

/* ---- the classifier ---- */

struct classifier_part {
    uint32_t *label;
    double *confidence;
};

static void
classifier_clear(void *part)
{
    struct classifier_part *p = part;

    free(p->label);
    free(p->confidence);
}

/* Labels as the trace's categories; one that is none of them says nothing. */
static enum rg_status
read_labels(struct classifier_part *p, const struct rg_trace *t, const char *column, bool must,
            struct rg_err *err)
{
    char **texts = rg_zalloc(t->n_queries, sizeof *texts);
    enum rg_status status = rg_trace_query_attr_text(t, column, texts, err);

    if (status == RG_OK) {
        p->label = rg_alloc(t->n_queries, sizeof *p->label);
        for (size_t q = 0; q < t->n_queries; q++)
            p->label[q] =
                texts[q] ? rg_router_category(t, texts[q], strlen(texts[q])) : RG_NAMES_NONE;
    } else if (status == RG_EUSAGE && !must) {
        status = RG_OK;
    }
    for (size_t q = 0; q < t->n_queries; q++)
        free(texts[q]);
    free(texts);
    return status;
}

static enum rg_status
read_confidence(struct classifier_part *p, const struct rg_trace *t, const char *column, bool must,
                struct rg_err *err)
{
    char **texts;
    enum rg_status status;

    if (!must) { /* is it there at all? */
        texts = rg_zalloc(t->n_queries, sizeof *texts);
        status = rg_trace_query_attr_text(t, column, texts, err);
        for (size_t q = 0; q < t->n_queries; q++)
            free(texts[q]);
        free(texts);
        if (status != RG_OK)
            return status == RG_EUSAGE ? RG_OK : status;
    }
    p->confidence = rg_alloc(t->n_queries, sizeof *p->confidence);
    return rg_trace_query_attr(t, column, p->confidence, err);
}

static enum rg_status
learn_labels(struct classifier_part *p, const struct rg_run_setup *s, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    struct rg_classifier *c = NULL;
    enum rg_status status = rg_classifier_train(&c, t, s->policy.train, s->policy.n_train, err);

    if (status == RG_OK) {
        p->label = rg_alloc(t->n_queries, sizeof *p->label);
        p->confidence = rg_alloc(t->n_queries, sizeof *p->confidence);
        status = rg_classifier_queries(c, t, p->label, p->confidence, err);
    }
    rg_classifier_free(c);
    return status;
}

static enum rg_status
classify(struct classifier_part *p, const struct rg_run_setup *s, const struct rg_run_values *v,
         struct rg_err *err)
{
    bool must = v->classifier == RG_CLASSIFIER_RECORDED;
    enum rg_status status;

    if (v->classifier == RG_CLASSIFIER_TFIDF)
        return learn_labels(p, s, err);
    status =
        read_labels(p, s->trace, v->label ? v->label : "classifier_label", must || v->label, err);
    if (status != RG_OK)
        return status;
    return read_confidence(p, s->trace, v->confidence ? v->confidence : "classifier_confidence",
                           must || v->confidence, err);
}

static enum rg_status
load_classifier(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "classifier"};
    struct classifier_part *p;
    enum rg_status status = RG_OK;
    bool made;

    if (v->classifier == RG_CLASSIFIER_NONE)
        return RG_OK;
    rg_run_key_number(&key, v->classifier);
    rg_run_key_text(&key, v->label);
    rg_run_key_text(&key, v->confidence);
    if (v->classifier == RG_CLASSIFIER_TFIDF) {
        rg_run_key_list(&key, &v->where);
        rg_run_key_number(&key, v->train);
        rg_run_key_number(&key, (double)v->split_seed);
    }
    p = rg_run_part(s, &key, sizeof *p, classifier_clear, &made);
    if (made)
        status = classify(p, s, v, err);
    s->policy.query.label = p->label;
    s->policy.query.confidence = p->confidence;
    return status;
}

/* ---- safety ---- */

struct safety_part {
    struct rg_safety *rules;
    uint8_t *safety;
    uint32_t *model;
};

static void
safety_clear(void *part)
{
    struct safety_part *p = part;

    rg_safety_free(p->rules);
    free(p->safety);
    free(p->model);
}

static enum rg_status
check_queries(struct safety_part *p, const struct rg_trace *t, const char *word, struct rg_err *err)
{
    bool builtin = strcmp(word, "default") == 0;
    enum rg_status status = rg_safety_new(&p->rules, builtin ? NULL : word, err);

    if (status != RG_OK)
        return status;
    p->safety = rg_alloc(t->n_queries, sizeof *p->safety);
    p->model = rg_alloc(rg_safety_rules(p->rules) + 1, sizeof *p->model);
    status = rg_safety_models(p->rules, t, p->model, err);
    return status == RG_OK ? rg_safety_queries(p->rules, t, p->safety, err) : status;
}

static bool
has_texts(const struct rg_trace *t)
{
    for (size_t q = 0; q < t->n_queries; q++)
        if (t->queries.text[q])
            return true;
    return false;
}

static enum rg_status
load_safety(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "safety"};
    struct safety_part *p;
    enum rg_status status = RG_OK;
    bool made;

    if (!v->safety || strcmp(v->safety, "off") == 0)
        return RG_OK;
    if (!has_texts(s->trace))
        return rg_err_set(err, RG_EINPUT,
                          "%s: no query has a text, so --safety has nothing to search",
                          s->trace->path);
    rg_run_key_text(&key, v->safety);
    p = rg_run_part(s, &key, sizeof *p, safety_clear, &made);
    if (made)
        status = check_queries(p, s->trace, v->safety, err);
    s->policy.query.safety = p->safety;
    s->policy.safety_model = p->model;
    return status;
}

enum rg_status
rg_run_signals(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    enum rg_status status = load_attr(s, v->escalate_if, &s->policy.query.flag, err);

    if (status == RG_OK)
        status = load_attr(s, v->retrieval, &s->policy.query.retrieval, err);
    if (status == RG_OK)
        status = load_texts(s, err);
    if (status == RG_OK)
        status = load_classifier(s, v, err);
    if (status == RG_OK)
        status = load_safety(s, v, err);
    return status == RG_OK ? load_priority(s, v, err) : status;
}
