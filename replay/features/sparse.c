#include "replay/features/sparse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
rg_sparse_clear(struct rg_sparse *v)
{
    free(v->at);
    free(v->weight);
    *v = (struct rg_sparse){0};
}

static int
compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void
push(struct rg_sparse *v, uint32_t at)
{
    size_t cap = v->cap;

    v->at = rg_grow(v->at, &v->cap, v->n + 1, sizeof *v->at);
    if (v->cap != cap)
        v->weight = rg_realloc(v->weight, v->cap, sizeof *v->weight);
    v->at[v->n] = at;
    v->weight[v->n++] = 1;
}

void
rg_sparse_count(struct rg_sparse *v, uint32_t *ids, size_t n)
{
    v->n = 0;
    if (n > 1)
        qsort(ids, n, sizeof *ids, compare);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && ids[i] == ids[i - 1])
            v->weight[v->n - 1] += 1;
        else
            push(v, ids[i]);
    }
}

double
rg_sparse_dot(const struct rg_sparse *a, const struct rg_sparse *b)
{
    double sum = 0;

    for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
        if (a->at[i] == b->at[j]) {
            sum += a->weight[i] * b->weight[j];
            i++;
            j++;
        } else if (a->at[i] < b->at[j]) {
            i++;
        } else {
            j++;
        }
    }
    return sum;
}

/* ---- postings ---- */

struct posting {
    double weight;
    uint32_t row;
};

struct list {
    struct posting *of;
    size_t n, cap;
};

struct rg_postings {
    struct list *lists; /* one for each place */
    uint32_t places;
    uint32_t rows;
};

struct rg_postings *
rg_postings_new(uint32_t places)
{
    struct rg_postings *p = rg_zalloc(1, sizeof *p);

    p->lists = rg_zalloc(places, sizeof *p->lists);
    p->places = places;
    return p;
}

void
rg_postings_free(struct rg_postings *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->places; i++)
        free(p->lists[i].of);
    free(p->lists);
    free(p);
}

void
rg_postings_add(struct rg_postings *p, const struct rg_sparse *row)
{
    assert(p->rows < UINT32_MAX);
    for (size_t i = 0; i < row->n; i++) {
        struct list *list;

        assert(row->at[i] < p->places);
        list = &p->lists[row->at[i]];
        list->of = rg_grow(list->of, &list->cap, list->n + 1, sizeof *list->of);
        list->of[list->n++] = (struct posting){.weight = row->weight[i], .row = p->rows};
    }
    p->rows++;
}

void
rg_postings_dot(const struct rg_postings *p, const struct rg_sparse *v, double *out)
{
    memset(out, 0, p->rows * sizeof *out);
    for (size_t i = 0; i < v->n; i++) {
        const struct list *list;
        double weight = v->weight[i];

        assert(v->at[i] < p->places);
        list = &p->lists[v->at[i]];
        for (size_t j = 0; j < list->n; j++)
            out[list->of[j].row] += weight * list->of[j].weight;
    }
}

size_t
rg_postings_rows(const struct rg_postings *p)
{
    return p->rows;
}
