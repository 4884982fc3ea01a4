#include "replay/split_cpython.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "replay/learn/mersenne.h"

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

/* ---- order of appearance ---- */

struct place {
    const char *dataset;
    uint32_t model; /* the first that has the query; they are sorted by name */
    uint32_t order; /* of its first call */
    uint32_t query;
};

static int
by_place(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    int parts = a->dataset == b->dataset ? 0 : rg_split_by_parts(a->dataset, b->dataset);

    if (parts)
        return parts;
    if (a->model != b->model)
        return a->model < b->model ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (a->query > b->query) - (a->query < b->query);
}

static struct place
place_of(const struct rg_trace *t, uint32_t q)
{
    struct place p = {t->datasets[t->queries.dataset[q]], UINT32_MAX, UINT32_MAX, q};

    for (uint32_t c = t->queries.first[q]; c < t->queries.first[q + 1]; c++) {
        if (c > t->queries.first[q] && t->calls.model[c] != p.model)
            break;
        p.model = t->calls.model[c];
        p.order = t->calls.order[c] < p.order ? t->calls.order[c] : p.order;
    }
    return p;
}

void
rg_split_appearance(const struct rg_trace *t, uint32_t *queries, size_t n)
{
    struct place *place = rg_alloc(n, sizeof *place);

    for (size_t i = 0; i < n; i++)
        place[i] = place_of(t, queries[i]);
    if (n > 1)
        qsort(place, n, sizeof *place, by_place);
    for (size_t i = 0; i < n; i++)
        queries[i] = place[i].query;
    free(place);
}

/* ---- prompts ---- */

struct member {
    uint32_t prompt; /* number of the text within the data set */
    int64_t record;  /* record number of the query, then the least of its prompt */
    size_t at;       /* position in the data set */
};

static int
by_record(const void *pa, const void *pb)
{
    const struct member *a = pa, *b = pb;

    if (a->record != b->record)
        return a->record < b->record ? -1 : 1;
    return (a->prompt > b->prompt) - (a->prompt < b->prompt);
}

static enum rg_status
number_prompts(const struct rg_trace *t, const uint32_t *queries, size_t n, struct member *of,
               size_t *n_prompts, struct rg_err *err)
{
    struct rg_names *names = rg_names_new();
    struct rg_buf text = {0};
    enum rg_status status = RG_OK;
    uint32_t alone = 0;

    for (size_t i = 0; i < n && status == RG_OK; i++) {
        rg_buf_reset(&text);
        if (t->queries.text[queries[i]] == 0) {
            /* No text of a file begins with this byte, which no UTF-8 has. */
            rg_buf_printf(&text, "\xff%u", alone++);
        } else {
            status = rg_trace_text(t, t->queries.text[queries[i]], &text, err);
        }
        if (status == RG_OK)
            of[i].prompt = rg_names_add(names, rg_buf_text(&text), text.len, NULL);
    }
    *n_prompts = rg_names_count(names);
    rg_names_free(names);
    rg_buf_clear(&text);
    return status;
}

static void
number_records(const struct rg_trace *t, const uint32_t *queries, size_t n, struct member *of)
{
    bool whole = true;

    for (size_t i = 0; i < n && whole; i++) {
        const char *id = t->queries.id[queries[i]];

        whole = rg_num_i64(id, strlen(id), &of[i].record) == NULL;
    }
    for (size_t i = 0; i < n && !whole; i++)
        of[i].record = (int64_t)i;
}

/* side[i] = query i of the data set is in train. */
static void
draw(struct rg_mersenne *rng, struct member *of, size_t n, size_t n_prompts, double share,
     bool *side)
{
    struct member *prompt = rg_alloc(n_prompts, sizeof *prompt);
    uint32_t *order = rg_alloc(n_prompts, sizeof *order);
    bool *train = rg_zalloc(n_prompts, sizeof *train);
    size_t k = (size_t)floor((double)n_prompts * share);

    for (size_t p = 0; p < n_prompts; p++) {
        prompt[p] = (struct member){(uint32_t)p, INT64_MAX, 0};
        order[p] = (uint32_t)p;
    }
    /* Prompts are numbered as they appear, so equal records keep that order. */
    for (size_t i = 0; i < n; i++)
        if (of[i].record < prompt[of[i].prompt].record)
            prompt[of[i].prompt].record = of[i].record;
    qsort(prompt, n_prompts, sizeof *prompt, by_record);
    rg_mersenne_shuffle(rng, order, n_prompts);
    for (size_t i = 0; i < k; i++)
        train[prompt[order[i]].prompt] = true;
    for (size_t i = 0; i < n; i++)
        side[i] = train[of[i].prompt];
    free(prompt);
    free(order);
    free(train);
}

static enum rg_status
split_dataset(const struct rg_trace *t, struct rg_mersenne *rng, const uint32_t *queries, size_t n,
              double share, bool *side, struct rg_err *err)
{
    struct member *of = rg_zalloc(n, sizeof *of);
    size_t n_prompts = 0;
    enum rg_status status = number_prompts(t, queries, n, of, &n_prompts, err);

    if (status == RG_OK) {
        number_records(t, queries, n, of);
        draw(rng, of, n, n_prompts, share, side);
    }
    free(of);
    return status;
}

enum rg_status
rg_split_cpython(const struct rg_trace *t, const uint32_t *queries, size_t n, double share,
                 uint64_t seed, const bool *out, uint32_t *train, size_t *n_train, uint32_t *test,
                 size_t *n_test, struct rg_err *err)
{
    uint32_t *order = rg_alloc(n, sizeof *order);
    bool *side = rg_zalloc(n, sizeof *side);
    enum rg_status status = RG_OK;
    struct rg_mersenne rng;

    assert(share > 0 && share < 1);
    if (n > 0)
        memcpy(order, queries, n * sizeof *order);
    rg_split_appearance(t, order, n);
    rg_mersenne_python(&rng, seed);
    for (size_t begin = 0, end; begin < n && status == RG_OK; begin = end) {
        uint32_t dataset = t->queries.dataset[order[begin]];

        for (end = begin; end < n && t->queries.dataset[order[end]] == dataset;)
            end++;
        if (!out || !out[dataset])
            status = split_dataset(t, &rng, order + begin, end - begin, share, side + begin, err);
    }
    *n_train = *n_test = 0;
    for (size_t i = 0; i < n; i++)
        if (side[i])
            train[(*n_train)++] = order[i];
        else
            test[(*n_test)++] = order[i];
    free(order);
    free(side);
    return status;
}
