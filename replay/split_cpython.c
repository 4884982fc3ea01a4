#include "replay/split_cpython.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "replay/learn/mersenne.h"
#include "traces/trace_prompts.h"

int
rg_split_by_parts(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    /* The end of a part comes before any byte. */
    if (*a == *b)
        return 0;
    if (*a == '\0' || *b == '\0')
        return *a == '\0' ? -1 : 1;
    if (*a == '/' || *b == '/')
        return *a == '/' ? -1 : 1;
    return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

bool
rg_split_same_dataset(const char *a, const char *b)
{
    size_t n = strcspn(a, "/");

    return n == strcspn(b, "/") && strncmp(a, b, n) == 0;
}

/* ---- order of appearance ---- */

enum { ALL_CALLS = UINT32_MAX };

/* A query, or one call of it that was sent a prompt of its own or beside such a call. */
struct member {
    const char *dataset;
    uint32_t model; /* the first that has the query; they are sorted by name */
    uint32_t order; /* of its first call */
    uint32_t query, call;
    uint32_t prompt; /* its place among the sorted prompts of the data set; RG_NAMES_NONE: test */
    int64_t record;
};

static int
by_place(const void *pa, const void *pb)
{
    const struct member *a = pa, *b = pb;
    int parts = a->dataset == b->dataset ? 0 : rg_split_by_parts(a->dataset, b->dataset);

    if (parts)
        return parts;
    if (a->model != b->model)
        return a->model < b->model ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (a->query > b->query) - (a->query < b->query);
}

static struct member
member_of_query(const struct rg_trace *t, uint32_t q)
{
    struct member m = {.dataset = t->datasets[t->queries.dataset[q]],
                       .model = UINT32_MAX,
                       .order = UINT32_MAX,
                       .query = q,
                       .call = ALL_CALLS};

    for (uint32_t c = t->queries.first[q]; c < t->queries.first[q + 1]; c++) {
        if (c > t->queries.first[q] && t->calls.model[c] != m.model)
            break;
        m.model = t->calls.model[c];
        m.order = t->calls.order[c] < m.order ? t->calls.order[c] : m.order;
    }
    return m;
}

static struct member
member_of_call(const struct rg_trace *t, uint32_t c)
{
    uint32_t q = t->calls.query[c];

    return (struct member){.dataset = t->datasets[t->queries.dataset[q]],
                           .model = t->calls.model[c],
                           .order = t->calls.order[c],
                           .query = q,
                           .call = c};
}

void
rg_split_appearance(const struct rg_trace *t, uint32_t *queries, size_t n)
{
    struct member *of = rg_alloc(n, sizeof *of);

    for (size_t i = 0; i < n; i++)
        of[i] = member_of_query(t, queries[i]);
    if (n > 1)
        qsort(of, n, sizeof *of, by_place);
    for (size_t i = 0; i < n; i++)
        queries[i] = of[i].query;
    free(of);
}

/* ---- members and data sets ---- */

struct group {
    size_t begin, end; /* members */
    size_t n_prompts;
};

struct rg_split_prompts {
    const struct rg_trace *trace;
    struct member *of; /* in order of appearance */
    size_t n, cap;
    struct group *groups; /* data sets that are divided */
    size_t n_groups;
    uint32_t *places; /* per call; NULL: no call has a prompt of its own */
};

static void
add_member(struct rg_split_prompts *p, struct member m)
{
    p->of = rg_grow(p->of, &p->cap, p->n + 1, sizeof *p->of);
    p->of[p->n++] = m;
}

static void
add_query(struct rg_split_prompts *p, const uint64_t *own, uint32_t q)
{
    const uint32_t *first = &p->trace->queries.first[q];
    bool any = false;

    for (uint32_t c = first[0]; own && c < first[1]; c++)
        any = any || own[c];
    if (!any)
        add_member(p, member_of_query(p->trace, q));
    for (uint32_t c = first[0]; any && c < first[1]; c++)
        add_member(p, member_of_call(p->trace, c));
}

static void
find_groups(struct rg_split_prompts *p)
{
    p->groups = rg_alloc(p->n, sizeof *p->groups);
    for (size_t begin = 0, end; begin < p->n; begin = end) {
        for (end = begin + 1;
             end < p->n && rg_split_same_dataset(p->of[begin].dataset, p->of[end].dataset);)
            end++;
        p->groups[p->n_groups++] = (struct group){begin, end, 0};
    }
}

/* ---- prompts ---- */

/* What tells prompts apart; texts and hashes have keys of other lengths than what has none. */
static enum rg_status
prompt_key(const struct rg_trace *t, const struct member *m, const uint64_t *own,
           struct rg_buf *key, struct rg_err *err)
{
    int64_t text = t->queries.text[m->query];
    uint64_t hash = own && m->call != ALL_CALLS ? own[m->call] : 0;
    enum rg_status status = RG_OK;

    rg_buf_reset(key);
    if (hash == 0 && text == 0) {
        rg_buf_printf(key, "query %u", m->query);
        return RG_OK;
    }
    if (hash == 0) {
        status = rg_trace_text(t, text, key, err);
        hash = rg_trace_prompt_hash(rg_buf_text(key));
        rg_buf_reset(key);
    }
    rg_buf_printf(key, "%016llx", (unsigned long long)hash);
    return status;
}

/* Numbers prompts as they are met. */
static enum rg_status
number_prompts(struct rg_split_prompts *p, struct group *g, const uint64_t *own, const bool *out,
               struct rg_err *err)
{
    struct rg_names *names = rg_names_new();
    struct rg_buf key = {0};
    enum rg_status status = RG_OK;

    for (size_t i = g->begin; i < g->end && status == RG_OK; i++) {
        struct member *m = &p->of[i];

        m->prompt = RG_NAMES_NONE;
        if (out && out[p->trace->queries.dataset[m->query]])
            continue;
        status = prompt_key(p->trace, m, own, &key, err);
        if (status == RG_OK)
            m->prompt = rg_names_add(names, key.data, key.len, NULL);
    }
    g->n_prompts = rg_names_count(names);
    rg_names_free(names);
    rg_buf_clear(&key);
    return status;
}

static void
number_records(struct rg_split_prompts *p, const struct group *g)
{
    bool whole = true;

    for (size_t i = g->begin; i < g->end && whole; i++) {
        const char *id = p->trace->queries.id[p->of[i].query];

        whole = rg_num_i64(id, strlen(id), &p->of[i].record) == NULL;
    }
    for (size_t i = g->begin; i < g->end && !whole; i++)
        p->of[i].record = (int64_t)(i - g->begin);
}

struct prompt {
    int64_t record; /* the least of any that has it */
    uint32_t number;
};

static int
by_record(const void *pa, const void *pb)
{
    const struct prompt *a = pa, *b = pb;

    if (a->record != b->record)
        return a->record < b->record ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* From numbers as met, which equal records keep, to places in the order of records. */
static void
sort_prompts(struct rg_split_prompts *p, const struct group *g)
{
    struct prompt *of = rg_alloc(g->n_prompts, sizeof *of);
    uint32_t *place = rg_alloc(g->n_prompts, sizeof *place);

    for (size_t i = 0; i < g->n_prompts; i++)
        of[i] = (struct prompt){INT64_MAX, (uint32_t)i};
    for (size_t i = g->begin; i < g->end; i++) {
        const struct member *m = &p->of[i];

        if (m->prompt != RG_NAMES_NONE && m->record < of[m->prompt].record)
            of[m->prompt].record = m->record;
    }
    if (g->n_prompts > 1)
        qsort(of, g->n_prompts, sizeof *of, by_record);
    for (size_t i = 0; i < g->n_prompts; i++)
        place[of[i].number] = (uint32_t)i;
    for (size_t i = g->begin; i < g->end; i++)
        if (p->of[i].prompt != RG_NAMES_NONE)
            p->of[i].prompt = place[p->of[i].prompt];
    free(of);
    free(place);
}

/* In the order in which the reference walks through a data set. */
static int
by_prompt(const void *pa, const void *pb)
{
    const struct member *a = pa, *b = pb;

    if (a->prompt != b->prompt)
        return a->prompt < b->prompt ? -1 : 1;
    return by_place(pa, pb);
}

static enum rg_status
order_group(struct rg_split_prompts *p, struct group *g, const uint64_t *own, const bool *out,
            struct rg_err *err)
{
    enum rg_status status = number_prompts(p, g, own, out, err);

    if (status != RG_OK)
        return status;
    number_records(p, g);
    sort_prompts(p, g);
    if (g->end - g->begin > 1)
        qsort(p->of + g->begin, g->end - g->begin, sizeof *p->of, by_prompt);
    return RG_OK;
}

static void
keep_places(struct rg_split_prompts *p)
{
    p->places = rg_zalloc(p->trace->n_calls, sizeof *p->places);
    for (size_t i = 0; i < p->n; i++)
        if (p->of[i].call != ALL_CALLS)
            p->places[p->of[i].call] = p->of[i].prompt;
}

enum rg_status
rg_split_prompts_new(struct rg_split_prompts **to, const struct rg_trace *t,
                     const uint32_t *queries, size_t n, const bool *out, struct rg_err *err)
{
    struct rg_split_prompts *p = *to = rg_zalloc(1, sizeof *p);
    uint64_t *own;
    enum rg_status status = rg_trace_prompts(t, &own, err);

    p->trace = t;
    for (size_t i = 0; i < n; i++)
        add_query(p, own, queries[i]);
    if (p->n > 1)
        qsort(p->of, p->n, sizeof *p->of, by_place);
    find_groups(p);
    for (size_t k = 0; k < p->n_groups && status == RG_OK; k++)
        status = order_group(p, &p->groups[k], own, out, err);
    if (status == RG_OK && own)
        keep_places(p);
    free(own);
    if (status != RG_OK) {
        rg_split_prompts_free(p);
        *to = NULL;
    }
    return status;
}

void
rg_split_prompts_free(struct rg_split_prompts *p)
{
    if (!p)
        return;
    free(p->of);
    free(p->groups);
    free(p->places);
    free(p);
}

const uint32_t *
rg_split_prompts_places(const struct rg_split_prompts *p)
{
    return p->places;
}

/* ---- drawing ---- */

/* side[i] = member i is in the train part. */
static void
draw(const struct rg_split_prompts *p, const struct group *g, struct rg_mersenne *rng, double share,
     bool *side)
{
    uint32_t *order = rg_alloc(g->n_prompts, sizeof *order);
    bool *train = rg_zalloc(g->n_prompts, sizeof *train);
    size_t k = (size_t)floor((double)g->n_prompts * share);

    for (size_t i = 0; i < g->n_prompts; i++)
        order[i] = (uint32_t)i;
    rg_mersenne_shuffle(rng, order, g->n_prompts);
    for (size_t i = 0; i < k; i++)
        train[order[i]] = true;
    for (size_t i = g->begin; i < g->end; i++)
        side[i] = p->of[i].prompt != RG_NAMES_NONE && train[p->of[i].prompt];
    free(order);
    free(train);
}

/* Each query once in every part that has some of it, where it is first met. */
static void
list_parts(const struct rg_split_prompts *p, const bool *side, struct rg_split_parts *out)
{
    enum { TRAIN = 1, TEST = 2 };
    uint8_t *seen = rg_zalloc(p->trace->n_queries, sizeof *seen);

    for (size_t i = 0; i < p->n; i++) {
        uint32_t q = p->of[i].query;
        uint8_t part = side[i] ? TRAIN : TEST;

        if (seen[q] & part)
            continue;
        seen[q] |= part;
        out->n_both += seen[q] == (TRAIN | TEST);
        if (side[i])
            out->train[out->n_train++] = q;
        else
            out->test[out->n_test++] = q;
    }
    free(seen);
}

static void
mark_calls(const struct rg_split_prompts *p, const bool *side, bool *learnt)
{
    const uint32_t *first = p->trace->queries.first;

    for (size_t i = 0; i < p->n; i++) {
        const struct member *m = &p->of[i];

        if (m->call != ALL_CALLS)
            learnt[m->call] = side[i];
        for (uint32_t c = first[m->query]; m->call == ALL_CALLS && c < first[m->query + 1]; c++)
            learnt[c] = side[i];
    }
}

void
rg_split_cpython(const struct rg_split_prompts *p, double share, uint64_t seed,
                 struct rg_split_parts *out)
{
    bool *side = rg_zalloc(p->n, sizeof *side);
    struct rg_mersenne rng;

    assert(share > 0 && share < 1);
    rg_mersenne_python(&rng, seed);
    for (size_t k = 0; k < p->n_groups; k++)
        if (p->groups[k].n_prompts > 0)
            draw(p, &p->groups[k], &rng, share, side);
    out->n_train = out->n_test = out->n_both = 0;
    out->learnt = NULL;
    list_parts(p, side, out);
    if (out->n_both > 0) {
        out->learnt = rg_zalloc(p->trace->n_calls, sizeof *out->learnt);
        mark_calls(p, side, out->learnt);
    }
    free(side);
}
