#include "replay/memory/retriever.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "replay/features/tfidf.h"
#include "replay/features/words.h"
#include "replay/memory/bm25.h"

static const double norm_floor = 1e-9;    /* RouterGym adds it to the norm of an embedding */
static const double variety_weight = 0.1; /* of distinct words, in the fused score */

struct rg_retriever_index {
    const struct rg_kb *kb;
    const struct rg_memory_config *config;
    struct rg_names *texts; /* texts without surrounding white space, numbered */
    uint32_t *text;         /* the number of each article's */
    double *variety;        /* share of distinct words */
    struct rg_bm25 *bm25;   /* NULL when not asked for, as for the next */
    struct rg_tfidf *tfidf;
    struct rg_postings *postings;
    const struct rg_embeddings *queries, *articles;
    double *norm; /* of the articles' embeddings */
};

/* ---- texts ---- */

static const char *
trim(const char *text, size_t *n)
{
    static const char blanks[] = " \t\n\v\f\r";

    text += strspn(text, blanks);
    *n = strlen(text);
    while (*n > 0 && strchr(blanks, text[*n - 1]))
        (*n)--;
    return text;
}

static double
variety(const char *text)
{
    struct rg_names *set = rg_names_new();
    size_t words = rg_words_add(set, text);
    double share = words > 0 ? (double)rg_names_count(set) / (double)words : 0;

    rg_names_free(set);
    return share;
}

static void
number_texts(struct rg_retriever_index *r)
{
    size_t n = r->kb->n;

    r->texts = rg_names_new();
    r->text = rg_alloc(n, sizeof *r->text);
    r->variety = rg_zalloc(n, sizeof *r->variety);
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const char *text = trim(r->kb->text[i], &len);

        r->text[i] = rg_names_add(r->texts, text, len, NULL);
        if (r->config->retriever == RG_RETRIEVER_HYBRID)
            r->variety[i] = variety(text);
    }
}

/* ---- vectors ---- */

static void
index_hashed(struct rg_retriever_index *r)
{
    struct rg_sparse v = {0};

    r->tfidf = rg_tfidf_of(RG_TFIDF_WIDE, (const char *const *)r->kb->text, r->kb->n);
    r->postings = rg_postings_new(RG_TFIDF_WIDE);
    for (size_t i = 0; i < r->kb->n; i++) {
        rg_tfidf_vector(r->tfidf, r->kb->text[i], &v);
        rg_postings_add(r->postings, &v);
    }
    rg_sparse_clear(&v);
}

static double
dot(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static double
norm(const float *a, size_t n)
{
    return sqrt(dot(a, a, n)) + norm_floor;
}

static void
index_recorded(struct rg_retriever_index *r)
{
    size_t dim = r->articles->dim;

    r->norm = rg_alloc(r->kb->n, sizeof *r->norm);
    for (size_t i = 0; i < r->kb->n; i++)
        r->norm[i] = norm(r->articles->values + i * dim, dim);
}

struct rg_retriever_index *
rg_retriever_new(const struct rg_kb *kb, const struct rg_memory_config *config,
                 const struct rg_embeddings *queries, const struct rg_embeddings *articles)
{
    struct rg_retriever_index *r = rg_zalloc(1, sizeof *r);

    r->kb = kb;
    r->config = config;
    r->queries = queries;
    r->articles = articles;
    number_texts(r);
    if (config->retriever != RG_RETRIEVER_DENSE)
        r->bm25 = rg_bm25_new((const char *const *)kb->text, kb->n, config->k1, config->b);
    if (config->retriever == RG_RETRIEVER_BM25)
        return r;
    if (articles)
        index_recorded(r);
    else
        index_hashed(r);
    return r;
}

void
rg_retriever_free(struct rg_retriever_index *r)
{
    if (!r)
        return;
    rg_names_free(r->texts);
    free(r->text);
    free(r->variety);
    rg_bm25_free(r->bm25);
    rg_tfidf_free(r->tfidf);
    rg_postings_free(r->postings);
    free(r->norm);
    free(r);
}

void
rg_retriever_scratch_init(struct rg_retriever_scratch *s, const struct rg_retriever_index *r)
{
    *s = (struct rg_retriever_scratch){.scores = rg_alloc(r->kb->n, sizeof *s->scores)};
    for (size_t i = 0; i < 2; i++)
        s->hits[i] = rg_alloc(r->config->top, sizeof *s->hits[i]);
}

void
rg_retriever_scratch_clear(struct rg_retriever_scratch *s)
{
    free(s->scores);
    rg_sparse_clear(&s->vector);
    free(s->hits[0]);
    free(s->hits[1]);
}

/* ---- searching ---- */

/* The query's own article. */
struct own {
    const struct rg_retriever_index *r;
    const char *id;
    uint32_t text;
};

static bool
is_own(const void *ctx, uint32_t at)
{
    const struct own *own = ctx;

    return own->r->text[at] == own->text || strcmp(own->r->kb->id[at], own->id) == 0;
}

static void
score_dense(const struct rg_retriever_index *r, const struct rg_retriever_query *q,
            struct rg_retriever_scratch *s)
{
    if (r->articles) {
        size_t dim = r->articles->dim;
        const float *v = r->queries->values + q->at * dim;
        double length = norm(v, dim);

        for (size_t i = 0; i < r->kb->n; i++)
            s->scores[i] = dot(v, r->articles->values + i * dim, dim) / (length * r->norm[i]);
        return;
    }
    rg_tfidf_vector(r->tfidf, q->text, &s->vector);
    rg_postings_dot(r->postings, &s->vector, s->scores);
}

static size_t
search_one(const struct rg_retriever_index *r, const struct rg_retriever_query *q, bool dense,
           struct rg_retriever_scratch *s, struct rg_hit *out)
{
    struct own own = {.r = r, .id = q->id};
    size_t len;
    const char *text = trim(q->text, &len);

    own.text = rg_names_find(r->texts, text, len);
    if (dense)
        score_dense(r, q, s);
    else
        rg_bm25_scores(r->bm25, q->text, &s->vector, s->scores);
    return rg_hit_best(s->scores, r->kb->n, r->config->top, (struct rg_hit_filter){is_own, &own},
                       out);
}

/* The best hit among hits[0..n) with the text of article `at`, or NULL. */
static const struct rg_hit *
same_text(const struct rg_retriever_index *r, const struct rg_hit *hits, size_t n, uint32_t at)
{
    for (size_t i = 0; i < n; i++)
        if (r->text[hits[i].at] == r->text[at])
            return &hits[i];
    return NULL;
}

/* Of several hits with one text the first stands for all. */
static size_t
fuse(const struct rg_retriever_index *r, struct rg_hit *const lists[2], const size_t n[2],
     struct rg_hit *out)
{
    const double weight[2] = {r->config->fusion, 1 - r->config->fusion};
    size_t found = 0;

    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < n[k]; i++) {
            uint32_t at = lists[k][i].at;
            double score = 0;

            if (same_text(r, lists[k], i, at) || (k == 1 && same_text(r, lists[0], n[0], at)))
                continue;
            for (int j = 0; j < 2; j++) {
                const struct rg_hit *hit = same_text(r, lists[j], n[j], at);

                if (hit)
                    score += weight[j] * hit->score / lists[j][0].score;
            }
            score *= 1 + variety_weight * r->variety[at];
            if (score > 0)
                rg_hit_offer(out, &found, r->config->top, (struct rg_hit){at, score});
        }
    }
    return found;
}

size_t
rg_retriever_search(const struct rg_retriever_index *r, const struct rg_retriever_query *q,
                    struct rg_retriever_scratch *s, struct rg_hit *out)
{
    size_t n[2];

    if (r->config->retriever != RG_RETRIEVER_HYBRID)
        return search_one(r, q, r->config->retriever == RG_RETRIEVER_DENSE, s, out);
    n[0] = search_one(r, q, false, s, s->hits[0]);
    n[1] = search_one(r, q, true, s, s->hits[1]);
    return fuse(r, s->hits, n, out);
}
