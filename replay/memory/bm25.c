#include "replay/memory/bm25.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/names.h"

struct rg_bm25 {
    struct rg_names *terms;
    struct rg_postings *postings; /* weight: what one occurrence in a query adds */
};

/* Numbers of the tokens of a text, in its order. */
struct tokens {
    uint32_t *at;
    size_t n, cap;
    struct rg_buf word;
};

static char
token_char(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ? c : '\0';
}

/* The next token, lower-cased, into *word; false at the end. */
static bool
next_token(const char **text, struct rg_buf *word)
{
    const char *s = *text;
    char c;

    rg_buf_reset(word);
    while (*s && !token_char(*s))
        s++;
    while ((c = token_char(*s)) != '\0') {
        rg_buf_putc(word, c);
        s++;
    }
    *text = s;
    return word->len > 0;
}

static void
push(struct tokens *t, uint32_t term)
{
    t->at = rg_grow(t->at, &t->cap, t->n + 1, sizeof *t->at);
    t->at[t->n++] = term;
}

static void
tokens_clear(struct tokens *t)
{
    free(t->at);
    rg_buf_clear(&t->word);
}

/* Counts of the terms of each text; *total becomes the number of tokens of all. */
static struct rg_sparse *
count_texts(struct rg_names *terms, const char *const *texts, size_t n, double *total)
{
    struct rg_sparse *counts = rg_zalloc(n, sizeof *counts);
    struct tokens t = {0};

    *total = 0;
    for (size_t i = 0; i < n; i++) {
        const char *s = texts[i];

        t.n = 0;
        while (next_token(&s, &t.word))
            push(&t, rg_names_add(terms, t.word.data, t.word.len, NULL));
        rg_sparse_count(&counts[i], t.at, t.n);
        *total += (double)t.n;
    }
    tokens_clear(&t);
    return counts;
}

/* The number of texts that have each term, turned into idf. */
static double *
idf_of(const struct rg_sparse *counts, size_t n, size_t n_terms)
{
    double *idf = rg_zalloc(n_terms, sizeof *idf);

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < counts[i].n; j++)
            idf[counts[i].at[j]] += 1;
    for (size_t t = 0; t < n_terms; t++)
        idf[t] = log(((double)n - idf[t] + 0.5) / (idf[t] + 0.5) + 1);
    return idf;
}

struct rg_bm25 *
rg_bm25_new(const char *const *texts, size_t n, double k1, double b)
{
    struct rg_bm25 *m = rg_zalloc(1, sizeof *m);
    double total, *idf;
    struct rg_sparse *counts;

    m->terms = rg_names_new();
    counts = count_texts(m->terms, texts, n, &total);
    m->postings = rg_postings_new((uint32_t)rg_names_count(m->terms));
    idf = idf_of(counts, n, rg_names_count(m->terms));
    for (size_t i = 0; i < n; i++) {
        struct rg_sparse *v = &counts[i];
        double len = 0, norm;

        for (size_t j = 0; j < v->n; j++)
            len += v->weight[j];
        norm = k1 * (1 - b + (total > 0 ? b * len / (total / (double)n) : 0));
        for (size_t j = 0; j < v->n; j++)
            v->weight[j] = idf[v->at[j]] * v->weight[j] * (k1 + 1) / (v->weight[j] + norm);
        rg_postings_add(m->postings, v);
        rg_sparse_clear(v);
    }
    free(counts);
    free(idf);
    return m;
}

void
rg_bm25_free(struct rg_bm25 *m)
{
    if (!m)
        return;
    rg_names_free(m->terms);
    rg_postings_free(m->postings);
    free(m);
}

void
rg_bm25_scores(const struct rg_bm25 *m, const char *query, struct rg_sparse *tokens, double *out)
{
    struct tokens t = {0};

    while (next_token(&query, &t.word)) {
        uint32_t term = rg_names_find(m->terms, t.word.data, t.word.len);

        if (term != RG_NAMES_NONE)
            push(&t, term);
    }
    rg_sparse_count(tokens, t.at, t.n);
    tokens_clear(&t);
    rg_postings_dot(m->postings, tokens, out);
}
